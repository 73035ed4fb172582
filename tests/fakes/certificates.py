"""Keys and certificates of nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID


def private_key(passphrase: bytes | None = None) -> bytes:
    """A fresh one in PEM."""
    locked = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    return generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)


def certificate(key: bytes, now_us: int, days: int = 365) -> bytes:
    """One for that key, which ends so many days from `now_us`."""
    private, name = load_pem_private_key(key, None), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "voorbeeld")])
    now = datetime.fromtimestamp(now_us / 1_000_000, UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days, minutes=5))
        .sign(private, SHA256())  # type: ignore[arg-type]
    )
    return made.public_bytes(Encoding.PEM)
