# SPDX-License-Identifier: Apache-2.0
"""The sending half of a station under measure: real log, spool, lanes and courier; its film is random bytes, four seconds at a time.

`python -m benchmarks.link_station BOX URL SECONDS BITS DRAIN`: says `leaf INDEX NANOSECONDS` for every leaf of film (monotonic clock, which the namespaces
of one computer share), `film` with the first and `over` with the last of them, stops making film after SECONDS, and goes on sending for at most DRAIN seconds or until nothing is owed. The last line is a JSON object.
"""

import json
import os
import secrets
import sys
import time
from pathlib import Path

import structlog

from kua.adapters.clock import SystemClock
from kua.adapters.couriers.http import HttpCourier
from kua.adapters.durable import DurableFiles
from kua.adapters.tilelog import DiskLog
from kua.app.settings import load_election, load_station
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.instant import SLOT, Instant, slot_of
from kua.flow.space import Space
from kua.station.enrol import read_enrolled, station_key
from kua.station.fsck import add_missing, mend
from kua.station.journal import Camera, Day, Journal
from kua.station.keep import Keep
from kua.station.line import SharedLine
from kua.station.pipe import Init, Piece
from kua.station.room import Room
from kua.station.spool import Outbox
from kua.station.uplink import Uplink

RUN = "0badcafe"


def main(box: Path, url: str, seconds: float, bits: int, drain: float) -> None:
    """Run it."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = load_station(box)
    election, file = load_election(box, settings)
    enrolled = read_enrolled(box)
    clock, files = SystemClock(), DurableFiles()
    log = DiskLog.open(box / "log", enrolled.origin, station_key(box, enrolled.origin))
    outbox = Outbox.open(box / "spool.sqlite")
    mend(box, log, outbox, files)
    journal = Journal(log, clock, "00c0ffee", None)
    line = SharedLine(0, clock.monotonic, time.sleep)
    courier = HttpCourier(url, election.id, settings.id, station_key(box, enrolled.origin), clock.now, line)
    uplink = Uplink(
        box,
        log,
        outbox,
        courier,
        enrolled.centre,
        clock,
        lambda: secrets.randbelow(1000) / 1000,
        clock.centre_says,
        line=line,
        beat=lambda: b"{}",
    )
    room = Room(box, outbox, files, clock, Space(0))
    keep = Keep(box, journal, outbox, files, clock, room, uplink.owe, lambda *_: None)
    cameras, policies = (Camera("a", 640, 360, 10_000),), (("election", 1, sha256(file)), ("hiding", 1, sha256(canonical(election.hiding))))
    day = Day(election.id, sha256(file), settings.id, cameras, policies, {}, {"a": sha256(b"calibration")})
    journal.begin(day, sha256(b"build"), sha256(b"settings"))
    uplink.owe(add_missing(box, log, outbox))
    keep.handle("a", Init(RUN, 640, 360, clock.now(), os.urandom(700)))
    uplink.start()
    end, made = clock.monotonic() + int(seconds * 1000), 0
    while clock.monotonic() < end:
        t0 = Instant((clock.now() // SLOT + 1) * SLOT)
        while clock.now() < t0 + SLOT:
            time.sleep(min(0.5, max(0.001, (t0 + SLOT - clock.now()) / 1000)))
            keep.tick()
        film = os.urandom(bits * SLOT // 8_000)
        keep.handle("a", Piece(RUN, slot_of(t0), t0, t0 + SLOT, 40, "ntp", "voting", film))
        made += len(film)
        print("leaf", log.size - 1, time.monotonic_ns(), flush=True)
        if made == len(film):
            print("film", flush=True)
        uplink.news()
    print("over", flush=True)
    begun = clock.monotonic()
    # The last statements are waited for in any case: how late they are is what is measured.
    while clock.monotonic() - begun < drain * 1000 or (uplink.link.centre_size < log.size and clock.monotonic() - begun < 60_000):
        if uplink.is_drained:
            break
        time.sleep(0.25)
        keep.tick()
        uplink.news()
    owed, owed_bytes = uplink.owed()
    drained = uplink.is_drained
    uplink.stop()
    print(
        json.dumps({"made": made, "owed": owed, "owed_bytes": owed_bytes, "sent": line.sent, "drained": drained, "rate": line.rate()}),
        flush=True,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5]))
