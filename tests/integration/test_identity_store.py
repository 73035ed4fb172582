"""The register of partners and the memory of keys on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.audit.entry import parse
from hub.audit.ledger import Ledger
from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.record import Committer
from hub.db import transaction
from hub.domain.personal import Personal
from hub.domain.stages import Received, Row
from hub.domain.terms import Interface, LogId, Micros, PartyId
from hub.errors import Malformed, Misconfigured, Refused
from hub.health.findings import State
from hub.health.rules import partners
from hub.identity.partners import AANLEVEREN, OPHALEN, PartnerMove
from hub.identity.store import PartnerStore, forget_assertions, registered
from hub.operations import close_partner, register_partner
from hub.ports import Claim
from hub.receive.store import IdempotencyStore, claim_key
from tests.fakes.partner import DESK, NOW_US, SCHOOL, ec_key, jwks, rsa_key
from tests.fakes.recorder import KEY, LOG, NOBODY, OPERATOR, Clock, bodies, committing


class Hub:
    """As much of a hub as registering a partner needs."""

    def __init__(self, engine: AsyncEngine, committer: Committer) -> None:
        self.engine, self.log_id, self.clock = engine, LOG, Clock()
        self.notes = Notes(committer, LOG, OPERATOR, self.clock, secrets.token_bytes, NOBODY)
        self.policy = SimpleNamespace(parties={SCHOOL, DESK})
        self.store = PartnerStore(engine, LOG, Ledger(Log(engine, LOG, KEY.vkey), lambda move: move.ref, PartnerMove.says))

    async def add(self, client_id: str = "roc-client", party: PartyId = SCHOOL, **other: Any) -> None:
        given = {"jwks": jwks(ec_key("roc-1")), "scopes": [AANLEVEREN], **other}
        await register_partner(cast(Any, self), party, client_id, given["jwks"], given["scopes"])

    async def close(self, client_id: str = "roc-client") -> None:
        await close_partner(cast(Any, self), client_id)

    async def sql(self, statement: str) -> None:
        """As the hub's own role."""
        async with transaction(self.engine) as connection:
            await connection.raw.execute(statement)


@pytest.fixture
async def hub(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Hub]:
    async with committing(engine, tmp_path / "high-water") as committer:
        yield Hub(engine, committer)


async def test_a_registered_partner_is_found_with_its_keys(hub: Hub) -> None:
    await hub.add(jwks=jwks(ec_key("roc-1"), rsa_key("dsp-1")), scopes=[OPHALEN, AANLEVEREN])
    partner = await hub.store.find("roc-client")
    assert partner is not None
    assert (partner.party, partner.client_id, partner.scopes) == (SCHOOL, "roc-client", {OPHALEN, AANLEVEREN})
    assert set(partner.keys) == {"roc-1", "dsp-1"}
    assert partner.keys["roc-1"].as_dict(private=False)["x"] == ec_key("roc-1").as_dict(private=False)["x"]


async def test_who_is_not_registered_here_is_not_found(hub: Hub) -> None:
    await hub.add()
    assert await hub.store.find("another") is None
    elsewhere = LogId("haaglanden")
    ledger = Ledger(Log(hub.engine, elsewhere, KEY.vkey), lambda move: move.ref, PartnerMove.says)
    assert await PartnerStore(hub.engine, elsewhere, ledger).find("roc-client") is None


async def test_registering_again_replaces_keys_and_scopes_and_activates(hub: Hub) -> None:
    await hub.add()
    await hub.close()
    assert await hub.store.find("roc-client") is None
    await hub.add(jwks=jwks(ec_key("roc-2")), scopes=[OPHALEN])
    partner = await hub.store.find("roc-client")
    assert partner is not None
    assert (set(partner.keys), partner.scopes) == ({"roc-2"}, {OPHALEN})
    (line,) = await registered(hub.engine, LOG)
    assert (line.client_id, line.active) == ("roc-client", True)
    said = [parse(body) for body in await bodies(hub.engine)]
    assert [(one["operation"], one["details"]["seq"]) for one in said] == [
        ("partner-add", 1),
        ("partner-close", 2),
        ("partner-add", 3),
    ]


async def test_a_client_id_never_changes_hats(hub: Hub) -> None:
    await hub.add()
    with pytest.raises(Misconfigured):
        await hub.add(party=DESK)
    partner = await hub.store.find("roc-client")
    assert partner is not None
    assert partner.party == SCHOOL


async def test_what_is_not_acceptable_is_not_written(hub: Hub) -> None:
    for client_id, other in (
        ("roc-client", {"jwks": {"keys": [ec_key("roc-1").as_dict(private=True)]}}),
        ("roc-client", {"jwks": {"keys": []}}),
        ("roc-client", {"scopes": ["alles"]}),
        ("roc-client", {"scopes": []}),
        ("a b", {}),
    ):
        with pytest.raises(Malformed):
            await hub.add(client_id, **other)
    assert await registered(hub.engine, LOG) == []


