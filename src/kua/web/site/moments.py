# SPDX-License-Identifier: Apache-2.0
"""Moments as readers write them."""

import re
from datetime import datetime
from typing import Final

from kua.core.instant import Instant
from kua.web.kit.formats import local

_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{5,15}(?:Z|[+ -][0-9]{2}:?[0-9]{2})")
_CLOCK: Final = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])(?:[:.]([0-5][0-9]))?")


def moment(text: str, day: Instant) -> Instant | None:
    """Read `14:03`, `14:03:20` (on the date of `day`, by the stations' clocks) or an ISO 8601 time with offset; None for anything else."""
    clock = _CLOCK.fullmatch(text)
    if clock:
        hour, minute, second = (int(part or 0) for part in clock.groups())
        return Instant(int(local(day).replace(hour=hour, minute=minute, second=second, microsecond=0).timestamp() * 1000))
    if not _MOMENT.fullmatch(text):
        return None
    try:
        # a plus that came unescaped in a query is read as a space
        return Instant(round(datetime.fromisoformat(text.replace(" ", "+")).timestamp() * 1000))
    except ValueError:
        return None
