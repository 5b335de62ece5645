# SPDX-License-Identifier: Apache-2.0
"""`kua scenes score` on a folder made by hand: painted pictures with one hand at the slot, the truth beside them. No renderer is needed."""

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from typer.testing import CliRunner

from kua.cli.scenes import app
from kua.core.errors import Misused
from kua.scenes.score import score
from tests.unit.test_tally_events import HEIGHT, WIDTH, ZONES, hand, nothing, room


def write(path: Path, draw: Any, count: int) -> None:
    dice = np.random.default_rng(3)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=8, options={"crf": "18", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(count):
            picture = room()
            draw(number, picture)
            yuv = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
            yuv[:HEIGHT] = np.clip(picture + dice.normal(0, 2, picture.shape), 0, 255)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(yuv, format="yuv420p")))
        container.mux(stream.encode(None))


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    def reaching(number: int, picture: Any) -> None:
        if number in range(20, 34):
            hand(picture)

    write(tmp_path / "film.mp4", reaching, 80)
    write(tmp_path / "empty.mp4", nothing, 16)
    zones = {kind: [[[round(10_000 * x), round(10_000 * y)] for x, y in shape] for shape in shapes] for kind, shapes in ZONES.items()}
    (tmp_path / "masks.json").write_text(json.dumps({"zones": zones}))
    truth = {"phases": [{"t": 0, "phase": "voting"}], "events": [{"kind": "drop", "t0": 2.5, "t1": 4.25, "n": 1}]}
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    return tmp_path


def test_a_scene_is_scored_by_both_methods_and_says_that_it_is_rendered(scene: Path) -> None:
    printed = CliRunner().invoke(app, ["score", str(scene), "--json"])
    assert printed.exit_code == 0, printed.output
    told = json.loads(printed.stdout)
    drops = {line["method"]: line for line in told["lines"] if line["kind"] == "drop"}
    assert told["rendered"] is True
    assert {method: (line["found"], line["false_alarms"]) for method, line in drops.items()} == {"pulses": (1, 0), "states": (1, 0)}
    assert told["ballots"]["lo"] <= 1 <= told["ballots"]["hi"]


def test_a_folder_that_is_no_scene_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misused, match=r"scenes\.missing"):
        score(tmp_path)
