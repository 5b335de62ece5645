# SPDX-License-Identifier: Apache-2.0
"""The census file of a station (`docs/spec/census.md`): its form, and how it is changed. It never leaves the station: what leaves is a leaf with numbers.

Opens nothing and looks at nothing.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from kua.core.canonical import Json, canonical, read_canonical
from kua.core.digest import Digest
from kua.core.errors import KuaError, Misused, Rejected
from kua.core.instant import Instant
from kua.law.census import FOUND, KINDS, OWNERS, STATES, Listed, Reading, Seen, was_off
from kua.proof.leaf import make_leaf

MOST: Final = 64
"""Cameras, readings and neighbours that one census may hold."""
_PLACE: Final = re.compile(r"[^\x00-\x1f\x7f\u2028\u2029]{1,60}")
_CODE: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_MAC: Final = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
_HEX64: Final = re.compile(r"[0-9a-f]{64}")
_FIELDS: Final = tuple(Listed.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Census:
    """Everything that two people sign. `recorder` is False where it is stated that the building has no recorder, None where nobody has said.

    `interfaces` are the addresses or names of the network doors that were looked through; `neighbours` the MAC addresses of all else behind them.
    """

    election: str
    station: str
    made_at: Instant
    cameras: tuple[Listed, ...] = ()
    recorder: bool | None = None
    readings: tuple[Reading, ...] = ()
    interfaces: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()

    def camera(self, number: int) -> Listed:
        """Return the camera with that number. Raises `Misused("census.number")`."""
        for camera in self.cameras:
            if camera.number == number:
                return camera
        raise Misused("census.number", given=number, known=", ".join(str(camera.number) for camera in self.cameras) or "-")

    @property
    def recorder_known(self) -> bool:
        """Whether it is stated that there is no recorder, or what it showed."""
        return self.recorder is False or bool(self.readings)


def added(census: Census, camera: Listed) -> Census:
    """Return the census with one more camera; its number is chosen here and never used twice."""
    if len(census.cameras) >= MOST:
        raise Misused("census.too_many", most=MOST)
    number = max((each.number for each in census.cameras), default=0) + 1
    return replace(census, cameras=(*census.cameras, checked(replace(camera, number=number))))


def changed(census: Census, number: int, **fields: Any) -> Census:
    """Return the census with fields of one camera changed. Raises `Misused("census.*")`."""
    one = checked(replace(census.camera(number), **fields))
    return replace(census, cameras=tuple(one if each.number == number else each for each in census.cameras))


def removed(census: Census, number: int) -> Census:
    """Return the census without that camera. Raises `Misused("census.number")`."""
    gone = census.camera(number)
    return replace(census, cameras=tuple(each for each in census.cameras if each is not gone))


def read_off(census: Census, reading: Reading) -> Census:
    """Return the census with one more reading of the building's recorder."""
    if not _CODE.fullmatch(reading.place):
        raise Misused("census.recorder_code", given=reading.place[:40])
    return replace(census, recorder=True, readings=(*census.readings, reading)[-MOST:])


def found(census: Census, devices: Sequence[Seen]) -> Census:
    """Return the census after a look at the network: what it lists is completed, what is new is listed with state and owner unknown.

    What answered as no camera becomes a neighbour.
    """
    for device in devices:
        if not device.is_camera:
            continue
        known = _place_of(census, device)
        facts = {"address": device.address, "device": device.device, "mac": device.mac, "certificate": device.certificate}
        if known is not None:
            census = changed(census, known.number, **{name: value for name, value in facts.items() if value is not None})
        else:
            census = added(census, Listed(0, device.address, "other", "unknown", "unknown", "network", **facts))
    cameras_too = {camera.mac for camera in census.cameras}
    others = {device.mac for device in devices if device.mac is not None and not device.is_camera} | set(census.neighbours)
    return replace(census, neighbours=tuple(sorted(others - cameras_too))[:MOST])


def checked(camera: Listed) -> Listed:
    """Return `camera` if a person may write it so. Raises `Misused("census.place" | "census.word" | "census.cam" | "census.address")`."""
    if not _PLACE.fullmatch(camera.place) or camera.place != camera.place.strip():
        raise Misused("census.place", given=camera.place[:40])
    for word, known in ((camera.kind, KINDS), (camera.whose, OWNERS), (camera.state, STATES), (camera.found, FOUND)):
        if word not in known:
            raise Misused("census.word", given=word[:20], known=", ".join(known))
    if camera.cam is not None and not re.fullmatch("[a-z]", camera.cam):
        raise Misused("census.cam", given=camera.cam[:20])
    if (camera.state == "used") != (camera.cam is not None):
        raise Misused("census.used", number=camera.number)
    if camera.address is not None:
        address_of(camera.address)
    return camera


