"""The REST interface `/v1` for partner systems: every route in one table, everything it needs handed in.

The routes are plain and read their requests themselves (`hub.receive.request`): nothing is parsed that was not asked for, no
framework error repeats what a caller sent, and no part of a request reaches a trace. What they take and give is described by
hand in `hub.receive.openapi`, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from hub.domain.kinds import RECORDS
from hub.domain.terms import LogId, PartyId
from hub.errors import HubError, Retry
from hub.identity.partners import Partners
from hub.identity.tokens import Tokens
from hub.ports import Clock, KeyedDigest, Way
from hub.receive.authzen import EVALUATION_PATH, EVALUATIONS_PATH, AccessDesk, Evaluator
from hub.receive.authzen import METADATA_PATH as AUTHZEN_PATH
from hub.receive.beheer import BeheerDoor
from hub.receive.deliveries import Deliveries
from hub.receive.edge import OPEN_PATH, VERSION, Edge
from hub.receive.inbox import Inbox, Instances
from hub.receive.informed import INFORMED_PATH, InformedDesk, InformedDoor
from hub.receive.inquiries import INQUIRIES_PATH, Asks, InquiryDoor
from hub.receive.logboek import ACTIVITIES_PATH, Logbook, LogbookDoor
from hub.receive.messages import Messages
from hub.receive.notices import ANSWER_PATH, NOTICES_PATH, NoticePages, NoticesDesk
from hub.receive.oauth import KEYS_PATH, METADATA_PATH, TOKEN_PATH, TokenDesk
from hub.receive.objections import OBJECTIONS_PATH, RULING_PATH, ObjectionDoor, Objections
from hub.receive.openapi import TITLE, describe
from hub.receive.openapi_log import LOG_OPEN_PATH, describe_log
from hub.receive.problem import of_error
from hub.receive.request import JSON, Gate
from hub.receive.statements import RECEIPT_KEYS_PATH, STATEMENTS_PATH, ReceiptOf, StatementDoor, StatementsDesk
from hub.receive.store import Idempotency
from hub.receive.tiles import CHECKPOINT_PATH, CONSISTENCY_PATH, COSIGNED_PATH, TILE_PATH, Tiles
from hub.receive.waiting import WAITING_PATH, WaitingDoor, Waits
from hub.receive.webhook import BROUGHT_PATH, Webhooks
from hub.receive.witness import ADD_PATH, LATEST_PATH, TAKE_PATH, TakingDoor, WitnessDoor
from hub.setups.service import Setups
from hub.witness.cosigning import Cosigning
from hub.witness.serve import Served
from hub.witness.taking import Taking

_Endpoint = Callable[[Request], Awaitable[Response]]


def create_api(
    way: Way,
    partners: Partners,
    idempotency: Idempotency,
    tokens: Tokens,
    clock: Clock,
    digest: KeyedDigest,
    new_request_id: Callable[[], UUID],
    log_id: LogId,
    ready: Callable[[], Awaitable[str]],
    issuer: str,
    contact: str | None = None,
    *,
    evaluator: Evaluator,
    notices: NoticesDesk,
    informed: InformedDesk,
    statements: StatementsDesk,
    objections: Objections,
    receipt_of: ReceiptOf,
    receipt_keys: Mapping[str, Any],
    logbook: Logbook,
    asks: Asks,
    inbox: Inbox | None = None,
    instances: Instances | None = None,
    setups: Setups | None = None,
    operator: PartyId | None = None,
    waiting: Waits | None = None,
    served: Served | None = None,
    cosigning: Cosigning | None = None,
    taking: Taking | None = None,
) -> FastAPI:
    """The application.

    `ready` raises where the hub cannot do its work now; `issuer` is its address, without a path; `contact` the e-mail address
    that the interface description names (beheer@ the issuer's host without one). `evaluator` answers decision calls,
    `notices` is where recipients are told what to do with what they received, `informed` where parties report that young
    persons were told, `statements` where what is said is recorded, `objections` where controllers rule on those that wait;
    `receipt_of` gives the signed receipt of a statement, to be checked with `receipt_keys` (a JWK Set). `asks` asks registers,
    `logbook` is what partners read of the log as records of data processing. `inbox` and `instances` take in what partners
    bring, `setups` is where clients of `operator` set connectors up, and `waiting` tells them what waits for people. `served`
    is the log as anyone may check it, `cosigning` this hub as a witness of others', `taking` what its own log's witnesses
    bring.
    """
    app = FastAPI(
        title=TITLE,
        version=VERSION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        middleware=[Middleware(Edge)],
        exception_handlers=dict.fromkeys((HubError, HTTPException, RequestValidationError), _handle),
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False},
    )
    description = describe(issuer, contact)
    app.openapi = lambda: description  # type: ignore[method-assign]
    gate = Gate(tokens)
    doors = {
        model: Messages(model, way, gate, idempotency, clock, digest, new_request_id, log_id) for model in RECORDS.values()
    }
    deliveries = Deliveries(way, gate)
    access = AccessDesk(gate, evaluator, issuer)
    told = NoticePages(notices, partners, gate)
    reports = InformedDoor(informed, gate)
    readings = LogbookDoor(logbook, gate)
    heard = StatementDoor(statements, receipt_of, gate, idempotency, clock, digest, new_request_id, log_id)
    objecting = ObjectionDoor(objections, gate, clock)
    desk = TokenDesk(tokens, partners, clock, digest)
    for method, path, endpoint in (
        *(("POST", f"/v1/{model.RESOURCE}", door.post) for model, door in doors.items()),
        ("GET", "/v1/bezorgingen", deliveries.get),
        ("POST", "/v1/bezorgingen/ontvangst", deliveries.acknowledge),
        ("GET", NOTICES_PATH, told.get),
        ("POST", ANSWER_PATH, told.answer),
        ("POST", INFORMED_PATH, reports.post),
        ("POST", STATEMENTS_PATH, heard.post),
        ("GET", OBJECTIONS_PATH, objecting.get),
        ("POST", RULING_PATH, objecting.rule),
        ("POST", ACTIVITIES_PATH, readings.post),
        ("POST", INQUIRIES_PATH, InquiryDoor(asks, gate).post),
        ("GET", RECEIPT_KEYS_PATH, _fixed(orjson.dumps(receipt_keys))),
        ("POST", EVALUATION_PATH, access.evaluation(many=False)),
        ("POST", EVALUATIONS_PATH, access.evaluation(many=True)),
        ("GET", AUTHZEN_PATH, access.metadata),
        ("GET", "/v1/gezondheid", _readiness(ready)),
        ("GET", "/v1/gezondheid/proces", _liveness),
        ("GET", OPEN_PATH, _fixed(orjson.dumps(description))),
        ("GET", METADATA_PATH, desk.metadata),
        ("GET", KEYS_PATH, desk.jwks),
        ("POST", TOKEN_PATH, desk.token),
    ):
        app.add_route(path, endpoint, methods=[method])
    if inbox is not None and instances is not None:
        brought = Webhooks(inbox, instances, gate, clock)
        _add(app, (("POST", BROUGHT_PATH, brought.post), ("OPTIONS", BROUGHT_PATH, brought.options)))
    if setups is not None and operator is not None:
        _add(app, BeheerDoor(setups, gate, operator, clock).routes())
    if waiting is not None and operator is not None:
        _add(app, (("GET", WAITING_PATH, WaitingDoor(waiting, gate, operator, clock).get),))
    for method, path, endpoint in _of_the_log(served, cosigning, taking, gate, issuer):
        app.add_route(path, endpoint, methods=[method])
    return app


def _add(app: FastAPI, routes: Iterable[tuple[str, str, _Endpoint]]) -> None:
    """One route per path with all its methods, so that a wrong method is told of every right one (405, Allow)."""
    tables: dict[str, dict[str, _Endpoint]] = {}
    for method, path, endpoint in routes:
        tables.setdefault(path, {})[method] = endpoint
    for path, table in tables.items():
        app.add_route(path, _dispatch(table), methods=[*table])


def _dispatch(table: Mapping[str, _Endpoint]) -> _Endpoint:
    async def answer(request: Request) -> Response:
        return await table["GET" if request.method == "HEAD" else request.method](request)

    return answer


def _of_the_log(
    served: Served | None, cosigning: Cosigning | None, taking: Taking | None, gate: Gate, issuer: str
) -> Iterator[tuple[str, str, _Endpoint]]:
    """The routes under `/log`, whose form is that of C2SP and not of the interface `/v1`."""
    if served is not None:
        tiles = Tiles(served, gate)
        yield "GET", CHECKPOINT_PATH, tiles.checkpoint
        yield "GET", COSIGNED_PATH, tiles.cosigned
        yield "GET", CONSISTENCY_PATH, tiles.consistency
        yield "GET", TILE_PATH, tiles.tile
        yield "GET", LOG_OPEN_PATH, _fixed(orjson.dumps(describe_log(issuer)))
    if cosigning is not None:
        witness = WitnessDoor(cosigning)
        yield "POST", ADD_PATH, witness.add
        yield "GET", LATEST_PATH, witness.latest
    if taking is not None:
        yield "POST", TAKE_PATH, TakingDoor(taking).take


async def _handle(request: Request, error: Exception) -> Response:
    return of_error(request, error)


async def _liveness(_request: Request) -> Response:
    return Response(b'{"status":"in orde"}', 200, media_type=JSON)


def _readiness(ready: Callable[[], Awaitable[str]]) -> Callable[[Request], Awaitable[Response]]:
    async def readiness(_request: Request) -> Response:
        try:
            status = await ready()
        except Exception:
            # Whatever it is that fails, a balancer is told the one thing it needs; the hub's own log says what is wrong.
            raise Retry(
                "The hub is not ready.", "Something that it needs is away.", "Look in its log, and try again."
            ) from None
        return Response(orjson.dumps({"status": status}), 200, media_type=JSON)

    return readiness


def _fixed(body: bytes) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        return Response(body, 200, media_type=JSON)

    return answer
