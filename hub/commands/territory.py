"""`hub region ...`: how the regions lie, what changes in them and when, and moving what waits for a party that ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import orjson
import typer

from hub.app import Hub
from hub.clock import legal_date
from hub.commands.policies import WithHub
from hub.domain.staff import StaffId
from hub.domain.tenure import Task, tenures
from hub.domain.terms import Micros, PartyId
from hub.domain.territory import Region
from hub.errors import Misconfigured, Refused
from hub.installed import instances_of, recipients_of, setups_of
from hub.policies import signature
from hub.policies.hands import Signatories
from hub.territory.changes import changes, ending
from hub.territory.model import Glass, Hanging, Move, Preview, due
from hub.territory.service import Moves, ledger_of

_AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_Day = Annotated[str | None, typer.Option(help="A day, such as 2027-01-01; today without it.")]
_Key = Annotated[Path | None, typer.Option(help="Your private key: Ed25519 or P-256, as JWK or PEM ('hub policy signatory').")]
_Id = Annotated[UUID, typer.Argument(help="The move, by the id that 'moves' shows.")]
_Party = Annotated[str, typer.Argument(help="A party of parties.yaml.")]


def territory_commands(main: typer.Typer, with_hub: WithHub) -> None:
    """Adds `hub region`."""
    region = typer.Typer(help="Regions, mergers of gemeenten, and cases that move with them.", no_args_is_help=True)
    main.add_typer(region, name="region")
    _looking(region, with_hub)
    _deciding(region, with_hub)
    _after(region, with_hub)


def _looking(region: typer.Typer, with_hub: WithHub) -> None:
    @region.command("show")
    def show(day: _Day = None, as_json: _AsJson = False) -> None:
        """Shows the regions of a day: their contactgemeente, doorstroompunt, gemeenten, and in what part each lies."""

        async def work(hub: Hub) -> None:
            await hub.put_policy_in_use()
            found = [_region(one, _day_of(hub, day)) for one in hub.policy.regions if one.holds(_day_of(hub, day))]
            typer.echo(_json(found) if as_json else "\n".join(line for one in found for line in _shown(one)))

        with_hub(work)

    @region.command("changes")
    def changed(
        since: Annotated[str | None, typer.Option("--from", help="From this day on; today without it.")] = None,
        until: Annotated[str | None, typer.Option(help="Up to, not including, this day; two years on without it.")] = None,
        as_json: _AsJson = False,
    ) -> None:
        """Says what changes and when, which parties end by it, who follows them, and what hangs on each today."""

        async def work(hub: Hub) -> None:
            await hub.put_policy_in_use()
            first = _day_of(hub, since)
            last = first + timedelta(days=731) if until is None else _date(until)
            regions, moves, told = hub.policy.regions, (await moves_of(hub)), []
            near = [one for one in hub.rules.regions.successions if first <= one.day < last]
            followed = list({(one.day, one.old, one.new): one for one in near}.values())  # not one per gemeente
            for one in changes(regions, first, last):
                gone = set(ending(regions, one.day))
                told.append({**asdict(one), "ends": sorted(gone)})
            hangs = [(one, await moves.hanging(one.old, one.new)) for one in followed]
            if as_json:
                typer.echo(_json({"changes": told, "follows": [{**asdict(one), **asdict(it)} for one, it in hangs]}))
                return
            for each in told:
                typer.echo(f"{each['day']}  {each['what']:<16}{each['about']:<24}{each['old'] or '-'} -> {each['new'] or '-'}")
                if each["ends"]:
                    typer.echo(f"            ends: {', '.join(each['ends'])}")
            for next_, it in hangs:
                typer.echo(f"\n{next_.day}  {next_.new} follows {next_.old} ({next_.why.value}), by {due(next_)}")
                typer.echo("\n".join(_hanging(it)))
            if not told:
                typer.echo("nothing changes")

        with_hub(work)


def _deciding(region: typer.Typer, with_hub: WithHub) -> None:
    @region.command("move")
    def move(
        old: _Party,
        new: _Party,
        key: _Key = None,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would do; nothing changes.")] = False,
        break_glass: Annotated[
            Glass | None, typer.Option(help="Do it alone and at once, for this reason; it is logged.")
        ] = None,
        as_json: _AsJson = False,
    ) -> None:
        """Orders that what waits for a party goes to the one that follows it, decided anew; somebody else confirms it."""

        async def work(hub: Hub) -> None:
            await hub.put_policy_in_use()
            moves, names = (await moves_of(hub)), (_party(old), _party(new))
            if dry_run:
                found = await moves.preview(*names)
                typer.echo(_json(asdict(found)) if as_json else "\n".join(_preview(found)))
                return
            by = None if key is None else await _staff(hub, key)
            if break_glass is not None:
                begun = await moves.break_glass(*names, break_glass, by)
                done = await moves.carry(begun.move_id)
                typer.echo(_json(asdict(done)) if as_json else _told(done))
                return
            if by is None:
                raise Misconfigured(
                    "It is not known who orders this.", "A move takes two persons.", "Give --key, or --dry-run to look first."
                )
            ordered = await moves.order(*names, by)
            typer.echo(_json(asdict(ordered)) if as_json else f"{_told(ordered)}\nnow somebody else: hub region confirm")

        with_hub(work)

    @region.command("confirm")
    def confirm(move_id: _Id, key: Annotated[Path, typer.Option(help="Your private key.")], as_json: _AsJson = False) -> None:
        """Confirms a move that somebody else ordered, and carries it out."""

        async def work(hub: Hub) -> None:
            await hub.put_policy_in_use()
            moves = await moves_of(hub)
            await moves.confirm(move_id, await _staff(hub, key))
            done = await moves.carry(move_id)
            typer.echo(_json(asdict(done)) if as_json else _told(done))

        with_hub(work)

    @region.command("approve")
    def approve(move_id: _Id, key: _Key = None, as_json: _AsJson = False) -> None:
        """Stands by a move that somebody else did alone, after looking at it; within three days."""

        async def work(hub: Hub) -> None:
            by = None if key is None else await _staff(hub, key)
            done = await (await moves_of(hub)).approve(move_id, by)
            typer.echo(_json(asdict(done)) if as_json else _told(done))

        with_hub(work)

    @region.command("withdraw")
    def withdraw(move_id: _Id, key: Annotated[Path, typer.Option(help="Your private key.")]) -> None:
        """Takes back an order that nobody confirmed yet."""

        async def work(hub: Hub) -> None:
            await (await moves_of(hub)).withdraw(move_id, await _staff(hub, key))
            typer.echo("withdrawn")

        with_hub(work)


def _after(region: typer.Typer, with_hub: WithHub) -> None:
    @region.command("finish")
    def finish(move_id: _Id, as_json: _AsJson = False) -> None:
        """Goes on with a move that was confirmed and interrupted, or takes along what came since; may be repeated."""

        async def work(hub: Hub) -> None:
            await hub.put_policy_in_use()
            done = await (await moves_of(hub)).carry(move_id)
            typer.echo(_json(asdict(done)) if as_json else _told(done))

        with_hub(work)

    @region.command("moves")
    def listed(as_json: _AsJson = False) -> None:
        """Lists the moves, newest first, and what became of what waited."""

        async def work(hub: Hub) -> None:
            found = await (await moves_of(hub)).all()
            typer.echo(_json([asdict(one) for one in found]) if as_json else "\n".join(map(_told, found)) or "none")

        with_hub(work)

    @region.command("resupply")
    def resupply(
        move_id: _Id,
        source: Annotated[str | None, typer.Option(help="Only for this source: the list to send to it.")] = None,
        as_json: _AsJson = False,
    ) -> None:
        """Lists what its sources must give anew after a move: by the delivery's id, without a word about anybody."""

        async def work(hub: Hub) -> None:
            found = [one for one in await (await moves_of(hub)).resupply(move_id) if source in (None, str(one.source))]
            lines = (f"{one.source}  {one.delivery_id}  {one.kind}  {one.reason}" for one in found)
            typer.echo(_json([asdict(one) for one in found]) if as_json else "\n".join(lines) or "none")

        with_hub(work)


