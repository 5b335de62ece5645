# SPDX-License-Identifier: Apache-2.0
"""The station's own log: builds every leaf, keeps the account, appends and publishes. Before anything is sent it stands here.

Knows no file of film and no network. One thread writes.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final, final

from kua.core.canonical import canonical
from kua.core.digest import Digest, sha256
from kua.core.errors import Refused, Rejected, Unavailable
from kua.core.instant import Instant, Millis
from kua.flow.account import Account, Hole
from kua.flow.hourglass import Hourglass
from kua.ports.clock import Clock, Trust
from kua.ports.tilelog import TileLog
from kua.ports.trip import trip
from kua.proof.cosign import cosigned_at
from kua.proof.head import parse_checkpoint
from kua.proof.hours import HOUR, KEYS, sign_seal
from kua.proof.keys import VerifierKey
from kua.proof.leaf import Leaf, make_leaf, read_leaf
from kua.proof.liveness import liveness_code
from kua.proof.note import Note, parse_note
from kua.station.hours import HourKeys
from kua.station.pipe import Anchored
from kua.tally.publish import Counted as Tally
from kua.tally.publish import publishable

HEARTBEAT: Final = Millis(30_000)
STEP: Final = Millis(1_000)
"""From how much on a difference between wall and monotonic time is a step that is worth a leaf."""
DRIFT: Final = Millis(2_000)
"""From how much on what wall and monotonic time have come apart little by little is worth a leaf too."""
LIVE_BEACONS: Final = 2
"""Liveness codes that are valid at a time: the one on the screen and the one before it, which a camera may still see."""
_CHUNK: Final = 512


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera as the `open` leaf names it."""

    cam: str
    width: int
    height: int
    fps_milli: int


@dataclass(frozen=True, slots=True)
class Day:
    """What holds at a session's start: everything that the log states before film comes."""

    election: str
    election_sha256: Digest
    station: str
    cameras: tuple[Camera, ...]
    policies: tuple[tuple[str, int, Digest], ...]
    """(`election` | `hiding` | `profile`, version, SHA-256)."""
    calibrations: Mapping[str, tuple[Digest, Digest, Digest]]
    """Per camera: SHA-256 of the calibration file, of its note and of its signers file. Signed by two people."""
    single: Mapping[str, Digest] = field(default_factory=dict)
    """Per camera that only one person has signed for: SHA-256 of the calibration file. No leaf speaks of it but the fault `one_signature`."""


@dataclass(frozen=True, slots=True)
class Footage:
    """One segment as it is to be stated. `init` and `sha256` name files that are on disk already."""

    cam: str
    run: str
    slot: int
    t0: Instant
    t1: Instant
    frames: int
    trust: str
    phase: str
    sha256: Digest
    size: int
    init: Digest
    live: Mapping[str, Any] | None = None
    """What is sent at once in its place, as the leaf says it (docs/spec/leaf.md); None where that is the segment itself."""


@dataclass(frozen=True, slots=True)
class Owing:
    """What the heartbeat says of the queue and the disk."""

    files: int
    size: int
    free: int


