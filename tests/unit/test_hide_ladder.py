# SPDX-License-Identifier: Apache-2.0
"""A process `hide` whose detector is slow takes fewer pictures and says so; every picture that it takes is hidden as before."""

from typing import Any

from kua.station.pipe import Rung
from tests.rigs.recording import Recording


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
