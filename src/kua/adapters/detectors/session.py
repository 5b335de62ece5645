# SPDX-License-Identifier: Apache-2.0
"""What both networks need: a session that does not spin, and the suppression of boxes that say the same."""

import os
from typing import Any

import numpy as np
import numpy.typing as npt

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # the library reports to its maker otherwise, and writes files for it in the user's home

import onnxruntime

from kua.core.errors import Unavailable
from kua.sight.boxes import Box, Kind


class Session:
    """One network on one thread; two spinning threads beside a busy process were measured to be slower. Raises `Unavailable("model.broken")`."""

    def __init__(self, weights: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 4
        try:
            self._session = onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # the library's errors share no base
            raise Unavailable("model.broken") from error
        self._input = self._session.get_inputs()[0].name

    def run(self, blob: npt.NDArray[np.float32], wanted: list[str] | None) -> list[Any]:
        """Run the network and return the `wanted` outputs."""
        return list(self._session.run(wanted, {self._input: blob}))


def blob_of(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return a BGR picture as both networks take it: [1, 3, height, width], float, 0..255."""
    return np.ascontiguousarray(picture.transpose(2, 0, 1)[None], dtype=np.float32)


def best_of(corners: npt.NDArray[np.float32], scores: npt.NDArray[np.float32], kind: Kind, overlap: float) -> list[Box]:
    """Return boxes from the likeliest on, leaving out those that overlap a likelier one by more than `overlap`."""
    order = np.argsort(-scores)[:500]
    corners, scores = corners[order], scores[order]
    area = np.prod(np.maximum(corners[:, 2:] - corners[:, :2], 0), axis=1)
    alive = np.ones(len(corners), dtype=np.bool_)
    boxes: list[Box] = []
    for at in range(len(corners)):
        if not alive[at]:
            continue
        x0, y0, x1, y1 = (float(value) for value in corners[at])
        boxes.append(Box(x0, y0, x1, y1, float(scores[at]), kind))
        low, high = np.maximum(corners[:, :2], corners[at, :2]), np.minimum(corners[:, 2:], corners[at, 2:])
        both = np.prod(np.maximum(high - low, 0), axis=1)
        alive &= both <= overlap * (area + area[at] - both)
    return boxes
