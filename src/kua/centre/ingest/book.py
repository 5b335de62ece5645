# SPDX-License-Identifier: Apache-2.0
"""What one station's log says, kept in memory: each camera's day, which bytes are named by a leaf, and whether the account is whole.

Made anew from the centre's copy of the log at every start. Decides; reads no clock and no file.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.media.timeline import Day, lowered_of
from kua.ports.index import CountSpan
from kua.proof.leaf import Leaf, Unknown, read_leaf

Kind = Literal["segment", "init", "calibration", "live", "live_init"]
"""`live`: a lowered segment, which the public sees until the segment itself is there."""


@dataclass(frozen=True, slots=True)
class Target:
    """A file that a leaf names by its SHA-256: its name below the station's folder, and, for a segment, the film that it is."""

    kind: Kind
    cam: str
    name: str
    leaf: int
    size: int | None
    t0: Instant
    t1: Instant
    phase: str
    sha256: str
    init: str


@dataclass(slots=True)
class Account:
    """Where each camera's account stands: the end of its last item and that item's number. `copy` it to try leaves out.

    `runs` holds for each camera and run the SHA-256 of its init segment and the last slot: no two leaves may name one file.
    """

    opened: dict[str, tuple[int, int | None]] = field(default_factory=dict)
    closed: bool = False
    begun: bool = False
    runs: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def copy(self) -> "Account":
        """Return an account that goes on by itself from here."""
        return Account(dict(self.opened), self.closed, self.begun, dict(self.runs))

    def follow(self, index: int, leaf: Leaf) -> None:
        """Take `leaf` into account.

        Raises `Rejected("log.account", leaf=..., why=...)` for a hole, an overlap, a missing number, a second day or a second file of one name.
        """
        if leaf.type == "open":
            if self.begun:
                raise Rejected("log.account", leaf=index, cam="", why="opened twice")
            self.begun = True
            for camera in leaf["cams"]:
                self.opened.setdefault(camera["cam"], (leaf["at"], None))
        elif leaf.type == "close":
            if self.closed or not self.begun:
                raise Rejected("log.account", leaf=index, cam="", why="closed" if self.closed else "not opened")
            self.closed = True
            for cam, (end, _) in self.opened.items():
                if leaf["at"] != end:
                    raise Rejected("log.account", leaf=index, cam=cam, why="hole" if leaf["at"] > end else "overlap")
        elif leaf.type in {"segment", "gap"}:
            self._item(index, leaf)

    def _item(self, index: int, leaf: Leaf) -> None:
        cam = leaf["cam"]
        if self.closed or cam not in self.opened:
            raise Rejected("log.account", leaf=index, cam=cam, why="closed" if self.closed else "not opened")
        end, seq = self.opened[cam]
        if leaf["t0"] != end:
            raise Rejected("log.account", leaf=index, cam=cam, why="hole" if leaf["t0"] > end else "overlap")
        if leaf["seq"] != (0 if seq is None else seq + 1):
            raise Rejected("log.account", leaf=index, cam=cam, why="seq")
        if leaf.type == "segment":
            self._name(index, leaf)
        self.opened[cam] = (leaf["t1"], leaf["seq"])

    def _name(self, index: int, leaf: Leaf) -> None:
        """Time only grows, and so do the slots of a run: one that does not would give two films one name."""
        self._named(index, leaf["cam"], leaf["run"], leaf["init"], leaf["slot"])
        lowered = lowered_of(leaf.body)
        if lowered is not None and lowered.run:
            self._named(index, leaf["cam"], f"live/{lowered.run}", lowered.init, leaf["slot"])

    def _named(self, index: int, cam: str, run: str, init: str, slot: int) -> None:
        known, last = self.runs.get((cam, run), (init, -1))
        if slot <= last or init != known:
            raise Rejected("log.account", leaf=index, cam=cam, why="name" if slot <= last else "init")
        self.runs[cam, run] = (init, slot)


@dataclass(frozen=True, slots=True)
class Read:
    """Entries that were read and fit the book, ready to be taken: `take` them only once they are durable."""

    first: int
    leaves: tuple[Leaf | Unknown, ...]
    account: Account


