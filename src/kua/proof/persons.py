# SPDX-License-Identifier: Apache-2.0
"""Who a person's key speaks for, and what two people sign together (`docs/spec/person-keys.md`).

A certificate is a note by a role's issuer. A calibration, and the beginning of the count, hold only with two different people's signatures, one of
them the chair's.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from kua.core.digest import Digest
from kua.core.errors import Rejected
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.note import Note, open_note, parse_note, sign_note, verified_signers

CHAIR: Final = "chair"
SECOND_ROLES: Final = frozenset({"observer", "member", "territorial"})
"""Who may sign a calibration beside the chair (design, "The calibration file")."""

Issuers = Mapping[str, Sequence[VerifierKey]]
"""The keys that may issue certificates, by role, as the election file names them."""

_PERSON: Final = "kua/person/v1"
_CALIBRATION: Final = "kua/calibration/v1"
_COUNT: Final = "kua/count/v1"
_ELECTION: Final = "kua/election/v1"


@dataclass(frozen=True, slots=True)
class Person:
    """A key and what it may speak for: `role` at `place` (a station, or a region for the territorial commission) in `election`."""

    role: str
    election: str
    place: str
    key: VerifierKey

    def text(self) -> str:
        """The text of the certificate."""
        return f"{_PERSON}\n{self.role}\n{self.election}\n{self.place}\n{self.key}\n"


def issuers_by_role(pairs: Iterable[tuple[str, str]]) -> Issuers:
    """Return the issuers from pairs of role and verifier key line, as the election file lists them. Raises `Rejected("key.*")`."""
    issuers: dict[str, list[VerifierKey]] = {}
    for role, line in pairs:
        issuers.setdefault(role, []).append(VerifierKey.parse(line))
    return issuers


def person_name(role: str, place: str, number: int | None = None) -> str:
    """Return the name of a person's key: `person/chair/10-245`, or `person/observer/10-245/2` where a place has several."""
    return f"person/{role}/{place}" + ("" if number is None else f"/{number}")


def issue_person(issuer: SigningKey, person: Person) -> bytes:
    """Return the certificate of `person`. The issuer has seen the person and the key (as a QR) together."""
    _require_own_name(person)
    return sign_note(person.text(), [issuer])


def check_person(data: bytes, issuers: Issuers) -> Person:
    """Return whom a certificate names, if an issuer of that very role signed it.

    Raises `Rejected`: `note.form`, `note.signature`, `note.unknown_signer`, `person.form`, `key.*`.
    """
    # The role must be known to choose the keys that may vouch for it; nothing read here is believed before open_note below.
    claimed = _read_person(parse_note(data).text)
    open_note(data, issuers.get(claimed.role, ()))
    return claimed


def calibration_text(election: str, station: str, camera: str, file: Digest) -> str:
    """Return the text that two people sign for a camera's calibration file."""
    return f"{_CALIBRATION}\n{election}/{station}/{camera}\n{file.hex()}\n"


def sign_calibration(signers: Sequence[SigningKey], election: str, station: str, camera: str, file: Digest) -> bytes:
    """Return the note over the calibration file with SHA-256 `file`, signed by `signers`."""
    return sign_note(calibration_text(election, station, camera, file), signers)


def check_calibration(
    data: bytes,
    *,
    election: str,
    station: str,
    camera: str,
    file: Digest,
    certificates: Iterable[bytes],
    issuers: Issuers,
    needed: int = 2,
) -> tuple[Person, ...]:
    """Return the people who signed the calibration, if they are two and may: the chair and an observer, a member or the territorial one.

    With `needed` 1 one of them is enough; what one has signed is shown as silhouettes only (`kua.law.hiding`).

    Raises `Rejected`: `calibration.unsigned`, `calibration.other_camera`, `calibration.altered`, `calibration.signer_unknown`,
    `calibration.signature`, `calibration.one_person`, `calibration.roles`; and as `check_person` for a bad certificate.
    """
    return _two_people(_signed_calibration(data, election, station, camera, file), election, station, certificates, issuers, needed)


def count_text(election: str, station: str, since: int) -> str:
    """Return the text that two people sign when the last voter is out and the lists are away; `since` is that moment in Unix milliseconds."""
    return f"{_COUNT}\n{election}/{station}\n{since}\n"


def sign_count(signers: Sequence[SigningKey], election: str, station: str, since: int) -> bytes:
    """Return the note that lets the count begin, signed by `signers`."""
    return sign_note(count_text(election, station, since), signers)


def read_count(data: bytes, *, election: str, station: str) -> int:
    """Return the moment that a note over the beginning of the count speaks of. Believes no signature.

    Raises `Rejected("count.unsigned" | "count.form" | "count.other_station")` or `note.*`.
    """
    if not data.strip():
        raise Rejected("count.unsigned", station=station)
    lines = parse_note(data).text.split("\n")
    if len(lines) != 4 or lines[0] != _COUNT or not _is_time(lines[2]):
        raise Rejected("count.form")
    if lines[1] != f"{election}/{station}":
        raise Rejected("count.other_station", given=lines[1][:80], wanted=f"{election}/{station}")
    return int(lines[2])


