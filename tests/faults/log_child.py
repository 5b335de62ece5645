# SPDX-License-Identifier: Apache-2.0
"""A log that grows in three steps, in a process of its own so that strace can make its system calls fail. Prints what it acknowledged.

`own` signs for itself, as a station's and the national log do; `copy` takes its owner's checkpoints, as the centre's copy of a station's log does.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from kua.adapters.tilelog import DiskLog
from kua.core.errors import KuaError
from kua.proof.base64 import to_base64
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.merkle import leaf_hash, root_of

ORIGIN: Final = "crash.example/kz/s/10-245"
KEY: Final = SigningKey.from_seed(ORIGIN, bytes(range(32)))
BEFORE: Final = (40, 80, 120, 160, 200, 240, 248, 249, 250, 252)
"""Sizes of the heads that stand before the child starts: more than are kept, so that it has partial tiles to take away."""
STEPS: Final = (254, 259, 260)
"""Sizes that the child makes: one of them goes over the end of a tile."""


def leaf(number: int) -> bytes:
    """Return entry `number`."""
    return b"leaf %d" % number


def note(size: int) -> bytes:
    """Return the owner's checkpoint of the first `size` entries, for a copy."""
    return sign_checkpoint(Checkpoint(ORIGIN, size, root_of(leaf_hash(leaf(number)) for number in range(size))), KEY)


def opened(folder: Path, kind: str) -> DiskLog:
    """Open the log in `folder`."""
    return DiskLog.open(folder / "log", ORIGIN, KEY if kind == "own" else KEY.verifier, public=folder / "public")


def grow(log: DiskLog, kind: str, size: int, say: Callable[[str], None] = lambda _: None) -> None:
    """Bring the log to `size` entries and publish; say what stands for good as soon as it does."""
    placed = log.append([leaf(number) for number in range(log.size, size)])
    if kind == "own":  # a copy promises nothing before its owner's checkpoint is there too
        say(f"appended {placed.start} {placed.stop}")
    head = log.publish(None if kind == "own" else note(size))
    say(f"published {head.size} {to_base64(head.note)}")
    log.dress(head.note)


def main(folder: Path, kind: str, say: Callable[[str], None]) -> None:
    """Do the three steps; one that fails does not keep the next from being tried."""
    try:
        log = opened(folder, kind)
    except KuaError as error:
        say(f"error {error.code}")
        return
    for size in STEPS:
        try:
            grow(log, kind, size, say)
        except KuaError as error:
            say(f"error {error.code}")
        head = log.head
        if head is not None:
            say(f"signed {head.size} {to_base64(head.note)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], partial(print, flush=True))
