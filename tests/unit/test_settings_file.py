# SPDX-License-Identifier: Apache-2.0
"""Settings are strict: what is not understood is an error that helps, and no secret is taken from or shown in a file."""

from pathlib import Path

import pytest

from kua.app.settings import TABLES, CameraSettings, load, load_station, settings_of, values
from kua.cli.main import run
from kua.core.errors import Misused

CAMERA = {"id": "a", "source": "painted:1"}


def station(**more: object) -> dict[str, object]:
    return {"station": {"id": "10-245", "cameras": [dict(CAMERA) | more]}}


def code_of(table: dict[str, object]) -> tuple[str, dict[str, object]]:
    with pytest.raises(Misused) as caught:
        settings_of(table)
    return caught.value.code, dict(caught.value.facts)


def test_defaults_are_720p_at_ten_pictures_and_800_kbit() -> None:
    read = settings_of(station()).station
    assert read is not None
    camera = read.camera("a")
    assert (camera.width, camera.height, camera.fps, camera.bitrate) == (1280, 720, 10, 800)


@pytest.mark.parametrize(
    ("table", "nearest"),
    [
        (station(bitrat=500), "bitrate"),
        ({"station": {"id": "10-245", "electon": "x", "cameras": [CAMERA]}}, "election"),
        ({"centre": {"prot": 1}}, "port"),
        ({"sight": {}}, "site"),
    ],
)
def test_an_unknown_name_is_an_error_with_the_nearest_right_one(table: dict[str, object], nearest: str) -> None:
    code, facts = code_of(table)
    assert (code, facts["nearest"]) == ("settings.unknown", nearest)


@pytest.mark.parametrize(("given", "fine"), [({}, 1600), ({"bitrate": 300}, 600), ({"bitrate": 7000}, 8000), ({"count_bitrate": 1200}, 1200)])
def test_film_of_the_count_has_twice_the_bits_where_nobody_says_otherwise(given: dict[str, int], fine: int) -> None:
    assert CameraSettings(id="a", source="painted:5", **given).fine == fine


@pytest.mark.parametrize("more", [{"fps": 0}, {"fps": "10"}, {"width": 641}, {"id": "A"}, {"preset": "insane"}, {"bitrate": 1.5}, {"source": "rtsp://[::1/x"}])
def test_a_value_that_is_not_allowed_is_an_error_that_does_not_repeat_it(more: dict[str, object]) -> None:
    code, facts = code_of(station(**more))
    assert code == "settings.value"
    assert "insane" not in str(facts)


def test_a_password_in_an_address_is_refused_and_not_repeated() -> None:
    code, facts = code_of(station(source="rtsp://admin:hunter2@192.0.2.7/1"))
    assert (code, facts["variable"]) == ("settings.secret", "KUA_CAMERA_A_PASSWORD")
    assert "hunter2" not in str(facts)


def test_two_cameras_of_one_letter_are_refused() -> None:
    code, _ = code_of({"station": {"id": "10-245", "cameras": [CAMERA, CAMERA]}})
    assert code == "settings.twice"


def test_a_station_without_a_camera_is_refused() -> None:
    assert code_of({"station": {"id": "10-245", "cameras": []}})[0] == "settings.value"


def test_a_broken_file_and_a_missing_folder_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "kua.toml").write_text("[station\n", encoding="utf-8")
    with pytest.raises(Misused, match=r"settings\.toml"):
        load(tmp_path)
    with pytest.raises(Misused, match=r"settings\.no_box"):
        load(tmp_path / "nowhere")


def test_a_folder_without_a_station_says_so(tmp_path: Path) -> None:
    with pytest.raises(Misused, match=r"settings\.no_station"):
        load_station(tmp_path)


def test_the_environment_changes_nothing_but_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRE__PORT", "1")
    monkeypatch.setenv("STATION", "{}")
    (tmp_path / "kua.toml").write_text('[station]\nid = "10-245"\n[[station.cameras]]\nid = "a"\nsource = "rtsp://u@192.0.2.7/1"\nfps = 5\n', encoding="utf-8")
    found = {value.name: value for value in values(tmp_path, {"KUA_CAMERA_A_PASSWORD": "hunter2"})}
    assert (found["centre.port"].value, found["centre.port"].origin) == (8080, "default")
    assert (found["station.cameras.a.fps"].value, found["station.cameras.a.fps"].origin) == (5, "file")
    assert (found["KUA_CAMERA_A_PASSWORD"].value, found["KUA_CAMERA_A_PASSWORD"].origin) == ("set", "environment")
    assert "hunter2" not in str(found)


def test_every_setting_has_its_line_and_there_are_at_most_forty() -> None:
    fields = [told for table in TABLES.values() for told in table.model_fields.values()]
    assert all(told.description for told in fields)
    assert len(fields) <= 40


def test_the_command_line_shows_and_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kua.toml").write_text("[centre]\nport = 9\n", encoding="utf-8")
    assert run(["settings", "check", "--box", str(tmp_path)]) == 0
    assert run(["settings", "show", "--box", str(tmp_path)]) == 0
    assert "centre.port" in capsys.readouterr().out
    (tmp_path / "kua.toml").write_text("[centre]\nprot = 9\n", encoding="utf-8")
    assert run(["settings", "check", "--box", str(tmp_path)]) == 64
    assert "Did you mean: port?" in capsys.readouterr().err
