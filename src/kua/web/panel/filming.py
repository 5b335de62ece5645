# SPDX-License-Identifier: Apache-2.0
"""What a telephone that films is answered by the listener of a station: one page, and WHIP (RFC 9725): an offer, an answer, an end. No picture passes here.

A closed list of routes beside those of `phones`; none of them is there unless a camera of the station is a telephone. What there is to say comes through `Studio`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, final

from kua.core.errors import KuaError, Rejected
from kua.web.kit.pages import SEEING, Pages, preferred
from kua.web.kit.static import Assets
from kua.web.panel.phones import HEADERS, TEMPLATES, answer_json, answer_problem
from kua.web.panel.up import NAMES, Turn
from kua.witness.bounded import Answer
from kua.words.speak import LANGUAGES

SDP: Final = "application/sdp"
MAX_OFFER: Final = 16_384
SEEING_HEADERS: Final[tuple[tuple[str, str], ...]] = tuple({**dict(HEADERS), **SEEING}.items())
"""Headers of the page: the only one of the listener that may open a camera."""
_PAGE: Final = re.compile(r"/(kk|ru|en)/camera")
_ENDPOINT: Final = re.compile(r"/whip/([a-z])")
_RESOURCE: Final = re.compile(r"/whip/([a-z])/([0-9a-f]{16})")
_STATUS: Final[Mapping[str, int]] = {
    "listen.token": 401, "listen.too_many": 429, "whip.no_camera": 404, "whip.no_session": 404, "web.not_found": 404, "whip.outside": 403, "whip.busy": 409,
    "whip.not_filming": 503, "whip.too_long": 413, "whip.sound": 422, "whip.codec": 422,
}  # fmt: skip


class Studio(Protocol):
    """What the box says and takes; any method may be called from any thread and may raise `KuaError`. `bearer` is a one-time token, or the secret that came with it."""

    @property
    def is_open(self) -> bool: ...
    def film(self, camera: str, bearer: str, secret: str, offer: str, peer: str) -> tuple[str, str]: ...
    def leave(self, camera: str, bearer: str, session: str) -> None: ...
    def state(self, camera: str, bearer: str) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True)
class FilmingPage:
    """The frame: words only."""

    turns: tuple[Turn, ...]


@final
class Filming:
    """Answers. One for all connections; `may` says whether an address may make one more request now."""

    def __init__(self, studio: Studio, assets: Assets) -> None:
        self._studio, self._pages = studio, Pages(TEMPLATES, assets)

    def is_mine(self, target: str) -> bool:
        """Whether a request is for here at all."""
        return self._studio.is_open and (target.startswith("/whip/") or _PAGE.fullmatch(target) is not None)

    def page(self, target: str) -> Answer | None:
        """Return the page, or None where `target` is another route."""
        found = _PAGE.fullmatch(target)
        if found is None:
            return None
        turns = tuple(Turn(each, NAMES[each], f"/{each}/camera", each == found[1]) for each in LANGUAGES)
        html = self._pages.render(found[1], "filming.html", FilmingPage(turns))
        return Answer(200, html.encode(), "text/html; charset=utf-8", (("Content-Language", found[1]),))

    def state(self, target: str, bearer: str, language: str) -> Answer:
        """Answer `GET /whip/CAMERA`: what is wanted, and what has come."""
        found = _ENDPOINT.fullmatch(target)
        try:
            if found is None:
                raise Rejected("web.not_found")
            return answer_json(self._studio.state(found[1], bearer))
        except KuaError as error:
            return _told(error, language)

    def film(self, target: str, bearer: str, secret: str, offer: bytes, peer: str, language: str) -> Answer:
        """Answer `POST /whip/CAMERA` with an offer (RFC 9725 section 4.2): 201, the answer, and where it is ended."""
        found = _ENDPOINT.fullmatch(target)
        try:
            if found is None:
                raise Rejected("web.not_found")
            try:
                text = offer.decode("ascii")
            except UnicodeDecodeError as error:
                raise Rejected("whip.form") from error
            session, said = self._studio.film(found[1], bearer, secret, text, peer)
        except KuaError as error:
            return _told(error, language)
        return Answer(201, said.encode(), SDP, (("Location", f"/whip/{found[1]}/{session}"),))

    def leave(self, target: str, bearer: str, language: str) -> Answer:
        """Answer `DELETE /whip/CAMERA/SESSION`."""
        found = _RESOURCE.fullmatch(target)
        try:
            if found is None:
                raise Rejected("web.not_found")
            self._studio.leave(found[1], bearer, found[2])
        except KuaError as error:
            return _told(error, language)
        return answer_json({"v": 1})


def _told(error: KuaError, language: str) -> Answer:
    return answer_problem(error, preferred(language), _STATUS.get(error.code, 400))
