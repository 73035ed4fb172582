"""`hub`: the command line. Every command says what it did; on failure what happened, why, and what to do now."""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import signal
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
import uvloop
from pydantic import ValidationError

from hub import operations
from hub.app import Hub, databases, load_signer, make_keys, migrate_all, open_hub
from hub.clock import SystemClock, legal_date
from hub.commands.archiving import archiving_commands
from hub.commands.effect import effect_commands
from hub.commands.forgetting import forgetting_commands
from hub.commands.hands import hand_commands
from hub.commands.inbox import inbox_commands, listen
from hub.commands.informing import informing_commands
from hub.commands.koppelbestand import request_commands
from hub.commands.log_life import log_life_commands
from hub.commands.mending import delivery_commands, mending_commands
from hub.commands.notices import notice_commands
from hub.commands.objections import objection_commands
from hub.commands.partners import partner_commands
from hub.commands.policies import policy_commands
from hub.commands.policy_coverage import policy_coverage_commands
from hub.commands.policy_diff import policy_diff_commands
from hub.commands.policy_export import policy_export_commands
from hub.commands.policy_tools import policy_tool_commands
from hub.commands.retention import retention_commands
from hub.commands.running import running_commands
from hub.commands.scaffolding import scaffolding_commands
from hub.commands.searching import searching_commands
from hub.commands.setups import say_instances, setup_commands
from hub.commands.statements import statement_commands
from hub.commands.territory import territory_commands
from hub.commands.waiting import waiting_commands
from hub.commands.witnessing import witness_commands
from hub.consent.policy import load_policy
from hub.consent.store import kept_policy
from hub.domain.terms import LogId, PartyId, PolicyHash, Term
from hub.errors import HubError, Malformed, Misconfigured, Refused, Retry
from hub.observe import Event, configure, emit, watch
from hub.settings import Settings
from hub.worker import work, work_of

