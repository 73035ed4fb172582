"""`/v1/beheer/...`: setting up connectors, for administrators' own tooling. Four eyes are two client ids.

Only systems of the party that runs the hub may come here. What lets the hub in is given in the body of a PUT and never given
back. That it may not be repeated, or not by this client, is told by kind; why, the commands and the desk say in words.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.clock import rfc3339
from hub.connector import Setup, SourceAway, SourceBarred
from hub.domain.terms import Micros, PartyId
from hub.errors import Conflict, Fault, Malformed, Misconfigured, Refused
from hub.identity.partners import KOPPELINGEN
from hub.mend.outlook import Outlook
from hub.ports import Clock
from hub.receive.messages import object_of
from hub.receive.request import JSON, Gate, body_of, check_answer_type, check_no_query, idempotency_key, malformed
from hub.setups.actor import Actor
from hub.setups.rules import Absent, FourEyes
from hub.setups.service import Setups, Shown, View, read_setup
from hub.setups.standing import GlassReason, Move, Standing
from hub.setups.trying import DryRun, Trial

BEHEER_PATH: Final = "/v1/beheer"
CONNECTION_PATH: Final = f"{BEHEER_PATH}/koppelingen"
FIELDS: Final[Mapping[str, str]] = {
    "koppelingId": "id",
    "koppelvorm": "connector",
    "partij": "party",
    "protocol": "protocol",
    "adres": "address",
    "opties": "options",
    "schema": "schedule",
    "venster": "window",
    "perMinuut": "per_minute",
    "gelijktijdig": "concurrency",
    "rustSeconden": "settle_s",
    "perKeer": "batch",
    "wachtSeconden": "timeout_s",
    "college": "college",
}
"""What a setup is told under, and what it is called in it."""
ACTS: Final = ("voorstellen", "activeren", "bevestigen", "stilzetten", "hervatten", "beeindigen", "terugzetten")
TRIALS: Final = ("verbinding", "bestand", "wisseling")
_DUTCH: Final = {name: told for told, name in FIELDS.items()} | {"credentials": "sleutels"}
_LIMIT: Final = 512 * 1024
_Endpoint = Callable[[Request], Awaitable[Response]]


class BeheerDoor:
    """The routes and what they need; `operator` is the party that runs the hub."""

    def __init__(self, setups: Setups, gate: Gate, operator: PartyId, clock: Clock) -> None:
        self._setups, self._gate, self._operator, self._clock = setups, gate, operator, clock

    def routes(self) -> Iterator[tuple[str, str, _Endpoint]]:
        """Method, path and endpoint of each."""
        one = f"{CONNECTION_PATH}/{{koppelingId}}"
        for method, path, work, status in (
            ("GET", f"{BEHEER_PATH}/koppelvormen", self._catalogue, 200),
            ("GET", f"{BEHEER_PATH}/verlopend", self._expiring, 200),
            ("GET", CONNECTION_PATH, self._list, 200),
            ("POST", CONNECTION_PATH, self._create, 201),
            ("GET", one, self._show, 200),
            ("PUT", one, self._change, 200),
            ("PUT", f"{one}/sleutels/{{sleutelNaam}}", self._give, 200),
            ("DELETE", f"{one}/sleutels/{{sleutelNaam}}", self._take, 200),
            ("GET", f"{one}/handelingen", self._history, 200),
            ("POST", f"{one}/handelingen", self._act, 200),
            ("POST", f"{one}/proeven", self._try, 200),
            ("GET", f"{one}/verschillen/{{van}}/{{tot}}", self._diff, 200),
        ):
            yield method, path, self._told(work, status, key=method == "POST")

    def _told(self, work: Callable[[Request, Actor], Awaitable[Any]], status: int, *, key: bool) -> _Endpoint:
        async def endpoint(request: Request) -> Response:
            caller = self._gate.admit(request, KOPPELINGEN)
            if caller.party != self._operator:
                raise HTTPException(403)
            check_answer_type(request)
            check_no_query(request)
            if key:
                idempotency_key(request)
            answer = await _plainly(work(request, Actor.client(caller.client_id)))
            return Response(orjson.dumps(answer), status, media_type=JSON)

        return endpoint

    async def _catalogue(self, _request: Request, _by: Actor) -> dict[str, Any]:
        return {"koppelvormen": [_described(one) for one in self._setups.connectors.values()]}

    async def _expiring(self, _request: Request, _by: Actor) -> dict[str, Any]:
        found = await self._setups.expiring(self._clock.now_us())
        return {
            "sleutels": [
                {"koppelingId": one.instance, "naam": one.name, "einddatum": _day(one.until_us), "dagen": one.left}
                for one in found
            ]
        }

    async def _list(self, _request: Request, _by: Actor) -> dict[str, Any]:
        return {"koppelingen": [_stands(one) for one in await self._setups.all()]}

    async def _create(self, request: Request, by: Actor) -> dict[str, Any]:
        setup = _setup(await _read(request))
        await self._setups.create(setup, by)
        return _viewed(await self._setups.show(setup.id))

    async def _show(self, request: Request, _by: Actor) -> dict[str, Any]:
        return _viewed(await self._setups.show(_id(request)))

    async def _change(self, request: Request, by: Actor) -> dict[str, Any]:
        given = await _read(request)
        after = _whole_number(given, "vanVersie")
        setup = _setup({name: value for name, value in given.items() if name != "vanVersie"})
        await self._setups.change(_id(request), setup, by, after=after)
        return _viewed(await self._setups.show(_id(request)))

    async def _give(self, request: Request, by: Actor) -> dict[str, Any]:
        given = await _read(request, "waarde", "wachtwoordzin")
        value, phrase = given.get("waarde"), given.get("wachtwoordzin") or ""
        if not isinstance(value, str):
            raise malformed(Fault("waarde", "VERPLICHT_VELD_LEEG"))
        if not isinstance(phrase, str):
            raise malformed(Fault("wachtwoordzin", "WAARDE_ONGELDIG"))
        name = request.path_params["sleutelNaam"]
        await self._setups.credential(_id(request), name, value.encode(), by, phrase.encode())
        return _viewed(await self._setups.show(_id(request)))

    async def _take(self, request: Request, by: Actor) -> dict[str, Any]:
        await self._setups.remove_credential(_id(request), request.path_params["sleutelNaam"], by)
        return _viewed(await self._setups.show(_id(request)))

    async def _history(self, request: Request, _by: Actor) -> dict[str, Any]:
        return {"handelingen": [_moved(move) for move in await self._setups.history(_id(request))]}

    async def _act(self, request: Request, by: Actor) -> dict[str, Any]:
        given, name = await _read(request, "handeling", "versie", "reden"), _id(request)
        match given.get("handeling"):
            case "voorstellen":
                await self._setups.propose(name, by)
            case "activeren":
                await self._setups.activate(name, _whole_number(given, "versie"), by, _reason(given))
            case "bevestigen":
                await self._setups.confirm(name, by)
            case "stilzetten":
                await self._setups.pause(name, by)
            case "hervatten":
                await self._setups.resume(name, by)
            case "beeindigen":
                await self._setups.end(name, by)
            case "terugzetten":
                await self._setups.rollback(name, _whole_number(given, "versie"), by)
            case _:
                raise malformed(Fault("handeling", "CODE_ONBEKEND"))
        return _viewed(await self._setups.show(name))

    async def _try(self, request: Request, by: Actor) -> dict[str, Any]:
        given, name = await _read(request, "soort", "versie"), _id(request)
        match given.get("soort"):
            case "verbinding":
                return _tried(await self._setups.test(name, _whole_number(given, "versie"), by))
            case "bestand":
                return await self._dry(name, _whole_number(given, "versie"), by)
            case "wisseling":
                trial, move = await self._setups.rotate(name, by)
                return {**_tried(trial), "gewisseld": move is not None}
        raise malformed(Fault("soort", "CODE_ONBEKEND"))

    async def _dry(self, name: str, version: int, by: Actor) -> dict[str, Any]:
        try:
            return _read_dry(await self._setups.dry_run(name, version, by))
        except (SourceAway, SourceBarred) as away:
            return {"soort": "bestand", "versie": version, "gelukt": False, "storing": away.trouble.value}

    async def _diff(self, request: Request, _by: Actor) -> dict[str, Any]:
        numbers = [request.path_params[side] for side in ("van", "tot")]
        if not all(text.isascii() and text.isdigit() and len(text) < 7 for text in numbers):
            raise HTTPException(404)
        found = await self._setups.diff(_id(request), int(numbers[0]), int(numbers[1]))
        return {"verschillen": [{"veld": _dutch(one.field), "van": one.before, "tot": one.after} for one in found]}


async def _plainly(work: Awaitable[Any]) -> Any:
    """The answer; what is refused is told by kind, with fields by their names here."""
    try:
        return await work
    except Malformed as wrong:
        raise malformed(*(Fault(_dutch(fault.where), fault.code) for fault in wrong.faults)) from None
    except Conflict:
        raise malformed(Fault("vanVersie", "VERSIE_VEROUDERD")) from None
    except Absent:
        raise HTTPException(404) from None
    except FourEyes:
        raise
    except Refused:
        raise malformed(Fault("handeling", "HANDELING_PAST_NIET")) from None
    except Misconfigured:
        raise malformed(Fault("koppelvorm", "MAPPING_ONBRUIKBAAR")) from None


def _dutch(where: str) -> str:
    head, dot, rest = where.partition(".")
    return _DUTCH.get(head, head) + dot + rest


def _id(request: Request) -> str:
    found: str = request.path_params["koppelingId"]
    return found


async def _read(request: Request, *known: str) -> dict[str, Any]:
    given = object_of(await body_of(request, limit=_LIMIT))
    if known and set(given) - set(known):
        raise malformed(Fault("?", "VELD_ONBEKEND"))
    return given


def _setup(given: Mapping[str, Any]) -> Setup:
    if set(given) - set(FIELDS):
        raise malformed(Fault("?", "VELD_ONBEKEND"))
    return read_setup({FIELDS[name]: value for name, value in given.items() if value is not None})


def _whole_number(given: Mapping[str, Any], name: str) -> int:
    found = given.get(name)
    if type(found) is not int or not 0 < found < 1_000_000:
        raise malformed(Fault(name, "VERPLICHT_VELD_LEEG" if found is None else "WAARDE_ONGELDIG"))
    return found


def _reason(given: Mapping[str, Any]) -> GlassReason | None:
    if (found := given.get("reden")) is None:
        return None
    if found not in list(GlassReason):
        raise malformed(Fault("reden", "CODE_ONBEKEND"))
    return GlassReason(found)


# -- what is told


def _day(us: int) -> str:
    return rfc3339(Micros(us))[:10]


def _stands(one: Standing) -> dict[str, Any]:
    return {
        "koppelingId": one.instance,
        "partij": str(one.party),
        "stand": one.state.value,
        "nieuwsteVersie": one.newest,
        "actieveVersie": one.active,
        "voorgesteld": one.proposed_by is not None,
        "bevestigenVoorDatum": None if one.glass is None else _day(one.glass.due_us),
    }


def _told(setup: Setup) -> dict[str, Any]:
    said = setup.model_dump(mode="json")
    return {told: said[name] for told, name in FIELDS.items()}


def _viewed(view: View) -> dict[str, Any]:
    return {
        **_stands(view.standing),
        "instellingen": _told(view.newest),
        "actieveInstellingen": None if view.active is None else _told(view.active),
        "sleutels": [_shown(one) for one in view.credentials],
        "kolommen": None if view.layout is None else list(view.layout.names),
        "volgensAfspraken": None if view.reach is None else [str(one) for one in view.reach],
    }


def _shown(one: Shown) -> dict[str, Any]:
    return {
        "naam": one.name,
        "soort": one.kind,
        "vingerafdruk": one.fingerprint,
        "sinds": rfc3339(Micros(one.since_us)),
        "door": one.by,
        "einddatum": None if one.until_us is None else _day(one.until_us),
        "wacht": one.waits,
    }


def _moved(move: Move) -> dict[str, Any]:
    return {
        "volgnummer": move.seq,
        "handeling": move.act.value,
        "versie": move.version,
        "door": move.who,
        "woord": move.word,
        "logregel": str(move.ref),
        "tijdstip": rfc3339(Micros(move.us)),
    }


def _tried(trial: Trial) -> dict[str, Any]:
    steps = [{"stap": step.name, "stand": step.state, "uitleg": step.what_nl, "advies": step.now_nl} for step in trial.steps]
    works, trouble = trial.works, trial.trouble.value
    return {"soort": "verbinding", "versie": trial.version, "gelukt": works, "storing": trouble, "stappen": steps}


def _read_dry(done: DryRun) -> dict[str, Any]:
    seen = done.seen
    return {
        "soort": "bestand",
        "versie": done.version,
        "gelukt": seen.refused is None,
        "bestanden": done.files,
        "geweigerd": None if seen.refused is None else str(seen.refused),
        "rijen": seen.sampled,
        "leesbaar": seen.readable,
        "volledig": done.whole,
        "kop": list(done.header),
        "ontbreekt": list(seen.missing),
        "onbekend": list(seen.strange),
        "redenen": [{"veld": one.where, "code": str(one.code), "rijen": one.rows} for one in seen.failing],
        "vormen": [{"veld": one.field, "vormen": list(one.shapes)} for one in seen.fields],
        "kolommenAfgesprokenBijActiveren": done.agrees,
        "vooruitzicht": None if seen.outlook is None else _expected(seen.outlook),
    }


def _expected(seen: Outlook) -> dict[str, Any]:
    return {
        "recordsoort": str(seen.kind),
        "naar": [str(one) for one in seen.to],
        "rijenVerder": seen.going,
        "rijenNergensHeen": seen.nowhere,
        "geweigerd": [
            {"ontvanger": str(one.recipient), "code": str(one.code), "rijen": one.rows, "rijnummers": list(one.numbers)}
            for one in seen.turned
        ],
    }


def _described(one: Any) -> dict[str, Any]:
    manifest = one.manifest
    return {
        "koppelvorm": manifest.id,
        "familie": manifest.family,
        "titel": manifest.title,
        "richting": manifest.direction,
        "partijen": list(manifest.parties),
        "protocollen": [
            {
                "protocol": protocol,
                "opties": [
                    {"naam": each.name, "titel": each.title, "verplicht": each.required, "standaard": each.default}
                    for each in one.options(protocol)
                ],
                "sleutels": [
                    {"naam": each.name, "titel": each.title, "soort": each.kind, "verplicht": each.required, "een": each.one_of}
                    for each in one.credentials(protocol)
                ],
            }
            for protocol in manifest.transport.protocols
        ],
    }
