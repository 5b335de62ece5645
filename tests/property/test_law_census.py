# SPDX-License-Identifier: Apache-2.0
"""When a census makes a station ready, when a recorder is shown to have been off, and what raises an alarm: for any list and any time."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import Instant
from kua.core.verdict import Verdict
from kua.law.census import (
    MARGIN,
    OWNERS,
    STATES,
    STILL,
    Listed,
    Reading,
    Seen,
    alarms,
    is_complete,
    is_harmless,
    is_recorder_still,
    was_off,
)
from kua.law.consent import ROLES, Consent, may_show

OURS = Listed(1, "ballot box", "dome", "ours", "used", "settings", "a", "192.0.2.5", "urn:uuid:a", "02:00:00:00:00:05", "ab" * 32)
NONE = is_recorder_still(False, (), None)
letters = st.none() | st.sampled_from("ab")
listed = st.builds(
    Listed, st.integers(1, 9), st.just("wall"), st.just("dome"), st.sampled_from(OWNERS), st.sampled_from(STATES), st.just("eye"), letters
)
moments = st.integers(10**9, 2 * 10**12).map(Instant)


@given(st.lists(listed, max_size=6), st.integers(0, 3))
def test_a_station_is_ready_only_with_every_camera_known_harmless_and_two_signatures(cameras: list[Listed], signers: int) -> None:
    lacks = is_complete([OURS, *cameras], ["a"], signers=signers, recorder=NONE)
    assert (lacks == ()) == (signers >= 2 and all(is_harmless(camera).allowed for camera in cameras))
    assert all(not lack.allowed and lack.article for lack in lacks)


@given(listed)
def test_a_camera_of_unknown_state_is_never_harmless_and_used_means_used_by_us(camera: Listed) -> None:
    verdict = is_harmless(camera)
    if camera.state == "unknown" or (camera.state == "used" and camera.cam is None):
        assert not verdict.allowed
    if camera.whose == "unknown" and camera.state in {"off", "masked"}:
        assert not verdict.allowed, "nobody can vouch for the switch of somebody unknown"


def test_no_camera_at_all_is_a_list_that_nobody_made() -> None:
    assert [lack.reason for lack in is_complete([], [], signers=2, recorder=NONE)] == ["census.empty"]


def test_a_camera_that_we_read_must_be_listed_as_used() -> None:
    off = replace(OURS, state="off", cam=None)
    assert [lack.reason for lack in is_complete([off], ["a"], signers=2, recorder=NONE)] == ["census.ours_missing"]


def test_where_the_building_has_cameras_its_recorder_must_be_spoken_of() -> None:
    school = replace(OURS, number=2, whose="host", state="covered", cam=None)
    silent = is_recorder_still(None, (), None)
    assert [lack.reason for lack in is_complete([OURS, school], ["a"], signers=2, recorder=silent)] == ["census.recorder_missing"]
    assert is_complete([OURS], ["a"], signers=2, recorder=silent) == ()


@given(moments, st.integers(-(10**11), 10**11), st.integers(0, 10**8), moments, st.integers(1, 10**8))
def test_a_recorder_was_off_only_if_it_stopped_before_and_was_read_after(
    read_at: Instant, wrong: int, ago: int, opens: Instant, length: int
) -> None:
    shown = Instant(max(read_at + wrong, ago))
    reading = Reading("guard-room", Instant(shown - ago), shown, read_at)
    verdict = was_off(reading, opens, Instant(opens + length))
    assert verdict.allowed == (read_at - ago + MARGIN <= opens and read_at >= opens + length)


@given(moments, st.integers(0, 10**8), st.integers(-(10**10), 10**10))
def test_a_recorders_wrong_clock_changes_no_verdict(read_at: Instant, ago: int, wrong: int) -> None:
    def off(by: int) -> Verdict:
        shown = Instant(10**11 + by)
        return was_off(Reading("r", Instant(shown - ago), shown, read_at), Instant(read_at - 3_600_000), read_at)

    assert off(0) == off(wrong)


@given(moments, st.integers(MARGIN + 1, 10**9))
def test_a_recording_later_than_the_recorders_own_clock_proves_nothing(at: Instant, ahead: int) -> None:
    assert was_off(Reading("r", Instant(at + ahead), at, at), Instant(at + 10**10), at).reason == "census.recorder_clock"


@pytest.mark.parametrize(("ago", "allowed"), [(0, False), (STILL - 1, False), (STILL, True)])
def test_a_recorder_that_recorded_just_now_is_not_still(ago: int, allowed: bool) -> None:
    reading = Reading("r", Instant(10**12 - ago), Instant(10**12), Instant(10**12))
    assert is_recorder_still(True, (reading,), None).allowed is allowed


def test_the_newest_reading_of_each_recorder_counts() -> None:
    now = Instant(10**12)
    runs, stands = Reading("r", now, now, now), Reading("r", Instant(now - STILL), now, now)
    assert is_recorder_still(True, (runs, stands), None).allowed
    assert not is_recorder_still(True, (stands, runs), None).allowed
    assert not is_recorder_still(True, (stands, replace(runs, place="other")), None).allowed


def seen(**changed: str | None) -> Seen:
    return replace(Seen("192.0.2.5", "urn:uuid:a", "02:00:00:00:00:05", "ab" * 32), **changed)  # type: ignore[arg-type]


def test_a_camera_as_it_was_raises_nothing_and_may_have_moved_to_another_address() -> None:
    assert alarms([OURS], [], [seen(), seen(address="192.0.2.77"), seen(mac=None, certificate=None)]) == ()


@pytest.mark.parametrize("changed", [{"mac": "02:00:00:00:00:06"}, {"certificate": "cd" * 32}, {"device": "urn:uuid:b"}])
def test_another_card_certificate_or_device_in_a_cameras_place_is_an_alarm_that_names_our_camera(changed: dict[str, str]) -> None:
    assert [(raised.kind, raised.cam) for raised in alarms([OURS], [], [seen(**changed)])] == [("camera_changed", "a")]


def test_a_device_that_the_census_does_not_know_is_an_alarm_also_when_a_neighbour_begins_to_speak_as_a_camera() -> None:
    stranger = Seen("192.0.2.9", mac="02:00:00:00:00:09", is_camera=False)
    assert [raised.kind for raised in alarms([OURS], [], [stranger])] == ["unknown_device"]
    assert alarms([OURS], ["02:00:00:00:00:09"], [stranger]) == ()
    assert [raised.kind for raised in alarms([OURS], ["02:00:00:00:00:09"], [replace(stranger, is_camera=True)])] == ["unknown_device"]


def test_a_camera_that_was_signed_for_as_off_and_answers_is_an_alarm_and_a_covered_one_is_not() -> None:
    school = replace(OURS, number=2, whose="host", state="off", cam=None)
    assert [raised.kind for raised in alarms([school], [], [seen()])] == ["camera_on"]
    assert alarms([replace(school, state="covered")], [], [seen()]) == ()
    assert alarms([school], [], [seen(), replace(seen(), is_camera=False)])[0].kind == "camera_on"
    assert alarms([school], [], [replace(seen(), is_camera=False)]) == (), "the kernel remembers a device for a while after it has gone"


roles = st.sampled_from([*ROLES, "observer", "voter", "child", "territorial"])
phases = st.sampled_from(["rehearsal", "opening", "voting", "count", "protocol", "storage"])


@given(roles, phases, moments)
def test_by_default_nobody_is_shown(role: str, phase: str, at: Instant) -> None:
    assert not may_show(role, "10-245", phase, at, [], present=1).allowed
    assert not may_show(role, "10-245", phase, at, [], present=0).allowed


@given(roles, phases, moments, st.integers(1, 4), st.integers(0, 4), st.none() | st.integers(-5, 5))
def test_only_those_who_conduct_the_vote_are_shown_only_if_each_agreed_and_never_in_the_voting(
    role: str, phase: str, at: Instant, present: int, agreed: int, taken_back: int | None
) -> None:
    withdrawn = None if taken_back is None else Instant(at + taken_back)
    verdict = may_show(role, "10-245", phase, at, [Consent(role, "10-245", Instant(at - 10), withdrawn)] * agreed, present=present)
    held = agreed if taken_back is None or taken_back > 0 else 0
    assert verdict.allowed == (role in ROLES and phase != "voting" and held >= present)
    assert verdict.article


def test_a_consent_holds_for_its_own_station_and_role_only() -> None:
    given_one = Consent("chair", "10-245", Instant(5))
    assert given_one.holds("10-245", "chair", Instant(5))
    assert not any(
        (
            given_one.holds("10-246", "chair", Instant(5)),
            given_one.holds("10-245", "member", Instant(5)),
            given_one.holds("10-245", "chair", Instant(4)),
        )
    )
