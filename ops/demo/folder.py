"""A partner's SFTP folder with dials: what files do on their way, and what servers do wrong. A process of its own.

It listens on this machine, and on a port of its own for its controls: `PUT /dial` (`{"mode": ..., "seconds": s}`),
`PUT /give` (`{"what": ..., ...}`, which puts files there) and `GET /files` (names and sizes of what lies in the folder). HOME
gets `client_key` for the hub, `known_hosts` to pin, and `data/uit`, which is the folder. Nothing here imports the hub.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import asyncssh

USER: Final = "hub"
FOLDER: Final = "/uit"
MODES: Final = ("ok", "slow", "down", "wrong-key", "full", "truncated", "malformed", "duplicate", "out-of-order")
"""What the dial can stand on. The first five are about the server, the others about the files that are given next."""
File = tuple[str, bytes]
Giver = Callable[[Mapping[str, Any]], Iterable[File]]
"""What files there are of a kind, by what was asked for. Raises ValueError or KeyError where there is no such kind."""


class PartnerFolder:
    """The server, its dial, and what it gives."""

    def __init__(self, home: Path, giver: Giver) -> None:
        self.home, self._giver = home, giver
        self.mode, self.seconds = "ok", 1.0
        self.port = 0
        self._listener: asyncssh.SSHAcceptor | None = None
        self._open: set[asyncssh.SSHServerConnection] = set()
        self.folder = home / "data" / FOLDER.strip("/")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._keys = {name: _key(home / name) for name in ("host_key", "other_key", "client_key")}

    async def listen(self, port: int = 0) -> None:
        """Opens the port, under its own key or another's."""
        outer = self

        class Server(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                outer._open.add(conn)

            def begin_auth(self, _username: str) -> bool:
                return True

            def public_key_auth_supported(self) -> bool:
                return True

            def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
                return username == USER and key.public_data == outer._keys["client_key"].public_data

        class Dialled(asyncssh.SFTPServer):
            def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
                super().__init__(channel, chroot=os.fsencode(outer.home / "data"))

            async def read(self, file_obj: object, offset: int, size: int) -> bytes:
                if outer.mode == "slow":
                    await asyncio.sleep(outer.seconds)
                return bytes(super().read(file_obj, offset, size))  # type: ignore[arg-type]

            def write(self, file_obj: object, offset: int, data: bytes) -> int:
                if outer.mode == "full":
                    raise asyncssh.SFTPNoSpaceOnFilesystem("no space")
                return int(super().write(file_obj, offset, data))  # type: ignore[arg-type]

        key = self._keys["other_key" if self.mode == "wrong-key" else "host_key"]
        self._listener = await asyncssh.listen(
            "127.0.0.1", port, server_factory=Server, server_host_keys=[key], sftp_factory=Dialled, allow_scp=False, config=None
        )
        self.port = self._listener.get_port()
        pinned = self._keys["host_key"].export_public_key().decode().strip()
        (self.home / "known_hosts").write_text(f"[127.0.0.1]:{self.port} {pinned}\n")

    async def close(self) -> None:
        """Closes the port, and whoever is in."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        while self._open:
            self._open.pop().abort()

    async def turn(self, mode: str, seconds: float = 1.0) -> None:
        """Sets the dial."""
        if mode not in MODES:
            raise ValueError("no such mode")
        self.mode, self.seconds = mode, seconds
        await self.close()
        if mode != "down":
            await self.listen(self.port)

    def give(self, asked: Mapping[str, Any]) -> list[str]:
        """Puts files there, each under another name until it is whole; gives their names, in the order in which they came."""
        files = list(self._giver(asked))
        if self.mode == "truncated":
            files = [(name, content[: len(content) * 2 // 3]) for name, content in files]
        elif self.mode == "malformed":
            files = [(name, b"ANDERS;" + content.partition(b"\n")[2]) for name, content in files]
        elif self.mode == "duplicate":
            files = [*files, *((_again(name), content) for name, content in files)]
        elif self.mode == "out-of-order":
            files.reverse()
        for name, content in files:
            early = self.folder / f"{name}.part"
            early.write_bytes(content)
            early.replace(self.folder / name)
        return [name for name, _ in files]

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call to the controls."""
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            size = next((int(line[15:]) for line in head.splitlines() if line.lower().startswith("content-length:")), 0)
            body = await reader.readexactly(min(size, 1 << 16))
            status, said = await self._said(head, body)
            text = json.dumps(said).encode()
            writer.write(f"HTTP/1.1 {status} S\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode() + text)
            await writer.drain()
        writer.close()

    async def _said(self, head: str, body: bytes) -> tuple[int, Any]:
        try:
            if head.startswith("PUT /dial "):
                await self.turn(**json.loads(body))
                return 200, {}
            if head.startswith("PUT /give "):
                return 200, {"given": self.give(json.loads(body))}
        except (ValueError, TypeError, KeyError) as wrong:
            return 400, {"wrong": str(wrong)}
        if head.startswith("GET /files "):
            plain = (each for each in sorted(self.folder.rglob("*")) if each.is_file())
            return 200, {str(each.relative_to(self.folder)): each.stat().st_size for each in plain}
        return 404, {}


def _key(path: Path) -> asyncssh.SSHKey:
    if not path.exists():
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(path))
        path.chmod(0o600)
    return asyncssh.read_private_key(str(path))


def _again(name: str) -> str:
    stem, dot, extension = name.rpartition(".")
    return f"{stem}-nogmaals{dot}{extension}"


async def serve(home: Path, giver: Giver, port: int, control: int) -> None:
    """Runs until SIGTERM or SIGINT; prints where it is as JSON on its first line."""
    folder = PartnerFolder(home, giver)
    await folder.listen(port)
    controls = await asyncio.start_server(folder.control, "127.0.0.1", control)
    said = {"port": folder.port, "control": f"http://127.0.0.1:{controls.sockets[0].getsockname()[1]}", "home": str(home)}
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    print(json.dumps(said), flush=True)
    await ended.wait()
    await folder.close()


def arguments(parser: argparse.ArgumentParser) -> None:
    """What every such server is told."""
    parser.add_argument("home", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--control", type=int, default=0)