async def moves_of(hub: Hub) -> Moves:
    """What moves cases in this hub. Raises Misconfigured where the connectors' file is wrong."""
    instances: dict[PartyId, list[str]] = {}
    for one in instances_of(hub.settings):
        instances.setdefault(PartyId(one.party), []).append(one.id)
    for party, recipient in recipients_of(hub.settings).items():
        instances.setdefault(party, []).append(recipient.id)
    for standing in await setups_of(hub).all():
        if not standing.ended:
            instances.setdefault(standing.party, []).append(standing.instance)
    return Moves(hub.notes, hub.route.again, hub.endings, instances, ledger_of(hub.log))


async def _staff(hub: Hub, key: Path) -> StaffId:
    hand = await Signatories(hub.acts, hub.notes, hub.digests).hand_of(signature.read_key(_bytes(key), private=True))
    return hand.staff.staff_id


def _bytes(key: Path) -> bytes:
    try:
        return key.read_bytes()
    except OSError:
        raise Misconfigured("The key cannot be read.", "Its file is missing, or not yours.", "Check the path.") from None


def _day_of(hub: Hub, day: str | None) -> date:
    return legal_date(hub.clock.now_us()) if day is None else _date(day)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Misconfigured("This is no day.", "A day is written as 2027-01-01.", "Write it so.") from None


