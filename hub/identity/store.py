"""The register of partners and the assertions that were used up; the sign-ins and sessions of staff."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import fetch, transaction
from hub.domain.staff import Staff, StaffId
from hub.domain.terms import LogId, Micros, PartyId
from hub.errors import Misconfigured, Refused, Tampered
from hub.identity.partners import Held, Partner, PartnerMove, check_client_id, check_scopes, digest_of, read_jwks
from hub.identity.staff import Kept, party_of, roles_of
from hub.observe import report
from hub.ports import Claim, RowSet

_FIND = "SELECT party_id, jwks, scopes FROM identity_partner WHERE log_id = $1 AND client_id = $2 AND active"
_LIST = "SELECT party_id, client_id, scopes, active, created_us FROM identity_partner WHERE log_id = $1 ORDER BY client_id"
_NEWEST = """
SELECT DISTINCT ON (client_id) client_id, party_id, seq, digest, entry_ref FROM identity_move
WHERE log_id = $1 AND ($2::text IS NULL OR client_id = $2) ORDER BY client_id, seq DESC
"""
_CONTENT = "SELECT client_id, party_id, jwks, scopes FROM identity_partner WHERE log_id = $1 AND active"
_REGISTER = """
INSERT INTO identity_partner (log_id, party_id, client_id, jwks, scopes, active, created_us)
SELECT log_id, party_id, client_id, jwks::jsonb, string_to_array(scopes, ' '), true, us
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
    AS new (log_id, party_id, client_id, jwks, scopes, us)
ON CONFLICT (client_id) DO UPDATE SET jwks = excluded.jwks, scopes = excluded.scopes, active = true
WHERE identity_partner.party_id = excluded.party_id AND identity_partner.log_id = excluded.log_id
"""
_DEACTIVATE = """
UPDATE identity_partner AS known SET active = false FROM unnest($1::text[], $2::text[]) AS gone (log_id, client_id)
WHERE known.log_id = gone.log_id AND known.client_id = gone.client_id AND active
"""
_MOVE_COLUMNS = ("log_id", "party_id", "client_id", "seq", "digest", "entry_ref", "us")
_SPEND = """
INSERT INTO identity_assertion (log_id, party_id, client_id, jti_digest, expires_us)
VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING
"""
_FORGET = "DELETE FROM identity_assertion WHERE log_id = $1 AND expires_us < $2"
_OPEN = "INSERT INTO identity_signin (log_id, party_id, state_digest, back_to, expires_us) VALUES ($1, $2, $3, $4, $5)"
_TAKE = "DELETE FROM identity_signin WHERE state_digest = $1 AND log_id = $2 RETURNING back_to, expires_us"
_FORGET_SIGNINS = "DELETE FROM identity_signin WHERE log_id = $1 AND expires_us <= $2"
_ADD = """
INSERT INTO identity_session (log_id, party_id, session_digest, staff_id, name, roles, staff_party, seen_us, expires_us)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""
_SESSION = """
SELECT staff_id, name, roles, staff_party, seen_us, expires_us FROM identity_session WHERE session_digest = $1 AND log_id = $2
"""
_TOUCH = """
UPDATE identity_session SET seen_us = $3 WHERE session_digest = $1 AND log_id = $2 AND seen_us < $3
"""
_DROP = "DELETE FROM identity_session WHERE session_digest = $1 AND log_id = $2"
_FORGET_SESSIONS = "DELETE FROM identity_session WHERE log_id = $1 AND expires_us <= $2"


@dataclass(frozen=True, slots=True)
class Registered:
    """A line of the register, for an administrator."""

    party: PartyId
    client_id: str
    scopes: tuple[str, ...]
    active: bool
    created_us: Micros


