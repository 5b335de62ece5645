# SPDX-License-Identifier: Apache-2.0
"""A station that starts again in mid-day, keeps film, turns an hour, takes receipts and makes room, in a process of its own so that strace can make its
system calls fail. Prints what it acknowledged: film that was taken, receipts that are kept, heads that were signed.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from kua.core.digest import sha256
from kua.core.errors import KuaError
from kua.core.instant import SLOT, Millis
from kua.proof.base64 import to_base64
from kua.proof.hours import HOUR
from kua.proof.receipt import Receipt, sign_receipt
from kua.testing.disks import SickDisk
from tests.rigs.keeping import CENTRE, ORIGIN, START, Station

BEFORE: Final = 3
"""Segments that stand before the child starts: two of them have receipts."""
RESTART: Final = START + (BEFORE + 2) * SLOT
LATER: Final = RESTART + HOUR + 20 * SLOT
ROOM: Final = 1_000_000
"""Bytes that are free, as the heartbeat says them: the same each time."""
GOES_ON: Final = frozenset({"disk.full", "spool.busy"})
"""After these the agent goes on; after any other it ends, and its keeper starts it again."""


def received(station: Station, number: int, say: Callable[[str], None]) -> None:
    """Keep a receipt for film number `number` of the log."""
    digest = station.taken[number]
    row = station.outbox.row(digest)
    if row is None:
        return  # its row is put off, so the uplink has not sent it
    now = station.clock.now()
    station.outbox.received(digest, sign_receipt(Receipt(ORIGIN, digest, row.size, now), CENTRE), now)
    say(f"receipt {digest.hex()}")


def film(station: Station, say: Callable[[str], None]) -> None:
    """Hand over one piece of film."""
    station.film()
    slot = station.clock.now() - SLOT
    station.taken.append(sha256(b"film %d" % slot))
    say(f"taken {slot}")


def before(box: Path) -> None:
    """Make the morning."""
    station = Station(box, SickDisk(ROOM), hours=True)
    for _ in range(BEFORE):
        film(station, lambda _: None)
    for number in range(BEFORE - 1):
        received(station, number, lambda _: None)
    station.log.close()
    station.outbox.close()


def turn(station: Station) -> None:
    """Let an hour end."""
    station.clock.advance(Millis(HOUR))
    station.keep.tick()


def crowd(station: Station) -> None:
    """Let the disk be full, so that film with a receipt must go."""
    station.disk.room = 1


def main(box: Path, say: Callable[[str], None]) -> None:
    """Do the steps; after an error that ends the agent there are no more."""

    def step(what: Callable[[], None]) -> bool:
        try:
            what()
        except KuaError as error:
            say(f"error {error.code}")
            return error.code in GOES_ON
        finally:
            head = station.log.head
            if head is not None:
                say(f"signed {head.size} {to_base64(head.note)}")
        return True

    try:
        station = Station(box, SickDisk(ROOM), at=RESTART, hours=True)
        station.taken = [row.digest for row in sorted(station.outbox.owed(), key=lambda row: row.t0) if row.kind == "segment"]
    except KuaError as error:
        say(f"error {error.code}")
        return
    steps = (
        partial(film, station, say),
        lambda: received(station, -1, say),
        lambda: turn(station),
        lambda: crowd(station),
        partial(film, station, say),
        station.keep.tick,
    )
    for each in steps:
        if not step(each):
            return


if __name__ == "__main__":
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))
    main(Path(sys.argv[1]), partial(print, flush=True))
