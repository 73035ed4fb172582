"""XML: where records are, what they hold, that nothing else happens, and what a file that is refused says."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.connector import Reads
from hub.errors import Malformed, Misconfigured
from hub.formats import format_of
from hub.formats.xml import XmlFormat, leaves, schema_at
from tests.hostile.parse import alone, parse

COLUMNS = frozenset({"@id", "naam.achternaam", "adres[0].straat", "adres[1].straat", "melding"})
FORM = XmlFormat("/l:levering/l:lijst/l:melding", {"l": "urn:test"})
HEAD = '<levering xmlns="urn:test" versie="1"><kop/><lijst soort="a">'
TAIL = "</lijst><voet/></levering>"

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:test" elementFormDefault="qualified">
<xs:element name="levering"><xs:complexType><xs:sequence><xs:element name="kop" type="xs:date"/>
<xs:element name="melding" maxOccurs="unbounded"><xs:complexType><xs:sequence>
<xs:element name="bsn"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[0-9]{9}"/></xs:restriction>
</xs:simpleType></xs:element></xs:sequence></xs:complexType></xs:element><xs:element name="aantal" type="xs:int"/>
</xs:sequence></xs:complexType></xs:element></xs:schema>"""


def refused(form: XmlFormat, data: bytes, block: int = 1 << 20) -> tuple[str, str]:
    with pytest.raises(Malformed) as caught:
        parse(form, data, COLUMNS, block=block)
    (fault,) = caught.value.faults
    return fault.where, fault.code


@pytest.mark.parametrize(
    ("root", "told"), [("levering", "another namespace"), ("anders", "no place"), ("x:levering", "another")]
)
@pytest.mark.parametrize("padding", [0, 70_000])
def test_a_file_in_another_namespace_says_that_it_is(root: str, told: str, padding: int) -> None:
    data = f'<{root} xmlns="urn:v2" xmlns:x="urn:v3"><kop>{"x" * padding}</kop></{root}>'.encode()
    with pytest.raises(Malformed, match=told) as caught:
        parse(FORM, data, COLUMNS)
    assert "urn:" not in str(caught.value)


@pytest.mark.parametrize("block", [1, 9, 1 << 20])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "iso-8859-15", "windows-1252"])
def test_what_a_record_holds(encoding: str, block: int) -> None:
    text = f"""<?xml version="1.0" encoding="{encoding}"?><!-- <!DOCTYPE no> --><?x y?>{HEAD}
<melding id="7"><naam><achternaam>Zoë &amp; co</achternaam></naam><adres><straat>Kade</straat></adres>
<adres><straat><![CDATA[<Laan>]]></straat></adres><melding>binnen</melding></melding>
<anders/><melding id="8"><adres><straat>Enig</straat></adres></melding>{TAIL}"""
    if encoding in ("utf-8-sig", "utf-16"):
        text = text.replace(f' encoding="{encoding}"', "")
    parsed = parse(FORM, text.encode(encoding), COLUMNS, COLUMNS, block)
    assert parsed.cells == [
        {
            "@id": "7",
            "naam.achternaam": "Zoë & co",
            "adres[0].straat": "Kade",
            "adres[1].straat": "<Laan>",
            "melding": "binnen",
        },
        {"@id": "8", "adres[0].straat": "Enig"},
    ]
    assert [alone(FORM, row, COLUMNS) for row in parsed.rows] == parsed.cells


def test_several_where_one_is_read_set_the_record_aside() -> None:
    data = f"{HEAD}<melding><naam>a</naam><naam>b</naam></melding><melding><naam>c</naam></melding>{TAIL}".encode()
    parsed = parse(FORM, data, frozenset({"naam"}))
    assert (parsed.faults, parsed.cells[1]) == ({1: "VELD_DUBBEL"}, {"naam": "c"})


def test_a_value_with_an_element_in_it_is_not_read_by_half() -> None:
    data = f"{HEAD}<melding><naam>de <i>Vries</i> Smit</naam></melding><melding><naam>c<!-- d --></naam></melding>{TAIL}"
    parsed = parse(FORM, data.encode(), frozenset({"naam"}))
    assert (parsed.faults, parsed.cells[1]) == ({1: "WAARDE_ONGELDIG"}, {"naam": "c"})


def test_too_deep_too_wide_and_too_long_set_a_record_aside() -> None:
    deep = "<melding>" + "<a>" * 40 + "</a>" * 40 + "</melding>"
    wide = "<melding " + " ".join(f'a{n}="1"' for n in range(101)) + "/>"
    data = (
        f"{HEAD}{deep}{wide}<melding><naam>{'x' * 70_000}</naam></melding><melding>{'y' * 2_000_000}</melding><melding/>{TAIL}"
    )
    parsed = parse(FORM, data.encode(), frozenset({"naam", "."}))
    assert parsed.faults == {1: "WAARDE_ONGELDIG", 2: "WAARDE_ONGELDIG", 3: "TE_LANG", 4: "TE_LANG"}
    assert max(len(row.raw.reveal()) for row in parsed.rows) < 1_100_000


