"""Notes, checkpoints and receipts, against the reference implementation's example and against every kind of damage."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit import checkpoint, tree
from hub.audit.checkpoint import VerifierKey, make_checkpoint, make_receipt, open_note, open_signed
from hub.audit.signing import LogSigner
from hub.errors import Tampered
from tests.fakes.log import node_of, sample_bodies, signer

NOTE = json.loads((Path(__file__).parents[2] / "vectors/log/note.json").read_text())
ROOT = bytes(range(32))


class TestReferenceExample:
    """golang.org/x/mod/sumdb/note: the key, the text and the signature of its documentation."""

    note = NOTE["text"] + "\n" + NOTE["signature"]

    def test_opens(self) -> None:
        assert open_signed(self.note, NOTE["vkey"]) == NOTE["text"]

    def test_signs_alike(self) -> None:
        key = Ed25519PrivateKey.from_private_bytes(b64decode(NOTE["seed"])[1:])
        again = LogSigner("PeterNeumann", key)
        assert again.vkey == NOTE["vkey"]
        assert checkpoint.sign_note(NOTE["text"], again) == self.note

    def test_no_other_key_text_is_accepted(self) -> None:
        vkey = NOTE["vkey"]
        mangled = {vkey[:at] + chr(ord(vkey[at]) + 1) + vkey[at + 1 :] for at in range(len(vkey))}
        mangled |= (
            {vkey[:at] for at in range(len(vkey))} | {vkey[at:] for at in range(1, len(vkey))} | {vkey + "=", vkey + "\n"}
        )
        mangled |= {vkey.replace("c74f20a3", "C74F20A3"), "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"}
        for text in mangled:
            with pytest.raises(Tampered):
                VerifierKey.parse(text)


def test_the_poem_of_the_specification_is_read_but_its_key_is_not_ours() -> None:
    """A note whose text holds an empty line: only the last one parts text from signatures."""
    with pytest.raises(Tampered, match="has not signed"):
        open_signed(NOTE["poem"], NOTE["vkey"])


def test_a_checkpoint_round_trip() -> None:
    by = signer()
    note = make_checkpoint(by, 20_852_163, ROOT)
    opened = open_note(note, by.vkey)
    assert (opened.origin, opened.size, opened.root, opened.note) == (by.name, 20_852_163, ROOT, note)
    assert note.startswith(f"{by.name}\n20852163\n{b64encode(ROOT).decode()}\n\n— {by.name} ")


def test_signatures_of_unknown_keys_are_passed_over() -> None:
    by, other = signer(), signer(8, "witness.example")
    namesake = signer(9)
    note = make_checkpoint(by, 5, ROOT)
    line = make_checkpoint(other, 5, ROOT).rpartition("\n\n")[2]
    same_name = make_checkpoint(namesake, 5, ROOT).rpartition("\n\n")[2]
    assert open_note(note + line + same_name, by.vkey).size == 5
    text, _, own = note.rpartition("\n\n")
    assert open_note(f"{text}\n\n{line}{own}", by.vkey).size == 5


def test_sixteen_other_signatures_are_accepted() -> None:
    by = signer()
    lines = "".join(make_checkpoint(signer(seed, f"w{seed}.example"), 5, ROOT).rpartition("\n\n")[2] for seed in range(20, 36))
    assert open_note(make_checkpoint(by, 5, ROOT) + lines, by.vkey).size == 5


def _signed(text: str) -> str:
    return checkpoint.sign_note(text, signer())


DAMAGED = {
    "another key": make_checkpoint(signer(8), 5, ROOT),
    "another origin": make_checkpoint(signer(7, "hub.example/regio-b"), 5, ROOT),
    "no signature": make_checkpoint(signer(), 5, ROOT).rpartition("\n\n")[0] + "\n",
    "signed twice": make_checkpoint(signer(), 5, ROOT) + make_checkpoint(signer(), 5, ROOT).rpartition("\n\n")[2],
    "no last newline": make_checkpoint(signer(), 5, ROOT)[:-1],
    "a line more": make_checkpoint(signer(), 5, ROOT) + "\n",
    "carriage returns": make_checkpoint(signer(), 5, ROOT).replace("\n", "\r\n"),
    "a signature too short": "x\n\n— hub.example/regio-a AAAA\n",
    "another dash": make_checkpoint(signer(), 5, ROOT).replace("—", "-"),
    "surrogates": "\ud800" + make_checkpoint(signer(), 5, ROOT),
    "empty": "",
    "signed: a leading zero": _signed(f"{signer().name}\n05\n{b64encode(ROOT).decode()}\n"),
    "signed: an extension": _signed(f"{signer().name}\n5\n{b64encode(ROOT).decode()}\nmore\n"),
    "signed: a root too short": _signed(f"{signer().name}\n5\n{b64encode(ROOT[:31]).decode()}\n"),
    "signed: base64 not canonical": _signed(f"{signer().name}\n5\n{b64encode(ROOT).decode()[:-2]}9=\n"),
    "signed: another origin": _signed(f"hub.example/regio-b\n5\n{b64encode(ROOT).decode()}\n"),
    "signed: negative": _signed(f"{signer().name}\n-5\n{b64encode(ROOT).decode()}\n"),
    "signed: other digits": _signed(f"{signer().name}\n٥\n{b64encode(ROOT).decode()}\n"),
    "signed: empty with a root": _signed(f"{signer().name}\n0\n{b64encode(ROOT).decode()}\n"),
    "signed: larger than any log": _signed(f"{signer().name}\n{1 << 63}\n{b64encode(ROOT).decode()}\n"),
}


@pytest.mark.parametrize("note", DAMAGED.values(), ids=DAMAGED)
def test_what_is_damaged_does_not_open(note: str) -> None:
    with pytest.raises(Tampered):
        open_note(note, signer().vkey)


def test_every_byte_of_a_checkpoint_counts() -> None:
    by = signer()
    note = make_checkpoint(by, 5, ROOT)
    for at in range(len(note)):
        for other in {"A", "1", "\n", chr(ord(note[at]) ^ 1)} - {note[at]}:
            with pytest.raises(Tampered):
                open_note(note[:at] + other + note[at + 1 :], by.vkey)


@pytest.mark.parametrize(("size", "root"), [(-1, ROOT), (5, ROOT[:31]), (1 << 63, ROOT)])
def test_no_log_has_such_a_checkpoint(size: int, root: bytes) -> None:
    with pytest.raises(ValueError):
        make_checkpoint(signer(), size, root)


def test_control_characters_are_not_read_even_when_signed() -> None:
    by = signer()
    key = VerifierKey.parse(by.vkey)
    for text in ("a\tb\n", "a\0b\n", "a\rb\n"):
        line = f"— {by.name} {b64encode(key.key_id + by.sign(text.encode())).decode()}\n"
        with pytest.raises(Tampered, match="control characters"):
            open_signed(f"{text}\n{line}", by.vkey)


def test_control_characters_are_not_signed() -> None:
    with pytest.raises(ValueError):
        checkpoint.sign_note("a\tb\n", signer())


class TestReceipt:
    bodies = sample_bodies(11)
    leaves = tuple(tree.leaf_hash(body) for body in bodies)
    note = make_checkpoint(signer(), 11, tree.Frontier().extend(leaves).root)

    def receipt(self, index: int) -> str:
        return make_receipt(index, tree.inclusion_proof(index, 11, node_of(list(self.leaves))), self.note)

    def test_shows_each_entry_and_no_other(self) -> None:
        for index, body in enumerate(self.bodies):
            assert checkpoint.check_receipt(self.receipt(index), body, signer().vkey).size == 11
            for other in (self.bodies[index - 1], body + b" ", b""):
                with pytest.raises(Tampered):
                    checkpoint.check_receipt(self.receipt(index), other, signer().vkey)

    def test_is_written_as_the_specification_says(self) -> None:
        head, _, note = self.receipt(10).partition("\n\n")
        assert head.split("\n")[:2] == ["c2sp.org/tlog-proof@v1", "index 10"]
        assert note == self.note

    def test_extra_data_is_passed_over(self) -> None:
        text = self.receipt(3).replace("@v1\n", "@v1\nextra YWI=\n")
        assert checkpoint.check_receipt(text, self.bodies[3], signer().vkey).size == 11

    def test_a_log_of_one_needs_no_hashes(self) -> None:
        note = make_checkpoint(signer(), 1, self.leaves[0])
        text = make_receipt(0, [], note)
        assert checkpoint.check_receipt(text, self.bodies[0], signer().vkey).size == 1

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("@v1", "@v2"),
            ("index 3", "index 03"),
            ("index 3", "index 4"),
            ("index 3", "index -3"),
            ("index 3", "Index 3"),
            ("index 3\n", ""),
            ("@v1\n", "@v1\nextra ab\n"),
            ("@v1\n", "@v1\nextra YWI=\nextra YWI=\n"),
            ("=\n", "\n"),
            ("\n\n", "\n"),
            ("index 3\n", "index 3\nYWI=\n"),
        ],
    )
    def test_is_refused_when_written_otherwise(self, old: str, new: str) -> None:
        text = self.receipt(3)
        assert old in text
        with pytest.raises(Tampered):
            checkpoint.check_receipt(text.replace(old, new, 1), self.bodies[3], signer().vkey)


PROOF = """c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6kYXJ3aW4tYXJ
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=
"""


def test_the_example_of_tlog_proof_is_read() -> None:
    """Its signatures are left out of the specification, so that only the form can be held against it."""
    parsed = checkpoint.parse_receipt(PROOF)
    assert (parsed.index, len(parsed.proof), parsed.checkpoint) == (73_894, 5, PROOF.partition("\n\n")[2])
    assert checkpoint.read_body(parsed.checkpoint)[:2] == ("example.com/fancylog", 109_482)
    plain = checkpoint.make_receipt(parsed.index, parsed.proof, parsed.checkpoint)
    assert plain == PROOF.replace(PROOF.split("\n")[1] + "\n", "")


def test_sizes_end_where_63_bits_do() -> None:
    by = signer()
    largest = make_checkpoint(by, (1 << 63) - 1, ROOT)
    assert open_note(largest, by.vkey).size == (1 << 63) - 1


def test_signatures_are_read_as_they_are_written() -> None:
    note = make_checkpoint(signer(), 5, ROOT) + make_checkpoint(signer(8, "w.example"), 5, ROOT).rpartition("\n\n")[2]
    text, signatures = checkpoint.split_note(note)
    assert f"{text}\n{''.join(each.line for each in signatures)}" == note
    for spoilt in ("", "\n", note[:-1], "\n\n" + signatures[0].line, text + "\n\n\n", text + "\n" + signatures[0].line * 65):
        with pytest.raises(Tampered):
            checkpoint.split_note(spoilt)
