"""What a rule of `hub.consent.lint` finds. Pure types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from hub.consent.model import Agreement, Permit, PolicySet
from hub.domain.terms import AgreementId, ClauseId


class Severity(StrEnum):
    """An error must be mended before the set is used; a warning mended or justified; a note is for whoever has time."""

    error = "error"
    warning = "warning"
    note = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: by which rule, how bad, where, what it is, why that matters, and what to do.

    `row` is the law, purpose or party that it is about, where it is about no clause; `file` and `line` are filled in by who
    has the files.
    """

    code: str
    severity: Severity
    what: str
    why: str
    fix: str
    agreement: AgreementId | None = None
    clause: ClauseId | None = None
    row: str | None = None
    file: str | None = None
    line: int | None = None


Check = Callable[[PolicySet, date], Iterator[Finding]]
"""A rule: what it finds in a set on a day."""


def of_clause(code: str, severity: Severity, agreement: Agreement, clause: ClauseId, what: str, why: str, fix: str) -> Finding:
    """A finding about a clause."""
    return Finding(code, severity, what, why, fix, agreement.id, clause)


def permits(policy: PolicySet) -> Iterator[tuple[Agreement, Permit]]:
    """Every permit with its agreement."""
    for agreement in policy.agreements:
        for clause in agreement.clauses:
            if isinstance(clause, Permit):
                yield agreement, clause
