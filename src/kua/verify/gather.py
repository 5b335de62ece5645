# SPDX-License-Identifier: Apache-2.0
"""What belongs into a court bundle, out of a published tree that holds: which leaves, under which checkpoints, which files. Writes nothing.

Anybody can do this from public data. Both logs are audited whole first: nothing is taken from a tree that contradicts itself. A centre that makes one of
its own tree brings the national log by its index (`kua.verify.national`) and audits neither again: then the cost does not grow with the nation.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from kua.core.canonical import read_canonical
from kua.core.digest import sha256
from kua.core.election import Election, read_election
from kua.core.errors import Incomplete, KuaError, Misused, Rejected, Unavailable
from kua.core.instant import Instant
from kua.core.nouns import nation_origin, station_id, station_origin
from kua.media.timeline import Day, Film
from kua.proof.bundle import BEACON, BEACON_LEAF, FIRST_SEEN, POLICY, STAMPED, TOKENS, Contents, proof_name, range_name
from kua.proof.checkpoint import PATH, Checkpoint, open_checkpoint
from kua.proof.keys import VerifierKey
from kua.proof.leaf import Leaf, read_leaf
from kua.proof.merkle import leaf_hash, root_of
from kua.proof.note import MAX_NOTE
from kua.proof.policy import judge, parse_policy
from kua.proof.prover import Prover
from kua.proof.tlogproof import TlogProof
from kua.verify.below import Below, Once
from kua.verify.cosigned import FOLDER
from kua.verify.entries import Entries, load_entries, raw_entries
from kua.verify.reading import Reader
from kua.verify.film import SMALL
from kua.verify.national import Indexed, National, WholeNation
from kua.verify.report import Report
from kua.verify.room import size_of
from kua.verify.times import LIST

ALWAYS = frozenset({"open", "session", "policy", "census", "chapter", "clock", "close"})
"""Statements of a station that are taken along wherever they stand: they speak of the whole day."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for: [since, until) in Unix ms, of these cameras (empty: of all that the station has)."""

    station: str
    cameras: tuple[str, ...]
    since: Instant
    until: Instant


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found: the contents, the small files by their names below `data/`, and each camera's film in order. Film is still where it was."""

    contents: Contents
    files: dict[str, bytes]
    films: dict[str, list[Film]]


def gather(place: Reader, wanted: Wanted, own: National | None = None) -> Gathered:
    """Choose what belongs into the bundle. The range is cut to what the station gives an account of. `own`: the tree is this centre's own, and this is its
    national log.

    Raises `Rejected("bundle.source", check=..., why=...)` where the tree does not hold, `Misused("bundle.no_station" | "bundle.no_camera" |
    "bundle.range")`, `Incomplete("bundle.nothing")` where the station says nothing of that time; and what the reader raises.
    """
    reader = Once(place)
    data = reader.read("election.json", SMALL)
    election = read_election(data)
    if wanted.since >= wanted.until:
        raise Misused("bundle.range")
    station = station_id(wanted.station)
    if station not in {each.id for each in election.stations}:
        raise Misused("bundle.no_station", station=station)
    nation_below, below = Below(reader, "nation"), Below(reader, f"s/{station}")
    nation_key = _vkey(nation_below)
    origin = station_origin(election.domain, election.id, station)
    nation = _whole(nation_below, nation_key, nation_origin(election.domain, election.id)) if own is None else own
    _require_spoken(below, nation, origin)
    key = _vkey(below)
    log, raw = _audited(below, key, origin, f"s/{station}") if own is None else _own(below, key, origin)
    days = _days(log, wanted)
    since, until = _cut(days, wanted)
    indices, need = _leaves_of(log, days, since, until)
    states = _States(nation, log, log.prover(), key)
    early = states.first(need, nation.head.size)
    head = _head(nation_below, nation, nation_key, early)
    sealed = _hours_and_room(log, indices, need)
    late = _late(nation.of_station(station), states, head[1].size, early, max(sealed, default=0) + 1)
    checkpoint = log.note if late is None else late[1]["note"].encode()
    size = log.head.size if late is None else int(late[1]["size"])
    shown = dict(each for each in (late, early, _first_keys(log, states, head[1].size)) if each is not None)
    held = [size_of(leaf) for index, leaf in log.of_type("observer") if index in sealed]
    indices |= sealed | _starts([*(int(leaf["size"]) for leaf in shown.values()), *held], size)
    indices |= set(_calibrated(log, indices))
    indices = {index for index in indices if index < size}
    files = {name: reader.read(name, SMALL) for name in ("election.json", "election.note", "profile.json")}
    if election.cosigning:
        files[POLICY] = election.cosigning.encode()
    files |= {"nation/vkey": f"{nation_key}\n".encode(), f"s/{station}/vkey": f"{key}\n".encode()}
    files |= _part(f"s/{station}", raw.__getitem__, states.prover, size, checkpoint, indices)
    files |= _national(nation, head, station, set(shown), sha256(data).hex())
    seen = None if early is None else early[0]
    files |= _first_seen(nation_below, nation, election, nation_key, seen) | _stamped(nation_below, nation, nation_key, seen)
    beacon = _beacon_before(log, min((item.leaf for day in days.values() for item in day.touching(since, until).items), default=0))
    files |= _not_before(nation, nation_key, None if beacon is None else leaf_at(log, beacon))
    files |= _calibrations(below, f"s/{station}", log, indices)
    films = {cam: [item for item in day.touching(since, until).items if isinstance(item, Film)] for cam, day in days.items()}
    return Gathered(Contents(election.id, station, tuple(days), since, until, copies=True), files, films)


