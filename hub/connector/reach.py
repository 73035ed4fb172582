"""Where a partner's machine is, as whom to reach it, and why it does not serve the hub."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Protocol

from hub.errors import Misconfigured, Retry

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Cursor(Protocol):
    """How far a source was with its partner, kept for its next run: at most 64 KiB of text in its own words, one per instance.

    It may hold what a partner says (an address, a moment): it is shown and logged nowhere.
    """

    async def load(self) -> str | None:
        """What was saved last, if anything."""
        ...

    async def save(self, at: str, /) -> None:
        """Keeps it durably in place of what was there."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A partner's machine: `address` is `sftp://host:port` or a https URL, without user name, query or fragment.

    `options` are what its transport and connector declare, by name; so are `credentials`, which stay out of its text.
    `timeout_s` is for one call. `cursor` is for sources that remember how far they were; without it they begin anew.
    """

    address: str
    options: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    credentials: Mapping[str, bytes] = field(default_factory=lambda: _NOTHING, repr=False)
    timeout_s: float = 20.0
    cursor: Cursor | None = field(default=None, repr=False)

    def option(self, name: str, default: str = "") -> str:
        """What was said under this name, or the default."""
        return self.options.get(name) or default

    def secret(self, name: str) -> str | None:
        """A credential of one line, as text. Raises errors.Misconfigured where it is no text."""
        held = self.credentials.get(name)
        if held is None:
            return None
        try:
            return held.decode("utf-8").strip()
        except UnicodeDecodeError:
            wrong = Misconfigured(f"The credential {name} cannot be used.", "It is not text in UTF-8.", "Give it anew.")
        raise wrong


class Trouble(StrEnum):
    """Why the hub is not served at a partner's machine; closed, for whoever must be told of it without reading logs."""

    none = "BEREIKT"
    host_key = "HOSTSLEUTEL_ONBEKEND"
    certificate = "CERTIFICAAT_ONGELDIG"
    own_certificate = "CERTIFICAAT_GEWEIGERD"
    login_unclear = "AANMELDING_ONDUIDELIJK"
    key_unreadable = "SLEUTEL_ONLEESBAAR"
    login_refused = "AANMELDEN_GEWEIGERD"
    not_allowed = "GEEN_RECHT"
    no_folder = "MAP_ONTBREEKT"
    no_encryption = "VERSLEUTELING_VEROUDERD"
    not_found = "SERVER_ONVINDBAAR"
    no_listener = "POORT_DICHT"
    silent = "GEEN_ANTWOORD"
    broken = "VERBINDING_VERBROKEN"
    limited = "LIMIET_BEREIKT"
    no_answer = "ANTWOORD_ONGELDIG"
    partner_failed = "PARTNER_FOUT"
    drift = "VORM_GEWIJZIGD"
    file_gone = "BESTAND_VERDWENEN"
    name_taken = "NAAM_BEZET"
    hub_busy = "HUB_BEZIG"
    misconfigured = "INSTELLING_ONJUIST"
    unforeseen = "ONVOORZIEN"


class SourceAway(Retry):
    """The partner's machine cannot serve the hub now."""

    def __init__(self, trouble: Trouble, what: str, why: str, now: str, *, after_s: int = 5) -> None:
        super().__init__(what, why, now, after_s=after_s)
        self.trouble = trouble


class SourceBarred(Misconfigured):
    """The partner's machine does not let the hub in, or not where it must be."""

    def __init__(self, trouble: Trouble, what: str, why: str, now: str) -> None:
        super().__init__(what, why, now)
        self.trouble = trouble


def trouble_of(error: BaseException) -> Trouble:
    """What an error of a poll says of the connector; what is no error of the partner's machine is the hub's own."""
    if isinstance(error, SourceAway | SourceBarred):
        return error.trouble
    if isinstance(error, Retry):
        return Trouble.hub_busy
    return Trouble.misconfigured if isinstance(error, Misconfigured) else Trouble.unforeseen
