"""Time stamps of checkpoints: RFC 3161, SHA-512 over the signed note, verified before they are kept.

A stamp says that the log was as it is before that moment, also to who trusts neither the hub nor its key. It is made off the
hot path, so between two stamps the log could be rewritten unseen by the authority: the lag says how long that window is.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha512
from pathlib import Path
from typing import Final

from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.checkpoint import open_note
from hub.audit.log import Log
from hub.domain.terms import LogId, PartyId, ReasonCode
from hub.errors import Misconfigured, Retry, Tampered
from hub.http import Answer, Away, Barred, Http
from hub.observe import Event, emit
from hub.ports import Clock
from hub.witness import store
from hub.witness.model import AWAY, INVALID, Stamp

AUTHORITY: Final = "rfc3161"
"""Under which name it is remembered how it stands with the authority."""
FOLDER: Final = "timestamps"
_ASK: Final = {"Content-Type": "application/timestamp-query"}
_ANSWER: Final = "application/timestamp-reply"
_SKEW_US: Final = 300_000_000
_PAGE: Final = 200
_WHAT: Final = "The time stamp does not hold."


@dataclass(frozen=True, slots=True)
class Trust:
    """The certificates that a time stamp must lead to, and those on the way there."""

    roots: tuple[Certificate, ...]
    between: tuple[Certificate, ...]

    @classmethod
    def read(cls, path: Path) -> Trust:
        """Of a PEM file; roots are those that signed themselves. Raises errors.Misconfigured where there is no root in it."""
        try:
            found = load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError):
            found = []
        roots = tuple(one for one in found if one.subject == one.issuer)
        if not roots:
            raise Misconfigured(
                "The certificates for time stamps cannot be used.",
                "HUB_TSA_CERTIFICATES is missing, no PEM, or holds no root that signed itself.",
                "Ask the time-stamping authority for its root and intermediate certificates.",
            )
        return cls(roots, tuple(one for one in found if one.subject != one.issuer))


def request_for(note: str) -> TimeStampRequest:
    """The question about a note, with a nonce of its own."""
    return TimestampRequestBuilder().data(note.encode()).hash_algorithm(HashAlgorithm.SHA512).build()


def _refuse(why: str) -> Tampered:
    return Tampered(_WHAT, why, "Keep it apart, and ask the time-stamping authority; the log itself is not touched by this.")


def read_response(content: bytes) -> TimeStampResponse:
    """Raises errors.Tampered for what no granted response is."""
    try:
        response = decode_timestamp_response(content)
        granted = PKIStatus(response.status) is PKIStatus.GRANTED
    except ValueError:
        raise _refuse("It is no response of RFC 3161.") from None
    if not granted:
        raise _refuse("The authority did not grant it.")
    return response


def verify_stamp(note: str, content: bytes, trust: Trust, asked: TimeStampRequest | None = None) -> int:
    """When (µs) the authority stamped the note. With `asked` the response must also be the answer to that very question.

    Raises errors.Tampered: it is over another note, of no authority that `trust` leads to, or an answer to another question.
    """
    response = read_response(content)
    try:
        imprint, nonce = response.tst_info.message_imprint, response.tst_info.nonce
        stamped = response.tst_info.gen_time
    except (ValueError, TypeError):
        raise _refuse("It is no response of RFC 3161.") from None
    if imprint.message != sha512(note.encode()).digest():
        raise _refuse("It is over something else than this checkpoint.")
    if asked is not None and nonce != asked.nonce:
        raise _refuse("It is the answer to another question: an old one was sent again.")
    builder = VerifierBuilder(roots=list(trust.roots), intermediates=list(trust.between))
    try:
        builder.build().verify_message(response, note.encode())
    except (VerificationError, ValueError):
        raise _refuse("It is not signed by an authority for time stamps that HUB_TSA_CERTIFICATES leads to.") from None
    return round(stamped.replace(tzinfo=stamped.tzinfo or UTC).timestamp() * 1_000_000)


class Stamping:
    """Has the newest checkpoint stamped by the authority at `url`. `http` is the caller's to close."""

    def __init__(
        self, engine: AsyncEngine, log: Log, operator: PartyId, clock: Clock, http: Http, url: str, trust: Trust
    ) -> None:
        self._engine, self._log, self._operator = engine, log, operator
        self._clock, self._http, self._url, self._trust = clock, http, url, trust

    async def stamp(self) -> Stamp | None:
        """The stamp of the newest checkpoint, kept; None where it has one, or nothing was recorded yet.

        Raises errors.Retry where the authority does not answer, errors.Tampered where what it answers does not hold.
        """
        note = await self._log.checkpoint_or_none()
        last = await store.newest_stamp(self._engine, self._log.log_id)
        if note is None or (last is not None and last.note == note):
            return None
        size, now_us, question = open_note(note, self._log.vkey).size, self._clock.now_us(), request_for(note)
        try:
            answer = await self._http.post(self._url, question.as_bytes(), _ASK)
            made = Stamp(size, note, answer.body, self._verified(note, answer, question, now_us))
        except (Away, Barred):
            await self._in_trouble(AWAY)
            raise Retry("The time-stamping authority does not answer.", "HUB_TSA_URL cannot be called.", "Check it.") from None
        except Tampered:
            await self._in_trouble(INVALID)
            raise
        digest = sha512(note.encode()).digest()
        await store.keep_stamp(self._engine, self._log.log_id, self._operator, AUTHORITY, made, digest, now_us)
        emit(Event.checkpoint_stamped)
        return made

    def _verified(self, note: str, answer: Answer, question: TimeStampRequest, now_us: int) -> int:
        if answer.status != 200 or answer.headers.get("content-type", "").partition(";")[0].strip() != _ANSWER:
            raise _refuse("The authority gave no time stamp.")
        stamped_us = verify_stamp(note, answer.body, self._trust, question)
        if abs(stamped_us - now_us) > _SKEW_US:
            raise _refuse("Its moment is minutes away from this machine's clock: one of the two is wrong.")
        return stamped_us

    async def _in_trouble(self, code: ReasonCode) -> None:
        emit(Event.witness_away)
        now_us = self._clock.now_us()
        await store.keep_trouble(self._engine, self._log.log_id, self._operator, AUTHORITY, code, now_us)


