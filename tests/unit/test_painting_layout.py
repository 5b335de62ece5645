# SPDX-License-Identifier: Apache-2.0
"""Where things stand in the painted polling room: the ballot box in full view, booths covered and no more, walks that go round the furniture."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from kua.adapters.sources import painting
from kua.adapters.sources.painting import PaintedRoom
from kua.adapters.sources.painting_story import BOOTH_FRONT, BOX, WALL_Y, Visit, booth_places
from kua.sight.grid import PAD, Mask
from kua.sight.zones import touched

SIZES = ((1280, 720), (960, 540), (640, 360))
OF_EACH_LAYOUT = tuple({(room.booths, room._mirrored): room.seed for room in (PaintedRoom(seed, 160, 90) for seed in range(1, 40))}.values())
"""One seed for each layout: two or three booths, mirrored or not."""


def squares(room: PaintedRoom, *kinds: str) -> Mask:
    """The squares of 16 pixels that zones of these kinds are grown to."""
    zones = room.zones()
    shapes = [tuple((x / 10_000, y / 10_000) for x, y in shape) for kind in kinds for shape in zones[kind]]
    return touched(shapes, room.width, room.height)[::2, ::2]


def with_margin(mask: Mask) -> Mask:
    """The squares and all that touch them."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(np.bool_)


