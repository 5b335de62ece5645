# SPDX-License-Identifier: Apache-2.0
"""The printed pages, and a calibration that is made from what hangs in the room."""

import json
import re
from pathlib import Path

import av
import numpy as np
import pytest

from kua.adapters.detectors.stickers import StickerFinder
from kua.adapters.sources.painting import PaintedRoom
from kua.app.calibrate import calibrate
from kua.app.stickers import sticker_svg, stickers_of, write_stickers
from kua.core.errors import Incomplete, Misused
from kua.core.instant import Instant
from kua.sight.calibration import read_calibration
from kua.sight.raw import RawFrame
from kua.sight.stickers import STICKERS
from tests.rigs.box import make_box
from tests.rigs.rooms import drawn_room
from tests.rigs.stickers import room_with, stuck


def printed(number: int) -> np.ndarray:
    """A sheet of paper with the sticker as its SVG says, eleven pixels to a square."""
    paper = np.full((10, 10), 235, np.uint8)
    for column, row in re.findall(r"M(\d+) (\d+)h1v1h-1z", sticker_svg(number, 110)):
        paper[int(row), int(column)] = 25
    return np.pad(np.kron(paper, np.ones((12, 12), np.uint8)), 20, constant_values=200)


def test_every_printed_sticker_is_found_as_what_it_stands_for() -> None:
    for number in STICKERS:
        paper = printed(number)
        side = len(paper)
        yuv = np.vstack([paper, np.full((side // 2, side), 128, np.uint8)])
        assert set(StickerFinder().find(RawFrame(Instant(0), side, side, yuv))) == {number}


def test_the_pages_name_each_sticker_in_three_languages(tmp_path: Path) -> None:
    pages = write_stickers(tmp_path / "a.html", 1, 2, 110)
    text = (tmp_path / "a.html").read_text("utf-8")
    assert pages == text.count("<section") == 13
    assert text.count("<article") == len(stickers_of(1, 2)) == 26
    for words in ("Booth 2: corner 4", "Кабина 2: угол 4", "Кабина \u2116\u00a02: бұрыш \u2116\u00a04", 'width="137.50mm"'):
        assert words in text
    assert "http" not in text
    assert "<script" not in text


def test_a_large_sticker_has_a_page_of_its_own_and_its_white_border_fits(tmp_path: Path) -> None:
    assert write_stickers(tmp_path / "a.html", 2, 8, 155) == len(stickers_of(2, 8))
    assert float(re.findall(r'width="([0-9.]+)mm" height="\1mm"', (tmp_path / "a.html").read_text("utf-8"))[0]) < 198
    with pytest.raises(Misused, match=r"stickers\.file"):
        write_stickers(tmp_path / "a.docx", 1, 1, 110)


def test_a_folder_that_is_not_there_is_told_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(Misused, match=r"stickers\.no_folder"):
        write_stickers(tmp_path / "typo" / "a.html", 1, 1, 110)
    assert list(tmp_path.iterdir()) == []


def film(path: Path, stickers: bool) -> str:
    room = PaintedRoom(7, 640, 360)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "20", "preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for number in range(24):
            yuv = room.quiet(1_700 * number)
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(stuck(yuv, room_with()) if stickers else yuv), format="yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return str(path)


def test_stickers_in_the_room_draw_its_zones_and_are_signed_with_them(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box", "painted:7", drawn_room(640, 360, 7), phase="rehearsal", signed=False)
    made = read_calibration(calibrate(box, "a", film(tmp_path / "room.mp4", stickers=True), "stickers", 3).read_bytes())
    assert set(made.zones) == {"booth", "box", "slot"}
    assert set(made.stickers) == set(room_with())
    assert json.loads((box / "calibration/a.json").read_bytes())["v"] == 2


def test_a_room_without_stickers_says_so(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box", "painted:7", drawn_room(640, 360, 7), phase="rehearsal", signed=False)
    with pytest.raises(Incomplete, match=r"calibration\.no_stickers"):
        calibrate(box, "a", film(tmp_path / "room.mp4", stickers=False), "stickers", 3)
