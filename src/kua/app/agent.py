# SPDX-License-Identifier: Apache-2.0
"""The agent of a polling station, `kua station run`: it is the process `keep`, and it starts, watches and stops `fetch` and `hide`.

It runs inside the windows of the election file only, refuses to start without a calibration of every camera that somebody has signed (with one
signature it records silhouettes until the second is there), and opens no port.
"""

import json
import os
import queue
import secrets
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final, final

import structlog

from kua.adapters.clock import SystemClock
from kua.adapters.couriers.http import HttpCourier
from kua.adapters.durable import DurableFiles
from kua.adapters.notify import Manager
from kua.adapters.tilelog import DiskLog
from kua.app import calibrations, logs
from kua.app import settings as settings_room
from kua.app.calibrations import Calibrated
from kua.app.census_watch import Rounds
from kua.app.count_gate import Gate
from kua.app.sealing import open_shelf
from kua.app.sensors import Sensors
from kua.app.hours import hour_keys
from kua.app.listen_inbox import Inbox
from kua.app.live import write_codes
from kua.app.pair import Command, News, Pair, camera_command
from kua.app.settings import CameraSettings, StationSettings
from kua.app.telling import camera_told
from kua.app.thin import Lowering
from kua.core.canonical import canonical
from kua.core.digest import Digest, sha256
from kua.core.election import Election
from kua.core.errors import Incomplete, KuaError, Refused, Rejected
from kua.core.instant import Instant, Millis, rfc3339
from kua.core.nouns import station_id, station_origin
from kua.flow.health import FAULTS as HEALTH_FAULTS
from kua.flow.health import Health
from kua.flow.space import Space, reserve_of
from kua.law.hiding import GATED
from kua.ports.courier import Courier
from kua.proof.leaf import LONGEST
from kua.station import custody
from kua.station.enrol import Enrolled, read_enrolled, read_second, station_key
from kua.station.fsck import add_missing, mend
from kua.station.journal import Camera, Day, Journal
from kua.station.keep import Keep
from kua.station.line import SharedLine
from kua.station.marks import FILM, Marks
from kua.station.pipe import Done, Piece
from kua.station.room import FAULTS as DISK_FAULTS
from kua.station.room import Room
from kua.station.spool import Outbox
from kua.station.uplink import Uplink
from kua.station.uplinks import Uplinks

STATUS: Final = Millis(5_000)
"""How often `status.json` is written."""
OPENED_ANEW: Final = ("frozen", "garbled")
"""Faults that a new connection may mend."""
OPENING: Final = 30 * 60_000
AROUND: Final = 2 * 60_000
MOST_ALERTS: Final = 100
"""Milliseconds of the opening, and around whatever was wrong, whose film goes before the rest; and how many such times are remembered."""
ONE_SIGNATURE: Final = "one_signature"
"""The fault of a camera whose calibration waits for its second signature: people are silhouettes until then."""
INBOX: Final = 64
"""Messages that wait for `keep`; then `hide` waits in its pipe."""

_say = structlog.get_logger("kua.agent")


