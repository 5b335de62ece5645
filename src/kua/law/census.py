# SPDX-License-Identifier: Apache-2.0
"""The census of cameras: is every camera in the building known, is it harmless, was the building's own recorder off, and has anything changed since.

Legal ground: secrecy of the vote (Constitutional Law on Elections, art. 8): a camera that nobody has listed may see what no camera may see. Decides only;
looking, asking people and writing down are elsewhere.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kua.core.instant import Instant, Millis
from kua.core.verdict import Verdict

ARTICLE: Final = "Constitutional Law on Elections, art. 8"
STATES: Final = ("used", "off", "covered", "masked", "unknown")
"""used: read by this station's agent, which hides it · off: without power or pulled out · covered: a thing before the lens, seen by eye · masked: its own
picture is black where people vote · unknown: nobody has looked yet."""
OWNERS: Final = ("ours", "host", "unknown")
"""Whose it is: the commission's, the building's (mostly a school's), or nobody knows."""
KINDS: Final = ("dome", "bullet", "turning", "webcam", "phone", "other")
FOUND: Final = ("settings", "network", "eye")
MARGIN: Final = Millis(60_000)
"""What a time read off a screen may be wrong by: recorders show minutes."""
STILL: Final = Millis(600_000)
"""A recorder whose newest recording is younger than this, by its own clock, may be recording now."""

Alarm = Literal["unknown_device", "camera_changed", "camera_on", "default_password", "no_password"]


@dataclass(frozen=True, slots=True)
class Listed:
    """One camera of the census. `cam` is its letter where this station's agent reads it. `mac` and `certificate` (SHA-256 in hex) tell whether the device
    at `address` is still the same one; `device` is what it calls itself in discovery."""

    number: int
    place: str
    kind: str
    whose: str
    state: str
    found: str
    cam: str | None = None
    address: str | None = None
    device: str | None = None
    mac: str | None = None
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What the building's recorder showed: `last`, the time of its newest recording, and `shown`, its own clock, both as they stood on its screen; and
    `read_at`, the station's clock. Only the distance of the first two is used, so that a recorder with a wrong clock can still be judged."""

    place: str
    last: Instant
    shown: Instant
    read_at: Instant

    @property
    def stopped_at(self) -> Instant:
        """When the newest recording ended, by the station's clock."""
        return Instant(self.read_at - (self.shown - self.last))


@dataclass(frozen=True, slots=True)
class Seen:
    """A device that answered now: where, what it calls itself, and what it is told by. `is_camera`: it answered as one, or stands in the census as one."""

    address: str
    device: str | None = None
    mac: str | None = None
    certificate: str | None = None
    is_camera: bool = True


@dataclass(frozen=True, slots=True, order=True)
class Raised:
    """An alarm: what kind, at which address, and the letter of the camera where it is one of this station's (else an empty text)."""

    kind: Alarm
    cam: str
    address: str


def is_harmless(camera: Listed) -> Verdict:
    """Whether `camera` may be in the room while people vote.

    One that the agent reads is hidden by the agent. The building's own must be off, covered or masked. One that nobody owns must be covered: nobody can
    vouch for a switch of somebody unknown.
    """
    if camera.state == "unknown":
        return Verdict(False, ARTICLE, "census.state_unknown")
    if camera.state == "used":
        return Verdict(camera.cam is not None, ARTICLE, "census.used_by_nobody")
    if camera.whose == "unknown" and camera.state != "covered":
        return Verdict(False, ARTICLE, "census.owner_unknown")
    return Verdict(True, ARTICLE, "census.harmless")


def is_complete(cameras: Sequence[Listed], cams: Collection[str], *, signers: int, recorder: Verdict) -> tuple[Verdict, ...]:
    """Return why the census does not make the station ready; nothing if it does.

    `cams` are the letters of the cameras that the agent reads; `signers` how many people whose keys were checked have signed these very bytes;
    `recorder` what `is_recorder_still` says. It matters only where a camera is listed that is not the commission's.
    """
    lacks = [Verdict(False, ARTICLE, "census.empty")] if not cameras else []
    lacks += [verdict for verdict in map(is_harmless, cameras) if not verdict.allowed]
    if set(cams) - {camera.cam for camera in cameras if camera.state == "used"}:
        lacks.append(Verdict(False, ARTICLE, "census.ours_missing"))
    if not recorder.allowed and any(camera.whose != "ours" for camera in cameras):
        lacks.append(recorder)
    if signers < 2:
        lacks.append(Verdict(False, ARTICLE, "census.unsigned"))
    return tuple(dict.fromkeys(lacks))


def is_recorder_still(recorder: bool | None, readings: Sequence[Reading], opens: Instant | None) -> Verdict:
    """Whether the building's recorder stands still as far as it was read: there is none, or the newest reading of each shows that it does.

    `recorder` is False where it is stated that there is none, None where nobody has said. `opens` is when people begin to vote, None where nobody does.
    """
    if recorder is False:
        return Verdict(True, ARTICLE, "census.recorder_none")
    newest = {reading.place: reading for reading in readings}
    if not newest:
        return Verdict(False, ARTICLE, "census.recorder_missing")
    for reading in newest.values():
        if reading.last > reading.shown + MARGIN:
            return Verdict(False, ARTICLE, "census.recorder_clock")
        if reading.shown - reading.last < STILL:
            return Verdict(False, ARTICLE, "census.recorder_runs")
        if opens is not None and reading.read_at >= opens and reading.stopped_at + MARGIN > opens:
            return Verdict(False, ARTICLE, "census.recorder_recorded")
    return Verdict(True, ARTICLE, "census.recorder_still")


def was_off(reading: Reading, opens: Instant, closes: Instant) -> Verdict:
    """Whether the recorder is shown to have recorded nothing in [opens, closes): its newest recording ended before, and it was read afterwards.

    It cannot show that nothing was deleted; two people who sign have seen it.
    """
    if reading.last > reading.shown + MARGIN:
        return Verdict(False, ARTICLE, "census.recorder_clock")
    if reading.stopped_at + MARGIN > opens:
        return Verdict(False, ARTICLE, "census.recorder_recorded")
    if reading.read_at < closes:
        return Verdict(False, ARTICLE, "census.recorder_early")
    return Verdict(True, ARTICLE, "census.recorder_off")


def alarms(listed: Sequence[Listed], neighbours: Collection[str], seen: Sequence[Seen]) -> tuple[Raised, ...]:
    """Return what is wrong on the cameras' segment: devices that the census does not know, and cameras that are not what they were, or not off.

    `neighbours` are the MAC addresses of everything else that stood there when the census was made. A device that says nothing now raises nothing: a
    camera that is off is what the census wants.
    """
    found = {raised for device in seen if (raised := _judged(listed, neighbours, device)) is not None}
    return tuple(sorted(found))


def _judged(listed: Sequence[Listed], neighbours: Collection[str], device: Seen) -> Raised | None:
    same = [camera for camera in listed if _is_same(camera, device)]
    there = [camera for camera in listed if camera.address == device.address]
    for camera in same or there:
        if _differs(camera.mac, device.mac) or _differs(camera.certificate, device.certificate) or _differs(camera.device, device.device):
            return Raised("camera_changed", camera.cam or "", device.address)
        if camera.state == "off" and device.is_camera:
            return Raised("camera_on", "", device.address)
    if same or there or (device.mac is not None and device.mac in neighbours and not device.is_camera):
        return None
    return Raised("unknown_device", "", device.address)


def _is_same(camera: Listed, device: Seen) -> bool:
    """Whether `device` is the listed one, perhaps at another address."""
    return (camera.mac is not None and camera.mac == device.mac) or (camera.device is not None and camera.device == device.device)


def _differs(was: str | None, now: str | None) -> bool:
    return was is not None and now is not None and was != now
