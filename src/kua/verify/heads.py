# SPDX-License-Identifier: Apache-2.0
"""The heads of one log as several places serve them, and the one that was believed last: they must all be of one growing history.

Decides nothing about what the log says. A contradiction is proved where it can be: the fork file names nobody's word but the signer's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from kua.core.errors import KuaError
from kua.proof.checkpoint import PATH, Checkpoint, open_checkpoint
from kua.proof.fork import Fork, check_fork, find_fork
from kua.proof.keys import VerifierKey
from kua.proof.note import MAX_NOTE
from kua.verify.reading import Reader
from kua.verify.report import Report
from kua.verify.view import LogView


@dataclass(frozen=True, slots=True)
class Source:
    """A place that serves the log. The last of `readers` is the place itself; those before it are copies of it that are nearer."""

    where: str
    readers: tuple[Reader, ...]


@dataclass(slots=True)
class Followed:
    """What came of a look at a log: `view` under the largest head that fits all others (None: there is none that holds), and every proved contradiction."""

    view: LogView | None = None
    forks: list[Fork] = field(default_factory=list)
    reached: int = 0
    """How many of the places answered with a head that is signed."""


@dataclass(frozen=True, slots=True)
class _Head:
    note: bytes
    is_at: Checkpoint
    source: Source | None


def follow(check: str, sources: Sequence[Source], key: VerifierKey, origin: str, held: Sequence[bytes], report: Report) -> Followed:
    """Ask every source for its head and hold all of them, and the notes `held`, against the largest. The first source is the log's own place.

    Writes to `report`, under `check`: a line for each place that cannot be read or is not signed; FAIL `log.forked` or `log.rewritten` for a contradiction;
    MISSING `log.rolled_back` where the log's own place serves less than was held. Nothing is believed beside a contradiction: `view` is None then.
    """
    followed = Followed()
    heads = [_Head(note, open_checkpoint(note, key, origin), None) for note in held]
    for source in sources:
        head = _ask(check, source, key, origin, report)
        if head is not None:
            heads.append(head)
            followed.reached += 1
    heads.sort(key=lambda head: head.is_at.size)  # of one size, what was held comes first
    for earlier, later in pairwise(heads):
        if earlier.is_at.size == later.is_at.size and (fork := find_fork([key], earlier.note, later.note)):
            followed.forks.append(fork)
    if not followed.reached:
        return followed
    view = _largest(check, heads, sources, key, origin, report)
    if view is not None:
        followed.forks += _against(check, view, heads, report)
        followed.view = view
    for fork in followed.forks:
        tell_fork(check, fork, report)
    if followed.forks:
        followed.view = None
    elif heads[-1].source is None or heads[-1].source is not sources[0]:
        _tell_behind(check, heads, sources, report)
    return followed


def tell_fork(check: str, fork: Fork, report: Report) -> None:
    """Write the line of a contradiction."""
    shown = check_fork(fork)
    if shown.earlier.size == shown.later.size:
        report.failed(check, "log.forked", size=shown.later.size)
    else:
        report.failed(check, "log.rewritten", earlier=shown.earlier.size, size=shown.later.size)


def _ask(check: str, source: Source, key: VerifierKey, origin: str, report: Report) -> _Head | None:
    try:
        note = source.readers[-1].read(PATH, MAX_NOTE)
        return _Head(note, open_checkpoint(note, key, origin), source)
    except KuaError as error:
        report.trouble(f"{check} {source.where}", error)
        return None


def _largest(
    check: str, heads: Sequence[_Head], sources: Sequence[Source], key: VerifierKey, origin: str, report: Report
) -> LogView | None:
    """Open the log under the largest head for which somebody has the tiles. That a larger one is signed and not there is told."""
    held = {(head.is_at.size, head.is_at.root) for head in heads if head.source is None}
    for head in reversed(heads):
        trouble: KuaError | None = None
        for source in [head.source] if head.source is not None else sources:
            try:
                is_known = head.source is not None and (head.is_at.size, head.is_at.root) in held and len(heads) == len(held) + 1
                return LogView.open(source.readers, key, origin, head.note, lazily=is_known)
            except KuaError as error:
                trouble = trouble or error
        if trouble is not None and head.source is not None:
            report.trouble(check, trouble)
    return None


def _against(check: str, view: LogView, heads: Sequence[_Head], report: Report) -> list[Fork]:
    forks = []
    for head in heads:
        if head.is_at.size >= view.head.size:
            continue
        try:
            fork = view.fork_with(head.note)
        except KuaError as error:
            report.trouble(check, error)
            continue
        if fork is not None:
            forks.append(fork)
    return forks


def _tell_behind(check: str, heads: Sequence[_Head], sources: Sequence[Source], report: Report) -> None:
    """Say that the log's own place serves less than somebody has seen: an honest log never becomes shorter."""
    most = heads[-1].is_at.size
    own = next((head for head in heads if head.source is sources[0]), None)
    if own is not None and own.is_at.size < most:
        report.missing(check, "log.rolled_back", size=own.is_at.size, earlier=most)
