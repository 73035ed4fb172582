"""`/functionaris/bewaren`: what the log keeps and how long, what stands against removal, and what goes by a decision of two.

No person is named: counts per purpose and kind, and holds by what they are about. A hold about a person is opened where
persons are looked up; here it is one of the list.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.console.desk import OfficerDesk
from hub.console.form import Fields
from hub.console.gate import Gate
from hub.console.navigation import AGREEING
from hub.console.officer import words
from hub.console.officer.choosing import Options
from hub.console.page import go, render
from hub.console.table import Badge, Column, Link, Moment, Row, Table, asks_csv, csv_of, table_of
from hub.console.words import Tone
from hub.domain.staff import Role, Staff
from hub.domain.terms import PurposeId
from hub.errors import Malformed, Refused
from hub.retention.holds import LIFTERS, OPENERS
from hub.retention.model import Act, Hold, HoldKind, Plan, Proposal, Scope, Standing
from hub.retention.service import Retention

KEEPING: Final = "/functionaris/bewaren"
_CRUMBS: Final = (Link("Functionaris", "/functionaris"),)
_KINDS: Final = MappingProxyType({HoldKind.breach: "Datalek", HoldKind.legal_hold: "Geschil of onderzoek"})
_SCOPES: Final = MappingProxyType(
    {Scope.all: "Alles", Scope.party: "Eén organisatie", Scope.purpose: "Eén doel", Scope.person: "Eén persoon"}
)
_STANDINGS: Final[Mapping[Standing, str]] = MappingProxyType(
    {
        Standing.due: "Termijn voorbij",
        Standing.gone: "Al gewist",
        Standing.young: "Termijn loopt",
        Standing.held_by_recipient: "Ontvanger heeft de gegevens nog",
        Standing.unfinished: "Nog niet afgerond",
        Standing.hold: "Bewaarplicht",
        Standing.unknown: "Niet te bepalen",
        Standing.no_term: "Geen termijn",
        Standing.in_use: "Nog in gebruik",
        Standing.forever: "Blijft altijd",
    }
)
_TERMS: Final = (
    Column("wat", "Wat"),
    Column("doel", "Doel"),
    Column("jaren", "Jaren", number=True),
    Column("tekst", "Uitleg"),
    Column("wet", "Wet"),
    Column("nagegaan", "Nagegaan"),
)
_COUNTS: Final = (
    Column("doel", "Doel"),
    Column("soort", "Soort regel"),
    *(Column(each.value.replace("-", ""), label, number=True) for each, label in _STANDINGS.items()),
)
_HOLDS: Final = (
    Column("waarom", "Waarom"),
    Column("waarover", "Waarover"),
    Column("sinds", "Sinds"),
    Column("door", "Door"),
    Column("tot", "Opgeheven"),
)
_PROPOSED: Final = (
    Column("wat", "Voorstel"),
    Column("regels", "Regels", number=True),
    Column("op", "Voorgesteld op"),
    Column("door", "Door"),
    Column("stand", "Stand"),
)
_NOT_DONE: Final = (
    "Uw rol mag dit niet, iemand anders moet het doen, of er is intussen iets veranderd. Bekijk de lijsten hieronder."
)
_NOTHING_HELD: Final = "Kies de organisatie of het doel waar de bewaarplicht over gaat. Er is nu niets vastgelegd."
_NAMED: Final = MappingProxyType({Scope.party: "organisatie", Scope.purpose: "bewaardoel"})


class _Unknown(Exception):
    """A hold was asked about an organisation or a purpose that nothing names."""


class RetentionPages:
    """The page about keeping and removing. Looking takes a while on a long log; nothing is removed by looking."""

    def __init__(self, officer: OfficerDesk, desk: Retention, gate: Gate) -> None:
        self._officer, self._desk, self._gate = officer, desk, gate

    async def every(self, request: Request) -> Response:
        """The terms, the holds, what could go, and what was proposed."""
        session = await self._gate.admit(request, *AGREEING)
        return await self._page(request, session.staff)

    async def act(self, request: Request) -> Response:
        """Opens or lifts a hold, proposes, or decides; each has roles of its own, which the desk behind the page checks too."""
        session, form = await self._gate.take(request, *AGREEING)
        try:
            done = await self._do(form, session.staff)
        except (Refused, Malformed):
            return await self._page(request, session.staff, 409, _NOT_DONE)
        except _Unknown:
            return await self._page(request, session.staff, 400, _NOTHING_HELD)
        return go(KEEPING, done)

    async def _do(self, form: Fields, staff: Staff) -> str:
        desk = self._desk
        match form.one("doe"):
            case "bewaarplicht" if form.one("waarom") in list(HoldKind) and form.one("waarover") in _OPEN:
                scope = Scope(form.one("waarover"))
                word = "" if scope is Scope.all else form.one(_NAMED[scope])
                if scope is not Scope.all and word not in dict((await self._named())[scope]):
                    raise _Unknown
                await desk.holds.open_hold(HoldKind(form.one("waarom")), scope, staff, word=word)
                return "bewaarplicht-vastgelegd"
            case "ophef":
                await desk.holds.lift_hold(_id(form, "welke"), staff)
                return "bewaarplicht-opgeheven"
            case "wissen":
                try:
                    purpose = PurposeId(form.one("doel"))
                except ValueError:
                    raise HTTPException(400) from None
                await desk.propose(purpose, staff)
                return "opschonen-voorgesteld"
            case "afknippen":
                await desk.propose_pruning(staff)
                return "opschonen-voorgesteld"
            case "besluit" if form.one("zeker") == "ja":
                finished = await desk.approve(_id(form, "voorstel"), staff)
                return "opgeschoond" if not finished.left else "deels-opgeschoond"
            case _:
                raise HTTPException(400)

    async def _named(self) -> dict[Scope, Options]:
        """The organisations and purposes that rules or entries name: a hold on anything else would hold nothing."""
        policy, choices = self._officer.policy, await self._officer.search.choices()
        parties = {*map(str, policy.parties), *choices.recipients, *choices.sources, *choices.actors}
        purposes = {*map(str, policy.purposes), *choices.purposes}
        return {
            Scope.party: sorted(((word, words.party(policy, word)) for word in parties), key=lambda row: row[1].casefold()),
            Scope.purpose: sorted(
                ((word, words.purpose(policy, word)) for word in purposes), key=lambda row: row[1].casefold()
            ),
        }

    async def _page(self, request: Request, staff: Staff, status: int = 200, wrong: str = "") -> Response:
        plan, proposals, holds = await self._desk.plan(), await self._desk.proposals(), await self._desk.holds.every()
        names = await self._officer.names()
        due = sorted({purpose for (purpose, _), counts in plan.counts.items() if counts[Standing.due]})
        open_ = [one for one in proposals if one.by is None]
        tables = {
            "terms": self._terms(request),
            "counts": self._counts(request, plan),
            "holds": _holds(request, self._officer, holds, names),
            "proposals": _proposals(request, self._officer, proposals, names),
        }
        for table in tables.values():
            if asks_csv(request, table.name):
                return csv_of(table, f"bewaren-{table.name}.csv")
        return render(
            request,
            "officer/retention.html",
            status,
            crumbs=_CRUMBS,
            wrong=wrong,
            **tables,
            plan=plan,
            prunable=plan.prefix - plan.pruned,
            purposes=[(str(each), words.purpose(self._officer.policy, each)) for each in due],
            standing=[(str(one.hold_id), _about(self._officer, one)) for one in holds if one.lifted_us is None],
            waiting=[
                (str(one.proposal_id), _proposed(self._officer, one)) for one in open_ if one.staff != str(staff.staff_id)
            ],
            causes=[(each.value, label) for each, label in _KINDS.items()],
            scopes=[(each.value, _SCOPES[each]) for each in _OPEN],
            named={_NAMED[each]: [("", "Kies"), *rows] for each, rows in (await self._named()).items()},
            may_open=not staff.roles.isdisjoint(OPENERS),
            may_lift=not staff.roles.isdisjoint(LIFTERS),
            may_propose=Role.privacy_officer in staff.roles,
            may_decide=Role.decision_maker in staff.roles,
            here=KEEPING,
        )

    def _terms(self, request: Request) -> Table:
        policy = self._officer.policy
        rows: list[Row] = [
            (
                words.KINDS.get(term.kind, term.kind),
                words.purpose(policy, str(term.purpose)) if term.purpose else "Elk doel",
                term.years,
                term.text_nl,
                f"{term.law.name}, {term.article}",
                Badge("Nog na te gaan", Tone.warning) if term.review == "needed" else Badge("Ja", Tone.ok),
            )
            for term in policy.log_terms.values()
        ]
        empty = "Er staat geen termijn in de afspraken. Het logboek bewaart dan alles."
        return table_of(request, "termijnen", "Hoe lang het logboek bewaart", _TERMS, rows, empty=empty, sort="wat")

    def _counts(self, request: Request, plan: Plan) -> Table:
        rows: list[Row] = [
            (words.purpose(self._officer.policy, purpose), words.KINDS.get(kind, kind), *(counts[each] for each in _STANDINGS))
            for (purpose, kind), counts in plan.counts.items()
        ]
        empty = "Geen regel is oud genoeg om te verwijderen."
        return table_of(
            request, "stand", "Oude regels, en wat ertegen is om ze te verwijderen", _COUNTS, rows, empty=empty, sort="doel"
        )


_OPEN: Final = (Scope.all, Scope.party, Scope.purpose)


def _id(form: Fields, name: str) -> UUID:
    try:
        return UUID(form.one(name))
    except ValueError:
        raise HTTPException(400) from None


def _about(officer: OfficerDesk, hold: Hold) -> str:
    names = {Scope.party: words.party, Scope.purpose: words.purpose}
    about = names[hold.scope](officer.policy, hold.word) if hold.scope in names else _SCOPES[hold.scope]
    return f"{_KINDS[hold.kind]}: {about}"


def _holds(request: Request, officer: OfficerDesk, holds: list[Hold], names: Mapping[str, str]) -> Table:
    rows: list[Row] = [
        (
            _KINDS[one.kind],
            _about(officer, one).partition(": ")[2],
            Moment(one.since_us),
            words.named(one.staff, names) or "Bij de hub zelf",
            Badge("Staat nog", Tone.warning) if one.lifted_us is None else Moment(one.lifted_us),
        )
        for one in holds
    ]
    empty = "Er staat geen bewaarplicht. Leg er een vast zodra een datalek of een geschil loopt."
    return table_of(request, "bewaarplichten", "Bewaarplichten", _HOLDS, rows, empty=empty, sort="sinds", descending=True)


def _proposed(officer: OfficerDesk, one: Proposal) -> str:
    if one.act is Act.prune:
        return f"Het begin van het logboek verwijderen, tot regel {one.after}"
    return f"De inhoud wissen van {one.entries} regels: {words.purpose(officer.policy, one.purpose)}"


def _proposals(request: Request, officer: OfficerDesk, proposals: list[Proposal], names: Mapping[str, str]) -> Table:
    rows: list[Row] = [
        (
            _proposed(officer, one),
            one.entries,
            Moment(one.us),
            words.named(one.staff, names),
            Badge("Wacht op een besluit", Tone.note)
            if one.by is None
            else Badge(f"Klaar, door regel {one.by}", Tone.ok)
            if one.done
            else Badge(f"Besloten door regel {one.by}, nog niet klaar", Tone.warning),
        )
        for one in proposals
    ]
    empty = "Er is niets voorgesteld."
    return table_of(
        request, "voorstellen", "Voorstellen en besluiten", _PROPOSED, rows, empty=empty, sort="op", descending=True
    )
