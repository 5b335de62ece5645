# SPDX-License-Identifier: Apache-2.0
"""Rendered scenes: the truth says what the pictures show, a seed says everything, and nothing half-written stays."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from kua.cli.main import run
from kua.core.errors import Misused
from kua.scenes.make import Asked, make, zones_of
from kua.scenes.room import CAMERAS, camera
from kua.scenes.script import BOX, HARDNESS, STORIES, script
from kua.scenes.stage import Scene, planes
from kua.sight.zones import read_zones, touched
from kua.station.calibrate import read_drawing
from kua.tally.eye import places

SMALL = (160, 90)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scenes") / "one"
    make(Asked(3, seconds=20, width=160, height=90), out)
    return out


def truth_in(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "truth.json").read_text()))


def test_a_seed_says_everything_that_happens() -> None:
    assert script(5, 1, "drops", 60) == script(5, 1, "drops", 60)
    assert script(5, 1, "drops", 60) != script(6, 1, "drops", 60)


@pytest.mark.parametrize("story", STORIES)
def test_events_lie_in_the_scene_in_order_and_each_story_tells_its_own(story: str) -> None:
    made = script(2, 1, story, 120)
    assert made.acts
    assert [event.t0 for event in made.events] == sorted(event.t0 for event in made.events)
    assert all(0 <= event.t0 < event.t1 <= made.seconds for event in made.events)
    own = {
        "pack": "pack",
        "wall": "wall",
        "swap": "swap",
        "opening": "shown_empty",
        "count": "pile_moved",
        "drops": "drop",
        "day": "drop",
        "all": "swap",
        "visits": "touch",
    }
    assert own[story] in {event.kind for event in made.events}


@pytest.mark.parametrize("hard", HARDNESS)
def test_every_ballot_that_leaves_a_hand_is_an_event(hard: int) -> None:
    made = script(8, hard, "drops", 180)
    papers = [reach for act in made.acts for reach in act.reaches if reach.paper == "ballot"]
    drops = [event for event in made.events if event.kind == "drop"]
    assert sorted((reach.t, reach.end) for reach in papers) == sorted((event.t0, event.t1) for event in drops)


def test_harder_scenes_have_more_people_at_once() -> None:
    def crowd(hard: int) -> int:
        made = script(1, hard, "drops", 240)
        return max(sum(act.begin <= t <= act.end for act in made.acts) for t in range(240))

    assert crowd(3) > crowd(0)


@pytest.mark.parametrize(
    ("code", "wrong"),
    [
        ("scenes.camera", {"view": "ceiling"}), ("scenes.hard", {"hard": 4}), ("scenes.story", {"story": "carousel"}), ("scenes.size", {"size": (161, 90)}),
        ("scenes.size", {"size": (16, 16)}), ("scenes.fps", {"fps": 0}), ("scenes.seed", {"seed": -1}), ("scenes.minutes", {"seconds": 1.0}),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused_with_its_code(code: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(Misused) as caught:
        Scene(**({"seed": 1, "size": SMALL} | wrong))
    assert caught.value.code == code


@pytest.mark.parametrize("view", CAMERAS)
def test_every_camera_sees_the_slot_in_its_picture(view: str) -> None:
    for seed in range(8):
        x, y, deep = camera(view, seed).seen(np.array([[0.0, 1.0, 0.9]]), 640, 360)[0]
        assert 40 < x < 600
        assert 40 < y < 340
        assert deep > 1


def test_heads_lie_where_the_truth_says(folder: Path) -> None:
    """Whoever is rendered alone differs from the empty room in nine tenths of the ellipse that the head's box holds."""
    with Scene(3, size=SMALL, seconds=20) as scene:
        scene._set(-1.0)
        empty = scene._rendered().astype(int)
        checked = 0
        for t in np.arange(6, 18, 0.5):
            picture = scene.clean(float(t)).astype(int)
            for person in scene.people(float(t)):
                x, y, w, h = person.head
                if person.visible < 0.9 or x < 0 or y < 0 or x + w > SMALL[0] or y + h > SMALL[1]:
                    continue
                rows, columns = np.mgrid[: SMALL[1], : SMALL[0]] + 0.5
                inside = ((columns - x - w / 2) / (w / 2)) ** 2 + ((rows - y - h / 2) / (h / 2)) ** 2 < 0.6
                differs = np.abs(picture - empty).max(axis=2) > 3
                assert differs[inside].mean() > 0.8, (t, person)
                checked += 1
        assert checked > 20


