# SPDX-License-Identifier: Apache-2.0
"""The process that decodes for the aim page: `kua.app.camera fetch ... | python -m kua.app.up_aim --box DIR --camera a`. Writes no file and no log of a picture.

This is the one unlogged channel of a raw picture. It is open only while nobody votes: before the election's windows and between them, in a rehearsal
and at the opening. In every other phase the process ends with exit code 4, and so does it where no signed election file says which phase it is.
Framing on standard output: three parts, each with its length in 4 bytes, big-endian: JSON, raw JPEG, sent JPEG (empty before a calibration).
"""

import argparse
import json
import os
import struct
import sys
from pathlib import Path
from typing import BinaryIO, Final

from kua.adapters.clock import SystemClock
from kua.adapters.codecs.aim import Aim, Glimpse
from kua.adapters.codecs.packets import PacketDecoder
from kua.adapters.detectors.pair import open_detector
from kua.app.settings import CameraSettings, StationSettings, load_election, load_station
from kua.core.election import Election
from kua.core.errors import KuaError
from kua.core.instant import Instant, Millis
from kua.law.hiding import read_table
from kua.ports.source import Decoder
from kua.sight.calibration import read_calibration, read_reference
from kua.sight.hider import Hider
from kua.station.pipe import Packet, Start, messages

OPEN_PHASES: Final = frozenset({None, "rehearsal", "opening"})
"""The phases in which a raw picture may be looked at; None: outside all windows."""
CLOSED: Final = 4
EVERY: Final = Millis(250)
"""One picture in so long is looked at."""


def may_look(election: Election, station: str, now: Instant) -> bool:
    """Whether a raw picture may be shown on the box's own page at `now`."""
    return election.station(station).phase_at(now) in OPEN_PHASES


def main(arguments: list[str] | None = None) -> int:
    """Run until the pipe ends or the phase closes the channel."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    parser = argparse.ArgumentParser(prog="kua.app.up_aim", description=__doc__)
    parser.add_argument("--box", type=Path, required=True)
    parser.add_argument("--camera", default="a")
    parser.add_argument("--raw-only", action="store_true", help="do not hide, even if there is a calibration")
    parser.add_argument("--drawn", action="store_true", help="the pictures are drawn: no model looks for people")
    asked = parser.parse_args(arguments)
    try:
        return _run(asked, out)
    except BrokenPipeError:
        return 3
    except KuaError as error:
        sys.stderr.write(json.dumps({"code": error.code}) + "\n")
        return error.exit_code


def _run(asked: argparse.Namespace, out: BinaryIO) -> int:
    station = load_station(asked.box)
    election, _ = load_election(asked.box, station)
    camera, clock = station.camera(asked.camera), SystemClock()
    aim = _aim(asked, station, camera, election)
    decoder: Decoder | None = None
    base, looked = (1, 1000), Millis(-EVERY)
    for message in messages(sys.stdin.buffer):
        if not may_look(election, station.id, clock.now()):
            return CLOSED
        if isinstance(message, Start):
            base = (message.base_num, message.base_den)
            decoder = PacketDecoder(message.codec, message.payload, message.width, message.height)
            aim = _aim(asked, station, camera, election)
        if not isinstance(message, Packet) or decoder is None:
            continue
        pictures = decoder.decode(message.pts, message.payload)
        if not pictures or clock.monotonic() - looked < EVERY:
            continue
        looked = clock.monotonic()
        at = Instant(pictures[-1].pts * base[0] * 1000 // base[1])
        _write(out, aim.see(pictures[-1], at, clock.monotonic))
    return 0


def _aim(asked: argparse.Namespace, station: StationSettings, camera: CameraSettings, election: Election) -> Aim:
    detector = None if asked.drawn else open_detector(asked.box / station.models)
    count = detector.look_once if detector is not None else None
    folder = asked.box / "calibration"
    if asked.raw_only or not (folder / f"{camera.id}.json").exists():
        return Aim(camera.width, camera.height, count=count)
    calibration = read_calibration((folder / f"{camera.id}.json").read_bytes())
    room = read_reference((folder / f"{camera.id}.room").read_bytes())
    calibration.check(room)
    # What will be sent while people vote is what must be looked at beforehand, whatever the phase is now.
    hider = Hider(calibration, room, read_table(election.hiding), "voting")
    return Aim(camera.width, camera.height, hider, detector.look if detector is not None else None)


def _write(out: BinaryIO, seen: Glimpse) -> None:
    head = json.dumps({"still_ms": seen.still_ms, "people": seen.people, "hidden": seen.hidden, "filled": seen.filled}).encode()
    out.writelines(struct.pack(">I", len(part)) + part for part in (head, seen.raw, seen.sent))
    out.flush()


if __name__ == "__main__":
    raise SystemExit(main())
