"""MIME as far as it carries files: RFC 2045 to 2047, 2183. Bounded in depth, number and size, so that no mail is a bomb.

The parts of a message are places in it; only what is taken is decoded, once.
"""

from __future__ import annotations

import binascii
import quopri
import re
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from typing import Final

from hub.errors import Fault, Malformed

MOST_PARTS: Final = 30
MOST_DEPTH: Final = 5
_HEAD_LIMIT: Final = 64 * 1024
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_WHITE: Final = b" \t\r\n"
_AS_IS: Final = ("", "7bit", "8bit", "binary")
_ONCE: Final = ("content-type", "content-transfer-encoding", "content-disposition")


@dataclass(frozen=True, slots=True)
class Entity:
    """A part with its kind, in lower case, and its content as it is written. `name` may hold personal data and goes nowhere."""

    kind: str
    attached: bool
    name: str
    encoding: str
    boundary: bytes
    sort: str
    body: bytes


def tangled(code: str = "BERICHT_ONLEESBAAR") -> Malformed:
    """A message that is not built as one."""
    return Malformed(
        "The message cannot be read.", "It is not built as MIME says.", "Make a new one.", faults=(Fault("bericht", code),)
    )


def entity(raw: bytes) -> Entity:
    """Reads the head of a message or a part. Raises errors.Malformed where it says a thing twice, or too much."""
    if raw[:2] == b"\r\n" or raw[:1] == b"\n":
        head, body = b"", raw.split(b"\n", 1)[1]
    else:
        found = _HEAD_END.search(raw, 0, _HEAD_LIMIT)
        if found is None:
            raise tangled()
        head, body = raw[: found.start()], raw[found.end() :]
    try:
        said = BytesHeaderParser().parsebytes(head + b"\r\n\r\n")
        if any(len(said.get_all(name, [])) > 1 for name in _ONCE):
            raise tangled()
        return _entity(said, body)
    except Malformed:
        raise
    except Exception:  # whatever the library makes of a head that is none
        raise tangled() from None


def _entity(said: Message, body: bytes) -> Entity:
    boundary, sort = said.get_param("boundary", ""), said.get_param("smime-type", "")
    return Entity(
        kind=said.get_content_type().lower(),
        attached=said.get_content_disposition() == "attachment",
        name=(said.get_filename("") or "").lower(),
        encoding=str(said.get("content-transfer-encoding", "")).strip().lower(),
        boundary=boundary.encode("ascii") if isinstance(boundary, str) and len(boundary) <= 70 else b"",
        sort=sort.lower() if isinstance(sort, str) else "",
        body=body,
    )


def decoded(one: Entity) -> bytes:
    """The content itself. Raises errors.Malformed."""
    if one.encoding in _AS_IS:
        return one.body
    try:
        if one.encoding == "base64":
            return binascii.a2b_base64(one.body.translate(None, _WHITE), strict_mode=True)
        if one.encoding == "quoted-printable":
            return quopri.decodestring(one.body)
    except ValueError:
        raise tangled() from None
    raise tangled()


def parts(one: Entity) -> list[bytes]:
    """The parts of a multipart, each as it is written. Raises errors.Malformed where there is no end, or too many."""
    if not one.boundary:
        raise tangled()
    mark = re.compile(rb"(?:\A|\r?\n)--" + re.escape(one.boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    found: list[bytes] = []
    start: int | None = None
    for line in mark.finditer(one.body):
        if start is not None:
            found.append(_after_line(one.body[start : line.start()]))
            if len(found) > MOST_PARTS:
                raise tangled("DELEN_TE_VEEL")
        if line[1]:
            return found
        start = line.end()
    raise tangled()


def _after_line(part: bytes) -> bytes:
    """Without the end of the line that the mark stood on."""
    return part[2:] if part[:2] == b"\r\n" else part[1:]
