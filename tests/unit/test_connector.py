"""A connector is found by its folder; one that is not whole refuses to load."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import hub.connectors.duo_uitval
from hub.connector import Endpoint, RemoteFile, load_manifest
from hub.errors import Misconfigured
from hub.registry import load_connectors

MANIFEST = Path(hub.connectors.duo_uitval.__file__).parent / "manifest.toml"


def test_the_registry_finds_folders_by_name() -> None:
    found = load_connectors()
    assert found["duo_uitval"].manifest.id == "duo_uitval"
    assert found["duo_uitval"].mapping.name == "mapping.yaml"
    assert callable(found["duo_uitval"].connect("sftp"))


def test_a_connector_goes_the_way_that_its_manifest_says() -> None:
    with pytest.raises(Misconfigured, match="does not push"):
        _ = load_connectors()["duo_uitval"].open_sink
    with pytest.raises(Misconfigured, match="does not fetch"):
        _ = load_connectors()["bezorging"].format()
    with pytest.raises(Misconfigured, match="among the registers"):
        _ = load_connectors()["uwv_suwinet"].connect("soap")
    with pytest.raises(Misconfigured, match="does not ask"):
        _ = load_connectors()["bezorging"].open_query
    with pytest.raises(Misconfigured, match="does not speak soap"):
        _ = load_connectors()["duo_uitval"].connect("soap")
    with pytest.raises(Misconfigured, match="Nothing is fetched over upload"):
        _ = load_connectors()["duo_verzuim"].connect("upload")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('id = "duo_uitval"', 'id = "other"', "its folder duo_uitval"),
        ('owner = "Connector maintainers of the hub"\n', "", "owner"),
        ('direction = "inbound"', 'direction = "sideways"', "direction"),
        ('parties = ["duo"]', 'parties = ["duo"]\nsecret = "x"', "secret"),
        ('  "opmerking",', '  "opmerking",\n  "opmerking",', "declared twice"),
        ("elements = [", 'elements = ["Not a name",', "elements"),
        ('protocols = ["sftp"]', 'protocols = ["ftp"]', "protocol"),
        ("[[records]]", "[[records", "TOML"),
        ("[transport]", '[[records]]\nkind = "verzuimmelding"\ncanonical = "1"\nwire = "x-1"\n\n[transport]', "one kind"),
    ],
)
def test_a_manifest_that_is_not_understood_refuses_to_load(tmp_path: Path, old: str, new: str, why: str) -> None:
    text = MANIFEST.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "duo_uitval").mkdir()
    path = tmp_path / "duo_uitval/manifest.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Misconfigured) as caught:
        load_manifest(path)
    assert why in caught.value.why


@pytest.mark.parametrize(
    ("connector", "missing", "why"),
    [
        ("duo_uitval", "mapping.yaml", "no mapping.yaml"),
        ("bezorging", "client.py", "no open_sink"),
        ("uwv_suwinet", "client.py", "no open_query"),
        ("lvs_oso", "inbound.py", "no FORMAT"),
    ],
)
def test_a_folder_that_lacks_a_part_refuses_to_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, connector: str, missing: str, why: str
) -> None:
    package = f"without_part_of_{connector}"
    home = tmp_path / package
    shutil.copytree(MANIFEST.parents[1] / connector, home / connector, ignore=shutil.ignore_patterns(missing, "__pycache__"))
    (home / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(Misconfigured) as caught:
        load_connectors(home, package)
    assert why in caught.value.why


def test_a_folder_without_a_manifest_refuses_to_load(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    with pytest.raises(Misconfigured, match="half"):
        load_connectors(tmp_path)


def test_a_connector_without_its_modules_refuses_to_load(tmp_path: Path) -> None:
    (tmp_path / "duo_uitval").mkdir()
    (tmp_path / "duo_uitval/manifest.toml").write_bytes(MANIFEST.read_bytes())
    with pytest.raises(Misconfigured, match="cannot be loaded"):
        load_connectors(tmp_path, "nowhere.connectors")


def test_no_secret_and_no_file_name_is_printed() -> None:
    endpoint = Endpoint("sftp://host:22", {"username": "hub"}, {"private_key": b"key", "password": b"password"})
    assert [endpoint.option(name, "default") for name in ("username", "folder")] == ["hub", "default"]
    with pytest.raises(Misconfigured, match="token"):
        Endpoint("", credentials={"token": b"\xff"}).secret("token")
    told = repr(endpoint) + repr(RemoteFile("Voorbeeld.csv", 1, 2))
    assert not any(secret in told for secret in ("pinned", "b'key", "'password'", "Voorbeeld"))
