"""The page that verifies an export without Python gives the verdicts of verify.py, and everyone can use it."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from playwright.async_api import Browser, Page, expect

from hub.audit.signing import PostQuantumSigner, WitnessSigner, has_post_quantum
from ops.verify import verify
from tests.browser.desk import LOOK, WIDE
from tests.fakes.log import LOG, Exported, checkpoint_of, signer
from tests.fakes.story import KEY, TAG, Story, eventful, zipped

pytestmark = pytest.mark.timeout(120)
PAGE = (Path(verify.__file__).parent / "verify.html").as_uri()
WITNESS = WitnessSigner("w.example/w", Ed25519PrivateKey.from_private_bytes(bytes([5]) * 32))


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """The page from a disk, in a browser without a network; at its end it may have complained of nothing."""
    context = await browser.new_context(viewport=WIDE, locale="nl-NL", offline=True)
    complaints: list[str] = []
    context.on("console", lambda message: complaints.append(message.text))
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    opened = await context.new_page()
    opened.set_default_timeout(30_000)
    await opened.goto(PAGE)
    yield opened
    await context.close()
    assert complaints == []


@pytest.fixture
async def free(browser: Browser) -> AsyncIterator[Page]:
    """The page without its policy, which forbids a script of a test's own, as it should."""
    context = await browser.new_context(viewport={"width": 320, "height": 640}, bypass_csp=True, offline=True)
    opened = await context.new_page()
    opened.set_default_timeout(30_000)
    await opened.goto(PAGE)
    yield opened
    await context.close()


async def ask(page: Page, export: Path, trust: Path, person: Path | None = None) -> None:
    """Fills in the form and waits for what the page says."""
    await page.reload()
    await page.get_by_label("Of een zip-bestand" if export.suffix else "Map").set_input_files(export)
    await page.get_by_label("Vertrouwensbestand").set_input_files(trust)
    if person is not None:
        await page.get_by_label("Persoonsbestand").set_input_files(person)
    await page.get_by_role("button", name="Controleer").click()
    await expect(page.get_by_role("link", name="Bewaar het oordeel")).to_be_visible()


async def kept(page: Page) -> dict[str, Any]:
    """The report that can be kept as a file."""
    async with page.expect_download() as started:
        await page.get_by_role("link", name="Bewaar het oordeel").click()
    told: dict[str, Any] = json.loads((await (await started.value).path()).read_text())
    return told


def ours(export: Path, trust: Path) -> tuple[dict[str, Any], list[tuple[int, str, int]]]:
    """What verify.py says, and its verdict on every entry."""
    source = verify.Directory(str(export)) if export.is_dir() else verify.Archive(str(export))
    report = verify.verify(source, verify.read_trust(trust.read_bytes()))
    told = json.loads("".join(verify.as_json(report)))
    return told, [(line["index"], line["verdict"].split(":")[0], line.get("by", -1)) for line in told["entries"]]


def spread(told: dict[str, Any]) -> list[tuple[int, str, int]]:
    return [(index, run["verdict"], run["by"]) for run in told["ranges"] for index in range(run["from"], run["to"] + 1)]


def good() -> Exported:
    story = Story(300)
    story.cosigners = [WITNESS]
    story.stamped = [100]
    return story.export(f"witness w {WITNESS.vkey}\nquorum w\n", checkpoint_of(story.bodies[:257], story.by).note)


def changed(path: str, change: Callable[[bytes], bytes], case: Exported | None = None) -> Exported:
    whole = case or eventful().export()
    return Exported({**whole.files, path: change(whole.files[path])}, whole.trust)


def without_authority() -> Exported:
    bodies = verify.split_bundle(eventful().export().files["tile/entries/001"])
    bodies[9] = b""
    return changed("tile/entries/001", lambda _: b"".join(len(body).to_bytes(2) + body for body in bodies))


