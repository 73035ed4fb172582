"""What a caller is told when it goes wrong: RFC 9457 problem details in Dutch, made from this table and nothing else.

No text of an exception and no value of a request ever reaches an answer: a problem is its status, and for input the places and
codes of all faults together. NL API Design Rules 2.2: /core/error-handling/*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import orjson
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.errors import Fault, HubError, Malformed, Misconfigured, Refused, Retry, Tampered
from hub.observe import Event, emit, report

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem; `name` is its entry under `components/responses` of the interface description."""

    status: int
    name: str
    title: str
    detail: str


_KINDS: Final = (
    Kind(
        400,
        "OngeldigeInvoer",
        "Ongeldige invoer",
        "De aanvraag heeft niet de afgesproken vorm. Herstel wat onder fouten staat.",
    ),
    Kind(401, "NietAangemeld", "Niet aangemeld", "Er is geen geldig toegangstoken meegegeven. Vraag een nieuw token aan."),
    Kind(
        403,
        "NietToegestaan",
        "Niet toegestaan",
        "Deze handeling is u niet toegestaan. Vraag de beheerder welke rechten u hebt.",
    ),
    Kind(404, "NietGevonden", "Niet gevonden", "Dit adres bestaat niet. Vergelijk het met de beschrijving van de koppeling."),
    Kind(405, "MethodeNietToegestaan", "Methode niet toegestaan", "Dit adres kent deze methode niet."),
    Kind(406, "NietAanvaardbaar", "Niet aanvaardbaar", "Het antwoord is alleen beschikbaar als application/json."),
    Kind(
        409,
        "SleutelHergebruikt",
        "Sleutel al gebruikt",
        "Deze Idempotency-Key hoort bij een eerdere aanvraag met een andere inhoud.",
    ),
    Kind(413, "TeGroot", "Aanvraag te groot", "De inhoud is groter dan dit adres aanneemt."),
    Kind(
        415,
        "MediatypeOnbekend",
        "Mediatype niet ondersteund",
        "Dit adres neemt alleen het beschreven mediatype aan, zonder compressie.",
    ),
    Kind(
        500,
        "InterneFout",
        "Interne fout",
        "Er ging iets mis in de hub. Meld de beheerder het kenmerk bij instance.",
    ),
    Kind(
        503,
        "NietBeschikbaar",
        "Tijdelijk niet beschikbaar",
        "De hub kan dit nu niet doen. Herhaal later dezelfde aanvraag met dezelfde sleutel.",
    ),
)
KINDS: Final[Mapping[int, Kind]] = MappingProxyType({kind.status: kind for kind in _KINDS})

STATUS: Final[Mapping[type[HubError], int]] = MappingProxyType(
    {Refused: 403, Retry: 503, Malformed: 400, Misconfigured: 500, Tampered: 500}
)
"""How each error of the hub is answered; a Conflict is a Retry."""

_EVENTS: Final[Mapping[type[HubError], Event]] = MappingProxyType(
    {
        Refused: Event.request_refused,
        Malformed: Event.message_bounced,
        Retry: Event.database_unavailable,
        Misconfigured: Event.misconfigured,
    }
)

EXPLANATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ADRES_ONGELDIG": "Dit adres kan of mag de hub niet gebruiken. Geef https of sftp, zonder naam, vraag of fragment.",
        "AANTAL_ONGELDIG": "Geef er minstens 1 en hoogstens 500.",
        "ANDERE_SCHOOL": "Een school meldt alleen over haar eigen leerlingen.",
        "ANTWOORD_PAST_NIET": "Dit past niet bij het antwoord of bij wat het bericht vraagt.",
        "BESTAND_GEWIJZIGD": "Het bestand veranderde terwijl het werd gelezen.",
        "BESTAND_LEEG": "Het bestand is leeg.",
        "BESTAND_ONLEESBAAR": "Het bestand is niet heel, of is niet het afgesproken soort bestand.",
        "BESTAND_TE_GROOT": "Het bestand is groter dan de hub aanneemt.",
        "BESTAND_VERPAKT_ONGELDIG": "Het ingepakte bestand is niet veilig uit te pakken.",
        "BESTAND_VERSLEUTELD": "Het bestand is met een wachtwoord beveiligd, of is een Excel-bestand van voor 2007.",
        "BSN_ONGELDIG": "Dit is geen geldig burgerservicenummer.",
        "CERTIFICAAT_VERLOPEN": "Dit certificaat geldt niet meer.",
        "CODE_ONBEKEND": "Deze code staat niet in de codelijst.",
        "CONNECTOR_ONBEKEND": "Deze koppelvorm kent de hub niet.",
        "DATUM_ONGELDIG": "Geef een datum als JJJJ-MM-DD.",
        "DATUM_VOLGORDE": "De datums zijn niet in een mogelijke volgorde.",
        "GEHEIM_ONGELDIG": "Dit is geen sleutel, certificaat of geheim van de gevraagde soort.",
        "GEEN_ROUTE": "Voor deze gemeente is in de hub geen ontvanger aangesloten.",
        "HANDELING_PAST_NIET": "Dit kan nu niet met deze koppeling. Haal haar op en kijk hoe zij ervoor staat.",
        "HANDTEKENING_ONGELDIG": "De verklaring is niet door u ondertekend, of zegt iets anders dan het antwoord.",
        "KOLOM_DUBBEL": "Een kolom komt meer dan een keer voor.",
        "KOLOM_ONBEKEND": "Deze kolom hoort niet in dit bestand.",
        "KOP_ONBEKEND": "Deze kolom of plaats ontbreekt in het bestand.",
        "LIMIET_ONGELDIG": "Geef een geheel getal van 1 tot en met 500.",
        "MAPPING_ONBRUIKBAAR": "De mapping van deze koppelvorm kan niet worden gebruikt of is niet gecontroleerd.",
        "NAAM_BEZET": "Deze naam is al in gebruik.",
        "ONDERWIJSNUMMER_ONGELDIG": "Dit is geen geldig onderwijsnummer.",
        "PAD_ONGELDIG": "Geef de weg van de gegevens als 2 tot en met 10 partijen; de laatste is de ontvanger.",
        "PARAMETER_ONBEKEND": "De aanvraag heeft een parameter die dit adres niet kent.",
        "PARTIJ_ONBEKEND": "Deze partij kent de hub niet. Meld haar aan de functionaris van de hub.",
        "PARTIJ_PAST_NIET": "Deze partij is niet van de soort waarvoor deze koppelvorm is.",
        "PROTOCOL_ONBEKEND": "Deze koppelvorm gaat niet over dit protocol.",
        "PGN_EEN_VAN_TWEE": "Geef een bsn of een onderwijsnummer, niet geen en niet beide.",
        "RIJ_ONVOLLEDIG": "De inhoud is geen leesbare JSON.",
        "SCHEMA_ONGELDIG": "Schrijf het schema of venster zoals de beschrijving zegt.",
        "SLEUTELPAAR_ONGELDIG": "Deze sleutel hoort niet bij het certificaat.",
        "SLEUTEL_ONGELDIG": "Geef precies een keer een sleutel van 1 tot en met 128 zichtbare ASCII-tekens.",
        "STATUS_VERVALLEN": "De status Overgedragen aan derden bestaat sinds 2020 niet meer. Geef de status van nu.",
        "TIJD_ONGELDIG": "Geef een moment volgens RFC 3339, hoogstens tien jaar van nu.",
        "TEKEN_ONGELDIG": "De waarde bevat een teken dat niet is toegestaan.",
        "TE_LANG": "De waarde is te lang.",
        "UUID_ONGELDIG": "Geef een kenmerk zoals het bij de bezorging stond.",
        "VELD_DUBBEL": "Een veld komt meer dan een keer voor.",
        "VELD_ONBEKEND": "Dit veld hoort niet in dit bericht.",
        "VERSIE_VEROUDERD": "Iemand anders was eerder. Haal de koppeling opnieuw op.",
        "VERPLICHT_VELD_LEEG": "Dit veld is verplicht.",
        "VERWERKING_ANDERS": "Bij dit doel hoort in de afspraken een andere verwerkingsactiviteit.",
        "VRAAG_TE_RUIM": "Vraag met een traceId of een verwerkingsactiviteit; een betrokkene alleen is niet genoeg.",
        "VRAGEN_TE_VEEL": "Stel hoogstens 1000 vragen tegelijk.",
        "WACHTWOORDZIN": "Deze sleutel zit op slot. Geef de wachtwoordzin erbij, of geef een kopie zonder wachtwoordzin.",
        "WACHTWOORDZIN_ONJUIST": "Deze wachtwoordzin opent de sleutel niet.",
        "WACHTWOORDZIN_VORM": "Een sleutel in de vorm van OpenSSH opent de hub niet. Geef een kopie zonder wachtwoordzin.",
        "WAARDE_ONGELDIG": "De waarde heeft niet de afgesproken vorm.",
        "WIJZE_ONVOLDOENDE": "Dit is minder dan het bericht vraagt. Doe wat is gevraagd, of weiger met een grond.",
        "XSD_ONGELDIG": "Dit voldoet niet aan het afgesproken XML-schema.",
        "XML_ONVEILIG": "Het bestand heeft een documenttype of entiteiten.",
    }
)
_OTHERWISE: Final = "Dit veld is afgewezen; de code staat in de beschrijving van de koppeling."


def problem(
    request: Request, status: int, faults: tuple[Fault, ...] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """The answer for `status`; a status that is not in the table is told as the general one of its class."""
    kind = KINDS.get(status) or KINDS[400 if 400 <= status < 500 else 500]
    body: dict[str, object] = {
        "type": f"/v1/openapi.json#/components/responses/{kind.name}",
        "status": kind.status,
        "title": kind.title,
        "detail": kind.detail,
        "instance": f"trace:{request.scope.get('hub.trace', '')}",
    }
    if kind.status == 400:
        body["fouten"] = [
            {"veld": fault.where, "code": fault.code, "uitleg": EXPLANATIONS.get(fault.code, _OTHERWISE)} for fault in faults
        ]
    return Response(orjson.dumps(body), kind.status, dict(headers or {}), MEDIA_TYPE)


def of_error(request: Request, error: Exception) -> Response:
    """The answer for anything that was raised, and the log line that belongs to it."""
    match error:
        case HubError():
            return _of_ours(request, error)
        case HTTPException():
            if error.status_code in (401, 403):
                emit(Event.request_refused)
            return problem(request, error.status_code, headers=error.headers)
        case RequestValidationError():
            return problem(request, 400)
        case _:
            report(error)
            return problem(request, 500)


def _of_ours(request: Request, error: HubError) -> Response:
    report(error, next((event for kind, event in _EVENTS.items() if isinstance(error, kind)), Event.failure))
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)
    return problem(
        request,
        status,
        error.faults if isinstance(error, Malformed) else (),
        {"Retry-After": str(max(1, error.after_s))} if isinstance(error, Retry) else None,
    )
