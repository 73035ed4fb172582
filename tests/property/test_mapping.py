"""Whatever stands in the cells, a mapping that loads gives a record or tells faults; what is written in a form is read back."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.domain.personal import Personal
from hub.domain.stages import Row
from hub.errors import Malformed, Misconfigured
from hub.normalise import convert
from hub.normalise.mapping import DeclarativeMapping, compile_mapping
from hub.normalise.sheet import DateForm

_FIXED = {
    "NAAM": "{as: surname, field: geslachtsnaam, voorvoegsels: true}",
    "SCHOOL": "{as: brin, field: brin, vestiging: vestigingscode}",
    "HUIS": "{as: house_number, field: huisnummer, rest: huisnummertoevoeging}",
    "SOORT": "{as: code, field: onderwijssoort, codes: onderwijssoort}",
}
_FORMS = get_args(DateForm)
_CELL = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["999990019", "Berg, van der", "12-a", "20070229", "2026-02-29T23:30:00Z", "0001-01-01T00:00:00+23:59", "60"]
    ),
    st.from_regex(r"[0-9]{1,9}([-/T:.][0-9]{1,4}){0,3}", fullmatch=True),
    st.text(st.characters(categories=["Cs", "Cc", "Nd"]), max_size=9),
)


@st.composite
def mappings(draw: st.DrawFn) -> DeclarativeMapping | None:
    """One of many; None for one that is rightly refused."""
    columns = dict(_FIXED)
    columns["NR"] = f"{{as: {draw(st.sampled_from(['pgn', 'bsn', 'onderwijsnummer']))}}}"
    for name, field in (("GEBOREN", "geboortedatum"), ("TOT", "datum_uitschrijving")):
        forms = draw(st.lists(st.sampled_from(_FORMS), min_size=1, unique=True))
        columns[name] = f"{{as: date, field: {field}, forms: [{', '.join(forms)}]}}"
    columns["GEHEIM"] = draw(
        st.sampled_from(["{as: yes_no, field: indicatie_geheim, filled: true}", "{as: text, field: indicatie_geheim}"])
    )
    columns["GEMEENTE"] = f"{{as: gemeentecode, field: gemeente{draw(st.sampled_from(['', ', names: gemeenten']))}}}"
    lines = "".join(f"  {name}: {how}\n" for name, how in columns.items())
    text = f"mapping: proef/1\nrecord: uitvalmelding\nverified: false\nsource: for these tests\ncolumns:\n{lines}"
    text += "fields:\n  telefoonnummer: {first_of: [MOBIEL, VAST], as: telephone}\nconstants: {startkwalificatie: false}\n"
    try:
        return compile_mapping(text, Path("proef") / "mapping.yaml")
    except Misconfigured:
        return None


@settings(max_examples=50)
@given(mappings(), st.data())
def test_any_row_gives_a_record_or_faults(mapping: DeclarativeMapping | None, data: st.DataObject) -> None:
    if mapping is None:
        return
    cells = data.draw(st.dictionaries(st.sampled_from(sorted(mapping.columns)), _CELL))
    places: set[str] = set()
    try:
        mapping.read(Row(2, Personal(cells), Personal(b"")))
    except Malformed as wrong:
        places = {fault.where for fault in wrong.faults} or {"nothing was told"}
    assert places <= mapping.columns | {"rij"}


@given(st.dates(date(1900, 3, 1), date(2173, 1, 1)), st.sampled_from(_FORMS))
def test_a_date_is_read_back_from_every_form(day: date, form: DateForm) -> None:
    written = {
        "yyyymmdd": f"{day:%Y%m%d}",
        "yyyy-mm-dd": day.isoformat(),
        "dd-mm-yyyy": f"{day:%d-%m-%Y}",
        "d-m-yyyy": f"{day.day}-{day.month}-{day.year}",
        "dd/mm/yyyy": f"{day:%d/%m/%Y}",
        "ddmmyyyy": f"{day:%d%m%Y}",
        "excel": str((day - date(1899, 12, 30)) // timedelta(days=1)),
        "datetime": f"{day.isoformat()}T12:00:00Z",
    }
    assert convert.date_in([form])(written[form]) == day.isoformat()


@given(st.integers(1, 99999), st.from_regex(r"([A-Za-z]{1,3}|[A-Za-z][0-9]{0,2})?", fullmatch=True))
def test_a_house_number_is_taken_apart_as_it_was_put_together(number: int, rest: str) -> None:
    assert [convert.split_house(f"{number}{mark}{rest}") for mark in ("", "-", " ")] == [(number, rest)] * 3
