"""What the pages about setting up share: refusals in words, how an instance stands, and by whose hands."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from starlette.requests import Request

from hub.connector import Setup
from hub.console.admin_parts import Admin, spoilt
from hub.console.desk import Session
from hub.console.setup_words import ACTS, FAULTS, PROTOCOLS, REFUSALS, STATES, title_of
from hub.console.table import Badge, Cell, Column, Link, Moment, Table, table_of
from hub.console.words import Tone
from hub.domain.terms import PartyId
from hub.errors import Conflict, HubError, Malformed, Misconfigured, Refused, Tampered
from hub.observe import report
from hub.registry import Connector
from hub.setups.actor import Actor
from hub.setups.address import BROUGHT
from hub.setups.rules import human, is_second
from hub.setups.service import Difference, Setups, View
from hub.setups.standing import Act, Move, State

_NOT_VERIFIED: Final = "Its columns are not known to be those of the real delivery."
_T = TypeVar("_T")
_MOVES: Final = (
    Column("wanneer", "Wanneer", sort=False),
    Column("wat", "Wat", sort=False),
    Column("versie", "Versie", number=True, sort=False),
    Column("hand", "Door", sort=False),
)
_KEYS: Final = (
    Column("naam", "Sleutel", sort=False),
    Column("stand", "Stand", sort=False),
    Column("vinger", "Vingerafdruk", sort=False),
    Column("tot", "Eindigt", sort=False),
    Column("door", "Gegeven door", sort=False),
)
_SETTLED: Final = {Act.activate, Act.break_glass}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something was not done: in Dutch, or as the services say it where there are no words; `faults` name what is wrong."""

    title: str
    text: str
    english: str = ""
    faults: tuple[tuple[str, str], ...] = ()


