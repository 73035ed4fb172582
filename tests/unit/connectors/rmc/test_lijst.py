"""Lists for registration systems: always the same columns, nothing lost in silence, and the same page is the same file."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from lxml import etree

from hub.connector import Endpoint, Rejected
from hub.connectors.rmc_lijst.client import open_sink
from hub.connectors.rmc_lijst.outbound import COLUMNS, FORMS, NAMESPACE, ListWriter
from hub.domain.element import elements_of
from hub.domain.kinds import RECORDS
from hub.domain.personal import Personal
from hub.domain.stages import Delivered
from hub.domain.terms import PartyId, RecordKind
from hub.errors import Misconfigured
from hub.http import Away, Barred
from ops.demo.folder import PartnerFolder

A, B = UUID(int=0x0193 << 112 | 1), UUID(int=0x0193 << 112 | 2)
DAYS = [{"datum": "2026-10-01", "heleDag": True, "lesuren": []}, {"datum": "2026-10-02", "heleDag": False, "lesuren": [1, 2]}]


def delivered(ref: UUID = A, kind: str = "verzuimmelding", **held: Any) -> Delivered:
    given = {"bsn": "999909848", "geslachtsnaam": "d'Hondt"} | held
    payload = Personal(json.dumps(given).encode())
    return Delivered(ref, PartyId("x"), PartyId("duo"), RecordKind(kind), payload, "{}", "proof")


def of_csv(page: list[Delivered], form: str = "csv") -> list[dict[str, str]]:
    content = ListWriter(form)(page, "")[1].decode("utf-8-sig" if form == "csv" else "cp1252")
    return list(csv.DictReader(io.StringIO(content, newline=""), delimiter=";"))


def test_every_raw_field_of_its_kinds_has_a_column() -> None:
    for kind in ("uitvalmelding", "verzuimmelding", "inschrijving"):
        model = RECORDS[RecordKind(kind)]
        assert {model.model_fields[name].alias for name in elements_of(model)} <= set(COLUMNS)
    assert len(set(COLUMNS)) == len(COLUMNS)


def test_a_line_says_what_may_pass_and_what_a_spreadsheet_would_run_is_text() -> None:
    line, other = of_csv(
        [
            delivered(
                verzuimreden="=HYPERLINK(1)", alleLessenGemist=True, verzuimdagen=DAYS, contactpersoonTelefoon="+31201234567"
            ),
            delivered(B, "uitvalmelding", indicatieGeheim=False, huisnummer=7),
        ]
    )
    assert (line["bezorgingId"], line["bron"], line["recordsoort"]) == (str(A), "duo", "verzuimmelding")
    assert (line["verzuimreden"], line["alleLessenGemist"], line["contactpersoonTelefoon"]) == (
        "'=HYPERLINK(1)",
        "J",
        "+31201234567",
    )
    assert line["verzuimdagen"] == "2026-10-01 2026-10-02(1,2)"
    assert (other["indicatieGeheim"], other["huisnummer"], other["verzuimreden"]) == ("N", "7", "")


@pytest.mark.parametrize("form", FORMS)
def test_every_form_has_the_same_columns_and_the_same_bytes_twice(form: str) -> None:
    page = [delivered(), delivered(B, "inschrijving", vrijstelling=True)]
    suffix, content = ListWriter(form)(page, "")
    assert ListWriter(form)(page, "other") == (suffix, content)
    if form.startswith("csv"):
        assert list(of_csv(page, form)[0]) == list(COLUMNS)
    elif form == "xml":
        first = etree.fromstring(content).find(f"{{{NAMESPACE}}}melding")
        assert first is not None
        assert first.findtext(f"{{{NAMESPACE}}}geslachtsnaam") == "d'Hondt"
    elif form == "json":
        assert json.loads(content)["meldingen"][1]["vrijstelling"] == "J"
    else:
        sheet: Any = openpyxl.load_workbook(io.BytesIO(content)).active
        assert [cell.value for cell in sheet[1]] == list(COLUMNS)


@pytest.mark.parametrize(
    ("form", "one"),
    [
        ("csv", delivered(heeftWwAanvraagOp=True)),
        ("csv", delivered(bezorgingId="ander")),
        ("csv", delivered(kind="overdracht")),
        ("csv-1252", delivered(geslachtsnaam="Yılmaz geheim123")),
        ("xml", delivered(geslachtsnaam="\ufffe geheim123")),
    ],
)
def test_what_has_no_place_in_a_list_is_refused_and_not_repeated(form: str, one: Delivered) -> None:
    with pytest.raises(Rejected) as refused:
        ListWriter(form)([one], "")
    assert refused.value.cause == "VORM_ONGELDIG"
    assert "geheim123" not in f"{refused.value}{refused.value.why}{refused.value.now}"


def test_a_form_that_there_is_not() -> None:
    with pytest.raises(Misconfigured, match="cannot be written"):
        ListWriter("pdf")


def endpoint(folder: PartnerFolder) -> Endpoint:
    held = {"known_hosts": (folder.home / "known_hosts").read_bytes(), "private_key": (folder.home / "client_key").read_bytes()}
    return Endpoint(f"sftp://127.0.0.1:{folder.port}", {"username": "hub", "folder": "/uit", "prefix": "rmc-"}, held, 5.0)


async def test_over_a_real_server_the_same_page_is_one_file_whatever_the_server_does(tmp_path: Path) -> None:
    folder = PartnerFolder(tmp_path, lambda _: [])
    await folder.listen()
    sink, page = open_sink(endpoint(folder)), [delivered(), delivered(B, "uitvalmelding")]
    try:
        for mode, error in (("full", Away), ("down", Away), ("wrong-key", Barred)):
            await folder.turn(mode)
            with pytest.raises(error):
                await sink.send(page, "")
        await folder.turn("ok")
        for _ in range(2):
            assert (await sink.send(page, "")).confirmed == {A, B}
    finally:
        await sink.close()
        await folder.close()
    (name,) = await asyncio.to_thread(
        lambda: [each.name for each in (tmp_path / "data/uit").iterdir() if each.suffix == ".csv"]
    )
    assert name.startswith("rmc-")
