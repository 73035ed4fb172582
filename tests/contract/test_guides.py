"""The guides: every picture is there and is used, and every page of the desks is told about."""

from __future__ import annotations

import re
from pathlib import Path

from hub.console.navigation import PLACES
from tests.browser.sights import SIGHTS

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "gidsen"
_PICTURE = re.compile(r"!\[([^\]]+)\]\(([^)]+)\)")
_LARGEST = 160 << 10


def guides() -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in GUIDES.glob("*.md")}


def test_every_picture_is_there_is_described_and_is_small() -> None:
    for name, text in guides().items():
        for words, path in _PICTURE.findall(text):
            assert len(words) > 10, (name, path)
            assert (GUIDES / path).stat().st_size <= _LARGEST, path


def test_every_picture_is_used_and_can_be_taken_again() -> None:
    used = {Path(path).stem for text in guides().values() for _, path in _PICTURE.findall(text)}
    assert used == {sight.name for sight in SIGHTS if sight.picture}
    assert used == {path.stem for path in (GUIDES / "beelden").iterdir()}


def test_every_page_of_the_desks_is_told_about() -> None:
    text = "".join(guides().values())
    for place in PLACES:
        for entry in place.entries:
            assert f"`{entry.href}`" in text, entry.href
