"""The commands about the life of a log: which there are, whether one is whole, and how one goes on after a loss."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.app import databases, load_signer
from hub.audit import succession
from hub.audit.guard import NEWEST, Examined, Guard, end_alarm
from hub.audit.highwater import Mark
from hub.audit.origins import LogLine, logs
from hub.audit.store import check_continues
from hub.audit.succession import Cause, Found, Promise
from hub.clock import SystemClock, rfc3339
from hub.db import create_engine, durability, transaction
from hub.domain.terms import LogId, Micros, PartyId
from hub.errors import Misconfigured, Tampered
from hub.settings import Settings

Run = Callable[[Callable[[Settings], Coroutine[Any, Any, None]]], None]
"""Runs a command with the settings; an error of the hub ends it with its sentences."""

_AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_PATIENCE_MS = 3_600_000
_WORD = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
_LOST = """\
{lost} entries that were promised are gone. What they said is lost to this hub; partners may hold receipts of it.

First     look for a later copy: a standby, a later backup, the write-ahead log. With it nothing of this is needed.
          Ask partners for their newest receipts and checkpoints: each is an entry that was here. Give trust files
          with these checkpoints as --trust. Until it is clear what was lost it may be a breach (GDPR 33).
Then      choose a new name and key: HUB_LOG_ORIGIN, HUB_LOG_KEY (a new file) and 'hub keys init'. Then
          hub audit recover --trust FILE --cause restored --go --by WHO --reason WHY
After it  the entries that are left stand where they stood. The next one says that {promised} were promised and
          {kept} are left, and is signed under the name in the settings, which is now {name}.
Partners  see a log of another name that begins with what is left of the old one. Their receipts of before stay
          valid under the old key; those of entries that are gone prove what this hub no longer has. They need
          the new trust file ('hub audit trust'), by a way that does not go through this hub."""


def log_life_commands(audit: typer.Typer, run: Run) -> None:
    """Adds `hub audit logs`, `check` and `recover`. They open no hub: each is for a log that may not be able to start."""

    @audit.command("logs")
    def list_logs(as_json: _AsJson = False) -> None:
        """Lists the logs in this database: size, last moment, name, newest checkpoint, and whether an alarm stands."""

        async def work(chosen: Settings) -> None:
            async with _engine(chosen) as engine:
                found = await logs(engine)
            if as_json:
                typer.echo(orjson.dumps([asdict(line) for line in found], option=orjson.OPT_INDENT_2).decode())
                return
            typer.echo("\n\n".join(_line(line) for line in found) or "none")

        run(work)

    @audit.command("check")
    def check(
        quick: Annotated[bool, typer.Option(help=f"Only the newest {NEWEST:,} entries, as before a start.")] = False,
        as_json: _AsJson = False,
    ) -> None:
        """Examines every entry, tile and checkpoint under the signed root, and the mark; ends an alarm when all is well."""

        async def work(chosen: Settings) -> None:
            log_id, signer = LogId(chosen.log_id), load_signer(chosen)
            async with _engine(chosen) as engine:
                examined = await Guard(engine, log_id, signer.vkey).check(newest=NEWEST if quick else None)
                promises = succession.read_mark(_high_water(chosen))
                if examined.size and not promises:
                    raise Tampered(
                        "All that is stored is what was signed, but the high-water mark is missing.",
                        "Nobody can say whether the end of the log is there.",
                        "Compare it with the checkpoints that partners hold; only then run 'hub audit mark'.",
                    )
                async with transaction(engine) as connection:
                    for promise in promises:
                        await check_continues(connection, log_id, Mark(examined.size, examined.root), promise.mark)
                ended = not quick and await end_alarm(engine, log_id, SystemClock())
            if as_json:
                told = asdict(examined) | {"root": examined.root.hex(), "alarm_ended": ended}
                typer.echo(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode())
                return
            typer.echo(_told(examined) + ("\nthe alarm has ended; start the hub" if ended else ""))

        run(work)

    @audit.command("recover")
    def recover(
        trust: Annotated[
            list[Path] | None,
            typer.Option(help="A trust file from outside this database, with a checkpoint if it has one; repeat for more."),
        ] = None,
        cause: Annotated[
            Cause, typer.Option(help="restored: entries are gone; rotation: only the key changes.")
        ] = Cause.restored,
        go: Annotated[bool, typer.Option("--go", help="Do it. Without this nothing is changed.")] = False,
        by: Annotated[str, typer.Option(help="Who decided it, as a word: a staff id, or a name.")] = "",
        reason: Annotated[str, typer.Option(help="Why, as a word.")] = "",
    ) -> None:
        """Says how the log stands against what was promised; with --go it goes on under the name and key of the settings."""

        async def work(chosen: Settings) -> None:
            log_id, signer, path = LogId(chosen.log_id), load_signer(chosen), _high_water(chosen)
            trusted = [succession.read_trust(file) for file in trust or ()]
            given = [one.promise for one in trusted if one.promise is not None]
            promises = [*succession.read_mark(path), *given]
            async with _engine(chosen) as engine:
                if go and await succession.finish(engine, log_id, signer, path, promises):
                    typer.echo("It was recorded before; the high-water mark is in its place now. Start the hub.")
                    return
                found = await succession.look(engine, log_id, promises)
                if not go:
                    typer.echo(_explained(found, signer.name))
                    return
                for name, word in (("--by", by), ("--reason", reason)):
                    if not _WORD.fullmatch(word):
                        raise Misconfigured(
                            f"{name} is missing.", "It stands in the log as a lower-case word.", "Say who and why."
                        )
                if not trusted:
                    raise Misconfigured(
                        "--trust is missing.",
                        "Which key signed the log must come from outside its database.",
                        "Give the trust file that 'hub audit trust' wrote and partners have.",
                    )
                await succession.check_new(engine, log_id, found, signer, cause, trusted[0].vkey)
                kept = await succession.go_on(
                    engine,
                    log_id,
                    PartyId(chosen.operator),
                    signer,
                    SystemClock(),
                    secrets.token_bytes,
                    path,
                    found,
                    cause,
                    by,
                    reason,
                )
            typer.echo(
                f"The log goes on as {signer.name} after {found.kept.size} entries. Start the hub, and give partners:\n"
                f"log {signer.vkey}" + (f"\nThe old mark is kept in {kept}." if kept is not None else "")
            )

        run(work)


@asynccontextmanager
async def _engine(chosen: Settings) -> AsyncIterator[AsyncEngine]:
    """The application's engine on a database that keeps what it commits."""
    async with databases(chosen) as urls:
        engine = create_engine(urls.database, application_name="hub-audit", pool_size=2, statement_timeout_ms=_PATIENCE_MS)
        try:
            await durability(engine)
            yield engine
        finally:
            await engine.dispose()


