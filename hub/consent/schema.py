"""The policy files as JSON Schemas, so that an editor completes and checks what someone writes. Pure.

Made from the types that the loader reads by, descriptions included. What a schema cannot say (that an id exists, that ages fit)
the loader still does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic import create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from hub.consent.kept import LogTerm
from hub.consent.model import (
    Agreement,
    Element,
    FactSpec,
    LegalBasis,
    Obligation,
    PolicySet,
    Prohibition,
    Purpose,
    Reason,
    RecordSpec,
    RetentionRow,
)
from hub.domain.rulebook import Rule
from hub.domain.terms import (
    BasisId,
    ElementName,
    FactName,
    PartyId,
    PurposeId,
    ReasonCode,
    RecordKind,
    Term,
)
from hub.domain.territory import Party, Region

FILES: Final[Mapping[str, Mapping[str, type[Rule]]]] = {
    "laws": {"laws": LegalBasis, "prohibitions": Prohibition, "retentions": RetentionRow},
    "purposes": {"purposes": Purpose},
    "elements": {"elements": Element},
    "records": {"records": RecordSpec},
    "facts": {"facts": FactSpec},
    "reasons": {"reasons": Reason},
    "obligations": {"obligations": Obligation},
    "log": {"log_terms": LogTerm},
    "parties": {"parties": Party},
    "regions": {"regions": Region},
}
"""What stands in each kind of file, by its key. An agreement is a file by itself."""
_TITLES: Final[Mapping[str, str]] = {
    "laws": "Legal bases, prohibitions and terms of retention",
    "purposes": "Purposes",
    "elements": "Data elements",
    "records": "Record kinds",
    "facts": "Further facts",
    "reasons": "Reasons for a no",
    "obligations": "Obligations",
    "log": "How long the log keeps what it says",
    "parties": "Parties",
    "regions": "Regions",
}
_HOME: Final = "https://json-schema.org/draft/2020-12/schema"


def schema_names() -> tuple[str, ...]:
    """The kinds of file that have a schema."""
    return ("agreement", *FILES)


def schema_of(name: str, policy: PolicySet | None = None) -> dict[str, Any]:
    """The schema of one kind of file; with `policy` the ids of that set are offered wherever one is asked for.

    Other ids stay allowed, for rows that are yet to be added: the loader says whether they exist. Raises KeyError.
    """
    model = Agreement if name == "agreement" else _file(name)
    maker = _Schema if policy is None else _offering(policy)
    made = model.model_json_schema(by_alias=True, schema_generator=maker)
    if name == "agreement":
        made["title"] = "Agreement"
    return {"$schema": _HOME, "$id": f"{name}.json", **cast(dict[str, Any], _tidy(made))}


def schema_text(name: str, policy: PolicySet | None = None) -> str:
    """The schema as it stands in a file."""
    return json.dumps(schema_of(name, policy), indent=2, ensure_ascii=False) + "\n"


def _file(name: str) -> type[Rule]:
    some = name == "laws"  # any of its three keys may be absent
    parts: dict[str, Any] = {
        key: (tuple[row, ...], () if some else ...)  # type: ignore[valid-type]  # a type made at run time
        for key, row in FILES[name].items()
    }
    return create_model(_TITLES[name], __base__=Rule, __doc__=f"{_TITLES[name]} of a policy set.", **parts)


class _Schema(GenerateJsonSchema):
    """As pydantic makes it, with the pattern of every word from a vocabulary."""

    offered: Mapping[type[Term], tuple[str, ...]] = {}

    def function_after_schema(self, schema: core_schema.AfterValidatorFunctionSchema) -> JsonSchemaValue:
        made = super().function_after_schema(schema)
        term = schema["function"]["function"]
        if not (isinstance(term, type) and issubclass(term, Term)):
            return made
        words: JsonSchemaValue = {**made, "pattern": f"^(?:{term.pattern.pattern})$", "maxLength": term.longest}
        known = self.offered.get(term, ())
        return {"anyOf": [{"enum": list(known)}, words]} if known else words


def _offering(policy: PolicySet) -> type[_Schema]:
    parts: Mapping[type[Term], Any] = {
        BasisId: (*policy.laws, *policy.retentions),
        PurposeId: policy.purposes,
        ElementName: policy.elements,
        RecordKind: policy.records,
        FactName: policy.facts,
        ReasonCode: policy.reasons,
        PartyId: policy.parties,
    }
    return type("_Offering", (_Schema,), {"offered": {term: tuple(map(str, sorted(ids))) for term, ids in parts.items()}})


def _tidy(part: Any) -> Any:
    """Says what the reader of these files also asks: no empty list, no empty mapping; and drops titles that repeat a key."""
    if isinstance(part, list):
        return [_tidy(each) for each in part]
    if not isinstance(part, dict):
        return part
    tidy = {key: _tidy(value) for key, value in part.items() if not (key == "default" and value in ([], {}))}
    if isinstance(tidy.get("properties"), dict):
        for value in tidy["properties"].values():
            value.pop("title", None)
    if tidy.get("type") == "array":
        tidy.setdefault("minItems", 1)
    if tidy.get("type") == "object" and "properties" not in tidy:
        tidy.setdefault("minProperties", 1)
    if isinstance(tidy.get("description"), str):
        tidy["description"] = " ".join(tidy["description"].split())
    return tidy
