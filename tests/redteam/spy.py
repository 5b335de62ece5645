# SPDX-License-Identifier: Apache-2.0
"""What an attacker would look for: pictures on their way to the encoder, compared with a drawing in which it is known where people are."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from kua.adapters.codecs.segmenter import Segmenter
from kua.sight.safe import SafeFrame
from kua.station.pipe import Packet
from tests.rigs.recording import SIZE, Encoder, Recording

Pixels = npt.NDArray[np.bool_]

BEGIN = 1_800_000_000_300
"""The moment of the first picture of a `Recording`."""
STORY = 600_000
"""The moment of the drawing's story that is its first picture."""
PLAIN = 28
"""Levels by which a person's pixel differs from the room at least to be called visible."""


class Spied(Recording):
    """A recording in which every picture is kept as it comes to the encoder. `story` says which moment of the drawing each shows."""

    def __init__(self, **changed: Any) -> None:
        self.safe: list[SafeFrame] = []
        self.story: dict[int, int] = {}
        self.shot: dict[int, int] = {}
        inner: Callable[[Any], Any] = changed.pop("open_film", lambda emit: Segmenter(*SIZE, 10, 400_000, "ultrafast", emit))

        def open_film(emit: Any) -> Any:
            film = inner(emit)
            encode = film.encode

            def spied(picture: SafeFrame) -> None:
                self.safe.append(picture)
                encode(picture)

            film.encode = spied
            return film

        super().__init__(open_film=open_film, **changed)
        self.empty = self.room.empty()[: SIZE[1]].astype(np.int16)
        self.watch(self.hide)

    def watch(self, hide: Any) -> None:
        """Note which picture of the story `hide` takes for which moment: clocks and connections change under way."""
        inner = hide._hide

        def noted(run: Any, picture: Any, at: Any, *rest: Any) -> None:
            if picture.pts in self.shot:
                self.story[at] = self.shot[picture.pts]
            inner(run, picture, at, *rest)

        hide._hide = noted

    def connect(self, encoder: Encoder | None = None) -> None:
        """A camera answers; its own clock begins anew."""
        self.shot.clear()
        super().connect(encoder)

    def walk(self, count: int, change: Callable[[Any], Any] | None = None, **how: Any) -> None:
        """Show the next `count` pictures of the story, each changed by `change`."""
        for _ in range(count):
            at = STORY + self.shown * 100
            self.shown += 1
            self.shot[self.media] = at
            picture = self.room.picture(at)
            self.show([picture if change is None else change(picture)], **how)

    def lossless(self, change: Callable[[Any], Any], count: int) -> None:
        """Record `count` pictures of the story that no codec of a camera has touched (`open_decoder=Uncompressed`)."""
        self.connect()
        for _ in range(count):
            yuv = change(self.room.picture(STORY + self.shown * 100))
            self.shown += 1
            self.hide.take(Packet(self.media, True, self.clock.now(), yuv.tobytes()))
            self.media += 100
            self.clock.advance(100)
        self.hide.finish(ended=True)

    def visible_people(self, at: int) -> Pixels:
        """Return the pixels of the drawing at that moment of the story in which a person plainly differs from the room: [height, width]."""
        quiet = _luma(self.room.bgr(at))
        boxes = np.zeros(quiet.shape, np.bool_)
        width, height = SIZE
        for seen in self.room.truth(at).seen:
            if seen.shown:
                left, top, right, bottom = (round(part * side / 10_000) for part, side in zip(seen.head, (width, height) * 2, strict=True))
                boxes[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = True
        return boxes & (np.abs(quiet - self.empty) > PLAIN)

    def exposed(self) -> list[tuple[int, int]]:
        """Return the moments at which a pixel of a head stands unhidden in a picture on its way to the encoder, and how many pixels."""
        found = []
        for safe in self.safe:
            if safe.reason is not None or safe.at not in self.story:
                continue
            hidden = np.repeat(np.repeat(safe.hidden, 8, 0), 8, 1)[: SIZE[1], : SIZE[0]]
            heads = self.visible_people(self.story[safe.at])
            count = int((heads & ~hidden).sum())
            if count:
                found.append((safe.at, count))
        return found


def _luma(bgr: Any) -> npt.NDArray[np.int16]:
    import cv2

    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420)[: bgr.shape[0]], dtype=np.int16)


def seen_sharp(safe: SafeFrame) -> bool:
    """Say whether a picture shows anything of the room."""
    return safe.reason is None and not safe.hidden.all()


@dataclass(frozen=True)
class _Plain:
    """A picture as it was given."""

    pts: int
    yuv: Any
    width: int = SIZE[0]
    height: int = SIZE[1]

    def planes(self, _width: int, _height: int) -> Any:
        return self.yuv


class Uncompressed:
    """A decoder of pictures that were never compressed, so that one part of them cannot touch another through a camera's codec."""

    broken = 0

    def __init__(self, *_: Any) -> None: ...

    def decode(self, pts: int, payload: bytes) -> list[_Plain]:
        return [_Plain(pts, np.frombuffer(payload, np.uint8).reshape(SIZE[1] * 3 // 2, SIZE[0]))]

    def rest(self) -> list[_Plain]:
        return []
