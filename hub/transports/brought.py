"""What is brought to the hub: by webhook, by mail, or by hand. The hub goes nowhere; it says what it must be told.

Webhooks are signed as Standard Webhooks say (`whsec_` and base64 of 24 to 64 bytes), mail as S/MIME says (RFC 8551).
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hub.connector import Credential, Endpoint, Option, SourceBarred, Transport, Trouble

_YES_NO: Final = "(yes|no)"
_ORIGIN: Final = r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?(:[0-9]{1,5})?"
_SECRET: Final = re.compile(r"whsec_([A-Za-z0-9+/]{32,88}={0,2})", re.ASCII)
_SECRETS: Final = ("webhook_secret", "webhook_secret_next")
_LEAST_BITS: Final = 2048


def webhook_secrets(credentials: Mapping[str, bytes]) -> tuple[bytes, ...]:
    """The keys that may sign: the one in use, and the next while they are changed. Raises SourceBarred where one is no key."""
    return tuple(_secret(credentials[name]) for name in _SECRETS if name in credentials)


def _secret(text: bytes) -> bytes:
    found = _SECRET.fullmatch(text.decode("ascii", "replace").strip())
    try:
        key = b64decode(found[1], validate=True) if found else b""
    except ValueError:
        key = b""
    if not 24 <= len(key) <= 64:
        raise _unusable("The webhook secret", "It is not whsec_ and base64 of 24 to 64 bytes (Standard Webhooks).")
    return key


def mail_key(credentials: Mapping[str, bytes]) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """The key that opens mail, and its certificate. Raises SourceBarred where they are missing or do not belong together."""
    try:
        key = load_pem_private_key(credentials["smime_key"], None)
        certificate = x509.load_pem_x509_certificate(credentials["smime_certificate"])
    except (KeyError, ValueError, TypeError):
        key, certificate = None, None
    if not isinstance(key, rsa.RSAPrivateKey) or certificate is None or key.key_size < _LEAST_BITS:
        raise _unusable(
            "The key that opens mail",
            f"It and its certificate are not PEM without passphrase, RSA of {_LEAST_BITS} bits or more.",
        )
    if certificate.public_key() != key.public_key():
        raise _unusable("The key that opens mail", "Its certificate belongs to another key.")
    return key, certificate


def sender_certificates(credentials: Mapping[str, bytes]) -> tuple[x509.Certificate, ...]:
    """Who may sign. Raises SourceBarred where none is there."""
    try:
        found = x509.load_pem_x509_certificates(credentials["sender_certificates"])
    except (KeyError, ValueError):
        found = []
    if not found:
        raise _unusable("The certificates of the sender", "They are missing, or not PEM.")
    return tuple(found)


def _unusable(what: str, why: str) -> SourceBarred:
    return SourceBarred(
        Trouble.misconfigured, f"{what} cannot be used.", why, "Give it anew in the settings of this connector."
    )


async def probe_webhook(endpoint: Endpoint) -> None:
    """Looks whether the secrets can sign; without one, partners show a token. Raises SourceBarred."""
    webhook_secrets(endpoint.credentials)


async def probe_mail(endpoint: Endpoint) -> None:
    """Looks whether mail can be opened and its sender known. Raises SourceBarred."""
    mail_key(endpoint.credentials)
    sender_certificates(endpoint.credentials)


async def probe_upload(_endpoint: Endpoint) -> None:
    """There is nothing that could be missing."""


WEBHOOK: Final = Transport(
    options=(
        Option(
            name="cloudevents",
            title="Whether messages come as CloudEvents (1.0, binary or structured)",
            default="no",
            pattern=_YES_NO,
        ),
        Option(
            name="origin",
            title="Who may ask, as CloudEvents prescribe, whether it may send here: a host name",
            example="events.school.example",
            pattern=_ORIGIN,
        ),
    ),
    credentials=(
        Credential(name="webhook_secret", title="Secret that signs (Standard Webhooks); or else a token", kind="secret"),
        Credential(name="webhook_secret_next", title="The next secret, while they are changed", kind="secret"),
    ),
    probe=probe_webhook,
)
MAIL: Final = Transport(
    options=(),
    credentials=(
        Credential(name="smime_key", title="Key that opens mail to this connector", kind="private_key", required=True),
        Credential(name="smime_certificate", title="Its certificate, as the sender has it", kind="certificate", required=True),
        Credential(
            name="sender_certificates", title="Certificates that mail is signed with", kind="certificate", required=True
        ),
    ),
    probe=probe_mail,
)
UPLOAD: Final = Transport(options=(), credentials=(), probe=probe_upload)
