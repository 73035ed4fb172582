"""Signing in at the desks: what works, and everything that a provider, a browser or someone between them can send wrong."""

from __future__ import annotations

import hmac
from base64 import b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any

import orjson
import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey
from joserfc.util import urlsafe_b64encode as b64

from hub.domain.staff import Role
from hub.errors import HubError, Misconfigured, Refused, Retry
from hub.identity.provider import Client, read_client
from hub.identity.signin import Finished, SignIn
from tests.fakes.partner import StillClock, digest, ec_key, entropy, jwks, rsa_key, signed
from tests.fakes.provider import BACK, CLIENT_ID, PROVIDER, Answer, FakeProvider, FakeStaff

NOW = StillClock().now_s
KEYED = Client(CLIENT_ID, key=ec_key("hub-at-idp"))


@pytest.fixture
def idp() -> FakeProvider:
    return FakeProvider()


def _sign_in(idp: FakeProvider, store: FakeStaff | None = None, client: Client = KEYED, **other: Any) -> SignIn:
    given = {"issuer": PROVIDER, "client": client, "redirect_uri": BACK, **other}
    return SignIn(idp, store or FakeStaff(), digest, idp.clock, entropy, **given)


async def _through(idp: FakeProvider, signin: SignIn | None = None, back_to: str = "/functionaris") -> Finished:
    """A whole sign-in, as a browser makes it."""
    signin = signin or _sign_in(idp)
    start = await signin.start(back_to)
    idp.visit(start.url)
    return await signin.finish("code-1", start.state)


async def _refused(idp: FakeProvider, kind: type[HubError] = Refused) -> None:
    with pytest.raises(kind) as caught:
        await _through(idp)
    error = caught.value
    assert error.what
    assert error.why
    assert error.now
    assert error.__suppress_context__ or error.__context__ is None


async def test_who_has_a_role_gets_in_and_where_they_were_going(idp: FakeProvider) -> None:
    done = await _through(idp)
    assert done.back_to == "/functionaris"
    assert (done.staff.name, done.staff.roles) == ("Noor Demirci", {Role.privacy_officer})
    assert done.staff.staff_id == "m-" + digest("staff", f"{PROVIDER}\0u-1042".encode()).hex()[:16]
    assert "Noor" not in repr(done)


@pytest.mark.parametrize(
    ("claim", "party"),
    [("duo", "duo"), ("Geen Partij", None), (["duo"], None), ("", None), (None, None)],
)
async def test_whom_a_decision_maker_decides_for(idp: FakeProvider, claim: Any, party: str | None) -> None:
    idp.claims = {"roles": ["decision-maker"], "party": claim}
    staff = (await _through(idp)).staff
    assert (staff.roles, staff.party) == ({Role.decision_maker}, party)


async def test_the_claim_of_the_party_is_a_setting(idp: FakeProvider) -> None:
    idp.claims = {"party": "duo", "organisatie": "mbo-zilverlinde"}
    assert (await _through(idp, _sign_in(idp, party_claim="organisatie"))).staff.party == "mbo-zilverlinde"


async def test_what_is_asked_of_the_provider(idp: FakeProvider) -> None:
    signin = _sign_in(idp)
    start = await signin.start("/")
    assert start.url.startswith(PROVIDER + "/authorize?")
    asked = idp.visit(start.url)
    assert asked["state"] == start.state
    assert len(start.state) == 43
    assert (asked["response_type"], asked["client_id"], asked["redirect_uri"]) == ("code", CLIENT_ID, BACK)
    assert (asked["code_challenge_method"], asked["scope"].split()) == ("S256", ["openid", "profile"])
    await signin.finish("code-1", start.state)
    (form,) = [form for url, form, _ in idp.asked if url.endswith("/token")]
    assert (form["grant_type"], form["code"], form["redirect_uri"]) == ("authorization_code", "code-1", BACK)
    challenge = urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
    assert challenge == asked["code_challenge"]
    assert len({form["code_verifier"], asked["nonce"], asked["state"]}) == 3


