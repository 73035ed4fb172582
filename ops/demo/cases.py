"""The cases of the simulated system: one per delivery, however often it comes; no person is kept, only a keyed digest.

Everything that counts is in one SQLite file, so that a restart forgets nothing: neither a case nor how often a delivery came.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from ops.demo.receipts import Receipts
from ops.verify.verify import Fault

BAD_RECEIPT = "ONTVANGSTBEWIJS_ONGELDIG"

_TABLES = """
CREATE TABLE IF NOT EXISTS came (id TEXT PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS opened (
  id TEXT PRIMARY KEY, source TEXT NOT NULL, person BLOB NOT NULL, place INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refused (id TEXT PRIMARY KEY, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS last (person BLOB PRIMARY KEY, place INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
_LATER = "SELECT 1 FROM opened WHERE person = ? AND id > ? LIMIT 1"


@dataclass(frozen=True, slots=True)
class Came:
    """A delivery as it came: `place` orders those about one person, `person` is a keyed digest."""

    id: str
    source: str
    person: bytes
    place: int


class Cases:
    """What this system did with what it was sent. Receipts are checked where HOME says which log to trust."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._key = _key(home / "person.key")
        about = json.loads(path.read_text()) if (path := home / "partner.json").exists() else None
        self._party = about["party"] if about else ""
        self._receipts = Receipts(about["log_key"]) if about else None
        self._db = sqlite3.connect(home / "cases.db", isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + _TABLES)

    def read(self, page: dict[str, Any]) -> list[Came]:
        """The deliveries of a page, in its order. Raises KeyError, TypeError or ValueError on another form."""
        return [self._came(each) for each in page["bezorgingen"]]

    def arrive(self, page: list[Came]) -> None:
        """Counts that they came, whatever becomes of them."""
        with self._transaction():
            self._db.executemany(
                "INSERT INTO came VALUES (?, 1) ON CONFLICT (id) DO UPDATE SET times = times + 1", [(each.id,) for each in page]
            )

    def process(self, page: dict[str, Any], came: list[Came], refuse: str | None = None) -> tuple[list[str], dict[str, str]]:
        """Opens a case for each delivery that has none. Gives which it has, and which it will not have and why."""
        confirmed: list[str] = []
        refused: dict[str, str] = {}
        with self._transaction():
            for raw, each in zip(page["bezorgingen"], came, strict=True):
                if self._one("SELECT 1 FROM opened WHERE id = ?", each.id):
                    confirmed.append(each.id)
                elif reason := refuse or self._wrong(raw):
                    refused[each.id] = reason
                    self._db.execute("INSERT OR REPLACE INTO refused VALUES (?, ?)", (each.id, reason))
                else:
                    self._open(each)
                    confirmed.append(each.id)
        return confirmed, refused

    def add(self, name: str) -> None:
        """One more of what is counted under `name`."""
        self._db.execute("INSERT INTO tally VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1", (name,))

    def most(self, name: str, value: int) -> None:
        """The highest that `name` has been."""
        self._db.execute(
            "INSERT INTO tally VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)", (name, value)
        )

    def counts(self) -> dict[str, Any]:
        """Everything that is counted, without an identifier."""
        tally = dict(self._db.execute("SELECT name, value FROM tally"))
        return {
            "effects": self._one("SELECT count(*) FROM opened"),
            "by_source": dict(self._db.execute("SELECT source, count(*) FROM opened GROUP BY source")),
            "persons": self._one("SELECT count(*) FROM last"),
            "refused": self._one("SELECT count(*) FROM refused WHERE id NOT IN (SELECT id FROM opened)"),
            "deliveries": self._one("SELECT count(*) FROM came"),
            "arrivals": self._one("SELECT coalesce(sum(times), 0) FROM came"),
            "duplicates": self._one("SELECT coalesce(sum(times - 1), 0) FROM came"),
            **{
                name: tally.get(name, 0)
                for name in (
                    "requests",
                    "order_violations",
                    "bad_receipts",
                    "notices",
                    "malformed",
                    "high_water",
                    "largest_page",
                )
            },
        }

    def times(self) -> dict[str, int]:
        """How often each delivery came."""
        return dict(self._db.execute("SELECT id, times FROM came"))

    def _open(self, each: Came) -> None:
        last = self._one("SELECT place FROM last WHERE person = ?", each.person)
        # Entries of one commit are shuffled in the log; there the ids tell the order.
        if last is not None and each.place < last and self._one(_LATER, each.person, each.id):
            self.add("order_violations")
        self._db.execute("INSERT INTO opened VALUES (?, ?, ?, ?)", (each.id, each.source, each.person, each.place))
        self._db.execute(
            "INSERT INTO last VALUES (?, ?) ON CONFLICT (person) DO UPDATE SET place = max(place, excluded.place)",
            (each.person, each.place),
        )
        # A real system would fill its case here, from the delivery's content.

    def _came(self, raw: dict[str, Any]) -> Came:
        content = raw["inhoud"]
        about = next((value for name, value in content.items() if name == "bsn" or "pseudon" in name.lower()), None)
        about = about or content.get("onderwijsnummer") or raw["bezorgingId"]
        person = hashlib.blake2b(json.dumps(about, sort_keys=True).encode(), key=self._key, digest_size=16).digest()
        return Came(str(UUID(raw["bezorgingId"])), str(raw["bron"]), person, _place(raw))

    def _wrong(self, raw: dict[str, Any]) -> str | None:
        if self._receipts is None:
            return None
        try:
            self._receipts.check(raw["ontvangstbewijs"], raw["logregel"], raw["bezorgingId"], self._party)
        except (Fault, ValueError):
            self.add("bad_receipts")
            return BAD_RECEIPT
        return None

    def _one(self, statement: str, *given: object) -> Any:
        row = self._db.execute(statement, given).fetchone()
        return None if row is None else row[0]

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db)


class _Transaction:
    """All or nothing; a process that is killed in between leaves nothing."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


def _place(raw: dict[str, Any]) -> int:
    """Where the delivery stands in the log; without a receipt, when its id was made (UUIDv7 lie in order of time)."""
    words = str(raw.get("ontvangstbewijs", "")).split("\n", 2)
    if len(words) > 1 and words[1].startswith("index ") and words[1][6:].isdecimal():
        return int(words[1][6:])
    return UUID(raw["bezorgingId"]).int >> 68


def _key(path: Path) -> bytes:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_bytes(os.urandom(32))
    return path.read_bytes()
