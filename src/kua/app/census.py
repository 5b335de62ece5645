# SPDX-License-Identifier: Apache-2.0
"""`kua station census`: the census of a box, read, changed, signed and judged. The rules stand in `kua.law.census`, the file in `kua.station.census`."""

import ipaddress
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from kua.adapters.clock import SystemClock
from kua.adapters.device import mark_of
from kua.adapters.durable import DurableFiles
from kua.adapters.network import discovery, doors
from kua.app import devices
from kua.app.calibrations import certificates_of, issuers_of, signers_file
from kua.app.settings import StationSettings, load_election, load_station
from kua.core.digest import Digest, sha256
from kua.core.election import Election
from kua.core.errors import Incomplete, KuaError, Misused, Rejected
from kua.core.instant import Instant, Millis
from kua.law.census import Listed, Reading, Seen, is_complete, is_recorder_still, was_off
from kua.proof.census import check_census, sign_census
from kua.proof.keys import SigningKey
from kua.proof.persons import Person, check_person
from kua.station import census as sheet
from kua.station.census import Census, census_leaf, recorder_word

FOLDER: Final = "census"
_FILE: Final = "census.json"


@dataclass(frozen=True, slots=True)
class Doors:
    """Where to look: how long for answers, and at which ports. The defaults are those of the standards; tests have their own."""

    patience: Millis = discovery.PATIENCE
    discovery: int = discovery.PORT
    rtsp: tuple[int, ...] = doors.PLAIN
    secure: tuple[int, ...] = doors.SECURE
    table: Path = field(default=Path("/proc/net/arp"))


@dataclass(frozen=True, slots=True)
class Signed:
    """A census whose two signatures were checked, and the bytes that were signed."""

    census: Census
    file: bytes
    note: bytes
    signers: bytes
    people: tuple[Person, ...]

    @property
    def digests(self) -> tuple[Digest, Digest, Digest]:
        """SHA-256 of the file, of the note and of the signers file."""
        return sha256(self.file), sha256(self.note), sha256(self.signers)


def load(box: Path) -> Census:
    """Return the census as it is written, or a draft that lists this station's own cameras. Raises `Rejected("census.unreadable")`."""
    path = box / FOLDER / _FILE
    station = load_station(box)
    election, _ = load_election(box, station)
    if not path.exists():
        return _draft(station, election)
    census = sheet.read_census(path.read_bytes())
    if (census.election, census.station) != (election.id, station.id):
        given = f"{census.election}/{census.station}"[:80]
        raise Rejected("census.other_station", given=given, wanted=f"{election.id}/{station.id}")
    return census


def save(box: Path, census: Census) -> None:
    """Write the census. Signatures over what stood there before say nothing of it, and go."""
    files, folder = DurableFiles(), box / FOLDER
    data = sheet.write_census(replace(census, made_at=SystemClock().now()))
    files.remove(folder / "census.note")
    files.remove(folder / "signers.json")
    files.replace(folder / _FILE, data, mode=0o600)


def look(box: Path, interfaces: Sequence[str], hosts: Sequence[str], at: Doors | None = None) -> tuple[Census, int]:
    """Look through the network doors named and at the addresses named; write what was found. Returns the census and how many devices answered."""
    census = _resolved(load(box), load_station(box))
    known = replace(census, interfaces=tuple(dict.fromkeys([*census.interfaces, *interfaces])))
    devices = seen_now(interfaces, [sheet.address_of(host) for host in hosts], at or Doors())
    census = sheet.found(known, devices)
    save(box, census)
    return census, sum(device.is_camera for device in devices)


def seen_now(interfaces: Sequence[str], hosts: Sequence[str], at: Doors) -> list[Seen]:
    """Return every device behind `interfaces` and at `hosts`: cameras with MAC and certificate, and who else is heard there."""
    own = {name: discovery.interface_address(name) for name in interfaces}
    answered = {seen.address: seen for seen in discovery.discover(list(own.values()), hosts, patience=at.patience, port=at.discovery)}
    heard = {each.address: each for each in doors.neighbours(at.table)}
    devices = []
    for address in dict.fromkeys([*answered, *hosts]):
        speaks = address in answered or doors.speaks_rtsp(address, at.rtsp)
        mac = heard[address].mac if address in heard else None
        certificate = doors.certificate_of(address, at.secure)
        if speaks or certificate is not None:
            device = answered[address].device if address in answered else None
            devices.append(Seen(address, device, mac, certificate))
    named = {discovery.interface_name(name) for name in interfaces}
    told = {device.address for device in devices}
    return devices + [
        Seen(each.address, mac=each.mac, is_camera=False) for each in heard.values() if each.interface in named and each.address not in told
    ]


