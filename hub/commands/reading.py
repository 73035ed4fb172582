"""The commands about how a sender's files are read: mappings for two people, a sample, what changed, what to resupply."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from hub.app import Hub
from hub.commands.setup_pages import made_of
from hub.domain.terms import ConnectorId, ReasonCode
from hub.errors import Misconfigured, Refused
from hub.mend.mappings import GlassReason
from hub.mend.preview import LARGEST_SAMPLE, Preview
from hub.operations import mending_now

WithHub = Callable[[Callable[[Hub], Coroutine[Any, Any, None]]], None]
"""Runs work over an open hub; an error of the hub ends the command with its sentences."""

Instance = Annotated[str, typer.Argument(help="The connector instance that 'connector list' shows.")]


def mapping_commands(mapping: typer.Typer, with_hub: WithHub) -> None:
    """Adds `hub connector mapping ...`."""

    @mapping.command("show")
    def show(instance: Instance) -> None:
        """Prints the mapping in use, to mend it."""

        async def work(hub: Hub) -> None:
            typer.echo(await (await mending_now(hub)).mappings.text(connector_id(instance)))

        with_hub(work)

    @mapping.command("set")
    def change(
        instance: Instance,
        file: Annotated[Path, typer.Argument(help="The mended mapping, with a higher number than the one in use.")],
        preview: Annotated[bool, typer.Option(help="Only say what it would do with the rows in quarantine.")] = False,
        alone: Annotated[
            GlassReason | None, typer.Option("--break-glass", help="Put it into use without a second person, for this reason.")
        ] = None,
    ) -> None:
        """Proposes a mended mapping to a second person, who puts it into use; rows wait for 'quarantine replay'."""

        async def work(hub: Hub) -> None:
            mappings, name, text = (await mending_now(hub)).mappings, connector_id(instance), _text(file)
            if preview:
                _tell(await mappings.preview(name, text, None))
            elif alone is not None:
                used = await mappings.break_glass(name, text, alone, None)
                typer.echo(f"{used.mapping.version} is in use from the next poll on; another confirms it within three days")
            else:
                proposed = await mappings.propose(name, text, None)
                typer.echo(f"{proposed.mapping.version} waits for another administrator, at /beheer/koppelingen/{name}/mapping")

        with_hub(work)

    @mapping.command("waiting")
    def waiting(instance: Instance) -> None:
        """Prints the mapping that waits for a second person."""

        async def work(hub: Hub) -> None:
            found = await (await mending_now(hub)).mappings.waiting(connector_id(instance))
            typer.echo("none" if found is None else found.text)

        with_hub(work)

    @mapping.command("activate")
    def activate(
        instance: Instance, version: Annotated[int, typer.Argument(help="The number after the slash.", min=1)]
    ) -> None:
        """Puts a mapping into use that somebody else proposed, from the next poll on."""

        async def work(hub: Hub) -> None:
            used = await (await mending_now(hub)).mappings.activate(connector_id(instance), version, None)
            typer.echo(f"{used.mapping.version} is in use from the next poll on")

        with_hub(work)

    _confirming(mapping, with_hub)


def _confirming(mapping: typer.Typer, with_hub: WithHub) -> None:
    @mapping.command("confirm")
    def confirm(instance: Instance, version: Annotated[int, typer.Argument(help="The number after the slash.", min=1)]) -> None:
        """Stands by a mapping that somebody else put into use alone, after looking at it; within three days."""

        async def work(hub: Hub) -> None:
            await (await mending_now(hub)).mappings.confirm(connector_id(instance), version, None)
            typer.echo("confirmed")

        with_hub(work)


def reading_commands(connector: typer.Typer, with_hub: WithHub) -> None:
    """Adds `hub connector preview`, `drift`, `accept-layout` and `bounce`."""

    @connector.command("preview")
    def preview(
        instance: Instance,
        mapping: Annotated[Path, typer.Option(help="A mapping, as it is in use or would be.")],
        sample: Annotated[Path, typer.Option(help="A file of the sender; nothing of it is kept.")],
        as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
    ) -> None:
        """Says what a mapping makes of a sample: per field what it looks like, per row that fails its number and why."""

        async def work(hub: Hub) -> None:
            mappings = (await mending_now(hub)).mappings
            seen = await mappings.sample(connector_id(instance), _text(mapping), _bytes(sample), None)
            _tell(seen) if as_json else typer.echo(made_of(seen))

        with_hub(work)

    @connector.command("drift")
    def drift(instance: Instance) -> None:
        """Says what a sender's files have otherwise than agreed."""

        async def work(hub: Hub) -> None:
            found = await (await mending_now(hub)).layouts.change(connector_id(instance))
            if found is None:
                typer.echo("the files are as agreed")
                return
            one = found.drift
            for old, new in one.renamed:
                typer.echo(f"renamed  {old} is now {new}")
            for name in one.added:
                typer.echo(f"new      {name}")
            for name in one.missing:
                typer.echo(f"missing  {name}")
            if one.untold:
                typer.echo(f"{one.untold} more that cannot be told: they could be data")
            typer.echo("mend the mapping" + (", or accept the layout as it is" if one.readable else ""))

        with_hub(work)

    @connector.command("accept-layout")
    def accept(
        instance: Instance,
        as_is: Annotated[bool, typer.Option("--as-is", help="Yes: with the mapping in use, as it is.")] = False,
    ) -> None:
        """Agrees on the layout that a file has now; the next poll reads that file."""

        async def work(hub: Hub) -> None:
            if not as_is:
                raise Misconfigured("Nothing was accepted.", "--as-is was not given.", "See 'hub connector drift' first.")
            await (await mending_now(hub)).layouts.accept(connector_id(instance), None)
            typer.echo("accepted; the next poll goes on with the same file")

        with_hub(work)

    @connector.command("bounce")
    def bounce(
        instance: Instance,
        out: Annotated[Path, typer.Option(help="The CSV file to write; it must not exist.")],
        drop: Annotated[UUID | None, typer.Option(help="Only the rows of this file, by the id that 'runs' shows.")] = None,
    ) -> None:
        """Writes which rows a sender must resupply and why, in Dutch: numbers and reasons, no values."""

        async def work(hub: Hub) -> None:
            def say(code: str) -> str:
                known = hub.policy.reasons.get(ReasonCode(code))
                return f"{known.text_nl} {known.remedy_nl}" if known else code

            if out.exists():
                raise Misconfigured("The report was not written.", "The file exists already.", "Name another.")
            try:
                with out.open("xb") as file:
                    async for page in await (await mending_now(hub)).bounces.report(connector_id(instance), drop, say, None):
                        file.write(page)
            except OSError:
                raise Misconfigured("The report was not written.", "The file cannot be made.", "Name another.") from None
            except Refused:
                out.unlink(missing_ok=True)
                raise
            typer.echo(str(out))

        with_hub(work)


def connector_id(text: str) -> ConnectorId:
    """The instance's name. Raises errors.Misconfigured for what cannot be one."""
    try:
        return ConnectorId(text)
    except ValueError:
        raise Misconfigured("This is no connector.", "An id is a lower-case word.", "See 'hub connector list'.") from None


def _tell(seen: Preview) -> None:
    typer.echo(orjson.dumps(asdict(seen), str, orjson.OPT_INDENT_2).decode())


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise Misconfigured("The mapping cannot be read.", "Its file is missing or not UTF-8.", "Check the path.") from None


def _bytes(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST_SAMPLE + 1)
    except OSError:
        raise Misconfigured("The sample cannot be read.", "Its file is missing, or shut to the hub.", "Check it.") from None
