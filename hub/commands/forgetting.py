"""`hub rights forget ...`, `key` and `complete`: the right to be forgotten, and what shows that nothing was left out."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from hub.app import Hub
from hub.clock import rfc3339
from hub.commands.statements import WithHub
from hub.errors import Malformed, Misconfigured
from hub.retention.model import HoldKind
from hub.rights.answer import SearchReason
from hub.rights.erasure.model import Ground, Preview, Request

_AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_Id = Annotated[UUID, typer.Argument(help="The request, by the id that 'list' shows.")]
_Reason = Annotated[SearchReason, typer.Option(help="Why; it stands in the log.")]


def forgetting_commands(rights: typer.Typer, with_hub: WithHub) -> None:
    """Adds `hub rights forget`, `hub rights key` and `hub rights complete`."""
    forget = typer.Typer(help="Forgetting a person: asked by one, decided by another.", no_args_is_help=True)
    rights.add_typer(forget, name="forget")

    @forget.command("ask")
    def ask(ground: Annotated[Ground, typer.Option(help="Why (GDPR 17).")], as_json: _AsJson = False) -> None:
        """Prepares a request about whose BSN or onderwijsnummer is on standard input; says what stands against it."""

        async def work(hub: Hub) -> None:
            _tell(_preview(await hub.forgetting.ask(_number(), ground, None)), as_json)

        with_hub(work)

    @forget.command("show")
    def show(erasure_id: _Id, as_json: _AsJson = False) -> None:
        """What would go, in counts, and what stands against it now."""

        async def work(hub: Hub) -> None:
            _tell(_preview(await hub.forgetting.preview(erasure_id)), as_json)

        with_hub(work)

    @forget.command("list")
    def list_(as_json: _AsJson = False) -> None:
        """The requests, newest first; none says about whom."""

        async def work(hub: Hub) -> None:
            found = [_request(one) for one in await hub.forgetting.requests()]
            if as_json:
                _tell(found, True)
                return
            for one in found:
                typer.echo("  ".join(str(value or "-") for value in one.values()))
            if not found:
                typer.echo("none")

        with_hub(work)

    @forget.command("order")
    def order(
        erasure_id: _Id,
        yes: Annotated[bool, typer.Option("--yes", help="It cannot be undone, and you know it.")] = False,
        as_json: _AsJson = False,
    ) -> None:
        """Decides that the person is forgotten: their key is destroyed, and with it whatever hangs on it, backups included."""

        async def work(hub: Hub) -> None:
            if not yes and not (sys.stdin.isatty() and typer.confirm("This cannot be undone. Forget this person?")):
                raise Misconfigured("Nobody was forgotten.", "It cannot be undone.", "Say --yes when you are sure.")
            _tell(_request(await hub.forgetting.order(erasure_id, None)), as_json)

        with_hub(work)

    @forget.command("decline")
    def decline(erasure_id: _Id, as_json: _AsJson = False) -> None:
        """Decides that the person is not forgotten."""

        async def work(hub: Hub) -> None:
            _tell(_request(await hub.forgetting.decline(erasure_id, None)), as_json)

        with_hub(work)

    @forget.command("again")
    def again() -> None:
        """Forgets again what a backup brought back or a crash left; 'hub worker' does so by itself."""

        async def work(hub: Hub) -> None:
            typer.echo(f"{await hub.forgetting.catch_up()} persons were forgotten again")

        with_hub(work)

    @rights.command("hold")
    def hold(kind: Annotated[HoldKind, typer.Option(help="What runs.")]) -> None:
        """From now on nothing is removed about whose BSN is on standard input; 'hub audit hold lift' ends it."""

        async def work(hub: Hub) -> None:
            typer.echo(f"hold {(await hub.forgetting.hold(_number(), kind, None)).hold_id} stands")

        with_hub(work)

    @rights.command("key")
    def key(
        file: Annotated[Path, typer.Argument(help="A new file; whoever has it finds every entry about this person.")],
        reason: _Reason,
    ) -> None:
        """Writes the key of whose BSN is on standard input, for 'verify.py --person FILE'. That it was given is logged."""

        async def work(hub: Hub) -> None:
            content = await hub.person_keys.give(_number(), reason, None)
            try:
                with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as new:
                    new.write(content)
            except OSError:
                raise Misconfigured(
                    "The key was not written.", "There is such a file already, or it cannot be made.", "Name another file."
                ) from None
            typer.echo(f"written to {file}; treat it as the person's data")

        with_hub(work)

    @rights.command("complete")
    def complete(reason: _Reason, as_json: _AsJson = False) -> None:
        """Looks at every entry with the key of whose BSN is on standard input: whether the index leaves out or adds any."""

        async def work(hub: Hub) -> None:
            found = await hub.person_keys.compare(_number(), reason, None)
            told = {
                "size": found.size,
                "theirs": [str(ref) for ref in found.theirs],
                "hidden": [str(ref) for ref in found.hidden],
                "foreign": [str(ref) for ref in found.foreign],
                "unseen": found.unseen,
            }
            if as_json:
                _tell(told, True)
            else:
                typer.echo(f"{found.size} entries looked at; {len(found.theirs)} are about this person")
                typer.echo(f"{found.unseen} say nothing any more (redacted or pruned)")
                for name, refs in (("not in the index", found.hidden), ("in the index and not theirs", found.foreign)):
                    typer.echo(f"{name}: {', '.join(map(str, refs)) or 'none'}")
            if found.hidden or found.foreign:
                raise typer.Exit(5)

        with_hub(work)


def _number() -> str:
    number = typer.prompt("BSN", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().strip()
    if not number:
        raise Malformed("There is no number.", "Standard input is empty.", "Type it, or give it on standard input.")
    return str(number)


def _preview(found: Preview) -> dict[str, Any]:
    return {
        **{name: value for name, value in asdict(found).items() if name != "obstacles"},
        "erasure_id": str(found.erasure_id),
        "obstacles": [
            {
                "what": one.what.value,
                "recipient": one.recipient,
                "count": one.count,
                "until": None if one.until_us is None else rfc3339(one.until_us),
            }
            for one in found.obstacles
        ],
    }


def _request(one: Request) -> dict[str, Any]:
    return {
        "erasure_id": str(one.erasure_id),
        "state": one.state.value,
        "ground": one.ground.value,
        "asked": rfc3339(one.asked_us),
        "asked_by": one.asked_by,
        "decided": None if one.decided_us is None else rfc3339(one.decided_us),
        "decided_by": one.decided_by,
        "entry": None if one.entry is None else str(one.entry),
    }


def _tell(found: Any, as_json: bool) -> None:
    if as_json or isinstance(found, list):
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    for name, value in found.items():
        if isinstance(value, list):
            typer.echo(f"{name}:" + ("" if value else " none"))
            for one in value:
                typer.echo("  " + ", ".join(f"{key} {said}" for key, said in one.items() if said is not None))
        else:
            typer.echo(f"{name}: {'-' if value is None else value}")