def _party(text: str) -> PartyId:
    try:
        return PartyId(text)
    except ValueError:
        raise Refused("This is no party.", "A party id is a lower-case word.", "See parties.yaml.") from None


def _region(one: Region, day: date) -> dict[str, Any]:
    here = [each for each in tenures([one]) if each.days.holds(day)]
    parts = [part for part in one.subregions if part.holds(day)]
    rows = []
    for home in one.gemeenten:
        own = {each.task: str(each.party) for each in here if each.code == home.code}
        if own:
            part = next((str(part.id) for part in parts if home.code in part.gemeenten), None)
            market = None if home.labour_market_region is None else str(home.labour_market_region)
            follows = {"until": home.valid_until, "into": list(home.followed_by)} if home.valid_until else {}
            places = {"subregion": part, "labour_market_region": market}
            desks = {"doorstroompunt": own[Task.desk], "college": own[Task.college], "werk_en_inkomen": own[Task.work]}
            rows.append({"code": home.code, "name": home.name, **places, **desks, **follows})
    whole = {"id": str(one.id), "name": one.name, "contactgemeente": one.contactgemeente}
    return {**whole, "doorstroompunt": str(one.doorstroompunt), "gemeenten": rows}


def _shown(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"{one['name']} ({one['id']})  contactgemeente {one['contactgemeente']}  {one['doorstroompunt']}"
    for home in one["gemeenten"]:
        places = "  ".join(home[name] for name in ("subregion", "labour_market_region") if home[name])
        until = f"  until {home['until']} -> {', '.join(home['into']) or 'nobody'}" if "until" in home else ""
        yield f"  {home['code']}  {home['name']:<24}{home['doorstroompunt']}  {home['werk_en_inkomen']}  {places}{until}"


def _hanging(one: Hanging) -> Iterator[str]:
    states = ", ".join(f"{state} {count}" for state, count in one.waiting.items()) or "none"
    yield f"  deliveries: {states} (people {one.people})"
    yield f"  open notices: {one.notices}"
    yield f"  statements that name it: {one.yes} that do not pass on, {one.no} that go on holding"
    for what, names in (
        ("connector instances", one.instances),
        ("partner clients", one.clients),
        ("agreements", one.agreements),
    ):
        yield f"  {what}: {', '.join(names) or 'none'}"
    if one.unsigned:
        yield f"  WARNING: {one.new} has not acceded to: {', '.join(one.unsigned)}"


def _preview(found: Preview) -> Iterator[str]:
    one = found.succession
    yield f"{one.new} follows {one.old} from {one.day} on ({one.why.value}); nothing may wait there after {due(one)}"
    yield from _hanging(found.hanging)
    yield "  a move would: " + (", ".join(f"{what.value} {count}" for what, count in found.became.items()) or "do nothing")
    for source, count in found.sources.items():
        yield f"  {source} would have to give {count} anew"
    for said in found.named:
        fate = "does not pass on" if said.yes else "goes on holding"
        yield f"  statement {said.statement_id}  {said.kind} {said.state}  {fate}"


def _told(one: Move) -> str:
    who = one.ordered_by + (f" and {one.confirmed_by}" if one.confirmed_by else "") + (f" ({one.glass})" if one.glass else "")
    counts = "  ".join(f"{what.value} {count}" for what, count in one.became.items())
    day = None if one.broken is None else legal_date(Micros(one.broken.due_us))
    due = "" if day is None else f"  TO BE APPROVED before {day} ('hub region approve')"
    return f"{one.move_id}  {one.old} -> {one.new}  {one.state.value}  by {who}  {counts}".rstrip() + due


def _json(found: Mapping[str, Any] | Sequence[Any]) -> str:
    return orjson.dumps(_plain(found), str, orjson.OPT_INDENT_2).decode()


def _plain(found: Any) -> Any:
    """The same with every key a plain word."""
    if isinstance(found, Mapping):
        return {str(key): _plain(value) for key, value in found.items()}
    return [_plain(each) for each in found] if isinstance(found, list | tuple) else found
