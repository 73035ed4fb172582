"""A sample of the log, every month, for an officer to look through and sign off.

Who draws it cannot choose it, and everybody can draw it again. The rule, `hub/review/1`: of the entries [first, size) that were
recorded in a month in Amsterdam, with `root` the root hash of the log at `size` (RFC 9162), per kind (disclosure, refusal,
access, export), let p[0..n) be their places in the log, ascending. For i = 0, 1, 2 and on let h be the SHA-256 of
`hub/review/1`, a zero byte, the log's id, a zero byte, `YYYY-MM`, a zero byte, the 32 bytes of root, the kind, a zero byte and
i as 8 bytes, big-endian; p[the first 8 bytes of h, big-endian, modulo n] is drawn unless it was, until min(each, n) are.
Signing in and out are no entries of kind access here: nobody's data were read. A month is drawn once it is over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Final

from hub.audit.entry import EntryKind
from hub.audit.search.hours import begins
from hub.domain.terms import LogId

RULE: Final = "hub/review/1"
KINDS: Final = (EntryKind.disclosure, EntryKind.refusal, EntryKind.access, EntryKind.export)
EACH: Final = 10
"""How many of each kind are drawn, unless it is said otherwise."""
_MONTH: Final = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)


class Verdict(StrEnum):
    """What an officer says of a line."""

    fine = "in-orde"
    question = "vraag"


class Why(StrEnum):
    """The word that goes with a verdict."""

    clear = "klopt"
    purpose = "doel-onduidelijk"
    amount = "te-veel-gegevens"
    recipient = "ontvanger-onverwacht"
    reason = "reden-klopt-niet"
    moment = "tijdstip-vreemd"
    other = "anders"


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month in Amsterdam."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """`2026-10`. Raises ValueError on anything else."""
        match = _MONTH.fullmatch(text)
        if match is None:
            raise ValueError("a month is written as 2026-10")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Month:
        """The month in which a day lies."""
        return cls(day.year, day.month)

    @property
    def before(self) -> Month:
        """The month before."""
        return Month(self.year - 1, 12) if self.month == 1 else Month(self.year, self.month - 1)

    @property
    def span_us(self) -> tuple[int, int]:
        """Its first moment, and the first after it."""
        after = date(self.year + 1, 1, 1) if self.month == 12 else date(self.year, self.month + 1, 1)
        return begins(date(self.year, self.month, 1)), begins(after)

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02}"


def ranks(log_id: LogId, month: Month, root: bytes, kind: str, population: int, each: int) -> list[int]:
    """Which of `population` entries of a kind are drawn, as their ranks, in the order in which they are drawn."""
    drawn: dict[int, None] = {}
    for digest in _digests(log_id, month, root, kind):
        if len(drawn) >= min(each, population):
            return list(drawn)
        drawn.setdefault(int.from_bytes(digest[:8]) % population)
    raise AssertionError("there is no end to digests")


def _digests(log_id: LogId, month: Month, root: bytes, kind: str) -> Iterator[bytes]:
    seed = b"\0".join((RULE.encode(), log_id.encode(), str(month).encode(), root + kind.encode(), b""))
    nth = 0
    while True:
        yield sha256(seed + nth.to_bytes(8)).digest()
        nth += 1


@dataclass(frozen=True, slots=True)
class Marked:
    """A line of a list, and what was said of it last; empty where nothing was."""

    seq: int
    kind: str
    verdict: str = ""
    reason: str = ""


def digest_of(log_id: LogId, month: Month, size: int, root: bytes, items: Sequence[Marked]) -> bytes:
    """The SHA-256 of a list with all that was said of it: a line of words each, ordered by their place in the log."""
    head = f"{RULE}\n{log_id}\n{month}\n{size}\n{root.hex()}\n"
    rows = (f"{one.seq} {one.kind} {one.verdict} {one.reason}\n" for one in sorted(items, key=lambda one: one.seq))
    return sha256((head + "".join(rows)).encode()).digest()
