"""Which addresses are tiles, and what of the log a partner sees."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.audit.tiles import bundle, bundle_path, tile_path
from hub.domain.terms import PartyId
from hub.errors import Malformed, Tampered
from hub.witness.model import parse_submission, submission
from hub.witness.serve import Place, concerns, entries_of, read_place, shown_to
from tests.fakes.log import RECIPIENT, SOURCE, checkpoint_of, sample_bodies, signer


@given(st.integers(0, 63), st.integers(0, 10**15), st.integers(1, 256))
def test_every_tile_has_one_address(level: int, index: int, width: int) -> None:
    assert read_place(tile_path(level, index, width).removeprefix("tile/")) == Place(level, index, width)
    assert read_place(bundle_path(index, width).removeprefix("tile/")) == Place(None, index, width)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/",
        "0/1",
        "0/0000",
        "64/000",
        "00/000",
        "-1/000",
        "0/x000/001",
        "0/001/234",
        "0/x001/x234",
        "0/000.p/0",
        "0/000.p/256",
        "0/000.p/07",
        "0/000.p/",
        "0/000/",
        "0/000.p/1\n",
        "0/٠٠٠",
        "data/000",
        "entries/x1/000",
        "0/x001/x001/x001/x001/x001/x001/001",
    ],
)
def test_nothing_else_is_one(path: str) -> None:
    assert read_place(path) is None


def test_a_partner_sees_what_it_is_in_and_the_length_of_nothing_else() -> None:
    bodies = [*sample_bodies(8), b""]  # the last was redacted
    whole = bundle(bodies)
    for party in (SOURCE, RECIPIENT, PartyId("gemeente-elders")):
        kept, shown = shown_to(party, whole)
        seen = list(entries_of(kept))
        assert seen == [body if body and concerns(body, party) else b"" for body in bodies]
        assert shown == sum(map(bool, seen))
    assert shown_to(PartyId("gemeente-elders"), whole) == (bytes(2 * len(bodies)), 0)
    assert 0 < shown_to(SOURCE, whole)[1] < len(bodies) == 9


@given(st.binary(max_size=64))
def test_a_bundle_that_is_cut_is_never_half_read(content: bytes) -> None:
    try:
        found = list(entries_of(content))
    except Tampered:
        return
    assert bundle(found) == content


@given(st.integers(0, 5), st.lists(st.binary(min_size=32, max_size=32), max_size=8))
def test_a_submission_is_read_as_it_was_written(old: int, proof: list[bytes]) -> None:
    note = checkpoint_of(sample_bodies(5), signer()).note
    read = parse_submission(submission(old, proof, note))
    assert (read.old, list(read.proof), read.note, read.size, read.origin) == (old, proof, note, 5, signer().name)


@given(st.integers(0, 300), st.binary(max_size=3))
def test_a_submission_that_was_changed_is_refused_or_says_another_thing(at: int, other: bytes) -> None:
    """No byte of it is passed over: what is read writes itself back as it came."""
    sent = submission(3, [sha256(b"x").digest()], checkpoint_of(sample_bodies(5), signer()).note)
    changed = sent[:at] + other + sent[at + 1 :]
    try:
        read = parse_submission(changed)
    except Malformed:
        return
    assert submission(read.old, read.proof, read.note) == changed


def test_a_hash_has_one_way_to_be_written() -> None:
    """Base64 of 32 bytes has four spare bits at its end: a proof that uses them is another text for the same hash."""
    sent = submission(3, [bytes(32)], checkpoint_of(sample_bodies(5), signer()).note)
    assert b"AAA=\n\n" in sent
    for wrong in (b"AAB=\n\n", b"AAAA\n\n", b"AA==\n\n", b"AA =\n\n"):
        with pytest.raises(Malformed):
            parse_submission(sent.replace(b"AAA=\n\n", wrong, 1))
