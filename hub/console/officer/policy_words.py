"""The Dutch words of the pages about agreements: where one stands, what keeps it out of force, what ends soon."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from hub.consent.explain import dutch_date
from hub.consent.force import Expiring, Expiry, Obstacle, State
from hub.consent.life import ActKind, Advice, EndReason, Method, SuspendReason
from hub.consent.model import PolicySet
from hub.console.officer.words import party
from hub.console.table import Badge
from hub.console.words import Tone
from hub.domain.terms import BasisId

STATES: Final[Mapping[State, Badge]] = MappingProxyType(
    {
        State.draft: Badge("Nog niet ondertekend", Tone.warning),
        State.signed: Badge("Ondertekend, nog niet in gebruik", Tone.note),
        State.in_force: Badge("Van kracht", Tone.ok),
        State.blocked: Badge("Niet van kracht", Tone.error),
        State.suspended: Badge("Geschorst", Tone.error),
        State.doubted: Badge("Niet te bewijzen", Tone.error),
        State.ended: Badge("Beëindigd", Tone.warning),
    }
)
OBSTACLES: Final[Mapping[Obstacle, str]] = MappingProxyType(
    {
        Obstacle.not_begun: "De eerste dag waarop de afspraak geldt, is nog niet gekomen.",
        Obstacle.over: "De laatste dag waarop de afspraak gold, is voorbij.",
        Obstacle.controllership: "De afspraak zegt niet wie verantwoordelijk is voor de verwerking.",
        Obstacle.processor_contract: "De verwerkersovereenkomst met de hub ontbreekt.",
        Obstacle.dpia: "De DPIA moet eerst worden herzien.",
        Obstacle.fg_advice: "Het advies van de FG moet opnieuw worden gevraagd.",
    }
)
ADVICES: Final[Mapping[str, str]] = MappingProxyType(
    {Advice.positive: "Positief", Advice.conditional: "Positief, onder voorwaarden", Advice.negative: "Negatief"}
)
SUSPENDING: Final[Mapping[str, str]] = MappingProxyType(
    {
        SuspendReason.incident: "Er is een incident of datalek",
        SuspendReason.unlawful: "De uitwisseling is misschien onrechtmatig",
        SuspendReason.party_request: "Een partij vraagt erom",
        SuspendReason.supervisor: "De toezichthouder vraagt erom",
        SuspendReason.review: "De afspraak wordt herzien",
    }
)
ENDING: Final[Mapping[str, str]] = MappingProxyType(
    {
        EndReason.purpose_reached: "Het doel is bereikt",
        EndReason.replaced: "Een andere afspraak komt in de plaats",
        EndReason.law_changed: "De wet is veranderd",
        EndReason.party_left: "Een partij stapt uit",
        EndReason.unlawful: "De uitwisseling is onrechtmatig",
    }
)
ACTS: Final[Mapping[ActKind, str]] = MappingProxyType(
    {
        ActKind.founded: "De hub begon met deze afspraak; zij telt als ondertekend",
        ActKind.laid: "De hub begon met deze afspraak; zij was nog niet van kracht",
        ActKind.proposed: "Voorgesteld",
        ActKind.advised: "Advies van de FG",
        ActKind.signed: "Ondertekend",
        ActKind.activated: "In gebruik genomen",
        ActKind.suspended: "Geschorst",
        ActKind.resumed: "Schorsing opgeheven",
        ActKind.ended: "Beëindigd",
    }
)
METHODS: Final[Mapping[Method, str]] = MappingProxyType(
    {Method.hub: "door de hub", Method.desk: "aan deze balie", Method.key: "met een eigen sleutel"}
)
REASONS: Final[Mapping[str, str]] = MappingProxyType({**SUSPENDING, **ENDING, **ADVICES})
"""The words that stand with an act."""


def ends(policy: PolicySet, each: Expiring) -> str:
    """What of an agreement ends when, as a sentence."""
    day = dutch_date(each.day)
    left = "vandaag" if each.left == 0 else f"nog {each.left} {'dag' if each.left == 1 else 'dagen'}"
    match each.what:
        case Expiry.dpia if each.left <= 0:
            return f"De DPIA moest op {day} zijn herzien. Daarom is de afspraak niet van kracht."
        case Expiry.fg_advice if each.left <= 0:
            return f"Het advies van de FG moest op {day} opnieuw zijn gevraagd. Daarom is de afspraak niet van kracht."
        case Expiry.dpia:
            return f"De DPIA moet voor {day} zijn herzien ({left})."
        case Expiry.fg_advice:
            return f"Het advies van de FG moet voor {day} opnieuw zijn gevraagd ({left})."
        case Expiry.agreement:
            return f"De afspraak loopt af op {day} ({left})."
        case Expiry.party:
            return f"{party(policy, each.about)} is geen partij meer vanaf {day} ({left})."
        case Expiry.basis:
            law = policy.laws[BasisId(each.about)]
            return f"{law.law.name}, {law.article} geldt niet meer vanaf {day} ({left})."
