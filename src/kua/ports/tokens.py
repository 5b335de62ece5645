# SPDX-License-Identifier: Apache-2.0
"""What may make and read time tokens (RFC 3161): a stranger's word that bytes existed at a moment."""

from dataclasses import dataclass
from typing import Protocol

from kua.core.instant import Instant


@dataclass(frozen=True, slots=True)
class Stamped:
    """What a token says that holds: the bytes existed before `at` (with the token's own accuracy added), says `by`."""

    at: Instant
    by: str


class ReadToken(Protocol):
    """Checks the token `response` (a TimeStampResp, DER) over `data` against the authorities that the reader trusts.

    Certificates are judged at the token's own time, so that it holds as well in twenty years. Raises `Rejected`: `token.form` for
    bytes that are no token, `token.other` for a token over other bytes, `token.untrusted` where no trusted authority vouches for it.
    """

    def __call__(self, response: bytes, data: bytes) -> Stamped: ...


class Authority(Protocol):
    """One authority. `stamp` asks for a token over `data`, checks it, and returns it with what it says; raises `Unavailable("token.away")`,
    `Rejected("token.*")`. May block. `reader` reads tokens of this authority again.
    """

    @property
    def name(self) -> str: ...
    @property
    def reader(self) -> ReadToken: ...
    def stamp(self, data: bytes) -> tuple[bytes, Stamped]: ...
