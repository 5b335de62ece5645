# SPDX-License-Identifier: Apache-2.0
"""Reads the election file, its note and its profile from the centre's folder and insists that they fit together. Signs nothing."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kua.core.digest import sha256
from kua.core.election import Election, read_election
from kua.core.errors import Misused, Rejected
from kua.law.profile import Profile, read_profile
from kua.law.publication import Publication, publication_of
from kua.law.sealing import may_seal
from kua.proof.keys import VerifierKey
from kua.proof.persons import check_election

FILES: Final = ("election.json", "election.note", "profile.json")
"""What stands in the centre's folder and, byte for byte, at the top of the published tree."""


@dataclass(frozen=True, slots=True)
class Held:
    """The election as this centre holds it. `files` are the exact bytes that are published."""

    election: Election
    profile: Profile
    rules: Publication
    files: dict[str, bytes]


def load_election(folder: Path, accepted: Collection[str]) -> Held:
    """Read and check the three files.

    Raises `Misused("centre.no_file")`, `Rejected` (`election.*`, `profile.*`, `note.*`), `Refused("profile.unconfirmed" | "sealed.no_law")`.
    """
    files = {name: _read(folder / name) for name in FILES}
    election = read_election(files["election.json"])
    digest = sha256(files["election.json"])
    keys = [VerifierKey.parse(line) for line in election.commission]
    check_election(files["election.note"], election=election.id, version=election.version, file=digest, keys=keys)
    if sha256(files["profile.json"]).hex() != election.profile_sha256:
        raise Rejected("profile.other", profile=election.profile_id)
    profile = read_profile(files["profile.json"])
    for phase in election.sealed.phases if election.sealed else ():
        may_seal(election, profile, phase).require()  # the page must not announce what no station may keep
    return Held(election, profile, publication_of(election, profile, accepted), files)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise Misused("centre.no_file", name=path.name) from error
