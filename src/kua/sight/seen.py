# SPDX-License-Identifier: Apache-2.0
"""The last word on a plan, by the table's treatments of paper, piles, code and silhouette: what may be seen although it differs from the room, and
what is painted flat although it does not. Changes nothing where the table has none of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant
from kua.sight.boxes import Box
from kua.sight.code import CodeGate
from kua.sight.grid import Cells, Mask, Plane, grown
from kua.sight.paper import Spot, broad, cell_of_piles, flat_paper, spilled
from kua.sight.plan import LARGEST, Plan, Reason, cell_for
from kua.sight.raw import RawFrame
from kua.sight.boxes import mark

SILHOUETTE = "silhouette"
"""The treatment of H3."""


class Seen:
    """The zones of one camera in one phase in which paper or a code may be seen."""

    def __init__(
        self,
        area: Mapping[str, Mask],
        treat: Mapping[str, str],
        fill: Mask,
        unreadable: Mask,
        bright: float,
        codes: CodeGate | None,
    ) -> None:
        """`area` holds the blocks of each zone, `fill` and `unreadable` those that stay so whatever else lies there, `bright` the least
        level of paper."""
        never = fill | unreadable
        self._fill, self._bright, self._codes = fill, bright, codes
        self._piles = _with(area, treat, "piles", never)
        spot = _with(area, treat, "paper", never | self._piles)
        self._spot, self._desks = Spot(spot), spot | self._piles
        self.code = _with(area, treat, "code", never)
        """Blocks that are hidden unless a valid code is read there."""
        self._is_still = SILHOUETTE in treat.values()
        self._is_wanted = bool(self._desks.any()) or (codes is not None and bool(self.code.any()))

    @property
    def has_piles(self) -> bool:
        """Whether paper is shown as piles anywhere."""
        return bool(self._piles.any())

    def looked(self, at: Instant) -> None:
        """Note that people were looked for in the picture of `at`."""
        self._spot.looked(at)

    def is_waiting(self) -> bool:
        """Whether something is to be shown that needs people to be looked for often."""
        return self._spot.is_waiting() or self.has_piles

    def over(
        self,
        plan: Plan,
        at: Instant,
        picture: RawFrame,
        cells: Cells,
        changed: Mask,
        presumed: Mask,
        held: Sequence[Box],
        head: npt.NDArray[np.float64] | None,
        still: Plane,
    ) -> Plan:
        """Return `plan` with the table's word on paper, codes and silhouettes. `presumed` are the blocks of presumed heads, `held` the found
        ones, `head` the calibrated height of a head in pixels, `still` the empty room."""
        if self._is_still:
            return replace(plan, fill=self._fill, mosaic=(plan.reasons != 0) & ~self._fill, still=still, slot=None)
        if not self._is_wanted:
            return plan
        found, wide = np.zeros_like(presumed), np.zeros_like(presumed)
        for box in held:
            mark(found, box)
            mark(wide, box.grown(1.3))
        if head is not None and self._desks.any():
            plan, presumed = self._at_desks(plan, at, cells, changed, found, presumed, head)
        shown = self._spot.shows(at, cells, self._bright, changed, plan.reasons != 0, wide | presumed, head)
        if self._codes is not None:
            shown |= self._codes.shows(picture, self.code) & ~grown(wide, 1, 1, 1)
        if not shown.any():
            return plan
        reasons = np.where(shown, np.uint8(0), plan.reasons)
        fill = plan.fill & ~shown
        return replace(plan, fill=fill, mosaic=(reasons != 0) & ~fill, reasons=reasons)

    def _at_desks(
        self,
        plan: Plan,
        at: Instant,
        cells: Cells,
        changed: Mask,
        found: Mask,
        presumed: Mask,
        head: npt.NDArray[np.float64],
    ) -> tuple[Plan, Mask]:
        """Flatten paper among the piles, and all about paper that reaches in from outside them. Where people were looked for a moment ago, arms and paper are no longer presumed to be heads, and cells
        are as fine as a head allows; else all is as coarse as anywhere."""
        hidden = plan.reasons != 0
        around = grown(self._desks, 2, 2, 2)
        paper = flat_paper(cells, around, self._bright, head)
        flat, fill, cell = paper & self._piles & ~found, plan.fill, plan.cell
        if self._spot.has_looked(at):
            presumed = np.where(self._desks, presumed & broad(changed & ~paper, head), presumed)
            near = grown(spilled(paper & hidden, self._piles), 2, 2, 2) & self._piles
            finest = np.where(self._piles, cell_of_piles(head), cell_for(head))
            finer = self._desks & ~found & ~presumed & (finest <= LARGEST)
            fill, cell = fill & ~finer, np.where(finer, finest, cell)
            flat |= near & ~found & ~presumed
        flat &= ~fill
        reasons = plan.reasons | np.where(flat & ~hidden, np.uint8(Reason.LIST.value), np.uint8(0))
        return replace(plan, fill=fill, mosaic=(reasons != 0) & ~fill, cell=cell, reasons=reasons, flat=flat), presumed


def _with(area: Mapping[str, Mask], treat: Mapping[str, str], how: str, never: Mask) -> Mask:
    mask = np.zeros(never.shape, dtype=np.bool_)
    for zone, blocks in area.items():
        if treat.get(zone) == how:
            mask |= blocks
    return mask & ~never