@final
class Agent:
    """A station's day. A service `waits` for the first window; whoever starts it by hand before that is told when it is. Everything is checked in the constructor, before a file is written or a process started."""

    def __init__(self, box: Path, *, command: Command | None = None, until_end: bool = False, waits: bool = False) -> None:
        self._box = box
        self._until_end = until_end
        self._station: StationSettings = settings_room.load_station(box)
        self._election, self._election_file = settings_room.load_election(box, self._station)
        self._place = self._election.station(self._station.id)
        known = {camera.id for camera in self._place.cameras}
        for camera in self._station.cameras:
            if camera.id not in known:
                raise Refused("agent.camera_not_planned", camera=camera.id, station=self._station.id)
        self._calibrated = {camera.id: calibrations.load(box, camera.id, needed=1) for camera in self._station.cameras}
        self._enrolled: Enrolled = read_enrolled(box)
        origin = station_origin(self._election.domain, self._election.id, station_id(self._station.id))
        if self._enrolled.origin != origin:
            raise Refused("agent.other_station", given=self._enrolled.origin, wanted=origin)
        self._clock = SystemClock()
        self._files = DurableFiles()
        self._require_window(waits)
        self._key = station_key(box, origin)
        self._plain_command = command or camera_command(box)
        self._signed_at = Millis(-STATUS)
        self._inbox: queue.Queue[News] = queue.Queue(INBOX)
        self._pairs = {camera.id: Pair(camera, self._command, self._inbox) for camera in self._station.cameras}
        self._done: set[str] = set()
        self._stopping = False
        self._has_begun = False
        self._phase: str | None = None
        self._gate = Gate(box, self._election, self._place, self._clock.now, self._clock.monotonic)
        self._status_at = Millis(-STATUS)
        self._rounds = Rounds(box)
        self._nation = b""
        self._codes: tuple[str, ...] | None = None
        self._line = SharedLine(self._station.cap * 1000, self._clock.monotonic, time.sleep)
        self._lowering = Lowering(box, self._station.cameras, self._files, self._clock.monotonic(), self._line.rate)
        self._alerts: list[tuple[Instant, Instant]] = []
        self._preferred: tuple[object, ...] | None = None
        self._manager = Manager()
        self._sensors = Sensors(box)

    def _require_window(self, waits: bool) -> None:
        """Refuse to start where nothing may be recorded. A box that has begun may still send what it owes, between windows and after them."""
        now, windows = self._clock.now(), self._place.windows
        if (self._box / "log" / "journal").exists() and windows:
            return
        told = {"station": self._station.id, "windows": _windows(self._election, self._station.id)}
        if not windows or now >= windows[-1].end:
            raise Refused("agent.outside_window", **told)
        if self._place.phase_at(now) is None and not waits:
            raise Refused("agent.before_window", **told)

    def run(self) -> None:
        """Record until told to stop, or until the day is closed and everything is delivered. Raises `KuaError` for what cannot go on."""
        logs.configure("keep", station=self._station.id, election=self._election.id)
        previous = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            self._run()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """Ask for an end in order; `run` returns when everything is handed over."""
        self._stopping = True

    def _run(self) -> None:
        log = DiskLog.open(self._box / "log", self._enrolled.origin, self._key, step="keep:6")
        outbox = Outbox.open(self._box / "spool.sqlite")
        try:
            marks = Marks.open(self._box, self._files, lambda: secrets.token_hex(8), log.size)  # before anything is mended: on another disk everything is an orphan
            self._keep_calibrations()
            if marks.trouble is not None:  # the log goes on, and says so
                _say.error("agent.film", code=marks.trouble.code, **marks.trouble.facts)
            for finding in mend(self._box, log, outbox, self._files) if marks.trouble is None else ():
                _say.info(finding.code, name=finding.name)
            self._log, self._outbox = log, outbox
            self._journal = Journal(log, self._clock, _boot(), hour_keys(self._box))
            self._guests = Inbox(self._box, self._station.id, self._journal.observed)
            self._require_two_for_another_view()
            first = Uplink(
                self._box, log, outbox, self._courier(self._enrolled), self._enrolled.centre, self._clock, _share, self._clock.centre_says,
                self._on_nation, line=self._line, beat=self._beat,
            )  # fmt: skip
            self._uplink = Uplinks(first, self._second_uplink(log, outbox, first))
            room = self._room(marks)
            self._shelf = open_shelf(self._box, self._station, self._election, self._files, self._journal, self._clock.now)
            self._keep = Keep(
                self._box, self._journal, outbox, self._files, self._clock, room, self._uplink.owe, self._on_fault, self._shelf
            )
            self._health = Health(frozenset(kind for cam, kind in self._journal.faults() if cam is None))
            log.publish()
            self._uplink.start()
            self._sensors.start()
            try:
                self._serve()
            finally:
                self._manager.stopping()
                self._sensors.stop()
                self._rounds.stop()
                self._end_cameras()
                self._uplink.stop()
                self._write_status("stopped")
        finally:
            if outbox.beside is not None:
                outbox.beside.close()
            outbox.close()
            log.close()

    def _room(self, marks: Marks) -> Room:
        """Return what makes room on the disk under the film; what the log says of it already is known."""
        setting, segment = self._station.reserve * 1024 * 1024, sum(camera.most * 125 * LONGEST // 1000 for camera in self._station.cameras)
        film = self._box / FILM
        space = Space(reserve_of(setting, self._files.size(film if film.is_dir() else self._box), segment))
        known = frozenset(kind for cam, kind in self._journal.faults() if cam is None and kind in DISK_FAULTS)
        return Room(self._box, self._outbox, self._files, self._clock, space, marks, known)

    def _serve(self) -> None:
        ticked = Millis(-1_000)
        self._manager.ready(self._station.id)
        while True:
            self._take_news()
            now = self._clock.monotonic()
            self._manager.alive(now)
            if now - ticked < 1_000 and self._inbox.empty() is False:
                continue
            if now - ticked >= 1_000 or self._stopping:
                ticked = now
                self._tick(now)
            if self._is_over():
                return

    def _take_news(self, wait: float = 0.25) -> None:
        try:
            cam, turn, message = self._inbox.get(timeout=wait)
        except queue.Empty:
            return
        pair, now = self._pairs[cam], self._clock.monotonic()
        if message is None:
            if pair.is_mine(turn):
                pair.over(now, _share(), done=cam in self._done)
                self._keep.lost(cam)
            return
        if isinstance(message, Done):
            self._done.add(cam)
        try:
            self._keep.handle(cam, message)
        except (ValueError, Refused, Rejected) as error:
            # What a sick `hide` says is not believed; it is replaced, and what it held becomes a gap.
            _say.error("camera.nonsense", camera=cam, why=str(error)[:200])
            pair.kill()
            return
        if isinstance(message, Piece):
            self._lowering.filmed(cam, message)
        pair.worked(now)
        self._uplink.news()

    def _tick(self, now: Millis) -> None:
        self._keep.tick()
        self._uplink.news()
        with suppress(KuaError):  # a full disk must not stop the recording for the sake of a rung
            self._lowering.tick(now)
        self._prefer()
        phase = self._place.phase_at(self._clock.now())
        if phase != self._phase:
            self._phase = phase
            _say.info("agent.phase" if phase else "agent.outside_window", phase=phase or "off")
        if phase and not self._stopping and not self._is_closed():
            self._begin()
            if now - self._signed_at >= STATUS:
                self._signed_at = now
                self._state_signatures()  # before the first film under one signature
            for cam, pair in self._pairs.items():
                if not pair.runs:
                    self._done.discard(cam)
                pair.start(now)
        else:
            for pair in self._pairs.values():
                pair.stop(now)
        if phase in GATED:
            self._state_count()
        self._maybe_close()
        self._state_beacon()
        if now - self._status_at >= STATUS:
            self._status_at = now
            self._state_health()
            self._rounds.tick(now)
            self._rounds.state(self._journal, self._clock.now())
            with suppress(KuaError):  # a request that is not whole is no reason to stop
                if custody.take(self._box, self._journal, self._files):
                    self._uplink.news()
            if self._guests.tick(self._journal, now):
                self._uplink.news()
            self._write_status("recording" if phase and not self._is_closed() else "off")

    def _prefer(self) -> None:
        """Say what of the film goes first: what a thin line gets at once, opening and count, and two minutes around whatever was wrong."""
        opening = [(Instant(each.start), Instant(min(each.end, each.start + OPENING))) for each in self._place.windows if each.phase == "opening"]
        count = [(Instant(each.start), Instant(each.end)) for each in self._place.windows if each.phase == "count"]
        wanted = (*opening, *count, *self._alerts), self._lowering.rung == "full", self._is_closed()
        if wanted != self._preferred:
            self._preferred = wanted
            self._uplink.prefer(wanted[0], masters=wanted[1], oldest_first=wanted[2])

    def _begin(self) -> None:
        """State the day, or the session, before the first camera is started."""
        if self._has_begun:
            return
        self._has_begun = True
        cameras = tuple(Camera(camera.id, camera.width, camera.height, camera.fps * 1000) for camera in self._station.cameras)
        hiding = sha256(canonical(self._election.hiding))
        version = self._election.version
        policies = (
            ("election", version, sha256(self._election_file)),
            ("hiding", version, hiding),
            ("profile", version, Digest(bytes.fromhex(self._election.profile_sha256))),
        )
        files = {cam: calibrated.digests for cam, calibrated in self._calibrated.items() if calibrated.is_signed_by_two}
        single = {cam: calibrated.digests[0] for cam, calibrated in self._calibrated.items() if not calibrated.is_signed_by_two}
        day = Day(self._election.id, sha256(self._election_file), self._station.id, cameras, policies, files, single)
        self._journal.begin(day, build_digest(), settings_room.settings_digest(self._box))
        self._uplink.owe(add_missing(self._box, self._log, self._outbox))
        if self._shelf is not None:
            self._shelf.mend(lambda cam, name: self._journal.slices.get((cam, name)))
            for path in self._shelf.expire():
                _say.info("sealed.expired", path=path)

    def _state_beacon(self) -> None:
        """State the newest national checkpoint that the uplink has brought, and tell the screen and `hide` the code that follows from it."""
        if self._nation:
            self._keep.beacon(self._nation)  # the journal passes over what it has stated already
        codes = self._journal.codes() if self._journal.is_open else ()
        if codes != self._codes:
            with suppress(KuaError):  # a full disk must not stop the recording for the sake of a code
                write_codes(self._box, codes, self._files)
                self._codes = codes

    def _second_uplink(self, log: DiskLog, outbox: Outbox, first: Uplink) -> tuple[Uplink, Outbox] | None:
        """Return what sends to the second centre, where the box is enrolled at one. What the log says is owed there too, from the first leaf on."""
        enrolled = read_second(self._box)
        if enrolled is None:
            return None
        if enrolled.origin != self._enrolled.origin:
            raise Refused("agent.other_station", given=enrolled.origin, wanted=self._enrolled.origin)
        theirs = Outbox.open(self._box / "spool-2.sqlite")
        outbox.beside = theirs
        add_missing(self._box, log, theirs)
        uplink = Uplink(
            self._box, log, theirs, self._courier(enrolled), enrolled.centre, self._clock, _share, lambda *_: None, None,
            line=self._line, beat=self._beat, waits_for=first,
        )  # fmt: skip
        return uplink, theirs

    def _courier(self, enrolled: Enrolled) -> Courier:
        return HttpCourier(enrolled.centre_url, self._election.id, self._station.id, self._key, self._clock.now, self._line)

    def _beat(self) -> bytes:
        """Say how the box is, for those who would have to drive there; on the uplink's thread."""
        owed, owed_bytes = self._uplink.owed()
        newest = max(self._keep.last_end.values(), default=None)
        faults = sorted(kind if cam is None else f"{cam}.{kind}" for cam, kind in self._journal.faults())
        body = {
            "owed": owed,
            "owed_bytes": owed_bytes,
            "rate": self._line.rate(),
            "rung": self._lowering.rung,
            "disk_free": self._files.free(self._box),
            "film": None if newest is None else max(0, self._clock.now() - newest),
            "trust": self._clock.trust(),
            "faults": faults,
        }
        return json.dumps(body, separators=(",", ":")).encode()

    def _on_nation(self, note: bytes) -> None:
        self._nation = note

    def _command(self, role: str, camera: CameraSettings) -> Sequence[str]:
        """A camera that one person alone has signed for shows silhouettes. It is told so here, and asks for two signatures where it is not."""
        single = role == "hide" and not self._calibrated[camera.id].is_signed_by_two
        return [*self._plain_command(role, camera), *(["--silhouettes"] if single else [])]

    def _require_two_for_another_view(self) -> None:
        """One signature is enough to begin with, never to exchange what two have signed in this log. Raises `Rejected("calibration.one_person")`."""
        for cam, calibrated in self._calibrated.items():
            if not calibrated.is_signed_by_two and cam in self._journal.calibrations:
                calibrations.load(self._box, cam)

    def _state_signatures(self) -> None:
        """State which cameras wait for their second signature. When it has come its leaf is written, and `hide` begins anew at the table's own level."""
        for cam, calibrated in self._calibrated.items():
            waits = not calibrated.is_signed_by_two
            if waits:
                with suppress(KuaError):
                    found = calibrations.load(self._box, cam)
                    if found.file == calibrated.file:
                        self._keep_calibration(cam, found)
                        self._journal.calibrated(cam, found.digests)
                        self._calibrated[cam] = found  # not before its leaf stands
                        self._uplink.owe(add_missing(self._box, self._log, self._outbox))
                        self._pairs[cam].again()
                        _say.info("agent.second_signed", camera=cam)
                        waits = False
            if waits != self._journal.is_faulty(cam, ONE_SIGNATURE):
                self._journal.fault(cam, ONE_SIGNATURE, "begin" if waits else "end")
                self._uplink.news()

    def _state_health(self) -> None:
        """State what is wrong with the computer, and what no longer is, while the day is open."""
        if self._sensors.reading is None or not self._journal.is_open:
            return
        stand = self._health.see(self._sensors.reading)
        for kind in HEALTH_FAULTS:
            if (kind in stand) != self._journal.is_faulty(None, kind):
                _say.warning("health", kind=kind, begins=kind in stand)
                self._keep.fault(kind, "begin" if kind in stand else "end")
                self._uplink.news()

    def _state_count(self) -> None:
        """State the beginning of the count as soon as two people have signed it; `hide` sees the same files by itself."""
        if not self._journal.is_open or self._journal.count_begun is not None or not self._gate.is_open() or self._gate.begun is None:
            return
        self._journal.count_begins(self._gate.begun.since, self._gate.begun.note, self._gate.begun.signers)
        _say.info("agent.count_begins", since=rfc3339(self._gate.begun.since))
        self._uplink.news()

    def _keep_calibrations(self) -> None:
        """Put the calibration files of today where a later calibration cannot overwrite them before they are delivered."""
        for cam, calibrated in self._calibrated.items():
            if calibrated.is_signed_by_two:
                self._keep_calibration(cam, calibrated)

    def _keep_calibration(self, cam: str, calibrated: Calibrated) -> None:
        stem = self._box / "calibration" / "kept" / f"{cam}-{sha256(calibrated.file).hex()[:16]}"
        for ending, data in ((".json", calibrated.file), (".note", calibrated.note), (".signers.json", calibrated.signers)):
            self._files.write_once(stem.with_name(stem.name + ending), data)

    def _maybe_close(self) -> None:
        """Close the day when it is over or somebody has ordered it, once the cameras have handed over what they held."""
        request = self._box / "close.request"
        ordered = request.exists()
        if not self._journal.is_open:
            self._files.remove(request)
            return
        is_over = self._clock.now() >= self._place.windows[-1].end or self._all_ended()
        if not ordered and not is_over:
            return
        for pair in self._pairs.values():
            pair.ended = True
            pair.stop(self._clock.monotonic())
        if not any(pair.runs for pair in self._pairs.values()) and self._inbox.empty():
            at = self._keep.close("end_of_day" if is_over else "ordered")
            self._files.remove(request)
            _say.info("agent.closed", at=rfc3339(at))
            self._uplink.news()

    def _all_ended(self) -> bool:
        return self._until_end and all(pair.ended for pair in self._pairs.values())

    def _is_closed(self) -> bool:
        return self._journal.account.closed is not None

    def _is_over(self) -> bool:
        if any(pair.runs for pair in self._pairs.values()) or not self._inbox.empty():
            return False
        return self._stopping or (self._is_closed() and self._uplink.is_drained)

    def _end_cameras(self) -> None:
        """Leave no process behind, whatever happened."""
        for pair in self._pairs.values():
            pair.kill()
        for pair in self._pairs.values():
            while pair.runs:
                cam, turn, message = self._inbox.get()
                if message is None and self._pairs[cam].is_mine(turn):
                    self._pairs[cam].over(self._clock.monotonic(), 0.0, done=False)

    def _on_fault(self, cam: str, kind: str, state: str) -> None:
        if state == "begin":
            now = self._clock.now()
            self._alerts = [*self._alerts[-MOST_ALERTS + 1 :], (Instant(now - AROUND), Instant(now + AROUND))]
        if kind in OPENED_ANEW and state == "begin":
            self._pairs[cam].froze(self._clock.monotonic())

    def _on_signal(self, _number: int, _frame: object) -> None:
        self.stop()

    def _write_status(self, state: str) -> None:
        link, second = self._uplink.link, self._uplink.second
        cameras = {}
        for cam, pair in self._pairs.items():
            running = "recording" if pair.runs else "ended" if pair.ended else "off"
            cameras[cam] = camera_told(cam, self._keep, self._journal, state=running, restarts=pair.restarts)
        body = {
            "v": 1,
            "at": self._clock.now(),
            "pid": os.getpid(),
            "state": state,
            "phase": self._phase,
            "trust": self._clock.trust(),
            "cameras": cameras,
            "live": self._lowering.rung,
            "health": None if self._sensors.reading is None else asdict(self._sensors.reading),
            "faults": sorted(kind for cam, kind in self._journal.faults() if cam is None and kind in HEALTH_FAULTS),
            "disk": sorted(kind for cam, kind in self._journal.faults() if cam is None and kind in DISK_FAULTS),
            "centre": {"url": self._enrolled.centre_url, "reached_at": link.reached_at, "size": link.centre_size, "trouble": link.trouble, "rate": link.rate},
            "second": None if second is None else {"reached_at": second.reached_at, "size": second.centre_size, "trouble": second.trouble},
        }
        with suppress(KuaError):  # a full disk must not stop the recording for the sake of a status
            self._files.replace(self._box / "status.json", json.dumps(body).encode())


def build_digest() -> Digest:
    """Return what names this program: SHA-256 over the names and digests of its modules."""
    package = Path(__file__).parent.parent
    lines = [f"{path.relative_to(package).as_posix()} {sha256(path.read_bytes()).hex()}\n" for path in sorted(package.rglob("*.py"))]
    return sha256("".join(lines).encode())


def _share() -> float:
    """Draw a number, 0 <= share < 1, that spreads stations over time."""
    return secrets.randbelow(1 << 30) / (1 << 30)


def _boot() -> str:
    """Return eight hex digits that change with every start of the computer."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")[:8]
    except OSError as error:
        raise Incomplete("agent.no_boot_id") from error


def _windows(election: Election, station: str) -> str:
    return "; ".join(f"{w.phase} {rfc3339(Instant(w.start))} - {rfc3339(Instant(w.end))}" for w in election.station(station).windows)
