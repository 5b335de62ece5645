# SPDX-License-Identifier: Apache-2.0
"""A small published tree with a real film: one painted station, two runs with a gap between them, filled seconds, every proof in its place.

Follows docs/spec/published-tree.md to the letter, so that pages, players and verifiers can be tried without a station or a centre. Keys are
made from names that everybody can read and protect nothing.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, cast

import numpy as np

from kua.adapters.codecs.segmenter import Segmenter
from kua.adapters.sources.painting import PaintedRoom
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.election import Election, read_election
from kua.core.instant import SLOT, Instant, slot_of
from kua.core.nouns import ElectionId, StationId, camera_id, nation_origin, station_origin
from kua.flow.thin import Rung
from kua.media.cutter import Cut, Opened
from kua.media.playlist import items_of, render
from kua.media.timeline import Day
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.leaf import Leaf, make_leaf, read_leaf
from kua.proof.persons import Person, issue_person, sign_calibration, sign_election
from kua.proof.tiles import Edge
from kua.sight.calibration import calibrated, write_calibration
from kua.sight.plan import Plan, whole_plan
from kua.sight.raw import RawFrame
from kua.sight.room import learn_room
from kua.sight.safe import SafeFrame, conceal
from kua.sight.zones import Polygon, read_zones, touched
from kua.station.lowered import Lowered, LowerMeans
from kua.station.pipe import Live, LiveInit

DOMAIN: Final = "film.example"
ELECTION: Final = ElectionId("kz-2026-rehearsal")
STATION: Final = StationId("10-245")
ORIGIN: Final = station_origin(DOMAIN, ELECTION, STATION)
RUNS: Final = ("0badcafe", "5eed1e55")
LIVE_ITEMS: Final = 75
END: Final = Instant(1_773_565_200_000)
"""2026-03-15T09:00:00Z, where a tree ends unless told otherwise."""
_FPS: Final = 10


def known_key(name: str) -> SigningKey:
    """Return a key that everybody can make again from its name."""
    return SigningKey.from_seed(name, sha256(f"kua testing, not a secret: {name}".encode()))


CENTRE: Final = known_key(f"{DOMAIN}/centre")
COMMISSION: Final = known_key(f"{DOMAIN}/commission")
AGENT: Final = known_key(ORIGIN)
_ISSUERS: Final = {role: known_key(f"{DOMAIN}/issuer/{role}") for role in ("chair", "observer")}
_PEOPLE: Final = {role: known_key(f"person/{role}/{STATION}") for role in _ISSUERS}


@dataclass(frozen=True, slots=True)
class Piece:
    """One segment as it was made."""

    run: str
    init: bytes
    cut: Cut
    live: Live | None = None
    """What was sent at once in its place, where the line was thin, and the head of that."""
    live_init: bytes = b""


@dataclass(frozen=True, slots=True)
class Made:
    """What `make_tree` made. `files` are the published bytes by path below the election's folder; `leaves` the station's log."""

    election: Election
    files: dict[str, bytes]
    leaves: tuple[bytes, ...]
    pieces: tuple[Piece, ...]
    begin: Instant
    end: Instant
    certificate: int
    nation_root: str
    nation_size: int

    @property
    def day(self) -> Day:
        """The day of camera `a` as the leaves tell it."""
        return day_of(self.leaves)

    def film(self, number: int) -> str:
        """Return the path of segment `number` below the election's folder."""
        piece = self.pieces[number]
        return f"s/{STATION}/film/a/{piece.run}-{piece.cut.slot}.m4s"


