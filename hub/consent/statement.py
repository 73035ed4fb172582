"""The life of a statement: events that are only added, from which its state on any day, as known at any moment, follows. Pure.

Nothing is overwritten: what was recorded late changes what is known now and not what was known then. `day` is the legal date on
which an event takes effect; periods are half-open. Where order is in doubt, what stops counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from hub.domain.facts import YES, Stated, StatementKind, StatementState, Voice
from hub.domain.rulebook import Rule
from hub.domain.terms import ElementName, Micros, PartyId, PurposeId, Term

Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
START: Final = "0" * 64
"""What the first event of a statement follows."""


class What(StrEnum):
    """What happened to a statement (event types of ISO/IEC TS 27560, and a controller's two decisions on an objection)."""

    requested = "requested"
    given = "given"
    refused = "refused"
    reaffirmed = "reaffirmed"
    scope_changed = "scope-changed"
    withdrawn = "withdrawn"
    expired = "expired"
    invalidated = "invalidated"
    proxy_ended = "proxy-ended"
    upheld = "upheld"
    rejected = "rejected"


class Channel(StrEnum):
    """How the person spoke."""

    digid = "digid"
    papier = "papier"
    balie = "balie"
    telefoon = "telefoon"
    brief = "brief"


class Authority(StrEnum):
    """Why somebody may speak for another: parental authority, guardianship, and the three measures for adults."""

    ouderlijk_gezag = "ouderlijk-gezag"
    voogdij = "voogdij"
    curatele = "curatele"
    bewind = "bewind"
    mentorschap = "mentorschap"


AUTHORITY: Final = {
    Voice.ouder: Authority.ouderlijk_gezag,
    Voice.voogd: Authority.voogdij,
    Voice.curator: Authority.curatele,
    Voice.bewindvoerder: Authority.bewind,
    Voice.mentor: Authority.mentorschap,
}
"""The authority that each representative shows."""
GUARDIANS: Final = frozenset({Voice.ouder, Voice.voogd})


class Notice(Rule):
    """The text that was shown: its id and version, and the SHA-256 of its very words."""

    id: Term
    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$")]
    sha256: Hex


class Proof(Rule):
    """What a representative showed: the kind of authority, and a keyed digest of the document's reference."""

    kind: Authority
    reference: Hex


class Evidence(Rule):
    """How somebody spoke, who made sure who it was (a member of staff or a party), what they were shown, and by what right."""

    channel: Channel
    checked_by: Term
    notice: Notice | None = None
    proof: Proof | None = None


class Scope(Rule):
    """What a statement is about; None was not limited."""

    purposes: frozenset[PurposeId] | None = None
    parties: frozenset[PartyId] | None = None
    elements: frozenset[ElementName] | None = None

    def meets(self, other: Scope) -> bool:
        """Whether there is a purpose and a party that both are about."""
        pairs = ((self.purposes, other.purposes), (self.parties, other.parties))
        return all(one is None or two is None or not one.isdisjoint(two) for one, two in pairs)

    def within(self, other: Scope) -> bool:
        """Whether this says nothing that the other does not."""
        pairs = ((self.purposes, other.purposes), (self.parties, other.parties), (self.elements, other.elements))
        return all(wide is None or (narrow is not None and narrow <= wide) for narrow, wide in pairs)


class Event(Rule):
    """One thing that happened to a statement. `tag` is whom it is about, `party` who recorded it.

    It takes effect on `day`; what it gives ends on `until`, and where somebody else spoke for the young person on `proxy_until`
    (None: with no day set). `shielded`: the young person's whereabouts are kept from their representative.
    """

    v: Annotated[int, Field(ge=1, le=1)] = 1
    tag: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    statement_id: UUID
    seq: Annotated[int, Field(ge=1)]
    what: What
    kind: StatementKind
    party: PartyId
    event_us: Annotated[int, Field(ge=0)]
    recorded_us: Annotated[int, Field(ge=0)]
    day: date
    until: date | None = None
    proxy_until: date | None = None
    voice: Voice = Voice.jongere
    scope: Scope = Scope()
    evidence: Evidence | None = None
    cause: Term | None = None
    shielded: bool = False
    prev: Hex = START

    def __repr__(self) -> str:
        return "Event(<personal>)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True, repr=False)
class Hold:
    """How one statement stands. `since_us` is when the last thing that counts happened; `decided` what a controller decided;
    `retracts` that a yes was taken back, and not a no."""

    statement_id: UUID
    kind: StatementKind
    state: StatementState
    voice: Voice
    scope: Scope
    party: PartyId
    begins: date
    ends: date | None
    proxy_until: date | None
    since_us: Micros
    shielded: bool
    decided: What | None = None
    retracts: bool = False

    @property
    def pending(self) -> bool:
        """An objection on which the controller has not decided: it stops meanwhile (GDPR 18(1)(d))."""
        return self.kind is StatementKind.bezwaar and self.state is StatementState.given and self.decided is None

    @property
    def until(self) -> date | None:
        """The first day on which it no longer holds by itself."""
        return min((end for end in (self.ends, self.proxy_until) if end is not None), default=None)

    @property
    def stated(self) -> Stated:
        """As the gates see it."""
        scope, until = self.scope, self.until
        return Stated(self.kind, self.state, self.voice, scope.purposes, scope.parties, scope.elements, until)

    def __repr__(self) -> str:
        return "Hold(<personal>)"


def hold(events: Sequence[Event], day: date, known_us: int | None = None) -> Hold | None:
    """How a statement stands on `day`, as known at the moment `known_us` (now, without one); None when nothing was said yet."""
    known = (event for event in events if event.day <= day and (known_us is None or event.recorded_us <= known_us))
    held: Hold | None = None
    for event in sorted(known, key=_place):
        held = _next(held, event)
    if held is None or held.state is not StatementState.given:
        return held
    if held.ends is not None and held.ends <= day:
        return _but(held, StatementState.expired)
    if held.proxy_until is not None and held.proxy_until <= day:
        return _but(held, StatementState.proxy_ended)
    return held


def _place(event: Event) -> tuple[int, bool, int]:
    """Where an event stands among the others: of two at one moment, the one that shuts comes last."""
    opens = (event.what in (What.given, What.reaffirmed)) == (event.kind in YES)
    return event.event_us, not opens, event.seq


_LAPSES: Final = {
    What.expired: StatementState.expired,
    What.invalidated: StatementState.invalidated,
    What.proxy_ended: StatementState.proxy_ended,
}
_MENDS: Final = frozenset({StatementState.given, StatementState.proxy_ended, StatementState.expired})


def _next(held: Hold | None, event: Event) -> Hold | None:
    """What an event makes of a statement. An event that does not fit changes nothing, and none but a new yes opens."""
    match event.what:
        case What.given:
            return _made(event, StatementState.given)
        case What.requested:
            return held or _made(event, StatementState.requested)
        case What.refused:
            return _made(event, StatementState.refused)
        case _ if held is None:
            return None
        case What.reaffirmed if held.state in _MENDS:
            return _made(event, StatementState.given, held.begins)
        case What.scope_changed if held.state is StatementState.given:
            scope = event.scope if held.kind not in YES or event.scope.within(held.scope) else Scope(purposes=frozenset())
            return _but(held, held.state, event, scope=scope)
        case What.withdrawn:
            return _but(held, StatementState.withdrawn, event, retracts=held.retracts or held.state in _MENDS)
        case What.expired | What.invalidated | What.proxy_ended if held.state is StatementState.given:
            return _but(held, _LAPSES[event.what], event)
        case What.upheld if held.pending:
            return _but(held, held.state, event, decided=What.upheld)
        case What.rejected if held.pending and event.scope != held.scope and event.scope.within(held.scope):
            return _but(held, held.state, scope=event.scope)  # by one of several controllers: against the others it stands
        case What.rejected if held.pending:
            return _but(held, StatementState.refused, event, decided=What.rejected)
        case _:
            return held


def _made(event: Event, state: StatementState, begins: date | None = None) -> Hold:
    return Hold(
        event.statement_id,
        event.kind,
        state,
        event.voice,
        event.scope,
        event.party,
        begins or event.day,
        event.until,
        event.proxy_until,
        Micros(event.event_us),
        event.shielded,
    )


def _but(
    held: Hold,
    state: StatementState,
    event: Event | None = None,
    *,
    scope: Scope | None = None,
    decided: What | None = None,
    retracts: bool = False,
) -> Hold:
    return Hold(
        held.statement_id,
        held.kind,
        state,
        held.voice,
        scope or held.scope,
        held.party,
        held.begins,
        held.ends,
        held.proxy_until,
        held.since_us if event is None else Micros(event.event_us),
        held.shielded,
        decided or held.decided,
        retracts,
    )


def standing_of(histories: Iterable[Sequence[Event]], day: date, known_us: int | None = None) -> frozenset[Stated]:
    """All statements about one person as the gates see them on `day`.

    Where one representative refuses what another agreed to, or the young person refuses, nothing was agreed to: a refusal in
    force takes every yes of its kind that meets it. Only what the young person says later takes a refusal away. What a
    representative takes back takes the earlier yes of another with it; one that is said later stands.
    """
    held = [found for history in histories if (found := hold(history, day, known_us)) is not None]
    told: set[Stated] = set()
    for one in held:
        if any(contradicts(other, one) for other in held):
            told.add(_but(one, StatementState.invalidated).stated)
        elif one.kind not in YES or not any(_overtakes(other, one) for other in held):
            told.add(one.stated)
    return frozenset(told)


_OWN: Final = frozenset({Voice.jongere, Voice.school})
"""Who speaks in nobody else's name."""


def contradicts(no: Hold, yes: Hold) -> bool:
    """Whether `no` takes away what `yes` agrees to: a refusal in force, or a representative's yes taken back later."""
    if yes.kind not in YES or yes.state is not StatementState.given or not _meet(no, yes):
        return False
    if no.state is StatementState.refused:
        return not _overtakes(yes, no)
    represented = _OWN.isdisjoint((yes.voice, no.voice))
    return no.retracts and represented and no.since_us >= yes.since_us


def _overtakes(yes: Hold, no: Hold) -> bool:
    """Whether the young person said this yes after that refusal."""
    return (
        _meet(yes, no)
        and (yes.state, no.state) == (StatementState.given, StatementState.refused)
        and yes.voice is Voice.jongere
        and yes.since_us > no.since_us
    )


def _meet(one: Hold, other: Hold) -> bool:
    return one.kind is other.kind and one.scope.meets(other.scope)
