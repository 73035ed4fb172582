"""The description of the interface, OpenAPI 3.1 in Dutch, following the NL API Design Rules 2.2 and their linter.

Written by hand beside the routes, for the routes read their requests by hand; the one thing derived is the record's schema,
from the model that validates it. `schemas/openapi/hub.json` holds the result and a test compares them.
"""

from __future__ import annotations

from typing import Any, Final

from hub.identity.partners import (
    BERICHTEN,
    BESLISSINGEN,
    BEVRAGEN,
    INLEVEREN,
    KOPPELINGEN,
    LOGBOEK,
    MEDEDELINGEN,
    OPHALEN,
    VERKLARINGEN,
)
from hub.receive.authzen import EVALUATION_PATH, EVALUATIONS_PATH
from hub.receive.deliveries import LARGEST_PAGE, USUAL_PAGE
from hub.receive.edge import VERSION
from hub.receive.informed import INFORMED_PATH
from hub.receive.inquiries import ASK, INQUIRIES_PATH
from hub.receive.inquiries import TAG as INQUIRY_TAG
from hub.receive.inquiries import schemas as inquiry_schemas
from hub.receive.logboek import ACTIVITIES_PATH
from hub.receive.notices import ANSWER_PATH, NOTICES_PATH
from hub.receive.oauth import TOKEN_PATH
from hub.receive.objections import OBJECTIONS_PATH, RULING_PATH
from hub.receive.openapi_access import SCHEMAS as ACCESS_SCHEMAS
from hub.receive.openapi_beheer import TAG as BEHEER_TAG
from hub.receive.openapi_beheer import beheer_paths, beheer_schemas
from hub.receive.openapi_informed import REPORT
from hub.receive.openapi_informed import TAG as INFORMED_TAG
from hub.receive.openapi_informed import schemas as informed_schemas
from hub.receive.openapi_logboek import LIST
from hub.receive.openapi_logboek import TAG as LOGBOOK_TAG
from hub.receive.openapi_logboek import schemas as logbook_schemas
from hub.receive.openapi_notices import ANSWER, FETCH, ID, TAG
from hub.receive.openapi_notices import schemas as notice_schemas
from hub.receive.openapi_objections import ID as OBJECTION_ID
from hub.receive.openapi_objections import LIST as OBJECTIONS
from hub.receive.openapi_objections import RULE
from hub.receive.openapi_objections import schemas as objection_schemas
from hub.receive.openapi_records import RECORD_SCOPES, RECORD_TAGS, record_paths, record_schemas
from hub.receive.openapi_statements import RECORD
from hub.receive.openapi_statements import TAG as STATEMENTS_TAG
from hub.receive.openapi_statements import schemas as statement_schemas
from hub.receive.openapi_webhook import ASK as BROUGHT_ASK
from hub.receive.openapi_webhook import BRING, SIGNATURE
from hub.receive.openapi_webhook import SCHEMAS as BROUGHT_SCHEMAS
from hub.receive.openapi_webhook import TAG as BROUGHT_TAG
from hub.receive.problem import EXPLANATIONS, KINDS, MEDIA_TYPE
from hub.receive.request import JSON
from hub.receive.statements import STATEMENTS_PATH
from hub.receive.webhook import BROUGHT_PATH

TITLE: Final = "Gegevensuitwisseling van school naar werk"

_ABOUT: Final = """\
Koppeling voor systemen van DUO/RMC, scholen, UWV en gemeenten. Een partner levert meldingen aan; de hub bepaalt per ontvanger \
wat op welke grondslag verstrekt mag worden, legt dat vast in een controleerbaar logboek en stelt het dan pas beschikbaar.

- Aanmelden: OAuth 2.0 client credentials met private_key_jwt (NL GOV). Een assertion werkt een keer en leeft hoogstens vijf \
minuten, gerekend vanaf nu; een token leeft vijf minuten en geldt alleen in de Authorization-header.
- Elke schrijvende aanvraag draagt een Idempotency-Key. Herhaal bij twijfel dezelfde aanvraag met dezelfde sleutel en dezelfde \
bytes; dat geeft hetzelfde antwoord en verandert niets.
- Bezorgen gebeurt minstens een keer: ontdubbel op bezorgingId.
- Een antwoord herhaalt nooit een waarde uit de aanvraag. Zet nooit persoonsgegevens in een adres of een header."""

_UUID: Final[dict[str, Any]] = {"type": "string", "format": "uuid"}
_TEXT: Final[dict[str, Any]] = {"type": "string"}


