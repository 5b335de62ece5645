# SPDX-License-Identifier: Apache-2.0
"""Laws of following and of counting at a line that hold however people walk, as long as nobody hides anybody."""

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import Instant
from kua.tally.lines import Crossings, Line
from kua.tally.pairs import best_first, best_sum
from kua.tally.paths import Found, Pace, Path, Paths, overlap

LANE = 120
"""Pixels between two lanes: nobody in one touches anybody in another."""
paces = st.floats(-60, 60)
walkers = st.lists(st.tuples(st.floats(0, 600), paces), min_size=1, max_size=5)
likenesses = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 2**32)).map(
    lambda drawn: np.random.default_rng(drawn[2]).random(drawn[:2]).round(2)
)


def walked(people: list[tuple[float, float]], at: int, score: float = 0.9) -> list[Found]:
    """Each walks evenly in a lane of their own."""
    return [
        Found(x + pace * at / 1000, LANE * lane, x + pace * at / 1000 + 36, LANE * lane + 90, score)
        for lane, (x, pace) in enumerate(people)
    ]


@given(walkers, st.sampled_from([100, 200, 300]), st.integers(10, 40), st.randoms(use_true_random=False))
def test_a_path_never_splits_in_two_while_nobody_is_hidden(
    people: list[tuple[float, float]], every: int, pictures: int, shuffle: object
) -> None:
    paths, owners = Paths(), dict[int, set[int]]()
    for n in range(pictures):
        found = walked(people, n * every)
        shuffle.shuffle(found)  # type: ignore[attr-defined]
        for path in paths.step(Instant(n * every), found):
            if path.seen == n * every:
                owners.setdefault(round(path.box.y0 / LANE), set()).add(path.number)
    assert {lane: len(numbers) for lane, numbers in owners.items()} == dict.fromkeys(range(len(people)), 1)


@given(walkers, st.integers(5, 25), st.sets(st.integers(3, 24), max_size=4))
def test_one_who_is_missed_for_a_moment_is_the_same_path(people: list[tuple[float, float]], pictures: int, missed: set[int]) -> None:
    paths, numbers = Paths(), set[int]()
    for n in range(pictures):
        numbers |= {path.number for path in paths.step(Instant(100 * n), [] if n in missed else walked(people, 100 * n))}
    assert len(numbers) == len(people)


@given(walkers, st.integers(3, 20))
def test_the_same_boxes_give_the_same_paths_in_whatever_order_they_come(people: list[tuple[float, float]], pictures: int) -> None:
    one, other = Paths(), Paths()
    for n in range(pictures):
        found = walked(people, 100 * n)
        a, b = one.step(Instant(100 * n), found), other.step(Instant(100 * n), found[::-1])
        assert sorted((p.box.y0, p.box.x0, p.seen, p.counts) for p in a) == sorted((p.box.y0, p.box.x0, p.seen, p.counts) for p in b)


@given(st.lists(st.lists(st.tuples(st.floats(0, 700), st.floats(0, 500), st.floats(0, 1)), max_size=8), max_size=12))
def test_there_are_never_more_paths_found_than_boxes(pictures: list[list[tuple[float, float, float]]]) -> None:
    paths = Paths()
    for n, boxes in enumerate(pictures):
        found = [Found(x, y, x + 30, y + 80, score) for x, y, score in boxes]
        seen = [path for path in paths.step(Instant(100 * n), found) if path.seen == 100 * n]
        assert len(seen) <= len(found)
        assert len({path.number for path in seen}) == len(seen)


@given(st.lists(st.tuples(st.floats(-300, 300), st.floats(0, 1000)), min_size=1, max_size=60))
def test_entries_less_exits_are_what_the_sides_say(way: list[tuple[float, float]]) -> None:
    counter, sides = Crossings(Line((0.0, 10_000.0), (0.0, -10_000.0))), list[bool]()
    for n, (x, y) in enumerate(way):
        counter.step(Instant(n), [Path(1, Found(x - 10, y - 50, x + 10, y, 1.0), Instant(n), counts=True)])
        if abs(x) >= 5:
            sides.append(x > 0)
    moved = sides[-1] - sides[0] if sides else 0
    assert counter.entries - counter.exits == moved


@given(st.lists(st.lists(st.floats(-300, 300), min_size=8, max_size=8), min_size=1, max_size=6))
def test_nobody_appears_or_vanishes_at_a_line(people: list[list[float]]) -> None:
    counter = Crossings(Line((0.0, 1_000.0), (0.0, -1_000.0)))
    clear = [[x if abs(x) >= 5 else 5.0 for x in way] for way in people]
    for n in range(8):
        counter.step(
            Instant(n), [Path(who, Found(way[n] - 10, 0, way[n] + 10, 80, 1.0), Instant(n), counts=True) for who, way in enumerate(clear)]
        )
    before, after = (sum(way[n] > 0 for way in clear) for n in (0, -1))
    assert before + counter.entries - counter.exits == after


@given(likenesses, st.floats(0.05, 0.5))
def test_the_exact_pairing_is_the_best_of_all(likeness: np.ndarray, least: float) -> None:
    pairs = best_sum(likeness, least)
    rows, columns = likeness.shape
    worth = np.where(likeness >= least, likeness, 0.0)
    worth = worth if rows <= columns else worth.T
    best = max(
        (sum(worth[n, chosen] for n, chosen in enumerate(order)) for order in permutations(range(worth.shape[1]), worth.shape[0])),
        default=0.0,
    )
    assert sum(likeness[pair] for pair in pairs) >= best - 1e-9
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(likeness[pair] >= least for pair in pairs)


@given(likenesses, st.floats(0.05, 0.5))
def test_pairing_the_best_first_gives_at_least_half_of_the_exact_sum(likeness: np.ndarray, least: float) -> None:
    quick, exact = (sum(likeness[pair] for pair in how(likeness, least)) for how in (best_first, best_sum))
    assert exact / 2 - 1e-9 <= quick <= exact + 1e-9


@given(st.tuples(*[st.floats(-50, 50)] * 2), st.tuples(*[st.floats(1, 50)] * 2))
def test_a_box_overlaps_itself_wholly_and_what_is_beside_it_not_at_all(corner: tuple[float, float], size: tuple[float, float]) -> None:
    box = np.array([*corner, corner[0] + size[0], corner[1] + size[1]])
    assert abs(float(overlap(box, box)) - 1.0) < 1e-6
    assert float(overlap(box, box + np.array([200.0, 0, 200.0, 0]))) == 0.0


def test_figures_of_following_are_in_order() -> None:
    pace = Pace()
    assert 0 < pace.doubtful <= pace.sure <= pace.new + 1e-9 <= 1
    assert pace.lose_new < pace.lose
