"""Searching the log: the index follows the log, answers as a plain reading of the entries would, and is bounded."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from itertools import combinations
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.notes import Notes
from hub.audit.search import Search, Selection, Sort, bits, store
from hub.audit.search.hours import begins
from hub.audit.search.lines import Line, SignalCode
from hub.audit.search.signals import HOUR
from hub.db import transaction
from hub.domain.staff import StaffId
from hub.domain.terms import LogId, PartyId
from hub.errors import Malformed
from hub.observe import trace
from tests.fakes.house import DESK, DUO, LOG, OPERATOR, House, body, open_house
from tests.fakes.recorder import NOBODY


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


@pytest.fixture
def search(engine: AsyncEngine) -> Search:
    return Search(engine, LOG, OPERATOR, NOBODY.tags_of)


_INDEX = (
    "SELECT sort, said.word, block, bits FROM audit_posting AS one JOIN audit_word AS said ON id = one.word ORDER BY 1, 2, 3",
    "SELECT sort, word, entries FROM audit_word WHERE entries > 0 ORDER BY 1, 2",
    "SELECT part, first_us, moments FROM audit_moment ORDER BY 1",
    "SELECT seq, us, delivery, attempt, became FROM audit_outcome ORDER BY 1",
    "SELECT day, kind, recipient, reason, entries FROM audit_tally ORDER BY 1, 2, 3, 4",
)


async def test_a_page_shows_the_newest_first_and_says_of_how_large_a_log(house: House, search: Search):
    await house.send(body(0))
    await house.send(body(1))
    page = await search.page()
    entries = await house.entries()
    assert (page.size, page.behind, page.total, page.more, page.next) == (len(entries), 0, len(entries), False, None)
    assert [line.seq for line in page.lines] == list(range(len(entries)))[::-1]
    assert [str(line.ref) for line in page.lines] == [entry["ref"] for entry in entries][::-1]
    assert {line.outcome for line in page.lines} <= {"waiting", "refused"}


async def test_a_disclosure_has_its_newest_outcome(house: House, search: Search):
    await house.send(body(0))
    await search.catch_up()
    handed = await house.route.release(DESK, 10)
    ref = handed.deliveries[0].delivery_id
    lines = (await search.page(Selection(kind="disclosure", recipient=DESK))).lines
    assert [(line.ref, line.outcome, line.attempt) for line in lines] == [(ref, "handed-over", 1)]
    await house.route.release(DESK, 10)
    await house.route.acknowledge(DESK, [ref])
    lines = (await search.page(Selection(outcome="acknowledged"))).lines
    assert [(line.ref, line.kind, line.attempt) for line in lines] == [(ref, "disclosure", 2)]
    about = await search.about([ref])
    assert [line.kind for line in about] == ["disclosure", "outcome", "outcome", "outcome"]
    assert [line.outcome for line in about[1:]] == ["handed-over", "handed-over", "acknowledged"]
    assert len((await search.page(Selection(kind="outcome", outcome="handed-over"))).lines) == 2


async def test_in_one_batch_or_in_many_the_index_is_the_same(house: House, search: Search):
    await house.drop([body(number, gemeente="9001" if number % 2 else "9002") for number in range(12)])
    handed = await house.route.release(DESK, 10)
    await house.route.acknowledge(DESK, [one.delivery_id for one in handed.deliveries][:3])
    while await search.catch_up(1):
        pass
    each = [line async for line in search.select()]
    kept = [await house.rows(question) for question in _INDEX]
    await search.rebuild()
    assert [line async for line in search.select()] == each
    assert [await house.rows(question) for question in _INDEX] == kept


async def test_two_processes_index_nothing_twice(house: House, search: Search, engine: AsyncEngine):
    await house.drop([body(number) for number in range(30)])
    await asyncio.gather(*(Search(engine, LOG, OPERATOR, NOBODY.tags_of).catch_up() for _ in range(4)))
    assert [line.seq for line in (await search.page(descending=False, limit=500)).lines] == list(range(60))


async def test_every_filter_says_what_the_entries_say(house: House, search: Search):
    await house.drop([body(number, geboortedatum="2001-01-01" if number % 3 == 0 else "2007-05-04") for number in range(9)])
    everything = [line async for line in search.select()]
    choices = await search.choices()

    def tells(line: Line, name: str, word: str) -> bool:
        of_many = {"basis": line.bases, "reason": line.reasons, "element": line.elements}
        return word in of_many[name] if name in of_many else getattr(line, name) == word

    asked = {
        "kind": choices.kinds,
        "operation": choices.operations,
        "recipient": choices.recipients,
        "source": choices.sources,
        "purpose": choices.purposes,
        "outcome": choices.outcomes,
        "basis": choices.bases,
        "reason": choices.reasons,
        "element": choices.elements,
        "actor": choices.actors,
    }
    for name, words in asked.items():
        assert words, name
        for word in (*words, "nowhere"):
            expected = [line for line in everything if tells(line, name, word)]
            page = await search.page(Selection(**{name: word}), descending=False, limit=500)
            assert (list(page.lines), page.total) == (expected, len(expected)), (name, word)
    assert {"bsn", "bsn:raw"} <= set(choices.elements)
    for first, second in combinations(asked, 2):
        one, other = asked[first][-1], asked[second][0]
        expected = [line for line in everything if tells(line, first, one) and tells(line, second, other)]
        page = await search.page(Selection(**{first: one, second: other}), descending=False, limit=500)
        assert (list(page.lines), page.total) == (expected, len(expected)), (first, second)
    some = tuple(("reason", code) for code in choices.reasons[:2])
    union = await search.page(Selection(any_of=(*some, ("operation", "nothing"))), descending=False, limit=500)
    assert list(union.lines) == [line for line in everything if {code for _, code in some} & set(line.reasons)]
    assert (await search.page(Selection(any_of=()))).lines == ()


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize("sort", list(Sort))
@pytest.mark.parametrize("descending", [True, False])
async def test_pages_follow_each_other_in_every_order(
    house: House, search: Search, sort: Sort, descending: bool, few: bool, monkeypatch: pytest.MonkeyPatch
):
    if not few:  # a log in which everything is common, and little is looked through at a time
        monkeypatch.setattr("hub.audit.search.bits.WIDTH", 8)
        monkeypatch.setattr("hub.audit.search.store.REACH", 1)
    await house.drop([body(number, geboortedatum="2001-01-01" if number % 3 == 0 else "2007-05-04") for number in range(9)])
    await house.route.release(DESK, 4)
    everything = [line async for line in search.select()]
    for selection, holds in (
        (Selection(), lambda line: True),
        (Selection(recipient=DESK), lambda line: line.recipient == DESK),
        (Selection(kind="disclosure", source=DUO), lambda line: line.kind == "disclosure" and line.source == DUO),
        (Selection(basis="wro-21-1", kind="disclosure"), lambda line: "wro-21-1" in line.bases and line.kind == "disclosure"),
    ):
        found: list[Line] = []
        after = None
        while True:
            page = await search.page(selection, sort=sort, descending=descending, after=after, limit=3)
            found += page.lines
            if (after := page.next) is None:
                break
        words = {line.seq: "" if line.kind == "outcome" and sort is Sort.outcome else getattr(line, sort) for line in found}
        assert sorted(line.seq for line in found) == [line.seq for line in everything if holds(line)]
        keys = [(words[line.seq], line.seq) for line in found]
        assert keys == sorted(keys, reverse=descending)


async def test_a_period_counts_from_its_first_moment_up_to_its_last(house: House, search: Search):
    await house.send(body(0))
    first = house.clock.us
    house.clock.us += 60_000_000
    await house.send(body(1))
    later = [line async for line in search.select(Selection(from_us=first + 1))]
    earlier = [line async for line in search.select(Selection(until_us=house.clock.us))]
    assert {line.us for line in later} == {house.clock.us}
    assert {line.us for line in earlier} == {first}
    assert (await search.page(Selection(from_us=house.clock.us + 1))).lines == ()


async def test_an_entry_that_cannot_be_read_stops_nothing(house: House, search: Search, owner_engine: AsyncEngine):
    await house.send(body(0))
    broken = (b"no json", b'{"kind":"access\\u0000","us":1}', b"[]", b"\xff", b'{"kind":"access"}')
    async with transaction(owner_engine) as connection:
        size = await connection.raw.fetchval("SELECT size FROM audit_head")
        for number, raw in enumerate(broken):
            await connection.raw.execute(
                "INSERT INTO audit_entry VALUES ($1, $2, $3, $4, $5, $6)",
                LOG,
                "hub",
                size + number,
                UUID(int=number),
                b"l" * 32,
                raw,
            )
        await connection.raw.execute("UPDATE audit_head SET size = $1", size + len(broken))
        note = "INSERT INTO audit_checkpoint (log_id, party_id, size, note, created_us) VALUES ($1, 'hub', $2, '', 1)"
        await connection.raw.execute(note, LOG, size + len(broken))
    assert await search.catch_up() == 0
    page = await search.page(Selection(kind="unreadable"))
    assert [line.ref for line in page.lines] == [UUID(int=number) for number in range(len(broken))][::-1]
    assert {line.us for line in page.lines} == {house.clock.us}


async def test_a_mark_that_no_page_gave_is_refused(search: Search):
    for mark in ("", "x", "0.1; DROP TABLE audit_word", "0.'~1", "0.-1", "1" * 30, "7.1"):
        with pytest.raises(Malformed):
            await search.page(after=mark)


async def test_another_log_is_not_searched(house: House, engine: AsyncEngine, search: Search):
    await house.send(body(0))
    other = Search(engine, LogId("regio-b"), PartyId("hub"), NOBODY.tags_of)
    assert (await other.page()).lines == ()
    assert (await other.choices()).kinds == ()
    await search.catch_up()
    assert await other.signals(house.clock.now_us()) == ()


async def test_an_unacknowledged_delivery_is_a_signal(house: House, search: Search):
    await house.send(body(0))
    for _ in range(5):
        await house.route.release(DESK, 10)
    house.clock.us += 7_200_000_000
    await search.catch_up()
    signals = await search.signals(house.clock.now_us(), {DESK: "Doorstroompunt Lindemark"})
    assert [(one.code, one.about, one.count) for one in signals] == [
        (SignalCode.handed_over_again, DESK, 1),
        (SignalCode.none_acknowledged, DESK, 5),
    ]
    for one in signals:
        assert "Doorstroompunt Lindemark" in one.what
        assert len((await search.page(one.selection)).lines) == one.count
    await house.route.acknowledge(DESK, [line.ref for line in (await search.page(signals[0].selection)).lines])
    await search.catch_up()
    assert await search.signals(house.clock.now_us()) == ()


async def test_what_was_done_under_a_trace_is_found_by_it(house: House, search: Search):
    await house.send(body(0))
    with trace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
        await house.drop([body(number) for number in range(1, 40)])
    lines = (await search.page(Selection(trace="0af7651916cd43dd8448eb211c80319c"), limit=500)).lines
    assert [line.seq for line in lines] == list(range(2, 80))[::-1]
    one = Selection(trace="0af7651916cd43dd8448eb211c80319c", kind="disclosure", recipient=DESK)
    assert (await search.page(one)).total == 39
    for other in ("0" * 32, "0af7651916cd43dd8448eb211c803190", "x"):
        assert (await search.page(Selection(trace=other))).total == 0


async def test_pages_go_on_as_of_the_checkpoint_of_the_first(house: House, search: Search):
    await house.drop([body(number) for number in range(5)])
    note = await house.log.checkpoint()
    first = await search.page(limit=6)
    assert (first.size, first.checkpoint, first.root) == (10, note, note.split("\n")[2])
    await house.drop([body(number) for number in range(5, 8)])
    second = await search.page(after=first.next, limit=6)
    assert (second.size, second.behind, second.checkpoint, second.next) == (10, 6, note, None)
    assert [line.seq for line in (*first.lines, *second.lines)] == list(range(10))[::-1]
    assert (await search.page()).size == 16


async def test_what_was_redacted_says_nothing_and_what_was_pruned_is_not_there(
    house: House, search: Search, engine: AsyncEngine, owner_engine: AsyncEngine
):
    await house.drop([body(number) for number in range(150)])
    await house.route.release(DESK, 3)
    await search.catch_up()
    async with transaction(owner_engine) as connection:
        await connection.raw.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        await connection.raw.execute("UPDATE audit_entry SET body = NULL WHERE seq IN (260, 261, 301)")
    async with transaction(engine) as connection:
        await store.redact(connection, LOG, OPERATOR, [260, 261, 301])
    lines = (await search.page(Selection(kind="redacted"))).lines
    assert [(line.seq, line.recipient, line.purpose) for line in lines] == [(seq, "", "") for seq in (301, 261, 260)]
    kept = [await house.rows(question) for question in _INDEX[:4]]
    await search.rebuild()
    assert [await house.rows(question) for question in _INDEX[:4]] == kept
    async with transaction(engine) as connection:
        assert await store.prune(connection, LOG, 256, 1000) == 256
        assert await store.prune(connection, LOG, 256, 1000) == 0
    page = await search.page(descending=False, limit=500)
    assert (page.lines[0].seq, page.total) == (256, page.size - 256)
    assert sum(row["entries"] for row in await house.rows("SELECT entries FROM audit_word WHERE sort = 'kind'")) == page.total


async def test_a_reason_is_found_by_words_in_any_form(search: Search):
    sentences = ["De jongere gaf geen toestemming.", "De afspraak is verlopen.", "Deze afspraken gelden nog niet."]
    assert await search.matching(sentences, ["geen", "toestemming"]) == [0]
    assert await search.matching(sentences, ["verlopen", "afspraken"]) == [1]
    assert await search.matching(sentences, ["afspraak"]) == [1, 2]
    assert await search.matching(sentences, ["toestem"]) == [0]
    assert await search.matching(sentences, ["fiets"]) == []
    for words in ([], ["a & b"], ["a:*"], ["1"]):
        with pytest.raises(ValueError, match="letters"):
            await search.matching(sentences, words)


_FILL = """
INSERT INTO audit_posting (log_id, party_id, word, block, entries, bits)
SELECT $1, 'hub', word, block, 1, decode(CASE WHEN word = 1 THEN '0100' ELSE '0200' END, 'hex')
FROM generate_series(1, $2) AS block, generate_series(1, 3) AS word
"""


@pytest.mark.parametrize("descending", [True, False])
async def test_no_question_looks_further_however_long_the_log(engine: AsyncEngine, descending: bool):
    """Two words that half the log names, never together: what is looked at does not grow with the log."""
    blocks = 3000
    async with transaction(engine) as connection:
        await connection.raw.execute(_FILL, LOG, blocks)
        for number, sort in enumerate(("kind", "recipient", "reason"), 1):
            added = "INSERT INTO audit_word (log_id, party_id, id, sort, word, entries) VALUES ($1, 'hub', $2, $3, 'w', $4)"
            await connection.raw.execute(added, LOG, number, sort, blocks)
    async with store.reading(engine) as connection:
        selection = Selection(kind="w", recipient="w")
        question = store.Question(connection, LOG, selection, (blocks + 1) * bits.WIDTH, descending=descending)
        await question.look()
        lines, following = await question.page(None, 50)
        assert (lines, following is None) == ([], False)
        assert question.looked == store.REACH
        for statement, args in (
            (store._DOWN if descending else store._UP, (LOG, [1, 2, 3], blocks // 2, 256)),
            (store._BITS, (LOG, [1, 2, 3], list(range(1000, 1256)))),
        ):
            plan = "\n".join(row[0] for row in await connection.raw.fetch(f"EXPLAIN (ANALYZE) {statement}", *args))
            assert "Seq Scan" not in plan
            read = [int(rows) * int(loops) for rows, loops in re.findall(r"audit_posting.*?rows=(\d+) loops=(\d+)\)", plan)]
            assert 0 < sum(read) <= 3 * 256, plan
            assert "Rows Removed by Filter" not in plan
        for statement, args in (
            (store._IDS, (LOG, ["kind"], ["w"])),
            (store._OF_SORT, (LOG, "kind")),
            (store._PART_OF, (LOG, 1)),
            (store._FIRST_PART, (LOG,)),
            (store.SAID, (LOG, [])),
            (store._TRACE, (LOG, UUID(int=1), 1)),
            (store._AT_SIZE, (LOG, 7)),
        ):
            plan = "\n".join(row[0] for row in await connection.raw.fetch(f"EXPLAIN {statement}", *args))
            assert ("Index" in plan, "Seq Scan" in plan) == (True, False), plan


async def test_what_staff_do_in_the_log_becomes_a_signal(house: House, engine: AsyncEngine):
    """Readings at night, of another region, and of one person again and again; a day of far more than usual."""
    searched: dict[UUID, bytes] = {}

    async def who(refs: Sequence[UUID]) -> Mapping[UUID, bytes]:
        return {ref: searched[ref] for ref in refs if ref in searched}

    search = Search(engine, LOG, OPERATOR, who)
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, NOBODY)
    house.clock.us = begins(date(2026, 10, 5)) + 10 * HOUR  # a Monday
    await house.drop([body(number) for number in range(2)])
    house.clock.us = begins(date(2026, 11, 3)) + 2 * HOUR
    await house.drop([body(number) for number in range(2, 70)])
    entry = next(one for one in await house.entries() if one["kind"] == "disclosure" and one["recipient"] == DESK)
    by, details = StaffId("m-00000000000000aa"), {"entry": entry["ref"], "party": "elders"}
    await notes.write(EntryKind.access, "read-entry", "entry", details, by=by)
    for _ in range(5):
        house.clock.us += 60_000_000
        searched[(await notes.write(EntryKind.access, "search-person", "person", {}, by=by)).ref] = b"one and the same"
    while await search.catch_up():
        pass
    house.clock.us += HOUR
    regions = {str(DESK): {"oost"}, "elders": {"west"}}
    signals = {one.code: one for one in await search.signals(house.clock.now_us(), {}, regions)}
    assert {code: one.count for code, one in signals.items()} == {
        SignalCode.out_of_hours: 6,
        SignalCode.out_of_region: 1,
        SignalCode.one_person_often: 5,
        SignalCode.volume_jumps: 68,
    }
    for code, one in signals.items():
        if code is not SignalCode.out_of_region:
            assert (await search.page(one.selection)).total == one.count, code
