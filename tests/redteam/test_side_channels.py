# SPDX-License-Identifier: Apache-2.0
"""What leaves beside the pictures: tags, thumbnails, sound, data streams, names, padding, supplementary messages, and traces of what lies behind a mosaic."""

import json
import struct
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.app.redact import Asked, redact
from kua.core.instant import Instant
from kua.media.boxes import boxes
from kua.sight.grid import blocks_of
from kua.sight.plan import Plan
from kua.sight.raw import RawFrame
from kua.sight.safe import conceal
from kua.station.pipe import Init, Piece
from tests.integration.test_sight_redact import FRAMES, HEIGHT, WIDTH, film, masks, picture
from tests.redteam.spy import Spied, Uncompressed

SECRET = "Voter-Name-7701010-N51.12E71.43"
"""Stands for anything that a camera, a telephone or a person wrote into a file beside the pictures."""
KNOWN_BOXES = frozenset(
    b"ftyp moov mvhd trak tkhd mdia mdhd hdlr minf vmhd dinf dref stbl stsd stts stsc stsz stco mvex trex moof mfhd traf tfhd tfdt trun mdat".split()
)
NO_TAGS = b"\0\0\0=udta\0\0\0\x35meta" + bytes(7) + b"\x21hdlr" + bytes(8) + b"mdirappl" + bytes(12) + b"\x08ilst"
"""What the muxer writes where there are no tags, to the last byte."""
SPS, PPS, SLICE, IDR, AUD = 7, 8, 1, 5, 9


def with_everything(path: Path, count: int = FRAMES) -> Path:
    """Write a film that carries a secret in tags, chapters, a cover picture, a subtitle stream and sound."""
    with av.open(str(path), "w", format="matroska") as out:
        for key in ("title", "comment", "location", "artist"):
            out.metadata[key] = SECRET
        video: Any = out.add_stream("ffv1", rate=10)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "bgr0"
        video.metadata["title"] = SECRET
        sound: Any = out.add_stream("pcm_s16le", rate=8_000)
        sound.layout = "mono"
        out.set_chapters([{"id": 1, "start": 0, "end": 1_000, "time_base": Fraction(1, 1_000), "metadata": {"title": SECRET}}])
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            out.mux(video.encode(frame.reformat(format="bgr0")))
        loud = av.AudioFrame.from_ndarray(np.frombuffer(SECRET.encode() * 200, np.int16)[None, :4_000].copy(), format="s16", layout="mono")
        loud.sample_rate = 8_000
        out.mux(sound.encode(loud))
        for stream in (video, sound):
            out.mux(stream.encode(None))
    return path


def test_a_film_comes_out_with_pictures_alone(tmp_path: Path) -> None:
    source = with_everything(tmp_path / f"{SECRET}.mkv")
    assert SECRET.encode() in source.read_bytes()
    redact(Asked(source, tmp_path / "out.mp4", room=film(tmp_path / "room.mkv", 8, person=False), masks=masks(tmp_path)))
    data = (tmp_path / "out.mp4").read_bytes()
    assert SECRET.encode() not in data
    with av.open(BytesIO(data)) as out:
        assert [stream.type for stream in out.streams] == ["video"]
        assert not out.chapters()
        assert not {key for key in out.metadata if key not in {"major_brand", "minor_version", "compatible_brands"}}


