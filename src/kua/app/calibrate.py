# SPDX-License-Identifier: Apache-2.0
"""`kua station calibrate`: learn the empty room, read the zones, write the calibration file; let people sign it. Records nothing."""

import threading
from pathlib import Path
from typing import Final
from urllib.parse import quote

from kua.adapters.clock import SystemClock
from kua.adapters.codecs.room import drawn_frames, drawn_zones, frames_of, still_of
from kua.adapters.detectors.stickers import StickerFinder
from kua.adapters.device import mark_of
from kua.adapters.durable import DurableFiles
from kua.app import devices
from kua.app.calibrations import certificates_of, issuers_of, signers_file
from kua.app.plugins import is_painted, placed, source_opener
from kua.app.settings import CameraSettings, StationSettings, load_election, load_station
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.election import Election
from kua.core.errors import Incomplete, Misused, Rejected
from kua.core.instant import Instant, Millis
from kua.core.nouns import camera_id
from kua.ports.address import shown, split_query
from kua.ports.source import Opening
from kua.proof.keys import SigningKey
from kua.proof.persons import check_calibration, check_person
from kua.sight.calibration import calibrated, learn_room, read_calibration, write_calibration, write_reference
from kua.sight.stickers import Places, zones_of
from kua.sight.zones import KINDS, UNIT, Polygon, read_zones, write_zones
from kua.station.calibrate import Drawing, add_person, read_drawing, template

AUTO: Final = "auto"
NONE: Final = "none"
STICKERS: Final = "stickers"


def calibrate(box: Path, cam: str, url: str, zones: str | None, seconds: int) -> Path:
    """Learn the empty room that `url` shows and write the calibration of camera `cam`; return the file.

    `url` may be the path of a film. `zones` is a zones file, `auto` (a drawn room knows its own), `stickers` (those in the picture draw them) or `none`. Without it, and without `CAM.zones.toml` in the box, the still
    and a template are written and `Incomplete("calibration.zones_missing")` is raised. Signatures over an earlier file are removed.
    """
    station = load_station(box)
    camera = station.camera(cam)
    election, _ = load_election(box, station)
    clock, files, folder = SystemClock(), DurableFiles(), box / "calibration"
    url = url if ":" in url else f"file:{quote(url)}"
    painted = _seed(url) if is_painted(url) else None
    if painted is not None:
        room = learn_room(drawn_frames(painted, camera.width, camera.height))
    else:
        opening = Opening(clock, _wait, camera.password())
        room = learn_room(frames_of(source_opener(url)(placed(url, box, cam, learns=True), opening), camera.width, camera.height, seconds))
    files.replace(folder / f"{cam}.still.png", still_of(room))
    seen = StickerFinder().find_in_room(room)
    drawing = _drawing(folder, camera, url, zones, painted, seen)
    made = calibrated(
        room,
        election=election.id,
        station=election.station(station.id).id,
        camera=camera_id(cam),
        made_at=Instant(clock.now()),
        policy=sha256(canonical(election.hiding)),
        zones=_zones(drawing),
        heads=tuple((y / UNIT, px) for y, px in drawing.heads),
        stickers=seen,
    )
    files.remove(folder / f"{cam}.note")
    files.remove(folder / f"{cam}.signers.json")
    files.remove(folder / f"{cam}{devices.ENDING}")
    files.replace(folder / f"{cam}.room", write_reference(room))
    files.replace(folder / f"{cam}.json", write_calibration(made))
    return folder / f"{cam}.json"


def sign(box: Path, cam: str, key_file: Path, certificate_file: Path) -> list[str]:
    """Add one person's signature to the calibration of `cam`; return the names of all who have signed it and may.

    Raises `Rejected("calibration.key_differs" | "calibration.signed_already" | "calibration.other_camera" | "calibration.one_device" |
    "calibration.no_device")`, those of certificates, and `Misused("key.pem")`.
    """
    station = load_station(box)
    station.camera(cam)
    election, _ = load_election(box, station)
    folder, files = box / "calibration", DurableFiles()
    file = _existing(folder / f"{cam}.json", cam)
    read = read_calibration(file)
    if (read.election, read.station, read.camera) != (election.id, station.id, cam):
        given = f"{read.election}/{read.station}/{read.camera}"
        raise Rejected("calibration.other_camera", given=given, wanted=f"{election.id}/{station.id}/{cam}")
    certificate = _file(certificate_file)
    try:
        person = check_person(certificate, issuers_of(election))
    except Rejected as error:
        if error.code != "note.form":
            raise
        raise Misused("calibration.no_certificate", file=certificate_file.name) from error
    pem = _file(key_file)
    key, mark = SigningKey.from_pem(person.key.name, pem), mark_of(pem)
    before = folder / f"{cam}.note"
    note = add_person(before.read_bytes() if before.exists() else b"", election.id, station.id, cam, sha256(file), key, person)
    devices.require_other(box, cam, sha256(file), election, key.name, mark)
    signers = folder / f"{cam}.signers.json"
    fresh = note.count(b"\n\xe2\x80\x94 ") == 1
    held = [] if fresh or not signers.exists() else certificates_of(signers.read_bytes())
    data = signers_file([*held, certificate])
    files.replace(signers, data)
    files.replace(before, note)
    devices.remember(box, cam, sha256(file), key.name, mark)
    return _signed_by(note, data, election, station, cam, file)


def _signed_by(note: bytes, signers: bytes, election: Election, station: StationSettings, cam: str, file: bytes) -> list[str]:
    try:
        people = check_calibration(
            note,
            election=election.id,
            station=station.id,
            camera=cam,
            file=sha256(file),
            certificates=certificates_of(signers),
            issuers=issuers_of(election),
        )
    except Rejected as error:
        if error.code != "calibration.one_person":
            raise
        return [str(error.facts["name"])]
    return [person.key.name for person in people]


def _drawing(folder: Path, camera: CameraSettings, url: str, zones: str | None, painted: int | None, seen: Places) -> Drawing:
    if zones == AUTO:
        if painted is None:
            raise Misused("calibration.zones_auto")
        drawn = drawn_zones(painted, camera.width, camera.height)
        return Drawing(drawn.zones, drawn.heads)
    if zones == NONE:
        return Drawing({}, ())
    if zones == STICKERS:
        found = zones_of(seen)
        if not found:
            raise Incomplete("calibration.no_stickers", camera=camera.id, seen=len(seen))
        return Drawing(dict(write_zones(found)), ())
    own = folder / f"{camera.id}.zones.toml"
    if zones is None and not own.exists():
        DurableFiles().replace(own, template(camera.id, shown(url), KINDS))
        raise Incomplete("calibration.zones_missing", camera=camera.id, file=own.name)
    return read_drawing(_file(Path(zones) if zones is not None else own))


def _zones(drawing: Drawing) -> dict[str, tuple[Polygon, ...]]:
    try:
        return read_zones(drawing.zones)
    except Rejected as error:  # here a person drew them
        raise Misused(error.code, **error.facts) from error


def _seed(url: str) -> int:
    body, _ = split_query(url, "fps w h start codec")
    if not body.isascii() or not body.isdecimal():
        raise Misused("source.seed", given=body[:40])
    return int(body)


def _existing(path: Path, cam: str) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Incomplete("calibration.missing", camera=cam, file=path.name) from error


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misused("calibration.no_file", file=path.name) from error


def _wait(wait: Millis) -> None:
    threading.Event().wait(wait / 1000)