main = typer.Typer(
    name="hub",
    help="The hub: passes records between partners, and proves what it passed.",
    epilog="Exit status: 0 done, 1 failed, 2 wrong use, 3 refused, 4 try again later, 5 the installation is wrong.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
keys = typer.Typer(help="The hub's own keys.", no_args_is_help=True)
admin = typer.Typer(help="The installation: databases, partners, figures.", no_args_is_help=True)
partner = typer.Typer(help="Partner systems that may call the hub.", no_args_is_help=True)
hand = typer.Typer(help="By which accounts and clients a member of staff works.", no_args_is_help=True)
connector = typer.Typer(help="Connectors and their files.", no_args_is_help=True)
policy = typer.Typer(help="The policy set.", no_args_is_help=True)
audit = typer.Typer(help="The log.", no_args_is_help=True)
witness = typer.Typer(help="Witnesses of the log, and this hub as a witness of others.", no_args_is_help=True)
rights = typer.Typer(help="What young people and those around them have stated.", no_args_is_help=True)
for name, group in {
    "keys": keys,
    "admin": admin,
    "connector": connector,
    "policy": policy,
    "audit": audit,
    "rights": rights,
    "witness": witness,
}.items():
    main.add_typer(group, name=name)
admin.add_typer(partner, name="partner")
admin.add_typer(hand, name="hand")

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_TERMS: dict[str, type[Term]] = {"log_id": LogId, "operator": PartyId}
_EXIT = {Refused: 3, Retry: 4, Misconfigured: 5}


def say(text: str) -> None:
    """To standard output, for the person at the keyboard."""
    typer.echo(text)


def settings() -> Settings:
    """The settings, or a clear end of the command that names the variable and not its value."""
    try:
        chosen = Settings()
    except ValidationError as wrong:
        raise _unreadable(str(error["loc"][0]) for error in wrong.errors(include_input=False) if error["loc"]) from None
    if unknown := _unknown(os.environ):
        raise Misconfigured(
            "There are settings that the hub does not know.",
            f"Unknown: {', '.join(unknown)}.",
            "Correct their names, or take them away: a setting that is misspelt would silently not hold.",
        )
    if wrong_terms := [name for name, term in _TERMS.items() if not _is(term, getattr(chosen, name))]:
        raise _unreadable(wrong_terms)
    return chosen


def _unknown(environment: Iterable[str]) -> list[str]:
    # What an orchestrator adds for a service of this name is not meant for us.
    known = {f"HUB_{name}".upper() for name in Settings.model_fields}
    added = re.compile(r"HUB_(?:SERVICE|PORT)_.+")
    return sorted(name for name in environment if name.startswith("HUB_") and name not in known and not added.fullmatch(name))


def _unreadable(names: Iterable[str]) -> Misconfigured:
    return Misconfigured(
        "The settings cannot be read.",
        f"Wrong: {', '.join(f'HUB_{name}'.upper() for name in names)}.",
        "Correct these environment variables; hub/settings.py says what each may be.",
    )


def _is(term: type[Term], word: str) -> bool:
    try:
        term(word)
    except ValueError:
        return False
    return True


def guarded(work: Callable[[], Any]) -> None:
    """Runs a command and turns a HubError into sentences on standard error and an exit status."""
    configure()
    _give_user_a_name()
    try:
        work()
    except HubError as error:
        for line in (error.what, error.why, error.now):
            if line:
                typer.echo(line, err=True)
        for fault in error.faults if isinstance(error, Malformed) else ():
            typer.echo(f"  {fault.where}: {fault.code}", err=True)
        status = next((code for kind, code in _EXIT.items() if isinstance(error, kind)), 1)
        raise typer.Exit(status) from None


def _give_user_a_name() -> None:
    """The SSH library asks who runs it, though nothing here hangs on it; in a container that user may have no name."""
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = "hub"


def run(work: Callable[[Settings], Coroutine[Any, Any, None]]) -> None:
    """Runs an asynchronous command under the house's event loop."""

    async def watched(chosen: Settings) -> None:
        watch(asyncio.get_running_loop())
        await work(chosen)

    guarded(lambda: uvloop.run(watched(settings())))


def stopper() -> asyncio.Event:
    """An event that SIGINT and SIGTERM set."""
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping


@main.command()
def mail() -> None:
    """Takes in mail with files, behind the organisation's mail server, until SIGINT or SIGTERM."""

    async def work(chosen: Settings) -> None:
        async with open_hub(chosen, name="hub-mail") as hub:
            await listen(hub, stopper())

    run(work)


@keys.command("init")
def keys_init() -> None:
    """Makes the key ring, the log's signing key and the token key where they are missing; overwrites nothing."""

    def work() -> None:
        made = make_keys(settings())
        say("\n".join(f"made {path}" for path in made) or "all keys are there already")

    guarded(work)


@main.command()
def serve() -> None:
    """Serves the REST interface and the desks until SIGINT or SIGTERM."""
    # Here, so that no other command waits for what only a server needs.
    from hub.desks import doors_of
    from hub.server import serve as serve_until
    from hub.server import server_of

    async def work(chosen: Settings) -> None:
        async with open_hub(chosen, name="hub-serve", long_lived=True) as hub:
            await hub.put_policy_in_use()
            stopping = stopper()
            keeping_up = asyncio.gather(hub.keep_up(stopping), hub.scrub(stopping))
            try:
                async with doors_of(hub) as doors:
                    await serve_until(server_of(doors, chosen), stopping, lambda: emit(Event.hub_started))
            finally:
                keeping_up.cancel()
            emit(Event.hub_stopped)

    run(work)


@main.command()
def worker(once: Annotated[bool, typer.Option(help="Take in and send until nothing waits, then end.")] = False) -> None:
    """Takes in what lies ready at the connectors and sends what waits, until SIGINT or SIGTERM."""

    async def start(chosen: Settings) -> None:
        async with open_hub(chosen, name="hub-worker", long_lived=True) as hub:
            await hub.put_policy_in_use()
            todo, stopping = await work_of(hub), stopper()
            emit(Event.hub_started)
            await work(hub, todo, stopping, once=once)
            emit(Event.hub_stopped)

    run(start)


@main.command(epilog="Exit status: 0 all is well, 1 something wants attention or could not be examined, 5 something is wrong.")
def doctor(
    as_json: AsJson = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing of what is well.")] = False,
) -> None:
    """Says what is wrong with this installation, why, and what to do now. It starts nothing and changes nothing.

    For monitoring: it exits with 0 when all is well, 1 for attention, 5 when something is wrong.
    """
    from hub import doctor as examination  # here, for the same reason as in serve

    def work() -> None:
        try:
            chosen: Settings | Misconfigured = settings()
        except Misconfigured as unusable:
            chosen = unusable
        found = uvloop.run(examination.examine_installation(chosen))
        if as_json:
            say(orjson.dumps(examination.as_json(found), option=orjson.OPT_INDENT_2).decode())
        elif told := examination.report(found, quiet=quiet):
            say(told)
        raise typer.Exit(examination.exit_status(found))

    guarded(work)


@admin.command("migrate")
def admin_migrate() -> None:
    """Brings both databases to the present schema, as their owners (HUB_MIGRATION_URL and HUB_VAULT_MIGRATION_URL)."""

    async def work(chosen: Settings) -> None:
        async with databases(chosen) as urls:
            await migrate_all(chosen, urls)
        say("both databases have the present schema")

    run(work)


@admin.command("status")
def admin_status(as_json: AsJson = False) -> None:
    """What came in, what went where, what waits and why; counts only."""

    async def work(chosen: Settings) -> None:
        async with open_hub(chosen) as hub:
            figures = asdict(await operations.figures_of(hub))
        say(orjson.dumps(figures, option=orjson.OPT_INDENT_2).decode() if as_json else _table(figures))

    run(work)


_COLUMNS = ("considered", "delivered", "held", "failed", "stopped", "refused")


def _table(figures: dict[str, Any]) -> str:
    rows, all_of = figures["rows"], figures["disclosures"]
    lines = [
        f"rows         {rows['received']:>9} = {rows['accepted']} accepted + {rows['quarantined']} quarantined "
        f"+ {rows['duplicate']} duplicate",
        f"disclosures  {all_of['considered']:>9} = {all_of['delivered']} delivered + {all_of['held']} held "
        f"+ {all_of['failed']} failed + {all_of['stopped']} stopped "
        f"+ {all_of['refused']} refused",
        f"log          {figures['log_size']:>9} entries",
        "",
        f"{'recipient':<40}" + "".join(f"{name:>11}" for name in _COLUMNS),
    ]
    for recipient, of in figures["recipients"].items():
        lines.append(f"{recipient:<40}" + "".join(f"{of[name]:>11}" for name in _COLUMNS))
    for title in ("refusals", "quarantine"):
        lines += ["", f"{title} by reason", *(f"{code:<40}{count:>11}" for code, count in figures[title].items())]
    return "\n".join(lines)


@connector.command("list")
def connector_list() -> None:
    """Lists the connectors that this hub knows and the instances that are set up: in the file, and by administrators."""

    def work() -> None:
        chosen = settings()
        for line in operations.describe_connectors(chosen):
            say(line)
        if chosen.file(chosen.keyring, "keyring.json").exists():  # before there are keys, nobody set anything up
            _with_hub(say_instances)

    guarded(work)


@connector.command("runs")
def connector_runs(as_json: AsJson = False) -> None:
    """Lists the files taken, newest first, each with counts that add up."""

    async def work(chosen: Settings) -> None:
        async with open_hub(chosen) as hub:
            found = [asdict(one) for one in await operations.runs_of(hub)]
        if as_json:
            say(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
            return
        if not found:
            say("none")
        for one in found:
            say(
                f"{one['drop_id']}  {one['connector']:<20}{one['state']:<9}accepted {one['accepted']}  "
                f"quarantined {one['quarantined']}  duplicate {one['duplicate']}  {one['reason'] or ''}"
            )
            for what in ("missing", "strange"):
                if one[what]:
                    say(f"    {what} columns: {', '.join(one[what])}")

    run(work)


def _with_hub(work: Callable[[Hub], Coroutine[Any, Any, None]]) -> None:
    async def opened(chosen: Settings) -> None:
        async with open_hub(chosen) as hub:
            await work(hub)

    run(opened)


policy_commands(policy, _with_hub)
policy_tool_commands(policy, guarded, lambda: settings().policy, lambda: legal_date(SystemClock().now_us()))
policy_coverage_commands(policy, _with_hub, guarded, lambda: settings().policy)
policy_diff_commands(policy, _with_hub, guarded)
policy_export_commands(policy, _with_hub)
mending_commands(connector, _with_hub)
setup_commands(connector, _with_hub)
scaffolding_commands(connector, guarded)
request_commands(connector, guarded)
effect_commands(connector, guarded)
running_commands(connector, _with_hub)
inbox_commands(connector, _with_hub)
territory_commands(main, _with_hub)
partner_commands(partner, _with_hub)
hand_commands(hand, _with_hub)
delivery_commands(main, _with_hub)
statement_commands(rights, _with_hub)
objection_commands(rights, _with_hub)
notice_commands(rights, _with_hub)
informing_commands(rights, _with_hub)
forgetting_commands(rights, _with_hub)
retention_commands(audit, _with_hub)
searching_commands(audit, _with_hub)
archiving_commands(audit, _with_hub)
log_life_commands(audit, run)
witness_commands(witness, _with_hub)
waiting_commands(main, _with_hub)


@policy.command("check")
def policy_check() -> None:
    """Loads the policy set strictly and prints its hash, or says in which file and line it is wrong."""
    guarded(lambda: say(load_policy(settings().policy).hash))


@policy.command("show")
def policy_show(policy_hash: Annotated[str, typer.Argument(help="The hash that a log entry names as its policy.")]) -> None:
    """Prints the whole policy set of that hash as it was when the hub decided by it, in canonical JSON."""

    async def work(chosen: Settings) -> None:
        try:
            wanted = PolicyHash(policy_hash)
        except ValueError:
            raise Refused("This is no policy hash.", "One is 64 hexadecimal digits.", "Take it from a log entry.") from None
        async with open_hub(chosen) as hub:
            body = await kept_policy(hub.engine, hub.log_id, wanted)
        if body is None:
            raise Refused("No policy set of this hash was in use here.", "It is not kept.", "Take the hash from a log entry.")
        say(body.decode())

    run(work)


@audit.command("trust")
def audit_trust(
    file: Annotated[Path, typer.Argument(help="Where to write what a verifier trusts.")],
    checkpoint: Annotated[bool, typer.Option(help="With the newest checkpoint, to compare a later export with.")] = False,
) -> None:
    """Writes the log's public key in the form of a C2SP tlog-policy: give it to partners before they need it."""

    async def work(chosen: Settings) -> None:
        content = f"log {load_signer(chosen).vkey}\nquorum none\n"
        if checkpoint:
            async with open_hub(chosen) as hub:
                content += "\n" + await hub.log.checkpoint()
        try:
            file.write_text(content)
        except OSError:
            raise Misconfigured(
                "The file was not written.", "Its directory is missing, or not yours to write in.", "Name another."
            ) from None
        say(f"written to {file}")

    run(work)


@audit.command("mark")
def audit_mark() -> None:
    """Marks the log as it stands where its high-water mark is gone; first compare it with checkpoints that partners hold."""

    async def work(chosen: Settings) -> None:
        async with open_hub(chosen, unmarked=True) as hub:
            note = await hub.log.checkpoint_or_none()
        say(f"the log is marked as it stands\n\n{note or 'it is empty'}")

    run(work)
