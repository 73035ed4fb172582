"""A page of deliveries to the bytes that go out, and an answer to what it says of them. Pure.

Silence is no confirmation, and neither is anything that was not agreed: only an answer in the agreed form, about deliveries
that were on the page, each named once, counts. The recipient's own words stay here; of a reason only a published code passes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Sequence
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

import orjson

from hub.connector import Rejected, Said
from hub.domain.handing import written
from hub.domain.stages import Delivered
from hub.domain.terms import ReasonCode
from hub.http import INVALID, Answer, Away, Barred, pause_of

BUSY: Final = ReasonCode("ONTVANGER_BEZET")
"""The recipient's system asks to be left alone for a while."""
FAILED: Final = ReasonCode("ONTVANGER_FOUT")
"""The recipient's system says that it failed."""
SHUT: Final = ReasonCode("ONTVANGER_INSTELLING")
"""The recipient's system does not let the hub in, or is not at this address."""
NOT_ACCEPTED: Final = ReasonCode("PAGINA_GEWEIGERD")
"""The recipient's system does not take the page as it is."""
NO_REASON: Final = ReasonCode("GEEN_REDEN")
"""The recipient refuses and gives no reason that was agreed."""

REASONS: Final = frozenset(
    map(
        ReasonCode,
        (
            "BUITEN_WERKGEBIED",
            "NIET_BEVOEGD",
            "VORM_ONGELDIG",
            "ONTVANGSTBEWIJS_ONGELDIG",
            "GEEN_GRONDSLAG",
            "NIET_VERWERKBAAR",
        ),
    )
)
"""Why a recipient may refuse a delivery. The list is closed: a word of its own could say something about a person."""

_ANSWERED: Final = frozenset((200, 201, 202, 409))
_NOT_THIS_PAGE: Final = frozenset((400, 413, 422))
_FOR_NOW: Final = frozenset((429, 503))
_LATER: Final = frozenset((408, 425))
_NEVER: Final = frozenset((501, 505, 511))
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


def body_of(page: Sequence[Delivered], checkpoint: str) -> bytes:
    """The page as JSON, the same as a recipient would fetch."""
    return orjson.dumps(written(page, checkpoint))


def key_of(ids: Collection[UUID]) -> UUID:
    """The same for the same deliveries in any order: of one its own id, of more a UUIDv8 (RFC 9562, section 5.8) of theirs."""
    if len(ids) == 1:
        (only,) = ids
        return only
    digest = hashlib.sha256(b"".join(sorted(each.bytes for each in ids))).digest()[:16]
    number = int.from_bytes(digest) & ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=number | 0x8 << 76 | 0x2 << 62)


def said(answer: Answer, sent: Collection[UUID]) -> Said:
    """What an answer says of the deliveries that were `sent`. Raises Rejected, Away or Barred where it says nothing of them."""
    status = answer.status
    if status in _ANSWERED:
        return _read(answer.body, {each.int for each in sent})
    if status in _NOT_THIS_PAGE:
        raise Rejected(
            NOT_ACCEPTED,
            "A recipient's system does not accept a page.",
            f"It answered {status}.",
            "Its deliveries go one by one.",
        )
    if status in _FOR_NOW:
        raise Away(BUSY, "A recipient's system asks for a pause.", f"It answered {status}.", after_s=pause_of(answer.headers))
    if status in _LATER or (status >= 500 and status not in _NEVER):
        raise Away(FAILED, "A recipient's system has failed.", f"It answered {status}.")
    if status < 300:
        raise _no_word()
    raise Barred(
        SHUT,
        "A recipient's system does not let the hub deliver.",
        f"It answered {status}.",
        "Check address, token and certificate with its owner, then release what is held.",
    )


def _read(body: bytes, sent: Collection[int]) -> Said:
    try:
        content = json.loads(body.decode("utf-8-sig"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict) or "bevestigd" not in content:
        raise _no_word()
    confirmed, refusals = content["bevestigd"], content.get("geweigerd", [])
    if not isinstance(confirmed, list) or not isinstance(refusals, list):
        raise _no_word()
    refused = [(each.get("bezorgingId"), each.get("reden")) if isinstance(each, dict) else (None, None) for each in refusals]
    named = [_id(each) for each in (*confirmed, *(each for each, _ in refused))]
    if len({each.int for each in named}) != len(named) or any(each.int not in sent for each in named):
        raise _no_word()
    codes = (reason if isinstance(reason, str) and reason in REASONS else NO_REASON for _, reason in refused)
    return Said(
        frozenset(named[: len(confirmed)]),
        MappingProxyType({each: ReasonCode(code) for each, code in zip(named[len(confirmed) :], codes, strict=True)}),
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError on a name that stands twice in an object: which of the two was meant, nobody knows."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name stands twice")
    return read


def _id(given: object) -> UUID:
    if not isinstance(given, str) or not _UUID.fullmatch(given):
        raise _no_word()
    return UUID(given)


def _no_word() -> Away:
    return Away(
        INVALID,
        "A recipient's system gives no proper answer.",
        "It does not say in the agreed form, about these deliveries and each once, what it has.",
        "Nothing counts as received; it is tried again. Ask its owner to answer as the interface describes.",
    )