async def test_closing_nobody_is_told(hub: Hub) -> None:
    with pytest.raises(Misconfigured):
        await hub.close("nobody")


_STRANGER = """
INSERT INTO identity_partner SELECT log_id, 'doorstroompunt-rijnmonde', 'stranger', jwks, '{bezorgingen:ophalen}', true,
    created_us
FROM identity_partner
"""
_MOVE = "INSERT INTO identity_move SELECT log_id, party_id, {client}, {seq}, digest, entry_ref, us FROM identity_move {of}"


@pytest.mark.parametrize(
    "forged",
    [
        ["UPDATE identity_partner SET scopes = '{bezorgingen:ophalen}'"],
        ["UPDATE identity_partner SET party_id = 'doorstroompunt-rijnmonde'"],
        ["UPDATE identity_partner SET jwks = jsonb_set(jwks, '{keys,0,kid}', '\"other\"')"],
        [_MOVE.format(client="client_id", seq="2", of="")],
    ],
)
async def test_a_registration_that_the_log_knows_not_lets_nobody_in(hub: Hub, forged: list[str]) -> None:
    await hub.add()
    for statement in forged:
        await hub.sql(statement)
    assert await hub.store.find("roc-client") is None
    (found,) = await partners(hub.engine, Log(hub.engine, LOG, KEY.vkey))
    assert (found.code, found.state, found.parameters["count"]) == ("partner-doubted", State.wrong, 1)
    await hub.sql("UPDATE identity_partner SET party_id = 'roc-voorbeeld'")
    await hub.add()
    assert await hub.store.find("roc-client") is not None


async def test_a_stranger_in_the_register_and_who_was_closed_before_get_no_token(hub: Hub) -> None:
    await hub.add()
    await hub.sql(_STRANGER)
    await hub.sql(_MOVE.format(client="'stranger'", seq="1", of=""))
    assert await hub.store.find("stranger") is None
    await hub.close()
    await hub.sql("UPDATE identity_partner SET active = true WHERE client_id = 'roc-client'")
    await hub.sql(_MOVE.format(client="client_id", seq="3", of="WHERE client_id = 'roc-client' AND seq = 1"))
    assert await hub.store.find("roc-client") is None


async def test_an_assertion_is_spent_once_however_many_try(hub: Hub) -> None:
    await hub.add()
    store = hub.store
    partner = await store.find("roc-client")
    assert partner is not None
    tries = [store.spend(partner, b"j" * 32, Micros(NOW_US + 1)) for _ in range(8)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(each).__name__ for each in results) == ["NoneType"] + ["Refused"] * 7
    await store.spend(partner, b"k" * 32, Micros(NOW_US + 1))


async def test_only_what_expired_long_ago_is_forgotten(hub: Hub) -> None:
    await hub.add()
    engine, store = hub.engine, hub.store
    partner = await store.find("roc-client")
    assert partner is not None
    await store.spend(partner, b"old" * 11, NOW_US)
    await store.spend(partner, b"new" * 11, Micros(NOW_US + 3_600_000_000))
    await forget_assertions(engine, LOG, Micros(NOW_US + 3_600_000_001))
    await store.spend(partner, b"old" * 11, NOW_US)
    with pytest.raises(Refused):
        await store.spend(partner, b"new" * 11, NOW_US)


def _received(party: PartyId = SCHOOL, log_id: LogId = LOG) -> Received:
    raw = Personal(b"{}")
    return Received(party, log_id, Interface.rest, uuid4(), NOW_US, (Row(1, raw, raw),), None, b"k" * 32, b"b" * 32)


async def _execute(engine: AsyncEngine, claim: Claim) -> bool:
    async with transaction(engine) as connection:
        columns = [list(column) for column in zip(*claim.rows, strict=True)]
        done: str = await connection.raw.execute(claim.statement, *columns)
    return done.rsplit(" ", 1)[-1] == str(len(claim.rows))


async def test_a_key_is_claimed_once_per_party(engine: AsyncEngine) -> None:
    store = IdempotencyStore(engine, LOG)
    assert await store.find(SCHOOL, b"k" * 32) is None
    first = _received()
    assert await _execute(engine, claim_key(first))
    assert not await _execute(engine, claim_key(_received()))
    assert await _execute(engine, claim_key(_received(DESK)))
    earlier = await store.find(SCHOOL, b"k" * 32)
    assert earlier is not None
    assert (earlier.request_id, earlier.body_digest) == (first.request_id, b"b" * 32)
    assert await store.find(SCHOOL, b"x" * 32) is None
    assert await IdempotencyStore(engine, LogId("haaglanden")).find(SCHOOL, b"k" * 32) is None