def test_an_image_loses_its_exif_its_place_and_its_thumbnail(tmp_path: Path) -> None:
    done, jpeg = cv2.imencode(".jpg", picture(5))
    assert done
    tiff = b"II*\0\x08\0\0\0" + struct.pack("<H", 1) + struct.pack("<HHII", 0x010E, 2, len(SECRET) + 1, 26) + struct.pack("<I", 0)
    exif = b"Exif\0\0" + tiff + SECRET.encode() + b"\0" + jpeg.tobytes()[:400]
    marked = jpeg.tobytes()[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg.tobytes()[2:]
    (tmp_path / "in.jpg").write_bytes(marked)
    for suffix in (".jpg", ".png"):
        redact(Asked(tmp_path / "in.jpg", tmp_path / f"out{suffix}", masks=masks(tmp_path)))
        data = (tmp_path / f"out{suffix}").read_bytes()
        assert SECRET.encode() not in data
        assert b"Exif" not in data
        assert data.count(b"\xff\xd8\xff") == (suffix == ".jpg")


def test_the_report_names_the_film_and_nothing_of_where_it_lay(tmp_path: Path) -> None:
    folder = tmp_path / SECRET
    folder.mkdir()
    redact(
        Asked(film(folder / "in.mkv"), tmp_path / "out.mp4", room=film(tmp_path / "room.mkv", 8, person=False), report=tmp_path / "r.json")
    )
    assert SECRET not in (tmp_path / "r.json").read_text()
    assert json.loads((tmp_path / "r.json").read_text())["source"] == "in.mkv"


@pytest.fixture(scope="module")
def recorded() -> Spied:
    recording = Spied()
    recording.connect()
    recording.walk(90)
    recording.hide.finish(ended=True)
    return recording


def _untagged(data: bytes) -> bytes:
    """Leave out the empty list of tags at the end of a box's content; any other stays and is found."""
    return data.removesuffix(NO_TAGS)


def _all_boxes(data: bytes) -> set[bytes]:
    found: set[bytes] = set()
    for box in boxes(data):
        found.add(box.kind)
        if box.kind in {b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"mvex", b"moof", b"traf"}:
            found |= _all_boxes(_untagged(box.body))
    return found


def test_a_segment_has_no_box_in_which_anything_else_could_travel(recorded: Spied) -> None:
    for message in recorded.sent:
        if isinstance(message, Init | Piece):
            assert _all_boxes(message.payload) <= KNOWN_BOXES | {b"styp", b"sidx", b"pasp", b"colr", b"btrt"}


def test_a_segment_has_no_message_beside_the_slices(recorded: Spied) -> None:
    kinds = set()
    for piece in recorded.of(Piece):
        media = next(box for box in boxes(piece.payload) if box.kind == b"mdat")
        data, place = media.body, 0
        while place < len(data):
            size = int.from_bytes(data[place : place + 4], "big")
            kinds.add(data[place + 4] & 31)
            place += 4 + size
        assert place == len(data)
    assert {IDR, SLICE} <= kinds <= {SPS, PPS, SLICE, IDR, AUD}


def test_what_happens_in_a_booth_does_not_change_one_byte_of_the_film() -> None:
    """Neither timing, size, rate control nor detection may tell of it: two recordings that differ in the booth alone give the same bytes."""
    films = []
    for seed in (1, 2):
        recording = Spied(open_decoder=Uncompressed)
        hider = recording.hide._means.new_hider("voting")
        hider.step(RawFrame(Instant(0), 320, 180, recording.room.empty()))
        booth = np.repeat(np.repeat(hider._fill, 8, 0), 8, 1)[:180, :320]
        dice = np.random.default_rng(seed)

        def inside(yuv: Any, booth: Any = booth, dice: Any = dice) -> Any:
            out = yuv.copy()
            out[:180][booth] = dice.integers(16, 236, int(booth.sum()))
            return out

        assert booth.any()
        recording.lossless(inside, 40)
        films.append([message.payload for message in recording.sent if isinstance(message, Init | Piece)])
    assert films[0]
    assert films[0] == films[1]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), side=st.sampled_from([16, 24, 32, 48]), grey=st.booleans())
def test_nothing_finer_than_the_mean_of_a_cell_leaves(seed: int, side: int, grey: bool) -> None:
    """Two pictures with the same means in each cell give the same picture, whatever lies within the cells."""
    width = height = 96
    size = blocks_of(width, height)
    whole, nothing = np.ones(size, np.bool_), np.zeros(size, np.bool_)
    plan = Plan(nothing, whole, np.full(size, side, np.int32), grey, np.ones(size, np.uint8))
    dice = np.random.default_rng(seed)
    one = dice.integers(40, 200, (height * 3 // 2, width)).astype(np.uint8)
    other = one.copy()
    for y in range(0, height, 8):
        for x in range(0, width, 8):
            block = other[y : y + 8, x : x + 8].reshape(-1)
            other[y : y + 8, x : x + 8] = dice.permutation(block).reshape(8, 8)
    pictures = [conceal(RawFrame(Instant(0), width, height, yuv), plan).yuv for yuv in (one, other)]
    assert np.abs(pictures[0].astype(int) - pictures[1]).max() <= 1
    assert len({tuple(pictures[0][y, x : x + 8]) for y in range(0, height, 8) for x in range(0, width, 8)}) <= (-(-width // side)) ** 2 * 4
