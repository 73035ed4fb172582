"""`hub policy coverage`: what the tests beside agreements notice, or with `--log` what nobody needed of the rules in use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from hub.app import Hub
from hub.clock import legal_date
from hub.commands.reading import WithHub
from hub.consent.coverage import Coverage, coverage
from hub.consent.facts import months_after
from hub.consent.policy import load_policy
from hub.consent.usage import Usage
from hub.errors import Misconfigured
from hub.replay.usage import Usages

Guarded = Callable[[Callable[[], Any]], None]
"""Runs a command; an error of the hub ends it with its sentences."""


def policy_coverage_commands(policy: typer.Typer, with_hub: WithHub, guarded: Guarded, chosen: Callable[[], Path]) -> None:
    """Adds the command to `hub policy`. `chosen` is the installation's own policy directory."""

    @policy.command("coverage", epilog="Exit status: 0 the tests notice enough, 1 they notice less than --at-least.")
    def covered(
        directory: Annotated[
            Path | None,
            typer.Argument(help="The policy directory; without it the one that HUB_POLICY names, with --log the set in use."),
        ] = None,
        agreement: Annotated[
            str | None, typer.Option(help="Only this agreement; the whole set takes most of a minute.")
        ] = None,
        at_least: Annotated[
            int, typer.Option(min=0, max=100, help="The percentage of all changes that the tests must notice.")
        ] = 90,
        log: Annotated[bool, typer.Option("--log", help="Say what the log shows in use, and what could be narrowed.")] = False,
        months: Annotated[int, typer.Option(min=1, max=120, help="With --log: how far back, in months.")] = 12,
        as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
    ) -> None:
        """Says which gates the tests beside agreements have seen open and shut, and which changes of the rules none notices.

        With --log: which clauses and fields of the rules nobody needed, with a proposal. That stands in the log as an access.
        """

        async def counting(hub: Hub) -> None:
            today = legal_date(hub.clock.now_us())
            rules = hub.policy if directory is None else load_policy(directory)
            if agreement is not None and agreement not in {one.id for one in rules.agreements}:
                raise _no_agreement(agreement)
            usages, since = Usages(hub.engine, hub.log_id, hub.notes), months_after(today, -months)
            found = (await usages.count(rules, since, today + timedelta(days=1), None, _progress)).of(agreement)
            typer.echo(_json(found.plain()) if as_json else "\n".join(_usage_lines(found)))

        def testing() -> None:
            rules = load_policy(directory or chosen())
            only = next((one.id for one in rules.agreements if one.id == agreement), None)
            if agreement is not None and only is None:
                raise _no_agreement(agreement)
            seen = coverage(rules, only)
            typer.echo(_json(seen.plain()) if as_json else "\n".join(_coverage_lines(seen)))
            if seen.score * 100 < at_least:
                raise typer.Exit(1)

        if log:
            with_hub(counting)
        else:
            guarded(testing)


def _no_agreement(named: str) -> Misconfigured:
    known = "The name is none of its agreements." if "/" in named else "An agreement is named with its version: duo-verzuim/1."
    return Misconfigured("This set has no such agreement.", known, "See agreements/.")


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done} / {of}", nl=False, err=True)


def _coverage_lines(seen: Coverage) -> Iterable[str]:
    for row in seen.rows:
        gates = "  ".join(f"{gate}: {how}" for gate, how in row.told())
        yield f"{row.clause}\n    {gates}"
    for name, clause in seen.unused:
        yield f"geen test laat zien dat {name} meegaat ({clause})"
    for mutant in seen.survivors:
        yield f"NIET GEMERKT {mutant.clause}: {mutant.what}\n    -> {mutant.example}"
    complete = sum(row.complete for row in seen.rows)
    yield f"{complete} van {len(seen.rows)} bepalingen volledig gezien"
    yield f"{seen.killed} van {seen.mutants} veranderingen gemerkt ({seen.score:.0%})"


def _usage_lines(found: Usage) -> Iterable[str]:
    yield f"van {found.since} tot {found.until}: {found.disclosures} keer ging er iets door"
    for clause, count in found.clauses:
        yield f"{count:>9}  {clause}"
    if found.others:
        yield f"{found.others:>9}  onder bepalingen die niet in deze set staan"
    for one in found.unneeded:
        yield f"NIET GEBRUIKT {one.clause}{'' if one.element is None else f': {one.element}'}\n    -> {one.proposal_nl}"
    yield f"{len(found.unneeded)} voorstellen"


def _json(content: Any) -> str:
    return orjson.dumps(content, str, orjson.OPT_INDENT_2).decode()
