"""Mappings with versions: an administrator mends one, looks at what it would do, and puts it into use; each version is kept."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind, parse
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.domain.ids import new_ids
from hub.domain.staff import Staff
from hub.domain.terms import ConnectorId, LogId, ReasonCode
from hub.errors import Conflict, Fault, Misconfigured, Refused, Tampered
from hub.mend import store
from hub.mend.rows import OpenRow, open_row, reread, shapes_of
from hub.mend.source import Source, Sources, source_of, staff_id
from hub.mend.store import Choice
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
class Changes:
    """Columns that differ from the mapping in use; a constant reads `=field`."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Failing:
    """Rows that would still fail for this fault; a row with several faults counts for each."""

    where: str
    code: ReasonCode
    rows: int


@dataclass(frozen=True, slots=True)
class FieldShapes:
    """What comes out of a field looks like these; neither values nor how often."""

    field: str
    shapes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a mapping would do with the rows in quarantine: `sampled` of `waiting` were read, `readable` of these could be."""

    version: str
    verified: bool
    waiting: int
    sampled: int
    readable: int
    failing: tuple[Failing, ...]
    fields: tuple[FieldShapes, ...]
    changes: Changes


class Mappings:
    """The mappings of all connector instances. `production` refuses one that is not verified."""

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
    ) -> None:
        self._engine, self._log_id, self._sources, self._log, self._notes = engine, log_id, sources, log, notes
        self._opens, self._clock, self._entropy, self._production = opens, clock, entropy, production
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
            await self._check_logged(connector, text, ref, same=_number(mapping) == version)
            known = Mended(connector, version, text, self._fit(source, mapping), ref, since_us)
            self._compiled[connector] = known
        return known

    async def _check_logged(self, connector: ConnectorId, text: str, ref: UUID, *, same: bool) -> None:
        """Raises Tampered unless the signed log says that this very text was put into use: the table alone proves nothing."""
        entry = await self._log.find(ref)
        said = {} if entry is None else parse(entry.body)
        details = said.get("details", {}) if said.get("operation") == "mapping-change" else {}
        logged = (details.get("connector"), details.get("hash")) == (str(connector), _hash(text))
        if entry is None or not logged or not same:
            raise Tampered(
                f"The mapping of connector {connector} is not one that the log speaks of.",
                "It was put into the database past the hub, or changed there.",
                "Stop, keep everything, and call the privacy officer.",
            )
        await self._log.prove({ref: entry})

    async def in_use(self, connector: ConnectorId) -> DeclarativeMapping:
        """The mapping that the connector's files are read with from now on. Raises Misconfigured."""
        mended = await self.current(connector)
        if mended is not None:
            return mended.mapping
        if connector not in self._installed:
            source = source_of(self._sources, connector)
            self._installed[connector] = self._fit(source, load_mapping(source.installed))
        return self._installed[connector]

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
        in_use = await self.in_use(connector)
        drops = await store.drops_waiting(self._engine, self._log_id, connector, source.party, drop_id)
        waiting = await store.count_waiting(self._engine, self._log_id, drops, Choice())
        details: dict[str, str | int] = {"connector": str(connector), "hash": _hash(text), "rows": min(waiting, SAMPLE)}
        await self._notes.write(EntryKind.access, "mapping-preview", "connector", details, by=staff_id(by))
        shapes: dict[str, set[str]] = {}
        failing: Counter[Fault] = Counter()
        sampled = readable = 0
        for drop in drops:
            after = 0
            while sampled < SAMPLE:
                page = await store.waiting(self._engine, self._log_id, drop, after, min(_PAGE, SAMPLE - sampled), Choice())
                if not page:
                    break
                after = page[-1].row_number
                sampled += len(page)
                rows = [reread(source.form, mapping, one, open_row(self._opens, one), n) for n, one in enumerate(page)]
                records, rejected = normalise(rows, mapping)
                for canonical in records:
                    unrouted = [fault for fault in page[canonical.row.number].faults if fault.code in _ROUTING]
                    failing.update(unrouted)
                    readable += not unrouted
                    shapes_of(mapping, canonical.record, shapes)
                for one in rejected:
                    failing.update({Fault(where, code) for where, code in one.faults})
        return Preview(
            mapping.version,
            mapping.verified,
            waiting,
            sampled,
            readable,
            tuple(Failing(fault.where, ReasonCode(fault.code), count) for fault, count in failing.most_common()),
            tuple(FieldShapes(field, tuple(sorted(found))) for field, found in sorted(shapes.items())),
            differences(in_use, mapping),
        )

    async def activate(self, connector: ConnectorId, text: str, by: Staff | None) -> Mended:
        """Puts the mapping into use from the next poll on; the entry and the version are durable together.

        Its number must be higher than that of the mapping in use. Raises Misconfigured for one that cannot be used here,
        Refused for one that is not new, Conflict where someone else was first with this number.
        """
        source = source_of(self._sources, connector)
        mapping = self._fit(source, self.check(text, connector))
        version = _number(mapping)
        if version <= _number(await self.in_use(connector)):
            raise Refused(
                "This mapping is not new.",
                "Its number, after the slash, is not higher than that of the mapping in use.",
                "Give it the next number: an old file must stay readable as it was read.",
            )
        now = self._clock.now_us()
        (ref,) = new_ids(1, now, self._entropy(8))
        details: dict[str, str | int] = {"connector": str(connector), "version": mapping.version, "hash": _hash(text)}
        row = store.mapping_row(self._log_id, source.party, connector, version, text, ref, int(now))
        try:
            await self._notes.write(
                EntryKind.configuration, "mapping-change", "connector", details, by=staff_id(by), rows=(row,), ref=ref
            )
        except Conflict:
            raise Conflict(
                "Someone else put a mapping of this number into use.", "Theirs was first.", "Look at theirs, then mend anew."
            ) from None
        return Mended(connector, version, text, mapping, ref, int(now))

    def _fit(self, source: Source, mapping: DeclarativeMapping) -> DeclarativeMapping:
        if self._production and not mapping.verified:
            raise Misconfigured(
                f"The mapping of connector {source.connector} is not verified.",
                "Its columns are not known to be those of the real delivery.",
                "Compare them with the partner's own description, then set 'verified: true' in the mapping.",
            )
        return mapping


def differences(old: DeclarativeMapping, new: DeclarativeMapping) -> Changes:
    """What `new` does otherwise than `old`, by column."""
    before, after = old.rules, new.rules
    return Changes(
        tuple(sorted(after.keys() - before.keys())),
        tuple(sorted(before.keys() - after.keys())),
        tuple(sorted(name for name in before.keys() & after.keys() if before[name] != after[name])),
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _number(mapping: DeclarativeMapping) -> int:
    return int(mapping.version.rpartition("/")[2])
