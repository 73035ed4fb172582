"""Statements for tests: events as they are recorded, and statements that stand since long ago."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from hub.consent.chain import digest_of
from hub.consent.statement import Channel, Event, Evidence, Scope, What
from hub.consent.store import claim_events
from hub.domain.facts import StatementKind, Voice
from hub.domain.terms import LogId, PartyId, PurposeId, Term
from hub.ports import Claim, KeyedDigest

TAG = bytes(range(16))
PARTY = PartyId("mbo-zilverlinde")
DAY = date(2026, 11, 2)
EVIDENCE = Evidence(channel=Channel.balie, checked_by=Term(PARTY))


def scope(purposes: set[str] | None = None, parties: set[str] | None = None) -> Scope:
    """What it is about, in plain words."""
    return Scope(
        purposes=None if purposes is None else frozenset(map(PurposeId, purposes)),
        parties=None if parties is None else frozenset(map(PartyId, parties)),
    )


def event(what: What, us: int, seq: int = 1, **other: Any) -> Event:
    """One event at `us`, recorded then, effective on `DAY` unless said otherwise."""
    given: dict[str, Any] = {
        "tag": TAG.hex(),
        "statement_id": UUID(int=7),
        "seq": seq,
        "what": what,
        "kind": StatementKind.toestemming,
        "party": PARTY,
        "event_us": us,
        "recorded_us": us,
        "day": DAY,
        "voice": Voice.jongere,
        "evidence": EVIDENCE,
    }
    return Event(**{**given, **other})


def said(
    digest: KeyedDigest, log_id: LogId, tag: bytes, kind: StatementKind, period: tuple[date, date | None], **other: Any
) -> Claim:
    """What puts a statement about this person into the database, as if it was recorded long ago."""
    begins, ends = period
    given = {"tag": tag.hex(), "statement_id": uuid4(), "kind": kind, "day": begins, "until": ends, **other}
    made = event(What.given, 1, **given)
    return claim_events(log_id, [(made, digest_of(made, digest))])
