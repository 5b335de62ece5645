# SPDX-License-Identifier: Apache-2.0
"""Time as numbers. Nothing here reads a clock: `now` always comes in as an argument."""

from typing import Final, NewType

Instant = NewType("Instant", int)
"""Milliseconds since 1970-01-01T00:00:00Z."""

Millis = NewType("Millis", int)
"""A length of time in milliseconds."""

SLOT: Final = Millis(4_000)
"""Length of a slot: segments are cut at UTC multiples of it, so that all cameras agree (REC2)."""


def slot_of(at: Instant) -> int:
    """Return the number of the slot (Unix time / 4 s) that holds `at`."""
    return at // SLOT


def slot_start(slot: int) -> Instant:
    """Return the first instant of `slot`."""
    return Instant(slot * SLOT)


def rfc3339(at: Instant) -> str:
    """Write `at` as RFC 3339 in UTC with milliseconds: `2026-03-15T09:03:20.250Z`."""
    seconds, millis = divmod(at, 1000)
    days, second = divmod(seconds, 86_400)
    year, month, day = _civil(days)
    return f"{year:04d}-{month:02d}-{day:02d}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{millis:03d}Z"


def _civil(days: int) -> tuple[int, int, int]:
    """Days since 1970-01-01 to the proleptic Gregorian date, by counting in eras of 400 years from 1 March of year 0."""
    era, of_era = divmod(days + 719_468, 146_097)
    year = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1
