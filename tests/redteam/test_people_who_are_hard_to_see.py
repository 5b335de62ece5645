# SPDX-License-Identifier: Apache-2.0
"""People whom a camera hardly tells from the room, or sees where it should not: dressed like the wall, sitting still for an hour, children, a face on a
poster, a mirror. On drawn pictures, without any model: what models add is measured in `make bench NAME=hide`."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from kua.core.instant import Instant
from kua.law.hiding import DEFAULT
from kua.sight.hider import Hider
from kua.sight.raw import RawFrame
from kua.sight.room import learn_room
from kua.sight.safe import SafeFrame

WIDTH, HEIGHT = 640, 360
Scene = Callable[[Any], None]


def wall() -> Any:
    """An empty room in BGR: a papered wall, a dark floor, a door, a mirror, a poster with a face."""
    dice = np.random.default_rng(11)
    bgr = np.full((HEIGHT, WIDTH, 3), (170, 180, 185), np.uint8)
    bgr[:, ::40] = (150, 158, 162)
    bgr[260:] = (80, 90, 100)
    cv2.rectangle(bgr, (40, 90), (110, 270), (60, 80, 110), -1)
    cv2.rectangle(bgr, (420, 90), (500, 230), (190, 190, 180), -1)
    cv2.rectangle(bgr, (540, 60), (610, 150), (210, 215, 220), -1)
    face(bgr, 575, 105, 26)
    return np.clip(bgr.astype(int) + dice.integers(-6, 7, (HEIGHT, WIDTH, 1)), 0, 255).astype(np.uint8)


def face(bgr: Any, x: int, y: int, radius: int, skin: tuple[int, int, int] = (140, 170, 215)) -> None:
    cv2.ellipse(bgr, (x, y), (int(radius * 0.8), radius), 0, 0, 360, skin, -1)
    cv2.ellipse(bgr, (x, y - radius // 2), (int(radius * 0.8), radius // 2), 0, 180, 360, (40, 40, 50), -1)
    for side in (-1, 1):
        cv2.circle(bgr, (x + side * radius // 3, y - radius // 8), max(1, radius // 8), (30, 30, 30), -1)
    cv2.line(bgr, (x - radius // 4, y + radius // 2), (x + radius // 4, y + radius // 2), (70, 70, 160), max(1, radius // 10))


def person(
    bgr: Any, x: int, feet: int, tall: int, coat: tuple[int, int, int] = (60, 50, 140), skin: tuple[int, int, int] = (140, 170, 215)
) -> None:
    head = tall // 7
    cv2.rectangle(bgr, (x - head, feet - tall + 2 * head), (x + head, feet), coat, -1)
    face(bgr, x, feet - tall + head, head, skin)


def sensed(bgr: Any, number: int) -> Any:
    noisy = bgr.astype(int) + np.random.default_rng(number).normal(0, 2, bgr.shape)
    return cv2.cvtColor(np.clip(noisy, 0, 255).astype(np.uint8), cv2.COLOR_BGR2YUV_I420)


def hider(phase: str = "voting", **how: Any) -> Hider:
    room = wall()
    learned = learn_room([RawFrame(Instant(500 * n), WIDTH, HEIGHT, sensed(room, n)) for n in range(12)])
    return Hider(None, learned, DEFAULT, phase, **how)


def shown(scene: Scene, *, pictures: int = 8, every: int = 100, phase: str = "voting", **how: Any) -> tuple[SafeFrame, Any]:
    """Show an empty room and then the scene for so many pictures; return the last safe picture and the scene's raw one."""
    eye = hider(phase, **how)
    for number in range(10):
        eye.step(RawFrame(Instant(100 * number), WIDTH, HEIGHT, sensed(wall(), 100 + number)))
    bgr = wall()
    scene(bgr)
    raw = sensed(bgr, 0)
    for number in range(pictures):
        raw = sensed(bgr, 300 + number)
        safe = eye.step(RawFrame(Instant(1_000 + every * number), WIDTH, HEIGHT, raw))
    return safe, raw


def open_share(safe: SafeFrame, x: int, y: int, across: int, down: int) -> float:
    """Return the share of that ellipse which is not hidden."""
    hidden = np.repeat(np.repeat(safe.hidden, 8, 0), 8, 1)[:HEIGHT, :WIDTH]
    area = np.zeros((HEIGHT, WIDTH), np.uint8)
    cv2.ellipse(area, (x, y), (across, down), 0, 0, 360, 1, -1)
    return float((~hidden)[area != 0].mean())