def describe(issuer: str, contact: str | None = None) -> dict[str, Any]:
    """The whole description for a hub at `issuer` (`https://host`); `contact` is the e-mail address of who runs it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": TITLE,
            "version": VERSION,
            "description": _ABOUT,
            "contact": {"name": "Beheer van de hub", "email": contact or f"beheer@{_host(issuer)}", "url": f"{issuer}/"},
            "license": {"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        },
        "servers": [{"url": f"{issuer}/v1", "description": "Deze hub"}],
        "tags": [
            *RECORD_TAGS,
            {"name": "Bezorgingen", "description": "Ophalen en bevestigen door een ontvanger"},
            TAG,
            INFORMED_TAG,
            STATEMENTS_TAG,
            LOGBOOK_TAG,
            INQUIRY_TAG,
            BROUGHT_TAG,
            BEHEER_TAG,
            {"name": "Besluiten", "description": "Vooraf vragen of iets gegeven mag worden (AuthZEN, NL GOV)"},
            {"name": "Algemeen", "description": "Beschrijving en toestand"},
        ],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"oauth": _oauth(issuer), "webhook": SIGNATURE},
            "headers": _headers(),
            "parameters": {"IdempotencyKey": _KEY},
            "responses": {kind.name: _problem_response(status) for status, kind in KINDS.items()},
            "schemas": _schemas(),
        },
    }


def _host(issuer: str) -> str:
    return issuer.split("//", 1)[-1].split(":", 1)[0]


def _paths() -> dict[str, Any]:
    ophalen, berichten = ([{"oauth": [scope]}] for scope in (OPHALEN, BERICHTEN))
    return {
        **record_paths(_ref, _answer, _problems),
        "/bezorgingen": {
            "get": {
                "operationId": "haalBezorgingenOp",
                "tags": ["Bezorgingen"],
                "summary": "Haal op wat klaarligt",
                "description": "De oudste bezorgingen eerst. Een bezorging komt terug totdat de ontvangst is bevestigd. "
                "Dat zij is overhandigd staat in het logboek voordat het antwoord vertrekt.",
                "security": ophalen,
                "parameters": [
                    {
                        "name": "limiet",
                        "in": "query",
                        "description": "Hoeveel bezorgingen hoogstens",
                        "schema": {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": USUAL_PAGE},
                    }
                ],
                "responses": {
                    "200": _answer("Een bladzijde bezorgingen", "Bezorgingen"),
                    **_problems(400, 401, 403, 406, 500, 503),
                },
            }
        },
        "/bezorgingen/ontvangst": {
            "post": {
                "operationId": "bevestigOntvangst",
                "tags": ["Bezorgingen"],
                "summary": "Bevestig de ontvangst",
                "description": "Na bevestiging wist de hub de inhoud. Nogmaals bevestigen verandert niets: de handeling is van "
                "nature idempotent, de sleutel wordt gevraagd maar niet onthouden.",
                "security": ophalen,
                "parameters": [_ref("parameters", "IdempotencyKey")],
                "requestBody": {"required": True, "content": {JSON: {"schema": _ref("schemas", "Ontvangst")}}},
                "responses": {
                    "200": _answer("Wat bevestigd is en wat niet bekend is", "OntvangstAntwoord"),
                    **_problems(400, 401, 403, 406, 413, 415, 500, 503),
                },
            }
        },
        NOTICES_PATH.removeprefix("/v1"): {
            "get": {
                **FETCH,
                "security": berichten,
                "responses": {
                    "200": _answer("Een bladzijde berichten", "Berichten"),
                    **_problems(400, 401, 403, 406, 500, 503),
                },
            }
        },
        ANSWER_PATH.removeprefix("/v1"): {
            "post": {
                **ANSWER,
                "security": berichten,
                "parameters": [ID, _ref("parameters", "IdempotencyKey")],
                "requestBody": {"required": True, "content": {JSON: {"schema": _ref("schemas", "BerichtAntwoord")}}},
                "responses": {
                    "200": _answer("Hoe het bericht er nu voor staat", "BerichtStand"),
                    **_problems(400, 401, 403, 404, 406, 413, 415, 500, 503),
                },
            }
        },
        INFORMED_PATH.removeprefix("/v1"): {
            "post": {
                **REPORT,
                "security": [{"oauth": [MEDEDELINGEN]}],
                "parameters": [_ref("parameters", "IdempotencyKey")],
                "requestBody": {"required": True, "content": {JSON: {"schema": _ref("schemas", "Mededeling")}}},
                "responses": {
                    "200": _answer("Wat ervan in het logboek staat", "MededelingAntwoord"),
                    **_problems(400, 401, 403, 406, 413, 415, 500, 503),
                },
            }
        },
        STATEMENTS_PATH.removeprefix("/v1"): {
            "post": {
                **RECORD,
                "security": [{"oauth": [VERKLARINGEN]}],
                "parameters": [_ref("parameters", "IdempotencyKey")],
                "requestBody": {"required": True, "content": {JSON: {"schema": _ref("schemas", "VerklaringVastleggen")}}},
                "responses": {
                    "201": _answer("Vastgelegd in het logboek; het geldt", "VerklaringAntwoord"),
                    **_problems(400, 401, 403, 406, 409, 413, 415, 500, 503),
                },
            }
        },
        OBJECTIONS_PATH.removeprefix("/v1"): {
            "get": {
                **OBJECTIONS,
                "security": [{"oauth": [VERKLARINGEN]}],
                "responses": {
                    "200": _answer("Wat op uw besluit wacht", "Bezwaren"),
                    **_problems(400, 401, 403, 406, 500, 503),
                },
            }
        },
        RULING_PATH.removeprefix("/v1"): {
            "post": {
                **RULE,
                "security": [{"oauth": [VERKLARINGEN]}],
                "parameters": [OBJECTION_ID, _ref("parameters", "IdempotencyKey")],
                "requestBody": {"required": True, "content": {JSON: {"schema": _ref("schemas", "BezwaarBesluit")}}},
                "responses": {
                    "200": _answer("Uw besluit staat in het logboek; het geldt", "BezwaarBesluitAntwoord"),
                    **_problems(400, 401, 403, 404, 406, 413, 415, 500, 503),
                },
            }
        },
        **beheer_paths(_ref, _answer, _problems),
        BROUGHT_PATH.removeprefix("/v1"): {
            "post": {
                **BRING,
                "security": [{"oauth": [INLEVEREN]}, {"webhook": []}],
                "responses": {
                    "202": _answer("Duurzaam bewaard", "Aangenomen"),
                    **_problems(400, 401, 403, 404, 406, 409, 413, 415, 500, 503),
                },
            },
            "options": {
                **BROUGHT_ASK,
                "responses": {"200": _nothing("U mag hier brengen"), **_problems(400, 403, 404, 500, 503)},
            },
        },
        INQUIRIES_PATH.removeprefix("/v1"): {
            "post": {
                **ASK,
                "security": [{"oauth": [BEVRAGEN]}],
                "parameters": [_ref("parameters", "IdempotencyKey")],
                "requestBody": {"required": True, "content": {JSON: {"schema": _ref("schemas", "Bevraging")}}},
                "responses": {
                    "200": _answer("Wat het register zegt", "BevragingAntwoord"),
                    **_problems(400, 401, 403, 406, 413, 415, 500, 503),
                },
            }
        },
        ACTIVITIES_PATH.removeprefix("/v1"): {
            "post": {
                **LIST,
                "security": [{"oauth": [LOGBOEK]}],
                "requestBody": {"required": True, "content": {JSON: {"schema": _ref("schemas", "ProcessingActivityRequest")}}},
                "responses": {
                    "200": _answer("De dataverwerkingen die over u als partij gaan", "ListProcessingActivities"),
                    **_problems(400, 401, 403, 406, 413, 415, 500, 503),
                },
            }
        },
        EVALUATION_PATH.removeprefix("/v1"): _decision_call(
            "vraagBesluit",
            "Vraag of gegevens over een niet genoemde jongere gegeven mogen worden",
            "Besluitvraag",
            "Besluit",
        ),
        EVALUATIONS_PATH.removeprefix("/v1"): _decision_call(
            "vraagBesluiten", "Stel tot 1000 van zulke vragen in een keer", "Besluitvragen", "Besluiten"
        ),
        "/gezondheid": _open_get("toonGereedheid", "Of de hub nu werk aanneemt", "Gezondheid", 500, 503),
        "/gezondheid/proces": _open_get("toonProces", "Of het proces leeft", "Gezondheid", 500),
        "/openapi.json": _open_get("toonBeschrijving", "Deze beschrijving", "Beschrijving", 500),
    }


def _decision_call(operation: str, summary: str, asks: str, answers: str) -> dict[str, Any]:
    return {
        "post": {
            "operationId": operation,
            "tags": ["Besluiten"],
            "summary": summary,
            "description": "AuthZEN Authorization API in het NL GOV-profiel. Een nee is een antwoord (200, decision false). "
            "U vraagt alleen over wat u zelf geeft of ontvangt. Elke vraag die wordt beantwoord staat in het logboek; wat u "
            "vraagt wordt verzegeld bewaard. Het adres van dit koppelvlak staat in /.well-known/authzen-configuration.",
            "security": [{"oauth": [BESLISSINGEN]}],
            "requestBody": {"required": True, "content": {JSON: {"schema": _ref("schemas", asks)}}},
            "responses": {
                "200": _answer("Het besluit", answers),
                **_problems(400, 401, 403, 406, 413, 415, 500, 503),
            },
        }
    }


def _open_get(operation: str, summary: str, schema: str, *problems: int) -> dict[str, Any]:
    return {
        "get": {
            "operationId": operation,
            "tags": ["Algemeen"],
            "summary": summary,
            "description": f"{summary}; zonder aanmelding.",
            "security": [],
            "responses": {"200": _answer(summary, schema), **_problems(*problems)},
        }
    }


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _answer(description: str, schema: str) -> dict[str, Any]:
    return {
        "description": description,
        "headers": {name: _ref("headers", key) for name, key in _SENT.items()},
        "content": {JSON: {"schema": _ref("schemas", schema)}},
    }


def _nothing(description: str) -> dict[str, Any]:
    return {"description": description, "headers": {name: _ref("headers", key) for name, key in _SENT.items()}}


def _problems(*statuses: int) -> dict[str, Any]:
    return {str(status): _ref("responses", KINDS[status].name) for status in statuses}


def _problem_response(status: int) -> dict[str, Any]:
    extra = {401: {"WWW-Authenticate": "WwwAuthenticate"}, 403: {"WWW-Authenticate": "WwwAuthenticate"}}.get(status, {})
    extra |= {"Retry-After": "RetryAfter"} if status == 503 else {}
    return {
        "description": KINDS[status].detail,
        "headers": {name: _ref("headers", key) for name, key in {**_SENT, **extra}.items()},
        "content": {MEDIA_TYPE: {"schema": _ref("schemas", "ProbleemMetFouten" if status == 400 else "Probleem")}},
    }


def _oauth(issuer: str) -> dict[str, Any]:
    return {
        "type": "oauth2",
        "description": "Client credentials met private_key_jwt (RFC 7523); RS256, PS256 of ES256. Met een clientcertificaat "
        "op de verbinding is het token daaraan gebonden (RFC 8705).",
        "flows": {
            "clientCredentials": {
                "tokenUrl": issuer + TOKEN_PATH,
                "scopes": {
                    **RECORD_SCOPES,
                    OPHALEN: "Bezorgingen ophalen en bevestigen",
                    BESLISSINGEN: "Besluiten vragen",
                    BERICHTEN: "Berichten ophalen en beantwoorden",
                    VERKLARINGEN: "Verklaringen vastleggen en intrekken",
                    MEDEDELINGEN: "Melden dat jongeren zijn geïnformeerd",
                    BEVRAGEN: "Registers bevragen in de aansluiting van het eigen college",
                    INLEVEREN: "Bestanden en berichten inleveren bij een koppeling",
                    KOPPELINGEN: "Koppelingen beheren",
                    LOGBOEK: "Lezen wat in het logboek over uzelf als partij gaat (ook onder /log)",
                },
            }
        },
    }


_KEY: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "Uw eigen, per aanvraag nieuwe sleutel; een willekeurige UUID voldoet. Nooit iets over een persoon.",
    "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,128}$"},
}
_SENT: Final[dict[str, str]] = {
    "API-Version": "ApiVersion",
    "Cache-Control": "CacheControl",
    "Content-Security-Policy": "ContentSecurityPolicy",
    "Strict-Transport-Security": "StrictTransportSecurity",
    "X-Content-Type-Options": "XContentTypeOptions",
    "X-Frame-Options": "XFrameOptions",
    "Referrer-Policy": "ReferrerPolicy",
    "traceparent": "Traceparent",
    "Fsc-Transaction-Id": "FscTransactionId",
}


def _headers() -> dict[str, Any]:
    def header(description: str, schema: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
        return {"description": description, "required": required, "schema": schema}

    return {
        "ApiVersion": header("Versie van de koppeling", {"type": "string", "examples": [VERSION]}),
        "CacheControl": header("Niets wordt bewaard", {"type": "string", "const": "no-store"}),
        "ContentSecurityPolicy": header("Niet in te sluiten", {"type": "string", "const": "frame-ancestors 'none'"}),
        "StrictTransportSecurity": header("Alleen over TLS", _TEXT),
        "XContentTypeOptions": header("Mediatype staat vast", {"type": "string", "const": "nosniff"}),
        "XFrameOptions": header("Niet in te sluiten", {"type": "string", "const": "DENY"}),
        "ReferrerPolicy": header("Adres wordt niet doorgegeven", {"type": "string", "const": "no-referrer"}),
        "Traceparent": header("W3C Trace Context: het spoor van de aanvraag, of een nieuw", _TEXT),
        "FscTransactionId": header("Transactiekenmerk van FSC, als het als UUID is meegegeven", _UUID, required=False),
        "WwwAuthenticate": header("Wat er aan de aanmelding ontbreekt (RFC 6750)", _TEXT, required=False),
        "RetryAfter": header("Na hoeveel seconden opnieuw", {"type": "string", "pattern": "^[0-9]+$"}),
    }


def _object(properties: dict[str, Any], description: str = "", **more: Any) -> dict[str, Any]:
    told = {"description": description} if description else {}
    return {
        "type": "object",
        **told,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        **more,
    }


def _list(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def _schemas() -> dict[str, Any]:
    problem = {
        "type": {"type": "string", "format": "uri-reference"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "title": _TEXT,
        "detail": _TEXT,
        "instance": {
            "type": "string",
            "format": "uri-reference",
            "description": "Het spoor van de aanvraag in het logboek van de beheerder",
        },
    }
    checkpoint = {"description": "Ondertekende stand van het logboek (C2SP checkpoint); bewaar hem"}
    return {
        **record_schemas(_object, _list, _ref, _UUID, checkpoint),
        "Uitkomst": _object(
            {
                "ontvanger": {"type": "string", "description": "De partij: een organisatie met een taak"},
                "besluit": {"type": "string", "enum": ["verstrekt", "geweigerd"]},
                "redenen": _list(
                    {"type": "string", "description": "Redencode; PERSOONLIJK waar de reden iets over de jongere zegt"}
                ),
                "logregel": {"type": ["string", "null"], "description": "De regel in het logboek over dit besluit, letterlijk"},
                "bewijs": {"type": ["string", "null"], "description": "Bewijs van opname in het logboek (C2SP tlog-proof)"},
            }
        ),
        "Bezorgingen": _object(
            {
                "bezorgingen": _list(_ref("schemas", "Bezorging"), maxItems=LARGEST_PAGE),
                "checkpoint": {"type": "string", **checkpoint},
                "nogWachtend": {"type": "integer", "minimum": 0, "description": "Hoeveel er na deze bladzijde nog klaarligt"},
            }
        ),
        "Bezorging": _object(
            {
                "bezorgingId": {**_UUID, "description": "Vast kenmerk; ontdubbel hierop"},
                "bron": {"type": "string", "description": "De partij die verstrekt"},
                "recordsoort": {"type": "string", "examples": ["uitvalmelding"]},
                "inhoud": {"type": "object", "description": "De velden die u mag ontvangen, in de toegestane vorm"},
                "logregel": {"type": "string", "description": "De regel in het logboek over deze verstrekking, letterlijk"},
                "ontvangstbewijs": {
                    "type": "string",
                    "description": "Bewijs dat die regel in het logboek staat (C2SP tlog-proof)",
                },
            }
        ),
        "Ontvangst": _object({"bezorgingen": _list(_UUID, minItems=1, maxItems=LARGEST_PAGE)}),
        "OntvangstAntwoord": _object({"bevestigd": _list(_UUID), "onbekend": _list(_UUID)}),
        **notice_schemas(),
        **informed_schemas(),
        **statement_schemas(),
        **objection_schemas(),
        **logbook_schemas(),
        **BROUGHT_SCHEMAS,
        **beheer_schemas(_ref),
        **inquiry_schemas(_ref("schemas", "Bezorging")),
        "Gezondheid": _object({"status": {"type": "string", "enum": ["in orde", "oude afspraken"]}}),
        "Beschrijving": {"type": "object", "description": "Een OpenAPI-document"},
        **ACCESS_SCHEMAS,
        "Probleem": _object(problem, "Probleembeschrijving (RFC 9457)"),
        "ProbleemMetFouten": _object(
            {**problem, "fouten": _list(_ref("schemas", "Fout"))}, "Probleem met alle fouten tegelijk"
        ),
        "Fout": _object(
            {
                "veld": {"type": "string", "description": "Het veld bij zijn afgesproken naam; ? waar het een eigen naam had"},
                "code": {"type": "string", "examples": sorted(EXPLANATIONS)},
                "uitleg": _TEXT,
            }
        ),
    }
