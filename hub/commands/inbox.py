"""The commands for what is brought to the hub: a file by hand, and the listener for mail."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.app import Hub
from hub.domain.terms import ConnectorId
from hub.errors import Misconfigured
from hub.installed import inbox_of, setups_of, uploads_of
from hub.observe import Event, emit
from hub.receive.inbox import ActiveInstances
from hub.receive.mail.listener import Letterbox, Listening, serve

WithHub = Callable[[Callable[[Hub], Coroutine[Any, Any, None]]], None]
"""Runs work over an open hub; an error of the hub ends the command with its sentences."""
_BLOCK = 1 << 20


def inbox_commands(connector: typer.Typer, with_hub: WithHub) -> None:
    """Adds `upload` to `hub connector`."""

    @connector.command("upload")
    def upload(
        instance: Annotated[str, typer.Argument(help="The connector instance that 'connector list' shows.")],
        file: Annotated[Path, typer.Argument(help="The file; its name is not kept.")],
    ) -> None:
        """Brings a file for a partner: it is sealed, logged, and read at the next poll."""

        async def work(hub: Hub) -> None:
            try:
                name = ConnectorId(instance)
            except ValueError:
                raise Misconfigured("This is no connector instance.", now="See 'hub connector list'.") from None
            size = await uploads_of(hub, setups_of(hub)).upload(name, _blocks(file), None)
            typer.echo(f"{size} bytes are sealed and wait to be read")

        with_hub(work)


async def _blocks(file: Path) -> AsyncIterator[bytes]:
    try:
        with file.open("rb") as opened:
            while block := opened.read(_BLOCK):
                yield block
    except OSError:
        raise Misconfigured("The file cannot be read.", "It is missing, or shut to you.", "Check the path.") from None


async def listen(hub: Hub, stopping: asyncio.Event) -> None:
    """Takes mail in until `stopping`. Raises errors.Misconfigured where the settings do not say where and for which domain."""
    chosen = hub.settings
    if not chosen.mail_domain:
        raise Misconfigured(
            "Mail is not listened for.", "HUB_MAIL_DOMAIN is not set.", "Set it to what stands behind the @ of the addresses."
        )
    where = Listening(
        chosen.mail_host,
        chosen.mail_port,
        chosen.mail_domain,
        lmtp=chosen.mail_lmtp,
        certificate=chosen.tls_certificate,
        key=chosen.tls_key,
    )
    box = Letterbox(inbox_of(hub), ActiveInstances(setups_of(hub)), chosen.mail_domain, hub.clock, secrets.token_bytes)
    await serve(box, where, stopping, lambda _port: emit(Event.hub_started))
    emit(Event.hub_stopped)
