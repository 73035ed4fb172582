"""A connector is found by its folder; one that is not whole refuses to load."""

from __future__ import annotations

from pathlib import Path

import pytest

import hub.connectors.duo
from hub.connector import Endpoint, RemoteFile, load_connectors, load_manifest
from hub.errors import Misconfigured

MANIFEST = Path(hub.connectors.duo.__file__).parent / "manifest.toml"


def test_the_registry_finds_folders_by_name() -> None:
    found = load_connectors()
    assert found["duo"].manifest.id == "duo"
    assert found["duo"].mapping.name == "mapping.yaml"
    assert callable(found["duo"].connect)


def test_a_connector_goes_the_way_that_its_manifest_says() -> None:
    with pytest.raises(Misconfigured, match="does not push"):
        _ = load_connectors()["duo"].open_sink
    with pytest.raises(Misconfigured, match="does not fetch"):
        _ = load_connectors()["bezorging"].format


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('id = "duo"', 'id = "other"', "its folder duo"),
        ('owner = "Connector maintainers of the hub"\n', "", "owner"),
        ('direction = "inbound"', 'direction = "sideways"', "direction"),
        ('parties = ["duo"]', 'parties = ["duo"]\nsecret = "x"', "secret"),
        ('  "opmerking",', '  "opmerking",\n  "opmerking",', "declared twice"),
        ("elements = [", 'elements = ["Not a name",', "elements"),
        ('protocol = "sftp"', 'protocol = "ftp"', "protocol"),
        ("[record]", "[record", "TOML"),
    ],
)
def test_a_manifest_that_is_not_understood_refuses_to_load(tmp_path: Path, old: str, new: str, why: str) -> None:
    text = MANIFEST.read_text(encoding="utf-8")
    assert old in text
    (tmp_path / "duo").mkdir()
    path = tmp_path / "duo/manifest.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Misconfigured) as caught:
        load_manifest(path)
    assert why in caught.value.why


def test_a_folder_without_a_manifest_refuses_to_load(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    with pytest.raises(Misconfigured, match="half"):
        load_connectors(tmp_path)


def test_a_connector_without_its_modules_refuses_to_load(tmp_path: Path) -> None:
    (tmp_path / "duo").mkdir()
    (tmp_path / "duo/manifest.toml").write_bytes(MANIFEST.read_bytes())
    with pytest.raises(Misconfigured, match="cannot be loaded"):
        load_connectors(tmp_path, "nowhere.connectors")


def test_no_secret_and_no_file_name_is_printed() -> None:
    told = repr(Endpoint("host", 22, "hub", "/uit", b"pinned", b"key", "password")) + repr(RemoteFile("Voorbeeld.csv", 1, 2))
    assert not any(secret in told for secret in ("pinned", "b'key", "'password'", "Voorbeeld"))
