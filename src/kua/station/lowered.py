# SPDX-License-Identifier: Apache-2.0
"""In `hide`, beside the film: the same hidden pictures once more, smaller and fewer, for a line that does not carry the film itself.

It takes `SafeFrame`s that the film takes too and is cut at the same slots, so that each piece speaks of the same time as the segment that it stands in
for. The rung (`kua.flow.thin`) changes only where a slot begins. Nothing that fails here touches the film.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, final

from kua.core.errors import KuaError
from kua.core.instant import SLOT, Instant, slot_of
from kua.flow.thin import Rung
from kua.media.cutter import Cut, Opened
from kua.ports.encoder import Encoder
from kua.sight.safe import SafeFrame
from kua.station.pipe import Live, LiveInit, Message

HEIGHT: Final = 360
"""Lines of a lowered picture."""
BITS: Final[dict[Rung, int]] = {"small": 160_000, "slow": 48_000, "still": 48_000}
"""Bits a second that the encoder of a rung may use; at `still`, of which one picture in ten is sent, it is the most that one picture may have."""
SECOND: Final = 1_000
STILL: Final = 10_000
"""Milliseconds between two pictures of `still`, on average: they stand where a slot begins."""


class Film(Encoder, Protocol):
    """An encoder of one run that can be told by when its last picture must be over, or until when it lasts because another film goes on then."""

    def finish(self, by: Instant | None = None, *, until: Instant | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class LowerMeans:
    """What it works with, given by `kua.app`. `rung` is asked once in a slot."""

    rung: Callable[[], Rung]
    fps: int
    """Pictures a second of the film."""
    open_film: "OpenLowered"
    height: int = HEIGHT
    """Lines of a lowered picture, at most."""


class OpenLowered(Protocol):
    """Opens an encoder that takes pictures of one size and makes a film of another, `fps` pictures and at most `bits` a second; media time begins at `start`.

    Raises `Unavailable("film.encoder")`.
    """

    def __call__(
        self, takes: tuple[int, int], makes: tuple[int, int], fps: int, bits: int, start: Instant, emit: Callable[[Opened | Cut], None], /
    ) -> Film: ...


def size_of(width: int, height: int, most: int = HEIGHT) -> tuple[int, int]:
    """Return the size of the lowered pictures of a film of `width` x `height` pixels: about its shape, `most` lines, even sides, never larger than it."""
    return (width, height) if height <= most else (round(width * most / height / 2) * 2, most)


def is_still_sent(slot: int) -> bool:
    """Whether `still` sends the picture with which `slot` begins: where another ten seconds have begun since the slot before."""
    return slot * SLOT // STILL != (slot - 1) * SLOT // STILL


@final
class _Encoder:
    """One encoder at work, with what it gave out. Its run is named once `keep` is to hear of it."""

    def __init__(self, thins: bool) -> None:
        self.thins = thins
        self.run = ""
        self.init = b""
        self.cut: Cut | None = None
        self.film: Film | None = None

    def emit(self, made: Opened | Cut) -> None:
        if isinstance(made, Opened):
            self.init = made.data
        else:
            self.cut = made


@dataclass(frozen=True, slots=True)
class _Ended:
    """A slot that is over: what was to be sent of it, and the piece, if there is one."""

    slot: int
    rung: Rung
    encoder: _Encoder | None
    cut: Cut | None


@final
class Lowered:
    """The lowered film of one run of the film. For each picture: `take` before the film's encoder has it; for each segment: `tell` before it is sent on."""

    def __init__(
        self, means: LowerMeans, run_name: Callable[[], str], first: SafeFrame, out: Callable[[Message], None], counts: Counter[str]
    ) -> None:
        """`first` is the first picture of the film's run: media time begins with it here too."""
        self._means, self._run_name, self._out, self._counts = means, run_name, out, counts
        self._shape, self._start = (first.width, first.height), first.at
        self._size = size_of(*self._shape, means.height)
        self._rung: Rung = "full"
        self._slot = self._second = -1
        self._encoder: _Encoder | None = None
        self._ended: _Ended | None = None

    def take(self, picture: SafeFrame) -> None:
        """Encode the picture, if the rung asks for it."""
        slot = slot_of(picture.at)
        if slot != self._slot:
            self._turn(self._means.rung(), slot, picture)
        elif self._rung == "small" or (self._rung == "slow" and picture.at // SECOND != self._second):
            self._encode(picture)

    def tell(self, segment: Cut) -> None:
        """Send on what goes with `segment`, which is about to be sent."""
        ended, self._ended = self._ended, None
        if ended is None or ended.slot != segment.slot or ended.rung == "full":
            return
        if ended.encoder is None or ended.cut is None or (ended.rung == "still" and not is_still_sent(ended.slot)):
            self._out(Live(ended.rung, "", ended.slot, segment.t0, 0, 0, 0, 0))
            return
        encoder, cut = ended.encoder, ended.cut
        if not encoder.run:
            encoder.run = self._run_name()
            self._out(LiveInit(encoder.run, encoder.init))
        rate = SECOND * SECOND // STILL if ended.rung == "still" else SECOND * (1 if encoder.thins else self._means.fps)
        self._out(Live(ended.rung, encoder.run, ended.slot, segment.t0, cut.frames, *self._size, rate, cut.data))

    def finish(self) -> None:
        """The run is over: end its last piece."""
        self._turn("full", -1, None)

    def abandon(self) -> None:
        """Throw away what was not sent on."""
        if self._encoder is not None and self._encoder.film is not None:
            self._encoder.film.abandon()
        self._encoder = self._ended = None

    def _turn(self, rung: Rung, slot: int, picture: SafeFrame | None) -> None:
        """A slot is over and another begins, in which `rung` holds: with another encoder where this one is of no more use."""
        before = self._encoder
        try:
            if before is not None and before.film is not None and (rung not in BITS or before.thins != (rung != "small")):
                self._encoder = None
                before.film.finish()
            if self._encoder is None and rung in BITS:
                self._encoder = self._opened(rung)
        except Exception as error:  # noqa: BLE001 - whatever it is: the film goes on, and the leaf says that nothing was sent at once
            self._fail(error)
        if picture is not None:
            self._encode(picture)
        cut = None
        if before is not None:
            cut, before.cut = before.cut, None
        self._ended = _Ended(self._slot, self._rung, before, cut)
        self._slot, self._rung = slot, rung

    def _opened(self, rung: Rung) -> _Encoder:
        encoder = _Encoder(thins=rung != "small")
        fps = 1 if encoder.thins else self._means.fps
        encoder.film = self._means.open_film(self._shape, self._size, fps, BITS[rung], self._start, encoder.emit)
        return encoder

    def _encode(self, picture: SafeFrame) -> None:
        if self._encoder is None or self._encoder.film is None:
            return
        try:
            self._encoder.film.encode(picture)
        except Exception as error:  # noqa: BLE001 - as in `_turn`
            self._fail(error)
        self._second = picture.at // SECOND

    def _fail(self, error: Exception) -> None:
        """Another encoder is tried where the next slot begins."""
        self._counts[f"lowered {error.code if isinstance(error, KuaError) else type(error).__name__}"] += 1
        encoder, self._encoder = self._encoder, None
        if encoder is not None and encoder.film is not None:
            encoder.film.abandon()
