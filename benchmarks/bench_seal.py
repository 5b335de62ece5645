# SPDX-License-Identifier: Apache-2.0
"""What a sealed film costs a station that keeps one: one camera, 720p at 10 pictures a second. The drawn room of `edge`, and a real film where it is there.

Times are processor time of this process on one thread. "Making" is filling booths and copying lists and the counting table from the published picture;
"second encode" is x264 at the sealed film's own bit rate; "encrypting" is age over whole pieces. A slice begins once in a quarter of an hour.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import av
import numpy as np
import pyrage

from benchmarks import NotHere, Row, data, judged
from benchmarks.bench_edge import BEGIN, CORE, FPS, FRAMES, HEIGHT, PRESET, WIDTH, calibration, camera, decoded, measured
from kua.adapters.clock import SystemClock
from kua.adapters.codecs.packets import PacketDecoder
from kua.adapters.codecs.segmenter import SealedSegmenter, Segmenter
from kua.adapters.sealing import combine, decrypt, read_identity, slice_opener
from kua.app.settings import CameraSettings
from kua.core.instant import SLOT, Instant
from kua.core.sealing import read_sealing
from kua.law.hiding import DEFAULT
from kua.media.cutter import Cut
from kua.proof.sealed import SLICE, read_share
from kua.sight.grid import blocks_of
from kua.sight.hider import Hider
from kua.sight.plan import Plan
from kua.sight.raw import RawFrame
from kua.sight.safe import conceal
from kua.sight.sealed import SealedFrame, sealed
from kua.station.hide import Hide
from kua.station.means import Means, Shape
from kua.station.pipe import Ended, Message, Packet, SealedPiece, Start
from kua.station.seal import SealMeans

BITRATE: Final = CameraSettings.model_fields["sealed_bitrate"].default * 1000
SIDES: Final = {"commission": (1, 1), "court": (1, 1), "parties": (2, 5), "ngos": (2, 5)}


def quorum() -> tuple[Any, dict[str, bytes]]:
    """Return twelve trustees in four groups, of which three must agree, and their identities."""
    identities, groups = {}, []
    for group, (needed, members) in SIDES.items():
        trustees = []
        for number in range(members):
            key = pyrage.x25519.Identity.generate()
            identities[f"{group}-{number}"] = str(key).encode()
            trustees.append({"id": f"{group}-{number}", "recipient": str(key.to_public())})
        groups.append({"id": group, "needed": needed, "trustees": trustees})
    return read_sealing({"phases": ["voting"], "needed": 3, "days": 90, "groups": groups}, ["voting"]), identities


def encoded(frames: list[SealedFrame]) -> list[bytes]:
    """Encode and return the segments."""
    made: list[Any] = []
    film = SealedSegmenter(WIDTH, HEIGHT, FPS, BITRATE, PRESET, made.append)
    for frame in frames:
        film.encode(frame)
    film.finish()
    return [each.data for each in made if isinstance(each, Cut)]


def real(count: int) -> list[SealedFrame]:
    """Return pictures of a real film as a sealed film would show them, with nothing filled. Raises `NotHere`."""
    none = np.zeros(blocks_of(WIDTH, HEIGHT), dtype=np.bool_)
    nothing = Plan(none, none, np.zeros(none.shape, np.int32), False, np.zeros(none.shape, np.uint8))
    frames = []
    with av.open(str(data("clips", "vtest.avi"))) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if number >= count:
                break
            yuv = frame.reformat(WIDTH, HEIGHT, "yuv420p").to_ndarray()
            raw = RawFrame(Instant(BEGIN + number * 100), WIDTH, HEIGHT, yuv)
            frames.append(sealed(raw, conceal(raw, nothing), fill=none, as_film=none))
    return frames


def whole(sealing: SealMeans | None) -> tuple[float, int]:
    """Run the process `hide` over the camera's packets; return milliseconds per picture and the bytes of sealed film."""
    extradata, packets = camera()
    sent: list[Message] = []
    made, reference = calibration()
    means = Means(
        SystemClock(), lambda: "00000001", PacketDecoder, lambda emit: Segmenter(WIDTH, HEIGHT, FPS, 800_000, PRESET, emit),
        lambda phase: Hider(made, reference, DEFAULT, phase), lambda _at: "voting", sealing=sealing,
    )  # fmt: skip
    process = Hide(Shape(WIDTH, HEIGHT, FPS), means, sent.append, live=False)

    def work() -> None:
        process.take(Start("h264", WIDTH, HEIGHT, 1, 1000, extradata))
        for number, packet in enumerate(packets):
            process.take(Packet(number * 100, number % 20 == 0, BEGIN + number * 100, packet))
        process.take(Ended())
        process.finish(ended=True)

    cost = measured(work, FRAMES)
    return cost, sum(len(message.payload) for message in sent if isinstance(message, SealedPiece))


