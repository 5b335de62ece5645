# SPDX-License-Identifier: Apache-2.0
"""Stickers in the picture: they draw zones, and say that a box, its lid or the camera was moved. They never show more than without them."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.adapters.detectors.stickers import MODULES, StickerFinder, modules_of
from kua.adapters.sources.painting import PaintedRoom
from kua.core.instant import Instant
from kua.sight.raw import RawFrame
from kua.sight.stickers import NUMBERS, STICKERS, Corners, Seals, zones_of
from kua.sight.zones import touched
from kua.station.pipe import Covered, Fault
from tests.rigs.recording import Recording
from tests.rigs.stickers import number_of, room_with, stuck

WIDTH, HEIGHT = 640, 360


@cache
def room() -> PaintedRoom:
    return PaintedRoom(7, WIDTH, HEIGHT)


def picture(stickers: dict[int, Any], at: int = 0) -> RawFrame:
    return RawFrame(Instant(at), WIDTH, HEIGHT, stuck(room().picture(600_000 + at), stickers))


def places(stickers: dict[int, Any]) -> dict[int, Corners]:
    """Where stickers that lie flat are, exactly."""
    return {
        number: ((x / WIDTH, y / HEIGHT), ((x + s) / WIDTH, y / HEIGHT), ((x + s) / WIDTH, (y + s) / HEIGHT), (x / WIDTH, (y + s) / HEIGHT))
        for number, (x, y, s) in stickers.items()
    }


def test_every_sticker_is_found_at_its_place_and_no_other() -> None:
    stickers = room_with()
    found = StickerFinder().find(picture(stickers))
    assert set(found) == set(stickers)
    for number, corners in places(stickers).items():
        apart = (np.array(found[number]) - np.array(corners)) * (WIDTH, HEIGHT)
        assert np.abs(apart).max() < 1.5


def test_a_sticker_seen_from_the_side_is_found_with_its_corners_in_order() -> None:
    slanted = [(300, 100), (330, 106), (332, 142), (302, 132)]
    found = StickerFinder().find(picture({16: slanted}))
    assert np.abs(np.array(found[16]) * (WIDTH, HEIGHT) - slanted).max() < 2


def test_a_room_without_stickers_has_none() -> None:
    assert not any(StickerFinder().find(picture({}, at)) for at in range(0, 60_000, 3_000))


def test_a_copy_of_a_sticker_makes_it_no_sticker() -> None:
    twice = stuck(stuck(room().empty(), {16: (60, 60, 40)}), {16: (400, 200, 40)})
    assert StickerFinder().find(RawFrame(Instant(0), WIDTH, HEIGHT, twice)) == {}


def test_every_number_stands_for_one_thing_and_looks_like_no_other() -> None:
    assert len(NUMBERS) == len(STICKERS)
    looks = {modules_of(number).tobytes() for number in STICKERS}
    assert len(looks) == len(STICKERS)
    assert all(modules_of(number).shape == (MODULES, MODULES) for number in (0, 139))


def test_stickers_draw_the_booth_the_box_and_its_slot() -> None:
    zones = zones_of(StickerFinder().find(picture(room_with())))
    assert set(zones) == {"booth", "box", "slot"}
    booth = touched(zones["booth"], WIDTH, HEIGHT)
    assert booth[90 // 8 : 216 // 8, 60 // 8 : 178 // 8].all()
    assert not booth[:, 240 // 8 :].any()
    assert touched(zones["box"], WIDTH, HEIGHT)[190 // 8 : 298 // 8, 330 // 8 : 448 // 8].all()


def test_one_sticker_alone_draws_nothing() -> None:
    assert zones_of(places({number_of("booth", 1, 1): (60, 60, 40), number_of("booth", 2, 1): (200, 60, 40), 0: (300, 60, 40)})) == {}


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 320), st.integers(20, 40)), min_size=2, max_size=4))
def test_a_booths_zone_covers_all_of_its_stickers(squares: list[tuple[int, int, int]]) -> None:
    stickers = {number_of("booth", 1, corner): square for corner, square in enumerate(squares, 1)}
    covered = touched(
        zones_of({number: tuple((min(1.0, x), min(1.0, y)) for x, y in corners) for number, corners in places(stickers).items()})["booth"],
        WIDTH,
        HEIGHT,
    )
    for x, y, side in squares:
        assert covered[y // 8 : min(HEIGHT, y + side) // 8, x // 8 : min(WIDTH, x + side) // 8].all()


def seals(*looks: dict[int, Any], stands: bool = False, unseen: tuple[int, ...] = ()) -> Seals:
    """Hold looks, a second apart, against the room as it was signed."""
    watch = Seals(places(room_with()), WIDTH, HEIGHT)
    for second, look in enumerate(looks):
        watch.see(Instant(1_000 * second), {number: place for number, place in places(look).items() if number not in unseen}, stands=stands)
    return watch


def moved(by: tuple[float, float]) -> dict[int, Any]:
    return {number: (x + by[0], y + by[1], side) for number, (x, y, side) in room_with().items()}


def test_a_box_that_was_moved_is_told_after_two_looks_and_no_longer_when_it_is_back() -> None:
    assert not seals(room_with(), room_with(box=(30, 0))).alarms
    assert seals(room_with(), *[room_with(box=(30, 0))] * 2).alarms == {"box_moved"}
    assert not seals(*[room_with(box=(30, 0))] * 3, room_with(), room_with()).alarms


def test_a_lid_that_was_opened_is_told_and_a_box_with_its_lid_is_only_moved() -> None:
    assert seals(room_with(), *[room_with(lid=(0, -25))] * 2).alarms == {"lid_opened"}
    assert seals(room_with(), *[room_with(box=(20, 8))] * 2).alarms == {"box_moved"}


def test_a_camera_that_was_moved_moves_no_box() -> None:
    watch = seals(room_with(), *[moved((9, -6))] * 3)
    assert watch.is_moved
    assert not watch.alarms


def test_a_hand_before_a_sticker_changes_nothing() -> None:
    hidden = tuple(number for number in room_with() if STICKERS[number].what in {"lid", "box"})
    assert not seals(*[room_with()] * 3, unseen=hidden).alarms
    watch = Seals(places(room_with()), WIDTH, HEIGHT)
    for second in range(4):
        watch.see(Instant(second), places(room_with(box=(30, 0))), stands=True)
    for second in range(4, 9):
        watch.see(Instant(second), {}, stands=True)
    assert watch.alarms == {"box_moved"}, "what cannot be seen takes no alarm back"


def test_without_a_sticker_on_the_wall_the_rooms_own_texture_vouches_for_the_camera() -> None:
    fixed = tuple(number for number in room_with() if STICKERS[number].what in {"wall", "booth"})
    looks = [room_with(), *[room_with(box=(30, 0))] * 2]
    assert seals(*looks, unseen=fixed, stands=True).alarms == {"box_moved"}
    assert not seals(*looks, unseen=fixed, stands=False).alarms


@settings(max_examples=80)
@given(st.lists(st.sampled_from(sorted(room_with())), unique=True), st.floats(-1.5, 1.5), st.floats(-1.5, 1.5))
def test_noise_and_hidden_stickers_raise_no_alarm(unseen: list[int], x: float, y: float) -> None:
    watch = seals(*[moved((x, y))] * 4, stands=True, unseen=tuple(unseen))
    assert not watch.alarms
    assert not watch.is_moved


@pytest.mark.parametrize(("change", "kind"), [({"box": (36, 0)}, "box_moved"), ({"lid": (0, -30)}, "lid_opened")])
def test_what_the_stickers_say_reaches_the_log_and_hides_nothing(change: dict[str, Any], kind: str) -> None:
    seen = {"now": places(room_with())}
    recording = Recording(seals=(Seals(places(room_with()), WIDTH, HEIGHT), lambda _picture: seen["now"]))
    recording.connect()
    recording.show(recording.people(30))
    seen["now"] = places(room_with(**change))
    recording.show(recording.people(40))
    assert [(fault.kind, fault.state) for fault in recording.of(Fault)] == [(kind, "begin")]
    assert {span.reason for span in recording.of(Covered)} <= {"warming"}


def test_a_finder_that_fails_hides_nothing_and_stops_nothing() -> None:
    def broken(_picture: Any) -> Any:
        raise ZeroDivisionError

    recording = Recording(seals=(Seals({}, 320, 180), broken))
    recording.connect()
    recording.show(recording.people(30))
    assert recording.hide.counts["stickers ZeroDivisionError"] >= 2
    assert {span.reason for span in recording.of(Covered)} <= {"warming"}
