"""The BRP: one person, a closed list of fields, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.connector import Endpoint, Hat
from hub.connectors.gemeente_brp.answer import CELLS, FIELDS, question, reduced
from hub.connectors.gemeente_brp.client import open_query
from hub.domain.personal import Bsn, Onderwijsnummer, Personal
from hub.domain.records.persoonsgegevens import Persoonsgegevens
from hub.domain.stages import Row
from hub.errors import HubError
from hub.http import Away, Barred
from hub.normalise import normalise
from hub.normalise.mapping import load_mapping
from tests.fakes.gemeente import BSN, OTHER, PERSON, ROOT, Gemeente

MAPPING = load_mapping(ROOT / "hub/connectors/gemeente_brp/mapping.yaml")
WHO, HAT = Bsn(BSN), Hat("j.jansen", "werk-en-inkomen")
HUBS = {"PGN", "VRAAGSTELLER"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9999) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["datum", "naam", "x", "jaar"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def gemeente() -> Iterator[Gemeente]:
    with Gemeente() as running:
        running.registers(PERSON)
        yield running


def person(**other: Any) -> bytes:
    return orjson.dumps({"personen": [{**PERSON, **other}]})


def read(row: Row | None) -> Persoonsgegevens:
    assert row is not None
    cells = {**row.content.reveal(), "PGN": BSN, "VRAAGSTELLER": "werk-en-inkomen-aldermeer"}
    ((canonical,), rejected) = normalise([Row(1, Personal(cells), row.raw)], MAPPING)
    assert not rejected
    assert isinstance(canonical.record, Persoonsgegevens)
    return canonical.record


def test_the_closed_list_is_what_the_mapping_reads() -> None:
    assert MAPPING.columns == CELLS | HUBS
    assert len(set(FIELDS)) == len(FIELDS)
    asked = orjson.loads(question(WHO, "9001"))
    assert asked["fields"] == list(FIELDS)
    assert asked["gemeenteVanInschrijving"] == "9001"
    # What may be asked: each field leads to a cell, but the number, by which the answer is known to be about whom was asked.
    assert {name for name in FIELDS if not any(cell.startswith(name) for cell in CELLS)} == {"burgerservicenummer"}


@settings(max_examples=150)
@given(st.dictionaries(st.sampled_from([*PERSON, "overlijden", "opschortingBijhouding", "nationaliteiten", "partners"]), JSON))
def test_of_any_answer_no_cell_is_kept_but_those_of_the_list(other: dict[str, Any]) -> None:
    try:
        row = reduced(person(**{**other, "partners": [{"naam": "geheim123"}]}), WHO)
    except HubError as refused:
        row, told = None, str(refused)
    else:
        told = ""
    assert "geheim123" not in told
    if row is not None:
        assert row.content.reveal().keys() <= CELLS
        assert b"geheim123" not in row.raw.reveal()


def test_an_answer_is_read() -> None:
    found = read(reduced(person(), WHO))
    assert found.held("straatnaam") == "Lindelaan"
    assert found.held("huisnummertoevoeging") == "b3"
    assert found.held("indicatie_geheim") is True
    assert found.held("overlijdensdatum") is None
    assert read(reduced(person(geheimhoudingPersoonsgegevens=False), WHO)).held("indicatie_geheim") is False


@pytest.mark.parametrize(
    ("died", "day"),
    [
        ({"datum": {"type": "Datum", "datum": "2026-10-01"}}, "2026-10-01"),
        ({"datum": {"type": "JaarMaandDatum", "jaar": 2026, "maand": 9}}, "2026-09-01"),
        ({"datum": {"type": "JaarDatum", "jaar": 2026}}, "2026-01-01"),
        ({"datum": {"type": "DatumOnbekend", "onbekend": True}}, "2006-02-28"),
    ],
)
def test_who_died_is_held_to_have_died_however_much_of_the_day_is_known(died: dict[str, Any], day: str) -> None:
    assert str(read(reduced(person(overlijden=died), WHO)).held("overlijdensdatum")) == day
    ended = {"reden": {"code": "O", "omschrijving": "overlijden"}}
    assert read(reduced(person(opschortingBijhouding=ended), WHO)).held("overlijdensdatum") is not None


@pytest.mark.parametrize("code", ["F", "W"])
def test_a_list_that_was_taken_out_is_nobody(code: str) -> None:
    assert reduced(person(opschortingBijhouding={"reden": {"code": code}}), WHO) is None


@pytest.mark.parametrize(
    "body",
    [
        person(burgerservicenummer=OTHER),
        person(burgerservicenummer=None),
        orjson.dumps({"personen": [PERSON, PERSON]}),
        orjson.dumps({"personen": ["geheim123"]}),
    ],
)
def test_an_answer_about_somebody_else_is_refused_and_nothing_of_it_told(body: bytes) -> None:
    with pytest.raises(Barred, match="somebody else") as refused:
        reduced(body, WHO)
    assert not any(each in str(refused.value) for each in (BSN, OTHER, "Verzonnen", "geheim123"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"personen": null}',
        b"<html>",
        person(geheimhoudingPersoonsgegevens="nee"),
        person(naam={"geslachtsnaam": ["geheim123"]}),
    ],
)
def test_what_is_no_answer_is_asked_again(body: bytes) -> None:
    with pytest.raises(Away):
        reduced(body, WHO)


async def test_only_the_list_is_asked_and_kept_of_a_system_that_gives_more(gemeente: Gemeente) -> None:
    query = open_query(gemeente.brp(user_header="x-gebruiker"))
    for mode in ("ok", "more"):
        gemeente.dial(mode)
        row = await query.ask(WHO, HAT)
        assert row is not None
        assert row.content.reveal().keys() <= CELLS
    gemeente.dial()
    assert await query.ask(Bsn(OTHER), HAT) is None
    asked = len(gemeente.state()["asked"])
    assert await query.ask(Onderwijsnummer("100000004"), HAT) is None
    assert [one["fields"] for one in gemeente.state()["asked"]] == [list(FIELDS)] * asked
    await query.close()


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("400", Barred), ("401", Barred), ("403", Barred), ("404", Barred), ("other", Barred), ("duplicate", Barred),
        ("503", Away), ("500", Away), ("down", Away), ("truncated", Away), ("malformed", Away),
    ],
)  # fmt: skip
async def test_what_helps_is_told_from_what_does_not(gemeente: Gemeente, mode: str, error: type[HubError]) -> None:
    query = open_query(gemeente.brp())
    gemeente.dial(mode)
    with pytest.raises(error) as wrong:
        await query.ask(WHO, HAT)
    gemeente.dial()
    assert not any(each in str(wrong.value) for each in (BSN, "geheim123", "j.jansen"))
    await query.close()


async def test_a_place_where_nobody_is_registered_finds_nobody_and_a_wrong_key_is_told(gemeente: Gemeente) -> None:
    query = open_query(gemeente.brp(gemeente="9002"))
    assert await query.ask(WHO, HAT) is None
    await query.close()
    query = open_query(Endpoint(gemeente.where["brp"], {}, {"api_key": b"another"}))
    with pytest.raises(Barred, match="does not know the hub"):
        await query.ask(WHO, HAT)
    await query.close()


def test_of_a_refusal_only_a_parameter_is_told() -> None:
    from hub.connectors.gemeente_brp.client import _refused
    from hub.http import Answer

    wrong = [{"name": "fields[0]", "reason": BSN}, {"name": BSN}]
    told = str(_refused(Answer(400, {}, orjson.dumps({"invalidParams": wrong}))))
    assert "fields" in told
    assert BSN not in told
    assert "400" in str(_refused(Answer(400, {}, b"geheim123")))
