# SPDX-License-Identifier: Apache-2.0
"""The account of a day: whatever the leaves say, the figures add up; a tiled day is whole; hidden time is counted once."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import Instant
from kua.media.timeline import Account, Day, Film, Gap

OPEN: Final = 1_773_565_200_000
DIGEST: Final = "0" * 64
spans = st.lists(
    st.tuples(st.integers(-9_000, 90_000), st.integers(1, 20_000)).map(lambda pair: (OPEN + pair[0], OPEN + pair[0] + pair[1])), max_size=12
)


def segment(seq: int, t0: int, t1: int, cam: str = "a") -> dict[str, Any]:
    """The body of a segment leaf."""
    return {
        "at": t1, "cam": cam, "seq": seq, "run": "0badcafe", "slot": t0 // 4000, "t0": t0, "t1": t1, "frames": 40, "sha256": DIGEST, "size": 9,
        "init": DIGEST, "calibration": DIGEST, "hiding": DIGEST, "phase": "voting", "trust": "ntp",
    }  # fmt: skip


def opened(at: int = OPEN, cams: str = "a") -> Day:
    """A day of camera `a` with its `open` leaf."""
    day = Day("a")
    day.add(0, "open", {"at": at, "cams": [{"cam": cam} for cam in cams]})
    return day


def add(day: Day, seq: int, t0: int, t1: int, *, gap: bool) -> None:
    """Add an item."""
    body = {"cam": "a", "seq": seq, "t0": t0, "t1": t1, "reason": "camera_lost"} if gap else segment(seq, t0, t1)
    day.add(seq + 1, "gap" if gap else "segment", body)


def length_of_union(parts: list[tuple[int, int]]) -> int:
    """How many milliseconds lie in at least one of `parts`, counted at their borders."""
    borders = sorted({border for part in parts for border in part})
    return sum(b - a for a, b in zip(borders, borders[1:], strict=False) if any(t0 <= a and b <= t1 for t0, t1 in parts))


@given(spans, st.lists(st.booleans(), min_size=12, max_size=12), st.integers(0, 120_000))
def test_whatever_the_leaves_say_the_figures_add_up(items: list[tuple[int, int]], gaps: list[bool], length: int) -> None:
    day = opened()
    for number, (t0, t1) in enumerate(items):
        add(day, number, t0, t1, gap=gaps[number])
    day.add(99, "close", {"at": OPEN + length})
    account = day.account()
    assert min(account.recorded, account.gaps, account.unaccounted, account.overlapping) >= 0
    assert account.recorded + account.gaps + account.unaccounted - account.overlapping == length


@given(st.lists(st.tuples(st.integers(1, 9_000), st.booleans()), max_size=30), st.booleans())
def test_a_tiled_day_has_no_second_unaccounted_for(pieces: list[tuple[int, bool]], closed: bool) -> None:
    day, cursor = opened(), OPEN
    for number, (length, gap) in enumerate(pieces):
        add(day, number, cursor, cursor + length, gap=gap)
        cursor += length
    if closed:
        day.add(99, "close", {"at": cursor})
    gaps = sum(length for length, gap in pieces if gap)
    assert day.account() == Account(cursor - OPEN - gaps, gaps, 0, 0, 0)


@given(st.integers(2, 12), st.data())
def test_a_leaf_that_is_taken_out_of_a_tiled_day_is_missed(count: int, data: st.DataObject) -> None:
    lost = data.draw(st.integers(0, count - 1))
    day = opened()
    for number in range(count):
        if number != lost:
            add(day, number, OPEN + number * 4000, OPEN + (number + 1) * 4000, gap=data.draw(st.booleans()))
    day.add(99, "close", {"at": OPEN + count * 4000})
    assert day.account().unaccounted == 4000


def test_film_after_the_close_and_film_over_film_are_told() -> None:
    day = opened()
    add(day, 0, OPEN, OPEN + 4000, gap=False)
    day.add(9, "close", {"at": OPEN + 3000})
    assert day.account().overlapping == 1000
    day = opened()
    add(day, 0, OPEN, OPEN + 4000, gap=False)
    add(day, 1, OPEN + 3500, OPEN + 8000, gap=True)
    assert day.account().overlapping == 500


@given(spans)
def test_hidden_time_is_the_length_of_the_union(hidden: list[tuple[int, int]]) -> None:
    day = opened()
    for number, (t0, t1) in enumerate(hidden):
        day.add(number, "hidden", {"cam": "a", "t0": t0, "t1": t1, "reason": "late"})
    assert day.account().hidden == length_of_union(hidden)


@given(spans)
def test_hidden_time_takes_nothing_from_what_is_recorded(hidden: list[tuple[int, int]]) -> None:
    day = opened()
    add(day, 0, OPEN, OPEN + 4000, gap=False)
    before = day.account()
    for t0, t1 in hidden:
        day.add(5, "hidden", {"cam": "a", "t0": t0, "t1": t1, "reason": "late"})
    after = day.account()
    assert (after.recorded, after.gaps, after.unaccounted) == (before.recorded, before.gaps, before.unaccounted)


@given(spans, st.integers(OPEN - 9_000, OPEN + 90_000), st.none() | st.integers(1, 50_000))
def test_an_item_is_withdrawn_if_any_part_of_it_is(items: list[tuple[int, int]], t0: int, length: int | None) -> None:
    day = opened()
    t1 = None if length is None else t0 + length
    day.add(9, "withdrawn", {"cam": "a", "t0": t0, "t1": t1, "article": "art. 1"})
    for number, (start, end) in enumerate(items):
        add(day, number, start, end, gap=False)
    for item in day.items:
        common = min(item.t1, t1 if t1 is not None else item.t1) - max(item.t0, t0)
        assert day.is_withdrawn(item) == (common > 0)


def test_only_leaves_of_this_camera_count_and_only_the_first_opening() -> None:
    day = opened(cams="ab")
    day.add(1, "open", {"at": OPEN + 5, "cams": [{"cam": "a"}]})
    day.add(2, "segment", segment(0, OPEN, OPEN + 4000, cam="b"))
    assert (day.opened, day.items) == (OPEN, [])
    assert opened(cams="b").opened is None


@pytest.mark.parametrize("type_", ["heartbeat", "count", "fault", "calibration", "policy", "session", "clock"])
def test_other_leaves_change_no_figure(type_: str) -> None:
    day = opened()
    day.add(1, type_, {"cam": "a", "at": OPEN, "t0": OPEN, "t1": OPEN + 1})
    assert day.account() == Account(0, 0, 0, 0, 0)


def test_a_segment_is_named_by_its_run_and_slot() -> None:
    day = opened()
    add(day, 0, OPEN, OPEN + 4000, gap=False)
    add(day, 1, OPEN + 4000, OPEN + 8000, gap=True)
    film, gap = day.items
    assert isinstance(film, Film)
    assert (film.name, film.init_name) == (f"0badcafe-{OPEN // 4000}.m4s", "0badcafe-init.mp4")
    assert gap == Gap(2, Instant(OPEN + 4000), Instant(OPEN + 8000), 1, "camera_lost")
