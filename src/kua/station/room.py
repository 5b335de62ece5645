# SPDX-License-Identifier: Apache-2.0
"""Makes room for film and knows what is wrong with its disk: `kua.flow.space` decides, this obeys. It measures the file system that the film lies on, asks
the folder who it is before it deletes anything, and looks afterwards whether deleting freed anything. Knows no log.
"""

from pathlib import Path
from typing import Final, final

import structlog

from kua.core.errors import KuaError, Refused, Rejected, Unavailable
from kua.flow.space import Fits, Full, Remove, Space
from kua.ports.clock import Clock
from kua.ports.durable import Durable
from kua.station.holds import EVERYTHING, Hold, read_holds
from kua.station.marks import FILM, Marks
from kua.station.spool import Outbox, Row

LEAN: Final = "lean"
"""File of the box that asks `hide` for leaner film while it is there."""
PREVIEWS: Final = "previews"
"""Folder of the box whose files are the first to go."""
KINDS: Final = {
    "disk.full": "disk_full",
    "disk.failed": "disk_failed",
    "disk.read_only": "disk_read_only",
    "disk.gone": "disk_gone",
    "disk.other": "disk_other",
    "disk.older": "disk_other",
    "disk.log_older": "disk_other",
    "disk.meta": "disk_other",
}
"""Which fault of the station an error's code is."""
STUCK: Final = "disk_stuck"
HELD: Final = "hold_unreadable"
FAULTS: Final = (*dict.fromkeys(KINDS.values()), STUCK, HELD)
"""Every kind of fault that the disk may have (docs/spec/leaf.md)."""

SPARE: Final = 16 * 1024 * 1024
"""Bytes of the file `reserve`, which is given up so that leaves can still be written when the disk is full."""

_say = structlog.get_logger("kua.room")


@final
class Reserve:
    """A file that holds space for leaves."""

    def __init__(self, path: Path, files: Durable) -> None:
        self._path, self._files = path, files

    def hold(self) -> None:
        """Take the space, if there is plenty."""
        if not self._is_there() and self._files.free(self._path.parent) > 4 * SPARE:
            try:
                self._files.write_once(self._path, bytes(SPARE))
            except Unavailable as error:
                _say.warning("reserve", code=error.code)

    def release(self) -> bool:
        """Give the space up; False if there was none."""
        there = self._is_there()
        self._files.remove(self._path)
        return there

    def _is_there(self) -> bool:
        try:
            return self._path.exists()
        except OSError:  # whatever is wrong with the disk, the next write says it with its type
            return False


