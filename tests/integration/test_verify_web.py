# SPDX-License-Identifier: Apache-2.0
"""Reading a published log over HTTP from a real server on the loopback: found, not found, packed, cut, too large, led away."""

import gzip
import http.server
import threading
from collections.abc import Iterator
from typing import ClassVar

import pytest

from kua.core.errors import Incomplete, Rejected, Unavailable
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.tiles import Edge
from kua.verify.log import audit_log
from kua.verify.reading import open_reader

KEY = SigningKey.from_seed("test.example/log", bytes(32))


class Shelf(http.server.BaseHTTPRequestHandler):
    """Serves `files`, and a few ill-behaved ones."""

    files: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        name = self.path.removeprefix("/log/")
        packed = name.startswith("tile/entries/")
        match name:
            case "cut":
                self._answer(200, b"half", {"Content-Length": "8"})
            case "bomb":
                self._answer(200, gzip.compress(bytes(1_000_000)), {"Content-Encoding": "gzip"})
            case "away":
                self._answer(302, b"", {"Location": "file:///etc/passwd"})
            case "moved":
                self._answer(302, b"", {"Location": "/log/checkpoint"})
            case "broken":
                self._answer(500, b"", {})
            case _ if name in self.files:
                data = self.files[name]
                self._answer(200, gzip.compress(data) if packed else data, {"Content-Encoding": "gzip"} if packed else {})
            case _:
                self._answer(404, b"", {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's own name
        """Say nothing: the tests speak."""


@pytest.fixture
def address() -> Iterator[str]:
    edge = Edge()
    Shelf.files = edge.append([b"entry %d" % number for number in range(300)])
    Shelf.files["checkpoint"] = sign_checkpoint(Checkpoint(KEY.name, 300, edge.root()), KEY)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/log"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_log_on_the_web_is_audited_like_one_on_disk(address: str) -> None:
    report = audit_log(open_reader(address), str(KEY.verifier))
    assert report.exit_code == 0, report.to_json()


def test_a_partial_tile_that_is_gone_from_the_web_is_read_from_the_full_one(address: str) -> None:
    edge = Edge()
    edge.append([b"entry %d" % number for number in range(17)])
    head = sign_checkpoint(Checkpoint(KEY.name, 17, edge.root()), KEY)
    assert audit_log(open_reader(address), str(KEY.verifier), checkpoint=head).exit_code == 0


def test_an_altered_and_an_absent_file_are_told_apart(address: str) -> None:
    del Shelf.files["tile/0/000"]
    assert audit_log(open_reader(address), str(KEY.verifier)).exit_code == 2
    Shelf.files["tile/0/001.p/44"] = bytes(44 * 32)
    assert audit_log(open_reader(address), str(KEY.verifier)).exit_code == 1


@pytest.mark.parametrize(
    ("name", "error", "code"),
    [
        ("nothing", Incomplete, "verify.missing"),
        ("broken", Unavailable, "verify.unreachable"),
        ("cut", Unavailable, "verify.unreachable"),
        ("away", Unavailable, "verify.unreachable"),
        ("bomb", Rejected, "verify.too_large"),
        ("checkpoint", Rejected, "verify.too_large"),
        ("../checkpoint", Rejected, "verify.name"),
    ],
)
def test_what_goes_wrong_on_the_way_has_a_code(address: str, name: str, error: type[Exception], code: str) -> None:
    with pytest.raises(error, match=code):
        open_reader(address).read(name, limit=50)


def test_a_redirect_on_the_web_is_followed(address: str) -> None:
    assert open_reader(address).read("moved") == Shelf.files["checkpoint"]


def test_a_server_that_is_not_there_means_that_nothing_could_be_checked(address: str) -> None:
    port = int(address.rpartition(":")[2].partition("/")[0])
    free = f"http://127.0.0.1:{port}/log".replace("127.0.0.1", "127.0.0.2")
    report = audit_log(open_reader(free), str(KEY.verifier))
    assert report.exit_code == 3
