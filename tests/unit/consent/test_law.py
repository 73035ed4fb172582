"""What the law sets hard, over the whole policy set and not for one example: each test names its article."""

from datetime import date
from itertools import pairwise, product

import pytest

from hub.consent.decide import decide
from hub.consent.model import Agreement, Permit, PolicySet
from hub.consent.table import DecisionTable
from hub.domain.facts import Stated, StatementKind, SubjectFacts
from hub.domain.personal import Personal
from hub.domain.records.uitvalmelding import KIND
from hub.domain.stages import Candidate, Canonical, Permitted, Row, Verdict
from hub.domain.terms import PartyId
from hub.domain.territory import PartyKind
from tests.fakes.granted import full_record
from tests.fakes.shipped import shipped_policy

POLICY = shipped_policy()
PERMITS = [
    pytest.param(agreement, clause, id=clause.id)
    for agreement in POLICY.agreements
    for clause in agreement.clauses
    if isinstance(clause, Permit)
]
DAY = date(2026, 11, 2)
FROM_DUO = ("duo", "doorstroompunt-lindemark", "werk-en-inkomen-aldermeer")
FROM_MBO = ("mbo-zilverlinde", "doorstroompunt-lindemark", "werk-en-inkomen-aldermeer")
SCHOOLS = ("vo", "pro", "vso", "entree", "mbo", None)
# Besluit register onderwijsdeelnemers, annex, column of article 31, in the words of our record; the mark protects the address.
ANNEX = {
    *("bsn", "onderwijsnummer", "geslachtsnaam", "voorvoegsel", "voornamen", "geboortedatum"),
    *("straatnaam", "huisnummer", "huisnummertoevoeging", "postcode", "woonplaats", "gemeente", "indicatie_geheim"),
    *("brin", "vestigingscode", "datum_inschrijving", "datum_uitschrijving", "opleidingscode", "datum_diploma"),
}
HEALTH = {"reden_uitval", "onderwijssoort", "brin", "vestigingscode", "opleidingscode", "opmerking"}
EVERY_STATEMENT = frozenset(
    Stated(kind, purposes=frozenset(POLICY.purposes), parties=frozenset(POLICY.parties))
    for kind in set(StatementKind) - {StatementKind.bezwaar, StatementKind.beperking}
)


def along(table: DecisionTable, path: tuple[str, ...], **changed: object) -> list[Verdict]:
    facts = SubjectFacts(
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
    ).but(**changed)
    canonical = Canonical(full_record(), Row(1, Personal({}), Personal(b"")))
    steps = [Candidate(PartyId(to), PartyId(giver), (PartyId(giver),)) for giver, to in pairwise(path)]
    return decide(table, [canonical], [facts], [steps])[0]


def fields(verdict: Verdict) -> dict[str, str]:
    return {name: form.value for name, form in verdict.grant.fields} if isinstance(verdict, Permitted) else {}


@pytest.mark.parametrize("school", SCHOOLS)
def test_register_gives_what_the_annex_names_and_no_more(table: DecisionTable, school: str | None):
    """Besluit register onderwijsdeelnemers 31 and annex: no sex, no telephone number; programme and diploma of mbo alone."""
    passed = fields(along(table, FROM_DUO, onderwijssoort=school)[0])
    assert passed.keys() <= ANNEX
    assert ({"opleidingscode", "datum_diploma"} <= passed.keys()) is (school in ("entree", "mbo"))
    assert {"opleidingscode", "datum_diploma"}.isdisjoint(passed) is (school not in ("entree", "mbo"))


@pytest.mark.parametrize("path", [FROM_DUO, FROM_MBO])
def test_nothing_about_health_goes_beyond_the_doorstroompunt(table: DecisionTable, path: tuple[str, ...]):
    """WEB 9.2.7, second paragraph; no statement lifts it, and no secret address, age or kind of school."""
    for school, age, secret, said in product(SCHOOLS, range(15, 31), (True, False), (frozenset(), EVERY_STATEMENT)):
        then = along(table, path, onderwijssoort=school, age=age, indicatie_geheim=secret, standing=said)[-1]
        assert HEALTH.isdisjoint(fields(then))


def test_every_permit_from_a_doorstroompunt_has_its_prohibition_beside_it(policy: PolicySet):
    """WEB 9.2.7, second paragraph: who adds such a clause must add the prohibition to the same kind of recipient."""
    for agreement in policy.agreements:
        for clause in agreement.clauses:
            uitval = clause.record == KIND
            if uitval and isinstance(clause, Permit) and clause.giver.kind is PartyKind.doorstroompunt:
                held = {
                    name
                    for other in agreement.clauses
                    if not isinstance(other, Permit)
                    and (other.giver.kind, other.recipient.kind) == (clause.giver.kind, clause.recipient.kind)
                    and other.age is None
                    and not other.onderwijssoort
                    for name in other.elements
                }
                assert HEALTH - {"opmerking"} <= held


