"""`/v1/mededelingen` in the interface description."""

from __future__ import annotations

from typing import Any, Final

from hub.receive.deliveries import LARGEST_PAGE
from hub.receive.informed import OF_AGREEMENT

TAG: Final = {"name": "Mededelingen", "description": "Melden dat een jongere is verteld wie welke gegevens kreeg"}
REPORT: Final[dict[str, Any]] = {
    "operationId": "meldMededeling",
    "tags": [TAG["name"]],
    "summary": "Meld dat jongeren is verteld dat hun gegevens zijn gegeven",
    "description": "De afspraak zegt wie de jongere informeert, wanneer en met welke tekst (AVG, artikel 13 en 14). Doet u "
    "dat, meld het dan hier per bezorging. Hetzelfde nogmaals melden verandert niets; wat al was gemeld, blijft staan. Onder "
    "onbekend staan bezorgingen die de hub niet kent of waarover een ander de jongere informeert.",
}


def schemas() -> dict[str, Any]:
    """What is sent and answered."""

    def ids(description: str, least: int) -> dict[str, Any]:
        items = {"type": "string", "format": "uuid"}
        return {"type": "array", "items": items, "minItems": least, "maxItems": LARGEST_PAGE, "description": description}

    def whole(description: str, properties: dict[str, Any]) -> dict[str, Any]:
        shape = {"type": "object", "description": description, "properties": properties, "required": list(properties)}
        return {**shape, "additionalProperties": False}

    return {
        "Mededeling": whole(
            "Welke jongeren het is verteld, wanneer en met welke tekst",
            {
                "bezorgingen": ids("De bezorgingen waarover het is verteld", 1),
                "datum": {
                    "type": "string",
                    "format": "date",
                    "description": "De dag waarop het is verteld; niet later dan vandaag",
                },
                "tekst": {
                    "type": "string",
                    "pattern": f"^({OF_AGREEMENT}|[0-9a-f]{{64}})$",
                    "description": f"`{OF_AGREEMENT}` voor de tekst uit de afspraak, of de SHA-256 van uw eigen tekst",
                },
            },
        ),
        "MededelingAntwoord": whole(
            "Wat ervan is vastgelegd",
            {
                "vastgelegd": ids("Hiervan staat in het logboek dat de jongere is geïnformeerd", 0),
                "onbekend": ids("Deze bezorgingen kent de hub niet als de uwe om over te informeren", 0),
            },
        ),
    }