class PartnerStore:
    """The register as signing in needs it; satisfies `hub.identity.partners.Partners`.

    A row of it lets nobody in by itself: the signed log must say that an administrator registered this very client, with these
    keys and scopes. `held` is who looks that up.
    """

    def __init__(self, engine: AsyncEngine, log_id: LogId, held: Held) -> None:
        self._engine, self._log_id, self._held = engine, log_id, held

    async def find(self, client_id: str, /) -> Partner | None:
        """The active partner of that client id. Raises errors.Retry when the database is away, Tampered where the log is not
        what was signed.
        """
        async with transaction(self._engine) as connection:
            row = await connection.raw.fetchrow(_FIND, self._log_id, client_id)
        if row is None:
            return None
        party, jwks, scopes = PartyId(row[0]), _json(row[1]), frozenset(row[2])
        move = (await newest_moves(self._engine, self._log_id, client_id)).get(client_id)
        digest = digest_of(party, client_id, jwks, scopes)
        if move is None or move.digest != digest or move not in await self._held.proven([move]):
            report(_doubted(party))
            return None
        return Partner(party, client_id, read_jwks(jwks), scopes)

    async def spend(self, partner: Partner, jti_digest: bytes, expires_us: Micros, /) -> None:
        """Use an assertion up. Raises errors.Refused when that was done before, on whatever process of the hub."""
        async with transaction(self._engine) as connection:
            done = await connection.raw.execute(
                _SPEND, self._log_id, partner.party, partner.client_id, jti_digest, int(expires_us)
            )
        if done != "INSERT 0 1":
            raise Refused("The sign-in was refused.", "The assertion was used before.", "Make a new assertion for each token.")


async def newest_moves(engine: AsyncEngine, log_id: LogId, client_id: str | None = None) -> dict[str, PartnerMove]:
    """The last thing that happened to each client, or to this one."""
    return {
        row[0]: PartnerMove(row[0], PartyId(row[1]), row[2], bytes(row[3] or b""), UUID(bytes=row[4].bytes))
        for row in await fetch(engine, _NEWEST, log_id, client_id)
    }


async def contents(engine: AsyncEngine, log_id: LogId) -> dict[str, bytes]:
    """The digest of every active client as the register has it now."""
    return {
        client_id: digest_of(PartyId(party), client_id, _json(jwks), frozenset(scopes))
        for client_id, party, jwks, scopes in await fetch(engine, _CONTENT, log_id)
    }


def claim_registered(log_id: LogId, party: PartyId, client_id: str, jwks: Any, scopes: list[str], now: Micros) -> Claim:
    """Lets a partner in, or gives a known one new keys and scopes; it is active afterwards.

    On condition that the client id does not belong to another party: it never changes hats.
    """
    content = orjson.dumps(jwks).decode()
    return Claim(_REGISTER, [(log_id, party, client_id, content, " ".join(sorted(set(scopes))), int(now))])


def claim_closed(log_id: LogId, client_id: str) -> Claim:
    """Gives a partner no further token, on condition that it is active; one that it holds works five minutes at most."""
    return Claim(_DEACTIVATE, [(log_id, client_id)])


def move_row(log_id: LogId, move: PartnerMove, now: Micros) -> RowSet:
    """What happened to a client; a conflict where something else happened first."""
    row = (log_id, move.party, move.client_id, move.seq, move.digest or None, move.ref, int(now))
    return RowSet("identity_move", _MOVE_COLUMNS, [row])


def check(client_id: str, jwks: Any, scopes: list[str]) -> None:
    """Raises errors.Malformed when `register` would not accept them."""
    read_jwks(jwks)
    check_client_id(client_id)
    check_scopes(scopes)


def none_active() -> Misconfigured:
    """That there is no such partner, in the words of the administrator's desk."""
    return Misconfigured("No partner was deactivated.", "None is active under that client id.", "Look it up in the list.")


def _doubted(party: PartyId) -> Tampered:
    return Tampered(
        f"A system of {party} is not registered as the log says.",
        "It was put into the database past the hub, or registered before registrations were held against the log.",
        "It gets no token. Call the privacy officer; have it registered anew ('hub admin partner add').",
    )


