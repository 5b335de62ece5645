# SPDX-License-Identifier: Apache-2.0
"""What the counter and the second scorer see in drawn pictures of a box: a hand, a wall of people, another box, the box shown, a pile that moved."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kua.core.errors import Misused
from kua.core.instant import Instant
from kua.scenes.energy import RAW_STIFF, Energies, found, piles
from kua.scenes.score import compared, f1, matched
from kua.tally.drops import RAW, Event, Rates, interval
from kua.tally.events import RAW_LIMITS, Told, told
from kua.tally.eye import Eye, places

WIDTH, HEIGHT, EVERY = 160, 120, 125


def box(x0: int, y0: int, x1: int, y1: int) -> tuple[tuple[float, float], ...]:
    return ((x0 / WIDTH, y0 / HEIGHT), (x1 / WIDTH, y0 / HEIGHT), (x1 / WIDTH, y1 / HEIGHT), (x0 / WIDTH, y1 / HEIGHT))


ZONES = {"slot": (box(68, 50, 84, 58),), "box": (box(60, 48, 92, 96),), "show": (box(8, 70, 40, 100),), "count": (box(104, 70, 152, 110),)}
LIMITS = RAW_LIMITS
Draw = Callable[[int, Any], None]


def room() -> Any:
    picture = np.full((HEIGHT, WIDTH), 120, np.uint8)
    picture[:, ::16] = 100
    picture[48:96, 60:92] = 180
    picture[60:92:6, 62:90] = 150
    picture[53:55, 70:82] = 40
    picture[80:90, 112:124] = 220
    return picture


def film(draw: Draw, count: int, *, light: Callable[[int], float] = lambda _n: 1.0) -> Iterable[tuple[Instant, Any]]:
    dice = np.random.default_rng(4)
    for number in range(count):
        picture = room()
        draw(number, picture)
        noisy = picture * light(number) + dice.normal(0, 2, picture.shape)
        yield Instant(EVERY * number), np.clip(noisy, 0, 255).astype(np.uint8)


def hand(picture: Any) -> None:
    picture[46:52, 30:78] = 70
    picture[44:54, 72:80] = 90


def person(picture: Any, x: int) -> None:
    picture[20:118, x : x + 34] = 60


def passing(picture: Any, x: int, number: int, first: int, last: int) -> None:
    """Somebody comes from the right, stands at `x` from picture `first` to `last`, and goes to the left."""
    if first - 8 <= number < first:
        person(picture, x + 8 * (first - number))
    elif first <= number < last:
        person(picture, x + number % 2)
    elif last <= number < last + 7:
        person(picture, max(0, x - 8 * (number - last)))


def nothing(_number: int, _picture: Any) -> None:
    pass


def reaching(number: int, picture: Any) -> None:
    if number in range(20, 32) or number in range(60, 74):
        hand(picture)


def walled(number: int, picture: Any) -> None:
    if 20 <= number < 110:
        person(picture, 58 + number % 2)


def exchanged(number: int, picture: Any) -> None:
    if 20 <= number < 40:
        person(picture, 60)
    if number >= 30:
        picture[48:96, 60:92] = 120
        picture[46:96, 61:94] = 210
        picture[50:53, 74:86] = 30


def showing(number: int, picture: Any) -> None:
    if 20 <= number < 70:
        picture[48:96, 60:92] = 120
        picture[70:100, 8:40] = 200
        picture[76:94, 14:34] = 30


def moving_a_pile(number: int, picture: Any) -> None:
    if number >= 50:
        picture[80:90, 112:124] = 120
        picture[94:104, 130:142] = 220
    if 44 <= number < 54:
        picture[70:110, 110 + number - 40 : 130 + number - 40] = 60 + 5 * (number % 3)


def by_counter(draw: Draw, count: int = 120) -> Told:
    return told(film(draw, count), room(), ZONES, LIMITS)


def by_states(draw: Draw, count: int = 120) -> list[Event]:
    stiff = replace(RAW_STIFF, like=0.5)  # a drawn box has fewer edges than a filmed one
    energies = Energies(room(), places(ZONES, WIDTH, HEIGHT), stiff.fill)
    for at, luma in film(draw, count):
        energies.add(at, luma)
    return found(energies.course(), stiff)


def kinds(events: Iterable[Event]) -> list[str]:
    return [event.kind for event in events if event.kind != "blind"]


def test_two_hands_at_the_slot_are_two_ballots_for_both_methods() -> None:
    counted = by_counter(reaching)
    assert kinds(counted.events) == ["drop", "drop"]
    assert counted.lo <= 2 <= counted.hi
    assert kinds(by_states(reaching)) == ["drop", "drop"]


def test_a_reach_of_three_seconds_is_a_pack_and_one_of_one_second_is_none() -> None:
    def pushing(number: int, picture: Any, *, until: int = 46) -> None:
        if 20 <= number < until:
            hand(picture)
        if 20 <= number < min(26, until):
            picture[50:58, 72:80] = 250

    assert kinds(by_counter(pushing).events) == ["pack"]
    assert kinds(by_counter(lambda number, picture: reaching(number, picture) if number < 40 else None).events) == ["drop"]


def test_two_hands_one_after_the_other_are_parted_where_the_first_goes() -> None:
    """The second is on its way before the first has left: between them there is less of a hand, and never none."""

    def overlapping(number: int, picture: Any) -> None:
        if 20 <= number < 30 or 34 <= number < 46:
            hand(picture)
        elif 30 <= number < 34:
            picture[46:52, 30:70] = 70

    assert kinds(by_counter(overlapping).events) == ["drop", "drop"]


def test_somebody_before_the_box_is_blindness_and_no_ballot() -> None:
    def standing(number: int, picture: Any) -> None:
        passing(picture, 58, number, 30, 60)

    counted = by_counter(standing)
    assert kinds(counted.events) == []
    assert counted.blind > 0.2


def test_the_interval_follows_from_the_rates_and_widens_with_what_was_not_seen() -> None:
    drops = [Event("drop", Instant(4_000 * n), Instant(4_000 * n + 1_500), 1, 0.9) for n in range(20)]
    sure, seen, unseen = (interval(drops, *given) for given in ((0.0, Rates(1.0, 1.0)), (0.0, RAW.rates), (0.5, RAW.rates)))
    assert sure == (20, 20)
    assert seen[0] < 20 < seen[1]
    assert unseen[0] == seen[0]
    assert unseen[1] >= 2 * seen[1] - 1
    assert interval([], 0.0, RAW.rates) == (0, 2)
    pack = [Event("pack", Instant(0), Instant(4_000), 2, 0.8)]
    assert interval(pack, 0.0, RAW.rates) == interval(drops[:1], 0.0, RAW.rates)


def test_an_empty_room_and_a_changing_light_are_nothing() -> None:
    assert kinds(by_counter(nothing).events) == []
    assert kinds(told(film(nothing, 120, light=lambda n: 1.0 + 0.2 * np.sin(n / 20)), room(), ZONES, LIMITS).events) == []
    assert by_states(nothing) == []


def test_people_who_hide_the_box_for_long_are_a_wall_and_no_ballot() -> None:
    counted = by_counter(lambda number, picture: passing(picture, 58, number, 20, 110))
    assert kinds(counted.events) == ["wall"]
    assert counted.blind > 0.4
    assert "wall" in kinds(by_states(walled))


def test_another_box_in_the_place_is_told() -> None:
    assert "swap" in kinds(by_counter(exchanged).events)
    assert "swap" in kinds(by_states(exchanged))


def test_the_box_shown_elsewhere_is_told() -> None:
    assert "shown_empty" in kinds(by_counter(showing).events)
    assert "shown_empty" in kinds(by_states(showing))


def test_a_pile_that_was_moved_is_told_once_and_a_hand_over_it_is_not() -> None:
    def only_a_hand(number: int, picture: Any) -> None:
        if 44 <= number < 54:
            picture[70:110, 110:130] = 60

    assert kinds(by_counter(moving_a_pile).events) == ["pile_moved"]
    assert kinds(by_counter(only_a_hand).events) == []
    assert kinds(piles(list(film(moving_a_pile, 120)), places(ZONES, WIDTH, HEIGHT))) == ["pile_moved"]


def test_what_is_filled_says_nothing() -> None:
    """On the sent film a filled slot is unknown, not occupied."""
    eye = Eye(room(), places(ZONES, WIDTH, HEIGHT), 14, fill=22)
    picture = room()
    picture[40:70, 50:100] = 16
    seen = eye.see(Instant(0), picture)
    assert seen.slot == 0
    assert seen.filled > 0.9


def test_without_a_slot_there_is_nothing_to_count() -> None:
    with pytest.raises(Misused, match=r"tally\.slot"):
        places({"box": ZONES["box"]}, WIDTH, HEIGHT)


def test_an_event_counts_for_one_true_one_at_most() -> None:
    assert matched([(0, 1_000), (2_000, 3_000)], [(100, 900)])[0] == 1
    assert matched([(0, 1_000)], [(100, 900), (200, 800)])[0] == 1
    assert matched([(0, 1_000)], [(1_700, 2_500)])[0] == 0
    truth = {"events": [{"kind": "drop", "t0": 0.0, "t1": 1.0, "n": 1}, {"kind": "drop", "t0": 5.0, "t1": 6.0, "n": 1}]}
    lines = compared("pulses", [Event("drop", Instant(100), Instant(900), 1, 0.9)], truth, table=False)
    drop = next(line for line in lines if line.kind == "drop")
    assert (drop.recall, drop.precision, drop.false_alarms) == (0.5, 1.0, 0)
    assert f1([drop]) == pytest.approx(2 / 3)
