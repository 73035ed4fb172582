"""The entries of the log: what they say, and how they are written. Pure.

An entry is one JSON object in the one canonical form of RFC 8785: keys sorted, nothing between the parts, whole numbers only.
It is stored, hashed and exported as these bytes. It names parties, rules and elements; of a person it holds keyed digests and
a commitment, which tell nothing without the person's key.

The moment `us` is set by the log's one writer under its lock, so what is built here is a `Draft`: the bytes before and after
its 16 digits. Thousands of entries of one list differ in five values; a template holds the rest ready.
"""

from __future__ import annotations

import json
import re
from binascii import b2a_base64
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from hub.domain.stages import Candidate, Grant, Permitted, Protected, Refused
from hub.domain.terms import Form, LogId, Micros, PartyId, PolicyHash, PurposeId, ReasonCode, RecordKind
from hub.errors import Tampered
from hub.ports import Draft

VERSION: Final = 1
LONGEST: Final = 65_535
LARGEST_NUMBER: Final = (1 << 53) - 1
FIRST_MOMENT: Final = 10**15

PERSONAL: Final = ReasonCode("PERSOONLIJK")
"""Stands in the log for every reason that says something about the young person."""

NO_PURPOSE: Final = PurposeId("undetermined")
"""The purpose of a refusal where no agreement speaks of this recipient, so that no purpose could be named."""


class EntryKind(StrEnum):
    """What an entry is about; closed."""

    disclosure = "disclosure"
    """A record about a person may go to a recipient, so far and no further; it leaves only after this entry is durable."""
    refusal = "refusal"
    """A record about a person may not go to a recipient that the route considered, with the reasons."""
    outcome = "outcome"
    """What became of a disclosure: handed over, acknowledged by the recipient, failed, stopped, and so on."""
    access = "access"
    """A member of staff read something about a person, or read the log."""
    statement = "statement"
    """A consent, objection, restriction or preference was given, withdrawn or ended."""
    erasure = "erasure"
    """A person's key was destroyed, and with it whatever hung on it."""
    prune = "prune"
    """Entries whose retention had ended were removed, by whom authorised and how far."""
    key_rotation = "key_rotation"
    """A key of the hub was replaced or destroyed."""
    configuration = "configuration"
    """A setting, policy, connector or role was changed."""
    re_identification = "re_identification"
    """Pseudonyms were led back to persons, by two approvals."""
    export = "export"
    """A part of the log, or figures from it, was handed out as files."""


class OutcomeKind(StrEnum):
    """What became of a disclosure."""

    handed_over = "handed-over"
    """It is about to leave; as often as it is tried."""
    acknowledged = "acknowledged"
    """The recipient says that it has it."""
    failed = "failed"
    """The recipient's system would not have it: it waits for someone to mend what is wrong."""
    stopped = "stopped"
    """Decided anew at the moment of sending, and no longer permitted."""
    resumed = "resumed"
    """It failed or was stopped, and waits for its recipient again."""
    dropped = "dropped"
    """It failed, and someone decided that it goes no more."""


ENDINGS: Final = frozenset({OutcomeKind.failed, OutcomeKind.stopped, OutcomeKind.resumed, OutcomeKind.dropped})
"""Outcomes that have reasons, and name the policy by which it was decided anew."""


_Rule = Callable[[Any], bool]


def _matches(pattern: str, longest: int = 128) -> _Rule:
    whole = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and len(value) <= longest and whole.fullmatch(value) is not None


def _number(smallest: int) -> _Rule:
    return lambda value: type(value) is int and smallest <= value <= LARGEST_NUMBER


def _list_of(rule: _Rule) -> _Rule:
    return lambda value: isinstance(value, list) and all(rule(item) for item in value)


def _object_of(key: _Rule, rule: _Rule) -> _Rule:
    return lambda value: isinstance(value, dict) and all(key(name) and rule(item) for name, item in value.items())


