"""So many runs at a partner at a time, whoever comes first goes first; one partner's turns are no other's."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hub.domain.terms import PartyId


@dataclass(slots=True)
class _Partner:
    most: int = 1
    busy: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class Turns:
    """Bounds what is done at each partner at a time."""

    def __init__(self) -> None:
        self._partners: dict[PartyId, _Partner] = {}

    def bound(self, party: PartyId, most: int) -> None:
        """From now on at most so many at a time; what is under way goes on."""
        partner = self._partners.setdefault(party, _Partner())
        partner.most = most
        _wake(partner)

    @asynccontextmanager
    async def at(self, party: PartyId) -> AsyncIterator[None]:
        """A turn at this partner, for as long as the block lasts."""
        partner = self._partners.setdefault(party, _Partner())
        if partner.busy < partner.most and not partner.waiting:
            partner.busy += 1
        else:
            mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            partner.waiting.append(mine)
            try:
                await mine
            except asyncio.CancelledError:
                if mine.done() and not mine.cancelled():  # it was given a turn in the same breath
                    partner.busy -= 1
                    _wake(partner)
                raise
        try:
            yield
        finally:
            partner.busy -= 1
            _wake(partner)


def _wake(partner: _Partner) -> None:
    while partner.waiting and partner.busy < partner.most:
        mine = partner.waiting.popleft()
        if not mine.done():
            partner.busy += 1
            mine.set_result(None)
