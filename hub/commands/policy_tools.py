"""The commands that look into a policy set: lint, test, explain, who-can, what-can, schema. They change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any, TypeVar

import orjson
import typer

from hub.consent.asked import read_question
from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.examples import run
from hub.consent.explain_decision import Reader, tell, told
from hub.consent.finding import Finding, Severity
from hub.consent.lint import as_finding, lint, placed
from hub.consent.model import PolicySet
from hub.consent.policy import load_policy, policy_files
from hub.consent.reach import Known, Reach, conditions, what_can, who_can
from hub.consent.remedy import remedies
from hub.consent.schema import schema_names, schema_text
from hub.domain.terms import ElementName, PartyId, Term
from hub.errors import Misconfigured

Guarded = Callable[[Callable[[], Any]], None]
"""Runs a command; an error of the hub ends it with its sentences."""
T = TypeVar("T", bound=Term)

_Set = Annotated[Path | None, typer.Argument(help="The policy directory; without it the one that HUB_POLICY names.")]
_Of = Annotated[Path | None, typer.Option("--set", help="The policy directory; without it the one that HUB_POLICY names.")]
_AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_On = Annotated[str | None, typer.Option("--on", help="On this day (2026-11-02); without it every day of the agreements.")]
_Age = Annotated[int | None, typer.Option("--age", help="Only for young people of this age.")]
_Gemeente = Annotated[str | None, typer.Option("--gemeente", help="Only who lives in this gemeente (code of four digits).")]
_School = Annotated[str | None, typer.Option("--school", help="Only this kind of school.")]


def policy_tool_commands(policy: typer.Typer, guarded: Guarded, chosen: Callable[[], Path], today: Callable[[], date]) -> None:
    """Adds the commands to `hub policy`. `chosen` is the installation's own policy directory."""
    _checking(policy, guarded, chosen, today)
    _asking(policy, guarded, chosen, today)

    @policy.command("schema")
    def schema(
        directory: Annotated[Path, typer.Argument(help="Where the schemas are written.")],
        ids: Annotated[Path | None, typer.Option("--ids", help="Offer the ids of the policy set in this directory.")] = None,
    ) -> None:
        """Writes a JSON Schema for each kind of policy file, for editors that complete and check."""

        def work() -> None:
            known = None if ids is None else load_policy(ids)
            try:
                directory.mkdir(parents=True, exist_ok=True)
                for name in schema_names():
                    (directory / f"{name}.json").write_text(schema_text(name, known), "utf-8")
            except OSError:
                raise Misconfigured("The schemas cannot be written.", f"{directory} refuses.", "Choose another.") from None
            typer.echo(f"{len(schema_names())} schemas in {directory}")

        guarded(work)


def _checking(policy: typer.Typer, guarded: Guarded, chosen: Callable[[], Path], today: Callable[[], date]) -> None:
    @policy.command("lint", epilog="Exit status: 0 no errors, 1 errors.")
    def linted(directory: _Set = None, on: _On = None, as_json: _AsJson = False) -> None:
        """Says what is wrong, about to lapse, or without effect in a policy set, and what to do about it."""

        def work() -> None:
            where = directory or chosen()
            found = _findings(where, today() if on is None else _day(on))
            if as_json:
                _json([_plain(one) for one in found])
            else:
                typer.echo("\n".join(_lint_lines(found)) or "niets gevonden")
            if any(one.severity is Severity.error for one in found):
                raise typer.Exit(1)

        guarded(work)

    @policy.command("test", epilog="Exit status: 0 all as expected, 1 otherwise.")
    def tested(directory: _Set = None, as_json: _AsJson = False) -> None:
        """Runs the tests that stand beside each agreement."""

        def work() -> None:
            found = load_policy(directory or chosen())
            table = compile_policy(found)
            ran = [one for agreement in found.agreements for one in run(found, table, agreement)]
            failed = [one for one in ran if one.faults]
            if as_json:
                told = [{"agreement": one.agreement.id, "name": one.example.name, "faults": one.faults} for one in ran]
                _json({"policy": found.hash, "tests": len(ran), "failed": len(failed), "results": told})
            else:
                for one in ran:
                    typer.echo(f"{'FOUT ' if one.faults else 'goed '} {one.agreement.id}: {one.example.name}")
                    for fault in one.faults:
                        typer.echo(f"        {fault}")
                typer.echo(f"{len(ran)} tests, {len(failed)} fout")
            if failed:
                raise typer.Exit(1)

        guarded(work)


