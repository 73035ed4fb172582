"""/beheer/aansluiten: what can be connected, how good each connector is, and what whoever sets it up must have at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.connector import Credential, Option
from hub.connector.manifest import Protocol
from hub.connector.quality import Grade, rules_of
from hub.console.admin_parts import Admin, crumbs
from hub.console.page import render
from hub.console.setup_words import title_of
from hub.console.table import Badge, Cell, Column, Link, Table, asks_csv, csv_of, table_of
from hub.console.words import Tone
from hub.registry import Connector

FAMILIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "duo": "DUO",
        "rmc": "Doorstroompunt",
        "lvs": "School",
        "uwv": "UWV",
        "gemeente": "Gemeente",
        "hub": "Elke ontvanger",
    }
)
_DIRECTIONS: Final = {"inbound": "Haalt op of neemt aan", "outbound": "Bezorgt", "query": "Bevraagt"}
_GRADES: Final[Mapping[Grade | None, Badge]] = MappingProxyType(
    {
        "gold": Badge("Goud", Tone.ok),
        "silver": Badge("Zilver", Tone.ok),
        "bronze": Badge("Brons", Tone.note),
        None: Badge("Nog geen brons", Tone.warning),
    }
)
_TIERS: Final[Mapping[Grade, str]] = MappingProxyType({"bronze": "Brons", "silver": "Zilver", "gold": "Goud"})
_KINDS: Final = (
    Column("soort", "Soort koppeling"),
    Column("waarvoor", "Waarvoor"),
    Column("familie", "Systeem van"),
    Column("richting", "Wat zij doet"),
    Column("record", "Gegevens"),
    Column("weg", "Langs welke weg"),
    Column("graad", "Graad"),
)
_RULES: Final = (
    Column("volgorde", "Nummer", number=True),
    Column("graad", "Graad"),
    Column("regel", "Wat er wordt gevraagd"),
    Column("stand", "Stand"),
    Column("waarom", "Wat dat aantoont, of waarom niet"),
)
_NEEDS: Final = (
    Column("naam", "Naam"),
    Column("wat", "Wat het is"),
    Column("nodig", "Nodig"),
    Column("voorbeeld", "Voorbeeld"),
)


class CataloguePages:
    """What the hub can connect. Nothing here is about a person, or about how anything is set up."""

    def __init__(self, admin: Admin, kinds: Mapping[str, Connector]) -> None:
        self._admin, self._kinds = admin, kinds

    async def page(self, request: Request) -> Response:
        """All kinds of connectors."""
        await self._admin.admit(request)
        kinds = table_of(
            request,
            "soorten",
            "Wat u kunt aansluiten",
            _KINDS,
            [_kind(one) for one in self._kinds.values()],
            empty="Deze hub kent geen koppelingen.",
            sort="familie",
        )
        if asks_csv(request):
            return csv_of(kinds, "aansluiten.csv")
        return render(request, "admin/catalogue.html", kinds=kinds, crumbs=crumbs(("Koppelingen", "/beheer/koppelingen")))

    async def one(self, request: Request) -> Response:
        """One kind: what it carries, what it must be told, and its ledger."""
        await self._admin.admit(request)
        connector = self._kinds.get(request.path_params["soort"])
        if connector is None:
            raise HTTPException(404)
        manifest = connector.manifest
        rules = table_of(
            request,
            "regels",
            "Hoe goed deze koppeling is",
            _RULES,
            list(_rules(connector)),
            empty="Van deze koppeling is niets bekend.",
            sort="volgorde",
        )
        needs = [_needs(request, connector, protocol) for protocol in manifest.transport.protocols]
        for table in (rules, *needs):
            if asks_csv(request, table.name):
                return csv_of(table, f"{manifest.id}-{table.name}.csv")
        return render(
            request,
            "admin/catalogue_one.html",
            kind=manifest.id,
            can_begin=self._admin.setups is not None,
            facts=_facts(connector),
            rules=rules,
            needs=needs,
            crumbs=crumbs(("Koppelingen", "/beheer/koppelingen"), ("Aansluiten", "/beheer/aansluiten")),
        )


def _kind(connector: Connector) -> tuple[Cell, ...]:
    manifest = connector.manifest
    return (
        Link(manifest.id, f"/beheer/aansluiten/{manifest.id}"),
        title_of(manifest.title),
        FAMILIES[manifest.family],
        _DIRECTIONS[manifest.direction],
        ", ".join(str(form.kind) for form in manifest.records),
        ", ".join(manifest.transport.protocols),
        _GRADES[connector.ledger.grade],
    )


def _facts(connector: Connector) -> list[tuple[str, Cell]]:
    manifest = connector.manifest
    return [
        ("Systeem van", FAMILIES[manifest.family]),
        ("Wat zij doet", _DIRECTIONS[manifest.direction]),
        ("Gegevens", ", ".join(str(form.kind) for form in manifest.records)),
        ("Uitwisselingen", ", ".join(manifest.exchanges)),
        ("Schema", manifest.transport.schedule),
        ("Vorm van het bestand", manifest.reads.format),
        ("Wie haar onderhoudt", manifest.owner),
        ("Graad", _GRADES[connector.ledger.grade]),
    ]


def _rules(connector: Connector) -> Iterator[tuple[Cell, ...]]:
    asked = rules_of(connector.manifest.direction)
    number = 0
    for grade, answers in connector.ledger.answers.items():
        for rule, answer in answers.items():
            number += 1
            state = Badge("Gedaan", Tone.ok) if answer.done else Badge("Niet, met reden", Tone.warning)
            yield number, _TIERS[grade], asked[grade][rule], state, answer.reason


def _needs(request: Request, connector: Connector, protocol: Protocol) -> Table:
    told: list[tuple[Cell, ...]] = [
        (one.name, title_of(one.title), "ja" if one.required else "", _example(one)) for one in connector.options(protocol)
    ]
    told += [(one.name, title_of(one.title), _needed(one), "") for one in connector.credentials(protocol)]
    caption = f"Wat u instelt ({protocol})"
    return table_of(request, f"nodig-{protocol}", caption, _NEEDS, told, empty="Er is niets in te stellen.", sort="naam")


def _example(option: Option) -> str:
    return option.example or option.default


def _needed(credential: Credential) -> str:
    return "ja" if credential.required else "een van deze" if credential.one_of else ""
