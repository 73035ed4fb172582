"""Certificates of nobody, for simulators that speak TLS and sign: an authority, and who it vouches for."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Papers:
    """What lies in a folder: `hub` is the hub's certificate, `signer` whom answers are signed by."""

    home: Path
    hub: bytes
    signer: bytes
    signer_key: bytes

    def contexts(self, *, asks: bool = True) -> dict[str, ssl.SSLContext]:
        """How the server shows itself: as the authority vouches for it, or as a stranger of the same name. `asks` whoever calls
        for a certificate too."""
        made: dict[str, ssl.SSLContext] = {}
        for name in ("server", "stranger"):
            made[name] = context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.home / f"{name}.pem", self.home / f"{name}-key.pem")
            context.load_verify_locations(self.home / "ca.pem")
            context.verify_mode = ssl.CERT_REQUIRED if asks else ssl.CERT_NONE
        return made


def papers(home: Path) -> Papers:
    """Those of the folder, made where they are not there."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not (home / "signer.pem").exists():
        authority = _make("Verzonnen CA", None, authority=True)
        stranger = _make("Een ander", None, authority=True)
        (home / "ca.pem").write_bytes(authority[0].public_bytes(_PEM))
        for name, by in (("server", authority), ("stranger", stranger), ("hub", authority), ("signer", authority)):
            certificate, key = _make(name, by)
            (home / f"{name}-key.pem").write_bytes(
                key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            )
            (home / f"{name}.pem").write_bytes(certificate.public_bytes(_PEM))
    signer = (home / "signer.pem").read_bytes()
    return Papers(home, (home / "hub.pem").read_bytes(), signer, (home / "signer-key.pem").read_bytes())


class TlsServer(ThreadingHTTPServer):
    """A simulator's door: over TLS where there is a home for its papers, under the certificate of a stranger while `wrong` says
    so. It asks nobody for a certificate."""

    daemon_threads = True

    def __init__(
        self, port: int, door: Callable[..., BaseHTTPRequestHandler], home: Path | None, wrong: Callable[[], bool]
    ) -> None:
        super().__init__(("127.0.0.1", port), door)
        self._contexts, self._wrong = {} if home is None else papers(home).contexts(asks=False), wrong
        self.url = f"{'https' if self._contexts else 'http'}://127.0.0.1:{self.server_port}"

    def get_request(self) -> tuple[Any, Any]:
        """The handshake is the thread's, not the door's."""
        found, address = super().get_request()
        if not self._contexts:
            return found, address
        context = self._contexts["stranger" if self._wrong() else "server"]
        return context.wrap_socket(found, server_side=True, do_handshake_on_connect=False), address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever does not trust it, or goes, is no news."""


def _make(name: str, by: tuple[x509.Certificate, Any] | None, *, authority: bool = False) -> tuple[x509.Certificate, Any]:
    key, now = rsa.generate_private_key(65537, 2048), datetime.now(UTC)
    own = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, issuer_key = (own, key) if by is None else (by[0].subject, by[1])
    made = (
        x509.CertificateBuilder()
        .subject_name(own)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(not authority, False, False, False, False, authority, authority, False, False), critical=True
        )
    )
    if not authority:
        local = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        made = made.add_extension(x509.SubjectAlternativeName([local]), critical=False)
    return made.sign(issuer_key, hashes.SHA256()), key
