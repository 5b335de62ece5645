# SPDX-License-Identifier: Apache-2.0
"""What the centre remembers, as seen by the public pages (`PublicIndex`) and by the centre's own services (`Index`). No implementation.

The logs and the store are the truth; an index may be thrown away and made again from them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from kua.core.election import Election
from kua.core.instant import Instant
from kua.media.timeline import Day

StateWord = Literal["recording", "storing", "silent", "none", "closed"]
"""A station as the centre sees it.

* `recording`: leaves and film arrive;
* `storing`: leaves arrive, film stays behind on the box (a slow or broken link), nothing is lost;
* `silent`: it has opened and the centre has heard nothing for a minute;
* `none`: it has not opened, or it has no camera (`Station.exempt` says why);
* `closed`: it has closed its day.
"""


@dataclass(frozen=True, slots=True)
class CameraState:
    """One camera as the public may know it. All times are the station's own; None where there is nothing yet.

    `hidden_now`: the newest film that the public may see is filled; `withdrawn`: the newest moment of the camera is withdrawn from publication.
    """

    cam: str
    purpose: str
    last_film_t1: Instant | None
    published_until: Instant | None
    hidden_now: bool
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class StationState:
    """One station as the public may know it.

    `last_leaf_at`: when the centre last took leaves of it (the centre's clock); `last_film_t1`: end of the newest recorded segment that a leaf
    names; `published_until`: end of the newest published segment; `late_ms`: how much later than the public delay promises the newest
    published segment came (0 where it is in time or nothing is due); `owed`: pieces that the box said it still has to send.
    """

    station: str
    region: str
    state: StateWord
    last_leaf_at: Instant | None
    last_film_t1: Instant | None
    published_until: Instant | None
    hidden_now: bool
    withdrawn: bool
    cameras: tuple[CameraState, ...]
    late_ms: int
    owed: int
    faults: frozenset[str] = frozenset()
    """Kinds of fault that a camera of this station has stated and not taken back (docs/spec/leaf.md)."""


@dataclass(frozen=True, slots=True)
class PublicDay:
    """One camera's day for the timeline.

    `day` holds all leaves of the camera, withdrawals too; `present` are the SHA-256 (hex) of the segments that are published right now; `late` are
    those among them that came more than a minute after they were due; `lives` are those of the lowered segments that are published; `until` is now minus the public delay: show nothing after it;
    `unpublished` are segments that the legal profile keeps from the public, with the id of the clause that says so.
    """

    day: Day
    present: frozenset[str]
    late: frozenset[str]
    until: Instant
    unpublished: dict[str, str]
    lives: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What outsiders (co-signers, time authorities) have seen of a station's log.

    `at`, `by`: the newest sighting; `until`: end of the newest film among it; `longest`: the longest time (ms) from the end of a segment to the first outsider
    who had seen it; `count` segments are seen, `unseen` wait. `phones`: telephones in the room that co-signed, as the station says, the last one at `phones_at`;
    they shorten no window here, since whose they are nobody at the centre knows.
    """

    at: Instant | None = None
    by: str = ""
    until: Instant | None = None
    longest: int | None = None
    count: int = 0
    unseen: int = 0
    phones: int = 0
    phones_at: Instant | None = None


@dataclass(frozen=True, slots=True)
class CountSpan:
    """How many people a camera saw in [t0, t1): intervals, never single numbers."""

    t0: Instant
    t1: Instant
    queue_low: int
    queue_high: int
    people_low: int
    people_high: int


@dataclass(frozen=True, slots=True)
class Vouchers:
    """Co-signers of the national log: those of the election's policy (`total`), those who signed the newest co-signed checkpoint (`names`).

    `quorum` says whether they are enough; `at` is when they were, None before that.
    """

    total: int
    names: tuple[str, ...]
    quorum: bool
    at: Instant | None


class PublicIndex(Protocol):
    """All that the public site may read.

    * nothing here is younger than the public delay, except states that concern no picture (`last_leaf_at`, `state`);
    * calls are quick (memory), never block on the network, and are made on the event loop's thread;
    * an unknown station or camera raises `Rejected("election.no_station")` or `Rejected("election.no_camera")`;
    * `certificate` is the index of the station's `certificate` leaf in the national log, None before it has enrolled;
    * `nation_head` is size and root (hex) of the newest published checkpoint of the national log, None before the first;
    * `vouchers` is who co-signs the national log, None where the election names no co-signer.
    """

    def election(self) -> Election: ...
    def centre_vkey(self) -> str: ...
    def now(self) -> Instant: ...
    def station_states(self) -> Sequence[StationState]: ...
    def station_state(self, station: str) -> StationState: ...
    def day(self, station: str, cam: str) -> PublicDay: ...
    def counts(self, station: str, cam: str) -> Sequence[CountSpan]: ...
    def certificate(self, station: str) -> int | None: ...
    def witnessed(self, station: str) -> Witnessed: ...
    def nation_head(self) -> tuple[int, str] | None: ...
    def vouchers(self) -> Vouchers | None: ...


class InsideIndex(PublicIndex, Protocol):
    """What those who run the centre may read too.

    * `cosigner_states` is name, size co-signed last (-1: nothing since the start) and trouble (a code, or "") of each co-signer that is asked.
    """

    def cosigner_states(self) -> Sequence[tuple[str, int, str]]: ...


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A station whose key the centre knows: its verifier key line and the index of its `certificate` leaf in the national log."""

    station: str
    vkey: str
    certificate: int
    at: Instant


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time enrolment code, known by its SHA-256 only. `vkey` is empty until it has been used."""

    sha256: str
    station: str
    made_at: Instant
    vkey: str


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that a station's leaf names and that have arrived. `published_at` is None until the public can see them."""

    station: str
    sha256: str
    size: int
    received_at: Instant
    published_at: Instant | None


class Index(Protocol):
    """The centre's memory.

    * a call returns after the change is in the database; with `received`, many at once cost one commit;
    * `use_code` binds a code to one key for ever, atomically; the same key again is fine;
    * all of it but the unused codes can be made again from the logs and the store.
    """

    def add_code(self, code: Code) -> None: ...
    def code(self, sha256: str) -> Code | None: ...
    def use_code(self, sha256: str, vkey: str) -> Code: ...
    def enrol(self, enrolled: Enrolled) -> None: ...
    def enrolled(self) -> Sequence[Enrolled]: ...
    def received(self, pieces: Iterable[Piece]) -> None: ...
    def published(self, station: str, digests: Iterable[str], at: Instant | None) -> None: ...
    def pieces(self, station: str) -> Sequence[Piece]: ...
    def heard(self, station: str, at: Instant) -> None: ...
    def last_heard(self, station: str) -> Instant | None: ...
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Placed:
    """Where one leaf of the national log stands: of which station it speaks ("" of none), its type, and the size that it states (0 where it states none).

    `latest` is the leaf with the latest time (`received_at`, `at`) among all up to this one, the last of several; None where none had a time yet.
    """

    index: int
    station: str
    kind: str
    size: int
    latest: int | None


class Places(Protocol):
    """Where each station's leaves stand in the national log, so that nobody has to read the leaves of all others to find them.

    * an index: it may be thrown away and made again from the log; whoever uses it reads the leaves that it names and believes those;
    * `add` takes all leaves in order, without a hole, and returns after the change is in the database; `tip` is the leaf hash (hex) of the last one;
    * `states` gives the `station_checkpoint` leaves of a station that state `least` leaves or more and stand before leaf `below`, the smallest state
      first, or the largest;
    * any method may be called from any thread; a sick disk raises `Unavailable("index.failed")`.
    """

    def add(self, placed: Sequence[Placed], tip: str) -> None: ...
    def count(self) -> int: ...
    def tip(self) -> str: ...
    def forget(self) -> None: ...
    def of(self, station: str, kinds: Sequence[str]) -> Sequence[int]: ...
    def states(self, station: str, least: int, below: int, *, newest_first: bool = False) -> Iterator[int]: ...
    def latest(self, size: int) -> int | None: ...
    def close(self) -> None: ...
