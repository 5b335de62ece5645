# SPDX-License-Identifier: Apache-2.0
"""A watch over the national log and the logs of stations, round after round: each may only grow, all places must serve one history, and what the national
log says of a station must be what the station signed.

Remembers between rounds what it has seen (`Memory`); a contradiction once found stays found. Writes no file and waits for nothing: the caller does.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from kua.core.canonical import canonical, read_canonical
from kua.core.digest import sha256
from kua.core.election import Election, Station, read_election
from kua.core.errors import Incomplete, KuaError, Misused
from kua.core.instant import Instant, Millis
from kua.core.nouns import nation_origin, station_origin
from kua.proof.checkpoint import PATH, open_checkpoint
from kua.proof.fork import Fork, find_fork
from kua.proof.keys import VerifierKey
from kua.proof.leaf import Leaf, read_leaf
from kua.proof.note import MAX_NOTE
from kua.verify.below import Below, Once
from kua.verify.cosigned import FOLDER
from kua.verify.film import SMALL, Trust, check_election_file
from kua.verify.heads import Source, follow, tell_fork
from kua.verify.reading import Reader
from kua.verify.report import Line, Report
from kua.verify.scope import Scope
from kua.verify.view import LogView

WORKERS: Final = 8
"""Stations that are looked at side by side."""
SLICE: Final = 100_000
"""Entries of one log that are read in one round: what the national log says of stations is held in memory until the stations were asked."""
LASTING: Final = frozenset(
    {
        "log.forked", "log.rewritten", "monitor.key_twice", "monitor.key_shared", "monitor.ghost", "monitor.claim_unsigned", "monitor.claim_unknown",
        "monitor.other_key", "monitor.leaf_unreadable",
    }
)  # fmt: skip
"""Codes of lines that say what no later answer can undo: once found, always told."""
STALL: Final = Millis(300_000)
"""A station's log that should be growing and has not for so long is told: ten heartbeats (docs/spec/leaf.md)."""


@dataclass(slots=True)
class Claim:
    """What the national log says of a station's log: the entry that says so, the size, and the signed note."""

    index: int
    size: int
    note: str


@dataclass(slots=True)
class Log:
    """What is remembered of one log: the largest note that fits all before it, and its size; how many entries were read; when it grew last; whether its
    day is closed."""

    note: str = ""
    size: int = 0
    read: int = 0
    grew: int = 0
    closed: bool = False
    claims: list[Claim] = field(default_factory=list)
    """Claims of the national log that the station's own log has not confirmed yet."""


