"""Protect, for any record and any grant: nothing but what is permitted, and nothing that links."""

from __future__ import annotations

import hmac
import itertools
from collections.abc import Callable, Sequence
from hashlib import blake2b, sha256
from random import Random
from typing import Any
from uuid import UUID

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.element import elements_of
from hub.domain.personal import Bsn, Pseudonym
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.stages import ProtectedRecord
from hub.domain.terms import AgreementId, Form, PartyId, PurposeId
from hub.protect.keys import KeyRing
from hub.protect.minimise import minimise
from hub.protect.pseudonymise import Domain, Pseudonymiser, check_pseudonym, pseudonyms
from hub.protect.seal import ENTROPY_PER_RECORD, ENTROPY_PER_VERDICT, Person, Versions, domains_of, protect, unseal
from tests import canary
from tests.fakes.granted import canonical, facts, grant, permitted, refused
from tests.strategies import bsns, uitvalmeldingen

HUB = Pseudonymiser(KeyRing(bytes(range(32)), 1))
BANDED = {"geboortedatum", "datum_inschrijving", "datum_uitschrijving", "postcode"}
NUMBERS = {"bsn", "onderwijsnummer"}
QUESTIONS = {"indicatie_geheim", "startkwalificatie"}
ELEMENTS = sorted(elements_of(Uitvalmelding))


def forms_of(element: str) -> st.SearchStrategy[Form]:
    """The forms that a clause may ask for."""
    return st.sampled_from(
        [
            Form.raw,
            Form.yes_no,
            *([Form.banded] if element in BANDED else []),
            *([Form.pseudonym] if element in NUMBERS else []),
        ]
    )


def grants() -> st.SearchStrategy[dict[str, Form]]:
    return st.fixed_dictionaries({}, optional={element: forms_of(element) for element in ELEMENTS})


def camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


# -- minimise


@given(uitvalmeldingen(), grants())
def test_minimise_passes_what_is_permitted_and_nothing_else(record: Uitvalmelding, fields: dict[str, Form]) -> None:
    """An oracle in the simplest words: what each field may become, field by field."""
    expected: dict[str, Any] = {"pseudoniem": "p"}
    bands = {"geboortedatum": "geboortejaar", "datum_inschrijving": "jaarInschrijving"}
    bands |= {"datum_uitschrijving": "jaarUitschrijving", "postcode": "postcodecijfers"}
    for name, form in fields.items():
        held = getattr(record, name)
        if held is None or form is Form.pseudonym:
            continue
        text = str(held.reveal())
        expected |= {
            Form.raw: {camel(name): held.reveal()},
            Form.yes_no: {camel(name): held.reveal()} if name in QUESTIONS else {camel(f"heeft_{name}"): True},
            Form.banded: {bands.get(name, ""): text[:4]},
        }[form]
    assert minimise(record, grant(fields), Pseudonym("p")) == expected


@given(uitvalmeldingen(), grants())
def test_no_value_passes_that_the_grant_does_not_name_raw(record: Uitvalmelding, fields: dict[str, Form]) -> None:
    payload = minimise(record, grant(fields), None)
    raw = {camel(name) for name, form in fields.items() if form is Form.raw}
    for name in NUMBERS:
        held = getattr(record, name)
        if held is not None and camel(name) not in raw:
            assert held.reveal() not in orjson.dumps(payload).decode()
    asked = {camel(name) for name, form in fields.items() if form is Form.yes_no and name in QUESTIONS}
    assert {name for name in payload if name in map(camel, ELEMENTS)} <= raw | asked


@given(uitvalmeldingen(), grants(), st.sampled_from(ELEMENTS))
def test_less_permitted_is_less_passed(record: Uitvalmelding, fields: dict[str, Form], dropped: str) -> None:
    fewer = {name: form for name, form in fields.items() if name != dropped}
    assert minimise(record, grant(fewer), None).items() <= minimise(record, grant(fields), None).items()


# -- pseudonyms

