"""How a delivery is written for its recipient: the same whether it is fetched (`GET /v1/bezorgingen`) or pushed.

And as lines of text, for a system that has no place of its own for everything that the record says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def plain(delivery: Delivered) -> Mapping[str, Any] | None:
    """What is delivered, by name; None where that is more than texts, numbers, yes and no: a document, or a list."""
    content: Any = orjson.loads(delivery.payload.reveal())
    if not isinstance(content, dict) or not all(isinstance(each, str | int | float) for each in content.values()):
        return None
    return content


def apart(content: Mapping[str, Any], places: Mapping[str, tuple[str, int]]) -> dict[str, str]:
    """What has a place of its own, by its name there; `places` gives for ours that name and how many signs it holds."""
    return {there: content[here] for here, (there, most) in places.items() if _fits(content.get(here), most)}


def in_lines(content: Mapping[str, Any], places: Mapping[str, tuple[str, int]]) -> str:
    """What has none, a line each, by our name; yes and no in Dutch, for whoever reads the case."""
    rest = {name: said for name, said in content.items() if not (name in places and _fits(said, places[name][1]))}
    return "\n".join(f"{name}: {_said(value)}" for name, value in sorted(rest.items()))


def _fits(value: object, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= most


def _said(value: object) -> str:
    return ("ja" if value else "nee") if isinstance(value, bool) else str(value)
