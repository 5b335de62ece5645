# SPDX-License-Identifier: Apache-2.0
"""Seals of the hours of a bundle's film (docs/spec/hours.md, docs/spec/bundle.md): the same rules as for a whole log, and no more said than a part of one shows.

The seal of an hour vouches for film only where every seal before it is here too: one that was left out could be that of the film's own hour.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from kua.core.instant import Instant, rfc3339
from kua.verify.entries import Entries
from kua.verify.hours import seal_root
from kua.verify.report import Report


@dataclass(frozen=True, slots=True)
class _Seals:
    """What the leaves of the hours amount to: where each seal stands that holds, without a hole from number 0 on, and the number that is not here."""

    ends: list[int]
    absent: int | None = None


def check_bundle_hours(check: str, log: Entries, items: Iterable[int], seen: Iterable[tuple[int, int]], report: Report) -> None:
    """Write the lines about the hours. `items`: indices of the leaves about the film (segments and gaps); `seen`: sizes of this log that the national log
    states and that hold against this part of it, each with when the centre received it (ms)."""
    wanted, keys = sorted(items), log.of_type("hour_keys")
    if not wanted:
        return
    if not keys:
        report.not_checked(check, "bundle.hours_none")
        return
    seals = _check_seals(check, log, report)
    if seals is None:
        return
    end = seals.ends[-1] if seals.ends else 0
    rest = sum(index >= end for index in wanted)
    if rest < len(wanted):
        report.passed(check, "bundle.hours_sealed", count=len(wanted) - rest, of=len(wanted), seals=_touched(seals.ends, wanted))
    if rest and seals.absent is not None:
        report.not_checked(check, "bundle.hour_absent", number=seals.absent, count=rest)
    elif rest:
        report.not_checked(check, "bundle.hour_open", count=rest)
    known = min((at for size, at in seen if size > keys[0][0]), default=None)
    committed = keys[0][1]["at"]
    if known is None:
        report.not_checked(check, "film.hours_unseen", at=rfc3339(Instant(committed)))
    else:
        report.passed(check, "film.hours_seen", at=rfc3339(Instant(known)), seconds=round((known - committed) / 1000, 3))


def _touched(ends: list[int], wanted: list[int]) -> str:
    """Name the seals whose hours the film touches, as `3` or `3-5`."""
    first = sum(end <= wanted[0] for end in ends)
    last = min(sum(end <= wanted[-1] for end in ends), len(ends) - 1)
    return f"{first}" if first == last else f"{first}-{last}"


def _check_seals(check: str, log: Entries, report: Report) -> _Seals | None:
    """Judge every key and seal that is here; None after a line that says which one does not hold."""
    leaves = log.of_type("hour_keys", "hour_seal")
    roots = log.roots_before(index for index, leaf in leaves if leaf.type == "hour_seal")
    here = sorted(index for index, _ in log.leaves)
    keys: dict[int, str] = {}
    ends: list[int] = []
    next_, before, absent = 0, -1, None
    for index, leaf in leaves:
        if leaf.type == "hour_keys":
            first = leaf["first"]
            # New keys come while a key of the earlier ones is still there to seal them, and never in the place of one.
            if any(first + at in keys for at in range(len(leaf["keys"]))) or (first and next_ >= first) or (not first and keys):
                report.failed(check, "film.hours_exchanged", index=index)
                return None
            keys |= {first + at: key for at, key in enumerate(leaf["keys"])}
            continue
        number = leaf["number"]
        whole = bisect_left(here, index) - bisect_right(here, before) == index - before - 1
        if number < next_ or (number > next_ and whole):
            report.failed(check, "film.hour_skipped", index=index, number=number, wanted=next_)
            return None
        if absent is None and (number > next_ or number not in keys):
            absent = next_
        root = seal_root(log.head.origin, index, leaf, keys[number]) if number in keys else None
        if number in keys and (root is None or root != roots.get(index)):
            report.failed(check, "film.hour_forged", index=index, number=number)
            return None
        if absent is None:
            ends.append(index)
        next_, before = number + 1, index
    return _Seals(ends, absent)
