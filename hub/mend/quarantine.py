"""Quarantine as an administrator sees it: what waits and for what; rows by their shape; one row in full, with a reason."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.domain.personal import Personal, Pgn
from hub.domain.staff import Staff
from hub.domain.terms import ConnectorId, LogId
from hub.errors import Fault, Refused
from hub.mend import store
from hub.mend.mappings import Mappings
from hub.mend.rows import Cell, OpenRow, header_and_line, masked, named_in, open_row, reread
from hub.mend.source import Source, Sources, form_of, source_of, staff_id
from hub.mend.store import Choice, Group, Waiting
from hub.normalise.mapping import DeclarativeMapping

MOST: Final = 100


class RevealReason(StrEnum):
    """Why an administrator must see a row; closed, so that the log has no room for anything else."""

    mapping = "mapping"
    sender_asks = "sender-asks"
    sender_told = "sender-told"
    damaged = "damaged"


REASONS: Final[Mapping[RevealReason, str]] = MappingProxyType(
    {
        RevealReason.mapping: "De vorm alleen laat niet zien wat er in de mapping anders moet.",
        RevealReason.sender_asks: "De aanleverende partij vraagt welke rij dit is.",
        RevealReason.sender_told: "De aanleverende partij moet weten welke rij zij moet herstellen.",
        RevealReason.damaged: "De rij lijkt onderweg beschadigd.",
    }
)
"""The reasons in the words of the desk."""


@dataclass(frozen=True, slots=True)
class MaskedRow:
    """A row in quarantine without its values; `cells` is empty where the row is torn."""

    quarantine_id: UUID
    drop_id: UUID
    row_number: int
    faults: tuple[Fault, ...]
    cells: tuple[Cell, ...]
    created_us: int


@dataclass(frozen=True, slots=True)
class Revealed:
    """One row as it came, with the header of its file."""

    quarantine_id: UUID
    connector: ConnectorId
    drop_id: UUID
    row_number: int
    faults: tuple[Fault, ...]
    header: Personal[str]
    line: Personal[str]


class Quarantine:
    """The rows that could not be read or routed. `tag_of` gives a person's tag, so that they can be told who saw their row."""

    def __init__(
        self,
        engine: AsyncEngine,
        log_id: LogId,
        sources: Sources,
        mappings: Mappings,
        notes: Notes,
        opens: OpenRow,
        tag_of: Callable[[Pgn], Awaitable[bytes]],
    ) -> None:
        self._engine, self._log_id, self._sources, self._mappings = engine, log_id, sources, mappings
        self._notes, self._opens, self._tag_of = notes, opens, tag_of

    async def groups(self, connector: ConnectorId | None = None, limit: int = 500) -> list[Group]:
        """What waits, per file and fault, the newest file first."""
        return await store.groups(self._engine, self._log_id, connector, limit)

    async def rows(self, drop_id: UUID, *, after: int = 0, limit: int = MOST, fault: Fault | None = None) -> list[MaskedRow]:
        """The waiting rows of one file after line `after`, masked, as the mapping in use meets them. Raises Tampered."""
        page = await store.waiting(self._engine, self._log_id, drop_id, after, min(limit, MOST), Choice(fault=fault))
        if not page:
            return []
        source = source_of(self._sources, page[0].connector)
        mapping = await self._mappings.in_use(source.connector)
        return [self._masked(source, mapping, one) for one in page]

    def _masked(self, source: Source, mapping: DeclarativeMapping, one: Waiting) -> MaskedRow:
        row = reread(form_of(source, mapping), mapping, one, open_row(self._opens, one), one.row_number)
        cells = masked(mapping, row, one.faults)
        return MaskedRow(one.quarantine_id, one.drop_id, one.row_number, one.faults, cells, one.created_us)

    async def reveal(self, quarantine_id: UUID, reason: RevealReason, by: Staff) -> Revealed:
        """One row as it came. That it was seen, by whom and why is in the log first, findable for its person if it names one.

        Raises Refused where it waits no longer, Tampered where it does not open.
        """
        one = await store.one_waiting(self._engine, self._log_id, quarantine_id)
        if one is None:
            raise Refused("This row is not in quarantine.", "It was decided on meanwhile, or never was here.", "Look again.")
        source = source_of(self._sources, one.connector)
        mapping = await self._mappings.in_use(one.connector)
        raw = open_row(self._opens, one)
        pgn = named_in(mapping, reread(form_of(source, mapping), mapping, one, raw, one.row_number))
        details = {"reason": reason.value, "connector": str(one.connector), "row": str(one.quarantine_id)}
        await self._notes.write(
            EntryKind.access,
            "reveal-row",
            "quarantine",
            details,
            by=staff_id(by),
            subject=None if pgn is None else await self._tag_of(pgn),
        )
        return Revealed(quarantine_id, one.connector, one.drop_id, one.row_number, one.faults, *header_and_line(raw))
