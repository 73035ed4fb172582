"""Facts read off a record on a day."""

from datetime import date, timedelta
from typing import Any

import pytest

from hub.consent.facts import LAST, age_on, birthday, months_after, subject_facts
from hub.domain.facts import Stated, StatementKind
from hub.domain.records.uitvalmelding import Uitvalmelding
from tests.strategies import number_with_remainder

DAY = date(2026, 11, 2)


def _record(**others: Any) -> Uitvalmelding:
    plain = {
        "bsn": number_with_remainder(99_999_001, 0),
        "geslachtsnaam": "Verzonnen",
        "geboortedatum": date(2007, 3, 1),
        "gemeente": "9001",
        "indicatie_geheim": False,
        "brin": "98ZZ",
        "onderwijssoort": "mbo",
        "datum_uitschrijving": date(2026, 10, 1),
        "startkwalificatie": False,
    }
    return Uitvalmelding.model_validate(plain | others)


@pytest.mark.parametrize(("born", "day", "age"), [
    (date(2008, 11, 2), date(2026, 11, 1), 17),
    (date(2008, 11, 2), date(2026, 11, 2), 18),
    (date(2003, 11, 2), date(2026, 11, 1), 22),
    (date(2003, 11, 2), date(2026, 11, 2), 23),
    (date(1999, 11, 2), date(2026, 11, 1), 26),
    (date(1999, 11, 2), date(2026, 11, 2), 27),
    (date(2008, 2, 29), date(2026, 2, 28), 17),
    (date(2008, 2, 29), date(2026, 3, 1), 18),
    (date(2008, 2, 29), date(2028, 2, 28), 19),
    (date(2008, 2, 29), date(2028, 2, 29), 20),
])  # fmt: skip
def test_age(born: date, day: date, age: int):
    assert age_on(born, day) == age


def test_the_birthday_of_29_february_is_1_march_in_a_common_year():
    assert birthday(date(2008, 2, 29), 18) == date(2026, 3, 1)
    assert birthday(date(2008, 2, 29), 20) == date(2028, 2, 29)


@pytest.mark.parametrize("day", [date.max, date(9998, 12, 31), date(9990, 2, 28), date(9998, 1, 2)])
def test_a_day_at_the_end_of_the_calendar_is_counted_on_from_without_an_error(day: date):
    assert birthday(day, 10) == months_after(day, 240) == LAST
    assert birthday(day, 10) + timedelta(days=1) < date.max


def test_what_a_record_says():
    facts = subject_facts(_record(datum_diploma=date(2026, 7, 1)), DAY, frozenset({Stated(StatementKind.bezwaar)}))
    assert (facts.as_of, facts.age, facts.overleden, facts.startkwalificatie) == (DAY, 19, False, False)
    assert (facts.ingeschreven, facts.indicatie_geheim, facts.onderwijssoort) == (False, False, "mbo")
    assert (facts.datum_diploma, facts.gemeente, facts.has_bsn) == (date(2026, 7, 1), "9001", True)
    assert facts.standing == {Stated(StatementKind.bezwaar)}


@pytest.mark.parametrize(("left", "enrolled"), [(date(2026, 11, 1), False), (DAY, False), (date(2026, 11, 3), True)])
def test_enrolled_until_the_day_of_leaving(left: date, enrolled: bool):
    assert subject_facts(_record(datum_uitschrijving=left), DAY, frozenset()).ingeschreven is enrolled


def test_a_date_of_death_counts_whatever_it_says():
    assert subject_facts(_record(overlijdensdatum=date(2027, 1, 1)), DAY, frozenset()).overleden is True


def test_born_after_the_day_has_no_known_age():
    record = _record(geboortedatum=date(2026, 11, 3), datum_uitschrijving=date(2026, 12, 1))
    assert subject_facts(record, DAY, frozenset()).age is None


def test_statements_that_could_not_be_read_stay_unknown():
    assert subject_facts(_record(), DAY, None).standing is None


def test_without_a_bsn():
    record = _record(bsn=None, onderwijsnummer=number_with_remainder(99_999_001, 5))
    assert subject_facts(record, DAY, frozenset()).has_bsn is False
