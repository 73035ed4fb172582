"""Reading the log: entries by their ref, receipts from stored tiles, what a request became, and the export for the verifier."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Mapping, Sequence
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import store
from hub.audit.checkpoint import make_receipt, open_note
from hub.audit.entry import EntryKind
from hub.audit.store import FoundRequest, Located, Pruned
from hub.audit.tiles import HEIGHT, WIDTH, Edge, Export, Prover, bundle, consistency_tiles_needed, tile_path, tiles_needed
from hub.audit.tree import HASH_BYTES, verify_inclusion
from hub.db import Connection, transaction
from hub.domain.stages import Held
from hub.domain.terms import LogId, PartyId, PurposeId, ReasonCode
from hub.errors import Refused, Tampered
from hub.ports import Outcome

_PAGE = 4096
_CATCH_UP = 50_000


class Log:
    """One log, for reading. `vkey` is the key its checkpoints are signed with."""

    def __init__(self, engine: AsyncEngine, log_id: LogId, vkey: str) -> None:
        self.engine = engine
        self.log_id = log_id
        self.vkey = vkey
        self._edge = Edge()

    async def locate(self, refs: Sequence[UUID]) -> dict[UUID, Located]:
        """The entries with these refs. Raises Tampered when one is missing: nothing may be shown that is not in the log."""
        async with transaction(self.engine) as connection:
            found = await store.locate(connection, self.log_id, refs)
        if len(found) != len(set(refs)):
            raise Tampered(
                "Something waits that the log does not know.", "Its entry is missing.", "Stop, and verify an export of the log."
            )
        return found

    async def found(self, refs: Sequence[UUID]) -> dict[UUID, Located]:
        """Those of these that are in the log: what the vault names before it is recorded may never have come to be."""
        async with transaction(self.engine) as connection:
            return await store.locate(connection, self.log_id, refs)

    async def find(self, ref: UUID) -> Located | None:
        """The entry with this ref, if there is one."""
        async with transaction(self.engine) as connection:
            return (await store.locate(connection, self.log_id, [ref])).get(ref)

    async def disclosed(self, recipient: PartyId, held: Sequence[Held]) -> dict[UUID, Located]:
        """The entries under which these may leave. Raises Tampered unless each is about this very payload and recipient."""
        located = await self.locate([one.delivery_id for one in held])
        for one in held:
            says = orjson.loads(located[one.delivery_id].body)
            written = (says["kind"], says.get("recipient"), says.get("source"), says.get("record"), says.get("digest"))
            digest = urlsafe_b64encode(one.digest).rstrip(b"=").decode()
            if written != (EntryKind.disclosure, recipient, one.source, one.record_kind, digest):
                raise Tampered(
                    "A delivery is not the one that its log entry speaks of.",
                    "Its recipient, source, kind or digest was changed.",
                    "Keep both; call the privacy officer.",
                )
        return located

    async def prove(self, located: Mapping[UUID, Located]) -> tuple[dict[UUID, str], str]:
        """A receipt (tlog-proof) per entry, all under the newest checkpoint, and that checkpoint.

        Raises Tampered where an entry is not what the signed tree was built over.
        """
        async with transaction(self.engine) as connection:
            note = await self._checkpoint(connection)
            checkpoint = open_note(note, self.vkey)
            needed = tiles_needed([entry.seq for entry in located.values()], checkpoint.size)
            edge = await self._edge_at(connection, checkpoint.size)
            prover = await store.prover(connection, self.log_id, checkpoint.size, needed, edge)
        receipts: dict[UUID, str] = {}
        for ref, entry in located.items():
            proof = prover.inclusion(entry.seq)
            verify_inclusion(entry.hash, entry.seq, checkpoint.size, proof, checkpoint.root)
            receipts[ref] = make_receipt(entry.seq, proof, note)
        return receipts, note

    async def consistent(self, older: int, newer: int) -> list[bytes]:
        """The proof (RFC 9162, 2.1.4) that the log at `newer` entries begins with what it was at `older`.

        Raises Refused unless 0 < older <= newer <= the size of the log, and where `older` lies in what was pruned.
        """
        async with transaction(self.engine) as connection:
            size = open_note(await self._checkpoint(connection), self.vkey).size
            if not 0 < older <= newer <= size:
                raise Refused(
                    "This proof cannot be made.", "The log does not have that many entries.", "Ask between sizes that it had."
                )
            (await store.pruned(connection, self.log_id)).check(older)
            # A tile that was open at `newer` may be complete by now: then it is read as such, and only its beginning is used.
            needed = {
                (level, index, min(WIDTH, (size >> HEIGHT * level) - index * WIDTH))
                for level, index, _ in consistency_tiles_needed(older, newer)
            }
            tiles = await store.stored_tiles(connection, self.log_id, needed)
            return Prover(newer, {**tiles, **(await self._edge_at(connection, size)).tiles}).consistency(older)

    async def bodies(self, start: int, stop: int) -> list[bytes]:
        """The entries from `start` up to `stop`, oldest first; empty where one was redacted, none for what was pruned."""
        async with transaction(self.engine) as connection:
            return await store.bodies(connection, self.log_id, start, stop)

    async def bundle(self, index: int, width: int) -> bytes | None:
        """The entries under level-0 tile `index` as a tlog-tiles bundle of `width`; None where the log has not that many.

        One that was redacted has length 0. Raises Refused where they were pruned.
        """
        if (index + 1) * WIDTH >= 1 << 63:  # more than any log can have, or any database can count
            return None
        async with transaction(self.engine) as connection:
            (await store.pruned(connection, self.log_id)).check(index * WIDTH)
            found = await store.bodies(connection, self.log_id, index * WIDTH, index * WIDTH + width)
        return bundle(found) if len(found) == width else None

    async def tile(self, level: int, index: int, width: int) -> bytes | None:
        """The first `width` hashes of a tile; None where the tree has not that many. Raises Refused where it was pruned."""
        async with transaction(self.engine) as connection:
            if level == 0:
                (await store.pruned(connection, self.log_id)).check(index * WIDTH)
            size = open_note(await self._checkpoint(connection), self.vkey).size
            has = min(WIDTH, (size >> HEIGHT * level) - index * WIDTH)
            if width > has:
                return None
            stored = await store.stored_tiles(connection, self.log_id, {(level, index, has)})
            tiles = stored or (await self._edge_at(connection, size)).tiles
        return tiles[level, index][: width * HASH_BYTES]

    async def _edge_at(self, connection: Connection, size: int) -> Edge:
        """The open side of the tree: the one of last time with what came since, or from stored tiles after a long absence."""
        edge = self._edge
        if 0 < edge.size <= size <= edge.size + _CATCH_UP:
            edge = edge.extend(await store.leaves(connection, self.log_id, edge.size, size))[0]
        else:
            edge = await store.rebuild_edge(connection, self.log_id, size)
        self._edge = edge
        return edge

    async def checkpoint(self) -> str:
        """The newest signed checkpoint."""
        async with transaction(self.engine) as connection:
            return await self._checkpoint(connection)

    async def checkpoint_or_none(self) -> str | None:
        """The newest signed checkpoint; None for a log without entries."""
        async with transaction(self.engine) as connection:
            return await store.newest_checkpoint(connection, self.log_id)

    async def _checkpoint(self, connection: Connection) -> str:
        note = await store.newest_checkpoint(connection, self.log_id)
        if note is None:
            raise Refused("The log is empty.", "Nothing was recorded yet.", "Come back after the first message.")
        return note

    async def request(self, request_id: UUID, party: PartyId) -> tuple[FoundRequest, dict[UUID, Located]]:
        """What an earlier request of this party became, with the entries of what it gave itself. Raises Refused for none."""
        async with transaction(self.engine) as connection:
            found = await store.find_request(connection, self.log_id, request_id)
        if found is None or found.party != party:
            raise Refused("This request is not known.", "It was never recorded.", "Send it again.")
        located = await self.locate(found.refs)
        return found, {ref: located[ref] for ref in found.refs if orjson.loads(located[ref].body)["source"] == party}

    async def export(self, note: str | None = None) -> AsyncIterator[tuple[str, bytes]]:
        """All files of the log as a C2SP tlog-tiles tree under the newest checkpoint, as (path, content), streaming.

        With a `note` the log as it was at that earlier checkpoint of it, which keeps the lines of those who cosigned it. Raises
        Refused where something was removed since, for what allowed that came later.

        Of a pruned log what is left, how much is gone (`pruned`) and the checkpoint at its end (`boundary`); per entry that
        redacted others which those were (`redacted/<its index>`).
        """
        newest = open_note(await self.checkpoint(), self.vkey)
        checkpoint = newest if note is None else open_note(note, self.vkey)
        async with transaction(self.engine) as connection:
            gone = await store.pruned(connection, self.log_id)
            redactions = await store.redactions(connection, self.log_id, newest.size)
            if max(gone.by if gone.size else 0, *(by for by, _ in redactions), 0) >= checkpoint.size:
                raise Refused(
                    "The log cannot be exported as it was then.",
                    "Something was removed since, and the entry that allowed it came later.",
                    "Have the witnesses cosign the newest checkpoint ('hub witness ask'), and export again.",
                )
            export = Export(await store.rebuild_edge(connection, self.log_id, gone.size))
        if gone.size:
            async for file in self._left_of(gone):
                yield file
        for start in range(gone.size, checkpoint.size, _PAGE):
            async with transaction(self.engine) as connection:
                entries = await store.entries(connection, self.log_id, start, min(start + _PAGE, checkpoint.size))
            for file in export.add(entries):
                yield file
        for by, proposal in redactions:
            if by >= gone.size:
                async with transaction(self.engine) as connection:
                    seqs = await store.named(connection, self.log_id, proposal)
                yield f"redacted/{by}", "".join(f"{seq}\n" for seq in seqs).encode()
        for file in export.finish(checkpoint):
            yield file

    async def _left_of(self, gone: Pruned) -> AsyncIterator[tuple[str, bytes]]:
        """Of what was pruned: the complete tiles above level 0, how much it was, and the checkpoint at its end."""
        level, count = 1, gone.size // WIDTH // WIDTH
        while count:
            for first in range(0, count, WIDTH):
                wanted = {(level, index, WIDTH) for index in range(first, min(first + WIDTH, count))}
                async with transaction(self.engine) as connection:
                    found = await store.stored_tiles(connection, self.log_id, wanted)
                for (_, index), hashes in sorted(found.items()):
                    yield tile_path(level, index), hashes
            level, count = level + 1, count // WIDTH
        async with transaction(self.engine) as connection:
            boundary = await store.checkpoint_at(connection, self.log_id, gone.size)
        yield "boundary", boundary.encode()
        yield "pruned", b"%d\n" % gone.size


def outcome_of(entry: Located) -> Outcome:
    """What a disclosure's or refusal's entry says was decided."""
    body = orjson.loads(entry.body)
    return Outcome(
        ref=UUID(body["ref"]),
        recipient=PartyId(body["recipient"]),
        permitted=body["decision"] == "permit",
        reasons=tuple(ReasonCode(code) for code in body["reasons"]),
    )


def purpose_of(entry: Located) -> PurposeId:
    """For which purpose an entry was made."""
    return PurposeId(orjson.loads(entry.body)["purpose"])
