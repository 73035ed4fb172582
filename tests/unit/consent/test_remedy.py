"""The smallest change, case by case; that it always is one stands in the property tests."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from hub.consent import codes
from hub.consent.asked import read_question
from hub.consent.change import AddField, Amend, Answer, FactIs, Lift, OnDay, Revive, Through
from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.explain_decision import Reader, tell, told
from hub.consent.model import Life, PolicySet
from hub.consent.policy import policy_files, read_policy
from hub.consent.question import Question
from hub.consent.remedy import remedies
from hub.domain.facts import StatementKind
from hub.domain.terms import AgreementId, PartyId
from hub.errors import Misconfigured

ROOT = Path(__file__).parents[3]
OF_THE_HUB = ("reasons/", "elements/uitvalmelding.yaml", "records/uitvalmelding.yaml")
BASE = "record: proefmelding\npath: [school-a, punt-b]\nday: {day}\n{more}given: {{gemeente: {home}, {given}}}\n"


@pytest.fixture(scope="module")
def small() -> PolicySet:
    shipped = policy_files(ROOT / "schemas" / "policy")
    own = policy_files(ROOT / "tests" / "hostile" / "policy" / "set")
    return read_policy({**{name: text for name, text in shipped.items() if name.startswith(OF_THE_HUB)}, **own})


def question(
    policy: PolicySet, given: str = "age: 19", day: str = "2026-11-02", more: str = "", home: str = '"9101"'
) -> Question:
    return read_question("vraag.yaml", BASE.format(day=day, more=more, home=home, given=given), policy)


def test_what_is_permitted_needs_nothing(small: PolicySet):
    remedy = remedies(small, question(small))
    assert remedy.parts == ()
    assert remedy.possible


@pytest.mark.parametrize(
    ("asked", "changes"),
    [
        ({"given": "age: 15", "day": "2026-03-01"}, (OnDay(date(2027, 3, 1)),)),
        ({"given": "age: 15"}, (OnDay(date(2027, 11, 2)), Amend(AgreementId("proef/1"), "dpia"))),
        ({"given": "age: 24"}, (FactIs("age", 22),)),
        ({"given": "age: null"}, (FactIs("age", 19),)),
        ({"home": '"9999"'}, (FactIs("gemeente", "9101"),)),
        ({"home": "null"}, (FactIs("gemeente", "9101"),)),
        ({"given": "age: 19, standing: [bezwaar]"}, (Lift(StatementKind.bezwaar),)),
        ({"given": "age: 19, overleden: true"}, (FactIs("overleden", False),)),
        ({"day": "2025-11-02"}, (OnDay(date(2026, 1, 1)),)),
        ({"day": "2027-11-02"}, (Amend(AgreementId("proef/1"), "dpia"),)),
        (
            {"day": "2028-11-02"},
            (Amend(AgreementId("proef/1"), "effective"), Amend(AgreementId("proef/1"), "dpia")),
        ),
    ],
)
def test_the_smallest_change(small: PolicySet, asked: dict[str, str], changes: tuple[object, ...]):
    assert set(remedies(small, question(small, **asked)).changes) == set(changes)


def test_what_is_known_of_a_person_is_nobodys_to_change(small: PolicySet):
    known = remedies(small, question(small, "age: 24"))
    assert [part.who for part in known.parts] == [None]
    assert not known.possible
    unknown = remedies(small, question(small, "age: null"))
    assert unknown.possible


def test_an_element_that_no_clause_names_is_added_where_the_law_lets_it(small: PolicySet):
    (added,) = remedies(small, question(small, more="elements: [postcode]\n")).changes
    assert isinstance(added, AddField)
    assert remedies(small, question(small, more="elements: [reden_uitval]\n")).parts == ()
    assert remedies(small, question(small, more="elements: [opmerking]\n")).parts == ()


def test_a_suspended_agreement_and_a_silent_recipient(small: PolicySet):
    life = Life({AgreementId("proef/1"): codes.AFSPRAAK_GESCHORST}, frozenset())
    (part,) = remedies(small, question(small), life).parts
    assert part.change == Revive(AgreementId("proef/1"))
    assert part.code == codes.AFSPRAAK_GESCHORST
    silent = Life({}, frozenset({PartyId("punt-b")}))
    assert remedies(small, question(small), silent).parts == ()  # nothing here rests on a statement
    assert Answer(PartyId("punt-b")) not in remedies(small, question(small), silent).changes


def test_nothing_helps_where_there_is_no_clause(small: PolicySet):
    asked = Question(question(small).record, (PartyId("punt-b"), PartyId("school-a")), question(small).facts)
    remedy = remedies(small, asked)
    assert remedy.parts == ()
    assert not remedy.possible


def test_what_is_passed_on_comes_from_somewhere(policy: PolicySet):
    text = "record: uitvalmelding\npath: [doorstroompunt-lindemark, werk-en-inkomen-aldermeer]\nday: 2026-11-02\n"
    asked = read_question("vraag.yaml", f'{text}given: {{gemeente: "9001"}}\n', policy)
    (through,) = remedies(policy, asked).changes
    assert isinstance(through, Through)
    assert through.path[-2:] == asked.path


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("proefmelding", "iets", "not in this policy set"),
        ("punt-b", "punt-x", "not in this policy set"),
        ("day:", "dag:", "not known"),
        ("2026-11-02", "morgen", "day belongs"),
        ("age: 19", "leeftijd: 19", "not known"),
        ("age: 19", "facts: {is_lui: true}", "not in this policy set"),
    ],
)
def test_a_question_that_cannot_be_read_is_refused(small: PolicySet, old: str, new: str, word: str):
    text = BASE.format(day="2026-11-02", more="", home='"9101"', given="age: 19").replace(old, new, 1)
    with pytest.raises(Misconfigured, match=word) as refused:
        read_question("vraag.yaml", text, small)
    assert "vraag.yaml, line" in refused.value.what


def explained(policy: PolicySet, asked: Question, reader: Reader, *, opened: bool = False) -> str:
    decision = ask(compile_policy(policy), [asked])[0]
    remedy = remedies(policy, asked) if decision.grant is None else None
    data = str(told(policy, decision, remedy, reader, opened=opened))
    return f"{tell(policy, asked, decision, remedy, reader, opened=opened)}\n{data}"


PERSONAL = ["age: 19, standing: [bezwaar]", "age: 19, standing: [beperking]", "age: 19, overleden: true"]


@pytest.mark.parametrize("given", PERSONAL)
def test_what_is_personal_is_told_to_the_fg_alone_and_opened(small: PolicySet, given: str):
    asked = question(small, given)
    decision = ask(compile_policy(small), [asked])[0]
    secret = {text for code in decision.personal for text in (code, small.reasons[code].text_nl, small.reasons[code].remedy_nl)}
    assert secret
    for reader in Reader:
        shut = explained(small, asked, reader)
        assert not any(text in shut for text in secret)
        assert "of de jongere leeft" not in shut
        assert "bezwaar" not in shut.lower()
        assert "beperking" not in shut.lower()
    assert any(text in explained(small, asked, Reader.fg, opened=True) for text in secret)
    assert explained(small, asked, Reader.jongere, opened=True) == explained(small, asked, Reader.jongere)
    assert explained(small, asked, Reader.medewerker, opened=True) == explained(small, asked, Reader.medewerker)


def test_a_permit_is_told_with_its_ground(small: PolicySet):
    said = explained(small, question(small), Reader.fg)
    for part in (
        "Proefwet",
        "artikel 1",
        "artikel 3",
        "geslachtsnaam",
        "Tot de jongere 25 wordt",
        "geldt tot",
        "Blijft achter",
    ):
        assert part in said


def test_a_refusal_is_told_with_what_helps_and_who(small: PolicySet):
    said = explained(small, question(small, day="2027-11-02"), Reader.medewerker)
    assert "Herzie de DPIA bij de afspraak Proefafspraak" in said
    assert "wie: privacy officer" in said
    assert "proef/1/melding" in said
    assert "niemand kan dit veranderen" in explained(small, question(small, "age: 24"), Reader.medewerker)


def test_a_young_person_reads_plain_words(small: PolicySet):
    asked = question(small)
    said = tell(small, asked, ask(compile_policy(small), [asked])[0], None, Reader.jongere)
    for word in ("grondslag", "verwerking", "convenant", "bepaling", "BWBR", "proef/1"):
        assert word not in said
    assert "U mag bezwaar maken" in said


def test_a_young_person_gets_no_text_for_workers_as_data_either(small: PolicySet):
    asked = question(small, "age: 24")
    decision = ask(compile_policy(small), [asked])[0]
    said = told(small, decision, remedies(small, asked), Reader.jongere)
    assert said["reasons"]
    for reason in said["reasons"]:
        assert set(reason) == {"code", "gate", "text"}
        assert reason["text"] != small.reasons[reason["code"]].text_nl


def test_a_permit_tells_who_is_responsible_by_when_and_what_excuses_from_telling(policy: PolicySet):
    text = "record: {}\npath: [{}]\nday: 2026-11-02\ngiven: {{gemeente: '9001'}}\n"
    asked = read_question("vraag.yaml", text.format("uitvalmelding", "duo, doorstroompunt-lindemark"), policy)
    said = explained(policy, asked, Reader.medewerker)
    assert "Verantwoordelijk: De minister is verantwoordelijk tot de ontvangst" in said
    assert "Termijn: De ontvanger heeft de gegevens binnen zeven dagen" in said


def test_a_permit_tells_the_ground_for_what_is_special_and_whether_anyone_may_object(policy: PolicySet):
    """A lawyer asks for both: GDPR 9 beside GDPR 6, and article 21, which is about tasks alone."""
    text = "record: plan_van_aanpak\npath: [zorgaanbieder-rietzorg, werkbedrijf-lindemark]\nday: 2026-11-02\n"
    given = "given: {gemeente: '9001', standing: [toestemming], facts: {plan_actief: true}}\n"
    asked = read_question("vraag.yaml", text + given, policy)
    said = explained(policy, asked, Reader.fg)
    assert "(taak van algemeen belang, AVG artikel 6, eerste lid, onder e)" in said
    assert "Bijzonder: " in said
    assert "Grond daarvoor: UAVG, artikel 22, tweede lid, onder a" in said
    assert "Bezwaar: kan (AVG artikel 21)." in said


def test_of_a_duty_the_young_person_reads_what_the_law_says_and_that_it_must(policy: PolicySet):
    text = "record: uitvalmelding\npath: [duo, doorstroompunt-lindemark]\nday: 2026-11-02\ngiven: {gemeente: '9001'}\n"
    asked = read_question("vraag.yaml", text, policy)
    young, officer = (explained(policy, asked, reader) for reader in (Reader.jongere, Reader.fg))
    assert "De wet zegt: " in young
    assert "Daarom kunt u geen bezwaar maken." in young
    assert "Bezwaar: kan niet" in officer
    assert "BRIN van de school" in officer
    assert "artikel 31, dat dit noemt." in officer


CONSENT = """
record: kennismaking
path: [mbo-zilverlinde, leerbedrijf-de-schaaf]
purpose: kennismaking-leerbedrijf
day: 2026-11-02
given: {gemeente: "9001", age: 15, standing: [{statement: toestemming, voice: ouder}]}
"""


def test_a_permit_that_rests_on_a_yes_tells_whose_it_is_by_law_and_never_that_the_young_person_said_it(policy: PolicySet):
    asked = read_question("vraag.yaml", CONSENT, policy)
    worker, young = (explained(policy, asked, reader) for reader in (Reader.medewerker, Reader.jongere))
    assert "Vanaf 16 jaar geeft de jongere die zelf, daaronder een ouder of voogd (UAVG, artikel 5" in worker
    assert "Bij intrekken: de levering stopt, en de ontvanger wist de gegevens." in worker
    assert "u ja zei" not in young
    assert "zolang hier ja tegen is gezegd" in young


def test_the_young_person_reads_in_which_form_it_passes(policy: PolicySet):
    text = "record: uwvsignaal\npath: [uwv, doorstroompunt-lindemark]\nday: 2026-11-02\ngiven: {gemeente: '9001'}\n"
    said = explained(policy, read_question("vraag.yaml", text, policy), Reader.jongere)
    assert "heeft inkomen uit werk (alleen ja of nee)" in said


def test_a_refusal_without_clause_names_the_law_that_no_agreement_lifts_and_no_day_of_the_year_9999(policy: PolicySet):
    text = "record: schakeling\npath: [wmo-aldermeer, werk-en-inkomen-aldermeer]\nday: 2026-11-02\ngiven: {gemeente: '9001'}\n"
    asked = read_question("vraag.yaml", text, policy)
    said = tell(policy, asked, ask(compile_policy(policy), [asked])[0], remedies(policy, asked), Reader.medewerker)
    assert "Ook dan blijft achter: burgerservicenummer" in said
    assert "artikel 5.2.1, tweede lid" in said
    assert "9999" not in said
    other = read_question("vraag.yaml", text.replace("werk-en-inkomen-aldermeer", "zorgaanbieder-rietzorg"), policy)
    refused = tell(policy, other, ask(compile_policy(policy), [other])[0], remedies(policy, other), Reader.medewerker)
    assert "Ook dan" not in refused


def test_a_name_in_a_question_that_is_nearly_right_is_told_with_the_right_one(policy: PolicySet):
    text = "record: uitvalmelding\npath: [duo, doorstroompunt-lindemak]\nday: 2026-11-02\ngiven: {gemeente: '9001'}\n"
    with pytest.raises(Misconfigured, match="If doorstroompunt-lindemark is meant") as refused:
        read_question("vraag.yaml", text, policy)
    assert "line 2: path.1" in refused.value.what
