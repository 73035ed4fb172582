"""The key ring: one owner, whole or refused, and no key that serves two uses."""

from __future__ import annotations

import base64
import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Misconfigured
from hub.protect.keys import KeyRing, KeyUse

ROOT = bytes(range(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keyring.json"


def test_a_new_ring_is_its_owners_alone_and_loads_as_it_was_made(path: Path) -> None:
    made = KeyRing.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KeyRing.load(path).derive(KeyUse.vault) == made.derive(KeyUse.vault)


def test_two_rings_share_nothing(tmp_path: Path) -> None:
    one, other = KeyRing.create(tmp_path / "one"), KeyRing.create(tmp_path / "other")
    assert one.derive(KeyUse.vault) != other.derive(KeyUse.vault)


def test_a_ring_is_never_overwritten(path: Path) -> None:
    KeyRing.create(path)
    before = path.read_bytes()
    with pytest.raises(Misconfigured, match="already"):
        KeyRing.create(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601, 0o777])
def test_a_ring_that_others_can_reach_is_refused(path: Path, mode: int) -> None:
    KeyRing.create(path)
    path.chmod(mode)
    with pytest.raises(Misconfigured, match="others"):
        KeyRing.load(path)


def test_a_link_to_a_ring_is_refused(path: Path) -> None:
    KeyRing.create(path)
    link = path.with_name("link.json")
    link.symlink_to(path)
    with pytest.raises(Misconfigured, match="link"):
        KeyRing.load(link)


def test_a_missing_ring_says_how_to_make_one(path: Path) -> None:
    with pytest.raises(Misconfigured, match="hub keys init"):
        KeyRing.load(path)


def _root(text: str) -> Callable[[dict[str, Any]], object]:
    return lambda content: content["roots"].update({"1": text})


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content.clear(),
        lambda content: content.update(primary=2),
        lambda content: content.update(primary="one"),
        lambda content: content.update(primary=None),
        lambda content: content.update(roots=[]),
        _root(""),
        _root("not base64!"),
        _root(base64.b64encode(ROOT[:31]).decode()),
        _root(base64.b64encode(ROOT + b"\0").decode()),
    ],
)
def test_a_damaged_ring_is_refused_without_showing_it(path: Path, damage: Callable[[dict[str, Any]], object]) -> None:
    KeyRing.create(path)
    content = json.loads(path.read_bytes())
    root = content["roots"]["1"]
    damage(content)
    path.write_text(json.dumps(content))
    with pytest.raises(Misconfigured, match="safe copy") as caught:
        KeyRing.load(path)
    assert root not in repr(caught.value) + str(caught.value.__cause__)


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b"null"])
def test_a_file_that_is_no_ring_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Misconfigured, match="safe copy"):
        KeyRing.load(path)


def test_the_primary_version_is_the_one_that_is_used(path: Path) -> None:
    roots = {"1": base64.b64encode(ROOT).decode(), "2": base64.b64encode(ROOT[::-1]).decode()}
    path.write_text(json.dumps({"primary": 2, "roots": roots}))
    path.chmod(0o600)
    ring = KeyRing.load(path)
    assert ring.version == 2
    assert ring.derive(KeyUse.vault) == KeyRing(ROOT[::-1], 2).derive(KeyUse.vault)


def test_no_key_serves_two_uses_versions_or_contexts() -> None:
    derived = [
        KeyRing(root, version).derive(use, info)
        for root in (ROOT, ROOT[::-1])
        for version in (1, 2, 1 << 24)
        for use in KeyUse
        for info in (b"", b"\0", b"a", b"\0\0\0\1")
    ]
    assert all(len(key) == 32 for key in derived)
    assert len(set(derived)) == len(derived)


def test_a_root_of_another_length_is_refused() -> None:
    for length in (0, 31, 33):
        with pytest.raises(Misconfigured):
            KeyRing(bytes(length), 1)
