# SPDX-License-Identifier: Apache-2.0
"""What should stand in one station's published folder at a moment, and what must change for that. Decides; touches no file and no clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kua.centre.ingest.book import Book, Target
from kua.core.instant import Instant
from kua.law.publication import Piece, Publication
from kua.media.playlist import Item, items_of, render
from kua.media.timeline import Day, Film

LIVE_ITEMS = 75
"""Items of `live.m3u8`: five minutes."""


@dataclass(frozen=True, slots=True)
class Link:
    """Show the stored bytes `sha256` under `name` (below the station's folder)."""

    sha256: str
    name: str


@dataclass(slots=True)
class Plan:
    """Changes in the order in which they must be made: away with `remove`, then `links`, then `texts`. `due` is when to look again."""

    remove: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    shown: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    due: Instant | None = None


@dataclass(slots=True)
class Shelf:
    """What stands there: names of files, the texts of playlists, and for each camera the SHA-256 of its segments."""

    names: set[str] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)
    present: dict[str, set[str]] = field(default_factory=dict)


def piece_of(station: str, film: Target) -> Piece:
    """Return what the rules of publication must know of a segment."""
    return Piece(station, film.cam, film.t0, film.t1, film.phase)


def plan(book: Book, received: Mapping[str, Instant], shelf: Shelf, rules: Publication, now: Instant) -> Plan:
    """Return what must change on `shelf` at `now`. `shelf` stays as it is; `apply` changes it once the files are there."""
    made = Plan()
    for name, digest in _calibrations(book):
        if name not in shelf.names and digest in received:
            made.links.append(Link(digest, name))
    for cam, day in book.days.items():
        _plan_camera(book, cam, day, received, shelf, rules, now, made)
    return made


def apply(made: Plan, shelf: Shelf, book: Book) -> None:
    """Note on `shelf` that `made` has been done."""
    shelf.names -= set(made.remove)
    shelf.names |= {link.name for link in made.links}
    shelf.texts |= made.texts
    for cam, films in book.films.items():
        shelf.present[cam] = {film.sha256 for film in films.values() if film.name in shelf.names}


def _plan_camera(
    book: Book, cam: str, day: Day, received: Mapping[str, Instant], shelf: Shelf, rules: Publication, now: Instant, made: Plan
) -> None:
    present = set(shelf.present.get(cam, set()))
    waiting = False
    needed = set()
    for film in book.films[cam].values():
        piece = piece_of(book.station, film)
        articles = [span.reason for span in day.withdrawn if span.covers(film.t0, film.t1)]
        stands = film.name in shelf.names
        if stands and not articles:
            needed.add(film.init)
            continue
        verdict = rules.may_publish(piece, articles, now)
        if stands:
            made.remove.append(film.name)
            made.hidden.append(film.sha256)
            present.discard(film.sha256)
        elif verdict.allowed and film.sha256 in received and film.init in received:
            made.links += _with_init(film, shelf, made)
            made.shown.append(film.sha256)
            present.add(film.sha256)
            needed.add(film.init)
        elif verdict.allowed:
            waiting = True
        elif verdict.reason == "publication.not_yet":
            waiting = True
            _sooner(made, rules.due_at(piece))
    made.remove += sorted(_idle_inits(book, cam, shelf, needed))
    until = Instant(now - rules.delay)
    items = items_of(day, present, until)
    if day.opened is None:
        return
    _playlists(cam, items, day.closed is not None and len(items) == _length(day) and not waiting, shelf, made)
    following = next((item for item in day.items if item.t1 > until), None)
    if following is not None:
        _sooner(made, Instant(following.t1 + rules.delay))


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
    inits = {f"{film.name.rpartition('-')[0]}-init.mp4": film.init for film in book.films[cam].values()}
    return {name for name, digest in inits.items() if name in shelf.names and digest not in needed}


def _calibrations(book: Book) -> list[tuple[str, str]]:
    return [(target.name, digest) for digest, targets in book.targets.items() for target in targets if target.kind == "calibration"]


def _length(day: Day) -> int:
    """Number of items once everything is listed."""
    return len(items_of(day, frozenset(), Instant(2**53)))


def _sooner(made: Plan, at: Instant) -> None:
    made.due = at if made.due is None else min(made.due, at)


def films_of(day: Day) -> list[Film]:
    """Return the recorded segments of a day in order."""
    return [item for item in day.items if isinstance(item, Film)]
