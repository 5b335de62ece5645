# SPDX-License-Identifier: Apache-2.0
"""Capture time: the least delayed packet wins, corrections are slow, and time never goes back."""

from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import Instant, Millis
from kua.flow.anchor import ADRIFT, SLEW_PPM, STEP, Anchor, ClockWatch, MediaLine, Micros

START = 1_800_000_000_000


def run(anchor: Anchor, delays: list[int], *, period: int = 100, ppm: int = 0, start: int = START) -> list[int]:
    """Feed packets of a camera whose clock is off by `ppm`; return capture times of those after the warm-up."""
    times = []
    for number, delay in enumerate(delays):
        media = Micros(number * period * 1000 + number * period * ppm // 1000)
        anchor.observe(media, Instant(start + number * period + delay))
        if anchor.is_settled:
            times.append(anchor.at(media))
    return times


@given(st.lists(st.integers(0, 400), min_size=12, max_size=300))
def test_times_are_at_most_as_late_as_the_least_delayed_packet_of_the_warm_up(delays: list[int]) -> None:
    anchor = Anchor()
    times = run(anchor, delays)
    if times:
        first = len(delays) - len(times)
        assert times[0] - (START + first * 100) <= min(delays[: first + 1]) + 1


@given(st.lists(st.integers(0, 3_000), min_size=12, max_size=300))
def test_time_moves_forward_with_media_and_is_slewed_by_at_most_500_ppm(delays: list[int]) -> None:
    times = run(Anchor(), delays)
    for one, two in zip(times, times[1:], strict=False):
        assert abs(two - one - 100) <= 100 * SLEW_PPM / 1e6 + 1


def test_a_burst_of_old_packets_is_dated_back_to_when_it_was_captured() -> None:
    anchor = Anchor()
    for number in range(20):
        anchor.observe(Micros(number * 100_000), Instant(START))
    for number in range(20, 31):
        anchor.observe(Micros(number * 100_000), Instant(START + (number - 19) * 100))
    assert anchor.at(Micros(0)) == START - 1_900


def test_a_day_of_a_camera_that_runs_40_ppm_fast_ends_within_a_frame_of_the_wall() -> None:
    anchor = Anchor()
    media = Micros(0)
    for number in range(24 * 3600 // 10):
        media = Micros(number * 10_000_000 + number * 10 * 40)
        anchor.observe(media, Instant(START + number * 10_000))
        assert not anchor.has_stepped
    wall = START + (24 * 3600 // 10 - 1) * 10_000
    assert abs(anchor.at(media) - wall) < 50


def test_a_camera_that_drifts_beyond_slewing_closes_the_run() -> None:
    anchor = Anchor()
    for number in range(4_000):
        anchor.observe(Micros(number * 1_000_000 + number * 3_000), Instant(START + number * 1_000))
        if anchor.has_stepped:
            break
    assert anchor.has_stepped


def test_nothing_is_dated_before_the_warm_up_is_over() -> None:
    anchor = Anchor()
    anchor.observe(Micros(0), Instant(START))
    assert not anchor.is_settled
    anchor.settle()
    assert anchor.at(Micros(40_000)) == START + 40


@given(st.integers(0, 10**9), st.integers(1, 10**8))
def test_a_run_never_begins_long_before_the_one_before_it_ended(media: int, back: int) -> None:
    floor = Instant(START)
    anchor = Anchor(floor)
    anchor.observe(Micros(media), Instant(START - back))
    anchor.settle()
    if back > ADRIFT:
        assert anchor.adrift
        assert anchor.at(Micros(media)) == floor + 1
        assert not anchor.has_stepped
    else:
        assert not anchor.adrift
        assert anchor.at(Micros(media)) == START - back


def test_an_adrift_run_is_dated_by_the_wall_again_once_it_has_caught_up() -> None:
    anchor = Anchor(Instant(START))
    run(anchor, [0] * 12, start=START - 20_000)
    assert anchor.adrift
    for number in range(12, 200):
        anchor.observe(Micros(number * 100_000), Instant(START + number * 100 + 50))
    assert not anchor.adrift


@given(st.integers(-(10**7), 10**7))
def test_a_set_clock_is_noticed_once_and_only_beyond_five_seconds(step: int) -> None:
    watch = ClockWatch(Instant(START), Millis(50))
    noticed = watch.step(Instant(START + 1_000 + step), Millis(1_050))
    assert noticed == (step if abs(step) > STEP else None)
    if noticed is not None:
        assert watch.step(Instant(START + 2_000 + step), Millis(2_050)) is None


def test_media_time_says_whether_time_passed_or_the_camera_set_its_clock() -> None:
    line = MediaLine()
    assert line.step(Micros(0), Instant(START)) == "on"
    assert line.step(Micros(100_000), Instant(START + 100)) == "on"
    assert line.step(Micros(60_000), Instant(START + 200)) == "on"
    assert line.step(Micros(4_100_000), Instant(START + 4_200)) == "silent"
    assert line.step(Micros(90_000_000), Instant(START + 4_300)) == "jump"
    assert line.step(Micros(0), Instant(START + 4_400)) == "jump"
