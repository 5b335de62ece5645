# SPDX-License-Identifier: Apache-2.0
"""The account of one camera's day: segments and gaps that tile the time from `open` to `close`, and hidden and withdrawn spans over them.

One reader for the centre (what to publish), the site (the day timeline) and the verifier (coverage), so that they cannot disagree.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from kua.core.instant import Instant


@dataclass(frozen=True, slots=True)
class Lowered:
    """What a leaf says that was sent at once in the place of a segment. `run` and what follows are empty where it was the statement alone."""

    rung: str
    run: str = ""
    slot: int = 0
    sha256: str = ""
    size: int = 0
    init: str = ""
    frames: int = 0

    @property
    def name(self) -> str:
        """File name below `film/CAM/`: `live/RUN-SLOT.m4s`."""
        return f"live/{self.run}-{self.slot}.m4s"

    @property
    def init_name(self) -> str:
        """File name of its init segment below `film/CAM/`: `live/RUN-init.mp4`."""
        return f"live/{self.run}-init.mp4"


@dataclass(frozen=True, slots=True)
class Film:
    """One recorded segment as its leaf states it. `leaf` is the index of the leaf in the station's log."""

    leaf: int
    t0: Instant
    t1: Instant
    run: str
    slot: int
    seq: int
    sha256: str
    size: int
    init: str
    frames: int
    trust: str
    phase: str = ""
    lowered: Lowered | None = None

    @property
    def name(self) -> str:
        """File name below `film/CAM/`: `RUN-SLOT.m4s`."""
        return f"{self.run}-{self.slot}.m4s"

    @property
    def digests(self) -> set[str]:
        """SHA-256 (hex) of the segment and of the lowered one, if there is one."""
        return {self.sha256} if self.lowered is None or not self.lowered.run else {self.sha256, self.lowered.sha256}

    @property
    def init_name(self) -> str:
        """File name of the init segment below `film/CAM/`: `RUN-init.mp4`."""
        return f"{self.run}-init.mp4"


@dataclass(frozen=True, slots=True)
class Gap:
    """Time that was not recorded, with the reason that the station gave."""

    leaf: int
    t0: Instant
    t1: Instant
    seq: int
    reason: str


@dataclass(frozen=True, slots=True)
class Span:
    """Hidden or withdrawn time. `t1` is None while a withdrawal has no end."""

    leaf: int
    t0: Instant
    t1: Instant | None
    reason: str

    def covers(self, t0: int, t1: int) -> bool:
        """Return whether [t0, t1) and this span have time in common."""
        return t0 < (self.t1 if self.t1 is not None else t1 + 1) and self.t0 < t1


def lowered_of(body: dict[str, Any]) -> Lowered | None:
    """Return what a `segment` leaf says of the lowered segment; None where the film itself was sent at once."""
    live = body.get("live")
    if live is None:
        return None
    if "sha256" not in live:
        return Lowered(live["rung"])
    return Lowered(live["rung"], live["run"], body["slot"], live["sha256"], live["size"], live["init"], live["frames"])


@dataclass(slots=True)
class Day:
    """Everything that the leaves of one station say of one camera, in log order."""

    cam: str
    opened: Instant | None = None
    closed: Instant | None = None
    items: list[Film | Gap] = field(default_factory=list)
    hidden: list[Span] = field(default_factory=list)
    withdrawn: list[Span] = field(default_factory=list)

    def add(self, index: int, type_: str, body: dict[str, Any]) -> None:
        """Take the leaf number `index` into account if it speaks of this camera or of the whole station."""
        if type_ == "open" and self.opened is None and any(cam["cam"] == self.cam for cam in body["cams"]):
            self.opened = Instant(body["at"])
        elif type_ == "close":
            self.closed = Instant(body["at"])
        elif body.get("cam") != self.cam:
            return
        elif type_ == "segment":
            self.items.append(
                Film(
                    index,
                    Instant(body["t0"]),
                    Instant(body["t1"]),
                    body["run"],
                    body["slot"],
                    body["seq"],
                    body["sha256"],
                    body["size"],
                    body["init"],
                    body["frames"],
                    body["trust"],
                    body["phase"],
                    lowered_of(body),
                )
            )
        elif type_ == "gap":
            self.items.append(Gap(index, Instant(body["t0"]), Instant(body["t1"]), body["seq"], body["reason"]))
        elif type_ == "hidden":
            self.hidden.append(Span(index, Instant(body["t0"]), Instant(body["t1"]), body["reason"]))
        elif type_ == "withdrawn":
            self.withdrawn.append(Span(index, Instant(body["t0"]), None if body["t1"] is None else Instant(body["t1"]), body["article"]))

    def is_withdrawn(self, item: Film | Gap) -> bool:
        """Return whether any part of `item` has been withdrawn from publication."""
        return any(span.covers(item.t0, item.t1) for span in self.withdrawn)

    def touching(self, since: Instant, until: Instant) -> "Day":
        """Return the day with only the items that have time in common with [since, until); they stay as they are."""
        return replace(self, items=[item for item in self.items if item.t0 < until and since < item.t1])

    def within(self, since: Instant, until: Instant) -> "Day":
        """Return the day cut to [since, until), as if it had been opened and closed then: its account is that of this time, to the millisecond."""
        items = [replace(item, t0=max(item.t0, since), t1=min(item.t1, until)) for item in self.touching(since, until).items]
        hidden = [
            replace(span, t0=max(span.t0, since), t1=min(span.t1, until))
            for span in self.hidden
            if span.t1 is not None and span.t0 < until and since < span.t1
        ]
        return replace(self, opened=since, closed=until, items=items, hidden=hidden)

    def account(self) -> "Account":
        """Add up the day from `open` to `close` (or to the end of the last item): the three figures of coverage and what is missing."""
        recorded = sum(item.t1 - item.t0 for item in self.items if isinstance(item, Film))
        gaps = sum(item.t1 - item.t0 for item in self.items if isinstance(item, Gap))
        unaccounted = overlapping = 0
        cursor = self.opened
        for item in self.items:
            if cursor is not None:
                unaccounted += max(0, item.t0 - cursor)
                overlapping += max(0, cursor - item.t0)
            cursor = item.t1
        if self.closed is not None and cursor is not None:
            unaccounted += max(0, self.closed - cursor)
            overlapping += max(0, cursor - self.closed)
        hidden = _length((span.t0, span.t1) for span in self.hidden if span.t1 is not None)
        return Account(recorded, gaps, hidden, unaccounted, overlapping)


@dataclass(frozen=True, slots=True)
class Account:
    """Milliseconds of one camera's day. `hidden` time is also recorded; `unaccounted` and `overlapping` must be 0.

    `overlapping` is time that is accounted for twice, or after the close. Always: close - open = recorded + gaps + unaccounted - overlapping.
    """

    recorded: int
    gaps: int
    hidden: int
    unaccounted: int
    overlapping: int


def _length(spans: Iterable[tuple[int, int]]) -> int:
    total = 0
    end = -1
    for t0, t1 in sorted(spans):
        total += max(0, t1 - max(t0, end))
        end = max(end, t1)
    return total
