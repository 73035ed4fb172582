"""The account at the end of the demo: a figure that is off by one, anywhere, is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from hub.insight.store import Disclosures, Figures, Rows
from ops.demo.people import generate
from ops.demo.summary import Expected, as_json, as_text, disagreements, kinds, logged
from ops.demo.voices import COACH

DSP, WERK, HELD = "doorstroompunt-lindemark", "werk-en-inkomen-aldermeer", "werk-en-inkomen-wolfslo"
FIGURES = Figures(
    rows=Rows(10, 7, 2, 1),
    disclosures=Disclosures(17, 9, 2, 0, 0, 6),
    recipients={
        DSP: Disclosures(7, 5, 0, 0, 0, 2),
        WERK: Disclosures(4, 2, 0, 0, 0, 2),
        HELD: Disclosures(3, 0, 2, 0, 0, 1),
        COACH: Disclosures(3, 2, 0, 0, 0, 1),
    },
    refusals={"NOG_LEERPLICHTIG": 4, "OVERLEDEN": 2},
    quarantine={"BSN_ONGELDIG": 2},
    log_size=40,
)
EXPECTED = Expected(rows=10, quarantined=2, duplicate=1, refused_by_doorstroompunten=2, named=3, kept_from_coach=1)
RECEIVED = {DSP: 5, WERK: 2, COACH: 2}
VERDICT = {
    "totals": [
        {"kind": kind, "recipient": recipient, "purpose": purpose, "count": count}
        for kind, recipient, purpose, count in (
            ("disclosure", DSP, "een", 4),
            ("disclosure", DSP, "ander", 1),
            ("disclosure", WERK, "een", 2),
            ("disclosure", HELD, "een", 2),
            ("refusal", DSP, "een", 2),
            ("refusal", WERK, "een", 2),
            ("refusal", HELD, "een", 1),
            ("disclosure", COACH, "een", 2),
            ("refusal", COACH, "een", 1),
            ("outcome", DSP, "een", 14),
            ("configuration", "-", "hub-beheer", 12),
        )
    ]
}
LOGGED = logged(VERDICT)


def test_an_account_that_adds_up_says_nothing() -> None:
    assert list(disagreements(FIGURES, EXPECTED, RECEIVED, LOGGED)) == []


@pytest.mark.parametrize(
    "name", ["rows", "quarantined", "duplicate", "refused_by_doorstroompunten", "named", "kept_from_coach"]
)
def test_what_was_put_in_must_come_out(name: str) -> None:
    other = replace(EXPECTED, **{name: getattr(EXPECTED, name) + 1})
    assert len(list(disagreements(FIGURES, other, RECEIVED, LOGGED))) == 1


@pytest.mark.parametrize("received", [{**RECEIVED, DSP: 4}, {DSP: 5, COACH: 2}, {**RECEIVED, HELD: 1}])
def test_recipients_must_have_counted_the_same(received: dict[str, int]) -> None:
    assert len(list(disagreements(FIGURES, EXPECTED, received, LOGGED))) == 1


@pytest.mark.parametrize("entry", [("disclosure", DSP), ("refusal", HELD), ("disclosure", "een-vreemde")])
def test_the_log_must_have_counted_the_same(entry: tuple[str, str]) -> None:
    other = {**LOGGED, entry: LOGGED.get(entry, 0) + 1}
    assert len(list(disagreements(FIGURES, EXPECTED, RECEIVED, other))) == 1


@pytest.mark.parametrize(
    "figures",
    [
        replace(FIGURES, rows=Rows(10, 7, 2, 2)),
        replace(FIGURES, disclosures=Disclosures(17, 8, 2, 0, 0, 6)),
        replace(FIGURES, disclosures=Disclosures(18, 10, 2, 0, 0, 6)),
        replace(FIGURES, refusals={"NOG_LEERPLICHTIG": 4}),
        replace(FIGURES, quarantine={}),
    ],
)
def test_parts_must_make_the_whole(figures: Figures) -> None:
    assert list(disagreements(figures, EXPECTED, RECEIVED, LOGGED))


def test_the_expected_come_from_the_list_and_the_messages() -> None:
    made = generate(1000, 3, date(2026, 9, 1))
    school = {"accepted": 4, "duplicate": 1, "under_age": 1, "named": 2, "kept_from_coach": 1}
    expected = Expected.of(made, school)
    assert expected.rows == 1005
    assert expected.quarantined == made.unreadable + made.expected["gemeente_onbekend"]
    assert expected.duplicate >= made.expected["dubbel"] + 1
    assert expected.refused_by_doorstroompunten > made.expected["onder_18"]


def test_the_text_tells_each_reason_in_the_words_of_the_policy() -> None:
    seen = {"witness": "doorstroompunt-lindemark", "receipts": 1234, "forgotten": 2}
    told = {"size": 40, "verdict": "verified", "kinds": kinds(LOGGED), **seen}
    text = "\n".join(as_text(as_json(FIGURES, told, 1.0)))
    assert "doorstroompunt-lindemark held 1,234 receipts" in text
    assert "2 entries were theirs" in text
    assert "10 = 7 accepted + 2 quarantined + 1 duplicate" in text
    assert "17 = 9 delivered + 2 held + 0 failed + 0 stopped + 6 refused" in text
    assert "40 = 11 disclosure + 6 refusal + 14 outcome + 12 configuration" in text
    for code in (*FIGURES.refusals, *FIGURES.quarantine):
        assert f"{code}: " in text
        assert f"{code}: \n" not in text
