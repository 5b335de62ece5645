# SPDX-License-Identifier: Apache-2.0
"""`kua station up`: the box's own pages. A shell that holds nothing, and parts that are given only to who holds the token; no cookie, so no other page can act.

What the box does stands behind `Desk`; this module knows pages, words and bytes of pictures in passing. It writes nothing and logs nothing.
"""

import asyncio
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from kua.core.errors import KuaError, Misused, Rejected
from kua.sight.zones import KINDS
from kua.web.kit.pages import SECURITY, Pages, Words, preferred
from kua.web.kit.static import Assets
from kua.web.panel.words import kinds_of
from kua.words.speak import LANGUAGES, explain

TEMPLATES: Final = Path(__file__).parent / "templates"
STEPS: Final = ("where", "camera", "aim", "check", "sign", "day")
PAPER: Final = "paper"
"""The sheet that is printed: no step, but a page of the day."""
MOST: Final = 64 * 1024

_POLICY: Final = SECURITY["Content-Security-Policy"].replace("img-src 'self'", "img-src 'self' blob:")
HEADERS: Final[Mapping[str, str]] = {**SECURITY, "Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
NAMES: Final[Mapping[str, str]] = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
_STATUS: Final[Mapping[str, int]] = {
    "up.token": 401,
    "up.host": 403,
    "up.origin": 403,
    "up.no_picture": 404,
    "up.closed": 403,
    "web.not_found": 404,
}


@dataclass(frozen=True, slots=True)
class CameraStand:
    """How one camera of the station stands, from the files of the box."""

    id: str
    purpose: str
    source: str
    """Address without user and password; empty while none is chosen."""
    picks: tuple[str, ...]
    """What may be chosen, each as it may be shown; the first is the chosen one, if any."""
    width: int
    height: int
    is_painted: bool
    zones: Mapping[str, list[Any]] = field(default_factory=dict)
    heads: tuple[tuple[int, int], ...] = ()
    is_drawn: bool = False
    """Whether a person has drawn zones, or they are proposals."""
    is_learned: bool = False
    """Whether there is a calibration of this camera with exactly these zones and heads."""
    signers: tuple[str, ...] = ()
    is_ready: bool = False
    text: str = ""
    """What two people sign, empty before the room is learned."""
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stand:
    """How the box stands. Everything is derived from its files each time."""

    station: str = ""
    title: Mapping[str, str] = field(default_factory=dict)
    address: Mapping[str, str] = field(default_factory=dict)
    election: str = ""
    election_title: Mapping[str, str] = field(default_factory=dict)
    is_rehearsal: bool = False
    is_enrolled: bool = False
    may_look: bool = False
    cameras: tuple[CameraStand, ...] = ()
    is_running: bool = False
    is_closed: bool = False

    def done(self) -> Mapping[str, bool]:
        """Return which steps need nothing more."""
        cameras = self.cameras
        has = bool(cameras) and self.is_enrolled
        return {
            "where": self.is_enrolled,
            "camera": has and all(camera.source for camera in cameras),
            "aim": has and all(camera.is_learned for camera in cameras),
            "check": has and all(camera.is_learned and camera.signers for camera in cameras),
            "sign": has and all(camera.is_ready for camera in cameras),
            "day": self.is_running,
        }


@dataclass(frozen=True, slots=True)
class Second:
    """The second device's door while it is open."""

    url: str = ""
    qr: str = ""
    fingerprint: str = ""
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PaperWords:
    """What the sheet says in one language."""

    language: str
    title: str
    place: str
    time: str
    code: str
    how: str
    hands: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A checkpoint as it is printed."""

    size: str = ""
    code: str = ""
    note: str = ""
    qr: str = ""
    is_closed: bool = False
    time: str = ""
    words: tuple[PaperWords, ...] = ()


class Desk(Protocol):
    """What the box does. Every call may raise `KuaError`; `act` is called in a thread and may take long."""

    def stand(self) -> Stand: ...
    def picture(self, cam: str, pick: int, *, raw_only: bool) -> bytes | None: ...
    def still(self, cam: str) -> bytes: ...
    def state(self, cam: str) -> Mapping[str, Any]: ...
    def second(self, cam: str) -> Second: ...
    def paper(self) -> Paper: ...
    def act(self, name: str, body: Mapping[str, Any], language: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Turn:
    """A link to the same step in another language."""

    language: str
    name: str
    href: str
    here: bool


@dataclass(frozen=True, slots=True)
class StepLink:
    """One step in the line above the page."""

    name: str
    href: str
    word: str
    here: bool
    done: bool


@dataclass(frozen=True, slots=True)
class ShellPage:
    """The shell: no word about the box."""

    turns: tuple[Turn, ...]
    step: str


@dataclass(frozen=True, slots=True)
class PartPage:
    """A part: what the template of a step may know."""

    stand: Stand
    steps: tuple[StepLink, ...]
    step: str
    camera: CameraStand | None
    next: str
    kinds: Mapping[str, tuple[str, str]]
    zones_json: str
    words_json: str
    second: Second
    day: Mapping[str, Any]
    paper: Paper


class Guard:
    """Who may speak to the pages: one browser that was given the one-time token. Compares in constant time."""

    def __init__(self) -> None:
        self._door = ""
        self._sessions: list[str] = []
        self.renew()

    def renew(self) -> str:
        """Make a fresh one-time token and return it."""
        self._door = secrets.token_urlsafe(24)
        return self._door

    def enter(self, token: str) -> str:
        """Take the one-time token, once, and return the session's. Raises `Rejected("up.token")`."""
        if not self._door or not hmac.compare_digest(token.encode(), self._door.encode()):
            raise Rejected("up.token")
        self._door = ""
        session = secrets.token_urlsafe(32)
        self._sessions = [*self._sessions[-3:], session]
        return session

    def require(self, request: Request, hosts: tuple[str, ...]) -> None:
        """Raise `Rejected("up.token" | "up.host" | "up.origin")` for anybody else."""
        self.require_place(request, hosts)
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not given or not any(hmac.compare_digest(given.encode(), each.encode()) for each in self._sessions):
            raise Rejected("up.token")

    @staticmethod
    def require_place(request: Request, hosts: tuple[str, ...]) -> None:
        """Insist on our own name in Host (a foreign name that leads here is an attack) and on our own pages as the origin."""
        host = request.headers.get("host", "")
        if host not in hosts:
            raise Rejected("up.host", given=host[:80])
        origin = request.headers.get("origin", "")
        if origin and origin not in {f"{request.url.scheme}://{each}" for each in hosts}:
            raise Rejected("up.origin", given=origin[:80])


def build_up(desk: Desk, guard: Guard, hosts: Callable[[], tuple[str, ...]]) -> Starlette:
    """Return the application. `hosts` are the names under which it may be asked: `127.0.0.1:PORT`."""
    panel = Panel(desk, guard, hosts, Assets())
    routes = [
        Route("/", panel.door),
        Route("/static/{name:path}", panel.static),
        Route("/enter", panel.guarded(panel.enter, token=False), methods=["POST"]),
        Route("/part/{language}/{step}", panel.guarded(panel.part)),
        Route("/look/{cam}", panel.guarded(panel.look)),
        Route("/still/{cam}", panel.guarded(panel.still)),
        Route("/state/{cam}", panel.guarded(panel.state)),
        Route("/do/{language}/{name}", panel.guarded(panel.act), methods=["POST"]),
        Route("/{language}/{step}", panel.shell),
    ]
    return Starlette(routes=routes)


Handler = Callable[[Request], Awaitable[Response]]


class Panel:
    """The handlers."""

    def __init__(self, desk: Desk, guard: Guard, hosts: Callable[[], tuple[str, ...]], assets: Assets) -> None:
        self._desk, self._guard, self._hosts, self._assets = desk, guard, hosts, assets
        self._pages = Pages(TEMPLATES, assets)

    def guarded(self, handler: Handler, *, token: bool = True) -> Handler:
        """Return `handler` behind the guard, with errors as problem documents in the reader's language."""

        async def answered(request: Request) -> Response:
            try:
                if token:
                    self._guard.require(request, self._hosts())
                else:
                    self._guard.require_place(request, self._hosts())
                return await handler(request)
            except KuaError as error:
                language = request.path_params.get("language", "") or preferred(request.headers.get("accept-language", ""))
                return told(error, language)

        return answered

    async def static(self, request: Request) -> Response:
        """Answer for styles and islands."""
        return await self._assets.serve(request)

    async def door(self, request: Request) -> Response:
        """Lead to the first page in the reader's language; the token stays in the fragment, which browsers carry along."""
        return RedirectResponse(f"/{preferred(request.headers.get('accept-language', ''))}/go", 307, dict(HEADERS))

    async def shell(self, request: Request) -> Response:
        """Give the frame without content."""
        try:
            self._guard.require_place(request, self._hosts())
        except KuaError as error:
            return told(error, "en")
        language, step = request.path_params["language"], request.path_params["step"]
        if language not in LANGUAGES or step not in {*STEPS, PAPER, "go"}:
            return RedirectResponse("/kk/go", 307, dict(HEADERS))
        turns = tuple(Turn(each, NAMES[each], f"/{each}/{step}", each == language) for each in LANGUAGES)
        return self._html(language, "up.html", ShellPage(turns, step))

    async def enter(self, request: Request) -> Response:
        """Take the one-time token."""
        body = await read_body(request)
        return JSONResponse({"session": self._guard.enter(str(body.get("token", "")))}, headers={"Cache-Control": "no-store"})

    async def part(self, request: Request) -> Response:
        """Give the content of a step; `go` is the first that is not done."""
        language, step = request.path_params["language"], request.path_params["step"]
        if language not in LANGUAGES or step not in {*STEPS, PAPER, "go"}:
            raise Rejected("web.not_found")
        stand = await asyncio.to_thread(self._desk.stand)
        done = stand.done()
        if step == "go":
            step = next((each for each in STEPS if not done[each]), "day")
        reached = next((number for number, each in enumerate(STEPS) if not done[each]), len(STEPS) - 1)
        # One signature is enough to begin the day with silhouettes.
        open_to = "day" if done["check"] else "sign" if done["aim"] else STEPS[0]
        if step != PAPER and STEPS.index(step) > max(reached, STEPS.index(open_to)):
            step = STEPS[reached]
        camera = _camera(stand, request.query_params.get("cam", ""), step)
        words = Words(language)
        page = PartPage(
            stand,
            tuple(StepLink(each, f"/{language}/{each}", _step_word(each, words), each == step, done[each]) for each in STEPS),
            step,
            camera,
            f"/{language}/{STEPS[min(STEPS.index('day' if step == PAPER else step) + 1, len(STEPS) - 1)]}",
            kinds_of(words),
            json.dumps({"zones": dict(camera.zones), "heads": list(camera.heads)}) if camera else "{}",
            json.dumps({kind: kinds_of(words)[kind][0] for kind in KINDS}, ensure_ascii=False),
            self._desk.second(camera.id) if camera and step in {"sign", "day"} else Second(),
            self._desk.state(camera.id) if camera and step == "day" else {},
            await asyncio.to_thread(self._desk.paper) if step == PAPER else Paper(),
        )
        return self._html(language, f"up_{step}.html", page)

    async def look(self, request: Request) -> Response:
        """Give the newest picture: three parts, each with its length. Never kept by anybody."""
        query = request.query_params
        pick = query.get("pick", "0")
        data = await asyncio.to_thread(
            self._desk.picture, request.path_params["cam"], int(pick) if pick.isdecimal() else 0, raw_only="raw" in query
        )
        if data is None:
            return Response(status_code=204, headers={"Cache-Control": "no-store"})
        return Response(
            data, media_type="application/octet-stream", headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        )

    async def still(self, request: Request) -> Response:
        """Give the picture of the empty room."""
        data = await asyncio.to_thread(self._desk.still, request.path_params["cam"])
        return Response(data, media_type="image/png", headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})

    async def state(self, request: Request) -> Response:
        """Say how learning, the second device and the day stand."""
        return JSONResponse(await asyncio.to_thread(self._desk.state, request.path_params["cam"]), headers={"Cache-Control": "no-store"})

    async def act(self, request: Request) -> Response:
        """Do one thing."""
        language = request.path_params["language"]
        if language not in LANGUAGES:
            raise Rejected("web.not_found")
        answer = await asyncio.to_thread(self._desk.act, request.path_params["name"], await read_body(request), language)
        return JSONResponse(dict(answer), headers={"Cache-Control": "no-store"})

    def _html(self, language: str, template: str, page: Any) -> Response:
        headers = {**HEADERS, "Content-Language": language}
        return Response(self._pages.render(language, template, page), media_type="text/html", headers=headers)


