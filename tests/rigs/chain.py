# SPDX-License-Identifier: Apache-2.0
"""A camera's whole way on a clock set by hand: real RTSP, the real `fetch`, `hide` and `keep`, a real log; then what the log, the page and the operator say.

No second of the wall passes but those of a camera that keeps silent (`PATIENCE`): each packet that comes moves the clock by one picture's time.
"""

from collections import Counter, deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from kua.adapters.badcamera.reel import made
from kua.adapters.badcamera.server import BadCamera, serving
from kua.adapters.badcamera.switches import Switches
from kua.adapters.codecs.packets import PacketDecoder
from kua.adapters.codecs.segmenter import Segmenter
from kua.adapters.sources.painting import PaintedRoom
from kua.adapters.sources.rtsp import open_rtsp
from kua.app.telling import camera_told
from kua.cli.station import camera_words
from kua.core.errors import KuaError
from kua.core.instant import Instant, Millis
from kua.law.hiding import DEFAULT
from kua.media.timeline import Film
from kua.ports.index import PublicDay
from kua.ports.source import Opening, Source
from kua.sight.hider import Hider
from kua.station.fetch import Fetch, News
from kua.station.hide import Hide
from kua.station.means import Means, Shape
from kua.station.pipe import Fault, Message
from kua.web.kit.pages import Words
from kua.web.site.lamps import lamp_of
from kua.web.site.strip import stretches
from tests.golden.site_fixture import fixture
from tests.rigs.keeping import Station
from tests.rigs.rooms import SEED, drawn_room

SIZE, FPS = (320, 180), 10
PATIENCE = Millis(300)
HUNG = 10_000
"""What `PATIENCE` stands for on the clock of the test: the source's own."""
PASSWORD = "s3cr3t-w0rd"


