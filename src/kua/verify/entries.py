# SPDX-License-Identifier: Apache-2.0
"""The entries of one of our logs, after its audit: what the film is checked against."""

import contextlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from kua.core.digest import Digest
from kua.core.errors import Incomplete, KuaError, Rejected
from kua.proof.checkpoint import PATH, Checkpoint, open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.leaf import Leaf, Log, Unknown, read_leaf
from kua.proof.merkle import Frontier, leaf_hash
from kua.proof.note import MAX_NOTE
from kua.proof.prover import Prover, prover_over
from kua.proof.tiles import MAX_BUNDLE, MAX_TILE, WIDTH, decode_bundle, decode_tile, entries_path, levels_above, parse_tile_path
from kua.verify.log import audit_log
from kua.verify.moment import at_moment
from kua.verify.reading import Reader
from kua.verify.report import Line, Report

AHEAD: Final = 4 * WIDTH
"""How many entries a log in use may be ahead of the checkpoint that is read of it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Leaf hashes that stand one after another from `first` on, and the tree before them: in a part of a log all that is known of its earlier states."""

    first: int
    before: Frontier
    hashes: tuple[Digest, ...]


@dataclass(frozen=True, slots=True)
class Entries:
    """A log whose signature, tiles and root held: its head, leaf hashes and what the leaves say. Of a part of a log `hashes` is empty and `stretches` are what is there."""

    head: Checkpoint
    hashes: tuple[Digest, ...]
    leaves: tuple[tuple[int, Leaf | Unknown], ...]
    stretches: tuple[Stretch, ...] = ()
    note: bytes = b""
    """The checkpoint as it was read, with whose signatures it had then; empty for a part of a log."""

    def root_at(self, size: int) -> Digest:
        """Return the root over the first `size` entries."""
        return Frontier.of(self.hashes[:size]).root()

    def prover(self) -> Prover:
        """Return what makes roots and proofs of a whole log."""
        return prover_over(self.hashes)

    def roots_before(self, sizes: Iterable[int]) -> dict[int, Digest]:
        """Return the root over the first N entries for each N of `sizes` (N > 0) for which it follows from the stretches; every leaf is hashed once."""
        wanted = sorted({size for size in sizes if 0 < size <= self.head.size})
        roots = {size: self.head.root for size in wanted[-1:] if size == self.head.size}
        for stretch in self.stretches:
            grown = stretch.before.copy()
            for size in wanted[bisect_left(wanted, stretch.first) : bisect_right(wanted, stretch.first + len(stretch.hashes))]:
                for digest in stretch.hashes[grown.size - stretch.first : size - stretch.first]:
                    grown.append(digest)
                roots.setdefault(size, grown.root())
        return roots

    def of_type(self, *types: str) -> list[tuple[int, Leaf]]:
        """Return the leaves of these types with their indices, in log order."""
        return [(index, leaf) for index, leaf in self.leaves if isinstance(leaf, Leaf) and leaf.type in types]


def load_entries(reader: Reader, key: VerifierKey, origin: str | None, log: Log, subject: str, report: Report) -> Entries | None:
    """Audit the log below `reader` and read every leaf; each finding becomes a line of `report` under `subject`.

    Returns None when the log does not hold: nothing that it says is then used.
    """
    with contextlib.suppress(KuaError):  # the audit says why
        reader = at_moment(reader, reader.read(PATH, MAX_NOTE))
    audit = audit_log(reader, str(key))
    report.lines += [Line(f"{subject} {line.check}", line.state, line.code, line.facts) for line in audit.lines]
    if audit.exit_code:
        return None
    try:
        note = reader.read(PATH, MAX_NOTE)
        head = open_checkpoint(note, key, origin)
        raw = raw_entries(reader, head.size)
        hashes = tuple(map(leaf_hash, raw))
        # The audit read these files before; a server may answer otherwise the second time, so what is used is held against the root itself.
        if Frontier.of(hashes).root() != head.root:
            raise Rejected("log.answers_differ", name=f"{subject}/tile/entries")
    except KuaError as error:
        report.trouble(f"{subject} log.signature", error)
        return None
    _check_other_tiles(reader, raw, subject, report)
    leaves: list[tuple[int, Leaf | Unknown]] = []
    unknown = 0
    for index, entry in enumerate(raw):
        try:
            leaf = read_leaf(entry, log)
        except KuaError as error:
            report.failed(f"{subject} leaves", "film.leaf_unreadable", index=index, why=str(error))
            continue
        unknown += isinstance(leaf, Unknown)
        leaves.append((index, leaf))
    if len(leaves) == len(raw):
        report.passed(f"{subject} leaves", "film.leaves_read", count=len(raw) - unknown)
    if unknown:
        report.not_checked(f"{subject} leaves", "film.leaves_unknown", count=unknown)
    return Entries(head, hashes, tuple(leaves), note=note)


def raw_entries(reader: Reader, size: int) -> list[bytes]:
    """Read the first `size` entries of a log as they stand. Raises what the reader raises, and `Rejected("tile.bundle")`."""
    raw: list[bytes] = []
    for index in range((size + WIDTH - 1) // WIDTH):
        raw += decode_bundle(_widest(reader, index, min(WIDTH, size - index * WIDTH)))[: size - index * WIDTH]
    return raw


def _widest(reader: Reader, index: int, width: int) -> bytes:
    """Return the bundle, or the full one of the same place if the partial one has been tidied away."""
    try:
        return reader.read(entries_path(index, width), MAX_BUNDLE)
    except KuaError:
        if width == WIDTH:
            raise
        return reader.read(entries_path(index), MAX_BUNDLE)


def _check_other_tiles(reader: Reader, raw: list[bytes], subject: str, report: Report) -> None:
    """Compare every file below `tile/` with what the entries make it: partial ones of earlier sizes too, and files that are no tiles.

    A log in use writes its tiles before the checkpoint that speaks of them, and a crash between the two leaves them so: of what reaches beyond the
    checkpoint, by `AHEAD` at most, only the beginning can be held against anything.
    """
    if not reader.listable:
        return
    levels = [list(level) for level in levels_above([leaf_hash(entry) for entry in raw])]
    wrong, ahead = 0, []
    for name in reader.names("tile"):
        try:
            tile = parse_tile_path(name)
            start = tile.index * WIDTH
            known: Sequence[bytes]
            held: Sequence[bytes]
            if tile.level == "entries":
                known, below = raw, 1
                held = decode_bundle(reader.read(name, MAX_BUNDLE), tile.width)
            else:
                known, below = levels[tile.level] if tile.level < len(levels) else (), WIDTH**tile.level
                held = decode_tile(reader.read(name, MAX_TILE), tile.width)
            expected = known[start : start + tile.width]
            if tuple(held[: len(expected)]) != tuple(expected) or (start + tile.width) * below > len(raw) + AHEAD:
                raise Rejected("log.tile_differs", name=name)
            if len(expected) < tile.width:
                ahead.append(name)
        except Incomplete:
            continue  # a partial tile that was tidied away meanwhile
        except KuaError:
            wrong += 1
            report.failed(f"{subject} log.tiles", "film.tile_stray", name=name)
    if ahead:
        report.not_checked(f"{subject} log.tiles", "film.tiles_ahead", name=ahead[0], count=len(ahead))
    if not wrong:
        report.passed(f"{subject} log.tiles", "film.tiles_earlier")
