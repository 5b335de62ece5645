# SPDX-License-Identifier: Apache-2.0
"""How well people are hidden: every row of the table of targets, real and drawn or rendered film apart, with and without models.

vtest: frames 0-399 (people marked by hand), the room learned from frames 400-794 only, in which people walk too. A head is the top 15 % of
a person's box (or the head's own box where the truth has one), cut at the picture's border; it counts as covered where at least 90 % of its pixels
lie in hidden cells. The share hidden where nobody is: pixels that are hidden although they are farther than one head from every box of this picture
and of those within the hold before it (1 s without models, 3 s with: so long is a found head held; the share after 1 s stands beside it).

one-by-one: no boxes by hand exist; heads are those of the boxes that the person model finds with a score of at least 0.5, the room is that of the film.
How well people are counted is measured by `benchmarks/people.py`.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import av
import cv2
import numpy as np

from benchmarks import ROOT, NotHere, Row, data, judged
from benchmarks.people import scene_rows, visit_rows, vtest_rows
from kua.adapters.codecs.film import FilmFile, ImageFile
from kua.adapters.detectors.pair import open_detector
from kua.adapters.detectors.yolox import People
from kua.adapters.detectors.yunet import Faces
from kua.adapters.sources.painting import PaintedRoom
from kua.app.redact import Asked, redact
from kua.core.instant import Instant
from kua.law.hiding import DEFAULT
from kua.sight.grid import planes_of
from kua.sight.hider import Hider
from kua.sight.mosaic import FILL
from kua.sight.raw import RawFrame
from kua.sight.room import learn_room
from kua.sight.still import conceal_still
from kua.sight.zones import read_zones, touched

HEAD: Final = 0.15
NOBODY: Final = 0.03
SEEN: Final = 0.25
"""Of a head at least so much must be seen in a scene for it to be judged."""
SEED: Final = 5
SCENE: Final = 41
MOVES: Final = 40
"""The picture from which on the camera is moved."""
Person = tuple[float, float, float, float]
"""x, y, width, height in pixels."""


def cut(source: Path, out: Path, first: int, last: int) -> Path:
    """Write frames `first` .. `last` of a film without loss."""
    with av.open(str(source)) as film, av.open(str(out), "w") as part:
        stream: Any = part.add_stream("ffv1", rate=film.streams.video[0].average_rate)
        stream.width, stream.height, stream.pix_fmt = film.streams.video[0].width, film.streams.video[0].height, "yuv420p"
        for number, frame in enumerate(film.decode(video=0)):
            if number > last:
                break
            if number >= first:
                frame.pts = None
                part.mux(stream.encode(frame.reformat(format="yuv420p")))
        part.mux(stream.encode(None))
    return out


def vtest_truth() -> dict[int, list[tuple[int, float, float, float, float]]]:
    """Return who (a number) is where on vtest, frame by frame."""
    people: dict[int, list[tuple[int, float, float, float, float]]] = {}
    for frame, who, x, y, w, h in json.loads(data("clips", "vtest.people.json").read_text())["boxes"]:
        people.setdefault(int(frame), []).append((int(who), x, y, w, h))
    return people


def vtest_people() -> dict[int, list[Person]]:
    """Return the people of vtest, frame by frame."""
    return {frame: [box[1:] for box in boxes] for frame, boxes in vtest_truth().items()}


def covered(hidden: np.ndarray, people: dict[int, list[Person]], width: int, height: int, part: float = HEAD) -> list[float]:
    """Return how much of each head (the upper `part` of a box) lies in hidden cells."""
    shares = []
    for frame, boxes in sorted(people.items()):
        pixels = np.repeat(np.repeat(hidden[frame], 8, 0), 8, 1)[:height, :width]
        for x, y, w, h in boxes:
            head = pixels[max(0, round(y)) : max(0, round(y + part * h)), max(0, round(x)) : max(0, round(x + w))]
            if head.size:
                shares.append(float(head.mean()))
    return shares


def far(hidden: np.ndarray, people: dict[int, list[Person]], width: int, height: int, frames: Iterable[int]) -> float:
    """Return the share of pixels that are hidden far from everybody."""
    shares = []
    for frame in frames:
        pixels = np.repeat(np.repeat(hidden[frame], 8, 0), 8, 1)[:height, :width].copy()
        for x, y, w, h in people.get(frame, ()):
            reach = HEAD * h
            pixels[max(0, int(y - reach)) : max(0, int(y + h + reach) + 1), max(0, int(x - reach)) : max(0, int(x + w + reach) + 1)] = False
        shares.append(float(pixels.mean()))
    return float(np.mean(shares))


def after_hold(hidden: np.ndarray, people: dict[int, list[Person]], width: int, height: int, frames: Iterable[int], hold: int) -> float:
    """Return the share of pixels that are hidden farther than one head from any box of this picture or of the `hold` pictures before it."""
    near: dict[int, np.ndarray] = {}
    shares = []
    for frame in frames:
        near[frame] = _near(people.get(frame, ()), width, height)
        lately = np.any([near[one] for one in range(max(min(near), frame - hold), frame + 1)], axis=0)
        near.pop(frame - hold, None)
        pixels = np.repeat(np.repeat(hidden[frame], 8, 0), 8, 1)[:height, :width]
        shares.append(float((pixels & ~lately).mean()))
    return float(np.mean(shares))


def _near(boxes: Iterable[Person], width: int, height: int) -> np.ndarray:
    near = np.zeros((height, width), dtype=np.bool_)
    for x, y, w, h in boxes:
        reach = HEAD * h
        near[max(0, int(y - reach)) : max(0, int(y + h + reach) + 1), max(0, int(x - reach)) : max(0, int(x + w + reach) + 1)] = True
    return near


def hidden_by_kua(folder: Path, clip: Path, *, room: Path | None, models: Path | None) -> np.ndarray:
    """Run `kua film redact` and return what it hid."""
    cells = folder / "hidden.npz"
    redact(Asked(clip, folder / "out.mp4", room=room, models=models, hidden=cells))
    return np.asarray(np.load(cells)["hidden"])


def _nine_tenths(shares: Sequence[float]) -> float:
    return float(np.mean([share >= 0.9 for share in shares])) if len(shares) else 0.0


def run() -> list[Row]:
    """Measure."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        people, models = vtest_people(), data("models")
        clip = cut(data("clips", "vtest.avi"), folder / "clip.mkv", 0, 399)
        room = cut(data("clips", "vtest.avi"), folder / "room.mkv", 400, 794)
        for told, weights, target in (("without models", None, 0.995), ("with models", models, 0.999)):
            hidden = hidden_by_kua(folder, clip, room=room, models=weights)
            rows += _scored(f"real: vtest, {told}", hidden, Heads(people, {}), (768, 576), 10, target, models=weights is not None)
        rows += vtest_rows(clip, room, models, vtest_truth())
        rows += _one_by_one(folder, models)
        rows += visit_rows(models)
        rows += _faces(models)
        rows += _masks()
        rows += _moved()
        rows.append(_faults())
        rows += _drawn(models)
        rows += _rendered(folder, models)
    rows += [
        Row(f"720p on one core, {what}", None, "", note="printed by `benchmarks edge`") for what in ("pictures a second", "times deface")
    ]
    rows += [
        Row("drops on rendered scenes; on the sent film as a share of the raw film", None, "", note="printed by `benchmarks fraud`"),
    ]
    return rows


