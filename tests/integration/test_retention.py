"""What goes from the log: by whose decision, what stands against it, and what is left to prove."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit import store as audit
from hub.audit.checkpoint import open_note
from hub.audit.entry import EntryKind
from hub.audit.guard import Guard
from hub.audit.highwater import HighWater
from hub.audit.log import purpose_of
from hub.audit.notes import Notes
from hub.audit.record import Committer
from hub.audit.search import Search
from hub.audit.succession import Cause, go_on, look, read_mark
from hub.audit.tree import verify_consistency, verify_inclusion
from hub.consent.policy import canonical_policy
from hub.consent.store import keep_policy
from hub.db import transaction
from hub.domain.terms import Micros
from hub.errors import Misconfigured, Refused, Tampered
from hub.postgres import PrivatePostgres, Urls
from hub.retention import service, store
from hub.retention.holds import Holds
from hub.retention.model import HoldKind, Scope, Standing
from hub.retention.service import Retention
from tests.fakes.house import DESK, body, open_house, shipped
from tests.fakes.log import signer
from tests.fakes.recorder import KEY, LOG, OPERATOR, committing
from tests.fakes.retaining import DECIDER, FG, OFFICER, OTHER, SECOND, WATCH, YEAR, Retained, open_retained, verdict


@pytest.fixture
async def kept(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Retained]:
    async with open_retained(engine, tmp_path / "mark") as opened:
        yield opened


async def count(kept: Retained, where: str) -> int:
    async with transaction(kept.engine) as connection:
        found: int = await connection.raw.fetchval(f"SELECT count(*) FROM {where}")
    return found


async def test_what_is_past_its_term_goes_by_a_decision_of_two(kept: Retained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(service, "_PAGE", service._PAGE // 8)
    old = await kept.reads(300)
    await kept.reads(3, OTHER)
    kept.clock.us += 2 * YEAR
    young = await kept.reads(2)
    plan = await kept.retention.plan()
    assert plan.counts[WATCH, "access"] == {Standing.due: 300}
    assert (plan.young, plan.prefix) == (2, 256)
    proposal = await kept.retention.propose(WATCH, SECOND)
    assert (proposal.entries, await count(kept, "audit_entry WHERE body IS NULL")) == (300, 0)
    with pytest.raises(Refused, match="decision-maker"):
        await kept.retention.approve(proposal.proposal_id, SECOND)
    done = await kept.retention.approve(proposal.proposal_id, DECIDER)
    assert (done.done, done.left) == (300, 0)
    assert sorted(kept.unlinked) == sorted(old)
    with pytest.raises(Refused, match="is not open"):
        await kept.retention.approve(proposal.proposal_id, DECIDER)
    with pytest.raises(Refused, match="Nothing was proposed"):
        await kept.retention.propose(WATCH, SECOND)

    located = await kept.log.locate([old[0], young[0]])
    with pytest.raises(Refused, match="redacted by entry 306"):
        _ = located[old[0]].body
    assert located[young[0]].body
    receipts, _ = await kept.log.prove(located)
    assert len(receipts) == 2
    assert verdict(await kept.export(), tmp_path) == ("verified", {"verified": 7, "redacted": 300})
    lines = [line async for line in kept.retention.search.select()]
    assert sum(line.kind == "redacted" and not line.purpose and not line.actor for line in lines) == 300
    await kept.retention.search.rebuild()
    assert [line async for line in kept.retention.search.select()] == lines
    bundle = await kept.log.bundle(0, 256)
    assert bundle is not None
    assert bundle.count(b"\0\0") >= 250


async def test_the_log_is_not_exported_as_it_was_before_something_was_removed(kept: Retained):
    """What allowed the removal would not be in it, so that a verifier would find entries missing."""
    await kept.reads(260)
    before = await kept.log.checkpoint()
    kept.clock.us += 3 * YEAR
    await kept.reads(1)
    assert [path async for path, _ in kept.log.export(before)][-1] == "checkpoint"
    pruning = await kept.retention.propose_pruning(SECOND)
    redaction = await kept.retention.propose(WATCH, SECOND)
    await kept.retention.approve(redaction.proposal_id, DECIDER)
    with pytest.raises(Refused, match="as it was then"):
        _ = [file async for file in kept.log.export(before)]
    redacted = await kept.log.checkpoint()
    await kept.retention.approve(pruning.proposal_id, DECIDER)
    with pytest.raises(Refused, match="as it was then"):
        _ = [file async for file in kept.log.export(redacted)]
    assert [path async for path, _ in kept.log.export(await kept.log.checkpoint())][-1] == "checkpoint"


async def test_who_proposed_does_not_decide(kept: Retained):
    await kept.reads(2)
    kept.clock.us += 3 * YEAR
    proposal = await kept.retention.propose(WATCH, OFFICER)
    with pytest.raises(Refused, match="takes two persons"):
        await kept.retention.approve(proposal.proposal_id, OFFICER)
    assert await count(kept, "audit_entry WHERE body IS NULL") == 0


@pytest.mark.parametrize(
    ("scope", "word"), [(Scope.all, ""), (Scope.party, "hub"), (Scope.purpose, "toezicht"), (Scope.person, "")], ids=str
)
@pytest.mark.parametrize("kind", HoldKind)
async def test_nothing_goes_while_a_hold_stands(kept: Retained, kind: HoldKind, scope: Scope, word: str):
    located = await kept.log.locate(await kept.reads(260))
    kept.persons[b"tag"] = [ref for ref, entry in located.items() if entry.seq == 0]
    kept.clock.us += 3 * YEAR
    redaction, pruning = await kept.retention.propose(WATCH, SECOND), await kept.retention.propose_pruning(SECOND)
    hold = await kept.holds.open_hold(kind, scope, FG, word=word, tag=b"tag" if scope is Scope.person else None)
    held = (await kept.retention.plan()).counts[WATCH, "access"][Standing.hold]
    assert held == (1 if scope is Scope.person else 260)
    for proposal in (redaction, pruning):
        with pytest.raises(Refused, match=r"since 20\d\d-\d\d-\d\d"):
            await kept.retention.approve(proposal.proposal_id, DECIDER)
    with pytest.raises(Refused, match="takes two persons"):
        await kept.holds.lift_hold(hold.hold_id, FG)
    with pytest.raises(Refused, match="role"):
        await kept.holds.lift_hold(hold.hold_id, SECOND)
    assert await count(kept, "audit_entry WHERE body IS NULL") == 0
    await kept.holds.lift_hold(hold.hold_id, DECIDER)
    assert (await kept.retention.approve(redaction.proposal_id, DECIDER)).left == 0


async def test_a_hold_that_comes_after_the_decision_stops_what_is_left(
    kept: Retained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    await kept.reads(600)
    kept.clock.us += 3 * YEAR
    proposal = await kept.retention.propose(WATCH, SECOND)

    async def crash(*_: object) -> None:
        raise ConnectionError

    empty = Retention._empty
    monkeypatch.setattr(Retention, "_empty", crash)
    with pytest.raises(ConnectionError):
        await kept.retention.approve(proposal.proposal_id, DECIDER)
    monkeypatch.setattr(Retention, "_empty", empty)
    hold = await kept.holds.open_hold(HoldKind.breach, Scope.all, None)
    (stopped,) = await kept.retention.finish()
    assert (stopped.done, stopped.left) == (0, 600)
    assert await count(kept, "audit_entry WHERE body IS NULL") == 0
    assert verdict(await kept.export(), tmp_path) == ("verified", {"verified": 603})
    await kept.holds.lift_hold(hold.hold_id, FG)
    (finished,) = await kept.retention.finish()
    assert (finished.done, finished.left) == (600, 0)
    assert await kept.retention.finish() == []
    assert verdict(await kept.export(), tmp_path)[1]["redacted"] == 600


async def test_a_person_who_is_held_after_a_pruning_was_decided_is_still_known(kept: Retained, monkeypatch: pytest.MonkeyPatch):
    """What says whose entries are whose goes with them, and never before it is sure that they may go."""
    refs = await kept.reads(300)
    located = await kept.log.locate(refs)
    kept.persons[b"tag"] = [ref for ref, entry in located.items() if entry.seq == 7]
    kept.clock.us += 3 * YEAR
    proposal = await kept.retention.propose_pruning(SECOND)

    async def crash(*_: object) -> None:
        raise ConnectionError

    remove = Retention._remove
    monkeypatch.setattr(Retention, "_remove", crash)
    with pytest.raises(ConnectionError):
        await kept.retention.approve(proposal.proposal_id, DECIDER)
    monkeypatch.setattr(Retention, "_remove", remove)
    hold = await kept.holds.open_hold(HoldKind.legal_hold, Scope.person, FG, tag=b"tag")
    (stopped,) = await kept.retention.finish()
    assert (stopped.done, stopped.left, kept.unlinked) == (0, 256, [])
    assert await count(kept, "audit_entry WHERE seq < 256") == 256
    await kept.holds.lift_hold(hold.hold_id, DECIDER)
    (finished,) = await kept.retention.finish()
    assert (finished.done, len(kept.unlinked)) == (256, 256)


async def test_what_was_added_to_a_proposal_past_it_is_not_decided_on(kept: Retained):
    await kept.reads(5)
    kept.clock.us += 3 * YEAR
    proposal = await kept.retention.propose(WATCH, SECOND)
    more = await kept.log.locate(await kept.reads(300))
    kept.clock.us += 3 * YEAR
    last = max(entry.seq for entry in more.values())
    await store.add_part(kept.engine, LOG, OPERATOR, proposal.proposal_id, [last])
    with pytest.raises(Refused, match="anew"):
        await kept.retention.approve(proposal.proposal_id, DECIDER)
    assert await count(kept, "audit_entry WHERE body IS NULL") == await count(kept, "audit_redaction") == 0


async def test_a_log_is_pruned_whose_beginning_another_key_signed(kept: Retained, engine: AsyncEngine, tmp_path: Path):
    mark, new = tmp_path / "mark", signer(9, KEY.name)
    await kept.reads(300)
    await kept.committer.stop()
    found = await look(engine, LOG, read_mark(mark))
    await go_on(engine, LOG, OPERATOR, new, kept.clock, secrets.token_bytes, mark, found, Cause.rotation, "beheer", "planned")
    kept.clock.us += 3 * YEAR
    high_water = HighWater(mark)
    committer = Committer(engine, LOG, OPERATOR, new, kept.clock, secrets.token_bytes, high_water)
    await committer.start()
    try:
        retention = replace(kept.retention, signer=new, notes=replace(kept.notes, recorder=committer))
        proposal = await retention.propose_pruning(SECOND)
        await retention.approve(proposal.proposal_id, DECIDER)
        after = await Guard(engine, LOG, new.vkey).check(newest=None)
    finally:
        await committer.stop()
        high_water.close()
    assert (proposal.after, after.pruned) == (256, 256)


async def test_who_proposed_is_who_the_log_says(kept: Retained, engine: AsyncEngine):
    """A row that names another, past the log, makes no two persons of one."""
    await kept.reads(5)
    kept.clock.us += 3 * YEAR
    made = await kept.retention.propose(WATCH, OFFICER)
    (before,) = await store.parts(engine, LOG, made.proposal_id, -1, 9)
    for forged in (replace(made, staff=str(SECOND.staff_id), proposal_id=uuid4()), replace(made, proposal_id=uuid4())):
        rows = store.proposal_rows(LOG, OPERATOR, forged)
        async with transaction(engine) as connection:
            await connection.copy(rows.table, rows.columns, rows.rows)
        await store.add_part(engine, LOG, OPERATOR, forged.proposal_id, before[1])
        with pytest.raises(Refused if forged.staff == made.staff else Tampered):
            await kept.retention.approve(forged.proposal_id, OFFICER)
    assert await count(kept, "audit_entry WHERE body IS NULL") == await count(kept, "audit_redaction") == 0


async def test_of_no_entries_nothing_is_asked(kept: Retained):
    async with store.reading(kept.engine) as connection:
        assert await store.these(connection, LOG, []) == []


async def test_an_entry_is_named_by_one_authority_alone(kept: Retained):
    await kept.reads(5)
    kept.clock.us += 3 * YEAR
    one, two = await kept.retention.propose(WATCH, SECOND), await kept.retention.propose(WATCH, SECOND)
    await kept.retention.approve(one.proposal_id, DECIDER)
    with pytest.raises(Refused):
        await kept.retention.approve(two.proposal_id, DECIDER)
    async with transaction(kept.engine) as connection:
        claim = store.claim_redaction(LOG, kept.notes.operator, two.proposal_id, uuid4())
        assert not await audit.claim_all(connection, [claim])


async def test_after_pruning_what_is_left_proves_itself(kept: Retained, engine: AsyncEngine, tmp_path: Path):
    await kept.reads(900)
    kept.clock.us += 3 * YEAR
    before = await kept.log.checkpoint()
    last = await kept.reads(40)
    async with transaction(engine) as connection:
        leaves = await audit.leaves(connection, LOG, 0, 940)
    proposal = await kept.retention.propose_pruning(SECOND)
    assert proposal.after == 768
    done = await kept.retention.approve(proposal.proposal_id, DECIDER)
    assert (done.done, done.left) == (768, 0)
    assert await count(kept, "audit_entry WHERE seq < 768") == await count(kept, "audit_tile WHERE level = 0 AND idx < 3") == 0
    for ask in (kept.log.bundle(2, 256), kept.log.tile(0, 2, 256), kept.log.consistent(767, 900)):
        with pytest.raises(Refused, match=r"pruned by entry 94\d"):
            await ask
    note = open_note(await kept.log.checkpoint(), KEY.vkey)
    async with transaction(engine) as connection:
        edge = await audit.rebuild_edge(connection, LOG, note.size)
        assert edge.root == note.root
        for index in range(768, 940, 9):
            needed = audit.tile.tiles_needed([index], note.size)
            prover = await audit.prover(connection, LOG, note.size, needed, edge)
            verify_inclusion(leaves[index], index, note.size, prover.inclusion(index), note.root)
    old = open_note(before, KEY.vkey)
    verify_consistency(old.size, old.root, note.size, note.root, await kept.log.consistent(old.size, note.size))
    for older in (768, 769, 800, 939):
        root = audit.Frontier().extend(leaves[:older]).root
        verify_consistency(older, root, note.size, note.root, await kept.log.consistent(older, note.size))
    receipts, _ = await kept.log.prove(await kept.log.locate(last[:2]))
    assert len(receipts) == 2
    assert verdict(await kept.export(), tmp_path) == ("verified", {"verified": note.size - 768, "pruned": 768})
    await kept.retention.search.rebuild()
    assert (await kept.retention.search.page()).lines[0].seq == note.size - 1
    await kept.committer.stop()
    async with committing(engine, tmp_path / "mark", kept.clock) as again:  # its start checks the log against itself
        assert again.log_id == LOG
    HighWater(tmp_path / "mark").close()


async def test_where_a_log_is_cut_nothing_is_signed_but_what_was_signed_before(
    kept: Retained, postgres: PrivatePostgres, database_urls: Urls
):
    await kept.reads(300)
    kept.clock.us += 3 * YEAR
    vandal = await asyncpg.connect(postgres.url("postgres", database_urls.database.rpartition("/")[2]).replace("+asyncpg", ""))
    try:
        await vandal.execute("SET session_replication_role = replica")
        await vandal.execute("UPDATE audit_tile SET hashes = set_byte(hashes, 9, 255 - get_byte(hashes, 9)) WHERE idx = 0")
    finally:
        await vandal.close()
    with pytest.raises(Tampered):
        await kept.retention.approve((await kept.retention.propose_pruning(SECOND)).proposal_id, DECIDER)
    assert await count(kept, "audit_checkpoint WHERE size = 256") == await count(kept, "audit_pruned") == 0


async def test_a_superuser_who_empties_an_entry_is_found_out(
    kept: Retained, postgres: PrivatePostgres, database_urls: Urls, tmp_path: Path
):
    refs = await kept.reads(3)
    name = database_urls.database.rpartition("/")[2].partition("?")[0]
    root = await asyncpg.connect(postgres.url("postgres", name).replace("+asyncpg", ""), ssl=False)
    with pytest.raises(asyncpg.PostgresError) as caught:
        await root.execute("UPDATE audit_entry SET body = NULL WHERE seq = 1")
    assert caught.value.sqlstate == "HU001"
    await root.execute("SET session_replication_role = replica")
    await root.execute("UPDATE audit_entry SET body = NULL WHERE seq = 1")
    await root.close()
    assert verdict(await kept.export(), tmp_path)[0] != "verified"
    emptied = 0
    for entry in (await kept.log.locate(refs)).values():
        if entry.kept is None:
            emptied += 1
            with pytest.raises(Tampered, match="Nobody authorised"):
                _ = entry.body
    assert emptied == 1


@pytest.mark.parametrize(
    "act",
    [
        "UPDATE audit_entry SET body = NULL",
        "UPDATE audit_entry SET body = '{}'",
        "SELECT prune_audit('regio-a', 10)",
    ],
)
async def test_without_authority_nothing_goes(kept: Retained, act: str):
    await kept.reads(300)
    for forged in (False, True):
        async with transaction(kept.engine) as connection:
            if forged:  # rows that name an authority that is no such entry
                ref = await connection.raw.fetchval("SELECT ref FROM audit_entry WHERE seq = 299")
                proposal = uuid4()
                await store.add_part(kept.engine, LOG, kept.notes.operator, proposal, range(256))
                await audit.run_all(
                    connection,
                    [
                        store.claim_redaction(LOG, kept.notes.operator, proposal, ref),
                        store.claim_pruning(LOG, kept.notes.operator, 256, proposal, ref, b""),
                    ],
                )
        with pytest.raises((Tampered, Misconfigured)):
            async with transaction(kept.engine) as connection:
                await connection.raw.execute(act)
    assert await count(kept, "audit_entry WHERE body IS NOT NULL") == 300


# --- Disclosures ---


async def test_a_disclosure_stays_until_its_recipient_must_have_erased_it(
    engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path
):
    async with open_house(engine, vault_engine, tmp_path / "mark") as house:
        notes = Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)
        policy = shipped().policy
        kept = keep_policy(LOG, OPERATOR, uuid4(), UUID(int=0), policy.hash, canonical_policy(policy), Micros(house.clock.us))
        await notes.write(EntryKind.configuration, "policy-use", "policy", {}, claims=(kept,))
        holds, search = Holds(engine, notes), Search(engine, LOG, OPERATOR, house.vault.tags_of)
        retention = Retention(engine, notes, search, KEY, holds, lambda: policy, house.vault.refs_of, _forget)
        admitted = await house.send(body())
        delivery = next(one.ref for one in admitted.outcomes if one.permitted and one.recipient == DESK)
        (located,) = (await house.log.locate([delivery])).values()
        purpose = str(purpose_of(located))

        async def standing() -> dict[str, Standing]:
            found = (await retention.plan()).counts
            return {kind: next(iter(counts)) for (of, kind), counts in found.items() if of == purpose}

        start = house.clock.us
        house.clock.us += 4 * YEAR
        assert await standing() == {"disclosure": Standing.unfinished}
        house.clock.us = start
        await house.route.release(DESK, 10)
        await house.route.acknowledge(DESK, [delivery])
        house.clock.us += 4 * YEAR
        assert await standing() == {"disclosure": Standing.held_by_recipient, "outcome": Standing.held_by_recipient}
        async with transaction(engine) as connection:
            elements = json.dumps({str(delivery): [str(name) for name in policy.elements]})
            await connection.raw.execute(_NOTICE, uuid4(), "open", elements)
        assert await standing() == {"disclosure": Standing.unfinished, "outcome": Standing.unfinished}
        async with transaction(engine) as connection:
            notice = await connection.raw.fetchval("UPDATE consent_notice SET state = 'attested' RETURNING notice_id")
            await connection.raw.execute(_ATTESTED, uuid4(), notice, start)
        assert await standing() == {"disclosure": Standing.young, "outcome": Standing.young}
        house.clock.us += 2 * YEAR
        assert await standing() == {"disclosure": Standing.due, "outcome": Standing.due}
        tag = (await house.vault.tags_of([delivery]))[delivery]
        await holds.open_hold(HoldKind.legal_hold, Scope.person, FG, tag=tag)
        assert await standing() == {"disclosure": Standing.hold, "outcome": Standing.hold}
        with pytest.raises(Refused, match="A legal hold stands since"):
            await holds.check_free(tag)
        await holds.check_free(b"somebody else", [DESK], [WATCH])


async def _forget(_refs: object) -> None:
    """Nothing goes here."""


_NOTICE = """
INSERT INTO consent_notice (log_id, party_id, notice_id, cause_id, via, cause, action, items, opened_us, due_us, state)
VALUES ('regio-a', 'x', $1, $1, $1, 'unlawful', 'erase', $3::text::jsonb, 1, 1, $2)
"""
_ATTESTED = """
INSERT INTO consent_notice_event (log_id, party_id, event_id, notice_id, kind, us, method)
VALUES ('regio-a', 'x', $1, $2, 'attested', $3, 'erased')
"""
