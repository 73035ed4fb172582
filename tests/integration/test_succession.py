"""After a restore from a backup the hub signs nothing, until somebody says under which new name the log goes on."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest
import typer
from click.testing import Result
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from hub.audit import signing
from hub.audit.checkpoint import check_receipt, make_checkpoint, parse_receipt
from hub.audit.entry import parse
from hub.audit.guard import Guard
from hub.audit.highwater import HighWater, Mark
from hub.audit.log import Log
from hub.audit.origins import as_file, digest, origins
from hub.audit.record import Committer
from hub.audit.signing import LogSigner
from hub.audit.succession import Cause, Promise, go_on, look, read_mark
from hub.commands.log_life import log_life_commands
from hub.db import create_engine, transaction
from hub.errors import Conflict, HubError, Misconfigured, Refused, Tampered
from hub.postgres import PrivatePostgres, Urls
from hub.settings import Settings
from tests.fakes.recorder import KEY, LOG, OPERATOR, Clock, bodies, committing, item

ROOT = Path(__file__).resolve().parents[2]
AFTER = "hub.example/regio-a/2"


class Restored:
    """An installation whose database was put back to what it was after five of nine entries, as often as one likes."""

    def __init__(self, admin: asyncpg.Connection, urls: Urls, folder: Path) -> None:
        self._admin, self._urls, self._nth = admin, urls, 0
        self.folder, self.mark, self.trust = folder, folder / "high-water", folder / "trust"
        self.url = urls.database
        self.trust.write_text(f"log {KEY.vkey}\nquorum none\n")

    @property
    def _name(self) -> str:
        return self.url.rpartition("/")[2]

    async def copy(self, name: str) -> None:
        await self._admin.execute(f"CREATE DATABASE {name} TEMPLATE {self._name} OWNER hub_owner")

    async def put_back(self) -> None:
        """Yesterday's backup, once more."""
        self._nth += 1
        backup = f"{self._urls.database.rpartition('/')[2]}_backup"
        await self._admin.execute(f"CREATE DATABASE {backup}_{self._nth} TEMPLATE {backup} OWNER hub_owner")
        self.url = self._urls.database.rpartition("/")[0] + f"/{backup}_{self._nth}"

    async def clean(self) -> None:
        backup = f"{self._urls.database.rpartition('/')[2]}_backup"
        for name in (backup, *(f"{backup}_{nth}" for nth in range(1, self._nth + 1))):
            await self._admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def settings(self, key: str = "new.key", origin: str = AFTER) -> Settings:
        path = self.folder / key
        if not path.exists():
            signing.create(path)
        return Settings(
            environment="test",
            log_id=LOG,
            state=self.folder,
            log_key=path,
            log_origin=origin,
            high_water=self.mark,
            database_url=SecretStr(self.url),
            vault_url=SecretStr(self._urls.vault),
        )

    @asynccontextmanager
    async def open(self, by: LogSigner) -> AsyncIterator[tuple[AsyncEngine, Committer]]:
        """The hub, signing with this key."""
        engine, mark = create_engine(self.url), HighWater(self.mark)
        committer = Committer(engine, LOG, OPERATOR, by, Clock(), secrets.token_bytes, mark)
        try:
            await committer.start()
            yield engine, committer
        finally:
            await committer.stop()
            mark.close()
            await engine.dispose()

    async def hub(self, *command: str, settings: Settings | None = None) -> Result:
        """Runs a command; an error of the hub is the result's exception."""
        app, chosen = typer.Typer(), settings or self.settings()
        log_life_commands(app, lambda work: asyncio.run(work(chosen)))
        return await asyncio.to_thread(CliRunner().invoke, app, list(command))


@pytest.fixture
async def restored(postgres: PrivatePostgres, database_urls: Urls, tmp_path: Path) -> AsyncIterator[Restored]:
    admin = await asyncpg.connect(postgres.url("postgres", "postgres").replace("+asyncpg", ""), ssl=False)
    made = Restored(admin, database_urls, tmp_path)
    try:
        for entries in (5, 4):
            engine = create_engine(made.url)
            async with committing(engine, made.mark) as committer:
                told = await committer.record(item(entries))
                (tmp_path / f"receipt-{entries}").write_text(next(iter(told.receipts.values())))
            await engine.dispose()
            if entries == 5:
                await made.copy(f"{made._name}_backup")
        await made.put_back()
        yield made
    finally:
        await made.clean()
        await admin.close()


