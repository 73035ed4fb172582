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
from hub.errors import HubError
from hub.identity.partners import INLEVEREN
from hub.observe import Event, emit, report
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
_NOBODYS: Final = bytes(32)
"""What a body is signed over where nobody may sign, so that it takes as long; no signature with it is good."""
_ANSWER: Final = orjson.dumps({"status": "aangenomen"})


class _Signature:
    """What the headers say of a signed body. Feed it the body, then `check`."""

    def __init__(self, request: Request, keys: tuple[bytes, ...], now_s: int) -> None:
        self.id, moment = _one(request, "webhook-id", _ID), _one(request, "webhook-timestamp", _MOMENT)
        words = ",".join(request.headers.getlist("webhook-signature")).split(" ", _MOST_SIGNATURES)
        self._given = [b64decode(found[1]) for word in words if (found := _SIGNATURE.fullmatch(word))]
        if not self.id or not moment or not self._given or abs(now_s - int(moment)) > SKEW_S:
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


class _Body:
    """A body as it comes in; without `content` it is only counted. One that is `structured` is read as a whole at its end."""

    def __init__(self, content: Content | None, *, structured: bool) -> None:
        self._content, self._whole, self._structured = content, bytearray(), structured
        self._size = 0

    def feed(self, part: bytes) -> None:
        """More of the body. Raises TooLarge beyond what any instance takes."""
        self._size += len(part)
        if self._size > LARGEST:
            raise TooLarge
        if self._structured:
            self._whole += part[: STRUCTURED_LIMIT + 1 - len(self._whole)]
        elif self._content is not None:
            self._content.feed(part)

    def finish(self, brought: Brought) -> tuple[Content, bytes | None]:
        """The content, and what an event in structured mode is known by. Raises TooLarge."""
        assert self._content is not None, "whoever finishes it wanted it"
        if not self._structured:
            return self._content.finish(), None
        if self._size > STRUCTURED_LIMIT:
            raise TooLarge
        event, data = unwrap(bytes(self._whole), brought.media_types)
        self._content.feed(data)
        return self._content.finish(), event


_Taken = tuple[Brought, Content, bytes | None]


class Webhooks:
    """The route and what it needs."""

    def __init__(self, inbox: Inbox, instances: Instances, gate: Gate, clock: Clock) -> None:
        self._inbox, self._instances, self._gate, self._clock = inbox, instances, gate, clock
        self._coming = 0
        self._coming_to = Counter[str]()

    async def post(self, request: Request) -> Response:
        """202 once it is durable, and 202 again for the same id and body; 409 for another body, 503 where too much waits."""
        check_no_query(request)
        with self._one_of_few():
            try:
                signed = "authorization" not in request.headers and "webhook-signature" in request.headers
                brought, content, key = await (self._of_signer(request) if signed else self._of_party(request))
                (kept,) = await self._inbox.keep(brought, "webhook", [content], key)
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

    async def _of_party(self, request: Request) -> _Taken:
        """What comes with a token; 404 where the caller's party brings nothing to this instance."""
        caller = self._gate.admit(request, INLEVEREN)
        brought = await self._brought(request)
        if brought is None or brought.party != caller.party:
            raise HTTPException(404)
        check_answer_type(request)
        structured = _check_media_type(request, brought)
        key = _key(request, brought, structured=structured)
        await self._inbox.check_room(brought)
        check_size(request, STRUCTURED_LIMIT if structured else LARGEST)
        with self._one_of_its_own(brought.connector):
            body = _Body(self._inbox.begin(), structured=structured)
            async for part in request.stream():
                body.feed(part)
        content, event = body.finish(brought)
        return brought, content, key or event

    async def _of_signer(self, request: Request) -> _Taken:
        """What comes signed. Until the signature of the whole body is found good, the answers are those of an instance that is
        not there: what an instance takes, and whether it has room, is nobody else's to know.
        """
        check_answer_type(request)
        check_size(request, LARGEST)
        brought, keys = await self._signed_by(request)
        signature = _Signature(request, keys, int(self._clock.now_us()) // 1_000_000)
        refused: HTTPException | None = None
        structured = False
        try:
            structured = brought is not None and _check_media_type(request, brought)
        except HTTPException as why:
            refused = why
        wanted = brought is not None and refused is None
        with self._one_of_its_own(request.path_params["instantie"]):
            body = _Body(self._inbox.begin() if wanted else None, structured=structured)
            async for part in request.stream():
                signature.feed(part)
                body.feed(part)
        signature.check()
        if brought is None:
            raise _stranger()
        if refused is not None:
            raise refused
        content, _ = body.finish(brought)
        return brought, content, signature.id.encode("ascii")

    async def _signed_by(self, request: Request) -> tuple[Brought | None, tuple[bytes, ...]]:
        """The instance with the keys that sign for it; None, and a key that is nobody's, where there are none to use."""
        brought = await self._brought(request)
        try:
            keys = () if brought is None else webhook_secrets(brought.secrets)
        except HubError as error:
            report(error)
            keys = ()
        return (brought, keys) if keys else (None, (_NOBODYS,))

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
    def _one_of_its_own(self, connector: str) -> Iterator[None]:
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
