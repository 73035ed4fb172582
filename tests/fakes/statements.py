"""Statements for tests: events as they are recorded, and statements that stand since long ago."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from joserfc.jwk import OKPKey

from hub.audit.notes import Notes
from hub.consent.chain import digest_of
from hub.consent.statement import Channel, Event, Evidence, Scope, What
from hub.consent.store import claim_events
from hub.domain.facts import StatementKind, Voice
from hub.domain.terms import LogId, Micros, PartyId, PurposeId, Term
from hub.ports import Claim, KeyedDigest
from hub.statements.desk import Statements
from hub.statements.receipt import Receipts
from tests.fakes.house import LOG, OPERATOR, House
from tests.fakes.recorder import Clock

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


def desk_over(house: House) -> Statements:
    """What may be done with statements over this house, whose clock goes on a little whenever it is looked at."""
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
    rules, clock = house.route.rules, Ticking(house.clock)
    return Statements(house.engine, LOG, house.log, notes, house.digests, house.people, clock, secrets.token_bytes, rules)


RECEIPT_KEY = OKPKey.generate_key("Ed25519", {"kid": "ontvangst-1"}, private=True)


def receipts_over(house: House) -> Receipts:
    """What signs receipts in this house."""
    return Receipts(RECEIPT_KEY, "https://hub.voorbeeld.example", house.digests)


@dataclass
class Ticking:
    """A clock that goes on a little whenever it is looked at."""

    clock: Clock

    def now_us(self) -> Micros:
        self.clock.us += 1
        return Micros(self.clock.us)
