"""When a connector goes: schedules and windows in the words of an administrator. Pure.

    every 30s | every 15m | every 2h     on a fixed grid of time, whatever the clocks on the wall do
    daily 06:30                          each day
    weekly mon 06:30                     each week; mon tue wed thu fri sat sun
    monthly 1 06:30                      each month; on its last day where it has no such day
    at once                              when something is brought

and of a window, outside which nothing is begun: `mon-fri 06:00-22:00`, `07:00-19:00` (each day), `22:00-05:00` (over
midnight; the day is that on which it opens), or nothing for always.

Times are those of Europe/Amsterdam. A time that a day does not have (02:30 on the last Sunday of March) is an hour later on the
wall; one that it has twice (02:30 on the last Sunday of October) is meant the first time. So a day has one moment, never two.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import Final, Literal, Self
from zoneinfo import ZoneInfo

from hub.domain.terms import Micros
from hub.errors import Misconfigured

_ZONE: Final = ZoneInfo("Europe/Amsterdam")
_SECOND: Final = 1_000_000
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600}
_LONGEST_S: Final = 24 * 3600
_SPREAD_US: Final = 60 * _SECOND
_EVERY: Final = re.compile(r"every ([1-9][0-9]{0,4})([smh])")
_CLOCK: Final = re.compile(
    rf"(?:daily|weekly (?P<weekday>{'|'.join(_DAYS)})|monthly (?P<day>[1-9]|[12][0-9]|3[01])) (?P<at>[0-9]{{2}}:[0-9]{{2}})"
)
_WINDOW: Final = re.compile(
    rf"(?:(?P<first>{'|'.join(_DAYS)})(?:-(?P<last>{'|'.join(_DAYS)}))? )?(?P<opens>[0-9:]{{5}})-(?P<shuts>[0-9:]{{5}})"
)

Kind = Literal["every", "daily", "weekly", "monthly", "at once"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """The moments at which something is due. `every_us` for a grid; `at`, `weekday` (0 is Monday) and `day` by the clock."""

    kind: Kind
    every_us: int = 0
    at: time = time()
    weekday: int = 0
    day: int = 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises errors.Misconfigured with what is understood."""
        words = " ".join(text.lower().split())
        if words == "at once":
            return cls("at once")
        if found := _EVERY.fullmatch(words):
            seconds = int(found[1]) * _UNITS[found[2]]
            if seconds <= _LONGEST_S:
                return cls("every", seconds * _SECOND)
        elif (found := _CLOCK.fullmatch(words)) and (at := _time(found["at"])) is not None:
            if found["weekday"]:
                return cls("weekly", at=at, weekday=_DAYS.index(found["weekday"]))
            return cls("monthly", at=at, day=int(found["day"])) if found["day"] else cls("daily", at=at)
        raise Misconfigured(
            "A schedule is not understood.",
            "It is none of: every 30s, every 15m, every 2h (to 24h), daily 06:30, weekly mon 06:30, monthly 1 06:30, at once.",
            "Write it in one of these ways.",
        )

    @classmethod
    def every(cls, seconds: float) -> Self:
        """A grid of so many seconds. Raises ValueError unless there is time between two moments."""
        if seconds <= 0:
            raise ValueError("a schedule needs time between two moments")
        return cls("every", max(1, round(seconds * _SECOND)))

    def next_after(self, now_us: int, last_us: int | None, instance: str = "") -> Micros | None:
        """The moment that is due after the one of `last_us`: in the past where it was missed, and then the newest such.

        Without `last_us`, of what never ran: at once on a grid, by the clock at the next moment. None where nothing is due
        before something is brought. `instance` spreads those who share a schedule, each always by the same time: over the
        whole of a grid's step, or over the minute.
        """
        shift = self._shift(instance)
        if self.kind == "at once":
            return Micros(now_us) if last_us is None else None
        newest = self._newest(now_us - shift) + shift
        if last_us is None:
            return Micros(newest if self.kind == "every" else self._following(newest - shift) + shift)
        return Micros(newest if newest > last_us else self._following(max(newest, last_us) - shift) + shift)

    def _shift(self, instance: str) -> int:
        spread = self.every_us if self.kind == "every" else _SPREAD_US
        return int.from_bytes(sha256(instance.encode()).digest()[:8]) % spread if instance and spread else 0

    def _newest(self, until_us: int) -> int:
        """The newest moment that is not after `until_us`."""
        if self.kind == "every":
            return until_us - until_us % self.every_us
        day = _local(until_us).date() + timedelta(days=1)
        while not (self._falls_on(day) and _moment(day, self.at) <= until_us):
            day -= timedelta(days=1)
        return _moment(day, self.at)

    def _following(self, after_us: int) -> int:
        """The first moment after `after_us`."""
        if self.kind == "every":
            return after_us - after_us % self.every_us + self.every_us
        day = _local(after_us).date()
        while not (self._falls_on(day) and _moment(day, self.at) > after_us):
            day += timedelta(days=1)
        return _moment(day, self.at)

    def _falls_on(self, day: date) -> bool:
        if self.kind == "weekly":
            return day.weekday() == self.weekday
        if self.kind == "monthly":
            return day.day == min(self.day, calendar.monthrange(day.year, day.month)[1])
        return True