class Chain:
    """One camera with its faults. `pictures` are served on each connection; the test ends when so many have come, or at `until` milliseconds."""

    def __init__(
        self, folder: Path, switches: Switches, pictures: int, *, until: int = 600_000, login: bool = False, may_loop: bool = False
    ) -> None:
        room, drawn = PaintedRoom(SEED, *SIZE), drawn_room(*SIZE)
        self.station = Station(folder)
        self.clock = self.station.clock
        self.began = self.clock.now()
        reel = made(lambda number: room.picture(600_000 + number * 1000 // FPS), pictures, FPS, switches)
        user, password = ("admin", PASSWORD) if login else ("", "")
        self.camera = BadCamera(reel, switches, self.clock.now, user=user, password=password)
        self.switches, self.wanted, self.until = switches, pictures, until
        self.before_opening: Callable[[int], None] = lambda _turn: None
        self.sent: list[Message] = []
        self.opened_at: list[int] = []
        self._login = login
        self._news: deque[News] = deque()
        self._late: tuple[int, News] | None = None
        self._source: Source | None = None
        self._turn = self._taken = 0
        self._ticked = self.clock.monotonic()
        names = iter(f"{number:08x}" for number in range(0xA000, 0xB000))
        calibration = drawn.calibration()
        means = Means(
            clock=self.clock,
            run_name=lambda: next(names),
            open_decoder=PacketDecoder,
            open_film=lambda emit: Segmenter(*SIZE, FPS, 400_000, "ultrafast", emit),
            new_hider=lambda phase: Hider(calibration, drawn.reference, DEFAULT, phase),
            phase_at=lambda _at: "voting",
            may_loop=may_loop,
        )
        self.hide = Hide(Shape(*SIZE, FPS), means, self._keep)
        self.fetch = Fetch(self._open, self, self.clock, lambda: 0.5, self.hide.take, live=True)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(serving(self.camera))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.hang_up()
        self._stack.close()
        self.station.log.close()
        self.station.outbox.close()

    def run(self) -> "Chain":
        """Record until the pictures or the time are used up, see what the operator is told at that moment, and close the day."""
        self.fetch.run()
        stood = self._told()
        self.hide.finish(ended=True)
        counted = self._told()
        self.told = stood | {name: counted[name] for name in ("counts", "clock")}
        self.station.keep.close("ordered")
        return self

    def _told(self) -> dict[str, Any]:
        return camera_told("a", self.station.keep, self.station.journal, state="recording", restarts=0)

    # ------------------------------------------------------------------------------------------------- what it has come to

    def log(self) -> dict[str, Any]:
        """Return what the log says: reasons of gaps in order, faults as `kind state` in order, reasons of filled pictures, and milliseconds of film."""
        leaves = self.station.leaves()
        film = sum(leaf["t1"] - leaf["t0"] for leaf in leaves if leaf.type == "segment")
        return {
            "gaps": [leaf["reason"] for leaf in leaves if leaf.type == "gap"],
            "faults": [f"{leaf['kind']} {leaf['state']}" for leaf in leaves if leaf.type == "fault"],
            "hidden": sorted({leaf["reason"] for leaf in leaves if leaf.type == "hidden"}),
            "film": film,
        }

    def lost(self) -> Counter[str]:
        """Return how many milliseconds are missing for which reason."""
        gone: Counter[str] = Counter()
        for leaf in self.station.leaves("gap"):
            gone[leaf["reason"]] += leaf["t1"] - leaf["t0"]
        return gone

    def page(self) -> list[tuple[str, str]]:
        """Return the day as the public page words it, once everything has arrived: each stretch with its reason."""
        day = self.station.account()
        present = frozenset(item.sha256 for item in day.items if isinstance(item, Film))
        return [(part.word, part.why) for part in stretches(PublicDay(day, present, frozenset(), Instant(2**52), {}), Words("en"))]

    def lamp(self) -> str:
        """Return the word of the station's lamp while the faults stand that stand now."""
        index = fixture()
        return lamp_of(
            index.file.station("10-245"), replace(index.states["10-245"], faults=frozenset(self.told["faults"])), Words("en")
        ).word

    def operator(self) -> list[str]:
        """Return what `kua station check` says of the camera."""
        return camera_words(self.told)

    def of(self, kind: Any) -> list[Any]:
        """Return the messages of one kind that `hide` sent."""
        return [message for message in self.sent if isinstance(message, kind)]

    # --------------------------------------------------------------------------------------------------- the inbox of fetch

    def put(self, news: News) -> None:
        self._news.append(news)

    def get(self, wait: Millis) -> News | None:
        """Give the next packet and let a picture's time pass; what a hanging camera says comes after its patience."""
        self._tick()
        if self._taken >= self.wanted or self.clock.now() - self.began >= self.until:
            self.fetch.stop()
            return None
        if self._news:
            return self._news.popleft()
        if self._late is not None:
            at, news = self._late
            if self.clock.monotonic() >= at:
                self._late = None
                return news
        elif self._source is not None:
            return self._read(self._source)
        self.clock.advance(wait)
        return None

    def _read(self, source: Source) -> News | None:
        try:
            packet = source.read()
        except KuaError as error:
            self.hang_up()
            return self._failed(error)
        if packet is None:
            return News(self._turn, None)
        self.clock.advance(round(1000 / FPS * self.switches.slow))
        self._taken += 1
        return News(self._turn, replace(packet, arrival=self.clock.now()))

    def _open(self, turn: int) -> None:
        self.hang_up()
        self.before_opening(turn)
        self._turn, self._late = turn, None
        self.opened_at.append(self.clock.now() - self.began)
        login = "admin@" if self._login else ""
        opening = Opening(self.clock, lambda _wait: None, PASSWORD if self._login else None, PATIENCE)
        try:
            self._source = open_rtsp(f"rtsp://{login}127.0.0.1:{self.camera.port}/x", opening)
        except KuaError as error:
            news = self._failed(error)
            if news is not None:
                self._news.append(news)
        else:
            self._news.append(News(turn, self._source.described))

    def _failed(self, error: KuaError) -> News | None:
        news = News(self._turn, error)
        if error.code != "source.silent":
            return news
        self._late = self.clock.monotonic() + HUNG, news
        return None

    def hang_up(self) -> None:
        if self._source is not None:
            self._source.close()
        self._source = None

    def _keep(self, message: Message) -> None:
        self.sent.append(message)
        self.station.keep.handle("a", message)

    def _tick(self) -> None:
        if self.clock.monotonic() - self._ticked >= 1_000:
            self._ticked = self.clock.monotonic()
            self.station.keep.tick()


__all__ = ["Chain", "Fault", "Switches"]
