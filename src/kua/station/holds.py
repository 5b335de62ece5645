# SPDX-License-Identifier: Apache-2.0
"""Film under legal hold: spans of time that nothing may be deleted of, with or without a receipt. `hold.json` of a box (docs/spec/station-box.md).

A file that cannot be read holds everything. It protects against the box's own hunger for space, not against whoever owns the box.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kua.core.canonical import canonical, read_canonical
from kua.core.errors import Misused, Rejected
from kua.core.instant import Instant
from kua.ports.durable import Durable
from kua.proof.leaf import CAM, CITATION, LONGEST, MS

NAME: Final = "hold.json"


@dataclass(frozen=True, slots=True)
class Hold:
    """Film of `cam` (None: of every camera) that shows anything of [t0, t1), held by `article`."""

    cam: str | None
    t0: Instant
    t1: Instant
    article: str

    def covers(self, cam: str, begins: Instant) -> bool:
        """Whether a segment of `cam` that begins then is held: its end is not known here, so the longest one is assumed."""
        return self.cam in {None, cam} and begins < self.t1 and begins + LONGEST > self.t0


EVERYTHING: Final = (Hold(None, Instant(0), Instant(2**53 - 1), "-"),)


def read_holds(box: Path, files: Durable) -> tuple[Hold, ...]:
    """Return what is held. Raises `Rejected("hold.file")` for a file that is not whole: then everything is."""
    data = files.read(box / NAME)
    if data is None:
        return ()
    try:
        body = read_canonical(data)
        if set(body) != {"v", "spans"} or body["v"] != 1:
            raise ValueError(NAME)
        return tuple(_hold(each) for each in body["spans"])
    except (Rejected, Misused, ValueError, KeyError, TypeError) as error:
        raise Rejected("hold.file") from error


def write_holds(box: Path, files: Durable, holds: Sequence[Hold]) -> None:
    """Replace what is held."""
    spans = [{"cam": hold.cam, "t0": hold.t0, "t1": hold.t1, "article": hold.article} for hold in holds]
    files.replace(box / NAME, canonical({"v": 1, "spans": spans}))


def make_hold(cam: str | None, t0: int, t1: int, article: str) -> Hold:
    """Return a hold. Raises `Misused("hold.span")`."""
    fits = (cam is None or CAM(cam)) and MS(t0) and MS(t1) and CITATION(article)
    if not fits or not t0 < t1:
        raise Misused("hold.span", camera=str(cam)[:8])
    return Hold(cam, Instant(t0), Instant(t1), article)


def _hold(each: dict[str, Any]) -> Hold:
    if set(each) != {"cam", "t0", "t1", "article"}:
        raise ValueError(NAME)
    return make_hold(each["cam"], each["t0"], each["t1"], each["article"])
