# SPDX-License-Identifier: Apache-2.0
"""How well people are hidden: `kua film redact` over clips whose people are known.

vtest: frames 0-399 (people marked by hand), the room learned from frames 400-794 only, in which people walk too. A head is the top 15 % of
a person's box, cut at the picture's border; it counts as covered where at least 90 % of its pixels lie in hidden cells. The far share is
the share of all pixels that are hidden although they are farther than one head (15 % of that person's box) from every box.

one-by-one: no boxes by hand exist; heads are those of the boxes that the person model finds with a score of at least 0.5.
"""

import json
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from benchmarks import Row, data, judged
from kua.adapters.detectors.yolox import People
from kua.app.redact import Asked, redact

HEAD: Final = 0.15
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


def vtest_people() -> dict[int, list[Person]]:
    """Return the people of vtest, frame by frame."""
    people: dict[int, list[Person]] = {}
    for frame, _who, x, y, w, h in json.loads(data("clips", "vtest.people.json").read_text())["boxes"]:
        people.setdefault(int(frame), []).append((x, y, w, h))
    return people


def covered(hidden: np.ndarray, people: dict[int, list[Person]], width: int, height: int) -> list[float]:
    """Return how much of each head lies in hidden cells."""
    shares = []
    for frame, boxes in sorted(people.items()):
        pixels = np.repeat(np.repeat(hidden[frame], 8, 0), 8, 1)[:height, :width]
        for x, y, w, h in boxes:
            head = pixels[max(0, round(y)) : max(0, round(y + HEAD * h)), max(0, round(x)) : max(0, round(x + w))]
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
    return float(np.mean([share >= 0.9 for share in shares]))


def run() -> list[Row]:
    """Measure."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        people, models = vtest_people(), data("models")
        clip = cut(data("clips", "vtest.avi"), folder / "clip.mkv", 0, 399)
        room = cut(data("clips", "vtest.avi"), folder / "room.mkv", 400, 794)
        for told, weights, target in (("without models", None, 0.98), ("with models", models, 0.99)):
            for whence, empty in (("room from frames 400-794", room), ("room from the film itself", None)):
                hidden = hidden_by_kua(folder, clip, room=empty, models=weights)
                shares = covered(hidden, people, 768, 576)
                rows.append(judged(f"vtest heads covered, {told}, {whence}", _nine_tenths(shares), "share", target, "more"))
                rows.append(
                    judged(f"vtest hidden far away, {told}, {whence}", far(hidden, people, 768, 576, range(400)), "share", 0.10, "less")
                )
        rows += _one_by_one(folder, models)
    return rows


def _one_by_one(folder: Path, models: Path) -> list[Row]:
    clip = data("clips", "one-by-one.0-724.mp4")
    people = _found(clip, models)
    rows = [Row("one-by-one heads that are judged", sum(map(len, people.values())), "heads")]
    for told, weights, target in (("without models", None, 0.98), ("with models", models, 0.995)):
        hidden = hidden_by_kua(folder, clip, room=None, models=weights)
        shares = covered(hidden, people, 768, 432)
        rows.append(judged(f"one-by-one heads covered, {told}, room from the film itself", _nine_tenths(shares), "share", target, "more"))
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