async def registered(engine: AsyncEngine, log_id: LogId) -> list[Registered]:
    """The whole register, by client id."""
    async with transaction(engine) as connection:
        rows = await connection.raw.fetch(_LIST, log_id)
    return [Registered(PartyId(row[0]), row[1], tuple(row[2]), row[3], Micros(row[4])) for row in rows]


async def forget_assertions(engine: AsyncEngine, log_id: LogId, now: Micros) -> None:
    """Drop what expired more than an hour ago: expired assertions are refused by their own time."""
    async with transaction(engine) as connection:
        await connection.raw.execute(_FORGET, log_id, int(now) - 3_600_000_000)


def _json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str | bytes) else value


_NAME = """
INSERT INTO identity_staff (log_id, party_id, staff_id, name, seen_us) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (log_id, staff_id) DO UPDATE SET name = excluded.name, seen_us = excluded.seen_us
"""
_NAMES = "SELECT staff_id, name FROM identity_staff WHERE log_id = $1"


class StaffStore:
    """Sign-ins under way and sessions of one log; satisfies `SignIns` and `Register` of `hub.identity.staff`."""

    def __init__(self, engine: AsyncEngine, log_id: LogId, operator: PartyId) -> None:
        self._engine, self._log_id, self._operator = engine, log_id, operator

    async def open_signin(self, state_digest: bytes, back_to: str, expires_us: Micros, now: Micros, /) -> None:
        """Keep a sign-in; those that have expired go."""
        async with transaction(self._engine, swallows=False) as connection:
            await connection.raw.execute(_FORGET_SIGNINS, self._log_id, int(now))
            await connection.raw.execute(_OPEN, self._log_id, self._operator, state_digest, back_to, int(expires_us))

    async def take_signin(self, state_digest: bytes, /) -> tuple[str, Micros] | None:
        """Use a sign-in up: of several that try at once, one gets it."""
        async with transaction(self._engine, swallows=False) as connection:
            row = await connection.raw.fetchrow(_TAKE, state_digest, self._log_id)
        return None if row is None else (row[0], Micros(row[1]))

    async def add_session(self, session_digest: bytes, kept: Kept, /) -> None:
        """Keep a new session; those that have expired go."""
        staff = kept.staff
        row = (staff.staff_id, staff.name, sorted(staff.roles), staff.party, int(kept.seen_us), int(kept.expires_us))
        async with transaction(self._engine, swallows=False) as connection:
            await connection.raw.execute(_FORGET_SESSIONS, self._log_id, int(kept.seen_us))
            await connection.raw.execute(_ADD, self._log_id, self._operator, session_digest, *row)
            named = (staff.staff_id, staff.name, int(kept.seen_us))
            await connection.raw.execute(_NAME, self._log_id, self._operator, *named)

    async def names(self) -> dict[str, str]:
        """The members of staff that ever signed in here, by their id in the log."""
        return {row[0]: row[1] for row in await fetch(self._engine, _NAMES, self._log_id)}

    async def find_session(self, session_digest: bytes, /) -> Kept | None:
        """The session of that digest; a role that the hub no longer has is nothing to it."""
        rows = await fetch(self._engine, _SESSION, session_digest, self._log_id)
        if not rows:
            return None
        staff_id, name, roles, party, seen_us, expires_us = rows[0]
        return Kept(Staff(StaffId(staff_id), name, roles_of(roles), party_of(party)), Micros(seen_us), Micros(expires_us))

    async def touch_session(self, session_digest: bytes, now: Micros, /) -> None:
        """It was seen at `now`, or later."""
        await fetch(self._engine, _TOUCH, session_digest, self._log_id, int(now))

    async def drop_session(self, session_digest: bytes, /) -> None:
        """Forget a session; it is gone when this returns."""
        await fetch(self._engine, _DROP, session_digest, self._log_id)
