# SPDX-License-Identifier: Apache-2.0
"""Where an outsider reads from: a local folder, or a web address. Nothing here judges what is read.

Every read is bounded in size and time, and a name can only mean a file below the place that was given.
"""

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import IO, Final, Protocol

from kua.core.errors import Incomplete, Misused, Rejected, Unavailable

MAX_FILE: Final = 64 * 1024 * 1024
"""Bytes of a file where the caller sets no limit of its own."""
PATIENCE: Final = 60.0
"""Seconds that one file may take over the network, however it trickles."""
SILENCE: Final = 20.0
"""Seconds without a byte after which a connection is given up."""
LONGEST_ASKED: Final = 600
"""Seconds that a server may ask us to stay away (`Retry-After`); a longer wish is passed over."""

UNFINISHED: Final = ".part"
"""How the name of a file ends until it is whole (docs/spec/published-tree.md)."""

Pace = Callable[[int], float]
"""Told how many bytes have come; may make the reader wait, and returns for how many seconds it did."""


class Reader(Protocol):
    """Reads files by name below one place.

    * `read` returns the whole file or raises: `Incomplete("verify.missing")` if it is not there, `Unavailable("verify.unreachable")` if
      that could not be found out, `Rejected("verify.too_large")` past `limit` bytes, `Rejected("verify.name")` for a name that leads out;
    * `names` lists the finished files below a folder, sorted, only where `listable`; a place on the web cannot be listed.
    """

    @property
    def where(self) -> str:
        """The place, as it was given."""
        ...

    @property
    def listable(self) -> bool:
        """Whether `names` says anything."""
        ...

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        """Return one whole file."""
        ...

    def names(self, folder: str = "") -> tuple[str, ...]:
        """Return the names of all files below `folder`."""
        ...


def open_reader(place: str) -> Reader:
    """Open a folder or an `http(s)://` address. Raises `Misused("verify.scheme")` for another scheme, `Unavailable("verify.nowhere")`."""
    scheme, colon, _ = place.partition("://")
    if not colon:
        return Folder(Path(place))
    if scheme.lower() not in {"http", "https"}:
        raise Misused("verify.scheme", given=scheme[:20])
    return Web(place)


class Folder:
    """A local folder. A symbolic link that leads out of it counts as a name that leads out."""

    listable = True

    def __init__(self, path: Path) -> None:
        if not path.is_dir():
            raise Unavailable("verify.nowhere", place=str(path))
        self._root = path.resolve()
        self.where = str(path)

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        """Read one file, see `Reader`."""
        path = self._below(name)
        try:
            if not path.is_file():
                raise Incomplete("verify.missing", name=name)
            with path.open("rb") as file:
                found = file.read(limit + 1)
        except OSError as error:
            raise Unavailable("verify.unreachable", name=name, why=error.strerror or type(error).__name__) from error
        if len(found) > limit:
            raise Rejected("verify.too_large", name=name, limit=limit)
        return found

    def names(self, folder: str = "") -> tuple[str, ...]:
        """List every finished file below `folder`; an absent folder has none. Files behind links that lead out are listed too, and refused by `read`."""
        return tuple(name for name in self._all(folder) if not name.endswith(UNFINISHED))

    def unfinished(self) -> tuple[str, ...]:
        """List the files that are being written at this moment, or that a crash left so: they have no name yet, and nobody vouches for them."""
        return tuple(name for name in self._all("") if name.endswith(UNFINISHED))

    def _all(self, folder: str) -> list[str]:
        top = self._below(folder) if folder else self._root
        return sorted(path.relative_to(self._root).as_posix() for path in top.rglob("*") if not path.is_dir())

    def _below(self, name: str) -> Path:
        _require_plain(name)
        try:
            path = (self._root / name).resolve()
        except (OSError, RuntimeError) as error:  # a loop of links
            raise Rejected("verify.name", name=name[:200]) from error
        if not path.is_relative_to(self._root):
            raise Rejected("verify.name", name=name[:200])
        return path


class _SameKind(urllib.request.HTTPRedirectHandler):
    """Follows a redirect to http or https only, and never from https down to http; where `at_home`, not to another host or port either."""

    def __init__(self, *, at_home: bool) -> None:
        self._at_home = at_home

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        to = urllib.parse.urlsplit(newurl)
        scheme = to.scheme
        if self._at_home and (scheme, to.netloc) != urllib.parse.urlsplit(req.full_url)[:2]:
            fp.close()
            raise Unavailable("verify.redirected", host=to.netloc[:200])
        if scheme != "https" and (scheme != "http" or req.type == "https"):
            raise urllib.error.URLError("redirect")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


