# SPDX-License-Identifier: Apache-2.0
"""The copy of one log: its checkpoint, tiles and co-signed heads, each held against a head that was signed before it gets its name."""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final, TypeVar, final

from kua.core.election import Election
from kua.core.errors import Incomplete, KuaError, Rejected, Unavailable
from kua.ports.durable import Durable
from kua.proof.checkpoint import PATH, open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.note import MAX_NOTE
from kua.proof.tiles import WIDTH, Tile, encode_bundle, encode_tile, tiles_changed, tiles_of
from kua.verify.below import Below
from kua.verify.cosigned import FOLDER, POLICY
from kua.verify.film import SMALL
from kua.verify.heads import Source, follow
from kua.verify.monitor import Round
from kua.verify.reading import Folder, Reader
from kua.verify.view import LogView

KEPT_HEADS: Final = 8
"""Partial tiles of so many heads stay, for readers who hold an older one (docs/spec/published-tree.md)."""

_T = TypeVar("_T")
_R = TypeVar("_R")
_INDEXED: Final = re.compile(r"[1-9][0-9]{0,18} [0-9]{1,18} (?:quorum|some)", re.ASCII)
"""A line of `cosigned/sizes` (docs/spec/cosigning.md)."""


@final
class LogCopy:
    """Copies the logs of an election from `place` into `folder`. `pending` is where a head is remembered before anything of it is taken."""

    def __init__(self, place: Reader, folder: Path, pending: Path, files: Durable, *, workers: int, recheck: bool) -> None:
        self._place, self._folder, self._pending, self._files = place, folder, pending, files
        self._workers, self._recheck = workers, recheck
        self._recent: dict[str, list[int]] = {}

    def copy(self, check: str, key: VerifierKey, origin: str, done: Round, pool: ThreadPoolExecutor | None) -> LogView | None:
        """Copy what a log has more than our copy; return a view of what our copy has then, None where it has nothing or what is served contradicts it."""
        folder, pending = self._folder / check, self._pending / check.replace("/", "-")
        local = Folder(folder)
        ours = read_if_there(folder / PATH)
        held = [note for note in (ours, read_if_there(pending)) if note]
        size = open_checkpoint(ours, key, origin).size if ours else 0
        try:
            followed = follow(check, [Source(self._place.where, (local, Below(self._place, check)))], key, origin, held, done.report)
        except KuaError as error:  # our own copy is not of this key
            done.report.trouble(check, error)
            return None
        done.forks += [(check, fork) for fork in followed.forks]
        view = followed.view
        if view is None or view.head.size < size:
            return self.ours(local, key, origin, ours)
        if view.note != ours:
            if view.head.size > size:
                self._files.replace(pending, view.note)  # a head that was signed is remembered before anything of it is taken
            try:
                self._copy_tiles(folder, view, size, pool)
            except Unavailable as error:
                if error.code.startswith("disk."):
                    raise
                done.report.trouble(check, error)
                return self.ours(local, key, origin, ours)
            except KuaError as error:
                done.report.trouble(check, error)
                return self.ours(local, key, origin, ours)
            self._files.replace(folder / PATH, view.note)
            self._files.remove(pending)
            self._tidy(check, folder, size, view.head.size)
        elif self._recheck:
            with contextlib.suppress(Incomplete, Rejected):
                self._copy_tiles(folder, view, size, pool)
        done.report.passed(check, "mirror.log", size=view.head.size, new=view.head.size - size)
        return view

    def ours(self, local: Folder, key: VerifierKey, origin: str, note: bytes | None) -> LogView | None:
        """Return a view of our own copy under `note`; None where there is none, or where it does not hold."""
        if note is None:
            return None
        try:
            return LogView.open([local], key, origin, note)
        except KuaError:
            return None  # `kua film verify` says what is wrong with it, and `--recheck` mends it

    def _copy_tiles(self, folder: Path, view: LogView, size: int, pool: ThreadPoolExecutor | None) -> None:
        tiles = tiles_of(view.head.size) if self._recheck else tiles_changed(size, view.head.size)
        write = partial(self._copy_tile, folder, view)
        for _ in side_by_side(pool, write, tiles, self._workers) if pool is not None else map(write, tiles):
            pass

    def _copy_tile(self, folder: Path, view: LogView, tile: Tile) -> None:
        path = folder / tile.path
        if path.exists() and not self._recheck:
            return  # it has its name, so it was held against a signed head
        data = encode_bundle(view.bundle(tile.index)) if tile.level == "entries" else encode_tile(view.tile(tile))
        if not path.exists():
            self._files.write_once(path, data)
        elif path.read_bytes() != data:
            self._files.replace(path, data)

    def _tidy(self, check: str, folder: Path, *sizes: int) -> None:
        """Take away partial tiles of heads that are no longer among the newest."""
        recent = self._recent.setdefault(check, [])
        recent += [size for size in sizes if size not in recent]
        old, recent[:] = recent[:-KEPT_HEADS], recent[-KEPT_HEADS:]
        for name in _partials(old) - _partials(recent):
            self._files.remove(folder / name)
            with contextlib.suppress(OSError):
                (folder / name).parent.rmdir()

    def copy_cosigned(self, election: Election, view: LogView, done: Round) -> None:
        """Copy the policy and the co-signed checkpoints (docs/spec/cosigning.md): each must be a head of this very log. The index is written anew."""
        folder, place = self._folder / "nation", Below(self._place, "nation")
        if read_if_there(folder / POLICY) != election.cosigning.encode():
            self._files.replace(folder / POLICY, election.cosigning.encode())
        index: list[str] = []
        try:
            for line in place.read(f"{FOLDER}/sizes", SMALL).decode("ascii", "replace").splitlines():
                size = line.partition(" ")[0]
                if _INDEXED.fullmatch(line) and int(size) <= view.head.size and self._copy_head(folder, place, view, size, done):
                    index.append(f"{line}\n")
            self._copy_head(folder, place, view, PATH, done)
        except Incomplete:
            return  # nobody has co-signed yet
        except KuaError as error:
            done.report.trouble("nation co-signed", error)
        if index and read_if_there(folder / FOLDER / "sizes") != "".join(index).encode():
            self._files.replace(folder / FOLDER / "sizes", "".join(index).encode())

    def _copy_head(self, folder: Path, place: Reader, view: LogView, name: str, done: Round) -> bool:
        """Copy one co-signed checkpoint; return whether it is here. One whose size is its name may gain co-signatures only while it is the newest."""
        path = folder / FOLDER / name
        if path.is_file() and name not in {PATH, str(view.head.size)}:
            return True
        note = place.read(f"{FOLDER}/{name}", MAX_NOTE)
        head = open_checkpoint(note, view.key, view.head.origin)
        if head.size > view.head.size or (name != PATH and name != str(head.size)):
            return False
        fork = view.fork_with(note)
        if fork is not None:
            done.add("nation co-signed", fork)
            return False
        if read_if_there(path) != note:
            self._files.replace(path, note)
        return True


def _partials(sizes: Iterable[int]) -> set[str]:
    return {tile.path for size in sizes for tile in tiles_of(size) if tile.width < WIDTH}


def read_if_there(path: Path) -> bytes | None:
    """Return the bytes of a file of our own copy, None where there is none."""
    return path.read_bytes() if path.is_file() else None


def side_by_side(pool: ThreadPoolExecutor, work: Callable[[_T], _R], things: Iterable[_T], width: int) -> Iterator[_R]:
    """Give what `work` makes of `things`, as it comes, never more than `2 * width` ahead; what it raises is raised here, and nothing new is begun."""
    todo, running = iter(things), set[Future[_R]]()
    while True:
        running |= {pool.submit(work, each) for each in islice(todo, 2 * width - len(running))}
        if not running:
            return
        ended, running = wait(running, return_when=FIRST_COMPLETED)
        for future in ended:
            yield future.result()
