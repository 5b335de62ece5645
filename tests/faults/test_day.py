# SPDX-License-Identifier: Apache-2.0
"""A day of 26 hours with everything in it, on a manual clock: what the log says of time is held against what was true, and its coverage against a script
that imports nothing of kua.
"""

import ast
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from kua.media.coverage import by_cause, coverage_of
from kua.media.timeline import Day
from kua.station.hide import HOLD
from tests.rigs.day import BEGIN, CAMERA_PPM, DELAYS, EVERY, HOUR, MINUTE, World

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800)]

SCRIPT: Final = Path(__file__).parents[1] / "independent" / "coverage.py"
BEHIND: Final = 90_000
"""The box starts this far behind: nobody has set its clock, and the clock that is set at five o'clock steps forward by it."""
BACK: Final = 2_500
LOST: Final = 1_700
SECOND: Final = 1_000


@dataclass(frozen=True)
class Told:
    """What a day left: leaves, true times, and for each fault how long it really lasted."""

    leaves: list[dict[str, Any]]
    true: dict[int, int]
    injected: dict[str, int]
    script: dict[str, Any]
    owed_most: int
    owed: int
    zones: set[str]


def lived(top: Path) -> Told:
    """Play the day."""
    world = World(top / "box", wall_behind=BEHIND)
    world.play(3 * HOUR)
    world.camera_on = False  # unplugged
    world.play(10 * MINUTE)
    world.camera_on = True
    world.play(2 * HOUR - 10 * MINUTE)
    world.set_clock(BEHIND, "ntp")  # 05:00
    world.play(2 * HOUR)
    world.is_covered = True  # 07:00
    world.play(7 * MINUTE)
    world.is_covered = False
    world.play(2 * HOUR - 7 * MINUTE)
    world.courier.is_cut = True  # 09:00
    world.play(2 * HOUR)
    owed_most = world.outbox.summary().files
    world.courier.is_cut = False  # 11:00
    world.play(7 * MINUTE)
    risked = world.at_risk()
    world.power_cut(253_000, lost=LOST)
    world.play(2 * HOUR)
    world.disk.room = 1  # about 13:11
    world.outbox.oldest_received = lambda _held=(): None  # type: ignore[method-assign]
    world.play(5 * MINUTE)
    world.disk.room = 10**9
    del world.outbox.oldest_received
    zones = {time.strftime("%z")}
    world.play(2 * HOUR)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", "Asia/Qyzylorda" if time.strftime("%z") != "+0500" else "Asia/Tokyo")
        time.tzset()
        zones.add(time.strftime("%z"))
        world.play(HOUR)
    time.tzset()
    world.play(2 * HOUR)
    world.set_clock(-BACK)  # little enough that film goes on
    world.play(2 * HOUR)
    world.camera_jumps(3_600_000)
    world.play(HOUR)
    risked += world.at_risk()
    world.kill_hide(3_000)
    world.play(26 * HOUR - (world.true - BEGIN))
    world.close()
    for _ in range(3_000):
        if world.uplink.once() > 0:
            break
    leaves = world.leaves()
    file = top / "leaves"
    file.write_text("".join(json.dumps(leaf) + "\n" for leaf in leaves))
    ended = subprocess.run([sys.executable, "-I", "-S", str(SCRIPT), str(file)], check=True, capture_output=True, text=True)
    injected = {
        "camera_silent": 10 * MINUTE,
        "clock_step": BEHIND,
        "restart": 253_000 - LOST + 3_000 + risked,
        "disk_full": 5 * MINUTE,
        "scene_changed": 7 * MINUTE + HOLD,
    }
    return Told(leaves, world.told.true, injected, json.loads(ended.stdout), owed_most, world.outbox.summary().files, zones)


@pytest.fixture(scope="module")
def day() -> Iterator[Told]:
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if shared.is_dir() else None) as top:
        yield lived(Path(top))


def of(day: Told, *types: str) -> list[dict[str, Any]]:
    return [leaf for leaf in day.leaves if leaf["type"] in types]


def test_the_script_imports_nothing_of_kua() -> None:
    tree = ast.parse(SCRIPT.read_text())
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"json", "sys", "pathlib"}


def test_every_millisecond_of_the_day_is_accounted_for_once(day: Told) -> None:
    told = day.script["cameras"]["a"]
    assert (told["unaccounted_ms"], told["overlapping_ms"], told["dense"]) == (0, 0, True)
    assert told["recorded_ms"] + sum(told["gaps_ms"].values()) == told["closed"] - told["opened"]
    assert told["closed"] - told["opened"] == 26 * HOUR + BEHIND - LOST - BACK, "the wall's day: the true one and what it was set by"


