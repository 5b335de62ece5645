# SPDX-License-Identifier: Apache-2.0
"""Enrolment: a one-time code, bound to a station, buys a certificate for one key. Codes are stored as SHA-256 only."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, final

from kua.centre.log.nation import Nation
from kua.core.election import Election
from kua.core.errors import Refused, Rejected
from kua.core.nouns import StationId, station_id, station_origin
from kua.ports.clock import Clock
from kua.ports.index import Code, Enrolled, Index
from kua.proof.base64 import from_base64
from kua.proof.keys import ED25519, VerifierKey, verifies
from kua.proof.leaf import make_leaf

ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that nobody confuses when a code is read out on the telephone."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a station asks with. `proof` is base64 of its signature over `enrol_message`."""

    election: str
    station: str
    code: str
    vkey: str
    proof: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What it gets: its log's origin, and where its certificate stands. `new` is False when the same key asked again."""

    origin: str
    certificate: int
    new: bool


def enrol_message(code: str, vkey: str) -> bytes:
    """Return the bytes that the station's key signs to show that it has the key (docs/spec/centre-api.md)."""
    return b"\x00".join((b"kua/enrol/v1", code.encode(), vkey.encode()))


def make_code(index: Index, election: Election, station: str, clock: Clock) -> str:
    """Make and remember a code of 20 letters (99 bits) for `station`; it is returned once and stored only as a hash."""
    wanted = election.station(station_id(station)).id
    code = "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))
    index.add_code(Code(_hash(code), wanted, clock.now(), ""))
    return code


@final
class Enrol:
    """The service. `known` is called with each station that has become known, before its certificate is answered."""

    def __init__(self, election: Election, index: Index, nation: Nation, clock: Clock, known: Callable[[str, VerifierKey], None]) -> None:
        self._election, self._index, self._nation, self._clock, self._known = election, index, nation, clock, known
        self._turn = asyncio.Lock()

    async def enrol(self, request: Request) -> Enrolment:
        """Enrol a station.

        Raises `Rejected` (`enrol.election`, `name.station`, `election.no_station`, `key.*`, `enrol.key_name`, `enrol.proof`,
        `enrol.code_unknown`), `Refused` (`enrol.code_used`, `enrol.has_key`, `enrol.revoked`).
        """
        if request.election != self._election.id:
            raise Rejected("enrol.election", given=request.election[:80], wanted=self._election.id)
        station = self._election.station(station_id(request.station)).id
        origin = station_origin(self._election.domain, self._election.id, station)
        key = self._key(request, origin)
        digest = _hash(request.code)
        code = self._index.code(digest)
        if code is None or code.station != station:
            raise Rejected("enrol.code_unknown")
        async with self._turn:
            self._index.use_code(digest, str(key))
            return await self._certify(station, origin, key)

    async def _certify(self, station: StationId, origin: str, key: VerifierKey) -> Enrolment:
        held = self._nation.certificates.get(station)
        if station in self._nation.revoked:
            raise Refused("enrol.revoked", station=station)
        if held is not None and held[0] != str(key):
            # A second key for a station whose log has begun would be a second log under one name.
            raise Refused("enrol.has_key", station=station)
        now = self._clock.now()
        if held is None:
            leaf = make_leaf("certificate", at=now, station=station, origin=origin, vkey=str(key))
            place = await self._nation.add(leaf)
        else:
            place = held[1]
        self._index.enrol(Enrolled(station, str(key), place, now))
        self._known(station, key)
        return Enrolment(origin, place, held is None)

    def _key(self, request: Request, origin: str) -> VerifierKey:
        key = VerifierKey.parse(request.vkey)
        if key.name != origin or key.kind != ED25519:
            raise Rejected("enrol.key_name", given=key.name[:120], wanted=origin)
        try:
            proof = from_base64(request.proof)
        except ValueError as error:
            raise Rejected("enrol.proof") from error
        if not verifies(key.public, proof, enrol_message(request.code, request.vkey)):
            raise Rejected("enrol.proof")
        return key


def _hash(code: str) -> str:
    return hashlib.sha256(code.strip().lower().encode()).hexdigest()
