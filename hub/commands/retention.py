"""The commands about keeping and removing: holds, what is past its term, and going on with what was decided.

At the keyboard of the hub itself nobody is signed in. So nothing is decided here: that takes two persons at the desk.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated
from uuid import UUID

import orjson
import typer

from hub.app import Hub
from hub.clock import rfc3339
from hub.commands.reading import WithHub
from hub.errors import Refused
from hub.retention.model import Hold, HoldKind, Plan, Proposal, Scope, Standing

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def retention_commands(audit: typer.Typer, with_hub: WithHub) -> None:
    """Adds `hub audit hold` and `hub audit retention`."""
    _holds(audit, with_hub)
    retention = typer.Typer(help="What the log keeps, and what is past its term.")
    audit.add_typer(retention, name="retention")

    @retention.callback(invoke_without_command=True)
    def plan(context: typer.Context, as_json: AsJson = False) -> None:
        """Says per purpose and kind how many entries are past their term, and what stands against their removal."""
        if context.invoked_subcommand is not None:
            return

        async def work(hub: Hub) -> None:
            found, proposals = await hub.retention.plan(), await hub.retention.proposals()
            if as_json:
                said = {**_plan(found), "proposals": [_proposal(one) for one in proposals]}
                typer.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
                return
            for line in _lines(found):
                typer.echo(line)
            for one in proposals:
                state = "waits for a decision" if one.by is None else f"entry {one.by}, {'done' if one.done else 'not done'}"
                typer.echo(f"{one.proposal_id}  {one.act.value:<7}{one.entries} entries  {one.purpose or '-'}  {state}")

        with_hub(work)

    @retention.command("finish")
    def finish(as_json: AsJson = False) -> None:
        """Goes on with what was decided and is not done; may be repeated. The worker does the same every hour."""

        async def work(hub: Hub) -> None:
            found = await hub.retention.finish()
            if as_json:
                rows = [{"proposal": str(one.proposal_id), "done": one.done, "left": one.left} for one in found]
                typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
                return
            for one in found:
                typer.echo(f"{one.proposal_id}  gone {one.done}  left {one.left}")
            if not found:
                typer.echo("nothing is left to do")

        with_hub(work)


def _holds(audit: typer.Typer, with_hub: WithHub) -> None:
    hold = typer.Typer(help="What stands against removing anything: an open breach, a legal hold.", no_args_is_help=True)
    audit.add_typer(hold, name="hold")

    @hold.command("add")
    def add(
        kind: Annotated[HoldKind, typer.Argument(help="Why.")],
        party: Annotated[str, typer.Option(help="Only what this party gave, got or did.")] = "",
        purpose: Annotated[str, typer.Option(help="Only what was done for this purpose.")] = "",
    ) -> None:
        """From now on nothing of it is removed. For one person: 'hub rights hold'."""

        async def work(hub: Hub) -> None:
            if party and purpose:
                raise Refused("The hold was not opened.", "It is about a party or about a purpose.", "Open two holds.")
            choices, policy = await hub.search.choices(), hub.rules.policy
            parties = {*map(str, policy.parties), *choices.recipients, *choices.sources, *choices.actors}
            purposes = {*map(str, policy.purposes), *choices.purposes}
            if (party and party not in parties) or (purpose and purpose not in purposes):
                raise Refused(
                    "The hold was not opened.",
                    "No rule and no entry names that party or purpose, so it would hold nothing.",
                    "Choose one that 'hub policy agreements' or 'hub audit search' shows.",
                )
            scope = Scope.party if party else Scope.purpose if purpose else Scope.all
            opened = await hub.retention.holds.open_hold(kind, scope, None, word=party or purpose)
            typer.echo(str(opened.hold_id))

        with_hub(work)

    @hold.command("list")
    def every(
        lifted: Annotated[bool, typer.Option("--all", help="Those that were lifted too.")] = False, as_json: AsJson = False
    ) -> None:
        """Lists the holds that stand, oldest first; of a hold about a person not who it is."""

        async def work(hub: Hub) -> None:
            found = [one for one in await hub.retention.holds.every() if lifted or one.lifted_us is None]
            if as_json:
                typer.echo(orjson.dumps([_hold(one) for one in found], option=orjson.OPT_INDENT_2).decode())
                return
            for one in found:
                until = "" if one.lifted_us is None else f"  lifted {rfc3339(one.lifted_us)}"
                about = f"{one.scope.value} {one.word}".strip()
                typer.echo(f"{one.hold_id}  {one.kind.value:<11}{about:<40}since {rfc3339(one.since_us)}{until}")
            if not found:
                typer.echo("none")

        with_hub(work)

    @hold.command("lift")
    def lift(hold_id: Annotated[UUID, typer.Argument(help="The hold, by the id that 'list' shows.")]) -> None:
        """Lifts a hold that somebody opened at the desk; one that was opened here is lifted at the desk."""

        async def work(hub: Hub) -> None:
            await hub.retention.holds.lift_hold(hold_id, None)
            typer.echo("lifted")

        with_hub(work)


def _lines(plan: Plan) -> list[str]:
    counted = [
        f"{purpose or '-':<36}{kind:<16}" + "  ".join(f"{each.value} {counts[each]}" for each in Standing if counts[each])
        for (purpose, kind), counts in sorted(plan.counts.items())
    ]
    cut = f"{plan.pruned} entries were pruned; {plan.prefix - plan.pruned} more could be"
    return [*counted, f"{plan.young} entries are too young to look at", cut, f"{len(plan.holds)} holds stand"]


def _plan(plan: Plan) -> dict[str, object]:
    return {
        "size": plan.size,
        "young": plan.young,
        "pruned": plan.pruned,
        "prefix": plan.prefix,
        "holds": [_hold(one) for one in plan.holds],
        "counts": [
            {"purpose": purpose, "kind": kind, **_counts(counts)} for (purpose, kind), counts in sorted(plan.counts.items())
        ],
    }


def _counts(counts: Counter[Standing]) -> dict[str, int]:
    return {each.value: counts[each] for each in Standing}


def _hold(one: Hold) -> dict[str, object]:
    return {
        "hold": str(one.hold_id),
        "kind": one.kind.value,
        "scope": one.scope.value,
        "word": one.word,
        "since": rfc3339(one.since_us),
        "lifted": None if one.lifted_us is None else rfc3339(one.lifted_us),
    }


def _proposal(one: Proposal) -> dict[str, object]:
    return {
        "proposal": str(one.proposal_id),
        "act": one.act.value,
        "purpose": one.purpose,
        "entries": one.entries,
        "first": one.first,
        "after": one.after,
        "by": one.by,
        "done": one.done,
    }
