# SPDX-License-Identifier: Apache-2.0
"""Each defence that `defences.toml` names is taken out of a copy of the program, and the test that should see it must fail."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.faults, pytest.mark.soak, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
DEFENCES: list[dict[str, Any]] = tomllib.loads((Path(__file__).parent / "defences.toml").read_text("utf-8"))["defence"]
FAILED = 1
"""Exit status of pytest where a test failed; whatever else went wrong has another."""


def ran(source: Path, test: str) -> subprocess.CompletedProcess[str]:
    """Run one test against the program in `source`."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", test],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"},
        capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip


@pytest.mark.parametrize("defence", DEFENCES, ids=[f"{each['row']}: {each['says']}" for each in DEFENCES])
def test_without_its_defence_the_test_of_a_row_fails(tmp_path: Path, defence: dict[str, Any]) -> None:
    source = tmp_path / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__"))
    whole = ran(source, defence["test"])
    assert whole.returncode == 0, f"it fails with its defence too:\n{whole.stdout[-2000:]}"
    file = source / defence["file"]
    text = file.read_text("utf-8")
    assert text.count(defence["find"]) == 1
    file.write_text(text.replace(defence["find"], defence["put"]), "utf-8")
    without = ran(source, defence["test"])
    assert without.returncode == FAILED, f"nobody noticed that it is gone:\n{without.stdout[-2000:]}"
    print(f"row {defence['row']:>2}  without: {defence['says']}  red: {defence['test']}")
