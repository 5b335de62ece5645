# SPDX-License-Identifier: Apache-2.0
"""The process `keep`: film on disk, leaf in the log, row in the outbox - in this order, and nothing in between is forgotten.

It sees encoded film only, never a raw picture, and waits for no network. One thread handles all messages. A disk that takes no film costs film, stated as
a gap and a fault; one that takes no leaf ends the agent: what nobody can state is not recorded.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar, final

import structlog

from kua.core.digest import Digest, sha256
from kua.core.errors import Refused, Unavailable
from kua.core.instant import Instant, Millis
from kua.core.nouns import camera_id, run_id
from kua.ports.clock import Clock, Trust
from kua.ports.durable import Durable
from kua.ports.trip import trip
from kua.proof.leaf import GAP_REASONS, HIDDEN_REASONS, LOWERED
from kua.station.journal import Footage, Journal, Owing
from kua.station.pipe import (
    FAULTS,
    Anchored,
    Beat,
    Counted,
    Covered,
    Done,
    Fault,
    Health,
    Hole,
    Init,
    Live,
    LiveInit,
    Message,
    Piece,
    Rung,
    SealedPiece,
    Shown,
    SliceBegun,
    SliceEnded,
)
from kua.station.room import FAULTS as DISK_FAULTS
from kua.station.room import Room
from kua.station.sealed import SealedShelf
from kua.station.spool import Outbox, Row

ON_ITS_WAY: Final = 10
"""Ticks (seconds) that film takes at most from the camera to here: a slot, and what pictures wait."""
_TRUST: Final[tuple[Trust, ...]] = ("none", "rtc", "centre", "ntp")

NO_FILM: Final = Millis(30_000)
"""A camera of which nothing was recorded for so long is stated as a fault: whoever looks at the station now must not be told that all is well."""

T = TypeVar("T")

_say = structlog.get_logger("kua.keep")


@final
class Keep:
    """Takes what `hide` sends, for all cameras. `room` makes room for film; `owe` tells the uplink of new rows; `on_fault` is told of faults, for whoever
    can restart things; `shelf` takes the sealed film, where one is kept.
    """

    def __init__(
        self,
        box: Path,
        journal: Journal,
        outbox: Outbox,
        files: Durable,
        clock: Clock,
        room: Room,
        owe: Callable[[list[Row]], None],
        on_fault: Callable[[str, str, str], None],
        shelf: SealedShelf | None = None,
    ) -> None:
        self._shelf = shelf
        self._box, self._journal, self._outbox, self._files, self._clock = box, journal, outbox, files, clock
        self._room, self._owe, self._on_fault = room, owe, on_fault
        self._inits: dict[tuple[str, str], bytes] = {}
        self._written: dict[tuple[str, str], Digest] = {}
        self._live_inits: dict[str, LiveInit] = {}
        self._lives: dict[str, Live] = {}
        self._unsaid: list[Row] = []
        self._heard: set[str] = set()
        self.beats: dict[str, Beat] = {}
        self.health: dict[str, Health] = {}
        """What `hide` counted last, and the clock of the camera."""
        self.trouble: dict[str, str] = {}
        """Why no film comes now, by camera: a reason of a gap. Empty of a camera that is recorded."""
        self._without: dict[str, Millis] = {}
        self.camera_ahead: dict[str, Millis] = {}
        """How far a camera's own clock is ahead of ours (behind: negative), where it says what it believes (RTCP, ONVIF). Told, never believed."""
        self.last_end: dict[str, Instant] = {}
        self._trusts: deque[Trust] = deque(maxlen=ON_ITS_WAY)
        room.reserve.hold()

    def handle(self, cam: str, message: Message) -> None:
        """Take one message of camera `cam`. Raises `Unavailable("disk.*")` when nothing can be stated any more."""
        camera_id(cam)
        if cam not in self._heard:
            self._heard.add(cam)
            self._forget_faults(cam)
        match message:
            case Init():
                # One init at a time: an older run of this camera has ended, and its last piece came before.
                self._inits = {key: data for key, data in self._inits.items() if key[0] != cam}
                self._inits[cam, run_id(message.run)] = message.payload
            case Piece():
                self._piece(cam, message)
            case LiveInit():
                run_id(message.run)
                self._live_inits[cam] = message
            case Live():
                numbers = (message.slot, message.t0, message.frames, message.width, message.height, message.fps_milli)
                if message.rung not in LOWERED or min(numbers) < 0 or (message.payload and message.rung == "none"):
                    raise ValueError(message.rung)
                self._lives[cam] = message
            case Hole():
                self._interrupted(cam, message.reason)
                self._journal.interrupted(cam, message.reason if message.reason in GAP_REASONS else "encoder")
            case Covered():
                reason = message.reason if message.reason in HIDDEN_REASONS else "error"
                self._stating(lambda: self._journal.hidden(cam, Instant(message.t0), Instant(message.t1), reason))
            case Counted():
                queue, people = (message.queue_lo, message.queue_hi), (message.people_lo, message.people_hi)
                self._stating(lambda: self._journal.count(cam, Instant(message.t0), Instant(message.t1), queue, people))
            case Fault():
                if message.kind not in FAULTS:
                    raise ValueError(message.kind)
                self._stating(lambda: self._journal.fault(cam, message.kind, message.state))
                self._on_fault(cam, message.kind, message.state)
            case Rung():
                self._stating(lambda: self._journal.rung(cam, message.fps, message.width, message.height, message.reason))
            case Shown():
                if not 0 <= message.t0 < message.t1:
                    raise ValueError(message.t1)
                self._stating(lambda: self._journal.liveness(cam, Instant(message.t0), Instant(message.t1), message.code))
            case Anchored():
                self._stating(partial(self._journal.anchored, cam, message, self.camera_ahead.get(cam)))
            case Beat():
                self.beats[cam] = message
            case Health():
                self.health[cam] = message
                if message.clock != "none":
                    self.camera_ahead[cam] = Millis(message.clock_ms)
            case SliceBegun() | SealedPiece() | SliceEnded():
                self._sealed(cam, message)
            case Done():
                self._journal.interrupted(cam, "stopped")
                self._filmed(cam)
            case _:
                # A packet of the camera can only come from a broken or hostile `hide`; nothing of it may be kept.
                raise ValueError(type(message).__name__)

    def lost(self, cam: str) -> None:
        """Note that the processes of `cam` have ended without saying so."""
        self._journal.interrupted(cam, "restart")
        self._interrupted(cam, "restart")
        self._heard.discard(cam)
        self._end_slices(cam)

    def _interrupted(self, cam: str, reason: str) -> None:
        self.trouble[cam] = reason
        self._without.setdefault(cam, self._clock.monotonic())

    def _filmed(self, cam: str) -> None:
        """Note that film came, or that none is wanted any more."""
        self.trouble.pop(cam, None)
        self._without.pop(cam, None)
        if self._journal.is_faulty(cam, "no_film"):
            self._stating(lambda: self._journal.fault(cam, "no_film", "end"))

    def _forget_faults(self, cam: str) -> None:
        """State as over what an earlier process has found: this one says anew what it finds."""
        for kind in FAULTS:
            if self._journal.is_faulty(cam, kind):
                self._stating(partial(self._journal.fault, cam, kind, "end"))

    def tick(self) -> None:
        """Do what time brings. Call it about once a second."""
        self._stating(lambda: self._journal.tick(self._owing))
        now = self._clock.monotonic()
        for cam in [cam for cam, since in self._without.items() if now - since >= NO_FILM and self.trouble.get(cam) != "stopped"]:
            self._stating(partial(self._journal.fault, cam, "no_film", "begin"))
        if self._unsaid:
            self._say_rows([])
        self._trusts.append(self._clock.trust())
        self._room.tick()
        self._tell_disk()

    def fault(self, kind: str, state: str) -> None:
        """State what is wrong with the computer, or no longer is; each once."""
        self._stating(partial(self._journal.fault, None, kind, state))

    def beacon(self, note: bytes) -> None:
        """State a national checkpoint whose signature was checked."""
        self._stating(lambda: self._journal.beacon(note))

    def close(self, reason: str) -> Instant:
        """Close the day; a slice of sealed film that is still open is stated first."""
        self._end_slices(None)
        return self._stating(lambda: self._journal.close(reason))

    def _sealed(self, cam: str, message: SliceBegun | SealedPiece | SliceEnded) -> None:
        """Take a part of the sealed film. Where none is kept, a `hide` that sends one is broken or hostile."""
        if self._shelf is None:
            raise ValueError(type(message).__name__)
        shelf = self._shelf
        match message:
            case SliceBegun():
                self._stating(lambda: shelf.begun(cam, message))
            case SealedPiece():
                self._stating(lambda: shelf.piece(cam, message))
            case SliceEnded():
                self._stating(lambda: shelf.ended(cam, message))

    def _end_slices(self, cam: str | None) -> None:
        shelf = self._shelf
        if shelf is not None and self._journal.is_open:
            self._stating(lambda: shelf.end_all() if cam is None else shelf.end(cam))

    def _piece(self, cam: str, piece: Piece) -> None:
        t0, t1 = Instant(piece.t0), Instant(piece.t1)
        run = run_id(piece.run)
        live = self._lives.pop(cam, None)
        init = self._inits.get((cam, run))
        if init is None:
            _say.error("keep.no_init", cam=cam, run=run)
            self._journal.interrupted(cam, "encoder")
            return
        if t0 < self._journal.account.cursor(cam):
            # What is accounted for stays so. Only a clock that went back can bring this about.
            _say.error("account.overlap", cam=cam, back_ms=self._journal.account.cursor(cam) - t0)
            self._journal.interrupted(cam, "clock_step")
            return
        row = self._keep_film(cam, piece, init)
        if isinstance(row, str):
            self._stating(lambda: self._journal.gap(cam, t0, t1, row))
            return
        stated, lowered = self._keep_live(cam, live, row[-1].digest) if live is not None and (live.slot, live.t0) == (piece.slot, piece.t0) else (None, [])
        trust = self._vouched() if piece.trust == "rtc" else piece.trust  # `hide` cannot know what the centre said of our clock
        footage = Footage(
            cam, run, piece.slot, t0, t1, piece.frames, trust, piece.phase, row[-1].digest, len(piece.payload), row[0].digest, stated
        )
        self._stating(lambda: self._journal.segment(footage))
        self.last_end[cam] = t1
        self._filmed(cam)
        self._say_rows([*lowered, *row])
        trip("keep:7.spool")

    def _vouched(self) -> Trust:
        """Return who vouched for our clock while this film was on its way: the least that anybody did."""
        return min((*self._trusts, self._clock.trust()), key=_TRUST.index)

    def _keep_film(self, cam: str, piece: Piece, init: bytes) -> list[Row] | str:
        """Make init and segment durable; the reason of the gap if the disk does not take them. Their names are those of the published tree."""
        lacks, rows = self._room.make(len(piece.payload) + len(init)), list[Row]()
        if not lacks:
            try:
                rows = self._written_film(cam, piece, init)
                self._room.verify()  # film that went to another disk than the one that was opened is not kept
                self._room.wrote()
            except (Unavailable, Refused) as error:
                lacks = self._room.blame(error)
        self._tell_disk()
        return lacks or rows

    def _written_film(self, cam: str, piece: Piece, init: bytes) -> list[Row]:
        folder = f"film/{cam}"
        rows: list[Row] = []
        for name, data, kind in (
            (f"{folder}/{piece.run}-init.mp4", init, "init"),
            (f"{folder}/{piece.run}-{piece.slot}.m4s", piece.payload, "segment"),
        ):
            known = self._written.get((cam, name))
            if known is None:
                self._files.write_once(self._box / name, data, step="keep:7" if kind == "segment" else "")
                known = sha256(data)
                if kind == "init":
                    self._written = {key: value for key, value in self._written.items() if key[0] != cam} | {(cam, name): known}
            needs = rows[0].digest if rows else None
            rows.append(Row(known, name, len(data), "segment" if rows else "init", cam, Instant(piece.t0), needs))
        return rows

    def _keep_live(self, cam: str, live: Live, film: Digest) -> tuple[dict[str, Any], list[Row]]:
        """Make the lowered segment durable, if there is one; return what the leaf says of it, and its rows. A disk without room for it costs only it.

        One that is byte for byte a film that is owed (small pictures, all filled) is none: what is given up with the one would be lost of the other.
        """
        head = self._live_inits.get(cam)
        if not live.payload or head is None or head.run != live.run:
            return {"rung": live.rung}, []
        folder, t0 = f"film/{cam}/live", Instant(live.t0)
        init = Row(sha256(head.payload), f"{folder}/{live.run}-init.mp4", len(head.payload), "live_init", cam, t0)
        row = Row(sha256(live.payload), f"{folder}/{live.run}-{live.slot}.m4s", len(live.payload), "live", cam, t0, init.digest)
        try:
            if row.digest == film or self._outbox.row(row.digest) is not None:
                return {"rung": live.rung}, []
            for each, data in ((init, head.payload), (row, live.payload)):
                if self._written.get((cam, each.path)) is None:
                    self._files.write_once(self._box / each.path, data)
                if each is init:
                    self._written[cam, each.path] = each.digest
        except Unavailable as error:  # a sick disk says so with the next film
            _say.warning("lowered", code=error.code)
            return {"rung": live.rung}, []
        stated = {
            "rung": live.rung, "run": live.run, "sha256": row.digest.hex(), "size": row.size, "init": init.digest.hex(),
            "width": live.width, "height": live.height, "fps_milli": live.fps_milli, "frames": live.frames,
        }  # fmt: skip
        return stated, [init, row]

    def _tell_disk(self) -> None:
        """State what is wrong with the disk and what no longer is; each once."""
        for kind in DISK_FAULTS:
            if (kind in self._room.faults) != self._journal.is_faulty(None, kind):
                state = "begin" if kind in self._room.faults else "end"
                _say.error("disk.fault", kind=kind, state=state)
                self._stating(partial(self._journal.fault, None, kind, state))
                if kind == "disk_full" and state == "end":
                    self._room.reserve.hold()

    def _say_rows(self, rows: list[Row]) -> None:
        """Put rows into the outbox. The log says the same, so a full disk only puts this off."""
        self._unsaid += rows
        try:
            self._outbox.add(self._unsaid)
        except Unavailable as error:
            _say.warning("spool", code=error.code)
            return
        said, self._unsaid = self._unsaid, []
        self._owe(said)

    def _stating(self, state: Callable[[], T]) -> T:
        """Write to the log; with a full disk once more after giving up the reserve. A leaf that cannot be written stops the agent."""
        try:
            return state()
        except Unavailable as error:
            if error.code != "disk.full" or not self._room.reserve.release():
                raise
            _say.error("reserve.released")
            return state()

    def _owing(self) -> Owing:
        summary = self._outbox.summary()
        return Owing(summary.files, summary.size, self._room.free())
