"""What is answered of several clauses, along several parties, for how long, and from memory; lanes made by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from hub.consent import decide as deciding
from hub.consent.decide import answers, ask, bulk, decide, reconsider
from hub.consent.model import Condition, Gate
from hub.consent.question import Outcome, Question
from hub.consent.table import BarRow, DecisionTable, FactRow, ForbidRow, Lane, LaneKey
from hub.domain.facts import SubjectFacts
from hub.domain.records.uitvalmelding import KIND
from hub.domain.stages import Candidate, Permitted, Refused
from hub.domain.terms import ElementName, FactName, PartyId, ReasonCode
from tests.fakes.granted import canonical, full_record
from tests.fakes.rows import (
    ADDRESS,
    CALL,
    CARE,
    DAY,
    GIVER,
    HELP,
    NEXT,
    TAKER,
    WISH,
    answer,
    asked,
    basis,
    clause,
    grant,
    lane,
    pupil,
    table,
    yes,
)
from tests.fakes.wide import CARD

SOON = date(2027, 1, 1)
YEAR, END = FactName("proef_laatste_jaar"), FactName("proef_einde")
SHUT = {"shut": (ReasonCode("DPIA_VERLOPEN"),)}
FROM_TAKER = {"recipient": NEXT}
TO_ALL = frozenset({"taak"})
UNKNOWN = ReasonCode("FEIT_ONTBREEKT_INSCHRIJVING")


def to_next(**other: Any) -> Lane:
    """What stands between the taker and the next: the taker's own basis goes on."""
    return lane(clause("door", reuse_of=TO_ALL, **other), **FROM_TAKER)


def question(facts: SubjectFacts | None = None, *path: PartyId, **other: Any) -> Question:
    return Question(CARD, path or (GIVER, TAKER), facts or pupil(), **other)


def one(between: Lane, facts: SubjectFacts | None = None, **other: Any) -> Any:
    return ask(table(between), [question(facts, **other)])[0]


def steps(*ways: tuple[PartyId, PartyId]) -> list[Candidate]:
    return [Candidate(to, giver, (giver, to)) for giver, to in ways]


def asking(found: list[LaneKey], **lanes: Lane) -> DecisionTable:
    """A table that notes what is asked of it."""
    inner = table(*lanes.values())

    def opened(key: LaneKey) -> Lane:
        found.append(key)
        return inner.open_lane(key)

    return replace(inner, open_lane=opened)


WAY = steps((GIVER, TAKER), (TAKER, NEXT))


# Records on their way: decide and reconsider


def test_one_verdict_for_each_record_and_candidate_in_their_order():
    found: list[LaneKey] = []
    decided_by = asking(found, first=lane(clause()), then=to_next())
    two = [canonical(full_record()), canonical(full_record())]
    given = decide(decided_by, two, [pupil(), pupil(age=17)], [WAY, steps((GIVER, TAKER))])
    first, second = given
    assert [type(each) for each in first] == [Permitted, Permitted]
    assert [each.candidate for each in first] == WAY
    assert all(each.canonical is two[0] for each in first)
    assert [each.grant.clause for each in first if isinstance(each, Permitted)] == ["een", "door"]
    assert second == [
        Refused(
            two[1],
            steps((GIVER, TAKER))[0],
            HELP,
            "proef/1",  # type: ignore[arg-type]
            (ReasonCode("NOG_LEERPLICHTIG"),),
            decided_by.personal & {ReasonCode("NOG_LEERPLICHTIG")},
            decided_by.policy,
        )
    ]
    assert found == [(GIVER, TAKER, KIND, None, DAY), (TAKER, NEXT, KIND, None, DAY)]