def told(error: KuaError, language: str) -> Response:
    """Return an error as JSON in words."""
    what, why, do = explain(error, language if language in LANGUAGES else "kk")
    status = _STATUS.get(error.code, 400)
    return JSONResponse({"code": error.code, "what": what, "why": why, "do": do}, status, {"Cache-Control": "no-store"})


def _camera(stand: Stand, wanted: str, step: str) -> CameraStand | None:
    """Return the camera that was asked for, else the first that the step still has to do with."""
    for camera in stand.cameras:
        if camera.id == wanted:
            return camera
    open_ = {"camera": lambda c: not c.source, "aim": lambda c: not c.is_learned, "sign": lambda c: not c.is_ready}.get(step)
    left = [camera for camera in stand.cameras if open_ is not None and open_(camera)]
    return next(iter([*left, *stand.cameras]), None)


def _step_word(step: str, _: Words) -> str:
    return {
        "where": _("Station"),
        "camera": _("Camera"),
        "aim": _("Zones"),
        "check": _("Seen and sent"),
        "sign": _("Signatures"),
        "day": _("Start"),
    }[step]


async def read_body(request: Request) -> dict[str, Any]:
    """Read a small JSON object. Raises `Misused("up.body")`."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST:
            raise Misused("up.body")
    try:
        value = json.loads(bytes(data) or b"{}")
    except ValueError as error:
        raise Misused("up.body") from error
    if not isinstance(value, dict):
        raise Misused("up.body")
    return value
