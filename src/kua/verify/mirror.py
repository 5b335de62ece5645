# SPDX-License-Identifier: Apache-2.0
"""A copy of a published tree that anybody can keep: logs first, then film; nothing gets its name before it was checked against what is signed.

A file that has its name is therefore good, and a pass that was killed goes on where it stopped. What is withdrawn is taken away before anything is fetched;
the statements, with their digests, stay. What nobody signed is never asked for, and what is not what was signed is not kept: it may show what must not be
shown. The playlists are not copied but made again from the log, as everybody can. Waits for nothing and reads no clock: the caller does.
"""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, final

from kua.core.digest import sha256
from kua.core.election import Election, Station, read_election
from kua.core.errors import Incomplete, KuaError, Rejected, Unavailable
from kua.core.instant import Instant, rfc3339
from kua.core.nouns import nation_origin, station_id, station_origin
from kua.law.publication import Piece, Publication
from kua.media.coverage import NAME as COVERAGE
from kua.media.coverage import coverage_file, planned_of
from kua.media.playlist import items_of, render
from kua.media.timeline import Day, Film
from kua.ports.durable import Durable
from kua.proof.checkpoint import PATH
from kua.proof.keys import VerifierKey
from kua.proof.leaf import Leaf, read_leaf
from kua.verify.below import Once
from kua.verify.film import FILES, SMALL, Trust, check_election_file, rules_of
from kua.verify.footage import MAX_MEDIA
from kua.verify.mirror_logs import LogCopy, read_if_there, side_by_side
from kua.verify.monitor import Memory, Round, check_claims, hear, key_of
from kua.verify.reading import Folder, Reader
from kua.verify.report import Report
from kua.verify.scope import Scope
from kua.verify.playlists import LIVE_ITEMS
from kua.verify.view import LogView
from kua.verify.work import ARRIVING

WORKERS: Final = 4
"""Files that are fetched side by side; each is held in memory while it is checked, 8 MiB at most."""
NAMED: Final = 20
"""Files of one station that are named one by one when they cannot be had; then only their number is told."""
BATCH: Final = 16
"""Stations whose logs are read before their film is fetched: the day of a camera takes about 20 MB of memory."""
_OF_THE_DAY: Final = tuple(f'"type":"{name}"'.encode() for name in ("open", "close", "segment", "gap", "hidden", "calibration"))
_CLAIM: Final = re.compile(rb'"origin":"[^"]*/s/([0-9-]{1,10})".*"type":"station_checkpoint"', re.DOTALL)
"""A national entry about a station's checkpoint: of the others' only those of stations that are copied are read whole."""
_AT: Final = re.compile(rb'"at":([0-9]{1,16})[,}]')
"""When a statement was made, found without reading all of it."""


