# SPDX-License-Identifier: Apache-2.0
"""`kua demo`: the main job from end to end on this computer, with painted rooms: record, hide, sign, send, publish, alter a byte, catch it.

Three stations film in real time; one loses its line for a while and catches up; the bytes that are altered are chosen by the seed.
The figures come from the published tree and from the centre's books, never from the story.
"""

import os
import random
import shutil
import statistics
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from kua.adapters.clock import SystemClock
from kua.adapters.indexes.sqlite import SqliteIndex
from kua.app.closing import closed_at, close_day
from kua.app.link import CuttableLink
from kua.app.papers import paper_here
from kua.app.town import ELECTION, Place, Shape, Town
from kua.core.errors import KuaError, Misused, Unavailable
from kua.core.instant import Instant, Millis, rfc3339
from kua.proof.checkpoint import parse_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.note import parse_note
from kua.verify.bundle import verify_bundle
from kua.verify.entries import Entries, load_entries
from kua.verify.film import Trust, verify_film
from kua.verify.gather import Wanted
from kua.verify.onefile import tools
from kua.verify.pack import Order, make_bundle
from kua.verify.reading import UNFINISHED, open_reader
from kua.verify.report import Report

Tell = Callable[..., None]
"""Says a step of the story: a code of `kua.words.demo` and its facts."""

DELAY: Final = Millis(3_000)
"""Public delay of the demonstration; a real election file says 30 s."""
WANTED: Final = 16
"""Segments of each station after which the headless story comes to its end."""
PATIENCE: Final = 150.0
"""Seconds after which the headless story gives up."""
_TRIES: Final = 20
CUT: Final = (14.0, 20.0)
"""The line is cut after so many seconds, and for so many."""

OUTSIDERS: Final = ("party-a.example/witness", "party-b.example/witness", "observers.example/witness")
"""Who co-signs the national log; two of them are enough."""

_PLACES: Final = (("10-245", 12, 940), ("27-014", 3, 655), ("75-101", 36, 1_890))


@dataclass(frozen=True, slots=True)
class Altered:
    """One byte that the story alters: below the tree, at `offset`, turned by `bit`. `moment` is when it was chosen (Unix ms)."""

    name: str
    offset: int
    bit: int
    moment: int


@dataclass(slots=True)
class Demo:
    """One run. `keep` is where the published trees stay; without it everything is removed at the end."""

    seed: int
    tell: Tell
    keep: Path | None = None
    guests: tuple[Place, ...] = ()
    town: Town = field(init=False)
    link: CuttableLink | None = None
    cut_station: str = ""
    chance: random.Random = field(init=False)
    _begun: Millis = field(default=Millis(0))
    _waiting: threading.Event = field(default_factory=threading.Event)
    _clock: SystemClock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - the story's own choices, not a secret
        if self.keep is not None and self.keep.exists() and any(self.keep.iterdir()):
            raise Misused("demo.keep_not_empty", folder=str(self.keep))

    @contextmanager
    def country(self) -> Iterator[Town]:
        """Found the country, start it, and leave nothing running and no folder behind."""
        with tempfile.TemporaryDirectory(prefix="kua-demo-") as folder:
            first, size = self.seed * 10, "w={0.width}&h={0.height}".format(Shape())
            places = [
                Place(name, school, voters, f"painted:{first + number}?{size}") for number, (name, school, voters) in enumerate(_PLACES, 1)
            ]
            places += self.guests
            self.town = Town(Path(folder), places, delay=DELAY, outsiders=OUTSIDERS)
            self.cut_station = self.chance.choice([name for name, _, _ in _PLACES])
            try:
                self._start()
                yield self.town
            finally:
                self.tell("demo.stopping")
                if self.link is not None:
                    self.link.close()
                self.town.stop()

    def _start(self) -> None:
        town = self.town
        town.found()
        town.start_outsiders()
        town.start_centre()
        self.tell("demo.outsiders", count=len(OUTSIDERS))
        self.tell("demo.centre", url=town.centre_url)
        for place in town.places:
            town.prepare(place)
            line = None
            if place.id == self.cut_station:
                host, port = town.centre_url.removeprefix("http://").split(":")
                self.link = CuttableLink((host, int(port)))
                line = f"http://127.0.0.1:{self.link.port}"
            town.enrol(place, line)
            self.tell("demo.prepared", station=place.id)
        self._begun = self._clock.monotonic()

    def elapsed(self) -> float:
        """Return seconds since the stations were ready to start."""
        return (self._clock.monotonic() - self._begun) / 1000

    def pause(self, seconds: float) -> None:
        """Let the story go on for a while; it fails loudly if a process of it has died."""
        self._waiting.wait(seconds)
        for name, process in self.town.processes.items():
            if process.poll() is not None:
                raise Unavailable("demo.died", process=name, rc=process.returncode, log=self._last_words(name))

    def _last_words(self, name: str) -> str:
        with suppress(OSError):
            return (self.town.folder / "logs" / f"{name}.log").read_text("utf-8", "replace")[-600:]
        return ""

    def films_of(self, station: str) -> list[Path]:
        """Return the published segments of a station, oldest first."""
        return sorted((self.town.published / "s" / station / "film" / "a").glob("*.m4s"), key=lambda path: path.stat().st_mtime)


