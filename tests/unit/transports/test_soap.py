"""SOAP against a service of plain lxml that signs, fails, and lies."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from lxml import etree
from zeep.wsse.signature import MemorySignature

from hub.connector import Endpoint, SourceBarred
from hub.errors import Misconfigured
from hub.http import Away, Barred
from hub.transports.soap import Fault, FaultAway, FaultBarred, Soap, fault_in, parse, probe
from hub.transports.wsdl import SOAP_12
from hub.transports.wsse import WSSE, WSU, Signer, Unsigned, _in_time, _method_of
from tests.fakes.paged import Call, Reply, Service, serving
from tests.fakes.soaping import NS, SOAP, WSA, WSDL, SoapServer, described, fault, pair

US, THEM, STRANGER = pair(), pair(), pair()
SIGNED = {"signing_certificate": US[0], "signing_key": US[1], "peer_certificate": THEM[0]}
OINS = {"from_oin": "00000001234567890000", "to_oin": "00000001800866472000"}


@pytest.fixture
def wsdl(tmp_path: Path) -> Path:
    return described(tmp_path)


async def asks(
    wsdl: Path, answer: Callable[..., Reply], credentials: dict[str, bytes] | None = None, **options: str
) -> dict[str, Any]:
    async with serving(Service(dial=answer)) as service:
        soap = Soap(
            Endpoint(f"{service.url}/dienst", options, credentials or {}, 5.0), wsdl, "Dienst", "Poort", faults=("FWI-9",)
        )
        try:
            return dict(await soap.call("meld", {"nummer": "0007", "datum": dt.date(2026, 11, 22)}))
        finally:
            await soap.close()


async def test_a_question_is_addressed_and_its_answer_is_plain(wsdl: Path) -> None:
    server = SoapServer()
    assert await asks(wsdl, server, **OINS) == {"status": "0007", "regel": ["1", "2"]}
    (asked,) = server.asked
    assert asked.findtext(f".//{{{WSA}}}Action") == f"{NS}/meld"
    assert asked.findtext(f".//{{{WSA}}}To").endswith("/dienst?oin=00000001800866472000")
    assert asked.findtext(f".//{{{WSA}}}From/{{{WSA}}}Address") == f"{WSA}/anonymous?oin=00000001234567890000"
    assert asked.find(f".//{{{WSSE}}}Security") is None


async def test_what_both_sides_sign_is_believed_by_others_too(wsdl: Path) -> None:
    server = SoapServer(THEM)
    assert (await asks(wsdl, server, SIGNED))["status"] == "0007"
    MemorySignature(US[1], US[0]).verify(server.asked[0])
    signed = {each.get("URI")[1:] for each in server.asked[0].iter("{http://www.w3.org/2000/09/xmldsig#}Reference")}
    parts = {each.tag for each in server.asked[0].iter() if each.get(f"{{{WSU}}}Id") in signed}
    wanted = ("Action", "MessageID", "To", "ReplyTo", "From")
    assert parts == {f"{{{SOAP}}}Body", f"{{{WSU}}}Timestamp", *(f"{{{WSA}}}{name}" for name in wanted)}


async def test_soap_1_2_is_spoken_where_the_wsdl_says_so(wsdl: Path) -> None:
    wsdl = wsdl.with_name("twaalf.wsdl")
    wsdl.write_text(WSDL.replace("/wsdl/soap/", "/wsdl/soap12/"))
    server = SoapServer(THEM)
    async with serving(Service(dial=server)) as service:
        soap = Soap(Endpoint(service.url, {}, SIGNED, 5.0), wsdl, "Dienst", "Poort")
        assert (await soap.call("meld", {"nummer": "7"}))["status"] == "7"
        await soap.close()
    assert server.asked[0].tag == f"{{{SOAP_12}}}Envelope"
    (call,) = service.calls
    assert call.headers["content-type"] == f'application/soap+xml; charset=utf-8; action="{NS}/meld"'


@pytest.mark.parametrize(("code", "ours"), [("Sender", True), ("MustUnderstand", True), ("Receiver", False)])
def test_a_fault_of_soap_1_2_says_whose_it_is_and_nothing_more(code: str, ours: bool) -> None:
    envelope = parse(
        f'<s:Envelope xmlns:s="{SOAP_12}"><s:Body><s:Fault><s:Code><s:Value>s:{code}</s:Value>'
        "<s:Subcode><s:Value>x:FWI-9</s:Value></s:Subcode></s:Code><s:Reason><s:Text>geheim</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>".encode()
    )
    assert fault_in(envelope, {"FWI-9"}) == Fault(ours, "FWI-9")
    assert fault_in(envelope, ()) == Fault(ours, "")


def changed(answer: Any) -> Any:
    answer.find(f".//{{{NS}}}status").text = "anders"
    return answer


def wrapped(answer: Any) -> Any:
    """The signed body goes aside, and another takes its place."""
    body = answer.find(f"{{{SOAP}}}Body")
    other = changed(copy.deepcopy(answer)).find(f"{{{SOAP}}}Body")
    answer.replace(body, other)
    answer.find(f"{{{SOAP}}}Header").append(body)
    return answer


def wrapped_without_id(answer: Any) -> Any:
    answer = wrapped(answer)
    del answer.find(f"{{{SOAP}}}Body").attrib[f"{{{WSU}}}Id"]
    return answer


def bare(answer: Any) -> Any:
    header = answer.find(f"{{{SOAP}}}Header")
    header.remove(header.find(f"{{{WSSE}}}Security"))
    return answer


def related(answer: Any) -> Any:
    etree.SubElement(answer.find(f"{{{SOAP}}}Header"), f"{{{WSA}}}Action").text = "urn:x"
    return answer


def unresolved(answer: Any) -> Any:
    answer.find(".//{http://www.w3.org/2000/09/xmldsig#}SignatureMethod").set(
        "Algorithm", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"
    )
    return answer


def doubled(answer: Any) -> Any:
    """Something else goes by the name of the signed body as well."""
    answer.find(f".//{{{WSSE}}}BinarySecurityToken").set("ID", answer.find(f"{{{SOAP}}}Body").get(f"{{{WSU}}}Id"))
    return answer


@pytest.mark.parametrize("twist", [changed, doubled, wrapped, wrapped_without_id, bare, related, unresolved])
async def test_an_answer_that_was_changed_after_it_was_signed_is_refused(wsdl: Path, twist: Callable[[Any], Any]) -> None:
    with pytest.raises(Barred) as barred:
        await asks(wsdl, SoapServer(THEM, twist), SIGNED)
    assert barred.value.cause == "CERTIFICAAT_ONGELDIG"


@pytest.mark.parametrize("minutes", [-11, 6])
async def test_an_answer_of_another_time_is_refused(wsdl: Path, minutes: int) -> None:
    server = SoapServer(THEM)
    server.now = lambda: dt.datetime.now(dt.UTC) + dt.timedelta(minutes=minutes)
    with pytest.raises(Barred):
        await asks(wsdl, server, SIGNED)


@pytest.mark.parametrize("text", ["gisteren", "2026-11-22T10:00:00", ""])
def test_a_time_that_is_not_written_well_is_none(text: str) -> None:
    stamp = etree.fromstring(f'<t xmlns:u="{WSU}"><u:Created>{text}</u:Created></t>')
    with pytest.raises(Unsigned, match="not written well"):
        _in_time(stamp, dt.datetime.now(dt.UTC))


def test_a_key_that_is_too_weak_signs_nothing_and_is_not_pinned() -> None:
    for weak in (rsa.generate_private_key(65537, 1024), ed25519.Ed25519PrivateKey.generate()):
        with pytest.raises(ValueError, match="neither RSA"):
            _method_of(weak.public_key())


async def test_an_answer_to_another_question_is_refused(wsdl: Path) -> None:
    first: list[Reply] = []
    server = SoapServer(THEM)

    def replayed(call: Call) -> Reply:
        first.append(server(call))
        return first[0]

    await asks(wsdl, replayed, SIGNED)
    with pytest.raises(Barred):
        await asks(wsdl, replayed, SIGNED)


@pytest.mark.parametrize("signs", [STRANGER, pair(days=-1), None])
async def test_who_is_not_pinned_is_not_believed(wsdl: Path, signs: tuple[bytes, bytes] | None) -> None:
    pinned = signs[0] if signs is not None and signs is not STRANGER else THEM[0]
    with pytest.raises(Barred):
        await asks(wsdl, SoapServer(signs), SIGNED | {"peer_certificate": pinned})


async def test_two_certificates_are_pinned_while_they_change(wsdl: Path) -> None:
    assert await asks(wsdl, SoapServer(THEM), SIGNED | {"peer_certificate": STRANGER[0] + THEM[0]})


@pytest.mark.parametrize(
    ("reply", "kind", "cause"),
    [
        (fault("Client", "geheim 999990007", "FWI-9"), FaultBarred, "SOAP_AFGEKEURD"),
        (fault("Server.Db", "geheim 999990007", "geheim"), FaultAway, "PARTNER_FOUT"),
        (Reply(401), Barred, "AANMELDEN_GEWEIGERD"),
        (Reply(503, b"", {"Retry-After": "77"}), Away, "ONTVANGER_BEZET"),
        (Reply(200, b"geheim"), Away, "ANTWOORD_ONGELDIG"),
        (
            Reply(
                200,
                f'<!DOCTYPE x [<!ENTITY e "geheim">]><s:Envelope xmlns:s="{SOAP}"><s:Body><antwoord xmlns="{NS}">'
                "<status>a</status></antwoord></s:Body></s:Envelope>".encode(),
            ),
            Away,
            "ANTWOORD_ONGELDIG",
        ),
        *(
            (
                Reply(status, f'<s:Envelope xmlns:s="{SOAP}"><s:Body><{what}/></s:Body></s:Envelope>'.encode()),
                Away,
                "ANTWOORD_ONGELDIG",
            )
            for status, what in ((200, "geheim"), (400, f'antwoord xmlns="{NS}"'))
        ),
        (
            Reply(200, f'<s:Envelope xmlns:s="{SOAP}"><s:Body><antwoord xmlns="{NS}"/></s:Body></s:Envelope>'.encode()),
            Away,
            "ANTWOORD_ONGELDIG",
        ),
        (
            Reply(
                200,
                f'<s:Envelope xmlns:s="{SOAP}"><s:Body><antwoord xmlns="{NS}"><status>a</status><geheim/></antwoord>'
                "</s:Body></s:Envelope>".encode(),
            ),
            Away,
            "ANTWOORD_ONGELDIG",
        ),
    ],
)
async def test_what_is_no_answer_has_its_error_and_says_nothing_of_the_partner(
    wsdl: Path, reply: Reply, kind: type[Exception], cause: str
) -> None:
    with pytest.raises(kind) as wrong:
        await asks(wsdl, lambda _: reply)
    assert isinstance(wrong.value, Away | Barred)
    assert wrong.value.cause == cause
    assert "geheim" not in f"{wrong.value} {wrong.value.__cause__} {wrong.value.__context__}"
    if isinstance(wrong.value, FaultBarred):
        assert wrong.value.fault.code == "FWI-9"


async def test_a_question_that_does_not_fit_names_no_value(wsdl: Path) -> None:
    async with serving(Service()) as service:
        soap = Soap(Endpoint(service.url), wsdl, "Dienst", "Poort")
        with pytest.raises(Misconfigured, match="does not name it"):
            await soap.call("elders", {})
        with pytest.raises(Misconfigured) as wrong:
            await soap.call("meld", {"geheim": "geheim"})
        await soap.close()
    assert "geheim" not in str(wrong.value)
    assert service.calls == []


@pytest.mark.parametrize("there", ["http://127.0.0.1:9/x.xsd", "../x.xsd", "/etc/hostname", "file:///etc/hostname"])
def test_a_schema_elsewhere_is_not_fetched(tmp_path: Path, there: str) -> None:
    folder = tmp_path / "wsdl"
    folder.mkdir()
    (tmp_path / "x.xsd").write_text((described(folder).parent / "melding.xsd").read_text())
    (folder / "melding.wsdl").write_text(WSDL.replace("melding.xsd", there))
    with pytest.raises(Misconfigured):
        Soap(Endpoint("http://127.0.0.1:9/"), folder / "melding.wsdl", "Dienst", "Poort")


@pytest.mark.parametrize(
    "held",
    [{"signing_certificate": US[0]}, {"signing_certificate": US[0], "signing_key": THEM[1]}, {"peer_certificate": b"geen"}],
)
async def test_keys_that_cannot_be_used_are_refused(wsdl: Path, held: dict[str, bytes]) -> None:
    with pytest.raises(Barred):
        Soap(Endpoint("http://127.0.0.1:9/", {}, held), wsdl, "Dienst", "Poort")
    with pytest.raises(SourceBarred):
        await probe(Endpoint("http://127.0.0.1:9/", {}, held))


async def test_a_probe_tells_whether_it_may_come_in() -> None:
    async with serving(Service(dial=lambda call: Reply(500 if call.path == "/dienst" else 403))) as service:
        await probe(Endpoint(f"{service.url}/dienst"))
        with pytest.raises(SourceBarred):
            await probe(Endpoint(f"{service.url}/elders"))


def test_a_signer_signs_an_envelope_without_a_header() -> None:
    envelope = parse(f'<s:Envelope xmlns:s="{SOAP}"><s:Body/></s:Envelope>'.encode())
    Signer(*US).sign(envelope, dt.datetime.now(dt.UTC))
    MemorySignature(US[1], US[0]).verify(envelope)
