"""Time stamps of checkpoints: an authority made with openssl, openssl as second verifier, and everything that must not pass."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub import db
from hub.errors import Misconfigured, Retry, Tampered
from hub.witness import store
from hub.witness.model import AWAY, INVALID
from hub.witness.service import Witnessing
from hub.witness.stamping import AUTHORITY, StampGuard, Trust, lag_us, request_for, stamps, verify_stamp
from tests.fakes.authority import Authority
from tests.fakes.recorder import LOG
from tests.fakes.witnessing import Town, open_town, serving

REPLY = "application/timestamp-reply"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tsa") / "aldermeer")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("tsa") / "elders")


@pytest.fixture(autouse=True)
def _as_it_was(authority: Authority) -> Iterator[None]:
    yield
    authority.says = None


@pytest.fixture
async def town(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Town]:
    """A log of three entries, whose clock says what the authority's says."""
    async with open_town(engine, tmp_path / "aldermeer") as made:
        made.clock.us = time.time_ns() // 1000
        await made.grow(3)
        yield made


@pytest.fixture
async def stamping(town: Town, authority: Authority) -> AsyncIterator[Witnessing]:
    async with serving(authority.door) as url:
        made = town.witnessing(tsa_url=f"{url}/tsr", tsa_certificates=authority.root)
        yield made
        await made.close()


async def test_a_checkpoint_is_stamped_and_openssl_agrees(
    town: Town, stamping: Witnessing, authority: Authority, stranger: Authority
) -> None:
    await stamping.stamp()
    await stamping.stamp()  # nothing new, so nothing is asked
    assert len(authority.given) == 1
    await town.grow(2)
    await stamping.stamp()
    files = dict([file async for file in stamps(town.engine, LOG)])
    assert list(files) == ["timestamps/3", "timestamps/3.tsr", "timestamps/5", "timestamps/5.tsr"]
    assert files["timestamps/5"].decode() == await town.log.checkpoint()
    for size in (3, 5):
        assert authority.verify(files[f"timestamps/{size}"], files[f"timestamps/{size}.tsr"])
    assert not authority.verify(files["timestamps/3"], files["timestamps/5.tsr"])
    assert not stranger.verify(files["timestamps/3"], files["timestamps/3.tsr"])
    standing = await stamping.standing()
    assert (standing.stamped, standing.stamp_lag_us, standing.stamp_trouble) == (5, 0, None)
    assert abs(standing.stamped_us - town.clock.us) < 60_000_000
    assert [path async for path, _ in stamps(town.engine, LOG, after=3)] == ["timestamps/5", "timestamps/5.tsr"]
    assert [path async for path, _ in stamps(town.engine, LOG, upto=4)] == ["timestamps/3", "timestamps/3.tsr"]


def test_what_is_no_stamp_of_this_note_is_told_apart(authority: Authority, stranger: Authority) -> None:
    trust, question = Trust.read(authority.root), request_for("note\n")
    good = authority.stamp(question.as_bytes())
    assert verify_stamp("note\n", good, trust, question) == verify_stamp("note\n", good, trust)
    with pytest.raises(Tampered, match="over something else"):
        verify_stamp("another\n", good, trust, question)
    with pytest.raises(Tampered, match="another question"):
        verify_stamp("note\n", good, trust, request_for("note\n"))
    with pytest.raises(Tampered, match="not signed by an authority"):
        verify_stamp("note\n", good, Trust.read(stranger.root), question)
    for wrong in (b"", b"0", good[:-9], good[:40], stranger.root.read_bytes()):
        with pytest.raises(Tampered):
            verify_stamp("note\n", wrong, trust, question)
    changed = 0
    for at in range(0, len(good), 7):  # no byte of it can be changed into a stamp at another moment or of another note
        other = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
        try:
            assert verify_stamp("note\n", other, trust, question) == verify_stamp("note\n", good, trust)
        except Tampered:
            changed += 1
    assert changed > len(good) // 7 * 0.9


async def test_a_stamp_that_does_not_hold_is_not_kept(
    town: Town, stamping: Witnessing, authority: Authority, stranger: Authority
) -> None:
    note = await town.log.checkpoint()
    replayed = authority.stamp(request_for(note).as_bytes())
    foreign = stranger.stamp(request_for(note).as_bytes())
    for says in (
        (200, REPLY, replayed),
        (200, REPLY, foreign),
        (200, "text/html", replayed),
        (500, REPLY, b"no"),
        (200, REPLY, b"no"),
    ):
        authority.says = says
        with pytest.raises(Tampered):
            await stamping.stamp()
    assert (await store.asked(town.engine, LOG))[AUTHORITY].trouble == INVALID
    authority.says = None
    town.clock.us += 3_600_000_000  # one of the two clocks is an hour off
    with pytest.raises(Tampered, match="clock"):
        await stamping.stamp()
    assert await store.newest_stamp(town.engine, LOG) is None
    town.clock.us -= 3_600_000_000
    await stamping.stamp()
    assert (await store.asked(town.engine, LOG))[AUTHORITY].trouble is None


async def test_an_authority_that_is_away_makes_the_lag_grow_until_nothing_is_recorded(
    town: Town, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(authority.door) as url:
        witnessing = town.witnessing(tsa_url=f"{url}/tsr", tsa_certificates=authority.root)
        await witnessing.stamp()
    await town.grow()
    began = town.clock.us
    with pytest.raises(Retry, match="HUB_TSA_URL"):
        await witnessing.stamp()
    assert (await store.asked(town.engine, LOG))[AUTHORITY].trouble == AWAY
    guard = StampGuard(town.engine, LOG, town.clock, stop_s=60)
    guard.check()
    await guard.look()
    town.clock.us = began + 61_000_000
    assert await lag_us(town.engine, LOG, town.clock.us) == 61_000_000
    with pytest.raises(Retry, match="Nothing is recorded"):
        guard.check()
    town.clock.us = began - 365 * 86_400_000_000  # a clock that was put back hides no lag
    guard.check()
    with monkeypatch.context() as later:
        at = time.monotonic() + 61
        later.setattr(time, "monotonic", lambda: at)
        with pytest.raises(Retry, match="Nothing is recorded"):
            guard.check()
    town.clock.us = began
    async with serving(authority.door) as url:
        back = town.witnessing(tsa_url=f"{url}/tsr")
        await back.stamp()
        await back.close()
    town.clock.us = began + 61_000_000
    await guard.look()
    guard.check()
    assert await lag_us(town.engine, LOG, town.clock.us) == 0
    await witnessing.close()


async def test_time_stamps_in_part_or_without_a_root_do_not_start(town: Town, authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="in part"):
        town.witnessing(tsa_url="http://127.0.0.1:1/tsr")
    with pytest.raises(Misconfigured, match="in part"):
        town.witnessing(tsa_url="http://tsa.example/tsr", tsa_certificates=authority.root)
    for wrong in (tmp_path / "none", authority.folder / "tsa.pem", authority.folder / "tsa.key"):
        with pytest.raises(Misconfigured, match="certificates"):
            town.witnessing(tsa_url="https://tsa.example/tsr", tsa_certificates=wrong)


async def test_a_stamp_stays(town: Town, stamping: Witnessing, owner_engine: AsyncEngine) -> None:
    await stamping.stamp()
    for change in (
        "UPDATE witness_timestamp SET stamped_us = 1",
        "DELETE FROM witness_timestamp",
        "TRUNCATE witness_timestamp",
    ):
        with pytest.raises(Tampered):
            await db.fetch(owner_engine, change)
