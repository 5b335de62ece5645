# SPDX-License-Identifier: Apache-2.0
"""`kua log fork`, `kua log monitor` and `kua mirror` as people run them: what they print, in three languages, and how they end."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kua.cli.main import run
from kua.proof.keys import SigningKey
from kua.words.speak import LANGUAGES, catalogue
from tests.rigs.growing import Served, Town, serving

PROVED = "The contradiction is proved: two histories of one log were signed with this key."


@pytest.fixture
def town(tmp_path: Path) -> Town:
    made = Town(tmp_path / "published", ("10-1", "11-3"))
    made.grow(7)
    return made


@pytest.fixture
def site(town: Town) -> Iterator[Served]:
    with serving(town.root) as served:
        yield served


@pytest.fixture
def notes(town: Town, tmp_path: Path) -> dict[str, str]:
    """Checkpoints of station 10-1: of its honest log, the same log larger, and rewritten ones of the same and of a larger size. The last is published."""
    made = {
        "key": town.root / "s/10-1/vkey",
        "honest": tmp_path / "honest",
        "grown": tmp_path / "grown",
        "same": tmp_path / "same",
        "other": tmp_path / "other",
    }
    made["honest"].write_bytes(town.head("10-1")[1])
    town.beat("10-1", 4)
    made["grown"].write_bytes(town.head("10-1")[1])
    del town.logs["10-1"][7:]
    town.logs["10-1"][2] = town.logs["10-1"][1]
    made["same"].write_bytes(town.head("10-1")[1])
    town.beat("10-1", 9)
    made["other"].write_bytes(town.head("10-1")[1])
    town.publish(anew=True)
    return {name: str(path) for name, path in made.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_two_checkpoints_of_one_size_convict_by_themselves_in_every_language(
    notes: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KUA_LANG", language)
    assert run(["log", "fork", notes["honest"], notes["same"], "--vkey", notes["key"]]) == 0
    said = capsys.readouterr().out
    assert said.rstrip().endswith(catalogue(language).gettext(PROVED))
    assert "kua.example/kz-2026-rehearsal/s/10-1" in said
    assert language == "en" or PROVED not in said


@pytest.mark.parametrize(
    ("first", "second", "options", "code", "told"),
    [
        ("honest", "other", [], 2, "fork.unproved"),
        ("honest", "other", ["--log"], 0, "fork.rewritten"),
        ("other", "honest", ["--log"], 0, "fork.rewritten"),
        ("same", "other", ["--log"], 1, "fork.none"),
        ("honest", "honest", [], 1, "fork.none"),
    ],
)
def test_every_pair_of_checkpoints_has_its_verdict(
    notes: dict[str, str], town: Town, first: str, second: str, options: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    log = ["--log", str(town.root / "s/10-1")] if options else []
    assert run(["log", "fork", notes[first], notes[second], "--vkey", notes["key"], "--json", *log]) == code
    report = json.loads(capsys.readouterr().out)
    assert report["exit_code"] == code
    assert told in {line["code"] for line in report["lines"]}


def test_a_fork_file_goes_from_hand_to_hand_and_convicts_under_the_readers_own_key(
    notes: dict[str, str], town: Town, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "fork.json")
    assert (
        run(["log", "fork", notes["honest"], notes["other"], "--vkey", notes["key"], "--log", str(town.root / "s/10-1"), "--out", out]) == 0
    )
    capsys.readouterr()
    assert run(["log", "fork", out, "--vkey", notes["key"]]) == 0
    assert run(["log", "fork", out]) == 0
    assert "kua.example/kz-2026-rehearsal/s/10-1+" in capsys.readouterr().out, "the key is named, to be compared"
    stranger = str(SigningKey.from_seed("kua.example/kz-2026-rehearsal/s/10-1", bytes(32)).verifier)
    assert run(["log", "fork", out, "--vkey", stranger]) == 1
    data = Path(out).read_bytes()
    Path(out).write_bytes(data.replace(b"\nstep ", b"\nstep A", 1))
    assert run(["log", "fork", out, "--vkey", notes["key"]]) == 1


@pytest.mark.parametrize(
    "arguments",
    [["A"], ["A", "B"], ["A", "B", "C", "--vkey", "K"], ["A", "--log", "x"], ["nowhere", "A", "--vkey", "K"], ["A", "B", "--vkey", "x+y"]],
)
def test_what_was_typed_wrong_is_said_to_be_wrong(notes: dict[str, str], arguments: list[str]) -> None:
    names = {"A": notes["honest"], "B": notes["same"], "C": notes["other"], "K": notes["key"]}
    expected = 1 if arguments == ["A"] else 64  # a checkpoint alone is no fork file: bytes, not typing
    assert run(["log", "fork", *[names.get(word, word) for word in arguments]]) == expected


def test_a_monitor_keeps_what_it_has_seen_and_leaves_a_proof_that_needs_no_monitor(
    town: Town, site: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "seen"
    look = ["log", "monitor", site.url, "--state", str(state), "--once"]
    assert run(look) == 0
    town.logs["10-1"][2] = town.logs["10-1"][1]
    town.beat("10-1", 3)
    town.publish(anew=True)
    capsys.readouterr()
    assert run([*look, "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert [Path(path).parent for path in told["forks"]] == [state / "forks"]
    assert run(["log", "fork", told["forks"][0], "--vkey", str(town.root / "s/10-1/vkey")]) == 0
    assert run(["log", "monitor", site.url, "--state", str(state), "--every", "1s"]) == 1, "it does not go on as if nothing were"
    assert len(list((state / "forks").iterdir())) == 1
    assert run(["log", "monitor", f"{site.url}/elsewhere", "--state", str(state), "--once"]) == 64


def test_a_monitor_that_cannot_reach_anything_says_that_nothing_was_checked(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kua.verify.patience.TRIES", 1)
    with serving(town.root) as gone:
        pass
    assert run(["log", "monitor", gone.url, "--state", str(tmp_path / "seen"), "--once"]) == 3


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b'{"v":2}', b"[]", b'{"certificates":{},"found":[],"logs":[],"place":"","policies":{},"v":1,"vkey":""}']
)
def test_a_damaged_memory_is_not_taken_for_an_empty_one(town: Town, site: Served, tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen/memory.json").write_bytes(damage)
    assert run(["log", "monitor", site.url, "--state", str(tmp_path / "seen"), "--once"]) == 64


def test_two_monitors_or_mirrors_of_one_folder_are_one_too_many(town: Town, site: Served, tmp_path: Path) -> None:
    from kua.verify.keeping import alone_in

    with alone_in(tmp_path / "copy.mirror"):
        assert run(["mirror", site.url, str(tmp_path / "copy")]) == 1
        assert run(["log", "monitor", site.url, "--state", str(tmp_path / "copy.mirror"), "--once"]) == 1
    assert run(["mirror", site.url, str(tmp_path / "copy")]) == 0


def test_a_mirror_is_a_source_for_the_next_one_and_for_a_monitor(town: Town, site: Served, tmp_path: Path) -> None:
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    assert run(["mirror", site.url, first]) == 0
    assert run(["mirror", first, second, "--rate", "10M"]) == 0
    assert run(["log", "monitor", site.url, "--state", str(tmp_path / "seen"), "--once", "--also", first, "--also", second]) == 0


@pytest.mark.parametrize(
    "options",
    [
        ["--region", "99"],
        ["--station", "10-999"],
        ["--nation-only", "--region", "10"],
        ["--rate", "fast"],
        ["--every", "0s"],
        ["--commission", "nobody"],
    ],
)
def test_a_wish_that_names_what_is_not_there_is_refused(town: Town, site: Served, tmp_path: Path, options: list[str]) -> None:
    assert run(["mirror", site.url, str(tmp_path / "copy"), *options]) == 64


def test_only_the_nation_may_be_copied(town: Town, site: Served, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["mirror", site.url, str(tmp_path / "copy"), "--nation-only", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == 0
    assert sorted(path.name for path in (tmp_path / "copy").iterdir()) == ["election.json", "election.note", "nation", "profile.json"]