@pytest.mark.parametrize("key", [ec_key("hub-at-idp"), rsa_key("hub-at-idp")], ids=["EC", "RSA"])
async def test_the_hub_proves_itself_with_its_key(idp: FakeProvider, key: Any) -> None:
    await _through(idp, _sign_in(idp, client=Client(CLIENT_ID, key=key)))
    (form,) = [form for url, form, _ in idp.asked if url.endswith("/token")]
    assert form["client_assertion_type"].endswith(":jwt-bearer")
    proof = jwt.decode(form["client_assertion"], key, algorithms=["ES256", "PS256"]).claims
    assert (proof["iss"], proof["sub"], proof["aud"]) == (CLIENT_ID, CLIENT_ID, PROVIDER + "/token")
    assert NOW < proof["exp"] <= NOW + 60
    assert len(proof["jti"]) >= 16


async def test_the_hub_proves_itself_with_its_secret(idp: FakeProvider) -> None:
    idp.claims = {"aud": "hub:a"}
    await _through(idp, _sign_in(idp, client=Client("hub:a", secret="geheim/+")))
    ((form, headers),) = [(form, headers) for url, form, headers in idp.asked if url.endswith("/token")]
    assert b64decode(headers["Authorization"].removeprefix("Basic ")) == b"hub%3Aa:geheim%2F%2B"
    assert not {"client_assertion", "client_secret"} & set(form)


@pytest.mark.parametrize(
    ("back_to", "leads"),
    [
        ("/beheer/aansluitingen?vanaf=2", "/beheer/aansluitingen?vanaf=2"),
        ("", "/"),
        ("//elders.example", "/"),
        ("/\\elders.example", "/"),
        ("https://elders.example/", "/"),
        ("beheer", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("/" + "a" * 600, "/"),
    ],
)
async def test_a_sign_in_leads_nowhere_else(idp: FakeProvider, back_to: str, leads: str) -> None:
    assert (await _through(idp, back_to=back_to)).back_to == leads


# -- state


async def test_a_state_works_once(idp: FakeProvider) -> None:
    signin = _sign_in(idp)
    start = await signin.start("/")
    idp.visit(start.url)
    await signin.finish("code-1", start.state)
    with pytest.raises(Refused):
        await signin.finish("code-1", start.state)


async def test_a_state_is_used_up_by_a_failure_too(idp: FakeProvider) -> None:
    signin = _sign_in(idp)
    start = await signin.start("/")
    idp.visit(start.url)
    for code in ("", "code-1"):
        with pytest.raises(Refused):
            await signin.finish(code, start.state)
    assert not [url for url, _, _ in idp.asked if url.endswith("/token")]


@pytest.mark.parametrize(("seconds", "works"), [(599, True), (600, False)])
async def test_a_state_lasts_ten_minutes(idp: FakeProvider, seconds: int, works: bool) -> None:
    signin = _sign_in(idp)
    start = await signin.start("/")
    idp.visit(start.url)
    idp.clock.us += seconds * 1_000_000
    if works:
        await signin.finish("code-1", start.state)
    else:
        with pytest.raises(Refused):
            await signin.finish("code-1", start.state)


@pytest.mark.parametrize("state", ["", "x" * 43, "é" * 43, "\udc80" * 43, "x" * 100_000])
async def test_a_state_that_was_never_given_out_is_refused(idp: FakeProvider, state: str) -> None:
    with pytest.raises(Refused):
        await _sign_in(idp).finish("code-1", state)
    assert idp.asked == []


async def test_only_a_digest_of_the_state_is_kept(idp: FakeProvider) -> None:
    store = FakeStaff()
    start = await _sign_in(idp, store).start("/")
    assert list(store.signins) == [digest("signin-state", start.state.encode())]


@pytest.mark.parametrize("code", ["", "é", "a\nb", "a" * 5000])
async def test_a_code_that_is_none_is_not_sent_on(idp: FakeProvider, code: str) -> None:
    signin = _sign_in(idp)
    start = await signin.start("/")
    with pytest.raises(Refused):
        await signin.finish(code, start.state)
    assert not [url for url, _, _ in idp.asked if url.endswith("/token")]


@pytest.mark.parametrize(
    ("announced", "said", "works"),
    [
        (True, PROVIDER, True),
        (True, None, False),
        (True, PROVIDER + "/", False),
        (False, None, True),
        (False, PROVIDER, True),
        (False, "https://elders.example", False),
    ],
)
async def test_the_answer_names_the_provider(idp: FakeProvider, announced: bool, said: str | None, works: bool) -> None:
    idp.description = {"authorization_response_iss_parameter_supported": announced}
    signin = _sign_in(idp)
    start = await signin.start("/")
    idp.visit(start.url)
    if works:
        await signin.finish("code-1", start.state, said)
    else:
        with pytest.raises(Refused):
            await signin.finish("code-1", start.state, said)


# -- roles and persons


@pytest.mark.parametrize("roles", [None, [], ["keizer"], {"privacy-officer": 1}, 7, [7, None, ["fg"]], "keizer", True, [{}]])
async def test_nobody_without_a_role_gets_in(idp: FakeProvider, roles: Any) -> None:
    idp.claims = {"roles": roles}
    await _refused(idp)


@pytest.mark.parametrize("roles", [["fg", "keizer", 7, "administrator"], "fg keizer administrator"])
async def test_unknown_roles_are_nothing(idp: FakeProvider, roles: Any) -> None:
    idp.claims = {"groepen": roles, "roles": ["auditor"]}
    done = await _through(idp, _sign_in(idp, roles_claim="groepen"))
    assert done.staff.roles == {Role.fg, Role.administrator}


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"name": None, "preferred_username": "noor"}, "noor"),
        ({"name": ["x"], "preferred_username": {}}, None),
        ({"name": "  Noor \u00a0 D. "}, None),
        ({"name": "Noor\x1b[2J"}, None),
        ({"name": "  Noor   D. "}, "Noor D."),
        ({"name": "n" * 500}, "n" * 100),
    ],
)
async def test_a_name_is_plain_words(idp: FakeProvider, claims: dict[str, Any], name: str | None) -> None:
    idp.claims = claims
    staff = (await _through(idp)).staff
    assert staff.name == (name or staff.staff_id)


