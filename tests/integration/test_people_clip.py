# SPDX-License-Identifier: Apache-2.0
"""People counted on two real films, within a margin of the figures that `docs/benchmarks.md` prints."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import data
from benchmarks.bench_hide import cut, vtest_truth
from benchmarks.people import HEADS, Looked, Told, count, crossings, look_at, true_steps, upright, visit_rows
from kua.tally.paths import Found
from kua.tally.silhouettes import Silhouettes

pytestmark = [pytest.mark.data, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def vtest(tmp_path_factory: pytest.TempPathFactory) -> Looked:
    """Frames 0-399, with the room of frames 400-794."""
    folder: Path = tmp_path_factory.mktemp("vtest")
    clip = cut(data("clips", "vtest.avi"), folder / "clip.mkv", 0, 399)
    room = cut(data("clips", "vtest.avi"), folder / "room.mkv", 400, 794)
    return look_at(clip, room, data("models"), from_people=True)


@pytest.fixture(scope="module")
def truth() -> Told:
    return {frame: [(who, Found(x, y, x + w, y + h, 1.0)) for who, x, y, w, h in boxes] for frame, boxes in vtest_truth().items()}


@pytest.mark.parametrize("every", [1, 2, 3])
def test_people_who_walk_across_a_square_are_counted_with_a_model(vtest: Looked, truth: Told, every: int) -> None:
    steps = count(vtest, every)
    line = upright(vtest.width / 2, vtest.height)
    counted = crossings(((at, present.paths) for at, present in steps.values()), line)
    assert 12.6 <= len(counted) <= 15.4, "the truth is 14, the target 10 %"
    assert len(crossings(true_steps(truth, vtest), line)) == 14
    errors = [abs(len(present.paths) - len(truth.get(number, ()))) for number, (_, present) in steps.items()]
    assert float(np.mean(errors)) <= 0.4, "the target; 0.295 or less was reached"
    held = [present.estimate.lo <= len(truth.get(number, ())) <= present.estimate.hi for number, (_, present) in steps.items()]
    assert float(np.mean(held)) >= 0.95


def test_without_a_model_silhouettes_give_an_interval_that_holds_the_truth(vtest: Looked, truth: Told) -> None:
    silhouettes = Silhouettes(HEADS, vtest.height, vtest.looks[0].foreground.shape[0])
    seen = [(silhouettes.reckon(one.foreground), len(truth.get(number, ()))) for number, one in enumerate(vtest.looks)]
    assert float(np.mean([told.lo <= people <= told.hi for told, people in seen])) >= 0.95
    assert float(np.mean([abs(told.middle - people) for told, people in seen])) <= 1.0


def test_every_visit_at_the_table_is_counted_and_no_other() -> None:
    rows = visit_rows(data("models"))
    assert len(rows) == 6
    assert [row.met for row in rows] == [True] * 6
