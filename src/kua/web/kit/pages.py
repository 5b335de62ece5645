# SPDX-License-Identifier: Apache-2.0
"""Pages as text: Jinja templates in one language, and the answer that carries them with safe headers, an ETag and no cookie.

Words stand in the templates as English msgids with named places: `_("Updated at {time}", time=...)`.
"""

import gzip
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import Response

from kua.core.digest import sha256
from kua.web.kit.formats import Formats, iso
from kua.web.kit.static import accepts_gzip
from kua.words.speak import LANGUAGES, catalogue

LAYOUT: Final = Path(__file__).parent / "templates"

SECURITY: Final[Mapping[str, str]] = {
    # No inline script or style, nothing from anybody else. `blob:` is how a checked film reaches the <video> element (MSE).
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; media-src 'self' blob:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every page."""

SEEING: Final[Mapping[str, str]] = {"Permissions-Policy": SECURITY["Permissions-Policy"].replace("camera=()", "camera=(self)")}
"""What differs on a page that may open the camera of the reader's device."""


class Links(Protocol):
    """Where a page finds a file of the bundle, by its name."""

    def url(self, name: str) -> str: ...


class Words:
    """The words of one language, with named places filled."""

    def __init__(self, language: str) -> None:
        self._say = catalogue(language)

    def __call__(self, msgid: str, /, **facts: Any) -> str:
        """Return `msgid` in this language."""
        return self._filled(self._say.gettext(msgid), facts)

    def many(self, one: str, several: str, count: int, /, **facts: Any) -> str:
        """Return the plural form for `count`; `{n}` stands for the number unless given."""
        return self._filled(self._say.ngettext(one, several, count), {"n": count, **facts})

    def within(self, context: str, msgid: str, /, **facts: Any) -> str:
        """Return `msgid` as it is said in `context`."""
        return self._filled(self._say.pgettext(context, msgid), facts)

    @staticmethod
    def _filled(text: str, facts: Mapping[str, Any]) -> str:
        return text.format(**facts) if facts else text


class Pages:
    """Templates of one site in the three languages."""

    def __init__(self, templates: Path, assets: Links) -> None:
        self._folders = (str(templates), str(LAYOUT))
        self._assets = assets
        self._rooms = {language: self._room(language) for language in LANGUAGES}

    def _room(self, language: str) -> Environment:
        room = Environment(
            loader=FileSystemLoader(self._folders),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        words = Words(language)
        room.globals.update(
            _=words, gettext=words, ngettext=words.many, pgettext=words.within, fmt=Formats(language), iso=iso, lang=language, asset=self._assets.url
        )
        return room

    def render(self, language: str, template: str, page: Any) -> str:
        """Return the page as HTML. `page` is a frozen dataclass: what a template may know stands there and nowhere else."""
        return self._rooms[language].get_template(template).render(page=page)


def answer(
    request: Request, html: str, *, language: str, status: int = 200, max_age: int = 0, also: Mapping[str, str] | None = None
) -> Response:
    """Return `html` with its ETag; 304 without a body if the reader has it. `also` are headers that differ on this page."""
    data = html.encode()
    tag = f'W/"{sha256(data).hex()[:20]}"'
    headers = {
        **SECURITY,
        **(also or {}),
        "Content-Language": language,
        "Cache-Control": f"public, max-age={max_age}, must-revalidate" if max_age else "no-cache",
        "ETag": tag,
        "Vary": "Accept-Encoding",
    }
    if status == 200 and tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if accepts_gzip(request):
        data = gzip.compress(data, 6, mtime=0)
        headers["Content-Encoding"] = "gzip"
    return Response(data, status_code=status, media_type="text/html", headers=headers)


@lru_cache(maxsize=256)
def preferred(accept: str, languages: Sequence[str] = LANGUAGES) -> str:
    """Return the first of our languages that an Accept-Language header (RFC 9110 section 12.5.4) prefers, else Kazakh."""
    best, best_weight = languages[0], 0.0
    for part in accept[:512].split(","):
        tag, _, parameters = part.partition(";")
        language = tag.strip().lower().partition("-")[0]
        weight = _weight(parameters)
        if language in languages and weight > best_weight:
            best, best_weight = language, weight
    return best


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
