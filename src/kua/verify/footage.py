# SPDX-License-Identifier: Apache-2.0
"""Check of a camera's film: every segment's bytes, the time and pictures inside it, and the masks in its pictures."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from kua.core.digest import sha256
from kua.core.errors import Incomplete, KuaError, Rejected
from kua.core.instant import rfc3339
from kua.law.publication import Piece
from kua.media.boxes import Said, read_segment
from kua.media.timeline import Day, Film, Lowered
from kua.verify.below import Below
from kua.verify.entries import Entries
from kua.verify.work import ARRIVING, Work

MAX_MEDIA: Final = 8 * 1024 * 1024
"""Bytes of the largest segment: what the centre accepts."""
TICKS: Final = 90
"""Units of media time in a millisecond (docs/spec/segment.md)."""
TOLERANCE: Final = 4
"""Levels (of 256) by which a pixel inside a mask may differ from the fill in any plane: a flat area survives the shipped encoder exactly, and differs by at most
1 at a sixth of the shipped rate (measured). A booth that was left open differs by tens."""
WORKERS: Final = 4
"""Files that are read and hashed side by side."""


def check_media(work: Work, cam: str, newest: int) -> None:
    """Hold every file of the film of `cam` against its leaf. `newest`: the newest time (Unix ms) that the log states; what is younger may still be on its way."""
    day = work.days[cam]
    films = [item for item in day.items if isinstance(item, Film)]
    wanted: dict[str, tuple[str, int | None, str]] = {}
    for item in films:
        span = f"{rfc3339(item.t0)} - {rfc3339(item.t1)}"
        wanted[f"film/{cam}/{item.name}"] = (item.sha256, item.size, span)
        wanted.setdefault(f"film/{cam}/{item.init_name}", (item.init, None, span))
    lowered = {} if work.excerpt else _lowered_wanted(cam, films)
    withdrawn = {f"film/{cam}/{item.name}" for item in films if day.is_withdrawn(item)}
    kept = {f"film/{cam}/{item.name}" for item in films if not _may_ever(work, cam, item)}
    late = {f"film/{cam}/{item.name}" for item in films if _is_late(work, cam, item, day, newest)}
    with ThreadPoolExecutor(WORKERS) as pool:
        names = [*wanted, *lowered]
        found = dict(zip(names, pool.map(lambda name: _hashed(work.below, name), names), strict=True))
    check = work.check(f"camera {cam} film")
    shown = _check_lowered(work, cam, films, lowered, found)
    # The leaf itself said that the line was thin: until the day is over, the full film may follow later than film does otherwise.
    follows = shown if day.closed is None else set[str]()
    # An init segment is only needed by film that must be there.
    idle = {f"film/{cam}/{item.init_name}" for item in films} - {
        f"film/{cam}/{item.init_name}" for item in films if f"film/{cam}/{item.name}" not in late | withdrawn | kept | follows
    }
    intact = arriving = gone = private = behind = 0
    present, lost = work.present.setdefault(cam, set()), work.lost.setdefault(cam, set())
    for name, (digest, size, span) in wanted.items():
        work.expected.add(name)
        held = found[name]
        if isinstance(held, Incomplete) and name in withdrawn:
            gone += 1
        elif isinstance(held, Incomplete) and name in kept:
            private += 1
        elif isinstance(held, Incomplete) and name in idle:
            continue
        elif isinstance(held, Incomplete) and name in late:
            arriving += 1
        elif isinstance(held, Incomplete) and name in follows:
            behind += 1
        elif isinstance(held, Incomplete):
            work.report.missing(check, "film.segment_missing", name=name, span=span)
            if size is not None:
                lost.add(digest)
        elif isinstance(held, KuaError):
            work.report.trouble(check, held)
        elif (held.sha256, held.size) != (digest, size if size is not None else held.size):
            work.report.failed(check, "film.segment_altered", name=name, span=span)
            if size is not None:
                present.add(digest)  # the file is there: its playlist line is right, its bytes are not
        else:
            intact += 1
            if size is not None:
                present.add(digest)
    if intact:
        work.report.passed(check, "film.segments_intact", count=intact, of=len(wanted))
    if arriving:
        work.report.not_checked(check, "film.arriving", count=arriving)
    if behind:
        work.report.not_checked(check, "film.behind", count=behind)
    if private:
        work.report.not_checked(check, "film.not_public", count=private)
    if gone:
        work.report.not_checked(check, "film.removed", count=gone)
    work.report.summary["segments_logged"] = work.report.summary.get("segments_logged", 0) + len(films)
    _check_inside(work, cam, films, found)
    good = 0
    for item in films:
        held = found[f"film/{cam}/{item.name}"]
        good += isinstance(held, _Read) and (held.sha256, held.size) == (item.sha256, item.size)
    work.report.summary["segments_verified"] = work.report.summary.get("segments_verified", 0) + good


def _lowered_wanted(cam: str, films: list[Film]) -> dict[str, tuple[str, int | None, str]]:
    """Return the files of lowered segments as the leaves name them: digest, size and time of each."""
    wanted: dict[str, tuple[str, int | None, str]] = {}
    for item in films:
        if item.lowered is not None and item.lowered.run:
            span = f"{rfc3339(item.t0)} - {rfc3339(item.t1)}"
            wanted[f"film/{cam}/{item.lowered.name}"] = (item.lowered.sha256, item.lowered.size, span)
            wanted.setdefault(f"film/{cam}/{item.lowered.init_name}", (item.lowered.init, None, span))
    return wanted


def _check_lowered(
    work: Work, cam: str, films: list[Film], wanted: Mapping[str, tuple[str, int | None, str]], found: Mapping[str, "_Read | KuaError"]
) -> set[str]:
    """Hold the lowered segments that are here against their leaves. None of them must be here; return the names of the segments for which one holds."""
    check, lives = work.check(f"camera {cam} lowered"), work.lives.setdefault(cam, set())
    sound = set()
    for name, (digest, size, span) in wanted.items():
        work.expected.add(name)
        held = found[name]
        if isinstance(held, Incomplete):
            continue
        if isinstance(held, KuaError):
            work.report.trouble(check, held)
            continue
        if size is not None:
            lives.add(digest)  # the file is there: its playlist line is right, whatever its bytes are
        if (held.sha256, held.size) == (digest, held.size if size is None else size):
            sound.add(name)
        else:
            work.report.failed(check, "film.segment_altered", name=name, span=span)
    shown = set()
    for item in films:
        lowered, name = item.lowered, f"film/{cam}/{item.name}"
        if lowered is None or not {f"film/{cam}/{lowered.name}", f"film/{cam}/{lowered.init_name}"} <= sound:
            continue
        held, began = found[f"film/{cam}/{lowered.name}"], (item.t0 - work.began[cam, item.run]) * TICKS
        if isinstance(held, _Read) and held.said is not None and (held.said.decode_time, held.said.frames) != (began, lowered.frames):
            work.report.failed(
                check, "film.inside_differs", name=f"film/{cam}/{lowered.name}", span=f"{rfc3339(item.t0)} - {rfc3339(item.t1)}"
            )
        else:
            shown.add(name)
    if shown:
        alone = len([name for name in shown if isinstance(found[name], Incomplete)])
        work.report.passed(check, "film.lowered_holds", count=len(shown), alone=alone)
        work.report.summary["segments_lowered"] = work.report.summary.get("segments_lowered", 0) + alone
    return shown


def _piece(work: Work, cam: str, item: Film) -> Piece:
    return Piece(work.station, cam, item.t0, item.t1, item.phase)


def _may_ever(work: Work, cam: str, item: Film) -> bool:
    """Whether the legal profile lets the public see `item` at any time. Without a profile everything ought to be there."""
    return work.rules is None or work.rules.may_ever(_piece(work, cam, item)).allowed


def _is_late(work: Work, cam: str, item: Film, day: Day, newest: int) -> bool:
    """Whether `item` may still be on its way: it was not due long ago, by the newest word of the station, or after its close by our clock."""
    due = work.rules.due_at(_piece(work, cam, item)) if work.rules else item.t1
    return due + ARRIVING > (newest if day.closed is None else work.now)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a file of film is: its digest and length, and what it says of itself; `said` is None where it cannot be read as a segment."""

    sha256: str
    size: int
    said: Said | None


