# SPDX-License-Identifier: Apache-2.0
"""A film that plays again through another encoder is told by its motion alone; what is merely alike, still or swinging is not."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from kua.core.instant import Instant
from kua.sight.repeats import ALIKE, BEAT, COLUMNS, NEAREST, REMEMBERED, ROWS, Repeats, coarse
from kua.station.vitals import LOOP_OVER, Vitals

TALL, WIDE = 90, 160
START = 1_800_000_000_000


def film(seed: int, count: int, noise: float = 2.0, gain: float = 1.0) -> list[Any]:
    """Ten pictures a second of shapes that wander about, each picture with noise of its own."""
    dice = np.random.default_rng(seed)
    walls = np.random.default_rng(99).integers(90, 170, (TALL, WIDE)).astype(np.float32)
    ways = [(dice.uniform(0, 1, 6), dice.uniform(3, 9, 6), int(dice.integers(20, 230)), int(dice.integers(8, 16))) for _ in range(4)]
    other = np.random.default_rng(seed + int(1000 * noise) + int(100 * gain))
    pictures = []
    for number in range(count):
        luma = walls.copy()
        for phase, period, level, side in ways:
            swing = np.sin(2 * np.pi * (number / 10 / (period * 2.3) + phase))
            x, y = int(WIDE * (0.5 + 0.16 * swing[:3].sum())), int(TALL * (0.5 + 0.16 * swing[3:].sum()))
            luma[max(0, y - side) : max(0, y + side), max(0, x - side // 2) : max(0, x + side // 2)] = level
        pictures.append(np.clip(gain * luma + other.normal(0, noise, luma.shape), 0, 255).astype(np.uint8))
    return pictures


def told(pictures: Iterable[Any], every: int = 100, start: int = START) -> tuple[Repeats, list[tuple[int, bool | None]]]:
    repeats = Repeats()
    said = [(number, repeats.see(Instant(start + number * every), luma)) for number, luma in enumerate(pictures)]
    return repeats, [(number, each) for number, each in said if each is not None]


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000))
def test_a_film_that_is_seen_once_repeats_nothing(seed: int) -> None:
    _, said = told(film(seed, 900))
    assert len(said) > 300
    assert not any(each for _, each in said)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000), st.integers(210, 320), st.integers(0, 9), st.floats(0.9, 1.0))
def test_the_same_motion_in_other_noise_and_light_is_told_with_its_distance(seed: int, length: int, late: int, gain: float) -> None:
    gap = film(seed + 1, late)
    repeats, said = told([*film(seed, length), *gap, *film(seed, length, noise=4.0, gain=gain)])
    first = next(number for number, each in said if each)
    assert 80 <= first - length - late <= 200
    assert abs(repeats.distance - 100 * (length + late)) <= BEAT


def test_a_still_scene_proves_nothing_however_often_it_is_shown() -> None:
    dice = np.random.default_rng(4)
    walls = dice.integers(60, 200, (TALL, WIDE)).astype(np.float32)
    _, said = told(np.clip(walls + dice.normal(0, 5, walls.shape), 0, 255).astype(np.uint8) for _ in range(900))
    assert not said


def test_a_fan_that_swings_is_no_film() -> None:
    dice = np.random.default_rng(4)
    walls = dice.integers(90, 170, (TALL, WIDE)).astype(np.float32)

    def fan(number: int) -> Any:
        luma = walls.copy()
        x = int(30 + 12 * np.sin(2 * np.pi * number / 130))
        luma[20:34, x : x + 14] = 220
        return np.clip(luma + dice.normal(0, 3, luma.shape), 0, 255).astype(np.uint8)

    repeats, said = told(fan(number) for number in range(900))
    assert repeats.likeness > ALIKE
    assert not any(each for _, each in said)


def test_lamps_that_are_switched_in_turn_are_no_film() -> None:
    dice = np.random.default_rng(4)
    slope = np.linspace(60, 200, WIDE)[None, :] + np.linspace(-40, 40, TALL)[:, None]
    repeats, said = told(
        np.clip(slope * (1.2 if number // 17 % 2 else 1.0) + dice.normal(0, 3, slope.shape), 0, 255).astype(np.uint8)
        for number in range(900)
    )
    assert repeats.likeness > ALIKE
    assert not any(each for _, each in said)


def test_what_was_shown_longer_ago_than_is_remembered_is_forgotten() -> None:
    pictures = film(3, 200)
    later = Instant(START + REMEMBERED + 30_000)
    repeats = Repeats()
    for number, luma in enumerate(pictures):
        repeats.see(Instant(START + 100 * number), luma)
    assert not any(repeats.see(Instant(later + 100 * number), luma) for number, luma in enumerate(pictures))


def test_a_clock_that_is_set_back_begins_anew() -> None:
    pictures = film(3, 250)
    repeats, _ = told(pictures)
    assert not any(repeats.see(Instant(START - 60_000 + 100 * number), luma) for number, luma in enumerate(pictures))
    assert any(repeats.see(Instant(START - 60_000 + 25_000 + 100 * number), luma) for number, luma in enumerate(pictures))


@settings(max_examples=40, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 400), st.integers(1, 400)), fill=st.just(7)))
def test_any_picture_becomes_levels_about_their_own_mean(luma: Any) -> None:
    means = coarse(luma)
    assert means.shape == (ROWS * COLUMNS,)
    assert np.isfinite(means).all()
    assert abs(float(means.mean())) < 0.01


@pytest.mark.parametrize("after", ["new", "still"])
def test_a_loop_through_another_encoder_is_over_when_new_motion_was_seen_for_half_a_minute_and_a_still_scene_does_not_end_it(
    after: str,
) -> None:
    """A loop may well rest: that nothing moves is no proof that the camera is back."""
    vitals = Vitals()
    turns: list[tuple[int, str]] = []
    again = film(8, 250, noise=4.0)
    rest = film(21, 500) if after == "new" else [np.roll(again[-1], 0) for _ in range(500)]
    dice = np.random.default_rng(1)
    for number, luma in enumerate([*film(8, 250), *again, *rest]):
        noisy = luma if number < 500 or after == "new" else np.clip(luma + dice.normal(0, 2, luma.shape), 0, 255).astype(np.uint8)
        turns += [(number, state) for kind, state in vitals.look(Instant(START + 100 * number), noisy) if kind == "looped"]
    assert turns[0][1] == "begin"
    assert 250 + NEAREST // 200 < turns[0][0] < 500
    if after == "still":
        assert len(turns) == 1
    else:
        assert turns[1][1] == "end"
        assert 500 + LOOP_OVER // 100 <= turns[1][0] <= 500 + LOOP_OVER // 100 + 60
