"""Canonical records as JSON Schema (draft 2020-12), for those who build against the hub."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from hub.domain.element import elements_of, facts_of
from hub.domain.kinds import RECORDS
from hub.domain.terms import RecordKind

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema(kind: RecordKind) -> dict[str, Any]:
    """The published schema of a record kind. What a schema cannot say (the elfproef, the order of dates) the descriptions do.

    `x-element` names the data element of each property, `x-fact` the fact that one decides by and that passes to nobody (the
    policy's rules speak of those), `x-addressee` says for whom the record is meant. Raises KeyError on another kind.
    """
    record = RECORDS[kind]
    model = whole_schema(record)
    properties: dict[str, dict[str, Any]] = {}
    elements, facts = elements_of(record), facts_of(record)
    for name, info in record.model_fields.items():
        wire_name = info.alias or name
        schema = _nullable(model["properties"][wire_name])
        heads = {"title": name.replace("_", " ").capitalize(), "description": schema.pop("description")}
        if name in elements:
            heads["x-element"] = str(elements[name])
        elif name in facts:
            heads["x-fact"] = str(facts[name])
        else:
            heads["x-addressee"] = True
        properties[wire_name] = heads | {key: schema[key] for key in sorted(schema, reverse=True) if key != "title"}
    heads = {"$schema": _DIALECT, "title": record.__name__, "description": model.pop("description"), "x-record-kind": str(kind)}
    return (
        heads
        | {key: model[key] for key in ("type", "additionalProperties", "required", "oneOf") if key in model}
        | {"properties": properties}
    )


def whole_schema(record: type[BaseModel]) -> dict[str, Any]:
    """What pydantic says of a record, with the parts of a field written where they stand instead of referred to."""
    schema = record.model_json_schema(by_alias=True, mode="validation")
    parts = schema.pop("$defs", {})

    def whole(part: Any) -> Any:
        if isinstance(part, list):
            return [whole(one) for one in part]
        if not isinstance(part, dict):
            return part
        if "$ref" in part:
            return whole(parts[part["$ref"].rpartition("/")[2]])
        return {key: whole(value) for key, value in part.items() if not (key == "title" and isinstance(value, str))}

    return {key: whole(value) for key, value in schema.items()}


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """`X or null` in one schema, as people write it, instead of pydantic's `anyOf` with a default."""
    described = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    if "anyOf" not in schema:
        return described
    [value] = [branch for branch in schema["anyOf"] if branch != {"type": "null"}]
    described |= value | {"type": [value["type"], "null"]}
    if "enum" in value:
        described["enum"] = [*value["enum"], None]
    return described
