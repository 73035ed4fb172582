"""The schemas of the decision calls for the interface description: AuthZEN's own names, in the NL GOV profile."""

from __future__ import annotations

from typing import Any, Final, get_args

from hub.consent.given import Onderwijssoort
from hub.decisions.request import MOST, NAMELESS, PARTY_TYPE, SEMANTICS
from hub.domain.facts import StatementKind, StatementState, Voice
from hub.domain.terms import Form

_TEXT: Final[dict[str, Any]] = {"type": "string"}
_WORDS: Final[dict[str, Any]] = {"type": "array", "items": _TEXT, "minItems": 1}


def _object(properties: dict[str, Any], required: tuple[str, ...], description: str = "") -> dict[str, Any]:
    told = {"description": description} if description else {}
    shape = {"type": "object", **told, "properties": properties, "additionalProperties": False}
    return {**shape, "required": list(required)} if required else shape


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _yes_no(description: str) -> dict[str, Any]:
    return {"type": ["boolean", "null"], "description": description}


_FACTS: Final = {
    "type": "object",
    "description": "Wat u van de niet genoemde jongere weet; wat ontbreekt of null is geldt als onbekend, en onbekend is nee. "
    "Daarnaast elk verder feit dat de afspraken noemen, bij zijn naam: ja of nee, of een datum.",
    "properties": {
        "leeftijd": {"type": ["integer", "null"], "minimum": 0, "maximum": 120},
        "overleden": _yes_no("Of de jongere is overleden"),
        "startkwalificatie": _yes_no("Of er een startkwalificatie is"),
        "ingeschreven": _yes_no("Of de jongere ergens staat ingeschreven"),
        "indicatie_geheim": _yes_no("Of het adres geheim is"),
        "heeft_bsn": _yes_no("Of er een BSN is; het nummer zelf wordt geweigerd"),
        "onderwijssoort": {"type": ["string", "null"], "enum": [*get_args(Onderwijssoort), None]},
        "datum_diploma": {"type": ["string", "null"], "format": "date"},
        "gemeente": {"type": ["string", "null"], "pattern": "^[0-9]{4}$", "description": "Code van de woongemeente (CBS)"},
        "verklaringen": {"type": ["array", "null"], "items": _ref("Verklaring"), "maxItems": 50},
    },
}

_SUBJECT: Final = _object({"type": {"const": PARTY_TYPE}, "id": _TEXT}, ("type", "id"), "De partij die zou ontvangen")
_ACTION: Final = _object(
    {"name": _TEXT, "properties": _object({"processing_activity_id": {"type": "string", "format": "uri"}}, ())},
    ("name",),
    "Het doel, bij zijn naam in de afspraken",
)
_CONTEXT: Final = _object(
    {
        "pad": {**_WORDS, "minItems": 2, "maxItems": 10, "description": "De weg van de gegevens; de laatste is de ontvanger"},
        "time": {"type": "string", "description": "Moment volgens RFC 3339; zonder geldt nu"},
        "traceparent": {"type": "string", "description": "W3C Trace Context"},
        "mim": {"type": "string", "description": "Wordt niet gelezen en niet bewaard"},
        "ld-context": {"description": "Wordt niet gelezen en niet bewaard"},
    },
    ("pad",),
)
_PARTS: Final = {
    "subject": _ref("Ontvanger"),
    "action": _ref("Doel"),
    "resource": _ref("Gegevens"),
    "context": _ref("Omstandigheden"),
}

SCHEMAS: Final[dict[str, Any]] = {
    "Ontvanger": _SUBJECT,
    "Doel": _ACTION,
    "Omstandigheden": _CONTEXT,
    "Gegevens": _object(
        {
            "type": {"type": "string", "description": "De recordsoort"},
            "id": {"const": NAMELESS, "description": "De jongere wordt nooit genoemd"},
            "properties": _object({"elementen": _WORDS, "feiten": _ref("Feiten")}, ("elementen", "feiten")),
        },
        ("type", "id", "properties"),
    ),
    "Feiten": _FACTS,
    "Verklaring": _object(
        {
            "soort": {"type": "string", "enum": [kind.value for kind in StatementKind]},
            "staat": {"type": "string", "enum": [state.value for state in StatementState]},
            "stem": {"type": "string", "enum": [voice.value for voice in Voice]},
            "doelen": _WORDS,
            "partijen": _WORDS,
            "elementen": _WORDS,
        },
        ("soort", "staat", "stem"),
    ),
    "Besluitvraag": _object(_PARTS, ("subject", "action", "resource", "context")),
    "Besluitvragen": _object(
        {
            **_PARTS,
            "evaluations": {"type": "array", "items": _object(_PARTS, ()), "maxItems": MOST},
            "options": _object({"evaluations_semantic": {"type": "string", "enum": list(SEMANTICS)}}, ()),
        },
        (),
        "Wat boven de lijst staat geldt voor elke vraag die het zelf niet noemt; zonder lijst is het één vraag.",
    ),
    "Besluit": {
        "type": "object",
        "properties": {
            "decision": {"type": "boolean", "description": "Of alles wat u noemde gegeven mag worden"},
            "context": _ref("Besluitgegevens"),
        },
        "required": ["decision", "context"],
        "additionalProperties": False,
    },
    "Besluitgegevens": {
        "type": "object",
        "description": "Wat u nodig hebt om het besluit uit te voeren en uit te leggen",
        "properties": {
            "outcome": {"type": "string", "enum": ["permit", "partial", "deny"]},
            "reasons": {"type": "array", "items": _TEXT, "description": "Redencodes die alles sluiten"},
            "reason_admin": {
                "type": "object",
                "additionalProperties": _TEXT,
                "description": "Per code, voor wie moet handelen",
            },
            "reason_user": {"type": "object", "additionalProperties": _TEXT, "description": "Per code, voor de jongere"},
            "fields": {
                "type": "object",
                "additionalProperties": {"type": "string", "enum": [form.value for form in Form]},
                "description": "Wat gegeven mag worden, elk in zijn vorm",
            },
            "refused_fields": {"type": "object", "additionalProperties": _TEXT, "description": "Wat achterblijft, met de code"},
            "agreement": {"type": ["string", "null"]},
            "clause": {"type": ["string", "null"]},
            "purpose": {"type": ["string", "null"]},
            "bases": {"type": "array", "items": _TEXT},
            "obligations": {"type": "array", "items": _object({"id": _TEXT, "text": _TEXT}, ("id", "text"))},
            "retention": _TEXT,
            "processing_activity_id": {"type": "string", "format": "uri"},
            "valid_until": {"type": "string", "format": "date", "description": "De eerste dag waarop u opnieuw moet vragen"},
            "policy": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "De set afspraken waarmee is besloten"},
        },
        "required": ["outcome", "reasons", "fields", "refused_fields", "valid_until", "policy"],
        "additionalProperties": False,
    },
    "Besluiten": {
        "anyOf": [
            _object(
                {"evaluations": {"type": "array", "items": _ref("Besluit"), "minItems": 1, "maxItems": MOST}}, ("evaluations",)
            ),
            _ref("Besluit"),
        ]
    },
}
