# SPDX-License-Identifier: Apache-2.0
"""Whether and when a piece of film may be shown to the public: the election file's delay, the legal profile's phases, and withdrawals.

Each answer is a `Verdict` with the article or clause it stands on. When in doubt the answer is no. It says nothing about recording, which goes
on whatever is published.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from kua.core.election import PHASES, Election, Station
from kua.core.errors import Rejected
from kua.core.instant import Instant, Millis
from kua.core.verdict import Verdict
from kua.law.hiding import audience_of
from kua.law.profile import Clause, Profile, may_use

CLAUSES: Final = ("public_phases", "public_voting", "public_purposes", "held_until_close")
"""The clauses of a profile that this module asks for."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What the rule must know of a piece of film: whose it is, when it was, and what the station's leaf says of its phase."""

    station: str
    cam: str
    t0: Instant
    t1: Instant
    phase: str


@dataclass(frozen=True, slots=True)
class Publication:
    """The rules of one election, taken from its file and its profile by `publication_of`."""

    delay: Millis
    phases: frozenset[str]
    voting_at: frozenset[str] | None
    purposes: frozenset[str]
    held: frozenset[str]
    last_close: Instant
    articles: dict[str, str]
    stations: dict[str, Station]
    kept_back: frozenset[str] = frozenset()
    """Phases that the hiding table gives to no public (`audience`)."""

    def due_at(self, piece: Piece) -> Instant:
        """Return the first moment at which `piece` may be public, if it may at all: its end and the delay; a held phase not before the close."""
        end = max(piece.t1, self.last_close) if self._phase(piece) in self.held else piece.t1
        return Instant(end + self.delay)

    def may_ever(self, piece: Piece) -> Verdict:
        """Whether `piece` may be public at any time: its station, camera, purpose and phase."""
        station = self.stations.get(piece.station)
        camera = next((camera for camera in station.cameras if camera.id == piece.cam), None) if station else None
        if camera is None or camera.purpose not in self.purposes:
            return Verdict(False, self.articles["public_purposes"], "publication.purpose")
        if self._phase(piece) != piece.phase:
            # Two words for one moment: the station's and the election file's. Neither is believed.
            return Verdict(False, self.articles["public_phases"], "publication.phase")
        if piece.phase in self.kept_back:
            return Verdict(False, self.articles["public_phases"], "publication.phase")
        if piece.phase == "voting" and (self.voting_at is None or piece.station in self.voting_at):
            return Verdict(True, self.articles["public_voting"], "publication.open")
        if piece.phase not in self.phases:
            which = "public_voting" if piece.phase == "voting" else "public_phases"
            return Verdict(False, self.articles[which], "publication.phase")
        return Verdict(True, self.articles["public_phases"], "publication.open")

    def may_publish(self, piece: Piece, withdrawn: Collection[str], now: Instant) -> Verdict:
        """Whether `piece` may be public at `now`. `withdrawn` holds the articles of the withdrawals that cover it."""
        if withdrawn:
            return Verdict(False, min(withdrawn), "publication.withdrawn")
        verdict = self.may_ever(piece)
        if verdict.allowed and now < self.due_at(piece):
            return Verdict(False, verdict.article, "publication.not_yet")
        return verdict

    def clause_of(self, piece: Piece) -> str:
        """Return the id of the clause that keeps `piece` from the public for ever, or an empty string."""
        verdict = self.may_ever(piece)
        if verdict.allowed:
            return ""
        if verdict.reason == "publication.purpose":
            return "public_purposes"
        return "public_voting" if piece.phase == "voting" else "public_phases"

    def _phase(self, piece: Piece) -> str | None:
        """Return the phase that the election file gives to the moment when `piece` began."""
        station = self.stations.get(piece.station)
        return station.phase_at(piece.t0) if station else None


def publication_of(election: Election, profile: Profile, accepted: Collection[str]) -> Publication:
    """Return the rules of `election` under `profile`; `accepted` are the unconfirmed clauses that the operator accepts by name.

    Raises `Rejected("profile.no_clause" | "profile.value")`, `Refused("profile.unconfirmed")`.
    """
    clauses = {name: profile.clause(name) for name in CLAUSES}
    for clause in clauses.values():
        may_use(clause, election.kind, accepted).require()
    voting = _object(clauses["public_voting"]).get("stations")
    return Publication(
        delay=election.delay,
        phases=_words(clauses["public_phases"], PHASES),
        voting_at=None if voting == "all" else frozenset[str]() if voting == "none" else _strings(clauses["public_voting"], voting),
        purposes=_strings(clauses["public_purposes"], clauses["public_purposes"].value),
        held=_words(clauses["held_until_close"], PHASES),
        last_close=_last_close(election.stations),
        articles={name: clause.article for name, clause in clauses.items()},
        stations={str(station.id): station for station in election.stations},
        kept_back=frozenset(phase for phase in PHASES if audience_of(election.hiding, phase) != "public"),
    )


def _last_close(stations: Iterable[Station]) -> Instant:
    ends = [window.end for station in stations for window in station.windows if window.phase == "voting"]
    return max(ends, default=Instant(0))


def _object(clause: Clause) -> dict[str, Any]:
    if not isinstance(clause.value, dict) or set(clause.value) != {"stations"}:
        raise Rejected("profile.value", clause=clause.id)
    return clause.value


def _strings(clause: Clause, value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise Rejected("profile.value", clause=clause.id)
    return frozenset(value)


def _words(clause: Clause, known: Collection[str]) -> frozenset[str]:
    words = _strings(clause, clause.value)
    if words - set(known):
        raise Rejected("profile.value", clause=clause.id)
    return words
