"""`hub connector ...`: setting up connectors, from a draft to what runs. Who acts is the account at the keyboard."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
import yaml

from hub.app import Hub
from hub.clock import rfc3339
from hub.commands.setup_pages import day, described, line, moved, page, run, say_json, say_trial, sheet, stands, viewed
from hub.connector import Setup
from hub.domain.terms import Micros
from hub.errors import Misconfigured
from hub.installed import setups_of
from hub.registry import load_connectors
from hub.setups.actor import Actor
from hub.setups.service import Setups, read_setup
from hub.setups.standing import GlassReason, Move

WithHub = Callable[[Callable[[Hub], Coroutine[Any, Any, None]]], None]
"""Runs work over an open hub; an error of the hub ends the command with its sentences."""

_Instance = Annotated[str, typer.Argument(help="The connector instance, by its id.")]
_Number = Annotated[int | None, typer.Option("--version", help="Which version; without it the newest.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_Value = Annotated[Path | None, typer.Option("--file", help="The file that holds it; without it, standard input.")]
_NUMBERS: Final = ("per_minute", "concurrency", "settle_s", "batch")
_LONGEST: Final = 1 << 20
_Sets = Annotated[
    list[str] | None, typer.Option("--set", help=f"One of {', '.join((*_NUMBERS, 'timeout_s'))}, as name=number.")
]


def setup_commands(connector: typer.Typer, with_hub: WithHub) -> None:
    """Adds the commands to `hub connector`."""
    _looking(connector, with_hub)
    _making(connector, with_hub)
    _moving(connector, with_hub)
    _trying(connector, with_hub)


def say_catalogue(name: str | None, as_json: bool) -> None:
    """What can be connected; of one, what it must be told and given. Raises errors.Misconfigured."""
    found = [one for one in load_connectors().values() if name in (None, one.manifest.id)]
    if as_json:
        say_json([described(one) for one in found])
    else:
        typer.echo("\n".join((line if name is None else sheet)(one) for one in found) or "none")


async def say_instances(hub: Hub) -> None:
    """A line per instance in the database."""
    for one in await setups_of(hub).all():
        typer.echo(f"  {one.instance:<40}  {one.party:<32}{stands(one)}")


def _looking(connector: typer.Typer, with_hub: WithHub) -> None:
    @connector.command("show")
    def show(instance: _Instance, as_json: _AsJson = False) -> None:
        """Shows how a connector is set up and how it stands."""

        async def work(hub: Hub) -> None:
            view = await setups_of(hub).show(instance)
            say_json(viewed(view)) if as_json else typer.echo(page(view))

        with_hub(work)

    @connector.command("credentials")
    def credentials(instance: _Instance, as_json: _AsJson = False) -> None:
        """Lists a connector's credentials: kind, fingerprint, end, since when and by whom; never what they hold."""

        async def work(hub: Hub) -> None:
            found = await setups_of(hub).credentials(instance)
            if as_json:
                say_json([asdict(one) for one in found])
                return
            for one in found:
                end = f"until {day(one.until_us)}" if one.until_us else ""
                waits = "waits" if one.waits else "in use"
                typer.echo(f"{one.name:<24}{one.kind:<14}{waits:<8}{day(one.since_us)}  {end:<18}{one.fingerprint}")
            if not found:
                typer.echo("none")

        with_hub(work)

    @connector.command("versions")
    def versions(instance: _Instance, as_json: _AsJson = False) -> None:
        """Lists everything that happened to a connector, the oldest first."""

        async def work(hub: Hub) -> None:
            moves = await setups_of(hub).history(instance)
            if as_json:
                say_json([moved(move) for move in moves])
                return
            for move in moves:
                typer.echo(f"{rfc3339(Micros(move.us))[:19]}  v{move.version:<4}{move.act:<12}{move.word:<24}{move.who}")

        with_hub(work)

    @connector.command("diff")
    def diff(
        instance: _Instance,
        a: Annotated[int, typer.Argument(help="The one version.")],
        b: Annotated[int, typer.Argument(help="The other.")],
        as_json: _AsJson = False,
    ) -> None:
        """Compares two versions field by field; of credentials it says only that they changed."""

        async def work(hub: Hub) -> None:
            found = await setups_of(hub).diff(instance, a, b)
            if as_json:
                say_json([asdict(one) for one in found])
                return
            for one in found:
                secret = one.field.startswith("credentials.")
                typer.echo(f"{one.field:<32}" + ("changed" if secret else f"{one.before or '-'} -> {one.after or '-'}"))
            if not found:
                typer.echo("they are the same")

        with_hub(work)

    @connector.command("expiring")
    def expiring(as_json: _AsJson = False) -> None:
        """Lists the certificates and keys that end within sixty days or have ended, the nearest end first."""

        async def work(hub: Hub) -> None:
            found = await setups_of(hub).expiring(hub.clock.now_us())
            if as_json:
                say_json([asdict(one) for one in found])
                return
            for one in found:
                left = f"in {one.left} days" if one.left >= 0 else "ENDED"
                typer.echo(f"{day(one.until_us)}  {left:<14}{one.instance:<32}{one.name}")
            if not found:
                typer.echo("nothing ends within sixty days")

        with_hub(work)