def test_what_one_received_is_passed_on_and_never_longer():
    """The answer to the second rests on the first: not longer than that one holds, and not at all where it was refused."""
    chain = table(lane(clause(), until=SOON), to_next())
    first, then = decide(chain, [canonical()], [pupil()], [WAY])[0]
    assert isinstance(first, Permitted)
    assert isinstance(then, Permitted)
    assert (first.valid_until, then.valid_until) == (SOON, SOON)
    refused = decide(table(lane(clause(**SHUT)), to_next()), [canonical()], [pupil()], [WAY])[0]
    assert [each.reasons for each in refused if isinstance(each, Refused)] == [("DPIA_VERLOPEN",), ("GEVER_ONTVING_NIET",)]
    other = decide(chain, [canonical()], [pupil()], [steps((TAKER, NEXT))])[0][0]
    assert isinstance(other, Refused)
    assert other.reasons == ("HERKOMST_ONBEKEND",)


def test_the_day_of_birth_of_the_record_counts():
    """Born on 4 May 2007: at 20 the answer may change."""
    verdict = decide(table(lane(clause(), borders=(20,))), [canonical()], [pupil()], [steps((GIVER, TAKER))])[0][0]
    assert isinstance(verdict, Permitted)
    assert verdict.valid_until == date(2027, 5, 4)


@pytest.mark.parametrize("lengths", [(2, 1, 1), (1, 2, 1), (1, 1, 2)])
def test_lists_that_do_not_belong_together_are_not_decided_by(lengths: tuple[int, int, int]):
    records, facts, ways = lengths
    open_to_all = table(lane(clause()))
    with pytest.raises(ValueError):
        decide(open_to_all, [canonical()] * records, [pupil()] * facts, [steps((GIVER, TAKER))] * ways)
    if facts != ways:
        with pytest.raises(ValueError):
            reconsider(open_to_all, [KIND] * facts, [pupil()] * facts, [steps((GIVER, TAKER))] * ways, TAKER)


def test_reconsidering_says_what_deciding_would_say_today():
    found: list[LaneKey] = []
    chain = asking(found, first=lane(clause()), then=to_next())
    today = reconsider(chain, [KIND] * 3, [pupil(), pupil(age=17), pupil()], [WAY, WAY, WAY[:1]], NEXT)
    assert found == [(GIVER, TAKER, KIND, None, DAY), (TAKER, NEXT, KIND, None, DAY)]
    assert today[0] is not None
    assert today[0].grant is not None
    assert (today[0].clause, today[0].received) == ("door", grant())
    assert today[1] is not None
    assert today[1].reasons == ("GEVER_ONTVING_NIET", "NOG_LEERPLICHTIG")
    assert today[2] is None
    assert reconsider(chain, [KIND], [pupil()], [WAY], TAKER)[0] == answers(chain, [question()])[0]


# Questions


def test_a_question_has_a_giver_and_a_recipient():
    with pytest.raises(ValueError, match=r"^a question has a giver and a recipient$"):
        ask(table(lane(clause())), [Question(CARD, (GIVER,), pupil())])


def test_a_purpose_is_asked_of_the_last_step_alone():
    found: list[LaneKey] = []
    chain = asking(found, first=lane(clause()), then=to_next())
    asked_for = question(pupil(), GIVER, TAKER, NEXT, purpose=HELP)
    decision = ask(chain, [asked_for])[0]
    way = [(GIVER, TAKER, CARD, None, DAY), (TAKER, NEXT, CARD, HELP, DAY)]
    assert found == way
    chain.lanes.clear()
    assert answers(chain, [asked_for, question()]) == [
        answer(
            decision.grant, clause="door", purpose=HELP, agreement="proef/1", received=grant()
        ),
        answer(grant(), clause="een", purpose=HELP, agreement="proef/1"),
    ]  # fmt: skip
    assert found == [*way, *way]  # a lane that is open is not asked for again


def test_the_answer_along_a_way_is_that_of_its_last_step_and_holds_as_long_as_each():
    chain = table(lane(clause(), until=SOON), to_next())
    whole = ask(chain, [question(pupil(), GIVER, TAKER, NEXT)])[0]
    assert (whole.clause, whole.agreement, whole.purpose, whole.valid_until) == ("door", "proef/1", HELP, SOON)
    shut = ask(table(lane(clause(**SHUT)), to_next()), [question(pupil(), GIVER, TAKER, NEXT)])[0]
    assert (shut.outcome, shut.reasons, shut.clause) == (Outcome.deny, ("GEVER_ONTVING_NIET",), "door")


