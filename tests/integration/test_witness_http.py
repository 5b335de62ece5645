# SPDX-License-Identifier: Apache-2.0
"""The co-signer over HTTP: every status of the protocol, a race of 64, bounds, the page, and what it refuses to start on."""

import json
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from kua.app.witness import add_log, init, look
from kua.core.digest import Digest
from kua.core.errors import KuaError, Misused, Unavailable
from kua.proof.addcheckpoint import MAX_REQUEST, SIZE_TYPE, AddCheckpoint, read_size
from kua.proof.base64 import to_base64
from kua.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from kua.proof.cosign import cosign, cosigned_at
from kua.proof.fork import check_fork, read_fork
from kua.proof.keys import QuantumKey, SigningKey
from kua.proof.merkle import EMPTY_ROOT
from kua.proof.note import Note, add_signatures, parse_note, sign_note
from kua.proof.policy import judge, parse_policy
from kua.witness import server as doors
from kua.witness.book import Book
from kua.witness.cosigner import Cosigner
from kua.witness.server import Server
from tests.rigs.cosigner import FALSE, LOG, NOW, ORIGIN, TRUE, Box, get, held, post

Running = tuple[Box, Cosigner, Server]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    box = Box(tmp_path, quantum=True)
    with box.serve() as (cosigner, server):
        yield box, cosigner, server


