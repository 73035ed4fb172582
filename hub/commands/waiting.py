"""`hub waiting`: what waits for somebody, since when and until when."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
import typer

from hub.app import Hub
from hub.clock import legal_date, rfc3339
from hub.commands.reading import WithHub
from hub.domain.staff import Role
from hub.errors import Retry
from hub.installed import setups_of, waiting_of
from hub.waiting.model import Item


def waiting_commands(main: typer.Typer, with_hub: WithHub) -> None:
    """Adds `hub waiting`."""

    @main.command("waiting")
    def waiting(
        role: Annotated[Role | None, typer.Option(help="What waits for this role alone.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
    ) -> None:
        """Lists what waits for somebody: to decide, to sign, to confirm, to mend; what ends first in front."""

        async def work(hub: Hub) -> None:
            await hub.put_policy_in_use()
            found = await waiting_of(hub, setups_of(hub)).list()
            today = legal_date(hub.clock.now_us())
            items = found.items if role is None else found.with_role(role)
            if as_json:
                said = {"waiting": [{**plain(one), "late": one.late(today)} for one in items], "unread": found.unread}
                typer.echo(orjson.dumps(said, option=orjson.OPT_INDENT_2).decode())
            else:
                for one in items:
                    until = "-" if one.until is None else f"{one.until}{' LATE' if one.late(today) else ''}"
                    since = "-" if one.since_us is None else legal_date(one.since_us).isoformat()
                    who = ",".join(sorted(one.roles))
                    typer.echo(f"{one.what:<16}since {since:<12}until {until:<17}{who}  {one.about}{_times(one)}")
                if not items:
                    typer.echo("none")
            if found.unread:
                raise Retry(
                    "Not everything could be read.",
                    f"Unread: {', '.join(found.unread)}.",
                    "What of these waits, nobody knows; run 'hub doctor'.",
                )

        with_hub(work)


def plain(one: Item) -> dict[str, Any]:
    """An item for a machine."""
    return {
        "what": one.what.value,
        "about": one.about,
        "roles": sorted(role.value for role in one.roles),
        "since": None if one.since_us is None else rfc3339(one.since_us),
        "until": None if one.until is None else one.until.isoformat(),
        "key": one.key,
        "count": one.count,
    }


def _times(one: Item) -> str:
    return f" ({one.count})" if one.count > 1 else ""
