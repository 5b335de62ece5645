# SPDX-License-Identifier: Apache-2.0
"""Does the film still show fraud? Rendered scenes are hidden as a station hides them, and two independent methods score the film before and after.

Everything here is rendered: no figure says how it is in a real room. The counter was set on seeds 11-26 (for each film by itself), the second scorer on seeds 1 and 2;
seeds 31-36 are scored. An event is found when one of its kind was told within half a second of it. Scenes are kept in `.cache/fraud`, their rendering is counted apart.

By default a few scenes (`KUA_FRAUD=full` takes all of these seeds for every camera and grade).
"""

import json
import os
import shutil
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av

from benchmarks import ROOT, Row, judged
from kua.app.redact import Asked, redact
from kua.core.instant import Instant
from kua.core.nouns import camera_id, election_id, station_id
from kua.law.hiding import DEFAULT, table_digest
from kua.scenes import make as scenes
from kua.scenes.score import KINDS, METHODS, Line, Scored, f1, score
from kua.sight.calibration import calibrated, learn_room, write_calibration, write_reference
from kua.sight.raw import RawFrame
from kua.sight.zones import UNIT, read_zones

CACHE: Final = ROOT / ".cache" / "fraud"
SIZE: Final = (640, 360)
FPS: Final = 8


@dataclass(frozen=True, slots=True)
class Wanted:
    """One scene."""

    story: str
    seed: int
    camera: str = "side"
    hard: int = 0
    seconds: float = 90.0

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return CACHE / f"{self.story}-{self.seed}-{self.camera}-{self.hard}-{self.seconds:g}"


SEEDS: Final = (31, 32, 33, 34, 35, 36)
"""Nothing was set on these."""
SMALL: Final = (
    *(Wanted("drops", seed) for seed in SEEDS), *(Wanted("pack", seed) for seed in SEEDS),
    *(Wanted(story, seed, seconds=seconds) for seed in SEEDS[:2] for story, seconds in (("wall", 72), ("swap", 48), ("opening", 30), ("count", 48))),
    Wanted("drops", 31, "front", seconds=45), Wanted("drops", 31, "back", seconds=45), *(Wanted("drops", seed, hard=2) for seed in SEEDS[:2]),
)  # fmt: skip
FULL: Final = (
    *(Wanted("drops", seed, hard=hard) for seed in SEEDS for hard in (0, 2)),
    *(Wanted("drops", seed, camera) for seed in SEEDS for camera in ("front", "back")),
    *(Wanted("pack", seed) for seed in SEEDS),
    *(Wanted(story, seed, seconds=seconds) for seed in SEEDS for story, seconds in (("wall", 72), ("swap", 48), ("opening", 30), ("count", 48))),
)  # fmt: skip


def frames(film: Path) -> Iterator[RawFrame]:
    """Yield a film's pictures."""
    with av.open(str(film)) as container:
        for frame in container.decode(video=0):
            yuv = frame.reformat(format="yuv420p").to_ndarray()
            yield RawFrame(Instant(round(float(frame.time) * 1000)), frame.width, frame.height, yuv)


def rendered(wanted: Wanted) -> Path:
    """Return the folder of a scene, rendering it where it is not there yet."""
    if not (wanted.folder / "truth.json").is_file():
        CACHE.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(wanted.folder, ignore_errors=True)
        scenes.make(scenes.Asked(wanted.seed, wanted.camera, wanted.hard, wanted.story, wanted.seconds, FPS, *SIZE), wanted.folder)
    return wanted.folder


def sent(folder: Path) -> Path:
    """Hide a scene's film as a station does, from its empty room, zones and heads, and return the film that would be sent."""
    room = learn_room(frames(folder / "empty.mp4"))
    told = tomllib.loads((folder / "zones.toml").read_text())
    calibration = calibrated(
        room, election=election_id("kz-2026-scene"), station=station_id("10-245"), camera=camera_id("a"), made_at=Instant(0),
        policy=table_digest(DEFAULT), zones=read_zones(json.loads((folder / "masks.json").read_text())["zones"]),
        heads=tuple((head["y"] / UNIT, head["px"]) for head in told.get("head", ())),
    )  # fmt: skip
    (folder / "a.json").write_bytes(write_calibration(calibration))
    (folder / "a.room").write_bytes(write_reference(room))
    phase = json.loads((folder / "truth.json").read_text())["phases"][0]["phase"]
    redact(Asked(folder / "film.mp4", folder / "sent.mp4", room=folder / "a.json", phase=phase))
    return folder / "sent.mp4"


