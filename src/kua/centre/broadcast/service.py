# SPDX-License-Identifier: Apache-2.0
"""Keeps the published tree as the plan says: wakes when something arrives or becomes due, never in between.

Files are hard links to the store, or copies where the file system has none; playlists are replaced whole. What a crash left half done is
found and mended at the start: the tree is derived, the logs and the store are the truth.
"""

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from kua.centre.broadcast.shelf import Plan, Progress, Shelf, apply, piece_of, plan
from kua.centre.ingest.book import Read
from kua.centre.ingest.members import Member, Members
from kua.centre.whole import in_thread
from kua.core.errors import Unavailable
from kua.core.instant import Instant
from kua.law.publication import Publication
from kua.media.coverage import NAME as COVERAGE
from kua.ports.clock import Clock
from kua.ports.durable import Durable
from kua.ports.index import Index
from kua.ports.store import Store
from kua.ports.trip import trip
from kua.proof.leaf import Leaf

AGAIN: Final = 5.0
"""Seconds until a publication that a sick disk refused is tried again."""
TOGETHER: Final = 300
"""Milliseconds between two looks at one station: a backlog that arrives is shown in few strokes, not in one for each segment."""
_NEVER: Final = Instant(2**63)


@final
class Broadcast:
    """The service. `tree` is the election's folder of the published tree; `arrived` and `logged` may be called on the event loop at any time."""

    def __init__(
        self, members: Members, rules: Publication, store: Store, index: Index, files: Durable, clock: Clock, tree: Path,
        told: Callable[[str, int], None],
    ) -> None:
        self._members, self._rules, self._store, self._index, self._files = members, rules, store, index, files
        self._clock, self._tree, self._told = clock, tree, told
        self._shelves: dict[str, Shelf] = {}
        self._due: dict[str, Instant] = {}
        self._last: dict[str, Instant] = {}
        self._news = asyncio.Event()
        self._turn = asyncio.Lock()

    def shelf(self, station: str) -> Shelf:
        """Return what is published of `station` right now."""
        return self._shelves.setdefault(station, Shelf())

    def arrived(self, member: Member, digest: str) -> None:
        """Bytes of `member` are in the store: look at once, or when they become due."""
        segments = [target for target in member.book.targets.get(digest, ()) if target.kind in {"segment", "live"}]
        others = len(segments) < len(member.book.targets.get(digest, ()))
        dues = [self._rules.due_at(piece_of(member.station, film)) for film in segments]
        self._look(member.station, Instant(0) if others else min(dues, default=Instant(0)))

    def logged(self, member: Member, read: Read) -> None:
        """Leaves of `member` are in its log: look when the first of them may be known to the public."""
        for leaf in read.leaves:
            is_item = isinstance(leaf, Leaf) and leaf.type in {"segment", "gap"}
            self._look(member.station, Instant(leaf["t1"] + self._rules.delay) if is_item and isinstance(leaf, Leaf) else Instant(0))

    def _look(self, station: str, due: Instant) -> None:
        if due < self._due.get(station, _NEVER):
            self._due[station] = due
            self._news.set()

    def wake(self) -> None:
        """Look at the clock again (a manual clock has moved)."""
        self._news.set()

    async def run(self) -> None:
        """Publish for ever."""
        for member in self._members:
            self._look(member.station, Instant(0))
        while True:
            self._news.clear()
            await self.publish_due()
            await self._wait()

    async def publish_due(self) -> None:
        """Publish every station whose time has come."""
        now = self._clock.now()
        for station in [station for station, due in self._due.items() if due <= now]:
            since = now - self._last.get(station, Instant(0))
            if 0 < since < TOGETHER:
                self._due[station] = Instant(now + TOGETHER - since)
                continue
            try:
                await self.publish(station)
            except Unavailable as error:
                self._told(error.code, now)
                self._due[station] = Instant(now + int(AGAIN * 1000))

    async def publish(self, station: str) -> None:
        """Bring the tree of `station` to what the rules say now. Raises `Unavailable("disk.*")`; it may be called again."""
        member = self._members.find(station)
        if member is None:
            self._due.pop(station, None)
            return
        async with self._turn:
            if station not in self._shelves:
                self._shelves[station] = await in_thread(self._take_stock, member)
            shelf = self._shelves[station]
            now = self._last[station] = self._clock.now()
            made = plan(member.book, member.received, shelf, self._rules, now)
            self._due.pop(station, None)
            if made.due is not None:
                self._due[station] = made.due
            if not (made.remove or made.links or made.texts):
                apply(made, shelf)
            else:
                trip("centre:12")
                await in_thread(self._carry_out, station, made)
                trip("centre:12.shown")
                apply(made, shelf)
                self._note(member, made)

    def _note(self, member: Member, made: Plan) -> None:
        at = self._clock.now()
        fresh = [digest for digest in made.shown if digest not in member.published]
        self._index.published(member.station, fresh, at)
        self._index.published(member.station, made.hidden, None)
        member.published.update(dict.fromkeys(fresh, at))
        for digest in made.hidden:
            member.published.pop(digest, None)

    async def _wait(self) -> None:
        due = min(self._due.values(), default=None)
        seconds = None if due is None else max(0.0, (due - self._clock.now()) / 1000)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    # ------------------------------------------------------------------------------------------- in a thread: files only

    def _carry_out(self, station: str, made: Plan) -> None:
        root = self._tree / "s" / station
        for name in made.remove:
            self._files.remove(root / name)
        folders = set()
        for link in made.links:
            path = root / link.name
            self._show(self._store.path(link.sha256), path)
            folders.add(path.parent)
        for folder in sorted(folders):
            _sync(folder)
        trip("centre:12.links")
        for name, text in made.texts.items():
            self._files.replace(root / name, text.encode())

    def _show(self, stored: Path, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(stored, path)
        except FileExistsError:
            return
        except OSError as error:
            if error.errno not in {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP}:
                raise Unavailable("disk.failed", path=path.name, why=os.strerror(error.errno or 0)) from error
            self._files.write_once(path, stored.read_bytes())

    def _take_stock(self, member: Member) -> Shelf:
        """Find what is published already, and take away what no leaf names: what a crash left, or what somebody put there."""
        root = self._tree / "s" / member.station
        named = {target.name: (digest, target) for digest, targets in member.book.targets.items() for target in targets}
        shelf = Shelf(progress={cam: Progress() for cam in member.book.days})
        if (root / COVERAGE).exists():
            shelf.texts[COVERAGE] = (root / COVERAGE).read_text("utf-8", "replace")
        for path in [*root.glob("film/*/*"), *root.glob("film/*/live/*"), *root.glob("calibration/*")]:
            if path.is_dir():
                continue
            name = path.relative_to(root).as_posix()
            if name.endswith(".m3u8"):
                shelf.texts[name] = path.read_text("utf-8", "replace")
                continue
            if name not in named or not self._same(path, named[name][0]):
                self._files.remove(path)
                continue
            digest, target = named[name]
            shelf.names.add(name)
            if target.kind == "segment":
                shelf.progress[target.cam].present.add(digest)
            elif target.kind == "live":
                shelf.progress[target.cam].lives.add(digest)
        return shelf

    def _same(self, path: Path, digest: str) -> bool:
        """Whether a published file is the stored one: the same file by inode, or, where it was copied, of the same size."""
        if not self._store.has(digest):
            return False
        ours, theirs = self._store.path(digest).stat(), path.stat()
        return ours.st_ino == theirs.st_ino or ours.st_size == theirs.st_size


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