def _high_water(chosen: Settings) -> Path:
    return chosen.file(chosen.high_water, "high-water")


def _line(line: LogLine) -> str:
    moment = rfc3339(Micros(line.last_us)) if line.size else "-"
    alarm = "  ALARM: nothing is recorded; run 'hub audit check'" if line.alarm else ""
    first = f"{line.log_id:<24}{line.size:>12} entries  {moment}  region {line.region}{alarm}"
    return "\n".join([first, f"  log {line.vkey}", *(f"  {part}" for part in (line.checkpoint or "").splitlines() if part)])


def _told(examined: Examined) -> str:
    lines = [
        f"{examined.size} entries, root {examined.root.hex()}",
        f"{examined.entries} entries and {examined.checkpoints} checkpoints are what was signed",
    ]
    if examined.redacted or examined.pruned:
        lines.append(f"gone by authority of the log: {examined.redacted} emptied, the first {examined.pruned} pruned")
    return "\n".join(lines)


def _explained(found: Found, name: str) -> str:
    lines = [
        "Nothing was changed. What is stored was examined, and is what was signed.",
        "",
        f"The database   {found.kept.size} entries, root {found.kept.root.hex()}",
        f"               the last of {rfc3339(Micros(found.last_us)) if found.kept.size else 'never'}",
        f"               signed as {found.before.name}",
        *_promised(found.promises),
    ]
    if not found.promises:
        lines.append("Promised       nothing is known: there is no high-water mark. Ask partners for their newest checkpoint.")
    if found.lost <= 0:
        return "\n".join([*lines, "", "Nothing that is known to have been promised is gone. Start the hub as it was."])
    told = _LOST.format(lost=found.lost, promised=found.promised.size, kept=found.kept.size, name=name)
    return "\n".join([*lines, "", told])


def _promised(promises: Sequence[Promise]) -> list[str]:
    return [f"Promised       {each.mark.size} entries, root {each.mark.root.hex()} ({each.by})" for each in promises]
