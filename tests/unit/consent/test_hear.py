"""What statements say to a clause: whose yes counts, for what, and what a no stops."""

from datetime import date

import pytest

from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.hear import ALL, hear, says_no
from hub.consent.model import Life, Window
from hub.consent.question import Decision, Question
from hub.domain.facts import Stated, StatementKind, StatementState, Voice
from hub.domain.terms import ElementName, PartyId, PurposeId
from tests.fakes import rows
from tests.fakes.rows import MISSING, asked, clause, lane, pupil
from tests.fakes.wide import CALL, CARE, HELP, OWN, WIDE, WORK, someone, to_care, yes

TABLE = compile_policy(WIDE)
OTHER = PurposeId("begeleiding-doorstroompunt")


def decided(question: Question) -> Decision:
    return ask(TABLE, [question])[0]


def reasons(*standing: Stated, age: int = 19, **other: object) -> tuple[str, ...]:
    return decided(to_care(someone(*standing, age=age, **other))).reasons


def test_with_consent_for_this_recipient_and_purpose_it_goes():
    decision = decided(to_care(someone(yes())))
    assert decision.grant is not None
    assert decision.grant.bases == ("proef-toestemming",)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ((), "RAADPLEGING_SCHOOL_ONTBREEKT"),
        ((yes(state=StatementState.requested),), "RAADPLEGING_SCHOOL_ONTBREEKT"),
        ((yes(state=StatementState.refused),), "VERKLARING_GEWEIGERD"),
        ((yes(state=StatementState.withdrawn),), "VERKLARING_INGETROKKEN"),
        ((yes(state=StatementState.expired),), "VERKLARING_VERLOPEN"),
        ((yes(state=StatementState.invalidated),), "VERKLARING_ONGELDIG"),
        ((yes(state=StatementState.proxy_ended),), "VERKLARING_ONGELDIG"),
        ((yes(purposes=frozenset({OTHER})),), "VERKLARING_ANDERE_REIKWIJDTE"),
        ((yes(parties=frozenset({WORK})),), "VERKLARING_ANDERE_REIKWIJDTE"),
        ((yes(purposes=None),), "VERKLARING_ANDERE_REIKWIJDTE"),
        ((yes(parties=None),), "VERKLARING_ANDERE_REIKWIJDTE"),
        ((yes(voice=Voice.ouder),), "VERKLARING_ANDERE_STEM"),
        ((yes(voice=Voice.school),), "VERKLARING_ANDERE_STEM"),
        ((yes(StatementKind.instemming),), "RAADPLEGING_SCHOOL_ONTBREEKT"),
        ((yes(), yes(state=StatementState.refused, voice=Voice.ouder)), "VERKLARING_GEWEIGERD"),
    ],
)
def test_each_way_in_which_there_is_no_yes_has_its_own_reason(said: tuple[Stated, ...], reason: str):
    """GDPR 4(11) and 7: unknown, refused, withdrawn, expired and for something else are all no, and not the same no."""
    assert reasons(*said) == (reason,)


@pytest.mark.parametrize(("age", "voice", "counts"), [
    (15, Voice.jongere, False), (15, Voice.ouder, True), (15, Voice.voogd, True), (15, Voice.curator, True),
    (16, Voice.jongere, True), (16, Voice.ouder, False), (16, Voice.voogd, False), (16, Voice.mentor, True),
    (19, Voice.bewindvoerder, True),
])  # fmt: skip
def test_who_speaks_follows_from_the_age_in_the_law_row(age: int, voice: Voice, counts: bool):
    """UAVG 5(1) and (2): under 16 whoever has authority; adults under curatele, bewind or mentorschap their representative."""
    assert (decided(to_care(someone(yes(voice=voice), age=age))).grant is not None) is counts


def test_a_withdrawal_followed_by_a_new_yes_is_a_yes():
    assert decided(to_care(someone(yes(state=StatementState.withdrawn), yes()))).grant is not None


def test_consent_limited_to_elements_lets_those_pass_alone():
    limited = yes(elements=frozenset({ElementName("proef_wens")}))
    decision = decided(to_care(someone(limited)))
    assert [name for name, _ in decision.fields] == ["proef_wens"]
    assert dict(decision.refused)["proef_zorg"] == "BUITEN_VERKLARING"
    both = decided(to_care(someone(limited, yes(elements=frozenset({ElementName("proef_zorg")})))))
    assert [name for name, _ in both.fields] == ["proef_wens", "proef_zorg"]


def no(kind: StatementKind, **other: object) -> Stated:
    return Stated(kind, **other)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize("state", [StatementState.given, StatementState.requested])
