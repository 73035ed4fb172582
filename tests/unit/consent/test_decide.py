"""The shipped policy's hard edges, on real birthdays and along whole ways."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from hub.audit.entry import DisclosureTemplate
from hub.consent.compile import compile_policy
from hub.consent.decide import decide
from hub.consent.facts import subject_facts
from hub.consent.model import PolicySet
from hub.consent.policy import read_policy
from hub.consent.table import DecisionTable
from hub.domain.facts import Stated, StatementKind
from hub.domain.personal import Personal
from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.domain.stages import Candidate, Canonical, Permitted, Refused, Row, Verdict
from hub.domain.terms import LogId, PartyId, RecordKind
from tests.strategies import number_with_remainder

TODAY = date(2026, 11, 2)
WAY = ("duo", "doorstroompunt-lindemark", "werk-en-inkomen-aldermeer")


def _decide(
    table: DecisionTable,
    *,
    day: date = TODAY,
    path: tuple[str, ...] = WAY,
    standing: Any = frozenset(),
    forget: str | None = None,
    **others: Any,
) -> list[Verdict]:
    plain = {
        "bsn": number_with_remainder(99_999_001, 0),
        "geslachtsnaam": "Verzonnen",
        "geboortedatum": date(2007, 3, 1),
        "straatnaam": "Verzonnenstraat",
        "gemeente": "9001",
        "indicatie_geheim": False,
        "brin": "98ZZ",
        "onderwijssoort": "mbo",
        "datum_uitschrijving": date(2026, 10, 1),
        "startkwalificatie": False,
        "reden_uitval": "1",
        "opmerking": "Verzonnen opmerking",
    }
    record = Uitvalmelding.model_validate(plain | others)
    canonical = Canonical(record, Row(1, Personal({}), Personal(b"")))
    steps = [Candidate(PartyId(to), PartyId(giver), (PartyId(giver),)) for giver, to in pairwise(path)]
    facts = subject_facts(record, day, standing)
    if forget is not None:
        facts = facts.but(**{forget: None})
    return decide(table, [canonical], [facts], [steps])[0]


def _fields(verdict: Verdict) -> dict[str, str]:
    assert isinstance(verdict, Permitted), verdict.reasons
    return {name: form.value for name, form in verdict.grant.fields}


def _reasons(verdict: Verdict) -> tuple[str, ...]:
    assert isinstance(verdict, Refused)
    return verdict.reasons


@pytest.mark.parametrize(("born", "first"), [
    (TODAY.replace(year=2008) + timedelta(days=1), ("NOG_LEERPLICHTIG",)),
    (TODAY.replace(year=2008), None),
    (TODAY.replace(year=2003) + timedelta(days=1), None),
    (TODAY.replace(year=2003), ("BESLUIT_TOT_23",)),
    (TODAY.replace(year=1999) + timedelta(days=1), ("BESLUIT_TOT_23",)),
    (TODAY.replace(year=1999), ("BESLUIT_TOT_23", "BUITEN_DOELGROEP")),
])  # fmt: skip
def test_birthdays_18_23_and_27(table: DecisionTable, born: date, first: tuple[str, ...] | None):
    verdict = _decide(table, geboortedatum=born)[0]
    assert (None if isinstance(verdict, Permitted) else verdict.reasons) == first


@pytest.mark.parametrize(("born", "until"), [
    (date(2003, 11, 3), date(2026, 11, 3)),
    (date(2004, 2, 29), date(2027, 3, 1)),
    (date(2007, 3, 1), date(2028, 10, 6)),
])  # fmt: skip
def test_the_answer_holds_until_a_birthday_or_a_border_of_the_policy(table: DecisionTable, born: date, until: date):
    verdict = _decide(table, geboortedatum=born)[0]
    assert isinstance(verdict, Permitted)
    assert verdict.valid_until <= until
    if until.year < 2028:
        assert verdict.valid_until == until


def test_the_way_from_duo(table: DecisionTable):
    first, then = (_fields(verdict) for verdict in _decide(table))
    assert first["bsn"] == then["bsn"] == "raw"
    assert not {"opmerking", "reden_uitval", "startkwalificatie"} & first.keys()
    assert not {"opmerking", "reden_uitval", "onderwijssoort", "brin", "geslacht"} & then.keys()
    assert {"straatnaam", "indicatie_geheim", "geslachtsnaam"} <= then.keys() <= first.keys()


def test_without_a_bsn_work_and_income_gets_a_pseudonym(table: DecisionTable):
    number = number_with_remainder(99_999_001, 5)
    first, then = (_fields(verdict) for verdict in _decide(table, bsn=None, onderwijsnummer=number))
    assert (first["onderwijsnummer"], then["onderwijsnummer"]) == ("raw", "pseudonym")
    assert "bsn" not in first
    assert "bsn" not in then


def test_a_secret_address_stops_at_the_doorstroompunt(table: DecisionTable):
    first, then = _decide(table, indicatie_geheim=True)
    assert _fields(first)["straatnaam"] == "raw"
    assert "straatnaam" not in _fields(then)
    assert _fields(then)["indicatie_geheim"] == "raw"
    assert isinstance(then, Permitted)
    assert dict(then.grant.withheld)["straatnaam"] == "GEHEIM_ADRES"


def test_the_log_does_not_say_that_an_address_is_secret(table: DecisionTable):
    then = _decide(table, indicatie_geheim=True)[1]
    assert isinstance(then, Permitted)
    assert then.grant.personal == {"GEHEIM_ADRES"}
    template = DisclosureTemplate(LogId("proef"), PartyId("duo"), then.candidate, then.grant, RecordKind("uitvalmelding"))
    draft = template.draft(UUID(int=0), bytes(32), bytes(32), bytes(16), bytes(32))
    assert b"PERSOONLIJK" in draft.head + draft.tail
    assert b"GEHEIM_ADRES" not in draft.head + draft.tail


def test_a_purpose_that_may_not_follow_is_shut(files: dict[str, str]):
    name = "purposes/voortijdig-schoolverlaten.yaml"
    files[name] = files[name].replace("    further_from: [begeleiding-doorstroompunt]\n", "")
    assert _reasons(_decide(compile_policy(read_policy(files)))[1]) == ("DOEL_ONVERENIGBAAR",)


def test_what_a_school_told_goes_no_further(table: DecisionTable):
    first, then = _decide(table, path=("mbo-zilverlinde", *WAY[1:]))
    assert _fields(first)["bsn"] == "pseudonym"
    assert _reasons(then) == ("HERGEBRUIK_NIET_TOEGESTAAN",)


def test_an_objection_stops_a_task_and_not_a_duty(table: DecisionTable):
    first, then = _decide(table, standing=frozenset({Stated(StatementKind.bezwaar)}))
    assert isinstance(first, Permitted)
    assert _reasons(then) == ("BEZWAAR",)
    assert isinstance(then, Refused)
    assert then.personal == {"BEZWAAR"}


def test_a_restriction_stops_everything(table: DecisionTable):
    first, then = _decide(table, standing=frozenset({Stated(StatementKind.beperking)}))
    assert _reasons(first) == ("BEPERKING",)
    assert _reasons(then) == ("GEVER_ONTVING_NIET", "BEPERKING")


def test_consent_opens_nothing(table: DecisionTable):
    with_it = _decide(table, geboortedatum=date(2002, 1, 1), standing=frozenset({Stated(StatementKind.toestemming)}))
    assert _reasons(with_it[0]) == ("BESLUIT_TOT_23",)


@pytest.mark.parametrize(("school", "diploma", "asked"), [
    ("entree", date(2025, 11, 1), False),
    ("entree", date(2025, 11, 2), True),
    ("pro", date(2024, 11, 1), False),
    ("pro", date(2024, 11, 2), True),
    ("vso", None, True),
    ("mbo", date(2026, 7, 1), False),
    ("vo", None, False),
])  # fmt: skip
def test_the_school_is_consulted_first(table: DecisionTable, school: str, diploma: date | None, asked: bool):
    then = _decide(table, onderwijssoort=school, datum_diploma=diploma)[1]
    assert isinstance(then, Refused) is asked
    if asked:
        assert _reasons(then) == ("RAADPLEGING_SCHOOL_ONTBREEKT",)
    consulted = frozenset({Stated(StatementKind.raadpleging_school)})
    assert isinstance(_decide(table, onderwijssoort=school, datum_diploma=diploma, standing=consulted)[1], Permitted)


@pytest.mark.parametrize(("fact", "code"), [
    ("age", "LEEFTIJD"),
    ("overleden", "OVERLIJDEN"),
    ("startkwalificatie", "STARTKWALIFICATIE"),
    ("ingeschreven", "INSCHRIJVING"),
    ("indicatie_geheim", "GEHEIM"),
    ("gemeente", "GEMEENTE"),
    ("has_bsn", "NUMMER"),
    ("standing", "VERKLARINGEN"),
])  # fmt: skip
def test_what_nobody_knows_is_a_no(table: DecisionTable, fact: str, code: str):
    first, then = _decide(table, forget=fact)
    assert _reasons(first) == (f"FEIT_ONTBREEKT_{code}",)
    assert f"FEIT_ONTBREEKT_{code}" in _reasons(then)


def test_own_data_are_not_passed_on(files: dict[str, str]):
    name = "agreements/doorstroompunt-werk-en-inkomen.v1.yaml"
    files[name] = files[name].replace("    reuse_of: [wro-21-1]\n", "")
    assert _reasons(_decide(compile_policy(read_policy(files)))[1]) == ("DOORGIFTE_NIET_GEREGELD",)


def test_the_dead_are_left_in_peace_and_it_is_not_told_in_clear(table: DecisionTable):
    verdict = _decide(table, overlijdensdatum=date(2026, 10, 30))[0]
    assert _reasons(verdict) == ("OVERLEDEN",)
    assert isinstance(verdict, Refused)
    assert verdict.personal == {"OVERLEDEN"}


def test_all_shut_gates_are_told_in_order(table: DecisionTable):
    verdict = _decide(table, geboortedatum=date(1999, 1, 1), startkwalificatie=True, gemeente="9004")[0]
    assert _reasons(verdict) == ("BESLUIT_TOT_23", "ANDERE_REGIO", "BUITEN_DOELGROEP", "HEEFT_STARTKWALIFICATIE")
    assert isinstance(verdict, Refused)
    assert (verdict.agreement, verdict.purpose) == ("duo-doorstroompunt/1", "begeleiding-doorstroompunt")


@pytest.mark.parametrize(("path", "reasons"), [
    (("duo", "onbekend"), ("GEEN_AFSPRAAK", "ONTVANGER_ONBEKEND")),
    (("onbekend", "doorstroompunt-lindemark"), ("GEEN_AFSPRAAK", "GEVER_ONBEKEND")),
    (("duo", "werk-en-inkomen-aldermeer"), ("GEEN_AFSPRAAK",)),
    (("mbo-zilverlinde", "werk-en-inkomen-aldermeer"), ("GEEN_AFSPRAAK",)),
    (("doorstroompunt-lindemark", "duo"), ("GEEN_AFSPRAAK",)),
])  # fmt: skip
def test_where_no_agreement_leads(table: DecisionTable, path: tuple[str, ...], reasons: tuple[str, ...]):
    verdict = _decide(table, path=path)[0]
    assert _reasons(verdict) == reasons
    assert isinstance(verdict, Refused)
    assert verdict.agreement is None


@pytest.mark.parametrize("line", ["controllership", "processor_contract"])
def test_an_incomplete_agreement_is_not_in_force(files: dict[str, str], line: str):
    name = "agreements/duo-doorstroompunt.v1.yaml"
    files[name] = "\n".join(row for row in files[name].splitlines() if not row.startswith(f"{line}:"))
    verdict = _decide(compile_policy(read_policy(files)))[0]
    assert _reasons(verdict) == ("AFSPRAAK_ONVOLLEDIG",)


def test_grants_are_shared_and_name_their_policy(table: DecisionTable, policy: PolicySet):
    one, other = _decide(table), _decide(table, geboortedatum=date(2006, 5, 5))
    for left, right in zip(one, other, strict=True):
        assert isinstance(left, Permitted)
        assert isinstance(right, Permitted)
        assert left.grant is right.grant
        assert left.grant.policy == policy.hash
        assert set(left.grant.sole_basis.values()) == set(left.grant.bases)


def test_a_party_takes_part_from_the_day_of_its_accession(table: DecisionTable):
    asked: dict[str, Any] = {
        "path": ("duo", "doorstroompunt-heiderland"),
        "gemeente": "9007",
        "datum_uitschrijving": date(2026, 1, 1),
    }
    before, after = (_decide(table, day=day, **asked)[0] for day in (date(2026, 2, 28), date(2026, 3, 1)))
    assert _reasons(before) == ("PARTIJ_NIET_TOEGETREDEN",)
    assert isinstance(after, Permitted)
