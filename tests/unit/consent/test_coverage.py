"""What the tests beside agreements notice: a set that is tested to the letter, and one test less."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from hub.consent.compile import compile_policy
from hub.consent.coverage import Coverage, coverage
from hub.consent.examples import run
from hub.consent.given import Example
from hub.consent.model import Agreement, Gate, PolicySet
from hub.consent.mutants import mutants
from hub.consent.otherwise import rewritten
from hub.consent.policy import policy_files, read_policy
from hub.domain.terms import AgreementId

ROOT = Path(__file__).parents[3]
OF_THE_HUB = ("reasons/", "elements/uitvalmelding.yaml", "records/uitvalmelding.yaml")


def read(more: str = "") -> PolicySet:
    shipped = policy_files(ROOT / "schemas" / "policy")
    own = policy_files(ROOT / "tests" / "hostile" / "policy" / "set")
    own["agreements/proef.yaml"] += more
    return read_policy({**{name: text for name, text in shipped.items() if name.startswith(OF_THE_HUB)}, **own})


@pytest.fixture(scope="module")
def seen() -> Coverage:
    return coverage(read())


def test_says_what_was_seen_of_each_gate(seen: Coverage):
    (row,) = seen.rows
    assert row.opened
    assert row.shut[Gate.recipient]
    assert not row.shut[Gate.retention]
    assert not row.complete
    assert ("recipient", "open/dicht") in row.told()


def test_what_no_test_shows_to_pass(seen: Coverage):
    assert seen.unused == ()  # the one permit of the set shows all its elements


def test_changes_that_nothing_notices_survive(seen: Coverage):
    survivors = {one.what for one in seen.survivors}
    assert "leeftijd 15 tot en met 22" in survivors
    assert "ook wie elders woont" not in survivors
    assert "geslachtsnaam gaat niet mee" not in survivors
    assert 0 < seen.score < 1
    assert seen.killed == seen.mutants - len(seen.survivors)


def test_the_example_to_write_kills_the_survivor(seen: Coverage):
    one = next(one for one in seen.survivors if one.what == "leeftijd 15 tot en met 22")
    with_it = coverage(read(f"  - {{name: de voorgestelde test, {one.example[1:]}\n"))
    assert one.what not in {survivor.what for survivor in with_it.survivors}
    assert with_it.killed > seen.killed


def test_a_test_that_fails_as_it_is_notices_nothing(seen: Coverage):
    """It would fail under every change, and the score would be full."""
    policy = read()
    own = policy.agreements[0]
    wrong = own.tests[0].model_copy(update={"expect": "deny", "passes": (), "forms": {}, "withheld": {}})
    failing = replace(policy, agreements=(own.model_copy(update={"tests": (*own.tests, wrong)}),))
    assert coverage(failing).survivors == seen.survivors


def test_every_suggestion_is_a_test_that_holds(seen: Coverage):
    lines = "".join(f"  - {{name: voorstel nummer {n}, {one.example[1:]}\n" for n, one in enumerate(seen.survivors))
    policy = read(lines)
    assert [ran.faults for ran in run(policy, compile_policy(policy), policy.agreements[0]) if ran.faults] == []


def test_a_suggestion_about_someone_who_is_spoken_for_says_by_whom(policy: PolicySet):
    """Under the age of the law row the young person's own word is no yes, and a test with that word alone would not hold."""
    whole = next(one for one in policy.agreements if one.id == "school-overstap/1")
    bare = rewritten(whole, tests=whole.tests[:2])
    policy = replace(policy, agreements=tuple(bare if one is whole else one for one in policy.agreements))
    told = [yaml.safe_load(one.example) for one in coverage(policy, bare.id).survivors]
    tests = tuple(
        Example.model_validate_json(json.dumps({"name": "een voorgestelde test", **one}, default=str)) for one in told
    )
    assert [ran.faults for ran in run(policy, compile_policy(policy), rewritten(bare, tests=tests)) if ran.faults] == []


def test_every_kind_of_change_is_made():
    made = " | ".join(one.what for one in mutants(read()))
    for word in ("leeftijd", "bewaren tot", "gaat niet mee", "gaat mee als", "elders", "een dag later", "verloopt", "bezwaar"):
        assert word in made


def test_shipped_clauses_are_changed_in_every_way(policy: PolicySet):
    made = " | ".join(one.what for one in mutants(policy))
    for word in ("is niet nodig", "verbod is er niet", "doet er niet toe", "hergebruik", "ook een ander college", "niet voor"):
        assert word in made


def test_every_change_differs_from_the_set():
    policy = read()
    for one in mutants(policy):
        assert one.policy != policy
        assert one.clause == "proef/1/melding"


def test_one_agreement_of_many(policy: PolicySet):
    only: Agreement = policy.agreements[0]
    told = coverage(replace(policy, agreements=policy.agreements[:1]), only.id)
    assert {row.agreement for row in told.rows} == {only.id}
    assert told.plain()["mutants"] == told.mutants


def test_the_shipped_tests_notice_every_change_and_see_every_gate(policy: PolicySet):
    """One agreement of many, with the laws that it rests on; `hub policy coverage` does so for all of them."""
    told = coverage(policy, AgreementId("uwv-gemeente/1"))
    assert [one.what for one in told.survivors] == []
    assert told.unused == ()
    assert all(row.complete for row in told.rows)


def test_a_test_between_other_parties_notices_a_side_made_wider(policy: PolicySet):
    """Where a clause names one school, the test that shows another school to get nothing is among those that are run."""
    told = coverage(policy, AgreementId("school-vroegsignaal/1"))
    assert "elke gever van die soort" not in {one.what for one in told.survivors}


def test_a_review_after_the_end_is_no_change():
    policy = read()
    (agreement,) = policy.agreements
    assert any("de DPIA" in one.what for one in mutants(policy))
    ended = rewritten(agreement, effective=rewritten(agreement.effective, until=agreement.dpia.review_due))
    later = replace(policy, agreements=(ended,))
    assert not any("de DPIA" in one.what for one in mutants(later))


def test_a_prohibition_of_the_law_is_tried_where_its_records_go(policy: PolicySet):
    """WEB 9.2.7(2) is about what a doorstroompunt gives, whether a clause names such a field or not."""
    (bar,) = (one for one in mutants(policy) if one.what.startswith("web-9-2-7-2:"))
    assert "uwv-doorstroompunt/1/hergebruik" in bar.clauses
    assert "uwv-gemeente/1/doorverwijzing" not in bar.clauses


def test_a_clause_has_the_gates_that_can_be_shut(policy: PolicySet):
    told = coverage(policy, AgreementId("in-beeld/1")).rows
    shut = {row.clause.rsplit("/")[-1]: row.shut for row in told}
    assert Gate.fields not in shut["telling-werk-en-inkomen"]
    assert Gate.fields in shut["school"]