# -- the ID token


@pytest.mark.parametrize(
    ("key", "alg"),
    [
        (ec_key("idp-1"), "ES256"),
        (rsa_key("idp-1"), "RS256"),
        (rsa_key("idp-1"), "PS256"),
    ],
)
async def test_providers_sign_in_their_own_way(idp: FakeProvider, key: Any, alg: str) -> None:
    idp.key, idp.header = key, {"alg": alg}
    await _through(idp)


def _by_hand(header: Any, claims: Any, key: Any, alg: str = "ES256") -> str:
    """A rightly signed token with any header, also those that no library makes."""
    signing = f"{b64(orjson.dumps(header)).decode()}.{b64(orjson.dumps(claims)).decode()}"
    return f"{signing}.{b64(jws.JWSRegistry.algorithms[alg].sign(signing.encode(), key)).decode()}"


@pytest.mark.parametrize("alg", ["EdDSA", "Ed25519"])
async def test_ed25519_by_both_its_names(idp: FakeProvider, alg: str) -> None:
    key = OKPKey.generate_key("Ed25519", {"kid": "idp-1"})
    idp.published = {"keys": [key.as_dict(private=False)]}
    idp.make = lambda header, claims: _by_hand({**header, "alg": alg}, claims, key, alg)
    await _through(idp)


async def test_headers_that_ask_for_nothing_are_ignored(idp: FakeProvider) -> None:
    idp.make = lambda header, claims: _by_hand({**header, "jku": "https://elders.example", "x": 1}, claims, idp.key)
    await _through(idp)


async def test_a_token_needs_no_key_id_where_there_is_one_key(idp: FakeProvider) -> None:
    idp.header = {"kid": None}
    await _through(idp)
    idp.published = jwks(idp.key, ec_key("idp-2"))
    await _refused(idp)


