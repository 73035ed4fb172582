"""A delivery as a case: ZAAK, ROL and STATUS of the Zaken API, and what the API says of one that it will not have. Pure.

The case says what the delivery says and nothing else. What has a place of its own in the standard stands there; the rest stands
in `toelichting`, a line each. Everything follows from the delivery: sent twice it is the same case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from hub.connector import Endpoint, Rejected
from hub.domain.handing import apart, in_lines, plain
from hub.domain.ids import made_at
from hub.domain.stages import Delivered
from hub.domain.terms import ReasonCode
from hub.http import UNSAFE, Answer, Barred
from hub.transports.zgw import SOURCE, identity_of

FORM: Final = ReasonCode("VORM_ONGELDIG")
"""The case system does not take what the delivery holds."""
UNFIT: Final = ReasonCode("NIET_VERWERKBAAR")
"""The delivery holds more than a case of this standard can."""
TAKEN: Final = "identificatie-niet-uniek"

_LONGEST: Final = 1000
_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_PERSON: Final = MappingProxyType(
    {
        "bsn": ("inpBsn", 9),
        "geslachtsnaam": ("geslachtsnaam", 200),
        "voorvoegsel": ("voorvoegselGeslachtsnaam", 80),
        "voornamen": ("voornamen", 200),
        "geboortedatum": ("geboortedatum", 18),
    }
)
_SETTINGS: Final = frozenset(
    (
        *("zaaktype", "bronorganisatie", "verantwoordelijkeOrganisatie", "vertrouwelijkheidaanduiding", "omschrijving"),
        *("roltype", "statustype", "betrokkeneType", "roltoelichting"),
    )
)
"""Parameters that follow from how the connector is set up, and not from the delivery."""
_DELIVERED: Final = frozenset(("betrokkeneIdentificatie", "toelichting"))
"""Parameters that hold what was delivered."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the case is there, as the gemeente set it up in its catalogue."""

    zaaktype: str
    roltype: str
    statustype: str
    rsin: str
    responsible: str
    confidentiality: str
    title: str

    @classmethod
    def of(cls, endpoint: Endpoint) -> Catalogue:
        """Raises Barred where an option is missing."""
        zaaktype, roltype, statustype, rsin = map(endpoint.option, ("zaaktype", "roltype", "statustype", "bronorganisatie"))
        if not (zaaktype and roltype and statustype and rsin):
            raise Barred(
                UNSAFE,
                "A case system cannot be sent to.",
                "zaaktype, roltype, statustype or bronorganisatie is not set.",
                "Set them as README.md of the connector says.",
            )
        return cls(
            zaaktype,
            roltype,
            statustype,
            rsin,
            endpoint.option("verantwoordelijke_organisatie", rsin),
            endpoint.option("vertrouwelijkheid", "zaakvertrouwelijk"),
            endpoint.option("omschrijving", "Overdracht van een jongere"),
        )


def content_of(delivery: Delivered) -> Mapping[str, Any] | None:
    """What is delivered, by name; None where a case has no place for it (a document, or what is no plain value)."""
    content = plain(delivery)
    return None if content is None or len(in_lines(content, _PERSON)) > _LONGEST else content


def zaak_of(delivery: Delivered, content: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    """The case itself."""
    return {
        "identificatie": identity_of(delivery.delivery_id),
        "bronorganisatie": catalogue.rsin,
        "verantwoordelijkeOrganisatie": catalogue.responsible,
        "zaaktype": catalogue.zaaktype,
        "omschrijving": catalogue.title,
        "startdatum": made_at(delivery.delivery_id).astimezone(_AMSTERDAM).date().isoformat(),
        "vertrouwelijkheidaanduiding": catalogue.confidentiality,
        "toelichting": in_lines(content, _PERSON),
        "kenmerken": [{"kenmerk": str(delivery.delivery_id), "bron": SOURCE}],
    }


def rol_of(content: Mapping[str, Any], zaak: str, catalogue: Catalogue) -> dict[str, Any]:
    """The young person whom the case is about."""
    return {
        "zaak": zaak,
        "betrokkeneType": "natuurlijk_persoon",
        "roltype": catalogue.roltype,
        "roltoelichting": "Jongere",
        "betrokkeneIdentificatie": apart(content, _PERSON),
    }


def status_of(delivery: Delivered, zaak: str, catalogue: Catalogue) -> dict[str, Any]:
    """The first status of the case."""
    moment = made_at(delivery.delivery_id).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"zaak": zaak, "statustype": catalogue.statustype, "datumStatusGezet": moment, "statustoelichting": ""}


def refusal_of(answer: Answer) -> ReasonCode:
    """Why a case system does not take a 400, 413 or 422: what the delivery holds.

    Raises Barred where a setting is what is wrong, Rejected where it does not say that it is what was delivered.
    """
    names = {name for name, _ in faults_of(answer)}
    if names & _SETTINGS or any(name.rpartition(".")[2] in _SETTINGS for name in names):
        raise Barred(
            UNSAFE,
            "A case system does not accept how cases are set up.",
            f"It answered {answer.status}, about {' and '.join(sorted(names & _SETTINGS)) or 'a type'}.",
            "Compare the options of this connector with its catalogue, then release what is held.",
        )
    if not names or not all(name.partition(".")[0] in _DELIVERED for name in names):
        why = f"It answered {answer.status}, and not that it is about what was delivered."
        raise Rejected(FORM, "A case system does not accept a case.", why)
    return FORM


def faults_of(answer: Answer) -> set[tuple[str, str]]:
    """The parameters that are wrong and the code of each (`invalidParams`); empty where the answer names none."""
    try:
        content = orjson.loads(answer.body)
        return {(str(one["name"]), str(one.get("code", ""))) for one in content["invalidParams"]}
    except (ValueError, TypeError, KeyError, AttributeError):
        return set()
