# SPDX-License-Identifier: Apache-2.0
"""Carries the log and the files to the centre, on a thread of its own: recording never waits for it.

Asks `kua.flow.spool` what is next, does it, tells it. A file counts as delivered only once the centre's signed receipt for exactly
these bytes is durable here.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, RLock, Thread
from typing import Final, final

import structlog

from kua.core.digest import sha256
from kua.core.errors import KuaError, Rejected, Unavailable
from kua.core.instant import Instant, Millis
from kua.flow.spool import AT_ONCE, Owed, Rest, SendFile, SendLog, Spool, Wait
from kua.ports.clock import Clock
from kua.ports.courier import Away, Courier, Turned
from kua.ports.tilelog import TileLog
from kua.ports.trip import trip
from kua.proof.checkpoint import open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.note import only_signed_by
from kua.proof.receipt import check_receipt
from kua.station.spool import Outbox, Row

MOST_ENTRIES: Final = 1_000
MOST_BYTES: Final = 4 * 1024 * 1024
"""Limits of one `POST log` (docs/spec/centre-api.md); base64 adds a third and is counted."""
ASK_AGAIN: Final = Millis(300_000)
"""How often the centre is asked for its time, for what it has and for the newest national checkpoint."""
_IDLE: Final = 5.0

_say = structlog.get_logger("kua.uplink")


@dataclass(frozen=True, slots=True)
class Link:
    """How things stand with the centre. `trouble` is a code or empty."""

    centre_size: int = 0
    reached_at: Instant | None = None
    trouble: str = ""
    again_at: Instant | None = None


@final
class Uplink:
    """One centre. `chance` spreads retries, `tell_time(theirs, asked)` is told what the centre's clock says, `tell_nation` the newest national checkpoint
    that the centre's key signed; both on the uplink's thread.
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
        tell_nation: Callable[[bytes], None] = lambda _note: None,
    ) -> None:
        self._box, self._log, self._outbox, self._courier, self._centre = box, log, outbox, courier, centre
        self._clock, self._chance, self._tell_time, self._tell_nation = clock, chance, tell_time, tell_nation
        self._spool = Spool()
        self._spool.owe(row.owed() for row in outbox.owed())
        self._guard = RLock()
        self._news = Event()
        self._stop = Event()
        self._asked: Millis | None = None
        self._link = Link()
        self._thread = Thread(target=self._run, name="uplink", daemon=True)

    @property
    def link(self) -> Link:
        """How things stand."""
        return self._link

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
            self._spool.owe(row.owed() for row in rows)
        self.news()

    def news(self) -> None:
        """Say that there may be something to send."""
        self._news.set()

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the request in progress; what is owed stays owed."""
        self._stop.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self._courier.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._news.clear()
            wait = self.once()
            if wait > 0 and not self._stop.is_set():
                self._news.wait(min(wait, _IDLE))

    def once(self) -> float:
        """Do one step; return the seconds until the next may be worth doing (0: at once). Expected errors end here, as back-off."""
        try:
            return self._once()
        except Away as error:
            self._failed(error, error.retry_after)
        except Turned as error:
            self._turned(error)
        except (Unavailable, Rejected) as error:
            self._failed(error)
        return 0.0

    def _once(self) -> float:
        now = self._clock.now()
        if self._backing_off(now):
            return 0.2
        if self._asked is None or self._clock.monotonic() - self._asked >= ASK_AGAIN:
            self._ask()
        with self._guard:
            head = self._log.head
            self._spool.grew(head.size if head else 0)
            step = self._spool.step(now)
        match step:
            case SendLog(start):
                self._send_log(start)
            case SendFile(owed):
                self._send_file(owed)
            case Wait(until):
                return max(0.05, (until - now) / 1000)
            case Rest():
                return _IDLE
        return 0.0

    def _backing_off(self, now: Instant) -> bool:
        again = self._link.again_at
        # A wall clock that was set back must not make a back-off of a minute last for hours.
        if again is not None and now < again <= now + 2 * 3_600_000:
            return True
        if again is not None:
            self._link = replace(self._link, again_at=None)
        return False

    def _ask(self) -> None:
        asked = self._clock.now()
        state = self._courier.state()
        self._tell_time(state.now, asked)
        if state.nation:
            self._take_nation(state.nation)
        with self._guard:
            self._asked = self._clock.monotonic()
            self._take_size(state.size)
        self._reached(state.size)

    def _take_nation(self, note: bytes) -> None:
        """Pass on the national checkpoint, with the centre's own signature alone. One that does not hold is no reason to stop sending."""
        try:
            alone = only_signed_by(note, self._centre)
            open_checkpoint(alone, self._centre, f"{self._log.origin.rpartition('/s/')[0]}/nation")
        except Rejected as error:
            _say.warning("uplink.nation", code=error.code)
            return
        self._tell_nation(alone)

    def _take_size(self, size: int) -> None:
        """Believe what the centre says that it has, unless that is more than we ever signed: then the log here has forgotten something."""
        head = self._log.head
        if size > (head.size if head else 0):
            self._spool.log_stopped = True
            raise Rejected("uplink.centre_ahead", centre=size, here=head.size if head else 0)
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
        have = self._courier.send_log(start, entries[: head.size - start], head.note)
        with self._guard:
            self._take_size(have)
        self._reached(have)

    def _send_file(self, owed: Owed) -> None:
        row = self._outbox.row(owed.digest)
        data = self._read(row) if row else None
        if data is None and self._outbox.is_spared(owed.digest):
            with self._guard:
                self._spool.delivered(owed.digest)
            return
        if row is None or data is None or sha256(data) != owed.digest:
            code = "film.missing" if data is None else "film.damaged"
            _say.error(code, digest=owed.digest.hex())
            self._aside(owed, code)
            return
        trip("keep:8.before")
        try:
            receipt = self._courier.put(owed.digest, data)
        except Turned as error:
            if error.code == "ingest.no_leaf":
                self._asked = None  # ask what the centre has of the log, and send from there
            if error.code.startswith("upload."):
                raise
            _say.warning("uplink.refused", code=error.code, digest=owed.digest.hex())
            self._aside(owed, error.code)
            return
        check_receipt(receipt, self._centre, self._log.origin, owed.digest, owed.size)
        trip("keep:8.after")
        idle = self._outbox.received(owed.digest, receipt, self._clock.now())
        trip("keep:8.receipt")
        with self._guard:
            for digest in (owed.digest, *(each.digest for each in idle)):
                self._spool.delivered(digest)
        for each in idle:
            with suppress(OSError):  # `mend` takes away what stays
                (self._box / each.path).unlink()
        self._reached(self._link.centre_size)

    def _read(self, row: Row) -> bytes | None:
        try:
            return (self._box / row.path).read_bytes()
        except FileNotFoundError:
            return None

    def _aside(self, owed: Owed, code: str) -> None:
        self._outbox.refused(owed.digest, code)
        with self._guard:
            self._spool.put_aside(owed.digest, self._clock.now())

    def _turned(self, error: Turned) -> None:
        """The centre says no to the log or to our signature."""
        if error.code == "log.not_next" and error.have is not None:
            try:
                with self._guard:
                    self._take_size(error.have)
            except Rejected as ahead:
                self._failed(ahead)
            return
        if error.code == "log.fork":
            with self._guard:
                self._spool.log_stopped = True
        if error.code == "upload.stale":
            self._asked = None
        self._failed(error)

    def _failed(self, error: KuaError, retry_after: Millis = AT_ONCE) -> None:
        with self._guard:
            again = self._spool.failed(self._clock.now(), self._chance(), retry_after)
        if self._link.trouble != error.code:
            _say.warning("uplink.trouble", code=error.code)
        self._link = replace(self._link, trouble=error.code, again_at=again)

    def _reached(self, size: int) -> None:
        if self._link.trouble:
            _say.info("uplink.well")
        self._link = Link(size, self._clock.now())
