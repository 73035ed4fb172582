"""The layout of a sender's files that was agreed on, what a file has otherwise, and going on with it as it is."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.domain.staff import Staff
from hub.domain.terms import ConnectorId, LogId
from hub.errors import Conflict, Refused
from hub.formats.agreed import Drift, drift_of
from hub.mend import store
from hub.mend.source import Sources, source_of, staff_id
from hub.ports import Clock


@dataclass(frozen=True, slots=True)
class Change:
    """What a file has otherwise than agreed, since when (µs), and the version of the mapping that met it."""

    connector: ConnectorId
    drift: Drift
    since_us: int
    mapping: str


class Layouts:
    """The layouts of all connector instances."""

    def __init__(self, engine: AsyncEngine, log_id: LogId, sources: Sources, notes: Notes, clock: Clock) -> None:
        self._engine, self._log_id, self._sources, self._notes, self._clock = engine, log_id, sources, notes, clock

    async def change(self, connector: ConnectorId) -> Change | None:
        """Why the instance stopped; None where its files are as agreed. Raises Refused where there is no such connector."""
        source_of(self._sources, connector)
        found = await store.layouts(self._engine, self._log_id, connector)
        if "agreed" not in found or "changed" not in found:
            return None
        (agreed, _), (seen, since_us) = found["agreed"], found["changed"]
        drift = drift_of(agreed, seen)
        return None if drift is None else Change(connector, drift, since_us, seen.mapping)

    async def accept(self, connector: ConnectorId, by: Staff | None) -> Change:
        """Agrees on the layout as it is now: the next poll reads the very same file. It is in the log.

        Raises Refused where nothing changed, or the mapping cannot read such a file.
        """
        found = await self.change(connector)
        if found is None:
            raise _as_agreed()
        drift = found.drift
        if not drift.readable:
            raise Refused(
                "The layout cannot be accepted as it is.",
                "The mapping in use needs a column that these files do not have.",
                "Mend the mapping first; its new version reads the file.",
            )
        changes = {"added": len(drift.added), "missing": len(drift.missing), "renamed": len(drift.renamed)}
        claim = store.claim_accept(self._log_id, connector, found.since_us, int(self._clock.now_us()))
        details: dict[str, str | int] = {"connector": str(connector), "mapping": found.mapping, **changes}
        try:
            await self._notes.write(
                EntryKind.configuration, "layout-accept", "connector", details, by=staff_id(by), claims=(claim,)
            )
        except Conflict:
            raise _as_agreed() from None
        return found


def _as_agreed() -> Refused:
    return Refused("Nothing of these files differs.", "They are as agreed, or were accepted already.", "Look again.")
