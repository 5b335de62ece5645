# SPDX-License-Identifier: Apache-2.0
"""`kua film redact` with real codecs: what goes in hidden comes out hidden, and bad files are told by their codes."""

import json
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from kua.app.redact import Asked, Done, rectangles, redact
from kua.cli.main import run
from kua.core.errors import KuaError, Misused
from kua.core.instant import Instant
from kua.core.nouns import camera_id, election_id, station_id
from kua.law.hiding import DEFAULT, table_digest
from kua.sight.calibration import calibrated, write_calibration
from kua.sight.raw import RawFrame
from kua.sight.reference import write_reference
from kua.sight.room import learn_room

WIDTH, HEIGHT, FRAMES = 176, 120, 30
MASK = {"zones": {"booth": [[[0, 0], [2500, 0], [2500, 10000], [0, 10000]]]}}


def picture(number: int, *, person: bool = True, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A room in RGB, in which somebody walks from left to right."""
    rgb = np.full((height, width, 3), (120, 130, 110), dtype=np.uint8)
    rgb[:, ::24] = (60, 70, 80)
    rgb[height // 2 :] = rgb[height // 2 :] // 2
    if person:
        x = 20 + 4 * number
        rgb[30:100, x : x + 20] = (220, 40, 30)
        rgb[20:32, x + 5 : x + 15] = (240, 200, 180)
    return rgb


def film(path: Path, count: int = FRAMES, **how: Any) -> Path:
    size = {"width": how.get("width", WIDTH), "height": how.get("height", HEIGHT)}
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = size["width"], size["height"], "bgr0"
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(picture(number, **how), format="rgb24")
            out.mux(stream.encode(frame.reformat(format="bgr0")))
        out.mux(stream.encode(None))
    return path


def masks(folder: Path) -> Path:
    path = folder / "masks.json"
    path.write_text(json.dumps(MASK))
    return path


def pixels(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def redacted(folder: Path, source: Path, **more: Any) -> Done:
    return redact(Asked(source, folder / "out.mp4", hidden=folder / "h.npz", report=folder / "r.json", **more))


def test_a_film_is_hidden_against_its_empty_room_and_told_frame_by_frame(tmp_path: Path) -> None:
    room = film(tmp_path / "room.mkv", 8, person=False)
    done = redacted(tmp_path, film(tmp_path / "in.mkv"), room=room, masks=masks(tmp_path))
    cells = np.load(tmp_path / "h.npz")["hidden"]
    report = json.loads((tmp_path / "r.json").read_text())
    assert (done.frames, done.room) == (FRAMES, "film")
    assert cells.shape == (FRAMES, -(-HEIGHT // 8), -(-WIDTH // 8))
    assert cells.dtype == np.bool_
    for number in range(5, FRAMES):
        x = 20 + 4 * number
        assert cells[number, 3:12, x // 8 : (x + 20) // 8 + 1].all(), number
    assert not cells[5:, :, -1].all()
    assert [frame["filled"] for frame in report["frames"][:3]] == ["warming"] * 2 + [None]
    assert {region["reason"] for frame in report["frames"] for region in frame["regions"]} >= {"booth", "not_room", "fill:warming"}
    for number in (5, 20):
        drawn = np.zeros((HEIGHT, WIDTH), dtype=np.bool_)
        for region in report["frames"][number]["regions"]:
            drawn[region["y"] : region["y"] + region["h"], region["x"] : region["x"] + region["w"]] = True
        assert np.array_equal(drawn, np.repeat(np.repeat(cells[number], 8, 0), 8, 1)[:HEIGHT, :WIDTH])


def test_the_written_film_shows_neither_booth_nor_person_and_keeps_its_times(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mkv")
    redacted(tmp_path, source, room=film(tmp_path / "room.mkv", 8, person=False), masks=masks(tmp_path))
    shown = pixels(tmp_path / "out.mp4")
    assert len(shown) == FRAMES
    for number, rgb in enumerate(shown):
        assert rgb[:, : WIDTH // 4].max() < 24, number
        red = (rgb[..., 0].astype(int) - rgb[..., 2]) > 90
        assert not red.any(), number
    with av.open(str(tmp_path / "out.mp4")) as out:
        assert [stream.type for stream in out.streams] == ["video"]
        assert out.streams.video[0].average_rate == 10
        times = [frame.time for frame in out.decode(video=0)]
    assert times == pytest.approx([number / 10 for number in range(FRAMES)])


def test_a_film_without_a_calibration_says_that_it_was_calibrated_from_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = film(tmp_path / "in.mkv")
    given = ["film", "redact", str(source), str(tmp_path / "out.mp4"), "--report", str(tmp_path / "r.json"), "--models", str(tmp_path)]
    assert run(given) == 0
    assert "learned from this film itself" in capsys.readouterr().err
    assert json.loads((tmp_path / "r.json").read_text())["calibrated_from_itself"] is True


def test_a_signed_size_calibration_and_its_room_are_used(tmp_path: Path) -> None:
    rgb = picture(0, person=False)
    raw = RawFrame(Instant(0), WIDTH, HEIGHT, np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420), dtype=np.uint8))
    room = learn_room([raw])
    calibration = calibrated(
        room,
        election=election_id("kz-2026-kurultai"),
        station=station_id("10-245"),
        camera=camera_id("a"),
        made_at=Instant(0),
        policy=table_digest(DEFAULT),
    )
    (tmp_path / "a.json").write_bytes(write_calibration(calibration))
    with pytest.raises(Misused, match=r"redact\.no_reference"):
        redacted(tmp_path, film(tmp_path / "in.mkv"), room=tmp_path / "a.json")
    (tmp_path / "a.room").write_bytes(write_reference(room))
    assert redacted(tmp_path, film(tmp_path / "in.mkv"), room=tmp_path / "a.json").room == "calibration"
    (tmp_path / "a.room").write_bytes(write_reference(learn_room([RawFrame(Instant(0), WIDTH, HEIGHT, raw.yuv // 2)])))
    with pytest.raises(KuaError, match=r"calibration\.reference_hash"):
        redacted(tmp_path, film(tmp_path / "in.mkv"), room=tmp_path / "a.json")


@pytest.mark.parametrize(("width", "height"), [(177, 121), (170, 106), (150, 100)])
def test_odd_sizes_are_hidden_to_the_last_pixel(tmp_path: Path, width: int, height: int) -> None:
    source = film(tmp_path / "in.mkv", 8, width=width, height=height)
    (tmp_path / "masks.json").write_text(json.dumps({"zones": {"booth": [[[0, 0], [10000, 0], [10000, 10000], [0, 10000]]]}}))
    redacted(tmp_path, source, masks=tmp_path / "masks.json")
    assert np.load(tmp_path / "h.npz")["hidden"].shape == (8, -(-height // 8), -(-width // 8))
    assert all(rgb.max() < 24 for rgb in pixels(tmp_path / "out.mp4"))


def test_an_image_without_models_is_filled_as_a_whole(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "in.jpg"), picture(3)[:, :, ::-1])
    told: list[str] = []
    redact(Asked(tmp_path / "in.jpg", tmp_path / "out.png", hidden=tmp_path / "h.npz"), told.append)
    shown = cv2.imread(str(tmp_path / "out.png"))
    assert shown is not None
    assert shown.shape == (HEIGHT, WIDTH, 3)
    assert shown.max() == 0
    assert np.load(tmp_path / "h.npz")["hidden"].all()
    assert told == ["redact.no_models", "redact.image_filled"]


def test_masks_may_be_toml(tmp_path: Path) -> None:
    (tmp_path / "masks.toml").write_text("[zones]\nbooth = [[[0, 0], [2500, 0], [2500, 10000], [0, 10000]]]\n")
    redacted(tmp_path, film(tmp_path / "in.mkv", 6), masks=tmp_path / "masks.toml")
    assert np.load(tmp_path / "h.npz")["hidden"][:, :, : WIDTH // 32].all()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"source": "nothing.mp4"}, "redact.missing"),
        ({"source": "empty.mp4"}, "redact.empty"),
        ({"source": "text.mp4"}, "redact.not_video"),
        ({"source": "text.png", "out": "o.png"}, "redact.not_video"),
        ({"out": "o.avi"}, "redact.suffix"),
        ({"out": "nowhere/o.mp4"}, "redact.no_folder"),
        ({"report": "nowhere/r.json"}, "redact.no_folder"),
        ({"hidden": "nowhere/h.npz"}, "redact.no_folder"),
        ({"room": "other.mkv"}, "redact.room_size"),
        ({"room": "text.json"}, "calibration.unreadable"),
        ({"room": "nothing.json"}, "redact.missing"),
        ({"masks": "text.json"}, "redact.masks"),
        ({"masks": "outside.json"}, "calibration.zone_outside"),
        ({"masks": "nothing.json"}, "redact.missing"),
        ({"phase": "lunch"}, "redact.phase"),
    ],
)
def test_bad_input_is_told_by_its_code_and_leaves_no_film(tmp_path: Path, change: dict[str, str], code: str) -> None:
    film(tmp_path / "in.mkv", 4)
    film(tmp_path / "other.mkv", 4, width=160)
    (tmp_path / "empty.mp4").touch()
    for name in ("text.mp4", "text.png", "text.json"):
        (tmp_path / name).write_text("not what it says")
    (tmp_path / "outside.json").write_text(json.dumps({"zones": {"booth": [[[0, 0], [20000, 0], [0, 5]]]}}))
    asked = {"source": "in.mkv", "out": "o.mp4"} | change
    before = set(tmp_path.iterdir())
    with pytest.raises(KuaError) as caught:
        redact(Asked(**{key: value if key == "phase" else tmp_path / value for key, value in asked.items()}))  # type: ignore[arg-type]
    assert caught.value.code == code
    assert set(tmp_path.iterdir()) == before


def test_a_film_cut_short_leaves_nothing_under_the_name_of_out(tmp_path: Path) -> None:
    source = film(tmp_path / "in.mkv")
    with pytest.raises(KuaError, match=r"redact\.room_size"):
        redacted(tmp_path, source, room=film(tmp_path / "room.mkv", 3, width=160))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mkv", "room.mkv"]


def test_rectangles_cover_a_mask_exactly_once() -> None:
    for seed in range(20):
        mask = np.random.default_rng(seed).random((9, 11)) < 0.5
        drawn = np.zeros(mask.shape, dtype=int)
        for top, bottom, left, right in rectangles(mask):
            drawn[top:bottom, left:right] += 1
        assert np.array_equal(drawn, mask.astype(int))
