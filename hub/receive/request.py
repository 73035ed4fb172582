"""Reading a request strictly: who calls, which media types, the key, the body. What is wrong is told without its value."""

from __future__ import annotations

import re
import ssl
from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.errors import Fault, Malformed, Refused
from hub.identity.tokens import Caller, Tokens

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
BODY_LIMIT: Final = 64 * 1024
"""Bytes in a body: one record is about 1 KiB, and 500 delivery ids 20 KiB."""

_BEARER: Final = re.compile(r"[Bb]earer +([A-Za-z0-9._~+/=-]+)", re.ASCII)
_KEY: Final = re.compile(r"[\x21-\x7e]{1,128}", re.ASCII)
_CHARSET: Final = re.compile(r'charset="?utf-8"?', re.ASCII | re.IGNORECASE)
_LENGTH: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
_QUALITY_0: Final = re.compile(r"q=0(?:\.0{0,3})?", re.ASCII | re.IGNORECASE)
_UNKNOWN: Final = "?"


def malformed(*faults: Fault) -> Malformed:
    """A request that does not have the agreed form."""
    return Malformed("The request was refused.", "It does not have the agreed form.", "Mend what is named.", faults=faults)


class Gate:
    """Lets a caller in with a token for the scope that a route asks."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def admit(self, request: Request, scope: str) -> Caller:
        """The caller. The token counts in one `Authorization` header alone: 401 without a valid one, 403 without the scope."""
        given = request.headers.getlist("authorization")
        if not given:
            raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer realm="hub"'})
        found = _BEARER.fullmatch(given[0]) if len(given) == 1 else None
        try:
            if found is None:
                raise Refused("The sign-in was refused.", "There is no bearer token.", "Send one token in the header.")
            caller = self._tokens.verify(found[1], certificate_of(request))
        except Refused:
            raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer realm="hub", error="invalid_token"'}) from None
        if scope not in caller.scopes:
            challenge = f'Bearer realm="hub", error="insufficient_scope", scope="{scope}"'
            raise HTTPException(403, headers={"WWW-Authenticate": challenge})
        return caller


def certificate_of(request: Request) -> str | None:
    """The thumbprint (x5t#S256, RFC 8705) of the client certificate on this connection, where the server tells of one.

    The server tells by the ASGI TLS extension; a header is never believed.
    """
    tls = request.scope.get("extensions", {}).get("tls")
    chain = tls.get("client_cert_chain") if tls else None
    return _thumbprint(chain[0]) if chain else None


@lru_cache(maxsize=1024)
def _thumbprint(pem: str) -> str:
    return urlsafe_b64encode(sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()).rstrip(b"=").decode("ascii")


def check_answer_type(request: Request) -> None:
    """406 where the caller takes no JSON."""
    accepted = request.headers.getlist("accept")
    if accepted and not any(_takes_json(media) for line in accepted for media in line.split(",")):
        raise HTTPException(406)


def _takes_json(media: str) -> bool:
    kind, *parameters = (part.strip() for part in media.split(";"))
    return kind.lower() in ("application/json", "application/*", "*/*") and not any(map(_QUALITY_0.fullmatch, parameters))


def check_no_query(request: Request) -> None:
    """400 for any query: addresses end up in logs, so nothing but a page size is ever asked in one."""
    if request.scope["query_string"]:
        raise malformed(Fault(_UNKNOWN, "PARAMETER_ONBEKEND"))


def one_number(request: Request, name: str, otherwise: int, most: int) -> int:
    """The one query parameter `name`, 1 to `most`, or `otherwise` without it; 400 for any other."""
    given = request.query_params.multi_items() if request.scope["query_string"] else []
    if not given and not request.scope["query_string"]:
        return otherwise
    if [key for key, _ in given] != [name]:
        raise malformed(Fault(_UNKNOWN, "PARAMETER_ONBEKEND"))
    text = given[0][1]
    if not (1 <= len(text) <= 4 and text.isascii() and text.isdigit() and 1 <= int(text) <= most):
        raise malformed(Fault(name, "LIMIET_ONGELDIG"))
    return int(text)


def idempotency_key(request: Request) -> bytes:
    """The caller's key for this write; 400 where it is missing, repeated or not 1 to 128 visible ASCII characters."""
    given = request.headers.getlist("idempotency-key")
    if len(given) != 1 or not _KEY.fullmatch(given[0]):
        raise malformed(Fault("Idempotency-Key", "SLEUTEL_ONGELDIG"))
    return given[0].encode("ascii")


async def body_of(request: Request, media_type: str = JSON, limit: int = BODY_LIMIT) -> bytes:
    """The body, whole: 415 for another media type or an encoded body, 413 above `limit` bytes, read no further than that."""
    headers = request.headers
    kinds = headers.getlist("content-type")
    kind, *parameters = (part.strip() for part in kinds[0].split(";")) if len(kinds) == 1 else ("",)
    if kind.lower() != media_type or not all(map(_CHARSET.fullmatch, parameters)) or "content-encoding" in headers:
        raise HTTPException(415)
    return await limited_body(request, limit)


async def limited_body(request: Request, limit: int) -> bytes:
    """The body, whole and of whatever media type: 413 above `limit` bytes, read no further than that."""
    check_size(request, limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise HTTPException(413)
    return bytes(body)


def check_size(request: Request, limit: int) -> None:
    """413 where a body says that it is larger than `limit` bytes."""
    length = request.headers.get("content-length")
    if length is not None and (not _LENGTH.fullmatch(length) or int(length) > limit):
        raise HTTPException(413)
