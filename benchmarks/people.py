# SPDX-License-Identifier: Apache-2.0
"""How well people are counted (`docs/design/counting.md`): occupancy, crossings of a line, visits at a table, with models and without, real and rendered apart.

vtest: the figures of following were set on frames 400-794, on 20 pictures whose people were counted by eye, with the room learned from frames 0-399; they are scored on
frames 0-399, whose people are marked by hand, with the room learned from frames 400-794. The same pictures are then taken at half and at a third of the rate.
"""

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import Row, data, judged
from kua.adapters.codecs.film import FilmFile
from kua.adapters.detectors.pair import Pair, open_detector
from kua.core.instant import Instant
from kua.law.hiding import DEFAULT
from kua.sight.hider import Hider
from kua.sight.room import learn_room
from kua.sight.zones import Polygon, read_zones
from kua.tally.lines import Crossing, Crossings, Line
from kua.tally.pairs import Likeness, Pairs, best_first, best_sum
from kua.tally.paths import Found, Path as Going
from kua.tally.people import People, Present
from kua.tally.queue import Blocks, Estimate, block_shape, estimate, weights, zone_blocks
from kua.tally.silhouettes import Silhouettes
from kua.tally.stays import Busy, Stays, Visit

HEADS: Final = ((0.27, 10), (0.512, 16))
"""Head heights on vtest at two depths, as a calibration would give them: from the boxes that the person model finds in frames 400-794."""
TABLE: Final = ((0.50, 0.17), (0.70, 0.17), (0.70, 0.80), (0.50, 0.80))
"""The zone `issue` on one-by-one, drawn about the table as a person would in a calibration."""
LINES: Final = tuple(range(224, 577, 32))
"""Upright lines on vtest, in pixels; the one that is judged is the middle of the picture."""
NEAR: Final = 1_000
"""Milliseconds within which a crossing is that of the truth."""
STILL_SEEN: Final = 0.25
"""Of a rendered head at least so much must be seen for its owner to be counted in the truth."""
Told = Mapping[int, Sequence[tuple[int, Found]]]
"""Truth: by picture, who (a number within the truth) and their box."""
Pairing = Callable[[Likeness, float], Pairs]


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What counting is given of one picture."""

    at: Instant
    found: tuple[Found, ...]
    foreground: Blocks


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """A film as counting sees it. `found` of each look are the boxes of the person model."""

    width: int
    height: int
    looks: tuple[Look, ...]

    def thinned(self, every: int) -> "list[tuple[int, Look]]":
        """Return every so-many-th look with its number."""
        return list(enumerate(self.looks))[::every]


def look_at(clip: Path, room: Path, models: Path, *, from_people: bool, zones: Mapping[str, tuple[Polygon, ...]] | None = None) -> Looked:
    """Hide a film as a station does and keep what counting would see of it."""
    film, empty = FilmFile(clip), FilmFile(room)
    hider = Hider(None, learn_room(empty.pictures(max(1, empty.length // 512)), from_people=from_people), DEFAULT, "voting", zones=zones)
    pair = open_detector(models)
    looks = []
    for raw in film.pictures():
        hider.step(raw)
        looks.append(Look(raw.at, tuple(_people(pair, hider.veiled(raw))) if pair is not None else (), hider.foreground.copy()))
    return Looked(film.width, film.height, tuple(looks))


def _people(pair: Pair, raw: Any) -> Iterator[Found]:
    return (Found(box.x0, box.y0, box.x1, box.y1, box.score) for box in pair.look_once(raw) if box.kind == "person")


def count(
    looked: Looked, every: int, silhouettes: Silhouettes | None = None, pair: Pairing = best_sum
) -> dict[int, tuple[Instant, Present]]:
    """Follow the people of a film, by the model's boxes or by silhouettes."""
    people = People(looked.width, looked.height, pair=pair)
    return {
        number: (one.at, people.step(one.at, silhouettes.find(one.foreground) if silhouettes else one.found, one.foreground))
        for number, one in looked.thinned(every)
    }


def crossings(steps: Iterator[tuple[Instant, Sequence[Going]]], line: Line) -> list[Crossing]:
    """Return who crosses a line."""
    counter = Crossings(line)
    return [one for at, paths in steps for one in counter.step(at, paths)]