def _hashed(below: Below, name: str) -> _Read | KuaError:
    try:
        data = below.read(name, MAX_MEDIA)
    except KuaError as error:
        return error
    try:
        said = read_segment(data) if name.endswith(".m4s") else None
    except Rejected:
        said = None
    return _Read(hashlib.sha256(data).hexdigest(), len(data), said)


def _check_inside(work: Work, cam: str, films: list[Film], found: Mapping[str, _Read | KuaError]) -> None:
    """Hold the time and number of pictures inside each segment against its leaf (docs/spec/segment.md): old or stretched film has another."""
    check = work.check(f"camera {cam} film")
    agree = unread = 0
    for number, item in enumerate(films):
        after = films[number + 1] if number + 1 < len(films) else None
        held = found[f"film/{cam}/{item.name}"]
        if not isinstance(held, _Read) or held.sha256 != item.sha256:
            continue
        if held.said is None:
            unread += 1
            continue
        goes_on = after is not None and (after.run, after.t0) == (item.run, item.t1)
        length = held.said.length if goes_on else (item.t1 - item.t0) * TICKS
        if (held.said.decode_time, held.said.frames, length) == (
            (item.t0 - work.began[cam, item.run]) * TICKS,
            item.frames,
            (item.t1 - item.t0) * TICKS,
        ):
            agree += 1
        else:
            work.report.failed(
                check, "film.inside_differs", name=f"film/{cam}/{item.name}", span=f"{rfc3339(item.t0)} - {rfc3339(item.t1)}"
            )
    if agree:
        work.report.passed(check, "film.inside_agrees", count=agree)
    if unread:
        work.report.not_checked(check, "film.inside_unread", count=unread)


