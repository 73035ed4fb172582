"""What the log shows in use: counts per clause and element, and what is proposed for the rest."""

from __future__ import annotations

from datetime import date

from hub.consent.model import PolicySet
from hub.consent.usage import Tally, Usage, usage

CLAUSE = "duo-doorstroompunt/1/uitval"
SINCE, UNTIL = date(2026, 1, 1), date(2027, 1, 1)


def _usage(policy: PolicySet, tally: Tally, since: date = SINCE) -> Usage:
    return usage(policy, tally, since, UNTIL).of("duo-doorstroompunt/1")


def test_a_clause_that_let_nothing_pass_is_proposed_to_lapse(policy: PolicySet):
    (one,) = (each for each in _usage(policy, Tally()).unneeded if each.clause == CLAUSE)
    assert (one.element, one.whole, one.carried) == (None, True, True)
    assert "vervallen in een nieuwe versie van duo-doorstroompunt/1" in one.proposal_nl


def test_a_field_in_whatever_form_counts_as_used(policy: PolicySet):
    tally = Tally()
    tally.add(CLAUSE, ["bsn", "geboortedatum:banded"])
    tally.add("opgeheven/1/iets", ["bsn"])
    found = _usage(policy, tally)
    unused = {one.element: one for one in found.unneeded if one.clause == CLAUSE}
    assert {"bsn", "geboortedatum"}.isdisjoint(unused)
    assert "onderwijsnummer ging nooit mee" in unused["onderwijsnummer"].proposal_nl
    assert (found.disclosures, found.others, dict(found.clauses)[CLAUSE]) == (2, 1, 1)


def test_what_began_within_the_span_is_not_judged_yet(policy: PolicySet):
    found = _usage(policy, Tally(), date(2025, 7, 1))
    (one,) = (each for each in found.unneeded if each.clause == CLAUSE)
    assert (one.since, one.whole) == (date(2026, 1, 1), False)
    assert "kijk opnieuw op 2027-01-01" in one.proposal_nl


def test_what_the_hub_does_not_carry_its_log_cannot_judge(policy: PolicySet):
    found = usage(policy, Tally(), SINCE, UNTIL)
    (one,) = (each for each in found.unneeded if each.clause == "nazorg-mbo/1/gemeente-mbo")
    assert not one.carried
    assert "vervoert nazorgstand niet zelf" in one.proposal_nl


def test_agreements_of_another_time_are_left_out(policy: PolicySet):
    then = usage(policy, Tally(), date(2010, 1, 1), date(2011, 1, 1))
    assert (then.clauses, then.unneeded) == ((), ())


def test_as_data_it_says_the_same(policy: PolicySet):
    told = _usage(policy, Tally()).plain()
    assert {one["clause"] for one in told["unneeded"]} == {one["clause"] for one in told["clauses"]}
    assert told["disclosures"] == 0
