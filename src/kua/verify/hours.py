# SPDX-License-Identifier: Apache-2.0
"""Check of the seals of the hours (docs/spec/hours.md): whoever takes a box in the evening cannot write another morning.

A key seals everything up to its own hour and is then destroyed. Seals are numbered without a hole, so a log that was written anew needs a key
that no longer exists. What comes after the last seal has no such protection yet, and is said apart.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from kua.core.digest import Digest
from kua.core.errors import KuaError
from kua.core.instant import Instant, rfc3339
from kua.proof.hours import HOUR, hour_key, open_seal
from kua.proof.leaf import Leaf
from kua.proof.merkle import Frontier
from kua.verify.entries import Entries
from kua.verify.report import Report

SLACK: Final = 300_000
"""Milliseconds by which an hour may be longer than one before the reader is told."""
SILENT: Final = 2 * 3_600_000
"""Milliseconds without a word after which an unsealed hour is no longer one that is still running."""

Indexed = tuple[int, Leaf]


def check_hours(check: str, log: Entries, seen: Sequence[tuple[int, Instant]], now: Instant, report: Report) -> None:
    """Write the lines about the hours of a station's log. `seen`: sizes of it that the national log states, each with when; `now` is the reader's clock."""
    keys = log.of_type("hour_keys")
    if not keys:
        report.not_checked(check, "film.hours_none")
        return
    sealed = _check_seals(check, log, report)
    if sealed is None:
        return
    if sealed:
        report.passed(check, "film.hours_sealed", count=len(sealed), of=sealed[-1][0])
    _tell_rest(check, log, sealed[-1][0] + 1 if sealed else 0, max((at for _, at in seen), default=Instant(0)), now, report)
    _tell_longest(check, log, sealed, report)
    _tell_seen(check, keys, seen, report)


def seal_root(origin: str, index: int, leaf: Leaf, public: str) -> Digest | None:
    """Return the root that the `hour_seal` leaf at `index` signs with the key `public` (base64) of its hour; None where it signs none of this log at that size."""
    try:
        return open_seal(leaf["note"], hour_key(origin, leaf["number"], public), origin, index)
    except KuaError:
        return None


def _check_seals(check: str, log: Entries, report: Report) -> list[Indexed] | None:
    """Return the seals, each by its own key over exactly what stands before it; None after a line that says which one is not."""
    keys: list[str] = []
    seals: list[Indexed] = []
    frontier = Frontier()
    for index, leaf in log.of_type("hour_keys", "hour_seal"):
        if leaf.type == "hour_keys":
            # New keys come while a key of the earlier ones is still there to seal them.
            if leaf["first"] != len(keys) or (keys and len(seals) >= len(keys)):
                report.failed(check, "film.hours_exchanged", index=index)
                return None
            keys += leaf["keys"]
            continue
        if leaf["number"] != len(seals) or len(seals) >= len(keys):
            report.failed(check, "film.hour_skipped", index=index, number=leaf["number"], wanted=len(seals))
            return None
        for digest in log.hashes[frontier.size : index]:
            frontier.append(digest)
        root = seal_root(log.head.origin, index, leaf, keys[len(seals)])
        if root != frontier.root():
            report.failed(check, "film.hour_forged", index=index, number=leaf["number"])
            return None
        seals.append((index, leaf))
    return seals


def _tell_rest(check: str, log: Entries, start: int, heard: Instant, now: Instant, report: Report) -> None:
    """Say what no seal covers: nothing in a closed day, the hour that runs in one that is open. `heard`: when the centre last received something."""
    rest = [leaf for index, leaf in log.leaves if index >= start]
    if not rest:
        return
    times = [leaf["at"] for leaf in rest if isinstance(leaf, Leaf) and "at" in leaf.body]
    since = rfc3339(Instant(min(times, default=0)))
    closed = any(isinstance(leaf, Leaf) and leaf.type == "close" for _, leaf in log.leaves)
    if closed or now - max([heard, *times]) > SILENT:
        report.missing(check, "film.hour_unsealed", count=len(rest), since=since)
    else:
        report.not_checked(check, "film.hour_runs", count=len(rest), since=since)


def _tell_longest(check: str, log: Entries, seals: list[Indexed], report: Report) -> None:
    """Say if a key was kept longer than its hour, by the time that had passed on the box; a step of its clock changes nothing of that."""
    ends = [index for index, _ in seals]
    spans: dict[tuple[int, str], list[int]] = defaultdict(list)
    for at, leaf in log.of_type("session", "heartbeat"):
        hour = bisect_right(ends, at)
        if hour < len(ends):
            spans[hour, leaf["boot"]].append(leaf["mono"])
    lengths = [0] * len(ends)
    for (hour, _), monos in spans.items():
        lengths[hour] += max(monos) - min(monos)
    longest = max(lengths, default=0)
    if longest > HOUR + SLACK:
        report.not_checked(check, "film.hour_long", minutes=longest // 60_000)


def _tell_seen(check: str, keys: list[Indexed], seen: Sequence[tuple[int, Instant]], report: Report) -> None:
    """Say since when somebody outside the box knew the keys: before that the whole log could have been made anew, keys and all."""
    first, committed = keys[0][0], keys[0][1]["at"]
    known = min((at for size, at in seen if size > first), default=None)
    if known is None:
        report.not_checked(check, "film.hours_unseen", at=rfc3339(Instant(committed)))
    else:
        report.passed(check, "film.hours_seen", at=rfc3339(known), seconds=round((known - committed) / 1000, 3))
