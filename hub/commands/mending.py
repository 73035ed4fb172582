"""The commands that mend: mappings, rows in quarantine, refused files, deliveries."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

import orjson
import typer

from hub.app import Hub
from hub.commands.reading import Instance, WithHub, connector_id, mapping_commands, reading_commands
from hub.domain.terms import PartyId, ReasonCode
from hub.errors import Misconfigured
from hub.mend.deliveries import DropReason, HoldReason
from hub.operations import deliveries_now, mending_now


def mending_commands(connector: typer.Typer, with_hub: WithHub) -> None:
    """Adds the commands to `hub connector`."""
    mapping = typer.Typer(help="How the columns of a connector's files are read.", no_args_is_help=True)
    quarantine = typer.Typer(help="Rows that could not be read.", no_args_is_help=True)
    connector.add_typer(mapping, name="mapping")
    connector.add_typer(quarantine, name="quarantine")

    @connector.command("again")
    def again(drop: Annotated[UUID, typer.Argument(help="A refused file, by the id that 'runs' shows.")]) -> None:
        """Has a refused file read again at the next poll, with the mapping in use then."""

        async def work(hub: Hub) -> None:
            await (await mending_now(hub)).files.again(drop, None)
            typer.echo("the next poll reads it again")

        with_hub(work)

    mapping_commands(mapping, with_hub)
    reading_commands(connector, with_hub)

    @quarantine.command("list")
    def waiting() -> None:
        """Lists what waits in quarantine, per file and fault; a row with several faults counts for each."""

        async def work(hub: Hub) -> None:
            found = await (await mending_now(hub)).quarantine.groups()
            lines = (f"{one.drop_id}  {one.connector:<20}{one.rows:>8}  {one.where}: {one.code}" for one in found)
            typer.echo("\n".join(lines) or "none")

        with_hub(work)

    @quarantine.command("replay")
    def replay(
        instance: Instance, drop: Annotated[UUID | None, typer.Option(help="Only the rows of this file.")] = None
    ) -> None:
        """Takes up the rows that can be read now, decided anew; what still cannot goes on waiting."""

        async def work(hub: Hub) -> None:
            await hub.put_policy_in_use()
            done = await (await mending_now(hub)).replay.replay(connector_id(instance), None, drop_id=drop)
            typer.echo(f"accepted {done.accepted}  duplicate {done.duplicate}  still in quarantine {done.still}")

        with_hub(work)


_Recipient = Annotated[str, typer.Argument(help="The recipient: a party that 'waiting' shows.")]
_Cause = Annotated[str | None, typer.Option(help="All of this cause, as 'failed' shows it.")]
_Single = Annotated[list[UUID] | None, typer.Option("--id", help="This delivery; repeat for more.")]


def delivery_commands(main: typer.Typer, with_hub: WithHub) -> None:
    """Adds `hub deliveries`."""
    deliveries = typer.Typer(help="What waits for recipients, and what failed.", no_args_is_help=True)
    main.add_typer(deliveries, name="deliveries")

    @deliveries.command("waiting")
    def waiting(as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False) -> None:
        """Lists who waits for whom, since when and until when; what hurts most first."""

        async def work(hub: Hub) -> None:
            queue = await (await deliveries_now(hub)).queue()
            if as_json:
                typer.echo(orjson.dumps(asdict(queue), str, orjson.OPT_INDENT_2).decode())
                return
            for one in queue.recipients:
                until = f"  until {one.due.day}" + (" (overdue)" if one.due.overdue else "") if one.due else ""
                how = "on hold" if one.hold else "down" if one.down else "pushed" if one.pushed else "fetched"
                typer.echo(f"{one.recipient:<40}{how:<10}people {one.people:>7}  late {one.late:>7}{until}")
            typer.echo(f"{queue.people} young people wait, {queue.late} of them too long")

        with_hub(work)

    @deliveries.command("failed")
    def failed() -> None:
        """Lists what failed and what was stopped, by recipient and cause."""

        async def work(hub: Hub) -> None:
            desk = await deliveries_now(hub)
            for one in (found := [*await desk.failed(), *await desk.stopped()]):
                counts = f"deliveries {one.deliveries}  people {one.people}  waiting behind {one.behind}"
                typer.echo(f"{one.recipient:<40}{one.state:<9}{one.cause or '-':<28}{counts}")
            if not found:
                typer.echo("none")

        with_hub(work)

    @deliveries.command("resume")
    def resume(recipient: _Recipient, cause: _Cause = None, ids: _Single = None) -> None:
        """Lets what failed or was stopped wait again; it is decided anew when it goes."""

        async def work(hub: Hub) -> None:
            done = await (await deliveries_now(hub)).resume(_party(recipient), _chosen(cause, ids), None)
            typer.echo(f"{done} wait again")

        with_hub(work)

    @deliveries.command("drop")
    def drop(
        recipient: _Recipient,
        reason: Annotated[DropReason, typer.Option(help="Why they go no more.")],
        cause: _Cause = None,
        ids: _Single = None,
    ) -> None:
        """Gives up for good what failed or was stopped, and empties it."""

        async def work(hub: Hub) -> None:
            done = await (await deliveries_now(hub)).drop(_party(recipient), _chosen(cause, ids), reason, None)
            typer.echo(f"{done} go no more")

        with_hub(work)

    @deliveries.command("hold")
    def hold(recipient: _Recipient, reason: Annotated[HoldReason, typer.Option(help="Why nothing goes for now.")]) -> None:
        """Nothing goes to the recipient, and it can fetch nothing, until 'free'."""

        async def work(hub: Hub) -> None:
            await (await deliveries_now(hub)).hold(_party(recipient), reason, None)
            typer.echo(f"{recipient} is on hold")

        with_hub(work)

    @deliveries.command("try")
    def try_now(recipient: _Recipient) -> None:
        """A recipient's system that fails is tried again at once."""

        async def work(hub: Hub) -> None:
            await (await deliveries_now(hub)).try_now(_party(recipient), None)
            typer.echo(f"{recipient} is tried again within seconds")

        with_hub(work)

    @deliveries.command("free")
    def free(recipient: _Recipient) -> None:
        """What waits for the recipient goes again."""

        async def work(hub: Hub) -> None:
            await (await deliveries_now(hub)).free(_party(recipient), None)
            typer.echo(f"{recipient} is served again")

        with_hub(work)


def _chosen(cause: str | None, ids: list[UUID] | None) -> list[UUID] | ReasonCode:
    if (cause is None) == (not ids):
        raise Misconfigured("It is not said which deliveries.", "Give --cause or --id, and not both.", "See 'failed'.")
    try:
        return ids or ReasonCode(cause or "")
    except ValueError:
        raise Misconfigured("This is no cause.", "A cause is a word in capitals.", "See 'hub deliveries failed'.") from None


def _party(text: str) -> PartyId:
    try:
        return PartyId(text)
    except ValueError:
        raise Misconfigured("This is no party.", "A party id is a lower-case word.", "See 'hub deliveries waiting'.") from None
