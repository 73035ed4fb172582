"""Reports are tagged, in Dutch, and say their values as they are: none is ever markup, code or a path."""

import io
from typing import Any

import pytest
from pypdf import PdfReader

from hub.archive.reading import Entry, Period, Stretch
from hub.archive.report import Tally, period_report
from hub.archive.typeset import typeset
from hub.audit.entry import parse
from hub.audit.log import Log
from tests.fakes.house import shipped
from tests.fakes.log import LOG, START, sample_bodies, signer

HOSTILE = (
    '#panic("gebroken")',
    '#read("/etc/hostname")',
    "*vet* _cursief_ $x^2$ @verwijzing <etiket>",
    "= Geen kop",
    "`raw` ``` #sys.inputs ```",
    "\\ \" ' // /* commentaar */",
    "]} #[ #{ \u202e \u0007",
    "Vera \u6f22\u5b57",
)


def data(**other: Any) -> dict[str, Any]:
    tally = Tally()
    tally.add([Entry(seq, parse(body)) for seq, body in enumerate(sample_bodies(8))])
    stretch = Stretch(Log(None, LOG, signer().vkey), Period(), 0, 8, 8, "hub.example\n8\nAAAA=\n")  # type: ignore[arg-type]
    return {**period_report(shipped().policy, stretch, tally, START), **other}


def text_of(pdf: bytes) -> str:
    return " ".join("\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def roles(node: Any) -> set[str]:
    """What the structure tree of a PDF holds."""
    node = node.get_object()
    found = {str(node["/S"])} if "/S" in node else set()
    children = node.get("/K", [])
    for child in children if isinstance(children, list) else [children]:
        if not isinstance(child, int) and hasattr(child.get_object(), "get"):
            found |= roles(child)
    return found


def test_a_report_has_tags_a_language_a_title_and_tables() -> None:
    reader = PdfReader(io.BytesIO(typeset("period", data(), START)))
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "nl"
    assert root["/MarkInfo"]["/Marked"]
    assert {"/H1", "/H2", "/Table", "/TH", "/TD", "/P"} <= roles(root["/StructTreeRoot"])
    assert reader.metadata is not None
    assert reader.metadata.title == "Verslag van het logboek"
    assert b"pdfuaid" in root["/Metadata"].get_object().get_data()


def test_the_same_report_is_the_same_bytes() -> None:
    assert typeset("period", data(), START) == typeset("period", data(), START)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_value_is_printed_and_never_obeyed(value: str) -> None:
    wherever = data(
        title=value,
        footer=value,
        lead=[value],
        refused=[{"recipient": value, "reasons": [(value, "1")]}],
        signals=[{"what": value, "why": value}],
        checking={"sentences": [value], "checkpoint": value, "key": value},
    )
    text = text_of(typeset("period", wherever, START))
    assert value.split()[0] in text
    assert "Zo controleert u dit" in text


@pytest.mark.parametrize("value", HOSTILE[:3])
def test_the_letter_too_prints_a_hostile_value(value: str) -> None:
    given = {"headline": value, "why": value, "passes": [value], "facts": [(value, value)]}
    letter = {
        **dict.fromkeys(("title", "subtitle", "footer"), value),
        "facts": [(value, value)],
        "lead": [value],
        "recipients": [{"name": value, "given": [given], "refused": [{"headline": value, "reasons": [value]}]}],
        "statements": [(value,) * 4],
        "searches": [(value, value)],
        "events": [value],
        "rights": [value],
        "checking": {"sentences": [value], "checkpoint": value, "key": value},
    }
    assert text_of(typeset("person", letter, START)).count(value.split()[0]) >= 15
