# SPDX-License-Identifier: Apache-2.0
"""An append-only log on disk: `journal` is the truth, `heads` every head that was ever signed, tiles and `checkpoint` are derived.

Order of an append: journal, fsync; sign, `heads`, fsync; tiles; `checkpoint`. So whatever a reader has seen signed is on disk for ever,
and a crash at any point leaves a log that can only grow. With a `VerifierKey` in place of a signing key it keeps a copy of somebody
else's log and takes their checkpoints instead of making its own. Sends nothing, reads no clock.
"""

import fcntl
import os
import struct
import zlib
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import RLock
from typing import Final, Self, final

from kua.adapters.durable import DurableFiles, disk_errors, make_folder, sync_folder, write_all
from kua.core.digest import Digest
from kua.core.errors import Refused, Rejected, Unavailable
from kua.ports.tilelog import Signed
from kua.ports.trip import trip
from kua.proof.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.merkle import EMPTY_ROOT, Frontier, leaf_hash
from kua.proof.note import Signature, add_signatures, parse_note
from kua.proof.prover import Prover
from kua.proof.tiles import MAX_ENTRY, WIDTH, Edge, Tile, decode_tile, encode_bundle, tiles_of

_FRAME: Final = struct.Struct(">II")
KEPT_HEADS: Final = 8
"""A partial tile may go once so many newer checkpoints exist (docs/spec/published-tree.md)."""


def frame(data: bytes) -> bytes:
    """Return `data` with its length and CRC-32; the CRC covers the length too, so that zeroes left by a power cut are no frame."""
    length = struct.pack(">I", len(data))
    return _FRAME.pack(len(data), zlib.crc32(length + data)) + data


