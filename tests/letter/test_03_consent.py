# SPDX-License-Identifier: Apache-2.0
"""Objection 3, consent to publish: what is published shows nobody, so nobody is asked; where the law lets somebody agree, the answer is no until each has.

Drawn people in coloured coats go through the real hiding and the real encoder; a real centre publishes, refuses and withdraws; a real agent waits for its hours.
"""

import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.adapters.clock import SystemClock
from kua.adapters.sources.painting import PaintedRoom
from kua.app.agent import Agent
from kua.app.redact import Asked, redact
from kua.app.settings import CameraSettings
from kua.core.errors import Refused
from kua.core.instant import Instant
from kua.law.consent import Consent, may_show
from kua.proof.leaf import Leaf, read_leaf
from kua.sight.calibration import write_calibration, write_reference
from tests.rigs.centre import DELAY, START, STATION, Box, HandClock, found, running
from tests.rigs.rooms import drawn_room
from tests.rigs.worlds import World, make_box

WIDTH, HEIGHT = 640, 360
FIRST, EVERY, PICTURES = 40_000, 100, 30
SETTLED: Final = 12
"""Pictures after the start, of which some are filled whole."""
HOUR = 3_600_000
T = "/t/kz-2026-rehearsal"


def drawn() -> PaintedRoom:
    return PaintedRoom(5, WIDTH, HEIGHT)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The pictures of a published film (planes Y, U, V) of a drawn room in which people vote, hidden as in the voting phase and encoded."""
    folder, made = tmp_path_factory.mktemp("film"), drawn_room(WIDTH, HEIGHT)
    (folder / "a.json").write_bytes(write_calibration(made.calibration()))
    (folder / "a.room").write_bytes(write_reference(made.reference))
    with av.open(str(folder / "in.mkv"), "w") as out:
        stream: Any = out.add_stream("ffv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(PICTURES):
            picture = av.VideoFrame.from_ndarray(drawn().picture(FIRST + EVERY * number), format="yuv420p")
            picture.color_range = 1
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    redact(Asked(folder / "in.mkv", folder / "out.mp4", room=folder / "a.json", hidden=folder / "hidden.npz", phase="voting"))
    with av.open(str(folder / "out.mp4")) as container:
        shown = [frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)]
    hidden = np.load(folder / "hidden.npz")["hidden"]
    return list(zip(shown, hidden, strict=True))


def heads(number: int) -> list[tuple[slice, slice]]:
    """Where the drawing put the faces that the camera sees: the middle of each head, without the corners of its frame, where the wall is."""
    found = []
    for person in drawn().truth(FIRST + EVERY * number).seen:
        left, top, right, bottom = (
            max(0, round(part * size / 10_000)) for part, size in zip(person.head, (WIDTH, HEIGHT, WIDTH, HEIGHT), strict=True)
        )
        down, across = (bottom - top) // 5, (right - left) // 5
        if person.shown and right <= WIDTH and bottom <= HEIGHT:
            found.append((slice(top + down, bottom - down), slice(left + across, right - across)))
    return found


def test_every_head_in_the_published_film_is_one_solid_colour(film: list[Any]) -> None:
    counted = faces = 0
    for number, (yuv, _) in enumerate(film[SETTLED:], SETTLED):
        drawing = drawn().picture(FIRST + EVERY * number)
        for head in heads(number):
            counted += 1
            faces += np.ptp(drawing[:HEIGHT][head]) > 40
            assert (yuv[:HEIGHT][head] < 40).mean() > 0.9, "filled, up to a corner of its frame, and not a mosaic of a face"
    assert counted > 100
    assert faces > 20, "eyes, hair and skin are in the drawing"


def test_while_people_vote_nothing_of_a_person_has_a_colour(film: list[Any]) -> None:
    for number, (yuv, hidden) in enumerate(film[SETTLED:], SETTLED):
        deep = np.repeat(np.repeat(hidden, 4, 0), 4, 1)[: HEIGHT // 2, : WIDTH // 2]
        for plane, raw in zip(planes(yuv), planes(drawn().picture(FIRST + EVERY * number)), strict=True):
            assert np.abs(plane[deep].astype(int) - 128).max() <= 12, (
                "the encoder rounds at the rim of a block; a coat is farther from grey"
            )
            assert np.abs(raw[deep].astype(int) - 128).max() > 24, "the coats in the drawing have colours"


def planes(yuv: Any) -> tuple[Any, Any]:
    """The two planes of colour."""
    colour = yuv[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)
    return colour[0], colour[1]


async def publish(folder: Path, clock: HandClock, phase: str, voting: str) -> int:
    """Let a box send one segment of `phase`; return what a reader gets for it after the delay."""
    found(folder, phases=((phase, START, START + HOUR),), voting=voting)
    async with running(folder, clock) as (centre, web):
        box = Box(centre, web)
        await box.enrol()
        box.open()
        name = box.film(b"film", b"init", phase=phase)
        await box.send_log()
        for data in (b"film", b"init"):
            await box.put(data)
        clock.at = START + 2 * HOUR + DELAY
        await centre.broadcast.publish(STATION)
        return (await web.get(f"{T}/s/{STATION}/film/a/{name}")).status_code


async def test_by_the_profile_that_comes_with_kua_the_voting_is_not_published(tmp_path: Path) -> None:
    assert await publish(tmp_path / "asked", HandClock(), "voting", "none") == 404
    assert await publish(tmp_path / "decided", HandClock(), "voting", "all") == 200, "only where the commission has decided so"
    assert await publish(tmp_path / "count", HandClock(), "count", "none") == 200


async def test_a_withdrawal_takes_the_film_away_and_says_so_with_its_article(tmp_path: Path) -> None:
    clock = HandClock()
    found(tmp_path / "centre")
    async with running(tmp_path / "centre", clock) as (centre, web):
        box = Box(centre, web)
        await box.enrol()
        box.open()
        name = box.film(b"film", b"init")
        await box.send_log()
        for data in (b"film", b"init"):
            await box.put(data)
        clock.at += 60_000
        await centre.broadcast.publish(STATION)
        url = f"{T}/s/{STATION}/film/a/{name}"
        assert (await web.get(url)).status_code == 200
        order = {"station": STATION, "cam": "a", "article": "Law on Personal Data, art. 7(3)", "reason": "person", "by": "office"}
        done = await web.post("/api/v1/control/stop", json=order, headers={"Authorization": "Bearer control-token"})
        assert (await web.get(url)).status_code == 404
        leaf = read_leaf(centre._nation_log.entries(done.json()["leaf"], done.json()["leaf"] + 1)[0], "nation")
        assert isinstance(leaf, Leaf)
        assert (leaf.type, leaf["article"], leaf["reason"]) == ("withdrawn", "Law on Personal Data, art. 7(3)", "person")
        clock.at += 1_000
        page = (await web.get(f"/en/s/{STATION}")).text
        assert "withdrawn" in page
        assert "art. 7(3)" in page


def recorded(folder: Path, start: int, end: int) -> bool:
    """Run the real agent of a box whose only window is [start, end) from now for about a second; return whether it started a camera."""
    now, mark = SystemClock().now(), folder / "camera-started"
    make_box(folder / "box", World("box", {"10-245": ("a",)}, (("voting", now + start, now + end),)), "10-245", {"a": "painted:3"})

    def command(_role: str, _camera: CameraSettings) -> Sequence[str]:
        return [sys.executable, "-c", f"open({str(mark)!r}, 'w').close()"]

    agent = Agent(folder / "box", command=command, waits=True)
    ends = threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGTERM))
    ends.start()
    agent.run()
    ends.join()
    assert json.loads((folder / "box/status.json").read_bytes())["state"] == "stopped"
    return mark.exists()


def test_outside_the_hours_that_were_signed_no_camera_is_opened(tmp_path: Path) -> None:
    assert not recorded(tmp_path / "early", HOUR, 2 * HOUR)
    assert recorded(tmp_path / "open", -HOUR, HOUR)
    with pytest.raises(Refused, match=r"agent\.outside_window"):
        recorded(tmp_path / "late", -2 * HOUR, -HOUR)


@given(
    st.sampled_from(["voter", "observer", "child", "chair", "member"]),
    st.lists(st.sampled_from(["voter", "observer", "child", "chair", "member"]), max_size=4),
)
def test_while_people_vote_no_consent_shows_anybody_and_a_voter_is_never_shown(role: str, agreed: list[str]) -> None:
    consents = [Consent(each, STATION, Instant(0)) for each in agreed]
    verdict = may_show(role, STATION, "voting", Instant(5), consents, present=1)
    assert (verdict.allowed, verdict.article) == (False, "Constitutional Law on Elections, art. 8")
    if role in {"voter", "observer", "child"}:
        assert not may_show(role, STATION, "count", Instant(5), consents, present=1).allowed


def test_one_who_has_not_agreed_or_has_taken_it_back_keeps_the_whole_role_hidden() -> None:
    given_one, back = Consent("member", STATION, Instant(0)), Consent("member", STATION, Instant(0), Instant(9))
    assert may_show("member", STATION, "count", Instant(8), [given_one, back], present=2).allowed
    refused = may_show("member", STATION, "count", Instant(9), [given_one, back], present=2)
    assert (refused.allowed, refused.reason) == (False, "consent.missing")
    with pytest.raises(Refused, match=r"consent\.missing"):
        refused.require()
