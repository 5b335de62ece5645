# SPDX-License-Identifier: Apache-2.0
"""A site with a published tree beside it on a port of its own, and Chromium to look at it. What the tests of the player share."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import segno
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from kua.core.digest import sha256
from kua.core.instant import Instant
from kua.ports.index import CameraState, PublicDay, StationState
from kua.testing.index import PlainIndex
from tests.rigs.published_tree import CENTRE, ELECTION, STATION, Made
from kua.web.site.app import build_site

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip
_TYPES = {".m3u8": "application/vnd.apple.mpegurl", ".m4s": "video/iso.segment", ".mp4": "video/mp4", ".json": "application/json"}


@dataclass(slots=True)
class Rig:
    """The running site. `asked` are the paths that readers asked for, in order; `swapped` are answers that replace files of the tree."""

    url: str
    made: Made
    folder: Path
    asked: list[str] = field(default_factory=list)
    swapped: dict[str, bytes | None] = field(default_factory=dict)

    @property
    def film(self) -> list[str]:
        """What was asked for of the published tree."""
        return [path for path in self.asked if path.startswith("/t/")]

    def swap(self, name: str, data: bytes | None) -> None:
        """Answer with `data` (None: not found) for `name` below the election's folder."""
        self.swapped[f"/t/{ELECTION}/{name}"] = data

    def station(self, language: str = "en", query: str = "") -> str:
        """Return the URL of the station's page."""
        return f"{self.url}/{language}/s/{STATION}{query}"

    async def serve(self, request: Request) -> Response:
        """Answer for a file of the tree."""
        path = request.url.path
        file = self.folder / path.removeprefix("/t/")
        data = self.swapped[path] if path in self.swapped else file.read_bytes() if file.is_file() else None
        if data is None:
            return Response(status_code=404)
        return Response(data, media_type=_TYPES.get(file.suffix, "text/plain"), headers={"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"})


def index_of(made: Made, now: Instant) -> PlainIndex:
    """Return the public index of a tree, as a centre would give it at `now`."""
    day = made.day
    present = frozenset(sha256(data).hex() for name, data in made.files.items() if "/live/" not in name)
    lives = frozenset(sha256(data).hex() for name, data in made.files.items() if "/live/" in name)
    camera = CameraState("a", "room", made.end, made.end, hidden_now=False, withdrawn=False)
    state = StationState(STATION, "10", "recording", Instant(now - 2_000), made.end, made.end, False, False, (camera,), 0, 0)
    return PlainIndex(
        made.election, now, str(CENTRE.verifier), {STATION: state}, {(STATION, "a"): PublicDay(day, present, frozenset(), made.end, {}, lives)},
        {}, {STATION: made.certificate}, (made.nation_size, made.nation_root),
    )  # fmt: skip


@contextmanager
def serving(made: Made, folder: Path, now: Instant, site: ASGIApp | None = None) -> Iterator[Rig]:
    """Serve the tree in `folder` with the site (`site`, where it is another than the plain one) until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    rig = Rig(f"http://127.0.0.1:{listener.getsockname()[1]}", made, folder)
    inner = Starlette(routes=[Route("/t/{path:path}", rig.serve), Mount("/", site or build_site(index_of(made, now)))])

    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            rig.asked.append(scope["path"])
        await inner(scope, receive, send)

    server = uvicorn.Server(uvicorn.Config(noted, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield rig
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run Chromium until the block ends."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def seeing(browser: Browser, film: Path | None = None) -> Iterator[Browser]:
    """Run a second Chromium beside `browser`, with a camera that sees `film` (Y4M or MJPEG) again and again (None: a test card), and leave to use it."""
    sees = [] if film is None else [f"--use-file-for-fake-video-capture={film}"]
    args = [*ARGS, "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", *sees]
    seer = browser.browser_type.launch(executable_path=CHROMIUM, args=args)
    try:
        yield seer
    finally:
        seer.close()


def film_of_code(path: Path, text: str, width: int = 640, height: int = 480) -> Path:
    """Write ten pictures of a QR code on white paper as Y4M (4:2:0), for a camera that does not exist."""
    rows = [[1 - int(module) for module in row] for row in segno.make(text, error="m", micro=False).matrix]
    wide = (height - 80) // (len(rows) + 8)
    picture = np.full((height, width), 235, np.uint8)
    code = np.kron(np.array(rows, np.uint8) * 219 + 16, np.ones((wide, wide), np.uint8)).astype(np.uint8)
    top, left = (height - code.shape[0]) // 2, (width - code.shape[1]) // 2
    picture[top : top + code.shape[0], left : left + code.shape[1]] = code
    frame = b"FRAME\n" + picture.tobytes() + bytes([128]) * (width * height // 2)
    path.write_bytes(f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * 10)
    return path


def watch(page: Page) -> None:
    """Press *Watch*."""
    page.get_by_role("button", name="Watch").click()
