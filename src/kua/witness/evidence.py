# SPDX-License-Identifier: Apache-2.0
"""What a log has signed against itself, kept as files: contradictions that anybody can check, and requests that could not be continued."""

from hashlib import sha256
from pathlib import Path
from typing import Final, final

from kua.ports.durable import Durable
from kua.proof.fork import SUFFIX, Fork

MAX_FILES: Final = 1_000
"""Files that are kept; a log that contradicts itself more often is believed already."""
REQUEST: Final = ".request"


@final
class EvidenceFiles:
    """The folder `evidence` of a co-signer. Names are made of digests, so the same thing is kept once."""

    def __init__(self, folder: Path, files: Durable) -> None:
        self._folder, self._files = folder, files

    def keep_fork(self, origin: str, fork: Fork) -> str:
        """Keep two contradictory checkpoints and return the file's name; "" where there is no more room for any."""
        return self._keep(origin, fork.to_bytes(), SUFFIX)

    def keep_request(self, origin: str, body: bytes) -> str:
        """Keep a request by a log's key that does not continue what the log said before; return the file's name, or ""."""
        return self._keep(origin, body, REQUEST)

    def read(self, name: str) -> bytes | None:
        """Return the file called `name`, None if it is none of ours."""
        if name not in self.names():
            return None
        return (self._folder / name).read_bytes()

    def names(self) -> list[str]:
        """Return the names of what is kept."""
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if path.name.endswith((SUFFIX, REQUEST)))

    def _keep(self, origin: str, data: bytes, suffix: str) -> str:
        name = f"{sha256(origin.encode()).hexdigest()[:16]}-{sha256(data).hexdigest()[:16]}{suffix}"
        names = self.names()
        if name in names:
            return name
        if len(names) >= MAX_FILES:
            return ""
        self._files.write_once(self._folder / name, data)
        return name
