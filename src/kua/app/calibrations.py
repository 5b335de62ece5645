# SPDX-License-Identifier: Apache-2.0
"""The calibration of a camera as it lies in a box: file, reference of the empty room, note of two people, certificates. Reads and checks all."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kua.app import settings as settings_room
from kua.core.canonical import canonical, read_canonical
from kua.core.digest import Digest, sha256
from kua.core.election import Election
from kua.core.errors import Incomplete, KuaError, Misused, Rejected
from kua.proof.keys import VerifierKey
from kua.proof.persons import Issuers, Person, check_calibration
from kua.sight.calibration import Calibration, read_calibration, read_reference
from kua.sight.reference import Reference


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A camera's calibration after every check. The bytes are those that are logged and uploaded; the room stays in the box."""

    calibration: Calibration
    room: Reference
    file: bytes
    note: bytes
    signers: bytes
    people: tuple[Person, ...]

    @property
    def is_signed_by_two(self) -> bool:
        """Whether the second person has signed; until then only silhouettes are shown."""
        return len({person.key.public for person in self.people}) > 1

    @property
    def digests(self) -> tuple[Digest, Digest, Digest]:
        """SHA-256 of the file, of the note and of the signers file."""
        return sha256(self.file), sha256(self.note), sha256(self.signers)


def load(box: Path, cam: str, *, needed: int = 2) -> Calibrated:
    """Return the calibration of camera `cam`, checked; signed by two people, or by `needed` 1 at least.

    Raises `Incomplete("calibration.missing")`, `Rejected`: `calibration.unsigned`, `calibration.one_person`, `calibration.other_camera`,
    `calibration.altered`, `calibration.zone_outside`, `calibration.reference` and what else reading and signatures may find;
    `Misused("calibration.size_differs")` if the settings want another size.
    """
    station = settings_room.load_station(box)
    camera = station.camera(cam)
    election, _ = settings_room.load_election(box, station)
    folder = box / "calibration"
    file = _read(folder / f"{cam}.json", cam)
    calibration = read_calibration(file)
    if (calibration.election, calibration.station, calibration.camera) != (election.id, station.id, cam):
        given = f"{calibration.election}/{calibration.station}/{calibration.camera}"
        raise Rejected("calibration.other_camera", given=given, wanted=f"{election.id}/{station.id}/{cam}")
    note, signers = _optional(folder / f"{cam}.note"), _optional(folder / f"{cam}.signers.json")
    people = check_calibration(
        note,
        election=election.id,
        station=station.id,
        camera=cam,
        file=sha256(file),
        certificates=certificates_of(signers),
        issuers=issuers_of(election),
        needed=needed,
    )
    if (calibration.width, calibration.height) != (camera.width, camera.height):
        raise Misused("calibration.size_differs", camera=cam, width=calibration.width, height=calibration.height)
    try:
        room = read_reference(_read(folder / f"{cam}.room", cam))
        calibration.check(room)
    except (Rejected, Incomplete) as error:
        raise Rejected("calibration.reference", camera=cam, why=error.code) from error
    return Calibrated(calibration, room, file, note, signers, people)


def issuers_of(election: Election) -> Issuers:
    """Return who may certify people, by role."""
    issuers: dict[str, list[VerifierKey]] = {}
    for issuer in election.issuers:
        issuers.setdefault(issuer.role, []).append(VerifierKey.parse(issuer.vkey))
    return issuers


def certificates_of(signers: bytes) -> list[bytes]:
    """Read a signers file: `{"v":1,"certificates":[note, ...]}`. Empty bytes are no certificates. Raises `Rejected("calibration.signers")`."""
    if not signers:
        return []
    try:
        body = read_canonical(signers)
        certificates = body["certificates"]
        if set(body) != {"v", "certificates"} or body["v"] != 1 or not all(isinstance(each, str) for each in certificates):
            raise Rejected("calibration.signers")
    except (KuaError, KeyError, TypeError) as error:
        raise Rejected("calibration.signers") from error
    return [each.encode() for each in certificates]


def signers_file(certificates: Sequence[bytes]) -> bytes:
    """Write a signers file, each certificate once, in the order given."""
    return canonical({"v": 1, "certificates": list(dict.fromkeys(each.decode() for each in certificates))})


def _read(path: Path, cam: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Incomplete("calibration.missing", camera=cam, file=path.name) from error


def _optional(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
