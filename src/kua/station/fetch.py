# SPDX-License-Identifier: Apache-2.0
"""The process `fetch`: keeps one camera open and hands its compressed packets to `hide`. It decodes nothing and writes nothing to disk.

It may reach the camera's address only. A thread reads, because a camera may hang for ever; the watchdog judges by the age of packets.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO, Final, Protocol

from kua.core.errors import KuaError, Misused, Refused, Rejected, Unavailable
from kua.core.instant import Instant, Millis
from kua.flow.backoff import Backoff
from kua.flow.watchdog import PACKET_AGE, Watchdog
from kua.ports.clock import Clock
from kua.ports.source import Compressed, Described, Source
from kua.ports.trip import trip
from kua.station.pipe import DEVICE_FAULTS, Beat, Ended, Fault, Lost, Message, Packet, Start, send

BEAT: Final = Millis(1_000)
OPENING: Final = Millis(15_000)
"""A camera that has not answered for so long is given up; its thread ends by the source's own time limit."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """A fault that the device itself tells of, beside its stream: one of `DEVICE_FAULTS`, and `begin` or `end`."""

    kind: str
    state: str


@dataclass(frozen=True, slots=True)
class News:
    """What the reading thread of connection `turn` says: the stream, a packet, an error, or None for the end of a film. What the device itself tells of
    belongs to no connection: its turn is 0.
    """

    turn: int
    what: Described | Compressed | KuaError | Noticed | None


class Inbox(Protocol):
    """Where the reading threads put their news. `get` returns None when nothing came for that long."""

    def put(self, news: News) -> None: ...
    def get(self, wait: Millis) -> News | None: ...


class QueueInbox:
    """The inbox of real threads. Bounded: a reader that is not heard waits, and the camera's TCP window does the rest."""

    def __init__(self) -> None:
        self._queue: queue.Queue[News] = queue.Queue(256)

    def put(self, news: News) -> None:
        """Put, waiting for room."""
        self._queue.put(news)

    def get(self, wait: Millis) -> News | None:
        """Get, waiting at most so long."""
        try:
            return self._queue.get(timeout=wait / 1000)
        except queue.Empty:
            return None


Reader = Callable[[int], None]
"""Starts reading connection number `turn`; its news go to the inbox."""


class Threads:
    """A reader that opens and reads in a thread of its own for each connection."""

    def __init__(self, open_: Callable[[], Source], clock: Clock, inbox: Inbox) -> None:
        self._open, self._clock, self._inbox = open_, clock, inbox
        self._over = threading.Event()
        self._newest: threading.Thread | None = None
        self._turn = 0

    def __call__(self, turn: int) -> None:
        """Begin connection number `turn`. One that was given up before ends with its next packet: a camera that wakes up has no two of us to serve."""
        self._turn = turn
        arguments = turn, self._open, self._clock, self._inbox, lambda: self._over.is_set() or self._turn != turn
        self._newest = threading.Thread(target=read_on, args=arguments, name=f"reader-{turn}", daemon=True)
        self._newest.start()

    def end(self, wait: Millis) -> None:
        """Let the newest connection close in order, for at most so long: a camera that hears no goodbye keeps a place for a viewer who is gone."""
        self._over.set()
        if self._newest is not None:
            self._newest.join(wait / 1000)


def read_on(turn: int, open_: Callable[[], Source], clock: Clock, inbox: Inbox, is_over: Callable[[], bool] = lambda: False) -> None:
    """Open the source and put its news into `inbox` until it ends, fails or `is_over`. Foreign errors become `Unavailable("source.unreachable")`."""
    source: Source | None = None
    last: KuaError | None = None
    try:
        source = open_()
        inbox.put(News(turn, source.described))
        while not is_over() and (packet := source.read()) is not None:
            inbox.put(News(turn, packet if packet.arrival is not None else replace(packet, arrival=clock.now())))
    except KuaError as error:
        last = error
    except Exception as error:  # noqa: BLE001 - a plug-in or library may throw anything; its message may hold an address and is dropped
        last = Unavailable("source.unreachable", address="", how=type(error).__name__)
    finally:
        if source is not None:
            source.close()
        inbox.put(News(turn, last))


