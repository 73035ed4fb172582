"""What 'hub doctor' finds: a whole installation is well, and each thing that is broken is named, with what to do."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from hub import db, doctor
from hub.app import load_ring, make_keys, open_hub
from hub.clock import legal_date
from hub.consent.chain import body_of
from hub.consent.statement import What
from hub.domain.facts import StatementKind
from hub.domain.terms import Micros
from hub.errors import Retry
from hub.health import store
from hub.health.findings import Finding, State
from hub.postgres import PrivatePostgres, Urls
from hub.protect.vault import Vault
from hub.settings import Settings
from hub.statements.objections import last_day
from tests.fakes.shell import command
from tests.fakes.statements import TAG, event

NOW = datetime.now(UTC)


@pytest.fixture
def settings(database_urls: Urls, tmp_path: Path) -> Settings:
    """An installation on fresh databases, with its keys."""
    made = Settings(
        environment="test",
        state=tmp_path / "state",
        database_url=database_urls.database,  # type: ignore[arg-type]
        vault_url=database_urls.vault,  # type: ignore[arg-type]
    )
    make_keys(made)
    return made


async def as_owner(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""), ssl=False)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def begun(settings: Settings) -> None:
    """Starts the hub once, so that its log is there."""
    async with open_hub(settings) as hub:
        await hub.put_policy_in_use()


async def look(settings: Settings) -> dict[tuple[str, str], Finding]:
    found = await doctor.examine_installation(settings)
    assert {finding.told(language).name for finding in found for language in ("en", "nl")}  # all of it can be told
    return {(finding.code, finding.about): finding for finding in found}


def not_well(found: dict[tuple[str, str], Finding]) -> dict[tuple[str, str], State]:
    """What is not well, but for the processes that no test starts."""
    return {key: one.state for key, one in found.items() if one.state is not State.ok and one.code != "work"}


@asynccontextmanager
async def both_processes(urls: Urls) -> AsyncIterator[None]:
    """Connections that look like the server's and the worker's."""
    engines = [db.create_engine(urls.database, application_name=name) for name in ("hub-serve", "hub-worker")]
    for engine in engines:
        await db.fetch(engine, "SELECT 1")
    yield
    for engine in engines:
        await engine.dispose()


async def test_a_whole_installation_is_well(settings: Settings, database_urls: Urls) -> None:
    await begun(settings)
    async with both_processes(database_urls):
        found = await doctor.examine_installation(settings)
    assert [finding for finding in found if finding.state is not State.ok] == []
    assert doctor.exit_status(found) == 0
    assert len(found) > 45
    assert doctor.report(found, quiet=True) == ""


async def test_a_hub_that_runs_is_examined_over_its_own_connections(settings: Settings) -> None:
    async with open_hub(settings, name="hub-serve") as hub:
        await hub.put_policy_in_use()
        examine = doctor.examiner_of(hub)
        for _ in range(2):
            found = {(one.code, one.about): one for one in await examine()}
            assert {key for key, one in found.items() if one.state is not State.ok} == {("work", "hub worker")}


async def test_looking_changes_nothing(settings: Settings, database_urls: Urls) -> None:
    def files() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in settings.state.rglob("*") if path.is_file()}

    before = files()
    found = await look(settings)
    assert found["log-opened", ""].state is State.attention
    assert files() == before
    connection = await asyncpg.connect(database_urls.database.replace("+asyncpg", ""), ssl=False)
    assert await connection.fetchval("SELECT count(*) FROM audit_head") == 0
    await connection.close()


async def test_the_doctor_could_not_write_if_it_would(database_urls: Urls) -> None:
    engine = store.visitor(database_urls.database)
    try:
        with pytest.raises(Retry, match="only reads"):
            await db.fetch(engine, "UPDATE audit_head SET last_us = last_us")
    finally:
        await engine.dispose()


# -- databases


async def test_a_role_that_may_too_much(settings: Settings, database_urls: Urls, postgres: PrivatePostgres) -> None:
    await begun(settings)
    admin = postgres.url("postgres", "postgres")
    try:
        await as_owner(admin, "ALTER ROLE hub_app SUPERUSER")
        found = await look(settings)
        assert found["database-role", "main"].state is State.wrong
        assert "superuser" in found["database-role", "main"].told().why
        assert "ops/postgres/roles.sql" in found["database-role", "main"].told().now
        assert found["log-kept", ""].state is State.wrong  # a superuser may change it
        assert ("database-role", "vault") not in not_well(found)
    finally:
        await as_owner(admin, "ALTER ROLE hub_app NOSUPERUSER")


async def test_a_hub_that_connects_as_owner(settings: Settings, database_urls: Urls) -> None:
    await begun(settings)
    found = await look(settings.model_copy(update={"database_url": _secret(database_urls.migration)}))
    assert found["database-role", "main"].state is State.wrong
    assert "owner" in found["database-role", "main"].told().why


async def test_a_log_that_can_be_changed(settings: Settings, database_urls: Urls) -> None:
    await begun(settings)
    await as_owner(database_urls.migration, "GRANT UPDATE ON audit_entry TO hub_app")
    assert (await look(settings))["log-kept", ""].parameters["tables"] == "audit_entry"
    await as_owner(
        database_urls.migration,
        "REVOKE UPDATE ON audit_entry FROM hub_app",
        "ALTER TABLE audit_checkpoint DISABLE TRIGGER audit_keep",
    )
    assert (await look(settings))["log-kept", ""].parameters["tables"] == "audit_checkpoint"


async def test_row_security_that_is_off(settings: Settings, database_urls: Urls) -> None:
    await begun(settings)
    await as_owner(database_urls.migration, "ALTER TABLE deliver_outbox DISABLE ROW LEVEL SECURITY")
    assert not_well(await look(settings)) == {("row-security", ""): State.wrong}


async def test_migrations_that_did_not_all_run(settings: Settings, database_urls: Urls) -> None:
    await begun(settings)
    await as_owner(database_urls.vault_migration, "UPDATE alembic_version SET version_num = '0001'")
    found = await look(settings)
    assert not_well(found) == {("database-schema", "vault"): State.wrong}
    assert "hub admin migrate" in found["database-schema", "vault"].told().now


async def test_a_schema_that_cannot_be_read(settings: Settings, database_urls: Urls) -> None:
    await begun(settings)
    await as_owner(database_urls.migration, "REVOKE SELECT ON alembic_version FROM hub_app")
    assert not_well(await look(settings)) == {("database-schema", "main"): State.wrong}


@pytest.fixture
def place(quick_place: str | None) -> Iterator[Path]:
    """A state directory that a private PostgreSQL can live in, as root too."""
    with tempfile.TemporaryDirectory(prefix="hub-doctor-", dir=quick_place) as folder:
        Path(folder).chmod(0o711)
        state = Path(folder) / "state"
        state.mkdir(mode=0o711)
        yield state


async def test_a_private_postgresql_that_is_weak_or_not_running(place: Path) -> None:
    chosen = Settings(environment="acceptance", state=place)
    make_keys(chosen)
    (place / "high-water").touch()
    asleep = await doctor.examine_installation(chosen)
    assert {one.code: one.state for one in asleep}["postgres-asleep"] is State.unknown
    assert (doctor.exit_status(asleep), (place / "postgres").exists()) == (1, False)
    server = PrivatePostgres(place / "postgres", settings={"full_page_writes": "off", "max_connections": "12"})
    try:
        urls = server.start()
        await db.migrate(urls.migration, "main")
        await db.migrate(urls.vault_migration, "vault")
        found = await look(chosen)
    finally:
        server.stop()
    assert not_well(found) == {
        ("database-durability", "main"): State.wrong,
        ("database-durability", "vault"): State.wrong,
        ("database-connections", "main"): State.attention,
        ("log-opened", ""): State.attention,
        ("policy-unused", ""): State.attention,
        ("log-mark-place", ""): State.attention,
        ("witness-none", ""): State.attention,
    }
    assert found["database-durability", "main"].parameters["settings"] == "full_page_writes"
    assert found["disk", "database main"].state is State.ok


async def test_a_server_that_writes_down_values(settings: Settings, database_urls: Urls, postgres: PrivatePostgres) -> None:
    await begun(settings)
    name = database_urls.database.rpartition("/")[2]
    await as_owner(
        postgres.url("postgres", "postgres"),
        f"ALTER DATABASE {name} SET log_statement = 'all'",
        f"ALTER DATABASE {name} SET log_parameter_max_length_on_error = -1",
        f"ALTER DATABASE {name} SET log_error_verbosity = 'default'",
    )
    found = await look(settings)
    assert not_well(found) == {("database-logging", "main"): State.wrong}
    told = "log_error_verbosity, log_parameter_max_length_on_error, log_statement"
    assert found["database-logging", "main"].parameters["settings"] == told


async def test_a_database_that_is_away_or_lets_nobody_in(settings: Settings, database_urls: Urls) -> None:
    await begun(settings)
    gone = settings.model_copy(update={"database_url": _secret("postgresql://x:geheim@127.0.0.1:1/x")})
    found = await look(gone)
    assert found["database", "main"].parameters == {"reason": "away"}
    assert found["log", ""].state is found["work", ""].state is State.unknown
    assert found["database", "vault"].state is State.ok
    head, _, place = database_urls.vault.partition("@")
    locked = settings.model_copy(update={"vault_url": _secret(f"{head}x@{place}")})
    assert not_well(await look(locked)) == {("database", "vault"): State.wrong}


def _secret(url: str) -> Any:
    return Settings(database_url=url).database_url  # type: ignore[arg-type]


# -- keys, log, certificates


@pytest.mark.parametrize("name", ["keyring.json", "log.key", "token.jwk"])
async def test_a_key_file_that_is_not_as_it_should_be(settings: Settings, name: str) -> None:
    await begun(settings)
    path = settings.state / name
    about = {"keyring.json": "key ring", "log.key": "log key", "token.jwk": "token key"}[name]
    content = path.read_bytes()
    path.chmod(0o640)
    assert (await look(settings))["key-file", about].parameters == {"reason": "mode"}
    path.unlink()
    assert (await look(settings))["key-file", about].parameters == {"reason": "missing"}
    path.symlink_to(settings.policy)
    assert (await look(settings))["key-file", about].parameters == {"reason": "link"}
    path.unlink()
    path.write_bytes(b"{" + content[:9])
    path.chmod(0o600)
    assert (await look(settings))["key-file", about].parameters == {"reason": "content"}


async def test_a_log_with_another_key(settings: Settings) -> None:
    await begun(settings)
    (settings.state / "log.key").unlink()
    make_keys(settings)
    unproven = {("policy-unread", ""): State.wrong, ("party-followed", ""): State.unknown}
    assert not_well(await look(settings)) == {("log", ""): State.wrong, **unproven}


async def test_a_mark_that_is_gone_damaged_or_ahead(settings: Settings) -> None:
    await begun(settings)
    mark = settings.state / "high-water"
    content = mark.read_bytes()
    mark.unlink()
    found = await look(settings)
    assert found["log-mark", ""].parameters == {"reason": "missing"}
    assert not mark.exists()
    mark.write_bytes(b"x" * len(content))
    assert (await look(settings))["log-mark", ""].parameters == {"reason": "damaged"}
    mark.unlink()
    ahead = (1000).to_bytes(8) + bytes(32)
    mark.write_bytes(ahead + sha256(ahead).digest())
    found = await look(settings)
    assert not_well(found) == {("log-mark", ""): State.wrong}
    assert found["log-mark", ""].parameters == {"reason": "ahead"}


async def test_a_vault_of_another_key_ring(settings: Settings) -> None:
    async with open_hub(settings) as hub:
        await hub.put_policy_in_use()
        vault = Vault(hub.vault_engine, load_ring(settings), hub.log_id, secrets.token_bytes)
        await vault.subjects([b"t" * 32], hub.operator, hub.clock.now_us())
    assert not_well(await look(settings)) == {}
    (settings.state / "keyring.json").unlink()
    make_keys(settings)
    assert not_well(await look(settings)) == {("vault-keys", ""): State.wrong}


def certificate(folder: Path, *, days: int, host: str = "hub.example", key: Any = None) -> tuple[Path, Path]:
    """A certificate that ends in `days` days, and its key."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(7)
        .not_valid_before(NOW - timedelta(days=90))
        .not_valid_after(NOW + timedelta(days=days, hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(private, SHA256())
    )
    files = folder / f"{secrets.token_hex(4)}.pem", folder / f"{secrets.token_hex(4)}.key"
    files[0].write_bytes(made.public_bytes(Encoding.PEM))
    files[1].write_bytes((key or private).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    files[1].chmod(0o600)
    return files


@pytest.mark.parametrize(
    ("days", "state"), [(-3, State.wrong), (7, State.wrong), (30, State.attention), (60, State.attention), (61, State.ok)]
)
async def test_a_certificate_that_ends(settings: Settings, tmp_path: Path, days: int, state: State) -> None:
    await begun(settings)
    path, key = certificate(tmp_path, days=days)
    given = {"tls_certificate": path, "tls_key": key, "issuer": "https://hub.example"}
    found = await look(settings.model_copy(update=given))
    assert found["certificate-end", "of the server"].state is state
    assert not_well(found) == ({} if state is State.ok else {("certificate-end", "of the server"): state})


async def test_a_certificate_that_is_another(settings: Settings, tmp_path: Path) -> None:
    await begun(settings)
    path, key = certificate(tmp_path, days=90)
    other, _ = certificate(tmp_path, days=90)

    async def reason(**given: Any) -> Any:
        update = {"tls_certificate": path, "tls_key": key, "issuer": "https://hub.example", **given}
        return (await look(settings.model_copy(update=update)))["certificate", "of the server"].parameters.get("reason")

    assert await reason() is None
    assert await reason(issuer="https://elders.example") == "name"
    assert await reason(tls_certificate=other, tls_key=key) == "key"
    assert await reason(tls_certificate=tmp_path / "none") == "unreadable"
    chain = tmp_path / "chain.pem"
    chain.write_bytes(path.read_bytes() + other.read_bytes())
    assert await reason(tls_certificate=chain) == "chain"


async def test_what_recipients_ask_for(settings: Settings, tmp_path: Path) -> None:
    await begun(settings)
    path, key = certificate(tmp_path, days=20)
    authority, _ = certificate(tmp_path, days=-1)
    token = tmp_path / "token"
    token.write_text("geheim")
    token.chmod(0o644)
    known_hosts = tmp_path / "known_hosts"
    known_hosts.touch()
    shown = {"certificate": str(path), "key": str(key), "ca": str(authority), "token_file": str(token)}
    to = {"id": "naar-uwv", "connector": "gemeente", "party": "uwv", "url": "https://uwv.example/in", **shown}
    instance = {"id": "duo-uitval", "connector": "duo_uitval", "party": "duo", "host": "h", "username": "u"}
    connectors = tmp_path / "connectors.yaml"
    content = {"instances": [{**instance, "known_hosts": str(known_hosts)}], "recipients": [to]}
    connectors.write_bytes(orjson.dumps(content))  # JSON is YAML
    found = await look(settings.model_copy(update={"connectors": connectors}))
    assert not_well(found) == {
        ("mapping-verified", ""): State.attention,
        ("certificate-end", "shown to naar-uwv"): State.attention,
        ("certificate-end", "authority of naar-uwv"): State.wrong,
        ("key-file", "token of naar-uwv"): State.wrong,
    }
    known_hosts.unlink()
    found = await look(settings.model_copy(update={"connectors": connectors}))
    assert found["connectors", ""].state is State.wrong
    connectors.write_text("instances: 3")
    found = await look(settings.model_copy(update={"connectors": connectors}))
    assert not_well(found) == {("connectors", ""): State.wrong}


async def test_a_provider_of_sign_in_that_is_another_or_away(settings: Settings) -> None:
    await begun(settings)
    named = ""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = orjson.dumps({"issuer": named})
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    given = settings.model_copy(update={"oidc_issuer": issuer})
    named = issuer
    assert (await look(given))["sign-in", ""].state is State.ok
    named = "https://elders.example"
    assert not_well(await look(given)) == {("sign-in", ""): State.wrong}
    server.close()
    await server.wait_closed()
    assert not_well(await look(given)) == {("sign-in", ""): State.wrong}


# -- work


Put = Callable[..., Awaitable[None]]


@pytest.fixture
async def put(settings: Settings, database_urls: Urls) -> AsyncIterator[Put]:
    """Puts rows of work where the hub would have put them."""
    await begun(settings)
    connection = await asyncpg.connect(database_urls.database.replace("+asyncpg", ""), ssl=False)

    async def add(table: str, **columns: Any) -> None:
        places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        await connection.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", *columns.values())

    yield add
    await connection.close()


def ago(**time: float) -> int:
    return int((datetime.now(UTC) - timedelta(**time)).timestamp() * 1_000_000)


def delivery(since_us: int, **other: Any) -> dict[str, Any]:
    columns = {
        "log_id": "hub",
        "party_id": "doorstroompunt-lindemark",
        "delivery_id": uuid4(),
        "source": "duo",
        "record_kind": "uitvalmelding",
        "subject_tag": b"t",
        "sealed": b"s",
        "nonce": b"n",
        "digest": b"d",
        "state": "held",
        "held_us": since_us,
    }
    return columns | other


async def test_deliveries_that_wait(settings: Settings, put: Put) -> None:
    who = "doorstroompunt-lindemark"
    await put("deliver_outbox", **delivery(ago(hours=2)))
    assert not_well(await look(settings)) == {}
    await put("deliver_outbox", **delivery(ago(days=2)))
    found = await look(settings)
    assert not_well(found) == {("delivery-held", who): State.attention}
    await put("deliver_outbox", **delivery(ago(days=8), state="handed"))
    await put("deliver_outbox", **delivery(ago(days=30), state="acknowledged"))
    found = await look(settings)
    assert found["delivery-held", who] == Finding("delivery-held", State.wrong, {"count": 3, "days": 8}, who)


async def test_deliveries_that_failed_and_recipients_that_are_stopped(settings: Settings, put: Put) -> None:
    who = "werk-en-inkomen-aldermeer"
    await put("deliver_outbox", **delivery(ago(hours=5), state="failed", failed_us=ago(hours=3), party_id=who))
    await put("deliver_recipient", log_id="hub", party_id=who, held=True)
    await put("deliver_recipient", log_id="hub", party_id="uwv", failures=3, closed_us=ago(minutes=-1))
    await put("deliver_recipient", log_id="hub", party_id="duo", failures=1, closed_us=ago(minutes=1))
    found = await look(settings)
    assert not_well(found) == {
        ("delivery-failed", who): State.attention,
        ("recipient-held", who): State.attention,
        ("recipient-paused", "uwv"): State.attention,
    }
    assert found["delivery-failed", who].parameters == {"count": 1, "hours": 3}


async def test_rows_and_files_that_wait(settings: Settings, put: Put) -> None:
    row = {"log_id": "hub", "party_id": "duo", "faults": "[]", "key_version": 1, "created_us": ago(hours=30)}
    await put("receive_quarantine", quarantine_id=uuid4(), drop_id=uuid4(), row_number=2, **row)
    await put("receive_quarantine", quarantine_id=uuid4(), drop_id=uuid4(), row_number=2, **row, state="replayed")
    drop = {"log_id": "hub", "party_id": "duo", "connector": "duo-uitval", "seen_us": 0}
    states = [("taken", 20), ("taken", 2), ("done", 99), ("refused", 50), ("refused", 60 * 24 * 8)]
    for state, minutes in states:
        digest = secrets.token_bytes(32)
        await put("receive_drop", drop_id=uuid4(), file_digest=digest, state=state, updated_us=ago(minutes=minutes), **drop)
    found = await look(settings)
    assert not_well(found) == {
        ("quarantine", ""): State.attention,
        ("file-stuck", "duo-uitval"): State.wrong,
        ("file-refused", "duo-uitval"): State.attention,
    }
    assert found["quarantine", ""].parameters == {"count": 1, "hours": 30}
    assert found["file-stuck", "duo-uitval"].parameters["count"] == 1
    assert found["file-refused", "duo-uitval"].parameters["count"] == 1


async def test_what_nobody_tidied(settings: Settings, put: Put) -> None:
    row = {"log_id": "hub", "party_id": "duo", "client_id": "c", "expires_us": ago(days=2)}
    await put("identity_assertion", jti_digest=b"j", **row)
    await put("identity_assertion", jti_digest=b"k", **{**row, "expires_us": ago(hours=2)})
    assert (await look(settings))["tidied", ""].parameters == {"count": 1}


async def test_an_objection_on_which_nobody_ruled_in_time(settings: Settings, put: Put) -> None:
    said = int(ago(days=40))
    body = body_of(event(What.given, said, kind=StatementKind.bezwaar))
    row = {"log_id": "hub", "party_id": "duo", "subject_tag": TAG, "body": body, "seq": 1, "hash": bytes(32)}
    await put("consent_event", statement_id=UUID(int=7), **row)
    found = (await look(settings))["objection-late", ""]
    due = last_day(legal_date(Micros(said))).isoformat()
    assert (found.state, found.parameters) == (State.wrong, {"count": 1, "date": due})


# -- the command


async def test_the_command_tells_and_ends_with_the_status(settings: Settings, database_urls: Urls) -> None:
    await begun(settings)
    environment = {
        "HUB_ENVIRONMENT": "test",
        "HUB_STATE": str(settings.state),
        "HUB_DATABASE_URL": database_urls.database,
        "HUB_VAULT_URL": database_urls.vault,
    }
    async with both_processes(database_urls):
        done = command("doctor", environment=environment)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
        assert "checks well" in done.stdout
        quiet = command("doctor", "--quiet", environment=environment)
        assert (quiet.returncode, quiet.stdout) == (0, "")
        (settings.state / "keyring.json").chmod(0o644)
        told = command("doctor", "--quiet", environment=environment)
        assert told.returncode == 5
        assert told.stdout.startswith("wrong\n  Key file (key ring): ")
        machine = command("doctor", "--json", environment=environment)
    assert machine.returncode == 5
    said = orjson.loads(machine.stdout)
    assert said["state"] == "wrong"
    assert (said["findings"][0]["code"], said["findings"][0]["about"]) == ("key-file", "key ring")
    for secret in (database_urls.database, database_urls.vault):
        assert secret.split(":")[2].split("@")[0] not in machine.stdout


def test_settings_that_cannot_be_read_are_a_finding() -> None:
    done = command("doctor", environment={"HUB_ENVIROMENT": "production"})
    assert done.returncode == 5
    assert "HUB_ENVIROMENT" in done.stdout
    done = command("doctor", environment={"HUB_PORT": "geheim-999990019"})
    assert done.returncode == 5
    assert "HUB_PORT" in done.stdout
    assert "geheim" not in done.stdout + done.stderr


def test_the_command_says_its_status() -> None:
    done = command("doctor", "--help", environment={"COLUMNS": "300"})
    assert "1 something wants attention" in done.stdout
