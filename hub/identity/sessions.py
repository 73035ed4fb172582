"""Sessions at the desks: a random token in a cookie, of which the hub keeps a keyed digest alone.

The token carries a keyed mark over whose session it is, in which roles, for which party and until when, so that whoever can
write the register can make nobody more than they signed in as. A session ends when its person leaves, after its lifetime, and
when nobody used it for a while.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Final

from hub.domain.staff import Staff
from hub.domain.terms import Micros
from hub.identity.staff import Kept, Register
from hub.ports import Clock, Entropy, KeyedDigest

_TOKEN: Final = re.compile(r"([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]{43})", re.ASCII)
_SEEN_US: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class Session:
    """Someone at a desk. `csrf` stands in each form of theirs: only a page of the hub knows it."""

    staff: Staff
    csrf: str = field(repr=False)


class Sessions:
    """The sessions; `lifetime_s` bounds each, `idle_s` bounds how long one goes unused. Methods raise errors.Retry where the
    database is away.
    """

    def __init__(
        self, store: Register, digest: KeyedDigest, clock: Clock, entropy: Entropy, *, lifetime_s: int, idle_s: int
    ) -> None:
        self._store, self._digest, self._clock, self._entropy = store, digest, clock, entropy
        self._lifetime_us, self._idle_us = lifetime_s * 1_000_000, idle_s * 1_000_000

    async def begin(self, staff: Staff) -> str:
        """A new session's token, 256 random bits with their mark: for the cookie, and for nothing else."""
        chance, now = _text(self._entropy(32)), self._clock.now_us()
        kept = Kept(staff, now, Micros(now + self._lifetime_us))
        token = f"{chance}.{self._mark(chance, kept)}"
        await self._store.add_session(self._place(token), kept)
        return token

    async def find(self, token: str) -> Session | None:
        """The session of a token, or None. That it was used is kept once a minute at most."""
        if (parts := _TOKEN.fullmatch(token)) is None:
            return None
        place, now = self._place(token), self._clock.now_us()
        kept = await self._store.find_session(place)
        if kept is None:
            return None
        over = now >= kept.expires_us or now - kept.seen_us >= self._idle_us or not kept.staff.roles
        if over or not compare_digest(parts[2], self._mark(parts[1], kept)):
            await self._store.drop_session(place)
            return None
        if now - kept.seen_us >= _SEEN_US:
            await self._store.touch_session(place, now)
        return Session(kept.staff, self._digest("session-csrf", token.encode()).hex())

    async def end(self, token: str) -> None:
        """End the session of a token, where there is one."""
        if _TOKEN.fullmatch(token):
            await self._store.drop_session(self._place(token))

    def _mark(self, chance: str, kept: Kept) -> str:
        staff = kept.staff
        said = [chance, staff.staff_id, staff.name, " ".join(sorted(staff.roles)), str(int(kept.expires_us))]
        said += [] if staff.party is None else [staff.party]
        return _text(self._digest("session-mark", "\0".join(said).encode()))

    def _place(self, token: str) -> bytes:
        return self._digest("session", token.encode())


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()
