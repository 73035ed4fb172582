"""The offline verifier over an export of a million entries, in a process of its own that has nothing of the hub.

Processor time against a minute. Baseline: reading the same files and hashing each of their bytes once. It is also asked
which of the entries are about one person, and how much memory it took.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from bench.world import Result, say
from hub.audit import entry, tiles
from hub.audit.checkpoint import make_checkpoint, open_note
from hub.audit.tree import Frontier, leaf_hash
from ops.verify import verify
from tests.fakes.log import CANDIDATE, GRANT, LOG, PURPOSE, RECIPIENT, RECORD, SOURCE, START, signer

ENTRIES = 1_000_000
_MINUTE_S = 60.0
# What runs the verifier and says what that took: processor seconds and the most memory, in kilobytes.
_MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(code, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def _bodies(count: int) -> Iterator[bytes]:
    """Disclosures, what became of half of them, and readings."""
    disclosures = entry.DisclosureTemplate(LOG, SOURCE, CANDIDATE, GRANT, RECORD)
    outcomes = entry.OutcomeTemplate(LOG, RECIPIENT, RECIPIENT, PURPOSE, entry.OutcomeKind.handed_over, "release")
    for nth in range(count):
        seed = sha256(b"%d" % nth).digest()
        ref = UUID(bytes=seed[:16])
        if nth % 4 < 2:
            draft = disclosures.draft(ref, seed, seed, seed[16:], seed)
        elif nth % 4 == 2:
            draft = outcomes.draft(ref, ref)
        else:
            draft = entry.event(entry.EntryKind.access, LOG, ref, RECIPIENT, "search", PURPOSE, "log", {"found": nth})
        yield entry.complete(draft, START + nth)


def make_export(folder: Path, count: int) -> tuple[Path, Path]:
    """An export of so many entries, streamed to disk, and its trust file."""
    top, trust = folder / "export", folder / "trust"
    by, export, tree, held = signer(), tiles.Export(), Frontier(), list[bytes]()
    for body in _bodies(count):
        held.append(body)
        if len(held) == tiles.WIDTH:
            tree = tree.extend([leaf_hash(each) for each in held])
            _write(top, export.add(held))
            held = []
    tree = tree.extend([leaf_hash(each) for each in held])
    _write(top, export.add(held))
    _write(top, export.finish(open_note(make_checkpoint(by, tree.size, tree.root), by.vkey)))
    trust.write_text(f"log {by.vkey}\nquorum none\n", encoding="utf-8")
    return top, trust


def _write(top: Path, files: Iterator[tuple[str, bytes]]) -> None:
    for path, content in files:
        place = top / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)


def _took(*given: str) -> tuple[float, float]:
    """Processor seconds and megabytes of a run of the verifier, which must find the export verified."""
    command = [sys.executable, "-I", "-c", _MEASURED, sys.executable, "-I", verify.__file__, *given]
    code, seconds, kilobytes = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    if code != "0":
        raise SystemExit("the export that was made to be measured is not verified")
    return float(seconds), int(kilobytes) / 1024


def _hashed(top: Path) -> float:
    """Processor seconds of reading and hashing every file."""
    began = sum(os.times()[:2])
    for path in top.rglob("*"):
        if path.is_file():
            sha256(path.read_bytes()).digest()
    return sum(os.times()[:2]) - began


async def run(folder: Path, rounds: int) -> list[Result]:
    """Rounds of ours, with a person and without, and the baseline, in turn."""
    top, trust = make_export(folder, ENTRIES)
    person = folder / "person"
    tag, key = (urlsafe_b64encode(hashlib.sha256(part).digest()).decode().rstrip("=") for part in (b"tag", b"key"))
    person.write_text(json.dumps({"log": LOG, "tag": tag, "key": key}), encoding="utf-8")
    ours: list[float] = []
    whom: list[float] = []
    bare: list[float] = []
    most = 0.0
    for nth in range(rounds):
        seconds, megabytes = _took(str(top), "--trust", str(trust))
        asked, _ = _took(str(top), "--trust", str(trust), "--person", str(person))
        ours, whom, bare, most = [*ours, seconds], [*whom, asked], [*bare, _hashed(top)], max(most, megabytes)
        say(f"  verify, round {nth + 1}: {seconds:.1f} s, with a person {asked:.1f} s, bare hashing {bare[-1]:.1f} s")
    mine, theirs, asked = (sum(each) / rounds for each in (ours, bare, whom))
    return [
        Result("verify: 1,000,000 entries offline", mine, theirs, mine / theirs, "s of one core", f"under {_MINUTE_S:.0f}"),
        Result("verify: and which are about one person", asked, mine, asked / mine, "s of one core", f"under {_MINUTE_S:.0f}"),
        Result("verify: memory", most, 0.0, 0.0, "MB", "under 64"),
    ]
