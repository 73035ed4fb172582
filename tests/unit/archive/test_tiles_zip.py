"""The archive: the same files make the same bytes, and a path leads nowhere else."""

import io
from collections.abc import AsyncIterator

import pytest

from hub.archive.tiles_zip import write_archive


async def files(*paths: str) -> AsyncIterator[tuple[str, bytes]]:
    for path in paths:
        yield path, path.encode()


async def archive(*paths: str) -> bytes:
    target = io.BytesIO()
    await write_archive(files(*paths), target)
    return target.getvalue()


async def test_the_same_files_make_the_same_archive() -> None:
    paths = ("tile/entries/000", "tile/0/x001/234", "tile/0/000.p/17", "checkpoint", "timestamps/1200.tsr")
    assert await archive(*paths) == await archive(*paths)


@pytest.mark.parametrize("path", ["../up", "/root", "a/../b", "a//b", "", ".hidden", "A b", "README.txt"])
async def test_a_path_that_does_not_belong_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="plain path"):
        await archive(path)


async def test_no_path_comes_twice() -> None:
    with pytest.raises(ValueError, match="plain path"):
        await archive("checkpoint", "checkpoint")
