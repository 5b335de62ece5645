# SPDX-License-Identifier: Apache-2.0
"""A profile of a slot: mosaic leaves it as it is, what is filled says only that, and left and right are alike."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.core.instant import Instant
from kua.tally.profile import PARTS, WINDOWS, Profiler

SIDE, BREADTH = 128, 32
MIDDLE = ((SIDE - 1) / 2, (SIDE - 1) / 2)
OPEN = np.ones((SIDE, SIDE), dtype=np.bool_)


def profiler(room: Any, fill: int = 22) -> Profiler:
    return Profiler(room, MIDDLE, BREADTH, OPEN, fill)


def picture(seed: int, low: int = 40, high: int = 220) -> Any:
    """Blocks of 4 pixels, each of one level: something that a mosaic of 8 changes everywhere."""
    levels = np.random.default_rng(seed).integers(low, high, (SIDE // 4, SIDE // 4))
    return np.repeat(np.repeat(levels, 4, 0), 4, 1).astype(np.uint8)


def mosaic(luma: Any, side: int) -> Any:
    means = luma.reshape(SIDE // side, side, SIDE // side, side).mean(axis=(1, 3))
    return np.rint(np.repeat(np.repeat(means, side, 0), side, 1)).astype(np.uint8)


def of(kind: str) -> list[int]:
    names = [window.what for window in WINDOWS for _ in range(2 if window.aside else 1)]
    return [number for number, name in enumerate(names) if name == kind]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1_000), st.integers(0, 1_000), st.sampled_from([2, 4, 8]))
def test_a_mosaic_leaves_every_number_as_it_is(room: int, shown: int, side: int) -> None:
    """In the cells in which the slot is painted; a block in them has the mean that it had, but for rounding."""
    sharp, coarse = profiler(picture(room)), profiler(picture(room))
    for at, seed in ((0, shown), (250, shown + 1)):
        before, after = sharp.see(Instant(at), picture(seed), 1.0), coarse.see(Instant(at), mosaic(picture(seed), side), 1.0)
        assert before.shape == (PARTS,)
        assert np.allclose(before, after, atol=0.05)
        assert 0 <= before.min() <= before.max() <= 1.001


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1_000), st.integers(0, 1_000))
def test_left_and_right_are_not_told_apart(room: int, shown: int) -> None:
    one, other = profiler(picture(room)), profiler(picture(room)[:, ::-1])
    assert np.allclose(one.see(Instant(0), picture(shown), 1.0), other.see(Instant(0), picture(shown)[:, ::-1], 1.0), atol=1e-3)


def test_what_is_filled_says_only_that_it_is() -> None:
    luma = picture(2)
    luma[:] = 16
    told = profiler(picture(1)).see(Instant(0), luma, 1.0)
    assert not told[of("differs") + of("brighter") + of("moves")].any()
    assert np.allclose(told[of("filled")], 1, atol=1e-3)


def test_on_raw_film_nothing_is_filled() -> None:
    luma = np.full((SIDE, SIDE), 16, np.uint8)
    told = profiler(picture(1), fill=-1).see(Instant(0), luma, 1.0)
    assert not told[of("filled")].any()
    assert told[of("differs")].min() > 0.5


def test_a_lamp_is_no_motion_and_a_hand_is() -> None:
    room = picture(1)
    lamp, hand = profiler(room), profiler(room)
    lamp.see(Instant(0), room, 1.0)
    hand.see(Instant(0), room, 1.0)
    assert not lamp.see(Instant(250), (room * 1.1).astype(np.uint8), 1.3)[of("moves")].any()
    luma = room.copy()
    luma[56:72, 40:72] = 250
    assert hand.see(Instant(250), luma, 1.0)[of("moves")].max() > 0.1


def test_what_no_camera_may_see_counts_for_nothing() -> None:
    closed = OPEN.copy()
    closed[:, : SIDE // 2] = False
    shown = picture(3)
    other = shown.copy()
    other[:, : SIDE // 2] = 16
    one, two = (Profiler(picture(1), MIDDLE, BREADTH, closed, 22).see(Instant(0), luma, 1.0) for luma in (shown, other))
    assert np.allclose(one, two, atol=1e-6)
