"""Each gate of one clause, shut and open, on both sides of every border; clauses made by hand, one thing changed at a time."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hub.consent.gates import gates, granted, prohibitions
from hub.consent.model import Condition, Schools
from hub.consent.table import BarRow, FactRow, ForbidRow, WithinRow
from hub.domain.facts import Stated, StatementKind, SubjectFacts
from hub.domain.terms import BasisId, ElementName, FactName, PartyId, ReasonCode
from tests.fakes.rows import (
    ABOVE,
    ADDRESS,
    BELOW,
    CALL,
    CARE,
    HELP,
    LATE,
    MISSING,
    OTHERWISE,
    TAKER,
    WISH,
    answer,
    asked,
    basis,
    clause,
    grant,
    lane,
    pupil,
    yes,
)

CONSENT, AGREED = StatementKind.toestemming, StatementKind.instemming
NOT_SO = ReasonCode("NOG_INGESCHREVEN")
UNKNOWN = ReasonCode("FEIT_ONTBREEKT_INSCHRIJVING")
YEAR, END = FactName("proef_laatste_jaar"), FactName("proef_einde")
ALL = {WISH, CARE, ADDRESS}


def shut(known: SubjectFacts, source: Any = None, between: Any = None, **asks: Any) -> set[str]:
    return set(gates(clause(**asks), between or lane(), known, source)[0])


def no(kind: StatementKind) -> Stated:
    return Stated(kind)


def test_a_clause_that_asks_nothing_is_open():
    assert gates(clause(), lane(), pupil(), None) == (set(), ("taak",), None)


def test_what_was_shut_that_day_stays_shut():
    assert shut(pupil(), shut=("DPIA_VERLOPEN", "DOEL_NIET_GELDIG")) == {"DPIA_VERLOPEN", "DOEL_NIET_GELDIG"}


@pytest.mark.parametrize(("source", "asks", "told"), [
    (None, {"reuse_of": {"taak"}}, {"HERKOMST_ONBEKEND"}),
    (None, {"further_from": frozenset()}, set()),
    (answer(), {"reuse_of": {"taak"}}, {"GEVER_ONTVING_NIET"}),
    (answer(), {}, {"GEVER_ONTVING_NIET"}),
    (answer(grant()), {"reuse_of": {"taak"}}, set()),
    (answer(grant()), {"reuse_of": {"plicht", "taak"}}, set()),
    (answer(grant()), {}, {"DOORGIFTE_NIET_GEREGELD"}),
    (answer(grant()), {"reuse_of": {"plicht"}}, {"HERGEBRUIK_NIET_TOEGESTAAN"}),
    (answer(grant(CALL)), {"reuse_of": {"taak"}}, {"DOEL_ONVERENIGBAAR"}),
    (answer(grant(CALL)), {"reuse_of": {"taak"}, "further_from": {HELP, CALL}}, set()),
    (answer(grant(CALL)), {}, {"DOEL_ONVERENIGBAAR", "DOORGIFTE_NIET_GEREGELD"}),
])  # fmt: skip
def test_what_is_passed_on_was_received_for_a_purpose_and_on_a_basis_that_go_on(source: Any, asks: Any, told: set[str]):
    """GDPR 5(1)(b) and 6(4); the closed list of WEB 9.2.5."""
    assert shut(pupil(), source, **{name: frozenset(values) for name, values in asks.items()}) == told


@pytest.mark.parametrize(("age", "carries", "told"), [
    (16, False, {"NOG_LEERPLICHTIG"}), (17, False, {"NOG_LEERPLICHTIG"}), (18, True, set()), (22, True, set()),
    (23, False, {"BUITEN_DOELGROEP"}), (None, False, {"FEIT_ONTBREEKT_LEEFTIJD"}),
])  # fmt: skip
def test_a_basis_carries_from_its_first_to_its_last_year(age: int | None, carries: bool, told: set[str]):
    reasons, bases, stated = gates(clause(), lane(), pupil(age=age), None)
    assert (reasons, bases, stated) == (told, ("taak",) if carries else (), None)


def test_one_basis_that_carries_is_enough_and_the_others_are_not_told():
    """Whichever stands first: what is missed is told only where nothing carries."""
    rows = (basis("oud", youngest=20), basis("taak"), basis("jong", oldest=18))
    assert gates(clause(bases=rows), lane(), pupil(), None) == (set(), ("taak",), None)
    assert gates(clause(bases=rows[:1]), lane(), pupil(), None) == ({BELOW}, (), None)
    assert gates(clause(bases=(rows[0], rows[2])), lane(), pupil(), None) == ({BELOW, ABOVE}, (), None)
    assert gates(clause(bases=(basis("a"), basis("b"))), lane(), pupil(), None)[1] == ("a", "b")


def test_an_objection_stops_a_task_alone():
    """GDPR 21(1): possible against 6(1)(e) and (f), not against a duty or a consent."""
    said = pupil(no(StatementKind.bezwaar))
    duty = basis("plicht", objection_possible=False)
    assert shut(said) == {"BEZWAAR"}
    assert gates(clause(bases=(basis(), duty)), lane(), said, None) == (set(), ("plicht",), None)
    assert shut(pupil(no(StatementKind.contactvoorkeur))) == set()


@pytest.mark.parametrize(("gemeente", "told"), [
    ("9001", set()), ("9002", {"ANDER_COLLEGE"}), ("9003", {"ANDER_COLLEGE"}), ("9004", {"ANDER_COLLEGE"}),
    (None, {"FEIT_ONTBREEKT_GEMEENTE"}),
])  # fmt: skip
def test_the_same_college_works_for_the_gemeente_of_the_young_person_on_both_sides(gemeente: str | None, told: set[str]):
    """WEB 9.2.5, fourth paragraph: between those who work for one and the same college."""
    assert shut(pupil(gemeente=gemeente), bases=(basis(same_college=True),)) == told
    assert shut(pupil(gemeente=gemeente)) == set()


@pytest.mark.parametrize(("gemeente", "told"), [
    ("9001", set()), ("9003", set()), ("9002", {"ANDERE_REGIO"}), (None, {"FEIT_ONTBREEKT_GEMEENTE"}),
])  # fmt: skip
def test_home_is_the_working_area_of_the_recipient(gemeente: str | None, told: set[str]):
    assert shut(pupil(gemeente=gemeente), home=True) == told


def test_the_law_itself_may_ask_for_a_statement():
    """A basis of consent carries with a consent, and says why it does not (GDPR 6(1)(a))."""
    consent = basis("toestemming", asks=asked(CONSENT))
    assert gates(clause(bases=(consent,)), lane(), pupil(yes()), None) == (set(), ("toestemming",), None)
    assert gates(clause(bases=(consent,)), lane(), pupil(), None) == ({MISSING}, (), None)
    silent = lane(silent=True)
    assert gates(clause(bases=(consent,)), silent, pupil(yes()), None) == ({"ONTVANGER_ZWIJGT"}, (), None)
    assert gates(clause(bases=(consent, basis())), silent, pupil(yes()), None) == (set(), ("taak",), None)


def test_elements_that_statements_name_limit_what_they_alone_carry():
    """Two consents for an element each carry both; a task beside them carries all."""
    consent, agreed = basis("a", asks=asked(CONSENT)), basis("b", asks=asked(AGREED))
    wish, care = yes(elements=frozenset({WISH})), yes(AGREED, elements=frozenset({CARE}))
    assert gates(clause(bases=(consent,)), lane(), pupil(wish), None)[2] == {WISH}
    assert gates(clause(bases=(consent, agreed)), lane(), pupil(wish, care), None)[2] == {WISH, CARE}
    assert gates(clause(bases=(consent, basis())), lane(), pupil(wish), None)[2] is None
    assert gates(clause(bases=(basis(), consent)), lane(), pupil(wish), None)[2] is None
    assert gates(clause(bases=(consent, agreed)), lane(), pupil(wish, yes(AGREED)), None)[2] is None
    assert gates(clause(bases=(consent, agreed)), lane(), pupil(yes(), care), None)[2] is None


def test_a_clause_may_ask_for_statements_and_what_each_names_passes_only_if_all_do():
    both = (asked(CONSENT), asked(AGREED))
    wide, narrow = yes(elements=frozenset({WISH, CARE})), yes(AGREED, elements=frozenset({CARE, ADDRESS}))
    assert gates(clause(requires=both), lane(), pupil(wide, narrow), None) == (set(), ("taak",), {CARE})
    assert gates(clause(requires=both), lane(), pupil(wide, yes(AGREED)), None)[2] == {WISH, CARE}
    assert gates(clause(requires=both), lane(), pupil(yes(), narrow), None)[2] == {CARE, ADDRESS}
    assert gates(clause(requires=both), lane(), pupil(yes(), yes(AGREED)), None) == (set(), ("taak",), None)
    assert shut(pupil(yes()), requires=both) == {MISSING}
    assert shut(pupil(yes(AGREED)), requires=both) == {MISSING}
    assert shut(pupil(yes()), between=lane(silent=True), requires=both[:1]) == {"ONTVANGER_ZWIJGT"}
    assert shut(pupil(yes()), between=lane(silent=True)) == set()


def test_a_statement_that_the_clause_asks_for_limits_what_a_statement_of_the_law_carries():
    consent = basis("a", asks=asked(CONSENT))
    said = pupil(yes(elements=frozenset({WISH, CARE})), yes(AGREED, elements=frozenset({CARE, ADDRESS})))
    assert gates(clause(bases=(consent,), requires=(asked(AGREED),)), lane(), said, None)[2] == {CARE}


@pytest.mark.parametrize(("known", "told"), [
    (False, set()), (True, {"OVERLEDEN"}), (None, {"FEIT_ONTBREEKT_OVERLIJDEN"}),
])  # fmt: skip
def test_the_dead_are_left_in_peace(known: bool | None, told: set[str]):
    assert shut(pupil(overleden=known)) == told


@pytest.mark.parametrize(("age", "told"), [
    (15, {BELOW}), (16, set()), (26, set()), (27, {ABOVE}), (29, {ABOVE}), (30, {ABOVE, LATE}), (31, {ABOVE, LATE}),
])  # fmt: skip
def test_a_clause_is_about_an_age_and_nothing_is_given_that_may_not_be_kept(age: int, told: set[str]):
    """GDPR 5(1)(e): from the age at which the recipient must have erased it nothing is given to keep."""
    assert shut(pupil(age=age), bases=(basis(youngest=0, oldest=99),)) == told


@pytest.mark.parametrize(("age", "told"), [(24, set()), (25, {LATE}), (26, {LATE})])
def test_what_may_be_kept_may_end_before_the_clause_does(age: int, told: set[str]):
    assert shut(pupil(age=age), bases=(basis(oldest=99),), until_age=25) == told


@pytest.mark.parametrize(("fact", "code"), [("startkwalificatie", "STARTKWALIFICATIE"), ("ingeschreven", "INSCHRIJVING")])
@pytest.mark.parametrize("wanted", [True, False])
def test_a_fact_that_a_clause_asks_for(fact: str, code: str, wanted: bool):
    asks = {fact: Condition.model_validate({"is": wanted, "otherwise": OTHERWISE})}
    assert shut(pupil(**{fact: wanted}), **asks) == set()
    assert shut(pupil(**{fact: not wanted}), **asks) == {OTHERWISE}
    assert shut(pupil(**{fact: None}), **asks) == {f"FEIT_ONTBREEKT_{code}"}
    assert shut(pupil(**{fact: None})) == set()


def test_the_kinds_of_school_that_a_clause_is_about():
    asks = {"onderwijssoort": Schools(one_of=("vso", "pro"), otherwise=OTHERWISE)}
    assert shut(pupil(onderwijssoort="pro"), **asks) == set()
    assert shut(pupil(onderwijssoort="mbo"), **asks) == {OTHERWISE}
    assert shut(pupil(onderwijssoort=None), **asks) == {"FEIT_ONTBREEKT_ONDERWIJSSOORT"}
    assert shut(pupil(onderwijssoort=None)) == set()


@pytest.mark.parametrize("wanted", [True, False])
def test_a_further_fact_must_be_known_to_be_so(wanted: bool):
    row = FactRow(YEAR, Condition.model_validate({"is": wanted, "otherwise": NOT_SO}), UNKNOWN)
    assert shut(pupil(more=frozenset({(YEAR, wanted)})), facts=(row,)) == set()
    assert shut(pupil(more=frozenset({(YEAR, not wanted)})), facts=(row,)) == {NOT_SO}
    assert shut(pupil(more=frozenset({(YEAR, date(2026, 1, 1))})), facts=(row,)) == {UNKNOWN}
    assert shut(pupil(more=frozenset({(END, wanted)})), facts=(row,)) == {UNKNOWN}
    assert shut(pupil(), facts=(row,)) == {UNKNOWN}


@pytest.mark.parametrize(("day", "told"), [
    (date(2026, 11, 2), set()), (date(2026, 11, 3), {NOT_SO}), (date(2026, 8, 2), set()), (date(2026, 8, 1), {NOT_SO}),
    (True, {UNKNOWN}), (None, {UNKNOWN}),
])  # fmt: skip
def test_a_date_lies_in_the_past_and_not_too_long_ago(day: date | bool | None, told: set[str]):
    known = frozenset() if day is None else frozenset({(END, day)})
    assert shut(pupil(more=known), within=(WithinRow(END, 3, NOT_SO, UNKNOWN),)) == told


def test_facts_and_dates_are_asked_side_by_side():
    rows = FactRow(YEAR, Condition.model_validate({"is": True, "otherwise": OTHERWISE}), UNKNOWN)
    both = {"facts": (rows,), "within": (WithinRow(END, 3, NOT_SO, UNKNOWN),)}
    assert shut(pupil(more=frozenset({(YEAR, False), (END, date(2025, 1, 1))})), **both) == {OTHERWISE, NOT_SO}


def test_where_statements_could_not_be_read_the_gate_is_shut():
    assert shut(pupil(standing=None)) == {"FEIT_ONTBREEKT_VERKLARINGEN"}
    assert shut(pupil(standing=None), bases=(basis(asks=asked()),)) == {MISSING, "FEIT_ONTBREEKT_VERKLARINGEN"}


@pytest.mark.parametrize(("asks", "fact", "told"), [
    ("asks_secret", "indicatie_geheim", "FEIT_ONTBREEKT_GEHEIM"), ("asks_number", "has_bsn", "FEIT_ONTBREEKT_NUMMER"),
])  # fmt: skip
def test_an_address_or_a_number_asks_whether_it_is_secret_or_there(asks: str, fact: str, told: str):
    assert shut(pupil(**{fact: None}), **{asks: True}) == {told}
    assert shut(pupil(**{fact: None})) == set()
    assert shut(pupil(**{fact: True}), **{asks: True}) == set()
    assert shut(pupil(**{fact: False}), **{asks: True}) == set()


@pytest.mark.parametrize(("outreach", "told"), [(True, {"CONTACTVOORKEUR"}), (False, set())])
def test_a_contact_preference_stops_outreach(outreach: bool, told: set[str]):
    assert shut(pupil(no(StatementKind.contactvoorkeur)), outreach=outreach) == told
    assert shut(pupil(yes()), outreach=outreach) == set()


@pytest.mark.parametrize(("despite", "standing", "told"), [
    (None, (), {"BEPERKING"}), (None, (yes(),), {"BEPERKING"}), ("rechtsvordering", (), set()),
    ("toestemming", (), {"BEPERKING", MISSING}), ("toestemming", (yes(),), set()),
])  # fmt: skip
def test_a_restriction_stops_everything_but_what_its_article_lets_pass(
    despite: str | None, standing: tuple[Stated, ...], told: set[str]
):
    """GDPR 18(2): with consent, for a legal claim, to protect another, for an important public interest."""
    asks: dict[str, Any] = {"requires": (asked(),)} if MISSING in told or standing else {}
    assert shut(pupil(no(StatementKind.beperking), *standing), despite_restriction=despite, **asks) == told


def test_the_consent_that_lifts_a_restriction_is_that_of_the_clause_or_of_one_of_its_bases():
    """GDPR 18(2) asks for consent; an instemming is none, and neither is a consent that the clause did not ask for."""
    restricted = pupil(no(StatementKind.beperking), yes(), yes(AGREED))
    lifting: dict[str, Any] = {"despite_restriction": "toestemming"}
    assert shut(restricted, **lifting) == {"BEPERKING"}
    assert shut(restricted, requires=(asked(AGREED),), **lifting) == {"BEPERKING"}
    assert shut(restricted, requires=(asked(AGREED), asked(CONSENT)), **lifting) == set()
    assert shut(restricted, bases=(basis(), basis("toestemming", asks=asked(CONSENT))), **lifting) == set()
    assert shut(restricted, bases=(basis(asks=asked(AGREED)),), **lifting) == {"BEPERKING"}
    withheld = pupil(no(StatementKind.beperking))
    assert shut(withheld, bases=(basis(), basis("toestemming", asks=asked(CONSENT))), **lifting) == {"BEPERKING"}


def forbid(*elements: ElementName, **other: Any) -> ForbidRow:
    plain: dict[str, Any] = {"youngest": 18, "oldest": 22, "onderwijssoort": frozenset(), "reason": ReasonCode("M")}
    return ForbidRow(elements=elements, **{**plain, **other})


@pytest.mark.parametrize(("age", "holds"), [(17, False), (18, True), (22, True), (23, False), (None, True)])
def test_a_prohibition_of_an_agreement_holds_for_its_ages_and_where_the_age_is_unknown(age: int | None, holds: bool):
    facts = pupil(age=age)
    assert prohibitions([forbid()], facts) == ({"M"} if holds else set(), {})
    assert prohibitions([forbid(WISH)], facts) == (set(), {WISH: "M"} if holds else {})


@pytest.mark.parametrize(("school", "holds"), [("vso", True), ("mbo", False), (None, True)])
def test_a_prohibition_holds_for_its_kinds_of_school_and_where_that_is_unknown(school: str | None, holds: bool):
    facts = pupil(onderwijssoort=school)
    assert prohibitions([forbid(onderwijssoort=frozenset({"vso", "pro"}))], facts)[0] == ({"M"} if holds else set())
    assert prohibitions([forbid()], facts)[0] == {"M"}


def test_prohibitions_add_up_and_one_reason_is_told_for_each_element():
    """Whichever comes first in the agreements: the answer does not depend on their order."""
    rows = [
        forbid(WISH, youngest=30, oldest=40),
        forbid(WISH, CARE),
        forbid(WISH, reason=ReasonCode("A"), onderwijssoort=frozenset({"mbo"})),
        forbid(CARE, reason=ReasonCode("B")),
        forbid(reason=ReasonCode("Z")),
    ]
    for order in (rows, rows[::-1]):
        assert prohibitions(order, pupil()) == ({"Z"}, {WISH: "M", CARE: "B"})


def given(facts: SubjectFacts, between: Any, cuts: Any = None, bases: tuple[str, ...] = ("taak",), **other: Any) -> Any:
    stated, received = other.get("stated"), other.get("received")
    return granted(clause(), between, facts, tuple(map(BasisId, bases)), cuts or {}, stated, received)


def test_those_about_whom_the_same_holds_share_one_grant():
    between, got = lane(), grant()
    first = given(pupil(), between, received=got)
    assert given(pupil(gemeente="9002"), between, received=got) is first
    assert given(pupil(), between, received=grant()) is not first
    assert given(pupil(), between) is not first
    assert first.bases == ("taak",)


def test_whatever_a_grant_depends_on_makes_another():
    between = lane()
    made = [
        given(pupil(), between),
        given(pupil(has_bsn=False), between),
        given(pupil(indicatie_geheim=True), between),
        given(pupil(), between, cuts={WISH: ReasonCode("A")}),
        given(pupil(), between, bases=("taak", "plicht")),
        given(pupil(), between, stated=frozenset({WISH})),
        granted(clause("twee"), between, pupil(), (BasisId("taak"),), {}, None, None),
    ]
    assert len({id(one) for one in made}) == len(made)
    assert given(pupil(has_bsn=None), between) is made[0]
    assert given(pupil(indicatie_geheim=None), between) is made[2]


def test_a_grant_is_made_of_all_that_it_depends_on():
    seen: list[Any] = []
    row, got = clause(), grant(CALL)

    class Spying:
        id = row.id

        def grant(self, variant: Any) -> Any:
            seen.append(variant)
            return row.grant(variant)

    facts = pupil(has_bsn=None, indicatie_geheim=None)
    granted(Spying(), lane(), facts, (BasisId("taak"),), {WISH: ReasonCode("A")}, frozenset({CARE}), got)  # type: ignore[arg-type]
    (one,) = seen
    assert (one.bases, one.has_bsn, one.secret) == (("taak",), True, True)
    assert (one.cuts, one.stated, one.received) == (((WISH, "A"),), {CARE}, got)
    granted(Spying(), lane(), pupil(has_bsn=False), (BasisId("taak"),), {}, None, None)  # type: ignore[arg-type]
    assert (seen[1].has_bsn, seen[1].secret) == (False, False)


def bar(*elements: ElementName, **other: Any) -> BarRow:
    plain: dict[str, Any] = {"except_bases": frozenset(), "unless": frozenset(), "reason": ReasonCode("M")}
    return BarRow(elements, **{**plain, **other})


def held(*bars: BarRow, facts: SubjectFacts | None = None, cuts: Any = None, bases: tuple[str, ...] = ("taak",)) -> Any:
    return dict(given(facts or pupil(), lane(bars=bars), cuts, bases).withheld)


def test_what_the_law_forbids_is_held_back_but_along_the_bases_that_it_names():
    """Every basis must be one of those: what one of two may not carry does not pass along both (WRO 11, Wvo 2020 8.21)."""
    assert held(bar(WISH)) == {WISH: "M"}
    along = bar(WISH, except_bases=frozenset({"taak", "plicht"}))
    assert held(along) == {}
    assert held(along, bases=("taak", "plicht")) == {}
    assert held(along, bases=("taak", "toestemming")) == {WISH: "M"}
    assert held(along, bar(CARE)) == {CARE: "M"}


def test_what_the_law_forbids_passes_where_the_facts_that_it_names_are_known_to_be_so():
    unless = bar(WISH, unless=frozenset({(YEAR, True), (END, False)}))
    assert held(unless) == {WISH: "M"}
    assert held(unless, facts=pupil(more=frozenset({(YEAR, True)}))) == {WISH: "M"}
    assert held(unless, facts=pupil(more=frozenset({(YEAR, True), (END, True)}))) == {WISH: "M"}
    assert held(unless, facts=pupil(more=frozenset({(YEAR, True), (END, False)}))) == {}


def test_of_what_holds_one_element_back_that_is_told_which_no_basis_lifts():
    """Then the first by name, in whatever order the prohibitions stand."""
    by_bases = frozenset({BasisId("toestemming")})
    first, other = bar(WISH, reason=ReasonCode("B")), bar(WISH, CARE, reason=ReasonCode("C"))
    lifted, later = bar(WISH, CARE, except_bases=by_bases, reason=ReasonCode("A")), bar(CARE, except_bases=by_bases)
    for order in ((first, other, lifted, later), (later, lifted, other, first)):
        assert held(*order) == {WISH: "B", CARE: "C"}
    for order in ((lifted, later), (later, lifted)):
        assert held(*order) == {WISH: "A", CARE: "A"}
        assert held(*order, cuts={CARE: ReasonCode("A")}) == {WISH: "A", CARE: "A"}
        assert held(*order, cuts={WISH: ReasonCode("A0"), ADDRESS: ReasonCode("Z")}) == {
            WISH: "A",
            CARE: "A",
            ADDRESS: "Z",
        }


@pytest.mark.parametrize(("kind", "told"), [
    (StatementKind.bezwaar, "BEZWAAR"), (StatementKind.beperking, "BEPERKING"),
    (StatementKind.contactvoorkeur, "CONTACTVOORKEUR"),
])  # fmt: skip
def test_a_no_stops_the_purposes_and_parties_that_it_is_about(kind: StatementKind, told: str):
    """GDPR 18 and 21: said to one of the parties, about some purposes; whatever it was not about goes on."""
    here, elsewhere = {"purposes": frozenset({HELP}), "parties": frozenset({TAKER})}, frozenset({CALL})
    assert shut(pupil(Stated(kind, **here)), outreach=True) == {told}
    assert shut(pupil(Stated(kind, **{**here, "purposes": elsewhere})), outreach=True) == set()
    assert shut(pupil(Stated(kind, **{**here, "parties": frozenset({PartyId("duo")})})), outreach=True) == set()