@dataclass(slots=True)
class Memory:
    """All that a monitor knows between two rounds. `certificates`: by station the keys that were certified, with the entries that did; `found`: contradictions."""

    place: str = ""
    vkey: str = ""
    logs: dict[str, Log] = field(default_factory=dict)
    certificates: dict[str, dict[str, int]] = field(default_factory=dict)
    policies: dict[str, int] = field(default_factory=dict)
    found: list[Line] = field(default_factory=list)

    def log(self, name: str) -> Log:
        """Return what is known of the log `nation` or `s/STATION`."""
        return self.logs.setdefault(name, Log())

    def to_bytes(self) -> bytes:
        """Write the memory as RFC 8785 JSON."""
        logs = {
            name: {
                "note": log.note, "size": log.size, "read": log.read, "grew": log.grew, "closed": log.closed,
                "claims": [[claim.index, claim.size, claim.note] for claim in log.claims],
            }
            for name, log in self.logs.items()
        }  # fmt: skip
        found = [{"check": line.check, "code": line.code, "facts": dict(line.facts)} for line in self.found]
        return canonical(
            {"v": 1, "place": self.place, "vkey": self.vkey, "logs": logs, "certificates": self.certificates, "policies": self.policies, "found": found}
        )  # fmt: skip

    @classmethod
    def from_bytes(cls, data: bytes) -> "Memory":
        """Read a memory back. Raises `Misused("monitor.memory")` for one that no monitor wrote."""
        try:
            body = read_canonical(data)
            if body["v"] != 1:
                raise ValueError(body["v"])
            logs = {
                str(name): Log(
                    str(log["note"]), int(log["size"]), int(log["read"]), int(log["grew"]), bool(log["closed"]), [Claim(int(i), int(n), str(t)) for i, n, t in log["claims"]]
                )
                for name, log in body["logs"].items()
            }  # fmt: skip
            found = [Line(line["check"], "FAIL", line["code"], line["facts"]) for line in body["found"]]
            return cls(str(body["place"]), str(body["vkey"]), logs, body["certificates"], body["policies"], found)
        except (KuaError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise Misused("monitor.memory") from error


@dataclass(slots=True)
class Round:
    """What one round found: its report; the contradictions that are new and were proved in it; whether more is there to be read at once."""

    report: Report = field(default_factory=Report)
    forks: list[tuple[str, Fork]] = field(default_factory=list)
    unread: int = 0

    def add(self, check: str, fork: Fork) -> None:
        """Take in a contradiction, with its line."""
        self.forks.append((check, fork))
        tell_fork(check, fork, self.report)


def look(places: Sequence[Reader], memory: Memory, scope: Scope, trust: Trust, now: Instant, stall: Millis = STALL) -> Round:
    """Look at everything once. `places[0]` is the publisher's own; the others are copies of the same tree that are compared with it.

    `memory` is brought up to date, and is to be saved after the forks are. Raises `Misused("scope.*")` for a wish that names what is not there.
    """
    done, found = Round(), list(memory.found)
    report = done.report
    report.summary["place"] = places[0].where
    election, file = _election(places, memory, trust, report)
    if election is not None and file is not None:
        stations = scope.of(election)
        watched = {str(station.id): memory.log(f"s/{station.id}") for station in stations}
        _watch_nation(places, memory, watched, election, now, done)
        _check_policy(memory, election, sha256(file).hex(), done)
        with ThreadPoolExecutor(WORKERS) as pool:
            for each in pool.map(lambda station: _watch_station(places, memory, election, station, now, stall), stations):
                report.lines += each.report.lines
                done.forks += each.forks
                done.unread += each.unread
        report.summary |= {"logs": len(stations) + 1, "entries": sum(log.read for log in memory.logs.values())}
    known = {(line.check, line.code) for line in found}
    done.forks = [(check, fork) for check, fork in done.forks if not known & {(check, "log.forked"), (check, "log.rewritten")}]
    for line in report.lines:
        if line.state == "FAIL" and line.code in LASTING and (line.check, line.code) not in known:
            known.add((line.check, line.code))
            memory.found.append(line)
    again = {(line.check, line.code) for line in report.lines}
    report.lines += [line for line in found if (line.check, line.code) not in again]
    return done


def _election(places: Sequence[Reader], memory: Memory, trust: Trust, report: Report) -> tuple[Election | None, bytes | None]:
    """Read and check the election file, and settle which key the national log must have: the one of the first round, for ever."""
    reader = Once(places[0])
    election = check_election_file(reader, trust, report)
    if election is None:
        return None, None
    try:
        file = reader.read("election.json", SMALL)
        key = VerifierKey.parse(reader.read("nation/vkey", 4096).decode("utf-8", "replace").removesuffix("\n"))
    except KuaError as error:
        report.trouble("nation key", error)
        return None, None
    if str(key) not in {centre.vkey for centre in election.centres}:
        report.failed("nation key", "film.nation_key_foreign", name=key.name)
        return None, None
    if memory.vkey not in {"", str(key)}:
        report.failed("nation key", "monitor.other_key", given=str(key), wanted=memory.vkey)
    else:
        memory.vkey = str(key)
        report.passed("nation key", "film.nation_key_named", name=key.name)
    memory.place = memory.place or places[0].where
    for other in places[1:]:
        _compare_election(other, file, election, report)
    return election, file


def _compare_election(other: Reader, file: bytes, election: Election, report: Report) -> None:
    try:
        theirs = other.read("election.json", SMALL)
        version = read_election(theirs).version
    except KuaError as error:
        report.trouble(f"election {other.where}", error)
        return
    if theirs == file:
        report.passed(f"election {other.where}", "monitor.same_election", version=version)
    elif version == election.version:
        report.failed(f"election {other.where}", "monitor.election_differs", version=version, where=other.where)
    else:
        report.not_checked(f"election {other.where}", "monitor.other_version", version=version, ours=election.version, where=other.where)


def _check_policy(memory: Memory, election: Election, digest: str, done: Round) -> None:
    newest = max(memory.policies.values(), default=0)
    if done.unread:
        return  # it may stand in what was not read yet
    if digest not in memory.policies:
        done.report.failed("election.logged", "film.election_not_logged")
    elif newest > election.version:
        done.report.failed("election.logged", "film.election_superseded", version=election.version, newest=newest)
    else:
        done.report.passed("election.logged", "film.election_logged")


def _advance(check: str, places: Sequence[Reader], log: Log, key: VerifierKey, origin: str, now: Instant, done: Round) -> LogView | None:
    """Follow one log to its newest head, which is remembered as soon as it fits all that was seen before. None where none does."""
    sources = [Source(place.where, (Below(place, check),)) for place in places]
    try:
        followed = follow(check, sources, key, origin, [log.note.encode()] if log.note else [], done.report)
    except KuaError as error:  # what is remembered was signed by another key
        done.report.trouble(check, error)
        return None
    done.forks += [(check, fork) for fork in followed.forks]
    view = followed.view
    if view is None or view.head.size < log.size:
        return None
    if view.head.size > log.size or not log.grew:
        log.grew = now
    log.note, log.size = view.note.decode(), view.head.size
    return view


def _new(check: str, view: LogView, log: Log, done: Round) -> Iterator[tuple[int, bytes]]:
    """Give the entries that were not read yet, at most `SLICE`, and remember each as read; what is signed and not shown is told."""
    start = log.read
    try:
        for index, entry in islice(view.entries(start), SLICE):
            yield index, entry
            log.read = index + 1
    except KuaError as error:
        done.report.trouble(check, error)
        return
    done.unread += log.size - log.read
    done.report.passed(check, "monitor.grew", size=log.size, new=log.read - start)


def _watch_nation(
    places: Sequence[Reader], memory: Memory, watched: Mapping[str, Log], election: Election, now: Instant, done: Round
) -> None:
    log, key = memory.log("nation"), VerifierKey.parse(memory.vkey)
    view = _advance("nation", places, log, key, nation_origin(election.domain, election.id), now, done)
    if view is not None and election.cosigning:
        for place in places:
            _check_cosigned(place, view, done)
    for index, entry in _new("nation", view, log, done) if view is not None else ():
        try:
            leaf = read_leaf(entry, "nation")
        except KuaError as error:
            done.report.failed("nation leaves", "monitor.leaf_unreadable", index=index, why=str(error))
            continue
        if isinstance(leaf, Leaf):
            hear(index, leaf, memory, watched, election, done)


def _check_cosigned(place: Reader, view: LogView, done: Round) -> None:
    """Hold the newest co-signed checkpoint that a place shows against the log: a head that outsiders have signed may be another than the one on show."""
    check = "nation co-signed"
    try:
        note = place.read(f"nation/{FOLDER}/{PATH}", MAX_NOTE)
        if open_checkpoint(note, view.key, view.head.origin).size <= view.head.size and (fork := view.fork_with(note)):
            done.add(check, fork)
    except Incomplete:
        return  # nobody has co-signed yet
    except KuaError as error:
        done.report.trouble(check, error)


def hear(index: int, leaf: Leaf, memory: Memory, watched: Mapping[str, Log], election: Election, done: Round) -> None:
    """Take in what one entry of the national log says."""
    if leaf.type == "policy" and leaf["what"] == "election":
        memory.policies[leaf["sha256"]] = leaf["version"]
    elif leaf.type == "certificate":
        _hear_certificate(index, leaf, memory, election, done.report)
    elif leaf.type == "station_checkpoint":
        station = leaf["origin"].rpartition("/")[2]
        if leaf["origin"] != f"{election.domain}/{election.id}/s/{station}" or station not in memory.certificates:
            done.report.failed(f"s/{station} nation", "monitor.claim_unknown", station=station, index=index)
        elif station in watched:
            _hear_claim(index, leaf, station, key_of(memory, station), watched[station], done)


def key_of(memory: Memory, station: str) -> VerifierKey:
    """Return the station's key: the one that was certified first, whatever was certified after."""
    keys = memory.certificates[station]
    return VerifierKey.parse(min(keys, key=lambda vkey: keys[vkey]))


def _hear_certificate(index: int, leaf: Leaf, memory: Memory, election: Election, report: Report) -> None:
    station, vkey = leaf["station"], leaf["vkey"]
    check = f"s/{station} key"
    known = memory.certificates.setdefault(station, {})
    if leaf["origin"] != station_origin(election.domain, election.id, station) or all(each.id != station for each in election.stations):
        report.failed(check, "monitor.ghost", station=station, index=index)
    if known and vkey not in known:
        report.failed(check, "monitor.key_twice", station=station, first=min(known.values()), index=index)
    for other, keys in memory.certificates.items():
        if other != station and vkey in keys:
            report.failed(check, "monitor.key_shared", station=station, other=other, index=index)
    known.setdefault(vkey, index)


def _hear_claim(index: int, leaf: Leaf, station: str, key: VerifierKey, log: Log, done: Round) -> None:
    """Hold a station's checkpoint, as the national log has it, against the station's key, and keep it until the station's own log was held against it."""
    check, note = f"s/{station} nation", leaf["note"].encode()
    try:
        head = open_checkpoint(note, key, leaf["origin"])
    except KuaError:
        head = None
    if head is None or (head.size, head.root.hex()) != (leaf["size"], leaf["root"]):
        done.report.failed(check, "monitor.claim_unsigned", station=station, index=index)
        return
    if log.claims and log.claims[-1].size == head.size:
        fork = find_fork([key], log.claims[-1].note.encode(), note)
        if fork is not None:
            done.add(check, fork)
    log.claims.append(Claim(index, head.size, leaf["note"]))


def _watch_station(places: Sequence[Reader], memory: Memory, election: Election, station: Station, now: Instant, stall: Millis) -> Round:
    done, check = Round(), f"s/{station.id}"
    if station.id not in memory.certificates:
        done.report.not_checked(check, "film.station_silent", station=station.id)
        return done
    log, key = memory.log(check), key_of(memory, station.id)
    view = _advance(check, places, log, key, station_origin(election.domain, election.id, station.id), now, done)
    if view is not None:
        for _, entry in _new(check, view, log, done):
            log.closed = log.closed or _closes(entry)
        check_claims(f"{check} nation", view, log, done)
    if not log.closed and log.grew and now - log.grew > stall and station.phase_at(now) is not None:
        done.report.not_checked(f"{check} growth", "monitor.stalled", seconds=(now - log.grew) // 1000, size=log.size)
    return done


def _closes(entry: bytes) -> bool:
    try:
        leaf = read_leaf(entry, "station")
    except KuaError:
        return False  # the film's verifier says what is wrong with a statement
    return isinstance(leaf, Leaf) and leaf.type == "close"


def check_claims(check: str, view: LogView, log: Log, done: Round) -> None:
    """Hold every open claim of the national log against the station's own log; what is larger than it waits, and is told."""
    waiting: list[Claim] = []
    forks = 0
    for claim in log.claims:
        if claim.size > view.head.size:
            waiting.append(claim)
            continue
        try:
            fork = view.fork_with(claim.note.encode())
        except KuaError as error:
            done.report.trouble(check, error)
            waiting.append(claim)
            continue
        if fork is not None:
            forks += 1
            if forks == 1:  # one proof convicts as well as a thousand
                done.add(check, fork)
    if waiting and waiting[-1].size > view.head.size:
        done.report.missing(check, "film.rolled_back", size=view.head.size, logged=waiting[-1].size, index=waiting[-1].index)
    elif not forks and not waiting:
        done.report.passed(check, "monitor.claims_hold", count=len(log.claims))
    log.claims = waiting