@dataclass(frozen=True, slots=True)
class Window:
    """When something may be begun: from `opens` to `shuts` on these days; always where the two are the same."""

    days: frozenset[int] = frozenset(range(7))
    opens_at: time = time()
    shuts_at: time = time()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises errors.Misconfigured with what is understood."""
        words = " ".join(text.lower().split())
        if not words:
            return cls()
        if found := _WINDOW.fullmatch(words):
            opens, shuts = _time(found["opens"]), _time(found["shuts"], midnight=True)
            if opens is not None and shuts is not None and found["opens"] != found["shuts"]:
                first = _DAYS.index(found["first"]) if found["first"] else 0
                last = _DAYS.index(found["last"]) if found["last"] else (first if found["first"] else 6)
                return cls(frozenset((first + n) % 7 for n in range((last - first) % 7 + 1)), opens, shuts)
        raise Misconfigured(
            "A window is not understood.",
            "It is none of: mon-fri 06:00-22:00, sat 08:00-12:00, 07:00-19:00, or nothing for always.",
            "Write it in one of these ways.",
        )

    @property
    def always(self) -> bool:
        """Whether it never shuts."""
        return self.opens_at == self.shuts_at and len(self.days) == 7

    def is_open(self, now_us: int) -> bool:
        """Whether something may be begun now."""
        return self.opens(now_us) <= now_us

    def opens(self, now_us: int) -> Micros:
        """The first moment from `now_us` on at which it is open: now, where it is."""
        if self.always:
            return Micros(now_us)
        today = _local(now_us).date()
        days = (today + timedelta(days=n) for n in range(-1, 9))
        spans = (self._span(day) for day in days if day.weekday() in self.days)
        return Micros(next(max(opens, now_us) for opens, shuts in spans if now_us < shuts))

    def _span(self, day: date) -> tuple[int, int]:
        shuts = day if self.shuts_at > self.opens_at else day + timedelta(days=1)
        return _moment(day, self.opens_at), _moment(shuts, self.shuts_at)


def _moment(day: date, at: time) -> int:
    return int(datetime.combine(day, at, _ZONE).timestamp()) * _SECOND


def _local(us: int) -> datetime:
    return datetime.fromtimestamp(us // _SECOND, _ZONE)


def _time(text: str, *, midnight: bool = False) -> time | None:
    """`hh:mm`; with `midnight` also 24:00, the end of a day."""
    if midnight and text == "24:00":
        return time()
    found = re.fullmatch(r"([01][0-9]|2[0-3]):([0-5][0-9])", text)
    return time(int(found[1]), int(found[2])) if found else None
