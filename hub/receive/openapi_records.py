"""The part of the interface description about giving records: a resource per kind, its schema taken from the model."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from hub.domain.export import whole_schema
from hub.domain.kinds import RECORDS
from hub.domain.record import PersonRecord
from hub.identity.partners import may_give
from hub.receive.request import JSON

Schema = dict[str, Any]

RECORD_TAGS: Final = tuple(
    {"name": model.RESOURCE.capitalize(), "description": "Aanleveren door een bron"} for model in RECORDS.values()
)
RECORD_SCOPES: Final = {may_give(model): f"{model.RESOURCE.capitalize()} aanleveren" for model in RECORDS.values()}


def record_paths(
    ref: Callable[[str, str], Schema], answer: Callable[[str, str], Schema], problems: Callable[..., Schema]
) -> Schema:
    """`POST` on each resource."""
    return {
        f"/{model.RESOURCE}": {
            "post": {
                "operationId": f"lever{model.__name__}Aan",
                "tags": [model.RESOURCE.capitalize()],
                "summary": f"Lever een {model.KIND} aan",
                "description": "Het antwoord komt als de beslissing per ontvanger in het logboek staat, met bewijs. "
                "Wat al bekend is van dezelfde bron krijgt status dubbel en wordt niet opnieuw verstrekt.",
                "security": [{"oauth": [may_give(model)]}],
                "parameters": [ref("parameters", "IdempotencyKey")],
                "requestBody": {"required": True, "content": {JSON: {"schema": ref("schemas", model.__name__)}}},
                "responses": {
                    "201": answer("Vastgelegd in het logboek", f"{model.__name__}Antwoord"),
                    **problems(400, 401, 403, 406, 409, 413, 415, 500, 503),
                },
            }
        }
        for model in RECORDS.values()
    }


def record_schemas(
    an_object: Callable[[Schema], Schema],
    a_list: Callable[[Schema], Schema],
    ref: Callable[[str, str], Schema],
    uuid: Schema,
    checkpoint: Schema,
) -> Schema:
    """Each record, and the answer to giving one."""
    found: Schema = {}
    for model in RECORDS.values():
        found[model.__name__] = _record(model)
        found[f"{model.__name__}Antwoord"] = an_object(
            {
                f"{model.KIND}Id": uuid,
                "status": {"type": "string", "enum": ["aangenomen", "dubbel"]},
                "uitkomsten": a_list(ref("schemas", "Uitkomst")),
                "checkpoint": {"type": ["string", "null"], **checkpoint},
            }
        )
    return found


@cache
def _record(model: type[PersonRecord]) -> Schema:
    """The schema of a record, in the plainer words of OpenAPI 3.1: `type: [.., null]` and no generated titles."""
    schema = whole_schema(model)
    properties = {name: _plain(field) for name, field in schema["properties"].items()}
    for number in ("bsn", "onderwijsnummer"):
        properties[number] |= {
            "pattern": "^[0-9]{9}$",
            "description": "Negen cijfers met een geldige controle; een van de twee.",
        }
    return {
        "type": "object",
        "description": f"{schema['description']} Vrije tekst wordt geweigerd tenzij een afspraak haar noemt.",
        "properties": properties,
        "required": schema["required"],
        "additionalProperties": False,
    }


def _plain(field: Schema) -> Schema:
    rest = {key: value for key, value in field.items() if key not in ("title", "default", "anyOf")}
    branches = [branch for branch in field.get("anyOf", ()) if branch.get("type") != "null"]
    if not branches:
        return rest
    (branch,) = branches
    nullable = {**branch, "type": [branch["type"], "null"], **rest}
    return {**nullable, "enum": [*branch["enum"], None]} if "enum" in branch else nullable
