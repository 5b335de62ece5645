# SPDX-License-Identifier: Apache-2.0
"""The two processes of a camera, `python -m kua.app.camera fetch|hide --box DIR --camera a`: builds the objects and runs them. `kua.app` starts them.

Messages (docs/spec/pipes.md) come from standard input and go to what was standard output when the process began; anything else that writes to
standard output lands on standard error. Neither process logs a picture, a password or an address with a user in it.
"""

import argparse
import os
import queue
import secrets
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from kua.adapters.clock import SystemClock
from kua.adapters.codecs.packets import PacketDecoder
from kua.adapters.codecs.preview import Preview
from kua.adapters.codecs.segmenter import Segmenter
from kua.adapters.detectors.pair import open_detector
from kua.app import calibrations, logs
from kua.app.plugins import is_live, is_painted, source_opener
from kua.app.settings import CameraSettings, load_election, load_station
from kua.core.election import PHASES
from kua.core.errors import KuaError, Misused, Unavailable
from kua.core.instant import Instant, Millis
from kua.law.hiding import read_table
from kua.media.cutter import Cut, Opened
from kua.ports.address import shown
from kua.ports.source import Opening, Source
from kua.sight.boxes import Box
from kua.sight.hider import Hider, Look
from kua.station.counting import Counting
from kua.station.fetch import Fetch, QueueInbox, threaded, to_pipe
from kua.station.hide import HOLD, Hide, Means, Shape
from kua.station.pipe import Message, messages

_QUEUED: Final = 512
"""Messages that wait for `hide`: about twenty seconds of a camera; beyond it the camera's connection waits."""
_LOG_EVERY: Final = Millis(60_000)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for, with the settings of the box behind it."""

    box: Path
    camera: CameraSettings
    phase: str | None
    hold: Millis
    preview: int | None


def main(arguments: list[str] | None = None) -> int:
    """Run one process and return its exit code. Errors are one line of JSON on standard error."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    role, parsed = _parsed(arguments)
    logs.configure(role, camera=parsed.camera)
    log = structlog.get_logger("kua.camera")
    try:
        asked = _asked(parsed)
        return fetch(asked, out) if role == "fetch" else hide(asked, out)
    except BrokenPipeError:
        log.warning("pipe.reader_gone")
        return 3
    except KuaError as error:
        log.error("failed", code=error.code, facts=error.facts)  # noqa: TRY400 - an expected error; facts hold no secrets
        return error.exit_code


def _parsed(arguments: list[str] | None) -> tuple[str, argparse.Namespace]:
    parser = argparse.ArgumentParser(prog="kua.app.camera", description=__doc__)
    parser.add_argument("role", choices=["fetch", "hide"])
    parser.add_argument("--box", type=Path, required=True, help="folder of the box")
    parser.add_argument("--camera", default="a", help="letter of the camera")
    parser.add_argument("--demo", action="store_true", help="allow --phase and --preview-fd with any source")
    parser.add_argument("--source", help="URL instead of the one in the settings")
    parser.add_argument("--phase", choices=PHASES, help="phase instead of the one of the election file")
    parser.add_argument("--fps", type=int)
    parser.add_argument("--width", type=int)
    parser.add_argument("--height", type=int)
    parser.add_argument("--bitrate", type=int, help="kbit/s")
    parser.add_argument("--preset")
    parser.add_argument("--hold", type=int, default=HOLD, help="milliseconds that pictures wait before they are encoded")
    parser.add_argument("--preview-fd", type=int, help="file descriptor for pairs of raw and sent pictures")
    parsed = parser.parse_args(arguments)
    return parsed.role, parsed


