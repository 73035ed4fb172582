"""Whom the reader trusts (C2SP tlog-policy, tlog-cosignature), and a person whose entries are looked for without the hub."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from contextlib import redirect_stderr, redirect_stdout
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from hub.audit import entry
from hub.audit.checkpoint import make_checkpoint
from hub.audit.signing import PostQuantumSigner, WitnessSigner, has_post_quantum
from hub.protect import seal
from ops.verify import verify
from tests.fakes.log import LOG, RECIPIENT, Exported, signer
from tests.fakes.story import KEY, TAG, Story

needs_post_quantum = pytest.mark.skipif(not has_post_quantum(), reason="this build of cryptography has no ML-DSA-44")
X, Y, Z = (WitnessSigner(f"{name}.example/w", Ed25519PrivateKey.from_private_bytes(name.encode() * 32)) for name in "xyz")
THREE = "".join(f"witness {name} {by.vkey}\n" for name, by in (("x", X), ("y", Y), ("z", Z)))


def checked(case: Exported, folder: Path, *given: str) -> tuple[int, str]:
    top, trust = case.write(folder)
    out = StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        code = verify.main([str(top), "--trust", str(trust), *given])
    return code, out.getvalue()


def cosigned(*by: WitnessSigner | PostQuantumSigner) -> Story:
    story = Story(300)
    story.cosigners = list(by)
    return story


# --- Witnesses --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "holds"),
    [
        ("quorum none", True),
        ("quorum x", True),
        ("quorum z", False),
        ("group g any x z\nquorum g", True),
        ("group g all x y\nquorum g", True),
        ("group g all x z\nquorum g", False),
        ("group g 2 x y z\nquorum g", True),
        ("group g 3 x y z\nquorum g", False),
        ("group g any z\ngroup h 2 x y\ngroup i all g h\nquorum i", False),
        ("group g any z\ngroup h 2 x y\ngroup i any g h\nquorum i", True),
    ],
)
def test_enough_witnesses_must_have_cosigned(policy: str, holds: bool, tmp_path: Path) -> None:
    code, text = checked(cosigned(X, Y).export(f"{THREE}{policy}\n"), tmp_path)
    assert code == (0 if holds else 1), text
    assert ("Cosigned by x (2026-11-18T" in text) is holds
    assert ("witnesses that the trust file asks for" in text) is not holds


def test_signatures_of_others_are_passed_over_and_counted(tmp_path: Path) -> None:
    code, text = checked(cosigned(X, Y, Z).export(f"witness y {Y.vkey}\nquorum y\n"), tmp_path)
    assert code == 0
    assert "2 signatures of others on the checkpoint were not looked at" in text
    assert "No witness was asked for" not in text


def test_a_log_without_witnesses_says_what_that_leaves_open(tmp_path: Path) -> None:
    code, text = checked(cosigned().export(), tmp_path)
    assert code == 0
    assert "could show someone else another log" in text


def test_a_cosignature_that_does_not_hold(tmp_path: Path) -> None:
    case = cosigned(X).export(f"{THREE}quorum none\n")
    note = case.files["checkpoint"].decode()
    line = note.splitlines()[-1]
    elsewhere = cosigned(X)
    elsewhere.grow(1)
    stolen = elsewhere.export().files["checkpoint"].decode().splitlines()[-1]
    for nth, wrong in enumerate((stolen, f"— {X.name} {b64encode(verify.read_key(X.vkey, 4).key_id + bytes(9)).decode()}")):
        (tmp_path / str(nth)).mkdir()
        files = {**case.files, "checkpoint": note.replace(line, wrong).encode()}
        code, text = checked(Exported(files, case.trust), tmp_path / str(nth))
        assert code == 1
        assert "checkpoint: the signature of x does not hold" in text


@needs_post_quantum
def test_post_quantum_signatures_of_the_log_and_of_witnesses(tmp_path: Path) -> None:
    own = PostQuantumSigner(signer().name, MLDSA44PrivateKey.from_seed_bytes(bytes(32)))
    other = PostQuantumSigner("q.example/w", MLDSA44PrivateKey.from_seed_bytes(bytes([1]) * 32))
    trust = f"log {own.vkey}\nwitness q {other.vkey}\nquorum q\n"
    for nth, (by, code) in enumerate((((own, other), 0), ((own,), 1), ((other,), 1))):
        (tmp_path / str(nth)).mkdir()
        found, text = checked(cosigned(*by).export(trust), tmp_path / str(nth))
        assert found == code, text
        assert ("post-quantum signature holds" in text) is (code == 0)
    assert "is not signed by the log's post-quantum key" in text


@needs_post_quantum
def test_ml_dsa_44_agrees_with_cryptography() -> None:
    key = MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    public, message = key.public_key().public_bytes_raw(), b"a checkpoint"
    for _ in range(3):
        signature = key.sign(message)
        assert verify.mldsa_holds(public, message, signature)
        assert not verify.mldsa_holds(public, message + b"x", signature)
        for at in (0, 31, 32, 1000, 2335, 2336, 2415, 2416, 2419):
            changed = bytearray(signature)
            changed[at] ^= 1
            assert not verify.mldsa_holds(public, message, bytes(changed)), at
    # The same hints in another order: a second way to write one signature.
    assert signature[2336 + 80] > 1
    swapped = signature[:2336] + signature[2337:2338] + signature[2336:2337] + signature[2338:]
    assert not verify.mldsa_holds(public, message, swapped)
    for wrong in (b"", signature[:-1], signature + b"\0", bytes(2420), b"\xff" * 2420):
        assert not verify.mldsa_holds(public, message, wrong)
    assert not verify.mldsa_holds(public[:-1], message, signature)


LINE = f"log {signer().vkey}\n"
WRONG = {
    "no quorum": LINE + THREE,
    "two quorums": LINE + "quorum none\nquorum none\n",
    "an unknown quorum": LINE + THREE + "quorum w\n",
    "a group used before it is defined": LINE + THREE + "quorum g\ngroup g any x\n",
    "twice a name": LINE + THREE + f"witness x {signer(8).vkey}\nquorum x\n",
    "twice a key": LINE + THREE + f"witness w {X.vkey}\nquorum x\n",
    "a name that is taken": LINE + THREE + "group x any y\nquorum x\n",
    "none as a name": LINE + THREE + "group none any y\nquorum none\n",
    "none as a member": LINE + THREE + "group g any none\nquorum g\n",
    "too many": LINE + THREE + "group g 4 x y z\nquorum g\n",
    "too few": LINE + THREE + "group g 0 x y z\nquorum g\n",
    "no number": LINE + THREE + "group g most x y z\nquorum g\n",
    "no members": LINE + THREE + "group g any\nquorum g\n",
    "a member twice": LINE + THREE + "group g 2 x x\nquorum g\n",
    "a member of two groups": LINE + THREE + "group g any x\ngroup h any x g\nquorum h\n",
    "a witness as log": f"log {X.vkey}\n",
}


@pytest.mark.parametrize("trust", WRONG.values(), ids=WRONG)
def test_a_policy_that_is_none(trust: str) -> None:
    with pytest.raises(verify.WrongQuestion):
        verify.read_trust(trust.encode())


def test_names_and_comments_may_hold_any_bytes() -> None:
    trust = verify.read_trust(LINE.encode() + b"# \xff\nwitness \xfe\xff " + X.vkey.encode() + b"\nquorum \xfe\xff\n")
    assert trust.met(trust.witnesses)
    assert not trust.met([])


def test_groups_may_be_many() -> None:
    chain = "".join(f"group g{nth} any g{nth - 1}\n" for nth in range(1, 20_000))
    trust = verify.read_trust(f"{LINE}witness x {X.vkey}\ngroup g0 any x\n{chain}quorum g19999\n".encode())
    assert trust.met(["x"])


def test_an_older_key_signs_no_export(tmp_path: Path) -> None:
    new = signer(9)
    case = Story(5).export()
    code, text = checked(Exported(case.files, f"log {new.vkey}\n{case.trust}"), tmp_path)
    assert code == 1
    assert "has not signed it" in text


# --- A person ---------------------------------------------------------------------------------------------------------------


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def lived() -> tuple[Story, list[int]]:
    """A log that holds three disclosures about the person, and where."""
    story = Story(300)
    places = [story.tell()]
    story.tell(key=sha256(b"another").digest())
    story.grow(2)
    return story, [*places, story.tell(), story.tell()]


def with_person(folder: Path, answer: object | None = None, **changes: str) -> list[str]:
    (folder / "person").write_text(json.dumps({"log": LOG, "tag": base64url(TAG), "key": base64url(KEY), **changes}))
    given = ["--person", str(folder / "person")]
    if answer is not None:
        (folder / "answer").write_text(json.dumps(answer))
        given += ["--expect", str(folder / "answer")]
    return given


def refs_of(story: Story, places: list[int]) -> list[str]:
    return [entry.parse(story.bodies[place])["ref"] for place in places]


def test_what_is_sealed_here_is_what_the_hub_seals() -> None:
    story, places = lived()
    fields = entry.parse(story.bodies[places[0]])
    nonce = verify.base64.urlsafe_b64decode(fields["nonce"] + "==")
    assert fields["commitment"] == base64url(seal.commit(seal.opening(KEY, nonce), TAG, RECIPIENT))


def test_it_finds_a_person_without_the_hub(tmp_path: Path) -> None:
    story, places = lived()
    code, text = checked(story.export(), tmp_path, *with_person(tmp_path))
    assert code == 0, text
    assert "ABOUT THIS PERSON: 3 entries" in text
    assert all(f"{place}  2026-" in text for place in places)


ANSWERS = {
    "by ref": (lambda story, places: refs_of(story, places), 0, "COMPLETE: the hub's answer names all 3"),
    "by number": (lambda story, places: places, 0, "COMPLETE: "),
    "as the hub gives it": (
        lambda story, places: {"log": LOG, "size": story.size, "entries": refs_of(story, places)},
        0,
        "COMPLETE: ",
    ),
    "as of before": (lambda story, places: {"size": 302, "entries": places[:1]}, 0, "COMPLETE: "),
    "one left out": (lambda story, places: places[1:], 1, "left out: entry 300"),
    "all left out": (lambda story, places: [], 1, "NOT COMPLETE"),
    "one of another": (lambda story, places: [*places, 301], 1, "named, but not about this person: entry 301"),
    "an outcome of another": (lambda story, places: [*places, 2], 1, "named, but not about this person: entry 2"),
    "one that is not there": (lambda story, places: [*places, 9999], 1, "named, but not in this export: entry 9999"),
    "a reading": (lambda story, places: [*places, 303], 0, "1 entries that the hub named are of kinds that do not say"),
}


@pytest.mark.parametrize(("answer", "code", "said"), ANSWERS.values(), ids=ANSWERS)
def test_what_the_hub_answered_is_held_against_it(answer: object, code: int, said: str, tmp_path: Path) -> None:
    story, places = lived()
    assert callable(answer)
    found, text = checked(story.export(), tmp_path, *with_person(tmp_path, answer(story, places)))
    assert found == code, text
    assert text.startswith("VERIFIED")
    assert said in text


def test_what_is_not_verified_proves_nothing_about_a_person(tmp_path: Path) -> None:
    story, places = lived()
    whole = story.export()
    case = Exported({**whole.files, "tile/1/000.p/1": bytes(32)}, whole.trust)
    code, text = checked(case, tmp_path, *with_person(tmp_path, places))
    assert code == 1
    assert "about the person is of what could be read, and is not proven" in text


def test_entries_whose_text_is_gone_are_said_not_to_be_looked_at(tmp_path: Path) -> None:
    story, places = lived()
    story.redact(places[0])
    code, text = checked(story.export(), tmp_path, *with_person(tmp_path, places), "--json")
    person = json.loads(text)["person"]
    assert (code, person["notLookedAt"], person["notInThisLog"]) == (1, 1, ["entry 300"])


@pytest.mark.parametrize(
    "changes", [{"log": "regio-b"}, {"tag": "?"}, {"key": "AA"}, {"key": ""}, {"more": "x"}, {"log": ""}, {"tag": "é"}]
)
def test_a_persons_file_that_is_none(changes: dict[str, str], tmp_path: Path) -> None:
    code, text = checked(lived()[0].export(), tmp_path, *with_person(tmp_path, **changes))
    assert (code, text.startswith("verify.py: ")) == (2, True)


@pytest.mark.parametrize(
    "answer", [{}, {"entries": 1}, {"entries": [None]}, {"entries": ["x"]}, {"entries": [], "size": -1}, 7]
)
def test_an_answer_that_is_none(answer: object, tmp_path: Path) -> None:
    code, text = checked(Story(3).export(), tmp_path, *with_person(tmp_path, answer))
    assert (code, text.startswith("verify.py: ")) == (2, True)


def test_an_answer_without_a_person(tmp_path: Path) -> None:
    assert checked(Story(3).export(), tmp_path, "--expect", "x")[0] == 2


def test_a_checkpoint_in_a_name_of_its_own_is_no_cosignature() -> None:
    """A log's key is never also its witness."""
    assert verify.read_key(signer().vkey).kind == verify.LOG
    with pytest.raises(verify.Fault):
        verify.read_key(X.vkey)
    with pytest.raises(verify.Fault):
        verify.read_checkpoint(make_checkpoint(signer(), 1, bytes(32)).encode(), verify.read_key(X.vkey, verify.COSIGNER))
