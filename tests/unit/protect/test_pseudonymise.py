"""Pseudonyms: frozen for ever, apart in every domain, and a typing error is seen."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.domain.personal import Bsn, Onderwijsnummer, Pgn
from hub.domain.terms import AgreementId, PartyId, PurposeId
from hub.errors import Malformed
from hub.protect.keys import KeyRing, KeyUse
from hub.protect.pseudonymise import Digests, Domain, DomainKey, Pseudonymiser, check_pseudonym, pseudonyms
from tests import canary

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "vectors/protect/pseudonyms.json").read_text())
RING = KeyRing(bytes.fromhex(VECTORS["root"]), VECTORS["version"])
HUB = Pseudonymiser(RING)
BSN = Bsn(canary.BSN)
DOMAIN = Domain(PartyId("doorstroompunt-a"), PurposeId("begeleiding"), AgreementId("duo-doorstroompunt/1"), "bsn")
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def number_of(vector: dict[str, str]) -> Pgn:
    return {"bsn": Bsn, "onderwijsnummer": Onderwijsnummer}[vector["kind"]](vector["number"])


def domain_of(vector: dict[str, str]) -> Domain:
    return Domain(
        PartyId(vector["recipient"]),
        PurposeId(vector["purpose"]),
        AgreementId(vector["agreement"]),
        vector["kind"],
        vector["epoch"],
    )


def pseudonym(pgn: Pgn, domain: Domain = DOMAIN, hub: Pseudonymiser = HUB) -> str:
    return pseudonyms(hub.domain_key(domain), (hub.first_step(pgn),))[0].reveal()


@pytest.mark.parametrize("vector", VECTORS["pseudonyms"])
def test_every_frozen_pseudonym_is_still_made(vector: dict[str, str]) -> None:
    assert HUB.locator(number_of(vector)).hex() == vector["tag"]
    assert pseudonym(number_of(vector), domain_of(vector)) == vector["pseudonym"]


def test_a_pseudonym_is_what_its_description_says() -> None:
    """Worked out anew from RFC 2104 and RFC 5869, without the module."""

    def derived(use: str, info: bytes) -> bytes:
        context = b"hub/keys/1\0" + use.encode() + b"\0" + (1).to_bytes(4) + info + b"\1"
        return hmac.digest(bytes.fromhex(VECTORS["root"]), context, hashlib.sha256)

    parts = ("s", DOMAIN.recipient, DOMAIN.purpose, DOMAIN.agreement, "agreement", "bsn")
    encoded = b"".join(len(part).to_bytes(2) + part.encode() for part in parts)
    first = hmac.digest(derived("pseudonym-chain", b""), b"bsn\0" + canary.BSN.encode(), hashlib.sha256)
    number = int.from_bytes(hmac.digest(derived("pseudonym-domain", b"key" + encoded), first, hashlib.sha256)[:16])
    tag = int.from_bytes(derived("pseudonym-domain", b"tag" + encoded)[:5])
    body = "".join(SYMBOLS[(number << 2) >> 5 * place & 31] for place in reversed(range(26)))
    head = "".join(SYMBOLS[tag >> 5 * place & 31] for place in reversed(range(8)))
    assert pseudonym(BSN) == f"p1.s.{head}.1.{body}.{(SYMBOLS + '*~$=U')[((1 << 40 | tag) << 128 | number) % 37]}"


@pytest.mark.parametrize(
    "other",
    [
        replace(DOMAIN, recipient=PartyId("doorstroompunt-b")),
        replace(DOMAIN, purpose=PurposeId("ondersteuning")),
        replace(DOMAIN, agreement=AgreementId("duo-doorstroompunt/2")),
        replace(DOMAIN, epoch="2026"),
        replace(DOMAIN, identifier="onderwijsnummer"),
    ],
)
def test_every_part_of_a_domain_makes_another_pseudonym_with_another_head(other: Domain) -> None:
    here, there = pseudonym(BSN).split("."), pseudonym(BSN, other).split(".")
    assert here[2] != there[2]
    assert here[4] != there[4]


def test_no_two_domains_are_written_alike() -> None:
    """What ends one part cannot begin the next."""
    words = ["a", "ab", "b", "a-b", "a-b-c", "b-c", "c"]
    domains = [Domain(PartyId(x), PurposeId(y), AgreementId(z), "bsn") for x in words for y in words for z in words]
    domains += [
        replace(DOMAIN, identifier=identifier, epoch=epoch) for identifier, epoch in (("bs", "na"), ("bsn", "a"), ("b", "sna"))
    ]
    assert len({domain.encode() for domain in domains}) == len(domains)


def test_the_kind_of_number_is_part_of_the_person() -> None:
    """The same digits as a BSN and as an onderwijsnummer cannot exist; were they to, they would be two persons."""

    class Impossible(Onderwijsnummer):
        remainder = 0

    assert HUB.locator(BSN) != HUB.locator(Impossible(canary.BSN))
    assert HUB.first_step(BSN) != HUB.first_step(Impossible(canary.BSN))


def test_tag_first_step_and_pseudonym_do_not_follow_from_each_other() -> None:
    tag, first, made = HUB.locator(BSN), HUB.first_step(BSN), pseudonym(BSN)
    assert tag not in first
    assert canary.BSN not in made
    assert len(tag) == 16


def test_another_ring_or_version_makes_another_person() -> None:
    for ring in (KeyRing(bytes(32), 1), KeyRing(bytes.fromhex(VECTORS["root"]), 2)):
        other = Pseudonymiser(ring)
        assert other.locator(BSN) != HUB.locator(BSN)
        assert pseudonym(BSN, hub=other).split(".")[4] != pseudonym(BSN).split(".")[4]
        assert pseudonym(BSN, hub=other).split(".")[3] == str(ring.version)


def test_what_was_printed_is_read() -> None:
    for vector in VECTORS["pseudonyms"]:
        assert check_pseudonym(vector["pseudonym"]).reveal() == vector["pseudonym"]


@pytest.mark.parametrize("vector", VECTORS["pseudonyms"])
def test_every_single_wrong_symbol_is_seen(vector: dict[str, str]) -> None:
    scheme, kind, tag, version, body, check = vector["pseudonym"].split(".")
    wrong = [(tag[:at] + new + tag[at + 1 :], version, body, check) for at in range(8) for new in SYMBOLS if new != tag[at]]
    wrong += [(tag, str(other), body, check) for other in range(2, 10)]
    wrong += [(tag, version, body[:at] + new + body[at + 1 :], check) for at in range(26) for new in SYMBOLS if new != body[at]]
    wrong += [(tag, version, body, new) for new in SYMBOLS + "*~$=U" if new != check]
    for parts in wrong:
        with pytest.raises(Malformed):
            check_pseudonym(".".join((scheme, kind, *parts)))


def test_two_neighbours_in_the_wrong_order_are_seen() -> None:
    for vector in VECTORS["pseudonyms"]:
        head, body, check = vector["pseudonym"].rsplit(".", 2)
        swapped = {body[:place] + body[place + 1] + body[place] + body[place + 2 :] for place in range(25)} - {body}
        for other in swapped:
            with pytest.raises(Malformed):
                check_pseudonym(f"{head}.{other}.{check}")


@pytest.mark.parametrize(
    "text",
    ["", ".....", canary.BSN, "p2.s.{2}.1.{4}.{5}", "p1.t.{2}.1.{4}.{5}", "p1.s.{2}.x.{4}.{5}",
     "p1.s.{2}.1.{4}", "p1.s.{2}.1.{4}.{5}.",
     "p1.s.{2}.1.{4}.", " p1.s.{2}.1.{4}.{5}", "p1.s.{2}.1.{4}.{5}\n", "p1.s.{2}.1.0{4}.{5}"],
)  # fmt: skip
def test_another_form_is_refused_and_never_repeated(text: str) -> None:
    typed = text.format(*pseudonym(BSN).split("."))
    with pytest.raises(Malformed) as caught:
        check_pseudonym(typed)
    assert len(typed) < 6 or typed not in str(caught.value)


@pytest.mark.parametrize(
    "change", [str.lower, lambda text: text.replace(text[8], "é", 1), lambda text: text.replace(".1.", ".١.", 1)]
)
def test_lower_case_and_foreign_letters_are_refused(change: Any) -> None:
    with pytest.raises(Malformed):
        check_pseudonym(change(pseudonym(BSN)))


def test_nothing_shows_a_key_or_a_pseudonym() -> None:
    key = HUB.domain_key(DOMAIN)
    assert key.key.hex() not in repr(key)
    assert repr(key.key) not in repr(key)
    assert "p1" not in repr(pseudonyms(key, (HUB.first_step(BSN),)))


def test_the_order_of_a_batch_is_kept() -> None:
    numbers = [Bsn(number) for number, _ in zip(canary.numbers(), range(40), strict=False)]
    key = HUB.domain_key(DOMAIN)
    together = pseudonyms(key, [HUB.first_step(number) for number in numbers])
    assert [made.reveal() for made in together] == [pseudonym(number) for number in numbers]
    assert len(set(together)) == 40


def test_digests_keep_uses_apart() -> None:
    digests = Digests(RING)
    assert digests("file", b"x") != digests("block", b"x")
    assert digests("file", b"x") != hashlib.sha256(b"x").digest()
    assert RING.derive(KeyUse.digest, b"file") != RING.derive(KeyUse.digest, b"block")


def test_a_domain_key_depends_on_nothing_but_ring_and_domain() -> None:
    first, again = HUB.domain_key(DOMAIN), Pseudonymiser(KeyRing(bytes.fromhex(VECTORS["root"]), 1)).domain_key(DOMAIN)
    assert first == again
    assert isinstance(first, DomainKey)
