"""The commands about partner systems: who may call the hub, for which party, and what they may do."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import orjson
import typer

from hub import operations
from hub.app import Hub
from hub.commands.policies import WithHub
from hub.domain.terms import PartyId
from hub.errors import Misconfigured
from hub.identity.partners import SCOPES
from hub.observe import Event, emit

_AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def partner_commands(partner: typer.Typer, with_hub: WithHub) -> None:
    """Adds the commands to `hub admin partner`."""

    @partner.command("add")
    def add(
        party: Annotated[str, typer.Argument(help="The party whose hat the system wears.")],
        client_id: Annotated[str, typer.Argument(help="The client id, of this party alone.")],
        jwks: Annotated[Path, typer.Option(help="The partner's public keys, a JWK set.")],
        scope: Annotated[list[str], typer.Option(help=f"What it may do; repeat for more. One of {', '.join(sorted(SCOPES))}.")],
    ) -> None:
        """Lets a partner system in, or gives it new keys and scopes."""

        async def work(hub: Hub) -> None:
            try:
                document = orjson.loads(jwks.read_bytes())
            except (OSError, ValueError):
                raise Misconfigured(
                    "The key set cannot be read.", "The file is missing or no JSON.", "Check the path."
                ) from None
            await operations.register_partner(hub, _party(party), client_id, document, scope)
            emit(Event.partner_registered, party=_party(party))
            typer.echo(f"{client_id} may now sign in for {party}")

        with_hub(work)

    @partner.command("list")
    def everyone(as_json: _AsJson = False) -> None:
        """Lists the partner systems."""

        async def work(hub: Hub) -> None:
            found = await operations.partners_of(hub)
            if as_json:
                typer.echo(orjson.dumps([asdict(one) for one in found], option=orjson.OPT_INDENT_2).decode())
                return
            lines = (f"{one.client_id:<40}{one.party:<40}{'active' if one.active else 'closed'}" for one in found)
            typer.echo("\n".join(lines) or "none")

        with_hub(work)

    @partner.command("close")
    def close(client_id: Annotated[str, typer.Argument(help="The client id that 'list' shows.")]) -> None:
        """Lets a partner system in no longer; a token that it holds lives five minutes at most."""

        async def work(hub: Hub) -> None:
            await operations.close_partner(hub, client_id)
            typer.echo(f"{client_id} gets no token any more")

        with_hub(work)


def _party(text: str) -> PartyId:
    try:
        return PartyId(text)
    except ValueError:
        raise Misconfigured(
            "This is no party.", "A party id is a lower-case word.", "See schemas/policy/parties.yaml."
        ) from None
