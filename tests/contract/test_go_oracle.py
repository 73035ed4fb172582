"""Another's eyes: our notes, proofs and tiles judged by golang.org/x/mod/sumdb, and our ML-DSA-44 by crypto/mldsa.

The packages are those that the Go distribution carries in its own sources, so nothing is fetched.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from hub.audit import tree
from hub.audit.checkpoint import make_checkpoint, make_receipt, parse_receipt, sign_note, split_note
from hub.audit.cosign import CosignerKey, cosign
from hub.audit.signing import PostQuantumSigner
from tests.fakes.log import checkpoint_of, export_files, naive_root, node_of, sample_bodies, signer

VENDORED = "src/cmd/vendor/golang.org/x/mod/sumdb"
ORACLE = Path(__file__).parents[1] / "vectors/log/go/main.go"
LOG = signer()
LARGEST = 130
LEAVES = [tree.leaf_hash(bytes([nth])) for nth in range(LARGEST)]
ROOTS = [naive_root(LEAVES[:size]) for size in range(LARGEST + 1)]
NODE = node_of(LEAVES)

Question = dict[str, object]
Ask = Callable[[Sequence[Question]], list[str]]


def _go() -> str | None:
    beside = Path(sys.executable).with_name("go")
    return str(beside) if beside.exists() else shutil.which("go")


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Ask:
    """Gives questions to the oracle, and its answer to each. On CI a machine without Go fails, elsewhere it skips.

    Go's own library is compiled in the first run on a machine, in some seconds, and lies in the cache of pytest from then on.
    """
    go = _go()
    if go is None:
        if os.environ.get("CI"):
            pytest.fail("Go is not installed")
        pytest.skip("Go is not installed")
    folder = tmp_path_factory.mktemp("oracle")
    offline = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOSUMDB": "off", "GOTELEMETRY": "off"}
    kept = request.config.cache.mkdir("go-build") if hasattr(request.config, "cache") else folder / "cache"
    places = {"GOCACHE": str(kept), "GOPATH": str(folder / "path"), "HOME": str(folder), "CGO_ENABLED": "0"}
    environment = {"PATH": os.environ["PATH"], **offline, **places}

    def call(*words: str) -> str:
        done = subprocess.run(words, capture_output=True, text=True, cwd=folder, env=environment, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    sources = Path(call(go, "env", "GOROOT")) / VENDORED
    for name in ("note", "tlog"):
        shutil.copytree(sources / name, folder / name)
    version = re.search(r"go(1\.\d+)", call(go, "version"))
    assert version is not None
    (folder / "go.mod").write_text(f"module oracle\n\ngo {version[1]}\n")
    shutil.copy(ORACLE, folder / "main.go")
    call(go, "build", "-o", "oracle", ".")

    def judge(questions: Sequence[Question]) -> list[str]:
        text = "\n".join(json.dumps(each) for each in questions)
        done = subprocess.run([folder / "oracle"], input=text, capture_output=True, text=True, timeout=120, check=True)
        answers = done.stdout.splitlines()
        assert len(answers) == len(questions)
        return answers

    return judge


def encoded(*parts: bytes) -> list[str]:
    return [b64encode(part).decode() for part in parts]


def note_of(note: str, vkey: str = LOG.vkey) -> Question:
    return {"Ask": "note", "Note": note, "Vkey": vkey, "Text": note.rpartition("\n\n")[0] + "\n"}


def test_checkpoints_open(ask: Ask) -> None:
    notes = [make_checkpoint(LOG, size, ROOTS[size]) for size in range(LARGEST + 1)]
    assert set(ask([note_of(note) for note in notes])) == {"yes"}


def test_checkpoints_with_other_signatures_and_strange_texts_open(ask: Ask) -> None:
    quantum = PostQuantumSigner(LOG.name, MLDSA44PrivateKey.from_seed_bytes(bytes(32)))
    notes = [cosign(make_checkpoint(LOG, 5, ROOTS[5]), quantum, 1_790_000_000), sign_note("één\n\nregel\n", LOG)]
    assert ask([note_of(note) for note in notes]) == ["yes", "yes"]


def test_spoilt_checkpoints_do_not(ask: Ask) -> None:
    note = make_checkpoint(LOG, 5, ROOTS[5])
    spoilt = [note.replace("\n5\n", "\n6\n"), note[:-1], note[:-3] + "A=\n", note.replace("—", "-"), note.replace("\n", "\r\n")]
    answers = ask([*map(note_of, spoilt), note_of(note, signer(8).vkey)])
    assert all(answer.startswith("no") for answer in answers)


def test_receipts_prove_to_go(ask: Ask) -> None:
    """Every index of every size up to 130, through the text of the receipt."""
    questions: list[Question] = []
    for size in range(1, LARGEST + 1):
        note = make_checkpoint(LOG, size, ROOTS[size])
        for index in range(size):
            receipt = parse_receipt(make_receipt(index, tree.inclusion_proof(index, size, NODE), note))
            hashes = encoded(LEAVES[index], ROOTS[size], *receipt.proof)
            questions.append(
                {
                    "Ask": "record",
                    "Index": receipt.index,
                    "Size": size,
                    "Leaf": hashes[0],
                    "Root": hashes[1],
                    "Proof": hashes[2:],
                }
            )
    assert set(ask(questions)) == {"yes"}
    spoilt = [
        {**each, **change}
        for each in questions[60:80]
        for change in (
            {"Index": int(str(each["Index"])) ^ 1},
            {"Leaf": each["Root"]},
            {"Root": each["Leaf"]},
            {"Proof": list(each["Proof"])[:-1]},  # type: ignore[call-overload]
            {"Proof": [*list(each["Proof"]), each["Root"]]},  # type: ignore[call-overload]
        )
    ]
    assert all(answer.startswith("no") for answer in ask(spoilt))


def test_consistency_proves_to_go(ask: Ask) -> None:
    questions: list[Question] = []
    for new in range(1, LARGEST + 1):
        for old in range(1, new + 1):
            before, after, *proof = encoded(ROOTS[old], ROOTS[new], *tree.consistency_proof(old, new, NODE))
            questions.append({"Ask": "tree", "Old": old, "Size": new, "OldRoot": before, "Root": after, "Proof": proof})
    assert set(ask(questions)) == {"yes"}
    spoilt = [
        {**each, **change}
        for each in questions[1000:1020]
        for change in (
            {"OldRoot": each["Root"], "Root": each["OldRoot"]},
            {"Old": int(str(each["Old"])) + 1},
            {"Proof": list(each["Proof"])[1:]},  # type: ignore[call-overload]
        )
        if each["Old"] != each["Size"]
    ]
    assert all(answer.startswith("no") for answer in ask(spoilt))


@pytest.mark.parametrize(("size", "old"), [(1, 1), (255, 3), (256, 255), (257, 256), (700, 301)])
def test_our_tiles_are_read_back_by_go(ask: Ask, size: int, old: int) -> None:
    bodies = sample_bodies(size)
    leaves = [tree.leaf_hash(body) for body in bodies]
    checkpoint = checkpoint_of(bodies, LOG)
    tiles = {path: data for path, data in export_files(bodies, checkpoint).items() if re.match(r"tile/\d", path)}
    before, after, *hashes = encoded(tree.Frontier().extend(leaves[:old]).root, checkpoint.root, *leaves)
    question: Question = {"Ask": "tiles", "Old": old, "Size": size, "OldRoot": before, "Root": after, "Proof": hashes}

    def given(files: dict[str, bytes]) -> Question:
        return {**question, "Tiles": {path: b64encode(data).decode() for path, data in files.items()}}

    spoilt = [given({**tiles, path: bytes([data[0] ^ 1]) + data[1:]}) for path, data in tiles.items()]
    missing = [
        given({path: data for path, data in tiles.items() if path != gone}) for gone in tiles if gone.startswith("tile/0")
    ]
    answers = ask([given(tiles), *spoilt, *missing])
    assert answers[0] == "yes"
    assert all(answer.startswith("no") for answer in answers[1:])


def test_the_log_s_ml_dsa_signature_holds_for_go(ask: Ask) -> None:
    """The message is put together here once more, by the specification and not by our function."""
    quantum = PostQuantumSigner(LOG.name, MLDSA44PrivateKey.from_seed_bytes(bytes(range(32))))
    _, signatures = split_note(cosign(make_checkpoint(LOG, 77, ROOTS[77]), quantum, 1_790_000_000))
    blob, name = signatures[1].blob, LOG.name.encode()
    parts = [
        b"subtree/v1\n\0",
        bytes([len(name)]),
        name,
        blob[:8],
        bytes([len(name)]),
        name,
        bytes(8),
        (77).to_bytes(8),
        ROOTS[77],
    ]
    public, message, signed = encoded(CosignerKey.parse(quantum.vkey).public, b"".join(parts), blob[8:])
    question: Question = {"Ask": "mldsa", "Public": public, "Message": message, "Signed": signed}
    other = encoded(b"".join(parts) + b"\0")[0]
    answers = ask([question, {**question, "Message": other}])
    assert answers[0] == "yes"
    assert answers[1].startswith("no")
