# SPDX-License-Identifier: Apache-2.0
"""Whatever is changed or taken away below a published election, `kua film verify` says so, with the right sentence and exit code."""

import random
import shutil
from pathlib import Path

import pytest

from kua.core.errors import Misused
from kua.proof.leaf import make_leaf
from kua.verify.film import verify_film
from kua.verify.report import Report
from kua.words.lines import sentence_of
from tools import make_published

INTACT = Path(__file__).parent.parent / "vectors" / "published" / "intact"
STATION = "s/10-245"
CALIBRATION = next((INTACT / STATION / "calibration").glob("*.note")).name.removesuffix(".note")

# Each kind of file, the check whose line must speak, and the codes that may say what happened when one byte of it is another.
KINDS = {
    "election.json": ("election.", None),
    "election.note": ("election.signature", None),
    "profile.json": ("election.profile", {"film.profile_differs"}),
    "nation/vkey": ("nation key", None),
    "nation/checkpoint": ("nation log.", None),
    "nation/tile/0/000.p/3": ("nation log.", {"log.tile_differs"}),
    "nation/tile/entries/000.p/3": ("nation log.", None),
    f"{STATION}/vkey": (f"{STATION} key", None),
    f"{STATION}/checkpoint": (f"{STATION} log.", None),
    f"{STATION}/tile/0/000.p/9": (f"{STATION} log.", {"log.tile_differs"}),
    f"{STATION}/tile/entries/000.p/9": (f"{STATION} log.", None),
    f"{STATION}/calibration/{CALIBRATION}.json": (f"{STATION} calibration", {"film.file_differs"}),
    f"{STATION}/calibration/{CALIBRATION}.note": (f"{STATION} calibration", {"film.file_differs"}),
    f"{STATION}/calibration/{CALIBRATION}.signers.json": (f"{STATION} calibration", {"film.file_differs"}),
    f"{STATION}/film/a/0badcafe-init.mp4": (f"{STATION} camera a film", {"film.segment_altered"}),
    f"{STATION}/film/a/0badcafe-443391302.m4s": (f"{STATION} camera a film", {"film.segment_altered"}),
    f"{STATION}/film/a/day.m3u8": (f"{STATION} camera a playlists", {"film.playlist_differs"}),
    f"{STATION}/film/a/live.m3u8": (f"{STATION} camera a playlists", {"film.playlist_differs"}),
}