def _making(connector: typer.Typer, with_hub: WithHub) -> None:
    @connector.command("create")
    def create(
        name: Annotated[str | None, typer.Argument(help="The connector that 'catalogue' shows; not with --from.")] = None,
        source: Annotated[Path | None, typer.Option("--from", help="A YAML file that says all of it.")] = None,
        identifier: Annotated[str, typer.Option("--id", help="A name of your own: duo-lijst.")] = "",
        party: Annotated[str, typer.Option(help="Whose it is: an id of parties.yaml.")] = "",
        protocol: Annotated[str, typer.Option(help="How bytes travel; without it the connector's first.")] = "",
        address: Annotated[str, typer.Option(help="sftp://host:port or a https URL.")] = "",
        options: Annotated[list[str] | None, typer.Option("--option", help="name=value; repeat for more.")] = None,
        schedule: Annotated[str, typer.Option(help="When it goes: every 15m, daily 06:30; without it the connector's.")] = "",
        window: Annotated[str, typer.Option(help="Outside which nothing begins: mon-fri 06:00-22:00.")] = "",
        college: Annotated[str | None, typer.Option(help="In whose own connection a register is asked.")] = None,
        sets: _Sets = None,
    ) -> None:
        """Drafts a connector. It does nothing until its credentials are given and a second person activates it."""

        async def work(hub: Hub) -> None:
            known = load_connectors().get(name or "")
            given: dict[str, Any] = {
                "id": identifier,
                "connector": name or "",
                "party": party,
                "protocol": protocol or (known.manifest.transport.protocols[0] if known else ""),
                "address": address,
                "options": _pairs(options or ()),
                "schedule": schedule,
                "window": window,
                "college": college,
                **_counted(sets),
            }
            setup = read_setup(_yaml(source) if source else given)
            await setups_of(hub).create(setup, actor(hub))
            typer.echo(f"{setup.id} is drafted, version 1; give its credentials, test it, propose it")

        with_hub(work)

    @connector.command("change")
    def change(
        instance: _Instance,
        source: Annotated[Path | None, typer.Option("--from", help="A YAML file that says all of it.")] = None,
        address: Annotated[str | None, typer.Option(help="sftp://host:port or a https URL.")] = None,
        options: Annotated[
            list[str] | None, typer.Option("--option", help="name=value; name= takes it away; repeat for more.")
        ] = None,
        schedule: Annotated[str | None, typer.Option(help="When it goes.")] = None,
        window: Annotated[str | None, typer.Option(help="Outside which nothing begins.")] = None,
        sets: _Sets = None,
    ) -> None:
        """Drafts a next version; what runs goes on as it is."""

        async def work(hub: Hub) -> None:
            setups = setups_of(hub)
            view = await setups.show(instance)
            if source is not None:
                setup = read_setup(_yaml(source))
            else:
                setup = _changed(view.newest, {"address": address, "schedule": schedule, "window": window}, options, sets)
            move = await setups.change(instance, setup, actor(hub), after=view.standing.newest)
            typer.echo(f"{instance} version {move.version} is drafted")

        with_hub(work)

    @connector.command("credential")
    def credential(
        instance: _Instance,
        name: Annotated[str, typer.Argument(help="Which, as 'catalogue' names it.")],
        file: _Value = None,
        phrase: Annotated[
            Path | None, typer.Option("--passphrase", help="The file that holds what opens a locked key; it is kept nowhere.")
        ] = None,
        remove: Annotated[bool, typer.Option("--remove", help="Take it away instead.")] = False,
    ) -> None:
        """Gives a credential, from a file or standard input. It is sealed and never shown again."""

        async def work(hub: Hub) -> None:
            setups, by = setups_of(hub), actor(hub)
            if remove:
                await setups.remove_credential(instance, name, by)
                typer.echo(f"{name} goes with the next activation or rotation")
                return
            await setups.credential(instance, name, _bytes(file), by, b"" if phrase is None else _bytes(phrase))
            typer.echo(f"{name} is sealed; it counts from the next activation or rotation on")

        with_hub(work)

    @connector.command("rollback")
    def rollback(instance: _Instance, to: Annotated[int, typer.Argument(help="The version to go back to.")]) -> None:
        """Drafts a next version that says what an earlier one said; it is activated as any other."""

        async def work(hub: Hub) -> None:
            move = await setups_of(hub).rollback(instance, to, actor(hub))
            typer.echo(f"{instance} version {move.version} says what version {to} said; propose it")

        with_hub(work)


