# SPDX-License-Identifier: Apache-2.0
"""What the fault tests share: a small town, somebody who starts what died (as systemd would), somebody who remembers every signed word that was
ever visible, and the examination afterwards. Kills nothing itself; `kua.ports.trip` does.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kua.app.link import CuttableLink
from kua.app.town import Place, Shape, Town
from kua.core.digest import Digest, sha256
from kua.proof.checkpoint import open_checkpoint, parse_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.leaf import Leaf, read_leaf
from kua.proof.merkle import Frontier, leaf_hash
from kua.proof.note import parse_note
from kua.proof.receipt import check_receipt
from kua.proof.tiles import WIDTH, decode_bundle, entries_path
from kua.verify.film import verify_film

SHAPE: Final = Shape(320, 180, 5, 250, "ultrafast")
DELAY: Final = 1_000
PATIENCE: Final = 240.0
"""Seconds that anything may take here before the test says that it does not come. A busy machine is not a fault of the code."""
ORPHANS: Final = 30.0
"""Seconds within which the processes of a camera end whose agent was killed."""


def painted(number: int) -> Place:
    """A station with one painted camera."""
    return Place(f"10-{number:03}", number, 900, f"painted:{number}?w={SHAPE.width}&h={SHAPE.height}&fps={SHAPE.fps}", shape=SHAPE)


def wall() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait for `condition`, looking ten times a second."""
    waiting, end = threading.Event(), time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f"{what} did not come within {patience:.0f} s"
        waiting.wait(0.1)


