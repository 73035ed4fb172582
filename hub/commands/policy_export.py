"""`hub policy export`: the policy set in use for other engines and registers, and the decision log in its standard form."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import orjson
import typer

from hub.app import Hub
from hub.commands.reading import WithHub
from hub.consent.export_cedar import cedar_entities, cedar_policies, cedar_schema
from hub.consent.export_dpv import dpv_document
from hub.decisions.export import DecisionLog
from hub.domain.terms import Micros
from hub.errors import Malformed, Refused

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_PRETTY = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS

_Folder = Annotated[Path, typer.Argument(help="A directory that is empty or not there yet.")]


def policy_export_commands(policy: typer.Typer, with_hub: WithHub) -> None:
    """Adds `export` to `hub policy`."""
    export = typer.Typer(help="The policy set and the decisions taken by it, in the forms of others.", no_args_is_help=True)
    policy.add_typer(export, name="export")

    @export.command("cedar")
    def cedar(folder: _Folder) -> None:
        """Writes the set in use as Cedar: policies.cedar, schema.cedarschema and entities.json, each with its hash."""

        async def work(hub: Hub) -> None:
            found = hub.rules.policy
            _write(
                folder,
                {
                    "policies.cedar": cedar_policies(found).encode(),
                    "schema.cedarschema": cedar_schema(found).encode(),
                    "entities.json": orjson.dumps(cedar_entities(found), option=_PRETTY) + b"\n",
                },
            )

        with_hub(work)

    @export.command("dpv")
    def dpv(folder: _Folder) -> None:
        """Writes the set in use as JSON-LD in DPV and ODRL: policy.jsonld."""

        async def work(hub: Hub) -> None:
            _write(folder, {"policy.jsonld": orjson.dumps(dpv_document(hub.rules.policy), option=_PRETTY) + b"\n"})

        with_hub(work)

    @export.command("adl")
    def adl(
        start: Annotated[str, typer.Option("--from", help="The first day, as YYYY-MM-DD.")],
        end: Annotated[str, typer.Option("--to", help="The last day.")],
        file: Annotated[Path, typer.Argument(help="A file that is not there yet; one JSON record a line.")],
    ) -> None:
        """Writes every decision of a period as records of the Authorization Decision Log; the export is in the log."""

        async def work(hub: Hub) -> None:
            begin, stop = _moment(start), _moment(end, days=1)
            log = DecisionLog(hub.notes, hub.engine, hub.log_id, hub.operator, hub.clock, hub.digests, hub.vault.open_row)
            count = 0
            try:
                with file.open("xb") as out:
                    async for line in log.records(begin, stop):
                        out.write(line)
                        count += 1
            except FileExistsError:
                raise Refused("The file is there already.", "An export overwrites nothing.", "Name another file.") from None
            typer.echo(f"{count} records written")

        with_hub(work)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refused("The directory is not empty.", "An export overwrites nothing.", "Name an empty or a new directory.")
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
        typer.echo(f"{name}: {len(content)} bytes")


def _moment(text: str, *, days: int = 0) -> Micros:
    """The beginning of that day in Amsterdam, or of the one so many days later."""
    try:
        day = date.fromordinal(date.fromisoformat(text).toordinal() + days)
    except (ValueError, OverflowError):
        raise Malformed("The period was refused.", "A day is not written as YYYY-MM-DD.", "Give two days.") from None
    return Micros(int(datetime.combine(day, time(), _AMSTERDAM).timestamp()) * 1_000_000)
