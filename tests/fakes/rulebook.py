"""Invented policy sets of any size, and questions to them: parties, laws, clauses and facts that are drawn, not written.

Every row is of the policy's own types, and what loads only one way (one purpose a clause, no two permits for the same giver,
recipient, record, purpose and age) is drawn so.
"""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from random import Random
from typing import Any

from hub.consent import codes
from hub.consent.model import (
    Agreement,
    Category,
    Element,
    FactSpec,
    Gate,
    LegalBasis,
    Obligation,
    Permit,
    PolicySet,
    Prohibition,
    Purpose,
    Reason,
    RecordSpec,
)
from hub.consent.question import Question
from hub.domain.facts import Stated, StatementKind, StatementState, SubjectFacts, Voice
from hub.domain.terms import (
    BasisId,
    ElementName,
    FactName,
    Form,
    PartyId,
    PolicyHash,
    PurposeId,
    ReasonCode,
    RecordKind,
    Term,
)
from hub.domain.territory import Gemeente, Party, PartyKind, Region

START, END = date(2026, 1, 1), date(2030, 1, 1)
RECORD = RecordKind("verzonnen-record")
LAW = {"name": "Verzonnen wet", "bwb": "BWBR0000001"}
SENTENCE = "Dit is een verzonnen zin voor een toets."
SCHOOLS = ("po", "vo", "pro", "vso", "entree", "mbo")
_OWN = ("LAND_TE_JONG", "LAND_TE_OUD", "LAND_ANDERS", "LAND_VERBODEN", "LAND_TE_LAAT", "LAND_GEVRAAGD")


