"""Cryptographic Message Syntax, as far as mail to the hub needs it: RFC 5652, 5083, 8017, 8551.

Opened is what is encrypted for the hub's own RSA key, with AES in CBC or GCM mode. Believed is what one of the certificates
signed that were agreed upon beforehand, over its digest and never bare; no chain of issuers stands in for that. The primitives
are those of `cryptography`; here they are only put together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from hmac import compare_digest
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric import padding as asymmetric
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from hub.errors import Fault, Malformed
from hub.receive.mail.ber import OCTETS, SEQUENCE, SET, Node, expect, garbled, integer_of, octets_of, oid, oid_of, parse

_DATA, _SIGNED, _ENVELOPED = (oid(f"1.2.840.113549.1.7.{number}") for number in (1, 2, 3))
_AUTH_ENVELOPED: Final = oid("1.2.840.113549.1.9.16.1.23")
_CONTENT_TYPE, _MESSAGE_DIGEST = oid("1.2.840.113549.1.9.3"), oid("1.2.840.113549.1.9.4")
_RSA, _OAEP, _MGF1, _PSS = (oid(f"1.2.840.113549.1.1.{number}") for number in (1, 7, 8, 10))
_CBC: Final = {oid(f"2.16.840.1.101.3.4.1.{number}"): size for number, size in ((2, 16), (22, 24), (42, 32))}
_GCM: Final = {oid(f"2.16.840.1.101.3.4.1.{number}"): size for number, size in ((6, 16), (26, 24), (46, 32))}
_HASHES: Final[Mapping[bytes, hashes.HashAlgorithm]] = {
    oid("2.16.840.1.101.3.4.2.1"): hashes.SHA256(),
    oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_OAEP_HASHES: Final = {**_HASHES, oid("1.3.14.3.2.26"): hashes.SHA1()}  # noqa: S303 - OAEP needs no more of it; never signs
_RSA_WITH: Final = {
    oid(f"1.2.840.113549.1.1.{number}"): name for number, name in ((11, "sha256"), (12, "sha384"), (13, "sha512"))
}
_EC_WITH: Final = {oid(f"1.2.840.10045.4.3.{number}"): name for number, name in ((2, "sha256"), (3, "sha384"), (4, "sha512"))}
_MOST_RECIPIENTS: Final = 50
_MOST_SIGNERS: Final = 5
_LEAST_BITS: Final = 2048


class Unsafe(Malformed):
    """A message that cannot be opened or believed; `code` is for the hub's own log, for who sends is told one thing alone."""

    def __init__(self, code: str) -> None:
        super().__init__(
            "The message was refused.",
            "It is not both signed by the agreed sender and encrypted for this connector.",
            "Sign it, then encrypt it, and send it again.",
            faults=(Fault("bericht", code),),
        )


def open_enveloped(data: bytes, key: rsa.RSAPrivateKey, certificate: x509.Certificate, spare: bytes) -> bytes:
    """What is in an enveloped message for this certificate. `spare` is 32 random bytes, in place of a key that does not open.

    A wrong key is found out only by what it opens, so that nobody learns from the hub which it was (RFC 3218). Raises
    errors.Malformed.
    """
    kind, message = _content_info(data)
    if kind not in (_ENVELOPED, _AUTH_ENVELOPED):
        raise Unsafe("NIET_VERSLEUTELD")
    parts = list(expect(message, SEQUENCE, 3))[1:]
    if parts[0].tag == 0xA0:
        del parts[0]
    recipients, content = expect(parts[0], SET), expect(parts[1], SEQUENCE, 3)
    for one in recipients[:_MOST_RECIPIENTS]:
        if one.tag == SEQUENCE and len(one.parts) == 4 and _names(one.parts[1], certificate):
            algorithm, (_, parameters) = one.parts[2], _algorithm(content[1])
            size = _CBC.get(kind_of := _algorithm(content[1])[0]) or _GCM.get(kind_of)
            if size is None or parameters is None:
                raise Unsafe("NIET_TE_OPENEN")
            secret = _content_key(key, algorithm, octets_of(one.parts[3]))
            secret = secret if secret is not None and len(secret) == size else spare[:size]
            sealed = octets_of(content[2], 0x80)
            if kind_of in _GCM and kind == _AUTH_ENVELOPED:
                return _open_gcm(secret, parameters, sealed, parts[2:])
            if kind_of in _CBC and kind == _ENVELOPED:
                return _open_cbc(secret, parameters, sealed)
            raise Unsafe("NIET_TE_OPENEN")
    raise Unsafe("ANDER_CERTIFICAAT")


