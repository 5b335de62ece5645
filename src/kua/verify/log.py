# SPDX-License-Identifier: Apache-2.0
"""Audit of any C2SP tlog-tiles log, ours or a stranger's: signature, every bundle, every tile, root, and growth since an earlier checkpoint.

Entries are opaque here. Whatever can be recomputed is recomputed from the entries; tiles are only compared, and used in place of entries
that are not there, so that one lost file does not hide what the others say.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from kua.core.digest import Digest
from kua.core.errors import Incomplete, KuaError, Rejected
from kua.proof.checkpoint import PATH, Checkpoint, open_checkpoint, parse_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.merkle import Frontier, leaf_hash, root_of
from kua.proof.note import MAX_NOTE, parse_note
from kua.proof.paper import PaperCode
from kua.proof.policy import Policy, judge
from kua.proof.tiles import MAX_BUNDLE, MAX_TILE, WIDTH, Level, Tile, decode_bundle, decode_tile, parse_tile_path
from kua.verify.judged import judged_facts
from kua.verify.moment import at_moment
from kua.verify.paper import check_list, check_paper
from kua.verify.reading import Reader
from kua.verify.report import Report

MAX_TROUBLE: Final = 100
"""Bad or absent files after which the audit of a log stops naming more: a forged size must not keep it busy for ever."""

_T = TypeVar("_T")
_Hashes = list[Digest | None]


class _TooMuchTrouble(Exception):
    """So many files are bad that to name more helps nobody."""


def audit_log(
    reader: Reader,
    vkey: str,
    *,
    checkpoint: bytes | None = None,
    since: bytes | None = None,
    policy: Policy | None = None,
    paper: PaperCode | None = None,
    telephone: bytes | None = None,
) -> Report:
    """Audit the log below `reader` whose key is `vkey` (a verifier key line), and return a line for each check.

    `checkpoint` is the note to audit against (default: the log's own newest); `since` is an earlier note of the same log, which the log
    must only have added to; `policy` says whose co-signatures the checkpoint must bear; `paper` is what stands on the station's protocol;
    `telephone` the list that an observer's telephone has saved. Raises `Rejected("key.*")` for a bad `vkey`; everything else becomes a line.
    """
    key, report = VerifierKey.parse(vkey.strip()), Report()
    head, note = _head(reader, key, checkpoint, report)
    if policy is not None and note is not None:
        _check_cosigned(note, key, policy, report)
    if note is not None:
        reader = at_moment(reader, note)
    if head is None:
        for check in ("log.entries", "log.tiles", "log.root"):
            report.not_checked(check, "log.no_head")
        levels = None
    else:
        report.summary |= {"origin": head.origin, "size": head.size, "root": head.root.hex()}
        levels = _Audit(reader, report).levels(head.size)
        _check_root(head, levels, report)
    if since is not None:
        _check_since(since, key, head, levels, report)
    if head is not None:
        roots = lambda size: None if levels is None else _root_at(size, levels)  # noqa: E731 - what both ask
        if paper is not None:
            check_paper("log.paper", paper, head.origin, head.size, roots, report)
        if telephone is not None:
            check_list("log.telephone", telephone, key, head, roots, report)
    return report


def _head(reader: Reader, key: VerifierKey, given: bytes | None, report: Report) -> tuple[Checkpoint | None, bytes | None]:
    """Return the checkpoint to audit against, and its note; one that is not signed as it should be too, so that the rest is looked at."""
    data = given if given is not None else report.attempt("log.signature", lambda: reader.read(PATH, MAX_NOTE))
    if data is None:
        return None, None
    try:
        head = open_checkpoint(data, key)
    except Rejected as error:
        report.trouble("log.signature", error)
        return _unsigned(data), data
    report.passed("log.signature", "log.signed", origin=head.origin, size=head.size, name=key.name)
    return head, data


def _check_cosigned(note: bytes, key: VerifierKey, policy: Policy, report: Report) -> None:
    judgement = report.attempt("log.cosigned", lambda: judge(policy, note, [key]))
    if judgement is None:
        return
    facts = judged_facts(judgement, policy)
    if judgement.quorum:
        report.passed("log.cosigned", "log.cosigned", **facts)
    else:
        report.missing("log.cosigned", "log.cosigned_few", **facts)


def _unsigned(data: bytes) -> Checkpoint | None:
    try:
        return parse_checkpoint(parse_note(data).text)
    except Rejected:
        return None


@dataclass(slots=True)
class _Audit:
    """One walk over the files of a log, from the entries up."""

    reader: Reader
    report: Report
    trouble: int = 0

    def levels(self, size: int) -> list[_Hashes] | None:
        """Return the hashes of each level of tiles, None where they cannot be known; or None if the walk was given up."""
        try:
            levels = [self._leaves(size)]
            self._compare_tiles(levels, size)
        except _TooMuchTrouble:
            self.report.not_checked("log.tiles", "log.too_much_trouble", limit=MAX_TROUBLE)
            return None
        return levels

    def _leaves(self, size: int) -> _Hashes:
        found: _Hashes = []
        total = before = 0
        for tile in _tiles("entries", size):
            entries = self._read("log.entries", tile, MAX_BUNDLE, decode_bundle)
            if entries is None:
                found += [None] * tile.width
                before += 1
            else:
                found += [leaf_hash(entry) for entry in entries]
                total += sum(map(len, entries))
        if not before:
            self.report.passed("log.entries", "log.entries_read", entries=size, bytes=total)
        return found

    def _compare_tiles(self, levels: list[_Hashes], size: int) -> None:
        count, level, before, compared = size, 0, self.trouble, 0
        while count:
            hashes = levels[level]
            for tile in _tiles(level, count):
                start = tile.index * WIDTH
                stated = self._read("log.tiles", tile, MAX_TILE, decode_tile)
                if stated is None:
                    continue
                compared += 1
                if any(ours not in {None, theirs} for ours, theirs in zip(hashes[start : start + tile.width], stated, strict=True)):
                    self._note("log.tiles", Rejected("log.tile_differs", name=tile.path))
                    continue
                hashes[start : start + tile.width] = stated
            levels.append(_above(hashes))
            count, level = count // WIDTH, level + 1
        if self.trouble == before:
            self.report.passed("log.tiles", "log.tiles_match", tiles=compared, levels=level)

    def _read(self, check: str, tile: Tile, limit: int, decode: Callable[[bytes], tuple[_T, ...]]) -> tuple[_T, ...] | None:
        """Return the first `tile.width` things of a file, from the file itself or from any wider one of the same place."""
        missing: KuaError | None = None
        for candidate in candidates(self.reader, tile):
            try:
                held = decode(self.reader.read(candidate.path, limit))
                if len(held) != candidate.width:
                    raise Rejected("log.width", name=candidate.path, held=len(held))
            except Incomplete as error:
                missing = missing or error
            except KuaError as error:
                self._note(check, named(error, candidate.path))
                return None
            else:
                return held[: tile.width]
        if missing is not None:
            self._note(check, missing)
        return None

    def _note(self, check: str, error: KuaError) -> None:
        self.report.trouble(check, error)
        self.trouble += 1
        if self.trouble >= MAX_TROUBLE:
            raise _TooMuchTrouble


def candidates(reader: Reader, tile: Tile) -> Iterator[Tile]:
    """Give the files that may hold the first `tile.width` things of a place: the file itself, and wider ones, since an old one may have been tidied away."""
    yield tile
    if tile.width < WIDTH:
        yield tile.full
        if reader.listable:
            yield from _wider(reader, tile)


def _wider(reader: Reader, tile: Tile) -> list[Tile]:
    found = []
    for name in reader.names(f"{tile.full.path}.p"):
        try:
            other = parse_tile_path(name)
        except Rejected:
            continue  # not a file of the layout, so not of the log
        if tile.width < other.width < WIDTH:
            found.append(other)
    return sorted(found, key=lambda other: other.width)


def _tiles(level: Level, count: int) -> Iterator[Tile]:
    for start in range(0, count, WIDTH):
        yield Tile(level, start // WIDTH, min(WIDTH, count - start))


def _above(hashes: _Hashes) -> _Hashes:
    """Return the level above: the root of each full tile, None where a hash of it is not known."""
    above: _Hashes = []
    for start in range(0, len(hashes) - WIDTH + 1, WIDTH):
        known = [digest for digest in hashes[start : start + WIDTH] if digest is not None]
        above.append(root_of(known) if len(known) == WIDTH else None)
    return above


def _root_at(size: int, levels: list[_Hashes]) -> Digest | None:
    """Return the root over the first `size` leaves, None if a hash that it needs is not known."""
    peaks: list[Digest] = []
    counts = [size // WIDTH**level for level in range(len(levels))]
    for count, hashes in reversed(list(zip(counts, levels, strict=True))):
        needed = hashes[count - count % WIDTH : count]
        known = [digest for digest in needed if digest is not None]
        if len(known) != len(needed) or len(needed) != count % WIDTH:
            return None
        peaks += Frontier.of(known).peaks
    return Frontier(size, peaks).root()


def _check_root(head: Checkpoint, levels: list[_Hashes] | None, report: Report) -> None:
    root = None if levels is None else _root_at(head.size, levels)
    if root is None:
        report.not_checked("log.root", "log.root_unknown")
    elif root == head.root:
        report.passed("log.root", "log.root_holds", size=head.size, root=root.hex())
    else:
        report.failed("log.root", "log.root_differs", size=head.size, computed=root.hex(), signed=head.root.hex())


def _check_since(since: bytes, key: VerifierKey, head: Checkpoint | None, levels: list[_Hashes] | None, report: Report) -> None:
    check = "log.since"
    try:
        earlier = open_checkpoint(since, key, head.origin if head else None)
    except Rejected as error:
        report.trouble(check, error)
        return
    if head is None:
        report.not_checked(check, "log.no_head")
        return
    if earlier.size > head.size:
        report.failed(check, "log.rolled_back", size=head.size, earlier=earlier.size)
        return
    if earlier.size == head.size and earlier.root != head.root:
        report.failed(check, "log.forked", size=head.size)
        return
    root = None if levels is None else _root_at(earlier.size, levels)
    if root is None:
        report.not_checked(check, "log.root_unknown")
    elif root == earlier.root:
        report.passed(check, "log.only_grew", earlier=earlier.size, size=head.size)
    else:
        report.failed(check, "log.rewritten", earlier=earlier.size, size=head.size)


def named(error: KuaError, name: str) -> KuaError:
    """Give an error about bytes the name of the file that they came from."""
    return type(error)(error.code, **{"name": name, **error.facts})
