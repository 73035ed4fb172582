"""Whoever can write to the database as the hub itself does not change by that what may pass: the log says what happened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind
from hub.audit.log import Log
from hub.consent.life import ActKind, SuspendReason
from hub.consent.policy import canonical_policy
from hub.db import transaction
from hub.domain.facts import StatementKind
from hub.domain.staff import Role
from hub.domain.terms import AgreementId, PartyId
from hub.errors import Misconfigured, Tampered
from hub.health.findings import State
from hub.health.rules import in_use
from hub.policies import signature, store
from hub.policies.hands import Hand
from hub.policies.proof import details_of, signed_over
from hub.policies.use import UNREAD_US, Acts, Watch
from hub.ports import WorkItem
from tests import canary
from tests.fakes.agreements import AT_DUO, AT_LINDEMARK, DUO, DUO_DESK, changed, shipped
from tests.fakes.house import DESK, House, body, open_house
from tests.fakes.recorder import KEY, LOG, OPERATOR
from tests.fakes.statements import said
from tests.integration.test_policies import KEYS, Hall, hall

__all__ = ["hall"]

OTHER: Final = AgreementId("mbo-doorstroompunt/1")
_FORGE = """
INSERT INTO policy_act (log_id, party_id, number, kind, us, entry_ref, method, staff, for_party, agreement, digest, follows,
    policy_hash, word, proof)
SELECT log_id, party_id, (SELECT max(number) + 1 FROM policy_act), coalesce($2, kind), us, coalesce($3, entry_ref),
    coalesce($4, method), coalesce($5, staff), for_party, coalesce($6, agreement), digest,
    coalesce(follows, CASE WHEN $2 = 'activated' THEN policy_hash END), coalesce($7, policy_hash),
    word, coalesce($8, proof)
FROM policy_act WHERE number = $1
"""


async def forge(
    engine: AsyncEngine,
    like: int,
    kind: str | None = None,
    ref: UUID | None = None,
    method: str | None = None,
    staff: str | None = None,
    agreement: str | None = None,
    policy: str | None = None,
    proof: str | None = None,
) -> None:
    """One more act, much like an earlier one, as the hub's own role may write it."""
    async with transaction(engine) as connection:
        await connection.raw.execute(_FORGE, like, kind, ref, method, staff, agreement, policy, proof)


async def last(hall: Hall) -> int:
    return (await hall.now()).last


async def test_an_act_that_the_log_knows_not_shuts_its_agreement_in_a_hub_that_runs(hall: Hall) -> None:
    used = await hall.found()
    watch = Watch(hall.acts, hall.clock)
    await watch.look()
    await hall.policies.suspend(DUO_DESK, SuspendReason.incident, Hand(AT_DUO))
    assert (seen := await watch.look()) is not None
    assert seen.life.shut == {DUO_DESK: "AFSPRAAK_GESCHORST"}
    await forge(hall.engine, await last(hall), kind="resumed", ref=uuid4(), agreement=OTHER)
    await forge(hall.engine, await last(hall), kind="resumed", agreement=DUO_DESK)
    seen = await watch.look()
    assert seen is not None
    assert seen.life.shut == {DUO_DESK: "AFSPRAAK_GESCHORST", OTHER: "AFSPRAAK_NIET_BEWEZEN"}
    assert [act.agreement for act in seen.history.doubted] == [OTHER, DUO_DESK]
    found = {one.code: one for one in await in_use(Acts(hall.acts.log), shipped, hall.clock.now_us())}
    assert found["act-doubted"].state is State.wrong
    assert found["act-doubted"].parameters["names"] == f"{DUO_DESK}, {OTHER}"
    assert used.policy == seen.policy


async def test_what_is_doubted_goes_on_once_a_party_has_looked_at_it(hall: Hall) -> None:
    await hall.found()
    await forge(hall.engine, 2, kind="ended", agreement=DUO_DESK)
    assert (await hall.now()).life.shut == {DUO_DESK: "AFSPRAAK_NIET_BEWEZEN"}
    await hall.policies.suspend(DUO_DESK, SuspendReason.review, Hand(AT_DUO))
    await hall.policies.resume(DUO_DESK, Hand(AT_DUO))
    assert (await hall.now()).life.shut == {}


@pytest.mark.parametrize("ref", ["its own", "of another entry", "of the founding"])
async def test_a_set_that_nobody_activated_does_not_come_into_use(hall: Hall, ref: str) -> None:
    used = await hall.found()
    wide = changed(shipped(), version="2", oldest=60)
    await hall.policies.suspend(OTHER, SuspendReason.incident, Hand(AT_LINDEMARK)) if ref == "of another entry" else None
    async with transaction(hall.engine) as connection:
        await connection.raw.execute(
            "INSERT INTO policy_set VALUES ($1, 'p', $2, $3, 1)", LOG, wide.hash, canonical_policy(wide)
        )
    named = {"its own": uuid4(), "of the founding": None, "of another entry": (await hall.acts.all())[0][-1].ref}[ref]
    await forge(hall.engine, 1, kind="activated" if ref == "its own" else None, ref=named, policy=wide.hash)
    now = await hall.now()
    assert (now.policy.hash, len(now.history.doubted)) == (used.policy.hash, 1)


