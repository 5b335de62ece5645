# SPDX-License-Identifier: Apache-2.0
"""Rejected bytes, kept with the reason. Bounded for each station, so that nobody can fill the disk with rubbish. Judges nothing."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, final

from kua.core.errors import KuaError
from kua.core.instant import Instant, rfc3339
from kua.ports.durable import Durable

MOST_BYTES: Final = 64 * 1024 * 1024
"""Bytes of evidence that are kept for one station; after that only the reasons are."""
MOST_CASES: Final = 500
"""Cases that are kept for one station; after that the newest are only counted."""


@final
class Evidence:
    """Keeps cases below `folder/STATION/`: `TIME-CODE-DIGEST.json` and, where the bytes were signed, `.bin` beside it."""

    def __init__(self, folder: Path, files: Durable) -> None:
        self._folder, self._files = folder, files
        self._held: dict[str, tuple[int, int]] = {}
        self.uncounted = 0

    def keep(self, station: str, error: KuaError, body: bytes, at: Instant, **told: str | int) -> None:
        """Keep `body` and why it was rejected. `told` are the request's facts; the station's signature is among them, so that it can be shown."""
        cases, held = self._size(station)
        if cases >= MOST_CASES:
            self.uncounted += 1
            return
        digest = hashlib.sha256(body).hexdigest()
        stem = f"{at}-{error.code.replace('.', '_')}-{digest[:16]}"
        keep_body = bool(body) and held + len(body) <= MOST_BYTES
        case = {
            "at": rfc3339(at), "station": station, "code": error.code, "facts": error.facts, "sha256": digest, "size": len(body),
            "bytes": f"{stem}.bin" if keep_body else None, **told,
        }
        if keep_body:
            self._files.write_once(self._folder / station / f"{stem}.bin", body)
        self._files.replace(self._folder / station / f"{stem}.json", json.dumps(case, indent=1, sort_keys=True).encode())
        self._held[station] = (cases + 1, held + (len(body) if keep_body else 0))

    def cases(self) -> Iterator[dict[str, Any]]:
        """Give all cases, oldest first for each station."""
        for path in sorted(self._folder.glob("*/*.json")):
            yield json.loads(path.read_bytes())

    def _size(self, station: str) -> tuple[int, int]:
        if station not in self._held:
            files = list((self._folder / station).glob("*"))
            bodies = [path for path in files if path.suffix == ".bin"]
            self._held[station] = (len(files) - len(bodies), sum(path.stat().st_size for path in bodies))
        return self._held[station]
