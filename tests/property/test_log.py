"""The log holds whatever happens to it: trees, proofs, entries and exports, each against another implementation."""

from __future__ import annotations

import contextlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hub.audit import checkpoint, entry, tiles, tree
from hub.domain.stages import Candidate, Grant, Refused
from hub.domain.terms import (
    AgreementId,
    BasisId,
    ClauseId,
    ElementName,
    Form,
    LogId,
    PartyId,
    PolicyHash,
    PurposeId,
    ReasonCode,
    RecordKind,
)
from hub.errors import Tampered
from ops.verify import verify
from tests.fakes.log import Exported, checkpoint_of, exported, naive_root, node_of, sample_bodies, signer
from tests.fakes.story import eventful, zipped

LEAVES = [sha256(b"%d" % nth).digest() for nth in range(1500)]
BODIES = sample_bodies(300)
WHOLE = exported(BODIES, earlier=100)

sizes = st.integers(0, len(LEAVES))


# --- The tree ---------------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(size=sizes, cuts=st.lists(st.integers(1, 600), max_size=8))
def test_a_tree_is_the_same_however_it_grew(size: int, cuts: list[int]) -> None:
    edge, at, made = tiles.Edge(), 0, []
    for cut in [*cuts, size]:
        edge, complete = edge.extend(LEAVES[at : min(at + cut, size)])
        made += complete
        at = edge.size
    assert edge.root == naive_root(LEAVES[:size]) == verify.root_of(LEAVES[:size])
    assert edge == tiles.Edge().extend(LEAVES[:size])[0]
    assert sorted((tile.level, tile.index) for tile in made) == [(0, nth) for nth in range(size // 256)]
    assert tree.Frontier.decode(edge.frontier.encode()) == edge.frontier


@settings(deadline=None)
@given(data=st.binary(max_size=200))
def test_a_frontier_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(Tampered):
        assert tree.Frontier.decode(data).encode() == data


def flip(data: bytes, bit: int) -> bytes:
    bit %= 8 * len(data)
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


@settings(deadline=None)
@given(
    size=st.integers(1, len(LEAVES)), at=st.integers(0), bit=st.integers(0, 10_000), other=st.integers(0), how=st.integers(0, 6)
)
def test_an_inclusion_proof_shows_one_leaf_at_one_place(size: int, at: int, bit: int, other: int, how: int) -> None:
    index, edge = at % size, tiles.Edge().extend(LEAVES[:size])
    given_tiles = {(tile.level, tile.index): tile.hashes for tile in edge[1]} | edge[0].tiles
    leaf, root, proof = LEAVES[index], edge[0].root, tiles.prove(index, size, given_tiles)
    assert proof == tree.inclusion_proof(index, size, node_of(LEAVES[:size]))
    tree.verify_inclusion(leaf, index, size, proof, root)
    place = bit % len(proof) if proof else 0
    spoilt: list[Callable[[], tuple[bytes, int, list[bytes], bytes]]] = [
        lambda: (flip(leaf, bit), index, proof, root),
        lambda: (leaf, index, proof, flip(root, bit)),
        lambda: (leaf, other % size, proof, root),
        lambda: (leaf, index, [*proof, LEAVES[0]], root),
        lambda: (leaf, index, proof[:-1], root),
        lambda: (
            leaf,
            index,
            [*proof[:place], *[flip(part, bit) for part in proof[place : place + 1]], *proof[place + 1 :]],
            root,
        ),
        lambda: (leaf, index, [*proof[:place], *proof[place + 1 :], *proof[place : place + 1]], root),
    ]
    wrong = spoilt[how]()
    assume(wrong != (leaf, index, proof, root))
    with pytest.raises(Tampered):
        tree.verify_inclusion(wrong[0], wrong[1], size, wrong[2], wrong[3])


@settings(deadline=None)
@given(new=st.integers(1, len(LEAVES)), at=st.integers(0), bit=st.integers(0, 10_000), how=st.integers(0, 5))
def test_a_consistency_proof_shows_one_past(new: int, at: int, bit: int, how: int) -> None:
    old, edge = 1 + at % new, tiles.Edge().extend(LEAVES[:new])
    given_tiles = {(tile.level, tile.index): tile.hashes for tile in edge[1]} | edge[0].tiles
    before, after, proof = verify.root_of(LEAVES[:old]), edge[0].root, tiles.consistency(old, new, given_tiles)
    tree.verify_consistency(old, before, new, after, proof)
    place = bit % len(proof) if proof else 0
    spoilt = [
        (flip(before, bit), after, proof),
        (before, flip(after, bit), proof),
        (after, before, proof),
        (before, after, [*proof, LEAVES[0]]),
        (before, after, proof[:-1]),
        (before, after, [*proof[:place], *[flip(part, bit) for part in proof[place : place + 1]], *proof[place + 1 :]]),
    ][how]
    assume(spoilt != (before, after, proof))
    with pytest.raises(Tampered):
        tree.verify_consistency(old, spoilt[0], new, spoilt[1], spoilt[2])


@settings(deadline=None)
@given(st.lists(st.binary(max_size=33), max_size=12), st.integers(-2, 70), st.integers(-2, 70), st.binary(max_size=33))
def test_no_nonsense_is_a_proof(proof: list[bytes], one: int, two: int, root: bytes) -> None:
    with pytest.raises(Tampered):
        tree.verify_inclusion(sha256(root).digest(), one, two, proof, root)
    if root not in proof:
        with pytest.raises(Tampered):
            tree.verify_consistency(one, root, two, sha256(root).digest(), proof)


# --- Notes and receipts -----------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(text=st.text(max_size=300))
def test_what_is_read_as_a_note_or_receipt_is_one_or_is_refused(text: str) -> None:
    for read in (lambda: checkpoint.open_note(text, signer().vkey), lambda: checkpoint.parse_receipt(text)):
        with pytest.raises(Tampered):
            read()
    with pytest.raises(Tampered):
        checkpoint.VerifierKey.parse(text)


@given(size=st.integers(1, (1 << 63) - 1), root=st.binary(min_size=32, max_size=32))
@settings(max_examples=30, deadline=None)
def test_both_readers_open_what_was_signed(size: int, root: bytes) -> None:
    by = signer()
    note = checkpoint.make_checkpoint(by, size % 10**18, root) if size % 10**18 else checkpoint.make_checkpoint(by, 1, root)
    ours = checkpoint.open_note(note, by.vkey)
    theirs = verify.read_checkpoint(note.encode(), verify.read_key(by.vkey))
    assert (ours.origin, ours.size, ours.root) == (theirs.origin, theirs.size, theirs.root)


# --- Entries ----------------------------------------------------------------------------------------------------------------

words = st.from_regex(r"\A[a-z][a-z0-9]{0,9}(?:[-./:_][a-z0-9]{1,9}){0,3}\Z")
codes = st.from_regex(r"\A[A-Z][A-Z0-9]{0,9}(?:_[A-Z0-9]{1,9}){0,2}\Z").map(ReasonCode)
parties = words.map(PartyId)
hashes = st.binary(min_size=32, max_size=32)
moments = st.integers(entry.FIRST_MOMENT, entry.LARGEST_NUMBER)


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    elements = draw(st.lists(words.map(ElementName), min_size=1, max_size=6, unique=True))
    passed = draw(st.integers(1, len(elements)))
    return Grant(
        agreement=AgreementId(draw(words)),
        clause=ClauseId(draw(words)),
        purpose=PurposeId(draw(words)),
        processing_activity="",
        bases=tuple(draw(st.lists(words.map(BasisId), min_size=1, max_size=3))),
        fields=tuple((name, draw(st.sampled_from(Form))) for name in elements[:passed]),
        withheld=tuple((name, draw(codes)) for name in elements[passed:]),
        obligations=(),
        retention="",
        policy=PolicyHash(draw(hashes).hex()),
    )


candidates = st.builds(Candidate, parties, parties, st.lists(parties, min_size=1, max_size=3).map(tuple))


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def jcs(fields: dict[str, Any]) -> bytes:
    """RFC 8785 for ASCII keys, whole numbers and plain text."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@settings(deadline=None)
@given(words.map(LogId), parties, candidates, grants(), words.map(RecordKind), st.uuids(), hashes, hashes, hashes, moments)
def test_a_disclosure_template_writes_canonical_json(
    log: LogId,
    actor: PartyId,
    candidate: Candidate,
    grant: Grant,
    record: RecordKind,
    ref: UUID,
    digest: bytes,
    facts: bytes,
    committed: bytes,
    us: int,
) -> None:
    draft = entry.DisclosureTemplate(log, actor, candidate, grant, record).draft(ref, digest, facts, committed[:16], committed)
    body = entry.complete(draft, us)
    assert body == draft.head + str(us).encode() + draft.tail
    assert body == jcs(
        {
            "v": 1,
            "kind": "disclosure",
            "log": log,
            "us": us,
            "ref": str(ref),
            "actor": actor,
            "operation": "admit",
            "purpose": grant.purpose,
            "source": candidate.provider,
            "recipient": candidate.recipient,
            "controllers": [*candidate.controllers],
            "agreement": grant.agreement,
            "clause": grant.clause,
            "basis": [*grant.bases],
            "withheld": dict(grant.withheld),
            "decision": "permit",
            "reasons": [],
            "attributes": [name if form == "raw" else f"{name}:{form.value}" for name, form in grant.fields],
            "policy": grant.policy,
            "count": 1,
            "record": record,
            "digest": base64url(digest),
            "facts": base64url(facts),
            "nonce": base64url(committed[:16]),
            "commitment": base64url(committed),
        }
    )
    assert dict(entry.parse(body)) == verify.read_entry(body)


@settings(deadline=None)
@given(words.map(LogId), candidates, st.lists(codes, min_size=1, max_size=5), st.data(), st.uuids(), hashes, moments)
def test_a_refusal_template_writes_canonical_json(
    log: LogId, candidate: Candidate, reasons: list[ReasonCode], data: st.DataObject, ref: UUID, digest: bytes, us: int
) -> None:
    personal = frozenset(data.draw(st.sets(st.sampled_from(reasons))))
    anything: Any = None
    refused = Refused(anything, candidate, None, None, tuple(reasons), personal, PolicyHash("a" * 64))
    template = entry.RefusalTemplate(log, candidate.provider, refused, RecordKind("uitvalmelding"))
    body = entry.complete(template.draft(ref, digest, digest, digest[:16], digest), us)
    fields = json.loads(body)
    assert body == jcs(fields)
    assert dict(entry.parse(body)) == verify.read_entry(body) == fields
    assert set(fields["reasons"]) == {code for code in reasons if code not in personal} | (
        {"PERSOONLIJK"} if personal else set()
    )


@settings(deadline=None)
@given(
    words.map(LogId),
    parties,
    words.map(PurposeId),
    st.sampled_from(sorted(set(entry.OutcomeKind) - entry.ENDINGS)),
    st.uuids(),
    st.uuids(),
    moments,
)
def test_an_outcome_template_writes_canonical_json(
    log: LogId, party: PartyId, purpose: PurposeId, kind: entry.OutcomeKind, ref: UUID, delivery: UUID, us: int
) -> None:
    body = entry.complete(entry.OutcomeTemplate(log, party, party, purpose, kind, "release").draft(ref, delivery, 3), us)
    own = {"delivery": str(delivery), "recipient": party, "outcome": kind.value, "attempt": 3, "v": 1, "kind": "outcome"}
    assert body == jcs(
        {**own, "log": log, "us": us, "ref": str(ref), "actor": party, "operation": "release", "purpose": purpose}
    )
    assert dict(entry.parse(body)) == verify.read_entry(body)


@settings(deadline=None)
@given(
    parties,
    words.map(PurposeId),
    st.sampled_from(sorted(entry.ENDINGS)),
    st.lists(codes.map(ReasonCode), max_size=3, unique=True),
    hashes.map(bytes.hex).map(PolicyHash),
    st.uuids(),
    moments,
)
def test_an_ending_writes_canonical_json(
    party: PartyId,
    purpose: PurposeId,
    kind: entry.OutcomeKind,
    reasons: list[ReasonCode],
    policy: PolicyHash,
    ref: UUID,
    us: int,
) -> None:
    log = LogId("regio")
    body = entry.complete(entry.ending(log, ref, party, party, purpose, kind, "send", ref, 2, reasons, policy), us)
    own = {"delivery": str(ref), "recipient": party, "outcome": kind.value, "attempt": 2, "v": 1, "kind": "outcome"}
    own |= {"log": log, "us": us, "ref": str(ref), "actor": party, "operation": "send", "purpose": purpose}
    assert body == jcs({**own, "reasons": list(reasons), "policy": policy})
    assert dict(entry.parse(body)) == verify.read_entry(body)


def accepts(read: Callable[[bytes], object], body: bytes, error: type[Exception]) -> bool:
    try:
        read(body)
    except error:
        return False
    return True


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | words | codes | hashes.map(base64url),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(
    st.integers(0, 3),
    st.dictionaries(st.sampled_from(sorted(verify.PERSON | verify.EVENT | verify.ENDED)), values, max_size=3),
    st.booleans(),
)
def test_hub_and_verifier_agree_on_what_an_entry_is(which: int, changes: dict[str, Any], ascii_only: bool) -> None:
    fields = {**json.loads(BODIES[which]), **changes}
    body = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=ascii_only).encode(errors="replace")
    assert accepts(entry.parse, body, Tampered) == accepts(verify.read_entry, body, verify.Fault)


@settings(deadline=None)
@given(st.binary(max_size=400) | st.text(alphabet='{}[]":,0123456789.eE-\\u truefalsn', max_size=200).map(str.encode))
def test_no_bytes_make_a_reader_of_entries_crash(body: bytes) -> None:
    assert not accepts(entry.parse, body, Tampered)
    assert not accepts(verify.read_entry, body, verify.Fault)


@settings(deadline=None)
@given(which=st.integers(0, 7), bit=st.integers(0, 100_000))
def test_a_flipped_bit_never_makes_another_reading(which: int, bit: int) -> None:
    """Where both still read it, they read the same; the tree then shows that it is not what was recorded."""
    body = flip(BODIES[which], bit)
    assert accepts(entry.parse, body, Tampered) == accepts(verify.read_entry, body, verify.Fault)


# --- Exports ----------------------------------------------------------------------------------------------------------------


def report_of(files: dict[str, bytes], trust: str = WHOLE.trust) -> verify.Report:
    with TemporaryDirectory(prefix="hub-test-") as folder:
        top, _ = Exported(files, trust).write(Path(folder))
        report = verify.verify(verify.Directory(str(top)), verify.read_trust(trust.encode()))
        json.loads("".join(verify.as_json(report)))
        assert "".join(verify.as_text(report)).isascii()
    return report


def test_the_export_that_is_changed_below_is_whole() -> None:
    assert report_of(dict(WHOLE.files)).verified


paths = st.sampled_from(sorted(WHOLE.files))


def spoil_file(files: dict[str, bytes], how: str, path: str, other: str, at: int, extra: bytes) -> dict[str, bytes]:
    content = files[path]
    place = at % (len(content) + 1)
    match how:
        case "flip":
            files[path] = flip(content, at)
        case "drop":
            del files[path]
        case "swap":
            files[path], files[other] = files[other], content
        case "copy":
            files[other] = content
        case "rename":
            files[other + "x"] = files.pop(path)
        case "duplicate":
            files[path + "x"] = content
        case "insert":
            files[path] = content[:place] + extra + content[place:]
        case "truncate":
            files[path] = content[:place]
        case "overwrite":
            files[path] = extra
    return files


HOW = ["flip", "drop", "swap", "copy", "rename", "duplicate", "insert", "truncate", "overwrite"]


@given(st.sampled_from(HOW), paths, paths, st.integers(0, 1 << 22), st.binary(min_size=1, max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_change_of_a_file_is_reported(how: str, path: str, other: str, at: int, extra: bytes) -> None:
    files = spoil_file(dict(WHOLE.files), how, path, other, at, extra)
    assume(files != WHOLE.files)
    assert not report_of(files).verified


STORY = eventful().export()
STORY_ZIP = zipped(dict(STORY.files))


def test_the_eventful_export_that_is_changed_below_is_whole() -> None:
    assert report_of(dict(STORY.files), STORY.trust).verified


@given(st.sampled_from(HOW), st.data(), st.integers(0, 1 << 22), st.binary(min_size=1, max_size=40))
@settings(max_examples=120, deadline=None)
def test_any_change_of_what_was_redacted_pruned_or_signed_anew_is_reported(
    how: str, data: st.DataObject, at: int, extra: bytes
) -> None:
    """Small files are changed as often as large ones."""
    rare = st.sampled_from([path for path in sorted(STORY.files) if not path.startswith("tile/")])
    path, other = data.draw(rare | st.sampled_from(sorted(STORY.files))), data.draw(st.sampled_from(sorted(STORY.files)))
    files = spoil_file(dict(STORY.files), how, path, other, at, extra)
    assume(files != STORY.files)
    assert not report_of(files, STORY.trust).verified


@pytest.mark.parametrize("path", ["origins", "pruned", "redacted/520", "redacted/523"])
def test_every_cut_of_a_small_file_is_reported(path: str) -> None:
    whole = STORY.files[path]
    for end in range(len(whole)):
        assert not report_of({**STORY.files, path: whole[:end]}, STORY.trust).verified, end


def test_every_bit_of_the_small_files_of_an_export_counts() -> None:
    for path in ("pruned", "origins", *[path for path in STORY.files if path.startswith("redacted/")]):
        for bit in range(0, 8 * len(STORY.files[path]), 1 if len(STORY.files[path]) < 30 else 29):
            files = {**STORY.files, path: flip(STORY.files[path], bit)}
            assert not report_of(files, STORY.trust).verified, (path, bit)


@given(st.integers(0, 8 * len(STORY_ZIP) - 1), st.integers(0, len(STORY_ZIP)), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_archive_makes_the_verifier_crash(bit: int, cut: int, truncated: bool) -> None:
    """An archive has room for what is no content (times, comments); where all content is as it was, so is the verdict."""
    with TemporaryDirectory(prefix="hub-test-") as folder:
        path = Path(folder) / "export.zip"
        path.write_bytes(STORY_ZIP[:cut] if truncated else flip(STORY_ZIP, bit))
        try:
            source = verify.Archive(str(path))
        except verify.WrongQuestion:
            return
        report = verify.verify(source, verify.read_trust(STORY.trust.encode()))
        json.loads("".join(verify.as_json(report)))
        if report.verified:
            again = verify.Archive(str(path))
            files, _ = again.walk(verify.Report())
            assert {name: again.read(name) for name in files} == STORY.files


def spoil_log(how: str, one: int, two: int) -> list[bytes]:
    bodies = list(BODIES)
    match how:
        case "drop":
            del bodies[one]
        case "drop the last":
            bodies.pop()
        case "swap":
            bodies[one], bodies[two] = bodies[two], bodies[one]
        case "duplicate":
            bodies.insert(two, bodies[one])
        case "insert":
            bodies.insert(one, sample_bodies(400)[399])
        case "edit":
            bodies[one] = entry.canonical({**entry.parse(bodies[one]), "operation": "hide"})
        case "add":
            bodies.append(sample_bodies(301)[300])
    return bodies


@given(
    st.sampled_from(["drop", "drop the last", "swap", "duplicate", "insert", "edit", "add"]),
    st.integers(0, 299),
    st.integers(0, 299),
    st.sampled_from(["old checkpoint", "another key", "shorter than known"]),
)
@settings(max_examples=80, deadline=None)
def test_a_log_rebuilt_whole_around_a_change_is_reported(how: str, one: int, two: int, signed: str) -> None:
    """Bundles and tiles all agree with each other; only what was signed, and by whom, tells."""
    bodies = spoil_log(how, one, two)
    assume(bodies != BODIES)
    if signed == "old checkpoint":
        files = {**exported(bodies).files, "checkpoint": WHOLE.files["checkpoint"]}
        assert not report_of(files).verified
    elif signed == "another key":
        assert not report_of(dict(exported(bodies, signer(8)).files)).verified
    else:
        known = exported(BODIES).trust + "\n" + checkpoint_of([*BODIES, *sample_bodies(320)[300:]], signer()).note
        assert not report_of(dict(exported(bodies).files), known).verified


@given(st.integers(0, 299), st.integers(0, 299))
@settings(max_examples=50, deadline=None)
def test_rolled_back_to_an_older_checkpoint(back: int, known: int) -> None:
    """With the right key: shorter than what the reader knows is reported, longer is the log as it once was."""
    report = report_of(dict(exported(BODIES[:back]).files), exported(BODIES, earlier=known).trust)
    assert report.verified is (back >= known)


NAMES = [
    "tile/0/002",
    "tile/9",
    "x",
    "tile/entries/x001/000",
    "pruned",
    "boundary",
    "origins",
    "redacted/7",
    "timestamps/9.tsr",
]
junk = st.dictionaries(st.sampled_from([*WHOLE.files, *NAMES]), st.binary(max_size=300) | st.just(b"256\n"), max_size=6)


@given(junk, st.booleans())
@settings(max_examples=80, deadline=None)
def test_no_bytes_make_the_verifier_crash(files: dict[str, bytes], keep: bool) -> None:
    wrong = {**(WHOLE.files if keep else {}), **files}
    assume(wrong != WHOLE.files)
    assert not report_of(wrong).verified


@pytest.mark.slow
@given(junk, st.sampled_from(HOW), paths, paths, st.integers(0, 1 << 22), st.binary(min_size=1, max_size=40))
@settings(max_examples=5000, deadline=None)
def test_no_bytes_make_the_verifier_crash_for_long(
    more: dict[str, bytes], how: str, path: str, other: str, at: int, extra: bytes
) -> None:
    report_of({**spoil_file(dict(WHOLE.files), how, path, other, at, extra), **more})


@settings(deadline=None)
@given(
    st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"log {signer().vkey}\n\n{text}".encode(errors="replace"))
)
def test_no_trust_file_makes_the_verifier_crash(data: bytes) -> None:
    try:
        trust = verify.read_trust(data)
    except verify.WrongQuestion:
        return
    if trust.earlier is not None:
        with pytest.raises(verify.Fault):
            verify.read_checkpoint(trust.earlier, *trust.logs)


@settings(deadline=None)
@given(st.binary(max_size=70), st.binary(max_size=40), st.binary(max_size=70))
def test_nothing_random_is_a_signature(public: bytes, message: bytes, signature: bytes) -> None:
    assert not verify.signature_holds(public, message, signature)
