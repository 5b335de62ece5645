# SPDX-License-Identifier: Apache-2.0
"""Scoring a rendered scene: what two independent methods see in a film of it, against the truth. Rendered figures are never mixed with real ones.

Both are given the film, the zones and the empty room, nothing else; the truth is opened afterwards. An event is found when one was told whose time, half a second
longer at both ends, meets the true one's; each told event counts for one true one at most.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import av
import numpy as np

from kua.core.errors import Misused
from kua.core.instant import Instant
from kua.scenes.energy import RAW_STIFF, SENT_STIFF, Energies, Stiffness, found, piles
from kua.sight.zones import Polygon, read_zones
from kua.tally.drops import Event
from kua.tally.events import RAW_LIMITS, SENT_LIMITS, Limits, told
from kua.tally.eye import Luma, places

SLACK: Final = 500
"""Milliseconds by which the time of an event may be missed."""
KINDS: Final = ("drop", "pack", "wall", "swap", "shown_empty", "pile_moved")
Film = Literal["raw", "sent"]
METHODS: Final = ("pulses", "states")
"""The counter of `kua.tally`, and the second scorer."""


@dataclass(frozen=True, slots=True)
class Line:
    """One kind of event by one method: true events, those that were found, those told, and told ones that were false."""

    method: str
    kind: str
    true: int
    found: int
    told: int

    @property
    def recall(self) -> float | None:
        """Found of the true ones; None where there were none."""
        return self.found / self.true if self.true else None

    @property
    def precision(self) -> float | None:
        """True of those told; None where nothing was told."""
        return self.found / self.told if self.told else None

    @property
    def false_alarms(self) -> int:
        """Told, but not true."""
        return self.told - self.found

    def to_json(self) -> dict[str, Any]:
        """Return the line as an object."""
        return {**asdict(self), "false_alarms": self.false_alarms, "recall": self.recall, "precision": self.precision}


@dataclass(frozen=True, slots=True)
class Scored:
    """A scene's score. `ballots` is how often something was put in (a pack once), `inside` says whether that lies in the counter's interval."""

    scene: str
    film: Film
    lines: tuple[Line, ...]
    lo: int
    hi: int
    ballots: int
    blind: float

    @property
    def inside(self) -> bool:
        """The interval holds the truth."""
        return self.lo <= self.ballots <= self.hi


def f1(lines: Sequence[Line]) -> float:
    """Return the harmonic mean of recall and precision over `lines` taken together."""
    hits = sum(line.found for line in lines)
    return 2 * hits / max(1, sum(line.true for line in lines) + sum(line.told for line in lines))


def pictures(film: Path) -> Iterator[tuple[Instant, Luma]]:
    """Yield time and brightness of a film's pictures. Raises `Misused("scenes.missing")`."""
    if not film.is_file():
        raise Misused("scenes.missing", name=film.name)
    with av.open(str(film)) as container:
        for frame in container.decode(video=0):
            luma = np.asarray(frame.reformat(format="yuv420p").to_ndarray(), dtype=np.uint8)[: frame.height]
            yield Instant(round(float(frame.time or 0.0) * 1000)), luma


def empty_room(film: Path) -> Luma:
    """Return the median brightness of a film of the empty room. Raises `Misused("scenes.missing")`."""
    kept = [luma for number, (_, luma) in enumerate(pictures(film)) if number % 4 == 0]
    if not kept:
        raise Misused("scenes.missing", name=film.name)
    return np.asarray(np.median(np.stack(kept), axis=0), dtype=np.uint8)


def read_scene(folder: Path) -> tuple[dict[str, Any], Mapping[str, tuple[Polygon, ...]], Luma]:
    """Return truth, zones and empty room of a scene. Raises `Misused("scenes.missing")`."""
    try:
        truth = json.loads((folder / "truth.json").read_text("utf-8"))
        zones = read_zones(json.loads((folder / "masks.json").read_text("utf-8"))["zones"])
    except OSError as error:
        raise Misused("scenes.missing", name=Path(error.filename or "truth.json").name) from error
    except (ValueError, KeyError, TypeError) as error:
        raise Misused("scenes.missing", name="truth.json") from error
    return truth, zones, empty_room(folder / "empty.mp4")


def score(folder: Path, film: Path | None = None, *, limits: Limits | None = None, stiff: Stiffness | None = None) -> Scored:
    """Score `film` (the sent film of the scene in `folder`) or, without it, the scene's own raw film. Raises `Misused("scenes.missing")`, `Misused("tally.slot")`."""
    truth, zones, room = read_scene(folder)
    kind: Film = "raw" if film is None else "sent"
    limits = limits or (RAW_LIMITS if film is None else SENT_LIMITS)
    stiff = stiff or (RAW_STIFF if film is None else SENT_STIFF)
    path = film or folder / "film.mp4"
    where = places(zones, room.shape[1], room.shape[0])
    energies = Energies(room, where, stiff.fill)
    table = truth["phases"][0]["phase"] == "count" and bool(where.piles.any())
    kept: list[tuple[Instant, Luma]] = []

    def twice() -> Iterator[tuple[Instant, Luma]]:
        """The film is decoded once, and both methods look at it."""
        for at, luma in pictures(path):
            energies.add(at, luma)
            if table:
                kept.append((at, luma))
            yield at, luma

    seen = told(twice(), room, zones, limits)
    second = found(energies.course(), stiff) + (piles(kept, where) if table else [])
    lines = [*compared("pulses", seen.events, truth, table=table), *compared("states", second, truth, table=table)]
    ballots = sum(event["kind"] in ("drop", "pack") for event in truth["events"])
    return Scored(folder.name, kind, tuple(lines), seen.lo, seen.hi, ballots, seen.blind)


def compared(method: str, events: Sequence[Event], truth: Mapping[str, Any], *, table: bool) -> list[Line]:
    """Compare what a method told with the truth, kind by kind. A pack that was told as a single ballot, or the other way round, is neither found nor false
    but missed: it was seen, and named wrongly. Piles are looked for during the count only, everything else outside it."""
    lines = []
    for kind in KINDS:
        if (kind == "pile_moved") != table:
            continue
        true = [(event["t0"] * 1000, event["t1"] * 1000) for event in truth["events"] if event["kind"] == kind]
        said = [(float(event.t0), float(event.t1)) for event in events if event.kind == kind]
        hits, used = matched(true, said)
        alike = {"drop": "pack", "pack": "drop"}.get(kind)
        others = [(event["t0"] * 1000, event["t1"] * 1000) for event in truth["events"] if event["kind"] == alike]
        misnamed, _ = matched(others, [one for number, one in enumerate(said) if number not in used])
        lines.append(Line(method, kind, len(true), hits, len(said) - misnamed))
    return lines


def matched(true: Sequence[tuple[float, float]], said: Sequence[tuple[float, float]]) -> tuple[int, set[int]]:
    """Return how many of `true` are met by `said`, each by another, the earliest end first, and which of `said` were used."""
    used: set[int] = set()
    hits = 0
    for begin, end in sorted(true, key=lambda one: one[1]):
        near = [
            (number, one) for number, one in enumerate(said)
            if number not in used and one[0] - SLACK <= end and one[1] + SLACK >= begin and begin - SLACK <= (one[0] + one[1]) / 2 <= end + SLACK
        ]  # fmt: skip
        if near:
            number, _ = min(near, key=lambda pair: pair[1][1])
            used.add(number)
            hits += 1
    return hits, used