@pytest.mark.parametrize(
    "other",
    [
        {"iss": None},
        {"iss": PROVIDER + "/"},
        {"iss": "https://elders.example"},
        {"iss": [PROVIDER]},
        {"aud": None},
        {"aud": "elders"},
        {"aud": []},
        {"aud": [CLIENT_ID, "elders"]},
        {"aud": [CLIENT_ID, "elders"], "azp": "elders"},
        {"aud": CLIENT_ID, "azp": "elders"},
        {"aud": ["elders"], "azp": CLIENT_ID},
        {"aud": {CLIENT_ID: 1}},
        {"aud": [[CLIENT_ID]]},
        {"exp": None},
        {"exp": NOW},
        {"exp": NOW - 1},
        {"exp": str(NOW + 300)},
        {"exp": True},
        {"exp": 2**60},
        {"exp": -1},
        {"exp": [NOW + 300]},
        {"iat": None},
        {"iat": NOW + 61},
        {"iat": NOW - 601},
        {"iat": "nu"},
        {"nbf": NOW + 61},
        {"nbf": "nu"},
        {"nonce": None},
        {"nonce": "een andere"},
        {"nonce": "é"},
        {"nonce": ["x"]},
        {"sub": None},
        {"sub": ""},
        {"sub": 1042},
        {"sub": "x" * 256},
        {"sub": "a\0b"},
        {"sub": "é"},
    ],
)
async def test_claims_that_are_wrong(idp: FakeProvider, other: dict[str, Any]) -> None:
    idp.claims = other
    await _refused(idp)


@pytest.mark.parametrize(
    "other",
    [
        {"aud": [CLIENT_ID]},
        {"aud": [CLIENT_ID, "b"], "azp": CLIENT_ID},
        {"iat": NOW - 600},
        {"iat": NOW + 60},
        {"exp": NOW + 1.5},
    ],
)
async def test_claims_that_are_well(idp: FakeProvider, other: dict[str, Any]) -> None:
    idp.claims = other
    await _through(idp)


async def test_the_token_of_another_sign_in_is_refused(idp: FakeProvider) -> None:
    signin = _sign_in(idp)
    first, second = await signin.start("/"), await signin.start("/")
    idp.visit(first.url)
    with pytest.raises(Refused):
        await signin.finish("code-1", second.state)


def _hs256_with_the_public_key(header: dict[str, Any], claims: dict[str, Any]) -> str:
    public = rsa_key("idp-1").as_pem(private=False)
    signing = f"{b64(orjson.dumps({**header, 'alg': 'HS256'})).decode()}.{b64(orjson.dumps(claims)).decode()}"
    return f"{signing}.{b64(hmac.digest(public, signing.encode(), 'sha256')).decode()}"


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{b64(orjson.dumps({**header, 'alg': 'none'})).decode()}.{b64(orjson.dumps(claims)).decode()}."


def _changed(header: dict[str, Any], claims: dict[str, Any]) -> str:
    head, _, tail = signed(header, claims, ec_key("idp-1")).split(".")
    return f"{head}.{b64(orjson.dumps({**claims, 'roles': ['fg']})).decode()}.{tail}"


_DEEP = b64(b"[" * 5000).decode()


@pytest.mark.parametrize(
    "make",
    [
        lambda h, c: _unsigned(h, c),
        lambda h, c: _unsigned(h, c) + "AA",
        lambda h, c: _hs256_with_the_public_key(h, c),
        lambda h, c: signed({**h, "alg": "HS256"}, c, OctKey.import_key("s" * 32)),
        lambda h, c: signed({**h, "alg": "ES384"}, c, ec_key("idp-384", "P-384")),
        lambda h, c: signed({**h, "alg": "RS256"}, c, rsa_key("idp-1")),
        lambda h, c: signed(h, c, ec_key("an attacker's")),
        lambda h, c: signed({**h, "jwk": ec_key("own").as_dict(private=False)}, c, ec_key("own")),
        lambda h, c: signed({**h, "kid": "elders"}, c, ec_key("idp-1")),
        lambda h, c: _by_hand({**h, "kid": ["idp-1"]}, c, ec_key("idp-1")),
        lambda h, c: _by_hand({**h, "crit": ["exp"], "exp": 1}, c, ec_key("idp-1")),
        lambda h, c: _by_hand({**h, "crit": []}, c, ec_key("idp-1")),
        lambda h, c: _by_hand({**h, "alg": ["ES256"]}, c, ec_key("idp-1")),
        lambda h, c: _by_hand([h], c, ec_key("idp-1")),
        lambda h, c: signed({**h, "kid": ""}, c, ec_key("other")),
        lambda h, c: _changed(h, c),
        lambda h, c: signed(h, b"[]", ec_key("idp-1")),
        lambda h, c: signed(h, b"{", ec_key("idp-1")),
        lambda h, c: signed(h, b"[" * 3000, ec_key("idp-1")),
        lambda h, c: signed(h, b'{"exp": NaN}', ec_key("idp-1")),
        lambda h, c: f"{_DEEP}.{_DEEP}.AAAA",
        lambda h, c: "",
        lambda h, c: "a.b",
        lambda h, c: "a.b.c.d.e",
        lambda h, c: "é.é.é",
        lambda h, c: "....",
        lambda h, c: signed(h, {**c, "veel": "x" * 20_000}, ec_key("idp-1")),
    ],
)
async def test_tokens_that_are_none(idp: FakeProvider, make: Any) -> None:
    idp.make = make
    await _refused(idp)


