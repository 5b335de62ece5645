# SPDX-License-Identifier: Apache-2.0
"""What may carry a station's log and files to a centre."""

from collections.abc import Iterator, Sequence
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


@dataclass(frozen=True, slots=True)
class Put:
    """The centre's receipt, as it came, and how long it asks to wait with the next file."""

    receipt: bytes
    wait: Millis = _AT_ONCE


class Line(Protocol):
    """What all that is carried shares: how large a part may be, and when its next bytes may leave.

    * `pieces` gives a part in pieces, none before it may leave: a cap of the line is kept there, statements pass, and `lane` has its place;
    * `carried` is told of every part that was acknowledged: when it began and ended (monotonic), and its bytes; `rate` is what follows, in bits a second,
      None where nothing was carried of late.
    """

    def chunk(self) -> int: ...
    def pieces(self, part: bytes, lane: str) -> Iterator[bytes]: ...
    def now(self) -> Millis: ...
    def rate(self) -> int | None: ...
    def carried(self, size: int, began: Millis, ended: Millis) -> None: ...


class Courier(Protocol):
    """Carries to one centre; every call is one signed request, or several, and may be repeated at will. Several threads may call at once.

    * each raises `Away` when there is no answer that decides, and `Turned` with the centre's code when it refuses;
    * `send_log` is given the entries `before` those that are sent, as many as there are up to `BEFORE`: both sides have them, so that they need not be
      said again;
    * `beat` tells the centre how the station is, beside the log, and answers as `state`;
    * `put` goes on where it was cut off, and returns the centre's receipt as it came: whoever calls checks the signature before believing it.
    """

    def state(self) -> CentreState: ...
    def beat(self, body: bytes) -> CentreState: ...
    def send_log(self, start: int, entries: Sequence[bytes], checkpoint: bytes, before: Sequence[bytes] = ()) -> int: ...
    def put(self, digest: Digest, data: bytes, lane: str = "backlog") -> Put: ...
    def close(self) -> None: ...
