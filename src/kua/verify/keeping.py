# SPDX-License-Identifier: Apache-2.0
"""What a monitor and a mirror keep beside what they watch: one process at a time, and every proved contradiction as a file."""

import contextlib
import fcntl
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from kua.core.errors import Refused, Unavailable
from kua.core.digest import sha256
from kua.ports.durable import Durable
from kua.proof.fork import SUFFIX, Fork, check_fork


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Make `folder` where it is missing and hold it for this process. Raises `Refused("watch.locked")`, `Unavailable("watch.folder")`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise Unavailable("watch.folder", folder=str(folder), why=error.strerror or type(error).__name__) from error
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Refused("watch.locked", folder=str(folder)) from error
        yield
    finally:
        os.close(opened)


def keep_forks(forks: Iterable[tuple[str, Fork]], folder: Path, files: Durable) -> list[Path]:
    """Write each contradiction into `folder` and return the files; they are durable on return. A contradiction has one name, so a second writing adds none."""
    kept = []
    for _, fork in forks:
        data, shown = fork.to_bytes(), check_fork(fork)
        origin = re.sub(r"[^A-Za-z0-9.-]+", "_", shown.origin)[-100:]
        path = folder / f"{origin}-{shown.earlier.size}-{shown.later.size}-{sha256(data).hex()[:8]}{SUFFIX}"
        files.write_once(path, data)
        kept.append(path)
    return kept
