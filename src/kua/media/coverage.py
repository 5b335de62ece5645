# SPDX-License-Identifier: Apache-2.0
"""How much of a camera's day there is (R14): planned, recorded, box visible, published; and each second that is not, with its cause.

Three figures, never one for another: *recorded* film exists; in *visible* film the picture was not filled as a whole; *published* film can be
seen. Times are milliseconds. Reads leaves that were read already; decides nothing about publication.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from kua.core.canonical import canonical
from kua.media.timeline import Day, Film, Gap

NAME: Final = "coverage.json"
"""Where a station's coverage lies in its folder of the published tree (docs/spec/coverage.md)."""

Span = tuple[int, int, str]
"""From, to, and why."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """One camera. `gaps` and `hidden` are spans without overlap, in order, neighbours of one cause joined; `hidden` lies within what is recorded.

    Where two causes hide one moment it counts for the one that began first. `astray` is hidden time over which nothing was recorded.
    """

    recorded: int
    published: int
    withdrawn: int
    gaps: tuple[Span, ...]
    hidden: tuple[Span, ...]
    astray: int
    unaccounted: int
    overlapping: int

    @property
    def visible(self) -> int:
        """Recorded time in which the picture was not filled as a whole."""
        return self.recorded - sum(t1 - t0 for t0, t1, _ in self.hidden)


def coverage_of(day: Day, present: Collection[str]) -> Coverage:
    """Add up a camera's day. `present` are the SHA-256 (hex) of the segments that the public can see."""
    account = day.account()
    films = [item for item in day.items if isinstance(item, Film)]
    shown = sum(film.t1 - film.t0 for film in films if film.sha256 in present and not day.is_withdrawn(film))
    withdrawn = sum(film.t1 - film.t0 for film in films if day.is_withdrawn(film)) if day.withdrawn else 0
    covers = _apart((span.t0, span.t1, span.reason) for span in day.hidden if span.t1 is not None)
    hidden = _within(covers, _apart((film.t0, film.t1, "") for film in films))
    astray = sum(t1 - t0 for t0, t1, _ in covers) - sum(t1 - t0 for t0, t1, _ in hidden)
    gaps = _apart((item.t0, item.t1, item.reason) for item in day.items if isinstance(item, Gap))
    return Coverage(account.recorded, shown, withdrawn, _joined(gaps), _joined(hidden), astray, account.unaccounted, account.overlapping)


def by_cause(spans: Iterable[Span]) -> dict[str, int]:
    """Return milliseconds by cause, causes sorted."""
    sums: dict[str, int] = defaultdict(int)
    for t0, t1, why in spans:
        sums[why] += t1 - t0
    return dict(sorted(sums.items()))


def coverage_file(station: str, size: int, planned: int, days: Mapping[str, Day], present: Mapping[str, Collection[str]]) -> bytes:
    """Return `coverage.json` of a station over the first `size` leaves of its log. `planned`: milliseconds of its windows in the election file."""
    cameras = {cam: _camera(day, coverage_of(day, present.get(cam, ()))) for cam, day in days.items()}
    return canonical({"v": 1, "station": station, "size": size, "planned_ms": planned, "cameras": cameras})


def planned_of(windows: Iterable[tuple[int, int]]) -> int:
    """Return the milliseconds that lie in at least one of `windows`."""
    return sum(t1 - t0 for t0, t1, _ in _apart((t0, t1, "") for t0, t1 in windows))


def _camera(day: Day, coverage: Coverage) -> dict[str, Any]:
    return {
        "opened": day.opened,
        "closed": day.closed,
        "recorded_ms": coverage.recorded,
        "visible_ms": coverage.visible,
        "published_ms": coverage.published,
        "withdrawn_ms": coverage.withdrawn,
        "unaccounted_ms": coverage.unaccounted,
        "overlapping_ms": coverage.overlapping,
        "gaps_ms": by_cause(coverage.gaps),
        "hidden_ms": by_cause(coverage.hidden),
        "gaps": [list(span) for span in coverage.gaps],
        "hidden": [list(span) for span in coverage.hidden],
    }


def _apart(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order and without overlap: what two of them share stays with the one that began first."""
    apart: list[Span] = []
    end = -1
    for t0, t1, why in sorted(spans, key=lambda span: span[:2]):
        if t1 > end:
            apart.append((max(t0, end), t1, why))
            end = t1
    return apart


def _within(spans: Sequence[Span], among: Sequence[Span]) -> list[Span]:
    """Return the parts of `spans` that lie within `among`; both without overlap and in order."""
    parts: list[Span] = []
    at = 0
    for t0, t1, why in spans:
        while at < len(among) and among[at][1] <= t0:
            at += 1
        for start, end, _ in islice(among, at, None):
            if start >= t1:
                break
            parts.append((max(t0, start), min(t1, end), why))
    return parts


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for t0, t1, why in spans:
        if joined and joined[-1][1:] == (t0, why):
            joined[-1] = (joined[-1][0], t1, why)
        else:
            joined.append((t0, t1, why))
    return tuple(joined)
