"""`hub audit search`, `signals` and `review`: the log asked, what is unusual in it, and the monthly list to look through."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

import orjson
import typer

from hub.app import Hub
from hub.audit.entry import EntryKind
from hub.audit.search import Choices, Line, Page, Selection
from hub.audit.search.hours import begins
from hub.audit.search.lines import REFUSED, WAITING
from hub.audit.search.review import Month
from hub.clock import legal_date, rfc3339
from hub.commands.reading import WithHub
from hub.console.officer.choosing import Chosen, worded
from hub.console.officer.viewing import told
from hub.domain.terms import Micros, TraceId
from hub.errors import Misconfigured
from hub.regions import where
from hub.rights import evidence

_DAY: Final = ["%Y-%m-%d"]
_Word = Annotated[str | None, typer.Option()]
_From = Annotated[datetime | None, typer.Option("--from", formats=_DAY, help="The first day, as 2026-11-01.")]
_Until = Annotated[datetime | None, typer.Option("--until", formats=_DAY, help="The last day, which counts.")]
_Json = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
_Month = Annotated[str, typer.Argument(help="The month, as 2026-10.")]


def searching_commands(audit: typer.Typer, with_hub: WithHub) -> None:
    """Adds the commands to `hub audit`."""
    audit.add_typer(_review(with_hub), name="review")

    @audit.command("search")
    def search(
        kind: _Word = None,
        operation: _Word = None,
        recipient: _Word = None,
        source: _Word = None,
        purpose: _Word = None,
        basis: _Word = None,
        element: Annotated[str | None, typer.Option(help="A data element, with its form (postcode:raw) or without.")] = None,
        outcome: _Word = None,
        reason: _Word = None,
        staff: _Word = None,
        actor: _Word = None,
        trace: Annotated[str | None, typer.Option(help="A trace id: 32 hexadecimal digits.")] = None,
        words: Annotated[str | None, typer.Option(help="Dutch words in a reason, such as 'geen toestemming'.")] = None,
        first: _From = None,
        last: _Until = None,
        limit: Annotated[int, typer.Option(min=1, max=500, help="Lines on a page.")] = 50,
        after: Annotated[str | None, typer.Option(help="The 'next' of the page before.")] = None,
        proofs: Annotated[
            bool, typer.Option(help="With --json: each entry with its proof; an export, and logged as one.")
        ] = False,
        as_json: _Json = False,
    ) -> None:
        """A page of the log as of a signed checkpoint, newest first. That it was asked is in the log before it is answered."""
        asked = Selection(
            kind, operation, recipient, source, purpose, basis, outcome, reason, staff,
            from_us=None if first is None else begins(first.date()),
            until_us=None if last is None else begins(last.date() + timedelta(days=1)),
            element=element, actor=actor, trace=trace,
        )  # fmt: skip

        async def work(hub: Hub) -> None:
            if proofs and not as_json:
                raise Misconfigured("Proofs are told in JSON.", "--proofs stands alone.", "Add --json.")
            if first and last and last < first:
                raise Misconfigured("No day was asked for.", "--until lies before --from.", "Turn them round.")
            if trace is not None:
                _trace(trace)
            _check_known(await hub.search.choices(), asked)
            selection = asked if words is None else await _worded(hub, asked, words)
            page = await hub.search.page(selection, after=after, limit=limit)
            kind_of = EntryKind.export if proofs else EntryKind.access
            said = {**told(selection), "count": len(page.lines)}
            bundle = await evidence.bundle(hub.log, [line.ref for line in page.lines]) if proofs and page.lines else b"null"
            try:
                await hub.notes.write(kind_of, "export" if proofs else "read-log", "selection" if proofs else "log", said)
            except ValueError:
                raise Misconfigured("This is no word of the log.", "A word or code has letters first.", "Correct it.") from None
            if as_json:
                answer = {**_page(page), **({"evidence": orjson.Fragment(bundle)} if proofs else {})}
                typer.echo(orjson.dumps(answer, str, orjson.OPT_INDENT_2).decode())
            else:
                typer.echo(_table(page))

        with_hub(work)

    @audit.command("signals")
    def signals(as_json: _Json = False) -> None:
        """What is unusual, about systems and staff: why it matters, and how to see the entries."""

        async def work(hub: Hub) -> None:
            while await hub.search.catch_up():
                pass
            policy, now = hub.rules.policy, hub.clock.now_us()
            names = {str(party.id): party.name for party in policy.parties.values()}
            found = await hub.search.signals(now, names, where(policy.regions, legal_date(now)))
            if as_json:
                typer.echo(orjson.dumps([asdict(one) for one in found], str, orjson.OPT_INDENT_2).decode())
                return
            typer.echo("\n\n".join(f"{one.what}\n  {one.why}\n  {_options(one.selection)}" for one in found) or "none")

        with_hub(work)


def _review(with_hub: WithHub) -> typer.Typer:
    review = typer.Typer(help="The monthly sample of the log that an officer looks through.", no_args_is_help=True)

    @review.command("list")
    def every(as_json: _Json = False) -> None:
        """The lists there are, and which are signed off."""

        async def work(hub: Hub) -> None:
            lists = await hub.reviews.every()
            if as_json:
                rows = [_list(one) for one in lists]
                typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2).decode())
                return
            rows_of = (f"{one.month}  {one.size - one.first:>9} entries  {_signed(one.signed_us)}" for one in lists)
            typer.echo("\n".join(rows_of) or "none")

        with_hub(work)

    @review.command("draw")
    def draw(month: _Month) -> None:
        """Draws the list of a month that is over, by a rule that nobody can steer."""

        async def work(hub: Hub) -> None:
            drawn = await hub.reviews.draw(_month(month))
            typer.echo(f"the list of {drawn.month} is drawn under the root {drawn.root.hex()} of {drawn.size} entries")

        with_hub(work)

    @review.command("show")
    def show(month: _Month, as_json: _Json = False) -> None:
        """The lines of a list, and what was said of each."""

        async def work(hub: Hub) -> None:
            drawn, items = await hub.reviews.one(_month(month))
            if as_json:
                lines = [{**asdict(item), "ref": None if line is None else line.ref} for item, line in items]
                typer.echo(orjson.dumps({**_list(drawn), "lines": lines}, str, orjson.OPT_INDENT_2).decode())
                return
            for item, line in items:
                typer.echo(f"{item.seq:>12}  {item.kind:<11} {str(line.ref) if line else 'pruned':<36}  {item.reason or '-'}")

        with_hub(work)

    @review.command("check")
    def check(month: _Month) -> None:
        """Draws a list again, and says whether it comes out the same."""

        async def work(hub: Hub) -> None:
            drawn = await hub.reviews.check(_month(month))
            typer.echo(f"the list of {drawn.month} is the one that the rule draws")

        with_hub(work)

    return review


def _list(drawn: Any) -> dict[str, Any]:
    return {
        "month": str(drawn.month),
        "first": drawn.first,
        "size": drawn.size,
        "root": drawn.root.hex(),
        "each": drawn.each,
        "signed": None if drawn.signed_us is None else rfc3339(drawn.signed_us),
        "digest": None if drawn.digest is None else drawn.digest.hex(),
    }


def _signed(us: int | None) -> str:
    return "open" if us is None else "signed off"


def _check_known(choices: Choices, asked: Selection) -> None:
    """A word that the log never held finds nothing, which is easily read as: it never happened."""
    known = {
        "kind": {*choices.kinds, *EntryKind},
        "operation": choices.operations,
        "recipient": choices.recipients,
        "source": choices.sources,
        "purpose": choices.purposes,
        "basis": choices.bases,
        "element": choices.elements,
        "outcome": {*choices.outcomes, WAITING, REFUSED},
        "reason": choices.reasons,
        "actor": choices.actors,
    }
    for name, words in known.items():
        if (word := getattr(asked, name)) is not None and word not in words:
            raise Misconfigured(
                f"No entry of the log has that {name}.",
                "It is spelled another way, or it never occurred.",
                f"The log has: {', '.join(sorted(words)) or 'none'}.",
            )


async def _worded(hub: Hub, asked: Selection, text: str) -> Selection:
    words = text.split()
    if not words or not all(word.isalpha() for word in words):
        raise Misconfigured("These words cannot be searched for.", "They hold more than letters.", "Give Dutch words.")
    picked = await worded(Chosen(asked, {}, (), tuple(words)), hub.search, hub.rules.policy)
    for reason in picked.unseen:
        why = "sealed, look at PERSOONLIJK" if reason.personal else "in no entry"
        typer.echo(f"not searched: {reason.code} ({why}): {reason.text_nl}", err=True)
    return picked.selection


def _trace(text: str) -> None:
    try:
        TraceId(text)
    except ValueError:
        raise Misconfigured("This is no trace id.", "One is 32 hexadecimal digits.", "Take it from the caller's log.") from None


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError:
        raise Misconfigured("This is no month.", "One is written as 2026-10.", "Correct it.") from None


def _page(page: Page) -> dict[str, Any]:
    return {
        "size": page.size,
        "checkpoint": page.checkpoint,
        "total": page.total,
        "more": page.more,
        "behind": page.behind,
        "next": page.next,
        "lines": [asdict(line) for line in page.lines],
    }


def _table(page: Page) -> str:
    more = "more than " if page.more else ""
    last = f"\nnext: --after {page.next}" if page.next else ""
    rows = "\n".join(map(_row, page.lines))
    told_of = f"{more}{page.total} entries, as of the checkpoint over {page.size} with root {page.root}{last}"
    return f"{rows}\n{told_of}" if rows else told_of


def _row(line: Line) -> str:
    who = line.staff or line.source or line.actor
    return (
        f"{line.seq:>10}  {rfc3339(line.us)[:19]}  {line.kind:<13}{who:<28}{line.recipient:<32}{line.outcome or line.operation}"
    )


def _options(selection: Selection) -> str:
    """The search that shows these entries."""
    words = {name: word for name, word in asdict(selection).items() if isinstance(word, str)}
    days = [("from", selection.from_us), ("until", None if selection.until_us is None else selection.until_us - 1)]
    told_days = [f"--{name} {legal_date(Micros(us))}" for name, us in days if us is not None]
    return " ".join(["hub audit search", *(f"--{name} {word}" for name, word in words.items()), *told_days])
