"""WS-Security with X.509 (OASIS WSS 1.0 and its X.509 token profile), as Digikoppeling and Edukoppeling WUS use it.

What goes out is signed over body, timestamp and addressing. What comes in counts only where the pinned certificate signed the
very body that is read, the timestamp and the addressing, by methods that hold, within its time: what else an answer says of its
signer is not looked at.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSA: Final = "http://www.w3.org/2005/08/addressing"
LIFE: Final = timedelta(minutes=5)
"""How long a message is good for, and how far two clocks may differ."""

_X509: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
_BASE64: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
_C14N: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_DIGESTS: Final = frozenset(f"http://www.w3.org/2001/04/xmlenc#sha{bits}" for bits in (256, 512))
_METHODS: Final = frozenset(
    f"http://www.w3.org/2001/04/xmldsig-more#{kind}-sha{bits}" for kind in ("rsa", "ecdsa") for bits in (256, 384, 512)
)
_LEAST_BITS: Final = 2048


class Unsigned(Exception):
    """An answer is not what the pinned certificate signed just now."""


class Signer:
    """Signs with one key, and shows its certificate. Raises ValueError where they are no pair, or too weak."""

    def __init__(self, certificate: bytes, key: bytes) -> None:
        shown = x509.load_pem_x509_certificate(certificate)
        secret: Any = serialization.load_pem_private_key(key, password=None)
        if shown.public_key() != secret.public_key():
            raise ValueError("the key is not that of the certificate")
        self._method = _method_of(secret.public_key())
        self._key = xmlsec.Key.from_memory(key, xmlsec.constants.KeyDataFormatPem)
        self._token = b64encode(shown.public_bytes(serialization.Encoding.DER)).decode()

    def sign(self, envelope: Any, now: datetime) -> None:
        """Puts the security header into the envelope, over its body, its addressing and a timestamp of `now`."""
        soap = etree.QName(envelope).namespace
        header, body = envelope.find(f"{{{soap}}}Header"), envelope.find(f"{{{soap}}}Body")
        if header is None:
            header = etree.Element(f"{{{soap}}}Header")
            envelope.insert(0, header)
        security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
        security.set(f"{{{soap}}}mustUnderstand", "1")
        token = etree.SubElement(security, f"{{{WSSE}}}BinarySecurityToken", ValueType=_X509, EncodingType=_BASE64)
        token.text = self._token
        timestamp = etree.SubElement(security, f"{{{WSU}}}Timestamp")
        for name, moment in (("Created", now), ("Expires", now + LIFE)):
            etree.SubElement(timestamp, f"{{{WSU}}}{name}").text = (
                moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
            )
        signature = xmlsec.template.create(envelope, xmlsec.constants.TransformExclC14N, self._method, ns="ds")
        security.append(signature)
        context = xmlsec.SignatureContext()
        context.key = self._key
        for part in (body, timestamp, *(each for each in header if etree.QName(each).namespace == WSA)):
            _named(part)
            context.register_id(part, "Id", WSU)
            reference = xmlsec.template.add_reference(
                signature, xmlsec.constants.TransformSha256, uri=f"#{part.get(f'{{{WSU}}}Id')}"
            )
            xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
        told = etree.SubElement(xmlsec.template.ensure_key_info(signature), f"{{{WSSE}}}SecurityTokenReference")
        etree.SubElement(told, f"{{{WSSE}}}Reference", URI=f"#{_named(token)}", ValueType=_X509)
        context.sign(signature)


class Verifier:
    """Believes what a pinned certificate signed: more than one while they change. Raises ValueError on none or a weak one."""

    def __init__(self, certificates: bytes) -> None:
        self._pinned = [
            (each, xmlsec.Key.from_memory(_public(each), xmlsec.constants.KeyDataFormatPem))
            for each in x509.load_pem_x509_certificates(certificates)
        ]
        for each, _ in self._pinned:
            _method_of(each.public_key())

    def verify(self, envelope: Any, now: datetime) -> None:
        """Raises Unsigned unless body, timestamp and addressing are signed, by who should, now."""
        soap = etree.QName(envelope).namespace
        body = _only(envelope, f"{{{soap}}}Body")
        header = _only(envelope, f"{{{soap}}}Header")
        security = _only(header, f"{{{WSSE}}}Security")
        timestamp, signature = _only(security, f"{{{WSU}}}Timestamp"), _only(security, f"{{{DS}}}Signature")
        signed = _signed(envelope, signature)
        needed = (
            body,
            timestamp,
            *(each for each in header if isinstance(each.tag, str) and etree.QName(each).namespace == WSA),
        )
        if any(part not in signed for part in needed):
            raise Unsigned("a part that counts is not signed")
        _in_time(timestamp, now)
        for certificate, key in self._pinned:
            if certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc and _holds(signature, signed, key):
                return
        raise Unsigned("no pinned certificate signed it")


def _holds(signature: Any, signed: Sequence[Any], key: Any) -> bool:
    context = xmlsec.SignatureContext()
    for part in signed:
        context.register_id(part, "Id", WSU)
    context.key = key
    try:
        context.verify(signature)
    except (xmlsec.Error, xmlsec.VerificationError):
        return False
    return True


def _signed(envelope: Any, signature: Any) -> list[Any]:
    """The elements that the signature names, each the only one of its id, by methods that hold and change nothing."""
    info = _only(signature, f"{{{DS}}}SignedInfo")
    chosen = (
        _only(info, f"{{{DS}}}CanonicalizationMethod").get("Algorithm"),
        _only(info, f"{{{DS}}}SignatureMethod").get("Algorithm"),
    )
    if chosen[0] != _C14N or chosen[1] not in _METHODS:
        raise Unsigned("its method is not agreed")
    # Whatever could pass for an id counts, so that none can be in two places.
    ids = Counter(
        value
        for element in envelope.iter()
        for name, value in element.attrib.items()
        if name.rpartition("}")[2].lower() == "id"
    )
    by_id = {element.get(f"{{{WSU}}}Id"): element for element in envelope.iter() if isinstance(element.tag, str)}
    signed: list[Any] = []
    for reference in info.findall(f"{{{DS}}}Reference"):
        name = (reference.get("URI") or "").removeprefix("#")
        transforms = [each.get("Algorithm") for each in reference.iter(f"{{{DS}}}Transform")]
        digest = _only(reference, f"{{{DS}}}DigestMethod").get("Algorithm")
        if not name or ids[name] != 1 or name not in by_id or transforms != [_C14N] or digest not in _DIGESTS:
            raise Unsigned("a reference is not as agreed")
        signed.append(by_id[name])
    return signed


def _in_time(timestamp: Any, now: datetime) -> None:
    created, expires = _moment(timestamp, "Created"), _moment(timestamp, "Expires")
    if created is None or created > now + LIFE:
        raise Unsigned("it was made in the future, or it does not say when")
    if now > (expires if expires is not None else created + LIFE) + LIFE:
        raise Unsigned("its time is over")


def _moment(timestamp: Any, name: str) -> datetime | None:
    found = timestamp.findall(f"{{{WSU}}}{name}")
    if not found:
        return None
    try:
        moment = datetime.fromisoformat((found[0].text or "").strip())
    except ValueError:
        moment = None
    if len(found) != 1 or moment is None or moment.tzinfo is None:
        raise Unsigned("its time is not written well")
    return moment


def _only(parent: Any, tag: str) -> Any:
    found = parent.findall(tag)
    if len(found) != 1:
        raise Unsigned("a part is missing, or there twice")
    return found[0]


def _named(part: Any) -> str:
    name = f"id-{secrets.token_hex(8)}"
    part.set(f"{{{WSU}}}Id", name)
    return name


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _method_of(key: Any) -> Any:
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_BITS:
        return xmlsec.constants.TransformRsaSha256
    if isinstance(key, ec.EllipticCurvePublicKey) and key.key_size >= 256:
        return xmlsec.constants.TransformEcdsaSha256
    raise ValueError("neither RSA of 2048 bits nor elliptic of 256")
