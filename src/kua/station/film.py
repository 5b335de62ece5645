# SPDX-License-Identifier: Apache-2.0
"""In `hide`: from the hidden pictures that wait to what `keep` is told of a camera's time. Film is cut and sent; where there is none, a hole is said.

A hole is a hole: no frame is repeated or stretched (REC4).
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, final

from kua.core.errors import KuaError
from kua.core.instant import Instant, Millis, slot_of
from kua.flow.anchor import LONG, Anchor, MediaLine, Micros
from kua.media.cutter import Covering, Cut, Opened
from kua.ports.clock import Trust
from kua.ports.trip import trip
from kua.sight.hider import Hider
from kua.sight.raw import RawFrame
from kua.sight.safe import SafeFrame
from kua.sight.sealed import SealedFrame
from kua.station.lowered import Film, Lowered
from kua.station.means import Fitted, Means, Shape
from kua.station.pipe import Anchored, Covered, Done, Hole, Init, Message, Packet, Piece
from kua.station.seal import Seal

FINE: Final = ("count", "protocol")
"""Phases in which what is written on ballots and on the protocol is to be read (R17): the film may have more bits than while people vote."""
MOVED: Final = Millis(500)
SETTLING: Final = Millis(15_000)
"""After the wall clock was set by more than `MOVED` no drift is told for so long: older packets still weigh in."""
ANCHORED: Final = Millis(3_600_000)
"""How often it is told by how much the camera's clock drifts; and once more at the end of a run."""
_TRUST: Final[tuple[Trust, ...]] = ("none", "rtc", "centre", "ntp")


@dataclass(slots=True)
class Held:
    """One hidden picture that waits, with the phase under which it was hidden; `raw` only for the preview, `sealed` only where a sealed film is kept."""

    safe: SafeFrame
    phase: str
    raw: RawFrame | None
    sealed: SealedFrame | None
    trust: Trust = "none"
    """Who vouched for the clock when the picture came: not the one that was set while it waited."""


@dataclass(slots=True)
class Run:
    """Everything that ends with a run."""

    anchor: Anchor
    line: MediaLine = field(default_factory=MediaLine)
    waiting: list[Packet] = field(default_factory=list)
    settled: Instant | None = None
    first_media: Micros | None = None
    hider: Hider | None = None
    phase: str = ""
    held: deque[Held] = field(default_factory=deque)
    last: Instant | None = None
    kept: Instant | None = None
    size: tuple[int, int] | None = None
    """What the camera sends, in pixels; the film has a size of its own."""
    behind_since: Instant | None = None
    film: Film | None = None
    is_fine: bool = False
    """Whether the film is one of `FINE`."""
    lowered: Lowered | None = None
    name: str = ""
    covering: Covering = field(default_factory=Covering)
    trust: Trust = "ntp"
    ahead: int = 0
    """Wall time less monotonic time when the anchor was cast."""
    began: Instant | None = None
    told: Millis | None = None
    """When the anchor was told last."""
    phases: deque[tuple[Instant, str]] = field(default_factory=deque)

    def again(self, *, hider: bool = False) -> "Run":
        """Return the run that follows on the same connection, by the same clock; `hider`: with the same hiding too."""
        run = Run(self.anchor, self.line, settled=self.settled, first_media=self.first_media, last=self.last, kept=self.kept, ahead=self.ahead)
        if hider:
            run.hider, run.phase = self.hider, self.phase
        return run


