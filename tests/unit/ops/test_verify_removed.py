"""What was removed, and who signed: the verifier tells what the log allows from what is tampering."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha512
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from hub.audit.checkpoint import make_checkpoint
from ops.verify import verify
from tests.fakes.log import Exported, checkpoint_of, signer
from tests.fakes.story import Story, eventful, zipped

Files = dict[str, bytes]
Change = Callable[[Files], object]


def told(case: Exported, folder: Path, change: Change | None = None) -> tuple[verify.Report, str]:
    """What the verifier says of an export, once changed."""
    files = dict(case.files)
    if change is not None:
        change(files)
    top, trust = Exported(files, case.trust).write(folder)
    report = verify.verify(verify.Directory(str(top)), verify.read_trust(trust.read_bytes()))
    return report, "".join(verify.as_text(report))


def verdicts(report: verify.Report) -> dict[int, tuple[str, int | None]]:
    lines = json.loads("".join(verify.as_json(report)))["entries"]
    return {line["index"]: (line["verdict"], line.get("by")) for line in lines if line["verdict"] != "verified"}


# --- Redaction --------------------------------------------------------------------------------------------------------------


def redacted() -> Story:
    story = Story(300)
    story.redact(5, 7, 290)
    return story


def test_redacted_entries_name_the_entry_by_which_they_are(tmp_path: Path) -> None:
    report, text = told(redacted().export(), tmp_path)
    assert text.startswith("VERIFIED. hub.example/regio-a: 301 entries, 298 as they were recorded; 3 REDACTED on the authority")
    assert verdicts(report) == dict.fromkeys((5, 7, 290), ("redacted", 300))


def test_what_was_redacted_later_holds_beside_what_was_redacted_before(tmp_path: Path) -> None:
    story = redacted()
    second = story.redact(0, 255)
    report, text = told(story.export(), tmp_path)
    assert report.verified, text
    assert verdicts(report)[255] == ("redacted", second)


def without(*indices: int) -> Change:
    """Empties more entries than any list names."""

    def change(files: Files) -> None:
        bodies = verify.split_bundle(files["tile/entries/000"])
        for index in indices:
            bodies[index] = b""
        files["tile/entries/000"] = b"".join(len(body).to_bytes(2) + body for body in bodies)

    return change


REDACTED_WRONG: dict[str, tuple[Change, str]] = {
    "one more": (without(6), "entry 6: is MISSING"),
    "the list is missing": (lambda files: files.pop("redacted/300"), "redacted/300: is missing"),
    "a list of nobody": (lambda files: files.update({"redacted/4": b"5\n"}), "redacted/4: belongs to no entry"),
    "a wider list": (lambda files: files.update({"redacted/300": b"5\n6\n7\n290\n"}), "redacted/300: "),
    "another list": (lambda files: files.update({"redacted/300": b"5\n6\n290\n"}), "is not the list whose hash"),
    "a list out of order": (lambda files: files.update({"redacted/300": b"7\n5\n290\n"}), "ascending"),
    "a list with zeros": (lambda files: files.update({"redacted/300": b"05\n7\n290\n"}), "a number on every line"),
    "a list cut off": (lambda files: files.update({"redacted/300": b"5\n7\n290"}), "does not hold 3 lines"),
    "a list that is none": (lambda files: files.update({"redacted/300": b"\xff\n\xb2\n\n"}), "a number on every line"),
    "its name is none": (lambda files: files.update({"redacted/x": b""}), "redacted/x: does not belong"),
    "a hash is changed": (
        lambda files: files.update({"tile/0/000": files["tile/0/000"][:160] + bytes(32) + files["tile/0/000"][192:]}),
        "the root: that was signed",
    ),
    "the hashes are missing": (lambda files: files.pop("tile/0/000"), "tile/0/000: must hold the hashes"),
}


@pytest.mark.parametrize(("change", "said"), REDACTED_WRONG.values(), ids=REDACTED_WRONG)
def test_a_redaction_that_does_not_hold(change: Change, said: str, tmp_path: Path) -> None:
    report, text = told(redacted().export(), tmp_path, change)
    assert not report.verified
    assert said in text


def test_an_empty_entry_without_authority_is_missing(tmp_path: Path) -> None:
    report, _ = told(Story(300).export(), tmp_path, without(6))
    assert verdicts(report)[6] == ("missing", None)


def _twice(story: Story) -> None:
    story.redact(5, 6)


def _count(story: Story) -> None:
    story.redact(8, count=2)


def _range(story: Story) -> None:
    story.redact(8, first=9)


def _range_end(story: Story) -> None:
    story.redact(8, 9, after=9)


def _ahead(story: Story) -> None:
    story.redact(305)
    story.grow(10)


def _itself(story: Story) -> None:
    story.redact(story.size)


def _no_set(story: Story) -> None:
    story.redact(8, set="geen")


AUTHORITY_WRONG = [_twice, _count, _range, _range_end, _ahead, _itself, _no_set]


@pytest.mark.parametrize("happens", AUTHORITY_WRONG)
def test_an_authority_that_does_not_hold(happens: Callable[[Story], None], tmp_path: Path) -> None:
    story = redacted()
    happens(story)
    report, text = told(story.export(), tmp_path)
    assert not report.verified, text


def test_texts_that_are_still_there_are_told(tmp_path: Path) -> None:
    """The authority comes first, and the texts go after it; until then the entries are what they were."""
    story = redacted()
    story.redacted[story.redact(8, 9)] = []
    report, text = told(story.export(), tmp_path, lambda files: files.update({"redacted/301": b"8\n9\n"}))
    assert report.verified, text
    assert "Entry 301 says that entries were redacted; of those, 2 still have their text." in text


# --- Pruning ----------------------------------------------------------------------------------------------------------------


def pruned() -> Story:
    story = Story(1100)
    story.prune(768)
    story.grow(5)
    return story


def test_what_was_pruned_names_the_entry_by_which_it_was(tmp_path: Path) -> None:
    report, text = told(pruned().export(), tmp_path)
    assert text.startswith(
        "VERIFIED. hub.example/regio-a: 1106 entries, 338 as they were recorded; the first 768 PRUNED on the"
    )
    assert verdicts(report) == dict.fromkeys(range(768), ("pruned", 1100))


def test_a_large_log_pruned_within_and_at_a_tile_of_level_one(tmp_path: Path) -> None:
    for nth, after in enumerate((65_536, 65_792)):
        story = Story(0)
        story.bodies = Story(4).bodies[2:3] * 66_000
        story.prune(after)
        (tmp_path / str(nth)).mkdir()
        report, text = told(story.export(), tmp_path / str(nth))
        assert report.verified, text


def test_pruned_again(tmp_path: Path) -> None:
    story = pruned()
    story.prune(1024)
    report, text = told(story.export(), tmp_path)
    assert report.verified, text
    assert verdicts(report)[0] == ("pruned", story.size - 1)


@pytest.mark.parametrize(
    ("size", "holds"), [(0, True), (256, True), (767, False), (512, True), (768, True), (769, True), (1100, True), (300, False)]
)
def test_an_earlier_checkpoint_of_a_pruned_log(size: int, holds: bool, tmp_path: Path) -> None:
    story = pruned()
    report, text = told(story.export(earlier=checkpoint_of(story.bodies[:size], story.by).note), tmp_path)
    assert report.verified is holds
    assert holds or "`boundary`" in text


@pytest.mark.parametrize("size", [0, 256, 768, 900])
def test_an_earlier_checkpoint_of_another_past_than_the_pruned_one(size: int, tmp_path: Path) -> None:
    story = pruned()
    report, text = told(story.export(earlier=make_checkpoint(story.by, size, bytes(32))), tmp_path)
    assert not report.verified
    assert "the log's past was changed" in text


def boundary_by(seed: int, size: int = 768) -> Change:
    return lambda files: files.update({"boundary": make_checkpoint(signer(seed), size, pruned().root(size)).encode()})


PRUNED_WRONG: dict[str, tuple[Change, str]] = {
    "no number": (lambda files: files.pop("pruned"), "tile/entries/000: is missing"),
    "no boundary": (lambda files: files.pop("boundary"), "boundary: is missing"),
    "an unsigned boundary": (lambda files: files.update({"boundary": files["boundary"].split(b"\n\n")[0]}), "boundary: it"),
    "a boundary of another key": (boundary_by(8), "boundary: a key that you trust for this has not signed it"),
    "a boundary elsewhere": (boundary_by(7, 512), "boundary: is not the checkpoint of what was pruned"),
    "less": (lambda files: files.update({"pruned": b"512\n"}), "tile/entries/002: is missing"),
    "more": (
        lambda files: [files.update({"pruned": b"1024\n"}), files.pop("tile/0/003"), files.pop("tile/entries/003")],
        "entries 768 to 1023 are MISSING",
    ),
    "not whole bundles": (lambda files: files.update({"pruned": b"700\n"}), "pruned: is not one line"),
    "all": (lambda files: files.update({"pruned": b"1280\n"}), "pruned: is not one line"),
    "no digits": (lambda files: files.update({"pruned": b"\xb2\n"}), "pruned: is not one line"),
    "something left": (lambda files: files.update({"tile/0/000": bytes(8192)}), "tile/0/000: does not belong"),
    "a root is changed": (
        lambda files: files.update({"tile/1/000.p/4": bytes(32) + files["tile/1/000.p/4"][32:]}),
        "the root: that was signed",
    ),
    "the roots are missing": (lambda files: files.pop("tile/1/000.p/4"), "the tree: cannot be rebuilt"),
}


@pytest.mark.parametrize(("change", "said"), PRUNED_WRONG.values(), ids=PRUNED_WRONG)
def test_a_pruning_that_does_not_hold(change: Change, said: str, tmp_path: Path) -> None:
    report, text = told(pruned().export(), tmp_path, change)
    assert not report.verified
    assert said in text


def test_a_prefix_that_nobody_allowed_to_go(tmp_path: Path) -> None:
    story = Story(600)
    story.pruned, story.boundary = 512, make_checkpoint(story.by, 512, story.root(512))
    report, text = told(story.export(), tmp_path)
    assert not report.verified
    assert "entries 0 to 511 are MISSING" in text
    assert verdicts(report)[0] == ("missing", None)


@pytest.mark.parametrize("changes", [{"root": "ab" * 32}, {"first": 256}, {"after": 700}, {"after": "alles"}, {"after": 1280}])
def test_an_authority_to_prune_that_does_not_hold(changes: dict[str, str | int], tmp_path: Path) -> None:
    story = Story(1100)
    story.prune(768, **changes)
    report, text = told(story.export(), tmp_path)
    assert not report.verified
    assert "entry 1100: " in text


def test_a_pruning_that_was_allowed_and_is_not_shown(tmp_path: Path) -> None:
    story = pruned()
    story.pruned = 0
    report, text = told(story.export(), tmp_path)
    assert not report.verified
    assert "which the export does not show" in text


# --- Other keys -------------------------------------------------------------------------------------------------------------


def test_the_log_goes_on_under_another_key(tmp_path: Path) -> None:
    story = Story(300)
    story.go_on(signer(9, "hub.example/regio-a/2"))
    story.grow(4)
    report, text = told(story.export(), tmp_path)
    assert report.verified, text
    assert "From entry 300 on it is signed by another key" in text


def test_entries_that_were_promised_and_lost_are_the_first_thing_it_says(tmp_path: Path) -> None:
    report, text = told(eventful().export(), tmp_path)
    assert text.startswith("VERIFIED, BUT 4 PROMISED ENTRIES WERE LOST IN A RESTORE. ")
    assert json.loads("".join(verify.as_json(report)))["lost"] == 4


def test_an_earlier_checkpoint_of_an_older_key(tmp_path: Path) -> None:
    old = signer()
    for nth, (size, said) in enumerate(((200, "VERIFIED, BUT"), (302, "NOT VERIFIED"))):
        story = Story(300, old)
        story.go_on(signer(9), "restored", lost=4)
        story.grow(4)
        earlier = checkpoint_of(story.bodies[:size], old).note
        (tmp_path / str(nth)).mkdir()
        _, text = told(story.export(f"log {old.vkey}\nquorum none\n", earlier), tmp_path / str(nth))
        assert text.startswith(said)
    assert "has 302 entries, of which 300 stayed" in text


def _origins(change: Callable[[list[str]], list[str]]) -> Change:
    return lambda files: files.update({"origins": "".join(change(files["origins"].decode().splitlines(True))).encode()})


ORIGINS_WRONG: dict[str, tuple[Change, str]] = {
    "it is missing": (lambda files: files.pop("origins"), "entry 300: says that the log went on under another key"),
    "it lacks one": (_origins(lambda lines: lines[:1]), "origins: does not end with the key that you trust"),
    "it lacks the first": (_origins(lambda lines: lines[1:]), "origins: does not name the keys oldest first, from size 1 on"),
    "the first later": (_origins(lambda lines: [lines[0].replace("1 ", "2 ", 1), lines[1]]), "oldest first, from size 1 on"),
    "one later": (_origins(lambda lines: [lines[0], lines[1].replace("301", "302")]), "origins: names a key from size 302"),
    "another first": (_origins(lambda lines: [f"1 {signer(8).vkey}\n", lines[1]]), "entry 300: it does not name the key"),
    "elsewhere": (_origins(lambda lines: [lines[0], lines[1].replace("301", "200")]), "origins: names a key from size 200"),
    "one more": (
        _origins(lambda lines: [f"1 {signer(8).vkey}\n", f"9 {lines[0][2:]}", lines[1]]),
        "origins: names a key from size 9",
    ),
    "out of order": (_origins(lambda lines: [lines[0].replace("1 ", "500 ", 1), lines[1]]), "origins: does not name the keys"),
    "no text": (lambda files: files.update({"origins": b"\xff"}), "origins: is not UTF-8 text"),
    "nothing": (lambda files: files.update({"origins": b"\n"}), "origins: is not a line for each key"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "said"), ORIGINS_WRONG.values(), ids=ORIGINS_WRONG)
def test_keys_that_do_not_follow_each_other(change: Change, said: str, tmp_path: Path) -> None:
    story = Story(300)
    story.go_on(signer(9))
    report, text = told(story.export(), tmp_path, change)
    assert not report.verified
    assert said in text


@pytest.mark.parametrize(
    "changes", [{"kept": 299}, {"promised": 299}, {"keptroot": "ab" * 32}, {"promisedroot": "ab" * 32}, {"before": "ab" * 32}]
)
def test_a_succession_that_says_what_is_not_so(changes: dict[str, str | int], tmp_path: Path) -> None:
    story = Story(300)
    story.go_on(signer(9), **changes)
    report, text = told(story.export(), tmp_path)
    assert not report.verified
    assert "entry 300: " in text


def test_a_succession_that_was_pruned_is_told_and_not_proven(tmp_path: Path) -> None:
    story = Story(200)
    story.go_on(signer(9))
    story.grow(100)
    story.prune(256)
    report, text = told(story.export(), tmp_path)
    assert report.verified, text
    assert "says `origins`; the entry that said so was pruned" in text


# --- Time stamps ------------------------------------------------------------------------------------------------------------


def test_time_stamps_are_of_this_log_and_name_the_command_that_checks_the_rest(tmp_path: Path) -> None:
    story = Story(300)
    story.stamped = [100, 300]
    report, text = told(story.export(), tmp_path)
    assert report.verified, text
    assert "openssl ts -verify -data timestamps/300.note -in timestamps/300.tsr -CAfile" in text


OTHER = make_checkpoint(signer(), 100, bytes(32)).encode()
STAMPS_WRONG: dict[str, tuple[Change, str]] = {
    "another past": (
        lambda files: files.update({"timestamps/100.note": make_checkpoint(signer(), 100, bytes(32)).encode()}),
        "timestamps/100.note: is not what its time stamp is over",
    ),
    "another past, stamped": (
        lambda files: files.update({"timestamps/100.note": OTHER, "timestamps/100.tsr": sha512(OTHER).digest()}),
        "the first 100 entries: do not lead to the root of timestamps/100.note",
    ),
    "another key": (
        lambda files: files.update({"timestamps/100.note": make_checkpoint(signer(8), 100, bytes(32)).encode()}),
        "timestamps/100.note: a key that you trust",
    ),
    "another size": (
        lambda files: files.update(
            {"timestamps/9.note": files["timestamps/100.note"], "timestamps/9.tsr": files["timestamps/100.tsr"]}
        ),
        "timestamps/9.note: is not a checkpoint of this log's past",
    ),
    "another token": (lambda files: files.update({"timestamps/100.tsr": b""}), "timestamps/100.note: is not what"),
    "no token": (lambda files: files.pop("timestamps/100.tsr"), "timestamps/100.note: is missing"),
    "no note": (lambda files: files.pop("timestamps/100.note"), "timestamps/100.tsr: stamps a checkpoint that is not there"),
}


@pytest.mark.parametrize(("change", "said"), STAMPS_WRONG.values(), ids=STAMPS_WRONG)
def test_time_stamps_that_do_not_hold(change: Change, said: str, tmp_path: Path) -> None:
    story = Story(300)
    story.stamped = [100]
    report, text = told(story.export(), tmp_path, change)
    assert not report.verified
    assert said in text


def test_what_explains_an_archive_proves_nothing_and_that_is_said(tmp_path: Path) -> None:
    report, text = told(Story(3).export(), tmp_path, lambda files: files.update({"README.txt": b"All is well."}))
    assert report.verified
    assert "README.txt is no part of the log" in text


# --- Archives ---------------------------------------------------------------------------------------------------------------


def of_archive(content: bytes, trust: str, folder: Path) -> verify.Report:
    path = folder / "export.zip"
    path.write_bytes(content)
    return verify.verify(verify.Archive(str(path)), verify.read_trust(trust.encode()))


def test_an_archive_says_what_its_directory_says(tmp_path: Path) -> None:
    case = eventful().export()
    report, text = told(case, tmp_path)
    of_zip = of_archive(zipped(dict(case.files)), case.trust, tmp_path)
    assert "".join(verify.as_text(of_zip)) == text
    assert verdicts(of_zip) == verdicts(report)


def test_archives_that_are_not_what_they_seem(tmp_path: Path) -> None:
    case = Story(3).export()
    files = dict(case.files)
    bundle = "tile/entries/000.p/3"
    bomb = of_archive(zipped({**files, bundle: bytes(1 << 24)}), case.trust, tmp_path)
    assert ("tile/entries/000.p/3", "is larger than it can be") in bomb.findings
    for path in ("/etc/passwd", "../up", "C:\\up", "a\\b"):
        assert not of_archive(zipped({**files, path: b""}), case.trust, tmp_path).verified
    with pytest.warns(UserWarning, match="Duplicate"):
        twice = zipped_twice(files, bundle)
    assert (bundle, "stands in the archive more than once") in of_archive(twice, case.trust, tmp_path).findings
    whole = zipped(files)
    damaged = bytearray(whole)
    damaged[whole.index(bundle.encode()) + 40] ^= 1
    assert (bundle, "cannot be read") in of_archive(bytes(damaged), case.trust, tmp_path).findings
    with pytest.raises(verify.WrongQuestion):
        of_archive(b"PK", case.trust, tmp_path)


def zipped_twice(files: Files, path: str) -> bytes:
    held = BytesIO(zipped(files))
    with ZipFile(held, "a") as archive:
        archive.writestr(path, files[path])
    return held.getvalue()
