"""Mappings with versions: an administrator mends one and proposes it, another puts it into use; each version is kept."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.domain.glass import Broken, check_second, check_whole
from hub.domain.ids import new_ids
from hub.domain.staff import Staff, StaffId
from hub.domain.terms import ConnectorId, LogId
from hub.errors import Conflict, Misconfigured, Refused, Tampered
from hub.mend import store
from hub.mend.alone import CONFIRM, IN_USE, PROPOSED, Text, ledger_of, unconfirmed
from hub.mend.outlook import Forecasts
from hub.mend.preview import LARGEST_SAMPLE, Preview, Tallied, differences, preview_sample
from hub.mend.rows import OpenRow, open_row, reread
from hub.mend.source import Source, Sources, form_of, source_of, staff_id
from hub.mend.store import Choice, Confirmation
from hub.normalise import normalise
from hub.normalise.mapping import DeclarativeMapping, compile_mapping, load_mapping
from hub.ports import Clock, Entropy

SAMPLE: Final = 500
"""Rows of quarantine that a preview looks at."""
_ROUTING: Final = frozenset({"GEEN_ROUTE", "ANDERE_SCHOOL"})
_PAGE: Final = 250


@dataclass(frozen=True, slots=True)
class Mended:
    """A mapping that was mended: its version here, its text, its entry in the log, and since when (µs) it is in use."""

    connector: ConnectorId
    version: int
    text: str
    mapping: DeclarativeMapping
    entry_ref: UUID
    created_us: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping that waits for a second person; `author` is who proposed it, None for the operator at the command line."""

    connector: ConnectorId
    version: int
    text: str
    mapping: DeclarativeMapping
    ref: UUID
    author: StaffId | None
    created_us: int

    def is_by(self, by: Staff | None) -> bool:
        """Whether this is who proposed it."""
        return self.author == staff_id(by)


class GlassReason(StrEnum):
    """Why somebody puts a mapping into use alone; closed, so that the log has no room for anything else."""

    nobody_else = "nobody-else"
    data_waits = "data-waits"
    wrong_reading = "wrong-reading"


GLASS_REASONS: Final[Mapping[GlassReason, str]] = MappingProxyType(
    {
        GlassReason.nobody_else: "Er is nu geen tweede beheerder bereikbaar.",
        GlassReason.data_waits: "Gegevens over jongeren blijven liggen en een termijn loopt af.",
        GlassReason.wrong_reading: "Met de mapping van nu wordt iets verkeerd gelezen.",
    }
)
"""The reasons in the words of the desk."""


