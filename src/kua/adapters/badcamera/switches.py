# SPDX-License-Identifier: Apache-2.0
"""The fault switches of the bad camera: each is something that a camera in the field has been seen to do. Data only."""

from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Switches:
    """What the camera does wrong; nothing of it by default. Numbers of pictures count from the first one of the first connection."""

    no_sps: bool = False
    """Neither its description nor its stream holds the parameter sets without which no picture can be decoded (RFC 6184, section 8)."""
    sps_change_at: int | None = None
    """From this picture on it sends another size, with new parameter sets in the stream and on the same connection."""
    no_reports: bool = False
    """No RTCP sender reports: nobody learns what time the camera believes it is (RFC 3550, section 6.4.1)."""
    duplicate_every: int | None = None
    """Each so-many-th picture carries the time of the one before it."""
    backward_every: int | None = None
    """Each so-many-th picture carries the time of the third one before it."""
    hangs_after_setup: bool = False
    """It never answers PLAY."""
    sessions: int | None = None
    """It plays for so many at a time; the next one is told 453, Not Enough Bandwidth."""
    sound: bool = False
    """It offers sound beside the picture: G.711, A-law, 8 kHz."""
    refuses_after: int | None = None
    """After so many requests it answers each further one with 401, Unauthorized: its accounts were locked or changed."""
    slow: float = 1.0
    """Each picture takes so many times its own length to arrive."""
    frozen_at: int | None = None
    """From this picture on its sensor hands out the same picture again and again; the encoder goes on."""
    stalls_at: int | None = None
    """From this picture on nothing comes, and the connection stays open."""
    loop: int | None = None
    """It plays its first so many pictures (whole GOPs) for ever, the same bytes with the time going on."""
    black_at: int | None = None
    """From this picture on its picture is black."""
    garbage_at: int | None = None
    """From this picture on the bytes of its pictures are noise."""
    refuses_transport: Literal["", "tcp", "udp"] = ""
    """It answers SETUP for this transport with 461, Unsupported Transport."""
    clock_ms: int = 0
    """Its clock is ahead by so many milliseconds."""
    drift_ppm: int = 0
    """And goes too fast by so many parts in a million."""


FAULTS: Final[dict[str, Switches]] = {
    "missing_sps": Switches(no_sps=True),
    "sps_change": Switches(sps_change_at=60),
    "no_sender_reports": Switches(no_reports=True),
    "duplicate_times": Switches(duplicate_every=5),
    "backward_times": Switches(backward_every=7),
    "hangs_after_setup": Switches(hangs_after_setup=True),
    "session_limit": Switches(sessions=1),
    "sound": Switches(sound=True),
    "login_lost": Switches(refuses_after=4),
    "slow": Switches(slow=2.0),
    "frozen": Switches(frozen_at=10),
    "stalls": Switches(stalls_at=30),
    "looped": Switches(loop=20),
    "black": Switches(black_at=10),
    "garbage": Switches(garbage_at=10),
}
"""Each switch by its name, alone, as `kua doctor camera --self-test` throws it."""