def leaf_at(log: Entries, index: int) -> Leaf:
    """Return leaf number `index`, of a known type."""
    leaf = log.leaves[index][1]
    assert isinstance(leaf, Leaf)
    return leaf


def _vkey(below: Below) -> VerifierKey:
    return VerifierKey.parse(below.read("vkey", 4096).decode("utf-8", "replace").removesuffix("\n"))


def _require_spoken(below: Below, nation: National, origin: str) -> None:
    """Raise `Incomplete("bundle.nothing")` for a station that has no log yet: nothing is wrong with that, unless the nation has seen one."""
    try:
        below.read(PATH, MAX_NOTE)
    except Incomplete as error:
        if next(nation.states(origin, 0, nation.head.size), None) is None:
            raise Incomplete("bundle.nothing", station=origin.rpartition("/")[2]) from error


def _audited(below: Below, key: VerifierKey, origin: str, subject: str) -> tuple[Entries, list[bytes]]:
    report = Report()
    log = load_entries(below, key, origin, "nation" if subject == "nation" else "station", subject, report)
    for line in report.lines:
        if line.state in {"FAIL", "MISSING"}:
            raise Rejected("bundle.source", check=line.check, why=line.code)
    if log is None:
        raise Unavailable("bundle.unread", subject=subject)
    return log, raw_entries(below, log.head.size)


def _whole(below: Below, key: VerifierKey, origin: str) -> WholeNation:
    return WholeNation(*_audited(below, key, origin, "nation"))


def _own(below: Below, key: VerifierKey, origin: str) -> tuple[Entries, list[bytes]]:
    """Read a log of this centre's own tree: every leaf, under its head, but not every file that may lie beside it."""
    note = below.read(PATH, MAX_NOTE)
    head = open_checkpoint(note, key, origin)
    raw = raw_entries(below, head.size)
    hashes = tuple(map(leaf_hash, raw))
    if root_of(hashes) != head.root:
        raise Rejected("bundle.source", check=f"{below.prefix} log.root", why="log.tile_differs")
    return Entries(head, hashes, tuple((index, read_leaf(entry, "station")) for index, entry in enumerate(raw)), note=note), raw


def _days(log: Entries, wanted: Wanted) -> dict[str, Day]:
    opened = [camera["cam"] for _, leaf in log.of_type("open") for camera in leaf["cams"]]
    chosen = sorted(set(wanted.cameras)) or sorted(set(opened))
    for cam in chosen:
        if cam not in opened:
            raise Misused("bundle.no_camera", camera=cam, station=wanted.station)
    days = {cam: Day(cam) for cam in chosen}
    for day in days.values():
        for index, leaf in log.of_type("open", "close", "segment", "gap", "hidden"):
            day.add(index, leaf.type, leaf.body)
    return days


