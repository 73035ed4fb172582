"""Acknowledge: what a recipient's receipt of deliveries means. Pure.

The receipt is technical: the data arrived. That the young person has landed is the warm handover's to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hub.domain.stages import Acknowledged, Standing
from hub.domain.terms import Micros, PartyId


def to_acknowledge(own: Sequence[Standing]) -> list[UUID]:
    """Those that this receipt closes: handed over, and not acknowledged yet."""
    return [one.delivery_id for one in own if one.handed and not one.acknowledged]


def acknowledged(own: Sequence[Standing], recipient: PartyId, now: Micros) -> tuple[Acknowledged, ...]:
    """What the recipient is told: everything of its own that was handed over, now or before; the same receipt twice is once."""
    return tuple(Acknowledged(one.delivery_id, recipient, now) for one in own if one.handed)
