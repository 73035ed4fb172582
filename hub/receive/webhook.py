"""`POST /v1/koppelingen/{instantie}/berichten`: a partner's system brings a file, as it is, to one connector instance.

With a token of the instance's own party, or signed as Standard Webhooks say: HMAC-SHA256 over id, moment and body, several
signatures while secrets change, five minutes of clock skew, and an id that stands for one body. CloudEvents 1.0 (binary and
structured) where the instance says so, with their handshake (HTTP 1.1 Web Hooks for Event Delivery, section 4). Who is told 202
may forget the message: it is durable. Nothing of a request is ever repeated.
"""

from __future__ import annotations

import hmac
import re
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.domain.terms import ConnectorId
from hub.identity.partners import INLEVEREN
from hub.observe import Event, emit
from hub.ports import Clock
from hub.receive.cloudevents import STRUCTURED, STRUCTURED_LIMIT, event_key, is_binary, unwrap
from hub.receive.inbox import LARGEST, AnotherBody, Brought, Content, Full, Inbox, Instances, TooLarge
from hub.receive.request import JSON, Gate, check_answer_type, check_no_query, check_size, idempotency_key
from hub.transports.brought import webhook_secrets

BROUGHT_PATH: Final = "/v1/koppelingen/{instantie}/berichten"
SKEW_S: Final = 300
"""Seconds that a signer's clock may differ from the hub's."""
MOST_AT_ONCE: Final = 8
"""Bodies that come in at the same time; each is held, sealed, until it is whole."""
MOST_EACH: Final = 3
"""Of them to one instance, so that who is slow, or is nobody, keeps those of others from nothing."""
_MOST_SIGNATURES: Final = 10
_ID: Final = re.compile(r"[\x21-\x2d\x2f-\x7e]{1,128}", re.ASCII)
"""Without a full stop, so that what is signed can be cut in one way alone."""
_MOMENT: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE: Final = re.compile(r"v1,([A-Za-z0-9+/]{43}=)", re.ASCII)
_PARAMETER: Final = re.compile(r'(?:charset|header)="?[a-zA-Z0-9._-]{1,40}"?', re.ASCII | re.IGNORECASE)
_ANSWER: Final = orjson.dumps({"status": "aangenomen"})


class _Signature:
    """What the headers say of a signed body. Feed it the body, then `check`."""

    def __init__(self, request: Request, keys: tuple[bytes, ...], now_s: int) -> None:
        self.id, moment = _one(request, "webhook-id", _ID), _one(request, "webhook-timestamp", _MOMENT)
        words = ",".join(request.headers.getlist("webhook-signature")).split(" ", _MOST_SIGNATURES)
        self._given = [b64decode(found[1]) for word in words if (found := _SIGNATURE.fullmatch(word))]
        if not self.id or not moment or not self._given or not keys or abs(now_s - int(moment)) > SKEW_S:
            raise _stranger()
        self._made = [hmac.new(key, f"{self.id}.{moment}.".encode("ascii"), "sha256") for key in keys]

    def feed(self, part: bytes) -> None:
        """More of the body."""
        for one in self._made:
            one.update(part)

    def check(self) -> None:
        """401 unless a key of the instance made one of the signatures."""
        if not any(hmac.compare_digest(one.digest(), given) for one in self._made for given in self._given):
            raise _stranger()


