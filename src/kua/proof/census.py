# SPDX-License-Identifier: Apache-2.0
"""What two people sign when they sign a station's census of cameras, and whether they may (`docs/spec/census.md`). The rules are those of calibrations."""

from collections.abc import Iterable, Sequence
from typing import Final

from kua.core.digest import Digest
from kua.core.errors import Rejected
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.note import Note, add_signatures, parse_note, sign_note, sign_text, verified_signers
from kua.proof.persons import CHAIR, SECOND_ROLES, Issuers, Person, check_person

_CENSUS: Final = "kua/census/v1"


def census_text(election: str, station: str, file: Digest) -> str:
    """Return the text that two people sign for a station's census file."""
    return f"{_CENSUS}\n{election}/{station}\n{file.hex()}\n"


def sign_census(note: bytes, election: str, station: str, file: Digest, key: SigningKey, person: Person) -> bytes:
    """Return the census' note with one more person's signature. `key` is the one that `person`'s certificate names.

    A note over another file is thrown away: its signatures say nothing of this one. Raises `Rejected("census.key_differs")`,
    `Rejected("census.signed_already")` for the same key twice.
    """
    if key.verifier != person.key:
        raise Rejected("census.key_differs", name=person.key.name)
    text = census_text(election, station, file)
    if not note or parse_note(note).text != text:
        return sign_note(text, [key])
    if any(signature.is_by(person.key) for signature in parse_note(note).signatures):
        raise Rejected("census.signed_already", name=person.key.name)
    return add_signatures(note, [sign_text(text, key)])


def check_census(
    data: bytes, *, election: str, station: str, file: Digest, certificates: Iterable[bytes], issuers: Issuers
) -> tuple[Person, ...]:
    """Return the people who signed the census, if they are two and may: the chair and an observer, a member or the territorial commission.

    Raises `Rejected`: `census.unsigned`, `census.form`, `census.other_station`, `census.altered`, `census.signer_unknown`, `census.signature`,
    `census.one_person`, `census.roles`; and as `check_person` for a bad certificate.
    """
    note = _signed(data, election, station, file)
    entitled = {
        (person.key.name, person.key.id): person
        for person in (check_person(each, issuers) for each in certificates)
        if _speaks_here(person, election, station)
    }
    for signature in note.signatures:
        if (signature.name, signature.key_id) not in entitled:
            raise Rejected("census.signer_unknown", name=signature.name)
    people = tuple(entitled[key.name, key.id] for key in _verified(note, [person.key for person in entitled.values()]))
    if len({person.key.public for person in people}) < 2:
        raise Rejected("census.one_person", name=people[0].key.name)
    roles = {person.role for person in people}
    if CHAIR not in roles or not roles & SECOND_ROLES:
        raise Rejected("census.roles", roles=", ".join(sorted(roles)))
    return people


def _signed(data: bytes, election: str, station: str, file: Digest) -> Note:
    if not data.strip():
        raise Rejected("census.unsigned", station=station)
    note = parse_note(data)
    lines = note.text.split("\n")
    if len(lines) != 4 or lines[0] != _CENSUS:
        raise Rejected("census.form")
    if lines[1] != f"{election}/{station}":
        raise Rejected("census.other_station", given=lines[1][:80], wanted=f"{election}/{station}")
    if lines[2] != file.hex():
        raise Rejected("census.altered", given=file.hex(), signed=lines[2][:80])
    return note


def _verified(note: Note, keys: Sequence[VerifierKey]) -> Sequence[VerifierKey]:
    try:
        return verified_signers(note, keys)
    except Rejected as error:
        raise Rejected("census.signature", **error.facts) from error


def _speaks_here(person: Person, election: str, station: str) -> bool:
    region = station.partition("-")[0]
    return person.election == election and (person.place == station or (person.role == "territorial" and person.place == region))
