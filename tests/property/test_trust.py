"""Trust files, differential: the hub and the offline verifier share no code, read the same files and ask the same quorum."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import event, given, settings
from hypothesis import strategies as st

from hub.audit.checkpoint import make_checkpoint
from hub.audit.cosign import cosign
from hub.audit.signing import WitnessSigner
from hub.audit.trust import Policy
from hub.errors import Misconfigured, Tampered
from ops.verify import verify
from tests.fakes.log import signer

LOGS = [signer(), signer(8, "hub.example/regio-b")]
WITNESSES = [WitnessSigner(f"w{n}.example", Ed25519PrivateKey.from_private_bytes(bytes([60 + n]) * 32)) for n in range(4)]
NOTE = make_checkpoint(LOGS[0], 5, bytes(32))
NAMES = ["a", "b", "c", "d", "g", "h", "none"]

names = st.sampled_from(NAMES)
witness = st.builds(lambda name, who: f"witness {name} {who.vkey}", names, st.sampled_from(WITNESSES))
group = st.builds(
    lambda name, least, members: " ".join(["group", name, least, *members]),
    names,
    st.sampled_from(["any", "all", "1", "2", "3", "0", "01", "ALL"]),
    st.lists(names, max_size=4),
)
other = st.sampled_from(["# a remark", "", f"log {LOGS[1].vkey}", f"log {WITNESSES[0].vkey}", "witness a", "quorum none"])
sound = [f"witness {name} {who.vkey}" for name, who in zip("abcd", WITNESSES, strict=True)]


@st.composite
def sound_files(draw: st.DrawFn) -> str:
    """Four witnesses, groups of whoever is in none yet, and one of them all as the quorum."""
    lines, free = [f"log {LOGS[0].vkey}", *sound], list("abcd")
    for name in ("g", "h"):
        members = draw(st.lists(st.sampled_from(free), unique=True, max_size=3)) if free else []
        if members:
            least = draw(st.sampled_from(["any", "all", *map(str, range(1, len(members) + 1))]))
            lines.append(" ".join(["group", name, least, *members]))
            free = [*(each for each in free if each not in members), name]
    return "\n".join([*lines, f"quorum {draw(st.sampled_from([*free, 'none']))}", ""])


@st.composite
def odd_files(draw: st.DrawFn) -> str:
    """The same lines in any order and number, with others among them."""
    lines = [f"log {LOGS[0].vkey}", *(sound if draw(st.booleans()) else draw(st.lists(witness, max_size=4)))]
    lines += draw(st.lists(st.one_of(group, group, group, other), max_size=4))
    return "\n".join([*lines, f"quorum {draw(names)}", ""])


def read_by_the_verifier(text: str) -> verify.Trust | None:
    try:
        return verify.read_trust(text.encode())
    except verify.WrongQuestion:
        return None


def read_by_the_hub(text: str) -> Policy | None:
    try:
        return Policy.parse(text.encode())
    except Misconfigured:
        return None


@settings(max_examples=200, deadline=None)
@given(sound_files() | odd_files(), st.sets(st.sampled_from(range(4))))
def test_hub_and_verifier_agree(text: str, present: set[int]) -> None:
    policy, trust = read_by_the_hub(text), read_by_the_verifier(text)
    assert (policy is None) == (trust is None)
    if policy is None or trust is None:
        return
    note = NOTE
    for nth in present:
        note = cosign(note, WITNESSES[nth], 1_790_000_000 + nth)
    met = trust.met({name for name, key in trust.witnesses.items() if any(WITNESSES[n].vkey == key.text for n in present)})
    event(f"quorum met: {met}")
    try:
        policy.check(note)
    except Tampered:
        assert not met
    else:
        assert met
    assert Policy.parse(bytes(policy)) == policy
