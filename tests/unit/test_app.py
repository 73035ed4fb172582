"""What the composition root refuses to start with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hub import app
from hub.app import Hub, load_token_key, make_keys
from hub.consent.model import AS_WRITTEN
from hub.domain.terms import PartyId
from hub.errors import Misconfigured, Retry
from hub.policies.use import UNREAD_US
from hub.settings import Settings
from tests.fakes.recorder import Clock


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = Settings(state=tmp_path)
    make_keys(made)
    return made


def test_the_token_key_loads_as_it_was_made(settings: Settings) -> None:
    assert load_token_key(settings).is_private


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o602])
def test_a_token_key_that_others_can_reach_is_refused(settings: Settings, mode: int) -> None:
    """Who reads it is any partner it likes."""
    (settings.state / "token.jwk").chmod(mode)
    with pytest.raises(Misconfigured, match="others"):
        load_token_key(settings)


def test_a_link_to_a_token_key_is_refused(settings: Settings) -> None:
    key = settings.state / "token.jwk"
    key.rename(key.with_name("elsewhere"))
    key.symlink_to(key.with_name("elsewhere"))
    with pytest.raises(Misconfigured, match="link"):
        load_token_key(settings)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"kty":"EC"}'])
def test_a_damaged_token_key_is_refused(settings: Settings, content: bytes) -> None:
    (settings.state / "token.jwk").write_bytes(content)
    with pytest.raises(Misconfigured):
        load_token_key(settings)


class _Seen:
    """A watch that tells of a change once, as the one over a database does."""

    unread_since = None

    def __init__(self, *_of: object) -> None:
        self.changed = True

    async def going_on(self, _policy: object, life: Any) -> Any:
        return life

    async def look(self) -> Any:
        if not self.changed:
            return None
        self.changed = False
        return SimpleNamespace(policy="the set with an agreement suspended", life=AS_WRITTEN)


@pytest.mark.parametrize("failure", [Retry("No.", "The database was away.", "Repeat it."), RuntimeError("unforeseen")])
async def test_a_suspension_that_was_seen_holds_also_when_the_same_look_failed_at_something_else(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    """The watch tells of a change once; an error beside it must not take it away, nor end the watching."""
    put: list[object] = []
    stopping, failures = asyncio.Event(), [failure]

    async def silent(*_of: object) -> frozenset[PartyId]:
        if failures:
            raise failures.pop()
        return frozenset()

    def taken_over(policy: object, _life: object) -> None:
        put.append(policy)
        stopping.set()

    monkeypatch.setattr(app, "Watch", _Seen)
    monkeypatch.setattr(app, "silent_recipients", silent)
    monkeypatch.setattr(app, "_KEEP_UP_S", 0.001)
    hub = cast(
        Hub,
        SimpleNamespace(
            engine=None,
            log_id=None,
            stamped=None,
            acts=None,
            clock=None,
            rules=SimpleNamespace(put=taken_over, policy=None, life=AS_WRITTEN),
        ),
    )
    await asyncio.wait_for(Hub.keep_up(hub, stopping), 5)
    assert put == ["the set with an agreement suspended"]


async def test_a_hub_that_goes_on_by_old_rules_says_so_and_after_a_day_is_not_ready() -> None:
    class Answers:
        async def execute(self, _statement: str) -> None: ...

    @asynccontextmanager
    async def open_(_engine: object) -> AsyncIterator[Any]:
        yield SimpleNamespace(raw=Answers())

    clock = Clock()
    rules = SimpleNamespace(unread_since=None)
    hub = cast(Hub, SimpleNamespace(engine=None, vault_engine=None, rules=rules, clock=clock))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "transaction", open_)
        assert await Hub.ready(hub) == "in orde"
        rules.unread_since = clock.now_us()
        assert await Hub.ready(hub) == "oude afspraken"
        clock.us += UNREAD_US
        with pytest.raises(Retry, match="Nothing is in force"):
            await Hub.ready(hub)