async def test_what_was_true_once_is_not_put_there_again(hall: Hall) -> None:
    """A resumption of before, under its own entry, lifts no suspension of after."""
    await hall.found()
    await hall.policies.suspend(DUO_DESK, SuspendReason.incident, Hand(AT_DUO))
    await hall.policies.resume(DUO_DESK, Hand(AT_DUO))
    resumed = await last(hall)
    await hall.policies.suspend(DUO_DESK, SuspendReason.incident, Hand(AT_DUO))
    await forge(hall.engine, resumed)
    assert (await hall.now()).life.shut == {DUO_DESK: "AFSPRAAK_GESCHORST"}
    assert len((await hall.now()).history.doubted) == 1


async def test_acts_follow_each_other_whoever_writes_them(hall: Hall) -> None:
    await hall.found()
    for number in ("9223372036854775807", "0", "-1"):
        with pytest.raises(Tampered):
            async with transaction(hall.engine) as connection:
                await connection.raw.execute(
                    f"""INSERT INTO policy_act (log_id, party_id, number, kind, us, entry_ref, method)
                    SELECT log_id, party_id, {number}, kind, us, entry_ref, method FROM policy_act WHERE number = 1"""
                )
    junk: list[dict[str, str]] = [{"kind": "x"}, {"staff": "x", "method": "desk"}, {"agreement": "a b"}, {"kind": "activated"}]
    for each in junk:
        with pytest.raises(Tampered):
            await forge(hall.engine, 2, **each)


async def test_an_entry_that_the_tree_does_not_hold_proves_nothing(hall: Hall) -> None:
    """Whoever writes an entry beside the act has no checkpoint over it, and spoils the proof of no other act."""
    await hall.found()
    await hall.policies.suspend(OTHER, SuspendReason.incident, Hand(AT_LINDEMARK))
    ref = uuid4()
    async with transaction(hall.engine) as connection:
        await connection.raw.execute(
            """INSERT INTO audit_entry (log_id, party_id, seq, ref, leaf, body)
            SELECT log_id, party_id, 4000, $1::uuid, leaf, convert_to(
                replace(replace(convert_from(body, 'UTF8'), ref::text, $2), 'agreement-suspend', 'agreement-end'), 'UTF8')
            FROM audit_entry ORDER BY seq DESC LIMIT 1""",
            ref,
            str(ref),
        )
    await forge(hall.engine, await last(hall), kind="ended", ref=ref)
    fresh = await Acts(Log(hall.engine, LOG, KEY.vkey)).in_use()
    assert fresh is not None
    assert fresh.life.shut == {OTHER: "AFSPRAAK_GESCHORST"}
    assert len(fresh.history.doubted) == 1


async def test_a_signature_is_checked_again_with_the_key_that_was_registered(hall: Hall) -> None:
    """Whoever could write to the log itself would still need the key of whoever signs."""
    await hall.found()
    one = await hall.signatories.add(KEYS[0], "Hester van Galen", Role.decision_maker, DUO)
    await hall.policies.suspend(DUO_DESK, SuspendReason.incident, await hall.signatories.hand_of(KEYS[0]))
    counts, doubted = await Acts(hall.acts.log).all()
    assert (counts[-1].proof is not None, doubted) == (True, [])
    ref = uuid4()
    act = replace(counts[-1], number=counts[-1].number + 1, kind=ActKind.resumed, ref=ref, word=None)
    act = replace(act, proof=signature.sign(KEYS[1], signed_over(act)))
    await hall.notes.write(
        EntryKind.configuration,
        "agreement-resume",
        "agreement",
        details_of(act),
        by=one.staff_id,
        ref=ref,
        claims=(store.claim_acts(LOG, OPERATOR, [act]),),
    )
    assert [each.number for each in (await Acts(hall.acts.log).all())[1]] == [act.number]
    assert (await hall.now()).life.shut == {DUO_DESK: "AFSPRAAK_GESCHORST"}


async def test_a_key_that_nobody_registered_signs_nothing_and_a_closed_one_stays_closed(hall: Hall) -> None:
    await hall.found()
    await hall.signatories.add(KEYS[0], "Hester van Galen", Role.decision_maker, DUO)
    jwk, print_of = signature.public_of(KEYS[1]), signature.thumbprint_of(KEYS[1])
    async with transaction(hall.engine) as connection:
        await connection.raw.execute(
            """INSERT INTO policy_signatory (log_id, party_id, thumbprint, staff, name, role, for_party, jwk,
                recorded_us, entry_ref)
            SELECT log_id, party_id, $1, 'm-00000000000000ff', name, role, for_party, $2, recorded_us, entry_ref
            FROM policy_signatory""",
            print_of,
            jwk,
        )
    with pytest.raises(Tampered, match="not registered as the log says"):
        await hall.signatories.hand_of(KEYS[1])
    await hall.signatories.close(signature.thumbprint_of(KEYS[0]))
    for act in (
        "DELETE FROM policy_closed",
        "UPDATE policy_closed SET thumbprint = 'x'",
        "UPDATE policy_signatory SET role = 'fg'",
    ):
        with pytest.raises(Misconfigured):
            async with transaction(hall.engine) as connection:
                await connection.raw.execute(act)