def refused(result: Result, kind: type[HubError], words: str) -> None:
    assert isinstance(result.exception, kind), (result.output, result.exception)
    assert words in str(result.exception)


GO = ("recover", "--go", "--by", "beheer", "--reason", "disk-lost")


async def test_a_log_goes_on_under_a_new_name_after_a_restore(restored: Restored, tmp_path: Path) -> None:
    with pytest.raises(Tampered, match="5 entries, but 9 were promised"):
        async with restored.open(KEY):
            pass
    told = await restored.hub("recover")
    assert told.exit_code == 0, told.exception
    assert "4 entries that were promised are gone" in told.output
    assert "Nothing was changed" in told.output

    trust = ("--trust", str(restored.trust))
    refused(await restored.hub(*GO), Misconfigured, "--trust is missing")
    refused(await restored.hub("recover", "--go", *trust), Misconfigured, "--by is missing")
    refused(await restored.hub(*GO, *trust, settings=restored.settings(origin=KEY.name)), Misconfigured, "in use before")
    refused(await restored.hub(*GO, *trust, "--cause", "rotation"), Refused, "Entries are gone")
    (tmp_path / "forged").write_text(f"log {signing.load(restored.folder / 'new.key', KEY.name).vkey}\n")
    refused(await restored.hub(*GO, "--trust", str(tmp_path / "forged")), Tampered, "not the one that was given out")

    (tmp_path / "fork").write_text(f"log {KEY.vkey}\n\n{make_checkpoint(KEY, 3, bytes(32))}")
    assert isinstance((await restored.hub("recover", "--trust", str(tmp_path / "fork"))).exception, Tampered)
    (tmp_path / "more").write_text(f"log {KEY.vkey}\n\n{make_checkpoint(KEY, 12, bytes(32))}")
    assert "7 entries that were promised are gone" in (await restored.hub("recover", "--trust", str(tmp_path / "more"))).output

    done = await restored.hub(*GO, *trust)
    assert done.exit_code == 0, done.exception
    new = signing.load(restored.folder / "new.key", AFTER)
    assert f"log {new.vkey}" in done.output
    assert (old := HighWater(tmp_path / "high-water.before-5").read()) is not None
    assert old.size == 9
    async with restored.open(new) as (engine, committer):
        await committer.record(item(300))
        entry = parse((await bodies(engine))[5])
        assert (entry["kind"], entry["operation"]) == ("key_rotation", "new-origin")
        details = {"cause": "restored", "kept": 5, "promised": 9, "before": digest(KEY.vkey), "staff": "beheer"}
        assert details.items() <= entry["details"].items()
        assert entry["details"]["promisedroot"] == old.root.hex()
        known = await origins(engine, LOG)
        assert as_file(known) == f"1 {KEY.vkey}\n6 {new.vkey}\n".encode()
        assert (await Guard(engine, LOG, new.vkey).check(newest=None)).size == 306

        # Entries of before are proved under the new name, and their old receipts hold under the old key.
        files = dict([file async for file in Log(engine, LOG, new.vkey).export()])
        receipt = (tmp_path / "receipt-5").read_text()
        check_receipt(receipt, (await bodies(engine))[parse_receipt(receipt).index], KEY.vkey)
        for path, content in files.items():
            (tmp_path / "export" / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "export" / path).write_bytes(content)
        (tmp_path / "export/origins").write_bytes(as_file(known))
    (tmp_path / "trust-2").write_text(f"log {new.vkey}\nquorum none\n")
    command = [sys.executable, "-I", str(ROOT / "ops/verify/verify.py"), str(tmp_path / "export"), "--trust"]
    verified = await asyncio.to_thread(subprocess.run, [*command, str(tmp_path / "trust-2")], capture_output=True, text=True)
    assert verified.returncode == 0, verified.stdout + verified.stderr

    # Nothing more was lost, and nothing is done twice; the same backup put back again is refused under either key.
    refused(await restored.hub(*GO, *trust, settings=restored.settings("other.key", AFTER + "b")), Tampered, "given out")
    await restored.put_back()
    for key, words in ((new, "was begun with|another|shorter"), (KEY, "shorter than it was")):
        with pytest.raises((Tampered, Misconfigured), match=words):
            async with restored.open(key):
                pass


