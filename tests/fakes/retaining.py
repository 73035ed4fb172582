"""A log whose terms pass: staff who propose and decide, entries of long ago, and what an export of it says."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from uuid import UUID, uuid4

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import tiles
from hub.audit.checkpoint import open_note
from hub.audit.entry import EntryKind, event
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.record import Committer
from hub.audit.search import Search
from hub.audit.tree import Frontier, leaf_hash
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import PurposeId
from hub.ports import About, WorkItem
from hub.retention.holds import Holds
from hub.retention.service import Retention
from tests.fakes.house import shipped
from tests.fakes.recorder import KEY, LOG, OPERATOR, Clock, committing

YEAR = 366 * 86_400_000_000
WATCH, OTHER = PurposeId("toezicht"), PurposeId("hub-beheer")


def member(number: int, *roles: Role) -> Staff:
    """Somebody with these roles."""
    return Staff(StaffId(f"m-{number:016x}"), f"Medewerker {number}", frozenset(roles))


OFFICER, SECOND = member(1, Role.privacy_officer, Role.decision_maker), member(2, Role.privacy_officer)
DECIDER, FG = member(3, Role.decision_maker), member(4, Role.fg)


@dataclass
class Retained:
    """A log and its retention. `persons` says whose entries are whose; `unlinked` what was forgotten of that."""

    engine: AsyncEngine
    committer: Committer
    clock: Clock
    log: Log
    notes: Notes
    holds: Holds
    retention: Retention
    persons: dict[bytes, list[UUID]]
    unlinked: list[UUID] = field(default_factory=list)

    async def reads(self, count: int, purpose: PurposeId = WATCH) -> list[UUID]:
        """So many readings by staff."""
        refs = [uuid4() for _ in range(count)]
        drafts = [event(EntryKind.access, LOG, ref, OPERATOR, "search", purpose, "log", {}) for ref in refs]
        for start in range(0, count, 400):
            await self.committer.record(WorkItem(uuid4(), OPERATOR, drafts[start : start + 400]))
        return refs

    async def export(self) -> dict[str, bytes]:
        """All files."""
        return dict([file async for file in self.log.export()])


@dataclass
class Linked:
    """Remembers whom entries are about; a `hub.ports.Subjects`."""

    persons: dict[bytes, list[UUID]]

    async def link(self, about: Sequence[About], /) -> None:
        """Adds to it."""
        for one in about:
            self.persons.setdefault(one.tag, []).append(one.ref)


@asynccontextmanager
async def open_retained(engine: AsyncEngine, mark: Path) -> AsyncIterator[Retained]:
    """An empty log, and everything that retains it."""
    clock = Clock()
    async with committing(engine, mark, clock) as committer:
        persons: dict[bytes, list[UUID]] = {}
        notes = Notes(committer, LOG, OPERATOR, clock, secrets.token_bytes, Linked(persons))
        unlinked: list[UUID] = []

        async def refs_of(tag: bytes) -> Sequence[UUID]:
            return persons.get(tag, [])

        async def unlink(refs: Sequence[UUID]) -> None:
            unlinked.extend(refs)

        holds = Holds(engine, notes)
        search = Search(engine, LOG, OPERATOR, _nobody)
        retention = Retention(engine, notes, search, KEY, holds, lambda: shipped().policy, refs_of, unlink)
        yield Retained(engine, committer, clock, Log(engine, LOG, KEY.vkey), notes, holds, retention, persons, unlinked)


async def _nobody(_refs: Sequence[UUID]) -> Mapping[UUID, bytes]:
    return {}


def verdicts(files: Mapping[str, bytes], vkey: str) -> dict[str, int]:
    """A small reader of exports: how many entries are whole, redacted by authority, pruned. Anything else fails the test."""
    checkpoint = open_note(files["checkpoint"].decode(), vkey)
    begin = int(files.get("pruned", b"0"))
    if begin:
        boundary = open_note(files["boundary"].decode(), vkey)
        assert boundary.size == begin
        assert not [path for path in files if path.startswith("tile/0/") and _place(path) * 256 < begin]
    bodies, leaves = [], []
    for tile in range(begin // 256, (checkpoint.size + 255) // 256):
        width = min(256, checkpoint.size - tile * 256)
        bundle, hashes = files[tiles.bundle_path(tile, width)], files[tiles.tile_path(0, tile, width)]
        while bundle:
            length = int.from_bytes(bundle[:2])
            bodies.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]
        leaves += tiles.hashes_of(hashes)
    for body, leaf in zip(bodies, leaves, strict=True):
        assert not body or leaf_hash(body) == leaf
    said = {begin + place: orjson.loads(body) for place, body in enumerate(bodies) if body}
    allowed: dict[int, int] = {}
    for path in (path for path in files if path.startswith("redacted/")):
        by, seqs = int(path.removeprefix("redacted/")), [int(line) for line in files[path].split()]
        digest = sha256(b"".join(seq.to_bytes(8) for seq in seqs)).hexdigest()
        assert (said[by]["operation"], said[by]["details"]["set"]) == ("redact-entries", digest)
        assert said[by]["details"]["count"] == len(seqs)
        for seq in seqs:
            assert seq < by
            assert seq not in allowed
            allowed[seq] = by
    empty = [begin + place for place, body in enumerate(bodies) if not body]
    assert set(empty) <= set(allowed), "an entry is empty that nobody authorised"
    if begin:
        cuts = [one["details"] for one in said.values() if one["operation"] == "prune-prefix"]
        assert max((one["after"], one["root"]) for one in cuts) == (begin, boundary.root.hex())
    else:
        assert Frontier().extend(leaves).root == checkpoint.root
    return {"verified": len(said), "redacted": len(empty), "pruned": begin}


def _place(path: str) -> int:
    parts = path.removeprefix("tile/0/").partition(".p")[0].split("/")
    return int("".join(part.removeprefix("x") for part in parts))
