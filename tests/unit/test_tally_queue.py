# SPDX-License-Identifier: Apache-2.0
"""How well people are counted on painted rooms, through the same comparison with the empty room that hiding uses. Figures are about drawings only."""

from collections.abc import Iterator

import numpy as np
import pytest

from kua.adapters.sources.painting import PaintedRoom
from kua.core.errors import Misused
from kua.core.instant import Instant
from kua.sight.hider import Hider
from kua.sight.raw import RawFrame
from kua.sight.room import learn_room
from kua.tally.silhouettes import Silhouettes
from kua.tally.queue import LINE, Estimate, QueueCount, estimate, person_blocks, weights, zone_blocks

WIDTH, HEIGHT = 1280, 720
HEADS = [(0.2, 20), (0.5, 60)]
SEEDS = (1, 2, 3, 4, 5, 6)


def shares(room: PaintedRoom, *kinds: str) -> list[list[tuple[float, float]]]:
    zones = room.zones()
    return [[(x / 10_000, y / 10_000) for x, y in polygon] for kind in kinds for polygon in zones[kind]]


def hiding(room: PaintedRoom) -> Hider:
    """The hiding engine with the room learned from quiet pictures; counting sees what it calls foreground."""
    learned = learn_room(RawFrame(Instant(t), WIDTH, HEIGHT, room.quiet(t)) for t in range(0, 120_000, 4_000))
    return Hider(None, learned, {"voting": {"rest": "coarse_grey"}}, "voting")


def counted(seed: int, step: int) -> Iterator[tuple[int, Estimate, int, Estimate]]:
    """True queue, its estimate, true people afoot, their estimate, every `step` ms for four minutes."""
    room = PaintedRoom(seed)
    hider = hiding(room)
    heads = [(head["y"] / 10_000, head["px"]) for head in room.heads()]
    line = weights(heads, zone_blocks(shares(room, "door"), WIDTH, HEIGHT), HEIGHT)
    silhouettes, room_itself = Silhouettes(heads, HEIGHT, HEIGHT // 8), ~zone_blocks(shares(room, "booth"), WIDTH, HEIGHT)
    for at in range(0, 240_000, step):
        hider.step(RawFrame(Instant(at), WIDTH, HEIGHT, room.picture(at)))
        changed = hider.foreground
        truth = room.truth(at)
        afoot = truth.people - truth.in_booth - truth.at_table - truth.officials
        yield truth.queue, estimate(changed, line, LINE), afoot, silhouettes.reckon(changed & room_itself)


def narrow(seen: Estimate, truth: int) -> bool:
    return seen.hi - seen.lo <= max(3.0, 0.6 * truth)


def test_the_interval_holds_the_true_queue_in_nine_samples_of_ten(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row for seed in SEEDS for row in counted(seed, 8_000)]
    held = np.mean([seen.lo <= truth <= seen.hi for truth, seen, _, _ in rows])
    tight = np.mean([narrow(seen, truth) for truth, seen, _, _ in rows])
    both = np.mean([seen.lo <= truth <= seen.hi and narrow(seen, truth) for truth, seen, _, _ in rows])
    error = np.mean([abs(seen.middle - truth) for truth, seen, _, _ in rows])
    people = np.mean([seen.lo <= truth <= seen.hi for _, _, truth, seen in rows])
    wide = np.mean([seen.hi - seen.lo for _, _, _, seen in rows])
    with capsys.disabled():
        print(
            f"\nqueue: {len(rows)} samples, truth in the interval {held:.3f}, narrow enough {tight:.3f}, both {both:.3f}, "
            f"mean error of the middle {error:.2f}; people in the room: in the interval {people:.3f}, mean width {wide:.1f}"
        )
    assert max(truth for truth, *_ in rows) >= 7
    assert both >= 0.9
    assert people >= 0.9


def test_an_empty_room_holds_nobody() -> None:
    room = PaintedRoom(3)
    hider = hiding(room)
    heads = [(head["y"] / 10_000, head["px"]) for head in room.heads()]
    worth = weights(heads, zone_blocks(shares(room, "door"), WIDTH, HEIGHT), HEIGHT)
    for at in range(500, 60_000, 7_300):
        hider.step(RawFrame(Instant(at), WIDTH, HEIGHT, room.quiet(at)))
        seen = estimate(hider.foreground, worth)
        assert seen.lo == 0
        assert seen.hi <= 1


def test_a_person_near_the_camera_covers_more_blocks() -> None:
    area = person_blocks(HEADS, HEIGHT, 90)
    assert np.all(np.diff(area) >= 0)
    assert area[80] > 2 * area[30]


def test_a_grown_mask_counts_as_many_when_its_margin_is_told() -> None:
    zone = np.ones((90, 160), np.bool_)
    head = 40
    high, wide = round(7.2 * head / 8 + 0.75), round(2.05 * head / 8 + 0.75)
    row = 29
    plain, grown = np.zeros_like(zone), np.zeros_like(zone)
    plain[row : row + high, 30 : 30 + wide] = True
    grown[row - 1 : row + high + 1, 29 : 31 + wide] = True
    one = estimate(plain, weights(HEADS, zone, HEIGHT))
    told = estimate(grown, weights(HEADS, zone, HEIGHT, margin=1))
    assert told.middle == pytest.approx(one.middle, rel=0.12)


@pytest.mark.parametrize("heads", [[], [(0.2, 20)], [(0.2, 20), (0.2, 22)], [(0.2, 40), (0.6, 20)], [(0.2, 20), (0.5, 0)]])
def test_heads_that_give_no_depth_are_refused(heads: list[tuple[float, int]]) -> None:
    with pytest.raises(Misused) as caught:
        weights(heads, np.ones((90, 160), np.bool_), HEIGHT)
    assert caught.value.code == "tally.heads"


def test_a_mask_of_another_size_is_refused() -> None:
    with pytest.raises(Misused) as caught:
        estimate(np.zeros((4, 4), np.bool_), weights(HEADS, np.ones((90, 160), np.bool_), HEIGHT))
    assert caught.value.code == "tally.shape"


def test_a_zone_is_the_blocks_whose_middle_it_holds() -> None:
    left = zone_blocks([[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]], 80, 40)
    assert left.shape == (6, 10), "padded to whole units of 16 pixels"
    assert left[:5, :5].all()
    assert not left[5].any(), "the padding below the picture is no part of it"
    assert not left[:, 5:].any()
    assert not zone_blocks([], 80, 40).any()


def test_an_interval_gathers_its_pictures_and_then_begins_anew() -> None:
    count = QueueCount()
    assert count.close() is None
    for n, (lo, hi) in enumerate([(2, 4), (3, 5), (3, 6), (9, 12), (3, 5)]):
        count.add(Instant(1_000 * n), Estimate(lo, hi, (lo + hi) / 2))
    told = count.close()
    assert told is not None
    assert (told.from_ms, told.to_ms, told.lo, told.hi, told.pictures) == (0, 4_000, 3, 5, 5)
    assert told.peak == 3, "one picture in five does not make a peak of nine"
    assert count.close() is None
