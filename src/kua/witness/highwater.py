# SPDX-License-Identifier: Apache-2.0
"""The mark that outlives a restored backup: a file outside the co-signer's folder that says how far the book had come.

The book counts every head that was put in. The mark is raised after the book and before the answer, so it is never ahead of what the disk
holds - unless somebody put an older book back. It cannot see that book and mark were put back together (a snapshot of the whole machine);
a checkpoint that bears our own later co-signature still shows it (`kua.witness.cosigner`).
"""

from pathlib import Path
from typing import Final, final

from kua.core.errors import Misused, Refused, Unavailable
from kua.ports.durable import Durable
from kua.proof.keys import VerifierKey

HEADER: Final = "kua/witness-mark/v1"


@final
class HighWater:
    """The mark of the key `vkey` in `folder`. Not to be used by two processes."""

    def __init__(self, folder: Path, vkey: VerifierKey, files: Durable) -> None:
        self._path = folder / f"{vkey.id.hex()}.mark"
        self._vkey, self._files, self._last = vkey, files, -1

    def make(self) -> None:
        """Write the first mark. Raises `Misused("witness.exists")` if there is one."""
        if self._path.exists():
            raise Misused("witness.exists", folder=self._path.name)
        self.raise_to(0)

    def require(self, generation: int) -> None:
        """Raise `Refused("witness.no_mark")` without a mark, `Refused("witness.rolled_back")` if the book is older than the mark.

        Raises `Unavailable("witness.disk")` if nobody can say.
        """
        try:
            header, vkey, count = self._path.read_text("utf-8").splitlines()
            marked = int(count)
        except FileNotFoundError as error:
            raise Refused("witness.no_mark", file=str(self._path)) from error
        except ValueError as error:
            raise Refused("witness.no_mark", file=str(self._path)) from error
        except OSError as error:
            raise Unavailable("witness.disk", why=str(error.strerror)) from error
        if header != HEADER or vkey != str(self._vkey):
            raise Refused("witness.no_mark", file=str(self._path))
        if generation < marked:
            raise Refused("witness.rolled_back", have=generation, seen=marked)
        self._last = marked

    def raise_to(self, generation: int) -> None:
        """Raise the mark; durable on return. Raises `Unavailable("disk.*")`: then nothing may be answered."""
        if generation > self._last:
            self._files.replace(self._path, f"{HEADER}\n{self._vkey}\n{generation}\n".encode(), mode=0o600)
            self._last = generation
