"""`POST /oauth/token` and what a client finds out about it: RFC 6749 client credentials, RFC 8414 metadata.

Errors are the codes of RFC 6749, section 5.2, and nothing more: which of the many checks failed is told to nobody outside.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.errors import Refused
from hub.identity.partners import ALGORITHMS, SCOPES, Partner, Partners
from hub.identity.tokens import LIFETIME_S, Tokens, check_assertion, client_of
from hub.observe import Event, emit
from hub.ports import Clock, KeyedDigest
from hub.receive.request import FORM, JSON, body_of, certificate_of

TOKEN_PATH: Final = "/oauth/token"  # noqa: S105 - a path, not a secret
KEYS_PATH: Final = "/oauth/jwks"
METADATA_PATH: Final = "/.well-known/oauth-authorization-server"

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BODY_LIMIT: Final = 16 * 1024
_MOST_FIELDS: Final = 16


class _Wrong(Exception):
    """An error code of RFC 6749 and its status."""

    def __init__(self, code: str, status: int = 400) -> None:
        self.code, self.status = code, status
        super().__init__(code)


class TokenDesk:
    """The routes of the authorisation server and what they need."""

    def __init__(self, tokens: Tokens, partners: Partners, clock: Clock, digest: KeyedDigest) -> None:
        self._tokens, self._partners, self._clock, self._digest = tokens, partners, clock, digest
        self._audiences = frozenset({tokens.issuer, tokens.issuer + TOKEN_PATH})
        self._metadata, self._jwks = orjson.dumps(_metadata(tokens.issuer)), orjson.dumps(tokens.jwks())

    async def metadata(self, _request: Request) -> Response:
        """What a client may read before it signs in."""
        return Response(self._metadata, 200, media_type=JSON)

    async def jwks(self, _request: Request) -> Response:
        """The public keys of the tokens."""
        return Response(self._jwks, 200, media_type=JSON)

    async def token(self, request: Request) -> Response:
        """200 with a token of five minutes, or an error of RFC 6749. Raises errors.Retry when the register is away."""
        try:
            form = await self._form(request)
            partner = await self._client(form)
            scopes = _scopes(form, partner)
        except _Wrong as wrong:
            if wrong.status == 401:
                emit(Event.request_refused)
            return Response(orjson.dumps({"error": wrong.code}), wrong.status, media_type=JSON)
        answer = {
            "access_token": self._tokens.issue(partner, scopes, certificate_of(request)),
            "token_type": "Bearer",
            "expires_in": LIFETIME_S,
            "scope": " ".join(sorted(scopes)),
        }
        return Response(orjson.dumps(answer), 200, {"Pragma": "no-cache"}, JSON)

    async def _form(self, request: Request) -> dict[str, str]:
        """The fields of the form, each once: nothing in the address, and one way of signing in."""
        if request.scope["query_string"] or "authorization" in request.headers:
            raise _Wrong("invalid_request")
        try:
            text = (await body_of(request, FORM, _BODY_LIMIT)).decode("ascii")
            fields = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MOST_FIELDS)
        except (ValueError, HTTPException):
            raise _Wrong("invalid_request") from None
        form = dict(fields)
        if len(form) != len(fields) or "client_secret" in form:
            raise _Wrong("invalid_request")
        return form

    async def _client(self, form: dict[str, str]) -> Partner:
        """The partner that signed the assertion, which is used up by that."""
        if "grant_type" not in form:
            raise _Wrong("invalid_request")
        if form["grant_type"] != "client_credentials":
            raise _Wrong("unsupported_grant_type")
        assertion = form.get("client_assertion")
        if assertion is None or form.get("client_assertion_type") != _ASSERTION_TYPE:
            raise _Wrong("invalid_client", 401)
        try:
            client_id = client_of(assertion)
            partner = await self._partners.find(client_id)
            if partner is None or form.get("client_id", client_id) != client_id:
                raise _Wrong("invalid_client", 401)
            checked = check_assertion(assertion, partner, self._audiences, self._clock.now_us())
            jti = self._digest("assertion-jti", partner.client_id.encode("utf-8") + b"\0" + checked.jti.encode("ascii"))
            await self._partners.spend(partner, jti, checked.expires_us)
        except Refused:
            raise _Wrong("invalid_client", 401) from None
        return partner


def _scopes(form: dict[str, str], partner: Partner) -> frozenset[str]:
    """What is asked, where it is registered; everything registered where nothing is asked."""
    if "scope" not in form:
        return partner.scopes
    asked = frozenset(form["scope"].split(" "))
    if not asked or asked - partner.scopes:
        raise _Wrong("invalid_scope")
    return asked


def _metadata(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "token_endpoint": issuer + TOKEN_PATH,
        "jwks_uri": issuer + KEYS_PATH,
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "scopes_supported": sorted(SCOPES),
        "tls_client_certificate_bound_access_tokens": True,
        "service_documentation": issuer + "/v1/openapi.json",
    }
