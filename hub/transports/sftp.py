"""Folders on partners' SFTP servers.

The server is known by a pinned host key and by nothing else: no key is learnt on first sight, and no configuration, key or
agent of the machine's user is looked at. Errors tell name, port, host key, login and folder apart, and hold no file name.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import socket
import stat as modes
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Final, cast
from urllib.parse import urlsplit

import asyncssh

from hub.connector import BLOCK, Credential, Endpoint, Option, RemoteFile, SourceAway, SourceBarred, Transport, Trouble
from hub.errors import HubError

_USUAL_PORT: Final = 22
_NEXT_POLL: Final = "Nothing was lost; the next poll tries again."
_MOST_NAMES: Final = 50


async def connect(endpoint: Endpoint) -> SftpFolder:
    """Signs in and looks whether the folder is there. Raises SourceBarred or SourceAway."""
    host, port = _where(endpoint)
    folder, timeout_s = endpoint.option("folder", "."), endpoint.timeout_s
    known_hosts, private_key = endpoint.credentials.get("known_hosts", b""), endpoint.credentials.get("private_key")
    password = endpoint.secret("password")
    at = _Machine(host, port, folder, timeout_s)
    if not known_hosts.strip():
        # An empty list would make the library read the user's own.
        raise _unknown_host(at)
    if (private_key is None) == (password is None):
        raise SourceBarred(
            Trouble.login_unclear,
            "The login for the partner's server is not clear.",
            "It needs a private key or a password, and not both.",
            "Give one of the two in the settings of this connector.",
        )
    with _translated(at):
        try:
            keys = [asyncssh.import_private_key(private_key)] if private_key is not None else []
        except asyncssh.KeyImportError:
            raise SourceBarred(
                Trouble.key_unreadable,
                "The private key for the partner's server cannot be read.",
                "It is not an OpenSSH or PEM key without passphrase.",
                "Give the hub a key that it can read.",
            ) from None
        async with asyncio.timeout(timeout_s):
            connection = await asyncssh.connect(
                host,
                port,
                config=None,
                known_hosts=known_hosts,
                username=endpoint.option("username"),
                client_keys=keys or None,
                password=password,
                preferred_auth="publickey" if keys else "password",
                agent_path=None,
                gss_host=None,
                connect_timeout=timeout_s,
                login_timeout=timeout_s,
                keepalive_interval=timeout_s,
                keepalive_count_max=2,
            )
    try:
        with _translated(at):
            async with asyncio.timeout(timeout_s):
                client = await connection.start_sftp_client()
                if not await client.isdir(folder):
                    raise _no_folder(at)
    except BaseException:
        connection.abort()
        raise
    return SftpFolder(at, connection, client)


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
        Option(name="pattern", title="Names of the files to take, with * and ?", default="*.csv", example="uitval-*.csv"),
    ),
    credentials=(
        Credential(name="known_hosts", title="Host key of the partner's server", kind="known_hosts", required=True),
        Credential(name="private_key", title="Private key of the hub", kind="ssh_key", one_of="login"),
        Credential(name="password", title="Password", kind="secret", one_of="login"),
    ),
    probe=probe,
    connect=connect,
)


@dataclass(frozen=True, slots=True)
class _Machine:
    host: str
    port: int
    folder: str
    timeout_s: float


def _where(endpoint: Endpoint) -> tuple[str, int]:
    """Host and port. Raises SourceBarred where the address is no `sftp://host:port`."""
    try:
        parts = urlsplit(endpoint.address)
        host, port = parts.hostname, parts.port or _USUAL_PORT
    except ValueError:
        parts, host, port = urlsplit(""), None, _USUAL_PORT
    if parts.scheme != "sftp" or not host or parts.username is not None or parts.path.strip("/") or parts.query:
        raise SourceBarred(
            Trouble.misconfigured,
            "The partner's server cannot be reached.",
            "Its address is not of the form sftp://host:port.",
            "Correct the address; user name and folder are options of their own.",
        )
    return host, port


class SftpFolder:
    """One folder over one connection; satisfies `hub.connector.FileSource`."""

    def __init__(self, endpoint: _Machine, connection: asyncssh.SSHClientConnection, client: asyncssh.SFTPClient) -> None:
        self._endpoint, self._connection, self._client = endpoint, connection, client

    async def list(self, folder: str = ".") -> list[RemoteFile]:
        """The plain files in it, or in a folder beside them, oldest first; none where there is no such folder."""
        files: list[RemoteFile] = []
        before = "" if folder == "." else f"{folder}/"
        with _translated(self._endpoint):
            async with asyncio.timeout(self._endpoint.timeout_s):
                if before and not await self._client.isdir(self._path(folder)):
                    return []
                async for entry in self._client.scandir(self._path(folder)):
                    found = entry.attrs
                    if found.permissions is not None and modes.S_ISREG(found.permissions):
                        files.append(RemoteFile(before + _text(entry.filename), found.size or 0, found.mtime or 0))
        return sorted(files, key=lambda file: (file.mtime, file.name))

    async def stat(self, name: str) -> RemoteFile:
        """The file as it is now. Raises SourceAway when it is gone."""
        with _translated(self._endpoint):
            async with asyncio.timeout(self._endpoint.timeout_s):
                attributes = await self._client.stat(self._path(name))
        return RemoteFile(name, attributes.size or 0, attributes.mtime or 0)

    async def read(self, name: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        """The file from `offset` in blocks of `BLOCK` bytes, the last one shorter. Each block has the timeout for itself."""
        with _translated(self._endpoint):
            async with asyncio.timeout(self._endpoint.timeout_s):
                file = await self._client.open(self._path(name), "rb")
        try:
            while True:
                block = b""
                # A server may answer with less than was asked for; blocks are whole, so that their digests compare.
                while len(block) < BLOCK:
                    with _translated(self._endpoint):
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
            with contextlib.suppress(asyncssh.Error, OSError):
                await file.close()

    async def move(self, name: str, folder: str, suffix: str, *, marked: bool = False) -> str:
        """Into a folder beside it, or with `.` out of one. Returns where it is now.

        `suffix` comes before its extension where it is to be `marked` or its name is taken there, and otherwise goes off it.
        """
        with _translated(self._endpoint):
            async with asyncio.timeout(self._endpoint.timeout_s):
                if not await self._client.isdir(self._path(folder)):
                    await self._client.mkdir(self._path(folder))
                for candidate in _names(name.rpartition("/")[2], suffix, marked):
                    there = candidate if folder == "." else f"{folder}/{candidate}"
                    # A plain rename refuses to overwrite by the standard; not every server does, so look first.
                    if not await self._client.lexists(self._path(there)):
                        await self._client.rename(self._path(name), self._path(there))
                        return there
        raise SourceAway(
            Trouble.name_taken,
            "A file cannot be moved.",
            "Its name is taken too often in the folder it goes to.",
            "Tidy that folder up.",
        )

    async def may_write(self) -> None:
        """Sees whether a folder may be made and removed here, as moving files needs. Raises SourceBarred where it may not."""
        with _translated(self._endpoint):
            async with asyncio.timeout(self._endpoint.timeout_s):
                trial = self._path(f".hub-{secrets.token_hex(8)}")
                await self._client.mkdir(trial)
                await self._client.rmdir(trial)

    async def close(self) -> None:
        """Lets go of the connection."""
        self._connection.close()
        with contextlib.suppress(asyncssh.Error, OSError, TimeoutError):
            async with asyncio.timeout(self._endpoint.timeout_s):
                await self._connection.wait_closed()

    def _path(self, name: str) -> str:
        return f"{self._endpoint.folder}/{name}"


def _text(name: bytes | str) -> str:
    return name if isinstance(name, str) else name.decode("utf-8", "surrogateescape")


def _names(name: str, suffix: str, marked: bool) -> Iterator[str]:
    stem, dot, extension = name.rpartition(".")
    stem, ending = (stem, dot + extension) if stem else (name, "")
    stem = re.sub(rf"\.{re.escape(suffix)}(-[0-9]+)?\Z", "", stem) or stem  # from an earlier move
    if not marked:
        yield f"{stem}{ending}"
    yield f"{stem}.{suffix}{ending}"
    for number in range(2, _MOST_NAMES):
        yield f"{stem}.{suffix}-{number}{ending}"


def _unknown_host(endpoint: _Machine) -> SourceBarred:
    return SourceBarred(
        Trouble.host_key,
        "The partner's server did not show a host key that we know.",
        f"No pinned key of {endpoint.host}, port {endpoint.port}, matches.",
        "Ask the sender, by another way than this connection, for its host key, and pin it only if it is theirs.",
    )


def _no_folder(endpoint: _Machine) -> SourceBarred:
    return SourceBarred(
        Trouble.no_folder,
        "The folder on the partner's server is not there.",
        f"On {endpoint.host} there is no folder of the name that is set for this connector.",
        "Ask the sender in which folder the files are put, and set it.",
    )


@contextlib.contextmanager
def _translated(endpoint: _Machine) -> Iterator[None]:
    """What went wrong, for the administrator. The library's error is not chained: it may name a file."""
    where = f"{endpoint.host}, port {endpoint.port}"
    try:
        yield
        return
    except HubError:
        raise
    except asyncssh.HostKeyNotVerifiable:
        error: HubError = _unknown_host(endpoint)
    except asyncssh.PermissionDenied:
        error = SourceBarred(
            Trouble.login_refused,
            "The partner's server does not let the hub in.",
            f"{where} refused the user name with this key or password.",
            "Check the user name, and that the sender has our public key.",
        )
    except asyncssh.SFTPPermissionDenied:
        error = SourceBarred(
            Trouble.not_allowed,
            "The partner's server does not allow this.",
            f"On {where} the user may not read, move or make a folder where that is needed.",
            "Ask the sender for the right to read and move files in the folder.",
        )
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
        error = SourceAway(
            Trouble.file_gone,
            "A file on the partner's server is gone.",
            "It was moved or removed while the hub was at it.",
            _NEXT_POLL,
        )
    except OSError as wrong:
        error = _network(wrong, where)
    except asyncssh.KeyExchangeFailed:
        error = SourceBarred(
            Trouble.no_encryption,
            "The hub and the partner's server have no encryption in common.",
            f"{where} offers only methods that are no longer safe.",
            "Ask the sender to bring the server up to date.",
        )
    except (asyncssh.Error, ValueError):
        error = SourceAway(Trouble.broken, "The connection with the partner's server broke.", f"{where} ended it.", _NEXT_POLL)
    raise error


def _network(wrong: OSError, where: str) -> HubError:
    if isinstance(wrong, socket.gaierror):
        return SourceBarred(
            Trouble.not_found,
            "The partner's server cannot be found.",
            f"No address is known for {where}.",
            "Check the name of the server.",
        )
    if isinstance(wrong, ConnectionRefusedError):
        return SourceAway(
            Trouble.no_listener,
            "The partner's server does not answer on this port.",
            f"Nothing listens at {where}.",
            f"Check the port if this goes on. {_NEXT_POLL}",
        )
    if isinstance(wrong, TimeoutError):
        return SourceAway(Trouble.silent, "The partner's server does not answer in time.", f"{where} is silent.", _NEXT_POLL)
    return SourceAway(
        Trouble.broken, "The connection with the partner's server broke.", f"The network to {where} failed.", _NEXT_POLL
    )
