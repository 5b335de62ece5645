# SPDX-License-Identifier: Apache-2.0
"""The unredacted picture. Only what feeds, counts or hides it may import this module (import contract "secrecy"; Constitutional Law on Elections, art. 8)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kua.core.instant import Instant

Planes = npt.NDArray[np.uint8]
"""yuv420p in one array, uint8 [height * 3 // 2, width]: Y, then U and V each of (height / 2) x (width / 2), as PyAV's `to_ndarray(format="yuv420p")` gives it. BT.601, limited range."""


@dataclass(frozen=True, slots=True, eq=False)
class RawFrame:
    """One decoded picture before hiding. It never leaves the process `hide`; it has no pickle and its repr shows no pixel."""

    at: Instant
    width: int
    height: int
    yuv: Planes

    def __repr__(self) -> str:
        return f"RawFrame(at={self.at}, {self.width}x{self.height})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("RawFrame does not travel between processes")
