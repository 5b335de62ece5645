# SPDX-License-Identifier: Apache-2.0
"""Writes a scene to a folder: the film, a film of the empty room, the zones in both spellings, and the truth (`docs/spec/scenes.md`).

Nothing half-written stays: everything is made in a folder beside the one that was asked for, which is renamed when it is whole.
"""

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import av
import cv2
import numpy as np

from kua.core.errors import Misused
from kua.scenes.room import solids
from kua.scenes.stage import Scene
from kua.sight.zones import UNIT

CRF: Final = (23, 26, 30, 34)
"""How coarsely the camera encodes, by hardness."""
EMPTY_SECONDS: Final = 8
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What to render."""

    seed: int
    camera: str = "side"
    hard: int = 0
    story: str = "drops"
    seconds: float = 120.0
    fps: int = 8
    width: int = 640
    height: int = 360


@dataclass(frozen=True, slots=True)
class Made:
    """What was written."""

    folder: Path
    frames: int
    people: int
    events: dict[str, int]


def make(asked: Asked, out: Path, told: Callable[[int, int], None] = lambda _done, _of: None) -> Made:
    """Render a scene into `out`, which must not be there yet or be empty. `told` hears how many pictures are done.

    Raises `Misused("scenes.out" | "scenes.*")`, `Unavailable("scenes.no_gl")`.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Misused("scenes.out", folder=out.name)
    if not out.absolute().parent.is_dir():
        raise Misused("scenes.out", folder=str(out))
    scene = open_scene(asked)
    work = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.absolute().parent))
    try:
        with scene:
            made = _written(asked, scene, work, told)
        if out.exists():
            out.rmdir()
        work.chmod(0o755)
        work.rename(out)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return Made(out, *made)


def open_scene(asked: Asked) -> Scene:
    """Return the scene without rendering it. Raises what `Scene` raises."""
    return Scene(
        asked.seed, asked.camera, asked.hard, story=asked.story, seconds=asked.seconds, size=(asked.width, asked.height), fps=asked.fps
    )


def _written(asked: Asked, scene: Scene, work: Path, told: Callable[[int, int], None]) -> tuple[int, int, dict[str, int]]:
    drawing = zones_of(scene)
    (work / "zones.toml").write_text(_toml(drawing, heads_of(scene)))
    (work / "masks.json").write_text(json.dumps({"zones": drawing}, separators=(",", ":")) + "\n")
    with _Film(work / "empty.mp4", scene, CRF[asked.hard]) as film:
        for picture in scene.empty(EMPTY_SECONDS * asked.fps):
            film.add(picture)
    rows: list[list[Any]] = []
    with _Film(work / "film.mp4", scene, CRF[asked.hard]) as film:
        for number, picture, people in scene.frames():
            film.add(picture)
            rows += [[number, *person.box, *person.head, person.visible, person.kind, person.number] for person in people]
            told(number + 1, scene.count)
    truth = truth_of(asked, scene, rows)
    (work / "truth.json").write_text(json.dumps(truth, separators=(",", ":")) + "\n")
    kinds = [str(event["kind"]) for event in truth["events"]]
    return scene.count, len(rows), {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def truth_of(asked: Asked, scene: Scene, rows: list[list[Any]]) -> dict[str, Any]:
    """Return the truth as a JSON value; `rows` are the people, picture by picture."""
    return {
        "v": VERSION, "rendered": True, "seed": asked.seed, "camera": asked.camera, "hard": asked.hard, "story": asked.story, "fps": asked.fps,
        "width": asked.width, "height": asked.height, "frames": scene.count, "boxes": list(scene.boxes),
        "phases": [{"t": t, "phase": phase} for t, phase in scene.script.phases],
        "events": [
            {"kind": event.kind, "t0": round(event.t0, 3), "t1": round(event.t1, 3), "n": event.n, "person": scene.script.number_of(event.who)}
            for event in scene.script.events
        ],
        "columns": ["frame", "x", "y", "w", "h", "head_x", "head_y", "head_w", "head_h", "visible", "kind", "person"],
        "people": rows,
    }  # fmt: skip


def zones_of(scene: Scene) -> dict[str, list[list[list[int]]]]:
    """Return the zones of a scene as its camera sees them: kind to polygons, in ten-thousandths."""
    frame = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], dtype=np.float32)
    zones: dict[str, list[list[list[int]]]] = {}
    for kind, bodies in solids().items():
        for body in bodies:
            at = scene.camera.seen(body, scene.width, scene.height)
            if (at[:, 2] < 0.2).any():
                continue
            flat = (at[:, :2] / (scene.width, scene.height)).astype(np.float32)
            area, shape = cv2.intersectConvexConvex(cv2.convexHull(flat), frame)
            if area > 1e-4:
                points = np.clip(np.rint(shape.reshape(-1, 2) * UNIT), 0, UNIT).astype(int).tolist()
                zones.setdefault(kind, []).append(points)
    return zones


def heads_of(scene: Scene) -> list[tuple[int, int]]:
    """Return how tall a head is at several depths: (y in ten-thousandths of the height, pixels)."""
    found: dict[int, int] = {}
    for x in np.linspace(-3, 3, 7):
        for y in np.linspace(-2, 3.5, 8):
            (left, top, deep), (_, bottom, _) = scene.camera.seen(
                np.array([[x, y, 1.77], [x, y, 1.495]]), scene.width, scene.height
            ).tolist()
            if deep > 1.2 and 0 <= left < scene.width and top >= 0 and bottom < scene.height:
                row = round((top + bottom) / 2 / scene.height * 20)
                found[row] = max(found.get(row, 0), round(bottom - top), 1)
    return sorted((row * UNIT // 20, px) for row, px in found.items()) or [(UNIT // 3, max(4, scene.height // 12))]


def _toml(zones: dict[str, list[list[list[int]]]], heads: list[tuple[int, int]]) -> str:
    parts = [f'[[zone]]\nkind = "{kind}"\npoints = {shape}\n' for kind, shapes in zones.items() for shape in shapes]
    parts += [f"[[head]]\ny = {y}\npx = {px}\n" for y, px in heads]
    return "\n".join(parts)


class _Film:
    """Writes pictures as a camera would: H.264 without B pictures, a key picture every four seconds."""

    def __init__(self, path: Path, scene: Scene, crf: int) -> None:
        self._container: Any = av.open(str(path), "w")
        self._stream: Any = self._container.add_stream(
            "libx264", rate=scene.fps, options={"crf": str(crf), "preset": "veryfast", "tune": "zerolatency"}
        )
        self._stream.width, self._stream.height, self._stream.pix_fmt = scene.width, scene.height, "yuv420p"
        self._stream.codec_context.gop_size = scene.fps * 4

    def __enter__(self) -> Self:
        return self

    def add(self, picture: np.ndarray) -> None:
        """Add one RGB picture."""
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        self._container.mux(self._stream.encode(frame))

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()
