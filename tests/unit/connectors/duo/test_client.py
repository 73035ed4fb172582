"""Signing in at the sender's server, where no server is needed to see it fail."""

from __future__ import annotations

import socket

import asyncssh
import pytest

from hub.connector import Endpoint
from hub.connectors.duo.client import connect
from hub.errors import Retry


async def test_a_user_without_a_name_can_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    key = asyncssh.generate_private_key("ssh-ed25519")
    known = f"[127.0.0.1]:{port} {key.export_public_key().decode()}".encode()
    endpoint = Endpoint("127.0.0.1", port, "hub", "/uit", known, private_key=key.export_private_key())
    with pytest.raises(Retry, match="does not answer on this port"):
        await connect(endpoint)
