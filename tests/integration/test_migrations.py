"""What the schema itself guarantees, whoever writes: the log is only added to, a role does its work and no more."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub import db
from hub.errors import HubError, Misconfigured, Tampered
from hub.postgres import Urls
from hub.protect.store import move_subjects

SPAN = 5_000_000
_OUTBOX = "log_id, party_id, delivery_id, source, record_kind, subject_tag, nonce, digest, state, held_us"
_MAY_UPDATE = {"audit_head", "receive_drop", "receive_quarantine", "route_tally", "deliver_outbox", "identity_partner"}
_MAY_UPDATE |= {"deliver_recipient", "audit_indexed", "receive_connector", "connector_layout"}
_MAY_UPDATE |= {"connector_state", "connector_run", "connector_pace"}
_MAY_UPDATE |= {"identity_session", "identity_signin", "identity_staff", "rights_erasure"}
_MAY_DELETE = {"decision_call", "identity_assertion", "identity_session", "identity_signin"}
_MAY_DELETE |= {"audit_word", "audit_posting", "audit_moment", "audit_outcome", "audit_tally"}
_MAY_DELETE |= {"receive_inbox", "receive_inbox_block", "connector_layout"}
_MAY_DELETE |= {"connector_run", "setup_hand"}
_KEPT = ("audit_entry", "audit_tile", "audit_checkpoint")


async def run(engine: AsyncEngine, statement: str, *args: object) -> list[asyncpg.Record]:
    async with db.transaction(engine) as connection:
        found: list[asyncpg.Record] = await connection.raw.fetch(statement, *args)
    return found


async def partitions(engine: AsyncEngine, log: str, upto: int) -> int:
    rows = await run(engine, "SELECT ensure_audit_partitions($1, $2)", log, upto)
    made: int = rows[0][0]
    return made


async def leaves(engine: AsyncEngine) -> list[str]:
    rows = await run(engine, "SELECT relid::text FROM pg_partition_tree('audit_entry') WHERE isleaf AND level = 2 ORDER BY 1")
    return [row[0] for row in rows]


async def one_of_each(engine: AsyncEngine) -> None:
    """A row in each table that only grows."""
    await partitions(engine, "rijnmonde", 0)
    async with db.transaction(engine) as connection:
        entry = ("rijnmonde", "p", 0, UUID(int=1), bytes(32), b"{}")
        await connection.copy("audit_entry", ("log_id", "party_id", "seq", "ref", "leaf", "body"), [entry])
        await connection.copy("audit_tile", ("log_id", "party_id", "level", "idx", "hashes"), [("rijnmonde", "p", 0, 0, b"")])
        note = ("rijnmonde", "p", 1, "note", 1)
        await connection.copy("audit_checkpoint", ("log_id", "party_id", "size", "note", "created_us"), [note])
        await connection.raw.execute("INSERT INTO audit_head VALUES ('rijnmonde', 'p', 10, '', '', 1000)")


@pytest.mark.parametrize("table", _KEPT)
@pytest.mark.parametrize("act", ["UPDATE {} SET party_id = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_nobody_changes_the_log(engine: AsyncEngine, owner_engine: AsyncEngine, table: str, act: str) -> None:
    await one_of_each(engine)
    with pytest.raises(Misconfigured):
        await run(engine, act.format(table))
    with pytest.raises(Tampered):
        await run(owner_engine, act.format(table))
    assert len(await run(engine, f"SELECT FROM {table}")) == 1


@pytest.mark.parametrize("act", ["UPDATE {} SET party_id = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_nobody_changes_the_log_through_a_partition(engine: AsyncEngine, owner_engine: AsyncEngine, act: str) -> None:
    await one_of_each(engine)
    (leaf,) = await leaves(engine)
    for partition in (leaf, leaf.rpartition("_")[0]):
        with pytest.raises(Misconfigured):
            await run(engine, act.format(partition))
        with pytest.raises(Tampered):
            await run(owner_engine, act.format(partition))
    with pytest.raises(Misconfigured):
        await run(engine, f"SELECT FROM {leaf}")


@pytest.mark.parametrize(
    "change", ["size = 10", "size = 9", "size = 11, last_us = 999", "size = 11, log_id = 'x'", "party_id = 'x'"]
)
async def test_the_head_only_grows(engine: AsyncEngine, change: str) -> None:
    await one_of_each(engine)
    with pytest.raises(Tampered):
        await run(engine, f"UPDATE audit_head SET {change}")
    await run(engine, "UPDATE audit_head SET size = 11, last_us = 1000")
    assert (await run(engine, "SELECT size FROM audit_head"))[0][0] == 11


@pytest.mark.parametrize("act", ["DELETE FROM audit_head", "TRUNCATE audit_head"])
async def test_the_head_stays(engine: AsyncEngine, owner_engine: AsyncEngine, act: str) -> None:
    await one_of_each(engine)
    with pytest.raises(Tampered):
        await run(owner_engine, act)


@pytest.mark.parametrize(("leaf", "body"), [(bytes(31), b"{}"), (bytes(33), b"{}"), (bytes(32), bytes(65536))])
async def test_an_entry_has_the_form_of_the_tree(engine: AsyncEngine, leaf: bytes, body: bytes) -> None:
    await partitions(engine, "rijnmonde", 0)
    with pytest.raises(Misconfigured):
        await run(engine, "INSERT INTO audit_entry VALUES ('rijnmonde', 'p', 0, gen_random_uuid(), $1, $2)", leaf, body)
    with pytest.raises(Misconfigured):
        await run(engine, "INSERT INTO audit_entry VALUES ('other', 'p', 0, gen_random_uuid(), $1, $2)", bytes(32), b"{}")


async def test_partitions_are_made_once_and_ahead(engine: AsyncEngine) -> None:
    assert await partitions(engine, "rijnmonde", 0) == 1
    assert await partitions(engine, "rijnmonde", SPAN - 1) == 0
    assert await partitions(engine, "rijnmonde", 2 * SPAN) == 2
    assert await partitions(engine, "rijnmonde", 0) == 0
    assert await partitions(engine, "holland-rijnland", 0) == 1
    assert len(await leaves(engine)) == 4
    statement = "INSERT INTO audit_entry VALUES ('rijnmonde', 'p', $1, gen_random_uuid(), $2, '')"
    for seq in (0, SPAN - 1, SPAN, 3 * SPAN - 1):
        await run(engine, statement, seq, bytes(32))
    with pytest.raises(Misconfigured):
        await run(engine, statement, 3 * SPAN, bytes(32))


async def test_a_longest_name_is_a_log_too(engine: AsyncEngine) -> None:
    assert await partitions(engine, "a" * 63, 12 * SPAN) == 13
    assert await partitions(engine, "a" * 62, 0) == 1


async def test_many_processes_may_ask_for_the_same_partitions(engine: AsyncEngine) -> None:
    made = await asyncio.gather(*(partitions(engine, "rijnmonde", 3 * SPAN) for _ in range(8)))
    assert sum(made) == 4
    assert len(await leaves(engine)) == 4


async def test_what_was_pruned_stays_away(engine: AsyncEngine, owner_engine: AsyncEngine) -> None:
    await partitions(engine, "rijnmonde", 2 * SPAN)
    first = (await leaves(engine))[0]
    await run(owner_engine, f"DROP TABLE {first}")
    assert await partitions(engine, "rijnmonde", 3 * SPAN) == 1
    assert first not in await leaves(engine)


@pytest.mark.parametrize("log", ["", "Rijnmonde", "9a", "a_b", "a'b", "a" * 64, "a\n", "a; DROP TABLE audit_head"])
async def test_what_is_no_log_gets_no_partition(engine: AsyncEngine, log: str) -> None:
    with pytest.raises(Misconfigured):
        await partitions(engine, log, 0)


@pytest.mark.parametrize("upto", [-1, 1000 * SPAN, 2**63 - 1])
async def test_a_position_far_away_gets_no_partition(engine: AsyncEngine, upto: int) -> None:
    with pytest.raises(Misconfigured):
        await partitions(engine, "rijnmonde", upto)


async def test_the_function_trusts_no_search_path(engine: AsyncEngine) -> None:
    async with db.transaction(engine) as connection:
        await connection.raw.execute("SET LOCAL search_path = pg_temp")
        assert await connection.raw.fetchval("SELECT public.ensure_audit_partitions('rijnmonde', 0)") == 1
    assert len(await leaves(engine)) == 1
    rows = await run(engine, "SELECT proname, proconfig FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
    assert len(rows) == 12
    assert all(row["proconfig"][0] == "search_path=pg_catalog, pg_temp" for row in rows)


async def test_every_row_says_whose_it_is(owner_engine: AsyncEngine) -> None:
    found = await run(
        owner_engine,
        """SELECT c.relname, count(*) FROM pg_class c
           LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname IN ('log_id', 'party_id') AND a.attnotnull
                AND a.atttypid = 'text'::regtype
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
           GROUP BY 1""",
    )
    assert len(found) == 78
    assert {row["relname"]: row["count"] for row in found} == {row["relname"]: 2 for row in found}


async def test_the_application_may_do_its_work_and_no_more(engine: AsyncEngine) -> None:
    rows = await run(
        engine,
        """SELECT c.relname, p.privilege, has_table_privilege('hub_app', c.oid, p.privilege) AS may
           FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'])
                AS p(privilege)
           WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'""",
    )
    for table, privilege, may in rows:
        wanted = (
            privilege in ("SELECT", "INSERT")
            or (privilege == "UPDATE" and table in _MAY_UPDATE)
            or (privilege == "DELETE" and table in _MAY_DELETE)
        )
        assert may == wanted, (table, privilege)
    with pytest.raises(Misconfigured):
        await run(engine, "CREATE TABLE mine (x int)")
    with pytest.raises(Misconfigured):
        await run(engine, "ALTER TABLE audit_entry DISABLE TRIGGER ALL")


