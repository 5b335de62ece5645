# SPDX-License-Identifier: Apache-2.0
"""Plug-ins by URL scheme: one visible table of strings, imported only when asked for. Third parties count only where the caller trusts their package by name."""

from collections.abc import Collection
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Final, cast

from kua.core.errors import Misused
from kua.ports.address import scheme_of, split_query
from kua.ports.source import OpenSource

SOURCES: Final = {
    "rtsp": "kua.adapters.sources.rtsp:open_rtsp",
    "rtsps": "kua.adapters.sources.rtsp:open_rtsp",
    "onvif": "kua.adapters.sources.onvif:open_onvif",
    "recorder": "kua.adapters.sources.recorder:open_recorder",
    "usb": "kua.adapters.sources.usb:open_usb",
    "file": "kua.adapters.sources.file:open_file",
    "painted": "kua.adapters.sources.painted:open_painted",
    "whip": "kua.adapters.sources.whip:open_whip",
}
"""What may feed pictures."""


def source_opener(url: str, trusted: Collection[str] = ()) -> OpenSource:
    """Return what opens sources of the URL's scheme; the URL itself is not opened.

    Raises `Misused`: `source.scheme` for a scheme that nobody knows, `source.untrusted` for one that only an untrusted package knows. A source
    plug-in sees raw pictures, so nothing that happens to be installed is taken.
    """
    scheme = scheme_of(url)
    if scheme in SOURCES:
        module, _, name = SOURCES[scheme].partition(":")
        try:
            return cast("OpenSource", getattr(import_module(module), name))
        except ModuleNotFoundError as error:
            raise Misused("source.needs_extra", scheme=scheme, library=(error.name or "?").partition(".")[0]) from error
    offered = [entry for entry in entry_points(group="kua.sources") if entry.name == scheme]
    for entry in offered:
        if entry.dist is not None and entry.dist.name in trusted:
            return cast("OpenSource", entry.load())
    if offered:
        raise Misused("source.untrusted", scheme=scheme, package=offered[0].dist.name if offered[0].dist else "?")
    raise Misused("source.scheme", scheme=scheme[:20])


def placed(url: str, box: Path, camera: str, *, learns: bool = False) -> str:
    """Return the URL with what only this box knows: `whip:` gets the socket at which camera `camera` is answered. `learns`: for a calibration."""
    if not is_telephone(url):
        return url
    place = f"whip:{socket_of(box, camera)}"
    return f"{place}?for=calibration" if learns else place


def socket_of(box: Path, camera: str) -> Path:
    """Return where the process that films with a telephone as camera `camera` answers the listener."""
    return box.absolute() / "listen" / f"camera-{camera}.sock"


def is_telephone(url: str) -> bool:
    """Return whether a telephone or a browser films."""
    return scheme_of(url) == "whip"


def is_live(url: str) -> bool:
    """Return whether the source keeps real time; `file:` with `pace=fast` does not."""
    return not (scheme_of(url) == "file" and split_query(url, "pace loop start")[1].get("pace") == "fast")


def is_loop(url: str) -> bool:
    """Return whether the address says of itself that it begins again at its end: `file:` with `loop=1`."""
    return scheme_of(url) == "file" and split_query(url, "pace loop start")[1].get("loop") == "1"


def is_painted(url: str) -> bool:
    """Return whether the source shows drawings only."""
    return scheme_of(url) == "painted"
