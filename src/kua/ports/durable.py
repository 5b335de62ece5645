# SPDX-License-Identifier: Apache-2.0
"""What may write files that must survive a power cut."""

from pathlib import Path
from typing import Protocol


class Durable(Protocol):
    """Writes whole files.

    * `write_once` returns only once name and bytes would survive a power cut; what stands there already is never overwritten: the same
      bytes are fine (False), other bytes raise `Rejected("durable.differs")`; `step` names the places of `kua.ports.trip` on the way;
    * `replace` swaps a file whole: a reader sees the old bytes or the new ones, after a crash too;
    * `erase` overwrites a file in its place and removes it; on return neither name nor old bytes can be read through the file system (what
      the medium keeps by itself - spare cells of an SSD, snapshots - is beyond it); a file that is gone is not an error;
    * `remove` of a file that is gone is not an error;
    * `read` returns a whole small file, None if there is none;
    * `free` returns the bytes that may still be written at `folder`, `size` those of its whole file system;
    * a full disk raises `Unavailable("disk.full")`, one that takes no more writes `disk.read_only`, one that is not there any more, or a folder that has
      vanished, `disk.gone`, any other sick one `disk.failed`; all leave no half file under the final name.
    """

    def write_once(self, path: Path, data: bytes, *, step: str = "") -> bool: ...
    def replace(self, path: Path, data: bytes, *, mode: int = 0o644) -> None: ...
    def erase(self, path: Path) -> None: ...
    def remove(self, path: Path) -> None: ...
    def read(self, path: Path) -> bytes | None: ...
    def free(self, folder: Path) -> int: ...
    def size(self, folder: Path) -> int: ...
