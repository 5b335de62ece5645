# SPDX-License-Identifier: Apache-2.0
"""The geometry of a real camera: a film in which people pass moves nothing, and a nudge of the same film is seen in every picture."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from kua.core.instant import Instant
from kua.sight.geometry import Anchors
from kua.sight.raw import RawFrame
from kua.sight.room import learn_room
from tests.property.test_sight_geometry import displaced

pytestmark = pytest.mark.data


@cache
def clip() -> tuple[Anchors, list[Any]]:
    """The room learned from every other picture, and the brightness of the pictures between."""
    with av.open(str(Path(os.environ["KUA_DATA"]) / "clips" / "vtest.avi")) as container:
        pictures = [
            np.ascontiguousarray(frame.to_ndarray(format="yuv420p"))
            for _, frame in zip(range(400), container.decode(video=0), strict=False)
        ]
    height, width = pictures[0].shape[0] * 2 // 3, pictures[0].shape[1]
    room = learn_room([RawFrame(Instant(n * 200), width, height, yuv) for n, yuv in enumerate(pictures[::2])], from_people=True)
    return Anchors(room, room.known), [yuv[:height] for yuv in pictures[1::2]]


def test_people_who_pass_a_real_camera_move_nothing() -> None:
    anchors, pictures = clip()
    views = [anchors.look(luma) for luma in pictures]
    assert {view.state for view in views} == {"same"}
    assert max(abs(part) for view in views for part in view.shift) < 0.3


@pytest.mark.parametrize(
    "nudge", [{"x": 4}, {"y": -4}, {"x": -3, "y": 3}, {"x": 17, "y": 9}, {"turn": 0.5}, {"turn": -0.5}, {"zoom": 1.01}, {"zoom": 0.99}]
)
def test_a_nudge_of_a_real_camera_is_seen_in_every_picture(nudge: dict[str, float]) -> None:
    anchors, pictures = clip()
    assert {anchors.look(displaced(luma, **nudge)).state for luma in pictures[::12]} == {"moved"}


@pytest.mark.parametrize("sigma", [2, 3, 5])
def test_a_real_camera_out_of_focus_is_seen_in_every_picture(sigma: float) -> None:
    anchors, pictures = clip()
    assert {anchors.look(cv2.GaussianBlur(luma, (0, 0), sigma)).state for luma in pictures[::12]} == {"defocused"}
