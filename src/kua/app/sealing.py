# SPDX-License-Identifier: Apache-2.0
"""Composes the sealed film of a station: what `hide` seals with, and where the agent keeps the ciphertext. None where the law or the election file keep none."""

import secrets
from collections.abc import Callable
from pathlib import Path

from kua.app.settings import CameraSettings, StationSettings, load_profile
from kua.core.election import Election
from kua.core.instant import Instant
from kua.law.sealing import phases_sealed
from kua.media.cutter import Cut, Opened
from kua.ports.durable import Durable
from kua.station.journal import Journal
from kua.station.seal import SealMeans
from kua.station.sealed import SealedShelf

MEBI = 1024 * 1024


def seal_means(box: Path, station: StationSettings, camera: CameraSettings, election: Election) -> SealMeans | None:
    """Return what `hide` seals the film of `camera` with. Raises `ModuleNotFoundError` where age or SLIP-39 are not installed: a box that should keep a sealed
    film and cannot must not begin the day without anybody noticing."""
    phases = phases_sealed(election, load_profile(box, station, election))
    if not phases or election.sealed is None:
        return None
    # Late: a station without a sealed film needs neither library.
    from kua.adapters.codecs.segmenter import SealedSegmenter
    from kua.adapters.sealing import slice_opener

    def open_film(emit: Callable[[Opened | Cut], None]) -> SealedSegmenter:
        return SealedSegmenter(camera.width, camera.height, camera.fps, camera.sealed_bitrate * 1000, camera.preset, emit)

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
        budget=station.sealed * MEBI,
        floor=2 * station.reserve * MEBI,  # the published film comes first
        on_full=on_full,
    )
