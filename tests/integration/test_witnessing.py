"""Logs before their witnesses: two hubs over real databases, on loopback servers, and what must never be cosigned."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import httpx2
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from hub import db
from hub.audit.checkpoint import Signature, make_checkpoint
from hub.audit.cosign import CosignerKey, cosign, cosign_line, cosigned, with_signatures
from hub.audit.log import Log
from hub.audit.signing import create, create_mldsa, load_witness
from hub.audit.trust import Policy
from hub.domain.terms import LogId
from hub.errors import Malformed, Misconfigured, Refused, Retry, Tampered
from hub.postgres import PrivatePostgres
from hub.witness import store
from hub.witness.cosigning import Behind, Cosigned, No
from hub.witness.model import AWAY, INVALID, REFUSED, UNKNOWN, Asked, Cosignature, contradiction_of, of_origin
from hub.witness.service import Witnessing, load_signer, second_key_file
from tests.fakes.log import signer
from tests.fakes.recorder import OPERATOR, bodies
from tests.fakes.witnessing import Town, cosigned_by, door_of, open_town, policy_of, serving

OTHER = LogId("regio-b")
SECOND = signer(8, "hub.example/regio-b")


@pytest.fixture
async def other_engine(_migrated: PrivatePostgres) -> AsyncIterator[AsyncEngine]:
    """A second hub's database."""
    admin = await asyncpg.connect(_migrated.url("postgres", "postgres").replace("+asyncpg", ""), ssl=False)
    name = "test_other"
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE hub OWNER hub_owner STRATEGY FILE_COPY")
    made = db.create_engine(_migrated.url("hub_app", name))
    try:
        yield made
    finally:
        await made.dispose()
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


