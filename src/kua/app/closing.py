# SPDX-License-Identifier: Apache-2.0
"""`kua station close`: ask a running agent, or close the log of a box whose agent does not run. A closed day stays closed."""

import threading
from pathlib import Path
from typing import Final

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.adapters.tilelog import DiskLog
from kua.app.hours import hour_keys
from kua.app.settings import load_election, load_station
from kua.core.errors import Incomplete, Refused, Unavailable
from kua.core.instant import Instant, rfc3339
from kua.core.nouns import station_id, station_origin
from kua.proof.checkpoint import parse_checkpoint
from kua.proof.leaf import Leaf, Unknown, read_leaf
from kua.proof.note import parse_note
from kua.proof.paper import PaperCode, paper_code
from kua.proof.tiles import WIDTH, decode_bundle, entries_path
from kua.station.enrol import station_key
from kua.station.journal import Journal

_LOOK: Final = 0.2


def close_day(box: Path, patience: float) -> Instant:
    """Close the day of `box` and return when it was closed.

    Raises `Refused("account.closed")` if it was closed before, `Incomplete("fsck.no_log")` for a box that never recorded,
    `Unavailable("agent.no_answer")` if a running agent has not closed within `patience` seconds (it will, when its cameras have ended).
    """
    station = load_station(box)
    election, _ = load_election(box, station)
    if not (box / "log" / "journal").exists():
        raise Incomplete("fsck.no_log", box=box.name)
    origin = station_origin(election.domain, election.id, station_id(station.id))
    already = closed_at(box)
    if already is not None:
        raise Refused("account.closed", at=rfc3339(already))
    try:
        log = DiskLog.open(box / "log", origin, station_key(box, origin))
    except Refused as error:
        if error.code != "log.locked":
            raise
        return _ask(box, patience)
    try:
        return Journal(log, SystemClock(), "00000000", hour_keys(box)).close("ordered")
    finally:
        log.close()


def _ask(box: Path, patience: float) -> Instant:
    DurableFiles().replace(box / "close.request", b"close\n")
    waiting = threading.Event()
    for _ in range(int(patience / _LOOK)):
        waiting.wait(_LOOK)
        at = closed_at(box)
        if at is not None:
            return at
    raise Unavailable("agent.no_answer", seconds=int(patience))


def closed_at(box: Path) -> Instant | None:
    """Return when the day was closed, from the last shown entries of the log; None while it is open. Needs no lock."""
    try:
        size = parse_checkpoint(parse_note((box / "log" / "checkpoint").read_bytes()).text).size
        last = [_entry(box, at) for at in range(max(0, size - 2), size)]
    except FileNotFoundError:
        return None  # between two checkpoints; whoever asks will look again
    # Only the seal of the last hour may come after the close.
    return next((Instant(leaf["at"]) for leaf in last if isinstance(leaf, Leaf) and leaf.type == "close"), None)


def closing_code(box: Path) -> PaperCode | None:
    """Return what goes on the protocol: the code of the log's end. None while the day is open, and until its last hour is sealed and every key of an hour gone."""
    if closed_at(box) is None or any((box / "keys" / "hours").glob("*.pem")):
        return None
    return paper_code(parse_note((box / "log" / "checkpoint").read_bytes()).text)


def final_code(box: Path, patience: float) -> PaperCode | None:
    """Return the same, after waiting up to `patience` seconds for the seal that a running agent is about to write."""
    waiting = threading.Event()
    for _ in range(int(patience / _LOOK)):
        found = closing_code(box)
        if found is not None:
            return found
        waiting.wait(_LOOK)
    return closing_code(box)


def _entry(box: Path, at: int) -> Leaf | Unknown:
    """Read entry `at`, one of the last two: from the widest bundle that is there."""
    index, place = divmod(at, WIDTH)
    names = (entries_path(index, width) for width in (place + 1, place + 2, WIDTH) if width <= WIDTH)
    path = next((box / "log" / name for name in names if (box / "log" / name).exists()), box / "log" / entries_path(index, place + 1))
    return read_leaf(decode_bundle(path.read_bytes())[place])
