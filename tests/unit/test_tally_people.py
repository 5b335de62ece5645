# SPDX-License-Identifier: Apache-2.0
"""Counting people by boxes and by silhouettes: the gate, lines, tables."""

from collections.abc import Iterable
from dataclasses import fields

import numpy as np
import pytest

from kua.core.errors import Misused
from kua.core.instant import Instant
from kua.tally.lines import Crossing, Crossings, Line
from kua.tally.paths import Found, Path, Paths
from kua.tally.people import People, gated
from kua.tally.queue import Blocks, zone_blocks
from kua.tally.silhouettes import Silhouettes, connected, upright
from kua.tally.stays import Busy, Stays, Visit

WIDTH, HEIGHT = 640, 480
ROWS, COLUMNS = 60, 80
HEADS = ((0.2, 8), (0.6, 16))


def mask(*boxes: tuple[int, int, int, int]) -> Blocks:
    """Blocks that differ: top, bottom, left, right, the ends left out."""
    out = np.zeros((ROWS, COLUMNS), np.bool_)
    for top, bottom, left, right in boxes:
        out[top:bottom, left:right] = True
    return out


EVERYWHERE = np.ones((ROWS, COLUMNS), np.bool_)


def at(x: float, y: float = 300, score: float = 0.9) -> Found:
    """Somebody who stands at (x, y)."""
    return Found(x - 20, y - 100, x + 20, y, score)


def gone(ways: dict[int, Iterable[float]]) -> list[list[Path]]:
    """Paths that are at these places in one picture after the other."""
    each = {number: list(xs) for number, xs in ways.items()}
    pictures = max(len(xs) for xs in each.values())
    return [[Path(number, at(xs[n]), Instant(100 * n), counts=True) for number, xs in each.items() if n < len(xs)] for n in range(pictures)]


def test_a_path_has_no_place_for_who_or_how_somebody_looks() -> None:
    assert [one.name for one in fields(Path)] == ["number", "box", "seen", "counts"]
    assert [one.name for one in fields(Found)] == ["x0", "y0", "x1", "y1", "score"]


def test_a_coat_on_the_wall_is_nobody() -> None:
    coat, person = at(100), at(400)
    assert gated([coat, person], mask((25, 38, 47, 53))) == [person]


def test_what_was_found_once_is_not_yet_somebody_and_twice_is() -> None:
    people = People(WIDTH, HEIGHT)
    assert len(people.step(Instant(0), [at(100)], EVERYWHERE).paths) == 0
    assert len(people.step(Instant(100), [at(103)], EVERYWHERE).paths) == 1


def test_a_doubtful_box_keeps_a_path_but_begins_none() -> None:
    paths = Paths()
    assert paths.step(Instant(0), [at(100, score=0.35)]) == []
    paths.step(Instant(100), [at(100)])
    kept = paths.step(Instant(200), [at(101, score=0.35)])
    assert [path.seen for path in kept] == [200]


def test_one_who_bends_down_behind_another_still_counts_and_one_who_walked_out_does_not() -> None:
    people = People(WIDTH, HEIGHT)
    for n in range(5):
        people.step(Instant(100 * n), [at(300), at(600 + 8 * n)], EVERYWHERE)
    present = people.step(Instant(600), [], EVERYWHERE)
    assert [round(path.box.foot[0]) for path in present.paths] == [300]
    assert people.step(Instant(1_700), [], EVERYWHERE).paths == (), "nor for ever"


def test_one_who_is_not_found_where_the_empty_room_is_seen_has_left() -> None:
    people = People(WIDTH, HEIGHT)
    for n in range(5):
        people.step(Instant(100 * n), [at(300)], EVERYWHERE)
    assert people.step(Instant(500), [], mask()).paths == ()


def test_people_are_followed_at_three_pictures_a_second() -> None:
    people, numbers = People(WIDTH, HEIGHT), set[int]()
    for n in range(12):
        present = people.step(Instant(300 * n), [at(100 + 24 * n), at(500 - 24 * n, 440)], EVERYWHERE)
        numbers |= {path.number for path in present.paths}
    assert len(numbers) == 2


