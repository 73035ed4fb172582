"""A disk that fills while somebody is forgotten: nothing half-written counts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hub.domain.terms import Micros
from hub.errors import Misconfigured
from hub.rights.erasure.tombs import Tombs

ONE, TWO = {bytes(16): Micros(1_790_000_000_000_000)}, {bytes([1]) * 16: Micros(1_790_000_000_000_001)}


def test_a_line_that_is_written_in_part_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tombs, write = Tombs(tmp_path / "forgotten"), os.pwrite
    tombs.add(ONE)
    monkeypatch.setattr(os, "pwrite", lambda file, content, at: write(file, content[:7], at))
    with pytest.raises(Misconfigured):
        tombs.add(TWO)
    monkeypatch.undo()
    assert tombs.read() == ONE
    tombs.add(TWO)
    assert tombs.read() == {**ONE, **TWO}
