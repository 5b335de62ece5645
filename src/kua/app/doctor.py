# SPDX-License-Identifier: Apache-2.0
"""`kua doctor camera`: connects to a camera, watches it for some seconds, and says whether a station can use it. Keeps no picture and shows none.

What decodes is another process, without a network; this one sees packets only.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Event
from typing import Any, BinaryIO, Final, cast
from urllib.parse import urlsplit

from kua.adapters.clock import SystemClock
from kua.app.plugins import source_opener
from kua.core.errors import KuaError, Misused, Unavailable
from kua.core.instant import Millis
from kua.flow.camera_clock import CameraClock
from kua.flow.fitness import Finding, Measured, Verdict, finding, judged, verdict_of
from kua.media.stream import Stream
from kua.ports.address import scheme_of, shown
from kua.ports.clock import Clock
from kua.ports.source import PATIENCE, Described, Opening, Source
from kua.station.pipe import Packet, Start, send

PASSWORD: Final = "KUA_CAMERA_PASSWORD"  # noqa: S105 - the name of a variable
TRIED: Final = 3
"""Connections at once that are tried: a station needs one, and room for whoever installs it."""
OVER: Final = 3
"""A camera that comes slower than its own time is watched for at most so many times as long."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What `kua doctor camera` answers."""

    address: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    measured: Measured

    def to_json(self) -> dict[str, Any]:
        """The answer as plain JSON values."""
        seen = self.measured
        listed = [{"check": one.check, "grade": one.grade, "code": one.code, "facts": dict(one.facts)} for one in self.findings]
        return {
            "v": 1, "address": self.address, "verdict": self.verdict, "codec": seen.codec, "width": seen.width, "height": seen.height,
            "fps_milli": seen.fps_milli, "clock": {"by": seen.clock_by, "ahead_ms": seen.clock_ms}, "findings": listed,
        }  # fmt: skip


def examine(
    url: str,
    seconds: int,
    *,
    password: str | None = None,
    certificate: str | None = None,
    patience: Millis = PATIENCE,
    tell: Callable[[int], None] = lambda _seconds: None,
    viewers: bool = True,
) -> Examined:
    """Watch the camera at `url` for `seconds` of its own time. `tell` is told how far it is; `viewers`: try how many connections it takes.

    Raises `Misused` for an address that is none, holds a password, or is not a camera's.
    """
    require_no_password(url)
    clock, address = SystemClock(), shown(url)
    opener = source_opener(url)
    opening = Opening(clock, _wait, password, patience, certificate)
    try:
        source = opener(url, opening)
    except Misused:
        raise
    except KuaError as error:
        return _failed(address, error)
    trouble: KuaError | None = None
    try:
        seen, trouble = _watched(source, clock, seconds, tell)
        if viewers and trouble is None:
            count, refused = _viewers(url, opening)
            seen = replace(seen, sessions=count, most_tried=TRIED, refused_later=refused)
    finally:
        source.close()
    seen = replace(seen, sound=_sound_of(url, opening))
    findings = (finding("connection", "good", "camera.connected", address=address), *judged(seen))
    if trouble is not None:
        findings = (*findings, Finding("connection", "bad", trouble.code, tuple(trouble.facts.items())))
    return Examined(address, verdict_of(findings), findings, seen)


