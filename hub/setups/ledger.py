"""Everything that happened to connector instances, held against the signed log: a table alone proves nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import orjson

from hub.audit.ledger import Ledger
from hub.audit.log import Log
from hub.connector import Setup
from hub.errors import Tampered
from hub.formats.agreed import FileColumns
from hub.setups.actor import Actor
from hub.setups.standing import MAKES, Act, Move

_WHO: Final = ("staff", "client", "account")
_WORD: Final = {
    Act.credential: "credential",
    Act.remove: "credential",
    Act.break_glass: "reason",
    Act.rollback: "restored",
    Act.test: "outcome",
    Act.dry_run: "mapping",
    Act.sample: "mapping",
    Act.layout: "mapping",
}
"""What the log calls the word of a move."""


def canonical(setup: Setup) -> str:
    """The setup as the one text of it that is kept and hashed."""
    return orjson.dumps(setup.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS).decode()


def digest_of(text: str | bytes) -> bytes:
    """Of a setup's text, or of a sealed credential: what the log says of it."""
    return sha256(text.encode() if isinstance(text, str) else text).digest()


def layout_text(columns: FileColumns) -> str:
    """The columns or paths of a file as the one text of them that is kept and hashed."""
    told = [[digest.hex(), name] for digest, name in zip(columns.digests, columns.names, strict=True)]
    return orjson.dumps({"mapping": columns.mapping, "columns": told}).decode()


def check_layout(text: str | None, instance: str, digest: bytes) -> FileColumns:
    """The layout that was found. Raises errors.Tampered unless it is the one that the log speaks of."""
    if text is None or digest_of(text) != digest:
        raise tampered(instance)
    said = orjson.loads(text)
    digests, names = [tuple(each) for each in zip(*said["columns"], strict=True)] or [(), ()]
    return FileColumns(said["mapping"], tuple(bytes.fromhex(each) for each in digests), names)


def details_of(move: Move, by: Actor) -> dict[str, str | int]:
    """What the log says of a move, but for who in the staff did it."""
    said: dict[str, str | int] = {"connector": move.instance, "seq": move.seq, "version": move.version, **by.details}
    if move.word:
        said[_WORD[move.act]] = move.word
    if move.digest:
        said["hash"] = move.digest.hex()
    return said


def ledger_of(log: Log) -> Ledger[Move]:
    """Moves, held against this log."""
    return Ledger(log, lambda move: move.ref, _says)


def _says(said: Mapping[str, Any], move: Move) -> bool:
    details = said.get("details", {})
    who = next((details[kind] for kind in _WHO if kind in details), "")
    return bool(
        said.get("operation") == move.act.operation
        and (details.get("connector"), details.get("seq"), details.get("version")) == (move.instance, move.seq, move.version)
        and (details.get(_WORD.get(move.act, ""), ""), details.get("hash", ""), who) == (move.word, move.digest.hex(), move.who)
    )


def check_body(text: str | None, moves: Sequence[Move], version: int) -> Setup:
    """The setup of a version. Raises errors.Tampered unless it is the one that the log speaks of."""
    made = next((move for move in moves if move.act in MAKES and move.version == version), None)
    if text is None or made is None or digest_of(text) != made.digest:
        raise tampered(moves[0].instance)
    return Setup.model_validate_json(text)


def check_sealed(sealed: bytes | None, moves: Sequence[Move], seq: int) -> bytes:
    """A sealed credential. Raises errors.Tampered unless it is the one that the log speaks of."""
    given = next((move for move in moves if move.seq == seq and move.act is Act.credential), None)
    if sealed is None or given is None or digest_of(sealed) != given.digest:
        raise tampered(moves[0].instance)
    return sealed


def tampered(instance: str) -> Tampered:
    """Something stands in the tables that the log does not speak of."""
    return Tampered(
        f"The connector {instance} is not set up as the log says.",
        "It was put into the database past the hub, or changed there.",
        "Stop, keep everything, and call the privacy officer.",
    )
