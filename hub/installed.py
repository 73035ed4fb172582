"""Connector instances of an installation: those of a file (`HUB_CONNECTORS`), and those that administrators set up."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.app import Hub
from hub.clock import legal_date
from hub.connector import Setup
from hub.domain.terms import ConnectorId, PartyId
from hub.errors import Misconfigured
from hub.mend.mappings import Mappings
from hub.mend.outlook import Forecasts, forecasts
from hub.mend.source import Source
from hub.normalise.mapping import DeclarativeMapping
from hub.policies.service import Policies
from hub.receive.inbox import ActiveInstances, Inbox, Uploads
from hub.registry import Connector, load_connectors
from hub.settings import Instance, Recipient, Settings, read_instances, read_recipients
from hub.setups.checks import Checks
from hub.setups.service import Setups
from hub.statements.rulings import Rulings
from hub.waiting.connectors import Connectors
from hub.waiting.service import Waiting


def instances_of(settings: Settings) -> tuple[Instance, ...]:
    """Those of the file that fetch. Raises Misconfigured where it is wrong."""
    return () if settings.connectors is None else read_instances(settings.connectors)


def recipients_of(settings: Settings) -> Mapping[PartyId, Recipient]:
    """Those of the file that are sent to, by party. Raises Misconfigured where it is wrong."""
    if settings.connectors is None:
        return {}
    return {PartyId(each.party): each for each in read_recipients(settings.connectors)}


def setups_of(hub: Hub) -> Setups:
    """The instances of the database: keep the one that this gives, for it remembers what it held against the log.

    Raises Misconfigured where the connectors' file, whose names are taken, is wrong.
    """
    path = hub.settings.connectors
    taken = [] if path is None else [*(one.id for one in read_instances(path)), *(one.id for one in read_recipients(path))]
    production = hub.settings.environment == "production"
    checks = Checks(load_connectors(), lambda: hub.policy.parties, frozenset(taken), production)
    setups = Setups(hub.engine, hub.log_id, hub.log, hub.notes, hub.vault, hub.clock, secrets.token_bytes, checks)

    sources: dict[ConnectorId, Source] = {}
    opens, entropy = hub.vault.open_row, secrets.token_bytes
    mappings = Mappings(hub.engine, hub.log_id, sources, hub.log, hub.notes, opens, hub.clock, entropy, production=production)

    async def mapping_of(instance: str, connector: Connector) -> DeclarativeMapping:
        name = ConnectorId(instance)
        sources[name] = Source(name, hub.operator, connector.format(), connector.mapping)
        return await mappings.in_use(name)

    setups.mapping_of = mapping_of  # one that was mended is tried as it is
    setups.rules, setups.keyed = hub.rules, hub.digests
    return setups


def forecasts_of(hub: Hub) -> Forecasts:
    """Where records would go by the agreements in use today."""
    return forecasts(hub.rules, lambda: legal_date(hub.clock.now_us()))


@dataclass(frozen=True, slots=True)
class Taken:
    """An instance that takes something in, as mending knows it; its mapping is the connector's unless it was mended."""

    id: str
    connector: str
    party: str
    mapping: Path | None = None


async def taken_in(setups: Setups) -> list[Taken]:
    """The instances of the database that take something in; drafts too, whose mapping is made before anything is read with it.

    Raises errors.Tampered.
    """
    found: list[Taken] = []
    for standing in await setups.all():
        if not standing.ended:
            setup = (await setups.show(standing.instance)).newest
            connector = setups.connectors.get(setup.connector)
            if connector is not None and connector.manifest.direction == "inbound":
                found.append(Taken(setup.id, setup.connector, setup.party))
    return found


async def sent_to(setups: Setups) -> frozenset[PartyId]:
    """The recipients that instances of the database send to, paused ones too. Raises errors.Tampered."""
    found = [(await setups.show(one.instance)).newest for one in await setups.all() if not one.ended and one.active is not None]
    known = setups.connectors
    return frozenset(PartyId(one.party) for one in found if known[one.connector].manifest.direction == "outbound")


def inbox_of(hub: Hub) -> Inbox:
    """What is brought to this hub."""
    seal, opens, version = hub.vault.seal_row, hub.vault.open_row, hub.vault.key_version
    return Inbox(hub.engine, hub.log_id, seal, opens, version, hub.digests, hub.clock, secrets.token_bytes)


def uploads_of(hub: Hub, setups: Setups) -> Uploads:
    """The way in by hand."""
    return Uploads(inbox_of(hub), ActiveInstances(setups), hub.notes)


def installed_of(settings: Settings) -> list[Setup]:
    """The instances of the connectors' file, as setups. Raises Misconfigured where the file is wrong."""
    path = settings.connectors
    if path is None:
        return []
    return [*(setup_of(one) for one in read_instances(path)), *(setup_of(one) for one in read_recipients(path))]


def setup_of(one: Instance | Recipient) -> Setup:
    """What is set up, without its secrets."""
    if isinstance(one, Recipient):
        return Setup(
            id=one.id,
            connector=one.connector,
            party=one.party,
            protocol="rest",
            address=one.url,
            concurrency=one.concurrency,
            batch=one.batch,
            timeout_s=one.timeout_s,
        )
    return Setup(
        id=one.id,
        connector=one.connector,
        party=one.party,
        protocol="sftp",
        address=f"sftp://{one.host}:{one.port}",
        options={"username": one.username, "folder": one.folder, "pattern": one.pattern},
        settle_s=one.settle_s,
    )


def credentials_of(one: Instance | Recipient) -> dict[str, bytes]:
    """What the files that it names hold. Raises Misconfigured where one cannot be read."""
    if isinstance(one, Recipient):
        files: Mapping[str, Path | None] = {
            "token": one.token_file,
            "ca": one.ca,
            "certificate": one.certificate,
            "key": one.key,
        }
    else:
        files = {"known_hosts": one.known_hosts, "private_key": one.private_key, "password": one.password_file}
    try:
        return {name: path.read_bytes() for name, path in files.items() if path is not None}
    except OSError:
        raise Misconfigured(
            f"The keys of connector {one.id} cannot be read.",
            "A file that it names is missing, or shut to the hub.",
            "Check the paths.",
        ) from None


def waiting_of(hub: Hub, setups: Setups) -> Waiting:
    """What waits for somebody, in this hub."""
    return Waiting(
        hub.log,
        hub.clock,
        Policies(hub.acts, hub.notes),
        Rulings(hub.statements),
        hub.notices,
        hub.informing,
        hub.forgetting,
        hub.retention,
        hub.reviews,
        Connectors(hub.log, setups),
    )
