# SPDX-License-Identifier: Apache-2.0
"""`rtsp://USER@HOST[:PORT]/PATH`: an IP camera, over TCP, with digest login (RFC 2326, RFC 2617). Decodes nothing and reconnects never.

The password comes from the environment by way of the opener; neither it nor the user appears in any error.
"""

from typing import Any

import av
import av.error

from kua.adapters.sources.film import Demuxed, trouble_of
from kua.ports.address import shown, with_password
from kua.ports.source import Compressed, Described, Opening

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
    whole = with_password(url, opening.password)
    container, error = _opened(whole, opening, {"allowed_media_types": "video"})
    if isinstance(error, av.error.HTTPOtherClientError):
        # A camera with sound only says no more than "other error" when none of its streams is set up: ask again for all, to tell the two apart.
        container, error = _opened(whole, opening, {})
    if error is not None:
        raise trouble_of(error, address, "open") from None
    return RtspSource(Demuxed(container, address))


def _opened(whole: str, opening: Opening, options: dict[str, str]) -> tuple[Any, Exception | None]:
    """Return a container or an error. The error stays a value: raised or chained it would carry the address with the password into a traceback."""
    options = {"rtsp_transport": "tcp", "probesize": "500000", "analyzeduration": "500000", "user_agent": "kua", **options}
    patience = opening.patience / 1000
    try:
        return av.open(whole, format="rtsp", options=options, timeout=(patience, patience)), None
    except (av.error.FFmpegError, OSError, ValueError) as caught:
        return None, caught
