# SPDX-License-Identifier: Apache-2.0
"""Amounts as people type them and read them: lengths of time, bytes, rates."""

import re
from typing import Final

from kua.core.errors import Misused
from kua.core.instant import Millis

_TIMES: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000}
_SIZES: Final = {"": 1, "k": 1_000, "M": 1_000_000, "G": 1_000_000_000}


def length(text: str) -> Millis:
    """Read a length of time like `60s`, `5m` or `1h`, at most a day and not nothing. Raises `Misused("watch.amount")`."""
    found = re.fullmatch(r"([0-9]{1,5})([smh])", text)
    if not found or not 0 < (millis := int(found[1]) * _TIMES[found[2]]) <= 86_400_000:
        raise Misused("watch.amount", given=text[:40])
    return Millis(millis)


def rate(text: str) -> float:
    """Read a rate in bytes in a second, like `500k` or `2M`. Raises `Misused("watch.amount")`."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?)([kMG]?)", text)
    if not found or not (value := float(found[1]) * _SIZES[found[2]]):
        raise Misused("watch.amount", given=text[:40])
    return value


def bytes_of(count: float) -> str:
    """Write a number of bytes shortly: `812 B`, `3.4 MB`."""
    for sign in ("B", "kB", "MB", "GB"):
        if count < 1000 or sign == "GB":
            return f"{count:.0f} B" if sign == "B" else f"{count:.1f} {sign}"
        count /= 1000
    raise AssertionError(count)


def time_of(seconds: float) -> str:
    """Write a length of time as `H:MM:SS`."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
