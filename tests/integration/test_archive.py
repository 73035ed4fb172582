"""What is handed out of a real log: every form whole, logged first, and without a number of a person."""

from __future__ import annotations

import asyncio
import csv
import io
import secrets
import subprocess
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZipFile

import openpyxl
import orjson
import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pypdf import PdfReader
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.archive import sending
from hub.archive.files import whole_file
from hub.archive.partners import PartnerLog, Question
from hub.archive.reading import Period, stretch
from hub.archive.sending import Sender, Sent
from hub.archive.service import OPERATIONS, Exports, Form
from hub.audit.cosign import cosign
from hub.audit.notes import Notes
from hub.audit.search import Search
from hub.audit.signing import create, load_witness
from hub.domain.terms import PartyId, ReasonCode
from hub.errors import Misconfigured, Refused, Retry
from hub.http import Answer, Away
from tests import canary
from tests.fakes.house import DESK, DUO, SCHOOL, House, body, open_house
from tests.fakes.recorder import LOG, OPERATOR, START

SECOND = 1_000_000
VERIFIER = Path(__file__).parents[2] / "ops/verify/verify.py"
EVER = Period()
NUMBERS = tuple(number for number, _ in zip(canary.numbers(), range(10), strict=False))


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        for number in range(3):
            await opened.send(body(number))
            opened.clock.us += SECOND
        handed = await opened.route.release(DESK, 10)
        await opened.route.acknowledge(DESK, [one.delivery_id for one in handed.deliveries])
        yield opened


def notes_of(house: House) -> Notes:
    return Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)


def exports_of(house: House) -> Exports:
    return Exports(house.log, notes_of(house), lambda: house.route.rules.policy)


async def written(house: House, form: Form, period: Period = EVER) -> bytes:
    target = io.BytesIO()
    await exports_of(house).write(form, period, target, peers={str(OPERATOR): "00000099000000009999"})
    return target.getvalue()


async def test_every_form_is_logged_before_it_is_written_and_holds_no_number(house: House) -> None:
    for form in Form:
        before = len(await house.entries())
        content = await written(house, form)
        logged = (await house.entries())[before]
        assert (logged["kind"], logged["operation"]) == ("export", OPERATIONS[form])
        assert logged["details"] == {"form": form.value, "size": before}
        assert not any(number.encode() in content for number in NUMBERS)


async def test_nothing_is_written_where_the_log_cannot_say_so(house: House) -> None:
    class Silent:
        log_id = LOG

        async def record(self, _item: Any) -> Any:
            raise Retry("The log is away.")

    notes = Notes(Silent(), LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
    target = io.BytesIO()
    with pytest.raises(Retry):
        await Exports(house.log, notes, lambda: house.route.rules.policy).write(Form.csv, Period(), target)
    assert target.getvalue() == b""


async def test_the_archive_holds_the_log_and_what_others_add(house: House) -> None:
    async def extra(size: int) -> AsyncIterator[tuple[str, bytes]]:
        yield f"timestamps/{size}.tsr", b"stamp"

    target = io.BytesIO()
    exports = Exports(house.log, notes_of(house), lambda: house.route.rules.policy, extras=(extra,))
    size = await exports.archive(target)
    with ZipFile(target) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert files.pop("README.txt").startswith(b"LOGBOEK VAN DE HUB")
    assert files.pop(f"timestamps/{size}.tsr") == b"stamp"
    assert files == {path: content async for path, content in house.log.export()}


async def test_the_archive_is_verified_offline(house: House, tmp_path: Path) -> None:
    archive, trust = tmp_path / "log.zip", tmp_path / "trust"
    with whole_file(archive) as target:
        await exports_of(house).archive(target)
    trust.write_text(f"log {house.log.vkey}\nquorum none\n")
    command = [sys.executable, VERIFIER, archive, "--trust", trust]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, "VERIFIED" in done.stdout.splitlines()[0]) == (0, True), done.stdout


