"""The rules about what clauses do together: redundant (L06), unreachable (L07), eclipsed (L08). Exact, over all cells. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from types import MappingProxyType

from hub.consent import codes
from hub.consent.check import stands_on
from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.finding import Finding, Severity, of_clause, permits
from hub.consent.model import Agreement, Forbid, Permit, PolicySet
from hub.consent.otherwise import otherwise, rewritten
from hub.consent.question import Question
from hub.consent.reach import Step, Way, cells, is_open, openings, steps, ways
from hub.consent.table import DecisionTable
from hub.domain.terms import ClauseId, ElementName


def redundant(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L06: a prohibition without which every answer is the same."""
    every = list(steps(policy))
    table = compile_policy(policy)
    for agreement in policy.agreements:
        for clause in agreement.clauses:
            if isinstance(clause, Forbid) and not _matters(policy, table, clause, every):
                yield of_clause(
                    "L06",
                    Severity.note,
                    agreement,
                    clause.id,
                    "Zonder dit verbod zijn alle antwoorden dezelfde.",
                    "Een regel die niets doet, wekt de schijn dat er iets beschermd wordt.",
                    "Haal het verbod weg, richt het op wat het moet tegenhouden, of zeg in het waarom dat het een vangnet is.",
                )


def _matters(policy: PolicySet, table: DecisionTable, clause: Forbid, every: Sequence[Step]) -> bool:
    without = compile_policy(drop(policy, {clause.id}))
    touched = {step.key for step in every if _touches(policy, clause, step)}
    ends = [step for step in every if step.key in touched or (touched and step.clause.reuse_of)]
    ends.sort(key=lambda step: step.key not in touched)  # where it stands itself, it is soonest seen to matter
    for way in (way for step in ends for way in ways(policy, step, every)):
        if touched.isdisjoint(step.key for step in way):
            continue
        last = way[-1].clause
        path = (way[0].giver, *(step.recipient for step in way))
        for facts, _ in cells(policy, table, way):
            question = [Question(last.record, path, facts, last.purposes[0])]
            one, other = ask(table, question)[0], ask(without, question)[0]
            if (one.clause, one.fields) != (other.clause, other.fields):
                return True
    return False


def _touches(policy: PolicySet, clause: Forbid, step: Step) -> bool:
    """Whether a prohibition stands between the parties of a step and speaks of something that its clause gives."""
    between = stands_on(policy.parties[step.giver], clause.giver) and stands_on(
        policy.parties[step.recipient], clause.recipient
    )
    gives = not clause.elements or not step.clause.fields.keys().isdisjoint(clause.elements)
    return between and gives and step.clause.record == clause.record


def drop(policy: PolicySet, ids: set[ClauseId]) -> PolicySet:
    """The set without some clauses."""
    agreements = [
        rewritten(each, clauses=left)
        for each in policy.agreements
        if (left := tuple(clause for clause in each.clauses if clause.id not in ids))
    ]
    return otherwise(policy, agreements=tuple(agreements))


def reachable(policy: PolicySet, _today: date) -> Iterator[Finding]:
    """L07 and L08: a permit, or an element of one, that never passes, and whether prohibitions are why."""
    every = list(steps(policy))
    table = compile_policy(policy)
    forbids = {clause.id for each in policy.agreements for clause in each.clauses if isinstance(clause, Forbid)}
    free = otherwise(drop(policy, forbids), prohibitions=MappingProxyType({}))
    free_table = compile_policy(free)
    for agreement, clause in permits(policy):
        own = [way for step in every if step.clause is clause for way in ways(policy, step, every)]
        if not any(is_open(policy, table, way) for way in own):
            if any(is_open(free, free_table, way) for way in own):
                yield _eclipsed(agreement, clause, "De bepaling laat niets door", clause.id)
            elif not (clause.reuse_of and not own):  # that is L16
                yield _unreachable(policy, table, agreement, clause, own)
            continue
        never = _never(policy, table, clause, own)
        barred = never - _never(free, free_table, clause, own) if never else never
        for name in sorted(barred):
            yield _eclipsed(agreement, clause, f"{name} staat in de bepaling en gaat nooit mee", clause.id)
        for name in sorted(never - barred):
            yield of_clause(
                "L07",
                Severity.warning,
                agreement,
                clause.id,
                f"{name} staat in de bepaling, en de gever krijgt dat zelf nooit in die vorm.",
                "Wat iemand niet heeft ontvangen, kan hij niet doorgeven.",
                "Haal het gegeven weg, of geef het ook aan de gever.",
            )


def _never(policy: PolicySet, table: DecisionTable, clause: Permit, own: Sequence[Way]) -> set[ElementName]:
    """The elements of a clause that pass in no cell of any way."""
    left = {*clause.fields}
    for way in own:
        for _, _, decision in openings(policy, table, way):
            left -= {name for name, _ in decision.fields}
            if not left:
                return left
    return left


def _eclipsed(agreement: Agreement, clause: Permit, what: str, name: ClauseId) -> Finding:
    return of_clause(
        "L08",
        Severity.error if what.startswith("De bepaling") else Severity.warning,
        agreement,
        name,
        f"{what}: een verbod houdt het altijd tegen.",
        f"Een verbod gaat voor wat {clause.article} toestaat, op elke dag en voor elke jongere.",
        "Haal weg wat toch niet mag, of vraag een jurist of het verbod hier geldt.",
    )


def _unreachable(policy: PolicySet, table: DecisionTable, agreement: Agreement, clause: Permit, own: Sequence[Way]) -> Finding:
    draft = agreement.controllership is None or agreement.processor_contract is None
    shut = _why(policy, table, clause, own)
    told = f" Dicht is in elk geval: {', '.join(shut)}." if shut else ""
    return of_clause(
        "L07",
        Severity.warning if draft else Severity.error,
        agreement,
        clause.id,
        f"Deze bepaling opent nooit iets, op geen dag en voor geen jongere.{told}",
        "Er ontbreekt nog een verantwoordelijke of een verwerkersovereenkomst."
        if draft
        else "De voorwaarden sluiten elkaar uit, of er zijn geen dagen of partijen waarvoor alles tegelijk geldt.",
        "Leg vast wat ontbreekt." if draft else "Vergelijk leeftijden, data, gebied en grondslagen van de bepaling met elkaar.",
    )


def _why(policy: PolicySet, table: DecisionTable, clause: Permit, own: Sequence[Way]) -> tuple[str, ...]:
    """The fewest gates that were shut in any cell."""
    best: tuple[str, ...] = ()
    for way in own:
        path = (way[0].giver, *(step.recipient for step in way))
        for facts, _ in cells(policy, table, way):
            shut = ask(table, [Question(clause.record, path, facts, clause.purposes[0])])[0].reasons
            if shut and (not best or len(shut) < len(best)) and codes.GEEN_AFSPRAAK not in shut:
                best = shut
    return best


WAYS = (redundant, reachable)