def run_on(clip: Path, truth: Path, room: Path | None) -> list[Row]:
    """Measure one film whose people are known."""
    heads, rendered = read_truth(truth)
    with av.open(str(clip)) as film:
        stream = film.streams.video[0]
        size, rate = (stream.width, stream.height), float(stream.average_rate or 10)
    told = f"{'rendered' if rendered else 'real'}: {clip.name}"
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        for how, weights in _ways():
            hidden = hidden_by_kua(Path(name), clip, room=room, models=weights)
            target = 0.999 if weights is not None else 0.995
            rows += _scored(f"{told}, {how}", hidden, heads, size, rate, target, models=weights is not None)
    return rows


def _ways() -> list[tuple[str, Path | None]]:
    ways: list[tuple[str, Path | None]] = [("without models", None)]
    try:
        ways.append(("with models", data("models")))
    except NotHere as missing:
        print(missing, file=sys.stderr)
    return ways


@dataclass(frozen=True, slots=True)
class Heads:
    """Who is where: bodies by frame, and heads where the truth has them apart."""

    people: dict[int, list[Person]]
    heads: dict[int, list[Person]]


def read_truth(path: Path) -> tuple[Heads, bool]:
    """Read `vtest.people.json` (`boxes`: frame, who, x, y, w, h) or a scene's `truth.json` (docs/spec/scenes.md), and say whether it is rendered.

    Heads of which less than a quarter can be seen are not judged. Raises `NotHere` for anything else.
    """
    value = json.loads(path.read_text())
    people: dict[int, list[Person]] = {}
    heads: dict[int, list[Person]] = {}
    if "people" in value and "columns" in value:
        at = {name: number for number, name in enumerate(value["columns"])}
        for row in value["people"]:
            frame = int(row[at["frame"]])
            people.setdefault(frame, []).append((row[at["x"]], row[at["y"]], row[at["w"]], row[at["h"]]))
            if row[at["visible"]] >= SEEN:
                heads.setdefault(frame, []).append((row[at["head_x"]], row[at["head_y"]], row[at["head_w"]], row[at["head_h"]]))
        return Heads(people, heads), True
    if "boxes" in value:
        for frame, _who, x, y, w, h in value["boxes"]:
            people.setdefault(int(frame), []).append((x, y, w, h))
        return Heads(people, {}), False
    raise NotHere(f"{path.name} is neither a list of boxes nor a scene's truth")


