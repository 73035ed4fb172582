"""The interface description: what is published is what was agreed, what the routes do, and what the design rules ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.routing import Route

from hub.domain.records.uitvalmelding import Uitvalmelding
from hub.receive.openapi import describe
from hub.receive.openapi_log import describe_log
from hub.receive.problem import EXPLANATIONS, KINDS
from tests.fakes.partner import ISSUER, Desk

GOLDEN = Path(__file__).parents[2] / "schemas" / "openapi" / "hub.json"
METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return describe(ISSUER)


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _resolved(document: dict[str, Any], node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def _walk(node: Any, path: str = "#") -> Iterator[tuple[str, Any]]:
    yield path, node
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _walk(value, f"{path}/{name}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from _walk(value, f"{path}/{number}")


def test_the_published_description_is_the_agreed_one(document: dict[str, Any]) -> None:
    """After an agreed change: write `describe(ISSUER)` to the file, sorted and indented, and read the difference."""
    assert GOLDEN.read_bytes() == orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


def test_the_description_of_the_log_is_the_agreed_one() -> None:
    agreed = GOLDEN.with_name("logboek.json").read_bytes()
    assert agreed == orjson.dumps(describe_log(ISSUER), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"


async def test_it_is_published_without_signing_in(document: dict[str, Any]) -> None:
    async with Desk().client() as client:
        answer = await client.get("/v1/openapi.json")
    assert answer.json() == document
    assert answer.headers["access-control-allow-origin"] == "*"


def test_every_route_is_described_and_nothing_else(document: dict[str, Any]) -> None:
    routes = {
        (route.path.removeprefix("/v1"), method.lower())
        for route in Desk().app.routes
        if isinstance(route, Route) and route.path.startswith("/v1/")
        for method in route.methods or ()
        if method != "HEAD"
    }
    handshakes = {(path, "options") for path, item in document["paths"].items() if "options" in item}
    assert {(path, method) for path, method, _ in _operations(document)} | handshakes == routes


def test_all_references_lead_somewhere_and_all_parts_are_used(document: dict[str, Any]) -> None:
    used = {node["$ref"] for _, node in _walk(document) if isinstance(node, dict) and "$ref" in node}
    for reference in used:
        assert _resolved(document, {"$ref": reference})
    for kind in ("schemas", "headers", "parameters"):
        assert {f"#/components/{kind}/{name}" for name in document["components"][kind]} <= used


# -- NL API Design Rules 2.2, as their linter reads them


def test_about_itself(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.")
    assert set(document["info"]["contact"]) == {"name", "email", "url"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", document["info"]["version"])
    (server,) = document["servers"]
    assert server["url"] == f"{ISSUER}/v1"


def test_paths_and_queries(document: dict[str, Any]) -> None:
    for path, _, operation in _operations(document):
        assert re.fullmatch(r"(/[a-z]+(-[a-z]+)*|/\{[a-z]+([A-Z][a-z]+)*\}|/openapi\.json)+", path)
        for parameter in operation.get("parameters", ()):
            if (found := _resolved(document, parameter))["in"] == "query":
                assert re.fullmatch(r"[a-z]+([A-Z][a-z]+)*", found["name"])


def test_every_operation_is_told_in_full(document: dict[str, Any]) -> None:
    names = []
    for _, method, operation in _operations(document):
        names.append(operation["operationId"])
        assert operation["summary"]
        assert operation["description"]
        assert operation["tags"]
        assert "security" in operation
        answers = {int(status): _resolved(document, answer) for status, answer in operation["responses"].items()}
        assert 500 in answers
        if method == "post" or operation.get("parameters"):
            assert 400 in answers
        if operation["security"]:
            assert {401, 403, 503} <= set(answers)
        for status, answer in answers.items():
            assert {"API-Version", "Cache-Control", "Strict-Transport-Security"} <= set(answer["headers"])
            assert set(answer["content"]) == {"application/json" if status < 400 else "application/problem+json"}
    assert len(names) == len(set(names))


def test_every_write_asks_a_key(document: dict[str, Any]) -> None:
    for path, method, operation in _operations(document):
        asked = [_resolved(document, parameter)["name"] for parameter in operation.get("parameters", ())]
        is_question = path.startswith(("/access/", "/logboek/"))  # AuthZEN and the read extension ask by POST, changing nothing
        assert ("Idempotency-Key" in asked) == (method == "post" and not is_question)


def test_names_of_schemas_and_dates(document: dict[str, Any]) -> None:
    assert all(re.fullmatch(r"([A-Z][a-z0-9]+)+", name) for name in document["components"]["schemas"])
    for path, node in _walk(document["components"]["schemas"]):
        if isinstance(node, dict) and re.search(r"/properties/[a-zA-Z]*([dD]atum(?!tijd)|[dD]ate)[A-Za-z]*$", path):
            assert node["format"] == "date"
        assert not (isinstance(node, dict) and node.get("format") == "date-time")


def test_problems_hold_what_the_standard_asks(document: dict[str, Any]) -> None:
    for name in ("Probleem", "ProbleemMetFouten"):
        assert {"type", "status", "title", "detail", "instance"} <= set(document["components"]["schemas"][name]["required"])
    assert {kind.name for kind in KINDS.values()} == set(document["components"]["responses"])


def test_the_record_is_the_model(document: dict[str, Any]) -> None:
    schema = document["components"]["schemas"]["Uitvalmelding"]
    fields = Uitvalmelding.model_fields
    assert set(schema["properties"]) == {field.alias for field in fields.values()}
    assert set(schema["required"]) == {field.alias for field in fields.values() if field.is_required()}
    assert schema["additionalProperties"] is False


def test_every_code_that_normalise_gives_is_explained() -> None:
    from hub.normalise import faults

    assert set(faults._CODES.values()) | {"WAARDE_ONGELDIG", "TEKEN_ONGELDIG"} <= set(EXPLANATIONS)
