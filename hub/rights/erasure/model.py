"""Forgetting a person (GDPR 17), as types: what is asked, what stands against it, what would go. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from hub.domain.terms import Micros, PartyId


class Ground(StrEnum):
    """Why somebody is forgotten (GDPR 17(1))."""

    not_needed = "niet-meer-nodig"
    withdrawn = "toestemming-ingetrokken"
    objection = "bezwaar-gegrond"
    unlawful = "onrechtmatig"
    duty = "wettelijke-plicht"
    term = "bewaartermijn-voorbij"

    @property
    def label(self) -> str:
        """In Dutch, for whoever chooses one."""
        return _LABELS[self]


_LABELS = {
    Ground.not_needed: "De gegevens zijn niet meer nodig (AVG, artikel 17, eerste lid, onder a)",
    Ground.withdrawn: "De toestemming is ingetrokken en er is geen andere grond (onder b)",
    Ground.objection: "Het bezwaar is gegrond (onder c)",
    Ground.unlawful: "De gegevens zijn onrechtmatig verwerkt (onder d)",
    Ground.duty: "Een wettelijke plicht vraagt het (onder e)",
    Ground.term: "De bewaartermijn is voorbij",
}


class State(StrEnum):
    """How a request stands."""

    asked = "asked"
    ordered = "ordered"
    """Decided on and in the log; what hangs on the person's key is going."""
    done = "done"
    declined = "declined"


class Against(StrEnum):
    """What stands against it; each ends without this person's data being needed any more."""

    hold = "hold"
    waiting = "waiting"
    notice = "notice"
    held_by_recipient = "held-by-recipient"


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Something that stands against it: whose, how often, and until when where that is known."""

    what: Against
    recipient: PartyId | None = None
    count: int = 1
    until_us: Micros | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What would go, in counts, and what stands against it. `nos`: of them, statements against processing that hold now."""

    erasure_id: UUID
    entries: int
    records: int
    statements: int
    nos: int
    keys_given: int
    obstacles: tuple[Obstacle, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A request to forget somebody, as it stands; it never says whom."""

    erasure_id: UUID
    ground: Ground
    state: State
    asked_by: str
    asked_us: Micros
    decided_by: str | None
    decided_us: Micros | None
    entry: UUID | None
