# SPDX-License-Identifier: Apache-2.0
"""The public site as an ASGI application: `build_site(index)`. No account, no cookie, nothing from anybody else's server.

Every page says all that it knows without JavaScript, except the moving picture.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from kua.core.digest import sha256
from kua.core.election import Election
from kua.core.errors import Misused, Rejected
from kua.ports.clips import Clips
from kua.ports.index import PublicIndex
from kua.web.kit.pages import SECURITY, SEEING, Pages, Words, answer, preferred
from kua.web.kit.static import Assets
from kua.web.site.clips import ClipPages
from kua.web.site.hosted import MANIFEST, TEMPLATES, check_page
from kua.web.site.moments import moment
from kua.web.site.search import Finder
from kua.web.site.shapes import Host
from kua.web.site.views import Views, election_key
from kua.words.speak import LANGUAGES

KEPT: Final = 512
"""Pages kept within one second: enough for a crowd on the same pages, too few to fill the memory."""



class Site:
    """The pages of one centre."""

    def __init__(
        self, index: PublicIndex, tree_prefix: str, assets: Assets, clips: Clips | None, hosts: tuple[Host, ...], copy: str
    ) -> None:
        self._index, self._hosts, self._copy = index, hosts, copy
        self._tree = tree_prefix
        self._pages = Pages(TEMPLATES, assets)
        self._longest = clips.longest if clips is not None else None
        self.clips = ClipPages(index, clips, self._pages, tree_prefix, self._no_station) if clips is not None else None
        self._finder: tuple[tuple[str, int], Finder] | None = None
        self._second = -1
        self._kept: dict[tuple[str, str, str], str] = {}

    def _shown(self, request: Request, language: str, make: Callable[[], str], also: Mapping[str, str] | None = None) -> Response:
        """Answer with a page that is made at most once a second, however many ask for it: a crowd costs what one reader costs."""
        second = self._index.now() // 1000
        if second != self._second:
            self._second, self._kept = second, {}
        key = (language, request.url.path, request.url.query)
        html = self._kept.get(key)
        if html is None:
            html = make()
            if len(self._kept) < KEPT:
                self._kept[key] = html
        return answer(request, html, language=language, also=also)

    def _views(self, language: str) -> Views:
        return Views(self._index, language, self._tree)

    def _find(self, election: Election) -> Finder:
        key = election_key(election)
        if self._finder is None or self._finder[0] != key:
            self._finder = (key, Finder(election))
        return self._finder[1]

    # ---------------------------------------------------------------------------------------------------------- routes

    async def door(self, request: Request) -> Response:
        """`/`: to the reader's language, else Kazakh."""
        language = preferred(request.headers.get("accept-language", ""))
        return RedirectResponse(f"/{language}/", 307, {**SECURITY, "Vary": "Accept-Language", "Cache-Control": "no-cache"})

    async def now(self, _request: Request) -> Response:
        """`/now`: the centre's clock in milliseconds, so that an age on a page does not lean on the reader's clock."""
        return PlainTextResponse(str(self._index.now()), headers={**SECURITY, "Cache-Control": "no-store"})

    async def country(self, language: str, request: Request) -> Response:
        """P1, and what its search box finds."""
        query = request.query_params.get("q", "").strip()[:100]
        result = None
        if query:
            hits, total = self._find(self._index.election()).find(query)
            if total == 1 or (hits and hits[0].id == query.replace(" ", "-")):
                return RedirectResponse(f"/{language}/s/{hits[0].id}", 303, {**SECURITY, "Cache-Control": "no-cache"})
            result = (query, hits, total)
        return self._shown(request, language, lambda: self._pages.render(language, "country.html", self._views(language).country(result)))

    async def region(self, language: str, request: Request) -> Response:
        """P2."""
        region = request.path_params["region"]
        if all(each.id != region for each in self._index.election().regions):
            return self._lost(request, language, Words(language)("There is no region “{number}” in this election.", number=region[:20]))
        return self._shown(request, language, lambda: self._pages.render(language, "region.html", self._views(language).region(region)))

    async def station(self, language: str, request: Request) -> Response:
        """P3."""
        number = request.path_params["station"]
        cam = request.query_params.get("cam", "")[:8]
        asked = request.query_params.get("t", "").strip()[:40]

        def make() -> str:
            views = self._views(language)
            day = views.date_of(number, cam)
            at = moment(asked, day) if asked else None
            page = views.station(number, cam, at, "" if at is not None else asked, self._longest)
            return self._pages.render(language, "station.html", page)

        try:
            return self._shown(request, language, make)
        except Rejected as error:
            return self._no_station(language, request, error)

    def _no_station(self, language: str, request: Request, error: Rejected) -> Response:
        """Answer for a station or a camera that is not there; anything else is a bug, and is raised again."""
        say, number, cam = Words(language), request.path_params["station"], str(error.facts.get("camera", ""))
        told = {
            "election.no_station": say("There is no station “{number}” in this election.", number=number[:20]),
            "election.no_camera": say("Station {number} has no camera “{camera}”.", number=number[:20], camera=cam[:8]),
        }.get(error.code)
        if told is None:
            raise error
        return self._lost(request, language, told)

    async def check(self, language: str, request: Request) -> Response:
        """P4."""
        number = request.query_params.get("s", "").strip().replace(" ", "-")[:20]

        def make() -> str:
            return self._pages.render(language, "check.html", self._views(language).check(number, self._hosts, self._copy))

        try:
            return self._shown(request, language, make, SEEING)
        except Rejected as error:
            if error.code != "election.no_station":
                raise
            return self._lost(request, language, Words(language)("There is no station “{number}” in this election.", number=number))

    async def place(self, request: Request) -> Response:
        """`/s/{station}/place.json`: where copies of P4 look for a station's film (docs/spec/check-page.md). Hints; a reader believes only what is signed."""
        try:
            told = self._views(LANGUAGES[0]).place(request.path_params["station"])
        except Rejected as error:
            if error.code != "election.no_station":
                raise
            return JSONResponse({}, 404, {**SECURITY, "Access-Control-Allow-Origin": "*"})
        return JSONResponse(told, headers={**SECURITY, "Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"})

    async def unseen(self, language: str, request: Request) -> Response:
        """What you do not see and why."""
        return self._shown(request, language, lambda: self._pages.render(language, "unseen.html", self._views(language).unseen()))

    def _lost(self, request: Request, language: str, why: str) -> Response:
        say = Words(language)
        page = self._views(language).problem(
            say("This page is not here"), why, say("A station's number is the region and the number on its door, like 10-245. Or search by village, street or school.")
        )
        return answer(request, self._pages.render(language, "problem.html", page), language=language, status=404)

    async def lost(self, request: Request, _error: Exception) -> Response:
        """Any other address."""
        first = request.url.path.split("/")[1]
        language = first if first in LANGUAGES else preferred(request.headers.get("accept-language", ""))
        return self._lost(request, language, Words(language)("Nothing lies at this address. A letter may have been lost on the way."))