async def test_where_no_act_can_be_proven_nothing_is_laid_down_anew(hall: Hall) -> None:
    async with transaction(hall.engine) as connection:
        await connection.raw.execute(
            """INSERT INTO policy_act (log_id, party_id, number, kind, us, entry_ref, method, policy_hash)
            VALUES ($1, 'p', 1, 'founded', 1, gen_random_uuid(), 'hub', $2)""",
            LOG,
            shipped().hash,
        )
    with pytest.raises(Tampered, match="not as the log says"):
        await hall.acts.in_use()


async def test_of_acts_that_were_proven_nothing_is_looked_up_again(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    await hall.found()
    await hall.now()
    asked: list[int] = []

    async def found(_log: Any, refs: Any) -> dict[Any, Any]:
        asked.append(len(refs))
        return {}

    monkeypatch.setattr(Log, "found", found)
    assert (await hall.now()).life.shut == {}
    assert asked == []


async def test_rules_that_cannot_be_read_are_gone_on_without_for_a_day(hall: Hall, owner_engine: AsyncEngine) -> None:
    used = await hall.found()
    watch = Watch(hall.acts, hall.clock)
    await watch.look()
    assert await watch.going_on(used.policy, used.life) == used.life
    await hall.policies.suspend(DUO_DESK, SuspendReason.incident, Hand(AT_DUO))
    await _spoil(owner_engine, "body || ' '")
    assert await watch.look() is None
    since = watch.unread_since
    assert since is not None
    on = await watch.going_on(used.policy, used.life)
    assert on.shut == {DUO_DESK: "AFSPRAAK_GESCHORST"}
    hall.clock.us += UNREAD_US
    assert await watch.look() is None
    assert watch.unread_since == since
    over = await watch.going_on(used.policy, on)
    assert set(over.shut) == {each.id for each in used.policy.agreements}
    assert {one.code: one.state for one in await in_use(hall.acts, shipped, hall.clock.now_us())} == {
        "policy-unread": State.wrong
    }
    await _spoil(owner_engine, "substr(body, 1, length(body) - 1)")
    seen = await watch.look()
    assert seen is not None
    assert (seen.life.shut, watch.unread_since) == ({DUO_DESK: "AFSPRAAK_GESCHORST"}, None)


async def _spoil(owner: AsyncEngine, body: str) -> None:
    async with transaction(owner) as connection:
        await connection.raw.execute("ALTER TABLE consent_policy DISABLE TRIGGER audit_keep")
        await connection.raw.execute(f"UPDATE consent_policy SET body = {body}")


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as made:
        yield made


async def sql(engine: AsyncEngine, statement: str, *arguments: object) -> None:
    async with transaction(engine) as connection:  # as the hub's own role
        await connection.raw.execute(statement, *arguments)


async def test_a_statement_is_neither_made_up_nor_changed_nor_taken_away(house: House) -> None:
    await house.send(body(0))
    tag = await house.tag(canary.BSN)
    said_so = said(house.digests, LOG, tag, StatementKind.beperking, (date(2026, 11, 2), None))
    await house.committer.record(WorkItem(uuid4(), DESK, (), claims=(said_so,)))
    copy = """INSERT INTO consent_event SELECT log_id, party_id, statement_id, 2, subject_tag,
        convert_to(replace(convert_from(body, 'UTF8'), '"seq":1', '"seq":2'), 'UTF8'), {made}, ends FROM consent_event"""
    for statement in ("DELETE FROM consent_event", "UPDATE consent_event SET body = ''", copy.format(made="NULL")):
        with pytest.raises(Misconfigured):
            await sql(house.engine, statement)
    await sql(house.engine, copy.format(made="hash"))
    with pytest.raises(Tampered, match="not what was recorded"):
        await house.send(body(0, voornamen="Verzonnen"))


async def test_a_delivery_that_nobody_decided_on_is_handed_to_nobody(house: House) -> None:
    await house.send(body(0))
    await sql(
        house.engine,
        """INSERT INTO deliver_outbox (log_id, party_id, delivery_id, source, record_kind, subject_tag, sealed, nonce, digest,
            state, attempts, held_us, record_id)
        SELECT log_id, 'uwv', gen_random_uuid(), source, record_kind, subject_tag, sealed, nonce, digest, 'held', 0, held_us,
            record_id FROM deliver_outbox LIMIT 1""",
    )
    with pytest.raises(Tampered):
        await house.route.release(PartyId("uwv"), 10)
