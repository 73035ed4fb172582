"""A log that goes on under another name or key: after a restore from a backup, or because a key is to be replaced.

After a restore the database has fewer entries than were promised. To sign on under the old name would be to say two things
under one name, so the log goes on under a new one: the entries that are left stay where they are, and the first entry that the
new key signs says what was promised, what is left, and which key was before. Receipts of before stay valid under that key.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import origins, store
from hub.audit.checkpoint import open_note
from hub.audit.entry import EntryKind, event
from hub.audit.guard import Guard
from hub.audit.highwater import HighWater, Mark
from hub.audit.origins import OPERATION, Origin
from hub.audit.record import Committer
from hub.db import transaction
from hub.domain.ids import new_ids
from hub.domain.terms import LogId, PartyId, PurposeId
from hub.errors import Misconfigured, Refused, Tampered
from hub.ports import Clock, Entropy, Signer, WorkItem

PURPOSE: Final = PurposeId("hub-beheer")
_RUNBOOK: Final = "See ops/runbooks/log-restore.md."


class Cause(StrEnum):
    """Why a log goes on under another name or key."""

    restored = "restored"
    """The database was restored from a backup, and entries are gone."""
    rotation = "rotation"
    """The key is replaced; nothing is gone."""


@dataclass(frozen=True, slots=True)
class Promise:
    """That somebody was given a checkpoint of this tree: `by` is the mark, a witness, or the file it was read from."""

    by: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class Trusted:
    """What a trust file outside the database says: the key of the log, and a checkpoint where it holds one."""

    vkey: str
    promise: Promise | None


@dataclass(frozen=True, slots=True)
class Found:
    """How the log stands: what is `kept` under the key `before`, and the largest that was promised, by whom."""

    before: Origin
    kept: Mark
    last_us: int
    promised: Mark
    promises: Sequence[Promise]

    @property
    def lost(self) -> int:
        """How many entries that were promised are gone."""
        return self.promised.size - self.kept.size


def read_trust(file: Path) -> Trusted:
    """The first key of a trust file as 'hub audit trust' writes it, and the checkpoint at its end if it has one.

    Raises Misconfigured where it cannot be read, Tampered where its checkpoint is not signed by its key.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Misconfigured("The trust file cannot be read.", "It is missing, or not text.", "Check the path.") from None
    policy, _, note = text.partition("\n\n")
    vkey = next((line.removeprefix("log ").split()[0] for line in policy.splitlines() if line.startswith("log ")), None)
    if vkey is None:
        raise Misconfigured("This is no trust file.", "It names no log.", "Take the one that 'hub audit trust' wrote.")
    if not note.strip():
        return Trusted(vkey, None)
    checkpoint = open_note(note, vkey)
    return Trusted(vkey, Promise(file.name, Mark(checkpoint.size, checkpoint.root)))


def read_mark(path: Path) -> Sequence[Promise]:
    """What the high-water mark says; nothing where there is none. Raises Tampered where it cannot be read."""
    if not path.exists():
        return ()
    file = HighWater(path)
    try:
        mark = file.read()
    finally:
        file.close()
    return () if mark is None else (Promise("high-water mark", mark),)


async def look(engine: AsyncEngine, log_id: LogId, promises: Sequence[Promise]) -> Found:
    """How the log stands against what was promised, without changing anything.

    Raises Tampered where what is stored is not what was signed, or is another log than was promised.
    """
    async with transaction(engine) as connection:
        known = await origins.known_origins(connection, log_id)
    if not known:
        raise Refused("This log was never begun here.", "The database knows no log of this id.", "Check HUB_LOG_ID.")
    examined = await Guard(engine, log_id, known[-1].vkey).check(newest=None)
    kept = Mark(examined.size, examined.root)
    async with transaction(engine) as connection:
        head = await store.lock_head(connection, log_id)
        if (head.size, head.root) != (kept.size, kept.root):
            raise Refused("The log grows.", "A process of the hub still works on it.", "Stop every process first.")
        for promise in promises:
            if promise.mark.size <= kept.size:
                await store.check_continues(connection, log_id, kept, promise.mark)
    promised = max([kept, *(promise.mark for promise in promises)], key=lambda mark: mark.size)
    return Found(known[-1], kept, head.last_us, promised, promises)


