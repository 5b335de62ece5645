# SPDX-License-Identifier: Apache-2.0
"""A signature that a person's own device has made over a calibration: checked, and laid beside the file. Holds no private key and makes none."""

from collections.abc import Collection
from pathlib import Path

from kua.adapters.durable import DurableFiles
from kua.app import devices
from kua.app.calibrations import certificates_of, issuers_of, signers_file
from kua.app.settings import load_election, load_station
from kua.core.digest import sha256
from kua.core.errors import Incomplete, Rejected
from kua.proof.base64 import from_base64
from kua.proof.keys import VerifierKey
from kua.proof.note import Note, Signature, add_signatures, parse_note
from kua.proof.persons import Person, calibration_text, check_person


def check(box: Path, key_line: str, certificate: str, roles: Collection[str]) -> Person:
    """Return whom the certificate names, if that is this very key, in one of `roles`, for this station.

    Raises `Rejected`: those of notes, keys and certificates, `calibration.key_differs`, `up.role`, `calibration.signer_unknown`.
    """
    station = load_station(box)
    election, _ = load_election(box, station)
    person = check_person(_note(certificate), issuers_of(election))
    if person.key != VerifierKey.parse(key_line.strip()):
        raise Rejected("calibration.key_differs", name=person.key.name)
    if person.role not in roles:
        raise Rejected("up.role", given=person.role, wanted=", ".join(sorted(roles)))
    region = station.id.partition("-")[0]
    if person.election != election.id or person.place not in {station.id, region if person.role == "territorial" else station.id}:
        raise Rejected("calibration.signer_unknown", name=person.key.name)
    return person


def accept(box: Path, cam: str, key_line: str, signature: str, certificate: str, roles: Collection[str], device: str) -> None:
    """Add one person's signature to the calibration of `cam`. `device` is the mark of the device on which it was made.

    Raises as `check`, and `Rejected("calibration.signature" | "calibration.signed_already" | "calibration.one_person" | "calibration.one_device")`.
    """
    person = check(box, key_line, certificate, roles)
    station = load_station(box)
    election, _ = load_election(box, station)
    folder, files = box / "calibration", DurableFiles()
    try:
        file = (folder / f"{cam}.json").read_bytes()
    except FileNotFoundError as error:
        raise Incomplete("calibration.missing", camera=cam, file=f"{cam}.json") from error
    text = calibration_text(election.id, station.id, cam, sha256(file))
    line = _signature(person, signature, text)
    before = _bytes(folder / f"{cam}.note")
    held = []
    if before and parse_note(before).text == text:
        held = certificates_of(_bytes(folder / f"{cam}.signers.json"))
        _require_other(parse_note(before), person, held)
        note = add_signatures(before, [line])
    else:
        note = Note(text, (line,)).to_bytes()
    devices.require_other(box, cam, sha256(file), election, person.key.name, device)
    files.replace(folder / f"{cam}.signers.json", signers_file([*held, _note(certificate)]))
    files.replace(folder / f"{cam}.note", note)
    devices.remember(box, cam, sha256(file), person.key.name, device)


def _signature(person: Person, signature: str, text: str) -> Signature:
    try:
        made = from_base64(signature)
    except ValueError as error:
        raise Rejected("calibration.signature", name=person.key.name) from error
    line = Signature(person.key.name, person.key.id, made)
    if not line.holds(person.key, text):
        raise Rejected("calibration.signature", name=person.key.name)
    return line


def _require_other(note: Note, person: Person, held: list[bytes]) -> None:
    if any(signature.is_by(person.key) for signature in note.signatures):
        raise Rejected("calibration.signed_already", name=person.key.name)
    for certificate in held:
        known = VerifierKey.parse(parse_note(certificate).text.split("\n")[4])
        if known.public == person.key.public:
            raise Rejected("calibration.one_person", name=person.key.name)


def _note(certificate: str) -> bytes:
    """A certificate that was copied by hand may have lost its last newline or gained spaces around it."""
    return (certificate.replace("\r", "").strip() + "\n").encode()


def _bytes(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
