# SPDX-License-Identifier: Apache-2.0
"""`kua demo` for people: the same country as in the headless story, with its pages open until Ctrl-C.

On the way a line is cut and mended, and one stored byte is altered in the published tree, so that the page and `kua film verify` catch it.
"""

import os
import socket
import sys
import threading
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import Final

import uvicorn

from kua.app.camera_rig import camera_of
from kua.app.demo import Altered, Demo, Tell, choose, copy_still, spoil
from kua.app.preview import Pairs
from kua.app.town import ELECTION, Town
from kua.proof.keys import VerifierKey
from kua.verify.film import Trust, verify_film
from kua.web.panel.slider import build_slider

CUT_AT: Final = 20.0
MEND_AT: Final = 45.0
ALTER_AT: Final = 60.0
TICK: Final = 0.5


def show(seed: int, keep: Path | None, tell: Tell, clip: Path | None = None) -> None:
    """Run until Ctrl-C; then stop everything, and leave the published tree in `keep` if that was asked for.

    `clip`: a film that one more station sees through a real RTSP server.
    """
    with camera_of(clip) as guests:
        demo = Demo(seed, tell, keep, guests)
        with demo.country() as town:
            _run(demo, town)


def _run(demo: Demo, town: Town) -> None:
    pairs = _start(demo, town)
    slider = _serve_slider(town, pairs)
    _invite(demo, town, slider)
    with suppress(KeyboardInterrupt):
        _tell_the_story(demo, town)
    if demo.keep is not None:
        kept = demo.keep / "published" / ELECTION
        copy_still(town.published, kept)
        demo.tell("demo.kept", folder=str(kept))


def _start(demo: Demo, town: Town) -> dict[str, Pairs]:
    (town.folder / "pairs").mkdir()
    pairs = {}
    for place in town.places:
        pipe = town.folder / "pairs" / place.id
        pairs[place.id] = Pairs(pipe)
        command = [sys.executable, "-m", "kua.app.preview", "agent", str(town.box(place.id)), str(pipe)]
        town.start_station(place.id, command=command)
        demo.tell("demo.started", station=place.id)
    return pairs


def _serve_slider(town: Town, pairs: dict[str, Pairs]) -> str:
    app = build_slider(
        lambda station: pairs[station].newest() if station in pairs else None,
        tuple(pairs),
        lambda language, station: f"{town.centre_url}/{language}/s/{station}",
    )
    door = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    # A signal is for the story, which then ends everything: the server in its thread must not take it.
    threading.Thread(target=server.run, kwargs={"sockets": [door]}, name="slider", daemon=True).start()
    return f"http://127.0.0.1:{door.getsockname()[1]}"


def _invite(demo: Demo, town: Town, slider: str) -> None:
    demo.tell("demo.open_site", url=f"{town.centre_url}/")
    demo.tell("demo.open_slider", url=f"{slider}/")
    if os.environ.get("SSH_CONNECTION"):
        ports = [url.rpartition(":")[2] for url in (town.centre_url, slider)]
        demo.tell("demo.tunnel", line="ssh " + " ".join(f"-L {port}:127.0.0.1:{port}" for port in ports) + " HOST")
    elif os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin":
        webbrowser.open(f"{town.centre_url}/")


def _tell_the_story(demo: Demo, town: Town) -> None:
    cut = mended = False
    altered: Altered | None = None
    seen = False
    while True:
        demo.pause(TICK)
        now = demo.elapsed()
        if not seen and all(demo.films_of(place.id) for place in town.places):
            seen = True
            demo.tell("demo.first_film", seconds=round(now))
        if demo.link is not None and not cut and now > CUT_AT:
            cut = True
            demo.link.cut()
            demo.tell("demo.cut", station=demo.cut_station)
        if demo.link is not None and not mended and now > MEND_AT:
            mended = True
            demo.link.mend()
            demo.tell("demo.mended", station=demo.cut_station)
        if altered is None and seen and mended and now > ALTER_AT:
            altered = choose(demo)[0]
            _alter(demo, town, altered)


def _alter(demo: Demo, town: Town, altered: Altered) -> None:
    """Turn one bit of a stored segment, say where, and let the verifier look."""
    path, _ = spoil(town.published, altered)
    station = path.relative_to(town.published).parts[1]
    demo.tell("demo.altered", name=altered.name, url=f"{town.centre_url}/en/s/{station}")
    trust = Trust((VerifierKey.parse(town.election().commission[0]),))
    report = verify_film(str(town.published / "s" / station), trust)
    for line in report.lines:
        if line.state == "FAIL":
            demo.tell("demo.caught", check=line.check, name=str(line.facts.get("name", "")))
    demo.tell("demo.try_it", command=f"kua film verify {town.centre_url}/t/{ELECTION}/s/{station}")
