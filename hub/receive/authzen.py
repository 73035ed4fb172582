"""`POST /v1/access/evaluation` and `/v1/access/evaluations`: may this pass? AuthZEN in the NL GOV profile.

A no is an answer (200, `decision` false); only what cannot be read or is not the caller's to ask is a problem. No
Idempotency-Key is asked: a question changes nothing, and each one that is answered is in the log.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol
from uuid import UUID

import orjson
from starlette.requests import Request
from starlette.responses import Response

from hub.domain.terms import PartyId
from hub.errors import Fault
from hub.identity.partners import BESLISSINGEN
from hub.receive.messages import check_no_field_twice
from hub.receive.request import JSON, Gate, body_of, check_answer_type, check_no_query, malformed

EVALUATION_PATH: Final = "/v1/access/evaluation"
EVALUATIONS_PATH: Final = "/v1/access/evaluations"
METADATA_PATH: Final = "/.well-known/authzen-configuration"
BODY_LIMIT: Final = 900_000
"""Bytes: a thousand questions of several hundred each."""

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Evaluator(Protocol):
    """Answers decision calls; `hub.decisions.evaluate.Evaluations` is the one there is."""

    async def evaluate(
        self, party: PartyId, body: Any, *, many: bool, traceparent: str | None = None, transaction: str | None = None
    ) -> dict[str, Any]: ...


class AccessDesk:
    """The routes and what they need."""

    def __init__(self, gate: Gate, evaluator: Evaluator, issuer: str) -> None:
        self._gate, self._evaluator = gate, evaluator
        self._metadata = orjson.dumps(
            {
                "policy_decision_point": issuer,
                "access_evaluation_endpoint": issuer + EVALUATION_PATH,
                "access_evaluations_endpoint": issuer + EVALUATIONS_PATH,
            }
        )

    async def metadata(self, _request: Request) -> Response:
        """Where the decision point is, for enforcement points that find out by themselves."""
        return Response(self._metadata, 200, media_type=JSON)

    def evaluation(self, *, many: bool) -> Callable[[Request], Awaitable[Response]]:
        """The route for one question, or for many."""

        async def post(request: Request) -> Response:
            caller = self._gate.admit(request, BESLISSINGEN)
            check_answer_type(request)
            check_no_query(request)
            asked_as = _request_id(request)
            body = await body_of(request, limit=BODY_LIMIT)
            check_no_field_twice(body)
            answer = await self._evaluator.evaluate(
                caller.party,
                orjson.loads(body),
                many=many,
                traceparent=request.headers.get("traceparent"),
                transaction=_transaction(request),
            )
            return Response(orjson.dumps(answer), 200, asked_as, JSON)

        return post


def _request_id(request: Request) -> dict[str, str]:
    """The caller's own id, given back; 400 unless it is one UUID, for a header is no place for anything else."""
    given = request.headers.getlist("x-request-id")
    if not given:
        return {}
    if len(given) != 1 or not _UUID.fullmatch(given[0]):
        raise malformed(Fault("X-Request-ID", "UUID_ONGELDIG"))
    return {"X-Request-ID": given[0]}


def _transaction(request: Request) -> str | None:
    given = request.headers.get("fsc-transaction-id")
    return str(UUID(given)) if given is not None and _UUID.fullmatch(given) else None
