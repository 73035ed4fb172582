"""Pages of deliveries for a system that takes one at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import MappingProxyType
from uuid import UUID

from hub.connector import Said
from hub.domain.stages import Delivered
from hub.domain.terms import ReasonCode
from hub.errors import HubError
from hub.http import TOO_SLOW, Away


async def singly(
    page: Sequence[Delivered], timeout_s: float, give: Callable[[Delivered], Awaitable[ReasonCode | None]], /
) -> Said:
    """Each delivery by itself, in their order, as far as the time of one call reaches: so long the page is surely ours.

    `give` gives None where the system took it, else why it will not have it. What was answered before an error counts: it is
    said, and the rest stays unsaid. Raises what `give` raises, and hub.http.Away after that time, where nothing was answered.
    """
    confirmed: set[UUID] = set()
    refused: dict[UUID, ReasonCode] = {}
    try:
        async with asyncio.timeout(timeout_s):
            for delivery in page:
                if (reason := await give(delivery)) is None:
                    confirmed.add(delivery.delivery_id)
                else:
                    refused[delivery.delivery_id] = reason
    except TimeoutError:
        if not confirmed and not refused:
            raise Away(TOO_SLOW, "A recipient's system does not answer in time.", "One delivery takes it too long.") from None
    except HubError:
        if not confirmed and not refused:
            raise
    return Said(frozenset(confirmed), MappingProxyType(refused))
