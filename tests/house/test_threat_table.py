# SPDX-License-Identifier: Apache-2.0
"""docs/threat-model.md: every row of the design stands in the table, and every test that is named exists."""

import fnmatch
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/threat-model.md").read_text("utf-8")
NUMBERED = re.compile(r"^\| (\d+) \| (.*) \|$", re.MULTILINE)
TABLE = [(int(number), rest.split(" | ")) for number, rest in NUMBERED.findall(PAGE)]
SHOWN = 2


def named(text: str) -> list[tuple[str, str]]:
    """(file, test) of each test that a text names; `::test` belongs to the file before it, "" is the whole file."""
    found, file = [], ""
    for place, name in re.findall(r"`(tests/[\w/.*]+)?(?:::(test_[\w*]+))?`", text):
        file = place or file
        if place or name:
            found.append((file, name))
    return found


@pytest.mark.parametrize("number", range(1, 25))
def test_every_row_stands_in_the_table_and_names_its_test_or_says_that_it_is_not_met(number: int) -> None:
    lines = [cells for each, cells in TABLE if each == number]
    assert lines
    for cells in lines:
        assert len(cells) == 4, cells
        assert all(cells)
        assert named(cells[SHOWN]) or cells[SHOWN].startswith("not met: "), cells[SHOWN]


def test_no_line_stands_under_a_number_that_the_design_has_not() -> None:
    assert {number for number, _ in TABLE} == set(range(1, 25))


def test_every_test_that_is_named_exists() -> None:
    everything = named(PAGE)
    assert len(everything) > 100
    for file, name in everything:
        files = [path for path in ROOT.glob(file) if path.is_file() or path.is_dir()]
        assert files, file
        if name:
            tests = [test for path in files for test in re.findall(r"^(?:async )?def (test_\w+)\(", path.read_text("utf-8"), re.MULTILINE)]
            assert fnmatch.filter(tests, name), (file, name)


def test_no_place_was_left_to_be_filled() -> None:
    assert not re.search(r"see row|TODO|TBD", PAGE)


DEFENCES = tomllib.loads((ROOT / "tests/faults/defences.toml").read_text("utf-8"))["defence"]


def test_every_row_has_a_defence_that_can_be_taken_out() -> None:
    assert {each["row"] for each in DEFENCES} == set(range(1, 25))


@pytest.mark.parametrize("defence", DEFENCES, ids=[f"{each['row']}: {each['says']}" for each in DEFENCES])
def test_a_defence_stands_where_it_is_said_to_and_its_test_exists(defence: dict[str, Any]) -> None:
    assert (ROOT / "src" / defence["file"]).read_text("utf-8").count(defence["find"]) == 1
    file, _, name = defence["test"].partition("::")
    assert re.search(rf"^(?:async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE), name
