"""The life of every connector, for whoever answers for what it brings: since when, by whose hands, with which mapping.

It is told from what is kept and held against the log; each thing that happened names its entry there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.audit.entry import parse
from hub.audit.log import Log
from hub.connector import Setup
from hub.domain.terms import ConnectorId
from hub.errors import HubError, Refused
from hub.mend import store
from hub.mend.mappings import Mappings
from hub.mend.store import Totals
from hub.ports import Clock
from hub.registry import Connector
from hub.setups.service import Setups, View
from hub.setups.standing import Act, Standing

_BEGINS = frozenset({Act.activate, Act.break_glass})


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened: `operation` as the log calls it, `who` the hand, `about` a version, key or reason."""

    us: int
    operation: str
    who: str
    about: str
    ref: str


@dataclass(frozen=True, slots=True)
class Life:
    """One instance. `standing` is None for one of the installation's own file, of which the log tells nothing.

    `since_us` is when it first ran, `mapping` the version by which its files are read, `totals` what it brought.
    """

    setup: Setup
    kind: Connector = field(repr=False)
    standing: Standing | None
    since_us: int | None
    mapping: str
    totals: Totals | None

    @property
    def id(self) -> str:
        """What it is called."""
        return self.setup.id


@dataclass(frozen=True, slots=True)
class Lives:
    """The connectors of one installation; `installed` are those of its file."""

    log: Log
    setups: Setups
    mappings: Mappings
    installed: Sequence[Setup]
    clock: Clock

    async def every(self) -> list[Life]:
        """All of them, by name; those that ended too. Raises Tampered where one is not as the log says."""
        _, totals = await store.standing(self.log.engine, self.log.log_id, int(self.clock.now_us()))
        found = [await self._life(one, None, totals.get(one.id), None) for one in self.installed]
        for standing in await self.setups.all():
            found.append(await self._set_up(standing.instance, totals.get(standing.instance)))
        return sorted(found, key=lambda one: one.id)

    async def one(self, name: str) -> tuple[Life, list[Happened]]:
        """One with all that happened to it, the newest first. Raises Refused where there is none of this name."""
        _, totals = await store.standing(self.log.engine, self.log.log_id, int(self.clock.now_us()))
        for setup in self.installed:
            if setup.id == name:
                return await self._life(setup, None, totals.get(name), None), await self._mapped(name)
        life = await self._set_up(name, totals.get(name))
        moves = [
            Happened(move.us, move.act.operation, move.who, move.word or f"versie {move.version}", str(move.ref))
            for move in await self.setups.history(name)
        ]
        return life, sorted([*moves, *await self._mapped(name)], key=lambda each: each.us, reverse=True)

    async def _set_up(self, name: str, totals: Totals | None) -> Life:
        view: View = await self.setups.show(name)
        begun = [move.us for move in await self.setups.history(name) if move.act in _BEGINS]
        return await self._life(view.active or view.newest, view.standing, totals, min(begun, default=None))

    async def _life(self, setup: Setup, standing: Standing | None, totals: Totals | None, since: int | None) -> Life:
        kind = self.setups.connectors.get(setup.connector)
        if kind is None:
            raise Refused("This connector is of no kind that the hub knows.", "It was taken out.", "See 'hub connector list'.")
        return Life(setup, kind, standing, since, await self._mapping(setup.id, kind), totals)

    async def _mapping(self, name: str, kind: Connector) -> str:
        """The version in use; empty where none is, or none that may be used."""
        if kind.manifest.direction == "outbound":
            return ""
        try:
            return (await self.mappings.in_use(ConnectorId(name))).version
        except HubError:
            return ""

    async def _mapped(self, name: str) -> list[Happened]:
        """What was proposed and put into use of its mapping, as the log has it."""
        rows = await store.mapping_entries(self.log.engine, self.log.log_id, ConnectorId(name))
        entries = await self.log.found([ref for ref, _ in rows])
        found: list[Happened] = []
        for ref, us in rows:
            kept = None if ref not in entries else entries[ref].kept
            said = {} if kept is None else parse(kept)
            details = said.get("details", {})
            about = str(details.get("reason", details.get("version", "")))
            found.append(Happened(us, said.get("operation", ""), str(details.get("staff", "")), about, str(ref)))
        return found
