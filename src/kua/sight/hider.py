# SPDX-License-Identifier: Apache-2.0
"""The hiding of one camera's pictures, one after another: what the room, the table and the detections say becomes a plan and a safe picture.

The order is fixed: zones that are filled come first, before anything looks at the picture; then exposure, the allow-list, what was seen a
moment ago, detections; then painting. Whatever fails or is in doubt fills the whole picture. Reads no clock: time comes with the pictures.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.sight.boxes import Box, head_of
from kua.sight.calibration import Calibration
from kua.sight.code import CodeGate
from kua.sight.geometry import Geometry, Kind, Scene
from kua.sight.grid import BLOCK, Cells, Mask, blocks_of, cells_of, closed, grown, neighbours, planes_of, upright
from kua.sight.mosaic import fill_blocks
from kua.sight.plan import (
    LARGEST,
    NEAR,
    Finer,
    Plan,
    Reason,
    cell_for,
    heads_at,
    heads_within,
    heights_beyond,
    heights_of,
    presumed_heads,
    squared,
    upper,
    whole_plan,
)
from kua.sight.raw import RawFrame
from kua.sight.room import Comparer, Difference, Reference, blocks_touched
from kua.sight.safe import SafeFrame, conceal, filled
from kua.sight.seen import Seen
from kua.sight.sheets import brightness_of_paper, cells_for_sheets
from kua.sight.slot import HEADS_ABOVE, SlotView, ring
from kua.sight.tracks import Tracks
from kua.sight.zones import Polygon, touched

Table = Mapping[str, Mapping[str, str]]
"""Phase to zone to treatment, as `kua.law.hiding` gives it."""
Look = Callable[[RawFrame], Sequence[Box]]
"""What finds faces and people; it is shown the picture with its filled zones already filled."""

LOOK_OFTEN: Final = 400
LOOK_SELDOM: Final = 1200
"""Milliseconds between two looks for people, by whether looking helps; a head that was found is held for 3 s."""
TRAIL: Final = 6
"""A silhouette within so many blocks is the one that was here a moment ago."""
DOUBT: Final = 1 / 4
"""So much of a found head must differ from the room, be it by a little."""
UPPER: Final = 0.5
"""Heads are in so much of a silhouette, from its top: only that is given a wide margin."""
LOWER: Final = 0.7
"""Below so much of a silhouette are legs and shadows: hidden, but with no margin."""
LEGS: Final = 12
"""What has fewer blocks of height may be a head alone, all of which is given a margin."""
SMALL: Final = 20
"""From so many blocks of height on a silhouette gets the additional margin above it: that of a smaller one is a head's height already."""
EMPTY_FOR: Final = 600_000
"""Milliseconds for which nothing may have been hidden in or near a block whose brightness follows the light of the day."""
FOLLOW_EVERY: Final = 1_000
CORE: Final = 0.9
"""So much of the region of a found head is hidden whether or not anything differs there."""
UNREADABLE: Final = 32
"""Least mosaic cell of a list, in pixels."""
TOO_SLOW: Final = 500
"""A detector that took longer than this, in milliseconds, is not believed."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """The figures of hiding, with their units. The defaults are those measured in `docs/benchmarks.md`."""

    warm: int = 200
    """Milliseconds after a start during which all is filled."""
    warm_frames: int = 2
    """At least so many pictures are filled after a start."""
    hold: int = 1_000
    """Milliseconds that a place stays hidden after a person was there, where nobody is seen near it any more."""
    trail: int = 300
    """Milliseconds that a place stays hidden after a person walked on from it and is seen beside it."""
    flicker: int = 150
    """Milliseconds that a single block stays hidden after it differed."""
    detected: int = 3_000
    """Milliseconds that a detected head stays hidden after it was last found."""
    closing: int = 3
    """Gaps of up to twice so many blocks (of 8 pixels) inside one silhouette are closed."""
    around: int = 1
    """Blocks hidden around whatever is large enough to be a person."""
    margin: int = 2
    """Blocks hidden around the upper part of an upright silhouette; twice as many, all around, near the camera."""
    above: int = 1
    """Blocks more that are hidden above a large silhouette: heads are what most resembles a wall."""
    crowd: int = 12
    """So many differing blocks within four rows and two columns of each other are a person, not flicker or a tape in the wind."""
    mass: int = 20
    """So many within four rows and columns are one too, whatever their shape."""
    lost: float = 0.6
    """Share of the known blocks (or of the textured ones) that differ when the camera no longer shows the calibrated room."""
    lost_for: int = 1_000
    """Milliseconds after which a lost scene must agree for `agree_for` before anything is shown."""
    agree_for: int = 30_000


class Hider:
    """Hides the pictures of one run of one camera. Not for two threads. A new run (reconnect) takes a new Hider."""

    def __init__(
        self,
        calibration: Calibration | None,
        reference: Reference | None,
        table: Table,
        phase: str,
        *,
        tuning: Tuning | None = None,
        zones: Mapping[str, tuple[Polygon, ...]] | None = None,
        codes: CodeGate | None = None,
    ) -> None:
        """`zones` are used where there is no calibration; without `codes` no liveness code is ever shown. Raises `Rejected("calibration.size")` where the two differ in size, `Rejected("policy.phase")` for a phase the table has not."""
        self._tuning = tuning or Tuning()
        self._table = table
        self._codes = codes
        self._room = reference
        self._comparer = Comparer(reference) if reference is not None else None
        self._paper = brightness_of_paper(cells_of(reference.yuv, reference.width, reference.height).y) if reference is not None else 0.0
        self._zones: Mapping[str, tuple[Polygon, ...]] = calibration.zones if calibration is not None else zones or {}
        self._heads = calibration.heads if calibration is not None else ()
        if (
            calibration is not None
            and reference is not None
            and (calibration.width, calibration.height) != (reference.width, reference.height)
        ):
            raise Rejected(
                "calibration.size",
                width=reference.width,
                height=reference.height,
                wanted_width=calibration.width,
                wanted_height=calibration.height,
            )
        self._size: tuple[int, int] | None = None
        if reference is not None:
            self._size = (reference.width, reference.height)
        elif calibration is not None:
            self._size = (calibration.width, calibration.height)
        self._tracks = Tracks(self._tuning.detected)
        self._first: Instant | None = None
        self._last: Instant | None = None
        self._count = 0
        self._followed: Instant | None = None
        self._lost_since: Instant | None = None
        self._agree_since: Instant | None = None
        self._gone = False
        self._geometry: Geometry | None = None
        self._geometry_without: Mask = np.zeros((0, 0), dtype=np.bool_)
        self._scene: Kind | None = None
        self._laid_out = False
        self._missed = False
        self._pause = LOOK_OFTEN
        self._look_at: Instant | None = None
        self._phase = phase
        self.plan: Plan | None = None
        """The plan of the last picture, for reports."""
        self.foreground: Mask = np.zeros((0, 0), dtype=np.bool_)
        """Blocks of the last picture that differ from the room, filled zones left out: what counting may look at."""
        self.filled_reason: str | None = None
        """Why the last picture was filled as a whole, or None."""
        self.enter(phase)

    @property
    def scene(self) -> Kind | None:
        """What is wrong with where the camera stands or what it sees, until it has shown the signed geometry for `agree_for` again; None if nothing is."""
        return self._scene or "scene_changed" if self._gone else None

    @property
    def stands(self) -> bool:
        """Whether the newest look at the room's texture found the signed geometry."""
        return self._geometry is not None and self._geometry.view.state == "same"

    def doubt(self, kind: Kind) -> None:
        """Begin as a camera of which `kind` is known already: nothing is shown before it has agreed for `agree_for`. For a new run of such a camera, and for
        what markers say of this one."""
        self._gone, self._scene, self._agree_since = True, kind, None

    def enter(self, phase: str) -> None:
        """Go on under another phase of the table. Raises `Rejected("policy.phase")`."""
        if phase not in self._table:
            raise Rejected("policy.phase", phase=phase[:40])
        self._phase = phase
        self._laid_out = False

    @property
    def row(self) -> str:
        """The phase of the table under which pictures are hidden now."""
        return self._phase

    @property
    def has_piles(self) -> bool:
        """Whether the last picture has a place where only people that were looked for let paper be seen among the piles."""
        return self._laid_out and self._seen.has_piles

    def veiled(self, raw: RawFrame) -> RawFrame:
        """Return `raw` with its filled zones filled: all that detection and counting may ever see. `raw` is not changed.

        Raises `Rejected("picture.size_changed")`.
        """
        self._lay_out(raw)
        if not self._fill.any():
            return raw
        yuv = raw.yuv.copy()
        fill_blocks(yuv, raw.width, raw.height, self._fill)
        return RawFrame(raw.at, raw.width, raw.height, yuv)

    def watch(self, raw: RawFrame, look: Look, monotonic: Callable[[], int]) -> SafeFrame:
        """Veil `raw`, let `look` find people in it when it is time to, and hide. A detector that fails or is late fills the picture with
        `detector`.

        Looking is what costs most, so it is done as often as it helps: as long as whatever was found was hidden already, half as often each
        time, down to once in `LOOK_SELDOM`; as soon as a head was found that the room alone would have shown, every `LOOK_OFTEN` again.
        """
        veiled = self.veiled(raw)
        if self._look_at is not None and self._look_at - self._pause <= raw.at < self._look_at - 2:  # times are rounded to milliseconds
            return self._hide(veiled, ())
        self._look_at = None
        started = monotonic()
        try:
            boxes = look(veiled)
        except Exception:  # noqa: BLE001 - whatever a detector throws, the answer is a filled picture
            return self.blind(raw, "detector")
        if monotonic() - started > TOO_SLOW:
            return self.blind(raw, "detector")
        self._seen.looked(raw.at)
        safe = self._hide(veiled, boxes)
        self._pause = LOOK_OFTEN if self._missed or safe.reason is not None or self._seen.is_waiting() else min(2 * self._pause, LOOK_SELDOM)
        self._look_at = Instant(raw.at + self._pause)
        return safe

    def step(self, raw: RawFrame, boxes: Sequence[Box] = ()) -> SafeFrame:
        """Hide one picture. `boxes` are what was found in it just now; none where nothing looked. Time must not go back far.

        Raises `Rejected("picture.size_changed")`.
        """
        return self._hide(self.veiled(raw), boxes)

    def blind(self, raw: RawFrame, reason: str) -> SafeFrame:
        """Return a filled picture in place of `raw`, for a fault outside (detector, queue, clock)."""
        return self._whole(raw.at, raw.width, raw.height, reason)

    def _lay_out(self, raw: RawFrame) -> None:
        """Lay the zones over the picture's blocks, once for a size and phase."""
        if self._size is None:
            self._size = (raw.width, raw.height)
        if (raw.width, raw.height) != self._size or raw.yuv.shape != (raw.height * 3 // 2, raw.width) or raw.width % 2 or raw.height % 2:
            raise Rejected("picture.size_changed", width=raw.width, height=raw.height)
        if self._laid_out:
            return
        width, height = self._size
        treat = self._table[self._phase]
        area = {zone: touched(shapes, width, height) for zone, shapes in self._zones.items()}
        none = np.zeros(blocks_of(width, height), dtype=np.bool_)
        self._fill, self._unreadable, self._finer = none.copy(), none.copy(), none.copy()
        self._always = np.zeros(none.shape, dtype=np.uint8)
        for zone, mask in area.items():
            how = treat.get(zone, "coarse")
            if how == "fill" or zone in ("booth", "screen"):
                self._fill |= mask
                _because(self._always, mask, Reason.SCREEN if zone == "screen" else Reason.BOOTH)
            elif how == "unreadable" or zone == "list":
                self._unreadable |= mask
                _because(self._always, mask, Reason.LIST)
            elif how == "finer":
                self._finer |= mask
        self._seen = Seen(area, treat, self._fill, self._unreadable, self._paper, self._codes)
        _because(self._always, self._seen.code, Reason.LIST)
        self._grey = treat.get("rest", "coarse_grey") == "coarse_grey"
        self._head_sizes = None
        if self._heads:
            self._head_sizes = np.repeat(heads_at(none.shape[0], height, self._heads)[:, None], none.shape[1], axis=1)
        self._slot = None
        if treat.get("slot") == "finer" and self._room is not None and "slot" in area:
            box = area.get("box", none)
            self._finer |= ring(area["slot"], box)
            head = self._head_at_slot(area["slot"])
            self._slot = SlotView(self._room, self._finer & ~self._unreadable, self._fill, box, head, self._paper)
        self._finer &= ~self._unreadable & ~self._fill
        self._unknown = ~self._room.known & ~self._fill if self._room is not None else none
        if self._room is not None and (self._geometry is None or not np.array_equal(self._fill, self._geometry_without)):
            self._geometry, self._geometry_without = Geometry(self._room, self._room.known & ~self._fill), self._fill
        if self.foreground.shape != none.shape:
            self._trusted = ~self._fill
            self._until = np.zeros(none.shape, dtype=np.int64)
            self._busy_at = np.full(none.shape, raw.at, dtype=np.int64)
            self._lately = none.copy()
            self.foreground = none
        self._laid_out = True

    def _head_at_slot(self, slot: Mask) -> float | None:
        """The calibrated height in pixels of the head of somebody who stands at the slot: it is there where the slot lies some heads below it."""
        if self._head_sizes is None or not slot.any():
            return None
        sizes = self._head_sizes[:, 0]
        below = np.arange(len(sizes)) + HEADS_ABOVE * sizes / BLOCK
        return float(sizes[np.argmin(np.abs(below - np.flatnonzero(slot.any(axis=1))[0]))])

    def _hide(self, veiled: RawFrame, boxes: Sequence[Box]) -> SafeFrame:
        """The picture comes with its filled zones filled."""
        at = veiled.at if self._last is None else Instant(max(veiled.at, self._last))
        self._last = at
        if self._first is None:
            self._first = at
        self._count += 1
        if self._comparer is None:
            return self._whole(veiled.at, veiled.width, veiled.height, "no_room")
        cells = cells_of(veiled.yuv, veiled.width, veiled.height)
        found = self._comparer.difference(veiled, cells, self._trusted)
        changed = found.changed & ~self._fill
        held = self._tracks.step(at, [head_of(box) for box in boxes])
        self.foreground = changed
        self._trusted = ~changed & ~self._fill & ~self._unknown
        lost = self._lost(at, found, self._where(at, veiled))
        if lost:
            self._comparer.straighten()
        if lost or self._count <= self._tuning.warm_frames or at - self._first < self._tuning.warm:
            return self._whole(veiled.at, veiled.width, veiled.height, "scene_changed" if lost else "warming")
        thin = self._slot.look(at, veiled.yuv, found.light) if self._slot is not None else None
        plan = self._planned(at, found, changed, held, cells, thin)
        self._follow(at, found, cells, plan)
        plan = self._seen.over(plan, at, veiled, cells, changed, self._presumed, held, self._head_sizes, self._comparer.room.yuv)
        self.plan, self.filled_reason = plan, None
        # Means are taken anew where more than the zones is filled, so that nothing of a head enters the mean of a neighbour.
        return conceal(veiled, plan, cells=cells if plan.flat is None and np.array_equal(plan.fill, self._fill) else None)

    def _where(self, at: Instant, veiled: RawFrame) -> Scene:
        """Say whether the camera stands and sees as it did."""
        if self._geometry is None:
            return Scene(agrees=True)
        return self._geometry.see(at, planes_of(veiled.yuv, veiled.width, veiled.height)[0])

    def _lost(self, at: Instant, found: Difference, seen: Scene) -> bool:
        """Say whether the camera still shows the calibrated room; once it was lost for a second, or its geometry is another, it must agree for half a minute."""
        if self._comparer is None or self._room is None:
            return True
        visible = self._room.known & ~self._fill
        differs = found.changed & visible
        texture = self._comparer.textured & visible
        away = _share(differs, visible) > self._tuning.lost
        away = away or (int(texture.sum()) >= 20 and _share(differs, texture) > self._tuning.lost)
        if seen.kind is not None:
            self._gone, self._scene = True, seen.kind
        if away or seen.kind is not None:
            self._agree_since = None
            self._lost_since = at if self._lost_since is None else self._lost_since
            self._gone = self._gone or at - self._lost_since > self._tuning.lost_for
            return True
        self._lost_since = None
        if not self._gone:
            return False
        if not seen.agrees:
            self._agree_since = None
            return True
        self._agree_since = at if self._agree_since is None else self._agree_since
        self._gone = at - self._agree_since < self._tuning.agree_for
        self._scene = self._scene if self._gone else None
        return self._gone

    def _planned(self, at: Instant, found: Difference, changed: Mask, held: Sequence[Box], cells: Cells, thin: Finer | None) -> Plan:
        tuning = self._tuning
        near = neighbours(changed, 4, 2)
        person = changed & ((near >= tuning.crowd) | (neighbours(changed, 4) >= tuning.mass))
        still = found.weak & ~self._fill & (self._until > at)
        # What is far from anything else that differs and is a single block is the room's own flicker: hidden, but not held for long.
        self._until[changed] = np.maximum(self._until[changed], at + tuning.flicker)
        self._until[person] = at + tuning.hold
        self._until[still & (near >= 4)] = at + tuning.hold
        body = closed(person, tuning.closing)
        heights = heights_of(body)
        body |= squared(body, heights_beyond(body, heights))
        stands = body & upright(body, 5, 6)
        now = changed | self._margins(body, stands)
        hold = self._until > at
        # Somebody who walks on leaves a trail, which is soon empty; somebody who is no longer seen anywhere near may still be there.
        hold &= (self._until > at + tuning.hold - tuning.trail) | ~grown(body, TRAIL, TRAIL, TRAIL)
        reasons = self._always.copy()
        _because(reasons, now, Reason.NOT_ROOM)
        _because(reasons, hold & ~now, Reason.HOLD)
        _because(reasons, self._unknown, Reason.UNKNOWN)
        head = self._head_sizes if self._head_sizes is not None else heads_within(heights)
        cell = cell_for(head)
        heads = presumed_heads(body, self._head_sizes)
        heads = grown(heads, tuning.margin + tuning.above, 0, 1) & (reasons != 0)
        sheets = cells_for_sheets(cells.y, reasons != 0, self._paper)
        if thin is not None:  # neither a head nor an open sheet is there, and a bright box is no sheet
            heads &= ~thin.where
            sheets[thin.where] = 0
        cell = np.maximum(cell, sheets)
        solid = self._fill | ((cell > LARGEST) & (reasons != 0)) | heads
        cell[self._unreadable] = np.maximum(cell[self._unreadable], UNREADABLE)
        fine = self._finer & (sheets == 0) & ~heads
        self._missed = False
        if held:
            seen = reasons != 0
            doubt = changed | found.weak | self._unknown
            for box in held:
                self._detected(box, solid, reasons, doubt, seen, fine)
        cell[fine] = np.maximum(cell[fine] // (2 * BLOCK) * BLOCK, BLOCK)
        mosaic = reasons != 0
        self._presumed = heads
        if thin is not None:
            thin = Finer(thin.where & fine & ~solid, thin.cell, thin.paper)
        return Plan(solid, mosaic & ~solid, np.minimum(cell, LARGEST), self._grey, reasons, slot=thin)

    def _follow(self, at: Instant, found: Difference, cells: Cells, plan: Plan) -> None:
        """Once a second, let the room follow the light where nobody was near for `EMPTY_FOR`; nothing that is hidden now is ever followed."""
        self._lately |= plan.hidden & ~self._unknown & ~self._fill
        if self._followed is None:
            self._followed = at
        passed = at - self._followed
        if passed < FOLLOW_EVERY or self._comparer is None:
            return
        self._followed = at
        self._busy_at[grown(self._lately, 4, 4, 4)] = at
        self._lately[:] = False
        empty = (at - self._busy_at >= EMPTY_FOR) & ~found.weak & self._trusted
        self._comparer.follow(cells, found.light, empty, min(passed, 2 * FOLLOW_EVERY) / 1000)

    def _margins(self, body: Mask, stands: Mask) -> Mask:
        """What is hidden around silhouettes: widely about the upper part of upright ones and about all of those near the camera."""
        tuning = self._tuning
        top, lower = upper(body, UPPER, LOWER)
        top &= stands
        tall = heights_of(body)
        some = body & ((tall < LEGS) | lower)
        around = body | grown(some, tuning.around, tuning.around, tuning.around)
        around |= grown(top, tuning.margin, 0, tuning.margin) | grown(top & (tall >= SMALL), tuning.margin + tuning.above, 0, 0)
        if int(tall.max(initial=0)) >= NEAR:
            for least, factor in ((NEAR, 2),):
                near = body & (tall >= least)
                around |= grown(near, factor * tuning.margin, tuning.margin, factor * tuning.margin)
        return around

    def _detected(
        self,
        box: Box,
        solid: Mask,
        reasons: np.typing.NDArray[np.uint8],
        doubt: Mask,
        seen: Mask,
        fine: Mask,
    ) -> None:
        """Hide a head that a model found: solid, since a mosaic of it can be averaged (docs/design/hiding.md).

        A box in which almost nothing but the room is seen (no `doubt`) is a picture on the wall, or a head that has gone. The blocks of the
        head are never painted finer, wherever they lie."""
        area = blocks_touched(solid.shape, box)
        within = doubt[area]
        if not within.size or int(within.sum()) < max(1, DOUBT * within.size):
            return
        middle = blocks_touched(solid.shape, box.grown(CORE))
        core = seen[middle]
        self._missed = self._missed or int(core.sum()) < 0.9 * core.size
        # All of the middle; the rest of the region, which is wider than any head, where something is seen there.
        here = np.zeros_like(solid)
        here[area] = (seen | doubt)[area]
        here[middle] = True
        here &= ~self._fill
        reasons[here] |= np.uint8((Reason.FACE if box.kind == "face" else Reason.PERSON).value)
        solid |= here
        fine[area] = False

    def _whole(self, at: Instant, width: int, height: int, reason: str) -> SafeFrame:
        self.plan, self.filled_reason = whole_plan(reason, width, height), reason
        return filled(at, width, height, reason)


def _because(reasons: np.typing.NDArray[np.uint8], mask: Mask, reason: Reason) -> None:
    reasons |= mask.view(np.uint8) * np.uint8(reason.value)


def _share(part: Mask, of: Mask) -> float:
    total = int(of.sum())
    return int((part & of).sum()) / total if total else 0.0
