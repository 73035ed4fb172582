"""The table of problems leaves no error of the hub out."""

from __future__ import annotations

import orjson
import pytest
from starlette.requests import Request

from hub import errors
from hub.errors import Fault, HubError
from hub.receive.problem import EXPLANATIONS, KINDS, STATUS, of_error, problem

REQUEST = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "hub.trace": "a" * 32})


def test_every_error_of_the_hub_has_a_status() -> None:
    kinds = [
        each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, HubError) and each is not HubError
    ]
    assert kinds
    for kind in kinds:
        assert [status for known, status in STATUS.items() if issubclass(kind, known)], kind
        answer = of_error(REQUEST, kind("What."))
        assert orjson.loads(answer.body)["status"] == answer.status_code in KINDS
        assert b"What." not in answer.body


@pytest.mark.parametrize(("status", "told"), [(418, 400), (422, 400), (502, 500), (302, 500), (404, 404)])
def test_a_status_outside_the_table_is_told_as_its_class(status: int, told: int) -> None:
    assert problem(REQUEST, status).status_code == told


def test_a_code_without_an_explanation_still_gets_one() -> None:
    body = orjson.loads(problem(REQUEST, 400, (Fault("bsn", "NIEUW"), Fault("bsn", "BSN_ONGELDIG"))).body)
    assert body["fouten"][0]["uitleg"]
    assert body["fouten"][1] == {"veld": "bsn", "code": "BSN_ONGELDIG", "uitleg": EXPLANATIONS["BSN_ONGELDIG"]}
    assert body["instance"] == "trace:" + "a" * 32
