"""The sole writer of the log: group commit over work items, without a timer.

One committer per process takes whatever queued up while the last commit was on its way (at most 500 entries, or one item) and
makes it durable in one transaction: claims and rows first, then under the head's lock the entries, the tiles they complete and
a signed checkpoint. Callers hear of it after the high-water mark is on disk. An item's conflict fails that item alone.
"""

from __future__ import annotations

import asyncio
from array import array
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import origins, store
from hub.audit.checkpoint import make_checkpoint, make_receipt
from hub.audit.entry import complete
from hub.audit.highwater import HighWater, Mark
from hub.audit.tiles import Edge, Prover, Tile, tiles_needed
from hub.audit.tree import leaf_hash
from hub.db import CommitUnknown, Connection, transaction
from hub.domain.stages import Recorded
from hub.domain.terms import LogId, PartyId
from hub.errors import Conflict, HubError, Misconfigured, Retry, Tampered
from hub.observe import Event, current_trace, emit, report
from hub.ports import Claim, Clock, Entropy, RowSet, Signer, WorkItem

MOST_ENTRIES = 500
MOST_QUEUED = 20_000
LONGEST_WAIT_S = 10.0
"""Who has waited this long for a turn is told to come again, rather than hang behind a database that is stuck."""
_MARK_S = 10.0
_CATCH_UP = 50_000
_FORK = "Stop; compare with the checkpoints that partners hold; see ops/runbooks/log-restore.md."


@dataclass(slots=True)
class _Waiter:
    item: WorkItem
    trace: Sequence[RowSet]
    done: asyncio.Future[Recorded]
    until: float

    @property
    def weight(self) -> int:
        """How much of the queue it takes: an item without entries is work too."""
        return max(1, len(self.item.entries))


@dataclass(frozen=True, slots=True)
class _Appended:
    """What one commit added: the rows of its entries, and the edge and checkpoint after it."""

    edge: Edge
    checkpoint: str
    tiles: Sequence[Tile]
    rows: Sequence[tuple[Any, ...]]
    us: int


Promised = Callable[[], Awaitable[Sequence[Mark]]]
"""What others say that this log, under its present name, promised them: the largest trees that witnesses cosigned."""


