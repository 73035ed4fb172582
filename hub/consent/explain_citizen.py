"""Why not, for the young person: in u-form, and never more than they may read. Pure, in Dutch.

A row of reasons may carry such a sentence; the rest is told by gate. None of them tells about anybody else.
"""

from __future__ import annotations

from typing import Final

from hub.consent.model import Gate, PolicySet
from hub.domain.terms import ReasonCode

_SEALED: Final = "Dit hangt af van uw eigen situatie. Vraag ernaar bij wie de gegevens geeft."
_BY_GATE: Final = {
    Gate.invoer: "Het bericht over u was niet goed te lezen.",
    Gate.agreement: "Er is geen afspraak die dit nu goed vindt.",
    Gate.purpose: "Dit is niet waar uw gegevens voor bedoeld zijn.",
    Gate.basis: "De wet staat dit nu niet toe.",
    Gate.recipient: "Deze organisatie mag dit nu niet krijgen.",
    Gate.subject: "Deze hulp is er niet voor iedereen, of er is nog iets niet bekend.",
    Gate.consent: "Eerst moet iemand hier ja tegen zeggen.",
    Gate.fields: "Deze gegevens zijn hier niet voor nodig.",
    Gate.retention: "De gegevens zouden meteen weer weg moeten.",
    Gate.bezorging: "De gegevens konden niet worden bezorgd.",
}


def to_citizen(policy: PolicySet, code: ReasonCode, *, sealed: bool = True) -> str:
    """The reason as the young person reads it. While `sealed`, one that says something about a person is not told.

    Raises KeyError for a code that the set does not know.
    """
    reason = policy.reasons[code]
    if reason.personal and (sealed or reason.burger_nl is None):
        return _SEALED
    return reason.burger_nl or _BY_GATE[reason.gate]
