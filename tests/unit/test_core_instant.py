# SPDX-License-Identifier: Apache-2.0
"""Time as numbers: RFC 3339 against the library's own calendar over ten thousand years, and slots that tile time."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.instant import SLOT, Instant, rfc3339, slot_of, slot_start

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND: Final = timedelta(milliseconds=1)
FIRST: Final = (datetime(1, 1, 1, tzinfo=UTC) - EPOCH) // MILLISECOND
LAST: Final = (datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC) - EPOCH) // MILLISECOND


def told_by_the_library(at: int) -> str:
    """What the calendar of the standard library says."""
    return (EPOCH + at * MILLISECOND).strftime("%Y").zfill(4) + (EPOCH + at * MILLISECOND).isoformat(timespec="milliseconds")[4:].replace(
        "+00:00", "Z"
    )


@given(st.integers(FIRST, LAST))
def test_every_moment_from_year_1_to_9999_is_written_as_the_calendar_says(at: int) -> None:
    assert rfc3339(Instant(at)) == told_by_the_library(at)


@pytest.mark.parametrize("year", [1, 4, 100, 400, 1600, 1900, 1970, 2000, 2024, 2026, 2100, 2400, 9996, 9999])
def test_the_days_around_february_and_new_year_are_right(year: int) -> None:
    for month, day in ((1, 1), (2, 28), (3, 1), (12, 31)):
        noon = (datetime(year, month, day, 12, tzinfo=UTC) - EPOCH) // MILLISECOND
        for at in (noon, noon + 43_200_000 - 1, noon + 43_200_000 if (month, day) != (12, 31) else noon):
            assert rfc3339(Instant(at)) == told_by_the_library(at)


def test_the_ends_of_the_calendar() -> None:
    assert rfc3339(Instant(FIRST)) == "0001-01-01T00:00:00.000Z"
    assert rfc3339(Instant(LAST)) == "9999-12-31T23:59:59.999Z"
    assert rfc3339(Instant(-1)) == "1969-12-31T23:59:59.999Z"


@given(st.integers(0, 2**53 - 1))
def test_slots_tile_time(at: int) -> None:
    slot = slot_of(Instant(at))
    assert slot_start(slot) <= at < slot_start(slot + 1)
    assert slot_start(slot) % SLOT == 0
    assert slot_of(slot_start(slot)) == slot