class World:
    """What a drawn policy set is made of: `kinds` of party with two parties each, and forty elements."""

    def __init__(self, rnd: Random, purposes: int = 8, elements: int = 40) -> None:
        self.rnd = rnd
        self.kinds = (PartyKind.school, PartyKind.doorstroompunt, PartyKind.uwv, PartyKind.werk_en_inkomen, PartyKind.college)
        self.parties = {
            (name := PartyId(f"{kind.value}-{nth}")): Party(
                id=name, name=f"Verzonnen {kind.value} {nth}", kind=kind, oin=f"{nth:020}", is_authority=True, controller=name
            )
            for kind in self.kinds
            for nth in (1, 2)
        }
        self.purposes = {
            (name := PurposeId(f"doel-{nth}")): Purpose(
                id=name,
                label_nl=f"Doel {nth}",
                plain_nl=SENTENCE,
                processing_activity=f"https://register.example.nl/{nth}",
                valid_from=START,
                further_from=tuple(PurposeId(f"doel-{other}") for other in range(nth) if rnd.random() < 0.4),
                outreach=rnd.random() < 0.4,
            )
            for nth in range(purposes)
        }
        self.elements = {one.name: one for one in self._elements(elements)}
        self.facts = {
            FactName("woont-zelfstandig"): FactSpec(
                id=FactName("woont-zelfstandig"), kind="yes_no", label_nl="Zelfstandig", unknown=codes.GEMEENTE_ONBEKEND
            ),
            FactName("laatste-contact"): FactSpec(
                id=FactName("laatste-contact"), kind="date", label_nl="Contact", unknown=codes.GEMEENTE_ONBEKEND
            ),
        }
        self.laws = {one.id: one for one in (self._law(nth) for nth in range(8))}

    def _elements(self, count: int) -> list[Element]:
        found = [
            Element(name=ElementName("bsn"), label_nl="BSN", kind="identifier", inferable_health=False),
            Element(name=ElementName("onderwijsnummer"), label_nl="Nummer", kind="identifier", inferable_health=False),
        ]
        for nth in range(count - 2):
            kind = "address" if nth < 4 else "free_text" if nth == 5 else "normal"
            category = self.rnd.choice([None, None, None, Category.gezondheid, Category.verzuimreden])
            found.append(
                Element(
                    name=ElementName(f"veld-{nth}"),
                    label_nl=f"Veld {nth}",
                    kind=kind,
                    inferable_health=nth == 7,
                    category=category,
                )
            )
        return found

    def _law(self, nth: int) -> LegalBasis:
        rnd = self.rnd
        youngest = rnd.choice([0, 12, 16, 18])
        asks = rnd.random() < 0.4
        begins = rnd.choice([START, START, date(2027, 1, 1)])
        return LegalBasis.model_validate(
            {
                "id": BasisId(f"wet-{nth}"),
                "law": LAW,
                "article": f"artikel {nth}",
                "gdpr": "6.1.e",
                "kind": "task",
                "provider_kinds": self.kinds,
                "recipient_kinds": self.kinds,
                "age": {"min": youngest, "max": rnd.choice([22, 26, 120]), "below": "LAND_TE_JONG", "above": "LAND_TE_OUD"},
                "bsn": "allowed",
                "onderwijsnummer": "allowed",
                "art9_ground": None,
                "objection_possible": rnd.random() < 0.5,
                "same_college": rnd.random() < 0.2,
                "requires": self._required() if asks else None,
                "voice": {"self_from": rnd.choice([16, 18]), "article": "artikel 5"} if rnd.random() < 0.7 else None,
                "text_nl": SENTENCE,
                "review": "needed",
                "source": "verzonnen",
                "valid_from": begins,
                "valid_until": rnd.choice([None, None, date(2028, 1, 1)]),
            }
        )

    def _required(self) -> dict[str, Any]:
        rnd = self.rnd
        kind = rnd.choice([StatementKind.instemming, StatementKind.toestemming, StatementKind.raadpleging_school])
        when: Any = ()
        if rnd.random() < 0.3:
            when = tuple(
                {"onderwijssoort": tuple(rnd.sample(SCHOOLS, 2)), "years_after_diploma": rnd.choice([1, 2])} for _ in range(2)
            )
        return {"statement": kind, "reason": "LAND_GEVRAAGD", "when": when}

    def policy(self, clauses: int) -> PolicySet:
        """A set of that many clauses, a twelfth of them prohibitions."""
        rnd = self.rnd
        agreements: list[Agreement] = []
        made = 0
        while made < clauses:
            some = min(rnd.randint(1, 6), clauses - made)
            agreements.append(self._agreement(len(agreements), [made + nth for nth in range(some)]))
            made += some
        rows = {
            "laws": sorted(self.laws),
            "agreements": [agreement.model_dump(mode="json") for agreement in agreements],
        }
        name = PolicyHash(hashlib.sha256(repr(rows).encode()).hexdigest())
        reasons = {
            code: Reason(
                code=code, gate=Gate.subject, text_nl=SENTENCE, remedy_nl=SENTENCE, who="privacy officer", personal=False
            )
            for code in (*sorted(codes.ALL), *map(ReasonCode, _OWN))
        }
        return PolicySet(
            hash=name,
            laws=self.laws,
            prohibitions={one.id: one for one in (self._prohibition(nth) for nth in range(2))},
            retentions={},
            purposes=self.purposes,
            elements=self.elements,
            records={RECORD: RecordSpec(id=RECORD, label_nl="Record", plain_nl=SENTENCE, elements=tuple(self.elements))},
            facts=self.facts,
            reasons=reasons,
            obligations={Term("geen-doorgifte"): Obligation(id=Term("geen-doorgifte"), text_nl=SENTENCE)},
            parties=self.parties,
            regions=(self._region(1), self._region(2)),
            agreements=tuple(agreements),
        )

    def _region(self, nth: int) -> Region:
        return Region(
            id=Term(f"regio-{nth}"),
            name=f"Regio {nth}",
            contactgemeente=f"900{nth}",
            doorstroompunt=PartyId(f"doorstroompunt-{nth}"),
            works_here=(PartyId(f"uwv-{nth}"), PartyId(f"school-{nth}")),
            valid_from=START,
            gemeenten=(
                Gemeente(
                    code=f"900{nth}",
                    name=f"Gemeente {nth}",
                    college=PartyId(f"college-{nth}"),
                    werk_en_inkomen=PartyId(f"werk-en-inkomen-{nth}"),
                    valid_from=START,
                    valid_until=date(2028, 6, 1) if nth == 2 else None,
                ),
            ),
        )

    def _prohibition(self, nth: int) -> Prohibition:
        rnd = self.rnd
        return Prohibition(
            id=BasisId(f"verbod-{nth}"),
            law=LAW,  # type: ignore[arg-type]  # read by the model
            article="artikel 9",
            valid_from=START,
            valid_until=rnd.choice([None, date(2028, 1, 1)]),
            from_kinds=tuple(rnd.sample(self.kinds, 2)) if rnd.random() < 0.5 else (),
            to_kinds=tuple(rnd.sample(self.kinds, 3)) if rnd.random() < 0.5 else (),
            elements=tuple(rnd.sample(sorted(self.elements), 3)),
            categories=(Category.gezondheid,) if rnd.random() < 0.5 else (),
            except_bases=tuple(rnd.sample(sorted(self.laws), 3)) if nth else (),
            unless={FactName("woont-zelfstandig"): rnd.random() < 0.5} if rnd.random() < 0.4 else {},
            reason=ReasonCode("LAND_VERBODEN"),
            text_nl=SENTENCE,
            review="needed",
            source="verzonnen",
        )

    def _agreement(self, number: int, places: list[int]) -> Agreement:
        rnd = self.rnd
        name = f"afspraak-{number}/1"
        return Agreement.model_validate(
            {
                "id": name,
                "title": f"Afspraak {number}",
                "effective": {"from": START, "until": rnd.choice([END, END, date(2028, 3, 1)])},
                "parties": tuple(
                    {"id": party, "acceded": START, "left": rnd.choice([None] * 12 + [date(2027, 6, 1)])}
                    for party in self.parties
                ),
                "controllership": SENTENCE if rnd.random() < 0.97 else None,
                "processor_contract": {"ref": "VWO-1", "date": START},
                "dpia": {"ref": "DPIA-1", "date": START, "review_due": date(2029, 1, 1)},
                "fg_advice": {"ref": "FG-1", "date": START, "outcome": "positive", "review_due": rnd.choice([None, END])},
                "clauses": tuple(self._clause(f"{name}/b{place:04}", place) for place in places),
                "tests": tuple(
                    {
                        "name": SENTENCE,
                        "day": START,
                        "path": tuple(sorted(self.parties)[:2]),
                        "given": {"gemeente": "9001"},
                        "expect": e,
                    }
                    for e in ("permit", "deny")
                ),
            }
        )

    def _clause(self, name: str, place: int) -> dict[str, Any]:
        rnd = self.rnd
        giver, recipient, purpose = self._place(place)
        common = {"id": name, "article": f"artikel {place}", "record": RECORD, "from": {"kind": giver}, "why_nl": SENTENCE}
        if place % 12 == 11:
            return common | {
                "effect": "forbid",
                "to": {"kind": recipient},
                "age": {"min": rnd.choice([0, 16]), "max": rnd.choice([17, 120])} if rnd.random() < 0.5 else None,
                "onderwijssoort": tuple(rnd.sample(SCHOOLS, 2)) if rnd.random() < 0.5 else (),
                "elements": tuple(rnd.sample(sorted(self.elements), 4)) if rnd.random() < 0.9 else (),
                "reason": "LAND_VERBODEN",
            }
        names = rnd.sample(sorted(self.elements), rnd.randint(8, 24))
        subject = {
            "age": {
                "min": rnd.choice([0, 12, 16]),
                "max": rnd.choice([26, 120]),
                "below": "LAND_TE_JONG",
                "above": "LAND_TE_OUD",
            },
            "startkwalificatie": {"is": False, "otherwise": "LAND_ANDERS"} if rnd.random() < 0.3 else None,
            "ingeschreven": {"is": False, "otherwise": "LAND_ANDERS"} if rnd.random() < 0.3 else None,
            "onderwijssoort": {"one_of": SCHOOLS[2:], "otherwise": "LAND_ANDERS"} if rnd.random() < 0.2 else None,
            "facts": {"woont-zelfstandig": {"is": True, "otherwise": "LAND_ANDERS"}} if rnd.random() < 0.15 else {},
            "within": {"laatste-contact": {"months": 6, "otherwise": "LAND_ANDERS"}} if rnd.random() < 0.15 else {},
        }
        return common | {
            "effect": "permit",
            "to": {"kind": recipient, "home": rnd.random() < 0.4},
            "purposes": (purpose,),
            "bases": tuple(sorted(rnd.sample(sorted(self.laws), rnd.randint(1, 2)))),
            "subject": subject,
            "fields": {name: {"form": rnd.choice(list(Form)[:2]), "need": SENTENCE} for name in names},
            "reuse_of": tuple(sorted(self.laws)[:5]) if rnd.random() < 0.25 else (),
            "secret_address": rnd.choice(["passes", "withheld"]),
            "requires": (self._required(),) if rnd.random() < 0.25 else (),
            "despite_restriction": rnd.choice([None, None, None, "toestemming", "rechtsvordering"]),
            "retention": {"term": "tot-27", "until_age": 27, "reason": "LAND_TE_LAAT", "text_nl": SENTENCE},
            "obligations": ("geen-doorgifte",),
            "duty_to_inform": {"who": recipient, "when": SENTENCE, "text": SENTENCE},
        }

    def _place(self, place: int) -> tuple[PartyKind, PartyKind, PurposeId]:
        """A giver, recipient and purpose of its own for each clause, as long as there are any."""
        pairs = [(one, other) for one in self.kinds for other in self.kinds if one is not other]
        giver, recipient = pairs[place % len(pairs)]
        return giver, recipient, sorted(self.purposes)[place // len(pairs) % len(self.purposes)]

    def facts_of(self, *, sparse: float = 0.01) -> SubjectFacts:
        """Facts of somebody; each may be unknown, seldom."""
        rnd = self.rnd
        day = START + timedelta(days=rnd.choice([rnd.randint(-20, 1400), rnd.randint(380, 700)]))

        def seldom(value: Any) -> Any:
            return None if rnd.random() < sparse else value

        more = {
            (FactName("woont-zelfstandig"), rnd.random() < 0.8),
            (FactName("laatste-contact"), day - timedelta(days=rnd.choice([10, 100, 184, 400]))),
        }
        return SubjectFacts(
            as_of=day,
            age=seldom(rnd.choice([rnd.randint(11, 28), rnd.randint(16, 22)])),
            overleden=seldom(rnd.random() < 0.02),
            startkwalificatie=seldom(rnd.random() < 0.1),
            ingeschreven=seldom(rnd.random() < 0.1),
            indicatie_geheim=seldom(rnd.random() < 0.2),
            onderwijssoort=seldom(rnd.choice(SCHOOLS)),
            datum_diploma=rnd.choice([None, day - timedelta(days=rnd.randint(0, 1000))]),
            gemeente=seldom(rnd.choice(["9001", "9001", "9001", "9002"])),
            has_bsn=seldom(rnd.random() < 0.9),
            standing=seldom(frozenset(self._stated() for _ in range(rnd.choice([0, 0, 1, 2, 3])))),
            more=frozenset(one for one in more if rnd.random() > sparse),
        )

    def ordinary(self) -> SubjectFacts:
        """Facts of somebody of whom nothing is out of the ordinary, and who said yes to everything."""
        rnd = self.rnd
        day = START + timedelta(days=rnd.randint(380, 600))
        voices = {StatementKind.raadpleging_school: Voice.school}
        said = (StatementKind.instemming, StatementKind.toestemming, StatementKind.raadpleging_school)
        return SubjectFacts(
            as_of=day,
            age=rnd.randint(18, 22),
            overleden=False,
            startkwalificatie=False,
            ingeschreven=False,
            indicatie_geheim=rnd.random() < 0.2,
            onderwijssoort=rnd.choice(SCHOOLS[2:]),
            datum_diploma=None,
            gemeente="9001",
            has_bsn=rnd.random() < 0.9,
            standing=frozenset(
                Stated(
                    kind,
                    voice=voices.get(kind, Voice.jongere),
                    purposes=frozenset(self.purposes),
                    parties=frozenset(self.parties),
                )
                for kind in said
            ),
            more=frozenset(
                {
                    (FactName("woont-zelfstandig"), True),
                    (FactName("laatste-contact"), day - timedelta(days=rnd.choice([10, 100]))),
                }
            ),
        )

    def _stated(self) -> Stated:
        rnd = self.rnd
        kind = rnd.choice([*StatementKind, StatementKind.toestemming, StatementKind.instemming])
        wide = rnd.random() < 0.5
        return Stated(
            kind=kind,
            state=StatementState.given if rnd.random() < 0.85 else rnd.choice(list(StatementState)),
            voice=Voice.jongere if rnd.random() < 0.7 else rnd.choice(list(Voice)),
            purposes=frozenset(self.purposes) if wide else rnd.choice([None, frozenset(rnd.sample(sorted(self.purposes), 2))]),
            parties=frozenset(self.parties) if wide else rnd.choice([None, frozenset(rnd.sample(sorted(self.parties), 3))]),
            elements=None if rnd.random() < 0.7 else frozenset(rnd.sample(sorted(self.elements), 20)),
        )

    def question(self, policy: PolicySet, elements: int | None = None, *, steps: int = 1, ease: float = 0.5) -> Question:
        """A question about a clause that there is; `elements` of the record are asked for, or all. With two steps the giver
        has it from another, where some clause lets it be passed on."""
        rnd = self.rnd
        clauses = [one for agreement in policy.agreements for one in agreement.clauses if isinstance(one, Permit)]
        onward = [one for one in clauses if one.reuse_of]
        clause = rnd.choice(onward if steps > 1 and onward else clauses)
        sides = [clause.giver.kind, clause.recipient.kind]
        if steps > 1:
            sides.insert(
                0, rnd.choice([one for one in clauses if one.recipient.kind is clause.giver.kind] or clauses).giver.kind
            )
        path = tuple(PartyId(f"{kind.value}-{rnd.choice([1, 1, 1, 2])}") for kind in sides if kind is not None)
        asked = None if elements is None else frozenset(rnd.sample(sorted(self.elements), elements))
        facts = self.ordinary() if rnd.random() < ease else self.facts_of()
        return Question(RECORD, path, facts, clause.purposes[0], asked)