def check_count(
    data: bytes, *, election: str, station: str, certificates: Iterable[bytes], issuers: Issuers
) -> tuple[int, tuple[Person, ...]]:
    """Return since when the count may be seen, and the two people who signed that; who may is as for a calibration.

    Raises as `read_count`, and `Rejected("count.signers", why=...)` with the code that `check_calibration` gives to the same fault.
    """
    since = read_count(data, election=election, station=station)
    try:
        return since, _two_people(parse_note(data), election, station, certificates, issuers)
    except Rejected as error:
        raise Rejected("count.signers", why=error.code) from error


def _is_time(line: str) -> bool:
    return line.isascii() and line.isdecimal() and len(line) <= 16 and str(int(line)) == line


def _two_people(
    note: Note, election: str, station: str, certificates: Iterable[bytes], issuers: Issuers, needed: int = 2
) -> tuple[Person, ...]:
    people = {_place_of_line(person.key): person for person in (check_person(bytes(each), issuers) for each in certificates)}
    entitled = {line: person for line, person in people.items() if _speaks_here(person, election, station)}
    for signature in note.signatures:
        if (signature.name, signature.key_id) not in entitled:
            raise Rejected("calibration.signer_unknown", name=signature.name)
    try:
        keys = verified_signers(note, [person.key for person in entitled.values()])
    except Rejected as error:
        raise Rejected("calibration.signature", **error.facts) from error
    signers = tuple(entitled[_place_of_line(key)] for key in keys)
    if needed > 1 or len({person.key.public for person in signers}) > 1:
        _require_two(signers)
    return signers


def election_text(election: str, version: int, file: Digest) -> str:
    """Return the text that the commission signs for version `version` of an election file."""
    return f"{_ELECTION}\n{election}\n{version}\n{file.hex()}\n"


def sign_election(signers: Sequence[SigningKey], election: str, version: int, file: Digest) -> bytes:
    """Return the note over the election file with SHA-256 `file`."""
    return sign_note(election_text(election, version, file), signers)


def check_election(
    data: bytes, *, election: str, version: int, file: Digest, keys: Sequence[VerifierKey], needed: int = 1
) -> tuple[str, ...]:
    """Return the names of the commission's keys that signed this very file; at least `needed` different ones.

    Raises `Rejected`: as `open_note`, `election.other` for a note over another file or version, `election.signatures` for too few.
    """
    text, names = open_note(data, keys)
    if text != election_text(election, version, file):
        raise Rejected("election.other", election=election, version=version)
    held = len({key.public for key in verified_signers(parse_note(data), keys)})
    if held < needed:
        raise Rejected("election.signatures", held=held, needed=needed)
    return names


def _read_person(text: str) -> Person:
    lines = text.split("\n")
    if len(lines) != 6 or lines[0] != _PERSON or lines[5] or not all(lines[:5]):
        raise Rejected("person.form", why="lines")
    person = Person(lines[1], lines[2], lines[3], VerifierKey.parse(lines[4]))
    _require_own_name(person)
    return person


def _require_own_name(person: Person) -> None:
    wanted = person_name(person.role, person.place)
    if person.key.name != wanted and not person.key.name.startswith(wanted + "/"):
        raise Rejected("person.form", why="name of the key")


def _signed_calibration(data: bytes, election: str, station: str, camera: str, file: Digest) -> Note:
    if not data.strip():
        raise Rejected("calibration.unsigned", camera=f"{station}/{camera}")
    note = parse_note(data)
    lines = note.text.split("\n")
    if len(lines) != 4 or lines[0] != _CALIBRATION:
        raise Rejected("calibration.form")
    if lines[1] != f"{election}/{station}/{camera}":
        raise Rejected("calibration.other_camera", given=lines[1][:80], wanted=f"{election}/{station}/{camera}")
    if lines[2] != file.hex():
        raise Rejected("calibration.altered", given=file.hex(), signed=lines[2][:80])
    return note


def _place_of_line(key: VerifierKey) -> tuple[str, bytes]:
    return key.name, key.id


def _speaks_here(person: Person, election: str, station: str) -> bool:
    region = station.partition("-")[0]
    return person.election == election and (person.place == station or (person.role == "territorial" and person.place == region))


def _require_two(signers: Sequence[Person]) -> None:
    if len({person.key.public for person in signers}) < 2:
        raise Rejected("calibration.one_person", name=signers[0].key.name)
    roles = {person.role for person in signers}
    if CHAIR not in roles or not roles & SECOND_ROLES:
        raise Rejected("calibration.roles", roles=", ".join(sorted(roles)))
