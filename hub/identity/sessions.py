"""Sessions at the desks: a random token in a cookie, of which the hub keeps a keyed digest alone.

A session ends when its person leaves, after its lifetime, and when nobody used it for a while.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Final

from hub.domain.staff import Staff
from hub.domain.terms import Micros
from hub.identity.staff import Kept, Register
from hub.ports import Clock, Entropy, KeyedDigest

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
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
        """A new session's token, 256 random bits: for the cookie, and for nothing else."""
        token, now = urlsafe_b64encode(self._entropy(32)).rstrip(b"=").decode(), self._clock.now_us()
        await self._store.add_session(self._place(token), Kept(staff, now, Micros(now + self._lifetime_us)))
        return token

    async def find(self, token: str) -> Session | None:
        """The session of a token, or None. That it was used is kept once a minute at most."""
        if not _TOKEN.fullmatch(token):
            return None
        place, now = self._place(token), self._clock.now_us()
        kept = await self._store.find_session(place)
        if kept is None:
            return None
        if now >= kept.expires_us or now - kept.seen_us >= self._idle_us or not kept.staff.roles:
            await self._store.drop_session(place)
            return None
        if now - kept.seen_us >= _SEEN_US:
            await self._store.touch_session(place, now)
        return Session(kept.staff, self._digest("session-csrf", token.encode()).hex())

    async def end(self, token: str) -> None:
        """End the session of a token, where there is one."""
        if _TOKEN.fullmatch(token):
            await self._store.drop_session(self._place(token))

    def _place(self, token: str) -> bytes:
        return self._digest("session", token.encode())
