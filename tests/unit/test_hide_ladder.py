# SPDX-License-Identifier: Apache-2.0
"""A process `hide` whose detector is slow takes fewer pictures and says so; every picture that it takes is hidden as before."""

import itertools
from typing import Any

import pytest

from kua.adapters.codecs.segmenter import Segmenter
from kua.station.pipe import Anchored, Covered, Hole, Init, Piece, Rung
from tests.rigs.recording import SIZE, Recording


def test_a_slow_computer_takes_fewer_pictures_and_hides_each() -> None:
    recording = Recording()
    make = recording.hide._means.new_hider

    def slow(phase: str) -> Any:
        eye = make(phase)
        step = eye.step

        def stepped(raw: Any, *rest: Any) -> Any:
            recording.clock.advance(900)
            return step(raw, *rest)

        eye.step = stepped
        return eye

    object.__setattr__(recording.hide._means, "new_hider", slow)
    recording.connect()
    recording.show(recording.people(100), every=100)
    recording.hide.finish(ended=True)
    rungs = recording.of(Rung)
    assert rungs
    assert (rungs[0].fps, rungs[0].reason) == (7, "busy")
    assert recording.hide._grid._fps == rungs[-1].fps
    assert not [name for name in recording.hide.counts if name.startswith("error")]


def test_a_quick_computer_says_nothing() -> None:
    recording = Recording()
    recording.connect()
    recording.show(recording.people(100))
    recording.hide.finish(ended=True)
    assert not recording.of(Rung)


def test_a_disk_that_runs_short_gets_leaner_film_in_a_run_of_its_own_and_no_hole() -> None:
    """And the hiding goes on as it was: the same hider, nothing filled for it, and film of the set bits again when there is room."""
    wanted = [False]
    lean: list[int] = []

    def open_lean(emit: Any) -> Segmenter:
        lean.append(1)
        return Segmenter(*SIZE, 10, 50_000, "ultrafast", emit)

    recording = Recording(open_lean=open_lean, is_lean=lambda _at: wanted[0])
    recording.connect()
    for asks in (False, True, False):
        wanted[0] = asks
        recording.show(recording.people(150))
    recording.hide.finish(ended=True)
    assert [(rung.reason, rung.fps, rung.width, rung.height) for rung in recording.of(Rung)] == [("disk", 10, *SIZE), ("calm", 10, *SIZE)]
    assert len(recording.of(Init)) == 3
    assert lean == [1]
    assert len(recording.hiders) == 1, "the room is not learned anew"
    assert not [span for span in recording.of(Covered) if span.reason not in {"warming", "no_room"}]
    recording.tiles()
    pieces = recording.of(Piece)
    sizes = [sum(len(piece.payload) for piece in pieces if piece.run == init.run) for init in recording.of(Init)]
    assert sizes[1] < 0.5 * min(sizes[0], sizes[2]), sizes
    assert sum(two.t0 - one.t1 for one, two in zip(pieces, pieces[1:], strict=False)) <= 200, "a frame at each change, at most"
    assert {hole.reason for hole in recording.of(Hole)} <= {"starting", "disk_full"}


@pytest.mark.parametrize("held", [0, 1_500])
def test_the_count_has_film_of_more_bits_that_goes_on_without_a_millisecond_missing(held: int) -> None:
    """R17: coarse while people vote, fine while paper is read; who is hidden goes on as it was, in the pictures that wait too."""
    began = 1_800_000_000_000

    def phase(at: int) -> str:
        return ("voting", "count", "protocol", "storage")[min(3, (at - began) // 12_000)]

    def open_fine(emit: Any) -> Segmenter:
        return Segmenter(*SIZE, 10, 1_600_000, "ultrafast", emit)

    def open_film(emit: Any) -> Segmenter:
        return Segmenter(*SIZE, 10, 100_000, "ultrafast", emit)

    recording = Recording(phase=phase, open_film=open_film, open_fine=open_fine, hold=held)
    recording.connect()
    recording.show(recording.people(380), every=130)
    recording.hide.finish(ended=True)
    pieces, inits = recording.of(Piece), recording.of(Init)
    recording.tiles()
    assert [(one.t1, two.t0) for one, two in itertools.pairwise(pieces) if one.t1 != two.t0] == []
    phases = {init.run: [piece.phase for piece in pieces if piece.run == init.run] for init in inits}
    assert [sorted(set(each)) for each in phases.values()] == [["voting"], ["count", "protocol"], ["storage"]]
    assert len(recording.hiders) == 1
    assert not [span for span in recording.of(Covered) if span.reason not in {"warming", "no_room"}]
    lowest, *_ = sizes = [sum(len(piece.payload) for piece in pieces if piece.run == init.run) / len(phases[init.run]) for init in inits]
    assert sizes[1] > 1.5 * max(lowest, sizes[2]), sizes
    assert [told.run for told in recording.of(Anchored)][:1] + [told.run for told in recording.of(Anchored)][-1:] == [inits[0].run, inits[2].run]
    assert {told.run for told in recording.of(Anchored)} == {init.run for init in inits}
    assert not recording.hide.counts["encoder film.encoder"]