@final
class Room:
    """The disk of one box. `faults` is what is wrong now; `known` are those that the log says already. `marks` None: the folder is not asked who it is."""

    def __init__(
        self, box: Path, outbox: Outbox, files: Durable, clock: Clock, space: Space, marks: Marks | None = None, known: frozenset[str] = frozenset()
    ) -> None:
        self._box, self._outbox, self._files, self._clock, self._space, self._marks = box, outbox, files, clock, space, marks
        self.reserve = Reserve(box / "reserve", files)
        self.faults = set(known)
        if marks is not None and marks.trouble is not None:
            self.faults.add(KINDS[marks.trouble.code])
        self._is_lean: bool | None = None
        self._need = 0
        """What found no room last: as long as that would find none, the disk is full."""
        self._refused = "disk_full" in known
        """Whether a write was refused for want of room although there seemed to be some: only one that succeeds says otherwise."""

    def make(self, need: int) -> str:
        """Make room for `need` bytes of film. Return the reason of the gap that follows if there is none, else nothing."""
        try:
            self.verify()
            self._drop("disk_gone", "disk_other")
            fits = self._made(need)
        except (Unavailable, Refused) as error:
            return self.blame(error)
        self._lean()
        if not fits:
            self._need = need
            self.faults.add("disk_full")
            return "disk_full"
        if not self._refused:
            self._drop("disk_full")
        return ""

    def verify(self) -> None:
        """Insist that the folder of film is the one that was opened. Raises `Refused("disk.*")`, `Unavailable("disk.*")`."""
        if self._marks is not None:
            self._marks.check()

    def blame(self, error: KuaError) -> str:
        """Note why film could not be kept; return the reason of the gap. An error that says nothing of the disk is raised again."""
        if error.code not in KINDS:
            raise error
        if error.code == "disk.full":
            self._refused = True
        if KINDS[error.code] not in self.faults:
            _say.error("disk", code=error.code, **error.facts)
        self.faults.add(KINDS[error.code])
        return "disk_full" if error.code == "disk.full" else "disk_failed"

    def wrote(self) -> None:
        """Note that film was written whole: the disk takes it."""
        self._refused, self._need = False, 0
        self._drop("disk_full", "disk_failed", "disk_read_only")

    def tick(self) -> None:
        """Look whether what was wrong is well again."""
        if self.faults or self._space.is_lean:
            self.make(self._need)

    def free(self) -> int:
        """Return the bytes that are free where the log lies."""
        return self._files.free(self._box)

    def _drop(self, *kinds: str) -> None:
        self.faults.difference_update(kinds)

    def _folder(self) -> Path:
        """The file system that matters is the one under the film, whatever is mounted there."""
        film = self._box / FILM
        if self._may_delete and self._marks is not None:
            return film
        try:
            return film if film.is_dir() else self._box
        except OSError:
            return self._box

    @property
    def _may_delete(self) -> bool:
        return self._marks is None or self._marks.may_delete

    def _made(self, need: int) -> bool:
        folder = self._folder()
        while True:
            free, now = self._files.free(folder), self._clock.monotonic()
            preview = row = None
            if self._space.is_short(free, need) and self._may_delete:
                preview = self._preview()
                row = self._outbox.oldest_received(self._held())
            step = self._space.step(free, need, now, preview=preview is not None, received=row is not None)
            match step:
                case Fits():
                    self._drop(STUCK)
                    return True
                case Full():
                    if self._space.is_stuck(now):
                        self.faults.add(STUCK)
                    return False
                case Remove("preview") if preview is not None:
                    self._remove(folder, *preview)
                case Remove() if row is not None:
                    self._remove(folder, self._box / row.path, row.size, row)

    def _remove(self, folder: Path, path: Path, size: int, row: Row | None) -> None:
        """Remove one file and look whether it freed anything. Raises `Refused`, `Unavailable`: the folder is asked once more, just before."""
        self.verify()
        before = self._files.free(folder)
        if row is not None:
            self._note_removal(row)
        self._files.remove(path)
        after = self._files.free(folder)
        self._space.removed(size, before, after, self._clock.monotonic())
        _say.info("film.removed" if row and row.kind != "live" else "preview.removed", path=path.name, freed=after - before)

    def _note_removal(self, row: Row) -> None:
        """Note in the outbox that a file goes, before it does. A disk without a free byte takes not even that: then the reserve is given up."""
        note = self._outbox.spare if row.kind == "live" else self._outbox.removed
        try:
            note(row.digest)
        except Unavailable as error:
            if error.code != "disk.full" or not self.reserve.release():
                raise
            _say.error("reserve.released")
            note(row.digest)

    def _preview(self) -> tuple[Path, int, Row | None] | None:
        """Return the oldest preview and its size; a lowered segment, whose film lies beside it, with its row."""
        lowered = self._outbox.oldest_preview()
        if lowered is not None:
            return self._box / lowered.path, lowered.size, lowered
        try:
            found = [(path.stat(), path) for path in (self._box / PREVIEWS).iterdir() if path.is_file()]
        except OSError:
            return None
        oldest = min(found, key=lambda each: (each[0].st_mtime_ns, each[1].name), default=None)
        return None if oldest is None else (oldest[1], oldest[0].st_size, None)

    def _held(self) -> tuple[Hold, ...]:
        try:
            held = read_holds(self._box, self._files)
        except Rejected as error:
            if HELD not in self.faults:
                _say.error("hold", code=error.code)
            self.faults.add(HELD)
            return EVERYTHING
        self._drop(HELD)
        return held

    def _lean(self) -> None:
        """Ask `hide` for leaner film, or for no leaner than it is set to be."""
        if self._is_lean is self._space.is_lean:
            return
        try:
            if self._space.is_lean:
                self._files.replace(self._box / LEAN, b"")
            else:
                self._files.remove(self._box / LEAN)
        except Unavailable:
            return  # asked again with the next film
        if self._is_lean is not None or self._space.is_lean:
            _say.warning("film.lean", on=self._space.is_lean)
        self._is_lean = self._space.is_lean
