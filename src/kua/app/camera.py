# SPDX-License-Identifier: Apache-2.0
"""The two processes of a camera, `python -m kua.app.camera fetch|hide --box DIR --camera a`: builds the objects and runs them. `kua.app` starts them.

Messages (docs/spec/pipes.md) come from standard input and go to what was standard output when the process began; anything else that writes to
standard output lands on standard error. Neither process logs a picture, a password or an address with a user in it.
"""

import argparse
import os
import secrets
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from kua.adapters.clock import SystemClock
from kua.adapters.isolation import isolate
from kua.app import logs
from kua.app.plugins import is_loop, is_painted, placed, source_opener
from kua.app.settings import CameraSettings, load_election, load_station
from kua.core.election import PHASES
from kua.core.errors import KuaError, Misused
from kua.core.instant import Millis
from kua.law.profile import REHEARSAL
from kua.ports.address import shown
from kua.ports.source import Opening, Source
from kua.station.fetch import Fetch, News, Noticed, QueueInbox, Threads, to_pipe


GOODBYE: Final = Millis(1_000)
"""How long the end of `fetch` waits for the camera's last packet, to say goodbye."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for, with the settings of the box behind it."""

    box: Path
    camera: CameraSettings
    phase: str | None
    hold: Millis | None
    preview: int | None
    may_loop: bool
    """Whether it is said that the source begins again: `--demo`, or an address with `loop=1`. `kua.app.hiding` believes it in a rehearsal only."""


def main(arguments: list[str] | None = None) -> int:
    """Run one process and return its exit code. Errors are one line of JSON on standard error."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    role, parsed = _parsed(arguments)
    logs.configure(role, camera=parsed.camera)
    log = structlog.get_logger("kua.camera")
    try:
        asked = _asked(parsed)
        if role == "fetch":
            return fetch(asked, out)
        log.info("isolated", **asdict(isolate()))
        _on_stop(lambda: None)  # the end comes through the pipe, after everything that the camera sent
        from kua.app.hiding import hide  # late: `fetch` never loads a codec's encoder, a model or the room

        return hide(
            asked.box, asked.camera, asked.phase, asked.hold, asked.preview, out, may_loop=asked.may_loop, silhouettes=parsed.silhouettes
        )
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
    parser.add_argument(
        "--demo", action="store_true", help="allow --phase and --preview-fd with any source; a film that begins again is shown"
    )
    parser.add_argument("--source", help="URL instead of the one in the settings")
    parser.add_argument("--phase", choices=PHASES, help="phase instead of the one of the election file")
    parser.add_argument("--fps", type=int)
    parser.add_argument("--width", type=int)
    parser.add_argument("--height", type=int)
    parser.add_argument("--bitrate", type=int, help="kbit/s")
    parser.add_argument("--count-bitrate", type=int, help="kbit/s while votes are counted")
    parser.add_argument("--preset")
    parser.add_argument("--hold", type=int, help="milliseconds that pictures wait before they are encoded")
    parser.add_argument(
        "--silhouettes", action="store_true", help="one signature under the calibration is enough: people as silhouettes only"
    )
    parser.add_argument("--preview-fd", type=int, help="file descriptor for pairs of raw and sent pictures")
    parsed = parser.parse_args(arguments)
    return parsed.role, parsed


def _asked(parsed: argparse.Namespace) -> Asked:
    """Lay the command line over the settings. Raises `Misused("camera.demo_only")` for what only a demonstration may do."""
    station = load_station(parsed.box)
    told = station.camera(parsed.camera).model_dump()
    told |= {
        name: value
        for name in ("source", "fps", "width", "height", "bitrate", "count_bitrate", "preset")
        if (value := getattr(parsed, name)) is not None
    }
    camera = CameraSettings(**told)
    asked = [option for option in ("phase", "preview_fd", "hold") if getattr(parsed, option) is not None]
    for option in asked:
        if option != "hold" and not parsed.demo and not is_painted(camera.source):
            raise Misused("camera.demo_only", option="--" + option.replace("_", "-"))
    # What `hide` is told of its source says nothing of the pictures that come through its pipe. Only the signed election file decides.
    if asked and load_election(parsed.box, station)[0].kind != REHEARSAL:
        raise Misused("camera.demo_only", option="--" + asked[0].replace("_", "-"))
    hold = None if parsed.hold is None else Millis(parsed.hold)
    return Asked(parsed.box, camera, parsed.phase, hold, parsed.preview_fd, parsed.demo or is_loop(camera.source))


def fetch(asked: Asked, out: BinaryIO) -> int:
    """Run `fetch` until the film ends or SIGTERM; 0 then."""
    clock, inbox = SystemClock(), QueueInbox()
    url = placed(asked.camera.source, asked.box, asked.camera.id)
    opener = source_opener(url)
    opening = Opening(
        clock, _wait, asked.camera.password(), certificate=asked.camera.certificate or None,
        notice=lambda kind, state: inbox.put(News(0, Noticed(kind, state))),
    )  # fmt: skip

    def opened() -> Source:
        return opener(url, opening)

    log = structlog.get_logger("kua.camera")
    log.info("start", source=shown(asked.camera.source))
    readers = Threads(opened, clock, inbox)
    run = Fetch(readers, inbox, clock, lambda: secrets.randbelow(1 << 30) / (1 << 30), to_pipe(out), live=_never_ends(url))
    _on_stop(run.stop)
    run.run()
    readers.end(GOODBYE)
    log.info("end")
    return 0


def _wait(span: Millis) -> None:
    threading.Event().wait(span / 1000)


def _never_ends(url: str) -> bool:
    """A film may end; a camera that ends has failed."""
    return not url.lower().startswith("file:")


def _on_stop(act: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: act())


if __name__ == "__main__":
    # Not by the interpreter's own end: it would wait for threads that read a pipe, and complain of them.
    code = main()
    sys.stderr.flush()
    os._exit(code)
