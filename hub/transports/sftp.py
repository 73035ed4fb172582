"""Folders on partners' SFTP servers: files are fetched from them, and put into them."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import stat as modes
from collections.abc import AsyncGenerator, Iterator
from typing import Final, cast

import asyncssh

from hub.connector import BLOCK, Credential, Endpoint, Option, RemoteFile, SourceBarred, Transport, Trouble
from hub.transports import sftp_push
from hub.transports.sftp_push import open_sink
from hub.transports.sftp_session import Machine, machine_of, name_taken, sign_in, sign_out, translated

__all__ = ["TRANSPORT", "SftpFolder", "connect", "open_sink", "probe"]

_MOST_NAMES: Final = 50
MOST_LISTED: Final = 100_000
"""What of a folder is looked at: 20 MB of names and sizes; with more, somebody must tidy up."""


async def connect(endpoint: Endpoint) -> SftpFolder:
    """Signs in and looks whether the folder is there. Raises SourceBarred or SourceAway."""
    at = machine_of(endpoint)
    return SftpFolder(at, *await sign_in(endpoint, at))


async def probe(endpoint: Endpoint) -> None:
    """Signs in, looks into the folder, and sees whether files may be moved there. Raises SourceBarred or SourceAway."""
    folder = await connect(endpoint)
    try:
        await folder.list()
        await folder.may_write()
    finally:
        await folder.close()


TRANSPORT: Final = Transport(
    options=(
        Option(name="username", title="User name on the partner's server", required=True, example="hub"),
        Option(name="folder", title="Folder in which the files are put", default=".", example="uit"),
        Option(name="prefix", title="How the names of files begin that the hub puts there", default="hub-", example="rmc-"),
        Option(name="pattern", title="Names of the files to take, with * and ?", default="*.csv", example="uitval-*.csv"),
    ),
    credentials=(
        Credential(name="known_hosts", title="Host key of the partner's server", kind="known_hosts", required=True),
        Credential(name="private_key", title="Private key of the hub", kind="ssh_key", one_of="login"),
        Credential(name="passphrase", title="Passphrase of the private key (PKCS#8), if it has one", kind="secret"),
        Credential(name="password", title="Password", kind="secret", one_of="login"),
    ),
    probe=probe,
    connect=connect,
    probe_sink=sftp_push.probe,
)


class SftpFolder:
    """One folder over one connection; satisfies `hub.connector.FileSource`."""

    def __init__(self, endpoint: Machine, connection: asyncssh.SSHClientConnection, client: asyncssh.SFTPClient) -> None:
        self._endpoint, self._connection, self._client = endpoint, connection, client

    async def list(self, folder: str = ".") -> list[RemoteFile]:
        """The plain files in it, or in a folder beside them, oldest first; none where there is no such folder."""
        files: list[RemoteFile] = []
        seen = 0
        before = "" if folder == "." else f"{folder}/"
        with translated(self._endpoint):
            # A list takes many calls: one that is long and goes on is not silent.
            async with asyncio.timeout(4 * self._endpoint.timeout_s):
                if before and not await self._client.isdir(self._path(folder)):
                    return []
                async for entry in self._client.scandir(self._path(folder)):
                    name, found = _text(entry.filename), entry.attrs
                    if name in (".", ".."):
                        continue
                    if _is_file(found.permissions or 0, _text(entry.longname or "")) and "/" not in name:
                        files.append(RemoteFile(before + name, found.size or 0, found.mtime or 0))
                    seen += 1
                    if seen > MOST_LISTED:
                        raise _too_many()
        return sorted(files, key=lambda file: (file.mtime, file.name))

    async def stat(self, name: str) -> RemoteFile:
        """The file as it is now. Raises SourceAway when it is gone."""
        with translated(self._endpoint):
            async with asyncio.timeout(self._endpoint.timeout_s):
                attributes = await self._client.stat(self._path(name))
        return RemoteFile(name, attributes.size or 0, attributes.mtime or 0)

    async def read(self, name: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """The file from `offset` in blocks of `BLOCK` bytes, the last one shorter. Each block has the timeout for itself."""
        with translated(self._endpoint):
            async with asyncio.timeout(self._endpoint.timeout_s):
                file = await self._client.open(self._path(name), "rb")
        try:
            while True:
                block = b""
                # A server may answer with less than was asked for; blocks are whole, so that their digests compare.
                while len(block) < BLOCK:
                    with translated(self._endpoint):
                        async with asyncio.timeout(self._endpoint.timeout_s):
                            part = await file.read(BLOCK - len(block), offset + len(block))
                    if not part:
                        break
                    block += cast(bytes, part)  # opened as binary
                if block:
                    yield block
                offset += len(block)
                if len(block) < BLOCK:
                    return
        finally:
            with contextlib.suppress(asyncssh.Error, OSError):  # also TimeoutError
                async with asyncio.timeout(self._endpoint.timeout_s):
                    await file.close()

    async def move(self, name: str, folder: str, suffix: str, *, marked: bool = False) -> str:
        """Into a folder beside it, or with `.` out of one. Returns where it is now.

        `suffix` comes before its extension where it is to be `marked` or its name is taken there, and otherwise goes off it.
        """
        with translated(self._endpoint):
            async with asyncio.timeout(self._endpoint.timeout_s):
                if not await self._client.isdir(self._path(folder)):
                    await self._client.mkdir(self._path(folder))
                for candidate in _names(name.rpartition("/")[2], suffix, marked):
                    there = candidate if folder == "." else f"{folder}/{candidate}"
                    # A plain rename refuses to overwrite by the standard; not every server does, so look first.
                    if not await self._client.lexists(self._path(there)):
                        await self._client.rename(self._path(name), self._path(there))
                        return there
        raise name_taken()

    async def may_write(self) -> None:
        """Sees whether a folder may be made and removed here, as moving files needs. Raises SourceBarred where it may not."""
        with translated(self._endpoint):
            async with asyncio.timeout(self._endpoint.timeout_s):
                trial = self._path(f".hub-{secrets.token_hex(8)}")
                await self._client.mkdir(trial)
                await self._client.rmdir(trial)

    async def close(self) -> None:
        """Lets go of the connection."""
        await sign_out(self._connection, self._endpoint.timeout_s)

    def _path(self, name: str) -> str:
        return f"{self._endpoint.folder}/{name}"


def _is_file(permissions: int, line: str) -> bool:
    """Whether it is a plain file; a server that does not say so in what it tells of it does in the line that it shows."""
    return modes.S_ISREG(permissions) or (not modes.S_IFMT(permissions) and line[:1] in ("-", ""))


def _text(name: bytes | str) -> str:
    return name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")


def _too_many() -> SourceBarred:
    return SourceBarred(
        Trouble.partner_failed,
        "The folder on the partner's server is too full.",
        f"It holds more files than the {MOST_LISTED} that the hub looks at.",
        "Ask its owner to tidy it up; nothing was taken or moved.",
    )


def _names(name: str, suffix: str, marked: bool) -> Iterator[str]:
    stem, dot, extension = name.rpartition(".")
    stem, ending = (stem, dot + extension) if stem else (name, "")
    stem = re.sub(rf"\.{re.escape(suffix)}(-[0-9]+)?\Z", "", stem) or stem  # from an earlier move
    if not marked:
        yield f"{stem}{ending}"
    yield f"{stem}.{suffix}{ending}"
    for number in range(2, _MOST_NAMES):
        yield f"{stem}.{suffix}-{number}{ending}"
