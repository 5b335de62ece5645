# SPDX-License-Identifier: Apache-2.0
"""A computer that is too slow even for two pictures a second records smaller ones: the film's size goes down and comes back, the hiding does not."""

from dataclasses import replace
from typing import Any

import av
import numpy as np
import pytest

from kua.adapters.codecs.masks import look_at_masks
from kua.adapters.codecs.segmenter import Segmenter
from kua.core.instant import Instant
from kua.law.hiding import DEFAULT
from kua.sight.calibration import write_calibration
from kua.sight.grid import BLOCK, block_any, cells_of
from kua.sight.hider import Hider
from kua.sight.raw import RawFrame
from kua.sight.safe import SafeFrame
from kua.sight.smaller import LEAST_HEAD, may_be, smaller
from kua.station.counting import Counting
from kua.station.hide import HOLD
from kua.station.means import Fitted
from kua.station.pipe import Covered, Hole, Init, Piece, Rung
from tests.rigs.recording import SIZE, Recording
from tests.rigs.rooms import drawn_room

EVERY = 500
LESS = (240, 136)


class Station:
    """A recording whose hiding takes as long as is said, for each pixel of the full picture."""

    def __init__(self, **more: Any) -> None:
        self.costs = 450
        drawn = drawn_room(*SIZE)
        self.calibration = drawn.calibration()
        outer = self

        class Slow(Hider):
            def step(self, raw: RawFrame, boxes: Any = ()) -> Any:
                took = round(outer.costs * raw.width * raw.height / (SIZE[0] * SIZE[1]))
                outer.recording.clock.advance(took)
                outer.spent = took
                safe = super().step(raw, boxes)
                outer.looked.append((raw, safe))
                return safe

        def at_size(width: int, height: int) -> Fitted:
            calibration, room = smaller(self.calibration, drawn.reference, width, height)
            return Fitted(
                lambda phase: Slow(calibration, room, DEFAULT, phase),
                lambda emit: Segmenter(width, height, 10, 400_000, "ultrafast", emit),
                Counting(calibration),
            )

        self.spent = 0
        self.looked: list[tuple[RawFrame, SafeFrame]] = []
        self.recording = Recording(
            new_hider=lambda phase: Slow(self.calibration, drawn.reference, DEFAULT, phase), sizes=(LESS,), at_size=at_size, **more
        )
        self.recording.connect()

    def show(self, count: int) -> None:
        """Two pictures a second, each taken as it comes."""
        for _ in range(count):
            self.spent = 0
            self.recording.show(self.recording.people(1), every=0)
            self.recording.shown += 4
            self.recording.media += EVERY
            self.recording.clock.advance(EVERY - self.spent)

    def end(self) -> None:
        self.recording.hide.finish(ended=True)


@pytest.fixture(scope="module")
def slow() -> Station:
    station = Station()
    station.show(100)
    station.costs = 20
    station.show(160)
    station.end()
    return station


def test_the_rate_goes_first_then_the_size_and_both_come_back(slow: Station) -> None:
    rungs = slow.recording.of(Rung)
    down = [rung for rung in rungs if rung.reason == "busy"]
    assert [rung.fps for rung in down] == [7, 5, 3, 2, 2]
    assert [(rung.width, rung.height) for rung in down] == [SIZE] * 4 + [LESS]
    up = next(rung for rung in rungs if rung.reason == "calm")
    assert (up.fps, up.width, up.height) == (2, *SIZE)


def test_each_size_is_a_run_of_its_own_and_the_recording_has_no_hole_between(slow: Station) -> None:
    assert [(init.width, init.height) for init in slow.recording.of(Init)] == [SIZE, LESS, SIZE]
    slow.recording.tiles()
    assert {hole.reason for hole in slow.recording.of(Hole)} <= {"starting", "size_change"}
    pieces = slow.recording.of(Piece)
    for before, after in zip(pieces, pieces[1:], strict=False):
        assert after.t0 - before.t1 <= EVERY


def test_the_signed_masks_are_full_in_every_size(slow: Station) -> None:
    file = write_calibration(slow.calibration)
    inits = {init.run: init.payload for init in slow.recording.of(Init)}
    for piece in slow.recording.of(Piece):
        looked = look_at_masks(file, inits[piece.run], piece.payload)
        assert looked.masks >= 2
        assert looked.worst <= 2


def test_whoever_is_in_the_room_is_hidden_in_every_size(slow: Station) -> None:
    """Truth is the drawing itself: a block in which it differs clearly from the empty room has somebody in it."""
    empty = slow.recording.room.empty()
    seen = {SIZE: [0, 0, 0.0, 0], LESS: [0, 0, 0.0, 0]}
    for raw, safe in slow.looked:
        if safe.reason is not None:
            continue
        room = _of_size(empty, raw.width, raw.height)
        cells, without = cells_of(raw.yuv, raw.width, raw.height), cells_of(room, raw.width, raw.height)
        somebody = block_any(np.abs(cells.y - without.y) > 16 * 40)[: -(-raw.height // BLOCK), : -(-raw.width // BLOCK)]
        tally = seen[raw.width, raw.height]
        hidden = safe.hidden[: somebody.shape[0], : somebody.shape[1]]
        tally[0] += int(somebody.sum())
        tally[1] += int((somebody & ~hidden).sum())
        tally[2] += float(hidden.mean())
        tally[3] += 1
    for size, (blocks, shown, hidden, pictures) in seen.items():
        assert pictures > 20, size
        assert blocks > 500, size
        assert shown == 0, (size, shown, blocks)
        assert hidden / pictures < 0.75, size  # the room is shown


def test_what_waits_when_the_size_changes_is_filled(slow: Station) -> None:
    """The smaller picture begins with a new look at whether the camera stands: nobody could look again at what was held back."""
    spans = [span for span in slow.recording.of(Covered) if span.reason == "size_change"]
    assert len(spans) >= 2
    assert all(span.t1 - span.t0 <= HOLD + EVERY for span in spans)


def _of_size(yuv: Any, width: int, height: int) -> Any:
    if (width, height) == SIZE:
        return yuv
    frame = av.VideoFrame.from_ndarray(yuv, format="yuv420p")
    return frame.reformat(width, height, interpolation="AREA").to_ndarray()


def test_a_room_that_was_made_smaller_is_the_room_of_smaller_pictures() -> None:
    drawn = drawn_room(*SIZE)
    calibration, room = smaller(drawn.calibration(), drawn.reference, *LESS)
    calibration.check(room)
    assert np.abs(room.yuv.astype(int) - _of_size(drawn.reference.yuv, *LESS)).max() <= 4
    assert room.known.all() == drawn.reference.known.all()
    hider = Hider(calibration, room, DEFAULT, "voting")
    quiet = Recording().room
    for number in range(6):
        yuv = _of_size(quiet.quiet(1_000 * number), *LESS)
        safe = hider.step(RawFrame(Instant(1_800_000_000_000 + 1_000 * number), *LESS, yuv))
    assert hider.plan is not None
    assert safe.reason is None
    assert hider.foreground.mean() < 0.02
    assert hider.plan.hidden.mean() < 0.5


def test_pictures_are_not_made_smaller_than_heads_can_bear() -> None:
    calibration = replace(drawn_room(*SIZE).calibration(), heads=((0.2, 11), (0.9, 30)))
    assert may_be(calibration, 136)
    assert not may_be(calibration, 90)
    assert not may_be(replace(calibration, heads=()), 136)
    assert 11 * 136 / 180 > LEAST_HEAD > 11 * 90 / 180
