"""From a mail, or a file brought by hand, to records: with an instance as administrators set it up."""

from __future__ import annotations

import asyncio
import secrets
import smtplib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest
import typer
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from hub.audit.notes import Notes
from hub.clock import SystemClock
from hub.commands import inbox as commands
from hub.connector import Setup
from hub.domain.staff import Role, Staff, StaffId
from hub.domain.terms import ConnectorId
from hub.errors import HubError
from hub.formats.csv import FORMAT
from hub.receive.drop import Drops, Instance
from hub.receive.drop.store import DropStore
from hub.receive.inbox import ActiveInstances, InboxSource, Uploads
from hub.receive.mail.listener import Letterbox, Listening, serve
from hub.registry import load_connectors
from hub.setups.actor import Actor
from hub.setups.checks import Checks
from hub.setups.service import Setups
from tests.fakes.admin import person
from tests.fakes.house import DUO, House, open_house, shipped
from tests.fakes.inbox import inbox_of
from tests.fakes.recorder import LOG, OPERATOR
from tests.fakes.smime import School, attachment
from tests.hostile.read import MAPPING, file

NAME = ConnectorId("duo-per-mail")
ANNA = Actor.staff(Staff(StaffId("m-0123456789abcdef"), "Anna", frozenset({Role.administrator})))
BRAM = Actor.client("beheer-systeem")


@pytest.fixture
async def house(engine: AsyncEngine, vault_engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(engine, vault_engine, tmp_path / "mark") as opened:
        opened.clock.us = int(SystemClock().now_us()) + 60_000_000  # certificates are of today
        yield opened


def setups_of(house: House) -> Setups:
    """With the connector of DUO's lists as one that can be mailed to."""
    duo = load_connectors()["duo_uitval"]
    travel = duo.manifest.transport.model_copy(update={"protocols": ("sftp", "mail")})
    known = MappingProxyType({"duo_uitval": replace(duo, manifest=duo.manifest.model_copy(update={"transport": travel}))})
    checks = Checks(known, lambda: shipped().policy.parties, taken=frozenset(), production=False)
    return Setups(house.engine, LOG, house.log, notes_of(house), house.vault, house.clock, secrets.token_bytes, checks)


def notes_of(house: House) -> Notes:
    return Notes(house.committer, LOG, OPERATOR, house.clock, secrets.token_bytes, house.vault)


async def activated(setups: Setups, school: School) -> None:
    given = {"id": NAME, "connector": "duo_uitval", "party": "duo", "protocol": "mail"}
    await setups.create(Setup.model_validate(given), ANNA)
    for name, secret in school.secrets.items():
        await setups.credential(NAME, name, secret, ANNA)
    await setups.propose(NAME, ANNA)
    await setups.activate(NAME, 1, BRAM)


async def poll(house: House) -> int:
    """What the reader of files takes of the inbox."""

    async def connect() -> InboxSource:
        return InboxSource(inbox_of(house), NAME, DUO)

    async def mapping() -> Any:
        return MAPPING

    store = DropStore(house.engine, LOG, DUO, NAME)
    instance = Instance(NAME, DUO, LOG, "*", 0)
    drops = Drops(instance, connect, FORMAT, mapping, house.route, store, house.digests, house.clock, secrets.token_bytes)
    return sum(one.accepted for one in (await drops.poll_once()).files)


async def test_a_school_mails_a_list_to_an_instance_that_two_people_set_up(house: House, tmp_path: Path) -> None:
    school, setups = School.at(tmp_path), setups_of(house)
    box = Letterbox(inbox_of(house), ActiveInstances(setups), "hub.test", house.clock, secrets.token_bytes)
    stopping, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(box, Listening("127.0.0.1", 0, "hub.test"), stopping, port.set_result))
    where = await port

    def send() -> Any:
        with smtplib.SMTP("127.0.0.1", where, local_hostname="s") as line:
            return line.sendmail("v@school.test", f"{NAME}@hub.test", school.mail(attachment(file(person(7), person(8)))))

    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await asyncio.to_thread(send)
    await activated(setups, school)
    assert await asyncio.to_thread(send) == {}
    assert await poll(house) == 2
    await setups.pause(NAME, ANNA)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        await asyncio.to_thread(send)
    stopping.set()
    await serving


async def test_a_file_is_brought_from_the_command_line(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    setups, app, loop = setups_of(house), typer.Typer(), asyncio.get_running_loop()
    await activated(setups, School.at(tmp_path))
    monkeypatch.setattr(commands, "setups_of", lambda _hub: setups)
    monkeypatch.setattr(
        commands, "uploads_of", lambda _hub, _setups: Uploads(inbox_of(house), ActiveInstances(setups), notes_of(house))
    )

    def with_hub(work: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
        try:
            asyncio.run_coroutine_threadsafe(work(SimpleNamespace()), loop).result(30)
        except HubError as error:
            typer.echo(str(error))

    @app.callback()
    def several() -> None:
        """Of a group."""

    commands.inbox_commands(app, with_hub)
    (tmp_path / "999990019.csv").write_bytes(file(person(9)))

    async def run(*args: str) -> str:
        return (await asyncio.to_thread(CliRunner().invoke, app, ["upload", *args])).output

    assert "wait to be read" in await run(NAME, str(tmp_path / "999990019.csv"))
    assert await poll(house) == 1
    assert "cannot be read" in await run(NAME, str(tmp_path / "none"))
    assert "Nothing is brought" in await run("other", str(tmp_path / "999990019.csv"))
    assert "no connector instance" in await run("No", str(tmp_path / "999990019.csv"))
    assert [one["details"]["connector"] for one in await house.entries() if one["operation"] == "upload"] == [NAME]
