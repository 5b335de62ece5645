# SPDX-License-Identifier: Apache-2.0
"""What the process `kua.app.up_aim` does once it is walled in: decodes, hides as the vote would, and gives both pictures to its pipe. Writes no file."""

import argparse
import json
import struct
import sys
from typing import BinaryIO, Final

from kua.adapters.clock import SystemClock
from kua.adapters.codecs.aim import Aim, Glimpse
from kua.adapters.codecs.packets import PacketDecoder
from kua.adapters.detectors.pair import open_detector
from kua.app.settings import CameraSettings, StationSettings, load_election, load_station
from kua.app.up_phase import CLOSED, may_look
from kua.core.election import Election
from kua.core.instant import Instant, Millis
from kua.law.hiding import read_table
from kua.ports.source import Decoder
from kua.sight.calibration import read_calibration, read_reference
from kua.sight.hider import Hider
from kua.station.pipe import Packet, Start, messages

EVERY: Final = Millis(250)
"""One picture in so long is looked at."""


def run(asked: argparse.Namespace, out: BinaryIO) -> int:
    """Give pictures to `out` until standard input ends (0) or the phase closes the channel (4)."""
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
    told = {"still_ms": seen.still_ms, "people": seen.people, "hidden": seen.hidden, "filled": seen.filled, "zones": seen.zones}
    head = json.dumps(told).encode()
    out.writelines(struct.pack(">I", len(part)) + part for part in (head, seen.raw, seen.sent))
    out.flush()