@pytest.mark.parametrize("block", [1, 1 << 20])
@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b'<!DOCTYPE levering [<!ENTITY a "b">]><levering>&a;</levering>', ("bestand", "XML_ONVEILIG")),
        (
            '\ufeff<!-- a --><!DOCTYPE levering SYSTEM "file:///etc/passwd"><levering/>'.encode("utf-16-le"),
            ("bestand", "XML_ONVEILIG"),
        ),
        (b"<!doctype levering><levering/>", ("bestand", "XML_ONVEILIG")),
        (f"{HEAD}<melding>&onbekend;</melding>{TAIL}".encode(), ("bestand", "BESTAND_ONLEESBAAR")),
        (f"{HEAD}<melding><naam></melding></naam>{TAIL}".encode(), ("bestand", "BESTAND_ONLEESBAAR")),
        (f"{HEAD}<melding/>".encode(), ("bestand", "BESTAND_ONLEESBAAR")),
        (b"<levering a='" + b"x" * 200_000, ("kop", "KOP_ONBEKEND")),
        (f"{HEAD}<melding/>{TAIL}<a/>".encode(), ("bestand", "BESTAND_ONLEESBAAR")),
        (f"{HEAD}<melding>\x00</melding>{TAIL}".encode(), ("bestand", "BESTAND_ONLEESBAAR")),
        (b"<levering><lijst><melding/></lijst></levering>", ("kop", "KOP_ONBEKEND")),
        (b'<levering xmlns="urn:test"><fout/></levering>', ("kop", "KOP_ONBEKEND")),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', ("bestand", "TEKEN_ONGELDIG")),
        (f"{HEAD}<melding>\xe9</melding>{TAIL}".encode("latin-1"), ("bestand", "TEKEN_ONGELDIG")),
        (b"", ("bestand", "BESTAND_LEEG")),
        (b"bsn;naam\n", ("bestand", "BESTAND_ONLEESBAAR")),
    ],
)
def test_refused_whole(data: bytes, fault: tuple[str, str], block: int) -> None:
    assert refused(FORM, data, block) == fault


def test_a_record_without_end_is_refused_before_it_fills_the_memory() -> None:
    inspector = FORM.inspect(COLUMNS, frozenset())
    inspector.feed(f"{HEAD}<melding>".encode())
    for _ in range(20):
        inspector.feed(b"<a>1</a>" * (1 << 17))
    with pytest.raises(Malformed) as caught:
        inspector.finish()
    assert caught.value.faults[0].code == "TE_LANG"


def valid(*bsns: str) -> bytes:
    records = "\n".join(f"<melding><bsn>{bsn}</bsn></melding>" for bsn in bsns)
    head = '<?xml version="1.0"?>\n<levering xmlns="urn:test"><kop>2024-02-29</kop>'
    return f"{head}\n{records}\n<aantal>2</aantal></levering>".encode()


@pytest.fixture
def schemed(tmp_path: Path) -> XmlFormat:
    (tmp_path / "form").mkdir()
    (tmp_path / "form" / "levering.xsd").write_text(XSD)
    return XmlFormat("/l:levering/l:melding", {"l": "urn:test"}, "form/levering.xsd", tmp_path)


def test_a_file_as_its_schema_says_and_each_row_of_it_too(schemed: XmlFormat) -> None:
    columns = frozenset({"bsn"})
    parsed = parse(schemed, valid("999990019", "999990020"), columns, columns)
    assert [alone(schemed, row, columns, columns) for row in parsed.rows] == [{"bsn": "999990019"}, {"bsn": "999990020"}]


@pytest.mark.parametrize("block", [11, 1 << 20])
@pytest.mark.parametrize(
    ("data", "where", "line"),
    [
        (valid("999990019", "99999002X"), "bsn", "line 4, element bsn"),
        (valid("999990019").replace(b"2024-02-29", b"2023-02-29"), "kop", "line 2, element kop"),
        (valid("999990019").replace(b"<aantal>2</aantal>", b""), "levering", "line 4, element levering"),
        (valid("999990019").replace(b"aantal", b"n999990019"), "bestand", "line 4."),
    ],
)
def test_what_departs_from_the_schema_is_told_by_line_and_element(
    schemed: XmlFormat, data: bytes, where: str, line: str, block: int
) -> None:
    with pytest.raises(Malformed, match=line) as caught:
        parse(schemed, data, frozenset({"bsn"}), block=block)
    assert [(fault.where, fault.code) for fault in caught.value.faults] == [(where, "XSD_ONGELDIG")]
    assert not any(part in f"{caught.value}" for part in ("99999", "29"))


@pytest.mark.parametrize("records", ["levering/melding", "/x:levering", "/levering//melding", "", "/levering/*"])
def test_a_path_that_is_none(records: str) -> None:
    with pytest.raises(Misconfigured):
        format_of(Reads(format="xml", records=records))


def test_a_schema_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "wrong.xsd").write_text("<a/>")
    for name in ("a/wrong.xsd", "a/missing.xsd", "a/../../outside.xsd"):
        with pytest.raises(Misconfigured):
            schema_at(tmp_path, name)


def test_memory_does_not_grow_with_what_is_no_record() -> None:
    """Elements before, between and after the records are let go of as they close."""
    from lxml import etree

    cutter = FORM.inspect(COLUMNS, frozenset())._cutter
    parts = [b'<levering xmlns="urn:test"><oud>', b"<a><b>1</b></a>" * 9000, b"</oud><lijst>", b"<melding/><x/>" * 9000]
    for part in parts:
        for _ in cutter.feed(part):
            pass
    left = sum(1 for _ in cutter._root.iter(etree.Element))
    assert left < 3000, "a piece at the most"


def test_an_attribute_under_two_prefixes_sets_the_record_aside() -> None:
    from lxml import etree

    from hub.formats.paths import Torn

    with pytest.raises(Torn):
        list(leaves(etree.fromstring('<a xmlns:x="urn:x" id="1" x:id="2"/>')))
