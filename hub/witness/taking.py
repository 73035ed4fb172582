"""What partners bring of their own accord: cosignatures over checkpoints that they hold (`ops/verify/keep.py cosign`).

A partner that keeps checkpoints need not be asked, and need not be reachable: it verifies, signs and brings its line. Whoever
brings a checkpoint under our own signature that is not in our log brings the proof that the log was put back or has forked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.checkpoint import Checkpoint, Signature, open_note, read_signature, split_note
from hub.audit.cosign import cosigned, with_signatures
from hub.audit.entry import EntryKind
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.trust import Witness
from hub.errors import Fault, Malformed, Refused, Tampered
from hub.observe import Event, emit
from hub.witness import store
from hub.witness.asking import REFUSED_OPERATION
from hub.witness.model import REFUSED, Cosignature, contradiction_of, of_origin

LONGEST: Final = 16 * 1024
_RECENT: Final = 64
"""A bare line does not say over which checkpoint it is; it is tried against this many."""


def _malformed() -> Malformed:
    return Malformed(
        "The cosignature was not taken.",
        "It is neither a checkpoint of this log with a line of a witness, nor such a line.",
        "Fetch the newest checkpoint, verify and cosign it, and send the whole of it.",
        faults=(Fault("checkpoint", "WAARDE_ONGELDIG"),),
    )


class Taking:
    """Keeps the lines of witnesses that the trust file of this log names."""

    def __init__(self, engine: AsyncEngine, log: Log, notes: Notes, witnesses: Sequence[Witness]) -> None:
        self._engine, self._log, self._notes, self._witnesses = engine, log, notes, witnesses

    async def take(self, content: bytes) -> int:
        """Keeps what is brought, a checkpoint with lines or a line alone, and gives the size that it is over.

        Raises errors.Malformed for neither, errors.Refused where no known witness signed it, or it is not over this log.
        """
        try:
            text = content.decode("utf-8")
            if text.startswith("— "):
                signature = read_signature(text)
                return await self._keep_line(self._known([signature]), signature)
            checkpoint, signatures = open_note(text, self._log.vkey), split_note(text)[1]
        except (UnicodeDecodeError, Tampered):
            raise _malformed() from None
        witness = self._known(signatures)
        if not await self._is_ours(witness, checkpoint):
            raise Refused("The cosignature was not taken.", "It is over another log than the one that is here.", "Keep it.")
        lines = [each for each in signatures if (each.name, each.key_id) == (witness.key.name, witness.key.key_id)]
        return await self._keep(witness, checkpoint.size, checkpoint.note, lines[0])

    def _known(self, signatures: Sequence[Signature]) -> Witness:
        signers = {(each.name, each.key_id) for each in signatures}
        for witness in self._witnesses:
            if (witness.key.name, witness.key.key_id) in signers:
                return witness
        raise Refused("The cosignature was not taken.", "Its witness is not one of this log's.", "Ask its administrator first.")

    async def _is_ours(self, witness: Witness, brought: Checkpoint) -> bool:
        """Whether the log has or had this checkpoint; one that contradicts it sets off the alarm."""
        newest = await self._log.checkpoint_or_none()
        size = 0 if newest is None else open_note(newest, self._log.vkey).size
        note = await store.checkpoint_at(self._engine, self._log.log_id, brought.size)
        if note is not None and open_note(note, self._log.vkey).root == brought.root:
            return True
        if note is not None or brought.size > size:
            await self._alarm(witness, brought.size)
        return False

    async def _alarm(self, witness: Witness, size: int) -> None:
        """No later cosignature takes it away: it is about this key of the log for as long as the log goes on under it."""
        emit(Event.witness_refused)
        name = contradiction_of(self._log.vkey)
        before = await store.asked(self._engine, self._log.log_id)
        now_us = self._notes.clock.now_us()
        await store.keep_trouble(self._engine, self._log.log_id, self._notes.operator, name, REFUSED, now_us)
        if name not in before:
            details: dict[str, str | int] = {"witness": of_origin(str(witness.key)), "seen": size}
            await self._notes.write(EntryKind.configuration, REFUSED_OPERATION, "witness", details)

    async def _keep_line(self, witness: Witness, line: Signature) -> int:
        recent = await store.newest_checkpoints(self._engine, self._log.log_id, _RECENT)
        # In a thread: anyone may bring a line that is over none, and the others are not to wait for that.
        place = await asyncio.to_thread(_place, witness, line, [note for _, note in recent])
        if place is None:
            raise Refused(
                "The cosignature was not taken.",
                "It is over none of this log's newest checkpoints.",
                "Send the checkpoint with it.",
            )
        return await self._keep(witness, *recent[place], line)

    async def _keep(self, witness: Witness, size: int, note: str, line: Signature) -> int:
        """Raises errors.Malformed where the line does not hold."""
        text = note.partition("\n\n")[0]
        if (signed_s := _signed(witness, line, note)) is None:
            raise _malformed()
        bare = await store.checkpoint_at(self._engine, self._log.log_id, size) or note
        if bare.partition("\n\n")[0] != text:
            raise _malformed()
        one = Cosignature(str(witness.key), size, signed_s, bare, line.line)
        now_us = self._notes.clock.now_us()
        if await store.keep_brought(self._engine, self._log.log_id, self._notes.operator, one, now_us):
            emit(Event.checkpoint_cosigned)
        return size


def _place(witness: Witness, line: Signature, notes: Sequence[str]) -> int | None:
    """Over which of these checkpoints the line is."""
    return next((place for place, note in enumerate(notes) if _signed(witness, line, note) is not None), None)


def _signed(witness: Witness, line: Signature, note: str) -> int | None:
    """When (s) the witness signed this checkpoint with this line; None where it does not hold."""
    try:
        return cosigned(with_signatures(note, [line.line]), witness.key)
    except Tampered:
        return None
