"""A file is whole or not there."""

import errno
from pathlib import Path
from typing import BinaryIO

import pytest

from hub.archive.files import whole_file
from hub.errors import Misconfigured, Retry


def test_the_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "log.csv"
    with whole_file(target) as file:
        file.write(b"a")
        assert not target.exists()
    assert target.read_bytes() == b"a"
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("wrong", "raised"), [(OSError(errno.ENOSPC, "full"), Retry), (KeyError("x"), KeyError)])
def test_what_fails_leaves_nothing_behind(tmp_path: Path, wrong: Exception, raised: type[Exception]) -> None:
    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise wrong

    with pytest.raises(raised), whole_file(tmp_path / "log.csv") as file:
        fail(file)
    assert not list(tmp_path.iterdir())


def test_nothing_is_written_over(tmp_path: Path) -> None:
    target = tmp_path / "log.csv"
    target.write_bytes(b"first")
    with pytest.raises(Misconfigured), whole_file(target):
        pass
    assert target.read_bytes() == b"first"


def test_a_place_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured), whole_file(tmp_path / "none" / "log.csv"):
        pass
