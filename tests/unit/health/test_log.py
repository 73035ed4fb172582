"""The age of the log's last entry, and the room for the next."""

from __future__ import annotations

from typing import Any

import pytest

from hub.audit.store import Head
from hub.domain.terms import LogId, Micros
from hub.health import log
from hub.health.findings import State

LOG, DAY, NOW = LogId("hub"), 86_400_000_000, Micros(1_795_262_400_000_000)


def stands(monkeypatch: pytest.MonkeyPatch, size: int, last_us: int, room: int = 0) -> None:
    async def head(*_: Any) -> tuple[Head, str | None]:
        return Head(size, b"", last_us), None

    async def ahead(*_: Any) -> int:
        return room

    monkeypatch.setattr(log.store, "head", head)
    monkeypatch.setattr(log.store, "room", ahead)
    monkeypatch.setattr(log, "check_signed", lambda *_: None)


@pytest.mark.parametrize(
    ("age_us", "found"),
    [
        (0, {}),
        (7 * DAY - 1, {}),
        (7 * DAY, {"log-quiet": State.attention}),
        (-5_000_000, {}),
        (-5_000_001, {"log-time": State.wrong}),
    ],
)
async def test_when_the_last_entry_was(monkeypatch: pytest.MonkeyPatch, age_us: int, found: dict[str, State]) -> None:
    stands(monkeypatch, 9, NOW - age_us)
    told = await log.head(None, LOG, lambda: "key", NOW)  # type: ignore[arg-type]
    assert {one.code: one.state for one in told if one.state is not State.ok} == found


@pytest.mark.parametrize(
    ("room", "state"),
    [(250_009, State.ok), (250_008, State.attention), (10_009, State.attention), (10_008, State.wrong), (0, State.wrong)],
)
async def test_room_for_what_comes(monkeypatch: pytest.MonkeyPatch, room: int, state: State) -> None:
    stands(monkeypatch, 9, NOW, room)
    assert [one.state for one in await log.room(None, LOG)] == [state]  # type: ignore[arg-type]