class Said(Exception):
    """A service refused; raised where no variable holds what was given."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__()
        self.refusal = refusal


async def spoken(work: Awaitable[_T]) -> _T:
    """What the work gives. Raises `Said` where a service refuses it, and turns away where what is kept was changed."""
    try:
        return await work
    except Tampered as error:
        report(error)
        raise spoilt() from None
    except (Refused, Malformed, Conflict, Misconfigured) as error:
        said = refusal(error)
    raise Said(said)


def refusal(error: HubError) -> Refusal:
    """A refusal in words."""
    faults = tuple((one.where, FAULTS.get(one.code, one.code)) for one in error.faults) if isinstance(error, Malformed) else ()
    if isinstance(error, Misconfigured) and error.why == _NOT_VERIFIED:
        return Refusal(
            "De mapping is nog niet gecontroleerd",
            "Vergelijk haar met de beschrijving van de gever en zet dan 'verified: true' in de mapping.",
        )
    known = REFUSALS.get(error.what)
    if known is None:
        return Refusal("Dit lukt niet", "", f"{error.what} {error.why} {error.now}", faults)
    return Refusal(*known, faults=faults)


def plain(said: Refusal) -> str:
    """A refusal in one sentence."""
    return f"{said.title}. {said.text or said.english}"


def named(said: Refusal, connector: Connector, setup: Setup) -> tuple[str, ...]:
    """What is wrong, each with the name that its field or credential has at the desk; of a choice all of it."""
    keys = connector.credentials(setup.protocol)
    found: list[str] = []
    for where, words in said.faults:
        name = where.removeprefix("credentials.")
        group = next((one.one_of for one in keys if one.name == name), "")
        titles = [title_of(one.title) for one in keys if one.name == name or (group and one.one_of == group)]
        found.append(f"{' of '.join(titles) or label_of(where, connector)}: {words}")
    return tuple(found)


def diff_rows(found: Sequence[Difference], connector: Connector | None) -> list[tuple[Cell, ...]]:
    """What differs; of credentials only that they do."""
    return [
        (f"sleutel {one.field.removeprefix('credentials.')}", "", "anders")
        if one.field.startswith("credentials.")
        else (label_of(one.field, connector), one.before, one.after)
        for one in found
    ]


def label_of(field: str, connector: Connector | None) -> str:
    """What a field of a setup is called at the desk."""
    if not field.startswith("options.") or connector is None:
        return _FIELDS.get(field, field)
    name = field.removeprefix("options.")
    titles = {one.name: one.title for way in connector.manifest.transport.protocols for one in connector.options(way)}
    return title_of(titles.get(name, name))


_FIELDS: Final[Mapping[str, str]] = {
    "party": "Partij",
    "protocol": "Weg",
    "address": "Adres",
    "schedule": "Hoe vaak",
    "window": "Alleen tussen",
    "per_minute": "Vragen per minuut",
    "concurrency": "Tegelijk",
    "settle_s": "Seconden rust",
    "batch": "Per keer",
    "timeout_s": "Seconden wachten",
    "college": "College",
}


def hand_of(word: str, names: Mapping[str, str], tied: Mapping[str, str]) -> str:
    """By which hand something was done, as far as anybody may know."""
    if word in names:
        return f"{names[word]}, aan het scherm"
    kind, _, rest = word.partition(":")
    whose = f" (van {names.get(tied[word], tied[word])})" if word in tied else ""
    match kind:
        case "client":
            return f"systeem {rest}{whose}"
        case "account":
            return f"een account op de server, {rest[-6:]}{whose}"
        case _:
            return f"medewerker {word}"


async def stands(request: Request, admin: Admin, setups: Setups, view: View, session: Session) -> dict[str, Any]:
    """Everything that the page of an instance tells."""
    standing, setup = view.standing, view.newest
    connector, by = setups.connectors[setup.connector], Actor.staff(session.staff).word
    names, tied = await admin.names(), await setups.hands()
    moves = await setups.history(setup.id)
    manifest = connector.manifest
    inbound, goes = manifest.direction == "inbound", setup.protocol not in BROUGHT
    open_, news = standing.state is not State.ended, standing.active != standing.newest or bool(standing.staged)
    mapping_fits = view.layout is None or await _mapping(admin, setup.id) == view.layout.mapping
    return {
        "connector": setup.id,
        "view": view,
        "kind": manifest.id,
        "title": title_of(manifest.title),
        "state": STATES[standing.state],
        "facts": [*_facts(admin, view, connector)],
        "open": open_,
        "inbound": inbound,
        "goes": goes,
        "tests": open_ and goes,
        "samples": open_ and inbound,
        "news": open_ and news,
        "proposed": standing.proposed_by is not None,
        "second": is_second(standing, by, tied),
        "confirms": standing.glass is not None and human(by, tied) != human(standing.glass.who, tied),
        "rotates": open_ and standing.active is not None and bool(standing.staged),
        "running": standing.state is State.active,
        "paused": standing.state is State.paused,
        "lonely": view.reach == (),
        "reach": None if view.reach is None else ", ".join(admin.party(PartyId(one)) for one in view.reach),
        "columns": None if view.layout is None else [name or "(geen naam die te tonen is)" for name in view.layout.names],
        "mapping_fits": mapping_fits,
        "keys": _keys(request, view, connector, names, tied),
        "hands": sorted({hand_of(move.who, names, tied) for move in _since(moves)}),
        "moves": _moves(request, moves, names, tied),
        "versions": [(str(number), f"versie {number}") for number in range(standing.newest, 0, -1)],
    }


async def _mapping(admin: Admin, name: str) -> str:
    found = next((one for one in admin.mending.sources if str(one) == name), None)
    try:
        return "" if found is None else (await admin.mending.mappings.in_use(found)).version
    except Misconfigured:
        return ""


def _since(moves: Sequence[Move]) -> Sequence[Move]:
    """What happened since it was last put to work."""
    last = max((place for place, move in enumerate(moves) if move.act in _SETTLED), default=-1)
    return moves[last + 1 :]


def _facts(admin: Admin, view: View, connector: Connector) -> Iterator[tuple[str, Cell]]:
    setup, standing = view.newest, view.standing
    titles = {one.name: one.title for one in connector.options(setup.protocol)}
    yield "Soort", Link(title_of(connector.manifest.title), f"/beheer/aansluiten/{connector.manifest.id}")
    yield "Partij", admin.party(PartyId(setup.party))
    yield "Weg", PROTOCOLS[setup.protocol]
    if setup.address:
        yield "Adres", setup.address
    for name, text in sorted(setup.options.items()):
        yield title_of(titles.get(name, name)), text
    if connector.manifest.direction != "query":
        yield "Hoe vaak", setup.schedule or connector.manifest.transport.schedule
    if setup.window:
        yield "Alleen tussen", setup.window
    if setup.college is not None:
        yield "College", admin.party(PartyId(setup.college))
    yield "Nieuwste versie", standing.newest
    yield "Versie die aanstaat", standing.active


def _keys(request: Request, view: View, connector: Connector, names: Mapping[str, str], tied: Mapping[str, str]) -> Table:
    shown = {(one.name, one.waits): one for one in view.credentials}
    rows: list[tuple[Cell, ...]] = []
    for one in connector.credentials(view.newest.protocol):
        link = Link(title_of(one.title), f"/beheer/koppelingen/{view.newest.id}/instelling/sleutels/{one.name}")
        given = [found for waits in (False, True) if (found := shown.get((one.name, waits)))]
        for found in given:
            state = Badge("wacht", Tone.warning) if found.waits else Badge("in gebruik", Tone.ok)
            end = None if found.until_us is None else Moment(found.until_us)
            rows.append((link, state, found.fingerprint, end, hand_of(found.by, names, tied)))
        if not given:
            need = "nodig" if one.required else "een van deze" if one.one_of else "niet nodig"
            rows.append((link, Badge(f"niet gegeven: {need}", Tone.warning if one.required else Tone.note), "", None, ""))
    return table_of(
        request,
        "sleutels",
        "Sleutels",
        _KEYS,
        rows,
        empty="Deze koppeling heeft geen sleutels nodig.",
        sort="naam",
        export=False,
    )


def _moves(request: Request, moves: Sequence[Move], names: Mapping[str, str], tied: Mapping[str, str]) -> Table:
    rows = [(Moment(one.us), ACTS[one.act], one.version, hand_of(one.who, names, tied)) for one in reversed(moves[-100:])]
    return table_of(
        request,
        "handelingen",
        "Wie wat deed, het nieuwste eerst",
        _MOVES,
        rows,
        empty="Er gebeurde nog niets.",
        sort="wanneer",
        descending=True,
        export=False,
    )