def upright(x: float, height: int) -> Line:
    """Return the upright line at `x`; `in` is from left to right."""
    return Line((x, float(height)), (x, 0.0))


def true_steps(truth: Told, looked: Looked) -> Iterator[tuple[Instant, Sequence[Going]]]:
    """Return the truth as if it had been followed."""
    for number, one in looked.thinned(1):
        yield one.at, [Going(who, box, one.at, counts=True) for who, box in truth.get(number, ())]


def right(counted: Sequence[Crossing], truth: Sequence[Crossing]) -> int:
    """Return how many crossings are those of the truth: the same way, within a second."""
    left = list(truth)
    for one in counted:
        near = [other for other in left if other.way == one.way and abs(other.at - one.at) <= NEAR]
        if near:
            left.remove(min(near, key=lambda other: abs(other.at - one.at)))
    return len(truth) - len(left)


def vtest_rows(clip: Path, room: Path, models: Path, truth: Mapping[int, Sequence[tuple[int, float, float, float, float]]]) -> list[Row]:
    """Occupancy and crossings on vtest 0-399."""
    looked = look_at(clip, room, models, from_people=True)
    boxes = {frame: [(who, Found(x, y, x + w, y + h, 1.0)) for who, x, y, w, h in people] for frame, people in truth.items()}
    silhouettes = Silhouettes(HEADS, looked.height, block_shape(looked.width, looked.height)[0])
    rows: list[Row] = []
    for how, shapes in (("with models", None), ("without models", silhouettes)):
        for every in (1, 2, 3):
            rows += _flow(
                f"real: vtest, {how}, {10 / every:.1f} pictures/s", looked, boxes, count(looked, every, shapes), is_judged=shapes is None
            )
    # How much the exact pairing is worth against taking the best pair first.
    for told, pair in (("exact pairing", best_sum), ("best pair first", best_first)):
        steps = count(looked, 2, None, pair)
        rows.append(
            Row(f"real: vtest, with models, 5.0 pictures/s, {told}: crossings of {len(LINES)} lines", _sum_of(steps, looked), "crossings")
        )
    rows.append(Row(f"real: vtest: crossings of {len(LINES)} lines in truth", _sum_of(None, looked, boxes), "crossings"))
    worth = weights(HEADS, np.ones(block_shape(looked.width, looked.height), np.bool_), looked.height)
    area = [estimate(one.foreground, worth).middle - len(boxes.get(number, ())) for number, one in looked.thinned(1)]
    rows.append(Row("real: vtest, by area alone (kua.tally.queue): mean absolute occupancy error", float(np.mean(np.abs(area))), "people"))
    reckoned = [silhouettes.reckon(one.foreground) for _, one in looked.thinned(1)]
    rows += _interval("real: vtest, without models, one picture alone", reckoned, [len(boxes.get(n, ())) for n, _ in looked.thinned(1)])
    return rows


def _flow(told: str, looked: Looked, truth: Told, steps: Mapping[int, tuple[Instant, Present]], *, is_judged: bool) -> list[Row]:
    """Where it is not judged there is no target: it says what can be had there."""
    line = upright(looked.width / 2, looked.height)
    counted, known = crossings(_paths(steps), line), crossings(true_steps(truth, looked), line)
    people = [len(truth.get(number, ())) for number in steps]
    error = float(np.mean([abs(len(present.paths) - n) for (_, present), n in zip(steps.values(), people, strict=True)]))
    crossed, occupied = f"{told}: line crossings, {len(known)} true", f"{told}: mean absolute occupancy error"
    rows = [
        Row(
            crossed,
            len(counted),
            "crossings",
            len(known) if is_judged else None,
            abs(len(counted) - len(known)) <= 0.1 * len(known) if is_judged else None,
        ),
        Row(f"{told}: those that are of the truth, the same way and within a second", right(counted, known), "crossings"),
        judged(occupied, error, "people", 0.4, "less") if is_judged else Row(occupied, error, "people"),
    ]
    return rows + _interval(told, [present.estimate for _, present in steps.values()], people)


def _interval(told: str, seen: Sequence[Estimate], people: Sequence[int]) -> list[Row]:
    held = np.mean([one.lo <= n <= one.hi for one, n in zip(seen, people, strict=True)])
    wide = np.mean([one.hi - one.lo for one in seen])
    return [Row(f"{told}: pictures whose interval holds the truth (mean width {wide:.1f})", float(held), "share")]


