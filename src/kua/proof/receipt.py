# SPDX-License-Identifier: Apache-2.0
"""The centre's receipt: "these bytes of this station are safe with me". Only against one does a station delete its own copy."""

import re
from dataclasses import dataclass
from typing import Final

from kua.core.digest import Digest, from_hex
from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.note import open_note, sign_note

_VERSION: Final = "kua/receipt/v1"
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The centre keeps `size` bytes with `digest` from the station whose log is `origin`, since `at`."""

    origin: str
    digest: Digest
    size: int
    at: Instant

    def text(self) -> str:
        """The text of the note."""
        return f"{_VERSION}\n{self.origin}\n{self.digest.hex()}\n{self.size}\n{self.at}\n"


def sign_receipt(receipt: Receipt, centre: SigningKey) -> bytes:
    """Return the signed note. The caller has made the bytes durable first."""
    return sign_note(receipt.text(), [centre])


def open_receipt(data: bytes, centre: VerifierKey) -> Receipt:
    """Verify, then read. Raises `Rejected`: as `open_note`, or `receipt.form`."""
    text, _ = open_note(data, [centre])
    lines = text.split("\n")
    if len(lines) != 6 or lines[0] != _VERSION or not all(_NUMBER.fullmatch(line) for line in lines[3:5]):
        raise Rejected("receipt.form")
    try:
        return Receipt(lines[1], from_hex(lines[2]), int(lines[3]), Instant(int(lines[4])))
    except ValueError as error:
        raise Rejected("receipt.form") from error


def check_receipt(data: bytes, centre: VerifierKey, origin: str, digest: Digest, size: int) -> Receipt:
    """Return the receipt if it is for exactly these bytes of this station. Raises `Rejected` as `open_receipt`, or `receipt.other`."""
    receipt = open_receipt(data, centre)
    if (receipt.origin, receipt.digest, receipt.size) != (origin, digest, size):
        raise Rejected("receipt.other", origin=receipt.origin, digest=receipt.digest.hex())
    return receipt
