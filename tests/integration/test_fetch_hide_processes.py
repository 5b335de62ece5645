# SPDX-License-Identifier: Apache-2.0
"""The two processes of a camera as the agent starts them: real pipes, a real RTSP server, a signed box. Nothing sleeps; tests read until it has happened."""

import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kua.adapters.sources.painting import PaintedRoom
from kua.station.pipe import Beat, Counted, Covered, Done, Fault, Hole, Init, Message, Piece, messages
from tests.integration.test_sources_rtsp import WORD, serving
from tests.rigs.box import make_box
from tests.rigs.clips import write_clip
from tests.rigs.recording import decode
from tests.rigs.rooms import SEED, drawn_room

SIZE = (320, 180)


def command(role: str, box: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "kua.app.camera", role, "--box", str(box), "--camera", "a", *more]


class Pair:
    """`fetch | hide`, and what has come out so far."""

    def __init__(self, box: Path, *more: str, environment: dict[str, str] | None = None, keep: tuple[int, ...] = ()) -> None:
        env = os.environ | (environment or {})
        self.log = (box / "log.txt").open("w+")
        self.fetch = subprocess.Popen(command("fetch", box, *more), stdout=subprocess.PIPE, stderr=self.log, env=env)
        self.hide = subprocess.Popen(
            command("hide", box, *more), stdin=self.fetch.stdout, stdout=subprocess.PIPE, stderr=self.log, env=env, pass_fds=keep
        )
        assert self.fetch.stdout is not None
        assert self.hide.stdout is not None
        self.fetch.stdout.close()
        self.sent: list[Message] = []
        self._messages = messages(self.hide.stdout)

    def until(self, happened: Callable[[list[Message]], bool]) -> list[Message]:
        """Read until it has happened or nothing more comes."""
        for message in self._messages:
            if not isinstance(message, Beat):
                self.sent.append(message)
            if happened(self.sent):
                break
        return self.sent

    def of(self, kind: Any) -> list[Any]:
        return [message for message in self.sent if isinstance(message, kind)]

    def rest(self) -> list[Message]:
        return self.until(lambda _sent: False)

    def logged(self) -> list[dict[str, Any]]:
        self.log.flush()
        return [json.loads(line) for line in Path(self.log.name).read_text().splitlines()]

    def end(self) -> None:
        for process in (self.fetch, self.hide):
            process.kill()
            process.wait()
        if self.hide.stdout:
            self.hide.stdout.close()
        self.log.close()


@contextmanager
def running(*arguments: Any, **more: Any) -> Iterator[Pair]:
    pair = Pair(*arguments, **more)
    try:
        yield pair
    finally:
        pair.end()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    room = PaintedRoom(SEED, *SIZE)
    return write_clip(tmp_path_factory.mktemp("clip") / "room.mp4", [room.picture(600_000 + number * 100) for number in range(60)])


def test_a_camera_behind_a_login_is_recorded_lost_and_recorded_again(tmp_path: Path, clip: Path) -> None:
    rig = ("--film", str(clip), "--width", "320", "--height", "180", "--user", "admin", "--password", WORD)
    with serving(*rig) as port:
        box = make_box(tmp_path / "box", f"rtsp://admin@127.0.0.1:{port}/film", drawn_room(*SIZE))
        pair = Pair(box, environment={"KUA_CAMERA_A_PASSWORD": WORD})
        try:
            pair.until(lambda sent: sum(isinstance(message, Piece) for message in sent) >= 1)
            first = pair.of(Init)[0].run
        except BaseException:
            pair.end()
            raise
    try:  # the server is dead now
        pair.until(lambda sent: isinstance(sent[-1], Hole) and len([each for each in sent if isinstance(each, Hole)]) >= 2)
        with serving("--port", str(port), *rig):
            pair.until(lambda sent: isinstance(sent[-1], Piece) and sent[-1].run != first)
            pair.fetch.send_signal(signal.SIGTERM)
            pair.rest()
        assert (pair.fetch.wait(), pair.hide.wait()) == (0, 0)
        told = Path(pair.log.name).read_text()
    finally:
        pair.end()
    runs = [init.run for init in pair.of(Init)]
    assert len(set(runs)) == len(runs) >= 2
    ended = [piece for piece in pair.of(Piece) if piece.run == first][-1].t1
    lost = [hole for hole in pair.of(Hole) if hole.t0 >= ended]
    assert lost[0].t0 == ended
    assert lost[0].reason in {"camera_lost", "camera_silent"}
    assert isinstance(pair.sent[-1], Done)
    film = pair.of(Init)[0].payload + b"".join(piece.payload for piece in pair.of(Piece) if piece.run == first)
    assert any(yuv[:180].std() > 20 for _, yuv in decode(film))
    for secret in (WORD, "admin", "s%20e"):
        assert secret not in told