def read_recorder(box: Path, place: str, last: str, shown: str) -> Census:
    """Write down what the building's recorder shows now. Raises `Misused("census.time" | "census.recorder_code")`."""
    reading = Reading(place, _moment(last), _moment(shown), SystemClock().now())
    census = sheet.read_off(load(box), reading)
    save(box, census)
    return census


def sign(box: Path, key_file: Path, certificate_file: Path) -> list[str]:
    """Add one person's signature; return the names of all who have signed and may.

    Raises `Incomplete("census.not_written")`, `Rejected("census.*" | "calibration.one_device" | "calibration.no_device")`, those of certificates, and `Misused("key.pem")`.
    """
    station = load_station(box)
    election, _ = load_election(box, station)
    folder, files = box / FOLDER, DurableFiles()
    if not (folder / _FILE).exists():
        raise Incomplete("census.not_written", box=box.name)
    load(box)  # what cannot be read cannot be signed
    file, certificate = (folder / _FILE).read_bytes(), _file(certificate_file)
    try:
        person = check_person(certificate, issuers_of(election))
    except Rejected as error:
        if error.code != "note.form":
            raise
        raise Misused("calibration.no_certificate", file=certificate_file.name) from error
    pem = _file(key_file)
    key, mark = SigningKey.from_pem(person.key.name, pem), mark_of(pem)
    note = sign_census(_optional(folder / "census.note"), election.id, station.id, sha256(file), key, person)
    devices.require_other(box, FOLDER, sha256(file), election, key.name, mark)
    fresh = note.count(b"\n\xe2\x80\x94 ") == 1
    held = [] if fresh else certificates_of(_optional(folder / "signers.json"))
    files.replace(folder / "signers.json", signers_file([*held, certificate]))
    files.replace(folder / "census.note", note)
    devices.remember(box, FOLDER, sha256(file), key.name, mark)
    try:
        return [each.key.name for each in _people(box, station, election)]
    except Rejected as error:
        if error.code != "census.one_person":
            raise
        return [str(error.facts["name"])]


def signed(box: Path) -> Signed | None:
    """Return the census if it is there and two people have signed these very bytes. Raises `Rejected("census.*")` where it is there and does not hold."""
    folder = box / FOLDER
    if not (folder / "census.note").exists():
        return None
    station = load_station(box)
    election, _ = load_election(box, station)
    census = load(box)
    people = _people(box, station, election)
    return Signed(census, (folder / _FILE).read_bytes(), _optional(folder / "census.note"), _optional(folder / "signers.json"), people)


def leaf_of(box: Path, now: Instant) -> tuple[bytes, Signed] | None:
    """Return the leaf that states the signed census, and what it states; None where there is no census that holds."""
    try:
        held = signed(box)
    except KuaError:
        return None
    if held is None:
        return None
    return census_leaf(held.census, held.digests, now, voting_of(box)), held


def keep_copy(box: Path, held: Signed) -> None:
    """Put the files that a leaf names where a later census cannot overwrite them."""
    stem = box / FOLDER / "kept" / sha256(held.file).hex()[:16]
    for ending, data in ((".json", held.file), (".note", held.note), (".signers.json", held.signers)):
        DurableFiles().write_once(stem.with_name(stem.name + ending), data)


def voting_of(box: Path) -> tuple[Instant, Instant] | None:
    """Return from when to when people vote in this station, as the election file says; None where nobody does."""
    station = load_station(box)
    election, _ = load_election(box, station)
    windows = [window for window in election.station(station.id).windows if window.phase == "voting"]
    return (Instant(min(each.start for each in windows)), Instant(max(each.end for each in windows))) if windows else None


