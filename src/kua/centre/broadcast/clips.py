# SPDX-License-Identifier: Apache-2.0
"""What of a stretch of time may be given to a reader as a clip, right now. Decides by what is published; reads no clock and no file."""

from dataclasses import dataclass
from typing import Final

from kua.core.errors import Incomplete, Refused, Rejected, Unavailable
from kua.core.instant import Instant, Millis
from kua.media.timeline import Film
from kua.ports.clips import ClipAsked
from kua.ports.index import PublicDay

LONGEST: Final = Millis(15 * 60_000)
"""Milliseconds of the longest clip for a reader: a longer bundle is made with `kua bundle make`, on a computer of one's own."""


@dataclass(frozen=True, slots=True)
class Fit:
    """A stretch that may be given away: what of it is film that is public, as SHA-256 and size of each segment, in order."""

    asked: ClipAsked
    films: tuple[tuple[str, int], ...]

    @property
    def bytes(self) -> int:
        """Bytes of its film."""
        return sum(size for _, size in self.films)


def fit(public: PublicDay, asked: ClipAsked, longest: Millis = LONGEST) -> Fit:
    """Cut what was asked for to what the public may know, and say what film is in it.

    Raises `Rejected("clip.order" | "clip.too_long")`; `Unavailable("clip.not_yet")` for time that is younger than the public delay, `"clip.arriving"` where
    film of it is still on its way; `Incomplete("clip.nothing")` where nothing was recorded; `Refused("clip.withdrawn" | "clip.not_public")` where all
    that was recorded is kept from the public. Film of which a part is kept back is left out, and the clip's own check says so.
    """
    if asked.since >= asked.until:
        raise Rejected("clip.order")
    if asked.until - asked.since > longest:
        raise Rejected("clip.too_long", minutes=longest // 60_000)
    if asked.since >= public.until:
        raise Unavailable("clip.not_yet", seconds=(asked.since - public.until) // 1000 + 1)
    day = public.day.touching(asked.since, asked.until)
    items = [item for item in day.items if item.t1 <= public.until]
    films = [item for item in items if isinstance(item, Film)]
    if not films:
        raise Incomplete("clip.nothing")
    withdrawn = [film for film in films if day.is_withdrawn(film)]
    kept = [film for film in films if film.sha256 in public.unpublished]
    shown = [film for film in films if film.sha256 in public.present and film not in withdrawn]
    if not shown:
        if kept and not withdrawn:
            raise Refused("clip.not_public", clause=public.unpublished[kept[0].sha256])
        if withdrawn:
            raise Refused("clip.withdrawn")
    away = [film for film in films if film not in shown and film not in withdrawn and film not in kept]
    if away:
        raise Unavailable("clip.arriving", count=len(away))
    until = min(asked.until, items[-1].t1)
    since = max(asked.since, items[0].t0)
    return Fit(ClipAsked(asked.station, asked.cam, Instant(since), Instant(until)), tuple((film.sha256, film.size) for film in shown))