def _paths(steps: Mapping[int, tuple[Instant, Present]]) -> Iterator[tuple[Instant, Sequence[Going]]]:
    return ((at, present.paths) for at, present in steps.values())


def _sum_of(steps: Mapping[int, tuple[Instant, Present]] | None, looked: Looked, truth: Told | None = None) -> int:
    return sum(
        len(crossings(_paths(steps) if steps is not None else true_steps(truth or {}, looked), upright(float(x), looked.height)))
        for x in LINES
    )


def visit_rows(models: Path) -> list[Row]:
    """Visits at the table of one-by-one, by paths and by what differs in the zone; the room is learned from the film itself."""
    clip = data("clips", "one-by-one.0-724.mp4")
    truth = [(100 * first, 100 * last) for first, last in json.loads(data("clips", "one-by-one.visits.json").read_text())["visits"]]
    looked = look_at(clip, clip, models, from_people=True)
    zone = zone_blocks([TABLE], looked.width, looked.height)
    rows = []
    for every in (1, 2, 3):
        people, stays, busy = People(looked.width, looked.height), Stays(zone), Busy(zone)
        by_paths, by_zone = list[Visit](), list[Visit]()
        for _, one in looked.thinned(every):
            by_paths += stays.step(one.at, people.step(one.at, one.found, one.foreground).paths)
            by_zone += busy.step(one.at, one.foreground)
        for how, visits in (("with models", by_paths + stays.close()), ("without models", by_zone + busy.close())):
            exact = len(visits) == len(truth) and all(
                _shared((visit.t0, visit.t1), one) > 0.5 for visit, one in zip(visits, truth, strict=True)
            )
            told = f"real: one-by-one, {how}, {10 / every:.1f} pictures/s: visits at the table"
            rows.append(Row(told, len(visits), "visits", len(truth), exact))
    return rows


def _shared(one: tuple[int, int], other: tuple[int, int]) -> float:
    """How much two spans share of both together."""
    both = min(one[1], other[1]) - max(one[0], other[0])
    return max(0, both) / (max(one[1], other[1]) - min(one[0], other[0]))


def scene_rows(told: str, scene: Path, models: Path) -> list[Row]:
    """Occupancy and crossings on a rendered scene. Who is seen by less than a quarter, or stands in a zone that is filled, is not in the truth of a picture."""
    said: dict[str, Any] = tomllib.loads((scene / "zones.toml").read_text())
    shapes: dict[str, list[object]] = {}
    for zone in said["zone"]:
        shapes.setdefault(zone["kind"], []).append(zone["points"])
    zones = read_zones(shapes)
    looked = look_at(scene / "film.mp4", scene / "empty.mp4", models, from_people=False, zones=zones)
    truth = _scene_truth(json.loads((scene / "truth.json").read_text()), looked, zones)
    silhouettes = Silhouettes(
        [(head["y"] / 10_000, head["px"]) for head in said["head"]], looked.height, block_shape(looked.width, looked.height)[0]
    )
    rows: list[Row] = []
    for how, by in (("with models", None), ("without models", silhouettes)):
        rows += _flow(f"{told}, {how}", looked, truth, count(looked, 1, by), is_judged=False)
    return rows


def _scene_truth(value: dict[str, Any], looked: Looked, zones: Mapping[str, tuple[Polygon, ...]]) -> Told:
    at = {name: number for number, name in enumerate(value["columns"])}
    filled = zone_blocks([*zones.get("booth", ()), *zones.get("screen", ())], looked.width, looked.height)
    truth: dict[int, list[tuple[int, Found]]] = {}
    for row in value["people"]:
        x, y, w, h = (float(row[at[name]]) for name in "xywh")
        inside = filled[max(0, int(y // 8)) : max(0, int((y + h) // 8) + 1), max(0, int(x // 8)) : max(0, int((x + w) // 8) + 1)]
        within = min(x + w, looked.width) - max(x, 0.0) > w / 4 and min(y + h, looked.height) - max(y, 0.0) > h / 4
        if row[at["visible"]] >= STILL_SEEN and within and inside.mean() < 0.5:
            truth.setdefault(int(row[at["frame"]]), []).append((int(row[at["person"]]), Found(x, y, x + w, y + h, 1.0)))
    return truth
