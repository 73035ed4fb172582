"""Files put on a recipient's SFTP server: the library's own server, and OpenSSH's where the machine has it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import asyncssh
import pytest

from hub.connector import Endpoint, SourceAway, SourceBarred, Trouble
from hub.http import Away, Barred
from hub.transports import sftp, sftp_push
from hub.transports.diagnosis import State, diagnose
from hub.transports.sftp import TRANSPORT, connect, open_sink
from hub.transports.sftp_push import page_name

OPENSSH = os.environ.get("SFTP_SERVER", "/usr/lib/openssh/sftp-server")
A, B = UUID(int=1), UUID(int=2)


def page(*ids: UUID) -> Any:
    return [SimpleNamespace(delivery_id=each) for each in ids]


def written(some: Any, checkpoint: str) -> tuple[str, bytes]:
    return ".csv", b";".join(str(each.delivery_id).encode() for each in some) * 1000


class Server:
    def __init__(self, home: Path, key: asyncssh.SSHKey) -> None:
        self.home, self.key = home, key
        self.host = asyncssh.generate_private_key("ssh-ed25519")
        self.port = 0
        self.stalls = ""
        self.logins: list[str] = []

    def endpoint(self, **credentials: bytes) -> Endpoint:
        line = self.host.export_public_key().decode().strip()
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
        held = {
            "known_hosts": f"[127.0.0.1]:{self.port} {other}\n[127.0.0.1]:{self.port} {line}\n".encode(),
            "private_key": self.key.export_private_key("pkcs8-pem", passphrase="zin"),
            "passphrase": b"zin\n",
        }
        kept = {name: value for name, value in (held | credentials).items() if value}
        return Endpoint(f"sftp://127.0.0.1:{self.port}", {"username": "hub", "folder": "in"}, kept, 5.0)

    def files(self) -> dict[str, int]:
        return {each.name: each.stat().st_size for each in (self.home / "in").iterdir()}


async def piped(reader: Any, writer: Any) -> None:
    with contextlib.suppress(OSError, asyncssh.Error):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture(params=["asyncssh", "openssh"])
async def server(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    if request.param == "openssh" and not os.access(OPENSSH, os.X_OK):
        pytest.skip("no OpenSSH sftp-server here; the package openssh-sftp-server has it")
    (tmp_path / "in").mkdir()
    made = Server(tmp_path, asyncssh.generate_private_key("ssh-ed25519"))

    class Guard(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            made.logins.append(username)
            return True

        def public_key_auth_supported(self) -> bool:
            return True

        def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
            return username == "hub" and key.public_data == made.key.public_data

    class Chrooted(asyncssh.SFTPServer):
        def __init__(self, channel: Any) -> None:
            super().__init__(channel, chroot=os.fsencode(tmp_path))

        async def lstat(self, path: bytes) -> Any:
            return await asyncio.Event().wait() if made.stalls == "lstat" else super().lstat(path)

        async def write(self, file_obj: Any, offset: int, data: bytes) -> Any:
            if made.stalls:
                super().close(file_obj)
                await asyncio.Event().wait()
            return super().write(file_obj, offset, data)

        async def close(self, file_obj: Any) -> Any:
            super().close(file_obj)
            if made.stalls:
                await asyncio.Event().wait()

    async def handed(_ours: Any, reader: Any, writer: Any, _version: int) -> None:
        """OpenSSH's server on the other end of the channel, in place of the library's."""
        child = await asyncio.create_subprocess_exec(
            OPENSSH, "-d", str(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert child.stdin is not None
        assert child.stdout is not None
        there = asyncio.create_task(piped(reader, child.stdin))
        await piped(child.stdout, writer)
        there.cancel()
        writer.channel.exit(0)
        await child.wait()

    if request.param == "openssh":
        monkeypatch.setattr("asyncssh.stream.run_sftp_server", handed)
    listener = await asyncssh.listen(
        "127.0.0.1", 0, server_factory=Guard, server_host_keys=[made.host], sftp_factory=Chrooted, allow_scp=False, config=None
    )
    made.port = listener.get_port()
    yield made
    listener.close()


async def test_a_page_is_one_whole_file_however_often_it_is_put(server: Server) -> None:
    sink = open_sink(server.endpoint(), written)
    try:
        for ids in ((A, B), (B, A), (A, B)):
            assert (await sink.send(page(*ids), "checkpoint")).confirmed == {A, B}
        name = page_name("hub-", [A, B], ".csv")
        assert server.files() == {name: 73_000}
        assert str(A) not in name
        assert await sink.tell({"berichten": []}, [A]) == {A}
        assert len(server.files()) == 2
        assert (await sink.send([], "checkpoint")).confirmed == frozenset()
    finally:
        await sink.close()


async def test_what_was_left_half_is_written_anew_and_another_file_is_left_alone(server: Server) -> None:
    name = page_name("hub-", [A], ".csv")
    (server.home / "in" / f"{name}.part").write_bytes(b"x" * 999_999)
    sink = open_sink(server.endpoint(), written)
    await sink.send(page(A), "checkpoint")
    assert server.files() == {name: 36_000}
    (server.home / "in" / name).write_bytes(b"anders")
    with pytest.raises(Barred) as barred:
        await sink.send(page(A), "checkpoint")
    assert barred.value.cause == "NAAM_BEZET"
    assert server.files() == {name: 6}
    await sink.close()


async def test_a_file_that_appears_meanwhile_is_not_overwritten(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    name = page_name("hub-", [A], ".csv")
    fsync = asyncssh.SFTPClientFile.fsync

    async def meanwhile(self: asyncssh.SFTPClientFile) -> None:
        (server.home / "in" / name).write_bytes(b"y" * 36_000)
        await fsync(self)

    sink = open_sink(server.endpoint(), written)
    with monkeypatch.context() as patch:
        patch.setattr(asyncssh.SFTPClientFile, "fsync", meanwhile)
        with pytest.raises(Away) as away:
            await sink.send(page(A), "checkpoint")
    assert away.value.cause == "NAAM_BEZET"
    assert (await sink.send(page(A), "checkpoint")).confirmed == {A}
    assert (server.home / "in" / name).read_bytes().startswith(b"y")
    await sink.close()


async def test_a_file_of_which_a_part_is_lost_is_not_confirmed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def half(self: asyncssh.SFTPClientFile) -> None:
        (next((server.home / "in").iterdir())).write_bytes(b"half")

    monkeypatch.setattr(asyncssh.SFTPClientFile, "fsync", half)
    sink = open_sink(server.endpoint(), written)
    with pytest.raises(Away):
        await sink.send(page(A), "checkpoint")
    assert list(server.files()) == [page_name("hub-", [A], ".csv") + ".part"]
    await sink.close()


async def test_a_connection_that_was_lost_is_made_anew(server: Server) -> None:
    sink: Any = open_sink(server.endpoint(), written)
    await sink.send(page(A), "checkpoint")
    sink._open[0].abort()
    await asyncio.sleep(0)
    assert (await sink.send(page(B), "checkpoint")).confirmed == {B}
    await sink.close()


async def test_both_ways_are_probed_and_leave_nothing_behind(server: Server) -> None:
    for pushes in (False, True):
        steps = await diagnose(TRANSPORT, server.endpoint(), pushes=pushes)
        assert {step.state for step in steps} == {State.goed}
    assert server.files() == {}


@pytest.mark.parametrize(
    ("credentials", "trouble"),
    [
        ({"passphrase": b"anders"}, Trouble.key_unreadable),
        ({"passphrase": b""}, Trouble.key_unreadable),
        ({"known_hosts": b"geen sleutel"}, Trouble.host_key),
        ({"private_key": b"", "passphrase": b"", "password": b"x"}, Trouble.login_refused),
        ({"password": b"x"}, Trouble.login_unclear),
    ],
)
async def test_what_keeps_the_hub_out_is_told(server: Server, credentials: dict[str, bytes], trouble: Trouble) -> None:
    with pytest.raises(SourceBarred) as barred:
        await sftp_push.probe(server.endpoint(**credentials))
    assert barred.value.trouble is trouble


async def test_who_shows_another_host_key_hears_of_no_login(server: Server) -> None:
    known, server.host = server.host, asyncssh.generate_private_key("ssh-ed25519")
    with pytest.raises(SourceBarred) as barred:
        await connect(server.endpoint())
    assert (barred.value.trouble, server.logins) == (Trouble.host_key, [])
    server.host = known
    await (await connect(server.endpoint())).close()
    assert server.logins == ["hub"]


async def test_who_says_nothing_is_not_waited_for(server: Server) -> None:
    async def mute(_reader: Any, writer: asyncio.StreamWriter) -> None:
        await ended.wait()
        writer.close()

    ended = asyncio.Event()
    async with await asyncio.start_server(mute, "127.0.0.1", 0) as listening:
        port, server.port = server.port, listening.sockets[0].getsockname()[1]
        with pytest.raises(SourceAway) as away:
            await connect(replace(server.endpoint(), timeout_s=0.3))
        assert away.value.trouble is Trouble.silent
        ended.set()
    server.port = port


@pytest.mark.parametrize("server", ["asyncssh"], indirect=True)
@pytest.mark.parametrize("stalls", ["lstat", "write"])
async def test_a_server_that_stops_halfway_is_not_waited_for(server: Server, stalls: str) -> None:
    (server.home / "in" / "een.csv").write_bytes(b"een")
    at = replace(server.endpoint(), timeout_s=0.4)
    source, sink = await connect(at), open_sink(at, lambda _page, _checkpoint: (".csv", b"een"))
    server.stalls = stalls
    if stalls == "lstat":
        with pytest.raises(SourceAway) as away:
            await source.move("een.csv", "verwerkt", "x")
        assert away.value.trouble is Trouble.silent
    else:
        assert [block async for block in source.read("een.csv")] == [b"een"], "that it is not closed is the server's affair"
    with pytest.raises(Away):
        await sink.send(page(A), "")
    await source.close()
    await sink.close()


@pytest.mark.parametrize("prefix", ["../x", "a/b", "", "a b"])
def test_a_prefix_that_is_no_plain_name_is_refused(prefix: str) -> None:
    with pytest.raises(Barred):
        open_sink(Endpoint("sftp://127.0.0.1:1", {"prefix": prefix or "é"}), written)
    with pytest.raises(ValueError, match="extension"):
        page_name("hub-", [A], prefix)


async def test_files_are_fetched_and_moved_by_it_too(server: Server) -> None:
    (server.home / "in" / "a.csv").write_bytes(b"x" * 2_000_000)
    folder = await connect(server.endpoint())
    (file,) = await folder.list()
    assert [len(block) async for block in folder.read(file.name)] == [1 << 20, 2_000_000 - (1 << 20)]
    assert await folder.move("a.csv", "verwerkt", "ab") == "verwerkt/a.csv"
    (server.home / "in" / "a.csv").write_bytes(b"y")
    assert await folder.move("a.csv", "verwerkt", "ab") == "verwerkt/a.ab.csv"
    await folder.close()


async def test_a_name_in_another_encoding_holds_up_no_other_file(server: Server) -> None:
    for name in ("caf\udce9.csv", "a.csv"):
        (server.home / "in" / name).write_bytes(b"x")
    folder = await connect(server.endpoint())
    found = [file.name for file in await folder.list()]
    assert sorted(found) == ["a.csv", "caf\udce9.csv"]
    for each in found:
        assert [block async for block in folder.read(each)] == [b"x"]
        await folder.move(each, "verwerkt", "ab")
    assert len(await folder.list("verwerkt")) == 2
    await folder.close()


async def test_a_folder_without_end_is_listed_no_further(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sftp, "MOST_LISTED", 3)
    for number in range(4):
        (server.home / "in" / f"{number}.csv").write_bytes(b"x")
    folder = await connect(server.endpoint())
    with pytest.raises(SourceBarred, match="more files"):
        await folder.list()
    (server.home / "in" / "0.csv").unlink()
    assert len(await folder.list()) == 3
    await folder.close()


@pytest.mark.parametrize(
    "address",
    [
        "https://h:22",
        "sftp://",
        "sftp://u@h",
        "sftp://h/map",
        "sftp://h?x",
        "sftp://h:x",
        "sftp://h:99999",
        "sftp://[",
        "h:22",
        "",
    ],
)
async def test_an_address_that_is_no_server_is_refused(address: str) -> None:
    with pytest.raises(SourceBarred, match="not of the form"):
        await connect(Endpoint(address, {"username": "hub"}, {"password": b"x"}))


LISTED = [
    (b"wel.csv", 0o100644, b""),
    (b"zonder soort.csv", 0o644, b"-rw-r--r--"),
    (b"zonder rechten.csv", None, b"-rw-r--r-- 1 school"),
    (b"regel\neinde $(id).csv", 0o100644, b""),
    (b"verwijzing.csv", 0o120777, b""),
    (b"map", None, b"drwxr-xr-x"),
    (b"pijp.csv", 0o010644, b"-rw-r--r--"),
    (b"../../etc/passwd", 0o100644, b""),
    (b"/etc/shadow", 0o100644, b""),
    (b"..", 0o100644, b""),
]


async def test_only_plain_files_of_the_folder_itself_are_listed(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a server says is in a folder."""
    folder = await connect(server.endpoint())

    async def scandir(_self: object, _path: object) -> AsyncIterator[asyncssh.SFTPName]:
        for name, permissions, line in LISTED:
            yield asyncssh.SFTPName(name, line, asyncssh.SFTPAttrs(permissions=permissions, size=4))

    monkeypatch.setattr(asyncssh.SFTPClient, "scandir", scandir)
    assert {file.name for file in await folder.list()} == {name.decode() for name, _, _ in LISTED[:4]}
    monkeypatch.setattr(sftp, "MOST_LISTED", 6)
    with pytest.raises(SourceBarred, match="more files"):
        await folder.list()
    await folder.close()
