"""The commands about hands: which account or client a member of staff works by, so that four eyes count them as one."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.app import Hub
from hub.commands.policies import WithHub
from hub.commands.setups import actor
from hub.domain.staff import StaffId
from hub.errors import Misconfigured
from hub.identity.store import StaffStore
from hub.installed import setups_of
from hub.setups.actor import Actor

_Account = Annotated[str, typer.Option(help="An account on the hub's machine.")]
_Client = Annotated[str, typer.Option(help="A client id of an administrator's system.")]


def hand_commands(hand: typer.Typer, with_hub: WithHub) -> None:
    """Adds the commands to `hub admin hand`."""

    @hand.command("tie")
    def tie(
        member: Annotated[str, typer.Argument(help="The member of staff, by the id that 'list' shows.")],
        account: _Account = "",
        client: _Client = "",
    ) -> None:
        """Has the hub know that a member of staff also works by this account or client; it is in the log."""

        async def work(hub: Hub) -> None:
            names = await StaffStore(hub.engine, hub.log_id, hub.operator).names()
            if member not in names:
                raise Misconfigured("There is no such member of staff.", "Nobody of that id signed in.", "See the list.")
            await setups_of(hub).tie(_hand(hub, account, client), StaffId(member), actor(hub))
            typer.echo("from now on these count as one pair of eyes")

        with_hub(work)

    @hand.command("untie")
    def untie(account: _Account = "", client: _Client = "") -> None:
        """Has the hub forget whose hand this is; it is in the log."""

        async def work(hub: Hub) -> None:
            await setups_of(hub).untie(_hand(hub, account, client), actor(hub))
            typer.echo("the hub knows no more whose it is")

        with_hub(work)

    @hand.command("list")
    def everyone() -> None:
        """Lists the members of staff who signed in at the desk, and by which other hands they work."""

        async def work(hub: Hub) -> None:
            names = await StaffStore(hub.engine, hub.log_id, hub.operator).names()
            tied = await setups_of(hub).hands()
            for member, name in sorted(names.items(), key=lambda one: one[1]):
                hands = sorted(hand for hand, owner in tied.items() if owner == member)
                typer.echo(f"{member:<22}{name:<32}{', '.join(hands)}")
            if not names:
                typer.echo("none")

        with_hub(work)


def _hand(hub: Hub, account: str, client: str) -> Actor:
    if bool(account) == bool(client):
        raise Misconfigured("It is not said which hand.", "Give --account or --client, and not both.", "Name one.")
    return Actor.account(account, hub.digests) if account else Actor.client(client)