def _shown(work: Work, cam: str) -> list[tuple[Film, Film | Lowered]]:
    """Return what of the film is here: each segment, and each lowered one that stands or stood for it."""
    films = [item for item in work.days[cam].items if isinstance(item, Film)]
    present, lives = work.present.get(cam, set()), work.lives.get(cam, set())
    lowered = [(item, item.lowered) for item in films if item.lowered is not None and item.lowered.sha256 in lives]
    return [*((item, item) for item in films if item.sha256 in present), *lowered]


def check_masks(work: Work, cam: str, log: Entries) -> None:
    """Look into every segment that is here and intact: is each mask of the calibration that its leaf names filled in every picture?"""
    check = work.check(f"camera {cam} masks")
    named = {leaf["sha256"]: leaf["calibration"] for _, leaf in log.of_type("segment") if leaf["cam"] == cam}
    shown = _shown(work, cam)
    if not shown:
        return
    if work.pixels is None:
        work.report.not_checked(check, "film.masks_not_looked")
        return
    pictures = masks = worst = unread = unsigned = 0
    for item, part in shown:
        calibration = work.signed.get(named[item.sha256])
        if calibration is None:
            unsigned += 1
            continue
        name = f"film/{cam}/{part.name}"
        try:
            init, segment = work.below.read(f"film/{cam}/{part.init_name}", MAX_MEDIA), work.below.read(name, MAX_MEDIA)
            if sha256(segment).hex() != part.sha256 or sha256(init).hex() != part.init:
                continue  # altered bytes have their own line
            looked = work.pixels(calibration, init, segment, lowered=part is not item)
        except KuaError:
            unread += 1
            continue
        pictures, masks, worst = pictures + looked.pictures, max(masks, looked.masks), max(worst, looked.worst)
        if looked.worst > TOLERANCE:
            span = f"{rfc3339(item.t0)} - {rfc3339(item.t1)}"
            work.report.failed(
                check, "film.mask_open", name=name, span=span, number=looked.worst_at + 1, worst=looked.worst, allowed=TOLERANCE
            )
    if pictures and not masks:
        work.report.not_checked(check, "film.masks_none", camera=cam)
    elif pictures and worst <= TOLERANCE:
        work.report.passed(check, "film.masks_hold", masks=masks, pictures=pictures, worst=worst, allowed=TOLERANCE)
    if unread:
        work.report.not_checked(check, "film.masks_unread", count=unread)
    if unsigned:
        work.report.not_checked(check, "film.masks_unsigned", count=unsigned)
