"""Signing in: what an attacker or a careless client can put in an assertion or a token, and what works."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import orjson
import pytest
from joserfc.jwk import OctKey
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from hub.domain.terms import Micros
from hub.errors import Misconfigured, Refused
from hub.identity.tokens import Tokens, check_assertion, client_of
from tests.fakes.partner import ISSUER, SCHOOL, TOKEN_URL, Desk, StillClock, ec_key, entropy, rsa_key, signed

AUDIENCES = frozenset({ISSUER, TOKEN_URL})
HEADER = {"alg": "ES256", "kid": "roc-1"}


@pytest.fixture
def desk() -> Desk:
    return Desk()


def _check(desk: Desk, assertion: str) -> str:
    return check_assertion(assertion, desk.school, AUDIENCES, desk.clock.now_us()).jti


def _refused(desk: Desk, assertion: str) -> None:
    with pytest.raises(Refused) as caught:
        _check(desk, assertion)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("aud", [ISSUER, TOKEN_URL, [TOKEN_URL]])
@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "client-authentication+jwt"])
def test_a_good_assertion(desk: Desk, aud: Any, typ: str | None) -> None:
    header = HEADER if typ is None else {**HEADER, "typ": typ}
    claims = desk.claims(aud=aud)
    assert _check(desk, signed(header, claims, ec_key("roc-1"))) == claims["jti"]
    assert client_of(signed(header, claims, ec_key("roc-1"))) == "roc-client"


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_rsa_signs_too(desk: Desk, alg: str) -> None:
    assertion = signed({"alg": alg, "kid": "dsp-1"}, desk.claims("dsp-client"), rsa_key("dsp-1"))
    assert check_assertion(assertion, desk.desk, AUDIENCES, desk.clock.now_us()).expires_us == desk.clock.us + 120_000_000


NOW = StillClock().now_s


@pytest.mark.parametrize(
    "other",
    [
        {"iss": None},
        {"iss": "dsp-client"},
        {"sub": None},
        {"sub": "dsp-client"},
        {"sub": ["roc-client"]},
        {"aud": None},
        {"aud": "https://elders.example"},
        {"aud": ISSUER + "/"},
        {"aud": []},
        {"aud": [TOKEN_URL, "https://elders.example"]},
        {"aud": [ISSUER, TOKEN_URL]},
        {"aud": [[TOKEN_URL]]},
        {"aud": {"a": 1}},
        {"exp": None},
        {"exp": NOW},
        {"exp": NOW - 1},
        {"exp": NOW, "iat": NOW - 200},
        {"exp": NOW - 100, "iat": NOW - 200},
        {"exp": NOW + 301},
        {"exp": NOW + 20 * 365 * 86_400},
        {"exp": str(NOW + 100)},
        {"exp": NOW + 100.5},
        {"exp": True},
        {"exp": -1},
        {"exp": 2**62},
        {"iat": None},
        {"iat": NOW + 61},
        {"iat": NOW - 301},
        {"iat": False},
        {"iat": NOW + 30, "exp": NOW + 20},
        {"nbf": NOW + 100},
        {"nbf": "gisteren"},
        {"nbf": True},
        {"more": "x" * 8000},
        {"jti": None},
        {"jti": "x" * 15},
        {"jti": "x" * 257},
        {"jti": "x" * 20 + "\n"},
        {"jti": 10**20 // 7},
        {"jti": ["x" * 20]},
    ],
)
def test_claims_that_are_refused(desk: Desk, other: dict[str, Any]) -> None:
    claims = {name: value for name, value in {**desk.claims(), **other}.items() if value is not None}
    _refused(desk, signed(HEADER, claims, ec_key("roc-1")))


@pytest.mark.parametrize("other", [{"exp": NOW + 300}, {"iat": NOW - 300}, {"iat": NOW + 60}, {"nbf": NOW}, {"jti": "x" * 16}])
def test_claims_on_the_edge(desk: Desk, other: dict[str, Any]) -> None:
    assert _check(desk, signed(HEADER, desk.claims(**other), ec_key("roc-1")))


def test_no_signature_is_no_proof(desk: Desk) -> None:
    _refused(desk, _unsigned(desk, "none"))
    _refused(desk, _unsigned(desk, "ES256"))
    _refused(desk, _unsigned(desk, "None"))


def _unsigned(desk: Desk, alg: str) -> str:
    parts = [urlsafe_b64encode(orjson.dumps(part)).decode() for part in ({**HEADER, "alg": alg}, desk.claims())]
    return ".".join([*parts, ""])


@pytest.mark.parametrize("form", ["pem", "der", "jwk"])
def test_a_public_key_is_no_shared_secret(desk: Desk, form: str) -> None:
    public = rsa_key("dsp-1")
    known = {
        "pem": public.as_pem(private=False),
        "der": public.as_der(private=False),
        "jwk": orjson.dumps(public.as_dict(private=False)),
    }[form]
    secret = OctKey(known, known)
    assertion = signed({"alg": "HS256", "kid": "dsp-1"}, desk.claims("dsp-client"), secret)
    with pytest.raises(Refused):
        check_assertion(assertion, desk.desk, AUDIENCES, desk.clock.now_us())


def test_another_key_does_not_sign_for_this_partner(desk: Desk) -> None:
    _refused(desk, signed({"alg": "PS256", "kid": "dsp-1"}, desk.claims(), rsa_key("dsp-1")))
    _refused(desk, signed({"alg": "ES256", "kid": "roc-1"}, desk.claims(), ec_key("stranger")))
    _refused(desk, signed({"alg": "ES256", "kid": "hub-1"}, desk.claims(), ec_key("hub-1")))
    _refused(desk, signed({"alg": "PS256", "kid": "roc-1"}, desk.claims(), rsa_key("dsp-1")))
    _refused(desk, signed({"alg": "RS384", "kid": "roc-1"}, desk.claims(), rsa_key("dsp-1")))


def test_the_hubs_own_token_is_no_assertion(desk: Desk) -> None:
    _refused(desk, desk.token())
    _refused(desk, signed({**HEADER, "typ": "at+jwt"}, desk.claims(), ec_key("roc-1")))


@pytest.mark.parametrize(
    "other",
    [
        {"kid": None},
        {"kid": "roc-2"},
        {"jku": "https://elders.example/jwks"},
        {"x5u": "https://elders.example/x5u"},
        {"jwk": ec_key("roc-1").as_dict(private=False)},
        {"b64": True, "crit": ["b64"]},
        {"cty": "JWT"},
        {"nonce": "x"},
        {"typ": "dpop+jwt"},
        {"typ": ""},
    ],
)
def test_headers_that_are_refused(desk: Desk, other: dict[str, Any]) -> None:
    header = {name: value for name, value in {**HEADER, **other}.items() if value is not None}
    key = type(ec_key("roc-1"))(
        ec_key("roc-1").raw_value, ec_key("roc-1").raw_value
    )  # without its kid, which signing would add
    _refused(desk, signed(header, desk.claims(), key))


def test_a_changed_claim_breaks_the_signature(desk: Desk) -> None:
    head, body, signature = desk.assertion().split(".")
    claims = orjson.loads(urlsafe_b64decode(body.encode()))
    changed = urlsafe_b64encode(orjson.dumps({**claims, "jti": uuid4().hex})).decode()
    _refused(desk, ".".join((head, changed, signature)))
    _refused(desk, ".".join((head, body, signature[:-4])))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "a.b",
        "a.b.c.d",
        "é.é.é",
        "x" * 9000,
        "." * 8000,
        "\ud800.a.b",
        "e30.e30.e30",
        "W10.W10.W10",
        "bnVsbA.bnVsbA.AA",
    ],
)
def test_what_is_no_jwt(desk: Desk, text: str) -> None:
    _refused(desk, text)
    with pytest.raises(Refused):
        client_of(text)
    with pytest.raises(Refused):
        desk.tokens.verify(text, None)


def test_deep_json_in_a_part_is_refused_and_not_recursed_into(desk: Desk) -> None:
    deep = urlsafe_b64encode(b"[" * 5000).decode()
    for text in (f"{deep}.e30.AA", f"e30.{deep}.AA"):
        _refused(desk, text)
        with pytest.raises(Refused):
            client_of(text)


# -- the hub's own tokens


@pytest.mark.parametrize("key", [ec_key("hub-1"), rsa_key("hub-2")])
def test_a_token_says_who_holds_it(key: Any) -> None:
    desk = Desk(key=key)
    for _ in range(2):  # checked, then remembered
        caller = desk.tokens.verify(desk.token(), None)
        assert (caller.party, caller.client_id) == (SCHOOL, "roc-client")
    head, body, _ = desk.token().split(".")
    assert orjson.loads(urlsafe_b64decode(head.encode()))["typ"] == "at+jwt"
    claims = orjson.loads(urlsafe_b64decode(body.encode()))
    assert claims["exp"] - claims["iat"] == 300
    assert {"iss", "sub", "azp", "client_id", "aud", "exp", "iat", "jti", "scope", "party"} == set(claims)


def test_a_token_ends_also_when_it_is_remembered(desk: Desk) -> None:
    token = desk.token()
    desk.tokens.verify(token, None)
    desk.clock.us += 299_000_000
    desk.tokens.verify(token, None)
    desk.clock.us += 1_000_000
    for _ in range(2):
        with pytest.raises(Refused):
            desk.tokens.verify(token, None)


def test_a_token_is_bound_to_its_certificate(desk: Desk) -> None:
    token = desk.token(thumbprint="A" * 43)
    for _ in range(2):
        desk.tokens.verify(token, "A" * 43)
        for other in (None, "B" * 43, ""):
            with pytest.raises(Refused):
                desk.tokens.verify(token, other)


@pytest.mark.parametrize(
    ("header", "other"),
    [
        ({"typ": "JWT"}, {}),
        ({"typ": None}, {}),
        ({"kid": "other"}, {}),
        ({"alg": "RS256"}, {}),
        ({}, {"iss": "https://elders.example"}),
        ({}, {"aud": ISSUER}),
        ({}, {"aud": [f"{ISSUER}/v1"]}),
        ({}, {"exp": NOW}),
        ({}, {"exp": NOW + 301}),
        ({}, {"iat": NOW + 61}),
        ({}, {"iat": None}),
        ({}, {"exp": None}),
        ({}, {"party": None}),
        ({}, {"party": 7}),
        ({}, {"party": "Geen Partij"}),
        ({}, {"client_id": None}),
        ({}, {"scope": ["bezorgingen:ophalen"]}),
        ({}, {"cnf": "x"}),
        ({}, {"cnf": {"jkt": "x"}}),
    ],
)
def test_every_claim_of_a_token_is_checked(desk: Desk, header: dict[str, Any], other: dict[str, Any]) -> None:
    good = {
        "iss": ISSUER,
        "sub": "roc-client",
        "client_id": "roc-client",
        "aud": f"{ISSUER}/v1",
        "party": "roc-voorbeeld",
        "iat": NOW,
        "exp": NOW + 300,
        "jti": "j" * 24,
        "scope": "bezorgingen:ophalen",
    }
    right = {"alg": "ES256", "typ": "at+jwt", "kid": "hub-1"}
    assert desk.tokens.verify(signed(right, good, ec_key("hub-1")), None)
    head = {name: value for name, value in {**right, **header}.items() if value is not None}
    claims = {name: value for name, value in {**good, **other}.items() if value is not None}
    key = rsa_key("dsp-1") if head["alg"] == "RS256" else ec_key("hub-1")
    with pytest.raises(Refused):
        desk.tokens.verify(signed(head, claims, key), None)


def test_a_partners_key_signs_no_token(desk: Desk) -> None:
    good = desk.token().split(".")
    claims = orjson.loads(urlsafe_b64decode(good[1].encode()))
    for kid in ("hub-1", "roc-1"):
        with pytest.raises(Refused):
            desk.tokens.verify(signed({"alg": "ES256", "typ": "at+jwt", "kid": kid}, claims, ec_key("roc-1")), None)


def test_a_former_key_still_checks_what_it_signed() -> None:
    clock = StillClock()
    old = Desk(key=ec_key("hub-0"), clock=clock)
    new = Tokens(ISSUER, ec_key("hub-1"), clock, entropy, former=[ec_key("hub-0")])
    assert new.verify(old.token(), None).party == SCHOOL
    assert [key["kid"] for key in new.jwks()["keys"]] == ["hub-1", "hub-0"]
    assert not any("d" in key for key in new.jwks()["keys"])


def test_what_is_remembered_is_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.identity.tokens._REMEMBERED", 3)
    for _ in range(5):
        desk.tokens.verify(desk.token(), None)
    assert len(desk.tokens._known) == 3


@pytest.mark.parametrize(
    "make", [lambda: ec_key("c", "P-384"), lambda: rsa_key("small", 1024), lambda: _public(), lambda: _nameless()]
)
def test_weak_public_or_nameless_token_keys_are_refused(make: Any) -> None:
    with pytest.raises(Misconfigured):
        Tokens(ISSUER, make(), StillClock(), entropy)


def _public() -> Any:
    return type(ec_key("hub-1")).import_key(ec_key("hub-1").as_dict(private=False))


def _nameless() -> Any:
    return type(ec_key("hub-1")).generate_key("P-256", private=True)


def test_moments_are_microseconds(desk: Desk) -> None:
    assert check_assertion(desk.assertion(), desk.school, AUDIENCES, Micros(desk.clock.us + 999_999)).expires_us > desk.clock.us
