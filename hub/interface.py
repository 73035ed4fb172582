"""The REST interface over a hub: every door with what it needs."""

from __future__ import annotations

import secrets
from importlib.metadata import version
from uuid import UUID

from fastapi import FastAPI

from hub.app import Hub, issuer_of, load_receipts, load_token_key
from hub.archive.partners import PartnerLog
from hub.decisions.evaluate import Evaluations
from hub.domain.terms import ConnectorId
from hub.identity.store import PartnerStore
from hub.identity.tokens import Tokens
from hub.inquiry.pace import Pace
from hub.inquiry.registers import ActiveRegisters
from hub.inquiry.service import Inquiries
from hub.installed import inbox_of, setups_of, waiting_of
from hub.ports import RecordMapping
from hub.receive.api import create_api
from hub.receive.inbox import ActiveInstances
from hub.receive.store import IdempotencyStore
from hub.registry import Connector
from hub.setups.service import Setups
from hub.statements.proof import prove
from hub.statements.rulings import Rulings


def inquiries_of(hub: Hub, setups: Setups) -> Inquiries:
    """What asks registers in the name of those who may."""

    async def mapping(connector: Connector, instance: ConnectorId) -> RecordMapping:
        return await setups.mapping_of(instance, connector)

    return Inquiries(
        registers=ActiveRegisters(setups.running, mapping),
        way=hub.route,
        notes=hub.notes,
        people=hub.people,
        parties=lambda: hub.policy.parties,
        digest=hub.digests,
        clock=hub.clock,
        entropy=secrets.token_bytes,
        log_id=hub.log_id,
        pace=Pace(hub.settings.inquiries_per_hour),
    )


def api_of(hub: Hub, setups: Setups | None = None, asks: Inquiries | None = None) -> FastAPI:
    """The REST interface over a hub; `setups` are the instances of its connectors and `asks` what asks registers, where they
    were made already.
    """
    setups = setups or setups_of(hub)
    issuer = issuer_of(hub.settings)
    key, receipts = load_token_key(hub.settings), load_receipts(hub.settings, hub.digests)

    async def receipt_of(statement_id: UUID) -> str:
        return prove(receipts, hub.policy, await hub.statements.first(statement_id)).receipt.signed

    return create_api(
        way=hub.route,
        partners=PartnerStore(hub.engine, hub.log_id, hub.partners),
        idempotency=IdempotencyStore(hub.engine, hub.log_id),
        tokens=Tokens(issuer, key, hub.clock, secrets.token_bytes),
        clock=hub.clock,
        digest=hub.digests,
        new_request_id=hub.new_id,
        log_id=hub.log_id,
        ready=hub.ready,
        issuer=issuer,
        contact=hub.settings.contact,
        notices=hub.notices,
        informed=hub.informing,
        statements=hub.statements,
        objections=Rulings(hub.statements),
        receipt_of=receipt_of,
        receipt_keys=receipts.public_keys(),
        asks=asks or inquiries_of(hub, setups),
        inbox=inbox_of(hub),
        instances=ActiveInstances(setups),
        setups=setups,
        waiting=waiting_of(hub, setups),
        operator=hub.operator,
        logbook=PartnerLog(hub.log, hub.search, hub.notes, hub.rules),
        served=hub.witnessing.served,
        cosigning=hub.witnessing.cosigning,
        taking=hub.witnessing.taking,
        evaluator=Evaluations(
            rules=hub.rules,
            notes=hub.notes,
            engine=hub.engine,
            log_id=hub.log_id,
            clock=hub.clock,
            digest=hub.digests,
            seal=hub.vault.seal_row,
            key_version=hub.vault.key_version,
            new_id=hub.new_id,
            version=version("hub"),
        ),
    )
