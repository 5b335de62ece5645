# SPDX-License-Identifier: Apache-2.0
"""Makes clips for readers: the port `Clips` over a centre's own published tree. One is made at a time, in a thread; the rest wait in a short line.

A clip is a court bundle of what is public at that moment. It lies in `clips/` of the centre's folder for a while, so that a crowd that asks for the same
minute costs one making; the folder is a cache of bounded size and is empty at every start. What is withdrawn goes from it too.
"""

import asyncio
import contextlib
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from pathlib import Path
from shutil import disk_usage
from typing import Final, final

from kua.centre.broadcast.clips import LONGEST, Fit, fit
from kua.centre.whole import in_thread
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.errors import KuaError, Unavailable
from kua.core.instant import Millis
from kua.flow.turnstile import Turnstile
from kua.ports.clips import ClipAsked, ClipState, Stage
from kua.ports.clock import Clock
from kua.ports.index import Places, PublicDay, PublicIndex
from kua.proof.bundle import Contents
from kua.proof.keys import VerifierKey
from kua.verify.gather import Wanted
from kua.verify.national import PlacedNation
from kua.verify.onefile import tools
from kua.verify.pack import Order, make_bundle
from kua.verify.reading import Folder
from kua.verify.view import LogView

BURST: Final = 4
"""Clips that one address may order at once."""
EVERY: Final = Millis(30_000)
"""Milliseconds until it may order one more."""
ASKS: Final = 20
"""Orders of one address at once, whatever becomes of them: to look what is public costs something too."""
ASK: Final = Millis(1_000)
"""Milliseconds until it may send one more."""
SECOND: Final = Millis(1_000)
"""Milliseconds for which a look at a camera's day holds."""
DAYS: Final = 32
"""Days that are held so."""
LINE: Final = 16
"""Clips that wait at most, of all readers together."""
KEPT: Final = Millis(10 * 60_000)
"""Milliseconds for which a clip stays: the next one of the same minute may have the seal of its hour, which this one has not."""
LOOK: Final = 60.0
"""Seconds between two looks at whether what lies there is still public; who fetches a clip looks too."""
HOUSE: Final = 4 * 1024 * 1024
"""Bytes of a clip beside its film: statements, proofs, verifiers."""
ROLE: Final = "site"
"""Who made it, in its custody list."""


@dataclass(slots=True)
class _Job:
    """One clip on its way."""

    key: str
    fit: Fit
    stage: Stage = "waiting"
    path: Path | None = None
    size: int = 0
    error: KuaError | None = None
    touched: Millis = field(default=Millis(0))

    @property
    def room(self) -> int:
        """Bytes that it takes at most: its film twice, since a working copy is in it."""
        return self.size or 2 * self.fit.bytes + HOUSE


