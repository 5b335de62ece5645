# SPDX-License-Identifier: Apache-2.0
"""Which stations somebody wants to copy or to watch, beside the national log, which belongs to every choice."""

from dataclasses import dataclass

from kua.core.election import Election, Station
from kua.core.errors import Misused


@dataclass(frozen=True, slots=True)
class Scope:
    """All stations; or those of `regions`, and `stations` by name; or, `nation_only`, none."""

    regions: frozenset[str] = frozenset()
    stations: frozenset[str] = frozenset()
    nation_only: bool = False

    def __contains__(self, station: Station) -> bool:
        if self.nation_only:
            return False
        return not (self.regions or self.stations) or station.region in self.regions or station.id in self.stations

    def of(self, election: Election) -> list[Station]:
        """Return the stations that are meant. Raises `Misused("scope.region" | "scope.station" | "scope.both")`."""
        if self.nation_only and (self.regions or self.stations):
            raise Misused("scope.both")
        for region in sorted(self.regions - {region.id for region in election.regions}):
            raise Misused("scope.region", region=region[:20])
        for station in sorted(self.stations - {str(station.id) for station in election.stations}):
            raise Misused("scope.station", station=station[:20])
        return [station for station in election.stations if station in self]
