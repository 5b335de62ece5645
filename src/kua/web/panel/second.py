# SPDX-License-Identifier: Apache-2.0
"""The second device's page: what is being signed, a key that is made there, a signature. A listed set of routes, each but the empty frame behind the token of the QR.

Shows the still of the empty room only; no live picture can come here. Nothing is written and nothing is logged.
"""

import asyncio
import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from kua.core.digest import sha256
from kua.core.errors import KuaError, Misused, Rejected
from kua.proof.keys import VerifierKey
from kua.sight.zones import KINDS
from kua.web.kit.pages import Pages, Words, preferred
from kua.web.kit.static import Assets
from kua.web.panel.up import HEADERS, NAMES, Turn, read_body, told
from kua.web.panel.words import kinds_of
from kua.words.speak import LANGUAGES

TEMPLATES: Final = Path(__file__).parent / "templates"
_STATIC: Final = re.compile(r"(?:site|up|fonts)\.css|signsecond\.js|chunk-[A-Z0-9]+\.js|mark\.svg|fonts/[a-z-]+\.woff2")
_LONGEST: Final = 30.0


@dataclass(slots=True)
class Pairing:
    """What the process knows: what is signed, and how far the device has come. `tell` says something to the box's page."""

    token: str
    fingerprint: str
    what: Mapping[str, Any]
    still: bytes
    tell: Callable[[Mapping[str, Any]], None]
    vkey: str = ""
    certificate: str = ""
    is_confirmed: bool = False
    is_signed: bool = False
    is_near: bool = False
    """The page was asked for by this very computer: no other device signs."""
    answer: "asyncio.Future[Mapping[str, Any]] | None" = field(default=None, repr=False)

    def hear(self, said: Mapping[str, Any]) -> None:
        """Take what the box's page says: `confirmed`, `certificate`, `answer`."""
        if said.get("confirmed") == self.vkey and self.vkey:
            self.is_confirmed = True
        if said.get("certificate"):
            self.certificate = str(said["certificate"])
        if "answer" in said and self.answer is not None and not self.answer.done():
            self.answer.set_result(said["answer"])


def is_near(request: Request) -> bool:
    """Whether a request comes from this computer itself: a connection to an own address begins at that address, or on loopback."""
    server = request.scope.get("server")
    if request.client is None or server is None:
        return True
    try:
        return ip_address(request.client.host).is_loopback or request.client.host == server[0]
    except ValueError:
        return True


def code_of(fingerprint: str, text: str, vkey: str) -> str:
    """Return nine digits that stand on both screens: over the door's certificate, what is signed, and the device's key."""
    digest = sha256(b"\x00".join((b"kua/second/v1", fingerprint.encode(), text.encode(), vkey.encode())))
    number = int.from_bytes(digest[:8], "big") % 1_000_000_000
    return f"{number // 1_000_000:03d} {number // 1000 % 1000:03d} {number % 1000:03d}"


@dataclass(frozen=True, slots=True)
class SecondPage:
    """The frame: words only."""

    turns: tuple[Turn, ...]
    kinds: Mapping[str, tuple[str, str]]


def build_second(pairing: Pairing, hosts: Callable[[], tuple[str, ...]]) -> Starlette:
    """Return the application with its closed list of routes."""
    door = SecondDoor(pairing, hosts)
    return Starlette(
        routes=[
            Route("/", door.lead),
            Route("/static/{name:path}", door.static),
            Route("/what", door.guarded(door.what), methods=["POST"]),
            Route("/still", door.guarded(door.still), methods=["POST"]),
            Route("/key", door.guarded(door.key), methods=["POST"]),
            Route("/state", door.guarded(door.state), methods=["POST"]),
            Route("/sign", door.guarded(door.sign), methods=["POST"]),
            Route("/{language}/", door.shell),
        ]
    )


