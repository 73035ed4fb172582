"""/beheer/gezondheid: everything that 'hub doctor' examines, what is wrong first, each with what to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from hub.console.admin_parts import Admin, counted, crumbs
from hub.console.page import render
from hub.console.table import Badge, Cell, Column, asks_csv, csv_of, table_of
from hub.console.words import Tone
from hub.health.findings import Finding, State, by_urgency, worst
from hub.ports import Clock

_FRESH_US: Final = 60_000_000
# Of what is not in order, the alphabet puts the worst first, and so does the table.
_BADGES: Final[Mapping[State, Badge]] = MappingProxyType(
    {
        State.ok: Badge("in orde", Tone.ok),
        State.unknown: Badge("niet bekeken", Tone.note),
        State.attention: Badge("let op", Tone.warning),
        State.wrong: Badge("fout", Tone.error),
    }
)
_COLUMNS: Final = (
    Column("onderdeel", "Onderdeel"),
    Column("staat", "Staat"),
    Column("wat", "Wat is er"),
    Column("waarom", "Waarom"),
    Column("nu", "Wat nu te doen"),
)
_WELL: Final = (Column("onderdeel", "Onderdeel"), Column("staat", "Staat"))


@dataclass(frozen=True, slots=True)
class Health:
    """What was found, and when (µs)."""

    findings: Sequence[Finding]
    at_us: int

    @property
    def tone(self) -> Tone:
        """How the whole sounds."""
        return _BADGES[worst(self.findings)].tone

    @property
    def line(self) -> str:
        """The whole in one line."""
        count = {state: sum(one.state is state for one in self.findings) for state in State}
        if not self.findings:
            return "De hub is niet bekeken."
        if count[State.wrong]:
            return f"Er is iets mis met de hub zelf: {counted(count[State.wrong], 'onderdeel', 'onderdelen')}."
        if count[State.attention] or count[State.unknown]:
            many = counted(count[State.attention] + count[State.unknown], "onderdeel vraagt", "onderdelen vragen")
            return f"De hub werkt; {many} aandacht."
        return f"De hub is gezond: {counted(count[State.ok], 'onderdeel', 'onderdelen')} in orde."


class Checkup:
    """Examines, once at a time; `recent` is content with what is at most a minute old."""

    def __init__(self, examine: Callable[[], Awaitable[Sequence[Finding]]], clock: Clock) -> None:
        self._examine, self._clock = examine, clock
        self._last: Health | None = None
        self._one = asyncio.Lock()

    async def recent(self) -> Health:
        """What was found a short while ago, or now."""
        async with self._one:
            if self._last is None or self._last.at_us < self._clock.now_us() - _FRESH_US:
                return await self._look()
            return self._last

    async def now(self) -> Health:
        """What is found now."""
        async with self._one:
            return await self._look()

    async def _look(self) -> Health:
        self._last = Health(await self._examine(), self._clock.now_us())
        return self._last


class HealthPage:
    """The health of database, log, vault, keys and work."""

    def __init__(self, admin: Admin, checkup: Checkup) -> None:
        self._admin, self._checkup = admin, checkup

    async def page(self, request: Request) -> Response:
        """Examines, and tells; a table put in another order, or saved, holds what the page held."""
        await self._admin.admit(request)
        health = await (self._checkup.recent() if "tabel" in request.query_params else self._checkup.now())
        found = by_urgency(health.findings)
        wrong = table_of(
            request,
            "mis",
            "Wat aandacht vraagt",
            _COLUMNS,
            [_told(one) for one in found if one.state is not State.ok],
            empty="Niets. Alles wat de hub aan zichzelf kan bekijken, is in orde.",
            sort="staat",
        )
        well = table_of(
            request,
            "goed",
            "Wat in orde is",
            _WELL,
            [_told(one)[:2] for one in found if one.state is State.ok],
            empty="Er is niets gevonden dat in orde is. Los eerst op wat hierboven staat.",
            sort="onderdeel",
        )
        for one in (wrong, well):
            if asks_csv(request, one.name):
                return csv_of(one, f"gezondheid-{one.name}.csv")
        return render(request, "admin/health.html", health=health, wrong=wrong, well=well, crumbs=crumbs())


def _told(one: Finding) -> tuple[Cell, ...]:
    told = one.told("nl")
    return told.name, _BADGES[one.state], told.what, told.why, told.now
