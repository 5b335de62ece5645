# SPDX-License-Identifier: Apache-2.0
"""What the hiding table lets be seen: paper at the presentation spot, piles at the count, the liveness code, silhouettes. And what it never does."""

import numpy as np
import pytest

from kua.adapters.detectors.qr import QrReader
from kua.law.hiding import DEFAULT, table_for
from kua.sight.boxes import Box, head_of
from kua.sight.code import Code, CodeGate
from kua.sight.mosaic import FILL, PAPER
from kua.sight.silhouette import SHAPE
from tests.rigs.desks import AREAS, HEAD, HEIGHT, INK, WIDTH, Scene, empty_room, luma, paint, room, sent

SHEET = (56, 232, 136, 328)


def with_protocol() -> Scene:
    """A sheet with lines of print stands on the presentation spot; the one who shows it stands behind the spot."""
    scene = Scene()
    paint(scene.yuv, *SHEET, (228, 128, 128))
    for line in range(256, 320, 16):
        paint(scene.yuv, 64, line, 128, line + 4, INK)
    return scene


@pytest.mark.parametrize("phase", ["rehearsal", "opening", "count", "protocol"])
def test_print_on_a_sheet_at_the_presentation_spot_can_be_read(phase: str) -> None:
    scene = with_protocol()
    safe, raw = sent(phase, scene)
    inner = (64, 248, 128, 320)
    assert np.array_equal(luma(safe, *inner), luma(raw, *inner))


@pytest.mark.parametrize("phase", ["voting", "storage"])
def test_in_other_phases_it_cannot(phase: str) -> None:
    safe, raw = sent(phase, with_protocol())
    assert np.ptp(luma(raw, 80, 264, 96, 280)) > 150
    assert np.ptp(luma(safe, 80, 264, 96, 280)) < 60


