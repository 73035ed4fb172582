"""Finds the connectors: what each declares, and what it offers in that direction, made of its own code or the house's."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from hub.connector import (
    Connect,
    Credential,
    FileFormat,
    Manifest,
    OpenQuery,
    OpenSink,
    Option,
    Probe,
    Reads,
    Transport,
    load_manifest,
)
from hub.connector.manifest import Protocol, unusable
from hub.connector.quality import Ledger, load_ledger
from hub.errors import Misconfigured
from hub.formats import format_of
from hub.transports import TRANSPORTS

_BELONGS: Final = MappingProxyType({"inbound": "instances", "outbound": "recipients", "query": "registers"})


@dataclass(frozen=True, slots=True)
class Connector:
    """A connector that was found. `own` has its own code by name, where it has any: `FORMAT`, `connect`, `open_sink`, ..."""

    manifest: Manifest
    folder: Path
    own: Mapping[str, Any]

    @property
    def ledger(self) -> Ledger:
        """How good it is, rule by rule. Raises errors.Misconfigured where its ledger is not whole."""
        return load_ledger(self.folder / "quality.toml", self.manifest.direction)

    @property
    def mapping(self) -> Path:
        """The mapping file; `hub.normalise.mapping.load_mapping` compiles it."""
        return self.folder / "mapping.yaml"

    def format(self, reads: Reads | None = None) -> FileFormat:
        """How its files are read; `reads` where a mapping says it otherwise. Raises errors.Misconfigured."""
        if self.manifest.direction == "outbound":
            raise self._other_way("fetch")
        chosen = reads or self.manifest.reads
        own: FileFormat | None = self.own.get("FORMAT")
        return own if chosen.format == "own" and own is not None else format_of(chosen)

    def connect(self, protocol: Protocol) -> Connect:
        """How its files are fetched. Raises errors.Misconfigured where it does not fetch over this protocol."""
        if self.manifest.direction != "inbound":
            raise self._other_way("fetch")
        self._check(protocol)
        own: Connect | None = self.own.get("connect")
        house = TRANSPORTS[protocol].connect if protocol in TRANSPORTS else None
        if (chosen := own or house) is None:
            raise Misconfigured(
                f"Nothing is fetched over {protocol}.", "It is brought to the hub.", "There is nothing to set up."
            )
        return chosen

    @property
    def open_sink(self) -> OpenSink:
        """Raises errors.Misconfigured where the connector does not push."""
        if self.manifest.direction != "outbound":
            raise self._other_way("push")
        found: OpenSink = self.own["open_sink"]
        return found

    @property
    def open_query(self) -> OpenQuery:
        """Raises errors.Misconfigured where the connector does not ask."""
        if self.manifest.direction != "query":
            raise self._other_way("ask")
        found: OpenQuery = self.own["open_query"]
        return found

    def transport(self, protocol: Protocol) -> Transport:
        """How bytes travel over this protocol. A connector that shows itself in a way of its own is probed in that way.

        Raises errors.Misconfigured where the house has no such transport.
        """
        found = TRANSPORTS.get(protocol)
        if found is None:
            raise Misconfigured(f"There is no transport {protocol}.", "The hub does not speak it.", "Choose another.")
        own: Probe | None = self.own.get("probe")
        return found if own is None else replace(found, probe=own, probe_sink=own)

    def options(self, protocol: Protocol) -> tuple[Option, ...]:
        """What an instance is told: by its transport first, then by the connector. A connector's own takes the place of it."""
        own = {option.name for option in self.manifest.options}
        house = TRANSPORTS[protocol].options if protocol in TRANSPORTS else ()
        return (*(option for option in house if option.name not in own), *self.manifest.options)

    def credentials(self, protocol: Protocol) -> tuple[Credential, ...]:
        """What an instance needs to be let in, by its transport and by the connector."""
        own = {credential.name for credential in self.manifest.credentials}
        house = TRANSPORTS[protocol].credentials if protocol in TRANSPORTS else ()
        return (*(credential for credential in house if credential.name not in own), *self.manifest.credentials)

    def _check(self, protocol: Protocol) -> None:
        if protocol not in self.manifest.transport.protocols:
            known = ", ".join(self.manifest.transport.protocols)
            raise Misconfigured(f"The connector {self.manifest.id} does not speak {protocol}.", f"It speaks {known}.")

    def _other_way(self, does_not: str) -> Misconfigured:
        return Misconfigured(
            f"The connector {self.manifest.id} does not {does_not}.",
            f"Its manifest declares it {self.manifest.direction}.",
            f"Set it up among the {_BELONGS[self.manifest.direction]}, or choose another connector.",
        )


def load_connectors(folder: Path | None = None, package: str = "hub.connectors") -> Mapping[str, Connector]:
    """Every connector in `folder` by its id. A folder without a manifest, or with something missing, refuses to load."""
    folder = folder or Path(__file__).parent / "connectors"
    found: dict[str, Connector] = {}
    for home in sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith(("_", "."))):
        manifest = load_manifest(home / "manifest.toml")
        try:
            own = _own(f"{package}.{manifest.id}")
        except (ImportError, AttributeError):
            raise unusable(home / "manifest.toml", "Its own code cannot be loaded.") from None
        _check_whole(manifest, own, home)
        found[manifest.id] = Connector(manifest, home, MappingProxyType(own))
    return MappingProxyType(found)


_OFFERS = {"inbound": ("FORMAT",), "client": ("connect", "open_sink", "open_query", "probe"), "outbound": ()}


def _own(package: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, offers in _OFFERS.items():
        if find_spec(f"{package}.{name}") is not None:
            module = importlib.import_module(f"{package}.{name}")
            found |= {offer: getattr(module, offer) for offer in offers if hasattr(module, offer)}
    return found


def _check_whole(manifest: Manifest, own: Mapping[str, Any], home: Path) -> None:
    needed = {"outbound": "open_sink", "query": "open_query"}.get(manifest.direction)
    if needed is not None and needed not in own:
        raise unusable(home / "manifest.toml", f"It is {manifest.direction}, and its client.py has no {needed}.")
    if manifest.direction == "inbound" and manifest.reads.format == "own" and "FORMAT" not in own:
        raise unusable(home / "manifest.toml", "It reads a format of its own, and its inbound.py has no FORMAT.")
    if manifest.direction != "outbound" and not (home / "mapping.yaml").is_file():
        raise unusable(home / "manifest.toml", "It has no mapping.yaml.")
