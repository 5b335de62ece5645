# SPDX-License-Identifier: Apache-2.0
"""A station's day of 26 hours on a manual clock: `hide` with a camera whose clock runs off, `keep`, log, outbox and uplink, and everything that may happen.

True time is what the rig counts; the box has a wall clock that is wrong, is set, and comes back late. Each picture carries its true time past the code under
test, so that what the log says of it can be held against the truth. Pictures are tiny and are neither decoded nor encoded: time is what is tested here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from kua.adapters.durable import DurableFiles
from kua.core.digest import sha256
from kua.core.instant import Instant, Millis, slot_of, slot_start
from kua.flow.space import Space
from kua.media.cutter import Cut, Cutter, Opened
from kua.ports.clock import Trust
from kua.sight.grid import blocks_of
from kua.sight.plan import Plan
from kua.sight.raw import RawFrame
from kua.sight.safe import SafeFrame, conceal, filled
from kua.station.hide import HOLD, Hide
from kua.station.means import Means, Shape
from kua.station.journal import Camera, Day, Journal, leaves_of
from kua.station.keep import Keep
from kua.station.marks import Marks
from kua.station.pipe import Lost, Message, Packet, Start
from kua.station.room import Room
from kua.station.spool import Outbox
from kua.station.uplink import Uplink
from kua.testing.clock import ManualClock
from kua.testing.courier import MemoryCourier
from kua.testing.disks import SickDisk
from kua.testing.log import MemoryLog
from tests.rigs.keeping import CENTRE, KEY, ORIGIN, PAPERS

WIDTH, HEIGHT, FPS = 32, 16, 2
EVERY: Final = 1_000 // FPS
HOUR: Final = 3_600_000
MINUTE: Final = 60_000
BEGIN: Final = 1_773_532_800_000
"""True time of the start: 2026-03-15T00:00:00Z."""
CAMERA_PPM: Final = 40
SILENT: Final = 5_000
"""`fetch` gives a camera up that has sent nothing for so long."""
DELAYS: Final = (3, 41, 7, 19, 33, 3, 28, 11)
"""Milliseconds that packets are under way, over and over."""


class Film:
    """An encoder that only cuts: as `Segmenter` in time, with the times of its pictures as bytes."""

    def __init__(self, emit: Callable[[Opened | Cut], None]) -> None:
        self._emit, self._cutter = emit, Cutter()
        self._begun: list[Instant] = []
        emit(Opened(b"init"))

    def encode(self, picture: SafeFrame) -> None:
        if self._cutter.opens(picture.at):
            self._close(picture.at)
        self._begun.append(picture.at)

    def finish(self, by: Instant | None = None) -> None:
        if self._begun:
            end = self._begun[-1] + EVERY
            self._close(Instant(end if by is None else max(self._begun[-1] + 1, min(end, by))))

    def abandon(self) -> None:
        self._begun.clear()

    def _close(self, t1: Instant) -> None:
        if self._begun:
            begun, self._begun = self._begun, []
            self._emit(Cut(begun[0], t1, len(begun), b" ".join(b"%d" % at for at in begun)))


@dataclass(slots=True)
class Told:
    """What was true: for each moment that `hide` gave a picture, when the picture was really taken, and by how much the wall was ahead then."""

    true: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Shown:
    """A decoded picture."""

    pts: int
    yuv: Any
    width: int = WIDTH
    height: int = HEIGHT

    def planes(self, _width: int, _height: int) -> Any:
        return self.yuv


class Eyes:
    """Stands in for decoder and hider: passes pictures on, or covers them while the world says so."""

    broken = 0
    scene = None
    has_piles = False
    stands = True

    def __init__(self, world: "World") -> None:
        self._world = world
        self._pictures = 0

    def decode(self, pts: int, _payload: bytes) -> Iterator[Shown]:
        self._world.shown = self._world.taken[pts]
        self._pictures += 1
        luma = np.frombuffer(sha256(b"%d" % self._pictures) * (WIDTH * HEIGHT * 3 // 64), np.uint8)
        yuv = (luma // 2 + 60).astype(np.uint8).reshape(HEIGHT * 3 // 2, WIDTH)
        yield Shown(pts, yuv)

    def rest(self) -> Iterator[Shown]:
        return iter(())

    def enter(self, _row: str) -> None:
        """The phase makes no difference here."""

    def step(self, raw: RawFrame) -> SafeFrame:
        self._world.told.true[raw.at] = self._world.shown
        if self._world.is_covered:
            return filled(raw.at, WIDTH, HEIGHT, "scene_changed")
        none = np.zeros(blocks_of(WIDTH, HEIGHT), np.bool_)
        return conceal(raw, Plan(none, none, np.full(none.shape, 8, np.int32), False, np.zeros(none.shape, np.uint8)))


class Unwatched:
    """No eye on repetitions: it would cost more than everything else here, and is not what is tested."""

    is_looped = False

    def look(self, _at: Instant, _luma: Any) -> tuple[()]:
        return ()


class World:
    """The camera, the box and its link, from one boot to the next. `play` lets time pass."""

    def __init__(self, box: Path, *, wall_behind: int) -> None:
        self.box, self.true, self.told = box, BEGIN, Told()
        self.clock = ManualClock(BEGIN - wall_behind, "none")
        self.disk = SickDisk(room=10**9)
        self.log = MemoryLog(ORIGIN, KEY)
        self.courier = MemoryCourier(KEY.verifier, ORIGIN, CENTRE, self.clock)
        self.taken: dict[int, int] = {}
        self.shown = 0
        self.is_covered = False
        self.camera_on = True
        self._lost = True
        self._media_from = BEGIN - 987_654
        self._packets = self._boots = self._runs = 0
        self._heard = BEGIN
        box.mkdir(parents=True, exist_ok=True)
        for name, data in zip(("json", "note", "signers.json"), (b"calibration", b"note", b"signers"), strict=True):
            DurableFiles().write_once(box / f"calibration/kept/a-{PAPERS[0].hex()[:16]}.{name}", data)
        self.boot()

    def boot(self) -> None:
        """Start the agent."""
        self._boots += 1
        self.outbox = Outbox.open(self.box / "spool.sqlite")
        self.journal = Journal(self.log, self.clock, f"{self._boots:08x}")
        self.uplink = Uplink(self.box, self.log, self.outbox, self.courier, CENTRE.verifier, self.clock, lambda: 0.5, lambda _theirs, _asked: None)
        marks = Marks.open(self.box, self.disk, lambda: f"{self._boots:016x}", self.log.size)
        room = Room(self.box, self.outbox, self.disk, self.clock, Space(0), marks)
        self.keep = Keep(self.box, self.journal, self.outbox, self.disk, self.clock, room, self.uplink.owe, lambda *_: None)
        day = Day("e-1", sha256(b"election"), "10-245", (Camera("a", WIDTH, HEIGHT, FPS * 1000),), (("hiding", 1, sha256(b"hiding")),), {"a": PAPERS})
        self.journal.begin(day, sha256(b"build"), sha256(b"settings"))
        self.start_hide()

    def start_hide(self) -> None:
        """Start `hide`; `fetch` opens the camera with the next packet."""
        eyes = Eyes(self)
        means: dict[str, Any] = {
            "clock": self.clock,
            "run_name": self._run_name,
            "open_decoder": lambda *_: eyes,
            "open_film": Film,
            "new_hider": lambda _phase: eyes,
            "phase_at": lambda _at: "voting",
            "is_lean": lambda _at: (self.box / "lean").exists(),
        }
        self.hide = Hide(Shape(WIDTH, HEIGHT, FPS), Means(**means), self._send)
        self.hide._vitals = Unwatched()  # type: ignore[assignment]
        self._lost = True

    def at_risk(self) -> int:
        """Film that a crash now costs, by the design: pictures on hold, and those of the slot that is not over. Milliseconds."""
        last = self.clock.now() - EVERY - HOLD
        return self.clock.now() - slot_start(slot_of(Instant(last)))

    def crash(self) -> None:
        """Let the power fail."""
        self.outbox.close()

    def power_cut(self, off: int, *, lost: int) -> None:
        """Let the power fail for `off` milliseconds; the clock with the battery comes back `lost` milliseconds behind."""
        self.crash()
        self.true += off
        self.clock.advance(off)
        self.clock.reboot(lost)
        self.boot()

    def kill_hide(self, away: int) -> None:
        """Let `hide` be killed and start again after a while."""
        self.keep.lost("a")
        for _ in range(0, away, EVERY):
            self._pass()
        self.start_hide()

    def set_clock(self, step: int, trust: Trust | None = None) -> None:
        """Let somebody set the wall clock."""
        self.clock.step(step)
        if trust is not None:
            self.clock.vouched_by(trust)

    def camera_jumps(self, by: int) -> None:
        """Let the camera set its own clock."""
        self._media_from -= by

    def play(self, span: int) -> None:
        """Let time pass, a picture at a time."""
        for _ in range(0, span, EVERY):
            if self.camera_on:
                self._picture()
            elif not self._lost and self.true - self._heard >= SILENT:
                self._lost = True
                self.hide.take(Lost("camera_silent", self.clock.now()))
            self._pass()

    def close(self) -> int:
        """Close the day."""
        self.hide.finish(ended=True)
        return self.keep.close("end_of_day")

    def leaves(self, *types: str) -> list[dict[str, Any]]:
        """What the log says."""
        return [leaf.body for leaf in leaves_of(self.log) if not types or leaf.type in types]

    def _picture(self) -> None:
        """The camera takes a picture now; it arrives a little later, by the wall of the box."""
        if self._lost:
            self._lost = False
            self.hide.take(Start("h264", WIDTH, HEIGHT, 1, 1_000_000, b""))
        passed = self.true - self._media_from
        pts = passed * 1_000 + passed * CAMERA_PPM // 1_000
        delay = DELAYS[self._packets % len(DELAYS)]
        self._packets += 1
        self.taken = {pts: self.true} if len(self.taken) > 100 else self.taken | {pts: self.true}
        self._heard = self.true
        self.hide.take(Packet(pts, True, self.clock.now() + delay, b"packet"))

    def _pass(self) -> None:
        self.true += EVERY
        self.clock.advance(EVERY)
        if self.true % 1_000 == 0:
            self.keep.tick()
        if self.true % 20_000 == 0:
            self._upload()

    def _upload(self) -> None:
        for _ in range(40):
            if self.uplink.once() > 0:
                return

    def _run_name(self) -> str:
        self._runs += 1
        return f"{self._runs:08x}"

    def _send(self, message: Message) -> None:
        self.keep.handle("a", message)


def stretch(world: World, hours: float) -> None:
    """Play so many hours."""
    world.play(round(hours * HOUR))


__all__ = ["BEGIN", "CAMERA_PPM", "DELAYS", "EVERY", "HOUR", "MINUTE", "Millis", "World", "stretch"]
