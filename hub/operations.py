"""What an administrator or officer does with a hub, at the command line or at a desk: each a function over an open `Hub`."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from hub.app import Hub
from hub.archive.service import Exports
from hub.audit.checkpoint import open_note
from hub.audit.entry import EntryKind
from hub.audit.origins import as_file, origins
from hub.audit.search import Signal
from hub.domain.ids import new_ids
from hub.domain.personal import Pgn
from hub.domain.terms import PartyId
from hub.errors import HubError, Misconfigured
from hub.identity import store as partners
from hub.identity.partners import PartnerMove, digest_of
from hub.identity.store import Registered
from hub.insight.store import Figures, figures
from hub.installed import forecasts_of, instances_of, recipients_of, sent_to, setups_of, taken_in
from hub.mend.deliveries import Deliveries
from hub.mend.desk import Mending, SetUp, mending, sources_of
from hub.mend.source import LiveSources
from hub.observe import Event, report
from hub.ports import Claim
from hub.receive.drop.store import Run, runs
from hub.registry import load_connectors
from hub.settings import Settings, read_instances, read_recipients
from hub.setups.service import Setups
from hub.witness.stamping import AUTHORITY, stamps
from hub.witness.store import asked

_LOOK_S: Final = 5.0


def mending_of(hub: Hub, more: Sequence[SetUp] = ()) -> Mending:
    """What mends the connector instances of this hub: those of its connectors' file and `more`. Raises Misconfigured."""

    async def tag_of(pgn: Pgn) -> bytes:
        return (await hub.people.meet(pgn, hub.operator, hub.clock.now_us())).tag

    return mending(
        hub.engine,
        hub.log_id,
        LiveSources(sources_of([*instances_of(hub.settings), *more], load_connectors())),
        hub.route,
        hub.log,
        hub.notes,
        hub.route.protector.vault.open_row,
        tag_of,
        hub.clock,
        secrets.token_bytes,
        production=hub.settings.environment == "production",
        forecasts=forecasts_of(hub),
    )


async def mending_now(hub: Hub) -> Mending:
    """The same, with the instances that administrators set up as they are now. Raises Misconfigured, Tampered."""
    return mending_of(hub, await taken_in(setups_of(hub)))


async def keep_mending(hub: Hub, setups: Setups, mend: Mending, deliveries: Deliveries, stopping: asyncio.Event) -> None:
    """Until `stopping`: instances that administrators set up or end are known to both from the next look on."""
    while not stopping.is_set():
        try:
            await renew(hub, setups, mend, deliveries)
        except HubError as error:
            report(error, Event.database_unavailable)
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), _LOOK_S)


async def renew(hub: Hub, setups: Setups, mend: Mending, deliveries: Deliveries) -> None:
    """Instances that administrators set up or ended are known to both. Raises Misconfigured, Tampered."""
    found: list[SetUp] = [*instances_of(hub.settings), *await taken_in(setups)]
    mend.sources.put(sources_of(found, setups.connectors))
    deliveries.sends_to({*recipients_of(hub.settings), *await sent_to(setups)})


def deliveries_of(hub: Hub) -> Deliveries:
    """What waits for recipients, or ended without them."""
    pushed = recipients_of(hub.settings)
    return Deliveries(hub.engine, hub.log_id, hub.notes, hub.endings, hub.rules, hub.clock, pushed)


async def deliveries_now(hub: Hub) -> Deliveries:
    """The same, with the recipients that administrators set up as they are now. Raises Misconfigured, Tampered."""
    found = deliveries_of(hub)
    found.sends_to({*recipients_of(hub.settings), *await sent_to(setups_of(hub))})
    return found


def exports_of(hub: Hub) -> Exports:
    """What hands out of this hub's log."""

    async def signals() -> Sequence[Signal]:
        names = {str(party): known.name for party, known in hub.policy.parties.items()}
        return await hub.search.signals(hub.clock.now_us(), names)

    async def named_origins(_size: int) -> AsyncIterator[tuple[str, bytes]]:
        known = await origins(hub.engine, hub.log_id)
        if len(known) > 1:
            yield "origins", as_file(known)

    def stamped(size: int) -> AsyncIterator[tuple[str, bytes]]:
        return stamps(hub.engine, hub.log_id, upto=size)

    async def witnesses() -> Sequence[str]:
        known = await asked(hub.engine, hub.log_id)
        return [one.witness for one in known.values() if one.size and one.witness != AUTHORITY]

    async def cosigned() -> str | None:
        return await hub.witnessing.served.cosigned()

    return Exports(hub.log, hub.notes, lambda: hub.policy, (named_origins, stamped), signals, witnesses, cosigned)


