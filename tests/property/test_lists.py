"""Lists in a form: whatever stands there is read or told as a fault, and what was written is read back."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.personal import Personal
from hub.domain.stages import Row
from hub.errors import Malformed
from hub.formats.json import JsonFormat
from hub.normalise.mapping import DeclarativeMapping, load_mapping

_CONNECTORS = Path(__file__).parents[2] / "hub" / "connectors"
_TABLE = load_mapping(_CONNECTORS / "duo_verzuim" / "mapping.yaml")
_TREE = load_mapping(_CONNECTORS / "lvs_rest_verzuim" / "mapping.yaml")
_WIRE = Path(__file__).parents[2] / "schemas" / "wire"
_SAMPLE: dict[str, Any] = orjson.loads((_WIRE / "lvs_rest_verzuim" / "lvs-rest-verzuim-1" / "sample.json").read_bytes())
_HEADER, _FIRST, *_ = (_WIRE / "duo_verzuim" / "duo-verzuim-1" / "sample.csv").read_text(encoding="utf-8").splitlines()
_CELLS = {name: cell for name, cell in zip(_HEADER.split(";"), _FIRST.split(";"), strict=True) if name[-1] not in "123"}
_BEGIN = date(2026, 10, 1)
_HOURS = st.lists(st.integers(1, 12), max_size=12)
_DAYS = st.dictionaries(st.integers(0, 400).map(lambda day: _BEGIN + timedelta(days=day)), _HOURS, max_size=100)
_NAMES = st.one_of(
    st.from_regex(r"VERZUIMDATUM[0-9]{1,3}", fullmatch=True),
    st.from_regex(r"(HELEDAG|LESUREN)[0-9]{1,4}", fullmatch=True),
    st.from_regex(r"verzuim\.dagen(\[[0-9]{1,4}\])?\.(datum|heleDag|lesuren(\[[0-9]{1,3}\])?)", fullmatch=True),
)
_TEXT = st.one_of(st.text(max_size=9), st.sampled_from(["J", "true", "2026-10-01", "1,2", ",", "12"]))


def _json(days: Any) -> list[Row]:
    """A report with these days, read as a page of the school's system."""
    (report, *_) = _SAMPLE["meldingen"]
    page = orjson.dumps({"meldingen": [report | {"verzuim": report["verzuim"] | {"dagen": days}}]})
    reader = JsonFormat("meldingen").read(None, _TREE.columns)  # type: ignore[arg-type]
    return [*reader.feed(page), *reader.finish()]


def _days_of(mapping: DeclarativeMapping, row: Row) -> dict[date, list[int]]:
    return {day.datum: list(day.lesuren) for day in mapping.read(row).held("verzuimdagen") or ()}


def _table(cells: dict[str, str]) -> Row:
    return Row(2, Personal(_CELLS | cells), Personal(b""))


@settings(max_examples=50)
@given(_DAYS)
def test_what_is_written_in_a_list_is_read_back(days: dict[date, list[int]]) -> None:
    written = [{"datum": day.isoformat(), "heleDag": not hours, "lesuren": hours} for day, hours in days.items()]
    (row,) = _json(written)
    assert _days_of(_TREE, row) == days
    cells: dict[str, str] = {}
    for number, (day, hours) in enumerate(days.items(), 1):
        cells[f"VERZUIMDATUM{number}"] = f"{day:%Y%m%d}"
        cells |= {f"HELEDAG{number}": "N" if hours else "J", f"LESUREN{number}": ",".join(map(str, hours))}
    assert _days_of(_TABLE, _table(cells)) == days


@given(st.dictionaries(_NAMES, _TEXT, max_size=9))
def test_any_cells_of_a_list_are_read_or_told(cells: dict[str, str]) -> None:
    told = _told(_TABLE, _table(cells)) + _told(
        _TREE, Row(2, Personal({**_json([])[0].content.reveal(), **cells}), Personal(b""))
    )
    assert not [text for text in cells.values() if len(text) > 5 and any(text in where for where in told)]


def _told(mapping: DeclarativeMapping, row: Row) -> tuple[str, ...]:
    """Where it finds fault, if it does."""
    try:
        mapping.read(row)
    except Malformed as wrong:
        return tuple(fault.where for fault in wrong.faults) or ("nothing was told",)
    return ()


_ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-99, 99), st.text(max_size=5), st.just("2026-10-01")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["datum", "heleDag", "lesuren"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(_ANY)
def test_any_document_in_place_of_a_list_is_read_or_told(days: Any) -> None:
    for row in _json(days):
        assert row.fault is not None or "nothing was told" not in _told(_TREE, row)
