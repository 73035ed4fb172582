"""What the law sets hard, tried on every way that the shipped set opens: each test names its article.

The table of hard edges in schemas/policy/README.md names these and their like; it is held to here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hub.consent.compile import compile_policy
from hub.consent.decide import ask
from hub.consent.model import Category, Permit
from hub.consent.policy import read_policy
from hub.consent.question import Decision, Question
from hub.consent.reach import Known, Way, openings, required, steps, ways
from hub.domain.facts import Stated, StatementKind, SubjectFacts
from hub.domain.terms import ElementName, Form
from hub.domain.territory import PartyKind
from hub.errors import Misconfigured
from tests.fakes.shipped import shipped_policy

ROOT = Path(__file__).parents[3]
POLICY = shipped_policy()
TABLE = compile_policy(POLICY)
DAY = date(2026, 11, 2)
HELD = {Category.gezondheid, Category.strafrechtelijk}
OF_ABSENCE = {Category.verzuimreden, Category.afsluitreden}


@dataclass(frozen=True)
class Opening:
    """One way, for one sort of young person, on which something passes."""

    way: Way
    facts: SubjectFacts
    decision: Decision

    @property
    def clause(self) -> Permit:
        return self.way[-1].clause

    @property
    def giver(self) -> PartyKind:
        return POLICY.parties[self.way[-1].giver].kind

    @property
    def recipient(self) -> PartyKind:
        return POLICY.parties[self.way[-1].recipient].kind

    @property
    def bases(self) -> tuple[str, ...]:
        assert self.decision.grant is not None
        return self.decision.grant.bases

    def asked(self, **changed: object) -> Decision:
        """The same with other facts."""
        path = (self.way[0].giver, *(step.recipient for step in self.way))
        return ask(TABLE, [Question(self.clause.record, path, self.facts.but(**changed), self.clause.purposes[0])])[0]

    def said(self, *more: StatementKind) -> frozenset[Stated]:
        return (self.facts.standing or frozenset()) | {Stated(kind) for kind in more}


def _openings() -> Iterator[Opening]:
    every = list(steps(POLICY))
    for step in every:
        for way in ways(POLICY, step, every):
            for facts, _, decision in openings(POLICY, TABLE, way, Known(day=DAY)):
                yield Opening(way, facts, decision)


@cache
def every() -> list[Opening]:
    """Made by the first test that looks at them, and not by who only collects."""
    return list(_openings())


def direct() -> list[Opening]:
    return [one for one in every() if len(one.way) == 1]


def _of(decision: Decision, categories: Iterable[Category]) -> set[ElementName]:
    return {name for name, _ in decision.fields if POLICY.elements[name].category in set(categories)}


def test_there_is_something_to_try():
    clauses = {one.clause.id for one in every()}
    assert len(clauses) > 70


def test_health_and_crime_reach_a_doorstroompunt_with_instemming_alone():
    """WEB 9.2.7, first paragraph: such data with the young person's instemming, and along that article alone."""
    found = [one for one in every() if one.recipient is PartyKind.doorstroompunt and _of(one.decision, HELD)]
    assert found
    for one in found:
        assert one.bases == ("web-9-2-7-1",)
        agreed = one.facts.standing or frozenset()
        for others in (
            frozenset(said for said in agreed if said.kind is not StatementKind.instemming),
            frozenset(Stated(StatementKind.toestemming, purposes=said.purposes, parties=said.parties) for said in agreed),
        ):
            assert not _of(one.asked(standing=others), HELD)


def test_what_a_doorstroompunt_holds_of_health_and_crime_goes_to_nobody():
    """WEB 9.2.7, second paragraph: to no third party, colleagues of Work & Income included, whatever was agreed."""
    given = [one for one in every() if one.giver is PartyKind.doorstroompunt]
    assert PartyKind.werk_en_inkomen in {one.recipient for one in given}
    for one in given:
        agreed = frozenset(
            Stated(kind, purposes=frozenset(POLICY.purposes), parties=frozenset(POLICY.parties))
            for kind in (StatementKind.toestemming, StatementKind.instemming, StatementKind.raadpleging_school)
        )
        assert not _of(one.decision, HELD)
        assert not _of(one.asked(standing=agreed), HELD)


def test_the_school_is_consulted_before_its_data_are_used_again():
    """WEB 9.2.5, fifth paragraph: for leavers of pro, vso and entree, some years after the diploma and where there is none."""
    again = [one for one in every() if "web-9-2-5-4" in one.bases]
    assert again
    for one in again:
        unasked = one.asked(standing=frozenset(), onderwijssoort="entree", datum_diploma=None)
        assert "RAADPLEGING_SCHOOL_ONTBREEKT" in unasked.reasons


