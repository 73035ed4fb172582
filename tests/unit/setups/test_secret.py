"""What a credential is, without what it holds."""

from __future__ import annotations

from base64 import b64encode

import asyncssh
import pytest

from hub.connector import Credential
from hub.errors import Malformed
from hub.setups.secret import Known, check_whole, is_anchor, read
from tests.fakes.certificates import certificate, private_key

NOW = 1_790_000_000_000_000
DAY = 86_400_000_000
KEY = private_key()
LOCKED = (
    b"-----BEGIN OPENSSH PRIVATE KEY-----\n"
    + b64encode(b"openssh-key-v1\0\0\0\0\x0aaes256-ctr\0\0\0\x06bcrypt" + bytes(64))
    + b"\n-----END OPENSSH PRIVATE KEY-----\n"
)
DECLARED = (
    Credential(name="token", title="Token", kind="secret", one_of="login"),
    Credential(name="password", title="Password", kind="secret", one_of="login"),
    Credential(name="ca", title="Authorities", kind="certificate"),
    Credential(name="certificate", title="Certificate", kind="certificate"),
    Credential(name="key", title="Key", kind="private_key"),
    Credential(name="known_hosts", title="Host key", kind="known_hosts", required=True),
)


def one(kind: str) -> Credential:
    return Credential(name="it", title="Whatever it is", kind=kind)  # type: ignore[arg-type]


def test_of_public_halves_a_fingerprint_is_known_and_of_a_secret_nothing() -> None:
    ssh = asyncssh.generate_private_key("ssh-ed25519")
    public = ssh.export_public_key()
    assert read(one("secret"), b" geheim \n", NOW) == Known("")
    assert read(one("ssh_key"), ssh.export_private_key(), NOW).fingerprint == ssh.get_fingerprint()
    assert read(one("known_hosts"), b"# partner\nsftp.example.nl " + public, NOW).fingerprint == ssh.get_fingerprint()
    assert len(read(one("private_key"), KEY, NOW).fingerprint) == 64
    found = read(one("certificate"), certificate(KEY, NOW, 30), NOW)
    assert found.until_us is not None
    assert found.until_us // DAY == (NOW + 30 * DAY) // DAY


def test_a_signed_host_key_has_an_end() -> None:
    authority = asyncssh.generate_private_key("ssh-ed25519")
    signed = authority.generate_host_certificate(
        authority, "host", principals=["sftp.example.nl"], valid_before=(NOW + DAY) // 1_000_000
    )
    assert read(one("known_hosts"), b"sftp.example.nl " + signed.export_certificate(), NOW).until_us == NOW + DAY


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("secret", b"  ", "VERPLICHT_VELD_LEEG"),
        ("secret", b"x" * 300_000, "TE_LANG"),
        ("secret", b"geheim\nregel", "GEHEIM_ONGELDIG"),
        ("secret", b"\xff\xfe", "GEHEIM_ONGELDIG"),
        ("private_key", private_key(b"woord"), "WACHTWOORDZIN"),
        ("ssh_key", LOCKED, "WACHTWOORDZIN"),
        ("private_key", certificate(KEY, NOW), "GEHEIM_ONGELDIG"),
        ("certificate", KEY, "GEHEIM_ONGELDIG"),
        ("certificate", certificate(KEY, NOW) + KEY, "GEHEIM_ONGELDIG"),
        ("certificate", certificate(KEY, NOW, -2), "CERTIFICAAT_VERLOPEN"),
        ("known_hosts", b"sftp.example.nl", "GEHEIM_ONGELDIG"),
        ("known_hosts", b"sftp.example.nl ssh-ed25519 AAAA", "GEHEIM_ONGELDIG"),
        ("ssh_key", b"geheim", "GEHEIM_ONGELDIG"),
    ],
)
def test_what_is_not_of_its_kind_is_refused_without_repeating_it(kind: str, value: bytes, code: str) -> None:
    with pytest.raises(Malformed) as refused:
        read(one(kind), value, NOW)
    assert [(fault.where, fault.code) for fault in refused.value.faults] == [("credentials.it", code)]
    assert "geheim" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_what_is_needed_is_there_and_belongs_together() -> None:
    whole = {"token": b"x", "known_hosts": b"x", "certificate": certificate(KEY, NOW), "key": KEY}
    check_whole(DECLARED, whole)
    for wrong, where in (
        ({"token": None}, "token"),
        ({"password": b"y"}, "token"),
        ({"known_hosts": None}, "known_hosts"),
        ({"key": None}, "key"),
        ({"certificate": None}, "certificate"),
        ({"key": private_key()}, "key"),
    ):
        held = {name: value for name, value in {**whole, **wrong}.items() if value is not None}
        with pytest.raises(Malformed) as refused:
            check_whole(DECLARED, held)
        assert [fault.where for fault in refused.value.faults] == [f"credentials.{where}"]


def test_whom_the_hub_trusts_is_told_from_who_it_is() -> None:
    assert [each.name for each in DECLARED if is_anchor(each, DECLARED)] == ["ca", "known_hosts"]
