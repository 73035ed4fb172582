"""A koppelbestand: numbers and nothing else, named as DUO names it, the same tomorrow."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest

from hub.connector import Endpoint, Rejected
from hub.connectors.duo_koppelbestand.client import open_sink
from hub.connectors.duo_koppelbestand.outbound import day_of, koci, prefix_of
from hub.domain.personal import Personal
from hub.domain.stages import Delivered
from hub.domain.terms import PartyId, RecordKind
from hub.errors import Misconfigured
from ops.demo.folder import PartnerFolder


def at(moment: datetime, number: int = 1) -> UUID:
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 0x7 << 76 | 0x8 << 60 | number)


LATE = at(datetime(2026, 11, 21, 23, 30, tzinfo=UTC))


def delivered(ref: UUID = LATE, **held: Any) -> Delivered:
    payload = Personal(json.dumps(held or {"bsn": "999909848"}).encode())
    return Delivered(ref, PartyId("duo"), PartyId("x"), RecordKind("overdracht"), payload, "{}", "proof")


def test_the_name_begins_with_the_day_in_amsterdam_and_who_asks() -> None:
    assert day_of(LATE) == date(2026, 11, 22)
    earlier = at(datetime(2026, 11, 20, 12, tzinfo=UTC), 2)
    assert prefix_of("R0004", [delivered(), delivered(earlier)]) == "20261122R0004-"
    for who in ("R4", "X0004", "R00041", ""):
        with pytest.raises(Misconfigured):
            prefix_of(who, [delivered()])


def test_it_holds_numbers_as_text_and_nothing_else() -> None:
    suffix, content = koci([delivered(), delivered(bsn="999919696")], "")
    sheet: Any = openpyxl.load_workbook(io.BytesIO(content)).active
    assert (suffix, [[cell.value for cell in row] for row in sheet.rows]) == (
        ".koci.xlsx",
        [["BSN"], ["999909848"], ["999919696"]],
    )
    assert all(cell.data_type == "s" for row in sheet.rows for cell in row)


@pytest.mark.parametrize(
    "held",
    [
        {"bsn": "999909848", "geboortedatum": "2008-02-29"},
        {"onderwijsnummer": "999909840"},
        {"pseudoniem": "geheim123"},
        {"bsn": 999909848},
    ],
)
def test_more_than_a_number_or_none_is_refused_and_not_repeated(held: dict[str, Any]) -> None:
    with pytest.raises(Rejected) as refused:
        koci([delivered(**held)], "")
    assert not any(char.isdigit() for char in f"{refused.value}{refused.value.why}{refused.value.now}")


async def test_over_a_real_server_the_same_page_is_one_file(tmp_path: Path) -> None:
    folder = PartnerFolder(tmp_path, lambda _: [])
    await folder.listen()
    held = {"known_hosts": (tmp_path / "known_hosts").read_bytes(), "private_key": (tmp_path / "client_key").read_bytes()}
    options = {"username": "hub", "folder": "/uit", "who": "R0004"}
    sink = open_sink(Endpoint(f"sftp://127.0.0.1:{folder.port}", options, held, 5.0))
    try:
        for _ in range(2):
            assert (await sink.send([delivered()], "")).confirmed == {LATE}
    finally:
        await sink.close()
        await folder.close()
    (file,) = (tmp_path / "data/uit").iterdir()
    assert file.name.startswith("20261122R0004-")
    assert file.name.endswith(".koci.xlsx")