def _scored(told: str, hidden: np.ndarray, truth: Heads, size: tuple[int, int], rate: float, target: float, *, models: bool) -> list[Row]:
    first = min(FIRST, len(hidden) - 1) if truth.heads else 0
    known = {frame: boxes for frame, boxes in truth.people.items() if first <= frame < len(hidden)}
    if truth.heads:
        apart = {frame: boxes for frame, boxes in truth.heads.items() if first <= frame < len(hidden)}
        shares = covered(hidden, apart, *size, part=1.0)
    else:
        shares = covered(hidden, known, *size)
    # A list of boxes says nothing of the frames after its last one.
    end = len(hidden) if truth.heads else min(len(hidden), max(truth.people, default=0) + 1)
    frames = range(min(FIRST, end - 1), end)
    everyone = {frame: truth.people.get(frame, []) for frame in range(end)}
    second = round(rate)
    after = {hold: after_hold(hidden, everyone, *size, frames, hold * second) for hold in ((1, 3) if models else (1,))}
    rows = [
        Row(f"{told}: heads that are judged", len(shares), "heads"),
        judged(f"{told}: heads covered", _nine_tenths(shares), "share", target, "more"),
        judged(f"{told}: hidden where nobody is nor was within the hold of {max(after)} s", after[max(after)], "share", NOBODY, "less"),
    ]
    if models:
        rows.append(Row(f"{told}: the same within 1 s", after[1], "share"))
    rows.append(Row(f"{told}: hidden in all", float(hidden[frames.start : end].mean()), "share"))
    return rows


def _one_by_one(folder: Path, models: Path) -> list[Row]:
    clip = data("clips", "one-by-one.0-724.mp4")
    people = _found(clip, models)
    rows = [Row("real: one-by-one heads that are judged", sum(map(len, people.values())), "heads")]
    for told, weights, target in (("without models", None, 0.98), ("with models", models, 0.995)):
        hidden = hidden_by_kua(folder, clip, room=None, models=weights)
        shares = covered(hidden, people, 768, 432)
        rows.append(
            judged(f"real: one-by-one, {told}, room of the film itself: heads covered", _nine_tenths(shares), "share", target, "more")
        )
    rows.append(_across(clip, people))
    return rows


def _across(clip: Path, people: dict[int, list[Person]]) -> Row:
    """The most mosaic cells across the height of a head, in whatever of it is not solid, over the film with the largest people."""
    film = FilmFile(clip)
    hider = Hider(None, learn_room(film.pictures(8), from_people=True), DEFAULT, "voting")
    most = 0.0
    for number, raw in enumerate(film.pictures()):
        safe = hider.step(raw)
        if safe.reason is not None or hider.plan is None:
            continue
        for x, y, w, h in people.get(number, ()):
            area = np.s_[max(0, int(y / 8)) : max(0, int((y + HEAD * h) / 8)), max(0, int(x / 8)) : max(0, int((x + w) / 8))]
            bare = hider.plan.cell[area][hider.plan.mosaic[area]]
            most = max(most, float((HEAD * h / bare).max()) if bare.size else 0.0)
    return judged("real: one-by-one, mosaic cells across a head that is not solid", most, "cells", 4, "less")