def test_the_independent_script_and_kua_agree_to_the_millisecond(day: Told) -> None:
    ours = Day("a")
    for index, leaf in enumerate(day.leaves):
        ours.add(index, leaf["type"], leaf)
    coverage, told = coverage_of(ours, ()), day.script["cameras"]["a"]
    assert coverage.recorded == told["recorded_ms"]
    assert coverage.visible == told["visible_ms"]
    assert by_cause(coverage.gaps) == told["gaps_ms"]
    assert by_cause(coverage.hidden) == told["hidden_ms"]
    assert (coverage.unaccounted, coverage.overlapping) == (told["unaccounted_ms"], told["overlapping_ms"])


def test_each_cause_has_the_time_that_was_injected_to_the_second(day: Told) -> None:
    told = day.script["cameras"]["a"]
    found = told["gaps_ms"] | told["hidden_ms"]
    print(found)
    for cause, lasted in day.injected.items():
        assert abs(found[cause] - lasted) <= SECOND, (cause, found[cause], lasted)
    assert set(found) <= set(day.injected) | {"starting"}
    assert found.get("starting", 0) <= SECOND


def test_a_step_of_the_clock_is_stated_to_the_millisecond(day: Told) -> None:
    assert day.script["steps_ms"] == [BEHIND, -BACK]


def test_nothing_is_dated_by_a_clock_that_nobody_vouched_for_without_saying_so(day: Told) -> None:
    changed = next(leaf for leaf in of(day, "clock") if leaf["trust"] == "ntp")["at"]
    for leaf in of(day, "segment"):
        if leaf["t1"] <= changed - BEHIND:
            assert leaf["trust"] == "none", leaf
        elif leaf["t0"] > changed + 15 * SECOND:  # film that was on its way says the less that anybody vouched for
            assert leaf["trust"] == "ntp", leaf
    assert {leaf["trust"] for leaf in of(day, "open")} == {"none"}
    assert [leaf["trust"] for leaf in of(day, "session")] == ["none", "ntp"]


def test_each_picture_is_dated_when_it_was_taken_by_the_clock_as_it_went(day: Told) -> None:
    """Early or late by what a packet may be under way; and after a small step back for as long as 500 ppm need to follow."""
    worst = 0
    booted = of(day, "session")[1]["at"]
    followed = [(leaf["at"], leaf["step_ms"]) for leaf in of(day, "clock") if not leaf["forward"]]
    (stepped, back), = followed
    for at, true in day.true.items():
        ahead = (-BEHIND if true < BEGIN + 5 * HOUR else 0) - (LOST if true >= booted else 0)
        error = at - true - ahead
        if at >= stepped - MINUTE and at <= stepped + back * 1_000_000 // (500 - CAMERA_PPM) + MINUTE:
            assert -back - 50 <= error <= 50
            continue
        if at > stepped:
            error += back
        worst = max(worst, abs(error))
    print(f"pictures {len(day.true)}, worst date {worst} ms off")
    assert worst <= max(DELAYS) + 20


def test_the_camera_is_measured_to_run_fast_by_what_it_does(day: Told) -> None:
    drifts = [leaf["drift_ppm"] if leaf["fast"] else -leaf["drift_ppm"] for leaf in of(day, "anchor") if leaf["drift_ppm"]]
    print(f"drift {sorted(drifts)} ppm")
    assert len(drifts) >= 20
    assert all(abs(drift - CAMERA_PPM) <= 5 for drift in drifts)


def test_each_run_has_its_anchor_by_wall_and_by_monotonic_time(day: Told) -> None:
    first: dict[str, int] = {}
    for leaf in of(day, "segment"):
        first.setdefault(leaf["run"], leaf["t0"])
    anchors: dict[str, dict[str, Any]] = {}
    for leaf in of(day, "anchor"):
        anchors.setdefault(leaf["run"], leaf)
    assert set(anchors) >= set(first)
    full = [(leaf["t0"], leaf["t1"]) for leaf in of(day, "gap") if leaf["reason"] == "disk_full"]
    for run, begins in first.items():  # a run may begin while the disk takes none of it
        assert anchors[run]["begins"] == begins or any(t0 <= anchors[run]["begins"] < t1 for t0, t1 in full)
    sessions = of(day, "session")
    for run, anchor in anchors.items():
        session = [each for each in sessions if each["at"] <= anchor["at"] + LOST][-1]
        steps = sum(each["step_ms"] if each["forward"] else -each["step_ms"] for each in of(day, "clock") if session["at"] <= each["at"] <= anchor["begins"] + 2 * SECOND)
        passed = anchor["begins"] - session["at"] - steps
        assert abs(anchor["mono"] - session["mono"] - passed) <= EVERY, run


def test_another_time_zone_changes_nothing(day: Told) -> None:
    assert len(day.zones) == 2


def test_an_outage_of_two_hours_loses_nothing(day: Told) -> None:
    assert day.owed_most > 1_700
    assert day.owed == 0
