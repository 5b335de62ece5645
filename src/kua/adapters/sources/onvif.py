# SPDX-License-Identifier: Apache-2.0
"""`onvif://USER@HOST[:PORT][?profile=TOKEN]`: a camera that is asked by ONVIF where its stream is, what its clock shows, and for its own alarms.

What is read is its RTSP stream at the very host that was asked. Alarms come in a thread of their own and never hold up a picture.
"""

import threading
from dataclasses import replace
from typing import Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from kua.adapters import onvif
from kua.adapters.sources.rtsp import RtspSource, open_rtsp
from kua.core.errors import KuaError, Misused, Rejected
from kua.core.instant import Millis
from kua.ports.address import shown
from kua.ports.source import Compressed, Described, Opening

AGAIN: Final = 30.0
"""Seconds after which a broken subscription is tried again."""


class OnvifSource:
    """An open camera whose device was asked first."""

    def __init__(self, stream: RtspSource, clock: Millis | None, over: threading.Event) -> None:
        self._stream, self._clock, self._over = stream, clock, over

    @property
    def described(self) -> Described:
        """The camera's video stream, with the clock of its device."""
        return replace(self._stream.described, clock=self._clock)

    def read(self) -> Compressed | None:
        """Return the next packet. Raises what the RTSP source raises."""
        return self._stream.read()

    def close(self) -> None:
        """Say goodbye, and listen to no more alarms."""
        self._over.set()
        self._stream.close()


def open_onvif(url: str, opening: Opening) -> OnvifSource:
    """Ask the device, then open its stream. Raises what `kua.adapters.onvif.ask` and `open_rtsp` raise; `Rejected("source.no_profile")`."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if set(options) - {"profile"} or not parts.hostname or parts.path.strip("/"):
        raise Misused("source.onvif_address", address=shown(url))
    port, user = parts.port or onvif.PORT, parts.username or ""
    device = onvif.ask(parts.hostname, port, user, opening.password or "", opening.patience)
    chosen = tuple(each for each in device.profiles if options.get("profile") in {None, each.token})
    profile = onvif.best(chosen)
    if profile is None:
        raise Rejected("source.no_profile", address=shown(url), known=", ".join(each.token for each in device.profiles)[:200] or "-")
    found = urlsplit(profile.uri)
    login = f"{parts.netloc.rpartition('@')[0]}@" if user else ""
    stream = open_rtsp(urlunsplit(found._replace(netloc=login + found.netloc)), opening)
    over = threading.Event()
    if device.has_events:
        arguments = (parts.hostname, port, user, opening, over)
        threading.Thread(target=_listen, args=arguments, name="onvif-events", daemon=True).start()
    return OnvifSource(stream, device.clock_ms, over)


def _listen(host: str, port: int, user: str, opening: Opening, over: threading.Event) -> None:
    """Listen to alarms as long as the stream is open. A camera without working events is recorded all the same."""
    while not over.is_set():
        try:
            onvif.watch(host, port, user, opening.password or "", opening.notice, over.is_set)
        except KuaError:
            over.wait(AGAIN)
