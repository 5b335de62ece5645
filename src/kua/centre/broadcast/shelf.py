# SPDX-License-Identifier: Apache-2.0
"""What should stand in one station's published folder at a moment, and what must change for that. Decides; touches no file and no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice, takewhile

from kua.centre.ingest.book import Book, Target
from kua.core.instant import Instant
from kua.core.verdict import Verdict
from kua.law.publication import Piece, Publication
from kua.media.coverage import NAME, coverage_file, planned_of
from kua.media.playlist import Item, items_of, render
from kua.media.timeline import Day

LIVE_ITEMS = 75
"""Items of `live.m3u8`: five minutes."""
COVERED = 60_000
"""Milliseconds between two writings of `coverage.json`."""


@dataclass(frozen=True, slots=True)
class Link:
    """Show the stored bytes `sha256` under `name` (below the station's folder)."""

    sha256: str
    name: str


@dataclass(slots=True)
class Progress:
    """How far one camera has been looked through, so that a long day is not looked through again for every segment.

    `present` and `lives` are what is shown, segments and lowered ones; `open` are segments that are not shown yet and may be later; `seen` counts the
    segments looked at; `spans` the withdrawals; `key` tells one state of the playlists from another.
    """

    present: set[str] = field(default_factory=set)
    lives: set[str] = field(default_factory=set)
    open: dict[int, Target] = field(default_factory=dict)
    seen: int = 0
    spans: int = -1
    key: tuple[int, int, int, int, bool] = (-1, 0, 0, 0, False)


@dataclass(slots=True)
class Plan:
    """Changes in the order in which they must be made: away with `remove`, then `links`, then `texts`. `due` is when to look again."""

    remove: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    progress: dict[str, Progress] = field(default_factory=dict)
    due: Instant | None = None
    covered: tuple[Instant, tuple[int, ...]] | None = None
    """When and of what `coverage.json` is written, if it is."""


@dataclass(slots=True)
class Shelf:
    """What stands there: names of files, the texts of playlists, and how far each camera has been looked through."""

    names: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)
    progress: dict[str, Progress] = field(default_factory=dict)
    covered: tuple[Instant, tuple[int, ...]] = (Instant(0), ())

    def present(self, cam: str) -> set[str]:
        """Return the SHA-256 (hex) of the published segments of a camera."""
        progress = self.progress.get(cam)
        return progress.present if progress else set()

    def lives(self, cam: str) -> set[str]:
        """Return the SHA-256 (hex) of the published lowered segments of a camera."""
        progress = self.progress.get(cam)
        return progress.lives if progress else set()


def piece_of(station: str, film: Target) -> Piece:
    """Return what the rules of publication must know of a segment."""
    return Piece(station, film.cam, film.t0, film.t1, film.phase)


def plan(book: Book, received: Mapping[str, Instant], shelf: Shelf, rules: Publication, now: Instant) -> Plan:
    """Return what must change on `shelf` at `now`. `shelf` stays as it is; `apply` changes it once the files are there."""
    made = Plan()
    for name, digest in book.calibrations.items():
        if name not in shelf.names and digest in received:
            made.links.append(Link(digest, name))
    for cam, day in book.days.items():
        _plan_camera(book, cam, day, received, shelf, rules, now, made)
    _plan_coverage(book, shelf, rules, now, made)
    return made


def apply(made: Plan, shelf: Shelf) -> None:
    """Note on `shelf` that `made` has been done."""
    shelf.names -= set(made.remove)
    shelf.names |= {link.name for link in made.links}
    shelf.texts |= made.texts
    shelf.progress |= made.progress
    shelf.covered = made.covered or shelf.covered


def _plan_camera(
    book: Book, cam: str, day: Day, received: Mapping[str, Instant], shelf: Shelf, rules: Publication, now: Instant, made: Plan
) -> None:
    before, films = shelf.progress.get(cam, Progress()), book.films[cam]
    is_whole = before.spans != len(day.withdrawn)  # the first look, or a new withdrawal: what stands may have to go
    candidates = films if is_whole else {**before.open, **dict(islice(films.items(), before.seen, None))}
    after = Progress(set(before.present), set(before.lives), {}, len(films), len(day.withdrawn))
    needed = set()
    for index, film in candidates.items():
        articles = [span.reason for span in day.withdrawn if span.covers(film.t0, film.t1)]
        piece = piece_of(book.station, film)
        verdict = rules.may_publish(piece, articles, now)
        live = book.lives[cam].get(index)
        if live is not None:  # the same verdict for both: what is true of the film is true of less of it
            needed |= _plan_live(live, verdict, received, shelf, after, made, is_wanted=film.name not in shelf.names and film.sha256 not in received)
        if film.name in shelf.names:
            if verdict.allowed or verdict.reason == "publication.not_yet":  # a clock that stepped back takes nothing away
                needed.add(film.init)
                continue
            made.remove.append(film.name)
            made.hidden.append(film.sha256)
            after.present.discard(film.sha256)
        elif verdict.allowed and film.sha256 in received and film.init in received:
            made.links += _with_init(film, shelf, made)
            made.shown.append(film.sha256)
            after.present.add(film.sha256)
            needed.add(film.init)
        elif verdict.allowed or verdict.reason == "publication.not_yet":
            after.open[index] = film
            if not verdict.allowed:
                _sooner(made, rules.due_at(piece))
    if is_whole:
        made.remove += sorted(_idle_inits(book, cam, shelf, needed))
    made.progress[cam] = after
    if day.opened is not None:
        _plan_playlists(cam, day, rules, now, shelf, before, after, made)


