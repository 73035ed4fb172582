"""The commands about notices: what recipients were told to do with what they received, and what they made of it."""

from __future__ import annotations

from dataclasses import asdict
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from hub.app import Hub
from hub.clock import legal_date, rfc3339
from hub.commands.reading import WithHub
from hub.domain.terms import PartyId
from hub.errors import Misconfigured
from hub.notices.model import Answer, CauseKind, Channel, Event, Ground, Happened, Method, Notice

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_Notice = Annotated[UUID, typer.Argument(help="The notice, by the id that 'list' shows.")]


class _Said(Enum):
    """What a recipient says."""

    received = "received"
    done = "done"
    declined = "declined"


class _Raised(Enum):
    """Why recipients are told of named deliveries."""

    rectified = "rectified"
    retention_reached = "retention-reached"
    unlawful = "unlawful"


_KINDS = {_Said.received: Happened.acknowledged, _Said.done: Happened.attested, _Said.declined: Happened.refused}


def notice_commands(rights: typer.Typer, with_hub: WithHub) -> None:
    """Adds `hub rights notices`."""
    notices = typer.Typer(help="What recipients must do with what they received before.", no_args_is_help=True)
    rights.add_typer(notices, name="notices")

    @notices.command("list")
    def every(
        closed: Annotated[bool, typer.Option("--all", help="Closed ones too, the newest first.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """Lists the notices that run, what hurts most first."""

        async def work(hub: Hub) -> None:
            found = await hub.notices.list(closed=closed)
            if as_json:
                typer.echo(orjson.dumps([_plain(one) for one in found], option=orjson.OPT_INDENT_2).decode())
                return
            for one in found:
                late = "  (late)" if one.late else ""
                until = legal_date(one.due_us).isoformat()
                what = f"{one.action.value:<17}{one.state.value:<13}level {one.level}  until {until}{late}"
                typer.echo(f"{one.notice_id}  {one.recipient:<36}{what}")
            if not found:
                typer.echo("none")

        with_hub(work)

    @notices.command("show")
    def show(notice: _Notice, as_json: AsJson = False) -> None:
        """Shows one notice with all that happened to it."""

        async def work(hub: Hub) -> None:
            found, events = await hub.notices.show(notice)
            if as_json:
                said = _plain(found) | {"events": [_event(one) for one in events]}
                typer.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
                return
            for name, value in _plain(found).items():
                typer.echo(f"{name:<12}{value}")
            for one in events:
                told = {name: value for name, value in _event(one).items() if name not in ("us", "kind") and value}
                typer.echo(f"{rfc3339(one.us)}  {one.kind.value:<13}{told or ''}")

        with_hub(work)

    @notices.command("outcome")
    def outcome(notice: _Notice) -> None:
        """Prints what became of the withdrawal that a notice is about, for the young person, as JSON."""

        async def work(hub: Hub) -> None:
            found, _ = await hub.notices.show(notice)
            said = asdict(await hub.notices.outcome(found.cause_id))
            typer.echo(orjson.dumps(said, str, orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode())

        with_hub(work)

    @notices.command("answer")
    def answer(
        notice: _Notice,
        said: Annotated[_Said, typer.Argument(help="What the recipient says.")],
        method: Annotated[Method | None, typer.Option(help="With 'done': what it did.")] = None,
        letter: Annotated[Path | None, typer.Option(help="With 'done': the signed letter; its SHA-256 is recorded.")] = None,
        ground: Annotated[Ground | None, typer.Option(help="With 'declined': on which ground.")] = None,
        onward: Annotated[list[str] | None, typer.Option(help="A party it passed things on to; repeat for more.")] = None,
    ) -> None:
        """Enters an answer that came by letter."""

        async def work(hub: Hub) -> None:
            digest = None if letter is None else sha256(_read(letter)).digest()
            taken = Answer(_KINDS[said], Channel.letter, method, ground, digest, "", tuple(map(_party, onward or ())))
            stands = await hub.notices.answer(notice, taken)
            typer.echo(f"{stands.notice_id} is {stands.state.value}")

        with_hub(work)

    @notices.command("close")
    def close(notice: _Notice) -> None:
        """Closes a notice that the recipient declined, after the refusal was judged."""

        async def work(hub: Hub) -> None:
            await hub.notices.close(notice, None)
            typer.echo(f"{notice} is closed")

        with_hub(work)

    @notices.command("raise")
    def raise_for(
        cause: Annotated[_Raised, typer.Argument(help="Why recipients must act.")],
        deliveries: Annotated[list[UUID], typer.Option("--delivery", help="Of one person; repeat for more.")],
    ) -> None:
        """Tells the recipients of named deliveries that these were wrong, unlawful, or may be kept no longer."""

        async def work(hub: Hub) -> None:
            for one in await hub.notices.raise_for(CauseKind(cause.value), deliveries, None):
                typer.echo(f"{one.notice_id}  {one.recipient:<36}{one.action.value}")

        with_hub(work)


def _plain(one: Notice) -> dict[str, Any]:
    return {
        "notice": str(one.notice_id),
        "cause": one.cause.value,
        "causeId": str(one.cause_id),
        "action": one.action.value,
        "recipient": str(one.recipient),
        "items": {str(delivery): list(map(str, names)) for delivery, names in one.items.items()},
        "agreement": one.agreement,
        "legal": one.legal,
        "opened": rfc3339(one.opened_us),
        "until": legal_date(one.due_us).isoformat(),
        "state": one.state.value,
        "level": one.level,
        "late": one.late,
        "handed": one.handed,
    }


def _event(one: Event) -> dict[str, Any]:
    return {
        "us": int(one.us),
        "kind": one.kind.value,
        "entry": str(one.event_id),
        "level": one.level,
        "channel": one.channel,
        "method": one.method,
        "ground": one.ground,
        "digest": None if one.digest is None else one.digest.hex(),
        "staff": one.staff,
        "onward": one.onward,
    }


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise Misconfigured("The letter cannot be read.", "Its file is missing or closed to you.", "Check the path.") from None


def _party(text: str) -> PartyId:
    try:
        return PartyId(text)
    except ValueError:
        raise Misconfigured("This is no party.", "A party id is a lower-case word.", "See parties.yaml.") from None
