# SPDX-License-Identifier: Apache-2.0
"""Whether our plain rendered scenes are as hard as the simple ones of the development rig, and what a picture costs. RENDERED, both sides.

The judge is the simplest method there is: the share of pixels in the slot's zone that differ from the room after gain compensation; a
pulse begins above a threshold, ends after 0.4 s below 0.03. For each side the threshold is chosen that is best for that side (so the
figure is that of the method at its best), the same for all seeds. A drop counts as found where a pulse lies within 0.5 s of its interval.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np

from benchmarks import ROOT, NotHere, Row, data, judged
from kua.scenes.make import Asked, make
from kua.scenes.stage import Scene

SEEDS: Final = (1, 2, 3)
DROPS: Final = 30
"""People in a scene of the rig."""
THRESHOLDS: Final = (0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4)
Interval = tuple[float, float]


def shares(film: Path, room: np.ndarray, area: np.ndarray) -> np.ndarray:
    """Return for each picture the share of the slot's zone that differs from the room."""
    found = []
    with av.open(str(film)) as opened:
        for frame in opened.decode(video=0):
            grey = frame.to_ndarray(format="gray").astype(np.float32)
            gain = float(np.median(grey[::4, ::4] / np.maximum(room[::4, ::4], 1)))
            found.append(float((np.abs(grey - room * gain)[area] > 18).mean()))
    return np.array(found)


def pulses(series: np.ndarray, fps: int, over: float) -> list[Interval]:
    """Return the intervals in which the series rose above `over` for a quarter of a second, until it rests below 0.03 for 0.4 s."""
    out: list[Interval] = []
    begun: int | None = None
    quiet = peak = 0
    for at, value in enumerate(series):
        if begun is None:
            peak = peak + 1 if value > over else 0
            if peak >= 0.25 * fps:
                begun, quiet = at - peak + 1, 0
        else:
            quiet = quiet + 1 if value < 0.03 else 0
            if quiet >= 0.4 * fps:
                out.append((begun / fps, (at - quiet) / fps))
                begun, peak = None, 0
    return out


def score(found: Sequence[Interval], drops: Sequence[Interval]) -> tuple[int, int, int]:
    """Return hits, pulses, drops: each pulse may be one drop."""
    free = sorted(drops)
    hits = 0
    for begin, end in sorted(found):
        match = next((drop for drop in free if drop[0] - 0.5 <= end and begin <= drop[1] + 0.5), None)
        if match is not None:
            free.remove(match)
            hits += 1
    return hits, len(found), len(drops)


def f1(rows: Sequence[tuple[int, int, int]]) -> float:
    """Return the F1 of all scenes together."""
    hits, found, drops = (sum(row[number] for row in rows) for number in range(3))
    return 2 * hits / max(found + drops, 1)


def best(scenes: Sequence[tuple[np.ndarray, int, list[Interval]]]) -> float:
    """Return the best F1 over the thresholds."""
    return max(f1([score(pulses(series, fps, over), drops) for series, fps, drops in scenes]) for over in THRESHOLDS)


def _area(points: Any, width: int, height: int) -> np.ndarray:
    mask = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(np.rint(np.array(points, np.float32)).astype(np.int32)), 1)
    return np.asarray(mask > 0)


def _rig(seed: int) -> tuple[np.ndarray, int, list[Interval]]:
    """Run the unmodified rig (kept in .cache) and measure it; its room is the median of its film, as nothing else is there."""
    rig = data("..", "rigs", "sim_mujoco.py")
    place = ROOT / ".cache" / "scenes"
    place.mkdir(parents=True, exist_ok=True)
    out = place / f"rig-{seed}"
    if not out.with_suffix(".json").exists():
        done = subprocess.run(
            [sys.executable, str(rig), str(seed), "side", str(DROPS), str(out)], capture_output=True, text=True, check=False
        )
        if not out.with_suffix(".json").exists():
            raise NotHere(f"the rig failed: {(done.stderr.strip().splitlines() or ['no message'])[-1][:200]}")
    truth = json.loads(out.with_suffix(".json").read_text())
    with av.open(str(out.with_suffix(".mp4"))) as film:
        greys = [frame.to_ndarray(format="gray") for number, frame in enumerate(film.decode(video=0)) if number % 25 == 0]
    room = np.median(np.stack(greys), axis=0).astype(np.float32)
    area = _area(truth["zones"]["slotvol"], room.shape[1], room.shape[0])
    return shares(out.with_suffix(".mp4"), room, area), int(truth["fps"]), [(at - 0.7, at + 0.9) for at in truth["drops"]]


def _ours(seed: int, folder: Path) -> tuple[np.ndarray, int, list[Interval]]:
    out = folder / f"ours-{seed}"
    made = make(Asked(seed, "side", 0, "drops", 150.0, 8, 480, 270), out)
    truth = json.loads((made.folder / "truth.json").read_text())
    with av.open(str(out / "empty.mp4")) as film:
        room = np.median(np.stack([frame.to_ndarray(format="gray") for frame in film.decode(video=0)]), axis=0).astype(np.float32)
    zone = json.loads((out / "masks.json").read_text())["zones"]["slot"][0]
    area = _area(np.array(zone) * (480, 270) / 10_000, 480, 270)
    drops = [(event["t0"], event["t1"]) for event in truth["events"] if event["kind"] in ("drop", "pack")]
    return shares(out / "film.mp4", room, area), 8, drops


def run() -> list[Row]:
    """Measure."""
    os.environ.setdefault("MUJOCO_GL", "osmesa")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        ours = [_ours(seed, Path(name)) for seed in SEEDS]
        mine = best(ours)
        rows.append(Row("RENDERED: drops in our plain scenes, seeds 1-3, side", sum(len(drops) for *_, drops in ours), "drops"))
        try:
            rig = best([_rig(seed) for seed in SEEDS])
            rows.append(Row("RENDERED: F1 of the simplest method on the rig, seeds 1-3, side", rig, "F1"))
            rows.append(judged("RENDERED: F1 of the simplest method on our plain scenes (at most the rig's)", mine, "F1", rig, "less"))
        except NotHere:
            rows.append(Row("RENDERED: F1 of the simplest method on our plain scenes", mine, "F1"))
    with Scene(1, seconds=30) as scene:
        begun = time.process_time()
        count = sum(1 for _ in scene.frames())
        rows.append(Row("ms of a core for a picture of 640x360 with its truth", (time.process_time() - begun) * 1000 / count, "ms"))
    return rows
