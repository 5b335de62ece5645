# SPDX-License-Identifier: Apache-2.0
"""The act of a census of cameras, to be printed and signed by hand as well: plain text, or a page that needs nothing else. Holds no person's name."""

from html import escape
from pathlib import Path
from typing import Any

from kua.adapters.durable import DurableFiles
from kua.app import census as desk
from kua.core.digest import sha256
from kua.core.errors import Incomplete
from kua.core.instant import Instant
from kua.web.kit.formats import Formats, local, offset
from kua.words.census import KINDS, LACKS, OWNERS, RECORDERS, STATES, VERDICTS
from kua.words.problem import N_
from kua.words.speak import catalogue

Rows = list[tuple[str, ...]]


def write_act(box: Path, target: Path, language: str) -> None:
    """Write the act to `target`: a page if its name ends in `.html`, text otherwise. Raises `Incomplete("census.not_written")`."""
    file = box / desk.FOLDER / "census.json"
    if not file.exists():
        raise Incomplete("census.not_written", box=box.name)
    act = Act(desk.stand(box), sha256(file.read_bytes()).hex(), language)
    DurableFiles().replace(target, (act.page() if target.suffix in {".html", ".htm"} else act.text()).encode())


class Act:
    """The parts of the act, in one language."""

    def __init__(self, body: dict[str, Any], digest: str, language: str) -> None:
        self._body, self._digest, self._language = body, digest, language
        self._say = catalogue(language).gettext
        self._formats = Formats(language)

    def title(self) -> str:
        """The heading."""
        return self._fill(N_("Act of the census of cameras, polling station {station}"), station=self._body["station"])

    def facts(self) -> list[str]:
        """What stands above the table."""
        made = Instant(self._body["made_at"])
        return [
            self._fill(N_("Election: {election}."), election=self._body["election"]),
            self._fill(N_("The list was written on {date} at {hour} ({offset})."), date=self._formats.date(made), hour=self._formats.hour(made), offset=offset(made)),
            self._fill(N_("SHA-256 of the file that is signed: {digest}"), digest=self._digest),
        ]  # fmt: skip

    def head(self) -> tuple[str, ...]:
        """The heads of the table's columns."""
        say = self._say
        return (
            "№",
            say(N_("Place")),
            say(N_("Kind")),
            say(N_("Whose")),
            say(N_("State")),
            say(N_("Address")),
            say(N_("Seen")),
        )

    def rows(self) -> Rows:
        """A row for each camera. Only this station's own cameras have a picture: of the empty room, in the box."""
        say = self._say
        found = {"settings": say(N_("in the settings")), "network": say(N_("on the network")), "eye": say(N_("by eye"))}
        return [
            (str(each["number"]), each["place"], *map(say, _words(each)), each["address"] or "-", found[each["found"]])
            for each in self._body["cameras"]
        ]  # fmt: skip

    def stills(self) -> list[str]:
        """Which picture belongs to which of this station's own cameras."""
        text = N_("Camera {cam}: picture of the empty room in the box, {still}, SHA-256 {digest}")
        return [
            self._fill(text, cam=each["cam"], still=each["still"], digest=each["still_sha256"])
            for each in self._body["cameras"]
            if each["still"]
        ]

    def recorder(self) -> list[str]:
        """What is attested of the building's recorder."""
        first = RECORDERS[self._body["recorder"]]
        lines = [self._say(first)]
        text = N_("Recorder {place}, read on {read}: its last recording ended on {stopped}. Verdict: {verdict}.")
        lines += [
            self._fill(text, place=each["place"], read=self._moment(each["read_at"]), stopped=self._moment(each["stopped_at"]), verdict=self._say(verdict))
            for each in self._body["readings"]
            for verdict in (VERDICTS[each["verdict"]],)
        ]  # fmt: skip
        if self._body["readings"]:
            lines.append(
                self._say(
                    N_(
                        "The times were read off the recorder's screen; its clock was compared with the station's. A recording that was deleted leaves no trace there."
                    )
                )
            )
        return lines

    def lacks(self) -> list[str]:
        """What is still lacking, or that nothing is."""
        lacks = [LACKS[each["code"]] for each in self._body["lacks"]]
        return [self._say(lack) for lack in lacks] or [self._say(N_("Every camera is listed and harmless, and two people have signed."))]

    def signers(self) -> list[str]:
        """The keys that have signed."""
        return [self._fill(N_("Signed with the key {name}."), name=name) for name in self._body["signed_by"]] or [
            self._say(N_("Nobody has signed yet."))
        ]

    def lines_for_hands(self) -> list[str]:
        """Lines for signatures by hand."""
        return [
            f"{self._say(who)}: ______________________"
            for who in (N_("Chair of the commission"), N_("Observer, member, or territorial commission"))
        ]

    def text(self) -> str:
        """The act as plain text."""
        rows = [self.head(), *self.rows()]
        widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
        table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        parts = [
            [self.title()],
            self.facts(),
            table if self.rows() else [self._say(N_("No camera is listed."))],
            self.stills(),
            self.recorder(),
            self.lacks(),
            self.signers(),
            self.lines_for_hands(),
        ]
        return "\n\n".join("\n".join(part) for part in parts if part) + "\n"

    def page(self) -> str:
        """The act as one page, for printing: no script, nothing from elsewhere."""
        cells = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows())
        heads = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in self.head())
        table = f"<div><table><thead><tr>{heads}</tr></thead><tbody>{cells}</tbody></table></div>"
        parts = [
            _paragraphs(self.facts()),
            table,
            *map(_paragraphs, (self.stills(), self.recorder(), self.lacks(), self.signers(), self.lines_for_hands())),
        ]
        return (
            f'<!doctype html><html lang="{self._language}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            f"<title>{escape(self.title())}</title><style>{_STYLE}</style></head><body><h1>{escape(self.title())}</h1>{''.join(parts)}</body></html>\n"
        )

    def _moment(self, at: int) -> str:
        return f"{local(Instant(at)):%Y-%m-%d %H:%M} ({offset(Instant(at))})"

    def _fill(self, text: str, **facts: object) -> str:
        return self._say(text).format(**facts)


_STYLE = (
    "body{font:11pt/1.4 system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}h1{font-size:1.4em}"
    "div{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9em}"
    "th,td{border:1px solid;padding:.25rem .4rem;text-align:left;vertical-align:top}p{overflow-wrap:anywhere;margin:.5rem 0}"
    "p:last-child,p:nth-last-child(2){margin-top:2rem}@page{size:A4;margin:18mm}@media print{body{margin:0;padding:0}}"
)


def _words(camera: dict[str, Any]) -> tuple[str, str, str]:
    return KINDS[camera["kind"]], OWNERS[camera["whose"]], STATES[camera["state"]]


def _paragraphs(lines: list[str]) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in lines)
