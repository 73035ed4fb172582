"""What a server says of itself, judged."""

from __future__ import annotations

from typing import Any

import pytest

from hub.health.databases import judge
from hub.health.findings import State
from hub.health.parts import Base
from hub.health.store import Server

SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "data_checksums": "on",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_messages": "log",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


def judged(
    apart_us: int = 0, remote: bool = False, version: int = 170_010, encrypted: bool = False, free: int = 50, **settings: Any
) -> dict[str, State]:
    """What is not well about it."""
    base = Base("main", None, "hub_app", "0001", 10, remote)  # type: ignore[arg-type]
    said = {name: value for name, value in {**SETTINGS, **settings}.items() if value is not None}
    found = judge(base, Server(version, "hub_app", 0, 1, encrypted, free, said), apart_us)
    assert all(one.told("en").what and one.told("nl").what for one in found)
    return {one.code: one.state for one in found if one.state is not State.ok}


def test_as_roles_sql_sets_it_all_is_well() -> None:
    assert judged() == {}


@pytest.mark.parametrize(
    ("how", "code", "state"),
    [
        ({"version": 140_012}, "database-version", State.wrong),
        ({"fsync": "off"}, "database-durability", State.wrong),
        ({"full_page_writes": "off"}, "database-durability", State.wrong),
        ({"synchronous_commit": "off"}, "database-durability", State.wrong),
        ({"synchronous_commit": None}, "database-durability", State.wrong),
        ({"log_error_verbosity": "default"}, "database-logging", State.wrong),
        ({"log_min_error_statement": "error"}, "database-logging", State.wrong),
        ({"log_min_messages": "warning"}, "database-logging", State.wrong),
        ({"log_statement": "mod"}, "database-logging", State.wrong),
        ({"log_min_duration_statement": "0"}, "database-logging", State.wrong),
        ({"log_parameter_max_length": "-1"}, "database-logging", State.wrong),
        ({"log_parameter_max_length_on_error": "20"}, "database-logging", State.wrong),
        ({"log_statement": None}, "database-logging", State.wrong),
        ({"data_checksums": "off"}, "database-checksums", State.attention),
        ({"remote": True}, "database-encryption", State.wrong),
        ({"free": 9}, "database-connections", State.attention),
        ({"free": -2}, "database-connections", State.attention),
        ({"apart_us": 2_000_001}, "database-clock", State.attention),
        ({"apart_us": -2_000_001}, "database-clock", State.attention),
    ],
)
def test_each_weakness_is_found(how: dict[str, Any], code: str, state: State) -> None:
    assert judged(**how) == {code: state}


@pytest.mark.parametrize(
    "how", [{"version": 150_000}, {"remote": True, "encrypted": True}, {"free": 10}, {"apart_us": -2_000_000}]
)
def test_what_is_just_good_enough(how: dict[str, Any]) -> None:
    assert judged(**how) == {}