def test_a_decision_says_what_it_rests_on():
    decided_by = table(lane(clause()))
    decision = ask(decided_by, [question()])[0]
    assert decision.outcome is Outcome.permit
    assert decision.policy == decided_by.policy
    assert (decision.agreement, decision.clause, decision.purpose) == ("proef/1", "een", HELP)
    assert decision.fields == grant().fields
    assert (decision.refused, decision.reasons, decision.personal) == ((), (), frozenset())
    assert decision.grant == grant()
    assert decision.valid_until == date(2030, 1, 1)


CUT = lane(
    clause(),
    forbids=(
        ForbidRow(0, 99, frozenset(), (WISH,), ReasonCode("NIET_NODIG")),
        ForbidRow(0, 99, frozenset(), (ADDRESS,), ReasonCode("GEHEIM_ADRES")),
    ),
)


@pytest.mark.parametrize(("elements", "outcome", "fields", "refused", "reasons", "personal"), [
    (None, "permit", [CARE], {ADDRESS: "GEHEIM_ADRES", WISH: "NIET_NODIG"}, (), {"GEHEIM_ADRES"}),
    ({CARE}, "permit", [CARE], {}, (), set()),
    ({CARE, WISH}, "partial", [CARE], {WISH: "NIET_NODIG"}, (), set()),
    ({CARE, ADDRESS}, "partial", [CARE], {ADDRESS: "GEHEIM_ADRES"}, (), {"GEHEIM_ADRES"}),
    ({WISH}, "deny", [], {WISH: "NIET_NODIG"}, ("GEEN_VELD",), set()),
    ({ADDRESS}, "deny", [], {ADDRESS: "GEHEIM_ADRES"}, ("GEEN_VELD",), {"GEHEIM_ADRES"}),
    ({CARE, "zz", "aa"}, "partial", [CARE], {"aa": "ELEMENT_ONBEKEND", "zz": "ELEMENT_ONBEKEND"}, (), set()),
    ({WISH, "zz"}, "deny", [], {WISH: "NIET_NODIG", "zz": "ELEMENT_ONBEKEND"}, ("GEEN_VELD",), set()),
    (set(), "deny", [], {}, ("GEEN_VELD",), set()),
])  # fmt: skip
def test_who_asks_for_elements_is_told_of_those_alone(
    elements: Any, outcome: str, fields: list[str], refused: Any, reasons: Any, personal: Any
):
    """GDPR 5(1)(c): what was not asked for is neither given nor told about."""
    asked_for = None if elements is None else frozenset(map(ElementName, elements))
    decision = one(CUT, elements=asked_for)
    assert decision.outcome == outcome
    assert [name for name, _ in decision.fields] == fields
    assert list(dict(decision.refused)) == list(refused)
    assert dict(decision.refused) == refused
    assert decision.reasons == reasons
    assert (decision.grant is None) is (outcome == "deny")
    if outcome != "deny":
        assert decision.personal == personal


def test_a_refusal_is_the_same_whatever_was_asked_for():
    whole, part = one(lane(clause()), pupil(age=17)), one(lane(clause()), pupil(age=17), elements=frozenset({WISH}))
    assert whole == part
    assert (part.outcome, part.reasons, part.fields, part.refused) == (Outcome.deny, ("NOG_LEERPLICHTIG",), (), ())
    assert part.grant is None
    assert one(lane(clause()), pupil(overleden=True)).personal == {"OVERLEDEN"}


def test_of_a_record_that_nobody_knows_every_element_is_unknown():
    other = Question(KIND, (GIVER, TAKER), pupil(), elements=frozenset({ElementName("zz")}))
    unknown = replace(table(lane(clause())), elements_of={})
    assert ask(unknown, [other])[0].refused == (("zz", "ELEMENT_ONBEKEND"),)


# A whole list