def test_reasons_of_absence_and_of_closing_go_along_their_own_articles():
    """WRO 11 and 21; Besluit register onderwijsdeelnemers 21 and 46: Leerplichtwet 21a and WEB 9.2.2 in, WRO 21 out."""
    found = [one for one in every() if _of(one.decision, OF_ABSENCE)]
    assert {basis for one in found for basis in one.bases} == {"lpw-21a", "web-9-2-2", "wro-21-3"}
    assert {one.recipient for one in found} == {PartyKind.duo, PartyKind.leerplicht, PartyKind.doorstroompunt}


def test_the_bsn_is_required_allowed_or_forbidden_by_the_article():
    """Wabb 11 and UAVG 46: for this giver, recipient and task; raw where required, never raw where one article forbids it."""
    bsn = ElementName("bsn")
    for one in every():
        uses = {POLICY.laws[basis].bsn for basis in one.clause.bases}
        form = dict(one.decision.fields).get(bsn)
        if "required" in uses and one.facts.has_bsn and bsn in POLICY.records[one.clause.record].elements:
            assert form is Form.raw
        if "forbidden" in uses:
            assert form is not Form.raw
    forms = {dict(one.decision.fields).get(bsn) for one in every()}
    assert {Form.raw, Form.pseudonym, None} <= forms


def test_no_number_goes_where_nobody_may_use_one():
    """UAVG 46: to a training company or a care provider neither BSN nor onderwijsnummer, nor a pseudonym made of them."""
    for one in every():
        if one.recipient in (PartyKind.leerbedrijf, PartyKind.zorgaanbieder) and "wmo-5-2-1" not in one.bases:
            assert {"bsn", "onderwijsnummer"}.isdisjoint(dict(one.decision.fields))


def test_instemming_and_toestemming_do_not_stand_in_for_each_other():
    """GDPR 4(11) and 6(1)(a) beside WEB 9.2.7, WEB 9.2.13 and WVO 2.31b: two things, asked by different laws."""
    swap = {
        StatementKind.instemming: StatementKind.toestemming,
        StatementKind.toestemming: StatementKind.instemming,
    }
    asked = {}
    for one in direct():
        kinds = {wanted.statement for wanted, _ in required(POLICY, one.clause)} & swap.keys()
        for kind in kinds:
            asked[kind] = asked.get(kind, 0) + 1
            other = frozenset(
                Stated(swap.get(said.kind, said.kind), voice=said.voice, purposes=said.purposes, parties=said.parties)
                for said in one.facts.standing or ()
            )
            assert one.asked(standing=other).grant is None
    assert asked.keys() == swap.keys()


def test_an_objection_stops_every_task_and_neither_a_duty_nor_a_consent():
    """GDPR 21(1), and 18(1)(d) while it is looked into; a consent is withdrawn, not objected to."""
    seen = set()
    for one in direct():
        carried = any(not POLICY.laws[basis].objection_possible for basis in one.bases)
        assert (one.asked(standing=one.said(StatementKind.bezwaar)).grant is not None) is carried
        seen.add(carried)
    assert seen == {True, False}


def test_a_contact_preference_stops_outreach_and_nothing_else():
    """E14: 'leave me alone, ask again in half a year' is no objection (GDPR 21) and no withdrawal (GDPR 7(3))."""
    seen = set()
    for one in direct():
        outreach = POLICY.purposes[one.clause.purposes[0]].outreach
        assert (one.asked(standing=one.said(StatementKind.contactvoorkeur)).grant is None) is outreach
        seen.add(outreach)
    assert seen == {True, False}


def test_a_restriction_stops_everything():
    """GDPR 18(1): but for what a clause names of 18(2)."""
    for one in every():
        if one.clause.despite_restriction is None:
            assert one.asked(standing=one.said(StatementKind.beperking)).grant is None


def test_from_which_age_a_young_person_speaks():
    """UAVG 5: 16; WVO 2020 2.31b and what follows it in the WEC: 18."""
    voices = {row.id: (row.law.name, row.voice.self_from) for row in POLICY.laws.values() if row.voice is not None}
    for name, age in voices.values():
        sector = name in ("Wet voortgezet onderwijs 2020", "Wet op de expertisecentra")
        assert age == (18 if sector else 16)
    assert {age for _, age in voices.values()} == {16, 18}