def _cut(days: dict[str, Day], wanted: Wanted) -> tuple[Instant, Instant]:
    """Cut the range to the time for which all of the cameras have an account, so far."""
    since = max([wanted.since, *(day.items[0].t0 for day in days.values() if day.items)])
    until = min([wanted.until, *(day.items[-1].t1 for day in days.values() if day.items)])
    if since >= until or not all(day.items for day in days.values()):
        raise Incomplete("bundle.nothing", station=wanted.station)
    return Instant(since), Instant(until)


def _leaves_of(log: Entries, days: dict[str, Day], since: Instant, until: Instant) -> tuple[set[int], int]:
    """Return the indices of the leaves that belong into the bundle, and one more than the last that its range needs."""
    first, last = log.head.size, 0
    opened = log.of_type("open")[0][0]
    began: dict[tuple[str, str], int] = {}
    for index, leaf in log.of_type("segment"):
        began.setdefault((leaf["cam"], leaf["run"]), index)
    indices: set[int] = set()
    for cam, day in days.items():
        items = day.touching(since, until).items
        if not items:
            continue
        before = [item.leaf for item in day.items if item.leaf < items[0].leaf]
        first = min(first, max(before, default=opened))
        last = max(last, items[-1].leaf)
        indices |= {began[cam, item.run] for item in items if isinstance(item, Film)}
    window = range(first, last + 1)
    indices |= set(window)
    indices |= {index for index, leaf in log.leaves if isinstance(leaf, Leaf) and leaf.type in ALWAYS}
    late = set(_signed_late(log, set(days)))
    indices |= late
    newest: dict[str, int] = {}
    for index, leaf in log.of_type("calibration"):
        if index < first:
            newest[leaf["cam"]] = index
    beacon = _beacon_before(log, min((item.leaf for day in days.values() for item in day.touching(since, until).items), default=0))
    return indices | set(newest.values()) | ({beacon} if beacon is not None else set()), max(last, *late, 0) + 1


def _calibrated(log: Entries, indices: Iterable[int]) -> Iterator[int]:
    """Give the calibration that each segment among `indices` obeys, wherever it stands: the newest of its camera before it."""
    stated: dict[str, list[int]] = {}
    for number, leaf in log.of_type("calibration"):
        stated.setdefault(leaf["cam"], []).append(number)
    for index in indices:
        spoken = log.leaves[index][1]
        if isinstance(spoken, Leaf) and spoken.type == "segment":
            numbers = stated.get(spoken["cam"], [])
            yield from numbers[bisect_left(numbers, index) - 1 : bisect_left(numbers, index)]


def _hours_and_room(log: Entries, indices: set[int], need: int) -> set[int]:
    """Return the leaves of the hours up to the first seal over the first `need` leaves, and of each co-signer in the room the first that had seen them."""
    found, seen = set(), set[str]()
    for index, leaf in log.of_type("hour_keys", "hour_seal"):
        found.add(index)
        if leaf.type == "hour_seal" and index >= need:
            break
    for index, leaf in log.of_type("observer"):
        if (size_of(leaf) >= need and leaf["vkey"] not in seen) or index in indices:
            found.add(index)
        if size_of(leaf) >= need:
            seen.add(leaf["vkey"])
    return found


def _starts(sizes: Iterable[int], size: int) -> set[int]:
    """Return the leaves that show what stands before them: leaf number N has the root over the first N in its proof."""
    return {each for each in sizes if 0 < each < size}


def _first_keys(log: Entries, states: "_States", below: int) -> Indexed | None:
    """Return the first national leaf that shows that the keys of the hours were known outside the box."""
    first = next((index for index, _ in log.of_type("hour_keys")), None)
    return None if first is None else states.first(first + 1, below)


