"""Fetches the files of one connector: each once, every row of it, and never a byte on disk.

A file is read twice. The first look gives its keyed digest, which is its identity, a digest of every block, and how it is
written. The second gives rows; a block that is no longer what it was at the first look stops the file before it is parsed.
Where a run ended, however it ended, the next one goes on: the place in the file is durable together with the records.
"""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID

from hub.connector import FileFormat, FileSource, Layout, PageSource, RemoteFile, Trouble, trouble_of
from hub.domain.ids import new_ids
from hub.domain.stages import DropPlace, Received, Row
from hub.domain.terms import ConnectorId, Count, Interface, LogId, Micros, PartyId, ReasonCode
from hub.errors import Conflict, HubError, Malformed, Misconfigured, Retry
from hub.formats import format_of
from hub.formats.agreed import ColumnMapping, Drifted, FileColumns, columns_of, drift_of
from hub.formats.parts import parts_of
from hub.ports import Clock, Entropy, KeyedDigest, Way
from hub.receive.drop.store import Drop, DropIntake, DropStore

CHUNK: Final = 500
"""Rows admitted at a time, in one commit, behind which single messages wait. A list costs as much processor time with half or
with twice as many, as far as could be measured; with fewer it waits longer for its commits, which follow one another."""
LARGEST_FILE: Final = 2 << 30
"""Bytes of a file; one that is larger is refused for what its first block and its size say."""
_PIECE: Final = 64 * 1024  # bytes parsed before others get a turn
_UNFINISHED: Final = (".part", ".tmp", ".filepart")
_DONE, _REFUSED = "verwerkt", "afgekeurd"
_NONE: Final = Count(0)
_CHANGED: Final = ReasonCode("BESTAND_GEWIJZIGD")
_HEADER, _STRANGE = "KOP_ONBEKEND", "KOLOM_ONBEKEND"
_TOO_LARGE: Final = ReasonCode("BESTAND_TE_GROOT")
_MISSING: Final = ReasonCode("BESTAND_WEG")
_TOLD_US: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class Instance:
    """One connector as it is set up: whose files, which of them, and how long a file must be at rest before it is taken."""

    connector: ConnectorId
    party: PartyId
    log_id: LogId
    pattern: str = "*.csv"
    settle_s: int = 30


class Outcome(StrEnum):
    """What became of a file in one run."""

    done = "done"
    known = "known"
    refused = "refused"
    changed = "changed"
    contended = "contended"
    cut = "cut"


@dataclass(frozen=True, slots=True)
class FileReport:
    """One file in one run, known by its id. `rows` came in; accepted, quarantined and duplicate add up to it."""

    drop_id: UUID | None
    outcome: Outcome
    reason: ReasonCode | None = None
    rows: Count = _NONE
    accepted: Count = _NONE
    quarantined: Count = _NONE
    duplicate: Count = _NONE
    columns_ignored: Count = _NONE


@dataclass(frozen=True, slots=True)
class RunReport:
    """One poll. `busy` when another worker has the connector, `cut` when it was stopped; `waiting` files are not at rest."""

    connector: ConnectorId
    busy: bool = False
    cut: bool = False
    waiting: Count = _NONE
    files: tuple[FileReport, ...] = ()


@dataclass(slots=True)
class _Look:
    """What the first look at a file gave."""

    file: RemoteFile
    digest: bytes
    blocks: list[bytes]
    layout: Layout | None
    refused: ReasonCode | None
    missing: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()
    columns: FileColumns | None = None
    rows: int = field(default=0)
    place: int = field(default=0)


class _Changed(Exception):
    """The file is not what it was at the first look."""


class _Cut(Exception):
    """Somebody stopped the poll; the file's place is durable."""


def _on() -> bool:
    return True


