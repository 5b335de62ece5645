# SPDX-License-Identifier: Apache-2.0
"""Objection 11: others gave up online broadcasts. What is proven must not hang on a broadcast: not on a centre, not on a network, not on what is shown.

The verification part: a court with one file in its hand. That what is public is data, and recording goes on without it, is `tests/unit/test_centre_law.py`.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kua.core.canonical import canonical
from kua.core.errors import Rejected
from kua.verify.bundle import verify_bundle
from kua.verify.report import Report
from tools.bundle_edits import built
from tools.make_bundles import FOLDER, bundle, world

LIST: dict[str, Any] = json.loads((FOLDER / "cases.json").read_bytes())
PROFILES = Path(__file__).parents[2] / "src" / "kua" / "profiles"


def told(folder: Path, data: bytes) -> Report:
    path = folder / "bundle.zip"
    path.write_bytes(data)
    return verify_bundle(path)


def codes(report: Report) -> set[str]:
    return {line.code for line in report.lines}


def test_a_court_needs_no_centre_and_no_network() -> None:
    fence = (
        ["unshare", "-rn"]
        if shutil.which("unshare") and not subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode
        else []
    )
    program = "import sys; from kua.cli.main import main; sys.exit(main())"
    done = subprocess.run(
        [*fence, sys.executable, "-c", program, "bundle", "verify", str(FOLDER / "film.zip")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_day_of_which_nothing_was_shown_is_accounted_for_all_the_same(tmp_path: Path) -> None:
    """The count alone is public by this profile, so no film of the morning is: its statements are, to the second."""
    profile = canonical(json.loads((PROFILES / "count-only.json").read_bytes()))
    report = told(tmp_path, bundle(world(profile=profile, shown=False)))
    assert report.exit_code == 0
    assert "film.not_public" in codes(report)
    figures = report.summary["stations"][0]["cameras"]["a"]
    assert (figures["seconds_recorded"], figures["seconds_in_gaps"], figures["seconds_published"], figures["unaccounted_seconds"]) == (
        16.0,
        4.0,
        0,
        0,
    )


def test_film_that_was_taken_back_leaves_a_hole_that_says_so_and_its_hash_stays(tmp_path: Path) -> None:
    data = (FOLDER / LIST["bases"]["withdrawn"]["file"]).read_bytes()
    report = told(tmp_path, data)
    assert report.exit_code == 0
    assert {"film.removed", "film.withdrawn"} <= codes(report)
    assert {gap["code"] for gap in report.summary["gaps"]} == {"film.gap", "bundle.hidden", "film.withdrawn", "film.removed"}


def test_a_cut_is_a_gap_with_a_reason_and_stands_first(tmp_path: Path) -> None:
    report = told(tmp_path, (FOLDER / "film.zip").read_bytes())
    assert report.lines[0].code == "film.gap"
    assert report.lines[0].facts["reason"] == "camera_lost"


@pytest.mark.parametrize(
    "name",
    [
        "segment-0-one-bit",
        "segments-exchanged",
        "station-signs-other-film",
        "centre-logs-what-the-station-signs-anew",
        "gap-with-a-kinder-reason",
    ],
)
def test_a_forged_picture_or_statement_does_not_pass_whoever_forged_it(name: str, tmp_path: Path) -> None:
    case = next(each for each in LIST["cases"] if each["name"] == name)
    report = told(tmp_path, built((FOLDER / LIST["bases"][case["base"]]["file"]).read_bytes(), case["edits"]))
    assert report.exit_code in {1, 2}
    assert report.exit_code == case["exit"]


def test_nobody_can_make_a_bundle_of_film_that_its_station_never_logged(tmp_path: Path) -> None:
    made = world(policy="", by=())
    path = next(name for name in made.files if name.endswith("443391301.m4s"))
    made.files[path] = made.files[path][::-1]
    with pytest.raises(Rejected, match=r"bundle\.unfit"):
        bundle(made)
