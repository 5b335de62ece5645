# SPDX-License-Identifier: Apache-2.0
"""When was it, and who saw it? Intervals in place of moments, and the unwitnessed window of each segment (docs/spec/time.md).

*Not before*: the newest national checkpoint that stood in the station's log before a segment. *Not after*: the first outsider who had seen the segment's
leaf - a co-signer of the nation's or of the station's own checkpoint, or a time authority. The station's clock is nobody's witness.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import Any, Final

from kua.core.canonical import read_canonical
from kua.core.digest import Digest, sha256
from kua.core.errors import Incomplete, KuaError, Rejected
from kua.core.instant import Instant, rfc3339
from kua.media.timeline import Day, Film
from kua.ports.tokens import ReadToken
from kua.proof.head import parse_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.leaf import Leaf
from kua.proof.liveness import liveness_code
from kua.proof.merkle import Frontier
from kua.proof.note import MAX_NOTE, parse_note
from kua.proof.sighting import Bound, Fresh, Interval, Sighting, Sightings, sightings_in, through, wait_of
from kua.verify.below import Below
from kua.verify.cosigned import FOLDER
from kua.verify.entries import Entries
from kua.verify.report import Report
from kua.verify.room import read_observer, size_of

LIST: Final = "time/list.json"
MAX_LIST: Final = 8 * 1024 * 1024
MAX_TOKEN: Final = 65_536
SLACK: Final = 32_000
"""Milliseconds that may lie between a picture and its leaf (30 s) and between two honest clocks (2 s) before an interval excludes a stated time."""
VOUCHED: Final = frozenset({"ntp", "centre"})
"""Words of `trust` with which a station says that its clock was right."""


@dataclass(slots=True)
class NationTimes:
    """Who had seen how much of the national log and when, and since when each of its sizes can exist at the earliest."""

    origin: str = ""
    size: int = 0
    roots: dict[int, Digest] = field(default_factory=dict)
    seen: Sightings = field(default_factory=lambda: Sightings(()))
    ages: Sequence[int] = ()
    """For each number of leaves, from 0: the latest time that the centre states in them."""
    keys: tuple[VerifierKey, ...] = ()
    """Co-signers whom the reader or the election file trusts."""
    stated: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    """For each station's origin: index in the national log and size of each checkpoint of it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept beside the national log, as it was read: checkpoints by name, and tokens by name with that of their checkpoint."""

    notes: Mapping[str, tuple[int, bytes]] = field(default_factory=dict)
    tokens: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)


def read_kept(below: Below, report: Report) -> Kept:
    """Read what outsiders said, **before** the log itself is read: a log that goes on meanwhile is then never behind what was said of it."""
    listed = _listed(below, report)
    names = [*(f"time/{size}.note" for size in listed), *_cosigned(below, report), "checkpoint"]
    tokens = {}
    for size, authorities in listed.items():
        for authority in authorities:
            path = f"time/{size}-{authority}.tsr"
            data = report.attempt("nation time", partial(below.read, path, MAX_TOKEN))
            if data is not None:
                tokens[path] = (f"time/{size}.note", data)
    return Kept(dict(_notes(below, names, report)), tokens)


def nation_times(kept: Kept, nation: Entries | None, keys: Sequence[VerifierKey], tokens: ReadToken | None, report: Report) -> NationTimes:
    """Judge who co-signed or stamped the national log; a line for each finding under `nation time`."""
    if nation is None:
        return NationTimes(keys=tuple(keys))
    stated: dict[str, list[tuple[int, int]]] = {}
    for index, leaf in nation.of_type("station_checkpoint"):
        stated.setdefault(leaf["origin"], []).append((index, leaf["size"]))
    moments = [_said(leaf) for _, leaf in nation.leaves]
    times = NationTimes(nation.head.origin, nation.head.size, keys=tuple(keys), stated=stated)
    times.ages = [0, *accumulate(moments, max)]
    times.roots = roots_at(nation.hashes, [size for size, _ in kept.notes.values()])
    found: list[Sighting] = []
    over: dict[str, list[tuple[str, bytes]]] = {}
    for path, (name, token) in kept.tokens.items():
        over.setdefault(name, []).append((path, token))
    for name, (size, data) in kept.notes.items():
        try:
            head = parse_checkpoint(parse_note(data).text)
            if (head.origin, times.roots.get(size)) != (times.origin, head.root):
                report.failed("nation time", "film.time_other_history", name=f"nation/{name}", size=size)
                continue
            found += sightings_in(parse_note(data), keys)
        except KuaError as error:
            report.trouble("nation time", error)
            continue
        found += _stamps(name, data, size, over.get(name, ()), tokens, report)
    times.seen = Sightings(found)
    names = sorted({sighting.by for sighting in found})
    if names:
        report.passed("nation time", "film.time_seen", count=len(found), names=", ".join(names)[:400])
    return times