WORDS = st.from_regex(r"[a-z][a-z0-9]{0,5}(?:-[a-z0-9]{1,4}){0,2}", fullmatch=True)
DOMAINS = st.builds(
    Domain, WORDS.map(PartyId), WORDS.map(PurposeId), WORDS.map(AgreementId), st.sampled_from(["bsn", "onderwijsnummer"]), WORDS
)


def pseudonym(number: str, domain: Domain) -> str:
    return pseudonyms(HUB.domain_key(domain), (HUB.first_step(Bsn(number)),))[0].reveal()


@given(bsns(), DOMAINS, DOMAINS)
def test_a_pseudonym_is_stable_in_its_domain_and_another_in_every_other(number: str, here: Domain, there: Domain) -> None:
    first = pseudonym(number, here)
    assert first == pseudonym(number, here)
    assert check_pseudonym(first).reveal() == first
    if here != there:
        assert first.split(".")[4] != pseudonym(number, there).split(".")[4]


@given(st.lists(bsns(), min_size=2, max_size=30, unique=True), DOMAINS)
def test_two_persons_share_no_pseudonym(numbers: list[str], domain: Domain) -> None:
    assert len({pseudonym(number, domain) for number in numbers}) == len(numbers)


# -- unlinkability: a game that the hub must win and a broken scheme must lose

Scheme = Callable[[str, str], bytes]
PERSONS = [number for number, _ in zip(canary.numbers(), range(128), strict=False)]


def ours(number: str, recipient: str) -> bytes:
    domain = Domain(PartyId(recipient), PurposeId("begeleiding"), AgreementId("afspraak/1"), "bsn")
    return pseudonym(number, domain).split(".")[4].encode()


def broken(number: str, recipient: str) -> bytes:
    """One pseudonym with a recipient's mark beside it: what many systems do."""
    inner = hmac.digest(b"k" * 32, number.encode(), sha256)
    return bytes(byte ^ mark for byte, mark in zip(inner, sha256(recipient.encode()).digest(), strict=True))


def linked(scheme: Scheme, seed: int) -> int:
    """How many of 64 persons two recipients match who lay their lists side by side, having known the other 64 beforehand.

    They know their own pseudonyms of the persons they knew, and try: the same value, the same order, and the one difference
    between their lists that explains what they know.
    """
    chance = Random(seed)
    known, sought = PERSONS[:64], PERSONS[64:]
    mask = bytes(a ^ b for a, b in zip(scheme(known[0], "recipient-a"), scheme(known[0], "recipient-b"), strict=True))
    here = {scheme(number, "recipient-a"): number for number in chance.sample(sought, 64)}
    there = {scheme(number, "recipient-b"): number for number in chance.sample(sought, 64)}
    by_order = dict(zip(sorted(here), sorted(there), strict=True))

    def guess(value: bytes) -> bytes:
        moved = bytes(a ^ b for a, b in zip(value, mask, strict=True))
        return value if value in there else moved if moved in there else by_order[value]

    return sum(here[value] == there[guess(value)] for value in here)


def test_two_recipients_cannot_lay_their_lists_side_by_side() -> None:
    """By chance one of 64 matches on average; 16 games together give 16, and 48 is beyond 1 in a million million."""
    assert sum(linked(ours, seed) for seed in range(16)) < 48


def test_the_game_is_lost_by_a_scheme_that_links() -> None:
    assert linked(broken, 1) == 64
    assert linked(lambda number, _: sha256(number.encode()).digest(), 1) == 64


# -- what the log holds


def protected(
    record: Uitvalmelding, fields: dict[str, Form], key: bytes, seed: int, recipients: Sequence[str]
) -> ProtectedRecord:
    one = canonical(record)
    verdicts = [*(permitted(one, grant(fields), recipient) for recipient in recipients), refused(one, "BEZWAAR")]
    return protect(
        [one],
        [verdicts],
        [facts(record)],
        [Person(HUB.locator(record.pgn), key, HUB.first_step(record.pgn))],
        {domain: HUB.domain_key(domain) for domain in domains_of([verdicts])},
        [b"c" * 32],
        Versions("duo-uitval/1", 1),
        [UUID(int=number) for number in range(1, 2 + len(verdicts))],
        Random(seed).randbytes(ENTROPY_PER_RECORD + ENTROPY_PER_VERDICT * len(verdicts)),
    )[0]


