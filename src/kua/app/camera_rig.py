# SPDX-License-Identifier: Apache-2.0
"""A real film as a camera: the repository's RTSP server, run with the system's Python, for the demonstration with `--clip`.

The film stays where it is; nothing of it is copied. Needs the Debian packages of the rig, which `make demo` alone never asks for.
"""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from kua.adapters.codecs.film import FilmFile
from kua.app.town import Place, Shape
from kua.core.errors import Misused, Unavailable

RIG: Final = Path(__file__).parents[3] / "tests" / "rigs" / "rtsp_server.py"
SYSTEM_PYTHON: Final = "/usr/bin/python3"
FPS: Final = 10
STATION: Final = "71-017"
ZONES: Final = b'[[zone]]\nkind = "booth"\npoints = [[7600, 5600], [9800, 5600], [9800, 9600], [7600, 9600]]\n'
"""No film of a polling room is at hand, so the booth is imagined where the film shows bare ground."""
LOOK: Final = 20
"""Seconds of the film from which the room is learned: people walk through it, so the middle value of each point is the room."""


@contextmanager
def camera_of(clip: Path | None) -> Iterator[tuple[Place, ...]]:
    """Serve `clip` over RTSP while the context lasts and give the station that looks at it; nothing for None.

    Raises `Misused("demo.no_clip")`, `Unavailable("demo.no_rtsp")`.
    """
    if clip is None:
        yield ()
        return
    if not clip.is_file():
        raise Misused("demo.no_clip", file=clip.name)
    film = FilmFile(clip)
    shape = Shape(film.width - film.width % 2, film.height - film.height % 2)
    command = [
        SYSTEM_PYTHON,
        str(RIG),
        "--film",
        str(clip.resolve()),
        "--width",
        str(shape.width),
        "--height",
        str(shape.height),
        "--fps",
        str(FPS),
    ]
    try:
        rig = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    except OSError as error:
        raise Unavailable("demo.no_rtsp") from error
    try:
        assert rig.stdout is not None
        word, _, port = rig.stdout.readline().decode().strip().partition(" ")
        if word != "port":
            raise Unavailable("demo.no_rtsp")
        room = f"file:{clip.resolve()}?pace=fast"
        with tempfile.NamedTemporaryFile(prefix="kua-zones-", suffix=".toml") as zones:
            zones.write(ZONES)
            zones.flush()
            yield (Place(STATION, 17, 1_200, f"rtsp://127.0.0.1:{port}/film", zones.name, room, LOOK, shape),)
    finally:
        rig.kill()
        rig.communicate()
