# SPDX-License-Identifier: Apache-2.0
"""The secret halves of the hours' keys on disk: made at the opening, read once, erased when their hour is over (docs/spec/hours.md).

Holds no key in memory between two calls. What an SSD keeps in spare cells, a snapshot of the file system or a copy that somebody made
beforehand is out of its reach.
"""

from collections.abc import Callable
from pathlib import Path
from typing import final

from kua.core.errors import Misused, Unavailable
from kua.ports.durable import Durable
from kua.proof.base64 import to_base64
from kua.proof.hours import hour_name
from kua.proof.keys import SigningKey


@final
class HourKeys:
    """The folder `keys/hours` of a box: `NN.pem`, mode 0600. `draw` gives 32 bytes of the system's generator."""

    def __init__(self, folder: Path, files: Durable, draw: Callable[[], bytes]) -> None:
        self._folder, self._files, self._draw = folder, files, draw

    def make(self, origin: str, first: int, count: int) -> list[str]:
        """Return the public halves (base64) of the keys `first` and on. Keys that a crash left uncommitted are used, not made anew."""
        return [to_base64(self._made(origin, number).verifier.public) for number in range(first, first + count)]

    def key(self, origin: str, number: int) -> SigningKey | None:
        """Return the key of hour `number`, None if it is gone or damaged or the disk does not give it: recording does not stop for it."""
        try:
            return SigningKey.from_pem(hour_name(origin, number), self._path(number).read_bytes())
        except (OSError, Misused):
            return None

    def erase(self, until: int | None = None) -> None:
        """Erase every key below number `until`, or all of them; what stands there half written too. Raises `Unavailable("disk.*")`."""
        try:
            paths = sorted(self._folder.glob("*.pem*")) if self._folder.is_dir() else []
        except OSError as error:
            raise Unavailable("disk.failed", path=self._folder.name, why=str(error.strerror)) from error
        for path in paths:
            number = path.name.split(".")[0]
            if until is None or not number.isdecimal() or int(number) < until:
                self._files.erase(path)

    def _made(self, origin: str, number: int) -> SigningKey:
        key = self.key(origin, number)
        if key is None:
            key = SigningKey.from_seed(hour_name(origin, number), self._draw())
            self._files.replace(self._path(number), key.to_pem(), mode=0o600)
        return key

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:02}.pem"
