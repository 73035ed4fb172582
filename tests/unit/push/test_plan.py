"""What follows from a page that was not confirmed: who is to blame, when it is tried again, when it is given up."""

from __future__ import annotations

from uuid import UUID

import pytest

from hub.deliver.lease.model import Health, Leased
from hub.domain.stages import Held
from hub.domain.terms import Micros, PartyId, ReasonCode, RecordKind
from hub.push.plan import MOST_STRIKES, TOO_LONG, Failure, Pace, after_failure

SECOND = 1_000_000
NOW = Micros(1_793_620_800 * SECOND)
CAUSE = ReasonCode("ONTVANGER_FOUT")
PACE = Pace()
APART = (Failure.unclear, Failure.rejected)


def one(number: int = 1, *, attempts: int = 0, failed: int | None = None, strikes: int = 0) -> Leased:
    held = Held(UUID(int=number), PartyId("duo"), RecordKind("uitvalmelding"), b"t", b"s", b"n", b"d", attempts, None)
    return Leased(held, False, NOW, None if failed is None else Micros(failed), strikes)


def health(failures: int = 0, succeeded: int | None = None, failed: int | None = None) -> Health:
    moments = (None if us is None else Micros(us) for us in (succeeded, failed))
    return Health(False, failures, Micros(0), *moments)


WELL_SINCE = health(succeeded=NOW - 10, failed=NOW - 20)


# -- pauses


@pytest.mark.parametrize("times", [0, 1, 2, 5, 9, 30, 10_000])
@pytest.mark.parametrize("luck", [0.0, 0.5, 0.999])
def test_a_pause_is_half_certain_half_luck_and_never_longer_than_the_longest(times: int, luck: float) -> None:
    whole = min(300.0, 2.0 ** min(max(times, 1) - 1, 30))
    assert PACE.pause(times, luck) == int(SECOND * whole * (0.5 + 0.5 * luck))


def test_a_pause_that_was_asked_for_is_kept_to_the_second() -> None:
    assert PACE.pause(1, 1.0, at_least_s=700) == 700 * SECOND
    assert PACE.pause(20, 0.0, at_least_s=7) == 150 * SECOND


# -- an ill system


@pytest.mark.parametrize("failure", [Failure.unreached, Failure.unclear, Failure.barred])
@pytest.mark.parametrize("size", [1, 3])
def test_while_nothing_else_is_confirmed_the_system_waits_and_nothing_is_given_up(failure: Failure, size: int) -> None:
    for failures in (0, 1, 50, 100_000):
        page = [one(number, attempts=100_000, failed=NOW - 30) for number in range(size)]
        plan = after_failure(failure, CAUSE, page, health(failures, NOW - 40, NOW - 30), NOW, 0.5, PACE)
        assert not plan.dead
        assert plan.closed_until is not None
        assert {back.delivery_id for back in plan.back} == {each.held.delivery_id for each in page}
        assert {back.due_us for back in plan.back} == {plan.closed_until}
        assert {back.alone for back in plan.back} == {failure in APART}
        assert {back.strikes or 0 for back in plan.back} == {0}


def test_a_system_that_bars_the_hub_is_left_alone_for_longer() -> None:
    plan = after_failure(Failure.barred, CAUSE, [one()], health(), NOW, 0.0, PACE)
    assert plan.closed_until == NOW + 30 * SECOND


def test_a_pause_that_a_system_asks_for_is_given() -> None:
    plan = after_failure(Failure.unreached, CAUSE, [one()], health(), NOW, 0.0, PACE, asked_s=120)
    assert plan.closed_until == plan.back[0].due_us == NOW + 120 * SECOND


def test_each_failure_in_a_row_doubles_the_pause() -> None:
    closed = [
        after_failure(Failure.unclear, CAUSE, [one()], health(failures), NOW, 1.0, PACE).closed_until for failures in range(11)
    ]
    assert [(until or 0) - NOW for until in closed] == [min(2**times, 300) * SECOND for times in range(11)]


def test_the_moment_of_the_first_failure_is_kept() -> None:
    plan = after_failure(Failure.unclear, CAUSE, [one(1), one(2, failed=NOW - 5)], health(), NOW, 0.5, PACE)
    assert [back.failed_us for back in plan.back] == [NOW, NOW - 5]


# -- a page that is not accepted


def test_a_page_that_is_not_accepted_goes_one_by_one_at_once() -> None:
    plan = after_failure(Failure.rejected, CAUSE, [one(1), one(2)], health(), NOW, 0.5, PACE)
    assert plan.closed_until is None
    assert [(back.due_us, back.alone) for back in plan.back] == [(NOW, True)] * 2


# -- a delivery that is to blame


def test_one_that_fails_for_the_first_time_is_not_to_blame() -> None:
    for failure in APART:
        plan = after_failure(failure, CAUSE, [one()], WELL_SINCE, NOW, 0.5, PACE)
        assert plan.closed_until is not None
        assert not plan.dead


def test_one_that_fails_again_while_others_are_confirmed_waits_by_itself() -> None:
    plan = after_failure(Failure.unclear, CAUSE, [one(failed=NOW - 30, strikes=2)], WELL_SINCE, NOW, 1.0, PACE)
    assert plan.closed_until is None
    assert [(back.due_us, back.alone, back.strikes) for back in plan.back] == [(NOW + 4 * SECOND, True, 3)]


def test_only_what_was_confirmed_after_the_last_failure_of_all_shows_that_the_system_is_well() -> None:
    for before in (health(), health(succeeded=NOW - 40), health(succeeded=NOW - 10, failed=NOW - 5)):
        plan = after_failure(Failure.unclear, CAUSE, [one(failed=NOW - 30)], before, NOW, 0.5, PACE)
        assert plan.closed_until is not None


def test_it_is_given_up_after_so_many_times_of_its_own_doing_and_not_before() -> None:
    last = one(failed=NOW - 30, strikes=MOST_STRIKES - 1)
    assert after_failure(Failure.unclear, CAUSE, [last], WELL_SINCE, NOW, 0.5, PACE).dead == {last.held.delivery_id: CAUSE}
    earlier = one(failed=NOW - 30, strikes=MOST_STRIKES - 2, attempts=100_000)
    assert not after_failure(Failure.unclear, CAUSE, [earlier], WELL_SINCE, NOW, 0.5, PACE).dead


def test_it_is_given_up_at_once_where_the_system_says_no_to_it_alone() -> None:
    bad = one(failed=NOW - 30)
    assert after_failure(Failure.rejected, CAUSE, [bad], WELL_SINCE, NOW, 0.5, PACE).dead == {bad.held.delivery_id: CAUSE}


def test_where_nothing_else_is_accepted_a_no_counts_many_times() -> None:
    assert after_failure(Failure.rejected, CAUSE, [one()], health(), NOW, 0.5, PACE).back[0].strikes == 1
    last = one(failed=NOW - 30, strikes=MOST_STRIKES - 1)
    plan = after_failure(Failure.rejected, CAUSE, [last], health(), NOW, 0.5, PACE)
    assert plan.dead == {last.held.delivery_id: TOO_LONG}
    assert plan.closed_until is not None


@pytest.mark.parametrize("failure", [Failure.unreached, Failure.barred])
def test_one_that_did_not_arrive_is_not_to_blame(failure: Failure) -> None:
    bad = one(failed=NOW - 30, strikes=MOST_STRIKES)
    plan = after_failure(failure, CAUSE, [bad], WELL_SINCE, NOW, 0.5, PACE)
    assert not plan.dead
    assert plan.back[0].strikes is None
