"""A change of the names of a file is noticed, whatever it is; what could be somebody's data is not told."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.formats.agreed import Drift, FileColumns, columns_of, drift_of

MAPPING: Any = SimpleNamespace(
    version="proef/1", columns=frozenset("ABCD"), required=frozenset("AB"), ignored=frozenset({"MENTOR"}), tree=False
)
TREE: Any = SimpleNamespace(
    version="proef/1", columns=frozenset({"a.b", "a.c"}), required=frozenset(), ignored=frozenset({"ouders"}), tree=True
)
NAMES = st.lists(st.one_of(st.sampled_from([*"ABCDEFG", "MENTOR", ""]), st.text(max_size=8)), min_size=1, max_size=9)


def keyed(label: str, data: bytes) -> bytes:
    return hashlib.blake2b(data, key=label.encode()).digest()


def seen(*names: str, mapping: Any = MAPPING, was: FileColumns | None = None) -> FileColumns:
    inspector: Any = SimpleNamespace(header=names)
    found = columns_of(inspector, mapping, keyed, readable=True, was=was)
    assert found is not None
    return found


@given(NAMES, NAMES)
def test_any_change_of_the_set_of_names_is_noticed_and_no_change_is_not(before: list[str], after: list[str]) -> None:
    known = [{name for name in names if name and name != "MENTOR"} for names in (before, after)]
    drift = drift_of(seen("A", *before), seen("A", *after))
    assert (drift is None) == (known[0] | {"A"} == known[1] | {"A"})
    if drift is not None:
        told = len(drift.added) + len(drift.missing) + 2 * len(drift.renamed) + drift.untold
        assert told == len((known[0] | {"A"}) ^ (known[1] | {"A"}))


def test_order_is_no_change_and_tells_what_was_renamed() -> None:
    agreed = seen("A", "B", "C", "KLAS")
    assert drift_of(agreed, seen("KLAS", "C", "B", "A", "MENTOR")) is None
    assert drift_of(agreed, seen("A", "B", "CC", "KLAS")) == Drift((), (), (("C", "CC"),), 0, True)
    assert drift_of(agreed, seen("A", "B", "KLAS", "CC")) == Drift(("CC",), ("C",), (), 0, True)


def test_what_could_be_data_is_counted_and_not_told() -> None:
    drift = drift_of(seen("A", "B"), seen("A", "B", "JANSEN 0612345678"))
    assert drift == Drift((), (), (), 1, True)
    assert "JANSEN" not in repr(seen("A", "B", "JANSEN 0612345678"))


def test_in_a_tree_what_is_absent_is_no_change_and_what_is_new_is() -> None:
    agreed = seen("a.b", "klas", mapping=TREE)
    assert drift_of(agreed, seen("a.c", "ouders.moeder.naam", mapping=TREE, was=agreed)) is None
    drift = drift_of(agreed, seen("a.b", "klas", "mentor", mapping=TREE, was=agreed))
    assert drift == Drift(("mentor",), (), (), 0, True)