def logged(record: ProtectedRecord) -> list[bytes]:
    return [value for one in record.verdicts for value in (one.nonce, one.digest, one.facts_digest, one.commitment)]


@settings(max_examples=50)
@given(uitvalmeldingen(), grants(), st.binary(min_size=32, max_size=32), st.integers(0, 2**64))
def test_no_two_entries_share_a_value_even_of_one_record_to_one_recipient(
    record: Uitvalmelding, fields: dict[str, Form], key: bytes, seed: int
) -> None:
    first = protected(record, fields, key, seed, ["doorstroompunt-a", "doorstroompunt-a", "doorstroompunt-b"])
    again = protected(record, fields, key, seed + 1, ["doorstroompunt-a"])
    values = [*logged(first), *logged(again)]
    assert len(set(values)) == len(values)


def guesses(known: Sequence[bytes], nonce: bytes) -> set[bytes]:
    """What somebody who knows all this, and how the hub works, can work out of it."""
    found = {sha256(each).digest() for each in known}
    for secret, text in itertools.product(known, known):
        key = secret if 0 < len(secret) <= 64 else sha256(secret).digest()
        inner = blake2b(nonce, key=key, digest_size=32, person=b"hub/opening").digest()
        for use in (b"", b"hub/payload", b"hub/facts", b"hub/subject"):
            found |= {sha256(use + secret + text).digest(), blake2b(text, key=key, digest_size=32, person=use).digest()}
            ends = (b"", b"doorstroompunt-a")
            found |= {blake2b(text + end, key=inner, digest_size=32, person=use).digest() for end in ends}
    return found


@settings(max_examples=50)
@given(uitvalmeldingen(), grants(), st.binary(min_size=32, max_size=32).filter(any), st.integers(0, 2**64))
def test_without_the_key_nothing_that_is_known_gives_what_the_log_holds(
    record: Uitvalmelding, fields: dict[str, Form], key: bytes, seed: int
) -> None:
    """Somebody who knows the payload, the facts, the tag, the number and the nonce; with the key they would have it all."""
    made = protected(record, fields, key, seed, ["doorstroompunt-a"])
    one = made.verdicts[0]
    assert one.sealed is not None
    known = [unseal(key, one.sealed, one.ref.bytes), unseal(key, made.sealed_facts, made.record_id.bytes)]
    known += [made.subject_tag, record.pgn.reveal().encode(), one.nonce]
    held = {one.digest, one.facts_digest, one.commitment}
    assert not guesses(known, one.nonce) & held
    assert guesses([*known, key], one.nonce) >= held


@settings(max_examples=50)
@given(uitvalmeldingen(), grants(), st.binary(min_size=32, max_size=32))
def test_what_is_sealed_is_what_minimise_gave(record: Uitvalmelding, fields: dict[str, Form], key: bytes) -> None:
    made = protected(record, fields, key, 1, ["doorstroompunt-a", "doorstroompunt-b"])
    payloads = [orjson.loads(unseal(key, one.sealed, one.ref.bytes)) for one in made.verdicts if one.sealed is not None]
    as_pseudonym = fields.get(record.pgn.kind) is Form.pseudonym
    for payload in payloads:
        assert ("pseudoniem" in payload) == as_pseudonym
        plain = {name: value for name, value in payload.items() if name != "pseudoniem"}
        assert plain == orjson.loads(orjson.dumps(minimise(record, grant(fields), None)))
    if as_pseudonym:
        assert payloads[0]["pseudoniem"] != payloads[1]["pseudoniem"]
