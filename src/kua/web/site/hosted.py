# SPDX-License-Identifier: Apache-2.0
"""The page that checks films as a folder of plain files, for anybody who wants to host it (docs/spec/check-page.md). One election file and one version of
the program give the same bytes, wherever they are made: so copies can be compared by one digest. Writes nothing itself."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from kua import __version__
from kua.core.digest import Digest, sha256
from kua.core.election import Election
from kua.core.errors import Misused
from kua.core.instant import Instant
from kua.web.kit.formats import offset_ms
from kua.web.kit.pages import Pages
from kua.web.kit.static import Assets
from kua.web.site.shapes import Turn
from kua.web.site.views import NAMES
from kua.words.speak import LANGUAGES

TEMPLATES: Final = Path(__file__).parent / "templates"
MANIFEST: Final = "SHA256SUMS"
"""One line for each other file, sorted by name: 64 hex digits, two spaces, the name; what `sha256sum --check` reads. Its own SHA-256 is the copy's digest."""

_PARTS: Final = ("check-alone.js", "check.css", "fonts.css", "mark.svg", "site.css", "verify.html")
_FONTS: Final = "fonts/"
_ADDRESS: Final = re.compile(r"https?://[A-Za-z0-9.\-\[\]:]+(?:/[A-Za-z0-9._~/-]*)?")
"""An address that can stand in a policy without ending it."""


@dataclass(frozen=True, slots=True)
class HostedPage:
    """What a copy has built in. `site` and `root` end with a slash; `digest` is the SHA-256 of the election file in hex."""

    election: str
    id: str
    domain: str
    site: str
    root: str
    nation_key: str
    digest: str
    east: int
    turns: tuple[Turn, ...]
    verify: str
    version: str
    policy: str


@final
class _Beside:
    """Assets by their bare names: they lie in the same folder."""

    @staticmethod
    def url(name: str) -> str:
        return name


def check_page(election: Election, data: bytes, assets: Assets, root: str = "") -> Mapping[str, bytes]:
    """Return the files of a copy by name: a page in each language, Kazakh as `index.html` too, what they use, and the manifest.

    `data` are the bytes that `election` was read from. `root` is the address of the published tree, for mirrors; else that of the centre which the file
    names first. Raises `Misused("check_page.no_centre")`, and `Misused("check_page.not_built")` where `make web` has not run.
    """
    if not election.centres or not all(_ADDRESS.fullmatch(each) for each in (election.centres[0].url, root or "https://none")):
        raise Misused("check_page.no_centre")
    site = election.centres[0].url.rstrip("/") + "/"
    tree = root.rstrip("/") + "/" if root else f"{site}t/"
    files: dict[str, bytes] = {name: _asset(assets, name) for name in _PARTS}
    files |= {name: _asset(assets, name) for name in assets.names() if name.startswith(_FONTS)}
    pages = Pages(TEMPLATES, _Beside())
    for language in LANGUAGES:
        page = _page(election, sha256(data), site, tree, language)
        files[f"{language}.html"] = pages.render(language, "check_hosted.html", page).lstrip().encode()
    files["index.html"] = files[f"{LANGUAGES[0]}.html"]
    return files | {MANIFEST: manifest(files)}


def manifest(files: Mapping[str, bytes]) -> bytes:
    """Return the manifest over `files`."""
    return "".join(f"{sha256(files[name]).hex()}  {name}\n" for name in sorted(files)).encode()


def _page(election: Election, digest: Digest, site: str, tree: str, language: str) -> HostedPage:
    windows = [window.start for station in election.stations for window in station.windows]
    homes = " ".join(dict.fromkeys(_origin(each) for each in (site, tree)))
    return HostedPage(
        election=election.titles.said_in(language),
        id=election.id,
        domain=election.domain,
        site=site,
        root=tree,
        nation_key=election.centres[0].vkey,
        digest=digest.hex(),
        # The clock of the stations on the day, so that the bytes do not depend on when they are made.
        east=offset_ms(min(windows, default=Instant(0))),
        turns=tuple(Turn(each, NAMES[each], f"{each}.html", each == language) for each in LANGUAGES),
        verify=f"kua film verify {tree}{election.id}",
        version=__version__,
        policy=(
            # A folder that was opened by a double click is nobody's origin to some browsers: `file:` lets its own script and styles in.
            f"default-src 'none'; script-src 'self' file:; style-src 'self' file:; font-src 'self' file:; img-src 'self' file:; "
            f"connect-src {homes}; base-uri 'none'; form-action 'self' file:"
        ),
    )


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _asset(assets: Assets, name: str) -> bytes:
    asset = assets.get(name)
    if asset is None:
        raise Misused("check_page.not_built", name=name)
    return asset.data
