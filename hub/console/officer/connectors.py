"""`/functionaris/koppelingen`: which connectors there are, what they may carry under which agreements, and by whose hands.

For whoever answers for what goes through; setting up and mending is the administrator's. No credential is ever shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.audit.search import Selection
from hub.clock import legal_date
from hub.consent.model import PolicySet
from hub.console.admin_setup_parts import hand_of
from hub.console.desk import OfficerDesk
from hub.console.gate import Gate
from hub.console.navigation import READERS
from hub.console.officer import words
from hub.console.officer.choosing import LOG, address
from hub.console.officer.policy_parts import HERE as AGREEMENTS
from hub.console.page import render
from hub.console.setup_words import GLASS, PROTOCOLS, STATES, title_of
from hub.console.table import Badge, Cell, Column, Link, Moment, Row, Table, asks_csv, csv_of, table_of
from hub.console.words import Tone
from hub.domain.terms import ConnectorId, PartyId
from hub.errors import Refused
from hub.mend.mappings import GLASS_REASONS as HURRIES
from hub.mend.mappings import GlassReason as Hurry
from hub.rules import Rules
from hub.setups.life import Happened, Life, Lives
from hub.setups.standing import GlassReason, State

CONNECTORS: Final = "/functionaris/koppelingen"
_CRUMBS: Final = (Link("Functionaris", "/functionaris"), Link("Koppelingen", CONNECTORS))
_FEW: Final = 3
_WAYS: Final = {"inbound": "Haalt op of ontvangt", "outbound": "Stuurt", "query": "Vraagt per jongere"}
_COLUMNS: Final = (
    Column("koppeling", "Koppeling"),
    Column("partij", "Partij"),
    Column("richting", "Richting"),
    Column("gegevens", "Soort gegevens"),
    Column("stand", "Stand"),
    Column("sinds", "Aan sinds"),
    Column("versie", "Versie", number=True),
    Column("leeswijze", "Leeswijze"),
    Column("laatst", "Laatst gewijzigd door", sort=False),
)
_UNDER: Final = (
    Column("afspraak", "Afspraak"),
    Column("ander", "Wie krijgt of geeft"),
)
_LIFE: Final = (
    Column("moment", "Moment"),
    Column("wat", "Wat er gebeurde", sort=False),
    Column("waarover", "Waarover", sort=False),
    Column("wie", "Door", sort=False),
    Column("regel", "Bewijs", sort=False),
)


class ConnectorPages:
    """The pages about connectors, to read."""

    def __init__(self, officer: OfficerDesk, lives: Lives, gate: Gate) -> None:
        self._officer, self._lives, self._gate = officer, lives, gate

    async def every(self, request: Request) -> Response:
        """All connectors, those that ended too."""
        await self._gate.admit(request, *READERS)
        names, tied = await self._officer.names(), await self._lives.setups.hands()
        found = await self._lives.every()
        table = table_of(
            request,
            "koppelingen",
            "Koppelingen",
            _COLUMNS,
            [_row(self._officer.policy, one, names, tied) for one in found],
            empty="Er zijn geen koppelingen. Gegevens komen alleen langs het koppelvlak van de hub.",
            sort="koppeling",
        )
        if asks_csv(request):
            return csv_of(table, "koppelingen.csv")
        alone = [one.id for one in found if one.standing is not None and one.standing.glass is not None]
        return render(request, "officer/connectors.html", crumbs=_CRUMBS[:1], table=table, alone=alone, here=CONNECTORS)

    async def one(self, request: Request) -> Response:
        """One connector: what it may carry and why, what it brought, and all that happened to it."""
        await self._gate.admit(request, *READERS)
        try:
            life, happened = await self._lives.one(str(ConnectorId(request.path_params["koppeling"])))
        except (Refused, ValueError):
            raise HTTPException(404) from None
        policy, rules = self._officer.policy, self._officer.rules
        names, tied = await self._officer.names(), await self._lives.setups.hands()
        today = legal_date(self._lives.clock.now_us())
        table = _happened(request, happened, names, tied)
        if asks_csv(request):
            return csv_of(table, f"koppeling-{life.id}.csv")
        form = life.kind.manifest.records[0]
        return render(
            request,
            "officer/connector.html",
            crumbs=_CRUMBS,
            title=life.id,
            facts=_facts(policy, life),
            glass=None if life.standing is None or life.standing.glass is None else _alone(life, names, tied),
            under=_under(request, rules, life, today),
            elements=[words.element(policy, each) for each in form.elements],
            outbound=life.kind.manifest.direction == "outbound",
            totals=life.totals,
            lines=address(_selection(life)),
            life=table,
            from_file=life.standing is None,
        )


def _selection(life: Life) -> Selection:
    """What the log has of its party since it ran first."""
    party = PartyId(life.setup.party)
    if life.kind.manifest.direction == "outbound":
        return Selection(recipient=party, from_us=life.since_us)
    return Selection(source=party, from_us=life.since_us)


def _kinds(policy: PolicySet, life: Life) -> str:
    labels = [policy.records[form.kind].label_nl for form in life.kind.manifest.records if form.kind in policy.records]
    return words.listed(labels) if len(labels) <= _FEW else f"{len(labels)} soorten"


def _stand(life: Life) -> Badge:
    if life.standing is None:
        return Badge("Van de installatie", Tone.note)
    if life.standing.glass is not None:
        return Badge("Alleen aangezet, nog niet bevestigd", Tone.error)
    tones = {State.active: Tone.ok, State.paused: Tone.warning}
    return Badge(STATES[life.standing.state].capitalize(), tones.get(life.standing.state, Tone.note))


def _row(policy: PolicySet, life: Life, names: Mapping[str, str], tied: Mapping[str, str]) -> Row:
    standing = life.standing
    return (
        Link(life.id, f"{CONNECTORS}/{life.id}"),
        words.party(policy, life.setup.party),
        _WAYS[life.kind.manifest.direction],
        _kinds(policy, life),
        _stand(life),
        None if life.since_us is None else Moment(life.since_us),
        None if standing is None else standing.active or standing.newest,
        life.mapping,
        "" if standing is None else hand_of(standing.changed_by, names, tied),
    )


def _facts(policy: PolicySet, life: Life) -> list[tuple[str, Cell]]:
    setup, manifest = life.setup, life.kind.manifest
    return [
        ("Stand", _stand(life)),
        ("Soort", title_of(manifest.title)),
        ("Partij", words.party(policy, setup.party)),
        ("Richting", _WAYS[manifest.direction]),
        ("Weg", PROTOCOLS[setup.protocol]),
        ("Adres", setup.address or "Geen: het wordt gebracht"),
        ("Soort gegevens", _kinds(policy, life)),
        ("Leeswijze", life.mapping or "Geen: de hub schrijft zelf"),
        ("Aan sinds", None if life.since_us is None else Moment(life.since_us)),
    ]


def _alone(life: Life, names: Mapping[str, str], tied: Mapping[str, str]) -> tuple[str, str, int]:
    glass = None if life.standing is None else life.standing.glass
    assert glass is not None, "somebody did it alone"
    return hand_of(glass.who, names, tied), GLASS[GlassReason(glass.reason)], glass.due_us


def _under(request: Request, rules: Rules, life: Life, today: date) -> Table:
    """The agreements by which what it carries may go on, as they hold today."""
    party, gives = PartyId(life.setup.party), life.kind.manifest.direction != "outbound"
    rows: list[Row] = []
    for form in life.kind.manifest.records:
        others = (rules.lets_go if gives else rules.lets_have)(form.kind, party, today)
        for other in others:
            giver, recipient = (party, other) if gives else (other, party)
            lane = rules.table.lane(giver, recipient, form.kind, None, today)
            for agreement in sorted({clause.agreement for clause in lane.clauses if not clause.shut}):
                rows.append((Link(agreement, f"{AGREEMENTS}/afspraak/{agreement}"), words.party(rules.policy, other)))
    return table_of(
        request,
        "afspraken",
        "Onder welke afspraken",
        _UNDER,
        rows,
        empty="Geen afspraak die nu geldt, laat gegevens van deze soort gaan. Wat binnenkomt, blijft liggen.",
        sort="afspraak",
        export=False,
    )


def _happened(request: Request, happened: Sequence[Happened], names: Mapping[str, str], tied: Mapping[str, str]) -> Table:
    rows: list[Row] = [
        (
            Moment(each.us),
            words.operation(each.operation),
            _about(each),
            hand_of(each.who, names, tied) if each.who else "Aan het toetsenbord van de hub",
            Link("Regel in het logboek", f"{LOG}/{each.ref}"),
        )
        for each in happened
    ]
    empty = "Het logboek heeft niets over deze koppeling: zij komt uit het bestand van de installatie."
    return table_of(request, "verloop", "Wat er gebeurde", _LIFE, rows, empty=empty, sort="moment", descending=True)


def _about(each: Happened) -> str:
    if each.operation == "connector-break-glass" and each.about in list(GlassReason):
        return GLASS[GlassReason(each.about)]
    if each.operation == "mapping-break-glass" and each.about in list(Hurry):
        return HURRIES[Hurry(each.about)]
    if each.operation == "connector-test":
        return "Bereikt" if each.about == "BEREIKT" else each.about
    return each.about
