# SPDX-License-Identifier: Apache-2.0
"""Composes the process `hide` of one camera: calibration, hiding table, models, encoder. It has no network; only encoded film and numbers leave it."""

import os
import queue
import secrets
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from kua.adapters.clock import SystemClock
from kua.adapters.codecs.packets import PacketDecoder
from kua.adapters.codecs.preview import Preview
from kua.adapters.codecs.segmenter import Segmenter
from kua.adapters.detectors.pair import open_detector
from kua.adapters.detectors.qr import QrReader
from kua.adapters.detectors.stickers import StickerFinder
from kua.app import calibrations
from kua.app.count_gate import Gate
from kua.app.live import Codes, Flag
from kua.app.plugins import is_live
from kua.app.sealing import seal_means
from kua.app.settings import CameraSettings, StationSettings, load_election, load_profile, load_station
from kua.app.thin import ToldRung
from kua.core.election import Election
from kua.core.errors import KuaError, Unavailable
from kua.core.instant import Instant, Millis
from kua.flow.ladder import sizes_of
from kua.law.hiding import GATED, read_table, row_for, table_for
from kua.law.profile import REHEARSAL, Profile
from kua.media.cutter import Cut, Opened
from kua.ports.detector import FindStickers
from kua.sight.boxes import Box
from kua.sight.calibration import Calibration
from kua.sight.code import CodeGate
from kua.sight.hider import Hider, Look
from kua.sight.smaller import may_be, smaller
from kua.sight.stickers import Seals
from kua.station.counting import Counting
from kua.station.fetch import to_pipe
from kua.station.hide import HOLD, Hide
from kua.station.means import Fitted, Means, Shape
from kua.station.lowered import LowerMeans
from kua.station.pipe import Ended, Message, messages
from kua.station.room import LEAN

_QUEUED: Final = 512
"""Messages that wait for `hide`: about twenty seconds of a camera; beyond it the camera's connection waits."""
_LOG_EVERY: Final = Millis(60_000)
LEANER: Final = 4
"""How many times fewer bits film has where the disk runs short."""
LEAST_BITS: Final = 50
"""kbit/s that film has at least."""


