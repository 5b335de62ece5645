# SPDX-License-Identifier: Apache-2.0
"""Names of things: what fits is returned as it came; nothing that could leave a folder, look like another name or break a line gets in."""

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kua.core.digest import from_hex, sha256
from kua.core.errors import Rejected
from kua.core.nouns import ElectionId, StationId, camera_id, election_id, nation_origin, run_id, station_id, station_origin

Check = Callable[[str], str]
NAMES: Final[dict[str, tuple[Check, list[str]]]] = {
    "election": (election_id, ["kz-2026-kurultai", "abc", "a" + "-" * 62 + "9"]),
    "station": (station_id, ["10-245", "00-0", "99-99999"]),
    "camera": (camera_id, ["a", "z"]),
    "run": (run_id, ["0badcafe", "00000000"]),
}
ESCAPES: Final = [
    "", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", "a\0b", "%2e%2e", "~", "a\n", "\na", " a", "a ", "C:", "con.", "a" * 65, "a" * 9999, "\u0430", "\u0661\u0660-\uff11",
    "kz-2026-", "-kz-2026", "KZ-2026", "10-245/../10-246", "10-245\n", "0badcafe\n", "0BADCAFE", "a\u200b", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, (_, names) in NAMES.items() for name in names])
def test_a_name_that_fits_is_itself(kind: str, name: str) -> None:
    assert NAMES[kind][0](name) == name


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("escape", ESCAPES, ids=ascii)
def test_a_name_that_could_escape_or_deceive_is_refused(kind: str, escape: str) -> None:
    if (kind, escape) != ("camera", "a"):
        with pytest.raises(Rejected) as caught:
            NAMES[kind][0](escape)
        assert caught.value.code == f"name.{kind}"
        assert len(str(caught.value.facts["given"])) <= 80


@pytest.mark.parametrize("kind", NAMES)
@given(name=st.text(max_size=12) | st.from_regex(r"[a-z0-9./\\\n-]{0,12}"))
def test_whatever_gets_in_is_one_plain_part_of_a_path(kind: str, name: str) -> None:
    try:
        held = NAMES[kind][0](name)
    except Rejected:
        return
    assert held == name
    assert held.isascii()
    assert not set(held) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert held not in {".", ".."}


def test_a_log_is_named_by_domain_election_and_station() -> None:
    election = ElectionId("kz-2026-kurultai")
    assert station_origin("film.example", election, StationId("10-245")) == "film.example/kz-2026-kurultai/s/10-245"
    assert nation_origin("film.example", election) == "film.example/kz-2026-kurultai/nation"


@given(st.binary(max_size=64))
def test_a_digest_has_one_spelling(data: bytes) -> None:
    digest = sha256(data)
    assert from_hex(digest.hex()) == digest
    for other in (
        digest.hex().upper() + "A",
        digest.hex()[:-1],
        digest.hex() + "0",
        f" {digest.hex()}",
        digest.hex()[:-1] + "G",
        "A" + digest.hex()[1:],
    ):
        with pytest.raises(ValueError, match=r".*"):
            from_hex(other)
