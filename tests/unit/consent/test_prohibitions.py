"""What an article keeps from passing does not pass, whatever an agreement permits: for every prohibition of the policy set."""

from dataclasses import replace
from datetime import date

import pytest

from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.model import Ages, LegalBasis, Need, PolicySet, Prohibition, RecordSpec, Subject
from hub.consent.question import Decision, Question
from hub.domain.facts import SubjectFacts
from hub.domain.terms import BasisId, ElementName, ReasonCode, RecordKind
from hub.domain.territory import Party, PartyKind
from tests.fakes.shipped import shipped_policy

POLICY_SET = shipped_policy()
ROWS = [pytest.param(row, id=row.id) for row in POLICY_SET.prohibitions.values()]
EXCEPTIONS = [
    pytest.param(row, basis, id=f"{row.id} along {basis}")
    for row in POLICY_SET.prohibitions.values()
    for basis in row.except_bases
]
DAY = date(2026, 11, 2)
HARMLESS = ElementName("beroepswens")
RECORD = RecordKind("alles")
ANY_AGE = Ages(min=0, max=120, below=ReasonCode("OVERLEDEN"), above=ReasonCode("OVERLEDEN"))
FACTS = SubjectFacts(
    as_of=DAY,
    age=19,
    overleden=False,
    startkwalificatie=False,
    ingeschreven=False,
    indicatie_geheim=False,
    onderwijssoort="mbo",
    datum_diploma=None,
    gemeente="9001",
    has_bsn=True,
    standing=frozenset(),
)


def _forbidden(row: Prohibition) -> list[ElementName]:
    return [name for name, element in POLICY_SET.elements.items() if name in row.elements or element.category in row.categories]


def _party(kinds: tuple[PartyKind, ...], other_than: Party | None = None) -> Party:
    return next(
        party for party in POLICY_SET.parties.values() if (not kinds or party.kind in kinds) and party is not other_than
    )


def _permit_everything(row: Prohibition, basis: BasisId, prohibitions: tuple[Prohibition, ...]) -> Decision:
    """What is answered where one clause, on one basis, permits all that `row` names and a wish for work besides."""
    giver = _party(row.from_kinds)
    recipient = _party(row.to_kinds, giver)
    names = sorted({*_forbidden(row), HARMLESS})
    agreement = POLICY_SET.agreements[0]
    permit = next(clause for clause in agreement.clauses if clause.effect == "permit")
    clause = permit.model_copy(
        update={
            "record": RECORD,
            "giver": permit.giver.model_copy(update={"kind": giver.kind, "party": None, "home": False}),
            "recipient": permit.recipient.model_copy(update={"kind": recipient.kind, "party": None, "home": False}),
            "bases": (basis,),
            "subject": Subject(age=ANY_AGE),
            "requires": (),
            "reuse_of": (),
            "fields": {name: Need(form=POLICY_SET.elements[name].forms[0], need="Omdat het hier om gaat.") for name in names},
        }
    )
    parties = tuple(agreement.parties[0].model_copy(update={"id": party.id}) for party in (giver, recipient))
    law = next(iter(POLICY_SET.laws.values())).model_copy(
        update={"id": basis, "age": ANY_AGE, "valid_from": DAY, "valid_until": None, "requires": None, "same_college": False}
    )
    policy = _with(law, RecordSpec(id=RECORD, label_nl="alles", plain_nl="Alles bij elkaar.", elements=tuple(names)))
    policy = replace(
        policy,
        agreements=(agreement.model_copy(update={"parties": parties, "clauses": (clause,)}),),
        prohibitions={each.id: each for each in prohibitions},
    )
    [decision] = ask(compile_policy(policy), [Question(RECORD, (giver.id, recipient.id), FACTS)])
    return decision


def _with(law: LegalBasis, record: RecordSpec) -> PolicySet:
    return replace(POLICY_SET, laws={**POLICY_SET.laws, law.id: law}, records={**POLICY_SET.records, record.id: record})


@pytest.mark.parametrize("row", ROWS)
def test_no_clause_lets_pass_what_an_article_forbids(row: Prohibition):
    decision = _permit_everything(row, BasisId("een-andere-grond"), (row,))
    number = {ElementName("onderwijsnummer")}  # of the two numbers a young person has one
    assert dict(decision.refused) == dict.fromkeys({*_forbidden(row)} - number, row.reason)
    assert {name for name, _ in decision.fields} == {HARMLESS}


@pytest.mark.parametrize("row", ROWS)
def test_the_article_is_what_holds_it_back(row: Prohibition):
    decision = _permit_everything(row, BasisId("een-andere-grond"), ())
    assert decision.refused == ()


@pytest.mark.parametrize(("row", "basis"), EXCEPTIONS)
def test_it_passes_along_the_bases_that_the_article_leaves_open(row: Prohibition, basis: BasisId):
    decision = _permit_everything(row, basis, (row,))
    assert decision.refused == ()
