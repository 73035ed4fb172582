"""Entries in plain Dutch: what went, why, on which article; what was withheld; and a sentence for whatever was ever logged."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hub.audit.entry import ENDINGS, Drafter, EntryKind, OutcomeKind, OutcomeTemplate, complete, ending, event, parse
from hub.consent import explain_entry as module
from hub.consent.explain_entry import explain_entry
from hub.consent.model import PolicySet
from hub.consent.policy import canonical_policy, policy_of
from hub.consent.table import DecisionTable
from hub.domain.stages import Candidate, Permitted, Protected, Refused, Verdict
from hub.domain.terms import LogId, PartyId, PolicyHash, PurposeId, ReasonCode, RecordKind
from hub.errors import Misconfigured
from tests.unit.consent.test_explain import DAY, NAME, _verdicts

LOG, REF, US = LogId("regio-a"), UUID(int=7), 1_793_620_800_000_000
DESK = PartyId("doorstroompunt-lindemark")
PURPOSE = PurposeId("begeleiding-doorstroompunt")


def _entry(verdict: Verdict) -> dict[str, Any]:
    by = Candidate(verdict.candidate.recipient, verdict.candidate.provider, (verdict.candidate.provider, DESK))
    verdict = replace(verdict, candidate=by)
    protected = Protected(REF, verdict, b"x", b"d" * 32, b"f" * 32, b"n" * 16, b"c" * 32)
    return dict(parse(complete(Drafter(LOG, PartyId("duo"), RecordKind("uitvalmelding")).draft(protected), US)))


def test_what_went_to_whom_why_and_on_which_article(policy: PolicySet, table: DecisionTable):
    verdict = _verdicts(table)[1]
    assert isinstance(verdict, Permitted)
    said = explain_entry(policy, _entry(verdict))
    assert said.headline == (
        "Doorstroompunt Lindemark gaf op 2 november 2026 gegevens over één jongere aan Werk en Inkomen Aldermeer."
    )
    assert said.why
    assert said.purpose is not None
    assert said.purpose.label == "Ondersteuning bij werk voor jongeren tot 27 jaar"
    assert said.agreement is not None
    assert (said.agreement.id, said.agreement.article) == ("doorstroompunt-werk-en-inkomen/1", "artikel 4, tweede lid")
    assert [(basis.article, basis.needs_review) for basis in said.bases] == [("artikel 9.2.5, vierde lid", True)]
    assert len(said.passes) == len(verdict.grant.fields)
    assert ("straatnaam", "", "De uitnodiging voor een gesprek gaat per brief.") in [
        (one.label, one.form, one.need) for one in said.passes
    ]
    assert sum(len(one.labels) for one in said.withheld) == len(verdict.grant.withheld)
    assert said.retention
    assert len(said.obligations) == len(verdict.grant.obligations)
    assert said.controllers == ("Doorstroompunt Lindemark", "Doorstroompunt Lindemark")
    assert said.informs is not None
    assert said.informs.who == "werk-en-inkomen"
    assert NAME not in repr(said)


@pytest.mark.parametrize("outcome", ["waiting", "failed", "stopped", "dropped"])
def test_what_was_not_given_is_not_said_to_be(policy: PolicySet, table: DecisionTable, outcome: str):
    entry = _entry(_verdicts(table)[0])
    assert " gaf op " not in explain_entry(policy, entry, outcome=outcome).headline
    for given in (None, "handed-over", "acknowledged"):
        assert " gaf op " in explain_entry(policy, entry, outcome=given).headline


def test_a_form_is_told_in_words(policy: PolicySet, table: DecisionTable):
    entry = _entry(_verdicts(table)[1])
    entry["attributes"] = ["onderwijsnummer:pseudonym"]
    assert [one.form for one in explain_entry(policy, entry).passes] == ["als pseudoniem van de ontvanger"]


def test_a_personal_reason_is_not_guessed_and_told_to_whoever_opened_it(policy: PolicySet, table: DecisionTable):
    verdict = _verdicts(table, died=DAY)[0]
    assert isinstance(verdict, Refused)
    entry = _entry(verdict)
    closed = explain_entry(policy, entry)
    assert "PERSOONLIJK" in [one.code for one in closed.reasons]
    assert "verleden" not in repr(closed)
    opened = explain_entry(policy, entry, reasons=verdict.reasons)
    assert [one.code for one in opened.reasons] == list(verdict.reasons)
    assert any("verleden" in one.text for one in opened.reasons)
    assert all(one.remedy and one.who for one in opened.reasons)
    assert "geen gegevens" in opened.headline


def test_withheld_for_a_personal_reason_stays_unsaid(policy: PolicySet, table: DecisionTable):
    said = explain_entry(policy, _entry(_verdicts(table, secret=True)[1]))
    hidden = next(one for one in said.withheld if "straatnaam" in one.labels)
    assert hidden.reason == policy.reasons[ReasonCode("PERSOONLIJK")].text_nl


def test_another_policy_set_explains_nothing(policy: PolicySet, table: DecisionTable):
    entry = _entry(_verdicts(table)[0])
    with pytest.raises(ValueError, match="another policy set"):
        explain_entry(policy, {**entry, "policy": "0" * 64})


@pytest.mark.parametrize("outcome", list(OutcomeKind))
def test_every_outcome_has_its_sentence(policy: PolicySet, outcome: OutcomeKind):
    if outcome in ENDINGS:
        rest = ("release", REF, 2, (ReasonCode("OVERLEDEN"), ReasonCode("VAN_LATER")), PolicyHash("b" * 64))
        draft = ending(LOG, REF, PartyId("hub"), DESK, PURPOSE, outcome, *rest)
    else:
        draft = OutcomeTemplate(LOG, PartyId("hub"), DESK, PURPOSE, outcome, "release").draft(REF, REF, 2)
    said = explain_entry(policy, parse(complete(draft, US)))
    assert "Doorstroompunt Lindemark" in said.headline
    assert "2 november 2026" in said.headline
    assert (len(said.reasons) == 2) is (outcome in ENDINGS)


def _event(policy: PolicySet, kind: EntryKind, operation: str, about: str = "hub", **details: str | int) -> str:
    draft = event(kind, LOG, REF, PartyId("duo"), operation, PurposeId("hub-beheer"), about, details)
    return explain_entry(policy, parse(complete(draft, US))).headline


EVENTS = [kind for kind in EntryKind if kind not in (EntryKind.disclosure, EntryKind.refusal, EntryKind.outcome)]


@pytest.mark.parametrize("kind", EVENTS)
def test_every_kind_has_a_sentence_whatever_was_done(policy: PolicySet, kind: EntryKind):
    assert "2 november 2026" in _event(policy, kind, "nobody-knows-this")


@pytest.mark.parametrize("operation", sorted(module._OPERATIONS))
def test_every_operation_has_a_sentence_that_names_who(policy: PolicySet, operation: str):
    said = _event(policy, EntryKind.access, operation, staff="m-00000000000000aa", party="duo")
    assert "2 november 2026" in said
    assert "{" not in said
    if "{who}" in module._OPERATIONS[operation]:
        assert "medewerker m-00000000000000aa" in said
        assert "Dienst Uitvoering Onderwijs" in _event(policy, EntryKind.access, operation)


def test_a_statement_is_called_what_it_is(policy: PolicySet):
    assert "een raadpleging van de school" in _event(policy, EntryKind.statement, "statement-record", "raadpleging-school")


def test_details_are_told_in_words(policy: PolicySet):
    details: dict[str, str | int] = {
        "ground": "niet-meer-nodig",
        "scope": "person",
        "due": 1797925094500079,
        "operation": "person",
    }
    draft = event(EntryKind.access, LOG, REF, DESK, "x", PURPOSE, "log", details)
    said = explain_entry(policy, parse(complete(draft, US)))
    assert dict(said.details) == {
        "Grond": "De gegevens zijn niet meer nodig",
        "Waarover": "Eén persoon",
        "Uiterlijk": "22 december 2026",
        "Handeling": "person",
    }


def test_who_asked_a_register_and_what_moved_are_told_in_words(policy: PolicySet):
    def told(operation: str, **details: str | int) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in details.items()}
        draft = event(EntryKind.access, LOG, REF, DESK, operation, PURPOSE, "log", named)
        return dict(explain_entry(policy, parse(complete(draft, US))).details)

    asked = told("register-ask", connector="suwinet", register="uwv", task="participatiewet", user="ab" * 32)
    assert asked["Register dat is bevraagd"] == policy.parties[PartyId("uwv")].name
    assert asked["Voor welke taak"] == "participatiewet"
    moved = told("region-move-done", old="doorstroompunt-lindemark", new="doorstroompunt-schelmonde", count_moved=3)
    assert (moved["Oude ontvanger"], moved["Overgegaan"]) == ("Doorstroompunt Lindemark", "3")


def test_details_are_told_with_labels(policy: PolicySet):
    details = {"party": "duo", "reason": "inzageverzoek", "whatever": 3}
    draft = event(EntryKind.access, LOG, REF, DESK, "x", PURPOSE, "log", details)
    said = explain_entry(policy, parse(complete(draft, US)))
    assert said.details == (
        ("Partij", "Dienst Uitvoering Onderwijs"),
        ("Reden", "inzageverzoek"),
        ("whatever", "3"),
    )


def test_every_operation_that_the_hub_writes_is_known_here():
    """Whoever lets the hub log a new operation writes its sentence too."""
    written: set[str] = set()
    for path in (Path(module.__file__).parents[1]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "write":
                written |= {str(word.value) for word in node.args[1:2] if len(node.args) > 3 and isinstance(word, ast.Constant)}
    assert {"signatory-add", "export"} <= written
    assert written | {"partner-add", "partner-close"} <= set(module._OPERATIONS)


def test_a_kept_policy_comes_back_as_it_was(policy: PolicySet):
    body = canonical_policy(policy)
    back = policy_of(body)
    assert back == policy
    assert canonical_policy(back) == body


def test_a_kept_policy_that_was_changed_has_another_hash(policy: PolicySet):
    body = canonical_policy(policy)
    assert policy_of(body.replace(b"Schelmonde", b"Schelmande")).hash != policy.hash


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"laws":[]}', b"\xff", b'{"laws":{"a":1}}'])
def test_what_is_no_policy_set_is_refused(body: bytes):
    with pytest.raises(Misconfigured):
        policy_of(body)
