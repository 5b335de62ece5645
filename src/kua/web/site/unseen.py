# SPDX-License-Identifier: Apache-2.0
"""What the public does not see, and why: the hiding table of this very election in words. A treatment without words is called by what is certain of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from kua.law.hiding import DEFAULT
from kua.web.kit.pages import Words

PHASES: Final = ("opening", "voting", "count", "protocol")
"""The phases that the page tells of, in the order of the day."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One row: a part of the picture, and how it is shown, a text for each column."""

    zone: str
    name: str
    how: tuple[str, ...]


def rows_of(table: Mapping[str, Any], _: Words) -> tuple[Shown, ...]:
    """Return the rows of the hiding table of an election file; an empty one is the default of the program."""
    held = table or DEFAULT
    names = {
        "booth": _("Booths"),
        "screen": _("Screens with votes or lists"),
        "list": _("Lists of voters"),
        "slot": _("The slot of the ballot box"),
        "box": _("The ballot box"),
        "issue": _("The table where ballots are given out"),
        "count": _("The counting table"),
        "show": _("The place where papers are shown to the camera"),
        "rest": _("The rest of the room, and people in it"),
    }
    words = {
        "fill": _("filled with one colour, before any program looks at it"),
        "unreadable": _("a mosaic that cannot be read; hands over it can be seen"),
        "finer": _("sharp while it equals the empty room; hands in small blocks, heads in one colour"),
        "coarse": _("sharp where the room is empty; people in coarse blocks, heads in one colour"),
        "coarse_grey": _("sharp where the room is empty; people in coarse blocks without colour, heads in one colour"),
        "silhouette": _("figures of one colour on a still picture of the empty room"),
        "piles": _("papers as flat sheets and piles, without the marks on them; people in coarse blocks, heads in one colour"),
        "paper": _("papers sharp; people in coarse blocks, heads in one colour"),
    }
    other = _("hidden, at least as coarsely as the signed file says")
    return tuple(Shown(zone, name, tuple(words.get(_word(held, phase, zone), other) for phase in PHASES)) for zone, name in names.items())


def columns_of(rows: tuple[Shown, ...], names: Mapping[str, str]) -> tuple[tuple[str, ...], tuple[Shown, ...]]:
    """Return the heads of the columns, and the rows, with neighbouring phases that are shown alike in one column. `names` are those of `PHASES`."""
    starts = [at for at in range(len(PHASES)) if at == 0 or any(row.how[at] != row.how[at - 1] for row in rows)]
    ends = [*starts[1:], len(PHASES)]
    heads = tuple(", ".join(names[phase] for phase in PHASES[start:end]) for start, end in zip(starts, ends, strict=True))
    return heads, tuple(Shown(row.zone, row.name, tuple(row.how[start] for start in starts)) for row in rows)


def _word(table: Mapping[str, Any], phase: str, zone: str) -> str:
    row = table.get(phase)
    return str(row.get(zone)) if isinstance(row, Mapping) else ""
