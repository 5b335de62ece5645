# SPDX-License-Identifier: Apache-2.0
"""`kua bundle` from end to end: made of public data alone, the same bytes every time, checked with no network and in another year."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kua.cli.main import run
from kua.core.instant import Instant, rfc3339
from kua.proof.bundle import begin_custody
from tests.rigs.published_tree import COMMISSION, ELECTION, STATION, Made, make_tree
from tools.make_bundles import FOLDER as VECTORS

PROGRAM = "import sys; from kua.cli.main import main; sys.exit(main())"


@pytest.fixture
def tree(tmp_path: Path) -> tuple[Made, Path]:
    """A published day of 28 s with a gap and a filled segment, and its folder."""
    return make_tree(tmp_path, 24, closed=True, calibrated=True), tmp_path / ELECTION


def made_by(tree: tuple[Made, Path], out: Path, *more: str, since: int = 5_000, until: int = 22_500) -> int:
    begin = tree[0].begin
    times = ["--from", rfc3339(Instant(begin + since)), "--to", rfc3339(Instant(begin + until))]
    return run(["bundle", "make", "--station", STATION, *times, "--tree", str(tree[1]), "--out", str(out), "--no-report", *more])


def test_a_bundle_is_made_of_public_data_and_passes(tree: tuple[Made, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "bundle.zip"
    assert made_by(tree, out) == 0
    capsys.readouterr()
    assert run(["bundle", "verify", str(out), "--commission", str(COMMISSION.verifier), "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert next(iter(told)) == "gaps"
    assert [gap["code"] for gap in told["gaps"]] == ["film.gap", "bundle.hidden"]
    figures = told["stations"][0]["cameras"]["a"]
    assert (figures["seconds_recorded"], figures["seconds_in_gaps"], figures["seconds_published"], figures["unaccounted_seconds"]) == (13.5, 4.0, 13.5, 0)
    assert {line["check"] for line in told["lines"] if line["state"] == "PASS"} >= {"election.trust", f"s/{STATION} camera a copy"}


def test_what_is_not_there_is_told_before_anything_else(tree: tuple[Made, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made_by(tree, tmp_path / "bundle.zip")
    first = capsys.readouterr().out.splitlines()[:2]
    assert "camera_lost" in first[0]
    assert "scene_changed" in first[1]


def test_the_same_film_makes_the_same_bytes_whoever_makes_it_and_when(tree: tuple[Made, Path], tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(tree[1], elsewhere)
    assert made_by(tree, tmp_path / "one.zip") == made_by((tree[0], elsewhere), tmp_path / "two.zip") == 0
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert not list(tmp_path.glob("*.part"))


def test_the_bag_holds_by_the_library_of_others(tree: tuple[Made, Path], tmp_path: Path) -> None:
    bagit = pytest.importorskip("bagit")
    made_by(tree, tmp_path / "bundle.zip")
    shutil.unpack_archive(tmp_path / "bundle.zip", tmp_path / "out")
    (folder,) = (tmp_path / "out").iterdir()
    assert bagit.Bag(str(folder)).validate()


def test_booths_are_looked_at_in_the_pictures_where_that_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, (is_open, code) in enumerate(((False, 0), (True, 1))):
        folder = tmp_path / str(number)
        made = make_tree(folder, 8, closed=True, calibrated=True, booths_open=is_open)
        assert made_by((made, folder / ELECTION), folder / "bundle.zip", since=0, until=4_000) == 0
        capsys.readouterr()
        assert run(["bundle", "verify", str(folder / "bundle.zip"), "--pixels"]) == code
        assert ("shows something inside a signed mask" in capsys.readouterr().out) is is_open


def test_a_range_is_cut_to_what_the_station_gives_an_account_of(tree: tuple[Made, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert made_by(tree, tmp_path / "bundle.zip", since=-3_600_000, until=3_600_000) == 0
    assert f"{rfc3339(tree[0].begin)} to {rfc3339(tree[0].end)} only" in capsys.readouterr().err


def test_a_custody_list_goes_on(tree: tuple[Made, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "custody.json").write_bytes(begin_custody("opened", "observer", Instant(1_773_565_200_000)))
    at = ["--by", "court", "--at", "2026-03-16T10:00:00+05:00", "--custody", str(tmp_path / "custody.json")]
    assert made_by(tree, tmp_path / "bundle.zip", *at) == 0
    capsys.readouterr()
    assert run(["bundle", "show", str(tmp_path / "bundle.zip"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(event["act"], event["role"], event["at"]) for event in told["custody"]] == [
        ("opened", "observer", 1_773_565_200_000), ("made", "court", 1_773_637_200_000)]  # fmt: skip
    assert run(["bundle", "show", str(tmp_path / "bundle.zip")]) == 0
    assert "handed over" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "code", "word"),
    [
        (["--camera", "z"], 64, "bundle.no_camera"),
        (["--by", "A. Person"], 64, "bundle.role"),
        (["--by", "Chair"], 64, "bundle.role"),
        (["--at", "yesterday"], 64, "time.typed"),
        (["--at", "2026-03-16T10:00:00"], 64, "time.typed"),
        (["--custody", "/nowhere"], 64, "verify.no_file"),
        (["--station", "10-999"], 64, "bundle.no_station"),
        (["--from", "2026-03-16T10:00:00+05:00"], 64, "bundle.range"),
        (["--from", "2025-01-01T10:00:00+05:00", "--to", "2025-01-01T11:00:00+05:00"], 2, "bundle.nothing"),
    ],
)
def test_what_cannot_be_made_is_refused_with_words(
    more: list[str], code: int, word: str, tree: tuple[Made, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert made_by(tree, tmp_path / "bundle.zip", *more) == code
    assert capsys.readouterr().err.startswith(word)
    assert not list(tmp_path.glob("*.zip*"))


def test_a_bundle_is_never_written_over_another_file(tree: tuple[Made, Path], tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(b"mine")
    assert made_by(tree, tmp_path / "bundle.zip") == 64
    assert (tmp_path / "bundle.zip").read_bytes() == b"mine"


def test_nothing_is_made_of_a_tree_that_was_altered(tree: tuple[Made, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tree[1] / tree[0].film(1)
    held = bytearray(path.read_bytes())
    held[len(held) // 2] ^= 1
    path.write_bytes(held)
    assert made_by(tree, tmp_path / "bundle.zip") == 1
    assert capsys.readouterr().err.startswith("bundle.unfit")
    entries = next((tree[1] / "s" / STATION / "tile" / "entries").rglob("*.p/*"))
    entries.write_bytes(entries.read_bytes().replace(b"camera_lost", b"camera_sold"))
    assert made_by(tree, tmp_path / "bundle.zip") == 1
    assert capsys.readouterr().err.startswith("bundle.source")
    assert not list(tmp_path.glob("*.zip*"))


def test_film_that_is_not_there_leaves_a_bundle_that_says_so(tree: tuple[Made, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree[1] / tree[0].film(1)).unlink()
    assert made_by(tree, tmp_path / "bundle.zip") == 2
    told = capsys.readouterr()
    assert "is signed for in the log, but is not here" in told.out
    assert "1" in told.err


def fenced(*words: str) -> list[str]:
    """The command in a namespace without a network and twenty years ahead."""
    if shutil.which("faketime") is None:
        pytest.skip("faketime is not here: make test installs it where it may")
    if subprocess.run(["unshare", "-rn", "true"], check=False, capture_output=True).returncode:
        pytest.skip("no network namespace may be made here")
    return ["unshare", "-rn", "faketime", "-f", "+20y", *words]


def test_in_twenty_years_and_without_a_network_it_says_the_same() -> None:
    bundle = str(VECTORS / "film.zip")
    plain = [sys.executable, "-c", PROGRAM, "bundle", "verify", bundle, "--json"]
    year = subprocess.run(fenced("date", "+%Y"), capture_output=True, text=True, check=True).stdout
    assert int(year) >= 2045
    today = subprocess.run(plain, capture_output=True, text=True, check=False, env=os.environ | {"KUA_LANG": "en"})
    later = subprocess.run(fenced(*plain), capture_output=True, text=True, check=False, env=os.environ | {"KUA_LANG": "en"})
    assert (later.returncode, later.stdout) == (today.returncode, today.stdout) == (0, today.stdout)


def test_a_file_that_is_no_bundle_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bundle", "verify", str(tmp_path / "nowhere.zip")]) == 64
    (tmp_path / "text.zip").write_text("not a zip")
    assert run(["bundle", "verify", str(tmp_path / "text.zip")]) == 1
    assert run(["bundle", "show", str(tmp_path / "text.zip")]) == 1
    assert "zip.form" in capsys.readouterr().err
