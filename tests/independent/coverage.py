# SPDX-License-Identifier: Apache-2.0
"""Adds up a station's day from its leaves alone. Written apart from kua and imports nothing of it, so that one mistake is not made twice.

    python tests/independent/coverage.py LEAVES

LEAVES has one leaf (JSON) a line, in the order of the log. Prints one JSON object: for each camera milliseconds recorded, visible, in gaps and hidden by cause,
unaccounted and overlapping; for each trust in a clock the film that was dated by it; and the steps that the clock made.
The rules are those of docs/spec/leaf.md and docs/spec/coverage.md, and nothing else was read to write this.
"""

import json
import sys
from pathlib import Path


def paint(spans: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
    """Turn spans that may overlap into (start, end, cause) without overlap: a moment belongs to the span that began first.

    By sweeping over every border, with the spans that are open there: another way than any that goes through them in order.
    """
    borders = sorted({moment for start, end, _ in spans for moment in (start, end)})
    waiting = sorted(range(len(spans)), key=lambda number: (spans[number][0], spans[number][1]))
    open_: list[int] = []
    painted: list[tuple[int, int, str]] = []
    place = 0
    for left, right in zip(borders, borders[1:], strict=False):
        while place < len(waiting) and spans[waiting[place]][0] <= left:
            open_.append(waiting[place])
            place += 1
        open_ = [number for number in open_ if spans[number][1] > left]
        if open_:
            painted.append((left, right, spans[open_[0]][2]))
    return painted


def shared(one: list[tuple[int, int, str]], other: list[tuple[int, int, str]]) -> dict[str, int]:
    """Milliseconds that two lists of spans without overlap have in common, by the cause of the first."""
    sums: dict[str, int] = {}
    place = 0
    for start, end, cause in one:
        while place < len(other) and other[place][1] <= start:
            place += 1
        at = place
        while at < len(other) and other[at][0] < end:
            sums[cause] = sums.get(cause, 0) + min(end, other[at][1]) - max(start, other[at][0])
            at += 1
    return sums


def camera(letter: str, leaves: list[dict]) -> dict[str, object]:
    """Account for one camera."""
    opened = closed = None
    films, gaps, hidden, numbers = [], [], [], []
    for leaf in leaves:
        kind = leaf["type"]
        if kind == "open" and letter in [each["cam"] for each in leaf["cams"]]:
            opened = leaf["at"]
        elif kind == "close":
            closed = leaf["at"]
        elif leaf.get("cam") == letter and kind in ("segment", "gap"):
            (films if kind == "segment" else gaps).append((leaf["t0"], leaf["t1"], leaf.get("reason", leaf.get("trust"))))
            numbers.append(leaf["seq"])
        elif leaf.get("cam") == letter and kind == "hidden":
            hidden.append((leaf["t0"], leaf["t1"], leaf["reason"]))
    # Every millisecond of the day must be covered once: plus one where something begins, minus one where it ends.
    changes = {}
    for start, end, _ in films + gaps:
        changes[start] = changes.get(start, 0) + 1
        changes[end] = changes.get(end, 0) - 1
    depth, missing, twice = 0, 0, 0
    moments = sorted(set(changes) | {opened, closed})
    for left, right in zip(moments, moments[1:], strict=False):
        depth += changes.get(left, 0)
        inside = opened <= left and right <= closed
        missing += (right - left) * (inside and depth == 0)
        twice += (right - left) * max(0, depth - (1 if inside else 0))
    filmed = paint([(start, end, "") for start, end, _ in films])
    dark = shared(paint(hidden), filmed)
    lost, vouched = {}, {}
    for start, end, cause in gaps:
        lost[cause] = lost.get(cause, 0) + end - start
    for start, end, trust in films:
        vouched[trust] = vouched.get(trust, 0) + end - start
    recorded = sum(end - start for start, end, _ in films)
    return {
        "opened": opened,
        "closed": closed,
        "recorded_ms": recorded,
        "visible_ms": recorded - sum(dark.values()),
        "gaps_ms": lost,
        "hidden_ms": dark,
        "unaccounted_ms": missing,
        "overlapping_ms": twice,
        "vouched_ms": vouched,
        "dense": numbers == list(range(len(numbers))),
    }


def steps(leaves: list[dict]) -> list[int]:
    """What the wall clock was set by, in order, signed."""
    return [leaf["step_ms"] if leaf["forward"] else -leaf["step_ms"] for leaf in leaves if leaf["type"] == "clock" and leaf["step_ms"]]


def main() -> None:
    with Path(sys.argv[1]).open(encoding="utf-8") as file:
        leaves = [json.loads(line) for line in file]
    letters = [each["cam"] for leaf in leaves if leaf["type"] == "open" for each in leaf["cams"]]
    print(json.dumps({"cameras": {letter: camera(letter, leaves) for letter in letters}, "steps_ms": steps(leaves)}, sort_keys=True))


if __name__ == "__main__":
    main()
