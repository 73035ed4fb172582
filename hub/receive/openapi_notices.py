"""The notices in the interface description: paths and schemas."""

from __future__ import annotations

from typing import Any, Final

from hub.notices.model import Ground
from hub.notices.plan import LONGEST_TEXT
from hub.notices.wire import ACTIONS, CAUSES, METHODS, STATES
from hub.receive.notices import ANSWERS, LARGEST_PAGE, MOST_ONWARD, USUAL_PAGE

TAG: Final = {"name": "Berichten", "description": "Wat u moet doen met gegevens die u eerder ontving"}
FETCH: Final[dict[str, Any]] = {
    "operationId": "haalBerichtenOp",
    "tags": ["Berichten"],
    "summary": "Haal berichten op over eerder ontvangen gegevens",
    "description": "Een jongere trok toestemming in, een bezwaar is gegrond, gegevens zijn verbeterd of hadden niet gegeven "
    "mogen worden: het bericht zegt om welke bezorgingen het gaat en wat u moet doen. Het komt terug totdat u de ontvangst "
    "meldt. Zonder antwoord binnen 72 uur krijgt u niets meer dat op een verklaring rust.",
    "parameters": [
        {
            "name": "limiet",
            "in": "query",
            "description": "Hoeveel berichten hoogstens",
            "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": USUAL_PAGE},
        }
    ],
}
ANSWER: Final[dict[str, Any]] = {
    "operationId": "beantwoordBericht",
    "tags": ["Berichten"],
    "summary": "Beantwoord een bericht",
    "description": "Eerst ontvangen, daarna uitgevoerd of geweigerd. Uitgevoerd gaat met een door u ondertekende verklaring: "
    "een JWS (typ verklaring+jwt) met een van uw geregistreerde sleutels over berichtId, antwoord, wijze en iat. Geweigerd "
    "gaat met een grond; uw toelichting wordt verzegeld bewaard. Hetzelfde antwoord nogmaals verandert niets; een ander "
    "antwoord wordt niet aangenomen.",
}
ID: Final[dict[str, Any]] = {
    "name": "berichtId",
    "in": "path",
    "required": True,
    "description": "Het kenmerk van het bericht",
    "schema": {"type": "string", "format": "uuid"},
}


def schemas() -> dict[str, Any]:
    """What notices and answers look like."""
    uuid: dict[str, Any] = {"type": "string", "format": "uuid"}

    def words(known: Any, description: str) -> dict[str, Any]:
        return {"type": "string", "enum": sorted(map(str, known)), "description": description}

    def whole(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": properties,
            "required": list(properties) if required is None else required,
            "additionalProperties": False,
        }

    return {
        "Berichten": whole(
            {"berichten": {"type": "array", "items": {"$ref": "#/components/schemas/Bericht"}, "maxItems": LARGEST_PAGE}}
        ),
        "Bericht": whole(
            {
                "berichtId": uuid,
                "aanleiding": words(CAUSES.values(), "Waarom u dit bericht krijgt"),
                "gevraagd": words(ACTIONS.values(), "Wat u moet doen"),
                "grondslag": {"type": "string", "description": "De artikelen waarop het bericht rust"},
                "uiterlijk": {"type": "string", "format": "date", "description": "De laatste dag waarop het gedaan moet zijn"},
                "afspraak": {
                    "type": ["string", "null"],
                    "description": "De afspraak die eindigde, met wat daarlangs kwam",
                },
                "bezorgingen": {
                    "type": "array",
                    "items": whole(
                        {
                            "bezorgingId": uuid,
                            "elementen": {
                                "type": "array",
                                "items": {"type": "string"},
                                "description": "De gegevens, zoals de logregel ze noemt",
                            },
                        }
                    ),
                },
                "volgtUit": {
                    **uuid,
                    "type": ["string", "null"],
                    "description": "Het bericht aan wie ze aan u doorgaf",
                },
            }
        ),
        "BerichtAntwoord": whole(
            {
                "antwoord": words(ANSWERS, "Wat u meldt"),
                "wijze": words(METHODS.values(), "Bij uitgevoerd: wat u deed"),
                "ondertekening": {"type": "string", "description": "Bij uitgevoerd: uw ondertekende verklaring (JWS)"},
                "grond": words(Ground, "Bij geweigerd: waarom u het niet doet"),
                "toelichting": {
                    "type": "string",
                    "maxLength": LONGEST_TEXT,
                    "description": "Bij geweigerd: in uw eigen woorden",
                },
                "doorgegevenAan": {
                    "type": "array",
                    "items": {"type": "string", "pattern": "^[a-z][a-z0-9]*([-./:_][a-z0-9]+)*$", "maxLength": 64},
                    "maxItems": MOST_ONWARD,
                    "description": "Aan welke partijen u de gegevens doorgaf; ook zij krijgen een bericht",
                },
            },
            ["antwoord"],
        ),
        "BerichtStand": whole({"berichtId": uuid, "status": words(STATES.values(), "Hoe het bericht er nu voor staat")}),
    }
