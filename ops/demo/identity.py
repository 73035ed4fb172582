"""The demo's own identity provider: an organisation's accounts, small and whole, over OpenID Connect.

    python -m ops.demo.identity HOME --port-file F

HOME holds `provider.json` (issuer, port, the hub as its client), `key.json` (the key that signs) and `accounts.json` (user
name, name, roles, party, and the scrypt hash of the password). `make` sets it up. It listens on 127.0.0.1, asks for the
password each time, keeps no session, and remembers codes in memory alone. Nothing here imports the hub.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import secrets
import socket
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_CLIENT_ID = "hub"
_CODE_S, _TOKEN_S, _SKEW_S = 60, 300, 60
_LARGEST_FORM = 16 * 1024
_ACCOUNTS = (
    ("privacyfunctionaris", "Noor Demirci", ("privacy-officer",), ""),
    ("fg", "Pieter Ooijevaar", ("fg",), ""),
    ("auditor", "Sanne Wiersma", ("auditor",), ""),
    ("beheerder", "Jamal Haddou", ("administrator",), ""),
    ("beide", "Marit de Wolff", ("privacy-officer", "administrator"), ""),
    ("beslisser-duo", "Hester van Galen", ("decision-maker",), "duo"),
    ("beslisser-lindemark", "Ruud Kasteleijn", ("decision-maker",), "doorstroompunt-lindemark"),
    ("beslisser-zilverlinde", "Yara van Schaik", ("decision-maker",), "mbo-zilverlinde"),
    ("beslisser-rietzorg", "Bram Tuinder", ("decision-maker",), "zorgaanbieder-rietzorg"),
)
"""User name, name, roles, and the party that a decision-maker decides for."""
_STYLE = """
:root { color-scheme: light; font: 1.0625rem/1.5 system-ui, sans-serif; color: #1b1b1b; background: #f3f3f3 }
main { max-width: 28rem; margin: 3rem auto; padding: 2rem; background: #fff; border: 1px solid #c8c8c8 }
h1 { margin: 0 0 .5rem; font-size: 1.6rem; line-height: 1.2 }
label { display: block; margin-top: 1.25rem; font-weight: 700 }
input { box-sizing: border-box; width: 100%; min-height: 2.75rem; padding: .5rem; font: inherit; border: 1px solid #565656 }
button { min-height: 2.75rem; margin-top: 1.75rem; padding: .5rem 1.5rem; font: inherit; font-weight: 700; color: #fff;
  background: #154273; border: 0; cursor: pointer }
:focus-visible { outline: 3px solid #154273; outline-offset: 2px }
.fout { padding: .75rem 1rem; border-left: 4px solid #a61c00; background: #fbeae7 }
"""


def make(home: Path, redirect_uri: str) -> dict[str, Any]:
    """Sets a provider up in `home` for the hub that is sent back to `redirect_uri`.

    Gives what the hub needs (`issuer`, `client_id`, `key_file`) and the `accounts` with their passwords, to be printed once.
    """
    home.mkdir(parents=True, mode=0o700)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    key, client_key = (ECKey.generate_key("P-256", {"kid": secrets.token_hex(8)}, private=True) for _ in range(2))
    parts = urlsplit(redirect_uri)
    provider = {
        "issuer": f"http://127.0.0.1:{port}",
        "port": port,
        "client": {
            "client_id": _CLIENT_ID,
            "redirect_uri": redirect_uri,
            "origin": f"{parts.scheme}://{parts.netloc}",
            "jwks": {"keys": [client_key.as_dict(private=False)]},
        },
    }
    accounts = [
        (username, secrets.token_hex(2) + "-" + secrets.token_hex(2), name, roles, party)
        for username, name, roles, party in _ACCOUNTS
    ]
    kept = [
        {"username": username, "password": _hashed(password, os.urandom(16)), "name": name, "roles": roles, "party": party}
        for username, password, name, roles, party in accounts
    ]
    _write(home / "provider.json", provider)
    _write(home / "key.json", key.as_dict(private=True))
    _write(home / "accounts.json", kept)
    _write(home / "hub-key.json", client_key.as_dict(private=True))
    return {
        "issuer": provider["issuer"],
        "client_id": _CLIENT_ID,
        "key_file": home / "hub-key.json",
        "accounts": [
            {"username": username, "password": password, "name": name, "roles": list(roles), "party": party}
            for username, password, name, roles, party in accounts
        ],
    }


def _write(path: Path, content: Any) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)


def _hashed(password: str, salt: bytes) -> str:
    return salt.hex() + ":" + hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1).hex()


class Wrong(Exception):
    """A request that is not as agreed: an error code of RFC 6749."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What a code stands for."""

    subject: str
    nonce: str
    challenge: str
    until: float


class Desk:
    """The provider: who may sign in, and the codes that were given out."""

    def __init__(self, home: Path) -> None:
        about = json.loads((home / "provider.json").read_text())
        self.issuer: str = about["issuer"]
        self.port: int = about["port"]
        self.client: dict[str, Any] = about["client"]
        self.key = ECKey.import_key(json.loads((home / "key.json").read_text()))
        self._client_keys = {each["kid"]: ECKey.import_key(each) for each in self.client["jwks"]["keys"]}
        self._accounts = {each["username"]: each for each in json.loads((home / "accounts.json").read_text())}
        self._codes: dict[str, Granted] = {}
        self._used: dict[str, float] = {}

    def asked(self, given: dict[str, str]) -> dict[str, str]:
        """The request to sign in, where it is complete. Raises Wrong, and LookupError where it may not even be answered."""
        if given.get("client_id") != self.client["client_id"] or given.get("redirect_uri") != self.client["redirect_uri"]:
            raise LookupError
        if given.get("response_type") != "code":
            raise Wrong("unsupported_response_type")
        if "openid" not in given.get("scope", "").split():
            raise Wrong("invalid_scope")
        if given.get("code_challenge_method") != "S256" or len(given.get("code_challenge", "")) != 43:
            raise Wrong("invalid_request")
        names = ("client_id", "redirect_uri", "response_type", "scope", "code_challenge_method", "code_challenge")
        return {name: given[name] for name in (*names, "state", "nonce") if name in given}

    def who(self, username: str, password: str) -> str | None:
        """The account of that name, where the password is its own; an unknown name takes as long."""
        kept = self._accounts.get(username, {"password": "00" * 16 + ":"})["password"]
        right = hmac.compare_digest(_hashed(password, bytes.fromhex(kept.partition(":")[0])), kept)
        return username if right else None

    def grant(self, subject: str, asked: dict[str, str]) -> str:
        """A code of a minute, for one use."""
        now = time.time()
        self._codes = {code: granted for code, granted in self._codes.items() if granted.until > now}
        code = secrets.token_urlsafe(32)
        self._codes[code] = Granted(subject, asked.get("nonce", ""), asked["code_challenge"], now + _CODE_S)
        return code

    def back(self, asked: dict[str, str], **answer: str) -> str:
        """Where the browser goes with an answer; it names who answers (RFC 9207)."""
        state = {"state": asked["state"]} if "state" in asked else {}
        return asked["redirect_uri"] + "?" + urlencode({**answer, **state, "iss": self.issuer})

    def token(self, form: dict[str, str]) -> str:
        """The ID token for a code. Raises Wrong."""
        self._check_client(form)
        if form.get("grant_type") != "authorization_code":
            raise Wrong("unsupported_grant_type")
        granted = self._codes.pop(form.get("code", ""), None)
        challenge = _text(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if (
            granted is None
            or granted.until <= time.time()
            or form.get("redirect_uri") != self.client["redirect_uri"]
            or not hmac.compare_digest(challenge, granted.challenge)
        ):
            raise Wrong("invalid_grant")
        account, now = self._accounts[granted.subject], int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": granted.subject,
            "aud": self.client["client_id"],
            "iat": now,
            "exp": now + _TOKEN_S,
        }
        claims |= {"auth_time": now, "name": account["name"], "roles": account["roles"]}
        if account["party"]:
            claims["party"] = account["party"]
        if granted.nonce:
            claims["nonce"] = granted.nonce
        return jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)

    def _check_client(self, form: dict[str, str]) -> None:
        """The hub proves itself with its key, each time with another assertion. Raises Wrong."""
        if form.get("client_assertion_type") != _ASSERTION_TYPE:
            raise Wrong("invalid_client")
        try:
            proof = jwt.decode(
                form.get("client_assertion", ""),
                lambda made: self._client_keys[str(made.headers().get("kid"))],
                algorithms=["ES256"],
            ).claims
            jwt.JWTClaimsRegistry(
                now=int(time.time()),
                leeway=_SKEW_S,
                iss={"essential": True, "value": self.client["client_id"]},
                sub={"essential": True, "value": self.client["client_id"]},
                aud={"essential": True, "values": [self.issuer, self.issuer + "/token"]},
                exp={"essential": True},
                jti={"essential": True},
            ).validate(proof)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            raise Wrong("invalid_client") from None
        now = time.time()
        self._used = {jti: until for jti, until in self._used.items() if until > now}
        if proof["jti"] in self._used or proof["exp"] > now + _TOKEN_S:
            raise Wrong("invalid_client")
        self._used[proof["jti"]] = proof["exp"] + _SKEW_S


def create(desk: Desk) -> FastAPI:
    """The provider's pages and addresses."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.middleware("http")
    async def careful(request: Request, call_next: Any) -> Response:
        answer: Response = await call_next(request)
        answer.headers["Content-Security-Policy"] = (
            f"default-src 'none'; style-src 'self'; form-action 'self' {desk.client['origin']}; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        answer.headers.update(
            {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
        )
        return answer

    @app.get("/.well-known/openid-configuration")
    async def discovery() -> dict[str, Any]:
        return {
            "issuer": desk.issuer,
            "authorization_endpoint": desk.issuer + "/authorize",
            "token_endpoint": desk.issuer + "/token",
            "jwks_uri": desk.issuer + "/jwks",
            "end_session_endpoint": desk.issuer + "/logout",
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "scopes_supported": ["openid", "profile"],
            "claims_supported": ["sub", "name", "roles", "party"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["ES256"],
            "authorization_response_iss_parameter_supported": True,
            "ui_locales_supported": ["nl"],
        }

    @app.get("/jwks")
    async def jwks() -> dict[str, Any]:
        return {"keys": [{**desk.key.as_dict(private=False), "use": "sig", "alg": "ES256"}]}

    @app.get("/authorize")
    async def ask(request: Request) -> Response:
        return _answer(desk, dict(request.query_params))

    @app.post("/authorize")
    async def check(request: Request) -> Response:
        form = await _form(request)
        username = form.get("gebruikersnaam", "").strip().lower()
        subject = await asyncio.to_thread(desk.who, username, form.get("wachtwoord", "").strip())
        return _answer(desk, form, subject=subject, tried=True)

    @app.post("/token")
    async def token(request: Request) -> Response:
        try:
            signed = desk.token(await _form(request))
        except Wrong as wrong:
            return JSONResponse({"error": str(wrong)}, 401 if str(wrong) == "invalid_client" else 400)
        access = secrets.token_urlsafe(32)  # good for nothing here: the hub asks nothing more
        return JSONResponse({"access_token": access, "token_type": "Bearer", "expires_in": _TOKEN_S, "id_token": signed})

    @app.get("/logout")
    async def logout(request: Request) -> Response:
        back = request.query_params.get("post_logout_redirect_uri", "")
        if back == desk.client["origin"] or back.startswith(desk.client["origin"] + "/"):
            return RedirectResponse(back, 303)
        return _page("U bent uitgelogd", "<p>U kunt dit venster sluiten.</p>")

    @app.get("/stijl.css")
    async def style() -> Response:
        return Response(_STYLE, media_type="text/css")

    return app


def _answer(desk: Desk, given: dict[str, str], *, subject: str | None = None, tried: bool = False) -> Response:
    """The page to sign in on, or the way back to the hub with a code or an error."""
    try:
        asked = desk.asked(given)
    except LookupError:
        return _page("Inloggen kan niet", "<p>Deze aanvraag komt niet van een toepassing die wij kennen.</p>", 400)
    except Wrong as wrong:
        return RedirectResponse(desk.back(given, error=str(wrong)), 303)
    if subject is not None:
        return RedirectResponse(desk.back(asked, code=desk.grant(subject, asked)), 303)
    hidden = "".join(f'<input type="hidden" name="{name}" value="{escape(value)}">' for name, value in asked.items())
    told = '<p class="fout" id="fout" role="alert">De gebruikersnaam of het wachtwoord klopt niet.</p>' if tried else ""
    wrong_too = ' aria-invalid="true" aria-describedby="fout"' if tried else ""
    return _page(
        "Inloggen",
        "<p>Account van de verzonnen regio. De demo heeft de wachtwoorden getoond bij het starten.</p>"
        f'{told}<form method="post" action="/authorize">{hidden}'
        '<label for="gebruikersnaam">Gebruikersnaam</label>'
        '<input id="gebruikersnaam" name="gebruikersnaam" autocomplete="username" autocapitalize="none" spellcheck="false"'
        f" required{wrong_too}>"
        '<label for="wachtwoord">Wachtwoord</label>'
        f'<input id="wachtwoord" name="wachtwoord" type="password" autocomplete="current-password" required{wrong_too}>'
        '<button type="submit">Inloggen</button></form>',
        400 if tried else 200,
    )


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        f'<!doctype html><html lang="nl"><head><meta charset="utf-8"><title>{title} - demo</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="/stijl.css"></head>'
        f"<body><main><h1>{title}</h1>{body}</main></body></html>",
        status,
    )


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; empty for anything else."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return {}
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=32))
    except ValueError:
        return {}


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="The demo's identity provider on 127.0.0.1.")
    parser.add_argument("home", type=Path)
    parser.add_argument("--port-file", type=Path, required=True)
    given = parser.parse_args()
    desk = Desk(given.home)
    listening = socket.create_server(("127.0.0.1", desk.port))
    waiting = given.port_file.with_name(given.port_file.name + ".new")
    waiting.write_text(f"{desk.port}\n")
    waiting.replace(given.port_file)
    config = uvicorn.Config(create(desk), log_level="warning", access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