def test_an_adult_under_curatele_does_not_agree_by_an_own_word():
    """WVO 2020 2.31b, second paragraph: an adult of full capacity agrees; unknown refuses; no other clause asks it."""
    asking = {"wvo-2-31b-1", "wvo-2-31b-2", "wec-44a-1", "wec-44a-2"}
    found = [
        one
        for one in direct()
        if asking & {*one.clause.bases}
        and any(wanted.statement is StatementKind.instemming for wanted, _ in required(POLICY, one.clause))
        and one.clause.subject.age.max >= 18
    ]
    assert len({one.clause.id for one in found}) == 6
    for one in found:
        others = frozenset((name, value) for name, value in one.facts.more if name != "onder_curatele")
        assert "ONDER_CURATELE" in one.asked(more=others | {("onder_curatele", True)}).reasons
        assert "FEIT_ONTBREEKT_CURATELE" in one.asked(more=others).reasons
    elsewhere = {one.clause.id for one in every() if "onder_curatele" in one.clause.subject.facts}
    assert elsewhere == {one.clause.id for one in found}


def test_consent_alone_never_carries_giving_to_a_public_body(files: dict[str, str]):
    """GDPR 7 and recital 43: no clause of the set does, and one that would is refused by the loader."""
    for one in every():
        if any(POLICY.laws[basis].kind == "consent" for basis in one.clause.bases):
            assert not POLICY.parties[one.way[-1].recipient].is_authority
    name = "agreements/school-portfolio.v1.yaml"
    wider = files[name].replace("recipient_kinds: [school]", "recipient_kinds: [school, werk-en-inkomen]", 1)
    wider = wider.replace("bases: [wvo-2-31b-1]", "bases: [avg-6-1-a-portfolio]", 1)
    assert wider != files[name]
    with pytest.raises(Misconfigured, match="Consent alone carries nothing to a public body"):
        read_policy({**files, name: wider})


def test_nothing_is_given_that_the_recipient_may_no_longer_keep():
    """GDPR 5(1)(e): by the recipient's own row in law."""
    for one in direct():
        assert one.clause.retention.row is not None
        assert POLICY.retentions[one.clause.retention.row].kind is one.recipient
        then = one.asked(age=one.clause.retention.until_age)
        assert one.clause.retention.reason in then.reasons or then.clause != one.clause.id


def test_what_tells_about_health_passes_where_an_article_says_so():
    """GDPR 9 and UAVG 22 and 30: also where health can only be read from it."""
    for one in every():
        laws = [POLICY.laws[basis] for basis in one.bases]
        for name, _ in one.decision.fields:
            if POLICY.elements[name].inferable_health:
                assert any(law.art9_ground is not None or name in law.names_elements for law in laws)


def test_origin_and_belief_pass_nowhere():
    """UAVG 22, 25 and 27: no article of this set lets anyone give them."""
    kept = {Category.etniciteit, Category.religie}
    assert kept <= {element.category for element in POLICY.elements.values()}
    for one in every():
        assert not _of(one.decision, kept)


def test_a_chain_number_is_never_the_key_of_an_exchange():
    """WEB 2.5.5a, twelfth to fifteenth paragraph: the ECK iD is for learning material alone."""
    numbers = {element.name for element in POLICY.elements.values() if element.category is Category.ketennummer}
    assert numbers
    assert any(numbers & {*POLICY.records[one.clause.record].elements} for one in every())
    for one in every():
        assert numbers.isdisjoint(dict(one.decision.fields))


def test_a_secret_address_goes_to_authorities_alone():
    """GDPR 5(1)(f) and 25: whoever asked for secrecy in the register is not found by way of the hub."""
    addresses = {element.name for element in POLICY.elements.values() if element.kind == "address"}
    for one in every():
        if addresses & {name for name, _ in one.asked(indicatie_geheim=True).fields}:
            assert POLICY.parties[one.way[-1].recipient].is_authority


def _rows() -> list[Any]:
    """The rows of the table: what is hard, its articles, and the tests."""
    text = (ROOT / "schemas" / "policy" / "README.md").read_text("utf-8")
    part = text.partition("## The hard edges")[2].partition("\n## ")[0]
    table = [line for line in part.splitlines() if line.startswith("| ")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return [pytest.param(articles, tests, id=edge[:60]) for edge, articles, tests in cells]


@pytest.mark.parametrize(("articles", "tests"), _rows())
def test_the_table_of_hard_edges_names_tests_that_name_their_article(articles: str, tests: str):
    told = ""
    for file, name in re.findall(r"`([a-z_/]+\.py)::(test_[a-z0-9_]+)`", tests):
        tree = ast.parse((ROOT / "tests" / file).read_text("utf-8"))
        found = [
            node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
        ]
        assert len(found) == 1, f"{file} has no {name}"
        told += ast.get_docstring(found[0]) or ""
    numbers = re.findall(r"[0-9]+[a-z]?(?:\.[0-9]+[a-z]?)*", articles)
    assert numbers
    assert [number for number in numbers if number not in told] == []


def test_the_table_is_whole():
    assert len(_rows()) >= 20
