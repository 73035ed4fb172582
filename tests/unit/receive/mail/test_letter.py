"""Mails that OpenSSL made, and mails that nobody should make: the files of the first, and nothing of the others."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from hub.connector import SourceBarred
from hub.domain.terms import ConnectorId, PartyId
from hub.errors import Malformed
from hub.receive.inbox import Brought
from hub.receive.mail import mime
from hub.receive.mail.letter import Keys, keys_of, open_letter
from hub.receive.mail.listener import ANSWERS
from tests.fakes.smime import CSV, SPARE, TEXT, School, attachment, headed, make, mixed

NOW = datetime.now(UTC) + timedelta(hours=1)  # the run may be long, and certificates are made as the tests come
SEALED = b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> School:
    return School.at(tmp_path_factory.mktemp("school"))


@pytest.fixture(scope="module")
def keys(school: School) -> Keys:
    return keys_of(Brought(ConnectorId("school-mail"), PartyId("school"), "mail", secrets=school.secrets))


def opened(mail: bytes, keys: Keys, now: datetime = NOW) -> list[bytes]:
    return open_letter(mail, keys, "csv", now, SPARE)


def code_of(mail: bytes, keys: Keys, now: datetime = NOW) -> str:
    with pytest.raises(Malformed) as refused:
        opened(mail, keys, now)
    (fault,) = refused.value.faults
    assert b"Verzonnen" not in str(refused.value).encode()
    return fault.code


@pytest.mark.parametrize(
    ("sign", "seal"),
    [
        (("-md", "sha256"), ("-aes-128-cbc",)),
        (("-md", "sha512", "-nodetach"), ("-aes-256-cbc", "-stream")),
        (("-md", "sha384", "-nodetach", "-stream"), ("-aes-192-cbc", "-keyid")),
        (("-md", "sha256", "-keyid"), ("-aes-256-gcm",)),
        (("-md", "sha256", "-keyopt", "rsa_padding_mode:pss"), ("-aes-128-gcm", "-stream")),
        (("-md", "sha256", "-binary", "-nosmimecap", "-nocerts"), ("-aes-256-cbc",)),
    ],
)
def test_what_openssl_signs_and_encrypts_is_read(
    school: School, keys: Keys, sign: tuple[str, ...], seal: tuple[str, ...]
) -> None:
    mail = headed(school.sealed(school.signed(mixed(TEXT, attachment()), *sign), *seal))
    assert opened(mail, keys) == [CSV]


def test_other_keys_and_paddings_are_read(school: School, keys: Keys) -> None:
    by_curve = school.signed(attachment(), by="ec")
    assert opened(headed(school.sealed(by_curve)), keys) == [CSV]
    for oaep in (("-keyopt", "rsa_padding_mode:oaep"), ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256")):
        recipient = ("-aes-256-cbc", "-recip", str(school.home / "hub.crt"), *oaep)
        assert opened(headed(school.sealed(school.signed(attachment()), *recipient, to=())), keys) == [CSV]
    several = school.sealed(school.signed(attachment()), to=("elsewhere", "hub"))
    assert opened(headed(several), keys) == [CSV]


def test_a_large_file_in_many_pieces(school: School, keys: Keys) -> None:
    data = CSV * 60_000
    assert opened(
        headed(school.sealed(school.signed(attachment(data), "-nodetach", "-stream"), "-stream", "-aes256")), keys
    ) == [data]


def test_who_is_not_known_or_does_not_encrypt_is_refused(school: School, keys: Keys) -> None:
    good = school.signed(attachment())
    assert code_of(headed(good), keys) == "NIET_VERSLEUTELD"
    assert code_of(headed(attachment()), keys) == "NIET_VERSLEUTELD"
    assert code_of(headed(school.sealed(attachment())), keys) == "NIET_ONDERTEKEND"
    assert code_of(headed(school.sealed(school.signed(attachment(), by="other"))), keys) == "ONDERTEKENAAR_ONBEKEND"
    assert code_of(headed(school.sealed(good, to=("elsewhere",))), keys) == "ANDER_CERTIFICAAT"
    assert code_of(headed(school.sealed(good)), keys, NOW + timedelta(days=4000)) == "CERTIFICAAT_VERLOPEN"
    for weak in (("-md", "sha1"), ("-md", "sha256", "-noattr")):
        assert code_of(headed(school.sealed(school.signed(attachment(), *weak))), keys) in (
            "HANDTEKENING_ONBEKEND",
            "NIET_ONDERTEKEND",
        )
    assert code_of(headed(school.sealed(good, "-des3")), keys) == "NIET_TE_OPENEN"
    assert code_of(headed(school.signed(school.sealed(attachment()))), keys) == "NIET_VERSLEUTELD"


def test_what_was_changed_on_the_way_is_refused(school: School, keys: Keys) -> None:
    signed = school.signed(attachment())
    other = signed.replace(b64encode(CSV), b64encode(CSV.replace(b"999990019", b"999990020")))
    assert code_of(headed(school.sealed(other)), keys) == "HANDTEKENING_ONGELDIG"
    beside = signed.replace(b"This is an S/MIME signed message", attachment(b"other;file\r\n"))
    assert opened(headed(school.sealed(beside)), keys) == [CSV], "what is before the first mark is not read"
    mail = headed(school.sealed(signed))
    head, body = mail.split(b"\r\n\r\n", 1)
    der = bytearray(b64decode(body))
    for place in (0, 1, 5, 30, 70, 150, 300, 400, len(der) // 2, len(der) - 20, len(der) - 1):
        broken = bytearray(der)
        broken[place] ^= 0x55
        with pytest.raises(Malformed):
            opened(head + b"\r\n\r\n" + b64encode(broken), keys)
    with pytest.raises(Malformed):
        opened(head + b"\r\n\r\n" + b64encode(der[:-100]), keys)


def test_a_digest_that_fits_is_no_signature(school: School, keys: Keys) -> None:
    head, body = school.signed(attachment(), "-md", "sha256", "-nodetach", "-binary").split(b"\n\n", 1)
    other = attachment(CSV.replace(b"999990019", b"999990020"))
    der = b64decode(body)
    was, becomes = sha256(attachment()).digest(), sha256(other).digest()
    assert (der.count(was), der.count(attachment())) == (1, 1)
    forged = der.replace(was, becomes).replace(attachment(), other)
    assert code_of(headed(school.sealed(head + b"\n\n" + b64encode(forged), "-aes-256-cbc")), keys) == "HANDTEKENING_ONGELDIG"
    again = der.replace(attachment(), attachment())
    assert opened(headed(school.sealed(head + b"\n\n" + b64encode(again), "-aes-256-cbc")), keys) == [CSV]


def der_of(message: bytes) -> bytes:
    return b64decode(message.replace(b"\r\n", b"\n").split(b"\n\n", 1)[1])


def changed(der: bytes, was: bytes, becomes: bytes) -> bytes:
    assert was in der
    return der.replace(was, becomes, 1)


def test_a_message_of_another_kind_is_neither_opened_nor_believed(school: School, keys: Keys) -> None:
    opaque = school.signed(attachment(), "-md", "sha256", "-nodetach")
    assert code_of(SEALED + b64encode(der_of(opaque)), keys) == "NIET_VERSLEUTELD", "whatever it calls itself"
    assert code_of(headed(school.sealed(school.sealed(attachment()))), keys) == "NIET_ONDERTEKEND"
    strange = school.signed(attachment(), "-md", "sha256", "-nodetach", "-econtent_type", "pkcs7-digestData")
    assert code_of(headed(school.sealed(strange)), keys) == "NIET_ONDERTEKEND"
    signature = b"Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64encode(
        der_of(opaque)
    )
    both = mixed(attachment(), signature, kind="signed")
    assert code_of(headed(school.sealed(both)), keys) == "NIET_ONDERTEKEND", "content in it and beside it"
    twice = mixed(attachment(), signature, signature, kind="signed")
    assert code_of(headed(school.sealed(twice)), keys) == "NIET_ONDERTEKEND"


def test_a_key_that_is_too_weak_signs_nothing(school: School) -> None:
    make(school.home, "weak", "-newkey", "rsa:1024")
    pinned = {**school.secrets, "sender_certificates": school.pem("weak.crt")}
    keys = keys_of(Brought(ConnectorId("school-mail"), PartyId("school"), "mail", secrets=pinned))
    assert code_of(headed(school.sealed(school.signed(attachment(), by="weak"))), keys) == "HANDTEKENING_ONBEKEND"


_ATTRIBUTE = bytes.fromhex("06092a864886f70d0109")
_TYPE = _ATTRIBUTE + bytes.fromhex("03310b06092a864886f70d010701")


@pytest.mark.parametrize(
    ("was", "becomes", "code"),
    [
        (_TYPE, _TYPE[:-1] + b"\x02", "NIET_ONDERTEKEND"),
        (_ATTRIBUTE + b"\x04", _ATTRIBUTE + b"\x22", "NIET_ONDERTEKEND"),
        (_ATTRIBUTE + b"\x05", _ATTRIBUTE + b"\x03", "NIET_TE_OPENEN"),
    ],
    ids=["another type", "no digest", "twice"],
)
def test_what_is_signed_says_what_it_is_once(school: School, keys: Keys, was: bytes, becomes: bytes, code: str) -> None:
    head, _ = school.signed(attachment(), "-md", "sha256", "-nodetach").split(b"\n\n", 1)
    der = der_of(school.signed(attachment(), "-md", "sha256", "-nodetach"))
    sealed = school.sealed(head + b"\n\n" + b64encode(changed(der, was, becomes)), "-aes-256-cbc")
    assert code_of(headed(sealed), keys) == code


def test_a_seal_that_was_changed_is_not_opened(school: School, keys: Keys) -> None:
    good = school.signed(attachment())
    gcm = der_of(school.sealed(good, "-aes-256-gcm"))
    oaep = der_of(
        school.sealed(
            good,
            *("-aes-256-cbc", "-recip", str(school.home / "hub.crt"), "-keyopt", "rsa_padding_mode:oaep"),
            *("-keyopt", "rsa_oaep_md:sha256"),
            to=(),
        )
    )
    cbc = der_of(school.sealed(good))
    mask, rsa = bytes.fromhex("06092a864886f70d010108"), bytes.fromhex("06092a864886f70d010101")
    for der in (
        gcm[:-1] + bytes([gcm[-1] ^ 1]),
        changed(gcm, b"\x02\x01\x10", b"\x02\x01\x0b"),
        changed(oaep, mask, mask[:-1] + b"\x0b"),
        changed(oaep, oaep[oaep.index(mask) - 4 : oaep.index(mask)], b"\xa2" + oaep[oaep.index(mask) - 3 : oaep.index(mask)]),
        changed(cbc, rsa, rsa[:-1] + b"\x02"),
    ):
        assert code_of(SEALED + b64encode(der), keys) == "NIET_TE_OPENEN"
    for der in (gcm, oaep, cbc):
        assert opened(SEALED + b64encode(der), keys) == [CSV]


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ((TEXT,), "GEEN_BESTAND"),
        ((attachment(b""),), "GEEN_BESTAND"),
        ((TEXT, attachment(), attachment(kind="application/pdf", name="brief.pdf")), "BESTAND_ANDERE_SOORT"),
        ((attachment(kind="application/zip", name="lijst.zip"),), "BESTAND_INGEPAKT"),
        ((attachment(kind="application/octet-stream", name="lijst.csv.gz"),), "BESTAND_INGEPAKT"),
        ((attachment(kind="text/html", name="lijst.html"),), "BESTAND_ANDERE_SOORT"),
        ((attachment(kind=XLSX, name="lijst.xlsx"),), "BESTAND_ANDERE_SOORT"),
        ((b"Content-Type: message/rfc822\r\n\r\n" + attachment(),), "BESTAND_ANDERE_SOORT"),
        ((attachment().replace(b"base64", b"uuencode"),), "BERICHT_ONLEESBAAR"),
        ((b"Content-Type: multipart/mixed\r\n\r\n--a\r\n",), "BERICHT_ONLEESBAAR"),
        ((mixed(attachment(), mark="b").replace(b"--b--", b""),), "BERICHT_ONLEESBAAR"),
        ((attachment().replace(b"\r\n\r\n", b"\r\n\r\n%%%", 1),), "BERICHT_ONLEESBAAR"),
        ((b"Content-Type: text/csv\r\nContent-Type: text/plain\r\n\r\na;b\r\n",), "BERICHT_ONLEESBAAR"),
        ((TEXT,) * 31, "DELEN_TE_VEEL"),
    ],
)
def test_only_the_agreed_file_is_taken(school: School, keys: Keys, parts: tuple[bytes, ...], code: str) -> None:
    assert code_of(school.mail(*parts), keys) == code
    assert code in ANSWERS


def test_files_are_known_by_kind_or_by_name(school: School, keys: Keys) -> None:
    picture = attachment(b"\x89PNG", "image/png", "logo.png", "inline")
    excel = attachment(b"2;a\r\n", "application/vnd.ms-excel", "LIJST.CSV")
    quoted = b"Content-Type: text/csv\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n3;=C3=A9\r\n"
    inner = mixed(TEXT, picture, kind="related", mark="b")
    assert opened(school.mail(inner, attachment(), excel, quoted), keys) == [CSV, b"2;a\r\n", b"3;\xc3\xa9\r\n"]


def test_depth_is_bounded(school: School, keys: Keys) -> None:
    nested = attachment()
    for number in range(6):
        nested = mixed(nested, mark=f"m{number}")
    assert code_of(headed(school.sealed(school.signed(nested))), keys) == "DELEN_TE_VEEL"


@pytest.mark.parametrize(
    "mail",
    [
        b"",
        b"\r\n",
        b"no head",
        b"X: " + b"y" * 70_000 + b"\r\n\r\n",
        b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\n",
        b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b64encode(b"\x30\x80" * 5000),
        b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b64encode(b"\x30\x84\xff\xff\xff\xff"),
        b"Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b64encode(b"\x30\x83\x06\x1a\x80" + b"\x04\x00" * 200_000),
        b"Content-Type: multipart/signed; boundary*0*=utf-8''%ff\r\n\r\n",
        b"Content-Type: \xff\xfe; name*=x'y\r\n\r\n",
    ],
)
def test_bombs_and_nonsense_are_refused(keys: Keys, mail: bytes) -> None:
    with pytest.raises(Malformed):
        opened(mail, keys)


def test_marks_that_look_alike_are_not_marks() -> None:
    body = b"--a\r\n\r\none\r\n--ab\r\ntwo\r\n--a--\r\n--a\r\n\r\nthree"
    one = mime.entity(b'Content-Type: multipart/mixed; boundary="a"\r\n\r\n' + body)
    assert mime.parts(one) == [b"\r\none\r\n--ab\r\ntwo"]


def test_keys_that_do_not_fit_are_misconfigured(school: School) -> None:
    for change in (
        {"smime_key": b""},
        {"smime_key": school.pem("sender.key")},
        {"smime_key": school.pem("ec.key")},
        {"smime_certificate": b"x"},
        {"sender_certificates": b""},
    ):
        with pytest.raises(SourceBarred) as barred:
            keys_of(Brought(ConnectorId("m"), PartyId("school"), "mail", secrets={**school.secrets, **change}))
        assert not re.search("BEGIN", str(barred.value))
