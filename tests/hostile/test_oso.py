"""Transfer files that were made to harm, or by a program that did not know better: what becomes of each is beside it."""

from __future__ import annotations

import tomllib
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from hub.domain.stages import Row
from hub.errors import Malformed, Misconfigured
from hub.formats.xml import SCHEMAS, schema_at
from hub.normalise import normalise
from hub.normalise.mapping import compile_mapping, load_mapping
from hub.registry import load_connectors
from ops.demo.dossiers import dossier, enveloped
from tests.hostile.parse import alone, parse

CORPUS = Path(__file__).parent / "oso"
CASES = sorted(each.name for each in CORPUS.iterdir() if each.is_dir())
CONNECTOR = load_connectors()["lvs_oso"]
MAPPING = load_mapping(CONNECTOR.mapping)


@pytest.mark.parametrize("block", [7, 64 * 1024])
@pytest.mark.parametrize("case", CASES)
def test_what_becomes_of_it(case: str, block: int) -> None:
    expected = tomllib.loads((CORPUS / case / "expected.toml").read_text(encoding="utf-8"))
    data = (CORPUS / case / "input.xml").read_bytes()
    if "refused" in expected:
        with pytest.raises(Malformed) as caught:
            parse(CONNECTOR.format(), data, MAPPING.columns, block=block)
        assert expected["refused"] == [f"{fault.where} {fault.code}" for fault in caught.value.faults]
        _says_nothing(f"{caught.value} {caught.value.faults}")
        return
    (row,) = parse(CONNECTOR.format(), data, MAPPING.columns, block=block).rows
    records, rejected = normalise([row], MAPPING)
    held = row.raw.reveal().decode()
    assert not [word for word in ("geheim123", "DSM", "medicijn", "Verzonnen reden") if word in held]
    if "good" in expected:
        assert not rejected, rejected[0].faults
        assert {name: str(records[0].record.held(name)) for name in expected["good"]} == expected["good"]
        assert alone(CONNECTOR.format(), row, MAPPING.columns) == row.content.reveal()
        return
    found = [f"{where} {code}" for where, code in rejected[0].faults]
    assert found == expected.get("faults", [f"rij {expected.get('fault')}"])
    _says_nothing(str(found))


@pytest.mark.parametrize("case", CASES)
def test_each_case_says_what_it_is(case: str) -> None:
    assert len((CORPUS / case / "README.md").read_text(encoding="utf-8").split("\n\n")) >= 3


def test_a_document_of_any_size_is_let_go_of_while_it_is_parsed() -> None:
    block = b"QUJD" * 16_384
    before, after = enveloped(
        dossier(
            "999909848",
            pupil="<overigdocumentlijst><document><bestandsinhoud>@</bestandsinhoud></document></overigdocumentlijst>",
        )
    ).split("@")

    def blocks() -> Iterator[bytes]:
        yield before.encode()
        for _ in range(768):  # 48 MB
            yield block
        yield after.encode()

    form = CONNECTOR.format()
    inspector = form.inspect(MAPPING.columns, MAPPING.required)
    tracemalloc.start()
    for each in blocks():
        inspector.feed(each)
    reader = form.read(inspector.finish(), MAPPING.columns)
    rows: list[Row] = [row for each in blocks() for row in reader.feed(each)] + reader.finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20
    assert [row.fault for row in rows] == [None]
    assert b"QUJD" not in rows[0].raw.reveal()
    assert not normalise(rows, MAPPING)[1]


def test_a_name_without_end_is_refused_before_it_is_held() -> None:
    endless = dossier("999909848").replace("Voorbeeld", "a" * (2 << 20))
    with pytest.raises(Malformed) as caught:
        parse(CONNECTOR.format(), endless.encode(), MAPPING.columns)
    assert [fault.code for fault in caught.value.faults] == ["TE_LANG"]


@pytest.mark.parametrize("name", ["leerling.eckId", "leerling.eck_id", "ketenId", "leerling.ketenNummer"])
def test_no_mapping_reads_a_pseudonym_for_learning_material(name: str) -> None:
    """WEB 2.5.5a: also under another of its names, and to a field that would hold it."""
    text = (load_connectors()["lvs_rest_verzuim"].mapping).read_text(encoding="utf-8")
    wrong = text.replace("  meldingsnummer: {", f"  {name}: {{").replace("ignored: [leerling.eckId, id,", "ignored: [id,")
    with pytest.raises(Misconfigured, match="learning material"):
        compile_mapping(wrong, Path("mapping.yaml"))


def _says_nothing(told: str) -> None:
    assert not [word for word in ("999909848", "Voorbeeld", "geheim123", "hostname") if word in told]


def test_the_sample_is_as_its_schemas_say() -> None:
    folder = SCHEMAS / "lvs_oso" / "oso-2019.1"
    sample = etree.parse(folder / "sample.xml")
    assert schema_at(SCHEMAS, "lvs_oso/oso-2019.1/levering.xsd").validate(sample)
    assert schema_at(SCHEMAS, "lvs_oso/oso-2019.1/dossier.xsd").validate(sample.find("{*}dossier"))
