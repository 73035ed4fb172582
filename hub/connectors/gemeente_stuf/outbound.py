"""A delivery as the StUF message that makes a case, and what its answer says. Pure.

The message follows from the delivery alone, its time and its reference too: sent twice it is the same message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from hub.connector import Endpoint
from hub.domain.handing import apart, in_lines, plain
from hub.domain.ids import made_at
from hub.domain.stages import Delivered
from hub.domain.terms import ReasonCode
from hub.http import UNSAFE, Barred

UNFIT: Final = ReasonCode("NIET_VERWERKBAAR")
"""The delivery holds more than a case of this standard can."""
FORM: Final = ReasonCode("VORM_ONGELDIG")
"""The case system does not take a message as it is."""

_LONGEST: Final = 1000
_UNWRITTEN: Final = re.compile("[^\\t\\n\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""What XML has no place for (XML 1.0, section 2.2)."""
_AMSTERDAM: Final = ZoneInfo("Europe/Amsterdam")
_BORN: Final = "geboortedatum"
_PERSON: Final = MappingProxyType(
    {
        "bsn": ("inp.bsn", 9),
        "geslachtsnaam": ("geslachtsnaam", 200),
        "voorvoegsel": ("voorvoegselGeslachtsnaam", 10),
        "voornamen": ("voornamen", 200),
        _BORN: (_BORN, 10),
    }
)


def content_of(delivery: Delivered) -> Mapping[str, Any] | None:
    """What is delivered, by name; None where a case has no place for it."""
    if (content := plain(delivery)) is None:
        return None
    told = in_lines(content, _PERSON)
    return content if len(told) <= _LONGEST and _readable([told, *map(str, content.values())]) else None


def message_of(delivery: Delivered, content: Mapping[str, Any], endpoint: Endpoint) -> dict[str, Any]:
    """The body of zakLk01. Raises Barred where an option is missing."""
    gemeente, code = endpoint.option("gemeente"), endpoint.option("zaaktype_code")
    to = {"organisatie": endpoint.option("to_organisation", gemeente), "applicatie": endpoint.option("to_application")}
    if not gemeente or not code or not to["applicatie"]:
        raise Barred(
            UNSAFE,
            "A case system cannot be sent to.",
            "gemeente, zaaktype_code or to_application is not set.",
            "Set them as README.md of the connector says.",
        )
    number, made = identity_of(delivery, gemeente), made_at(delivery.delivery_id).astimezone(_AMSTERDAM)
    day = made.strftime("%Y%m%d")
    person = apart(content, _PERSON)
    if _BORN in person:
        person[_BORN] = person[_BORN].replace("-", "")
    return {
        "stuurgegevens": {
            "berichtcode": "Lk01",
            "zender": {
                "organisatie": endpoint.option("from_organisation", "hub"),
                "applicatie": endpoint.option("from_application", "hub"),
            },
            "ontvanger": to,
            "referentienummer": str(delivery.delivery_id),
            "tijdstipBericht": made.strftime("%Y%m%d%H%M%S") + f"{made.microsecond // 10_000:02}",
            "entiteittype": "ZAK",
        },
        "parameters": {"mutatiesoort": "T", "indicatorOvername": "V"},
        "object": {
            "entiteittype": "ZAK",
            "verwerkingssoort": "T",
            "sleutelVerzendend": number,
            "identificatie": number,
            "omschrijving": endpoint.option("omschrijving", "Overdracht van een jongere"),
            "toelichting": in_lines(content, _PERSON) or None,
            "kenmerk": {"kenmerk": str(delivery.delivery_id), "bron": "hub"},
            "startdatum": day,
            "registratiedatum": day,
            "isVan": {
                "entiteittype": "ZAKZKT",
                "verwerkingssoort": "T",
                "gerelateerde": {
                    "entiteittype": "ZKT",
                    "verwerkingssoort": "I",
                    "omschrijving": endpoint.option("zaaktype", code),
                    "code": code,
                },
            },
            "heeftBetrekkingOp": {
                "entiteittype": "ZAKOBJ",
                "verwerkingssoort": "T",
                "gerelateerde": {"natuurlijkPersoon": {"entiteittype": "NPS", "verwerkingssoort": "I", **person}},
            },
        },
    }


def identity_of(delivery: Delivered, gemeente: str) -> str:
    """The number of the case: the gemeente's code, as the standard wants it, and the id of the delivery; 40 characters."""
    return f"{gemeente}{delivery.delivery_id}"


def confirms(answer: Mapping[str, Any], delivery: Delivered) -> bool:
    """Whether an answer (Bv03) is about the message of this delivery."""
    told = answer.get("stuurgegevens", answer)
    return isinstance(told, Mapping) and told.get("crossRefnummer") == str(delivery.delivery_id)


def _readable(texts: list[str]) -> bool:
    """Whether XML can hold them."""
    return not any(_UNWRITTEN.search(text) for text in texts)
