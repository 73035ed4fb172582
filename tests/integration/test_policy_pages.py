"""The pages about agreements, by the roles that read and act on them, over a real log; and the same on the command line."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import typer
from joserfc.jwk import OKPKey
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner

from hub.audit.log import Log
from hub.audit.notes import Notes
from hub.audit.search import Search
from hub.commands.policies import policy_commands
from hub.console.app import create_console
from hub.console.desk import Desk, OfficerDesk
from hub.db import transaction
from hub.domain.staff import Role, Staff
from hub.errors import HubError
from hub.policies import signature
from hub.policies.files import files_of, text_of
from hub.policies.founding import found
from hub.policies.service import Policies
from hub.policies.use import Acts
from hub.rules import Rules
from tests.fakes import console
from tests.fakes.agreements import (
    AT_DUO,
    AT_LINDEMARK,
    AUDITOR,
    DUO_DESK,
    FG,
    OFFICER,
    agreement_of,
    changed,
    person,
    shipped,
)
from tests.fakes.partner import digest
from tests.fakes.recorder import KEY, LOG, NOBODY, OPERATOR, START, Clock, committing

HERE = "/functionaris/afspraken"
ONE, TWO = f"{HERE}/afspraak/duo-doorstroompunt/1", f"{HERE}/afspraak/duo-doorstroompunt/2"
CSRF = console.Session(OFFICER).csrf
ADVICE = "Het voorstel is noodzakelijk en evenredig."


@dataclass
class Office:
    """A console with a browser for each member of staff."""

    engine: AsyncEngine
    notes: Notes
    desk: Desk
    tokens: dict[str, str] = field(default_factory=dict)

    async def see(self, who: Staff, path: str, status: int = 200) -> str:
        async with console.client(create_console(self.desk), await self._token(who)) as browser:
            answer = await browser.get(path)
        assert answer.status_code == status, answer.text
        return " ".join(re.sub(r"<[^>]+>", " ", answer.text.replace("&shy;", "")).split()) if status == 200 else answer.text

    async def raw(self, who: Staff, path: str) -> str:
        async with console.client(create_console(self.desk), await self._token(who)) as browser:
            return (await browser.get(path)).text

    async def post(self, who: Staff, path: str, status: int = 303, **fields: str) -> str:
        async with console.client(create_console(self.desk), await self._token(who)) as browser:
            answer = await browser.post(path, data={"csrf": CSRF, **fields})
        assert answer.status_code == status, answer.text
        return answer.headers["location"] if status == 303 else answer.text

    async def _token(self, who: Staff) -> str:
        if who.staff_id not in self.tokens:
            self.tokens[who.staff_id] = await self.desk.sessions.begin(who)
        return self.tokens[who.staff_id]

    async def shut(self) -> dict[str, str]:
        used = await Acts(Log(self.engine, LOG, KEY.vkey)).in_use()
        assert used is not None
        return dict(used.life.shut)


@pytest.fixture
async def office(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Office]:
    clock = Clock()
    async with committing(engine, tmp_path / "high-water", clock) as committer:
        notes = Notes(committer, LOG, OPERATOR, clock, secrets.token_bytes, NOBODY)
        await found(Acts(Log(engine, LOG, KEY.vkey)), notes, shipped(), production=False)

        async def names() -> dict[str, str]:
            return {OFFICER.staff_id: "Noor Demirci", AT_DUO.staff_id: "Hester van Galen"}

        log = Log(engine, LOG, KEY.vkey)
        search, nobody = Search(engine, LOG, OPERATOR, NOBODY.tags_of), cast(Any, None)
        officer = OfficerDesk(search, nobody, log, notes, Rules(shipped()), names, policies=Policies(Acts(log), notes))
        sign_in = console.SignIn(OFFICER)
        desk = Desk(clock, console.Sessions(), sign_in, console.PROVIDER, secure=False, officer=officer)
        yield Office(engine, notes, desk)


async def propose(office: Office, **other: Any) -> str:
    """Proposes a second version at the desk; gives its page."""
    after = changed(shipped(), version="2", **other)
    text = text_of(agreement_of(after, "duo-doorstroompunt/2"))
    where = await office.post(OFFICER, f"{HERE}/voorstellen", afspraak=text)
    assert where == f"{HERE}/voorstel/{after.hash}?gedaan=voorgesteld"
    return where.partition("?")[0]


async def test_everyone_of_the_desk_reads_what_holds(office: Office) -> None:
    for who in (OFFICER, FG, AUDITOR, AT_DUO):
        page = await office.see(who, HERE)
        assert "De hub begon met deze set" in page
        assert page.count("Van kracht") == len(shipped().agreements)
        assert ("Stel een nieuwe of gewijzigde afspraak voor" in page) == (who is OFFICER)
    await office.see(person(9, Role.administrator), HERE, 403)
    await office.see(AT_DUO, "/functionaris", 403)
    assert (await office.raw(AT_DUO, "/")) == ""
    one = await office.see(AUDITOR, ONE)
    assert "DUO geeft aan een doorstroompunt: Uitvalmelding, over jongeren van 18 tot en met 26 jaar." in one
    for words in (
        "artikel 21, eerste lid",
        "Zonder naam kan niemand worden aangesproken.",
        "Telt als ondertekend",
        "DPIA-2025-04",
    ):
        assert words in one
    await office.see(OFFICER, f"{HERE}/afspraak/bestaat/niet", 404)
    await office.see(OFFICER, f"{ONE}?set={'0' * 64}", 404)
    await office.see(OFFICER, f"{HERE}/voorstel/{'0' * 64}", 404)


async def test_the_whole_life_at_the_desk(office: Office) -> None:
    place = await propose(office, adds="geslacht")
    policy = place.rpartition("/")[2]
    page = await office.see(FG, place)
    for words in ("verruimt wat er mag", "Gaat voortaan mee, of vertelt meer geslacht", "Noor Demirci", "nog niet geadviseerd"):
        assert words in page
    assert "Leg het advies vast" in page
    assert "Neem in gebruik" not in await office.see(AT_DUO, place)
    await office.post(AT_DUO, place, 409, doe="neem-in-gebruik", zeker="ja")
    await office.post(FG, place, 400, doe="adviseer", uitkomst="", advies=ADVICE)
    await office.post(FG, place, 400, doe="adviseer", uitkomst="negative", advies="kort")
    await office.post(FG, place, doe="adviseer", uitkomst="negative", advies=ADVICE)
    assert ADVICE in await office.see(AUDITOR, place)

    proposed = f"{TWO}?set={policy}"
    assert "Dit is een voorstel" in await office.see(AT_DUO, proposed)
    await office.post(AT_DUO, TWO, 400, doe="teken", partij="duo", set=policy)
    where = await office.post(AT_DUO, TWO, doe="teken", partij="duo", set=policy, gelezen="ja")
    assert where == f"{TWO}?set={policy}&gedaan=ondertekend"
    await office.post(AT_DUO, TWO, 409, doe="teken", partij="doorstroompunt-lindemark", set=policy, gelezen="ja")
    await office.post(AT_LINDEMARK, TWO, doe="teken", partij="doorstroompunt-lindemark", set=policy, gelezen="ja")
    assert "Hester van Galen, aan deze balie" in await office.see(AUDITOR, proposed)

    await office.post(AT_DUO, place, 400, doe="neem-in-gebruik")
    await office.post(AT_DUO, place, 400, doe="neem-in-gebruik", zeker="ja", waarom="")
    await office.post(AT_DUO, place, doe="neem-in-gebruik", zeker="ja", waarom="De wet laat dit uitdrukkelijk toe.")
    page = await office.see(AT_DUO, f"{HERE}?gedaan=in-gebruik")
    assert "binnen een seconde" in page
    assert "2 van 4 partijen" in page
    assert "De hub begon" not in page
    await office.see(OFFICER, place, 404)

    await office.post(AT_DUO, TWO, 400, doe="schors", schorsreden="zomaar")
    await office.post(AT_LINDEMARK, TWO, doe="schors", schorsreden="incident")
    assert await office.shut() == {"duo-doorstroompunt/2": "AFSPRAAK_GESCHORST"}
    page = await office.see(AT_DUO, TWO)
    assert "Geschorst: er is een incident of datalek" in page
    assert "Hef de schorsing op" not in page
    assert "Hef de schorsing op" in await office.see(AT_LINDEMARK, TWO)
    await office.post(AT_LINDEMARK, TWO, doe="hervat")
    await office.post(AT_DUO, TWO, 400, doe="beeindig", eindreden="replaced")
    await office.post(AT_DUO, TWO, doe="beeindig", eindreden="replaced", zeker="ja")
    assert await office.shut() == {"duo-doorstroompunt/2": "AFSPRAAK_BEEINDIGD"}


async def test_only_the_right_role_sees_a_form_and_a_forged_one_does_nothing(office: Office) -> None:
    place = await propose(office, without="datum_diploma")
    for who in (OFFICER, AUDITOR, FG):
        assert "Schors nu" not in await office.see(who, ONE)
        await office.post(who, ONE, 409, doe="schors", schorsreden="incident")
        await office.post(who, place, 409, doe="neem-in-gebruik", zeker="ja")
    for who in (OFFICER, AUDITOR, AT_DUO):
        assert "Leg het advies vast" not in await office.see(who, place)
        await office.post(who, place, 409, doe="adviseer", uitkomst="positive", advies=ADVICE)
    for who in (FG, AUDITOR, AT_DUO):
        await office.see(who, f"{HERE}/voorstellen", 403)
        await office.post(
            who,
            f"{HERE}/voorstellen",
            409,
            afspraak=text_of(agreement_of(changed(shipped(), version="3"), "duo-doorstroompunt/3")),
        )
    await office.post(AT_DUO, ONE, 400, doe="iets")
    assert await office.shut() == {}
    assert len((await Policies(Acts(Log(office.engine, LOG, KEY.vkey)), office.notes).history()).proposals) == 1


async def test_what_does_not_load_is_said_and_what_was_typed_stays(office: Office) -> None:
    text = text_of(agreement_of(shipped()))
    page = await office.see(OFFICER, f"{HERE}/voorstellen?van={DUO_DESK}")
    assert "DPIA-2025-04" in page
    wrong = await office.post(OFFICER, f"{HERE}/voorstellen", 400, afspraak=text.replace("title:", "titel:"))
    assert "agreement.yaml, line" in wrong
    assert "titel:" in wrong
    await office.post(OFFICER, f"{HERE}/voorstellen", 400, afspraak="")
    signed = await office.post(OFFICER, f"{HERE}/voorstellen", 409, afspraak=text.replace("max: 26", "max: 25"))
    assert "was signed as it was" in signed


async def test_what_ends_soon_stands_on_the_page(office: Office) -> None:
    cast(Clock, office.desk.clock).us += 640 * 86_400 * 1_000_000
    page = await office.see(OFFICER, HERE)
    assert "Binnen 90 dagen loopt iets af" in page
    assert "De DPIA moet voor" in page


async def test_what_stands_in_the_database_past_the_log_is_seen(office: Office) -> None:
    office.desk.officer.rules.unread_since = START  # type: ignore[union-attr]
    async with transaction(office.engine) as connection:
        await connection.raw.execute(
            """INSERT INTO policy_act (log_id, party_id, number, kind, us, entry_ref, method, agreement)
            SELECT log_id, party_id, number + 1, 'ended', us, entry_ref, method, 'duo-doorstroompunt/1'
            FROM policy_act ORDER BY number DESC LIMIT 1"""
        )
    for page in ("", "/afspraken"):
        seen = await office.see(OFFICER, f"/functionaris{page}")
        assert "Iets in de databank staat niet in het logboek" in seen
        assert "De set in gebruik is niet te lezen" in seen
    assert "Niet te bewijzen" in await office.see(OFFICER, "/functionaris/afspraken/afspraak/duo-doorstroompunt/1")
    assert "NOT AS THE LOG SAYS: act 5 (ended, duo-doorstroompunt/1)" in await Shell(office)("agreements")


# -- the command line


class Shell:
    """`hub policy` over the office's log."""

    def __init__(self, office: Office) -> None:
        self._loop = asyncio.get_running_loop()
        self._hub = SimpleNamespace(acts=Acts(Log(office.engine, LOG, KEY.vkey)), notes=office.notes, digests=digest)
        self._app = typer.Typer()
        policy_commands(self._app, self._with_hub)

    def _with_hub(self, work: Any) -> None:
        done: Coroutine[Any, Any, None] = work(self._hub)
        try:
            asyncio.run_coroutine_threadsafe(done, self._loop).result(30)
        except HubError as error:
            typer.echo(str(error))
            raise typer.Exit(3) from None

    async def __call__(self, *arguments: str, status: int = 0) -> str:
        answer = await asyncio.to_thread(CliRunner().invoke, self._app, list(arguments))
        assert answer.exit_code == status, answer.output
        return answer.output


