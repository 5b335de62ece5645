# SPDX-License-Identifier: Apache-2.0
"""The command line as a person meets it: exit codes, words, and what is not loaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import kua
from kua.cli import main
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.tiles import Edge
from kua.words.speak import language

KEY = SigningKey.from_seed("test.example/log", bytes(32))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    edge = Edge()
    for name, data in edge.append([b"one", b"two", b"three"]).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "checkpoint").write_bytes(sign_checkpoint(Checkpoint(KEY.name, 3, edge.root()), KEY))
    (tmp_path / "vkey").write_text(f"{KEY.verifier}\n")
    return tmp_path


@pytest.fixture(autouse=True)
def _english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUA_LANG", "en")


def test_an_intact_log_ends_in_zero_and_says_so(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["log", "verify", str(log), "--vkey", str(KEY.verifier)]) == 0
    told = capsys.readouterr().out
    assert told.count("PASS") == 4
    assert "Everything that was checked is intact." in told


def test_the_key_may_stand_in_a_file(log: Path) -> None:
    assert main.run(["log", "verify", str(log), "--vkey", str(log / "vkey"), "--since", str(log / "checkpoint")]) == 0


def test_json_is_one_object_on_stdout(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (log / "tile/0/000.p/3").write_bytes(bytes(96))
    assert main.run(["log", "verify", str(log), "--vkey", str(KEY.verifier), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["exit_code"] == 1
    assert told["size"] == 3
    assert {line["state"] for line in told["lines"]} == {"PASS", "FAIL"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 64),
        (["nonsense"], 64),
        (["log"], 64),
        (["log", "verify"], 64),
        (["log", "verify", ".", "--vkey", "a+b"], 64),
        (["log", "verify", ".", "--vkey", "no-such-file"], 64),
        (["log", "verify", "ftp://host/x", "--vkey", str(KEY.verifier)], 64),
        (["log", "verify", "no-such-folder", "--vkey", str(KEY.verifier)], 3),
        (["log", "verify", "tests", "--vkey", str(KEY.verifier)], 2),
        (["--version"], 0),
        (["--help"], 0),
        (["log", "verify", "--help"], 0),
    ],
)
def test_exit_codes(arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(arguments) == code
    told = capsys.readouterr()
    assert told.out or told.err
    assert "Traceback" not in told.err


def test_an_error_says_what_why_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    main.run(["log", "verify", "ftp://host/x", "--vkey", str(KEY.verifier)])
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("verify.scheme: ")
    assert len(lines) == 3


def test_a_bug_gets_one_line_and_its_traceback_only_on_demand(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("kua.cli.log.audit_log", lambda *_given, **_named: 1 // 0)
    arguments = ["log", "verify", ".", "--vkey", str(KEY.verifier)]
    assert main.run(arguments) == 70
    assert "ZeroDivisionError" in (told := capsys.readouterr().err)
    assert "Traceback" not in told
    monkeypatch.setenv("KUA_DEBUG", "1")
    assert main.run(arguments) == 70
    assert "Traceback" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out == f"kua {kua.__version__}\n"


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru_RU.UTF-8", "KUA_LANG": "kk"}, "kk"),
        ({"LANG": "kk_KZ.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
    ],
)
def test_the_language_is_the_readers(environment: dict[str, str], wanted: str) -> None:
    assert language(environment) == wanted


def test_verifying_a_log_loads_no_codec_and_no_web_library(log: Path) -> None:
    arguments = ["log", "verify", str(log), "--vkey", str(KEY.verifier)]
    # pydantic is not in the list: typer itself loads it where it happens to be installed
    code = (
        "import sys; from kua.cli import main; "
        f"assert main.run({arguments!r}) == 0; "
        "heavy = {'av', 'cv2', 'numpy', 'onnxruntime', 'httpx', 'sqlalchemy', 'starlette', 'fastapi', 'jinja2', 'uvicorn'}; "
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_noun_whose_library_is_not_installed_says_which_part_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "noun_for_this_test.py").write_text("import a_library_that_nobody_has\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(main.NOUNS, "thing", ("noun_for_this_test", "A thing."))
    assert main.run(["thing"]) == 64
    assert "a_library_that_nobody_has" in capsys.readouterr().err
