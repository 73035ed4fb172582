"""A sender's SFTP server, for the demo and the tests: a real server in a process of its own.

    python -m ops.demo.sftp_server DIR --port-file DIR/port

DIR gets `host_key` and `client_key` (made when they are not there), `known_hosts` for the hub to pin, and `data/`, which is all
that the one user sees. It listens on 127.0.0.1 only and ends on SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from pathlib import Path

import asyncssh

USER = "hub"
FOLDER = "/uit"


def _key(path: Path) -> asyncssh.SSHKey:
    if not path.exists():
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(path))
        path.chmod(0o600)
    return asyncssh.read_private_key(str(path))


def _prepare(home: Path) -> tuple[Path, asyncssh.SSHKey, asyncssh.SSHKey]:
    data = home / "data"
    (data / FOLDER.strip("/")).mkdir(parents=True, exist_ok=True)
    return data, _key(home / "host_key"), _key(home / "client_key")


async def serve(home: Path, port: int, port_file: Path) -> None:
    """Runs until SIGTERM or SIGINT; writes the port it got to `port_file` once it listens."""
    data, host_key, client_key = _prepare(home)

    class Server(asyncssh.SSHServer):
        def begin_auth(self, _username: str) -> bool:
            return True

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            return username == USER and key.public_data == client_key.public_data

    class Chrooted(asyncssh.SFTPServer):
        def __init__(self, channel: asyncssh.SSHServerChannel[bytes]) -> None:
            super().__init__(channel, chroot=os.fsencode(data))

    listener = await asyncssh.listen(
        "127.0.0.1",
        port,
        server_factory=Server,
        server_host_keys=[host_key],
        sftp_factory=Chrooted,
        allow_scp=False,
        config=None,
    )
    got = listener.get_port()
    public = host_key.export_public_key().decode().strip()
    (home / "known_hosts").write_text(f"[127.0.0.1]:{got} {public}\n")
    waiting = port_file.with_name(port_file.name + ".tmp")
    waiting.write_text(f"{got}\n")
    waiting.replace(port_file)
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    await ended.wait()
    listener.close()
    await listener.wait_closed()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="A sender's SFTP server on 127.0.0.1.")
    parser.add_argument("directory", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file", type=Path, required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.directory.resolve(), given.port, given.port_file.resolve()))


if __name__ == "__main__":
    main()
