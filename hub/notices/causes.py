"""What happened to a statement, as a cause for notices: a yes that fell away, as far as it reached, or a no upheld. Pure."""

from __future__ import annotations

from typing import Final, TypeVar
from uuid import UUID

from hub.consent.statement import Event, Scope, What
from hub.domain.facts import YES, StatementKind
from hub.domain.terms import Micros
from hub.notices.model import Cause, CauseKind

T = TypeVar("T")
_FELL: Final = {
    What.withdrawn: CauseKind.withdrawn,
    What.scope_changed: CauseKind.withdrawn,
    What.refused: CauseKind.refused,
    What.expired: CauseKind.expired,
    What.invalidated: CauseKind.invalidated,
    What.proxy_ended: CauseKind.proxy_ended,
}


def cause_of(event: Event, before: Scope | None, cause_id: UUID, entry: UUID) -> Cause | None:
    """The cause that `event` is, which stands in the log as `entry`; None where no recipient need be told.

    `before` is how far the statement reached until then: of one that was narrowed, what it lost fell away.
    """
    kind, scope = _kind(event), event.scope
    if kind is None:
        return None
    if event.what is What.scope_changed and before is not None:
        scope = _lost(before, event.scope)
    return Cause(
        cause_id=cause_id,
        entry=entry,
        kind=kind,
        since_us=Micros(event.event_us),
        statement=event.kind,
        purposes=scope.purposes,
        parties=scope.parties,
        elements=scope.elements,
    )


def _kind(event: Event) -> CauseKind | None:
    if event.kind in YES:
        return _FELL.get(event.what)
    if event.kind is StatementKind.bezwaar and event.what is What.upheld:
        return CauseKind.objection_upheld
    restricts = event.kind is StatementKind.beperking and event.what in (What.given, What.reaffirmed)
    return CauseKind.restricted if restricts else None


def _lost(before: Scope, after: Scope) -> Scope:
    return Scope(
        purposes=_less(before.purposes, after.purposes),
        parties=_less(before.parties, after.parties),
        elements=_less(before.elements, after.elements),
    )


def _less(before: frozenset[T] | None, after: frozenset[T] | None) -> frozenset[T] | None:
    """What is no longer named; where nothing was taken from this side, all of it, for another side was narrowed."""
    if before is None or after is None:
        return before
    return before - after or before
