"""Ways of one shape: what is written between parties of other names counts as one, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from hub.consent.diff import diff
from hub.consent.model import Accession, Agreement, Permit, PolicySet
from hub.consent.otherwise import otherwise
from hub.consent.policy import named_by_hash
from hub.consent.scales import OTHER, Named
from hub.consent.shape import Renaming, shape_of
from hub.consent.sides import Numbers, Side
from hub.domain.terms import PartyId, RecordKind
from tests.fakes.shipped import shipped_policy

POLICY = shipped_policy()
KIND = RecordKind("uitvalmelding")
DUO, LINDEMARK, SCHELMONDE = (PartyId(name) for name in ("duo", "doorstroompunt-lindemark", "doorstroompunt-schelmonde"))
AGREEMENT = "duo-doorstroompunt/1"


def _with(policy: PolicySet, change: Callable[[Agreement], Agreement]) -> PolicySet:
    agreements = tuple(change(one) if one.id == AGREEMENT else one for one in policy.agreements)
    return named_by_hash(otherwise(policy, agreements=agreements))


def _two_alike() -> PolicySet:
    """The shipped set, in which both doorstroompunten work since the same days and signed on the same day."""
    regions = []
    for region in POLICY.regions:
        homes = tuple(
            home.model_copy(update={"valid_from": date(2026, 1, 1), "valid_until": None}) for home in region.gemeenten
        )
        regions.append(region.model_copy(update={"valid_from": date(2026, 1, 1), "valid_until": None, "gemeenten": homes}))

    def signed(agreement: Agreement) -> Agreement:
        parties = tuple(Accession(id=one.id, acceded=date(2026, 1, 1)) for one in agreement.parties)
        return agreement.model_copy(update={"parties": parties})

    return _with(otherwise(POLICY, regions=tuple(regions)), signed)


def _younger(agreement: Agreement) -> Agreement:
    clauses = []
    for clause in agreement.clauses:
        if isinstance(clause, Permit):
            age = clause.subject.age.model_copy(update={"max": 19})
            clause = clause.model_copy(update={"subject": clause.subject.model_copy(update={"age": age})})
        clauses.append(clause)
    return agreement.model_copy(update={"clauses": tuple(clauses)})


def _shapes(a: PolicySet, b: PolicySet) -> tuple[object, object]:
    numbers: Numbers = {}
    sides = (Side(a, numbers), Side(b, numbers))
    return tuple(shape_of(sides, (DUO, party), KIND).key for party in (LINDEMARK, SCHELMONDE))  # type: ignore[return-value]  # two


def test_what_differs_in_names_alone_has_one_shape_and_the_same_changes_under_its_own_names():
    a = _two_alike()
    b = _with(a, _younger)
    one, other = _shapes(a, b)
    assert one == other
    found = diff(a, b)
    told = [
        {
            (change.purpose, change.days, change.marks("age"), change.lost, change.gained)
            for change in found.changes
            if change.way == way
        }
        for way in ((DUO, LINDEMARK), (DUO, SCHELMONDE))
    ]
    assert told[0] == told[1] != set()
    for change in found.changes:
        region = next(region for region in a.regions if region.doorstroompunt in change.way)
        homes = change.marks("gemeente")
        assert homes is None or homes <= {home.code for home in region.gemeenten}
        for scale, _ in change.where:
            named = {getattr(scale, "recipient", change.way[-1]), *getattr(scale, "addressed", ())}
            assert named <= {*change.way, *(a.parties[party].controller for party in change.way)}


def _later(agreement: Agreement) -> Agreement:
    parties = tuple(
        Accession(id=one.id, acceded=date(2026, 5, 1)) if one.id == SCHELMONDE else one for one in agreement.parties
    )
    return agreement.model_copy(update={"parties": parties})


def test_who_signed_on_another_day_has_a_shape_of_its_own():
    a = _two_alike()
    one, other = _shapes(a, _with(a, _later))
    assert one != other


@pytest.mark.parametrize("changes", [{"valid_until": date(2027, 1, 1)}, {"valid_from": date(2026, 2, 1)}])
def test_whose_gemeente_lies_there_on_other_days_has_a_shape_of_its_own(changes: dict[str, date]):
    a = _two_alike()
    regions = []
    for region in a.regions:
        homes = tuple(
            home.model_copy(update=changes) if region.doorstroompunt == SCHELMONDE and place == 0 else home
            for place, home in enumerate(region.gemeenten)
        )
        regions.append(region.model_copy(update={"gemeenten": homes}))
    one, other = _shapes(a, named_by_hash(otherwise(a, regions=tuple(regions))))
    assert one != other


def test_who_answers_for_another_party_of_the_way_has_a_shape_of_its_own():
    a = _two_alike()
    parties = {
        name: party.model_copy(update={"controller": DUO}) if name == SCHELMONDE else party for name, party in a.parties.items()
    }
    one, other = _shapes(a, otherwise(a, parties=parties))
    assert one != other


def test_gemeenten_take_the_place_of_those_that_lie_alike_and_others_stay():
    a = _two_alike()
    numbers: Numbers = {}
    sides = (Side(a, numbers), Side(a, numbers))
    here, there = (shape_of(sides, (DUO, party), KIND) for party in (LINDEMARK, SCHELMONDE))
    mine, theirs = (frozenset().union(*shape.homes.values()) for shape in (here, there))
    scale = Named("gemeente", mine)
    ((renamed, marks),) = Renaming(here, there).where(((scale, frozenset({*mine, OTHER, None})),))
    assert (renamed, marks) == (Named("gemeente", theirs), {*theirs, OTHER, None})
