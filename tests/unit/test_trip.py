# SPDX-License-Identifier: Apache-2.0
"""Places where a fault test may kill: nothing happens unless it is asked for, and then at exactly the pass that was named, by SIGKILL."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

PROGRAM: Final = """
import sys
from kua.ports.trip import trip
for place in sys.argv[1:]:
    trip(place)
    print(place, flush=True)
"""


def passed(*places: str, wanted: str = "", once: Path | None = None) -> tuple[int, list[str]]:
    """Pass `places` in a process of its own; return how it ended and what it passed unharmed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KUA_KILL")}
    environment |= {"KUA_KILL_AT": wanted} if wanted else {}
    environment |= {"KUA_KILL_ONCE": str(once)} if once else {}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *places], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stdout.split()


def test_nothing_happens_where_nothing_was_asked_for() -> None:
    assert passed("hide:3", "keep:7.spool", "hide:3") == (0, ["hide:3", "keep:7.spool", "hide:3"])


@pytest.mark.parametrize(
    ("wanted", "unharmed"), [("hide:3:1", []), ("hide:3:2", ["hide:3", "keep:7"]), ("hide:3:3", ["hide:3", "keep:7", "hide:3"])]
)
def test_the_process_dies_at_the_pass_that_was_named(wanted: str, unharmed: list[str]) -> None:
    assert passed("hide:3", "keep:7", "hide:3", "hide:3", "end", wanted=wanted) == (-signal.SIGKILL, unharmed)


def test_a_pass_that_never_comes_kills_nobody() -> None:
    assert passed("hide:3", "hide:33", "hide", wanted="hide:3:2,keep:7:1") == (0, ["hide:3", "hide:33", "hide"])


def test_several_places_may_be_named() -> None:
    assert passed("a", "b", wanted="b:1,a:2") == (-signal.SIGKILL, ["a"])


def test_with_a_folder_each_place_kills_once_however_often_the_process_starts(tmp_path: Path) -> None:
    assert passed("a", "b", wanted="a:1,b:1", once=tmp_path) == (-signal.SIGKILL, [])
    assert passed("a", "b", wanted="a:1,b:1", once=tmp_path) == (-signal.SIGKILL, ["a"])
    assert passed("a", "b", wanted="a:1,b:1", once=tmp_path) == (0, ["a", "b"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]
