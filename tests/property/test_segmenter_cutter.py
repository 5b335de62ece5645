# SPDX-License-Identifier: Apache-2.0
"""Where frames are thinned and segments cut, which time a filled picture covers, and boxes of any bytes."""

from contextlib import suppress
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.errors import Rejected
from kua.core.instant import SLOT, Instant, slot_of
from kua.media.boxes import Splitter, boxes, read_segment, time_scale
from kua.media.cutter import Covering, Cutter, Grid

times = st.lists(st.integers(1, 1_500), min_size=1, max_size=200).map(
    lambda steps: [Instant(1_800_000_000_000 + sum(steps[: number + 1])) for number in range(len(steps))]
)


@given(times)
def test_a_segment_opens_with_the_first_frame_of_each_slot_and_with_no_other(at: list[Instant]) -> None:
    cutter = Cutter()
    opened = [moment for moment in at if cutter.opens(moment)]
    assert opened == [moment for number, moment in enumerate(at) if number == 0 or slot_of(moment) != slot_of(at[number - 1])]


@given(times)
def test_two_cameras_cut_at_the_same_borders(at: list[Instant]) -> None:
    for cut in at:
        assert slot_of(cut) == cut // SLOT


@given(st.integers(1, 30), st.lists(st.integers(1, 90), min_size=1, max_size=400))
def test_thinning_keeps_at_most_the_wanted_rate_and_one_frame_to_a_moment(fps: int, steps: list[int]) -> None:
    grid, now, kept = Grid(fps), 1_800_000_000_000, []
    for step in steps:
        now += step
        if grid.takes(Instant(now)):
            kept.append(now)
    assert len(kept) <= (now - kept[0]) * fps / 1000 + 3


@given(st.integers(0, 99), st.lists(st.integers(-12, 12), min_size=50, max_size=200))
def test_a_camera_of_exactly_the_wanted_rate_loses_no_frame_to_jitter(phase: int, jitter: list[int]) -> None:
    grid = Grid(10)
    kept = [grid.takes(Instant(1_800_000_000_000 + phase + number * 100 + off)) for number, off in enumerate(jitter)]
    assert kept.count(False) <= 1


def test_a_camera_of_twenty_five_is_thinned_evenly() -> None:
    grid = Grid(10)
    kept = [number * 40 for number in range(250) if grid.takes(Instant(1_800_000_000_000 + number * 40))]
    assert 99 <= len(kept) <= 101
    assert max(two - one for one, two in zip(kept, kept[1:], strict=False)) <= 160


@given(times, st.data())
def test_covered_spans_hold_exactly_the_filled_frames(at: list[Instant], data: st.DataObject) -> None:
    reasons = data.draw(st.lists(st.sampled_from([None, "late", "error"]), min_size=len(at), max_size=len(at)))
    covering, cutter, spans = Covering(), Cutter(), []
    for moment, reason in zip(at, reasons, strict=True):
        covering.frame(moment, reason)
        if cutter.opens(moment):
            spans += covering.cut(moment)
    end = Instant(at[-1] + 100)
    spans += covering.cut(end)
    for span in spans:
        assert at[0] <= span.t0 < span.t1 <= end
        assert slot_of(span.t0) == slot_of(Instant(span.t1 - 1)) or not any(span.t0 < moment < span.t1 and cut_at(moment, at) for moment in at)
    for moment, reason in zip(at, reasons, strict=True):
        held = [span.reason for span in spans if span.t0 <= moment < span.t1]
        assert held == ([] if reason is None else [reason])


def cut_at(moment: int, at: list[Instant]) -> bool:
    before = [other for other in at if other < moment]
    return not before or slot_of(Instant(before[-1])) != slot_of(Instant(moment))


def box(kind: bytes, body: bytes) -> bytes:
    return pack(">I4s", 8 + len(body), kind) + body


@given(st.lists(st.tuples(st.sampled_from([b"ftyp", b"moof", b"mdat", b"free"]), st.binary(max_size=50)), max_size=20), st.data())
def test_a_stream_is_split_alike_however_it_arrives(parts: list[tuple[bytes, bytes]], data: st.DataObject) -> None:
    stream = b"".join(box(kind, body) for kind, body in parts)
    whole = Splitter().feed(stream)
    splitter, pieces, position = Splitter(), [], 0
    while position < len(stream):
        size = data.draw(st.integers(1, 60))
        pieces += splitter.feed(stream[position : position + size])
        position += size
    assert pieces == whole
    assert [(each.kind, each.body) for each in boxes(stream)] == parts


def test_a_box_with_a_long_size_is_read() -> None:
    long = pack(">I4sQ", 1, b"free", 20) + b"abcd"
    assert [(each.kind, each.body) for each in boxes(long)] == [(b"free", b"abcd")]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_segment_or_rejected(data: bytes) -> None:
    for read in (read_segment, time_scale, lambda given_: list(boxes(given_))):
        with suppress(Rejected):
            read(data)


@pytest.mark.parametrize("data", [b"\0\0\0\7moof", b"\xff\xff\xff\xffmoof", box(b"moof", b"") + box(b"mdat", b""), b"\0\0\0\x09free"])
def test_boxes_that_do_not_add_up_are_rejected(data: bytes) -> None:
    with pytest.raises(Rejected, match=r"film\.boxes"):
        read_segment(data)
