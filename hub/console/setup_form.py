"""The form in which a connector is set up, made of its manifest: its fields, and what was typed as a setup. Pure.

What was typed stays where it is refused, but for what could be a secret that was put into the wrong field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from hub.connector import Option, Setup
from hub.connector.manifest import Protocol
from hub.console.form import Fields
from hub.console.setup_words import ADDRESSES, FAULTS, title_of
from hub.domain.territory import Party
from hub.errors import Malformed
from hub.registry import Connector
from hub.setups.address import BROUGHT, wrong_with

NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "id": "koppelingId",
        "party": "partij",
        "address": "adres",
        "schedule": "schema",
        "window": "venster",
        "per_minute": "perMinuut",
        "concurrency": "gelijktijdig",
        "settle_s": "rustSeconden",
        "batch": "perKeer",
        "timeout_s": "wachtSeconden",
        "college": "college",
    }
)
"""What a field of a setup is called in the form."""
_NUMBERS: Final = frozenset({"per_minute", "concurrency", "settle_s", "batch", "timeout_s"})
_OPTION: Final = "optie-"
_INSIDE: Final = re.compile(r"//[^/@]*@")
_SECRET: Final = re.compile(r"-----BEGIN|whsec_|[A-Za-z0-9+/=_-]{60,}")
_DIGITS: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_DECIMAL: Final = re.compile(r"[0-9]{1,4}([.,][0-9]{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `choices` where it is chosen from a list, `error` where what was typed is refused."""

    name: str
    label: str
    hint: str
    value: str
    error: str
    required: bool
    choices: tuple[tuple[str, str], ...] = ()
    number: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A kind of connector over one way, for parties that fit it; `fixed` where an instance is changed."""

    connector: Connector
    protocol: Protocol
    parties: Sequence[Party]
    colleges: Sequence[Party]
    fixed: Setup | None = None

    def typed(self, form: Fields) -> dict[str, str]:
        """What was typed, by the name of its field."""
        return {name: form.one(name)[:1100] for name in self._names()}

    def begun(self) -> dict[str, str]:
        """What stands in it at first."""
        if self.fixed is None:
            return {_OPTION + one.name: one.default for one in self._options()}
        said = self.fixed.model_dump(mode="json")
        options = {_OPTION + one.name: self.fixed.options.get(one.name, one.default) for one in self._options()}
        return {told: "" if said[name] is None else str(said[name]) for name, told in NAMES.items()} | options

    def given(self, typed: Mapping[str, str]) -> dict[str, Any]:
        """The setup that was typed, for `hub.setups.service.read_setup`; what is empty is left to its default."""
        found: dict[str, Any] = {name: _number(name, typed.get(told, "")) for name, told in NAMES.items() if typed.get(told)}
        options = {one.name: text for one in self._options() if (text := typed.get(_OPTION + one.name, ""))}
        own = {name: text for name, text in options.items() if not self._is_default(name, text)}
        found |= {"connector": self.connector.manifest.id, "protocol": self.protocol, "options": own}
        if self.fixed is not None:
            asked = {one.name for one in self._fields({}, {})}
            found |= {name: getattr(self.fixed, name) for name, told in NAMES.items() if told not in asked}
        return found | {name: found.get(name, "") for name in ("id", "party")}

    def _is_default(self, name: str, text: str) -> bool:
        kept = None if self.fixed is None else self.fixed.options.get(name)
        return kept is None and any(one.name == name and one.default == text for one in self._options())

    def mistakes(self, wrong: Malformed, typed: Mapping[str, str]) -> dict[str, str]:
        """What is wrong, by the name of the field; under an empty name what belongs to none."""
        found: dict[str, str] = {}
        for fault in wrong.faults:
            head, _, rest = fault.where.partition(".")
            name = _OPTION + rest if head == "options" else NAMES.get(head, "")
            words = FAULTS.get(fault.code, fault.code)
            if name == "adres":
                words = ADDRESSES.get(wrong_with(typed.get("adres", ""), self.protocol), words)
            found.setdefault(name if name in set(self._names()) else "", words)
        return found

    def fields(self, typed: Mapping[str, str], wrong: Mapping[str, str]) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
        """What everybody fills in, and what may be left as it is."""
        made = [*self._fields(typed, wrong)]
        first = [one for one in made if one.required or one.name in ("adres", "schema", "venster") or self._asked(one.name)]
        return tuple(first), tuple(one for one in made if one not in first)

    def _asked(self, name: str) -> bool:
        """Whether the connector itself asks for this option, and not the way that bytes travel."""
        return name in {_OPTION + one.name for one in self.connector.manifest.options} or name == f"{_OPTION}folder"

    def _fields(self, typed: Mapping[str, str], wrong: Mapping[str, str]) -> Iterator[Field]:
        def field(name: str, label: str, hint: str = "", *, required: bool = False, **more: Any) -> Field:
            return Field(name, label, hint, kept(typed.get(name, "")), wrong.get(name, ""), required, **more)

        manifest = self.connector.manifest
        if self.fixed is None:
            hint = "Kleine letters, cijfers en streepjes. Deze naam verandert niet meer. Bijvoorbeeld: zilverlinde-csv."
            yield field("koppelingId", "Naam van de koppeling", hint, required=True)
            yield field("partij", _WHOSE[manifest.direction], required=True, choices=_chosen(self.parties))
        if self.protocol not in BROUGHT:
            form = "sftp://sftp.voorbeeld.nl:22" if self.protocol == "sftp" else "https://api.voorbeeld.nl/pad"
            yield field("adres", "Adres", f"Zo: {form}. Geen gebruikersnaam of wachtwoord.", required=True)
        if manifest.direction == "query":
            yield field(
                "college",
                "College",
                "In wiens eigen aansluiting gevraagd wordt.",
                required=True,
                choices=_chosen(self.colleges),
            )
        for option in self._options():
            hint = f"Bijvoorbeeld: {option.example}." if option.example else ""
            required = option.required and not option.default
            yield field(_OPTION + option.name, title_of(option.title), hint, required=required)
        usual = manifest.transport.schedule
        if manifest.direction != "query":
            yield field("schema", "Hoe vaak", f"every 15m, daily 06:30, weekly mon 06:30 of at once. Leeg is {usual}.")
            yield field("venster", "Alleen tussen", "Bijvoorbeeld mon-fri 06:00-22:00. Leeg is altijd.")
        yield from self._limits(field)

    def _limits(self, field: Any) -> Iterator[Field]:
        yield field("perMinuut", "Vragen per minuut, hoogstens", "Leeg is geen grens.", number=True)
        yield field("gelijktijdig", "Tegelijk, hoogstens", "Van 1 tot 16. Leeg is 1.", number=True)
        if self.connector.manifest.direction == "inbound":
            yield field("rustSeconden", "Seconden dat een bestand niet mag groeien", "Leeg is 30.", number=True)
        if self.connector.manifest.direction == "outbound":
            yield field("perKeer", "Bezorgingen per keer, hoogstens", "Van 1 tot 250. Leeg is 50.", number=True)
        yield field("wachtSeconden", "Seconden wachten op de partner", "Hoogstens 300. Leeg is 20.", number=True)

    def _options(self) -> tuple[Option, ...]:
        return self.connector.options(self.protocol)

    def _names(self) -> tuple[str, ...]:
        return (*NAMES.values(), *(_OPTION + one.name for one in self._options()))


_WHOSE: Final = {"inbound": "Wie de gegevens geeft", "outbound": "Wie ze krijgt", "query": "Wie het register houdt"}


def kept(text: str) -> str:
    """What was typed, without what could be a secret: a password in an address, a key, a long token."""
    if "://" in text:
        text = _INSIDE.sub("//", text).partition("?")[0]
        return text if "-----BEGIN" not in text else ""
    return "" if _SECRET.search(text) else text


def _chosen(parties: Sequence[Party]) -> tuple[tuple[str, str], ...]:
    return (("", "Kies een partij"), *((str(one.id), one.name) for one in parties))


def _number(name: str, text: str) -> int | float | str:
    """A number where it is one; else the text, which no setup takes."""
    if name not in _NUMBERS:
        return text
    if name == "timeout_s":
        return float(text.replace(",", ".")) if _DECIMAL.fullmatch(text) else text
    return int(text) if _DIGITS.fullmatch(text) else text
