# SPDX-License-Identifier: Apache-2.0
"""What is decided about a camera's stream: whether it decodes at all, what its clock shows, and which reason of a hole is stated when."""

from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import Instant, Millis
from kua.flow.account import LIVE_GAP, Account
from kua.flow.camera_clock import LONG, WINDOW, CameraClock
from kua.flow.keyframes import LEAST, MOST, TIMES, Keyframes

OPEN = Instant(1_800_000_000_000)


@given(st.integers(100, 40_000))
def test_packets_without_a_picture_are_fatal_after_three_times_the_distance_of_key_pictures(distance: int) -> None:
    watched = Keyframes()
    now = 0
    for _ in range(3):  # pictures come, and teach the distance
        assert not watched.packet(Millis(now), key=True)
        watched.picture(Millis(now))
        now += distance
    limit = min(MOST, max(LEAST, TIMES * distance))
    assert watched.limit == limit
    last = now - distance
    assert not watched.packet(Millis(last + limit - 1), key=False)
    assert watched.packet(Millis(last + limit), key=False)
    assert watched.barren
    assert not watched.packet(Millis(last + 2 * limit - 1), key=False)
    assert watched.packet(Millis(last + 2 * limit), key=False)  # and again, so that the camera is opened anew once more


def test_one_picture_ends_it_and_is_news_once() -> None:
    watched = Keyframes()
    watched.packet(Millis(0), key=False)
    assert watched.packet(Millis(LEAST), key=False)
    assert watched.picture(Millis(LEAST + 1))
    assert not watched.picture(Millis(LEAST + 2))
    assert not watched.barren


@given(st.integers(-(10**8), 10**8), st.lists(st.integers(0, 3_000), min_size=20, max_size=60))
def test_the_least_delayed_picture_tells_the_cameras_clock(ahead: int, delays: list[int]) -> None:
    clock = CameraClock()
    for number, delay in enumerate(delays):
        shot = OPEN + number * 100
        clock.observe(Instant(shot + ahead), Instant(shot + delay))
    assert clock.offset is not None
    assert ahead - 3_000 <= clock.offset <= ahead
    assert clock.offset == ahead - min(delays)


@given(st.integers(-300, 300))
def test_drift_is_told_after_ten_minutes_and_not_before(ppm: int) -> None:
    clock = CameraClock()
    for second in range((LONG + 2 * WINDOW) // 1000):
        passed = second * 1000
        assert second * 1000 >= LONG or clock.drift_ppm == 0
        clock.observe(Instant(OPEN + passed + passed * ppm // 1_000_000), Instant(OPEN + passed))
    assert abs(clock.drift_ppm - ppm) <= 5


def test_a_clock_that_was_set_is_learned_anew() -> None:
    clock = CameraClock()
    clock.observe(Instant(OPEN + 5_000), OPEN)
    clock.forget()
    assert clock.offset is None
    clock.observe(Instant(OPEN - 5_000), OPEN)
    assert clock.offset == -5_000


def test_a_camera_that_refuses_from_the_beginning_is_not_called_starting_all_day() -> None:
    account = Account()
    account.open(OPEN, ["a"])
    account.interrupted("a", "camera_refused")
    (hole,) = account.lasting(Instant(OPEN + LIVE_GAP + 1))
    assert hole.reason == "camera_refused"


def test_a_hole_whose_cause_changes_says_so_in_its_next_part() -> None:
    account = Account()
    account.open(OPEN, ["a"])
    account.segment("a", OPEN, Instant(OPEN + 4_000))
    account.interrupted("a", "camera_lost")
    account.interrupted("a", "camera_refused")
    first = account.lasting(Instant(OPEN + 100_000))
    second = account.lasting(Instant(OPEN + 200_000))
    place = account.segment("a", Instant(OPEN + 300_000), Instant(OPEN + 304_000))
    assert [hole.reason for hole in (*first, *second, place.before) if hole is not None] == [
        "camera_lost",
        "camera_refused",
        "camera_refused",
    ]


def test_a_short_hole_keeps_its_first_reason() -> None:
    account = Account()
    account.open(OPEN, ["a"])
    account.segment("a", OPEN, Instant(OPEN + 4_000))
    account.interrupted("a", "camera_lost")
    account.interrupted("a", "restart")
    place = account.segment("a", Instant(OPEN + 10_000), Instant(OPEN + 14_000))
    assert place.before is not None
    assert place.before.reason == "camera_lost"
