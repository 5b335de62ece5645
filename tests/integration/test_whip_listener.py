# SPDX-License-Identifier: Apache-2.0
"""How a telephone is let in to film, over real TLS: one code for one telephone, inside the hours, bounded; and what the listener never sees."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from kua.adapters.clock import SystemClock
from kua.adapters.sources.whip import WhipSource, open_whip
from kua.app import listen_camera, listen_files
from kua.app.calibrate import calibrate
from kua.app.listen import Listener
from kua.app.listen_camera import camera_invitation
from kua.app.plugins import placed, socket_of
from kua.core.canonical import canonical
from kua.core.digest import sha256
from kua.core.errors import KuaError
from kua.core.instant import Instant, Millis
from kua.ports.source import Opening
from kua.proof.persons import sign_election
from tests.rigs.box import ELECTION, key
from tests.rigs.listening import Reply, Room, room_of
from tests.rigs.telephone import Telephone

pytestmark = pytest.mark.timeout(90)

MINE, OTHERS = "0123456789abcdef" * 2, "fedcba9876543210" * 2


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with room_of(tmp_path, source="whip:") as made:
        yield made


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as held:
        yield held


def telephone(stack: ExitStack) -> Telephone:
    made = Telephone()
    stack.callback(made.close)
    return made


def code(room: Room) -> str:
    """The token of a fresh QR code of camera a."""
    assert room.listener is not None
    address = camera_invitation(room.box, room.listener.told, "a", "en")
    assert address.startswith(f"https://127.0.0.1:{room.port}/en/camera#")
    return address.partition("#")[2].split(".")[0]


def ask(room: Room, method: str, path: str, bearer: str, body: bytes | None = None, secret: str = MINE) -> Reply:
    return room.ask(method, path, body, {"Authorization": f"Bearer {bearer}", "Kua-Secret": secret, "Content-Type": "application/sdp"})


@contextmanager
def recording(room: Room, *, learns: bool = False) -> Iterator[Callable[[], WhipSource]]:
    """Read camera a as `fetch` does, in a thread; give what waits for the source."""
    found: list[WhipSource] = []
    url = placed("whip:", room.box, "a", learns=learns)
    opening = Opening(SystemClock(), lambda _span: None, None, Millis(20_000))

    def read() -> None:
        with suppress(KuaError):
            found.append(open_whip(url, opening))

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    for _ in range(200):
        if socket_of(room.box, "a").exists():
            break
        threading.Event().wait(0.02)

    def source() -> WhipSource:
        reading.join(15)
        return found[0]

    yield source
    if found:
        found[0].close()


def handed(room: Room, bearer: str, replies: list[Reply], secret: str = MINE) -> Callable[[str], str]:
    def hand(sdp: str) -> str:
        reply = ask(room, "POST", "/whip/a", bearer, sdp.encode(), secret)
        replies.append(reply)
        assert reply.status == 201, reply.body
        return reply.body.decode()

    return hand


def test_a_telephone_with_the_code_films_and_is_known_again_by_its_own_secret(room: Room, stack: ExitStack) -> None:
    token, replies = code(room), list[Reply]()
    with recording(room) as source:
        phone = telephone(stack)
        phone.film(handed(room, token, replies))
        packet = source().read()
        assert packet is not None
        assert packet.key
        assert replies[0].headers["Content-Type"] == "application/sdp"
        assert not listen_files.is_invited(room.box, SystemClock().now(), "camera-a.json"), "the code is spent"
        assert ask(room, "GET", "/whip/a", token).json["code"] == "listen.token"
        state = ask(room, "GET", "/whip/a", MINE).json
        assert (state["ready"], state["reads"], state["width"], state["height"]) == (True, True, 320, 180)
        assert state["pictures"] > 0
        again = telephone(stack)
        again.film(handed(room, MINE, replies))
        assert replies[0].headers["Location"] != replies[1].headers["Location"]


def test_a_second_telephone_is_told_that_another_one_films(room: Room, stack: ExitStack) -> None:
    replies = list[Reply]()
    with recording(room) as source:
        telephone(stack).film(handed(room, code(room), replies))
        source()
        second = ask(room, "POST", "/whip/a", code(room), telephone(stack).offer().encode(), OTHERS)
        assert (second.status, second.json["code"]) == (409, "whip.busy")
        assert "Another telephone films" in second.json["what"]
        assert ask(room, "DELETE", replies[0].headers["Location"], MINE).status == 200
        telephone(stack).film(handed(room, code(room), replies, OTHERS))
        assert ask(room, "GET", "/whip/a", MINE).status == 401, "the first one is no longer known"


@pytest.mark.parametrize("bearer", ["", "x", "A" * 200, MINE])
def test_without_the_code_nobody_films_and_nobody_learns_anything(room: Room, stack: ExitStack, bearer: str) -> None:
    code(room)
    offer = telephone(stack).offer().encode()
    with recording(room):
        for method, path, body in (("POST", "/whip/a", offer), ("GET", "/whip/a", None), ("DELETE", "/whip/a/0123456789abcdef", None)):
            reply = ask(room, method, path, bearer, body)
            assert (reply.status, reply.json["code"]) == (401, "listen.token")


def test_a_code_that_is_ten_minutes_old_lets_nobody_in(room: Room, stack: ExitStack) -> None:
    old = listen_camera.invite(room.box, "a", Instant(SystemClock().now() - listen_files.OPEN_FOR - 1))
    assert ask(room, "POST", "/whip/a", old, telephone(stack).offer().encode()).json["code"] == "listen.token"


def test_what_is_too_long_or_no_offer_is_refused_by_name_and_spends_no_code(room: Room, stack: ExitStack) -> None:
    token = code(room)
    offer = telephone(stack).offer()
    with recording(room):
        assert room.ask("POST", "/whip/a", b"v=0", {"Authorization": f"Bearer {token}", "Content-Length": "20000"}).status == 413
        for body, status, name in (
            (b"", 400, "whip.form"), (b"v=0\r\n\xff", 400, "whip.form"), (b'{"sdp":1}', 400, "whip.form"),
            (offer.replace("m=video", "m=audio").encode(), 422, "whip.sound"), (offer.replace("VP8", "H266").encode(), 422, "whip.codec"),
        ):  # fmt: skip
            reply = ask(room, "POST", "/whip/a", token, body)
            assert (reply.status, reply.json["code"]) == (status, name), body[:40]
        assert listen_files.is_invited(room.box, SystemClock().now(), "camera-a.json")


def test_while_nothing_is_recorded_the_telephone_is_told_to_wait_and_keeps_its_code(room: Room, stack: ExitStack) -> None:
    token = code(room)
    assert ask(room, "GET", "/whip/a", token).json["ready"] is False
    reply = ask(room, "POST", "/whip/a", token, telephone(stack).offer().encode())
    assert (reply.status, reply.json["code"]) == (503, "whip.not_filming")
    assert listen_files.is_invited(room.box, SystemClock().now(), "camera-a.json")


def test_outside_the_hours_only_a_calibration_takes_a_telephone(tmp_path: Path, stack: ExitStack) -> None:
    with room_of(tmp_path, source="whip:", listens=False) as room:
        file = json.loads((room.box / "election/election.json").read_bytes())
        file["stations"][0]["windows"] = [{"phase": "voting", "from": 0, "to": 1000}]
        data = canonical(file)
        (room.box / "election/election.json").write_bytes(data)
        (room.box / "election/election.note").write_bytes(sign_election([key("commission")], ELECTION, 1, sha256(data)))
        room.listener = Listener(room.box, "127.0.0.1", 0)
        with recording(room):
            reply = ask(room, "POST", "/whip/a", code(room), telephone(stack).offer().encode())
            assert (reply.status, reply.json["code"]) == (403, "whip.outside")
    with room_of(tmp_path / "other", source="whip:", listens=False) as room:
        (room.box / "election/election.json").write_bytes(data)
        (room.box / "election/election.note").write_bytes(sign_election([key("commission")], ELECTION, 1, sha256(data)))
        room.listener = Listener(room.box, "127.0.0.1", 0)
        with recording(room, learns=True) as source:
            telephone(stack).film(handed(room, code(room), []))
            assert source().described.codec == "vp8"


def test_a_station_without_such_a_camera_has_none_of_this(tmp_path: Path) -> None:
    with room_of(tmp_path) as room:
        for method, path, status in (
            ("GET", "/en/camera", 404),
            ("GET", "/whip/a", 404),
            ("POST", "/whip/a", 404),
            ("DELETE", "/whip/a/0123456789abcdef", 501),
        ):
            assert ask(room, method, path, MINE, b"{}" if method == "POST" else None).status == status


def test_another_camera_and_another_address_are_not_there(room: Room) -> None:
    assert ask(room, "GET", "/whip/b", code(room)).json["code"] == "whip.no_camera"
    for path in ("/whip/", "/whip/a/x", "/whip/../a", "/whip/a?x=1"):
        assert ask(room, "GET", path, MINE).status == 404


def test_only_the_page_that_films_may_open_a_camera(room: Room) -> None:
    page, observers = room.ask("GET", "/kk/camera"), room.ask("GET", "/kk/")
    assert "camera=(self)" in page.headers["Permissions-Policy"]
    assert "camera=()" in observers.headers["Permissions-Policy"]
    assert page.headers["Content-Security-Policy"] == observers.headers["Content-Security-Policy"]


def test_the_empty_room_can_be_shown_before_there_is_a_log(room: Room) -> None:
    assert room.listener is not None
    room.listener.close()
    (room.box / "log").rename(room.box / "no-log")
    room.listener = Listener(room.box, "127.0.0.1", 0)
    assert room.ask("GET", "/en/camera").status == 200
    assert room.ask("GET", "/about").json["code"] == "listen.no_log"
    assert ask(room, "GET", "/whip/a", code(room)).status == 200


def test_a_telephone_shows_the_empty_room_and_the_calibration_is_learned_from_it(room: Room, stack: ExitStack) -> None:
    before = (room.box / "calibration/a.json").read_bytes()
    learned: list[Path] = []
    learning = threading.Thread(target=lambda: learned.append(calibrate(room.box, "a", "whip:", "none", 2)), daemon=True)
    learning.start()
    for _ in range(500):
        if socket_of(room.box, "a").exists():
            break
        threading.Event().wait(0.02)
    phone = Telephone(still=True)
    stack.callback(phone.close)
    phone.film(handed(room, code(room), []))
    learning.join(30)
    assert learned == [room.box / "calibration/a.json"]
    assert learned[0].read_bytes() != before
    assert not (room.box / "calibration/a.note").exists(), "another view needs two signatures anew"
    with recording(room) as source:  # the place is free for who records, though the process that learned lives on
        phone.film(handed(room, MINE, []))
        assert source().read() is not None


def test_the_listener_loads_nothing_that_could_read_a_picture(room: Room) -> None:
    script = "import sys, kua.app.listen; print([name for name in ('aiortc', 'aioice', 'av', 'cv2') if name in sys.modules])"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_the_command_prints_the_code_of_a_camera_and_knows_which_are_telephones(room: Room) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "kua.cli.main", "station", "listen", "--box", str(room.box), "--at", "127.0.0.1:0", "--camera", "b"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (told.returncode, "whip.no_camera" in told.stderr) == (64, True)
