# SPDX-License-Identifier: Apache-2.0
"""The listener as the box's page sees it: opens and closes it, makes invitations, and says from the log who co-signs. The listener outlives page and browser."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any, Final

from kua.adapters.clock import SystemClock
from kua.app import listen_files
from kua.app.listen import invitation, log_key
from kua.app.listen_camera import camera_invitation, is_invited, telephones
from kua.app.settings import load_station
from kua.app.up_door import addresses
from kua.core.errors import KuaError, Misused, Refused, Unavailable
from kua.proof.leaf import Leaf
from kua.web.panel.phones import qr_rows

PORT: Final = 8443
LOG: Final = "listen.log"
_SECRET: Final = re.compile(r"KUA_CAMERA_[A-Z]_PASSWORD")
_BEGINS: Final = 60
"""Looks, a quarter of a second apart, until a listener must have begun."""


def visitors_state(box: Path, leaves: Sequence[Leaf]) -> dict[str, Any]:
    """Return for the page: is it open and where, does an invitation wait, how many telephones were let in, and who co-signed in the newest `leaves`."""
    told = listen_files.told(box)
    seen = {leaf["vkey"]: leaf["at"] for leaf in leaves if leaf.type == "observer"}
    return {
        "open": told is not None,
        "at": "" if told is None else f"{told.host}:{told.port}",
        "fingerprint": "" if told is None else " ".join(told.fingerprint[at : at + 4].upper() for at in range(0, 64, 4)),
        "invited": told is not None and listen_files.is_invited(box, SystemClock().now()),
        "filming": {camera: told is not None and is_invited(box, camera, SystemClock().now()) for camera in filming_cameras(box)},
        "admitted": len(listen_files.admitted(box)),
        "cosigning": len(seen),
        "last": max(seen.values(), default=None),
    }


def filming_cameras(box: Path) -> tuple[str, ...]:
    """Return the letters of the cameras that are telephones."""
    return tuple(camera.id for camera in telephones(load_station(box)))


def open_listener(box: Path, host: str) -> None:
    """Open it at `host`, at the port of the settings where they name one. Raises `Misused("up.second_address")`, `Incomplete("listen.no_log")`, `Unavailable("listen.port")`."""
    if host not in addresses():
        raise Misused("up.second_address", given=host[:60], known=", ".join(addresses()))
    if listen_files.told(box) is not None:
        return
    if not filming_cameras(box):
        log_key(box)
    wanted = load_station(box).listen.rpartition(":")[2]
    ports = [int(wanted)] if wanted else [PORT, 0]
    for port in ports:
        if _begins(box, f"[{host}]:{port}" if ":" in host else f"{host}:{port}"):
            return
    raise Unavailable("listen.port", address=host, port=ports[0])


def close_listener(box: Path) -> None:
    """Close it. Raises `Refused("up.not_running")` where none runs that is of this box."""
    told = listen_files.told(box)
    if told is None or not _is_ours(told.pid, box):
        raise Refused("up.not_running")
    with suppress(ProcessLookupError):
        os.kill(told.pid, signal.SIGTERM)


def invite(box: Path, language: str, camera: str = "") -> Mapping[str, Any]:
    """Return address and QR of a fresh invitation: for an observer's telephone, or for the one that films as `camera`.

    Raises `Refused("up.not_running")`, `Misused("whip.no_camera")`.
    """
    told = listen_files.told(box)
    if told is None:
        raise Refused("up.not_running")
    if camera and camera not in filming_cameras(box):
        raise Misused("whip.no_camera", camera=camera[:20])
    url = camera_invitation(box, told, camera, language) if camera else invitation(box, told, log_key(box), language)
    return {"url": url, "rows": qr_rows(url)}


def _begins(box: Path, at: str) -> bool:
    command = [sys.executable, "-m", "kua.cli.main", "station", "listen", "--box", str(box), "--at", at]
    # It faces the room: no password of a camera goes there.
    kept = {name: value for name, value in os.environ.items() if not _SECRET.fullmatch(name)}
    opened = os.open(box / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "wb") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, env=kept, start_new_session=True
        )
    waiting = Event()
    for _ in range(_BEGINS):
        with suppress(KuaError):
            if listen_files.told(box) is not None:
                return True
        if process.poll() is not None:
            return False
        waiting.wait(0.25)
    process.kill()
    process.wait()
    return False


def _is_ours(pid: int, box: Path) -> bool:
    """Whether process `pid` is a listener of this very box: a number that another process has by now is left alone."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"listen" in words and any(each in {str(box).encode(), str(box.resolve()).encode()} for each in words)