async def test_the_whole_life_on_the_command_line(office: Office, tmp_path: Path) -> None:
    hub = Shell(office)
    keys: dict[str, str] = {}
    people = {"officer": ("privacy-officer", ""), "fg": ("fg", ""), "duo": ("decision-maker", "duo")}
    people["desk"] = ("decision-maker", "doorstroompunt-lindemark")
    for name, (role, party) in people.items():
        key = OKPKey.generate_key("Ed25519", private=True)
        private, public = tmp_path / f"{name}.jwk", tmp_path / f"{name}.pub"
        private.write_text(json.dumps(key.as_dict(private=True)))
        public.write_bytes(key.as_pem(private=False))
        keys[name] = str(private)
        told = await hub("signatory", "add", name, "--key", str(public), "--role", role, *(("--party", party) if party else ()))
        assert signature.thumbprint_of(key) in told
    assert len(json.loads(await hub("signatory", "list", "--json"))) == 4

    directory = tmp_path / "policy"
    for name, text in files_of(changed(shipped(), version="2", oldest=21)).items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(text)
    policy = (await hub("propose", str(directory), "--key", keys["officer"])).strip()
    assert re.fullmatch(r"[0-9a-f]{64}", policy)
    assert "was proposed already" in await hub("propose", str(directory), "--key", keys["officer"], status=3)
    (proposal,) = json.loads(await hub("proposals", "--json"))
    assert (proposal["policy"], proposal["wider"], proposal["advice"]) == (policy, 0, None)
    assert "leeftijd: 22" in await hub("proposals")

    advice = tmp_path / "advies.txt"
    advice.write_text(ADVICE)
    await hub("advise", policy[:8], "--outcome", "positive", "--text", str(advice), "--key", keys["fg"])
    await hub("sign", "duo-doorstroompunt/2", "--key", keys["duo"])
    await hub("sign", "duo-doorstroompunt/2", "--key", keys["desk"])
    assert "neither decides" in await hub("activate", policy, "--key", keys["officer"], status=3)
    await hub("activate", policy, "--key", keys["duo"])
    assert "none" in await hub("proposals")
    await hub("suspend", "duo-doorstroompunt/2", "--reason", "incident", "--key", keys["desk"])
    assert await office.shut() == {"duo-doorstroompunt/2": "AFSPRAAK_GESCHORST"}
    assert "Another party" in await hub("resume", "duo-doorstroompunt/2", "--key", keys["duo"], status=3)
    await hub("resume", "duo-doorstroompunt/2", "--key", keys["desk"])
    assert "in-force" in await hub("agreements")
    every = {each["agreement"]: each for each in json.loads(await hub("agreements", "--json"))}
    second = every["duo-doorstroompunt/2"]
    assert (second["state"], second["founded"], len(second["unsigned"])) == ("in-force", False, 2)
    for act in second["acts"]:
        signature.check(act["proof"], act["jwk"], act["statement"].encode())
    await hub("end", "duo-doorstroompunt/2", "--reason", "replaced", "--key", keys["duo"])
    assert await office.shut() == {"duo-doorstroompunt/2": "AFSPRAAK_BEEINDIGD"}
    (thumbprint,) = (
        each["thumbprint"] for each in json.loads(await hub("signatory", "list", "--json")) if each["name"] == "duo"
    )
    await hub("signatory", "close", thumbprint)
    assert "does not know this key" in await hub("sign", "mbo-doorstroompunt/1", "--key", keys["duo"], status=3)