_GOOD = ec_key("idp-1").as_dict(private=False)


@pytest.mark.parametrize(
    "published",
    [
        {"keys": []},
        {"keys": {}},
        {"keys": "idp-1"},
        {"keys": [None, 7, [], "x", {}]},
        {"keys": [{**_GOOD, "kid": "elders"}, {**_GOOD, "kid": "ander"}]},
        {"keys": [{**_GOOD, "kid": 7}]},
        {"keys": [{**_GOOD, "kid": ["idp-1"]}]},
        {"keys": [{**_GOOD, "use": "enc"}]},
        {"keys": [{**_GOOD, "alg": "RS256"}]},
        {"keys": [{**_GOOD, "alg": ["ES256"]}]},
        {"keys": [{**_GOOD, "kty": "oct", "k": "AAAA"}]},
        {"keys": [{**_GOOD, "kty": ["EC"]}]},
        {"keys": [{**_GOOD, "crv": "P-384"}]},
        {"keys": [{**_GOOD, "crv": "P-999"}]},
        {"keys": [{**_GOOD, "x": "AA", "y": "AA"}]},
        {"keys": [{**_GOOD, "x": 1}]},
        {"keys": [{**_GOOD, "x": "é"}]},
        {"keys": [{name: value for name, value in _GOOD.items() if name != "y"}]},
        {"keys": [ec_key("idp-1").as_dict(private=True)]},
        {"keys": [{"kty": "RSA", "kid": "idp-1", "n": "", "e": "AQAB"}]},
        {"keys": [{"kty": "RSA", "kid": "idp-1", "n": "AQAB", "e": ""}]},
        {"keys": [{"kty": "OKP", "kid": "idp-1", "crv": "X25519", "x": "AA"}]},
        {"keys": [{"kty": "OKP", "kid": "idp-1", "crv": "Ed25519", "x": "AA"}]},
        {"iets": 1},
    ],
)
async def test_keys_of_a_wrong_kind_check_nothing(idp: FakeProvider, published: Any) -> None:
    idp.published = published
    await _refused(idp)


async def test_a_short_rsa_key_checks_nothing(idp: FakeProvider) -> None:
    idp.key, idp.header = rsa_key("short", 1024), {"alg": "RS256"}
    await _refused(idp)


async def test_an_algorithm_that_is_not_on_the_list_is_refused_with_a_key_that_fits(idp: FakeProvider) -> None:
    idp.key, idp.header = ec_key("idp-384", "P-384"), {"alg": "ES384"}
    await _refused(idp)


async def test_a_key_that_is_not_published_is_told_as_that(idp: FakeProvider) -> None:
    idp.header = {"kid": "elders"}
    with pytest.raises(Refused, match="does not publish"):
        await _through(idp)


async def test_a_key_for_one_algorithm_checks_no_other(idp: FakeProvider) -> None:
    idp.key, idp.header = rsa_key("idp-1"), {"alg": "PS256"}
    idp.published = {"keys": [{**rsa_key("idp-1").as_dict(private=False), "alg": "RS256"}]}
    await _refused(idp)


# -- the provider as a server


def _fetched(idp: FakeProvider, path: str) -> int:
    return sum(url == PROVIDER + path for url, _, _ in idp.asked)


