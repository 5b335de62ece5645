# SPDX-License-Identifier: Apache-2.0
"""HLS media playlists (RFC 8216 and its second edition) as a pure function of the log.

The verifier renders the same text again from the leaves and compares bytes, so a playlist cannot say anything that the log does not.
Parts and blocking reload (LL-HLS) are not here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from kua.core.instant import SLOT, Instant, rfc3339
from kua.media.timeline import Day, Film

TARGET_SECONDS: Final = 5
"""EXT-X-TARGETDURATION for the life of every playlist: a 4 s segment plus up to 1 s of waiting for the frame that ends it."""

MOST: Final = 100_000
"""Items of the longest playlist (more than four days): a gap of a hundred years in a forged leaf must not fill the memory of its readers."""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a playlist: a segment that can be fetched, or (`run` empty or `present` false) a hole of known length.

    `rung` says what was sent at once where the film itself is not there yet; `apart`: there is a lowered segment of it, so that its media may be of
    another run than its neighbours'.
    """

    t0: Instant
    t1: Instant
    run: str
    uri: str
    map_uri: str
    present: bool
    rung: str = ""
    apart: bool = False


def items_of(day: Day, present: frozenset[str] | set[str], until: Instant, lives: frozenset[str] | set[str] = frozenset()) -> list[Item]:
    """List what the public may know of `day` at the moment `until` (now minus the public delay).

    Segments whose SHA-256 is not in `present`, and withdrawn ones, become holes of the same length; where one of `lives` stands in for a segment that is
    not there, it is that lowered segment. Gaps are cut at slot borders so that no
    item is longer than the target duration. The list only ever grows at its end, up to `MOST` items; an item may change from hole to segment
    when it arrives late, from the lowered segment to the full one, and to a hole when it is withdrawn.
    """
    listed: list[Item] = []
    for item in day.items:
        if item.t1 > until:
            break
        if isinstance(item, Film):
            listed.append(_film_item(day, item, present, lives))
        else:
            slots = islice(_slots(item.t0, item.t1), MOST - len(listed))
            listed.extend(Item(t0, t1, "", f"gap-{t0}.m4s", "", False) for t0, t1 in slots)
        if len(listed) == MOST:
            break
    return listed


def _film_item(day: Day, item: Film, present: frozenset[str] | set[str], lives: frozenset[str] | set[str]) -> Item:
    there, lowered = item.sha256 in present, item.lowered
    is_withdrawn = day.is_withdrawn(item)
    apart = lowered is not None and bool(lowered.run)
    if not there and not is_withdrawn and lowered is not None and lowered.run and lowered.sha256 in lives:
        return Item(item.t0, item.t1, item.run, f"{lowered.name}?leaf={item.leaf}", lowered.init_name, True, lowered.rung, apart)
    rung = "" if lowered is None or there or is_withdrawn else lowered.rung
    return Item(item.t0, item.t1, item.run, f"{item.name}?leaf={item.leaf}", item.init_name, there and not is_withdrawn, rung, apart)


def _slots(t0: int, t1: int) -> Iterable[tuple[Instant, Instant]]:
    while t0 < t1:
        end = min(t1, (t0 // SLOT + 1) * SLOT)
        yield Instant(t0), Instant(end)
        t0 = end


def render(items: Sequence[Item], first: int, ended: bool) -> str:
    """Return the playlist of `items[first:]`. `first` is also EXT-X-MEDIA-SEQUENCE.

    The first line carries no EXT-X-DISCONTINUITY: a break before it has left the list, and EXT-X-DISCONTINUITY-SEQUENCE counts it with those
    of the items before (RFC 8216 section 6.2.2). So an item has the same discontinuity number in every list that holds it.
    """
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS", f"#EXT-X-TARGETDURATION:{TARGET_SECONDS}"]
    lines.append(f"#EXT-X-MEDIA-SEQUENCE:{first}")
    breaks = sum(_breaks(items, number) for number in range(1, min(first, len(items) - 1) + 1)) if first else 0
    lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{breaks}")
    mapped = ""
    for number in range(first, len(items)):
        item = items[number]
        if number > first and _breaks(items, number):
            lines.append("#EXT-X-DISCONTINUITY")
        if item.present and item.map_uri != mapped:
            lines.append(f'#EXT-X-MAP:URI="{item.map_uri}"')
            mapped = item.map_uri
        lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{rfc3339(item.t0)}")
        if item.rung:
            lines.append(f"#EXT-X-KUA-LOWERED:{item.rung}")
        if not item.present:
            lines.append("#EXT-X-GAP")
        lines.append(f"#EXTINF:{(item.t1 - item.t0) / 1000:.3f},")
        lines.append(item.uri)
    if ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def _breaks(items: Sequence[Item], number: int) -> bool:
    """Whether the timestamps may start anew at `number`: another run than the item before it, or a lowered segment of either.

    It never asks which of the two is shown: the number of a break must not change when the full film comes.
    """
    item, before = items[number], items[number - 1]
    return item.run != before.run or item.apart or before.apart


def head_of(text: str) -> tuple[int, int, bool]:
    """Return (EXT-X-MEDIA-SEQUENCE, number of items, ended) of a playlist in our form. Raises `ValueError` if there is no such line."""
    first = -1
    count = 0
    ended = False
    for line in text.splitlines():
        if line.startswith("#EXT-X-MEDIA-SEQUENCE:"):
            first = int(line.partition(":")[2])
        elif line.startswith("#EXTINF:"):
            count += 1
        elif line == "#EXT-X-ENDLIST":
            ended = True
    if first < 0:
        raise ValueError(text[:80])
    return first, count, ended


def uris_of(text: str) -> dict[str, bool]:
    """Return the URI of each item of a playlist in our form, and whether it can be fetched (it has no EXT-X-GAP)."""
    uris: dict[str, bool] = {}
    is_hole = False
    for line in text.splitlines():
        if line == "#EXT-X-GAP":
            is_hole = True
        elif not line.startswith("#"):
            uris[line], is_hole = not is_hole, False
    return uris
