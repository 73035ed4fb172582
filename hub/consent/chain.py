"""How the events of a statement are kept so that none can be changed, dropped or swapped unseen. Pure.

An event is one JSON object in the canonical form of RFC 8785 and names the digest of the event before it. The digest is keyed:
it says something about a person, and nobody without the hub's key can make another one that fits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

import orjson

from hub.consent.statement import START, Event
from hub.errors import Tampered
from hub.ports import KeyedDigest

LABEL: Final = "statement-event"


def body_of(event: Event) -> bytes:
    """The bytes of an event: keys sorted, ASCII throughout, lists in order."""
    fields = event.model_dump(mode="json")
    for scope in fields["scope"]:
        if fields["scope"][scope] is not None:
            fields["scope"][scope] = sorted(fields["scope"][scope])
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)


def digest_of(event: Event, digest: KeyedDigest) -> bytes:
    """The keyed digest of an event: 32 bytes."""
    return digest(LABEL, body_of(event))


def read_chain(tag: bytes, rows: Iterable[tuple[bytes, bytes | None]], digest: KeyedDigest | None = None) -> tuple[Event, ...]:
    """The events of one statement about the person with that tag, from their bodies and digests in order.

    Raises Tampered unless they follow each other without a gap; with `digest`, each is also held against its own. An event that
    was recorded before statements were chained has none, and is the first.
    """
    events: list[Event] = []
    before = START
    for body, kept in rows:
        event = _read(body)
        first = event if not events else events[0]
        if (
            event.tag != tag.hex()
            or event.seq != len(events) + 1
            or event.prev != before
            or (event.statement_id, event.kind) != (first.statement_id, first.kind)
            or (events and event.recorded_us < events[-1].recorded_us)
            or (kept is None and (events or event.evidence is not None))
            or (kept is not None and digest is not None and digest(LABEL, body) != kept)
        ):
            _tampered()
        events.append(event)
        before = START if kept is None else kept.hex()
    return tuple(events)


def _read(body: bytes) -> Event:
    try:
        event = Event.model_validate_json(body)
    except ValueError:
        _tampered()
    if body_of(event) != body:
        _tampered()
    return event


def chained(events: Sequence[Event], kept: bytes | None) -> tuple[int, str]:
    """The number and the predecessor of the event that comes after `events`; `kept` is the digest of the last of them."""
    return len(events) + 1, START if kept is None else kept.hex()


def _tampered() -> NoReturn:
    raise Tampered(
        "A statement is not what was recorded.",
        "One of its events was changed, dropped or put in another's place.",
        "Keep the database as it is; call the privacy officer.",
    ) from None
