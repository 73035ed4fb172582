"""What an administrator asks of a connector's runs: one now, none for a while, on again. Each stands in the log first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.domain.staff import StaffId
from hub.domain.terms import ConnectorId, LogId, PartyId
from hub.errors import Conflict, Refused
from hub.ports import Claim, Clock
from hub.running import store
from hub.running.model import Run

_ABOUT: Final = "connector"


@dataclass(frozen=True, slots=True)
class RunDesk:
    """The runs of one log. Whoever runs an instance hears of it at once, in whatever process."""

    engine: AsyncEngine
    log_id: LogId
    notes: Notes
    clock: Clock

    async def ask(self, connector: ConnectorId, party: PartyId, by: StaffId | None) -> None:
        """It is run now, once, outside its window too and where its circuit is open. Raises Refused where it stands still."""
        await self._write("connector-run", connector, party, by, store.claim_asked, _STANDS_STILL)

    async def cancel(self, connector: ConnectorId, party: PartyId, by: StaffId | None) -> None:
        """It stops at its next chunk and stands still until `resume`; what was admitted stays. Raises Refused."""
        await self._write("connector-cancel", connector, party, by, store.claim_cancelled, _STANDS_STILL)

    async def resume(self, connector: ConnectorId, party: PartyId, by: StaffId | None) -> None:
        """It goes on where it was stopped. Raises Refused where nobody stopped it."""
        await self._write("connector-resume", connector, party, by, store.claim_resumed, _GOES)

    async def history(self, connector: ConnectorId | None = None, most: int = 100) -> Sequence[Run]:
        """Runs, newest first."""
        return await store.history(self.engine, self.log_id, connector, most)

    async def _write(
        self,
        operation: str,
        connector: ConnectorId,
        party: PartyId,
        by: StaffId | None,
        claim: Callable[[LogId, ConnectorId, int], Claim],
        otherwise: Refused,
    ) -> None:
        await store.know(self.engine, self.log_id, party, connector)
        claims = (claim(self.log_id, connector, self.clock.now_us()),)
        refused = False
        try:
            await self.notes.write(
                EntryKind.configuration, operation, _ABOUT, {"connector": str(connector)}, by=by, claims=claims
            )
        except Conflict:
            refused = True
        if refused:
            raise Refused(otherwise.what, otherwise.why, otherwise.now)
        await store.ring(self.engine, connector)


_STANDS_STILL: Final = Refused(
    "The connector stands still.", "Somebody stopped it.", "Let it go on first ('hub connector resume')."
)
_GOES: Final = Refused("There is nothing to go on with.", "Nobody stopped this connector.", "See 'hub connector history'.")