def address_of(text: str) -> str:
    """Return one IP address as it is written in a census. Raises `Misused("census.address")`: a name or a range is never looked at."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError as error:
        raise Misused("census.address", given=text[:60]) from error


def write_census(census: Census) -> bytes:
    """Return the file's bytes (JCS)."""
    body: Json = {"v": 1, **asdict(census)}
    return canonical(body)


def read_census(data: bytes) -> Census:
    """Read a census file. Raises `Rejected("census.unreadable")`."""
    try:
        body = read_canonical(data)
        if body.pop("v") != 1 or set(body) != set(Census.__dataclass_fields__):
            raise ValueError("fields")
        cameras = tuple(_listed(entry) for entry in _few(body["cameras"]))
        if len({camera.number for camera in cameras}) != len(cameras) or body["recorder"] not in (None, True, False):
            raise ValueError("numbers")
        return Census(
            str(body["election"]), str(body["station"]), Instant(_whole(body["made_at"])), cameras, body["recorder"],
            tuple(_reading(entry) for entry in _few(body["readings"])),
            tuple(str(each) for each in _few(body["interfaces"])),
            tuple(_fits(_MAC, each) for each in _few(body["neighbours"])),
        )  # fmt: skip
    except (KuaError, KeyError, TypeError, ValueError) as error:
        raise Rejected("census.unreadable", why=type(error).__name__) from error


def census_leaf(census: Census, digests: tuple[Digest, Digest, Digest], at: Instant, voting: tuple[Instant, Instant] | None) -> bytes:
    """Return the leaf: how many cameras in which state and whose, what the recorder showed, and SHA-256 of file, note and signers.

    `voting` is when people vote, None where nobody does: then a recorder that was read is `not_shown`.
    """
    file, note, signers = (digest.hex() for digest in digests)
    states, owners = (Counter(getattr(camera, name) for camera in census.cameras) for name in ("state", "whose"))
    return make_leaf(
        "census", at=at, sha256=file, note=note, signers=signers,
        states={word: states[word] for word in STATES}, owners={word: owners[word] for word in OWNERS}, recorder=recorder_word(census, voting),
    )  # fmt: skip


def recorder_word(census: Census, voting: tuple[Instant, Instant] | None) -> str:
    """Return `none`, `off` or `not_shown`: whether each recorder's newest reading shows that it was off while people voted."""
    if census.recorder is False:
        return "none"
    newest = {reading.place: reading for reading in census.readings}
    shown = voting is not None and newest and all(was_off(reading, *voting).allowed for reading in newest.values())
    return "off" if shown else "not_shown"


def addresses(census: Census) -> tuple[str, ...]:
    """Return the addresses of the listed cameras: what `--watch` looks at beside what answers discovery."""
    return tuple(dict.fromkeys(camera.address for camera in census.cameras if camera.address is not None))


def _place_of(census: Census, device: Seen) -> Listed | None:
    by: Iterable[tuple[str | None, str | None, Listed]] = (
        (theirs, ours, camera)
        for theirs, name in ((device.mac, "mac"), (device.device, "device"), (device.address, "address"))
        for camera in census.cameras
        for ours in (getattr(camera, name),)
    )
    return next((camera for theirs, ours, camera in by if theirs is not None and theirs == ours), None)


def _listed(entry: Json) -> Listed:
    if set(entry) != set(_FIELDS):
        raise ValueError("camera")
    camera = Listed(**entry)
    if (
        not all(isinstance(value, str) for name, value in entry.items() if name != "number" and value is not None)
        or _whole(camera.number) < 1
    ):
        raise TypeError("camera")
    for pattern, value in ((_MAC, camera.mac), (_HEX64, camera.certificate)):
        if value is not None:
            _fits(pattern, value)
    return checked(camera)


def _reading(entry: Json) -> Reading:
    if set(entry) != set(Reading.__dataclass_fields__):
        raise ValueError("reading")
    last, shown, read_at = (Instant(_whole(entry[name])) for name in ("last", "shown", "read_at"))
    return Reading(_fits(_CODE, entry["place"]), last, shown, read_at)


def _few(value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MOST:
        raise TypeError("list")
    return value


def _fits(pattern: re.Pattern[str], value: Any) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError("shape")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("number")
    return value
