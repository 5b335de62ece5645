# SPDX-License-Identifier: Apache-2.0
"""Finds the filters of `kua.tally.filters` from rendered scenes: `python tools/fit_reaches.py [--write] FOLDER...`.

Each folder is a scene as `kua scenes make` writes it, with the film that would be sent in it as `sent.mp4` (`benchmarks/bench_fraud.py` makes both). For the raw film and
for the sent one, and for ballots and packs, one logistic regression is fitted. What is printed first is how it does on scenes of seeds that it was not fitted on,
each seed left out in turn; the thresholds and rates of `kua.tally.drops` are set by that.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from kua.scenes.score import Film, Line, compared, f1, matched, pictures, read_scene
from kua.tally.drops import RAW, SENT, Event, Moment, Tuned, chosen, event_of
from kua.tally.eye import Eye, Seen, places
from kua.tally.profile import PARTS, Profiler
from kua.tally.reach import SPANS, Filter, averages

OUT: Final = Path(__file__).resolve().parent.parent / "src" / "kua" / "tally" / "filters.py"
NEAR: Final = {"drop": 250, "pack": 500}
"""Milliseconds about the middle of an event that are to be found."""
FAR: Final = {"drop": 600, "pack": 1_200}
"""From here on nothing is; between the two neither is asked for."""
RIDGE: Final = 20.0
"""How much large weights cost."""
LIKELY: Final = (0.14, 0.17, 0.2, 0.23, 0.26, 0.29, 0.32, 0.35, 0.4)
PACKED: Final = (0.3, 0.4, 0.5, 0.6, 0.7)


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """A scene's film as the counter sees it."""

    name: str
    truth: dict[str, Any]
    seen: list[Seen]
    numbers: Any
    """[pictures, spans * parts]: what a filter is given."""

    @property
    def seed(self) -> int:
        """Of the scene."""
        return int(self.truth["seed"])


def watched(folder: Path, film: Film) -> Watched:
    """Look at a film once."""
    truth, zones, room = read_scene(folder)
    where, tuned = places(zones, room.shape[1], room.shape[0]), RAW if film == "raw" else SENT
    eye, profiler = Eye(room, where, tuned.levels, fill=tuned.fill), Profiler(room, where.middle, where.breadth, where.seen, tuned.fill)
    seen, profiles = [], []
    for at, luma in pictures(folder / ("film.mp4" if film == "raw" else "sent.mp4")):
        seen.append(eye.see(at, luma))
        profiles.append(profiler.see(at, luma, seen[-1].light))
    times = [one.at for one in seen]
    numbers = np.stack([averages(times, profiles, at).ravel() for at in times]).astype(np.float64)
    return Watched(folder.name, truth, seen, numbers)


def asked(one: Watched, kind: str) -> tuple[Any, Any]:
    """Return for each picture whether it is the middle of such an event, and whether that is asked of it."""
    at = np.array([seen.at for seen in one.seen])
    wanted, unasked = np.zeros(len(at), dtype=bool), np.zeros(len(at), dtype=bool)
    for event in one.truth["events"]:
        if event["kind"] == kind:
            away = np.abs(at - (event["t0"] + event["t1"]) * 500)
            wanted |= away <= NEAR[kind]
            unasked |= away <= FAR[kind]
    return wanted, wanted | ~unasked


def fitted(scenes: Sequence[Watched], kind: str) -> Filter:
    """Fit one filter by Newton's method."""
    pairs = [asked(one, kind) for one in scenes]
    keep = np.concatenate([mask for _, mask in pairs])
    wanted = np.concatenate([what for what, _ in pairs])[keep].astype(np.float64)
    table = np.concatenate([one.numbers for one in scenes])[keep]
    mean, spread = table.mean(axis=0), table.std(axis=0) + 1e-3
    table = np.column_stack([(table - mean) / spread, np.ones(len(table))])
    weights = np.zeros(table.shape[1])
    ridge = np.full(table.shape[1], RIDGE)
    ridge[-1] = 1e-6
    for _ in range(30):
        says = 1 / (1 + np.exp(-np.clip(table @ weights, -30, 30)))
        slope = table.T @ (says - wanted) + ridge * weights
        bend = (table * (says * (1 - says) + 1e-9)[:, None]).T @ table + np.diag(ridge)
        step = np.linalg.solve(bend, slope)
        weights -= step
        if np.abs(step).max() < 1e-4:
            break
    each = weights[:-1] / spread
    rows = each.reshape(len(SPANS), PARTS).T
    return Filter(round(float(weights[-1] - each @ mean), 2), tuple(tuple(round(float(part), 1) for part in row) for row in rows))


