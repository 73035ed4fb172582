"""Protect: sealed for one thing under one key, and nothing in the log that tells anything without the key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from hashlib import blake2b
from uuid import UUID

import orjson
import pytest

from hub.consent.facts import facts_again
from hub.domain.facts import Stated, StatementKind, StatementState, SubjectFacts, Voice
from hub.domain.stages import ProtectedRecord, Verdict
from hub.domain.terms import FactName, Form, PurposeId
from hub.errors import Tampered
from hub.protect.keys import KeyRing
from hub.protect.pseudonymise import Pseudonymiser, check_pseudonym
from hub.protect.seal import (
    ENTROPY_PER_RECORD,
    ENTROPY_PER_VERDICT,
    Person,
    Versions,
    domains_of,
    opening,
    payload_digest,
    protect,
    read_facts,
    seal,
    unseal,
)
from tests import canary
from tests.fakes.granted import canonical, facts, full_record, grant, permitted, refused

KEY, OTHER_KEY, NONCE = b"k" * 32, b"o" * 32, b"n" * 12
HUB = Pseudonymiser(KeyRing(bytes(range(32)), 1))
RECORD = canonical()
PERSON = Person(HUB.locator(RECORD.record.pgn), KEY, HUB.first_step(RECORD.record.pgn))
RAW = grant({"bsn": Form.raw, "geslachtsnaam": Form.raw})
PSEUDONYMOUS = grant({"bsn": Form.pseudonym, "gemeente": Form.raw})


def protected(
    verdicts: Sequence[Verdict], person: Person = PERSON, entropy: bytes | None = None, known: SubjectFacts | None = None
) -> ProtectedRecord:
    enough = ENTROPY_PER_RECORD + ENTROPY_PER_VERDICT * len(verdicts)
    return protect(
        [RECORD],
        [verdicts],
        [known or facts(RECORD.record)],
        [person],
        {domain: HUB.domain_key(domain) for domain in domains_of([verdicts])},
        [b"c" * 32],
        Versions("duo-uitval/1", 1),
        [UUID(int=number) for number in range(1, 2 + len(verdicts))],
        bytes(at % 251 for at in range(enough)) if entropy is None else entropy,
    )[0]


def test_what_was_sealed_opens_for_its_own_key_and_thing() -> None:
    assert unseal(KEY, seal(KEY, NONCE, b"plain", b"delivery"), b"delivery") == b"plain"


@pytest.mark.parametrize(("key", "bound_to"), [(OTHER_KEY, b"delivery"), (KEY, b"another"), (KEY, b"")])
def test_another_key_or_thing_opens_nothing(key: bytes, bound_to: bytes) -> None:
    with pytest.raises(Tampered, match="does not open"):
        unseal(key, seal(KEY, NONCE, b"plain", b"delivery"), bound_to)


def test_every_flipped_bit_and_every_cut_is_seen() -> None:
    sealed = seal(KEY, NONCE, b"plain", b"delivery")
    flipped = [
        bytes(byte ^ (bit if at == place else 0) for at, byte in enumerate(sealed))
        for place in range(len(sealed))
        for bit in (1, 128)
    ]
    for damaged in [*flipped, *(sealed[:length] for length in range(len(sealed))), sealed + b"\0"]:
        with pytest.raises(Tampered):
            unseal(KEY, damaged, b"delivery")


def test_a_permitted_payload_opens_for_its_delivery_alone() -> None:
    (one,) = protected([permitted(RECORD, RAW)]).verdicts
    assert one.sealed is not None
    assert orjson.loads(unseal(KEY, one.sealed, one.ref.bytes)) == {"bsn": canary.BSN, "geslachtsnaam": "Verzonnen"}
    with pytest.raises(Tampered):
        unseal(KEY, one.sealed, UUID(int=9).bytes)


def test_sealed_facts_hold_what_replay_needs_reasons_about_the_person_included() -> None:
    group = [permitted(RECORD, RAW), refused(RECORD, "OVERLEDEN", personal=("OVERLEDEN",))]
    record = protected(group)
    opened = orjson.loads(unseal(KEY, record.sealed_facts, record.record_id.bytes))
    assert opened["refused"] == {str(record.verdicts[1].ref): ["OVERLEDEN"]}
    assert opened["versions"] == {"record": "uitvalmelding/1", "mapping": "duo-uitval/1", "key": 1}
    assert (opened["age"], opened["gemeente"], opened["asOf"], opened["standing"]) == (19, "9001", "2026-11-02", [])
    assert canary.BSN.encode() not in unseal(KEY, record.sealed_facts, record.record_id.bytes)
    with pytest.raises(Tampered):
        unseal(KEY, record.sealed_facts, record.verdicts[0].ref.bytes)


STATEMENTS = frozenset(
    {
        Stated(StatementKind.bezwaar, until=date(2027, 1, 1)),
        Stated(StatementKind.toestemming, StatementState.withdrawn, Voice.ouder, frozenset({PurposeId("doel")})),
    }
)


@pytest.mark.parametrize("standing", [None, frozenset(), STATEMENTS])
@pytest.mark.parametrize(
    "more",
    [frozenset(), frozenset({(FactName("gezien"), True), (FactName("ziek"), False), (FactName("verhuisd"), date(2026, 5, 4))})],
)
def test_sealed_facts_are_read_back_as_they_were_decided_on(
    standing: frozenset[Stated] | None, more: frozenset[tuple[FactName, bool | date]]
) -> None:
    known = facts(RECORD.record).but(standing=standing, more=more)
    record = protected([permitted(RECORD, RAW)], known=known)
    kept = read_facts(unseal(KEY, record.sealed_facts, record.record_id.bytes))
    assert kept.as_of is not None
    assert facts_again(kept, kept.as_of, kept.standing) == known


def test_facts_that_an_older_version_sealed_know_no_further_facts() -> None:
    record = protected([permitted(RECORD, RAW)])
    plain = unseal(KEY, record.sealed_facts, record.record_id.bytes)
    assert "more" not in orjson.loads(plain)
    assert read_facts(plain).more == frozenset()


def test_a_refusal_holds_no_payload() -> None:
    (one,) = protected([refused(RECORD, "BEZWAAR")]).verdicts
    assert one.sealed is None
    assert one.digest == payload_digest(opening(KEY, one.nonce), b"")


def test_digests_are_the_ones_that_their_description_gives() -> None:
    """Worked out anew: what whoever is given `inner` can check of this one entry."""
    record = protected([permitted(RECORD, RAW)])
    (one,) = record.verdicts
    assert one.sealed is not None

    def mac(key: bytes, data: bytes, use: bytes) -> bytes:
        return blake2b(data, key=key, digest_size=32, person=use).digest()

    inner = mac(KEY, one.nonce, b"hub/opening")
    payload = unseal(KEY, one.sealed, one.ref.bytes)
    known = unseal(KEY, record.sealed_facts, record.record_id.bytes)
    assert one.digest == mac(inner, payload, b"hub/payload")
    assert one.facts_digest == mac(inner, known, b"hub/facts")
    assert one.commitment == mac(inner, PERSON.tag + b"doorstroompunt-a", b"hub/subject")


def test_two_entries_of_one_person_share_no_value() -> None:
    group = [
        permitted(RECORD, RAW),
        permitted(RECORD, RAW, "doorstroompunt-b"),
        refused(RECORD, "BEZWAAR"),
        refused(RECORD, "BEZWAAR"),
    ]
    values = [value for one in protected(group).verdicts for value in (one.nonce, one.digest, one.facts_digest, one.commitment)]
    assert len(set(values)) == len(values)


def test_no_randomness_is_used_twice() -> None:
    record = protected([permitted(RECORD, RAW), permitted(RECORD, RAW)])
    nonces = [one.sealed[1:13] for one in record.verdicts if one.sealed] + [record.sealed_facts[1:13]]
    nonces += [one.nonce for one in record.verdicts]
    assert len(set(nonces)) == len(nonces) == 5


def test_too_little_entropy_is_refused_before_anything_is_sealed_with_it() -> None:
    enough = ENTROPY_PER_RECORD + 2 * ENTROPY_PER_VERDICT
    for length in (0, ENTROPY_PER_RECORD, enough - 1):
        with pytest.raises(ValueError, match="entropy"):
            protected([permitted(RECORD, RAW), refused(RECORD, "BEZWAAR")], entropy=bytes(length))


def test_a_pseudonymous_payload_holds_the_pseudonym_and_no_number() -> None:
    (one,) = protected([permitted(RECORD, PSEUDONYMOUS)]).verdicts
    assert one.sealed is not None
    payload = orjson.loads(unseal(KEY, one.sealed, one.ref.bytes))
    assert list(payload) == ["pseudoniem", "gemeente"]
    assert check_pseudonym(payload["pseudoniem"])


def test_no_pseudonym_is_made_without_its_first_step() -> None:
    with pytest.raises(ValueError, match="first step"):
        protected([permitted(RECORD, PSEUDONYMOUS)], person=Person(PERSON.tag, PERSON.key))


def test_keys_are_asked_for_pseudonymous_domains_alone_each_once() -> None:
    young = canonical(full_record(bsn=None, onderwijsnummer=canary.ONDERWIJSNUMMER))
    group = [
        permitted(RECORD, PSEUDONYMOUS),
        permitted(RECORD, PSEUDONYMOUS),
        permitted(RECORD, RAW),
        refused(RECORD, "BEZWAAR"),
    ]
    assert {(domain.recipient, domain.identifier) for domain in domains_of([group])} == {("doorstroompunt-a", "bsn")}
    assert domains_of([[permitted(young, PSEUDONYMOUS)]]) == set()
    both = grant({"bsn": Form.pseudonym, "onderwijsnummer": Form.pseudonym})
    asked = domains_of([[permitted(RECORD, both), permitted(RECORD, both, "doorstroompunt-b")], [permitted(young, both)]])
    assert {(domain.recipient, domain.identifier) for domain in asked} == {
        ("doorstroompunt-a", "bsn"),
        ("doorstroompunt-b", "bsn"),
        ("doorstroompunt-a", "onderwijsnummer"),
    }


def test_nothing_shows_a_person() -> None:
    record = protected([permitted(RECORD, RAW)])
    for shown in (repr(PERSON), repr(record), str(record)):
        assert not canary.found_in(shown)
        assert repr(KEY) not in shown
        assert repr(PERSON.tag) not in repr(PERSON)
