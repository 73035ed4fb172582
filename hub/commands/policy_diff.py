"""`hub policy diff | replay | retro`: what another policy set changes, for whom, and what it says of the past."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Coroutine, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import typer

from hub.app import Hub
from hub.clock import legal_date
from hub.consent.diff import Change, Diff, diff, summary
from hub.consent.model import PolicySet
from hub.consent.policy import load_policy
from hub.consent.scales import Mark, No, Scale, Yes
from hub.domain.terms import Form, Micros, PartyId
from hub.errors import Misconfigured
from hub.replay.answer import Replayed, Turn, Wrong, people
from hub.replay.service import Counted, Replays

WithHub = Callable[[Callable[[Hub], Coroutine[Any, Any, None]]], None]
"""Runs work over an open hub; an error of the hub ends the command with its sentences."""
Guarded = Callable[[Callable[[], Any]], None]
"""Runs a command without a hub; an error of the hub ends it with its sentences."""
WIDENS = 3
"""Exit status where the second set lets more pass."""
MISMATCHED = 6
"""Exit status where an entry of the log is not what its own set leads to."""
_NAMED = 2
"""So many ways are named of those that change alike."""
Kinds = Mapping[PartyId, str]
_LEGAL = ZoneInfo("Europe/Amsterdam")
_AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_From = Annotated[str | None, typer.Option("--from", help="From this day on (2026-11-02).")]
_To = Annotated[str | None, typer.Option("--to", help="Up to and including this day.")]
_Candidate = Annotated[Path, typer.Option(help="The policy directory to compare with.")]
_FACTS = {
    "age": "leeftijd",
    "overleden": "overleden",
    "startkwalificatie": "startkwalificatie",
    "ingeschreven": "ingeschreven",
    "indicatie_geheim": "geheim adres",
    "onderwijssoort": "onderwijssoort",
    "datum_diploma": "diploma",
    "gemeente": "gemeente",
    "has_bsn": "BSN bekend",
}
_WORDS: Mapping[object, str] = {True: "ja", False: "nee", None: "onbekend", "other": "anders"}


def policy_diff_commands(policy: typer.Typer, with_hub: WithHub, guarded: Guarded) -> None:
    """Adds the commands to `hub policy`."""

    @policy.command("diff", epilog="Exit status: 0 nothing is wider, 3 the second set lets more pass.")
    def compare(
        a: Annotated[Path, typer.Argument(help="The policy directory in use.")],
        b: Annotated[Path, typer.Argument(help="The policy directory that takes its place.")],
        count: Annotated[bool, typer.Option("--people", help="Count the young people in the data whom it touches.")] = False,
        as_json: _AsJson = False,
    ) -> None:
        """Says exactly what another policy set lets pass more and less: to whom, about whom, which fields, on which days."""
        found: list[Diff] = []

        def work() -> None:
            one, other = load_policy(a), load_policy(b)
            found.append(diff(one, other))
            _show(found[0], _kinds_in(one, other), None, as_json=as_json)

        async def counting(hub: Hub) -> None:
            one, other = load_policy(a), load_policy(b)
            found.append(diff(one, other))
            today = legal_date(hub.clock.now_us())
            counted = await _replays(hub).people(one, other, found[0], today, None, _progress)
            _show(found[0], _kinds_in(one, other), counted, as_json=as_json)

        if count:
            with_hub(counting)
        else:
            guarded(work)
        if found and found[0].wider:
            raise typer.Exit(WIDENS)

    @policy.command("replay", epilog="Exit status: 0 each set leads to its own entries, 6 some entry was not decided so.")
    def replay(candidate: _Candidate, since: _From = None, until: _To = None, as_json: _AsJson = False) -> None:
        """Decides every decision in the log again under another policy set, from the facts that were sealed beside it."""

        async def work(hub: Hub) -> None:
            span = _span(since, until)
            done = await _replays(hub).replay(load_policy(candidate), hub.policy.hash, *span, None, _progress)
            typer.echo(_json(_plain_replay(done)) if as_json else "\n".join(_replay_lines(done)))
            mismatches.append(done.mismatches)

        mismatches: list[int] = []
        with_hub(work)
        if any(mismatches):
            raise typer.Exit(MISMATCHED)

    @policy.command(
        "retro",
        epilog="It sees statements as they are known today, and the dates of birth and of a diploma in a later record about the"
        " same young person. It does not see other facts that turned out wrong, nor decisions on a question that a partner"
        " asked: those handed nothing over.",
    )
    def retro(
        candidate: _Candidate,
        since: _From = None,
        until: _To = None,
        as_json: Annotated[bool, typer.Option("--json", help="Write JSON lines instead of CSV.")] = False,
    ) -> None:
        """Lists deliveries that were handed over and would be refused now, as a worksheet for a breach: CSV, or JSON lines."""

        async def work(hub: Hub) -> None:
            if not as_json:
                typer.echo(_csv(_COLUMNS))
            async for wrong in _replays(hub).retro(load_policy(candidate), *_span(since, until), None, _progress):
                row = _worksheet(wrong)
                typer.echo(orjson.dumps(row).decode() if as_json else _csv(_cell(row[name]) for name in _COLUMNS))

        with_hub(work)


def _replays(hub: Hub) -> Replays:
    return Replays(hub.engine, hub.log_id, hub.vault, hub.notes, hub.acts, hub.digests)


def _progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done} / {of}", nl=False, err=True)


def _span(since: str | None, until: str | None) -> tuple[Micros | None, Micros | None]:
    return _midnight(since, 0), _midnight(until, 1)


def _midnight(text: str | None, days: int) -> Micros | None:
    if text is None:
        return None
    try:
        day = date.fromordinal(date.fromisoformat(text).toordinal() + days)
    except ValueError:
        raise Misconfigured("This is no day.", "A day is written as 2026-11-02.", "Correct it.") from None
    moment = datetime(day.year, day.month, day.day, tzinfo=_LEGAL)
    return Micros(int(moment.timestamp()) * 1_000_000)


def _json(what: Any) -> str:
    return orjson.dumps(what, str, orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS).decode()


def _kinds_in(*policies: PolicySet) -> Kinds:
    return {name: party.kind.value for policy in policies for name, party in policy.parties.items()}


def _show(found: Diff, kind_of: Kinds, counted: Counted | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(_json(_plain(found, counted)))
        return
    said = summary(found)
    typer.echo(f"van {said.before}\nnaar {said.after}\n")
    places = {change: place for place, change in enumerate(found.changes)}
    if not found.changes:
        typer.echo("Er verandert niets.")
    for title, part in (("Ruimer", found.wider), ("Krapper", found.narrower), ("Anders", found.changed)):
        if part:
            typer.echo(f"{title} ({len(part)}, elk apart met --json)")
            alike: dict[Hashable, list[Change]] = {}
            for change in part:
                kinds = " > ".join(kind_of.get(party, party) for party in change.way)
                alike.setdefault((kinds, change.record, change.purpose, change.marks("age")), []).append(change)
            for changes in alike.values():
                lines = [f"  {_ways(changes)}", *_lines(changes)]
                if counted is not None:
                    number = sum(counted.per_change.get(places[change], 0) for change in changes)
                    lines.append(f"      jongeren, per weg geteld: {people(number)}")
                typer.echo("\n".join([*lines, ""]))
    if found.special:
        typer.echo(f"Nieuwe bijzondere gegevens: {', '.join(found.special)}")
    if counted is not None:
        typer.echo(
            f"Jongeren in de gegevens: {people(counted.persons)}. Over {people(counted.gain)} gaat meer door, over"
            f" {people(counted.lose)} minder (op {counted.day})."
        )
    typer.echo(f"{found.cells} gevallen vergeleken")


def _lines(changes: Sequence[Change]) -> Iterator[str]:
    """What changes alike on several ways, in short: what always holds, and what it hangs on beside; in full with --json."""
    first = changes[0]
    days = [day for change in changes for day in change.days]
    yield f"      {first.record}, doel {first.purpose or 'niet genoemd'}"
    yield f"      dagen: {_since(min(start for start, _ in days))} tot {max(end for _, end in days)}"
    told: dict[str, set[str]] = {}
    for change in changes:
        for scale, marks in change.where:
            if scale.fact != "gemeente":
                told.setdefault(_fact(scale), set()).add(_marks(scale, marks))
    everywhere = set.intersection(*({_fact(scale) for scale, _ in change.where} for change in changes))
    always = {fact: next(iter(said)) for fact, said in told.items() if len(said) == 1 and fact in everywhere}
    if always:
        yield f"      als: {'; '.join(f'{fact}: {said}' for fact, said in always.items())}"
    if hangs := [fact for fact in told if fact not in always]:
        yield f"      welke velden hangt af van: {', '.join(hangs)}"
    for sign, fields in (("+", [change.gained for change in changes]), ("-", [change.lost for change in changes])):
        if names := sorted({field for each in fields for field in each}):
            yield f"      {sign} {', '.join(name if form is Form.raw else f'{name} ({form.value})' for name, form in names)}"
    if special := sorted({name for change in changes for name in change.special}):
        yield f"      bijzonder: {', '.join(special)}"
    owed = [*(f"+ {each}" for change in changes for each in change.bound)]
    owed += [*(f"- {each}" for change in changes for each in change.released)]
    if owed:
        yield f"      plichten: {', '.join(dict.fromkeys(owed))}"
    yield from dict.fromkeys(line for change in changes for line in _otherwise(change))


def _otherwise(change: Change) -> Iterator[str]:
    """What is so now and was otherwise, where something passes on both sides."""
    before, after = change.before, change.after
    if before.fields and after.fields:
        for title, was, becomes in (
            ("bewaren", before.retention, after.retention),
            ("grondslag", ", ".join(before.bases), ", ".join(after.bases)),
            ("doel", before.purpose, after.purpose),
        ):
            if was != becomes:
                yield f"      {title}: {was} wordt {becomes}"


def _ways(changes: Sequence[Change]) -> str:
    """Between whom, of parties of one kind: the first few by name."""
    ways = list(dict.fromkeys(" > ".join(change.way) for change in changes))
    if len(ways) <= _NAMED:
        return ", ".join(ways)
    return f"{', '.join(ways[:_NAMED])} en nog {len(ways) - _NAMED}"


def _since(day: date) -> str:
    return "altijd" if day == date.min else str(day)


def _fact(scale: Scale) -> str:
    """What is read, in words; a statement with the purpose that it must count for."""
    meant = f" voor {scale.purpose}" if isinstance(scale, Yes | No) else ""
    return _FACTS.get(scale.fact, scale.fact) + meant


def _marks(scale: Scale, marks: frozenset[Mark]) -> str:
    """What may stand there, in words; ages as spans."""
    if scale.fact == "age":
        return ", ".join(f"{first}" if first == last else f"{first} tot en met {last}" for first, last in _spans(marks))
    months = getattr(scale, "months", ())
    years = getattr(scale, "years", ())
    told = sorted(_mark(mark, months, years) for mark in marks)
    return ", ".join(told)


def _mark(mark: Mark, months: Sequence[int], years: Sequence[int]) -> str:
    if isinstance(mark, tuple):
        return _passed(mark[1], [f"{each} maanden" for each in months])
    if years and isinstance(mark, int):
        return _passed(mark, [f"{each} jaar" for each in years])
    return _WORDS[mark] if mark in _WORDS else str(mark)


def _passed(number: int, terms: Sequence[str]) -> str:
    if number < 0:
        return "in de toekomst"
    return f"tot en met {terms[number]} geleden" if number < len(terms) else f"langer dan {terms[-1]} geleden"


def _spans(ages: Iterable[Mark]) -> Iterator[tuple[int, int]]:
    numbers = sorted(age for age in ages if isinstance(age, int))
    first = last = None
    for age in numbers:
        if last is not None and first is not None and age != last + 1:
            yield first, last
            first = None
        first, last = age if first is None else first, age
    if first is not None and last is not None:
        yield first, last


def _plain(found: Diff, counted: Counted | None) -> dict[str, Any]:
    whole = None if counted is None else {name: people(getattr(counted, name)) for name in ("persons", "gain", "lose")}
    changes = []
    for number, change in enumerate(found.changes):
        told: dict[str, Any] = {
            "way": list(change.way),
            "record": change.record,
            "purpose": change.purpose,
            "widens": change.widens,
            "narrows": change.narrows,
            "days": [[start, end] for start, end in change.days],
            "where": [{"fact": scale.fact, "is": _json_marks(scale, marks)} | _scope(scale) for scale, marks in change.where],
            "gained": {str(name): form for name, form in change.gained},
            "lost": {str(name): form for name, form in change.lost},
            "special": list(change.special),
            "before": _effect(change.before),
            "after": _effect(change.after),
        }
        if counted is not None:
            told["people"] = people(counted.per_change.get(number, 0))
        changes.append(told)
    return {**asdict(summary(found)), "special": list(found.special), "cells": found.cells, "people": whole, "changes": changes}


def _effect(effect: Any) -> dict[str, Any]:
    return {**asdict(effect), "fields": {str(name): form for name, form in effect.fields}}


def _json_marks(scale: Scale, marks: frozenset[Mark]) -> Any:
    if scale.fact == "age":
        return [list(span) for span in _spans(marks)]
    return _marks(scale, marks).split(", ")


def _scope(scale: Scale) -> dict[str, Any]:
    """For what a statement must count: its purpose, and to whom it goes or is addressed."""
    match scale:
        case Yes():
            return {"purpose": scale.purpose, "recipient": scale.recipient, "selfFrom": scale.self_from}
        case No():
            return {"purpose": scale.purpose, "addressed": sorted(scale.addressed)}
        case _:
            return {}


def _replay_lines(done: Replayed) -> Iterator[str]:
    yield f"logboek van {done.size} regels, in gebruik {done.in_use}\nkandidaat {done.candidate}\n"
    if done.mismatches:
        yield f"LET OP. Anders besloten dan het logboek zegt: {done.mismatches}. Meld dit aan de privacyfunctionaris:"
        yield from (f"  {ref}" for ref in done.mismatched)
    yield f"opnieuw besloten: {done.decided}"
    for turn, title in (
        (Turn.deny_to_permit, "Nee wordt ja"),
        (Turn.permit_to_deny, "Ja wordt nee"),
        (Turn.fields, "Andere velden"),
        (Turn.other, "Andere grond of reden"),
        (Turn.same, "Hetzelfde"),
    ):
        yield f"{title}: {done.counted(turn)}"
        if turn is Turn.same:
            continue
        for kind, count in sorted(done.kinds.items(), key=lambda each: -each[1]):
            if kind.turn is turn:
                fields = " ".join([*(f"+{name}" for name in kind.gained), *(f"-{name}" for name in kind.lost)])
                clauses = f"{kind.clause_then or '-'} > {kind.clause_now or '-'}"
                yield f"  {count:>8}  {kind.recipient}  {clauses}  {fields or ' '.join(kind.reasons)}"
    for why, count in sorted(done.left.items()):
        yield f"niet opnieuw te besluiten ({why.value}): {count}"
    yield "Dit geldt niet meer zodra het logboek groeit of een andere set in gebruik komt."


def _plain_replay(done: Replayed) -> dict[str, Any]:
    return {
        "candidate": done.candidate,
        "inUse": done.in_use,
        "size": done.size,
        "decided": done.decided,
        "turns": {turn.value: done.counted(turn) for turn in Turn},
        "kinds": [{**asdict(kind), "count": count} for kind, count in done.kinds.items() if kind.turn is not Turn.same],
        "left": {why.value: count for why, count in done.left.items()},
        "mismatches": done.mismatches,
        "mismatched": [str(ref) for ref in done.mismatched],
    }


_COLUMNS = (
    *("delivery", "recipient", "source", "clause", "policy", "why", "elements", "reasons"),
    *("handedOver", "acknowledged"),
)


def _worksheet(wrong: Wrong) -> dict[str, Any]:
    return {
        "delivery": str(wrong.delivery),
        "recipient": wrong.recipient,
        "source": wrong.source,
        "clause": wrong.clause,
        "policy": wrong.policy,
        "why": wrong.why.value,
        "elements": list(wrong.elements),
        "reasons": list(wrong.reasons),
        "handedOver": _moment(wrong.handed_us),
        "acknowledged": None if wrong.acknowledged_us is None else _moment(wrong.acknowledged_us),
    }


def _moment(us: Micros) -> str:
    return datetime.fromtimestamp(us / 1_000_000, UTC).isoformat(timespec="seconds")


def _cell(value: Any) -> str:
    return "" if value is None else " ".join(value) if isinstance(value, list) else str(value)


def _csv(cells: Iterable[str]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
