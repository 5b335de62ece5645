# SPDX-License-Identifier: Apache-2.0
"""What a station says of the people in its room, every 15 s: by boxes where a model looks, by silhouettes where none does, and never exactly below five."""

from collections.abc import Sequence

import numpy as np
import pytest

from kua.core.instant import Instant
from kua.sight.boxes import Box
from kua.sight.calibration import Calibration
from kua.station.counting import EVERY, Counting
from kua.station.pipe import Counted
from kua.tally.queue import Blocks
from tests.rigs.rooms import drawn_room

WIDTH, HEIGHT = 640, 360
ROWS, COLUMNS = 46, 80


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return drawn_room(WIDTH, HEIGHT).calibration()


def standing(count: int) -> tuple[Blocks, list[Box]]:
    """So many people side by side in the lower part of the picture: what differs from the room, and boxes about it."""
    mask, boxes = np.zeros((ROWS, COLUMNS), np.bool_), list[Box]()
    for n in range(count):
        left = 2 + 8 * n
        mask[26:44, left : left + 4] = True
        boxes.append(Box(8.0 * left, 208.0, 8.0 * left + 32, 352.0, 0.8, "person"))
    return mask, boxes


def told(counting: Counting, mask: Blocks, boxes: Sequence[Box], *, every: int = 100, looked_every: int = 400) -> Counted:
    """What is said of an interval in which these people stand still."""
    for at in range(0, EVERY, every):
        assert counting.see(Instant(at), mask, boxes if at % looked_every == 0 else None) is None
    said = counting.see(EVERY, mask, None)  # type: ignore[arg-type] # a duration from nought is a moment
    assert said is not None
    return said


def test_with_a_model_the_people_in_the_room_are_those_that_it_found(calibration: Calibration) -> None:
    mask, boxes = standing(8)
    said = told(Counting(calibration, finds_people=True), mask, boxes)
    assert (said.people_lo, said.people_hi) == (7, 9)


def test_faces_and_coats_are_not_counted_as_people(calibration: Calibration) -> None:
    mask, boxes = standing(8)
    coat = Box(600.0, 208.0, 632.0, 352.0, 0.9, "person")
    faces = [Box(box.x0, box.y0, box.x1, box.y0 + 20, 0.9, "face") for box in boxes]
    said = told(Counting(calibration, finds_people=True), mask, [*boxes, *faces, coat])
    assert (said.people_lo, said.people_hi) == (7, 9)


def test_a_model_that_looks_seldom_counts_as_well(calibration: Calibration) -> None:
    mask, boxes = standing(8)
    said = told(Counting(calibration, finds_people=True), mask, boxes, looked_every=1_200)
    assert (said.people_lo, said.people_hi) == (7, 9)


def test_without_a_model_silhouettes_are_counted(calibration: Calibration) -> None:
    mask, _ = standing(8)
    said = told(Counting(calibration), mask, [])
    assert said.people_lo < 8 < said.people_hi


def test_where_no_picture_was_looked_at_silhouettes_stand_in(calibration: Calibration) -> None:
    mask, _ = standing(8)
    counting = Counting(calibration, finds_people=True)
    counting.see(Instant(0), mask, None)
    counting.see(Instant(100), mask, None)
    said = counting.rest()
    assert said is not None
    assert said.people_lo < 8 < said.people_hi


@pytest.mark.parametrize("finds_people", [True, False])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_fewer_than_five_are_never_told_apart(calibration: Calibration, count: int, finds_people: bool) -> None:
    mask, boxes = standing(count)
    said = told(Counting(calibration, finds_people=finds_people), mask, boxes)
    assert (said.people_lo, said.people_hi) == (0, 4)