class Drops:
    """The files of one connector instance. Call `poll_once` as often as its schedule says."""

    _mapping: ColumnMapping
    _format: FileFormat

    def __init__(
        self,
        instance: Instance,
        connect: Callable[[], Awaitable[FileSource]],
        form: FileFormat,
        mapping: Callable[[], Awaitable[ColumnMapping]],
        way: Way,
        store: DropStore,
        keyed: KeyedDigest,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._instance, self._connect, self._form, self._in_use = instance, connect, form, mapping
        self._way, self._store, self._keyed, self._clock, self._entropy = way, store, keyed, clock, entropy
        self._intake = DropIntake()
        self._seen: dict[str, tuple[RemoteFile, Micros]] = {}
        self._told: tuple[Trouble, Micros] | None = None
        self._goes_on = _on
        self._stopped_at: tuple[RemoteFile, str, FileColumns] | None = None

    @property
    def connector(self) -> ConnectorId:
        """Whose files these are."""
        return self._instance.connector

    async def poll_once(self, goes_on: Callable[[], bool] = _on, intake: DropIntake | None = None) -> RunReport:
        """Takes every file at rest, with the mapping in use now; how it went is kept for whoever looks after the connector.

        It asks `goes_on` before every chunk of rows; `intake` does the bookkeeping of what is admitted.
        Raises errors.Retry or errors.Misconfigured; the next poll goes on where this ended.
        """
        self._goes_on, self._intake = goes_on, intake or DropIntake()
        try:
            report = await self._poll()
        except Exception as error:
            await self._tell(trouble_of(error))
            raise
        if not report.busy:
            await self._tell(Trouble.none)
        return report

    async def _poll(self) -> RunReport:
        async with self._store.alone() as alone:
            if not alone:
                return RunReport(self._instance.connector, busy=True)
            self._mapping = await self._in_use()
            reads = self._mapping.reads
            self._format = self._form if reads is None or reads.format == "own" else format_of(reads)
            source = await self._connect()
            try:
                wanted = await self._store.again()
                back = await self._fetched_back(source, wanted) if wanted else ()
                waiting = 0
                reports, failed = await self._take_all(source, back)
                while not isinstance(failed, Drifted):
                    ready, waiting = await self._ready(source, await source.list())
                    more, error = await self._take_all(source, ready)
                    reports += more
                    failed = failed or error
                    if failed is not None or not self._goes_on() or not (isinstance(source, PageSource) and source.more):
                        break
                if wanted and not waiting and failed is None and self._goes_on():
                    await self._give_up(wanted)
            finally:
                await source.close()
        if failed is not None:
            raise failed
        return RunReport(self._instance.connector, cut=not self._goes_on(), waiting=Count(waiting), files=tuple(reports))

    async def _tell(self, trouble: Trouble) -> None:
        """Kept when it changes, and once a minute; a poll does not fail for it."""
        now = Micros(self._clock.now_us())
        if self._told is None or self._told[0] is not trouble or now - self._told[1] >= _TOLD_US:
            with suppress(HubError):
                await self._store.polled(trouble, now)
                self._told = (trouble, now)

    async def _fetched_back(self, source: FileSource, wanted: Mapping[bytes, UUID]) -> list[RemoteFile]:
        """The refused files that are to be read again, from where they lie: by their mark first, then by what is in them."""
        left, found = set(wanted), list[RemoteFile]()
        marks = tuple(f".{digest[:4].hex()}" for digest in wanted)
        for file in sorted(await source.list(_REFUSED), key=lambda file: not any(mark in file.name for mark in marks)):
            if not left:
                break
            digest = await self._digest(source, file)
            if digest not in left:
                continue
            left.discard(digest)
            moved = await source.stat(await source.move(file.name, ".", digest[:4].hex()))
            if (moved.size, moved.mtime) == (file.size, file.mtime):  # else it is another, and seen as what it is
                found.append(moved)
        return found

    async def _digest(self, source: FileSource, file: RemoteFile) -> bytes:
        blocks: list[bytes] = []
        async with aclosing(source.read(file.name)) as reading:
            async for block in reading:
                blocks.append(self._keyed("drop-block", block))
                if file.size > LARGEST_FILE:
                    break
        return self._digest_of(file, blocks)

    def _digest_of(self, file: RemoteFile, blocks: Sequence[bytes]) -> bytes:
        if file.size > LARGEST_FILE:
            return self._keyed("drop-file-too-large", b"%d" % file.size + b"".join(blocks))
        return self._keyed("drop-file", b"".join(blocks))

    async def _give_up(self, wanted: Mapping[bytes, UUID]) -> None:
        """What was to be read again and lies nowhere any more stays refused, and says so."""
        for drop_id in wanted.values():
            await self._store.gone(drop_id, _MISSING, self._clock.now_us())

    async def _take_all(
        self, source: FileSource, files: Sequence[RemoteFile]
    ) -> tuple[list[FileReport], Retry | Misconfigured | None]:
        """Every file gets its turn; the first failure is raised when all had theirs, so that one file holds up no other."""
        reports: list[FileReport] = []
        failed: Retry | Misconfigured | None = None
        for file in files:
            if not self._goes_on():
                break
            try:
                reports.append(await self._take(source, file))
            except Drifted as drifted:
                return reports, drifted  # what comes after it waits where it lies
            except (Retry, Misconfigured) as error:
                failed = failed or error
        return reports, failed

    async def _ready(self, source: FileSource, files: Sequence[RemoteFile]) -> tuple[list[RemoteFile], int]:
        """What can be taken now, and how many are not; a page is at rest, whatever it is called.

        Of a file in parts all must be at rest, or be taken already, before any is: a sender who is still busy is waited for.
        """
        if isinstance(source, PageSource):
            return list(files), 0
        ready, waiting = self._settled(files)
        if all(group.whole for group in parts_of(file.name for file in ready)):
            return ready, waiting
        taken = {file.name.rpartition("/")[2] for file in await source.list(_DONE)}
        whole = {name for group in parts_of({*taken, *(file.name for file in ready)}) if group.whole for name in group.names}
        there = [file for file in ready if file.name in whole]
        return there, waiting + len(ready) - len(there)

    def _settled(self, files: Sequence[RemoteFile]) -> tuple[list[RemoteFile], int]:
        now = Micros(self._clock.now_us())
        seen: dict[str, tuple[RemoteFile, Micros]] = {}
        ready: list[RemoteFile] = []
        for file in files:
            if not self._wanted(file.name):
                continue
            before, since = self._seen.get(file.name, (None, now))
            seen[file.name] = (file, since if before == file else now)
            if before == file and now - since >= self._instance.settle_s * 1_000_000:
                ready.append(file)
        self._seen = seen
        return ready, len(seen) - len(ready)

    def _wanted(self, name: str) -> bool:
        hidden = name.startswith(".") or name.lower().endswith(_UNFINISHED)
        return not hidden and fnmatch.fnmatchcase(name.lower(), self._instance.pattern.lower())

    async def _take(self, source: FileSource, file: RemoteFile) -> FileReport:
        drop: Drop | None = None
        try:
            agreed = await self._store.agreed()
            if agreed is not None and self._stopped_at == (file, self._mapping.version, agreed):
                raise Drifted  # nothing has changed since: it is not read again
            look = await self._look(source, file, agreed)
            await self._hold_to(look, agreed)
            drop = await self._claim(look)
            if drop.state == "refused" or look.layout is None:
                await self._move(source, look, _REFUSED)
                outcome = Outcome.refused if drop.new else Outcome.known
                return FileReport(drop.drop_id, outcome, look.refused)
            if drop.state == "done":
                await self._move(source, look, _DONE)
                return FileReport(drop.drop_id, Outcome.known)
            return await self._admit(source, look, look.layout, drop)
        except _Changed:
            if drop is not None:
                await self._store.stuck(drop.drop_id, _CHANGED, self._clock.now_us())
            self._seen.pop(file.name, None)
            return FileReport(drop.drop_id if drop else None, Outcome.changed, _CHANGED)
        except _Cut:
            return FileReport(drop.drop_id if drop else None, Outcome.cut)
        except Conflict:
            return FileReport(drop.drop_id if drop else None, Outcome.contended)

    async def _hold_to(self, look: _Look, agreed: FileColumns | None) -> None:
        """Raises `Drifted` where a file that nobody took yet has other columns than were agreed on.

        Under a mended mapping the first file that it can read tells what is agreed on from then on.
        """
        seen = look.columns
        if seen is None or agreed is None or (seen.readable and seen.mapping != agreed.mapping):
            return
        foreign = not self._mapping.columns & set(seen.names)  # no list of ours at all: it is refused
        if foreign or drift_of(agreed, seen) is None or await self._store.known(look.digest) == "done":
            return
        await self._store.changed(seen, self._clock.now_us())
        self._stopped_at = (look.file, seen.mapping, agreed)
        raise Drifted

    async def _look(self, source: FileSource, file: RemoteFile, agreed: FileColumns | None) -> _Look:
        inspector = self._format.inspect(self._mapping.columns, self._mapping.required)
        blocks: list[bytes] = []
        too_large, read = file.size > LARGEST_FILE, 0
        async with aclosing(source.read(file.name)) as reading:
            async for block in reading:
                blocks.append(self._keyed("drop-block", block))
                read += len(block)
                if too_large:
                    break
                if read > file.size:
                    raise _Changed
                for start in range(0, len(block), _PIECE):
                    inspector.feed(block[start : start + _PIECE])
                    await asyncio.sleep(0)
        if await source.stat(file.name) != file:
            raise _Changed
        digest = self._digest_of(file, blocks)
        if too_large:
            return _Look(file, digest, blocks, None, _TOO_LARGE)
        mapping, keyed = self._mapping, self._keyed
        try:
            layout = await asyncio.to_thread(inspector.finish)  # a workbook is opened only now
            columns = columns_of(inspector, mapping, keyed, readable=True, was=agreed)
            return _Look(file, digest, blocks, layout, None, columns=columns)
        except Malformed as wrong:
            columns = columns_of(inspector, mapping, keyed, readable=False, was=agreed)
            code = ReasonCode(wrong.faults[0].code if wrong.faults else "WAARDE_ONGELDIG")
            missing = tuple(
                fault.where for fault in wrong.faults if fault.code == _HEADER and fault.where in self._mapping.columns
            )
            strange = tuple(fault.where for fault in wrong.faults if fault.code == _STRANGE)
            return _Look(file, digest, blocks, None, code, missing, strange, columns)

    async def _claim(self, look: _Look) -> Drop:
        now = Micros(self._clock.now_us())
        (drop_id,) = new_ids(1, now, self._entropy(8))
        lines, ignored = (look.layout.lines, look.layout.ignored) if look.layout else (0, 0)
        drop = await self._store.claim(
            drop_id,
            look.digest,
            refused=look.refused,
            missing=look.missing,
            strange=look.strange,
            lines=lines,
            ignored=ignored,
            now_us=now,
        )
        if look.columns is not None and look.layout is not None and drop.state == "taken":
            await self._store.agree(look.columns, now)
        return drop

    async def _admit(self, source: FileSource, look: _Look, layout: Layout, drop: Drop) -> FileReport:
        look.place = drop.rows_done
        accepted = quarantined = duplicate = 0
        async with aclosing(self._chunks(source, look, layout, drop)) as chunks:
            admitting = self._way.admit_list(chunks, self._mapping, self._intake)
            try:
                async for admitted in admitting:
                    accepted += admitted.tally.accepted
                    quarantined += admitted.tally.quarantined
                    duplicate += admitted.tally.duplicate
            finally:
                if isinstance(admitting, AsyncGenerator):  # the port asks no more than an iterator
                    await admitting.aclose()
        if await source.stat(look.file.name) != look.file:
            raise _Changed
        await self._store.finish(drop.drop_id, look.place, self._clock.now_us())
        await self._move(source, look, _DONE)
        return FileReport(
            drop.drop_id,
            Outcome.done,
            None,
            Count(look.rows),
            Count(accepted),
            Count(quarantined),
            Count(duplicate),
            Count(layout.ignored),
        )

    async def _chunks(self, source: FileSource, look: _Look, layout: Layout, drop: Drop) -> AsyncGenerator[Received, None]:
        rows: list[Row] = []
        async with aclosing(self._rows(source, look, layout)) as reading:
            async for some in reading:
                rows += (row for row in some if row.number > drop.rows_done)
                while len(rows) >= CHUNK:
                    self._check_goes_on()
                    yield self._received(look, drop, rows[:CHUNK])
                    del rows[:CHUNK]
        if rows:
            self._check_goes_on()
            yield self._received(look, drop, rows)

    def _check_goes_on(self) -> None:
        if not self._goes_on():
            raise _Cut

    async def _rows(self, source: FileSource, look: _Look, layout: Layout) -> AsyncGenerator[list[Row], None]:
        reader = self._format.read(layout, self._mapping.columns)
        number = 0
        async with aclosing(source.read(look.file.name)) as reading:
            async for block in reading:
                if number >= len(look.blocks) or self._keyed("drop-block", block) != look.blocks[number]:
                    raise _Changed
                number += 1
                for start in range(0, len(block), _PIECE):
                    yield reader.feed(block[start : start + _PIECE])
                    await asyncio.sleep(0)
        if number != len(look.blocks):
            raise _Changed
        yield await asyncio.to_thread(reader.finish)

    def _received(self, look: _Look, drop: Drop, rows: list[Row]) -> Received:
        now = Micros(self._clock.now_us())
        (request_id,) = new_ids(1, now, self._entropy(8))
        place = DropPlace(drop.drop_id, self._instance.connector, look.place, rows[-1].number)
        look.place = rows[-1].number
        look.rows += len(rows)
        instance = self._instance
        return Received(instance.party, instance.log_id, Interface.file, request_id, now, tuple(rows), place)

    async def _move(self, source: FileSource, look: _Look, folder: str) -> None:
        suffix = look.digest[:4].hex()
        moved = await source.move(look.file.name, folder, suffix, marked=folder == _REFUSED)
        found = await source.stat(moved)
        if (found.size, found.mtime) != (look.file.size, look.file.mtime):
            # The sender put another file in its place at the last moment: it goes back, to be seen as what it is.
            await source.move(moved, ".", suffix)
            raise Retry(
                "A file was replaced while the hub moved it.", "The new one is back in its place.", "The next poll takes it."
            )
        self._seen.pop(look.file.name, None)
