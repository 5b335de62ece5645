# SPDX-License-Identifier: Apache-2.0
"""The geometry of a camera from the room's own texture: whatever moves it is noticed, whatever merely happens in the room is not."""

from functools import cache
from math import cos, radians, sin
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.adapters.sources.painting import PaintedRoom
from kua.core.instant import Instant
from kua.sight.geometry import NOTICE, OTHER_FOR, SIDE, Anchors, Geometry
from kua.sight.raw import RawFrame
from kua.sight.reference import Reference
from kua.sight.room import learn_room
from kua.station.hide import HOLD
from tests.rigs.rooms import drawn_room

WIDTH, HEIGHT, SEED = 640, 360, 7
STORY = 600_000
"""People come and go from here on."""


@cache
def painted() -> tuple[PaintedRoom, Reference, Anchors]:
    room = PaintedRoom(SEED, WIDTH, HEIGHT)
    reference = learn_room([RawFrame(Instant(n * 1_700), WIDTH, HEIGHT, room.quiet(n * 1_700)) for n in range(8)])
    return room, reference, Anchors(reference, reference.known)


@cache
def scene(number: int) -> Any:
    """The brightness of the room with people in it, at one of a few moments."""
    return painted()[0].picture(STORY + 7_300 * number)[:HEIGHT]


def displaced(luma: Any, x: float = 0.0, y: float = 0.0, turn: float = 0.0, zoom: float = 1.0) -> Any:
    """The same scene from a camera that was moved, turned (degrees) or zoomed."""
    height, width = luma.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), turn, zoom)
    matrix[:, 2] += (x, y)
    return cv2.warpAffine(luma, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)


def lit(luma: Any, gain: float, offset: float, noise: float, seed: int = 0) -> Any:
    dice = np.random.default_rng(seed)
    return np.clip(luma * gain + offset + dice.normal(0, noise, luma.shape), 0, 255).astype(np.uint8)


moments = st.integers(0, 7)


@settings(max_examples=60)
@given(moments, st.floats(4, 18), st.floats(0, 360), st.floats(0.8, 1.2))
def test_a_shift_of_four_pixels_or_more_is_noticed(moment: int, far: float, towards: float, gain: float) -> None:
    moved = displaced(lit(scene(moment), gain, 0, 1), far * cos(radians(towards)), far * sin(radians(towards)))
    assert painted()[2].look(moved).state == "moved"


@settings(max_examples=60)
@given(moments, st.floats(0.7, 1.25), st.floats(-12, 12), st.floats(0, 5))
def test_people_light_and_noise_are_no_movement(moment: int, gain: float, offset: float, noise: float) -> None:
    view = painted()[2].look(lit(scene(moment), gain, offset, noise))
    assert view.state == "same"
    assert np.hypot(*view.shift) < 0.5


@settings(max_examples=40)
@given(moments, st.floats(0.5, 2.0), st.sampled_from([-1, 1]))
def test_a_turn_of_half_a_degree_or_more_is_noticed(moment: int, turn: float, way: int) -> None:
    assert painted()[2].look(displaced(scene(moment), turn=way * turn)).state in {"moved", "other"}


@settings(max_examples=40)
@given(moments, st.floats(0.01, 0.06), st.sampled_from([-1, 1]))
def test_a_zoom_of_one_per_cent_or_more_is_noticed(moment: int, zoom: float, way: int) -> None:
    assert painted()[2].look(displaced(scene(moment), zoom=1 + way * zoom)).state in {"moved", "other"}


@settings(max_examples=40)
@given(moments, st.floats(2.0, 8.0))
def test_a_lens_out_of_focus_is_noticed(moment: int, sigma: float) -> None:
    assert painted()[2].look(cv2.GaussianBlur(scene(moment), (0, 0), sigma)).state not in {"same", "unsure"}


@pytest.mark.parametrize("level", [0, 16, 128, 255])
def test_a_lens_that_something_flat_covers_is_noticed(level: int) -> None:
    assert painted()[2].look(lit(np.full((HEIGHT, WIDTH), level), 1, 0, 3)).state == "covered"


