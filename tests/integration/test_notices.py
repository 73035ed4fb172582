"""Notices on real databases: opened once per recipient, handed over after the log says so, answered, escalated, closed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.store import write_rows
from hub.connector import Endpoint
from hub.connectors.bezorging.client import open_sink
from hub.consent.policy import load_policy
from hub.consent.statement import Channel as SaidBy
from hub.consent.statement import Scope
from hub.db import transaction
from hub.domain.facts import StatementKind, Voice
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import AgreementId, Micros, PartyId, Term
from hub.errors import Malformed, Refused, Tampered
from hub.notices import store
from hub.notices.desk import NoticeDesk
from hub.notices.issue import asks
from hub.notices.model import Action, Answer, Cause, CauseKind, Channel, Ground, Happened, Method, Notice, State
from hub.notices.outcome import payload_of
from hub.notices.plan import DAY, HOUR
from hub.ports import About
from hub.statements.said import Spoken
from ops.demo.controls import Running
from tests import canary
from tests.fakes.consenting import AGENCY, BORN, FOUNDATION, NAME, young
from tests.fakes.house import DESK, LOG, OPERATOR, POLICY
from tests.fakes.told import NUMBERS, Told, open_told

OFFICER = Staff(StaffId("m-00000000000000aa"), "Verzonnen Medewerker", frozenset({Role.privacy_officer}))
AUDITOR = Staff(StaffId("m-00000000000000ab"), "Verzonnen Controleur", frozenset({Role.auditor}))
RECEIVED = Answer(Happened.acknowledged, Channel.rest)
ERASED = Answer(Happened.attested, Channel.rest, Method.erased, digest=bytes(32))
DECLINED = Answer(Happened.refused, Channel.rest, ground=Ground.claims, text="Er loopt een zaak bij de rechter.")


@pytest.fixture
async def told(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Told]:
    async with open_told(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


async def test_every_recipient_of_what_rested_on_it_is_told_once(told: Told):
    await told.consent(0)
    ids = await told.deliver(0)
    assert len(ids) == 2
    cause = await told.cause(0)
    notices = await told.notices.follow(cause)
    assert {(one.recipient, one.action, tuple(one.items)) for one in notices} == {
        (FOUNDATION, Action.erase, (ids[0],)),
        (AGENCY, Action.erase, (ids[1],)),
    }
    assert all(set(names) == {NAME, BORN} for one in notices for names in one.items.values())
    again = await told.notices.follow(cause)
    assert {one.notice_id for one in again} == {one.notice_id for one in notices}
    assert len(await told.by("notice-open")) == 2
    for entry in await told.by("notice-open"):
        assert entry["details"]["deliveries"] == 1
        assert entry["details"]["cause"] == "withdrawn"


async def test_many_processes_that_follow_at_once_open_one_notice_each(told: Told):
    await told.consent(0)
    await told.deliver(0)
    cause = await told.cause(0)
    found = await asyncio.gather(*(told.notices.follow(cause) for _ in range(6)))
    assert len({one.notice_id for each in found for one in each}) == 2
    assert len(await told.by("notice-open")) == 2


async def test_what_never_left_is_in_no_notice(told: Told):
    await told.consent(0)
    await told.house.send(young(0))
    assert await told.withdrawn(0) == ()


async def test_a_cause_that_nobody_followed_is_followed_by_the_tick(told: Told):
    await told.consent(0)
    await told.deliver(0)
    await told.cause(0)
    assert await told.watch.tick() == 2
    assert await told.watch.tick() == 0
    assert len(await store.running(told.house.engine, LOG, 10)) == 2


async def test_with_another_basis_recorded_then_nothing_is_asked_and_it_is_said(told: Told):
    """The agency had a task of its own from twenty years on, beside the consent."""
    await told.consent(0)
    await told.deliver(0, geboortedatum="2005-05-04")
    notices = {one.recipient: one for one in await told.withdrawn(0)}
    assert notices[FOUNDATION].action is Action.erase
    assert notices[AGENCY].action is Action.none_other_basis
    told.house.clock.us += 40 * DAY
    await told.watch.tick()
    assert (await told.issue.show(notices[AGENCY].notice_id)).level == 0
    assert (await told.answers.answer(notices[AGENCY].notice_id, RECEIVED, recipient=AGENCY)).state is State.closed


async def test_a_basis_that_came_later_is_none_now(told: Told):
    """What was given on consent alone stays so, whatever the policy in use says today."""
    await told.consent(0)
    await told.deliver(0)
    told.rules.put(load_policy(POLICY), told.rules.life)
    assert {one.action for one in await told.withdrawn(0)} == {Action.erase}


async def test_an_objection_asks_for_what_rests_on_the_task_alone(told: Told):
    await told.deliver(0)
    await told.consent(1)
    await told.deliver(1, geboortedatum="2005-05-04")
    notices = await told.withdrawn(1, kind=CauseKind.objection_upheld, statement=None, parties=None, purposes=None)
    assert [(one.recipient, one.action) for one in notices] == [(AGENCY, Action.none_other_basis)]


async def test_a_restriction_reaches_all_in_its_scope(told: Told):
    await told.consent(0)
    await told.deliver(0)
    scope = {"statement": None, "purposes": None, "parties": frozenset({FOUNDATION})}
    notices = await told.withdrawn(0, kind=CauseKind.restricted, **scope)
    assert {(one.recipient, one.action) for one in notices} == {(FOUNDATION, Action.restrict), (AGENCY, Action.restrict)}


async def test_deliveries_that_somebody_names(told: Told):
    await told.consent(0)
    await told.consent(1)
    ids, others = await told.deliver(0), await told.deliver(1)
    (notice,) = await told.notices.raise_for(CauseKind.unlawful, ids[:1], OFFICER)
    assert (notice.recipient, notice.action, tuple(notice.items)) == (FOUNDATION, Action.erase, tuple(ids[:1]))
    with pytest.raises(Refused, match="one person"):
        await told.notices.raise_for(CauseKind.unlawful, [ids[0], others[0]], OFFICER)
    with pytest.raises(Refused):
        await told.notices.raise_for(CauseKind.unlawful, [uuid4()], OFFICER)
    with pytest.raises(Refused, match="role"):
        await told.notices.raise_for(CauseKind.unlawful, ids, AUDITOR)
    with pytest.raises(Malformed):
        await told.notices.raise_for(CauseKind.withdrawn, ids, OFFICER)


async def test_an_agreement_that_ended_asks_every_recipient_of_it_to_stop(told: Told):
    scope = {"statement": None, "purposes": None, "parties": None, "agreement": AgreementId("dal/1")}
    notices = await told.withdrawn(0, kind=CauseKind.agreement_ended, **scope)
    assert {(one.recipient, one.action, one.agreement) for one in notices} == {
        (FOUNDATION, Action.stop, "dal/1"),
        (AGENCY, Action.stop, "dal/1"),
    }


async def test_of_somebody_erased_nothing_can_be_shown_to_be_theirs(told: Told, database_urls):
    import asyncpg

    await told.consent(0)
    await told.deliver(0)
    owner = await asyncpg.connect(database_urls.vault_migration.replace("+asyncpg", ""), ssl=False)
    await owner.execute("DELETE FROM vault_key")
    await owner.close()
    assert await told.withdrawn(0) == ()


async def test_an_entry_of_somebody_else_leads_to_no_notice(told: Told):
    await told.consent(0)
    await told.consent(1)
    await told.deliver(0)
    await told.deliver(1)
    theirs = await told.house.about(await told.tag(1))
    await told.house.vault.link([About(OPERATOR, await told.tag(0), ref) for ref in theirs])
    assert sum(len(one.items) for one in await told.withdrawn(0)) == 2


async def test_a_policy_set_that_is_not_kept_stops_it_and_loses_nothing(told: Told, owner_engine: AsyncEngine):
    await told.consent(0)
    await told.deliver(0)
    cause = await told.cause(0)
    async with transaction(owner_engine) as connection:
        await connection.raw.execute("ALTER TABLE consent_policy DISABLE TRIGGER ALL")
        await connection.raw.execute("DELETE FROM consent_policy")
    with pytest.raises(Tampered):
        await told.notices.follow(cause)
    assert await told.watch.tick() == 0  # and it holds up nothing else
    await told.keep(told.rules.policy)
    assert len(await told.notices.follow(cause)) == 2


# -- handed over and answered


async def test_a_hundred_causes_that_cannot_be_followed_hold_up_no_other(told: Told, owner_engine: AsyncEngine):
    await told.consent(0)
    await told.deliver(0)
    lost = [
        Cause(UUID(int=number), uuid4(), CauseKind.withdrawn, Micros(told.house.clock.us), StatementKind.toestemming)
        for number in range(1, 102)
    ]
    async with transaction(told.house.engine) as connection:
        await write_rows(connection, [store.cause_row(LOG, OPERATOR, each, await told.tag(0)) for each in lost])
    async with transaction(owner_engine) as connection:
        await connection.raw.execute("ALTER TABLE consent_policy DISABLE TRIGGER USER")
        await connection.raw.execute("DELETE FROM consent_policy")
    scope = {"statement": None, "purposes": None, "parties": None, "agreement": AgreementId("dal/1")}
    await told.cause(0, kind=CauseKind.agreement_ended, **scope)
    assert await told.watch.tick() == 2
    assert await store.open_causes(told.house.engine, LOG) == [each.cause_id for each in lost[:100]]
    assert await store.open_causes(told.house.engine, LOG, lost[99].cause_id) == [lost[100].cause_id]


async def one_notice(told: Told, number: int = 0) -> Notice:
    await told.consent(number)
    await told.deliver(number)
    return next(one for one in await told.withdrawn(number) if one.recipient == FOUNDATION)


async def test_a_notice_is_handed_over_after_the_log_says_so_until_it_is_acknowledged(told: Told):
    notice = await one_notice(told)
    for times in (1, 2):
        (found,) = await told.notices.fetch(FOUNDATION, 10)
        assert found.notice_id == notice.notice_id
        assert len(await told.by("notice-hand")) == times
    await told.answers.answer(notice.notice_id, RECEIVED, recipient=FOUNDATION)
    assert await told.notices.fetch(FOUNDATION, 10) == ()
    assert await told.notices.fetch(DESK, 10) == ()


async def test_nothing_is_handed_over_that_cannot_be_logged(told: Told):
    await one_notice(told)
    await told.house.committer.stop()
    with pytest.raises(Exception, match="log"):
        await told.notices.fetch(FOUNDATION, 10)


async def test_answers_are_taken_once_each_with_its_entry(told: Told):
    notice = await one_notice(told)
    for answer, state in ((RECEIVED, State.acknowledged), (ERASED, State.attested)):
        for _ in range(2):
            assert (await told.answers.answer(notice.notice_id, answer, recipient=FOUNDATION)).state is state
    assert len(await told.by("notice-acknowledge")) == len(await told.by("notice-attest")) == 1
    (attested,) = await told.by("notice-attest")
    assert attested["actor"] == FOUNDATION
    assert attested["details"]["done"] == "erased"
    with pytest.raises(Refused, match="before"):
        await told.answers.answer(notice.notice_id, DECLINED, recipient=FOUNDATION)
    assert await told.watch.tick() == 1
    assert (await told.issue.show(notice.notice_id)).state is State.closed


async def test_nobody_answers_for_another(told: Told):
    notice = await one_notice(told)
    for unknown in (notice.notice_id, uuid4()):
        with pytest.raises(Refused, match="not known"):
            await told.answers.answer(unknown, RECEIVED, recipient=AGENCY)
    with pytest.raises(Refused, match="role"):
        await told.answers.answer(notice.notice_id, RECEIVED, by=AUDITOR)


async def test_a_refusal_names_its_ground_keeps_its_words_sealed_and_waits_for_a_judgement(told: Told, database_urls):
    notice = await one_notice(told)
    await told.answers.answer(notice.notice_id, DECLINED, recipient=FOUNDATION)
    (entry,) = await told.by("notice-refuse")
    assert entry["details"]["ground"] == "AVG_17_3_E"
    kept = [str(row) for row in await told.house.rows("SELECT * FROM consent_notice_event")]
    assert not any("rechter" in text for text in [*kept, str(await told.house.entries())])
    stands = await told.issue.show(notice.notice_id)
    events = (await store.events(told.house.engine, LOG, [notice.notice_id]))[notice.notice_id]
    assert await told.answers.explanation(stands, events[-1].event_id) == DECLINED.text
    assert await told.watch.tick() == 0
    with pytest.raises(Refused):
        await told.answers.close(notice.notice_id, AUDITOR)
    assert (await told.answers.close(notice.notice_id, OFFICER)).state is State.closed


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (Answer(Happened.attested, Channel.rest), "wijze"),
        (Answer(Happened.attested, Channel.rest, Method.restricted, digest=bytes(32)), "wijze"),
        (Answer(Happened.attested, Channel.rest, Method.erased), "ondertekening"),
        (Answer(Happened.refused, Channel.rest), "grond"),
    ],
)
async def test_answers_that_lack_something_are_refused(told: Told, answer: Answer, fault: str):
    notice = await one_notice(told)
    with pytest.raises(Malformed) as refused:
        await told.answers.answer(notice.notice_id, answer, recipient=FOUNDATION)
    assert next(one.where for one in refused.value.faults) == fault
    assert (await told.issue.show(notice.notice_id)).state is State.open


async def test_whom_it_was_passed_on_to_is_followed_too(told: Told):
    notice = await one_notice(told)
    passed = Answer(Happened.attested, Channel.rest, Method.erased, digest=bytes(32), onward=(DESK, DESK, FOUNDATION))
    await told.answers.answer(notice.notice_id, passed, recipient=FOUNDATION)
    (further,) = await told.notices.fetch(DESK, 10)
    assert (further.via, further.items, further.action) == (notice.notice_id, notice.items, Action.erase)
    assert await told.watch.tick() == 0  # not closed while the other has not answered
    # The other names the first: a circle ends.
    back = Answer(Happened.attested, Channel.rest, Method.erased, digest=bytes(32), onward=(FOUNDATION,))
    await told.answers.answer(further.notice_id, back, recipient=DESK)
    assert len(await told.by("notice-open")) == 3
    await told.watch.tick()
    assert {(await told.issue.show(one)).state for one in (notice.notice_id, further.notice_id)} == {State.closed}


async def test_a_party_that_nobody_knows_cannot_be_passed_on_to(told: Told):
    notice = await one_notice(told)
    passed = Answer(Happened.acknowledged, Channel.rest, onward=(PartyId("verzonnen-partij"),))
    with pytest.raises(Malformed) as refused:
        await told.answers.answer(notice.notice_id, passed, recipient=FOUNDATION)
    assert [(one.where, one.code) for one in refused.value.faults] == [("doorgegevenAan[0]", "PARTIJ_ONBEKEND")]
    assert "verzonnen" not in str(refused.value)


# -- from what is said to who is told, and to recipients' own systems


def spoken() -> Spoken:
    return Spoken(FOUNDATION, Voice.jongere, SaidBy.balie, Term(FOUNDATION))


async def test_what_is_taken_back_at_the_desk_stops_what_waits_and_tells_who_has_it(told: Told):
    await told.consent(0)
    await told.deliver(0)
    await told.house.send(young(0, opleidingscode="25655"))  # this waits
    await told.statements.withdraw(NUMBERS[0], StatementKind.toestemming, Scope(), spoken())
    assert (await told.house.route.release(FOUNDATION, 10)).deliveries == ()
    assert await told.watch.tick() == 2
    notices = await store.about(told.house.engine, LOG, await told.tag(0))
    assert {(one.recipient, one.cause) for one in notices} == {
        (FOUNDATION, CauseKind.withdrawn),
        (AGENCY, CauseKind.withdrawn),
    }
    await told.statements.withdraw(NUMBERS[0], StatementKind.toestemming, Scope(), spoken())
    assert await told.watch.tick() == 0  # twice is once


async def test_who_takes_back_a_part_has_told_whom_that_part_was_for(told: Told):
    await told.consent(0)
    await told.deliver(0)
    part = Scope(parties=frozenset({AGENCY}))
    await told.statements.withdraw(NUMBERS[0], StatementKind.toestemming, part, spoken())
    await told.watch.tick()
    assert [one.recipient for one in await store.about(told.house.engine, LOG, await told.tag(0))] == [AGENCY]
    await told.statements.withdraw(NUMBERS[0], StatementKind.toestemming, Scope(), spoken())
    await told.watch.tick()
    found = await store.about(told.house.engine, LOG, await told.tag(0))
    assert sorted(one.recipient for one in found if asks(one)) == [AGENCY, FOUNDATION]


async def test_a_recipient_s_own_system_is_told_too_and_once_it_has_it_no_more(told: Told, tmp_path: Path):
    notice = await one_notice(told)
    with Running(tmp_path / "simulator") as simulator:
        sink = open_sink(Endpoint(simulator.url, timeout_s=5.0))
        simulator.dial("500")
        assert await told.pusher.drain(FOUNDATION, sink) == 1  # the simulator's dial is for deliveries alone
        assert await told.pusher.drain(FOUNDATION, sink) == 0
        assert simulator.counts()["notices"] == 1
        await sink.close()
    assert (await told.issue.show(notice.notice_id)).state is State.acknowledged
    assert len(await told.by("notice-hand")) == len(await told.by("notice-acknowledge")) == 1


async def test_a_system_that_is_away_is_tried_again_later_each_try_in_the_log(told: Told, tmp_path: Path):
    await one_notice(told)
    with Running(tmp_path / "simulator") as simulator:
        sink = open_sink(Endpoint(simulator.url, timeout_s=5.0))
        simulator.dial("down")
        for times in (1, 2):
            assert await told.pusher.drain(FOUNDATION, sink) == 0
            assert await told.pusher.drain(FOUNDATION, sink) == 0  # not before its pause is over
            assert len(await told.by("notice-hand")) == times
            told.house.clock.us += HOUR
        simulator.dial("ok")
        assert sum(await asyncio.gather(*(told.pusher.drain(FOUNDATION, sink) for _ in range(4)))) == 1
        assert simulator.counts()["notices"] == 1
        await sink.close()


# -- silence


async def test_silence_is_escalated_level_by_level(told: Told):
    notice = await one_notice(told)
    began = told.house.clock.us
    for after, level in ((71 * HOUR, 0), (72 * HOUR, 1), (6 * DAY, 1), (7 * DAY, 2), (29 * DAY, 2), (30 * DAY, 3)):
        told.house.clock.us = began + after
        await told.watch.tick()
        assert (await told.issue.show(notice.notice_id)).level == level
        silent = await store.silent_recipients(told.house.engine, LOG)
        assert (FOUNDATION in silent) == (level > 0)
    mine = [one for one in await told.by("notice-escalate") if one["details"]["recipient"] == FOUNDATION]
    assert [one["details"]["level"] for one in mine] == [1, 2, 3]


async def test_no_level_is_skipped_after_a_long_absence_nor_said_twice_by_two_processes(told: Told):
    await one_notice(told)
    told.house.clock.us += 90 * DAY
    await asyncio.gather(*(told.watch.tick() for _ in range(4)))
    await told.watch.tick()
    mine = [one for one in await told.by("notice-escalate") if one["details"]["recipient"] == FOUNDATION]
    assert [one["details"]["level"] for one in mine] == [1, 2, 3]


async def test_whoever_answers_late_is_silent_no_longer_until_it_lets_the_next_term_pass(told: Told):
    notice = await one_notice(told)
    began = told.house.clock.us
    told.house.clock.us = began + 4 * DAY
    await told.watch.tick()
    assert FOUNDATION in await store.silent_recipients(told.house.engine, LOG)
    answered = await told.answers.answer(notice.notice_id, RECEIVED, recipient=FOUNDATION)
    assert (answered.level, answered.late) == (1, False)
    assert FOUNDATION not in await store.silent_recipients(told.house.engine, LOG)
    told.house.clock.us = began + 15 * DAY
    await told.watch.tick()
    assert FOUNDATION in await store.silent_recipients(told.house.engine, LOG)
    await told.answers.answer(notice.notice_id, ERASED, recipient=FOUNDATION)
    assert FOUNDATION not in await store.silent_recipients(told.house.engine, LOG)


async def test_what_happened_is_only_added_to(told: Told, owner_engine: AsyncEngine):
    await one_notice(told)
    for act in ("UPDATE consent_notice_event SET kind = 'closed'", "DELETE FROM consent_notice_event"):
        with pytest.raises(Tampered):
            async with transaction(owner_engine) as connection:
                await connection.raw.execute(act)


async def test_the_number_is_nowhere(told: Told):
    notice = await one_notice(told)
    await told.answers.answer(notice.notice_id, DECLINED, recipient=FOUNDATION)
    number = next(iter(canary.numbers()))
    tables = ("consent_cause", "consent_notice", "consent_notice_event")
    kept = [str(row) for table in tables for row in await told.house.rows(f"SELECT * FROM {table}")]
    assert not any(number in text for text in [*kept, repr(notice), str(await told.house.entries())])


async def test_the_history_of_statements_stays_whole_beside_notices(told: Told):
    await told.consent(0)
    await told.deliver(0)
    await told.statements.withdraw(NUMBERS[0], StatementKind.toestemming, Scope(), spoken())
    await told.watch.tick()
    (history,) = await told.statements.history(NUMBERS[0])
    assert history.hold.state.value == "withdrawn"


async def test_what_became_of_it_is_told_whoever_answered_how(told: Told):
    await told.consent(0)
    await told.deliver(0)
    notices = {one.recipient: one for one in await told.withdrawn(0)}
    passed = Answer(Happened.attested, Channel.rest, Method.erased, digest=bytes(32), onward=(DESK,))
    await told.answers.answer(notices[FOUNDATION].notice_id, passed, recipient=FOUNDATION)
    await told.answers.answer(notices[AGENCY].notice_id, DECLINED, recipient=AGENCY)
    told.house.clock.us += 4 * DAY
    await told.watch.tick()
    desk = NoticeDesk(told.notices, told.answers, told.watch, told.pusher)
    outcome = await desk.outcome(notices[AGENCY].cause_id)
    assert [(one.recipient, one.done, one.ground, one.silent, one.via) for one in outcome.recipients] == [
        (AGENCY, None, Ground.claims, False, None),
        (DESK, None, None, True, FOUNDATION),
        (FOUNDATION, Method.erased, None, False, None),
    ]
    assert not outcome.settled
    said = payload_of(outcome)
    assert [one["asked"] for one in said["recipient_third_parties"]] == ["wissen"] * 3
    assert DECLINED.text not in str(said)
    with pytest.raises(Refused):
        await desk.outcome(uuid4())
