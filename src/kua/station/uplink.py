# SPDX-License-Identifier: Apache-2.0
"""Carries the log and the files to one centre, each lane on a thread and a connection of its own: recording never waits for it, nor a statement for film.

Asks `kua.flow.spool` what is next, does it, tells it. A file counts as delivered only once the centre's signed receipt for exactly
these bytes is durable here.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, RLock, Thread
from typing import Final, final

import structlog

from kua.core.digest import Digest, sha256
from kua.core.errors import KuaError, Rejected, Unavailable
from kua.core.instant import Instant, Millis
from kua.flow.spool import AT_ONCE, LANES, Lane, Owed, Rest, SendFile, SendLog, Spool, Wait
from kua.ports.clock import Clock
from kua.ports.courier import Away, CentreState, Courier, Turned
from kua.ports.tilelog import TileLog
from kua.ports.trip import trip
from kua.proof.checkpoint import open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.logbody import BEFORE
from kua.proof.note import only_signed_by
from kua.proof.receipt import check_receipt
from kua.station.line import SharedLine
from kua.station.spool import Outbox, Row

MOST_ENTRIES: Final = 1_000
MOST_BYTES: Final = 4 * 1024 * 1024
"""Limits of one `POST log` (docs/spec/centre-api.md); base64 adds a third and is counted."""
ASK_AGAIN: Final = Millis(300_000)
"""How often the centre is asked for its time, for what it has and for the newest national checkpoint, where no heartbeat asks."""
BEAT: Final = Millis(60_000)
"""How often the centre is told how the station is. The log says it too, later, and not at all where the log has stopped."""
_IDLE: Final = 5.0
_PROBE_AGAIN: Final = 10.0

_say = structlog.get_logger("kua.uplink")


@dataclass(frozen=True, slots=True)
class Link:
    """How things stand with the centre. `trouble` is a code or empty; `rate` is bits a second as measured of late, None if nothing was sent."""

    centre_size: int = 0
    reached_at: Instant | None = None
    trouble: str = ""
    again_at: Instant | None = None
    rate: int | None = None


@dataclass(slots=True)
class _Trouble:
    """Why a lane waits. Lanes fail one by one: a centre that has no room for film still takes statements."""

    code: str
    again_at: Instant


@final
class Uplink:
    """One centre. `chance` spreads retries, `tell_time(theirs, asked)` is told what the centre's clock says, `tell_nation` the newest national checkpoint
    that the centre's key signed (None: nobody asks, of a second centre); both on the uplink's threads. `beat` gives the body of a heartbeat. `waits_for` is the centre that gets film first.
    """

    def __init__(
        self,
        box: Path,
        log: TileLog,
        outbox: Outbox,
        courier: Courier,
        centre: VerifierKey,
        clock: Clock,
        chance: Callable[[], float],
        tell_time: Callable[[Instant, Instant], None],
        tell_nation: Callable[[bytes], None] | None = lambda _note: None,
        *,
        line: SharedLine | None = None,
        beat: Callable[[], bytes] | None = None,
        waits_for: "Uplink | None" = None,
    ) -> None:
        self._box, self._log, self._outbox, self._courier, self._centre = box, log, outbox, courier, centre
        self._clock, self._chance, self._tell_time, self._tell_nation = clock, chance, tell_time, tell_nation
        self._line, self._beat, self._waits_for = line, beat, waits_for
        self._spool = Spool(files_after=log.head.size if log.head else 0)
        self._spool.owe(row.owed() for row in outbox.owed())
        self._guard = RLock()
        self._news = {lane: Event() for lane in LANES}
        self._stop = Event()
        self._asked: Millis | None = None
        self._beaten: Millis | None = None
        self._size = 0
        self._reached_at: Instant | None = None
        self._troubles: dict[Lane, _Trouble] = {}
        self._threads = [Thread(target=self._run, args=(lane,), name=f"uplink-{lane}", daemon=True) for lane in LANES]
        if beat is not None:
            self._threads.append(Thread(target=self._run_beats, name="uplink-beat", daemon=True))

    @property
    def link(self) -> Link:
        """How things stand."""
        with self._guard:
            trouble = next((self._troubles[lane] for lane in (*LANES, "beat") if lane in self._troubles), None)
            rate = self._line.rate() if self._line else None
            return Link(self._size, self._reached_at, trouble.code if trouble else "", trouble.again_at if trouble else None, rate)

    @property
    def is_drained(self) -> bool:
        """Whether the centre has everything: the log and every file."""
        with self._guard:
            head = self._log.head
            return self._asked is not None and self._spool.owed == 0 and (head is None or self._spool.sent >= head.size)

    def owed(self) -> tuple[int, int]:
        """Return how many files and bytes are owed."""
        with self._guard:
            return self._spool.owed, self._spool.owed_bytes

    def owe(self, rows: list[Row]) -> None:
        """Take new rows of the outbox into account."""
        with self._guard:
            size = self._log.size
            self._spool.owe(replace(row.owed(), after=size) for row in rows)
        self.news()

    def forget(self, digests: Sequence[Digest]) -> None:
        """Owe files no more that nobody needs any longer."""
        with self._guard:
            self._spool.forget(digests)

    def prefer(self, spans: Sequence[tuple[Instant, Instant]], *, masters: bool = True, oldest_first: bool = False) -> None:
        """Say which times of the backlog matter, whether new film is sent live as it is, and whether the backlog goes in its own order."""
        with self._guard:
            self._spool.matter(spans)
            self._spool.sends_masters, self._spool.oldest_first = masters, oldest_first

    def news(self) -> None:
        """Say that there may be something to send."""
        for event in self._news.values():
            event.set()

    def start(self) -> None:
        """Begin to send."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop after the requests in progress; what is owed stays owed."""
        self._stop.set()
        self.news()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=10)
        self._courier.close()

    def _run(self, lane: Lane) -> None:
        news = self._news[lane]
        while not self._stop.is_set():
            news.clear()
            wait = self.once(lane)
            if wait > 0 and not self._stop.is_set():
                news.wait(min(wait, _IDLE))

    def _run_beats(self) -> None:
        while not self._stop.is_set():
            self._guarded("beat", self._send_beat)
            self._stop.wait(_IDLE)

    def once(self, lane: Lane | None = None) -> float:
        """Do one step of `lane`, or of the first that has one; return the seconds until the next may be worth doing (0: at once).

        Expected errors end here, as back-off.
        """
        if lane is not None:
            return self._guarded(lane, lambda: self._once(lane))
        waits = []
        for each in LANES:
            waits.append(self.once(each))
            if waits[-1] <= 0:
                return 0.0
        return min(waits)

    def _guarded(self, lane: Lane, act: Callable[[], float]) -> float:
        try:
            return act()
        except Away as error:
            self._failed(lane, error, error.retry_after)
        except Turned as error:
            self._turned(lane, error)
        except (Unavailable, Rejected) as error:
            self._failed(lane, error)
        return 0.0

    def _once(self, lane: Lane) -> float:
        now = self._clock.now()
        if self._backing_off(lane, now):
            return 0.2
        if lane == "log" and (self._asked is None or self._clock.monotonic() - self._asked >= ASK_AGAIN):
            self._ask()
        if lane != "log" and not self._may_film():
            return _PROBE_AGAIN
        with self._guard:
            head = self._log.head
            self._spool.grew(head.size if head else 0)
            step = self._spool.step(now, lane)
            if isinstance(step, SendFile):
                self._spool.began(lane, step.owed.digest)
        match step:
            case SendLog(start):
                with self._line.statement() if self._line else nullcontext():
                    self._send_log(start)
            case SendFile(owed):
                try:
                    self._send_file(lane, owed)
                finally:
                    with self._guard:
                        self._spool.ended(lane)
            case Wait(until):
                return max(0.05, (until - now) / 1000)
            case Rest():
                return _IDLE
        return 0.0

    def _may_film(self) -> bool:
        """Whether film may go to this centre now: the line bears it, and the centre that it goes to first has it or is away."""
        with self._guard:
            if self._spool.owed == 0:
                return True  # nothing is sent: no reason to try a thin line for it
        first = self._waits_for
        if first is not None and not (first.link.trouble or first.owed()[0] == 0):
            return False
        return self._line is None or self._line.may_film()

    def _backing_off(self, lane: Lane, now: Instant) -> bool:
        with self._guard:
            trouble = self._troubles.get(lane)
            if trouble is not None and trouble.again_at > now + 2 * 3_600_000:
                # A wall clock that was set back must not make a back-off of a minute last for hours.
                self._spool.worked(lane)
                return False
        return trouble is not None and now < trouble.again_at

    def _send_beat(self) -> float:
        now = self._clock.monotonic()
        if self._beat is None or self._backing_off("beat", self._clock.now()) or (self._beaten is not None and now - self._beaten < BEAT):
            return _IDLE
        asked = self._clock.now()
        with self._line.statement() if self._line else nullcontext():
            state = self._courier.beat(self._beat())
        self._beaten = now
        self._heard("beat", state, asked)
        return _IDLE

    def _ask(self) -> None:
        asked = self._clock.now()
        self._heard("log", self._courier.state(), asked)

    def _heard(self, lane: Lane, state: CentreState, asked: Instant) -> None:
        """Take what the centre said of itself."""
        self._tell_time(state.now, asked)
        if state.nation and self._tell_nation is not None:
            self._take_nation(state.nation, self._tell_nation)
        with self._guard:
            self._asked = self._clock.monotonic()
            self._take_size(state.size)
        self._reached(lane)

    def _take_nation(self, note: bytes, tell: Callable[[bytes], None]) -> None:
        """Pass on the national checkpoint, with the centre's own signature alone. One that does not hold is no reason to stop sending."""
        try:
            alone = only_signed_by(note, self._centre)
            open_checkpoint(alone, self._centre, f"{self._log.origin.rpartition('/s/')[0]}/nation")
        except Rejected as error:
            _say.warning("uplink.nation", code=error.code)
            return
        tell(alone)

    def _take_size(self, size: int) -> None:
        """Believe what the centre says that it has, unless that is more than we ever signed: then the log here has forgotten something."""
        head = self._log.head
        if size > (head.size if head else 0):
            self._spool.log_stopped = True
            raise Rejected("uplink.centre_ahead", centre=size, here=head.size if head else 0)
        self._size = size
        self._spool.log_sent(size)

    def _send_log(self, start: int) -> None:
        end = min(start + MOST_ENTRIES, self._log.size)
        entries = self._log.entries(start, end)
        size = fits = 0
        for entry in entries:
            size += len(entry) * 4 // 3 + 8
            if size > MOST_BYTES - 4096:
                break
            fits += 1
        head = self._log.head_within(start, start + fits)
        if head is None:  # one head covers more than one request may carry: that head was never meant to be sent
            raise Rejected("uplink.no_head", size=start)
        before = self._log.entries(max(0, start - BEFORE), start)
        have = self._courier.send_log(start, entries[: head.size - start], head.note, before)
        with self._guard:
            self._take_size(have)
        self._reached("log")

    def _send_file(self, lane: Lane, owed: Owed) -> None:
        row = self._outbox.row(owed.digest)
        data = self._read(row) if row else None
        if data is None and (self._outbox.is_spared(owed.digest) or (row is not None and row.kind in {"live", "live_init"})):
            self._outbox.spare(owed.digest)  # of two centres one may have the film itself already, and its lowered form has left the disk
            with self._guard:
                self._spool.forget([owed.digest])
            return
        if row is None or data is None or sha256(data) != owed.digest:
            code = "film.missing" if data is None else "film.damaged"
            _say.error(code, digest=owed.digest.hex())
            self._aside(lane, owed, code)
            return
        trip("keep:8.before")
        try:
            put = self._courier.put(owed.digest, data, lane)
        except Turned as error:
            if error.code == "ingest.no_leaf":
                self._asked = None  # ask what the centre has of the log, and send from there
            if error.code.startswith("upload."):
                raise
            _say.warning("uplink.refused", code=error.code, digest=owed.digest.hex())
            self._aside(lane, owed, error.code)
            return
        check_receipt(put.receipt, self._centre, self._log.origin, owed.digest, owed.size)
        trip("keep:8.after")
        idle = self._outbox.received(owed.digest, put.receipt, self._clock.now())
        trip("keep:8.receipt")
        with self._guard:
            self._spool.delivered(owed.digest, lane)
            self._spool.forget([each.digest for each in idle])
            if put.wait:
                self._spool.asked(lane, self._clock.now(), put.wait, self._chance())
        for each in idle:
            with suppress(OSError):  # `mend` takes away what stays
                (self._box / each.path).unlink()
        self._reached(lane)

    def _read(self, row: Row) -> bytes | None:
        try:
            return (self._box / row.path).read_bytes()
        except FileNotFoundError:
            return None

    def _aside(self, lane: Lane, owed: Owed, code: str) -> None:
        self._outbox.refused(owed.digest, code)
        with self._guard:
            self._spool.put_aside(owed.digest, self._clock.now(), lane)

    def _turned(self, lane: Lane, error: Turned) -> None:
        """The centre says no to the log or to our signature."""
        if error.code == "log.not_next" and error.have is not None:
            try:
                with self._guard:
                    self._take_size(error.have)
            except Rejected as ahead:
                self._failed(lane, ahead)
            return
        if error.code == "log.fork":
            with self._guard:
                self._spool.log_stopped = True
        if error.code == "upload.stale":
            self._asked = None
        self._failed(lane, error)

    def _failed(self, lane: Lane, error: KuaError, retry_after: Millis = AT_ONCE) -> None:
        with self._guard:
            again = self._spool.failed(self._clock.now(), self._chance(), retry_after, lane)
            if self._troubles.get(lane) is None or self._troubles[lane].code != error.code:
                _say.warning("uplink.trouble", lane=lane, code=error.code)
            self._troubles[lane] = _Trouble(error.code, again)

    def _reached(self, lane: Lane) -> None:
        with self._guard:
            self._reached_at = self._clock.now()
            over = [each for each in self._troubles if lane in {each, "log"}]
            for each in over:
                del self._troubles[each]
        if over:
            _say.info("uplink.well", lane=lane)
            self.news()
