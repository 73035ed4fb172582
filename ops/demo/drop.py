"""Puts a list on DUO's SFTP server, as DUO would: under another name until it is whole.

python -m ops.demo.drop [--rows N] [--seed N] [--directory var/demo]
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import secrets
from pathlib import Path

import asyncssh

from hub.clock import SystemClock, legal_date
from ops.demo.people import generate
from ops.demo.sftp_server import FOLDER, USER


async def put(home: Path, name: str, content: bytes) -> None:
    """Uploads `content` as `name` to the server whose files are in `home`."""
    try:
        getpass.getuser()
    except (KeyError, OSError):  # the library asks who runs it, and in a container that user may have no name
        os.environ["LOGNAME"] = USER
    async with (
        asyncssh.connect(
            "127.0.0.1",
            int((home / "port").read_text()),
            config=None,
            known_hosts=str(home / "known_hosts"),
            username=USER,
            client_keys=[str(home / "client_key")],
            agent_path=None,
        ) as connection,
        connection.start_sftp_client() as client,
    ):
        async with client.open(f"{FOLDER}/{name}.part", "wb") as file:
            await file.write(content)
        await client.rename(f"{FOLDER}/{name}.part", f"{FOLDER}/{name}")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Puts another list on the demo's SFTP server.")
    parser.add_argument("--rows", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None, help="another seed, other people")
    parser.add_argument("--directory", type=Path, default=Path("var/demo"))
    given = parser.parse_args()
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    made = generate(given.rows, seed, legal_date(SystemClock().now_us()))
    asyncio.run(put(given.directory / "duo", f"uitval-{seed}.csv", made.csv))
    print(f"uitval-{seed}.csv: {made.rows} rows on DUO's server; the hub takes it in a few seconds")


if __name__ == "__main__":
    main()
