"""A time-stamping authority made with openssl: a root, a certificate for time stamps, and a door that answers RFC 3161."""

from __future__ import annotations

import asyncio
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_CONFIG = """
[req]
distinguished_name = dn
prompt = no
[dn]
CN = {name}
[root]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[stamps]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=30)


@dataclass
class Authority:
    """Answers with stamps of its own; `says`, when set, is answered instead (status, media type, bytes)."""

    folder: Path
    says: tuple[int, str, bytes] | None = None
    given: list[bytes] = field(default_factory=list)

    @classmethod
    def make(cls, folder: Path) -> Authority:
        """With new keys."""
        folder.mkdir()
        made = cls(folder)
        (folder / "config").write_text(_CONFIG.format(folder=folder, name=f"{folder.name} root"))
        (folder / "tsa-config").write_text(_CONFIG.format(folder=folder, name=f"{folder.name} stamps"))
        (folder / "serial").write_text("01\n")
        for name in ("root", "tsa"):
            _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", folder / f"{name}.key")
        new = ("req", "-new", "-x509", "-days", "30", "-config", folder / "config", "-extensions", "root")
        _openssl(*new, "-key", folder / "root.key", "-out", made.root)
        _openssl("req", "-new", "-config", folder / "tsa-config", "-key", folder / "tsa.key", "-out", folder / "tsa.csr")
        signed = ("x509", "-req", "-in", folder / "tsa.csr", "-CA", made.root, "-CAkey", folder / "root.key", "-days", "30")
        extended = ("-extfile", folder / "config", "-extensions", "stamps", "-set_serial", "7")
        _openssl(*signed, *extended, "-out", folder / "tsa.pem")
        return made

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    def stamp(self, query: bytes) -> bytes:
        """The response to a query, both in DER."""
        (self.folder / "query").write_bytes(query)
        reply = ("ts", "-reply", "-config", self.folder / "config", "-section", "one", "-queryfile", self.folder / "query")
        _openssl(*reply, "-out", self.folder / "reply")
        return (self.folder / "reply").read_bytes()

    def verify(self, note: bytes, token: bytes) -> bool:
        """Whether openssl finds that the token is this authority's over the note."""
        (self.folder / "note").write_bytes(note)
        (self.folder / "tsr").write_bytes(token)
        command = ["openssl", "ts", "-verify", "-data", "note", "-in", "tsr", "-CAfile", "root.pem"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, timeout=30, check=False)
        return done.returncode == 0 and b"Verification: OK" in done.stdout

    @property
    def door(self) -> Starlette:
        """What answers at its address."""

        async def answer(request: Request) -> Response:
            query = await request.body()
            if request.headers["content-type"] != "application/timestamp-query":
                return Response(status_code=415)
            status, media, content = self.says or (200, "application/timestamp-reply", b"")
            content = content or await asyncio.to_thread(self.stamp, query)
            self.given.append(content)
            return Response(content, status, media_type=media)

        routes: list[Any] = [Route("/tsr", answer, methods=["POST"])]
        return Starlette(routes=routes)