async def test_a_new_key_is_looked_for_and_not_all_the_time(idp: FakeProvider) -> None:
    signin = _sign_in(idp)
    await _through(idp, signin)
    assert (_fetched(idp, "/.well-known/openid-configuration"), _fetched(idp, "/jwks")) == (1, 1)
    idp.key = ec_key("idp-2")
    with pytest.raises(Refused):  # the keys were looked at this very minute
        await _through(idp, signin)
    assert _fetched(idp, "/jwks") == 1
    idp.clock.us += 60_000_000
    await _through(idp, signin)
    assert _fetched(idp, "/jwks") == 2
    await _through(idp, signin)
    assert _fetched(idp, "/jwks") == 2


async def test_what_the_provider_says_is_kept_for_an_hour(idp: FakeProvider) -> None:
    signin = _sign_in(idp)
    await _through(idp, signin)
    idp.clock.us += 3_600_000_000
    await _through(idp, signin)
    assert (_fetched(idp, "/.well-known/openid-configuration"), _fetched(idp, "/jwks")) == (2, 2)


_DISCOVERY = "/.well-known/openid-configuration"


@pytest.mark.parametrize(
    "other",
    [
        {"issuer": None},
        {"issuer": PROVIDER + "/"},
        {"issuer": 7},
        {"authorization_endpoint": None},
        {"authorization_endpoint": "http://inloggen.example.nl/authorize"},
        {"authorization_endpoint": "http://127.0.0.1/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "https://inloggen.example.nl/a\r\nx"},
        {"authorization_endpoint": "https://inloggen.example.nl/a#b"},
        {"token_endpoint": "https:///token"},
        {"token_endpoint": "https://[::1/token"},
        {"token_endpoint": "https://a:b@elders.example/token"},
        {"token_endpoint": "https://elders.example:99999/token"},
        {"token_endpoint": ["https://inloggen.example.nl/token"]},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": {}},
        {"response_types_supported": ["id_token"]},
        {"response_types_supported": "code"},
        {"code_challenge_methods_supported": ["plain"]},
        {"code_challenge_methods_supported": [["S256"]]},
        {"id_token_signing_alg_values_supported": ["HS256", "none"]},
        {"token_endpoint_auth_methods_supported": ["client_secret_post"]},
        {"token_endpoint_auth_methods_supported": None},
    ],
)
async def test_a_description_that_cannot_be_used(idp: FakeProvider, other: dict[str, Any]) -> None:
    idp.description = other
    await _refused(idp, Misconfigured)


@pytest.mark.parametrize("path", [_DISCOVERY, "/jwks"])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000, b'"x"', b"7", b"{}"])
async def test_garbage_instead_of_a_description_or_keys(idp: FakeProvider, path: str, body: bytes) -> None:
    idp.instead = {path: Answer(200, body)}
    await _refused(idp, Misconfigured)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000, b'{"id_token": 7}', b"{}"])
async def test_garbage_instead_of_a_token(idp: FakeProvider, body: bytes) -> None:
    idp.instead = {"/token": Answer(200, body)}
    await _refused(idp, Misconfigured)


@pytest.mark.parametrize("path", [_DISCOVERY, "/jwks", "/token"])
@pytest.mark.parametrize(
    ("status", "kind"), [(500, Retry), (503, Retry), (429, Retry), (404, Misconfigured), (302, Misconfigured)]
)
async def test_a_provider_that_does_not_answer_as_agreed(
    idp: FakeProvider, path: str, status: int, kind: type[HubError]
) -> None:
    idp.instead = {path: Answer(status, b"{}")}
    await _refused(idp, kind)


@pytest.mark.parametrize("path", [_DISCOVERY, "/jwks", "/token"])
async def test_a_provider_that_is_away(idp: FakeProvider, path: str) -> None:
    idp.instead = {path: Retry("It is away.", "It does not answer.", "Try it again.")}
    await _refused(idp, Retry)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, "invalid_grant", Refused),
        (401, "invalid_client", Misconfigured),
        (400, "unauthorized_client", Misconfigured),
        (400, ["invalid_grant"], Misconfigured),
        (403, None, Misconfigured),
        (403, "invalid_grant", Misconfigured),
        (500, "invalid_grant", Retry),
    ],
)
async def test_errors_of_the_token_address(idp: FakeProvider, status: int, error: Any, kind: type[HubError]) -> None:
    idp.instead = {"/token": Answer(status, orjson.dumps({"error": error, "error_description": "999900006"}))}
    with pytest.raises(kind) as caught:
        await _through(idp)
    assert "9999" not in str(caught.value)


