# SPDX-License-Identifier: Apache-2.0
"""Twenty faults injected one after another into one recording of two thousand pictures with people in it: before the encoder no head is ever unhidden, and
between the faults the picture returns (a film that is filled for good would pass the first test and fail the second)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
import pytest

from kua.core.errors import Unavailable
from kua.core.instant import Instant
from kua.law.hiding import DEFAULT
from kua.sight.boxes import Box
from kua.sight.hider import Hider
from kua.station.hide import Hide
from kua.station.pipe import Lost, Packet
from tests.redteam.spy import Spied, seen_sharp
from tests.rigs.recording import SIZE, Encoder
from tests.rigs.rooms import drawn_room

WIDTH, HEIGHT = SIZE
PICTURES = 2_000
BACK = 330
"""Pictures (0.1 s each) within which a picture must return after a fault: the half minute at the signed geometry, and the warm-up."""


@dataclass
class Stand:
    """The recording and what faults can be put into it."""

    trouble: str = ""
    ticks: int = 0
    film: Spied = field(init=False)

    def __post_init__(self) -> None:
        self.film = Spied(look=self.look, open_film=self.open_film)
        make = self.film.hide._means.new_hider
        object.__setattr__(self.film.hide._means, "new_hider", lambda phase: self.new_hider(make, phase))

    def look(self, _picture: Any) -> list[Box]:
        """A detector: it finds nobody, fails, dawdles, or talks nonsense."""
        match self.trouble:
            case "detector dead":
                raise Unavailable("model.missing")
            case "detector out of memory":
                raise MemoryError
            case "detector slow":
                self.film.clock.advance(600)
            case "detector nonsense":
                return [
                    Box(-1e9, -1e9, 1e9, 1e9, 0.9, "person"), Box(50, 50, 20, 20, 0.9, "face"), Box(float("nan"), 0, float("inf"), 9, 1.0, "head"),
                ]  # fmt: skip
        return []

    def new_hider(self, make: Callable[[str], Hider], phase: str) -> Hider:
        if self.trouble == "room lost":
            return Hider(None, None, DEFAULT, phase)
        if self.trouble == "room of another camera":
            drawn = drawn_room(*SIZE, 9)
            return Hider(drawn.calibration(), drawn.reference, DEFAULT, phase)
        return make(phase)

    def open_film(self, emit: Any) -> Any:
        from kua.adapters.codecs.segmenter import Segmenter

        stand = self

        class Failing(Segmenter):
            def encode(self, picture: Any) -> None:
                if stand.trouble == "encoder dead":
                    raise Unavailable("film.encoder", step="encode")
                super().encode(picture)

        return Failing(*SIZE, 10, 400_000, "ultrafast", emit)


def light(factor: float, more: float = 0.0) -> Callable[[Any], Any]:
    def changed(yuv: Any) -> Any:
        out = yuv.copy()
        out[:HEIGHT] = np.clip(out[:HEIGHT].astype(float) * factor + more, 16, 235).astype(np.uint8)
        return out

    return changed


def moved(columns: int, rows: int = 0) -> Callable[[Any], Any]:
    def changed(yuv: Any) -> Any:
        luma = np.roll(yuv[:HEIGHT], (rows, columns), (0, 1))
        chroma = np.roll(yuv[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2), (rows // 2, columns // 2), (1, 2))
        return np.vstack([luma, chroma.reshape(-1, WIDTH)])

    return changed


def covered(yuv: Any) -> Any:
    out = yuv.copy()
    out[:HEIGHT, : WIDTH * 3 // 4] = 60
    return out


def damaged(stand: Stand, how: Callable[[bytes, np.random.Generator], bytes]) -> None:
    """Show a second of pictures whose packets are damaged on the way."""
    film, dice = stand.film, np.random.default_rng(3)
    take = film.hide.take

    def torn(message: Any) -> None:
        take(Packet(message.pts, message.key, message.arrival, how(message.payload, dice)) if isinstance(message, Packet) else message)

    film.hide.take = torn  # type: ignore[method-assign]
    film.walk(10)
    film.hide.take = take  # type: ignore[method-assign]


def flipped(payload: bytes, dice: np.random.Generator) -> bytes:
    data = bytearray(payload)
    for place in dice.integers(0, len(data), 6):
        data[int(place)] ^= int(dice.integers(1, 256))
    return bytes(data)


def scaled(width: int, height: int) -> Callable[[Any], Any]:
    def changed(yuv: Any) -> Any:
        bgr = cv2.resize(cv2.cvtColor(yuv, cv2.COLOR_YUV2BGR_I420), (width, height))
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420)

    return changed


def resized(stand: Stand, width: int, height: int) -> None:
    reconnected(stand, Encoder(size=(width, height)))
    stand.film.walk(12, scaled(width, height))
    reconnected(stand)


def reconnected(stand: Stand, encoder: Encoder | None = None) -> None:
    stand.film.hide.take(Lost("camera_lost", stand.film.clock.now()))
    stand.film.clock.advance(4_000)
    stand.film.connect(encoder or Encoder())


def killed(stand: Stand) -> None:
    """The process dies with what it held and a new one begins."""
    old = stand.film.hide
    stand.film.hide = Hide(old._shape, old._means, stand.film.sent.append)
    stand.film.watch(stand.film.hide)
    stand.film.connect()


def pts(stand: Stand, by: int) -> None:
    stand.film.media += by
    stand.film.walk(12)


def troubled(stand: Stand, name: str, count: int = 8) -> None:
    stand.trouble = name
    stand.film.walk(count)
    stand.trouble = ""


def troubled_run(stand: Stand, name: str) -> None:
    """A trouble of a whole run: it begins and ends with a reconnect."""
    stand.trouble = name
    reconnected(stand)
    stand.film.walk(20)
    stand.trouble = ""
    reconnected(stand)


FAULTS: dict[str, Callable[[Stand], Any]] = {
    "detector dead": lambda stand: troubled(stand, "detector dead"),
    "detector out of memory": lambda stand: troubled(stand, "detector out of memory"),
    "detector slow": lambda stand: troubled(stand, "detector slow"),
    "detector nonsense": lambda stand: troubled(stand, "detector nonsense", 1),
    "room lost": lambda stand: troubled_run(stand, "room lost"),
    "room of another camera": lambda stand: troubled_run(stand, "room of another camera"),
    "encoder dead": lambda stand: troubled(stand, "encoder dead", 3),
    "light off": lambda stand: stand.film.walk(6, light(0.0, 16)),
    "glaring light": lambda stand: stand.film.walk(6, light(1.0, 200)),
    "light half": lambda stand: stand.film.walk(6, light(0.6)),
    "lens covered": lambda stand: stand.film.walk(6, covered),
    "camera turned": lambda stand: stand.film.walk(6, moved(60)),
    "camera nudged and back": lambda stand: stand.film.walk(20, moved(6, 4)),
    "size change": lambda stand: resized(stand, 640, 360),
    "another shape": lambda stand: resized(stand, 320, 240),
    "another codec": lambda stand: reconnected(stand, Encoder("mjpeg")),
    "queue full": lambda stand: stand.film.walk(10, behind=900),
    "process killed": killed,
    "camera reconnects": reconnected,
    "packets cut": lambda stand: damaged(stand, lambda data, _dice: data[: len(data) // 2]),
    "packets damaged": lambda stand: damaged(stand, flipped),
    "packets of nothing": lambda stand: damaged(stand, lambda data, dice: dice.bytes(len(data))),
    "timestamps back": lambda stand: pts(stand, -400),
    "timestamps forward": lambda stand: pts(stand, 3_600_000),
    "clock set": lambda stand: stand.film.clock.step(90_000),
    "picture frozen": lambda stand: stand.film.show([stand.film.room.picture(600_000 + stand.film.shown * 100)] * 12),
}


def back(stand: Stand) -> int | None:
    """Let people walk on until a picture shows the room again; return after how many pictures."""
    film = stand.film
    for count in range(0, BACK, 10):
        begun = len(film.safe)
        film.walk(10)
        if any(map(seen_sharp, film.safe[begun:])):
            return count
    return None


@pytest.fixture(scope="module")
def story() -> tuple[Stand, dict[str, int | None]]:
    stand = Stand()
    stand.film.connect()
    stand.film.walk(40)
    returned: dict[str, int | None] = {}
    for name, fault in FAULTS.items():
        fault(stand)
        stand.film.walk(20)
        returned[name] = back(stand)
        stand.film.walk(20)
    while len(stand.film.safe) < PICTURES:
        stand.film.walk(20)
    stand.film.hide.finish(ended=True)
    return stand, returned


def test_there_are_twenty_faults_and_two_thousand_pictures(story: Any) -> None:
    stand, returned = story
    assert len(returned) >= 20
    assert len(stand.film.safe) >= PICTURES


def test_no_head_stands_unhidden_before_the_encoder_whatever_fails(story: Any) -> None:
    stand, _ = story
    heads = sum(int(stand.film.visible_people(at).sum()) for at in list(stand.film.story.values())[::40])
    assert heads > 1_000
    assert stand.film.exposed() == []


def test_after_each_fault_the_picture_returns(story: Any) -> None:
    _, returned = story
    assert {name: count for name, count in returned.items() if count is None} == {}


def test_what_was_shown_was_shown_by_a_hider_that_was_warm(story: Any) -> None:
    stand, _ = story
    reasons = [safe.reason for safe in stand.film.safe]
    assert {"warming", "detector", "no_room", "scene_changed", "late"} <= set(reasons)
    assert sum(map(seen_sharp, stand.film.safe)) > 0.4 * len(reasons)


def test_the_probe_finds_a_head_where_nothing_hides_it() -> None:
    """The test above could not fail if the probe were blind."""
    film = Spied()
    film.connect()
    film.walk(60)
    film.hide.finish(ended=True)
    assert film.exposed() == []
    for safe in film.safe:
        hidden = safe.hidden.copy()
        hidden[:] = False
        object.__setattr__(safe, "hidden", hidden)
    assert len(film.exposed()) > 30
    assert Instant(film.safe[-1].at) in film.story
