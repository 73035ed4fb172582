"""An entry as a row of a spreadsheet, and the sums per recipient and purpose. Pure; nothing in it is about a person by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from hub.archive import words
from hub.archive.reading import Entry, Fields
from hub.audit.entry import EntryKind, OutcomeKind
from hub.consent.explain_entry import explain_entry
from hub.consent.model import PolicySet

COLUMNS: Final = (
    *("Plaats in het logboek", "Moment", "Soort", "Van", "Aan", "Doel", "Grondslag", "Afspraak", "Gegevens", "Uitkomst"),
    *("Redenen (code)", "Redenen", "Gedaan door", "Medewerker", "Handeling", "Omschrijving", "Kenmerk", "Hoort bij"),
)
TOTALS: Final = (
    *("Ontvanger", "Doel", "Toegestaan", "Geweigerd", "Afgegeven", "Ontvangst bevestigd", "Niet gelukt"),
    *("Alsnog gestopt", "Niet meer verstuurd"),
)
_COUNTED: Final = (
    *("permit", "refuse", OutcomeKind.handed_over, OutcomeKind.acknowledged),
    *(OutcomeKind.failed, OutcomeKind.stopped, OutcomeKind.dropped),
)
_FORMULA: Final = tuple("=+-@\t\r\n|")

Cell = str | int


def safe(cell: Cell) -> Cell:
    """The same, but never what a spreadsheet takes for a formula (OWASP, CSV injection): an apostrophe goes before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def row(policy: PolicySet, entry: Entry) -> tuple[Cell, ...]:
    """The cells of `COLUMNS`, names by the set in use today, codes for what it does not know."""
    said = entry.fields
    if said is None:
        return (entry.seq, "", words.EMPTIED, *("",) * (len(COLUMNS) - 3))
    return (entry.seq, *map(safe, _cells(policy, said)))


def _cells(policy: PolicySet, said: Fields) -> Iterator[str]:
    reasons = said.get("reasons", ())
    yield words.moment(said["us"])
    yield words.KINDS[said["kind"]]
    yield words.party(policy, said.get("source", ""))
    yield words.party(policy, said.get("recipient", ""))
    yield words.purpose(policy, said["purpose"])
    yield "; ".join(words.basis(policy, each) for each in said.get("basis", ()))
    yield words.agreement(policy, said.get("agreement"))
    yield "; ".join(words.element(policy, each) for each in said.get("attributes", ()))
    yield _outcome(said)
    yield "; ".join(reasons)
    yield " ".join(words.reason(policy, each) for each in reasons)
    yield words.party(policy, said["actor"])
    yield str(said.get("details", {}).get("staff", ""))
    yield said["operation"]
    yield "" if "details" not in said else explain_entry(policy, said).headline
    yield said["ref"]
    yield said.get("delivery", "")


def _outcome(said: Fields) -> str:
    decided = {"permit": "Toegestaan", "refuse": "Geweigerd"}.get(said.get("decision", ""), "")
    return decided or words.OUTCOMES.get(said.get("outcome", ""), "")


class Totals:
    """Counts per recipient and purpose, while entries go by."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()

    def add(self, said: Fields) -> None:
        """One more."""
        what = said.get("decision") or said.get("outcome")
        if what is not None:
            self._counts[said["recipient"], said["purpose"], what] += 1

    def rows(self, policy: PolicySet) -> Iterator[tuple[Cell, ...]]:
        """The cells of `TOTALS`, in order of recipient and purpose."""
        for recipient, purpose in sorted({key[:2] for key in self._counts}):
            counts: tuple[Any, ...] = tuple(self._counts[recipient, purpose, what] for what in _COUNTED)
            yield safe(words.party(policy, recipient)), safe(words.purpose(policy, purpose)), *counts


def concerns_person(said: Fields) -> bool:
    """Whether an entry is about what happened to data of one young person."""
    return said["kind"] in (EntryKind.disclosure, EntryKind.refusal, EntryKind.outcome)