def test_an_objection_stops_a_task_and_neither_consent_nor_duty(state: StatementState):
    """GDPR 21(1) is about 6(1)(e) and (f); while it is looked into the processing stops (18(1)(d))."""
    both = (yes(), yes(StatementKind.instemming))
    objection = no(StatementKind.bezwaar, state=state)
    assert decided(to_care(someone(*both), CALL)).grant is not None
    assert decided(to_care(someone(*both, objection), CALL)).reasons == ("BEZWAAR",)
    assert decided(to_care(someone(*both, objection))).grant is not None
    later = someone(*both, objection, as_of=date(2027, 3, 1))
    assert decided(to_care(later, CALL)).grant.bases == ("proef-plicht",)


def test_a_rejected_objection_no_longer_stops():
    over = no(StatementKind.bezwaar, state=StatementState.invalidated)
    assert decided(to_care(someone(yes(), yes(StatementKind.instemming), over), CALL)).grant is not None


@pytest.mark.parametrize(
    ("scope", "stops"),
    [
        ({}, True),
        ({"purposes": frozenset({CALL})}, True),
        ({"purposes": frozenset({HELP})}, False),
        ({"parties": frozenset({CARE})}, True),
        ({"parties": frozenset({PartyId("vso-zilverbos")})}, True),
        ({"parties": frozenset({PartyId("duo")})}, False),
    ],
)
def test_a_no_reaches_as_far_as_it_was_said(scope: dict[str, object], stops: bool):
    """An objection is addressed to a controller, about purposes; without limits it is about everything."""
    said = someone(yes(), yes(StatementKind.instemming), no(StatementKind.bezwaar, **scope))
    assert (decided(to_care(said, CALL)).grant is None) is stops


def test_a_contact_preference_stops_outreach_alone():
    """'Leave me alone, ask again in half a year' is no objection: what is no outreach goes on."""
    quiet = no(StatementKind.contactvoorkeur, until=date(2027, 5, 2))
    both = (yes(), yes(StatementKind.instemming))
    assert decided(to_care(someone(*both, quiet), CALL)).reasons == ("CONTACTVOORKEUR",)
    assert decided(to_care(someone(*both, quiet), CALL)).valid_until <= date(2027, 5, 2)
    assert decided(to_care(someone(*both, quiet))).grant is not None


def test_a_restriction_stops_all_but_what_its_article_lets_pass():
    """GDPR 18(2): with the young person's consent, or for a legal claim; the clause says which."""
    restriction = no(StatementKind.beperking)
    duty = someone(yes(state=StatementState.withdrawn), restriction, as_of=date(2027, 3, 1))
    assert decided(to_care(duty)).reasons == ("BEPERKING",)
    assert decided(to_care(someone(yes(), restriction))).grant is not None
    assert decided(to_care(someone(yes(), yes(StatementKind.instemming), restriction), CALL)).grant is not None


def test_who_leaves_a_notice_unanswered_gets_nothing_that_rests_on_a_statement():
    silent = compile_policy(WIDE, Life({}, frozenset({CARE})))
    assert ask(silent, [to_care(someone(yes()))])[0].reasons == ("ONTVANGER_ZWIJGT",)
    assert ask(silent, [to_care(someone(as_of=date(2027, 3, 1)))])[0].grant is not None  # a duty goes on


def test_a_suspended_agreement_gives_nothing():
    suspended = compile_policy(WIDE, Life({OWN.id: "AFSPRAAK_GESCHORST"}, frozenset()))
    assert ask(suspended, [to_care(someone(yes()))])[0].reasons == ("AFSPRAAK_GESCHORST",)


def test_without_known_statements_nothing_goes():
    assert "FEIT_ONTBREEKT_VERKLARINGEN" in decided(to_care(someone(standing=None))).reasons


@pytest.mark.parametrize(("school", "diploma", "waits"), [
    ("mbo", None, False), ("vso", None, True), ("vso", date(2025, 11, 1), False), ("vso", date(2025, 11, 2), True),
    ("pro", date(2024, 11, 1), False), ("pro", date(2024, 11, 2), True), (None, None, True),
])  # fmt: skip
def test_a_statement_may_be_asked_for_some_years_after_a_diploma(school: str | None, diploma: date | None, waits: bool):
    """WEB 9.2.5, fifth paragraph: up to and including the anniversary; without a diploma, and where nobody knows, it is."""
    windows = (
        Window(onderwijssoort=("vso",), years_after_diploma=1),
        Window(onderwijssoort=("pro",), years_after_diploma=2),
    )
    one = asked(StatementKind.raadpleging_school, when=windows)
    facts = pupil(onderwijssoort=school, datum_diploma=diploma)
    reason = "FEIT_ONTBREEKT_ONDERWIJSSOORT" if school is None else MISSING
    assert hear(one, clause(), lane(), facts) == ((reason, None) if waits else ALL)