def run() -> list[Row]:
    """Measure."""
    plan = FULL if os.environ.get("KUA_FRAUD") == "full" else SMALL
    started = time.perf_counter()
    folders = {wanted: rendered(wanted) for wanted in plan}
    rows = [Row("rendering, this run", time.perf_counter() - started, "s")]
    films = {wanted: (score(folder), score(folder, sent(folder))) for wanted, folder in folders.items()}
    rows += _drops("rendered, side, plain", [films[one] for one in plan if (one.story, one.camera, one.hard) == ("drops", "side", 0)], 0.95)
    rows += _drops(
        "rendered, side, hard 2", [films[one] for one in plan if (one.story, one.camera, one.hard) == ("drops", "side", 2)], 0.85
    )
    for camera in ("front", "back"):
        rows += _drops(f"rendered, {camera}, plain", [films[one] for one in plan if (one.story, one.camera) == ("drops", camera)], None)
    rows += _others([films[one] for one in plan if one.camera == "side"])
    return rows + _inside({wanted: pair for wanted, pair in films.items() if pair[0].ballots})


def _inside(films: dict[Wanted, tuple[Scored, Scored]]) -> list[Row]:
    """How often the counter's interval holds the truth: judged with the camera at the side, where its rates were measured."""
    rows = []
    for which, film in ((0, "raw"), (1, "sent")):
        for told, wanted in (("side", True), ("front and back", False)):
            held = [pair[which].inside for one, pair in films.items() if (one.camera == "side") == wanted]
            name, share = (
                f"rendered, {told}, {film} film: the counter's interval holds the truth, {len(held)} films",
                sum(held) / max(1, len(held)),
            )
            rows.append(judged(name, share, "share", 0.95, "more") if wanted else Row(name, share, "share"))
    return rows


def _of(films: list[Scored], method: str, kind: str) -> list[Line]:
    return [line for film in films for line in film.lines if (line.method, line.kind) == (method, kind)]


def _drops(told: str, pairs: list[tuple[Scored, Scored]], target: float | None) -> list[Row]:
    rows: list[Row] = []
    for method in METHODS if pairs else ():
        raw, hidden = (_of([pair[which] for pair in pairs], method, "drop") for which in (0, 1))
        for film, lines in (("raw", raw), ("sent", hidden)):
            hits, true, said = (sum(getattr(line, what) for line in lines) for what in ("found", "true", "told"))
            aim = target if method == "pulses" and film == "raw" else None
            for what, value in (("recall", hits / max(1, true)), ("precision", hits / max(1, said))):
                name = f"{told}, {film}, {method}: drops {what} of {true}"
                rows.append(Row(name, value, "share") if aim is None else judged(name, value, "share", aim, "more"))
            rows.append(Row(f"{told}, {film}, {method}: drops F1", f1(lines), "share"))
        name = f"{told}, {method}: F1 sent / F1 raw"
        if not f1(raw):
            rows.append(Row(name, None, "times", note="nothing was found on the raw film"))
            continue
        ratio = f1(hidden) / f1(raw)
        rows.append(judged(name, ratio, "times", 0.9, "more") if target == 0.95 else Row(name, ratio, "times"))
    return rows


def _others(pairs: list[tuple[Scored, Scored]]) -> list[Row]:
    rows: list[Row] = []
    for kind in KINDS[1:]:
        for which, film in ((0, "raw"), (1, "sent")):
            for method in METHODS:
                lines = _of([pair[which] for pair in pairs], method, kind)
                true, hits, false = (sum(getattr(line, what) for line in lines) for what in ("true", "found", "false_alarms"))
                if not true:
                    continue
                rows.append(Row(f"rendered, side, {film}, {method}: {kind} recall of {true}", hits / max(1, true), "share"))
                rows.append(Row(f"rendered, side, {film}, {method}: {kind} false alarms", false, "events"))
    return rows
