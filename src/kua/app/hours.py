# SPDX-License-Identifier: Apache-2.0
"""The keys of the hours of one box, with the system's generator behind them."""

import secrets
from pathlib import Path

from kua.adapters.durable import DurableFiles
from kua.station.hours import HourKeys


def hour_keys(box: Path) -> HourKeys:
    """Return the keys in `keys/hours` of `box`; nothing is made or read yet."""
    return HourKeys(box / "keys" / "hours", DurableFiles(), lambda: secrets.token_bytes(32))
