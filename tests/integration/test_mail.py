"""Mail over a real SMTP conversation into a real inbox: 250 once it is durable, and otherwise what to do."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub.clock import SystemClock
from hub.domain.terms import ConnectorId
from hub.errors import Misconfigured, Retry
from hub.receive.inbox import Brought, Inbox, InboxSource
from hub.receive.inbox import store as inbox_store
from hub.receive.mail import listener
from hub.receive.mail.listener import Letterbox, Listening, serve
from tests.fakes.house import DUO, House, open_house
from tests.fakes.inbox import FakeInstances, inbox_of
from tests.fakes.smime import CSV, School, attachment, headed

NAME = ConnectorId("school-mail")
TO = f"{NAME}@hub.test"
FROM = "Verzonnen@school.test"
T = TypeVar("T")


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> School:
    return School.at(tmp_path_factory.mktemp("school"))


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        yield opened


class Now:
    """The certificates are of this day."""

    def now_us(self) -> Any:
        return SystemClock().now_us() + 60_000_000


@dataclass
class Post:
    inbox: Inbox
    instances: FakeInstances
    port: int

    async def talk(self, said: Callable[[smtplib.SMTP], T], kind: type[smtplib.SMTP] = smtplib.SMTP) -> T:
        def work() -> T:
            with kind("127.0.0.1", self.port, local_hostname="school.test", timeout=10) as line:
                return said(line)

        return await asyncio.to_thread(work)

    async def send(self, mail: bytes, to: str = TO) -> tuple[int, bytes]:
        def said(line: smtplib.SMTP) -> tuple[int, bytes]:
            line.ehlo_or_helo_if_needed()
            line.mail(FROM)
            code, answer = line.rcpt(to)
            try:
                return (code, answer) if code != 250 else line.data(mail)
            except smtplib.SMTPDataError as refused:
                return refused.smtp_code, bytes(refused.smtp_error)  # type: ignore[arg-type]  # bytes, where bytes came

        code, answer = await self.talk(said)
        assert b"Verzonnen" not in answer
        assert b"9999" not in answer
        return code, answer

    async def waiting(self) -> list[bytes]:
        source = InboxSource(self.inbox, NAME, DUO)
        return [b"".join([block async for block in source.read(one.name)]) for one in await source.list()]


@asynccontextmanager
async def open_post(house: House, school: School, **other: Any) -> AsyncIterator[Post]:
    inbox = inbox_of(house)
    instances = FakeInstances(Brought(NAME, DUO, "mail", secrets=school.secrets))
    box = Letterbox(other.pop("inbox", inbox), instances, "hub.test", Now(), lambda count: bytes(count))
    stopping, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(box, Listening("127.0.0.1", 0, "hub.test", **other), stopping, port.set_result))
    await asyncio.wait([serving, port], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield Post(inbox, instances, await port)
    finally:
        stopping.set()
        await serving


@pytest.fixture
async def post(house: House, school: School) -> AsyncIterator[Post]:
    async with open_post(house, school) as opened:
        yield opened


async def test_a_good_mail_is_kept_and_then_said_to_be(post: Post, school: School, house: House) -> None:
    assert (await post.send(school.mail(attachment(), attachment(b"2;b\r\n")), TO.upper()))[0] == 250
    assert sorted(await post.waiting()) == [b"2;b\r\n", CSV]
    rows = await house.rows("SELECT * FROM receive_inbox")
    assert {row["protocol"] for row in rows} == {"mail"}
    assert "Verzonnen" not in repr(rows)


async def test_what_is_not_safe_is_refused_in_one_sentence_that_says_what_to_do(
    post: Post, school: School, capfd: pytest.CaptureFixture[str]
) -> None:
    bare = school.sealed(attachment())
    by_another = school.sealed(school.signed(attachment(), by="other"))
    elsewhere = school.sealed(school.signed(attachment()), to=("elsewhere",))
    answers = {await post.send(headed(mail)) for mail in (attachment(), bare, by_another, elsewhere)}
    ((code, sentence),) = answers
    assert code == 554
    assert b"Onderteken" in sentence
    assert (await post.send(school.mail(attachment(kind="application/zip", name="x.zip"))))[0] == 554
    assert await post.waiting() == []
    said = capfd.readouterr().err
    assert said.count('"event":"message_bounced"') == 5
    assert '"reason":"ONDERTEKENAAR_ONBEKEND"' in said
    assert "Verzonnen" not in said
    assert "school.test" not in said


@pytest.mark.parametrize("to", ["other@hub.test", f"{NAME}@elders.test", "Verzonnen@hub.test", "a b@hub.test", "@", "x" * 300])
async def test_an_address_that_is_not_here_is_unknown(post: Post, to: str) -> None:
    assert (await post.send(b"", to))[0] in (501, 550, 553)
    post.instances.one = replace(post.instances.one, protocol="webhook")
    assert (await post.send(b"", TO))[0] == 550


async def test_too_large_and_too_many_are_told_so(post: Post, school: School, monkeypatch: pytest.MonkeyPatch) -> None:
    mail = school.mail()

    def two(line: smtplib.SMTP) -> list[int]:
        line.ehlo()
        line.mail(FROM)
        return [line.rcpt(TO)[0], line.rcpt(TO)[0]]

    assert await post.talk(two) == [250, 452]

    def large(line: smtplib.SMTP) -> int:
        line.ehlo()
        return line.mail(FROM, [f"SIZE={listener.LARGEST_MAIL + 1}"])[0]

    assert await post.talk(large) == 552
    monkeypatch.setattr(listener, "MOST_AT_ONCE", 0)
    assert (await post.send(mail))[0] == 452
    monkeypatch.setattr(listener, "MOST_AT_ONCE", 5)
    monkeypatch.setattr(inbox_store, "MOST_ITEMS", 0)
    assert (await post.send(mail))[0] == 452
    assert await post.waiting() == []


async def test_commands_that_have_no_use_here_repeat_nothing(post: Post) -> None:
    def odd(line: smtplib.SMTP) -> list[tuple[int, bytes]]:
        line.ehlo()
        return [
            line.docmd(word) for word in ("VRFY Verzonnen", "EXPN Verzonnen", "VERZONNEN", "HELP Verzonnen", "AUTH PLAIN x")
        ]

    answers = await post.talk(odd)
    assert {code for code, _ in answers} == {502}
    assert not any(b"erzonnen" in answer.lower() for _, answer in answers)


class Slow:
    """An inbox that is away, or dies before its transaction is committed."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox, self.arrived, self.dies = inbox, asyncio.Event(), False
        self.begin, self.check_room = inbox.begin, inbox.check_room

    async def keep(self, *args: Any, **other: Any) -> Any:
        self.arrived.set()
        if not self.dies:
            raise Retry("The database is away.")
        await asyncio.sleep(3600)


