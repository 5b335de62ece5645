# SPDX-License-Identifier: Apache-2.0
"""Bundles good and bad: the installed verifier and the one of a single file say of each what the list says. The browser runs the same list."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kua.verify.bundle import verify_bundle
from kua.verify.onefile import one_file
from tools.bundle_edits import built
from tools.make_bundles import files

FOLDER = Path(__file__).parent / "bundle"
LIST: dict[str, Any] = json.loads((FOLDER / "cases.json").read_bytes())
CASES = {case["name"]: case for case in LIST["cases"]}
DRIVER = """
import importlib.abc, json, sys

class Only(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in {"kua", "cryptography", "_cffi_backend"}:
            raise ModuleNotFoundError(name, name=top)

sys.meta_path.insert(0, Only())
sys.path.insert(0, sys.argv[1])
from pathlib import Path
import kua.verify.bundle as bundle

assert bundle.__file__.startswith(sys.argv[1]), bundle.__file__
out = {}
for name in sys.stdin.read().split():
    report = bundle.verify_bundle(Path(name))
    out[Path(name).stem] = [report.exit_code, [[line.state, line.check, line.code, dict(line.facts)] for line in report.lines]]
print(json.dumps(out))
"""


def bundle_of(case: dict[str, Any]) -> bytes:
    return built((FOLDER / LIST["bases"][case["base"]]["file"]).read_bytes(), case["edits"])


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every bundle of the list as a file."""
    folder = tmp_path_factory.mktemp("bundles")
    for name, case in CASES.items():
        (folder / f"{name}.zip").write_bytes(bundle_of(case))
    return {name: folder / f"{name}.zip" for name in CASES}


def test_the_bundles_are_those_that_the_tool_makes() -> None:
    made = files()
    there = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in {".zip", ".json"}}
    assert sorted(there) == sorted(made)
    assert not [name for name in made if made[name] != there[name]]


def test_the_list_has_good_and_bad_ones_of_every_kind() -> None:
    assert len(CASES) >= 60
    assert {case["exit"] for case in CASES.values()} == {0, 1, 2}


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_installed_verifier_says_what_the_list_says(name: str, bundles: dict[str, Path]) -> None:
    report = verify_bundle(bundles[name])
    bad = sorted({(line.state, line.check, line.code) for line in report.lines if line.state in {"FAIL", "MISSING"}})
    assert (report.exit_code, [list(line) for line in bad]) == (CASES[name]["exit"], CASES[name]["bad"])


@pytest.mark.parametrize("name", sorted(LIST["bases"]))
def test_an_intact_bundle_has_exactly_these_lines(name: str) -> None:
    base = LIST["bases"][name]
    assert [[line.state, line.check, line.code] for line in verify_bundle(FOLDER / base["file"]).lines] == base["lines"]


def test_the_verifier_of_one_file_says_the_same_with_cryptography_alone(bundles: dict[str, Path], tmp_path: Path) -> None:
    program = tmp_path / "verify.pyz"
    program.write_bytes(one_file())
    listed = " ".join(map(str, bundles.values()))
    done = subprocess.run(
        [sys.executable, "-I", "-c", DRIVER, str(program)],
        input=listed,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    for name, path in bundles.items():
        report = verify_bundle(path)
        assert said[name] == [report.exit_code, [[line.state, line.check, line.code, dict(line.facts)] for line in report.lines]], name


def test_the_one_file_is_the_same_every_time_and_runs_as_a_program(tmp_path: Path) -> None:
    program = tmp_path / "verify.pyz"
    program.write_bytes(one_file())
    one_file.cache_clear()
    assert program.read_bytes() == one_file()
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"KUA_LANG": "kk"}
    done = subprocess.run(
        [sys.executable, str(program), str(FOLDER / "film.zip")],
        capture_output=True,
        text=True,
        check=False,
        env=surroundings,
        timeout=60,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert "Тексерілгеннің бәрі тұтас." in done.stdout
    assert subprocess.run([sys.executable, str(program)], capture_output=True, check=False, env=surroundings, timeout=60).returncode == 64


def test_the_one_file_speaks_on_a_console_without_kazakh_letters(tmp_path: Path) -> None:
    program = tmp_path / "verify.pyz"
    program.write_bytes(one_file())
    surroundings = {"KUA_LANG": "kk", "PYTHONIOENCODING": "cp1252", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, str(program), str(FOLDER / "film.zip")], capture_output=True, check=False, env=surroundings, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert b"?" in done.stdout