async def test_what_was_interrupted_before_the_mark_was_put_in_its_place_is_finished(restored: Restored) -> None:
    await restored.hub(*GO, "--trust", str(restored.trust))
    new = signing.load(restored.folder / "new.key", AFTER)
    shutil.copy(restored.folder / "high-water.before-5", restored.mark)
    with pytest.raises(Tampered, match="shorter"):
        async with restored.open(new):
            pass
    done = await restored.hub(*GO, "--trust", str(restored.trust))
    assert "recorded before" in done.output, done.exception
    async with restored.open(new) as (engine, committer):
        assert (await committer.record(item())).size == 7
        assert len(await origins(engine, LOG)) == 2


async def test_a_key_is_replaced_where_nothing_is_lost_and_the_old_one_signs_no_more(
    database_urls: Urls, tmp_path: Path, engine: AsyncEngine
) -> None:
    made = Restored(None, database_urls, tmp_path)  # type: ignore[arg-type]
    stale = (
        engine,
        LOG,
        OPERATOR,
        signing.load(made.settings("stale.key").log_key or tmp_path, AFTER),
        Clock(),
        secrets.token_bytes,
    )
    rotate = ("--trust", str(made.trust), "--cause", "rotation")
    async with committing(engine, made.mark) as committer:
        await committer.record(item(2))
        found = await look(engine, LOG, read_mark(made.mark))
        await committer.record(item())
        with pytest.raises(Tampered):  # someone was promised another history
            await look(engine, LOG, [Promise("someone", Mark(2, bytes(32)))])
        with pytest.raises(Conflict):  # an entry came in between
            await go_on(*stale, made.mark, found, Cause.rotation, "beheer", "planned")
        refused(await made.hub(*GO, "--trust", str(made.trust)), Refused, "does not need this")
        done = await made.hub(*GO, *rotate, settings=made.settings(origin=KEY.name))
        assert done.exit_code == 0, done.exception
        with pytest.raises(Misconfigured, match="another key"):
            await committer.record(item())  # a process that still works with the old key
    new = signing.load(made.folder / "new.key", KEY.name)
    async with made.open(new) as (_, committer):
        assert (await committer.record(item())).size == 5
    well = await made.hub("check", settings=made.settings(origin=KEY.name))
    assert "5 entries and 4 checkpoints are what was signed" in well.output, well.exception
    listed = await made.hub("logs", settings=made.settings(origin=KEY.name))
    assert f"log {new.vkey}" in listed.output


async def test_a_database_that_was_changed_is_not_gone_on_with(restored: Restored, postgres: PrivatePostgres) -> None:
    vandal = await asyncpg.connect(postgres.url("postgres", restored._name).replace("+asyncpg", ""), ssl=False)
    await vandal.execute("SET session_replication_role = replica")
    await vandal.execute("UPDATE audit_entry SET body = 'x' WHERE seq = 2")
    await vandal.close()
    for command in (("recover",), (*GO, "--trust", str(restored.trust)), ("check",)):
        refused(await restored.hub(*command), Tampered, "Entry 2 " if command != ("check",) else "not")


@pytest.mark.parametrize("table", ["audit_log", "audit_origin", "audit_alarm"])
async def test_what_a_log_was_called_stays(engine: AsyncEngine, owner_engine: AsyncEngine, tmp_path: Path, table: str) -> None:
    async with committing(engine, tmp_path / "mark"):
        pass
    rows = {"audit_origin": "'r', 'p', 5, 'o', 'v', 'rotation', gen_random_uuid(), 1", "audit_alarm": "'r', 'p', 1, 'what'"}
    async with transaction(engine) as connection:
        if table in rows:
            await connection.raw.execute(f"INSERT INTO {table} VALUES ({rows[table]})")
    for act in (f"DELETE FROM {table}", f"TRUNCATE {table}", f"UPDATE {table} SET party_id = 'x'"):
        for by, refusal in ((engine, Misconfigured), (owner_engine, Tampered)):
            if by is owner_engine and table == "audit_alarm" and act.startswith("UPDATE"):
                continue  # one that has ended is written down there
            with pytest.raises(refusal):
                async with transaction(by) as connection:
                    await connection.raw.execute(act)
