# SPDX-License-Identifier: Apache-2.0
"""A polling station's box for tests: settings, a signed election file, and a drawn room calibrated and signed by two people. No real person, no real key."""

from pathlib import Path

from kua.app.calibrations import signers_file
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.instant import Instant
from kua.core.nouns import camera_id, election_id, station_id
from kua.law.hiding import DEFAULT, table_digest, table_json
from kua.proof.keys import SigningKey
from kua.proof.persons import Person, issue_person, person_name, sign_calibration, sign_election
from kua.sight.calibration import calibrated, write_calibration, write_reference
from kua.sight.zones import read_zones
from tests.rigs.rooms import Drawn

ELECTION, STATION = "kz-2026-test", "10-245"


def key(name: str) -> SigningKey:
    """Return the key that everybody knows: tests only."""
    return SigningKey.from_seed(name, sha256(name.encode()))


def make_box(folder: Path, source: str, drawn: Drawn, *, fps: int = 10, phase: str = "voting", signed: bool = True, kind: str = "rehearsal") -> Path:
    """Write a box with one camera `a` and return its folder."""
    width, height = drawn.reference.width, drawn.reference.height
    (folder / "election").mkdir(parents=True)
    (folder / "calibration").mkdir()
    (folder / "kua.toml").write_text(
        f'[station]\nid = "{STATION}"\n[[station.cameras]]\nid = "a"\nsource = "{source}"\nwidth = {width}\nheight = {height}\nfps = {fps}\n'
    )
    titles = {"kk": "x", "ru": "x", "en": "x"}
    commission, issuer = key("commission"), {role: key(f"issuer/{role}") for role in ("chair", "observer")}
    election = canonical(
        {
            "v": 1, "id": ELECTION, "version": 1, "domain": "example.kz", "titles": titles, "kind": kind, "contests": [],
            "profile": {"id": "kz", "sha256": "0" * 64},
            "regions": [{"id": "10", "titles": titles}],
            "stations": [
                {
                    "id": STATION, "region": "10", "titles": titles, "address": titles, "voters": 900,
                    "cameras": [{"id": "a", "purpose": "room"}],
                    "windows": [{"phase": phase, "from": 0, "to": 4_102_444_800_000}],
                    "exempt": None,
                }
            ],
            "hiding": table_json(DEFAULT), "publication": {"delay_ms": 30_000}, "cosigning": "", "centres": [],
            "keys": {
                "commission": [str(commission.verifier)],
                "issuers": [{"role": role, "vkey": str(each.verifier)} for role, each in issuer.items()],
            },
        }
    )  # fmt: skip
    (folder / "election/election.json").write_bytes(election)
    (folder / "election/election.note").write_bytes(sign_election([commission], ELECTION, 1, sha256(election)))
    made = write_calibration(
        calibrated(
            drawn.reference, election=election_id(ELECTION), station=station_id(STATION), camera=camera_id("a"), made_at=Instant(0),
            policy=table_digest(DEFAULT), zones=read_zones(drawn.zones), heads=drawn.heads,
        )
    )  # fmt: skip
    (folder / "calibration/a.json").write_bytes(made)
    (folder / "calibration/a.room").write_bytes(write_reference(drawn.reference))
    if signed:
        signers = {role: key(person_name(role, STATION)) for role in issuer}
        notes = [issue_person(issuer[role], Person(role, ELECTION, STATION, signers[role].verifier)) for role in issuer]
        (folder / "calibration/a.signers.json").write_bytes(signers_file(notes))
        (folder / "calibration/a.note").write_bytes(sign_calibration(list(signers.values()), ELECTION, STATION, "a", sha256(made)))
    return folder
