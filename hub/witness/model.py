"""What passes between a log and its witnesses, and what each of the two remembers: C2SP tlog-witness v1. Pure."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from hub.audit.checkpoint import read_body, split_note
from hub.audit.tree import HASH_BYTES
from hub.domain.terms import ReasonCode
from hub.errors import Fault, Malformed, Tampered

ADD: Final = "add-checkpoint"
"""The call of tlog-witness, under a witness's submission prefix."""
LATEST: Final = "checkpoint"
"""Where a hub that is a witness shows what it cosigned last, by the SHA-256 of a log's origin; tlog-witness leaves it open."""
SIZE_TYPE: Final = "text/x.tlog.size"
"""The media type in which a witness says which size it cosigned last."""
MOST_HASHES: Final = 63
LONGEST_SUBMISSION: Final = 64 * 1024
"""Bytes: 63 hashes and a note with a dozen signatures in ML-DSA-44."""

AWAY: Final = ReasonCode("ONBEREIKBAAR")
"""It does not answer, or not in time."""
REFUSED: Final = ReasonCode("AFGEWEZEN")
"""It saw another history of this log than the one that is here: the alarm of alarms."""
UNKNOWN: Final = ReasonCode("ONBEKEND_BIJ_GETUIGE")
"""It does not know this log, or knows it under another key."""
INVALID: Final = ReasonCode("ANTWOORD_ONGELDIG")
"""What it answered is no answer, or does not verify."""

_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_HASH: Final = re.compile(r"[A-Za-z0-9+/]{43}=", re.ASCII)


@dataclass(frozen=True, slots=True)
class Submission:
    """What a log sends a witness: that its checkpoint `note` continues what the witness cosigned at `old`.

    `body` is the note's text, `origin`, `size` and `root` what it says; no signature was looked at.
    """

    old: int
    proof: tuple[bytes, ...]
    note: str
    body: str
    origin: str
    size: int
    root: bytes


def _malformed(where: str, code: str) -> Malformed:
    return Malformed(
        "The checkpoint was not taken.",
        "What was sent is not written as tlog-witness asks.",
        "Send an old size, a proof, an empty line and a checkpoint.",
        faults=(Fault(where, code),),
    )


def parse_submission(content: bytes) -> Submission:
    """Raises errors.Malformed for anything but the one way to write it; a checkpoint with extension lines is refused too."""
    try:
        head, blank, note = content.decode("utf-8").partition("\n\n")
    except UnicodeDecodeError:
        raise _malformed("checkpoint", "TEKEN_ONGELDIG") from None
    first, *hashes = head.split("\n")
    if not blank or not first.startswith("old ") or (old := size_of(first.removeprefix("old "))) is None:
        raise _malformed("old", "WAARDE_ONGELDIG")
    if len(hashes) > MOST_HASHES:
        raise _malformed("proof", "TE_LANG")
    try:
        proof = tuple(_hash(line) for line in hashes)
    except ValueError:
        raise _malformed("proof", "WAARDE_ONGELDIG") from None
    try:
        body, _ = split_note(note)
        origin, size, root = read_body(body)
    except Tampered:
        raise _malformed("checkpoint", "WAARDE_ONGELDIG") from None
    if old > size:
        raise _malformed("old", "WAARDE_ONGELDIG")
    return Submission(old, proof, note, body, origin, size, root)


def _hash(line: str) -> bytes:
    if not _HASH.fullmatch(line):
        raise ValueError("not a hash in base64")
    found = b64decode(line, validate=True)
    if len(found) != HASH_BYTES or b64encode(found).decode() != line:
        raise ValueError("not a hash in canonical base64")
    return found


def submission(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """The body of `add-checkpoint`."""
    return f"old {old}\n{hash_lines(proof)}\n{note}".encode()


def hash_lines(proof: Sequence[bytes]) -> str:
    """Hashes in base64, one a line."""
    return "".join(binascii.b2a_base64(part).decode() for part in proof)


def size_of(text: str) -> int | None:
    """A size as C2SP writes it, in decimal without leading zeroes; None for anything else."""
    return int(text) if _SIZE.fullmatch(text) and int(text) < 1 << 63 else None


def of_origin(origin: str) -> str:
    """What a log is called in an address: no name of a log has to be fit for one."""
    return sha256(origin.encode()).hexdigest()


def contradiction_of(vkey: str) -> str:
    """Under which name it is remembered that this key of the log was seen under two histories."""
    return f"contradiction {of_origin(vkey)}"


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A log that this hub is a witness of: with what it cosigned last, and when (µs; 0 for never).

    `forked` is a checkpoint that the log signed though it contradicts `note`: both together prove to anyone that it forked.
    """

    origin: str
    vkey: str
    active: bool
    size: int
    root: bytes
    note: str | None
    cosigned_us: int
    forked: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """How it stands with someone whom this log asks: up to which size it answered well and when, and what is amiss (a code)."""

    witness: str
    size: int
    answered_us: int
    asked_us: int
    trouble: ReasonCode | None


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A line under the checkpoint `note` of `size`, verified when it came; `signed_s` is when its witness says it was made."""

    witness: str
    size: int
    signed_s: int
    note: str
    line: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """That the checkpoint `note` of `size` existed at `stamped_us`: an RFC 3161 response in DER over the note's SHA-512."""

    size: int
    note: str
    token: bytes
    stamped_us: int
