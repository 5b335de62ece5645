# SPDX-License-Identifier: Apache-2.0
"""Clips of published film that readers ask for at the public site, as the pages see them. No implementation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from kua.core.errors import KuaError
from kua.core.instant import Instant, Millis

Stage = Literal["waiting", "making", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class ClipAsked:
    """What a reader asks for: [since, until) of one camera of a station."""

    station: str
    cam: str
    since: Instant
    until: Instant


@dataclass(frozen=True, slots=True)
class ClipState:
    """How far a clip is: `ahead` others come first while it waits; `path`, `name` (of the file) and `size` (bytes) once it is ready; `error` where it failed.

    `asked` is what it holds, cut to what there is.
    """

    key: str
    asked: ClipAsked
    stage: Stage
    ahead: int = 0
    path: Path | None = None
    name: str = ""
    size: int = 0
    error: KuaError | None = None


class Clips(Protocol):
    """Court bundles of short stretches, made for readers one at a time, only of what is public at that very moment.

    * `order` puts one on the list, or finds the one that is there already, and returns its key; `who` is the reader's address, for the allowance of each.
      Raises `Rejected("clip.order" | "clip.too_long")`, `Refused("clip.not_public" | "clip.withdrawn")`, `Incomplete("clip.nothing")`,
      `Unavailable("clip.not_yet" | "clip.arriving" | "clip.too_many" | "clip.busy" | "clip.no_room")`, and as `PublicIndex.day`;
    * `state` is None for a key that nobody knows (any more): clips are kept for a while, and not a moment after their film was withdrawn;
    * all is called on the event loop's thread and is quick.
    """

    @property
    def longest(self) -> Millis: ...
    def order(self, asked: ClipAsked, who: str) -> str: ...
    def state(self, key: str) -> ClipState | None: ...
