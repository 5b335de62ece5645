# SPDX-License-Identifier: Apache-2.0
"""*Make a clip*: a reader chooses from and to, waits a moment, and fetches a court bundle that holds without this site. Works without scripts.

Ordering is a POST that answers with the address of a page; that page looks again by itself while the clip is on its way. Nothing is known of the reader
but the address that asks.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from kua.core.errors import KuaError, Rejected
from kua.core.instant import Instant
from kua.ports.clips import ClipAsked, Clips, ClipState
from kua.ports.index import PublicIndex
from kua.web.kit.formats import Formats
from kua.web.kit.pace import block_of, read_body
from kua.web.kit.pages import SECURITY, Pages, answer
from kua.web.kit.problems import later, status_of
from kua.web.site.shapes import ClipForm
from kua.web.site.moments import moment
from kua.web.site.views import Views
from kua.words.speak import explain

MOST: Final = 1024
"""Bytes of the longest form that is read."""
DAY: Final = 86_400_000
AGAIN: Final = 2
"""Seconds until a page whose clip is on its way looks again."""


class ClipPages:
    """The pages of clips. `lost` answers for a station or a camera that is not there."""

    def __init__(self, index: PublicIndex, clips: Clips, pages: Pages, tree: str, lost: Callable[[str, Request, Rejected], Response]) -> None:
        self._index, self._clips, self._pages, self._tree, self._lost = index, clips, pages, tree, lost

    async def order(self, language: str, request: Request) -> Response:
        """`POST /LANGUAGE/s/STATION/clip`: put a clip on the list, and lead to its page."""
        number, views = str(request.path_params["station"]), Views(self._index, language, self._tree)
        given = None
        try:
            form = await _form(request)
            since, until, cam = (form.get(name, "").strip()[:40] for name in ("from", "to", "cam"))
            cam = views.clip_form(number, cam[:8], None, self._clips.longest).cam
            given = ClipForm(cam, since, until, self._clips.longest // 60_000)
            day = views.date_of(number, cam)
            asked = ClipAsked(number, cam, self._read(since, day), self._read(until, day))
            key = self._clips.order(asked, block_of(request.client.host if request.client else ""))
        except KuaError as error:
            if isinstance(error, Rejected) and error.code in {"election.no_station", "election.no_camera"}:
                return self._lost(language, request, error)
            return self._page(language, request, number, given, None, error)
        return RedirectResponse(f"/{language}/s/{quote(number)}/clip/{key}", 303, {**SECURITY, "Cache-Control": "no-store"})

    async def form(self, language: str, request: Request) -> Response:
        """`GET /LANGUAGE/s/STATION/clip`: the form alone, which is where the language switch of a refused order leads."""
        return self._page(language, request, str(request.path_params["station"]), None, None, None)

    async def state(self, language: str, request: Request) -> Response:
        """`GET /LANGUAGE/s/STATION/clip/KEY`: how far it is, or where to fetch it."""
        number, state = str(request.path_params["station"]), self._clips.state(str(request.path_params["key"])[:64])
        if state is None or state.asked.station != number:
            return self._page(language, request, number, None, None, Rejected("clip.gone"))
        clock = Formats(language).clock
        given = ClipForm(state.asked.cam, clock(state.asked.since), clock(state.asked.until), self._clips.longest // 60_000)
        return self._page(language, request, number, given, state, state.error)

    async def fetch(self, request: Request) -> Response:
        """`GET /clip/KEY/NAME.zip`: the file. Raises `HTTPException(404)`, for which the site has a page."""
        state = self._clips.state(str(request.path_params["key"])[:64])
        if state is None or state.path is None or state.name != request.path_params["name"]:
            raise HTTPException(404)
        try:
            found = state.path.stat()
        except OSError as error:
            raise HTTPException(404) from error
        headers = {**SECURITY, "Cache-Control": "no-cache"}
        return FileResponse(state.path, media_type="application/zip", filename=state.name, stat_result=found, headers=headers)

    def _page(
        self, language: str, request: Request, number: str, given: ClipForm | None, state: ClipState | None, error: KuaError | None
    ) -> Response:
        views = Views(self._index, language, self._tree)
        try:
            form = given or views.clip_form(number, request.query_params.get("cam", "")[:8], None, self._clips.longest)
            page = views.clip(number, form, state, explain(error, language) if error is not None else None)
        except Rejected as lost:
            return self._lost(language, request, lost)
        html, status = self._pages.render(language, "clip.html", page), status_of(error) if error is not None else 200
        made = answer(request, html, language=language, status=status)
        made.headers["Cache-Control"] = "no-store"
        if error is not None:
            made.headers.update(later(error))
        elif state is not None and state.stage in {"waiting", "making"}:
            made.headers["Refresh"] = str(AGAIN)
        return made

    def _read(self, text: str, day: Instant) -> Instant:
        """Read a time of a day; one that has not come yet is that of the day before, where the night is counted too."""
        found = moment(text, day)
        if found is None:
            raise Rejected("clip.form", given=text[:20] or "–")
        return Instant(found - DAY) if found > self._index.now() + DAY // 2 else found


async def _form(request: Request) -> dict[str, str]:
    """Read a small form. Raises `Rejected("clip.form" | "ingest.too_large")`, `Unavailable("ingest.slow")`."""
    try:
        fields = parse_qs((await read_body(request, MOST)).decode("utf-8", "replace"), max_num_fields=8)
    except ValueError as error:
        raise Rejected("clip.form", given="…") from error
    return {name: values[-1] for name, values in fields.items()}
