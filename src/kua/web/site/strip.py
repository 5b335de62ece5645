# SPDX-License-Identifier: Apache-2.0
"""The day of one camera as a strip of spans in words, and the geometry of its drawing. The table is the truth, the drawing shows it again."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from kua.core.instant import Instant, Millis
from kua.media.timeline import Film, Gap, Span
from kua.ports.index import PublicDay
from kua.web.kit.formats import offset_ms
from kua.web.kit.pages import Words

LOWERED: Final = ("small", "slow", "still", "none")
"""What may have been sent at once in place of the full film (docs/spec/leaf.md)."""
_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
_AXES: Final = tuple(
    (Millis(length * _MINUTE), Millis(tick * _MINUTE))
    for length, tick in ((5, 1), (10, 2), (30, 5), (60, 10), (180, 30), (360, 60), (720, 120), (1080, 180), (1440, 240), (2880, 480))
)
"""Lengths of the drawn axis and the distance of its ticks."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the day in one state. `kind` is one of `recorded late arriving lowered gap hidden withdrawn closed`; `why` is a sentence or empty."""

    t0: Instant
    t1: Instant
    kind: str
    word: str
    why: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle of the drawing, in per cent of its width."""

    kind: str
    x: str
    width: str
    title: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The whole drawing: the axis [t0, t1), its ticks with labels, and the bars."""

    t0: Instant
    t1: Instant
    ticks: tuple[tuple[str, str], ...]
    bars: tuple[Bar, ...]


def stretches(public: PublicDay, _: Words) -> tuple[Stretch, ...]:
    """Return the day up to `public.until` without holes or overlaps between the first and the last statement, neighbours of one kind joined."""
    joined: list[tuple[Instant, Instant, str, str]] = []
    for t0, t1, kind, fact in _each(public):
        if joined and joined[-1][1:] == (t0, kind, fact):
            joined[-1] = (joined[-1][0], t1, kind, fact)
        else:
            joined.append((t0, t1, kind, fact))
    return tuple(_said(t0, t1, kind, fact, _) for t0, t1, kind, fact in joined)


def _each(public: PublicDay) -> Iterator[tuple[Instant, Instant, str, str]]:
    """Give every item as (from, to, kind, fact) with neither words nor joins: a full day has fifteen thousand."""
    day, cursor = public.day, public.day.opened
    films = [item for item in day.items if isinstance(item, Film)]
    withdrawn, hidden = _over(day.withdrawn, films), _over(day.hidden, films)
    for item in day.items:
        if item.t1 > public.until:
            break
        if cursor is not None and item.t0 > cursor:
            yield cursor, item.t0, "silent", ""
        cursor = item.t1
        if isinstance(item, Gap):
            yield item.t0, item.t1, "gap", item.reason
        elif (span := withdrawn.get(item.leaf)) is not None:
            yield item.t0, item.t1, "withdrawn", span.reason
        elif item.sha256 in public.unpublished:
            yield item.t0, item.t1, "closed", public.unpublished[item.sha256]
        elif item.sha256 not in public.present:
            yield item.t0, item.t1, *_instead(item, public.lives)
        elif (span := hidden.get(item.leaf)) is not None:
            yield item.t0, item.t1, "hidden", span.reason
        else:
            yield item.t0, item.t1, "late" if item.sha256 in public.late else "recorded", ""


def _instead(film: Film, lives: frozenset[str]) -> tuple[str, str]:
    """What the public has of film that is not here yet: the lowered one, or, between two still pictures, nothing that was meant to be there."""
    lowered = film.lowered
    if lowered is None:
        return "arriving", ""
    is_there = lowered.sha256 in lives if lowered.run else lowered.rung == "still"
    return ("lowered" if is_there else "arriving"), lowered.rung if is_there or lowered.rung == "none" else ""


def _over(spans: list[Span], films: list[Film]) -> dict[int, Span]:
    """Return the first span over each film, by the number of its leaf. Looks at films only: a span may reach from 1970 to for ever."""
    found: dict[int, Span] = {}
    ends = [film.t1 for film in films]
    for span in spans:
        for film in islice(films, bisect_right(ends, span.t0), None):
            if not span.covers(film.t0, film.t1):
                break
            found.setdefault(film.leaf, span)
    return found


