"""The letter to one person: who got what and why, in words that a young person understands. It is never stored.

No number and no name of the person stands in it: who it is about, the officer who sends it knows.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from hub.archive import words
from hub.archive.words import number
from hub.consent.explain import dutch_date
from hub.consent.explain_citizen import to_citizen
from hub.consent.explanation import Explanation
from hub.consent.model import PolicySet
from hub.domain.terms import PartyId, ReasonCode
from hub.rights.answer import Found, PersonAnswer, SearchReason

_BECAME: Final = {
    "waiting": "De gegevens liggen klaar en zijn nog niet opgehaald.",
    "handed-over": "De gegevens zijn aangeboden. De ontvangst is nog niet bevestigd.",
    "acknowledged": "De ontvanger bevestigde dat de gegevens er zijn.",
    "failed": "Het bezorgen is niet gelukt.",
    "stopped": "Het is toch gestopt. De gegevens zijn niet meer verstuurd.",
    "dropped": "De gegevens worden niet meer verstuurd.",
}
_STATEMENTS: Final = {
    "instemming": "Instemming",
    "toestemming": "Toestemming",
    "bezwaar": "Bezwaar",
    "beperking": "Beperking van de verwerking",
    "contactvoorkeur": "Voorkeur voor contact",
    "raadpleging-school": "Raadpleging van de school",
}
_LOST: Final = "De afspraken waarmee dit is beslist, zijn niet bewaard."
_RIGHTS: Final = (
    "Klopt er iets niet? Vraag de organisatie die de gegevens gaf om ze te verbeteren.",
    "Wilt u dit niet? Soms kunt u bezwaar maken of een toestemming intrekken. Vraag het wie u dit overzicht gaf.",
    "Komt u er niet uit? Dan kunt u een klacht indienen bij de Autoriteit Persoonsgegevens.",
)


class ToldLike(Protocol):
    """An entry told by the policy set that it was made under; `lost` where that set is not kept."""

    @property
    def explanation(self) -> Explanation: ...
    @property
    def policy(self) -> PolicySet: ...
    @property
    def lost(self) -> bool: ...


class Teller(Protocol):
    """Tells entries; the officer's desk has one."""

    async def tell(
        self, fields: Mapping[str, Any], *, reasons: Sequence[ReasonCode] | None = None, outcome: str | None = None
    ) -> ToldLike: ...


async def person_letter(
    policy: PolicySet, found: PersonAnswer, teller: Teller, log_id: str, vkey: str, now_us: int
) -> dict[str, Any]:
    """What the template `person` is given. `policy` is the set in use, for names."""
    recipients = [
        {
            "name": words.party(policy, each.recipient),
            "given": [one async for one in _given(policy, each.given, teller)],
            "refused": [one async for one in _refused(policy, each.refused, teller)],
        }
        for each in found.recipients
    ]
    given = sum(len(each.given) for each in found.recipients)
    return {
        "title": "Wie kreeg gegevens over u?",
        "subtitle": "Overzicht uit het logboek",
        "facts": [
            ("Gemaakt op", words.at(now_us)),
            ("Aanleiding", found.reason.label),
            ("Logboek", f"{log_id}, met {number(found.size)} regels"),
            ("Kenmerk", str(found.search.ref)),
        ],
        "footer": f"Overzicht uit het logboek, {words.day(now_us)}",
        "lead": list(_lead(given, sum(len(each.refused) for each in found.recipients))),
        "recipients": recipients,
        "statements": [
            (
                _STATEMENTS.get(each.kind, each.kind),
                dutch_date(each.valid_from),
                "tot nader bericht" if each.valid_until is None else dutch_date(each.valid_until),
                words.day(each.recorded_us),
            )
            for each in found.statements
        ],
        "searches": [(words.at(each.entry.us), _why(each.reason)) for each in found.searches],
        "events": [(await teller.tell(each.fields)).explanation.headline for each in found.events],
        "rights": list(_RIGHTS),
        "checking": {
            "sentences": [
                f"Dit overzicht komt uit een logboek waarin niets ongemerkt kan veranderen. {number(found.checked)} regels "
                "zijn nagerekend: zij horen bij u, en staan in het logboek onder het controlepunt hieronder.",
                "Wilt u dat zelf nagaan? Vraag de functionaris om het bewijsbestand bij dit overzicht. Een deskundige kan dat "
                "zonder de hub controleren.",
            ],
            "checkpoint": found.checkpoint,
            "key": vkey,
        },
    }


def _lead(given: int, refused: int) -> Iterator[str]:
    yield (
        "De hub geeft gegevens over jongeren door tussen scholen, gemeenten, UWV en DUO, zodat zij kunnen helpen. Elke keer "
        "schrijft de hub op wie wat kreeg, en waarom. In dit overzicht leest u wat er over u is opgeschreven."
    )
    refusals = f"{number(refused)} keer mocht dat niet. Toen is er niets gegeven." if refused else "Er is niets geweigerd."
    yield f"Er mochten {number(given)} keer gegevens over u worden gegeven. {refusals}"


async def _given(policy: PolicySet, found: Sequence[Found], teller: Teller) -> AsyncIterator[dict[str, Any]]:
    for one in found:
        fields = one.entry.fields
        told = await teller.tell(fields, outcome=one.outcome)
        said = told.explanation
        yield {
            "headline": f"{words.day(one.entry.us)}: van {words.party(policy, fields['source'])}",
            "why": _LOST if told.lost else said.why,
            "passes": [f"{each.label}{f' ({each.form})' if each.form else ''}" for each in said.passes],
            "facts": list(_facts(policy, said, one)),
        }


def _facts(policy: PolicySet, said: Explanation, one: Found) -> Iterator[tuple[str, str]]:
    if said.purpose is not None:
        yield "Waarvoor", said.purpose.plain
    if said.bases:
        yield "Volgens de wet", "; ".join(f"{each.law}, {each.article}" for each in said.bases)
    if said.retention:
        yield "Bewaren", said.retention
    yield "Hoe het afliep", _BECAME.get(one.outcome, one.outcome)
    if one.informed is not None:
        by = words.party(policy, PartyId(one.informed.by))
        yield "Aan u verteld", f"Op {dutch_date(one.informed.day)}, door {by}"


async def _refused(policy: PolicySet, found: Sequence[Found], teller: Teller) -> AsyncIterator[dict[str, Any]]:
    for one in found:
        fields = one.entry.fields
        told = await teller.tell(fields, reasons=one.reasons)
        codes = [ReasonCode(code) for code in fields["reasons"]] if one.reasons is None else one.reasons
        # What was opened with this person's own key is theirs to read; what stayed sealed is told as such.
        sentences = (to_citizen(told.policy, code, sealed=one.reasons is None) for code in codes if code in told.policy.reasons)
        yield {
            "headline": f"{words.day(one.entry.us)}: niets gegeven door {words.party(policy, fields['source'])}",
            "reasons": list(dict.fromkeys(sentences)) or [_LOST if told.lost else "De reden is niet meer te lezen."],
        }


def _why(reason: str) -> str:
    return next((each.label for each in SearchReason if each.value == reason), reason)
