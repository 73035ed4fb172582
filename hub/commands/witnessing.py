"""`hub witness`: who confirms this log from outside, and whose logs this hub confirms."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import asdict
from typing import Annotated, Any

import orjson
import typer

from hub.app import Hub
from hub.audit import signing
from hub.clock import rfc3339
from hub.domain.terms import Micros, ReasonCode
from hub.errors import Refused, Tampered
from hub.witness.model import AWAY, INVALID, REFUSED, UNKNOWN, Asked, KnownLog
from hub.witness.service import Standing, key_file, load_signer

WithHub = Callable[[Callable[[Hub], Coroutine[Any, Any, None]]], None]
"""Runs work over an open hub; an error of the hub ends the command with its sentences."""

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_TROUBLE = {
    AWAY: "does not answer",
    REFUSED: "SAW ANOTHER HISTORY OF THIS LOG: stop, and follow ops/runbooks/log-restore.md",
    UNKNOWN: "does not know this log, or another key of it",
    INVALID: "gave an answer that does not verify",
}
_NOBODY = (
    "Nobody outside witnesses this log. Whoever has its database and its signing key could rewrite it; only checkpoints that "
    "partners keep would show that."
)


def witness_commands(witness: typer.Typer, with_hub: WithHub) -> None:
    """Adds the commands to `hub witness`."""

    @witness.command("key")
    def key() -> None:
        """Makes the key that this hub cosigns other logs with, where there is none, and prints the line that they trust."""

        async def work(hub: Hub) -> None:
            if not (path := key_file(hub.settings)).exists():
                signing.create(path)
            typer.echo(load_signer(hub.settings).vkey)

        with_hub(work)

    @witness.command("allow")
    def allow(
        vkey: Annotated[str, typer.Argument(help="The log's public key, as its operator gives it: name+hash+key.")],
    ) -> None:
        """From now on this hub is a witness of that log. One that was stopped goes on from where it was."""

        async def work(hub: Hub) -> None:
            typer.echo(f"{await hub.witnessing.cosigning.allow(vkey)} is witnessed from now on")

        with_hub(work)

    @witness.command("stop")
    def stop(origin: Annotated[str, typer.Argument(help="The log, by the origin that 'list' shows.")]) -> None:
        """This hub is no witness of that log any more; what it cosigned stays known."""

        async def work(hub: Hub) -> None:
            await hub.witnessing.cosigning.stop(origin)
            typer.echo(f"{origin} is not witnessed any more")

        with_hub(work)

    @witness.command("list")
    def known(as_json: AsJson = False) -> None:
        """Lists the logs that this hub is a witness of, with what it cosigned last."""

        async def work(hub: Hub) -> None:
            found = await hub.witnessing.cosigning.logs()
            if as_json:
                rows = [{**asdict(one), "root": one.root.hex()} for one in found]
                typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
            else:
                typer.echo("\n".join(map(_log_line, found)) or "none")

        with_hub(work)

    @witness.command("ask")
    def ask() -> None:
        """Asks every witness of this log to cosign its newest checkpoint now."""

        async def work(hub: Hub) -> None:
            if not hub.witnessing.asking.witnesses:
                raise Refused("There is nobody to ask.", "HUB_WITNESSES names no file.", "See ops/runbooks/witness.md.")
            found = await hub.witnessing.asking.ask_witnesses(anew=True)
            names = {str(each.key): each.name for each in hub.witnessing.asking.witnesses}
            for one in found:
                typer.echo(_asked_line(names[one.witness], one))
            if any(one.trouble == REFUSED for one in found):
                raise Tampered(
                    "A witness saw another history of this log than the one that is here.",
                    "The database was put back or changed, or the log's key signs two logs.",
                    "Stop the hub, change nothing, follow ops/runbooks/log-restore.md and call the privacy officer.",
                )

        with_hub(work)

    @witness.command("stamp")
    def stamp() -> None:
        """Has the newest checkpoint of this log stamped by the time-stamping authority now."""

        async def work(hub: Hub) -> None:
            if hub.witnessing.stamping is None:
                raise Refused("No time stamps are set up.", "HUB_TSA_URL is not set.", "See ops/runbooks/witness.md.")
            made = await hub.witnessing.stamping.stamp()
            if made is None:
                typer.echo("the newest checkpoint has its time stamp")
            else:
                typer.echo(f"stamped: {made.size} entries at {rfc3339(Micros(made.stamped_us))}")

        with_hub(work)

    @witness.command("status")
    def status(as_json: AsJson = False) -> None:
        """Says which witnesses this log has, up to which size and when, and what that proves."""

        async def work(hub: Hub) -> None:
            found = await hub.witnessing.standing()
            if as_json:
                typer.echo(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2).decode())
            else:
                typer.echo("\n".join(told(found)))

        with_hub(work)


def told(found: Standing) -> list[str]:
    """The standing in sentences, and what it proves to somebody who trusts neither the hub nor its key."""
    first, *more = found.keys
    lines = [f"The log has {found.size} entries.", f"Its key: {first}"]
    # Of ML-DSA, whose keys fill a screen, the name and hash; --json has the whole.
    lines += [f"Its key in ML-DSA-44: {'+'.join(key.split('+', 2)[:2])}" for key in more]
    lines += [_asked_line(name, one) for name, one in found.witnesses] or [_NOBODY]
    seen = max((one.size for _, one in found.witnesses if one is not None and one.answered_us), default=0)
    if seen:
        lines.append(
            f"So the first {seen} entries cannot be changed, dropped or reordered without a witness's own signature "
            f"contradicting it; {max(0, found.size - seen)} entries since then rest on this hub alone."
        )
    if found.quorum is not None:
        lines.append(f"The quorum of HUB_WITNESSES is met up to {found.quorum} entries.")
    if found.stamp_lag_us is None and not found.stamped:
        lines.append("No time-stamping authority confirms when the log was what it is.")
    else:
        at = f" at {rfc3339(Micros(found.stamped_us))}" if found.stamped_us else ""
        trouble = f"; the authority {_amiss(ReasonCode(found.stamp_trouble))}" if found.stamp_trouble else ""
        lines.append(f"Time stamps: {found.stamped} entries existed{at}{trouble}.")
    return lines


def _asked_line(name: str, one: Asked | None) -> str:
    if one is None:
        return f"{name:<30} was not asked yet"
    seen = f"cosigned {one.size} entries at {rfc3339(Micros(one.answered_us))}" if one.answered_us else "cosigned nothing yet"
    return f"{name:<30} {seen}{'' if one.trouble is None else '; ' + _amiss(one.trouble)}"


def _amiss(code: ReasonCode) -> str:
    return _TROUBLE.get(code, "is in trouble")


def _log_line(one: KnownLog) -> str:
    state = "FORKED: it signed two histories" if one.forked else "active" if one.active else "stopped"
    when = rfc3339(Micros(one.cosigned_us)) if one.cosigned_us else "never"
    return f"{one.origin:<40} {one.size:>10} entries, cosigned {when}, {state}"
