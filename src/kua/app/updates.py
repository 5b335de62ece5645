# SPDX-License-Identifier: Apache-2.0
"""Updates: from whom a box takes its program, whether there is a newer one, and how it gets here. A person installs it; nothing installs itself.

Folder `update` of the box: `root.json`, the root that a person pinned by its printed digest, and `metadata`, what has been accepted since.
"""

import shutil
import tempfile
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from kua import __version__
from kua.adapters.durable import DurableFiles, make_folder
from kua.core.digest import sha256
from kua.core.errors import Misused, Refused

ROOT: Final = "update/root.json"
STATE: Final = "update/metadata"


@dataclass(frozen=True, slots=True)
class Found:
    """The newest release, and what runs here."""

    version: str
    files: tuple[str, ...]
    here: str

    @property
    def is_newer(self) -> bool:
        """Whether it is newer than what runs here."""
        return _key(self.version) > _key(self.here)


def trust(box: Path, root: Path, digest: str) -> str:
    """Pin `root` as the one from which all other trust follows, if its SHA-256 is `digest` (hex, from a printed copy). Returns the digest.

    Raises `Misused`: `verify.no_file`, `update.root_differs`, `update.root_there` where another one is pinned.
    """
    try:
        data = root.read_bytes()
    except OSError as error:
        raise Misused("verify.no_file", name=str(root)) from error
    found = sha256(data).hex()
    if found != digest.strip().lower():
        raise Misused("update.root_differs", found=found)
    pinned = box / ROOT
    if pinned.exists() and pinned.read_bytes() != data:
        raise Misused("update.root_there")
    make_folder(pinned.parent)
    DurableFiles().replace(pinned, data)
    return found


def look(box: Path, place: str, here: str = __version__) -> Found:
    """Return the newest release at `place`. Raises as `kua.adapters.updates`, and `Misused("update.no_root" | "update.no_library")`."""
    with tempfile.TemporaryDirectory(prefix="kua-update-") as folder:
        version, files = _releases(box, place).newest(Path(folder))
    return Found(version, files, here)


def fetch(box: Path, place: str, out: Path, here: str = __version__) -> Found:
    """Fetch every file of the newest release into `out`, which must not exist; all of them or nothing.

    Raises as `look`, and `Refused("update.older")` for a release that is older than what runs here, `Misused("update.out_there")`.
    """
    if out.exists():
        raise Misused("update.out_there", name=str(out))
    releases = _releases(box, place)
    with tempfile.TemporaryDirectory(prefix=".kua-update-", dir=out.absolute().parent) as name:
        folder = Path(name) / "release"
        folder.mkdir()
        version, files = releases.newest(Path(name))
        found = Found(version, files, here)
        if _key(version) < _key(here):
            raise Refused("update.older", version=version, here=here)
        for file in files:
            releases.take(file, folder)
        shutil.move(folder, out)
    return found


def _releases(box: Path, place: str) -> Any:
    if find_spec("tuf") is None:
        raise Misused("update.no_library")
    try:
        root = (box / ROOT).read_bytes()
    except FileNotFoundError as error:
        raise Misused("update.no_root") from error
    return import_module("kua.adapters.updates").Releases(place, box / STATE, root)


def _key(version: str) -> tuple[int, ...]:
    """Return the numbers of a version; what follows them (a development build) does not count."""
    numbers = []
    for part in version.split("."):
        if not (part.isascii() and part.isdigit()):
            break
        numbers.append(int(part))
    return tuple(numbers)
