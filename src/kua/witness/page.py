# SPDX-License-Identifier: Apache-2.0
"""The co-signer's one page: what it has co-signed, for whom and when, and what it refused. Plain HTML in three languages, no script."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Final
from urllib.parse import parse_qs, quote

from kua.core.instant import Instant, rfc3339
from kua.proof.base64 import to_base64
from kua.proof.keys import ML_DSA_44, VerifierKey
from kua.witness.book import Known, Refusal
from kua.witness.cosigner import Cosigner
from kua.words.problem import N_
from kua.words.speak import LANGUAGES, catalogue

_Say = Callable[[str], str]


class _Html(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


_SHOWN: Final = 50
_NAMES: Final = {"kk": "Қазақша", "ru": "Русский", "en": "English"}
_WHY: Final = {
    "witness.fork": N_("contradicts what the log had signed before"),
    "witness.proof": N_("was not shown to continue what the log had signed before"),
    "witness.signature": N_("was not signed by a key of that log"),
    "witness.unknown_log": N_("is of a log that this co-signer does not serve"),
    "witness.malformed": N_("was not a request of the protocol"),
    "witness.old_size": N_("contradicted itself in its sizes"),
}
_TITLE: Final = N_("Co-signer {name}")
_LEDE: Final = N_(
    "This program vouches that a log only grows: it co-signs a checkpoint only if it continues all that it has co-signed before. "
    "Two different histories of one log never both bear its signature."
)
_LOGS: Final = N_("Logs that it co-signs")
_NO_LOGS: Final = N_("None yet. Add one with “kua witness add-log”.")
_REFUSED: Final = N_("Refused")
_NONE_REFUSED: Final = N_("Nothing was refused.")
_KEYS: Final = N_("Its keys")
_KEYS_LEDE: Final = N_("These lines stand in the policy of an election that trusts this co-signer. Compare them with a printed copy.")
_LINES: Final = N_("Show the lines")
_LANGUAGE: Final = N_("Language")
_HALTED: Final = N_("It signs nothing any more: what it signed later than its records say has come to light. Retire its key.")
_FORKED: Final = N_("A log has contradicted itself: {names}. The file below proves it to anybody.")
_CALM: Final = N_("No log has contradicted itself before this co-signer.")
_SIGNED_BY: Final = N_("Signed by")
_LAST: Final = N_("Last co-signed")
_NOT_YET: Final = N_("not yet")
_ENTRIES: Final = N_("Entries")
_ROOT: Final = N_("Root")
_TIMES: Final = N_("Times co-signed")
_CHECKPOINT: Final = N_("The co-signed checkpoint")
_UNNAMED: Final = N_("unnamed")
_SIZE: Final = N_("entries: {size}")

STYLE: Final = """
:root { --ink: #14212e; --soft: #4d5b69; --line: #d5dce3; --paper: #fff; --ground: #f4f6f8; --blue: #0b4f87; --green: #17683a; --red: #a91e22; }
*, *::before, *::after { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--ground); font: 400 1rem/1.5 Inter, "Noto Sans", "Segoe UI", Roboto, Arial, sans-serif; overflow-wrap: break-word; }
.wide { max-inline-size: 66rem; margin-inline: auto; padding-inline: clamp(1rem, 3vw, 2rem); }
.top { background: var(--paper); border-block-end: 1px solid var(--line); border-block-start: 4px solid var(--blue); }
.top .wide { display: flex; flex-wrap: wrap; gap: 0.4rem 1.5rem; align-items: center; justify-content: space-between; padding-block: 0.7rem; }
.top p { margin: 0; font-weight: 600; }
.turns { display: flex; gap: 0.15rem; }
.turns a { padding: 0.3rem 0.6rem; border-radius: 6px; text-decoration: none; color: var(--blue); min-block-size: 2rem; }
.turns a[aria-current] { color: var(--ink); background: #e8f1f9; box-shadow: inset 0 -2px var(--blue); }
main { padding-block: 1.75rem 3rem; }
h1, h2, h3 { line-height: 1.2; text-wrap: balance; margin-block: 0 0.5rem; }
h1 { font-size: clamp(1.6rem, 1.2rem + 1.8vw, 2.35rem); }
h2 { font-size: 1.25rem; margin-block-start: 2rem; }
h3 { font-size: 1rem; overflow-wrap: anywhere; }
p { max-inline-size: 70ch; margin-block: 0 0.75rem; }
.quiet { color: var(--soft); }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: 6px; padding: 1rem 1.25rem; margin-block: 0.75rem; }
.state { font-size: 1.15rem; font-weight: 600; max-inline-size: none; border-inline-start: 6px solid var(--green); }
.alarm { border-inline-start-color: var(--red); color: var(--red); }
dl { display: grid; grid-template-columns: minmax(8rem, auto) 1fr; gap: 0.2rem 1rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; min-inline-size: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
code { font: 0.85rem/1.45 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
details summary { cursor: pointer; min-block-size: 2rem; color: var(--blue); }
ul.list { list-style: none; padding: 0; margin: 0; }
a { color: var(--blue); }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; }
@media (max-width: 34rem) { dl { grid-template-columns: 1fr; } dd { margin-block-end: 0.4rem; } }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8eef4; --soft: #aebac6; --line: #34424f; --paper: #1a242e; --ground: #10171e; --blue: #8cc4f5; --green: #6fce96; --red: #ff9a9c; }
  .turns a[aria-current] { background: #24313d; }
}
@media print { .turns { display: none; } body { background: #fff; } }
"""


def language_of(query: str, accepted: str) -> str:
    """Return the language to answer in: what `?lang=` asks for, else the first that the reader's browser wants, else Kazakh."""
    asked = parse_qs(query[:200]).get("lang", [""])[0]
    wanted = [asked, *(part.split(";")[0].strip()[:2].lower() for part in accepted[:200].split(","))]
    return next((language for language in wanted if language in LANGUAGES), LANGUAGES[0])


def policy_lines(keys: Sequence[VerifierKey], url: str) -> list[str]:
    """Return what an election's policy needs to name this co-signer. Two keys of one party make one group, so that it counts once."""
    address = [url] if url else []
    if len(keys) == 1:
        return [" ".join(["witness", keys[0].name, str(keys[0]), *address])]
    names = [f"{key.name}/{'ml-dsa-44' if key.kind == ML_DSA_44 else 'ed25519'}" for key in keys]
    lines = [" ".join(["witness", name, str(key), *address]) for name, key in zip(names, keys, strict=True)]
    return [*lines, " ".join(["group", keys[0].name, "any", *names])]


def page(cosigner: Cosigner, url: str, language: str) -> str:
    """Return the page in `language`."""
    say = catalogue(language).gettext
    own = [key.cosigner for key in cosigner.keys]
    logs, refused = cosigner.book.logs(), cosigner.book.refusals(_SHOWN)
    title = say(_TITLE).format(name=own[0].name)
    lines: list[_Html | str] = [each for line in policy_lines(own, url) for each in (line, _Html("<br>"))]
    head = _all(
        _Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        _Html('<meta name="color-scheme" content="light dark"><link rel="stylesheet" href="/style.css">'),
        _el("title", title),
    )
    main = _el(
        "main",
        _el("h1", title),
        _el("p", say(_LEDE)),
        _state(cosigner.book.halted, [each for each in refused if each.code == "witness.fork"], say),
        _el("h2", say(_LOGS)),
        *([_log(log, say) for log in logs] or [_el("p", say(_NO_LOGS), kind="card")]),
        _el("h2", say(_REFUSED)),
        _refusals([*refused, *list(cosigner.turned_away)[::-1][:_SHOWN]], say),
        _el("h2", say(_KEYS)),
        _el("p", say(_KEYS_LEDE)),
        _el(
            "section",
            _el(
                "dl",
                *[
                    _all(_el("dt", "ML-DSA-44" if key.kind == ML_DSA_44 else "Ed25519"), _el("dd", f"{key.name}+{key.id.hex()}"))
                    for key in own
                ],
            ),
            _el("details", _el("summary", say(_LINES)), _el("code", *lines)),
            kind="card",
        ),
        kind="wide",
    )
    top = _el("header", _el("div", _el("p", "kua"), _turns(language, say), kind="wide"), kind="top")
    return "<!doctype html>\n" + _el("html", _el("head", head), _el("body", top, main), lang=language) + "\n"


def _turns(language: str, say: _Say) -> _Html:
    links = []
    for each in LANGUAGES:
        here = {"aria-current": "page"} if each == language else {}
        links.append(_el("a", _NAMES[each], **{"href": f"?lang={each}", "lang": each, "hreflang": each, **here}))
    return _el("nav", *links, kind="turns", **{"aria-label": say(_LANGUAGE)})


def _state(halted: str, forks: Sequence[Refusal], say: _Say) -> _Html:
    if halted:
        return _el("p", say(_HALTED), kind="card state alarm", role="alert")
    if forks:
        names = ", ".join(dict.fromkeys(fork.origin for fork in forks))
        return _el("p", say(_FORKED).format(names=names), kind="card state alarm", role="alert")
    return _el("p", say(_CALM), kind="card state")


def _log(log: Known, say: _Say) -> _Html:
    head = log.head
    rows = [(_SIGNED_BY, ", ".join(key.name for key in log.keys)), (_LAST, _when(head.at) if head else say(_NOT_YET))]
    shown = _Html("")
    if head is not None:
        rows += [(_ENTRIES, str(head.size)), (_ROOT, to_base64(head.root)), (_TIMES, str(log.count))]
        told: list[_Html | str] = [each for line in head.note.decode("utf-8", "replace").split("\n") for each in (line, _Html("<br>"))]
        shown = _el("details", _el("summary", say(_CHECKPOINT)), _el("code", *told))
    cells = [_all(_el("dt", say(name)), _el("dd", value)) for name, value in rows]
    return _el("section", _el("h3", log.origin), _el("dl", *cells), shown, kind="card")


def _refusals(refused: Sequence[Refusal], say: _Say) -> _Html:
    if not refused:
        return _el("p", say(_NONE_REFUSED), kind="card")
    return _el("ul", *[_refusal(each, say) for each in refused], kind="list")


def _refusal(refusal: Refusal, say: _Say) -> _Html:
    size = f" ({say(_SIZE).format(size=refusal.size)})" if refusal.size else ""
    why = say(_WHY[refusal.code]) if refusal.code in _WHY else refusal.code
    text = f"{_when(refusal.at)} · {refusal.origin or say(_UNNAMED)}{size}: {why}."
    address = f"/evidence/{quote(refusal.file)}"
    file = _all(_Html("<br>"), _el("a", refusal.file, href=address, download=refusal.file)) if refusal.file else _Html("")
    return _el("li", text, file, kind="card state alarm" if refusal.code == "witness.fork" else "card")


def _when(seconds: int) -> str:
    return rfc3339(Instant(seconds * 1000))[:19].replace("T", " ") + " UTC"


def _all(*parts: _Html) -> _Html:
    return _Html("".join(parts))


def _el(tag: str, *inside: _Html | str, kind: str = "", **attributes: str) -> _Html:
    """Make an element; what is no `_Html` is text and is escaped."""
    named = {"class": kind, **attributes} if kind else attributes
    written = "".join(f' {name}="{escape(value)}"' for name, value in named.items())
    return _Html(f"<{tag}{written}>{''.join(each if isinstance(each, _Html) else escape(each) for each in inside)}</{tag}>")
