"""A delivery as the StUF message that makes a case, and what its answer says. Pure.

The message follows from the delivery alone, its time and its reference too: sent twice it is the same message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson

from hub.connector import Endpoint
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
_PERSON: Final = MappingProxyType(
    {
        "bsn": ("inp.bsn", 9),
        "geslachtsnaam": ("geslachtsnaam", 200),
        "voorvoegsel": ("voorvoegselGeslachtsnaam", 10),
        "voornamen": ("voornamen", 200),
        "geboortedatum": ("geboortedatum", 10),
    }
)


def content_of(delivery: Delivered) -> Mapping[str, Any] | None:
    """What is delivered, by name; None where a case has no place for it."""
    content: Any = orjson.loads(delivery.payload.reveal())
    if not isinstance(content, dict) or not all(isinstance(each, str | int | float) for each in content.values()):
        return None
    told = _explained(content)
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
    number, made = identity_of(delivery, gemeente), _moment(delivery)
    day = made.strftime("%Y%m%d")
    person = {there: _written(here, content[here]) for here, (there, most) in _PERSON.items() if _fits(content.get(here), most)}
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
            "toelichting": _explained(content) or None,
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


def _moment(delivery: Delivered) -> datetime:
    """When the delivery was made, in the Netherlands: it stands in its id (RFC 9562, section 5.7)."""
    return datetime.fromtimestamp((delivery.delivery_id.int >> 80) / 1000, UTC).astimezone(_AMSTERDAM)


def _written(name: str, value: str) -> str:
    return value.replace("-", "") if name == "geboortedatum" else value


def _explained(content: Mapping[str, Any]) -> str:
    """What has no place of its own in the message, by name, a line each."""
    rest = {name: value for name, value in content.items() if not (name in _PERSON and _fits(value, _PERSON[name][1]))}
    return "\n".join(f"{name}: {_said(value)}" for name, value in sorted(rest.items()))


def _fits(value: object, longest: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= longest


def _said(value: object) -> str:
    return ("ja" if value else "nee") if isinstance(value, bool) else str(value)


def _readable(texts: list[str]) -> bool:
    """Whether XML can hold them."""
    return not any(_UNWRITTEN.search(text) for text in texts)
