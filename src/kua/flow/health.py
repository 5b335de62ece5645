# SPDX-License-Identifier: Apache-2.0
"""What is wrong with the computer under a station: power, heat, disk. Each fault begins at one measure and ends at another, so that none flickers.

What is not known says nothing: a fault that was seen stands until it is seen to be over. Reads no sensor.
"""

from dataclasses import dataclass
from typing import Final

LOW: Final = 20
"""Per cent of charge below which the battery is called low; it is well again from `CHARGED` on, or on the mains."""
CHARGED: Final = 30
HOT: Final = 85
"""Degrees Celsius from which the computer is called hot: processors slow down a little above that."""
COOL: Final = 75
FAULTS: Final = ("on_battery", "battery_low", "hot", "disk_failing")
"""Kinds of the `fault` leaf, in the order in which they are told."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the sensors say now; None where there is none, or it does not answer. `charge` in per cent, `celsius` of the hottest part."""

    mains: bool | None = None
    charge: int | None = None
    celsius: int | None = None
    disk: bool | None = None
    """Whether the disk calls itself well."""


class Health:
    """One computer. `known` are the faults that were stated before."""

    def __init__(self, known: frozenset[str] = frozenset()) -> None:
        self.faults = known & set(FAULTS)

    def see(self, reading: Reading) -> frozenset[str]:
        """Take a reading into account; return the faults that stand."""
        on_battery = self._held("on_battery", begins=reading.mains is False, ends=reading.mains is True)
        charge = reading.charge
        low = self._held(
            "battery_low",
            begins=charge is not None and charge < LOW and on_battery,
            ends=reading.mains is True or (charge is not None and charge >= CHARGED),
        )
        heat = reading.celsius
        hot = self._held("hot", begins=heat is not None and heat >= HOT, ends=heat is not None and heat <= COOL)
        failing = self._held("disk_failing", begins=reading.disk is False, ends=reading.disk is True)
        self.faults = frozenset(kind for kind, stands in zip(FAULTS, (on_battery, low, hot, failing), strict=True) if stands)
        return self.faults

    def _held(self, kind: str, *, begins: bool, ends: bool) -> bool:
        return begins or (kind in self.faults and not ends)
