# SPDX-License-Identifier: Apache-2.0
"""What `hide` makes for a thin line: the same hidden pictures, smaller and fewer, cut with the film; the film itself is the same at every rung."""

from typing import Any

import numpy as np
from kua.adapters.codecs.segmenter import Segmenter
from kua.core.errors import Unavailable
from kua.core.instant import SLOT
from kua.flow.thin import Rung
from kua.media.boxes import read_segment
from kua.station.lowered import LowerMeans, is_still_sent, size_of
from kua.station.pipe import Covered, Init, Live, LiveInit, Piece
from tests.rigs.recording import SIZE, Recording, decode

SMALL = (160, 90)


class Thin:
    """A recording whose rung is said from outside."""

    def __init__(self, rung: Rung = "full", **more: Any) -> None:
        self.rung: Rung = rung
        self.opened: list[tuple[int, int]] = []
        self.recording = Recording(lower=LowerMeans(lambda: self.rung, 10, self.open, SMALL[1]), **more)
        self.recording.connect()

    def open(self, takes: Any, makes: Any, fps: int, bits: int, start: Any, emit: Any) -> Segmenter:
        self.opened.append((fps, bits))
        return Segmenter(*takes, fps, bits, "ultrafast", emit, made=makes, start=start)

    def show(self, slots: int) -> None:
        self.recording.show(self.recording.people(slots * 40))

    def end(self) -> None:
        self.recording.hide.finish(ended=True)

    @property
    def lives(self) -> list[Live]:
        return self.recording.of(Live)

    def told(self) -> list[tuple[str, int]]:
        """Rung and number of lowered pictures of each segment."""
        lives = {live.t0: live for live in self.lives}
        return [(lives[piece.t0].rung, lives[piece.t0].frames) if piece.t0 in lives else ("full", -1) for piece in self.recording.of(Piece)]


def changing() -> Thin:
    """Two slots of each rung, from the most to the least and back."""
    thin = Thin()
    for rung in ("full", "small", "slow", "none", "still", "full"):
        thin.rung = rung
        thin.show(5 if rung == "still" else 2)
    thin.end()
    return thin


def test_the_rung_changes_where_a_slot_begins_and_each_piece_stands_for_its_segment() -> None:
    thin = changing()
    told = thin.told()
    assert [rung for rung, _ in dict.fromkeys((rung, "") for rung, _ in told)] == ["full", "small", "slow", "none", "still"]
    pieces = {piece.t0: piece for piece in thin.recording.of(Piece)}
    for live in thin.lives:
        assert live.slot == pieces[live.t0].slot
    by = {rung: [frames for each, frames in told if each == rung] for rung, _ in told}
    assert set(by["none"]) == {0}
    assert set(by["small"]) == {40}
    assert set(by["slow"]) == {4}
    assert sorted(set(by["still"])) == [0, 1]
    assert len([frames for frames in by["still"] if frames]) == 2
    thin.recording.tiles()


def test_at_full_and_at_none_no_second_encoder_runs() -> None:
    for rung in ("full", "none"):
        thin = Thin(rung)
        thin.show(3)
        thin.end()
        assert not thin.opened
        assert not thin.recording.of(LiveInit)


def test_the_film_is_the_same_at_every_rung() -> None:
    films = []
    for rung in ("full", "small", "slow", "still", "none"):
        thin = Thin(rung)
        thin.show(3)
        thin.end()
        films.append([message.payload for message in thin.recording.sent if isinstance(message, Init | Piece)])
    assert all(film == films[0] for film in films)


def test_a_lowered_piece_plays_with_its_own_head_and_says_the_time_of_the_film() -> None:
    thin = changing()
    heads = {init.run: init.payload for init in thin.recording.of(LiveInit)}
    start = thin.recording.of(Piece)[0].t0
    masters = {init.run for init in thin.recording.of(Init)}
    for live in thin.lives:
        if not live.payload:
            continue
        assert live.run not in masters
        pictures = decode(heads[live.run] + live.payload)
        assert len(pictures) == live.frames
        assert pictures[0][1].shape == (SMALL[1] * 3 // 2, SMALL[0])
        said = read_segment(live.payload)
        assert (said.decode_time, said.frames) == ((live.t0 - start) * 90, live.frames)


def test_the_lowered_picture_is_the_hidden_one_made_smaller() -> None:
    thin = Thin("small")
    thin.show(3)
    thin.end()
    head = thin.recording.of(LiveInit)[0].payload
    live = next(live for live in thin.lives if live.frames == 40)
    film = dict(thin.recording.frames())
    for number, (_, small) in list(enumerate(decode(head + live.payload)))[::10]:
        at = sorted(at for at in film if at >= live.t0)[number]
        full = film[at][: SIZE[1]].reshape(SMALL[1], 2, SMALL[0], 2).mean((1, 3))
        assert np.abs(small[: SMALL[1]].astype(float) - full).mean() < 6


def test_where_the_film_is_filled_the_lowered_one_is_too() -> None:
    thin = Thin("slow", phase=lambda _at: "voting")
    thin.show(1)
    thin.end()
    assert thin.recording.of(Covered)[0].reason == "warming"
    head = thin.recording.of(LiveInit)[0].payload
    first = decode(head + thin.lives[0].payload)[0][1]
    assert int(first[: SMALL[1]].max()) - int(first[: SMALL[1]].min()) <= 2


def test_a_lowered_encoder_that_fails_costs_only_the_lowered_picture() -> None:
    thin = Thin("small")
    fails = [True]
    make = thin.open

    def sick(*args: Any) -> Segmenter:
        if fails[0]:
            raise Unavailable("film.encoder", step="open")
        return make(*args)

    object.__setattr__(thin.recording.hide._means.lower, "open_film", sick)
    thin.show(2)
    fails[0] = False
    thin.show(2)
    thin.end()
    thin.recording.tiles()
    frames = [count for _, count in thin.told()]
    assert frames[0] == 0
    assert frames[-2] == 40
    assert thin.recording.hide.counts["lowered film.encoder"] >= 1


def test_a_run_that_ends_in_mid_slot_ends_the_lowered_piece_with_it() -> None:
    thin = Thin("slow")
    thin.show(1)
    thin.recording.show(thin.recording.people(15))
    thin.end()
    last, live = thin.recording.of(Piece)[-1], thin.lives[-1]
    assert live.t0 == last.t0
    assert live.frames == 2


def test_the_size_is_that_of_360_lines_and_never_larger() -> None:
    assert [size_of(*size) for size in ((1280, 720), (1920, 1080), (640, 480), (704, 576), (480, 270))] == [
        (640, 360), (640, 360), (480, 360), (440, 360), (480, 270),
    ]  # fmt: skip


def test_still_pictures_come_every_ten_seconds_on_average() -> None:
    slots = range(450_000_000, 450_000_000 + 900)
    assert len([slot for slot in slots if is_still_sent(slot)]) == 900 * SLOT // 10_000
