# SPDX-License-Identifier: Apache-2.0
"""The two processes of a camera, `fetch` and `hide`: how the agent starts them, hears them, and ends them."""

import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, cast, final

import structlog

from kua.app.settings import CameraSettings
from kua.core.instant import Millis
from kua.flow.backoff import Backoff
from kua.station.pipe import Message, messages

DRAIN: Final = Millis(30_000)
"""How long a camera's processes may take to hand over what they hold."""
FROZEN_AGAIN: Final = Millis(60_000)
"""A camera whose picture froze, or of which nothing decodes, is opened anew at most so often."""

News = tuple[str, int, Message | None]
"""Camera, number of the pair of processes, and what it said; None: its pipe has ended."""
Command = Callable[[str, CameraSettings], Sequence[str]]

_say = structlog.get_logger("kua.agent")


def camera_command(box: Path) -> Command:
    """Return what makes the command line of `fetch` or `hide` of a camera."""
    return lambda role, camera: [sys.executable, "-m", "kua.app.camera", role, "--box", str(box), "--camera", camera.id]


@final
class Pair:
    """The two processes of one camera, joined by pipes. They are started and ended together: a torn message would confuse a survivor."""

    def __init__(self, camera: CameraSettings, command: Command, inbox: "queue.Queue[News]") -> None:
        self.camera, self._command, self._inbox = camera, command, inbox
        self._backoff = Backoff()
        self._turn = 0
        self._fetch: subprocess.Popen[bytes] | None = None
        self._hide: subprocess.Popen[bytes] | None = None
        self._not_before = Millis(0)
        self._stopped_at: Millis | None = None
        self._froze = Millis(-FROZEN_AGAIN)
        self.restarts = 0
        self.ended = False

    @property
    def runs(self) -> bool:
        """Whether there is a pair whose pipe has not ended."""
        return self._hide is not None

    def start(self, now: Millis) -> None:
        """Start both, if it is time to."""
        if self._hide is not None or self.ended or now < self._not_before:
            return
        self._turn += 1
        self._stopped_at = None
        self._fetch = self._popen("fetch", subprocess.DEVNULL)
        self._hide = self._popen("hide", self._fetch.stdout)
        if self._fetch.stdout:
            self._fetch.stdout.close()
        threading.Thread(target=self._read, args=(self._hide, self._turn), name=f"camera-{self.camera.id}", daemon=True).start()

    def is_mine(self, turn: int) -> bool:
        """Whether news of pair number `turn` are of the present pair."""
        return turn == self._turn

    def over(self, now: Millis, share: float, *, done: bool) -> None:
        """Note that the pipe has ended, and when to start again. A film that is `done` is not started again."""
        codes = [_reap(process) for process in (self._fetch, self._hide)]
        self._fetch = self._hide = None
        if self._stopped_at is not None:
            return
        if done and codes[1] == 0:
            self.ended = True
            return
        self.restarts += 1
        wait = self._backoff.failed(now, share)
        self._not_before = Millis(now + wait)
        _say.warning("camera.ended", camera=self.camera.id, codes=codes, wait_ms=wait)

    def worked(self, now: Millis) -> None:
        """Note that film came."""
        self._backoff.worked(now)

    def froze(self, now: Millis) -> None:
        """Open the camera anew, if that was not tried just now."""
        if now - self._froze >= FROZEN_AGAIN and self._fetch is not None:
            self._froze = now
            _say.warning("camera.frozen", camera=self.camera.id)
            with suppress(ProcessLookupError):
                self._fetch.kill()

    def again(self) -> None:
        """End `fetch`, so that `hide` hands over what it holds and both begin anew."""
        if self._fetch is not None:
            with suppress(ProcessLookupError):
                self._fetch.kill()

    def stop(self, now: Millis) -> None:
        """Ask for an end in order: `fetch` stops, `hide` hands over what it holds and says so."""
        if self._stopped_at is None:
            self._stopped_at = now
            if self._fetch is not None:
                _signal(self._fetch, signal.SIGTERM)
        elif now - self._stopped_at > DRAIN:
            self.kill()

    def kill(self) -> None:
        """End both at once; what they held becomes a gap."""
        for process in (self._fetch, self._hide):
            if process is not None:
                _signal(process, signal.SIGKILL)

    def resume(self) -> None:
        """Allow starting again after `stop`."""
        self._not_before = Millis(0)

    def _popen(self, role: str, stdin: Any) -> "subprocess.Popen[bytes]":
        # A session of their own: Ctrl-C in a terminal must reach only the agent, which stops them in order.
        return subprocess.Popen(self._command(role, self.camera), stdin=stdin, stdout=subprocess.PIPE, start_new_session=True)

    def _read(self, hide: "subprocess.Popen[bytes]", turn: int) -> None:
        pipe = cast("BinaryIO", hide.stdout)
        try:
            for message in messages(pipe):
                self._inbox.put((self.camera.id, turn, message))
        except (EOFError, ValueError, KeyError, TypeError) as error:
            _say.error("camera.torn", camera=self.camera.id, why=type(error).__name__)
        finally:
            pipe.close()
            self._inbox.put((self.camera.id, turn, None))


def _signal(process: "subprocess.Popen[bytes]", number: int) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


def _reap(process: "subprocess.Popen[bytes] | None") -> int | None:
    """Wait for an end that is near: the pipe is closed. What does not end is ended."""
    if process is None:
        return None
    try:
        return process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGKILL)
        return process.wait()
