# SPDX-License-Identifier: Apache-2.0
"""Objection 1, secrecy of the vote: nothing of a booth or a person leaves the process that hides, whatever the picture and whatever fails."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.law.hiding import DEFAULT, PHASES, read_table, row_for, table_for
from kua.sight.boxes import Box
from kua.sight.grid import blocks_of
from kua.sight.hider import Hider
from kua.sight.mosaic import FILL, PAPER
from kua.sight.plan import Plan
from kua.sight.raw import RawFrame
from kua.sight.reference import Reference
from kua.sight.room import learn_room
from kua.sight.safe import SafeFrame, conceal, filled
from kua.sight.silhouette import SHAPE
from kua.sight.zones import Polygon
from tests.rigs.desks import HEIGHT as DESKS_HEIGHT
from tests.rigs.desks import Scene, luma, paint, sent

WIDTH, HEIGHT = 160, 112


def noise(seed: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Any picture."""
    return np.random.default_rng(seed).integers(0, 256, (height * 3 // 2, width), dtype=np.uint8)


def plain_room(width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A room with some texture, in which nobody is."""
    yuv = np.full((height * 3 // 2, width), 128, dtype=np.uint8)
    yuv[:height] = 90 + 40 * ((np.indices((height, width)) // 16).sum(0) % 2)
    return yuv


def raw(yuv: np.ndarray, at: int = 0, width: int = WIDTH, height: int = HEIGHT) -> RawFrame:
    return RawFrame(Instant(at), width, height, yuv)


@cache
def learned(width: int = WIDTH, height: int = HEIGHT) -> Reference:
    return learn_room([raw(plain_room(width, height), 100 * n, width, height) for n in range(5)])


def warm(hider: Hider, yuv: np.ndarray, pictures: int = 12) -> int:
    """Show the hider some pictures and return the time of the next."""
    for number in range(pictures):
        hider.step(raw(yuv, 100 * number))
    return 100 * pictures


def inside(shape: Polygon, width: int, height: int) -> np.ndarray:
    """Pixels whose centre the polygon winds about, written in another way than the code under test: a sum of angles."""
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    total = np.zeros_like(x)
    points = [(px * width, py * height) for px, py in shape]
    for (x0, y0), (x1, y1) in zip(points, points[1:] + points[:1], strict=True):
        turned = np.arctan2(y1 - y, x1 - x) - np.arctan2(y0 - y, x0 - x)
        total += (turned + np.pi) % (2 * np.pi) - np.pi
    return np.abs(total) > np.pi


shares = st.integers(0, 100).map(lambda part: part / 100)
polygons = st.lists(st.tuples(shares, shares), min_size=3, max_size=7).map(tuple)


@settings(max_examples=60, deadline=None)
@given(shape=polygons, seed=st.integers(0, 10**6), phase=st.sampled_from(PHASES), kind=st.sampled_from(["booth", "screen"]))
def test_no_pixel_of_a_booth_survives_whatever_its_shape_and_the_picture(shape: Polygon, seed: int, phase: str, kind: str) -> None:
    hider = Hider(None, learned(), DEFAULT, phase, zones={kind: (shape,)})
    at = warm(hider, plain_room())
    safe = hider.step(raw(noise(seed), at))
    mask = inside(shape, WIDTH, HEIGHT)
    assert (safe.yuv[:HEIGHT][mask] == FILL[0]).all()
    small = mask.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).any(axis=(1, 3))
    chroma = safe.yuv[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
    assert (chroma[0][small] == FILL[1]).all()
    assert (chroma[1][small] == FILL[2]).all()


@settings(max_examples=40, deadline=None)
@given(shape=polygons, seeds=st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)))
def test_what_happens_in_a_booth_changes_nothing_anywhere_in_the_picture(shape: Polygon, seeds: tuple[int, int]) -> None:
    mask = inside(shape, WIDTH, HEIGHT)
    pictures = []
    for seed in seeds:
        hider = Hider(None, learned(), DEFAULT, "voting", zones={"booth": (shape,)})
        yuv = plain_room()
        yuv[:HEIGHT][mask] = noise(seed)[:HEIGHT][mask]
        pictures.append([hider.step(raw(yuv, 100 * n)).yuv for n in range(8)])
    assert all(np.array_equal(one, other) for one, other in zip(*pictures, strict=True))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), x=st.integers(0, 6), y=st.integers(0, 4), strength=st.integers(40, 120))
def test_where_the_picture_differs_from_the_room_it_is_never_shown(seed: int, x: int, y: int, strength: int) -> None:
    room = learned()
    hider = Hider(None, room, DEFAULT, "voting")
    at = warm(hider, plain_room())
    yuv = plain_room()
    there = np.random.default_rng(seed).integers(-strength, strength + 1, (32, 40))
    area = (slice(16 * y, 16 * y + 32), slice(16 * x, 16 * x + 40))
    yuv[:HEIGHT][area] = np.clip(yuv[:HEIGHT][area].astype(int) + there, 16, 235)
    safe = hider.step(raw(yuv, at))
    shown = ~np.repeat(np.repeat(safe.hidden, 8, 0), 8, 1)
    differs = np.abs(yuv[:HEIGHT].astype(int) - plain_room()[:HEIGHT]) > int(room.pixel_tolerance.max()) + 2
    assert not (shown & differs).any()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_hidden_cells_hold_one_value_each_and_shown_cells_are_the_picture(seed: int) -> None:
    hider = Hider(None, learned(), DEFAULT, "voting")
    at = warm(hider, plain_room())
    yuv = plain_room()
    yuv[32:96, 48:80] = noise(seed)[32:96, 48:80]
    safe = hider.step(raw(yuv, at))
    cells = safe.yuv[:HEIGHT].reshape(HEIGHT // 8, 8, WIDTH // 8, 8).transpose(0, 2, 1, 3).reshape(HEIGHT // 8, WIDTH // 8, 64)
    was = yuv[:HEIGHT].reshape(HEIGHT // 8, 8, WIDTH // 8, 8).transpose(0, 2, 1, 3).reshape(HEIGHT // 8, WIDTH // 8, 64)
    assert safe.hidden.any()
    assert (np.ptp(cells[safe.hidden], axis=1) == 0).all()
    assert np.array_equal(cells[~safe.hidden], was[~safe.hidden])


def test_in_the_voting_phase_what_is_hidden_has_no_colour() -> None:
    hider = Hider(None, learned(), DEFAULT, "voting")
    at = warm(hider, plain_room())
    yuv = plain_room()
    yuv[HEIGHT:] = 90
    yuv[24:88, 40:100] = 230
    safe = hider.step(raw(yuv, at))
    small = safe.hidden.repeat(4, 0).repeat(4, 1)
    assert safe.hidden.any()
    assert all((plane[small] == 128).all() for plane in safe.yuv[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2))


def test_the_first_pictures_of_a_run_show_nothing() -> None:
    hider = Hider(None, learned(), DEFAULT, "voting")
    assert [hider.step(raw(plain_room(), 100 * n)).reason for n in range(2)] == ["warming"] * 2


def test_without_a_room_nothing_is_ever_shown() -> None:
    hider = Hider(None, None, DEFAULT, "voting")
    assert {hider.step(raw(plain_room(), 100 * n)).reason for n in range(20)} == {"no_room"}


@pytest.mark.parametrize("light", [0, 255])
def test_a_covered_lens_and_a_light_gone_fill_the_picture_at_once(light: int) -> None:
    hider = Hider(None, learned(), DEFAULT, "voting")
    at = warm(hider, plain_room())
    assert hider.step(raw(np.full_like(plain_room(), light), at)).reason == "scene_changed"


def test_a_camera_that_was_moved_fills_the_picture_and_comes_back_only_after_half_a_minute() -> None:
    hider = Hider(None, learned(), DEFAULT, "voting")
    at = warm(hider, plain_room())
    moved = plain_room()
    moved[:HEIGHT] = np.roll(moved[:HEIGHT], 9, axis=1)
    for _ in range(15):
        assert hider.step(raw(moved, at)).reason == "scene_changed"
        at += 100
    for since in range(0, 30_000, 500):
        assert hider.step(raw(plain_room(), at + since)).reason == "scene_changed"
    assert hider.step(raw(plain_room(), at + 30_000)).reason is None


def test_a_picture_of_another_size_is_refused() -> None:
    hider = Hider(None, learned(), DEFAULT, "voting")
    hider.step(raw(plain_room()))
    with pytest.raises(Rejected, match=r"picture\.size_changed"):
        hider.step(raw(plain_room(176, 112), 100, 176, 112))


def test_a_detector_that_fails_or_is_late_fills_the_picture() -> None:
    def broken(_picture: RawFrame) -> list[object]:
        raise OSError("dead")

    hider = Hider(None, learned(), DEFAULT, "voting")
    at = warm(hider, plain_room())
    assert hider.watch(raw(plain_room(), at), broken, lambda: 0).reason == "detector"
    late = iter([0, 501])
    assert hider.watch(raw(plain_room(), at + 100), lambda _picture: [], lambda: next(late)).reason == "detector"
    assert hider.watch(raw(plain_room(), at + 200), lambda _picture: [], lambda: 0).reason is None


def test_a_detector_is_never_shown_a_booth() -> None:
    seen: list[RawFrame] = []

    def look(picture: RawFrame) -> list[Box]:
        seen.append(picture)
        return []

    shape = ((0.1, 0.1), (0.5, 0.1), (0.5, 0.9), (0.1, 0.9))
    hider = Hider(None, learned(), DEFAULT, "voting", zones={"booth": (shape,)})
    hider.watch(raw(noise(1)), look, lambda: 0)
    assert (seen[0].yuv[:HEIGHT][inside(shape, WIDTH, HEIGHT)] == FILL[0]).all()
    assert not hider.foreground[2:8, 3:9].any()


def test_only_conceal_makes_a_safe_frame_and_nobody_can_write_to_it() -> None:
    with pytest.raises(TypeError):
        SafeFrame(Instant(0), WIDTH, HEIGHT, noise(1), np.zeros((14, 20), np.bool_), None, object())  # type: ignore[arg-type]
    size = blocks_of(WIDTH, HEIGHT)
    nothing = np.zeros(size, dtype=np.bool_)
    safe = conceal(raw(noise(1)), Plan(nothing, nothing, np.full(size, 16, np.int32), False, np.zeros(size, np.uint8)))
    for picture in (safe, filled(Instant(0), WIDTH, HEIGHT, "test")):
        with pytest.raises(ValueError, match="read-only"):
            picture.yuv[0, 0] = 1
        with pytest.raises(ValueError, match="read-only"):
            picture.hidden[0, 0] = False


def test_conceal_fills_by_itself_and_does_not_rely_on_a_veil() -> None:
    size = blocks_of(WIDTH, HEIGHT)
    area = np.zeros(size, dtype=np.bool_)
    area[2:6, 4:9] = True
    safe = conceal(raw(noise(2)), Plan(area, np.zeros_like(area), np.full(size, 16, np.int32), True, area.astype(np.uint8)))
    assert (safe.yuv[16:48, 32:72] == FILL[0]).all()
    assert safe.hidden[2:6, 4:9].all()


def test_no_hiding_table_can_show_a_booth() -> None:
    for phase in PHASES:
        for zone in ("booth", "screen"):
            table = {name: dict(row) for name, row in DEFAULT.items()}
            table[phase][zone] = "coarse"
            with pytest.raises(Rejected, match=r"policy\.booth"):
                read_table(table)


@settings(max_examples=100, deadline=None)
@given(width=st.integers(20, 90).map(lambda n: 2 * n), height=st.integers(20, 90).map(lambda n: 2 * n), seed=st.integers(0, 10**6))
def test_sizes_that_are_no_multiple_of_a_block_leave_no_border_unhidden(width: int, height: int, seed: int) -> None:
    whole = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    room = learned(width, height)
    hider = Hider(None, room, DEFAULT, "voting", zones={"list": (whole,)})
    for number in range(6):
        safe = hider.step(raw(plain_room(width, height), 100 * number, width, height))
    assert safe.reason is None
    assert safe.hidden.all()
    assert safe.hidden.shape == (-(-height // 8), -(-width // 8))
    assert hider.plan is not None
    cells = np.where(hider.plan.fill, np.int32(0), hider.plan.cell).repeat(8, 0).repeat(8, 1)[:height, :width]
    sizes = {int(size) for size in np.unique(cells)} - {0}  # filled blocks have no cells
    assert min(sizes, default=32) >= 32
    for size in sizes:
        for top in range(0, height, size):
            for left in range(0, width, size):
                here = (slice(top, top + size), slice(left, left + size))
                shown = safe.yuv[:height][here][cells[here] == size]
                assert not shown.size or np.ptp(shown) == 0


@pytest.mark.parametrize("phase", ["rehearsal", "opening", "voting", "count"])
def test_where_a_ballot_is_marked_cannot_be_told_from_the_picture_of_the_counting_table_before_the_protocol(phase: str) -> None:
    """Two ballots with marks at different places; a mark that can be read can be sold."""
    pictures = []
    for row in (0, 3):
        scene = Scene()
        scene.ballot(400, 248, row)
        scene.ballot(480, 248, row)
        pictures.append(sent(phase, scene)[0].yuv.astype(int))
    assert np.abs(pictures[0] - pictures[1]).max() <= (0 if phase == "count" else 12)


def test_in_voting_not_even_a_sheet_held_up_at_the_presentation_spot_is_shown() -> None:
    scene = Scene()
    paint(scene.yuv, 56, 232, 136, 328, (228, 128, 128))
    paint(scene.yuv, 64, 248, 80, 264, (40, 128, 128))
    safe, raw = sent("voting", scene)
    assert safe.hidden[29:41, 7:17].all()
    assert not np.array_equal(luma(safe, 64, 240, 96, 272), luma(raw, 64, 240, 96, 272))


def test_the_count_is_hidden_as_voting_until_two_people_have_signed() -> None:
    scene = Scene()
    scene.person(200, 160, shirt=(80, 90, 200))
    scene.ballot(400, 248, 1)
    before, _ = sent(row_for("count", count_signed=False), scene)
    after, _ = sent(row_for("count", count_signed=True), scene)
    small = before.hidden.repeat(4, 0).repeat(4, 1)
    assert all((plane[small] == 128).all() for plane in before.yuv[DESKS_HEIGHT:].reshape(2, DESKS_HEIGHT // 2, -1))
    assert not np.array_equal(before.yuv, after.yuv)
    assert (luma(after, 408, 256, 416, 272) == PAPER[0]).all()


def test_in_a_small_precinct_nothing_of_a_voter_is_painted_but_where_he_is() -> None:
    pictures = []
    for shirt, hair in (((60, 90, 200), 40), ((200, 160, 90), 180)):
        scene = Scene()
        head = scene.person(200, 160, shirt=shirt)
        paint(scene.yuv, head[0], head[1], head[2], head[1] + 10, (hair, 128, 128))
        pictures.append(sent("voting", scene, table=table_for(DEFAULT, 40, None))[0])
    for safe in pictures:
        flat = safe.hidden.repeat(8, 0).repeat(8, 1)
        assert set(np.unique(safe.yuv[:DESKS_HEIGHT][flat])) == {SHAPE[0]}
    assert np.array_equal(*(safe.yuv for safe in pictures))
