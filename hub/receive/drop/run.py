"""One run of a connector that fetches: its files, counted into the history, its calls at the pace agreed with the partner."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Final
from uuid import UUID

from hub.connector import FileSource, PageSource, RemoteFile
from hub.domain.stages import Received
from hub.domain.terms import ConnectorId, Count
from hub.observe import Event, emit
from hub.ports import Claim, Tally
from hub.receive.drop.poll import Drops, FileReport, Outcome
from hub.receive.drop.store import DropIntake, DropStore
from hub.running import model
from hub.running.model import RunContext
from hub.running.store import claim_counted

_SAID: Final = {
    Outcome.done: Event.drop_done,
    Outcome.known: Event.drop_known,
    Outcome.refused: Event.drop_refused,
    Outcome.changed: Event.drop_seen,
    Outcome.contended: Event.drop_seen,
    Outcome.cut: Event.drop_seen,
}
_DEALT_WITH: Final = frozenset({Outcome.done, Outcome.known, Outcome.refused})

Open = Callable[[], Awaitable[FileSource]]


class LeasedStore(DropStore):
    """The memory of the files of an instance that `hub.running` gives to one worker alone: it takes no lock of its own."""

    @contextlib.asynccontextmanager
    async def alone(self) -> AsyncIterator[bool]:
        """This worker has it."""
        yield True


class _Counting(DropIntake):
    """Counts rows into a run in the history too."""

    def __init__(self, run_id: UUID) -> None:
        self._run_id = run_id

    def claims(self, received: Received, tally: Tally, /) -> Sequence[Claim]:
        return (*super().claims(received, tally), claim_counted(self._run_id, len(received.rows), tally))


class FileRuns:
    """The runs of one instance. `drops_of` makes its reader, given how its source is opened, which `connect` says.

    A file that is not at rest is looked at again after `rest_s`, at most `looks` times in a run; the next run goes on.
    """

    def __init__(self, connect: Open, drops_of: Callable[[Open], Drops], *, rest_s: float, looks: int = 0) -> None:
        self._connect, self._drops = connect, drops_of(self._open)
        self._rest_s, self._looks = rest_s, looks
        self._context: RunContext | None = None

    @property
    def connector(self) -> ConnectorId:
        """Whose runs these are."""
        return self._drops.connector

    async def __call__(self, context: RunContext) -> model.RunReport:
        """One run. Raises errors.Retry or errors.Misconfigured; the next one goes on where this ended."""
        self._context = context
        files = refused = looks = 0
        while True:
            found = await self._drops.poll_once(context.goes_on, _Counting(context.run_id))
            files += sum(1 for one in found.files if one.outcome in _DEALT_WITH)
            refused += sum(1 for one in found.files if one.outcome is Outcome.refused)
            for file in found.files:
                tell(self.connector, file)
            looks += 1
            if not found.waiting or found.cut or looks > self._looks or not await self._rested(context):
                break
        return model.RunReport(Count(files), Count(refused), found.waiting, cut=found.cut)

    async def _rested(self, context: RunContext) -> bool:
        context.moved()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(context.stop.wait(), self._rest_s)
        context.moved()
        return context.goes_on()

    async def _open(self) -> FileSource:
        if (context := self._context) is None:
            return await self._connect()
        await context.turn()
        source = await self._connect()
        context.moved()
        return _WatchedPages(source, context) if isinstance(source, PageSource) else _Watched(source, context)


class _Watched:
    """A source whose calls go at the pace agreed with the partner, each a sign that the run gets on."""

    def __init__(self, source: FileSource, context: RunContext) -> None:
        self._source, self._context = source, context

    async def list(self, folder: str = ".") -> Sequence[RemoteFile]:
        await self._context.turn()
        found = await self._source.list(folder)
        self._context.moved()
        return found

    async def stat(self, name: str) -> RemoteFile:
        await self._context.turn()
        found = await self._source.stat(name)
        self._context.moved()
        return found

    async def read(self, name: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        await self._context.turn()
        async with aclosing(self._source.read(name, offset)) as blocks:
            async for block in blocks:
                self._context.moved()
                yield block

    async def move(self, name: str, folder: str, suffix: str, *, marked: bool = False) -> str:
        await self._context.turn()
        moved = await self._source.move(name, folder, suffix, marked=marked)
        self._context.moved()
        return moved

    async def close(self) -> None:
        await self._source.close()


class _WatchedPages(_Watched):
    """The same of pages."""

    def __init__(self, source: PageSource, context: RunContext) -> None:
        super().__init__(source, context)
        self._pages = source

    @property
    def more(self) -> bool:
        return self._pages.more

    async def stat(self, name: str) -> RemoteFile:
        return await self._pages.stat(name)  # of a page that is held: only `list` calls the partner

    async def read(self, name: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        async with aclosing(self._pages.read(name, offset)) as blocks:
            async for block in blocks:
                self._context.moved()
                yield block

    async def move(self, name: str, folder: str, suffix: str, *, marked: bool = False) -> str:
        return await self._pages.move(name, folder, suffix, marked=marked)


def tell(connector: ConnectorId, file: FileReport) -> None:
    """Says in the logs what became of a file."""
    emit(
        _SAID[file.outcome],
        connector=connector,
        rows=file.rows,
        accepted=file.accepted,
        quarantined=file.quarantined,
        duplicate=file.duplicate,
        columns_ignored=file.columns_ignored,
        drop=file.drop_id,
        reason=file.reason,
    )
    if file.quarantined:
        emit(Event.row_quarantined, connector=connector, rows=Count(file.quarantined))
