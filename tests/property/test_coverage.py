# SPDX-License-Identifier: Apache-2.0
"""Coverage is a number that adds up: whatever is taken out, put in, moved or told twice is found, and the missing time is exact to the millisecond."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.core.canonical import canonical, read_canonical
from kua.media.coverage import Coverage, by_cause, coverage_file, coverage_of, planned_of
from kua.media.timeline import Day, Film
from kua.proof.leaf import Leaf, make_leaf, read_leaf
from kua.proof.tiles import decode_bundle
from kua.verify.film import verify_film
from kua.verify.report import Report
from tests.property.test_timeline_account import OPEN, length_of_union, opened, segment
from tools import make_published

Item = tuple[int, int, bool]
"""From, to (ms), and whether it is a gap."""
REASONS: Final = ("late", "warming", "detector")

pieces = st.lists(st.tuples(st.integers(1, 5_000), st.booleans()), min_size=2, max_size=16)
covers = st.lists(st.tuples(st.integers(-5_000, 90_000), st.integers(1, 9_000), st.sampled_from(REASONS)), max_size=12)


def tiled(lengths: list[tuple[int, bool]]) -> list[Item]:
    """Items that tile a day from `OPEN` on."""
    items, cursor = [], OPEN
    for length, is_gap in lengths:
        items.append((cursor, cursor + length, is_gap))
        cursor += length
    return items


def day_of(items: list[Item], closed: int | None = None, seqs: list[int] | None = None) -> Day:
    day = opened()
    for place, (t0, t1, is_gap) in enumerate(items):
        seq = seqs[place] if seqs else place
        gap = {"cam": "a", "seq": seq, "t0": t0, "t1": t1, "reason": "camera_lost"}
        body = gap if is_gap else {**segment(seq, t0, t1), "sha256": f"{t0:064x}"}
        day.add(place + 1, "gap" if is_gap else "segment", body)
    if closed is not None:
        day.add(9_999, "close", {"at": closed})
    return day


def is_whole(day: Day) -> bool:
    """What the verifier asks of an account: every millisecond once, numbers without a hole."""
    account = day.account()
    return not account.unaccounted and not account.overlapping and [item.seq for item in day.items] == list(range(len(day.items)))


@given(pieces, st.data())
def test_whatever_intervals_are_taken_out_of_a_day_the_missing_time_is_exact(lengths: list[tuple[int, bool]], data: st.DataObject) -> None:
    items = tiled(lengths)
    end = items[-1][1]
    cuts = data.draw(st.lists(st.tuples(st.integers(OPEN, end), st.integers(0, 9_000)).map(lambda cut: (cut[0], cut[0] + cut[1])), max_size=8))
    borders = sorted({border for cut in cuts for border in cut} | {border for item in items for border in item[:2]})
    left = [
        (a, b, is_gap)
        for t0, t1, is_gap in items
        for a, b in zip(borders, borders[1:], strict=False)
        if t0 <= a and b <= t1 and not any(c0 <= a and b <= c1 for c0, c1 in cuts)
    ]
    account = day_of(left, end).account()
    within = [(max(OPEN, c0), min(end, c1)) for c0, c1 in cuts if c0 < end]
    assert account.unaccounted == length_of_union(within)
    assert account.overlapping == 0
    assert account.recorded + account.gaps + account.unaccounted == end - OPEN


def edited(items: list[Item], draw: Callable[[Any], Any]) -> tuple[str, list[Item], list[int], int]:
    """One deletion, insertion, reordering or replay in a log whose numbers the forger leaves as they were; and how much is then missing."""
    seqs = list(range(len(items)))
    kind = draw(st.sampled_from(["delete", "insert", "swap", "replay"]))
    at = draw(st.integers(0, len(items) - 1))
    if kind == "delete":
        return kind, items[:at] + items[at + 1 :], seqs[:at] + seqs[at + 1 :], items[at][1] - items[at][0]
    if kind == "insert":
        t0 = draw(st.integers(OPEN, items[-1][1] - 1))
        new = (t0, t0 + draw(st.integers(1, 5_000)), draw(st.booleans()))
        return kind, [*items[:at], new, *items[at:]], [*seqs[:at], at, *seqs[at:]], 0
    other = draw(st.integers(0, len(items) - 1).filter(lambda place: place != at))
    if kind == "replay":
        return kind, [*items[:at], items[other], *items[at:]], [*seqs[:at], other, *seqs[at:]], 0
    moved, numbers = list(items), list(seqs)
    moved[at], moved[other], numbers[at], numbers[other] = items[other], items[at], seqs[other], seqs[at]
    return kind, moved, numbers, 0


def _every_edit_is_found(lengths: list[tuple[int, bool]], data: st.DataObject) -> None:
    items = tiled(lengths)
    assert is_whole(day_of(items, items[-1][1]))
    kind, forged, seqs, missing = edited(items, data.draw)
    day = day_of(forged, items[-1][1], seqs)
    assert not is_whole(day), kind
    account = day.account()
    assert account.recorded + account.gaps + account.unaccounted - account.overlapping == items[-1][1] - OPEN
    # Numbered anew by whoever holds the key, the times still tell.
    anew = day_of(forged, items[-1][1])
    assert not is_whole(anew), kind
    if kind == "delete":
        assert (account.unaccounted, account.overlapping) == (missing, 0)


@given(pieces, st.data())
def test_every_deletion_insertion_reordering_and_replay_is_found(lengths: list[tuple[int, bool]], data: st.DataObject) -> None:
    _every_edit_is_found(lengths, data)


@pytest.mark.soak
@settings(max_examples=10_000, deadline=None)
@given(pieces, st.data())
def test_ten_thousand_deletions_insertions_reorderings_and_replays_are_found(lengths: list[tuple[int, bool]], data: st.DataObject) -> None:
    _every_edit_is_found(lengths, data)


@given(pieces, covers)
def test_visible_time_is_recorded_time_outside_every_hidden_span(lengths: list[tuple[int, bool]], spans: list[tuple[int, int, str]]) -> None:
    items = tiled(lengths)
    day = day_of(items, items[-1][1])
    for start, length, why in spans:
        day.add(5, "hidden", {"cam": "a", "t0": OPEN + start, "t1": OPEN + start + length, "reason": why})
    coverage = coverage_of(day, ())
    films = [(t0, t1) for t0, t1, is_gap in items if not is_gap]
    hidden = [(OPEN + start, OPEN + start + length) for start, length, _ in spans]
    both = length_of_union(films) + length_of_union(hidden) - length_of_union(films + hidden)
    assert coverage.recorded - coverage.visible == both == sum(by_cause(coverage.hidden).values())
    assert coverage.astray == length_of_union(hidden) - both
    assert sum(by_cause(coverage.gaps).values()) == sum(t1 - t0 for t0, t1, is_gap in items if is_gap)
    assert all(span[2] in REASONS for span in coverage.hidden)
    assert all(a[1] <= b[0] for a, b in zip(coverage.hidden, coverage.hidden[1:], strict=False))


@given(pieces, st.data())
def test_published_time_is_that_of_the_segments_that_are_there(lengths: list[tuple[int, bool]], data: st.DataObject) -> None:
    day = day_of(tiled(lengths))
    films = [item for item in day.items if isinstance(item, Film)]
    there = [film for film in films if data.draw(st.booleans())]
    coverage = coverage_of(day, {film.sha256 for film in there})
    assert coverage.published == sum(film.t1 - film.t0 for film in there)


def test_neighbouring_gaps_of_one_cause_are_one_line() -> None:
    assert coverage_of(day_of([(OPEN, OPEN + 5, True), (OPEN + 5, OPEN + 9, True)]), ()).gaps == ((OPEN, OPEN + 9, "camera_lost"),)


def test_planned_time_counts_overlapping_windows_once() -> None:
    assert planned_of([(0, 10), (5, 20), (30, 40)]) == 30


def test_a_day_without_anything_is_nothing() -> None:
    assert coverage_of(Day("a"), ()) == Coverage(0, 0, 0, (), (), 0, 0, 0)


# ------------------------------------------------------------------------------------------------------- as the verifier says it


def _written(folder: Path, tree: dict[str, bytes]) -> Path:
    for name, data in tree.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def _lines(report: Report, code: str) -> list[dict[str, Any]]:
    return [dict(line.facts) for line in report.lines if line.code == code]


@pytest.mark.parametrize("lost", [[3], [3, 4], [5, 7], [2, 3, 4, 5, 6]])
def test_the_verifier_names_the_missing_seconds_exactly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: list[int]) -> None:
    honest = make_published.leaves
    monkeypatch.setattr(make_published, "leaves", lambda *given: [leaf for at, leaf in enumerate(honest(*given)) if at not in lost])
    report = verify_film(str(_written(tmp_path, make_published.published())))
    missing = sum(8.0 if at == 2 else 4.0 for at in lost)  # entry 2 is the gap of 8 s, each segment has 4 s
    assert _lines(report, "film.unaccounted") == [{"seconds": missing, "overlapping": 0.0}]
    assert report.exit_code == 1


def test_the_three_figures_and_every_cause_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = make_published.leaves

    def leaves(*given: Any) -> list[bytes]:
        made = honest(*given)
        begin = make_published.BEGIN
        spans = (("late", begin + 1_000, begin + 3_000), ("error", begin + 2_000, begin + 6_000), ("warming", begin - 8_000, begin - 2_000))
        hidden = [make_leaf("hidden", at=begin + 9_000, cam="a", t0=t0, t1=t1, reason=why) for why, t0, t1 in spans]
        return [*made[:-1], *hidden, made[-1]]

    monkeypatch.setattr(make_published, "leaves", leaves)
    report = verify_film(str(_written(tmp_path, make_published.published())))
    assert _lines(report, "film.coverage") == [{"recorded": 20.0, "visible": 15.0, "published": 20.0}]
    assert _lines(report, "film.gaps_by") == [{"seconds": 8.0, "reason": "starting", "count": 1}]
    assert _lines(report, "film.hidden_by") == [
        {"seconds": 3.0, "reason": "error", "count": 1}, {"seconds": 2.0, "reason": "late", "count": 1}
    ]  # fmt: skip
    assert _lines(report, "film.hidden_astray") == [{"seconds": 6.0}]
    assert report.exit_code == 0


def _with_coverage(folder: Path, change: Callable[[dict[str, Any]], None] = lambda body: None) -> Report:
    """Verify the vectors with a `coverage.json` over the first seven leaves, changed by `change`."""
    tree = make_published.published()
    day = Day("a")
    bundle = next(data for name, data in tree.items() if name.startswith(f"s/{make_published.STATION}/tile/entries/"))
    for index, entry in enumerate(decode_bundle(bundle)[:7]):
        leaf = read_leaf(entry)
        assert isinstance(leaf, Leaf)
        day.add(index, leaf.type, leaf.body)
    present = {item.sha256 for item in day.items if isinstance(item, Film)}
    body = read_canonical(coverage_file(make_published.STATION, 7, 3_600_000, {"a": day}, {"a": present}))
    change(body)
    return verify_film(str(_written(folder, tree | {f"s/{make_published.STATION}/coverage.json": canonical(body)})))


def test_the_published_coverage_is_computed_anew(tmp_path: Path) -> None:
    report = _with_coverage(tmp_path)
    assert _lines(report, "film.coverage_holds") == [{"size": 7}]
    assert report.exit_code == 0


CHANGES: Final[dict[str, Callable[[dict[str, Any]], None]]] = {
    "more recorded": lambda body: body["cameras"]["a"].update(recorded_ms=99_000),
    "more published than recorded": lambda body: body["cameras"]["a"].update(published_ms=99_000),
    "a gap less": lambda body: body["cameras"]["a"].update(gaps=[]),
    "a gap for another reason": lambda body: body["cameras"]["a"]["gaps"][0].__setitem__(2, "camera_lost"),
    "nothing unaccounted, said of another size": lambda body: body.update(size=6),
    "a size beyond the log": lambda body: body.update(size=99),
    "less planned": lambda body: body.update(planned_ms=1),
    "another station": lambda body: body.update(station="10-246"),
    "a camera less": lambda body: body.update(cameras={}),
    "a camera more": lambda body: body["cameras"].update(b=body["cameras"]["a"]),
    "a figure that is a word": lambda body: body["cameras"]["a"].update(published_ms="all"),
    "a field more": lambda body: body.update(remark="all is well"),
    "cameras as a list": lambda body: body.update(cameras=[1]),
    "a camera as a number": lambda body: body.update(cameras={"a": 7}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_coverage_that_says_more_than_the_log_is_altered(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    report = _with_coverage(tmp_path, change)
    assert _lines(report, "film.coverage_differs")
    assert report.exit_code == 1
