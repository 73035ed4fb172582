"""The commands that mend: mappings, rows in quarantine, refused files."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from hub.app import Hub
from hub.domain.terms import ConnectorId
from hub.errors import Misconfigured
from hub.operations import mending_of

WithHub = Callable[[Callable[[Hub], Coroutine[Any, Any, None]]], None]
"""Runs work over an open hub; an error of the hub ends the command with its sentences."""

_Instance = Annotated[str, typer.Argument(help="The connector instance that 'connector list' shows.")]


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
            await mending_of(hub).files.again(drop, None)
            typer.echo("the next poll reads it again")

        with_hub(work)

    @mapping.command("show")
    def show(instance: _Instance) -> None:
        """Prints the mapping in use, to mend it."""

        async def work(hub: Hub) -> None:
            typer.echo(await mending_of(hub).mappings.text(_connector(instance)))

        with_hub(work)

    @mapping.command("set")
    def change(
        instance: _Instance,
        file: Annotated[Path, typer.Argument(help="The mended mapping, with a higher number than the one in use.")],
        preview: Annotated[bool, typer.Option(help="Only say what it would do with the rows in quarantine.")] = False,
    ) -> None:
        """Puts a mended mapping into use from the next poll on; rows in quarantine wait for 'quarantine replay'."""

        async def work(hub: Hub) -> None:
            mappings, name, text = mending_of(hub).mappings, _connector(instance), _text(file)
            if preview:
                seen = asdict(await mappings.preview(name, text, None))
                typer.echo(orjson.dumps(seen, str, orjson.OPT_INDENT_2).decode())
            else:
                typer.echo(f"{(await mappings.activate(name, text, None)).mapping.version} is in use from the next poll on")

        with_hub(work)

    @quarantine.command("list")
    def waiting() -> None:
        """Lists what waits in quarantine, per file and fault; a row with several faults counts for each."""

        async def work(hub: Hub) -> None:
            found = await mending_of(hub).quarantine.groups()
            lines = (f"{one.drop_id}  {one.connector:<20}{one.rows:>8}  {one.where}: {one.code}" for one in found)
            typer.echo("\n".join(lines) or "none")

        with_hub(work)

    @quarantine.command("replay")
    def replay(
        instance: _Instance, drop: Annotated[UUID | None, typer.Option(help="Only the rows of this file.")] = None
    ) -> None:
        """Takes up the rows that can be read now, decided anew; what still cannot goes on waiting."""

        async def work(hub: Hub) -> None:
            await hub.put_policy_in_use()
            done = await mending_of(hub).replay.replay(_connector(instance), None, drop_id=drop)
            typer.echo(f"accepted {done.accepted}  duplicate {done.duplicate}  still in quarantine {done.still}")

        with_hub(work)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Misconfigured("The mapping cannot be read.", "Its file is missing or not UTF-8.", "Check the path.") from None


def _connector(text: str) -> ConnectorId:
    try:
        return ConnectorId(text)
    except ValueError:
        raise Misconfigured("This is no connector.", "An id is a lower-case word.", "See 'hub connector list'.") from None
