"""Answering one person: logged first, complete, checked against the person's key, proved, and without the number."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.notes import Notes
from hub.audit.search import Search, Selection
from hub.consent.explain_entry import explain_entry
from hub.consent.policy import load_policy
from hub.db import transaction
from hub.domain.facts import StatementKind
from hub.domain.staff import Role, Staff, StaffId
from hub.errors import Malformed, Refused, Retry, Tampered
from hub.ports import About, WorkItem
from hub.rights.answer import PersonAnswer, SearchReason
from hub.rights.evidence import bundle
from hub.rights.person import Persons
from ops.verify import verify
from tests import canary
from tests.fakes.house import DESK, DUO, KEY, LOG, OPERATOR, POLICY, WORK, House, body, open_house
from tests.fakes.statements import said

OFFICER = Staff(StaffId("m-00000000000000aa"), "Verzonnen Medewerker", frozenset({Role.privacy_officer}))
NUMBERS = list(canary.numbers())


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


def persons_of(house: House) -> Persons:
    notes = Notes(house.committer, LOG, OPERATOR, house.clock, lambda count: uuid4().bytes[:8] * (count // 8), house.vault)
    return Persons(house.log, Search(house.engine, LOG, OPERATOR, house.vault.tags_of), notes, house.people)


async def ask(house: House, number: int, by: Staff = OFFICER) -> PersonAnswer:
    return await persons_of(house).search(NUMBERS[number], SearchReason.inzage, by)


def holds(receipt: str, entry: str, key: verify.Key) -> verify.Checkpoint:
    """RFC 9162, 2.1.3.2, with the offline verifier's own reading of keys, checkpoints and leaves."""
    head, _, note = receipt.partition("\n\n")
    first, index_line, *hashes = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    checkpoint = verify.read_checkpoint(note.encode(), key)
    index, last, node = int(index_line.removeprefix("index ")), checkpoint.size - 1, verify.leaf_of(entry.encode())
    for text in hashes:
        other = verify.unbase64(text)
        if index % 2 or index == last:
            node = sha256(b"\x01" + other + node).digest()
            while not index % 2 and index:
                index, last = index // 2, last // 2
        else:
            node = sha256(b"\x01" + node + other).digest()
        index, last = index // 2, last // 2
    assert (last, node) == (0, checkpoint.root)
    return checkpoint


async def test_who_got_what_about_this_person_and_no_other(house: House):
    for number in range(3):
        await house.send(body(number))
    handed = await house.route.release(DESK, 10)
    await house.route.acknowledge(DESK, [one.delivery_id for one in handed.deliveries])
    answer = await ask(house, 1)
    assert answer.has_key
    assert (answer.checked, answer.foreign, answer.searches, answer.events) == (2, 0, (), ())
    assert {each.recipient: [one.outcome for one in each.given] for each in answer.recipients} == {
        DESK: ["acknowledged"],
        WORK: ["waiting"],
    }
    given = next(each for each in answer.recipients if each.recipient == DESK).given[0]
    assert [step.fields["outcome"] for step in given.steps] == ["handed-over", "acknowledged"]
    explained = explain_entry(load_policy(POLICY), given.entry.fields, outcome=given.outcome)
    said = "Dienst Uitvoering Onderwijs gaf op 2 november 2026 gegevens over één jongere aan Doorstroompunt Lindemark."
    assert explained.headline == said


async def test_the_search_stands_in_the_log_and_in_the_next_answer(house: House):
    await house.send(body(0))
    first = await ask(house, 0)
    assert first.search.fields["operation"] == "search-person"
    assert first.search.fields["details"] == {"reason": "inzageverzoek", "staff": OFFICER.staff_id}
    assert first.size == first.search.seq + 1
    second = await ask(house, 0)
    assert [(one.entry.ref, one.staff, one.reason) for one in second.searches] == [
        (first.search.ref, OFFICER.staff_id, "inzageverzoek")
    ]
    assert (await ask(house, 1)).searches == ()


async def test_all_of_an_answer_is_proved_under_one_checkpoint_that_holds_the_search(house: House):
    for number in range(40):
        await house.send(body(number))
    await house.route.release(DESK, 50)
    answer = await ask(house, 7)
    await house.send(body(41))
    key = verify.read_key(KEY.vkey)
    found = [one for each in answer.recipients for one in (*each.given, *each.refused)]
    proved = [answer.search, *(one.entry for one in found), *(step for one in found for step in one.steps)]
    file = orjson.loads(await bundle(house.log, [one.ref for one in proved]))
    shown = {row["ref"] for row in file["entries"]}
    assert str(answer.search.ref) in shown
    assert len(shown) == 1 + answer.checked + sum(len(one.steps) for each in answer.recipients for one in each.given)
    checkpoints = {holds(row["receipt"], row["entry"], key).root for row in file["entries"]}
    assert len(checkpoints) == 1
    assert all(orjson.loads(row["entry"])["ref"] == row["ref"] for row in file["entries"])
    with pytest.raises(AssertionError):
        holds(file["entries"][0]["receipt"], file["entries"][1]["entry"], key)


