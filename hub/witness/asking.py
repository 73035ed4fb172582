"""This log before its witnesses: C2SP tlog-witness v1, the log's side.

Every witness is sent the newest checkpoint with a proof that the log only grew from what that witness cosigned. A witness that
saw more than is here, or another tree, is the alarm of alarms: the database was put back or changed, or the key signs two logs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.checkpoint import Checkpoint, open_note, read_signature
from hub.audit.cosign import cosigned, with_signatures
from hub.audit.entry import EntryKind
from hub.audit.highwater import Mark
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.tree import EMPTY_ROOT
from hub.audit.trust import Witness
from hub.domain.terms import ReasonCode
from hub.errors import HubError, Misconfigured, Refused, Retry, Tampered
from hub.http import Answer, Away, Barred, Http
from hub.observe import Event, emit
from hub.witness import store
from hub.witness.model import (
    ADD,
    AWAY,
    INVALID,
    LATEST,
    REFUSED,
    SIZE_TYPE,
    UNKNOWN,
    Asked,
    Cosignature,
    of_origin,
    size_of,
    submission,
)

REFUSED_OPERATION: Final = "witness-refused"
AGAIN_US: Final = 3_600_000_000
"""A log that does not grow is cosigned anew this often, so that everyone sees that its witnesses still live."""
_TRIES: Final = 4
NOW: Final = "Stop; keep the database and the keys as they are, and follow ops/runbooks/log-restore.md."


class _Trouble(Exception):
    """Why there is no cosignature: a code of `hub.witness.model`, and the size that the witness says it has seen."""

    def __init__(self, code: ReasonCode, seen: int = 0) -> None:
        self.code, self.seen = code, seen
        super().__init__(code)


class Asking:
    """Asks the witnesses of one log. `http` is the caller's to close."""

    def __init__(self, engine: AsyncEngine, log: Log, notes: Notes, http: Http, witnesses: Sequence[Witness]) -> None:
        self._engine, self._log, self._notes, self._http = engine, log, notes, http
        self.witnesses = tuple(witnesses)

    async def ask_witnesses(self, *, anew: bool = False) -> list[Asked]:
        """Asks each witness once, all at a time, and gives how it stands with each; with `anew` also who need not be asked.

        Never raises for what a witness does. That one saw another history is in the log, in `hub doctor` and among the events.
        """
        known = await store.asked(self._engine, self._log.log_id)
        await asyncio.gather(*(self._settle(each, known.get(str(each.key)), anew) for each in self.witnesses))
        known = await store.asked(self._engine, self._log.log_id)
        return [known[str(each.key)] for each in self.witnesses if str(each.key) in known]

    async def _settle(self, witness: Witness, before: Asked | None, anew: bool) -> None:
        now_us = self._notes.clock.now_us()
        try:
            newest = await self._newest()
            if newest is None or (not anew and _is_fresh(before, newest.size, now_us)):
                return
            found = await self._ask(witness, newest, 0 if before is None or before.size > newest.size else before.size)
        except _Trouble as trouble:
            await self._in_trouble(witness, before, trouble)
        else:
            await store.keep_cosignature(self._engine, self._log.log_id, self._notes.operator, found, now_us)
            emit(Event.checkpoint_cosigned)

    async def _newest(self) -> Checkpoint | None:
        note = await self._log.checkpoint_or_none()
        return None if note is None else open_note(note, self._log.vkey)

    async def _ask(self, witness: Witness, newest: Checkpoint, old: int) -> Cosignature:
        """The verified line over `newest`, or over what the log has become meanwhile. Raises _Trouble."""
        for _ in range(_TRIES):
            proof = await self._proof(old, newest.size) if 0 < old < newest.size else []
            answer = await self._post(witness, submission(old, proof, newest.note))
            match answer.status:
                case 200:
                    return _read_line(witness, newest, answer)
                case 409 if answer.headers.get("content-type") == SIZE_TYPE:
                    seen = size_of(answer.body.decode("utf-8", "replace").removesuffix("\n"))
                    if seen is None or seen == old:
                        raise _Trouble(INVALID)
                    if seen > newest.size:
                        # Another process of this hub may have been there first, with a newer checkpoint.
                        newest = await self._newest() or newest
                    if seen > newest.size:
                        raise _Trouble(REFUSED, seen)
                    old = seen
                case 409 | 422:
                    raise _Trouble(REFUSED, old)
                case 403 | 404:
                    raise _Trouble(UNKNOWN)
                case _:
                    raise _Trouble(INVALID)
        raise _Trouble(AWAY)

    async def _proof(self, old: int, newest: int) -> list[bytes]:
        """Raises _Trouble where the witness says that it is at a size from which nothing can be proved: it was pruned."""
        try:
            return await self._log.consistent(old, newest)
        except Refused:
            raise _Trouble(INVALID) from None

    async def _post(self, witness: Witness, body: bytes) -> Answer:
        try:
            return await self._http.post(f"{witness.url}/{ADD}", body, {"Content-Type": "text/plain; charset=utf-8"})
        except (Away, Barred):
            raise _Trouble(AWAY) from None

    async def _in_trouble(self, witness: Witness, before: Asked | None, trouble: _Trouble) -> None:
        """A refusal is written in the log when it begins; whoever is told must hold the log as it is."""
        vkey, code = str(witness.key), trouble.code
        try:
            if code == REFUSED:
                emit(Event.witness_refused)
                if before is None or before.trouble != REFUSED:
                    details: dict[str, str | int] = {"witness": of_origin(vkey), "seen": trouble.seen}
                    await self._notes.write(EntryKind.configuration, REFUSED_OPERATION, "witness", details)
            else:
                emit(Event.witness_away)
        finally:
            await store.keep_trouble(
                self._engine, self._log.log_id, self._notes.operator, vkey, code, self._notes.clock.now_us()
            )

    async def largest_witnessed(self, patience_s: float = 5.0, *, required: bool = False) -> Mark | None:
        """The largest tree of this log that anyone outside the database has seen; None where nobody saw any.

        For the start, before the first signature: what is stored, and what each witness says now, within `patience_s`. Where
        only a size is known that is larger than the log, `root` is empty. A witness that does not answer is said, and with
        `required` stops the start with errors.Retry. Raises errors.Tampered where two of them saw different trees of one size.
        """
        origin, vkey = self._log.vkey.partition("+")[0], self._log.vkey
        marks: list[Mark] = []
        if (stored := await store.largest_cosigned(self._engine, self._log.log_id, origin)) is not None:
            # The line is checked again: what the database says of itself is no evidence without the signature.
            checkpoint = open_note(stored.note, vkey)
            marks.append(Mark(checkpoint.size, checkpoint.root))
        heard = await asyncio.gather(*(self._heard(each, origin, patience_s) for each in self.witnesses))
        if None in heard:
            emit(Event.witness_away)
            if required:
                raise Retry(
                    "A witness of the log does not answer.", "HUB_WITNESS_REQUIRED asks that each is heard.", "Try again."
                )
        return largest([*marks, *(mark for mark in heard if mark is not None)])

    async def _heard(self, witness: Witness, origin: str, patience_s: float) -> Mark | None:
        """What this witness saw of the log, a mark of 0 for nothing; None where it does not answer in time."""
        try:
            async with asyncio.timeout(patience_s):
                return await self._shown(witness, origin) or await self._told(witness)
        except (TimeoutError, _Trouble, Retry, Misconfigured):
            return None

    async def _shown(self, witness: Witness, origin: str) -> Mark | None:
        """The checkpoint that a witness gives out, where it does; our own signature under it is what makes it evidence."""
        answer = await self._http.get(f"{witness.url}/{LATEST}/{of_origin(origin)}")
        if answer.status != 200:
            return None
        try:
            checkpoint = open_note(answer.body.decode("utf-8"), self._log.vkey)
        except (Tampered, UnicodeDecodeError):
            return None
        return Mark(checkpoint.size, checkpoint.root)

    async def _told(self, witness: Witness) -> Mark:
        """The size that a witness answers to one that says it knows nothing; a witness that saw nothing cosigns."""
        newest = await self._newest()
        if newest is None:
            raise _Trouble(AWAY)
        answer = await self._post(witness, submission(0, (), newest.note))
        if answer.status == 200:
            return Mark(newest.size, newest.root)
        seen = size_of(answer.body.decode("utf-8", "replace").removesuffix("\n"))
        if answer.status != 409 or answer.headers.get("content-type") != SIZE_TYPE or seen is None:
            raise _Trouble(INVALID)
        return Mark(seen, b"") if seen > newest.size else Mark(0, EMPTY_ROOT)


