"""The inbox in PostgreSQL: what was brought, sealed, until it is read or its time is over."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.connector.files import BLOCK
from hub.db import Connection, fetch, transaction
from hub.domain.ids import new_ids
from hub.domain.terms import ConnectorId, LogId, PartyId
from hub.errors import HubError, Malformed, Retry, Tampered
from hub.ports import Claim, Clock, Entropy, KeyedDigest
from hub.receive.inbox.brought import Brought
from hub.receive.inbox.content import Content, Full, Seal, bound
from hub.running.store import ring

MOST_ITEMS: Final = 200
"""Items of one instance that wait to be read."""
MOST_BYTES: Final = 1 << 30
"""Bytes of one instance that are kept: what waits, and what was refused."""
KEPT_US: Final = 30 * 86_400_000_000
"""How long content that could not be read is kept, and a repetition of what was read is known as one."""
HELD_US: Final = 86_400_000_000
"""After this long nobody writes into the log any more that something was uploaded: it broke off, and is nobody's."""

Door = Literal["webhook", "mail", "upload"]
State = Literal["held", "waiting", "refused", "done"]

_ALONE = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_KNOWN = "SELECT item_id, digest FROM receive_inbox WHERE log_id = $1 AND connector = $2 AND key_digest = $3"
_HERE = """
SELECT count(*) FILTER (WHERE state IN ('held', 'waiting')), coalesce(sum(size), 0)
FROM receive_inbox WHERE log_id = $1 AND connector = $2 AND state IN ('held', 'waiting', 'refused')
"""
_PUT = """
INSERT INTO receive_inbox (log_id, party_id, item_id, connector, protocol, state, size, digest, key_digest, key_version,
    received_us, updated_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
"""
_BLOCK = "INSERT INTO receive_inbox_block (log_id, party_id, item_id, number, sealed) VALUES ($1, $2, $3, $4, $5)"
_SHOW = """
UPDATE receive_inbox AS held SET state = 'waiting', updated_us = new.us
FROM unnest($1::uuid[], $2::bigint[]) AS new (item_id, us) WHERE held.item_id = new.item_id AND held.state = 'held'
"""
_LIST = """
SELECT item_id, state, mark, size, received_us FROM receive_inbox
WHERE log_id = $1 AND connector = $2 AND party_id = $3 AND state = $4 ORDER BY received_us, item_id LIMIT $5
"""
_FIND = """
SELECT item_id, state, mark, size, received_us FROM receive_inbox
WHERE log_id = $1 AND connector = $2 AND party_id = $3 AND item_id = $4 AND state <> 'held'
"""
_OPEN = "SELECT sealed FROM receive_inbox_block WHERE item_id = $1 AND number = $2"
_MOVE = """
UPDATE receive_inbox SET state = $5, mark = $6, updated_us = $7
WHERE log_id = $1 AND connector = $2 AND party_id = $3 AND item_id = $4 AND state IN ('waiting', 'refused')
"""
_EMPTY = "DELETE FROM receive_inbox_block WHERE item_id = $1"
_PURGE = """
DELETE FROM receive_inbox
WHERE log_id = $1 AND (state IN ('refused', 'done') AND updated_us < $2 OR state = 'held' AND updated_us < $3)
RETURNING item_id
"""


class AnotherBody(Malformed):
    """Under the id of what was brought before, something else was brought."""

    def __init__(self) -> None:
        super().__init__(
            "The content was refused.", "Its id stands for other content that came before.", "Give each message its own id."
        )


@dataclass(frozen=True, slots=True)
class Kept:
    """An item that is here, durable; `new` unless it was brought before under the same id."""

    item_id: UUID
    new: bool


@dataclass(frozen=True, slots=True)
class Item:
    """An item as it stands. `mark` was given when it was set apart; `received_us` when it came."""

    item_id: UUID
    state: State
    mark: str
    size: int
    received_us: int