def test_without_models_the_presentation_spot_and_the_count_are_coarse() -> None:
    scene = with_protocol()
    scene.ballot(400, 260, 1)
    safe, raw = sent("protocol", scene, models=False)
    for part in ((64, 264, 128, 280), (400, 264, 424, 288)):
        assert np.ptp(luma(raw, *part)) > 150
        here = luma(safe, *part)
        blocks = here.reshape(here.shape[0] // 8, 8, here.shape[1] // 8, 8).transpose(0, 2, 1, 3).reshape(-1, 64)
        assert (np.ptp(blocks, axis=1) == 0).all()


def test_a_head_over_the_sheet_is_solid_and_no_pixel_of_it_is_shown() -> None:
    scene = with_protocol()
    head = scene.person(100, 196)
    for found in (scene.boxes, [Box(head[0], head[1], head[2], head[3], 0.9, "face")]):
        safe, _ = sent("protocol", scene, found=found)
        assert (luma(safe, *head) == FILL[0]).all()


def test_a_head_that_no_model_finds_is_never_sharp_at_the_presentation_spot_or_the_count() -> None:
    for x in (100, 420):
        scene = with_protocol()
        head = scene.person(x, 212, 120)
        for phase in ("opening", "count", "protocol"):
            safe, raw = sent(phase, scene, found=[])
            left, top = head[0] // 8 * 8, head[1] // 8 * 8
            around = (left, top, left + 32, top + HEAD + 8)
            blocks = luma(safe, *around).reshape(HEAD // 8 + 1, 8, 4, 8).transpose(0, 2, 1, 3).reshape(-1, 64)
            same = luma(safe, *head) == luma(raw, *head)
            assert (np.ptp(blocks[1:], axis=1) == 0).mean() > 0.95
            assert same.mean() < 0.05


def test_a_box_that_stands_alone_is_shown_and_one_that_somebody_holds_is_not() -> None:
    alone = Scene()
    paint(alone.yuv, 96, 256, 176, 320, (70, 150, 110))
    paint(alone.yuv, 120, 280, 136, 288, (200, 128, 128))
    safe, raw = sent("opening", alone)
    assert np.array_equal(luma(safe, 112, 272, 160, 304), luma(raw, 112, 272, 160, 304))
    held = Scene()
    held.person(136, 150, 130)
    paint(held.yuv, 96, 256, 176, 320, (70, 150, 110))
    paint(held.yuv, 120, 280, 136, 288, (200, 128, 128))
    safe, raw = sent("opening", held)
    assert np.ptp(luma(safe, 112, 272, 160, 304)) < np.ptp(luma(raw, 112, 272, 160, 304))


def test_what_moves_at_the_presentation_spot_is_not_shown_until_it_has_been_at_rest() -> None:
    scene = with_protocol()
    safe, raw = sent("protocol", scene, pictures=10)
    inner = (64, 248, 128, 320)
    assert (luma(safe, *inner) != luma(raw, *inner)).mean() > 0.9


@pytest.mark.parametrize("models", [True, False])
@pytest.mark.parametrize("shade", [0, 40])
def test_where_a_ballot_is_marked_changes_nothing_in_the_picture_of_the_count(models: bool, shade: int) -> None:
    sents = []
    for row in range(4):
        scene = Scene()
        for number in range(4):
            scene.ballot(344 + 60 * number, 240, (row + number) % 4, shade)
        scene.ballot(400, 300, row, shade)
        sents.append(sent("count", scene, models=models)[0].yuv.astype(int))
    worst = max(int(np.abs(one - sents[0]).max()) for one in sents)
    assert worst <= 3, worst


def test_piles_and_hands_can_be_seen_at_the_count() -> None:
    scene = Scene()
    scene.ballot(344, 240, 1)
    scene.ballot(440, 240, 1)
    paint(scene.yuv, 540, 208, 556, 300, (165, 112, 150))
    safe, _ = sent("count", scene)
    assert (luma(safe, 352, 248, 360, 264) == PAPER[0]).all()
    assert (luma(safe, 448, 248, 456, 264) == PAPER[0]).all()
    assert abs(luma(safe, 400, 248, 416, 264).mean() - 100) < 4
    assert (luma(safe, 536, 240, 560, 290) > 110).mean() > 0.5


def test_marks_on_a_table_as_white_as_the_ballots_are_flattened_too() -> None:
    sents = []
    for row in range(4):
        scene = Scene()
        paint(scene.yuv, 320, 208, 600, 344, (228, 128, 128))
        paint(scene.yuv, 414, 266 + 6 * row, 418, 270 + 6 * row, (200, 128, 128))
        sents.append(sent("count", scene)[0].yuv.astype(int))
    assert max(int(np.abs(one - sents[0]).max()) for one in sents) <= 1


def test_a_list_cannot_be_read_and_a_hand_over_it_can_be_seen() -> None:
    left, top, right, bottom = AREAS["list"]
    plain, hand = Scene(), Scene()
    for scene in (plain, hand):
        for line in range(top, bottom, 4):
            paint(scene.yuv, left, line, right, line + 2, INK)
    paint(hand.yuv, left, top, left + 16, bottom, (200, 112, 150))
    safe, raw = sent("count", plain)
    assert np.ptp(luma(raw, left, top, right, bottom)) > 60
    assert np.ptp(luma(safe, left + 8, top, right, top + 8)) < 12
    other, _ = sent("count", hand)
    assert np.abs(luma(other, left, top, left + 16, bottom) - luma(safe, left, top, left + 16, bottom)).max() > 20


def test_small_precincts_show_the_still_of_the_room_and_one_flat_colour() -> None:
    scene = Scene()
    scene.person(200, 160)
    scene.ballot(400, 240, 1)
    safe, _ = sent("voting", scene, table=table_for(DEFAULT, 10, None))
    y = safe.yuv[:HEIGHT]
    still = room().yuv[:HEIGHT]
    assert ((y == still) | (y == SHAPE[0])).all()
    small = safe.yuv[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
    there = room().yuv[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
    assert ((small == there) | (small == 128)).all()
    assert (luma(safe, 186, 160, 214, 280) == SHAPE[0]).all()
    assert safe.hidden[20:35, 23:27].all()


SQUARE = (32, 32, 128, 128)
"""Where the code is in what the reader is given: the board's zone with a square around it."""


def code_scene() -> tuple[Scene, np.ndarray]:
    """A board with something on it that differs from the room."""
    scene = Scene()
    paint(scene.yuv, 464, 32, 560, 128, (220, 128, 128))
    for left in range(464, 560, 16):
        paint(scene.yuv, left, 32, left + 8, 128, INK)
    return scene, scene.yuv


@pytest.mark.parametrize(
    ("read", "valid", "shown"),
    [("kua-1", {"kua-1"}, True), ("kua-1", {"kua-2"}, False), ("", {""}, False), ("kua-1", set(), False)],
)
def test_a_code_is_sharp_only_while_it_says_what_it_must(read: str, valid: set[str], shown: bool) -> None:
    scene, _ = code_scene()
    gate = CodeGate(lambda _luma: [Code(read, *SQUARE)], lambda _at: valid)
    safe, raw = sent("voting", scene, codes=gate)
    inner = (464, 32, 560, 128)
    assert bool(np.array_equal(luma(safe, *inner), luma(raw, *inner))) is shown
    if not shown:
        assert (np.ptp(luma(safe, *inner).reshape(12, 8, 12, 8).transpose(0, 2, 1, 3).reshape(144, 64), axis=1) == 0).all()


def test_a_reader_that_fails_shows_no_code() -> None:
    def broken(_luma: object) -> list[Code]:
        raise OSError("dead")

    scene, _ = code_scene()
    safe, raw = sent("voting", scene, codes=CodeGate(broken, lambda _at: {"kua-1"}))
    assert not np.array_equal(luma(safe, 464, 32, 560, 128), luma(raw, 464, 32, 560, 128))


def test_without_a_reader_the_board_is_hidden_even_where_it_looks_as_it_was_calibrated() -> None:
    safe, _ = sent("voting", Scene())
    assert safe.hidden[2:18, 56:72].all()


def test_a_head_before_the_code_is_not_shown_with_it() -> None:
    scene, _ = code_scene()
    box = Box(500, 60, 528, 100, 0.9, "face")
    gate = CodeGate(lambda _luma: [Code("kua-1", *SQUARE)], lambda _at: {"kua-1"})
    safe, _ = sent("voting", scene, codes=gate, found=[box])
    head = head_of(box)
    assert (luma(safe, int(head.x0), int(head.y0), int(head.x1), int(head.y1)) == FILL[0]).mean() > 0.9


def test_a_real_code_is_read_in_a_picture_and_lies_where_it_is_drawn() -> None:
    cv2 = pytest.importorskip("cv2")
    small = cv2.QRCodeEncoder_create().encode("kua-1")
    code = cv2.resize(small if small.ndim == 2 else small[..., 0], (160, 160), interpolation=cv2.INTER_NEAREST)
    luma_ = np.full((240, 320), 200, np.uint8)
    luma_[40:200, 80:240] = code
    (read,) = QrReader()(luma_)
    assert read.text == "kua-1"
    assert 80 <= read.x0 < read.x1 <= 240
    assert 40 <= read.y0 < read.y1 <= 200
    assert QrReader()(empty_room()[:HEIGHT]) == ()


def test_people_beside_the_zones_are_hidden_as_before() -> None:
    scene = with_protocol()
    head = scene.person(290, 120)
    safe, _ = sent("protocol", scene)
    assert (luma(safe, *head) == FILL[0]).all()
    assert safe.hidden[15:30, 34:38].all()