def _signed_late(log: Entries, cameras: set[str]) -> Iterator[int]:
    """Give what explains film that was made while one person alone had signed: that it was so, and the calibration that two signed afterwards."""
    alone = [(index, leaf) for index, leaf in log.of_type("fault") if leaf["kind"] == "one_signature" and leaf["cam"] in cameras]
    yield from (index for index, _ in alone)
    for cam in {leaf["cam"] for _, leaf in alone}:
        yield from [index for index, leaf in log.of_type("calibration") if leaf["cam"] == cam][:1]


@dataclass(frozen=True, slots=True)
class _States:
    """The states of a station's log that stand in the national one, as far as they hold: signed by the station, and of this very log."""

    nation: National
    log: Entries
    prover: Prover
    key: VerifierKey

    def first(self, least: int, below: int) -> Indexed | None:
        """Return the smallest with `least` leaves or more, among the first `below` national leaves."""
        return next(self.held(least, below), None)

    def held(self, least: int, below: int, *, newest_first: bool = False) -> Iterator[Indexed]:
        """Give them in order."""
        for index, leaf in self.nation.states(self.log.head.origin, least, below, newest_first=newest_first):
            if leaf["size"] <= self.log.head.size and self._holds(leaf):
                yield index, leaf

    def _holds(self, leaf: Leaf) -> bool:
        try:
            signed = open_checkpoint(leaf["note"].encode(), self.key, self.log.head.origin)
        except KuaError:
            return False
        return (signed.size, signed.root) == (leaf["size"], self.prover.root(leaf["size"]))


def _late(told: Sequence[Indexed], states: _States, covered: int, early: Indexed | None, need: int) -> Indexed | None:
    """Return the national leaf whose state of the log the bundle shows: the first that has all `need` leaves (seals, co-signers in the room), or the newest.

    It stands under the same national checkpoint as the `early` one, and the centre had it before the station's key was in doubt, by what it has `told`.
    """
    if early is None:
        return None
    doubted = min((leaf["since"] for _, leaf in told if leaf.type == "revoked"), default=None)
    least = early[1]["size"]
    ways = states.held(max(least, need), covered), states.held(least, covered, newest_first=True)
    return next((each for way in ways for each in way if doubted is None or each[1]["received_at"] < doubted), early)


def _part(
    place: str, entry: Callable[[int], bytes], prover: Prover, size: int, checkpoint: bytes, indices: Iterable[int]
) -> dict[str, bytes]:
    """Return the files of an excerpt: ranges of leaves, the proofs of the first and the last of each, and the checkpoint."""
    files = {f"{place}/{PATH}": checkpoint}
    for first, last in spans(indices):
        files[f"{place}/{range_name(first, last)}"] = b"".join(entry(index) + b"\n" for index in range(first, last + 1))
        for index in (first, last):
            files[f"{place}/{proof_name(index)}"] = TlogProof(index, prover.inclusion(index, size), checkpoint).to_bytes()
    return files