def _plan_live(
    live: Target, verdict: Verdict, received: Mapping[str, Instant], shelf: Shelf, after: Progress, made: Plan, *, is_wanted: bool
) -> set[str]:
    """Show a lowered segment while the film itself is not here. One that is shown stays, for those whose playlist names it. Return the init it needs."""
    if live.name in shelf.names:
        if verdict.allowed or verdict.reason == "publication.not_yet":
            return {live.init}
        made.remove.append(live.name)
        after.lives.discard(live.sha256)
    elif verdict.allowed and is_wanted and live.sha256 in received and live.init in received:
        made.links += _with_init(live, shelf, made)
        after.lives.add(live.sha256)
        return {live.init}
    return set()


def _plan_playlists(
    cam: str, day: Day, rules: Publication, now: Instant, shelf: Shelf, before: Progress, after: Progress, made: Plan
) -> None:
    until = Instant(now - rules.delay)
    items = items_of(day, after.present, until, after.lives)
    ended = day.closed is not None and not after.open and len(items) == _length(day)
    after.key = (len(items), len(after.present), len(after.lives), after.spans, ended)
    if after.key != before.key:
        _playlists(cam, items, ended, shelf, made)
    later = list(takewhile(lambda item: item.t1 > until, reversed(day.items)))
    if later:
        _sooner(made, Instant(later[-1].t1 + rules.delay))


def _plan_coverage(book: Book, shelf: Shelf, rules: Publication, now: Instant, made: Plan) -> None:
    """Write the coverage anew where something of it has changed, once a minute; the last time after the close as soon as nothing more is to come."""
    station = rules.stations.get(book.station)
    if book.opened is None or station is None:
        return
    films = {cam: progress.present for cam, progress in made.progress.items()}
    key = (book.size, sum(map(len, films.values())), *(len(day.withdrawn) for day in book.days.values()))
    at, before = shelf.covered
    if key == before:
        return
    if 0 <= now - at < COVERED:
        _sooner(made, Instant(at + COVERED))
        return
    planned = planned_of((window.start, window.end) for window in station.windows)
    days = {cam: day for cam, day in book.days.items() if day.opened is not None}
    made.texts[NAME] = coverage_file(book.station, book.size, planned, days, films).decode()
    made.covered = (now, key)


def _playlists(cam: str, items: list[Item], ended: bool, shelf: Shelf, made: Plan) -> None:
    for name, first in (("day", 0), ("live", max(0, len(items) - LIVE_ITEMS))):
        path = f"film/{cam}/{name}.m3u8"
        text = render(items, first, ended)
        if shelf.texts.get(path) != text:
            made.texts[path] = text


def _with_init(film: Target, shelf: Shelf, made: Plan) -> list[Link]:
    init_name = f"{film.name.rpartition('-')[0]}-init.mp4"
    links = []
    if init_name not in shelf.names and all(link.name != init_name for link in made.links):
        links.append(Link(film.init, init_name))
    return [*links, Link(film.sha256, film.name)]


def _idle_inits(book: Book, cam: str, shelf: Shelf, needed: set[str]) -> set[str]:
    """Init files on the shelf whose segments have all been taken away."""
    named = [*book.films[cam].values(), *book.lives[cam].values()]
    inits = {f"{film.name.rpartition('-')[0]}-init.mp4": film.init for film in named}
    return {name for name, digest in inits.items() if name in shelf.names and digest not in needed}


def _length(day: Day) -> int:
    """Number of items once everything is listed."""
    return len(items_of(day, frozenset(), Instant(2**53)))


def _sooner(made: Plan, at: Instant) -> None:
    made.due = at if made.due is None else min(made.due, at)