@final
class Filming:
    """The film of one camera, run after run, and the holes between. `counts` takes what went wrong; `live` is false for batch work."""

    def __init__(self, means: Means, out: Callable[[Message], None], counts: Counter[str], *, live: bool) -> None:
        self._means, self._out, self._counts, self._live = means, out, counts, live
        self._clock = means.clock
        self._began = self._clock.now()
        self._hole_reason: str | None = None
        self._hole_from = Instant(0)
        self._ahead, self._moved = self._began - self._clock.monotonic(), Millis(-SETTLING)
        self.end: Instant | None = None
        """Where the film ends that was sent on."""
        self.seal = None if means.sealing is None else Seal(means.sealing, out, counts)

    def look_at_clock(self) -> None:
        """Remember when the wall clock was last set by much: what was measured over that moment says nothing of the camera."""
        mono = self._clock.monotonic()
        ahead = self._clock.now() - mono
        if abs(ahead - self._ahead) > MOVED:
            self._ahead, self._moved = ahead, mono

    def release(self, run: Run, shape: Shape, fitted: Fitted, *, lean: bool) -> bool:
        """Encode the oldest picture that waits. False: the encoder failed, the run is given up, and a hole has begun."""
        held = run.held.popleft()
        try:
            if run.film is not None and run.is_fine != (held.phase in FINE) and fitted.open_fine is not None and not lean:
                self._end_film(run, run.film, held.safe.at)
            if run.film is None:
                run.name, run.is_fine = self._means.run_name(), held.phase in FINE
                opened = (fitted.open_lean if lean else fitted.open_fine if run.is_fine else None) or fitted.open_film
                run.film = opened(lambda made: self._made(run, shape, made, held.safe.at))
                if self._means.lower is not None:
                    run.lowered = Lowered(self._means.lower, self._means.run_name, held.safe, self._out, self._counts)
            run.covering.frame(held.safe.at, held.safe.reason)
            if not run.phases or run.phases[-1][1] != held.phase or slot_of(run.phases[-1][0]) != slot_of(held.safe.at):
                run.phases.append((held.safe.at, held.phase))
            trip("hide:4")
            if run.lowered is not None:
                run.lowered.take(held.safe)  # first: what belongs to the segment that this picture ends goes before it
            run.film.encode(held.safe)
        except KuaError as error:
            self._abandon(run, error)
            return False
        self._release_sealed(run, held)
        own = held.trust
        # "rtc": the time is our clock's, and this process, which talks to no centre, cannot know who vouches for that; `keep` can.
        run.trust = min(run.trust, "none" if run.anchor.adrift else "rtc" if own == "none" else own, key=_TRUST.index)
        if held.raw is not None and self._means.preview is not None:
            self._means.preview(held.raw, held.safe)
        return True

    def finish(self, run: Run) -> bool:
        """End the film of a run that is over. False: as of `release`."""
        try:
            by = self._clock.now() if self._live else None
            if run.lowered is not None:
                run.lowered.finish()
            if run.film is not None:
                run.film.finish(by)
                if self.seal is not None:
                    self.seal.pause(by)
        except KuaError as error:
            self._abandon(run, error)
            return False
        return True

    def tell_anchor(self, run: Run, patience: Millis) -> None:
        """Tell how the run's times came about, with its first film and then if that was told longer ago than `patience`."""
        now = self._clock.monotonic()
        if run.began is None or (run.told is not None and (now - run.told < patience or now - self._moved < SETTLING)):
            return
        run.told = now
        drift = run.anchor.drift_ppm(Millis(self._clock.now() - now - run.ahead)) if self._live else 0
        self._out(Anchored(run.name, run.began, max(0, run.began - run.ahead), abs(drift), drift > 0))

    def hole(self, reason: str) -> None:
        """Say that recording is interrupted from the end of the film on, or from the very beginning. Another reason for the same hole is said from now on.
        Batch work begins with no hole.
        """
        if self.end is None and not self._live:
            return
        if self._hole_reason is None:
            self._hole_from = self._began if self.end is None else self.end
        elif reason == self._hole_reason or not self._live or self._clock.now() <= self._hole_from:
            return
        else:
            self._hole_from = self._clock.now()
        self._hole_reason = reason
        self._out(Hole(self._hole_from, reason))

    def done(self) -> None:
        """Say until when this camera's time is told: the source ended in order."""
        now = self._clock.now()
        end = now if self.end is None else self.end
        self._out(Done(Instant(max(end, now)) if self._hole_reason is not None and self._live else end))

    def _end_film(self, run: Run, film: Film, at: Instant) -> None:
        """The next picture, of `at`, begins a film of other bits: this one ends right there. The hiding and what waits in it go on as they are."""
        if run.lowered is not None:
            run.lowered.finish()
        film.finish(until=at)
        self.tell_anchor(run, LONG)
        run.film = run.lowered = run.began = run.told = None

    def _release_sealed(self, run: Run, held: Held) -> None:
        """Seal the same moment, after its published picture."""
        if self.seal is None:
            return
        if held.sealed is None:
            self.seal.rest(held.safe.at)
        else:
            self.seal.take(held.sealed, run.name, held.phase)

    def _made(self, run: Run, shape: Shape, made: Opened | Cut, at: Instant) -> None:
        """Send on what the encoder has finished; hidden spans go before the film that they speak of."""
        if isinstance(made, Opened):
            self._out(Init(run.name, shape.width, shape.height, at, made.data))
            return
        for span in run.covering.cut(made.t1):
            self._out(Covered(span.t0, span.t1, span.reason))
        phase = run.phases[0][1]
        while run.phases and run.phases[0][0] < made.t1:
            phase = run.phases.popleft()[1]
        trust, run.trust = run.trust, "ntp"
        if run.lowered is not None:
            run.lowered.tell(made)
        self._out(Piece(run.name, made.slot, made.t0, made.t1, made.frames, trust, phase, made.data))
        self.end, self._hole_reason = made.t1, None
        run.began = made.t0 if run.began is None else run.began
        self.tell_anchor(run, ANCHORED)

    def _abandon(self, run: Run, error: KuaError) -> None:
        """The encoder failed: what it had not cut is a hole."""
        self._counts[f"encoder {error.code}"] += 1
        if run.film is not None:
            run.film.abandon()
        if run.lowered is not None:
            run.lowered.abandon()
        if self.seal is not None:
            self.seal.abandon()
        run.held.clear()
        self.hole("encoder")
