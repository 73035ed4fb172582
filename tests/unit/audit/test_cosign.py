"""Cosignatures: the specification's example, a foreign log's, our own, and every kind of damage."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from hub.audit import tree
from hub.audit.checkpoint import MOST_SIGNATURES, VerifierKey, make_checkpoint, open_note, read_body, split_note
from hub.audit.cosign import Cosigner, CosignerKey, Kind, cosign, cosign_line, cosigned, with_signatures
from hub.audit.signing import PostQuantumSigner, WitnessSigner
from hub.errors import Tampered
from tests.fakes.log import signer

FOREIGN = json.loads((Path(__file__).parents[2] / "vectors/log/mldsa.json").read_text())
EXAMPLE = json.loads((Path(__file__).parents[2] / "vectors/log/note.json").read_text())["cosigned"]
ROOT = bytes(range(32))
LOG = signer()
NOTE = make_checkpoint(LOG, 5, ROOT)
BODY = NOTE.partition("\n\n")[0] + "\n"
NOW = 1_790_000_000


def _ed25519(seed: int, name: str) -> WitnessSigner:
    return WitnessSigner(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


W1, W2 = _ed25519(41, "witness.example/w1"), _ed25519(42, "witness.example/w2")
QUANTUM = PostQuantumSigner(LOG.name, MLDSA44PrivateKey.from_seed_bytes(bytes(32)))
BOTH = pytest.mark.parametrize("by", [W1, QUANTUM], ids=["ed25519", "mldsa44"])


def key_of(by: Cosigner) -> CosignerKey:
    return CosignerKey.parse(by.vkey)


class TestExampleOfTheSpecification:
    def test_its_lines_are_read_and_written_alike(self) -> None:
        text, signatures = split_note(EXAMPLE)
        assert read_body(text) == ("example.com/behind-the-sofa", 20_852_163, b64decode(text.split("\n")[2]))
        assert [each.name for each in signatures] == ["example.com/behind-the-sofa", "witness.example.com/w1"]
        assert int.from_bytes(signatures[1].blob[:8]) == 1_679_315_147
        assert with_signatures(EXAMPLE, [each.line for each in signatures]) == EXAMPLE

    def test_the_message_is_the_one_that_it_shows(self) -> None:
        """Two lines, then the text: what an Ed25519 cosignature is over."""
        text, _ = split_note(EXAMPLE)
        blob = b64decode(cosign_line(W1, text, 1_679_315_147).split(" ")[2])
        assert blob[:12] == key_of(W1).key_id + (1_679_315_147).to_bytes(8)
        message = b"cosignature/v1\ntime 1679315147\n" + text.encode()
        Ed25519PublicKey.from_public_bytes(key_of(W1).public).verify(blob[12:], message)

    def test_the_key_id_depends_on_name_type_and_key(self) -> None:
        ids = {CosignerKey.of(name, Kind.ed25519, key_of(each).public).key_id for name in ("a", "b") for each in (W1, W2)}
        ids.add(VerifierKey.of("a", key_of(W1).public).key_id)
        assert len(ids) == 5


class TestForeignLog:
    """A log of another's making that signs in ML-DSA-44 alone, without a time."""

    key = CosignerKey.parse(FOREIGN["vkey"])

    def test_holds(self) -> None:
        assert (self.key.kind, str(self.key)) == (Kind.mldsa44, FOREIGN["vkey"])
        assert cosigned(FOREIGN["note"], self.key) == 0

    def test_not_for_another_size_root_origin_or_time(self) -> None:
        text, signatures = split_note(FOREIGN["note"])
        blob = signatures[0].blob
        line = signatures[0].line
        timed = f"— {self.key.name} {b64encode(self.key.key_id + (1).to_bytes(8) + blob[8:]).decode()}\n"
        root = b64encode(bytes(32)).decode()
        others = [text.replace("\n1\n", "\n2\n"), text.replace("log\n", "lag\n"), text.replace(text.split("\n")[2], root)]
        for note in [*(f"{other}\n{line}" for other in others), f"{text}\n{timed}"]:
            with pytest.raises(Tampered, match="not its cosigner"):
                cosigned(note, self.key)


@BOTH
def test_a_cosignature_tells_its_time(by: Cosigner) -> None:
    note = cosign(NOTE, by, NOW)
    assert cosigned(note, key_of(by)) == NOW
    assert cosigned(NOTE, key_of(by)) is None
    assert open_note(note, LOG.vkey).size == 5


@BOTH
def test_it_is_over_this_checkpoint_alone(by: Cosigner) -> None:
    line = cosign_line(by, BODY, NOW)
    for other in (make_checkpoint(LOG, 6, ROOT), make_checkpoint(LOG, 5, bytes(32)), make_checkpoint(signer(7, "b"), 5, ROOT)):
        with pytest.raises(Tampered, match="not its cosigner"):
            cosigned(with_signatures(other, [line]), key_of(by))


@BOTH
def test_every_byte_of_a_line_counts(by: Cosigner) -> None:
    head, _, encoded = cosign_line(by, BODY, NOW).rstrip("\n").rpartition(" ")
    blob = bytearray(b64decode(encoded))
    for at in {*range(13), *range(13, len(blob), 97), len(blob) - 1}:
        spoilt = bytes(blob[:at]) + bytes([blob[at] ^ 1]) + bytes(blob[at + 1 :])
        note = f"{NOTE}{head} {b64encode(spoilt).decode()}\n"
        if at < 4:  # another key's then, of whom nothing is known
            assert cosigned(note, key_of(by)) is None
            continue
        with pytest.raises(Tampered):
            cosigned(note, key_of(by))
    for spoilt in (bytes(blob[:-1]), bytes(blob) + b"\0", bytes(blob[:12]), bytes(blob[:5])):
        with pytest.raises(Tampered, match="a time and a signature"):
            cosigned(f"{NOTE}{head} {b64encode(spoilt).decode()}\n", key_of(by))


