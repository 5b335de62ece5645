# SPDX-License-Identifier: Apache-2.0
"""The one lamp of the box's page: a lamp that lies once is worse than none."""

from pathlib import Path
from typing import Any

import pytest

from kua.adapters.clock import SystemClock
from kua.app import up_day
from kua.app.agent import ONE_SIGNATURE
from kua.app.up_day import LATE, LOG, OWED_LATE, Agent, last_words
from kua.core.instant import Instant
from kua.station.pipe import FAULTS

NOW = SystemClock().now()


def body(**changes: Any) -> dict[str, Any]:
    """Return a station that records well, changed."""
    good: dict[str, Any] = {
        "running": True, "closed_at": None, "phase": "voting",
        "cameras": {"a": {"state": "recording", "recorded_to": NOW - 3_000}}, "queue": {"oldest": NOW - 4_000}, "alarms": [],
    }  # fmt: skip
    return good | changes


def camera(state: str = "recording", age: int | None = 3_000) -> dict[str, Any]:
    return {"state": state, "recorded_to": None if age is None else NOW - age}


@pytest.mark.parametrize(
    ("seen", "lamp"),
    [
        (body(), ("recording", "recording")),
        (body(queue={"oldest": None}), ("recording", "recording")),
        (body(queue={"oldest": NOW - OWED_LATE - 1}), ("owed", "owed")),
        (body(cameras={"a": camera(age=LATE + 1)}), ("trouble", "silent")),
        (body(cameras={"a": camera(), "b": camera(age=LATE + 1)}), ("trouble", "silent")),
        (body(cameras={"a": camera("off")}), ("trouble", "camera")),
        (body(cameras={"a": camera(age=None)}), ("trouble", "camera")),
        (body(cameras={"a": camera() | {"faults": ["looped", "moved"]}}), ("trouble", "moved")),
        (body(alarms=[{"kind": "unknown_device"}]), ("trouble", "stranger")),
        (body(cameras={"a": camera(), "b": camera() | {"faults": ["box_moved"]}}), ("trouble", "box_moved")),
        (body(cameras={"a": camera() | {"faults": ["codec"]}}), ("recording", "recording")),
        (body(cameras={"a": camera() | {"faults": ["no_models"]}}), ("recording", "no_models")),
        (body(cameras={"a": camera() | {"faults": ["no_models", "one_signature"]}}), ("recording", "one_signature")),
        (body(phase=None), ("off", "window")),
        (body(running=False), ("off", "off")),
        (body(running=False, closed_at=5), ("closed", "closed")),
    ],
)
def test_the_lamp_is_green_only_while_every_camera_records(tmp_path: Path, seen: dict[str, Any], lamp: tuple[str, str]) -> None:
    assert Agent(tmp_path)._lamp(seen, Instant(NOW)) == lamp


def test_an_agent_that_refused_to_start_is_quoted_and_its_other_lines_are_not(tmp_path: Path) -> None:
    assert not last_words(tmp_path)
    (tmp_path / LOG).write_text('{"event":"start"}\nagent.outside_window: Outside.\n  Because.\n{"event":"x: y"}\n', "utf-8")
    assert last_words(tmp_path) == "agent.outside_window: Outside."


def test_the_page_has_a_sentence_for_every_alarm() -> None:
    page = (Path(up_day.__file__).parent.parent / "web/panel/templates/up_day.html").read_text("utf-8")
    assert all(f'data-why="{kind}"' in page for kind in (*up_day.ALARMS, "no_models", ONE_SIGNATURE))
    assert set(up_day.ALARMS) == set(FAULTS) - {"codec", "no_models"}  # neither asks anything of whoever looks at the lamp