class Committer:
    """Writes one log; satisfies `hub.ports.Recorder`. `start` before use; one per process, any number of processes."""

    def __init__(
        self,
        engine: AsyncEngine,
        log_id: LogId,
        operator: PartyId,
        signer: Signer,
        clock: Clock,
        entropy: Entropy,
        high_water: HighWater,
    ) -> None:
        self._engine = engine
        self._log_id = log_id
        self._operator = operator
        self._signer = signer
        self._clock = clock
        self._entropy = entropy
        self._high_water = high_water
        self._edge = Edge()
        self._queue: deque[_Waiter] = deque()
        self._queued = 0
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._halted: Tampered | None = None
        self._heeded: Callable[[], None] | None = None

    @property
    def log_id(self) -> LogId:
        return self._log_id

    async def start(
        self, *, unmarked: bool = False, promised: Promised | None = None, follows: str | None = None, region: str = ""
    ) -> None:
        """Opens the log and checks it against itself and against what was promised: by the mark, and to others.

        Raises Tampered when the head is lower than, or not a continuation of, what was promised before; when a log that has
        entries has no mark any more, unless somebody says with `unmarked` that it is to be marked as it stands; and while an
        alarm stands. `follows` is the key that signed the log so far, where this hub's takes over.
        """
        others = () if promised is None else await promised()
        async with transaction(self._engine) as connection:
            await store.open_log(connection, self._log_id, self._operator)
            head = await store.lock_head(connection, self._log_id)
            if head.alarmed:
                raise _alarmed()
            self._edge = await store.rebuild_edge(connection, self._log_id, head.size)
            _same(self._edge, head)
            mark = await asyncio.to_thread(self._high_water.read)
            for each in (*others, *(() if mark is None else (mark,))):
                await store.check_continues(connection, self._log_id, Mark(head.size, head.root), each)
            note = await store.newest_checkpoint(connection, self._log_id)
            store.check_signed(note, follows or self._signer.vkey, head)
            if follows is None:
                now = int(self._clock.now_us())
                await origins.register(connection, self._log_id, self._operator, self._signer, now, region)
            if mark is None:
                if head.size and not unmarked:
                    raise Tampered(
                        "The log's high-water mark is missing.",
                        "Its file was removed or is another one, so nobody can say whether the log is all there.",
                        "Compare the log with the checkpoints that partners hold; only then run 'hub audit mark'.",
                    )
                try:
                    await self._promise(Mark(head.size, head.root))
                except OSError:
                    raise _unclear("The high-water mark cannot be written.") from None
        self._task = asyncio.create_task(self._run(), name="log committer")

    def heed(self, check: Callable[[], None]) -> None:
        """Asks `check` before anything is taken to be recorded: what it raises, the caller is told."""
        self._heeded = check

    def halt(self, error: Tampered) -> None:
        """Something is not what was signed: from here on nothing is recorded by this process, and everybody is told so."""
        self._halted = error
        while self._queue:
            self._fail(self._queue.popleft(), error)
        self._queued = 0

    async def stop(self) -> None:
        """Ends after the commit on its way; what still queues is answered with Retry."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        while self._queue:
            self._fail(self._queue.popleft(), _busy("The hub is stopping."))
        self._queued = 0

    async def record(self, item: WorkItem) -> Recorded:
        """Returns once the item is durable, in the tree, under a signed checkpoint, and below the high-water mark.

        Raises Tampered once the hub was halted.
        """
        if self._halted is not None:
            raise self._halted
        if self._heeded is not None:
            self._heeded()
        if self._task is None or self._task.done():
            raise _busy("The log is not open.")
        if self._queued > MOST_QUEUED:
            raise _busy("Too much waits for the log.")
        loop = asyncio.get_running_loop()
        trace = store.trace_rows(item, self._log_id, current_trace())
        waiter = _Waiter(item, trace, loop.create_future(), loop.time() + LONGEST_WAIT_S)
        self._queue.append(waiter)
        self._queued += waiter.weight
        self._arrived.set()
        return await waiter.done  # a caller that goes away takes its answer with it, and not the commit

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            batch = self._take()
            if not batch:
                if not self._queue:
                    self._arrived.clear()
                continue
            committing = asyncio.ensure_future(self._work_off(batch))
            try:
                await asyncio.shield(committing)
            except asyncio.CancelledError:
                await committing
                raise

    def _take(self) -> list[_Waiter]:
        batch: list[_Waiter] = []
        entries, now = 0, asyncio.get_running_loop().time()
        while self._queue and (not batch or entries + len(self._queue[0].item.entries) <= MOST_ENTRIES):
            waiter = self._queue.popleft()
            self._queued -= waiter.weight
            if waiter.until < now:
                self._fail(waiter, _busy("The log could not be written in time."))
                continue
            entries += len(waiter.item.entries)
            batch.append(waiter)
        return batch

    async def _work_off(self, batch: list[_Waiter]) -> None:
        """Every waiter of the batch gets an answer, whatever happens."""
        try:
            await self._settle(batch)
        except Exception as error:
            report(error)
        finally:
            for waiter in batch:
                self._fail(waiter, _unclear("The log's writer failed in a way that nobody foresaw."))

    async def _settle(self, batch: list[_Waiter], *, conflicts: bool = False) -> None:
        """Commits the batch; one in which someone was first without those, and what fails otherwise each alone."""
        try:
            committed, appended = await self._commit(batch, conflicts)
        except CommitUnknown:
            await self._look_up(batch)
        except Exception as error:
            away = isinstance(error, Retry) and not isinstance(error, Conflict)
            if away:
                emit(Event.log_unavailable)
            if len(batch) > 1 and isinstance(error, Conflict) and not conflicts:
                await self._settle(batch, conflicts=True)
            elif len(batch) > 1 and not away:  # one bad item must not fail its neighbours: try each alone
                for waiter in batch:
                    await self._settle([waiter])
            else:
                for waiter in batch:
                    self._fail(waiter, error if isinstance(error, HubError) else _busy("The log refused the item."))
        else:
            await self._answer(committed, appended)

    async def _look_up(self, batch: list[_Waiter]) -> None:
        """The connection went while committing: ask the log what it holds, before anyone is told anything."""
        for waiter in batch:
            request_id = waiter.item.request_id
            try:
                async with transaction(self._engine) as connection:
                    # Where the commit is still on its way it holds the head; who gets the head knows how it ended.
                    head = await store.lock_head(connection, self._log_id)
                    found = await store.find_request(connection, self._log_id, request_id)
                    checkpoint = await store.newest_checkpoint(connection, self._log_id) or ""
                    places = await store.locate(connection, self._log_id, [draft.ref for draft in waiter.item.entries])
                    edge = await self._caught_up(connection, head)
                    wanted = [places[ref].seq for ref in waiter.item.receipts if ref in places]
                    needed = tiles_needed(wanted, head.size)
                    prover = await store.prover(connection, self._log_id, head.size, needed, edge)
                if found is None:
                    self._fail(waiter, _busy("The database went away before the log was written."))
                    continue
                await self._promise(Mark(head.size, head.root))
            except (Retry, OSError):
                self._fail(waiter, _unclear("The database went away while the log was written."))
                continue
            except HubError as wrong:
                self._fail(waiter, wrong)
                continue
            receipts = {
                ref: make_receipt(entry.seq, prover.inclusion(entry.seq), checkpoint)
                for ref, entry in places.items()
                if ref in waiter.item.receipts
            }
            entries = {ref: places[ref].body.decode() for ref in receipts}
            self._resolve(waiter, Recorded(self._log_id, request_id, found.size, checkpoint, receipts, entries))

    async def _commit(self, batch: list[_Waiter], conflicts: bool) -> tuple[list[_Waiter], _Appended]:
        """What was committed of the batch: all of it, or with `conflicts` what nobody else was first with."""
        async with transaction(self._engine, swallows=False) as connection:
            await store.run_all(connection, [touch for waiter in batch for touch in waiter.item.touches])
            if conflicts:
                batch = await self._claimed(connection, batch)
            elif not await store.claim_all(connection, _claims(batch)):
                raise _first()
            items = [waiter.item for waiter in batch]
            await store.write_rows(connection, [rows for each in batch for rows in (*each.item.rows, *each.trace)])
            appended = await self._append(connection, items)
            await store.add_requests(connection, self._log_id, items, appended.edge.size, appended.us)
            await store.run_all(connection, [closing for item in items for closing in item.closing])
        self._edge = appended.edge
        return batch, appended

    async def _claimed(self, connection: Connection, batch: list[_Waiter]) -> list[_Waiter]:
        """Those whose conditions hold, found by halves in one transaction; the others are told that someone was first.

        However many a partner repeats at once, its neighbours pay no commit for it.
        """
        trying = connection.raw.transaction()
        await trying.start()
        if await store.claim_all(connection, _claims(batch)):
            await trying.commit()
            return batch
        await trying.rollback()
        if len(batch) == 1:
            self._fail(batch[0], _first())
            return []
        half = len(batch) // 2
        return await self._claimed(connection, batch[:half]) + await self._claimed(connection, batch[half:])

    async def _answer(self, batch: list[_Waiter], appended: _Appended) -> None:
        """What is committed is promised on disk, then told."""
        if appended.rows:
            try:
                await self._promise(Mark(appended.edge.size, appended.edge.root))
            except OSError:
                emit(Event.log_unavailable)
                for waiter in batch:
                    self._fail(waiter, _unclear("The high-water mark cannot be written."))
                return
        prover: Prover | None = None
        places: dict[UUID, int] = {}
        for waiter in batch:
            receipts: dict[UUID, str] = {}
            entries: dict[UUID, str] = {}
            if waiter.item.receipts:
                if prover is None:
                    tiles = {(tile.level, tile.index): tile.hashes for tile in appended.tiles}
                    prover = Prover(appended.edge.size, tiles, appended.edge.nodes)
                    places = {row[3]: row[2] for row in appended.rows}
                for draft in waiter.item.entries:
                    if draft.ref not in waiter.item.receipts:
                        continue
                    place = places[draft.ref]
                    receipts[draft.ref] = make_receipt(place, prover.inclusion(place), appended.checkpoint)
                    entries[draft.ref] = complete(draft, appended.us).decode()
            self._resolve(
                waiter,
                Recorded(self._log_id, waiter.item.request_id, appended.edge.size, appended.checkpoint, receipts, entries),
            )

    async def _promise(self, mark: Mark) -> None:
        """The mark, on disk; TimeoutError, an OSError, where the disk does not answer."""
        await asyncio.wait_for(asyncio.to_thread(self._high_water.raise_to, mark), _MARK_S)

    async def _append(self, connection: Connection, items: Sequence[WorkItem]) -> _Appended:
        """Under the head's lock: the entries, in an order that tells nothing of who stood beside whom in a list."""
        drafts = [(item.party, draft) for item in items for draft in item.entries]
        if not drafts:
            note = await store.newest_checkpoint(connection, self._log_id)
            return _Appended(self._edge, note or "", (), (), int(self._clock.now_us()))
        shuffle = array("Q", self._entropy(8 * len(drafts)))
        order = sorted(range(len(drafts)), key=shuffle.__getitem__)
        head = await store.lock_head(connection, self._log_id)
        if self._halted is not None or head.alarmed:
            raise self._halted or _alarmed()
        if head.vkey not in (None, self._signer.vkey):
            raise Misconfigured(
                "The log goes on under another key than this process signs with.",
                "Its key or name was replaced while this process worked.",
                "Set HUB_LOG_KEY and HUB_LOG_ORIGIN to the new ones and start it again.",
            )
        edge = await self._caught_up(connection, head)
        us = max(int(self._clock.now_us()), head.last_us)
        digits = b"%016d" % us
        bodies = [drafts[nth][1].head + digits + drafts[nth][1].tail for nth in order]
        leaves = [leaf_hash(body) for body in bodies]
        after, tiles = edge.extend(leaves)
        checkpoint = make_checkpoint(self._signer, after.size, after.root)
        rows = [
            (self._log_id, drafts[nth][0], head.size + place, drafts[nth][1].ref, leaf, body)
            for place, (nth, leaf, body) in enumerate(zip(order, leaves, bodies, strict=True))
        ]
        await store.append(connection, self._log_id, self._operator, rows, tiles, after, us, checkpoint)
        return _Appended(after, checkpoint, tiles, rows, us)

    async def _caught_up(self, connection: Connection, head: store.Head) -> Edge:
        """The edge at the head: ours, or ours with what other processes added since."""
        edge = self._edge
        if edge.size + _CATCH_UP < head.size:
            edge = await store.rebuild_edge(connection, self._log_id, head.size)
            mark = Mark(self._edge.size, self._edge.root)
            await store.check_continues(connection, self._log_id, Mark(head.size, head.root), mark)
        elif edge.size < head.size:
            edge = edge.extend(await store.leaves(connection, self._log_id, edge.size, head.size))[0]
        _same(edge, head)
        return edge

    def _resolve(self, waiter: _Waiter, recorded: Recorded) -> None:
        if not waiter.done.done():
            waiter.done.set_result(recorded)

    def _fail(self, waiter: _Waiter, error: Exception) -> None:
        if not waiter.done.done():
            waiter.done.set_exception(error)


def _same(edge: Edge, head: store.Head) -> None:
    if edge.size != head.size or edge.root != head.root:
        raise Tampered("The log's head is not what its entries lead to.", "Entries, tiles or head were changed.", _FORK)


def _alarmed() -> Tampered:
    return Tampered(
        "What is stored of the log is not what was signed.",
        "A process of this hub found it; since then nothing is recorded.",
        "Stop every process, keep everything, and run 'hub audit check'; see ops/runbooks/log-restore.md.",
    )


def _claims(batch: Sequence[_Waiter]) -> list[Claim]:
    return [claim for waiter in batch for claim in waiter.item.claims]


def _first() -> Conflict:
    return Conflict("Someone else recorded the same first.")


def _unclear(what: str) -> Retry:
    return Retry(what, "What was sent may be recorded; nothing left the hub.", "Repeat the same call in a few seconds.")


def _busy(what: str) -> Retry:
    return Retry(what, "Nothing was recorded, so nothing left the hub.", "Repeat the same call in a few seconds.")
