# SPDX-License-Identifier: Apache-2.0
"""How a station's statements and film fare over poor lines: a real centre, the sending half of a real station, and a shaped line between them (namespaces).

For each line: seconds from the signing of a segment's leaf until the centre has it on disk (median, longest), the share of the film that is there at the end, how
much of the line was used, and how many bytes were sent twice. 500 kbit/s of film, one camera, but where it says otherwise.
"""

import json
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from benchmarks import ROOT, Row, judged
from benchmarks.wire import Wire, wire
from kua.adapters.durable import DurableFiles
from kua.app.town import Place, Town

FILM: Final = 500_000
PLACE: Final = Place("10-245", 7, 900, "painted:7?w=320&h=180&fps=5")
_RECEIVED: Final = re.compile(r"^[0-9a-f]{64}$")


@dataclass(frozen=True, slots=True)
class Case:
    """One line: its rate, what befalls it at which second, how long film is made, how long it may still be sent, and the film's own rate."""

    name: str
    rate: int
    seconds: float
    drain: float = 0
    film: int = FILM
    events: Sequence[tuple[float, int]] = ()
    """(second, per cent of packets lost from then on)."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of it. `lags` are seconds, one for each leaf of film; a leaf that did not come has none and is in `missing`."""

    lags: tuple[float, ...]
    missing: int
    delivered: float
    use: float
    again: float
    drained: bool


CASES: Final = (
    Case("64 kbit/s", 64_000, 60),
    Case("256 kbit/s", 256_000, 60),
    Case("256 kbit/s, 10 % loss", 256_000, 60, events=((0, 10),)),
    Case("256 kbit/s, 30 % loss", 256_000, 60, events=((0, 30),)),
    Case(
        "1 Mbit/s, away from 20 s to 40 s and from 60 s to 70 s", 1_000_000, 90, drain=90, events=((20, 100), (40, 0), (60, 100), (70, 0))
    ),
    Case("2 kbit/s", 2_000, 180),
    Case("1 Mbit/s, away for 10 minutes", 1_000_000, 660, drain=900, film=250_000, events=((30, 100), (630, 0))),
)


def run(cases: Sequence[Case] = CASES) -> list[Row]:
    """Run every case, one after the other."""
    rows: list[Row] = []
    for case in cases:
        seen = measure(case)
        rows += _rows(case, seen)
        for row in rows[-6:]:
            print(f"  {row.name}: {row.value} {row.unit}", file=sys.stderr, flush=True)
    return rows


def _rows(case: Case, seen: Seen) -> list[Row]:
    median, longest = statistics.median(seen.lags), max(seen.lags)
    name, shaped = case.name, not case.events and case.rate in {64_000, 256_000}
    return [
        _row(f"{name}: leaf at the centre, median", median, "s", 1.0 if case.rate == 64_000 else None, "less"),
        _row(f"{name}: leaf at the centre, longest", longest, "s", 60.0 if case.rate == 2_000 else None, "less"),
        _row(f"{name}: leaves that did not come", seen.missing, "leaves", 0 if case.drain else None, "less"),
        _row(f"{name}: share of the film delivered", seen.delivered, "of 1", 1.0 if case.drain else None, "more"),
        _row(f"{name}: use of the line", seen.use, "of 1", 0.85 if shaped else None, "more"),
        _row(f"{name}: bytes sent twice", seen.again, "of 1", 0.02 if case.drain else None, "less"),
    ]


def _row(name: str, value: float, unit: str, target: float | None, better: Literal["more", "less"]) -> Row:
    return Row(name, value, unit) if target is None else judged(name, value, unit, target, better)


def measure(case: Case) -> Seen:
    """Run one case in a town of its own."""
    with tempfile.TemporaryDirectory(prefix="kua-links-") as folder, wire(case.rate) as line:
        town = Town(Path(folder), [PLACE])
        town.found()
        settings = town.centre / "kua.toml"
        DurableFiles().replace(settings, settings.read_bytes() + f'host = "{line.here}"\n'.encode())
        town.start_centre()
        port = town.centre_url.rpartition(":")[2]
        try:
            town.enrol(PLACE, f"http://{line.here}:{port}")
            return _measured(case, line, town, f"http://{line.here}:{port}")
        finally:
            town.stop()


def _measured(case: Case, line: Wire, town: Town, url: str) -> Seen:
    at: dict[int, int] = {}
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(town.published / "s" / PLACE.id / "checkpoint", at, over))
    watcher.start()
    station = subprocess.Popen(
        line.there(sys.executable, "-m", "benchmarks.link_station", str(town.box(PLACE.id)), url, str(case.seconds), str(case.film), str(case.drain)),
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    weather = threading.Thread(target=_weather, args=(line, case.events, over))
    weather.start()
    try:
        assert station.stdout is not None
        said: list[str] = []
        marks: list[tuple[float, int]] = []
        for each in station.stdout:
            said.append(each.strip())
            if each.startswith(("film", "over")):  # between these there is always film to send
                marks.append((time.monotonic(), line.carried()))
        (began, before), (ended, after) = marks
        if station.wait(60):
            raise AssertionError(f"the station ended with {station.returncode}")
        time.sleep(0.2)  # the watcher looks every 0.02 s, and has yet to see the last entry
    finally:
        station.kill()
        over.set()
        watcher.join()
        weather.join()
    leaves = {int(index): int(when) for _, index, when in (each.split() for each in said if each.startswith("leaf"))}
    told = json.loads(said[-1])
    lags = tuple((at[index] - when) / 1e9 for index, when in leaves.items() if index in at)
    here, partial = _received(town.centre)
    # What was sent and is here neither as a file nor as a part of one was sent for nothing, or twice.
    again = max(0, told["sent"] - here - partial) / max(1, told["sent"])
    return Seen(
        lags,
        len(leaves) - len(lags),
        min(1.0, here / max(1, told["made"])),
        (after - before) * 8 / (ended - began) / case.rate,
        again,
        told["drained"],
    )


def _watch(checkpoint: Path, at: dict[int, int], over: threading.Event) -> None:
    """Note when the centre's own copy of the log has grown to which size: what stands there is on disk."""
    known = 0
    while not over.is_set():
        with suppress(ValueError, IndexError, FileNotFoundError):
            size, now = int(checkpoint.read_bytes().split(b"\n")[1]), time.monotonic_ns()
            at |= dict.fromkeys(range(known, size), now)
            known = max(known, size)
        over.wait(0.02)


def _weather(line: Wire, events: Sequence[tuple[float, int]], over: threading.Event) -> None:
    began = time.monotonic()
    for second, loss in events:
        if over.wait(max(0.0, began + second - time.monotonic())):
            return
        line.set_loss(loss)


def _received(centre: Path) -> tuple[int, int]:
    store = centre / "store"
    whole = sum(path.stat().st_size for path in store.glob("*/*") if _RECEIVED.match(path.name))
    return whole, sum(path.stat().st_size for path in store.glob("incoming/*/*.rest"))
