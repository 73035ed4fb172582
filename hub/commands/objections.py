"""`hub rights objections ...`: which objections wait for a ruling, whose it is, until when, and what stops meanwhile."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from hub.app import Hub
from hub.clock import legal_date
from hub.commands.reading import WithHub
from hub.statements.objections import Objection, effects
from hub.statements.rulings import Rulings

_AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def objection_commands(rights: typer.Typer, with_hub: WithHub) -> None:
    """Adds `hub rights objections`."""
    objections = typer.Typer(help="Objections that wait for a controller's ruling.", no_args_is_help=True)
    rights.add_typer(objections, name="objections")

    @objections.command("list")
    def every(as_json: _AsJson = False) -> None:
        """Lists the objections that no controller ruled on, the oldest first. A ruling is due in a month (GDPR 12(3))."""

        async def work(hub: Hub) -> None:
            today = legal_date(hub.clock.now_us())
            found = await Rulings(hub.statements).waiting()
            if as_json:
                said = [{**_plain(one), "late": one.late(today)} for one in found]
                typer.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
                return
            for one in found:
                state = "LATE" if one.late(today) else f"{(one.until - today).days} days left"
                typer.echo(f"{one.statement_id}  until {one.until}  {state:<14}{', '.join(one.controllers)}")
            if not found:
                typer.echo("none")

        with_hub(work)

    @objections.command("show")
    def show(
        statement_id: Annotated[UUID, typer.Argument(help="The objection, by the id that 'list' shows.")],
        as_json: _AsJson = False,
    ) -> None:
        """Says of one what it stops until the ruling (GDPR 18(1)(d)) and what goes on, clause by clause.

        'hub rights statement objection' records the ruling.
        """

        async def work(hub: Hub) -> None:
            one = await Rulings(hub.statements).find(statement_id)
            found = effects(hub.policy, hub.rules.life, one.scope, legal_date(hub.clock.now_us()))
            if as_json:
                clauses = [
                    {"agreement": each.agreement, "clause": each.clause, "stops": each.stops, "despite": each.despite}
                    for each in found
                ]
                typer.echo(orjson.dumps({**_plain(one), "clauses": clauses}, option=orjson.OPT_INDENT_2).decode())
                return
            for name, value in _plain(one).items():
                typer.echo(f"{name:<13}{', '.join(value) if isinstance(value, list) else value or 'all'}")
            for each in found:
                why = f"  ({', '.join(each.despite)})" if each.despite else ""
                typer.echo(f"{'stops' if each.stops else 'goes on':<13}{each.agreement} {each.clause}{why}")

        with_hub(work)


def _plain(one: Objection) -> dict[str, Any]:
    return {
        "id": str(one.statement_id),
        "heard_by": str(one.party),
        "purposes": None if one.scope.purposes is None else sorted(map(str, one.scope.purposes)),
        "asked": list(map(str, one.asked)),
        "controllers": list(map(str, one.controllers)),
        "said": legal_date(one.said_us).isoformat(),
        "until": one.until.isoformat(),
    }