def kua(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command of the program."""
    return subprocess.run([sys.executable, "-m", "kua.cli.main", *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE)


def leaves(folder: Path) -> list[Leaf]:
    """Return the leaves of the log that is published in `folder`."""
    return [leaf for leaf in map(read_leaf, entries(folder)) if isinstance(leaf, Leaf)]


def entries(folder: Path) -> list[bytes]:
    """Return the entries of the log that is published in `folder`, up to its checkpoint."""
    while True:
        size = parse_checkpoint(parse_note((folder / "checkpoint").read_bytes()).text).size
        try:
            found: list[bytes] = []
            for index in range(0, size, WIDTH):
                found += decode_bundle((folder / entries_path(index // WIDTH, min(WIDTH, size - index))).read_bytes())
        except FileNotFoundError:
            continue  # the log has grown between the two looks, and its partial tile has made room for a wider one
        return found


def camera_processes(box: Path) -> dict[int, tuple[str, int]]:
    """Return the processes of a box's cameras: pid -> (start time, parent). A zombie is not one any more."""
    found = {}
    for process in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            told = (process / "cmdline").read_bytes().split(b"\0")
            if b"kua.app.camera" in told and str(box).encode() in told:
                stat = (process / "stat").read_text().rpartition(")")[2].split()
                found[int(process.name)] = (stat[19], int(stat[1]))
    return found


class Witness(threading.Thread):
    """Keeps every checkpoint that was ever visible and every receipt that a station ever held, with the moment at which it was first seen."""

    def __init__(self, town: Town) -> None:
        super().__init__(name="witness", daemon=True)
        self._town = town
        self._stop_it = threading.Event()
        self.heads: dict[str, dict[bytes, int]] = {"nation": {}} | {place.id: {} for place in town.places}
        self.receipts: dict[str, dict[Digest, tuple[int, bytes, int]]] = {place.id: {} for place in town.places}

    def run(self) -> None:
        """Look again and again."""
        number = 0
        while not self._stop_it.wait(0.05):
            self.look(receipts=number % 10 == 0)
            number += 1

    def look(self, *, receipts: bool = True) -> None:
        """Look once."""
        tree = self._town.published
        for name, known in self.heads.items():
            folders = [tree / "nation"] if name == "nation" else [tree / "s" / name, self._town.box(name) / "log"]
            for folder in folders:
                with suppress(FileNotFoundError):
                    known.setdefault((folder / "checkpoint").read_bytes(), wall())
        if receipts:
            for station, held in self.receipts.items():
                for digest, receipt, size in _receipts(self._town.box(station)):
                    held.setdefault(Digest(digest), (wall(), receipt, size))

    def end(self) -> None:
        """Stop, after a last look."""
        self._stop_it.set()
        self.join()
        self.look()


def _receipts(box: Path) -> list[tuple[bytes, bytes, int]]:
    try:
        db = sqlite3.connect(f"file:{box / 'spool.sqlite'}?mode=ro", uri=True, timeout=5)
    except sqlite3.Error:
        return []
    try:
        return db.execute("SELECT digest, receipt, size FROM file WHERE receipt IS NOT NULL").fetchall()
    except sqlite3.Error:
        return []  # not made yet, or between a crash and the next start
    finally:
        db.close()


@dataclass(frozen=True, slots=True)
class Death:
    """A process that was found dead: its name in the town, how it ended, when that was seen, and the camera processes that it left behind."""

    name: str
    code: int
    at: int
    orphans: Mapping[int, str]


@dataclass(slots=True)
class Ward:
    """A town that is watched and kept alive. `stop` leaves nothing running."""

    town: Town
    links: dict[str, CuttableLink] = field(default_factory=dict)
    witness: Witness = field(init=False)
    deaths: list[Death] = field(default_factory=list)
    slowest_orphan: float = 0.0
    _environment: dict[str, dict[str, str]] = field(default_factory=dict)
    _waiting: list[tuple[Path, dict[int, str], float]] = field(default_factory=list)

    def open(self, environment: Mapping[str, Mapping[str, str]]) -> None:
        """Found the town and start everything; `environment` is added to that of a station or of `centre`, at each start."""
        town = self.town
        self._environment = {name: dict(told) for name, told in environment.items()}
        town.found()
        for place in town.places:
            town.prepare(place)
        self.witness = Witness(town)
        self.witness.start()
        town.start_centre()
        for place in town.places:
            self.links[place.id] = CuttableLink(_address(town.centre_url))
            town.enrol(place, f"http://127.0.0.1:{self.links[place.id].port}")
        if "centre" in self._environment:  # only now: what is killed is the day, not the enrolment before it
            self.town.processes["centre"].terminate()
            assert self.town.processes["centre"].wait(PATIENCE) in {0, -signal.SIGTERM}
            self._start_centre()
        for place in town.places:
            town.start_station(place.id, self._surroundings(place.id))

    def _surroundings(self, name: str) -> dict[str, str]:
        return {**os.environ, **self._environment.get(name, {})}

    def _start_centre(self) -> None:
        self.town.start_centre(self._surroundings("centre"), PATIENCE)
        for link in self.links.values():
            link.aim(_address(self.town.centre_url))

    def tend(self) -> None:
        """Start again what has died."""
        for name, process in list(self.town.processes.items()):
            code = process.poll()
            if code is None:
                continue
            self.witness.look()
            orphans = {} if name == "centre" else {pid: start for pid, (start, _) in camera_processes(self.town.box(name)).items()}
            self.deaths.append(Death(name, code, wall(), orphans))
            if name == "centre":
                self._start_centre()
            else:
                self._waiting.append((self.town.box(name), orphans, time.monotonic()))
                self.town.start_station(name, self._surroundings(name))
        self._see_orphans()

    def _see_orphans(self) -> None:
        for each in list(self._waiting):
            box, orphans, since = each
            there = camera_processes(box)
            left = [pid for pid, start in orphans.items() if pid in there and there[pid][0] == start]
            age = time.monotonic() - since
            if not left:
                self._waiting.remove(each)
                self.slowest_orphan = max(self.slowest_orphan, age)
            assert not left or age < ORPHANS, f"processes {left} of {box.name} outlive their agent"

    def film(self, station: str) -> list[Leaf]:
        """Return the segments that the station's own log shows now."""
        if not (self.town.box(station) / "log" / "checkpoint").exists():
            return []
        return [leaf for leaf in leaves(self.town.box(station) / "log") if leaf.type == "segment"]

    def tend_until(self, condition: Callable[[], bool], what: str) -> None:
        """Keep everything alive until `condition` holds."""

        def held() -> bool:
            self.tend()
            return condition()

        until(held, what)

    def record(self, station: str, more: int) -> None:
        """Wait until so many more segments are stated, all of which began after now."""
        now = wall()
        self.tend_until(lambda: sum(leaf["t0"] >= now for leaf in self.film(station)) >= more, f"film of {station}")

    def close(self) -> None:
        """Close every station's day and wait until each agent has handed over everything and has ended by itself."""
        for place in self.town.places:
            said = kua("station", "close", "--box", str(self.town.box(place.id)))
            assert said.returncode == 0, said.stderr
        for place in self.town.places:
            process = self.town.processes[place.id]
            until(lambda process=process: process.poll() is not None, f"the end of {place.id}")  # type: ignore[misc]
            assert process.returncode == 0, (place.id, process.returncode)
        self._see_orphans()
        until(lambda: _is_whole(self.town), "the publication of everything")

    def stop(self) -> None:
        """End everything."""
        self.town.stop()
        self.witness.end()
        for link in self.links.values():
            link.close()


def _address(url: str) -> tuple[str, int]:
    return "127.0.0.1", int(url.rpartition(":")[2])


def _is_whole(town: Town) -> bool:
    report = verify_film(str(town.published))
    behind = [line for line in report.lines if line.code in {"film.nation_behind", "film.arriving"}]
    figures = report.summary
    ended = all("#EXT-X-ENDLIST" in _text(town.published / "s" / place.id / "film" / "a" / "day.m3u8") for place in town.places)
    return report.exit_code == 0 and not behind and ended and figures["segments_verified"] == figures["segments_logged"]


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


@dataclass(frozen=True, slots=True)
class Examined:
    """The town after its day: what its verifier says, each log's leaves and roots."""

    town: Town
    witness: Witness
    report: Mapping[str, Any]
    roots: Mapping[str, Sequence[Digest]]
    leaves: Mapping[str, Sequence[Leaf]]

    def unaccounted(self, station: str) -> float:
        """Seconds of the station's camera that no leaf speaks of."""
        (figures,) = (each for each in self.report["stations"] if each["station"] == station)
        return float(figures["cameras"]["a"]["unaccounted_seconds"])

    def forks(self, name: str, before: int) -> int:
        """How many checkpoints of `nation` or of a station that were visible before a moment do not hold in the final log."""
        folder = self.town.published / ("nation" if name == "nation" else f"s/{name}")
        key = VerifierKey.parse((folder / "vkey").read_text("utf-8").strip())
        origin = self.town.nation if name == "nation" else self.town.origin(name)
        wrong = 0
        for note, at in self.witness.heads[name].items():
            head = open_checkpoint(note, key, origin)
            if at <= before and (head.size >= len(self.roots[name]) or self.roots[name][head.size] != head.root):
                wrong += 1
        return wrong

    def lost(self, station: str, before: int) -> int:
        """How many receipts that the station held at a moment name bytes that the centre does not have, or film that it does not publish."""
        election = self.town.election()
        (centre,) = (VerifierKey.parse(each.vkey) for each in election.centres)
        root = self.town.published / "s" / station
        shown = [*root.glob("film/*/*"), *root.glob("film/*/live/*"), *root.glob("calibration/*")]
        public = {sha256(path.read_bytes()) for path in shown if path.is_file()}
        # The lowered form of a film gives way to the film itself: it stays in the store, and need not be shown any more.
        lives = [leaf.body.get("live", {}) for leaf in leaves(root) if leaf.type == "segment"]
        lowered = {live[part] for live in lives for part in ("sha256", "init") if part in live}
        lost = 0
        for digest, (at, receipt, size) in self.witness.receipts[station].items():
            if at > before:
                continue
            told = check_receipt(receipt, centre, self.town.origin(station), digest, size or _size(self.town, digest))
            stored = self.town.centre / "store" / told.digest.hex()[:2] / told.digest.hex()
            kept = stored.is_file() and sha256(stored.read_bytes()) == digest
            lost += not kept or (digest not in public and digest.hex() not in lowered)
        return lost

    def receipts(self, station: str, before: int) -> int:
        """How many receipts the station held at a moment."""
        return sum(at <= before for at, _, _ in self.witness.receipts[station].values())


def _size(town: Town, digest: Digest) -> int:
    return (town.centre / "store" / digest.hex()[:2] / digest.hex()).stat().st_size


def examine(ward: Ward) -> Examined:
    """Hold everything against everything once the town has stopped. Asserts what must hold for the town as a whole."""
    town = ward.town
    said = kua("film", "verify", str(town.published), "--json")
    assert said.returncode == 0, said.stdout
    report = json.loads(said.stdout)
    assert report["segments_verified"] == report["segments_logged"] > 0
    roots: dict[str, list[Digest]] = {}
    found: dict[str, list[Leaf]] = {}
    for name in ("nation", *(place.id for place in town.places)):
        folder = town.published / ("nation" if name == "nation" else f"s/{name}")
        frontier = Frontier()
        roots[name] = [frontier.root()]
        for entry in entries(folder):
            frontier.append(leaf_hash(entry))
            roots[name].append(frontier.root())
        found[name] = leaves(folder)
    for place in town.places:
        checked = kua("station", "fsck", "--box", str(town.box(place.id)), "--level", "hash", "--json")
        assert checked.returncode == 0, checked.stdout + checked.stderr
        assert json.loads(checked.stdout)["intact"] is True
        own, shown = entries(town.box(place.id) / "log"), entries(town.published / "s" / place.id)
        assert own == shown, "the centre's copy is not the station's log"
    return Examined(town, ward.witness, report, roots, found)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    place: str
    killed: str
    before: int
    after: int
    gap: float
    receipts: int
    fork: int
    lost: int
    unaccounted: float
    seconds: float


def print_table(title: str, rows: Sequence[Row]) -> None:
    """Print the rows for people."""
    wide = max(len(row.place) for row in rows)
    print(f"\n{title}")
    print(f"{'place':<{wide}}  {'killed':<7} {'segments':>11} {'gap s':>7} {'receipts':>8} {'fork':>5} {'lost':>5} {'unaccounted s':>14} {'back after s':>13}")
    for row in rows:
        segments = f"{row.before} / {row.after}"
        print(
            f"{row.place:<{wide}}  {row.killed:<7} {segments:>11} {row.gap:>7.1f} {row.receipts:>8} {row.fork:>5} {row.lost:>5}"
            f" {row.unaccounted:>14.3f} {row.seconds:>13.1f}"
        )
