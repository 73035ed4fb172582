"""`/v1/koppelingen/{instantie}/berichten` in the interface description."""

from __future__ import annotations

from typing import Any, Final

from hub.receive.cloudevents import STRUCTURED
from hub.receive.inbox import LARGEST
from hub.receive.inbox.brought import MEDIA_TYPES
from hub.receive.webhook import SKEW_S

TAG: Final = {"name": "Aanleveren", "description": "Een bestand brengen bij een koppeling"}
SIGNATURE: Final = {
    "type": "apiKey",
    "in": "header",
    "name": "webhook-signature",
    "description": "In plaats van een token: `v1,` en de base64 van HMAC-SHA256 over `webhook-id.webhook-timestamp.inhoud` "
    "(Standard Webhooks). Meer handtekeningen staan naast elkaar met een spatie ertussen, zodat een geheim kan wisselen.",
}
"""The security scheme `webhook`."""

_INSTANCE: Final[dict[str, Any]] = {
    "name": "instantie",
    "in": "path",
    "required": True,
    "description": "De naam van de koppeling, zoals de beheerder van de hub die opgaf",
    "schema": {"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "maxLength": 64},
}


def _header(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


_ID: Final[dict[str, Any]] = {"type": "string", "minLength": 1, "maxLength": 128}
BRING: Final[dict[str, Any]] = {
    "operationId": "leverBestandAan",
    "tags": [TAG["name"]],
    "summary": "Breng een bestand bij een koppeling",
    "description": "De hub bewaart de inhoud verzegeld en leest haar daarna zoals elk ander bestand van deze koppeling. 202 "
    "betekent: duurzaam bewaard. Herhaal bij twijfel met dezelfde sleutel of hetzelfde webhook-id; dat verandert niets. "
    "Met een token van de eigen partij, of ondertekend: dan zijn webhook-id, webhook-timestamp en webhook-signature nodig en "
    f"wijkt uw klok hoogstens {SKEW_S // 60} minuten af. Waar de koppeling dat zegt, mag de inhoud een CloudEvent zijn. Wordt "
    "er te lang niets gelezen, dan volgt 503 met Retry-After.",
    "parameters": [
        _INSTANCE,
        _header("Idempotency-Key", "Met een token verplicht, behalve bij een CloudEvent", _ID),
        _header("webhook-id", "Uw kenmerk van dit bericht, zonder punt erin", _ID),
        _header("webhook-timestamp", "Wanneer u ondertekende, in seconden sinds 1970", {"type": "string"}),
    ],
    "requestBody": {
        "required": True,
        "description": f"Hoogstens {LARGEST >> 20} MiB, zonder compressie, in het mediatype van de koppeling",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in (*sorted(set().union(*MEDIA_TYPES.values())), STRUCTURED)
        },
    },
}
ASK: Final[dict[str, Any]] = {
    "operationId": "vraagOfAanleverenMag",
    "tags": [TAG["name"]],
    "summary": "Vraag of u hier CloudEvents mag brengen",
    "description": "De handdruk uit CloudEvents (Web Hooks for Event Delivery): 200 noemt in WebHook-Allowed-Origin wie de "
    "koppeling kent, anders volgt 403. De hub roept niemand terug.",
    "security": [],
    "parameters": [
        _INSTANCE,
        {
            "name": "WebHook-Request-Origin",
            "in": "header",
            "required": True,
            "description": "De naam van de server die wil brengen",
            "schema": {"type": "string", "maxLength": 253},
        },
    ],
}
SCHEMAS: Final[dict[str, Any]] = {
    "Aangenomen": {
        "type": "object",
        "description": "De inhoud is duurzaam bewaard",
        "properties": {"status": {"type": "string", "enum": ["aangenomen"]}},
        "required": ["status"],
        "additionalProperties": False,
    }
}
