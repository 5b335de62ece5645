# SPDX-License-Identifier: Apache-2.0
"""A station's `hide` on a manual clock, fed with real packets of a drawn or given picture, with everything that it sends kept for looking at."""

from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from io import BytesIO
from typing import Any, TypeVar

import av
import numpy as np

from kua.adapters.codecs.packets import PacketDecoder
from kua.adapters.codecs.segmenter import Segmenter
from kua.adapters.sources.painting import PaintedRoom
from kua.core.instant import Instant, Millis
from kua.law.hiding import DEFAULT
from kua.sight.grid import BLOCK
from kua.sight.hider import Hider
from kua.station.counting import Counting
from kua.station.hide import HOLD, Hide
from kua.station.means import Means, Shape
from kua.station.pipe import Covered, Fault, Hole, Init, Message, Packet, Piece, Start
from kua.testing.clock import ManualClock
from tests.rigs.rooms import SEED, drawn_room

T = TypeVar("T", bound=Message)
SIZE = (320, 180)


class Encoder:
    """A camera's encoder: pictures (yuv420p) in, packets out. Codecs `h264`, `hevc`, `mjpeg`."""

    def __init__(self, codec: str = "h264", size: tuple[int, int] = SIZE, fps: int = 10, crf: int | None = None) -> None:
        library = {"h264": "libx264", "hevc": "libx265", "mjpeg": "mjpeg"}[codec]
        self.codec, self.size = codec, size
        context: Any = av.CodecContext.create(library, "w")
        context.width, context.height = size
        context.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        context.time_base, context.framerate, context.thread_count = Fraction(1, 1000), Fraction(fps), 1
        if codec != "mjpeg":
            context.options = {"preset": "ultrafast", "tune": "zerolatency", "g": "10"}
            if crf is not None:
                context.options |= {"crf": str(crf)}
            if codec == "hevc":
                context.options |= {"x265-params": "log-level=none:pools=1:frame-threads=1"}
            context.flags |= 1 << 22  # parameter sets in extradata
        context.open()
        self._context = context
        self._number = 0

    def start(self) -> Start:
        """Return what a demuxer would tell of this stream."""
        return Start(self.codec, *self.size, 1, 1000, bytes(self._context.extradata or b""))

    def packets(self, yuv: Any, pts: int) -> list[tuple[int, bool, bytes]]:
        """Encode one picture. The camera may write any time on it, so the encoder counts for itself."""
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(yuv), format="yuv420p")
        if self.codec == "mjpeg":
            frame = frame.reformat(format="yuvj420p")
        frame.pts, frame.time_base = self._number * 100, Fraction(1, 1000)
        self._number += 1
        return [(pts, bool(packet.is_keyframe), bytes(packet)) for packet in self._context.encode(frame)]


class Recording:
    """One camera being recorded. `show` feeds pictures at `fps` and lets the clock pass with them."""

    def __init__(self, *, phase: Callable[[Instant], str | None] = lambda _at: "voting", counting: bool = False, **changed: Any) -> None:
        self.clock = ManualClock(1_800_000_000_300)
        self.sent: list[Message] = []
        self.room = PaintedRoom(SEED, *SIZE)
        drawn = drawn_room(*SIZE)
        calibration = drawn.calibration()
        self.hiders: list[Hider] = []
        self.names = iter(f"{number:08x}" for number in range(1, 1000))

        def new_hider(phase: str) -> Hider:
            self.hiders.append(Hider(calibration, drawn.reference, DEFAULT, phase))
            return self.hiders[-1]

        means = {
            "clock": self.clock,
            "run_name": lambda: next(self.names),
            "open_decoder": PacketDecoder,
            "open_film": lambda emit: Segmenter(*SIZE, 10, 400_000, "ultrafast", emit),
            "new_hider": new_hider,
            "phase_at": phase,
            "counting": Counting(calibration) if counting else None,
        }
        live, hold = changed.pop("live", True), Millis(changed.pop("hold", HOLD))
        self.hide = Hide(Shape(*SIZE, 10), Means(**(means | changed)), self.sent.append, live=live, hold=hold)
        self.encoder = Encoder()
        self.media = 0
        self.shown = 0

    def connect(self, encoder: Encoder | None = None) -> None:
        """A camera answers; its clock begins at a time of its own."""
        self.encoder = encoder or Encoder()
        self.media = 40_000
        self.hide.take(self.encoder.start())

    def show(self, pictures: Iterable[Any], every: int = 100, behind: int = 0) -> None:
        """Feed `pictures`, one each `every` milliseconds; they arrive `behind` milliseconds before they are looked at."""
        for yuv in pictures:
            for pts, key, payload in self.encoder.packets(yuv, self.media):
                self.hide.take(Packet(pts, key, self.clock.now() - behind, payload))
            self.media += every
            self.clock.advance(every)

    def people(self, count: int) -> list[Any]:
        """Return pictures of the room with people in it."""
        self.shown += count
        return [self.room.picture(600_000 + number * 100) for number in range(self.shown - count, self.shown)]

    def of(self, kind: type[T]) -> list[T]:
        """Return everything of one kind that was sent."""
        return [message for message in self.sent if isinstance(message, kind)]

    def films(self) -> dict[str, bytes]:
        """Return the film of each run: init and pieces, as a player would join them."""
        runs: dict[str, bytes] = {}
        for message in self.sent:
            if isinstance(message, Init | Piece):
                runs[message.run] = runs.get(message.run, b"") + message.payload
        return runs

    def frames(self) -> list[tuple[int, Any]]:
        """Decode all that was sent: capture time and yuv420p of every frame."""
        starts = {piece.run: piece.t0 for piece in reversed(self.of(Piece))}
        return [(starts[run] + round(at * 1000), yuv) for run, film in self.films().items() for at, yuv in decode(film)]

    def tiles(self) -> None:
        """Insist that pieces neither overlap nor leave a hole that no message explains."""
        end: int | None = None
        holes = {hole.t0 for hole in self.of(Hole)}
        for piece in self.of(Piece):
            assert piece.t0 < piece.t1
            assert end is None or piece.t0 == end or (piece.t0 > end and end in holes), (end, piece.t0, holes)
            end = piece.t1


def pixels(blocks: Any, shrink: int = 1) -> Any:
    """Return a mask of blocks as one of pixels; `shrink` 2 for the planes of colour."""
    side, (width, height) = BLOCK // shrink, SIZE
    return np.repeat(np.repeat(blocks, side, 0), side, 1)[: height // shrink, : width // shrink]


def decode_packets(encoder: Encoder, pictures: Iterable[Any]) -> list[Any]:
    """Return pictures (yuv420p) as a player shows them after `encoder`."""
    decoder: Any = av.CodecContext.create(encoder.codec, "r")
    decoder.extradata = encoder.start().payload
    shown = [
        frame
        for number, yuv in enumerate(pictures)
        for _, _, payload in encoder.packets(yuv, number)
        for frame in decoder.decode(av.Packet(payload))
    ]
    return [frame.to_ndarray(format="yuv420p") for frame in [*shown, *decoder.decode(None)]]


def decode(film: bytes) -> Sequence[tuple[float, Any]]:
    """Decode a film with a stranger's player: seconds since its start and yuv420p of every frame."""
    with av.open(BytesIO(film)) as container:
        return [(float(frame.time), frame.to_ndarray()) for frame in container.decode(video=0)]


__all__ = ["SIZE", "Covered", "Encoder", "Fault", "Hole", "Init", "Millis", "Piece", "Recording", "decode", "decode_packets", "pixels"]
