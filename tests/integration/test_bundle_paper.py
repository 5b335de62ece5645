# SPDX-License-Identifier: Apache-2.0
"""The report on paper: three languages, an archive's form, its manifest inside, and the same bytes every time."""

import re
import zlib
from pathlib import Path

import pytest

from kua.cli.main import run
from kua.core.errors import Unavailable
from kua.core.instant import Instant, rfc3339
from kua.reports.typeset import typeset
from kua.verify.bag import BagReader
from kua.verify.bundle import verify_bundle
from tests.rigs.published_tree import ELECTION, STATION, make_tree

pytest.importorskip("typst")


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes, bytes]:
    """A bundle with its report: the file, the PDF, and the manifest of the payload."""
    folder = tmp_path_factory.mktemp("paper")
    made = make_tree(folder, 24, closed=True)
    times = ["--from", rfc3339(made.begin), "--to", rfc3339(Instant(made.begin + 20_000))]
    for name in ("one.zip", "two.zip"):
        assert run(["bundle", "make", "--station", STATION, *times, "--tree", str(folder / ELECTION), "--out", str(folder / name)]) == 0
    assert (folder / "one.zip").read_bytes() == (folder / "two.zip").read_bytes()
    with BagReader(folder / "one.zip") as held:
        return folder / "one.zip", held.tag("report.pdf"), held.tag("manifest-sha512.txt")


def streams(pdf: bytes) -> list[bytes]:
    """Every stream of a PDF that can be inflated, and those that are plain."""
    found = []
    for held in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(held))
        except zlib.error:
            found.append(held)
    return found


def test_it_says_that_it_is_made_to_last_and_for_screen_readers(paper: tuple[Path, bytes, bytes]) -> None:
    whole = b"".join(streams(paper[1]))
    assert paper[1].startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>3</pdfaid:part>" in whole
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in whole
    assert b"<pdfuaid:part>1</pdfuaid:part>" in whole


def test_the_manifest_of_the_payload_is_inside_to_the_byte(paper: tuple[Path, bytes, bytes]) -> None:
    assert paper[2] in streams(paper[1])


def test_it_speaks_three_languages_in_letters_that_come_with_it(paper: tuple[Path, bytes, bytes]) -> None:
    whole = paper[1] + b"".join(streams(paper[1]))
    for language in (b"kk", b"ru", b"en"):
        assert re.search(rb"/Lang ?\(" + language + rb"\)", whole), language
    # The map from glyphs to letters of the embedded fonts holds the letters that only Kazakh has.
    letters = b"".join(stream for stream in streams(paper[1]) if b"begincmap" in stream)
    for letter in "\u04d9\u0493\u049b\u04a3\u0456\u04b1\u04af\u04e9":
        assert f"{ord(letter):04x}".encode() in letters.lower(), letter


def test_it_is_dated_with_the_film_and_not_with_the_day_it_was_made(paper: tuple[Path, bytes, bytes]) -> None:
    assert set(re.findall(rb"D:(\d{8})", paper[1])) == {b"20260315"}


def test_a_verifier_does_not_believe_it(paper: tuple[Path, bytes, bytes]) -> None:
    lines = [(line.state, line.code) for line in verify_bundle(paper[0]).lines]
    assert ("NOT_CHECKED", "bundle.paper") in lines


def test_what_cannot_be_set_is_an_error_of_ours() -> None:
    with pytest.raises(Unavailable, match=r"report\.failed"):
        typeset("bundle", {"parts": []}, {}, 0)
