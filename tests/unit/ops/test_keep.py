"""The partner's client: what a log promised stays promised, and nothing makes the client crash."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from hub.audit import signing, tree
from hub.audit.checkpoint import make_checkpoint, make_receipt, open_note, sign_note
from hub.audit.cosign import CosignerKey, cosign, cosigned, with_signatures
from hub.audit.signing import PostQuantumSigner, WitnessSigner
from ops.verify import keep
from tests.fakes.log import checkpoint_of, export_files, node_of, sample_bodies, signer

LOG = signer()
BODIES = sample_bodies(900)
OTHERS = [*BODIES[:300], b"another past", *BODIES[301:]]
WITNESS = WitnessSigner("witness.example", Ed25519PrivateKey.from_private_bytes(bytes([40]) * 32))


class Served(ThreadingHTTPServer):
    """Files of a log over HTTP, and what was posted."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.posted: list[bytes] = []
        self.elsewhere = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/log"

    def show(self, bodies: list[bytes], **more: bytes) -> str:
        note = checkpoint_of(bodies, LOG)
        self.files = {**export_files(bodies, note), **more}
        return note.note


class _Answers(BaseHTTPRequestHandler):
    server: Served

    def do_GET(self) -> None:
        path = self.path.removeprefix("/log/")
        self.server.asked.append(path)
        content = self.server.files.get(path)
        self.send_response(302 if self.server.elsewhere else 404 if content is None else 200)
        if self.server.elsewhere:
            self.send_header("Location", self.server.elsewhere)
        self.end_headers()
        self.wfile.write(content or b"")

    def do_POST(self) -> None:
        self.server.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def served() -> Iterator[Served]:
    with Served() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Desk:
    """A partner's directory, and the client run in it as a partner runs it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trust(f"# from the controller, on paper\nlog {LOG.vkey}\nquorum none\n")

    def trust(self, text: str) -> None:
        (self.folder / "trust").write_text(text)

    def receipt(self, name: str, index: int, size: int, bodies: list[bytes] = BODIES) -> None:
        leaves = [tree.leaf_hash(body) for body in bodies[:size]]
        note = checkpoint_of(bodies[:size], LOG).note
        (self.folder / name).write_text(make_receipt(index, tree.inclusion_proof(index, size, node_of(leaves)), note))
        (self.folder / f"{name}.entry").write_bytes(bodies[index])

    def run(self, command: str, *rest: str) -> tuple[int, str]:
        given = [command, *rest] if command == "key" else [command, "--trust", "trust", "--state", "state", *rest]
        return self.call(*given)

    def call(self, *given: str) -> tuple[int, str]:
        """In this process, where each run takes a millisecond; one test runs the file itself."""
        out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
        with contextlib.chdir(self.folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                status = keep.main(list(given))
            except SystemExit as ended:
                status = int(str(ended.code))
        return status, out.buffer.getvalue().decode()  # type: ignore[attr-defined]

    @property
    def state(self) -> dict[str, object]:
        content: dict[str, object] = json.loads((self.folder / "state").read_text())
        return content

    @property
    def evidence(self) -> set[str]:
        return {place.read_text() for place in self.folder.glob("state.*.checkpoint")}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_receipts_are_verified_remembered_and_proven_later(desk: Desk, served: Served) -> None:
    desk.receipt("r1", 5, 300)
    desk.receipt("r2", 700, 750)
    status, told = desk.run("check", "r1", "r2", "--entry", "r1.entry", "r2.entry")
    assert (status, told.count("VERIFIED")) == (0, 2), told
    assert "wait to be proven: 2" in told
    served.show(BODIES[:900])
    status, told = desk.run("watch", "--log", served.url)
    assert status == 0
    assert "900 entries, and only grew" in told
    assert desk.state == {"version": 1, "newest": served.files["checkpoint"].decode(), "waiting": []}
    assert len(served.asked) < 8


def test_an_answer_of_the_hub_is_read_as_it_came(desk: Desk) -> None:
    desk.receipt("r", 5, 300)
    receipt, entry = (desk.folder / "r").read_text(), BODIES[5].decode()
    deliveries = [{"logregel": entry, "ontvangstbewijs": receipt}, {"logregel": None, "ontvangstbewijs": None}]
    answer = {"leveringen": deliveries, "uitkomsten": [{"logregel": entry, "bewijs": receipt}]}
    (desk.folder / "answer.json").write_text(json.dumps(answer))
    status, told = desk.run("check", "answer.json")
    assert (status, told.count("VERIFIED")) == (0, 2)
    answer["uitkomsten"][0]["logregel"] = entry.replace("disclosure", "refusal")
    (desk.folder / "answer.json").write_text(json.dumps(answer))
    status, told = desk.run("check", "answer.json")
    assert (status, told.count("NOT VERIFIED")) == (1, 1)


def test_another_entry_is_not_the_one_that_was_promised(desk: Desk) -> None:
    desk.receipt("r", 5, 300)
    (desk.folder / "r.entry").write_bytes(BODIES[6])
    status, told = desk.run("check", "r", "--entry", "r.entry")
    assert status == 1
    assert "another entry" in told
    assert desk.state == {"version": 1, "newest": None, "waiting": []}


@pytest.mark.parametrize("size", [299, 300, 750])
def test_a_log_that_was_put_back_is_caught(desk: Desk, served: Served, size: int) -> None:
    newest = served.show(BODIES[:800])
    assert desk.run("watch", "--log", served.url)[0] == 0
    before = desk.state
    older = served.show(BODIES[:size])
    status, told = desk.run("watch", "--log", served.url)
    assert status == 1
    assert "ROLLED BACK" in told
    assert desk.state == before
    assert desk.evidence == {newest, older}


@pytest.mark.parametrize("size", [800, 801, 900])
def test_two_histories_are_caught(desk: Desk, served: Served, size: int) -> None:
    first = served.show(BODIES[:800])
    assert desk.run("watch", "--log", served.url)[0] == 0
    second = served.show(OTHERS[:size])
    status, told = desk.run("watch", "--log", served.url)
    assert status == 1
    assert "TWO HISTORIES" in told
    assert desk.evidence == {first, second}
    served.show(BODIES[:900])
    assert desk.run("watch", "--log", served.url)[0] == 0


def test_a_receipt_of_another_history_is_caught(desk: Desk, served: Served) -> None:
    desk.receipt("mine", 5, 400)
    desk.receipt("theirs", 5, 400, OTHERS)
    assert desk.run("check", "mine", "--entry", "mine.entry")[0] == 0
    status, told = desk.run("check", "theirs", "--entry", "theirs.entry")
    assert status == 1
    assert "TWO HISTORIES" in told
    assert len(desk.evidence) == 2
    served.show(OTHERS[:500])
    status, told = desk.run("watch", "--log", served.url)
    assert status == 1
    assert "TWO HISTORIES" in told


def test_an_earlier_checkpoint_below_the_trust_file_counts(desk: Desk, served: Served) -> None:
    desk.trust(f"log {LOG.vkey}\nquorum none\n\n{checkpoint_of(OTHERS[:500], LOG).note}")
    served.show(BODIES[:800])
    status, told = desk.run("watch", "--log", served.url)
    assert status == 1
    assert "TWO HISTORIES" in told


def test_what_a_receipt_promised_may_come_a_little_later_but_must_come(desk: Desk, served: Served) -> None:
    desk.receipt("r", 5, 800)
    served.show(BODIES[:700])
    status, told = desk.run("check", "r", "--entry", "r.entry", "--log", served.url)
    assert status == 0
    assert "to be proven later: 1" in told
    status, told = desk.run("watch", "--log", served.url, "--patience", "-1")
    assert status == 1
    assert "WITHHELD" in told
    served.show(BODIES[:800])
    assert desk.run("watch", "--log", served.url)[0] == 0
    assert desk.state["waiting"] == []


def test_tiles_that_are_gone_or_wrong_show_nothing(desk: Desk, served: Served) -> None:
    served.show(BODIES[:500])
    assert desk.run("watch", "--log", served.url)[0] == 0
    served.show(BODIES[:900])
    whole = dict(served.files)
    for path in [path for path in whole if path.startswith(("tile/0/001", "tile/1"))]:
        for spoilt in (None, whole[path][:-1], b"", whole[path] * 300, whole[path][::-1]):
            served.files = {name: data for name, data in whole.items() if name != path}
            if spoilt is not None:
                served.files[path] = spoilt
            status, told = desk.run("watch", "--log", served.url)
            expected = "TWO HISTORIES" if spoilt == whole[path][::-1] else "NOT SHOWN"
            assert (status, expected in told) == (1, True), (path, told)
    served.files = whole
    assert desk.run("watch", "--log", served.url)[0] == 0


def test_tiles_of_two_histories_do_not_pass_for_one(desk: Desk, served: Served) -> None:
    """A log that forks serves each hash from the history in which it fits; a proof takes all of them from one."""
    served.show(BODIES[:200])
    true_tile = export_files(BODIES[:512], checkpoint_of(BODIES[:512], LOG))["tile/0/000"]
    assert desk.run("watch", "--log", served.url)[0] == 0
    forked = [*BODIES[:100], b"another past", *BODIES[101:512]]
    served.show(forked, **{"tile/0/000": true_tile})
    status, told = desk.run("watch", "--log", served.url)
    assert (status, "TWO HISTORIES" in told) == (1, True)
    served.show(BODIES[:512], checkpoint=checkpoint_of(forked, LOG).note.encode())
    status, told = desk.run("watch", "--log", served.url)
    assert (status, "TWO HISTORIES" in told) == (1, True)


def test_a_key_of_before_signs_no_newer_checkpoint(desk: Desk, served: Served) -> None:
    """Its receipts stay good; whoever still has that key cannot go on with the log."""
    newer = signer(9, LOG.name)
    served.show(BODIES[:700])
    assert desk.run("watch", "--log", served.url)[0] == 0
    desk.trust(f"log {newer.vkey}\nlog {LOG.vkey}\nquorum none\n")
    served.show(BODIES)
    status, said = desk.run("watch", "--log", served.url)
    assert (status, "NOT VERIFIED" in said) == (1, True)
    desk.receipt("r", 5, 600)
    assert desk.run("check", "r", "--entry", "r.entry")[0] == 0


def test_a_log_sends_nobody_elsewhere(desk: Desk, served: Served) -> None:
    served.show(BODIES)
    with Served() as other:
        served.elsewhere = f"{other.url}/checkpoint"
        threading.Thread(target=other.serve_forever, args=(0.01,)).start()
        try:
            status, said = desk.run("watch", "--log", served.url)
        finally:
            other.shutdown()
    assert (status, "answers 302" in said, other.asked) == (2, True, [])


def test_a_whole_tile_may_stand_for_a_partial_one(desk: Desk, served: Served) -> None:
    served.show(BODIES[:300])
    assert desk.run("watch", "--log", served.url)[0] == 0
    served.show(BODIES[:400])
    partial = served.files.pop("tile/0/001.p/144")
    served.files["tile/0/001"] = partial + bytes(112 * 32)
    assert desk.run("watch", "--log", served.url)[0] == 0


class TestWitnesses:
    trust = f"log {LOG.vkey}\nwitness w {WITNESS.vkey}\nquorum w\n"

    def test_the_quorum_of_the_trust_file_must_be_met(self, desk: Desk, served: Served) -> None:
        desk.trust(self.trust)
        note = served.show(BODIES[:300])
        desk.receipt("r", 5, 200)
        check = ("check", "r", "--entry", "r.entry")
        assert desk.run(*check)[0] == 1
        status, told = desk.run(*check, "--log", served.url)
        assert status == 1
        assert "not the quorum" in told
        served.files["checkpoint"] = cosign(note, WITNESS, 1_790_000_000).encode()
        assert desk.run(*check, "--log", served.url)[0] == 0
        spoilt = cosign(served.show(BODIES[:301]), WITNESS, 1_790_000_000).rpartition("\n\n")[2].split("\n")[1]
        served.show(BODIES[:300], checkpoint=with_signatures(note, [spoilt + "\n"]).encode())
        status, told = desk.run("watch", "--log", served.url)
        assert status == 1
        assert "not over this checkpoint" in told

    def test_the_log_signs_in_ml_dsa_where_the_trust_file_says_so(self, desk: Desk, served: Served) -> None:
        quantum = PostQuantumSigner(LOG.name, MLDSA44PrivateKey.from_seed_bytes(bytes(32)))
        desk.trust(f"log {LOG.vkey}\nlog {quantum.vkey}\nquorum none\n")
        note = served.show(BODIES[:300])
        assert desk.run("watch", "--log", served.url)[0] == 1
        served.files["checkpoint"] = cosign(note, quantum, 0).encode()
        assert desk.run("watch", "--log", served.url)[0] == 0

    def test_a_partner_cosigns_what_it_verified(self, desk: Desk, served: Served) -> None:
        status, vkey = desk.run("key", "partner.example/w", "w.key")
        assert status == 0
        assert (desk.folder / "w.key").stat().st_mode & 0o777 == 0o600
        assert desk.run("key", "partner.example/w", "w.key")[0] == 2
        assert desk.run("key", "two words", "other.key")[0] == 2
        assert not (desk.folder / "other.key").exists()
        key = CosignerKey.parse(vkey.strip())
        assert signing.load_witness(desk.folder / "w.key", key.name).vkey == str(key)
        note = served.show(BODIES[:302])
        call = ("cosign", "--log", served.url, "--key", "w.key", "--name", "partner.example/w")
        status, told = desk.run(*call, "--out", "line", "--post", f"{served.url}/cosignatures")
        line = (desk.folder / "line").read_text()
        assert status == 0
        assert served.posted == [(note + line).encode()]
        moment = cosigned(with_signatures(note, [line]), key)
        assert moment is not None
        assert moment > 1_790_000_000
        assert f"— {key.name} " in desk.run(*call)[1]
        (desk.folder / "w.key").chmod(0o644)
        assert desk.run(*call)[0] == 2
        (desk.folder / "w.key").chmod(0o600)
        served.show(OTHERS[:400])
        status, told = desk.run(*call)
        assert status == 1
        assert f"— {key.name} " not in told


def test_signatures_are_those_of_the_standard() -> None:
    for seed in (bytes(32), bytes(range(32))):
        reference = Ed25519PrivateKey.from_private_bytes(seed)
        assert keep.public_of(seed) == reference.public_key().public_bytes_raw()
        assert keep.sign(seed, b"text") == reference.sign(b"text")


@pytest.mark.parametrize("new", [1, 2, 7, 256, 257, 900])
def test_growth_is_what_a_consistency_proof_shows(new: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Differential: against the hub's own proofs, whichever sizes; the tiles are those of an export."""
    whole = checkpoint_of(BODIES[:new], LOG)
    files = export_files(BODIES[:new], whole)
    monkeypatch.setattr(keep, "fetch", lambda url, most: files[url.removeprefix("x/")])
    trust = keep.read_trust(f"log {LOG.vkey}\nquorum none\n".encode())
    served = keep.opened(trust, whole.note)
    leaves = [tree.leaf_hash(body) for body in BODIES[:new]]
    for old in sorted({0, 1, 2, 3, new // 3, new // 2, new - 1, new, 255, 256, 511} & set(range(new + 1))):
        tiles = keep.Tiles("x", new)
        assert keep.grew(tiles, keep.opened(trust, checkpoint_of(BODIES[:old], LOG).note), served)
        other = [*BODIES[:old][:-1], b"x"]
        if old:
            assert not keep.grew(tiles, keep.opened(trust, checkpoint_of(other, LOG).note), served)
            proof = tree.consistency_proof(old, new, node_of(leaves))
            tree.verify_consistency(
                old, open_note(checkpoint_of(BODIES[:old], LOG).note, LOG.vkey).root, new, whole.root, proof
            )


WRONG: Mapping[str, bytes] = {
    "empty": b"",
    "no text": b"\xff\xfe\x00",
    "a list": b"[]",
    "another version": b'{"version": 2, "newest": null, "waiting": []}',
    "numbers for notes": b'{"version": 1, "newest": 5, "waiting": []}',
    "no times": b'{"version": 1, "newest": null, "waiting": [{"checkpoint": "x"}]}',
    "no checkpoint": b'{"version": 1, "newest": "x", "waiting": []}',
    "half a character": b'{"version": 1, "newest": "\\ud800", "waiting": []}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_a_state_file_that_is_none_is_the_reader_s_to_mend(desk: Desk, content: bytes) -> None:
    desk.receipt("r", 5, 300)
    (desk.folder / "state").write_bytes(content)
    assert desk.run("check", "r", "--entry", "r.entry")[0] == 2
    assert (desk.folder / "state").read_bytes() == content


def test_every_byte_of_a_receipt_counts_and_none_makes_it_crash(desk: Desk) -> None:
    """Each byte changed, left out, and the last one there is."""
    desk.receipt("r", 5, 9)
    receipt, trust = (desk.folder / "r").read_bytes(), keep.read_trust((desk.folder / "trust").read_bytes())
    assert keep.check_receipt(receipt, BODIES[5], trust)[0] == 5
    for at in range(len(receipt)):
        flipped = bytes([receipt[at] ^ 1])
        puts = (flipped, b"\xff", b"\n", b"") if at % 7 == 0 else (flipped,)
        for other in (receipt[:at], *(receipt[:at] + put + receipt[at + 1 :] for put in puts)):
            if other != receipt:
                with pytest.raises(keep.Fault):
                    keep.check_receipt(other, BODIES[5], trust)


def test_no_checkpoint_makes_it_crash(desk: Desk, served: Served) -> None:
    note = served.show(BODIES[:300]).encode()
    foreign = make_checkpoint(signer(8), 300, bytes(32)).encode()
    root = b64encode(bytes(31)).decode()
    odd = [sign_note(text, LOG).encode() for text in ("x\n", f"{LOG.name}\n300\n{root}\n", f"{LOG.name}\n{'9' * 40}\n{root}\n")]
    for content in (
        b"",
        b"\xff" * 99,
        note[:-1],
        note[:60],
        b"\n\n" + note,
        note * 2,
        note + b"\0",
        foreign,
        b"x" * (2 << 20),
        *odd,
    ):
        served.files["checkpoint"] = content
        status, told = desk.run("watch", "--log", served.url)
        assert (status, "NOT VERIFIED" in told) == (1, True)
    assert desk.state["newest"] is None


def test_a_delivery_of_many_is_checked_in_one_go(desk: Desk) -> None:
    leaves = [tree.leaf_hash(body) for body in BODIES]
    note, node = checkpoint_of(BODIES, LOG).note, node_of(leaves)
    lines = [
        {"logregel": body.decode(), "ontvangstbewijs": make_receipt(index, tree.inclusion_proof(index, 900, node), note)}
        for index, body in enumerate(BODIES)
    ]
    (desk.folder / "answer.json").write_text(json.dumps({"leveringen": lines}))
    status, told = desk.run("check", "answer.json")
    assert (status, told.count("VERIFIED: answer.json")) == (0, 900)
    assert "wait to be proven: 1" in told


def test_a_proof_fits_its_size_exactly() -> None:
    """Even under roots that the log did sign: no index beyond the tree, no hash too many, none of another length."""
    trust = keep.read_trust(f"log {LOG.vkey}\n".encode())
    leaf, odd = tree.leaf_hash(b"entry"), b"x" * 33
    for index, size, proof, root in (
        (5, 1, [], leaf),
        (0, 1, [bytes(32)], tree.node_hash(bytes(32), leaf)),
        (0, 2, [odd], sha256(b"\x01" + leaf + odd).digest()),
        (0, 3, [bytes(32)], tree.node_hash(leaf, bytes(32))),
    ):
        with pytest.raises(keep.Fault):
            keep.check_receipt(make_receipt(index, proof, make_checkpoint(LOG, size, root)).encode(), b"entry", trust)


def test_what_waits_has_an_end(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keep, "_MOST_WAITING", 1)
    for name, size in (("a", 300), ("b", 301)):
        desk.receipt(name, 5, size)
    assert desk.run("check", "a", "--entry", "a.entry")[0] == 0
    before = desk.state
    assert desk.run("check", "b", "--entry", "b.entry")[0] == 2
    assert desk.state == before


def test_a_wrong_call_says_nothing_about_the_log(desk: Desk, served: Served) -> None:
    desk.receipt("r", 5, 300)
    (desk.folder / "checkpoint").write_text(checkpoint_of(BODIES, LOG).note)
    for call in (
        ("check", "r"),
        ("check", "missing", "--entry", "r.entry"),
        ("check", "r", "--entry", "r.entry", "r.entry"),
        ("watch", "--log", f"file://{desk.folder}"),
        ("watch", "--log", "http://127.0.0.1:1/log"),
        ("watch",),
        ("cosign", "--log", served.url, "--key", "trust", "--name", "x"),
    ):
        assert desk.run(*call)[0] == 2, call
    (desk.folder / "answer.json").write_text('{"a": 1}')
    assert desk.run("check", "answer.json")[0] == 2
    desk.trust("quorum none\n")
    assert desk.run("check", "r", "--entry", "r.entry")[0] == 2


def test_receipts_are_remembered_when_the_log_cannot_be_asked(desk: Desk) -> None:
    desk.receipt("r", 5, 300)
    assert desk.run("check", "r", "--entry", "r.entry", "--log", "http://127.0.0.1:1/log")[0] == 2
    assert isinstance(desk.state["waiting"], list)
    assert len(desk.state["waiting"]) == 1
    assert b64encode(checkpoint_of(BODIES[:300], LOG).root).decode() in str(desk.state["waiting"])


def test_the_file_runs_alone_beside_the_verifier(desk: Desk) -> None:
    """As a partner has it: two files, Python and nothing else."""
    desk.receipt("r", 5, 300)
    for name in ("keep.py", "verify.py"):
        (desk.folder / name).write_bytes(Path(keep.__file__).with_name(name).read_bytes())
    words = [sys.executable, "-I", "-S", "keep.py", "check", "r", "--entry", "r.entry", "--trust", "trust", "--state", "state"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False, cwd=desk.folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("VERIFIED: r: entry 5 of hub.example/regio-a, of 300 entries.")
