# SPDX-License-Identifier: Apache-2.0
"""Who vouches for the station's clock: the centre's word holds for the clock that it was given for, not for one that was set since."""

import time
from pathlib import Path

import pytest

from kua.adapters import clock as room
from kua.adapters.clock import SystemClock


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A computer without NTP whose wall clock is ahead by `wall[0]` milliseconds."""
    ahead, real = [0], time.time_ns
    monkeypatch.setattr(room, "_synchronised", lambda: False)
    monkeypatch.setattr(room, "RTC", Path("/nonexistent"))
    monkeypatch.setattr(time, "time_ns", lambda: real() + ahead[0] * 1_000_000)
    return ahead


def test_a_centre_whose_time_agrees_vouches(wall: list[int]) -> None:
    """And one whose time does not, does not."""
    clock = SystemClock()
    assert clock.trust() == "none"
    clock.centre_says(clock.now(), clock.now())
    assert clock.trust() == "centre"
    wall[0] = -10_000
    clock.centre_says(type(clock.now())(clock.now() + 10_000), clock.now())
    assert clock.trust() == "none"


@pytest.mark.parametrize("step", [90_000, -90_000])
def test_a_clock_that_is_set_loses_the_centres_word(wall: list[int], step: int) -> None:
    """Until the centre is asked again."""
    clock = SystemClock()
    clock.centre_says(clock.now(), clock.now())
    wall[0] = step
    assert clock.trust() == "none"
    clock.centre_says(clock.now(), clock.now())
    assert clock.trust() == "centre"


@pytest.mark.parametrize(
    ("has_set", "behind", "trust"),
    [("1", 0, "rtc"), ("1", 3_600, "none"), ("0", 0, "none"), ("", 0, "none")],
    ids=["it set the kernel's clock", "it disagrees", "it has set nothing", "it does not say"],
)
def test_a_clock_with_a_battery_vouches_for_what_it_has_set(
    wall: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, has_set: str, behind: int, trust: str
) -> None:
    """And the centre's word, where there is one, goes before it."""
    (tmp_path / "rtc0").mkdir()
    (tmp_path / "rtc0/hctosys").write_text(f"{has_set}\n")
    (tmp_path / "rtc0/since_epoch").write_text(f"{int(time.time()) - behind}\n")
    monkeypatch.setattr(room, "RTC", tmp_path)
    clock = SystemClock()
    assert clock.trust() == trust
    clock.centre_says(clock.now(), clock.now())
    assert clock.trust() == "centre"


def test_a_battery_that_is_empty_vouches_for_nothing(wall: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wall[0] = -int(time.time() * 1000)
    (tmp_path / "rtc0").mkdir()
    (tmp_path / "rtc0/hctosys").write_text("1\n")
    (tmp_path / "rtc0/since_epoch").write_text("0\n")
    monkeypatch.setattr(room, "RTC", tmp_path)
    assert SystemClock().trust() == "none"
