# SPDX-License-Identifier: Apache-2.0
"""Counting at the slot, on what an eye would have seen: a reach counts once, a body is no ballot, what is told at once is what is told picture by picture."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.core.instant import Instant
from kua.tally.drops import APART, RAW, SENT, Drops, Event, Moment, Tuned, chosen, event_of, interval
from kua.tally.eye import Seen
from kua.tally.profile import PARTS
from kua.tally.reach import SPANS, Filter, averages, peaks

EVERY = 125
"""Milliseconds between two pictures."""
NOTHING = (0.0,) * len(SPANS)
LOOKS = Filter(-4.0, ((0.0, 0.0, -6.0, 16.0, -6.0, 0.0, 0.0), *[NOTHING] * (PARTS - 1)))
"""Something in the middle, and less of it before and after."""
RESTS = Filter(-32.0, ((0.0, -6.0, 12.0, 12.0, 12.0, -6.0, 0.0), *[NOTHING] * (PARTS - 1)))
"""Something for more than two seconds."""
TUNED = replace(RAW, drop=LOOKS, pack=RESTS, likely=0.5, packed=0.6, body=0.8, lost=0.85)
REACH = (0.2, 0.8, 1.0, 1.0, 1.0, 1.0, 0.8, 0.2)


def seen(at: int, *, front: float = 0.1, filled: float = 0.0) -> Seen:
    return Seen(Instant(at), 0.1, 0.1, 0.3, 0.1, 0.1, 1.0, 0.0, front, filled, 0.0)


def counted(shares: list[float], tuned: Tuned = TUNED, blind: range = range(0)) -> list[Event]:
    drops = Drops(tuned)
    events = []
    for number, share in enumerate(shares):
        profile = np.full(PARTS, share, dtype=np.float32)
        events += drops.step(seen(EVERY * number, front=0.95 if number in blind else 0.1), profile)
    return events + drops.close()


def put_in(events: list[Event]) -> list[Event]:
    return [event for event in events if event.kind in ("drop", "pack")]


def test_a_hand_at_the_slot_counts_once() -> None:
    (drop,) = counted([0.0] * 40 + list(REACH) + [0.0] * 40)
    assert (drop.kind, drop.n) == ("drop", 1)
    assert abs((drop.t0 + drop.t1) / 2 - 43.5 * EVERY) <= 2 * EVERY


@given(st.integers(1, 8), st.integers(12, 30))
def test_reaches_with_a_free_slot_between_them_are_as_many_ballots(times: int, free: int) -> None:
    shares = [0.0] * 30
    for _ in range(times):
        shares += [*REACH, *[0.0] * free]
    assert [event.kind for event in counted(shares + [0.0] * 30)] == ["drop"] * times


def test_a_hand_that_rests_longer_is_a_pack_and_no_ballot_beside_it() -> None:
    assert [event.kind for event in counted([0.0] * 40 + [1.0] * 18 + [0.0] * 40)] == ["pack"]


def test_a_hand_that_is_there_all_the_time_is_no_ballot() -> None:
    assert not put_in(counted([0.0] * 40 + [1.0] * 120 + [0.0] * 40)[1:-1])


def test_a_body_before_the_lid_is_blindness_and_no_ballot() -> None:
    shares = [0.0] * 40 + list(REACH) + [0.0] * 40
    events = counted(shares, blind=range(36, 52))
    assert [(event.kind, event.t0, event.t1) for event in events] == [("blind", 36 * EVERY, 51 * EVERY)]


def test_a_slot_that_is_filled_is_blindness() -> None:
    drops = Drops(TUNED)
    events = []
    for number in range(60):
        events += drops.step(seen(EVERY * number, filled=0.95 if 20 <= number < 30 else 0.0), np.zeros(PARTS, np.float32))
    assert [event.kind for event in events + drops.close()] == ["blind"]
    assert drops.blind_ms == 10 * EVERY
    assert drops.watched_ms == 59 * EVERY


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=150), st.sampled_from([RAW, SENT, TUNED]))
def test_events_are_in_order_within_the_film_and_never_overlap(shares: list[float], tuned: Tuned) -> None:
    events = put_in(counted(shares, tuned))
    assert all(0 <= event.t0 <= event.t1 <= EVERY * (len(shares) - 1) and 0 <= event.confidence <= 1 for event in events)
    assert all(before.t1 <= after.t0 for before, after in pairwise(events))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=150), st.lists(st.integers(0, 149), max_size=20))
def test_what_is_told_picture_by_picture_is_what_the_whole_film_tells(shares: list[float], dark: list[int]) -> None:
    """Only what lies within seven seconds is kept, and nothing is told before it is sure."""
    drops, events = Drops(TUNED), []
    for number, share in enumerate(shares):
        events += drops.step(seen(EVERY * number, front=0.95 if number in dark else 0.1), np.full(PARTS, share, np.float32))
    events += drops.close()
    times = [Instant(EVERY * number) for number in range(len(shares))]
    profiles = [np.full(PARTS, share, np.float32) for share in shares]
    numbers = [averages(times, profiles, at) for at in times]
    moments = [Moment(at, LOOKS.says(one), RESTS.says(one), at // EVERY in dark) for at, one in zip(times, numbers, strict=True)]
    assert put_in(events) == [event_of(kind, moment, times[0], times[-1]) for moment, kind in chosen(moments, TUNED)]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=100), st.floats(0.1, 0.9))
def test_of_what_lies_close_together_only_the_likeliest_is_told(likely: list[float], least: float) -> None:
    times = [Instant(EVERY * number) for number in range(len(likely))]
    found = peaks(times, likely, least, APART)
    assert all(times[after] - times[before] > APART for before, after in pairwise(found))
    assert all(likely[number] >= least for number in found)
    if max(likely) >= least:
        assert likely.index(max(likely)) in found


@given(st.integers(0, 60), st.floats(0, 0.9))
def test_the_interval_holds_the_count_and_widens_with_blindness(count: int, blind: float) -> None:
    events = [Event("drop", Instant(0), Instant(1), 1, 0.9)] * count
    lo, hi = interval(events, blind, SENT.rates)
    assert 0 <= lo <= count <= hi
    assert interval(events, min(0.95, blind + 0.05), SENT.rates)[1] >= hi
