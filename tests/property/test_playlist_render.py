# SPDX-License-Identifier: Apache-2.0
"""Playlists follow from leaves: lists only grow, no item is too long, discontinuities stand where runs change and are counted alike in every list.

The golden ones are in tests/golden/playlists; `python tests/property/test_playlist_render.py` writes them anew.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import SLOT, Instant
from kua.media import playlist
from kua.media.playlist import TARGET_SECONDS, Item, head_of, items_of, render
from kua.media.timeline import Day, Film, Lowered, Span

GOLDEN: Final = Path(__file__).parents[1] / "golden" / "playlists"
OPEN: Final = 1_773_565_200_000
END: Final = Instant(2**53)


def film(day: Day, run: str, t1: int) -> None:
    """Record from the end of the last item to `t1`."""
    t0, leaf = _end(day), len(day.items) + 1
    digest = f"{leaf:064x}"
    day.items.append(Film(leaf, t0, Instant(t1), run, t0 // SLOT, leaf - 1, digest, 9, "f" * 64, 40, "ntp"))


def gap(day: Day, t1: int) -> None:
    """State a gap from the end of the last item to `t1`."""
    body = {"cam": "a", "seq": len(day.items), "t0": _end(day), "t1": t1, "reason": "camera_lost"}
    day.add(len(day.items) + 1, "gap", body)


def _end(day: Day) -> Instant:
    return day.items[-1].t1 if day.items else Instant(day.opened or 0)


def digests(day: Day) -> set[str]:
    """Every segment of the day."""
    return {item.sha256 for item in day.items if isinstance(item, Film)}


@st.composite
def days(draw: st.DrawFn) -> Day:
    """A tiled day: runs of segments cut at slots, gaps of any length between and inside them."""
    day = Day("a", opened=Instant(OPEN))
    number = 0
    for kind in draw(st.lists(st.sampled_from(["film", "film", "film", "run", "gap"]), max_size=25)):
        end = _end(day)
        if kind == "gap":
            gap(day, end + draw(st.integers(1, 30_000)))
        else:
            number += kind == "run"
            film(day, f"{number:08x}", (end // SLOT + 1) * SLOT + draw(st.sampled_from([0, 0, 0, 1, 250, 999])))
    return day


@dataclass(frozen=True)
class Line:
    """One item as a player reads it, with its discontinuity number."""

    uri: str
    seconds: str
    time: str
    hole: bool
    number: int
    map_uri: str


def played(text: str) -> Iterator[Line]:
    """Read a playlist as RFC 8216 says a client does."""
    number, time, hole, seconds, map_uri = 0, "", False, "", ""
    for line in text.splitlines():
        tag, _, value = line.partition(":")
        match tag:
            case "#EXT-X-DISCONTINUITY-SEQUENCE":
                number = int(value)
            case "#EXT-X-DISCONTINUITY":
                number += 1
            case "#EXT-X-MAP":
                map_uri = value.removeprefix('URI="').removesuffix('"')
            case "#EXT-X-PROGRAM-DATE-TIME":
                time = value
            case "#EXT-X-GAP":
                hole = True
            case "#EXTINF":
                seconds = value.removesuffix(",")
            case _ if not line.startswith("#"):
                yield Line(line, seconds, time, hole, number, map_uri)
                hole = False


@given(days(), st.data())
def test_the_list_only_grows_at_its_end(day: Day, data: st.DataObject) -> None:
    moments = sorted(data.draw(st.lists(st.integers(OPEN, OPEN + 200_000), min_size=2, max_size=6)))
    lists = [items_of(day, digests(day), Instant(moment)) for moment in moments]
    for earlier, later in zip(lists, lists[1:], strict=False):
        assert later[: len(earlier)] == earlier
    assert all(item.t1 <= moment for moment, items in zip(moments, lists, strict=True) for item in items)


@given(days())
def test_items_tile_the_day_and_none_is_longer_than_players_are_told(day: Day) -> None:
    cursor = OPEN
    for item in items_of(day, digests(day), END):
        assert item.t0 == cursor < item.t1
        assert item.t1 - item.t0 <= TARGET_SECONDS * 1000
        cursor = item.t1
    assert cursor == _end(day)


@given(days())
def test_a_gap_is_cut_at_the_borders_of_slots(day: Day) -> None:
    for item in items_of(day, digests(day), END):
        if not item.run:
            assert item.t0 // SLOT == (item.t1 - 1) // SLOT
            assert (item.uri, item.map_uri, item.present) == (f"gap-{item.t0}.m4s", "", False)


@given(days(), st.booleans(), st.data())
def test_what_is_rendered_reads_back(day: Day, ended: bool, data: st.DataObject) -> None:
    items = items_of(day, digests(day), END)
    first = data.draw(st.integers(0, len(items)))
    text = render(items, first, ended)
    assert head_of(text) == (first, len(items) - first, ended)
    lines = list(played(text))
    assert [line.uri for line in lines] == [item.uri for item in items[first:]]
    for line, item in zip(lines, items[first:], strict=True):
        assert line.hole != item.present
        assert round(float(line.seconds) * 1000) == item.t1 - item.t0
        assert round(datetime.fromisoformat(line.time).timestamp() * 1000) == item.t0
        assert line.map_uri == item.map_uri or line.hole


@given(days())
def test_a_discontinuity_stands_exactly_where_the_run_changes(day: Day) -> None:
    items = items_of(day, digests(day), END)
    blocks = re.split(r"(?m)^(?!#).*\n", render(items, 0, ended=False))
    told = ["#EXT-X-DISCONTINUITY\n" in block for block in blocks[: len(items)]]
    assert told == [number > 0 and item.run != items[number - 1].run for number, item in enumerate(items)]


@given(days(), st.data())
def test_an_item_has_the_same_discontinuity_number_in_every_list(day: Day, data: st.DataObject) -> None:
    late = {digest for digest in sorted(digests(day)) if data.draw(st.integers(0, 3)) == 0}
    items = items_of(day, digests(day) - late, END)
    first = data.draw(st.integers(0, len(items)))
    whole = {line.uri: line.number for line in played(render(items, 0, ended=False))}
    window = {line.uri: line.number for line in played(render(items, first, ended=False))}
    assert window == {item.uri: whole[item.uri] for item in items[first:]}


@given(days(), st.data())
def test_what_is_withdrawn_or_not_there_is_a_hole_of_the_same_length(day: Day, data: st.DataObject) -> None:
    whole = items_of(day, digests(day), END)
    there = {digest for digest in sorted(digests(day)) if data.draw(st.booleans())}
    t0 = data.draw(st.integers(OPEN, OPEN + 60_000))
    day.withdrawn.append(Span(0, Instant(t0), data.draw(st.none() | st.just(Instant(t0 + 6_000))), "art. 1"))
    films = {item.leaf: item for item in day.items if isinstance(item, Film)}
    now = items_of(day, there, END)
    assert [(item.t0, item.t1, item.run, item.uri) for item in now] == [(item.t0, item.t1, item.run, item.uri) for item in whole]
    for item in now:
        if item.run:
            told = films[int(item.uri.rpartition("=")[2])]
            assert item.present == (told.sha256 in there and not day.is_withdrawn(told))


def test_a_run_that_lost_a_segment_to_a_full_disk_goes_on_after_the_gap() -> None:
    day = Day("a", opened=Instant(OPEN))
    film(day, "0badcafe", OPEN + 4000)
    gap(day, OPEN + 8000)
    film(day, "0badcafe", OPEN + 12000)
    lines = list(played(render(items_of(day, digests(day), END), 0, ended=False)))
    assert [(line.number, line.hole, line.map_uri) for line in lines] == [
        (0, False, "0badcafe-init.mp4"), (1, True, "0badcafe-init.mp4"), (2, False, "0badcafe-init.mp4"),
    ]  # fmt: skip


def test_a_gap_of_a_thousand_years_does_not_fill_the_memory() -> None:
    day = Day("a", opened=Instant(0))
    day.add(1, "gap", {"cam": "a", "seq": 0, "t0": 0, "t1": 2**53 - 1, "reason": "restart"})
    film(day, "0badcafe", 2**53 + 5)
    assert len(items_of(day, digests(day), Instant(2**54))) == playlist.MOST


@pytest.mark.parametrize("text", ["", "#EXTM3U\n", "#EXT-X-MEDIA-SEQUENCE:x\n", "#EXT-X-MEDIA-SEQUENCE:-1\n"])
def test_what_is_no_playlist_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        head_of(text)


def golden() -> dict[str, str]:
    """The playlists that are kept: a day with two runs, a gap, a late segment, a withdrawn one; whole, its end, its end once closed; an empty one;
    one of a thin line, of which the first and the last segment are there."""
    day = Day("a", opened=Instant(OPEN - 2500))
    for number in range(4):
        film(day, "0badcafe", OPEN + number * 4000)
    gap(day, OPEN + 21_300)
    for number in range(6, 10):
        film(day, "5eed1e55", OPEN + number * 4000)
    day.withdrawn.append(Span(0, Instant(OPEN + 25_000), Instant(OPEN + 26_000), "art. 1"))
    films = [item for item in day.items if isinstance(item, Film)]
    items = items_of(day, digests(day) - {films[2].sha256}, END)
    thin = Day("a", opened=Instant(OPEN))
    for number, rung in enumerate(("", "small", "slow", "none", "slow")):
        film(thin, "0badcafe", OPEN + (number + 1) * 4000)
        stated = Lowered(rung, "" if rung == "none" else f"{rung == 'slow':08x}", OPEN // SLOT + number, f"{number:063x}e", 9, "e" * 64, 4)
        thin.items[number] = replace(thin.items[number], **({"lowered": stated} if rung else {}))
    small = {f"{number:063x}e" for number in (1, 2, 4)}
    return {
        "lowered.m3u8": render(items_of(thin, {f"{1:064x}", f"{5:064x}"}, END, small), 0, ended=False),
        "day.m3u8": render(items, 0, ended=False), "live.m3u8": render(items, 6, ended=False), "closed.m3u8": render(items, 6, ended=True),
        "empty.m3u8": render([], 0, ended=False),
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(golden()))
def test_the_golden_playlists_are_what_is_rendered(name: str) -> None:
    assert (GOLDEN / name).read_text(encoding="utf-8") == golden()[name]


def test_the_type_of_an_item_is_what_the_verifier_compares() -> None:
    assert Item.__slots__ == ("t0", "t1", "run", "uri", "map_uri", "present", "rung", "apart")


if __name__ == "__main__":
    for name, text in golden().items():
        (GOLDEN / name).write_text(text, encoding="utf-8")