def make_tree(
    folder: Path,
    seconds: int = 24,
    *,
    end: Instant = END,
    seed: int = 7,
    closed: bool = False,
    calibrated: bool = False,
    booths_open: bool = False,
    rungs: Sequence[str] = (),
    away: Collection[int] = (),
) -> Made:
    """Write a published tree that ends at `end` (cut down to a slot) into `folder`/ELECTION and return what it holds.

    Of `seconds`, a multiple of 8, the first half is one run and the second another; between them lie 4 s of gap. The first segment of the
    second run is filled. Film is kept in memory between calls, so that a second tree costs no encoding. `calibrated`: with a real calibration file, in
    which the booths are masks; `booths_open`: by a station that signs them and films them all the same. `rungs`: what the line of each segment bore
    (`kua.flow.thin`), as far as they go; `away`: the numbers of segments that are not there yet.
    """
    last = Instant(end // SLOT * SLOT)
    half = seconds // 8
    begin = Instant(last - (2 * half + 1) * SLOT)
    pieces = tuple(_filmed(seed, begin, 0, half, booths_open)) + tuple(
        _filmed(seed, Instant(begin + (half + 1) * SLOT), 1, half, booths_open)
    )
    pieces = tuple(_lowered(seed, pieces, half, booths_open, tuple(rungs)))
    made = _signed(pieces, begin, last, closed=closed, seed=seed if calibrated else None, away=away)
    for name, data in made.files.items():
        path = folder / ELECTION / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return made


# ------------------------------------------------------------------------------------------------------------------ film


def _filmed(seed: int, begin: Instant, number: int, count: int, booths_open: bool) -> Iterator[Piece]:
    init, cuts = _encoded(seed, begin % 3_600_000, number, count, booths_open)
    base = begin - begin % 3_600_000
    for cut in cuts:
        yield Piece(RUNS[number], init, Cut(Instant(base + cut.t0), Instant(base + cut.t1), cut.frames, cut.data))


def _lowered(seed: int, pieces: tuple[Piece, ...], half: int, booths_open: bool, rungs: tuple[str, ...]) -> Iterator[Piece]:
    """Add what a thin line got at once, made as `hide` makes it."""
    for number in (0, 1):
        run, asked = pieces[number * half : (number + 1) * half], rungs[number * half : (number + 1) * half]
        told = _encoded_lowered(seed, run[0].cut.t0 % 3_600_000, number, half, booths_open, asked) if asked else ()
        base = run[0].cut.t0 - run[0].cut.t0 % 3_600_000
        for piece in run:
            found = next(((live, head) for live, head in told if live.t0 + base == piece.cut.t0), None)
            yield piece if found is None else replace(piece, live=replace(found[0], slot=piece.cut.slot, t0=piece.cut.t0), live_init=found[1])


@lru_cache(maxsize=8)
def _encoded_lowered(seed: int, begin: int, number: int, count: int, booths_open: bool, rungs: tuple[str, ...]) -> tuple[tuple[Live, bytes], ...]:
    """Lower the film of `_encoded`: 180 lines, as its own has 360."""
    frames = list(_frames(seed, begin, number, count, booths_open))
    sent: list[Any] = []
    names = iter(f"{number + 1:04x}{each:04x}" for each in range(99))
    slots = iter(rungs)
    means = LowerMeans(
        lambda: cast("Rung", next(slots, "full")), _FPS,
        lambda takes, makes, fps, bits, start, emit: Segmenter(*takes, fps, bits, "ultrafast", emit, made=makes, start=start), height=180,
    )  # fmt: skip
    lowered = Lowered(means, lambda: next(names), frames[0], sent.append, Counter())
    for at, frame in enumerate(frames):
        lowered.take(frame)
        if at and frame.at % SLOT == 0:
            lowered.tell(Cut(Instant(frame.at - SLOT), frame.at, 0, b""))
    lowered.finish()
    lowered.tell(Cut(Instant(begin + (count - 1) * SLOT), Instant(begin + count * SLOT), 0, b""))
    heads = {message.run: message.payload for message in sent if isinstance(message, LiveInit)}
    return tuple((message, heads.get(message.run, b"")) for message in sent if isinstance(message, Live))


@lru_cache(maxsize=8)
def _encoded(seed: int, begin: int, number: int, count: int, booths_open: bool) -> tuple[bytes, tuple[Cut, ...]]:
    """Encode `count` segments that start at `begin` within some hour. Media time counts from the run's start, so any hour will do."""
    heads: list[bytes] = []
    cuts: list[Cut] = []

    def emit(made: Opened | Cut) -> None:
        if isinstance(made, Opened):
            heads.append(made.data)
        else:
            cuts.append(made)

    segmenter = Segmenter(640, 360, _FPS, 400_000, "ultrafast", emit)
    for frame in _frames(seed, begin, number, count, booths_open):
        segmenter.encode(frame)
    segmenter.finish(Instant(begin + count * SLOT))
    return heads[0], tuple(cuts)


def _frames(seed: int, begin: int, number: int, count: int, booths_open: bool) -> Iterator[SafeFrame]:
    """Give the hidden pictures of a run."""
    width, height = 640, 360
    room = PaintedRoom(seed, width, height)
    empty, booths = room.empty(), touched(_masks(room)["booth"] if not booths_open else (), width, height)
    for frame in range(count * _FPS * SLOT // 1000):
        at = Instant(begin + frame * 1000 // _FPS)
        yuv = room.picture(at % 600_000 + 60_000)
        filled = number == 1 and frame < _FPS * SLOT // 1000
        plan = whole_plan("scene_changed", width, height) if filled else _plan(yuv, empty, booths, width, height)
        yield conceal(RawFrame(at, width, height, yuv), plan)


def _masks(room: PaintedRoom) -> dict[str, tuple[Polygon, ...]]:
    """Return the booths of the drawing as zones."""
    return read_zones({"booth": [[list(point) for point in shape] for shape in room.zones()["booth"]]})


def _plan(yuv: Any, empty: Any, fill: Any, width: int, height: int) -> Plan:
    """Fill the booths and hide by coarse cells what differs from the empty room: enough for a film that looks like one of ours."""
    differs = np.abs(yuv[:height].astype(np.int16) - empty[:height].astype(np.int16)) > 24
    rows, columns = -(-height // 16) * 2, -(-width // 16) * 2
    padded = np.zeros((rows * 8, columns * 8), np.bool_)
    padded[:height, :width] = differs
    wide = padded.reshape(rows // 2, 16, columns // 2, 16).any(axis=(1, 3))
    mosaic = wide.repeat(2, axis=0).repeat(2, axis=1)
    return Plan(fill, mosaic & ~fill, np.full((rows, columns), 16, np.int32), True, np.zeros((rows, columns), np.uint8))


# ---------------------------------------------------------------------------------------------------------------- proofs


def _signed(pieces: tuple[Piece, ...], begin: Instant, end: Instant, *, closed: bool, seed: int | None, away: Collection[int] = ()) -> Made:
    profile = canonical({"v": 1, "id": "testing", "titles": _named("Testing"), "clauses": []})
    file = _election(begin, end, sha256(profile).hex())
    calibration = _calibration(seed)
    leaves = _leaves(file, calibration, pieces, begin, end, closed=closed)
    station = _log(leaves, AGENT, ORIGIN)
    edge = Edge()
    edge.append(leaves)
    nation = [
        make_leaf("policy", at=begin, what="election", version=1, sha256=sha256(file).hex()),
        make_leaf("certificate", at=begin, station=STATION, origin=ORIGIN, vkey=str(AGENT.verifier)),
        make_leaf(
            "station_checkpoint",
            received_at=end + 500,
            origin=ORIGIN,
            size=edge.size,
            root=edge.root().hex(),
            note=station["checkpoint"].decode(),
        ),
    ]
    national = Edge()
    national.append(nation)
    files = {
        "election.json": file,
        "election.note": sign_election([COMMISSION], ELECTION, 1, sha256(file)),
        "profile.json": profile,
        **{f"nation/{name}": data for name, data in _log(nation, CENTRE, nation_origin(DOMAIN, ELECTION)).items()},
        **{f"s/{STATION}/{name}": data for name, data in (station | calibration | _film(pieces, leaves, closed=closed, away=away)).items()},
    }
    return Made(read_election(file), files, tuple(leaves), pieces, begin, end, 1, national.root().hex(), national.size)


def _log(entries: list[bytes], signer: SigningKey, origin: str) -> dict[str, bytes]:
    edge = Edge()
    files = edge.append(entries)
    return {
        **files,
        "vkey": f"{signer.verifier}\n".encode(),
        "checkpoint": sign_checkpoint(Checkpoint(origin, edge.size, edge.root()), signer),
    }


def _named(text: str) -> dict[str, str]:
    return {"kk": text, "ru": text, "en": text}


def _election(begin: Instant, end: Instant, profile: str) -> bytes:
    window = {"phase": "rehearsal", "from": begin - begin % 3_600_000, "to": end - end % 3_600_000 + 3_600_000}
    return canonical({
        "v": 1, "id": ELECTION, "version": 1, "domain": DOMAIN, "kind": "rehearsal", "contests": [], "hiding": {}, "cosigning": "",
        "titles": {"kk": "Жаттығу: Құрылтай депутаттарын сайлау", "ru": "Тренировка: выборы депутатов Курултая", "en": "Rehearsal: election of the deputies of the Kurultai"},
        "profile": {"id": "testing", "sha256": profile},
        "regions": [{"id": "10", "titles": {"kk": "Абай облысы", "ru": "Область Абай", "en": "Abai Region"}}],
        "stations": [{
            "id": STATION, "region": "10", "titles": {"kk": "№ 7 мектеп", "ru": "Школа № 7", "en": "School No. 7"},
            "address": {"kk": "Абай көшесі, 45", "ru": "улица Абая, 45", "en": "45 Abai Street"}, "voters": 1735, "exempt": None,
            "cameras": [{"id": "a", "purpose": "room"}], "windows": [window],
        }],
        "publication": {"delay_ms": 30_000},
        "centres": [{"url": "", "vkey": str(CENTRE.verifier)}],
        "keys": {
            "commission": [str(COMMISSION.verifier)],
            "issuers": [{"role": role, "vkey": str(issuer.verifier)} for role, issuer in _ISSUERS.items()],
        },
    })  # fmt: skip


def _calibration(seed: int | None) -> dict[str, bytes]:
    file = canonical({"v": 1, "camera": "a", "note": "a stand-in, not a calibration of any camera"})
    if seed is not None:
        room = PaintedRoom(seed, 640, 360)
        learned = learn_room([RawFrame(Instant(500 * number), 640, 360, room.quiet(500 * number)) for number in range(5)])
        file = write_calibration(
            calibrated(
                learned, election=ELECTION, station=STATION, camera=camera_id("a"), made_at=Instant(0), policy=sha256(canonical({})), zones=_masks(room),
                heads=(),
            )
        )  # fmt: skip
    notes = [issue_person(issuer, Person(role, ELECTION, STATION, _PEOPLE[role].verifier)).decode() for role, issuer in _ISSUERS.items()]
    stem = f"calibration/a-{sha256(file).hex()[:16]}"
    return {
        f"{stem}.json": file,
        f"{stem}.note": sign_calibration(list(_PEOPLE.values()), ELECTION, STATION, "a", sha256(file)),
        f"{stem}.signers.json": canonical({"v": 1, "certificates": notes}),
    }


def _leaves(
    file: bytes, calibration: dict[str, bytes], pieces: tuple[Piece, ...], begin: Instant, end: Instant, *, closed: bool
) -> list[bytes]:
    digests = {name.partition(".")[2]: sha256(data).hex() for name, data in calibration.items()}
    leaves = [
        make_leaf(
            "open", at=begin, election=ELECTION, election_sha256=sha256(file).hex(), station=STATION, trust="ntp",
            cams=[{"cam": "a", "width": 640, "height": 360, "fps_milli": 10_000}],
        ),
        make_leaf("calibration", at=begin, cam="a", sha256=digests["json"], note=digests["note"], signers=digests["signers.json"]),
    ]  # fmt: skip
    cursor, seq = begin, 0
    for piece in pieces:
        cut = piece.cut
        if cut.t0 > cursor:
            leaves.append(make_leaf("gap", at=cut.t0, cam="a", seq=seq, t0=cursor, t1=cut.t0, reason="camera_lost"))
            leaves.append(make_leaf("hidden", at=cut.t1, cam="a", t0=cut.t0, t1=cut.t1, reason="scene_changed"))
            seq += 1
        leaves.append(
            make_leaf(
                "segment", 1 if piece.live is None else 2, at=cut.t1 + 200, cam="a", seq=seq, run=piece.run, slot=slot_of(cut.t0), t0=cut.t0, t1=cut.t1, frames=cut.frames,
                sha256=sha256(cut.data).hex(), size=len(cut.data), init=sha256(piece.init).hex(), calibration=digests["json"],
                hiding=sha256(canonical({})).hex(), phase="rehearsal", trust="ntp",
                **({} if piece.live is None else {"live": _stated(piece)}),
            )
        )  # fmt: skip
        cursor, seq = cut.t1, seq + 1
    return [*leaves, make_leaf("close", at=end, reason="end_of_day")] if closed else leaves


def _stated(piece: Piece) -> dict[str, Any]:
    live = piece.live
    if live is None or not live.payload:
        return {"rung": live.rung if live else ""}
    return {
        "rung": live.rung, "run": live.run, "sha256": sha256(live.payload).hex(), "size": len(live.payload), "init": sha256(piece.live_init).hex(),
        "width": live.width, "height": live.height, "fps_milli": live.fps_milli, "frames": live.frames,
    }  # fmt: skip


def day_of(leaves: tuple[bytes, ...] | list[bytes]) -> Day:
    """Return the day of camera `a` as `leaves` tell it."""
    day = Day("a")
    for index, entry in enumerate(leaves):
        leaf = read_leaf(entry, "station")
        if isinstance(leaf, Leaf):
            day.add(index, leaf.type, leaf.body)
    return day


def _film(pieces: tuple[Piece, ...], leaves: list[bytes], *, closed: bool, away: Collection[int] = ()) -> dict[str, bytes]:
    here = [piece for number, piece in enumerate(pieces) if number not in away]
    files = {f"film/a/{piece.run}-init.mp4": piece.init for piece in here}
    files |= {f"film/a/{piece.run}-{piece.cut.slot}.m4s": piece.cut.data for piece in here}
    lowered = {f"film/a/live/{piece.live.run}-init.mp4": piece.live_init for piece in pieces if piece.live is not None and piece.live.payload}
    lowered |= {f"film/a/live/{piece.live.run}-{piece.live.slot}.m4s": piece.live.payload for piece in pieces if piece.live is not None and piece.live.payload}
    present, lives = ({sha256(data).hex() for data in each.values()} for each in (files, lowered))
    files |= lowered
    items = items_of(day_of(leaves), present, Instant(2**53), lives)
    whole = render(items, 0, closed)
    live = render(items, max(0, len(items) - LIVE_ITEMS), closed)
    return files | {"film/a/day.m3u8": whole.encode(), "film/a/live.m3u8": live.encode()}
