# SPDX-License-Identifier: Apache-2.0
"""The account: whatever comes in whatever order, segments and gaps tile the day, and a restart goes on where the log ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.errors import Refused
from kua.core.instant import Instant
from kua.flow.account import Account, Hole

OPEN = Instant(1_000_000)
events = st.lists(
    st.one_of(
        st.tuples(st.just("segment"), st.sampled_from("ab"), st.integers(-5_000, 20_000), st.integers(-10, 6_000)),
        st.tuples(st.just("hole"), st.sampled_from("ab"), st.integers(-5_000, 20_000), st.integers(1, 6_000)),
        st.tuples(st.just("interrupted"), st.sampled_from("ab"), st.just(0), st.just(0)),
        st.tuples(st.just("lasting"), st.just("a"), st.integers(0, 200_000), st.just(0)),
        st.tuples(st.just("restart"), st.just("a"), st.just(0), st.just(0)),
    ),
    max_size=40,
)


class Book:
    """What the log would hold: (t0, t1, seq) per camera."""

    def __init__(self) -> None:
        self.account = Account()
        self.account.open(OPEN, "ab")
        self.lines: dict[str, list[tuple[int, int, int, str]]] = {"a": [], "b": []}
        self.leaves: list[tuple[str, dict[str, object]]] = [("open", {"at": OPEN, "cams": [{"cam": "a"}, {"cam": "b"}]})]

    def put(self, type_: str, cam: str, seq: int, t0: int, t1: int, reason: str = "") -> None:
        self.lines[cam].append((t0, t1, seq, reason))
        self.leaves.append((type_, {"cam": cam, "seq": seq, "t1": t1}))

    def holes(self, holes: list[Hole]) -> None:
        for hole in holes:
            self.put("gap", hole.cam, hole.seq, hole.t0, hole.t1, hole.reason)

    def play(self, kind: str, cam: str, ahead: int, length: int) -> None:
        start = Instant(self.account.cursor(cam) + ahead)
        match kind:
            case "segment":
                try:
                    place = self.account.segment(cam, start, Instant(start + length))
                except Refused:
                    assert ahead < 0 or length <= 0
                    return
                self.holes([place.before] if place.before else [])
                self.put("segment", cam, place.seq, start, start + length)
            case "hole":
                self.holes(self.account.hole(cam, start, Instant(start + length), "disk_full"))
            case "interrupted":
                self.account.interrupted(cam, "camera_lost")
            case "lasting":
                self.holes(self.account.lasting(start))
            case _:
                self.account = Account()
                for leaf in self.leaves:
                    self.account.replay(*leaf)
                self.account.restarted()


@given(events, st.integers(-10_000, 50_000))
def test_segments_and_gaps_tile_the_day_and_seq_is_dense(played: list[tuple[str, str, int, int]], late: int) -> None:
    book = Book()
    for event in played:
        book.play(*event)
    at, holes = book.account.close(Instant(book.account.cursor("a") + late))
    book.holes(holes)
    for line in book.lines.values():
        cursor = int(OPEN)
        for number, (t0, t1, seq, _) in enumerate(line):
            assert t0 == cursor < t1
            assert seq == number
            cursor = t1
        assert cursor == at


def test_the_first_hole_is_the_start_and_the_hole_after_a_restart_says_so() -> None:
    book = Book()
    book.play("segment", "a", 700, 4_000)
    book.play("restart", "a", 0, 0)
    book.play("segment", "a", 900, 4_000)
    assert [reason for *_, reason in book.lines["a"]] == ["starting", "", "restart", ""]


def test_the_first_reason_of_a_hole_stands() -> None:
    book = Book()
    book.play("segment", "a", 0, 4_000)
    book.account.interrupted("a", "camera_silent")
    book.account.interrupted("a", "stopped")
    book.play("segment", "a", 5_000, 4_000)
    assert book.lines["a"][1][3] == "camera_silent"


def test_a_lasting_hole_is_stated_while_it_lasts_and_never_overtakes_film_on_its_way() -> None:
    book = Book()
    book.play("segment", "a", 0, 4_000)
    book.account.interrupted("a", "camera_lost")
    now = Instant(book.account.cursor("a") + 59_999)
    assert [hole for hole in book.account.lasting(now) if hole.cam == "a"] == []
    now = Instant(now + 1)
    stated = [hole for hole in book.account.lasting(now) if hole.cam == "a"]
    assert [(hole.reason, hole.t1) for hole in stated] == [("camera_lost", now - 30_000)]


def lasting(book: Book, after: int) -> list[tuple[str, int]]:
    """Reason and length of what is stated of camera `a`, `after` so many milliseconds."""
    now = Instant(book.account.cursor("a") + after)
    return [(hole.reason, hole.t1 - hole.t0) for hole in book.account.lasting(now) if hole.cam == "a"]


def test_the_next_part_of_a_lasting_hole_states_the_newest_reason() -> None:
    book = Book()
    book.play("segment", "a", 0, 4_000)
    book.account.interrupted("a", "camera_lost")
    book.account.interrupted("a", "camera_refused")
    assert lasting(book, 60_000) == [("camera_lost", 30_000)]
    assert lasting(book, 60_000) == [("camera_refused", 30_000)]


def test_the_start_after_a_restart_is_no_newer_reason_of_its_hole() -> None:
    book = Book()
    book.play("segment", "a", 0, 4_000)
    book.play("restart", "a", 0, 0)
    book.account.interrupted("a", "starting")
    assert lasting(book, 60_000) == [("restart", 30_000)]
    assert lasting(book, 60_000) == [("restart", 30_000)]


def test_film_of_accounted_time_is_refused() -> None:
    book = Book()
    book.play("segment", "a", 0, 4_000)
    with pytest.raises(Refused, match=r"account\.overlap"):
        book.account.segment("a", Instant(OPEN + 3_999), Instant(OPEN + 8_000))


def test_nothing_may_be_stated_after_the_close() -> None:
    book = Book()
    book.account.close(Instant(OPEN + 1))
    for act in (lambda: book.account.segment("a", Instant(OPEN + 5), Instant(OPEN + 6)), lambda: book.account.close(Instant(OPEN + 9))):
        with pytest.raises(Refused, match=r"account\.closed"):
            act()


def test_a_camera_that_was_not_opened_is_refused() -> None:
    with pytest.raises(Refused, match=r"account\.camera"):
        Book().account.segment("z", OPEN, Instant(OPEN + 1))
