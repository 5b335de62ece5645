# SPDX-License-Identifier: Apache-2.0
"""`kua station close`: ask a running agent, or close the log of a box whose agent does not run. A closed day stays closed."""

import threading
from pathlib import Path
from typing import Final

from kua.adapters.clock import SystemClock
from kua.adapters.durable import DurableFiles
from kua.adapters.tilelog import DiskLog
from kua.app.settings import load_election, load_station
from kua.core.errors import Incomplete, Refused, Unavailable
from kua.core.instant import Instant, rfc3339
from kua.core.nouns import station_id, station_origin
from kua.proof.checkpoint import parse_checkpoint
from kua.proof.leaf import Leaf, read_leaf
from kua.proof.note import parse_note
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
        return Journal(log, SystemClock(), "00000000").close("ordered")
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
    """Return when the day was closed, from the last shown entry of the log; None while it is open. Needs no lock."""
    try:
        size = parse_checkpoint(parse_note((box / "log" / "checkpoint").read_bytes()).text).size
        if size == 0:
            return None
        index, width = divmod(size - 1, WIDTH)
        last = read_leaf(decode_bundle((box / "log" / entries_path(index, width + 1)).read_bytes())[-1])
    except FileNotFoundError:
        return None  # between two checkpoints; whoever asks will look again
    return Instant(last["at"]) if isinstance(last, Leaf) and last.type == "close" else None
