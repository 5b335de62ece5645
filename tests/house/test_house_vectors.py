# SPDX-License-Identifier: Apache-2.0
"""The published vectors are those that the tool makes, and say what their list says. `make smoke` runs the same list on the bare wheel."""

import shlex
from pathlib import Path

import pytest

from kua.cli.main import run
from tools.make_published import files

VECTORS = Path(__file__).parents[1] / "vectors"
CHECKS = [line for line in (VECTORS / "smoke.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def test_the_published_vectors_are_those_that_the_tool_makes() -> None:
    there = {str(path.relative_to(VECTORS)): path.read_bytes() for path in (VECTORS / "published").rglob("*") if path.is_file()}
    there["smoke.txt"] = (VECTORS / "smoke.txt").read_bytes()
    made = files()
    assert sorted(there) == sorted(made)
    assert not [name for name in made if made[name] != there[name]]


@pytest.mark.parametrize("check", CHECKS)
def test_the_list_for_the_bare_wheel_holds_here_too(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    code, *words = shlex.split(check)
    monkeypatch.chdir(VECTORS)
    assert run(words) == int(code)
