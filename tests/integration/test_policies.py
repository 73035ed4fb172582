"""The whole life of agreements over real databases: every act in the log before its effect, every guard held."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import EntryKind, parse
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.record import Committer
from hub.consent.compile import compile_policy
from hub.consent.life import Act, ActKind, Advice, EndReason, Method, SuspendReason, agreement_hash, statement_of
from hub.consent.model import PolicySet
from hub.consent.policy import canonical_policy
from hub.consent.store import NO_POLICY, keep_policy, kept_policy, policy_in_use
from hub.db import transaction
from hub.domain.staff import Role, Staff
from hub.domain.terms import AgreementId, PartyId, PolicyHash, RecordKind
from hub.errors import HubError, Malformed, Misconfigured, Refused, Tampered
from hub.notices.model import CauseKind
from hub.notices.store import find_cause, open_causes
from hub.policies import signature, store
from hub.policies.founding import found
from hub.policies.hands import Hand, Signatories
from hub.policies.service import Policies
from hub.policies.use import Acts, InUse, Watch
from tests.fakes.agreements import (
    AT_DUO,
    AT_LINDEMARK,
    DUO,
    DUO_DESK,
    FG,
    LINDEMARK,
    OFFICER,
    agreement_of,
    changed,
    person,
    shipped,
)
from tests.fakes.partner import digest
from tests.fakes.recorder import KEY, LOG, NOBODY, OPERATOR, START, Clock, bodies, committing, count

SECOND = AgreementId("duo-doorstroompunt/2")
UITVAL = RecordKind("uitvalmelding")
WORDS = "Het voorstel is noodzakelijk en evenredig."


class Hall:
    """A log with its agreements."""

    def __init__(self, engine: AsyncEngine, committer: Committer, clock: Clock) -> None:
        self.engine, self.clock = engine, clock
        self.notes = Notes(committer, LOG, OPERATOR, clock, secrets.token_bytes, NOBODY)
        self.acts = Acts(Log(engine, LOG, KEY.vkey))
        self.policies = Policies(self.acts, self.notes)
        self.signatories = Signatories(self.acts, self.notes, digest)

    async def found(self, *, production: bool = False) -> InUse:
        return await found(self.acts, self.notes, shipped(), production=production)

    async def now(self) -> InUse:
        used = await self.acts.in_use()
        assert used is not None
        return used

    async def entries(self) -> list[dict[str, Any]]:
        return [dict(parse(body)) for body in await bodies(self.engine)]

    async def propose(self, after: PolicySet, by: Staff = OFFICER) -> PolicyHash:
        return await self.policies.propose(after, Hand(by))

    async def advise(self, after: PolicySet, outcome: Advice = Advice.positive) -> None:
        await self.policies.advise(shipped().hash, after.hash, outcome, WORDS, Hand(FG))

    async def both_sign(self, after: PolicySet, agreement: AgreementId = SECOND) -> None:
        await self.policies.sign(after.hash, agreement, DUO, Hand(AT_DUO))
        await self.policies.sign(after.hash, agreement, LINDEMARK, Hand(AT_LINDEMARK))


@pytest.fixture
async def hall(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Hall]:
    clock = Clock()
    async with committing(engine, tmp_path / "high-water", clock) as committer:
        yield Hall(engine, committer, clock)


async def refused(act: Awaitable[object], why: str, kind: type[HubError] = Refused) -> None:
    with pytest.raises(kind, match=why):
        await act


# -- how a hub begins


async def test_outside_production_a_hub_is_founded_once(hall: Hall) -> None:
    assert await hall.acts.in_use() is None
    told = await asyncio.gather(*(hall.found() for _ in range(4)))
    assert {each.policy.hash for each in told} == {shipped().hash}
    (entry,) = await hall.entries()
    assert (entry["kind"], entry["operation"]) == ("configuration", "policy-found")
    assert entry["details"] == {"policy": shipped().hash, "agreements": len(shipped().agreements)}
    used = await hall.now()
    assert (used.life.shut, used.life.unsigned) == ({}, {})
    assert used.history.use is not None
    assert (used.history.use.method, used.history.use.by) == (Method.hub, None)
    assert await policy_in_use(hall.engine, LOG) == (used.history.use.ref, shipped().hash)


async def test_the_directory_is_not_looked_at_again(hall: Hall) -> None:
    await hall.found()
    other = await found(hall.acts, hall.notes, changed(shipped(), version="2", oldest=25), production=False)
    assert other.policy.hash == shipped().hash
    assert len(await hall.entries()) == 1


async def test_a_hub_of_before_agreements_had_a_life_goes_on(hall: Hall) -> None:
    """Its set is kept and in the log already; what it begins with now follows that."""
    ref = uuid4()
    body = canonical_policy(shipped())
    claim = keep_policy(LOG, OPERATOR, ref, NO_POLICY, shipped().hash, body, hall.clock.now_us())
    await hall.notes.write(
        EntryKind.configuration, "policy-use", "policy", {"policy": shipped().hash}, ref=ref, claims=(claim,)
    )
    assert (await hall.found()).policy.hash == shipped().hash
    assert await count(hall.engine, "consent_policy") == 1


async def test_in_production_nothing_is_in_force_until_it_was_proposed_signed_and_activated(hall: Hall) -> None:
    policy = shipped()
    await hall.found(production=True)
    assert [entry["operation"] for entry in await hall.entries()] == ["policy-lay"]
    assert set((await hall.now()).life.shut) == {each.id for each in policy.agreements}
    await hall.propose(policy)
    await hall.both_sign(policy, DUO_DESK)
    assert set((await hall.now()).life.shut) == {each.id for each in policy.agreements}
    await refused(hall.policies.activate(policy.hash, policy.hash, Hand(AT_DUO)), "FG has not advised")
    await hall.advise(policy)
    await hall.policies.activate(policy.hash, policy.hash, Hand(AT_DUO))
    life = (await hall.now()).life
    assert DUO_DESK not in life.shut
    assert set(life.shut) == {each.id for each in policy.agreements} - {DUO_DESK}


# -- the whole life


async def test_from_proposal_to_end(hall: Hall) -> None:
    policy, after = shipped(), changed(shipped(), version="2", adds="geslacht")
    await hall.found()
    watch = Watch(hall.acts, hall.clock)
    assert (await watch.look()) is not None
    assert (await watch.look()) is None
    assert await hall.propose(after) == after.hash
    await hall.advise(after, Advice.conditional)
    await hall.both_sign(after)
    assert (await hall.now()).policy.hash == policy.hash
    await hall.policies.activate(policy.hash, after.hash, Hand(AT_DUO))
    seen = await watch.look()
    assert seen is not None
    assert seen.policy == after
    assert (await policy_in_use(hall.engine, LOG))[1] == after.hash
    assert await kept_policy(hall.engine, LOG, after.hash) == canonical_policy(after)
    everyone = {each.id for each in agreement_of(after, SECOND).parties}
    assert (seen.life.shut, seen.life.unsigned) == ({}, {SECOND: everyone - {DUO, LINDEMARK}})

    await hall.policies.suspend(SECOND, SuspendReason.incident, Hand(AT_LINDEMARK))
    assert (await hall.now()).life.shut == {SECOND: "AFSPRAAK_GESCHORST"}
    await refused(hall.policies.resume(SECOND, Hand(AT_DUO)), "Another party")
    await hall.policies.resume(SECOND, Hand(AT_LINDEMARK))
    assert (await hall.now()).life.shut == {}
    await hall.policies.end(SECOND, EndReason.law_changed, Hand(AT_DUO))
    assert (await hall.now()).life.shut == {SECOND: "AFSPRAAK_BEEINDIGD"}

    told = {entry["operation"]: entry for entry in await hall.entries()}
    assert list(told) == [
        "policy-found",
        "policy-propose",
        "policy-advise",
        "agreement-sign",
        "policy-activate",
        "agreement-suspend",
        "agreement-resume",
        "agreement-end",
    ]
    said = told["policy-activate"]["details"]
    assert (said["follows"], said["policy"]) == (policy.hash, after.hash)
    assert (said["outcome"], said["advice"]) == ("conditional", told["policy-advise"]["ref"])
    assert said["wider"] > 0
    assert (said["staff"], said["party"], said["method"]) == (AT_DUO.staff_id, "duo", "desk")
    assert told["policy-advise"]["details"]["text"] == hashlib.sha256(WORDS.encode()).hexdigest()
    assert told["agreement-sign"]["details"]["hash"] == agreement_hash(agreement_of(after, SECOND))
    assert told["agreement-suspend"]["details"]["reason"] == "incident"
    assert WORDS.encode() not in b"".join(await bodies(hall.engine))
    assert await hall.policies.texts([said_text := told["policy-advise"]["details"]["text"]]) == {said_text: WORDS}


async def test_the_end_of_an_agreement_is_a_cause_for_notices_in_one_transaction_with_it(hall: Hall) -> None:
    await hall.found()
    await hall.policies.end(DUO_DESK, EndReason.law_changed, Hand(AT_DUO))
    (entry,) = [each for each in await hall.entries() if each["operation"] == "agreement-end"]
    (cause_id,) = await open_causes(hall.engine, LOG)
    found = await find_cause(hall.engine, LOG, cause_id)
    assert found is not None
    cause, tag = found
    assert (str(cause.entry), cause.kind, cause.agreement, tag) == (entry["ref"], CauseKind.agreement_ended, DUO_DESK, None)
    await refused(hall.policies.end(DUO_DESK, EndReason.law_changed, Hand(AT_DUO)), "has ended")
    assert await open_causes(hall.engine, LOG) == [cause_id]


async def test_what_is_suspended_is_refused_at_once_by_what_is_compiled_from_it(hall: Hall) -> None:
    await hall.found()
    before = await hall.now()
    await hall.policies.suspend(DUO_DESK, SuspendReason.unlawful, Hand(AT_DUO))
    after = await hall.now()
    day = hall.policies.today()
    for used, shut in ((before, ()), (after, ("AFSPRAAK_GESCHORST",))):
        lane = compile_policy(used.policy, used.life).lane(DUO, LINDEMARK, UITVAL, None, day)
        assert {code for row in lane.clauses for code in row.shut if code.startswith("AFSPRAAK")} == set(shut)


async def test_a_party_that_has_not_signed_has_not_acceded(hall: Hall) -> None:
    after = changed(shipped(), version="2", oldest=25)
    await hall.found()
    await hall.propose(after)
    await hall.both_sign(after)
    await hall.policies.activate(shipped().hash, after.hash, Hand(AT_DUO))
    used, day = await hall.now(), hall.policies.today()
    table = compile_policy(used.policy, used.life)
    record = UITVAL
    for desk, shut in ((LINDEMARK, set()), (PartyId("doorstroompunt-schelmonde"), {"PARTIJ_NIET_TOEGETREDEN"})):
        assert {code for row in table.lane(DUO, desk, record, None, day).clauses for code in row.shut} == shut
    schelmonde = person(7, Role.decision_maker, party="doorstroompunt-schelmonde")
    await hall.policies.sign(after.hash, SECOND, PartyId("doorstroompunt-schelmonde"), Hand(schelmonde))
    used = await hall.now()
    lane = compile_policy(used.policy, used.life).lane(DUO, PartyId("doorstroompunt-schelmonde"), record, None, day)
    assert {code for row in lane.clauses for code in row.shut} == set()


async def test_a_negative_advice_is_departed_from_in_writing(hall: Hall) -> None:
    policy, after = shipped(), changed(shipped(), version="2", adds="geslacht")
    await hall.found()
    await hall.propose(after)
    await hall.advise(after, Advice.negative)
    await refused(hall.policies.activate(policy.hash, after.hash, Hand(AT_DUO)), "text", Malformed)
    assert (await hall.now()).policy.hash == policy.hash
    why = "De wet laat deze leeftijd toe en de parlementaire geschiedenis bevestigt dat."
    await hall.policies.activate(policy.hash, after.hash, Hand(AT_DUO), why=why)
    use = (await hall.now()).history.use
    assert use is not None
    assert use.text is not None
    assert await hall.policies.texts([use.text]) == {use.text: why}


async def test_narrowing_needs_no_advice(hall: Hall) -> None:
    policy, after = shipped(), changed(shipped(), version="2", without="datum_diploma")
    await hall.found()
    await hall.propose(after)
    await hall.policies.activate(policy.hash, after.hash, Hand(AT_DUO))
    details = (await hall.entries())[-1]["details"]
    assert (details["wider"], "advice" in details) == (0, False)
    assert details["narrower"] > 0


async def test_who_may_not_does_not_and_leaves_nothing_behind(hall: Hall) -> None:
    policy, after = shipped(), changed(shipped(), version="2", adds="geslacht")
    await hall.found()
    await refused(hall.propose(after, AT_DUO), "privacy officer|may not")
    await hall.propose(after)
    acts = hall.policies
    tries: list[Callable[[Hand], Awaitable[object]]] = [
        lambda by: acts.advise(policy.hash, after.hash, Advice.positive, WORDS, by),
        lambda by: acts.sign(after.hash, SECOND, DUO, by),
        lambda by: acts.activate(policy.hash, after.hash, by),
        lambda by: acts.suspend(DUO_DESK, SuspendReason.incident, by),
        lambda by: acts.end(DUO_DESK, EndReason.unlawful, by),
    ]
    for act in tries:
        await refused(act(Hand(OFFICER)), "may not")
        await refused(act(Hand(person(9, Role.auditor, party="duo"))), "may not")
    await refused(acts.advise(policy.hash, after.hash, Advice.positive, "kort", Hand(FG)), "text", Malformed)
    await refused(acts.sign(PolicyHash("0" * 64), SECOND, DUO, Hand(AT_DUO)), "neither in use nor proposed")
    assert [entry["operation"] for entry in await hall.entries()] == ["policy-found", "policy-propose"]
    assert await count(hall.engine, "policy_text") == 0


async def test_of_two_who_activate_at_once_one_does(hall: Hall) -> None:
    policy = shipped()
    one, two = (changed(policy, version="2", without=name) for name in ("datum_diploma", "opleidingscode"))
    await hall.found()
    await hall.propose(one)
    await hall.propose(two)
    done = await asyncio.gather(
        *(hall.policies.activate(policy.hash, each.hash, Hand(AT_DUO)) for each in (one, two)), return_exceptions=True
    )
    assert sorted(type(each).__name__ for each in done) == ["NoneType", "Refused"]
    assert (await hall.now()).policy.hash in (one.hash, two.hash)
    assert sum(entry["operation"] == "policy-activate" for entry in await hall.entries()) == 1


async def test_acts_that_do_not_touch_each_other_all_happen(hall: Hall) -> None:
    after = changed(shipped(), version="2", oldest=25)
    await hall.found()
    await hall.propose(after)
    await asyncio.gather(
        hall.policies.sign(after.hash, SECOND, DUO, Hand(AT_DUO)),
        hall.policies.sign(after.hash, SECOND, LINDEMARK, Hand(AT_LINDEMARK)),
        hall.policies.suspend(DUO_DESK, SuspendReason.review, Hand(AT_DUO)),
    )
    history = await hall.policies.history()
    assert len(history.versions[SECOND].signatures) == 2
    assert history.versions[DUO_DESK].suspended is not None
    assert [act.number for act in await store.acts(hall.engine, LOG)] == list(range(1, history.last + 1))


# -- keys of one's own


KEYS = [OKPKey.generate_key("Ed25519", private=True), ECKey.generate_key("P-256", private=True)]


@pytest.mark.parametrize("key", KEYS, ids=["Ed25519", "ES256"])
async def test_a_signature_with_ones_own_key_is_checked_without_the_hub(hall: Hall, key: signature.Key) -> None:
    after = changed(shipped(), version="2", oldest=25)
    await hall.found()
    await hall.propose(after)
    public = signature.read_key(signature.public_of(key).encode(), private=False)
    one = await hall.signatories.add(public, "Hester van Galen", Role.decision_maker, DUO)
    hand = await hall.signatories.hand_of(key)
    assert (hand.staff.staff_id, hand.staff.party, hand.method) == (one.staff_id, DUO, Method.key)
    await hall.policies.sign(after.hash, SECOND, DUO, hand)
    act: Act = (await store.acts(hall.engine, LOG))[-1]
    assert act.proof is not None
    assert act.by is not None
    said = orjson.loads(jws.deserialize_compact(act.proof, public, algorithms=["Ed25519", "ES256"]).payload)
    assert said == {
        "act": "signed",
        "agreement": SECOND,
        "hash": agreement_hash(agreement_of(after, SECOND)),
        "party": "duo",
        "staff": one.staff_id,
        "moment": START,
    }
    again = statement_of(ActKind.signed, act.by, act.us, party=act.party, agreement=act.agreement, digest=act.digest)
    signature.check(act.proof, one.jwk, again)
    with pytest.raises(Refused):
        signature.check(act.proof, one.jwk, again.replace(b"duo", b"uwv", 1))
    entry = (await hall.entries())[-1]["details"]
    assert (entry["method"], entry["signature"]) == ("key", hashlib.sha256(act.proof.encode()).hexdigest())


async def test_a_key_that_is_not_registered_or_closed_signs_nothing(hall: Hall) -> None:
    await hall.found()
    key, other = KEYS[0], OKPKey.generate_key("Ed25519", private=True)
    one = await hall.signatories.add(key, "Hester van Galen", Role.decision_maker, DUO)
    await refused(hall.signatories.hand_of(other), "does not know this key")
    await refused(hall.signatories.add(key, "Iemand Anders", Role.fg, None), "registered")
    await refused(hall.signatories.add(other, "Iemand", Role.decision_maker, None), "not clear")
    await refused(hall.signatories.add(other, "Iemand", Role.fg, DUO), "not clear")
    await refused(hall.signatories.add(other, "Iemand", Role.auditor, None), "does not sign")
    await refused(hall.signatories.add(other, "Iemand", Role.decision_maker, PartyId("elders")), "no party")
    await refused(hall.signatories.add(other, " ", Role.fg, None), "name")
    await hall.signatories.close(one.thumbprint)
    await refused(hall.signatories.hand_of(key), "does not know this key")
    await refused(hall.signatories.close(one.thumbprint), "No key was closed")
    operations = [entry["operation"] for entry in await hall.entries()]
    assert operations == ["policy-found", "signatory-add", "signatory-close"]


async def test_someone_elses_key_is_not_taken_for_ones_own(hall: Hall) -> None:
    await hall.found()
    await hall.signatories.add(KEYS[0], "Hester van Galen", Role.decision_maker, DUO)
    hand = await hall.signatories.hand_of(KEYS[0])
    forged = Hand(hand.staff, KEYS[1], hand.signatory)
    await refused(hall.policies.suspend(DUO_DESK, SuspendReason.incident, forged), "not made with the key")
    assert (await hall.now()).life.shut == {}


# -- what is kept


@pytest.mark.parametrize("table", ["policy_act", "policy_set"])
@pytest.mark.parametrize("act", ["UPDATE {} SET party_id = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
async def test_nobody_changes_what_happened(hall: Hall, owner_engine: AsyncEngine, table: str, act: str) -> None:
    await hall.found()
    await hall.propose(changed(shipped(), version="2", oldest=25))
    for who, error in ((hall.engine, Misconfigured), (owner_engine, Tampered)):
        with pytest.raises(error):
            async with transaction(who) as connection:
                await connection.raw.execute(act.format(table))


async def test_a_set_that_was_changed_in_the_database_is_said(hall: Hall, owner_engine: AsyncEngine) -> None:
    after = changed(shipped(), version="2", oldest=25)
    await hall.found()
    await hall.propose(after)
    async with transaction(owner_engine) as connection:
        await connection.raw.execute("ALTER TABLE policy_set DISABLE TRIGGER audit_keep")
        await connection.raw.execute("UPDATE policy_set SET body = body || ' '")
    fresh = Policies(Acts(hall.acts.log), hall.notes)
    await refused(fresh.activate(shipped().hash, after.hash, Hand(AT_DUO)), "not what its hash says", Tampered)


async def test_the_look_of_each_second_reads_one_row_by_its_index(hall: Hall) -> None:
    await hall.found()
    async with transaction(hall.engine) as connection:
        plan = await connection.raw.fetch("EXPLAIN " + store._LAST, LOG)
    assert "Index Only Scan Backward using policy_act_pkey" in "\n".join(row[0] for row in plan)
