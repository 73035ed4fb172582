"""Statements on a real database: recorded with evidence, effective at once, taken back, decided, ended, proved."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.consent.statement import Authority, Channel, Notice, Scope, What, hold
from hub.consent.store import standing
from hub.db import transaction
from hub.domain.facts import Stated, StatementKind, StatementState, Voice
from hub.domain.personal import Bsn
from hub.domain.terms import PartyId, Term
from hub.errors import Conflict, Malformed, Misconfigured, Refused, Tampered
from hub.postgres import Urls
from hub.rules import Rules
from hub.statements.desk import Statements
from hub.statements.proof import Slip, prove
from hub.statements.said import Done, Said, Spoken
from tests import canary
from tests.fakes.house import LOG, OPERATOR, WORK, House, body, open_house
from tests.fakes.statements import RECEIPT_KEY, desk_over, receipts_over, scope
from tests.fakes.wide import CALL, CARE, DAY, HELP, SCHOOL, WIDE
from tests.fakes.wide import WORK as AGENCY

YES, NO = StatementKind.toestemming, StatementKind.bezwaar
BORN, CHILD = date(2005, 5, 4), date(2011, 3, 5)
NOTICE = Notice(id=Term("uitleg-hulp"), version="3", sha256="ab" * 32)
_DAY_US = 86_400_000_000
_TOUCHED = "SELECT statements FROM deliver_outbox WHERE party_id = $1"


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark", rules=Rules(WIDE)) as opened:
        yield opened


@pytest.fixture
def desk(house: House) -> Statements:
    return desk_over(house)


def spoken(voice: Voice = Voice.jongere, **other: Any) -> Spoken:
    return Spoken(**{"party": SCHOOL, "voice": voice, "channel": Channel.balie, "checked_by": Term(SCHOOL), **other})


def parent(voice: Voice = Voice.ouder) -> Spoken:
    authority = {Voice.ouder: Authority.ouderlijk_gezag, Voice.voogd: Authority.voogdij}[voice]
    return spoken(voice, authority=authority, reference="uittreksel 12")


def said(kind: StatementKind = YES, who: Spoken | None = None, **other: Any) -> Said:
    given = {"kind": kind, "scope": scope({HELP}, {CARE}), "spoken": who or spoken(), "begins": DAY}
    return Said(**{**given, "notice": NOTICE, "born": BORN, **other})


async def tag(house: House) -> bytes:
    return await house.tag(canary.BSN)


async def stands(house: House, day: date = DAY) -> dict[StatementKind, set[StatementState]]:
    found: dict[StatementKind, set[StatementState]] = {}
    for one in (await standing(house.engine, [(await tag(house), day)], house.digests))[0]:
        found.setdefault(one.kind, set()).add(one.state)
    return found


async def gave(desk: Statements, **other: Any) -> UUID:
    (statement,) = (await desk.record(canary.BSN, said(**other))).statements
    return statement


async def test_a_yes_is_what_the_gates_see(house: House, desk: Statements):
    await gave(desk)
    (found,) = await standing(house.engine, [(await tag(house), DAY)])
    assert found == {Stated(YES, StatementState.given, Voice.jongere, frozenset({HELP}), frozenset({CARE}))}
    assert (await standing(house.engine, [(await tag(house), DAY - timedelta(days=1)), (bytes(16), DAY)])) == [
        frozenset(),
        frozenset(),
    ]


async def test_who_said_the_same_is_given_the_very_same_set(house: House, desk: Statements):
    await gave(desk)
    (first,), (second,) = [await standing(house.engine, [(await tag(house), DAY)], house.digests) for _ in range(2)]
    assert first is second


async def test_one_entry_names_the_statement_and_the_digest_of_its_event(house: House, desk: Statements):
    statement = await gave(desk)
    (entry,) = await house.entries()
    assert (entry["kind"], entry["operation"], entry["about"], entry["actor"]) == (
        "statement",
        "statement-record",
        "toestemming",
        SCHOOL,
    )
    rows = await house.rows("SELECT hash FROM consent_event")
    assert entry["details"] == {"statement": str(statement), "event": bytes(rows[0]["hash"]).hex()}
    assert not canary.found_in(str(entry), str(await house.rows("SELECT * FROM consent_event")))


async def test_the_evidence_is_kept_and_the_reference_is_not(house: House, desk: Statements):
    statement = await gave(desk, who=parent(), born=CHILD)
    event = await desk.event(statement)
    assert event.evidence is not None
    assert (event.evidence.notice, event.evidence.channel, event.evidence.checked_by) == (NOTICE, Channel.balie, SCHOOL)
    assert event.evidence.proof is not None
    assert event.evidence.proof.reference == house.digests("authority", b"uittreksel 12").hex()
    (row,) = await house.rows("SELECT body FROM consent_event")
    assert b"uittreksel" not in row["body"]
    assert CHILD.isoformat().encode() not in row["body"]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"notice": None}, Malformed),
        ({"scope": Scope()}, Malformed),
        ({"born": None}, Malformed),
        ({"begins": DAY - timedelta(days=1)}, Malformed),
        ({"ends": DAY}, Malformed),
        ({"born": CHILD}, Refused),
        ({"who": spoken(happened=DAY + timedelta(days=1)), "begins": DAY + timedelta(days=1)}, Malformed),
        ({"who": spoken(Voice.ouder), "born": CHILD}, Refused),
        ({"who": spoken(Voice.ouder, authority=Authority.ouderlijk_gezag), "born": CHILD}, Malformed),
        ({"who": parent()}, Refused),
        ({"who": spoken(party=PartyId("niemand"))}, Misconfigured),
        ({"also_objection": True}, Malformed),
        ({"kind": NO, "what": What.refused}, Malformed),
        ({"again": uuid4()}, Refused),
        ({"kind": StatementKind.contactvoorkeur, "scope": Scope(), "ends": DAY + timedelta(days=180)}, Malformed),
        ({"kind": StatementKind.contactvoorkeur, "scope": Scope(), "also_objection": False}, Malformed),
    ],
)
async def test_what_does_not_do_is_not_recorded(
    house: House, desk: Statements, changes: dict[str, Any], error: type[Exception]
):
    with pytest.raises(error) as refused:
        await gave(desk, **changes)
    assert canary.BSN not in str(refused.value)
    assert await house.entries() == []
    assert await house.rows("SELECT FROM consent_event") == []


async def test_a_wrong_number_is_refused_without_being_said(desk: Statements):
    wrong = "987123456"
    with pytest.raises(Malformed) as refused:
        await desk.record(wrong, said())
    assert not any(wrong in text for text in canary.told_by(refused.value, frames_outside=1))


async def test_to_take_back_is_effective_at_once_and_twice_is_once(house: House, desk: Statements):
    statement = await gave(desk)
    done = await desk.withdraw(canary.BSN, YES, Scope(), spoken())
    assert done.statements == (statement,)
    assert await stands(house) == {YES: {StatementState.withdrawn}}
    assert (await desk.withdraw_one(statement, spoken())) == Done((), 0)
    await desk.withdraw(canary.BSN, YES, Scope(), spoken())
    assert len([one for one in (await desk.history(canary.BSN)) if one.hold.kind is YES]) <= 2
    assert (await stands(house))[YES] <= {StatementState.withdrawn, StatementState.refused}
    await gave(desk, again=statement)
    assert StatementState.given in (await stands(house))[YES]
    await desk.withdraw_one(statement, spoken())
    assert StatementState.given not in (await stands(house))[YES]


async def test_the_last_act_of_give_withdraw_give_withdraw_counts(house: House, desk: Statements):
    statement = await gave(desk)
    for state in (StatementState.withdrawn, StatementState.given) * 3:
        house.clock.us += 1_000
        if state is StatementState.withdrawn:
            await desk.withdraw_one(statement, spoken())
        else:
            await gave(desk, again=statement)
        assert await stands(house) == {YES: {state}}


async def test_part_of_a_yes_can_be_taken_back(house: House, desk: Statements):
    statement = await gave(desk, scope=scope({HELP, CALL}, {CARE, AGENCY}))
    await desk.withdraw(canary.BSN, YES, scope(None, {AGENCY}), spoken())
    (one,) = (await standing(house.engine, [(await tag(house), DAY)]))[0]
    assert (one.state, one.purposes, one.parties) == (StatementState.given, {HELP, CALL}, {CARE})
    await desk.withdraw(canary.BSN, YES, scope({CALL}), spoken())
    assert (await desk.history(canary.BSN))[0].hold.scope.purposes == {HELP}
    await desk.withdraw(canary.BSN, YES, scope({HELP}), spoken())
    assert await stands(house) == {YES: {StatementState.withdrawn}}
    assert [event.what for event in (await desk.history(canary.BSN))[0].events] == [
        What.given,
        What.scope_changed,
        What.scope_changed,
        What.withdrawn,
    ]
    assert (await desk.history(canary.BSN))[0].hold.statement_id == statement


async def test_where_there_is_nothing_to_take_back_the_no_counts_all_the_same(house: House, desk: Statements):
    await desk.withdraw(canary.BSN, YES, scope({HELP}, {CARE}), spoken())
    assert await stands(house) == {YES: {StatementState.refused}}
    await gave(desk, who=parent(), born=CHILD)
    assert await stands(house) == {YES: {StatementState.refused, StatementState.invalidated}}
    assert [one.counts for one in await desk.history(canary.BSN)] == [False, True]


async def test_two_guardians_who_disagree_have_agreed_to_nothing(house: House, desk: Statements):
    await gave(desk, who=parent(), born=CHILD)
    house.clock.us += 1
    no = await gave(desk, who=parent(Voice.voogd), born=CHILD, what=What.refused)
    assert await stands(house) == {YES: {StatementState.refused, StatementState.invalidated}}
    await desk.withdraw_one(no, parent(Voice.voogd))
    assert await stands(house) == {YES: {StatementState.given, StatementState.withdrawn}}


async def test_a_child_takes_back_what_a_parent_gave(house: House, desk: Statements):
    await gave(desk, who=parent(), born=CHILD)
    await desk.withdraw(canary.BSN, YES, Scope(), spoken())
    assert await stands(house) == {YES: {StatementState.withdrawn}}


async def test_what_is_recorded_late_changes_what_is_known_now_alone(house: House, desk: Statements):
    statement = await gave(desk)
    before = house.clock.us
    house.clock.us += 10 * _DAY_US
    await desk.withdraw_one(statement, spoken(happened=DAY + timedelta(days=3)))
    (one,) = await desk.history(canary.BSN)
    day = DAY + timedelta(days=5)
    now, then = hold(one.events, day), hold(one.events, day, before)
    assert now is not None
    assert then is not None
    assert (now.state, then.state) == (StatementState.withdrawn, StatementState.given)
    (earlier,) = (await standing(house.engine, [(await tag(house), DAY + timedelta(days=2))]))[0]
    assert earlier.state is StatementState.given


async def test_a_contact_preference_is_an_objection_as_well_when_they_say_so(house: House, desk: Statements):
    done = await desk.record(
        canary.BSN,
        said(StatementKind.contactvoorkeur, scope=Scope(), ends=DAY + timedelta(days=180), also_objection=True),
    )
    assert len(done.statements) == 2
    assert await stands(house) == {StatementKind.contactvoorkeur: {StatementState.given}, NO: {StatementState.given}}
    assert len(await house.entries()) == 1
    later = await stands(house, DAY + timedelta(days=180))
    assert later == {StatementKind.contactvoorkeur: {StatementState.expired}, NO: {StatementState.given}}


async def test_an_objection_stops_until_the_controller_decides(house: House, desk: Statements):
    """GDPR 21(1) and 18(1)(d): the controller decides, and the hub stops meanwhile."""
    statement = await gave(desk, kind=NO, scope=scope(None, {CARE}))
    (one,) = await desk.history(canary.BSN)
    assert one.hold.pending
    with pytest.raises(Malformed):
        await desk.decide_objection(statement, False, OPERATOR)
    controller = WIDE.parties[CARE].controller
    await desk.decide_objection(statement, False, controller)
    assert await stands(house) == {NO: {StatementState.refused}}
    assert (await house.entries())[-1]["actor"] == controller
    with pytest.raises(Refused):
        await desk.decide_objection(statement, True, controller)
    other = await gave(desk, kind=NO, scope=scope(None, {CARE}))
    await desk.decide_objection(other, True, controller)
    assert StatementState.given in (await stands(house))[NO]


async def test_a_queued_delivery_does_not_leave_after_an_objection(house: House, desk: Statements):
    await house.send(body(0))
    assert len(await house.rows("SELECT FROM deliver_outbox WHERE party_id = $1", WORK)) == 1
    (before,) = await house.rows(_TOUCHED, WORK)
    await desk.record(_number(), said(NO, scope=Scope()))
    (after,) = await house.rows(_TOUCHED, WORK)
    assert after["statements"] == before["statements"] + 1  # who decided just before must decide again
    handed = await house.route.release(WORK, 10)
    assert handed.deliveries == ()


def _number() -> str:
    return str(orjson.loads(body(0))["bsn"])


async def test_a_parents_yes_ends_at_the_birthday_and_is_announced_before(house: House, desk: Statements):
    statement = await gave(desk, who=parent(), born=CHILD)
    birthday = date(2027, 3, 5)
    assert await desk.due_proxies(birthday - timedelta(days=91)) == []
    (due,) = await desk.due_proxies(birthday - timedelta(days=90))
    assert (due.statement_id, due.day, due.party) == (statement, birthday, SCHOOL)
    assert await stands(house, birthday - timedelta(days=1)) == {YES: {StatementState.given}}
    assert await stands(house, birthday) == {YES: {StatementState.proxy_ended}}
    assert await desk.run_due(birthday - timedelta(days=1)) == 0
    house.clock.us += (birthday - DAY).days * _DAY_US
    assert [await desk.run_due(birthday) for _ in range(2)] == [1, 0]
    assert (await desk.event(statement)).what is What.proxy_ended
    assert await desk.due_proxies(birthday) == []
    await gave(desk, again=statement, begins=birthday, born=CHILD)
    (one,) = await desk.history(canary.BSN)
    assert (one.hold.state, one.hold.voice, one.events[-1].what) == (StatementState.given, Voice.jongere, What.reaffirmed)


async def test_what_has_an_end_gets_an_event_when_it_comes(house: House, desk: Statements):
    statement = await gave(desk, ends=DAY + timedelta(days=10))
    house.clock.us += 10 * _DAY_US
    assert await desk.run_due(DAY + timedelta(days=10)) == 1
    assert (await desk.event(statement)).what is What.expired


async def test_what_a_yes_rested_on_falls_away(house: House, desk: Statements):
    statement = await gave(desk, who=parent(), born=CHILD)
    await desk.invalidate(statement, "gezag-beeindigd", SCHOOL)
    assert await stands(house) == {YES: {StatementState.invalidated}}
    with pytest.raises(Refused):
        await desk.invalidate(statement, "gezag-beeindigd", SCHOOL)


async def test_who_records_at_the_same_time_waits_for_the_other(house: House, desk: Statements):
    statement = await gave(desk)
    results = await asyncio.gather(*(desk.withdraw_one(statement, spoken()) for _ in range(4)), return_exceptions=True)
    assert all(isinstance(one, (Done, Conflict)) for one in results)
    assert await stands(house) == {YES: {StatementState.withdrawn}}
    assert len(await house.rows("SELECT FROM consent_event WHERE statement_id = $1", statement)) == 2


# -- nobody changes what was said


async def test_the_application_cannot_change_what_was_said(house: House, desk: Statements):
    await gave(desk)
    for act in ("UPDATE consent_event SET seq = 2", "DELETE FROM consent_event"):
        with pytest.raises(Misconfigured):
            await house.rows(act)


@pytest.mark.parametrize(
    "act",
    [
        "DELETE FROM consent_event WHERE seq = 2",
        "DELETE FROM consent_event",
        "UPDATE consent_event SET body = convert_to(replace(convert_from(body, 'UTF8'), 'toestemming', 'instemming'), 'UTF8')",
        "UPDATE consent_event SET hash = sha256(body)",
    ],
)
async def test_whoever_owns_the_database_is_seen(house: House, desk: Statements, owner_engine: AsyncEngine, act: str):
    statement = await gave(desk)
    await desk.withdraw_one(statement, spoken())
    async with transaction(owner_engine) as connection:
        await connection.raw.execute(act)
    with pytest.raises(Tampered):
        await desk.history(canary.BSN)


async def test_that_it_was_read_is_in_the_log_first(house: House, desk: Statements):
    await gave(desk)
    await desk.history(canary.BSN)
    assert [entry["operation"] for entry in await house.entries()] == ["statement-record", "statement-read"]


# -- receipts


@pytest.fixture
def key() -> OKPKey:
    return RECEIPT_KEY


def decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def verified(signed: str, key: OKPKey) -> dict[str, Any]:
    """By RFC 7515 and 8032 alone, with nothing of the hub."""
    header, payload, signature = signed.split(".")
    public = Ed25519PublicKey.from_public_bytes(decoded(str(key.as_dict(private=False)["x"])))
    public.verify(decoded(signature), f"{header}.{payload}".encode())
    assert orjson.loads(decoded(header)) == {"alg": "Ed25519", "kid": "ontvangst-1", "typ": "ontvangstbewijs+jws"}
    found: dict[str, Any] = orjson.loads(decoded(payload))
    return found


async def slip(house: House, desk: Statements, statement: UUID, seq: int | None = None) -> Slip:
    return prove(receipts_over(house), WIDE, await desk.event(statement, seq))


async def test_a_receipt_can_be_checked_without_the_hub(house: House, desk: Statements, key: OKPKey):
    statement = await gave(desk)
    made = await slip(house, desk, statement)
    fields = verified(made.receipt.signed, key)
    assert fields["schema_version"].endswith("receipt-eu-gdpr")
    assert fields["record_id"] == str(statement)
    assert fields["privacy_notice"]["sha256"] == NOTICE.sha256
    assert [one["label"] for one in fields["purpose"]] == ["Hulp"]
    assert [one["party_id"] for one in fields["recipient_third_parties"]] == [CARE]
    assert fields["lawful_basis"] == "eu-gdpr:A6-1-a"
    assert fields["event"]["event_state"] == "dpv:ConsentGiven"
    assert "proef_wens" in [one["party_id"] for one in fields["pii_information"]]
    for name in ("privacy_rights", "authority_party", "withdrawal_method", "retention_period", "jurisdiction", "language"):
        assert fields[name]
    known = set(fields["@context"])
    assert {name for name in fields if not name.startswith("@")} - known == {"kind", "elements_limited"}
    head, payload, signature = made.receipt.signed.split(".")
    other = payload[:-2] + ("A" if payload[-2] != "A" else "B") + payload[-1]
    with pytest.raises(InvalidSignature):
        verified(f"{head}.{other}.{signature}", key)


async def test_a_receipt_holds_no_number_and_its_pseudonym_joins_no_two(house: House, desk: Statements, key: OKPKey):
    statement = await gave(desk)
    await desk.withdraw_one(statement, spoken())
    first, second = [await slip(house, desk, statement, seq) for seq in (1, 2)]
    again = await slip(house, desk, statement, 1)
    assert first.receipt.signed == again.receipt.signed
    assert first.receipt.fields["pii_principal_id"] != second.receipt.fields["pii_principal_id"]
    for one in (first, second):
        text = f"{one.receipt.fields}{one.headline}{one.facts}{one.way_back}"
        assert not canary.found_in(text)
        assert (await tag(house)).hex() not in text
        assert BORN.isoformat() not in text
    assert second.receipt.fields["kind"] == "withdrawal"
    assert "ingetrokken" in second.headline


async def test_a_receipt_keeps_the_whereabouts_from_a_representative(house: House, desk: Statements, key: OKPKey):
    """GDPR 5(1)(f) and 15(4): where a young person is helped can tell a parent where they are."""
    statement = await gave(desk, who=parent(), born=CHILD, shielded=True)
    made = await slip(house, desk, statement)
    text = f"{verified(made.receipt.signed, key)}{made.headline}{made.facts}{made.way_back}"
    for party in (CARE, SCHOOL):
        assert party not in text
        assert WIDE.parties[party].name not in text
    open_one = await slip(house, desk, await gave(desk, who=parent(), born=CHILD))
    assert WIDE.parties[CARE].name in str(open_one.facts)


async def test_a_slip_says_how_to_go_back_on_it(house: House, desk: Statements, key: OKPKey):
    made = await slip(house, desk, await gave(desk))
    assert made.headline == "Op 2 november 2026 is een toestemming gegeven."
    facts = dict(made.facts)
    assert facts["Waarvoor"] == "Hulp"
    assert facts["Kenmerk van die tekst (SHA-256)"] == NOTICE.sha256
    assert any("net zo makkelijk" in sentence for sentence in made.way_back)
    objection = await slip(house, desk, await gave(desk, kind=NO, scope=Scope()))
    assert any("artikel 18" in sentence for sentence in objection.way_back)


# -- what was recorded before statements were events


async def test_what_was_recorded_before_goes_on_as_the_first_event(
    house: House, desk: Statements, database_urls: Urls, owner_engine: AsyncEngine
):
    root = Path(__file__).parents[2]

    def migrate(*step: str) -> None:
        ini = str(root / "ops/migrations/alembic.ini")
        environment = {**os.environ, "HUB_MIGRATION_URL": database_urls.migration}
        subprocess.run([sys.executable, "-m", "alembic", "-c", ini, "-n", "main", *step], env=environment, check=True)

    await gave(desk)
    await gave(desk, kind=NO, scope=Scope())
    await asyncio.to_thread(migrate, "downgrade", "0010")
    async with transaction(owner_engine) as connection:
        kinds = await connection.raw.fetch("SELECT kind FROM consent_statement")
        assert [row[0] for row in kinds] == ["bezwaar"]  # a yes that was limited would become one that is not
        old = uuid4()
        await connection.raw.execute(
            "INSERT INTO consent_statement VALUES ($1, 'duo', $2, $3, 'beperking', $4, $5, 1, 1)",
            LOG,
            old,
            await tag(house),
            DAY,
            DAY + timedelta(days=5),
        )
    await asyncio.to_thread(migrate, "upgrade", "head")
    async with transaction(house.engine) as connection:
        await connection.raw.reload_schema_state()
    assert await stands(house) == {NO: {StatementState.given}, StatementKind.beperking: {StatementState.given}}
    assert (await stands(house, DAY + timedelta(days=5)))[StatementKind.beperking] == {StatementState.expired}
    await desk.withdraw_one(old, spoken(checked_by=Term("functionaris")))
    assert (await stands(house))[StatementKind.beperking] == {StatementState.withdrawn}


# -- who vouches for whom


async def test_a_party_that_would_receive_vouches_for_no_yes(house: House, desk: Statements):
    """Whoever knows a number could else open the data of its owner to itself."""
    for party in (CARE, AGENCY, PartyId("leerbedrijf-de-schaaf")):
        with pytest.raises(Refused, match="does not vouch"):
            await desk.record(canary.BSN, said(who=spoken(party=party, checked_by=Term(party))))
    assert await stands(house) == {}
    await desk.record(canary.BSN, said(who=spoken(party=CARE, checked_by=Term("functionaris"))))  # somebody of the hub saw them
    assert await stands(house) == {YES: {StatementState.given}}


async def test_a_school_alone_says_that_it_was_consulted(house: House, desk: Statements):
    consulted = spoken(Voice.school, party=WORK, checked_by=Term(WORK))
    with pytest.raises(Refused, match="this party is none"):
        await desk.record(canary.BSN, said(StatementKind.raadpleging_school, consulted, scope=Scope()))
    await desk.record(canary.BSN, said(StatementKind.raadpleging_school, spoken(Voice.school), scope=Scope()))
    assert await stands(house) == {StatementKind.raadpleging_school: {StatementState.given}}


@pytest.mark.parametrize("scoped", [Scope(), scope({HELP}), scope(None, {CARE})])
@pytest.mark.parametrize("kind", [NO, StatementKind.beperking])
async def test_a_no_that_was_said_elsewhere_is_not_vouched_away_and_nobody_learns_that_it_is_there(
    house: House, desk: Statements, kind: StatementKind, scoped: Scope
):
    elsewhere = spoken(party=CARE, checked_by=Term(CARE))
    assert (await desk.withdraw(canary.BSN, kind, scoped, elsewhere)).statements == ()
    await gave(desk, kind=kind, scope=Scope())
    assert (await desk.withdraw(canary.BSN, kind, scoped, elsewhere)).statements == ()
    assert await stands(house) == {kind: {StatementState.given}}
    await desk.withdraw(canary.BSN, kind, Scope(), spoken())
    assert await stands(house) == {kind: {StatementState.withdrawn}}


@pytest.mark.parametrize("voice", [Voice.ouder, Voice.voogd])
async def test_who_may_not_take_back_learns_not_that_there_is_something(house: House, desk: Statements, voice: Voice):
    await gave(desk)
    assert (await desk.withdraw(canary.BSN, YES, scope({HELP}, {CARE}), spoken(voice))).statements == ()
    assert await stands(house) == {YES: {StatementState.given}}


async def test_a_school_takes_nothing_back_for_a_young_person(house: House, desk: Statements):
    for _ in range(2):
        with pytest.raises(Refused, match="does not speak"):
            await desk.withdraw(canary.BSN, YES, scope({HELP}, {CARE}), spoken(Voice.school))
        await gave(desk)


async def test_what_is_taken_back_where_the_clock_runs_behind_is_taken_back(house: House, desk: Statements):
    """Two processes on two machines: what is recorded last counts, and the chain still follows from itself."""
    await gave(desk)
    house.clock.us -= 5_000_000
    await desk.withdraw(canary.BSN, YES, Scope(), spoken())
    assert await stands(house) == {YES: {StatementState.withdrawn}}
    await gave(desk, what=What.refused)
    assert StatementState.given not in (await stands(house))[YES]
    told = {event.what for one in await desk.history(canary.BSN) for event in one.events}
    assert told == {What.given, What.withdrawn, What.refused}


@pytest.mark.parametrize("day", [date(1, 1, 1), date(1960, 5, 4), date(1999, 12, 31)])
async def test_a_day_that_is_too_long_ago_is_refused(house: House, desk: Statements, day: date):
    with pytest.raises(Malformed):
        await desk.record(canary.BSN, said(NO, spoken(happened=day), scope=Scope()))
    assert await stands(house) == {}


async def test_reading_makes_nobody_known(house: House, desk: Statements) -> None:
    assert await desk.history(canary.BSN) == ()
    assert await house.people.find(Bsn(canary.BSN)) is None
    assert [one["operation"] for one in await house.entries()] == ["statement-read"]