@dataclass(slots=True)
class Progress:
    """How far a pass has come: stations, and files and bytes of film: done, and known so far to be wanted."""

    stations: int = 0
    of_stations: int = 0
    files: int = 0
    of_files: int = 0
    bytes: int = 0
    of_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file that the log signs for. `size` is None where the log does not say it (a run's beginning, a calibration); `due`: when it was to be public.

    `instead` is the lowered segment that may stand in its place meanwhile; one that is `lowered` itself need not be there.
    """

    station: str
    name: str
    sha256: str
    size: int | None
    due: int
    span: str = ""
    instead: str = ""
    lowered: bool = False

    @property
    def path(self) -> str:
        """Its path below the election's folder."""
        return f"s/{self.station}/{self.name}"


@dataclass(slots=True)
class _Shelf:
    """What one station's log wants: its days, and the files that are not here yet; `size` and `spans` tell for which log and withdrawals."""

    size: int = -1
    spans: int = -1
    newest: int = 0
    days: dict[str, Day] = field(default_factory=dict)
    owed: list[Wanted] = field(default_factory=list)
    absent: list[Wanted] = field(default_factory=list)
    """What ought to be there by now and is not, in this pass."""
    later: int = 0
    removed: int = 0
    copied: int = 0
    bytes: int = 0
    missing: int = 0
    failed: int = 0
    unreached: int = 0
    unsettled: bool = False
    """Whether a playlist is not yet what it will be at the end, though the day is closed."""

    def is_for(self, size: int, spans: int) -> bool:
        """Whether nothing is to be done for a log of `size` with so many withdrawals."""
        return (self.size, self.spans) == (size, spans) and not (self.owed or self.later or self.unsettled)


@final
class Mirror:
    """The copy in `folder` (an election's folder) of what `place` serves; what must outlive a pass and is no part of the tree stands in `state`.

    One at a time: the caller holds a lock. `tell` hears of the progress after each file, in the thread that calls `copy`.
    """

    def __init__(
        self,
        place: Reader,
        folder: Path,
        state: Path,
        files: Durable,
        scope: Scope,
        trust: Trust,
        *,
        workers: int = WORKERS,
        recheck: bool = False,
        tell: Callable[[Progress], None] = lambda _: None,
    ) -> None:
        self._place, self._folder, self._state, self._files = place, folder, state, files
        self._scope, self._trust, self._workers, self._recheck, self._tell = scope, trust, workers, recheck, tell
        self._memory = Memory()
        self._withdrawn: dict[str, list[tuple[int, Any]]] = {}
        self._shelves: dict[str, _Shelf] = {}
        self._logs = LogCopy(place, folder, state / "pending", files, workers=workers, recheck=recheck)
        self._progress = Progress()

    def copy(self, now: Instant, enough: Callable[[], bool] = lambda: False) -> Round:
        """Make one pass: election, national log, withdrawals, stations' logs, film, playlists. `unread` of what it returns counts files that wait for the next
        pass, because `enough()` said so: the national log must be looked at again before hours of film are over.

        Raises `Misused("scope.*")`, `Unavailable("disk.*")`; all that is wrong with the source is a line of the report.
        """
        done, self._progress = Round(), Progress()
        done.report.summary |= {"place": self._place.where, "folder": str(self._folder)}
        election = self._copy_election(done.report)
        if election is None:
            return done
        stations = self._scope.of(election)
        nation = self._copy_nation(election, done)
        if nation is None:
            return done
        self._hear_nation(nation, election, {str(station.id) for station in stations}, done)
        if election.cosigning:
            self._logs.copy_cosigned(election, nation, done)
        rules = rules_of(Folder(self._folder), election)
        self._purge(election, rules, now, done)
        self._progress.of_stations = len(stations)
        with ThreadPoolExecutor(self._workers) as pool:
            for start in range(0, len(stations), BATCH):
                self._copy_stations(stations[start : start + BATCH], pool, election, rules, now, enough, done)
        done.report.summary |= {"files": self._progress.files, "bytes": self._progress.bytes, "left": done.unread}
        return done

    def sweep(self) -> None:
        """Take away what a process that was killed had begun to write: it has no name yet and was not synced."""
        for path in self._folder.rglob("*.part"):
            self._files.remove(path)

    def _copy_stations(
        self,
        stations: list[Station],
        pool: ThreadPoolExecutor,
        election: Election,
        rules: Publication | None,
        now: Instant,
        enough: Callable[[], bool],
        done: Round,
    ) -> None:
        copied = pool.map(lambda station: self._copy_station_log(election, station), stations)
        for station, (view, each) in zip(stations, copied, strict=True):
            done.report.lines += each.report.lines
            done.forks += each.forks
            if view is not None:
                self._plan(str(station.id), view, election, rules, now)
        shelves = {str(each.id): self._shelves[str(each.id)] for each in stations if str(each.id) in self._shelves}
        self._fetch(shelves, pool, now, enough, done)
        for name, shelf in shelves.items():
            self._finish(name, shelf, election, rules, now, done.report)
        self._progress.stations += len(stations)

    # ---------------------------------------------------------------------------------------------------- election, logs

    def _copy_election(self, report: Report) -> Election | None:
        """Take the three files over if they hold and are not older than ours; return the election that our copy has afterwards."""
        reader, checked = Once(self._place), Report()
        theirs = check_election_file(reader, self._trust, checked)
        ours = self._our_election()
        report.lines += checked.lines
        if theirs is not None and checked.exit_code == 0:
            files = {name: checked_read(reader, name) for name in sorted(FILES)}
            if ours is None or theirs.version > ours.version:
                for name in ("profile.json", "election.note", "election.json"):
                    if (data := files[name]) is not None:
                        self._files.replace(self._folder / name, data)
                return theirs
            if files["election.json"] != (self._folder / "election.json").read_bytes():
                report.failed("election.file", "mirror.election_changed", version=theirs.version, ours=ours.version)
        return ours

    def _our_election(self) -> Election | None:
        path = self._folder / "election.json"
        return read_election(path.read_bytes()) if path.is_file() else None

    def _copy_nation(self, election: Election, done: Round) -> LogView | None:
        check, ours = "nation", self._folder / "nation" / "vkey"
        try:
            line = self._place.read("nation/vkey", 4096).decode("utf-8", "replace").removesuffix("\n")
        except KuaError as error:
            done.report.trouble(f"{check} key", error)
            line = ""
        held = ours.read_text("utf-8").removesuffix("\n") if ours.is_file() else ""
        if line and line not in {centre.vkey for centre in election.centres}:
            done.report.failed(f"{check} key", "film.nation_key_foreign", name=line.partition("+")[0][:200])
            line = ""
        if held and line and line != held:
            done.report.failed(f"{check} key", "monitor.other_key", given=line, wanted=held)
        if not (held or line):
            return None
        key = VerifierKey.parse(held or line)
        if not held:
            self._files.write_once(ours, f"{key}\n".encode())
        with ThreadPoolExecutor(self._workers) as pool:
            return self._logs.copy(check, key, nation_origin(election.domain, election.id), done, pool)

    def _copy_station_log(self, election: Election, station: Station) -> tuple[LogView | None, Round]:
        done, check = Round(), f"s/{station.id}"
        keys = self._memory.certificates.get(station.id, {})
        if not keys:
            done.report.not_checked(check, "film.station_silent", station=station.id)
            return None, done
        if len(keys) > 1:  # two keys are two logs: what we have stays, and nothing is added
            done.report.failed(f"{check} key", "film.key_twice", count=len(keys))
            return None, done
        key = key_of(self._memory, station.id)
        self._files.write_once(self._folder / check / "vkey", f"{key}\n".encode())
        view = self._logs.copy(check, key, station_origin(election.domain, election.id, station.id), done, None)
        if view is not None:
            check_claims(f"{check} nation", view, self._memory.log(check), done)
        return view, done

    def _hear_nation(self, view: LogView, election: Election, wanted: set[str], done: Round) -> None:
        log = self._memory.log("nation")
        watched = {station: self._memory.log(f"s/{station}") for station in wanted}
        try:
            for index, entry in view.entries(log.read):
                claim = _CLAIM.search(entry)
                if claim is None or claim[1].decode() in wanted:
                    self._hear_entry(index, entry, watched, election, done)
                log.read = index + 1
        except KuaError as error:
            done.report.trouble("nation", error)

    def _hear_entry(self, index: int, entry: bytes, watched: dict[str, Any], election: Election, done: Round) -> None:
        try:
            leaf = read_leaf(entry, "nation")
        except KuaError as error:
            done.report.failed("nation leaves", "monitor.leaf_unreadable", index=index, why=str(error))
            return
        if not isinstance(leaf, Leaf):
            return
        if leaf.type == "withdrawn":
            self._withdrawn.setdefault(leaf["station"], []).append((index, leaf.body))
        hear(index, leaf, self._memory, watched, election, done)

    # -------------------------------------------------------------------------------------------------------------- film

    def _purge(self, election: Election, rules: Publication | None, now: Instant, done: Round) -> None:
        """Take away what was withdrawn, of every station that is here, wanted or not, before anything is fetched: no server is asked for that."""
        for name, spans in self._withdrawn.items():
            station, known = station_id(name), self._shelves.get(name)
            folder = self._folder / "s" / station
            note = read_if_there(folder / PATH)
            if note is None or station not in self._memory.certificates or (known is not None and known.spans == len(spans)):
                continue
            key = key_of(self._memory, station)
            view = self._logs.ours(Folder(folder), key, station_origin(election.domain, election.id, station), note)
            if view is None:
                continue
            shelf = self._plan(station, view, election, rules, now)
            self._write_playlists(station, shelf, election, rules, now)
            if shelf.removed:
                done.report.passed(f"s/{station} film", "mirror.purged", count=shelf.removed)
            shelf.days, shelf.size = {}, -1  # it is read again when its log has been copied

    def _plan(self, station: str, view: LogView, election: Election, rules: Publication | None, now: Instant) -> _Shelf:
        """Read a station's log, unless nothing changed and nothing is owed, take away what may not be here, and list what is owed."""
        spans, known = self._withdrawn.get(station, []), self._shelves.get(station)
        if known is not None and known.is_for(view.head.size, len(spans)):
            known.copied = known.bytes = 0
            return known
        shelf = self._shelves[station] = _Shelf(view.head.size, len(spans))
        calibrations: dict[str, Wanted] = {}
        for index, entry in view.entries():
            if stamp := _AT.search(entry):
                shelf.newest = max(shelf.newest, int(stamp[1]))
            if not any(kind in entry for kind in _OF_THE_DAY):
                continue
            with contextlib.suppress(KuaError):  # `kua film verify` says what is wrong with a statement
                leaf = read_leaf(entry, "station")
                if isinstance(leaf, Leaf):
                    _take_in(shelf, calibrations, station, index, leaf)
        for day in shelf.days.values():
            for index, body in spans:
                day.add(index, "withdrawn", body)
        self._owe(station, shelf, calibrations.values(), election, rules, now)
        return shelf

    def _owe(
        self, station: str, shelf: _Shelf, calibrations: Iterable[Wanted], election: Election, rules: Publication | None, now: Instant
    ) -> None:
        owed = {each.name: each for each in calibrations}
        gone: set[str] = set()
        needed: set[str] = set()
        for cam, day in shelf.days.items():
            for item in day.items:
                if not isinstance(item, Film):
                    continue
                name, init = f"film/{cam}/{item.name}", f"film/{cam}/{item.init_name}"
                lowered = item.lowered if item.lowered is not None and item.lowered.run else None
                less = {f"film/{cam}/{lowered.name}", f"film/{cam}/{lowered.init_name}"} if lowered is not None else set[str]()
                piece = Piece(station, cam, item.t0, item.t1, item.phase)
                if day.is_withdrawn(item) or (rules is not None and not rules.may_ever(piece).allowed):
                    gone |= {name, init} | less
                    continue
                needed |= {name, init} | less
                due = rules.due_at(piece) if rules is not None else item.t1 + election.delay
                if due > now:
                    shelf.later += 1
                    continue
                span = f"{rfc3339(item.t0)} - {rfc3339(item.t1)}"
                instead = f"film/{cam}/{lowered.name}" if lowered is not None else ""
                owed.setdefault(init, Wanted(station, init, item.init, None, due, span, instead))
                owed.setdefault(name, Wanted(station, name, item.sha256, item.size, due, span, instead))
                if lowered is not None and not (self._folder / "s" / station / name).exists():
                    head = f"film/{cam}/{lowered.init_name}"
                    owed.setdefault(head, Wanted(station, head, lowered.init, None, due, span, lowered=True))
                    owed.setdefault(instead, Wanted(station, instead, lowered.sha256, lowered.size, due, span, lowered=True))
        for name in sorted(gone - needed):
            if (self._folder / "s" / station / name).exists():
                self._files.remove(self._folder / "s" / station / name)
                shelf.removed += 1
        shelf.owed = [each for each in owed.values() if not self._has(each)]

    def _has(self, wanted: Wanted) -> bool:
        path = self._folder / wanted.path
        if not path.is_file():
            return False
        if not self._recheck and wanted.size in {None, path.stat().st_size}:
            return True
        if sha256(path.read_bytes()).hex() == wanted.sha256:
            return True
        self._files.remove(path)  # the disk has lost it; it is fetched again
        return False

    def _fetch(self, shelves: dict[str, _Shelf], pool: ThreadPoolExecutor, now: Instant, enough: Callable[[], bool], done: Round) -> None:
        """Fetch what is owed, a few files at a time; each is checked before it gets its name."""
        owed, left = [wanted for shelf in shelves.values() for wanted in shelf.owed], list[Wanted]()
        self._progress.of_files += len(owed)
        self._progress.of_bytes += sum(wanted.size or 0 for wanted in owed)
        for shelf in shelves.values():
            shelf.owed = []

        def in_time() -> Iterator[Wanted]:
            for wanted in owed:
                if enough():
                    left.append(wanted)
                else:
                    yield wanted

        for wanted, found in side_by_side(pool, lambda each: (each, self._fetch_one(each)), in_time(), self._workers):
            self._note(wanted, found, now, done.report)
        for wanted in left:
            shelves[wanted.station].owed.append(wanted)
        done.unread += len(left)

    def _fetch_one(self, wanted: Wanted) -> int | KuaError:
        """Return how many bytes were fetched and named, or why not. A full or broken disk is raised: it concerns every file."""
        try:
            data = self._place.read(wanted.path, MAX_MEDIA if wanted.size is None else min(wanted.size, MAX_MEDIA))
        except KuaError as error:
            return error
        if sha256(data).hex() != wanted.sha256 or wanted.size not in {None, len(data)}:
            return Rejected("film.file_differs", name=wanted.path)
        self._files.write_once(self._folder / wanted.path, data)
        return len(data)

    def _note(self, wanted: Wanted, found: int | KuaError, now: Instant, report: Report) -> None:
        shelf, check = self._shelves[wanted.station], f"s/{wanted.station} film"
        self._progress.files += 1
        if isinstance(found, int):
            self._progress.bytes += found
            shelf.copied, shelf.bytes = shelf.copied + 1, shelf.bytes + found
        elif wanted.lowered and isinstance(found, Incomplete):
            self._progress.of_bytes -= wanted.size or 0
        else:
            self._progress.of_bytes -= wanted.size or 0
            shelf.owed.append(wanted)
            self._note_trouble(wanted, found, shelf, check, now, report)
        self._tell(self._progress)

    def _note_trouble(self, wanted: Wanted, found: KuaError, shelf: _Shelf, check: str, now: Instant, report: Report) -> None:
        known = now if any(day.closed is not None for day in shelf.days.values()) else shelf.newest
        if isinstance(found, Unavailable):
            shelf.unreached += 1
            if shelf.unreached == 1:
                report.trouble(check, found)
        elif isinstance(found, Rejected):
            shelf.failed += 1
            if shelf.failed <= NAMED:
                report.failed(check, "film.segment_altered", name=wanted.name, span=wanted.span)
        elif wanted.due + ARRIVING > known:
            shelf.later += 1
        else:
            shelf.absent.append(wanted)

    def _finish(self, station: str, shelf: _Shelf, election: Election, rules: Publication | None, now: Instant, report: Report) -> None:
        """Write the playlists of what is here now, and the station's lines; let go of its day."""
        check = f"s/{station} film"
        self._write_playlists(station, shelf, election, rules, now)
        is_over = any(day.closed is not None for day in shelf.days.values())
        behind = 0
        for wanted in shelf.absent:
            if wanted.instead and not is_over and (self._folder / "s" / station / wanted.instead).is_file():
                behind += 1
                continue
            shelf.missing += 1
            if shelf.missing <= NAMED:
                report.missing(check, "film.segment_missing", name=wanted.name, span=wanted.span)
        shelf.absent = []
        if behind:
            report.not_checked(check, "film.behind", count=behind)
        if max(shelf.missing, shelf.failed) > NAMED:
            report.missing(check, "mirror.more", altered=shelf.failed, missing=shelf.missing)
        if shelf.unreached:
            report.not_checked(check, "mirror.unreached", count=shelf.unreached)
        if shelf.later:
            report.not_checked(check, "film.arriving", count=shelf.later)
        report.passed(check, "mirror.film", count=shelf.copied, bytes=shelf.bytes)
        shelf.days = {}

    def _write_playlists(self, station: str, shelf: _Shelf, election: Election, rules: Publication | None, now: Instant) -> None:
        """Make the playlists and the file of coverage from the log and from what is here (docs/spec/playlists.md, coverage.md)."""
        here: dict[str, frozenset[str]] = {}
        for cam, day in shelf.days.items():
            folder = self._folder / "s" / station / "film" / cam
            if day.opened is None:
                continue
            names = {path.relative_to(folder).as_posix() for path in folder.glob("**/*")}
            films = [item for item in day.items if isinstance(item, Film)]
            present = here[cam] = frozenset(item.sha256 for item in films if item.name in names)
            lives = frozenset(item.lowered.sha256 for item in films if item.lowered is not None and item.lowered.name in names)
            items = items_of(day, present, Instant(max(now, shelf.newest) - election.delay), lives)
            whole = len(items) == len(items_of(day, present, Instant(2**53)))
            settled = whole and all(_is_settled(station, cam, day, item, present, rules) for item in films)
            ended = day.closed is not None and settled
            shelf.unsettled |= day.closed is not None and not settled
            for name, first in (("day", 0), ("live", max(0, len(items) - LIVE_ITEMS))):
                path, text = folder / f"{name}.m3u8", render(items, first, ended).encode()
                if read_if_there(path) != text:
                    self._files.replace(path, text)
        if here:
            windows = next((each.windows for each in election.stations if each.id == station), ())
            planned = planned_of((window.start, window.end) for window in windows)
            days = {cam: day for cam, day in shelf.days.items() if cam in here}
            path, data = self._folder / "s" / station / COVERAGE, coverage_file(station, shelf.size, planned, days, here)
            if read_if_there(path) != data:
                self._files.replace(path, data)


def _take_in(shelf: _Shelf, calibrations: dict[str, Wanted], station: str, index: int, leaf: Leaf) -> None:
    if leaf.type == "calibration":
        stem = f"calibration/{leaf['cam']}-{leaf['sha256'][:16]}"
        for ending, part in ((".json", "sha256"), (".note", "note"), (".signers.json", "signers")):
            calibrations.setdefault(stem + ending, Wanted(station, stem + ending, leaf[part], None, leaf["at"]))
        return
    for cam in [each["cam"] for each in leaf["cams"]] if leaf.type == "open" else [leaf["cam"]] if "cam" in leaf.body else []:
        shelf.days.setdefault(cam, Day(cam))
    for day in shelf.days.values():
        day.add(index, leaf.type, leaf.body)


def _is_settled(station: str, cam: str, day: Day, item: Film, present: frozenset[str], rules: Publication | None) -> bool:
    """Whether nothing more will come of `item`: it is here, withdrawn, or never public."""
    return (
        item.sha256 in present
        or day.is_withdrawn(item)
        or (rules is not None and not rules.may_ever(Piece(station, cam, item.t0, item.t1, item.phase)).allowed)
    )


def checked_read(reader: Reader, name: str) -> bytes | None:
    """Read a small file, None where it cannot be had: whoever checked it has said so."""
    try:
        return reader.read(name, SMALL)
    except KuaError:
        return None