def moments(one: Watched, tuned: Tuned) -> list[Moment]:
    """Return what the counter's filters say of each picture."""
    numbers = one.numbers.reshape(-1, len(SPANS), PARTS)
    return [
        Moment(seen.at, tuned.drop.says(part), tuned.pack.says(part), tuned.is_blind(seen))
        for seen, part in zip(one.seen, numbers, strict=True)
    ]


def counted(found: list[Moment], tuned: Tuned) -> list[Event]:
    """Return what the counter tells of a film."""
    return [event_of(kind, moment, found[0].at, found[-1].at) for moment, kind in chosen(found, tuned)]


def _sums(scenes: Sequence[Watched], told: Sequence[list[Event]], kind: str) -> Line:
    lines = [
        line
        for one, events in zip(scenes, told, strict=True)
        for line in compared("x", events, one.truth, table=False)
        if line.kind == kind
    ]
    return Line("x", kind, *(sum(getattr(line, what) for line in lines) for what in ("true", "found", "told")))


def _put_in(scenes: Sequence[Watched], told: Sequence[list[Event]]) -> tuple[float, float]:
    """Recall and precision of what was put in, whatever it was called."""
    true = hits = said = 0
    for one, events in zip(scenes, told, strict=True):
        real = [(event["t0"] * 1000, event["t1"] * 1000) for event in one.truth["events"] if event["kind"] in NEAR]
        tells = [(float(event.t0), float(event.t1)) for event in events if event.kind in NEAR]
        true, hits, said = true + len(real), hits + matched(real, tells)[0], said + len(tells)
    return hits / max(1, true), hits / max(1, said)


def crossed(scenes: Sequence[Watched], tuned: Tuned) -> list[Tuned]:
    """Return for each scene the counter that was fitted on the other seeds."""
    by_seed = {}
    for seed in {one.seed for one in scenes}:
        others = [one for one in scenes if one.seed != seed]
        by_seed[seed] = replace(tuned, drop=fitted(others, "drop"), pack=fitted(others, "pack"))
    return [by_seed[one.seed] for one in scenes]


def tell(scenes: Sequence[Watched], tuned: Tuned, film: str) -> None:
    """Print what was found on seeds left out, by threshold, with the camera at the side and plain."""
    says = [moments(one, fit) for one, fit in zip(scenes, crossed(scenes, tuned), strict=True)]
    side = [one for one in scenes if (one.truth["camera"], one.truth["hard"]) == ("side", 0)]
    for likely in LIKELY:
        for packed in PACKED:
            told = [counted(one, replace(tuned, likely=likely, packed=packed)) for one in says]
            plain = [events for one, events in zip(scenes, told, strict=True) if one in side]
            drop, pack, put = _sums(side, plain, "drop"), _sums(side, plain, "pack"), _put_in(side, plain)
            print(
                f"{film} likely {likely} packed {packed}: drops {drop.found}/{drop.told} of {drop.true} F1 {f1([drop]):.3f}, packs {pack.found}/{pack.told} of {pack.true}, put in {put[0]:.2f} {put[1]:.2f}"
            )


def written(filters: dict[tuple[str, str], Filter], names: Sequence[str]) -> str:
    """Return the module."""
    parts = []
    for (film, kind), one in filters.items():
        rows = "".join(f"        ({', '.join(f'{number:g}' for number in row)}),\n" for row in one.rows)
        parts.append(f'    ("{film}", "{kind}"): Filter({one.bias:g}, (\n{rows}    )),\n')
    return (
        "# SPDX-License-Identifier: Apache-2.0\n"
        '"""What of a profile counts for how much where a reach for the slot is looked for. Made by `tools/fit_reaches.py` from rendered scenes; not to be edited.\n\n'
        f'Scenes: {", ".join(names)}.\n"""\n\n'
        "from typing import Final\n\nfrom kua.tally.reach import Filter\n\n# fmt: off\n"
        "FILTERS: Final = {\n" + "".join(parts) + "}\n"
        '"""By film and kind. A row for each part of a profile, in the order of `kua.tally.profile.WINDOWS`, a column for each of `kua.tally.reach.SPANS`."""\n'
    )


def main(arguments: Sequence[str]) -> int:
    """Fit, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(arguments)
    filters: dict[tuple[str, str], Filter] = {}
    films: tuple[tuple[Film, Tuned], ...] = (("raw", RAW), ("sent", SENT))
    for film, tuned in films:
        scenes = [watched(folder, film) for folder in given.folders]
        tell(scenes, tuned, film)
        filters |= {(film, kind): fitted(scenes, kind) for kind in NEAR}
    if given.write:
        OUT.write_text(written(filters, [folder.name for folder in given.folders]), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
