"""Rows of quarantine taken up again, decided anew: under today's mapping, policy and statements, each exactly once.

A row leaves quarantine in the transaction in which its record becomes durable, or is known to have been given before. Wherever
this ends, however it ends, what was taken up is out and what was not still waits: begin again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.domain.ids import new_ids
from hub.domain.staff import Staff
from hub.domain.stages import Received, Row
from hub.domain.terms import ConnectorId, Interface, LogId
from hub.errors import Conflict, Fault, Tampered
from hub.mend import store
from hub.mend.mappings import Mappings
from hub.mend.rows import OpenRow, open_row, reread
from hub.mend.source import Source, Sources, form_of, source_of, staff_id
from hub.mend.store import Choice, Waiting
from hub.normalise.mapping import DeclarativeMapping
from hub.ports import Claim, Clock, Entropy, RowSet, SealedRow, Tally, Way

CHUNK: Final = 250
"""Rows taken up in one transaction, all of one file."""
_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of the rows: taken up, still waiting (for the faults that they have now), or given before."""

    accepted: int = 0
    still: int = 0
    duplicate: int = 0

    def __add__(self, other: Replayed) -> Replayed:
        return Replayed(self.accepted + other.accepted, self.still + other.still, self.duplicate + other.duplicate)


class ReplayIntake:
    """The bookkeeping of one chunk, durable with its records; satisfies `hub.ports.Intake`. `rows` by place, of one file."""

    def __init__(self, rows: Sequence[Waiting]) -> None:
        self._rows = rows
        self._still: dict[int, tuple[Fault, ...]] = {}

    def keep(self, _received: Received, rejected: Sequence[SealedRow], /) -> Sequence[RowSet]:
        """What still fails stays where it lies, under its own seal."""
        self._still = {one.row_number: tuple(Fault(where, code) for where, code in one.faults) for one in rejected}
        return ()

    def tally(self, tally: Tally, /) -> Tally:
        """The rows were counted when they came in: what goes on leaves the count of quarantine."""
        return Tally(tally.accepted, -tally.accepted - tally.duplicate, tally.duplicate)

    def claims(self, _received: Received, tally: Tally, /) -> Sequence[Claim]:
        """Every row still waits; the file's counts move along."""
        gone = [one.quarantine_id for place, one in enumerate(self._rows) if place not in self._still]
        still = [(self._rows[place].quarantine_id, faults) for place, faults in self._still.items()]
        claims = [store.claim_still(still)] if still else []
        if gone:
            claims.append(store.claim_replayed(gone))
            counts = (tally.accepted, tally.quarantined, tally.duplicate)
            claims.append(store.claim_recount(self._rows[0].drop_id, *counts))
        return claims


class Replay:
    """Takes rows up again, in the name of who asks for it."""

    def __init__(
        self,
        engine: AsyncEngine,
        log_id: LogId,
        sources: Sources,
        mappings: Mappings,
        way: Way,
        notes: Notes,
        opens: OpenRow,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._engine, self._log_id, self._sources, self._mappings = engine, log_id, sources, mappings
        self._way, self._notes, self._opens, self._clock, self._entropy = way, notes, opens, clock, entropy

    async def replay(
        self,
        connector: ConnectorId,
        by: Staff | None,
        *,
        drop_id: UUID | None = None,
        fault: Fault | None = None,
        ids: Sequence[UUID] | None = None,
    ) -> Replayed:
        """Takes up the waiting rows of the connector: of one file, with one fault, or those of `ids`; else all of them.

        It is in the log first. Raises Retry when the log or the database is away (what was taken up stays so), Misconfigured
        for the mapping, and Tampered, after all other rows had their turn, where one does not open.
        """
        source = source_of(self._sources, connector)
        mapping = await self._mappings.in_use(connector)
        choice = Choice(fault, None if ids is None else tuple(ids))
        drops = await store.drops_waiting(self._engine, self._log_id, connector, source.party, drop_id)
        waiting = await store.count_waiting(self._engine, self._log_id, drops, choice)
        if not waiting:
            return Replayed()
        await self._note(connector, mapping, waiting, drop_id, fault, by)
        total, spoilt = Replayed(), 0
        for drop in drops:
            after = 0
            while page := await store.waiting(self._engine, self._log_id, drop, after, CHUNK, choice):
                after = page[-1].row_number
                replayed, closed = await self._chunk(source, mapping, page)
                total, spoilt = total + replayed, spoilt + closed
        if spoilt:
            raise Tampered(
                "Rows in quarantine do not open.",
                f"{spoilt} of them are not what was sealed; {total.accepted} others were taken up.",
                "Stop, keep everything, and call the privacy officer.",
            )
        return total

    async def _note(
        self,
        connector: ConnectorId,
        mapping: DeclarativeMapping,
        rows: int,
        drop_id: UUID | None,
        fault: Fault | None,
        by: Staff | None,
    ) -> None:
        details: dict[str, str | int] = {"connector": str(connector), "version": mapping.version, "rows": rows}
        if drop_id is not None:
            details["drop"] = str(drop_id)
        if fault is not None:
            details["code"] = str(fault.code)
        await self._notes.write(EntryKind.configuration, "replay", "quarantine", details, by=staff_id(by))

    async def _chunk(self, source: Source, mapping: DeclarativeMapping, page: Sequence[Waiting]) -> tuple[Replayed, int]:
        """What became of these rows, and how many of them do not open. Others may be at the same rows: then they were first."""
        rows, waiting = self._read(source, mapping, page)
        for _ in range(_TRIES):
            if not waiting:
                break
            now = self._clock.now_us()
            (request_id,) = new_ids(1, now, self._entropy(8))
            received = Received(source.party, self._log_id, Interface.file, request_id, now, tuple(rows))
            try:
                tally = (await self._way.admit(received, mapping, ReplayIntake(waiting))).tally
            except Conflict:
                drop, ids = page[0].drop_id, tuple(one.quarantine_id for one in waiting)
                left = await store.waiting(self._engine, self._log_id, drop, 0, CHUNK, Choice(ids=ids))
                rows, waiting = self._read(source, mapping, left)
                continue
            still = len(rows) - tally.accepted - tally.duplicate
            return Replayed(tally.accepted, still, tally.duplicate), len(page) - len(waiting)
        return Replayed(still=len(waiting)), 0

    def _read(self, source: Source, mapping: DeclarativeMapping, page: Sequence[Waiting]) -> tuple[list[Row], list[Waiting]]:
        """The rows that open, numbered by their place."""
        rows: list[Row] = []
        waiting: list[Waiting] = []
        for one in page:
            try:
                raw = open_row(self._opens, one)
            except Tampered:
                continue
            rows.append(reread(form_of(source, mapping), mapping, one, raw, len(rows)))
            waiting.append(one)
        return rows, waiting
