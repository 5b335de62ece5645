# SPDX-License-Identifier: Apache-2.0
"""How `kua courier pack` asks a running agent to state what it has packed: one file for each pack in `custody/` of the box, gone once its leaf stands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from kua.core.canonical import canonical, read_canonical
from kua.core.digest import Digest, from_hex, sha256
from kua.core.errors import Rejected
from kua.ports.durable import Durable
from kua.proof.courier import Sheet
from kua.station.journal import Journal

FOLDER: Final = "custody"
Stated = tuple[str, Digest, int, int, int]
"""Pack, SHA-256 of its sheet, entries, files, bytes."""


def write_request(box: Path, files: Durable, sheet: Sheet) -> Path:
    """Ask for the leaf; return the file, which is gone when it stands."""
    path = box / FOLDER / f"{sheet.pack}.json"
    body = {"v": 1, "pack": sheet.pack, "sheet": sha256(sheet.to_bytes()).hex(), "entries": sheet.entries, "files": sheet.files, "size": sheet.size}
    files.replace(path, canonical(body))
    return path


def read_request(box: Path, files: Durable) -> Iterator[tuple[Path, Stated | None]]:
    """Give each request; None for one that is not whole."""
    for path in sorted((box / FOLDER).glob("*.json")):
        try:
            body = read_canonical(files.read(path) or b"")
            yield path, (str(body["pack"]), from_hex(body["sheet"]), int(body["entries"]), int(body["files"]), int(body["size"]))
        except (Rejected, ValueError, KeyError, TypeError):
            yield path, None


def take(box: Path, journal: Journal, files: Durable) -> bool:
    """State what was packed while the agent runs; return whether there was anything. A request that is not whole is removed."""
    stated = False
    for path, told in read_request(box, files) if journal.is_open else ():
        if told is not None:
            journal.custody(*told)
            stated = True
        files.remove(path)
    return stated
