# SPDX-License-Identifier: Apache-2.0
"""A centre in memory behind the port `Courier`: it checks what a real one checks and refuses what does not fit. It keeps nothing on disk."""

from collections.abc import Sequence
from typing import final

from kua.core.digest import Digest, sha256
from kua.core.instant import Instant, Millis
from kua.ports.clock import Clock
from kua.ports.courier import Away, CentreState, Put, Turned
from kua.proof.checkpoint import open_checkpoint
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.leaf import Leaf, read_leaf
from kua.proof.merkle import Frontier, leaf_hash
from kua.proof.receipt import Receipt, sign_receipt

_NAMED = {"segment": ("sha256", "init"), "calibration": ("sha256", "note", "signers")}


@final
class MemoryCourier:
    """Carries to a centre in memory. `is_cut` makes every call fail as a cut line does; `retry_after` goes with it; `asks` goes with every receipt.

    `order` is what was accepted, in order: `log:SIZE` and `blob:HEX`. `nation` is what it says of the national log.
    """

    def __init__(self, station: VerifierKey, origin: str, centre: SigningKey, clock: Clock) -> None:
        self._station, self._origin, self._centre, self._clock = station, origin, centre, clock
        self._frontier = Frontier()
        self._named: set[str] = set()
        self.entries: list[bytes] = []
        self.blobs: dict[bytes, bytes] = {}
        self.order: list[str] = []
        self.beats: list[bytes] = []
        self.lanes: list[str] = []
        self.calls = 0
        self.is_cut = False
        self.retry_after = Millis(0)
        self.asks = Millis(0)
        self.receipts_by = centre
        self.nation = b""

    def state(self) -> CentreState:
        """Keep the port's promise."""
        self._require_line()
        return CentreState(len(self.entries), self._clock.now(), self.nation)

    def beat(self, body: bytes) -> CentreState:
        """Keep the port's promise; the newest is in `beats`."""
        state = self.state()
        self.beats.append(body)
        return state

    def send_log(self, start: int, entries: Sequence[bytes], checkpoint: bytes, before: Sequence[bytes] = ()) -> int:
        """Keep the port's promise: the entries must go on where ours end, and make the root that the checkpoint signs."""
        self._require_line()
        if list(before) != self.entries[start - len(before) : start]:
            raise Turned("log.request")
        if start != len(self.entries):
            raise Turned("log.not_next", have=len(self.entries))
        if len(entries) > 1000 or sum(map(len, entries)) > 4 * 1024 * 1024:
            raise Turned("log.too_large")
        signed = open_checkpoint(checkpoint, self._station, self._origin)
        grown = self._frontier.copy()
        for entry in entries:
            grown.append(leaf_hash(entry))
        if (signed.size, signed.root) != (grown.size, grown.root()):
            raise Turned("log.fork")
        for entry in entries:
            leaf = read_leaf(entry, "station")
            if isinstance(leaf, Leaf):
                self._named |= {leaf[field] for field in _NAMED.get(leaf.type, ())}
                self._named |= {leaf.body["live"][field] for field in ("sha256", "init") if field in leaf.body.get("live", {})}
        self._frontier = grown
        self.entries += entries
        self.order.append(f"log:{grown.size}")
        return grown.size

    def put(self, digest: Digest, data: bytes, lane: str = "backlog") -> Put:
        """Keep the port's promise: only bytes that a leaf names, and a receipt signed by `receipts_by`."""
        self._require_line()
        if sha256(data) != digest:
            raise Turned("ingest.digest")
        if digest.hex() not in self._named:
            raise Turned("ingest.no_leaf")
        self.blobs[digest] = data
        self.lanes.append(lane)
        self.order.append(f"blob:{digest.hex()}")
        return Put(sign_receipt(Receipt(self._origin, digest, len(data), Instant(self._clock.now())), self.receipts_by), self.asks)

    def close(self) -> None:
        """Nothing is held open."""

    def _require_line(self) -> None:
        self.calls += 1
        if self.is_cut:
            raise Away("centre.away", self.retry_after, centre="memory", why="cut")