async def test_nothing_is_lost_between_the_mail_and_its_answer(house: House, school: School) -> None:
    slow = Slow(inbox_of(house))
    async with open_post(house, school, inbox=slow) as away:
        assert (await away.send(school.mail()))[0] == 451
        slow.dies = True
        slow.arrived.clear()
        reader, writer = await asyncio.open_connection("127.0.0.1", away.port)
        lines = f"EHLO s\r\nMAIL FROM:<{FROM}>\r\nRCPT TO:<{TO}>\r\nDATA\r\n".encode()
        writer.write(lines)
        writer.write(school.mail() + b"\r\n.\r\n")
        await slow.arrived.wait()
        writer.transport.abort()
        said = await asyncio.wait_for(_rest(reader), 5)
        assert b"bewaard" not in said
    async with open_post(house, school) as back:
        assert await back.waiting() == []
        assert (await back.send(school.mail()))[0] == 250
        assert await back.waiting() == [CSV]


async def _rest(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.read()
    except ConnectionError:
        return b""


async def test_what_comes_in_is_finished_before_the_end(house: House, school: School) -> None:
    gate = asyncio.Event()

    class Waiting(Slow):
        async def keep(self, *args: Any, **other: Any) -> Any:
            self.arrived.set()
            await gate.wait()
            return await self.inbox.keep(*args, **other)

    waiting = Waiting(inbox_of(house))
    async with open_post(house, school, inbox=waiting) as post:
        sending = asyncio.create_task(post.send(school.mail()))
        await waiting.arrived.wait()
        asyncio.get_running_loop().call_later(0.05, gate.set)
    assert (await sending)[0] == 250
    assert await post.waiting() == [CSV]


async def test_with_a_certificate_nothing_goes_without_tls(house: House, school: School) -> None:
    files = {"certificate": school.home / "hub.crt", "key": school.home / "hub.key"}
    async with open_post(house, school, **files) as post:
        context = ssl.create_default_context(cafile=school.home / "hub.crt")
        context.check_hostname = False
        mail = school.mail()

        def said(line: smtplib.SMTP) -> tuple[int, int]:
            line.ehlo()
            before = line.mail(FROM)[0]
            line.starttls(context=context)
            line.ehlo()
            assert "auth" not in line.esmtp_features
            line.mail(FROM)
            line.rcpt(TO)
            return before, line.data(mail)[0]

        assert await post.talk(said) == (530, 250)


async def test_lmtp_is_spoken_where_it_is_asked(house: House, school: School) -> None:
    async with open_post(house, school, lmtp=True) as post:

        def said(line: smtplib.SMTP) -> int:
            assert line.docmd("EHLO", "school.test")[0] == 502
            assert line.docmd("LHLO", "school.test")[0] == 250
            line.mail(FROM)
            line.rcpt(TO)
            return line.data(school.mail())[0]

        assert await post.talk(said) == 250


def test_elsewhere_than_here_tls_is_needed(tmp_path: Path) -> None:
    for wrong in (
        Listening("0.0.0.0", 0, "hub.test"),
        Listening("localhost", 0, "hub.test"),
        Listening("127.0.0.1", 0, "hub.test", certificate=tmp_path / "none"),
    ):
        with pytest.raises(Misconfigured):
            wrong.context()


async def test_a_taken_port_is_said(post: Post) -> None:
    with pytest.raises(Misconfigured, match="HUB_MAIL_PORT"):
        await serve(None, Listening("127.0.0.1", post.port, "hub.test"), asyncio.Event())  # type: ignore[arg-type]
