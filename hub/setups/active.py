"""What runs: active instances with their endpoints; whom something is brought by; and what of them expires."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.connector import Endpoint, Setup
from hub.domain.terms import ConnectorId, Count, Micros, PartyId, Term
from hub.errors import HubError, Refused, Tampered
from hub.observe import Event, emit, report
from hub.registry import Connector
from hub.setups import store
from hub.setups.book import Book, Instance, effective
from hub.setups.ledger import check_body
from hub.setups.standing import State

THRESHOLDS: Final = (60, 30, 7, 0)
"""Days before an end at which it is announced."""
_DAY_US: Final = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Active:
    """An instance that runs: what was set up in version `number`, where and how to go.

    `version` rises with every change of these: it is the move that made them, an activation or a rotation.
    """

    setup: Setup
    endpoint: Endpoint
    version: int
    number: int
    connector: Connector = field(repr=False)


Running = Callable[[], Awaitable[Sequence[Active]]]
"""Gives what runs, as it is now; `Actives.active` does."""


@dataclass(frozen=True, slots=True)
class Expiring:
    """A credential that ends within `days` (60, 30 or 7; 0: it has), in `left` whole days (below nought: ago)."""

    instance: str
    party: PartyId
    name: str
    until_us: int
    left: int
    days: int


class Actives(Book):
    """What the worker, the inbox and whoever watches need of the instances."""

    async def active(self) -> Sequence[Active]:
        """Every instance that runs, by name. One that cannot be used, or is not as the log says, is reported and left out."""
        kept = await store.credentials(self._engine, self._log_id)
        running = [one for one in await self._sound() if one.standing.state is State.active]
        wanted = [(one.id, one.standing.active or 0) for one in running]
        bodies = await store.bodies(self._engine, self._log_id, wanted)
        actives: list[Active] = []
        for one in running:
            try:
                actives.append(self._active(one, bodies, kept))
            except HubError as error:
                report(error, connector=ConnectorId(one.id))
        return actives

    async def _sound(self) -> list[Instance]:
        """Every instance that is as the log says; of another it is reported, for it may not hold up the rest."""
        found: list[Instance] = []
        for moves in (await store.moves(self._engine, self._log_id)).values():
            try:
                found.append(await self._proven(moves))
            except Tampered as error:
                report(error, connector=ConnectorId(moves[0].instance))
        return found

    def _active(
        self, one: Instance, bodies: Mapping[tuple[str, int], str], kept: Mapping[tuple[str, int], store.Held]
    ) -> Active:
        version = one.standing.active or 0
        setup = check_body(bodies.get((one.id, version)), one.moves, version)
        endpoint = self._endpoint(setup, self._opened(one, setup, one.standing.held, kept))
        return Active(setup, endpoint, one.standing.turned, version, self._connector(setup))

    async def running(self, instance: str) -> Active:
        """The instance of that name. Raises errors.Refused where it is not there or does not run, Tampered."""
        one = await self.read(instance)
        if one.standing.state is not State.active or one.standing.active is None:
            raise Refused("This connector does not run.", f"It is {one.standing.state.value}.", "Activate or resume it first.")
        setup = await self._setup(one, one.standing.active)
        endpoint = self._endpoint(setup, await self._secrets(one, setup, one.standing.held))
        return Active(setup, endpoint, one.standing.turned, one.standing.active, self._connector(setup))

    async def expiring(self, now: Micros) -> Sequence[Expiring]:
        """The credentials that end within sixty days or have ended, the nearest end first."""
        kept = await store.credentials(self._engine, self._log_id)
        found = [one for _, one in await self._ends(kept, now)]
        return sorted(found, key=lambda one: one.until_us)

    async def warn(self, now: Micros) -> Sequence[Expiring]:
        """Says of each end that draws near, once at every distance, that it does; gives those that were said now."""
        kept = await store.credentials(self._engine, self._log_id)
        told: list[Expiring] = []
        for row, one in await self._ends(kept, now):
            party, seen = one.party, int(now)
            if await store.announce(self._engine, self._log_id, party, row.credential_id, one.days, seen):
                emit(
                    Event.credential_expiring,
                    connector=ConnectorId(one.instance),
                    credential=Term(one.name),
                    days=Count(one.days),
                )
                told.append(one)
        return told

    async def _ends(self, kept: Mapping[tuple[str, int], store.Held], now: Micros) -> list[tuple[store.Held, Expiring]]:
        found: list[tuple[store.Held, Expiring]] = []
        for one in await self._sound():
            if one.standing.state is State.ended:
                continue
            setup = await self._setup(one, one.standing.active or one.standing.newest)
            declared = self._connector(setup).credentials(setup.protocol)
            for name, seq in effective(declared, one.standing.next_held).items():
                row = kept[one.id, seq]
                if row.until_us is None:
                    continue
                left = (row.until_us - now) // _DAY_US
                days = min((each for each in THRESHOLDS if left < each or (each == 0 and left < 0)), default=None)
                if days is not None:
                    found.append((row, Expiring(one.id, one.standing.party, name, row.until_us, int(left), days)))
        return found
