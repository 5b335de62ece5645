# SPDX-License-Identifier: Apache-2.0
"""Small films for tests, written by a stranger's encoder settings: with reordered frames, with sound."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np


def write_clip(path: Path, pictures: Sequence[Any], *, fps: int = 10, reorder: bool = False, sound: bool = False) -> Path:
    """Write yuv420p pictures as a film; the container is chosen by the file's name."""
    height, width = pictures[0].shape[0] * 2 // 3, pictures[0].shape[1]
    with av.open(str(path), "w") as container:
        options = {"preset": "ultrafast", "crf": "12", "bf": "3" if reorder else "0", "g": "10"}
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        audio = container.add_stream("aac", rate=8_000, layout="mono") if sound else None
        for number, yuv in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(yuv), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None:
            silence = av.AudioFrame.from_ndarray(np.zeros((1, 8_000), np.float32), format="fltp", layout="mono")
            silence.sample_rate, silence.pts = 8_000, 0
            container.mux(audio.encode(silence))
            container.mux(audio.encode(None))
    return path
