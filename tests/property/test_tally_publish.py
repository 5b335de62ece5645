# SPDX-License-Identifier: Apache-2.0
"""Laws of counting that hold for any foreground, and of publishing that hold for any count."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import Instant
from kua.tally.publish import FEWEST, Counted, publishable
from kua.tally.queue import LINE, Blocks, QueueCount, Reach, estimate, weights, zone_blocks

ROWS, COLUMNS, WIDTH, HEIGHT = 8, 12, 96, 64
HEADS = ((0.2, 3), (0.8, 15))
masks = st.integers(0, (1 << (ROWS * COLUMNS)) - 1).map(
    lambda bits: np.array([bits >> n & 1 for n in range(ROWS * COLUMNS)], np.bool_).reshape(ROWS, COLUMNS)
)
points = st.tuples(st.floats(0, 1), st.floats(0, 1))
zones = st.lists(st.lists(points, min_size=3, max_size=6), max_size=3).map(lambda polygons: zone_blocks(polygons, WIDTH, HEIGHT))
reaches = st.sampled_from([LINE, Reach(1.25, 1.7)])


@given(masks, masks, zones, reaches)
def test_more_foreground_never_makes_fewer_people(few: Blocks, added: Blocks, zone: Blocks, reach: Reach) -> None:
    worth = weights(HEADS, zone, HEIGHT)
    less, more = estimate(few, worth, reach), estimate(few | added, worth, reach)
    assert 0 <= less.lo <= less.hi
    assert less.middle >= 0
    assert more.lo >= less.lo
    assert more.hi >= less.hi
    assert more.middle >= less.middle


@given(zones, reaches)
def test_an_empty_room_counts_nobody(zone: Blocks, reach: Reach) -> None:
    nobody = estimate(np.zeros((ROWS, COLUMNS), np.bool_), weights(HEADS, zone, HEIGHT), reach)
    assert (nobody.lo, nobody.hi, nobody.middle) == (0, 0, 0.0)


@given(masks, zones)
def test_what_lies_outside_the_zone_does_not_count(mask: Blocks, zone: Blocks) -> None:
    worth = weights(HEADS, zone, HEIGHT)
    assert estimate(mask, worth) == estimate(mask & zone, worth)


@given(st.integers(0, 40), st.integers(0, 40))
def test_no_published_interval_covers_fewer_than_five(lo: int, more: int) -> None:
    told = publishable(Counted(Instant(0), Instant(1), lo, lo + more, lo, float(lo), 1))
    assert told["hi"] >= FEWEST or (told["lo"], told["hi"]) == (0, FEWEST - 1)
    assert told["lo"] <= told["hi"]
    assert set(told) == {"from_ms", "to_ms", "lo", "hi"}, "neither peak nor middle is published"


@given(st.integers(0, 4), st.integers(0, 4))
def test_small_counts_cannot_be_told_apart(a: int, b: int) -> None:
    one, other = (publishable(Counted(Instant(0), Instant(1), n, n, n, float(n), 1)) for n in (a, b))
    assert one == other


@given(st.lists(masks, min_size=1, max_size=8))
def test_an_interval_lies_within_what_its_pictures_said(seen: list[Blocks]) -> None:
    worth = weights(HEADS, np.ones((ROWS, COLUMNS), np.bool_), HEIGHT)
    count, all_seen = QueueCount(), [estimate(mask, worth) for mask in seen]
    for n, one in enumerate(all_seen):
        count.add(Instant(n), one)
    told = count.close()
    assert told is not None
    assert min(one.lo for one in all_seen) <= told.lo <= told.hi <= max(one.hi for one in all_seen)