def _content_key(key: rsa.RSAPrivateKey, algorithm: Node, sealed: bytes) -> bytes | None:
    kind, parameters = _algorithm(algorithm)
    try:
        if kind == _RSA:
            return key.decrypt(sealed, asymmetric.PKCS1v15())
        if kind == _OAEP:
            return key.decrypt(sealed, _oaep(parameters))
    except ValueError:
        return None
    raise Unsafe("NIET_TE_OPENEN")


def _oaep(parameters: Node | None) -> asymmetric.OAEP:
    """RFC 8017, A.2.1; SHA-1 where nothing is said."""
    digest: hashes.HashAlgorithm = hashes.SHA1()  # noqa: S303 - the default that the standard names
    mask: hashes.HashAlgorithm = digest
    for part in parameters.parts if parameters is not None else ():
        if part.tag == 0xA0:
            digest = _hash(_algorithm(part.parts[0])[0], _OAEP_HASHES) if part.parts else digest
        elif part.tag == 0xA1 and part.parts:
            kind, inner = _algorithm(part.parts[0])
            if kind != _MGF1 or inner is None:
                raise Unsafe("NIET_TE_OPENEN")
            mask = _hash(_algorithm(inner)[0], _OAEP_HASHES)
        else:
            raise Unsafe("NIET_TE_OPENEN")
    return asymmetric.OAEP(asymmetric.MGF1(mask), digest, None)


def _open_cbc(secret: bytes, vector: Node, sealed: bytes) -> bytes:
    try:
        opening = Cipher(algorithms.AES(secret), modes.CBC(octets_of(vector))).decryptor()
        unpadding = padding.PKCS7(128).unpadder()
        return unpadding.update(opening.update(sealed) + opening.finalize()) + unpadding.finalize()
    except ValueError:
        raise Unsafe("NIET_TE_OPENEN") from None


def _open_gcm(secret: bytes, parameters: Node, sealed: bytes, rest: Sequence[Node]) -> bytes:
    """RFC 5084; the whole tag of 16 bytes or at least 12 of it, which is the default."""
    nonce = octets_of(expect(parameters, SEQUENCE, 1)[0])
    size = integer_of(parameters.parts[1]) if len(parameters.parts) > 1 else 12
    extra = [part for part in rest if part.tag == 0xA1]
    tags = [part for part in rest if part.tag == OCTETS]
    if len(tags) != 1 or not 12 <= size <= 16 or len(tags[0].body) != size:
        raise Unsafe("NIET_TE_OPENEN")
    try:
        opening = Cipher(algorithms.AES(secret), modes.GCM(nonce, bytes(tags[0].body), min_tag_length=12)).decryptor()
        if extra:
            opening.authenticate_additional_data(b"\x31" + bytes(extra[0].raw[1:]))
        return opening.update(sealed) + opening.finalize()
    except (ValueError, InvalidTag):
        raise Unsafe("NIET_TE_OPENEN") from None


def verify_signed(data: bytes, detached: Sequence[bytes], pinned: Sequence[x509.Certificate], now: datetime) -> bytes:
    """What a pinned certificate signed: the content in it, or that of `detached` which fits. Raises errors.Malformed."""
    kind, message = _content_info(data)
    if kind != _SIGNED:
        raise Unsafe("NIET_ONDERTEKEND")
    parts = expect(message, SEQUENCE, 4)
    inner = expect(parts[2], SEQUENCE, 1)
    contents = list(detached)
    if len(inner) > 1:
        if detached or len(inner[1].parts) != 1:
            raise Unsafe("NIET_ONDERTEKEND")
        contents = [octets_of(inner[1].parts[0])]
    if oid_of(inner[0]) != _DATA:
        raise Unsafe("NIET_ONDERTEKEND")
    for signer in expect(parts[-1], SET)[:_MOST_SIGNERS]:
        for certificate in pinned:
            if _names(expect(signer, SEQUENCE, 5)[1], certificate):
                if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
                    raise Unsafe("CERTIFICAAT_VERLOPEN")
                return _signed_by(signer, certificate, contents)
    raise Unsafe("ONDERTEKENAAR_ONBEKEND")


