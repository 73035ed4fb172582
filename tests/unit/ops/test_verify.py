"""The offline verifier: what is whole passes, what is not is named, and nothing makes it crash."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from hub.audit import entry, tiles
from hub.audit.checkpoint import make_checkpoint, sign_note
from ops.verify import verify
from tests.fakes.log import START, Exported, checkpoint_of, exported, sample_bodies, signer

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/log/ed25519.json").read_text())["vectors"]
BODIES = sample_bodies(600)


def run(case: Exported, folder: Path, *options: str) -> tuple[int, str]:
    top, trust = case.write(folder)
    return verdict(top, trust, *options)


def verdict(top: Path, trust: Path, *options: str) -> tuple[int, str]:
    said = StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        return verify.main([str(top), "--trust", str(trust), *options]), said.getvalue()


def test_it_runs_by_itself(tmp_path: Path) -> None:
    """In a Python that knows nothing but its own library."""
    top, trust = exported(BODIES[:300]).write(tmp_path)
    command = [sys.executable, "-I", verify.__file__, str(top), "--trust", str(trust)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout[:9], done.stderr) == (0, "VERIFIED.", "")


# --- Ed25519 ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_rfc_8032(vector: dict[str, str]) -> None:
    public, message, signature = (bytes.fromhex(vector[name]) for name in ("public", "message", "signature"))
    Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    assert verify.signature_holds(public, message, signature)
    assert not verify.signature_holds(public, message + b"x", signature)
    for at in range(0, 64, 7):
        changed = bytearray(signature)
        changed[at] ^= 1
        assert not verify.signature_holds(public, message, bytes(changed))


def test_ed25519_agrees_with_cryptography() -> None:
    for seed in range(20):
        key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        public, message = key.public_key().public_bytes_raw(), b"m" * seed
        signature = key.sign(message)
        for tried in (signature, signature[::-1], signature[:-1], signature + b"\0", bytes(64), key.sign(b"other")):
            try:
                key.public_key().verify(tried, message)
                holds = True
            except InvalidSignature:
                holds = False
            assert verify.signature_holds(public, message, tried) is holds


def test_a_second_form_of_a_signature_is_refused() -> None:
    """S plus the order of the group signs the same equation (RFC 8032, 5.1.7 forbids it)."""
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    signature = key.sign(b"m")
    number = int.from_bytes(signature[32:], "little") + 2**252 + 27742317777372353535851937790883648493
    again = signature[:32] + number.to_bytes(32, "little")
    assert not verify.signature_holds(key.public_key().public_bytes_raw(), b"m", again)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(31),
        (2**255 - 19).to_bytes(32, "little"),  # y = p, which is 0 written otherwise
        (2**255 - 18 + 2**255).to_bytes(32, "little"),  # y = p + 1 with the sign set
        (1 + 2**255).to_bytes(32, "little"),  # x = 0 with the sign set
        (2).to_bytes(32, "little"),  # no point has this y
    ],
)
def test_points_have_one_form(data: bytes) -> None:
    assert verify.point_from(data) is None


# --- Whole exports ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, 2, 255, 256, 257, 512, 600])
def test_a_whole_export_is_verified(count: int, tmp_path: Path) -> None:
    code, text = run(exported(BODIES[:count]), tmp_path)
    assert (code, text.split(".")[0]) == (0, "VERIFIED"), text


@pytest.mark.parametrize("earlier", [0, 1, 255, 256, 257, 300, 512, 599, 600])
def test_it_continues_an_earlier_checkpoint(earlier: int, tmp_path: Path) -> None:
    code, text = run(exported(BODIES, earlier=earlier), tmp_path)
    assert code == 0, text
    assert f"{earlier} entries" in text


def test_the_json_gives_a_verdict_per_entry_and_totals(tmp_path: Path) -> None:
    code, text = run(exported(BODIES[:300], earlier=10), tmp_path, "--json")
    told = json.loads(text)
    assert (code, told["verdict"], told["size"], told["earlier"]) == (0, "verified", 300, 10)
    assert [line["index"] for line in told["entries"]] == list(range(300))
    assert {line["verdict"] for line in told["entries"]} == {"verified"}
    assert {(row["kind"], row["recipient"], row["count"]) for row in told["totals"]} == {
        ("disclosure", "doorstroompunt-a", 150),
        ("outcome", "doorstroompunt-a", 75),
        ("access", "-", 75),
    }


def test_a_large_tree_agrees_with_ours() -> None:
    """Two implementations of the tree and of the tiles, over three levels."""
    leaves = [verify.leaf_of(b"%d" % nth) for nth in range(66_000)]
    edge, complete = tiles.Edge().extend(leaves)
    tree = verify.Tree()
    made = [tile for at in range(0, len(leaves), 256) for tile in tree.add(0, leaves[at : at + 256])]
    assert tree.root() == edge.root
    assert {(level, index): content for level, index, content in made} == {(t.level, t.index): t.hashes for t in complete}
    assert tree.root() == verify.root_of(leaves)


# --- What is changed --------------------------------------------------------------------------------------------------------


def without(path: str) -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.pop(path) and None


def replaced(path: str, change: Callable[[bytes], bytes]) -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.update({path: change(files[path])})


CHANGED: dict[str, tuple[Callable[[dict[str, bytes]], None], str]] = {
    "a bundle is missing": (without("tile/entries/001"), "tile/entries/001: is missing"),
    "a tile is missing": (without("tile/0/001"), "tile/0/001: is missing"),
    "an upper tile is missing": (without("tile/1/000.p/2"), "tile/1/000.p/2: is missing"),
    "the checkpoint is missing": (without("checkpoint"), "checkpoint: is missing"),
    "a bundle is cut off": (replaced("tile/entries/001", lambda data: data[:-1]), "ends within an entry"),
    "a bundle has one more": (replaced("tile/entries/001", lambda data: data + b"\0\0"), "does not hold the 256 entries"),
    "an entry is changed": (
        replaced("tile/entries/000", lambda data: data.replace(b'"duo"', b'"gak"', 1)),
        "entry 0: and its hash in tile/0/000 do not agree",
    ),
    "a tile is changed": (replaced("tile/0/001", lambda data: data[:-1] + b"\0"), "entry 511: and its hash in tile/0/001"),
    "an upper tile is changed": (replaced("tile/1/000.p/2", bytes.upper), "tile/1/000.p/2: does not hold what follows"),
    "a file too many": (lambda files: files.update({"notes.txt": b""}), "notes.txt: does not belong"),
    "an older partial tile": (lambda files: files.update({"tile/0/002.p/3": bytes(96)}), "tile/0/002.p/3: does not belong"),
    "the checkpoint's size is changed": (
        replaced("checkpoint", lambda data: data.replace(b"\n600\n", b"\n599\n")),
        "signature does not hold",
    ),
    "the checkpoint is of another origin": (
        replaced(
            "checkpoint", lambda data: sign_note("hub.example/b\n" + data.decode().split("\n", 1)[1][:49], signer()).encode()
        ),
        "it is not three lines: the log's name",
    ),
    "the checkpoint is signed twice": (
        replaced("checkpoint", lambda data: data + data.splitlines(keepends=True)[-1]),
        "or it is signed more than once",
    ),
    "the checkpoint has a line more": (replaced("checkpoint", lambda data: data + b"\n"), "checkpoint: "),
}


@pytest.mark.parametrize(("change", "said"), CHANGED.values(), ids=CHANGED)
def test_what_is_changed_is_named(change: Callable[[dict[str, bytes]], None], said: str, tmp_path: Path) -> None:
    whole = exported(BODIES)
    files = dict(whole.files)
    change(files)
    code, text = run(Exported(files, whole.trust), tmp_path)
    assert code == 1
    assert "NOT VERIFIED" in text
    assert said in text


def test_the_other_entries_stay_verified_when_a_tile_alone_is_changed(tmp_path: Path) -> None:
    whole = exported(BODIES[:300])
    files = {**whole.files, "tile/0/001.p/44": bytes(32) + whole.files["tile/0/001.p/44"][32:]}
    code, text = run(Exported(files, whole.trust), tmp_path, "--json")
    entries = json.loads(text)["entries"]
    assert code == 1
    assert [line["index"] for line in entries if line["verdict"] != "verified"] == [256]


def test_a_lost_bundle_is_named_and_the_rest_still_follows_from_its_tile(tmp_path: Path) -> None:
    whole = exported(BODIES)
    files = {path: content for path, content in whole.files.items() if path != "tile/entries/001"}
    code, text = run(Exported(files, whole.trust), tmp_path, "--json")
    told = json.loads(text)
    assert code == 1
    assert [line["index"] for line in told["entries"] if line["kind"] == "unreadable"] == list(range(256, 512))
    assert not any("root" in finding["where"] for finding in told["findings"])


def test_a_log_signed_by_another_key(tmp_path: Path) -> None:
    forged = exported(BODIES[:5], signer(8))
    code, text = run(Exported(forged.files, exported(BODIES[:5]).trust), tmp_path)
    assert code == 1
    assert "has not signed" in text


def test_a_log_of_another_name(tmp_path: Path) -> None:
    other = exported(BODIES[:5], signer(7, "hub.example/regio-b"))
    assert run(Exported(other.files, exported(BODIES[:5]).trust), tmp_path)[0] == 1


def test_a_log_rolled_back(tmp_path: Path) -> None:
    code, text = run(Exported(exported(BODIES[:300]).files, exported(BODIES, earlier=301).trust), tmp_path)
    assert code == 1
    assert "rolled back" in text


@pytest.mark.parametrize("earlier", [1, 256, 257, 400, 600])
def test_a_log_with_another_past(earlier: int, tmp_path: Path) -> None:
    """The same key signed both, so only the earlier checkpoint shows it."""
    rewritten = [entry.canonical({**entry.parse(BODIES[0]), "operation": "hide"}), *BODIES[1:]]
    code, text = run(Exported(exported(rewritten).files, exported(BODIES, earlier=earlier).trust), tmp_path)
    assert code == 1
    assert "the log's past was changed" in text


def test_an_earlier_checkpoint_of_another_key(tmp_path: Path) -> None:
    trust = exported(BODIES[:5]).trust + "\n" + checkpoint_of(BODIES[:3], signer(8)).note
    code, text = run(Exported(exported(BODIES[:5]).files, trust), tmp_path)
    assert code == 1
    assert "the earlier checkpoint" in text


def changed_entry(**changes: object) -> bytes:
    fields = {**entry.parse(BODIES[5]), **changes}
    return entry.canonical({name: value for name, value in fields.items() if value is not ...})


SIGNED_BUT_WRONG = {
    "no JSON": (b"hello", "entry 5: it is not canonical JSON"),
    "nothing": (b"", "entry 5: is MISSING"),
    "nested": (b"[" * 60_000, "entry 5: it is not canonical JSON"),
    "a long number": (b"9" * 60_000, "entry 5: it is not canonical JSON"),
    "a surrogate": (b'"\\ud800"', "entry 5: it is not canonical JSON"),
    "not a number": (BODIES[5].replace(b'"count":1', b'"count":NaN'), "entry 5: it is not canonical JSON"),
    "a fraction": (BODIES[5].replace(b'"count":1', b'"count":1.0'), "entry 5: its count is not well formed"),
    "spaces": (BODIES[5].replace(b",", b", "), "entry 5: it is not canonical JSON"),
    "twice a key": (BODIES[5].replace(b'"v":1', b'"v":1,"v":1'), "entry 5: it is not canonical JSON"),
    "a list": (b"[]", "entry 5: it is not canonical JSON"),
    "no actor": (changed_entry(actor=...), "entry 5: its kind is unknown, or it has not exactly the fields"),
    "another kind": (changed_entry(kind="gossip"), "entry 5: its kind is unknown"),
    "kind a list": (changed_entry(kind=[]), "entry 5: its kind is unknown"),
    "an empty purpose": (changed_entry(purpose=""), "entry 5: its purpose is not well formed"),
    "a purpose as list": (changed_entry(purpose=[]), "entry 5: its purpose is not well formed"),
    "no digest": (changed_entry(digest="A"), "entry 5: its digest is not well formed"),
    "version true": (changed_entry(v=True), "entry 5: its v is not well formed"),
    "no ground": (changed_entry(basis=[]), "entry 5: its decision does not fit"),
    "a refusal that permits": (changed_entry(kind="refusal"), "entry 5: its decision does not fit"),
    "another log": (changed_entry(log="regio-b"), "entry 5: it names another log"),
    "before its time": (changed_entry(us=START), "entry 5: its moment lies before"),
    "after its time": (changed_entry(us=START + 10**12), "entry 6: its moment lies before"),
}


@pytest.mark.parametrize(("body", "said"), SIGNED_BUT_WRONG.values(), ids=SIGNED_BUT_WRONG)
def test_an_entry_that_is_wrong_although_signed(body: bytes, said: str, tmp_path: Path) -> None:
    code, text = run(exported([*BODIES[:5], body, *BODIES[6:20]]), tmp_path)
    assert code == 1
    assert said in text


def test_the_verifier_and_the_hub_agree_on_what_an_entry_is() -> None:
    for body in BODIES[:40]:
        assert verify.read_entry(body) == dict(entry.parse(body))


# --- What lies about --------------------------------------------------------------------------------------------------------


def test_links_empty_directories_and_pipes_are_named(tmp_path: Path) -> None:
    top, trust = exported(BODIES[:300]).write(tmp_path)
    (top / "tile/2").mkdir()
    (top / "link").symlink_to(top / "checkpoint")
    (top / "tile/loop").symlink_to(top)
    os.mkfifo(top / "tile/pipe")
    code, text = verdict(top, trust)
    assert code == 1
    for said in ("tile/2: is a directory", "link: is a link", "tile/loop: is a link", "tile/pipe: is neither"):
        assert said in text


def test_a_file_behind_a_link_does_not_count(tmp_path: Path) -> None:
    top, trust = exported(BODIES[:300]).write(tmp_path)
    (top / "checkpoint").rename(tmp_path / "checkpoint")
    (top / "checkpoint").symlink_to(tmp_path / "checkpoint")
    code, text = verdict(top, trust)
    assert code == 1
    assert "checkpoint: is a link" in text


def test_names_cannot_fool_a_terminal(tmp_path: Path) -> None:
    top, trust = exported(BODIES[:3]).write(tmp_path)
    (top / "\x1b[2Jname").write_bytes(b"")
    os.close(os.open(os.fsencode(top) + b"/\xff\xfe", os.O_CREAT | os.O_WRONLY))
    for options in ((), ("--json",)):
        code, text = verdict(top, trust, *options)
        assert code == 1
        assert "\x1b" not in text


def test_a_huge_size_that_was_signed_ends_at_once(tmp_path: Path) -> None:
    files = {"checkpoint": make_checkpoint(signer(), 10**17, bytes(32)).encode()}
    code, text = run(Exported(files, exported([]).trust), tmp_path)
    assert code == 1
    assert "lacks more files" in text


# --- Wrong questions --------------------------------------------------------------------------------------------------------

LINE = f"log {signer().vkey}\n"
WRONG_TRUST = {
    "nothing": "",
    "only a comment": "# nobody\n",
    "twice a log": LINE + LINE,
    "a log as a witness": LINE + f"witness w {signer(8).vkey}\nquorum w\n",
    "a quorum": LINE + "quorum w\n",
    "no key": "log\n",
    "no vkey": "log hub.example\n",
    "another hash": LINE.replace("+", "+0", 1),
    "only a checkpoint": checkpoint_of([], signer()).note,
    "no blank line before the checkpoint": LINE + checkpoint_of([], signer()).note,
    "Windows line ends": LINE.replace("\n", "\r\n"),
    "control characters": LINE + "\0",
    "too large": LINE + "#" * (1 << 20),
}


@pytest.mark.parametrize("trust", WRONG_TRUST.values(), ids=WRONG_TRUST)
def test_a_trust_file_that_names_no_one_log(trust: str, tmp_path: Path) -> None:
    code, text = run(Exported(exported(BODIES[:3]).files, trust), tmp_path)
    assert code == 2, text


def test_the_trust_file_may_be_laid_out_freely(tmp_path: Path) -> None:
    trust = (
        f"\n# mine\n\t log\t{signer().vkey}  https://hub.example/log \n\n# more\nquorum  none\n\n"
        + checkpoint_of([], signer()).note
    )
    code, text = run(Exported(exported(BODIES[:3]).files, trust), tmp_path)
    assert code == 0, text


def test_wrong_calls(tmp_path: Path) -> None:
    top, trust = exported(BODIES[:3]).write(tmp_path)
    assert verdict(top / "checkpoint", trust)[0] == 2
    assert verdict(top / "nowhere", trust)[0] == 2
    assert verdict(top, tmp_path / "nowhere")[0] == 2
    assert verdict(top, tmp_path)[0] == 2
    (tmp_path / "trust").write_bytes(b"\xff")
    assert verdict(top, trust)[0] == 2
    assert subprocess.run([sys.executable, "-I", verify.__file__], capture_output=True, check=False).returncode == 2


def test_it_imports_nothing_but_the_standard_library() -> None:
    lines = Path(verify.__file__).read_text().splitlines()
    imported = {line.split()[1].split(".")[0] for line in lines if line.startswith(("import ", "from "))}
    assert imported <= sys.stdlib_module_names


def test_a_reader_that_stops_reading_leaves_the_verdict(tmp_path: Path) -> None:
    top, trust = exported(BODIES).write(tmp_path)
    command = (
        f'"{sys.executable}" -I "{verify.__file__}" "{top}" --trust "{trust}" --json | head -c 10; exit ${{PIPESTATUS[0]}}'
    )
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_log_rebuilt_whole_under_the_old_checkpoint(tmp_path: Path) -> None:
    """Bundles and tiles agree with each other; the signed root alone tells."""
    whole = exported(BODIES[:300])
    rebuilt = exported([BODIES[1], BODIES[0], *BODIES[2:300]])
    code, text = run(Exported({**rebuilt.files, "checkpoint": whole.files["checkpoint"]}, whole.trust), tmp_path)
    assert code == 1
    assert "the root: that was signed" in text


def test_an_earlier_checkpoint_of_an_empty_log_with_entries_under_it(tmp_path: Path) -> None:
    wrong = make_checkpoint(signer(), 0, bytes(32))
    code, text = run(Exported(exported(BODIES[:3]).files, exported([]).trust + "\n" + wrong), tmp_path)
    assert code == 1
    assert "the first 0 entries" in text
