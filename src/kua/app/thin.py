# SPDX-License-Identifier: Apache-2.0
"""`rung.json` of a box: what a thin line gets at once (`kua.flow.thin`). The agent decides and writes it; `hide` reads it and makes it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from kua.app.settings import CameraSettings
from kua.core.canonical import canonical
from kua.core.instant import Millis
from kua.flow.thin import RUNGS, Rung, Thin, Weight
from kua.ports.durable import Durable
from kua.station.pipe import Piece

NAME: Final = "rung.json"
AGAIN: Final = Millis(1_000)
"""How often a reader looks."""


def write_rung(box: Path, rung: Rung, files: Durable) -> None:
    """Say which rung holds from the next slot on. Raises `Unavailable("disk.*")`."""
    files.replace(box / NAME, canonical({"v": 1, "rung": rung}))


def read_rung(box: Path) -> Rung:
    """Return the rung that holds; `full` where the file is not there or not whole: the film itself is always owed."""
    try:
        told = json.loads((box / NAME).read_bytes())["rung"]
        return next(rung for rung in RUNGS if rung == told)
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return "full"


@final
class ToldRung:
    """The rung for `hide`, looked up at most once a second."""

    def __init__(self, box: Path, monotonic: Callable[[], Millis]) -> None:
        self._box, self._monotonic = box, monotonic
        self._looked: Millis | None = None
        self._rung: Rung = "full"

    def __call__(self) -> Rung:
        """Return it."""
        mono = self._monotonic()
        if self._looked is None or mono - self._looked >= AGAIN:
            self._looked, self._rung = mono, read_rung(self._box)
        return self._rung


@final
class Lowering:
    """For the agent: weighs the films, asks the decider about the line once in a tick, and writes down what it says. `rate` is what the line gives in bits a
    second, None where that is not known; without it (None) nobody measures the line, and it gets the full film.
    """

    def __init__(
        self, box: Path, cameras: tuple[CameraSettings, ...], files: Durable, now: Millis, rate: Callable[[], int | None] | None
    ) -> None:
        self._box, self._files, self._rate = box, files, rate
        self._thin = Thin(len(cameras), now)
        self._weights = {camera.id: Weight(camera.bitrate * 1000) for camera in cameras}
        self._told: Rung | None = None

    @property
    def rung(self) -> Rung:
        """The rung that holds."""
        return "full" if self._rate is None else self._thin.rung

    def filmed(self, cam: str, piece: Piece) -> None:
        """Weigh a segment that was recorded."""
        if cam in self._weights and piece.t0 < piece.t1:
            self._weights[cam].add(len(piece.payload), Millis(piece.t1 - piece.t0))

    def tick(self, now: Millis) -> None:
        """Ask and tell. Raises `Unavailable("disk.*")` where it cannot be told; it is told again at the next tick."""
        if self._rate is not None:
            self._thin.measured(self._rate(), sum(weight.bits for weight in self._weights.values()), now)
        if self.rung != self._told:
            write_rung(self._box, self.rung, self._files)
            self._told = self.rung
