# SPDX-License-Identifier: Apache-2.0
"""`usb:/dev/video0?w=1280&h=720&fps=10`: a camera on this computer's own cable (Video4Linux2). It must compress by itself, as MJPEG or H.264: `fetch` does not
encode. Its picture can be lost, never its login: there is none.
"""

import errno
import re
from typing import Any, Final

import av
import av.error

from kua.adapters.sources.film import Demuxed, trouble_of
from kua.core.errors import KuaError, Misused, Rejected, Unavailable
from kua.ports.address import split_query, whole_number
from kua.ports.source import Compressed, Described, Opening

FORMATS: Final = ("mjpeg", "h264")
"""What is asked for, in this order: almost every camera of a computer has the first."""
_DEVICE: Final = re.compile(r"/dev/(?:video[0-9]{1,3}|v4l/by-(?:id|path)/[A-Za-z0-9_.:+-]{1,200})")
_BUSY: Final = (errno.EBUSY,)
_RIGHTS: Final = (errno.EACCES, errno.EPERM)
_NONE: Final = (errno.ENOENT, errno.ENODEV, errno.ENXIO)


class UsbSource:
    """An open camera of this computer."""

    def __init__(self, demuxed: Demuxed) -> None:
        self._demuxed = demuxed

    @property
    def described(self) -> Described:
        """Its stream."""
        return self._demuxed.described

    def read(self) -> Compressed | None:
        """Return the next packet. Raises `Unavailable("source.silent" | "source.unreachable")` when the cable is pulled."""
        return self._demuxed.read()

    def close(self) -> None:
        """Let the device go."""
        self._demuxed.close()


def open_usb(url: str, opening: Opening) -> UsbSource:
    """Open the device.

    Raises `Misused("source.device")` for a path that is no camera's, `Rejected("source.device_format")` where it does not compress, and `Unavailable`:
    `source.no_device`, `source.device_rights`, `source.device_busy`.
    """
    body, options = split_query(url, "w h fps")
    if not _DEVICE.fullmatch(body):
        raise Misused("source.device", given=body[:60])
    width, height = whole_number(options, "w", 1280, 160, 3840), whole_number(options, "h", 720, 120, 2160)
    fps = whole_number(options, "fps", 10, 1, 60)
    for kind in FORMATS:
        container, error = _opened(body, opening, {"input_format": kind, "video_size": f"{width}x{height}", "framerate": str(fps)})
        if error is None:
            return UsbSource(Demuxed(container, f"usb:{body}"))
        told = _told(error, body)
        if told is not None:
            raise told
    raise Rejected("source.device_format", device=body, width=width, height=height)


def _told(error: Exception, device: str) -> KuaError | None:
    """Return what an error of the device means; None where another format may help."""
    number = getattr(error, "errno", None)
    if number in _NONE:
        return Unavailable("source.no_device", device=device)
    if number in _RIGHTS:
        return Unavailable("source.device_rights", device=device)
    if number in _BUSY:
        return Unavailable("source.device_busy", device=device)
    if number in {errno.EINVAL, errno.EIO}:
        return None
    return (
        Rejected("source.device_format", device=device, width=0, height=0) if number == errno.ENOTTY else trouble_of(error, device, "read")
    )


def _opened(device: str, opening: Opening, options: dict[str, str]) -> tuple[Any, Exception | None]:
    seconds = opening.patience / 1000
    try:
        return av.open(device, format="v4l2", options=options, timeout=(seconds, seconds)), None
    except (av.error.FFmpegError, OSError, ValueError) as caught:
        return None, caught
