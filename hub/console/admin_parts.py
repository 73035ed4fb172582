"""What the administrator's pages share: letting in, reading an address, and the words for parties, reasons and states."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeVar
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request

from hub.audit.entry import PERSONAL
from hub.connector import Trouble as Reach
from hub.console.desk import AdministratorDesk, Session
from hub.console.form import Fields
from hub.console.gate import Gate, Turned
from hub.console.navigation import ADMINISTRATORS
from hub.console.table import Badge, Link
from hub.console.words import Tone, Trouble
from hub.domain.terms import ConnectorId, PartyId, ReasonCode, Term
from hub.mend.deliveries import HOLD_REASONS, Due, Hold, Waiting
from hub.mend.files import Standing
from hub.mend.store import FileRun

MEANWHILE: Final = Trouble(
    "Dit kan niet meer",
    "Een collega was u voor, of het is inmiddels vanzelf opgelost. Er is niets gewijzigd.",
    "Ga terug, laad de pagina opnieuw en kijk hoe het er nu voor staat.",
)
SPOILT: Final = Trouble(
    "Rijen in quarantaine zijn niet meer wat ze waren",
    "Wat de hub verzegeld bewaarde, is beschadigd of veranderd. Andere rijen zijn niet geraakt.",
    "Stop, bewaar alles zoals het is, en bel de privacyfunctionaris.",
)
_STATES: Final[Mapping[str, Badge]] = MappingProxyType(
    {
        "taken": Badge("bezig"),
        "done": Badge("klaar", Tone.ok),
        "refused": Badge("geweigerd", Tone.error),
        "again": Badge("wordt opnieuw gelezen"),
    }
)
T = TypeVar("T", bound=Term)


class Admin:
    """The desk with its gate: every page of it begins here."""

    def __init__(self, desk: AdministratorDesk, gate: Gate) -> None:
        self.mending, self.deliveries, self.uploads, self._desk = desk.mending, desk.deliveries, desk.uploads, desk
        self.setups, self.names, self.renew = desk.setups, desk.names, desk.renew
        self._gate = gate

    async def admit(self, request: Request) -> Session:
        """An administrator who asks for a page."""
        return await self._gate.admit(request, *ADMINISTRATORS)

    async def take(self, request: Request) -> tuple[Session, Fields]:
        """An administrator who posts a form."""
        return await self._gate.take(request, *ADMINISTRATORS)

    async def take_file(self, request: Request) -> tuple[Session, AsyncIterator[bytes]]:
        """An administrator who posts a file."""
        return await self._gate.take_file(request, *ADMINISTRATORS)

    async def take_file_with(self, request: Request, *names: str) -> tuple[Session, Fields, AsyncIterator[bytes]]:
        """The same where these fields come before the file."""
        return await self._gate.take_file_with(request, names, *ADMINISTRATORS)

    async def brings(self, connector: ConnectorId) -> bool:
        """Whether a file can be brought to this connector by hand."""
        return self.uploads is not None and await self.uploads.takes(connector)

    def party(self, party: PartyId) -> str:
        """What a party is called."""
        known = self._desk.policy.parties.get(party)
        return known.name if known else str(party)

    def reason(self, code: str | None) -> str:
        """What a code means."""
        if code == PERSONAL:
            return "De reden zegt iets over de jongere en staat verzegeld in het logboek."
        known = self._desk.policy.reasons.get(ReasonCode(code)) if code else None
        if known:
            return known.text_nl
        return f"De hub heeft geen uitleg bij de code {code}." if code else "De reden is niet bewaard."

    def remedy(self, code: str | None) -> str:
        """What helps, and who can do that."""
        if code == PERSONAL:
            return "Vraag de privacyfunctionaris of dit zo hoort."
        known = self._desk.policy.reasons.get(ReasonCode(code)) if code else None
        return f"{known.remedy_nl} (Door: {known.who}.)" if known else "Meld het de leverancier van de hub, met de code."


def connector_of(request: Request) -> ConnectorId:
    """The connector in the address; 404 for what cannot be one."""
    return _term(request, "connector", ConnectorId)


def party_of(request: Request) -> PartyId:
    """The party in the address; 404 for what cannot be one."""
    return _term(request, "party", PartyId)


def cause_of(request: Request) -> ReasonCode:
    """The reason code in the address; 404 for what cannot be one."""
    return _term(request, "cause", ReasonCode)


def uuid_of(request: Request, name: str) -> UUID:
    """The id in the address; 404 for what cannot be one."""
    try:
        return UUID(request.path_params[name])
    except ValueError:
        raise HTTPException(404) from None


def _term(request: Request, name: str, kind: type[T]) -> T:
    try:
        return kind(request.path_params[name])
    except ValueError:
        raise HTTPException(404) from None


def meanwhile() -> Turned:
    """Someone else was first."""
    return Turned(400, MEANWHILE)


def spoilt() -> Turned:
    """What was sealed does not open."""
    return Turned(500, SPOILT)


def crumbs(*steps: tuple[str, str]) -> Sequence[Link]:
    """The way to a page from the overview on."""
    return [Link("Overzicht", "/beheer"), *(Link(text, href) for text, href in steps)]


def people(count: int) -> str:
    """So many young people."""
    return "1 jongere" if count == 1 else f"{count:,} jongeren".replace(",", ".")


def counted(count: int, one: str, many: str) -> str:
    """So many of something."""
    return f"1 {one}" if count == 1 else f"{count:,} {many}".replace(",", ".")


def sums(accepted: int, quarantined: int, duplicate: int) -> str:
    """Rows that add up."""
    rows = accepted + quarantined + duplicate
    words = f"{rows:,} ontvangen = {accepted:,} aanvaard + {quarantined:,} apart gezet + {duplicate:,} dubbel"
    return words.replace(",", ".")


def waits(count: int) -> str:
    """So many deliveries wait."""
    return f"{'wacht' if count == 1 else 'wachten'} {counted(count, 'bezorging', 'bezorgingen')}"


def term(due: Due | None) -> Badge | None:
    """How a deadline stands, in words."""
    if due is None:
        return None
    if due.overdue:
        return Badge(f"{counted(-due.left, 'dag', 'dagen')} te laat", Tone.error)
    if not due.left:
        return Badge("vandaag", Tone.warning)
    return Badge(f"nog {counted(due.left, 'dag', 'dagen')}", Tone.warning if due.left <= 2 else Tone.note)


def state_of(run: FileRun) -> Badge:
    """How a file stands."""
    return Badge("staat vast", Tone.error) if run.stuck else _STATES[run.state]


def broken(one: Standing) -> bool:
    """Whether what a connector's polls meet keeps files from coming in."""
    return one.polled is not None and one.trouble not in (Reach.none, Reach.hub_busy)


def reach_of(one: Standing) -> Badge:
    """Whether a connector that fetches is served."""
    if one.polled is None:
        return Badge("nog nooit bekeken", Tone.warning)
    if broken(one):
        return Badge("storing", Tone.error)
    return Badge("niemand kijkt", Tone.warning) if one.unwatched else Badge("bereikbaar", Tone.ok)


def flow_of(one: Waiting) -> Badge:
    """Whether deliveries flow to a recipient."""
    if one.hold is not None:
        return Badge("opgehouden", Tone.warning)
    if one.down is not None:
        return Badge("storing", Tone.error)
    if one.late:
        return Badge("te laat", Tone.error)
    if one.silent:
        return Badge("staat stil", Tone.warning)
    return Badge("loopt", Tone.ok)


def hold_words(hold: Hold) -> str:
    """Why a recipient is on hold."""
    return HOLD_REASONS[hold.reason] if hold.reason else "De reden is niet bewaard."