def spans(indices: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Give first and last of each run of neighbouring numbers."""
    start = before = None
    for index in sorted(set(indices)):
        if start is None or before is None or index != before + 1:
            if start is not None and before is not None:
                yield start, before
            start = index
        before = index
    if start is not None and before is not None:
        yield start, before


def _head(below: Below, nation: National, key: VerifierKey, early: Indexed | None) -> tuple[bytes, Checkpoint]:
    """Return the national checkpoint that the bundle takes along: the newest that was co-signed and has all that is needed, else the newest."""
    for name in (f"{FOLDER}/{PATH}", PATH):
        try:
            note = below.read(name, MAX_NOTE)
            head = open_checkpoint(note, key, nation.head.origin)
        except KuaError:
            continue
        if (early[0] if early is not None else 0) < head.size <= nation.head.size and head.root == nation.prover().root(head.size):
            return note, head
    return nation.note, nation.head


def _first_seen(below: Below, nation: National, election: Election, key: VerifierKey, seen: int | None) -> dict[str, bytes]:
    """Return the proof that the station's checkpoint stood in the national log when enough co-signers first saw it, where such a checkpoint was kept."""
    if not election.cosigning or seen is None:
        return {}
    try:
        policy = parse_policy(election.cosigning.encode())
        sizes = [size for size in _sizes(below.read(f"{FOLDER}/sizes", SMALL)) if size > seen]
    except KuaError:
        return {}
    for size in sorted(sizes):
        try:
            note = below.read(f"{FOLDER}/{size}", MAX_NOTE)
            judged = judge(policy, note, [key], nation.head.origin)
        except KuaError:
            continue
        head = judged.checkpoint
        if judged.by is not None and head.size <= nation.head.size and head.root == nation.prover().root(head.size):
            return {FIRST_SEEN: TlogProof(seen, nation.prover().inclusion(seen, head.size), note).to_bytes()}
    return {}


def _stamped(below: Below, nation: National, key: VerifierKey, seen: int | None) -> dict[str, bytes]:
    """Return the tokens of time authorities over the first checkpoint that has the station's, and the proof that it has."""
    try:
        body = read_canonical(below.read(LIST, SMALL))
        listed = sorted((each["size"], each["tokens"]) for each in body["notes"] if seen is not None and each["size"] > seen and each["tokens"])
    except (KuaError, KeyError, TypeError):
        return {}
    for size, names in listed:
        try:
            note = below.read(f"time/{size}.note", MAX_NOTE)
            head = open_checkpoint(note, key, nation.head.origin)
            tokens = {f"time/{name}{TOKENS}": below.read(f"time/{size}-{name}{TOKENS}", SMALL) for name in names}
        except KuaError:
            continue
        if seen is not None and head.size <= nation.head.size and head.root == nation.prover().root(head.size):
            return {STAMPED: TlogProof(seen, nation.prover().inclusion(seen, head.size), note).to_bytes()} | tokens
    return {}


def _beacon_before(log: Entries, start: int) -> int | None:
    """Return the index of the newest `beacon` leaf before leaf `start`."""
    return max((index for index, _ in log.of_type("beacon") if index < start), default=None)


def _not_before(nation: National, key: VerifierKey, beacon: Leaf | None) -> dict[str, bytes]:
    """Return the national statement with the latest time under the checkpoint of a beacon, and the proof that it stands there."""
    if beacon is None:
        return {}
    note = beacon["note"].encode()
    try:
        head = open_checkpoint(note, key, nation.head.origin)
    except KuaError:
        return {}
    if not 0 < head.size <= nation.head.size or head.root != nation.prover().root(head.size):
        return {}
    index = nation.latest(head.size)
    if index is None:
        return {}
    proof = TlogProof(index, nation.prover().inclusion(index, head.size), note)
    return {BEACON: proof.to_bytes(), BEACON_LEAF: nation.entry(index)}


def _sizes(index: bytes) -> list[int]:
    """Read the sizes out of `cosigned/sizes` (docs/spec/cosigning.md). It is an index that nobody signs: what it names is judged by itself."""
    words = [line.partition(b" ")[0] for line in index[:1_000_000].splitlines()]
    return [int(word) for word in words if word.isdigit() and len(word) < 16]


def _national(nation: National, head: tuple[bytes, Checkpoint], station: str, shown: set[int], file: str) -> dict[str, bytes]:
    """Return the national excerpt: the election file, the station's key, the states of its log that are `shown`, and every withdrawal of its film."""
    indices = {index for index, leaf in nation.policies() if leaf["what"] == "election" and leaf["sha256"] == file}
    indices |= {index for index, _ in nation.of_station(station)} | shown
    note, checkpoint = head
    return _part("nation", nation.entry, nation.prover(), checkpoint.size, note, {index for index in indices if index < checkpoint.size})


def _calibrations(below: Below, place: str, log: Entries, indices: set[int]) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for index, leaf in log.of_type("calibration"):
        if index in indices:
            stem = f"calibration/{leaf['cam']}-{leaf['sha256'][:16]}"
            for ending in (".json", ".note", ".signers.json"):
                files[f"{place}/{stem}{ending}"] = below.read(f"{stem}{ending}", SMALL)
    return files