async def check_new(engine: AsyncEngine, log_id: LogId, found: Found, signer: Signer, cause: Cause, trusted: str) -> None:
    """Raises Refused where nothing calls for it, Misconfigured where the name or key is not new, Tampered for a wrong past."""
    if found.before.vkey != trusted:
        raise Tampered(
            "The key that the database names is not the one that was given out.",
            "The trust file names another.",
            f"Take the newest trust file; if it is, the database was changed. {_RUNBOOK}",
        )
    if (cause is Cause.restored) != (found.lost > 0):
        raise Refused(
            "The log does not need this." if cause is Cause.restored else "Entries are gone, so this is no planned change.",
            f"{found.lost} entries that were promised are gone.",
            "Start the hub as it was." if cause is Cause.restored else "Say --cause restored.",
        )
    async with transaction(engine) as connection:
        used = await origins.store.used(connection, log_id, signer.name, signer.vkey)
        named = cause is Cause.restored and await origins.store.named(connection, signer.name)
    if used or named:
        raise Misconfigured(
            "The name or the key was in use before.",
            "Under a name that said more, and a key that signed it, nothing else may be said.",
            "Set HUB_LOG_ORIGIN to a new name and HUB_LOG_KEY to a new file, and run 'hub keys init'.",
        )


async def go_on(
    engine: AsyncEngine,
    log_id: LogId,
    operator: PartyId,
    signer: Signer,
    clock: Clock,
    entropy: Entropy,
    high_water: Path,
    found: Found,
    cause: Cause,
    staff: str,
    reason: str,
) -> Path | None:
    """Writes the first entry under the new name and key, and marks the log anew; gives where the old mark is kept.

    Raises Conflict where an entry came in between.
    """
    evidence = await asyncio.to_thread(_keep, high_water, found.kept.size)
    fresh = high_water.with_name(f"{high_water.name}.new")
    fresh.unlink(missing_ok=True)
    mark = HighWater(fresh)
    committer = Committer(engine, log_id, operator, signer, clock, entropy, mark)
    ref, request_id = new_ids(2, clock.now_us(), entropy(16))
    details: dict[str, str | int] = {
        "cause": cause.value,
        "kept": found.kept.size,
        "promised": found.promised.size,
        "keptroot": found.kept.root.hex(),
        "promisedroot": found.promised.root.hex(),
        "before": origins.digest(found.before.vkey),
        "staff": staff,
        "reason": reason,
    }
    entry = event(EntryKind.key_rotation, log_id, ref, operator, OPERATION, PURPOSE, "log", details)
    row = origins.store.succeeds(
        log_id, operator, found.kept.size + 1, signer.name, signer.vkey, cause.value, ref, clock.now_us()
    )
    try:
        await committer.start(unmarked=True, follows=found.before.vkey)
        await committer.record(WorkItem(request_id, operator, (entry,), claims=(row,)))
    finally:
        await committer.stop()
        mark.close()
    await asyncio.to_thread(_put_in_place, fresh, high_water)
    return evidence


async def finish(engine: AsyncEngine, log_id: LogId, signer: Signer, high_water: Path, promises: Sequence[Promise]) -> bool:
    """Ends a succession that was recorded but whose mark was not put in its place; whether there was one.

    Only while that entry is the log's last, and the mark that is there is the one that it speaks of.
    """
    async with transaction(engine) as connection:
        known = await origins.known_origins(connection, log_id)
        if len(known) < 2 or known[-1].vkey != signer.vkey:
            return False
        head = await store.lock_head(connection, log_id)
        body = (await store.bodies(connection, log_id, known[-1].first - 1, known[-1].first))[0]
    details = origins.details_of(body)
    old = {(promise.mark.size, promise.mark.root.hex()) for promise in promises}
    if head.size != known[-1].first or old - {(details["promised"], details["promisedroot"])}:
        return False
    await Guard(engine, log_id, signer.vkey).check(newest=None)
    fresh = high_water.with_name(f"{high_water.name}.new")
    fresh.unlink(missing_ok=True)
    mark = HighWater(fresh)
    try:
        await asyncio.to_thread(mark.raise_to, Mark(head.size, head.root))
    finally:
        mark.close()
    await asyncio.to_thread(_put_in_place, fresh, high_water)
    return True


def _keep(high_water: Path, size: int) -> Path | None:
    """The old mark stays beside the new one: it is what shows how much was promised."""
    if not high_water.exists():
        return None
    kept = high_water.with_name(f"{high_water.name}.before-{size}")
    with suppress(FileExistsError), kept.open("xb") as copy, high_water.open("rb") as old:
        shutil.copyfileobj(old, copy)
        copy.flush()
        os.fsync(copy.fileno())
    return kept


def _put_in_place(fresh: Path, high_water: Path) -> None:
    fresh.replace(high_water)
    folder = os.open(high_water.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