async def test_roles_have_no_more_than_they_need(engine: AsyncEngine) -> None:
    rows = await run(
        engine,
        """SELECT rolname, rolcanlogin, rolbypassrls FROM pg_roles WHERE rolname LIKE 'hub%'
           AND NOT (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolinherit)""",
    )
    assert {tuple(row) for row in rows} == {
        ("hub_owner", True, False),
        ("hub_app", True, True),
        ("hub_reader", False, False),
        ("hub_vault_owner", True, False),
        ("hub_vault", True, False),
    }


async def test_a_reader_sees_its_own_deliveries_alone(engine: AsyncEngine) -> None:
    for party in ("doorstroompunt", "werk"):
        values = "('r', $1, gen_random_uuid(), 's', 'uitvalmelding', '', '', '', 'held', 1)"
        await run(engine, f"INSERT INTO deliver_outbox ({_OUTBOX}) VALUES {values}", party)
    assert len(await run(engine, "SELECT FROM deliver_outbox")) == 2
    async with db.transaction(engine) as connection:
        await connection.raw.execute("SET LOCAL ROLE hub_reader")
        assert await connection.raw.fetch("SELECT party_id FROM deliver_outbox") == []
        await connection.raw.execute("SELECT set_config('hub.party_id', 'werk', true)")
        assert [row[0] for row in await connection.raw.fetch("SELECT party_id FROM deliver_outbox")] == ["werk"]
    assert (await run(engine, "SELECT current_user::text"))[0][0] == "hub_app"