def dropped(path: str) -> Exported:
    whole = eventful().export()
    return Exported({name: content for name, content in whole.files.items() if name != path}, whole.trust)


CASES: dict[str, Callable[[], Exported]] = {
    "good, witnessed, stamped, with an earlier checkpoint": good,
    "empty": Story(0).export,
    "redacted, pruned, signed anew": lambda: eventful().export(),
    "an entry changed": lambda: changed("tile/entries/001", lambda data: data.replace(b'"duo"', b'"gak"', 1)),
    "an entry gone without authority": without_authority,
    "a wider list": lambda: changed("redacted/520", lambda data: data + b"302\n"),
    "the boundary moved": lambda: changed("pruned", lambda _: b"512\n"),
    "a boundary of nobody": lambda: changed("boundary", lambda data: data.replace(b"256", b"512", 1)),
    "a bundle gone": lambda: dropped("tile/entries/001"),
    "origins gone": lambda: dropped("origins"),
    "another root": lambda: changed("checkpoint", lambda data: data[:60] + bytes([data[60] ^ 1]) + data[61:]),
    "not enough witnesses": lambda: Story(3).export(f"witness w {WITNESS.vkey}\nquorum w\n"),
}


async def test_the_page_says_of_every_entry_what_the_verifier_says(page: Page, tmp_path: Path) -> None:
    for nth, (name, make) in enumerate(CASES.items()):
        folder = tmp_path / str(nth)
        folder.mkdir()
        case = make()
        export, trust = case.write(folder)
        if nth % 2:
            export = folder / "export.zip"
            export.write_bytes(zipped(dict(case.files)))
        expected, verdicts = ours(export, trust)
        await ask(page, export, trust)
        told = await kept(page)
        assert told["verdict"] == expected["verdict"], (name, told["findings"], expected["findings"])
        assert spread(told) == verdicts, name
        for part in ("size", "root", "earlier", "redacted", "pruned", "lost", "others", "found"):
            assert told[part] == expected[part], (name, part, told["findings"], expected["findings"])
        assert sorted(told["totals"], key=str) == sorted(expected["totals"], key=str), name


async def test_it_finds_a_person(page: Page, tmp_path: Path) -> None:
    story = Story(40)
    places = [story.tell(), story.tell()]
    story.tell(key=bytes(32))
    top, trust = story.export().write(tmp_path)
    person = tmp_path / "person.json"
    tag, key = (urlsafe_b64encode(part).decode().rstrip("=") for part in (TAG, KEY))
    person.write_text(json.dumps({"log": LOG, "tag": tag, "key": key}))
    await ask(page, top, trust, person)
    told = await kept(page)
    assert [hit["index"] for hit in told["person"]] == places
    await expect(page.get_by_role("region", name="Regels over deze persoon: 2")).to_contain_text("doorstroompunt-a")