def require_no_password(url: str) -> None:
    """Raises `Misused("doctor.password")`: what stands on a command line is read by every program of the computer."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Misused("source.scheme", scheme="") from error
    if parts.password:
        raise Misused("doctor.password", address=shown(url), variable=PASSWORD)


def password_of(environment: Mapping[str, str] = os.environ) -> str | None:
    """Return the password that the person gave in the environment."""
    return environment.get(PASSWORD) or None


def _failed(address: str, error: KuaError) -> Examined:
    only = Finding("connection", "unknown" if isinstance(error, Unavailable) else "bad", error.code, tuple(error.facts.items()))
    return Examined(address, verdict_of([only]), (only,), Measured())


def _watched(source: Source, clock: Clock, seconds: int, tell: Callable[[int], None]) -> tuple[Measured, KuaError | None]:
    """Watch an open source; return what was measured, and the error that ended it too early."""
    told: Described = source.described
    stream, camera_clock = Stream(told.codec, told.base_den / told.base_num), CameraClock()
    stream.extradata(told.extradata)
    quiet = subprocess.DEVNULL
    eye = subprocess.Popen([sys.executable, "-m", "kua.app.doctor_eye"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=quiet)
    packets, numbers = cast("BinaryIO", eye.stdin), cast("BinaryIO", eye.stdout)
    trouble: KuaError | None = None
    began = clock.monotonic()
    try:
        with suppress(BrokenPipeError):
            send(packets, Start(told.codec, told.width, told.height, told.base_num, told.base_den, told.extradata))
            while stream.span < seconds * 1000 and clock.monotonic() - began < OVER * seconds * 1000:
                try:
                    packet = source.read()
                except KuaError as error:
                    trouble = error
                    break
                if packet is None:
                    break
                arrival = clock.now()
                stream.see(packet.pts, arrival, packet.payload, key=packet.key)
                if packet.camera is not None:
                    camera_clock.observe(packet.camera, arrival)
                tell(stream.span // 1000)
                send(packets, Packet(packet.pts, packet.key, arrival, packet.payload))
        with suppress(BrokenPipeError):
            packets.close()
        decoded: dict[str, Any] = json.loads(numbers.read() or b"{}")
    finally:
        numbers.close()
        eye.kill()
        eye.wait()
    return _measured(told, stream, camera_clock, decoded), trouble


def _measured(told: Described, stream: Stream, camera: CameraClock, decoded: Mapping[str, Any]) -> Measured:
    sizes = tuple(str(each) for each in decoded.get("sizes", ()))
    width, _, height = (sizes[-1] if sizes else f"{told.width}x{told.height}").partition("x")
    by = "rtcp" if camera.offset is not None else "onvif" if told.clock is not None else "none"
    return Measured(
        told.codec, bool(decoded.get("accepted", True)), int(width), int(height), stream.fps_milli, stream.packets, int(decoded.get("pictures", 0)),
        int(decoded.get("broken", 0)), stream.keys, stream.longest_gop, stream.duplicates, stream.backward, stream.worst_back,
        has_sets=told.codec not in {"h264", "hevc"} or bool(stream.sets), set_changes=stream.set_changes, sizes=sizes,
        speed_percent=stream.speed_percent, clock_by=by, clock_ms=camera.offset if camera.offset is not None else told.clock or 0,
        faults=tuple(str(each) for each in decoded.get("faults", ())),
    )  # fmt: skip


def _viewers(url: str, opening: Opening) -> tuple[int, bool]:
    """Return how many connections the camera takes at once, the one that is open included; and whether it refuses a login that it took before."""
    more: list[Source] = []
    try:
        while len(more) + 1 < TRIED:
            try:
                more.append(source_opener(url)(url, opening))
            except KuaError as error:
                return len(more) + 1, error.code == "source.refused"
        return len(more) + 1, False
    finally:
        for each in more:
            each.close()


def _sound_of(url: str, opening: Opening) -> str:
    """Return the codec of the sound that a camera offers; empty where it offers none, or is not asked over a network."""
    if scheme_of(url) not in {"rtsp", "rtsps"}:
        return ""
    from kua.adapters.sources.rtsp import sound_of

    with suppress(KuaError):
        return sound_of(url, opening)
    return ""


def _wait(span: Millis) -> None:
    Event().wait(span / 1000)


# ---------------------------------------------------------------------------------------------------------- the self-test

EXPECTED: Final = {
    "well": "camera.size",
    "missing_sps": "camera.no_sps",
    "sps_change": "camera.set_changed",
    "no_sender_reports": "camera.no_clock",
    "duplicate_times": "camera.times_back",
    "backward_times": "camera.times_back",
    "hangs_after_setup": "source.silent",
    "session_limit": "camera.one_viewer",
    "sound": "camera.sound",
    "login_lost": "camera.login_lost",
    "slow": "camera.slow",
    "frozen": "camera.frozen",
    "stalls": "source.silent",
    "looped": "camera.looped",
    "black": "camera.black",
    "garbage": "camera.broken",
}
"""What must be found for each fault of the bad camera."""


def self_test(tell: Callable[[str], None] = lambda _name: None) -> dict[str, Examined]:
    """Examine the bad camera with each of its faults; return what was found. It listens on loopback and shows drawings."""
    from kua.adapters.badcamera.reel import made, pattern
    from kua.adapters.badcamera.server import BadCamera, serving
    from kua.adapters.badcamera.switches import FAULTS, Switches

    found = {}
    for name, switches in {"well": Switches(), **FAULTS}.items():
        tell(name)
        is_slow = name == "slow"
        seconds = 2 if is_slow else 22 if name == "frozen" else 8
        draw = pattern(640, 360)
        reel = made(draw, seconds * 10 + 15, 10, switches)
        clock = SystemClock()
        with serving(BadCamera(reel, switches, clock.now, pace=1.0 if is_slow else 0.0, by_the_wall=True)) as camera:
            found[name] = examine(f"rtsp://127.0.0.1:{camera.port}/{name}", seconds, patience=Millis(1_500))
    return found


def at_fault(found: Mapping[str, Examined]) -> list[str]:
    """Return the names of those faults of which the self-test did not find what it must."""
    return [name for name, examined in found.items() if EXPECTED[name] not in {one.code for one in examined.findings}]
