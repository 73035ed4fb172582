"""`/v1/bezwaren` in the interface description."""

from __future__ import annotations

from typing import Any, Final

from hub.receive.objections import RULINGS
from hub.receive.openapi_statements import TAG

LIST: Final[dict[str, Any]] = {
    "operationId": "toonBezwaren",
    "tags": [TAG["name"]],
    "summary": "Toon de bezwaren waarop u moet beslissen",
    "description": "De oudste eerst. De verwerkingsverantwoordelijke beslist, niet de hub, binnen een maand (AVG, artikel 12, "
    "derde lid). Tot dan stopt wat op een taak rust (artikel 18, eerste lid, onder d); een wettelijke plicht gaat door. Om wie "
    "het gaat, staat er niet bij: wie het bezwaar vastlegde, kreeg dit kenmerk als verklaringId.",
}
RULE: Final[dict[str, Any]] = {
    "operationId": "beslisOpBezwaar",
    "tags": [TAG["name"]],
    "summary": "Leg uw besluit op een bezwaar vast",
    "description": "Toegewezen: het blijft gestopt, en wie de gegevens al kreeg, krijgt bericht. Afgewezen: het mag weer. "
    "Hetzelfde besluit nogmaals verandert niets. Van een bezwaar dat niet op u wacht, zegt de hub dat het er niet is.",
}
ID: Final[dict[str, Any]] = {
    "name": "bezwaarId",
    "in": "path",
    "required": True,
    "description": "Het kenmerk van het bezwaar",
    "schema": {"type": "string", "format": "uuid"},
}


def schemas() -> dict[str, Any]:
    """What is sent and answered."""
    uuid: dict[str, Any] = {"type": "string", "format": "uuid"}
    ruling: dict[str, Any] = {"type": "string", "enum": list(RULINGS), "description": "Wat u besluit"}

    def whole(description: str, properties: dict[str, Any]) -> dict[str, Any]:
        shape = {"type": "object", "description": description, "properties": properties, "required": list(properties)}
        return {**shape, "additionalProperties": False}

    return {
        "Bezwaren": whole(
            "Wat op uw besluit wacht",
            {"bezwaren": {"type": "array", "items": {"$ref": "#/components/schemas/Bezwaar"}}},
        ),
        "Bezwaar": whole(
            "Een bezwaar dat op uw besluit wacht",
            {
                "bezwaarId": uuid,
                "gehoordDoor": {"type": "string", "description": "De partij die het bezwaar vastlegde"},
                "doelen": {
                    "type": ["array", "null"],
                    "items": {"type": "string"},
                    "description": "Waartegen het bezwaar is; null: tegen alles",
                },
                "gedaanOp": {"type": "string", "format": "date", "description": "De dag waarop het is gezegd"},
                "uiterlijk": {"type": "string", "format": "date", "description": "De laatste dag van de wettelijke termijn"},
                "teLaat": {"type": "boolean", "description": "Of die termijn voorbij is"},
            },
        ),
        "BezwaarBesluit": whole("Uw besluit", {"besluit": ruling}),
        "BezwaarBesluitAntwoord": whole("Wat er is vastgelegd", {"bezwaarId": uuid, "besluit": ruling}),
    }
