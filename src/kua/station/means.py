# SPDX-License-Identifier: Apache-2.0
"""What the process `hide` works with: `kua.app` gives it, and tests give it other things. Nothing here does anything."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from kua.core.instant import Instant
from kua.flow.ladder import Size
from kua.media.cutter import Cut, Opened
from kua.ports.clock import Clock
from kua.ports.detector import FindStickers
from kua.ports.source import OpenDecoder
from kua.sight.hider import Hider, Look
from kua.sight.raw import RawFrame
from kua.sight.safe import SafeFrame
from kua.sight.stickers import Seals
from kua.station.counting import Counting
from kua.station.lowered import Film, LowerMeans
from kua.station.seal import SealMeans

OpenFilm = Callable[[Callable[[Opened | Cut], None]], Film]
"""Opens an encoder for the pictures of one run, which gives what it makes to the callable. Raises `Unavailable("film.encoder")`."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Size and rate of the film, whatever the camera sends."""

    width: int
    height: int
    fps: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """What works on pictures of one size: makes a hider for a phase and a film, and counts."""

    new_hider: Callable[[str], Hider]
    open_film: OpenFilm
    counting: Counting | None = None
    open_lean: OpenFilm | None = None
    open_fine: OpenFilm | None = None


@dataclass(frozen=True, slots=True)
class Means:
    """What the process works with, given by `kua.app`. `phase_at` is None outside all windows; `look` is None where no models are."""

    clock: Clock
    run_name: Callable[[], str]
    """Draws eight random hex digits."""
    open_decoder: OpenDecoder
    open_film: OpenFilm
    new_hider: Callable[[str], Hider]
    """Makes a hider for a phase: one for each run."""
    phase_at: Callable[[Instant], str | None]
    look: Look | None = None
    row_for: Callable[[str], str] = lambda phase: phase
    """Under which phase of the hiding table pictures of a phase are hidden: the count waits for two signatures."""
    reads: Callable[[Instant], Collection[str]] = lambda _at: ()
    """The valid liveness codes that were read in the picture of a moment, the newest one that was hidden."""
    counting: Counting | None = None
    seals: tuple[Seals, FindStickers] | None = None
    """The stickers of the calibration and what finds them; None where it has none."""
    sizes: tuple[Size, ...] = ()
    """Smaller sizes that may be recorded where a computer is too slow even for few pictures, the largest first; none: the size stays."""
    at_size: Callable[[int, int], Fitted] | None = None
    """Makes what works on pictures of one of `sizes`."""
    open_lean: OpenFilm | None = None
    """As `open_film`, for film of fewer bits: the last resort of a disk that runs short."""
    is_lean: Callable[[Instant], bool] = lambda _at: False
    """Whether the disk asks for it."""
    open_fine: OpenFilm | None = None
    """As `open_film`, for film of more bits in the phases of `FINE`; None where the bits are the same all day."""
    may_loop: bool = False
    """Whether the source is a film that is known to begin again (a rehearsal's): that is told, but its pictures are not filled for it."""
    sealing: SealMeans | None = None
    """What makes the sealed film; None where none is kept, which is so unless the election file and the law say otherwise."""
    lower: LowerMeans | None = None
    """What makes the film that a thin line gets at once; None where the line always gets the full one."""
    preview: Callable[[RawFrame, SafeFrame], None] | None = None
    """The one unlogged way of a raw picture, for the demonstration's slider. `kua.app.camera` refuses it anywhere else."""
