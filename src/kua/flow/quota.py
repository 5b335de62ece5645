# SPDX-License-Identifier: Apache-2.0
"""How much of something one sender may take of a server: a bucket that fills at a steady rate. Decides only; it waits for nothing and drops nothing.

What is taken may leave the bucket in debt, since a sender's size is known for certain only when all of it is there; whoever is in debt is asked to come back.
"""

from typing import final

from kua.core.instant import Millis


@final
class Quota:
    """A bucket of `most` units (bytes, requests) that fills by `rate` units a second. `now` is monotonic time in every call."""

    def __init__(self, rate: int, most: int) -> None:
        if rate <= 0 or most <= 0:
            raise ValueError((rate, most))
        self._rate, self._most = rate, most
        self._spent, self._at = 0, Millis(0)
        """Thousandths of a unit that are missing from a full bucket, and when that was so."""

    def spend(self, amount: int, now: Millis) -> None:
        """Take `amount` units, into debt if need be."""
        self._refill(now)
        self._spent += amount * 1000

    def wait(self, now: Millis) -> Millis:
        """Return how long it is until there is anything in the bucket again; 0 while there is."""
        self._refill(now)
        debt = self._spent - self._most * 1000
        return Millis(0) if debt < 0 else Millis(debt // self._rate + 1)

    def _refill(self, now: Millis) -> None:
        self._spent = max(0, self._spent - max(0, now - self._at) * self._rate)
        self._at = max(self._at, now)
