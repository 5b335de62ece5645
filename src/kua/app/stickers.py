# SPDX-License-Identifier: Apache-2.0
"""`kua station stickers`: A4 pages with the stickers of a station, in Kazakh, Russian and English, as one HTML file that any browser prints. Loads nothing from anywhere."""

from html import escape
from pathlib import Path
from typing import Final

from kua.adapters.detectors.stickers import MODULES, modules_of
from kua.adapters.durable import DurableFiles
from kua.core.errors import Misused
from kua.sight.stickers import NUMBERS, Sticker, What
from kua.words.problem import N_
from kua.words.speak import LANGUAGES, catalogue

TWO: Final = 110
"""Two stickers of up to so many millimetres fit on a page."""

_NAMES: Final[dict[What, str]] = {
    "wall": N_("Wall: sticker {corner}"),
    "box": N_("Ballot box {number}: corner {corner}"),
    "lid": N_("Lid of ballot box {number}: sticker {corner}"),
    "booth": N_("Booth {number}: corner {corner}"),
    "issue": N_("Issue table {number}: corner {corner}"),
    "count": N_("Counting table {number}: corner {corner}"),
    "show": N_("Presentation spot: corner {corner}"),
    "list": N_("Voters' list {number}: corner {corner}"),
}
_WHERE: Final[dict[What, str]] = {
    "wall": N_("Where nothing moves all day, such as a wall, a pillar or a door frame. Three of them in view, far apart."),
    "box": N_("On the body of the box, on the side that the camera sees."),
    "lid": N_("On the lid itself, beside the slot, so that it moves when the lid is opened."),
    "booth": N_("On the outer corners of the booth: what lies between them is filled in the picture."),
    "issue": N_("On the corners of the table at which ballots are handed out."),
    "count": N_("On the corners of the table at which ballots are counted."),
    "show": N_("Around the spot where the empty box, the seal and the protocol are held up."),
    "list": N_("Beside the voters' list: what lies between them is made unreadable."),
}
_HOW: Final = N_(
    "Flat, facing the camera, the white border whole. Corners are counted clockwise from the upper left, as the camera sees them."
)
_SCALE: Final = N_("Print at 100 %: this line must be 100 mm long.")
_STYLE: Final = """
@page{size:A4;margin:0}*{box-sizing:border-box}body{margin:0;font:3.3mm/1.35 'Noto Sans','DejaVu Sans',Arial,sans-serif;color:#000;background:#fff}
section{width:210mm;height:296.9mm;padding:3mm 6mm;display:flex;flex-direction:column;break-after:page;overflow:hidden}
article{flex:1;min-height:0;display:flex;align-items:center;gap:4mm}article+article{border-top:.2mm dashed #777}.one article{flex-direction:column;justify-content:center}
article svg{flex:none;display:block}.words{min-width:0;hyphens:auto}.words p{margin:0}.words h2{font-size:4.3mm;line-height:1.2;margin:0 0 1mm}.words div+div{margin-top:5mm}
.one .words,footer{display:grid;grid-template-columns:1fr 1fr 1fr;gap:2mm 5mm}.one .words div+div{margin-top:0}footer{font-size:2.3mm;line-height:1.25}footer svg{grid-column:1/3}footer b{text-align:right}
"""


def stickers_of(boxes: int, booths: int) -> list[int]:
    """Return the numbers for a usual room: walls, boxes with lids, booths, an issue table, a counting table."""
    wanted: list[tuple[What, int, int]] = [("wall", 1, 4)]
    for box in range(1, boxes + 1):
        wanted += [("box", box, 4), ("lid", box, 2)]
    wanted += [("booth", booth, 4) for booth in range(1, booths + 1)]
    wanted += [("issue", 1, 4), ("count", 1, 4)]
    return [NUMBERS[Sticker(what, number, corner)] for what, number, corners in wanted for corner in range(1, corners + 1)]


def write_stickers(out: Path, boxes: int, booths: int, size: int) -> int:
    """Write the pages to `out` (`.html`) and return how many. `size`: side of the black square in millimetres. Raises `Misused("stickers.file" | "stickers.no_folder")`."""
    if out.suffix != ".html":
        raise Misused("stickers.file", file=out.name)
    if not out.absolute().parent.is_dir():
        raise Misused("stickers.no_folder", folder=str(out.parent)[:160])
    numbers = stickers_of(boxes, booths)
    step = 2 if size <= TWO else 1
    pages = [numbers[at : at + step] for at in range(0, len(numbers), step)]
    body = "\n".join(_page(page, size, at, len(pages)) for at, page in enumerate(pages, 1))
    html = f'<!doctype html>\n<html lang="kk"><head><meta charset="utf-8"><title>kua station stickers</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n'
    DurableFiles().replace(out, html.encode())
    return len(pages)


def _page(numbers: list[int], size: int, at: int, pages: int) -> str:
    kind = "two" if size <= TWO else "one"
    line = '<svg width="100mm" height="4mm" viewBox="0 0 100 4"><path d="M0.1 0V4M99.9 0V4M0 2H100" stroke="#000" stroke-width="0.2" fill="none"/></svg>'
    says = "".join(
        f'<span lang="{each}">{escape(catalogue(each).gettext(_SCALE))} {escape(catalogue(each).gettext(_HOW))}</span>'
        for each in LANGUAGES
    )
    articles = "\n".join(_article(number, size) for number in numbers)
    return f'<section class="{kind}">\n{articles}\n<footer>{line}<b>{at}/{pages}</b>{says}</footer></section>'


def _article(number: int, size: int) -> str:
    sticker = next(sticker for sticker, each in NUMBERS.items() if each == number)
    return f'<article>{sticker_svg(number, size)}<div class="words">{"".join(_said(sticker, language) for language in LANGUAGES)}</div></article>'


def _said(sticker: Sticker, language: str) -> str:
    say = catalogue(language).gettext
    name = say(_NAMES[sticker.what]).format(number=sticker.number, corner=sticker.corner)
    name = name.replace("\u2116 ", "\u2116\u00a0")  # a number is not torn from its sign
    return f'<div lang="{language}"><h2>{escape(name)}</h2><p>{escape(say(_WHERE[sticker.what]))}</p></div>'


def sticker_svg(number: int, size: int) -> str:
    """Return one sticker as SVG, with room for a white border of one square about its black square of `size` millimetres."""
    black = modules_of(number)
    path = "".join(f"M{column + 1} {row + 1}h1v1h-1z" for row in range(MODULES) for column in range(MODULES) if black[row, column])
    whole = size * (MODULES + 2) / MODULES
    return (
        f'<svg width="{whole:.2f}mm" height="{whole:.2f}mm" viewBox="0 0 {MODULES + 2} {MODULES + 2}" role="img" aria-label="{number}" '
        f'shape-rendering="crispEdges"><path d="{path}"/></svg>'
    )
