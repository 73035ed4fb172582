"""A recipient's own check of receipts, held against the hub's receipts: good ones pass, each damaged one is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.audit import tree
from hub.audit.checkpoint import VerifierKey, make_checkpoint, make_receipt
from ops.demo.receipts import Receipts, root_from
from ops.verify.verify import Fault
from tests.fakes.log import node_of

NAME = "regio.example/log"


class Signer:
    """A log's key."""

    def __init__(self, seed: int) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
        self.name = NAME
        self.vkey = str(VerifierKey.of(NAME, self._key.public_key().public_bytes_raw()))

    def sign(self, message: bytes, /) -> bytes:
        return self._key.sign(message)


SIGNER = Signer(7)
LINES = [json.dumps({"ref": f"d{number}", "recipient": "bureau"}) for number in range(11)]
LEAVES = [tree.leaf_hash(line.encode()) for line in LINES]


def receipt(index: int, size: int = len(LINES), signer: Signer = SIGNER) -> str:
    checkpoint = make_checkpoint(signer, size, tree.Frontier().extend(LEAVES[:size]).root)
    return make_receipt(index, tree.inclusion_proof(index, size, node_of(LEAVES[:size])), checkpoint)


@pytest.mark.parametrize("size", range(1, len(LINES) + 1))
def test_what_the_hub_gives_holds_for_every_entry_of_every_tree(size: int) -> None:
    receipts = Receipts(SIGNER.vkey)
    for index in range(size):
        assert receipts.check(receipt(index, size), LINES[index], f"d{index}", "bureau")["ref"] == f"d{index}"


DAMAGE: dict[str, Callable[[str, str], tuple[str, str]]] = {
    "another line": lambda proof, _: (proof, LINES[4]),
    "another index": lambda proof, line: (proof.replace("index 3", "index 2"), line),
    "an index beyond the log": lambda proof, line: (proof.replace("index 3", "index 11"), line),
    "a hash fewer": lambda proof, line: (re.sub(r"(index 3\n)\S+\n", r"\1", proof), line),
    "a hash more": lambda proof, line: (re.sub(r"(index 3\n)(\S+\n)", r"\1\2\2", proof), line),
    "another format": lambda proof, line: (proof.replace("@v1", "@v2"), line),
    "another key's signature": lambda _, line: (receipt(3, signer=Signer(8)), line),
    "another size": lambda proof, line: (proof.replace("\n11\n", "\n12\n"), line),
    "no checkpoint": lambda proof, line: (proof.split("\n\n")[0], line),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_receipt_is_refused(damage: Callable[[str, str], tuple[str, str]]) -> None:
    proof, line = damage(receipt(3), LINES[3])
    with pytest.raises(Fault):
        Receipts(SIGNER.vkey).check(proof, line, json.loads(line)["ref"], "bureau")


@pytest.mark.parametrize(("delivery", "recipient"), [("d4", "bureau"), ("d3", "ander-bureau")])
def test_a_proof_about_something_else_is_refused(delivery: str, recipient: str) -> None:
    with pytest.raises(Fault, match="another delivery"):
        Receipts(SIGNER.vkey).check(receipt(3), LINES[3], delivery, recipient)


def test_a_tree_of_one_needs_no_hashes() -> None:
    assert root_from(LEAVES[0], 0, 1, []) == LEAVES[0]
    with pytest.raises(Fault):
        root_from(LEAVES[0], 0, 1, [LEAVES[1]])


def test_a_page_reads_its_checkpoint_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Any] = []
    monkeypatch.setattr("ops.demo.receipts.read_checkpoint", lambda *given, **_: read.append(given))
    receipts = Receipts(SIGNER.vkey)
    for note in ("a", "a", "b"):
        receipts.checkpoint(note)
    assert len(read) == 2