def largest(marks: Sequence[Mark]) -> Mark | None:
    """The largest of what was seen; one with a root before one without. Raises errors.Tampered for two roots of one size."""
    roots = {mark.size: {other.root for other in marks if other.size == mark.size and other.root} for mark in marks}
    if any(len(found) > 1 for found in roots.values()):
        raise Tampered("Two histories of this log are known.", "Witnesses cosigned different trees of one size.", NOW)
    found = max(marks, key=lambda mark: (mark.size, bool(mark.root)), default=None)
    return None if found is None or found.size == 0 else found


def _is_fresh(before: Asked | None, size: int, now_us: int) -> bool:
    """Whether the witness cosigned this very size, not long ago."""
    return before is not None and before.trouble is None and before.size == size and now_us - before.answered_us < AGAIN_US


def _read_line(witness: Witness, newest: Checkpoint, answer: Answer) -> Cosignature:
    """The witness's own line among those that it answered. Raises _Trouble where there is none, or it does not verify."""
    try:
        lines = answer.body.decode("utf-8").splitlines(keepends=True)
        mine = [line for line in lines if _is_by(witness, line)]
        signed_s = cosigned(with_signatures(newest.note, mine), witness.key)
    except (UnicodeDecodeError, HubError):
        raise _Trouble(INVALID) from None
    if signed_s is None or len(mine) != 1:
        raise _Trouble(INVALID)
    return Cosignature(str(witness.key), newest.size, signed_s, newest.note, mine[0])


def _is_by(witness: Witness, line: str) -> bool:
    found = read_signature(line)
    return (found.name, found.key_id) == (witness.key.name, witness.key.key_id)