def test_that_a_school_was_consulted_may_be_said_of_all_at_once_and_a_consent_may_not():
    consulted = asked(StatementKind.raadpleging_school, None)
    by_school: dict[str, object] = {"voice": Voice.school}
    for scope in ({}, {"purposes": None}, {"parties": None}, {"purposes": None, "parties": None}):
        said = pupil(rows.yes(StatementKind.raadpleging_school, **by_school, **scope))
        assert hear(consulted, clause(), lane(), said) == ALL
        assert (hear(asked(), clause(), lane(), pupil(rows.yes(**scope))) == ALL) is (not scope)
    for scope in ({"purposes": frozenset({OTHER})}, {"parties": frozenset({WORK})}):
        said = pupil(rows.yes(StatementKind.raadpleging_school, **by_school, **scope))
        assert hear(consulted, clause(), lane(), said) == ("VERKLARING_ANDERE_REIKWIJDTE", None)


@pytest.mark.parametrize(("voice", "age", "self_from", "counts"), [
    (Voice.ouder, 15, 16, True), (Voice.ouder, None, 16, True), (Voice.ouder, 19, None, True), (Voice.school, 19, None, True),
    (Voice.school, 15, 16, False), (Voice.school, None, None, True), (Voice.ouder, 16, 16, False),
    (Voice.jongere, 16, 16, True), (Voice.jongere, 15, 16, False), (Voice.mentor, 15, 16, True),
])  # fmt: skip
def test_no_voice_is_asked_where_the_law_names_none_or_another_gate_is_shut(
    voice: Voice, age: int | None, self_from: int | None, counts: bool
):
    heard = hear(asked(self_from=self_from), clause(), lane(), pupil(rows.yes(voice=voice), age=age))
    assert heard == (ALL if counts else ("VERKLARING_ANDERE_STEM", None))


def test_only_the_statements_that_count_limit_what_passes():
    """A yes of somebody who may not give it neither opens more nor opens all."""
    wish = rows.yes(elements=frozenset({ElementName("proef_wens")}))
    parent = rows.yes(voice=Voice.ouder)
    assert hear(asked(), clause(), lane(), pupil(wish, parent)) == (None, {"proef_wens"})
    assert hear(asked(), clause(), lane(), pupil(wish, rows.yes())) == ALL
    assert hear(asked(), clause(), lane(), pupil(rows.yes(elements=frozenset()))) == (None, frozenset())


def test_a_refusal_for_something_else_is_none_here():
    refused = rows.yes(state=StatementState.refused, purposes=frozenset({OTHER}))
    assert hear(asked(), clause(), lane(), pupil(refused)) == (MISSING, None)
    assert hear(asked(), clause(), lane(), pupil(refused, rows.yes())) == ALL
    agreed = rows.yes(StatementKind.instemming, state=StatementState.refused)
    assert hear(asked(), clause(), lane(), pupil(agreed, rows.yes())) == ALL


@pytest.mark.parametrize(("state", "reason"), [
    (StatementState.withdrawn, "VERKLARING_INGETROKKEN"), (StatementState.expired, "VERKLARING_VERLOPEN"),
    (StatementState.invalidated, "VERKLARING_ONGELDIG"), (StatementState.proxy_ended, "VERKLARING_ONGELDIG"),
    (StatementState.requested, "VERKLARING_ANDERE_REIKWIJDTE"),
])  # fmt: skip
def test_what_became_of_the_yes_that_was_meant_is_told_before_a_yes_for_something_else(state: StatementState, reason: str):
    elsewhere = rows.yes(parties=frozenset({WORK}))
    assert hear(asked(), clause(), lane(), pupil(elsewhere, rows.yes(state=state))) == (reason, None)


def test_where_statements_could_not_be_read_nothing_is_heard():
    assert hear(asked(), clause(), lane(), pupil(standing=None)) == (MISSING, None)
    assert says_no(StatementKind.bezwaar, clause(), lane(), pupil(standing=None)) is False


@pytest.mark.parametrize(("said", "stands"), [
    ({}, True), ({"state": StatementState.requested}, True), ({"state": StatementState.withdrawn}, False),
    ({"kind": StatementKind.beperking}, False), ({"purposes": frozenset({HELP})}, True), ({"purposes": frozenset()}, False),
    ({"parties": frozenset({CARE, WORK})}, True), ({"parties": frozenset({WORK})}, False), ({"parties": frozenset()}, False),
    ({"purposes": frozenset({HELP}), "parties": frozenset({WORK})}, False),
    ({"purposes": frozenset({CALL}), "parties": frozenset({CARE})}, False),
])  # fmt: skip
def test_a_no_stands_where_kind_state_purpose_and_party_all_fit(said: dict[str, object], stands: bool):
    """GDPR 18 and 21; while it is looked into (`requested`) it stands too."""
    one = Stated(**{"kind": StatementKind.bezwaar, **said})  # type: ignore[arg-type]  # by name
    assert says_no(StatementKind.bezwaar, clause(), lane(), pupil(one)) is stands
