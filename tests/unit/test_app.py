"""What the composition root refuses to start with."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.app import load_token_key, make_keys
from hub.errors import Misconfigured
from hub.settings import Settings


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
