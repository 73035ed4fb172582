"""What every command does before its own work."""

from __future__ import annotations

import getpass

import pytest

from hub import cli


def test_a_user_without_a_name_is_given_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_uid: int) -> None:
        raise KeyError

    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setattr(cli, "configure", lambda: None)
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "")
    names: list[str] = []
    cli.guarded(lambda: names.append(getpass.getuser()))
    assert names == ["hub"]