@final
class ClipRoom:
    """The port `Clips`. `tree` is the election's folder of the published tree, `room` how many bytes of clips the disk holds, `reserve` what stays free.

    `run` makes them; on cancellation the one that is being made is finished first.
    """

    def __init__(
        self, folder: Path, tree: Path, origin: str, key: VerifierKey, index: PublicIndex, places: Places, clock: Clock, *, room: int, reserve: int = 0
    ) -> None:
        self._folder, self._tree, self._origin, self._key = folder, tree, origin, key
        self._index, self._places, self._clock, self._room, self._reserve = index, places, clock, room, reserve
        self._turnstile, self._asking = Turnstile(BURST, EVERY), Turnstile(ASKS, ASK)
        self._days: OrderedDict[tuple[str, str], tuple[Millis, PublicDay]] = OrderedDict()
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._line: deque[str] = deque()
        self._news = asyncio.Event()
        folder.mkdir(parents=True, exist_ok=True)
        for left in [*folder.glob("*.zip"), *folder.glob("*.part")]:
            left.unlink(missing_ok=True)

    @property
    def longest(self) -> Millis:
        """Milliseconds of the longest clip."""
        return LONGEST

    def order(self, asked: ClipAsked, who: str) -> str:
        """Keep the port's promise."""
        now = self._clock.monotonic()
        if not self._asking.may(who, now):
            raise Unavailable("clip.too_many", seconds=ASK // 1000)
        found = fit(self._day(asked.station, asked.cam), asked)
        self._let_go()
        key = _key_of(found)
        held = self._jobs.get(key)
        if held is not None and held.stage != "failed":
            return key
        if len(self._line) >= LINE:
            raise Unavailable("clip.busy", count=len(self._line), seconds=20)
        job = _Job(key, found, touched=now)
        self._make_room(job)
        if not self._turnstile.may(who, now):
            raise Unavailable("clip.too_many", seconds=EVERY // 1000)
        self._jobs[key] = job
        self._line.append(key)
        self._news.set()
        return key

    def state(self, key: str) -> ClipState | None:
        """Keep the port's promise."""
        job = self._jobs.get(key)
        if job is None or not self._look(job):
            return None
        ahead = self._line.index(key) + any(each.stage == "making" for each in self._jobs.values()) if key in self._line else 0
        return ClipState(key, job.fit.asked, job.stage, ahead, job.path, _name_of(job.fit.asked), job.size, job.error)

    async def run(self) -> None:
        """Make what is on the line, for ever."""
        while True:
            self._news.clear()
            while self._line:
                await self._next(self._jobs[self._line.popleft()])
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._news.wait()
                    continue
            self._let_go()
            for job in list(self._jobs.values()):
                self._look(job)
                await asyncio.sleep(0)  # a long day takes a moment to look through, and readers of other pages wait meanwhile

    async def _next(self, job: _Job) -> None:
        job.stage = "making"
        path = self._folder / f"{job.key}.zip"
        try:
            await in_thread(self._make, job.fit.asked, path)
            job.size = path.stat().st_size
        except KuaError as error:
            job.stage, job.error = "failed", error
        except OSError as error:
            job.stage, job.error = "failed", Unavailable("clip.no_room", why=error.strerror or type(error).__name__)
        else:
            job.stage, job.path = "ready", path
        finally:
            if job.stage != "ready":
                path.unlink(missing_ok=True)
        job.touched = self._clock.monotonic()
        self._look(job)

    def _make(self, asked: ClipAsked, path: Path) -> None:
        """In a thread: files, the index (which has a lock of its own) and nothing of the event loop's."""
        path.unlink(missing_ok=True)
        view = LogView.open([Folder(self._tree / "nation")], self._key, self._origin)
        wanted = Wanted(asked.station, (asked.cam,), asked.since, asked.until)
        make_bundle(Folder(self._tree), Order(wanted, role=ROLE, tools=tools(), own=PlacedNation(view, self._places)), path)

    # ------------------------------------------------------------------------------------------------------- the folder

    def _let_go(self) -> None:
        """Let go of what is old."""
        now = self._clock.monotonic()
        for job in list(self._jobs.values()):
            if job.stage in {"ready", "failed"} and now - job.touched > KEPT:
                self._drop(job)

    def _look(self, job: _Job) -> bool:
        """Say whether a clip may still be given away; one whose film is not public any more goes at once."""
        if job.stage in {"ready", "failed"} and not self._is_public(job):
            self._drop(job)
        return job.key in self._jobs

    def _is_public(self, job: _Job) -> bool:
        try:
            return _key_of(fit(self._day(job.fit.asked.station, job.fit.asked.cam), job.fit.asked)) == job.key
        except KuaError:
            return False

    def _day(self, station: str, cam: str) -> PublicDay:
        """Return a camera's day, looked through at most once a second however many ask."""
        now = self._clock.monotonic()
        at, day = self._days.get((station, cam), (None, None))
        if at is None or day is None or now - at >= SECOND:
            day = self._index.day(station, cam)
            self._days[station, cam] = (now, day)
            self._days.move_to_end((station, cam))
            while len(self._days) > DAYS:
                self._days.popitem(last=False)
        return day

    def _drop(self, job: _Job) -> None:
        del self._jobs[job.key]
        if job.path is not None:
            job.path.unlink(missing_ok=True)

    def _make_room(self, job: _Job) -> None:
        """Take the oldest clips away until there is room for one more. Raises `Unavailable("clip.no_room")`."""
        taken = sum(each.room for each in self._jobs.values() if each.stage != "failed")
        for each in list(self._jobs.values()):
            if taken + job.room <= self._room:
                break
            if each.stage == "ready":
                taken -= each.room
                self._drop(each)
        if taken + job.room > self._room or disk_usage(self._folder).free < job.room + self._reserve:
            raise Unavailable("clip.no_room", why="full")


def _key_of(found: Fit) -> str:
    """The name of a clip: the same film and the same time are the same clip."""
    asked = found.asked
    told = {"station": asked.station, "cam": asked.cam, "since": asked.since, "until": asked.until, "films": [digest for digest, _ in found.films]}
    return sha256(canonical(told)).hex()[:32]


def _name_of(asked: ClipAsked) -> str:
    return Contents("-", asked.station, (asked.cam,), asked.since, asked.until, copies=True).name + ".zip"