def headless(seed: int, keep: Path | None, tell: Tell) -> dict[str, Any]:
    """Play the story without a browser and return its figures (the keys of `kua demo --headless --json`)."""
    demo = Demo(seed, tell, keep)
    with demo.country() as town:
        for place in town.places:
            town.start_station(place.id)
        chosen = _play(demo)
        _close(demo)
        return _figures(demo, chosen)


def _play(demo: Demo) -> list[Altered]:
    """Record until every station has enough; cut and mend the line on the way; choose what will be altered at its moment."""
    cut, mend = CUT[0], CUT[0] + CUT[1]
    moment = demo.chance.uniform(20.0, 40.0)
    state, chosen, told = "whole", list[Altered](), -1
    while True:
        demo.pause(0.25)
        now = demo.elapsed()
        if now > PATIENCE:
            raise Unavailable("demo.too_slow", seconds=int(now))
        if state == "whole" and now > cut and demo.link is not None:
            demo.link.cut()
            state = "cut"
            demo.tell("demo.cut", station=demo.cut_station)
        if state == "cut" and now > mend and demo.link is not None:
            demo.link.mend()
            state = "mended"
            demo.tell("demo.mended", station=demo.cut_station)
        if not chosen and now > moment and all(demo.films_of(place.id) for place in demo.town.places):
            chosen = choose(demo)
        counts = {place.id: len(demo.films_of(place.id)) for place in demo.town.places}
        if min(counts.values()) != told:
            told = min(counts.values())
            demo.tell("demo.progress", done=sum(counts.values()), wanted=WANTED * len(counts))
        if state == "mended" and chosen and told >= WANTED:
            return chosen


def choose(demo: Demo) -> list[Altered]:
    """Choose one byte of the newest segment of some station, one of its log, and one of a paper beside it; name, place and bit by the seed."""
    station = demo.chance.choice([place.id for place in demo.town.places])
    tree = demo.town.published
    newest = demo.films_of(station)[-1]
    papers = sorted((tree / "s" / station / "calibration").iterdir())
    names = [newest, tree / "s" / station / "tile" / "0" / "last", demo.chance.choice([*papers, tree / "election.json"])]
    now = demo._clock.now()  # noqa: SLF001 - the same module's own clock
    return [Altered(path.relative_to(tree).as_posix(), demo.chance.randrange(1 << 30), demo.chance.randrange(8), now) for path in names]


