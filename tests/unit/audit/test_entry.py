"""What entries say, how they are written, and what does not pass for one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from hub.audit import entry
from hub.audit.entry import EntryKind, OutcomeKind
from hub.domain.stages import Permitted, Protected, Refused
from hub.domain.terms import ElementName, Form, PartyId, PolicyHash, ReasonCode
from hub.errors import Tampered
from tests.fakes.log import CANDIDATE, GRANT, LOG, PURPOSE, RECIPIENT, RECORD, SOURCE, START, sample_bodies

REF = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
DIGEST, FACTS, COMMITMENT, NONCE = bytes(range(32)), bytes(range(32, 64)), bytes(range(64, 96)), bytes(range(240, 256))
CANONICAL: Any = object()  # stands where a step is not looked at


def disclosure() -> bytes:
    template = entry.DisclosureTemplate(LOG, SOURCE, CANDIDATE, GRANT, RECORD)
    return entry.complete(template.draft(REF, DIGEST, FACTS, NONCE, COMMITMENT), START)


def refused(**changes: Any) -> Refused:
    reasons = (ReasonCode("GEEN_GRONDSLAG"), ReasonCode("OVERLEDEN"), ReasonCode("GEHEIM_ADRES"))
    whole = Refused(CANONICAL, CANDIDATE, PURPOSE, GRANT.agreement, reasons, frozenset(reasons[1:]), GRANT.policy)
    return replace(whole, **changes)


def test_a_disclosure_says_who_what_why_and_on_what_ground() -> None:
    fields = entry.parse(disclosure())
    assert dict(fields) == {
        "v": 1,
        "kind": "disclosure",
        "log": "regio-a",
        "us": START,
        "ref": str(REF),
        "actor": "duo",
        "operation": "admit",
        "purpose": "doorstroom-begeleiden",
        "source": "duo",
        "recipient": "doorstroompunt-a",
        "controllers": ["duo", "doorstroompunt-a"],
        "agreement": "duo-doorstroompunt/1",
        "clause": "duo-doorstroompunt/1/uitval",
        "basis": ["web-9.2.1"],
        "attributes": ["bsn", "leeftijd:banded", "overleden:yes_no"],
        "withheld": {"adres": "NIET_NODIG"},
        "decision": "permit",
        "reasons": [],
        "policy": "0123456789abcdef" * 4,
        "count": 1,
        "record": "uitvalmelding",
        "digest": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "facts": "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8",
        "commitment": "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8",
        "nonce": "8PHy8_T19vf4-fr7_P3-_w",
    }


def test_it_is_written_in_the_one_canonical_way() -> None:
    body = disclosure()
    assert body == json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()


def test_a_refusal_gives_its_reasons_but_none_about_the_person() -> None:
    draft = entry.RefusalTemplate(LOG, SOURCE, refused(), RECORD).draft(REF, DIGEST, FACTS, NONCE, COMMITMENT)
    fields = entry.parse(entry.complete(draft, START))
    assert (fields["kind"], fields["decision"], fields["attributes"]) == ("refusal", "refuse", [])
    assert fields["reasons"] == ["GEEN_GRONDSLAG", "PERSOONLIJK"]


def test_a_refusal_without_agreement_or_purpose_can_be_written() -> None:
    template = entry.RefusalTemplate(LOG, SOURCE, refused(purpose=None, agreement=None), RECORD)
    fields = entry.parse(entry.complete(template.draft(REF, DIGEST, FACTS, NONCE, COMMITMENT), START))
    assert (fields["purpose"], fields["agreement"]) == ("undetermined", None)


def test_the_drafter_tells_verdicts_apart() -> None:
    drafter = entry.Drafter(LOG, SOURCE, RECORD)
    permitted = Permitted(CANONICAL, CANDIDATE, GRANT, date(2027, 1, 1))
    narrower = Permitted(CANONICAL, CANDIDATE, replace(GRANT, fields=((ElementName("bsn"), Form.pseudonym),)), date(2027, 1, 1))
    elsewhere = Permitted(CANONICAL, replace(CANDIDATE, recipient=PartyId("gemeente-b")), GRANT, date(2027, 1, 1))
    verdicts = [permitted, refused(), narrower, elsewhere, permitted, refused(reasons=(ReasonCode("GEEN_AFSPRAAK"),))]
    read = []
    for verdict in verdicts:
        draft = drafter.draft(Protected(REF, verdict, None, DIGEST, FACTS, NONCE, COMMITMENT))
        fields = entry.parse(entry.complete(draft, START))
        read.append((fields["kind"], fields["recipient"], tuple(fields["attributes"]), tuple(fields["reasons"])))
    wide = ("bsn", "leeftijd:banded", "overleden:yes_no")
    assert read == [
        ("disclosure", "doorstroompunt-a", wide, ()),
        ("refusal", "doorstroompunt-a", (), ("GEEN_GRONDSLAG", "PERSOONLIJK")),
        ("disclosure", "doorstroompunt-a", ("bsn:pseudonym",), ()),
        ("disclosure", "gemeente-b", wide, ()),
        ("disclosure", "doorstroompunt-a", wide, ()),
        ("refusal", "doorstroompunt-a", (), ("GEEN_AFSPRAAK",)),
    ]


def test_an_outcome_names_its_delivery() -> None:
    template = entry.OutcomeTemplate(LOG, RECIPIENT, RECIPIENT, PURPOSE, OutcomeKind.acknowledged, "acknowledge")
    delivery = UUID(int=5)
    fields = entry.parse(entry.complete(template.draft(REF, delivery, 12), START))
    assert (fields["outcome"], fields["delivery"], fields["attempt"]) == ("acknowledged", str(delivery), 12)
    with pytest.raises(ValueError):
        template.draft(REF, delivery, 0)


@pytest.mark.parametrize("outcome", sorted(entry.ENDINGS))
def test_an_ending_says_why_and_by_which_policy(outcome: OutcomeKind) -> None:
    reasons = (ReasonCode("ONTVANGER_WEIGERT"),)
    rest = ("send", UUID(int=5), 3, reasons, PolicyHash("b" * 64))
    fields = entry.parse(entry.complete(entry.ending(LOG, REF, RECIPIENT, RECIPIENT, PURPOSE, outcome, *rest), START))
    assert (fields["outcome"], fields["reasons"], fields["policy"]) == (outcome, list(reasons), "b" * 64)
    with pytest.raises(ValueError):
        entry.OutcomeTemplate(LOG, RECIPIENT, RECIPIENT, PURPOSE, outcome, "send")


@pytest.mark.parametrize("outcome", sorted(set(OutcomeKind) - entry.ENDINGS))
def test_an_outcome_without_an_end_has_no_reasons(outcome: OutcomeKind) -> None:
    with pytest.raises(ValueError):
        entry.ending(LOG, REF, RECIPIENT, RECIPIENT, PURPOSE, outcome, "send", UUID(int=5), 1, (), PolicyHash("b" * 64))


@pytest.mark.parametrize("kind", [kind for kind in EntryKind if kind not in ("disclosure", "refusal", "outcome")])
def test_other_kinds_say_what_they_are_about(kind: EntryKind) -> None:
    details = {
        "from": 0,
        "to": 12,
        "us": entry.LARGEST_NUMBER,
        "policy": "a" * 64,
        "approval": str(REF),
        "reason": "TERMIJN_VOORBIJ",
    }
    draft = entry.event(kind, LOG, REF, RECIPIENT, "start", PURPOSE, "policy", details)
    fields = entry.parse(entry.complete(draft, START))
    assert (fields["about"], fields["details"], fields["us"]) == ("policy", details, START)


@pytest.mark.parametrize("kind", [EntryKind.disclosure, EntryKind.refusal, EntryKind.outcome])
def test_kinds_with_a_template_are_not_events(kind: EntryKind) -> None:
    with pytest.raises(ValueError, match="template"):
        entry.event(kind, LOG, REF, RECIPIENT, "start", PURPOSE, "policy", {})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("number", "999990019"),
        ("number", "12-05-2008"),
        ("text", "Jansen, P."),
        ("text", "Ünal"),
        ("text", ""),
        ("text", "a" * 129),
        ("number", -1),
        ("number", 1 << 53),
        ("flag", True),
        ("share", 0.5),
        ("none", None),
        ("999990019", 1),
    ],
)
def test_a_detail_that_could_be_a_value_is_refused_and_not_repeated(key: str, value: Any) -> None:
    with pytest.raises(ValueError, match="details") as caught:
        entry.event(EntryKind.access, LOG, REF, RECIPIENT, "search", PURPOSE, "log", {key: value})
    assert "999990019" not in str(caught.value)
    assert "Jansen" not in str(caught.value)


@pytest.mark.parametrize("name", ["actor", "operation", "purpose", "log"])
def test_no_entry_without_actor_operation_or_purpose(name: str) -> None:
    fields = {"log": LOG, "actor": RECIPIENT, "operation": "start", "purpose": PURPOSE} | {name: ""}
    with pytest.raises(ValueError, match=name):
        entry.event(EntryKind.access, ref=REF, about="log", details={}, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["bases", "fields"])
def test_no_disclosure_without_ground_or_fields(name: str) -> None:
    with pytest.raises(ValueError, match="disclosure"):
        entry.DisclosureTemplate(LOG, SOURCE, CANDIDATE, replace(GRANT, **{name: ()}), RECORD)


def test_no_disclosure_without_controllers() -> None:
    with pytest.raises(ValueError, match="controllers"):
        entry.DisclosureTemplate(LOG, SOURCE, replace(CANDIDATE, controllers=()), GRANT, RECORD)


def test_no_refusal_without_reasons() -> None:
    with pytest.raises(ValueError, match="reasons"):
        entry.RefusalTemplate(LOG, SOURCE, refused(reasons=()), RECORD)


@pytest.mark.parametrize("lengths", [(31, 32, 16, 32), (32, 33, 16, 32), (32, 32, 15, 32), (32, 32, 16, 0), (33, 31, 16, 32)])
def test_digests_of_other_lengths_are_refused(lengths: tuple[int, int, int, int]) -> None:
    template = entry.DisclosureTemplate(LOG, SOURCE, CANDIDATE, GRANT, RECORD)
    with pytest.raises(ValueError):
        template.draft(REF, *(bytes(length) for length in lengths))


@pytest.mark.parametrize("moment", [0, 10**15 - 1, 1 << 53, -START])
def test_a_moment_has_sixteen_digits(moment: int) -> None:
    draft = entry.event(EntryKind.access, LOG, REF, RECIPIENT, "search", PURPOSE, "log", {})
    with pytest.raises(ValueError):
        entry.complete(draft, moment)


def test_an_entry_is_no_longer_than_a_bundle_can_hold() -> None:
    fields = tuple((ElementName(f"{'a' * 50}-{nth}"), Form.raw) for nth in range(1300))
    with pytest.raises(ValueError, match="longer"):
        entry.DisclosureTemplate(LOG, SOURCE, CANDIDATE, replace(GRANT, fields=fields), RECORD)


def test_every_sample_is_an_entry() -> None:
    assert [entry.parse(body)["kind"] for body in sample_bodies(8)] == ["disclosure", "disclosure", "outcome", "access"] * 2


def _changed(**changes: Any) -> bytes:
    fields = {**json.loads(disclosure()), **changes}
    return entry.canonical({name: value for name, value in fields.items() if value is not ...})


def _event(details: dict[str, Any]) -> bytes:
    return entry.canonical({**entry.parse(sample_bodies(4)[3]), "details": details})


NO_ENTRIES = {
    "nothing": b"",
    "no object": b"[]",
    "a number": b"1",
    "not text": b"\xff\xfe",
    "nested without end": b"[" * 60_000,
    "a number without end": b"9" * 60_000,
    "spaces": disclosure().replace(b",", b", "),
    "a newline": disclosure() + b"\n",
    "twice a key": disclosure().replace(b'"v":1', b'"v":1,"v":1'),
    "another order": b'{"v":1,' + disclosure()[1:].replace(b',"v":1', b""),
    "an escape too many": disclosure().replace(b'"duo"', b'"\\u0064uo"', 1),
    "a fraction": disclosure().replace(b'"count":1', b'"count":1.0'),
    "an exponent": disclosure().replace(b'"count":1', b'"count":1e0'),
    "not a number": disclosure().replace(b'"count":1', b'"count":NaN'),
    "too long": _event({f"{'a' * 60}-{nth}": nth for nth in range(1000)}),
    "a detail that is a fraction": _event({"share": 0.5}),
    "a detail beyond every number": _event({"share": 1}).replace(b'"share":1', b'"share":1e999'),
    "version 2": _changed(v=2),
    "version true": _changed(v=True),
    "count 2": _changed(count=2),
    "count true": _changed(count=True),
    "another kind": _changed(kind="gossip"),
    "kind a list": _changed(kind=["disclosure"]),
    "kind of other fields": _changed(kind="outcome"),
    "no purpose": _changed(purpose=...),
    "an empty purpose": _changed(purpose=""),
    "actor null": _changed(actor=None),
    "a field too many": _changed(bsn="999990019"),
    "a moment of 15 digits": _changed(us=START // 10),
    "a moment as text": _changed(us=str(START)),
    "a ref in capitals": _changed(ref=str(REF).upper()),
    "padding": _changed(digest="A" * 43 + "="),
    "bits beyond the last byte": _changed(digest="A" * 42 + "B"),
    "permit with a reason": _changed(reasons=["GEEN_GRONDSLAG"]),
    "refused but a disclosure": _changed(decision="refuse"),
    "a permitted refusal": _changed(kind="refusal"),
    "no attributes": _changed(attributes=[]),
    "a policy that is no hash": _changed(policy="latest"),
    "withheld for no reason": _changed(withheld={"adres": ""}),
}


@pytest.mark.parametrize("body", NO_ENTRIES.values(), ids=NO_ENTRIES)
def test_what_is_no_entry(body: bytes) -> None:
    with pytest.raises(Tampered) as caught:
        entry.parse(body)
    assert "999990019" not in str(caught.value)
