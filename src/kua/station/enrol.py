# SPDX-License-Identifier: Apache-2.0
"""Enrolment: the station's key is made on the box and never leaves it; a one-time code ties it to a station (docs/spec/centre-api.md)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from kua.core.canonical import Json, canonical, read_canonical
from kua.core.errors import Incomplete, KuaError, Misused, Rejected
from kua.core.nouns import ElectionId, StationId, station_origin
from kua.ports.durable import Durable
from kua.proof.base64 import to_base64
from kua.proof.keys import SigningKey, VerifierKey

_PROOF: Final = b"kua/enrol/v1\x00"


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the centre answered: to whom the station belongs, and whose receipts it believes."""

    origin: str
    centre_url: str
    centre: VerifierKey
    certificate: int


def station_key(box: Path, origin: str) -> SigningKey:
    """Read the station's key. Raises `Incomplete("station.no_key")` and `Misused("key.pem")`."""
    try:
        pem = (box / "keys" / "station.pem").read_bytes()
    except FileNotFoundError as error:
        raise Incomplete("station.no_key", box=box.name) from error
    return SigningKey.from_pem(origin, pem)


def make_key(box: Path, origin: str, seed: bytes, files: Durable) -> SigningKey:
    """Return the station's key, made from `seed` (32 bytes from the system's generator) if the box has none yet. Mode 0600."""
    try:
        return station_key(box, origin)
    except Incomplete:
        key = SigningKey.from_seed(origin, seed)
        files.replace(box / "keys" / "station.pem", key.to_pem(), mode=0o600)
        files.replace(box / "keys" / "station.vkey", f"{key.verifier}\n".encode())
        return key


def request(election: ElectionId, station: StationId, code: str, key: SigningKey) -> Json:
    """Return the body of the enrolment: the code, the key, and a proof that whoever asks holds it."""
    vkey = str(key.verifier)
    if not code.isascii() or not code.isprintable() or not 4 <= len(code) <= 128:
        raise Misused("enrol.code_form")
    proof = key.sign(_PROOF + code.encode() + b"\x00" + vkey.encode())
    return {"election": election, "station": station, "code": code, "vkey": vkey, "proof": to_base64(proof)}


def accept(answer: dict[str, Any], url: str, domain: str, election: ElectionId, station: StationId, centres: tuple[str, ...]) -> Enrolled:
    """Check the centre's answer against the election file. Raises `Rejected("enrol.answer" | "enrol.other_station" | "enrol.other_centre")`."""
    origin, vkey, certificate = answer.get("origin"), answer.get("centre_vkey"), answer.get("certificate")
    if not isinstance(origin, str) or not isinstance(vkey, str) or type(certificate) is not int:
        raise Rejected("enrol.answer")
    if origin != station_origin(domain, election, station):
        raise Rejected("enrol.other_station", given=origin[:80])
    if vkey not in centres:
        raise Rejected("enrol.other_centre", given=vkey[:80])
    return Enrolled(origin, url, VerifierKey.parse(vkey), certificate)


FIRST: Final = "enrolment.json"
SECOND: Final = "enrolment-2.json"
"""Where the answers of the two centres stand in a box."""


def write_enrolled(box: Path, enrolled: Enrolled, files: Durable, name: str = FIRST) -> None:
    """Keep the answer in `name`."""
    body = {
        "v": 1,
        "origin": enrolled.origin,
        "centre_url": enrolled.centre_url,
        "centre_vkey": str(enrolled.centre),
        "certificate": enrolled.certificate,
    }
    files.replace(box / name, canonical(body))


def read_second(box: Path) -> Enrolled | None:
    """Read the enrolment at a second centre, None where there is none. Raises `Rejected("enrol.file")`."""
    return read_enrolled(box, SECOND) if (box / SECOND).exists() else None


def read_enrolled(box: Path, name: str = FIRST) -> Enrolled:
    """Read an enrolment. Raises `Incomplete("station.not_enrolled")` and `Rejected("enrol.file")`."""
    try:
        data = (box / name).read_bytes()
    except FileNotFoundError as error:
        raise Incomplete("station.not_enrolled", box=box.name) from error
    try:
        body = read_canonical(data)
        return Enrolled(str(body["origin"]), str(body["centre_url"]), VerifierKey.parse(str(body["centre_vkey"])), int(body["certificate"]))
    except (KuaError, KeyError, ValueError) as error:
        raise Rejected("enrol.file") from error
