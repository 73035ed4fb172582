"""What is searched of one entry. What is wrong with an entry, the verifier says; here it stops nothing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

import orjson

from hub.audit.entry import LARGEST_NUMBER, EntryKind, OutcomeKind
from hub.audit.search.lines import REDACTED, REFUSED, UNREADABLE, WAITING
from hub.domain.terms import Form

_LONGEST: Final = 128
RAW: Final = Form.raw.value


class Indexed(NamedTuple):
    """One entry, as far as it is searched; words that its kind does not have are empty."""

    seq: int
    us: int
    ref: UUID
    kind: str
    operation: str
    actor: str
    purpose: str
    source: str
    recipient: str
    staff: str
    bases: Sequence[str]
    reasons: Sequence[str]
    outcome: str
    became: str
    attempt: int
    delivery: UUID | None
    elements: Sequence[str] = ()


class Moved(NamedTuple):
    """What an outcome entry makes of its disclosure: the newest outcome, and how often it was handed over (0 for unsaid)."""

    delivery: UUID
    outcome: str
    attempt: int


def read(seq: int, ref: UUID, body: bytes | None, before_us: int) -> Indexed:
    """The entry at `seq`; of one that was redacted (None) or cannot be read only its place, at the moment before it."""
    if body is None:
        return _empty(seq, ref, REDACTED, before_us)
    try:
        return _read(seq, ref, orjson.loads(body))
    except (ValueError, KeyError, TypeError, AttributeError):
        return _empty(seq, ref, UNREADABLE, before_us)


def _empty(seq: int, ref: UUID, kind: str, us: int) -> Indexed:
    return Indexed(seq, us, ref, kind, "", "", "", "", "", "", (), (), "", "", 0, None)


def _read(seq: int, ref: UUID, fields: dict[str, Any]) -> Indexed:
    kind, us = _text(fields["kind"]), fields["us"]
    if type(us) is not int or not 0 <= us <= LARGEST_NUMBER:
        raise ValueError("a moment is a whole number")
    if kind in (UNREADABLE, REDACTED):
        raise ValueError("no entry calls itself that")
    outcome, became, attempt, delivery = "", "", 0, None
    if kind == EntryKind.disclosure:
        outcome = WAITING
    elif kind == EntryKind.refusal:
        outcome = REFUSED
    elif kind == EntryKind.outcome:
        became, attempt, delivery = _text(fields["outcome"]), fields["attempt"], UUID(fields["delivery"])
        if type(attempt) is not int or not 0 <= attempt < 1 << 31:
            raise ValueError("an attempt is a whole number")
    details = fields.get("details") or {}
    return Indexed(
        seq,
        us,
        ref,
        kind,
        _text(fields["operation"]),
        _text(fields["actor"]),
        _text(fields["purpose"]),
        _text(fields.get("source", "")),
        _text(fields.get("recipient", "")),
        _text(details.get("staff", "")),
        [_text(word) for word in fields.get("basis", ())],
        [_text(word) for word in fields.get("reasons", ())],
        outcome,
        became,
        attempt,
        delivery,
        [_text(word) for word in fields.get("attributes", ())],
    )


def _text(value: Any) -> str:
    if type(value) is str and len(value) <= _LONGEST and value.isascii() and (not value or value.isprintable()):
        return value
    raise ValueError("a word of an entry is short and printable")


SINGLE: Final = ("kind", "source", "recipient", "purpose", "outcome")
"""Sorts of words of which every entry has exactly one, if only the empty one: lists are sorted by these."""
AGAIN: Final = 5
"""A disclosure that was handed over this often and is not confirmed is found by itself."""


def words_of(row: Indexed) -> Iterator[tuple[str, str]]:
    """Every word by which the entry is found, as (sort, word)."""
    for sort in SINGLE:
        yield sort, getattr(row, sort)
    for sort, word in (("operation", row.operation), ("actor", row.actor), ("staff", row.staff), ("became", row.became)):
        if word:
            yield sort, word
    for sort, words in (("basis", row.bases), ("reason", row.reasons)):
        for word in dict.fromkeys(words):
            yield sort, word
    for element in dict.fromkeys(row.elements):
        name, _, form = element.partition(":")
        yield "element", name
        yield "element", f"{name}:{form or RAW}"
    if often(row.outcome, row.attempt):
        yield "again", "again"


def often(outcome: str, attempt: int) -> bool:
    """Whether a disclosure that stands so was handed over often without a receipt."""
    return outcome == OutcomeKind.handed_over and attempt >= AGAIN


def moves(rows: Sequence[Indexed]) -> dict[UUID, Moved]:
    """Per disclosure what the outcome entries among `rows`, in the order of the log, make of it."""
    newest: dict[UUID, Moved] = {}
    for row in rows:
        if row.delivery is not None:
            outcome = WAITING if row.became == OutcomeKind.resumed else row.became
            handed = row.attempt if row.became == OutcomeKind.handed_over else 0
            known = newest.get(row.delivery)
            newest[row.delivery] = Moved(row.delivery, outcome, max(handed, known.attempt if known else 0))
    return newest


def settled(rows: Sequence[Indexed]) -> tuple[list[Indexed], list[Moved]]:
    """The rows with the outcomes that came in the same batch, and the outcomes of disclosures that came before it."""
    newest = moves(rows)
    done: list[Indexed] = []
    for row in rows:
        moved = newest.pop(row.ref, None) if row.kind == EntryKind.disclosure and newest else None
        done.append(row if moved is None else row._replace(outcome=moved.outcome, attempt=moved.attempt))
    return done, list(newest.values())