class SecondDoor:
    """The handlers."""

    def __init__(self, pairing: Pairing, hosts: Callable[[], tuple[str, ...]]) -> None:
        self._pairing, self._hosts, self._assets = pairing, hosts, Assets()
        self._pages = Pages(TEMPLATES, self._assets)

    def guarded(self, handler: Callable[[dict[str, Any]], Any]) -> Callable[[Request], Any]:
        """Return `handler` behind the token, with errors in the reader's words."""

        async def answered(request: Request) -> Response:
            language = request.headers.get("kua-language", "kk")
            try:
                self._require(request)
                answer = await handler({**await read_body(request), "language": language})
            except KuaError as error:
                return told(error, language)
            return answer if isinstance(answer, Response) else JSONResponse(answer, headers={"Cache-Control": "no-store"})

        return answered

    def _require(self, request: Request) -> None:
        host, origin = request.headers.get("host", ""), request.headers.get("origin", "")
        if host not in self._hosts():
            raise Rejected("up.host", given=host[:80])
        if origin != f"https://{host}":
            raise Rejected("up.origin", given=origin[:80])
        # Whoever came once from this computer is on it: the key was made here.
        self._pairing.is_near |= is_near(request)
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._pairing.token.encode()):
            raise Rejected("up.token")

    async def lead(self, request: Request) -> Response:
        """Lead to the reader's language; the token stays in the fragment."""
        return RedirectResponse(f"/{preferred(request.headers.get('accept-language', ''))}/", 307, dict(HEADERS))

    async def static(self, request: Request) -> Response:
        """Answer for the few files of this page."""
        if not _STATIC.fullmatch(request.path_params["name"]):
            return Response(status_code=404)
        return await self._assets.serve(request)

    async def shell(self, request: Request) -> Response:
        """Give the frame without content."""
        language = request.path_params["language"]
        if language not in LANGUAGES:
            return RedirectResponse("/kk/", 307, dict(HEADERS))
        turns = tuple(Turn(each, NAMES[each], f"/{each}/", each == language) for each in LANGUAGES)
        html = self._pages.render(language, "second.html", SecondPage(turns, kinds_of(Words(language))))
        return Response(html, media_type="text/html", headers={**HEADERS, "Content-Language": language})

    async def what(self, body: dict[str, Any]) -> Any:
        """Say what is being signed."""
        words = kinds_of(Words(body["language"] if body["language"] in LANGUAGES else "kk"))
        return {**self._pairing.what, "names": {kind: words[kind][0] for kind in KINDS}}

    async def still(self, _body: dict[str, Any]) -> Response:
        """Give the picture of the empty room."""
        return Response(self._pairing.still, media_type="image/png", headers={"Cache-Control": "no-store"})

    async def key(self, body: dict[str, Any]) -> Any:
        """Take the key that the device has made. Raises `Rejected("key.*")` and, after the numbers were compared, `Rejected("up.other_device")`."""
        pairing = self._pairing
        key = str(VerifierKey.parse(str(body.get("vkey", ""))[:400]))
        if key != pairing.vkey:
            if pairing.is_confirmed:
                raise Rejected("up.other_device")
            pairing.vkey = key
            pairing.tell({"vkey": key, "code": self._code()})
        return {"code": self._code()}

    async def state(self, _body: dict[str, Any]) -> Any:
        """Say how far it is."""
        pairing = self._pairing
        return {"confirmed": pairing.is_confirmed, "certificate": pairing.certificate, "signed": pairing.is_signed}

    async def sign(self, body: dict[str, Any]) -> Any:
        """Hand the signature to the box, which checks it, and say what came of it."""
        pairing = self._pairing
        if not pairing.is_confirmed or body.get("vkey") != pairing.vkey:
            raise Misused("up.not_compared")
        pairing.answer = asyncio.get_running_loop().create_future()
        pairing.tell(
            {"sign": {name: str(body.get(name, ""))[:4000] for name in ("vkey", "signature", "certificate")} | {"near": "near" if pairing.is_near else ""},
             "language": body["language"]}
        )
        try:
            answer = await asyncio.wait_for(pairing.answer, _LONGEST)
        except TimeoutError as error:
            raise Misused("up.no_answer") from error
        pairing.is_signed = not answer
        return JSONResponse(dict(answer), 400 if answer else 200, {"Cache-Control": "no-store"})

    def _code(self) -> str:
        return code_of(self._pairing.fingerprint, str(self._pairing.what.get("text", "")), self._pairing.vkey)
