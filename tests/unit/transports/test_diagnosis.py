"""An administrator reads which step of a connection failed, and what to do."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.connector import Endpoint, Trouble
from hub.transports import TRANSPORTS
from hub.transports.diagnosis import _AT, _SAYS, State, diagnose
from tests.fakes.paged import Reply, Service, serving

GOED, MIS, NIET = State.goed, State.mis, State.overgeslagen


def certificate(name: str, folder: Path, days: int = 1, address: str = "127.0.0.1") -> ssl.SSLContext:
    """A server's own certificate, trusted by itself, as `name`.pem."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=3))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


async def told(endpoint: Endpoint) -> tuple[list[State], Trouble]:
    steps = await diagnose(TRANSPORTS["rest"], endpoint)
    assert [step.name for step in steps] == ["naam", "poort", "certificaat", "aanmelden", "pad", "recht"]
    assert all(step.what_nl and bool(step.now_nl) is (step.state is MIS) for step in steps)
    return [step.state for step in steps], next((step.trouble for step in steps if step.state is MIS), Trouble.none)


@pytest.mark.parametrize(
    ("address", "states", "trouble"),
    [
        ("https://nergens.invalid/", [MIS, *[NIET] * 5], Trouble.not_found),
        ("https://127.0.0.1:1/", [GOED, MIS, *[NIET] * 4], Trouble.no_listener),
        ("geen adres", [MIS, *[NIET] * 5], Trouble.misconfigured),
        ("", [MIS, *[NIET] * 5], Trouble.misconfigured),
    ],
)
async def test_name_and_port_are_told_apart(address: str, states: list[State], trouble: Trouble) -> None:
    assert await told(Endpoint(address, timeout_s=5)) == (states, trouble)


@pytest.mark.parametrize(
    ("status", "states", "trouble"),
    [
        (200, [GOED] * 6, Trouble.none),
        (401, [GOED, GOED, GOED, MIS, NIET, NIET], Trouble.login_refused),
        (404, [GOED, GOED, GOED, GOED, MIS, NIET], Trouble.no_folder),
        (403, [GOED, GOED, GOED, GOED, GOED, MIS], Trouble.not_allowed),
        (500, [GOED, GOED, GOED, NIET, MIS, NIET], Trouble.partner_failed),
    ],
)
async def test_login_path_and_right_are_told_apart(tmp_path: Path, status: int, states: list[State], trouble: Trouble) -> None:
    async with serving(Service(dial=lambda _: Reply(status)), certificate("server", tmp_path)) as service:
        ca = (tmp_path / "server.pem").read_bytes()
        assert await told(Endpoint(service.url, credentials={"ca": ca}, timeout_s=5)) == (states, trouble)


@pytest.mark.parametrize("shown", [{"days": -1}, {"address": "127.0.0.9"}, None], ids=["expired", "name", "stranger"])
async def test_a_certificate_that_does_not_hold_is_told(tmp_path: Path, shown: dict[str, object] | None) -> None:
    context = certificate("server", tmp_path, **(shown or {}))  # type: ignore[arg-type]
    if shown is None:
        certificate("server", tmp_path)
    async with serving(Service(), context) as service:
        ca = (tmp_path / "server.pem").read_bytes()
        states, trouble = await told(Endpoint(service.url, credentials={"ca": ca}, timeout_s=5))
    assert (states, trouble) == ([GOED, GOED, MIS, NIET, NIET, NIET], Trouble.certificate)


async def test_a_server_that_wants_another_certificate_of_the_hub_is_no_matter_of_the_port(tmp_path: Path) -> None:
    context = certificate("server", tmp_path)
    context.load_verify_locations(tmp_path / "server.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    async with serving(Service(), context) as service:
        ca = (tmp_path / "server.pem").read_bytes()
        states, trouble = await told(Endpoint(service.url, credentials={"ca": ca}, timeout_s=5))
    assert states == [GOED, GOED, MIS, NIET, NIET, NIET]
    # The server's word that it wants another one may be lost when it closes with the request unread.
    assert trouble in (Trouble.own_certificate, Trouble.broken)


async def test_options_that_do_not_go_together_are_told_apart_from_the_way_there() -> None:
    async with serving(Service()) as service:
        steps = await diagnose(TRANSPORTS["rest"], Endpoint(service.url, {"paging": "anders"}))
    assert [step.trouble for step in steps if step.state is MIS] == [Trouble.misconfigured]


def test_every_trouble_at_a_partner_has_its_step_and_its_sentences() -> None:
    own = {Trouble.none, Trouble.hub_busy, Trouble.unforeseen}
    assert set(_AT) == set(_SAYS) == set(Trouble) - own
