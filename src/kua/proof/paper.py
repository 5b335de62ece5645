# SPDX-License-Identifier: Apache-2.0
"""A checkpoint on paper: the code that people write into the protocol, and the note as a telephone read it from a printed QR (docs/spec/paper.md).

The code is written and read by hand; its last two letters find every slip of one or two letters. Verifies no signature.
"""

import re
from dataclasses import dataclass
from typing import Final

from kua.core.digest import sha256
from kua.core.errors import Rejected
from kua.proof.head import parse_checkpoint, parse_size
from kua.proof.liveness import ALPHABET

DATA: Final = 26
"""Letters that carry the digest: 130 bits. Who has the station's key may look for two histories with one code, which takes about 2^65 attempts."""
CHECK: Final = 2
GROUP: Final = 4
_LABEL: Final = b"kua/paper/v1\n"
_TWINS: Final = str.maketrans("ILO", "110")
"""What a hand makes of digits (Crockford): read as the digit."""
_WRITTEN: Final = re.compile(r"\s*([0-9]{1,19})[\s:;/,]+([0-9A-Za-z][0-9A-Za-z\s.\u00b7\u2010-\u2015-]*)")
_FIELD: Final = 0b100101
"""x^5 + x^2 + 1: the field of 32 elements in which the check letters are reckoned."""


@dataclass(frozen=True, slots=True)
class PaperCode:
    """What stands on the protocol: how many entries the log had, and the code over its root."""

    size: int
    code: str

    def __str__(self) -> str:
        """As it is written: `21457 7QK4-...`."""
        return f"{self.size} {self.code}"


def paper_code(text: str) -> PaperCode:
    """Return what is written down for a checkpoint whose text is `text`; extension lines do not count. Raises `Rejected("checkpoint.form")`.

    SHA-256("kua/paper/v1" LF origin LF size LF root LF), its first 130 bits in Crockford's base 32, and two letters of a Reed-Solomon code.
    """
    head = parse_checkpoint(text)
    plain = "".join(f"{line}\n" for line in text.split("\n")[:3])
    number = int.from_bytes(sha256(_LABEL + plain.encode()), "big") >> (256 - 5 * DATA)
    values = [number >> shift & 31 for shift in range(5 * (DATA - 1), -1, -5)]
    letters = "".join(ALPHABET[value] for value in (*values, *_checks(values)))
    return PaperCode(head.size, "-".join(letters[at : at + GROUP] for at in range(0, len(letters), GROUP)))


def read_paper_code(text: str) -> PaperCode:
    """Read what was written down: the number of entries, then the code; case, hyphens and spaces do not matter, nor O for 0, I or L for 1.

    Raises `Rejected`: `paper.form` for what is no such thing, `paper.slip` where the last two letters do not fit the others.
    """
    found = _WRITTEN.fullmatch(text)
    letters = re.sub(r"[^0-9A-Z]", "", found[2].upper()).translate(_TWINS) if found else ""
    try:
        size = parse_size(found[1] if found else "")
    except ValueError as error:
        raise Rejected("paper.form", given=text[:80]) from error
    if len(letters) != DATA + CHECK or not set(letters) <= set(ALPHABET):
        raise Rejected("paper.form", given=text[:80])
    values = [ALPHABET.index(letter) for letter in letters]
    if values[DATA:] != _checks(values[:DATA]):
        raise Rejected("paper.slip", given=text[:80])
    return PaperCode(size, "-".join(letters[at : at + GROUP] for at in range(0, len(letters), GROUP)))


def note_from_paper(data: bytes) -> bytes:
    """Return the note that a scanner or a clipboard gave back: line ends of other systems, blanks around it, and the empty line are set right.

    Changes nothing else, so a signature holds or does not. What is no note comes back as it is.
    """
    lines = [line.strip() for line in data.decode("utf-8", "replace").strip("\ufeff \t\r\n").splitlines()]
    told = [line for line in lines if line]
    first = next((at for at, line in enumerate(told) if line.startswith("\u2014 ")), None)
    if first is None or first < 3:
        return data
    return "".join(f"{line}\n" for line in (*told[:first], "", *told[first:])).encode()


def _checks(values: list[int]) -> list[int]:
    """Return the remainder of `values` by (x - a)(x - a^2), a = 2: a Reed-Solomon code of distance 3 over words of up to 31 letters."""
    high = low = 0
    for value in values:
        carry = value ^ high
        high, low = low ^ _times(carry, 6), _times(carry, 8)
    return [high, low]


def _times(left: int, right: int) -> int:
    product = 0
    for shift in range(5):
        if right >> shift & 1:
            product ^= left << shift
    for shift in range(9, 4, -1):
        if product >> shift & 1:
            product ^= _FIELD << (shift - 5)
    return product
