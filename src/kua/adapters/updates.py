# SPDX-License-Identifier: Apache-2.0
"""Releases by The Update Framework (TUF 1.0), through python-tuf: no server and no single key can hand a box its program, nor keep a new one from it unnoticed.

The repository lies behind an address, or in a folder that somebody carried here. Roots that were accepted are kept, so that a root can be followed but
never taken back.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tuf.api.exceptions import DownloadError, DownloadHTTPError, DownloadLengthMismatchError, ExpiredMetadataError, RepositoryError
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface
from tuf.ngclient.updater import Updater

from kua.core.errors import KuaError, Misused, Refused, Rejected, Unavailable

POINTER: Final = "release.json"
_MOST_FILES: Final = 64
_PIECE: Final = 1024 * 1024


class Releases:
    """The newest release of the repository at `place` (an address or a folder), judged from the roots in `state`."""

    def __init__(self, place: str, state: Path, root: bytes) -> None:
        """Look once at the repository. Raises as `_told`."""
        base = place.rstrip("/") if "://" in place else Path(place).resolve().as_uri()
        fetcher = None if "://" in place else _Folder()
        state.mkdir(parents=True, exist_ok=True)
        self._place = place
        try:
            self._updater = Updater(
                str(state), f"{base}/metadata/", None, f"{base}/targets/", fetcher, UpdaterConfig(app_user_agent="kua"), bootstrap=root
            )
            self._updater.refresh()
        except (RepositoryError, DownloadError, OSError, ValueError) as error:
            raise _told(error, place) from error

    def newest(self, folder: Path) -> tuple[str, tuple[str, ...]]:
        """Return version and file names of the newest release; the pointer is written to `folder`. Raises as `_told`."""
        try:
            held: Any = json.loads(self.take(POINTER, folder).read_bytes())
            version, files = held["version"], held["files"]
            if held["v"] != 1 or not _is_version(version) or not isinstance(files, list) or not 0 < len(files) <= _MOST_FILES:
                raise ValueError(POINTER)
            if not all(isinstance(name, str) and name == Path(name).name and not name.startswith(".") for name in files):
                raise ValueError(POINTER)
        except (ValueError, KeyError, TypeError) as error:
            raise Rejected("update.refused", why=f"{POINTER}: {type(error).__name__}") from error
        return version, tuple(files)

    def take(self, name: str, folder: Path) -> Path:
        """Fetch one file of a release into `folder` and return it; it has the length and digest that were signed. Raises as `_told`."""
        try:
            info = self._updater.get_targetinfo(name)
            if info is None:
                raise Rejected("update.refused", why=f"{name}: not released")
            return Path(self._updater.download_target(info, str(folder / name)))
        except (RepositoryError, DownloadError, OSError, ValueError) as error:
            raise _told(error, self._place) from error


class _Folder(FetcherInterface):
    """Reads a repository that lies on a disk; a file that is not there is a 404."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = Path(unquote(urlsplit(url).path))
        if not path.is_file():
            raise DownloadHTTPError(path.name, 404)
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece


def _is_version(given: object) -> bool:
    return isinstance(given, str) and 0 < len(given) <= 32 and all(part.isascii() and part.isdigit() for part in given.split("."))


def _told(error: Exception, place: str) -> KuaError:
    """`Refused("update.expired")`: nobody has vouched for it lately. `Rejected("update.refused")`: forged, too few signatures, older than what was seen.

    `Unavailable("update.away")`: it cannot be reached. `Misused("update.root")`: the trusted root is none.
    """
    if isinstance(error, ExpiredMetadataError):
        return Refused("update.expired", why=str(error)[:120])
    if isinstance(error, RepositoryError | DownloadLengthMismatchError):
        return Rejected("update.refused", why=f"{type(error).__name__}: {error}"[:160])
    if isinstance(error, DownloadError | OSError):
        return Unavailable("update.away", place=place[:120], why=type(error).__name__)
    return Misused("update.root")
