# SPDX-License-Identifier: Apache-2.0
"""The section `sealed` of an election file: what it may say, what is refused with a reason, and when the law lets a sealed film be kept at all."""

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from kua.app.sealing import door_notice, seal_means
from kua.app.settings import load_election, load_station
from kua.core.bech32 import bech32, read_bech32
from kua.core.canonical import canonical, read_canonical
from kua.core.election import PHASES, read_election
from kua.core.errors import KuaError, Refused, Rejected
from kua.core.sealing import read_sealing, sealing_json
from kua.law.profile import read_profile
from kua.law.sealing import may_seal, phases_sealed
from tests.rigs.box import make_box, sealing_profile
from tests.rigs.rooms import drawn_room
from tests.rigs.trustees import trustees, twelve

Change = Callable[[dict[str, Any]], Any]


def changed(change: Change) -> dict[str, Any]:
    section = deepcopy(twelve().section)
    change(section)
    return section


def another(section: dict[str, Any], to: str, like: str) -> None:
    groups = {group["id"]: group for group in section["groups"]}
    groups[to]["trustees"].append(groups[like]["trustees"][0])


WRONG: dict[str, tuple[str, Change]] = {
    "a phase that there is not": ("sealed.phase", lambda s: s.update(phases=["lunch"])),
    "no phase at all": ("sealed.phase", lambda s: s.update(phases=[])),
    "a phase twice": ("sealed.phase", lambda s: s.update(phases=["voting", "voting"])),
    "more groups than there are": ("sealed.threshold", lambda s: s.update(needed=5)),
    "no group needed": ("sealed.threshold", lambda s: s.update(needed=0)),
    "more members than there are": ("sealed.threshold", lambda s: s["groups"][2].update(needed=6)),
    "no member needed": ("sealed.threshold", lambda s: s["groups"][2].update(needed=0)),
    "one of five": ("sealed.lone", lambda s: s["groups"][2].update(needed=1)),
    "one group of one opens": ("sealed.one_opens", lambda s: s.update(needed=1)),
    "a trustee in two groups": ("sealed.twice", lambda s: another(s, "ngos", "court")),
    "one key for two trustees": ("sealed.twice", lambda s: s["groups"][0]["trustees"][0].update(recipient=s["groups"][1]["trustees"][0]["recipient"])),
    "a group twice": ("sealed.twice", lambda s: s["groups"][0].update(id="court")),
    "a letter of a key changed": ("sealed.recipient", lambda s: s["groups"][0]["trustees"][0].update(recipient=s["groups"][0]["trustees"][0]["recipient"][:-1] + "b")),
    "a secret key in place of a public one": ("sealed.recipient", lambda s: s["groups"][0]["trustees"][0].update(recipient="AGE-SECRET-KEY-1QQQQ")),
    "no days": ("sealed.days", lambda s: s.update(days=0)),
    "days without end": ("sealed.days", lambda s: s.update(days=100_000)),
    "seventeen groups": ("sealed.too_many", lambda s: s.update(groups=s["groups"] * 5)),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_quorum_that_would_not_do_what_it_seems_to_say_is_refused_with_its_reason(wrong: str) -> None:
    code, change = WRONG[wrong]
    with pytest.raises(Rejected) as refused:
        read_sealing(changed(change), PHASES)
    assert refused.value.code == code


@pytest.mark.parametrize("change", [lambda s: s.update(extra=1), lambda s: s.pop("days"), lambda s: s.update(needed="3"), lambda s: s.update(groups={})])
def test_a_section_of_another_form_is_refused(change: Change) -> None:
    with pytest.raises((ValueError, TypeError)):
        read_sealing(changed(change), PHASES)


def test_the_section_comes_out_of_the_file_as_it_went_in(tmp_path: Path) -> None:
    held = twelve()
    assert sealing_json(held.sealing) == held.section
    box = make_box(tmp_path / "box", "painted:5", drawn_room(320, 180), sealed=held.section)
    election, _ = load_election(box, load_station(box))
    assert election.sealed == held.sealing
    assert election.sealed.digest() == held.sealing.digest()


def test_an_election_file_without_the_section_keeps_none_and_null_is_no_way_to_say_so(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box", "painted:5", drawn_room(320, 180))
    data = (box / "election/election.json").read_bytes()
    assert read_election(data).sealed is None
    with pytest.raises(KuaError, match=r"election\.schema"):
        read_election(canonical({**read_canonical(data), "sealed": None}))


def allowed(tmp_path: Path, *, kind: str = "rehearsal", profile: bytes | None, sealed: bool = True) -> tuple[str, ...]:
    box = make_box(tmp_path / "box", "painted:5", drawn_room(320, 180), kind=kind, profile=profile, sealed=twelve().section if sealed else None)
    station = load_station(box)
    election, _ = load_election(box, station)
    made = seal_means(box, station, station.cameras[0], election)
    phases = phases_sealed(election, read_profile(profile) if profile else None)
    assert (made is not None) == bool(phases)
    return phases


def test_a_sealed_film_is_off_unless_the_file_orders_it_and_the_law_allows_it(tmp_path: Path) -> None:
    assert allowed(tmp_path / "1", profile=sealing_profile("voting")) == ("voting",)
    assert allowed(tmp_path / "2", profile=sealing_profile("voting"), sealed=False) == ()
    assert allowed(tmp_path / "3", profile=None) == ()
    assert allowed(tmp_path / "4", profile=sealing_profile("count")) == ()
    assert allowed(tmp_path / "5", profile=sealing_profile("voting"), kind="parliament") == ()
    assert allowed(tmp_path / "6", profile=sealing_profile("voting", confirmed=True), kind="parliament") == ("voting",)


def test_the_rule_gives_its_article_and_its_reason(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box", "painted:5", drawn_room(320, 180), kind="parliament", sealed=twelve().section)
    election, _ = load_election(box, load_station(box))
    verdict = may_seal(election, read_profile(sealing_profile("voting")), "voting")
    assert (verdict.allowed, verdict.article, verdict.reason) == (False, "art. 0", "profile.unconfirmed")
    assert may_seal(election, read_profile(sealing_profile("count")), "voting").reason == "sealed.no_law"
    with pytest.raises(Refused, match=r"sealed\.off"):
        may_seal(election, read_profile(sealing_profile("count")), "count").require()


def test_the_notice_on_the_door_says_in_three_languages_whether_one_is_kept(tmp_path: Path) -> None:
    none = door_notice(make_box(tmp_path / "1", "painted:5", drawn_room(320, 180)))
    assert len(set(none)) == 3
    assert "No sealed film is kept" in none[2]
    assert "a court neither" in none[2]
    kept = door_notice(make_box(tmp_path / "2", "painted:5", drawn_room(320, 180), sealed=twelve().section, profile=sealing_profile("voting")))
    assert len(set(kept)) == 9
    assert any("Voting" in each for each in kept)
    assert any("commission (1 of 1); court (1 of 1); parties (2 of 5); ngos (2 of 5)" in each for each in kept)
    assert any("90 days" in each for each in kept)
    lawless = door_notice(make_box(tmp_path / "3", "painted:5", drawn_room(320, 180), sealed=twelve().section))
    assert lawless == none


def test_what_a_group_lacks_is_told() -> None:
    sealing = twelve().sealing
    assert sealing.opens({"court", "commission", "ngos-1", "ngos-4"})
    assert not sealing.opens({"court", "ngos-1", "ngos-4", "parties-1"})
    assert [(lack.group, lack.held, lack.needed) for lack in sealing.lacks({"court", "ngos-1", "ngos-4", "parties-1"})] == [("commission", 0, 1), ("parties", 1, 2)]
    assert not sealing.opens({"a stranger", "another", "a third"})


def test_a_smaller_quorum_of_another_country_is_as_good() -> None:
    held = trustees(sides={"judges": (2, 3)}, needed=1, phases=("voting", "count"), days=30)
    assert held.sealing.opens({"judges-1", "judges-3"})
    assert not held.sealing.opens({"judges-2"})


def test_a_key_with_any_one_letter_changed_is_noticed() -> None:
    key = bech32("age", bytes(range(32)))
    assert read_bech32(key, "age") == bytes(range(32))
    for at in range(4, len(key)):
        for letter in "qpzry9":
            if key[at] != letter:
                with pytest.raises(ValueError, match="bech32"):
                    read_bech32(key[:at] + letter + key[at + 1 :], "age")
    for wrong in ("", "age1", key.upper(), key + "q", "agf" + key[3:], key[:-6]):
        with pytest.raises(ValueError, match="bech32"):
            read_bech32(wrong, "age")
