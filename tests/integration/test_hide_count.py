# SPDX-License-Identifier: Apache-2.0
"""The count in the process `hide`: hidden as voting until two people have signed, and said to be coarse where no models are."""

from kua.law.hiding import row_for
from kua.station.pipe import Fault, Piece
from tests.rigs.recording import Recording


def test_the_count_is_hidden_as_voting_until_it_is_signed_and_its_film_says_count_all_the_time() -> None:
    signed: list[bool] = []
    recording = Recording(phase=lambda _at: "count", row_for=lambda phase: row_for(phase, count_signed=bool(signed)))
    recording.connect()
    rows: list[str] = []
    for number in range(8):
        if number == 4:
            signed.append(True)
        recording.show(recording.people(10))
        rows += [hider.row for hider in recording.hiders]
    recording.hide.finish(ended=True)
    assert "voting" in rows
    assert rows[-1] == "count"
    assert rows == sorted(rows, reverse=True)
    assert {piece.phase for piece in recording.of(Piece)} == {"count"}
    assert len(recording.hiders) == 1


def test_without_models_the_log_says_that_the_count_is_coarse() -> None:
    for look, wanted in ((None, ["begin"]), (lambda _picture: [], [])):
        recording = Recording(phase=lambda _at: "count", look=look)
        recording.connect()
        recording.show(recording.people(20))
        recording.hide.finish(ended=True)
        assert [fault.state for fault in recording.of(Fault) if fault.kind == "no_models"] == wanted


def test_what_is_shown_coarse_is_said_to_be_over_with_the_count() -> None:
    signed: list[bool] = [True]
    recording = Recording(phase=lambda _at: "count", row_for=lambda phase: row_for(phase, count_signed=bool(signed)))
    recording.connect()
    recording.show(recording.people(20))
    signed.clear()
    recording.show(recording.people(20))
    recording.hide.finish(ended=True)
    assert [fault.state for fault in recording.of(Fault) if fault.kind == "no_models"] == ["begin", "end"]
