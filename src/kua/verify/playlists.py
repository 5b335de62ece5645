# SPDX-License-Identifier: Apache-2.0
"""Check of a camera's playlists: each says exactly what the log says, leaves out nothing that is due, and shows what is there.

A station that is on air goes on while it is being checked. What changes (playlists, `coverage.json`, the list of files) is therefore read *before* the
log, which by the rules of publishing is never behind it; and a list that is behind the files which came meanwhile is read again before it is blamed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from kua.core.errors import Incomplete, KuaError
from kua.core.instant import Instant
from kua.media.coverage import NAME as COVERAGE
from kua.media.playlist import head_of, items_of, render, uris_of
from kua.media.timeline import Day, Film
from kua.verify.below import Below
from kua.verify.coverage import MAX_FILE
from kua.verify.work import ARRIVING, Work

LIVE_ITEMS: Final = 75
"""Items of `live.m3u8` (docs/spec/published-tree.md)."""
NAMES: Final = ("day.m3u8", "live.m3u8")
PAUSES: Final = (1.0, 2.0, 4.0)
"""Seconds to wait before a list that is behind is read again. A publisher names a file within a second of putting it there."""

Early = Mapping[str, bytes | KuaError]
"""What a station shows of itself, by name, as it was before its log was read."""


def read_early(below: Below, cameras: Iterable[str]) -> Early:
    """Read what is replaced while the station is on air: to be called before the log is read."""
    names = [COVERAGE, *(f"film/{cam}/{name}" for cam in cameras for name in NAMES)]
    return {name: _read(below, name) for name in names}


def _read(below: Below, name: str) -> bytes | KuaError:
    try:
        return below.read(name, MAX_FILE)
    except KuaError as error:
        return error


@dataclass(frozen=True, slots=True)
class _List:
    """A playlist as it was read: its place in the day, its items, and whether each URI is shown or stands for a hole."""

    text: str
    first: int
    count: int
    ended: bool
    uris: Mapping[str, bool]

    @property
    def upto(self) -> int:
        """How many items of the day it knows."""
        return self.first + self.count


def _list_of(data: bytes) -> _List | None:
    """Read a playlist in our form; None where it is in another."""
    text = data.decode("utf-8", "replace")
    try:
        return _List(text, *head_of(text), uris_of(text))
    except ValueError:
        return None


def check_playlists(work: Work, cam: str, newest: int, early: Early) -> None:
    """Hold both playlists of `cam` against the log and the files. `newest`: the newest time (Unix ms) that the log states."""
    check = work.check(f"camera {cam} playlists")
    for name in NAMES:
        path = f"film/{cam}/{name}"
        work.expected.add(path)
        held = early[path] if path in early else _read(work.below, path)
        if isinstance(held, Incomplete) and work.days[cam].closed is None:
            if not work.present.get(cam):
                continue  # nothing was ever shown
            if not isinstance(_read(work.below, path), KuaError):
                work.report.not_checked(check, "film.being_written", name=path, count=1)
                continue
        if isinstance(held, KuaError):
            work.report.trouble(check, held)
            continue
        stated = _list_of(held)
        if stated is None or not _is_honest(work, cam, name, stated):
            work.report.failed(check, "film.playlist_differs", name=path)
            continue
        _check_behind(work, cam, path, stated, newest)


def _is_honest(work: Work, cam: str, name: str, stated: _List) -> bool:
    """Whether the list is what is made of the leaves and of those files that it shows; and it may only show what is here or was lost from a copy."""
    day = work.days[cam]
    if stated.first != (0 if name == NAMES[0] else max(0, stated.upto - LIVE_ITEMS)) or (stated.ended and day.closed is None):
        return False
    there = {film.sha256 for film in _films(day) if stated.uris.get(_full(film))}
    lives = {film.lowered.sha256 for film in _films(day) if film.lowered is not None and stated.uris.get(_small(film))}
    # A copy that has lost a segment still has the playlist that names it: the loss is said elsewhere, and the playlist is not at fault.
    if not there <= work.present.get(cam, set()) | work.lost.get(cam, set()):
        return False
    items = items_of(day, there, Instant(2**53), lives)[: stated.upto]
    return len(items) == stated.upto and stated.text == render(items, stated.first, stated.ended)


def _check_behind(work: Work, cam: str, path: str, stated: _List, newest: int) -> None:
    """Say whether the list leaves out what is due, or hides what is here, and goes on to: files and leaves come while a reader looks at others."""
    check, day = work.check(f"camera {cam} playlists"), work.days[cam]
    known = work.now if day.closed is not None else min(work.now, newest)
    due = len(items_of(day, frozenset(), Instant(known - work.waits - ARRIVING)))
    shown, hidden = stated, _hidden(work, cam, _films(day), stated)
    for pause in PAUSES:
        if not hidden and shown.upto >= due:
            break
        work.patience.wait(pause)
        again = _read(work.below, path)
        listed = _list_of(again) if isinstance(again, bytes) else None
        if listed is not None:
            shown, hidden = listed, _hidden(work, cam, hidden, listed)
    if hidden:
        work.report.failed(check, "film.playlist_differs", name=path)
    elif shown.upto < due:
        work.report.failed(check, "film.playlist_short", name=path, count=due - shown.upto)
    else:
        work.report.passed(check, "film.playlist_holds", name=path, count=stated.count)


def _hidden(work: Work, cam: str, films: list[Film], shown: _List) -> list[Film]:
    """Return those of `films` that the list has as a hole, or as lowered film, although better is here."""
    present, lives = work.present.get(cam, set()), work.lives.get(cam, set())
    worse = []
    for film in films:
        full, small = shown.uris.get(_full(film)), shown.uris.get(_small(film)) if film.lowered is not None else None
        if full is None and small is None:
            continue  # the list has not come to it, or has left it behind
        if (film.sha256 in present and not full) or (film.lowered is not None and film.lowered.sha256 in lives and not full and not small):
            worse.append(film)
    return worse


def _films(day: Day) -> list[Film]:
    return [item for item in day.items if isinstance(item, Film) and not day.is_withdrawn(item)]


def _full(film: Film) -> str:
    return f"{film.name}?leaf={film.leaf}"


def _small(film: Film) -> str:
    return f"{film.lowered.name}?leaf={film.leaf}" if film.lowered is not None and film.lowered.run else ""
