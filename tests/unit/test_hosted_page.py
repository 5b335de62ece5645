# SPDX-License-Identifier: Apache-2.0
"""The page that checks, as a folder that anybody hosts: the same bytes for the same election, nothing but what the manifest names, and a site that says who does."""

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from httpx import ASGITransport, AsyncClient
from typer.testing import CliRunner

from kua.cli.centre import app
from kua.core.canonical import canonical
from kua.core.election import read_election
from kua.core.errors import Misused
from kua.web.kit.static import Assets
from kua.web.site.app import build_site
from kua.web.site.hosted import MANIFEST, check_page
from kua.web.site.shapes import Host
from tests.golden.site_fixture import fixture
from tests.rigs.published_tree import make_tree

ASSETS = Assets()


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published files; the election file names an address, and its note does not fit any more."""
    folder = tmp_path_factory.mktemp("tree")
    make_tree(folder, 8)
    place = folder / "kz-2026-rehearsal"
    file = json.loads((place / "election.json").read_bytes())
    file["centres"][0]["url"] = "https://film.example"
    (place / "election.json").write_bytes(canonical(file))
    (place / "election.note").rename(place / "other.note")
    return place


def made(tree: Path, **also: str) -> dict[str, bytes]:
    data = (tree / "election.json").read_bytes()
    return dict(check_page(read_election(data), data, ASSETS, **also))


def test_two_makers_get_the_same_bytes(tree: Path, tmp_path: Path) -> None:
    told = [
        CliRunner().invoke(app, ["check-page", str(tmp_path / name), "--election", str(tree / "election.json")], catch_exceptions=False)
        for name in ("one", "two")
    ]
    folders = [
        {str(path.relative_to(tmp_path / name)): path.read_bytes() for path in (tmp_path / name).rglob("*") if path.is_file()}
        for name in ("one", "two")
    ]
    assert folders[0] == folders[1] == made(tree)
    assert [each.stdout.split()[-1] for each in told] == [hashlib.sha256(folders[0][MANIFEST]).hexdigest()] * 2


def test_the_manifest_names_every_file_and_nothing_else(tree: Path) -> None:
    files = made(tree)
    lines = files[MANIFEST].decode().splitlines()
    assert lines == [f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in sorted(files.items()) if name != MANIFEST]
    assert {"index.html", "kk.html", "ru.html", "en.html", "check-alone.js", "verify.html"} <= files.keys()
    assert files["index.html"] == files["kk.html"]


def test_a_copy_asks_nothing_of_anybody_but_the_centre(tree: Path) -> None:
    for name in ("kk.html", "ru.html", "en.html"):
        page = made(tree)[name].decode()
        linked = set(re.findall(r'(?:src|href)="([^"#]+)', page))
        assert linked <= made(tree).keys()
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
        assert policy is not None
        assert re.search(r"connect-src https://film\.example;", policy[1])
        assert "unsafe" not in policy[1]
        assert "<script>" not in page
        assert " style=" not in page


def test_a_copy_for_a_mirror_differs_in_where_it_looks_only(tree: Path) -> None:
    plain, mirrored = made(tree), made(tree, root="https://mirror.example/kua")
    assert {name for name in plain if plain[name] != mirrored[name]} == {"index.html", "kk.html", "ru.html", "en.html", MANIFEST}
    assert b'data-root="https://mirror.example/kua/"' in mirrored["en.html"]


def test_a_folder_in_which_something_else_lies_is_left_alone(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "keys.pem").write_text("secret")
    with pytest.raises(Misused, match=r"check_page\.not_empty"):
        CliRunner().invoke(app, ["check-page", str(tmp_path), "--election", str(tree / "election.json")], catch_exceptions=False)
    assert [path.name for path in tmp_path.iterdir()] == ["keys.pem"]


def test_an_election_file_whose_note_does_not_hold_makes_no_copy(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "election.json").write_bytes((tree / "election.json").read_bytes())
    (tmp_path / "election.note").write_bytes((tree / "other.note").read_bytes())
    result = CliRunner().invoke(app, ["check-page", str(tmp_path / "copy"), "--election", str(tmp_path / "election.json")])
    assert result.exit_code != 0
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("url", ["", "ftp://film.example", "https://film.example; script-src *", "https://film.example/ 'unsafe-inline'"])
def test_an_address_that_would_end_the_policy_makes_no_copy(url: str) -> None:
    election = fixture().election()
    for centres, root in (((), ""), ((replace(election.centres[0], url=url),), ""), (election.centres, url or "x")):
        with pytest.raises(Misused, match=r"check_page\.no_centre"):
            check_page(replace(election, centres=centres), b"", ASSETS, root)


async def asked(path: str, **given: object) -> str:
    site = build_site(fixture(), **given)  # type: ignore[arg-type]  # as the tests below name them
    async with AsyncClient(transport=ASGITransport(site), base_url="http://site") as reader:
        answer = await reader.get(path)
        assert answer.status_code == 200
        return answer.text


async def test_the_site_names_who_hosts_the_page_and_that_nobody_signed_the_list() -> None:
    page = await asked("/en/check", hosts=(Host("A party <b>", "https://party.example/check/"),))
    assert '<a href="https://party.example/check/" rel="noopener">A party &lt;b&gt;</a>' in page
    assert "nobody has signed the list" in page


async def test_the_site_says_when_nobody_hosts_it() -> None:
    page = await asked("/en/check")
    assert "Nobody else hosts this page yet." in page
    assert "The digest must be this one" not in page


async def test_the_digest_on_the_page_is_that_of_every_copy(tree: Path) -> None:
    data = (tree / "election.json").read_bytes()
    index = fixture()
    index.file = read_election(data)
    site = build_site(index, file=data)
    async with AsyncClient(transport=ASGITransport(site), base_url="http://site") as reader:
        page = (await reader.get("/en/check")).text
    assert hashlib.sha256(made(tree)[MANIFEST]).hexdigest() in page


async def test_a_copy_is_told_where_a_station_lies_and_any_page_may_ask() -> None:
    site = build_site(fixture())
    async with AsyncClient(transport=ASGITransport(site), base_url="http://site") as reader:
        told = await reader.get("/s/55-001/place.json")
        lost = await reader.get("/s/99-999/place.json")
    assert told.headers["access-control-allow-origin"] == lost.headers["access-control-allow-origin"] == "*"
    body = told.json()
    assert (body["v"], body["station"], body["cameras"]) == (1, "55-001", ["a"])
    assert body["withdrawn"]
    assert lost.status_code == 404
