"""When staff are at work: hours of the day in Europe/Amsterdam, on which days, and the Dutch public holidays. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from hub.errors import Misconfigured

AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_TEXT: Final = re.compile(r"([0-9]{1,2})-([0-9]{1,2})(\+weekend)?", re.ASCII)
_SATURDAY: Final = 5
_SUNDAY: Final = 6


@dataclass(frozen=True, slots=True)
class Hours:
    """From the hour `first` up to the hour `last`; in the `weekend` too, where that is so. Never on a public holiday."""

    first: int = 7
    last: int = 19
    weekend: bool = False

    @classmethod
    def parse(cls, text: str) -> Hours:
        """`7-19`, or `7-19+weekend`. Raises Misconfigured for anything else."""
        match = _TEXT.fullmatch(text)
        if match is None or not 0 <= int(match[1]) < int(match[2]) <= 24:
            raise Misconfigured(
                "The working hours cannot be read.", "They are not written as 7-19 or 7-19+weekend.", "Correct them."
            )
        return cls(int(match[1]), int(match[2]), match[3] is not None)

    def outside(self, us: int) -> bool:
        """Whether nobody is expected to be at work at that moment."""
        there = local(us)
        resting = not self.weekend and there.weekday() >= _SATURDAY
        return resting or not self.first <= there.hour < self.last or there.date() in holidays(there.year)


def local(us: int) -> datetime:
    """That moment in Amsterdam, to the second."""
    return datetime.fromtimestamp(us // 1_000_000, AMSTERDAM)


def begins(day: date) -> int:
    """The first moment of a day in Amsterdam, in microseconds."""
    return int(datetime.combine(day, time(), AMSTERDAM).timestamp()) * 1_000_000


def holidays(year: int) -> frozenset[date]:
    """The days on which Dutch public bodies are closed (Algemene termijnenwet, article 3, with Koningsdag and 5 May)."""
    easter = _easter(year)
    king = date(year, 4, 27)
    days = {date(year, 1, 1), date(year, 12, 25), date(year, 12, 26), date(year, 5, 5)}
    days.add(king - timedelta(days=1) if king.weekday() == _SUNDAY else king)
    return frozenset(days | {easter + timedelta(days=after) for after in (-2, 0, 1, 39, 49, 50)})


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar, by the computation of Meeus, Jones and Butcher."""
    century, of_century = divmod(year, 100)
    golden = year % 19
    correction = (century - (century + 8) // 25 + 1) // 3
    moon = (19 * golden + century - century // 4 - correction + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (of_century // 4) - moon - of_century % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)
