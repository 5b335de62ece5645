# SPDX-License-Identifier: Apache-2.0
"""Real and rendered films: played once nothing of them is a repetition; played again through a coarser encoder they are told. Prints the figures."""

import os
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from kua.core.instant import Instant
from kua.media.cutter import Grid
from kua.sight.repeats import ALIKE, Repeats
from tests.rigs.recording import Encoder, decode_packets

pytestmark = pytest.mark.data

START = 1_800_000_000_000
CLIPS = {"vtest.avi": 10.0, "one-by-one.0-724.mp4": 10.0, "sim2_side.mp4": 8.0, "sim2_front.mp4": 8.0, "sim2_back.mp4": 8.0}
"""Pictures a second; the second film does not know its own rate."""
LOOPED = 40_000
"""Milliseconds of each film that are played again."""


def shown(name: str) -> Iterator[tuple[int, Any]]:
    """Give each picture of a film with its time."""
    with av.open(str(Path(os.environ["KUA_DATA"]) / "clips" / name)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            yield START + round(1000 * number / CLIPS[name]), np.ascontiguousarray(frame.to_ndarray(format="yuv420p"))


def told(pictures: Iterator[tuple[int, Any]]) -> tuple[float, int | None]:
    """Return the greatest likeness, and when a repetition was first told. Ten pictures a second at most, as `hide` takes them."""
    repeats, grid, most, first = Repeats(), Grid(10), 0.0, None
    for at, yuv in pictures:
        if grid.takes(Instant(at)):
            said = repeats.see(Instant(at), yuv[: yuv.shape[0] * 2 // 3])
            most = max(most, repeats.likeness)
            first = at - START if said and first is None else first
    return most, first


@cache
def beginning(name: str) -> list[tuple[int, Any]]:
    return [(at, yuv) for at, yuv in shown(name) if at < START + LOOPED]


def coded(name: str, crf: int) -> list[Any]:
    """Return the first part of a film after an encoder of its own."""
    pictures = beginning(name)
    height, width = pictures[0][1].shape
    encoder = Encoder(size=(width, height * 2 // 3), crf=crf)
    return decode_packets(encoder, [yuv for _, yuv in pictures])


@pytest.mark.parametrize("name", CLIPS)
def test_a_film_that_is_played_once_repeats_nothing(name: str) -> None:
    most, first = told(shown(name))
    print(f"\n{name}: played once, greatest likeness {most:.3f}")
    assert first is None
    assert most < ALIKE - 0.15


@pytest.mark.parametrize(("crf", "late"), [(30, 0), (36, 37)])
@pytest.mark.parametrize("name", CLIPS)
def test_the_same_film_through_a_coarser_encoder_is_told_in_its_second_round(name: str, crf: int, late: int) -> None:
    times = [at for at, _ in beginning(name)]
    first_round = zip(times, coded(name, 23), strict=True)
    second_round = zip([at + LOOPED + late for at in times], coded(name, crf), strict=True)
    most, first = told(iter([*first_round, *second_round]))
    print(f"\n{name}: coded anew at CRF {crf}, likeness {most:.3f}, told {(first or 0) / 1000 - LOOPED / 1000:.1f} s into the second round")
    assert first is not None
    assert first > LOOPED


def test_looking_for_repetitions_costs_little() -> None:
    dice = np.random.default_rng(1)
    pictures = [dice.integers(0, 255, (720, 1280), dtype=np.uint8) for _ in range(7)]
    repeats = Repeats()
    spent = []
    for number in range(1_500):
        began = time.process_time()
        repeats.see(Instant(START + 100 * number), pictures[number % 7])
        spent.append(time.process_time() - began)
    print(f"\n1280x720: {1000 * float(np.mean(spent)):.3f} ms a picture (mean), {1000 * float(np.median(spent)):.3f} (median)")
    assert float(np.median(spent)) < 0.002