def test_a_wrong_password_is_told_as_a_refusal(tmp_path: Path, clip: Path) -> None:
    with serving("--film", str(clip), "--user", "admin", "--password", WORD) as port:
        box = make_box(tmp_path / "box", f"rtsp://admin@127.0.0.1:{port}/film", drawn_room(*SIZE))
        with running(box, environment={"KUA_CAMERA_A_PASSWORD": "not-it"}) as pair:
            pair.until(lambda sent: isinstance(sent[-1], Hole) if sent else False)
            assert [hole.reason for hole in pair.of(Hole)] == ["camera_refused"]
            pair.fetch.terminate()
            pair.rest()
            assert pair.hide.wait() == 0
            assert isinstance(pair.sent[-1], Done)
            assert "not-it" not in Path(pair.log.name).read_text()


def test_a_film_goes_through_fast_and_whole(tmp_path: Path, clip: Path) -> None:
    box = make_box(tmp_path / "box", f"file:{clip}?pace=fast&start=1800000000000", drawn_room(*SIZE))
    with running(box) as pair:
        pair.rest()
        assert (pair.fetch.wait(), pair.hide.wait()) == (0, 0)
    pieces = pair.of(Piece)
    assert sum(piece.frames for piece in pieces) == 60
    assert [(piece.t0, piece.t1) for piece in pieces] == [(1_800_000_000_000, 1_800_000_004_000), (1_800_000_004_000, 1_800_000_006_000)]
    assert not pair.of(Hole)
    assert {span.reason for span in pair.of(Covered)} == {"warming"}
    assert len(pair.of(Counted)) == 1
    assert not pair.of(Fault)


def test_a_painted_camera_shows_its_preview_and_stops_in_order(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box", "painted:5?w=320&h=180&start=600000", drawn_room(*SIZE))
    reads, writes = os.pipe()
    with running(box, "--preview-fd", str(writes), "--phase", "count", keep=(writes,)) as pair:
        os.close(writes)
        with os.fdopen(reads, "rb") as preview:
            raw, sent = (preview.read(struct.unpack(">I", preview.read(4))[0]) for _ in range(2))
        assert raw[:2] == sent[:2] == b"\xff\xd8"
        pair.fetch.terminate()
        pair.rest()
        assert (pair.fetch.wait(), pair.hide.wait()) == (0, 0)
    assert {piece.phase for piece in pair.of(Piece)} == {"count"}
    assert pair.of(Done)[0].t1 == pair.of(Piece)[-1].t1


def test_fetch_killed_tears_the_pipe_and_what_was_held_is_film(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box", "painted:5?w=320&h=180", drawn_room(*SIZE))
    with running(box) as pair:
        pair.until(lambda sent: any(isinstance(message, Init) for message in sent))
        pair.fetch.kill()
        pair.rest()
        assert pair.hide.wait() == 3
    assert pair.of(Piece)
    assert not pair.of(Done)
    assert pair.of(Hole)[-1].reason == "restart"


def failure(role: str, box: Path, *more: str) -> tuple[int, str]:
    done = subprocess.run(command(role, box, *more), stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert done.stdout == b"" or role == "fetch"
    return done.returncode, json.loads(done.stderr.splitlines()[-1])["code"]


def test_hide_refuses_to_start_without_a_signed_calibration(tmp_path: Path) -> None:
    unsigned = make_box(tmp_path / "unsigned", "painted:5?w=320&h=180", drawn_room(*SIZE), signed=False)
    assert failure("hide", unsigned) == (1, "calibration.unsigned")
    (unsigned / "calibration/a.json").unlink()
    assert failure("hide", unsigned) == (2, "calibration.missing")


def test_the_raw_slider_and_another_phase_are_for_demonstrations(tmp_path: Path) -> None:
    box = make_box(tmp_path / "box", "rtsp://127.0.0.1:9/x", drawn_room(*SIZE))
    assert failure("hide", box, "--preview-fd", "1") == (64, "camera.demo_only")
    assert failure("hide", box, "--phase", "count") == (64, "camera.demo_only")


@pytest.mark.parametrize("source", ["painted:5?w=320&h=180", "rtsp://127.0.0.1:9/x"])
@pytest.mark.parametrize("option", [("--preview-fd", "1"), ("--phase", "count"), ("--hold", "0")], ids=lambda option: option[0])
def test_in_a_real_election_no_word_on_the_command_line_lets_a_raw_picture_out(tmp_path: Path, source: str, option: tuple[str, str]) -> None:
    box = make_box(tmp_path / "box", "rtsp://127.0.0.1:9/x", drawn_room(*SIZE), kind="parliament")
    assert failure("hide", box, "--demo", "--source", source, *option) == (64, "camera.demo_only")


@pytest.mark.parametrize(("source", "result"), [("file:/no/such/film.mp4", (64, "source.no_file")), ("gopher://x/", (64, "source.scheme"))])
def test_fetch_ends_with_a_code_where_the_settings_are_wrong(tmp_path: Path, source: str, result: tuple[int, str]) -> None:
    assert failure("fetch", make_box(tmp_path / "box", source, drawn_room(*SIZE))) == result


def test_fetch_says_that_a_file_is_not_a_film(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_text("not a film at all" * 100)
    assert failure("fetch", make_box(tmp_path / "box", f"file:{tmp_path / 'x.mp4'}", drawn_room(*SIZE))) == (1, "source.not_video")