class Webhooks:
    """The route and what it needs."""

    def __init__(self, inbox: Inbox, instances: Instances, gate: Gate, clock: Clock) -> None:
        self._inbox, self._instances, self._gate, self._clock = inbox, instances, gate, clock
        self._coming = 0
        self._coming_to = Counter[ConnectorId]()

    async def post(self, request: Request) -> Response:
        """202 once it is durable, and 202 again for the same id and body; 409 for another body, 503 where too much waits."""
        check_no_query(request)
        with self._one_of_few():
            brought, signature = await self._admitted(request)
            check_answer_type(request)
            structured = _check_media_type(request, brought)
            key = _key(request, brought, structured=structured) if signature is None else signature.id.encode("ascii")
            try:
                await self._inbox.check_room(brought)
                with self._one_of_its_own(brought.connector):
                    content, event = await self._body(request, brought, signature, structured=structured)
                    (kept,) = await self._inbox.keep(brought, "webhook", [content], key or event)
            except TooLarge:
                raise HTTPException(413) from None
            except AnotherBody:
                raise HTTPException(409) from None
            except Full as full:
                raise _busy(full.after_s) from None
        emit(Event.drop_seen, connector=brought.connector, drop=kept.item_id, duplicate=not kept.new)
        return Response(_ANSWER, 202, media_type=JSON)

    async def options(self, request: Request) -> Response:
        """Whether who asks may send here: 200 where the instance knows them, else 403. The hub calls nobody back."""
        brought, asked = await self._brought(request), request.headers.getlist("webhook-request-origin")
        known = brought.options.get("origin") if brought is not None and brought.says("cloudevents") else None
        if not known or len(asked) != 1 or asked[0].strip().lower() != known:
            raise HTTPException(403)
        rate = {"WebHook-Allowed-Rate": "*"} if "webhook-request-rate" in request.headers else {}
        return Response(None, 200, {"Allow": "OPTIONS, POST", "WebHook-Allowed-Origin": known, **rate})

    async def _admitted(self, request: Request) -> tuple[Brought, _Signature | None]:
        """401 for a stranger; 404 where the caller's party brings nothing to this instance."""
        if "authorization" in request.headers or "webhook-signature" not in request.headers:
            caller = self._gate.admit(request, INLEVEREN)
            brought = await self._brought(request)
            if brought is None or brought.party != caller.party:
                raise HTTPException(404)
            return brought, None
        brought = await self._brought(request)
        if brought is None:
            raise _stranger()
        return brought, _Signature(request, webhook_secrets(brought.secrets), int(self._clock.now_us()) // 1_000_000)

    async def _body(
        self, request: Request, brought: Brought, signature: _Signature | None, *, structured: bool
    ) -> tuple[Content, bytes | None]:
        """The content, and what an event in structured mode is known by."""
        check_size(request, STRUCTURED_LIMIT if structured else LARGEST)
        content, whole = self._inbox.begin(), bytearray()
        async for part in request.stream():
            if signature is not None:
                signature.feed(part)
            if structured:
                whole += part
                if len(whole) > STRUCTURED_LIMIT:
                    raise TooLarge
            else:
                content.feed(part)
        if signature is not None:
            signature.check()
        if not structured:
            return content.finish(), None
        event, data = unwrap(bytes(whole), brought.media_types)
        content.feed(data)
        return content.finish(), event

    async def _brought(self, request: Request) -> Brought | None:
        try:
            name = ConnectorId(request.path_params["instantie"])
        except ValueError:
            return None
        found = await self._instances.brought(name)
        return found if found is not None and found.protocol == "webhook" else None

    @contextmanager
    def _one_of_few(self) -> Iterator[None]:
        if self._coming >= MOST_AT_ONCE:
            raise _busy(5)
        self._coming += 1
        try:
            yield
        finally:
            self._coming -= 1

    @contextmanager
    def _one_of_its_own(self, connector: ConnectorId) -> Iterator[None]:
        if self._coming_to[connector] >= MOST_EACH:
            raise _busy(5)
        self._coming_to[connector] += 1
        try:
            yield
        finally:
            self._coming_to[connector] -= 1
            if not self._coming_to[connector]:
                del self._coming_to[connector]


def _key(request: Request, brought: Brought, *, structured: bool) -> bytes | None:
    """What the caller knows this message by: its key, or what an event is known by; None where that is still to be read."""
    if "idempotency-key" in request.headers or not brought.says("cloudevents"):
        return b"key\0" + idempotency_key(request)
    if structured:
        return None
    return event_key(request.headers) if is_binary(request.headers) else b"key\0" + idempotency_key(request)


def _check_media_type(request: Request, brought: Brought) -> bool:
    """Whether the body is an event as a whole; 415 for what is not a media type of the instance, or packed."""
    kinds = request.headers.getlist("content-type")
    kind, *parameters = (part.strip() for part in kinds[0].split(";")) if len(kinds) == 1 else ("",)
    structured = kind.lower() == STRUCTURED and brought.says("cloudevents")
    known = structured or kind.lower() in brought.media_types
    if not known or not all(map(_PARAMETER.fullmatch, parameters)) or "content-encoding" in request.headers:
        raise HTTPException(415)
    return structured


def _one(request: Request, name: str, form: re.Pattern[str]) -> str:
    given = request.headers.getlist(name)
    return given[0] if len(given) == 1 and form.fullmatch(given[0]) else ""


def _stranger() -> HTTPException:
    return HTTPException(401, headers={"WWW-Authenticate": 'Bearer realm="hub"'})


def _busy(after_s: int) -> HTTPException:
    return HTTPException(503, headers={"Retry-After": str(after_s)})
