"""Trust files: what they mean, and that nothing else is read as one."""

from __future__ import annotations

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey

from hub.audit.checkpoint import make_checkpoint
from hub.audit.cosign import cosign, cosign_line, with_signatures
from hub.audit.signing import PostQuantumSigner, WitnessSigner
from hub.audit.trust import Group, Policy
from hub.errors import Misconfigured, Tampered
from tests.fakes.log import signer

ROOT = bytes(range(32))
LOG = signer()
NOTE = make_checkpoint(LOG, 5, ROOT)
X1, X2, X3, Y1, Y2, Y3 = (
    WitnessSigner(f"w{seed}.example", Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)) for seed in range(30, 36)
)
QUANTUM = PostQuantumSigner(LOG.name, MLDSA44PrivateKey.from_seed_bytes(bytes(32)))

EXAMPLE = f"""# The example of C2SP tlog-policy, with keys in it.
log {LOG.vkey} https://hub.example/log

witness X1 {X1.vkey}
witness X2 {X2.vkey}\thttps://w31.example/
witness X3 {X3.vkey}
 group X-witnesses  2 X1 X2 X3
  # a remark
witness Y1 {Y1.vkey}
witness Y2 {Y2.vkey}
witness Y3 {Y3.vkey}
group Y-witnesses any Y1 Y2 Y3

group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
""".encode()
POLICY = Policy.parse(EXAMPLE)


def cosigned_by(*cosigners: WitnessSigner) -> str:
    note = NOTE
    for nth, each in enumerate(cosigners):
        note = cosign(note, each, 1_790_000_000 + nth)
    return note


def test_the_example_of_the_specification() -> None:
    assert POLICY.groups == (
        Group("X-witnesses", 2, ("X1", "X2", "X3")),
        Group("Y-witnesses", 1, ("Y1", "Y2", "Y3")),
        Group("X-and-Y", 2, ("X-witnesses", "Y-witnesses")),
    )
    assert (POLICY.quorum, POLICY.logs[0].url, POLICY.witnesses[1].url) == (
        "X-and-Y",
        "https://hub.example/log",
        "https://w31.example/",
    )
    trusted = POLICY.check(cosigned_by(X3, Y1, X1))
    assert (trusted.checkpoint.size, trusted.checkpoint.root) == (5, ROOT)
    assert trusted.witnesses == {"X3": 1_790_000_000, "Y1": 1_790_000_001, "X1": 1_790_000_002}


@pytest.mark.parametrize("few", [(), (X1, X2, X3), (X1, Y1, Y2, Y3), (Y2,), (X1, X2)], ids=len)
def test_less_than_the_quorum_is_not_enough(few: tuple[WitnessSigner, ...]) -> None:
    with pytest.raises(Tampered, match="not the quorum"):
        POLICY.check(cosigned_by(*few))


def test_one_that_signs_twice_counts_once() -> None:
    note = cosigned_by(X1, Y1)
    text, _, block = note.rpartition("\n\n")
    again = cosign_line(X1, text + "\n", 1_790_000_009)
    with pytest.raises(Tampered, match="not the quorum"):
        POLICY.check(note + again)
    assert block.count("w30.example") == 1


def test_a_cosignature_that_does_not_hold_refuses_the_note() -> None:
    other = cosign(make_checkpoint(LOG, 6, ROOT), X3, 1_790_000_000)
    line = other.rpartition("\n\n")[2].split("\n")[1] + "\n"
    with pytest.raises(Tampered, match="not its cosigner"):
        POLICY.check(with_signatures(cosigned_by(X1, X2, Y1), [line]))


def test_only_a_named_log_is_believed() -> None:
    for other in (signer(8), signer(7, "hub.example/regio-b")):
        with pytest.raises(Tampered, match="None of the logs"):
            Policy.parse(f"log {LOG.vkey}\nquorum none\n".encode()).check(make_checkpoint(other, 5, ROOT))
    with pytest.raises(Tampered, match="None of the logs"):
        Policy.parse(b"quorum none\n").check(NOTE)


def test_a_log_may_be_known_by_its_ml_dsa_key_alone() -> None:
    policy = Policy.parse(f"log {QUANTUM.vkey}\nquorum none\n".encode())
    assert policy.check(cosign(NOTE, QUANTUM, 1_790_000_000)).checkpoint.size == 5
    with pytest.raises(Tampered, match="None of the logs"):
        policy.check(NOTE)
    foreign = cosign(make_checkpoint(LOG, 6, ROOT), QUANTUM, 1_790_000_000).rpartition("\n\n")[2].split("\n")[1]
    with pytest.raises(Tampered, match="not its cosigner"):
        policy.check(with_signatures(NOTE, [foreign + "\n"]))
    other = PostQuantumSigner("hub.example/regio-b", MLDSA44PrivateKey.from_seed_bytes(bytes(32)))
    with pytest.raises(Tampered, match="another log"):
        Policy.parse(f"log {other.vkey}\nquorum none\n".encode()).check(cosign(NOTE, other, 1_790_000_000))


