# SPDX-License-Identifier: Apache-2.0
"""Whole programs under measure: how the script `kua` is run here, and how long a command takes from its start to its end."""

import subprocess
import sys
import time
from typing import Final

from benchmarks import ROOT

KUA: Final = (sys.executable, "-c", "import sys; from kua.cli.main import main; sys.exit(main())")
"""What the script `kua` runs."""


def seconds(command: list[str]) -> float:
    """Return how long `command` ran, in seconds. Raises `AssertionError` with the end of what it printed if it failed."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - start
    if done.returncode:
        raise AssertionError(f"{command[0]} ended with {done.returncode}: {done.stdout[-400:]}{done.stderr[-400:]}")
    return taken
