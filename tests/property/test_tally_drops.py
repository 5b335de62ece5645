# SPDX-License-Identifier: Apache-2.0
"""Counting at the slot, on what an eye would have seen: a pulse counts once, a body is no ballot, a lamp is none, two peaks are two."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kua.core.instant import Instant
from kua.tally.drops import RAW, SENT, Drops, Event, Tuned, interval
from kua.tally.eye import Seen

EVERY = 125
"""Milliseconds between two pictures."""
TUNED = replace(RAW, on=0.1, dip=0.4, deep=0.1, least=250, longest=4_500, body=0.8, lost=0.85)
REACH = (0.2, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.2)


def seen(at: int, hand: float, *, front: float = 0.1, light: float = 1.0, filled: float = 0.0) -> Seen:
    return Seen(Instant(at), hand, 0.1, 0.3, 0.1, 0.1, light, 0.0, hand, 0.0, front, filled, 0.0)


def counted(pictures: list[Seen], tuned: Tuned = TUNED) -> list[Event]:
    drops = Drops(tuned)
    events = [event for picture in pictures for event in drops.step(picture)]
    return events + drops.close()


def film(shares: list[float], **how: float) -> list[Seen]:
    return [seen(EVERY * number, share, **how) for number, share in enumerate(shares)]


def drops_of(events: list[Event]) -> list[Event]:
    return [event for event in events if event.kind == "drop"]


def test_a_hand_at_the_slot_counts_once() -> None:
    (drop,) = counted(film([0.0] * 8 + list(REACH) + [0.0] * 8))
    assert (drop.kind, drop.n) == ("drop", 1)
    # From where the hand first had most of its height to where it last had.
    assert drop.t0 == 9 * EVERY
    assert drop.t1 == 14 * EVERY


@given(st.integers(1, 12), st.integers(4, 30))
def test_reaches_with_a_free_slot_between_them_are_as_many_ballots(times: int, free: int) -> None:
    shares = [0.0] * free
    for _ in range(times):
        shares += [*REACH, *[0.0] * free]
    assert len(drops_of(counted(film(shares)))) == times


def test_two_peaks_without_a_free_slot_between_them_are_two_ballots() -> None:
    shares = [0.0] * 4 + list(REACH) + [0.15] * 3 + list(REACH) + [0.0] * 8
    first, second = drops_of(counted(film(shares)))
    assert first.t1 <= second.t0


def test_a_wobble_of_the_hand_is_no_second_ballot() -> None:
    shares = [0.0] * 4 + [0.3, 0.5, 0.42, 0.5, 0.4, 0.5, 0.2] + [0.0] * 8
    assert len(drops_of(counted(film(shares)))) == 1


def test_a_body_before_the_lid_is_blindness_and_no_ballot() -> None:
    pictures = film([0.0] * 4) + [seen(4 * EVERY + EVERY * n, 1.0, front=0.95) for n in range(20)] + film([0.0] * 40)[24:]
    events = counted(pictures)
    assert [event.kind for event in events] == ["blind"]
    drops = Drops(TUNED)
    for picture in pictures:
        drops.step(picture)
    assert drops.blind_ms == 20 * EVERY


def test_a_slot_that_is_filled_is_blindness() -> None:
    assert [event.kind for event in counted([seen(EVERY * n, 0.0, filled=0.95 if 5 <= n < 15 else 0.0) for n in range(30)])] == ["blind"]


def test_a_lamp_that_is_switched_is_no_ballot() -> None:
    pictures = [seen(EVERY * n, 0.4 if 8 <= n < 16 else 0.0, light=1.0 if n < 9 else 1.3) for n in range(30)]
    assert len(drops_of(counted(pictures[:9] + [replace(one, slot=0.0, hand=0.0) for one in pictures[9:]]))) == 0


def test_a_hand_that_rests_on_the_box_is_no_ballot() -> None:
    assert not drops_of(counted(film([0.0] * 4 + [0.5] * 80 + [0.0] * 8)))


@settings(max_examples=60)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=120), st.sampled_from([RAW, SENT, TUNED]))
def test_events_are_in_order_within_the_film_and_never_overlap(shares: list[float], tuned: Tuned) -> None:
    events = drops_of(counted(film(shares), tuned))
    last = 0
    for event in events:
        assert last <= event.t0 <= event.t1 <= EVERY * len(shares)
        assert 0 < event.confidence <= 1
        last = event.t1


@given(st.lists(st.floats(0, 1), min_size=1, max_size=80))
def test_the_same_pictures_give_the_same_events(shares: list[float]) -> None:
    assert counted(film(shares)) == counted(film(shares))


@given(st.integers(0, 60), st.floats(0, 0.9))
def test_the_interval_holds_the_count_and_widens_with_blindness(count: int, blind: float) -> None:
    events = [Event("drop", Instant(0), Instant(1), 1, 0.9)] * count
    lo, hi = interval(events, blind, SENT.rates)
    assert 0 <= lo <= count <= hi
    assert interval(events, min(0.95, blind + 0.05), SENT.rates)[1] >= hi
