"""`hub rights statement ...`: what young people, and those who speak for them, say. Numbers come from standard input alone."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Coroutine, Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

import orjson
import typer

from hub.app import Hub, load_receipts
from hub.clock import legal_date, rfc3339
from hub.consent.statement import Authority, Channel, Notice, Scope, What
from hub.domain.facts import StatementKind, Voice
from hub.domain.terms import ElementName, Micros, PartyId, PurposeId, Term
from hub.errors import Malformed, Misconfigured
from hub.statements.desk import AHEAD
from hub.statements.proof import prove
from hub.statements.rulings import Rulings
from hub.statements.said import Cause, Done, Said, Spoken, Told

WithHub = Callable[[Callable[[Hub], Coroutine[Any, Any, None]]], None]
"""Runs work over an open hub; an error of the hub ends the command with its sentences."""

_Kind = Annotated[StatementKind, typer.Option(help="What is stated.")]
_Party = Annotated[str, typer.Option(help="The party that records it.")]
_Voice = Annotated[Voice, typer.Option(help="Who speaks.")]
_Channel = Annotated[Channel, typer.Option(help="How they spoke.")]
_Checked = Annotated[str | None, typer.Option(help="Who made sure who it was: a party; without it, the one that records.")]
_Happened = Annotated[str | None, typer.Option(help="The day on which it was said, yyyy-mm-dd; without it, today.")]
_Purposes = Annotated[list[str] | None, typer.Option("--purpose", help="For this purpose; repeat for more.")]
_Parties = Annotated[list[str] | None, typer.Option("--to", help="To or at this party; repeat for more.")]
_Elements = Annotated[list[str] | None, typer.Option("--element", help="Only this data element; repeat for more.")]
_Id = Annotated[UUID, typer.Argument(help="The statement, by the id that 'history' shows.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_YES: frozenset[StatementKind] = frozenset({StatementKind.instemming, StatementKind.toestemming})


def statement_commands(rights: typer.Typer, with_hub: WithHub) -> None:
    """Adds `hub rights statement` and `hub rights receipt-key`."""
    statement = typer.Typer(help="What young people and those who speak for them say.", no_args_is_help=True)
    rights.add_typer(statement, name="statement")

    @statement.command("record")
    def record(
        kind: _Kind,
        party: _Party,
        begins: Annotated[str | None, typer.Option("--from", help="First day, yyyy-mm-dd; without it, today.")] = None,
        ends: Annotated[str | None, typer.Option("--until", help="First day on which it no longer holds.")] = None,
        voice: _Voice = Voice.jongere,
        channel: _Channel = Channel.balie,
        checked_by: _Checked = None,
        happened: _Happened = None,
        purpose: _Purposes = None,
        to: _Parties = None,
        element: _Elements = None,
        what: Annotated[What, typer.Option(help="requested, given or refused.")] = What.given,
        notice: Annotated[str | None, typer.Option(help="The text that was shown, as id/version.")] = None,
        notice_file: Annotated[Path | None, typer.Option(help="The very words of that text.")] = None,
        authority: Annotated[Authority | None, typer.Option(help="By what right a representative speaks.")] = None,
        shielded: Annotated[bool, typer.Option(help="Keep the whereabouts from the representative.")] = False,
        also_objection: Annotated[
            bool | None, typer.Option("--also-objection/--no-objection", help="Whether a contact preference is one as well.")
        ] = None,
        again: Annotated[UUID | None, typer.Option(help="The statement that this one affirms.")] = None,
        as_json: _AsJson = False,
    ) -> None:
        """Records a statement. Reads from standard input, a line each: the BSN, for a consent the date of birth, and the
        reference of the document where somebody speaks with authority.
        """

        async def work(hub: Hub) -> None:
            objects = also_objection
            if kind is StatementKind.contactvoorkeur and objects is None and sys.stdin.isatty():
                objects = typer.confirm("Is it also an objection to the processing?")
            number = _line("BSN")
            born = _day(_line("Date of birth")) if kind in _YES and (voice is not Voice.jongere or what is What.given) else None
            reference = _line("Reference of the document") if authority is not None else ""
            spoken = _spoken(party, voice, channel, checked_by, happened, authority, reference)
            first = _day(begins) if begins else spoken.happened or legal_date(hub.clock.now_us())
            said = Said(
                kind,
                _scope(purpose, to, element),
                spoken,
                first,
                _day(ends) if ends else None,
                what,
                _notice(notice, notice_file),
                born,
                shielded,
                objects,
                again,
            )
            _tell(await hub.statements.record(number, said), "recorded", as_json)

        with_hub(work)

    @statement.command("withdraw")
    def withdraw(
        party: _Party,
        kind: Annotated[
            StatementKind | None, typer.Option(help="What is taken back, of whose BSN is on standard input.")
        ] = None,
        statement_id: Annotated[UUID | None, typer.Option("--id", help="Or this one, whole.")] = None,
        voice: _Voice = Voice.jongere,
        channel: _Channel = Channel.balie,
        checked_by: _Checked = None,
        happened: _Happened = None,
        purpose: _Purposes = None,
        to: _Parties = None,
        as_json: _AsJson = False,
    ) -> None:
        """Takes a statement back. No reason is asked, and a second time changes nothing."""

        async def work(hub: Hub) -> None:
            spoken = _spoken(party, voice, channel, checked_by, happened)
            if (kind is None) == (statement_id is None):
                raise Misconfigured("It is not said which statement.", "Give --kind or --id, and not both.", "See 'history'.")
            if statement_id is not None:
                done = await hub.statements.withdraw_one(statement_id, spoken)
            else:
                assert kind is not None
                done = await hub.statements.withdraw(_line("BSN"), kind, _scope(purpose, to), spoken)
            _tell(done, "withdrawn", as_json)

        with_hub(work)

    @statement.command("history")
    def history(as_json: _AsJson = False) -> None:
        """Shows what was stated about the person whose BSN is on standard input, and all that happened to it."""

        async def work(hub: Hub) -> None:
            found = await hub.statements.history(_line("BSN"))
            if as_json:
                typer.echo(orjson.dumps([_as_json(one) for one in found], str, orjson.OPT_INDENT_2).decode())
                return
            for one in found:
                held = one.hold
                counts = "" if one.counts else "  contradicted by a refusal"
                until = f"  until {held.until}" if held.until else ""
                typer.echo(f"{held.statement_id}  {held.kind:<20}{held.state:<12}from {held.begins}{until}{counts}")
                for event in one.events:
                    moment = rfc3339(Micros(event.recorded_us))[:16].replace("T", " ")
                    typer.echo(f"    {moment}  {event.what:<16}{event.voice:<14}{event.party}")
            if not found:
                typer.echo("none")

        with_hub(work)

    @statement.command("objection")
    def objection(
        statement_id: _Id,
        controller: Annotated[str, typer.Option(help="The controller that decides.")],
        upheld: Annotated[bool, typer.Option("--upheld/--rejected", help="What it decided.")],
        as_json: _AsJson = False,
    ) -> None:
        """Records the controller's decision on an objection: upheld keeps it, rejected ends it."""

        async def work(hub: Hub) -> None:
            done = await Rulings(hub.statements).decide(statement_id, upheld, _party(controller))
            _tell(done, "upheld" if upheld else "rejected", as_json)

        with_hub(work)

    @statement.command("invalidate")
    def invalidate(
        statement_id: _Id,
        party: _Party,
        cause: Annotated[Cause, typer.Option(help="What fell away.")],
        as_json: _AsJson = False,
    ) -> None:
        """Ends a statement because something that it rested on fell away."""

        async def work(hub: Hub) -> None:
            _tell(await hub.statements.invalidate(statement_id, cause, _party(party)), "ended", as_json)

        with_hub(work)

    @statement.command("due")
    def due(
        end: Annotated[bool, typer.Option("--end", help="End what ends by today; the worker does so daily.")] = False,
        as_json: _AsJson = False,
    ) -> None:
        """Lists whose representative's consent ends within 90 days, for a letter to the young person."""

        async def work(hub: Hub) -> None:
            today = legal_date(hub.clock.now_us())
            if end:
                typer.echo(f"{await hub.statements.run_due(today)} ended")
                return
            found = await hub.statements.due_proxies(today, AHEAD)
            if as_json:
                rows = [{"id": one.statement_id, "party": one.party, "kind": one.kind, "day": one.day} for one in found]
                typer.echo(orjson.dumps(rows, str, orjson.OPT_INDENT_2).decode())
                return
            typer.echo("\n".join(f"{one.day}  {one.statement_id}  {one.kind:<14}{one.party}" for one in found) or "none")

        with_hub(work)

    @statement.command("receipt")
    def receipt(
        statement_id: _Id,
        event: Annotated[int | None, typer.Option(help="The event by its number; without it, the last.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="The fields instead of the signed form.")] = False,
    ) -> None:
        """Prints the signed receipt of a statement: a compact JWS, to be checked with 'hub rights receipt-key'."""

        async def work(hub: Hub) -> None:
            made = prove(load_receipts(hub.settings, hub.digests), hub.policy, await hub.statements.event(statement_id, event))
            fields = orjson.dumps(dict(made.receipt.fields), option=orjson.OPT_INDENT_2).decode()
            typer.echo(fields if as_json else made.receipt.signed)

        with_hub(work)

    @rights.command("receipt-key")
    def receipt_key() -> None:
        """Prints the public key that receipts are checked with, as a JWK Set."""

        async def work(hub: Hub) -> None:
            typer.echo(orjson.dumps(load_receipts(hub.settings, hub.digests).public_keys()).decode())

        with_hub(work)


def _tell(done: Done, what: str, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps({"statements": done.statements, "size": done.size}, str).decode())
    elif not done.statements:
        typer.echo("nothing changed: there was nothing to take back")
    else:
        typer.echo(f"{what}; the log now has {done.size} entries\n" + "\n".join(str(each) for each in done.statements))


def _as_json(one: Told) -> dict[str, Any]:
    held = one.hold
    return {
        "id": held.statement_id,
        "kind": held.kind,
        "state": held.state,
        "counts": one.counts,
        "pending": held.pending,
        "from": held.begins,
        "until": held.until,
        "scope": {name: None if value is None else sorted(value) for name, value in held.scope},
        "events": [
            {"seq": event.seq, "what": event.what, "us": event.event_us, "recorded_us": event.recorded_us, "voice": event.voice}
            for event in one.events
        ],
    }


def _line(prompt: str) -> str:
    """A line that is shown nowhere."""
    if sys.stdin.isatty():
        return str(typer.prompt(prompt, hide_input=True)).strip()
    return sys.stdin.readline().strip()


def _spoken(
    party: str,
    voice: Voice,
    channel: Channel,
    checked_by: str | None,
    happened: str | None,
    authority: Authority | None = None,
    reference: str = "",
) -> Spoken:
    who = _party(party)
    day = _day(happened) if happened else None
    return Spoken(who, voice, channel, Term(_party(checked_by) if checked_by else who), day, authority, reference)


def _scope(purposes: list[str] | None, parties: list[str] | None, elements: list[str] | None = None) -> Scope:
    return Scope(
        purposes=frozenset(_terms(PurposeId, purposes)) if purposes else None,
        parties=frozenset(_party(each) for each in parties) if parties else None,
        elements=frozenset(_terms(ElementName, elements)) if elements else None,
    )


_T = TypeVar("_T", bound=Term)


def _terms(kind: type[_T], words: Iterable[str]) -> list[_T]:
    try:
        return [kind(word) for word in words]
    except ValueError:
        raise Malformed("This is no name of the policy set.", "A name is a lower-case word.", "See the policy set.") from None


def _notice(name: str | None, file: Path | None) -> Notice | None:
    if (name is None) != (file is None):
        raise Misconfigured(
            "The notice is given in part.", "--notice and --notice-file belong together.", "Give both, or none."
        )
    if name is None or file is None:
        return None
    ref, _, version = name.partition("/")
    try:
        words = file.read_bytes()
    except OSError:
        raise Misconfigured("The notice cannot be read.", "Its file is missing.", "Check the path.") from None
    (known,) = _terms(Term, [ref])
    try:
        return Notice(id=known, version=version, sha256=hashlib.sha256(words).hexdigest())
    except ValueError:
        raise Malformed("This is no version.", "A notice is named as id/version.", "Write it so.") from None


def _party(text: str) -> PartyId:
    try:
        return PartyId(text)
    except ValueError:
        raise Misconfigured("This is no party.", "A party id is a lower-case word.", "See parties.yaml.") from None


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Misconfigured("This is no date.", "A date is written yyyy-mm-dd.", "Write it so.") from None
