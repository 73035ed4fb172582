"""Connector instances that whoever installs the hub laid down in a file (`HUB_CONNECTORS`), as any other instance is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hub.connector import Setup
from hub.errors import Misconfigured
from hub.settings import Instance, Recipient


def setup_of(one: Instance | Recipient) -> Setup:
    """What is set up, without its secrets."""
    if isinstance(one, Recipient):
        return Setup(
            id=one.id,
            connector=one.connector,
            party=one.party,
            protocol="rest",
            address=one.url,
            concurrency=one.concurrency,
            batch=one.batch,
            timeout_s=one.timeout_s,
        )
    return Setup(
        id=one.id,
        connector=one.connector,
        party=one.party,
        protocol="sftp",
        address=f"sftp://{one.host}:{one.port}",
        options={"username": one.username, "folder": one.folder, "pattern": one.pattern},
        settle_s=one.settle_s,
    )


def credentials_of(one: Instance | Recipient) -> dict[str, bytes]:
    """What the files that it names hold. Raises Misconfigured where one cannot be read."""
    if isinstance(one, Recipient):
        files: Mapping[str, Path | None] = {
            "token": one.token_file,
            "ca": one.ca,
            "certificate": one.certificate,
            "key": one.key,
        }
    else:
        files = {"known_hosts": one.known_hosts, "private_key": one.private_key, "password": one.password_file}
    try:
        return {name: path.read_bytes() for name, path in files.items() if path is not None}
    except OSError:
        raise Misconfigured(
            f"The keys of connector {one.id} cannot be read.",
            "A file that it names is missing, or shut to the hub.",
            "Check the paths.",
        ) from None