async def stamps(
    engine: AsyncEngine, log_id: LogId, after: int = 0, upto: int | None = None
) -> AsyncIterator[tuple[str, bytes]]:
    """The files of an export, as (path, content): per stamp the note and the response, as `openssl ts -verify` takes them.

    Of checkpoints larger than `after` and no larger than `upto`; streaming.
    """
    while found := await store.stamps_after(engine, log_id, after, _PAGE):
        for one in found:
            if upto is not None and one.size > upto:
                return
            yield f"{FOLDER}/{one.size}", one.note.encode()
            yield f"{FOLDER}/{one.size}.tsr", one.token
        after = found[-1].size


async def lag_us(engine: AsyncEngine, log_id: LogId, now_us: int) -> int:
    """How long ago the log first grew beyond its newest stamp; 0 where the stamp is over all of it."""
    last = await store.newest_stamp(engine, log_id)
    since = await store.beyond_since(engine, log_id, 0 if last is None else last.size)
    return 0 if since is None else max(0, now_us - since)


class StampGuard:
    """Lets nothing be recorded while the stamps lag more than `stop_s` behind. `look` often; `check` costs nothing."""

    def __init__(self, engine: AsyncEngine, log_id: LogId, clock: Clock, stop_s: float) -> None:
        self._engine, self._log_id, self._clock, self._stop_us = engine, log_id, clock, round(stop_s * 1_000_000)
        self._since: int | None = None
        self._seen_s = 0.0

    async def look(self) -> None:
        """Asks the database since when nothing was stamped."""
        last = await store.newest_stamp(self._engine, self._log_id)
        since = await store.beyond_since(self._engine, self._log_id, 0 if last is None else last.size)
        if since != self._since:
            self._since, self._seen_s = since, time.monotonic()

    def check(self) -> None:
        """Raises errors.Retry where the log may not grow now."""
        if self._since is None:
            return
        # By the second clock too: the first may have been put back.
        known_us = round((time.monotonic() - self._seen_s) * 1_000_000)
        if max(self._clock.now_us() - self._since, known_us) > self._stop_us:
            raise Retry(
                "Nothing is recorded now, so nothing leaves the hub.",
                "The log has had no time stamp for longer than HUB_TSA_STOP_S allows.",
                "Mend the way to the time-stamping authority, or choose another; see ops/runbooks/witness.md.",
                after_s=60,
            )