def test_no_pixel_of_a_head_lies_outside_its_box() -> None:
    """By segmentation: what MuJoCo marks as head or hair is inside the projected box, up to a pixel of the small picture."""
    with Scene(4, "corner", 2, size=SMALL, seconds=40, story="visits") as scene:
        checked = 0
        for t in np.arange(8, 38, 1.0):
            scene.clean(float(t))
            people = {person.number: person for person in scene.people(float(t))}
            marks = scene._marker.render()[:, :, 0]
            scale = SMALL[1] / marks.shape[0]
            for lane, act in scene.present(float(t)):
                person = people.get(scene.script.acts.index(act))
                rows, columns = np.nonzero(np.isin(marks, [scene._geoms[f"{part}{lane}"] for part in "hr"]))
                if person is None or not len(rows):
                    continue
                x, y, w, h = person.head
                assert min(columns.min() * scale - x, x + w - columns.max() * scale) >= -scale, (t, person)
                assert min(rows.min() * scale - y, y + h - rows.max() * scale) >= -scale, (t, person)
                checked += 1
        assert checked > 10


@pytest.mark.parametrize("view", CAMERAS)
def test_the_zones_hold_the_slot_and_the_box(view: str) -> None:
    with Scene(6, view, size=(640, 360), seconds=10) as scene:
        zones = read_zones(zones_of(scene))
        for kind, high in (("slot", 0.92), ("box", 0.45), ("box", 0.85)):
            x, y, _ = scene.camera.seen(np.array([[*BOX, high]]), 640, 360)[0]
            assert touched(zones[kind], 640, 360)[int(y) // 8, int(x) // 8], (kind, high)
        slot = touched(zones["slot"], 640, 360)
        assert slot.mean() < 0.08


@pytest.mark.parametrize("view", CAMERAS)
def test_no_booth_lies_behind_or_before_the_slot(view: str) -> None:
    """A booth is filled in whole squares, and would take its part of the slot's picture with it. In front, a corner of the ring may be touched."""
    for seed in range(8):
        with Scene(seed, view, seconds=10) as scene:
            zones = read_zones(zones_of(scene))
        seen = places(zones, 640, 360)
        free = places({kind: shapes for kind, shapes in zones.items() if kind != "booth"}, 640, 360)
        assert (seen.slot == free.slot).all()
        assert (seen.lid == free.lid).all()
        assert (seen.ring & ~seen.lid).sum() >= (0.9 if view == "front" else 1.0) * (free.ring & ~free.lid).sum()


def test_pictures_without_a_file_are_those_of_the_film() -> None:
    with Scene(4, size=SMALL, seconds=6, fps=2) as scene, Scene(4, size=SMALL, seconds=6, fps=2) as again:
        for (number, picture, people), (raw, same) in zip(scene.frames(), again.raws(), strict=True):
            assert (raw.at, raw.width, raw.height, raw.yuv.shape) == (number * 500, *SMALL, (SMALL[1] * 3 // 2, SMALL[0]))
            assert np.array_equal(raw.yuv, planes(picture))
            assert people == same
            theirs = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p").to_ndarray()
            assert np.abs(raw.yuv.astype(int) - theirs).mean() < 1.5


def test_the_truth_says_who_did_it() -> None:
    made = script(2, 1, "visits", 120)
    for event in made.events:
        number = made.number_of(event.who)
        assert number is not None
        at = made.acts[number].spot((event.t0 + event.t1) / 2)
        assert np.hypot(at[0] - BOX[0], at[1] - BOX[1]) < 0.8
    assert {event.who for event in script(2, 0, "swap", 60).events if event.kind == "swap"} == {None}


def test_a_visit_goes_by_table_and_booth_and_nobody_shares_a_booth() -> None:
    made = script(3, 2, "visits", 240)
    visits = [act for act in made.acts if act.kind == "visit"]
    assert len(visits) > 8
    inside = sorted((min(t for t, spot in act.way if spot[0] < -3), max(t for t, spot in act.way if spot[0] < -3)) for act in visits)
    assert all(before[1] < after[0] for before, after in zip(inside, inside[1:], strict=False))
    for act, (entered, _) in zip(sorted(visits, key=lambda act: act.papers_from), inside, strict=True):
        assert act.begin < act.papers_from < entered < act.reaches[0].t
    assert any(act.kind == "companion" for act in made.acts)


LINE = "import sys; from kua.cli.main import run; sys.exit(run(sys.argv[1:]))"
WITHOUT = "import kua.scenes.stage; kua.scenes.stage.find_library = lambda _name: None; "


@pytest.mark.parametrize(("before", "chosen"), [("", "nothing"), (WITHOUT, "")])
def test_where_nothing_can_render_the_error_says_what_to_install(before: str, chosen: str, tmp_path: Path) -> None:
    """An unknown renderer was asked for; or OSMesa lacks, and EGL, which is tried instead, is not here or finds no device."""
    world = {name: value for name, value in os.environ.items() if name not in {"MUJOCO_GL", "PYOPENGL_PLATFORM"}}
    if not chosen:
        world |= {"EGL_DEVICE_ID": "99", "MUJOCO_EGL_DEVICE_ID": "99"}
    done = subprocess.run(
        [sys.executable, "-c", before + LINE, "scenes", "make", str(tmp_path / "a"), "--minutes", "0.1", "--size", "160x90"],
        capture_output=True, text=True, check=False, env=world | ({"MUJOCO_GL": chosen} if chosen else {}),
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert "scenes.no_gl" in done.stderr
    assert "libosmesa6" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_empty_room_is_empty_and_has_other_noise_than_the_film() -> None:
    with Scene(4, size=SMALL, seconds=10) as scene:
        first, second = scene.empty(2)
        assert np.abs(first.astype(int) - second).mean() > 1
        scene._set(-1.0)
        clean = scene._rendered()
        assert np.abs(first.astype(float) - clean).mean() < 6
        assert scene.people(-1.0) == []


def test_the_folder_holds_film_room_zones_and_truth(folder: Path) -> None:
    truth = truth_in(folder)
    for name, count in (("film.mp4", truth["frames"]), ("empty.mp4", 64)):
        with av.open(str(folder / name)) as film:
            pictures = list(film.decode(video=0))
        assert len(pictures) == count
        assert (pictures[0].width, pictures[0].height) == SMALL
    drawing = read_drawing((folder / "zones.toml").read_bytes())
    assert {"booth", "list", "box", "slot", "issue"} <= set(drawing.zones)
    assert len(drawing.heads) >= 2
    assert json.loads((folder / "masks.json").read_text())["zones"] == drawing.zones
    assert len(truth["people"][0]) == len(truth["columns"])
    assert {event["person"] for event in truth["events"]} <= {row[truth["columns"].index("person")] for row in truth["people"]}
    assert {event["kind"] for event in truth["events"]} >= {"drop"}


def test_the_same_seed_writes_the_same_truth(folder: Path, tmp_path: Path) -> None:
    make(Asked(3, seconds=20, width=160, height=90), tmp_path / "again")
    assert (tmp_path / "again" / "truth.json").read_bytes() == (folder / "truth.json").read_bytes()


def test_a_folder_that_holds_something_is_left_alone(folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(Misused, match=r"scenes\.out"):
        make(Asked(3, seconds=20), folder)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_a_film_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def stop(done: int, _of: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(Asked(3, seconds=20, width=160, height=90), tmp_path / "half", stop)
    assert list(tmp_path.iterdir()) == []


def test_the_command_says_what_it_wrote_and_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["scenes", "list", "--json"]) == 0
    meant = json.loads(capsys.readouterr().out)
    assert [list(meant["cameras"]), list(meant["stories"])] == [list(CAMERAS), list(STORIES)]
    assert all(meant["stories"].values())
    assert run(["scenes", "list"]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {name} " in listed for name in (*STORIES, *CAMERAS))
    assert run(["scenes", "make", str(tmp_path / "a"), "--minutes", "0.1", "--size", "160x90", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 48
    assert run(["scenes", "make", str(tmp_path / "a")]) == 64
    assert "scenes.out" in capsys.readouterr().err
    for wrong in (["--size", "big"], ["--hard", "9"], ["--camera", "roof"], ["--minutes", "0"]):
        assert run(["scenes", "make", str(tmp_path / "b"), *wrong]) == 64
        assert "scenes." in capsys.readouterr().err
    assert not (tmp_path / "b").exists()
