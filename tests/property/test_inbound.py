"""Whatever the bytes: no line that says anything is lost, none is read twice, any blocks read alike, and nothing is echoed."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Malformed
from tests.hostile.read import BSNS, HEADER, line, read

_GOOD = st.integers(0, len(BSNS) - 1).map(line)
_NOISE = st.one_of(
    st.binary(max_size=60),
    st.text(st.sampled_from('ab";\r\n\0é'), max_size=40).map(str.encode),
    st.sampled_from([line(1, OPMERKING='"open'), line(2, OPMERKING='"een\ntwee"'), b'"', b'""', b"\xe9", HEADER]),
)
_NOTHING = b"; \t\r\n\v\f"
_END = st.sampled_from([b"\n", b"\r\n", b"\r"])


@st.composite
def files(draw: st.DrawFn) -> bytes:
    parts = [HEADER, draw(_END)]
    for part in draw(st.lists(st.one_of(_GOOD, _NOISE), max_size=12)):
        parts += [part, draw(_END)]
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + b"".join(parts)


@given(files())
def test_every_line_is_in_one_row_and_no_more(data: bytes) -> None:
    _, *lines = [each for each in data.removeprefix(b"\xef\xbb\xbf").splitlines() if each.strip(_NOTHING)]
    kept = [part for row in read(data).rows for part in row.raw.reveal().split(b"\n")[1:] if part.strip(_NOTHING)]
    assert len(lines) == len(kept)
    # Where one row alone would not say how its file is written, it is kept in UTF-8.
    assert all(part in (each, each.decode("iso-8859-15").encode()) for each, part in zip(lines, kept, strict=True))


@given(files(), st.integers(1, 40))
def test_the_size_of_blocks_makes_no_difference(data: bytes, block: int) -> None:
    assert read(data) == read(data, block)


@given(st.lists(_GOOD, min_size=1, max_size=5), _NOISE, st.lists(_GOOD, min_size=1, max_size=5))
def test_good_rows_around_noise_are_all_read(before: list[bytes], noise: bytes, after: list[bytes]) -> None:
    data = b"\n".join([HEADER, *before, noise, *after, b""])
    extra = len((noise + b"\n").splitlines())
    found = read(data)
    rows = [*range(2, 2 + len(before)), *range(2 + len(before) + extra, 2 + len(before) + extra + len(after))]
    assert set(rows) <= set(found.good)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(Malformed):
        read(data)
