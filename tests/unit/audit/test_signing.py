"""The signing key's file: made once, for its owner alone, and used only so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from hub.audit import signing
from hub.audit.checkpoint import make_checkpoint, open_note
from hub.audit.cosign import CosignerKey, Kind, cosign, cosigned
from hub.errors import Misconfigured
from hub.ports import Signer

ORIGIN = "hub.example/regio-a"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.key"


def test_a_key_that_was_made_signs_again_after_loading(path: Path) -> None:
    signing.create(path)
    first: Signer = signing.load(path, ORIGIN)
    second: Signer = signing.load(path, ORIGIN)
    assert first.name == ORIGIN
    assert first.vkey == second.vkey
    assert len(first.sign(b"text")) == 64
    assert open_note(make_checkpoint(first, 3, bytes(32)), second.vkey).size == 3


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_only_its_owner_may_read_it_whatever_the_umask(path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        signing.create(path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_is_never_replaced(path: Path) -> None:
    signing.create(path)
    content = path.read_bytes()
    with pytest.raises(Misconfigured):
        signing.create(path)
    assert path.read_bytes() == content


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere"
    path.symlink_to(target)
    with pytest.raises(Misconfigured):
        signing.create(path)
    assert not target.exists()
    signing.create(target)
    with pytest.raises(Misconfigured):
        signing.load(path, ORIGIN)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o601])
def test_a_key_that_others_can_reach_is_refused(path: Path, mode: int) -> None:
    signing.create(path)
    path.chmod(mode)
    with pytest.raises(Misconfigured, match="0600"):
        signing.load(path, ORIGIN)


def _pem(key: Ed25519PrivateKey | X25519PrivateKey, password: bytes | None = None) -> bytes:
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


@pytest.mark.parametrize(
    "content",
    [b"", b"no key", _pem(X25519PrivateKey.generate()), _pem(Ed25519PrivateKey.generate(), b"secret")],
    ids=["empty", "text", "another kind", "locked"],
)
def test_what_is_no_key_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(Misconfigured, match="Ed25519"):
        signing.load(path, ORIGIN)


def test_a_missing_key_or_directory_says_what_to_do(path: Path) -> None:
    with pytest.raises(Misconfigured) as caught:
        signing.load(path, ORIGIN)
    assert caught.value.now
    with pytest.raises(Misconfigured):
        signing.create(path / "deeper")


def test_a_pipe_is_no_key(path: Path) -> None:
    os.mkfifo(path, 0o600)
    with pytest.raises(Misconfigured):
        signing.load(path, ORIGIN)


@pytest.mark.parametrize("origin", ["", "two words", "plus+sign", "line\nbreak"])
def test_an_origin_that_no_checkpoint_can_hold(path: Path, origin: str) -> None:
    signing.create(path)
    with pytest.raises(Misconfigured, match="origin"):
        signing.load(path, origin)


def test_a_witness_cosigns_again_after_loading(path: Path) -> None:
    signing.create(path)
    witness = signing.load_witness(path, "witness.example")
    note = cosign(make_checkpoint(signing.load(path, ORIGIN), 3, bytes(32)), witness, 1_790_000_000)
    assert witness.kind is Kind.ed25519
    assert cosigned(note, CosignerKey.parse(signing.load_witness(path, "witness.example").vkey)) == 1_790_000_000
    with pytest.raises(Misconfigured, match="witness"):
        signing.load_witness(path, "two words")


def test_the_log_s_second_key_is_post_quantum(path: Path, tmp_path: Path) -> None:
    assert signing.has_post_quantum()
    signing.create_mldsa(path)
    assert path.stat().st_mode & 0o777 == 0o600
    quantum = signing.load_mldsa(path, ORIGIN)
    assert (quantum.name, quantum.kind, len(quantum.sign(b"text"))) == (ORIGIN, Kind.mldsa44, 2420)
    with pytest.raises(Misconfigured):
        signing.create_mldsa(path)
    with pytest.raises(Misconfigured, match="Ed25519"):
        signing.load(path, ORIGIN)
    signing.create(tmp_path / "other.key")
    with pytest.raises(Misconfigured, match="ML-DSA-44"):
        signing.load_mldsa(tmp_path / "other.key", ORIGIN)


def test_a_library_without_ml_dsa_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Without:
        @staticmethod
        def refuse(*_: bytes) -> None:
            raise UnsupportedAlgorithm("none")

        from_seed_bytes = generate = refuse

    monkeypatch.setattr(signing, "MLDSA44PrivateKey", Without)
    assert not signing.has_post_quantum()
    with pytest.raises(Misconfigured, match="Go without"):
        signing.create_mldsa(path)
    assert not path.exists()