def test_for_every_seed_and_size_the_box_is_in_full_view() -> None:
    """No booth square touches the squares of box and slot or those next to them; neither does a table; both zones lie wholly inside the picture."""
    checked: set[str] = set()
    for width, height in SIZES:
        for seed in range(1, 201):
            room = PaintedRoom(seed, width, height)
            zones = room.zones()
            key = f"{width} {zones}"
            if key in checked:
                continue
            checked.add(key)
            box = squares(room, "box", "slot")
            assert not (with_margin(box) & squares(room, "booth")).any(), seed
            for shape in (*zones["box"], *zones["slot"]):
                assert all(0 < x < 10_000 and 0 < y < 10_000 for x, y in shape), seed
            for left, right, near, far, top in (painting._TABLE, painting._COUNTING):
                table = room._hull([(x, y, z) for x in (left, right) for y in (near, far) for z in (0.0, top)])
                area = touched([tuple((x / 10_000, y / 10_000) for x, y in table)], width, height)[::2, ::2]
                assert not (box & area).any(), seed
    assert len(checked) == 4 * len(SIZES), "two or three booths, mirrored or not"


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("seed", OF_EACH_LAYOUT)
def test_booth_zones_cover_the_booths_and_little_else(seed: int, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    room, bare = PaintedRoom(seed, *size), PaintedRoom(seed, *size)
    with_booths = room._room
    monkeypatch.setattr(painting, "_booths", lambda *_: None)
    differs = cv2.absdiff(with_booths, bare._room).max(axis=2) > 0
    padded = np.pad(differs, ((0, -size[1] % PAD), (0, -size[0] % PAD)))
    drawn = padded.reshape(padded.shape[0] // PAD, PAD, -1, PAD).any(axis=(1, 3))
    hidden = squares(room, "booth")
    assert not (drawn & ~hidden).any(), "every pixel of a booth is in a filled square"
    assert (hidden & ~drawn).sum() <= 0.05 * drawn.sum(), "and hardly a square is filled for nothing"


@pytest.mark.parametrize("count", [2, 3])
def test_booths_stand_apart_from_each_other_and_each_has_its_own_zone(count: int) -> None:
    assert all(b - a >= 2 * painting._BOOTH_HALF for a, b in pairwise(booth_places(count)))
    room = next(room for room in (PaintedRoom(seed) for seed in range(1, 40)) if room.booths == count)
    assert len(room.zones()["booth"]) == count


def stands_in(visit: Visit, second: float, places: tuple[float, ...]) -> str | None:
    """Which piece of furniture the voter's middle is in, if any."""
    x, y, *_ = visit.where(second)
    body = 0.12
    if abs(x - BOX[0]) < painting._BOX_HALF + body and abs(y - BOX[1]) < painting._BOX_HALF + body:
        return "box"
    for left, right, near, far, _ in (painting._TABLE, painting._COUNTING):
        if left - body < x < right + body and near - body < y < far + body:
            return "table"
    for booth, middle in enumerate(places):
        if y > BOOTH_FRONT + 0.01 and abs(x - middle) < painting._BOOTH_HALF and y < WALL_Y and (booth != visit.booth or abs(x - middle) > 0.3):
            return "booth"
    if BOX[1] - painting._BOX_HALF > y > 0.0 and abs(x - BOX[0]) < 0.6:
        return "view of the box"
    return None


@pytest.mark.parametrize("seed", OF_EACH_LAYOUT)
def test_nobody_walks_through_booths_tables_or_the_box_or_stands_before_it(seed: int) -> None:
    room = PaintedRoom(seed, 160, 90)
    places = booth_places(room.booths)
    for visit in room._story.chapter(0).visits[:60]:
        for second in np.arange(visit.begins, visit.ends, 0.15):
            assert stands_in(visit, float(second), places) is None


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_the_members_of_the_commission_are_seen_beside_the_voters_they_serve(seed: int) -> None:
    """Their heads are in the picture, and seldom is anybody's head or shoulders before them."""
    room = PaintedRoom(seed, 960, 540)
    empty = room._room
    free = total = 0
    for at in range(0, 120_000, 4_000):
        drawn = room.bgr(at)
        seen = room.truth(at).seen
        before = [person for person in seen if person.role == "voter" and person.shown and person.stage != "arriving"]
        for member in (person for person in seen if person.role == "official"):
            left, top, right, bottom = member.head
            total += 1
            free += not any(
                p.head[0] - (p.head[2] - p.head[0]) * 0.6 < right and left < p.head[2] + (p.head[2] - p.head[0]) * 0.6 and p.head[1] < bottom and top < p.feet[1]
                for p in before
            )
            part = np.s_[round(top * 0.054) : round(bottom * 0.054), round(left * 0.096) : round(right * 0.096)]
            assert float((cv2.absdiff(drawn[part], empty[part]).max(axis=2) > 24).mean()) > 0.4
    assert free / total > 0.75


def test_the_box_fills_slowly_with_what_was_dropped() -> None:
    room = PaintedRoom(11, 640, 360)
    left, top, right, bottom = cv2.boundingRect(np.array(room.zones()["box"][0]))
    part = np.s_[round(top * 0.036) : round((top + bottom) * 0.036), round(left * 0.064) : round((left + right) * 0.064)]
    stages = []
    for ballots in (0, 40, 400, 1_500):
        canvas = room._stage.room.copy()
        room._with_box(canvas, ballots)
        stages.append(canvas[part].copy())
    assert np.array_equal(stages[0], room._room[part]), "the morning's box is the one of the empty room"
    changed = [int((cv2.absdiff(stages[0], later).max(axis=2) > 12).sum()) for later in stages]
    assert changed == sorted(set(changed)), "it rises all day"
    assert painting._heap(100_000) * painting._LAYER < painting._BOX_TOP - painting._STAND, "and never over the lid"
    assert painting._heap(1) - painting._heap(0) <= 1, "by less than a layer for each ballot"


def test_the_ballot_is_seen_above_the_slot_before_it_drops() -> None:
    """White paper that was not there a moment ago, over the lid."""
    room = PaintedRoom(12, 960, 540)
    story = room._story
    visit = next(visit for visit in story.chapter(0).visits if visit.at_box > story.warm)
    at = round((visit.dropped - 0.3 - story.warm) * 1_000)
    shape = np.array(room.zones()["slot"][0]) * (0.096, 0.054)
    x, y, wide, high = cv2.boundingRect(np.round(shape).astype(np.int32))
    over = room.bgr(at)[y - high // 2 : y + high, x : x + wide]
    before = room._room[y - high // 2 : y + high, x : x + wide]
    assert int(((over.min(axis=2) > 225) & (before.min(axis=2) < 200)).sum()) > 150
