# SPDX-License-Identifier: Apache-2.0
"""Back-off and watchdog: bounds that hold for any history."""

from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import Millis
from kua.flow.backoff import BASE, CEILING, HEALTHY, Backoff
from kua.flow.watchdog import Watchdog

shares = st.floats(0, 1, exclude_max=True)


@given(st.lists(shares, min_size=1, max_size=40))
def test_waits_grow_from_a_second_to_a_minute_and_never_beyond(drawn: list[float]) -> None:
    backoff = Backoff()
    for number, share in enumerate(drawn):
        wait = backoff.failed(Millis(0), share)
        assert 0 <= wait <= min(CEILING, BASE * 2**number)


@given(st.integers(1, 20), shares)
def test_a_minute_of_health_begins_anew_and_less_does_not(failures: int, share: float) -> None:
    for lasted, limit in ((HEALTHY, BASE), (HEALTHY - 1, min(CEILING, BASE * 2**failures))):
        backoff = Backoff()
        for _ in range(failures):
            backoff.failed(Millis(0), 0.5)
        backoff.worked(Millis(1_000))
        assert backoff.failed(Millis(1_000 + lasted), share) == int(share * limit)


@given(shares)
def test_a_refused_login_waits_half_a_minute_at_least(share: float) -> None:
    assert CEILING // 2 <= Backoff().failed(Millis(0), share, slow=True) <= CEILING


def test_two_stations_that_lost_the_same_centre_do_not_come_back_in_step() -> None:
    one, two = Backoff(), Backoff()
    assert one.failed(Millis(0), 0.1) != two.failed(Millis(0), 0.7)


@given(st.integers(0, 10**6), st.integers(1, 10**5), st.integers(0, 2 * 10**5))
def test_what_is_fed_is_not_starved_until_its_limit(fed: int, limit: int, later: int) -> None:
    dog = Watchdog(Millis(0), Millis(limit))
    dog.fed(Millis(fed))
    assert dog.is_starved(Millis(fed + later)) == (later >= limit)
    assert dog.left(Millis(fed + later)) == max(0, limit - later)
