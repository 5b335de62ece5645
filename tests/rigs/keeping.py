# SPDX-License-Identifier: Apache-2.0
"""Keep, journal, outbox and uplink together, over a real folder, with a manual clock and a centre in memory."""

from pathlib import Path
from secrets import token_hex

from kua.adapters.durable import DurableFiles
from kua.adapters.tilelog import DiskLog
from kua.core.digest import Digest, sha256
from kua.core.instant import SLOT, Instant, slot_of
from kua.flow.space import Space
from kua.media.timeline import Day as Timeline
from kua.proof.keys import SigningKey
from kua.proof.leaf import Leaf
from kua.station.fsck import Level, add_missing, check, mend
from kua.station.hours import HourKeys
from kua.station.journal import Camera, Day, Journal, leaves_of
from kua.station.keep import Keep
from kua.station.marks import Marks
from kua.station.pipe import Init, Piece
from kua.station.room import Room
from kua.station.spool import Outbox
from kua.station.uplink import Uplink
from kua.testing.clock import ManualClock
from kua.testing.courier import MemoryCourier
from kua.testing.disks import SickDisk

ORIGIN = "kua.example/e-1/s/10-245"
KEY = SigningKey.from_seed(ORIGIN, bytes(range(32)))
CENTRE = SigningKey.from_seed("kua.example/centre", bytes(range(1, 33)))
PAPERS = tuple(sha256(word) for word in (b"calibration", b"note", b"signers"))
DAY = Day("e-1", sha256(b"election"), "10-245", (Camera("a", 640, 360, 10_000),), (("hiding", 1, sha256(b"hiding")),), {"a": PAPERS})
START = 1_800_000_001_500


class Station:
    """One box with everything in it; `restart` is what a crash and a new start leave. `hours`: with keys of the hours, drawn from a row of numbers."""

    def __init__(self, box: Path, disk: SickDisk | None = None, *, at: int = START, hours: bool = False, floor: int = 0) -> None:
        self.box, self.disk, self.floor = box, disk or SickDisk(), floor
        self.clock = ManualClock(at)
        draws = iter(range(256))
        self.hours = HourKeys(box / "keys/hours", DurableFiles(), lambda: sha256(b"%d" % next(draws))) if hours else None
        self.courier = MemoryCourier(KEY.verifier, ORIGIN, CENTRE, self.clock)
        self.faults: list[tuple[str, str, str]] = []
        self.run = 0
        self.taken: list[Digest] = []
        for name, data in zip(("json", "note", "signers.json"), (b"calibration", b"note", b"signers"), strict=True):
            SickDisk().write_once(box / f"calibration/kept/a-{PAPERS[0].hex()[:16]}.{name}", data)
        self.start()

    def start(self) -> None:
        self.log = DiskLog.open(self.box / "log", ORIGIN, KEY)
        self.outbox = Outbox.open(self.box / "spool.sqlite")
        self.marks = Marks.open(self.box, SickDisk(), lambda: token_hex(8), self.log.size)
        self.mended = mend(self.box, self.log, self.outbox, SickDisk()) if self.marks.trouble is None else []
        self.journal = Journal(self.log, self.clock, "00c0ffee", self.hours)
        self.uplink = Uplink(
            self.box, self.log, self.outbox, self.courier, CENTRE.verifier, self.clock, lambda: 0.5, self.clock.centre_says
        )
        known = frozenset(kind for cam, kind in self.journal.faults() if cam is None)
        self.space = Space(self.floor)
        self.room = Room(self.box, self.outbox, self.disk, self.clock, self.space, self.marks, known)
        self.keep = Keep(
            self.box, self.journal, self.outbox, self.disk, self.clock, self.room, self.uplink.owe, lambda *fault: self.faults.append(fault)
        )
        self.journal.begin(DAY, sha256(b"build"), sha256(b"settings"))
        self.uplink.owe(add_missing(self.box, self.log, self.outbox))
        self.run += 1
        self.keep.handle("a", Init(f"{self.run:08x}", 640, 360, self.clock.now(), b"init %d" % self.run))

    def restart(self) -> None:
        self.log.close()
        self.outbox.close()
        self.disk.dies_after = None
        self.start()

    def film(self, count: int = 1, *, skip: int = 0) -> None:
        """Let time pass to the next slots and hand over a piece for each."""
        self.clock.advance(skip)
        for _ in range(count):
            t0 = Instant(-(-self.clock.now() // SLOT) * SLOT)
            self.clock.advance(t0 + SLOT - self.clock.now())
            data = b"film %d" % t0
            self.keep.handle("a", Piece(f"{self.run:08x}", slot_of(t0), t0, t0 + SLOT, 40, "ntp", "voting", data))

    def send(self, limit: int = 500) -> None:
        """Let the uplink work until it rests or waits."""
        for _ in range(limit):
            if self.uplink.once() > 0:
                return
        raise AssertionError(limit)

    def leaves(self, *types: str) -> list[Leaf]:
        return [leaf for leaf in leaves_of(self.log) if not types or leaf.type in types]

    def account(self) -> Timeline:
        day = Timeline("a")
        for index, leaf in enumerate(leaves_of(self.log)):
            day.add(index, leaf.type, leaf.body)
        return day

    def problems(self, level: Level = "hash") -> list[str]:
        return [
            f"{finding.code} {finding.name}"
            for finding in check(self.box, self.log, self.outbox, self.log.check, level, files=SickDisk(), centre=CENTRE.verifier)
            if not finding.mended
        ]
