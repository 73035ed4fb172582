"""The policy that a log entry names can be read as long as the log: kept under its hash, once, and never changed."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from pathlib import Path

import orjson
import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.app import make_keys, open_hub
from hub.audit.entry import parse
from hub.consent.policy import canonical_policy, load_policy
from hub.consent.store import kept_policy, policy_in_use
from hub.db import transaction
from hub.domain.terms import LogId, PolicyHash
from hub.errors import Misconfigured, Tampered
from hub.postgres import Urls
from hub.settings import Settings
from tests.fakes.recorder import LOG, bodies
from tests.fakes.shell import command

POLICY = Path(__file__).parents[2] / "schemas" / "policy"


@pytest.fixture
def settings(database_urls: Urls, tmp_path: Path) -> Settings:
    chosen = Settings(
        environment="test",
        log_id=LOG,
        state=tmp_path / "state",
        policy=tmp_path / "policy",
        database_url=SecretStr(database_urls.database),
        vault_url=SecretStr(database_urls.vault),
    )
    shutil.copytree(POLICY, chosen.policy)
    make_keys(chosen)
    return chosen


def narrow(policy: Path) -> PolicyHash:
    """Changes the set, and gives its new hash."""
    file = policy / "agreements" / "mbo-doorstroompunt.v1.yaml"
    file.write_text(file.read_text().replace("max: 26", "max: 25"))
    return load_policy(policy).hash


async def put_in_use(settings: Settings, times: int = 1) -> None:
    """That many processes start at once."""

    async def start() -> None:
        async with open_hub(settings) as hub:
            await hub.put_policy_in_use()
            await hub.put_policy_in_use()

    await asyncio.gather(*(start() for _ in range(times)))


async def uses(engine: AsyncEngine) -> list[str]:
    """The hashes that the log says were put into use, in its order."""
    entries = [parse(body) for body in await bodies(engine)]
    return [entry["details"]["policy"] for entry in entries if entry["operation"] == "policy-found"]


async def test_the_directory_is_laid_down_once_and_never_looked_at_again(settings: Settings, engine: AsyncEngine) -> None:
    first = load_policy(settings.policy)
    await put_in_use(settings, times=3)
    assert await uses(engine) == [first.hash]
    assert narrow(settings.policy) != first.hash
    await put_in_use(settings, times=2)
    assert await uses(engine) == [first.hash]
    async with open_hub(settings) as hub:
        assert hub.policy.hash == first.hash
    assert (await policy_in_use(engine, LOG))[1] == first.hash
    kept = await kept_policy(engine, LOG, first.hash)
    assert kept == canonical_policy(first)
    assert hashlib.sha256(kept).hexdigest() == first.hash
    assert orjson.loads(kept)["agreements"][0]["clauses"]
    assert await kept_policy(engine, LOG, PolicyHash("0" * 64)) is None
    assert (await policy_in_use(engine, LogId("elders")))[1] is None


@pytest.mark.parametrize("act", ["UPDATE {} SET body = ''", "DELETE FROM {}", "TRUNCATE {}"])
async def test_nobody_changes_what_was_kept(
    settings: Settings, engine: AsyncEngine, owner_engine: AsyncEngine, act: str
) -> None:
    await put_in_use(settings)
    for who, error in ((engine, Misconfigured), (owner_engine, Tampered)):
        with pytest.raises(error):
            async with transaction(who) as connection:
                await connection.raw.execute(act.format("consent_policy"))


async def test_a_text_that_is_not_its_hash_is_said(settings: Settings, engine: AsyncEngine, owner_engine: AsyncEngine) -> None:
    await put_in_use(settings)
    async with transaction(owner_engine) as connection:
        await connection.raw.execute("ALTER TABLE consent_policy DISABLE TRIGGER audit_keep")
        await connection.raw.execute("UPDATE consent_policy SET body = body || ' '")
    with pytest.raises(Tampered, match="not what its hash says"):
        await kept_policy(engine, LOG, load_policy(settings.policy).hash)


async def test_an_officer_reads_the_policy_that_an_entry_names(settings: Settings, database_urls: Urls) -> None:
    environment = {
        "HUB_ENVIRONMENT": "test",
        "HUB_LOG_ID": LOG,
        "HUB_STATE": str(settings.state),
        "HUB_DATABASE_URL": database_urls.database,
        "HUB_VAULT_URL": database_urls.vault,
    }
    await put_in_use(settings)
    used = load_policy(settings.policy).hash
    shown = await asyncio.to_thread(command, "policy", "show", used, environment=environment)
    assert hashlib.sha256(shown.stdout.removesuffix("\n").encode()).hexdigest() == used
    for wrong in ("0" * 64, "geen-hash"):
        refused = await asyncio.to_thread(command, "policy", "show", wrong, environment=environment)
        assert (refused.returncode, refused.stdout) == (3, "")
        assert "log entry" in refused.stderr