async def test_evidence_of_a_selection_can_be_checked_without_the_hub(house: House):
    for number in range(5):
        await house.send(body(number))
    search = Search(house.engine, LOG, OPERATOR, house.vault.tags_of)
    refs = [line.ref async for line in search.select(Selection(recipient=DESK))]
    file = orjson.loads(await bundle(house.log, refs))
    key = verify.read_key(file["key"])
    assert len(file["entries"]) == 5
    for row in file["entries"]:
        assert holds(row["receipt"], row["entry"], key).size == int(file["checkpoint"].split("\n")[1])
        assert verify.read_entry(row["entry"].encode())["recipient"] == DESK
    for refs in ([], [uuid4() for _ in range(10_001)]):
        with pytest.raises(Malformed):
            await bundle(house.log, refs)
    with pytest.raises(Tampered):
        await bundle(house.log, [uuid4()])


async def test_a_personal_reason_is_opened_for_whoever_may_ask(house: House):
    await house.send(body(0, overlijdensdatum="2026-10-01"))
    answer = await ask(house, 0)
    refused = [one for each in answer.recipients for one in each.refused]
    assert refused
    for one in refused:
        assert "PERSOONLIJK" in one.entry.fields["reasons"]
        assert one.reasons is not None
        assert "OVERLEDEN" in one.reasons
        assert "OVERLEDEN" not in repr(answer)


async def test_an_entry_of_somebody_else_is_not_shown_as_theirs(house: House):
    await house.send(body(0))
    await house.send(body(1))
    others = await house.about(await house.tag(NUMBERS[1]))
    await house.vault.link([About(OPERATOR, await house.tag(NUMBERS[0]), ref) for ref in others])
    answer = await ask(house, 0)
    assert (answer.checked, answer.foreign) == (2, 2)


async def test_facts_that_are_not_those_of_the_log_are_tampered_with(house: House, owner_engine: AsyncEngine):
    await house.send(body(0, overlijdensdatum="2026-10-01"))
    await house.send(body(0, overlijdensdatum="2026-10-02"))
    async with transaction(owner_engine) as connection:
        # Both were sealed under the person's key; one takes the other's place, with the other's own name.
        rows = await connection.raw.fetch("SELECT record_id, sealed FROM consent_facts ORDER BY record_id")
        await connection.raw.execute("UPDATE consent_facts SET sealed = $1 WHERE record_id = $2", rows[0][1], rows[1][0])
    with pytest.raises(Tampered):
        await ask(house, 0)


async def test_reasons_that_the_digest_does_not_bear_are_tampered_with(house: House, monkeypatch: pytest.MonkeyPatch):
    await house.send(body(0, overlijdensdatum="2026-10-01"))
    monkeypatch.setattr("hub.rights.person.unseal", lambda key, sealed, bound: _other(key, sealed, bound))
    with pytest.raises(Tampered, match="not those that the log speaks of"):
        await ask(house, 0)


def _other(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    from hub.protect.seal import unseal

    return unseal(key, sealed, bound).replace(b"OVERLEDEN", b"BEZWAAR")


async def test_of_somebody_unknown_nothing_is_said_and_it_is_logged(house: House):
    await house.send(body(0))
    answer = await ask(house, 5)
    assert (answer.has_key, answer.recipients, answer.statements, answer.checked) == (False, (), (), 0)
    assert (await house.entries())[-1]["ref"] == str(answer.search.ref)


async def test_of_somebody_erased_nothing_can_be_shown_to_be_theirs(house: House, database_urls):
    await house.send(body(0))
    import asyncpg

    owner = await asyncpg.connect(database_urls.vault_migration.replace("+asyncpg", ""), ssl=False)
    await owner.execute("DELETE FROM vault_key")
    await owner.close()
    answer = await ask(house, 0)
    assert (answer.has_key, answer.recipients, answer.checked, answer.foreign) == (False, (), 0, 0)


async def test_statements_are_told(house: House):
    tag = await house.tag(NUMBERS[0])
    claim = said(house.digests, LOG, tag, StatementKind.bezwaar, (date(2026, 1, 1), None))
    await house.committer.record(WorkItem(uuid4(), DUO, (), claims=(claim,)))
    answer = await ask(house, 0)
    assert [(one.kind, one.valid_from, one.valid_until) for one in answer.statements] == [("bezwaar", date(2026, 1, 1), None)]
    assert "bezwaar" not in repr(answer)


async def test_nothing_is_told_that_is_not_logged_first(house: House, monkeypatch: pytest.MonkeyPatch):
    await house.send(body(0))
    before = len(await house.entries())
    await house.committer.stop()
    monkeypatch.setattr("hub.protect.vault.Vault.refs_of", None)
    with pytest.raises(Retry):
        await ask(house, 0)
    assert len(await house.entries()) == before


@pytest.mark.parametrize("roles", [frozenset(), frozenset({Role.administrator}), frozenset({Role.auditor})])
async def test_whoever_may_search_nobody_is_refused(house: House, roles: frozenset[Role]):
    with pytest.raises(Refused):
        await ask(house, 0, Staff(OFFICER.staff_id, "Verzonnen", roles))
    assert await house.entries() == []


async def test_a_wrong_number_is_refused_without_being_said(house: House):
    wrong = "987123456"
    with pytest.raises(Malformed) as refused:
        await persons_of(house).search(wrong, SearchReason.controle, OFFICER)
    assert wrong not in repr(refused.value)
    assert not any(wrong in text for text in canary.told_by(refused.value, frames_outside=1))
    assert await house.entries() == []


async def test_the_number_is_kept_nowhere(house: House):
    await house.send(body(0))
    answer = await ask(house, 0)
    kept = [str(row) for table in ("audit_word", "audit_outcome") for row in await house.rows(f"SELECT * FROM {table}")]
    assert not any(NUMBERS[0] in text for text in [*kept, repr(answer), str(await house.entries())])
