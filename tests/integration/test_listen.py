# SPDX-License-Identifier: Apache-2.0
"""The listener for observers' telephones over real TLS: what it gives, what it takes, what it refuses and says so, and what a hostile room can do to the station."""

import http.client
import os
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kua.app import listen, listen_files
from kua.app.closing import closed_at
from kua.app.listen import Listener, certificate_of, place_of
from kua.app.local_certificate import fingerprint
from kua.core.digest import Digest
from kua.core.errors import Misused, Refused, Rejected
from kua.core.instant import Millis
from kua.flow.guests import APART, BETWEEN, KEYS
from kua.proof.base64 import from_base64
from kua.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from kua.proof.cosign import cosignatures
from kua.proof.keys import SigningKey, VerifierKey
from kua.proof.merkle import EMPTY_ROOT, consistency_roots
from kua.proof.note import parse_note
from kua.station.journal import Journal, leaves_of
from kua.witness.bounded import Bounds
from tests.rigs.box import STATION
from tests.rigs.listening import ORIGIN, Room, phone, room_of

PHONE = phone(1)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with room_of(tmp_path) as made:
        yield made


def observers(room: Room) -> list[tuple[str, int]]:
    """Key and size of every `observer` leaf."""
    return [(leaf["vkey"], int(leaf["note"].split("\n")[1])) for leaf in leaves_of(room.log) if leaf.type == "observer"]


# ------------------------------------------------------------------------------------------------------------- what it does


def test_a_cosignature_that_is_handed_over_stands_in_the_log_and_holds(room: Room) -> None:
    assert room.pair(PHONE).status == 200
    assert room.hand(PHONE).json["size"] == room.log.size
    size = room.log.size
    assert room.inbox.tick(room.journal, room.clock.monotonic())
    (leaf,) = [leaf for leaf in leaves_of(room.log) if leaf.type == "observer"]
    note = parse_note(leaf["note"].encode())
    (found,) = cosignatures(note, [VerifierKey.parse(leaf["vkey"])])
    assert (found.key, open_checkpoint(leaf["note"].encode(), room.key.verifier, ORIGIN).size) == (PHONE.cosigner, size)
    assert not list((room.box / "listen/inbox").iterdir()), "what was taken does not come again"


def test_the_steps_of_a_proof_have_their_first_node_written_out(room: Room) -> None:
    roots = {}
    while room.log.size < 40:
        roots[room.log.size] = room.log.root()
        room.grow()
    for earlier in (4, 7, 8, 31, 32):
        steps = [Digest(from_base64(step)) for step in room.ask("GET", f"/consistency?from={earlier}&to={room.log.size}").json["steps"]]
        old, new = consistency_roots(earlier, room.log.size, steps)
        assert new == room.log.root()
        assert old == roots.get(earlier, old)


def test_it_says_which_station_it_is_and_gives_the_newest_checkpoint(room: Room) -> None:
    said = room.ask("GET", "/about").json
    assert (said["station"], said["origin"], said["vkey"], said["closed"]) == (STATION, ORIGIN, str(room.key.verifier), False)
    room.grow()
    assert room.ask("GET", "/checkpoint").body == room.log.checkpoint()
    assert room.ask("GET", "/qr").json["note"].encode() == room.log.checkpoint()


def test_the_certificate_stays_the_same_and_its_key_is_for_the_owner_only(room: Room) -> None:
    path = room.box / "listen/tls.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    data = path.read_bytes()
    assert room.listener is not None
    room.listener.close()
    room.listener = Listener(room.box, "127.0.0.1", 0)
    assert path.read_bytes() == data
    assert fingerprint(data[data.index(b"-----BEGIN CERT") :]) == room.listener.told.fingerprint
    late = certificate_of(room.box, "127.0.0.1", time.time() + 3 * 86_400)
    assert late[1] not in data, "one that would end during the day is made anew"


# ------------------------------------------------------------------------------------------------------------------- opt in