def _said(leaf: Any) -> int:
    body = leaf.body if isinstance(leaf, Leaf) else {}
    at = body.get("received_at", body.get("at"))
    return at if isinstance(at, int) else 0


def _listed(below: Below, report: Report) -> dict[int, tuple[str, ...]]:
    """Return the sizes that the list of `nation/time` names, each with its authorities. A tree without the list is an older one, or nobody co-signs."""
    try:
        body = read_canonical(below.read(LIST, MAX_LIST))
        listed: dict[int, tuple[str, ...]] = {}
        for each in body["notes"]:
            size, names = each["size"], each["tokens"]
            if type(size) is not int or size < 1 or not all(isinstance(name, str) and name.replace("-", "").isalnum() and name.isascii() for name in names):
                raise Rejected("film.time_list")
            listed[size] = tuple(names)
    except Incomplete:
        return {}
    except (KeyError, TypeError):
        report.failed("nation time", "film.time_list")
    except KuaError as error:
        report.trouble("nation time", error)
    else:
        return listed
    return {}


def _cosigned(below: Below, report: Report) -> list[str]:
    """Return the names of the co-signed checkpoints that the index names: all of a folder, of a web address the first in each minute."""
    try:
        rows = [line.split(" ") for line in below.read(f"{FOLDER}/sizes", MAX_LIST).decode("ascii").splitlines()]
        known = sorted((int(size), int(seconds)) for size, seconds, _ in rows if size.isdecimal() and seconds.isdecimal())
    except Incomplete:
        return []
    except ValueError:
        report.failed("nation time", "film.time_list")
        return []
    except KuaError as error:
        report.trouble("nation time", error)
        return []
    if below.listable:
        return [f"{FOLDER}/{size}" for size, _ in known]
    minutes: dict[int, int] = {}
    for size, seconds in known:
        minutes.setdefault(seconds // 60, size)
    return [f"{FOLDER}/{size}" for size in sorted(minutes.values())]


def _notes(below: Below, names: Iterable[str], report: Report) -> Iterable[tuple[str, tuple[int, bytes]]]:
    """Give the name, the size and the bytes of each stored checkpoint; the size in a name is that of the checkpoint."""
    for name in names:
        try:
            data = below.read(name, MAX_NOTE)
            stated = parse_checkpoint(parse_note(data).text).size
            if name != "checkpoint" and name.rpartition("/")[2].removesuffix(".note") != str(stated):
                raise Rejected("film.time_list")
        except KuaError as error:
            report.trouble("nation time", error)
            continue
        yield name, (stated, data)


def _stamps(
    name: str, data: bytes, size: int, stamps: Iterable[tuple[str, bytes]], tokens: ReadToken | None, report: Report
) -> Iterable[Sighting]:
    """Tokens are over what was kept, to the byte."""
    for path, token in stamps:
        if tokens is None:
            report.not_checked("nation time", "film.token_not_checked", name=f"nation/{path}")
            continue
        try:
            stamped = tokens(token, data)
        except Rejected as error:
            if error.code == "token.untrusted":
                report.not_checked("nation time", "film.token_untrusted", name=f"nation/{path}")
            else:
                report.failed("nation time", "film.token_other", name=f"nation/{path}", note=f"nation/{name}")
        else:
            yield Sighting(stamped.at, size, stamped.by)


def roots_at(hashes: Sequence[Digest], sizes: Iterable[int]) -> dict[int, Digest]:
    """Return the root over the first N leaves for each N of `sizes` that the log has; every leaf is hashed once."""
    frontier, roots = Frontier(), {}
    for size in sorted({size for size in sizes if 0 < size <= len(hashes)}):
        for digest in hashes[frontier.size : size]:
            frontier.append(digest)
        roots[size] = frontier.root()
    return roots


@dataclass(frozen=True, slots=True)
class StationTimes:
    """Who had seen how much of a station's log, and how old each of its leaves can be at most."""

    seen: Sightings
    fresh: Fresh
    codes: Mapping[str, Bound]
    """SHA-256 (hex) of each beacon's checkpoint, with the time that it cannot be older than."""


def station_times(check: str, log: Entries, times: NationTimes, nation: Entries | None, report: Report) -> StationTimes:
    """Read co-signatures, beacons and liveness codes of a station's log; a line for each that does not hold."""
    origin = log.head.origin
    found = [*through(times.seen, times.stated.get(origin, ())), *_observers(check, log, times.keys, report)]
    beacons = _beacons(check, log, times, nation, report)
    codes = {digest: bound for _, digest, bound in beacons}
    _check_codes(check, log, report)
    return StationTimes(Sightings(found), Fresh((index, bound) for index, _, bound in beacons), codes)


def _observers(check: str, log: Entries, keys: Sequence[VerifierKey], report: Report) -> list[Sighting]:
    """Return what co-signers in the room say, as far as their keys are known; a key that only the log names could be the station's own."""
    leaves = log.of_type("observer")
    roots = roots_at(log.hashes, [size_of(leaf) for _, leaf in leaves])
    found, strangers = [], set()
    for index, leaf in leaves:
        try:
            seen = read_observer(index, leaf, log.head.origin, roots)
        except KuaError:
            report.failed(check, "film.observer_forged", index=index)
            continue
        if seen.key in keys:
            found += sightings_in(seen.note, [seen.key])
        else:
            strangers.add(str(seen.key))
    if strangers:
        report.not_checked(check, "film.observer_unknown", count=len(strangers))
    return found


def _beacons(
    check: str, log: Entries, times: NationTimes, nation: Entries | None, report: Report
) -> list[tuple[int, str, Bound]]:
    """Return index, SHA-256 of the note and lower bound of every beacon that the national log bears out."""
    leaves = log.of_type("beacon")
    if leaves and nation is None:
        report.not_checked(check, "film.beacon_not_checked", count=len(leaves))
        return []
    heads = []
    for index, leaf in leaves:
        try:
            heads.append((index, leaf, parse_checkpoint(parse_note(leaf["note"].encode()).text)))
        except KuaError:
            report.failed(check, "film.beacon_false", index=index)
    roots = roots_at(nation.hashes, [head.size for _, _, head in heads]) if nation is not None else {}
    held = []
    for index, leaf, head in heads:
        if head.size > times.size and head.origin == times.origin:
            report.not_checked(check, "film.beacon_ahead", index=index)  # a copy of the national log that is older than the station's
        elif head.origin != times.origin or roots.get(head.size) != head.root:
            report.failed(check, "film.beacon_false", index=index)
        else:
            held.append((index, sha256(leaf["note"].encode()).hex(), Bound(Instant(times.ages[head.size]), times.origin)))
    return held


def _check_codes(check: str, log: Entries, report: Report) -> None:
    """Each liveness code that the station says it read is that of a checkpoint that it had stated before."""
    stated: dict[str, str] = {}
    for index, leaf in log.of_type("beacon", "liveness"):
        if leaf.type == "beacon":
            note = leaf["note"].encode()
            stated[sha256(note).hex()] = liveness_code(log.head.origin, note)
        elif stated.get(leaf["beacon"]) != leaf["code"]:
            report.failed(check, "film.liveness_false", index=index)


def tell_times(check: str, day: Day, log: Entries, times: StationTimes, report: Report) -> dict[str, Any]:
    """Say window, interval and freshness of one camera's film; return the figures for programs (`--json`)."""
    films = [item for item in day.items if isinstance(item, Film)]
    if not films:
        return {}
    wait = wait_of(((film.leaf, film.t1) for film in films), times.seen)
    if wait.longest is not None and wait.median is not None:
        report.passed(
            check, "film.window", longest=_seconds(wait.longest), median=_seconds(wait.median), count=wait.count - wait.unseen
        )
    if wait.unseen:
        report.not_checked(check, "film.unwitnessed", count=wait.unseen, of=wait.count)
    spans = _tell_intervals(check, films, times, report)
    fresh = _tell_freshness(check, day.cam, films, log, times, report)
    return {
        "window_longest_seconds": None if wait.longest is None else _seconds(wait.longest),
        "window_median_seconds": None if wait.median is None else _seconds(wait.median),
        "segments_unwitnessed": wait.unseen,
        "seconds_fresh": _seconds(fresh),
        "intervals": spans,
    }


def _tell_intervals(check: str, films: Sequence[Film], times: StationTimes, report: Report) -> list[list[int | None]]:
    """Return stretches of film with one interval: from, to (as stated), not before, not after."""
    spans: list[list[int | None]] = []
    open_ended = 0
    widths: list[tuple[int, Film, Interval]] = []
    excluded: list[tuple[Film, Interval]] = []
    unsure: list[tuple[Film, Interval]] = []
    for film in films:
        seen = times.seen.first(film.leaf)
        interval = Interval(times.fresh.after(film.leaf), Bound(seen.at, seen.by) if seen is not None else None)
        bounds = [interval.after.at if interval.after else None, interval.before.at if interval.before else None]
        if spans and spans[-1][2:] == bounds and spans[-1][1] == film.t0:
            spans[-1][1] = film.t1
        else:
            spans.append([film.t0, film.t1, *bounds])
        if interval.width is None:
            open_ended += 1
        else:
            widths.append((interval.width, film, interval))
        if interval.excludes(film.t0, film.t1, SLACK):
            (excluded if film.trust in VOUCHED else unsure).append((film, interval))
    for wrong, say in ((excluded, report.failed), (unsure, report.not_checked)):
        if wrong:
            film, interval = wrong[0]
            say(check, "film.time_excluded", count=len(wrong), since=rfc3339(film.t0), until=rfc3339(film.t1), **_facts(interval))
    if widths:
        width, film, interval = max(widths, key=lambda each: each[0])
        if width < -SLACK:
            report.not_checked(check, "film.clocks_differ", seconds=_seconds(-width))
        facts = _facts(interval)
        report.passed(check, "film.interval", count=len(widths), widest=_seconds(max(0, width)), since=rfc3339(film.t0), **facts)
    if open_ended:
        report.not_checked(check, "film.interval_open", count=open_ended, of=len(films))
    return spans


def _facts(interval: Interval) -> dict[str, str]:
    after, before = interval.after, interval.before
    return {
        "after": rfc3339(after.at) if after else "...",
        "after_by": after.by if after else "-",
        "before": rfc3339(before.at) if before else "...",
        "before_by": before.by if before else "-",
    }


def _tell_freshness(check: str, cam: str, films: Sequence[Film], log: Entries, times: StationTimes, report: Report) -> int:
    """Say for how long the picture itself showed a code that nobody could know before: only that tells live pictures from old ones."""
    shown, oldest = 0, 0
    for _, leaf in log.of_type("liveness"):
        bound = times.codes.get(leaf["beacon"])
        if leaf["cam"] != cam or bound is None:
            continue
        length = sum(max(0, min(film.t1, leaf["t1"]) - max(film.t0, leaf["t0"])) for film in films)
        shown += length
        oldest = max(oldest, leaf["t1"] - bound.at if length else 0)
    if shown:
        report.passed(check, "film.liveness_read", seconds=_seconds(shown), oldest=_seconds(oldest))
    else:
        report.not_checked(check, "film.liveness_none")
    return shown


def _seconds(millis: int) -> float:
    return round(millis / 1000, 3)
