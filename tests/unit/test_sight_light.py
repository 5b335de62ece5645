# SPDX-License-Identifier: Apache-2.0
"""A patch of sun or shadow is known by the room's own pattern; whoever sits still in it, and whatever only looks as bright, stays hidden."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.adapters.sources.painting import PaintedRoom
from kua.core.instant import Instant
from kua.law.hiding import DEFAULT
from kua.sight.grid import planes_of
from kua.sight.hider import Hider
from kua.sight.light import beside, carried, founded, witnesses
from kua.sight.raw import RawFrame
from kua.sight.room import learn_room

SIZE = WIDTH, HEIGHT = 320, 180
ROOM = PaintedRoom(5, *SIZE)
PATCH = (slice(96, 144), slice(136, 192))
"""On the floor of tiles."""
BLOCKS = (slice(13, 17), slice(18, 23))
"""What lies wholly within."""


def picture(second: int, factor: float = 1.3, *, patch: bool = True) -> Any:
    """The empty room; in the patch so many times as bright."""
    yuv = ROOM.quiet(1_000 * second)
    if patch:
        luma = planes_of(yuv, *SIZE)[0]
        luma[PATCH] = np.clip((luma[PATCH].astype(np.float32) - 16) * factor + 16, 16, 235)
    return yuv


def stand(yuv: Any, level: int | None = None) -> Any:
    """Put a figure, plainly dressed, into the middle of the patch: 24 pixels wide, with a head."""
    luma, u, v = planes_of(yuv, *SIZE)
    for rows, columns, y in ((slice(112, 140), slice(152, 176), 70), (slice(100, 112), slice(158, 170), 150)):
        luma[rows, columns] = y if level is None else level
        small = tuple(slice(part.start // 2, part.stop // 2) for part in (rows, columns))
        if level is None:
            u[small], v[small] = 118, 140
    return yuv


class Watch:
    """A hider of the room, one picture a second."""

    def __init__(self) -> None:
        self.second = 60
        self.hider = Hider(None, learn_room([RawFrame(Instant(500 * n), *SIZE, ROOM.quiet(500 * n)) for n in range(24)]), DEFAULT, "voting")

    def see(self, seconds: int, make: Any) -> Any:
        """Look for so many seconds at what `make` draws; return which blocks of the last picture are hidden."""
        hidden: Any = None
        for _ in range(seconds):
            self.second += 1
            safe = self.hider.step(RawFrame(Instant(1_000 * self.second), *SIZE, make(self.second)))
            assert safe.reason is None or self.second < 64
            hidden = safe.hidden
        return hidden


def empty(second: int) -> Any:
    return picture(second, patch=False)


def test_a_patch_of_sun_is_hidden_for_a_minute_and_then_but_for_its_border() -> None:
    watch = Watch()
    assert not watch.see(10, empty).any()
    assert watch.see(30, picture)[BLOCKS].all()
    after = watch.see(90, picture)
    assert not after[BLOCKS].any()
    assert after.mean() < 0.05


def test_a_shadow_is_known_too() -> None:
    watch = Watch()
    watch.see(10, empty)
    assert not watch.see(120, lambda second: picture(second, 0.75))[BLOCKS].any()


def test_when_the_sun_has_gone_the_room_is_shown_as_it_was() -> None:
    watch = Watch()
    watch.see(130, picture)
    assert not watch.see(4, empty)[BLOCKS].any()


def test_who_comes_into_a_patch_is_hidden_at_once_and_for_as_long_as_he_sits_there() -> None:
    watch = Watch()
    watch.see(130, picture)
    for seconds in (1, 60, 600):
        hidden = watch.see(seconds, lambda second: stand(picture(second)))
        assert hidden[13:17, 20].all()


def test_who_sat_there_when_the_sun_came_stays_hidden() -> None:
    watch = Watch()
    watch.see(10, lambda second: stand(empty(second)))
    assert watch.see(600, lambda second: stand(picture(second)))[13:17, 20].all()


@settings(deadline=None, max_examples=6)
@given(st.integers(60, 230))
def test_what_is_plain_is_not_taken_for_light_however_bright(level: int) -> None:
    """A plain board before the tiles, of any brightness, that never moves: at most what happens to be as bright as the tiles themselves is shown."""
    watch = Watch()

    def board(second: int) -> Any:
        yuv = empty(second)
        planes_of(yuv, *SIZE)[0][PATCH] = level
        return yuv

    first = watch.see(3, board)
    later = watch.see(150, board)
    assert later[BLOCKS].sum() >= first[BLOCKS].sum()


def test_cells_that_may_not_follow_take_the_step_of_their_neighbours_and_never_their_own() -> None:
    base = np.full((60, 80), 100, dtype=np.float32)
    step = np.full((60, 80), 0.1, dtype=np.float32)
    step[20:40, 30:50] = 99.0  # somebody
    followed = np.ones((60, 80), dtype=np.bool_)
    followed[20:40, 30:50] = False
    assert np.abs(carried(step, base, followed) - 0.1).max() < 1e-4
    assert not carried(step, base, np.zeros_like(followed)).any()


def test_too_few_witnesses_found_nothing() -> None:
    dice = np.random.default_rng(1)
    room = (100 + 8 * dice.normal(size=(24, 32))).astype(np.float32)
    for side, found in ((1, False), (3, True)):
        resting = np.zeros((12, 16), dtype=np.bool_)
        resting[4 : 4 + side, 4 : 4 + side] = True
        factor = founded(witnesses(room, (room - 16) * np.float32(1.3) + 16, resting), resting)
        assert bool((factor != 1).any()) is found
        assert (beside(factor, np.ones_like(resting)) != 1).any() == found
