"""A sender's columns change: the instance stops before a row is read, says what changed, and goes on with the same file."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.connector import RemoteFile, Trouble
from hub.errors import Refused
from hub.formats.agreed import Drift, Drifted
from hub.formats.csv import FORMAT
from hub.mend.desk import Mending
from hub.mend.mappings import GlassReason
from hub.receive.drop import Drops, FileReport, Instance, Outcome
from hub.receive.drop.store import DropStore
from tests.fakes import admin
from tests.fakes.house import DUO, LOG, House, open_house
from tests.hostile.read import HEADER, line

NAME, SCHOOL = admin.NAME, {"INSTELLINGSCODE": "98ZZ"}
TEXT = admin.INSTALLED.read_text(encoding="utf-8")
FIRST = b"\n".join([HEADER, line(1, **SCHOOL), b""])


@dataclass
class Folder:
    """A sender's folder, in memory."""

    files: dict[str, bytes] = field(default_factory=dict)
    moved: dict[str, bytes] = field(default_factory=dict)
    reads: int = 0

    async def list(self, folder: str = ".") -> Sequence[RemoteFile]:
        return [RemoteFile(name, len(data), 1) for name, data in self.files.items()] if folder == "." else []

    async def stat(self, name: str) -> RemoteFile:
        return RemoteFile(name, len((self.files | self.moved).get(name, b"")) or 1, 1)

    async def read(self, name: str, offset: int = 0) -> AsyncGenerator[bytes, None]:
        self.reads += 1
        yield self.files[name][offset:]

    async def move(self, name: str, folder: str, suffix: str, *, marked: bool = False) -> str:
        self.moved[name] = self.files.pop(name)
        return name

    async def close(self) -> None:
        """Nothing to let go of."""


@dataclass
class Rig:
    """One worker and the administrator's desk, over the real way."""

    house: House
    mend: Mending
    folder: Folder
    drops: Drops

    async def poll(self, **files: bytes) -> list[FileReport]:
        self.folder.files |= files
        found: list[FileReport] = []
        for wait in (0, 60_000_000):
            self.house.clock.us += wait
            found += (await self.drops.poll_once()).files
        return found

    async def stops(self, **files: bytes) -> Drift:
        with pytest.raises(Drifted):
            await self.poll(**files)
        found = await self.mend.layouts.change(NAME)
        assert found is not None
        return found.drift


def renamed(data: bytes, old: str, new: str) -> bytes:
    return data.replace(old.encode(), new.encode(), 1)


@pytest.fixture
async def rig(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Rig]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as house:
        mend, folder = admin.administrator(house).mending, Folder()

        async def connect() -> Folder:
            return folder

        def keyed(label: str, data: bytes) -> bytes:
            return hmac.digest(b"test key", label.encode() + b"\0" + data, hashlib.sha256)

        drops = Drops(
            Instance(NAME, DUO, LOG, pattern="*"),
            connect,
            FORMAT,
            lambda: mend.mappings.in_use(NAME),
            house.route,
            DropStore(house.engine, LOG, DUO, NAME),
            keyed,
            house.clock,
            secrets.token_bytes,
        )
        yield Rig(house, mend, folder, drops)


async def test_a_renamed_column_stops_and_a_mended_mapping_goes_on_with_the_same_file(rig: Rig) -> None:
    (report,) = await rig.poll(een=FIRST)
    assert (report.outcome, report.accepted) == (Outcome.done, 1)
    new = renamed(b"\n".join([HEADER, line(2, **SCHOOL), b""]), "GEBOORTEDATUM", "GEBDATUM")
    found = await rig.stops(twee=new, drie=FIRST + line(3, **SCHOOL))
    assert found == Drift((), (), (("GEBOORTEDATUM", "GEBDATUM"),), 0, False)
    assert list(rig.folder.files) == ["twee", "drie"], "both wait where they lie"
    (standing,) = [one for one in await rig.mend.files.connectors() if one.connector == NAME]
    assert standing.trouble is Trouble.drift
    reads = rig.folder.reads
    await rig.stops()
    assert rig.folder.reads == reads, "a file that stopped it is not fetched again and again"
    with pytest.raises(Refused):
        await rig.mend.layouts.accept(NAME, admin.WHO)

    mended = TEXT.replace("duo-uitval/1", "duo-uitval/2").replace("GEBOORTEDATUM:", "GEBDATUM:")
    await rig.mend.mappings.break_glass(NAME, mended, GlassReason.nobody_else, admin.WHO)
    found = await rig.stops()
    assert (list(rig.folder.files), found.readable) == (["drie"], False), "the second went on, the third is the old layout"
    (entry,) = [one for one in await rig.house.entries() if one["operation"] == "mapping-break-glass"]
    assert (entry["details"]["reason"], entry["details"]["staff"]) == ("nobody-else", admin.WHO.staff_id)


async def test_a_new_column_stops_until_the_layout_is_accepted(rig: Rig) -> None:
    await rig.poll(een=FIRST)
    wider = b"\n".join([HEADER + b";MENTOR", line(2, **SCHOOL) + b";x", b""])
    assert await rig.stops(twee=wider) == Drift(("MENTOR",), (), (), 0, True)
    await rig.mend.layouts.accept(NAME, admin.WHO)
    (report,) = await rig.poll()
    assert (report.outcome, report.columns_ignored) == (Outcome.done, 1)
    assert await rig.mend.layouts.change(NAME) is None
    with pytest.raises(Refused):
        await rig.mend.layouts.accept(NAME, admin.WHO)
    (entry,) = [one for one in await rig.house.entries() if one["operation"] == "layout-accept"]
    assert (entry["details"]["added"], entry["details"]["staff"]) == (1, admin.WHO.staff_id)


async def test_an_optional_column_that_is_gone_stops_and_data_in_a_header_is_not_told(rig: Rig) -> None:
    await rig.poll(een=FIRST)
    without = b"\n".join([HEADER.removesuffix(b";OPMERKING"), line(2, **SCHOOL).removesuffix(b";"), b""])
    assert await rig.stops(twee=without) == Drift((), ("OPMERKING",), (), 0, True)
    rig.folder.files = {"drie": b"\n".join([HEADER + b";JANSEN 06-12345678", line(2, **SCHOOL) + b";", b""])}
    found = await rig.stops()
    assert (found.added, found.untold) == ((), 1)
    rig.folder.files = {"vier": FIRST + line(3, **SCHOOL)}
    assert (await rig.poll())[0].outcome is Outcome.done, "the sender put it right"
    assert await rig.mend.layouts.change(NAME) is None


async def test_a_file_that_is_no_list_at_all_is_refused_and_stops_nothing(rig: Rig) -> None:
    await rig.poll(een=FIRST)
    reports = await rig.poll(twee=line(2) + b"\n", drie=FIRST + line(3, **SCHOOL))
    assert [one.outcome for one in reports] == [Outcome.refused, Outcome.done]