def _asked(parsed: argparse.Namespace) -> Asked:
    """Lay the command line over the settings. Raises `Misused("camera.demo_only")` for what only a demonstration may do."""
    told = load_station(parsed.box).camera(parsed.camera).model_dump()
    told |= {name: value for name in ("source", "fps", "width", "height", "bitrate", "preset") if (value := getattr(parsed, name)) is not None}
    camera = CameraSettings(**told)
    for option in ("phase", "preview_fd"):
        if getattr(parsed, option) is not None and not parsed.demo and not is_painted(camera.source):
            raise Misused("camera.demo_only", option="--" + option.replace("_", "-"))
    return Asked(parsed.box, camera, parsed.phase, Millis(parsed.hold), parsed.preview_fd)


def fetch(asked: Asked, out: BinaryIO) -> int:
    """Run `fetch` until the film ends or SIGTERM; 0 then."""
    clock, inbox = SystemClock(), QueueInbox()
    url = asked.camera.source
    opener = source_opener(url)
    opening = Opening(clock, _wait, asked.camera.password())

    def opened() -> Source:
        return opener(url, opening)

    log = structlog.get_logger("kua.camera")
    log.info("start", source=shown(url))
    run = Fetch(threaded(opened, clock, inbox), inbox, clock, lambda: secrets.randbelow(1 << 30) / (1 << 30), to_pipe(out), live=_never_ends(url))
    _on_stop(run.stop)
    run.run()
    log.info("end")
    return 0


def _wait(span: Millis) -> None:
    threading.Event().wait(span / 1000)


def _never_ends(url: str) -> bool:
    """A film may end; a camera that ends has failed."""
    return not url.lower().startswith("file:")


def hide(asked: Asked, out: BinaryIO) -> int:
    """Run `hide` until its input ends: 0 when the source ended in order, 3 when the pipe tore."""
    clock = SystemClock()
    calibrated = calibrations.load(asked.box, asked.camera.id)
    station = load_station(asked.box)
    election, _ = load_election(asked.box, station)
    table = read_table(election.hiding)
    place, camera, phase = election.station(station.id), asked.camera, asked.phase

    def new_hider(phase: str) -> Hider:
        return Hider(calibrated.calibration, calibrated.room, table, phase)

    def open_film(emit: Callable[[Opened | Cut], None]) -> Segmenter:
        return Segmenter(camera.width, camera.height, camera.fps, camera.bitrate * 1000, camera.preset, emit)

    def phase_at(at: Instant) -> str | None:
        return phase or place.phase_at(at)

    means = Means(
        clock,
        lambda: secrets.token_hex(4),
        PacketDecoder,
        open_film,
        new_hider,
        phase_at,
        look=_look(asked.box / station.models),
        counting=Counting(calibrated.calibration),
        preview=Preview(os.fdopen(asked.preview, "wb")).show if asked.preview is not None else None,
    )
    process = Hide(Shape(camera.width, camera.height, camera.fps), means, to_pipe(out), live=is_live(camera.source), hold=asked.hold)
    return _feed(process, clock)


def _look(folder: Path) -> Look | None:
    """Return what the installed models find people with; None without models. Models that cannot be loaded fill every picture, and say so once."""
    try:
        detector = open_detector(folder)
    except KuaError as error:
        structlog.get_logger("kua.camera").error("models", code=error.code, facts=error.facts)
        code, facts = error.code, error.facts

        def broken(_picture: object) -> Sequence[Box]:
            raise Unavailable(code, **facts)

        return broken
    return None if detector is None else detector.look


def _feed(process: Hide, clock: SystemClock) -> int:
    """Read standard input in a thread, so that packets are taken from the camera even while a picture is being hidden."""
    inbox: queue.Queue[Message | EOFError | None] = queue.Queue(_QUEUED)
    threading.Thread(target=_read_on, args=(inbox,), name="pipe", daemon=True).start()
    _on_stop(lambda: None)  # the end comes through the pipe, after everything that the camera sent
    log = structlog.get_logger("kua.camera")
    logged, before = clock.monotonic(), dict(process.counts)
    ended = False
    while isinstance(message := inbox.get(), Message):
        process.take(message)
        ended = type(message).__name__ == "Ended"
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


def _on_stop(act: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: act())


if __name__ == "__main__":
    raise SystemExit(main())
