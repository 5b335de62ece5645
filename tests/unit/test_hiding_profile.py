# SPDX-License-Identifier: Apache-2.0
"""Which legal profile a box obeys: only the one that the signed election file names."""

from dataclasses import replace
from pathlib import Path

from kua.app.founding import packaged_profile
from kua.app.hiding import _profile
from kua.app.settings import load_election, load_station
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.law.hiding import is_small
from tests.rigs.box import make_box
from tests.rigs.rooms import drawn_room


def test_only_the_profile_that_the_election_file_names_says_which_precincts_are_small(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box", "painted:5", drawn_room(320, 180))
    station = load_station(box)
    election, _ = load_election(box, station)
    assert _profile(box, station, election) is None
    data = canonical(packaged_profile("kz"))
    (box / "election/profile.json").write_bytes(data)
    assert _profile(box, station, election) is None  # the election file names another one
    named = _profile(box, station, replace(election, profile_sha256=sha256(data).hex()))
    assert named is not None
    assert (is_small(49, named), is_small(50, named)) == (True, False)
