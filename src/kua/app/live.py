# SPDX-License-Identifier: Apache-2.0
"""What the agent tells `hide` by files of the box: the liveness codes that are valid now (`live.json`, which the box's own page reads too), and flags."""

import json
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import Final, final

from kua.core.canonical import canonical
from kua.core.instant import Instant, Millis
from kua.ports.durable import Durable

NAME: Final = "live.json"
AGAIN: Final = Millis(1_000)
"""How often a reader looks."""


def write_codes(box: Path, codes: tuple[str, ...], files: Durable) -> None:
    """Say which codes are valid, the newest first."""
    files.replace(box / NAME, canonical({"v": 1, "codes": list(codes)}))


def read_codes(box: Path) -> tuple[str, ...]:
    """Return the valid codes, the newest first; none where the file is not there or not whole."""
    try:
        codes = json.loads((box / NAME).read_bytes())["codes"]
        return tuple(code for code in codes if isinstance(code, str))
    except (OSError, ValueError, KeyError, TypeError):
        return ()


@final
class Codes:
    """The valid codes for `hide`, looked up at most once a second."""

    def __init__(self, box: Path, monotonic: Callable[[], Millis]) -> None:
        self._box, self._monotonic = box, monotonic
        self._looked: Millis | None = None
        self._codes: tuple[str, ...] = ()

    def __call__(self, _at: Instant) -> Collection[str]:
        """Return them. The moment of a picture does not matter: pictures are at most seconds old."""
        mono = self._monotonic()
        if self._looked is None or mono - self._looked >= AGAIN:
            self._looked, self._codes = mono, read_codes(self._box)
        return self._codes


@final
class Flag:
    """Whether a file is there, looked up at most once a second."""

    def __init__(self, path: Path, monotonic: Callable[[], Millis]) -> None:
        self._path, self._monotonic = path, monotonic
        self._looked: Millis | None = None
        self._is_up = False

    def __call__(self, _at: Instant) -> bool:
        """Return whether it is. A folder that cannot be read says what it said before."""
        mono = self._monotonic()
        if self._looked is None or mono - self._looked >= AGAIN:
            self._looked = mono
            with suppress(OSError):
                self._is_up = self._path.exists()
        return self._is_up