class Fetch:
    """One camera, opened again and again until told to stop. `share` draws random numbers, 0 <= share < 1."""

    def __init__(
        self,
        reader: Reader,
        inbox: Inbox,
        clock: Clock,
        share: Callable[[], float],
        out: Callable[[Message], None],
        *,
        live: bool,
        silence: Millis = PACKET_AGE,
    ) -> None:
        self._reader, self._inbox, self._clock, self._share, self._out = reader, inbox, clock, share, out
        self._live, self._silence = live, silence
        self._backoff = Backoff()
        self._turn = 0
        self._beaten = clock.monotonic()
        self._stopping = False

    def stop(self) -> None:
        """End with the next packet or beat: `Ended` is sent, so that `hide` finishes what it holds."""
        self._stopping = True

    def run(self) -> None:
        """Hand packets over until a film ends or `stop` was called.

        Raises the source's `Misused` or `Rejected` at the first opening: a setting is wrong, and trying again would not mend it.
        """
        while not self._stopping:
            lost = self._connection()
            if lost is None:
                break
            if isinstance(lost, Misused | Rejected) and (self._turn == 1 or not self._live):
                raise lost
            self._out(Lost(_reason_of(lost), self._clock.now()))
            if lost.code == "source.waiting":  # it waited by itself for a telephone: nobody is hammered, and whoever comes now is not kept waiting
                continue
            slow = isinstance(lost, Refused | Rejected | Misused)
            self._pause(self._backoff.failed(self._clock.monotonic(), self._share(), slow=slow))
        self._out(Ended())

    def _connection(self) -> KuaError | None:
        """Open once and hand over until it fails; return the failure, or None for the end."""
        self._turn += 1
        self._reader(self._turn)
        watch = Watchdog(self._clock.monotonic(), OPENING)
        while not self._stopping:
            now = self._clock.monotonic()
            if watch.is_starved(now):
                return Unavailable("source.silent", address="")
            news = self._next(watch.left(now))
            if news is None:
                continue
            match news.what:
                case Described() as told:
                    known = told.clock is not None
                    self._out(
                        Start(told.codec, told.width, told.height, told.base_num, told.base_den, told.extradata, known, told.clock or 0)
                    )
                    watch = Watchdog(self._clock.monotonic(), self._silence)
                case Compressed() as packet:
                    trip("fetch:1")
                    self._out(Packet(packet.pts, packet.key, packet.arrival or Instant(0), packet.payload, packet.camera or 0))
                    watch.fed(self._clock.monotonic())
                    self._backoff.worked(self._clock.monotonic())
                case KuaError() as error:
                    return error
                case Noticed():
                    pass
                case None:
                    return Unavailable("source.unreachable", address="", how="end") if self._live else None
        return None

    def _pause(self, wait: Millis) -> None:
        until = self._clock.monotonic() + wait
        while not self._stopping and (left := until - self._clock.monotonic()) > 0:
            self._next(Millis(left))

    def _next(self, wait: Millis) -> News | None:
        """Wait for news of the present connection, at most one beat long; what an abandoned thread still says is thrown away."""
        news = self._inbox.get(min(wait, BEAT))
        now = self._clock.monotonic()
        if now - self._beaten >= BEAT:
            self._beaten = now
            self._out(Beat(self._clock.now(), 0))
        if news is not None and isinstance(news.what, Noticed) and news.what.kind in DEVICE_FAULTS:
            self._out(Fault(self._clock.now(), news.what.kind, news.what.state))
            return None
        return news if news is not None and news.turn == self._turn else None


def _reason_of(error: KuaError) -> str:
    """Return the gap reason of the leaf registry for a failure of the source."""
    if isinstance(error, Refused) or error.code == "source.busy":
        return "camera_refused"
    return "camera_silent" if error.code == "source.silent" else "camera_lost"


def to_pipe(pipe: BinaryIO) -> Callable[[Message], None]:
    """Return what sends messages into `pipe`."""

    def out(message: Message) -> None:
        send(pipe, message)

    return out