def test_where_pictures_are_a_second_apart_whoever_is_found_counts_at_once() -> None:
    people = People(WIDTH, HEIGHT)
    people.step(Instant(0), [], EVERYWHERE)
    assert people.step(Instant(1_200), [at(100), at(300)], EVERYWHERE).estimate.middle == 2


def test_the_interval_holds_one_more_and_one_fewer_than_were_found() -> None:
    people = People(WIDTH, HEIGHT)
    for n in range(3):
        told = people.step(Instant(100 * n), [at(100), at(300), at(500)], EVERYWHERE).estimate
    assert (told.lo, told.hi, told.middle) == (2, 4, 3.0)


def test_a_line_tells_which_way_somebody_went() -> None:
    door = Crossings(Line((200.0, 480.0), (200.0, 0.0)))
    told = [
        one for n, paths in enumerate(gone({1: range(100, 320, 20), 2: range(300, 80, -20)})) for one in door.step(Instant(100 * n), paths)
    ]
    assert sorted(told, key=lambda one: one.way) == [Crossing(Instant(600), "in"), Crossing(Instant(600), "out")]
    assert (door.entries, door.exits) == (1, 1)


def test_one_who_stands_on_the_line_and_sways_does_not_cross_it() -> None:
    door = Crossings(Line((200.0, 480.0), (200.0, 0.0)))
    for n, paths in enumerate(gone({1: [150, *[200 + 8 * (-1) ** k for k in range(30)], 150]})):
        door.step(Instant(100 * n), paths)
    assert (door.entries, door.exits) == (0, 0)


def test_one_who_walks_past_the_end_of_the_line_does_not_cross_it() -> None:
    door = Crossings(Line((200.0, 480.0), (200.0, 350.0)))
    for n, paths in enumerate(gone({1: range(100, 320, 20)})):
        door.step(Instant(100 * n), paths)
    assert (door.entries, door.exits) == (0, 0)


def test_where_somebody_is_only_taken_to_have_gone_is_no_crossing() -> None:
    door = Crossings(Line((200.0, 480.0), (200.0, 0.0)))
    door.step(Instant(0), [Path(1, at(150), Instant(0), counts=True)])
    assert door.step(Instant(500), [Path(1, at(250), Instant(0), counts=True)]) == []
    assert door.step(Instant(600), [Path(1, at(250), Instant(600), counts=True)]) == [Crossing(Instant(600), "in")]


def test_a_line_has_two_ends() -> None:
    with pytest.raises(Misused) as caught:
        Line((1.0, 2.0), (1.0, 2.0))
    assert caught.value.code == "tally.line"


TABLE = zone_blocks([[(0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6)]], WIDTH, HEIGHT)
AWAY = 40.0


def stayed(xs: list[float], *, broken: int | None = None) -> list[Visit]:
    """Visits of one who is at these places; from picture `broken` on under another number."""
    stays, told = Stays(TABLE), list[Visit]()
    for n, x in enumerate(xs):
        number = 1 if broken is None or n < broken else 2
        told += stays.step(Instant(100 * n), [Path(number, at(x), Instant(100 * n), counts=True)])
    return told + stays.close()


def test_a_visit_lasts_from_the_first_to_the_last_picture_at_the_table() -> None:
    assert stayed([AWAY] * 10 + [320.0] * 40 + [AWAY] * 30) == [Visit(Instant(1_000), Instant(4_900))]


def test_who_passes_the_table_does_not_visit_it() -> None:
    assert stayed([AWAY] * 10 + [320.0] * 15 + [600.0] * 30) == []


def test_a_step_aside_for_a_moment_is_one_visit() -> None:
    assert len(stayed([320.0] * 30 + [AWAY] * 10 + [320.0] * 30)) == 1


