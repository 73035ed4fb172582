"""The schemas of `/v1/verklaringen` for the interface description."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final

from hub.consent.statement import Authority, Channel
from hub.domain.facts import StatementKind, Voice
from hub.receive.statements import ACTS

TAG: Final = {"name": "Verklaringen", "description": "Vastleggen en intrekken wat een jongere zegt"}
RECORD: Final[dict[str, Any]] = {
    "operationId": "legVerklaringVast",
    "tags": [TAG["name"]],
    "summary": "Leg een verklaring vast of trek haar in",
    "description": "Wat een jongere zegt, of wie namens de jongere spreekt, geldt meteen, ook voor wat klaarligt. "
    "Bij intrekken wordt geen reden gevraagd, en het antwoord verraadt niet of er iets in te trekken was. Het ontvangstbewijs "
    "is een ondertekend bestand (JWS) dat u de jongere meegeeft; bij intrekken geeft de functionaris van de hub het. "
    "Een ja legt u vast als u onder die afspraak zelf gegevens geeft, of als overheid partij bij haar bent; nooit voor uzelf "
    "als ontvanger. Een nee (bezwaar, beperking, contactvoorkeur) trekt u alleen in als u haar zelf vastlegde; anders blijft "
    "zij gelden.",
}
_WORD: Final = {"type": "string", "pattern": "^[a-z][a-z0-9]*([-./:_][a-z0-9]+)*$", "maxLength": 64}


def _words(kind: type[StrEnum], description: str) -> dict[str, Any]:
    return {"type": "string", "enum": [each.value for each in kind], "description": description}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _object(properties: dict[str, Any], required: list[str], description: str) -> dict[str, Any]:
    whole = {"type": "object", "description": description, "properties": properties, "required": required}
    return {**whole, "additionalProperties": False}


def schemas() -> dict[str, Any]:
    """What is sent and answered."""
    day = {"type": ["string", "null"], "format": "date"}
    number = {"type": ["string", "null"], "pattern": "^[0-9]{9}$"}

    def names(description: str, most: int = 50) -> dict[str, Any]:
        return {"type": ["array", "null"], "items": _WORD, "minItems": 1, "maxItems": most, "description": description}

    return {
        "VerklaringVastleggen": _object(
            {
                "handeling": {"type": "string", "enum": list(ACTS), "description": "Wat de jongere doet"},
                "bsn": {**number, "description": "Een van de twee nummers"},
                "onderwijsnummer": {**number, "description": "Een van de twee nummers"},
                "soort": _words(StatementKind, "Wat voor verklaring"),
                "stem": _words(Voice, "Wie spreekt"),
                "wijze": _words(Channel, "Hoe het is gezegd"),
                "doelen": names("Voor welke doelen; verplicht bij toestemming en instemming"),
                "partijen": names("Aan of bij welke partijen; verplicht bij toestemming en instemming"),
                "elementen": names("Alleen deze gegevens; zonder geldt het voor alle", 100),
                "gezegdOp": {**day, "description": "De dag waarop het is gezegd; zonder vandaag"},
                "vanaf": {**day, "description": "De eerste dag waarop het geldt"},
                "tot": {**day, "description": "De eerste dag waarop het niet meer geldt; verplicht bij een contactvoorkeur"},
                "geboortedatum": {**day, "description": "Verplicht bij toestemming en instemming; wordt niet bewaard"},
                "tekst": _or_null(
                    _object(
                        {
                            "naam": _WORD,
                            "versie": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9.-]{0,31}$"},
                            "sha256": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
                        },
                        ["naam", "versie", "sha256"],
                        "De tekst die is getoond; verplicht bij toestemming en instemming",
                    )
                ),
                "machtiging": _or_null(
                    _object(
                        {
                            "soort": _words(Authority, "Waarom deze persoon voor de jongere mag spreken"),
                            "kenmerk": {"type": "string", "minLength": 1, "maxLength": 128},
                        },
                        ["soort", "kenmerk"],
                        "Verplicht als een ander voor de jongere spreekt; van het kenmerk blijft een controlegetal",
                    )
                ),
                "ookBezwaar": {"type": ["boolean", "null"], "description": "Verplicht bij een contactvoorkeur: vraag het"},
                "verblijfplaatsAfgeschermd": {
                    "type": "boolean",
                    "default": False,
                    "description": "Het bewijs voor de vertegenwoordiger noemt geen ontvanger of plaats",
                },
            },
            ["handeling", "soort", "stem", "wijze"],
            "Wat er is gezegd, door wie en hoe",
        ),
        "VerklaringAntwoord": _object(
            {
                "verklaringId": {"type": "string", "format": "uuid"},
                "status": {"type": "string", "enum": ["vastgelegd", "ingetrokken"]},
                "ontvangstbewijs": {"type": ["string", "null"], "description": "Ondertekend (JWS, Ed25519), voor de jongere"},
            },
            ["verklaringId", "status", "ontvangstbewijs"],
            "Wat ervan is vastgelegd",
        ),
    }
