# SPDX-License-Identifier: Apache-2.0
"""Objection 2, biometrics: nothing here can say who somebody is, because there is no place to say it and no code to find it out."""

import ast
import dataclasses
import re
import tomllib
from pathlib import Path
from typing import get_type_hints

from kua.core.instant import Instant
from kua.ports.detector import Box, Detector
from kua.sight.safe import SafeFrame
from kua.tally import paths

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "kua"
RECOGNISERS = re.compile(
    r"face[_-]?recognition|insightface|facenet|arcface|deepface|dlib|torchreid|re-?id\b|ultralytics|mediapipe|FaceRecognizer\w*|embedd(?:ing)?s?_of",
    re.IGNORECASE,
)


def test_a_detection_is_a_rectangle_a_score_and_a_kind_and_nothing_else() -> None:
    assert [field.name for field in dataclasses.fields(Box)] == ["x0", "y0", "x1", "y1", "score", "kind"]
    assert {get_type_hints(Box)[name] for name in ("x0", "y0", "x1", "y1", "score")} == {float}
    assert not hasattr(Box(0, 0, 1, 1, 0.5, "face"), "__dict__")


def test_a_detector_can_answer_only_with_boxes() -> None:
    assert str(get_type_hints(Detector.look)["return"]) == "collections.abc.Sequence[kua.sight.boxes.Box]"


def test_kinds_of_boxes_name_parts_of_people_never_people() -> None:
    assert set(get_type_hints(Box)["kind"].__args__) == {"face", "head", "person"}


def test_what_follows_people_from_picture_to_picture_holds_places_paces_and_times_and_nothing_of_how_they_look() -> None:
    assert {one.name: one.type for one in dataclasses.fields(paths.Path)} == {"number": int, "box": paths.Found, "seen": Instant, "counts": bool}
    state = dict.fromkeys(("place", "speed", "both", "dx", "dy"), float)
    assert {one.name: one.type for one in dataclasses.fields(paths._Going)} == {
        "number": int, "box": paths.Found, "seen": Instant, **state, "hits": int, "counts": bool,
    }  # fmt: skip
    assert {one.type for one in dataclasses.fields(paths.Found)} == {float}


def test_no_package_that_recognises_faces_is_depended_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(line for lines in project["optional-dependencies"].values() for line in lines)]
    assert [line for line in wanted if RECOGNISERS.search(line)] == []


def test_no_module_imports_or_calls_a_recogniser() -> None:
    found = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "", *(alias.name for alias in node.names)]
            elif isinstance(node, ast.Attribute):
                names = [node.attr]
            found += [f"{path.name}: {name}" for name in names if RECOGNISERS.search(name)]
    assert found == []


def test_the_landmarks_that_a_network_offers_are_not_read() -> None:
    assert "kps" not in (SOURCE / "adapters" / "detectors" / "yunet.py").read_text("utf-8")


def test_what_leaves_hiding_is_a_picture_and_which_cells_are_hidden() -> None:
    assert {field.name for field in dataclasses.fields(SafeFrame)} == {"at", "width", "height", "yuv", "hidden", "reason", "_maker"}