def frames(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the whole frames at the start of `data`, each with the offset where it ends; stop at the first that is torn or wrong."""
    at = 0
    while at + _FRAME.size <= len(data):
        length, crc = _FRAME.unpack_from(data, at)
        end = at + _FRAME.size + length
        body = data[at + _FRAME.size : end]
        if end > len(data) or zlib.crc32(struct.pack(">I", length) + body) != crc:
            return
        yield end, body
        at = end


AlsoSigns = Callable[[str], Signature]
"""Signs the text of a checkpoint with a further key of the log."""


@final
class _Framed:
    """One file of frames that only grows. `offsets[n]` is where frame n begins; the last one is the end of the file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offsets = array("Q", [0])
        self.broken = False
        with disk_errors(path):
            is_new = not path.exists()
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
            if is_new:
                sync_folder(path.parent)

    def load(self, take: Callable[[int, bytes], None]) -> int:
        """Read every whole frame, give it to `take` with its number, and return how many bytes follow the last whole one."""
        data = self.path.read_bytes()
        for number, (end, body) in enumerate(frames(data)):
            take(number, body)
            self.offsets.append(end)
        return len(data) - self.offsets[-1]

    def cut(self, count: int) -> None:
        """Forget what follows frame number `count` - 1: a torn tail, never something that was signed."""
        with disk_errors(self.path):
            del self.offsets[count + 1 :]
            os.ftruncate(self._fd, self.offsets[-1])
            os.fsync(self._fd)

    def append(self, bodies: Sequence[bytes], step: str = "") -> None:
        """Add frames, all or none, durable on return. After a failed fsync nobody knows what is on disk: the file refuses from then on."""
        if self.broken:
            raise Unavailable("disk.failed", path=self.path.name, why="fsync")
        written = [frame(body) for body in bodies]
        with disk_errors(self.path):
            try:
                os.lseek(self._fd, self.offsets[-1], os.SEEK_SET)
                write_all(self._fd, b"".join(written))
            except OSError:
                os.ftruncate(self._fd, self.offsets[-1])
                raise
            if step:
                trip(f"{step}.append")
            try:
                os.fsync(self._fd)
            except OSError:
                self.broken = True
                raise
        for each in written:
            self.offsets.append(self.offsets[-1] + len(each))

    def read(self, start: int, end: int) -> list[bytes]:
        """Return the bodies of frames [start, end)."""
        if not 0 <= start <= end < len(self.offsets):
            raise IndexError(end)
        data = os.pread(self._fd, self.offsets[end] - self.offsets[start], self.offsets[start])
        return [body for _, body in frames(data)]

    @property
    def count(self) -> int:
        return len(self.offsets) - 1

    def close(self) -> None:
        os.close(self._fd)


@final
class DiskLog:
    """The port `TileLog` in a folder. `folder` holds `journal`, `heads`, `lock`; `public` (default: the same) `checkpoint`, `vkey`, `tile/`.

    One process at a time (`Refused("log.locked")`). Opening raises `Rejected("log.forked")` if the journal does not hold what was signed.
    """

    def __init__(
        self, folder: Path, origin: str, key: SigningKey | VerifierKey, public: Path | None, step: str, also: AlsoSigns | None = None
    ) -> None:
        self._folder, self._origin, self._key, self._public, self._step = folder, origin, key, public or folder, step
        self._also = also
        self._files = DurableFiles()
        self._guard = RLock()
        self._edge = Edge()
        self._pending: dict[str, bytes] = {}
        self._head: Signed | None = None
        self._head_sizes = array("Q")
        self._recent: deque[int] = deque(maxlen=KEPT_HEADS + 1)
        self._shown = -1

    @classmethod
    def open(
        cls, folder: Path, origin: str, key: SigningKey | VerifierKey, *, public: Path | None = None, step: str = "",
        also: AlsoSigns | None = None,
    ) -> Self:
        """Open or make the log `origin`; cut a torn tail, compare with every signed head, mend tiles, show the newest checkpoint.

        `step` names the places of `kua.ports.trip` on the way of an append; `also` makes a second signature under each head. Raises `Refused("log.locked")`,
        `Rejected("log.forked" | "log.damaged")`, `Unavailable("disk.*")`.
        """
        log = cls(folder, origin, key, public, step, also)
        make_folder(folder)
        make_folder(log._public)
        log._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(log._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(log._lock)
            raise Refused("log.locked", folder=folder.name) from error
        try:
            log._load()
        except BaseException:
            os.close(log._lock)
            raise
        return log

    _lock: int

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._origin

    @property
    def vkey(self) -> VerifierKey:
        """The key that signs this log."""
        return self._key.verifier if isinstance(self._key, SigningKey) else self._key

    @property
    def size(self) -> int:
        """Durable entries, signed or not."""
        return self._journal.count

    @property
    def head(self) -> Signed | None:
        """The newest signed head."""
        return self._head

    @property
    def frontier(self) -> Frontier:
        """The right edge of the tree, to grow on its own."""
        with self._guard:
            return self._edge.frontier()

    def root(self) -> Digest:
        """Return the root over all durable entries."""
        with self._guard:
            return self._edge.root() if self._edge.size else EMPTY_ROOT

    def checkpoint(self) -> bytes:
        """Return the newest checkpoint, empty before the first."""
        return self._head.note if self._head else b""

    def root_with(self, entries: Sequence[bytes]) -> Digest:
        """Return the root that the log would have after appending `entries`; nothing is kept."""
        frontier = self.frontier
        for entry in entries:
            frontier.append(leaf_hash(entry))
        return frontier.root()

    def append(self, entries: Sequence[bytes]) -> range:
        """Keep the port's promise."""
        for entry in entries:
            if len(entry) > MAX_ENTRY:
                raise Rejected("tile.entry", size=len(entry))
        with self._guard:
            start = self._journal.count
            self._journal.append(entries, self._step)
            self._pending |= self._edge.append(entries)
            if self._step:
                trip(f"{self._step}.fsync")
            return range(start, self._journal.count)

    def publish(self, note: bytes | None = None) -> Signed:
        """Keep the port's promise. A copy of somebody else's log gives their `note`, which must be over exactly what is here.

        Raises `Rejected("note.*" | "checkpoint.*" | "log.checkpoint")` for a note that is not.
        """
        with self._guard:
            if self._head is None or self._head.size < self.size or note is not None:
                signed = self._sign(note)
                if self._head is None or signed.size > self._head.size:
                    self._remember(signed)
                    self._head = self._twice(signed)
            self._show(self._head)
            return self._head

    def entries(self, start: int, end: int) -> list[bytes]:
        """Keep the port's promise."""
        with self._guard:
            return self._journal.read(start, end)

    def head_within(self, start: int, limit: int) -> Signed | None:
        """Keep the port's promise."""
        with self._guard:
            place = bisect_right(self._head_sizes, limit) - 1
            if place < 0 or self._head_sizes[place] <= start:
                return None
            return self._signed(self._heads.read(place, place + 1)[0])

    def consistency(self, earlier: int, later: int) -> tuple[Digest, ...]:
        """Return the proof from the first `earlier` to the first `later` entries, out of the tiles of the newest published head.

        Raises `ValueError` unless 0 < earlier <= later <= its size.
        """
        with self._guard:
            size = self._head.size if self._head else 0
            return Prover(size, self._hashes_of).consistency(earlier, later)

    def dress(self, note: bytes) -> None:
        """Show `note`, which has further signatures under the text of the newest head; if a newer head is shown already, do nothing."""
        with self._guard:
            if self._head is not None and self._shown == self._head.size and parse_note(note).text == parse_note(self._head.note).text:
                self._files.replace(self._public / "checkpoint", note)

    def check(self) -> list[str]:
        """Compare every tile and the shown checkpoint with the journal, byte for byte; return the names that differ or are missing."""
        with self._guard:
            head = self._head
            if head is None:
                return []
            wrong = [tile.path for tile in tiles_of(head.size) if self._read_public(tile.path) != self._tile(tile)]
            return wrong + ([] if self._is_shown(head) else ["checkpoint"])

    def close(self) -> None:
        """Let go of the files and of the lock."""
        self._journal.close()
        self._heads.close()
        os.close(self._lock)

    # ------------------------------------------------------------------------------------------------------- opening

    def _load(self) -> None:
        self._heads = _Framed(self._folder / "heads")
        notes: list[bytes] = []
        torn = self._heads.load(lambda _, note: notes.append(note))
        if torn:
            self._cut_heads(len(notes))
        if notes:
            self._signed(notes[-1])
        heads = [self._read(note) for note in notes]
        self._head_sizes = array("Q", [head.size for head in heads])
        shown = self._read_public("checkpoint")
        claims = [*heads, self._signed(shown)] if shown else heads
        self._load_journal({claim.size: claim.root for claim in claims})
        self._head = heads[-1] if heads else None
        if shown and (not heads or claims[-1].size > heads[-1].size):
            self._remember(claims[-1])
            self._head = claims[-1]
        self._head = self._twice(self._head) if self._head else None
        self._recent.extend(self._head_sizes[-KEPT_HEADS:])
        if isinstance(self._key, VerifierKey):
            self._require_signed()
        self._mend()

    def _cut_heads(self, count: int) -> None:
        """Forget the one head whose writing was cut off: nobody has seen it. Anything that follows it means damage, and is kept."""
        tail = self._heads.path.read_bytes()[self._heads.offsets[count] :]
        claimed = _FRAME.size + (_FRAME.unpack_from(tail)[0] if len(tail) >= _FRAME.size else 0)
        if any(tail) and len(tail) > max(claimed, _FRAME.size):
            raise Rejected("log.damaged", file="heads")
        self._heads.cut(count)

    def _load_journal(self, claimed: dict[int, Digest]) -> None:
        """Read the journal and hold it against every head that was ever signed."""
        self._journal = _Framed(self._folder / "journal")
        frontier = Frontier()
        entries: list[bytes] = []

        def take(_: int, entry: bytes) -> None:
            entries.append(entry)
            frontier.append(leaf_hash(entry))
            wanted = claimed.get(frontier.size)
            if wanted is not None and wanted != frontier.root():
                raise Rejected("log.forked", size=frontier.size, why="root")

        torn = self._journal.load(take)
        signed = max(claimed, default=0)
        if len(entries) < signed:
            raise Rejected("log.forked", size=signed, why=f"only {len(entries)} entries are left")
        if claimed.get(0, EMPTY_ROOT) != EMPTY_ROOT:
            raise Rejected("log.forked", size=0, why="root")
        if isinstance(self._key, VerifierKey) and (len(entries) > signed or torn):
            self._journal.cut(signed)  # a copy keeps only what its owner has signed; the owner sends the rest again
            entries = entries[:signed]
        elif torn:
            self._journal.cut(len(entries))
        self._edge.append(entries[:signed])
        self._pending = self._edge.append(entries[signed:])  # their head was never signed: the next one needs their tiles

    def _require_signed(self) -> None:
        if self._head is None and self.size:
            raise Rejected("log.forked", size=self.size, why="no checkpoint")

    def _mend(self) -> None:
        """Make what is derived fit the journal again: missing or cut tiles, stale partial ones, the checkpoint."""
        self._files_of_public()
        if self._head is None:
            return
        for tile in tiles_of(self._head.size):
            path = self._public / tile.path
            wanted = self._length(tile)
            if tile.width < WIDTH or not path.exists() or path.stat().st_size != wanted:
                data = self._tile(tile)
                if self._read_public(tile.path) != data:
                    self._files.replace(path, data)
        self._show(self._head)
        keep = {self._public / path for size in self._recent for path in _partials(size)}
        for folder in (self._public / "tile").glob("**/*.p"):
            for path in folder.iterdir():
                if path not in keep:
                    self._files.remove(path)

    def _files_of_public(self) -> None:
        vkey = f"{self.vkey}\n".encode()
        if self._read_public("vkey") != vkey:
            if (self._public / "vkey").exists():
                raise Rejected("log.forked", size=self.size, why="another key")
            self._files.write_once(self._public / "vkey", vkey)

    # ------------------------------------------------------------------------------------------------------ publishing

    def _sign(self, note: bytes | None) -> Signed:
        if isinstance(self._key, SigningKey):
            note = sign_checkpoint(Checkpoint(self._origin, self.size, self.root()), self._key)
        elif note is None:
            raise ValueError(note)
        signed = self._signed(note)
        if (signed.size, signed.root) != (self.size, self.root()):
            raise Rejected("log.checkpoint", size=signed.size, have=self.size)
        return signed

    def _signed(self, note: bytes) -> Signed:
        checkpoint = open_checkpoint(note, self.vkey, self._origin)
        return Signed(checkpoint.size, checkpoint.root, note)

    def _twice(self, signed: Signed) -> Signed:
        """Put the second signature under a head. `heads` goes without: it would be twenty times as long, and all of it is read at the start."""
        if self._also is None:
            return signed
        return Signed(signed.size, signed.root, add_signatures(signed.note, [self._also(parse_note(signed.note).text)]))

    def _read(self, note: bytes) -> Signed:
        """Read one of our own heads; the newest has been verified, and all of them are held against the journal."""
        checkpoint = parse_checkpoint(parse_note(note).text)
        return Signed(checkpoint.size, checkpoint.root, note)

    def _remember(self, signed: Signed) -> None:
        self._heads.append([signed.note])
        self._head_sizes.append(signed.size)
        if self._step:
            trip(f"{self._step}.checkpoint")

    def _show(self, head: Signed) -> None:
        """Write the tiles that `head` needs, then the checkpoint, then take away partial tiles that nobody needs any more."""
        if self._shown == head.size:
            return
        partial = _partials(head.size)
        later: dict[str, bytes] = {}
        for path, data in self._pending.items():
            if ".p/" in path and path not in partial:
                later[path] = data  # a step between two heads, that no checkpoint speaks of, or one that the next head needs
            else:
                self._files.write_once(self._public / path, data)
        self._pending = later if head.size < self._edge.size else {}
        if not self._is_shown(head):
            self._files.replace(self._public / "checkpoint", head.note)
        self._shown = head.size
        if head.size in self._recent:
            return
        old = self._recent[0] if len(self._recent) == self._recent.maxlen else None
        self._recent.append(head.size)
        if old is not None:
            needed = {path for size in self._recent for path in _partials(size)}
            for path in _partials(old):
                if path not in needed:
                    self._files.remove(self._public / path)

    # --------------------------------------------------------------------------------------------------------- reading

    def _read_public(self, name: str) -> bytes | None:
        try:
            return (self._public / name).read_bytes()
        except FileNotFoundError:
            return None

    def _is_shown(self, head: Signed) -> bool:
        """Say whether the shown checkpoint is `head`, whoever signed it besides."""
        shown = self._read_public("checkpoint")
        if shown is None or shown == head.note:
            return shown is not None
        try:
            note = parse_note(shown)
            return note.text == parse_note(head.note).text and self._signed(shown).size == head.size
        except Rejected:
            return False

    def _hashes_of(self, tile: Tile) -> Sequence[Digest]:
        data = self._read_public(tile.path)
        return decode_tile(self._tile(tile) if data is None else data)

    def _length(self, tile: Tile) -> int:
        if tile.level != "entries":
            return tile.width * 32
        start = tile.index * WIDTH
        offsets = self._journal.offsets
        return offsets[start + tile.width] - offsets[start] - tile.width * (_FRAME.size - 2)

    def _tile(self, tile: Tile) -> bytes:
        """Make a file anew from the journal."""
        if tile.level == "entries":
            return encode_bundle(self._journal.read(tile.index * WIDTH, tile.index * WIDTH + tile.width))
        span = WIDTH**tile.level
        first = tile.index * WIDTH * span
        roots = []
        for number in range(tile.width):
            start = first + number * span
            roots.append(Frontier.of(leaf_hash(entry) for entry in self._journal.read(start, start + span)).root())
        return b"".join(roots)


def _partials(size: int) -> set[str]:
    """Names of the partial files that the tree of `size` entries has."""
    names = set()
    level = 0
    count = size
    while count:
        index, width = divmod(count, WIDTH)
        if width:
            names.add(Tile(level, index, width).path)
            if level == 0:
                names.add(Tile("entries", index, width).path)
        count, level = index, level + 1
    return names
