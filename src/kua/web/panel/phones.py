# SPDX-License-Identifier: Apache-2.0
"""What observers' telephones are answered by the listener of a station: one page, its few files, the newest checkpoint, a proof, and the way back for a co-signature.

A closed list of routes. Holds no key and opens no file: what there is to say comes through `Hall`.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol, final

import segno

from kua.core.errors import KuaError, Misused, Rejected
from kua.web.kit.pages import SECURITY, Pages, preferred
from kua.web.kit.static import Assets
from kua.web.panel.up import NAMES, Turn
from kua.witness.bounded import NOT_FOUND, TEXT, Answer
from kua.words.speak import LANGUAGES, explain

TEMPLATES: Final = Path(__file__).parent / "templates"
MAX_BODY: Final = 4_096
JSON: Final = "application/json"
HEADERS: Final[tuple[tuple[str, str], ...]] = (*SECURITY.items(), ("Cache-Control", "no-store"))
_STATIC: Final = re.compile(r"(?:site|up|fonts)\.css|(?:cosign|filming)\.js|chunk-[A-Z0-9]+\.js|mark\.svg|fonts/[a-z-]+\.woff2")
_SIZES: Final = re.compile(r"from=([1-9][0-9]{0,15})&to=([1-9][0-9]{0,15})", re.ASCII)
_STATUS: Final[Mapping[str, int]] = {
    "listen.token": 401,
    "listen.stranger": 403,
    "listen.signature": 403,
    "listen.other_checkpoint": 409,
    "listen.closed": 409,
    "guests.full": 409,
    "guests.not_newer": 409,
    "guests.too_soon": 429,
    "listen.too_many": 429,
    "listen.no_log": 503,
    "web.not_found": 404,
}


class Hall(Protocol):
    """What the box says and takes; any method may be called from any thread and may raise `KuaError`.

    * `about`: the station's number, titles, the election's, the log's key line, whether the day is closed;
    * `checkpoint`: the newest checkpoint, byte for byte;
    * `steps`: a consistency proof between two sizes, the first node always written out (docs/spec/fork.md), in base64;
    * `pair`: let the key in whose owner was given the one-time token;
    * `take`: a co-signed checkpoint on its way into the log;
    * `may`: whether an address may make one more request now.
    """

    def about(self) -> Mapping[str, Any]: ...
    def checkpoint(self) -> bytes: ...
    def steps(self, earlier: int, later: int) -> list[str]: ...
    def pair(self, token: str, vkey: str) -> Mapping[str, Any]: ...
    def take(self, vkey: str, note: str) -> Mapping[str, Any]: ...
    def may(self, address: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class PhonePage:
    """The frame: words only."""

    turns: tuple[Turn, ...]


@final
class Phones:
    """Answers. One for all connections."""

    def __init__(self, hall: Hall, assets: Assets) -> None:
        self._hall, self._assets = hall, assets
        self._pages = Pages(TEMPLATES, self._assets)

    def get(self, target: str, address: str, language: str) -> Answer:
        """Answer a GET. `language` is what the browser asks for (Accept-Language), or the page's own header."""
        path, _, query = target.partition("?")
        if path == "/":
            return Answer(307, b"", headers=(("Location", f"/{preferred(language)}/"),))
        if path.startswith("/static/"):
            return self._static(path.removeprefix("/static/"))
        if path.strip("/") in LANGUAGES and path.endswith("/"):
            return self._page(path.strip("/"))
        readers: dict[str, Callable[[], Answer]] = {
            "/about": lambda: answer_json(self._hall.about()),
            "/checkpoint": lambda: Answer(200, self._hall.checkpoint(), TEXT),
            "/consistency": lambda: self._consistency(query),
            "/qr": self._qr,
        }
        return self._told(readers.get(path, _nothing), address, language)

    def post(self, target: str, data: bytes, address: str, language: str) -> Answer:
        """Answer a POST of at most `MAX_BODY` bytes."""
        takers: dict[str, Callable[[dict[str, str]], Mapping[str, Any]]] = {
            "/pair": lambda body: self._hall.pair(body.get("token", ""), body.get("vkey", "")),
            "/cosign": lambda body: self._hall.take(body.get("vkey", ""), body.get("note", "")),
        }
        taker = takers.get(target)
        return self._told(_nothing if taker is None else lambda: answer_json(taker(_body(data))), address, language)

    def _told(self, work: Callable[[], Answer], address: str, language: str) -> Answer:
        try:
            if not self._hall.may(address):
                raise Rejected("listen.too_many")
            return work()
        except KuaError as error:
            return answer_problem(error, preferred(language), _STATUS.get(error.code, 400))

    def _page(self, language: str) -> Answer:
        turns = tuple(Turn(each, NAMES[each], f"/{each}/", each == language) for each in LANGUAGES)
        html = self._pages.render(language, "phone.html", PhonePage(turns))
        return Answer(200, html.encode(), "text/html; charset=utf-8", (("Content-Language", language),))

    def _static(self, name: str) -> Answer:
        asset = self._assets.get(name) if _STATIC.fullmatch(name) else None
        return NOT_FOUND if asset is None else Answer(200, asset.data, asset.media_type)

    def _consistency(self, query: str) -> Answer:
        found = _SIZES.fullmatch(query)
        if found is None:
            raise Misused("listen.sizes")
        return answer_json({"steps": self._hall.steps(int(found[1]), int(found[2]))})

    def _qr(self) -> Answer:
        note = self._hall.checkpoint().decode()
        return answer_json({"note": note, "rows": qr_rows(note)})


def qr_rows(text: str) -> list[str]:
    """Return the modules of a QR code of `text`, row by row, `1` for a dark one; without the quiet zone."""
    return ["".join(str(int(module)) for module in row) for row in segno.make(text, error="m", micro=False, mode="byte").matrix]


def _nothing() -> Answer:
    raise Rejected("web.not_found")


def answer_problem(error: KuaError, language: str, status: int) -> Answer:
    """Return an error in words of `language`."""
    what, why, do = explain(error, language)
    return answer_json({"code": error.code, "what": what, "why": why, "do": do, "facts": error.facts}, status)


def answer_json(body: Mapping[str, Any], status: int = 200) -> Answer:
    """Return an object as JSON."""
    return Answer(status, json.dumps(dict(body), ensure_ascii=False).encode(), JSON)


def _body(data: bytes) -> dict[str, str]:
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Misused("up.body") from error
    if not isinstance(body, dict) or not all(isinstance(value, str) for value in body.values()):
        raise Misused("up.body")
    return body
