"""Who may say what for a young person: by the rows of law of the policy, whatever ages these name."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date
from pathlib import Path

import pytest

from hub.consent.model import Permit
from hub.consent.policy import load_policy
from hub.consent.speakers import check_hearer, check_period, check_scope, check_voice, check_withdrawal, voice_rules
from hub.consent.statement import AUTHORITY, Hold, Scope, What, hold
from hub.domain.facts import StatementKind, Voice
from hub.domain.terms import PartyId
from hub.errors import Malformed, Refused
from tests.fakes.statements import event, scope
from tests.fakes.wide import CALL, CARE, DAY, HELP, SCHOOL, WIDE

YES = StatementKind.toestemming
HELPED = scope({HELP}, {CARE})
CALLED = scope({CALL}, {CARE})


def born(age: int, day: date = DAY) -> date:
    return date(day.year - age, day.month, day.day)


def speaks(voice: Voice, age: int, about: Scope = HELPED, kind: StatementKind = YES) -> date | None:
    return check_voice(WIDE, kind, about, voice, AUTHORITY.get(voice), born(age), DAY)


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        (YES, Scope()),
        (YES, scope({HELP})),
        (YES, scope(None, {CARE})),
        (StatementKind.instemming, scope({HELP})),
        (YES, scope(set(), {CARE})),
        (YES, scope({"geen-doel"}, {CARE})),
        (YES, scope({HELP}, {"niemand"})),
        (StatementKind.bezwaar, scope({"geen-doel"})),
        (StatementKind.contactvoorkeur, scope({HELP})),
    ],
)
def test_a_statement_names_what_the_policy_knows_and_a_yes_names_something(kind: StatementKind, about: Scope):
    with pytest.raises(Malformed):
        check_scope(WIDE, kind, about)


@pytest.mark.parametrize(
    ("kind", "about"),
    [
        (YES, HELPED),
        (StatementKind.bezwaar, Scope()),
        (StatementKind.contactvoorkeur, scope({CALL})),
        (StatementKind.contactvoorkeur, Scope()),
        (StatementKind.raadpleging_school, Scope()),
    ],
)
def test_a_scope_that_does(kind: StatementKind, about: Scope):
    check_scope(WIDE, kind, about)


def test_a_contact_preference_ends():
    with pytest.raises(Malformed, match="may ask again"):
        check_period(StatementKind.contactvoorkeur, DAY, None)
    check_period(StatementKind.contactvoorkeur, DAY, date(2027, 5, 2))
    check_period(StatementKind.bezwaar, DAY, None)
    with pytest.raises(Malformed, match="no day"):
        check_period(StatementKind.bezwaar, DAY, DAY)


def test_the_ages_are_those_of_the_rows_of_law():
    assert {rule.self_from for rule in voice_rules(WIDE, YES, HELPED, DAY)} == {16}
    assert {rule.self_from for rule in voice_rules(WIDE, YES, CALLED, DAY)} == {18}
    assert {rule.self_from for rule in voice_rules(WIDE, StatementKind.instemming, CALLED, DAY)} == {18}
    assert voice_rules(WIDE, YES, HELPED, date(2020, 1, 1)) == ()


def test_a_young_person_agrees_from_that_age_on():
    """UAVG 5(1): 16; where a law of a sector says so 18 (WVO 2020 2.31b)."""
    assert speaks(Voice.jongere, 16) is None
    with pytest.raises(Refused, match="representative agrees"):
        speaks(Voice.jongere, 15)
    with pytest.raises(Refused):
        speaks(Voice.jongere, 17, CALLED)
    assert speaks(Voice.jongere, 18, CALLED) is None


def test_a_guardian_agrees_below_it_until_the_birthday():
    """UAVG 5(1), WVO 2020 2.31b: the legal representative, up to the day on which the young person speaks."""
    for voice in (Voice.ouder, Voice.voogd):
        assert speaks(voice, 15) == date(2027, 11, 2)
        with pytest.raises(Refused, match="speaks for themselves"):
            speaks(voice, 16)
    assert speaks(Voice.ouder, 17, CALLED) == date(2027, 11, 2)


def test_born_on_29_february_the_day_is_1_march():
    assert check_voice(WIDE, YES, HELPED, Voice.ouder, AUTHORITY[Voice.ouder], date(2012, 2, 29), DAY) == date(2028, 2, 29)
    assert check_voice(WIDE, YES, HELPED, Voice.ouder, AUTHORITY[Voice.ouder], date(2011, 3, 1), DAY) == date(2027, 3, 1)


@pytest.mark.parametrize("voice", [Voice.curator, Voice.mentor, Voice.bewindvoerder])
def test_a_representative_of_an_adult_agrees_with_evidence(voice: Voice):
    """UAVG 5(2): curatele, bewind or mentorschap, and it is shown."""
    assert speaks(voice, 20) is None
    with pytest.raises(Refused, match="evidence"):
        check_voice(WIDE, YES, HELPED, voice, None, born(20), DAY)


@pytest.mark.parametrize("voice", list(AUTHORITY))
def test_no_representative_speaks_on_the_authority_of_another(voice: Voice):
    """UAVG 5(1) and (2): a parent by parental authority alone (BW 1:245), a guardian by guardianship, and so on."""
    for other in set(AUTHORITY.values()) - {AUTHORITY[voice]}:
        with pytest.raises(Refused):
            check_voice(WIDE, YES, HELPED, voice, other, born(15), DAY)
        with pytest.raises(Refused):
            check_voice(WIDE, StatementKind.bezwaar, Scope(), voice, other, None, DAY)


def test_a_no_of_the_young_person_counts_at_any_age():
    assert check_voice(WIDE, StatementKind.bezwaar, Scope(), Voice.jongere, None, None, DAY) is None


def test_a_school_says_that_it_was_consulted_and_nothing_else():
    assert check_voice(WIDE, StatementKind.raadpleging_school, Scope(), Voice.school, None, None, DAY) is None
    for kind, voice in ((StatementKind.raadpleging_school, Voice.jongere), (StatementKind.bezwaar, Voice.school)):
        with pytest.raises(Refused, match="school"):
            check_voice(WIDE, kind, Scope(), voice, None, None, DAY)


def test_without_a_date_of_birth_or_a_row_of_law_nobody_agrees():
    with pytest.raises(Malformed, match="date of birth"):
        check_voice(WIDE, YES, HELPED, Voice.jongere, None, None, DAY)
    with pytest.raises(Malformed, match="lies after"):
        check_voice(WIDE, YES, HELPED, Voice.jongere, None, date(2027, 1, 1), DAY)
    with pytest.raises(Refused, match="No row of law"):
        check_voice(WIDE, YES, HELPED, Voice.jongere, None, born(40), date(2020, 1, 1))


def held(kind: StatementKind, voice: Voice, what: What = What.given) -> Hold:
    found = hold([event(what, 1, kind=kind, voice=voice, party=PartyId(SCHOOL))], DAY)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("made", "by", "may"),
    [
        (held(YES, Voice.ouder), Voice.jongere, True),
        (held(YES, Voice.ouder), Voice.voogd, True),
        (held(YES, Voice.ouder), Voice.ouder, True),
        (held(YES, Voice.jongere), Voice.jongere, True),
        (held(YES, Voice.jongere), Voice.ouder, False),
        (held(YES, Voice.jongere), Voice.curator, True),
        (held(YES, Voice.ouder), Voice.school, False),
        (held(StatementKind.bezwaar, Voice.jongere), Voice.ouder, False),
        (held(StatementKind.bezwaar, Voice.ouder), Voice.jongere, True),
        (held(StatementKind.bezwaar, Voice.ouder), Voice.voogd, False),
        (held(YES, Voice.jongere, What.refused), Voice.ouder, False),
        (held(YES, Voice.voogd, What.refused), Voice.ouder, False),
        (held(YES, Voice.jongere, What.refused), Voice.jongere, True),
    ],
)
def test_a_yes_is_taken_back_by_either_and_a_no_by_whoever_said_it(made: Hold, by: Voice, may: bool):
    if may:
        check_withdrawal(made, by)
        return
    with pytest.raises(Refused):
        check_withdrawal(made, by)


@pytest.mark.parametrize(
    ("hearer", "vouches"),
    [("mbo-zilverlinde", True), ("uwv", True), ("werk-en-inkomen-aldermeer", False), ("doorstroompunt-lindemark", False)],
)
def test_no_controller_vouches_for_itself_with_another_hat(hearer: str, vouches: bool):
    """At the casusoverleg the college would receive as Work & Income what it vouched for as doorstroompunt."""
    shipped = load_policy(Path(__file__).parents[3] / "schemas/policy")
    clause = next(one for each in shipped.agreements for one in each.clauses if one.id == "casusoverleg/1/school-werk")
    assert isinstance(clause, Permit)
    scope = Scope(purposes=frozenset(clause.purposes), parties=frozenset({PartyId("werk-en-inkomen-aldermeer")}))
    with nullcontext() if vouches else pytest.raises(Refused, match="does not vouch"):
        check_hearer(shipped, StatementKind.instemming, scope, PartyId(hearer))
