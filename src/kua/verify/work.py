# SPDX-License-Identifier: Apache-2.0
"""What the checks of one station share."""

import time
from dataclasses import dataclass, field
from typing import Final

from kua.core.digest import Digest
from kua.core.election import Election
from kua.core.instant import Instant
from kua.law.publication import Publication
from kua.media.timeline import Day
from kua.ports.pixels import Pixels
from kua.verify.below import Below
from kua.verify.entries import Entries
from kua.verify.report import Report

ARRIVING: Final = 60_000
"""Milliseconds beyond the public delay after which a film that is not there counts as missing (docs/spec/published-tree.md)."""


@dataclass(slots=True)
class Patience:
    """Seconds that one run may wait for what is behind, all stations together: a tree full of old lists must not keep its reader for days."""

    left: float = 60.0

    def wait(self, seconds: float) -> None:
        """Wait that long, or as long as is left."""
        pause = min(seconds, self.left)
        self.left -= pause
        time.sleep(pause)


@dataclass(slots=True)
class Work:
    """What the checks of one station share."""

    below: Below
    station: str
    election: Election | None
    file: Digest | None
    nation: Entries | None
    rules: Publication | None
    now: Instant
    report: Report
    days: dict[str, Day] = field(default_factory=dict)
    present: dict[str, set[str]] = field(default_factory=dict)
    lost: dict[str, set[str]] = field(default_factory=dict)
    lives: dict[str, set[str]] = field(default_factory=dict)
    """Of each camera the lowered segments that are here (SHA-256, hex)."""
    expected: set[str] = field(default_factory=lambda: {"vkey", "checkpoint"})
    pixels: Pixels | None = None
    excerpt: bool = False
    """Whether only a part of the day is looked at."""
    signed: dict[str, bytes] = field(default_factory=dict)
    """Calibration files whose two signatures hold, by their SHA-256."""
    began: dict[tuple[str, str], int] = field(default_factory=dict)
    """When each run of each camera began (Unix ms)."""
    patience: Patience = field(default_factory=Patience)

    @property
    def waits(self) -> int:
        """Milliseconds after which the public may know of what was recorded."""
        return self.election.delay if self.election is not None else 0

    def check(self, name: str) -> str:
        """Return the name of a check of this station, as it stands in the report."""
        return f"s/{self.station} {name}"
