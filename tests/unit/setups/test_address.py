"""Where the hub may be sent, and where not."""

from __future__ import annotations

import pytest

from hub.connector.manifest import Protocol
from hub.setups.address import wrong_with


@pytest.mark.parametrize(
    ("address", "protocol"),
    [
        ("sftp://sftp.example.nl", "sftp"),
        ("sftp://127.0.0.1:2222", "sftp"),
        ("https://api.example.nl:8443/v1/", "rest"),
        ("https://10.20.30.40/dienst", "soap"),
        ("http://127.0.0.1:9000/outway", "rest"),
        ("http://localhost/outway", "rest"),
        ("", "mail"),
    ],
)
def test_partners_and_gateways_are_let_through(address: str, protocol: Protocol) -> None:
    assert wrong_with(address, protocol) == ""


@pytest.mark.parametrize(
    "address",
    [
        "",
        "file:///etc/passwd",
        "gopher://example.nl/",
        "http://example.nl/",
        "https://user:word@example.nl/",
        "https://example.nl/?q=1",
        "https://example.nl/#x",
        "https://example.nl?",
        "https://169.254.169.254/latest/",
        "https://[::ffff:169.254.169.254]/",
        "https://[fe80::1]/",
        "https://[fd00:ec2::254]/",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://0251.0376.0251.0376/",
        "https://169.254.43518/",
        "https://169.254.169.254./",
        "https://metadata.google.internal./",
        "https://0.0.0.0/",
        "https://[::]/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://100.100.100.200/",
        "https://example.nl:99999/",
        "https://exa mple.nl/",
        "https://example.nl\\@evil.nl/",
        "https://exämple.nl/",
        "https:///x",
    ],
)
def test_what_is_no_partners_machine_is_refused(address: str) -> None:
    assert wrong_with(address, "rest").endswith(".")


def test_each_protocol_has_its_own_form() -> None:
    assert wrong_with("https://example.nl/", "sftp")
    assert wrong_with("sftp://example.nl/uit", "sftp")
    assert wrong_with("https://example.nl/", "upload")


@pytest.mark.parametrize("sign", ["é", "\t", " ", "\\", "\x7f"])
def test_a_sign_that_no_address_has_is_refused_wherever_it_stands(sign: str) -> None:
    assert not wrong_with("https://partner.example.nl/pad", "rest")
    assert "sign" in wrong_with(f"https://partner.example.nl/pa{sign}d", "rest")
