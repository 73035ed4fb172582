"""The whole log as one archive: the tlog-tiles tree that the verifier reads, with what others add, and how to check it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from typing import BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

README_PATH: Final = "README.txt"
README: Final = """\
LOGBOEK VAN DE HUB: ZO CONTROLEERT U DIT ARCHIEF

Dit archief bevat het hele logboek, zoals het was onder het controlepunt in het bestand 'checkpoint'.
Er staat geen naam of nummer van een jongere in.

1. Neem de sleutel van het logboek over van de verwerkingsverantwoordelijke, niet uit dit archief. Zet die in een bestand,
   bijvoorbeeld 'trust', met twee regels:
       log <de sleutel>
       quorum none
   Hebt u een eerder controlepunt? Plak het onder een lege regel in hetzelfde bestand.
2. Controleer op een computer buiten de hub, met Python 3.11 of nieuwer en het bestand verify.py (ops/verify in de broncode):
       python3 verify.py <dit archief> --trust trust
3. VERIFIED: geen regel is weg, bijgezet of veranderd. NOT VERIFIED: bewaar alles en bel de privacy officer.


LOG OF THE HUB: HOW TO CHECK THIS ARCHIVE

This archive holds the whole log as it was under the checkpoint in the file 'checkpoint'.
No name or number of a young person is in it.

1. Get the log's key from the controller, not from this archive. Put it into a file, say 'trust', of two lines:
       log <the key>
       quorum none
   Have you an earlier checkpoint? Paste it below an empty line in the same file.
2. Check on a computer outside the hub, with Python 3.11 or newer and the file verify.py (ops/verify in the source code):
       python3 verify.py <this archive> --trust trust
3. VERIFIED: no entry is gone, added or changed. NOT VERIFIED: keep everything and call the privacy officer.

Formats: C2SP tlog-tiles, tlog-checkpoint and signed-note; hashes as in RFC 9162.
"""

_PATH: Final = re.compile(r"[a-z0-9][A-Za-z0-9._-]*(?:/[a-z0-9][A-Za-z0-9._-]*){0,9}", re.ASCII)
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)

Files = AsyncIterator[tuple[str, bytes]]


async def write_archive(files: Files, target: BinaryIO) -> None:
    """Writes these files of a log into one .zip, as they come; beyond 4 GB it is zip64.

    Entries are compressed, hashes are not, for they cannot be. The same files make the same bytes. Raises ValueError for a
    path that does not belong in an archive, or comes twice.
    """
    seen: set[str] = {README_PATH}
    with ZipFile(target, "w", allowZip64=True) as archive:
        await asyncio.to_thread(archive.writestr, _named(README_PATH), README)
        async for path, content in files:
            if not _PATH.fullmatch(path) or path in seen:
                raise ValueError("a file of an archive has a plain path of its own")
            seen.add(path)
            await asyncio.to_thread(archive.writestr, _named(path), content)


def _named(path: str) -> ZipInfo:
    about = ZipInfo(path, _EPOCH)
    hashes = path.startswith("tile/") and not path.startswith("tile/entries/")
    about.compress_type = ZIP_STORED if hashes else ZIP_DEFLATED
    about.external_attr = 0o100444 << 16
    return about
