# SPDX-License-Identifier: Apache-2.0
"""Heartbeats: how a station says that it is, beside its log, once a minute. Nothing is proved by them; they are for those who must drive there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kua.core.errors import Rejected
from kua.core.instant import Instant

MOST: Final = 4 * 1024
"""Bytes of one heartbeat."""
_NUMBERS: Final = ("owed", "owed_bytes", "rate", "disk_free", "film")
_MOST_FAULTS: Final = 32


@dataclass(frozen=True, slots=True)
class Beat:
    """The newest heartbeat of a station: files and bytes that it owes, bits a second that its line carries (None: not measured of late), bytes of disk that
    are free, milliseconds since its last segment, the trust of its clock, what of its film is sent at once (`kua.flow.thin`), and its faults (`CAM.KIND`, or `KIND` of the whole box).
    """

    heard_at: Instant
    owed: int | None
    owed_bytes: int | None
    rate: int | None
    disk_free: int | None
    film: int | None
    trust: str
    rung: str
    faults: tuple[str, ...]


def read_beat(data: bytes, heard_at: Instant) -> Beat:
    """Read a heartbeat; members that are not known are passed over, since stations are renewed one by one. Raises `Rejected("ingest.beat")`."""
    try:
        body: Any = json.loads(data) if len(data) <= MOST else None
        if not isinstance(body, Mapping):
            raise TypeError(type(body).__name__)
        numbers = {name: _number(body.get(name)) for name in _NUMBERS}
        faults = body.get("faults", [])
        if not isinstance(faults, list) or len(faults) > _MOST_FAULTS:
            raise ValueError("faults")
        return Beat(heard_at, **numbers, trust=_word(body.get("trust", "none")), rung=_word(body.get("rung", "full")), faults=tuple(_word(fault) for fault in faults))
    except (ValueError, TypeError, RecursionError) as error:
        raise Rejected("ingest.beat") from error


def _number(value: object) -> int | None:
    if value is not None and (type(value) is not int or not 0 <= value < 1 << 53):
        raise ValueError(value)
    return value


def _word(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 40 or not value.isascii() or not value.isprintable():
        raise ValueError(value)
    return value
