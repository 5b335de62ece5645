# SPDX-License-Identifier: Apache-2.0
"""At the slot the hand and the paper are seen, and nothing of a head or of a ballot's mark. On drawn pictures, without any model."""

from collections.abc import Callable
from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest

from kua.core.instant import Instant
from kua.law.hiding import DEFAULT
from kua.sight.hider import Hider
from kua.sight.raw import RawFrame
from kua.sight.room import learn_room
from tests.redteam.test_people_who_are_hard_to_see import HEIGHT, WIDTH, face, sensed, wall

LID = ((260, 170), (340, 170), (352, 196), (248, 196))
SLOT = ((288, 178), (312, 178), (312, 186), (288, 186))
BOX = (*LID[:2], LID[2], (352, 310), (248, 310), LID[3])
HEAD = 36
"""Pixels: the box is 104 wide, half a metre."""
Scene = Callable[[Any], None]


def room() -> Any:
    bgr = wall()
    cv2.fillPoly(bgr, [np.array(BOX, np.int32)], (196, 196, 190))
    cv2.fillPoly(bgr, [np.array(LID, np.int32)], (205, 206, 200))
    cv2.fillPoly(bgr, [np.array(SLOT, np.int32)], (30, 30, 30))
    return bgr


def arm(bgr: Any) -> None:
    """Somebody at the left stretches an arm to the slot, a folded ballot in the hand."""
    cv2.rectangle(bgr, (150, 120), (200, 320), (60, 50, 140), -1)
    face(bgr, 175, 96, HEAD // 2)
    cv2.line(bgr, (196, 150), (288, 172), (60, 50, 140), 11)
    cv2.circle(bgr, (294, 173), 7, (110, 140, 185), -1)
    cv2.rectangle(bgr, (296, 174), (304, 190), (235, 238, 240), -1)


@cache
def learned() -> Any:
    return learn_room([RawFrame(Instant(500 * n), WIDTH, HEIGHT, sensed(room(), n)) for n in range(8)])


def eye(table: Any = DEFAULT) -> Hider:
    zones = {kind: (tuple((x / WIDTH, y / HEIGHT) for x, y in shape),) for kind, shape in (("slot", SLOT), ("box", BOX))}
    hider = Hider(None, learned(), table, "voting", zones=zones)
    for number in range(3):
        hider.step(RawFrame(Instant(100 * number), WIDTH, HEIGHT, sensed(room(), 100 + number)))
    return hider


def shown(scene: Scene, hider: Hider) -> Any:
    bgr = room()
    scene(bgr)
    for number in range(4):
        safe = hider.step(RawFrame(Instant(1_000 + 100 * number), WIDTH, HEIGHT, sensed(bgr, 300 + number)))
    assert safe.reason is None
    return safe


def at_slot(yuv: Any) -> Any:
    """What of the picture lies at the slot and the hand there."""
    return np.asarray(yuv)[166:192, 284:312].astype(float)


def likeness(safe: Any) -> float:
    """How much of the hand's contrast is left: the correlation of what differs from the room, before and after hiding."""
    bgr = room()
    arm(bgr)
    empty = at_slot(sensed(room(), 0))
    before, after = at_slot(sensed(bgr, 303)) - empty, at_slot(safe.yuv) - empty
    return float(np.corrcoef(before.ravel(), after.ravel())[0, 1])


def test_the_hand_at_the_slot_is_seen() -> None:
    assert likeness(shown(arm, eye())) > 0.8


def test_without_the_finer_cells_it_is_not() -> None:
    """So that the test above can fail: the same picture under a table that has the slot as coarse as the rest."""
    coarse = {phase: {**row, "slot": "coarse", "box": "coarse"} for phase, row in DEFAULT.items()}
    assert likeness(shown(arm, eye(coarse))) < 0.6


@pytest.mark.parametrize("size", [0.7, 0.85, 1.0, 1.5, 2.5])
@pytest.mark.parametrize("where", [(300, 180), (270, 175), (300, 150)])
def test_a_head_over_the_slot_is_painted_no_finer_than_elsewhere(size: float, where: tuple[int, int]) -> None:
    hider, radius = eye(), round(HEAD * size / 2)
    shown(lambda bgr: face(bgr, *where, radius), hider)
    assert hider.plan is not None
    assert hider.plan.slot is not None
    fine = np.repeat(np.repeat(hider.plan.slot.where, 8, 0), 8, 1)[:HEIGHT, :WIDTH]
    area = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(area, where, (round(radius * 0.8), radius), 0, 0, 360, 1, -1)
    assert not fine[area != 0].any()


@pytest.mark.parametrize("contrast", [0, 8, 16])
def test_a_face_of_the_lids_colour_is_painted_no_finer_either(contrast: int) -> None:
    """Eyes, hair and mouth lie apart, and are closed to one thing."""
    hider, skin = eye(), (205 - contrast, 206 - contrast, 200 - contrast)
    shown(lambda bgr: face(bgr, 300, 172, HEAD // 2, skin), hider)
    assert hider.plan is not None
    assert hider.plan.slot is not None
    fine = np.repeat(np.repeat(hider.plan.slot.where, 8, 0), 8, 1)[:HEIGHT, :WIDTH]
    eyes = fine[164:176, 288:312]
    assert not eyes.any()


def ballot(bgr: Any, mark: int, side: int) -> None:
    """An open ballot over the lid, `side` pixels high, with five squares, one of which is marked."""
    left, top = 300 - side // 3, 182 - side // 2
    cv2.rectangle(bgr, (left, top), (left + 2 * side // 3, top + side), (240, 242, 245), -1)
    for row in range(5):
        y = top + (row * 2 + 1) * side // 11
        cv2.line(bgr, (left + side // 12, y), (left + side // 3, y), (60, 60, 60), 1)
        if row == mark:
            cv2.rectangle(bgr, (left + side // 2, y - side // 18), (left + side // 2 + side // 9, y + side // 18), (60, 30, 20), -1)


@pytest.mark.parametrize("side", [36, 48, 70])
def test_an_open_ballot_over_the_slot_does_not_tell_its_mark(side: int) -> None:
    """No block of the sheet is finer: neither the mark nor its place is."""
    for mark in (0, 2, 4):
        hider = eye()
        shown(lambda bgr, mark=mark: ballot(bgr, mark, side), hider)
        assert hider.plan is not None
        assert hider.plan.slot is not None
        fine = np.repeat(np.repeat(hider.plan.slot.where, 8, 0), 8, 1)[:HEIGHT, :WIDTH]
        assert not fine[182 - side // 2 : 182 + side // 2, 300 - side // 3 : 300 + side // 3].any()


def test_a_zone_that_is_filled_stays_filled_at_the_slot() -> None:
    zones = {"slot": (tuple((x / WIDTH, y / HEIGHT) for x, y in SLOT),), "booth": (((0.4, 0.3), (0.5, 0.3), (0.5, 0.6), (0.4, 0.6)),)}
    safe = shown(arm, Hider(None, learned(), DEFAULT, "voting", zones=zones))
    assert (safe.yuv[112:208, 260:316] == 16).all()