def test_a_list_is_answered_on_each_ones_own_day():
    found: list[LaneKey] = []
    before, after = lane(clause(**SHUT)), lane(clause("nieuw"), asks=frozenset({YEAR}))

    def opened(key: LaneKey) -> Lane:
        found.append(key)
        return before if key[4] < SOON else after

    by_day = replace(table(), open_lane=opened)
    assert bulk(by_day, CARD, GIVER, TAKER, HELP, []) == []
    facts = [pupil(), pupil(as_of=SOON), pupil(as_of=SOON, age=18), pupil(), pupil(age=20)]
    told = bulk(by_day, CARD, GIVER, TAKER, HELP, facts)
    assert [each.clause for each in told] == ["een", "nieuw", "nieuw", "een", "een"]
    assert [each.grant is None for each in told] == [True, False, False, True, True]
    assert found == [(GIVER, TAKER, CARD, HELP, DAY), (GIVER, TAKER, CARD, HELP, SOON)]
    assert (len(before.answers), len(after.answers)) == (2, 2)
    assert bulk(by_day, CARD, GIVER, TAKER, HELP, facts)[1] is told[1]


def test_a_list_asks_each_for_the_further_facts_of_its_own_day():
    row = FactRow(
        YEAR, Condition.model_validate({"is": True, "otherwise": "NOG_INGESCHREVEN"}), ReasonCode("FEIT_ONTBREEKT_INSCHRIJVING")
    )
    plain, asking_more = lane(clause()), lane(clause(facts=(row,)), asks=frozenset({YEAR}))
    by_day = replace(table(), open_lane=lambda key: plain if key[4] < SOON else asking_more)
    known = frozenset({(YEAR, True)})
    facts = [pupil(), pupil(as_of=SOON, more=known), pupil(as_of=SOON)]
    assert [each.grant is None for each in bulk(by_day, CARD, GIVER, TAKER, HELP, facts)] == [False, False, True]
    assert [each.grant is None for each in bulk(by_day, CARD, GIVER, TAKER, HELP, facts[::-1])] == [True, False, False]


# What is remembered


@pytest.mark.parametrize("changed", [
    {"age": 18}, {"overleden": None}, {"startkwalificatie": True}, {"ingeschreven": True}, {"indicatie_geheim": True},
    {"onderwijssoort": "pro"}, {"gemeente": "9002"}, {"has_bsn": False}, {"standing": None},
])  # fmt: skip
def test_an_answer_is_remembered_for_the_same_facts_alone(changed: dict[str, object]):
    between = lane(clause())
    decided_by = table(between)
    first = answers(decided_by, [question()])[0]
    assert answers(decided_by, [question(pupil(datum_diploma=DAY, more=frozenset({(YEAR, True)})))])[0] is first
    assert len(between.answers) == 1
    assert answers(decided_by, [question(pupil(**changed))])[0] is not first
    assert len(between.answers) == 2


@pytest.mark.parametrize("asks", [{"asks": frozenset({YEAR})}, {"diploma_of": frozenset({"vso"})}])
@pytest.mark.parametrize("changed", [{"datum_diploma": DAY}, {"more": frozenset({(YEAR, True)})}])
def test_further_facts_tell_answers_apart_where_a_clause_asks_for_them(asks: Any, changed: dict[str, object]):
    between = lane(clause(), **asks)
    decided_by = table(between)
    answers(decided_by, [question(), question(pupil(**changed)), question()])
    assert len(between.answers) == 2


def test_what_the_giver_received_tells_answers_apart():
    """A refusal, a grant and another grant: each gives the next its own answer, and no giver before it a fourth."""
    onward = to_next()
    source = lane(clause())
    refused = replace(table(lane(clause(**SHUT)), onward))
    three = (GIVER, TAKER, NEXT)
    chain = table(source, onward)
    told = answers(chain, [question(pupil(), *three), question(pupil(has_bsn=False), *three)])
    told += answers(refused, [question(pupil(), *three)])
    told += answers(chain, [question(pupil(), TAKER, NEXT)])
    assert [each.reasons for each in told] == [(), (), ("GEVER_ONTVING_NIET",), ("HERKOMST_ONBEKEND",)]
    assert len(onward.answers) == 4
    assert told[0].received is not told[1].received
    shut = answers(table(source, to_next(**SHUT)), [question(pupil(), *three)])[0]
    assert (shut.grant, shut.received) == (None, grant())