def hide(
    box: Path, camera: CameraSettings, phase: str | None, hold: Millis | None, preview: int | None, out: BinaryIO, *, may_loop: bool = False, silhouettes: bool = False
) -> int:
    """Run `hide` until its input ends: 0 when the source ended in order, 3 when the pipe tore.

    `phase` stands in for the election file's windows and `preview` is a file descriptor for the slider; both for demonstrations only. `may_loop`: it
    is said that the source begins again, which is believed only where the signed election file says `rehearsal`. `silhouettes`: one signature under the
    calibration is enough, and nothing but silhouettes is shown, however many there are.
    """
    clock = SystemClock()
    calibrated = calibrations.load(box, camera.id, needed=1 if silhouettes else 2)
    station = load_station(box)
    election, _ = load_election(box, station)
    place = election.station(station.id)
    table = table_for(read_table(election.hiding), place.voters, _profile(box, station, election), second_signed=not silhouettes)
    gate = Gate(box, election, place, clock.now, clock.monotonic)

    codes = CodeGate(QrReader(), Codes(box, clock.monotonic))

    def new_hider(phase: str) -> Hider:
        return Hider(calibrated.calibration, calibrated.room, table, phase, codes=codes)

    def opener(width: int, height: int, kilobits: int) -> Callable[[Callable[[Opened | Cut], None]], Segmenter]:
        return lambda emit: Segmenter(width, height, camera.fps, kilobits * 1000, camera.preset, emit)

    lean = max(LEAST_BITS, camera.bitrate // LEANER)

    def at_size(width: int, height: int) -> Fitted:
        """Hide smaller pictures by what was signed for the full ones."""
        calibration, room = smaller(calibrated.calibration, calibrated.room, width, height)
        return Fitted(
            lambda phase: Hider(calibration, room, table, phase),
            opener(width, height, camera.bitrate),
            Counting(calibration, finds_people=finds_people),
            opener(width, height, lean),
            opener(width, height, camera.fine),
        )

    def open_lowered(
        takes: tuple[int, int], makes: tuple[int, int], fps: int, bits: int, start: Instant, emit: Callable[[Opened | Cut], None]
    ) -> Segmenter:
        return Segmenter(*takes, fps, bits, camera.preset, emit, made=makes, start=start)

    def phase_at(at: Instant) -> str | None:
        return phase or place.phase_at(at)

    look, finds_people = _look(box / station.models)
    means = Means(
        clock,
        lambda: secrets.token_hex(4),
        PacketDecoder,
        opener(camera.width, camera.height, camera.bitrate),
        new_hider,
        phase_at,
        look=look,
        row_for=lambda phase: row_for(phase, count_signed=phase in GATED and gate.is_open()),
        reads=codes.read_at,
        counting=Counting(calibrated.calibration, finds_people=finds_people),
        seals=_seals(calibrated.calibration),
        sealing=None if silhouettes else seal_means(box, station, camera, election),
        sizes=tuple(size for size in sizes_of(camera.width, camera.height)[1:] if may_be(calibrated.calibration, size[1])),
        at_size=at_size,
        open_lean=opener(camera.width, camera.height, lean),
        open_fine=opener(camera.width, camera.height, camera.fine),
        is_lean=Flag(box / LEAN, clock.monotonic),
        may_loop=may_loop and election.kind == REHEARSAL,
        lower=LowerMeans(ToldRung(box, clock.monotonic), camera.fps, open_lowered),
        preview=Preview(os.fdopen(preview, "wb")).show if preview is not None else None,
    )
    process = Hide(
        Shape(camera.width, camera.height, camera.fps),
        means,
        to_pipe(out),
        live=is_live(camera.source),
        hold=HOLD if hold is None else hold,
    )
    return _feed(process, clock)


def _seals(calibration: Calibration) -> tuple[Seals, FindStickers] | None:
    if not calibration.stickers:
        return None
    return Seals(calibration.stickers, calibration.width, calibration.height), StickerFinder().find


def _profile(box: Path, station: StationSettings, election: Election) -> Profile | None:
    """Return the legal profile that the election file names. Another one decides nothing: voting is then at H3, and recorded."""
    profile = load_profile(box, station, election)
    if profile is None and (box / station.election / "profile.json").exists():
        structlog.get_logger("kua.camera").error("profile", code="enrol.profile")
    return profile


def _look(folder: Path) -> tuple[Look | None, bool]:
    """Return what the installed models find faces and people with, and whether people are among it; None without models. Models that cannot be loaded fill every picture, and say so once."""
    try:
        detector = open_detector(folder)
    except KuaError as error:
        structlog.get_logger("kua.camera").error("models", code=error.code, facts=error.facts)
        code, facts = error.code, error.facts

        def broken(_picture: object) -> Sequence[Box]:
            raise Unavailable(code, **facts)

        return broken, False
    return (None, False) if detector is None else (detector.look, "person" in detector.names)


def _feed(process: Hide, clock: SystemClock) -> int:
    """Read standard input in a thread, so that packets are taken from the camera even while a picture is being hidden."""
    inbox: queue.Queue[Message | EOFError | None] = queue.Queue(_QUEUED)
    threading.Thread(target=_read_on, args=(inbox,), name="pipe", daemon=True).start()
    log = structlog.get_logger("kua.camera")
    logged, before = clock.monotonic(), dict(process.counts)
    ended = False
    while isinstance(message := inbox.get(), Message):
        process.take(message)
        ended = isinstance(message, Ended)
        if clock.monotonic() - logged >= _LOG_EVERY and before != process.counts:
            logged, before = clock.monotonic(), dict(process.counts)
            log.info("counts", **{f"n_{name}": count for name, count in before.items()})
    process.finish(ended=ended)
    log.info("end", in_order=ended, **{f"n_{name}": count for name, count in process.counts.items()})
    return 0 if ended else 3


def _read_on(inbox: "queue.Queue[Message | EOFError | None]") -> None:
    try:
        for message in messages(sys.stdin.buffer):
            inbox.put(message)
        inbox.put(None)
    except (EOFError, ValueError, KeyError):
        inbox.put(EOFError())
