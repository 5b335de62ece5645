# SPDX-License-Identifier: Apache-2.0
"""The working copy is an ordinary MP4 with exactly the pictures of the segments, and time in it is time of the day."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.errors import Rejected
from kua.media.copy import copy_head, read_master, read_shape

av = pytest.importorskip("av")
FILM = Path(__file__).parents[1] / "vectors" / "bundle" / "film"
SLOT = 4_000


def segments() -> list[tuple[int, bytes]]:
    return [(int(path.stem.partition("-")[2]) * SLOT, path.read_bytes()) for path in sorted(FILM.glob("*.m4s"))]


def copy() -> bytes:
    made = [read_master(t0, data) for t0, data in segments()]
    shape = read_shape((FILM / "0badcafe-init.mp4").read_bytes())
    return copy_head(shape, made) + b"".join(data[len(data) - master.length :] for master, (_, data) in zip(made, segments(), strict=True))


def decoded(data: bytes) -> list[tuple[float, bytes]]:
    with av.open(io.BytesIO(data)) as held:
        return [(float(frame.time), frame.to_ndarray(format="yuv420p").tobytes()) for frame in held.decode(video=0)]


def test_a_player_sees_the_pictures_of_the_segments_at_their_time_of_day() -> None:
    first = segments()[0][0]
    wanted = []
    for t0, data in segments():
        init = (FILM / f"{'0badcafe' if t0 < first + 3 * SLOT else '5eed1e55'}-init.mp4").read_bytes()
        pictures = decoded(init + data)
        start = pictures[0][0]
        wanted += [(round((t0 - first) / 1000 + time - start, 3), picture) for time, picture in pictures]
    assert [(round(time, 3), picture) for time, picture in decoded(copy())] == wanted


def test_the_picture_before_a_hole_stands_until_the_film_goes_on() -> None:
    times = [time for time, _ in decoded(copy())]
    assert max(later - earlier for earlier, later in zip(times, times[1:], strict=False)) == pytest.approx(4.5)
    with av.open(io.BytesIO(copy())) as held:
        video = held.streams.video[0]
        assert float(video.duration * video.time_base) == pytest.approx(28.0)
        assert (video.width, video.height, video.frames) == (160, 96, 48)


def is_read_or_refused(step: Callable[[], object]) -> bool:
    """Whether a reader takes the bytes, or refuses them with the code of its own. Anything else that is raised is a bug."""
    try:
        step()
    except Rejected as error:
        return error.code == "film.boxes"
    return True


@given(st.integers(0, 8_000), st.binary(min_size=1, max_size=4))
def test_a_segment_that_is_spoilt_is_read_or_refused(at: int, new: bytes) -> None:
    data = segments()[0][1]
    spoilt = data[: at % len(data)] + new + data[at % len(data) + len(new) :]
    assert is_read_or_refused(lambda: read_master(0, spoilt))


@given(st.integers(0, 748), st.binary(min_size=1, max_size=4))
def test_an_init_segment_that_is_spoilt_is_read_or_refused(at: int, new: bytes) -> None:
    data = (FILM / "0badcafe-init.mp4").read_bytes()
    assert is_read_or_refused(lambda: read_shape(data[:at] + new + data[at + len(new) :]))