def _hour(size: float, seconds: float) -> float:
    return size / seconds * 3600 / 1e6


def run() -> list[Row]:
    """Measure."""
    held, identities = quorum()
    opener = slice_opener(held, election="kz-2026-bench", station="10-245", cam="a", name=lambda: "00000001")
    opened = opener()
    frames = decoded()
    hider = Hider(*calibration(), DEFAULT, "voting")
    safe = [hider.step(raw) for raw in frames]
    made = [hider.seal(raw, shown) for raw, shown in zip(frames, safe, strict=True)]
    making = measured(lambda: [hider.seal(raw, shown) for raw, shown in zip(frames, safe, strict=True)], FRAMES)
    rows = [Row("making the sealed picture, ms per picture", making, "ms")]
    films: list[tuple[str, list[SealedFrame]]] = [("drawn room", made)]
    with suppress(NotHere):
        films.append(("real film (vtest)", real(FRAMES)))
    for told, pictures in films:
        segments = encoded(pictures)
        encode = measured(lambda pictures=pictures: encoded(pictures), FRAMES)  # type: ignore[misc]
        encrypt = measured(lambda segments=segments: [opened.encrypt(each) for each in segments for _ in range(20)], 20 * FRAMES)  # type: ignore[misc]
        size = sum(len(opened.encrypt(each)) for each in segments)
        rows += [
            Row(f"second encode, {told}, ms per picture", encode, "ms"),
            Row(f"encrypting, {told}, ms per picture", encrypt, "ms"),
            Row(f"sealed film, {told}, MB per hour", _hour(size, FRAMES / FPS), "MB"),
        ]
    rows.append(Row(f"most by its bit rate ({BITRATE // 1000} kbit/s), MB per hour", _hour(BITRATE / 8, 1), "MB"))
    piece = np.random.default_rng(1).bytes(4 * 1024 * 1024)
    began = time.process_time()
    for _ in range(20):
        opened.encrypt(piece)
    rows.append(Row("age, pieces of 4 MiB", 20 * len(piece) / 1e6 / (time.process_time() - began), "MB/s"))
    beginning = measured(lambda: [opener() for _ in range(20)], 20)
    shares = sum(len(share.ciphertext) for share in opened.shares)
    rows += [
        Row("beginning a slice (key, 12 shares, forgotten), ms", beginning, "ms"),
        Row("beginning a slice, ms per 4 s of film", beginning * SLOT / SLICE, "ms"),
        Row("encrypted shares, bytes per slice", shares, "bytes"),
        Row("opening: 12 shares decrypted, three groups combined, ms", _opening(held, identities, opened), "ms"),
    ]
    means = SealMeans("a", ("voting",), lambda width, height, emit: SealedSegmenter(width, height, FPS, BITRATE, PRESET, emit), opener)
    (without, _), (with_, _) = whole(None), whole(means)
    return [
        *rows,
        Row("the process hide without a sealed film, ms per picture", without, "ms"),
        judged("the process hide with one, ms per picture", with_, "ms", CORE, "less", peer="without", ratio=with_ / without),
        Row("what a sealed film adds, % of a whole core", 100 * (with_ - without) / CORE, "%"),
    ]


def _opening(held: Any, identities: dict[str, bytes], opened: Any) -> float:
    def work() -> None:
        words = {share.trustee: read_share(decrypt(share.ciphertext, read_identity(identities[share.trustee]))).words for share in opened.shares}
        combine(held, words, opened.recipient)

    repeat: Callable[[], object] = lambda: [work() for _ in range(10)]  # noqa: E731 - ten times the same
    return measured(repeat, 10)
