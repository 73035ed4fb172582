"""The register of partners and the memory of keys on a real PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.db import transaction
from hub.domain.personal import Personal
from hub.domain.stages import Received, Row
from hub.domain.terms import Interface, LogId, Micros, PartyId
from hub.errors import Malformed, Misconfigured, Refused
from hub.identity.partners import AANLEVEREN, OPHALEN
from hub.identity.store import PartnerStore, deactivate, forget_assertions, register, registered
from hub.ports import Claim
from hub.receive.store import IdempotencyStore, claim_key
from tests.fakes.partner import DESK, NOW_US, SCHOOL, ec_key, jwks, rsa_key

LOG = LogId("rijnmonde")


async def _register(engine: AsyncEngine, client_id: str = "roc-client", **other: Any) -> None:
    given = {"party": SCHOOL, "jwks": jwks(ec_key("roc-1")), "scopes": [AANLEVEREN], "now": NOW_US, **other}
    await register(engine, LOG, given["party"], client_id, given["jwks"], given["scopes"], given["now"])


async def test_a_registered_partner_is_found_with_its_keys(engine: AsyncEngine) -> None:
    await _register(engine, jwks=jwks(ec_key("roc-1"), rsa_key("dsp-1")), scopes=[OPHALEN, AANLEVEREN])
    partner = await PartnerStore(engine, LOG).find("roc-client")
    assert partner is not None
    assert (partner.party, partner.client_id, partner.scopes) == (SCHOOL, "roc-client", {OPHALEN, AANLEVEREN})
    assert set(partner.keys) == {"roc-1", "dsp-1"}
    assert partner.keys["roc-1"].as_dict(private=False)["x"] == ec_key("roc-1").as_dict(private=False)["x"]


async def test_who_is_not_registered_here_is_not_found(engine: AsyncEngine) -> None:
    await _register(engine)
    assert await PartnerStore(engine, LOG).find("another") is None
    assert await PartnerStore(engine, LogId("haaglanden")).find("roc-client") is None


async def test_registering_again_replaces_keys_and_scopes_and_activates(engine: AsyncEngine) -> None:
    await _register(engine)
    await deactivate(engine, LOG, "roc-client")
    assert await PartnerStore(engine, LOG).find("roc-client") is None
    await _register(engine, jwks=jwks(ec_key("roc-2")), scopes=[OPHALEN], now=Micros(NOW_US + 5))
    partner = await PartnerStore(engine, LOG).find("roc-client")
    assert partner is not None
    assert (set(partner.keys), partner.scopes) == ({"roc-2"}, {OPHALEN})
    (line,) = await registered(engine, LOG)
    assert (line.client_id, line.active, line.created_us) == ("roc-client", True, NOW_US)


async def test_a_client_id_never_changes_hats(engine: AsyncEngine) -> None:
    await _register(engine)
    with pytest.raises(Misconfigured):
        await _register(engine, party=DESK)
    partner = await PartnerStore(engine, LOG).find("roc-client")
    assert partner is not None
    assert partner.party == SCHOOL


async def test_what_is_not_acceptable_is_not_written(engine: AsyncEngine) -> None:
    for client_id, other in (
        ("roc-client", {"jwks": {"keys": [ec_key("roc-1").as_dict(private=True)]}}),
        ("roc-client", {"jwks": {"keys": []}}),
        ("roc-client", {"scopes": ["alles"]}),
        ("roc-client", {"scopes": []}),
        ("a b", {}),
    ):
        with pytest.raises(Malformed):
            await _register(engine, client_id, **other)
    assert await registered(engine, LOG) == []


async def test_deactivating_nobody_is_told(engine: AsyncEngine) -> None:
    with pytest.raises(Misconfigured):
        await deactivate(engine, LOG, "nobody")


async def test_an_assertion_is_spent_once_however_many_try(engine: AsyncEngine) -> None:
    await _register(engine)
    store = PartnerStore(engine, LOG)
    partner = await store.find("roc-client")
    assert partner is not None
    tries = [store.spend(partner, b"j" * 32, Micros(NOW_US + 1)) for _ in range(8)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sorted(type(each).__name__ for each in results) == ["NoneType"] + ["Refused"] * 7
    await store.spend(partner, b"k" * 32, Micros(NOW_US + 1))


async def test_only_what_expired_long_ago_is_forgotten(engine: AsyncEngine) -> None:
    await _register(engine)
    store = PartnerStore(engine, LOG)
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
