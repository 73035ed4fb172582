"""What the administrator's pages work out by themselves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

import hub.connectors.duo_uitval
from hub.console import admin_mapping, admin_overview, admin_row
from hub.console.admin_health import Checkup, Health
from hub.console.admin_parts import people, sums, term, waits
from hub.console.words import Tone
from hub.domain.terms import Micros
from hub.errors import Misconfigured
from hub.health.findings import Finding, attention, ok, unknown, wrong
from hub.mend.deliveries import DROP_REASONS, HOLD_REASONS, DropReason, Due, HoldReason
from hub.normalise.mapping import compile_mapping

TEXT = (Path(hub.connectors.duo_uitval.__file__).parent / "mapping.yaml").read_text(encoding="utf-8")


class Clock:
    us = 1_000_000_000_000_000

    def now_us(self) -> Micros:
        return Micros(self.us)


def due(left: int) -> Due:
    return Due(date(2026, 11, 9), left, "Een afspraak", "artikel 1", "Binnen zeven dagen.")


@pytest.mark.parametrize(
    ("left", "words", "tone"),
    [
        (-2, "2 dagen te laat", Tone.error),
        (-1, "1 dag te laat", Tone.error),
        (0, "vandaag", Tone.warning),
        (1, "nog 1 dag", Tone.warning),
        (3, "nog 3 dagen", Tone.note),
    ],
)
def test_a_deadline_in_words(left: int, words: str, tone: Tone) -> None:
    found = term(due(left))
    assert found is not None
    assert (found.text, found.tone) == (words, tone)
    assert due(left).overdue == (left < 0)
    assert term(None) is None


def test_a_deadline_ends_with_its_day_in_amsterdam() -> None:
    assert due(0).until_us == 1_794_265_140_000_000  # 9 November 2026, 22:59 UTC


def test_counts_in_words() -> None:
    assert (people(1), people(1234)) == ("1 jongere", "1.234 jongeren")
    assert (waits(1), waits(2)) == ("wacht 1 bezorging", "wachten 2 bezorgingen")
    assert sums(4860, 90, 50) == "5.000 ontvangen = 4.860 aanvaard + 90 apart gezet + 50 dubbel"
    assert sums(1, 3, 1) == "5 ontvangen = 1 aanvaard + 3 apart gezet + 1 dubbel"


def test_every_reason_has_words() -> None:
    assert set(HOLD_REASONS) == set(HoldReason)
    assert set(DROP_REASONS) == set(DropReason)


def test_urgencies_sort_by_their_words() -> None:
    words = [badge.text for badge in admin_overview._ORDER]
    assert words == sorted(words, key=str.casefold)


def test_the_next_number_is_proposed_and_the_rest_stays() -> None:
    found = admin_mapping._next(TEXT)
    assert "mapping: duo-uitval/2\n" in found
    assert found.replace("duo-uitval/2", "duo-uitval/1") == TEXT
    assert admin_mapping._next("nothing") == "nothing"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("record: uitvalmelding", "record: [", "geen YAML"),
        ("verified: false", "verified: false\nverified: false", "verified staat er twee keer"),
        ("verified: false", "verified: &a false", ""),
        ("{as: pgn}", "{as: bsm}", "Kolom PERSOONSGEBONDENNUMMER: achter 'as' hoort een van 'text', "),
        ("{as: text, field: brin}", "{as: text}", "Kolom INSTELLINGSCODE: 'field' ontbreekt."),
        ("field: brin}", "field: brin, veld: brin}", "Kolom INSTELLINGSCODE: 'veld' hoort hier niet."),
        ("field: brin}", "field: brinn}", "geen veld brinn."),
        ("field: brin}", "field: straatnaam}", "vullen het veld straatnaam"),
        ("codes: geslacht}", "codes: geslachtt}", "Kolom GESLACHT: die codelijst"),
        ("columns:", "kolommen:", "Het deel 'columns' ontbreekt."),
        ("  GEBOORTEDATUM: {", "  # {", "Geen kolom vult het veld geboortedatum"),
        ('field: indicatie_geheim, "yes": [J', 'field: indicatie_geheim, "yes": [J, N', "Kolom INDICATIEGEHEIM: een woord"),
        ('field: indicatie_geheim, "yes": [J', 'field: indicatie_geheim, "yes": [J, yes', "tussen aanhalingstekens"),
    ],
)
def test_what_is_wrong_with_a_mapping_is_told_with_its_line(old: str, new: str, says: str) -> None:
    text = TEXT.replace(old, new)
    try:
        compile_mapping(text, Path("x") / "mapping.yaml")
    except Misconfigured as error:
        found = admin_mapping._wrong(error, text)
        assert says in found.dutch
        assert bool(found.dutch) != bool(found.english)
        assert found.quoted in text
    else:
        assert not says


def test_a_row_comes_apart_as_its_header_does_or_not_at_all() -> None:
    assert admin_row._pairs("A;B\r", '"x;y";2\n') == [("A", "x;y"), ("B", "2")]
    assert admin_row._pairs("A,B", "1,2,3") == []
    assert admin_row._pairs("A", "1") == []
    assert admin_row._pairs("", "") == []
    assert admin_row._pairs("A;B", '"' + "x" * 200_000) == []


async def test_health_is_looked_at_once_a_minute_or_when_asked() -> None:
    looked, clock = [0], Clock()

    async def examine() -> Sequence[Finding]:
        looked[0] += 1
        return [ok("log-kept")]

    checkup = Checkup(examine, clock)
    await checkup.recent()
    await checkup.recent()
    assert looked == [1]
    clock.us += 61_000_000
    await checkup.recent()
    await checkup.now()
    assert looked == [3]


def test_health_in_one_line() -> None:
    lines = [
        Health(found, 0).line
        for found in (
            [],
            [ok("log-kept")],
            [ok("log-kept"), unknown("vault-keys", cause="away")],
            [attention("work", "hub worker"), wrong("vault-keys")],
        )
    ]
    assert lines[0] == "De hub is niet bekeken."
    assert lines[1].startswith("De hub is gezond")
    assert lines[2] == "De hub werkt; 1 onderdeel vraagt aandacht."
    assert lines[3] == "Er is iets mis met de hub zelf: 1 onderdeel."
    assert Health([wrong("vault-keys")], 0).tone is Tone.error
