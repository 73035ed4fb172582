"""The hub type-checks, and a step that is skipped does not: both in one run of the type checker."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

# Each line marked `# expect: code` is a mistake that the type checker must find, with this code; the others it must accept.
SNIPPETS = """\
from collections.abc import Sequence

from hub.domain.personal import Bsn, Onderwijsnummer, Personal, Pseudonym
from hub.domain.stages import Canonical, Delivered, Permitted, Protected, ProtectedRecord, Received, Recorded, Rejected
from hub.domain.terms import Count, Micros, PartyId, ReasonCode, Seconds
from hub.normalise import normalise
from hub.observe import Event, context, emit, report
from hub.ports import Recorder, RecordMapping, WorkItem


def canonical_of(received: Received, mapping: RecordMapping) -> Canonical:
    records, _rejected = normalise(received.rows, mapping)
    return records[0]


def unread(received: Received) -> Canonical:
    return received  # expect: return-value


def rejected_goes_on(rejected: Rejected) -> Canonical:
    return rejected  # expect: return-value


def undecided(canonical: Canonical) -> Permitted:
    return canonical  # expect: return-value


def unprotected(permitted: Permitted) -> Protected:
    return permitted  # expect: return-value


async def unprotected_into_the_log(recorder: Recorder, permitted: Permitted) -> Recorded:
    return await recorder.record(permitted)  # expect: arg-type


async def unasked(recorder: Recorder, item: WorkItem) -> Recorded:
    return await recorder.record(item)


def unlogged(protected: Protected) -> Recorded:
    return protected  # expect: return-value


def unrecorded_delivery(record: ProtectedRecord) -> Delivered:
    return record  # expect: return-value


def numbers(bsn: Bsn, pupil: Onderwijsnummer) -> tuple[Pseudonym, Bsn]:
    return bsn, pupil  # expect: return-value


def not_a_text(bsn: Bsn) -> str:
    return bsn  # expect: return-value


def not_every_personal(name: Personal[str]) -> Bsn:
    return name  # expect: return-value


def frozen(permitted: Permitted, bsn: Bsn) -> None:
    permitted.grant = permitted.grant  # expect: misc
    permitted.canonical.record.bsn = bsn  # expect: misc


def words(party: str) -> PartyId:
    return party  # expect: return-value


def said(bsn: Bsn, name: str, number: int, moment: float, blob: bytes, many: Sequence[str], error: ValueError) -> None:
    emit(Event.hub_started, rows=Count(number), took=Seconds(moment), at=Micros(number), party=PartyId(name), whole=True)
    emit(Event.row_quarantined, reasons=(ReasonCode("TE_LANG"),))
    emit(Event.hub_started, name=name)  # expect: arg-type
    emit(Event.hub_started, name=f"a {name}")  # expect: arg-type
    emit(Event.hub_started, name="a literal")  # expect: arg-type
    emit(Event.hub_started, number=number)  # expect: arg-type
    emit(Event.hub_started, moment=moment)  # expect: arg-type
    emit(Event.hub_started, blob=blob)  # expect: arg-type
    emit(Event.hub_started, many=many)  # expect: arg-type
    emit(Event.hub_started, bsn=bsn)  # expect: arg-type
    emit(Event.hub_started, error=error)  # expect: arg-type
    emit("hub_started")  # expect: arg-type
    emit(name)  # expect: arg-type
    report(error, Event.failure, name=name)  # expect: arg-type
    with context(name=name):  # expect: arg-type
        pass

"""


def test_the_hub_type_checks_and_a_skipped_step_does_not():
    # In one place, run after run: mypy tells errors that it remembers under the path that they were first found at.
    proof = ROOT / ".mypy_cache" / "skipped_steps.py"
    proof.parent.mkdir(exist_ok=True)
    proof.write_text(SNIPPETS, encoding="utf-8")
    shown = str(proof.relative_to(ROOT))
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            "--no-error-summary",
            "--no-pretty",
            "--hide-error-context",
            "--cache-dir=.mypy_cache/contract",
            "hub",
            shown,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^(.+?):(\d+): error: .* \[([a-z-]+)\]$", ran.stdout, re.MULTILINE)
    in_the_hub = [line for line in ran.stdout.splitlines() if not line.startswith(shown)]
    assert in_the_hub == [], "\n".join(in_the_hub) + ran.stderr
    expected = {
        (number, marked[1])
        for number, line in enumerate(SNIPPETS.splitlines(), 1)
        if (marked := re.search(r"# expect: ([a-z-]+)$", line))
    }
    assert {(int(number), code) for _, number, code in found} == expected
