# SPDX-License-Identifier: Apache-2.0
"""The headless demonstration is the whole product in one command; its figures must add up, and strangers' tools must agree with them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kua.verify.bag import BagReader
from kua.verify.bundle import verify_bundle
from kua.verify.film import verify_film
from kua.verify.log import audit_log
from kua.verify.reading import open_reader
from tests.e2e.page_rig import differences, look, offline, opened, said_by

pytestmark = pytest.mark.timeout(300)


@pytest.mark.browser
def test_the_story_is_played_whole_and_its_figures_add_up(tmp_path: Path) -> None:
    keep = tmp_path / "kept"
    command = [sys.executable, "-m", "kua.cli.main", "demo", "--headless", "--json", "--seed", "7", "--keep", str(keep)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["stations"] == 3
    assert told["segments_logged"] == told["segments_verified"] >= 45
    assert told["tampered"] == told["tampered_caught"] >= 1
    assert told["unaccounted_seconds"] == 0
    assert told["seconds_recorded"] > 150
    assert told["cosigned_by"] >= 2, "two of three outsiders are a quorum"
    assert 0 < told["unwitnessed_max_s"] < 150
    assert 0 <= told["latency_median_s"] <= told["latency_p95_s"]
    assert told["latency_after_cut_max_s"] > told["latency_p95_s"], "the cut line held nothing up: was it cut?"
    for place in told["verify"]:
        assert Path(place["path"]).is_relative_to(keep)
        assert verify_film(place["path"]).exit_code == 0
        assert audit_log(open_reader(place["log"]), place["vkey"]).exit_code == 0
    for altered in told["tampering"]:
        assert verify_film(altered["path"]).exit_code == 1
    assert told["bundle"]["exit"] == told["bundle"]["absent"] == 0
    assert told["bundle"]["seconds"] > 50
    with BagReader(Path(told["bundle"]["path"])) as held:
        for name in ("verify.pyz", "verify.html"):
            (tmp_path / name).write_bytes(held.tag(name))
    court = [sys.executable, "-I", str(tmp_path / "verify.pyz"), told["bundle"]["path"], "--commission", told["commission_vkey"], "--json"]
    answered = subprocess.run(court, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert answered.returncode == 0, answered.stdout + answered.stderr
    assert ("co-signers", "PASS") in [(line["check"], line["state"]) for line in json.loads(answered.stdout)["lines"]]
    assert json.loads(answered.stdout)["stations"][0]["cameras"]["a"]["unaccounted_seconds"] == 0
    bundle = Path(told["bundle"]["path"])
    with offline() as context, opened(context, tmp_path / "verify.html") as page:
        ending, rows = look(page, bundle)
    assert ending == 0
    assert not differences(rows, said_by(verify_bundle(bundle)))


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--headless", "--seed", "-1"], 64), (["--headless", "--keep", "."], 64), (["--headless", "--clip", "x.avi"], 64), (["--clip", "x.avi"], 64)],
)
def test_wrong_words_are_refused_before_anything_starts(arguments: list[str], code: int) -> None:
    command = [sys.executable, "-m", "kua.cli.main", "demo", *arguments]
    assert subprocess.run(command, capture_output=True, check=False, cwd=Path(__file__).parent).returncode == code