def describe_connectors(settings: Settings) -> Iterator[str]:
    """A line per connector and per instance."""
    for connector in load_connectors().values():
        yield f"{connector.manifest.id:<32}{connector.manifest.direction:<10}{connector.manifest.title}"
    if settings.connectors is not None:
        for instance in read_instances(settings.connectors):
            yield f"  {instance.id:<40}  {instance.connector:<12}{instance.party}  sftp://{instance.host}:{instance.port}"
        for recipient in read_recipients(settings.connectors):
            yield f"  {recipient.id:<40}  {recipient.connector:<12}{recipient.party}  {recipient.url}"


async def runs_of(hub: Hub) -> list[Run]:
    """The files that were taken, newest first."""
    return await runs(hub.engine, hub.log_id)


async def figures_of(hub: Hub) -> Figures:
    """What came in, what went where, what waits and why."""
    return await figures(hub.engine, hub.log_id, hub.policy.personal)


def _check_party(hub: Hub, party: PartyId) -> None:
    if party not in hub.policy.parties:
        raise Misconfigured(
            f"{party} is no party of this hub.", "The policy set does not name it.", "See parties.yaml of the policy set."
        )


async def register_partner(hub: Hub, party: PartyId, client_id: str, jwks: Any, scopes: list[str]) -> None:
    """Lets a partner system in; a change of configuration, in the log together with it.

    Raises Misconfigured for a party that the policy set does not name, Malformed for a key set, client id or scope.
    """
    _check_party(hub, party)
    partners.check(client_id, jwks, scopes)
    if any(one.client_id == client_id and one.party != party for one in await partners.registered(hub.engine, hub.log_id)):
        raise Misconfigured("The partner was not registered.", "The client id belongs to another party.", "Choose another one.")
    now, digest = hub.clock.now_us(), digest_of(party, client_id, jwks, set(scopes))
    await _partner_move(
        hub, party, client_id, digest, partners.claim_registered(hub.log_id, party, client_id, jwks, scopes, now)
    )


async def close_partner(hub: Hub, client_id: str) -> None:
    """Lets a partner system in no longer; a change of configuration, in the log together with it. Raises Misconfigured."""
    known = await partners.registered(hub.engine, hub.log_id)
    found = next((one for one in known if one.active and one.client_id == client_id), None)
    if found is None:
        raise partners.none_active()
    await _partner_move(hub, found.party, client_id, b"", partners.claim_closed(hub.log_id, client_id))


async def _partner_move(hub: Hub, party: PartyId, client_id: str, digest: bytes, claim: Claim) -> None:
    """Raises Conflict where somebody else changed this client meanwhile."""
    last = (await partners.newest_moves(hub.engine, hub.log_id, client_id)).get(client_id)
    now = hub.clock.now_us()
    (ref,) = new_ids(1, now, secrets.token_bytes(8))
    move = PartnerMove(client_id, party, 1 if last is None else last.seq + 1, digest, ref)
    rows = (partners.move_row(hub.log_id, move, now),)
    await hub.notes.write(EntryKind.configuration, move.operation, "partner", move.details, claims=(claim,), rows=rows, ref=ref)


async def partners_of(hub: Hub) -> list[Registered]:
    """The partner systems, closed ones too."""
    return await partners.registered(hub.engine, hub.log_id)


async def export_log(hub: Hub, folder: Path, *, cosigned: bool = False) -> int:
    """Writes the log into a new or empty directory and gives its size; that it was exported is in the log first.

    `cosigned`: as it was when a witness last saw it; Refused where none did. Raises Misconfigured when the directory cannot be
    made, or holds something: a verifier takes every file in it as part of the export.
    """
    exports = exports_of(hub)
    note = await exports.cosigned() if cosigned else None
    await asyncio.to_thread(_make_empty, folder)
    size = (await hub.notes.write(EntryKind.export, "export", "log", {})).size
    if note is not None:
        size = open_note(note, hub.log.vkey).size
    async for path, content in exports.files(size, note):
        await asyncio.to_thread(_write, folder / path, content)
    return size


def _make_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        empty = not any(folder.iterdir())
    except OSError:
        raise Misconfigured(
            "The export was not written.", "The directory cannot be made or read.", "Name another, where you may write."
        ) from None
    if not empty:
        raise Misconfigured("The export was not written.", "The directory is not empty.", "Name a new one.")


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
