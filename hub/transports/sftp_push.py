"""Deliveries put as files into a folder on a recipient's SFTP server.

A page is written under a name that nobody takes for a file, looked at, and only then renamed: what has its name is whole. The
name follows from which deliveries are in it and says nothing of a person, so that the same page put twice is one file.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import asyncssh
import orjson

from hub.connector import Endpoint, Said, Sink, SourceAway, SourceBarred, Trouble
from hub.domain.stages import Delivered
from hub.transports.sftp_session import Machine, machine_of, name_taken, sign_in, sign_out, translated
from hub.transports.web import spoken

Writer = Callable[[Sequence[Delivered], str], tuple[str, bytes]]
"""Gives the extension of a file and what is in it, of a page and its checkpoint: the same for the same deliveries."""
NoticeWriter = Callable[[Mapping[str, Any], Sequence[UUID]], tuple[str, bytes]]
"""The same for a page of notices and their ids."""

_PART: Final = ".part"
_PIECE: Final = 32 << 10
"""Bytes that every server takes at a time (draft-ietf-secsh-filexfer-02, section 3)."""
_PREFIX: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)
_SUFFIX: Final = re.compile(r"\.[a-z0-9]{1,8}(\.[a-z0-9]{1,8})?", re.ASCII)


def notices_as_json(page: Mapping[str, Any], _ids: Sequence[UUID], /) -> tuple[str, bytes]:
    """Notices as they are fetched over REST too."""
    return ".json", orjson.dumps(page)


def open_sink(endpoint: Endpoint, writer: Writer, notices: NoticeWriter = notices_as_json) -> Sink:
    """Connects to nobody yet. Raises hub.http.Barred where address or prefix cannot be used."""
    with spoken():
        at = machine_of(endpoint)
        prefix = endpoint.option("prefix", "hub-")
        if not _PREFIX.fullmatch(prefix):
            raise SourceBarred(
                Trouble.misconfigured,
                "Files cannot be put on the partner's server.",
                "Their prefix holds something else than letters, digits, dot, dash and underscore.",
                "Correct the option prefix.",
            )
    return SftpSink(endpoint, at, prefix, writer, notices)


async def probe(endpoint: Endpoint) -> None:
    """Signs in, and sees whether a file may be put there, renamed and taken away. Raises SourceBarred or SourceAway."""
    at = machine_of(endpoint)
    connection, client = await sign_in(endpoint, at)
    trial = f"{at.folder}/.hub-{secrets.token_hex(8)}"
    try:
        with translated(at):
            async with asyncio.timeout(4 * at.timeout_s):
                await (await client.open(trial + _PART, "wb")).close()
                await client.rename(trial + _PART, trial)
                await client.remove(trial)
    finally:
        await sign_out(connection, at.timeout_s)


def page_name(prefix: str, ids: Iterable[UUID], suffix: str) -> str:
    """The name of a file of these deliveries, in whatever order. Raises ValueError on a suffix that is no plain extension."""
    if not _SUFFIX.fullmatch(suffix):
        raise ValueError("no plain extension")
    return prefix + hashlib.sha256(b"".join(sorted(each.bytes for each in ids))).hexdigest()[:32] + suffix


class SftpSink:
    """One folder of one recipient; satisfies `hub.connector.Sink`. A connection is kept until it fails."""

    def __init__(self, endpoint: Endpoint, at: Machine, prefix: str, writer: Writer, notices: NoticeWriter) -> None:
        self._endpoint, self._at, self._prefix, self._writer, self._notices = endpoint, at, prefix, writer, notices
        self._open: tuple[asyncssh.SSHClientConnection, asyncssh.SFTPClient] | None = None
        self._one = asyncio.Lock()

    async def send(self, page: Sequence[Delivered], checkpoint: str, /) -> Said:
        """One page as one file; all of it is confirmed once the file has its name. Raises hub.http.Away or hub.http.Barred."""
        if not page:
            return Said()
        ids = frozenset(each.delivery_id for each in page)
        suffix, content = self._writer(page, checkpoint)
        await self._put(page_name(self._prefix, ids, suffix), content)
        return Said(ids)

    async def tell(self, page: Mapping[str, Any], ids: Sequence[UUID], /) -> frozenset[UUID]:
        """One page of notices as a file of its own kind. Raises as `send`."""
        suffix, content = self._notices(page, ids)
        await self._put(page_name(f"{self._prefix}berichten-", ids, suffix), content)
        return frozenset(ids)

    async def close(self) -> None:
        """Lets go of the connection."""
        if self._open is not None:
            connection, self._open = self._open[0], None
            await sign_out(connection, self._at.timeout_s)

    async def _put(self, name: str, content: bytes) -> None:
        async with self._one:
            try:
                with spoken():
                    client = await self._client()
                    with translated(self._at):
                        # A minute for each 4 MiB on top of the time for a call: what is slow and goes on is not silent.
                        async with asyncio.timeout(4 * self._at.timeout_s + 60 * (len(content) >> 22)):
                            await self._placed(client, name, content)
            except BaseException:
                if self._open is not None:
                    self._open[0].abort()
                    self._open = None
                raise

    async def _client(self) -> asyncssh.SFTPClient:
        if self._open is not None and self._open[0].is_closed():
            self._open = None
        if self._open is None:
            self._open = await sign_in(self._endpoint, self._at)
        return self._open[1]

    async def _placed(self, client: asyncssh.SFTPClient, name: str, content: bytes) -> None:
        there = f"{self._at.folder}/{name}"
        if await client.lexists(there):
            if (await client.lstat(there)).size != len(content):
                raise _another()
            return
        # Not `async with`: closing waits for the server, and where time is up the connection goes, and the file with it.
        # And one piece after the other: those that the library sends side by side outlive the time that they had.
        file = await client.open(there + _PART, "wb", block_size=0)
        for start in range(0, len(content), _PIECE):
            await file.write(content[start : start + _PIECE])
        with contextlib.suppress(asyncssh.SFTPOpUnsupported):
            await file.fsync()
        await file.close()
        if (await client.lstat(there + _PART)).size != len(content):
            raise SourceAway(
                Trouble.broken,
                "A file did not arrive whole on the partner's server.",
                "Its size there is another than what was sent.",
                "Nothing was lost; it is sent again.",
            )
        # Looked for once more: by the standard a rename does not overwrite, but not every server keeps to it.
        if await client.lexists(there):
            raise name_taken()
        await client.rename(there + _PART, there)


def _another() -> SourceBarred:
    return SourceBarred(
        Trouble.name_taken,
        "A file cannot be put on the partner's server.",
        "There is one of that name already, of another size, and the hub overwrites nothing.",
        "Ask the partner to take away what lies in the folder, then release what is held.",
    )
