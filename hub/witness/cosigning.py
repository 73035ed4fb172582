"""This hub as a witness of other logs: C2SP tlog-witness v1.

It says of a checkpoint that the log grew to it from what it cosigned before, and never of two that contradict each other. What
it saw last is checked and written under one lock of the row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.checkpoint import VerifierKey, open_note, split_note
from hub.audit.cosign import Cosigner, cosign_line, with_signatures
from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.audit.tree import verify_consistency
from hub.domain.staff import StaffId
from hub.errors import Conflict, Malformed, Misconfigured, Refused, Tampered
from hub.observe import Event, emit
from hub.witness import store
from hub.witness.model import KnownLog, Submission, of_origin, parse_submission

ALLOW: Final = "witness-allow"
STOP: Final = "witness-stop"
FORKED: Final = "witness-forked"
_ABOUT: Final = "witness"


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The witness's line over the checkpoint, with its newline."""

    line: str


@dataclass(frozen=True, slots=True)
class Behind:
    """What was sent does not begin where the witness is: at `size`."""

    size: int


class No(Enum):
    """Why a checkpoint is not cosigned."""

    unknown = "unknown"
    """The witness does not know this log."""
    unsigned = "unsigned"
    """The log's key that the witness knows has not signed it."""
    contradicts = "contradicts"
    """The witness cosigned another tree of the same size."""
    unproven = "unproven"
    """The proof does not lead from what the witness cosigned to this."""


class Cosigning:
    """The witness and the logs that it knows. `signer` gives its key, and raises errors.Misconfigured where there is none."""

    def __init__(self, engine: AsyncEngine, notes: Notes, signer: Callable[[], Cosigner]) -> None:
        self._engine, self._notes, self._signer = engine, notes, signer
        self._log_id = notes.log_id

    async def logs(self) -> list[KnownLog]:
        """The logs that this hub is or was a witness of."""
        return await store.known(self._engine, self._log_id)

    async def allow(self, vkey: str, by: StaffId | None = None) -> str:
        """From now on the log of this key is witnessed; gives its origin. Logged.

        A log that was stopped goes on from what was cosigned last, also under a new key. Raises errors.Malformed for what is no
        key of a log, errors.Refused where that origin is witnessed already, errors.Misconfigured without a key of our own.
        """
        self._signer()
        try:
            origin = VerifierKey.parse(vkey).name
        except Tampered:
            raise Malformed(
                "The key was refused.", "It is no Ed25519 key of a log (name+hash+key).", "Ask the log's operator for its vkey."
            ) from None
        details = {"origin": of_origin(origin), "key": of_origin(vkey)}
        claim = store.allow(self._log_id, self._notes.operator, origin, vkey)
        try:
            await self._notes.write(EntryKind.configuration, ALLOW, _ABOUT, details, by=by, claims=[claim])
        except Conflict:
            raise Refused(
                "This log is witnessed already.", "Its origin is known and active.", "To give it another key, stop it first."
            ) from None
        return origin

    async def stop(self, origin: str, by: StaffId | None = None) -> None:
        """From now on the log is not witnessed; what was cosigned stays known. Logged. Raises errors.Refused for none."""
        details = {"origin": of_origin(origin)}
        claim = store.stop(self._log_id, origin)
        try:
            await self._notes.write(EntryKind.configuration, STOP, _ABOUT, details, by=by, claims=[claim])
        except Conflict:
            raise Refused(
                "This log is not witnessed.", "Its origin is not known, or was stopped before.", "See 'hub witness list'."
            ) from None

    async def add(self, content: bytes) -> Cosigned | Behind | No:
        """The answer to `add-checkpoint`; what is cosigned is durable when this returns. Raises errors.Malformed."""
        sent = parse_submission(content)
        try:
            signer = self._signer()
        except Misconfigured:
            return No.unknown
        known = await store.known_log(self._engine, self._log_id, sent.origin)
        if known is None or not known.active:
            return No.unknown
        try:
            open_note(sent.note, known.vkey)
        except Tampered:
            return No.unsigned
        sent = replace(sent, note=_bare(sent, known.vkey))
        async with store.held(self._engine, self._log_id, sent.origin) as (connection, latest):
            if latest is None or not latest.active or latest.vkey != known.vkey:
                return No.unknown
            line, now_us = "", self._notes.clock.now_us()
            if (objection := _judge(sent, latest)) is None:
                line = cosign_line(signer, sent.body, now_us // 1_000_000)
                kept = with_signatures(sent.note, [line])
                await store.cosigned(connection, self._log_id, sent.origin, sent.size, sent.root, kept, now_us)
        if objection is No.contradicts:
            await self._prove_fork(sent)
        return objection or Cosigned(line)

    async def _prove_fork(self, sent: Submission) -> None:
        """Two trees of one size under the log's own signature: kept once, for ever, and logged."""
        details: dict[str, str | int] = {"origin": of_origin(sent.origin), "size": sent.size, "root": sent.root.hex()}
        claim = store.forked(self._log_id, sent.origin, sent.note)
        try:
            await self._notes.write(EntryKind.configuration, FORKED, _ABOUT, details, claims=[claim])
        except Conflict:
            return
        emit(Event.witness_forked)

    async def checkpoint(self, origin_hash: str) -> str | None:
        """The newest checkpoint cosigned for the log whose origin has this SHA-256 (hex), with our line; None for none."""
        return next((one.note for one in await self.logs() if of_origin(one.origin) == origin_hash), None)


def _bare(sent: Submission, vkey: str) -> str:
    """The checkpoint with the log's own signature alone: what else stands under it anyone may have written."""
    key = VerifierKey.parse(vkey)
    own = (each.line for each in split_note(sent.note)[1] if (each.name, each.key_id) == (key.name, key.key_id))
    return f"{sent.body}\n{''.join(own)}"


def _judge(sent: Submission, latest: KnownLog) -> Behind | No | None:
    """None when it continues what was cosigned."""
    if sent.old != latest.size:
        return Behind(latest.size)
    if sent.size == latest.size and sent.root != latest.root:
        return No.contradicts
    if latest.size == 0:
        return No.unproven if sent.proof else None
    try:
        verify_consistency(latest.size, latest.root, sent.size, sent.root, sent.proof)
    except Tampered:
        return No.unproven
    return None
