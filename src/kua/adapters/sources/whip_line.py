# SPDX-License-Identifier: Apache-2.0
"""The line between the listener, which faces the room, and `fetch`, which films by telephone: a socket in the box's folder, one question and one answer (JSON).

The socket is the owner's alone, and its maker asks the kernel who calls. Nothing here knows WebRTC, so that the listener loads none of it.
"""

import json
import os
import socket
import stat
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from kua.core.errors import Incomplete, KuaError, Misused, Refused, Rejected, Unavailable

MOST: Final = 65_536
"""Bytes of a question or an answer."""
PATIENCE: Final = 8.0
"""Seconds that a question may take: less than the listener gives its guest."""
_KINDS: Final[Mapping[str, type[KuaError]]] = {kind.__name__: kind for kind in (Incomplete, Misused, Refused, Rejected, Unavailable)}


@contextmanager
def reached(path: Path) -> Iterator[str]:
    """Give a name for `path` that a socket takes, however long the folder's name is (108 bytes are all that a kernel has for it)."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def listen(path: Path) -> socket.socket:
    """Return a listening socket at `path`, for its owner only. Raises `Unavailable("whip.taken")` while another process answers there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with reached(path) as name:
        if _answers(name):
            raise Unavailable("whip.taken")
        if path.exists() and stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
        door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        before = os.umask(0o177)
        try:
            door.bind(name)
        except OSError as error:
            door.close()
            raise Unavailable("whip.taken") from error
        finally:
            os.umask(before)
        door.listen(8)
    return door


def is_ours(link: socket.socket) -> bool:
    """Say whether whoever calls runs as the same user as this process."""
    _, user, _ = struct.unpack("3i", link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return int(user) == os.geteuid()


def ask(path: Path, question: Mapping[str, Any]) -> dict[str, Any]:
    """Ask whoever films with this camera, and return the answer.

    Raises `Unavailable("whip.not_filming")` where nobody answers, and whatever error the answer is.
    """
    line = json.dumps({"v": 1, **question}).encode() + b"\n"
    try:
        with reached(path) as name, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(PATIENCE)
            link.connect(name)
            link.sendall(line)
            said = json.loads(_line(link))
    except (OSError, ValueError) as error:
        raise Unavailable("whip.not_filming") from error
    if not isinstance(said, dict):
        raise Unavailable("whip.not_filming")
    if "code" in said:
        raise _KINDS.get(str(said.get("kind")), Unavailable)(
            str(said["code"]), **{str(name): value for name, value in dict(said["facts"]).items()}
        )
    return said


def refusal(error: KuaError) -> dict[str, Any]:
    """Return the answer that tells an error."""
    return {
        "v": 1,
        "kind": next(name for name, kind in _KINDS.items() if isinstance(error, kind)),
        "code": error.code,
        "facts": dict(error.facts),
    }


def _answers(name: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(1)
        try:
            link.connect(name)
        except OSError:
            return False
        return True


def _line(link: socket.socket) -> bytes:
    data = bytearray()
    while not data.endswith(b"\n") and len(data) <= MOST:
        piece = link.recv(MOST)
        if not piece:
            break
        data += piece
    return bytes(data)