def test_another_room_is_another_room() -> None:
    other = PaintedRoom(SEED + 1, WIDTH, HEIGHT).picture(STORY)[:HEIGHT]
    assert painted()[2].look(other).state == "other"


@settings(max_examples=60)
@given(moments, st.integers(0, 1_000))
def test_a_crowd_before_six_tenths_of_the_anchors_is_no_movement(moment: int, seed: int) -> None:
    room, _, anchors = painted()
    dice = np.random.default_rng(seed)
    luma = room.quiet(STORY + moment)[:HEIGHT].copy()
    covered = np.zeros(luma.shape, dtype=np.bool_)
    corners = list(zip(anchors._rows.tolist(), anchors._columns.tolist(), strict=True))
    for each in dice.permutation(anchors.count):
        if sum(covered[y : y + SIDE, x : x + SIDE].any() for y, x in corners) >= 0.6 * anchors.count:
            break
        y, x = corners[each]
        coat = dice.integers(30, 220) + dice.integers(-25, 25, (6, 6)).repeat(SIDE // 6, 0).repeat(SIDE // 6, 1)
        luma[y : y + SIDE, x : x + SIDE] = np.clip(coat, 0, 255)
        covered[y : y + SIDE, x : x + SIDE] = True
    assert anchors.look(luma).state == "same"


def test_two_pictures_decide_and_one_does_not() -> None:
    _, reference, _ = painted()
    geometry = Geometry(reference, reference.known)
    for number in range(20):
        assert geometry.see(Instant(100 * number), scene(number % 8)).kind is None
    moved = displaced(scene(0), 6)
    assert geometry.see(Instant(2_200), moved).kind is None
    assert geometry.see(Instant(2_300), scene(1)).agrees
    assert geometry.see(Instant(2_600), moved).kind is None
    assert geometry.see(Instant(2_700), moved).kind == "moved"


@settings(max_examples=40)
@given(st.integers(33, 599), st.integers(0, 199), st.sampled_from(["moved", "covered", "defocused", "scene_changed"]))
def test_the_verdict_comes_before_the_pictures_leave(every: int, begins: int, kind: str) -> None:
    _, reference, _ = painted()
    geometry = Geometry(reference, reference.known)
    at = -begins
    while at < 0:
        geometry.see(Instant(1_000 + at), scene(0))
        at += every
    spoilt = {
        "moved": displaced(scene(0), 6),
        "covered": np.full_like(scene(0), 40),
        "defocused": cv2.GaussianBlur(scene(0), (0, 0), 3),
        "scene_changed": scene(0)[::-1, ::-1].copy(),
    }[kind]
    first = at
    while geometry.see(Instant(1_000 + at), spoilt).kind is None:
        at += every
    assert at - first <= NOTICE < HOLD
    assert geometry.see(Instant(1_000 + at + every), spoilt).kind == kind


def test_a_slow_drift_is_noticed_before_a_mask_no_longer_covers() -> None:
    _, reference, _ = painted()
    geometry = Geometry(reference, reference.known)
    for number in range(200):
        if geometry.see(Instant(100 * number), displaced(scene(number % 8), 0.05 * number)).kind == "moved":
            break
    assert 0.05 * number < 3.0


def test_somebody_who_steps_before_the_lens_is_no_movement() -> None:
    _, reference, _ = painted()
    geometry = Geometry(reference, reference.known)
    coat = lit(np.full((HEIGHT, WIDTH), 90), 1, 0, 25, seed=4)
    for number in range(5):
        assert geometry.see(Instant(1_000 + 100 * number), coat).kind is None
    assert OTHER_FOR > 500
    assert geometry.see(Instant(1_500), scene(2)).agrees


def test_a_bare_room_says_nothing() -> None:
    drawn = drawn_room()
    bare = Anchors(drawn.reference, np.zeros_like(drawn.reference.known))
    assert not bare.is_able
    assert bare.look(scene(0)).state == "unsure"
    assert Geometry(drawn.reference, np.zeros_like(drawn.reference.known)).see(Instant(0), scene(0)).agrees
