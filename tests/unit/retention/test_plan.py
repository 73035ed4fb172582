"""Until when an entry is kept, by the shipped terms and agreements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import pytest

from hub.clock import legal_date
from hub.consent.explain import find_clause
from hub.consent.kept import LogTerm
from hub.consent.model import Permit, PolicySet
from hub.consent.policy import canonical_policy, policy_of, read_policy
from hub.domain.terms import AgreementId, BasisId, ClauseId, Micros, PolicyHash
from hub.errors import Misconfigured
from hub.policies.files import files_of
from hub.retention.model import GONE, UNREADABLE, Disclosed, Entry, Hold, HoldKind, Scope, Standing
from hub.retention.plan import Judge
from hub.retention.terms import deletion_by, longest, shortest, term_of, years_after
from tests.fakes.house import shipped

POLICY = shipped().policy
AGREEMENT, CLAUSE = AgreementId("duo-doorstroompunt/1"), ClauseId("duo-doorstroompunt/1/uitval")
REF, OTHER = UUID(int=1), UUID(int=2)


def at(year: int, month: int = 3, day: int = 1) -> Micros:
    return Micros(int(datetime(year, month, day, 12, tzinfo=ZoneInfo("Europe/Amsterdam")).timestamp() * 1_000_000))


def clause() -> Permit:
    found = find_clause(POLICY, *_named())
    assert found is not None
    return found


def _named() -> tuple[AgreementId, ClauseId]:
    signed = next(each for each in POLICY.agreements if each.id == AGREEMENT)
    return AGREEMENT, next(each.id for each in signed.clauses if isinstance(each, Permit))


GIVEN = Disclosed(
    us=at(2026),
    last_us=at(2027),
    purpose="doorstroom-begeleiden",
    policy=POLICY.hash,
    agreement=_named()[0],
    clause=_named()[1],
    elements=frozenset({"bsn"}),
    parties=frozenset({"duo", "doorstroompunt-a"}),
)
READING = Entry(0, REF, "access", at(2026), "toezicht", frozenset({"hub"}))
DISCLOSURE = Entry(1, REF, "disclosure", at(2026), GIVEN.purpose, frozenset({"duo"}), None, GIVEN)


def judge(now: Micros, holds: Iterable[Hold] = (), policy: PolicySet = POLICY, **other: object) -> Judge:
    return Judge(now, policy, {POLICY.hash: POLICY}, tuple(holds), **other)  # type: ignore[arg-type]


def test_what_a_row_is_held_against_stays_whatever_its_term():
    assert judge(at(2099)).standing(READING) is Standing.due
    relied = judge(at(2099), relied={READING.ref})
    assert relied.standing(READING) is Standing.in_use
    assert not relied.may_be_pruned(READING)


def test_years_end_with_the_legal_day():
    assert legal_date(years_after(at(2024, 2, 29), 1)) == date(2025, 3, 1)
    assert legal_date(years_after(at(2026), 5)) == date(2031, 3, 1)
    assert years_after(at(2026), 1) > at(2027)


def test_a_recipient_has_until_the_youngest_reach_the_age():
    one = clause()
    kept = one.retention
    until = legal_date(deletion_by(POLICY, one, at(2026)))
    assert until == date(2026 + kept.until_age - one.subject.age.min, 3, 1)
    years = next(row for row in POLICY.retentions.values() if row.years == 1)
    short = one.model_copy(update={"retention": kept.model_copy(update={"row": years.id})})
    assert legal_date(deletion_by(POLICY, short, at(2026))) == date(2027, 3, 1)


def test_a_reading_goes_after_two_years_and_not_a_day_before():
    assert judge(at(2028)).standing(READING) is Standing.young
    assert judge(at(2028, 3, 2)).standing(READING) is Standing.due


def test_a_disclosure_stays_while_its_recipient_may_have_the_data_and_five_years_more():
    ends = legal_date(deletion_by(POLICY, clause(), GIVEN.last_us)).year
    assert judge(at(ends)).standing(DISCLOSURE) is Standing.held_by_recipient
    assert judge(at(ends, 3, 2)).standing(DISCLOSURE) is Standing.young
    assert judge(at(ends + 5)).standing(DISCLOSURE) is Standing.young
    assert judge(at(ends + 5, 3, 2)).standing(DISCLOSURE) is Standing.due
    outcome = replace(DISCLOSURE, kind="outcome", ref=OTHER, delivery=REF, us=at(2026))
    assert judge(at(ends + 5)).standing(outcome) is Standing.young
    assert judge(at(ends + 5, 3, 2)).standing(outcome) is Standing.due


def test_a_recipient_that_erased_ends_its_own_term():
    erased = replace(DISCLOSURE, of=replace(GIVEN, erased_us=at(2028)))
    assert judge(at(2033)).standing(erased) is Standing.young
    assert judge(at(2033, 3, 2)).standing(erased) is Standing.due


@pytest.mark.parametrize(
    ("entry", "standing"),
    [
        (replace(DISCLOSURE, of=replace(GIVEN, unfinished=True)), Standing.unfinished),
        (replace(DISCLOSURE, of=replace(GIVEN, policy=PolicyHash("f" * 64))), Standing.unknown),
        (replace(DISCLOSURE, of=replace(GIVEN, clause=ClauseId("duo-doorstroompunt/1/geen"))), Standing.unknown),
        (replace(DISCLOSURE, of=None), Standing.unknown),
        (replace(DISCLOSURE, kind="outcome", of=None, orphan=True), Standing.due),
        (replace(READING, kind=UNREADABLE), Standing.unknown),
        (replace(READING, kind=GONE), Standing.gone),
        (replace(READING, kind="prune"), Standing.forever),
        (replace(READING, kind="key_rotation"), Standing.forever),
        (replace(READING, kind="something-new"), Standing.no_term),
    ],
    ids=[
        "unfinished",
        "a policy nobody has",
        "a clause nobody has",
        "a disclosure nobody has",
        "an outcome of nothing",
        "unreadable",
        "gone",
        "a pruning",
        "a rotation",
        "a kind nobody knows",
    ],
)
def test_what_nobody_can_tell_stays(entry: Entry, standing: Standing):
    assert judge(at(2099)).standing(entry) is standing
    assert judge(at(2099)).may_be_pruned(entry) is (standing in (Standing.due, Standing.gone) or entry.kind == "prune")


@pytest.mark.parametrize(
    ("scope", "word", "meets"),
    [
        (Scope.all, "", (True, True)),
        (Scope.party, "doorstroompunt-a", (True, False)),
        (Scope.party, "hub", (False, True)),
        (Scope.purpose, "toezicht", (False, True)),
        (Scope.purpose, "doorstroom-begeleiden", (True, False)),
        (Scope.person, "", (True, False)),
    ],
)
def test_a_hold_meets_what_it_is_about(scope: Scope, word: str, meets: tuple[bool, bool]):
    hold = Hold(OTHER, HoldKind.breach, scope, word, at(2026), "", b"tag" if scope is Scope.person else None)
    asked = judge(at(2099), [hold], persons={OTHER})
    outcome = replace(DISCLOSURE, kind="outcome", delivery=OTHER)
    assert tuple(asked.standing(each) is Standing.hold for each in (outcome, READING)) == meets
    assert asked.may_be_pruned(READING) is not meets[1]


# --- The terms in the policy ---


BARE = replace(POLICY, agreements=())


def with_term(**changes: object) -> PolicySet:
    term = POLICY.log_terms[BasisId("logboek-inzage")].model_copy(update=changes)
    return replace(BARE, log_terms={**POLICY.log_terms, term.id: term})


def test_a_row_of_a_purpose_goes_before_the_one_for_all():
    purpose = next(iter(POLICY.purposes))
    terms = with_term(id=BasisId("logboek-inzage-anders"), purpose=purpose, years=7)
    day = date(2026, 11, 22)
    found = [
        term_of(terms, kind, each, day) for kind, each in (("access", purpose), ("access", "hub-beheer"), ("prune", purpose))
    ]
    assert [term and term.years for term in found] == [7, 2, None]
    assert term_of(POLICY, "access", "hub-beheer", date(2025, 1, 1)) is None
    assert (shortest(POLICY), longest(POLICY), shortest(replace(POLICY, log_terms={}))) == (2, 20, None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": BasisId("logboek-inzage-twee")}, "says how long the same is kept"),
        ({"id": BasisId("logboek-anders"), "purpose": "geen-doel"}, "geen-doel"),
        ({"kind": "prune"}, "kind"),
        ({"years": 0}, "years"),
    ],
)
def test_terms_that_say_too_much_do_not_load(changes: dict[str, object], said: str):
    with pytest.raises(Misconfigured, match=said):
        read_policy(files_of(with_term(**changes)))


def test_terms_are_under_the_hash_and_older_sets_have_none():
    assert read_policy(files_of(with_term(years=3))).hash != read_policy(files_of(BARE)).hash
    assert policy_of(_without_terms()).log_terms == {}


def _without_terms() -> bytes:
    parts = orjson.loads(canonical_policy(POLICY))
    del parts["log_terms"]
    return orjson.dumps(parts)


def test_a_row_says_which_law_and_that_it_was_not_checked():
    rows: list[LogTerm] = list(POLICY.log_terms.values())
    assert {row.review for row in rows} == {"needed"}
    assert all(row.law.bwb.startswith("BWBR") and row.article for row in rows)
