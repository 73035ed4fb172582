"""The way on real databases under the shipped policy: every row accounted for, nothing before the log, each its own."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.checkpoint import check_receipt
from hub.db import transaction
from hub.domain.facts import StatementKind
from hub.domain.terms import Micros, PartyId
from hub.errors import Conflict, Malformed, Refused, Retry, Tampered
from hub.ports import Tally, WorkItem
from hub.postgres import PrivatePostgres, Urls
from hub.protect.pseudonymise import check_pseudonym
from hub.protect.seal import unseal
from hub.receive.messages import MessageIntake
from tests import canary
from tests.fakes.house import DESK, DUO, JSON, LOG, SCHOOL, WORK, House, body, open_house
from tests.fakes.recorder import KEY
from tests.fakes.statements import said
from tests.integration.test_recorder import superuser


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "high-water") as opened:
        yield opened


def added(admitted: list[Any]) -> Tally:
    return Tally(*(sum(getattr(each.tally, name) for each in admitted) for name in ("accepted", "quarantined", "duplicate")))


def payload(delivered: Any) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(delivered.payload.reveal())
    return found


# -- a list


async def test_every_row_of_a_list_is_accounted_for_once(house: House) -> None:
    """Good, unreadable, unroutable, twice in a chunk, twice in the file: the figures add up to the rows."""
    good = [body(number) for number in range(60)]
    bad = [b"{}", body(70, gemeente="9999"), body(71, geboortedatum="gisteren")]
    admitted = await house.drop([*good[:20], good[3], *good[20:], *bad, good[5], good[59]], chunk=16)
    assert added(admitted) == Tally(accepted=60, quarantined=3, duplicate=3)
    assert sum(each.tally.accepted + each.tally.quarantined + each.tally.duplicate for each in admitted) == 66
    (drop,) = await house.rows("SELECT * FROM receive_drop")
    assert (drop["rows_done"], drop["accepted"], drop["quarantined"], drop["duplicate"]) == (66, 60, 3, 3)
    outbox = Counter(row["party_id"] for row in await house.rows("SELECT party_id FROM deliver_outbox"))
    assert outbox == {DESK: 60, WORK: 60}


async def test_a_record_that_was_given_before_is_a_duplicate_whichever_way_it_comes(house: House) -> None:
    assert added(await house.drop([body(1), body(2)])) == Tally(2, 0, 0)
    assert added(await house.drop([body(2), body(3)])) == Tally(1, 0, 1)
    again = await house.send(body(3))
    assert (again.tally, again.outcomes) == (Tally(0, 0, 1), ())


async def test_other_content_about_the_same_person_is_no_duplicate(house: House) -> None:
    assert added(await house.drop([body(1), body(1, geslachtsnaam="Anders"), body(1, telefoonnummer="0612345678")])) == Tally(
        3, 0, 0
    )
    tags = await house.rows("SELECT DISTINCT subject_tag FROM deliver_outbox")
    assert len(tags) == 1


async def test_what_another_party_gave_stays_its_own_secret(house: House) -> None:
    """The same record from another party is decided as if nobody had ever given it."""
    await house.send(body(1))
    from_school = await house.send(body(1), SCHOOL)
    assert from_school.tally == Tally(1, 0, 0)
    assert [(one.recipient, one.permitted) for one in from_school.outcomes] == [(DESK, True)]


async def test_two_workers_with_one_list_make_no_double(house: House) -> None:
    bodies = [body(number) for number in range(80)]
    both = await asyncio.gather(house.drop(bodies, chunk=20), house.drop(bodies[::-1], chunk=20))
    assert added([*both[0], *both[1]]) == Tally(80, 0, 80)
    assert len(await house.rows("SELECT 1 FROM deliver_outbox")) == 160


async def test_a_row_without_a_route_waits_in_quarantine_as_it_came(house: House) -> None:
    raw = body(1, gemeente="9999")
    assert added(await house.drop([raw])) == Tally(0, 1, 0)
    (row,) = await house.rows("SELECT * FROM receive_quarantine")
    assert row["faults"] == [{"where": "gemeente", "code": "GEEN_ROUTE"}]
    assert canary.BSN.encode() not in row["sealed"]
    assert house.vault.open_row(row["sealed"], row["quarantine_id"].bytes) == raw
    assert await house.entries() == []
    assert await house.rows("SELECT 1 FROM deliver_outbox") == []


async def test_a_message_that_goes_nowhere_is_answered_and_leaves_nothing(house: House) -> None:
    for raw in (body(1, gemeente="9999"), b"{}", body(1, bsn="123456789")):
        with pytest.raises(Malformed):
            await house.send(raw)
    for table in ("audit_entry", "receive_quarantine", "receive_record", "receive_idempotency", "consent_facts"):
        assert await house.rows(f"SELECT 1 FROM {table}") == []


async def test_a_school_speaks_for_its_own_pupils_alone(house: House) -> None:
    with pytest.raises(Malformed) as refused:
        await house.send(body(1, brin="97YY"), SCHOOL)
    assert [(fault.where, fault.code) for fault in refused.value.faults] == [("brin", "ANDERE_SCHOOL")]
    assert await house.entries() == []
    assert (await house.send(body(1), SCHOOL)).tally == Tally(1, 0, 0)
    assert (await house.send(body(1, brin="97YY"), DUO)).tally == Tally(1, 0, 0)


async def test_the_gemeente_of_the_day_decides(house: House) -> None:
    """Overlinde merged into Aldermeer: from that day its code leads there. Where no road leads, a row waits."""
    assert added(await house.drop([body(1, gemeente="9009"), body(2, gemeente="9099")])) == Tally(1, 1, 0)
    permitted = {each["recipient"] for each in await house.entries() if each.get("decision") == "permit"}
    assert permitted == {DESK, WORK}


# -- verdicts


async def test_every_verdict_has_its_entry_and_every_yes_its_delivery(house: House) -> None:
    ages = {"2007-05-04": True, "2010-05-04": False, "1990-01-01": False}
    await house.drop([body(number, geboortedatum=born) for number, born in enumerate(ages)])
    entries = await house.entries()
    outbox = await house.rows("SELECT delivery_id, party_id FROM deliver_outbox")
    assert len(entries) == 6
    assert {entry["ref"] for entry in entries if entry["decision"] == "permit"} == {str(row["delivery_id"]) for row in outbox}
    assert Counter(row["party_id"] for row in outbox) == {DESK: 1, WORK: 1}
    assert {entry["kind"] for entry in entries} == {"disclosure", "refusal"}
    assert {entry["actor"] for entry in entries} == {"duo"}
    tally = await house.rows("SELECT recipient, sum(refused)::int AS refused FROM route_tally GROUP BY 1")
    assert {row["recipient"]: row["refused"] for row in tally} == {DESK: 2, WORK: 2}
    assert len(await house.rows("SELECT 1 FROM consent_facts")) == 3


async def test_a_reason_about_the_person_stands_in_no_entry_and_opens_with_the_persons_key(house: House) -> None:
    admitted = await house.send(body(0, overlijdensdatum="2026-10-01"))
    assert all("PERSOONLIJK" in one.reasons and "OVERLEDEN" not in one.reasons for one in admitted.outcomes)
    entries = await house.entries()
    assert {entry["recipient"]: entry["reasons"][0] for entry in entries}[DESK] == "PERSOONLIJK"
    assert "OVERLEDEN" not in orjson.dumps(entries).decode()
    (facts,) = await house.rows("SELECT * FROM consent_facts")
    keys = await house.vault.existing([facts["subject_tag"]])
    opened = orjson.loads(unseal(keys[facts["subject_tag"]], facts["sealed"], facts["record_id"].bytes))
    assert all("OVERLEDEN" in reasons for reasons in opened["refused"].values())
    assert set(opened["refused"]) == {entry["ref"] for entry in entries}
    other = await house.vault.subjects([b"o" * 16], DUO, Micros(1))
    with pytest.raises(Tampered):
        unseal(other[b"o" * 16].key, facts["sealed"], facts["record_id"].bytes)


async def test_a_secret_address_passes_to_the_authority_and_stays_behind_for_the_next(house: House) -> None:
    address = {"straatnaam": "Nergensstraat", "huisnummer": 1, "postcode": "1234AB", "woonplaats": "Aldermeer"}
    await house.send(body(0, indicatieGeheim=True, **address))
    (desk,), (work,) = (await house.route.release(DESK, 5)).deliveries, (await house.route.release(WORK, 5)).deliveries
    assert payload(desk).items() >= {**address, "indicatieGeheim": True}.items()
    assert payload(work)["indicatieGeheim"] is True
    assert not payload(work).keys() & address.keys()


async def test_free_text_and_health_pass_to_nobody(house: House) -> None:
    await house.send(body(0, opmerking="Kanariepiet-Zangzaad", redenUitval="4"))
    for recipient in (DESK, WORK):
        (one,) = (await house.route.release(recipient, 5)).deliveries
        assert not {"opmerking", "redenUitval"} & payload(one).keys()


async def test_from_a_school_the_desk_gets_a_pseudonym_and_always_the_same(house: House) -> None:
    await house.send(body(0), SCHOOL)
    await house.send(body(0, geslachtsnaam="Anders"), SCHOOL)
    first, second = (payload(one) for one in (await house.route.release(DESK, 5)).deliveries)
    assert "bsn" not in first
    assert check_pseudonym(first["pseudoniem"])
    assert first["pseudoniem"] == second["pseudoniem"]


async def test_an_objection_holds_from_its_first_day_to_the_day_before_its_end(house: House) -> None:
    tag = await house.tag(canary.BSN)
    period = (date(2026, 11, 1), date(2026, 11, 10))
    claim = said(house.digests, LOG, tag, StatementKind.bezwaar, period)
    await house.committer.record(WorkItem(uuid4(), DUO, (), claims=(claim,)))
    await house.send(body(0))
    assert {entry["recipient"]: entry["decision"] for entry in await house.entries()} == {DESK: "permit", WORK: "refuse"}
    house.clock.us += 8 * 86_400_000_000
    await house.send(body(0, geslachtsnaam="Anders"))
    assert [entry["decision"] for entry in (await house.entries())[2:]] == ["permit", "permit"]


# -- one message


async def test_an_answer_proves_each_of_its_outcomes(house: House) -> None:
    admitted = await house.send(body(1))
    bodies = {row["ref"]: row["body"] for row in await house.rows("SELECT ref, body FROM audit_entry")}
    assert {one.ref for one in admitted.outcomes} <= set(admitted.receipts)
    for ref, receipt in admitted.receipts.items():
        assert check_receipt(receipt, bodies[ref], KEY.vkey).note == admitted.checkpoint


async def test_a_request_is_recalled_as_it_was_answered(house: House) -> None:
    request = uuid4()
    first = await house.send(body(1, overlijdensdatum="2026-10-01"), request_id=request)
    await house.send(body(2))
    again = await house.route.recall(DUO, request)
    assert (again.request_id, again.tally, again.outcomes) == (first.request_id, first.tally, first.outcomes)
    bodies = {row["ref"]: row["body"] for row in await house.rows("SELECT ref, body FROM audit_entry")}
    for ref, receipt in again.receipts.items():
        check_receipt(receipt, bodies[ref], KEY.vkey)
    for party, asked in ((SCHOOL, request), (DUO, uuid4())):
        with pytest.raises(Refused):
            await house.route.recall(party, asked)


async def test_one_key_at_once_is_one_effect(house: House) -> None:
    """Two servers, one repeated request: one of them records, the other says that someone was first."""
    key = b"k" * 32
    told = await asyncio.gather(*(house.send(body(1), key=key) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(each, Conflict) for each in told) == 5
    assert len(await house.rows("SELECT 1 FROM deliver_outbox")) == 2
    assert len(await house.rows("SELECT 1 FROM receive_idempotency")) == 1


async def test_one_person_at_once_is_one_delivery(house: House) -> None:
    told = await asyncio.gather(*(house.send(body(1)) for _ in range(6)))
    assert sorted(each.tally.accepted for each in told) == [0] * 5 + [1]
    assert len(await house.rows("SELECT 1 FROM deliver_outbox")) == 2


# -- release


async def test_what_is_handed_over_is_in_the_log_first(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    await house.drop([body(number) for number in range(3)])
    handed = await house.route.release(DESK, 2)
    assert (len(handed.deliveries), handed.waiting) == (2, 1)
    entries = {entry["delivery"]: entry for entry in await house.entries() if entry["kind"] == "outcome"}
    assert set(entries) == {str(one.delivery_id) for one in handed.deliveries}
    assert {(entry["outcome"], entry["actor"], entry["recipient"]) for entry in entries.values()} == {
        ("handed-over", "hub", DESK)
    }
    for one in handed.deliveries:
        assert orjson.loads(one.entry)["ref"] == str(one.delivery_id)
        assert check_receipt(one.receipt, one.entry.encode(), KEY.vkey).note == handed.checkpoint

    async def away(_: object) -> None:
        raise Retry("The log is away.")

    monkeypatch.setattr(house.route.recorder, "record", away)
    with pytest.raises(Retry):
        await house.route.release(DESK, 2)


async def test_what_was_not_acknowledged_is_handed_over_again_under_the_same_id(house: House) -> None:
    await house.send(body(1))
    first, again = await house.route.release(DESK, 5), await house.route.release(DESK, 5)
    assert [one.delivery_id for one in first.deliveries] == [one.delivery_id for one in again.deliveries]
    outcomes = [entry for entry in await house.entries() if entry["kind"] == "outcome"]
    assert [entry["attempt"] for entry in outcomes] == [1, 2]


async def test_a_recipient_sees_its_own_alone(house: House) -> None:
    await house.drop([body(1), body(2, gemeente="9004")])
    desk = (await house.route.release(DESK, 500)).deliveries
    assert [payload(one)["gemeente"] for one in desk] == ["9001"]
    assert {one.recipient for one in desk} == {DESK}
    assert (await house.route.release(PartyId("doorstroompunt-heiderland"), 5)).deliveries == ()


@pytest.mark.parametrize("party", [DESK, WORK, "nobody", ""])
async def test_the_database_itself_shows_a_reader_its_own_alone(house: House, party: str) -> None:
    await house.drop([body(1), body(2, gemeente="9004")])
    async with transaction(house.engine) as connection:
        await connection.raw.execute("SET LOCAL ROLE hub_reader")
        assert await connection.raw.fetch("SELECT * FROM deliver_outbox") == []
        await connection.raw.execute("SELECT set_config('hub.party_id', $1, true)", party)
        rows = await connection.raw.fetch("SELECT party_id FROM deliver_outbox")
    assert [row[0] for row in rows] == ([party] if party in (DESK, WORK) else [])


async def test_who_was_erased_is_delivered_to_nobody_and_holds_up_no_one(house: House) -> None:
    await house.drop([body(number) for number in range(4)])
    first, _ = (await house.route.release(DESK, 2)).deliveries
    rows = await house.rows("SELECT subject_tag FROM deliver_outbox WHERE delivery_id = $1", first.delivery_id)
    second = await house.rows(
        "SELECT subject_tag FROM deliver_outbox WHERE party_id = $1 ORDER BY delivery_id OFFSET 1 LIMIT 1", DESK
    )
    async with transaction(house.vault_engine) as connection:
        gone = [rows[0]["subject_tag"], second[0]["subject_tag"]]
        await connection.raw.execute("DELETE FROM vault_key WHERE subject_tag = ANY($1::bytea[])", gone)
    for limit in (1, 2, 500):
        handed = await house.route.release(DESK, limit)
        assert len(handed.deliveries) == min(limit, 2)
        assert first.delivery_id not in {one.delivery_id for one in handed.deliveries}
    assert len(await house.route.acknowledge(DESK, [one.delivery_id for one in handed.deliveries])) == 2
    assert (await house.route.release(DESK, 1)).deliveries == ()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE deliver_outbox SET sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) WHERE party_id = $1",
        "UPDATE deliver_outbox SET digest = sha256('x') WHERE party_id = $1",
        "UPDATE deliver_outbox SET nonce = substr(sha256('x'), 1, 16) WHERE party_id = $1",
        "UPDATE deliver_outbox SET sealed = (SELECT sealed FROM deliver_outbox WHERE party_id <> $1) WHERE party_id = $1",
        "UPDATE deliver_outbox SET sealed = '' WHERE party_id = $1",
        "UPDATE deliver_outbox SET delivery_id = gen_random_uuid() WHERE party_id = $1",
    ],
)
async def test_a_delivery_that_was_changed_leaves_for_nobody(
    house: House, postgres: PrivatePostgres, database_urls: Urls, change: str
) -> None:
    await house.drop([body(1)])
    vandal = await superuser(postgres, database_urls)
    assert await vandal.execute(change, DESK) == "UPDATE 1"
    await vandal.close()
    size = len(await house.entries())
    with pytest.raises(Tampered):
        await house.route.release(DESK, 5)
    assert len(await house.entries()) == size
    assert len((await house.route.release(WORK, 5)).deliveries) == 1


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE deliver_outbox SET party_id = 'werk-en-inkomen-wolfslo' WHERE party_id = $1",
        "UPDATE deliver_outbox SET party_id = 'werk-en-inkomen-wolfslo', source = 'mbo-zilverlinde' WHERE party_id = $1",
    ],
)
async def test_a_delivery_that_was_given_another_recipient_leaves_for_nobody(
    house: House, postgres: PrivatePostgres, database_urls: Urls, change: str
) -> None:
    await house.drop([body(1)])
    vandal = await superuser(postgres, database_urls)
    assert await vandal.execute(change, DESK) == "UPDATE 1"
    await vandal.close()
    size = len(await house.entries())
    with pytest.raises(Tampered):
        await house.route.release(PartyId("werk-en-inkomen-wolfslo"), 5)
    assert len(await house.entries()) == size


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE deliver_outbox SET source = 'mbo-zilverlinde' WHERE party_id = $1",
        "UPDATE deliver_outbox SET record_kind = 'iets-anders' WHERE party_id = $1",
        "UPDATE audit_entry SET body = replace(convert_from(body, 'UTF8'), 'duo', 'dua')::bytea WHERE $1 <> ''",
    ],
)
async def test_what_leaves_is_what_the_log_says(
    house: House, postgres: PrivatePostgres, database_urls: Urls, change: str
) -> None:
    await house.drop([body(1)])
    vandal = await superuser(postgres, database_urls)
    await vandal.execute(change, DESK)
    await vandal.close()
    with pytest.raises(Tampered):
        await house.route.release(DESK, 5)


async def test_a_delivery_without_an_entry_leaves_for_nobody(
    house: House, postgres: PrivatePostgres, database_urls: Urls
) -> None:
    await house.drop([body(1)])
    vandal = await superuser(postgres, database_urls)
    await vandal.execute("DELETE FROM audit_entry")
    await vandal.close()
    with pytest.raises(Tampered):
        await house.route.release(DESK, 5)


# -- acknowledge


async def test_a_receipt_empties_the_payload_and_twice_is_once(house: House) -> None:
    await house.send(body(1))
    (one,) = (await house.route.release(DESK, 5)).deliveries
    told = [await house.route.acknowledge(DESK, [one.delivery_id, one.delivery_id]) for _ in range(2)]
    assert [[each.delivery_id for each in some] for some in told] == [[one.delivery_id]] * 2
    (row,) = await house.rows("SELECT state, sealed FROM deliver_outbox WHERE party_id = $1", DESK)
    assert (row["state"], row["sealed"]) == ("acknowledged", None)
    acknowledged = [entry for entry in await house.entries() if entry.get("outcome") == "acknowledged"]
    assert [(entry["actor"], entry["delivery"]) for entry in acknowledged] == [(DESK, str(one.delivery_id))]
    assert (await house.route.release(DESK, 5)).deliveries == ()


async def test_of_ids_that_are_not_its_own_or_were_never_handed_over_nothing_is_said(house: House) -> None:
    await house.drop([body(1), body(2)])
    (theirs, *_) = (await house.route.release(WORK, 5)).deliveries
    never: UUID = (await house.rows("SELECT delivery_id FROM deliver_outbox WHERE party_id = $1 LIMIT 1", DESK))[0][
        "delivery_id"
    ]
    size = len(await house.entries())
    assert await house.route.acknowledge(DESK, [theirs.delivery_id, never, uuid4()]) == ()
    assert await house.route.acknowledge(DESK, []) == ()
    assert len(await house.entries()) == size
    assert {row["state"] for row in await house.rows("SELECT state FROM deliver_outbox WHERE sealed IS NOT NULL")} == {
        "held",
        "handed",
    }
    assert len(await house.rows("SELECT 1 FROM deliver_outbox WHERE sealed IS NULL")) == 0


async def test_two_who_acknowledge_at_once_leave_one_entry(house: House) -> None:
    await house.send(body(1))
    (one,) = (await house.route.release(DESK, 5)).deliveries
    told = await asyncio.gather(*(house.route.acknowledge(DESK, [one.delivery_id]) for _ in range(5)))
    assert {tuple(each.delivery_id for each in some) for some in told} == {(one.delivery_id,)}
    assert sum(entry.get("outcome") == "acknowledged" for entry in await house.entries()) == 1


# -- what stands in the log


async def test_nothing_in_any_table_tells_who_it_is(house: House, engine: AsyncEngine) -> None:
    await house.drop(
        [body(0, geslachtsnaam=canary.NAME, opmerking=canary.NAME), body(0, gemeente="9999", geslachtsnaam=canary.NAME)]
    )
    await house.route.release(DESK, 5)
    tables = await house.rows(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename !~ '^(audit_entry_|alembic_)'"
    )
    dump = [row async for row in _all(house, [table["tablename"] for table in tables])]
    assert len(dump) > 10
    assert not canary.found_in(*dump)


async def _all(house: House, tables: list[str]) -> AsyncIterator[str]:
    for table in tables:
        for row in await house.rows(f'SELECT * FROM "{table}"'):
            yield " ".join(value.decode("latin-1") if isinstance(value, bytes) else str(value) for value in row.values())


async def test_two_entries_about_one_person_share_nothing_that_is_the_persons(house: House) -> None:
    await house.drop([body(1), body(1, geslachtsnaam="Anders")])
    entries = await house.entries()
    for name in ("nonce", "digest", "facts", "commitment", "ref"):
        assert len({entry[name] for entry in entries}) == len(entries) == 4


async def test_an_error_in_a_chunk_leaves_what_came_before_and_nothing_after(house: House) -> None:
    chunk = house.message(body(1))

    async def chunks() -> AsyncIterator[Any]:
        yield chunk
        yield replace(house.message(body(2)), rows=())
        raise Retry("The partner's system went away.")

    admitted = []
    with pytest.raises(Retry):  # noqa: PT012
        async for each in house.route.admit_list(chunks(), JSON, MessageIntake()):
            admitted.append(each)
    assert admitted[0].request_id == chunk.request_id
    assert len(await house.rows("SELECT 1 FROM deliver_outbox")) == 2
