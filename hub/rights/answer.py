"""The answer to: who got data about this person, and why. Types without the number that was asked for. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from hub.domain.terms import LogId, Micros, PartyId, ReasonCode
from hub.rights.informing.model import Informed


class SearchReason(StrEnum):
    """Why somebody may search a person; stands in the log with the search."""

    inzage = "inzageverzoek"
    bezwaar = "klacht-of-bezwaar"
    toezicht = "vraag-toezichthouder"
    datalek = "onderzoek-datalek"
    controle = "controle-fg"

    @property
    def label(self) -> str:
        """In Dutch, for whoever chooses one."""
        return _LABELS[self]


_LABELS = {
    SearchReason.inzage: "Inzageverzoek van de jongere (AVG, artikel 15)",
    SearchReason.bezwaar: "Klacht of bezwaar van de jongere",
    SearchReason.toezicht: "Vraag van de toezichthouder",
    SearchReason.datalek: "Onderzoek naar een datalek",
    SearchReason.controle: "Controle door de functionaris gegevensbescherming",
}


@dataclass(frozen=True, slots=True)
class Proved:
    """An entry of the log, verbatim (`body`), with the tlog-proof that it is at `seq` under the answer's checkpoint."""

    ref: UUID
    seq: int
    us: Micros
    fields: Mapping[str, Any] = field(repr=False)
    body: str = field(repr=False)
    receipt: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A disclosure or refusal about the person. `outcome` is the newest; `steps` its outcome entries, oldest first.

    `reasons` are those of a refusal in full, personal ones included, and None where they could not be opened. `informed` says
    that the person was told of a disclosure.
    """

    entry: Proved
    outcome: str
    steps: tuple[Proved, ...]
    reasons: tuple[ReasonCode, ...] | None = field(repr=False)
    informed: Informed | None = None


@dataclass(frozen=True, slots=True)
class PerRecipient:
    """What one recipient was given and refused, newest first."""

    recipient: PartyId
    given: tuple[Found, ...]
    refused: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of or about the person: its kind, from when up to, not including, when it holds, and how it stands."""

    kind: str = field(repr=False)
    valid_from: date = field(repr=False)
    valid_until: date | None = field(repr=False)
    recorded_us: Micros
    state: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Searched:
    """That a member of staff searched this person before."""

    entry: Proved
    staff: str
    reason: str


@dataclass(frozen=True, slots=True)
class PersonAnswer:
    """All that the log knows about one person, as of the log at `size` entries under `checkpoint`, newest first.

    `search` is the entry of this search itself. `has_key` is False of someone whom the hub never saw or who was erased: then
    nothing can be shown to be theirs. `checked` entries carry this person's commitment; `foreign` are listed under this person,
    carry another's, and are not shown; of `redacted` entries nothing is left but their place. `events` are entries of other
    kinds, such as statements. `elsewhere` are the other logs of this installation that may hold entries about the person.
    """

    search: Proved
    size: int
    checkpoint: str = field(repr=False)
    reason: SearchReason
    has_key: bool
    recipients: tuple[PerRecipient, ...]
    statements: tuple[Statement, ...]
    searches: tuple[Searched, ...]
    events: tuple[Proved, ...]
    checked: int
    foreign: int
    redacted: int = 0
    elsewhere: tuple[LogId, ...] = ()