def _faces(models: Path) -> list[Row]:
    """Single images with labelled faces. Those of city.jpg are not labelled: its faces are what the model finds in an enlarged picture."""
    folder = data("faces", "dlib")
    pair = open_detector(models)
    shares: list[float] = []
    for image in ET.parse(folder / "training.xml").getroot().iter("image"):
        faces: list[Person] = []
        for box in image.iter("box"):
            left, top, width, height = (float(box.get(side, "0")) for side in ("left", "top", "width", "height"))
            faces.append((left, top, width, height))
        still = ImageFile(folder / str(image.get("file"))).picture
        safe, _ = conceal_still(still, {}, pair.look_hard if pair else None)
        shares += covered(safe.hidden[None], {0: faces}, still.width, still.height, part=1.0)
    rows = [Row("real: labelled faces (dlib) that are judged", len(shares), "faces")]
    rows.append(judged("real: labelled faces (dlib), single images, with models: covered", _nine_tenths(shares), "share", 1.0, "more"))
    bgr = cv2.imread(str(data("faces", "city.jpg")))
    bgr = cv2.resize(bgr, (1280, round(1280 * bgr.shape[0] / bgr.shape[1]) // 2 * 2), interpolation=cv2.INTER_AREA)
    yuv = np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2YUV_I420), dtype=np.uint8)
    still = RawFrame(Instant(0), 1280, bgr.shape[0], yuv)
    safe, _ = conceal_still(still, {}, pair.look_hard if pair else None)
    found = [(box.x0, box.y0, box.width, box.height) for box in Faces((models / "yunet_s_dynamic.onnx").read_bytes(), 2560, 0.5).find(bgr)]
    shares = covered(safe.hidden[None], {0: found}, 1280, bgr.shape[0], part=1.0)
    rows.append(
        judged(f"real: city.jpg at 1280, {len(shares)} faces found in it enlarged: covered", _nine_tenths(shares), "share", 0.97, "more")
    )
    return rows


def _drawn_room(size: tuple[int, int] = (640, 360)) -> tuple[PaintedRoom, Any, dict[str, Any]]:
    room = PaintedRoom(SEED, *size)
    reference = learn_room([RawFrame(Instant(500 * n), *size, room.quiet(500 * n)) for n in range(24)])
    return (
        room,
        reference,
        read_zones({kind: [[list(point) for point in shape] for shape in shapes] for kind, shapes in room.zones().items()}),
    )


def _masks() -> list[Row]:
    room, reference, zones = _drawn_room()
    hider = Hider(None, reference, DEFAULT, "voting", zones=zones)
    mask = np.repeat(np.repeat(touched((*zones.get("booth", ()), *zones.get("screen", ())), 640, 360), 8, 0), 8, 1)[:360, :640]
    right = total = 0
    for number in range(100):
        safe = hider.step(RawFrame(Instant(100 * number), 640, 360, room.picture(600_000 + 100 * number)))
        right += int((safe.yuv[:360][mask] == FILL[0]).sum())
        total += int(mask.sum())
    return [
        Row("drawn: pixels inside booth masks that are judged", total, "pixels"),
        judged("drawn: pixels of the fill colour inside booth masks, before the encoder", right / total, "share", 1.0, "more"),
        Row(
            "the same in the published film",
            None,
            "",
            note="`kua film masks FILM` tests every picture of a film (tests/integration/test_film_masks.py)",
        ),
    ]


def _moved() -> list[Row]:
    """A camera that is turned at once by a tenth of the picture, and one that drifts by a pixel every 100 ms."""
    rows = []
    room, reference, zones = _drawn_room()
    for told, step, limit, unit in (("large move", 64, 1.0, "pictures"), ("drift of 10 pixels a second", 1, 2.0, "s")):
        hider = Hider(None, reference, DEFAULT, "voting", zones=zones)
        filled: int | None = None
        for number in range(120):
            yuv = room.quiet(100 * number)
            if number >= MOVES:
                yuv = _shifted(yuv, step if step > 1 else number - MOVES + 1)
            safe = hider.step(RawFrame(Instant(100 * number), 640, 360, yuv))
            if number >= MOVES and filled is None and safe.reason is not None:
                filled = number - MOVES
        value = 120.0 if filled is None else filled + (1.0 if step > 1 else 0.0)
        rows.append(judged(f"drawn: {told}: until the whole picture is filled", value if step > 1 else value / 10, unit, limit, "less"))
    return rows


