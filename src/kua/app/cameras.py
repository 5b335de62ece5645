# SPDX-License-Identifier: Apache-2.0
"""`kua station cameras`: every camera that can be found, with what can be learned of it, a still of those that are ours, and a verdict.

A login is given to those cameras only whose address and password the commission wrote down for this station; any other one is asked for nothing but what it
tells everybody. A still shows the room unhidden: it is made only while nobody votes (the same rule and the same walled process as the aim page), is readable
by its owner alone, and never leaves the box.
"""

import json
import os
import socket
import struct
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, Final
from urllib.parse import urlsplit

from kua.adapters import onvif
from kua.adapters.durable import DurableFiles
from kua.adapters.network import doors
from kua.app import doctor
from kua.app.census import Doors, seen_now
from kua.app.doctor import Examined
from kua.app.plugins import is_live, is_painted
from kua.app.settings import CameraSettings, load_station
from kua.app.up_eyes import Eye
from kua.core.errors import KuaError, Misused
from kua.core.instant import Millis
from kua.flow.fitness import WRONG, Finding, finding
from kua.law.census import Seen
from kua.ports.address import scheme_of, shown
from kua.station.census import address_of

FOLDER: Final = "cameras"
WATCHED: Final = 4
"""Seconds for which each of our own cameras is watched."""
ONVIF_PORTS: Final = (80, 8000, 8899)
"""Ports on which devices answer ONVIF: the standard's, and those of two large makers."""
ASKING: Final = Millis(5_000)
LOOKED: Final = 15.0
"""Seconds until a still is given up."""
_TURN: Final = 0.1


