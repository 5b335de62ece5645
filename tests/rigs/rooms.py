# SPDX-License-Identifier: Apache-2.0
"""A drawn room as hiding knows it: reference, zones and heads. Learned once for a size; the drawing is the same in every test."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from kua.adapters.sources.painting import PaintedRoom
from kua.core.instant import Instant
from kua.sight.calibration import Calibration, Reference, calibrated, learn_room
from kua.core.nouns import camera_id, election_id, station_id
from kua.law.hiding import DEFAULT, table_digest
from kua.sight.raw import RawFrame
from kua.sight.zones import read_zones

SEED = 5


@dataclass(frozen=True)
class Drawn:
    """What a calibration is made of."""

    reference: Reference
    zones: dict[str, Any]
    heads: tuple[tuple[float, int], ...]

    def calibration(self) -> Calibration:
        """Return an unsigned calibration of this room."""
        return calibrated(
            self.reference, election=election_id("kz-2026-test"), station=station_id("10-245"), camera=camera_id("a"), made_at=Instant(0),
            policy=table_digest(DEFAULT), zones=read_zones(self.zones), heads=self.heads,
        )  # fmt: skip


@cache
def drawn_room(width: int = 640, height: int = 360, seed: int = SEED) -> Drawn:
    """Learn the empty room of a drawing, with the noise of a sensor."""
    room = PaintedRoom(seed, width, height)
    empty, dice = room.empty().astype(np.int16), np.random.default_rng(1)
    noisy = [np.clip(empty + dice.normal(0, 2, empty.shape), 0, 255).astype(np.uint8) for _ in range(12)]
    reference = learn_room([RawFrame(Instant(number * 500), width, height, yuv) for number, yuv in enumerate(noisy)])
    zones = {kind: [[list(point) for point in shape] for shape in shapes] for kind, shapes in room.zones().items()}
    return Drawn(reference, zones, tuple((head["y"] / 10_000, head["px"]) for head in room.heads()))
