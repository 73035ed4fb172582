"""A report of absence: what article 14 asks for, days and hours that add up, and a status that was abolished."""

import json
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from hub.domain.personal import Personal
from hub.domain.records.verzuimmelding import ABOLISHED, Verzuimdag, Verzuimmelding
from hub.domain.stages import Row
from hub.errors import Malformed
from hub.normalise import JsonMapping
from hub.normalise.lists import shared
from tests.fakes import kinds


def codes(**change: Any) -> set[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        kinds.record("verzuimmelding", **change)
    return {(".".join(map(str, error["loc"])), error["type"]) for error in caught.value.errors()}


def day(**change: Any) -> list[dict[str, Any]]:
    return [{"datum": "2026-10-01", "heleDag": False, "lesuren": [3], **change}]


def test_its_days_are_read_with_it_and_told_to_nobody_by_accident():
    found = kinds.record("verzuimmelding")
    first, second = found.held("verzuimdagen")
    assert (first.hele_dag, first.lesuren, second.lesuren) == (True, (), (1, 2))
    assert repr(found) == "Verzuimmelding(<personal>)"
    assert "2026" not in repr(first) + str(second)
    with pytest.raises(ValidationError, match="frozen"):
        second.lesuren = (3,)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"verzuimEinddatum": "2026-09-30", "verzuimdagen": None}, {("", "dates_out_of_order")}),
        ({"verzuimdagen": day(datum="2026-09-30")}, {("", "dates_out_of_order")}),
        ({"verzuimdagen": day(datum="2026-10-30")}, {("", "dates_out_of_order")}),
        ({"verzuimdagen": [*day(), *day()]}, {("", "day_twice")}),
        ({"verzuimdagen": day(heleDag=True)}, {("verzuimdagen.0", "hours_of_a_day")}),
        ({"verzuimdagen": day(lesuren=[])}, {("verzuimdagen.0", "hours_of_a_day")}),
        ({"verzuimdagen": day(lesuren=[13])}, {("verzuimdagen.0.lesuren.0", "less_than_equal")}),
        ({"verzuimdagen": day(reden="geheim")}, {("verzuimdagen.0.?", "extra_forbidden")}),
        ({"statusMelding": ABOLISHED}, {("statusMelding", "status_abolished")}),
        ({"statusMelding": "kwijt"}, {("statusMelding", "literal_error")}),
        ({"melddatumtijd": "2026-02-30T09:30:00"}, {("melddatumtijd", "date_parsing")}),
        ({"contactpersoonEmail": "geen adres"}, {("contactpersoonEmail", "string_pattern_mismatch")}),
    ],
)
def test_what_is_wrong_is_told_by_place_and_code(change: dict[str, Any], expected: set[tuple[str, str]]):
    assert codes(**change) == expected


def test_a_status_that_was_abolished_is_refused_by_name():
    raw = Personal(kinds.body("verzuimmelding", statusMelding=(shared("verzuimstatus_2020") or {})["D"]))
    with pytest.raises(Malformed) as refused:
        JsonMapping(Verzuimmelding).read(Row(1, raw, raw))
    assert [(fault.where, fault.code) for fault in refused.value.faults] == [("statusMelding", "STATUS_VERVALLEN")]


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("verzuimsoort", "verzuimsoort"),
        ("statusMelding", "verzuimstatus_2008"),
        ("statusMelding", "verzuimstatus_2020"),
        ("redenAfsluiting", "reden_afsluiting"),
        ("toelichtingAfsluiting", "toelichting_afsluiting"),
        ("onderwijssoort", "elke_onderwijssoort"),
        ("geslacht", "geslacht"),
    ],
)
def test_the_code_lists_give_what_the_record_takes_and_reach_all_of_it(field: str, name: str):
    ours = set((shared(name) or {}).values()) - {ABOLISHED}
    schema = Verzuimmelding.model_json_schema()["properties"][field]
    known = set(next(part["enum"] for part in schema.get("anyOf", [schema]) if "enum" in part))
    assert ours == known if name != "verzuimstatus_2008" else ours < known


def test_a_day_alone_says_no_value_when_it_is_wrong():
    with pytest.raises(ValidationError) as caught:
        Verzuimdag.model_validate_json(json.dumps({"datum": "31-12-2026", "heleDag": "ja"}))
    assert "31-12" not in str(caught.value)
    assert orjson.dumps(caught.value.errors(include_context=False, include_url=False)).count(b"31-12") == 0