@final
class Journal:
    """Writes leaves. Every method that writes returns after the leaf would survive a power cut; a head that could not be published
    because of a full disk is published by the next `tick`. With `hours` each hour of the log is sealed with a key of its own, which is then erased.
    """

    def __init__(self, log: TileLog, clock: Clock, boot: str, hours: HourKeys | None = None) -> None:
        self._log, self._clock, self._boot, self._hours = log, clock, boot, hours
        self.account = Account()
        self.policies: dict[str, tuple[int, str]] = {}
        self.calibrations: dict[str, tuple[str, str, str]] = {}
        self._single: dict[str, str] = {}
        self.count_begun: Instant | None = None
        """Since when two people have let the count be seen, if the log says so."""
        self.slices: dict[tuple[str, str], bytes] = {}
        """The leaves of the sealed film's slices, by camera and name."""
        self.observed: dict[str, int] = {}
        """Each key in the room that the log knows, with the largest size that it co-signed."""
        self._faults: set[tuple[str | None, str]] = set()
        self._census: tuple[str, str, str] | None = None
        self._trust: Trust = clock.trust()
        self._anchor = self._set = (clock.now(), clock.monotonic())
        self._beat = Millis(-HEARTBEAT)
        self._unpublished = False
        self._committed = self._sealed = 0
        self._beacons: deque[bytes] = deque(maxlen=LIVE_BEACONS)
        self._nation = 0
        self._hour_began = clock.now()
        self._all_sealed, self._spent = False, True
        for leaf in leaves_of(log):
            self._recall(leaf)
        self._glass = Hourglass(HOUR, self._hour_began, clock.now(), clock.monotonic())
        self.account.restarted()

    @property
    def is_open(self) -> bool:
        """Whether the day is open and not closed."""
        return self.account.opened is not None and self.account.closed is None

    def begin(self, day: Day, build: Digest, settings: Digest) -> None:
        """State the day at its opening, and at each start what has changed since. Raises `Refused("account.closed")` after `close`."""
        if self.account.closed is not None:
            raise Refused("account.closed")
        leaves = []
        account = deepcopy(self.account)
        now, trust = self._clock.now(), self._clock.trust()
        if account.opened is None:
            account.open(now, [camera.cam for camera in day.cameras])
            cams = [{"cam": c.cam, "width": c.width, "height": c.height, "fps_milli": c.fps_milli} for c in day.cameras]
            leaves.append(
                make_leaf(
                    "open",
                    at=now,
                    election=day.election,
                    election_sha256=day.election_sha256.hex(),
                    station=day.station,
                    trust=trust,
                    cams=cams,
                )
            )
        else:
            for camera in day.cameras:
                account.cursor(camera.cam)
        mono = self._clock.monotonic()
        leaves.append(make_leaf("session", at=now, boot=self._boot, build=build.hex(), settings=settings.hex(), mono=mono, trust=trust))
        for what, version, digest in day.policies:
            if self.policies.get(what) != (version, digest.hex()):
                leaves.append(make_leaf("policy", at=now, what=what, version=version, sha256=digest.hex()))
        for cam, files in day.calibrations.items():
            if self.calibrations.get(cam) != tuple(each.hex() for each in files):
                leaves.append(self._calibration(cam, files))
        if self._hours is not None and not self._committed:
            leaves.append(self._new_keys(self._hours))
            self._committed = KEYS
            self._hour_began = now
            self._glass = Hourglass(HOUR, now, now, mono)
        self._single = {cam: file.hex() for cam, file in day.single.items()}
        self._commit(leaves, account)
        for entry in leaves:
            self._recall_policy(entry)

    def calibrated(self, cam: str, files: tuple[Digest, Digest, Digest]) -> None:
        """State that the second person has signed the calibration under which `cam` records already."""
        leaf = self._calibration(cam, files)
        self._commit([leaf], deepcopy(self.account))
        self._recall_policy(leaf)
        self._single.pop(cam, None)

    def _calibration(self, cam: str, files: tuple[Digest, Digest, Digest]) -> bytes:
        file, note, signers = (each.hex() for each in files)
        return make_leaf("calibration", at=self._clock.now(), cam=cam, sha256=file, note=note, signers=signers)

    def segment(self, footage: Footage) -> int:
        """State film, and the hole before it; return the index of the `segment` leaf. Raises `Refused("account.*")`."""
        account = deepcopy(self.account)
        place = account.segment(footage.cam, footage.t0, footage.t1)
        leaves = [self._gap(place.before)] if place.before else []
        leaves.append(
            make_leaf(
                "segment",
                1 if footage.live is None else 2,
                at=self._clock.now(),
                cam=footage.cam,
                seq=place.seq,
                run=footage.run,
                slot=footage.slot,
                t0=footage.t0,
                t1=footage.t1,
                frames=footage.frames,
                sha256=footage.sha256.hex(),
                size=footage.size,
                init=footage.init.hex(),
                calibration=self._single[footage.cam] if footage.cam in self._single else self.calibrations[footage.cam][0],
                hiding=self.policies["hiding"][1],
                phase=footage.phase,
                trust=footage.trust,
                **({} if footage.live is None else {"live": dict(footage.live)}),
            )
        )
        return self._commit(leaves, account)[-1]

    def gap(self, cam: str, t0: Instant, t1: Instant, reason: str) -> None:
        """State that [t0, t1) is not recorded, and what is missing before it."""
        account = deepcopy(self.account)
        self._commit([self._gap(hole) for hole in account.hole(cam, t0, t1, reason)], account)

    def interrupted(self, cam: str, reason: str) -> None:
        """Remember why film is missing from here on; it is stated when film comes again, when it lasts, or at the close."""
        if self.is_open:
            self.account.interrupted(cam, reason)

    def hidden(self, cam: str, t0: Instant, t1: Instant, reason: str) -> None:
        """State that the whole picture was filled."""
        self._commit([make_leaf("hidden", at=self._clock.now(), cam=cam, t0=t0, t1=t1, reason=reason)])

    def count(self, cam: str, t0: Instant, t1: Instant, queue: tuple[int, int], people: tuple[int, int]) -> None:
        """State a count as intervals, none of which covers fewer than five people."""
        queue_said, people_said = (_published(t0, t1, *each) for each in (queue, people))
        self._commit([make_leaf("count", at=self._clock.now(), cam=cam, t0=t0, t1=t1, queue=queue_said, people=people_said)])

    def count_begins(self, since: Instant, note: bytes, signers: Sequence[bytes]) -> None:
        """State, once, that two people have signed that the last voter is out and the lists are away; the signatures stand in the leaf."""
        if self.count_begun is not None:
            return
        certificates = [each.decode() for each in signers]
        self._commit(
            [make_leaf("chapter", at=self._clock.now(), what="count_begins", since=since, note=note.decode(), signers=certificates)]
        )
        self.count_begun = since

    def fault(self, cam: str | None, kind: str, state: str) -> None:
        """State that something is wrong (`begin`) or well again (`end`); each once."""
        known = (cam, kind) in self._faults
        if known == (state == "begin"):
            return
        self._commit([make_leaf("fault", at=self._clock.now(), cam=cam, kind=kind, state=state)])
        self._faults ^= {(cam, kind)}

    def faults(self) -> tuple[tuple[str | None, str], ...]:
        """Return camera and kind of every fault that is stated and not yet stated as over."""
        return tuple(sorted(self._faults, key=str))

    def census(self, leaf: bytes) -> None:
        """State a signed census of cameras, made by `kua.station.census.census_leaf`, unless this very one is the newest in the log."""
        made = read_leaf(leaf)
        if isinstance(made, Leaf) and made.type == "census" and self._census != (made["sha256"], made["note"], made["signers"]):
            self._commit([leaf])
            self._recall(made)

    def slice(self, leaf: bytes) -> None:
        """State a slice of sealed film, made by `kua.proof.sealed.slice_leaf`; each once."""
        made = read_leaf(leaf)
        if isinstance(made, Leaf) and made.type == "slice" and (made["cam"], made["slice"]) not in self.slices:
            self._commit([leaf])
            self._recall(made)

    def beacon(self, note: bytes) -> None:
        """State the national checkpoint that the station has just been given (its signature was checked): nothing that follows is older than it.

        One that is not newer than the last is passed over.
        """
        size = parse_checkpoint(parse_note(note).text).size
        if self.is_open and size > self._nation:
            self._commit([make_leaf("beacon", at=self._clock.now(), note=note.decode())])
            self._nation = size
            self._beacons.append(note)

    def liveness(self, cam: str, t0: Instant, t1: Instant, code: str) -> None:
        """State that `code` was read in the picture from t0 to t1. One that is of no stated checkpoint is passed over: it proves nothing."""
        for note in reversed(self._beacons):
            if self.is_open and liveness_code(self._log.origin, note) == code:
                self._commit([make_leaf("liveness", at=self._clock.now(), cam=cam, t0=t0, t1=t1, code=code, beacon=sha256(note).hex())])
                return

    def codes(self) -> tuple[str, ...]:
        """Return the liveness codes that are valid now, the newest first."""
        return tuple(liveness_code(self._log.origin, note) for note in reversed(self._beacons))

    def observer(self, vkey: str, note: bytes) -> None:
        """State the co-signature that somebody in the room gave to a checkpoint of this log.

        Raises `Rejected`: `key.*`, `note.*`, and `log.checkpoint` for a checkpoint that this log never signed.
        """
        key, given = VerifierKey.parse(vkey), parse_note(note)
        size = parse_checkpoint(given.text).size
        ours = self._log.head_within(size - 1, size)
        if ours is None or parse_note(ours.note).text != given.text:
            raise Rejected("log.checkpoint", size=size, have=self._log.size)
        cosigned_at(given, key)
        lines = (*parse_note(ours.note).signatures, *(each for each in given.signatures if each.is_by(key)))
        if self.is_open:
            self._commit([make_leaf("observer", at=self._clock.now(), vkey=vkey, note=Note(given.text, lines[:2]).to_bytes().decode())])
            self.observed[vkey] = max(size, self.observed.get(vkey, 0))

    def rung(self, cam: str, fps: int, width: int, height: int, reason: str) -> None:
        """State that from now on so many pictures a second are taken, and why: the hiding takes too long, or no longer does."""
        self._commit([make_leaf("ladder", at=self._clock.now(), cam=cam, fps_milli=fps * 1000, width=width, height=height, reason=reason)])

    def anchored(self, cam: str, told: Anchored, ahead: Millis | None) -> None:
        """State how the times of a run came about; `ahead` is how far the camera's own clock is ahead of ours, None where it does not say."""
        if not self.is_open:
            return
        camera = None if ahead is None else {"off_ms": abs(ahead), "ahead": ahead > 0}
        self._commit(
            [
                make_leaf(
                    "anchor",
                    at=self._clock.now(),
                    cam=cam,
                    run=told.run,
                    begins=told.t0,
                    mono=told.mono,
                    trust=self._clock.trust(),
                    drift_ppm=told.drift_ppm,
                    fast=told.fast,
                    camera=camera,
                )
            ]
        )

    def custody(self, pack: str, sheet: Digest, entries: int, files: int, size: int) -> None:
        """State that what is owed was packed to be carried. Raises `Rejected("leaf.schema")`."""
        self._commit([make_leaf("custody", at=self._clock.now(), pack=pack, sheet=sheet.hex(), entries=entries, files=files, size=size)])

    def is_faulty(self, cam: str | None, kind: str) -> bool:
        """Whether a fault is stated and not yet stated as over."""
        return (cam, kind) in self._faults

    def faults_of(self, cam: str) -> list[str]:
        """Return the kinds of fault of `cam` that are stated and not yet over, sorted."""
        return sorted(kind for each, kind in self._faults if each == cam)

    def tick(self, owing: Callable[[], Owing]) -> None:
        """State what time brings: the end of an hour, a clock step or other trust, lasting holes, a heartbeat; publish what could not be published."""
        self._turn_hour()
        if not self.is_open:
            return
        now, mono, trust = self._clock.now(), self._clock.monotonic(), self._clock.trust()
        leaves = []
        step = (now - self._anchor[0]) - (mono - self._anchor[1])
        drift = (now - self._set[0]) - (mono - self._set[1])
        told = abs(step) >= STEP or abs(drift) >= DRIFT or trust != self._trust
        if told:
            leaves.append(make_leaf("clock", at=now, trust=trust, step_ms=abs(drift), forward=drift >= 0, mono=mono))
        account = deepcopy(self.account)
        leaves += [self._gap(hole) for hole in account.lasting(now)]
        beats = mono - self._beat >= HEARTBEAT
        if beats:
            queue = owing()
            leaves.append(
                make_leaf(
                    "heartbeat",
                    at=now,
                    boot=self._boot,
                    mono=mono,
                    trust=trust,
                    owed=queue.files,
                    owed_bytes=queue.size,
                    free_bytes=queue.free,
                )
            )
        if leaves:
            self._commit(leaves, account)
            self._anchor, self._trust = (now, mono), trust
            self._set = (now, mono) if told else self._set
            self._beat = mono if beats else self._beat
        elif self._unpublished:
            self.publish()

    def close(self, reason: str) -> Instant:
        """Close the day: the holes up to now, then `close`. Nothing may be stated after it. Returns the moment."""
        account = deepcopy(self.account)
        at, holes = account.close(self._clock.now())
        self._commit([*(self._gap(hole) for hole in holes), make_leaf("close", at=at, reason=reason)], account)
        self._turn_hour()
        return at

    def _turn_hour(self) -> None:
        """Seal the hour when it is over, or the day is; then erase its key. What a crash or a sick disk left of spent keys is erased too."""
        if self._hours is None or not self._committed:
            return
        is_closed = self.account.closed is not None
        if (is_closed and not self._all_sealed) or (not is_closed and self._glass.is_over(self._clock.monotonic())):
            self._seal(self._hours, is_closed)
        if self._spent:
            self._hours.erase(None if self._all_sealed else self._sealed)
            self._spent = False

    def _seal(self, hours: HourKeys, is_closed: bool) -> None:
        key = hours.key(self._log.origin, self._sealed)
        if key is None:
            # Recording goes on without seals; the reader learns that the rest of the day has none.
            if not is_closed:
                self.fault(None, "hour_key", "begin")
        else:
            if not is_closed and self._sealed + 1 >= self._committed:
                # Before the last seal, so that whoever takes the box later cannot exchange the new keys for others.
                self._commit([self._new_keys(hours)])
                self._committed += KEYS
            note = sign_seal(self._log.origin, self._log.size, self._log.root(), key).decode()
            self._commit([make_leaf("hour_seal", at=self._clock.now(), number=self._sealed, note=note)])
            self._sealed += 1
        self._spent, self._all_sealed = True, is_closed
        self._glass.turn(self._clock.monotonic())

    def _new_keys(self, hours: HourKeys) -> bytes:
        return make_leaf("hour_keys", at=self._clock.now(), first=self._committed, keys=hours.make(self._log.origin, self._committed, KEYS))

    def publish(self) -> None:
        """Sign and show what is durable. On a full disk the log is whole all the same; the next `tick` tries again."""
        self._unpublished = True
        try:
            self._log.publish()
        except Unavailable as error:
            if error.code != "disk.full":
                raise
        else:
            self._unpublished = False

    def _commit(self, leaves: Sequence[bytes], account: Account | None = None) -> range:
        trip("keep:5")
        placed = self._log.append(leaves)
        if account is not None:
            self.account = account
        self.publish()
        return placed

    def _gap(self, hole: Hole) -> bytes:
        return make_leaf("gap", at=self._clock.now(), cam=hole.cam, seq=hole.seq, t0=hole.t0, t1=hole.t1, reason=hole.reason)

    def _recall(self, leaf: Leaf) -> None:
        self.account.replay(leaf.type, leaf.body)
        match leaf.type, leaf.body:
            case "policy", {"what": what, "version": version, "sha256": digest}:
                self.policies[what] = (version, digest)
            case "calibration", {"cam": cam, "sha256": digest, "note": note, "signers": signers}:
                self.calibrations[cam] = (digest, note, signers)
            case "census", {"sha256": digest, "note": note, "signers": signers}:
                self._census = (digest, note, signers)
            case "slice", {"cam": cam, "slice": name}:
                self.slices[cam, name] = canonical(leaf.body)
            case "chapter", {"what": "count_begins", "since": since}:
                self.count_begun = Instant(since)
            case "hour_keys", {"at": at, "keys": keys}:
                self._hour_began = self._hour_began if self._committed else Instant(at)
                self._committed += len(keys)
            case "hour_seal", {"at": at}:
                self._sealed, self._hour_began, self._all_sealed = self._sealed + 1, Instant(at), self.account.closed is not None
            case "beacon", {"note": note}:
                self._beacons.append(note.encode())
                self._nation = parse_checkpoint(parse_note(note.encode()).text).size
            case "observer", {"vkey": vkey, "note": note}:
                self.observed[vkey] = max(parse_checkpoint(parse_note(note.encode()).text).size, self.observed.get(vkey, 0))
            case "fault", {"cam": cam, "kind": kind, "state": state}:
                (self._faults.add if state == "begin" else self._faults.discard)((cam, kind))

    def _recall_policy(self, entry: bytes) -> None:
        leaf = read_leaf(entry)
        if isinstance(leaf, Leaf) and leaf.type in {"policy", "calibration"}:
            self._recall(leaf)


def leaves_of(log: TileLog, start: int = 0) -> list[Leaf]:
    """Return the leaves from `start` on whose type we know, in order."""
    found: list[Leaf] = []
    for at in range(start, log.size, _CHUNK):
        for entry in log.entries(at, min(at + _CHUNK, log.size)):
            leaf = read_leaf(entry, "station")
            if isinstance(leaf, Leaf):
                found.append(leaf)
    return found


def _published(t0: Instant, t1: Instant, lo: int, hi: int) -> dict[str, Any]:
    said = publishable(Tally(t0, t1, lo, hi, peak=hi, middle=(lo + hi) / 2, pictures=1))
    return {"lo": said["lo"], "hi": said["hi"]}
