"""The logs of an installation, and the names and keys under which each was signed.

A log has one name (origin) and key at a time. After a restore from a backup, or to replace its key, it goes on under another:
the tree stays, and the first entry that the new key signs says what it follows. The registry only says where to look; what
counts is that entry, which stands in the tree.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import store as entries
from hub.audit.entry import EntryKind, parse
from hub.audit.origins import store
from hub.db import Connection, transaction
from hub.domain.terms import LogId, PartyId
from hub.errors import Misconfigured, Tampered
from hub.ports import Signer

OPERATION = "new-origin"


@dataclass(frozen=True, slots=True)
class Origin:
    """A name and key of a log: `first` is the first size that it signed; `ref` the entry with which it took over, if it did."""

    first: int
    name: str
    vkey: str
    cause: str
    ref: UUID | None
    since_us: int


@dataclass(frozen=True, slots=True)
class LogLine:
    """A log of this installation as it stands."""

    log_id: str
    party: str
    region: str
    opened_us: int
    size: int
    last_us: int
    origin: str
    vkey: str
    checkpoint: str | None
    alarm: bool


async def register(
    connection: Connection, log_id: LogId, operator: PartyId, signer: Signer, now_us: int, region: str = ""
) -> None:
    """Writes down what a log begins as; for one that is known, compares.

    Raises Misconfigured where this log has another name or key, or another log has this one's.
    """
    await store.register(connection, log_id, operator, region or log_id, signer.name, signer.vkey, now_us)
    known = await known_origins(connection, log_id)
    if not known:
        raise Misconfigured(
            "This name or key is another log's.",
            "Two logs under one name or key would look like one log that says two things.",
            "Give every log its own HUB_LOG_ORIGIN and HUB_LOG_KEY; 'hub audit logs' lists those in use.",
        )


async def known_origins(connection: Connection, log_id: LogId) -> tuple[Origin, ...]:
    """The log's names and keys, oldest first; () for a log that is not registered."""
    if (row := await store.opened(connection, log_id)) is None:
        return ()
    name, vkey, since_us, _ = row
    return (Origin(1, name, vkey, "opened", None, since_us), *(Origin(*each) for each in await store.later(connection, log_id)))


async def origins(engine: AsyncEngine, log_id: LogId) -> tuple[Origin, ...]:
    """The log's names and keys, oldest first, each with its entry looked up. Raises Tampered where one does not hold."""
    async with transaction(engine) as connection:
        found = await known_origins(connection, log_id)
        await check_origins(connection, log_id, found)
    return found


async def check_origins(connection: Connection, log_id: LogId, found: Sequence[Origin]) -> None:
    """Raises Tampered unless every succession is what its entry says."""
    located = await entries.locate(connection, log_id, [origin.ref for origin in found if origin.ref is not None])
    for before, origin in pairwise(found):
        entry = located.get(origin.ref) if origin.ref is not None else None
        fields = {} if entry is None or not entry.body else parse(entry.body)
        details = fields.get("details", {})
        said = (fields.get("kind"), fields.get("operation"), details.get("kept"), details.get("before"), details.get("cause"))
        meant = (EntryKind.key_rotation, OPERATION, origin.first - 1, digest(before.vkey), origin.cause)
        if entry is None or entry.seq != origin.first - 1 or said != meant:
            raise Tampered(
                f"The log's name from entry {origin.first - 1} on is not what its entry says.",
                "The list of names and keys was changed, or the entry was.",
                "Stop, keep everything; see ops/runbooks/log-restore.md.",
            )


def details_of(body: bytes) -> Mapping[str, Any]:
    """What the entry of a succession says."""
    details: Mapping[str, Any] = parse(body).get("details", {})
    return details


def digest(vkey: str) -> str:
    """How an entry names the key before."""
    return sha256(vkey.encode()).hexdigest()


def key_at(known: Sequence[Origin], size: int) -> str:
    """The key that signed the checkpoint of `size`."""
    return next(origin.vkey for origin in reversed(known) if origin.first <= max(size, 1))


def as_file(known: Sequence[Origin]) -> bytes:
    """The file `origins` of an export: `<first size it signed> <vkey>`, a line each, oldest first."""
    return "".join(f"{origin.first} {origin.vkey}\n" for origin in known).encode()


async def logs(engine: AsyncEngine) -> tuple[LogLine, ...]:
    """Every log of this installation."""
    return tuple(LogLine(*row) for row in await store.logs(engine))