def test_nothing_listens_unless_somebody_opens_it(tmp_path: Path) -> None:
    with room_of(tmp_path, listens=False) as room:
        told = subprocess.run(
            [sys.executable, "-m", "kua.cli.main", "station", "listen", "--box", str(room.box)], capture_output=True, text=True, check=False
        )
        assert (told.returncode, "listen.off" in told.stderr, told.stdout) == (64, True, "")
        assert listen_files.told(room.box) is None
        assert not (room.box / "listen/status.json").exists()


def test_the_agent_opens_no_socket_that_listens_and_names_no_server() -> None:
    source = Path(listen.__file__).with_name("agent.py").read_text() + Path(listen.__file__).with_name("listen_inbox.py").read_text()
    assert "app.listen import" not in source
    assert not [word for word in ("uvicorn", "socketserver", "create_server", "bounded") if word in source]


@pytest.mark.parametrize(
    "at",
    ["0.0.0.0:8443", "[::]:8443", "224.0.0.1:8443", "192.0.2.1", "station:8443", "192.0.2.1:99999", "192.0.2.300:1", "https://192.0.2.1:1"],
)
def test_it_is_opened_at_one_address_only(at: str) -> None:
    with pytest.raises(Misused) as error:
        place_of(at)
    assert error.value.code == "listen.address"


def test_a_second_listener_of_a_box_is_refused(room: Room) -> None:
    with listen_files.alone(room.box), pytest.raises(Refused) as error, listen_files.alone(room.box):
        pass
    assert error.value.code == "listen.runs"


# --------------------------------------------------------------------------------------------------------------- wrong input


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/consistency", b"", 400, "listen.sizes"),
        ("GET", "/consistency?from=0&to=3", b"", 400, "listen.sizes"),
        ("GET", "/consistency?from=03&to=4", b"", 400, "listen.sizes"),
        ("GET", "/consistency?from=1&to=99999999999999999", b"", 400, "listen.sizes"),
        ("GET", "/consistency?from=3&to=3", b"", 400, "listen.beyond"),
        ("GET", "/consistency?from=3&to=2", b"", 400, "listen.beyond"),
        ("GET", "/consistency?from=1&to=9999", b"", 400, "listen.beyond"),
        ("GET", "/kua.toml", b"", 404, "web.not_found"),
        ("GET", "/../keys/station.pem", b"", 404, "web.not_found"),
        ("GET", "/state/a", b"", 404, "web.not_found"),
        ("GET", "/look/a", b"", 404, "web.not_found"),
        ("POST", "/do/en/start", b"{}", 404, "web.not_found"),
        ("POST", "/pair", b"", 400, "up.body"),
        ("POST", "/pair", b"[]", 400, "up.body"),
        ("POST", "/pair", b'{"token": 7}', 400, "up.body"),
        ("POST", "/pair", b"[" * 4000, 400, "up.body"),
        ("POST", "/pair", b"\xff\xfe", 400, "up.body"),
        ("POST", "/pair", b"{}", 400, "key.form"),
        ("POST", "/cosign", b"{}", 400, "key.form"),
    ],
)
def test_wrong_input_is_refused_by_name(room: Room, method: str, path: str, body: bytes, status: int, code: str) -> None:
    reply = room.ask(method, path, body or None)
    assert (reply.status, reply.json["code"]) == (status, code)
    assert all(reply.json[part] for part in ("what", "why", "do"))


@pytest.mark.parametrize("name", ["up.js", "../../kua.toml", "%2e%2e/kua.toml", "zones.js", "hls.light-X.js", "", "fonts/../up.js"])
def test_only_the_files_of_its_own_page_are_served(room: Room, name: str) -> None:
    assert room.ask("GET", f"/static/{name}").status == 404
    assert room.ask("GET", "/static/site.css").status == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE"])
def test_no_other_method_is_taken(room: Room, method: str) -> None:
    assert room.ask(method, "/checkpoint").status in {400, 501}


