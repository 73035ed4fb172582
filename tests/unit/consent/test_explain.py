"""Explanations: for every code a sentence, for every verdict the whole story, and never a value."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from hub.consent import codes
from hub.consent.decide import decide
from hub.consent.explain import explain, explain_reason, find_clause
from hub.consent.facts import subject_facts
from hub.consent.model import Permit, PolicySet
from hub.consent.table import DecisionTable
from hub.domain.facts import Stated, StatementKind
from hub.domain.personal import Personal
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.stages import Candidate, Canonical, Row, Verdict
from hub.domain.terms import AgreementId, ClauseId, PartyId, PolicyHash
from tests.strategies import number_with_remainder

WAY = ("duo", "doorstroompunt-lindemark", "werk-en-inkomen-aldermeer")
DAY = date(2026, 11, 2)
NAME = "Verzonnenachternaam"


def _verdicts(table: DecisionTable, *standing: StatementKind, secret: bool = False, died: date | None = None) -> list[Verdict]:
    record = Uitvalmelding.model_validate(
        {
            "bsn": number_with_remainder(99_999_001, 0),
            "geslachtsnaam": NAME,
            "geboortedatum": date(2007, 3, 1),
            "overlijdensdatum": died,
            "straatnaam": "Verzonnenstraat",
            "gemeente": "9001",
            "indicatie_geheim": secret,
            "brin": "98ZZ",
            "onderwijssoort": "mbo",
            "datum_uitschrijving": date(2026, 10, 1),
            "startkwalificatie": False,
        }
    )
    canonical = Canonical(record, Row(1, Personal({}), Personal(b"")))
    steps = [Candidate(PartyId(to), PartyId(giver), ()) for giver, to in pairwise(WAY)]
    return decide(table, [canonical], [subject_facts(record, DAY, frozenset(map(Stated, standing)))], [steps])[0]


def test_what_passes_and_why(policy: PolicySet, table: DecisionTable):
    text = explain(policy, _verdicts(table)[1])
    for part in (
        "Toegestaan: Doorstroompunt Lindemark geeft aan Werk en Inkomen Aldermeer.",
        "artikel 9.2.5, vierde lid",
        "Een jurist moet deze lezing nog bevestigen.",
        "- straatnaam: De uitnodiging voor een gesprek gaat per brief.",
        "opmerking: Vrije tekst blijft in zijn geheel achter",
        "Plicht: De ontvanger geeft de gegevens aan niemand door",
        "Informeren: door werk-en-inkomen.",
        "geldt tot 10 november 2027",
    ):
        assert part in text


def test_why_not_what_helps_and_who(policy: PolicySet, table: DecisionTable):
    text = explain(policy, _verdicts(table, StatementKind.bezwaar)[1])
    assert text.startswith("Geweigerd: Doorstroompunt Lindemark geeft niets aan Werk en Inkomen Aldermeer.")
    assert "bezwaar gemaakt" in text
    assert "Handel het bezwaar af" in text
    assert "(wie: privacy officer)" in text


def test_for_the_log_it_says_nothing_about_the_young_person(policy: PolicySet, table: DecisionTable):
    assert "bezwaar" not in explain(policy, _verdicts(table, StatementKind.bezwaar)[1], for_log=True).lower()
    assert "overleden" not in explain(policy, _verdicts(table, died=DAY)[0], for_log=True)
    shown = explain(policy, _verdicts(table, secret=True)[1], for_log=True)
    assert "Het adres is geheim" not in shown
    assert "verzegeld" in shown


@pytest.mark.parametrize("for_log", [True, False])
def test_no_value_of_the_record_is_told(policy: PolicySet, table: DecisionTable, for_log: bool):
    number = number_with_remainder(99_999_001, 0)
    for verdict in _verdicts(table, secret=True):
        text = explain(policy, verdict, for_log=for_log)
        assert NAME not in text
        assert str(number) not in text
        assert "Verzonnenstraat" not in text


def test_another_policy_explains_nothing(policy: PolicySet, table: DecisionTable):
    with pytest.raises(ValueError, match="another policy set"):
        explain(replace(policy, hash=PolicyHash("0" * 64)), _verdicts(table)[0])


def test_every_code_has_its_sentences(policy: PolicySet):
    used = set(codes.ALL)
    for agreement in policy.agreements:
        for clause in agreement.clauses:
            if isinstance(clause, Permit):
                used |= {clause.subject.age.below, clause.subject.age.above, clause.retention.reason}
                used |= {required.reason for required in clause.requires}
    others = (
        "GEEN_ROUTE RIJ_ONVOLLEDIG TEKEN_ONGELDIG KOLOM_DUBBEL KOP_ONBEKEND BESTAND_LEEG BSN_ONGELDIG ONDERWIJSNUMMER_ONGELDIG "
        "PGN_EEN_VAN_TWEE VERPLICHT_VELD_LEEG DATUM_ONGELDIG DATUM_VOLGORDE CODE_ONBEKEND WAARDE_ONGELDIG VELD_ONBEKEND "
        "TE_LANG PERSOONLIJK"
    )
    assert used | set(others.split()) <= policy.reasons.keys()
    for code in policy.reasons:
        text = explain_reason(policy, code)
        assert text.count(".") >= 2
        assert "(wie: " in text


def test_what_says_something_about_a_person_is_marked(policy: PolicySet):
    for code in ("OVERLEDEN", "BEZWAAR", "BEPERKING", "GEHEIM_ADRES", "RAADPLEGING_SCHOOL_ONTBREEKT"):
        assert code in policy.personal
    assert not {code for code in policy.personal if code.startswith("FEIT_ONTBREEKT")}
    assert "PERSOONLIJK" not in policy.personal


def test_a_clause_that_is_not_there(policy: PolicySet):
    assert find_clause(policy, AgreementId("duo-doorstroompunt/1"), ClauseId("duo-doorstroompunt/1/geen-gezondheid")) is None
