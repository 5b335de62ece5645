# SPDX-License-Identifier: Apache-2.0
"""A whole small election for tests and the demo: commission, issuers, people, a centre's key, and station boxes ready to run.

Every key here is made anew from a seed that the caller gives; none is a secret of anybody.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256 as _sha256
from pathlib import Path
from typing import Any

from kua.adapters.durable import DurableFiles
from kua.app.calibrate import calibrate, sign
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.nouns import election_id, nation_origin, station_id, station_origin
from kua.law.hiding import DEFAULT
from kua.proof.keys import SigningKey
from kua.proof.persons import Person, issue_person, person_name, sign_election
from kua.station.enrol import Enrolled, make_key, write_enrolled

ELECTION = "kz-2026-rehearsal"
DOMAIN = "kua.example"
_TITLES = {"kk": "Сынақ", "ru": "Репетиция", "en": "Rehearsal"}


@dataclass(frozen=True, slots=True)
class World:
    """The keys of an election and its files. `stations` are ids; all have the same windows."""

    seed: str
    stations: Mapping[str, tuple[str, ...]]
    windows: tuple[tuple[str, int, int], ...]
    centre_url: str = "http://127.0.0.1:9"

    def key(self, name: str) -> SigningKey:
        """Return the key called `name` in this world."""
        return SigningKey.from_seed(name, _sha256(f"{self.seed}/{name}".encode()).digest())

    @property
    def commission(self) -> SigningKey:
        """The commission's key."""
        return self.key(f"{DOMAIN}/commission")

    @property
    def centre(self) -> SigningKey:
        """The centre's key: receipts and the national log."""
        return self.key(f"{DOMAIN}/centre")

    @property
    def profile_file(self) -> bytes:
        """A legal profile without clauses."""
        return canonical({"v": 1, "id": "kz", "titles": _TITLES, "clauses": []})

    def election_file(self, delay_ms: int = 0) -> bytes:
        """Return `election.json`."""
        return canonical(
            {
                "v": 1, "id": ELECTION, "version": 1, "domain": DOMAIN, "titles": _TITLES, "contests": [_TITLES], "kind": "rehearsal",
                "profile": {"id": "kz", "sha256": sha256(self.profile_file).hex()},
                "regions": [{"id": region, "titles": _TITLES} for region in sorted({station[:2] for station in self.stations})],
                "stations": [self._station(station, cams) for station, cams in self.stations.items()],
                "hiding": {phase: dict(row) for phase, row in DEFAULT.items()},
                "publication": {"delay_ms": delay_ms}, "cosigning": "",
                "centres": [{"url": self.centre_url, "vkey": str(self.centre.verifier)}],
                "keys": {
                    "commission": [str(self.commission.verifier)],
                    "issuers": [{"role": role, "vkey": str(self.key(f"{DOMAIN}/issuer/{role}").verifier)} for role in ("chair", "observer")],
                },
            }
        )

    def election_note(self, file: bytes) -> bytes:
        """Return `election.note`."""
        return sign_election([self.commission], ELECTION, 1, sha256(file))

    def certificate(self, role: str, station: str) -> tuple[SigningKey, bytes]:
        """Return a person's key and certificate."""
        key = self.key(person_name(role, station))
        return key, issue_person(self.key(f"{DOMAIN}/issuer/{role}"), Person(role, ELECTION, station, key.verifier))

    def origin(self, station: str) -> str:
        """Return the origin of a station's log."""
        return station_origin(DOMAIN, election_id(ELECTION), station_id(station))

    @property
    def nation(self) -> str:
        """Return the origin of the national log."""
        return nation_origin(DOMAIN, election_id(ELECTION))

    def _station(self, station: str, cams: tuple[str, ...]) -> dict[str, Any]:
        return {
            "id": station, "region": station[:2], "titles": _TITLES, "address": _TITLES, "voters": 900, "exempt": None,
            "cameras": [{"id": cam, "purpose": "room"} for cam in cams],
            "windows": [{"phase": phase, "from": start, "to": end} for phase, start, end in self.windows],
        }


def write_election(folder: Path, world: World, delay_ms: int = 0) -> None:
    """Write the election's three files into `folder`."""
    files, data = DurableFiles(), world.election_file(delay_ms)
    for name, content in (("election.json", data), ("election.note", world.election_note(data)), ("profile.json", world.profile_file)):
        files.replace(folder / name, content)


def make_box(
    box: Path, world: World, station: str, sources: Mapping[str, str], *, width: int = 320, height: int = 180, fps: int = 5,
    enrolled: bool = True, signed: bool = True, delay_ms: int = 0,
) -> None:
    """Make a box for `station` with painted cameras (`sources`: camera to address), calibrated from the painted rooms themselves."""
    files = DurableFiles()
    write_election(box / "election", world, delay_ms)
    lines = ["[station]", f'id = "{station}"', "reserve = 32", ""]
    for cam, source in sources.items():
        lines += ["[[station.cameras]]", f'id = "{cam}"', f'source = "{source}"', f"width = {width}", f"height = {height}"]
        lines += [f"fps = {fps}", "bitrate = 200", 'preset = "ultrafast"', ""]
    files.replace(box / "kua.toml", "\n".join(lines).encode())
    for cam, source in sources.items():
        calibrate(box, cam, source, "auto" if source.startswith("painted:") else "none", 5)
        for role in ("chair", "observer") if signed else ():
            key, certificate = world.certificate(role, station)
            files.replace(box / "people" / f"{role}.pem", key.to_pem(), mode=0o600)
            files.replace(box / "people" / f"{role}.cert", certificate)
            sign(box, cam, box / "people" / f"{role}.pem", box / "people" / f"{role}.cert")
    if enrolled:
        key = make_key(box, world.origin(station), _sha256(f"{world.seed}/{station}".encode()).digest(), files)
        assert key.name == world.origin(station)
        write_enrolled(box, Enrolled(world.origin(station), world.centre_url, world.centre.verifier, 0), files)