@pytest.mark.parametrize(
    "issuer",
    [
        "",
        "http://inloggen.example.nl",
        "ftp://127.0.0.1",
        "127.0.0.1",
        "https://",
        "https://a.example/?b",
        "https://a.example/#b",
    ],
)
def test_an_issuer_that_is_not_safe(idp: FakeProvider, issuer: str) -> None:
    with pytest.raises(Misconfigured):
        _sign_in(idp, issuer=issuer)


@pytest.mark.parametrize("issuer", [PROVIDER, "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080/x"])
def test_an_issuer_that_is_safe(idp: FakeProvider, issuer: str) -> None:
    _sign_in(idp, issuer=issuer)


class _Here(FakeProvider):
    """The same provider, on this machine."""

    async def get(self, url: str, headers: Any, /) -> Answer:
        answer = await super().get(url.replace("http://127.0.0.1:8080", PROVIDER), headers)
        return Answer(answer.status, answer.body.replace(PROVIDER.encode(), b"http://127.0.0.1:8080"))


@pytest.mark.parametrize(("jwks_uri", "works"), [(PROVIDER + "/jwks", True), ("http://inloggen.example.nl/jwks", False)])
async def test_a_provider_on_this_machine_names_no_unsafe_address_elsewhere(jwks_uri: str, works: bool) -> None:
    signin = _sign_in(_Here(description={"jwks_uri": jwks_uri}), issuer="http://127.0.0.1:8080")
    if works:
        assert (await signin.start("/")).url.startswith("http://127.0.0.1:8080/authorize?")
    else:
        with pytest.raises(Misconfigured):
            await signin.start("/")


# -- leaving, and the hub as a client


async def test_leaving_at_the_provider_too(idp: FakeProvider) -> None:
    idp.description = {"end_session_endpoint": PROVIDER + "/logout?x=1"}
    url = await _sign_in(idp).leave("https://hub.example.nl/")
    assert url == f"{PROVIDER}/logout?x=1&client_id=hub&post_logout_redirect_uri=https%3A%2F%2Fhub.example.nl%2F"


@pytest.mark.parametrize("place", [None, "javascript:alert(1)", "http://elders.example/"])
async def test_leaving_where_the_provider_has_no_place_for_it(idp: FakeProvider, place: Any) -> None:
    idp.description = {"end_session_endpoint": place}
    assert await _sign_in(idp).leave("https://hub.example.nl/") is None


async def test_leaving_never_fails(idp: FakeProvider) -> None:
    idp.instead = {_DISCOVERY: Retry("It is away.")}
    assert await _sign_in(idp).leave("https://hub.example.nl/") is None


@pytest.mark.parametrize("key", [ec_key("a"), rsa_key("a")], ids=["EC", "RSA"])
def test_a_key_file_is_read(key: Any) -> None:
    client = read_client("hub", key=orjson.dumps(key.as_dict(private=True)))
    assert client.key is not None
    assert (client.method, client.key.kid) == ("private_key_jwt", "a")
    assert "key" not in repr(client)


def test_a_secret_file_is_read() -> None:
    client = read_client("hub", secret=b"geheim\n")
    assert (client.method, client.secret) == ("client_secret_basic", "geheim")
    assert "geheim" not in repr(client)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"key": b"{}", "secret": b"x"},
        {"secret": b""},
        {"secret": b" \n"},
        {"secret": "é".encode()},
        {"key": b""},
        {"key": b"[]"},
        {"key": b"geen json"},
        {"key": b'{"kty": "oct", "k": "AAAA"}'},
        {"key": orjson.dumps(ec_key("a").as_dict(private=False))},
        {"key": orjson.dumps(ECKey.generate_key("P-384").as_dict(private=True))},
        {"client_id": "", "secret": b"x"},
    ],
)
def test_a_client_that_cannot_prove_itself(given: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured):
        read_client(**{"client_id": "hub", **given})