def _asking(policy: typer.Typer, guarded: Guarded, chosen: Callable[[], Path], today: Callable[[], date]) -> None:
    @policy.command("explain")
    def explained(
        question: Annotated[Path | None, typer.Argument(help="A file with the question; or use the options.")] = None,
        record: Annotated[str | None, typer.Option(help="The record kind.")] = None,
        path: Annotated[str | None, typer.Option(help="Who gives to whom: duo,doorstroompunt-lindemark")] = None,
        on: Annotated[str | None, typer.Option("--on", help="The day; today without it.")] = None,
        purpose: Annotated[str | None, typer.Option(help="The purpose.")] = None,
        element: Annotated[list[str] | None, typer.Option(help="An element that is asked for; repeat for more.")] = None,
        given: Annotated[list[str] | None, typer.Option(help="A fact: age=17, gemeente='9001'; repeat for more.")] = None,
        reader: Annotated[Reader, typer.Option("--for", help="Who reads it.")] = Reader.medewerker,
        opened: Annotated[bool, typer.Option("--opened", help="The sealed facts were opened for the FG.")] = False,
        directory: _Of = None,
        as_json: _AsJson = False,
    ) -> None:
        """Asks the policy a question, and says why, what stays behind, and the smallest change that would permit."""

        def work() -> None:
            found = load_policy(directory or chosen())
            if question is not None:
                file, text = str(question), _text(question)
            else:
                file = "the options"
                text = _question(record, path, on or today().isoformat(), purpose, element, given)
            asked = read_question(file, text, found)
            decision = ask(compile_policy(found), [asked])[0]
            remedy = remedies(found, asked) if decision.grant is None else None
            if as_json:
                _json(told(found, decision, remedy, reader, opened=opened))
            else:
                typer.echo(tell(found, asked, decision, remedy, reader, opened=opened))

        guarded(work)

    @policy.command("who-can")
    def reaches(
        element: Annotated[str, typer.Argument(help="A data element, such as bsn.")],
        on: _On = None,
        age: _Age = None,
        gemeente: _Gemeente = None,
        school: _School = None,
        directory: _Of = None,
        as_json: _AsJson = False,
    ) -> None:
        """Lists everyone who can get an element: in which form, from whom, by which clause and on what conditions."""

        def work() -> None:
            found, name = load_policy(directory or chosen()), _term(ElementName, element)
            if name not in found.elements:
                raise Misconfigured(f"{name} is no element of this set.", "Nobody can get it.", "See elements/.")
            known = _known(found, on, age, gemeente, school)
            ways = who_can(found, compile_policy(found), name, known)
            _show(found, ways, (name,), as_json, f"niemand kan {name} krijgen")

        guarded(work)

    @policy.command("what-can")
    def does(
        party: Annotated[str, typer.Argument(help="A party, such as duo.")],
        on: _On = None,
        age: _Age = None,
        gemeente: _Gemeente = None,
        school: _School = None,
        directory: _Of = None,
        as_json: _AsJson = False,
    ) -> None:
        """Lists what a party can give and receive: from and to whom, by which clause and on what conditions."""

        def work() -> None:
            found, name = load_policy(directory or chosen()), _term(PartyId, party)
            if name not in found.parties:
                raise Misconfigured(f"{name} is no party of this set.", "It gives and gets nothing.", "See parties.yaml.")
            ways = what_can(found, compile_policy(found), name, _known(found, on, age, gemeente, school))
            _show(found, ways, None, as_json, f"{name} kan niets geven en niets krijgen")

        guarded(work)


