# SPDX-License-Identifier: Apache-2.0
"""`rtsp://USER@HOST[:PORT]/PATH`, or `rtsps://` with a pinned certificate: an IP camera, with digest login (RFC 2326, RFC 2617). Over TCP; over UDP where
the camera itself refuses TCP. Decodes nothing and reconnects never.

The password comes from the environment by way of the opener; neither it nor the user appears in any error.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final

import av
import av.error

from kua.adapters.sources.film import Demuxed, trouble_of
from kua.adapters.sources.pinned import pinned
from kua.core.errors import KuaError, Unavailable
from kua.core.instant import Millis
from kua.ports.address import scheme_of, shown, with_password
from kua.ports.source import Compressed, Described, Opening

_PICTURE: Final = {"allowed_media_types": "video"}
_BUSY: Final = (av.error.HTTPOtherClientError, av.error.HTTPServerError)
"""Answers of a camera that is there and will not: 453 (no room for another viewer), 503, and those that FFmpeg has no name for."""


class RtspSource:
    """An open camera."""

    def __init__(self, demuxed: Demuxed) -> None:
        self._demuxed = demuxed

    @property
    def described(self) -> Described:
        """The camera's video stream."""
        return self._demuxed.described

    def read(self) -> Compressed | None:
        """Return the next packet. Raises `Unavailable("source.silent" | "source.unreachable")`."""
        return self._demuxed.read()

    def close(self) -> None:
        """Say goodbye to the camera (TEARDOWN), so that its session does not linger."""
        self._demuxed.close()


def open_rtsp(url: str, opening: Opening) -> RtspSource:
    """Connect.

    Raises `Refused`: `source.refused` for a wrong password, `source.other_certificate`; `Rejected("source.not_video")` where there is no picture;
    `Misused("source.no_pin")`; else `Unavailable`: `source.busy` where the camera has no room for another viewer, `source.silent`, `source.unreachable`.
    """
    container, error = connected(url, opening)
    if error is not None:
        raise error
    return RtspSource(Demuxed(container, shown(url)))


def sound_of(url: str, opening: Opening) -> str:
    """Return the codec of the sound that a camera offers, empty for none. Its bytes are not read."""
    container, error = connected(url, opening, sound=True)
    if error is not None:
        raise error
    try:
        return next((str(stream.codec_context.name) for stream in container.streams.audio), "")
    finally:
        container.close()


def connected(url: str, opening: Opening, *, sound: bool = False) -> tuple[Any, KuaError | None]:
    """Return an open container or what stands for the error. `sound`: set its sound up too, only to see whether there is any.

    Raises only `Misused`, and what `pinned` raises.
    """
    address, whole = shown(url), with_password(url, opening.password)
    guard: AbstractContextManager[dict[str, str]] = (
        pinned(url, opening.certificate, opening.patience) if scheme_of(url) == "rtsps" else nullcontext({})
    )
    with guard as trust:
        wanted = {} if sound else _PICTURE
        container, error = _opened(whole, opening.patience, trust | wanted)
        if isinstance(error, _BUSY):
            # A camera with sound only, of which nothing is set up, has no name of its own: it is asked once more for all, to tell the two apart.
            container, other = _opened(whole, opening.patience, trust)
            error = error if other is not None else None
    if error is None:
        return container, None
    if isinstance(error, _BUSY):
        return None, Unavailable("source.busy", address=address)
    if trust and isinstance(error, OSError) and not isinstance(error, TimeoutError):
        return None, Unavailable("source.tls", address=address)
    return None, trouble_of(error, address, "open")


def _opened(whole: str, patience: Millis, more: dict[str, str]) -> tuple[Any, Exception | None]:
    """Return a container or an error. The error stays a value: raised or chained it would carry the address with the password into a traceback."""
    # TCP first; where the camera answers 461, Unsupported Transport, FFmpeg asks for UDP on the same connection.
    options = {
        "rtsp_transport": "tcp+udp",
        "rtsp_flags": "prefer_tcp",
        "probesize": "500000",
        "analyzeduration": "500000",
        "user_agent": "kua",
        **more,
    }
    seconds = patience / 1000
    try:
        return av.open(whole, format="rtsp", options=options, timeout=(seconds, seconds)), None
    except (av.error.FFmpegError, OSError, ValueError) as caught:
        return None, caught
