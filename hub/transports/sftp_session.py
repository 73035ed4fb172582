"""A session with a partner's SFTP server: signing in, and what stands in the way, told apart.

The server is known by a pinned host key and by nothing else: no key is learnt on first sight, and no configuration, key or
agent of the machine's user is looked at. Errors tell name, port, host key, login and folder apart, and hold no file name.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import asyncssh

from hub.connector import Endpoint, SourceAway, SourceBarred, Trouble
from hub.errors import HubError

_USUAL_PORT: Final = 22
_NEXT_TIME: Final = "Nothing was lost; it is tried again."


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the server is and what of it is used; `timeout_s` is for one call."""

    host: str
    port: int
    folder: str
    timeout_s: float


def machine_of(endpoint: Endpoint) -> Machine:
    """The server and its folder. Raises SourceBarred where the address is no `sftp://host:port`."""
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
    return Machine(host, port, endpoint.option("folder", "."), endpoint.timeout_s)


async def sign_in(endpoint: Endpoint, at: Machine) -> tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient]:
    """Signs in and looks whether the folder is there. Raises SourceBarred or SourceAway.

    `known_hosts` may hold several lines: any of the keys is the server's, so that it can be changed without a gap.
    """
    private_key, password = endpoint.credentials.get("private_key"), endpoint.secret("password")
    if (private_key is None) == (password is None):
        raise SourceBarred(
            Trouble.login_unclear,
            "The login for the partner's server is not clear.",
            "It needs a private key or a password, and not both.",
            "Give one of the two in the settings of this connector.",
        )
    trusted = _known_hosts(endpoint.credentials.get("known_hosts", b""), at)
    keys = [] if private_key is None else [_key(private_key, endpoint.secret("passphrase"))]
    with translated(at):
        async with asyncio.timeout(at.timeout_s):
            connection = await asyncssh.connect(
                at.host,
                at.port,
                config=None,
                known_hosts=trusted,
                username=endpoint.option("username"),
                client_keys=keys or None,
                password=password,
                preferred_auth="publickey" if keys else "password",
                agent_path=None,
                gss_host=None,
                connect_timeout=at.timeout_s,
                login_timeout=at.timeout_s,
                keepalive_interval=at.timeout_s,
                keepalive_count_max=2,
            )
    try:
        with translated(at):
            async with asyncio.timeout(at.timeout_s):
                client = await connection.start_sftp_client(path_errors="surrogateescape")  # names are bytes
                if not await client.isdir(at.folder):
                    raise _no_folder(at)
    except BaseException:
        connection.abort()
        raise
    return connection, client


async def sign_out(connection: asyncssh.SSHClientConnection, timeout_s: float) -> None:
    """Lets go of the connection."""
    connection.close()
    with contextlib.suppress(asyncssh.Error, OSError, TimeoutError):
        async with asyncio.timeout(timeout_s):
            await connection.wait_closed()


def _known_hosts(lines: bytes, at: Machine) -> asyncssh.SSHKnownHosts:
    try:
        # An empty list would make the library read the user's own.
        if lines.strip():
            return asyncssh.import_known_hosts(lines.decode("ascii"))
    except ValueError:  # also UnicodeDecodeError
        pass
    raise _unknown_host(at)


def _key(content: bytes, passphrase: str | None) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(content, passphrase or None)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
        wrong = SourceBarred(
            Trouble.key_unreadable,
            "The private key for the partner's server cannot be read.",
            "It is no OpenSSH or PEM key, or its passphrase is missing or another.",
            "Give the hub a key that it can read: one with a passphrase as PKCS#8 in PEM.",
        )
    raise wrong


def _unknown_host(endpoint: Machine) -> SourceBarred:
    return SourceBarred(
        Trouble.host_key,
        "The partner's server did not show a host key that we know.",
        f"No pinned key of {endpoint.host}, port {endpoint.port}, matches.",
        "Ask the sender, by another way than this connection, for its host key, and pin it only if it is theirs.",
    )


def name_taken() -> SourceAway:
    """The error for a file that cannot get its name."""
    return SourceAway(
        Trouble.name_taken,
        "A file cannot be moved.",
        "Its name is taken in the folder it goes to.",
        "Tidy that folder up.",
    )


def _no_folder(endpoint: Machine) -> SourceBarred:
    return SourceBarred(
        Trouble.no_folder,
        "The folder on the partner's server is not there.",
        f"On {endpoint.host} there is no folder of the name that is set for this connector.",
        "Ask the sender in which folder the files are put, and set it.",
    )


@contextlib.contextmanager
def translated(endpoint: Machine) -> Iterator[None]:
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
            f"On {where} the user may not read, write, move or make a folder where that is needed.",
            "Ask the sender for the right to read, write and move files in the folder.",
        )
    except asyncssh.SFTPFileAlreadyExists:
        error = name_taken()
    except (asyncssh.SFTPOpUnsupported, asyncssh.SFTPWriteProtect, asyncssh.ChannelOpenError):
        error = SourceBarred(
            Trouble.not_allowed,
            "The partner's server does not offer what is needed.",
            f"{where} gives this user no SFTP, or not to read, write and move files with.",
            "Ask its owner for the right to do so in the folder.",
        )
    except (asyncssh.SFTPFailure, asyncssh.SFTPNoSpaceOnFilesystem, asyncssh.SFTPQuotaExceeded):
        error = SourceAway(
            Trouble.partner_failed,
            "The partner's server fails to do what it is asked.",
            f"{where} may be full, may not let the hub write or move there, or may have a file of that name.",
            f"Ask its owner if this goes on. {_NEXT_TIME}",
        )
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath):
        error = SourceAway(
            Trouble.file_gone,
            "A file on the partner's server is gone.",
            "It was moved or removed while the hub was at it.",
            _NEXT_TIME,
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
        error = SourceAway(Trouble.broken, "The connection with the partner's server broke.", f"{where} ended it.", _NEXT_TIME)
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
            f"Check the port if this goes on. {_NEXT_TIME}",
        )
    if isinstance(wrong, TimeoutError):
        return SourceAway(Trouble.silent, "The partner's server does not answer in time.", f"{where} is silent.", _NEXT_TIME)
    return SourceAway(
        Trouble.broken, "The connection with the partner's server broke.", f"The network to {where} failed.", _NEXT_TIME
    )
