# SPDX-License-Identifier: Apache-2.0
"""The order of sacrifice: previews, then what is receipted, never anything else; a disk that gives nothing back is left alone; lean before full."""

from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import Millis
from kua.flow.space import AHEAD, LEAST_LEAN, STRIKES, STUCK, Fits, Full, Remove, Space, reserve_of

sizes = st.integers(1, 1_000)


class Disk:
    """A disk of bytes: previews and receipted film that may go, and the rest, which may not."""

    def __init__(self, free: int, previews: list[int], received: list[int], *, gives: bool = True) -> None:
        self.free, self.previews, self.received, self.gives = free, list(previews), list(received), gives
        self.order: list[str] = []
        self.now = 0

    def make(self, space: Space, need: int) -> bool:
        """Obey until there is room or there is none."""
        while True:
            step = space.step(self.free, need, Millis(self.now), preview=bool(self.previews), received=bool(self.received))
            match step:
                case Fits():
                    return True
                case Full():
                    return False
                case Remove(kind):
                    size = (self.previews if kind == "preview" else self.received).pop(0)
                    before = self.free
                    self.free += size if self.gives else 0
                    self.order.append(kind)
                    space.removed(size, before, self.free, Millis(self.now))


@given(st.integers(0, 3_000), st.lists(sizes, max_size=8), st.lists(sizes, max_size=8), st.integers(0, 800), sizes)
def test_previews_go_before_film_and_no_more_goes_than_is_needed(free: int, previews: list[int], received: list[int], reserve: int, need: int) -> None:
    disk, space = Disk(free, previews, received), Space(reserve)
    fits = disk.make(space, need)
    assert disk.order == sorted(disk.order), "a preview after film"
    assert fits == (free + sum(previews) + sum(received) - need >= reserve)
    if disk.order:
        last = (previews[: disk.order.count("preview")] + received[: disk.order.count("received")])[-1]
        assert disk.free - last - need < reserve, "one more than needed"
    if not fits:
        assert not disk.previews
        assert not disk.received


@given(st.lists(sizes, min_size=STRIKES + 2, max_size=30), sizes, st.integers(1, 20))
def test_a_disk_that_gives_nothing_back_loses_three_files_and_then_one_in_ten_minutes(received: list[int], need: int, rounds: int) -> None:
    disk, space = Disk(0, [], received, gives=False), Space(10)
    assert not disk.make(space, need)
    assert disk.order == ["received"] * STRIKES
    assert space.is_stuck(Millis(disk.now))
    for number in range(1, rounds):
        disk.now += STUCK - 1
        assert not disk.make(space, need)
        assert len(disk.order) == min(len(received), STRIKES + number - 1)
        disk.now += 1
        assert not disk.make(space, need)
        assert len(disk.order) == min(len(received), STRIKES + number)


@given(st.lists(sizes, min_size=8, max_size=30), sizes)
def test_a_disk_that_gives_again_is_used_again(received: list[int], need: int) -> None:
    disk, space = Disk(0, [], received, gives=False), Space(0)
    disk.make(space, need)
    disk.gives = True
    disk.now += STUCK
    assert disk.make(space, need) == (sum(received[STRIKES:]) >= need)
    assert not space.is_stuck(Millis(disk.now)) or not received[STRIKES:]


@given(st.lists(st.tuples(st.integers(0, 5_000), st.booleans(), st.integers(0, 300_000)), min_size=1, max_size=60), st.integers(1, 1_000))
def test_film_is_lean_before_the_disk_is_full_and_for_ten_minutes_at_least(steps: list[tuple[int, bool, int]], reserve: int) -> None:
    space, now, since = Space(reserve), 0, None
    for left, received, passed in steps:
        now += passed
        was = space.is_lean
        step = space.step(left, 0, Millis(now), preview=False, received=received)
        if step == Full():
            assert space.is_lean, "a gap although film was never made leaner"
        if not was and space.is_lean:
            assert left < 2 * reserve
            assert not received, "lean although something could go"
            since = now
        if was and not space.is_lean:
            assert since is not None
            assert now - since >= LEAST_LEAN


def test_a_disk_with_plenty_of_room_asks_for_nothing() -> None:
    space = Space(100)
    assert not space.is_short(10_000, 500)
    assert space.step(10_000, 500, Millis(0), preview=True, received=True) == Fits()
    assert not space.is_lean


@given(st.integers(0, 1 << 40), st.integers(0, 1 << 44), st.integers(0, 1 << 30))
def test_the_reserve_is_the_largest_of_setting_five_percent_and_two_segments(setting: int, disk: int, segment: int) -> None:
    reserve = reserve_of(setting, disk, segment)
    assert reserve in {setting, disk * 5 // 100, AHEAD * segment}
    assert reserve >= max(setting, disk * 5 // 100, AHEAD * segment)
