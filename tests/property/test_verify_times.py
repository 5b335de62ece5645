# SPDX-License-Identifier: Apache-2.0
"""Intervals in place of moments: a clock that lies is excluded or the interval is wide, and how long nobody outside had seen a segment is a number.

The signatures and logs in here are all honest in form; what is wrong is the time that they state.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.digest import sha256
from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.ports.tokens import Stamped
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.cosign import cosign
from kua.proof.keys import SigningKey
from kua.proof.liveness import ALPHABET, liveness_code
from kua.proof.merkle import EMPTY_ROOT
from kua.proof.note import add_signatures, parse_note
from kua.proof.sighting import Bound, Fresh, Interval, Sighting, Sightings, Wait, sightings_in, through, wait_of
from kua.verify.film import Trust, verify_film
from kua.verify.report import Report
from tests.rigs.witnessed import NATION, NGO, PARTY, PHONE, Story
from tools import make_published as parts

BEGIN, SLOT = parts.BEGIN, parts.SLOT
KNOWN = Trust(cosigners=(PARTY.cosigner, NGO.cosigner, PHONE.cosigner))
HOUR = 3_600_000


def judged(story: Story, folder: Path, trust: Trust = KNOWN, **given_: Any) -> Report:
    return verify_film(str(story.write(folder)), trust, **given_)


def facts(report: Report, code: str) -> list[dict[str, Any]]:
    return [dict(line.facts) for line in report.lines if line.code == code]


def codes(report: Report, *states: str) -> set[str]:
    return {line.code for line in report.lines if not states or line.state in states}


def times_of(report: Report) -> dict[str, Any]:
    return dict(report.summary["stations"][0]["cameras"]["a"]["time"])


def a_morning(**clock: Any) -> Story:
    """Five segments, each after a beacon, reported at once and co-signed two seconds later."""
    story = Story(**clock)
    for number in range(parts.SEGMENTS):
        end = BEGIN + (number + 1) * SLOT
        story.beacon(end - 1_000)
        story.film(number)
        story.report(end + 1_000)
        story.cosign(end + 2_000, PARTY)
    story.close()
    return story


# ----------------------------------------------------------------------------------------------------------- unwitnessed window


def test_the_window_of_each_segment_is_the_time_to_the_first_outsider(tmp_path: Path) -> None:
    report = judged(a_morning(), tmp_path)
    assert facts(report, "film.window") == [{"longest": 2.0, "median": 2.0, "count": 5}]
    assert "film.unwitnessed" not in codes(report)


def test_a_night_without_a_link_is_a_long_window(tmp_path: Path) -> None:
    story = Story()
    for number in range(parts.SEGMENTS):
        story.film(number)
    story.report(BEGIN + 9 * HOUR)
    story.cosign(BEGIN + 9 * HOUR + 5_000, PARTY, NGO)
    report = judged(story, tmp_path)
    assert facts(report, "film.window") == [{"longest": 9 * 3600 + 5 - 4.0, "median": 9 * 3600 + 5 - 12.0, "count": 5}]


def test_a_phone_in_the_room_shortens_that_night(tmp_path: Path) -> None:
    story = Story()
    for number in range(parts.SEGMENTS):
        story.film(number)
        story.in_the_room(BEGIN + (number + 1) * SLOT + 3_000, PHONE)
    story.report(BEGIN + 9 * HOUR)
    story.cosign(BEGIN + 9 * HOUR + 5_000, PARTY)
    assert facts(judged(story, tmp_path), "film.window") == [{"longest": 3.0, "median": 3.0, "count": 5}]


def test_a_phone_that_nobody_knows_counts_for_nothing(tmp_path: Path) -> None:
    """The station could have made that key itself."""
    story = Story()
    story.film(0)
    story.in_the_room(BEGIN + 5_000, PHONE)
    report = judged(story, tmp_path, Trust())
    assert facts(report, "film.observer_unknown") == [{"count": 1}]
    assert facts(report, "film.unwitnessed") == [{"count": 1, "of": 1}]


def test_what_nobody_outside_has_seen_is_counted(tmp_path: Path) -> None:
    story = Story()
    for number in range(3):
        story.film(number)
    story.report(BEGIN + 13_000)
    story.cosign(BEGIN + 14_000, PARTY)
    for number in range(3, 5):
        story.film(number)
    story.report(BEGIN + 21_000)
    report = judged(story, tmp_path)
    assert facts(report, "film.unwitnessed") == [{"count": 2, "of": 5}]
    assert times_of(report)["segments_unwitnessed"] == 2


def test_the_centres_own_word_is_no_outsider(tmp_path: Path) -> None:
    story = Story()
    story.film(0)
    story.report(BEGIN + 5_000)
    story.cosign(BEGIN + 6_000)
    assert facts(judged(story, tmp_path), "film.unwitnessed") == [{"count": 1, "of": 1}]


def test_a_co_signed_checkpoint_of_another_history_convicts(tmp_path: Path) -> None:
    story = a_morning()
    forged = story.nation_note([*story.nation[:4], story.nation[0]])
    text = forged.decode().split("\n\n", 1)[0] + "\n"
    story.times["time/5.note"] = add_signatures(forged, [cosign(text, NGO, BEGIN // 1000)])
    assert "film.time_other_history" in codes(judged(story, tmp_path), "FAIL")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda note: note.replace(b"\n\n", b"\n\n", 1)[:-20] + b"AAAA" + note[-16:],
        lambda note: b"hello",
        lambda note: note.replace(b"\n6\n", b"\n5\n", 1),
        lambda note: b"",
    ],
)
def test_a_stored_checkpoint_that_was_altered_is_found(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    story = a_morning()
    name = "time/6.note"
    story.times[name] = spoil(story.times[name])
    assert judged(story, tmp_path).exit_code == 1


@pytest.mark.parametrize("data", [b"{}", b"[]", b'{"notes":[1],"v":1}', b'{"notes":[{"size":-1,"tokens":[]}],"v":1}', b'{"notes":[{"size":3,"tokens":["../x"]}],"v":1}', b"\xff"])
def test_a_list_that_is_none_is_found_and_nothing_else_happens(tmp_path: Path, data: bytes) -> None:
    story = a_morning()
    story.write(tmp_path)
    (tmp_path / "nation/time/list.json").write_bytes(data)
    assert verify_film(str(tmp_path), KNOWN).exit_code == 1


# ------------------------------------------------------------------------------------------------------------------ intervals


def test_an_honest_clock_lies_within_every_interval(tmp_path: Path) -> None:
    report = judged(a_morning(), tmp_path)
    (said,) = facts(report, "film.interval")
    # The first beacon is as old as the certificate: the centre had heard nothing since.
    assert (said["count"], said["widest"], said["before_by"]) == (5, 60.0 + 6.0, PARTY.name)
    assert codes(report, "FAIL") <= {"film.playlist_differs"}
    spans = times_of(report)["intervals"]
    assert [span[2] for span in spans[1:]] == [BEGIN + number * SLOT + 1_000 for number in range(1, 5)]
    assert all(after <= t1 <= before for _, t1, after, before in spans)


@pytest.mark.parametrize("clock", [-HOUR, HOUR])
@pytest.mark.parametrize("trust", ["ntp", "centre"])
def test_a_clock_that_lies_by_an_hour_is_excluded_by_the_interval(tmp_path: Path, clock: int, trust: str) -> None:
    report = judged(a_morning(clock=clock, trust=trust), tmp_path)
    (said,) = [line for line in report.lines if line.code == "film.time_excluded"]
    assert (said.state, said.facts["count"]) == ("FAIL", 5)
    assert report.exit_code == 1


def test_a_clock_that_claims_nothing_is_told_and_no_forgery(tmp_path: Path) -> None:
    report = judged(a_morning(clock=-HOUR, trust="none"), tmp_path)
    assert [line.state for line in report.lines if line.code == "film.time_excluded"] == ["NOT_CHECKED"]


@pytest.mark.parametrize("clock", [-HOUR, HOUR])
def test_without_anybody_outside_the_interval_is_open_and_excludes_nothing(tmp_path: Path, clock: int) -> None:
    story = Story(clock=clock)
    for number in range(parts.SEGMENTS):
        story.film(number)
    report = judged(story, tmp_path)
    assert facts(report, "film.interval_open") == [{"count": 5, "of": 5}]
    assert "film.time_excluded" not in codes(report)


def test_a_backdated_night_has_an_interval_as_wide_as_the_night(tmp_path: Path) -> None:
    """The box was cut off, its clock set back an hour; nobody outside can tell within the night, and the verifier says just that."""
    story = Story(clock=-HOUR)
    story.nation.append(story.nation[1])
    for number in range(parts.SEGMENTS):
        story.film(number)
    story.report(BEGIN + 9 * HOUR)
    story.cosign(BEGIN + 9 * HOUR, PARTY)
    report = judged(story, tmp_path)
    assert "film.time_excluded" not in codes(report)
    assert {tuple(span[2:]) for span in times_of(report)["intervals"]} == {(None, BEGIN + 9 * HOUR)}


def test_a_beacon_that_the_nation_never_had_is_found(tmp_path: Path) -> None:
    story = Story()
    text = Checkpoint(NATION, 2, EMPTY_ROOT)
    story.beacon(BEGIN, sign_checkpoint(text, parts.CENTRE))
    story.film(0)
    assert "film.beacon_false" in codes(judged(story, tmp_path), "FAIL")


def test_a_beacon_of_another_log_is_found(tmp_path: Path) -> None:
    story = Story()
    story.beacon(BEGIN, parts.checkpoint(story.station, parts.AGENT))
    assert "film.beacon_false" in codes(judged(story, tmp_path), "FAIL")


def test_a_beacon_newer_than_this_copy_of_the_nation_is_told(tmp_path: Path) -> None:
    story = Story()
    story.beacon(BEGIN, story.nation_note([*story.nation, story.nation[0]]))
    assert "film.beacon_ahead" in codes(judged(story, tmp_path), "NOT_CHECKED")


# ------------------------------------------------------------------------------------------------------------------ freshness


def test_a_code_in_the_picture_proves_that_it_is_fresh(tmp_path: Path) -> None:
    story = Story()
    story.beacon(BEGIN)
    story.film(0)
    story.read_code(BEGIN + 1_000, BEGIN + 3_000)
    report = judged(story, tmp_path)
    assert facts(report, "film.liveness_read") == [{"seconds": 2.0, "oldest": 63.0}]


def test_yesterdays_film_replayed_has_no_proof_of_freshness(tmp_path: Path) -> None:
    assert "film.liveness_none" in codes(judged(a_morning(), tmp_path), "NOT_CHECKED")


@pytest.mark.parametrize("of", ["another letter", "another station", "an older checkpoint"])
def test_a_code_that_is_not_the_checkpoints_is_found(tmp_path: Path, of: str) -> None:
    story = Story()
    old = story.nation_note()
    story.nation.append(story.nation[1])
    story.beacon(BEGIN)
    story.film(0)
    right = liveness_code(parts.ORIGIN, story.nation_note())
    wrong = {
        "another letter": right[:-1] + ("0" if right[-1] != "0" else "1"),
        "another station": liveness_code(parts.ORIGIN + "6", story.nation_note()),
        "an older checkpoint": liveness_code(parts.ORIGIN, old),
    }[of]
    story.read_code(BEGIN, BEGIN + 1_000, wrong)
    assert "film.liveness_false" in codes(judged(story, tmp_path), "FAIL")


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_a_code_is_six_letters_and_another_for_another_note(one: bytes, other: bytes) -> None:
    code = liveness_code("kua.example/e-1/s/10-245", one)
    assert len(code) == 6
    assert set(code) <= set(ALPHABET)
    assert one == other or code != liveness_code("kua.example/e-1/s/10-245", other)


# ----------------------------------------------------------------------------------------------------------------- time tokens


def _reader(stamped: Stamped | None, code: str = "") -> Callable[[bytes, bytes], Stamped]:
    def read(response: bytes, data: bytes) -> Stamped:
        if stamped is None or response != sha256(data).hex().encode():
            raise Rejected(code or "token.other")
        return stamped

    return read


def _stamped_story() -> Story:
    story = Story()
    story.film(0)
    story.report(BEGIN + 5_000)
    note = story.cosign(BEGIN + 6_000)
    story.stamp("tsa1", sha256(note).hex().encode())
    return story


def test_a_time_token_is_an_outsider_too(tmp_path: Path) -> None:
    report = judged(_stamped_story(), tmp_path, tokens=_reader(Stamped(Instant(BEGIN + 11_000), "TSA")))
    assert facts(report, "film.window") == [{"longest": 7.0, "median": 7.0, "count": 1}]


def test_without_a_trusted_authority_a_token_is_not_checked(tmp_path: Path) -> None:
    report = judged(_stamped_story(), tmp_path)
    assert "film.token_not_checked" in codes(report, "NOT_CHECKED")
    assert facts(report, "film.unwitnessed") == [{"count": 1, "of": 1}]


def test_a_token_by_nobody_whom_the_reader_trusts_counts_for_nothing(tmp_path: Path) -> None:
    report = judged(_stamped_story(), tmp_path, tokens=_reader(None, "token.untrusted"))
    assert "film.token_untrusted" in codes(report, "NOT_CHECKED")


def test_a_token_over_other_bytes_is_found(tmp_path: Path) -> None:
    story = _stamped_story()
    story.times["time/3-tsa1.tsr"] = b"another"
    report = judged(story, tmp_path, tokens=_reader(Stamped(Instant(BEGIN), "TSA")))
    assert "film.token_other" in codes(report, "FAIL")


# ------------------------------------------------------------------------------------------------------------- the pure part


seen_by = st.lists(st.builds(Sighting, st.integers(0, 100).map(Instant), st.integers(0, 30), st.sampled_from("pq")), max_size=12)


@given(seen_by, st.integers(0, 31))
def test_the_first_sighting_is_the_earliest_of_all_that_cover_the_leaf(known: list[Sighting], leaf: int) -> None:
    covering = [sighting.at for sighting in known if sighting.size > leaf]
    first = Sightings(known).first(leaf)
    assert (first.at if first else None) == min(covering, default=None)


@given(seen_by, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8))
def test_whoever_saw_the_leaf_of_a_checkpoint_saw_the_checkpoint(known: list[Sighting], stated: list[tuple[int, int]]) -> None:
    nation = Sightings(known)
    expected = [(nation.first(index), size) for index, size in stated]
    assert [(s.at, s.size) for s in through(nation, stated)] == [(first.at, size) for first, size in expected if first is not None]


@given(seen_by, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 100)), max_size=8))
def test_waits_and_unseen_leaves_add_up(known: list[Sighting], ends: list[tuple[int, int]]) -> None:
    seen = Sightings(known)
    waits = sorted(max(0, first.at - end) for leaf, end in ends if (first := seen.first(leaf)) is not None)
    wait = wait_of(ends, seen)
    assert wait == Wait(len(ends), len(ends) - len(waits), waits[-1] if waits else None, waits[len(waits) // 2] if waits else None)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 100)), max_size=8).map(sorted), st.integers(0, 51))
def test_the_lower_bound_is_the_latest_of_the_beacons_before_a_leaf(beacons: list[tuple[int, int]], leaf: int) -> None:
    fresh = Fresh((place, Bound(Instant(at), "n")) for place, at in beacons)
    before = [at for place, at in beacons if place <= leaf]
    after = fresh.after(leaf)
    assert (after.at if after else None) == max(before, default=None)


@given(st.none() | st.integers(0, 100), st.none() | st.integers(0, 100), st.integers(0, 100), st.integers(0, 20))
def test_an_interval_excludes_only_what_lies_outside_it(after: int | None, before: int | None, t1: int, slack: int) -> None:
    interval = Interval(
        Bound(Instant(after), "n") if after is not None else None, Bound(Instant(before), "p") if before is not None else None
    )
    outside = (after is not None and t1 < after - slack) or (before is not None and t1 > before + slack)
    assert interval.excludes(t1, t1, slack) == outside


def test_a_co_signature_without_a_time_says_nothing() -> None:
    head = Checkpoint("a.example/log", 0, EMPTY_ROOT)
    key = SigningKey.from_seed("a.example/log", bytes(32))
    note = add_signatures(sign_checkpoint(head, key), [cosign(head.text(), PARTY, 0), cosign(head.text(), NGO, 7)])
    assert sightings_in(parse_note(note), [PARTY.cosigner, NGO.cosigner]) == [Sighting(Instant(7_000), 0, NGO.name)]
