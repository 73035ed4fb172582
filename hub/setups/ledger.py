"""Everything that happened to connector instances, held against the signed log: a table alone proves nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import orjson

from hub.audit.entry import parse
from hub.audit.log import Log
from hub.connector import Setup
from hub.errors import Tampered
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
}
"""What the log calls the word of a move."""


def canonical(setup: Setup) -> str:
    """The setup as the one text of it that is kept and hashed."""
    return orjson.dumps(setup.model_dump(mode="json"), option=orjson.OPT_SORT_KEYS).decode()


def digest_of(text: str | bytes) -> bytes:
    """Of a setup's text, or of a sealed credential: what the log says of it."""
    return sha256(text.encode() if isinstance(text, str) else text).digest()


def details_of(move: Move, by: Actor) -> dict[str, str | int]:
    """What the log says of a move, but for who in the staff did it."""
    said: dict[str, str | int] = {"connector": move.instance, "seq": move.seq, "version": move.version, **by.details}
    if move.word:
        said[_WORD[move.act]] = move.word
    if move.digest:
        said["hash"] = move.digest.hex()
    return said


class Ledger:
    """Looks up in the log what the tables say; what it found true once it does not look up again."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._true: set[Move] = set()

    async def check(self, moves: Sequence[Move]) -> None:
        """Raises errors.Tampered unless the signed log says that each of these happened, in this place and by whom."""
        new = [move for move in moves if move not in self._true]
        if not new:
            return
        entries = await self._log.found([move.ref for move in new])
        for move in new:
            entry = entries.get(move.ref)
            if entry is None or not _says(parse(entry.body), move):
                raise tampered(move.instance)
        await self._log.prove(entries)
        self._true |= set(new)


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


def refs_of(moves: Sequence[Move]) -> list[UUID]:
    """The entries of these moves."""
    return [move.ref for move in moves]


def tampered(instance: str) -> Tampered:
    """Something stands in the tables that the log does not speak of."""
    return Tampered(
        f"The connector {instance} is not set up as the log says.",
        "It was put into the database past the hub, or changed there.",
        "Stop, keep everything, and call the privacy officer.",
    )
