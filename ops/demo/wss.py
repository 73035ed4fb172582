"""WS-Security by hand, for simulators: a signature with an X.509 certificate over the parts of a SOAP message.

Only `lxml` and `cryptography`: what two programs that share a library agree on may still be wrong.
"""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from lxml import etree

DS = "http://www.w3.org/2000/09/xmldsig#"
WSA = "http://www.w3.org/2005/08/addressing"
_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
WSU = f"{_WSS}-wssecurity-utility-1.0.xsd"
WSSE = f"{_WSS}-wssecurity-secext-1.0.xsd"
_TOKEN = f"{_WSS}-x509-token-profile-1.0#X509v3"
_BASE64 = f"{_WSS}-soap-message-security-1.0#Base64Binary"
_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


def sign(envelope: Any, certificate: bytes, key: bytes) -> None:
    """Signs body, addressing and a timestamp of now with an RSA key (PEM)."""
    soap = etree.QName(envelope).namespace
    header, body = envelope.find(f"{{{soap}}}Header"), envelope.find(f"{{{soap}}}Body")
    security = etree.SubElement(header, f"{{{WSSE}}}Security", nsmap={"wsse": WSSE, "wsu": WSU})
    token = etree.SubElement(security, f"{{{WSSE}}}BinarySecurityToken", ValueType=_TOKEN, EncodingType=_BASE64)
    shown = x509.load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)
    token.text = b64encode(shown).decode()
    timestamp, now = etree.SubElement(security, f"{{{WSU}}}Timestamp"), datetime.now(UTC)
    for name, moment in (("Created", now), ("Expires", now + timedelta(minutes=5))):
        etree.SubElement(timestamp, f"{{{WSU}}}{name}").text = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = [body, timestamp, *(each for each in header if etree.QName(each).namespace == WSA)]
    for each in (token, *parts):
        each.set(f"{{{WSU}}}Id", f"x{secrets.token_hex(8)}")
    signature = etree.SubElement(security, f"{{{DS}}}Signature", nsmap={None: DS})
    info = etree.SubElement(signature, f"{{{DS}}}SignedInfo")
    etree.SubElement(info, f"{{{DS}}}CanonicalizationMethod", Algorithm=_C14N)
    etree.SubElement(info, f"{{{DS}}}SignatureMethod", Algorithm=_RSA)
    for each in parts:
        reference = etree.SubElement(info, f"{{{DS}}}Reference", URI=f"#{each.get(f'{{{WSU}}}Id')}")
        transforms = etree.SubElement(reference, f"{{{DS}}}Transforms")
        etree.SubElement(transforms, f"{{{DS}}}Transform", Algorithm=_C14N)
        etree.SubElement(reference, f"{{{DS}}}DigestMethod", Algorithm=_SHA256)
        etree.SubElement(reference, f"{{{DS}}}DigestValue").text = _digest(each)
    secret: Any = serialization.load_pem_private_key(key, None)
    value = secret.sign(_canonical(info), PKCS1v15(), hashes.SHA256())
    etree.SubElement(signature, f"{{{DS}}}SignatureValue").text = b64encode(value).decode()
    told = etree.SubElement(etree.SubElement(signature, f"{{{DS}}}KeyInfo"), f"{{{WSSE}}}SecurityTokenReference")
    etree.SubElement(told, f"{{{WSSE}}}Reference", URI=f"#{token.get(f'{{{WSU}}}Id')}", ValueType=_TOKEN)


def signed_by(envelope: Any, certificate: bytes) -> bool:
    """Whether the holder of this certificate (PEM, RSA) signed body and addressing of a message."""
    soap = etree.QName(envelope).namespace
    info = envelope.find(f".//{{{DS}}}SignedInfo")
    value = envelope.findtext(f".//{{{DS}}}SignatureValue")
    if info is None or value is None:
        return False
    ids = {each.get(f"{{{WSU}}}Id"): each for each in envelope.iter() if each.get(f"{{{WSU}}}Id")}
    signed = []
    for reference in info.iterfind(f"{{{DS}}}Reference"):
        part = ids.get((reference.get("URI") or "")[1:])
        if part is None or "".join((reference.findtext(f"{{{DS}}}DigestValue") or "").split()) != _digest(part):
            return False
        signed.append(part)
    header = envelope.find(f"{{{soap}}}Header")
    needed = [envelope.find(f"{{{soap}}}Body"), *(each for each in header if etree.QName(each).namespace == WSA)]
    public: Any = x509.load_pem_x509_certificate(certificate).public_key()
    try:
        public.verify(b64decode(value), _canonical(info), PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return all(each in signed for each in needed)


def _digest(part: Any) -> str:
    return b64encode(sha256(_canonical(part)).digest()).decode()


def _canonical(part: Any) -> bytes:
    return etree.tostring(part, method="c14n", exclusive=True, with_comments=False)
