# SPDX-License-Identifier: Apache-2.0
"""The published tree over HTTP: exact bytes, right headers, no way out of the folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.digest import sha256
from kua.web.kit.serving import Tree, _span

DATA = bytes(range(256)) * 8
FILM = "kz-2026-test/s/10-245/film/a/0a1b2c3d-450000000.m4s"


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    for name in (
        FILM, "kz-2026-test/s/10-245/film/a/live.m3u8", "kz-2026-test/s/10-245/checkpoint", "kz-2026-test/nation/tile/entries/000.p/5",
        "kz-2026-test/nation/tile/0/x001/234", "kz-2026-test/election.json", "kz-2026-test/s/10-245/film/a/.part", "secret",
        "kz-2026-test/s/10-245/film/a/0a1b2c3d-1.m4s.part",
    ):
        path = tmp_path / "published" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(DATA)
    (tmp_path / "keys").write_bytes(b"key")
    app = Tree(tmp_path / "published", room=3000)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://centre") as client:
        yield client


async def test_a_file_is_served_whole_with_its_hash_as_etag(web: httpx.AsyncClient) -> None:
    answer = await web.get(f"/t/{FILM}")
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["etag"] == f'"{sha256(DATA).hex()}"'
    assert answer.headers["content-type"] == "video/iso.segment"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "set-cookie" not in answer.headers


async def test_a_reader_that_has_it_is_told_so(web: httpx.AsyncClient) -> None:
    etag = (await web.get(f"/t/{FILM}")).headers["etag"]
    for wanted in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        answer = await web.get(f"/t/{FILM}", headers={"If-None-Match": wanted})
        assert (answer.status_code, answer.content) == (304, b"")
    assert (await web.get(f"/t/{FILM}", headers={"If-None-Match": '"other"'})).status_code == 200


@pytest.mark.parametrize(
    ("wanted", "status", "body", "told"),
    [
        ("bytes=0-9", 206, DATA[:10], "bytes 0-9/2048"),
        ("bytes=100-", 206, DATA[100:], "bytes 100-2047/2048"),
        ("bytes=-5", 206, DATA[-5:], "bytes 2043-2047/2048"),
        ("bytes=-9999", 206, DATA, "bytes 0-2047/2048"),
        ("bytes=2040-9999", 206, DATA[2040:], "bytes 2040-2047/2048"),
        ("bytes=0-1,5-6", 200, DATA, None),
        ("bytes=9-1", 200, DATA, None),
        ("lines=1-2", 200, DATA, None),
    ],
)
async def test_a_part_is_served_where_one_is_asked_for(web: httpx.AsyncClient, wanted: str, status: int, body: bytes, told: str | None) -> None:
    answer = await web.get(f"/t/{FILM}", headers={"Range": wanted})
    assert (answer.status_code, answer.content, answer.headers.get("content-range")) == (status, body, told)


@pytest.mark.parametrize("wanted", ["bytes=2048-", "bytes=-0", "bytes=9999-99999"])
async def test_a_part_that_is_not_there_is_416(web: httpx.AsyncClient, wanted: str) -> None:
    answer = await web.get(f"/t/{FILM}", headers={"Range": wanted})
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */2048")


async def test_a_part_of_another_version_is_answered_with_the_whole(web: httpx.AsyncClient) -> None:
    answer = await web.get(f"/t/{FILM}", headers={"Range": "bytes=0-9", "If-Range": '"older"'})
    assert (answer.status_code, answer.content) == (200, DATA)


async def test_head_has_the_length_and_no_body(web: httpx.AsyncClient) -> None:
    answer = await web.head(f"/t/{FILM}")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "2048")


@pytest.mark.parametrize(
    ("name", "lasting"),
    [(FILM, True), ("kz-2026-test/nation/tile/0/x001/234", True), ("kz-2026-test/s/10-245/film/a/live.m3u8", False),
     ("kz-2026-test/s/10-245/checkpoint", False), ("kz-2026-test/election.json", False)],
)
async def test_what_never_changes_may_be_kept_and_what_does_may_not(web: httpx.AsyncClient, name: str, lasting: bool) -> None:
    answer = await web.get(f"/t/{name}")
    assert answer.status_code == 200
    assert ("immutable" in answer.headers["cache-control"]) is lasting


@pytest.mark.parametrize(
    "path",
    [
        "/t/secret", "/t/../keys", "/t/%2e%2e/keys", "/t/kz-2026-test/../../keys", "/t/kz-2026-test/s/10-245/../../../../keys", "/t//etc/passwd",
        "/t/kz-2026-test/s/10-245/film/a/.part", "/t/kz-2026-test/s/10-245/film/a/0a1b2c3d-1.m4s.part", "/t/kz-2026-test/s/10-245/film/a/",
        "/t/kz-2026-test/s/10-245/film/a/0a1b2c3d-450000000.m4s%00", "/t/kz-2026-test/s/10-245/film/a", "/t/",
        "/t/kz-2026-test/s/10-245/film/a/0a1b2c3d-450000000.m4s%0a", "/t/kz-2026-test/election.json/",
    ],
)
async def test_no_name_leads_out_of_the_tree_or_to_what_is_not_published(web: httpx.AsyncClient, path: str) -> None:
    assert (await web.get(path)).status_code == 404


async def test_a_withdrawn_file_is_gone_at_once_though_it_is_in_memory(web: httpx.AsyncClient, tmp_path: Path) -> None:
    assert (await web.get(f"/t/{FILM}")).status_code == 200
    (tmp_path / "published" / FILM).unlink()
    assert (await web.get(f"/t/{FILM}")).status_code == 404


async def test_a_replaced_file_is_served_anew(web: httpx.AsyncClient, tmp_path: Path) -> None:
    name = "kz-2026-test/s/10-245/film/a/live.m3u8"
    await web.get(f"/t/{name}")
    fresh = tmp_path / "fresh"
    fresh.write_bytes(b"#EXTM3U\n")
    fresh.replace(tmp_path / "published" / name)
    assert (await web.get(f"/t/{name}")).content == b"#EXTM3U\n"


async def test_a_link_in_the_tree_to_a_folder_is_no_file(web: httpx.AsyncClient, tmp_path: Path) -> None:
    (tmp_path / "published/kz-2026-test/profile.json").mkdir()
    assert (await web.get("/t/kz-2026-test/profile.json")).status_code == 404


async def test_nothing_can_be_written(web: httpx.AsyncClient) -> None:
    answer = await web.put(f"/t/{FILM}", content=b"x")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@given(st.integers(0, 50), st.one_of(st.none(), st.integers(0, 60)), st.integers(0, 50))
def test_a_range_is_always_a_part_of_the_file(first: int, last: int | None, size: int) -> None:
    span = _span(f"bytes={first}-{'' if last is None else last}", size)
    data = bytes(range(size))
    if span is None:
        assert last is not None
        assert last < first
    elif span == (0, 0):
        assert first >= size
    else:
        assert data[slice(*span)] == data[first : None if last is None else last + 1]
