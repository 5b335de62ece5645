# SPDX-License-Identifier: Apache-2.0
"""The hiding table: for each phase of the day and each zone of a picture, how it is shown. It is data, hashed, and part of the election file.

Legal ground: secrecy of the vote (Constitutional Law on Elections, art. 8) for booths and screens; personal data for people and lists.
Decides nothing about pixels: `kua.sight` carries the table out, and what it does not know how to do it shows coarser, never finer.
"""

from collections.abc import Mapping
from typing import Final

from kua.core.canonical import Json, canonical
from kua.core.digest import Digest, sha256
from kua.core.errors import Rejected

Table = Mapping[str, Mapping[str, str]]
"""Phase to zone to treatment."""

PHASES: Final = ("rehearsal", "opening", "voting", "count", "protocol", "storage")
"""The phases of a station's day."""
ZONES: Final = ("booth", "list", "screen", "slot", "box", "issue", "count", "show", "code", "door", "forbidden", "rest")
"""The kinds of zones; `rest` is everything that no other zone holds."""
TREATMENTS: Final = ("fill", "unreadable", "finer", "coarse", "coarse_grey", "paper", "code")
"""fill: one colour, before anything looks · unreadable: coarse mosaic always · finer: sharp where it equals the room, else mosaic cells of half the size ·
coarse: sharp where it equals the room, else colour mosaic, found heads solid (H2) · coarse_grey: the same without colour (H1) ·
paper: as coarse until paper can be told from heads · code: as coarse until the liveness code is read."""

_COMMON: Final = {"booth": "fill", "screen": "fill", "list": "unreadable", "slot": "finer", "box": "finer", "code": "code"}
_H2: Final = {"issue": "coarse", "door": "coarse", "forbidden": "coarse", "rest": "coarse"}
_H1: Final = {"issue": "coarse_grey", "door": "coarse_grey", "forbidden": "coarse_grey", "rest": "coarse_grey"}

DEFAULT: Final[Table] = {
    "rehearsal": {**_COMMON, **_H2, "show": "paper", "count": "coarse"},
    "opening": {**_COMMON, **_H2, "show": "paper", "count": "coarse"},
    "voting": {**_COMMON, **_H1, "show": "coarse_grey", "count": "coarse_grey"},
    "count": {**_COMMON, **_H2, "show": "paper", "count": "paper"},
    "protocol": {**_COMMON, **_H2, "show": "paper", "count": "paper"},
    "storage": {**_COMMON, **_H2, "show": "coarse", "count": "coarse"},
}
"""The default of the design; a legal profile may change it, but never what booths and screens get."""


def read_table(value: object) -> Table:
    """Check a hiding table. Every phase and zone must be there.

    Raises `Rejected("policy.table")` for a hole or an unknown word, `Rejected("policy.booth")` where a booth or screen is not filled.
    """
    if not isinstance(value, Mapping) or set(value) != set(PHASES):
        raise Rejected("policy.table", where="phases")
    for phase in PHASES:
        row = value[phase]
        if not isinstance(row, Mapping) or set(row) != set(ZONES):
            raise Rejected("policy.table", where=phase)
        for zone in ZONES:
            if row[zone] not in TREATMENTS:
                raise Rejected("policy.table", where=f"{phase}.{zone}")
        if row["booth"] != "fill" or row["screen"] != "fill":
            raise Rejected("policy.booth", phase=phase)
        if row["list"] not in ("unreadable", "fill"):
            raise Rejected("policy.table", where=f"{phase}.list")
    return {phase: dict(value[phase]) for phase in PHASES}


def table_json(table: Table) -> Json:
    """Return the table as a JSON object."""
    return {phase: dict(row) for phase, row in table.items()}


def table_digest(table: Table) -> Digest:
    """Return the SHA-256 of the table's canonical bytes: the `policy` of calibrations and leaves."""
    return sha256(canonical(table_json(table)))
