"""No check stops another: one that hangs, fails or is itself wrong is a finding of its own."""

from __future__ import annotations

import asyncio
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import pytest

from hub.domain.terms import LogId, Micros
from hub.errors import Misconfigured, Retry
from hub.health import examine as module
from hub.health.examine import Parts, examine
from hub.health.files import KeyFile
from hub.health.findings import Finding, State, ok, wrong
from hub.health.log import place
from hub.health.store import Connector, Recipient, Waiting
from hub.health.work import judge_connectors, judge_held, judge_objections, judge_processes, judge_recipients

DAY = 86_400_000_000


class Clock:
    def now_us(self) -> Micros:
        return Micros(1_795_262_400_000_000)


def fails(error: BaseException) -> Any:
    def work(*_: object) -> NoReturn:
        raise error

    return work


def parts(state: Path, **other: Any) -> Parts:
    given: dict[str, Any] = {
        "environment": "test",
        "log_id": LogId("hub"),
        "clock": Clock(),
        "state": state,
        "high_water": state / "high-water",
        "policy": fails(Misconfigured("no")),
        "mappings": dict,
        "keys": (),
        "vkey": fails(Misconfigured("no")),
        "main": None,
        "vault": None,
        "people": fails(Misconfigured("no")),
    }
    return Parts(**{**given, **other})


async def states(given: Parts) -> dict[str, Finding]:
    return {one.code: one for one in await examine(given)}


async def test_where_nothing_is_the_rest_is_examined_all_the_same(tmp_path: Path) -> None:
    found = await states(parts(tmp_path, known=[wrong("database-address")]))
    assert found["database-address"].state is found["policy"].state is State.wrong
    assert found["log"].state is found["work"].state is State.unknown
    assert found["disk"].state is found["machine-clock"].state is State.ok


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (Retry("away"), "away"),
        (Misconfigured("no"), "denied"),
        (PermissionError("/geheim"), "unreadable"),
        (ZeroDivisionError("geheim"), "ZeroDivisionError"),
    ],
)
async def test_a_check_that_fails_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, cause: str
) -> None:
    monkeypatch.setattr(module.files, "disks", fails(error))
    found = await states(parts(tmp_path))
    assert (found["disk"].state, found["disk"].parameters) == (State.unknown, {"cause": cause})
    assert "geheim" not in repr(found["disk"].told())
    assert found["machine-clock"].state is State.ok


async def test_a_check_that_hangs_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.01)

    async def never() -> None:
        await asyncio.Event().wait()

    found = await states(parts(tmp_path, oidc=never))
    assert (found["sign-in"].state, found["sign-in"].parameters) == (State.unknown, {"cause": "timeout"})
    assert found["connectors"].state is State.ok


async def test_each_key_is_examined_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.touch(mode=0o600)
    keys = (
        KeyFile("a", tmp_path / "none", object),
        KeyFile("b", path, fails(RuntimeError("geheim"))),
        KeyFile("c", path, object),
    )
    found = {one.about: one.state for one in await examine(parts(tmp_path, keys=keys)) if one.code == "key-file"}
    assert found == {"a": State.wrong, "b": State.unknown, "c": State.ok}


def test_a_mark_beside_the_database(tmp_path: Path) -> None:
    mark = tmp_path / "high-water"
    assert place(mark, tmp_path) == []  # there is none yet
    mark.touch()
    assert place(mark, tmp_path)[0].state is State.attention
    assert place(mark, Path("/proc")) == [ok("log-mark-place")]
    assert place(mark, None) == []


def test_processes_that_are_not_there() -> None:
    assert [one.state for one in judge_processes(["hub-serve", "hub-worker", "hub-doctor"])] == [State.ok, State.ok]
    assert [(one.about, one.state) for one in judge_processes(["hub-doctor"])] == [
        ("hub worker", State.attention),
        ("hub serve", State.attention),
    ]


@pytest.mark.parametrize(
    ("age", "state"), [(DAY, State.ok), (DAY + 1, State.attention), (7 * DAY, State.attention), (7 * DAY + 1, State.wrong)]
)
def test_how_long_a_delivery_may_wait(age: int, state: State) -> None:
    assert judge_held([Waiting("uwv", 4, 100)], 100 + age)[0].state is state


@pytest.mark.parametrize(
    ("connector", "codes"),
    [
        (Connector("bron", 0, "BEREIKT", False, None, None), set()),
        (Connector("bron", 2, "GEEN_ANTWOORD", False, None, 10 * DAY), set()),
        (Connector("bron", 3, "GEEN_ANTWOORD", False, None, 10 * DAY), {("connector-failing", State.attention)}),
        (Connector("bron", 1, "AANMELDEN_GEWEIGERD", True, None, None), {("connector-barred", State.wrong)}),
        (Connector("bron", 9, "AANMELDEN_GEWEIGERD", True, DAY, DAY), {("connector-stopped", State.attention)}),
        (Connector("bron", 0, "BEREIKT", False, None, 9 * DAY), {("connector-idle", State.wrong)}),
    ],
)
def test_connectors_from_which_nothing_comes(connector: Connector, codes: set[tuple[str, State]]) -> None:
    found = [one for one in judge_connectors([connector], 10 * DAY) if one.state is not State.ok]
    assert {(one.code, one.state) for one in found} == codes
    assert all("{" not in sentence for one in found for sentence in (one.told("nl").what, one.told("en").now))


@pytest.mark.parametrize(
    ("recipient", "codes"),
    [
        (Recipient("uwv", False, 0, 0), set()),
        (Recipient("uwv", False, 1, 99), set()),
        (Recipient("uwv", False, 1, 101), {"recipient-paused"}),
        (Recipient("uwv", False, 5, 0), {"recipient-paused"}),
        (Recipient("uwv", True, 0, 0), {"recipient-held"}),
        (Recipient("uwv", True, 1, 101), {"recipient-held", "recipient-paused"}),
    ],
)
def test_recipients_to_whom_nothing_goes(recipient: Recipient, codes: set[str]) -> None:
    assert {one.code for one in judge_recipients([recipient], 100) if one.state is not State.ok} == codes


def test_a_ruling_is_late_the_day_after_its_term() -> None:
    ends = [date(2026, 12, 2), date(2026, 11, 20)]
    assert judge_objections(ends, date(2026, 11, 20))[0].state is State.ok
    (found,) = judge_objections(ends, date(2026, 11, 21))
    assert (found.state, found.parameters) == (State.wrong, {"count": 1, "date": "2026-11-20"})
