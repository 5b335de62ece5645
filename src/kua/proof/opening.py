# SPDX-License-Identifier: Apache-2.0
"""The record of an opening: two people sign that a share was taken out, or a slice opened, and by which order (docs/spec/sealed.md).

A C2SP note, to be carried to the log. It names offices and keys, never who is to be seen in the film.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kua.core.digest import Digest, from_hex
from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.proof.keys import SigningKey
from kua.proof.note import parse_note, sign_note, verified_signers
from kua.proof.persons import Issuers, Person, check_person

What = Literal["share", "open"]
WHATS: Final[tuple[What, ...]] = ("share", "open")

_OPENING: Final = "kua/opening/v1"
_ORDER: Final = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,255}")
_PLACE: Final = re.compile(r"[a-z][a-z0-9-]{1,62}[a-z0-9]/[0-9]{2}-[0-9]{1,5}/[a-z]/[0-9a-f]{8}")
_NAMES: Final = re.compile(r"[a-z][a-z0-9_.-]{0,31}(?:,[a-z][a-z0-9_.-]{0,31}){0,63}")


@dataclass(frozen=True, slots=True)
class Opening:
    """What was done: `place` is ELECTION/STATION/CAMERA/SLICE, `leaf` the SHA-256 of the slice's leaf, `order` cites the order or article."""

    what: What
    place: str
    leaf: Digest
    trustees: tuple[str, ...]
    order: str
    at: Instant

    def text(self) -> str:
        """Return the text that two people sign. Raises `Rejected("seal.order")` for an order that is not one line of printable ASCII."""
        if not _ORDER.fullmatch(self.order):
            raise Rejected("seal.order")
        return f"{_OPENING}\n{self.what}\n{self.place}\n{self.leaf.hex()}\n{','.join(self.trustees)}\n{self.order}\n{self.at}\n"


def sign_opening(opening: Opening, signers: Sequence[tuple[SigningKey, bytes]], issuers: Issuers) -> bytes:
    """Return the record, signed by `signers` (key and certificate of each). Raises as `check_opening`: what would not hold is not made."""
    note = sign_note(opening.text(), [key for key, _ in signers])
    check_opening(note, [certificate for _, certificate in signers], issuers)
    return note


def check_opening(data: bytes, certificates: Iterable[bytes], issuers: Issuers) -> tuple[Opening, tuple[Person, ...]]:
    """Return what a record says and the people who signed it: at least two, each certified in that election.

    Raises `Rejected`: `seal.form`, `seal.two_people`, `seal.signer_elsewhere`, `note.*`, and as `check_person`.
    """
    note = parse_note(data)
    opening = _read(note.text)
    election, station = opening.place.split("/")[:2]
    people = [check_person(bytes(each), issuers) for each in certificates]
    for person in people:
        if person.election != election or person.place not in (station, station.partition("-")[0]):
            raise Rejected("seal.signer_elsewhere", name=person.key.name, station=station)
    signed = verified_signers(note, [person.key for person in people])
    if len({key.public for key in signed}) < 2:
        raise Rejected("seal.two_people", held=len({key.public for key in signed}))
    return opening, tuple(person for person in people if person.key in signed)


def _read(text: str) -> Opening:
    lines = text.split("\n")
    whats: dict[str, What] = {what: what for what in WHATS}
    try:
        if len(lines) != 8 or lines[0] != _OPENING or lines[7] or lines[1] not in whats:
            raise ValueError("lines")
        if not _PLACE.fullmatch(lines[2]) or not _NAMES.fullmatch(lines[4]) or not _ORDER.fullmatch(lines[5]):
            raise ValueError("fields")
        if not lines[6].isascii() or not lines[6].isdecimal() or str(int(lines[6][:17])) != lines[6]:
            raise ValueError("at")
        return Opening(whats[lines[1]], lines[2], from_hex(lines[3]), tuple(lines[4].split(",")), lines[5], Instant(int(lines[6])))
    except ValueError as error:
        raise Rejected("seal.form", what="opening") from error
