# SPDX-License-Identifier: Apache-2.0
"""Is this the disk that we wrote on yesterday? A file `meta` in the box and one in its folder of film say so (docs/spec/station-box.md).

Both name the box, the folder, how often they were opened, and how long the log was then. A disk that is another one, was mounted over, is not mounted,
or was restored from an old copy says something else, and then nothing on it is deleted and nothing written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from kua.core.canonical import canonical, read_canonical
from kua.core.errors import KuaError, Refused, Rejected, Unavailable
from kua.ports.durable import Durable

NAME: Final = "meta"
FILM: Final = "film"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a file `meta` says: the box, its folder of film (16 hex digits each), how often both were opened, the log's length at the last opening."""

    box: str
    film: str
    opened: int
    log: int

    def to_bytes(self) -> bytes:
        """Return the file."""
        return canonical({"v": 1, "box": self.box, "film": self.film, "opened": self.opened, "log": self.log})


def read_mark(data: bytes, path: str) -> Mark:
    """Read a file `meta`. Raises `Refused("disk.meta")`: what cannot be read vouches for nothing."""
    try:
        body = read_canonical(data)
        mark = Mark(str(body["box"]), str(body["film"]), body["opened"], body["log"])
        if mark.to_bytes() != data or type(mark.opened) is not int or type(mark.log) is not int:
            raise ValueError(path)
    except (Rejected, ValueError, KeyError, TypeError) as error:
        raise Refused("disk.meta", path=path) from error
    return mark


@final
class Marks:
    """The two marks of a box that is open. `check` before anything is deleted, and before and after film is written.

    `trouble` is what was wrong with the folder of film when the box was opened: the log goes on without it, and film when `check` passes.
    """

    def __init__(self, box: Path, files: Durable, mark: Mark | None, trouble: KuaError | None = None) -> None:
        self._box, self._files, self.mark, self.trouble = box, files, mark, trouble

    @classmethod
    def open(cls, box: Path, files: Durable, draw: Callable[[], str], log: int) -> "Marks":
        """Open a box whose log has `log` entries: check both marks, and count this opening in both. A box without any gets them; `draw` names things.

        Where only the folder of film is not the right one, the box is opened with this `trouble`, and the opening is not counted. Raises what speaks against
        the box itself: `Refused("disk.log_older")`, `Refused("disk.meta" | "disk.other")` where it has no mark of its own that could be believed, and
        `Unavailable("disk.*")`. On a full disk the opening is not counted; a box that has no marks yet has none then, and nothing of it is deleted.
        """
        ours, film = _of_box(box, files), None
        try:
            film = _of_film(box, files)
            if ours is None:
                if film is not None:
                    raise Refused("disk.other", given=film.box, wanted="-")
                ours = Mark(draw(), draw(), 0, log)
            _compare(ours, film, log)
        except (Refused, Unavailable) as error:
            if ours is None or error.code == "disk.log_older":
                raise
            return cls(box, files, ours, error)
        opened = Mark(ours.box, ours.film, max(ours.opened, film.opened if film else 0) + 1, log)
        try:
            if ours.opened == 0:
                files.replace(box / NAME, ours.to_bytes())  # first, so that a mark of film that stands alone is always another box's
            files.replace(box / FILM / NAME, opened.to_bytes())
            files.replace(box / NAME, opened.to_bytes())
        except Unavailable as error:
            if error.code != "disk.full":
                raise
            return cls(box, files, film)
        return cls(box, files, opened)

    def check(self) -> None:
        """Insist that the folder of film is still the one that was opened. Raises as `open` does."""
        if self.mark is None:
            return
        data = self._files.read(self._box / FILM / NAME)
        if data is None:
            raise Unavailable("disk.gone", path=FILM, why="no meta")
        there = read_mark(data, f"{FILM}/{NAME}")
        if (there.box, there.film) != (self.mark.box, self.mark.film):
            raise Refused("disk.other", given=there.box, wanted=self.mark.box)
        if there.opened - self.mark.opened not in {0, 1}:  # one more: the last opening died between the two marks
            raise Refused("disk.older", given=there.opened, wanted=self.mark.opened)

    @property
    def may_delete(self) -> bool:
        """Whether anything may be deleted at all."""
        return self.mark is not None


def _of_box(box: Path, files: Durable) -> Mark | None:
    return _read(box, files, NAME)


def _of_film(box: Path, files: Durable) -> Mark | None:
    return _read(box, files, f"{FILM}/{NAME}")


def _read(box: Path, files: Durable, path: str) -> Mark | None:
    """Return a mark, None if it is not there. Raises `Refused("disk.meta")`, `Unavailable("disk.*")`."""
    data = files.read(box / path)
    return None if data is None else read_mark(data, path)


def examine(box: Path, files: Durable, log: int) -> None:
    """Insist that a box which is not running fits together; changes nothing. A box that has no marks yet passes. Raises as `Marks.open` does."""
    ours, film = _of_box(box, files), _of_film(box, files)
    if ours is None:
        if film is not None:
            raise Refused("disk.other", given=film.box, wanted="-")
        return
    _compare(ours, film, log)


def _compare(ours: Mark, film: Mark | None, log: int) -> None:
    if film is None:
        if ours.opened:
            raise Unavailable("disk.gone", path=FILM, why="no meta")
        return
    if (film.box, film.film) != (ours.box, ours.film):
        raise Refused("disk.other", given=film.box, wanted=ours.box)
    if film.opened < ours.opened:
        raise Refused("disk.older", given=film.opened, wanted=ours.opened)
    if film.opened > ours.opened + 1 or film.log > log:
        # Film was opened more often than this box knows of, or beside a longer log: the box itself is the old copy.
        raise Refused("disk.log_older", given=log, wanted=film.log)