def test_the_newest_of_two_counts_and_both_must_hold() -> None:
    first, second = cosign_line(W1, BODY, NOW), cosign_line(W1, BODY, NOW + 60)
    assert cosigned(NOTE + second + first, key_of(W1)) == NOW + 60
    spoilt = cosign_line(W1, make_checkpoint(LOG, 6, ROOT).partition("\n\n")[0] + "\n", NOW)
    with pytest.raises(Tampered):
        cosigned(NOTE + first + spoilt, key_of(W1))


def test_no_time_is_beyond_63_bits() -> None:
    late = 1 << 63
    blob = key_of(W1).key_id + late.to_bytes(8) + W1.sign(f"cosignature/v1\ntime {late}\n{BODY}".encode())
    with pytest.raises(Tampered, match="a time and a signature"):
        cosigned(f"{NOTE}— {W1.name} {b64encode(blob).decode()}\n", key_of(W1))


def test_a_name_is_part_of_what_ml_dsa_signs() -> None:
    """The same key under another name: its line, renamed, does not hold."""
    other = PostQuantumSigner("another.example", MLDSA44PrivateKey.from_seed_bytes(bytes(32)))
    blob = split_note(cosign(NOTE, QUANTUM, NOW))[1][1].blob
    line = f"— {other.name} {b64encode(key_of(other).key_id + blob).decode()}\n"
    with pytest.raises(Tampered, match="not its cosigner"):
        cosigned(NOTE + line, key_of(other))


class TestLines:
    def test_the_log_s_own_come_first(self) -> None:
        note = cosign(cosign(cosign(NOTE, W1, NOW), W2, NOW), QUANTUM, NOW)
        names = [each.name for each in split_note(note)[1]]
        assert names == [LOG.name, LOG.name, W1.name, W2.name]

    def test_each_signs_once_and_the_newest_stays(self) -> None:
        note = cosign(cosign(cosign(NOTE, W1, NOW), W2, NOW), W1, NOW + 5)
        assert [each.name for each in split_note(note)[1]] == [LOG.name, W1.name, W2.name]
        assert cosigned(note, key_of(W1)) == NOW + 5

    def test_nobody_replaces_what_the_log_signed(self) -> None:
        forged = split_note(make_checkpoint(LOG, 6, ROOT))[1][0].line
        assert with_signatures(NOTE, [forged]) == NOTE
        dressed = cosign(NOTE, QUANTUM, NOW)
        assert cosign(dressed, QUANTUM, NOW + 9) == dressed

    def test_no_more_than_readers_accept(self) -> None:
        lines = [cosign_line(_ed25519(seed, f"w{seed}.example"), BODY, NOW) for seed in range(100, 100 + MOST_SIGNATURES)]
        full = with_signatures(NOTE, lines[:-1])
        assert open_note(full, LOG.vkey).size == 5
        with pytest.raises(Tampered, match="more than its readers"):
            with_signatures(full, lines[-1:])

    @pytest.mark.parametrize(
        "line", ["", "\n", "— a", "— a AAAAAAAA", "- a AAAAAAAA\n", "— a b AAAAAAAA\n", "— a AAAA\n", "— a AAAAAAAA\n\n"]
    )
    def test_what_is_no_line(self, line: str) -> None:
        with pytest.raises(Tampered):
            with_signatures(NOTE, [line])


@BOTH
def test_keys_are_written_in_one_way(by: Cosigner) -> None:
    key = key_of(by)
    assert str(key) == by.vkey
    name, digest, material = by.vkey.split("+", 2)
    spoilt = [
        f"{name}+{digest.upper()}x+{material}",
        f"{name}+{digest}+{material}=",
        f"{name}x+{digest}+{material}",
        f"{name}+{digest}",
    ]
    for text in (*spoilt, "", LOG.vkey, f"{name} {digest}+{material}", "\ud800" + by.vkey, by.vkey + "\n", "n" * 256 + by.vkey):
        with pytest.raises(Tampered):
            CosignerKey.parse(text)


@pytest.mark.parametrize(
    ("name", "size"), [("", 32), ("a b", 32), ("a+b", 32), ("n" * 256, 32), ("a", 31), ("a", 1312), ("\ud800", 32)]
)
def test_who_cannot_cosign(name: str, size: int) -> None:
    with pytest.raises(ValueError):
        CosignerKey.of(name, Kind.ed25519, bytes(size))


@BOTH
def test_only_checkpoints_are_cosigned(by: Cosigner) -> None:
    empty = b64encode(tree.EMPTY_ROOT).decode()
    assert cosign_line(by, f"{LOG.name}\n0\n{empty}\n", NOW)
    for body in (
        "",
        "a text\n",
        BODY[:-1],
        BODY + "more\n",
        BODY.replace("5", "05"),
        f"a b\n0\n{empty}\n",
        f"a\n{1 << 63}\n{empty}\n",
    ):
        with pytest.raises(Tampered):
            cosign_line(by, body, NOW)
    for time_s in (-1, 1 << 63):
        with pytest.raises(ValueError):
            cosign_line(by, BODY, time_s)
