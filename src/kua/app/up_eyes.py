# SPDX-License-Identifier: Apache-2.0
"""The page's side of the channel from the process that decodes: starts `fetch | up_aim` for a camera that somebody looks at, keeps the newest picture in memory.

A camera at which nobody has looked for ten seconds is let go. Nothing is written; what the two processes say on standard error is thrown away.
"""

import os
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from kua.adapters.clock import SystemClock
from kua.app.plugins import is_painted
from kua.app.up_phase import CLOSED
from kua.core.instant import Millis

IDLE: Final = Millis(10_000)
MOST: Final = 4
"""Cameras that are looked at at once; the one that nobody has asked for longest is let go."""


class Eye:
    """One camera that is looked at."""

    def __init__(self, box: Path, cam: str, source: str, secrets: Mapping[str, str], *, raw_only: bool) -> None:
        fetch = [sys.executable, "-m", "kua.app.camera", "fetch", "--box", str(box), "--camera", cam, "--source", source]
        aim = [sys.executable, "-m", "kua.app.up_aim", "--box", str(box), "--camera", cam]
        aim += ["--raw-only"] if raw_only else []
        aim += ["--drawn"] if is_painted(source) else []
        quiet, environment = subprocess.DEVNULL, {**os.environ, **secrets}
        self._fetch = subprocess.Popen(fetch, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet, env=environment, start_new_session=True)
        self._aim = subprocess.Popen(aim, stdin=self._fetch.stdout, stdout=subprocess.PIPE, stderr=quiet, start_new_session=True)
        if self._fetch.stdout is not None:
            self._fetch.stdout.close()
        self._newest: bytes | None = None
        self.asked_at = Millis(0)
        threading.Thread(target=self._read_on, name=f"eye-{cam}", daemon=True).start()

    @property
    def newest(self) -> bytes | None:
        """The newest picture as it came through the pipe (three parts with their lengths), or None before the first."""
        return self._newest

    @property
    def is_over(self) -> bool:
        """Whether the process that decodes has ended."""
        return self._aim.poll() is not None

    @property
    def is_closed(self) -> bool:
        """Whether it ended because people vote now."""
        return self._aim.poll() == CLOSED

    def ended(self, seconds: float) -> int:
        """Wait until the process that decodes has ended; return its exit code. Raises `subprocess.TimeoutExpired`."""
        return self._aim.wait(seconds)

    def close(self) -> None:
        """End both processes and forget the picture."""
        self._newest = None
        for process in (self._fetch, self._aim):
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def _read_on(self) -> None:
        pipe = self._aim.stdout
        if pipe is None:
            return
        with pipe, suppress(OSError, struct.error, ValueError):
            while True:
                self._newest = b"".join(_part(pipe) for _ in range(3))
        self._newest = None


class Eyes:
    """All cameras that somebody looks at."""

    def __init__(self, box: Path) -> None:
        self._box, self._clock = box, SystemClock()
        self._open: dict[tuple[str, str, bool], Eye] = {}
        self._lock = threading.Lock()
        self._left = threading.Event()
        # A browser that was closed asks for nothing any more: the cameras are let go all the same.
        threading.Thread(target=self._tidy, name="eyes", daemon=True).start()

    def look(self, cam: str, source: str, secrets: Mapping[str, str], *, raw_only: bool = False) -> Eye:
        """Return the eye on a camera, opened now if nobody looked at it."""
        with self._lock:
            self._let_go()
            key = (cam, source, raw_only)
            eye = self._open.get(key)
            if eye is not None and eye.is_over and not eye.is_closed and self._clock.monotonic() - eye.asked_at > 1_000:
                self._open.pop(key).close()
                eye = None
            if eye is None:
                while len(self._open) >= MOST:
                    oldest = min(self._open, key=lambda each: self._open[each].asked_at)
                    self._open.pop(oldest).close()
                eye = self._open[key] = Eye(self._box, cam, source, secrets, raw_only=raw_only)
            eye.asked_at = self._clock.monotonic()
            return eye

    def rest(self) -> None:
        """Let go of those at which nobody looks any more."""
        with self._lock:
            self._let_go()

    def close(self) -> None:
        """Let go of all. They can be looked at again."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    def end(self) -> None:
        """Let go of all for good."""
        self._left.set()
        self.close()

    def _tidy(self) -> None:
        while not self._left.wait(IDLE / 2000):
            self.rest()

    def _let_go(self) -> None:
        now = self._clock.monotonic()
        for key in [key for key, eye in self._open.items() if now - eye.asked_at > IDLE]:
            self._open.pop(key).close()


def _part(pipe: IO[bytes]) -> bytes:
    head = pipe.read(4)
    (length,) = struct.unpack(">I", head)
    body = pipe.read(int(length))
    if len(body) != length:
        raise ValueError(length)
    return head + body