@dataclass(slots=True)
class Found:
    """One camera. `cam` is its letter where it is ours; `verdict` is that of `kua.flow.fitness`, or `unknown` where it was not asked."""

    address: str
    cam: str | None = None
    make: str = ""
    model: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    fps_milli: int = 0
    clock_by: str = "none"
    clock_ms: int = 0
    still: str | None = None
    still_refused: str = ""
    """Why there is no still: `voting`, `none` (no picture came), or empty."""
    verdict: str = "unknown"
    findings: tuple[Finding, ...] = ()
    profiles: tuple[onvif.Profile, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """The camera as plain JSON values."""
        return {
            "address": self.address, "cam": self.cam, "make": self.make, "model": self.model, "codec": self.codec, "width": self.width,
            "height": self.height, "fps_milli": self.fps_milli, "clock": {"by": self.clock_by, "ahead_ms": self.clock_ms}, "still": self.still,
            "still_refused": self.still_refused, "verdict": self.verdict,
            "findings": [{"check": one.check, "grade": one.grade, "code": one.code, "facts": dict(one.facts)} for one in self.findings],
            "profiles": [
                {"token": each.token, "codec": each.codec, "width": each.width, "height": each.height, "fps": each.fps} for each in self.profiles
            ],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looking:
    """How to look; the defaults are those of the standards, and tests have their own."""

    doors: Doors = field(default_factory=Doors)
    onvif: tuple[int, ...] = ONVIF_PORTS
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    seconds: int = WATCHED
    stills: bool = True


def cameras(
    box: Path,
    interfaces: Sequence[str],
    hosts: Sequence[str],
    looking: Looking | None = None,
    tell: Callable[[str], None] = lambda _at: None,
) -> list[Found]:
    """Return this station's own cameras in the order of the settings, then whatever else answers behind `interfaces` and at `hosts`.

    Raises `Misused("settings.*" | "census.address" | "census.interface")`, `Unavailable("census.network")`.
    """
    how = looking or Looking()
    station = load_station(box)
    asked = [address_of(host) for host in hosts]
    answering = [seen for seen in seen_now(interfaces, asked, how.doors) if seen.is_camera] if interfaces or asked else []
    found = []
    for camera in station.cameras:
        tell(shown(camera.source))
        found.append(_ours(box, camera, how))
    known = {_resolved(camera.source) for camera in station.cameras}
    for seen in answering:
        if seen.address not in known:
            tell(seen.address)
            found.append(_other(seen, how))
    return found


def _ours(box: Path, camera: CameraSettings, how: Looking) -> Found:
    password = camera.password(how.environment)
    one = Found(shown(camera.source), camera.id)
    if how.stills and is_live(camera.source) and not is_painted(camera.source):
        _take_still(box, camera, how, one)
    try:
        examined: Examined | None = doctor.examine(
            camera.source, how.seconds, password=password, certificate=camera.certificate or None, patience=ASKING, viewers=False
        )
    except Misused as error:
        examined = None
        one.verdict, one.findings = "unusable", (Finding("settings", "bad", error.code, tuple(error.facts.items())),)
    if examined is not None:
        seen = examined.measured
        one.verdict, one.findings = examined.verdict, examined.findings
        one.codec, one.width, one.height, one.fps_milli = seen.codec, seen.width, seen.height, seen.fps_milli
        one.clock_by, one.clock_ms = seen.clock_by, seen.clock_ms
    _describe(one, camera.source, password, how)
    return one


def _other(seen: Seen, how: Looking) -> Found:
    """Return what a device that is not ours tells everybody: that it is there, and what its clock shows."""
    clock = next((ahead for port in how.onvif if (ahead := _clock(seen.address, port)) is not None), None)
    findings = [finding("login", "unknown", "camera.not_asked")]
    if clock is not None:
        is_wrong = abs(clock) >= WRONG
        code = "camera.clock_wrong" if is_wrong else "camera.clock"
        findings.append(finding("clock", "flaw" if is_wrong else "good", code, seconds=f"{clock / 1000:.1f}", by="onvif"))
    return Found(
        seen.address, clock_by="none" if clock is None else "onvif", clock_ms=clock or 0, verdict="unknown", findings=tuple(findings)
    )


def _describe(one: Found, source: str, password: str | None, how: Looking) -> None:
    """Ask the device beside the stream for its maker, its clock and its streams, where it speaks ONVIF. Only if the stream did not refuse the login."""
    parts = urlsplit(source)
    if (
        scheme_of(source) not in {"rtsp", "rtsps", "onvif", "recorder"}
        or not parts.hostname
        or any(f.code == "source.refused" for f in one.findings)
    ):
        return
    ports = (parts.port or onvif.PORT,) if scheme_of(source) == "onvif" else how.onvif
    for port in ports:
        if not doors.is_open(parts.hostname, port):
            continue
        clock = _clock(parts.hostname, port)
        if clock is None:
            continue
        if one.clock_by == "none":
            one.clock_by, one.clock_ms = "onvif", clock
        with suppress(KuaError):
            device = onvif.ask(parts.hostname, port, parts.username or "", password or "", ASKING)
            one.make, one.model, one.profiles = device.make, device.model, device.profiles
        return


def _clock(host: str, port: int) -> int | None:
    """Return how far a device's clock is ahead; None where nobody answers, or nothing is installed to ask with."""
    try:
        return onvif.clock_of(host, port, ASKING)
    except Misused:
        return None


def _take_still(box: Path, camera: CameraSettings, how: Looking, one: Found) -> None:
    """Keep one unhidden picture in the box, for the eyes of whoever may read it there. While people vote the process that decodes refuses to."""
    path = box / FOLDER / f"{camera.id}.jpg"
    variable = f"KUA_CAMERA_{camera.id.upper()}_PASSWORD"
    password = camera.password(how.environment)
    eye = Eye(box, camera.id, camera.source, {} if password is None else {variable: password}, raw_only=True)
    try:
        waiting, waited = Event(), 0.0
        while eye.newest is None and not eye.is_over and waited < LOOKED:
            waiting.wait(_TURN)
            waited += _TURN
        newest = eye.newest
        one.still_refused = "" if newest is not None else "voting" if eye.is_closed else "none"
    finally:
        eye.close()
    if newest is None:
        return
    _head, raw, _sent = _parts(newest)
    files = DurableFiles()
    files.replace(path, raw, mode=0o600)
    path.parent.chmod(0o700)
    one.still = f"{FOLDER}/{camera.id}.jpg"


def _parts(glimpse: bytes) -> list[bytes]:
    parts, at = [], 0
    for _ in range(3):
        (length,) = struct.unpack_from(">I", glimpse, at)
        parts.append(glimpse[at + 4 : at + 4 + length])
        at += 4 + length
    json.loads(parts[0])
    return parts


def _resolved(source: str) -> str:
    """Return the IP address of a camera in the settings; the text itself where it has none."""
    host = urlsplit(source).hostname or ""
    with suppress(OSError):
        return str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0]) if host else source
    return host
