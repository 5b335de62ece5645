# SPDX-License-Identifier: Apache-2.0
"""A station's box without a line, made in a folder for the centre of `tests.rigs.centre`: a real log, outbox and film that somebody carries."""

from pathlib import Path

from kua.adapters.durable import DurableFiles
from kua.adapters.tilelog import DiskLog
from kua.app.centre import Centre
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.instant import SLOT, Instant, slot_of
from kua.flow.space import Space
from kua.proof.keys import SigningKey
from kua.station.enrol import Enrolled, write_enrolled
from kua.station.fsck import add_missing, mend
from kua.station.journal import Camera, Day, Journal
from kua.station.keep import Keep
from kua.station.marks import Marks
from kua.station.pipe import Init, Piece
from kua.station.room import Room
from kua.station.spool import Outbox
from kua.testing.clock import ManualClock
from tests.rigs.centre import START
from tests.rigs.keeping import PAPERS

TOML = '[station]\nid = "{station}"\n[[station.cameras]]\nid = "a"\nsource = "painted:1"\n'


class Carried:
    """One box. `log` and `outbox` are closed while somebody packs, as after a stop, unless the test keeps them open."""

    def __init__(self, folder: Path, centre: Centre, station: str, key: SigningKey) -> None:
        election, files = centre.held.election, DurableFiles()
        self.box, self.centre, self.station, self.key = folder, centre, station, key
        self.origin = f"{election.domain}/{election.id}/s/{station}"
        self.clock = ManualClock(START + 1_000)
        self.runs = 0
        folder.mkdir(parents=True)
        (folder / "kua.toml").write_text(TOML.format(station=station))
        for name, data in centre.held.files.items():
            files.replace(folder / "election" / name, data)
        files.replace(folder / "keys" / "station.pem", key.to_pem(), mode=0o600)
        write_enrolled(folder, Enrolled(self.origin, "http://127.0.0.1:8080", centre.key.verifier, 0), files)
        for name, data in zip(("json", "note", "signers.json"), (b"calibration", b"note", b"signers"), strict=True):
            files.write_once(folder / f"calibration/kept/a-{PAPERS[0].hex()[:16]}.{name}", data)
        self.day = Day(
            election.id, sha256(centre.held.files["election.json"]), station, (Camera("a", 1280, 720, 10_000),),
            (("hiding", 1, sha256(canonical(election.hiding))),), {"a": PAPERS},
        )  # fmt: skip
        self.open()

    def open(self) -> None:
        """Start."""
        files = DurableFiles()
        self.log = DiskLog.open(self.box / "log", self.origin, self.key)
        self.outbox = Outbox.open(self.box / "spool.sqlite")
        marks = Marks.open(self.box, files, lambda: "0123456789abcdef", self.log.size)
        mend(self.box, self.log, self.outbox, files)
        self.journal = Journal(self.log, self.clock, "00c0ffee")
        room = Room(self.box, self.outbox, files, self.clock, Space(0), marks)
        self.keep = Keep(self.box, self.journal, self.outbox, files, self.clock, room, lambda _rows: None, lambda *_: None)
        self.journal.begin(self.day, sha256(b"build"), sha256(b"settings"))
        add_missing(self.box, self.log, self.outbox)
        self.runs += 1
        self.keep.handle("a", Init(f"{self.runs:08x}", 1280, 720, self.clock.now(), b"init %d of %s" % (self.runs, self.station.encode())))

    def film(self, count: int = 1) -> None:
        """Record so many segments."""
        for _ in range(count):
            t0 = Instant(-(-self.clock.now() // SLOT) * SLOT)
            self.clock.advance(t0 + SLOT - self.clock.now())
            data = b"film %d of %s " % (t0, self.station.encode()) * 50
            self.keep.handle("a", Piece(f"{self.runs:08x}", slot_of(t0), t0, t0 + SLOT, 40, "ntp", "rehearsal", data))

    def stop(self) -> None:
        """Stop."""
        self.log.close()
        self.outbox.close()

    def owed(self) -> int:
        """Files that are owed."""
        outbox = Outbox.look(self.box / "spool.sqlite")
        assert outbox is not None
        try:
            return len(outbox.owed())
        finally:
            outbox.close()
