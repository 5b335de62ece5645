# SPDX-License-Identifier: Apache-2.0
"""Does the camera still stand and see as it did when it was calibrated? Answered from textured patches of the empty room, without markers.

Some sixty anchors, at most one in each part of the picture, are looked for where they were. People hide some of them; what decides is
what those that are seen agree on: a common shift, turn or zoom is the camera's, whatever else moves. Brightness and contrast of each anchor are set aside,
so that light does not matter. Knows nothing of people, keeps no picture, reads no clock.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant, Millis
from kua.sight.grid import BLOCK, Mask, Plane, planes_of
from kua.sight.reference import Reference

State = Literal["same", "moved", "defocused", "covered", "other", "unsure"]
"""`other`: textured, but nothing of the room is found; `unsure`: too little of it is seen to say anything."""

Kind = Literal["moved", "covered", "defocused", "scene_changed"]
"""What may be wrong with where a camera stands and what it sees: words of the `fault` leaf."""

EVERY: Final = Millis(200)
"""Pictures closer together than this are not all looked at."""
OTHER_FOR: Final = Millis(600)
"""A scene of which nothing is found is another one only after so long: somebody may have stepped before the lens."""
NOTICE: Final = Millis(1_400)
"""Longest time from the first picture of another geometry to the verdict, where pictures come at least every 600 ms; else the next but one has it.
Pictures are held back for longer (`kua.station.hide.HOLD`), and the one before the newest always is."""
SIDE: Final = 24
"""Side of an anchor in pixels."""
REACH: Final = 20
"""Pixels to each side within which a displaced anchor is found."""
FAR: Final = 1.7
"""Pixels by which an anchor must be displaced to count."""
TURN: Final = 0.35
"""Degrees of turn that count, even where no anchor is carried far."""
ZOOM: Final = 0.006
"""Change of scale that counts."""
ANCHORS: Final = 64
FEWEST: Final = 8
"""With fewer anchors nothing is said: such a room is judged by the share that differs alone."""
ALIKE: Final = 0.75
"""Correlation from which an anchor is seen."""
CORNER: Final = 10.0
"""Least mean squared slope of an anchor in its poorest direction, in levels per pixel, squared."""
SHARP: Final = 0.55
"""An anchor with less than this share of its fine detail is out of focus."""
FLAT: Final = 0.3
"""With less than this share of an anchor's contrast there is nothing to see."""
WIDEST: Final = 0.08
"""Greatest turn (radians) or change of scale that is told from anchors; beyond it the scene is another one."""
_SEARCHED: Final = 24
_WINDOW: Final = SIDE + 2 * REACH

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class View:
    """What one picture says. Shift in pixels at the middle of the picture, turn in degrees, zoom as a factor."""

    state: State
    seen: float = 0.0
    """Share of the anchors that were found."""
    shift: tuple[float, float] = (0.0, 0.0)
    turn: float = 0.0
    zoom: float = 1.0
    sharp: float = 1.0
    """Fine detail of the anchors, as a share of what the room has."""


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """Anchors (by number) and by how many pixels each is displaced; `agreed`: those that one motion of the camera explains."""

    which: Ints
    by: Floats
    agreed: Mask
    motion: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    """Shift x and y at the middle, and zoom - 1 and turn in radians."""
    explained: Floats | None = None


