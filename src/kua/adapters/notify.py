# SPDX-License-Identifier: Apache-2.0
"""Tells the service manager that the agent is ready, alive, or stopping: sd_notify(3), by a datagram to the socket that systemd names. Without one it is silent."""

import os
import socket
from collections.abc import Mapping
from typing import Final, final

from kua.core.instant import Millis

OFTEN: Final = 3
"""Signs of life within the time that the manager waits for one."""


@final
class Manager:
    """The manager that started this process, if one did and asked to be told."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        self._place = f"\0{name[1:]}" if name.startswith("@") else name
        wait = environment.get("WATCHDOG_USEC", "")
        mine = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self.every: Millis | None = Millis(int(wait) // 1000 // OFTEN) if mine and wait.isdigit() and int(wait) else None
        """How often a sign of life is due; None where nobody waits for one."""
        self._fed = Millis(0)

    def ready(self, status: str) -> None:
        """Say that the agent serves."""
        self._tell(f"READY=1\nSTATUS={status}")

    def alive(self, now: Millis) -> None:
        """Give a sign of life, if one is due. `now` is monotonic."""
        if self.every is not None and now - self._fed >= self.every:
            self._fed = now
            self._tell("WATCHDOG=1")

    def status(self, text: str) -> None:
        """Say in a line how things stand."""
        self._tell(f"STATUS={text}")

    def stopping(self) -> None:
        """Say that the agent ends in order."""
        self._tell("STOPPING=1")

    def _tell(self, text: str) -> None:
        if not self._place:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.setblocking(False)
                line.sendto(text.encode(), self._place)
        except OSError:
            return  # a manager that does not listen must not stop a recording
