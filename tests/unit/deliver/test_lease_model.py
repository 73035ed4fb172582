"""What waits for a recipient is divided among its systems."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.deliver.lease.model import WHOLE, Part, parts
from hub.domain.kinds import RECORDS
from hub.domain.terms import RecordKind

OVERDRACHT, VERZUIM = RecordKind("overdracht"), RecordKind("verzuimmelding")
_KINDS = st.frozensets(st.sampled_from(sorted(RECORDS)), min_size=1)


def test_a_single_system_gets_everything() -> None:
    assert parts({"duo": frozenset({OVERDRACHT})}) == {"duo": WHOLE}


def test_the_one_that_carries_fewer_kinds_has_them_and_the_other_the_rest() -> None:
    found = parts({"alles": frozenset({OVERDRACHT, VERZUIM}), "koppelbestand": frozenset({OVERDRACHT})})
    only = frozenset({OVERDRACHT})
    assert found == {"koppelbestand": Part("koppelbestand", only, others=False), "alles": Part("", only, others=True)}


@given(st.dictionaries(st.text("abc", min_size=1), _KINDS, min_size=1))
def test_every_kind_goes_to_one_system(carried: dict[str, frozenset[RecordKind]]) -> None:
    found = parts(carried)
    assert found.keys() == carried.keys()
    for kind in RECORDS:
        (taker,) = (name for name, part in found.items() if (kind in part.kinds) != part.others)
        carriers = {name for name, kinds in carried.items() if kind in kinds}
        assert taker in carriers or not carriers
        assert not carriers or len(carried[taker]) == min(len(carried[name]) for name in carriers)