def _shifted(yuv: np.ndarray, by: int) -> np.ndarray:
    out = yuv.copy()
    for plane, part in zip(planes_of(out, 640, 360), (by, by // 2, by // 2), strict=True):
        if part:
            plane[:, part:] = plane[:, :-part].copy()
    return out


def _faults() -> Row:
    """The suite of injected faults, in which before the encoder no head may be unhidden in any picture, and pictures must return between faults."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/redteam/test_faults_one_after_another.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    told = (done.stdout.strip().splitlines() or ["no answer"])[-1]
    return Row("drawn: suite of injected faults that failed", float(done.returncode != 0), "suites", 0, done.returncode == 0, note=told)


def _drawn(models: Path) -> list[Row]:
    rows = []
    room, reference, zones = _drawn_room()
    for told, pair in (("without models", None), ("with models", open_detector(models))):
        hider = Hider(None, reference, DEFAULT, "voting", zones=zones)
        hidden, heads = [], {}
        for number in range(200):
            at = 600_000 + 100 * number
            raw = RawFrame(Instant(100 * number), 640, 360, room.picture(at))
            hidden.append((hider.watch(raw, pair.look, lambda: 0) if pair else hider.step(raw)).hidden)
            boxes = [seen.head for seen in room.truth(at).seen if seen.shown]
            heads[number] = [(x0 * 0.064, y0 * 0.036, (x1 - x0) * 0.064, (y1 - y0) * 0.036) for x0, y0, x1, y1 in boxes]
        heads = {number: boxes for number, boxes in heads.items() if number > FIRST}
        shares = covered(np.stack(hidden), heads, 640, 360, part=1.0)
        rows.append(judged(f"drawn: {told}: heads covered ({len(shares)} heads)", _nine_tenths(shares), "share", 0.995, "more"))
    return rows


def _rendered(folder: Path, models: Path) -> list[Row]:
    """Scenes with the truth about people, where they can be rendered here."""
    rows: list[Row] = []
    for camera, hard in (("side", 0), ("front", 2)):
        scene = folder / f"{camera}-{hard}"
        command = [
            sys.executable,
            "-c",
            "from kua.cli.main import main; main()",
            "scenes",
            "make",
            str(scene),
            "--seed",
            str(SCENE),
            "--camera",
            camera,
        ]
        done = subprocess.run([*command, "--hard", str(hard), "--minutes", "0.5"], capture_output=True, text=True, check=False)
        if done.returncode:
            rows.append(Row(f"rendered: {camera}, grade {hard}", None, "", note="not measured: `kua scenes make` does not run here"))
            continue
        heads, _ = read_truth(scene / "truth.json")
        for told, weights in (("without models", None), ("with models", models)):
            hidden = hidden_by_kua(folder, scene / "film.mp4", room=scene / "empty.mp4", models=weights)
            target = 0.999 if weights is not None else 0.995
            rows += _scored(f"rendered: {camera}, grade {hard}, {told}", hidden, heads, (640, 360), 8, target, models=weights is not None)
        rows += scene_rows(f"rendered: {camera}, grade {hard}", scene, models)
    return rows


def _found(clip: Path, models: Path) -> dict[int, list[Person]]:
    """Return what the person model finds in every fifth frame."""
    finder = People((models / "yolox_nano_dynamic.onnx").read_bytes(), 640, 0.5)
    people: dict[int, list[Person]] = {}
    with av.open(str(clip)) as film:
        for number, frame in enumerate(film.decode(video=0)):
            if number % 5 == 0 and number > FIRST:
                boxes = finder.find(np.asarray(frame.to_ndarray(format="bgr24"), dtype=np.uint8))
                people[number] = [(box.x0, box.y0, box.width, box.height) for box in boxes]
    return people


FIRST: Final = 10
"""The first pictures after a start are filled whoever is there; they say nothing."""