class Anchors:
    """The anchors of one room. `usable` are the blocks that may hold one: known, and outside what is always filled."""

    def __init__(self, room: Reference, usable: Mask) -> None:
        self._width, self._height = room.width, room.height
        luma = planes_of(room.yuv, room.width, room.height)[0]
        rows, columns = _chosen(luma, usable)
        self._rows, self._columns = rows, columns
        self.count = len(rows)
        """How many there are; below `FEWEST` nothing can be said."""
        if not self.is_able:
            return
        patches = _cut(luma, rows, columns, SIDE)
        self._spread = patches.std(axis=(1, 2))
        self._wanted = _plain(patches)
        down, across = np.gradient(self._wanted, axis=(1, 2))
        self._slopes = np.stack([across, down], axis=1).reshape(self.count, 2, -1).astype(np.float32)
        tensor = self._slopes @ self._slopes.transpose(0, 2, 1)
        self._steps = (np.linalg.inv(tensor) @ self._slopes).astype(np.float32)
        self._fine = _fine(self._wanted)
        self._fine_power = np.einsum("nyx,nyx->n", self._fine, self._fine)
        middle = SIDE / 2
        self._places = np.stack([columns + middle - self._width / 2, rows + middle - self._height / 2], axis=1).astype(np.float32)

    @property
    def is_able(self) -> bool:
        """Whether the room has enough texture for a verdict."""
        return self.count >= FEWEST

    def look(self, luma: Plane) -> View:
        """Judge one picture's brightness plane. Under a millisecond for most pictures, whatever their size."""
        if not self.is_able:
            return View("unsure")
        patches = _cut(luma, self._rows, self._columns, SIDE)
        spread = patches.std(axis=(1, 2))
        blank = spread < FLAT * self._spread
        if float(blank.mean()) > 0.85:
            return View("covered")
        near = self._near(luma, patches)
        share = float(near.agreed.sum()) / self.count
        far = self._far(luma, near) if share < 0.5 else None
        if far is not None:
            enough = max(5, round((0.2 if share < 0.2 else 0.35) * min(_SEARCHED, self.count)))
            if int(far.agreed.sum()) >= enough and self._is_away(far):
                return self._view("moved", far)
        if share < 0.2 or near.agreed.sum() < 4:
            return View("other" if self._is_strange(near, far) else "unsure", share)
        if self._is_away(near):
            return self._view("moved", near)
        sharp = self._sharpness(luma, near)
        return self._view("defocused" if sharp < SHARP else "same", near, sharp)

    def _near(self, luma: Plane, patches: Floats) -> _Found:
        """Find the anchors that are within a pixel or two of their places."""
        by = np.zeros((self.count, 2), np.float32)
        offset = np.zeros((self.count, 2), np.int64)
        alike = np.zeros(self.count, np.float32)
        for _ in range(2):
            now = _plain(patches)
            alike = np.einsum("nyx,nyx->n", now, self._wanted)
            left = (self._wanted - now).reshape(self.count, -1, 1)
            by = offset + np.clip((self._steps @ left)[:, :, 0], -3.0, 3.0)
            if float((np.abs(by[alike > ALIKE]) > 0.8).any(axis=1).sum()) < 0.2 * self.count and float((alike > ALIKE).mean()) > 0.5:
                break
            offset = np.clip(np.rint(by).astype(np.int64), -3, 3)
            patches = _cut(luma, *self._bounded(self._rows + offset[:, 1], self._columns + offset[:, 0], SIDE), SIDE)
        which = np.flatnonzero((alike > ALIKE) & (np.abs(by).max(axis=1) < 5.0))
        return self._agreeing(which, np.asarray(by[which], dtype=np.float32))

    def _far(self, luma: Plane, near: _Found) -> _Found:
        """Look for the anchors that were not found at their places, in a window about each."""
        left = np.setdiff1d(np.arange(self.count), near.which[near.agreed])
        chosen = left[:: max(1, -(-len(left) // _SEARCHED))]
        rows, columns = self._bounded(self._rows[chosen] - REACH, self._columns[chosen] - REACH, _WINDOW)
        windows = _cut(luma, rows, columns, _WINDOW)
        windows -= windows.mean(axis=(1, 2), keepdims=True)
        wanted = np.zeros_like(windows)
        wanted[:, :SIDE, :SIDE] = self._wanted[chosen]
        product = np.fft.rfft2(windows) * np.conj(np.fft.rfft2(wanted))
        span = 2 * REACH + 1
        matched = np.fft.irfft2(product, s=(_WINDOW, _WINDOW))[:, :span, :span]
        alike = matched / np.sqrt(np.maximum(_power(windows), 1.0))
        best = alike.reshape(len(chosen), -1).argmax(axis=1)
        peak = alike.reshape(len(chosen), -1)[np.arange(len(chosen)), best]
        down, across = np.divmod(best, span)
        by = np.stack([across + columns - self._columns[chosen], down + rows - self._rows[chosen]], axis=1).astype(np.float32)
        found = peak > ALIKE
        return self._agreeing(chosen[found], by[found])

    def _agreeing(self, which: Ints, by: Floats) -> _Found:
        """Find the one motion that most of these displacements have in common."""
        if len(which) < 3:
            return _Found(which, by, np.zeros(len(which), dtype=np.bool_))
        places = self._places[which]
        agreed = _largest_party(places, by)
        motion = np.zeros(4)
        explained = np.zeros_like(by)
        for _ in range(3):
            if agreed.sum() < 3:
                break
            motion = _fitted(places[agreed], by[agreed])
            explained = _moved(places, motion)
            agreed = np.linalg.norm(by - explained, axis=1) < 1.2
        x, y, zoom, turn = (float(part) for part in motion)
        return _Found(which, by, np.asarray(agreed, dtype=np.bool_), (x, y, zoom, turn), np.asarray(explained, dtype=np.float32))

    def _sharpness(self, luma: Plane, near: _Found) -> float:
        """Return the share of the room's fine detail that the anchors in place still have."""
        which = near.which[near.agreed]
        whole = np.rint(near.by[near.agreed]).astype(np.int64)
        now = _plain(_cut(luma, *self._bounded(self._rows[which] + whole[:, 1], self._columns[which] + whole[:, 0], SIDE), SIDE))
        kept = np.einsum("nyx,nyx->n", _fine(now), self._fine[which]) / np.maximum(self._fine_power[which], 1e-6)
        return float(np.median(kept))

    def _is_away(self, found: _Found) -> bool:
        """Whether the motion that the anchors agree on is the camera's: a good part of them carried away, or all of them turned or zoomed."""
        if found.explained is None or not found.agreed.any():
            return False
        far = np.linalg.norm(found.explained[found.agreed], axis=1) > FAR
        if int(far.sum()) >= max(3, 0.25 * len(far)):
            return True
        places = self._places[found.which[found.agreed]]
        spread = places.std(axis=0)
        is_wide = len(places) >= 6 and float(spread.max()) > 0.08 * self._width
        # Few anchors close together tell a turn from noise only where it is large.
        is_plain = len(places) >= 5 and float(np.hypot(*found.motion[2:]) * np.linalg.norm(spread)) > 0.6
        return (is_wide or is_plain) and (abs(found.motion[2]) > ZOOM or abs(float(np.degrees(found.motion[3]))) > TURN)

    def _is_strange(self, near: _Found, far: _Found | None) -> bool:
        """Whether next to nothing of the room is seen anywhere."""
        parties = [int(found.agreed.sum()) for found in (near, far) if found is not None]
        return sum(party for party in parties if party >= 4) < 0.15 * self.count

    def _view(self, state: State, found: _Found, sharp: float = 1.0) -> View:
        x, y, zoom, turn = found.motion
        return View(state, float(found.agreed.sum()) / self.count, (x, y), float(np.degrees(turn)), 1.0 + zoom, sharp)

    def _bounded(self, rows: Ints, columns: Ints, side: int) -> tuple[Ints, Ints]:
        return np.clip(rows, 0, self._height - side), np.clip(columns, 0, self._width - side)


@dataclass(frozen=True, slots=True)
class Scene:
    """The verdict so far: `kind` is what is wrong with the camera, if anything; `agrees`: the newest look found the signed geometry.

    One look that disagrees, or sees too little, is neither.
    """

    kind: Kind | None = None
    agrees: bool = False


_KINDS: Final[dict[str, Kind]] = {"moved": "moved", "covered": "covered", "defocused": "defocused", "other": "scene_changed"}


class Geometry:
    """Watches one camera, picture after picture. Not for two threads."""

    def __init__(self, room: Reference, usable: Mask) -> None:
        self._anchors = Anchors(room, usable)
        self._looked: Instant | None = None
        self._suspect: State | None = None
        self._since: Instant | None = None
        self._scene = Scene(agrees=not self._anchors.is_able)
        self.view = View("unsure")
        """What the newest look said, for reports."""

    def see(self, at: Instant, luma: Plane) -> Scene:
        """Take the next picture. `luma` has its filled zones filled; times do not go back."""
        if not self._anchors.is_able:
            return self._scene
        is_urgent = self._suspect is not None and self._scene.kind is None
        if self._looked is not None and not is_urgent and 0 <= at - self._looked < EVERY - 2:
            return self._scene
        self._looked = at
        self.view = view = self._anchors.look(luma)
        if view.state == "same":
            self._suspect, self._since, self._scene = None, None, Scene(agrees=True)
        elif view.state == "unsure":
            self._suspect, self._since, self._scene = None, None, Scene(self._scene.kind)
        else:
            self._doubt(at, view.state)
        return self._scene

    def _doubt(self, at: Instant, state: State) -> None:
        """One picture may be wrong; two in a row are believed."""
        again = self._since is not None
        self._since = at if self._since is None else self._since
        self._suspect = state
        sure = again and (state != "other" or at - self._since >= OTHER_FOR)
        self._scene = Scene(_KINDS[state] if sure else self._scene.kind)


def _chosen(luma: Plane, usable: Mask) -> tuple[Ints, Ints]:
    """Choose the most textured place in each part of the picture, as (rows, columns) of its upper left pixel."""
    height, width = luma.shape
    if min(height, width) < _WINDOW:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    grey = luma.astype(np.float32)
    down, across = np.zeros_like(grey), np.zeros_like(grey)
    down[1:-1] = (grey[2:] - grey[:-2]) / 2
    across[:, 1:-1] = (grey[:, 2:] - grey[:, :-2]) / 2
    xx, yy, xy = (_boxes(part) for part in (across * across, down * down, across * down))
    poorest = np.asarray((xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy * xy), dtype=np.float32)
    poorest[~_whole(usable, poorest.shape)] = 0.0
    places = _best(poorest, ANCHORS)
    if len(places) < ANCHORS // 3:  # a bare room: closer together, where there is anything at all
        places = _best(poorest, 4 * ANCHORS)
    chosen = np.array(places, dtype=np.int64).reshape(-1, 2)
    return chosen[:, 0], chosen[:, 1]


def _best(poorest: Floats, parts: int) -> list[tuple[int, int]]:
    """Return the best place of each of about so many equal parts of the picture, where it is good enough."""
    rows, columns = poorest.shape
    wide = max(1, round((parts * columns / rows) ** 0.5))
    tall = max(1, parts // wide)
    places = []
    for strip in np.array_split(np.arange(rows), tall):
        for part in np.array_split(np.arange(columns), wide):
            if not len(strip) or not len(part):
                continue
            here = poorest[strip[0] : strip[-1] + 1, part[0] : part[-1] + 1]
            row, column = np.unravel_index(int(here.argmax()), here.shape)
            if here[row, column] >= CORNER:
                places.append((int(strip[0] + row) * BLOCK, int(part[0] + column) * BLOCK))
    return places


def _boxes(plane: Floats) -> Floats:
    """Return the mean of `plane` over every `SIDE` x `SIDE` pixels that begin at a block."""
    sums = np.pad(plane, ((1, 0), (1, 0))).astype(np.float64).cumsum(axis=0).cumsum(axis=1)
    rows = np.arange(0, plane.shape[0] - SIDE + 1, BLOCK)
    columns = np.arange(0, plane.shape[1] - SIDE + 1, BLOCK)
    low, high = np.ix_(rows, columns), np.ix_(rows + SIDE, columns + SIDE)
    mixed = sums[np.ix_(rows, columns + SIDE)] + sums[np.ix_(rows + SIDE, columns)]
    return np.asarray((sums[high] - mixed + sums[low]) / SIDE**2, dtype=np.float32)


def _whole(usable: Mask, shape: tuple[int, ...]) -> Mask:
    """Return where an anchor that begins at a block lies in usable blocks only."""
    side = SIDE // BLOCK
    whole = np.ones(shape, dtype=np.bool_)
    for down in range(side):
        for across in range(side):
            whole &= usable[down : down + shape[0], across : across + shape[1]]
    return whole


def _cut(luma: Plane, rows: Ints, columns: Ints, side: int) -> Floats:
    windows = np.lib.stride_tricks.sliding_window_view(luma, (side, side))
    return np.asarray(windows[rows, columns], dtype=np.float32)


def _plain(patches: Floats) -> Floats:
    """Return patches without their brightness and contrast: mean 0, length 1."""
    level = patches - patches.mean(axis=(1, 2), keepdims=True)
    length = np.sqrt(np.einsum("nyx,nyx->n", level, level))
    return np.asarray(level / np.maximum(length, 1.0)[:, None, None], dtype=np.float32)


def _fine(patches: Floats) -> Floats:
    """Return the fine detail of patches at half size, where sensor noise is weaker than detail."""
    small = patches.reshape(len(patches), SIDE // 2, 2, SIDE // 2, 2).mean(axis=(2, 4))
    around = small[:, :-2, 1:-1] + small[:, 2:, 1:-1] + small[:, 1:-1, :-2] + small[:, 1:-1, 2:]
    return np.asarray(small[:, 1:-1, 1:-1] - around / 4, dtype=np.float32)


def _power(windows: Floats) -> npt.NDArray[np.float64]:
    """Return the squared contrast of every anchor-sized part of each window."""
    span = 2 * REACH + 1

    def sums(values: Floats) -> npt.NDArray[np.float64]:
        total = np.pad(values.astype(np.float64).cumsum(axis=1).cumsum(axis=2), ((0, 0), (1, 0), (1, 0)))
        high, low = total[:, SIDE : SIDE + span], total[:, :span]
        return np.asarray(high[:, :, SIDE : SIDE + span] - high[:, :, :span] - low[:, :, SIDE : SIDE + span] + low[:, :, :span])

    return np.asarray(sums(windows * windows) - sums(windows) ** 2 / SIDE**2)


def _largest_party(places: Floats, by: Floats) -> Mask:
    """Return the displacements that fit one motion, of all the motions that two of them suggest. Points of the plane as complex numbers: a motion
    is a factor and a sum."""
    was = places[:, 0].astype(np.complex128) + 1j * places[:, 1]
    now = was + by[:, 0] + 1j * by[:, 1]
    number = np.arange(len(was))
    first = np.tile(number, 4)
    second = np.concatenate([(number + max(1, len(was) * part // 9)) % len(was) for part in (1, 2, 3, 4)])
    span = was[second] - was[first]
    factor = np.where(np.abs(span) > 1, (now[second] - now[first]) / np.where(np.abs(span) > 1, span, 1), 1)
    factor = np.concatenate([np.where(np.abs(factor - 1) < WIDEST, factor, 1), np.ones(1)])
    first = np.append(first, 0)
    sums = np.append(now[first[:-1]] - factor[:-1] * was[first[:-1]], 0)
    fits = np.abs(factor[:, None] * was[None] + sums[:, None] - now[None]) < 1.5
    return np.asarray(fits[int(fits.sum(axis=1).argmax())], dtype=np.bool_)


def _fitted(places: Floats, by: Floats) -> npt.NDArray[np.float64]:
    """Fit shift, zoom and turn to displacements by least squares. Few or crowded places give no turn and no zoom."""
    spread = places - places.mean(axis=0)
    reach = float((spread**2).sum())
    if len(places) < 4 or reach < 1e-6:
        return np.array([*by.mean(axis=0), 0.0, 0.0])
    left = by - by.mean(axis=0)
    zoom = float((spread * left).sum()) / reach
    turn = float((spread[:, 0] * left[:, 1] - spread[:, 1] * left[:, 0]).sum()) / reach
    x, y = by.mean(axis=0) - _turned(places.mean(axis=0)[None], zoom, turn)[0]
    return np.array([x, y, zoom, turn])


def _turned(places: Floats, zoom: float, turn: float) -> Floats:
    return np.stack([zoom * places[:, 0] - turn * places[:, 1], turn * places[:, 0] + zoom * places[:, 1]], axis=1).astype(np.float32)


def _moved(places: Floats, motion: npt.NDArray[np.float64]) -> Floats:
    return np.asarray(_turned(places, float(motion[2]), float(motion[3])) + motion[:2], dtype=np.float32)
