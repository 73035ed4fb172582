"""How a delivery is written for its recipient: the same whether it is fetched (`GET /v1/bezorgingen`) or pushed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from hub.domain.stages import Delivered


def written(deliveries: Sequence[Delivered], checkpoint: str) -> dict[str, Any]:
    """A page for `orjson.dumps`. It holds the records in clear: it goes to the recipient and nowhere else."""
    return {
        "bezorgingen": [
            {
                "bezorgingId": str(delivery.delivery_id),
                "bron": str(delivery.source),
                "recordsoort": str.__str__(delivery.record_kind),
                "inhoud": orjson.Fragment(delivery.payload.reveal()),
                "logregel": delivery.entry,
                "ontvangstbewijs": delivery.receipt,
            }
            for delivery in deliveries
        ],
        "checkpoint": checkpoint,
    }
