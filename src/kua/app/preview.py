# SPDX-License-Identifier: Apache-2.0
"""The demonstration's second channel out of `hide`: pairs of pictures of painted rooms, through a named pipe, kept in memory one at a time.

`python -m kua.app.preview agent BOX PIPE` runs a station's agent whose `hide` writes to PIPE; `Pairs` reads it. A real station starts its agent
without this module, and `hide` itself refuses the channel for any source that is not painted, except in a demonstration.
"""

import os
import struct
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from kua.app.agent import Agent
from kua.app.pair import Command, camera_command
from kua.app.settings import CameraSettings, load_station


def main(arguments: Sequence[str]) -> None:
    """Run the agent, or become `hide` with the pipe as one more file descriptor."""
    role, box, pipe = arguments[0], Path(arguments[1]), arguments[2]
    if role == "hide":
        channel = os.open(pipe, os.O_RDWR)  # read and write: opening does not wait for a reader
        os.set_inheritable(channel, True)
        command = [*camera_command(box)("hide", load_station(box).camera(arguments[3])), "--demo", "--preview-fd", str(channel)]
        os.execv(command[0], command)  # noqa: S606 - our own program, no shell wanted
    Agent(box, command=_command(box, pipe)).run()


def _command(box: Path, pipe: str) -> Command:
    def command(role: str, camera: CameraSettings) -> Sequence[str]:
        if role == "hide":
            return [sys.executable, "-m", "kua.app.preview", "hide", str(box), pipe, camera.id]
        return camera_command(box)(role, camera)

    return command


class Pairs:
    """Reads one pipe in a thread and keeps the newest pair."""

    def __init__(self, pipe: Path) -> None:
        os.mkfifo(pipe, 0o600)
        self._newest: tuple[bytes, bytes] | None = None
        threading.Thread(target=self._read_on, args=(pipe,), name=f"pairs-{pipe.stem}", daemon=True).start()

    def newest(self) -> tuple[bytes, bytes] | None:
        """Return the newest pair, raw and sent, or None before the first."""
        return self._newest

    def _read_on(self, pipe: Path) -> None:
        # Opened for writing too, so that a restarted `hide` does not look like an end.
        with os.fdopen(os.open(pipe, os.O_RDWR), "rb", buffering=1 << 20) as stream:
            while True:
                raw = _picture(stream)
                self._newest = (raw, _picture(stream))


def _picture(stream: BinaryIO) -> bytes:
    (length,) = struct.unpack(">I", stream.read(4))
    return stream.read(int(length))


if __name__ == "__main__":
    main(sys.argv[1:])
