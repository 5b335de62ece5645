# SPDX-License-Identifier: Apache-2.0
"""Is a camera fit for a polling station? From what was measured to a verdict with reasons. Decides only; looking is elsewhere.

kua encodes every picture anew (hiding asks for it), so much that is wrong with a stream is healed by the way: `reencode` says that it is wrong all the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from kua.core.errors import Fact

Grade = Literal["good", "flaw", "bad", "unknown"]
Verdict = Literal["usable", "reencode", "unusable", "unreachable"]

WRONG: Final = 2_000
"""From so many milliseconds on a camera's clock is called wrong."""
NARROW, NARROWEST = 640, 160
"""Pixels of width below which heads are hard to tell, and below which nothing is recorded."""
FEW, FEWEST = 5_000, 1_000
"""Pictures in a thousand seconds below which movement is lost, and below which nothing is recorded: a hole ends a run after a second."""
LONG: Final = 4_000
"""Milliseconds between key pictures from which on each lost connection costs more than a segment."""
THIN: Final = 90
"""Per cent of its own speed below which a stream loses time."""
HEALED: Final = ("camera.codec_other", "camera.times_back", "camera.gop_long", "camera.set_changed", "camera.broken")
_PICTURE: Final = {"frozen": "camera.frozen", "black": "camera.black", "looped": "camera.looped"}


@dataclass(frozen=True, slots=True)
class Measured:
    """What was seen of one camera. Lengths in milliseconds; `sessions` is how many connections it took at once (None: not tried; `most_tried` of them)."""

    codec: str = ""
    accepted: bool = True
    width: int = 0
    height: int = 0
    fps_milli: int = 0
    packets: int = 0
    pictures: int = 0
    broken: int = 0
    keys: int = 0
    longest_gop: int = 0
    duplicates: int = 0
    backward: int = 0
    worst_back: int = 0
    has_sets: bool = True
    set_changes: int = 0
    sizes: tuple[str, ...] = ()
    speed_percent: int = 100
    sound: str = ""
    clock_by: str = "none"
    clock_ms: int = 0
    faults: tuple[str, ...] = ()
    sessions: int | None = None
    most_tried: int = 0
    refused_later: bool = False
    """Whether it refused a login that it had taken just before."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: what, how it stands, the code of the sentence that says so, and its facts."""

    check: str
    grade: Grade
    code: str
    facts: tuple[tuple[str, Fact], ...] = ()


def finding(check: str, grade: Grade, code: str, /, **facts: Fact) -> Finding:
    """Make one."""
    return Finding(check, grade, code, tuple(facts.items()))


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """Return what the findings come to; the gravest counts."""
    listed = list(findings)
    if any(each.grade == "bad" for each in listed):
        return "unusable"
    if not any(each.grade == "good" for each in listed):
        return "unreachable"
    return "reencode" if any(each.code in HEALED for each in listed) else "usable"


def judged(seen: Measured) -> tuple[Finding, ...]:
    """Return a finding for each thing that was looked at."""
    return (*_picture(seen), *_times(seen), *_beside(seen))


def _picture(seen: Measured) -> Iterator[Finding]:
    if not seen.accepted:
        yield finding("codec", "bad", "camera.codec_refused", codec=seen.codec)
    elif seen.codec == "h264":
        yield finding("codec", "good", "camera.codec", codec=seen.codec)
    else:
        yield finding("codec", "flaw", "camera.codec_other", codec=seen.codec)
    if not seen.has_sets:
        yield finding("picture", "bad", "camera.no_sps", packets=seen.packets)
    elif not seen.pictures:
        yield finding("picture", "bad", "camera.no_picture", packets=seen.packets, broken=seen.broken)
    else:
        small: Grade = "bad" if seen.width < NARROWEST else "flaw" if seen.width < NARROW else "good"
        code = "camera.size" if small == "good" else "camera.small"
        yield finding("size", small, code, width=seen.width, height=seen.height)
        few: Grade = "bad" if seen.fps_milli < FEWEST else "flaw" if seen.fps_milli < FEW else "good"
        yield finding("rate", few, "camera.rate" if few == "good" else "camera.few", fps=f"{seen.fps_milli / 1000:.1f}")
    if seen.broken and seen.pictures:
        grade: Grade = "bad" if seen.broken > seen.pictures else "flaw"
        yield finding("picture", grade, "camera.broken", broken=seen.broken, packets=seen.packets)
    for name in seen.faults:
        if name in _PICTURE:
            yield finding("picture", "bad", _PICTURE[name])


def _times(seen: Measured) -> Iterator[Finding]:
    if seen.duplicates or seen.backward:
        facts = {"duplicates": seen.duplicates, "backward": seen.backward, "worst": seen.worst_back}
        yield finding("times", "flaw", "camera.times_back", **facts)
    elif seen.packets:
        yield finding("times", "good", "camera.times", packets=seen.packets)
    if seen.set_changes:
        yield finding("times", "flaw", "camera.set_changed", count=seen.set_changes, sizes=", ".join(seen.sizes))
    if seen.longest_gop >= LONG or (seen.keys < 2 and seen.packets):
        yield finding("keys", "flaw", "camera.gop_long", seconds=f"{seen.longest_gop / 1000:.1f}", keys=seen.keys)
    elif seen.packets:
        yield finding("keys", "good", "camera.gop", seconds=f"{seen.longest_gop / 1000:.1f}")
    if seen.speed_percent < THIN:
        yield finding("line", "bad", "camera.slow", percent=seen.speed_percent)


def _beside(seen: Measured) -> Iterator[Finding]:
    if seen.clock_by == "none":
        yield finding("clock", "flaw", "camera.no_clock")
    elif abs(seen.clock_ms) >= WRONG:
        yield finding("clock", "flaw", "camera.clock_wrong", seconds=f"{seen.clock_ms / 1000:.1f}", by=seen.clock_by)
    else:
        yield finding("clock", "good", "camera.clock", seconds=f"{seen.clock_ms / 1000:.1f}", by=seen.clock_by)
    if seen.sound:
        yield finding("sound", "flaw", "camera.sound", codec=seen.sound)
    else:
        yield finding("sound", "good", "camera.no_sound")
    if seen.refused_later:
        yield finding("viewers", "bad", "camera.login_lost")
    elif seen.sessions is not None:
        is_one = seen.sessions < 2
        yield finding(
            "viewers",
            "flaw" if is_one else "good",
            "camera.one_viewer" if is_one else "camera.viewers",
            count=seen.sessions,
            tried=seen.most_tried,
        )