@pytest.mark.parametrize(
    "statement", ["SELECT FROM audit_entry", "UPDATE deliver_outbox SET state = 'held'", "SELECT FROM audit_head"]
)
async def test_a_reader_does_nothing_else(engine: AsyncEngine, statement: str) -> None:
    with pytest.raises(Misconfigured):  # noqa: PT012
        async with db.transaction(engine) as connection:
            await connection.raw.execute("SET LOCAL ROLE hub_reader")
            await connection.raw.execute(statement)


async def test_the_vault_forgets(vault_engine: AsyncEngine) -> None:
    await run(vault_engine, "INSERT INTO vault_key VALUES ('r', 'p', 'who', 'wrapped', 1, 1, 'tag')")
    await run(vault_engine, "UPDATE vault_key SET wrapped = 'anew', kek_version = 2")
    await run(vault_engine, "DELETE FROM vault_key")
    assert await run(vault_engine, "SELECT FROM vault_key") == []


async def test_the_way_down_exists_and_leads_up_again(database_urls: Urls) -> None:
    root = Path(__file__).parents[2]
    for tree, url in (("main", database_urls.migration), ("vault", database_urls.vault_migration)):
        for step in (("downgrade", "base"), ("upgrade", "head"), ("upgrade", "head")):
            subprocess.run(  # noqa: ASYNC221
                [sys.executable, "-m", "alembic", "-c", str(root / "ops/migrations/alembic.ini"), "-n", tree, *step],
                env={**os.environ, "HUB_MIGRATION_URL": url},
                check=True,
            )
    engine = db.create_engine(database_urls.migration)
    await run(engine, "SELECT FROM audit_head")
    await engine.dispose()


async def test_migrations_may_be_asked_for_at_once_and_again(database_urls: Urls) -> None:
    engine = db.create_engine(database_urls.migration)
    await run(engine, "DROP OWNED BY hub_owner CASCADE")
    await engine.dispose()
    await asyncio.gather(*(db.migrate(database_urls.migration, "main") for _ in range(3)))
    await db.migrate(database_urls.migration, "main")


async def test_a_migration_by_the_wrong_role_is_for_the_administrator(database_urls: Urls) -> None:
    for url, tree in ((database_urls.vault, "main"), (database_urls.database, "vault")):
        with pytest.raises(HubError) as caught:
            await db.migrate(url, tree)
        assert isinstance(caught.value, Misconfigured)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


async def test_missing_migrations_are_for_the_administrator(database_urls: Urls, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="complete checkout"):
        await db.migrate(database_urls.migration, "main", migrations=tmp_path)


async def test_whom_entries_are_about_is_taken_along_to_the_vault(
    database_urls: Urls, owner_engine: AsyncEngine, vault_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.protect.store._PAGE", 3)
    root = Path(__file__).parents[2]
    subprocess.run(  # noqa: ASYNC221
        [sys.executable, "-m", "alembic", "-c", str(root / "ops/migrations/alembic.ini"), "-n", "main", "downgrade", "0015"],
        env={**os.environ, "HUB_MIGRATION_URL": database_urls.migration},
        check=True,
    )
    await run(
        owner_engine,
        """INSERT INTO audit_subject SELECT 'rijnmonde', 'p', decode(lpad(to_hex(n / 2), 32, '0'), 'hex'), gen_random_uuid()
           FROM generate_series(1, 10) AS n""",
    )
    rows = {tuple(row) for row in await run(owner_engine, "SELECT log_id, party_id, subject_tag, ref FROM audit_subject")}
    for _ in range(2):
        await move_subjects(owner_engine, vault_engine)
    await db.migrate(database_urls.migration, "main")
    await move_subjects(owner_engine, vault_engine)
    found = await run(vault_engine, "SELECT log_id, party_id, subject_tag, ref FROM vault_subject")
    assert {tuple(row) for row in found} == rows
    assert len(found) == 10
