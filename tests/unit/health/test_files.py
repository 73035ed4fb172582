"""Disks, the machine, and who may be named by a certificate; key files and expiry are in tests/integration/test_doctor.py."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from hub.domain.terms import Micros
from hub.health import files
from hub.health.files import KeyFile, disks, key, machine
from hub.health.findings import State

NOW = Micros(1_795_262_400_000_000)


@pytest.mark.parametrize(
    ("free", "state"),
    [(4 << 30, State.ok), (2 << 30, State.ok), ((2 << 30) - 1, State.attention), ((256 << 20) - 1, State.wrong)],
)
def test_room_on_a_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, state: State) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free, path=path))
    found = disks({"state": tmp_path / "not" / "made" / "yet"})
    assert [(one.code, one.about, one.state, one.parameters) for one in found] == [
        ("disk", "state", state, {"megabytes": free >> 20})
    ]


def test_the_disk_is_that_of_the_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[Path] = []

    def usage(path: Path) -> SimpleNamespace:
        asked.append(path)
        return SimpleNamespace(free=1 << 40)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    disks({"state": tmp_path / "not" / "yet", "high-water": tmp_path})
    assert asked == [tmp_path, tmp_path]


def test_a_machine_that_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    monkeypatch.setattr(files, "_available_memory", lambda: 256 << 20)
    assert {one.state for one in machine(NOW)} == {State.ok}


def test_a_machine_that_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 4096))
    monkeypatch.setattr(files, "_has_randomness", lambda: False)
    monkeypatch.setattr(files, "_available_memory", lambda: 100 << 20)
    monkeypatch.setattr("sys.version_info", (3, 10, 4))
    found = machine(Micros(0))
    assert {one.code: one.state for one in found} == {
        "machine-clock": State.wrong,
        "machine-random": State.wrong,
        "machine-python": State.wrong,
        "machine-files": State.attention,
        "machine-memory": State.attention,
    }
    assert all(one.told("en").what != one.told("nl").what for one in found)


def test_no_limit_on_files_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert {one.code: one.state for one in machine(NOW)}["machine-files"] is State.ok


def test_a_key_of_another_owner(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    path.touch(mode=0o600)
    assert key(KeyFile("log key", path, lambda: None), tmp_path)[0].state is State.ok
    elsewhere = SimpleNamespace(stat=lambda: SimpleNamespace(st_uid=path.stat().st_uid + 1))
    found = key(KeyFile("log key", path, lambda: None), elsewhere)  # type: ignore[arg-type]
    assert (found[0].state, found[0].parameters) == (State.attention, {"reason": "owner"})
