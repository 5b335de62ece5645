# SPDX-License-Identifier: Apache-2.0
"""What may feed a camera's pictures into the station, and what may decode them. A source hands over compressed packets and never decodes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from kua.core.instant import Instant, Millis
from kua.ports.clock import Clock
from kua.sight.raw import Planes


@dataclass(frozen=True, slots=True)
class Described:
    """The one video stream of a source: name of its codec, size (0 if not known yet), time base of its packets in seconds, codec extradata; and how
    far the device's clock is ahead of ours in milliseconds, where it was asked beside the stream (ONVIF).
    """

    codec: str
    width: int
    height: int
    base_num: int
    base_den: int
    extradata: bytes
    clock: Millis | None = None


@dataclass(frozen=True, slots=True)
class Compressed:
    """One packet. `arrival` is None where the reader shall look at the clock; a batch source dates its packets itself. `camera` is the time that the
    camera's own clock claims for the picture, where it says so (RTCP sender reports).
    """

    pts: int
    key: bool
    arrival: Instant | None
    payload: bytes
    camera: Instant | None = None


class Source(Protocol):
    """An open camera or film.

    * `read` blocks until the next packet of the video stream, and returns None at the end of a film (a camera never ends: it fails);
    * it gives up by itself, with `Unavailable`, when nothing comes for about ten seconds;
    * sound and other streams are never handed over;
    * errors are `KuaError` and name no user and no password;
    * `close` may be called twice, but only from the thread that reads.
    """

    @property
    def described(self) -> Described: ...
    def read(self) -> Compressed | None: ...
    def close(self) -> None: ...


PATIENCE: Final = Millis(10_000)


@dataclass(frozen=True, slots=True)
class Opening:
    """What an opener is given besides the URL: a clock, a way to wait (milliseconds), the password for the URL's user, and how long a camera may keep
    silent before the source gives up (longer than the watchdog's age of a packet: a thread that was given up ends by itself).

    `certificate` is SHA-256 in hex of the certificate that a camera over TLS must show. `notice` may be called from any thread with the kind and state
    (`begin`, `end`) of a fault that the device itself tells of.
    """

    clock: Clock
    wait: Callable[[Millis], None]
    password: str | None = field(default=None, repr=False)
    patience: Millis = PATIENCE
    certificate: str | None = None
    notice: Callable[[str, str], None] = lambda _kind, _state: None


OpenSource = Callable[[str, Opening], Source]
"""A source plug-in is a function from URL to an open source. Raises `Misused`, `Rejected`, `Refused` or `Unavailable` (code `source.*`)."""


class Picture(Protocol):
    """One decoded picture, not converted yet."""

    @property
    def pts(self) -> int: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    def planes(self, width: int, height: int) -> Planes:
        """Return the picture as yuv420p in limited range, scaled to that size."""
        ...


class Decoder(Protocol):
    """Turns the packets of one stream into pictures, in the order of their time.

    * It has no network; the bytes may come from a hostile camera;
    * a packet that does not decode yields nothing, and is counted in `broken`;
    * a picture is of use only until the next call.
    """

    @property
    def broken(self) -> int: ...
    def decode(self, pts: int, payload: bytes) -> Sequence[Picture]: ...
    def rest(self) -> Sequence[Picture]: ...


OpenDecoder = Callable[[str, bytes, int, int], Decoder]
"""From codec and extradata. Raises `Rejected("source.codec")` for a codec that is not accepted."""
