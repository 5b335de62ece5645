# SPDX-License-Identifier: Apache-2.0
"""The demonstration's slider: what the camera sees | what leaves the room, side by side in one picture. Serves painted rooms only.

The pictures come from memory, the newest pair alone; nothing is written and nothing is logged.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from kua.web.kit.pages import SECURITY, Pages, answer, preferred
from kua.web.kit.static import Assets
from kua.words.speak import LANGUAGES

Pair = tuple[bytes, bytes]
"""Two JPEG pictures of the same moment: raw, sent."""

TEMPLATES: Final = Path(__file__).parent / "templates"
NAMES: Final[Mapping[str, str]] = {"kk": "Қазақша", "ru": "Русский", "en": "English"}

# The two pictures of a pair come in one answer, so that they show one moment; the page cuts them apart.
_POLICY: Final = SECURITY["Content-Security-Policy"].replace("img-src 'self'", "img-src 'self' blob:")
_UNKEPT: Final[Mapping[str, str]] = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True, slots=True)
class Door:
    """A link with its words; `here` marks the one that is shown."""

    name: str
    href: str
    here: bool
    language: str = ""


@dataclass(frozen=True, slots=True)
class SliderPage:
    """What the template may know."""

    station: str
    stations: tuple[Door, ...]
    turns: tuple[Door, ...]
    pictures: str
    site: str


def build_slider(pair_of: Callable[[str], Pair | None], stations: tuple[str, ...], site_url: Callable[[str, str], str]) -> Starlette:
    """Return the application. `pair_of(station)` is the newest pair or None; `site_url(language, station)` is the station's public page."""
    assets = Assets()
    pages = Pages(TEMPLATES, assets)

    async def door(request: Request) -> Response:
        language = preferred(request.headers.get("accept-language", ""))
        return RedirectResponse(f"/{language}/{stations[0]}", 307, dict(SECURITY))

    async def slider(request: Request) -> Response:
        language, station = request.path_params["language"], request.path_params["station"]
        if language not in LANGUAGES or station not in stations:
            return RedirectResponse(f"/kk/{stations[0]}", 307, dict(SECURITY))
        page = SliderPage(
            station,
            tuple(Door(name, f"/{language}/{name}", name == station) for name in stations),
            tuple(Door(NAMES[each], f"/{each}/{station}", each == language, each) for each in LANGUAGES),
            f"/pictures/{station}",
            site_url(language, station),
        )
        page_answer = answer(request, pages.render(language, "slider.html", page), language=language)
        page_answer.headers["Content-Security-Policy"] = _POLICY
        return page_answer

    async def pictures(request: Request) -> Response:
        pair = pair_of(request.path_params["station"])
        if pair is None:
            return Response(status_code=404, headers=_UNKEPT)
        data = len(pair[0]).to_bytes(4, "big") + pair[0] + pair[1]
        return Response(data, media_type="application/octet-stream", headers=_UNKEPT)

    return Starlette(
        routes=[
            Route("/", door),
            Route("/static/{name:path}", assets.serve),
            Route("/pictures/{station}", pictures),
            Route("/{language}/{station}", slider),
        ]
    )
