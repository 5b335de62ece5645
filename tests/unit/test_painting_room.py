# SPDX-License-Identifier: Apache-2.0
"""What the painted polling room promises: the same bytes for the same seed and time, a truth that agrees with the picture, a story worth watching."""

import hashlib
import subprocess
import sys

import cv2
import numpy as np
import pytest

from kua.adapters.sources.painting import PaintedRoom, _hands
from kua.core.errors import Misused

KINDS = {"booth", "box", "slot", "issue", "list", "door", "count", "show", "code"}


def digest(room: PaintedRoom, at_ms: int, start_ms: int = 0) -> str:
    return hashlib.sha256(room.picture(at_ms, start_ms).tobytes()).hexdigest()


def test_the_same_seed_and_time_give_the_same_bytes_whatever_was_drawn_before() -> None:
    first, second = PaintedRoom(5, 320, 180), PaintedRoom(5, 320, 180)
    for at in (9_000_000, 40_000, 200):
        first.picture(at)
    assert digest(first, 61_300) == digest(second, 61_300)


def test_another_process_draws_the_same_bytes() -> None:
    code = (
        "import hashlib; from kua.adapters.sources.painting import PaintedRoom;"
        "print(hashlib.sha256(PaintedRoom(5, 320, 180).picture(61300).tobytes()).hexdigest())"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert told.stdout.strip() == digest(PaintedRoom(5, 320, 180), 61_300)


def test_only_the_time_since_the_start_counts_for_what_people_do() -> None:
    room = PaintedRoom(8, 320, 180)
    start = 1_790_000_000_000
    assert room.truth(start + 44_000, start) == room.truth(44_000)
    assert np.array_equal(room.bgr(start + 44_000, start), room.bgr(44_000))


def test_seeds_differ_in_layout_colours_and_story() -> None:
    rooms = [PaintedRoom(seed, 320, 180) for seed in range(8)]
    assert {room.booths for room in rooms} == {2, 3}
    assert len({room.empty().tobytes() for room in rooms}) > 4
    sides = {room.zones()["door"][0][0][0] < 5_000 for room in rooms}
    assert sides == {True, False}, "some rooms are mirrored"
    assert len({digest(room, 30_000) for room in rooms}) == len(rooms)


@pytest.mark.parametrize(("width", "height"), [(1281, 720), (1280, 90 - 2), (100, 720), (4000, 2160)])
def test_a_size_that_cannot_be_drawn_is_refused(width: int, height: int) -> None:
    with pytest.raises(Misused) as caught:
        PaintedRoom(1, width, height)
    assert caught.value.code == "painting.size"


def test_pictures_are_yuv420p_in_limited_range() -> None:
    room = PaintedRoom(2, 640, 360)
    for picture in (room.picture(5_000), room.empty(), room.quiet(5_000)):
        assert picture.shape == (540, 640)
        assert picture.dtype == np.uint8
        assert picture[:360].min() >= 8
        assert picture[:360].max() <= 245


def test_light_drifts_by_a_few_percent_and_no_more() -> None:
    room = PaintedRoom(3, 320, 180)
    means = [float(room.quiet(at)[:180].mean()) for at in range(0, 120_000, 3_000)]
    assert 1.01 < max(means) / min(means) < 1.08


@pytest.mark.parametrize("seed", range(1, 13))
def test_within_two_minutes_a_line_forms_and_ballots_drop(seed: int) -> None:
    room = PaintedRoom(seed, 160, 90)
    truths = [room.truth(at) for at in range(0, 120_000, 1_000)]
    assert truths[0].people >= 4, "the story is under way when the film begins"
    assert 5 <= max(truth.queue for truth in truths) <= 9
    assert truths[0].dropped == 0
    assert truths[-1].dropped >= 6
    assert all(b.dropped - a.dropped in (0, 1) for a, b in zip(truths, truths[1:], strict=False))
    assert any(truth.in_booth for truth in truths)


def test_ballots_dropped_go_on_being_counted_over_chapters_and_days() -> None:
    room = PaintedRoom(4, 160, 90)
    hours = [room.truth(h * 3_600_000).dropped for h in (0, 1, 2, 11, 12, 13, 24)]
    assert hours == sorted(set(hours))
    assert hours[-1] == 2 * hours[4], "the day repeats"
    assert room.truth(-60_000).dropped == 0


def test_a_voter_keeps_the_order_of_a_visit() -> None:
    room = PaintedRoom(6, 160, 90)
    chapter = room._story.chapter(0)
    for visit in chapter.visits:
        times = [visit.begins, visit.joins, visit.called, visit.served, visit.leaves_table, visit.enters_booth, visit.quits_booth, visit.at_box, visit.dropped, visit.ends]
        assert times == sorted(times)
        assert not visit.holds_paper(visit.served)
        assert visit.holds_paper(visit.at_box)
        assert not _hands(visit, (visit.enters_booth + visit.quits_booth) / 2).paper, "nobody sees a ballot in the booth"
        assert not visit.holds_paper(visit.dropped)
    boxes = sorted(visit.at_box for visit in chapter.visits)
    assert min(np.diff(boxes)) > 3.0, "one at a time at the box"
    for booth in range(room.booths):
        stays = sorted((visit.enters_booth, visit.quits_booth) for visit in chapter.visits if visit.booth == booth)
        assert all(b[0] > a[1] for a, b in zip(stays, stays[1:], strict=False)), "nobody shares a booth"


def test_zones_lie_in_the_picture_and_are_of_known_kinds() -> None:
    for seed in range(4):
        room = PaintedRoom(seed, 320, 180)
        zones = room.zones()
        assert set(zones) == KINDS
        assert len(zones["booth"]) == room.booths
        for polygons in zones.values():
            for polygon in polygons:
                assert len(polygon) >= 3
                assert all(0 <= x <= 10_000 and 0 <= y <= 10_000 for x, y in polygon)


def test_heads_grow_towards_the_camera() -> None:
    heads = PaintedRoom(1).heads()
    assert [head["y"] for head in heads] == sorted(head["y"] for head in heads)
    assert [head["px"] for head in heads] == sorted(head["px"] for head in heads)
    assert 12 <= heads[0]["px"] < heads[-1]["px"] <= 80


def test_every_head_of_the_truth_is_in_the_picture() -> None:
    """A head's box must differ from the empty room; the few that do not stand behind somebody or something."""
    found = total = 0
    for seed in (1, 2, 5):
        room = PaintedRoom(seed)
        empty = cv2.cvtColor(room.empty(), cv2.COLOR_YUV2BGR_I420)
        for at in range(0, 120_000, 8_000):
            drawn = room.bgr(at)
            differs = cv2.absdiff(drawn, empty).max(axis=2) > 24
            for person in room.truth(at).seen:
                if person.shown:
                    left, top, right, bottom = (round(v * s / 10_000) for v, s in zip(person.head, (1280, 720, 1280, 720), strict=True))
                    part = differs[max(0, top) : bottom, max(0, left) : right]
                    total += 1
                    found += part.size > 0 and float(part.mean()) > 0.4
    assert total > 300
    assert found / total > 0.97


def test_in_the_booth_nothing_but_feet_is_seen() -> None:
    room = PaintedRoom(5)
    empty = room.empty()[:720]
    checked = 0
    for at in range(0, 90_000, 3_000):
        inside = [person for person in room.truth(at).seen if person.role == "voter" and person.stage == "in_booth" and not person.shown]
        # Only those who neither come nor go just then: the curtain is open for a moment at either end.
        still = {person.head for person in room.truth(at - 1_500).seen} & {person.head for person in room.truth(at + 1_500).seen}
        drawn = np.asarray(cv2.cvtColor(room.bgr(at), cv2.COLOR_BGR2YUV_I420))[:720]
        crowd = [person.feet[0] for person in room.truth(at).seen if person.shown and person.stage in ("to_booth", "to_box", "at_box", "in_booth")]
        for person in inside:
            left, top, right, bottom = (round(v * s / 10_000) for v, s in zip(person.head, (1280, 720, 1280, 720), strict=True))
            if person.head in still and all(abs(x - person.feet[0]) > 900 for x in crowd):
                checked += 1
                assert np.array_equal(drawn[top:bottom, left:right], empty[top:bottom, left:right])
    assert checked >= 5