def _kinds_of_the_tree() -> set[str]:
    """Every file of the tree, one segment standing for all."""
    files = {path.relative_to(INTACT).as_posix() for path in INTACT.rglob("*") if path.is_file()}
    return {name for name in files if not name.endswith(".m4s") or name.endswith("443391302.m4s")}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Return a copy that may be spoilt."""
    shutil.copytree(INTACT, tmp_path / "tree")
    return tmp_path / "tree"


def _speaks(report: Report, check: str, states: set[str]) -> set[str]:
    return {line.code for line in report.lines if line.check.startswith(check) and line.state in states}


def test_the_table_names_every_kind_of_file() -> None:
    assert set(KINDS) == _kinds_of_the_tree()


def test_the_intact_tree_is_intact() -> None:
    report = verify_film(str(INTACT))
    assert report.exit_code == 0
    assert report.summary["segments_logged"] == report.summary["segments_verified"] == 5


@pytest.mark.parametrize("name", sorted(KINDS))
def test_one_changed_byte_is_found_wherever_it_is(tree: Path, name: str) -> None:
    check, codes = KINDS[name]
    path = tree / name
    held = path.read_bytes()
    chance = random.Random(name)
    places = {0, len(held) - 1, *(chance.randrange(len(held)) for _ in range(6))}
    for place in sorted(places):
        spoilt = bytearray(held)
        spoilt[place] ^= 1 << chance.randrange(8)
        path.write_bytes(spoilt)
        try:
            report = verify_film(str(tree))
        except Misused:
            pytest.fail(f"byte {place}: the place was no longer recognised")
        assert report.exit_code in {1, 2}, f"byte {place}"
        said = _speaks(report, check, {"FAIL", "MISSING"})
        assert said, f"byte {place}: no line of {check!r}"
        assert codes is None or said & codes, f"byte {place}: {said}"
        assert all(sentence_of(line.code) for line in report.lines)
    path.write_bytes(held)
    assert verify_film(str(tree)).exit_code == 0


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_file_taken_away_is_missed(tree: Path, name: str) -> None:
    (tree / name).unlink()
    report = verify_film(str(tree))
    assert report.exit_code == 2
    assert _speaks(report, KINDS[name][0], {"MISSING"})


def test_a_whole_station_taken_away_is_missed(tree: Path) -> None:
    shutil.rmtree(tree / STATION)
    report = verify_film(str(tree))
    assert report.exit_code == 2
    assert _speaks(report, STATION, {"MISSING"}) == {"film.station_missing"}


@pytest.mark.parametrize("name", ["film/a/extra.m4s", "film/b/0badcafe-1.m4s", "note.txt", "calibration/a.json"])
def test_a_file_that_nobody_signed_is_found(tree: Path, name: str) -> None:
    path = tree / STATION / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"anything")
    report = verify_film(str(tree))
    assert report.exit_code == 1
    assert "film.file_unsigned" in _speaks(report, STATION, {"FAIL"})


def test_a_tile_that_was_put_there_is_found(tree: Path) -> None:
    path = tree / STATION / "tile" / "0" / "000.p" / "4"
    path.write_bytes(bytes(128))
    report = verify_film(str(tree))
    assert report.exit_code == 1
    assert "film.tile_stray" in _speaks(report, STATION, {"FAIL"})


def test_a_tile_of_a_log_in_use_that_is_ahead_of_its_checkpoint_is_not_called_altered(tree: Path) -> None:
    folder = tree / STATION / "tile/0/000.p"
    width, newest = max((int(path.name), path) for path in folder.iterdir())
    ahead = folder / str(width + 1)
    ahead.write_bytes(newest.read_bytes() + bytes(32))
    report = verify_film(str(tree))
    assert report.exit_code == 0
    assert "film.tiles_ahead" in _speaks(report, STATION, {"NOT_CHECKED"})
    ahead.write_bytes(bytes(32) + newest.read_bytes())
    assert "film.tile_stray" in _speaks(verify_film(str(tree)), STATION, {"FAIL"}), "its beginning is another"
    ahead.write_bytes(newest.read_bytes())
    assert "film.tile_stray" in _speaks(verify_film(str(tree)), STATION, {"FAIL"}), "it is cut short"
    ahead.unlink()
    far = tree / STATION / "tile/0/009"
    far.write_bytes(bytes(32 * 256))
    assert "film.tile_stray" in _speaks(verify_film(str(tree)), STATION, {"FAIL"}), "no log is so far ahead"


def test_segments_that_change_places_are_found(tree: Path) -> None:
    first, second = (tree / STATION / "film" / "a" / f"0badcafe-{slot}.m4s" for slot in (443391301, 443391302))
    held = first.read_bytes(), second.read_bytes()
    first.write_bytes(held[1])
    second.write_bytes(held[0])
    report = verify_film(str(tree))
    assert report.exit_code == 1
    altered = [line for line in report.lines if line.code == "film.segment_altered"]
    assert len(altered) == 2


def test_one_station_can_be_checked_alone_and_says_whose_key_it_took(tree: Path) -> None:
    report = verify_film(str(tree / STATION))
    assert report.exit_code == 0
    assert "film.key_certified" in _speaks(report, STATION, {"PASS"})


def test_a_folder_without_a_film_is_a_wrong_word_not_a_verdict(tmp_path: Path) -> None:
    with pytest.raises(Misused, match=r"film\.nothing_here"):
        verify_film(str(tmp_path))


def test_a_station_cannot_excuse_lost_film_by_withdrawing_it_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = make_published.leaves
    excuse = make_leaf("withdrawn", at=1, station="10-245", cam="a", t0=0, t1=None, article="art. 1", by="station", reason="order")
    monkeypatch.setattr(make_published, "leaves", lambda *given: [*honest(*given), excuse])
    for name, data in make_published.published(lost="film/a/0badcafe-443391302.m4s").items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    report = verify_film(str(tmp_path))
    assert report.exit_code == 2
    assert _speaks(report, f"{STATION} camera a film", {"MISSING"}) == {"film.segment_missing"}
