"""A recipient's own check of a receipt, with nothing of the hub but the published verifier: C2SP tlog-proof, RFC 9162."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ops.verify.verify import Checkpoint, Fault, Key, leaf_of, read_checkpoint, read_key, unbase64

_HEADER = "c2sp.org/tlog-proof@v1"


class Receipts:
    """Checks receipts against one public key; the checkpoint of a page is read once."""

    def __init__(self, verifier_key: str) -> None:
        self._key: Key = read_key(verifier_key)
        self._read: tuple[str, Checkpoint] | None = None

    def checkpoint(self, note: str) -> Checkpoint:
        """The checkpoint in a signed note. Raises Fault."""
        if self._read is None or self._read[0] != note:
            self._read = note, read_checkpoint(note.encode(), self._key)
        return self._read[1]

    def check(self, receipt: str, line: str, delivery_id: str, recipient: str) -> dict[str, Any]:
        """The log's line on this delivery to this recipient, proven to be in the log. Raises Fault where it is not."""
        head, _, note = receipt.partition("\n\n")
        header, index, *proof = head.split("\n")
        word, _, number = index.partition(" ")
        if header != _HEADER or word != "index" or not number.isdecimal():
            raise Fault("it is not a tlog-proof")
        under = self.checkpoint(note)
        if root_from(leaf_of(line.encode()), int(number), under.size, [unbase64(part) for part in proof]) != under.root:
            raise Fault("its hashes do not lead to the root")
        entry: dict[str, Any] = json.loads(line)
        if entry.get("ref") != delivery_id or entry.get("recipient") != recipient:
            raise Fault("its line is about another delivery")
        return entry


def root_from(leaf: bytes, index: int, size: int, proof: list[bytes]) -> bytes:
    """The root that an inclusion proof leads to (RFC 9162, section 2.1.3.2). Raises Fault where it cannot lead to one."""
    if index >= size:
        raise Fault("its index lies beyond the log")
    at, last, found = index, size - 1, leaf
    for part in proof:
        if last == 0:
            raise Fault("it has more hashes than the tree has levels")
        if at & 1 or at == last:
            found = hashlib.sha256(b"\x01" + part + found).digest()
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + part).digest()
        at, last = at >> 1, last >> 1
    if last:
        raise Fault("it has fewer hashes than the tree has levels")
    return found
