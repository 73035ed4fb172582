"""A disk that fills while a mark is raised: what is on it in part was not promised."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.audit.highwater import HighWater, Mark


def test_a_mark_that_is_written_in_part_is_not_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    high_water, write = HighWater(tmp_path / "mark"), os.pwrite
    high_water.raise_to(Mark(1, bytes(32)))
    monkeypatch.setattr(os, "pwrite", lambda file, content, at: write(file, content[:40], at))
    with pytest.raises(OSError, match="in part"):
        high_water.raise_to(Mark(2, bytes(32)))
    monkeypatch.undo()
    assert high_water.read() == Mark(1, bytes(32))
    high_water.raise_to(Mark(2, bytes(32)))
    assert high_water.read() == Mark(2, bytes(32))
    high_water.close()
