"""Keys of one's own: which are taken, and that a signature is over exactly what it says."""

from __future__ import annotations

import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from hub.errors import Malformed, Misconfigured, Refused
from hub.policies import signature
from hub.policies.signature import check, check_text, public_of, read_key, sign, thumbprint_of

ED, P256 = OKPKey.generate_key("Ed25519", private=True), ECKey.generate_key("P-256", private=True)
SAID = b'{"act":"signed","agreement":"a/1"}'


@pytest.mark.parametrize("key", [ED, P256], ids=["Ed25519", "P-256"])
@pytest.mark.parametrize("form", ["jwk", "pem"])
def test_a_key_is_read_as_jwk_or_pem(key: signature.Key, form: str) -> None:
    content = key.as_pem(private=True) if form == "pem" else public_of(key).encode()
    read = read_key(content, private=form == "pem")
    assert thumbprint_of(read) == thumbprint_of(key)
    assert len(thumbprint_of(key)) == 64
    assert '"d"' not in public_of(key)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[1]",
        b"{",
        b"-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----\n",
        RSAKey.generate_key(2048, private=True).as_pem(private=True),
        ECKey.generate_key("P-384", private=True).as_pem(private=True),
        OKPKey.generate_key("X25519", private=True).as_pem(private=True),
        b'{"kty":"oct","k":"AAAA"}',
        b'{"kty":"OKP"}',
        b"\xff\xfe",
    ],
)
def test_what_is_no_key_to_sign_with(content: bytes) -> None:
    with pytest.raises(Misconfigured, match="no key to sign with"):
        read_key(content, private=False)


def test_a_public_key_does_not_sign() -> None:
    with pytest.raises(Misconfigured, match="cannot sign"):
        read_key(public_of(ED).encode(), private=True)


@pytest.mark.parametrize("key", [ED, P256], ids=["Ed25519", "P-256"])
def test_a_signature_holds_for_its_key_and_its_statement_alone(key: signature.Key) -> None:
    proof = sign(key, SAID)
    check(proof, public_of(key), SAID)
    head, payload, mark = proof.split(".")
    other = OKPKey.generate_key("Ed25519", private=True)
    unsigned = "eyJhbGciOiJub25lIn0"
    for wrong, jwk, said in (
        (proof, public_of(key), SAID + b" "),
        (proof, public_of(other), SAID),
        (sign(other, SAID), public_of(key), SAID),
        (f"{head}.{payload}.", public_of(key), SAID),
        (f"{unsigned}.{payload}.{mark}", public_of(key), SAID),
        (f"{head}.{payload}.{mark[:-4]}AAAA", public_of(key), SAID),
        ("geen handtekening", public_of(key), SAID),
        ("", public_of(key), SAID),
        (proof + "A" * 9000, public_of(key), SAID),
    ):
        with pytest.raises(Refused, match="signature was refused"):
            check(wrong, jwk, said)


def test_a_shared_secret_signs_nothing() -> None:
    forged = jws.serialize_compact({"alg": "HS256"}, SAID, OctKey.import_key(public_of(ED).encode()), algorithms=["HS256"])
    with pytest.raises(Refused):
        check(forged, public_of(ED), SAID)


@pytest.mark.parametrize("text", ["", " " * 40, "kort", "x" * 20_001])
def test_a_text_that_says_nothing(text: str) -> None:
    with pytest.raises(Malformed):
        check_text(text)


def test_a_text_is_kept_without_the_white_space_around_it() -> None:
    assert check_text("  Een advies dat iets zegt.\n") == "Een advies dat iets zegt."