def test_what_is_written_is_read_as_the_same() -> None:
    assert Policy.parse(bytes(POLICY)) == POLICY
    assert str(Policy.parse(bytes(POLICY))) == str(POLICY)
    assert "group X-witnesses 2 X1 X2 X3\n" in str(POLICY)


def test_names_are_octets_of_any_alphabet() -> None:
    for name in ("\N{KELVIN SIGN}".encode(), b"\xff\xfe", "één".encode()):
        policy = Policy.parse(b"log %s\nwitness %s %s\nquorum %s\n" % (LOG.vkey.encode(), name, X1.vkey.encode(), name))
        assert Policy.parse(bytes(policy)) == policy
        assert policy.check(cosigned_by(X1)).witnesses
    with pytest.raises(Misconfigured, match="Line 3"):
        Policy.parse(f"log {LOG.vkey}\nwitness K {X1.vkey}\nquorum \N{KELVIN SIGN}\n".encode())


def _wrong() -> dict[str, tuple[int, str]]:
    log, x, y = f"log {LOG.vkey}\n", f"witness x {X1.vkey}\n", f"witness y {Y1.vkey}\n"
    lame = b64encode(b"\x02" + bytes(32)).decode()
    return {
        "an unknown word": (1, "mirror x\nquorum none\n"),
        "a log without key": (1, "log\nquorum none\n"),
        "a log with too much": (1, f"log {LOG.vkey} a b\nquorum none\n"),
        "a log's key spoilt": (1, log.replace("A", "B", 1) + "quorum none\n"),
        "a witness's key for a log": (1, f"log {X1.vkey}\nquorum none\n"),
        "a log's key for a witness": (1, f"witness x {LOG.vkey}\nquorum none\n"),
        "an unknown type of key": (1, f"log x+00000000+{lame}\nquorum none\n"),
        "the same log twice": (2, log + f"log {signer(7, 'another.example').vkey}\nquorum none\n"),
        "the same witness twice": (2, x + f"witness z {X1.vkey}\nquorum none\n"),
        "the same name twice": (2, x + f"witness x {Y1.vkey}\nquorum none\n"),
        "a group called as a witness": (2, x + "group x any x\nquorum none\n"),
        "a witness called none": (1, f"witness none {X1.vkey}\nquorum none\n"),
        "none in a group": (2, x + "group g any none\nquorum none\n"),
        "a group of none": (2, x + "group g any\nquorum none\n"),
        "a group of itself": (2, x + "group g any g\nquorum none\n"),
        "a member defined below": (2, x + "group g all x y\n" + y + "quorum g\n"),
        "a member twice": (2, x + "group g 2 x x\nquorum g\n"),
        "a member of two groups": (4, x + y + "group g any x\ngroup h all x y\nquorum h\n"),
        "none of them": (3, x + y + "group g 0 x y\nquorum g\n"),
        "more than all": (3, x + y + "group g 3 x y\nquorum g\n"),
        "a leading zero": (3, x + y + "group g 02 x y\nquorum g\n"),
        "other digits": (3, x + y + "group g ١ x y\nquorum g\n"),
        "capitals": (3, x + y + "group g ALL x y\nquorum g\n"),
        "two quorums": (2, "quorum none\nquorum none\n"),
        "a quorum of nobody": (1, "quorum x\n" + x),
        "a quorum of two": (3, x + y + "quorum x y\n"),
        "a space that is none": (1, "quorum\N{NO-BREAK SPACE}none\n"),
    }


@pytest.mark.parametrize(("line", "text"), _wrong().values(), ids=_wrong())
def test_what_is_wrong_is_told_by_its_line(line: int, text: str) -> None:
    with pytest.raises(Misconfigured, match=f"Line {line} "):
        Policy.parse(text.encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"# nothing\n",
        b"quorum none",
        b"quorum none\r\n",
        b"quorum none\n\0\n",
        b"#" * (1 << 20) + b"\nquorum none\n",
    ],
    ids=["empty", "blank", "no quorum", "cut off", "Windows", "a nought", "too large"],
)
def test_what_is_no_policy_at_all(data: bytes) -> None:
    with pytest.raises(Misconfigured):
        Policy.parse(data)


def test_a_file_that_was_cut_off_is_not_read_as_another() -> None:
    """`quorum ab` may be what is left of `quorum abc`."""
    text = f"log {LOG.vkey}\nwitness a {X1.vkey}\nwitness ab {Y1.vkey}\nquorum ab\n".encode()
    assert Policy.parse(text).quorum == "ab"
    with pytest.raises(Misconfigured, match="cut off"):
        Policy.parse(text[:-1])
