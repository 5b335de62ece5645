# SPDX-License-Identifier: Apache-2.0
"""A public index made of plain values, so that pages can be looked at without a centre. Decides nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kua.core.election import Election
from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.ports.index import CountSpan, PublicDay, StationState, Vouchers, Witnessed


@dataclass(slots=True)
class PlainIndex:
    """A `PublicIndex` that says what it was given. `days` and `spans` are by (station, camera)."""

    file: Election
    at: Instant
    vkey: str
    states: Mapping[str, StationState]
    days: Mapping[tuple[str, str], PublicDay]
    spans: Mapping[tuple[str, str], Sequence[CountSpan]] = field(default_factory=dict)
    certificates: Mapping[str, int] = field(default_factory=dict)
    head: tuple[int, str] | None = None
    outsiders: Mapping[str, Witnessed] = field(default_factory=dict)
    cosigners: Vouchers | None = None

    def election(self) -> Election:
        """Return the election file."""
        return self.file

    def centre_vkey(self) -> str:
        """Return the centre's verifier key line."""
        return self.vkey

    def now(self) -> Instant:
        """Return the fixed time."""
        return self.at

    def station_states(self) -> Sequence[StationState]:
        """Return all states, in the order given."""
        return list(self.states.values())

    def station_state(self, station: str) -> StationState:
        """Return the state of one station."""
        self.file.station(station)
        return self.states[station]

    def day(self, station: str, cam: str) -> PublicDay:
        """Return the day of one camera."""
        self.file.station(station)
        try:
            return self.days[station, cam]
        except KeyError as error:
            raise Rejected("election.no_camera", station=station, camera=cam) from error

    def counts(self, station: str, cam: str) -> Sequence[CountSpan]:
        """Return the counts of one camera."""
        return self.spans.get((station, cam), ())

    def certificate(self, station: str) -> int | None:
        """Return where the station's certificate stands in the national log."""
        return self.certificates.get(station)

    def witnessed(self, station: str) -> Witnessed:
        """Return what outsiders have seen of one station."""
        return self.outsiders.get(station, Witnessed())

    def nation_head(self) -> tuple[int, str] | None:
        """Return the head of the national log."""
        return self.head

    def vouchers(self) -> Vouchers | None:
        """Return who co-signs the national log."""
        return self.cosigners