def test_a_checkpoint_is_cosigned_by_both_keys_with_the_time(running: Running) -> None:
    box, _, server = running
    asked = TRUE.ask(0, 3)
    answer = post(server.port, asked)
    assert answer.status == 200
    assert held(answer, asked, box.vkeys) == Checkpoint(ORIGIN, 3, TRUE.root(3))
    note = parse_note(TRUE.note(3) + answer.body)
    assert [cosigned_at(note, key) for key in box.vkeys] == [NOW // 1000] * 2


def test_what_is_asked_again_is_signed_again(running: Running) -> None:
    _, cosigner, server = running
    for _ in range(2):
        assert post(server.port, TRUE.ask(0, 0)).status == 200
    assert post(server.port, TRUE.ask(0, 9)).status == 200
    assert post(server.port, TRUE.ask(9, 9)).status == 200
    log = cosigner.book.log(ORIGIN)
    assert log is not None
    assert (log.size, log.count) == (9, 4)


STRANGER = SigningKey.from_seed(ORIGIN, bytes([9]) * 32)


def signed(text: str, key: SigningKey = LOG) -> bytes:
    return sign_note(text, [key])


TEXT = Checkpoint(ORIGIN, 12, TRUE.root(12)).text()
PROOF = TRUE.proof(7, 12)
LINES = "".join(f"{to_base64(step)}\n" for step in PROOF)


def body(head: str, note: bytes) -> bytes:
    return f"{head}\n".encode() + note


@pytest.mark.parametrize(
    ("status", "asked"),
    {
        "good": (200, body(f"old 7\n{LINES}", signed(TEXT))),
        "good, with lines of others": (200, body(f"old 7\n{LINES}", add_signatures(signed(TEXT), [cosign(TEXT, STRANGER, 1)]))),
        "unknown log": (404, body("old 0\n", signed(Checkpoint("other.example/log", 3, TRUE.root(3)).text()))),
        "no key of the log": (403, body(f"old 7\n{LINES}", signed(TEXT, STRANGER))),
        "a known key's line that does not hold": (403, body(f"old 7\n{LINES}", signed(TEXT).replace(b"\n12\n", b"\n13\n"))),
        "old above the size": (400, body(f"old 13\n{LINES}", signed(TEXT))),
        "another old size": (409, body("old 0\n", signed(TEXT))),
        "a proof where there is nothing to prove": (409, body(f"old 0\n{LINES}", signed(TEXT))),
        "no proof": (422, body("old 7\n", signed(TEXT))),
        "a hash too many": (422, body(f"old 7\n{LINES}{to_base64(PROOF[0])}\n", signed(TEXT))),
        "a wrong hash": (422, body(f"old 7\n{to_base64(bytes(32))}\n" + LINES.partition("\n")[2], signed(TEXT))),
        "same size, another root": (422, FALSE.ask(7, 7)),
        "same size, a proof": (422, body(f"old 7\n{LINES}", TRUE.note(7))),
        "another history": (422, FALSE.ask(7, 12)),
        "empty": (400, b""),
        "no old line": (400, body("\n", signed(TEXT))),
        "old with a leading zero": (400, body(f"old 07\n{LINES}", signed(TEXT))),
        "old with a plus": (400, body(f"old +7\n{LINES}", signed(TEXT))),
        "two spaces": (400, body(f"old  7\n{LINES}", signed(TEXT))),
        "old beyond 63 bits": (400, body(f"old {2**63}\n{LINES}", signed(TEXT))),
        "an endless number": (400, body("old " + "9" * 5000 + f"\n{LINES}", signed(TEXT))),
        "carriage returns": (400, body(f"old 7\r\n{LINES}", signed(TEXT))),
        "a hash of 31 bytes": (400, body(f"old 7\n{to_base64(bytes(31))}\n", signed(TEXT))),
        "base64 without padding": (400, body(f"old 7\n{LINES.replace('=', '')}", signed(TEXT))),
        "64 hashes": (400, body("old 7\n" + LINES[:45] * 64, signed(TEXT))),
        "no empty line": (400, f"old 7\n{LINES}".encode() + signed(TEXT).replace(b"\n\n", b"\n")),
        "no signature": (400, body(f"old 7\n{LINES}", TEXT.encode() + b"\n")),
        "not UTF-8": (400, body(f"old 7\n{LINES}", b"\xff" + signed(TEXT))),
        "a size with a leading zero": (400, body(f"old 7\n{LINES}", signed(TEXT.replace("\n12\n", "\n012\n")))),
        "a short root": (400, body(f"old 7\n{LINES}", signed(f"{ORIGIN}\n12\n{to_base64(bytes(31))}\n"))),
    }.values(),
    ids=lambda value: str(value) if isinstance(value, int) else "",
)  # fmt: skip
def test_each_request_has_the_status_that_the_protocol_gives_it(running: Running, status: int, asked: bytes) -> None:
    _, cosigner, server = running
    assert post(server.port, TRUE.ask(0, 7)).status == 200
    answer = post(server.port, asked)
    assert answer.status == status, answer.body
    if status == 409:
        assert (answer.kind, answer.body, read_size(answer.body)) == (SIZE_TYPE, b"7\n", 7)
    log = cosigner.book.log(ORIGIN)
    assert log is not None
    assert log.size == (12 if status == 200 else 7)


def test_an_empty_log_has_one_root_only(running: Running) -> None:
    wrong = AddCheckpoint(0, (), signed(Checkpoint(ORIGIN, 0, TRUE.root(1)).text())).to_bytes()
    assert post(running[2].port, wrong).status == 422
    assert TRUE.root(0) == EMPTY_ROOT
    assert post(running[2].port, TRUE.ask(0, 0)).status == 200


def test_from_nothing_a_proof_must_be_empty(running: Running) -> None:
    assert post(running[2].port, AddCheckpoint(0, PROOF, TRUE.note(12)).to_bytes()).status == 422


def test_lines_that_no_key_of_the_log_covers_are_not_cosigned(tmp_path: Path) -> None:
    box = Box(tmp_path)
    key = QuantumKey.from_seed("quantum.example/log", bytes(32))
    add_log(box.folder, key.name, [key.cosigner])
    plain = Checkpoint(key.name, 3, TRUE.root(3)).text()
    with box.run() as cosigner:
        for text, status in ((plain + "extension\n", 403), (plain, 200)):
            note = Note(text, (cosign(text, key, 0),)).to_bytes()
            assert cosigner.add(AddCheckpoint(0, (), note).to_bytes()).status == status


def test_sixty_four_who_ask_at_once_never_get_two_histories_signed(tmp_path: Path) -> None:
    """Each thread asks for one of two histories from what it believes is known, and follows the size it is told, as a log does."""
    box = Box(tmp_path)
    signed_heads: list[Checkpoint] = []
    answers: list[int] = []
    guard, start = threading.Lock(), threading.Barrier(64)

    def ask(number: int, port: int) -> None:
        chance = random.Random(number)
        story, old = (TRUE, FALSE)[number % 2], 0
        start.wait()
        for _ in range(8):
            size = min(199, old + chance.randrange(1, 12))
            asked = story.ask(old, size)
            answer = post(port, asked)
            with guard:
                answers.append(answer.status)
                if answer.status == 200:
                    signed_heads.append(held(answer, asked, box.vkeys))
            if answer.status == 200:
                old = size
            elif answer.status == 409:
                old = read_size(answer.body)

    with box.serve() as (cosigner, server):
        threads = [threading.Thread(target=ask, args=(number, server.port)) for number in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        log = cosigner.book.log(ORIGIN)
    assert log is not None
    assert len(answers) == 512
    assert set(answers) <= {200, 409, 422}
    assert log.count == len(signed_heads) > 0
    stories = [story.word for story in (TRUE, FALSE) if all(head.root == story.root(head.size) for head in signed_heads)]
    assert stories, "two histories were co-signed"
    roots: dict[int, Digest] = {}
    for head in signed_heads:
        assert roots.setdefault(head.size, head.root) == head.root


def test_two_contradictory_checkpoints_are_kept_as_a_file_that_proves_it(running: Running) -> None:
    _, _, server = running
    assert post(server.port, TRUE.ask(0, 7)).status == 200
    assert post(server.port, TRUE.ask(7, 11)).status == 200
    for asked, status in ((FALSE.ask(11, 11), 422), (FALSE.ask(11, 20), 422), (FALSE.ask(0, 7), 409)):
        assert post(server.port, asked).status == status
    names = [refusal.file for refusal in running[1].book.refusals(10)]
    assert len(set(names)) == 3
    for name in names:
        status, data, _ = get(server.port, f"/evidence/{name}")
        assert status == 200
        shown = check_fork(read_fork(data), [LOG.verifier])
        assert shown.origin == ORIGIN
    page = get(server.port, "/?lang=en")[1].decode()
    assert "A log has contradicted itself: " + ORIGIN in page
    assert names[0] in page


def test_the_monitoring_door_shows_what_was_cosigned_last(running: Running) -> None:
    box, _, server = running
    path = f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    assert get(server.port, path)[0] == 404
    stray = cosign(parse_note(TRUE.note(7)).text, STRANGER, 1)
    asked = AddCheckpoint(0, (), add_signatures(TRUE.note(7), [stray]))
    assert post(server.port, asked.to_bytes()).status == 200
    status, note, _ = get(server.port, path)
    assert status == 200
    assert open_checkpoint(note, LOG.verifier, ORIGIN).size == 7
    assert [line.name for line in parse_note(note).signatures] == [ORIGIN, *[key.name for key in box.vkeys]]
    for wrong in ("/" + "0" * 64 + "/checkpoint", f"/{ORIGIN}/checkpoint", "/evidence/../book.db", "/evidence/%2e%2e/book.db", "/book.db"):
        assert get(server.port, wrong)[0] == 404


def test_the_lines_that_init_prints_make_a_policy_in_which_one_party_counts_once(running: Running) -> None:
    from kua.witness.page import policy_lines

    box, _, server = running
    lines = policy_lines(box.vkeys, "https://party.example/witness")
    policy = parse_policy("\n".join([*lines, f"quorum {box.vkeys[0].name}", ""]).encode())
    answer = post(server.port, TRUE.ask(0, 7))
    verdict = judge(policy, TRUE.note(7) + answer.body, [LOG.verifier], ORIGIN)
    assert verdict.quorum
    assert len(verdict.seen) == 2


# ---- bounds ----------------------------------------------------------------------------------------------------------


def raw(port: int, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as link:
        link.sendall(data)
        link.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := link.recv(65_536):
            answer += piece
    return answer


@pytest.mark.parametrize(
    ("wanted", "data"),
    [
        (b"413", b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (MAX_REQUEST + 1)),
        (b"400", b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        (b"400", b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n"),
        (b"411", b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (b"411", b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\n\r\n"),
        (b"411", b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        (b"404", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
        (b"501", b"PUT /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
        (b"414", b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n"),
        (b"431", b"GET / HTTP/1.1\r\n" + b"".join(b"a%d: b\r\n" % n for n in range(200)) + b"\r\n"),
        (b"431", b"GET / HTTP/1.1\r\na: " + b"b" * 70_000 + b"\r\n\r\n"),
        (b"400", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 nothing of http\r\n\r\n"),
    ],
)  # fmt: skip
def test_what_is_too_much_or_no_http_gets_a_status_and_no_thread_for_ever(running: Running, wanted: bytes, data: bytes) -> None:
    port = running[2].port
    answer = raw(port, data)
    assert wanted in answer[:80], answer[:200]
    assert get(port, "/")[0] == 200


def test_a_body_that_is_cut_off_changes_nothing(running: Running) -> None:
    _, cosigner, server = running
    asked = TRUE.ask(0, 7)
    raw(server.port, b"POST /add-checkpoint HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(asked) + asked[:-1])
    log = cosigner.book.log(ORIGIN)
    assert log is not None
    assert log.head is None


def test_connections_are_kept_and_bounded_and_the_slow_are_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doors, "MAX_LINKS", 8)
    monkeypatch.setattr(doors, "LONGEST", 0.6)
    with Box(tmp_path).serve() as (_, server):
        slow = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(8)]
        for link in slow:
            link.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Le")
        deadline = time.monotonic() + 20
        refused = b""
        while not refused.startswith(b"HTTP/1.1 503"):
            assert time.monotonic() < deadline
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as link:
                refused = link.recv(100)
        for link in slow:
            while link.recv(1000):
                pass
            link.close()
        while (answer := post(server.port, TRUE.ask(0, 3))).status == 503:  # a place is given back just after its line is closed
            assert time.monotonic() < deadline
        assert answer.status == 200


def test_random_bytes_never_break_it(running: Running) -> None:
    _, cosigner, _ = running
    chance = random.Random(7)
    good = TRUE.ask(0, 7)
    for _ in range(3000):
        data = bytearray(good)
        for _ in range(chance.randrange(1, 4)):
            place = chance.randrange(len(data))
            data[place : place + chance.randrange(3)] = bytes(chance.randrange(256) for _ in range(chance.randrange(3)))
        answer = cosigner.add(bytes(data))
        assert answer.status in {200, 400, 403, 404, 409, 422}
        if answer.status == 200:
            assert held(answer, bytes(data), running[0].vkeys).root == TRUE.root(7)


# ---- what it does not start on ---------------------------------------------------------------------------------------


def refuses(box: Box, code: str) -> None:
    with pytest.raises(KuaError) as refusal, box.run():
        pass
    assert refusal.value.code == code


def test_an_advance_from_a_head_that_is_not_the_books_is_refused(tmp_path: Path) -> None:
    """Whoever looked before somebody else advanced must not overwrite him, whatever locks there are above the book."""
    box = Box(tmp_path)
    with box.run() as cosigner:
        assert cosigner.add(TRUE.ask(0, 7)).status == 200
        seen = cosigner.book.log(ORIGIN)
        assert seen is not None
        assert seen.head is not None
        assert cosigner.add(TRUE.ask(7, 9)).status == 200
        stale = seen.head
        assert cosigner.book.advance(ORIGIN, stale, stale) is None
        assert cosigner.book.advance(ORIGIN, None, stale) is None
        now = cosigner.book.log(ORIGIN)
        assert now is not None
        assert now.size == 9


def test_an_old_book_put_back_refuses(tmp_path: Path) -> None:
    box = Box(tmp_path)
    with box.run() as cosigner:
        assert cosigner.add(TRUE.ask(0, 3)).status == 200
    shutil.copytree(box.folder, tmp_path / "backup")
    with box.run() as cosigner:
        assert cosigner.add(TRUE.ask(3, 9)).status == 200
    shutil.rmtree(box.folder)
    shutil.copytree(tmp_path / "backup", box.folder)
    refuses(box, "witness.rolled_back")


def test_a_lost_book_a_lost_mark_and_a_foreign_book_refuse(tmp_path: Path) -> None:
    box, other = Box(tmp_path / "one"), Box(tmp_path / "two")
    (box.folder / "book.db").rename(tmp_path / "kept")
    refuses(box, "witness.lost")
    assert not (box.folder / "book.db").exists()
    shutil.copy(other.folder / "book.db", box.folder / "book.db")
    refuses(box, "witness.other_book")
    (tmp_path / "kept").replace(box.folder / "book.db")
    mark = next(box.mark.iterdir())
    text = mark.read_text("utf-8")
    for broken in ("", text.replace("0\n", "x\n"), text.replace("party", "other")):
        mark.write_text(broken, "utf-8")
        refuses(box, "witness.no_mark")
    mark.unlink()
    refuses(box, "witness.no_mark")


def test_a_whole_machine_put_back_is_noticed_by_its_own_later_signature(tmp_path: Path) -> None:
    """Folder and mark are old together, as after a snapshot: the log's checkpoint still bears what was signed since."""
    box = Box(tmp_path)
    with box.run() as cosigner:
        assert cosigner.add(TRUE.ask(0, 3)).status == 200
    shutil.copytree(tmp_path, tmp_path.parent / "snapshot")
    with box.run() as cosigner:
        later = cosigner.add(TRUE.ask(3, 9)).body
    shutil.rmtree(box.folder)
    shutil.rmtree(box.mark)
    shutil.copytree(tmp_path.parent / "snapshot", tmp_path, dirs_exist_ok=True)
    with box.run() as cosigner:
        shown = AddCheckpoint(3, TRUE.proof(3, 9), TRUE.note(9) + later).to_bytes()
        assert cosigner.add(shown).status == 503
        assert cosigner.add(TRUE.ask(3, 4)).status == 503
    refuses(box, "witness.halted")


def test_only_one_process_signs_from_a_folder(tmp_path: Path) -> None:
    box = Box(tmp_path)
    with box.run():
        refuses(box, "witness.locked")


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    box = Box(tmp_path)
    before = (box.folder / "keys/ed25519.key").read_bytes()
    with pytest.raises(Misused) as refusal:
        init(box.folder, "party.example/witness", mark=tmp_path / "other")
    assert refusal.value.code == "witness.exists"
    assert (box.folder / "keys/ed25519.key").read_bytes() == before
    assert (box.folder / "keys/ed25519.key").stat().st_mode & 0o077 == 0
    with pytest.raises(Misused) as refusal:
        init(tmp_path / "new", "party.example/witness", mark=tmp_path / "new" / "mark")
    assert refusal.value.code == "witness.mark_inside"


def test_a_disk_that_would_not_hold_a_commit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite stays in another journal mode without a word when a sync fails at the right moment; so it is asked what it does."""
    box = Box(tmp_path)

    class Silent(sqlite3.Connection):
        def execute(self, sql: str, *given: object) -> sqlite3.Cursor:
            return super().execute("PRAGMA journal_mode=DELETE" if sql == "PRAGMA journal_mode=WAL" else sql, *given)  # type: ignore[arg-type]

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **named: connect(*given, **named, factory=Silent))
    with pytest.raises(Unavailable) as refusal:
        Book.open(box.folder, box.vkeys)
    assert refusal.value.code == "witness.disk"


def test_a_clock_that_goes_far_back_stops_it_and_one_that_goes_a_little_back_does_not(tmp_path: Path) -> None:
    box = Box(tmp_path)
    with box.run() as cosigner:
        assert cosigner.add(TRUE.ask(0, 3)).status == 200
        box.clock.step(-30_000)
        body_ = cosigner.add(TRUE.ask(3, 4)).body
        assert cosigned_at(parse_note(TRUE.note(4) + body_), box.vkeys[0]) == NOW // 1000
        box.clock.step(-3_600_000)
        assert cosigner.add(TRUE.ask(4, 5)).status == 503


# ---- as a person runs it ---------------------------------------------------------------------------------------------


def test_the_program_makes_runs_and_shows_a_cosigner(tmp_path: Path) -> None:
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "KUA_LANG": "en"}

    def kua(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "kua.cli.main", "witness", *arguments], capture_output=True, text=True, env=environment, check=False
        )

    folder = str(tmp_path / "w")
    made = kua("init", folder, "--name", "party.example/w", "--url", "https://party.example/w")
    assert made.returncode == 0, made.stderr
    parse_policy((made.stdout + "quorum party.example/w\n").encode())
    assert kua("init", folder, "--name", "party.example/w").returncode == 64
    misnamed = kua("init", str(tmp_path / "other"), "--name", "a bad name")
    assert (misnamed.returncode, (tmp_path / "other").exists()) == (64, False)
    assert kua("add-log", folder, "--vkey", str(LOG.verifier)).returncode == 0
    with subprocess.Popen(
        [sys.executable, "-m", "kua.cli.main", "witness", "run", folder, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().decode().strip().rstrip("/").rpartition(":")[2])
        assert post(port, TRUE.ask(0, 7)).status == 200
        assert post(port, FALSE.ask(7, 7)).status == 422
        assert b"party.example/w" in get(port, "/")[1]
        process.terminate()
        assert process.wait(20) == 0
    told = kua("status", folder, "--json")
    assert told.returncode == 1
    said = json.loads(told.stdout)
    assert (said["logs"][0]["size"], said["refused"][0]["code"]) == (7, "witness.fork")
    shown = kua("status", folder).stdout
    assert max(map(len, shown.splitlines())) < 200, "a key of 1,800 letters is nothing to read"
    _, _, book = look(tmp_path / "w")
    assert book.generation == 1
    book.close()


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_the_page_speaks_the_readers_language_and_needs_no_script(running: Running, language: str) -> None:
    _, _, server = running
    post(server.port, TRUE.ask(0, 7))
    status, data, headers = get(server.port, "/", {"Accept-Language": f"{language}-KZ,{language};q=0.9"})
    text = data.decode()
    assert status == 200
    assert f'<html lang="{language}">' in text
    assert "<script" not in text
    assert " style=" not in text
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert ORIGIN in text


def test_what_a_stranger_sends_stands_on_the_page_as_text(running: Running) -> None:
    _, _, server = running
    text = Checkpoint("<script>alert(1)</script>", 3, TRUE.root(3)).text()
    assert post(server.port, AddCheckpoint(0, (), sign_note(text, [STRANGER])).to_bytes()).status == 404
    assert sign_checkpoint(Checkpoint("x", 1, TRUE.root(1)), LOG)
    page = get(server.port, "/?lang=en")[1].decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>" not in page




def test_it_needs_the_base_install_and_nothing_else(tmp_path: Path) -> None:
    """Every library of the extras is hidden from it, as on the laptop of a party that has installed `kua` alone."""
    extras = "av httpx numpy cv2 pydantic_settings structlog babel jinja2 segno starlette uvicorn fastapi sqlalchemy onnxruntime mujoco"
    hide = f"import sys; sys.modules.update(dict.fromkeys({extras.split()!r}))\n"
    run = "from kua.cli.main import run; import sys; sys.exit(run(sys.argv[1:]))"
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}
    for words in (["init", str(tmp_path / "w"), "--name", "party.example/w"], ["status", str(tmp_path / "w")], ["run", "--help"]):
        done = subprocess.run([sys.executable, "-c", hide + run, "witness", *words], capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stderr
    serve = hide + "import kua.witness.server, kua.app.witness"
    assert subprocess.run([sys.executable, "-c", serve], capture_output=True, env=environment, check=False).returncode == 0