def test_no_more_is_passed_on_than_was_received():
    """And what was answered on one grant is not answered on another, though the facts are the same."""
    onward, way = to_next(), question(pupil(), GIVER, TAKER, NEXT)
    whole, part = lane(clause()), lane(clause(), forbids=(forbidding(WISH),))
    received = [ask(table(source, onward), [way])[0].fields for source in (whole, part, whole)]
    assert [[name for name, _ in fields] for fields in received] == [
        [WISH, CARE, ADDRESS],
        [CARE, ADDRESS],
        [WISH, CARE, ADDRESS],
    ]


def test_what_is_remembered_does_not_grow_without_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(deciding, "_KEPT", 2)
    between = lane(clause())
    decided_by = table(between)
    for age, kept in ((18, 1), (19, 2), (20, 1), (19, 2), (18, 1)):
        assert answers(decided_by, [question(pupil(age=age))])[0].grant is not None
        assert len(between.answers) == kept


# Several clauses


def test_the_first_clause_that_is_open_is_answered_by():
    between = lane(clause("dicht", **SHUT), clause("open"), clause("ook"))
    assert one(between).clause == "open"
    split = lane(clause("dicht", **SHUT), clause("open"), clause("ook"), one_purpose=False)
    assert one(split).clause == "open"


def test_a_question_must_name_its_purpose_where_clauses_for_several_are_open():
    """Then nothing is nearest: what was meant is not known (GDPR 5(1)(b))."""
    both = lane(clause("hulp"), clause("bellen", purpose=CALL, further_from=frozenset({CALL})))
    decision = one(both)
    assert (decision.reasons, decision.clause, decision.purpose) == (("DOEL_NIET_GENOEMD",), None, None)
    assert decision.agreement is None
    onward = [clause(name, reuse_of=TO_ALL, purpose=each, further_from=frozenset({HELP}))
              for name, each in (("hulp", HELP), ("bellen", CALL))]  # fmt: skip
    chain = table(lane(clause()), lane(*onward, recipient=NEXT, borders=(20,)))
    told = answers(chain, [question(pupil(), GIVER, TAKER, NEXT)])[0]
    assert (told.reasons, told.received, told.next_age) == (("DOEL_NIET_GENOEMD",), grant(), 20)
    one_open = lane(clause("hulp", **SHUT), clause("bellen", purpose=CALL))
    assert one(one_open).purpose == CALL
    assert one(lane(clause("hulp"), clause("bellen", purpose=CALL, **SHUT))).purpose == HELP


def forbidding(*elements: ElementName) -> ForbidRow:
    return ForbidRow(0, 99, frozenset(), elements, ReasonCode("NIET_NODIG"))


def test_a_clause_under_which_no_field_passes_is_shut():
    between = lane(clause(), forbids=(forbidding(WISH, CARE, ADDRESS),))
    assert one(between).reasons == ("GEEN_VELD",)
    law = BarRow((WISH, CARE, ADDRESS), frozenset(), frozenset(), ReasonCode("NIET_NODIG"))
    assert one(lane(clause(), bars=(law,))).reasons == ("GEEN_VELD",)
    named = lane(clause(requires=(asked(),)))
    assert one(named, pupil(yes(elements=frozenset({CARE})))).fields[0][0] == CARE
    assert one(named, pupil(yes(elements=frozenset()))).reasons == ("GEEN_VELD",)


def test_what_an_agreement_forbids_altogether_shuts_every_clause():
    between = lane(clause("een"), clause("twee"), forbids=(forbidding(),))
    assert one(between).reasons == ("NIET_NODIG",)
    assert one(lane(forbids=(forbidding(),), unknown=(ReasonCode("GEEN_AFSPRAAK"),))).reasons == ("GEEN_AFSPRAAK", "NIET_NODIG")


