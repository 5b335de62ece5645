# SPDX-License-Identifier: Apache-2.0
"""`rtsp://USER@HOST[:PORT]/PATH`: an IP camera, over TCP, with digest login (RFC 2326, RFC 2617). Decodes nothing and reconnects never.

The password comes from the environment by way of the opener; neither it nor the user appears in any error.
"""

from typing import Any, Final

import av
import av.error

from kua.adapters.sources.film import Demuxed, trouble_of
from kua.ports.address import shown, with_password
from kua.ports.source import Compressed, Described, Opening

OPEN_SECONDS: Final = 10.0
READ_SECONDS: Final = 8.0
"""Longer than the watchdog's age of a packet: the thread that reads must end by itself some time after it was given up."""


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

    Raises `Refused("source.refused")` for a wrong password, `Rejected("source.not_video")` where there is no picture, else `Unavailable`.
    """
    address = shown(url)
    options = {
        "rtsp_transport": "tcp",
        "allowed_media_types": "video",
        "fflags": "+nobuffer",
        "probesize": "500000",
        "analyzeduration": "1500000",
        "user_agent": "kua",
    }
    container: Any = None
    error: Exception | None = None
    try:
        container = av.open(with_password(url, opening.password), format="rtsp", options=options, timeout=(OPEN_SECONDS, READ_SECONDS))
    except (av.error.FFmpegError, OSError, ValueError) as caught:
        error = caught
    if error is not None:
        raise trouble_of(error, address, "open") from None
    return RtspSource(Demuxed(container, address))
