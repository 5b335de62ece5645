# SPDX-License-Identifier: Apache-2.0
"""A computer whose wall clock somebody sets: with this folder on PYTHONPATH `time.time_ns` is ahead by the milliseconds in the file KUA_TEST_CLOCK.

Python loads it by its name at start, in the processes that the agent starts too. Monotonic time goes on as it does on a real computer.
"""

import os
import time
from pathlib import Path

_FILE = Path(os.environ["KUA_TEST_CLOCK"])
_real = time.time_ns


def _set_time_ns() -> int:
    return _real() + int(_FILE.read_bytes()) * 1_000_000


time.time_ns = _set_time_ns
