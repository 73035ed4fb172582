"""The rules about time, parties and advice: a ground out of force (L09), what lapses (L12), who is named and not there (L18),
what the data protection officer said (L21). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from hub.consent.check import stands_on
from hub.consent.finding import Finding, Severity, of_clause, permits
from hub.consent.model import Agreement, PolicySet
from hub.domain.tenure import Task, tenures
from hub.domain.terms import PartyId
from hub.domain.territory import Period

_WARN: Final = timedelta(days=90)


def out_of_force(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L09: days of the agreement on which no ground of a clause, or not its purpose, is in force."""
    for agreement, clause in permits(policy):
        for what, rows in (
            ("grondslag", [policy.laws[basis] for basis in clause.bases]),
            ("doel", [policy.purposes[purpose] for purpose in clause.purposes]),
        ):
            for first, last in _gaps(agreement, rows):
                whole = first == agreement.effective.start and last == agreement.effective.until
                yield of_clause(
                    "L09",
                    Severity.error if whole else Severity.warning,
                    agreement,
                    clause.id,
                    f"Van {first} tot {last} geldt geen {what} van de bepaling, terwijl de afspraak loopt.",
                    "In die tijd gaat er niets, ook al staat het er.",
                    f"Noem een {what} van die dagen, of kort de afspraak in.",
                )


def _gaps(agreement: Agreement, rows: Sequence[Period]) -> Iterator[tuple[date, date]]:
    start, until = agreement.effective.start, agreement.effective.until
    days = sorted({start, until, *(day for row in rows for day in row.borders if start < day < until)})
    open_since: date | None = None
    for day in days:
        shut = day < until and not any(row.holds(day) for row in rows)
        if shut and open_since is None:
            open_since = day
        elif not shut and open_since is not None:
            yield open_since, day
            open_since = None


def lapses(policy: PolicySet, today: date) -> Iterator[Finding]:
    """L12: what ends within ninety days, and what has lapsed under an agreement that still runs."""
    for agreement in policy.agreements:
        if not agreement.effective.start <= today < agreement.effective.until:
            continue
        dated = [("de DPIA", agreement.dpia.review_due), ("het advies van de FG", agreement.fg_advice.review_due)]
        for what, due in dated:
            if due is not None and due <= today:
                yield Finding(
                    "L12",
                    Severity.error,
                    f"Sinds {due} moet {what} worden herzien.",
                    "De afspraak is niet in werking; er gaat niets langs.",
                    f"Herzie {what} en leg de nieuwe datum vast.",
                    agreement.id,
                )
            elif due is not None and due < today + _WARN:
                yield _soon(agreement, f"Op {due} moet {what} zijn herzien.", f"Begin nu met {what}.")
        if agreement.effective.until < today + _WARN:
            ends = f"De afspraak eindigt op {agreement.effective.until}."
            yield _soon(agreement, ends, "Verleng of vervang de afspraak, of laat haar bewust aflopen.")
        bases = {basis for clause in agreement.clauses for basis in getattr(clause, "bases", ())}
        for basis in sorted(bases):
            until = policy.laws[basis].valid_until
            if until is not None and today < until < today + _WARN:
                yield _soon(agreement, f"{basis} vervalt op {until}.", "Zoek op wat ervoor in de plaats komt.")


def advised(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L21: what the data protection officer said against an agreement, or on which conditions; it opens and shuts nothing."""
    told = {
        "negative": ("De FG adviseerde dit niet te doen.", "Leg vast waarom het toch gebeurt, of verander de afspraak."),
        "conditional": ("De FG stelde voorwaarden.", "Ga na of elke voorwaarde in een bepaling staat of is uitgevoerd."),
    }
    for agreement in policy.agreements:
        if agreement.fg_advice.outcome in told:
            what, fix = told[agreement.fg_advice.outcome]
            yield Finding(
                "L21",
                Severity.warning if agreement.fg_advice.outcome == "negative" else Severity.note,
                f"{what} ({agreement.fg_advice.ref})",
                "De hub volgt de afspraak, niet het advies; wie beslist moet het weten en kunnen uitleggen (AVG 38 en 39).",
                fix,
                agreement.id,
            )


def _soon(agreement: Agreement, what: str, fix: str) -> Finding:
    return Finding("L12", Severity.warning, what, "Daarna gaat er niets meer, tot het is geregeld.", fix, agreement.id)


def parties(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L18: parties that signed for nothing, before or after the agreement, or that stand nowhere at all."""
    for agreement in policy.agreements:
        for signed in agreement.parties:
            party = policy.parties[signed.id]
            sides = [side for clause in agreement.clauses for side in (clause.giver, clause.recipient)]
            if not any(stands_on(party, side) for side in sides):
                yield _party(
                    agreement,
                    f"{signed.id} is toegetreden, en geen bepaling noemt deze partij of zo'n partij.",
                    "Wie niets geeft en niets krijgt, hoeft geen partij te zijn.",
                    "Haal de partij weg, of schrijf de bepaling die ontbreekt.",
                )
            ends = signed.left is not None and signed.left <= agreement.effective.start
            if signed.acceded >= agreement.effective.until or ends:
                yield _party(
                    agreement,
                    f"{signed.id} is op geen dag van de afspraak toegetreden.",
                    "Een bepaling die deze partij noemt, opent niets.",
                    "Verbeter de datum, of haal de partij weg.",
                )
            elif signed.left is not None and any(side.party == signed.id for side in sides):
                yield _party(
                    agreement,
                    f"{signed.id} gaat op {signed.left} weg en staat nog met naam in een bepaling.",
                    "Daarna opent die bepaling niets.",
                    "Wijs in een nieuwe versie iemand anders aan.",
                )
    used = _used(policy)
    for name in sorted(policy.parties.keys() - used):
        yield Finding(
            "L18",
            Severity.note,
            f"{name} is tot geen afspraak toegetreden.",
            "Deze partij kan niets geven en niets krijgen.",
            "Laat de partij toetreden, of haal haar uit parties.yaml.",
            row=name,
        )


def _party(agreement: Agreement, what: str, why: str, fix: str) -> Finding:
    return Finding("L18", Severity.warning, what, why, fix, agreement.id)


def _used(policy: PolicySet) -> set[PartyId]:
    used = {signed.id for agreement in policy.agreements for signed in agreement.parties}
    used |= {party.controller for party in policy.parties.values()}
    return used | {one.party for one in tenures(policy.regions) if one.task in (Task.desk, Task.college)}


LIFE = (out_of_force, lapses, advised, parties)
