# SPDX-License-Identifier: Apache-2.0
"""The day in words and as a drawing says what the log says, and nothing that the public may not know."""

import hashlib
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import SLOT, Instant, slot_of
from kua.media.timeline import Day, Film, Lowered, Span
from kua.ports.index import PublicDay
from kua.web.kit.formats import Formats
from kua.web.kit.pages import Words
from kua.web.site.strip import LOWERED as RUNGS
from kua.web.site.strip import gap_reason, hidden_reason, lowered_reason, stretch_at, stretches, strip_of
from kua.proof.leaf import GAP_REASONS, HIDDEN_REASONS, LOWERED as STATED
from tests.golden.site_fixture import OPENED, day_of

SAY, FMT = Words("en"), Formats("en")
BEGIN = Instant(1_773_565_200_000)


LOWERED = {"s": "slow", "t": "still", "n": "none"}


def public(kinds: str, *, until: int = 2**52, unpublished: bool = False) -> PublicDay:
    """A day from letters: r recorded, l late, a arriving, g gap, c camera refused, x nothing said; only lowered: s one a second, t a still one, n none at all."""
    day, present, late, lives = Day("a"), set[str](), set[str](), set[str]()
    day.add(0, "open", {"at": BEGIN, "cams": [{"cam": "a"}]})
    for number, kind in enumerate(kinds):
        t0, t1 = Instant(BEGIN + number * SLOT), Instant(BEGIN + (number + 1) * SLOT)
        if kind in "gc":
            day.add(number, "gap", {"cam": "a", "t0": t0, "t1": t1, "seq": number, "reason": "camera_lost" if kind == "g" else "camera_refused"})
        elif kind != "x":
            digest = hashlib.sha256(b"%d" % number).hexdigest()
            film = Film(number, t0, t1, "0badcafe", slot_of(t0), number, digest, 1, "", 40, "ntp")
            if kind in LOWERED:
                is_sent = kind == "s" or (kind == "t" and number % 3 == 0)
                film = replace(film, lowered=Lowered(LOWERED[kind], "11111111", film.slot, f"{number:064x}") if is_sent else Lowered(LOWERED[kind]))
                lives |= {f"{number:064x}"} if is_sent else set()
            day.items.append(film)
            if kind in "rl":
                present.add(digest)
            if kind == "l":
                late.add(digest)
    hidden_from_public = {item.sha256: "21.1" for item in day.items if isinstance(item, Film)} if unpublished else {}
    return PublicDay(day, frozenset(present), frozenset(late), Instant(until), hidden_from_public, frozenset(lives))


@given(st.text(alphabet="rlagcxstn", max_size=40))
def test_the_stretches_tile_the_day_and_neighbours_differ(kinds: str) -> None:
    parts = stretches(public(kinds), SAY)
    said = kinds.rstrip("x")
    assert sum(part.t1 - part.t0 for part in parts) == len(said) * SLOT
    for one, other in zip(parts, parts[1:], strict=False):
        assert one.t1 == other.t0
        assert (one.kind, one.why) != (other.kind, other.why)


@given(st.text(alphabet="rlagcx", max_size=40), st.integers(0, 40))
def test_nothing_after_the_public_delay_is_told(kinds: str, known: int) -> None:
    parts = stretches(public(kinds, until=BEGIN + known * SLOT), SAY)
    assert all(part.t1 <= BEGIN + known * SLOT for part in parts)


@given(st.text(alphabet="rlagc", min_size=1, max_size=200))
def test_the_drawing_has_room_for_the_whole_day(kinds: str) -> None:
    day = public(kinds)
    parts = stretches(day, SAY)
    strip = strip_of(parts, day.day.items[-1].t1, FMT.clock, FMT.hour)
    assert strip is not None
    assert strip.t0 <= parts[0].t0
    assert strip.t1 >= parts[-1].t1
    assert all(float(bar.x.rstrip("%")) >= 0 and float(bar.x.rstrip("%")) <= 100 for bar in strip.bars)