async def test_what_a_witness_cosigned_is_handed_out_as_it_saw_it(house: House, tmp_path: Path) -> None:
    create(tmp_path / "witness.key")
    witness = load_witness(tmp_path / "witness.key", "witness.example")
    seen: list[str] = []

    async def witnessed() -> str | None:
        return seen[-1] if seen else None

    exports = Exports(house.log, notes_of(house), lambda: house.route.rules.policy, witnessed=witnessed)
    with pytest.raises(Refused):
        await exports.archive(io.BytesIO(), cosigned=True)
    seen.append(cosign(await house.log.checkpoint(), witness, START // SECOND))
    await house.send(body(7))  # the log goes on, and the witness has not come by since
    archive, trust = tmp_path / "log.zip", tmp_path / "trust"
    with whole_file(archive) as target:
        size = await exports.archive(target, cosigned=True)
    assert seen[0].split("\n")[1] == str(size)
    with whole_file(tmp_path / "newest.zip") as target:
        assert await exports.archive(target) > size
    trust.write_text(f"log {house.log.vkey}\nwitness w {witness.vkey}\nquorum w\n")
    for file, status in ((archive, 0), (tmp_path / "newest.zip", 1)):
        command = [sys.executable, VERIFIER, file, "--trust", trust]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, "Cosigned by w" in done.stdout) == (status, not status), done.stdout


async def test_a_period_is_found_by_its_moments(house: House) -> None:
    entries = await house.entries()
    read = await stretch(house.log, Period(START + SECOND, START + 2 * SECOND))
    inside = [seq for seq, entry in enumerate(entries) if START + SECOND <= entry["us"] < START + 2 * SECOND]
    assert inside
    assert (read.low, read.high) == (inside[0], inside[-1] + 1)


async def test_the_csv_has_every_place_and_says_it_in_dutch(house: House) -> None:
    read = await stretch(house.log)
    rows = list(csv.reader(io.StringIO((await written(house, Form.csv)).decode("utf-8-sig")), delimiter=";"))
    assert [row[0] for row in rows[1:]] == [str(seq) for seq in range(read.size)]
    given = next(row for row in rows if row[2] == "Verstrekking")
    assert "Dienst Uitvoering Onderwijs" in {row[3] for row in rows}
    assert given[9] == "Toegestaan"
    assert given[1].endswith("+01:00")


async def test_the_spreadsheet_reads_back_with_its_totals(house: House) -> None:
    book = openpyxl.load_workbook(io.BytesIO(await written(house, Form.xlsx)))
    assert book.sheetnames == ["Logboek", "Totalen per ontvanger en doel", "Toelichting"]
    entries = [entry for entry in await house.entries() if entry["operation"] != "export-xlsx"]
    assert [row[17 - 1].value for row in book["Logboek"].iter_rows(min_row=2)] == [entry["ref"] for entry in entries]
    totals = list(book["Totalen per ontvanger en doel"].values)[1:]
    counted = {kind: sum(entry["kind"] == kind for entry in entries) for kind in ("disclosure", "refusal")}
    assert (sum(row[2] for row in totals), sum(row[3] for row in totals)) == tuple(counted.values())
    assert any("verify.py" in str(row[1]) for row in book["Toelichting"].values)


def in_protobuf(request: dict[str, Any]) -> ExportTraceServiceRequest:
    """OTLP writes ids in hexadecimal where protobuf's own JSON has base64; all else is the same."""
    for resource in request["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for span in scope["spans"]:
                for name in ("traceId", "spanId", "parentSpanId"):
                    if name in span:
                        span[name] = b64encode(bytes.fromhex(span[name])).decode()
    return ParseDict(request, ExportTraceServiceRequest())


async def test_records_are_otlp_one_per_entry_about_a_person(house: House) -> None:
    entries = {entry["ref"]: entry for entry in await house.entries()}
    spans = [
        span
        for line in (await written(house, Form.ldv)).splitlines()
        for resource in in_protobuf(orjson.loads(line)).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    mine = [entry for entry in entries.values() if entry["kind"] in ("disclosure", "refusal", "outcome")]
    assert len(spans) == len(mine)
    for entry, span in zip(mine, spans, strict=True):
        disclosed = entries[entry.get("delivery", entry["ref"])]
        said = {pair.key: pair.value.string_value for pair in span.attributes}
        assert span.trace_id == UUID(disclosed["ref"]).bytes
        assert len(span.span_id) == 8
        assert span.parent_span_id == (UUID(entry["delivery"]).bytes[8:] if "delivery" in entry else b"")
        assert said["dpl.core.data_subject_id"] == disclosed["commitment"]
        assert said["dpl.core.processing_activity_id"].startswith(("https://", "urn:"))
        assert said.keys() <= {
            *("dpl.core.processing_activity_id", "dpl.core.data_subject_id", "dpl.core.data_subject_id_type")
        }


async def test_transactions_have_the_fields_of_fsc_logging(house: House) -> None:
    records = [orjson.loads(line) for line in (await written(house, Form.fsc)).splitlines()]
    assert {record["direction"] for record in records} == {"DIRECTION_INCOMING", "DIRECTION_OUTGOING"}
    required = {"transaction_id", "direction", "grant_hash", "source", "destination", "service_name", "created_at"}
    for record in records:
        assert required <= record.keys()
        assert type(record["created_at"]) is int
        assert len(record["source"]["outway_peer_id"]) == len(record["destination"]["service_peer_id"]) == 20
    with pytest.raises(Misconfigured):
        await exports_of(house).write(Form.fsc, Period(), io.BytesIO())


class Collector:
    """A Logboek Dataverwerkingen that remembers what it took; `answers` are given first."""

    def __init__(self, *answers: Answer | Away) -> None:
        self.answers, self.spans = list(answers), list[str]()

    async def post(self, _url: str, content: bytes, _headers: Any = None) -> Answer:
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Away):
                raise answer
            return answer
        for resource in orjson.loads(content)["resourceSpans"]:
            self.spans += [span["spanId"] for scope in resource["scopeSpans"] for span in scope["spans"]]
        return Answer(200, {}, b"{}")


async def test_sending_is_confirmed_resumes_and_sends_nothing_twice(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "BATCH", 4)
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    def sender(collector: Collector) -> Sender:
        search = Search(house.engine, LOG, OPERATOR, house.vault.tags_of)
        return Sender(house.log, search, notes_of(house), lambda: house.route.rules.policy, collector, pause)

    away = Away(ReasonCode("TIJD_VERSTREKEN"), "Too slow.")
    collector = Collector(Answer(503, {}, b""), away)
    url = "https://logboek.example/v1/traces"
    mine = [entry for entry in await house.entries() if entry["kind"] in ("disclosure", "refusal", "outcome")]
    size = len(await house.entries())
    assert await sender(collector).send(url) == Sent(len(mine), 0, size)
    assert waited == [2.0, 4.0]
    assert collector.spans == [UUID(entry["ref"]).bytes[8:].hex() for entry in mine]
    assert (await sender(collector).send(url)).records == 0
    assert len(collector.spans) == len(mine)
    grown = len(await house.entries())
    await sender(collector).send(url)
    assert len(await house.entries()) == grown  # nothing new to send is nothing to log

    await house.send(body(9))
    dropped = Collector(Answer(200, {}, b'{"partialSuccess":{"rejectedSpans":"1"}}'))
    with pytest.raises(Misconfigured):
        await sender(dropped).send(url)
    after = len(collector.spans)
    await sender(collector).send(url)
    assert len(collector.spans) > after == len(set(collector.spans[:after]))
    assert len(set(collector.spans)) == len(collector.spans)


async def test_a_partner_reads_what_concerns_it_alone(house: House) -> None:
    search = Search(house.engine, LOG, OPERATOR, house.vault.tags_of)
    logbook = PartnerLog(house.log, search, notes_of(house), house.route.rules)
    disclosed = next(entry for entry in await house.entries() if entry["kind"] == "disclosure" and entry["recipient"] == DESK)
    trace = UUID(disclosed["ref"])
    before = len(await house.entries())
    answer = await logbook.read(DESK, Question(trace=trace))
    assert [record["name"] for record in answer.records] == [
        *("Verstrekking", "Verloop van een verstrekking: afgegeven", "Verloop van een verstrekking: ontvangst bevestigd")
    ]
    logged = (await house.entries())[before]
    assert (logged["actor"], logged["operation"]) == (DESK, "read-ldv")
    assert (await logbook.read(SCHOOL, Question(trace=trace))).records == ()
    activity = answer.records[0]["attributes"]["dpl.core.processing_activity_id"]
    found, cursor = [], 0
    while True:
        part = await logbook.read(DUO, Question(activity=activity, cursor=cursor, limit=2))
        found += part.records
        assert len(part.records) <= 2
        if part.next is None:
            break
        cursor = part.next
    whole = await logbook.read(DUO, Question(activity=activity, limit=500))
    assert found
    assert found == list(whole.records)
    subject = disclosed["commitment"]
    narrowed = await logbook.read(DUO, Question(activity=activity, subject=subject, limit=500))
    assert {record["traceId"] for record in narrowed.records} == {str(trace)}
    assert (await logbook.read(PartyId("uwv"), Question(activity=activity))).records == ()


async def test_the_report_of_a_period_is_tagged_dutch_and_tells_the_counts(house: House) -> None:
    reader = PdfReader(io.BytesIO(await written(house, Form.pdf, Period(START, START + 86_400 * SECOND))))
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"] == "nl"
    assert reader.metadata is not None
    assert reader.metadata.title == "Verslag van het logboek"
    text = "\n".join(page.extract_text() for page in reader.pages)
    for heading in ("Wat aan wie is gegeven", "Wat is geweigerd, en waarom", "Zo controleert u dit"):
        assert heading in text
    assert "Doorstroompunt Lindemark" in text
    assert house.log.vkey.split("+")[0] in text
    assert not any(number in text for number in NUMBERS)
