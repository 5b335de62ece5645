# SPDX-License-Identifier: Apache-2.0
"""Composes the sealed film of a station: what `hide` seals with, where the agent keeps the ciphertext, and what `kua seal` tells of it. None is kept unless the
law and the election file both say so."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.app.settings import CameraSettings, StationSettings, load_election, load_profile, load_station
from kua.core.digest import from_hex
from kua.core.election import Election
from kua.core.instant import Instant
from kua.law.profile import REHEARSAL
from kua.law.sealing import phases_sealed
from kua.media.cutter import Cut, Opened
from kua.ports.durable import Durable
from kua.station.journal import Journal
from kua.station.seal import SealMeans
from kua.station.sealed import Held, SealedShelf, is_over, remove_slice, slices_of
from kua.words.sealed import notice
from kua.words.speak import LANGUAGES, catalogue

MEBI: Final = 1024 * 1024


def seal_means(box: Path, station: StationSettings, camera: CameraSettings, election: Election) -> SealMeans | None:
    """Return what `hide` seals the film of `camera` with. Raises `ModuleNotFoundError` where age or SLIP-39 are not installed: a box that should keep a sealed
    film and cannot must not begin the day without anybody noticing."""
    phases = phases_sealed(election, load_profile(box, station, election))
    if not phases or election.sealed is None:
        return None
    # Late: a station without a sealed film needs neither library.
    from kua.adapters.codecs.segmenter import SealedSegmenter
    from kua.adapters.sealing import slice_opener

    def open_film(width: int, height: int, emit: Callable[[Opened | Cut], None]) -> SealedSegmenter:
        return SealedSegmenter(width, height, camera.fps, camera.sealed_bitrate * 1000, camera.preset, emit)

    opener = slice_opener(election.sealed, election=election.id, station=station.id, cam=camera.id, name=lambda: secrets.token_hex(4))
    return SealMeans(camera.id, phases, open_film, opener)


def open_shelf(
    box: Path, station: StationSettings, election: Election, files: Durable, journal: Journal, now: Callable[[], Instant]
) -> SealedShelf | None:
    """Return where the agent keeps sealed film."""
    if election.sealed is None or not phases_sealed(election, load_profile(box, station, election)):
        return None

    def on_full(is_full: bool) -> None:
        journal.fault(None, "sealed_full", "begin" if is_full else "end")

    return SealedShelf(
        box,
        election.sealed,
        files,
        journal.slice,
        now,
        calibration_of=lambda cam: from_hex(journal.calibrations[cam][0]),
        budget=station.sealed * MEBI,
        floor=2 * station.reserve * MEBI,  # the published film comes first
        on_full=on_full,
    )


def stock(box: Path) -> dict[str, Any]:
    """Return what of the sealed film lies in a box, with the budget of the disk, for `kua seal list`."""
    station = load_station(box)
    election, _ = load_election(box, station)
    held = list(slices_of(box, election.sealed.days if election.sealed else 0))
    return {
        "kept": list(phases_sealed(election, load_profile(box, station, election))),
        "slices": [_told(each) for each in held],
        "used_mib": -(-sum(each.size for each in held) // MEBI),
        "budget_mib": station.sealed,
        "free_mib": DurableFiles().free(box) // MEBI,
    }


def expire(box: Path) -> list[str]:
    """Remove the stated slices whose days are over; return their folders. An election without a sealed film keeps no slice for a day."""
    election, _ = load_election(box, load_station(box))
    now, files = SystemClock().now(), DurableFiles()
    over = [each for each in slices_of(box, election.sealed.days if election.sealed else 0) if is_over(each, now)]
    for each in over:
        remove_slice(box, each, files)
    return [each.path for each in over]


def picked(box: Path, seed: str, percent: int) -> list[str]:
    """Return the folders of the rehearsal's slices that are drawn for an audit."""
    election, _ = load_election(box, load_station(box))
    held = slices_of(box, election.sealed.days if election.sealed else 0)
    from kua.app.opening import pick

    return pick([each.path for each in held if each.begun.phase == REHEARSAL], seed, percent)


def door_notice(box: Path) -> list[str]:
    """Return what stands on the door, in all languages: whether this very station keeps a sealed film."""
    station = load_station(box)
    election, _ = load_election(box, station)
    phases = phases_sealed(election, load_profile(box, station, election))
    sealing = replace(election.sealed, phases=phases) if election.sealed and phases else None
    return [paragraph for language in LANGUAGES for paragraph in notice(sealing, catalogue(language).gettext)]


def _told(held: Held) -> dict[str, Any]:
    t0, t1 = (held.records[0].t0, held.records[-1].t1) if held.records else (held.begun.at, held.begun.at)
    return {
        "path": held.path,
        "phase": held.begun.phase,
        "t0": t0,
        "t1": t1,
        "pieces": len(held.records),
        "mib": -(-held.size // MEBI),
        "until": held.until,
        "stated": held.stated,
    }
