"""The demo's identity provider in a process of its own, and the hub signing in there over HTTP."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import orjson
import pytest

from hub.clock import SystemClock
from hub.domain.staff import Role
from hub.errors import Misconfigured, Refused, Retry
from hub.http import Http
from hub.identity.provider import Client, Provider, read_client
from hub.identity.signin import SignIn
from hub.ports import Entropy
from ops.demo import identity
from tests.fakes.partner import digest, ec_key, entropy
from tests.fakes.provider import FakeStaff

ROOT = Path(__file__).parents[2]
BACK = "http://127.0.0.1:8443/inloggen/terug"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    home = tmp_path_factory.mktemp("identity") / "home"
    made = identity.make(home, BACK)
    port_file = home / "port"
    process = subprocess.Popen(
        [sys.executable, "-m", "ops.demo.identity", str(home), "--port-file", str(port_file)], cwd=ROOT, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    try:
        while not port_file.exists():
            assert process.poll() is None, process.stderr.read().decode()
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.05)
        yield {**made, "home": home}
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait()
        process.stderr.close()


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    made = Http()
    yield made
    await made.close()


@pytest.fixture
def signin(provider: dict[str, Any], http: Http) -> SignIn:
    client = read_client(provider["client_id"], key=provider["key_file"].read_bytes())
    return _sign_in(provider, http, client)


def _sign_in(provider: dict[str, Any], http: Http, client: Client) -> SignIn:
    return SignIn(
        http, FakeStaff(), digest, SystemClock(), entropy, issuer=provider["issuer"], client=client, redirect_uri=BACK
    )


async def _enter(http: Http, url: str, username: str, password: str) -> dict[str, str]:
    """What the browser brings back, once someone has filled the page in; empty where the page comes again."""
    page = (await http.get(url)).body.decode()
    hidden = {name: unescape(value) for name, value in _HIDDEN.findall(page)}
    address = url.partition("?")[0]
    body = urlencode({**hidden, "gebruikersnaam": username, "wachtwoord": password}).encode()
    answer = await http.post(address, body, FORM)
    if answer.status != 303:
        return {}
    assert answer.headers["location"].startswith(BACK + "?")
    return dict(parse_qsl(urlsplit(answer.headers["location"]).query))


ROLES = {
    "privacyfunctionaris": {Role.privacy_officer},
    "fg": {Role.fg},
    "auditor": {Role.auditor},
    "beheerder": {Role.administrator},
    "beide": {Role.privacy_officer, Role.administrator},
    "beslisser-duo": {Role.decision_maker},
    "beslisser-lindemark": {Role.decision_maker},
    "beslisser-zilverlinde": {Role.decision_maker},
    "beslisser-rietzorg": {Role.decision_maker},
}
PARTIES = {
    "beslisser-duo": "duo",
    "beslisser-lindemark": "doorstroompunt-lindemark",
    "beslisser-zilverlinde": "mbo-zilverlinde",
    "beslisser-rietzorg": "zorgaanbieder-rietzorg",
}


async def test_each_account_gets_in_with_its_roles(provider: dict[str, Any], signin: SignIn, http: Http) -> None:
    seen = set()
    assert {account["username"] for account in provider["accounts"]} == set(ROLES)
    for account in provider["accounts"]:
        start = await signin.start("/functionaris")
        back = await _enter(http, start.url, account["username"], account["password"])
        assert back["state"] == start.state
        done = await signin.finish(back["code"], back["state"], back["iss"])
        assert (done.staff.name, done.staff.roles) == (account["name"], ROLES[account["username"]])
        assert done.staff.party == PARTIES.get(account["username"])
        assert done.back_to == "/functionaris"
        seen.add(done.staff.staff_id)
    assert len(seen) == len(ROLES)


async def _first(provider: dict[str, Any], signin: SignIn, http: Http) -> tuple[str, dict[str, str]]:
    account = provider["accounts"][0]
    start = await signin.start("/")
    return start.url, await _enter(http, start.url, account["username"], account["password"])


async def test_a_wrong_password_or_name_does_not(provider: dict[str, Any], signin: SignIn, http: Http) -> None:
    first, second = provider["accounts"][:2]
    start = await signin.start("/")
    for username, password in (
        (first["username"], second["password"]),
        (first["username"], ""),
        ("niemand", first["password"]),
        ("", ""),
        ("privacyfunctionaris\0", first["password"]),
    ):
        assert await _enter(http, start.url, username, password) == {}


async def test_a_page_that_says_what_is_wrong(signin: SignIn, http: Http) -> None:
    start = await signin.start("/")
    query = urlsplit(start.url).query
    page = await http.post(start.url.partition("?")[0], query.encode(), FORM)
    text = page.body.decode()
    assert 'lang="nl"' in text
    assert 'role="alert"' in text
    assert "script" not in text
    assert "style-src 'self'; form-action 'self' http://127.0.0.1:8443;" in page.headers["content-security-policy"]


async def test_the_hub_does_not_take_an_answer_without_its_sender(provider: dict[str, Any], signin: SignIn, http: Http) -> None:
    _, back = await _first(provider, signin, http)
    with pytest.raises(Refused):
        await signin.finish(back["code"], back["state"])


async def test_a_code_works_once_and_with_its_own_verifier(provider: dict[str, Any], signin: SignIn, http: Http) -> None:
    _, one = await _first(provider, signin, http)
    _, other = await _first(provider, signin, http)
    with pytest.raises(Refused):  # another sign-in's code: its verifier does not fit
        await signin.finish(one["code"], other["state"], other["iss"])
    with pytest.raises(Refused):  # and that has used it up
        await signin.finish(one["code"], one["state"], one["iss"])


def _redeemer(provider: dict[str, Any], http: Http, entropy: Entropy = entropy) -> Provider:
    client = read_client(provider["client_id"], key=provider["key_file"].read_bytes())
    return Provider(http, client, provider["issuer"], SystemClock(), entropy)


@pytest.mark.parametrize(("verifier", "back_to"), [("v" * 43, BACK), ("w" * 43, BACK + "x"), ("", BACK)])
async def test_a_code_is_for_who_asked_for_it(
    provider: dict[str, Any], signin: SignIn, http: Http, verifier: str, back_to: str
) -> None:
    account = provider["accounts"][0]
    challenge = urlsafe_b64encode(sha256(b"w" * 43).digest()).rstrip(b"=").decode()
    url, _ = await _first(provider, signin, http)
    asked = {**dict(parse_qsl(urlsplit(url).query)), "code_challenge": challenge}
    again = url.partition("?")[0] + "?" + urlencode(asked)
    for used, place, works in ((verifier, back_to, False), ("w" * 43, BACK, True)):
        back = await _enter(http, again, account["username"], account["password"])
        if works:
            assert await _redeemer(provider, http).redeem(back["code"], used, place)
        else:
            with pytest.raises(Refused):
                await _redeemer(provider, http).redeem(back["code"], used, place)


async def test_an_assertion_of_the_hub_works_once(provider: dict[str, Any], http: Http) -> None:
    redeemer = _redeemer(provider, http, lambda count: b"1" * count)
    with pytest.raises(Refused):  # the hub is known, its code is not
        await redeemer.redeem("code", "v" * 43, BACK)
    with pytest.raises(Misconfigured):
        await redeemer.redeem("code", "v" * 43, BACK)


@pytest.mark.parametrize("client", [Client("hub", key=ec_key("another")), Client("elders", key=ec_key("another"))])
async def test_only_the_hub_itself_gets_tokens(provider: dict[str, Any], signin: SignIn, http: Http, client: Client) -> None:
    _, back = await _first(provider, signin, http)
    other = Provider(http, client, provider["issuer"], SystemClock(), entropy)
    with pytest.raises(Misconfigured):
        await other.redeem(back["code"], "v" * 43, BACK)


async def test_a_secret_is_not_what_it_takes(provider: dict[str, Any], http: Http) -> None:
    with pytest.raises(Misconfigured):
        await _sign_in(provider, http, Client("hub", secret="geheim")).start("/")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
    ],
)
async def test_a_request_that_is_not_as_agreed(signin: SignIn, http: Http, changed: dict[str, str], error: str) -> None:
    start = await signin.start("/")
    asked = dict(parse_qsl(urlsplit(start.url).query))
    answer = await http.get(start.url.partition("?")[0] + "?" + urlencode({**asked, **changed}))
    assert answer.status == 303
    assert parse_qs(urlsplit(answer.headers["location"]).query)["error"] == [error]


@pytest.mark.parametrize(
    "changed", [{"redirect_uri": "https://elders.example/"}, {"client_id": "elders"}, {"redirect_uri": ""}]
)
async def test_it_sends_nobody_elsewhere(signin: SignIn, http: Http, changed: dict[str, str]) -> None:
    start = await signin.start("/")
    asked = dict(parse_qsl(urlsplit(start.url).query))
    answer = await http.get(start.url.partition("?")[0] + "?" + urlencode({**asked, **changed}))
    assert (answer.status, "location" in answer.headers) == (400, False)


@pytest.mark.parametrize("body", [b"", b"\xff", b"client_assertion=a.b.c", b"a=" + b"x" * 20_000, b"=" * 100])
async def test_garbage_is_answered(provider: dict[str, Any], http: Http, body: bytes) -> None:
    proof = b"&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
    for sent in (body, body + proof):
        answer = await http.post(provider["issuer"] + "/token", sent, FORM)
        assert (answer.status, orjson.loads(answer.body)) == (401, {"error": "invalid_client"})


async def test_leaving(provider: dict[str, Any], signin: SignIn, http: Http) -> None:
    url = await signin.leave("http://127.0.0.1:8443/inloggen")
    assert url is not None
    answer = await http.get(url)
    assert (answer.status, answer.headers["location"]) == (303, "http://127.0.0.1:8443/inloggen")
    for elsewhere in ("https://elders.example/", "http://127.0.0.1:8443.elders.example/", "http://127.0.0.1:84430/"):
        url = await signin.leave(elsewhere)
        assert url is not None
        assert (await http.get(url)).status == 200


def test_no_password_is_kept(provider: dict[str, Any]) -> None:
    kept = "".join(path.read_text() for path in provider["home"].iterdir())
    for account in provider["accounts"]:
        assert account["password"] not in kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in provider["home"].glob("*.json"))


async def test_a_provider_that_is_gone(http: Http) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    signin = _sign_in({"issuer": f"http://127.0.0.1:{port}"}, http, Client("hub", key=ec_key("another")))
    with pytest.raises(Retry):
        await signin.start("/")
