# SPDX-License-Identifier: Apache-2.0
"""The station's clock and who vouches for it (REC5): the kernel's own word on NTP, else a centre whose time agrees, else a clock with a battery."""

import ctypes
import time
from pathlib import Path
from typing import Final, final

from kua.core.instant import Instant, Millis
from kua.ports.clock import Trust

FIRST: Final = Instant(1_767_225_600_000)
"""2026-01-01: a clock that says less has lost its battery, or never had one."""
RTC: Final = Path("/sys/class/rtc")
AGREE: Final = Millis(2_000)
"""How far the centre's clock may be from ours and still vouch for it."""
LASTING: Final = Millis(3_600_000)
"""How long the centre's word holds."""
_LOOK: Final = Millis(1_000)
_UNSYNCHRONISED: Final = 0x0040  # STA_UNSYNC of <sys/timex.h>
_TIME_ERROR: Final = 5  # TIME_ERROR: what adjtimex(2) returns for a clock that nobody disciplines


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2) on 64-bit Linux; only `status` is read, so the tail is room for the kernel."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("tail", ctypes.c_char * 256),
    )


@final
class SystemClock:
    """The port `Clock`. `centre_says` is told what a centre's clock said; it vouches until the hour is over or somebody sets our clock."""

    def __init__(self) -> None:
        self._vouched_until = Millis(-1)
        self._vouched_ahead = 0
        self._looked = Millis(-_LOOK)
        self._ntp = self._rtc = False

    def now(self) -> Instant:
        """Return wall time."""
        return Instant(time.time_ns() // 1_000_000)

    def monotonic(self) -> Millis:
        """Return a time that never goes back; it counts suspended time too, so that a lid that was closed is not a clock step."""
        return Millis(time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1_000_000)

    def trust(self) -> Trust:
        """Return who vouches for `now`. The kernel is asked at most once a second."""
        at = self.monotonic()
        if at - self._looked >= _LOOK:
            self._looked, self._ntp = at, _synchronised()
            self._rtc = not self._ntp and _is_kept_by_hardware(self.now())
        if self._ntp:
            return "ntp"
        # The centre vouched for the clock as it went then; one that was set since is another clock, of which it has said nothing.
        was_set = abs(self.now() - at - self._vouched_ahead) > AGREE
        if at < self._vouched_until and not was_set:
            return "centre"
        return "rtc" if self._rtc else "none"

    def centre_says(self, theirs: Instant, asked: Instant) -> None:
        """Take the centre's time, which we asked for when our clock said `asked`. It vouches if it agrees within two seconds."""
        agrees = asked - AGREE <= theirs <= self.now() + AGREE
        at = self.monotonic()
        self._vouched_ahead = self.now() - at
        self._vouched_until = Millis(at + LASTING) if agrees else Millis(-1)


def _is_kept_by_hardware(now: Instant) -> bool:
    """Whether a clock with a battery has set the kernel's, and still agrees with it within two seconds. Anything unclear is a no."""
    for clock in sorted(RTC.glob("rtc*")) if now >= FIRST else ():
        try:
            has_set, epoch = (clock / "hctosys").read_text(encoding="ascii").strip(), int((clock / "since_epoch").read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        if has_set == "1" and abs(epoch * 1000 - now) <= AGREE:
            return True
    return False


def _synchronised() -> bool:
    """Ask the kernel whether something disciplines its clock. Anything unclear is a no."""
    try:
        ask = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return False
    asked = _Timex()
    state = ask(ctypes.byref(asked))
    return 0 <= state < _TIME_ERROR and not asked.status & _UNSYNCHRONISED
