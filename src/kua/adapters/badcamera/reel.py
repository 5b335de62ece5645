# SPDX-License-Identifier: Apache-2.0
"""The bitstream of the bad camera: drawings coded once as H.264 and then kept, so that serving them costs nothing. Every fault of the picture is made here."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np

from kua.adapters.badcamera.switches import Switches

GOP: Final = 10
_START: Final = re.compile(rb"\x00\x00\x00?\x01")
_SPS, _PPS, _SEI, _AUD = 7, 8, 6, 9
Draw = Callable[[int], Any]
"""From the number of a picture to its planes (yuv420p)."""


@dataclass(frozen=True, slots=True)
class Reel:
    """Coded pictures, one list of NAL units each, key pictures with their parameter sets; and those of the beginning, for the description."""

    fps: int
    pictures: Sequence[Sequence[bytes]]
    sps: bytes
    pps: bytes


def made(draw: Draw, count: int, fps: int, switches: Switches) -> Reel:
    """Code `count` pictures with the faults that `switches` name. The same arguments make the same bytes."""
    change = switches.sps_change_at if switches.sps_change_at is not None else count
    coded = _coded([_seen(draw, number, switches) for number in range(min(count, change))], fps)
    if change < count:
        coded += _coded([_squared(_seen(draw, number, switches)) for number in range(change, count)], fps)
    sets = {nal[0] & 0x1F: nal for nal in reversed(coded[0])}
    if switches.loop is not None:
        coded = [coded[number % switches.loop] for number in range(count)]
    if switches.no_sps:
        coded = [[nal for nal in picture if nal[0] & 0x1F not in (_SPS, _PPS)] for picture in coded]
    if switches.garbage_at is not None:
        noise = random.Random(switches.garbage_at)  # noqa: S311 - noise that is the same each time; no secret
        coded = [
            picture if number < switches.garbage_at else [_noise(nal, noise) for nal in picture] for number, picture in enumerate(coded)
        ]
    return Reel(fps, coded, sets[_SPS], sets[_PPS])


def pattern(width: int = 320, height: int = 180, seed: int = 7) -> Draw:
    """Return drawings of a bar that wanders over a floor of noise: alive, sharp, and nobody in it."""
    chance = np.random.default_rng(seed)
    floor = chance.integers(60, 180, (height, width), dtype=np.uint8)

    def draw(number: int) -> Any:
        yuv = np.full((height * 3 // 2, width), 128, np.uint8)
        yuv[:height] = floor + np.random.default_rng(seed + 1 + number).integers(0, 6, (height, width), dtype=np.uint8)
        left = number * 5 % (width - 40)
        yuv[height // 4 : height // 2, left : left + 40] = 220
        return yuv

    return draw


def _seen(draw: Draw, number: int, switches: Switches) -> Any:
    """Return what the sensor hands to the encoder."""
    if switches.frozen_at is not None and number >= switches.frozen_at:
        return draw(switches.frozen_at)
    picture = draw(number)
    if switches.black_at is not None and number >= switches.black_at:
        picture = np.full_like(picture, 128)
        picture[: picture.shape[0] * 2 // 3] = 16
    return picture


def _squared(yuv: Any) -> Any:
    """Return the picture at 4:3, as after a wrong setting: a part of its width is lost."""
    height, width = yuv.shape[0] * 2 // 3, yuv.shape[1]
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(yuv), format="yuv420p")
    return frame.reformat(width=height * 4 // 3 // 2 * 2, height=height).to_ndarray() if width * 3 > height * 4 else yuv


def _coded(pictures: Sequence[Any], fps: int) -> list[list[bytes]]:
    height, width = pictures[0].shape[0] * 2 // 3, pictures[0].shape[1]
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate, context.thread_count = Fraction(1, fps), Fraction(fps), 1
    context.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "g": str(GOP),
        "crf": "22",
        "x264-params": "scenecut=0:repeat-headers=1",
    }
    coded = []
    for number, yuv in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(yuv), format="yuv420p")
        frame.pts, frame.time_base = number, context.time_base
        coded += [_nals(bytes(packet)) for packet in context.encode(frame)]
    return coded + [_nals(bytes(packet)) for packet in context.encode(None)]


def _nals(data: bytes) -> list[bytes]:
    """Split a byte stream (H.264, annex B) into NAL units, without what only speaks of the encoder."""
    return [nal for nal in _START.split(data) if nal and nal[0] & 0x1F not in (_SEI, _AUD)]


def _noise(nal: bytes, noise: random.Random) -> bytes:
    """Return a unit of the same kind and length whose bytes mean nothing."""
    return nal[:1] + noise.randbytes(len(nal) - 1)
