# SPDX-License-Identifier: Apache-2.0
"""What a bundle needs of the national log: found by reading all of it, as an outsider does, or by an index that the log's own centre keeps.

Both give the same leaves, so that both make the same bundle. An index is only a list of places: each leaf is read from the log, under a head that holds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, final

from kua.core.errors import Unavailable
from kua.ports.index import Places
from kua.proof.checkpoint import Checkpoint
from kua.proof.leaf import Leaf, read_leaf
from kua.proof.prover import Prover
from kua.proof.tiles import WIDTH
from kua.verify.entries import Entries
from kua.verify.view import LogView

Indexed = tuple[int, Leaf]
OF_STATION: Final = ("certificate", "withdrawn", "revoked")
"""Statements that a bundle takes along of its station, each."""


class National(Protocol):
    """The national log.

    * `states` gives the `station_checkpoint` leaves of the log `origin` with `least` leaves or more, before leaf `below`, the smallest state first, or the
      largest; whether they are the station's the caller finds out;
    * `latest` is the leaf with the latest time among the first `size`, the last of several.
    """

    @property
    def head(self) -> Checkpoint: ...
    @property
    def note(self) -> bytes: ...
    def prover(self) -> Prover: ...
    def entry(self, index: int) -> bytes: ...
    def policies(self) -> Sequence[Indexed]: ...
    def of_station(self, station: str) -> Sequence[Indexed]: ...
    def states(self, origin: str, least: int, below: int, *, newest_first: bool = False) -> Iterator[Indexed]: ...
    def latest(self, size: int) -> int | None: ...


@final
@dataclass(frozen=True, slots=True)
class WholeNation:
    """All leaves of an audited log; `raw` are its entries."""

    log: Entries
    raw: Sequence[bytes]
    made: list[Prover] = field(default_factory=list)

    @property
    def head(self) -> Checkpoint:
        """The log's head."""
        return self.log.head

    @property
    def note(self) -> bytes:
        """The head as it was read, with its signatures."""
        return self.log.note

    def prover(self) -> Prover:
        """Return what makes its proofs."""
        if not self.made:
            self.made.append(self.log.prover())
        return self.made[0]

    def entry(self, index: int) -> bytes:
        """Return a leaf as it stands."""
        return self.raw[index]

    def policies(self) -> Sequence[Indexed]:
        """Return all `policy` leaves."""
        return self.log.of_type("policy")

    def of_station(self, station: str) -> Sequence[Indexed]:
        """Return what the centre states of `station`, but for the states of its log."""
        return [(index, leaf) for index, leaf in self.log.of_type(*OF_STATION) if leaf["station"] == station]

    def states(self, origin: str, least: int, below: int, *, newest_first: bool = False) -> Iterator[Indexed]:
        """Keep the promise of `National`."""
        found = [
            (leaf["size"], index, leaf) for index, leaf in self.log.of_type("station_checkpoint")
            if leaf["origin"] == origin and leaf["size"] >= least and index < below
        ]  # fmt: skip
        for _, index, leaf in sorted(found, key=lambda each: each[:2], reverse=newest_first):
            yield index, leaf

    def latest(self, size: int) -> int | None:
        """Keep the promise of `National`."""
        times = [(leaf.body.get("received_at", leaf.body.get("at", 0)), index) for index, leaf in self.log.leaves[:size] if isinstance(leaf, Leaf)]
        return max(times)[1] if times else None


@final
class PlacedNation:
    """The log of this very centre, by its index. For one thread.

    Raises `Unavailable("index.behind")` where the index does not have all leaves of the head: nothing may be left out of what is made from it.
    """

    def __init__(self, view: LogView, places: Places) -> None:
        self._view, self._places = view, places
        self._prover = view.prover()
        if places.count() < view.head.size:
            raise Unavailable("index.behind", have=places.count(), wanted=view.head.size)

    @property
    def head(self) -> Checkpoint:
        """The head under which everything is read."""
        return self._view.head

    @property
    def note(self) -> bytes:
        """That head as it was read, with its signatures."""
        return self._view.note

    def prover(self) -> Prover:
        """Return what makes its proofs."""
        return self._prover

    def entry(self, index: int) -> bytes:
        """Return a leaf as it stands."""
        return self._view.bundle(index // WIDTH)[index % WIDTH]

    def policies(self) -> Sequence[Indexed]:
        """Return all `policy` leaves."""
        return list(self._leaves(self._places.of("", ("policy",))))

    def of_station(self, station: str) -> Sequence[Indexed]:
        """Return what the centre states of `station`, but for the states of its log."""
        return list(self._leaves(self._places.of(station, OF_STATION)))

    def states(self, origin: str, least: int, below: int, *, newest_first: bool = False) -> Iterator[Indexed]:
        """Keep the promise of `National`."""
        station = origin.rpartition("/")[2]
        for index, leaf in self._leaves(self._places.states(station, least, min(below, self.head.size), newest_first=newest_first)):
            if leaf["origin"] == origin:
                yield index, leaf

    def latest(self, size: int) -> int | None:
        """Keep the promise of `National`."""
        return self._places.latest(size)

    def _leaves(self, indices: Sequence[int] | Iterator[int]) -> Iterator[Indexed]:
        for index in indices:
            leaf = read_leaf(self.entry(index), "nation") if index < self.head.size else None
            if isinstance(leaf, Leaf):
                yield index, leaf