def _findings(directory: Path, day: date) -> list[Finding]:
    try:
        return placed(lint(load_policy(directory), day), policy_files(directory))
    except Misconfigured as refusal:
        return [as_finding(refusal)]


def _plain(one: Finding) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}


def _lint_lines(found: Iterable[Finding]) -> Iterable[str]:
    words = {Severity.error: "FOUT", Severity.warning: "LET OP", Severity.note: "TIP"}
    for one in found:
        about = one.clause or one.row or one.agreement or ""
        where = f"{one.file}:{one.line} " if one.file else ""
        yield f"{words[one.severity]:<7}{one.code} {where}{about}"
        yield f"       {one.what}"
        yield f"       {one.why}"
        yield f"       -> {one.fix}"


def _show(found: PolicySet, ways: list[Reach], only: tuple[ElementName, ...] | None, as_json: bool, none: str) -> None:
    if as_json:
        _json([_way(found, one, only) for one in ways])
        return
    for one in ways:
        step = one.step
        typer.echo(f"{' -> '.join(one.path)}\n    {step.clause.id}, {step.clause.article}")
        forms = ", ".join(f"{name} ({form.value})" for name, form in one.fields.items() if only is None or name in only)
        typer.echo(f"    {forms}")
        for condition in conditions(found, one):
            typer.echo(f"    - {condition}")
    if not ways:
        typer.echo(none)


def _way(found: PolicySet, one: Reach, only: tuple[ElementName, ...] | None) -> dict[str, Any]:
    return {
        "path": one.path,
        "agreement": one.step.agreement.id,
        "clause": one.step.clause.id,
        "purpose": one.step.clause.purposes[0],
        "fields": {str(name): form.value for name, form in one.fields.items() if only is None or name in only},
        "ages": one.ages,
        "from": [day.isoformat() for day in one.days],
        "conditions": list(conditions(found, one)),
    }


def _known(found: PolicySet, on: str | None, age: int | None, gemeente: str | None, school: str | None) -> Known:
    homes = {home.code for region in found.regions for home in region.gemeenten}
    if gemeente is not None and gemeente not in homes:
        raise Misconfigured("No region has this gemeente.", "A code has four digits.", "See regions/.")
    return Known(age, gemeente, school, None if on is None else _day(on))


def _question(
    record: str | None, path: str | None, on: str, purpose: str | None, elements: list[str] | None, given: list[str] | None
) -> str:
    """The options as the file that they stand for."""
    if record is None or path is None:
        raise Misconfigured("It is not said what is asked.", "A question needs a record and a path.", "Give a file or options.")
    lines = [f"record: {record}", f"path: [{path}]", f"day: {on}"]
    if purpose is not None:
        lines.append(f"purpose: {purpose}")
    if elements:
        lines.append(f"elements: [{', '.join(elements)}]")
    facts = dict(fact.partition("=")[::2] for fact in given or ())
    home = facts.get("gemeente", "null")
    facts["gemeente"] = f"'{home}'" if home.isdigit() else home  # a shell takes away the quotes that make a code of a number
    return "\n".join([*lines, "given:", *(f"  {name}: {value}" for name, value in facts.items())])


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Misconfigured("This is no day.", "A day is written as 2026-11-02.", "Correct --on.") from None


def _term(kind: type[T], text: str) -> T:
    try:
        return kind(text)
    except ValueError:
        raise Misconfigured("This is no id.", "An id is a lower-case word.", "See the policy files.") from None


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Misconfigured("The question cannot be read.", "Its file is missing or not UTF-8.", "Check the path.") from None


def _json(content: Any) -> None:
    typer.echo(orjson.dumps(content, str, orjson.OPT_INDENT_2).decode())