def test_only_the_closed_list_is_used_again(policy: PolicySet, table: DecisionTable):
    """WEB 9.2.5, third and fourth paragraph: what a school told under 9.2.3 stays with the doorstroompunt."""
    permits = [clause for a in policy.agreements for clause in a.clauses if isinstance(clause, Permit)]
    again = {basis for clause in permits if "web-9-2-5-4" in clause.bases for basis in clause.reuse_of}
    assert again == {"wro-21-1", "wro-21-3", "web-9-2-5-3b", "suwi-73-7"}
    first, then = along(table, FROM_MBO)
    assert (isinstance(first, Permitted), isinstance(then, Permitted)) == (True, False)


def test_the_number_passes_only_where_a_statute_says_so(table: DecisionTable):
    """UAVG 46, Wabb 11, WEB 2.5.5a: DUO, doorstroompunt and Work & Income use the BSN; a school gives no number here."""
    assert [fields(verdict).get("bsn") for verdict in along(table, FROM_DUO)] == ["raw", "raw"]
    assert fields(along(table, FROM_MBO)[0])["bsn"] == "pseudonym"
    assert fields(along(table, FROM_MBO, has_bsn=False)[0])["onderwijsnummer"] == "pseudonym"
    assert fields(along(table, FROM_DUO, has_bsn=False)[1])["onderwijsnummer"] == "pseudonym"


def test_target_group_and_its_ages(table: DecisionTable):
    """WEB 9.2.1: from 18 to 27; the decree's article 31 ends at 23."""
    assert [age for age in range(40) if isinstance(along(table, FROM_MBO, age=age)[0], Permitted)] == list(range(18, 27))
    assert [age for age in range(40) if isinstance(along(table, FROM_DUO, age=age)[0], Permitted)] == list(range(18, 23))


@pytest.mark.parametrize("path", [FROM_DUO, FROM_MBO])
def test_consent_never_carries_giving_to_a_public_body(table: DecisionTable, path: tuple[str, ...]):
    """GDPR 7 and recital 43: what is refused without a statement is refused with toestemming and instemming."""
    for age, qualified, enrolled in product((17, 19, 24, 28), (True, False), (True, False)):
        known: dict[str, object] = {"age": age, "startkwalificatie": qualified, "ingeschreven": enrolled}
        agreed = frozenset(one for one in EVERY_STATEMENT if one.kind in (StatementKind.toestemming, StatementKind.instemming))
        assert [fields(one) for one in along(table, path, **known, standing=agreed)] == [
            fields(one) for one in along(table, path, **known)
        ]


def test_who_may_object_and_what_stops_all(table: DecisionTable):
    """GDPR 21(1) stops a task, not a duty; GDPR 18 stops both."""
    objection = along(table, FROM_DUO, standing=frozenset({Stated(StatementKind.bezwaar)}))
    assert [isinstance(one, Permitted) for one in objection] == [True, False]
    restriction = along(table, FROM_DUO, standing=frozenset({Stated(StatementKind.beperking)}))
    assert [isinstance(one, Permitted) for one in restriction] == [False, False]


@pytest.mark.parametrize(("agreement", "clause"), PERMITS)
def test_the_young_person_is_told(agreement: Agreement, clause: Permit):
    """GDPR 13, 14: by a party to the clause, in words; where an objection is possible the text says so (GDPR 21(4))."""
    told = clause.duty_to_inform
    giver, recipient = (
        POLICY.parties[side.party].kind if side.party else side.kind for side in (clause.giver, clause.recipient)
    )
    assert told.who in (giver, recipient)
    if any(POLICY.laws[basis].objection_possible for basis in clause.bases):
        assert "bezwaar" in told.text
    if told.who is recipient and giver is not recipient:
        assert "een maand na ontvangst" in told.when


@pytest.mark.parametrize(("agreement", "clause"), PERMITS)
def test_the_agreement_is_whole(agreement: Agreement, clause: Permit):
    """GDPR 26, 28, 35, 5(1)(e): who is responsible, by which contract, after which assessment, kept how long."""
    assert agreement.controllership
    assert agreement.processor_contract
    assert agreement.dpia.date < agreement.effective.start < agreement.dpia.review_due
    assert agreement.fg_advice.outcome != "negative"
    row = POLICY.retentions[clause.retention.row] if clause.retention.row else None
    assert row is not None, "a recipient keeps things by its own row in law"
    assert row.until_age is None or clause.retention.until_age <= row.until_age
    assert "geen-doorgifte" in clause.obligations
