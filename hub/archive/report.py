"""The printed report of a period: counted while the entries go by, then told in Dutch. Pure but for being added to."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

from hub.archive import words
from hub.archive.reading import Entry, Fields, Stretch
from hub.archive.spreadsheet import period_text
from hub.archive.words import listed, number
from hub.audit.entry import EntryKind, OutcomeKind
from hub.audit.search.lines import Signal
from hub.consent.model import PolicySet

_BECAME: Final = (OutcomeKind.handed_over, OutcomeKind.acknowledged, OutcomeKind.failed, OutcomeKind.stopped)
_STATED: Final = {
    "statement-record": "vastgelegd",
    "statement-withdraw": "ingetrokken",
    "statement-decide": "waarover is beslist",
    "statement-end": "geëindigd",
}
_LOOKED: Final = {
    "search-person": "Eén persoon opgezocht",
    "statement-read": "Verklaringen van één persoon bekeken",
    "reveal-row": "Eén rij in quarantaine zichtbaar gemaakt",
    "search": "Het logboek doorzocht",
    "read": "Een deel van het logboek bekeken",
    "read-ldv": "Een partner vroeg regels op die over hem gaan",
}
_CHANGED: Final = {
    EntryKind.erasure: "Gegevens over één jongere onleesbaar gemaakt",
    EntryKind.prune: "Regels van het logboek opgeschoond of leeggemaakt",
    EntryKind.re_identification: "Pseudoniemen teruggebracht tot personen",
    EntryKind.key_rotation: "Sleutel van de hub vervangen",
    EntryKind.export: "Deel van het logboek uitgegeven als bestand",
}


class Tally:
    """What happened in a period; as large as the words that occur in it, however long it is."""

    def __init__(self) -> None:
        self.entries = self.emptied = 0
        self.given: Counter[tuple[str, str, str, tuple[str, ...]]] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()
        self.refusals = 0
        self.became: Counter[tuple[str, str]] = Counter()
        self.looked: Counter[str] = Counter()
        self.lookers: defaultdict[str, set[str]] = defaultdict(set)
        self.changed: Counter[str] = Counter()

    def add(self, entries: Sequence[Entry]) -> None:
        """Counts a page."""
        for entry in entries:
            self.entries += 1
            if entry.fields is None:
                self.emptied += 1
            else:
                self._add(entry.fields)

    def _add(self, said: Fields) -> None:
        kind = said["kind"]
        if kind == EntryKind.disclosure:
            self.given[said["recipient"], said["purpose"], said["source"], tuple(said["basis"])] += 1
        elif kind == EntryKind.refusal:
            self.refusals += 1
            self.refused.update((said["recipient"], code) for code in said["reasons"])
        elif kind == EntryKind.outcome:
            self.became[said["recipient"], said["outcome"]] += 1
        elif kind == EntryKind.access:
            what = _LOOKED.get(said["operation"]) or str(said["operation"])
            self.looked[what] += 1
            self.lookers[what].add(str(said["details"].get("staff", "")))
        elif kind == EntryKind.statement and said["operation"] in _STATED:
            self.changed[f"{said['about'].replace('-', ' ').capitalize()} {_STATED[said['operation']]}"] += 1
        elif kind in _CHANGED:
            self.changed[_CHANGED[EntryKind(kind)]] += 1


def checking(stretch: Stretch, sentences: Sequence[str]) -> dict[str, Any]:
    """The page on how to check a report."""
    return {"sentences": list(sentences), "checkpoint": stretch.checkpoint, "key": stretch.log.vkey}


def period_report(
    policy: PolicySet,
    stretch: Stretch,
    tally: Tally,
    now_us: int,
    signals: Sequence[Signal] = (),
    witnesses: Sequence[str] | None = None,
) -> dict[str, Any]:
    """What the template `period` is given. `witnesses` are the names of who cosigned the checkpoint, None where nobody said."""
    period = period_text(stretch)
    return {
        "title": "Verslag van het logboek",
        "subtitle": period[:1].upper() + period[1:],
        "facts": [
            ("Logboek", str(stretch.log.log_id)),
            ("Regels in deze periode", number(tally.entries)),
            ("Grootte van het logboek", f"{number(stretch.size)} regels"),
            ("Gemaakt op", words.at(now_us)),
        ],
        "footer": f"Verslag van het logboek {stretch.log.log_id}, {words.day(now_us)}",
        "lead": list(_lead(tally)),
        "given": list(_given(policy, tally)),
        "handed": list(_handed(policy, tally)),
        "refused": list(_refused(policy, tally)),
        "access": [(what, number(len(tally.lookers[what] - {""})), number(n)) for what, n in tally.looked.most_common()],
        "changes": [(what, number(count)) for what, count in tally.changed.most_common()],
        "signals": [{"what": one.what, "why": one.why} for one in signals],
        "checking": checking(stretch, list(_how(witnesses))),
    }


def _times(count: int) -> str:
    return f"{number(count)} keer"


def _lead(tally: Tally) -> Iterator[str]:
    yield (
        f"In deze periode mochten {_times(sum(tally.given.values()))} gegevens over een jongere worden gegeven. "
        f"{_times(tally.refusals)} mocht dat niet."
    )
    yield "Dit verslag telt regels van het logboek. Er staat geen naam of nummer van een jongere in."
    if tally.emptied:
        yield (
            f"Van {number(tally.emptied)} regels was de bewaartermijn voorbij. Hun inhoud is verwijderd, "
            "op een besluit dat zelf in het logboek staat. Ze tellen hieronder niet mee."
        )


def _given(policy: PolicySet, tally: Tally) -> Iterator[dict[str, Any]]:
    for recipient in _ordered(policy, (key[0] for key in tally.given)):
        rows = sorted(((count, key) for key, count in tally.given.items() if key[0] == recipient), reverse=True)
        yield {
            "recipient": words.party(policy, recipient),
            "purposes": [
                {
                    "purpose": words.purpose(policy, purpose),
                    "count": _times(count),
                    "source": words.party(policy, source),
                    "bases": "; ".join(words.basis(policy, each) for each in bases) + ".",
                }
                for count, (_, purpose, source, bases) in rows
            ],
        }


def _handed(policy: PolicySet, tally: Tally) -> Iterator[tuple[str, ...]]:
    for recipient in _ordered(policy, (key[0] for key in tally.became)):
        yield words.party(policy, recipient), *(number(tally.became[recipient, became]) for became in _BECAME)


def _refused(policy: PolicySet, tally: Tally) -> Iterator[dict[str, Any]]:
    for recipient in _ordered(policy, (key[0] for key in tally.refused)):
        codes = Counter({code: count for (whom, code), count in tally.refused.items() if whom == recipient})
        rows = [(words.reason(policy, code), number(count)) for code, count in codes.most_common()]
        yield {"recipient": words.party(policy, recipient), "reasons": rows}


def _ordered(policy: PolicySet, parties: Iterator[str]) -> list[str]:
    return sorted(set(parties), key=lambda party: words.party(policy, party).casefold())


def _how(witnesses: Sequence[str] | None) -> Iterator[str]:
    yield (
        "Een verslag op papier bewijst niets. Vraag de beheerder om het archief van het logboek en controleer dat op een "
        "andere computer met ops/verify/verify.py. Dat rekent na dat geen regel weg, bijgezet of veranderd is."
    )
    if witnesses:
        names = [vkey.partition("+")[0] for vkey in witnesses]  # the key behind it is for a trust file, not for reading
        yield (
            f"Controlepunten van dit logboek worden mee ondertekend door {listed(names)}. Zij zagen dat het logboek "
            "alleen groeit. Vraag hun naar het controlepunt dat zij het laatst ondertekenden."
        )
    elif witnesses is not None:
        yield (
            "Nog geen andere organisatie ondertekende het controlepunt hieronder mee. Bewaar het daarom zelf, buiten de hub, "
            "en vergelijk het met wat partners bij hun leveringen kregen."
        )
    yield "Neem de sleutel van het logboek over van de verwerkingsverantwoordelijke, niet uit dit verslag."