@pytest.mark.parametrize(
    ("vkey", "code"),
    [
        (str(PHONE.verifier), "listen.key_name"),
        (str(phone(1).cosigner).replace("10-245", "10-246"), "key.id"),
        (str(SigningKey.from_seed("observer/10-246/00000001", bytes(32)).cosigner), "listen.key_name"),
        (str(SigningKey.from_seed("Somebody's-Name", bytes(32)).cosigner), "listen.key_name"),
        (str(SigningKey.from_seed(f"observer/{STATION}/Somebody", bytes(32)).cosigner), "listen.key_name"),
        ("x" * 4000, "key.form"),
    ],
)
def test_a_key_with_a_name_of_its_own_does_not_get_in(room: Room, vkey: str, code: str) -> None:
    reply = room.post("/pair", token=room.token(), vkey=vkey)
    assert (reply.status, reply.json["code"]) == (400, code)
    assert not listen_files.admitted(room.box)


def test_a_body_that_is_too_long_or_has_no_length_is_not_read(room: Room) -> None:
    assert room.ask("POST", "/cosign", b"x" * 5000).status == 413
    assert room.ask("POST", "/cosign", b"", {"Transfer-Encoding": "chunked"}).status == 411
    assert room.ask("POST", "/cosign", b"{}", {"Content-Length": "many"}).status == 400