def _said(t0: Instant, t1: Instant, kind: str, fact: str, _: Words) -> Stretch:
    if kind == "gap":
        return Stretch(t0, t1, kind, _("Not recorded"), gap_reason(fact, _))
    if kind == "silent":
        return Stretch(t0, t1, "gap", _("Not accounted for"), _("The station's log says nothing about this time."))
    if kind == "withdrawn":
        return Stretch(t0, t1, kind, _("Withdrawn"), _("Recorded, but withdrawn from publication ({article}).", article=fact))
    if kind == "closed":
        why = _("Recorded; the rules of this election keep it from the public ({clause}).", clause=fact)
        return Stretch(t0, t1, kind, _("Not public"), why)
    if kind == "lowered":
        return Stretch(t0, t1, kind, _("Lowered picture"), lowered_reason(fact, _))
    if kind == "arriving" and fact == "none":
        return Stretch(t0, t1, kind, _("Not here yet"), lowered_reason(fact, _))
    if kind == "arriving":
        return Stretch(t0, t1, kind, _("Not here yet"), _("Recorded and logged; the film itself has not arrived at the centre."))
    if kind == "hidden":
        return Stretch(t0, t1, kind, _("Picture hidden"), hidden_reason(fact, _))
    if kind == "late":
        return Stretch(t0, t1, kind, _("Recorded, arrived late"), _("The film was kept in the station's box and sent later."))
    return Stretch(t0, t1, kind, _("Recorded"), "")


def lowered_reason(rung: str, _: Words) -> str:
    """Say what was sent at once over a thin line, and what of the rest. The list of rungs is closed (docs/spec/leaf.md)."""
    return {
        "small": _("The line of the station is slow: a small picture is sent at once. The full film is recorded in the station and follows."),
        "slow": _("The line of the station is slow: one small picture a second is sent at once. The full film is recorded in the station and follows."),
        "still": _("The line of the station is slow: one small picture in ten seconds is sent at once. The full film is recorded in the station and follows."),
        "none": _("The line of the station is too slow for pictures: only its signed statements are sent at once. The full film is recorded in the station and follows."),
    }.get(rung, rung)


def gap_reason(reason: str, _: Words) -> str:
    """Say why there is no recording. The list of reasons is closed (docs/spec/leaf.md)."""
    return {
        "starting": _("The recording was starting."),
        "camera_lost": _("The connection to the camera was lost."),
        "camera_silent": _("The camera sent no new picture."),
        "camera_refused": _("The camera refused the connection."),
        "restart": _("The box in the station was restarted."),
        "clock_step": _("The clock of the box was set right."),
        "encoder": _("The picture could not be compressed."),
        "disk_full": _("The disk of the box was full."),
        "disk_failed": _("The disk of the box took no film."),
        "size_change": _("The size of the picture was changed."),
        "stopped": _("The recording was stopped."),
    }.get(reason, reason)


def hidden_reason(reason: str, _: Words) -> str:
    """Say why the whole picture is filled. The list of reasons is closed (docs/spec/leaf.md)."""
    return {
        "no_room": _("There was no calibrated picture of the empty room to compare with."),
        "warming": _("The hiding of people was starting; until it works nothing is shown."),
        "scene_changed": _("The camera was moved or covered, or the light changed at once: it was not certain that the booths were hidden."),
        "looped": _("The camera sent pictures that it had sent before, as from a recording; so nothing is shown."),
        "detector": _("The search for people failed; so nothing is shown."),
        "late": _("The hiding of people could not keep up; so nothing is shown."),
        "size_change": _("The size of the picture was being changed; so nothing is shown."),
        "error": _("The hiding of people failed; so nothing is shown."),
    }.get(reason, reason)


def strip_of(parts: tuple[Stretch, ...], until: Instant, clock: Callable[[Instant], str], hour: Callable[[Instant], str]) -> Strip | None:
    """Return the drawing of `parts`, on an axis that has room for them; None while there is nothing."""
    if not parts:
        return None
    start, end = parts[0].t0, max(parts[-1].t1, min(until, Instant(parts[-1].t1 + _HOUR)))
    east = offset_ms(start)  # ticks stand at whole hours of the stations' clocks, not of UTC
    axis, tick = next(((length, tick) for length, tick in _AXES if _floor(start, tick, east) + length >= end), _AXES[-1])
    t0 = _floor(start, tick, east)
    t1 = Instant(t0 + axis)

    def at(moment: int) -> str:
        return f"{(moment - t0) * 100 / axis:.3f}%"

    ticks = tuple((at(moment), hour(Instant(moment))) for moment in range(t0, t1, tick))
    bars = tuple(
        Bar(part.kind, at(part.t0), f"{max(0.15, (part.t1 - part.t0) * 100 / axis):.3f}%", f"{clock(part.t0)}–{clock(part.t1)}: {part.word}")
        for part in parts
    )
    return Strip(t0, t1, ticks, bars)


def _floor(at: Instant, tick: Millis, east: int) -> Instant:
    return Instant((at + east) // tick * tick - east)


def stretch_at(parts: tuple[Stretch, ...], at: int) -> Stretch | None:
    """Return the stretch that holds the moment `at`."""
    return next((part for part in parts if part.t0 <= at < part.t1), None)