class Web:
    """A place on the web, read by plain GET requests. `at_home`: a server that sends us to another host is not followed there: who copies for hours, by
    himself, must not be led into his own network. `patience` is what one file may take, without the time that `pace` made it wait.
    """

    listable = False

    def __init__(self, url: str, *, at_home: bool = False, patience: float = PATIENCE, pace: Pace | None = None) -> None:
        try:
            parts = urllib.parse.urlsplit(url)
            whole = bool(parts.hostname) and parts.port != 0 and not (parts.query or parts.fragment) and parts.username is None
        except ValueError as error:
            raise Misused("verify.url") from error
        if not whole:
            raise Misused("verify.url")
        self.where = url
        self._base = url.rstrip("/") + "/"
        self._patience, self._pace = patience, pace
        self._tags: dict[str, dict[str, str]] = {}
        # Named one by one: the library's own list would also open file:, ftp: and data: addresses.
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            _SameKind(at_home=at_home),
        ):
            self._opener.add_handler(handler)

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        """Fetch one file, see `Reader`. A gzip content encoding is undone, within `limit`."""
        return self._fetch(name, limit, {})[0]

    def read_new(self, name: str, limit: int = MAX_FILE) -> bytes | None:
        """Fetch one file unless the server says (304) that it is the one that this method fetched last (RFC 9110 section 13.1)."""
        tags = self._tags.get(name, {})
        try:
            found, self._tags[name] = self._fetch(name, limit, tags)
        except _Unchanged:
            return None
        return found

    def _fetch(self, name: str, limit: int, tags: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        _require_plain(name)
        headers = {"Accept-Encoding": "gzip, identity", **tags}
        # The scheme was checked when this place was opened, and the handlers know no other.
        request = urllib.request.Request(self._base + urllib.parse.quote(name), headers=headers)  # noqa: S310
        try:
            with self._opener.open(request, timeout=SILENCE) as answer:
                packed = _drain(answer, limit, name, self._patience, self._pace)
                encoding = str(answer.headers.get("Content-Encoding", "identity")).lower()
                stamps = (("If-None-Match", answer.headers.get("ETag")), ("If-Modified-Since", answer.headers.get("Last-Modified")))
        except urllib.error.HTTPError as error:
            error.close()  # it is the answer too, with its socket
            if error.code in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
                raise Incomplete("verify.missing", name=name) from error
            if error.code == HTTPStatus.NOT_MODIFIED and tags:
                raise _Unchanged from error
            asked = {"after": after} if (after := _asked(error)) else {}
            raise Unavailable("verify.unreachable", name=name, why=f"HTTP {error.code}", **asked) from error
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable("verify.unreachable", name=name, why=_reason(error)) from error
        found = _unpacked(packed, limit, name) if encoding == "gzip" else packed
        return found, {header: stamp for header, stamp in stamps if stamp and len(stamp) <= 200}

    def names(self, folder: str = "") -> tuple[str, ...]:
        """List nothing: the web has no folders."""
        return ()


class _Unchanged(Exception):
    """The server says that it has nothing new."""


def _asked(error: urllib.error.HTTPError) -> int:
    """Return how many seconds the server wants to be left alone, 0 where it does not say so in a way that we follow."""
    wish = str(error.headers.get("Retry-After", ""))
    return int(wish) if wish.isascii() and wish.isdecimal() and len(wish) <= 3 and int(wish) <= LONGEST_ASKED else 0


def _drain(answer: http.client.HTTPResponse, limit: int, name: str, patience: float, pace: Pace | None) -> bytes:
    deadline, found = time.monotonic() + patience, bytearray()
    while piece := answer.read1(65_536):
        found += piece
        if len(found) > limit:
            raise Rejected("verify.too_large", name=name, limit=limit)
        if pace is not None:
            deadline += pace(len(piece))
        if time.monotonic() > deadline:
            raise TimeoutError("too slow")
    promised = answer.headers.get("Content-Length")
    if promised is not None and promised.isdecimal() and int(promised) != len(found):
        raise http.client.IncompleteRead(bytes(found))
    return bytes(found)


def _unpacked(packed: bytes, limit: int, name: str) -> bytes:
    inflate = zlib.decompressobj(wbits=31)
    try:
        found = inflate.decompress(packed, limit + 1)
    except zlib.error as error:
        raise Unavailable("verify.unreachable", name=name, why="gzip") from error
    if len(found) > limit:
        raise Rejected("verify.too_large", name=name, limit=limit)
    if not inflate.eof:
        raise Unavailable("verify.unreachable", name=name, why="gzip")
    return found


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    if isinstance(reason, str):
        return reason[:80]
    return getattr(reason, "strerror", None) or type(reason).__name__


def _require_plain(name: str) -> None:
    if "\\" in name or "\x00" in name or len(name) > 1024 or any(part in {"", ".", ".."} for part in name.split("/")):
        raise Rejected("verify.name", name=name[:200].replace("\x00", "?"))