class Inbox:
    """What was brought. `seal` and `opens` are the vault's for what names nobody, under key `key_version`."""

    def __init__(
        self,
        engine: AsyncEngine,
        log_id: LogId,
        seal: Seal,
        opens: Seal,
        key_version: int,
        keyed: KeyedDigest,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        self._engine, self._log_id = engine, log_id
        self._seal, self._opens, self._key_version = seal, opens, key_version
        self._keyed, self._clock, self._entropy = keyed, clock, entropy

    def begin(self) -> Content:
        """Content that starts to come in."""
        return Content(new_ids(1, self._clock.now_us(), self._entropy(8))[0], self._seal, self._keyed)

    async def check_room(self, brought: Brought) -> None:
        """Raises Full where nothing more is taken in for this instance, so that whoever brings it need not send it."""
        (row,) = await fetch(self._engine, _HERE, self._log_id, brought.connector)
        _check_room(row, 0, 0)

    async def keep(
        self, brought: Brought, door: Door, contents: Sequence[Content], key: bytes | None = None, *, held: bool = False
    ) -> list[Kept]:
        """Durable when this returns, all of it or none.

        `key` is the sender's own id of one item: the same id with the same content is kept once. What is `held` is not read
        before `show` has become true of it. Raises Full, AnotherBody, errors.Retry.
        """
        now = int(self._clock.now_us())
        key_digest = None if key is None else self._keyed("inbox-key", f"{self._log_id}\0{brought.connector}\0".encode() + key)
        async with transaction(self._engine) as connection:
            await connection.raw.execute(_ALONE, f"inbox:{self._log_id}:{brought.connector}")
            if key_digest is not None:
                known = await connection.raw.fetchrow(_KNOWN, self._log_id, brought.connector, key_digest)
                if known is not None:
                    if not compare_digest(bytes(known[1]), contents[0].digest):
                        raise AnotherBody
                    return [Kept(UUID(bytes=known[0].bytes), new=False)]
            here = await connection.raw.fetchrow(_HERE, self._log_id, brought.connector)
            _check_room(here, len(contents), sum(one.size for one in contents))
            for content in contents:
                await self._put(connection, brought, door, content, key_digest, "held" if held else "waiting", now)
        if not held:
            await self.ring(brought.connector)
        return [Kept(content.item_id, new=True) for content in contents]

    async def _put(
        self,
        connection: Connection,
        brought: Brought,
        door: Door,
        content: Content,
        key_digest: bytes | None,
        state: State,
        now: int,
    ) -> None:
        whose = (self._log_id, brought.party, content.item_id)
        await connection.raw.execute(
            _PUT,
            *(*whose, brought.connector, door, state),
            *(content.size, content.digest, key_digest, self._key_version, now),
        )
        for number, sealed in enumerate(content.sealed):  # one at a time: a driver's copy of all of them would be as much again
            await connection.raw.execute(_BLOCK, *whose, number, sealed)

    async def ring(self, connector: ConnectorId) -> None:
        """Whoever reads what is brought to it looks at once; where they do not hear it, they look in their own time."""
        with suppress(HubError):
            await ring(self._engine, connector)

    def show(self, kept: Sequence[Kept]) -> Claim:
        """The condition that what was held is still here; with it, it is read from now on."""
        now = int(self._clock.now_us())
        return Claim(_SHOW, [(one.item_id, now) for one in kept])

    async def items(self, connector: ConnectorId, party: PartyId, state: State, most: int) -> list[Item]:
        """Those in this state, the oldest first."""
        rows = await fetch(self._engine, _LIST, self._log_id, connector, party, state, most)
        return [Item(UUID(bytes=row[0].bytes), *row[1:]) for row in rows]

    async def find(self, connector: ConnectorId, party: PartyId, item_id: UUID) -> Item | None:
        """One of them, however it stands."""
        rows = await fetch(self._engine, _FIND, self._log_id, connector, party, item_id)
        return Item(UUID(bytes=rows[0][0].bytes), *rows[0][1:]) if rows else None

    async def blocks(self, item: Item, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """Its content from `offset`, opened, in blocks of `BLOCK` bytes. Raises errors.Tampered; errors.Retry when it went."""
        rest, skip = b"", offset % BLOCK
        for number in range(offset // BLOCK, -(-item.size // BLOCK)):
            rest += (await self._block(item, number))[skip:]
            skip = 0
            if len(rest) >= BLOCK:
                yield rest[:BLOCK]
                rest = rest[BLOCK:]
        if rest:
            yield rest

    async def _block(self, item: Item, number: int) -> bytes:
        rows = await fetch(self._engine, _OPEN, item.item_id, number)
        if not rows and not await fetch(self._engine, _OPEN, item.item_id, 0):
            raise gone()
        opened = self._opens(bytes(rows[0][0]), bound(item.item_id, number)) if rows else b""
        if len(opened) != min(BLOCK, item.size - number * BLOCK):
            raise Tampered("What was brought is not whole.", "A part of it is gone.", "Call the privacy officer.")
        return opened

    async def move(self, connector: ConnectorId, party: PartyId, item_id: UUID, state: State, mark: str) -> None:
        """From now on it stands so; what is done loses its content with it. Raises errors.Retry when it is gone."""
        now = int(self._clock.now_us())
        async with transaction(self._engine) as connection:
            moved = await connection.raw.execute(_MOVE, self._log_id, connector, party, item_id, state, mark, now)
            if moved != "UPDATE 1":
                raise gone()
            if state == "done":
                await connection.raw.execute(_EMPTY, item_id)

    async def purge(self, now_us: int) -> int:
        """Forgets what was refused, and what was read, too long ago. Gives how many items went."""
        return len(await fetch(self._engine, _PURGE, self._log_id, now_us - KEPT_US, now_us - HELD_US))


def gone() -> Retry:
    """An item that is not here, or not any more."""
    return Retry("What was brought is gone.", "It was read, or kept too long, meanwhile.", "The next poll looks again.")


def _check_room(row: Sequence[int] | None, items: int, size: int) -> None:
    waiting, kept = (int(row[0]), int(row[1])) if row is not None else (0, 0)
    if waiting + max(items, 1) > MOST_ITEMS or kept + size > MOST_BYTES:
        raise Full
