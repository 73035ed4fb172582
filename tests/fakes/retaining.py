"""A log whose terms pass: staff who propose and decide, entries of long ago, and what an export of it says."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind, event
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.record import Committer
from hub.audit.search import Search
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import PurposeId
from hub.ports import About, WorkItem
from hub.retention.holds import Holds
from hub.retention.service import Retention
from ops.verify import verify
from tests.fakes.house import shipped
from tests.fakes.log import Exported
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


def verdict(files: Mapping[str, bytes], folder: Path) -> tuple[str, dict[str, int]]:
    """What the verifier says of an export: its verdict, and how many entries have which."""
    top, trust = Exported(files, f"log {KEY.vkey}\nquorum none\n").write(folder)
    command = [sys.executable, "-I", verify.__file__, str(top), "--trust", str(trust), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert not done.stderr
    said = json.loads(done.stdout)
    shutil.rmtree(top)
    return said["verdict"], dict(Counter(entry["verdict"] for entry in said["entries"]))