def _copy_of(index: PublicIndex, file: bytes, assets: Assets) -> str:
    """Return the digest of the manifest that every copy of P4 has; empty where there is no file to make one from, or no bundle."""
    try:
        return sha256(check_page(index.election(), file, assets)[MANIFEST]).hex() if file else ""
    except Misused:
        return ""


def _in(language: str, page: Callable[[str, Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await page(language, request)

    return endpoint


def _to(place: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_request: Request) -> Response:
        return RedirectResponse(place, 308, SECURITY)

    return endpoint


def build_site(
    index: PublicIndex, tree_prefix: str = "/t", assets: Assets | None = None, clips: Clips | None = None, *,
    hosts: tuple[Host, ...] = (), file: bytes = b"",
) -> Starlette:  # fmt: skip
    """Return the site over `index`. `tree_prefix` is where the published tree is served on the same host; `clips` makes clips for readers, where it may;
    `hosts` are those who host copies of P4; `file` are the bytes of the election file, for the digest that such copies have."""
    held = assets or Assets()
    site = Site(index, tree_prefix, held, clips, hosts, _copy_of(index, file, held))
    return Starlette(
        routes=[
            Route("/", site.door),
            Route("/now", site.now),
            Route("/static/{name:path}", held.serve),
            Route("/s/{station}/place.json", site.place),
            *(
                route
                for language in LANGUAGES
                for route in (
                    Route(f"/{language}", _to(f"/{language}/")),
                    Route(f"/{language}/", _in(language, site.country)),
                    Route(f"/{language}/check", _in(language, site.check)),
                    Route(f"/{language}/unseen", _in(language, site.unseen)),
                    Route(f"/{language}/r/{{region}}", _in(language, site.region)),
                    Route(f"/{language}/s/{{station}}", _in(language, site.station)),
                )
            ),
            *(_clip_routes(site.clips) if site.clips is not None else ()),
        ],
        exception_handlers={404: site.lost},
    )


def _clip_routes(clips: ClipPages) -> Iterator[Route]:
    yield Route("/clip/{key}/{name}", clips.fetch)
    for language in LANGUAGES:
        place = f"/{language}/s/{{station}}/clip"
        yield Route(place, _in(language, clips.order), methods=["POST"])
        yield Route(place, _in(language, clips.form), methods=["GET"])
        yield Route(f"{place}/{{key}}", _in(language, clips.state), methods=["GET"])
