"""Protect: what is permitted, minimised, pseudonymised and sealed under the person's key; and what the log may say of it.

Pure: keys, identifiers and random bytes come in as values. Per person and recipient about 8 microseconds.

For each verdict the log gets three values that tell nothing without the person's key: with `inner = mac(person key, nonce)`
they are the commitment `mac(inner, tag || recipient)`, the payload's digest and the facts' digest. Whoever is given `inner` can
check this one entry and no other; when the key is destroyed the entries can be linked to nobody, nor to each other. `mac` is
keyed BLAKE2b (RFC 7693) of 32 bytes, whose personalisation keeps the six uses apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from io import BytesIO
from typing import Any, TypeVar
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.domain.facts import KeptFacts, Stated, StatementKind, StatementState, SubjectFacts, Voice
from hub.domain.personal import Pseudonym
from hub.domain.stages import Canonical, Permitted, Protected, ProtectedRecord, Verdict
from hub.domain.terms import ElementName, FactName, PartyId, PurposeId, RecordKind
from hub.errors import Tampered
from hub.protect.minimise import minimise, pseudonymous_identifier
from hub.protect.pseudonymise import Domain, DomainKey, pseudonyms

T = TypeVar("T")
VERSION = b"\x01"
NONCE_BYTES = 16
AEAD_NONCE_BYTES = 12
ENTROPY_PER_VERDICT = NONCE_BYTES + AEAD_NONCE_BYTES
ENTROPY_PER_RECORD = AEAD_NONCE_BYTES
NOTHING = b""


@dataclass(frozen=True, slots=True)
class Person:
    """What protects one young person's record: the tag, the person's key, and a pseudonym's first step where one is made."""

    tag: bytes = field(repr=False)
    key: bytes = field(repr=False)
    first_step: bytes = field(default=NOTHING, repr=False)


@dataclass(frozen=True, slots=True)
class Versions:
    """By which versions of mapping and key a record was read and sealed; kept inside the seal with the record's own version, so
    that old payloads can be read for ever."""

    mapping: str
    key: int


