"""The registers that are set up: made of active setups of connectors that ask, kept open until their setup changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from hub.connector import Query
from hub.domain.terms import ConnectorId, PartyId
from hub.errors import HubError, Misconfigured, Refused
from hub.inquiry.service import Register
from hub.ports import RecordMapping
from hub.registry import Connector
from hub.setups.active import Active

TASKS: Final = "tasks"
"""The option that names the tasks for which a register may be asked, with spaces between them."""


class ActiveRegisters:
    """Finds registers among the active setups; satisfies `hub.inquiry.service.Registers`."""

    def __init__(
        self,
        running: Callable[[str], Awaitable[Active]],
        mapping: Callable[[Connector, ConnectorId], Awaitable[RecordMapping]],
    ) -> None:
        self._running, self._mapping = running, mapping
        self._open: dict[str, tuple[int, Query]] = {}

    async def find(self, instance: ConnectorId, /) -> Register | None:
        """The register of that name; None where there is none. Raises errors.Misconfigured where it cannot be used."""
        try:
            found: Active | None = await self._running(instance)
        except Refused:
            found = None
        if found is None or found.connector.manifest.direction != "query":
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
            await self._query(found),
            await self._mapping(found.connector, instance),
        )

    async def close(self) -> None:
        """Lets go of all connections."""
        for name in list(self._open):
            await self._let_go(name)

    async def _query(self, found: Active) -> Query:
        name = found.setup.id
        known = self._open.get(name)
        if known is None or known[0] != found.version:
            await self._let_go(name)
            known = self._open[name] = (found.version, found.connector.open_query(found.endpoint))
        return known[1]

    async def _let_go(self, name: str) -> None:
        if (known := self._open.pop(name, None)) is not None:
            with suppress(HubError):
                await known[1].close()
