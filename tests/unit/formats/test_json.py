"""JSON: where records are, what their values are as text, and what sets one aside."""

from __future__ import annotations

import pytest

from hub.errors import Malformed
from hub.formats.json import JsonFormat
from tests.hostile.parse import Parsed, alone, parse

COLUMNS = frozenset({"bsn", "naam.achternaam", "adres[1].straat", "ja"})


def told(data: str, records: str = "", block: int = 1 << 20) -> Parsed:
    return parse(JsonFormat(records), data.encode(), COLUMNS, block=block)


def refused(data: bytes, records: str = "") -> tuple[str, str]:
    with pytest.raises(Malformed) as caught:
        parse(JsonFormat(records), data, COLUMNS)
    (fault,) = caught.value.faults
    return fault.where, fault.code


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("records", "text"),
    [
        ("", '[{"bsn":"999990019"},{"bsn":"999990020"}]'),
        (
            "data.leerlingen",
            '{"n":[{"x":"]}"},1],"data":{"m":"\\"","leerlingen":[ {"bsn":"999990019"} ,\n{"bsn":"999990020"}]},"z":null}',
        ),
        ("", '{"bsn":"999990019"}\n\n{"bsn":"999990020"}\r\n'),
        ("", '{\n"bsn":"999990019"}{"bsn":\n"999990020"}'),
        ("", '\ufeff[{"bsn":"999990019"},{"bsn":"999990020"}]'),
    ],
)
def test_where_records_are(records: str, text: str, block: int) -> None:
    parsed = told(text, records, block)
    assert [cells["bsn"] for cells in parsed.cells] == ["999990019", "999990020"]
    assert [alone(JsonFormat(records), row, COLUMNS) for row in parsed.rows] == parsed.cells


def test_values_as_text() -> None:
    text = (
        '[{"bsn":123456789012345678901234567890.10,"naam":{"achternaam":"Zo\\u00eb"},"adres":[{},{"straat":"Kade"}],"ja":true}]'
    )
    assert told(text).cells == [
        {"bsn": "123456789012345678901234567890.10", "naam.achternaam": "Zoë", "adres[1].straat": "Kade", "ja": "true"}
    ]


def test_null_is_absent() -> None:
    assert told('[{"bsn":null,"ja":false}]').cells == [{"ja": "false"}]


@pytest.mark.parametrize(
    ("record", "code"),
    [
        ('{"bsn":"1","bsn":"2"}', "VELD_DUBBEL"),
        ('{"naam":{"x":1,"x":2}}', "VELD_DUBBEL"),
        ('{"bsn":["1","2"]}', "VELD_DUBBEL"),
        ('{"naam.achternaam":"1","naam":{"achternaam":"2"}}', "VELD_DUBBEL"),
        ('{"bsn":NaN}', "WAARDE_ONGELDIG"),
        ('{"bsn":-Infinity}', "WAARDE_ONGELDIG"),
        ('{"bsn":"\\ud800"}', "TEKEN_ONGELDIG"),
        ('{"bsn":"\\u0000"}', "TEKEN_ONGELDIG"),
        ('{"bsn":"' + "x" * 70_000 + '"}', "TE_LANG"),
        ('{"naam":' + '{"a":' * 40 + "1" + "}" * 41, "WAARDE_ONGELDIG"),
        ("3", "RIJ_ONVOLLEDIG"),
    ],
)
def test_a_record_that_is_set_aside_takes_no_other_with_it(record: str, code: str) -> None:
    parsed = told(f'[{{"bsn":"1"}},{record},{{"bsn":"3"}}]')
    assert (parsed.faults, len(parsed.rows)) == ({2: code}, 3)


def test_a_letter_that_is_no_utf_8_sets_its_record_aside() -> None:
    parsed = parse(JsonFormat(), b'[{"bsn":"\xe9"},{"bsn":"1"}]', COLUMNS)
    assert parsed.faults == {1: "TEKEN_ONGELDIG"}
    assert b"\xe9" in parsed.rows[0].raw.reveal()


def test_a_torn_line_takes_no_other_with_it() -> None:
    parsed = told('{"bsn":"1"}\n{"bsn":\n{"bsn":"3"}\nxyz\n{"bsn":"5"')
    assert parsed.faults == {2: "RIJ_ONVOLLEDIG", 4: "RIJ_ONVOLLEDIG", 5: "RIJ_ONVOLLEDIG"}


def test_a_line_that_is_too_long_takes_no_memory_and_no_other_line() -> None:
    data = '{"bsn":"1"}\n{"bsn":"' + "x" * 3_000_000 + '"}\n{"bsn":"3"}\n'
    for block in (100_000, 1 << 24):
        parsed = told(data, block=block)
        assert parsed.faults == {2: "TE_LANG"}
        assert max(len(row.raw.reveal()) for row in parsed.rows) < 1_100_000


@pytest.mark.parametrize(
    ("data", "records", "fault"),
    [
        (b"", "", ("bestand", "BESTAND_LEEG")),
        (b" \n", "a.b", ("bestand", "BESTAND_LEEG")),
        (b'[{"bsn":1}', "", ("bestand", "BESTAND_ONLEESBAAR")),
        (b'[{"bsn":1},]', "", ("bestand", "BESTAND_ONLEESBAAR")),
        (b'[{"bsn":1} {"bsn":2}]', "", ("bestand", "BESTAND_ONLEESBAAR")),
        (b'[{"bsn":1}]]', "", ("bestand", "BESTAND_ONLEESBAAR")),
        (b'{"data":{}}', "data.leerlingen", ("kop", "KOP_ONBEKEND")),
        (b'{"data":[],"data":[]}', "data", ("kop", "VELD_DUBBEL")),
        (b'{"data":' + b"[" * 100_000, "leerlingen", ("bestand", "BESTAND_ONLEESBAAR")),
        (b"[" + b'{"a":' * 100_000, "", ("bestand", "BESTAND_ONLEESBAAR")),
        (b"[" + b'{"a":"' + b"x" * 2_000_000, "", ("rij", "TE_LANG")),
        (b'{"a":"' + b"x" * 2_000_000, "data", ("bestand", "TE_LANG")),
    ],
)
def test_refused_whole(data: bytes, records: str, fault: tuple[str, str]) -> None:
    assert refused(data, records) == fault


def test_what_no_record_has_is_missing_from_the_file() -> None:
    with pytest.raises(Malformed) as caught:
        parse(JsonFormat(), b'[{"bsn":1,"achter":2},{"bsn":1}]', COLUMNS, frozenset({"bsn", "naam.achternaam"}))
    assert [(f.where, f.code) for f in caught.value.faults] == [
        ("naam.achternaam", "KOP_ONBEKEND"),
        ("achter", "KOLOM_ONBEKEND"),
    ]


def test_of_a_single_record_the_mapping_says_what_it_lacks() -> None:
    assert parse(JsonFormat(), b'{"bsn":1}', COLUMNS, COLUMNS).cells == [{"bsn": "1"}]