# Words begin with a letter: whatever a person is known by (numbers, dates, postcodes) does not pass for one.
_word = _matches(r"[a-z][a-z0-9]*(?:[-./:_][a-z0-9]+)*")
_code = _matches(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*")
_ref = _matches(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_hex = _matches(r"[0-9a-f]{64}")
_digest = _matches(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
_nonce = _matches(r"[A-Za-z0-9_-]{21}[AQgw]")

_COMMON: Final[Mapping[str, _Rule]] = {
    "v": lambda value: type(value) is int and value == VERSION,
    "kind": lambda value: value in list(EntryKind),
    "log": _word,
    "us": _number(FIRST_MOMENT),
    "ref": _ref,
    "actor": _word,
    "operation": _word,
    "purpose": _word,
}
_PERSON: Final[Mapping[str, _Rule]] = {
    "source": _word,
    "recipient": _word,
    "controllers": _list_of(_word),
    "agreement": lambda value: value is None or _word(value),
    "clause": lambda value: value is None or _word(value),
    "basis": _list_of(_word),
    "attributes": _list_of(_word),
    "withheld": _object_of(_word, _code),
    "decision": lambda value: value in ("permit", "refuse"),
    "reasons": _list_of(_code),
    "policy": _hex,
    "count": lambda value: type(value) is int and value == 1,
    "record": _word,
    "digest": _digest,
    "facts": _digest,
    "nonce": _nonce,
    "commitment": _digest,
}
_OUTCOME: Final[Mapping[str, _Rule]] = {
    "delivery": _ref,
    "recipient": _word,
    "outcome": lambda value: value in list(OutcomeKind),
    "attempt": _number(1),
}
_ENDED: Final[Mapping[str, _Rule]] = {**_OUTCOME, "reasons": _list_of(_code), "policy": _hex}
_EVENT: Final[Mapping[str, _Rule]] = {
    "about": _word,
    "details": _object_of(_word, lambda value: _number(0)(value) or _word(value) or _code(value) or _ref(value) or _hex(value)),
}
_OWN: Final[Mapping[str, Mapping[str, _Rule]]] = {
    EntryKind.disclosure: _PERSON,
    EntryKind.refusal: _PERSON,
    EntryKind.outcome: _OUTCOME,
}


def check(fields: Mapping[str, Any]) -> None:
    """Raises ValueError, naming the field but not its value, when these are not the fields of an entry."""
    kind = fields.get("kind")
    own = _OWN.get(kind, _EVENT) if isinstance(kind, str) else _EVENT
    if own is _OUTCOME and fields.get("outcome") in list(ENDINGS):
        own = _ENDED
    rules = {**_COMMON, **own}
    for name in sorted(rules):
        if name not in fields or not rules[name](fields[name]):
            raise ValueError(f"an entry's {name} is missing or not well formed")
    if len(fields) != len(rules):
        raise ValueError("an entry has a field that its kind does not have")
    permits = fields.get("decision") == "permit"
    if kind == EntryKind.disclosure and not (
        permits
        and not fields["reasons"]
        and all(fields[name] for name in ("controllers", "agreement", "clause", "basis", "attributes"))
    ):
        raise ValueError("a disclosure names its controllers, agreement, clause, basis and attributes")
    if kind == EntryKind.refusal and (permits or not fields["reasons"] or fields["attributes"]):
        raise ValueError("a refusal names its reasons, and passes nothing")


def parse(body: bytes) -> Mapping[str, Any]:
    """The fields of a recorded entry. Raises errors.Tampered unless `body` is an entry, written in the one canonical way."""
    try:
        fields = json.loads(body.decode()) if len(body) <= LONGEST else None
        if isinstance(fields, dict) and canonical(fields) == body:
            check(fields)
            return fields
        why = "It is not canonical JSON."
    except (ValueError, RecursionError):
        why = "It is not canonical JSON with the fields of its kind."
    raise Tampered("An entry of the log cannot be read.", why, "Stop, keep the database, and verify an export of the log.")


_MOMENT_TEXT = b'"us":%d' % LARGEST_NUMBER
_URLSAFE = bytes.maketrans(b"+/", b"-_")

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def canonical(fields: Mapping[str, Any]) -> bytes:
    """RFC 8785 for what an entry may hold: whole numbers, and keys that sort alike by code point and by UTF-16 unit."""
    return _canonical(dict(fields)).encode()


def complete(draft: Draft, moment: Micros | int) -> bytes:
    """The entry's bytes, recorded at `moment`. Raises ValueError on a moment that has not 16 digits."""
    if not FIRST_MOMENT <= moment <= LARGEST_NUMBER:
        raise ValueError("a moment is 16 digits of microseconds")
    return b"%b%d%b" % (draft.head, moment, draft.tail)


def encode_digests(digest: bytes, facts: bytes, commitment: bytes, nonce: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Three digests of 32 bytes and a nonce of 16 as base64url without padding (RFC 4648, section 5)."""
    if not len(digest) == len(facts) == len(commitment) == 32 or len(nonce) != 16:
        raise ValueError("an entry's digests are 32 bytes and its nonce 16")
    # One call instead of four: a zero byte after 32 makes 33, which base64 writes in whole groups.
    text = b2a_base64(b"%b\0%b\0%b\0%b" % (digest, facts, commitment, nonce), newline=False).translate(_URLSAFE)
    return text[:43], text[44:87], text[88:131], text[132:154]


def _draft(fields: Mapping[str, Any], ref: UUID) -> Draft:
    head, tail = _around_moment(fields)
    return Draft(ref, head, tail)


def _around_moment(fields: Mapping[str, Any]) -> tuple[bytes, bytes]:
    whole = {**fields, "us": LARGEST_NUMBER}
    check(whole)
    head, _, tail = canonical(whole).rpartition(_MOMENT_TEXT)
    if len(head) + len(_MOMENT_TEXT) + len(tail) > LONGEST:
        raise ValueError("an entry is longer than the log can hold")
    return head + b'"us":', tail


def _compile(fields: Mapping[str, Any], stand_ins: Mapping[str, str]) -> tuple[bytes, bytes]:
    """The bytes around the moment, those before it as a template for `%` with the stand-ins' values in order of their keys."""
    head, tail = _around_moment({**fields, **stand_ins})
    for key, stand_in in sorted(stand_ins.items()):
        head = head.replace(f'"{key}":"{stand_in}"'.encode(), f'"{key}":"%b"'.encode(), 1)
    return head, tail


_ANY_REF = "00000000-0000-0000-0000-000000000000"
_ANY_HASH = "A" * 43
_SEALED = {"commitment": _ANY_HASH, "digest": _ANY_HASH, "facts": _ANY_HASH, "nonce": "A" * 22, "ref": _ANY_REF}


class _SealedTemplate:
    """An entry about a person: constant but for its ref, three digests and a nonce."""

    __slots__ = ("_head", "_tail")

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._head, self._tail = _compile(fields, _SEALED)

    def draft(self, ref: UUID, digest: bytes, facts: bytes, nonce: bytes, commitment: bytes) -> Draft:
        """The entry of one record: `digest` of the payload and `facts` of the gate facts are keyed. Raises ValueError."""
        written, known, committed, once = encode_digests(digest, facts, commitment, nonce)
        return Draft(ref, self._head % (committed, written, known, once, str(ref).encode()), self._tail)


class DisclosureTemplate(_SealedTemplate):
    """Entries of kind `disclosure` under one grant to one recipient. `actor` is the party on whose message it happens."""

    def __init__(
        self, log: LogId, actor: PartyId, candidate: Candidate, grant: Grant, record: RecordKind, operation: str = "admit"
    ) -> None:
        super().__init__(
            _common(EntryKind.disclosure, log, actor, operation, grant.purpose)
            | _route(candidate, record)
            | {
                "agreement": grant.agreement,
                "attributes": attributes(grant),
                "basis": list(grant.bases),
                "clause": grant.clause,
                "decision": "permit",
                "policy": grant.policy,
                "reasons": [],
                "withheld": {name: PERSONAL if code in grant.personal else code for name, code in grant.withheld},
            }
        )


class RefusalTemplate(_SealedTemplate):
    """Entries of kind `refusal` of records that are refused alike; reasons that are personal read `PERSOONLIJK`."""

    def __init__(self, log: LogId, actor: PartyId, refused: Refused, record: RecordKind, operation: str = "admit") -> None:
        super().__init__(
            _common(EntryKind.refusal, log, actor, operation, refused.purpose or NO_PURPOSE)
            | _route(refused.candidate, record)
            | {
                "agreement": refused.agreement,
                "attributes": [],
                "basis": [],
                "clause": None,
                "decision": "refuse",
                "policy": refused.policy,
                "reasons": list(public_reasons(refused.reasons, refused.personal)),
                "withheld": {},
            }
        )


def attributes(grant: Grant) -> list[str]:
    """The elements that a grant lets pass, in its order, each with its form unless that is raw."""
    return [str(name) if form is Form.raw else f"{name}:{form}" for name, form in grant.fields]


def public_reasons(reasons: Sequence[ReasonCode], personal: Collection[ReasonCode]) -> tuple[ReasonCode, ...]:
    """Reasons as they may stand outside the person's seal, each once, in their order."""
    return tuple(dict.fromkeys(PERSONAL if code in personal else code for code in reasons))


class Drafter:
    """Drafts the entries of one sender's verdicts, making a template whenever it meets a new kind of verdict.

    Keep one as long as its policy and parties: it holds a template per grant and recipient, and per way of refusing.
    """

    def __init__(self, log: LogId, actor: PartyId, record: RecordKind, operation: str = "admit") -> None:
        self._log, self._actor, self._record, self._operation = log, actor, record, operation
        self._disclosures: dict[tuple[Any, ...], tuple[Grant, DisclosureTemplate]] = {}
        self._refusals: dict[tuple[Any, ...], RefusalTemplate] = {}

    def draft(self, protected: Protected) -> Draft:
        """The entry of one verdict. Raises ValueError on digests of other lengths."""
        verdict = protected.verdict
        template = self._disclosure(verdict) if isinstance(verdict, Permitted) else self._refusal(verdict)
        return template.draft(protected.ref, protected.digest, protected.facts_digest, protected.nonce, protected.commitment)

    def _disclosure(self, permitted: Permitted) -> DisclosureTemplate:
        candidate, grant = permitted.candidate, permitted.grant
        # Grants are shared by all records that they permit alike, so identity tells them apart; held, an id is not reused.
        key = (id(grant), candidate.recipient, candidate.provider, candidate.controllers)
        known = self._disclosures.get(key)
        if known is None:
            template = DisclosureTemplate(self._log, self._actor, candidate, grant, self._record, self._operation)
            known = self._disclosures[key] = (grant, template)
        return known[1]

    def _refusal(self, refused: Refused) -> RefusalTemplate:
        by = refused.candidate
        key = (
            *(by.recipient, by.provider, by.controllers, refused.purpose, refused.agreement),
            *(refused.reasons, refused.personal, refused.policy),
        )
        known = self._refusals.get(key)
        if known is None:
            known = self._refusals[key] = RefusalTemplate(self._log, self._actor, refused, self._record, self._operation)
        return known


class OutcomeTemplate:
    """Entries of kind `outcome` for one recipient and purpose. `actor` is who did it: the recipient, or whose hub it is."""

    __slots__ = ("_head", "_tail")

    def __init__(
        self, log: LogId, actor: PartyId, recipient: PartyId, purpose: PurposeId, outcome: OutcomeKind, operation: str
    ) -> None:
        if outcome in ENDINGS:
            raise ValueError(f"an outcome {outcome} has reasons, and no template")
        fields = _common(EntryKind.outcome, log, actor, operation, purpose) | {"recipient": recipient, "outcome": outcome}
        head, self._tail = _compile(fields | {"attempt": 1}, {"delivery": _ANY_REF, "ref": _ANY_REF})
        self._head = head.replace(b'"attempt":1,', b'"attempt":%d,', 1)

    def draft(self, ref: UUID, delivery: UUID, attempt: int = 1) -> Draft:
        """The entry of one delivery, named by its disclosure's ref. Raises ValueError when `attempt` is not 1 or more."""
        if not 1 <= attempt <= LARGEST_NUMBER:
            raise ValueError("attempts are counted from 1")
        return Draft(ref, self._head % (attempt, str(delivery).encode(), str(ref).encode()), self._tail)


def ending(
    log: LogId,
    ref: UUID,
    actor: PartyId,
    recipient: PartyId,
    purpose: PurposeId,
    outcome: OutcomeKind,
    operation: str,
    delivery: UUID,
    attempt: int,
    reasons: Sequence[ReasonCode],
    policy: PolicyHash,
) -> Draft:
    """An outcome with reasons, which are none that say something about the young person. Raises ValueError for another."""
    if outcome not in ENDINGS:
        raise ValueError(f"an outcome {outcome} has its own template")
    about = {"delivery": str(delivery), "recipient": recipient, "outcome": outcome, "attempt": attempt}
    fields = _common(EntryKind.outcome, log, actor, operation, purpose) | about
    return _draft(fields | {"ref": str(ref), "reasons": list(reasons), "policy": policy}, ref)


def event(
    kind: EntryKind,
    log: LogId,
    ref: UUID,
    actor: PartyId,
    operation: str,
    purpose: PurposeId,
    about: str,
    details: Mapping[str, str | int],
) -> Draft:
    """An entry of any other kind: `about` is a word such as `policy`, `details` words, numbers, refs and hashes by key.

    Raises ValueError when `kind` has a template of its own, or a word could be a value instead.
    """
    if kind in _OWN:
        raise ValueError(f"an entry of kind {kind} has its own template")
    fields = _common(kind, log, actor, operation, purpose) | {"ref": str(ref), "about": about, "details": dict(details)}
    return _draft(fields, ref)


def _common(kind: EntryKind, log: LogId, actor: PartyId, operation: str, purpose: PurposeId) -> dict[str, Any]:
    return {"v": VERSION, "kind": kind, "log": log, "actor": actor, "operation": operation, "purpose": purpose}


def _route(candidate: Candidate, record: RecordKind) -> dict[str, Any]:
    return {
        "source": candidate.provider,
        "recipient": candidate.recipient,
        "controllers": list(candidate.controllers),
        "count": 1,
        "record": record,
    }
