# SPDX-License-Identifier: Apache-2.0
"""What may carry a station's log and files to a centre."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from kua.core.digest import Digest
from kua.core.errors import Fact, Rejected, Unavailable
from kua.core.instant import Instant, Millis


_AT_ONCE: Final = Millis(0)


class Away(Unavailable):
    """The centre cannot be reached or asks to wait (`retry_after`, 0 if it does not say). Try again later; nothing is lost."""

    def __init__(self, code: str, /, retry_after: Millis = _AT_ONCE, **facts: Fact) -> None:
        super().__init__(code, **facts)
        self.retry_after = retry_after


class Turned(Rejected):
    """The centre answered, and says no, with its own `code` (docs/spec/centre-api.md). `have` is its log size where it named one."""

    def __init__(self, code: str, /, have: int | None = None, **facts: Fact) -> None:
        super().__init__(code, **facts)
        self.have = have


@dataclass(frozen=True, slots=True)
class CentreState:
    """What the centre has of our log, its clock, and the newest checkpoint of the national log, as it came (empty: it gave none)."""

    size: int
    now: Instant
    nation: bytes = b""


class Courier(Protocol):
    """Carries to one centre; every call is one signed request and may be repeated at will.

    * each raises `Away` when there is no answer that decides, and `Turned` with the centre's code when it refuses;
    * `put` returns the centre's receipt as it came: whoever calls checks the signature before believing it.
    """

    def state(self) -> CentreState: ...
    def send_log(self, start: int, entries: Sequence[bytes], checkpoint: bytes) -> int: ...
    def put(self, digest: Digest, data: bytes) -> bytes: ...
    def close(self) -> None: ...
