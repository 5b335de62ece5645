# SPDX-License-Identifier: Apache-2.0
"""`/office/`: one page, one button that ends the publication of a camera at once.

Off unless the operator sets a token. Whoever gives it gets a cookie that only `/office` sees; every change carries a token of its own against
forged forms. Nothing here is cached, nothing is public.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from kua.centre.broadcast.withdraw import Order, Withdraw
from kua.core.digest import sha256
from kua.core.errors import KuaError, Rejected
from kua.ports.index import PublicIndex, StationState
from kua.proof.base64 import to_base64
from kua.web.kit.problems import language_of, status_of
from kua.words.speak import LANGUAGES, catalogue, explain

TEMPLATES: Final = Path(__file__).parent / "templates"
COOKIE: Final = "kua_office"
_MOST: Final = 16 * 1024
_SESSIONS: Final = 100
STYLE: Final = """\
body { margin: 0 auto; max-width: 40rem; padding: 1rem; font: 1.0625rem/1.5 system-ui, sans-serif; color: #14202b; background: #f5f6f8; }
nav { display: flex; gap: 1rem; border-top: 3px solid #0a4b84; padding: .75rem 0; }
a { color: #0a4b84; } a[aria-current] { font-weight: 600; text-decoration: none; color: inherit; }
h1 { font-size: 1.75rem; line-height: 1.2; }
form { background: #fff; border: 1px solid #cfd6dd; border-radius: .375rem; padding: .5rem 1.25rem; }
input, select, button { box-sizing: border-box; width: 100%; min-height: 2.75rem; margin-top: .25rem; padding: .5rem .75rem; font: inherit;
  border: 1px solid #5b6b7a; border-radius: .375rem; background: #fff; color: inherit; }
button { background: #9b1c1c; border-color: #9b1c1c; color: #fff; font-weight: 600; } button.enter { background: #0a4b84; border-color: #0a4b84; }
:focus-visible { outline: 3px solid #e08a00; outline-offset: 2px; }
[role=alert], [role=status] { border-left: 4px solid #9b1c1c; background: #fff; padding: .75rem 1rem; } [role=status] { border-color: #1c7a3d; }
"""
"""The only style: in the page itself and named by its hash, so that the page needs no other file and takes none."""

_STYLED: Final = to_base64(sha256(STYLE.encode()))
_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLED}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class StopPage:
    """All that the page says. `csrf` is empty for somebody who has not given the token yet; `told` is a problem in three sentences."""

    languages: tuple[str, ...]
    csrf: str
    stations: tuple[StationState, ...]
    done: str
    told: tuple[str, str, str] | None


class Office:
    """The pages. Sessions live in memory: a restart of the centre asks for the token again."""

    def __init__(self, withdraw: Withdraw, desk: PublicIndex, token: str) -> None:
        self._withdraw, self._desk, self._token = withdraw, desk, token
        self._sessions: dict[str, str] = {}
        self._room = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(default=True, default_for_string=True), undefined=StrictUndefined
        )

    async def page(self, request: Request) -> Response:
        """Show the button, or ask for the token."""
        return self._show(request, self._csrf(request), done=request.query_params.get("done", "")[:40])

    async def enter(self, request: Request) -> Response:
        """Take the token and give the cookie."""
        form = await _form(request)
        if not hmac.compare_digest(form.get("token", "").encode(), self._token.encode()):
            return self._show(request, "", error=Rejected("office.token"))
        session = secrets.token_urlsafe(32)
        while len(self._sessions) >= _SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        self._sessions[session] = secrets.token_urlsafe(32)
        answer = RedirectResponse(f"/office/?lang={_language(request)}", 303, _HEADERS)
        answer.set_cookie(COOKIE, session, path="/office", httponly=True, samesite="strict", secure=request.url.scheme == "https")
        return answer

    async def stop(self, request: Request) -> Response:
        """End the publication of a camera."""
        csrf = self._csrf(request)
        form = await _form(request)
        if not csrf or not hmac.compare_digest(form.get("csrf", "").encode(), csrf.encode()):
            return self._show(request, csrf, error=Rejected("office.form"))
        station, _, cam = form.get("camera", "").partition("/")
        try:
            leaf = await self._withdraw.stop(Order(station, cam, form.get("article", ""), form.get("reason", ""), "office"))
        except KuaError as error:
            return self._show(request, csrf, error=error)
        return RedirectResponse(f"/office/?lang={_language(request)}&done={leaf}", 303, _HEADERS)

    def _csrf(self, request: Request) -> str:
        return self._sessions.get(request.cookies.get(COOKIE, ""), "")

    def _show(self, request: Request, csrf: str, *, done: str = "", error: KuaError | None = None) -> Response:
        language = _language(request)
        words = catalogue(language)
        page = StopPage(LANGUAGES, csrf, tuple(self._desk.station_states()) if csrf else (), done, explain(error, language) if error else None)
        facts: dict[str, Any] = {"_": words.gettext, "language": language, "page": page, "style": STYLE}
        body = self._room.get_template("stop.html").render(facts)
        return Response(body, status_of(error) if error else 200, {**_HEADERS, "Content-Language": language}, "text/html; charset=utf-8")


def _language(request: Request) -> str:
    asked = request.query_params.get("lang", "")
    return asked if asked in LANGUAGES else language_of(request.headers.get("accept-language", "kk"))


async def _form(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST:
            raise Rejected("ingest.too_large", most=_MOST)
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace"), max_num_fields=20).items()}


def build_office(withdraw: Withdraw, desk: PublicIndex, token: str) -> Starlette:
    """Return the office; `token` must not be empty."""
    office = Office(withdraw, desk, token)

    async def refuse(_request: Request, error: Exception) -> Response:
        told = explain(error, "en") if isinstance(error, KuaError) else ("", "", "")
        return Response(" ".join(told), status_of(error) if isinstance(error, KuaError) else 500, _HEADERS, "text/plain; charset=utf-8")

    return Starlette(
        routes=[
            Route("/office/", office.page, methods=["GET"]),
            Route("/office/enter", office.enter, methods=["POST"]),
            Route("/office/stop", office.stop, methods=["POST"]),
        ],
        exception_handlers={KuaError: refuse},
    )
