"""One mail: opened, believed, and the agreed files in it taken out. Pure; nothing else of it is kept or told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.connector.manifest import FormatName
from hub.errors import Fault, Malformed
from hub.receive.inbox.brought import MEDIA_TYPES, Brought
from hub.receive.mail.cms import Unsafe, open_enveloped, verify_signed
from hub.receive.mail.mime import MOST_DEPTH, MOST_PARTS, Entity, decoded, entity, parts, tangled
from hub.transports.brought import mail_key, sender_certificates

_SEALED: Final = ("application/pkcs7-mime", "application/x-pkcs7-mime")
_SIGNATURE: Final = ("application/pkcs7-signature", "application/x-pkcs7-signature")
_LINE: Final = re.compile(rb"\r?\n")
_NAMED: Final[Mapping[FormatName, str]] = MappingProxyType(
    {"csv": ".csv", "xml": ".xml", "json": ".json", "xlsx": ".xlsx", "own": ""}
)
"""Mail programs call a file what they like; then its name says what it is."""
_ANYTHING: Final = ("application/octet-stream", "application/vnd.ms-excel", "text/plain", "text/comma-separated-values")
_ARCHIVES: Final = (".zip", ".7z", ".rar", ".gz", ".tgz")
_BESIDE: Final = ("text/plain", "text/html", "text/enriched")
"""What is written to go with a file; it is not read."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Who may write to an instance, and what opens it."""

    key: rsa.RSAPrivateKey = field(repr=False)
    certificate: x509.Certificate
    senders: tuple[x509.Certificate, ...]


def keys_of(brought: Brought) -> Keys:
    """The keys of an instance. Raises hub.connector.SourceBarred where one is missing or is none."""
    return Keys(*mail_key(brought.secrets), sender_certificates(brought.secrets))


def open_letter(mail: bytes, keys: Keys, form: FormatName, now: datetime, spare: bytes) -> list[bytes]:
    """The files of this format in a mail that is encrypted for the instance and, inside, signed by its sender.

    `spare` is 32 random bytes. Raises errors.Malformed, its one fault with a code of `hub.receive.mail.listener.ANSWERS`.
    """
    outer = entity(mail)
    if outer.kind not in _SEALED or outer.sort not in ("", "enveloped-data", "authenveloped-data"):
        raise Unsafe("NIET_VERSLEUTELD")
    try:
        inner = entity(open_enveloped(decoded(outer), keys.key, keys.certificate, spare))
        signed = _signed(inner, keys, now)
    except Unsafe:
        raise
    except Malformed:  # what is no message was opened with another key
        raise Unsafe("NIET_TE_OPENEN") from None
    found = [decoded(one) for one in _files(signed, form)]
    if not found or not all(found):
        raise refused("GEEN_BESTAND")
    return found


def refused(code: str) -> Malformed:
    """A mail that is its sender's, and holds something else than the agreed file."""
    return Malformed(
        "The message was refused.", "It does not hold the agreed file and nothing else.", faults=(Fault("bijlage", code),)
    )


def _signed(inner: Entity, keys: Keys, now: datetime) -> bytes:
    """The bytes that the sender signed, and none beside them."""
    if inner.kind in _SEALED:
        return verify_signed(decoded(inner), (), keys.senders, now)
    if inner.kind != "multipart/signed":
        raise Unsafe("NIET_ONDERTEKEND")
    content, *signatures = parts(inner)
    signature = entity(signatures[0]) if len(signatures) == 1 else None
    if signature is None or signature.kind not in _SIGNATURE:
        raise Unsafe("NIET_ONDERTEKEND")
    # Signed is text with the line ends of mail (RFC 8551, 3.1.1), which a program on the way may have changed.
    return verify_signed(decoded(signature), (content, _LINE.sub(b"\r\n", content)), keys.senders, now)


def _files(raw: bytes, form: FormatName) -> list[Entity]:
    leaves = list(_leaves(raw, 0, [MOST_PARTS]))
    return [one for one in leaves if _is_taken(one, form)]


def _leaves(raw: bytes, depth: int, left: list[int]) -> Iterator[Entity]:
    left[0] -= 1
    if depth > MOST_DEPTH or left[0] < 0:
        raise tangled("DELEN_TE_VEEL")
    one = entity(raw)
    if not one.kind.startswith("multipart/"):
        yield one
        return
    for part in parts(one):
        yield from _leaves(part, depth + 1, left)


def _is_taken(one: Entity, form: FormatName) -> bool:
    """Whether a part is the agreed file, or goes with it. Raises errors.Malformed for anything else."""
    named = bool(_NAMED[form]) and one.name.endswith(_NAMED[form])
    if one.kind in MEDIA_TYPES[form] or (one.kind in _ANYTHING and named):
        return True
    if one.name.endswith(_ARCHIVES) or "zip" in one.kind:
        raise refused("BESTAND_INGEPAKT")
    if not one.attached and (one.kind in _BESIDE or one.kind.startswith("image/")):
        return False
    raise refused("BESTAND_ANDERE_SOORT")
