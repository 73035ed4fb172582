"""What changes, and what a clause says, in sentences."""

from __future__ import annotations

from hub.consent.diff import diff
from hub.consent.explain_entry import _OPERATIONS
from hub.console.officer import words
from hub.domain.territory import PartyKind
from hub.policies import telling
from hub.policies.telling import change_texts, clause_text
from tests.fakes.agreements import agreement_of, changed, shipped

OPERATIONS = ("policy-found", "policy-lay", "policy-propose", "policy-advise", "policy-activate")
OPERATIONS += ("agreement-sign", "agreement-suspend", "agreement-resume", "agreement-end", "signatory-add", "signatory-close")


def test_what_passes_more_is_told_once_for_all_who_get_it() -> None:
    policy, after = shipped(), changed(shipped(), version="2", adds="geslacht")
    (text,) = change_texts(diff(policy, after), policy, after)
    assert (text.more, text.less, text.special, text.widens) == (("geslacht",), (), (), True)
    assert "Dienst Uitvoering Onderwijs → Doorstroompunt Lindemark" in text.ways
    assert len(text.ways) == 3
    assert "leeftijd: 18 tot en met 22" in text.about
    assert all(not each.startswith("BSN") for each in text.about)
    assert text.days == ("vanaf 1 januari 2026 tot 6 oktober 2028",)


def test_what_widens_comes_first_and_nothing_is_left_out() -> None:
    policy = shipped()
    after = changed(policy, version="2", adds="geslacht", without="datum_diploma")
    found = diff(policy, after)
    texts = change_texts(found, policy, after)
    assert [text.widens for text in texts] == sorted((text.widens for text in texts), reverse=True)
    ways = {way for text in texts for way in text.ways}
    assert len(ways) == len({change.way for change in found.changes})
    assert change_texts(diff(policy, policy), policy, policy) == ()


def test_a_clause_says_who_gives_what_to_whom_and_why() -> None:
    policy = shipped()
    permit = clause_text(policy, agreement_of(policy).clauses[0])
    assert permit.what.startswith("DUO geeft aan een doorstroompunt: Uitvalmelding, over jongeren van 18 tot en met 26 jaar.")
    assert ("geslachtsnaam", "Zonder naam kan niemand worden aangesproken.") in permit.fields
    assert permit.bases[0].startswith("Wet register onderwijsdeelnemers, artikel 21, eerste lid")
    assert permit.informs.startswith("Een doorstroompunt doet dit.")
    forbid = clause_text(policy, agreement_of(policy, "doorstroompunt-werk-en-inkomen/1").clauses[1])
    assert not forbid.permits
    assert "BRIN van de school" in forbid.withheld


def test_every_kind_of_party_has_its_words() -> None:
    assert set(telling.KINDS) == set(PartyKind)


def test_every_act_has_its_sentence_and_its_label() -> None:
    assert set(OPERATIONS) <= set(_OPERATIONS)
    assert all(words.operation(each) != each for each in OPERATIONS)
