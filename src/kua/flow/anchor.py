# SPDX-License-Identifier: Apache-2.0
"""When was a frame captured? From the camera's media time and the arrival of packets to wall time, for one run (REC4, REC5).

The least delayed frame wins: capture = media + min over packets of (arrival - media), first over the warm-up, later followed by at most
500 ppm. Nothing here reads a clock; media time is in microseconds, wall time in milliseconds.
"""

from typing import Final, Literal, NewType

from kua.core.instant import Instant, Millis

Micros = NewType("Micros", int)
"""Media time in microseconds, from any origin."""

WARM: Final = Millis(1_000)
"""Packets of so long (by arrival) are looked at before a run gets its first time."""
SLEW_PPM: Final = 500
"""Capture time is corrected by at most this much: 0.5 ms in a second."""
STEP: Final = Millis(5_000)
"""A clock that is off by more than this is not followed: the run is closed (REC5)."""
WINDOW: Final = Millis(5_000)
"""Half of the time over which the least delayed packet is sought."""
JUMP: Final = Micros(1_000_000)
"""Media time that moves by more than this between packets, either way, ends the run: a hole is never a stretched frame (REC4)."""
LONG: Final = Millis(600_000)
"""Drift is measured from so long on: before that it is lost in the jitter of packets."""
STILL: Final = Millis(0)
ADRIFT: Final = Millis(10_000)
"""A new run that would begin this much before the end of the one before it goes on from there instead, undated by the clock."""


class Anchor:
    """Ties the media time of one run to the wall.

    `floor` is the end of what is recorded already. Where the wall clock was set back by more than `ADRIFT`, the run is laid after `floor` and
    `adrift` is true until the clock has caught up: film is never lost nor laid over film, and the statement says that nobody vouches for the time.
    """

    def __init__(self, floor: Instant | None = None) -> None:
        self._floor = floor
        self._first: tuple[Micros, Instant] | None = None
        self._latest = Micros(0)
        self._now = Instant(0)
        self._early: int | None = None
        self._late: int | None = None
        self._turned = Instant(0)
        self._base: float | None = None
        self._cast = (0, Micros(0))
        self.adrift = False
        """Whether times are not the wall clock's."""

    def observe(self, media: Micros, arrival: Instant) -> None:
        """Take one packet into account, in the order of arrival."""
        offset = arrival * 1000 - media
        if self._first is None:
            self._first, self._latest, self._turned = (media, arrival), media, arrival
        self._now = arrival
        if abs(arrival - self._turned) >= WINDOW:
            self._early, self._late, self._turned = self._late, None, arrival
        self._late = offset if self._late is None else min(self._late, offset)
        passed = max(0, media - self._latest)
        self._latest = max(self._latest, media)
        if self._base is None:
            if arrival - self._first[1] >= WARM:
                self.settle()
            return
        wanted = self._wanted()
        if self.adrift:
            self.adrift = wanted < self._base
        else:
            reach = passed * SLEW_PPM / 1e6
            self._base += max(-reach, min(reach, wanted - self._base))

    def _wanted(self) -> int:
        return min(offset for offset in (self._early, self._late) if offset is not None)

    def drift_ppm(self, moved: Millis = STILL) -> int:
        """Return by how many parts in a million the camera's time has run faster than ours since the run began (slower: negative), as measured and
        not as corrected. `moved` is how far our wall clock was set meanwhile, which is no drift. 0 until it was watched for `LONG`.
        """
        offset, since = self._cast
        passed = self._latest - since
        if self._base is None or self.adrift or passed < LONG * 1000:
            return 0
        return round((offset + moved * 1000 - self._wanted()) * 1_000_000 / passed)

    @property
    def is_settled(self) -> bool:
        """Whether `at` may be asked."""
        return self._base is not None

    def settle(self) -> None:
        """End the warm-up with what was seen (the run may be over before it). Without any packet it does nothing."""
        if self._base is not None or self._first is None:
            return
        self._base = self._wanted()
        self._cast = (self._wanted(), self._latest)
        if self._floor is not None and self._base + self._first[0] < (self._floor - ADRIFT) * 1000:
            self._base = (self._floor + 1) * 1000 - self._first[0]
            self.adrift = True

    def at(self, media: Micros) -> Instant:
        """Return when the frame with that media time was captured. Raises `ValueError` during the warm-up."""
        if self._base is None:
            raise ValueError("warming")
        return Instant(round((self._base + media) / 1000))

    @property
    def has_stepped(self) -> bool:
        """Whether wall and media have come apart by more than `STEP`."""
        return self._base is not None and not self.adrift and abs(self._wanted() - self._base) > STEP * 1000

    @property
    def lags(self) -> bool:
        """Whether it is the packets that come later and later: the wall clock itself, asked elsewhere, was not set."""
        return self._base is not None and self._wanted() > self._base


class MediaLine:
    """Watches media time packet by packet: small steps back are the decoder's reordering or a camera's stutter, a jump is another run."""

    def __init__(self) -> None:
        self._top: Micros | None = None
        self._arrival = Instant(0)

    def step(self, media: Micros, arrival: Instant) -> Literal["on", "silent", "jump"]:
        """Say whether the packet goes on from the one before it; `silent`: the wall agrees that time passed, `jump`: the camera's clock was set."""
        passed = arrival - self._arrival
        self._arrival = arrival
        if self._top is None or abs(media - self._top) <= JUMP:
            self._top = media if self._top is None else max(self._top, media)
            return "on"
        leapt = (media - self._top) // 1000
        self._top = media
        return "silent" if leapt > 0 and abs(leapt - passed) <= 1000 else "jump"


class ClockWatch:
    """Compares the wall clock with the monotonic one: their difference changes only when somebody sets the wall clock."""

    def __init__(self, now: Instant, monotonic: Millis) -> None:
        self._offset = now - monotonic

    def step(self, now: Instant, monotonic: Millis) -> Millis | None:
        """Return by how much the clock was set since the last call if that is more than `STEP`, else None. Slow drift is forgotten."""
        moved = now - monotonic - self._offset
        if abs(moved) <= STEP:
            return None
        self._offset += moved
        return Millis(moved)
