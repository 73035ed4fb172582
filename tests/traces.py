"""Traces of a value in whatever is left of it: as it is, turned round, encoded, and as any digest that needs no key.

Files are read once, by `grep` with all shapes at a time; of a digest its beginning is looked for, so that a shortened one is
found as well.
"""

from __future__ import annotations

import hashlib
import io
import os
import subprocess
import tempfile
import zipfile
from base64 import b32encode, b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path

from pypdf import PdfReader

KINDS = tuple(sorted(kind for kind in hashlib.algorithms_guaranteed if not kind.startswith("shake")))
AROUND = (
    "{}",
    "{}\n",
    "{}\r\n",
    " {}",
    '"{}"',
    "bsn:{}",
    "BSN:{}",
    "bsn={}",
    "bsn\0{}",
    "bsn {}",
    "{}:bsn",
    "onderwijsnummer\0{}",
)
"""What people put around a number before they take a digest of it."""
_RAW = 8
_LEAST = 6
"""Bytes of a raw digest that are looked for, and how few are enough to say so."""


def _turned(raw: bytes) -> Iterator[bytes]:
    yield from (raw.hex().encode(), raw.hex().upper().encode())
    for encode in (b64encode, urlsafe_b64encode, b32encode):
        yield encode(raw).rstrip(b"=")


def plain(value: str) -> list[bytes]:
    """The value itself, backwards, in UTF-16, and encoded: in base64 also where it stands in the middle of something."""
    raw = value.encode()
    within = [urlsafe_b64encode(b"\0" * before + raw)[start:].rstrip(b"=")[:-1] for before, start in ((1, 2), (2, 3))]
    return [raw, raw[::-1], value.encode("utf-16-le"), *_turned(raw), *within]


def said(value: str) -> set[str]:
    """How people write a value: as it is, in capitals or small letters."""
    return {value, value.upper(), value.lower()}


def digests(value: str, around: Iterable[str] = AROUND) -> Iterator[bytes]:
    """Every digest of it that anybody could work out, raw and encoded, whole."""
    for text in {each.format(one) for one in said(value) for each in around}:
        for kind in KINDS:
            raw = hashlib.new(kind, text.encode()).digest()
            yield raw
            yield from _turned(raw)


def _searchable(shape: bytes) -> bytes:
    """What of it stands on one line: all of it, but for a raw digest now and then."""
    return max(shape.split(b"\n"), key=len)


def _beginning(digest: bytes) -> bytes:
    printed = digest.isascii() and digest.translate(None, b"-_+/").isalnum()
    return digest[: 2 * _RAW] if printed else _searchable(digest[: 2 * _RAW])[:_RAW]


class Traces:
    """Looks for `values` in every shape, and for digests of those that are in `digested`."""

    def __init__(self, values: Iterable[str], digested: Iterable[str]) -> None:
        shapes = {shape for value in values for each in said(value) for shape in plain(each)}
        for value in digested:
            shapes |= {_beginning(digest) for digest in digests(value, AROUND if value.isdecimal() else AROUND[:5])}
        self.shapes = sorted(part for part in map(_searchable, shapes) if len(part) >= _LEAST)

    def found_in(self, places: Iterable[Path]) -> list[tuple[Path, int]]:
        """The files that hold any, at and below these places, each with the first place."""
        found: dict[Path, int] = {}
        paths = [str(path) for path in files(places)]
        with tempfile.NamedTemporaryFile() as patterns:
            patterns.write(b"\n".join(self.shapes))
            patterns.flush()
            for start in range(0, len(paths), 1000):
                command = ["grep", "-a", "-o", "-b", "-H", "-Z", "-F", "-f", patterns.name, "--", *paths[start : start + 1000]]
                done = subprocess.run(command, capture_output=True, env={**os.environ, "LC_ALL": "C"}, check=False, timeout=100)
                assert done.returncode in (0, 1), done.stderr
                for line in done.stdout.removesuffix(b"\n").split(b"\n") if done.stdout else ():
                    path, _, rest = line.partition(b"\0")
                    found.setdefault(Path(os.fsdecode(path)), int(rest.partition(b":")[0]))
        return sorted(found.items())


def files(places: Iterable[Path]) -> Iterator[Path]:
    """All files at and below these places."""
    for place in places:
        yield from ([place] if place.is_file() else (path for path in sorted(place.rglob("*")) if path.is_file()))


def opened(path: Path, folder: Path) -> Path:
    """What is packed in this file, as files in a new `folder`: the members of an archive or workbook, the text of a PDF."""
    folder.mkdir()
    if path.suffix == ".pdf":
        read = PdfReader(io.BytesIO(path.read_bytes()))
        (folder / "text").write_text("\n".join(page.extract_text() for page in read.pages))
        (folder / "about").write_text(repr(read.metadata))
    else:
        with zipfile.ZipFile(path) as packed:
            packed.extractall(folder)
    return folder