class Mappings:
    """The mappings of all connector instances. `production` refuses one that is not verified; `forecasts` say where what a
    sample holds would go."""

    def __init__(
        self,
        engine: AsyncEngine,
        log_id: LogId,
        sources: Sources,
        log: Log,
        notes: Notes,
        opens: OpenRow,
        clock: Clock,
        entropy: Entropy,
        *,
        production: bool,
        forecasts: Forecasts | None = None,
    ) -> None:
        self._forecasts = forecasts
        self._engine, self._log_id, self._sources, self._log, self._notes = engine, log_id, sources, log, notes
        self._opens, self._clock, self._entropy, self._production = opens, clock, entropy, production
        self._ledger = ledger_of(log)
        self._compiled: dict[ConnectorId, Mended] = {}
        self._installed: dict[ConnectorId, DeclarativeMapping] = {}

    async def current(self, connector: ConnectorId) -> Mended | None:
        """The mended mapping in use, None where it is the installed one.

        Raises Misconfigured where it no longer fits, Tampered where it is not one that somebody put into use.
        """
        source = source_of(self._sources, connector)
        version = await store.mapping_version(self._engine, self._log_id, connector)
        if version is None:
            return None
        known = self._compiled.get(connector)
        if known is None or known.version != version:
            text, ref, since_us = await store.mapping_body(self._engine, self._log_id, connector, version)
            mapping = self.check(text, connector)
            await self._logged(connector, text, ref, IN_USE)
            if _number(mapping) != version:
                raise _not_logged(connector)
            known = Mended(connector, version, text, self._fit(source, mapping), ref, since_us)
            self._compiled[connector] = known
        return known

    async def _logged(self, connector: ConnectorId, text: str, ref: UUID, operations: frozenset[str]) -> Mapping[str, str]:
        """The details of the entry that speaks of this very text. Raises Tampered where there is none: the table alone proves
        nothing."""
        row = Text(connector, _hash(text), ref, operations)
        found = (await self._ledger.proven([row])).get(row)
        if found is None:
            raise _not_logged(connector)
        return found.details

    async def alone(self, connector: ConnectorId) -> tuple[int, Broken] | None:
        """The mapping that one person put into use and nobody confirmed since, by its number."""
        return (await unconfirmed(self._engine, self._log, self._ledger, connector)).get(connector)

    async def confirm(self, connector: ConnectorId, version: int, by: Staff | None) -> None:
        """A second person has looked at what one put into use alone, and stands by it.

        Raises Refused where that does not wait for anybody, or it is one's own; Conflict where somebody did so before.
        """
        source, found = source_of(self._sources, connector), await self.alone(connector)
        who = str(staff_id(by) or "")
        check_second(found[1] if found is not None and found[0] == version else None, who)
        text, _, _ = await store.mapping_body(self._engine, self._log_id, connector, version)
        now, ref = self._moment()
        details = {"connector": str(connector), "version": self.check(text, connector).version, "hash": _hash(text)}
        row = store.confirmed_row(self._log_id, source.party, Confirmation(connector, version, who, ref), now)
        await self._notes.write(EntryKind.configuration, CONFIRM, "connector", details, by=staff_id(by), rows=(row,), ref=ref)

    async def in_use(self, connector: ConnectorId) -> DeclarativeMapping:
        """The mapping that the connector's files are read with from now on. Raises Misconfigured."""
        mended = await self.current(connector)
        if mended is not None:
            return mended.mapping
        if connector not in self._installed:
            source = source_of(self._sources, connector)
            self._installed[connector] = self._fit(source, load_mapping(source.installed))
        return self._installed[connector]

    async def _before(self, connector: ConnectorId) -> DeclarativeMapping:
        """What a next mapping is held against: the one in use, or the installed one even where nothing may be read with it."""
        mended = await self.current(connector)
        return load_mapping(source_of(self._sources, connector).installed) if mended is None else mended.mapping

    async def text(self, connector: ConnectorId) -> str:
        """The text of the mapping in use, to mend it."""
        mended = await self.current(connector)
        if mended is not None:
            return mended.text
        load_mapping(source_of(self._sources, connector).installed)
        return source_of(self._sources, connector).installed.read_text(encoding="utf-8")

    def check(self, text: str, connector: ConnectorId) -> DeclarativeMapping:
        """The mapping that `text` is. Raises Misconfigured with the line and what is wrong there."""
        return compile_mapping(text, Path(connector) / "mapping.yaml")

    async def preview(self, connector: ConnectorId, text: str, by: Staff | None, drop_id: UUID | None = None) -> Preview:
        """Reads up to `SAMPLE` rows of quarantine (of one file, if given) with the mapping, once that is logged. Admits none.

        Raises Misconfigured for a mapping that cannot be used, Tampered for a row that does not open.
        """
        source = source_of(self._sources, connector)
        mapping = self.check(text, connector)
        before = await self._before(connector)
        drops = await store.drops_waiting(self._engine, self._log_id, connector, source.party, drop_id)
        waiting = await store.count_waiting(self._engine, self._log_id, drops, Choice())
        details: dict[str, str | int] = {"connector": str(connector), "hash": _hash(text), "rows": min(waiting, SAMPLE)}
        await self._notes.write(EntryKind.access, "mapping-preview", "connector", details, by=staff_id(by))
        form, tallied = form_of(source, mapping), Tallied(mapping)
        for drop in drops:
            after = 0
            while tallied.sampled < SAMPLE:
                most = min(_PAGE, SAMPLE - tallied.sampled)
                page = await store.waiting(self._engine, self._log_id, drop, after, most, Choice())
                if not page:
                    break
                after = page[-1].row_number
                rows = [reread(form, mapping, one, open_row(self._opens, one), n) for n, one in enumerate(page)]
                still = {n: [one for one in held.faults if one.code in _ROUTING] for n, held in enumerate(page)}
                tallied.add(*normalise(rows, mapping), still)
        return tallied.told(waiting, differences(before, mapping))

    async def sample(self, connector: ConnectorId, text: str, data: bytes, by: Staff | None) -> Preview:
        """Reads a sample of the sender's file with the mapping and keeps nothing of it; that it was done is in the log.

        Raises Misconfigured for a mapping that cannot be used, Refused for a sample that is too large.
        """
        source = source_of(self._sources, connector)
        mapping = self.check(text, connector)
        if len(data) > LARGEST_SAMPLE:
            most = LARGEST_SAMPLE >> 20
            raise Refused("The sample is too large.", f"It is more than {most} MiB.", "Give the first part of the file.")
        changes = differences(await self._before(connector), mapping)
        forecast = None if self._forecasts is None else self._forecasts(source.party, mapping.record_kind)
        seen = await asyncio.to_thread(preview_sample, data, form_of(source, mapping), mapping, changes, forecast)
        details: dict[str, str | int] = {"connector": str(connector), "hash": _hash(text), "rows": seen.sampled}
        await self._notes.write(EntryKind.access, "mapping-sample", "connector", details, by=staff_id(by))
        return seen

    async def waiting(self, connector: ConnectorId) -> Proposal | None:
        """The mapping that waits for a second person; of several the last. Raises Tampered where the log knows it not."""
        found = await store.last_proposal(self._engine, self._log_id, connector)
        if found is None or found[0] <= _number(await self._before(connector)):
            return None
        version, text, ref, created_us = found
        details = await self._logged(connector, text, ref, PROPOSED)
        author = details.get("staff")
        mapping = self.check(text, connector)
        return Proposal(connector, version, text, mapping, ref, StaffId(author) if author else None, created_us)

    async def propose(self, connector: ConnectorId, text: str, by: Staff | None) -> Proposal:
        """Lays the mapping before a second person, in the place of an earlier one that waits.

        Its number must be higher than that of the mapping in use. Raises Misconfigured for one that cannot be used here,
        Refused for one that is not new.
        """
        source, mapping, version = await self._new(connector, text)
        now, ref = self._moment()
        row = store.proposal_row(self._log_id, source.party, connector, version, text, ref, now)
        details = {"connector": str(connector), "version": mapping.version, "hash": _hash(text)}
        await self._notes.write(
            EntryKind.configuration, "mapping-propose", "connector", details, by=staff_id(by), rows=(row,), ref=ref
        )
        return Proposal(connector, version, text, mapping, ref, staff_id(by), now)

    async def activate(self, connector: ConnectorId, version: int, by: Staff | None, *, ref: UUID | None = None) -> Mended:
        """Puts the proposal of that number (and with that `ref`) into use from the next poll on, by another than proposed it.

        Raises Refused where none waits or it is one's own, Misconfigured for one that can no longer be used, Conflict where
        someone else was first with this number.
        """
        found = await self.waiting(connector)
        if found is None or found.version != version or ref not in (None, found.ref):
            raise Refused("This mapping is not proposed.", "It was replaced, or is in use already.", "Look again.")
        if found.is_by(by):
            raise Refused(
                "Nobody puts their own mapping into use.",
                "Whoever proposed it looked at it already.",
                "Ask another administrator, at the desk (all keyboards count as one), or give a reason for doing it alone.",
            )
        prepared = {"prepared": str(found.author)} if found.author else {}
        return await self._use(connector, found.text, by, "mapping-change", prepared)

    async def break_glass(self, connector: ConnectorId, text: str, reason: GlassReason, by: Staff | None) -> Mended:
        """Puts a mapping into use alone, for a reason that is in the log; another confirms it within three days.

        Raises as `propose` and `activate` do, and Refused where an earlier one was not confirmed.
        """
        waits = await self.alone(connector)
        check_whole(None if waits is None else waits[1])
        return await self._use(connector, text, by, "mapping-break-glass", {"reason": reason.value})

    async def _use(
        self, connector: ConnectorId, text: str, by: Staff | None, operation: str, more: Mapping[str, str]
    ) -> Mended:
        source, mapping, version = await self._new(connector, text)
        now, ref = self._moment()
        details = {"connector": str(connector), "version": mapping.version, "hash": _hash(text), **more}
        row = store.mapping_row(self._log_id, source.party, connector, version, text, ref, now)
        try:
            await self._notes.write(
                EntryKind.configuration, operation, "connector", details, by=staff_id(by), rows=(row,), ref=ref
            )
        except Conflict:
            raise Conflict(
                "Someone else put a mapping of this number into use.", "Theirs was first.", "Look at theirs, then mend anew."
            ) from None
        return Mended(connector, version, text, mapping, ref, now)

    async def _new(self, connector: ConnectorId, text: str) -> tuple[Source, DeclarativeMapping, int]:
        source = source_of(self._sources, connector)
        mapping = self._fit(source, self.check(text, connector))
        version = _number(mapping)
        if version <= _number(await self._before(connector)):
            raise Refused(
                "This mapping is not new.",
                "Its number, after the slash, is not higher than that of the mapping in use.",
                "Give it the next number: an old file must stay readable as it was read.",
            )
        return source, mapping, version

    def _moment(self) -> tuple[int, UUID]:
        now = self._clock.now_us()
        (ref,) = new_ids(1, now, self._entropy(8))
        return int(now), ref

    def _fit(self, source: Source, mapping: DeclarativeMapping) -> DeclarativeMapping:
        if self._production and not mapping.verified:
            raise Misconfigured(
                f"The mapping of connector {source.connector} is not verified.",
                "Its columns are not known to be those of the real delivery.",
                "Compare them with the partner's own description, then set 'verified: true' in the mapping.",
            )
        return mapping


def _not_logged(connector: ConnectorId) -> Tampered:
    return Tampered(
        f"The mapping of connector {connector} is not one that the log speaks of.",
        "It was put into the database past the hub, or changed there.",
        "Stop, keep everything, and call the privacy officer.",
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _number(mapping: DeclarativeMapping) -> int:
    return int(mapping.version.rpartition("/")[2])
