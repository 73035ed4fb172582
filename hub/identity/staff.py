"""Who a signed-in member of staff is to the hub, and the two registers of signing in: sign-ins under way, and sessions.

Both registers are found by a keyed digest of what the browser holds, so that whoever reads them can sign in as nobody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import Micros, PartyId
from hub.errors import Refused
from hub.ports import KeyedDigest

_LONGEST_NAME: Final = 100
_LOCAL: Final = re.compile(r"/(?!/)[A-Za-z0-9/_.~?=&%,:+-]{0,511}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """A session as it is kept; `seen_us` and `expires_us` say whether it still holds."""

    staff: Staff
    seen_us: Micros
    expires_us: Micros


class SignIns(Protocol):
    """The sign-ins under way."""

    async def open_signin(self, state_digest: bytes, back_to: str, expires_us: Micros, now: Micros, /) -> None:
        """Keep a sign-in, and drop those that have expired. Raises errors.Retry when the register is away."""

    async def take_signin(self, state_digest: bytes, /) -> tuple[str, Micros] | None:
        """Use a sign-in up: where it leads back to and until when it held; None where there is none. Raises errors.Retry."""


class Register(Protocol):
    """The sessions. Each method raises errors.Retry when the register is away."""

    async def add_session(self, session_digest: bytes, kept: Kept, /) -> None:
        """Keep a new session, and drop those that had expired when it was last seen."""

    async def find_session(self, session_digest: bytes, /) -> Kept | None:
        """The session of that digest, expired or not."""

    async def touch_session(self, session_digest: bytes, now: Micros, /) -> None:
        """It was seen at `now`."""

    async def drop_session(self, session_digest: bytes, /) -> None:
        """Forget it, where it is there."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the claims of an identity provider the hub finds what it needs."""

    issuer: str
    roles_claim: str = field(default="roles")
    party_claim: str = field(default="party")


def local_path(text: str) -> str:
    """`text` where it is a path on this server, else `/`: a sign-in leads back into the hub and nowhere else."""
    return text if _LOCAL.fullmatch(text) else "/"


def roles_of(claim: Any) -> frozenset[Role]:
    """The roles in a claim, a list of words or words with spaces between; what the hub does not know is nothing to it."""
    words = claim.split() if isinstance(claim, str) else claim
    known = {role.value: role for role in Role}
    return (
        frozenset(known[word] for word in words if isinstance(word, str) and word in known)
        if isinstance(words, list)
        else frozenset()
    )


def party_of(claim: Any) -> PartyId | None:
    """The party that a decision-maker decides for; None for whatever could not be one, and then they decide for nobody."""
    try:
        return PartyId(claim) if isinstance(claim, str) else None
    except ValueError:
        return None


def staff_of(claims: Mapping[str, Any], place: Place, digest: KeyedDigest) -> Staff:
    """Whom checked claims speak of. Raises errors.Refused for whoever has no role here.

    The staff id is a keyed digest of issuer and subject: the same person is the same in every log entry, and nobody without
    the key finds out from a log who it is.
    """
    roles = roles_of(claims.get(place.roles_claim))
    if not roles:
        raise Refused(
            "The sign-in was refused.",
            "The identity provider gives this account no role in the hub.",
            "Ask whoever manages accounts for the role that belongs to the work.",
        )
    subject = f"{place.issuer}\0{claims['sub']}".encode()
    staff_id = StaffId("m-" + digest("staff", subject).hex()[:16])
    return Staff(staff_id, _name_of(claims) or str(staff_id), roles, party_of(claims.get(place.party_claim)))


def _name_of(claims: Mapping[str, Any]) -> str:
    """The first of the usual claims that holds a printable name."""
    for claim in ("name", "preferred_username"):
        name = claims.get(claim)
        if isinstance(name, str) and name.isprintable() and (plain := " ".join(name.split())):
            return plain[:_LONGEST_NAME]
    return ""
