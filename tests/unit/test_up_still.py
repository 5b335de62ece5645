# SPDX-License-Identifier: Apache-2.0
"""Whether the room is empty enough to be learned: noise and a drift of light are no movement, a person who walks is, and a model's word counts."""

from dataclasses import dataclass
from typing import Any

from kua.adapters.codecs.aim import Aim
from kua.adapters.sources.painting import PaintedRoom
from kua.core.instant import Instant, Millis
from tests.rigs.stickers import room_with, stuck

WIDTH, HEIGHT = 640, 360
ROOM = PaintedRoom(7, WIDTH, HEIGHT)


@dataclass
class Drawn:
    """One picture of the drawn room."""

    yuv: Any
    pts: int = 0
    width: int = WIDTH
    height: int = HEIGHT

    def planes(self, width: int, height: int) -> Any:
        return self.yuv


def still_after(pictures: list[Any], aim: Aim) -> list[int]:
    return [aim.see(Drawn(yuv), Instant(number * 250), lambda: Millis(0)).still_ms for number, yuv in enumerate(pictures)]


def test_stickers_in_the_picture_offer_their_zones_and_a_room_without_offers_none() -> None:
    aim = Aim(WIDTH, HEIGHT)
    assert aim.see(Drawn(ROOM.quiet(0)), Instant(100), lambda: Millis(0)).zones == {}
    assert aim.see(Drawn(stuck(ROOM.quiet(0), room_with())), Instant(900), lambda: Millis(0)).zones == {}, "looked for once a second"
    assert set(aim.see(Drawn(stuck(ROOM.quiet(0), room_with())), Instant(1_200), lambda: Millis(0)).zones) == {"booth", "box", "slot"}


def test_an_empty_room_with_its_noise_and_light_is_still() -> None:
    told = still_after([ROOM.quiet(at * 250) for at in range(48)], Aim(WIDTH, HEIGHT))
    assert told[-1] == 47 * 250
    assert told == sorted(told)


def test_people_who_walk_start_the_time_anew() -> None:
    told = still_after([ROOM.picture(at * 250) for at in range(48)], Aim(WIDTH, HEIGHT))
    assert max(told) < 8_000


def test_a_person_whom_a_model_finds_sitting_still_starts_the_time_anew() -> None:
    told = still_after([ROOM.quiet(at * 250) for at in range(24)], Aim(WIDTH, HEIGHT, count=lambda _picture: ["somebody"]))
    assert max(told) < 1_000


def test_without_a_calibration_there_is_no_sent_picture_to_be_mistaken_for_one() -> None:
    seen = Aim(WIDTH, HEIGHT).see(Drawn(ROOM.quiet(0)), Instant(0), lambda: Millis(0))
    assert seen.raw[:2] == b"\xff\xd8"
    assert seen.sent == b""
    assert seen.hidden == -1
