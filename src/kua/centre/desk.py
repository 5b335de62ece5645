# SPDX-License-Identifier: Apache-2.0
"""What the public pages read (the port `PublicIndex`), answered from the centre's books. Reads memory only; decides nothing about publication."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, final

from kua.centre.broadcast.service import Broadcast
from kua.centre.broadcast.shelf import piece_of
from kua.centre.elections.service import Held
from kua.centre.ingest.members import Member, Members
from kua.centre.log.cosigned import CosignedFiles
from kua.centre.log.cosigning import Asked
from kua.centre.log.nation import Nation
from kua.centre.log.waits import Waits
from kua.core.election import Camera, Election, Station
from kua.core.errors import Rejected
from kua.core.instant import Instant
from kua.media.timeline import Day, Film
from kua.ports.clock import Clock
from kua.ports.index import CameraState, CountSpan, PublicDay, StationState, StateWord, Vouchers, Witnessed
from kua.proof.policy import Policy

QUIET: Final = 60_000
"""Milliseconds without leaves after which a station is silent; a station sends a heartbeat every 30 s."""
LATE: Final = 60_000
"""Milliseconds after its time from which a segment counts as late, and a film as staying behind."""


@final
class Desk:
    """The port `PublicIndex`."""

    def __init__(
        self, held: Held, members: Members, nation: Nation, waits: Waits, broadcast: Broadcast, clock: Clock, centre_vkey: str,
        policy: Policy | None = None, cosigned: CosignedFiles | None = None, cosigners: Sequence[Asked] = (),
    ) -> None:
        self._held, self._members, self._nation, self._waits = held, members, nation, waits
        self._broadcast, self._clock, self._vkey = broadcast, clock, centre_vkey
        self._policy, self._cosigned, self._cosigners = policy, cosigned, cosigners

    def election(self) -> Election:
        """Return the election file."""
        return self._held.election

    def centre_vkey(self) -> str:
        """Return the key that signs the national log and the receipts."""
        return self._vkey

    def now(self) -> Instant:
        """Return the centre's time."""
        return self._clock.now()

    def certificate(self, station: str) -> int | None:
        """Return where the station's certificate stands in the national log. Raises `Rejected("election.no_station")`."""
        held = self._nation.certificates.get(self._held.election.station(station).id)
        return None if held is None else held[1]

    def witnessed(self, station: str) -> Witnessed:
        """Return what outsiders have seen of a station. Raises `Rejected("election.no_station")`."""
        member = self._members.find(self._held.election.station(station).id)
        if member is None:
            return Witnessed()
        films = [{leaf: film.t1 for leaf, film in camera.items()} for camera in member.book.films.values()]
        phones = member.book.phones
        return replace(self._waits.of(member.origin, films), phones=len(phones), phones_at=max(phones.values(), default=None))

    def nation_head(self) -> tuple[int, str] | None:
        """Return size and root (hex) of the newest published checkpoint of the national log."""
        head = self._nation.head
        return None if head is None else (head.size, head.root.hex())

    def vouchers(self) -> Vouchers | None:
        """Return who co-signs the national log, by the newest co-signed checkpoint."""
        if self._policy is None or self._cosigned is None:
            return None
        newest = self._cosigned.newest
        if newest is None:
            return Vouchers(len(self._policy.parties), (), quorum=self._policy.met_by(()), at=None)
        at = None if newest.by is None else Instant(newest.by * 1000)
        return Vouchers(len(self._policy.parties), newest.parties, newest.quorum, at)

    def cosigner_states(self) -> list[tuple[str, int, str]]:
        """Return name, size co-signed last (-1: nothing since the start) and trouble (a code, or "") of each co-signer that is asked."""
        return [(asked.name, asked.done, asked.trouble) for asked in self._cosigners]

    def station_states(self) -> Sequence[StationState]:
        """Return every station of the election file, in its order."""
        return [self._state(station) for station in self._held.election.stations]

    def station_state(self, station: str) -> StationState:
        """Return one station. Raises `Rejected("election.no_station")`."""
        return self._state(self._held.election.station(station))

    def day(self, station: str, cam: str) -> PublicDay:
        """Return a camera's day. Raises `Rejected("election.no_station" | "election.no_camera")`."""
        self._require(station, cam)
        until = Instant(self._clock.now() - self._held.rules.delay)
        member = self._members.find(station)
        if member is None:
            return PublicDay(Day(cam), frozenset(), frozenset(), until, {})
        rules = self._held.rules
        present = frozenset(self._broadcast.shelf(station).present(cam))
        late, kept = set(), {}
        for film in member.book.films[cam].values():
            piece = piece_of(station, film)
            if film.sha256 in present and member.published.get(film.sha256, 0) > rules.due_at(piece) + LATE:
                late.add(film.sha256)
            elif clause := rules.clause_of(piece):
                kept[film.sha256] = clause
        return PublicDay(member.book.days[cam], present, frozenset(late), until, kept, frozenset(self._broadcast.shelf(station).lives(cam)))

    def counts(self, station: str, cam: str) -> Sequence[CountSpan]:
        """Return the intervals that are old enough to be public."""
        self._require(station, cam)
        member = self._members.find(station)
        until = self._clock.now() - self._held.rules.delay
        return [span for span in member.book.counts[cam] if span.t1 <= until] if member else []

    def _require(self, station: str, cam: str) -> None:
        if cam not in {camera.id for camera in self._held.election.station(station).cameras}:
            raise Rejected("election.no_camera", station=station, camera=cam[:20])

    def _state(self, station: Station) -> StationState:
        member = self._members.find(station.id)
        if member is None:
            idle = tuple(CameraState(camera.id, camera.purpose, None, None, False, False) for camera in station.cameras)
            return StationState(station.id, station.region, "none", None, None, None, False, False, idle, 0, 0)
        cameras = tuple(self._camera(member, camera) for camera in station.cameras)
        film = max((c.last_film_t1 for c in cameras if c.last_film_t1 is not None), default=None)
        shown = max((c.published_until for c in cameras if c.published_until is not None), default=None)
        return StationState(
            station.id, station.region, self._word(member, film), member.heard, film, shown, any(c.hidden_now for c in cameras),
            any(c.withdrawn for c in cameras), cameras, self._lateness(member), member.book.owed,
            frozenset(kind for cam, kind in member.book.faults if cam is not None),
        )

    def _word(self, member: Member, film: Instant | None) -> StateWord:
        now, book = self._clock.now(), member.book
        if book.opened is None:
            return "none"
        if book.closed is not None:
            return "closed"
        if member.heard is None or now - member.heard > QUIET:
            return "silent"
        stored = max((t.t1 for films in book.films.values() for t in films.values() if t.sha256 in member.received), default=None)
        behind = film is not None and now - (stored or book.opened) > LATE and (stored is None or stored < film)
        return "storing" if behind else "recording"

    def _camera(self, member: Member, camera: Camera) -> CameraState:
        day, now = member.book.days[camera.id], self._clock.now()
        shelf = self._broadcast.shelf(member.station)
        present = shelf.present(camera.id) | shelf.lives(camera.id)
        films = [item for item in reversed(day.items) if isinstance(item, Film)]
        shown = next((film for film in films if not present.isdisjoint(film.digests) and not day.is_withdrawn(film)), None)
        hidden = shown is not None and any(span.covers(shown.t0, shown.t1) for span in day.hidden)
        withdrawn = any(span.covers(now, now + 1) for span in day.withdrawn)
        return CameraState(camera.id, camera.purpose, films[0].t1 if films else None, shown.t1 if shown else None, hidden, withdrawn)

    def _lateness(self, member: Member) -> int:
        rules = self._held.rules
        newest = [
            (film.t1, member.published[film.sha256] - rules.due_at(piece_of(member.station, film)))
            for films in member.book.films.values()
            for film in films.values()
            if film.sha256 in member.published
        ]
        return max(0, max(newest)[1]) if newest else 0