def stand(box: Path) -> dict[str, Any]:
    """Return how the census stands: whether the station is ready as far as cameras go, what is lacking, each camera, each reading, who signed."""
    census, station = load(box), load_station(box)
    signers, trouble = _signers(box)
    voting = voting_of(box)
    still = is_recorder_still(census.recorder, census.readings, voting[0] if voting else None)
    lacks = is_complete(census.cameras, [camera.id for camera in station.cameras], signers=len(signers), recorder=still)
    stills = {camera.id: path for camera in station.cameras if (path := box / "calibration" / f"{camera.id}.still.png").exists()}
    return {
        "v": 1,
        "station": census.station,
        "election": census.election,
        "written": (box / FOLDER / _FILE).exists(),
        "made_at": census.made_at,
        "ready": not lacks,
        "lacks": [{"code": lack.reason, "article": lack.article} for lack in lacks],
        "signed_by": signers,
        "signature_trouble": trouble,
        "cameras": [
            {
                "number": each.number, "place": each.place, "kind": each.kind, "whose": each.whose, "state": each.state, "found": each.found,
                "cam": each.cam, "address": each.address, "certificate": each.certificate, "mac": each.mac,
                "still": str(stills[each.cam].relative_to(box)) if each.cam in stills else None,
                "still_sha256": sha256(stills[each.cam].read_bytes()).hex() if each.cam in stills else None,
            }
            for each in census.cameras
        ],
        "recorder": recorder_word(census, voting) if census.recorder_known else "not_stated",
        "readings": [_reading(each, voting) for each in census.readings],
        "interfaces": list(census.interfaces),
        "neighbours": len(census.neighbours),
    }  # fmt: skip


def _reading(reading: Reading, voting: tuple[Instant, Instant] | None) -> dict[str, Any]:
    verdict = was_off(reading, *voting) if voting else None
    return {
        "place": reading.place,
        "stopped_at": reading.stopped_at,
        "read_at": reading.read_at,
        "clock_wrong_by_ms": reading.shown - reading.read_at,
        "off": verdict is not None and verdict.allowed,
        "verdict": verdict.reason if verdict else "census.recorder_no_voting",
        "article": verdict.article if verdict else "",
        "from": voting[0] if voting else None,
        "to": voting[1] if voting else None,
    }


def _signers(box: Path) -> tuple[list[str], str | None]:
    """Return the names of those who have signed these bytes, and the code of what is wrong with the signatures."""
    try:
        held = signed(box)
    except Rejected as error:
        return ([str(error.facts["name"])] if error.code == "census.one_person" else []), error.code
    return [person.key.name for person in held.people] if held else [], None


def _people(box: Path, station: StationSettings, election: Election) -> tuple[Person, ...]:
    folder = box / FOLDER
    return check_census(
        _optional(folder / "census.note"), election=election.id, station=station.id, file=sha256(_optional(folder / _FILE)),
        certificates=certificates_of(_optional(folder / "signers.json")), issuers=issuers_of(election),
    )  # fmt: skip


def _draft(station: StationSettings, election: Election) -> Census:
    census = Census(election.id, station.id, SystemClock().now())
    for camera in station.cameras:
        census = sheet.added(
            census, Listed(0, f"kua: {camera.id}", "other", "ours", "used", "settings", camera.id, _address(camera.source))
        )
    return census


def _address(source: str) -> str | None:
    """Return the IP address in a camera's source; None where there is none, or a name: nobody is asked for it before somebody looks at the network."""
    try:
        return str(ipaddress.ip_address(urlsplit(source).hostname or ""))
    except ValueError:
        return None


def _resolved(census: Census, station: StationSettings) -> Census:
    """Return the census with the addresses of this station's own cameras that are given by name, as far as the network knows them."""
    for camera in census.cameras:
        host = (
            urlsplit(station.camera(camera.cam).source).hostname
            if camera.cam in {each.id for each in station.cameras} and camera.cam
            else None
        )
        if host and camera.address is None:
            with suppress(OSError):
                found = str(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)[0][4][0])
                census = sheet.changed(census, camera.number, address=found)
    return census


def _moment(text: str) -> Instant:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise Misused("census.time", given=text[:40]) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # both times are of one screen: only their distance counts
    if moment.year < 1971:
        raise Misused("census.time", given=text[:40])
    return Instant(int(moment.timestamp() * 1000))


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Misused("calibration.no_file", file=path.name) from error


def _optional(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
