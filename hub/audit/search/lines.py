"""What a search of the log asks and answers, as types. Pure, and without anything about a person."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from hub.domain.terms import Micros

WAITING: Final = "waiting"
"""The outcome of a disclosure that nothing has happened to yet, or that waits for its recipient again."""
REFUSED: Final = "refused"
"""The outcome of every refusal."""
UNREADABLE: Final = "unreadable"
"""The kind of an entry that the index could not read; what it is, is for the verifier to say."""

REDACTED: Final = "redacted"
"""The kind of an entry whose term had passed and that says nothing any more; its moment is that of the entry before it."""


class Sort(StrEnum):
    """What lines are sorted by; equals lie in the order of the log. `seq` is the order of the log, which is that of time."""

    seq = "seq"
    kind = "kind"
    source = "source"
    recipient = "recipient"
    purpose = "purpose"
    outcome = "outcome"


@dataclass(frozen=True, slots=True)
class Selection:
    """Which lines: all that is named must hold. `from_us` is the first moment, `until_us` the first that no longer counts.

    `outcome` is that of a disclosure or refusal, as it stands now; with the kind `outcome` what such an entry says. `basis`,
    `reason` and `element` are one of those that the entry names, an element with its form (`adres:banded`) or without. `trace`
    is 32 hexadecimal digits. Of the words in `any_of`, each as (field, word), one must hold.
    """

    kind: str | None = None
    operation: str | None = None
    recipient: str | None = None
    source: str | None = None
    purpose: str | None = None
    basis: str | None = None
    outcome: str | None = None
    reason: str | None = None
    staff: str | None = None
    from_us: int | None = None
    until_us: int | None = None
    element: str | None = None
    actor: str | None = None
    trace: str | None = None
    any_of: tuple[tuple[str, str], ...] | None = None


EVERYTHING: Final = Selection()


@dataclass(frozen=True, slots=True)
class Line:
    """One entry, as far as lists show it; words that its kind does not have are empty.

    `outcome` is the newest one of a disclosure (`waiting`, `handed-over`, `acknowledged`, `failed`, `stopped`, `dropped`),
    `refused` of a refusal, and of an outcome entry what it says. `delivery` is the disclosure that an outcome entry is about,
    `attempt` its count there, and of a disclosure how often it was handed over.
    """

    seq: int
    us: Micros
    ref: UUID
    kind: str
    operation: str
    actor: str
    source: str
    recipient: str
    purpose: str
    bases: tuple[str, ...]
    reasons: tuple[str, ...]
    outcome: str
    staff: str
    attempt: int
    delivery: UUID | None
    elements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A part of an answer, as of the log at `size` entries; `behind` entries came since, or are not searched yet.

    `next` asks for what follows, of the same log, None at the end; a page can hold fewer lines than asked and still have a next
    one, where matches are rare. `total` counts the lines of the selection; with `more` there are more than that. `checkpoint`
    is the signed note over exactly these `size` entries, empty for a log without any, and `root` its root hash in base64.
    """

    lines: tuple[Line, ...]
    size: int
    behind: int
    next: str | None
    total: int
    more: bool
    checkpoint: str = ""

    @property
    def root(self) -> str:
        """The root hash that the checkpoint states (C2SP tlog-checkpoint: its third line)."""
        return self.checkpoint.split("\n", 3)[2] if self.checkpoint else ""


@dataclass(frozen=True, slots=True)
class Choices:
    """The words that occur in the log, each in order of the alphabet: what can be chosen from."""

    kinds: tuple[str, ...]
    operations: tuple[str, ...]
    recipients: tuple[str, ...]
    sources: tuple[str, ...]
    purposes: tuple[str, ...]
    outcomes: tuple[str, ...]
    bases: tuple[str, ...]
    reasons: tuple[str, ...]
    elements: tuple[str, ...] = ()
    actors: tuple[str, ...] = ()


class SignalCode(StrEnum):
    """What is unusual, about systems and staff; never about a young person."""

    handed_over_again = "handed-over-again"
    many_searches = "many-searches"
    more_refusals = "more-refusals"
    none_acknowledged = "none-acknowledged"
    many_reveals = "many-reveals"
    glass_broken = "glass-broken"
    out_of_hours = "out-of-hours"
    out_of_region = "out-of-region"
    one_person_often = "one-person-often"
    volume_jumps = "volume-jumps"
    refusals_cluster = "refusals-cluster"


@dataclass(frozen=True, slots=True)
class Signal:
    """Something unusual: `about` a party or a member of staff, how often, between when and when.

    `what` happened, `why` it matters and what to do, as Dutch sentences; `selection` shows the entries.
    """

    code: SignalCode
    about: str
    count: int
    since_us: Micros
    until_us: Micros
    what: str
    why: str
    selection: Selection


Names = Mapping[str, str]
"""Names of parties by their id, for sentences."""
Regions = Mapping[str, Collection[str]]
"""The regions in which a party works, by its id; a party that is not named works anywhere."""
