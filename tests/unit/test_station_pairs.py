# SPDX-License-Identifier: Apache-2.0
"""The two processes of a camera as the agent sees them: started together, ended together, started again with a wait, never after a done film."""

import queue
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from kua.app.agent import INBOX
from kua.app.pair import Command, News, Pair
from kua.app.settings import CameraSettings
from kua.core.instant import Millis
from kua.station.pipe import Beat, Done

CAMERA = CameraSettings(id="a", source="painted:1")
HEAD = "import sys, signal, time, os\nfrom kua.station.pipe import *\nout = os.fdopen(1, 'wb')\n"
NOW = Millis(1_000_000)


def command(hide: str, fetch: str = "sys.stdin.read()") -> Command:
    def made(role: str, _camera: CameraSettings) -> Sequence[str]:
        return [sys.executable, "-c", HEAD + (fetch if role == "fetch" else hide)]

    return made


def pair_of(hide: str, fetch: str = "pass") -> tuple[Pair, "queue.Queue[News]"]:
    inbox: queue.Queue[News] = queue.Queue(INBOX)
    return Pair(CAMERA, command(hide, fetch), inbox), inbox


def until_end(pair: Pair, inbox: "queue.Queue[News]") -> list[object]:
    said: list[object] = []
    while True:
        _, turn, message = inbox.get(timeout=30)
        assert pair.is_mine(turn)
        if message is None:
            return said
        said.append(message)


def test_what_hide_says_arrives_and_a_done_film_is_not_started_again() -> None:
    pair, inbox = pair_of("send(out, Beat(1, 2)); send(out, Done(9))")
    pair.start(NOW)
    assert until_end(pair, inbox) == [Beat(1, 2), Done(9)]
    pair.over(NOW, 0.5, done=True)
    pair.start(Millis(NOW + 10**9))
    assert pair.ended
    assert not pair.runs


def test_a_pair_that_died_is_started_again_after_a_wait_that_grows() -> None:
    pair, inbox = pair_of("sys.exit(70)")
    now, waits = NOW, []
    for _ in range(2):
        pair.start(now)
        until_end(pair, inbox)
        pair.over(now, 0.9, done=False)
        start = now
        while not pair.runs:
            now = Millis(now + 100)
            pair.start(now)
        waits.append(now - start)
        pair.kill()
        until_end(pair, inbox)
        pair.over(now, 0.0, done=False)
    assert pair.restarts == 4
    assert waits[0] < waits[1] <= 60_000


@pytest.mark.parametrize("nonsense", ["out.write(b'not a message at all')", "send(out, Beat(1, 2)); out.write(b'\\0\\0\\0\\7')"])
def test_a_torn_message_ends_the_pair_and_nothing_of_it_is_believed(nonsense: str) -> None:
    pair, inbox = pair_of(nonsense)
    pair.start(NOW)
    assert all(isinstance(message, Beat) for message in until_end(pair, inbox))
    pair.over(NOW, 0.5, done=False)
    assert pair.restarts == 1


def test_a_stop_lets_hide_hand_over_what_it_holds() -> None:
    hide = "sys.stdin.buffer.read(); send(out, Done(5))"
    pair, inbox = pair_of(hide, "signal.signal(signal.SIGTERM, lambda *a: sys.exit(0)); signal.pause()")
    pair.start(NOW)
    pair.stop(NOW)
    assert until_end(pair, inbox)[-1:] in ([Done(5)], [])
    pair.over(NOW, 0.5, done=True)
    assert not pair.ended
    assert pair.restarts == 0


def test_processes_that_do_not_stop_are_ended() -> None:
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: signal.pause()"
    pair, inbox = pair_of(stubborn, stubborn)
    pair.start(NOW)
    pair.stop(NOW)
    pair.stop(Millis(NOW + 31_000))
    assert until_end(pair, inbox) == []
    pair.over(NOW, 0.5, done=False)


def test_a_frozen_camera_is_opened_anew_but_not_again_and_again() -> None:
    pair, inbox = pair_of("sys.stdin.buffer.read(); sys.exit(3)", "signal.pause()")
    pair.start(NOW)
    pair.froze(NOW)
    until_end(pair, inbox)
    pair.over(NOW, 0.0, done=False)
    pair.start(NOW)
    pair.froze(Millis(NOW + 59_999))
    assert pair.runs
    pair.froze(Millis(NOW + 60_000))
    until_end(pair, inbox)
    pair.over(NOW, 0.0, done=False)
    assert pair.restarts == 2


def test_the_command_line_holds_no_address(tmp_path: Path) -> None:
    from kua.app.pair import camera_command

    line = camera_command(tmp_path)("fetch", CameraSettings(id="a", source="rtsp://user@192.0.2.7/1"))
    assert "192.0.2.7" not in " ".join(line)
