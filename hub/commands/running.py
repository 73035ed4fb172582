"""The commands about runs of connectors: how they went, one now, none for a while, on again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from typing import Annotated

import orjson
import typer

from hub.app import Hub
from hub.clock import rfc3339
from hub.commands.statements import WithHub
from hub.domain.terms import ConnectorId, PartyId
from hub.errors import Misconfigured, Refused
from hub.health.store import processes
from hub.installed import instances_of, setup_of, setups_of
from hub.running.desk import RunDesk
from hub.running.model import Run
from hub.running.store import party_of
from hub.schedule import Window
from hub.setups.rules import Absent
from hub.setups.standing import State

_Instance = Annotated[str, typer.Argument(help="The connector instance that 'connector list' shows.")]


def run_desk(hub: Hub) -> RunDesk:
    """What an administrator asks of runs with."""
    return RunDesk(hub.engine, hub.log_id, hub.notes, hub.clock)


def running_commands(connector: typer.Typer, with_hub: WithHub) -> None:
    """Adds the commands to `hub connector`."""

    @connector.command("history")
    def history(
        instance: Annotated[str | None, typer.Argument(help="Of this instance; of all without it.")] = None,
        most: Annotated[int, typer.Option(help="At most so many lines.", min=1, max=10_000)] = 100,
        as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
    ) -> None:
        """Lists the runs, newest first: how each ended, its files, and where its rows went."""

        async def work(hub: Hub) -> None:
            runs = await run_desk(hub).history(None if instance is None else _named(instance), most)
            if as_json:
                typer.echo(orjson.dumps([_told(run) for run in runs], str, orjson.OPT_INDENT_2).decode())
            else:
                typer.echo("\n".join(map(_line, runs)) or "none")

        with_hub(work)

    @connector.command("run")
    def run(instance: _Instance) -> None:
        """Has it run now, once: outside its window too, and after failures."""

        async def work(hub: Hub) -> None:
            name, (party, window) = _named(instance), await _known(hub, instance)
            await run_desk(hub).ask(name, party, None)
            if window is not None and not window.is_open(hub.clock.now_us()):
                typer.echo("warning: this is outside its window; the partner may not expect it")
            if "hub-worker" not in await processes(hub.engine):
                typer.echo("warning: no worker runs; it is run as soon as one does ('hub worker')")
            typer.echo("it is run within seconds; see 'hub connector history'")

        with_hub(work)

    @connector.command("cancel")
    def cancel(instance: _Instance) -> None:
        """Stops it at its next chunk, in whatever process it runs, and runs it no more until 'resume'."""

        async def work(hub: Hub) -> None:
            party, _ = await _known(hub, instance)
            await run_desk(hub).cancel(_named(instance), party, None)
            typer.echo("it stops at its next chunk; what was admitted stays")

        with_hub(work)

    @connector.command("resume")
    def resume(instance: _Instance) -> None:
        """Lets it go on where it was stopped."""

        async def work(hub: Hub) -> None:
            party, _ = await _known(hub, instance)
            await run_desk(hub).resume(_named(instance), party, None)
            typer.echo("it goes on where it was stopped")

        with_hub(work)


async def _known(hub: Hub, instance: str) -> tuple[PartyId, Window | None]:
    """Whose it is, and its window. Raises Misconfigured where there is none of this name, Refused where it is not active."""
    for one in instances_of(hub.settings):
        if one.id == instance:
            return PartyId(one.party), Window.parse(setup_of(one).window)
    with suppress(Absent):
        setups = setups_of(hub)
        view = await setups.show(instance)
        if (state := view.standing.state) is not State.active:
            raise Refused("This connector does not run.", f"It is {state.value}.", "See 'hub connector show'.")
        setup = view.active or view.newest
        if (direction := setups.connectors[setup.connector].manifest.direction) != "inbound":
            now = "What waits for a recipient goes by itself: see 'hub deliveries waiting'."
            raise Refused("Nothing is fetched by this connector.", f"It is {direction}.", now)
        return PartyId(setup.party), Window.parse(setup.window)
    if (party := await party_of(hub.engine, hub.log_id, _named(instance))) is not None:
        return party, None
    raise Misconfigured("There is no connector of this name.", "It is not set up here.", "See 'hub connector list'.")


def _line(run: Run) -> str:
    times = f" x{run.times}" if run.times > 1 else ""
    ended = "-" if run.ended_us is None else rfc3339(run.ended_us)[:19]
    counts = f"files {run.files}  refused {run.refused}  rows {run.rows} = {run.accepted} + {run.quarantined} + {run.duplicate}"
    how = f"{run.outcome + times:<16}{run.trouble or '-':<24}"
    return f"{rfc3339(run.started_us)[:19]}  {ended:<19}  {run.connector:<24}{how}{counts}"


def _told(run: Run) -> dict[str, object]:
    """As JSON: moments as the interfaces write them."""
    ended = None if run.ended_us is None else rfc3339(run.ended_us)
    told = {name: value for name, value in asdict(run).items() if name not in ("started_us", "ended_us")}
    return {"started": rfc3339(run.started_us), "ended": ended, **told}


def _named(text: str) -> ConnectorId:
    try:
        return ConnectorId(text)
    except ValueError:
        raise Misconfigured("This is no connector.", "An id is a lower-case word.", "See 'hub connector list'.") from None
