# SPDX-License-Identifier: Apache-2.0
"""Joins single readings of the liveness code to spans that can be stated. Reads no picture and knows no checkpoint."""

from collections.abc import Collection, Iterator
from typing import Final, final

from kua.core.instant import Instant
from kua.station.pipe import Shown

APART: Final = 2_000
"""Milliseconds between two readings that are still one span: a code is not read in every picture."""
LONGEST: Final = 60_000
"""Milliseconds after which a span is stated although it goes on."""


@final
class Reading:
    """One camera."""

    def __init__(self) -> None:
        self._spans: dict[str, tuple[Instant, Instant]] = {}

    def see(self, at: Instant, codes: Collection[str]) -> Iterator[Shown]:
        """Take one picture into account; give the spans that are over, or long enough to be stated."""
        over = [code for code, (since, until) in self._spans.items() if at - until > APART or until - since >= LONGEST]
        for code in over:
            yield from _shown(*self._spans.pop(code), code)
        for code in codes:
            self._spans[code] = (self._spans.get(code, (at, at))[0], at)

    def rest(self) -> Iterator[Shown]:
        """Give what has not been stated yet."""
        spans, self._spans = self._spans, {}
        for code, (since, until) in spans.items():
            yield from _shown(since, until, code)


def _shown(since: Instant, until: Instant, code: str) -> Iterator[Shown]:
    if until > since:  # one single reading is a moment, and no span
        yield Shown(since, until, code)
