# SPDX-License-Identifier: Apache-2.0
"""`kua film masks` and `kua film verify --pixels`: whoever has the public film can see that every signed mask is filled, and catches a station that signs
a mask and films the booth all the same."""

import json
from pathlib import Path

import numpy as np
import pytest

from kua.adapters.codecs import masks as eye
from kua.adapters.codecs.masks import look_at_masks
from kua.cli import film as command
from kua.cli.main import run
from kua.core.errors import Rejected
from kua.verify.film import verify_film
from kua.verify.report import Report
from tests.rigs.published_tree import ELECTION, STATION, Made, make_tree


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    folder = tmp_path_factory.mktemp("honest")
    return folder / ELECTION, make_tree(folder, 16, closed=True, calibrated=True)


@pytest.fixture(scope="module")
def dishonest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    folder = tmp_path_factory.mktemp("dishonest")
    return folder / ELECTION, make_tree(folder, 16, closed=True, calibrated=True, booths_open=True)


def lines(report: Report) -> dict[str, str]:
    return {line.code: line.state for line in report.lines if line.check.endswith(" masks")}


def test_filled_booths_are_found_filled_in_every_picture(honest: tuple[Path, Made]) -> None:
    report = verify_film(str(honest[0]), pixels=look_at_masks)
    held = next(line for line in report.lines if line.code == "film.masks_hold")
    assert lines(report) == {"film.masks_hold": "PASS"}
    assert held.facts["pictures"] == sum(piece.cut.frames for piece in honest[1].pieces)
    assert held.facts["masks"] >= 2
    assert held.facts["worst"] <= 1


def test_a_booth_that_is_signed_as_a_mask_and_filmed_all_the_same_is_caught(dishonest: tuple[Path, Made]) -> None:
    """Every signature of it holds: only the pictures say otherwise."""
    blind = verify_film(str(dishonest[0]))
    assert not [line for line in blind.lines if line.state == "FAIL" and "masks" in line.check]
    report = verify_film(str(dishonest[0]), pixels=look_at_masks)
    opened = [line for line in report.lines if line.code == "film.mask_open"]
    filled_whole = 1  # the first segment of the second run shows nothing at all
    assert len(opened) == len(dishonest[1].pieces) - filled_whole
    assert all(line.state == "FAIL" and line.facts["worst"] > 40 for line in opened)
    assert report.exit_code == 1


RUNGS = ("slow", "small", "none", "slow")


def test_the_lowered_film_of_a_thin_line_is_looked_at_too(tmp_path: Path) -> None:
    """Readers see it in the place of the full one: here of the second segment, which has not come."""
    made = make_tree(tmp_path, 16, closed=True, calibrated=True, rungs=RUNGS, away=(1,))
    lowered = [piece.live for piece in made.pieces if piece.live is not None and piece.live.payload]
    report = verify_film(str(tmp_path / ELECTION), pixels=look_at_masks)
    held = next(line for line in report.lines if line.code == "film.masks_hold")
    full = sum(piece.cut.frames for number, piece in enumerate(made.pieces) if number != 1)
    assert held.facts["pictures"] == full + sum(live.frames for live in lowered)
    assert held.facts["worst"] <= 1
    assert lines(report) == {"film.masks_hold": "PASS"}


def test_a_booth_that_stands_open_in_the_lowered_film_is_caught(tmp_path: Path) -> None:
    made = make_tree(tmp_path, 16, closed=True, calibrated=True, booths_open=True, rungs=RUNGS)
    report = verify_film(str(tmp_path / ELECTION), pixels=look_at_masks)
    opened = {line.facts["name"] for line in report.lines if line.code == "film.mask_open"}
    lowered = [piece.live for piece in made.pieces if piece.live is not None and piece.live.payload]
    assert len([name for name in opened if "/live/" in str(name)]) == len(lowered)
    assert all(line.facts["worst"] > 40 for line in report.lines if line.code == "film.mask_open")


def test_without_pixels_the_report_says_that_nobody_looked(honest: tuple[Path, Made]) -> None:
    assert lines(verify_film(str(honest[0]))) == {"film.masks_not_looked": "NOT_CHECKED"}


def test_the_command_prints_what_concerns_masks(
    honest: tuple[Path, Made], dishonest: tuple[Path, Made], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["film", "masks", str(dishonest[0] / "s" / STATION), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert {line["code"] for line in told["lines"]} >= {"film.mask_open"}
    run(["film", "masks", str(honest[0] / "s" / STATION)])
    assert "masks: " in capsys.readouterr().out


def test_what_was_altered_is_said_too(honest: tuple[Path, Made], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = make_tree(tmp_path, 16, closed=True, calibrated=True)
    film = tmp_path / ELECTION / made.film(0)
    film.write_bytes(film.read_bytes()[:-1] + b"x")
    assert run(["film", "masks", str(tmp_path / ELECTION), "--json"]) == 1
    assert "film.segment_altered" in {line["code"] for line in json.loads(capsys.readouterr().out)["lines"]}


def test_without_a_codec_the_command_cannot_check_and_says_what_to_install(
    honest: tuple[Path, Made], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "HAS_CODEC", False)
    assert run(["film", "masks", str(honest[0])]) == 3
    assert "kua[station]" in capsys.readouterr().out
    assert run(["film", "verify", str(honest[0]), "--pixels"]) in {1, 3}


def test_a_place_without_film_is_told_as_such(tmp_path: Path) -> None:
    assert run(["film", "masks", str(tmp_path)]) == 64


def test_film_that_does_not_decode_and_a_file_that_is_no_calibration_are_told(honest: tuple[Path, Made]) -> None:
    made = honest[1]
    calibration = next(
        data
        for name, data in made.files.items()
        if name.startswith(f"s/{STATION}/calibration/") and name.endswith(".json") and "signers" not in name
    )
    piece = made.pieces[0]
    with pytest.raises(Rejected, match=r"masks\.unreadable"):
        look_at_masks(calibration, b"", piece.cut.data[:100])
    with pytest.raises(Rejected):
        look_at_masks(b"{}", piece.init, piece.cut.data)


def test_the_border_that_is_not_judged_is_four_pixels_and_not_at_the_pictures_own_edge() -> None:
    mask = np.zeros((48, 64), dtype=np.bool_)
    mask[16:48, 0:32] = True
    inner = eye._inner(mask)
    assert inner[20:48, 0:28].all()
    assert inner.sum() == 28 * 28
