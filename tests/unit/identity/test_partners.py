"""The register takes public signing keys of a good size and nothing else."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from hub.errors import Malformed
from hub.identity.partners import check_client_id, check_scopes, read_jwks
from tests.fakes.partner import ec_key, jwks, rsa_key


def _ec(**other: Any) -> dict[str, Any]:
    jwk = {**ec_key("one").as_dict(private=False), **other}
    return {name: value for name, value in jwk.items() if value is not None}


def _rsa(**other: Any) -> dict[str, Any]:
    return {**rsa_key("two").as_dict(private=False), **other}


def _codes(document: Any) -> set[tuple[str, str]]:
    with pytest.raises(Malformed) as caught:
        read_jwks(document)
    return {(fault.where, fault.code) for fault in caught.value.faults}


def test_public_keys_are_read_by_key_id() -> None:
    keys = read_jwks(jwks(ec_key("one"), rsa_key("two")))
    assert list(keys) == ["one", "two"]
    assert not any(key.is_private for key in keys.values())


def test_what_a_partner_may_add_to_a_key() -> None:
    assert read_jwks({"keys": [_ec(use="sig", alg="ES256", key_ops=["verify"], x5c=["MIIB"])]})["one"].alg == "ES256"


@pytest.mark.parametrize("document", [None, [], "keys", {}, {"keys": {}}, {"keys": [], "more": 1}, {"keys": None}, 7])
def test_what_is_no_key_set(document: Any) -> None:
    assert _codes(document) == {("keys", "NOT_A_JWK_SET")}


@pytest.mark.parametrize("count", [0, 11])
def test_too_few_and_too_many_keys(count: int) -> None:
    assert _codes({"keys": [_ec(kid=f"k{number}") for number in range(count)]}) == {("keys", "NUMBER_OF_KEYS")}


@pytest.mark.parametrize(
    ("jwk", "where", "code"),
    [
        ("key", "", "NOT_A_KEY"),
        (ec_key("one").as_dict(private=True), "", "PRIVATE_KEY"),
        (rsa_key("two").as_dict(private=True), "", "PRIVATE_KEY"),
        ({"kty": "oct", "k": "c2VjcmV0", "kid": "s"}, "", "PRIVATE_KEY"),
        ({"kty": "oct", "kid": "s"}, ".kty", "KEY_TYPE"),
        ({"kty": "OKP", "kid": "s", "crv": "Ed25519", "x": "AA"}, ".kty", "KEY_TYPE"),
        ({"kty": ["RSA"], "kid": "s"}, ".kty", "KEY_TYPE"),
        (_ec(kid=None), ".kid", "KID"),
        (_ec(kid=""), ".kid", "KID"),
        (_ec(kid="a b"), ".kid", "KID"),
        (_ec(kid=7), ".kid", "KID"),
        (_ec(kid="k" * 129), ".kid", "KID"),
        (_ec(use="enc"), ".use", "NOT_FOR_SIGNING"),
        (_ec(key_ops=["sign"]), ".key_ops", "NOT_FOR_SIGNING"),
        (_ec(alg="RS256"), ".alg", "ALGORITHM"),
        (_ec(alg="HS256"), ".alg", "ALGORITHM"),
        (_rsa(alg="none"), ".alg", "ALGORITHM"),
        (_rsa(alg=["PS256"]), ".alg", "ALGORITHM"),
        (_ec(x5u="https://elders.example/sleutel"), "", "UNKNOWN_MEMBER"),
        (_ec(n="AQAB"), "", "UNKNOWN_MEMBER"),
        (_ec(crv="P-384"), ".crv", "CURVE"),
        (_ec(x=None), ".x", "KEY_SIZE"),
        (_ec(y="AQ"), "", "NOT_A_KEY"),
        (_rsa(e="Aw"), ".e", "KEY_EXPONENT"),
        (_rsa(e="AQAC"), ".e", "KEY_EXPONENT"),
        (_rsa(n="AQAB"), ".n", "KEY_SIZE"),
        (_rsa(n="a+b/"), ".n", "KEY_SIZE"),
        (_rsa(n=5), ".n", "KEY_SIZE"),
        (rsa_key("small", 1024).as_dict(private=False), ".n", "KEY_SIZE"),
    ],
)
def test_keys_that_are_refused(jwk: Any, where: str, code: str) -> None:
    assert (f"keys[0]{where}", code) in _codes({"keys": [jwk]})


def test_all_faults_are_told_together_and_a_key_id_is_used_once() -> None:
    twice = copy.deepcopy(_ec())
    assert _codes({"keys": [_ec(), twice, _ec(kid="k", use="enc", crv="P-521")]}) == {
        ("keys[1].kid", "KID_TWICE"),
        ("keys[2].use", "NOT_FOR_SIGNING"),
        ("keys[2].crv", "CURVE"),
    }


def test_a_refusal_repeats_nothing_of_the_key() -> None:
    private = ec_key("one").as_dict(private=True)
    with pytest.raises(Malformed) as caught:
        read_jwks({"keys": [private]})
    assert str(private["d"]) not in f"{caught.value!r} {caught.value} {caught.value.faults}"


@pytest.mark.parametrize("text", ["ab", "", "x" * 129, "a b c", "a\nbc", "-abc", "abc.", "a/b/c", "äbc"])
def test_client_ids_that_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        check_client_id(text)


def test_client_ids_and_scopes_that_pass() -> None:
    assert check_client_id("00000001234567890000:las") == "00000001234567890000:las"
    assert check_scopes(["bezorgingen:ophalen"]) == {"bezorgingen:ophalen"}


@pytest.mark.parametrize("scopes", [[], ["alles"], ["bezorgingen:ophalen", ""]])
def test_scopes_that_are_refused(scopes: list[str]) -> None:
    with pytest.raises(Malformed):
        check_scopes(scopes)
