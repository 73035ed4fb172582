"""The description of what stands under `/log`, OpenAPI 3.1 in Dutch: the form of the answers is that of C2SP.

Apart from the interface `/v1`, whose design rules ask for JSON; `schemas/openapi/logboek.json` holds the result and a test
compares them.
"""

from __future__ import annotations

from typing import Any, Final

from hub.identity.partners import LOGBOEK
from hub.receive.edge import VERSION
from hub.receive.oauth import TOKEN_PATH
from hub.receive.problem import KINDS, MEDIA_TYPE
from hub.receive.tiles import CHECKPOINT_PATH, CONSISTENCY_PATH, COSIGNED_PATH, OCTETS
from hub.receive.witness import ADD_PATH, LATEST_PATH, TAKE_PATH
from hub.witness.model import SIZE_TYPE

LOG_OPEN_PATH: Final = "/log/openapi.json"
_TEXT: Final = "text/plain"
_ABOUT: Final = """\
Het logboek van de hub, zodat iedereen kan nagaan dat het alleen groeit, en een partij kan lezen wat over haarzelf gaat. De \
vorm is die van C2SP: tlog-checkpoint, tlog-tiles, tlog-cosignature en tlog-witness. Vertrouw een checkpoint alleen na \
controle van de handtekening met een sleutel die u buiten de hub om hebt gekregen."""
_TILE: Final = {
    "name": "plaats",
    "in": "path",
    "required": True,
    "description": "Het nummer van de tegel zoals tlog-tiles het schrijft, bijvoorbeeld 000 of x001/234, en voor een tegel die "
    "nog niet vol is de breedte: 000.p/17. Het nummer kan schuine strepen bevatten.",
    "schema": {"type": "string", "pattern": r"^(x[0-9]{3}/){0,5}[0-9]{3}(\.p/[1-9][0-9]{0,2})?$"},
}


def describe_log(issuer: str) -> dict[str, Any]:
    """The whole description for a hub at `issuer` (`https://host`)."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Logboek van de hub", "version": VERSION, "description": _ABOUT},
        "servers": [{"url": issuer, "description": "Deze hub"}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {
                "oauth": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": issuer + TOKEN_PATH,
                            "scopes": {LOGBOEK: "Lezen wat in het logboek over uzelf als partij gaat"},
                        }
                    },
                }
            }
        },
    }


def _paths() -> dict[str, Any]:
    sizes = [
        {"name": name, "in": "query", "required": True, "description": said, "schema": {"type": "integer", "minimum": 1}}
        for name, said in (("from", "De kleinste omvang, eerst"), ("to", "De grootste omvang, daarna"))
    ]
    level = {
        "name": "niveau",
        "in": "path",
        "required": True,
        "description": "Het niveau in de boom; op 0 staan de hashes van de regels zelf",
        "schema": {"type": "integer", "minimum": 0, "maximum": 63},
    }
    origin = {
        "name": "origin",
        "in": "path",
        "required": True,
        "description": "De SHA-256 van de naam (origin) van het logboek, hexadecimaal",
        "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    }
    mine: list[dict[str, list[str]]] = [{"oauth": [LOGBOEK]}]
    return {
        CHECKPOINT_PATH: _get("toonCheckpoint", "Het nieuwste checkpoint, met wie het medeondertekenden", _TEXT, (400, 404)),
        COSIGNED_PATH: _get(
            "toonMedeondertekend", "Het nieuwste checkpoint dat een getuige medeondertekende", _TEXT, (400, 404)
        ),
        CONSISTENCY_PATH: _get(
            "toonGroei", "Het bewijs dat het logboek alleen groeide: hashes in base64", _TEXT, (400, 404), sizes
        ),
        "/log/tile/{niveau}/{plaats}": _get("toonTegel", "Een tegel van de boom", OCTETS, (400, 404), [level, _TILE]),
        "/log/tile/entries/{plaats}": _get(
            "toonRegels",
            "De regels onder een tegel van niveau 0; wat niet over u als partij gaat heeft lengte 0",
            OCTETS,
            (400, 401, 403, 404),
            [_TILE],
            mine,
        ),
        ADD_PATH: {
            "post": {
                "operationId": "laatMedeondertekenen",
                "summary": "Laat de hub als getuige een checkpoint van uw logboek medeondertekenen",
                "description": "De aanroep add-checkpoint van tlog-witness; voor logboeken die de beheerder heeft opgegeven.",
                "security": [],
                "requestBody": {"required": True, "content": {_TEXT: {"schema": {"type": "string"}}}},
                "responses": {
                    "200": _said("De regel met de handtekening van de getuige", _TEXT),
                    "403": _said("Niet ondertekend met de sleutel die de getuige kent", _TEXT),
                    "404": _said("Dit logboek kent de getuige niet", _TEXT),
                    "409": {
                        "description": "De getuige is op een andere omvang, of ondertekende een andere boom van deze omvang",
                        "content": {SIZE_TYPE: {"schema": {"type": "string"}}, _TEXT: {"schema": {"type": "string"}}},
                    },
                    "422": _said("Het bewijs klopt niet", _TEXT),
                    **_problems(400, 413, 500, 503),
                },
            }
        },
        TAKE_PATH: {
            "post": {
                "operationId": "brengMedeondertekening",
                "summary": "Breng uw medeondertekening van een checkpoint van dit logboek",
                "description": "Het checkpoint met uw regel eronder, of die regel alleen; van getuigen die de beheerder kent.",
                "security": [],
                "requestBody": {"required": True, "content": {_TEXT: {"schema": {"type": "string"}}}},
                "responses": {"200": _said("De omvang waarover het bewaard is", _TEXT), **_problems(400, 403, 413, 500, 503)},
            }
        },
        LATEST_PATH: _get(
            "toonLaatstGezien", "Wat de hub als getuige het laatst medeondertekende", _TEXT, (400, 404), [origin]
        ),
        LOG_OPEN_PATH: _get("toonLogboekBeschrijving", "Deze beschrijving", "application/json", ()),
    }


def _get(
    operation: str,
    summary: str,
    media: str,
    problems: tuple[int, ...],
    parameters: list[dict[str, Any]] | None = None,
    security: list[dict[str, list[str]]] | None = None,
) -> dict[str, Any]:
    answers = {"200": _said(summary, media), **_problems(*problems, 500, 503)}
    told = {"operationId": operation, "summary": summary, "security": security or [], "responses": answers}
    return {"get": told if parameters is None else {**told, "parameters": parameters}}


def _said(description: str, media: str) -> dict[str, Any]:
    form = {"type": "string", "format": "binary"} if media == OCTETS else {"type": "string"}
    return {"description": description, "content": {media: {"schema": {} if media == "application/json" else form}}}


def _problems(*statuses: int) -> dict[str, Any]:
    return {
        str(status): {"description": KINDS[status].detail, "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}
        for status in statuses
    }
