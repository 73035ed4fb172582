"""Whether a setup fits: its connector, its party, its options, its address, its hours, its mapping. Pure but for its files."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from hub.connector import Setup
from hub.connector.manifest import Option
from hub.domain.terms import ConnectorId, PartyId
from hub.domain.territory import Party, PartyKind
from hub.errors import Fault, Malformed, Misconfigured
from hub.normalise.mapping import DeclarativeMapping, load_mapping
from hub.registry import Connector
from hub.schedule import Schedule, Window
from hub.setups.address import wrong_with

UNNAMED: Final = "?"
"""Where a name is not one of ours: what somebody typed is not repeated."""
_KINDS: Final = frozenset(kind.value for kind in PartyKind)


@dataclass(frozen=True, slots=True)
class Checks:
    """What a setup is held against.

    `parties` are those of the policy set in use, `taken` the ids of instances that stand in a file. `production` refuses a
    mapping that is not verified.
    """

    connectors: Mapping[str, Connector]
    parties: Callable[[], Mapping[PartyId, Party]]
    taken: Collection[str] = ()
    production: bool = False

    def connector(self, name: str) -> Connector:
        """The connector of that name. Raises errors.Malformed where there is none."""
        found = self.connectors.get(name)
        if found is None:
            raise refused("There is no connector of this name.", Fault("connector", "CONNECTOR_ONBEKEND"))
        return found

    def check(self, setup: Setup) -> Connector:
        """The connector that it is an instance of. Raises errors.Malformed with every fault."""
        connector = self.connector(setup.connector)
        faults = [*self._faults(setup, connector)]
        if faults:
            why = wrong_with(setup.address, setup.protocol) if any(one.where == "address" for one in faults) else ""
            raise refused(why or "It does not fit its connector, its party or the clock.", *faults)
        return connector

    def fitting(self, connector: Connector) -> tuple[Party, ...]:
        """The parties that an instance of it can be of, by name."""
        kinds = _KINDS & set(connector.manifest.parties)
        found = (party for party in self.parties().values() if not kinds or party.kind.value in kinds)
        return tuple(sorted(found, key=lambda party: party.name))

    def colleges(self) -> tuple[Party, ...]:
        """The parties in whose own connection a register is asked, by name."""
        return tuple(
            sorted((one for one in self.parties().values() if one.kind is PartyKind.college), key=lambda one: one.name)
        )

    def check_mapping(self, instance: str, mapping: DeclarativeMapping) -> None:
        """Raises errors.Misconfigured where the mapping that an instance reads with is not verified, and must be."""
        if self.production and not mapping.verified:
            raise Misconfigured(
                f"The mapping of connector {instance} is not verified.",
                "Its columns are not known to be those of the real delivery.",
                "Compare them with the partner's own description, then set 'verified: true' in the mapping.",
            )

    def _faults(self, setup: Setup, connector: Connector) -> Iterator[Fault]:
        manifest = connector.manifest
        if setup.id in self.taken:
            yield Fault("id", "NAAM_BEZET")
        try:
            ConnectorId(setup.id)
        except ValueError:
            yield Fault("id", "WAARDE_ONGELDIG")
        if setup.protocol not in manifest.transport.protocols:
            yield Fault("protocol", "PROTOCOL_ONBEKEND")
            return
        yield from self._parties(setup, connector)
        if wrong_with(setup.address, setup.protocol):
            yield Fault("address", "ADRES_ONGELDIG")
        yield from _options(setup, connector.options(setup.protocol))
        yield from _times(setup)
        try:
            if manifest.direction != "outbound":
                load_mapping(connector.mapping)
        except Misconfigured:
            yield Fault("connector", "MAPPING_ONBRUIKBAAR")

    def _parties(self, setup: Setup, connector: Connector) -> Iterator[Fault]:
        known, manifest = self.parties(), connector.manifest
        party = known.get(_party(setup.party))
        if party is None:
            yield Fault("party", "PARTIJ_ONBEKEND")
        elif (kinds := _KINDS & set(manifest.parties)) and party.kind.value not in kinds:
            yield Fault("party", "PARTIJ_PAST_NIET")
        if manifest.direction == "query" and setup.college is None:
            yield Fault("college", "VERPLICHT_VELD_LEEG")
        elif setup.college is not None and manifest.direction != "query":
            yield Fault("college", "VELD_ONBEKEND")
        elif setup.college is not None:
            college = known.get(_party(setup.college))
            if college is None:
                yield Fault("college", "PARTIJ_ONBEKEND")
            elif college.kind is not PartyKind.college:
                yield Fault("college", "PARTIJ_PAST_NIET")


def refused(why: str, *faults: Fault) -> Malformed:
    """A setup or credential that cannot be taken."""
    return Malformed("This cannot be set up.", why, "Correct what is named and give it again.", faults=faults)


def options_of(setup: Setup, connector: Connector) -> dict[str, str]:
    """What an instance is told: its own words, and the default of every other option that has one."""
    known = connector.options(setup.protocol)
    return {option.name: option.default for option in known if option.default} | setup.options


def _options(setup: Setup, known: tuple[Option, ...]) -> Iterator[Fault]:
    names = {option.name for option in known}
    if setup.options.keys() - names:
        yield Fault(f"options.{UNNAMED}", "VELD_ONBEKEND")
    for option in known:
        said = setup.options.get(option.name, "")
        if not said and option.required and not option.default:
            yield Fault(f"options.{option.name}", "VERPLICHT_VELD_LEEG")
        elif not said.isprintable():
            yield Fault(f"options.{option.name}", "TEKEN_ONGELDIG")
        elif said and option.pattern and not re.fullmatch(option.pattern, said):
            yield Fault(f"options.{option.name}", "WAARDE_ONGELDIG")
        elif said and option.name.endswith("url") and wrong_with(said, "rest"):  # tokens are fetched there
            yield Fault(f"options.{option.name}", "ADRES_ONGELDIG")


def _times(setup: Setup) -> Iterator[Fault]:
    for where, words, parse in (("schedule", setup.schedule, Schedule.parse), ("window", setup.window, Window.parse)):
        try:
            if words:
                parse(words)
        except Misconfigured:
            yield Fault(where, "SCHEMA_ONGELDIG")


def _party(text: str) -> PartyId:
    try:
        return PartyId(text)
    except ValueError:
        return PartyId("none")
