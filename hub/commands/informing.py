"""The commands about the duty to inform: who still has to be told of what, and that it was done."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated
from uuid import UUID

import orjson
import typer

from hub.app import Hub
from hub.commands.reading import WithHub
from hub.errors import Misconfigured
from hub.rights.informing.model import Standing, Telling

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def informing_commands(rights: typer.Typer, with_hub: WithHub) -> None:
    """Adds `hub rights informed`."""
    informed = typer.Typer(help="Who was told that data on them were given (GDPR 13, 14).", no_args_is_help=True)
    rights.add_typer(informed, name="informed")

    @informed.command("list")
    def every(as_json: AsJson = False) -> None:
        """Lists per recipient and clause of how many deliveries the young person was told, and how many are late."""

        async def work(hub: Hub) -> None:
            found = sorted(await hub.informing.standing(), key=lambda one: -one.late)
            if as_json:
                typer.echo(orjson.dumps([_plain(one) for one in found], option=orjson.OPT_INDENT_2).decode())
                return
            for one in found:
                late = "exception" if one.exempt else f"late {one.late}" + (f" since {one.since}" if one.since else "")
                typer.echo(f"{one.recipient:<36}{one.clause:<40}received {one.received}  told {one.told}  {late}")
            if not found:
                typer.echo("none")

        with_hub(work)

    @informed.command("record")
    def record(
        deliveries: Annotated[list[UUID], typer.Option("--delivery", help="Of which it was told; repeat for more.")],
        on: Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="The day on which it was told.")],
        text: Annotated[
            Path | None, typer.Option(help="The text that was used; its SHA-256 is recorded. Without: the agreement's own.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        """Records, in the name of whoever the clause names, that the young persons of these deliveries were told."""

        async def work(hub: Hub) -> None:
            digest, day = None if text is None else sha256(_read(text)).digest(), date(on.year, on.month, on.day)
            reported = await hub.informing.record(Telling(tuple(deliveries), day, digest), None)
            if as_json:
                said = {"recorded": list(reported.stands), "unknown": list(reported.unknown)}
                typer.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
                return
            for each in reported.stands:
                typer.echo(f"{each}  recorded")
            for each in reported.unknown:
                typer.echo(f"{each}  no delivery of this log")

        with_hub(work)


def _plain(one: Standing) -> dict[str, object]:
    return {
        "recipient": str(one.recipient),
        "teller": str(one.teller),
        "agreement": str(one.agreement),
        "clause": str(one.clause),
        "exempt": one.exempt,
        "received": one.received,
        "told": one.told,
        "late": one.late,
        "since": one.since,
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise Misconfigured("The text cannot be read.", "Its file is missing or closed to you.", "Check the path.") from None