def test_all_that_is_shut_is_told_in_the_order_of_the_gates():
    shut = one(lane(clause(bases=(basis(youngest=20),), home=True, **SHUT)), pupil(gemeente="9002", overleden=True))
    assert shut.reasons == ("DPIA_VERLOPEN", "ANDERE_REGIO", "NOG_LEERPLICHTIG", "OVERLEDEN")
    assert shut.personal == {"ANDERE_REGIO", "NOG_LEERPLICHTIG", "OVERLEDEN"} & table().personal


@pytest.mark.parametrize("unknown", [("B", "A", "C"), ("C", "A", "B"), ("A", "B", "C")])
def test_where_no_clause_stands_it_is_told_why(unknown: tuple[str, ...]):
    """In the order of the ranks; a code that the policy does not know first, so that it is seen."""
    ranks = {ReasonCode("B"): 1000, ReasonCode("A"): 1001}
    told = ask(replace(table(lane(unknown=tuple(map(ReasonCode, unknown)))), rank=ranks), [question()])[0]
    assert told.reasons == ("C", "B", "A")
    assert (told.clause, told.purpose, told.agreement) == (None, None, None)


@pytest.mark.parametrize(("far", "near"), [
    pytest.param({"shut": (ReasonCode("DPIA_VERLOPEN"),)}, {"youngest": 25, "bases": (basis(youngest=25),)},
                 id="in force before what is not, whatever its age"),
    pytest.param({"shut": (ReasonCode("DPIA_VERLOPEN"),)}, {"shut": (ReasonCode("DOEL_NIET_GELDIG"),), "youngest": 25},
                 id="of an agreement in force, though for no purpose of this day"),
    pytest.param({"youngest": 0, "oldest": 17}, {"bases": (basis(youngest=20),)}, id="about this age before another"),
    pytest.param({"home": True, "bases": (basis(youngest=20),)}, {"requires": (asked(),)}, id="the later gate"),
    pytest.param({"home": True, "bases": (basis(same_college=True),)}, {"bases": (basis(same_college=True),)},
                 id="fewer gates before more"),
])  # fmt: skip
def test_a_refusal_names_the_clause_that_came_nearest(far: Any, near: Any):
    facts = pupil(gemeente="9002")
    two = [clause("ver", **far), clause("dichtbij", **near)]
    for order in (two, two[::-1]):
        told = one(lane(*order), facts)
        assert told.clause == "dichtbij"
        assert told.reasons == one(lane(two[1]), facts).reasons


@pytest.mark.parametrize(("age", "nearest"), [(14, "elders"), (15, "hier"), (16, "hier"), (17, "elders"), (None, "elders")])
def test_the_clause_about_this_age_is_nearest_from_its_first_to_its_last_year(age: int | None, nearest: str):
    """Though another was shut at a later gate, for those of another age; without an age the later gate is nearest."""
    carries = (basis(youngest=0, oldest=99),)
    elsewhere = clause("hier", youngest=15, oldest=16, home=True, bases=carries)
    too_young = clause("elders", youngest=0, oldest=3, bases=carries)
    for order in ((elsewhere, too_young), (too_young, elsewhere)):
        assert one(lane(*order), pupil(age=age, gemeente="9002")).clause == nearest


def test_the_thousands_of_a_rank_are_its_gate():
    """The first code of the gate after the agreement's is later than the last of the agreement's."""
    ranks = {ReasonCode("A"): 1999, ReasonCode("B"): 2000}
    ranked = replace(table(lane(clause("af", shut=(ReasonCode("A"),)), clause("om", shut=(ReasonCode("B"),) * 1))), rank=ranks)
    assert ask(ranked, [question()])[0].clause == "om"


def test_of_clauses_that_came_equally_near_the_first_is_named():
    assert one(lane(clause("een", **SHUT), clause("twee", **SHUT))).clause == "een"


def test_the_gate_of_the_agreement_is_that_of_the_ranks():
    """Nearness reads the gate off the rank of a code: a thousand to each gate, in their order."""
    decided_by = table()
    assert decided_by.rank[ReasonCode("DPIA_VERLOPEN")] // 1000 == list(Gate).index(Gate.agreement)
    assert decided_by.rank[ReasonCode("DOEL_ONVERENIGBAAR")] // 1000 == list(Gate).index(Gate.purpose)