def seal(key: bytes, nonce: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """AES-256-GCM under a person's key, bound to the thing it belongs to: version, nonce, ciphertext and tag."""
    return _seal(AESGCM(key), nonce, plain, bound_to)


def _seal(cipher: AESGCM, nonce: bytes, plain: bytes, bound_to: bytes) -> bytes:
    return VERSION + nonce + cipher.encrypt(nonce, plain, bound_to)


def unseal(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """Opens what `seal` closed. Raises Tampered when it is not what was sealed for this thing under this key."""
    if sealed[:1] != VERSION:
        raise Tampered("A sealed payload has an unknown version.", now="Keep it and call the privacy officer.")
    try:
        return AESGCM(key).decrypt(sealed[1:13], sealed[13:], bound_to)
    except (InvalidTag, ValueError):  # ValueError where it was cut off
        raise Tampered(
            "A sealed payload does not open.",
            "It was changed, or the key is not the one it was sealed with.",
            "Call the privacy officer.",
        ) from None


def domains_of(verdicts: Sequence[Sequence[Verdict]]) -> set[Domain]:
    """The pseudonym domains that protecting these verdicts needs a key for."""
    needed: set[Domain] = set()
    seen: set[tuple[int, str]] = set()
    for group in verdicts:
        for verdict in group:
            if isinstance(verdict, Permitted):
                kind = verdict.canonical.record.pgn.kind
                mark = (id(verdict.grant), verdict.candidate.recipient + kind)
                if mark not in seen:
                    seen.add(mark)
                    if pseudonymous_identifier(verdict.grant, kind):
                        needed.add(_domain(verdict, kind))
    return needed


def protect(
    canonicals: Sequence[Canonical],
    verdicts: Sequence[Sequence[Verdict]],
    facts: Sequence[SubjectFacts],
    persons: Sequence[Person],
    domain_keys: Mapping[Domain, DomainKey],
    content_digests: Sequence[bytes],
    versions: Versions,
    ids: Sequence[UUID],
    entropy: bytes,
) -> list[ProtectedRecord]:
    """One protected record per canonical record, in order.

    `ids` gives one identifier per record and one per verdict; `entropy` ENTROPY_PER_RECORD bytes per record and
    ENTROPY_PER_VERDICT per verdict. Raises ValueError when they are too few.
    """
    decided = sum(len(group) for group in verdicts)
    if len(entropy) < ENTROPY_PER_RECORD * len(canonicals) + ENTROPY_PER_VERDICT * decided:
        raise ValueError("too little entropy for what must be sealed")
    if len(ids) < len(canonicals) + decided:
        raise ValueError("too few identifiers for what must be sealed")
    identifiers = iter(ids)
    cut = _cut(entropy)
    protected: list[ProtectedRecord] = []
    for canonical, group, known, person, content in zip(canonicals, verdicts, facts, persons, content_digests, strict=True):
        record_id = next(identifiers)
        refs = [next(identifiers) for _ in group]
        plain_facts = _facts_of(canonical, known, group, refs, versions)
        cipher = AESGCM(person.key)
        sealed_facts = _seal(cipher, cut(AEAD_NONCE_BYTES), plain_facts, record_id.bytes)
        protected.append(
            ProtectedRecord(
                record_id=record_id,
                content_digest=content,
                subject_tag=person.tag,
                sealed_facts=sealed_facts,
                verdicts=tuple(
                    _protect_one(canonical, verdict, ref, person, cipher, domain_keys, plain_facts, cut(ENTROPY_PER_VERDICT))
                    for verdict, ref in zip(group, refs, strict=True)
                ),
            )
        )
    return protected


def _cut(entropy: bytes) -> Callable[[int], bytes]:
    """Gives piece after piece of the random bytes, none twice."""
    return BytesIO(entropy).read


def _protect_one(
    canonical: Canonical,
    verdict: Verdict,
    ref: UUID,
    person: Person,
    cipher: AESGCM,
    domain_keys: Mapping[Domain, DomainKey],
    plain_facts: bytes,
    entropy: bytes,
) -> Protected:
    nonce = entropy[:NONCE_BYTES]
    inner = opening(person.key, nonce)
    sealed: bytes | None = None
    payload = NOTHING
    if isinstance(verdict, Permitted):
        kind = canonical.record.pgn.kind
        pseudonym: Pseudonym | None = None
        if pseudonymous_identifier(verdict.grant, kind):
            if not person.first_step:
                raise ValueError("a pseudonym needs its first step")
            pseudonym = pseudonyms(domain_keys[_domain(verdict, kind)], (person.first_step,))[0]
        payload = orjson.dumps(minimise(canonical.record, verdict.grant, pseudonym))
        sealed = _seal(cipher, entropy[NONCE_BYTES:], payload, ref.bytes)
    return Protected(
        ref=ref,
        verdict=verdict,
        sealed=sealed,
        digest=payload_digest(inner, payload),
        facts_digest=facts_digest(inner, plain_facts),
        nonce=nonce,
        commitment=commit(inner, person.tag, verdict.candidate.recipient),
    )


def tag_of(key: bytes) -> bytes:
    """What a person is called in every table but the vault's: 16 bytes that only their key gives."""
    return blake2b(key=key, digest_size=16, person=b"hub/tag").digest()


def opening(key: bytes, nonce: bytes) -> bytes:
    """What opens one log entry and no other: derived from the person's key and the entry's nonce."""
    return blake2b(nonce, key=key, digest_size=32, person=b"hub/opening").digest()


def commit(inner: bytes, tag: bytes, recipient: PartyId) -> bytes:
    """What the log says of whom an entry is about."""
    return blake2b(tag + recipient.encode(), key=inner, digest_size=32, person=b"hub/subject").digest()


def payload_digest(inner: bytes, payload: bytes) -> bytes:
    """What the log says of a payload: keyed, so that a small payload cannot be guessed from it."""
    return blake2b(payload, key=inner, digest_size=32, person=b"hub/payload").digest()


def facts_digest(inner: bytes, plain_facts: bytes) -> bytes:
    """What the log says of the facts that were decided on."""
    return blake2b(plain_facts, key=inner, digest_size=32, person=b"hub/facts").digest()


def content_digest(key: bytes, digest: bytes) -> bytes:
    """What tells a record that was given before: with the person's key, so that once it is gone no record can be tried."""
    return blake2b(digest, key=key, digest_size=32, person=b"hub/content").digest()


def _domain(verdict: Permitted, kind: str) -> Domain:
    return Domain(verdict.candidate.recipient, verdict.grant.purpose, verdict.grant.agreement, kind)


def _facts_of(
    canonical: Canonical, known: SubjectFacts, group: Sequence[Verdict], refs: Sequence[UUID], versions: Versions
) -> bytes:
    """What replay needs to decide again: the facts, and the reasons in full, personal ones included."""
    further = {"more": {str(name): value for name, value in sorted(known.more)}} if known.more else {}
    return orjson.dumps(
        {
            "versions": {
                "record": f"{canonical.record.KIND}/{canonical.record.VERSION}",
                "mapping": versions.mapping,
                "key": versions.key,
            },
            "asOf": known.as_of,
            "age": known.age,
            "geboortedatum": canonical.record.geboortedatum.reveal(),
            "datumUitschrijving": canonical.record.held("datum_uitschrijving"),
            "overleden": known.overleden,
            "startkwalificatie": known.startkwalificatie,
            "ingeschreven": known.ingeschreven,
            "indicatieGeheim": known.indicatie_geheim,
            "onderwijssoort": known.onderwijssoort,
            "datumDiploma": known.datum_diploma,
            "gemeente": known.gemeente,
            "hasBsn": known.has_bsn,
            "standing": None if known.standing is None else sorted((_said(one) for one in known.standing), key=str),
            "refused": {
                str(ref): verdict.reasons
                for ref, verdict in zip(refs, group, strict=True)
                if not isinstance(verdict, Permitted)
            },
            **further,
        }
    )


def facts_on(plain: bytes, known: SubjectFacts) -> bytes:
    """Facts as they were sealed, with what `known` says of another day: what a decision on that day was taken by."""
    standing = None if known.standing is None else sorted((_said(one) for one in known.standing), key=str)
    now = {"asOf": known.as_of, "age": known.age, "ingeschreven": known.ingeschreven, "gemeente": known.gemeente}
    return orjson.dumps({**orjson.loads(plain), **now, "standing": standing, "refused": {}})


def _said(one: Stated) -> dict[str, Any]:
    """A statement as it is kept beside the facts; what is not limited is left out."""
    scopes = (("purposes", one.purposes), ("parties", one.parties), ("elements", one.elements))
    kept: dict[str, Any] = {"kind": one.kind, "state": one.state, "voice": one.voice}
    kept |= {name: sorted(scope) for name, scope in scopes if scope is not None}
    return kept if one.until is None else {**kept, "until": one.until}


def _heard(kept: dict[str, Any] | str) -> Stated:
    """What `_said` wrote; an older version wrote the kind alone."""
    if isinstance(kept, str):
        return Stated(StatementKind(kept))

    def scope(name: str, make: Callable[[str], T]) -> frozenset[T] | None:
        return frozenset(make(word) for word in kept[name]) if name in kept else None

    return Stated(
        StatementKind(kept["kind"]),
        StatementState(kept["state"]),
        Voice(kept["voice"]),
        scope("purposes", PurposeId),
        scope("parties", PartyId),
        scope("elements", ElementName),
        date.fromisoformat(kept["until"]) if "until" in kept else None,
    )


def kind_of(plain: bytes) -> RecordKind:
    """The kind of record that facts were sealed with."""
    return RecordKind(orjson.loads(plain)["versions"]["record"].partition("/")[0])


def read_facts(plain: bytes) -> KeptFacts:
    """The facts of a record as `protect` sealed them; what an older version did not seal is unknown."""
    said: dict[str, Any] = orjson.loads(plain)

    def day(name: str) -> date | None:
        return None if said.get(name) is None else date.fromisoformat(said[name])

    return KeptFacts(
        geboortedatum=day("geboortedatum"),
        datum_uitschrijving=day("datumUitschrijving"),
        overleden=said.get("overleden"),
        startkwalificatie=said.get("startkwalificatie"),
        indicatie_geheim=said.get("indicatieGeheim"),
        onderwijssoort=said.get("onderwijssoort"),
        datum_diploma=day("datumDiploma"),
        gemeente=said.get("gemeente"),
        has_bsn=said.get("hasBsn"),
        as_of=day("asOf"),
        standing=None if said.get("standing") is None else frozenset(_heard(one) for one in said["standing"]),
        more=frozenset(
            (FactName(name), value if isinstance(value, bool) else date.fromisoformat(value))
            for name, value in said.get("more", {}).items()
        ),
        ingeschreven=said.get("ingeschreven"),
    )
