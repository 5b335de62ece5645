# SPDX-License-Identifier: Apache-2.0
"""The election file: what is missing, unknown or of another kind is refused; phases begin at their start and end before their end."""

import copy
from collections.abc import Iterator
from typing import Any, Final

import pytest

from kua.core.canonical import canonical
from kua.core.election import Election, Window, read_election
from kua.core.errors import Rejected
from kua.core.instant import Instant

HOUR: Final = 3_600_000
START: Final = 1_773_532_800_000
Path = tuple[str | int, ...]


def named(text: str) -> dict[str, str]:
    """A title in three languages."""
    return {"kk": text, "ru": text, "en": text}


def file() -> dict[str, Any]:
    """A whole election file."""
    return {
        "v": 1, "id": "kz-2026-kurultai", "version": 3, "domain": "film.example", "titles": named("Election"), "kind": "parliament",
        "contests": [named("List"), named("Seat")], "profile": {"id": "kz", "sha256": "0" * 64}, "regions": [{"id": "10", "titles": named("Abai")}],
        "stations": [
            {
                "id": "10-245", "region": "10", "titles": named("School"), "address": named("Street 1"), "voters": 1735,
                "cameras": [{"id": "a", "purpose": "room"}, {"id": "b", "purpose": "box"}],
                "windows": [
                    {"phase": "opening", "from": START, "to": START + HOUR},
                    {"phase": "voting", "from": START + HOUR, "to": START + 14 * HOUR},
                    {"phase": "count", "from": START + 15 * HOUR, "to": START + 20 * HOUR},
                ],
                "exempt": None,
            },
            {
                "id": "10-246", "region": "10", "titles": named("Ward"), "address": named("Street 2"), "voters": 40, "cameras": [], "windows": [],
                "exempt": named("A hospital"),
            },
        ],
        "hiding": {}, "publication": {"delay_ms": 30000}, "cosigning": "", "centres": [{"url": "https://film.example", "vkey": "film.example/centre+0+A"}],
        "keys": {"commission": ["k"], "issuers": [{"role": "chair", "vkey": "k"}]},
    }  # fmt: skip


def read(body: Any) -> Election:
    """Read `body` as an election file."""
    return read_election(canonical(body))


def refused(body: Any, code: str = "election.schema") -> None:
    """Assert that `body` is refused."""
    with pytest.raises(Rejected) as caught:
        read(body)
    assert caught.value.code == code


def objects(value: Any, path: Path = ()) -> Iterator[Path]:
    """The place of every object in the file; the hiding table is not read here."""
    if isinstance(value, dict) and path != ("hiding",):
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []:
        yield from objects(inner, (*path, key))


def fields(value: Any, path: Path = ()) -> Iterator[Path]:
    """The place of every field of every object in the file."""
    for place in objects(value, path):
        yield from ((*place, name) for name in at(value, place))


def at(body: Any, path: Path) -> Any:
    """What stands at `path`."""
    for step in path:
        body = body[step]
    return body


def changed(path: Path, value: Any) -> dict[str, Any]:
    """The file with another value at `path`."""
    body = copy.deepcopy(file())
    at(body, path[:-1])[path[-1]] = value
    return body


def test_a_whole_file_is_read() -> None:
    election = read(file())
    assert (election.id, election.version, election.delay, len(election.contests)) == ("kz-2026-kurultai", 3, 30000, 2)
    station = election.station("10-245")
    assert [camera.purpose for camera in station.cameras] == ["room", "box"]
    assert station.windows[0] == Window("opening", Instant(START), Instant(START + HOUR))
    assert station.titles.said_in("kk") == "School"
    exempt = election.station("10-246").exempt
    assert exempt is not None
    assert exempt.en == "A hospital"
    assert [(issuer.role, issuer.vkey) for issuer in election.issuers] == [("chair", "k")]


@pytest.mark.parametrize("path", list(fields(file())), ids=str)
def test_a_field_that_is_missing_is_refused(path: Path) -> None:
    body = file()
    del at(body, path[:-1])[path[-1]]
    refused(body)


@pytest.mark.parametrize("path", list(objects(file())), ids=str)
def test_a_field_that_is_unknown_is_refused(path: Path) -> None:
    body = file()
    at(body, path)["note"] = "x"
    refused(body)


def wrong(value: Any) -> list[Any]:
    """Values of other kinds than `value` is of."""
    match value:
        case str():
            return [7, True, ["x"], {"x": 1}, None]
        case int():
            return ["7", -1, 1.5, True, None, [1]]
        case list():
            return ["text", 7, None, {"a": 1}, [7]]
        case _:
            return ["text", 7, None, ["x"]]


@pytest.mark.parametrize("path", [path for path in fields(file()) if path[-1] != "exempt"], ids=str)
def test_a_field_of_another_kind_is_refused(path: Path) -> None:
    for value in wrong(at(file(), path)):
        refused(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (("id",), "KZ 2026", "name.election"),
        (("id",), "../kz", "name.election"),
        (("stations", 0, "id"), "10-245/..", "name.station"),
        (("stations", 0, "cameras", 0, "id"), "ab", "name.camera"),
        (("v",), 2, "election.schema"),
        (("stations", 0, "region"), "11", "election.schema"),
        (("stations", 1, "id"), "10-245", "election.schema"),
        (("stations", 0, "cameras", 1, "id"), "a", "election.schema"),
        (("regions",), [{"id": "10", "titles": named("A")}] * 2, "election.schema"),
        (("stations", 0, "windows", 0, "phase"), "party", "election.schema"),
        (("stations", 0, "windows", 0, "to"), START, "election.schema"),
        (("stations", 0, "windows", 0, "to"), START + HOUR + 1, "election.schema"),
        (("stations", 0, "windows", 2, "from"), START + HOUR, "election.schema"),
        (("titles", "kk"), "", "election.schema"),
        (("publication", "delay_ms"), -1, "election.schema"),
    ],
)
def test_what_contradicts_itself_is_refused(path: Path, value: Any, code: str) -> None:
    refused(changed(path, value), code)


@pytest.mark.parametrize("data", [b"", b"[]", b"null", b"{", b'{"v":1,"v":1}', b'{ "v":1}', '{"v":1}'.encode("utf-16")])
def test_bytes_that_are_no_canonical_object_are_refused(data: bytes) -> None:
    with pytest.raises(Rejected, match=r"json\."):
        read_election(data)


@pytest.mark.parametrize(
    ("moment", "phase"),
    [
        (START - 1, None), (START, "opening"), (START + HOUR - 1, "opening"), (START + HOUR, "voting"), (START + 14 * HOUR - 1, "voting"),
        (START + 14 * HOUR, None), (START + 15 * HOUR - 1, None), (START + 15 * HOUR, "count"), (START + 20 * HOUR - 1, "count"),
        (START + 20 * HOUR, None),
    ],
)  # fmt: skip
def test_a_phase_holds_from_its_start_to_before_its_end(moment: int, phase: str | None) -> None:
    assert read(file()).station("10-245").phase_at(Instant(moment)) == phase


def test_a_station_without_windows_is_never_on() -> None:
    assert read(file()).station("10-246").phase_at(Instant(START + HOUR)) is None


@pytest.mark.parametrize("wanted", ["10-999", "", "10-245 ", "x" * 99])
def test_a_station_that_the_file_does_not_name_is_refused(wanted: str) -> None:
    with pytest.raises(Rejected, match=r"election\.no_station"):
        read(file()).station(wanted)
