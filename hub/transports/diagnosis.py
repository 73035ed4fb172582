"""A connection tried step by step, for the administrator who sets it up: which step fails, and what to do.

The texts are Dutch (B1), and the same for whatever a partner's machine says: nothing of what it says is in them.
"""

from __future__ import annotations

import asyncio
import socket
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from hub.connector import Endpoint, SourceAway, SourceBarred, Transport, Trouble, trouble_of
from hub.errors import HubError

_PORTS: Final = MappingProxyType({"sftp": 22, "https": 443, "http": 80})


class StepName(StrEnum):
    """What is tried, in this order; a host key counts as the certificate of a server."""

    naam = "naam"
    poort = "poort"
    certificaat = "certificaat"
    aanmelden = "aanmelden"
    pad = "pad"
    recht = "recht"


class State(StrEnum):
    """How a step went; what could not be tried, or of which nothing was seen, was skipped."""

    goed = "goed"
    mis = "mis"
    overgeslagen = "overgeslagen"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was seen, and what to do now (empty where there is nothing to do)."""

    name: StepName
    state: State
    trouble: Trouble
    what_nl: str
    now_nl: str = ""


_GOOD: Final = MappingProxyType(
    {
        StepName.naam: "De naam van de server is bekend.",
        StepName.poort: "De server antwoordt op deze poort.",
        StepName.certificaat: "De server bewijst wie hij is.",
        StepName.aanmelden: "De server laat de hub binnen.",
        StepName.pad: "De map of het adres bestaat.",
        StepName.recht: "De hub mag doen wat nodig is.",
    }
)
_SKIPPED: Final = "Deze stap is niet geprobeerd."

_AT: Final = MappingProxyType(
    {
        Trouble.not_found: StepName.naam,
        Trouble.misconfigured: StepName.naam,
        Trouble.no_listener: StepName.poort,
        Trouble.silent: StepName.poort,
        Trouble.broken: StepName.certificaat,
        Trouble.host_key: StepName.certificaat,
        Trouble.certificate: StepName.certificaat,
        Trouble.own_certificate: StepName.certificaat,
        Trouble.no_encryption: StepName.certificaat,
        Trouble.login_unclear: StepName.aanmelden,
        Trouble.key_unreadable: StepName.aanmelden,
        Trouble.login_refused: StepName.aanmelden,
        Trouble.no_folder: StepName.pad,
        Trouble.file_gone: StepName.pad,
        Trouble.no_answer: StepName.pad,
        Trouble.partner_failed: StepName.pad,
        Trouble.limited: StepName.pad,
        Trouble.drift: StepName.pad,
        Trouble.not_allowed: StepName.recht,
        Trouble.name_taken: StepName.recht,
    }
)
_PROVES_NO_LOGIN: Final = frozenset((Trouble.no_answer, Trouble.partner_failed, Trouble.limited))
_NOTHING_TRIED: Final = frozenset((Trouble.login_unclear, Trouble.key_unreadable, Trouble.misconfigured))

_LATER: Final = "Probeer het later nog eens. Blijft het zo? Bel de beheerder van de partner."
_SAYS: Final = MappingProxyType(
    {
        Trouble.not_found: ("De naam van de server is niet bekend.", "Controleer de naam in het adres."),
        Trouble.misconfigured: (
            "De instellingen passen niet bij elkaar.",
            "Controleer het adres, de opties en de sleutels. Wordt er niets opgehaald? Dan valt er niets te testen.",
        ),
        Trouble.no_listener: (
            "Op deze poort luistert niemand.",
            "Controleer de poort, en vraag de partner of de hub door de firewall mag.",
        ),
        Trouble.silent: ("De server antwoordt niet op tijd.", "Vraag de partner of de hub door de firewall mag."),
        Trouble.broken: (
            "De server verbrak de verbinding.",
            "Verwacht de partner een certificaat van de hub? Geef dat. Vraag anders of de hub erbij mag.",
        ),
        Trouble.host_key: (
            "De server laat een andere hostsleutel zien dan is vastgelegd.",
            "Vraag de hostsleutel aan de partner, langs een andere weg dan deze verbinding. Leg hem alleen vast als hij klopt.",
        ),
        Trouble.certificate: (
            "De hub vertrouwt het certificaat van de server niet.",
            "Vraag wie het certificaat uitgeeft, op welke naam het staat en wanneer het eindigt. Geef de uitgever als ca.",
        ),
        Trouble.own_certificate: (
            "De server aanvaardt het certificaat van de hub niet, of krijgt er geen.",
            "Geef certificate en key, en vraag de partner of hij dit certificaat aanvaardt. Kijk ook naar de einddatum.",
        ),
        Trouble.no_encryption: (
            "De server biedt alleen verouderde versleuteling.",
            "Vraag de partner om de server bij te werken.",
        ),
        Trouble.login_unclear: (
            "Het is niet duidelijk hoe de hub zich moet aanmelden.",
            "Geef een sleutel of een wachtwoord, en niet allebei.",
        ),
        Trouble.key_unreadable: (
            "De sleutel van de hub is niet te lezen.",
            "Geef de sleutel opnieuw, met de goede wachtwoordzin als hij die heeft.",
        ),
        Trouble.login_refused: (
            "De server laat de hub niet binnen.",
            "Controleer de naam en de sleutel of het wachtwoord, en of de partner de hub heeft toegelaten.",
        ),
        Trouble.no_folder: ("De map of het adres bestaat niet.", "Vraag de partner naar de goede map of het goede pad."),
        Trouble.file_gone: ("De map of het bestand is verdwenen.", "Vraag de partner naar de goede map of het goede pad."),
        Trouble.no_answer: (
            "De server antwoordt anders dan is afgesproken.",
            "Controleer of dit het adres van de goede dienst is, en of de opties kloppen.",
        ),
        Trouble.partner_failed: ("Het systeem van de partner heeft een storing.", _LATER),
        Trouble.limited: ("De partner vraagt om even te wachten.", "Wacht, en probeer het later nog eens."),
        Trouble.drift: ("De vorm van de gegevens is veranderd.", "Vergelijk de mapping met de beschrijving van de partner."),
        Trouble.not_allowed: (
            "De hub mag niet wat nodig is.",
            "Vraag de partner om het recht om hier te lezen, te schrijven en te verplaatsen.",
        ),
        Trouble.name_taken: ("Een naam is al in gebruik.", "Vraag de partner om de map op te ruimen."),
    }
)


async def diagnose(transport: Transport, endpoint: Endpoint, *, pushes: bool = False) -> tuple[Step, ...]:
    """Every step in its order, for a connector that fetches or one that `pushes`.

    It raises nothing for what is wrong there or in the settings: it says so.
    """
    met = await _met(endpoint)
    if met is not Trouble.none:
        return _told(met, tried=met is not Trouble.misconfigured)
    try:
        await (transport.probe_sink if pushes and transport.probe_sink is not None else transport.probe)(endpoint)
    except (SourceAway, SourceBarred) as wrong:
        return _told(wrong.trouble, tried=True)
    except HubError as wrong:
        return _told(trouble_of(wrong), tried=True)
    return tuple(Step(name, State.goed, Trouble.none, _GOOD[name]) for name in StepName)


async def _met(endpoint: Endpoint) -> Trouble:
    """Whether the name has an address and somebody listens there: what no answer of a service can tell so surely."""
    try:
        parts = urlsplit(endpoint.address)
        host, port = parts.hostname, parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        host, port = None, 0
    if not host:
        return Trouble.misconfigured
    try:
        async with asyncio.timeout(endpoint.timeout_s):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
    except (socket.gaierror, UnicodeError):
        return Trouble.not_found
    except ConnectionRefusedError:
        return Trouble.no_listener
    except TimeoutError:
        return Trouble.silent
    except OSError:
        return Trouble.silent
    return Trouble.none


def _told(trouble: Trouble, *, tried: bool) -> tuple[Step, ...]:
    """The steps before the one that failed went well as far as that shows; those after it were not tried."""
    at = _AT.get(trouble, StepName.pad)
    what, now = _SAYS.get(trouble, ("Er ging iets mis dat de hub niet kent.", _LATER))
    names = list(StepName)
    steps: list[Step] = []
    for number, name in enumerate(names):
        before = number < names.index(at)
        seen = tried and not (name is StepName.aanmelden and trouble in _PROVES_NO_LOGIN)
        if tried and trouble in _NOTHING_TRIED:
            seen = name in (StepName.naam, StepName.poort)  # those were tried before
        if name is at:
            steps.append(Step(name, State.mis, trouble, what, now))
        elif before and seen:
            steps.append(Step(name, State.goed, Trouble.none, _GOOD[name]))
        else:
            steps.append(Step(name, State.overgeslagen, Trouble.none, _SKIPPED))
    return tuple(steps)
