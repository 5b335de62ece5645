# SPDX-License-Identifier: Apache-2.0
"""Puts what a verifier said onto paper: the report of a court bundle, in three languages. Judges nothing anew."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any, Final

from kua.core.instant import Instant, rfc3339
from kua.reports.typeset import typeset
from kua.verify.bundle import FIRST
from kua.verify.pack import Paper
from kua.verify.report import Report
from kua.words.lines import say_line
from kua.words.paper import PAPER
from kua.words.report import ENDINGS, STATES
from kua.words.speak import LANGUAGES, catalogue

ABSENT: Final = frozenset(FIRST) - {"film.accounted", "film.coverage", "bundle.no_gaps"}
"""Lines that say what is not there."""


def paper_here() -> Paper | None:
    """Return what makes the report of a bundle, or None where its library is not installed."""
    return bundle_paper if find_spec("typst") else None


def bundle_paper(report: Report, manifest: bytes) -> bytes:
    """Return `report.pdf`: a pure function of what the check of the bundle said, dated with the end of its range."""
    end = datetime.fromisoformat(report.summary["to"]).astimezone(UTC)
    data = {
        "name": report.summary["name"],
        "date": [end.year, end.month, end.day, end.hour, end.minute, end.second],
        "parts": [_part(report, language) for language in LANGUAGES],
    }
    return typeset("bundle", data, {"manifest-sha512.txt": manifest.decode()}, int(end.timestamp()))


def _part(report: Report, language: str) -> dict[str, Any]:
    words, say = PAPER[language], catalogue(language).gettext
    told = report.summary
    facts = {
        "election": f"{told['titles']['election'][language]} ({told['election']})",
        "station": f"{told['titles']['station'][language]} ({told['station']})",
        "cameras": ", ".join(told["cameras"]),
        "from": told["from"],
        "to": told["to"],
        "name": told["name"],
    }
    return {
        "lang": language,
        **{field: words[field] for field in ("title", "columns", "headings", "none", "limits", "how")},
        "facts": [[words["facts"][field], value] for field, value in facts.items()],
        "gaps": [[line.check, say_line(line.code, line.facts, language)] for line in report.lines if line.code in ABSENT],
        "coverage": [list(words["coverage"]), *_coverage(told["stations"][0]["cameras"])],
        "verdict": say(ENDINGS[report.exit_code]),
        "lines": [[say(STATES[line.state]), line.check, say_line(line.code, line.facts, language)] for line in report.lines],
        "custody": [list(words["custody"]), *_custody(told["custody"], words)],
    }


def _coverage(cameras: Mapping[str, Mapping[str, float]]) -> list[list[str]]:
    fields = ("seconds_recorded", "seconds_published", "seconds_in_gaps", "seconds_hidden", "unaccounted_seconds")
    return [[cam, *(f"{figures[field]:.3f}" for field in fields)] for cam, figures in cameras.items()]


def _custody(events: list[Mapping[str, Any]], words: Mapping[str, Any]) -> list[list[str]]:
    return [
        [words["acts"][event["act"]], event["role"], "" if event["at"] is None else rfc3339(Instant(event["at"])), words["unsigned"]]
        for event in events
    ]
