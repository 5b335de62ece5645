# SPDX-License-Identifier: Apache-2.0
"""The sealed film as it leaves `hide`: real codecs, real age, real SLIP-39, a drawn room and a camera that is moved. What is opened shows people and no booth."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kua.adapters.codecs.masks import BORDER, look_at_masks
from kua.adapters.codecs.segmenter import SealedSegmenter, Segmenter
from kua.adapters.sealing import combine, decrypt, slice_opener
from kua.core.errors import Unavailable
from kua.core.instant import Instant, slot_start
from kua.media.cutter import Cut, Opened
from kua.proof.sealed import SLICE, orig_commit, read_piece
from kua.sight.calibration import write_calibration
from kua.sight.grid import BLOCK
from kua.sight.raw import RawFrame
from kua.sight.safe import filled
from kua.sight.sealed import SealedFrame, sealed_filled
from kua.sight.zones import touched
from kua.station.pipe import Ended, Fault, Init, Message, Piece, SealedPiece, SliceBegun, SliceEnded
from kua.station.seal import SealMeans
from tests.integration.test_fetch_hide_processes import running
from tests.integration.test_hide_scene import shifted
from tests.integration.test_hide_smaller import LESS, Station
from tests.rigs.box import make_box, sealing_profile
from tests.rigs.recording import SIZE, Recording, decode
from tests.rigs.rooms import drawn_room
from tests.rigs.trustees import Trustees, twelve

WIDTH, HEIGHT = SIZE


def sealing(held: Trustees, *phases: str, recording: list[Any] | None = None) -> SealMeans:
    names = iter(f"{number:08x}" for number in range(0x5EA1, 0x6000))
    slices = [] if recording is None else recording
    opener = slice_opener(held.sealing, election="kz-2026-test", station="10-245", cam="a", name=lambda: next(names))

    def open_slice() -> Any:
        slices.append(opener())
        return slices[-1]

    return SealMeans("a", phases or ("voting",), lambda width, height, emit: SealedSegmenter(width, height, 10, 400_000, "ultrafast", emit), open_slice)


def recorded(pictures: list[Any] | None = None, *, phase: Any = lambda _at: "voting", count: int = 90, **changed: Any) -> tuple[Recording, list[Any]]:
    slices: list[Any] = []
    recording = Recording(phase=phase, sealing=sealing(twelve(), *changed.pop("phases", ()), recording=slices), **changed)
    recording.connect()
    recording.show(recording.people(count) if pictures is None else pictures)
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)
    return recording, slices


def opened(recording: Recording, slices: list[Any]) -> dict[tuple[str, int], bytes]:
    """Open everything with a quorum: film of each piece by run and slot."""
    held = twelve()
    keys = {each.name: combine(held.sealing, held.words(each, "court", "commission", "ngos-2", "ngos-5"), each.recipient) for each in slices}
    films = {}
    for piece in recording.of(SealedPiece):
        head, film = read_piece(decrypt(piece.payload, keys[piece.slice]))
        assert (head.run, head.slot, head.t0, head.t1, head.slice) == (piece.run, piece.slot, piece.t0, piece.t1, piece.slice)
        assert orig_commit(head.salt, film).hex() == piece.commit
        films[head.run, head.slot] = film
    return films


def mask(*kinds: str) -> Any:
    calibration = drawn_room(*SIZE).calibration()
    shapes = [shape for kind in kinds for shape in calibration.zones.get(kind, ())]
    return np.repeat(np.repeat(touched(shapes, *SIZE), BLOCK, 0), BLOCK, 1)[:HEIGHT, :WIDTH]


def inner(area: Any) -> Any:
    wide = np.pad(area, BORDER, mode="edge")
    kept = wide.copy()
    for axis in (0, 1):
        for shift in range(1, BORDER + 1):
            kept &= np.roll(wide, shift, axis) & np.roll(wide, -shift, axis)
    return kept[BORDER:-BORDER, BORDER:-BORDER]


@pytest.fixture(scope="module")
def nine_seconds() -> tuple[Recording, list[Any]]:
    return recorded()


def test_the_sealed_film_has_a_piece_for_every_published_segment_of_the_same_moment(nine_seconds: tuple[Recording, list[Any]]) -> None:
    recording, _ = nine_seconds
    published = [(piece.run, piece.slot, piece.t0, piece.t1, piece.frames) for piece in recording.of(Piece)]
    assert [(piece.run, piece.slot, piece.t0, piece.t1, piece.frames) for piece in recording.of(SealedPiece)] == published
    assert len(published) >= 3


def test_people_are_visible_in_the_opened_film_and_booths_are_the_fill_colour_in_every_picture(nine_seconds: tuple[Recording, list[Any]]) -> None:
    recording, slices = nine_seconds
    films, booths = opened(recording, slices), inner(mask("booth", "screen"))
    assert booths.any()
    raw = [recording.room.picture(600_000 + number * 100) for number in range(90)]
    at, closest, published = 0, [], []
    hidden = dict(recording.frames())
    for film in films.values():
        for _, yuv in decode(film):
            assert int(np.abs(yuv[:HEIGHT][booths].astype(int) - 16).max()) <= 6
            closest.append(float(np.abs(yuv[:HEIGHT].astype(int) - raw[at][:HEIGHT])[~mask("booth", "screen", "list", "count")].mean()))
            shown = hidden[1_800_000_000_300 + at * 100]
            published.append(float(np.abs(shown[:HEIGHT].astype(int) - raw[at][:HEIGHT])[~mask("booth", "screen", "list", "count")].mean()))
            at += 1
    assert at == 90
    # After the first pictures, which both films fill, the sealed one is the room as the camera saw it, and the published one is not.
    assert max(closest[10:]) < 6 < max(published[10:])


def test_lists_and_the_counting_table_are_no_sharper_than_published() -> None:
    recording, slices = recorded(count=60)
    hidden = dict(recording.frames())
    area, at = inner(mask("list", "count")), 0
    if not area.any():
        pytest.skip("the drawn room has neither")
    for film in opened(recording, slices).values():
        for _, yuv in decode(film):
            shown = hidden[1_800_000_000_300 + at * 100]
            assert float(np.abs(yuv[:HEIGHT].astype(int) - shown[:HEIGHT])[area].mean()) < 6
            at += 1


def test_a_moved_camera_fills_the_sealed_film_too_with_the_pictures_before() -> None:
    rig = Recording()
    still, moved = rig.people(60), [shifted(40)(yuv) for yuv in rig.people(60)]
    recording, slices = recorded([*still, *moved])
    hidden = dict(recording.frames())
    filled_at = {at for at, yuv in hidden.items() if int(yuv[:HEIGHT].max()) <= 24}
    assert 1_800_000_000_300 + 60 * 100 in filled_at
    times = {1_800_000_000_300 + round(at * 1000): yuv for film in opened(recording, slices).values() for at, yuv in decode(film)}
    assert set(times) == set(hidden)
    assert all(int(times[at][:HEIGHT].max()) <= 24 for at in filled_at)


def test_nothing_leaves_hide_but_ciphertext_and_hashes_and_the_film_of_the_phase_that_is_not_sealed_has_no_slice() -> None:
    begin = slot_start(1_800_000_000_300 // 4000 + 2)
    recording, slices = recorded(phase=lambda at: "opening" if at < begin else "voting", count=130)
    assert min(piece.t0 for piece in recording.of(SealedPiece)) >= begin
    assert {begun.phase for begun in recording.of(SliceBegun)} == {"voting"}
    assert len(recording.of(SliceBegun)) == len(recording.of(SliceEnded)) == len(slices) == 1
    for message in recording.sent:
        if isinstance(message, SealedPiece):
            assert message.payload.startswith(b"age-encryption.org/v1\n-> X25519 ")
            assert b"moof" not in message.payload[:4000]
    assert opened(recording, slices)


def test_a_slice_ends_with_its_quarter_of_an_hour_and_another_key_begins() -> None:
    recording = Recording(sealing=sealing(twelve(), recording=(slices := [])))
    recording.clock.advance(SLICE - 1_800_000_000_300 % SLICE - 6_000)
    recording.connect()
    recording.show(recording.people(130))
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)
    assert len({each.recipient for each in slices}) == len(recording.of(SliceBegun)) == len(recording.of(SliceEnded)) == 2
    for begun in recording.of(SliceBegun):
        assert {piece.t0 // SLICE for piece in recording.of(SealedPiece) if piece.slice == begun.slice} == {begun.at // SLICE}
    assert len(opened(recording, slices)) == len(recording.of(Piece))


def test_smaller_pictures_of_a_busy_computer_are_sealed_smaller_with_their_booths_filled() -> None:
    slices: list[Any] = []
    station = Station(sealing=sealing(twelve(), recording=slices))
    station.show(100)
    station.end()
    inits = station.recording.of(Init)
    assert [(init.width, init.height) for init in inits] == [SIZE, LESS]
    films = opened(station.recording, slices)
    pieces = {(piece.run, piece.slot): piece for piece in station.recording.of(Piece)}
    assert set(films) == set(pieces)
    file = write_calibration(station.calibration)
    for (run, slot), film in films.items():
        # Init segment and segment together, as an opening cuts them apart again.
        looked = look_at_masks(file, film, b"")
        assert looked.worst <= 2
        assert looked.pictures == pieces[run, slot].frames


def test_with_one_signature_under_the_calibration_nothing_is_sealed(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box", "painted:5?w=320&h=180&start=600000", drawn_room(*SIZE), sealed=twelve().section, profile=sealing_profile("voting"))
    with running(box, "--silhouettes") as pair:
        pair.until(lambda sent: sum(isinstance(one, Piece) for one in sent) >= 2)
        assert not pair.of(SliceBegun)
        assert not pair.of(SealedPiece)


def test_a_seal_that_fails_costs_sealed_film_only_and_is_told_once() -> None:
    def refuse() -> Any:
        raise Unavailable("seal.failed", why="test")

    means = SealMeans("a", ("voting",), lambda width, height, emit: SealedSegmenter(width, height, 10, 400_000, "ultrafast", emit), refuse)
    recording = Recording(sealing=means)
    recording.connect()
    recording.show(recording.people(130))
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)
    assert not recording.of(SealedPiece)
    assert [(fault.kind, fault.state) for fault in recording.of(Fault)] == [("sealing", "begin")]
    assert sum(piece.frames for piece in recording.of(Piece)) == 130
    recording.tiles()


def test_no_encoder_takes_a_picture_that_is_not_its_own() -> None:
    made: list[Opened | Cut] = []
    public, secret = Segmenter(*SIZE, 10, 400_000, "ultrafast", made.append), SealedSegmenter(*SIZE, 10, 400_000, "ultrafast", made.append)
    raw: Any = RawFrame(Instant(0), *SIZE, np.zeros((HEIGHT * 3 // 2, WIDTH), np.uint8))
    safe: Any = filled(Instant(0), *SIZE, "late")
    hushed: Any = sealed_filled(Instant(0), *SIZE)
    for encoder, wrong in ((public, raw), (public, hushed), (secret, raw), (secret, safe)):
        with pytest.raises(TypeError):
            encoder.encode(wrong)
    public.encode(safe)
    secret.encode(hushed)
    with pytest.raises(TypeError, match="only sealed makes"):
        SealedFrame(Instant(0), *SIZE, raw.yuv, object())  # type: ignore[arg-type]


def test_without_an_order_nothing_is_sealed() -> None:
    recording = Recording()
    recording.connect()
    recording.show(recording.people(60))
    recording.hide.take(Ended())
    recording.hide.finish(ended=True)
    kinds: set[type[Message]] = {type(message) for message in recording.sent}
    assert not kinds & {SliceBegun, SealedPiece, SliceEnded}