def spoilt() -> list[bytes]:
    """Entries of every shape, and what is nearly one: a bit flipped, a value in the place of another, written otherwise."""
    bodies = eventful().bodies[:4] + eventful().bodies[520:524]
    flipped = [
        body[:at] + bytes([body[at] ^ 1 << at % 8]) + body[at + 1 :] for body in bodies for at in range(0, len(body), 11)
    ]
    values = [
        None,
        True,
        0,
        1,
        1.0,
        -1,
        2**53,
        10**15,
        "",
        "a",
        "A",
        "a" * 129,
        "\u2028",
        [],
        ["a"],
        ["A"],
        {},
        {"a": "A"},
        {"a": []},
    ]
    put = [
        json.dumps({**json.loads(body), name: value}, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        for body in bodies[:4]
        for name in (*json.loads(body), "__proto__")
        for value in values
    ]
    return [*bodies, *flipped, *put, b"", b"[]", b"null", b"[" * 60_000, b"9" * 60_000, b'{"v":1,"v":1}', b"\xef\xbb\xbf{}"]


async def test_both_readers_agree_on_what_an_entry_is(free: Page) -> None:
    def ours(body: bytes) -> bool:
        try:
            verify.read_entry(body)
        except verify.Fault:
            return False
        return True

    bodies = spoilt()
    theirs = await free.evaluate(
        """(bodies) => bodies.map((body) => {
          try { readEntry(Uint8Array.from(atob(body), (sign) => sign.charCodeAt(0))); return true; }
          catch (error) { if (error instanceof Fault) return false; throw error; }
        })""",
        [b64encode(body).decode() for body in bodies],
    )
    assert [bodies[at] for at, holds in enumerate(theirs) if holds != ours(bodies[at])] == []
    assert True in theirs[8:]


async def test_blake2b(free: Page) -> None:
    for nth in (0, 1, 16, 127, 128, 129, 300):
        message, key = bytes(range(256)) * 2, bytes(range(1, 65))[: nth % 60 + 5]
        expected = blake2b(message[:nth], key=key, digest_size=32, person=b"hub/opening").hexdigest()
        arguments = [list(message[:nth]), list(key)]
        call = "([message, key]) => hex(blake2b(Uint8Array.from(message), Uint8Array.from(key), 'hub/opening'))"
        assert await free.evaluate(call, arguments) == expected


@pytest.mark.skipif(not has_post_quantum(), reason="this build of cryptography has no ML-DSA-44")
async def test_what_this_browser_cannot_check_is_never_called_verified(page: Page, tmp_path: Path) -> None:
    own = PostQuantumSigner(signer().name, MLDSA44PrivateKey.from_seed_bytes(bytes(32)))
    other = PostQuantumSigner("q.example/w", MLDSA44PrivateKey.from_seed_bytes(bytes([1]) * 32))
    trusts = [(f"log {own.vkey}\n", "not verified"), (f"witness q {other.vkey}\nquorum q\n", "not verified")]
    for nth, (trust, without) in enumerate(trusts):
        for signed in (False, True):
            story = Story(3)
            story.cosigners = [own, other] if signed else []
            folder = tmp_path / f"{nth}{signed}"
            folder.mkdir()
            top, given = story.export(trust).write(folder)
            await ask(page, top, given)
            assert (await kept(page))["verdict"] == ("unable" if signed else without)
            assert ours(top, given)[0]["verdict"] == ("verified" if signed else without)


async def test_a_wrong_question_is_answered_beside_its_field(page: Page, tmp_path: Path) -> None:
    top, trust = Story(3).export().write(tmp_path)
    await page.get_by_role("button", name="Controleer").click()
    await expect(page.get_by_text("Kies de map of het zip-bestand met de uitgifte.")).to_be_visible()
    await expect(page.get_by_label("Map")).to_be_focused()
    await page.get_by_label("Of een zip-bestand").set_input_files(trust)
    trust_field = page.get_by_label("Vertrouwensbestand")
    await trust_field.set_input_files(top / "checkpoint")
    await page.get_by_role("button", name="Controleer").click()
    await expect(trust_field).to_have_attribute("aria-invalid", "true")
    await trust_field.set_input_files(trust)
    await page.get_by_role("button", name="Controleer").click()
    await expect(page.get_by_text("Dit is geen zip-bestand dat geopend kan worden.")).to_be_visible()


async def test_everyone_can_use_it(free: Page, tmp_path: Path) -> None:
    """Asked at its beginning and with all its tables; axe and the questions of every other page."""
    for nth, case in enumerate((eventful().export(), without_authority())):
        (tmp_path / str(nth)).mkdir()
        top, trust = case.write(tmp_path / str(nth))
        await free.reload()
        for step in range(2):
            if step:
                await ask(free, top, trust)
            await free.evaluate(AXE_SCRIPT)
            await free.evaluate(LOOK)
            for question in ("axe()", "built()", "sideways()"):
                assert await free.evaluate(f"look.{question}") == [], (nth, step, question)
