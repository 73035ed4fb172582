"""Connector instances as the command line shows them: tables for people, JSON for machines, never what a credential holds."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any, Final

import orjson
import typer

from hub.clock import rfc3339
from hub.domain.terms import Micros
from hub.mend.outlook import Outlook
from hub.mend.preview import Preview
from hub.registry import Connector
from hub.setups.service import View
from hub.setups.standing import Move, Standing
from hub.setups.trying import DryRun, Trial
from hub.transports import TRANSPORTS

_NOBODY: Final = "NOBODY: no agreement in use covers this party and these records; ask the privacy officer"


def say_json(found: Any) -> None:
    """An answer for a machine, to standard output."""
    typer.echo(orjson.dumps(found, str, orjson.OPT_INDENT_2).decode())


_CHOICES = re.compile(r"[a-z0-9_-]+(\|[a-z0-9_-]+)+", re.ASCII | re.IGNORECASE)
"""A pattern that is a choice of words."""


def day(us: int) -> str:
    """The day of a moment, in UTC."""
    return rfc3339(Micros(us))[:10]


def line(one: Connector) -> str:
    """A connector of the catalogue in one line."""
    manifest = one.manifest
    return f"{manifest.id:<22}{manifest.direction:<10}{', '.join(manifest.transport.protocols):<24}{manifest.title}"


def described(one: Connector) -> dict[str, Any]:
    """A connector of the catalogue, for a machine."""
    manifest = one.manifest.model_dump(mode="json")
    ways = {
        protocol: {
            "options": [option.model_dump(mode="json") for option in one.options(protocol)],
            "credentials": [each.model_dump(mode="json") for each in one.credentials(protocol)],
        }
        for protocol in one.manifest.transport.protocols
    }
    return {name: manifest[name] for name in ("id", "family", "title", "direction", "parties", "exchanges")} | {
        "protocols": ways
    }


def sheet(one: Connector) -> str:
    """A connector of the catalogue: what it must be told and given, over each protocol."""
    manifest = one.manifest
    lines = [f"{manifest.id:<24}{manifest.direction:<10}{manifest.title}", f"  for {', '.join(manifest.parties)}"]
    for protocol in manifest.transport.protocols:
        lines.append(f"  over {protocol}" + ("" if protocol in TRANSPORTS else " (by the connector itself)"))
        for option in one.options(protocol):
            needed = "required" if option.required and not option.default else f"default {option.default or 'none'}"
            if _CHOICES.fullmatch(option.pattern):
                needed += f"; {option.pattern.replace('|', ', ')}"
            elif option.example:
                needed += f"; such as {option.example}"
            lines.append(f"    --option {option.name:<31} {option.title} ({needed})")
        for each in one.credentials(protocol):
            needed = "required" if each.required else f"one of {each.one_of}" if each.one_of else "optional"
            lines.append(f"    credential {each.name:<29} {each.title} ({needed})")
    return "\n".join(lines)


def moved(move: Move) -> dict[str, Any]:
    """Something that happened, for a machine."""
    return {
        "seq": move.seq,
        "act": move.act.value,
        "version": move.version,
        "who": move.who,
        "word": move.word,
        "entry": str(move.ref),
        "us": move.us,
    }


def stands(one: Standing) -> str:
    """How an instance stands, in a few words."""
    words = [one.state.value if one.active is None else f"{one.state.value} (version {one.active})"]
    if one.newest != one.active:
        words.append(f"version {one.newest} {'proposed' if one.proposed_by else 'drafted'}")
    elif one.proposed_by:
        words.append("credentials proposed")
    if one.glass is not None:
        words.append(f"to be confirmed before {day(one.glass.due_us)}")
    return ", ".join(words)


def viewed(view: View) -> dict[str, Any]:
    """An instance, for a machine; of credentials never what they hold."""
    one = view.standing
    return {
        "id": one.instance,
        "state": one.state.value,
        "newest": one.newest,
        "active": one.active,
        "proposed": one.proposed_by is not None,
        "unconfirmed_until_us": None if one.glass is None else one.glass.due_us,
        "setup": view.newest.model_dump(mode="json"),
        "setup_active": None if view.active is None else view.active.model_dump(mode="json"),
        "credentials": [asdict(each) for each in view.credentials],
        "layout": None if view.layout is None else list(view.layout.names),
        "reach": None if view.reach is None else list(view.reach),
    }


def page(view: View) -> str:
    """An instance, for a person."""
    said = view.newest.model_dump(mode="json")
    options = said.pop("options")
    lines = [f"{view.standing.instance}: {stands(view.standing)}"]
    lines += [f"  {name:<24}{value}" for name, value in said.items() if value not in (None, "") and name != "id"]
    lines += [f"  {f'option {name}':<24}{value}" for name, value in sorted(options.items())]
    if view.layout is not None:
        lines.append(f"  {'columns as tried':<24}{', '.join(name or '?' for name in view.layout.names)}")
    if view.reach is not None:
        lines.append(f"  {'by the agreements':<24}{', '.join(view.reach) or _NOBODY}")
    for each in view.credentials:
        lines.append(f"  {f'credential {each.name}':<32}{'waits' if each.waits else 'in use'}  {each.fingerprint}")
    return "\n".join(lines)


def say_trial(trial: Trial, as_json: bool, *, turned: bool | None = None) -> None:
    """How a connection went, step by step; ends the command with 1 where it does not work."""
    if as_json:
        say_json({**asdict(trial), "works": trial.works} | ({} if turned is None else {"rotated": turned}))
    else:
        for step in trial.steps:
            typer.echo(f"{step.state:<14}{step.name:<12}{step.what_nl}" + (f"\n{'':<26}{step.now_nl}" if step.now_nl else ""))
        if turned is not None:
            typer.echo("the new credentials are in use" if turned else "nothing changed: the old credentials go on")
    if not trial.works:
        raise typer.Exit(1)


def run(done: DryRun) -> str:
    """What a dry run gave."""
    lines = [f"files ready {done.files}  columns that are not read {done.ignored}", made_of(done.seen, whole=done.whole)]
    if done.agrees:
        lines.append(f"columns {', '.join(name or '?' for name in done.header)}")
        lines.append("an activation agrees on these columns: a file that has others stops the connector")
    return "\n".join(lines)


def made_of(seen: Preview, *, whole: bool = True) -> str:
    """What a mapping makes of a file: shapes, and never a value."""
    lines = [f"mapping {seen.version}" + ("" if seen.verified else " (not verified)")]
    if seen.refused is not None:
        lines.append(f"the file cannot be read as a whole: {seen.refused}. {seen.why}".rstrip(". "))
    else:
        lines.append(f"rows {seen.sampled}{'' if whole else ' (the first of them)'}  readable {seen.readable}")
    for what, names in (("missing", seen.missing), ("strange", seen.strange)):
        if names:
            lines.append(f"{what} columns: {', '.join(names)}")
    lines += [f"  fails {one.rows:>6}  {one.where}: {one.code}" for one in seen.failing]
    if seen.rows:
        lines.append(f"  rows that fail, by their line: {', '.join(str(one.row) for one in seen.rows)}")
    lines += [f"  {one.field:<24}{' | '.join(one.shapes)}" for one in seen.fields]
    return "\n".join([*lines, *(() if seen.outlook is None else _expected(seen.outlook))])


def _expected(seen: Outlook) -> list[str]:
    lines = [f"records of kind {seen.kind} from {seen.source} go to: {', '.join(seen.to) or _NOBODY}"]
    lines.append(f"of these rows {seen.going} would go to somebody, {seen.nowhere} to nobody, as if no statement stood")
    for one in seen.turned:
        numbers = f"  lines {', '.join(map(str, one.numbers))}" if one.numbers else ""
        lines.append(f"  refused {one.rows:>6}  {one.recipient}: {one.code}{numbers}")
    return lines
