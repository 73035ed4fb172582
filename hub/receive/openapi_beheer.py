"""`/v1/beheer/...` in the interface description: paths and schemas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from hub.connector.manifest import Protocol
from hub.identity.partners import KOPPELINGEN
from hub.receive.beheer import ACTS, TRIALS
from hub.receive.request import JSON
from hub.receive.waiting import ROLES, WAITING_PATH, WORDS
from hub.setups.standing import GlassReason, State
from hub.transports.diagnosis import State as StepState
from hub.transports.diagnosis import StepName

TAG: Final = {
    "name": "Beheer",
    "description": "Koppelingen instellen, testen en laten werken, door twee systemen van de beheerder",
}
_NUMBER: Final[dict[str, Any]] = {"type": "integer", "minimum": 1}
_TEXT: Final[dict[str, Any]] = {"type": "string"}
_SECURITY: Final = [{"oauth": [KOPPELINGEN]}]
Ref = Callable[[str, str], dict[str, str]]
Answer = Callable[[str, str], dict[str, Any]]
Problems = Callable[..., dict[str, Any]]


def beheer_paths(ref: Ref, answer: Answer, problems: Problems) -> dict[str, Any]:
    """The paths, below `/v1`."""
    named = _parameter("koppelingId", "De naam van de koppeling")
    key = ref("parameters", "IdempotencyKey")

    def call(
        operation: str, summary: str, about: str, schema: str, parameters: list[Any], body: str = "", status: int = 200
    ) -> dict[str, Any]:
        asked = {"requestBody": {"required": True, "content": {JSON: {"schema": ref("schemas", body)}}}} if body else {}
        wrong = (400, 401, 403, 404, 406, *((413, 415) if body else ()), 500, 503)
        return {
            "operationId": operation,
            "tags": [TAG["name"]],
            "summary": summary,
            "description": about,
            "security": _SECURITY,
            **({"parameters": parameters} if parameters else {}),
            **asked,
            "responses": {str(status): answer(summary, schema), **problems(*wrong)},
        }

    one, secret = (
        "/beheer/koppelingen/{koppelingId}",
        _parameter("sleutelNaam", "Welke sleutel, zoals de koppelvorm haar noemt"),
    )
    return {
        "/beheer/koppelvormen": {
            "get": call(
                "toonKoppelvormen", "Wat er te koppelen is", "Per koppelvorm wat zij moet weten en krijgen.", "Koppelvormen", []
            )
        },
        "/beheer/verlopend": {
            "get": call(
                "toonVerlopend", "Wat binnen zestig dagen verloopt", "Certificaten met hun einddatum.", "VerlopendeSleutels", []
            )
        },
        WAITING_PATH.removeprefix("/v1"): {
            "get": call(
                "toonWachtend",
                "Wat op mensen wacht",
                "Besluiten, adviezen, handtekeningen en herstel, met sinds wanneer en uiterlijk wanneer; wat het eerst moet "
                "vooraan. Over welke jongere het gaat, staat er niet bij.",
                "Wachtend",
                [],
            )
        },
        "/beheer/koppelingen": {
            "get": call("toonKoppelingen", "Alle koppelingen", "Hoe elke koppeling ervoor staat.", "Koppelingen", []),
            "post": call(
                "maakKoppeling",
                "Zet een koppeling klaar",
                "Zij doet nog niets: geef haar sleutels, test haar, stel haar voor, en laat een ander systeem haar activeren. "
                "Wie dezelfde naam nog eens geeft, wordt geweigerd.",
                "Koppeling",
                [key],
                "KoppelingInstellen",
                201,
            ),
        },
        one: {
            "get": call("toonKoppeling", "Een koppeling", "Hoe zij is ingesteld en ervoor staat.", "Koppeling", [named]),
            "put": call(
                "wijzigKoppeling",
                "Zet een volgende versie klaar",
                "Wat werkt, blijft werken totdat de nieuwe versie is geactiveerd. Noem de versie waar u van uitging.",
                "Koppeling",
                [named],
                "KoppelingWijzigen",
            ),
        },
        f"{one}/sleutels/{{sleutelNaam}}": {
            "put": call(
                "geefSleutel",
                "Geef een sleutel, certificaat of geheim",
                "Het wordt verzegeld en nooit meer getoond. Het telt vanaf de volgende activering of wisseling.",
                "Koppeling",
                [named, secret],
                "SleutelGeven",
            ),
            "delete": call(
                "neemSleutelWeg", "Neem een sleutel weg", "Vanaf de volgende activering.", "Koppeling", [named, secret]
            ),
        },
        f"{one}/handelingen": {
            "get": call("toonHandelingen", "Alles wat er gebeurde", "Op volgorde, de oudste eerst.", "Handelingen", [named]),
            "post": call(
                "doeHandeling",
                "Voorstellen, activeren, stilzetten en meer",
                "Activeren doet een ander systeem dan dat wat het laatst wijzigde of voorstelde. Met een reden kan het alleen; "
                "een ander bevestigt dat binnen drie dagen.",
                "Koppeling",
                [named, key],
                "HandelingVragen",
            ),
        },
        f"{one}/proeven": {
            "post": call(
                "doeProef",
                "Test de verbinding, lees een bestand op proef, of wissel sleutels",
                "Bij een wisseling blijft het oude werken totdat het nieuwe heeft gewerkt. Een bestand wordt nergens bewaard.",
                "Proef",
                [named, key],
                "ProefVragen",
            )
        },
        f"{one}/verschillen/{{van}}/{{tot}}": {
            "get": call(
                "toonVerschillen",
                "Wat twee versies verschillen",
                "Veld voor veld; van sleutels alleen dat zij anders zijn.",
                "Verschillen",
                [named, _parameter("van", "De ene versie", _NUMBER), _parameter("tot", "De andere versie", _NUMBER)],
            )
        },
    }


def _parameter(name: str, description: str, schema: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": dict(schema or _TEXT)}


def beheer_schemas(ref: Ref) -> dict[str, Any]:
    """What is sent and answered."""

    def whole(properties: dict[str, Any], required: list[str] | None = None) -> dict[str, Any]:
        needed = list(properties) if required is None else required
        return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}

    def many(items: dict[str, Any]) -> dict[str, Any]:
        return {"type": "array", "items": items}

    def words(known: Any) -> dict[str, Any]:
        return {"type": "string", "enum": [str(each) for each in known]}

    def maybe(schema: dict[str, Any]) -> dict[str, Any]:
        return {**schema, "type": [schema["type"], "null"]}

    date, truth, count = {"type": "string", "format": "date"}, {"type": "boolean"}, {"type": "integer", "minimum": 0}
    named = {"naam": _TEXT, "titel": _TEXT, "verplicht": truth}
    setup = {
        "koppelingId": {"type": "string", "pattern": "^[a-z][a-z0-9]*(-[a-z0-9]+)*$", "maxLength": 64},
        "koppelvorm": _TEXT,
        "partij": _TEXT,
        "protocol": words(get_args(Protocol)),
        "adres": {"type": "string", "maxLength": 500, "description": "sftp://naam:poort of een adres met https"},
        "opties": {"type": "object", "additionalProperties": _TEXT},
        "schema": {"type": "string", "description": "every 15m, daily 06:30, weekly mon 06:30, monthly 1 06:30 of at once"},
        "venster": {"type": "string", "description": "mon-fri 06:00-22:00; leeg is altijd"},
        "perMinuut": {"type": ["integer", "null"], "minimum": 1},
        "gelijktijdig": _NUMBER,
        "rustSeconden": count,
        "perKeer": _NUMBER,
        "wachtSeconden": {"type": "number", "exclusiveMinimum": 0},
        "college": {"type": ["string", "null"]},
    }
    waits = {
        "soort": words(WORDS.values()),
        "waarover": {"type": "string", "description": "Een partij, afspraak of koppeling; nooit een persoon"},
        "rollen": many(words(ROLES.values())),
        "sinds": maybe(date),
        "uiterlijk": maybe(date),
        "aantal": count,
        "teLaat": truth,
    }
    needed = ["koppelingId", "koppelvorm", "partij", "protocol"]
    standing = {
        "koppelingId": _TEXT,
        "partij": _TEXT,
        "stand": words(State),
        "nieuwsteVersie": _NUMBER,
        "actieveVersie": {"type": ["integer", "null"]},
        "voorgesteld": truth,
        "bevestigenVoorDatum": maybe(date),
    }
    step = {"stap": words(StepName), "stand": words(StepState), "uitleg": _TEXT, "advies": _TEXT}
    told = {
        "soort": words(TRIALS[:2]),
        "versie": _NUMBER,
        "gelukt": truth,
        "storing": _TEXT,
        "stappen": many(whole(step)),
        "gewisseld": truth,
        "bestanden": count,
        "geweigerd": {"type": ["string", "null"]},
        "rijen": count,
        "leesbaar": count,
        "volledig": truth,
        "kop": many(_TEXT),
        "ontbreekt": many(_TEXT),
        "onbekend": many(_TEXT),
        "redenen": many(whole({"veld": _TEXT, "code": _TEXT, "rijen": count})),
        "vormen": many(whole({"veld": _TEXT, "vormen": many(_TEXT)})),
        "kolommenAfgesprokenBijActiveren": truth,
        "vooruitzicht": {"anyOf": [ref("schemas", "Vooruitzicht"), {"type": "null"}]},
    }
    turned = {"ontvanger": _TEXT, "code": _TEXT, "rijen": count, "rijnummers": many(_NUMBER)}
    return {
        "Wachtend": whole(
            {
                "wachtend": many(whole(waits)),
                "volledig": {**truth, "description": "Of alles te lezen was; zo niet, dan wacht er misschien meer"},
            }
        ),
        "KoppelingInstellen": whole(setup, needed),
        "KoppelingWijzigen": whole({"vanVersie": _NUMBER, **setup}, ["vanVersie", *needed]),
        "KoppelingStand": whole(standing),
        "Koppelingen": whole({"koppelingen": many(ref("schemas", "KoppelingStand"))}),
        "Koppeling": whole(
            {
                **standing,
                "instellingen": ref("schemas", "KoppelingInstellen"),
                "actieveInstellingen": {"anyOf": [ref("schemas", "KoppelingInstellen"), {"type": "null"}]},
                "sleutels": many(ref("schemas", "Sleutel")),
                "kolommen": {
                    **maybe(many(_TEXT)),
                    "description": "De kolommen die op proef zijn gezien en die activeren afspreekt; een naam die niet "
                    "zeker een kolom is, is leeg",
                },
                "volgensAfspraken": {
                    **maybe(many(_TEXT)),
                    "description": "De partijen die volgens de afspraken van nu aan de andere kant staan; leeg is niemand",
                },
            }
        ),
        "Sleutel": whole(
            {
                "naam": _TEXT,
                "soort": _TEXT,
                "vingerafdruk": {"type": "string", "description": "Van het openbare deel (SHA-256); leeg bij een geheim"},
                "sinds": _TEXT,
                "door": _TEXT,
                "einddatum": maybe(date),
                "wacht": {"type": "boolean", "description": "Of zij nog wacht op activering of wisseling"},
            }
        ),
        "SleutelGeven": whole(
            {
                "waarde": {"type": "string", "writeOnly": True, "description": "Een regel, of PEM of OpenSSH"},
                "wachtwoordzin": {
                    "type": "string",
                    "writeOnly": True,
                    "description": "Wat een sleutel in PEM opent; de hub bewaart de geopende sleutel, en deze zin niet",
                },
            },
            ["waarde"],
        ),
        "VerlopendeSleutels": whole(
            {"sleutels": many(whole({"koppelingId": _TEXT, "naam": _TEXT, "einddatum": date, "dagen": {"type": "integer"}}))}
        ),
        "Handelingen": whole({"handelingen": many(ref("schemas", "Handeling"))}),
        "Handeling": whole(
            {
                "volgnummer": _NUMBER,
                "handeling": _TEXT,
                "versie": _NUMBER,
                "door": _TEXT,
                "woord": _TEXT,
                "logregel": {"type": "string", "format": "uuid"},
                "tijdstip": _TEXT,
            }
        ),
        "HandelingVragen": whole({"handeling": words(ACTS), "versie": _NUMBER, "reden": words(GlassReason)}, ["handeling"]),
        "ProefVragen": whole({"soort": words(TRIALS), "versie": _NUMBER}, ["soort"]),
        "Proef": whole(told, ["soort", "versie", "gelukt"]),
        "Vooruitzicht": whole(
            {
                "recordsoort": _TEXT,
                "naar": many(_TEXT),
                "rijenVerder": count,
                "rijenNergensHeen": count,
                "geweigerd": many(whole(turned)),
            }
        ),
        "Verschillen": whole({"verschillen": many(whole({"veld": _TEXT, "van": _TEXT, "tot": _TEXT}))}),
        "Koppelvormen": whole(
            {
                "koppelvormen": many(
                    whole(
                        {
                            "koppelvorm": _TEXT,
                            "familie": _TEXT,
                            "titel": _TEXT,
                            "richting": _TEXT,
                            "partijen": many(_TEXT),
                            "protocollen": many(
                                whole(
                                    {
                                        "protocol": _TEXT,
                                        "opties": many(whole({**named, "standaard": _TEXT})),
                                        "sleutels": many(whole({**named, "soort": _TEXT, "een": _TEXT})),
                                    }
                                )
                            ),
                        }
                    )
                )
            }
        ),
    }
