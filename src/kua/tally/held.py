# SPDX-License-Identifier: Apache-2.0
"""A condition that must hold for a while to mean something. Reads no clock: time comes with each step."""

from dataclasses import dataclass

from kua.core.instant import Instant


@dataclass(slots=True)
class Held:
    """A condition that must hold for at least `least` milliseconds; interruptions of up to `patience` are forgiven."""

    least: int
    patience: int
    since: Instant | None = None
    last: Instant | None = None

    def step(self, at: Instant, holds: bool) -> tuple[Instant, Instant] | None:
        """Return from when to when it held, once it has ended."""
        if holds:
            self.since = at if self.since is None else self.since
            self.last = at
            return None
        if self.last is None or self.since is None or at - self.last <= self.patience:
            return None
        return self.close()

    def close(self) -> tuple[Instant, Instant] | None:
        """Return what held until now, if for long enough."""
        since, last, self.since, self.last = self.since, self.last, None, None
        if since is None or last is None or last - since < self.least:
            return None
        return since, last