@pytest.mark.parametrize("contrast", [0, 6, 12, 18])
def test_a_face_is_hidden_even_if_skin_and_coat_are_nearly_the_colour_of_the_wall(contrast: int) -> None:
    """Eyes, brow and mouth differ from any wall, and a silhouette is closed around what differs."""
    tone = (170 - contrast, 180 - contrast, 185 - contrast)
    safe, raw = shown(lambda bgr: person(bgr, 300, 330, 180, coat=tone, skin=tone))
    hidden = np.repeat(np.repeat(safe.hidden, 8, 0), 8, 1)[:HEIGHT, :WIDTH]
    empty = sensed(wall(), 0)[:HEIGHT].astype(int)
    plain = np.abs(raw[:HEIGHT].astype(int) - empty) > 30
    assert plain[150:210, 280:320].sum() > 50
    assert not (plain & ~hidden).any()


@pytest.mark.parametrize("tall", [60, 80, 110])
def test_children_are_hidden_like_everybody_else(tall: int) -> None:
    safe, _ = shown(lambda bgr: person(bgr, 330, 320, tall))
    head = tall // 7
    assert open_share(safe, 330, 320 - tall + head, int(head * 0.8), head) == 0


def test_somebody_who_sits_still_for_an_hour_is_hidden_for_an_hour() -> None:
    safe, _ = shown(lambda bgr: person(bgr, 300, 330, 150), pictures=720, every=5_000)
    assert safe.reason is None
    assert open_share(safe, 300, 330 - 150 + 21, 17, 21) == 0


def test_a_face_on_a_poster_that_always_hung_there_is_shown_and_a_face_before_it_is_not() -> None:
    alone, _ = shown(lambda _bgr: None)
    assert open_share(alone, 575, 105, 20, 26) == 1
    before, _ = shown(lambda bgr: person(bgr, 575, 330, 250))
    assert open_share(before, 575, 330 - 250 + 35, 28, 35) == 0


def test_a_poster_of_a_face_that_is_put_up_during_the_day_is_hidden() -> None:
    safe, _ = shown(lambda bgr: face(bgr, 300, 140, 40), pictures=240, every=5_000)
    assert open_share(safe, 300, 140, 32, 40) == 0


def test_a_face_in_a_mirror_is_a_face() -> None:
    safe, _ = shown(lambda bgr: face(bgr, 460, 150, 24))
    assert open_share(safe, 460, 150, 19, 24) == 0


def test_a_face_that_fills_the_picture_fills_it() -> None:
    safe, _ = shown(lambda bgr: face(bgr, 320, 200, 190))
    assert safe.reason == "scene_changed" or (open_share(safe, 320, 200, 150, 190) == 0)


def ballot(bgr: Any, mark: int) -> None:
    """A hand holds up a sheet to the camera, with five squares, one of which is marked."""
    cv2.rectangle(bgr, (200, 60), (440, 330), (240, 242, 245), -1)
    for row in range(5):
        y = 90 + 48 * row
        cv2.rectangle(bgr, (390, y), (420, y + 30), (60, 60, 60), 2)
        cv2.putText(bgr, "CANDIDATE " + "ABCDE"[row], (215, y + 24), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (40, 40, 40), 2)
        if row == mark:
            cv2.line(bgr, (392, y + 2), (418, y + 28), (160, 40, 30), 4)
            cv2.line(bgr, (418, y + 2), (392, y + 28), (160, 40, 30), 4)


@pytest.mark.parametrize("phase", ["opening", "voting"])
def test_a_ballot_held_up_to_the_camera_does_not_tell_its_mark(phase: str) -> None:
    """Matched against what each of the five marks would look like after hiding, the picture fits none better than another."""
    pictures = {mark: shown(lambda bgr, mark=mark: ballot(bgr, mark), phase=phase)[0] for mark in range(5)}
    assert all(safe.reason is not None or open_share(safe, 320, 195, 118, 133) == 0 for safe in pictures.values())
    told = [np.ptp([int(safe.yuv[105 + 48 * row, 405]) for safe in pictures.values()]) for row in range(5)]
    assert max(told) <= 2, told