def _signed_by(signer: Node, certificate: x509.Certificate, contents: Sequence[bytes]) -> bytes:
    digest = _hash(_algorithm(signer.parts[2])[0], _HASHES)
    attributes, algorithm, signature = signer.parts[3], signer.parts[4], signer.parts[5:6]
    if attributes.tag != 0xA0 or attributes.raw[1] == 0x80 or not signature:
        raise Unsafe("NIET_ONDERTEKEND")  # bare signatures, and attributes that are not in DER
    said = _attributes(attributes)
    if said.get(_CONTENT_TYPE) is None or oid_of(said[_CONTENT_TYPE]) != _DATA or _MESSAGE_DIGEST not in said:
        raise Unsafe("NIET_ONDERTEKEND")
    try:
        _check(certificate, algorithm, digest, octets_of(signature[0]), b"\x31" + bytes(attributes.raw[1:]))
    except (InvalidSignature, ValueError):
        raise Unsafe("HANDTEKENING_ONGELDIG") from None
    wanted = octets_of(said[_MESSAGE_DIGEST])
    for content in contents:
        made = hashes.Hash(digest)
        made.update(content)
        if compare_digest(made.finalize(), wanted):
            return content
    raise Unsafe("HANDTEKENING_ONGELDIG")


def _attributes(node: Node) -> dict[bytes, Node]:
    """The signed attributes, each with its one value. Raises errors.Malformed where one is there twice."""
    found: dict[bytes, Node] = {}
    for one in node.parts:
        name, values = expect(one, SEQUENCE, 2)[:2]
        kind = oid_of(name)
        if kind in found or (kind in (_CONTENT_TYPE, _MESSAGE_DIGEST) and len(expect(values, SET)) != 1):
            raise garbled()
        if values.parts:
            found[kind] = values.parts[0]
    return found


def _check(
    certificate: x509.Certificate, algorithm: Node, digest: hashes.HashAlgorithm, signature: bytes, signed: bytes
) -> None:
    """Raises InvalidSignature, or errors.Malformed for a way of signing that is not believed."""
    kind, parameters = _algorithm(algorithm)
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_BITS:
        if kind == _RSA or _RSA_WITH.get(kind) == digest.name:
            key.verify(signature, signed, asymmetric.PKCS1v15(), digest)
            return
        if kind == _PSS and parameters is not None and _pss_digest(parameters) == digest.name:
            key.verify(signature, signed, asymmetric.PSS(asymmetric.MGF1(digest), asymmetric.PSS.AUTO), digest)
            return
    if isinstance(key, ec.EllipticCurvePublicKey) and _EC_WITH.get(kind) == digest.name:
        key.verify(signature, signed, ec.ECDSA(digest))
        return
    raise Unsafe("HANDTEKENING_ONBEKEND")


def _pss_digest(parameters: Node) -> str | None:
    """The digest of RSASSA-PSS (RFC 8017, A.2.3), where its mask is made with the same."""
    said = {part.tag: part.parts[0] for part in parameters.parts if part.parts}
    if 0xA0 not in said or 0xA1 not in said:
        return None
    kind, inner = _algorithm(said[0xA1])
    if kind != _MGF1 or inner is None or _algorithm(inner)[0] != _algorithm(said[0xA0])[0]:
        return None
    found = _HASHES.get(_algorithm(said[0xA0])[0])
    return None if found is None else found.name


def _content_info(data: bytes) -> tuple[bytes, Node]:
    parts = expect(parse(data), SEQUENCE, 2)
    return oid_of(parts[0]), expect(parts[1], 0xA0, 1)[0]


def _algorithm(node: Node) -> tuple[bytes, Node | None]:
    parts = expect(node, SEQUENCE, 1)
    return oid_of(parts[0]), parts[1] if len(parts) > 1 else None


def _hash(kind: bytes, known: Mapping[bytes, hashes.HashAlgorithm]) -> hashes.HashAlgorithm:
    if kind not in known:
        raise Unsafe("HANDTEKENING_ONBEKEND")
    return known[kind]


def _names(who: Node, certificate: x509.Certificate) -> bool:
    """Whether this is how a certificate is called: by its issuer and number, or by the identifier of its key."""
    if who.tag == SEQUENCE and len(who.parts) == 2:
        return (
            bytes(who.parts[0].raw) == certificate.issuer.public_bytes()
            and integer_of(who.parts[1]) == certificate.serial_number
        )
    if who.tag != 0x80:
        return False
    try:
        held = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except (x509.ExtensionNotFound, ValueError):
        return False
    return bytes(who.body) == held
