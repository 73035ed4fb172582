"""Each rule of lint: the shipped set has no errors, and each rule finds what it is for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from hub.consent.finding import Severity
from hub.consent.lint import RULES, lint, placed
from hub.consent.lint_words import hardness
from hub.consent.model import Accession, Forbid, Permit, PolicySet, Side
from hub.consent.policy import load_policy, policy_files, read_policy
from hub.domain.territory import PartyKind

SET = Path(__file__).parents[3] / "schemas" / "policy"
SMALL = Path(__file__).parents[2] / "hostile" / "policy" / "set"
TODAY = date(2026, 11, 22)
OF_THE_HUB = ("reasons/", "elements/uitvalmelding.yaml", "records/uitvalmelding.yaml")


@pytest.fixture(scope="module")
def small() -> PolicySet:
    shipped = {name: text for name, text in policy_files(SET).items() if name.startswith(OF_THE_HUB)}
    return read_policy({**shipped, **policy_files(SMALL)})


def found(policy: PolicySet, code: str, today: date = TODAY) -> list[Any]:
    return [one for one in lint(policy, today) if one.code == code]


def agreement(policy: PolicySet, **changes: Any) -> PolicySet:
    return replace(policy, agreements=(policy.agreements[0].model_copy(update=changes),))


def clause(policy: PolicySet, **changes: Any) -> PolicySet:
    only = policy.agreements[0].clauses[0].model_copy(update=changes)
    return agreement(policy, clauses=(only,))


def law(policy: PolicySet, **changes: Any) -> PolicySet:
    row = policy.laws["proefwet-1"].model_copy(update=changes)
    return replace(policy, laws=MappingProxyType({**policy.laws, row.id: row}))


def permit(policy: PolicySet) -> Permit:
    first = policy.agreements[0].clauses[0]
    assert isinstance(first, Permit)
    return first


def need(policy: PolicySet, name: str, **changes: Any) -> PolicySet:
    fields = dict(permit(policy).fields)
    fields[name] = fields["geslachtsnaam"].model_copy(update=changes)
    return clause(policy, fields=fields)


def advised(policy: PolicySet, outcome: str) -> PolicySet:
    return agreement(policy, fg_advice=policy.agreements[0].fg_advice.model_copy(update={"outcome": outcome}))


def element(policy: PolicySet, **changes: Any) -> PolicySet:
    row = policy.elements["geslachtsnaam"].model_copy(update=changes)
    return replace(policy, elements=MappingProxyType({**policy.elements, row.name: row}))


def given_by_a_desk(policy: PolicySet) -> PolicySet:
    return clause(policy, giver=Side(kind=PartyKind.doorstroompunt), recipient=Side(kind=PartyKind.school))


def forbid(**changes: Any) -> Forbid:
    given = {"id": "proef/1/verbod", "article": "artikel 9", "effect": "forbid", "record": "proefmelding"}
    side = {"from": {"kind": "school"}, "to": {"kind": "doorstroompunt"}}
    more = {"reason": "NIET_NODIG", "why_nl": "Dit blijft altijd bij de school zelf."}
    return Forbid.model_validate({**given, **side, **more, **changes}, strict=False)


def with_forbid(policy: PolicySet, **changes: Any) -> PolicySet:
    return agreement(policy, clauses=(*policy.agreements[0].clauses, forbid(**changes)))


def asking(policy: PolicySet, **changes: Any) -> PolicySet:
    asked = policy.laws["proefwet-2"].requires
    return clause(policy, requires=(asked,), **changes)


def test_the_shipped_set_has_no_errors():
    assert [one for one in lint(load_policy(SET), TODAY) if one.severity is Severity.error] == []


def test_a_sound_set_has_nothing_to_mend(small: PolicySet):
    assert {one.code for one in lint(small, TODAY) if one.severity is not Severity.note} == set()


def test_the_rules_are_numbered():
    assert list(RULES) == [f"L{number:02}" for number in range(1, 22)]


EARLY = (Accession(id="school-a", acceded=date(2026, 1, 1)), Accession(id="punt-b", acceded=date(2029, 1, 1)))
CASES: dict[str, tuple[str, Severity, Callable[[PolicySet], PolicySet]]] = {
    "a necessity of three words": ("L01", Severity.warning, lambda p: need(p, "geslachtsnaam", need="Gewoon altijd nodig.")),
    "one necessity for a number and a name": ("L01", Severity.warning, lambda p: need(p, "bsn")),
    "consent on top of a task": ("L02", Severity.warning, asking),
    "a doubtful ground for health": ("L03", Severity.note, lambda p: need(p, "reden_uitval")),
    "a number by choice": ("L04", Severity.note, lambda p: need(law(p, bsn="allowed"), "bsn")),
    "a prohibition of nothing": ("L06", Severity.note, lambda p: with_forbid(p, elements=("postcode",))),
    "ages that never meet": (
        "L07",
        Severity.error,
        lambda p: law(p, age=p.laws["proefwet-1"].age.model_copy(update={"min": 12, "max": 15})),
    ),
    "a draft opens nothing": ("L07", Severity.warning, lambda p: agreement(p, controllership=None)),
    "a permit that is forbidden whole": ("L08", Severity.error, with_forbid),
    "an element that is forbidden always": ("L08", Severity.warning, lambda p: with_forbid(p, elements=("geslachtsnaam",))),
    "a law that lapses under way": ("L09", Severity.warning, lambda p: law(p, valid_until=date(2027, 1, 1))),
    "a law of before": ("L09", Severity.error, lambda p: law(p, valid_from=date(2020, 1, 1), valid_until=date(2021, 1, 1))),
    "older than the law": (
        "L10",
        Severity.warning,
        lambda p: law(p, age=p.laws["proefwet-1"].age.model_copy(update={"max": 20})),
    ),
    "from anywhere": ("L10", Severity.warning, lambda p: clause(p, recipient=Side(kind=PartyKind.doorstroompunt))),
    "no row of retention": (
        "L11",
        Severity.warning,
        lambda p: clause(p, retention=permit(p).retention.model_copy(update={"row": None})),
    ),
    "kept for less than given": (
        "L11",
        Severity.note,
        lambda p: clause(p, retention=permit(p).retention.model_copy(update={"until_age": 20})),
    ),
    "a yes that cannot be taken back": ("L13", Severity.warning, asking),
    "nobody says whose voice": ("L14", Severity.warning, asking),
    "onward is open": ("L15", Severity.warning, lambda p: clause(p, obligations=())),
    "nothing was received": ("L16", Severity.error, lambda p: clause(p, reuse_of=("proefwet-2",))),
    "a long sentence": ("L17", Severity.warning, lambda p: clause(p, why_nl=" ".join(["woord"] * 30) + ".")),
    "a party that comes too late": ("L18", Severity.warning, lambda p: agreement(p, parties=EARLY)),
    "a party that does nothing": (
        "L18",
        Severity.warning,
        lambda p: agreement(p, parties=(*p.agreements[0].parties, Accession(id="bedrijf-c", acceded=date(2026, 1, 1)))),
    ),
    "against the advice": ("L21", Severity.warning, lambda p: advised(p, "negative")),
    "advised on conditions": ("L21", Severity.note, lambda p: advised(p, "conditional")),
    "special and of no category": ("L03", Severity.warning, lambda p: element(p, kind="special")),
    "a number that no law row knows": ("L04", Severity.warning, lambda p: element(p, kind="identifier")),
    "by one gemeente about whoever it is": ("L10", Severity.note, given_by_a_desk),
    "sent for nobody": ("L20", Severity.note, lambda p: p),
}


@pytest.mark.parametrize("case", CASES)
def test_a_rule_finds_what_it_is_for(case: str, small: PolicySet):
    code, severity, change = CASES[case]
    assert severity in {one.severity for one in found(change(small), code)}


@pytest.mark.parametrize("case", [name for name, (code, *_) in CASES.items() if code != "L20"])
def test_and_does_not_find_it_elsewhere(case: str, small: PolicySet):
    code, severity, _ = CASES[case]
    assert severity not in {one.severity for one in found(small, code)}


def test_a_finer_form_than_elsewhere(small: PolicySet):
    first = permit(small)
    coarse = first.model_copy(
        update={
            "id": "proef/1/ander",
            "fields": {"geboortedatum": first.fields["geboortedatum"].model_copy(update={"form": "banded"})},
        }
    )
    formed = coarse.fields["geboortedatum"].model_copy(update={"form": type(first.fields["geboortedatum"].form).banded})
    coarse = coarse.model_copy(update={"fields": {"geboortedatum": formed}})
    both = agreement(small, clauses=(first, coarse))
    assert [one.clause for one in found(both, "L19")] == ["proef/1/melding"]


def test_a_wildcard_in_so_many_words(small: PolicySet):
    record = small.records["proefmelding"].model_copy(update={"elements": ("bsn", "geslachtsnaam", "postcode")})
    names = ("bsn", "geslachtsnaam", "postcode", "geboortedatum", "huisnummer", "woonplaats")
    record = record.model_copy(update={"elements": names})
    every = dict.fromkeys(names, permit(small).fields["geslachtsnaam"])
    changed = replace(small, records=MappingProxyType({**small.records, record.id: record}))
    assert len(found(clause(changed, fields=every), "L05")) == 1


def test_what_lapses_is_told_in_time(small: PolicySet):
    due = small.agreements[0].dpia.review_due
    assert found(small, "L12", due - timedelta(days=91)) == []
    assert [one.severity for one in found(small, "L12", due - timedelta(days=89))] == [Severity.warning]
    lapsed = found(small, "L12", due)
    assert {one.severity for one in lapsed} == {Severity.error, Severity.warning}  # the agreement ends soon too
    assert found(small, "L12", small.agreements[0].effective.until) == []


def test_each_finding_has_its_place(small: PolicySet):
    one = placed(found(clause(small, obligations=()), "L15"), policy_files(SMALL))[0]
    assert (one.file, one.line) == ("agreements/proef.yaml", 12)
    assert all(text.strip().endswith((".", "is.", ")")) for text in (one.what, one.why, one.fix))


def test_worst_comes_first(small: PolicySet):
    told = [one.severity for one in lint(clause(small, obligations=(), reuse_of=("proefwet-2",)), TODAY)]
    assert told == sorted(told, key=list(Severity).index)


def test_reading_ease():
    assert hardness("U mag bezwaar maken. Dan kijken wij opnieuw.", 50) is None
    assert (
        hardness("Verantwoordelijkheidsverdelingsafspraken vereisen gegevensbeschermingseffectbeoordelingen.", 50) is not None
    )
    assert hardness("", 50) is None