def test_two_visits_with_a_pause_are_two() -> None:
    assert len(stayed([320.0] * 30 + [AWAY] * 20 + [320.0] * 30)) == 2


def test_one_who_is_lost_at_the_table_and_found_again_is_one_visit() -> None:
    assert len(stayed([320.0] * 60, broken=30)) == 1


def test_two_people_at_the_table_at_once_are_two_visits_by_paths_and_one_by_area() -> None:
    stays, busy, told, area = Stays(TABLE), Busy(TABLE), list[Visit](), list[Visit]()
    ways = {1: [300.0] * 40 + [AWAY] * 40, 2: [AWAY] * 20 + [340.0] * 40 + [AWAY] * 20}
    for n, paths in enumerate(gone(ways)):
        told += stays.step(Instant(100 * n), paths)
        area += busy.step(Instant(100 * n), EVERYWHERE if n < 60 else mask())
    assert [(visit.t0, visit.t1) for visit in told + stays.close()] == [(0, 3_900), (2_000, 5_900)]
    assert [(visit.t0, visit.t1) for visit in area + busy.close()] == [(0, 5_900)]


def test_a_member_of_the_commission_who_sits_at_the_table_is_no_visit() -> None:
    stays, told = Stays(TABLE), list[Visit]()
    for n in range(700):
        told += stays.step(Instant(1_000 * n), [Path(1, at(320), Instant(1_000 * n), counts=True)])
    assert told + stays.close() == []


@pytest.mark.parametrize("counter", [Stays, Busy])
def test_a_table_outside_the_picture_is_refused(counter: type[Stays] | type[Busy]) -> None:
    with pytest.raises(Misused) as caught:
        counter(mask())
    assert caught.value.code == "tally.table"


def test_a_table_of_another_size_is_refused() -> None:
    with pytest.raises(Misused) as caught:
        Busy(TABLE).step(Instant(0), np.zeros((4, 4), np.bool_))
    assert caught.value.code == "tally.shape"


def silhouettes() -> Silhouettes:
    return Silhouettes(HEADS, HEIGHT, ROWS)


def test_silhouettes_that_stand_apart_are_one_person_each() -> None:
    found = silhouettes().find(mask((24, 36, 20, 24), (24, 36, 60, 64)))
    assert [(box.x0, box.y0, box.x1, box.y1) for box in found] == [(160, 192, 192, 288), (480, 192, 512, 288)]


def test_a_wide_silhouette_is_two_people_and_a_very_high_one_too() -> None:
    assert len(silhouettes().find(mask((24, 36, 20, 31)))) == 2
    assert len(silhouettes().find(mask((12, 36, 20, 24)))) == 2


def test_a_belt_in_the_colour_of_the_wall_cuts_nobody_in_two() -> None:
    assert len(silhouettes().find(mask((24, 30, 20, 24), (31, 36, 20, 24)))) == 1


def test_a_tape_in_the_wind_and_a_moved_bag_are_nobody() -> None:
    told = silhouettes().reckon(mask((30, 32, 0, 70), (33, 36, 75, 78)))
    assert (told.lo, told.hi, told.middle) == (0, 1, 0.0)


def test_an_empty_room_shows_no_silhouette() -> None:
    assert silhouettes().find(mask()) == []


def test_more_people_widen_the_interval() -> None:
    told = silhouettes().reckon(mask(*[(24, 36, left, left + 4) for left in range(2, 74, 9)]))
    assert (told.lo, told.hi, told.middle) == (5, 10, 8.0)


def test_parts_of_a_mask_touch_by_corners_too() -> None:
    whole = connected(mask((1, 4, 1, 3), (4, 7, 3, 5)))
    assert [(shape.top, shape.bottom, shape.left, shape.right, shape.blocks) for shape, _ in whole] == [(1, 6, 1, 4, 12)]
    assert upright(mask((1, 3, 1, 9))).sum() == 0
    assert upright(mask((1, 4, 1, 9))).sum() == 24
