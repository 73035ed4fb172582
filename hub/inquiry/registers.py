"""The registers that are set up: made of active setups of connectors that ask, kept open until their setup changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final, Protocol

from hub.connector import Endpoint, Query, Setup
from hub.domain.terms import ConnectorId, PartyId
from hub.errors import HubError, Misconfigured
from hub.inquiry.service import Register
from hub.ports import RecordMapping
from hub.registry import Connector

TASKS: Final = "tasks"
"""The option that names the tasks for which a register may be asked, with spaces between them."""


class ActiveSetup(Protocol):
    """A setup that is active; `version` rises with every change of it."""

    @property
    def setup(self) -> Setup: ...
    @property
    def endpoint(self) -> Endpoint: ...
    @property
    def version(self) -> int: ...


class ActiveRegisters:
    """Finds registers among the active setups; satisfies `hub.inquiry.service.Registers`."""

    def __init__(
        self,
        active: Callable[[], Awaitable[Sequence[ActiveSetup]]],
        connectors: Mapping[str, Connector],
        mapping: Callable[[Connector, ConnectorId], Awaitable[RecordMapping]],
    ) -> None:
        self._active, self._connectors, self._mapping = active, connectors, mapping
        self._open: dict[str, tuple[int, Query]] = {}

    async def find(self, instance: ConnectorId, /) -> Register | None:
        """The register of that name; None where there is none. Raises errors.Misconfigured where it cannot be used."""
        found = next((one for one in await self._active() if one.setup.id == instance), None)
        connector = None if found is None else self._connectors.get(found.setup.connector)
        if found is None or connector is None or connector.manifest.direction != "query":
            await self._let_go(instance)
            return None
        setup = found.setup
        if setup.college is None:
            raise Misconfigured(
                f"The register {setup.id} cannot be asked.",
                "Its setup does not say in which college's own connection it is asked.",
                "Name the college in its setup.",
            )
        return Register(
            instance,
            PartyId(setup.party),
            PartyId(setup.college),
            frozenset(setup.options.get(TASKS, "").split()),
            await self._query(found, connector),
            await self._mapping(connector, instance),
        )

    async def close(self) -> None:
        """Lets go of all connections."""
        for name in list(self._open):
            await self._let_go(name)

    async def _query(self, found: ActiveSetup, connector: Connector) -> Query:
        name = found.setup.id
        known = self._open.get(name)
        if known is None or known[0] != found.version:
            await self._let_go(name)
            known = self._open[name] = (found.version, connector.open_query(found.endpoint))
        return known[1]

    async def _let_go(self, name: str) -> None:
        if (known := self._open.pop(name, None)) is not None:
            with suppress(HubError):
                await known[1].close()
