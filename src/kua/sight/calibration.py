# SPDX-License-Identifier: Apache-2.0
"""The calibration file: one camera's zones, heads and empty room, as canonical JSON (`docs/spec/calibration.md`).

It holds the hash of the room, not the room; signatures over it are kept beside it and are not this module's matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kua.core.canonical import Json, canonical, read_canonical
from kua.core.digest import Digest, from_hex
from kua.core.errors import KuaError, Rejected
from kua.core.instant import Instant
from kua.core.nouns import CameraId, ElectionId, StationId, camera_id, election_id, station_id
from kua.sight.reference import Reference, read_reference, reference_digest, write_reference
from kua.sight.room import learn_room
from kua.sight.stickers import Places, read_places, write_places
from kua.sight.zones import UNIT, Polygon, read_zones, write_zones

__all__ = [
    "Calibration",
    "Reference",
    "calibrated",
    "learn_room",
    "read_calibration",
    "read_reference",
    "reference_digest",
    "write_calibration",
    "write_reference",
]


@dataclass(frozen=True, slots=True)
class Calibration:
    """What two people sign for one camera."""

    election: ElectionId
    station: StationId
    camera: CameraId
    made_at: Instant
    width: int
    height: int
    """Size in pixels of the picture that is hidden and published."""
    reference: Digest
    """SHA-256 of the reference file, tolerances included."""
    frames: int
    """Samples that the room was learned from."""
    policy: Digest
    """SHA-256 of the hiding table."""
    noise: int
    """Median tolerance of brightness, in hundredths of a level."""
    zones: Mapping[str, tuple[Polygon, ...]] = field(default_factory=dict)
    heads: tuple[tuple[float, int], ...] = ()
    """Depth (share of the height) and height of a head there in pixels."""
    stickers: Places = field(default_factory=dict)
    """Where the printed stickers are. A file with stickers is of version 2, one without is of version 1."""

    def check(self, room: Reference) -> None:
        """Insist that `room` is the one that was signed.

        Raises `Rejected("calibration.size")` for another size and `Rejected("calibration.reference_hash")` for other bytes.
        """
        if (room.width, room.height) != (self.width, self.height):
            raise Rejected("calibration.size", width=room.width, height=room.height, wanted_width=self.width, wanted_height=self.height)
        if reference_digest(room) != self.reference:
            raise Rejected("calibration.reference_hash")


def calibrated(
    room: Reference,
    *,
    election: ElectionId,
    station: StationId,
    camera: CameraId,
    made_at: Instant,
    policy: Digest,
    zones: Mapping[str, tuple[Polygon, ...]] | None = None,
    heads: tuple[tuple[float, int], ...] = (),
    stickers: Places | None = None,
) -> Calibration:
    """Return the calibration of a camera whose empty room is `room`."""
    return Calibration(
        election,
        station,
        camera,
        made_at,
        room.width,
        room.height,
        reference_digest(room),
        room.samples,
        policy,
        room.noise,
        dict(zones or {}),
        heads,
        read_places(write_places(stickers or {})),
    )


def write_calibration(calibration: Calibration) -> bytes:
    """Return the file's bytes (JCS)."""
    value: Json = {
        "v": 2 if calibration.stickers else 1,
        "election": calibration.election,
        "station": calibration.station,
        "camera": calibration.camera,
        "made_at": calibration.made_at,
        "width": calibration.width,
        "height": calibration.height,
        "reference": {"sha256": calibration.reference.hex(), "frames": calibration.frames},
        "zones": write_zones(calibration.zones),
        "head": [{"y": round(y * UNIT), "px": px} for y, px in calibration.heads],
        "policy": calibration.policy.hex(),
        "noise": calibration.noise,
    }
    if calibration.stickers:
        value["stickers"] = write_places(calibration.stickers)
    return canonical(value)


def read_calibration(data: bytes) -> Calibration:
    """Read a calibration file. Raises `Rejected("calibration.unreadable")`, the errors of the zones, and those of names."""
    try:
        value = read_canonical(data)
    except KuaError as error:
        raise Rejected("calibration.unreadable", why=error.code) from error
    try:
        if value["v"] not in {1, 2}:
            raise Rejected("calibration.version", version=str(value["v"])[:20])
        width, height = _whole(value["width"]), _whole(value["height"])
        if not (16 <= width <= 8192 and 16 <= height <= 8192) or width % 2 or height % 2:
            raise Rejected("calibration.unreadable", why="size")
        return Calibration(
            election_id(str(value["election"])),
            station_id(str(value["station"])),
            camera_id(str(value["camera"])),
            Instant(_whole(value["made_at"])),
            width,
            height,
            from_hex(str(value["reference"]["sha256"])),
            _whole(value["reference"]["frames"]),
            from_hex(str(value["policy"])),
            _whole(value["noise"]),
            read_zones(value["zones"]),
            tuple(_head(entry) for entry in value["head"]),
            read_places(value["stickers"]) if value["v"] == 2 else {},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Rejected("calibration.unreadable", why=type(error).__name__) from error


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(value)
    return value


def _head(entry: Json) -> tuple[float, int]:
    depth, pixels = _whole(entry["y"]), _whole(entry["px"])
    if not (0 <= depth <= UNIT and 1 <= pixels <= 8192):
        raise Rejected("calibration.head", y=depth, px=pixels)
    return depth / UNIT, pixels