class Book:
    """One station's book. `cams` are the cameras that the election file gives it."""

    def __init__(self, election: str, station: str, cams: Iterable[str]) -> None:
        self.election, self.station = election, station
        self.days: dict[str, Day] = {cam: Day(cam) for cam in cams}
        self.targets: dict[str, list[Target]] = {}
        self.calibrations: dict[str, str] = {}
        self.films: dict[str, dict[int, Target]] = {cam: {} for cam in self.days}
        self.lives: dict[str, dict[int, Target]] = {cam: {} for cam in self.days}
        self.counts: dict[str, list[CountSpan]] = {cam: [] for cam in self.days}
        self.faults: set[tuple[str | None, str]] = set()
        self.phones: dict[str, Instant] = {}
        """Keys that co-signed in the room, as the station states them, each with the time of its newest leaf."""
        self.size = 0
        self.owed = 0
        self.unknown = 0
        self.opened: Instant | None = None
        self.closed: Instant | None = None
        self._account = Account()

    def read(self, first: int, entries: Sequence[bytes]) -> Read:
        """Read `entries` as the leaves from `first` on and try them on the account; the book stays as it is.

        Raises `Rejected` (`json.*`, `leaf.*`, `log.account`).
        """
        account = self._account.copy()
        leaves = []
        for index, entry in enumerate(entries, first):
            leaf = read_leaf(entry, "station")
            if isinstance(leaf, Leaf):
                self._require_ours(index, leaf)
                account.follow(index, leaf)
            leaves.append(leaf)
        return Read(first, tuple(leaves), account)

    def take(self, read: Read) -> None:
        """Add what was read. The caller has made the entries durable."""
        for index, leaf in enumerate(read.leaves, read.first):
            if isinstance(leaf, Unknown):
                self.unknown += 1
            else:
                self._take(index, leaf)
        self._account = read.account
        self.size = read.first + len(read.leaves)

    def withdraw(self, index: int, body: dict[str, Any]) -> None:
        """Add a national `withdrawn` leaf of this station."""
        for day in self.days.values():
            day.add(index, "withdrawn", body)

    def wants(self, digest: str) -> list[Target]:
        """Return the files that these bytes are. Raises `Rejected("ingest.no_leaf")` if no leaf names them."""
        targets = self.targets.get(digest)
        if not targets:
            raise Rejected("ingest.no_leaf", digest=digest, station=self.station)
        return targets

    def _require_ours(self, index: int, leaf: Leaf) -> None:
        if leaf.type == "open" and (leaf["election"], leaf["station"]) != (self.election, self.station):
            raise Rejected("log.account", leaf=index, cam="", why="other station")
        named = [camera["cam"] for camera in leaf["cams"]] if leaf.type == "open" else [leaf.body.get("cam")]
        for cam in named:
            if cam is not None and cam not in self.days:
                raise Rejected("log.account", leaf=index, cam=cam, why="unknown camera")

    def _take(self, index: int, leaf: Leaf) -> None:
        for day in self.days.values():
            if leaf.type != "withdrawn":  # only the centre's own, in the national log, end a publication
                day.add(index, leaf.type, leaf.body)
        match leaf.type:
            case "open":
                self.opened = self.opened or Instant(leaf["at"])
            case "close":
                self.closed = Instant(leaf["at"])
            case "segment":
                self._segment(index, leaf)
            case "calibration":
                self._calibration(index, leaf)
            case "heartbeat":
                self.owed = leaf["owed"]
            case "fault":
                (self.faults.add if leaf["state"] == "begin" else self.faults.discard)((leaf["cam"], leaf["kind"]))
            case "observer":
                self.phones[leaf["vkey"]] = Instant(leaf["at"])
            case "count":
                self.counts[leaf["cam"]].append(_count(leaf))
            case _:
                pass

    def _segment(self, index: int, leaf: Leaf) -> None:
        cam, run = leaf["cam"], leaf["run"]
        folder = f"film/{cam}"
        film = Target(
            "segment",
            cam,
            f"{folder}/{run}-{leaf['slot']}.m4s",
            index,
            leaf["size"],
            Instant(leaf["t0"]),
            Instant(leaf["t1"]),
            leaf["phase"],
            leaf["sha256"],
            leaf["init"],
        )
        self.films[cam][index] = film
        self.targets.setdefault(leaf["sha256"], []).append(film)
        self._init("init", film, f"{folder}/{run}-init.mp4")
        lowered = lowered_of(leaf.body)
        if lowered is not None and lowered.run:
            live = replace(film, kind="live", name=f"{folder}/{lowered.name}", size=lowered.size, sha256=lowered.sha256, init=lowered.init)
            self.lives[cam][index] = live
            self.targets.setdefault(live.sha256, []).append(live)
            self._init("live_init", live, f"{folder}/{lowered.init_name}")

    def _init(self, kind: Kind, film: Target, name: str) -> None:
        known = self.targets.setdefault(film.init, [])
        if all(each.name != name for each in known):
            known.append(replace(film, kind=kind, name=name, size=None, sha256=film.init, init=""))

    def _calibration(self, index: int, leaf: Leaf) -> None:
        stem = f"calibration/{leaf['cam']}-{leaf['sha256'][:16]}"
        at = Instant(leaf["at"])
        for part, ending in (("sha256", "json"), ("note", "note"), ("signers", "signers.json")):
            known = self.targets.setdefault(leaf[part], [])
            name = f"{stem}.{ending}"
            self.calibrations[name] = leaf[part]
            if all(target.name != name for target in known):
                known.append(Target("calibration", leaf["cam"], name, index, None, at, at, "", leaf[part], ""))


def _count(leaf: Leaf) -> CountSpan:
    queue, people = leaf["queue"], leaf["people"]
    return CountSpan(Instant(leaf["t0"]), Instant(leaf["t1"]), queue["lo"], queue["hi"], people["lo"], people["hi"])
