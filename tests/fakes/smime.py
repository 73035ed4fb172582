"""A school's mail program, with OpenSSL's command line for what is signed and encrypted: another hand than the hub's."""

from __future__ import annotations

import subprocess
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SPARE = bytes(range(32))
CSV = b"bsn;naam\r\n999990019;Verzonnen\r\n"


def openssl(*args: str | Path, given: bytes = b"") -> bytes:
    """What the command says. Raises CalledProcessError."""
    return subprocess.run(["openssl", *map(str, args)], input=given, check=True, capture_output=True).stdout


def make(home: Path, name: str, *kind: str, days: int = 3650) -> None:
    """A key and its certificate."""
    args = kind or ("-newkey", "rsa:2048")
    openssl(
        *("req", "-x509", *args, "-nodes", "-keyout", home / f"{name}.key", "-out", home / f"{name}.crt"),
        *("-subj", f"/O=Verzonnen/CN={name}", "-days", str(days)),
    )


@dataclass(frozen=True)
class School:
    """The keys of a school (`sender`, `other`, `ec`) and of an instance of the hub (`hub`, `elsewhere`)."""

    home: Path

    @classmethod
    def at(cls, home: Path) -> School:
        """Makes them."""
        for name in ("hub", "elsewhere", "sender", "other"):
            make(home, name)
        make(home, "ec", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
        return cls(home)

    def pem(self, *names: str) -> bytes:
        """Certificates or keys, by the names of their files."""
        return b"".join((self.home / name).read_bytes() for name in names)

    @property
    def secrets(self) -> dict[str, bytes]:
        """The credentials of the instance."""
        return {
            "smime_key": self.pem("hub.key"),
            "smime_certificate": self.pem("hub.crt"),
            "sender_certificates": self.pem("sender.crt", "ec.crt"),
        }

    def signed(self, entity: bytes, *args: str, by: str = "sender") -> bytes:
        """The entity, signed."""
        given = args or ("-md", "sha256")
        return openssl(
            *("cms", "-sign", "-signer", self.home / f"{by}.crt", "-inkey", self.home / f"{by}.key", *given), given=entity
        )

    def sealed(self, entity: bytes, *args: str, to: Sequence[str] = ("hub",)) -> bytes:
        """The entity, encrypted."""
        recipients = [part for name in to for part in ("-recip", self.home / f"{name}.crt")]
        return openssl("cms", "-encrypt", *(args or ("-aes-256-cbc",)), *recipients, given=entity)

    def mail(self, *parts: bytes) -> bytes:
        """A mail as it should be: these parts, signed and encrypted."""
        return headed(self.sealed(self.signed(mixed(*(parts or (attachment(),))))))


def headed(mail: bytes) -> bytes:
    """With the head that every mail has, and the line ends of mail."""
    head = b"From: Verzonnen <v@school.test>\nTo: x@hub.test\nSubject: 999990019 Verzonnen\nMessage-ID: <1@school.test>\n"
    return (head + mail).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def attachment(
    data: bytes = CSV, kind: str = "text/csv", name: str = "999990019.csv", disposition: str = "attachment"
) -> bytes:
    """A part with a file."""
    body = b64encode(data)
    lines = b"\r\n".join(body[at : at + 76] for at in range(0, len(body), 76))
    head = f'Content-Type: {kind}; name="{name}"\r\nContent-Disposition: {disposition}; filename="{name}"\r\n'
    return head.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + lines + b"\r\n"


TEXT = b"Content-Type: text/plain; charset=utf-8\r\n\r\nHierbij de lijst van Verzonnen.\r\n"


def mixed(*parts: bytes, kind: str = "mixed", mark: str = "grens") -> bytes:
    """A multipart."""
    between = f"--{mark}\r\n".encode()
    head = f'Content-Type: multipart/{kind}; boundary="{mark}"\r\n\r\n'.encode()
    return head + b"".join(between + part + b"\r\n" for part in parts) + f"--{mark}--\r\n".encode()