@pytest.fixture
async def town(engine: AsyncEngine, tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(engine, tmp_path / "aldermeer") as made:
        yield made


async def test_what_a_witness_answers(town: Town, engine: AsyncEngine, tmp_path: Path) -> None:
    """Every answer of tlog-witness, and that what is cosigned only grows."""
    async with open_town(engine, tmp_path / "beekdal", SECOND, OTHER) as log:
        witness = town.witnessing()
        await log.grow(3)
        assert await witness.cosigning.add(await log.submission(0)) is No.unknown
        assert await witness.cosigning.allow(log.key.vkey) == log.key.name
        with pytest.raises(Refused):
            await witness.cosigning.allow(log.key.vkey)
        assert await witness.cosigning.add(await log.submission(2)) == Behind(0)
        line = await cosigned_by(witness, log, 0)
        key = CosignerKey.parse(load_signer(town.chosen).vkey)
        assert cosigned(with_signatures(await log.log.checkpoint(), [line]), key) == int(town.clock.now_us()) // 1_000_000
        await log.grow(300)
        sent = await log.submission(3)
        assert await witness.cosigning.add(await log.submission(2)) == Behind(3)
        unproven = sent.replace(b"\n", b"\n" + b"A" * 43 + b"=\n", 1)
        assert await witness.cosigning.add(unproven) is No.unproven
        assert (
            await witness.cosigning.add(sent.replace(b"hub.example/regio-b\n303", b"hub.example/regio-b\n304")) is No.unsigned
        )
        for wrong in (b"old 4", sent.replace(b"old 3", b"old 03"), sent.replace(b"old 3", b"old 400"), sent + b"x", b""):
            with pytest.raises(Malformed):
                await witness.cosigning.add(wrong)
        await cosigned_by(witness, log, 3)
        await cosigned_by(witness, log, 303)  # the same again, under a new time
        (known,) = await witness.cosigning.logs()
        assert (known.size, known.forked) == (303, None)
        assert await witness.cosigning.checkpoint(of_origin(known.origin)) == known.note
        await witness.cosigning.stop(known.origin)
        assert await witness.cosigning.add(await log.submission(303)) is No.unknown
        with pytest.raises(Refused):
            await witness.cosigning.stop(known.origin)
        await witness.cosigning.allow(log.key.vkey)
        assert (await witness.cosigning.logs())[0].size == 303
        said = [body for body in await bodies(engine) if b"witness-" in body]
        assert [body.count(b'"configuration"') for body in said] == [1, 1, 1]
        await witness.close()


async def test_a_key_of_no_log_is_not_witnessed(town: Town) -> None:
    witness = town.witnessing()
    for wrong in ("", "x+y+z", load_signer(town.chosen).vkey):
        with pytest.raises(Malformed):
            await witness.cosigning.allow(wrong)
    (town.chosen.state / "witness.key").unlink()
    with pytest.raises(Misconfigured):
        await town.witnessing().cosigning.allow(SECOND.vkey)
    await witness.close()


async def test_two_checkpoints_at_once_never_take_the_witness_back(town: Town, engine: AsyncEngine, tmp_path: Path) -> None:
    async with open_town(engine, tmp_path / "beekdal", SECOND, OTHER) as log:
        witnesses = [town.witnessing() for _ in range(4)]
        await witnesses[0].cosigning.allow(log.key.vkey)
        sent = []
        for _ in range(12):
            await log.grow()
            sent.append(await log.submission(0))
        answers = await asyncio.gather(*(witnesses[n % 4].cosigning.add(each) for n, each in enumerate(sent)))
        (known,) = await witnesses[0].cosigning.logs()
        assert sum(isinstance(answer, Cosigned) for answer in answers) == 1
        assert {answer.size for answer in answers if isinstance(answer, Behind)} == {known.size}
        for each in witnesses:
            await each.close()


async def test_a_fork_is_proved_once_and_never_cosigned(
    town: Town, engine: AsyncEngine, other_engine: AsyncEngine, tmp_path: Path
) -> None:
    async with (
        open_town(engine, tmp_path / "beekdal", SECOND, OTHER) as log,
        open_town(other_engine, tmp_path / "copy", SECOND, OTHER) as copy,
    ):
        witness = town.witnessing()
        await witness.cosigning.allow(log.key.vkey)
        await log.grow(5)
        await copy.grow(5)
        await cosigned_by(witness, log, 0)
        for _ in range(2):
            assert await witness.cosigning.add(await copy.submission(5)) is No.contradicts
        await copy.grow(2)
        assert await witness.cosigning.add(await copy.submission(5)) is No.unproven
        (known,) = await witness.cosigning.logs()
        assert known.size == 5
        assert known.forked is not None
        assert known.forked != known.note
        assert len([body for body in await bodies(engine) if b"witness-forked" in body]) == 1
        await witness.close()


async def test_two_hubs_witness_each_other(town: Town, other_engine: AsyncEngine, tmp_path: Path) -> None:
    """And the copy of one of them, with another history under the same key, is refused and set off an alarm."""
    async with (
        open_town(other_engine, tmp_path / "beekdal", SECOND, OTHER) as other,
        serving(door_of(mine := town.witnessing())) as here,
        serving(door_of(theirs := other.witnessing())) as there,
    ):
        pairs = ((town, theirs, other, there), (other, mine, town, here))
        for each, witness, witness_town, url in pairs:
            await witness.cosigning.allow(each.key.vkey)
            await each.grow(3)
            vkey = load_signer(witness_town.chosen).vkey
            file = each.chosen.state / "witnesses"
            file.write_text(policy_of([("other", vkey, f"{url}/log/witness/")], "other"))
            asking = each.witnessing(witnesses=file)
            (asked,) = await asking.asking.ask_witnesses()
            assert asked.trouble is None
            await each.grow(400)
            before = (await asking.standing()).quorum
            assert before == asked.size
            await asyncio.gather(asking.ask_witnesses(), asking.ask_witnesses())
            standing = await asking.standing()
            assert standing.quorum == standing.size == (before or 0) + 400
            note = await asking.served.checkpoint()
            assert note is not None
            trusted = Policy.parse(f"log {each.key.vkey}\n".encode() + file.read_bytes()).check(note)
            assert trusted.checkpoint.size == standing.size
            assert await asking.served.cosigned() == note
            await each.grow()
            assert await asking.served.checkpoint() == await each.log.checkpoint()
            assert await asking.served.cosigned() == note
            mark = await asking.asking.largest_witnessed()
            assert mark is not None
            assert (mark.size, mark.root) == (trusted.checkpoint.size, trusted.checkpoint.root)
            await asking.close()
        await _restored(town, other_engine, tmp_path, theirs)
        await mine.close()
        await theirs.close()


async def _restored(town: Town, engine: AsyncEngine, tmp_path: Path, theirs: Witnessing) -> None:
    """The same key over a database that is not the one that was witnessed: shorter first, then another history."""
    async with open_town(engine, tmp_path / "restored", town.key) as copy:
        await copy.grow(2)
        asking = copy.witnessing(witnesses=town.chosen.witnesses)
        mark = await asking.asking.largest_witnessed()
        assert mark is not None
        assert mark.size > 400
        assert mark.root
        (asked,) = await asking.asking.ask_witnesses()
        assert asked.trouble == REFUSED
        await copy.grow(600)
        for _ in range(2):
            (asked,) = await asking.asking.ask_witnesses()
            assert asked.trouble == REFUSED
        assert len([body for body in await bodies(engine) if b'"witness-refused"' in body]) == 1
        assert [known.size for known in await theirs.cosigning.logs()] == [mark.size]
        await asking.close()


async def test_a_witness_that_is_away_or_does_not_know_us(town: Town, other_engine: AsyncEngine, tmp_path: Path) -> None:
    await town.grow()
    async with open_town(other_engine, tmp_path / "beekdal", SECOND, OTHER) as other:
        file, vkey = town.chosen.state / "witnesses", load_signer(other.chosen).vkey
        async with serving(door_of(theirs := other.witnessing())) as there:
            file.write_text(policy_of([("other", vkey, f"{there}/log/witness")]))
            asking = town.witnessing(witnesses=file)
            (asked,) = await asking.asking.ask_witnesses()
            assert asked.trouble == UNKNOWN
        (asked,) = await asking.asking.ask_witnesses()
        assert asked.trouble == AWAY
        assert await asking.asking.largest_witnessed(1.0) is None
        with pytest.raises(Retry):
            await asking.asking.largest_witnessed(1.0, required=True)
        await asking.close()
        await theirs.close()


async def test_a_line_that_is_not_the_witnesses_is_not_kept(town: Town) -> None:
    """Whatever stands at a witness's address, its signature is checked before it counts."""
    await town.grow()

    key = CosignerKey.parse(load_signer(town.chosen).vkey)
    strangers = Signature("hub.example/x", b"1234", bytes(72)).line
    forged = Signature(key.name, key.key_id, bytes(72)).line
    lines = [strangers, forged, f"{strangers}{forged}", "no line at all\n", ""]

    async def liar(_scope: object, _receive: object, send: object) -> None:
        line = said.encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": line})  # type: ignore[operator]

    async with serving(liar) as url:
        file = town.chosen.state / "witnesses"
        file.write_text(policy_of([("other", load_signer(town.chosen).vkey, url)]))
        asking = town.witnessing(witnesses=file)
        for said in lines:  # noqa: B007 - what the liar says
            (asked,) = await asking.asking.ask_witnesses()
            assert (asked.trouble, asked.size) == ("ANTWOORD_ONGELDIG", 0)
        assert await asking.served.cosigned() is None
        await asking.close()


async def test_a_witness_that_is_where_nothing_can_be_proved_any_more_holds_up_no_other(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that it is at a size of the part that was pruned."""
    await town.grow(3)
    create(town.chosen.state / "second")
    second = load_witness(town.chosen.state / "second", "second.example")

    async def behind(_scope: object, _receive: object, send: object) -> None:
        kind = [(b"content-type", b"text/x.tlog.size")]
        await send({"type": "http.response.start", "status": 409, "headers": kind})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"1\n"})  # type: ignore[operator]

    async def pruned(_log: Log, _older: int, _newer: int) -> list[bytes]:
        raise Refused("This part of the log is gone.")

    monkeypatch.setattr(Log, "consistent", pruned)
    async with serving(behind) as url:
        file = town.chosen.state / "witnesses"
        file.write_text(policy_of([("one", load_signer(town.chosen).vkey, url), ("two", second.vkey, url)]))
        witness = town.witnessing(witnesses=file)
        assert [one.trouble for one in await witness.asking.ask_witnesses()] == [INVALID, INVALID]
        await witness.close()


async def test_the_door_speaks_as_the_standard_says(town: Town) -> None:
    witness = town.witnessing()
    await town.grow(2)
    transport = httpx2.ASGITransport(app=door_of(witness))
    async with httpx2.AsyncClient(transport=transport, base_url="https://hub.example") as client:
        sent = await town.submission(0)
        assert (await client.post("/log/witness/add-checkpoint", content=sent)).status_code == 404
        await witness.cosigning.allow(town.key.vkey)
        sent = await town.submission(1)
        behind = await client.post("/log/witness/add-checkpoint", content=sent)
        assert (behind.status_code, behind.text, behind.headers["content-type"]) == (409, "0\n", "text/x.tlog.size")
        good = await client.post("/log/witness/add-checkpoint", content=await town.submission(0))
        assert good.status_code == 200
        latest = await client.get(f"/log/witness/checkpoint/{of_origin(town.key.name)}")
        assert latest.text.endswith(good.text)
        assert (await client.get(f"/log/witness/checkpoint/{'0' * 64}")).status_code == 404
        assert (await client.post("/log/witness/add-checkpoint", content=b"old")).status_code == 400
        assert (await client.post("/log/witness/add-checkpoint", content=b"x" * 70_000)).status_code == 413
    await witness.close()


async def test_a_line_over_another_tree_of_this_size_is_not_under_the_checkpoint(town: Town) -> None:
    """As after a succession, when the log went on under a new origin from where its old one had been."""
    await town.grow(2)
    witness, signed = town.witnessing(), load_signer(town.chosen)
    other = make_checkpoint(town.key, 2, bytes(32))
    line = cosign_line(signed, other.partition("\n\n")[0] + "\n", 5)
    await store.keep_cosignature(town.engine, town.log.log_id, OPERATOR, Cosignature(signed.vkey, 2, 5, other, line), 5)
    assert await witness.served.checkpoint() == await town.log.checkpoint()
    await witness.close()


async def test_checkpoints_that_are_given_out_are_signed_in_ml_dsa_too(town: Town) -> None:
    create_mldsa(second_key_file(town.chosen))
    await town.grow(2)
    witness = town.witnessing()
    note = await witness.served.checkpoint()
    first, second = (await witness.standing()).keys
    assert note is not None
    for key in (first, second):
        assert Policy.parse(f"log {key}\nquorum none\n".encode()).check(note).checkpoint.size == 2
    assert note == await witness.served.checkpoint()
    await witness.close()


async def test_what_was_cosigned_stays(town: Town, owner_engine: AsyncEngine) -> None:
    witness = town.witnessing()
    await witness.cosigning.allow(town.key.vkey)
    await town.grow(2)
    await cosigned_by(witness, town, 0)
    for change in ("size = 0", "root = decode(repeat('00', 32), 'hex')"):
        with pytest.raises(Tampered):
            await db.fetch(owner_engine, f"UPDATE witness_log SET {change}")
    with pytest.raises(Tampered):
        await db.fetch(owner_engine, "DELETE FROM witness_log")
    assert len(await store.known(town.engine, town.log.log_id)) == 1
    await witness.close()


async def test_a_partner_brings_what_it_cosigned(town: Town, other_engine: AsyncEngine, tmp_path: Path) -> None:
    """With the checkpoint or without; and one that our key signed but that is not in our log sets off the alarm."""
    file, partner = town.chosen.state / "witnesses", load_signer(town.chosen)
    file.write_text(policy_of([("partner", partner.vkey, "")], "partner"))
    await town.grow(2)
    older = await town.log.checkpoint()
    await town.grow(3)
    newest, line = await town.log.checkpoint(), "— hub.example/nobody AAAAAAAAAAAAAAAA\n"
    witness = town.witnessing(witnesses=file)
    assert await witness.asking.ask_witnesses() == []
    transport = httpx2.ASGITransport(app=door_of(witness))
    async with httpx2.AsyncClient(transport=transport, base_url="https://hub.example") as client:

        async def bring(text: str) -> int:
            return (await client.post("/log/cosignature", content=text.encode())).status_code

        assert await bring(cosign(newest, partner, 7)) == 200
        assert await bring(cosign_line(partner, older.partition("\n\n")[0] + "\n", 6)) == 200
        assert (await witness.standing()).quorum == 5
        assert cosigned(await witness.served.checkpoint() or "", CosignerKey.parse(partner.vkey)) == 7
        for wrong, status in (("", 400), ("x", 400), (newest, 403), (line, 403), (with_signatures(newest, [line]), 403)):
            assert await bring(wrong) == status
        forged = Signature(partner.name, CosignerKey.parse(partner.vkey).key_id, bytes(72)).line
        assert [await bring(forged), await bring(with_signatures(newest, [forged]))] == [403, 400]
        assert (await store.asked(town.engine, town.log.log_id))[partner.vkey].trouble is None
        async with open_town(other_engine, tmp_path / "copy", town.key) as copy:
            await copy.grow(5)
            for _ in range(2):
                assert await bring(cosign(await copy.log.checkpoint(), partner, 8)) == 403
        assert await bring(cosign(await town.log.checkpoint(), partner, 9)) == 200
    assert (await store.asked(town.engine, town.log.log_id))[contradiction_of(town.key.vkey)].trouble == REFUSED
    assert len([body for body in await bodies(town.engine) if b'"witness-refused"' in body]) == 1
    await witness.close()


async def test_a_line_of_before_takes_no_trouble_away(town: Town) -> None:
    """Lines are anyone's to read, and so to bring again: only what the witness signed since says how it stands with it."""
    file, partner = town.chosen.state / "witnesses", load_signer(town.chosen)
    file.write_text(policy_of([("partner", partner.vkey, "")], "partner"))
    await town.grow(2)
    first = await town.log.checkpoint()
    await town.grow(3)
    witness, now_s = town.witnessing(witnesses=file), int(town.clock.now_us()) // 1_000_000

    async def asked() -> Asked:
        return (await store.asked(town.engine, town.log.log_id))[partner.vkey]

    assert await witness.taking.take(cosign(await town.log.checkpoint(), partner, now_s).encode()) == 5
    town.clock.us += 10_000_000
    await store.keep_trouble(town.engine, town.log.log_id, OPERATOR, partner.vkey, REFUSED, town.clock.now_us())
    town.clock.us += 10_000_000
    for old in (cosign(await town.log.checkpoint(), partner, now_s), cosign(first, partner, now_s - 9)):
        await witness.taking.take(old.encode())
        assert ((await asked()).trouble, (await asked()).size) == (REFUSED, 5)
    await witness.taking.take(cosign(await town.log.checkpoint(), partner, now_s + 19).encode())
    assert (await asked()).trouble is None
    await witness.close()


async def test_what_others_wrote_under_a_checkpoint_is_not_kept(town: Town, engine: AsyncEngine, tmp_path: Path) -> None:
    async with open_town(engine, tmp_path / "beekdal", SECOND, OTHER) as log:
        witness = town.witnessing()
        await log.grow(3)
        await witness.cosigning.allow(log.key.vkey)
        junk = "".join(Signature(f"junk{nth}\u202e", bytes(4), bytes(64)).line for nth in range(63))
        answer = await witness.cosigning.add(await log.submission(0) + junk.encode())
        assert isinstance(answer, Cosigned)
        (known,) = await witness.cosigning.logs()
        assert known.note == with_signatures(await log.log.checkpoint(), [answer.line])
        await witness.close()


async def test_the_quorum_is_met_by_as_many_as_it_asks(town: Town, tmp_path: Path) -> None:
    signers = []
    for name in ("one", "two"):
        create(tmp_path / name)
        signers.append(load_witness(tmp_path / name, f"{name}.example"))
    file = tmp_path / "witnesses"
    lines = [f"witness {each.name} {each.vkey}" for each in signers]
    file.write_text("\n".join([*lines, "group both all one.example two.example", "quorum both", ""]))
    witness = town.witnessing(witnesses=file)
    assert (await witness.standing()).quorum == 0
    for size, brings in ((2, signers), (5, signers[:1])):
        await town.grow(size - (await witness.standing()).size)
        for signed in brings:
            at_s = int(town.clock.now_us()) // 1_000_000 + size
            assert await witness.taking.take(cosign(await town.log.checkpoint(), signed, at_s).encode()) == size
    standing = await witness.standing()
    assert (standing.size, standing.quorum) == (5, 2)
    assert [one.size for _, one in standing.witnesses if one is not None] == [5, 2]
    await witness.close()
