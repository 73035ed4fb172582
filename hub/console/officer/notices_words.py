"""The Dutch words of the pages about notices. Pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from hub.console.table import Badge
from hub.console.words import Tone
from hub.notices.model import Action, CauseKind, Ground, Happened, Method, Notice, State

CAUSES: Final = MappingProxyType(
    {
        CauseKind.withdrawn: "Een verklaring is ingetrokken",
        CauseKind.refused: "De jongere zei nee",
        CauseKind.expired: "Een verklaring is verlopen",
        CauseKind.invalidated: "Een verklaring geldt niet meer",
        CauseKind.proxy_ended: "De jongere beslist nu zelf",
        CauseKind.objection_upheld: "Een bezwaar is gegrond",
        CauseKind.restricted: "De verwerking is beperkt",
        CauseKind.rectified: "Gegevens zijn verbeterd",
        CauseKind.agreement_ended: "Een afspraak is geëindigd",
        CauseKind.retention_reached: "De bewaartermijn is voorbij",
        CauseKind.unlawful: "Het had niet gegeven mogen worden",
    }
)
ACTIONS: Final = MappingProxyType(
    {
        Action.stop: "Stoppen met gebruiken",
        Action.restrict: "Alleen nog bewaren",
        Action.erase: "Wissen",
        Action.correct: "Verbeteren",
        Action.none_other_basis: "Niets: er was een andere grondslag",
    }
)
STATES: Final = MappingProxyType(
    {
        State.open: Badge("Nog niet ontvangen", Tone.warning),
        State.acknowledged: Badge("Ontvangen, nog niet gedaan", Tone.note),
        State.attested: Badge("Gedaan", Tone.ok),
        State.refused: Badge("Geweigerd, beoordeel dit", Tone.error),
        State.closed: Badge("Afgesloten", Tone.ok),
    }
)
LEVELS: Final = (
    "Nog binnen de termijn",
    "Bel de privacycontactpersoon van de ontvanger",
    "Schakel de FG van de hub en van de ontvanger in",
    "Staat op de lijst van open tekortkomingen",
)
METHODS: Final = MappingProxyType(
    {
        Method.stopped: "gestopt met gebruiken",
        Method.restricted: "alleen nog bewaard",
        Method.erased: "gewist",
        Method.corrected: "verbeterd",
    }
)
GROUNDS: Final = MappingProxyType(
    {
        Ground.expression: "Vrijheid van meningsuiting en informatie (AVG 17, derde lid, a)",
        Ground.legal_duty: "Een wettelijke plicht of een taak van algemeen belang (AVG 17, derde lid, b)",
        Ground.public_health: "Volksgezondheid (AVG 17, derde lid, c)",
        Ground.archive: "Archief, onderzoek of statistiek (AVG 17, derde lid, d)",
        Ground.claims: "Een rechtsvordering (AVG 17, derde lid, e)",
        Ground.restriction_exception: "Een uitzondering op de beperking (AVG 18, tweede lid)",
        Ground.own_basis: "De ontvanger heeft de gegevens op een eigen grondslag",
        Ground.not_received: "De ontvanger heeft deze gegevens nooit ontvangen",
    }
)
HAPPENED: Final = MappingProxyType(
    {
        Happened.opened: "Opgesteld",
        Happened.handed: "Afgegeven aan de ontvanger",
        Happened.acknowledged: "Ontvangst gemeld",
        Happened.attested: "Gemeld dat het is gedaan",
        Happened.refused: "Geweigerd",
        Happened.onward: "Doorgegeven aan een ander, die ook een bericht krijgt",
        Happened.escalated: "Niet op tijd beantwoord",
        Happened.closed: "Afgesloten",
    }
)


def level(notice: Notice) -> Badge | None:
    """How far a notice was escalated; None where it was not."""
    if not notice.level:
        return None
    return Badge(f"Stap {notice.level}: {LEVELS[notice.level]}", Tone.error if notice.level > 1 else Tone.warning)