def test_time_of_which_the_log_says_nothing_is_called_so() -> None:
    assert [part.word for part in stretches(public("rxr"), SAY)] == ["Recorded", "Not accounted for", "Recorded"]


def test_a_slow_line_is_told_by_what_it_bore_and_still_pictures_are_one_stretch() -> None:
    parts = stretches(public("rrsstttttnnr"), SAY)
    assert [(part.kind, part.word) for part in parts] == [
        ("recorded", "Recorded"), ("lowered", "Lowered picture"), ("lowered", "Lowered picture"), ("arriving", "Not here yet"), ("recorded", "Recorded"),
    ]  # fmt: skip
    assert ["one small picture a second" in parts[1].why, "ten seconds" in parts[2].why, "too slow for pictures" in parts[3].why] == [True, True, True]


def test_a_lowered_picture_that_has_not_come_is_arriving_like_any_film() -> None:
    day = replace(public("ss"), lives=frozenset())
    assert [(part.kind, part.why) for part in stretches(day, SAY)] == [("arriving", "Recorded and logged; the film itself has not arrived at the centre.")]


def test_each_story_has_its_words() -> None:
    words = {part.kind: part for part in stretches(day_of("full", "a"), SAY)}
    assert set(words) == {"recorded", "late", "gap", "hidden"}
    assert words["gap"].why == "The connection to the camera was lost."
    assert "withdrawn" in {part.kind for part in stretches(day_of("withdrawn", "a"), SAY)}
    assert "arriving" in {part.kind for part in stretches(day_of("behind", "a"), SAY)}


def test_what_a_rule_keeps_from_the_public_names_the_clause() -> None:
    [part] = stretches(public("rrr", unpublished=True), SAY)
    assert part.kind == "closed"
    assert "21.1" in part.why


def test_a_moment_finds_its_stretch() -> None:
    parts = stretches(day_of("full", "a"), SAY)
    found = stretch_at(parts, OPENED + 63 * 60_000)
    assert found is not None
    assert found.kind == "gap"
    assert stretch_at(parts, OPENED - 1) is None


def test_every_reason_of_the_registry_has_a_sentence() -> None:
    for reason in GAP_REASONS:
        assert gap_reason(reason, SAY).endswith(".")
    for reason in HIDDEN_REASONS:
        assert hidden_reason(reason, SAY).endswith(".")


def test_a_day_without_anything_has_no_drawing() -> None:
    assert strip_of((), BEGIN, FMT.clock, FMT.hour) is None


def test_a_stop_without_an_end_and_a_hiding_since_1970_are_told_of_the_films_only() -> None:
    """`kua centre stop` writes t0 = 0 and no end. A page that counted slots from there would take the whole centre down."""
    day = public("rrgr")
    day.day.add(100, "withdrawn", {"cam": "a", "t0": 0, "t1": None, "article": "art. 8"})
    assert [part.kind for part in stretches(day, SAY)] == ["withdrawn", "gap", "withdrawn"]
    hidden = public("rr")
    hidden.day.hidden.append(Span(100, Instant(0), Instant(BEGIN + SLOT), "scene_changed"))
    assert [part.kind for part in stretches(hidden, SAY)] == ["hidden", "recorded"]


def test_of_two_spans_over_a_film_the_first_is_told() -> None:
    day = public("rrr")
    for number, (t0, article) in enumerate(((BEGIN + SLOT, "art. 8"), (0, "art. 9"))):
        day.day.add(100 + number, "withdrawn", {"cam": "a", "t0": t0, "t1": None, "article": article})
    parts = stretches(day, SAY)
    assert ["art. 9" in part.why for part in parts] == [True, False]


def test_every_rung_of_the_registry_has_its_words() -> None:
    assert RUNGS == STATED
    assert all(lowered_reason(rung, SAY) != rung for rung in STATED)
