"""What every command does before its own work."""

from __future__ import annotations

import getpass

import pytest

from hub import cli
from hub.errors import Misconfigured


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


def test_a_misspelt_setting_is_refused_and_what_an_orchestrator_adds_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT_8443_TCP_ADDR", "10.0.0.1")
    monkeypatch.setenv("HUB_SERVICE_HOST", "10.0.0.1")
    assert cli.settings().environment == "development"
    monkeypatch.setenv("HUB_ENVIROMENT", "production")
    with pytest.raises(Misconfigured, match="HUB_ENVIROMENT"):
        cli.settings()