def _close(demo: Demo) -> None:
    """Close every day and wait until the centre has published all of it."""
    town = demo.town
    demo.tell("demo.closing")
    threads = [threading.Thread(target=_close_quietly, args=(town.box(place.id),)) for place in town.places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    deadline = demo.elapsed() + 60
    while any(not _is_whole(town, place.id) for place in town.places):
        demo._waiting.wait(0.25)  # noqa: SLF001 - agents end by themselves now, which is no fault
        if demo.elapsed() > deadline:
            raise Unavailable("demo.not_published", seconds=60)
    last = _size(demo.town.published / "nation" / "checkpoint")
    while _size(demo.town.published / "nation" / "cosigned" / "checkpoint") < last:
        demo._waiting.wait(0.25)  # noqa: SLF001
        if demo.elapsed() > deadline:
            raise Unavailable("demo.not_cosigned", seconds=60)


def _size(note: Path) -> int:
    """Return the entries of the log by a checkpoint of the centre's; none where it has not come yet."""
    with suppress(FileNotFoundError):
        return parse_checkpoint(parse_note(note.read_bytes()).text).size
    return 0


def _close_quietly(box: Path) -> None:
    with suppress(KuaError):  # whoever looks next sees whether the day was closed
        close_day(box, 60.0)


def _is_whole(town: Town, station: str) -> bool:
    playlist = town.published / "s" / station / "film" / "a" / "day.m3u8"
    if closed_at(town.box(station)) is None or not playlist.exists():
        return False
    text = playlist.read_text("utf-8")
    return text.endswith("#EXT-X-ENDLIST\n") and "m4s?leaf" in text and not _has_late(text)


def _has_late(text: str) -> bool:
    lines = text.splitlines()
    return any(line == "#EXT-X-GAP" and "?leaf=" in lines[number + 2] for number, line in enumerate(lines))


def _figures(demo: Demo, chosen: list[Altered]) -> dict[str, Any]:
    demo.tell("demo.verifying")
    top = demo.keep if demo.keep is not None else demo.town.folder / "kept"
    intact = top / "published" / ELECTION
    copy_still(demo.town.published, intact)
    key = demo.town.election().commission[0]
    trust = Trust((VerifierKey.parse(key),))
    report = verify_film(str(intact), trust)
    logs = {place.id: _entries(intact, place.id, demo.town) for place in demo.town.places}
    accounts = [cameras["a"] for cameras in (figures["cameras"] for figures in report.summary["stations"])]
    spoilt = [_spoilt(intact, top / "tampered" / str(number), altered, trust) for number, altered in enumerate(chosen, 1)]
    live, held = _latencies(demo, logs)
    return {
        "stations": len(demo.town.places),
        "segments_logged": report.summary["segments_logged"],
        "segments_verified": report.summary["segments_verified"],
        "seconds_recorded": _sum(accounts, "seconds_recorded"),
        "seconds_in_gaps": _sum(accounts, "seconds_in_gaps"),
        "seconds_hidden": _sum(accounts, "seconds_hidden"),
        "unaccounted_seconds": _sum(accounts, "unaccounted_seconds"),
        "cosigned_by": _cosigners(report),
        "unwitnessed_max_s": _unwitnessed(report),
        "longest_queue": max((leaf["queue"]["hi"] for log in logs.values() for _, leaf in log.of_type("count")), default=0),
        "tampered": len(spoilt),
        "tampered_caught": sum(each["caught"] for each in spoilt),
        "latency_median_s": round(statistics.median(live), 3),
        "latency_p95_s": round(_percentile(live, 0.95), 3),
        "latency_after_cut_max_s": round(max(held, default=0.0), 3),
        "verify_exit": report.exit_code,
        "seed": demo.seed,
        "tampering": spoilt,
        "verify": [*(_place(intact, f"s/{place.id}", place.id) for place in demo.town.places), _place(intact, "nation", "nation")],
        "bundle": _bundled(intact, top / "bundle.zip", demo.town.places[0].id, trust),
        "commission_vkey": key,
    }


def copy_still(tree: Path, copy: Path) -> None:
    """Copy the published `tree` at a moment at which the national log stood still: a copy of two moments would contradict itself.

    What is being written at that moment has no name yet and is left out. Raises `Unavailable("demo.not_published")` where the log never stands still.
    """
    heads = [tree / "nation" / name for name in ("checkpoint", "cosigned/checkpoint")]
    for _ in range(_TRIES):
        before = [head.read_bytes() for head in heads]
        try:
            shutil.copytree(tree, copy, ignore=shutil.ignore_patterns(f"*{UNFINISHED}"))
            if [head.read_bytes() for head in heads] == before:
                return
        except shutil.Error:
            pass  # a file was there when the folder was read and is gone now: not the same moment either
        shutil.rmtree(copy)
    raise Unavailable("demo.not_published", seconds=60)


def _cosigners(report: Report) -> int:
    """Return how many outsiders co-signed the newest checkpoint that a quorum co-signed."""
    judged = report.summary.get("co-signers", {})
    return len(judged["names"]) if judged.get("quorum") else 0


def _unwitnessed(report: Report) -> float:
    """Return the longest time in seconds from the end of a segment until somebody outside had seen it."""
    times = [camera["time"] for station in report.summary["stations"] for camera in station["cameras"].values()]
    return max((each["window_longest_seconds"] or 0.0 for each in times if each), default=0.0)


def _bundled(intact: Path, out: Path, station: str, trust: Trust) -> dict[str, Any]:
    """Make a court bundle of everything that one station published, and check it as a court would."""
    whole = Wanted(station, (), Instant(0), Instant(253_402_300_799_999))
    made = make_bundle(open_reader(str(intact)), Order(whole, tools=tools(), paper=paper_here()), out)
    report = verify_bundle(out, trust, tools=tools())
    return {"path": str(out), "bytes": out.stat().st_size, "exit": report.exit_code, "seconds": _length(made.report), "absent": made.absent}


def _length(report: Report) -> float:
    return _sum(list(report.summary["stations"][0]["cameras"].values()), "seconds_published")


def _entries(intact: Path, station: str, town: Town) -> Entries:
    reader = open_reader(str(intact / "s" / station))
    key = VerifierKey.parse((intact / "s" / station / "vkey").read_text("ascii").strip())
    log = load_entries(reader, key, town.origin(station), "station", station, Report())
    if log is None:
        raise Unavailable("demo.log_broken", station=station)
    return log


def _latencies(demo: Demo, logs: dict[str, Entries]) -> tuple[list[float], list[float]]:
    """Seconds from the end of a segment to its publication, the public delay taken out: with the line whole, and while it was cut."""
    index = SqliteIndex(demo.town.centre / "index.db")
    live: list[float] = []
    held: list[float] = []
    try:
        for station, log in logs.items():
            shown = {piece.sha256: piece.published_at for piece in index.pieces(station)}
            for _, leaf in log.of_type("segment"):
                at = shown.get(leaf["sha256"])
                if at is not None:
                    (held if station == demo.cut_station else live).append((at - leaf["t1"] - DELAY) / 1000)
    finally:
        index.close()
    return live, held


def spoil(tree: Path, altered: Altered) -> tuple[Path, int]:
    """Turn one bit below `tree`; return the file and the offset. A name that ends in `last` means the newest tile of its folder."""
    path = tree / altered.name
    if path.name == "last":
        tiles = [tile for tile in path.parent.rglob("*") if tile.is_file()]
        path = max(tiles, key=lambda tile: (tile.stat().st_size, tile.as_posix()))
    data = bytearray(path.read_bytes())
    offset = altered.offset % len(data)
    data[offset] ^= 1 << altered.bit
    part = path.with_name(path.name + ".part")
    part.write_bytes(data)
    part.replace(path)
    return path, offset


def _spoilt(intact: Path, folder: Path, altered: Altered, trust: Trust) -> dict[str, Any]:
    """Alter a copy (the other files are links to the intact ones) and say whether the verifier caught it, and with which line."""
    tree = folder / ELECTION
    shutil.copytree(intact, tree, copy_function=os.link)
    path, offset = spoil(tree, altered)
    report = verify_film(str(tree), trust)
    said = [line.code for line in report.lines if line.state == "FAIL"]
    return {
        "file": path.relative_to(tree).as_posix(), "offset": offset, "bit": altered.bit, "moment": rfc3339(Instant(altered.moment)),
        "path": str(tree), "exit": report.exit_code, "caught": report.exit_code == 1 and bool(said), "said": said,
    }  # fmt: skip


def _place(intact: Path, below: str, name: str) -> dict[str, str]:
    folder = intact / below
    path = intact if name == "nation" else folder
    return {"name": name, "path": str(path), "log": str(folder), "vkey": (folder / "vkey").read_text("ascii").strip()}


def _sum(accounts: list[dict[str, float]], name: str) -> float:
    return round(sum(account[name] for account in accounts), 3)


def _percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
