"""What the log shows in use of a policy set, and what nobody needed in that time: what could be narrowed. Pure.

A clause or field that never let anything pass may be more than is needed (GDPR 5(1)(c), 25). Whether it is, people decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hub.consent.check import CARRIED
from hub.consent.facts import months_after
from hub.consent.model import Agreement, Permit, PolicySet
from hub.consent.otherwise import otherwise
from hub.domain.terms import AgreementId, ClauseId, ElementName, PolicyHash


@dataclass(slots=True)
class Tally:
    """How often each clause let something pass, and each element by it; an element in whatever form."""

    clauses: Counter[str] = field(default_factory=Counter)
    elements: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, clause: str, attributes: Iterable[str]) -> None:
        """One disclosure, as its entry tells it: `attributes` are elements, each with its form unless that is raw."""
        self.clauses[clause] += 1
        self.elements.update((clause, one.partition(":")[0]) for one in attributes)


@dataclass(frozen=True, slots=True)
class Unneeded:
    """A clause that let nothing pass, or with `element` a field that never went along, and what is proposed.

    `since` is the first day of the span on which it could; `whole` says that this was the whole span. What the hub does not
    `carry` by itself the parties may use outside it, which its log does not show.
    """

    agreement: AgreementId
    clause: ClauseId
    element: ElementName | None
    since: date
    whole: bool
    carried: bool
    proposal_nl: str


@dataclass(frozen=True, slots=True)
class Usage:
    """The log from `since` up to, not including, `until`, beside the set `policy`: counts per clause of it, and the unneeded.

    `others` counts the disclosures under clauses that are not in the set.
    """

    policy: PolicyHash
    since: date
    until: date
    disclosures: int
    clauses: tuple[tuple[ClauseId, int], ...]
    unneeded: tuple[Unneeded, ...]
    others: int

    def of(self, agreement: str | None) -> Usage:
        """Only what is said of one agreement; all of it for None. The count of all disclosures stays."""
        if agreement is None:
            return self
        clauses = tuple((clause, count) for clause, count in self.clauses if clause.startswith(f"{agreement}/"))
        unneeded = tuple(one for one in self.unneeded if one.agreement == agreement)
        return otherwise(self, clauses=clauses, unneeded=unneeded)

    def plain(self) -> dict[str, Any]:
        """As data."""
        return {
            "policy": self.policy,
            "since": self.since,
            "until": self.until,
            "disclosures": self.disclosures,
            "clauses": [{"clause": clause, "disclosures": count} for clause, count in self.clauses],
            "other_clauses": self.others,
            "unneeded": [{name: getattr(one, name) for name in one.__slots__} for one in self.unneeded],
        }


def usage(policy: PolicySet, tally: Tally, since: date, until: date) -> Usage:
    """What the set let pass in that time; agreements that were not in force on any of those days are left out."""
    told = [
        (agreement, clause)
        for agreement in policy.agreements
        if agreement.effective.start < until and agreement.effective.until > since
        for clause in agreement.clauses
        if isinstance(clause, Permit)
    ]
    counts = tuple((clause.id, tally.clauses[clause.id]) for _, clause in told)
    every = tally.clauses.total()
    found = tuple(one for agreement, clause in told for one in _unneeded(agreement, clause, tally, since))
    return Usage(policy.hash, since, until, every, counts, found, every - sum(count for _, count in counts))


def _unneeded(agreement: Agreement, clause: Permit, tally: Tally, since: date) -> Iterator[Unneeded]:
    first = max(since, agreement.effective.start)
    carried, whole, count = clause.record in CARRIED, first == since, tally.clauses[clause.id]
    if not count:
        proposal = _no_clause(agreement, clause, first, whole=whole, carried=carried)
        yield Unneeded(agreement.id, clause.id, None, first, whole, carried, proposal)
        return
    for name in clause.fields:
        if not tally.elements[clause.id, name]:
            proposal = (
                f"De bepaling liet {count} keer iets door, en {name} ging nooit mee. Haal het in een nieuwe versie van "
                f"{agreement.id} uit de bepaling, of leg vast waarom het nodig blijft (AVG 5, eerste lid, onder c)."
                if whole
                else _too_soon(first)
            )
            yield Unneeded(agreement.id, clause.id, name, first, whole, carried, proposal)


def _no_clause(agreement: Agreement, clause: Permit, first: date, *, whole: bool, carried: bool) -> str:
    if not carried:
        return (
            f"De hub vervoert {clause.record} niet zelf, dus zijn logboek zegt niet of partijen dit gebruiken. Vraag het hun; "
            f"gebruiken zij het niet, laat de bepaling dan vervallen in een nieuwe versie van {agreement.id}."
        )
    if not whole:
        return _too_soon(first)
    return (
        f"De bepaling liet niets door. Laat haar vervallen in een nieuwe versie van {agreement.id}, of leg vast waarom zij "
        f"nodig blijft (AVG 5, eerste lid, onder c)."
    )


def _too_soon(first: date) -> str:
    return f"Dit geldt pas sinds {first.isoformat()}; kijk opnieuw op {months_after(first, 12).isoformat()}."