@pytest.mark.parametrize(
    "headers", [{"Host": "kua.example"}, {"Host": "127.0.0.1"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
def test_a_foreign_name_that_leads_here_and_a_foreign_page_are_turned_away(room: Room, headers: dict[str, str]) -> None:
    assert room.ask("GET", "/about", headers=headers).status == 403


def test_a_code_lets_one_telephone_in_and_not_for_long(room: Room) -> None:
    token = room.token()
    assert room.post("/pair", token=token, vkey=str(PHONE.cosigner)).status == 200
    second = room.post("/pair", token=token, vkey=str(phone(2).cosigner))
    assert (second.status, second.json["code"]) == (401, "listen.token")
    assert room.post("/pair", token="", vkey=str(PHONE.cosigner)).status == 200, "one that is in stays in"
    listen_files.invite(room.box, room.clock.now())
    with pytest.raises(Rejected):
        listen_files.use(room.box, "x" * 16, room.clock.now())
    late = room.token()
    assert room.listener is not None
    with pytest.raises(Rejected):
        listen_files.use(room.box, late, time.time_ns() // 1_000_000 + listen_files.OPEN_FOR + 1)


def test_a_cosignature_is_taken_of_a_key_that_was_let_in_over_a_checkpoint_of_this_log(room: Room) -> None:
    stranger = room.hand(PHONE)
    assert (stranger.status, stranger.json["code"]) == (403, "listen.stranger")
    room.pair(PHONE)
    text = Checkpoint(ORIGIN, 2, EMPTY_ROOT).text()
    forged = sign_checkpoint(Checkpoint(ORIGIN, 2, EMPTY_ROOT), room.key)
    cases = {
        room.log.checkpoint().decode(): (403, "listen.signature"),
        room.cosigned(phone(2)): (403, "listen.signature"),
        room.cosigned(PHONE).replace(f"\n{room.log.size}\n", f"\n{room.log.size + 1}\n"): (400, "note.signature"),
        room.cosigned(PHONE, sign_checkpoint(Checkpoint(ORIGIN, 2, EMPTY_ROOT), phone(3))): (400, "note.unknown_signer"),
        room.cosigned(PHONE, sign_checkpoint(Checkpoint("other.kz/x/s/10-245", 2, EMPTY_ROOT), room.key)): (400, "checkpoint.origin"),
        room.cosigned(PHONE, forged): (409, "listen.other_checkpoint"),
        text: (400, "note.form"),
        room.cosigned(PHONE) + "\u2014 x AAAAAAAA\n" * 115: (403, "listen.signature"),
    }
    for note, told in cases.items():
        reply = room.hand(PHONE, note)
        assert (reply.status, reply.json["code"]) == told
    assert not (room.box / "listen/inbox").exists()


def test_after_the_close_the_cosignature_stays_on_the_telephone(room: Room) -> None:
    room.pair(PHONE)
    room.journal.close("ordered")
    assert closed_at(room.box) is not None
    reply = room.hand(PHONE)
    assert (reply.status, reply.json["code"], room.ask("GET", "/about").json["closed"]) == (409, "listen.closed", True)


# -------------------------------------------------------------------------------------------------------------- a hostile room


def test_the_log_does_not_grow_without_end_by_them(room: Room) -> None:
    for number in range(KEYS):
        assert room.pair(phone(number)).status == 200
    assert room.pair(phone(99)).json["code"] == "guests.full"
    before = room.log.size
    for _ in range(60):  # a minute in which twelve telephones sign whatever there is, without rest
        for number in range(KEYS):
            listen_files.post(room.box, str(phone(number).cosigner), room.cosigned(phone(number)).encode())
        room.clock.advance(Millis(1_000))
        room.inbox.tick(room.journal, room.clock.monotonic())
    assert room.log.size - before <= 60_000 // BETWEEN + 1
    counts = [vkey for vkey, _ in observers(room)]
    assert len(set(counts)) == len(counts), "nobody has a second turn before all had one"


def test_one_telephone_is_taken_once_a_minute(room: Room) -> None:
    room.pair(PHONE)
    assert room.hand(PHONE).status == 200
    assert room.hand(PHONE).json["code"] == "guests.not_newer"
    room.grow()
    reply = room.hand(PHONE)
    assert (reply.status, reply.json["code"]) == (429, "guests.too_soon")
    assert 0 < reply.json["facts"]["seconds"] <= APART // 1000


def test_keys_that_the_log_knows_count_after_a_restart_too(room: Room) -> None:
    for number in range(3):
        listen_files.post(room.box, str(phone(number).cosigner), room.cosigned(phone(number)).encode())
        room.clock.advance(BETWEEN)
        assert room.inbox.tick(room.journal, room.clock.monotonic())
    assert Journal(room.log, room.clock, "00c0ffee").observed == dict(observers(room))


def test_a_listener_that_was_taken_over_cannot_stop_the_agent_or_fill_the_log(room: Room) -> None:
    inbox = room.box / "listen/inbox"
    inbox.mkdir(parents=True)
    (inbox / "link.json").symlink_to(room.box / "keys")
    (inbox / "folder.json").mkdir()
    os.mkfifo(inbox / "pipe.json")
    (inbox / "long.json").write_bytes(b"x" * 100_000)
    (inbox / "deep.json").write_bytes(b"[" * 4_000)
    (inbox / "odd.json").write_bytes(b'{"v":1,"vkey":7,"note":"x"}')
    (inbox / "name.json").write_text(f'{{"v":1,"vkey":"{phone(1).verifier}","note":"x"}}')
    other = sign_checkpoint(Checkpoint(ORIGIN, room.log.size, EMPTY_ROOT), room.key)  # by the station's own key, and not a head of this log
    listen_files.post(room.box, str(phone(999).cosigner), room.cosigned(phone(999), other).encode())
    for number in range(200):
        listen_files.post(room.box, str(phone(number).cosigner), b"no note")
    before = room.log.size
    for _ in range(8):
        room.clock.advance(APART)
        room.inbox.tick(room.journal, room.clock.monotonic())
    assert room.log.size == before
    assert [path.name for path in inbox.iterdir()] == ["folder.json"]


def test_a_key_beyond_the_last_place_is_not_stated_whoever_let_it_in(room: Room) -> None:
    for number in range(KEYS + 3):
        listen_files.post(room.box, str(phone(number).cosigner), room.cosigned(phone(number)).encode())
    for _ in range(40):
        room.clock.advance(BETWEEN)
        room.inbox.tick(room.journal, room.clock.monotonic())
    assert len(observers(room)) == KEYS
    assert not list((room.box / "listen/inbox").iterdir()), "what can never be stated does not lie in the way"


def test_who_asks_too_often_is_told_so_and_others_are_not_kept_out(room: Room) -> None:
    statuses = [room.ask("GET", "/about").status for _ in range(listen.BURST + 8)]
    assert statuses[: listen.BURST // 2] == [200] * (listen.BURST // 2)
    assert 429 in statuses
    assert room.listener is not None
    assert room.listener.hall.may("192.0.2.77")
    assert not room.listener.hall.may("127.0.0.1")


def test_an_address_cannot_take_all_connections_and_whoever_dawdles_is_cut_off(tmp_path: Path) -> None:
    with room_of(tmp_path, bounds=Bounds(links=12, each=4, longest=4.0)) as room, ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", room.port), timeout=9)) for _ in range(12)
        ]  # never begin the handshake
        for link in slow[8:]:
            link.settimeout(2)
        assert [_ends(link) for link in slow[8:]] == [True] * 4, "four are served, four wait in line, and more are cut off at once"
        assert [_ends(link) for link in slow[:8]] == [True] * 8, "the others after the longest time"
        dripping = stack.enter_context(_tls(room))
        assert _drips_for(dripping) < 20, "whoever sends a request byte by byte, too"
        assert room.ask("GET", "/about").status == 200


def test_a_browser_that_opens_more_connections_than_it_may_is_served_to_the_last(tmp_path: Path) -> None:
    with room_of(tmp_path, bounds=Bounds(links=12, each=2, longest=20.0)) as room, ExitStack() as stack:
        held = [http.client.HTTPSConnection("127.0.0.1", room.port, timeout=9, context=_anybody()) for _ in range(4)]
        for link in held:
            stack.callback(link.close)
        for link in held[:2]:
            assert _about(link)[0] == 200
        assert _about(held[2]) == (200, None), "one that is only kept gives way to it, long before its time is over"
        assert _about(held[3]) == (200, None)
        held[0].close()  # a browser does this by itself when a kept connection has ended
        assert _about(held[0]) == (200, None)


def test_while_somebody_waits_no_connection_of_his_is_kept(tmp_path: Path) -> None:
    with room_of(tmp_path, bounds=Bounds(links=12, each=1, longest=20.0)) as room, ExitStack() as stack:
        first = stack.enter_context(_tls(room))
        first.sendall(b"GET /about HTTP/1.1\r\n")  # has begun, so it cannot be asked to give way
        results: list[tuple[int, str | None]] = []
        second = http.client.HTTPSConnection("127.0.0.1", room.port, timeout=9, context=_anybody())
        asking = threading.Thread(target=lambda: results.append(_about(second)))
        asking.start()
        assert room.listener is not None
        server = room.listener._server
        while not server.is_waited_for("127.0.0.1"):
            threading.Event().wait(0.02)
        assert not results
        first.sendall(f"Host: 127.0.0.1:{room.port}\r\n\r\n".encode())
        answer = b""
        while piece := first.recv(65_536):
            answer += piece
        assert b"\r\nConnection: close\r\n" in answer
        asking.join(9)
        second.close()
        assert results == [(200, None)]


def _about(link: http.client.HTTPSConnection) -> tuple[int, str | None]:
    link.request("GET", "/about")
    answer = link.getresponse()
    answer.read()
    return answer.status, answer.getheader("Connection")


def _anybody() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _ends(link: socket.socket) -> bool:
    try:
        return link.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def _drips_for(link: ssl.SSLSocket) -> float:
    """Send a request that never ends, one byte at a time; return after how many seconds the other side hung up, 20 if it did not."""
    began, pause = time.monotonic(), threading.Event()
    while time.monotonic() - began < 20:
        try:
            link.sendall(b"G")
        except OSError:
            break
        pause.wait(0.2)
    return time.monotonic() - began


def _tls(room: Room) -> ssl.SSLSocket:
    return _anybody().wrap_socket(socket.create_connection(("127.0.0.1", room.port), timeout=8))
