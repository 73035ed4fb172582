"""The monthly list: drawn as the rule says and not otherwise, marked line by line, signed off in the log."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.audit.search import Search
from hub.audit.search.review import Month, Verdict, Why, digest_of
from hub.audit.search.review.service import Reviews
from hub.audit.tree import Frontier, leaf_hash
from hub.db import transaction
from hub.domain.staff import StaffId
from hub.errors import Refused, Tampered
from tests.fakes import console
from tests.fakes.house import LOG, OPERATOR, House, body, open_house
from tests.fakes.officer import AUDITOR, OFFICER, console_over
from tests.fakes.recorder import NOBODY

BY = StaffId("m-00000000000000aa")
NOVEMBER = Month(2026, 11)


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


def reviews_of(house: House) -> Reviews:
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, NOBODY)
    return Reviews(house.engine, Search(house.engine, LOG, OPERATOR, NOBODY.tags_of), notes, each=4)


async def fill(house: House) -> None:
    """A November with entries of every kind, and a first of December."""
    reviews = reviews_of(house)
    await house.drop([body(number, geboortedatum="2001-01-01" if number % 4 == 0 else "2007-05-04") for number in range(20)])
    for nth in range(6):
        await reviews.notes.write(EntryKind.access, "sign-in" if nth % 2 else "read-log", "log", {}, by=BY)
    await reviews.notes.write(EntryKind.export, "export", "selection", {"count": 1}, by=BY)
    house.clock.us = NOVEMBER.span_us[1]
    await house.send(body(30))


async def drawn_by_hand(house: House, each: int) -> dict[int, str]:
    """The rule, written again from its words."""
    entries = [row["body"] for row in await house.rows("SELECT body FROM audit_entry ORDER BY seq")]
    said = await house.entries()
    size = sum(one["us"] < NOVEMBER.span_us[1] for one in said)
    root = Frontier().extend([leaf_hash(bytes(one)) for one in entries[:size]]).root
    places: dict[int, str] = {}
    for kind in ("disclosure", "refusal", "access", "export"):
        of = [seq for seq in range(size) if said[seq]["kind"] == kind and said[seq]["operation"] not in ("sign-in", "sign-out")]
        chosen: set[int] = set()
        nth = 0
        while len(chosen) < min(each, len(of)):
            seed = b"hub/review/1\0" + LOG.encode() + b"\x002026-11\0" + root + kind.encode() + b"\0" + nth.to_bytes(8)
            chosen.add(of[int.from_bytes(sha256(seed).digest()[:8]) % len(of)])
            nth += 1
        places |= dict.fromkeys(chosen, kind)
    return places


async def test_the_list_is_the_one_that_the_rule_draws(house: House, owner_engine: AsyncEngine) -> None:
    await fill(house)
    reviews = reviews_of(house)
    assert await reviews.keep_up()
    drawn, items = await reviews.one(NOVEMBER)
    assert {item.seq: item.kind for item, _ in items} == await drawn_by_hand(house, 4)
    assert {item.kind for item, _ in items} == {"disclosure", "refusal", "access", "export"}
    said = (await house.entries())[-1]
    assert (said["operation"], said["details"]["root"], said["details"]["size"]) == (
        "review-drawn",
        drawn.root.hex(),
        drawn.size,
    )
    assert not await reviews.keep_up()
    with pytest.raises(Refused):
        await reviews.draw(NOVEMBER)
    with pytest.raises(Refused):
        await reviews.draw(Month(2026, 12))
    await reviews.check(NOVEMBER)
    async with transaction(owner_engine) as connection:
        await connection.raw.execute("ALTER TABLE review_item DISABLE TRIGGER USER")
        await connection.raw.execute("UPDATE review_item SET seq = seq + 1000 WHERE seq = $1", items[0][0].seq)
    with pytest.raises(Tampered):
        await reviews.check(NOVEMBER)


async def test_a_list_is_signed_once_all_is_said_and_stands_then(house: House, owner_engine: AsyncEngine) -> None:
    await fill(house)
    reviews = reviews_of(house)
    drawn = await reviews.draw(NOVEMBER, BY)
    seqs = [item.seq for item, _ in (await reviews.one(NOVEMBER))[1]]
    for wrong in ({}, {10**6: (Verdict.fine, Why.clear)}, {seqs[0]: (Verdict.question, Why.clear)}):
        with pytest.raises(Refused):
            await reviews.mark(NOVEMBER, wrong, BY)
    await reviews.mark(NOVEMBER, {seqs[0]: (Verdict.question, Why.amount)}, BY)
    with pytest.raises(Refused):
        await reviews.sign(NOVEMBER, BY)
    house.clock.us += 1
    await reviews.mark(NOVEMBER, dict.fromkeys(seqs, (Verdict.fine, Why.clear)), BY)
    digest = await reviews.sign(NOVEMBER, BY)
    now, items = await reviews.one(NOVEMBER)
    assert digest == now.digest == digest_of(LOG, NOVEMBER, drawn.size, drawn.root, [item for item, _ in items])
    last = (await house.entries())[-1]
    assert (last["operation"], last["details"]["list"], last["details"]["staff"]) == ("review-signed", digest.hex(), BY)
    with pytest.raises(Refused):
        await reviews.mark(NOVEMBER, {seqs[0]: (Verdict.fine, Why.clear)}, BY)
    with pytest.raises(Tampered):
        async with transaction(owner_engine) as connection:
            await connection.raw.execute("UPDATE review_mark SET verdict = 'vraag'")


async def test_the_page_draws_marks_and_signs(house: House) -> None:
    await fill(house)
    app = await console_over(house)
    here = "/functionaris/steekproef"

    async with console.client(app, OFFICER) as officer, console.client(app, AUDITOR) as auditor:

        async def post(path: str, **fields: str) -> int:
            form = urlencode({"csrf": console.Session(console.staff()).csrf, **fields})
            kind = {"content-type": "application/x-www-form-urlencoded"}
            return (await officer.post(f"{here}{path}", content=form, headers=kind)).status_code

        assert "Trek de steekproef van november 2026" in (await officer.get(here)).text
        assert "Trek de steekproef" not in (await auditor.get(here)).text
        assert (await officer.get(f"{here}/2026-11")).status_code == 404
        assert await post("/trekken") == 303
        page = (await officer.get(f"{here}/2026-11")).text
        places = await house.rows("SELECT seq FROM review_item ORDER BY seq")
        assert all(f'name="oordeel-{row["seq"]}"' in page for row in places)
        assert await post("/2026-11/tekenen") == 400
        assert await post("/2026-11", **{f"oordeel-{places[0]['seq']}": "zomaar"}) == 400
        assert await post("/2026-11", **{f"oordeel-{row['seq']}": "klopt" for row in places}) == 303
        assert await post("/2026-11/tekenen") == 303
        assert "Afgetekend" in (await auditor.get(f"{here}/2026-11")).text
        assert await post("/2026-11", **{f"oordeel-{places[0]['seq']}": "anders"}) == 400
