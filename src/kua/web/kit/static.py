# SPDX-License-Identifier: Apache-2.0
"""The few small files that every page uses: styles, islands, fonts. Held in memory, compressed once. Film never goes through here."""

import gzip
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from kua.core.digest import sha256

FOLDER: Final = Path(__file__).parent.parent / "static"
"""Where `make web` puts the bundle."""

_TYPES: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".woff2": "font/woff2"}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file: its bytes as they are and compressed (None where that does not help)."""

    data: bytes
    packed: bytes | None
    media_type: str
    tag: str


class Assets:
    """The bundle as it was when the program started."""

    def __init__(self, folder: Path = FOLDER) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
        self._files = {str(path.relative_to(folder)): _load(path) for path in files}

    def url(self, name: str) -> str:
        """Return the URL of a file, with its hash, so that a new bundle is a new URL; a file that is not there has no hash."""
        asset = self._files.get(name)
        return f"/static/{name}" + (f"?v={asset.tag}" if asset else "")

    def get(self, name: str) -> Asset | None:
        """Return the file called `name`, or None."""
        return self._files.get(name)

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""
        return sorted(self._files)

    async def serve(self, request: Request) -> Response:
        """Answer `/static/{name}`."""
        asset = self._files.get(request.path_params["name"])
        if asset is None:
            return Response(status_code=404)
        # The hash makes it safe to keep for ever; chunks of the islands carry it in their name.
        lasting = "v" in request.query_params or "-" in request.path_params["name"]
        headers = {
            "ETag": f'"{asset.tag}"',
            "Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache",
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
        }
        if headers["ETag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if asset.packed is not None and accepts_gzip(request):
            return Response(asset.packed, media_type=asset.media_type, headers={**headers, "Content-Encoding": "gzip"})
        return Response(asset.data, media_type=asset.media_type, headers=headers)


def accepts_gzip(request: Request) -> bool:
    """Say whether the reader takes gzip."""
    return "gzip" in request.headers.get("accept-encoding", "")


def _load(path: Path) -> Asset:
    data = path.read_bytes()
    packed = None if path.suffix == ".woff2" else gzip.compress(data, 9, mtime=0)
    guessed = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain"
    return Asset(data, packed, guessed, sha256(data).hex()[:12])
