"""Answers of Suwinet, reduced to the cells that the mapping reads: yes, no, or nothing where the answer does not say.

Amounts, employers, schools, laws and codes are looked at here and let go. What is not known stays empty and never becomes a no:
a period of which begin or end is uncertain, income of an unknown kind, and every no beside which a source warns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final

from hub.connector import Trouble
from hub.domain.terms import ReasonCode
from hub.http import INVALID, Away, Barred

YES: Final = "J"
NO: Final = "N"
SHUT_OUT: Final = frozenset({"NietGerechtigd", "NietVanToepassing", "NietGeautoriseerd", "OngeldigBericht"})
"""Faults that asking again does not mend. The register's own list of codes is not public: see SOURCE.md."""

_ROOT: Final = "http://bkwi.nl/SuwiML/Diensten"
_FWI: Final = "{http://bkwi.nl/SuwiML/FWI/v0205}"
_MONTHS: Final = timedelta(days=92)
"""Wages are reported by month and afterwards: who has worked for a month is seen in the months before."""
_UNKNOWN: Final = "00000000"

# Code soort inkomstenverhouding of the wage tax return: what is paid for work, what UWV pays, and what others pay.
_WORK: Final = frozenset({"11", "12", "13", "14", "15", "17", "81"})
_OF_UWV: Final = frozenset({"31", "32", "33", "35", "36", "37", "38", "39", "40", "46"})
_OF_OTHERS: Final = frozenset({"18", "21", "22", "23", "24", "34", "42", "43", "44", "45"})

Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its name and version, what is asked of it on a day, and what is made of an answer about one person."""

    name: str
    version: str
    operation: str
    question: Callable[[str, date], Mapping[str, Any]]
    reduce: Callable[[Any, str, bool], Cells]

    @property
    def namespace(self) -> str:
        """Of its messages."""
        return f"{_ROOT}/{self.name}/{self.version}"

    @property
    def path(self) -> str:
        """What stands for it in addresses."""
        return f"{self.name}-{self.version}"


def reduced(service: Service, content: Any, number: str, day: date) -> Cells | None:
    """The cells of an answer that is as its schema says, about `number` on `day`; None where the service knows nobody of it.

    Raises hub.http.Away where the service cannot say now, hub.http.Barred where it will not, or tells of somebody else.
    """
    _check_faults(content)
    if content.find(f"{_FWI}NietsGevonden") is not None:
        return None
    clients = content.findall("ClientSuwi")
    if len(clients) != 1 or clients[0].findtext("Burgerservicenr") != number:
        raise Barred(
            INVALID,
            "Suwinet answers about somebody else.",
            f"The answer of {service.path} is not about one person, or not about the one that was asked for.",
            "Nothing of it was kept. Tell the keeper of the service.",
        )
    sure = content.find(f"{_FWI}FWI/Waarschuwing") is None
    return service.reduce(clients[0], f"{day:%Y%m%d}", sure)


def _check_faults(content: Any) -> None:
    codes = [(each.findtext("Code") or "").strip() for each in content.iterfind(f"{_FWI}FWI/Fout")]
    if SHUT_OUT.intersection(codes):
        raise Barred(
            ReasonCode(Trouble.not_allowed.value),
            "Suwinet does not answer this.",
            "A service says that the question may not be asked, or not like this.",
            "Ask the security officer of Suwinet at the college which services it may ask, and for which tasks.",
        )
    only_fwi = content.find("ClientSuwi") is None and content.find(f"{_FWI}NietsGevonden") is None
    if codes or only_fwi:
        raise Away(
            ReasonCode(Trouble.partner_failed.value), "Suwinet cannot answer now.", "A service says that something failed."
        )


def _person(client: Any, _day: str, _sure: bool) -> Cells:
    """Who it is, by the BRP: birth, death and gemeente decide whether anything may be told."""
    died = client.find("Overlijden")
    return {
        "GEBOORTEDATUM": client.findtext("Geboortedat") or "",
        "OVERLIJDENSDATUM": "" if died is None else died.findtext("DatOverlijden") or _UNKNOWN,
        "GEMEENTE": client.findtext("AangifteAdreshoudingBrp/CdGemeenteVanInschrijving") or "",
    }


def _education(client: Any, day: str, sure: bool) -> Cells:
    enrolled = _any(
        _runs(each.findtext("DatInschrijvingOpleiding"), each.findtext("DatUitschrijvingOpleiding"), day)
        for each in client.iterfind("Onderwijsovereenkomst")
    )
    qualified = {"1": True, "2": False}.get((client.findtext("IndStartkwalificatieDuo") or "").strip())
    return {"VOLGT_ONDERWIJS": _said(enrolled, sure), "STARTKWALIFICATIE": _said(qualified, sure)}


def _income(client: Any, day: str, sure: bool) -> Cells:
    works, benefits = [], []
    for each in client.iterfind("Inkomstenverhouding"):
        runs = _runs(each.findtext("DatBIkv"), each.findtext("DatEIkv"), day)
        if runs is False:
            continue
        works.append(_both(runs, _any(_kinds(each, day, _WORK))))
        benefits.append(_both(runs, _any(_kinds(each, day, _OF_UWV))))
    return {"HEEFT_INKOMEN": _said(_any(works), sure), "HEEFT_UITKERING": _said(_any(benefits), sure)}


def _kinds(relation: Any, day: str, wanted: frozenset[str]) -> Iterable[bool | None]:
    """Of every period of an income that may run on the day: whether its kind is among the wanted. Nothing is said of none."""
    periods = 0
    for each in relation.iterfind("Inkomstenperiode"):
        runs = _runs(each.findtext("DatBIkp"), each.findtext("DatEIkp"), day)
        if runs is False:
            continue
        periods += 1
        code = (each.findtext("CdSrtIkv") or "").strip()
        known = code in _WORK | _OF_UWV | _OF_OTHERS
        through_employer = wanted is _OF_UWV and (each.findtext("IndLoonInclusiefWajongUitkering") or "").strip() == "1"
        yield _both(runs, True if through_employer else code in wanted if known else None)
    if not periods:
        yield None


def _assistance(client: Any, day: str, sure: bool) -> Cells:
    runs = _any(
        _runs(each.findtext("DatBUitkeringsverhouding"), each.findtext("DatEUitkeringsverhouding"), day)
        for each in client.iterfind("Uitkeringsverhouding")
    )
    return {"ONTVANGT_BIJSTAND": _said(runs, sure)}


def _runs(begin: str | None, end: str | None, day: str) -> bool | None:
    """Whether a period holds the day, its last day included; None where a date that decides it is not known."""
    begun = _order(begin, day)
    over = None if end is None else _order(end, day)
    return _both(
        None if begun is None else begun <= 0,
        True if end is None else None if over is None else over >= 0,
    )


def _order(text: str | None, day: str) -> int | None:
    """Below nought before the day, above it after; None where the parts that are known do not decide it (zeros are unknown)."""
    if text is None or text[:4] == "0000":
        return None
    for end in (4, 6, 8):
        if end > 4 and text[end - 2 : end] == "00":
            return None
        if text[:end] != day[:end]:
            return -1 if text[:end] < day[:end] else 1
    return 0


def _both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return None if one is None or other is None else True


def _any(found: Iterable[bool | None]) -> bool | None:
    """Whether one of them is so. Of none it is a no: what a source knows a person by, and has nothing under, is not there."""
    kept = list(found)
    if True in kept:
        return True
    return None if None in kept else False


def _said(value: bool | None, sure: bool) -> str:
    return YES if value else NO if value is False and sure else ""


def _number(number: str, _day: date) -> Mapping[str, Any]:
    return {"Burgerservicenr": number}


def _number_and_period(number: str, day: date) -> Mapping[str, Any]:
    period = {"DatBPeriode": f"{day - _MONTHS:%Y%m%d}", "DatEPeriode": f"{day:%Y%m%d}"}
    return {"Burgerservicenr": number, "PeriodeGegevensvraagIko": period}


PERSON: Final = Service("BRPDossierPersoonGSD", "v0200", "AanvraagPersoon", _number, _person)
"""Asked first, and always: only the BRP says of whom the others speak."""
SERVICES: Final[Mapping[str, Service]] = MappingProxyType(
    {
        "duo": Service("DUODossierPersoonGSD", "v0300", "DUOPersoonsInfo", _number, _education),
        "inkomen": Service("UWVDossierInkomstenGSD", "v0200", "UWVPersoonsIkvInfo", _number_and_period, _income),
        "bijstand": Service("Bijstandsregelingen", "v0500", "BijstandsregelingenInfo", _number, _assistance),
    }
)
"""What may be asked beside it, by the words of the option `services`."""