def _moving(connector: typer.Typer, with_hub: WithHub) -> None:
    def moves(name: str, act: Callable[[Setups, str, Actor], Coroutine[Any, Any, Move]], told: str, doc: str) -> None:
        def command(instance: _Instance) -> None:
            async def work(hub: Hub) -> None:
                move = await act(setups_of(hub), instance, actor(hub))
                typer.echo(told.format(instance=instance, version=move.version))

            with_hub(work)

        connector.command(name, help=doc)(command)

    moves("propose", Setups.propose, "{instance} version {version} waits for a second person", "Asks a second person.")
    moves("confirm", Setups.confirm, "{instance} is confirmed", "Confirms what somebody else activated alone.")
    moves("pause", Setups.pause, "{instance} fetches and sends nothing more", "Stops a connector until 'unpause'.")
    moves("unpause", Setups.resume, "{instance} version {version} goes on", "Lets a paused connector go on as it was.")
    moves("end", Setups.end, "{instance} has ended; its credentials are destroyed", "Ends a connector for good.")

    @connector.command("activate")
    def activate(
        instance: _Instance,
        version: _Number = None,
        break_glass: Annotated[
            GlassReason | None,
            typer.Option(help="Activate alone, for this reason; a second person must confirm it within three days."),
        ] = None,
    ) -> None:
        """Puts a proposed version to work, as the second person."""

        async def work(hub: Hub) -> None:
            setups = setups_of(hub)
            number = version or (await setups.show(instance)).standing.newest
            await setups.activate(instance, number, actor(hub), break_glass)
            typer.echo(f"{instance} version {number} works from now on")
            if break_glass is not None:
                typer.echo("you did this alone: have a second person confirm it within three days ('hub connector confirm')")

        with_hub(work)


def _trying(connector: typer.Typer, with_hub: WithHub) -> None:
    @connector.command("test")
    def test(instance: _Instance, version: _Number = None, as_json: _AsJson = False) -> None:
        """Goes to the partner's machine and says how far it got, and what to do."""

        async def work(hub: Hub) -> None:
            setups = setups_of(hub)
            number = version or (await setups.show(instance)).standing.newest
            say_trial(await setups.test(instance, number, actor(hub)), as_json)

        with_hub(work)

    @connector.command("dry-run")
    def dry_run(
        instance: _Instance,
        version: _Number = None,
        sample: Annotated[Path | None, typer.Option(help="A file of your own, instead of one that lies ready.")] = None,
        as_json: _AsJson = False,
    ) -> None:
        """Reads one real file and says what would come of it. Nothing is taken in, moved or kept but its layout, which
        'activate' agrees on."""

        async def work(hub: Hub) -> None:
            setups, by = setups_of(hub), actor(hub)
            number = version or (await setups.show(instance)).standing.newest
            given = None if sample is None else _bytes(sample)
            seen = await (setups.dry_run(instance, number, by) if given is None else setups.sample(instance, number, given, by))
            say_json(asdict(seen)) if as_json else typer.echo(run(seen))

        with_hub(work)

    @connector.command("rotate")
    def rotate(instance: _Instance, as_json: _AsJson = False) -> None:
        """Tries the credentials that wait; where they work they take the place of the old ones, which are destroyed."""

        async def work(hub: Hub) -> None:
            trial, move = await setups_of(hub).rotate(instance, actor(hub))
            say_trial(trial, as_json, turned=move is not None)

        with_hub(work)


def actor(hub: Hub) -> Actor:
    """Whoever signed in on this machine: of an account taken on (sudo), the one that it was taken on from."""
    try:
        name = os.getlogin()
    except OSError:
        try:
            name = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            name = str(os.getuid())
    return Actor.account(name, hub.digests)


def _changed(before: Setup, said: Mapping[str, str | None], options: list[str] | None, sets: list[str] | None) -> Setup:
    given = before.model_dump() | {name: value for name, value in said.items() if value is not None}
    for name, value in _pairs(options or ()).items():
        given["options"] = {key: text for key, text in given["options"].items() if key != name} | (
            {name: value} if value else {}
        )
    return read_setup(given | _counted(sets))


def _counted(sets: list[str] | None) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in _pairs(sets or ()).items():
        if name not in (*_NUMBERS, "timeout_s"):
            raise Misconfigured("There is no such setting.", f"Known: {', '.join((*_NUMBERS, 'timeout_s'))}.", "Name one.")
        found[name] = _number(value, whole=name != "timeout_s")
    return found


def _number(text: str, *, whole: bool) -> int | float:
    try:
        return int(text) if whole else float(text)
    except ValueError:
        raise Misconfigured("A setting is no number.", "It was given as name=number.", "Write it in digits.") from None


def _pairs(given: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign or not name:
            raise Misconfigured("An option cannot be read.", "It is not of the form name=value.", "Write --option name=value.")
        found[name] = value
    return found


def _yaml(path: Path) -> Mapping[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        found = None
    if not isinstance(found, dict):
        raise Misconfigured("The setup cannot be read.", "Its file is missing or no YAML.", "Check the path.")
    return found


def _bytes(path: Path | None) -> bytes:
    try:
        return sys.stdin.buffer.read(_LONGEST) if path is None else path.read_bytes()
    except OSError:
        raise Misconfigured("The credential cannot be read.", "Its file is missing or shut.", "Check the path.") from None
