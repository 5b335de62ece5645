# SPDX-License-Identifier: Apache-2.0
"""Where an analogue or network recorder keeps the stream of one of its channels: a table of makers' paths, as data (`recorders.toml`)."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from kua.core.errors import Misused

MOST: Final = 64
"""Channels of the largest recorders in schools."""
Kind = Literal["main", "sub"]


@dataclass(frozen=True, slots=True)
class Paths:
    """The templates of one maker."""

    name: str
    makers: tuple[str, ...]
    main: str
    sub: str

    def path(self, channel: int, kind: Kind) -> str:
        """Return the path of a channel's stream, with its query."""
        return (self.main if kind == "main" else self.sub).format(channel=channel, channel0=channel - 1)


@cache
def recorders() -> dict[str, Paths]:
    """Return the table, by name."""
    table = tomllib.loads((files("kua.adapters.network") / "recorders.toml").read_text(encoding="utf-8"))
    return {name: Paths(name, tuple(entry["makers"]), entry["main"], entry["sub"]) for name, entry in table.items()}


def path_of(maker: str, channel: int, kind: Kind) -> str:
    """Return the path of a channel's stream at `maker`'s recorders. Raises `Misused("source.recorder")` for one that is not in the table."""
    wanted = maker.lower()
    for paths in recorders().values():
        if wanted == paths.name or wanted in paths.makers:
            return paths.path(channel, kind)
    raise Misused("source.recorder", given=maker[:40], known=", ".join(sorted(recorders())))
