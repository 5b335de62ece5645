# SPDX-License-Identifier: Apache-2.0
"""A checkpoint on paper against a log: the code of the protocol, and the text of a printed QR, given to the commands that anybody runs."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from kua.app.closing import closing_code, final_code
from kua.cli.main import app
from kua.core.errors import KuaError
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.cosign import cosign
from kua.proof.keys import SigningKey
from kua.proof.merkle import EMPTY_ROOT
from kua.proof.paper import PaperCode, paper_code, read_paper_code
from kua.proof.note import add_signatures, parse_note
from kua.verify.film import Trust, verify_film
from kua.verify.log import audit_log
from kua.verify.paper import check_list
from kua.verify.reading import open_reader
from kua.verify.report import Report
from kua.words.lines import sentence_of
from tests.rigs.listening import room_of
from tests.rigs.witnessed import Story
from tests.unit.test_verify_log import KEY, ORIGIN, VKEY, grow, states
from tools import make_published as parts

SIZES = (5, 256, 300)
TELEPHONE = SigningKey.from_seed("observer/10-245/0a1b2c3d", bytes([3]) * 32)


def code_of(note: bytes) -> PaperCode:
    return paper_code(parse_note(note).text)


def audit(folder: Path, paper: PaperCode) -> Report:
    return audit_log(open_reader(str(folder)), VKEY, paper=paper)


def run(*words: str, given: str = "") -> tuple[int, str]:
    told = CliRunner().invoke(app, ["log", "verify", *words, "--vkey", VKEY], input=given)
    return (told.exception.exit_code if isinstance(told.exception, KuaError) else told.exit_code), told.output


def test_the_code_of_any_moment_of_a_log_holds(tmp_path: Path) -> None:
    for note in grow(tmp_path, SIZES):
        report = audit(tmp_path, code_of(note))
        assert states(report)["log.paper"] == "PASS"
        assert report.exit_code == 0


def test_another_history_has_another_code(tmp_path: Path) -> None:
    told = code_of(grow(tmp_path / "true", SIZES)[1])
    grow(tmp_path / "other", SIZES, first=1_000)
    report = audit(tmp_path / "other", told)
    assert (states(report)["log.paper"], report.exit_code) == ("FAIL", 1)
    assert all(sentence_of(line.code) for line in report.lines)


def test_the_code_of_another_station_is_not_that_of_this_one(tmp_path: Path) -> None:
    (note,) = grow(tmp_path, (7,))
    head = parse_note(note).text.replace("10-245", "10-246")
    assert states(audit(tmp_path, paper_code(head)))["log.paper"] == "FAIL"


def test_a_cut_end_shows_itself_by_the_number(tmp_path: Path) -> None:
    told = code_of(grow(tmp_path / "true", (5, 9))[1])
    grow(tmp_path / "cut", (5,))
    report = audit(tmp_path / "cut", told)
    assert (states(report)["log.paper"], report.exit_code) == ("MISSING", 2)


def test_the_commands_take_what_people_have(tmp_path: Path) -> None:
    first, _, last = grow(tmp_path, SIZES)
    place, code = str(tmp_path), code_of(last)
    assert run(place, "--code", str(code))[0] == 0
    assert run(place, "--code", f"{code.size} {code.code.lower().replace('-', ' ')}")[0] == 0
    scanned = first.decode().replace("\n\n", "\n").replace("\n", "\r\n").strip()
    assert run(place, "--since", "-", given=scanned)[0] == 0
    (tmp_path / "qr.txt").write_text(scanned)
    assert run(place, "--since", str(tmp_path / "qr.txt"))[0] == 0
    forged = sign_checkpoint(Checkpoint(ORIGIN, 5, EMPTY_ROOT), KEY).decode()
    assert run(place, "--since", "-", given=forged)[0] == 1
    stranger = sign_checkpoint(Checkpoint(ORIGIN, 5, EMPTY_ROOT), SigningKey.from_seed(ORIGIN, bytes([1]) * 32)).decode()
    assert run(place, "--since", "-", given=stranger)[0] == 1
    assert run(place, "--since", "-", given="no checkpoint")[0] == 1


@pytest.mark.parametrize("code", ["", "7", "300 AAAA", "300 " + "0" * 27 + "1"])
def test_what_was_mistyped_is_told_before_anything_is_read(tmp_path: Path, code: str) -> None:
    grow(tmp_path, (7,))
    assert run(str(tmp_path), "--code", code)[0] == (0 if not code else 64)


def test_the_vector_of_the_specification_holds() -> None:
    text = "vectors.example/kz-2026-kurultai/s/10-245\n1\ndziFphNIniTOLPdhmdakI/BC5LvxLX7s7pEu8nbGVwE=\n"
    assert str(paper_code(text)) == "1 VHS3-NYYZ-TRBG-P568-11ZN-SPBR-3XB5"
    assert read_paper_code("1 vhs3 nyyz trbg p568 iizn spbr 3xb5") == paper_code(text)


def test_the_code_of_a_protocol_is_held_against_a_published_film(tmp_path: Path) -> None:
    story = Story()
    story.film(0)
    story.close()
    told = paper_code(parse_note(parts.checkpoint(story.station, parts.AGENT)).text)
    story.write(tmp_path)
    place = str(tmp_path / "s" / parts.STATION)
    check = f"s/{parts.STATION} paper"
    assert states(verify_film(place, Trust(paper=told)))[check] == "PASS"
    other = PaperCode(told.size - 1, told.code)
    assert states(verify_film(place, Trust(paper=other)))[check] == "FAIL"
    assert states(verify_film(place, Trust(paper=PaperCode(told.size + 1, told.code))))[check] == "MISSING"
    assert states(verify_film(str(tmp_path), Trust(paper=told)))["paper"] == "NOT_CHECKED", "a code is of one station"


def test_the_code_of_the_close_is_not_told_before_the_last_hour_is_sealed(tmp_path: Path) -> None:
    with room_of(tmp_path, listens=False) as room:
        assert closing_code(room.box) is None
        keys = room.box / "keys" / "hours"
        keys.mkdir(parents=True)
        (keys / "07.pem").touch()
        room.journal.close("ordered")
        assert closing_code(room.box) is None, "a seal is still to come, and with it another root"
        (keys / "07.pem").unlink()
        assert closing_code(room.box) == final_code(room.box, 1.0) == paper_code(parse_note(room.log.checkpoint()).text)


def saved(notes: list[bytes], phone: SigningKey = TELEPHONE) -> bytes:
    """What a telephone saves."""
    signed = [{"size": 0, "root": "", "at": 0, "note": add_signatures(note, [cosign(parse_note(note).text, phone, 7)]).decode()} for note in notes]
    return json.dumps({"v": 1, "station": "10-245", "origin": ORIGIN, "log": VKEY, "vkey": str(TELEPHONE.cosigner), "signed": signed}).encode()


@pytest.mark.parametrize(
    ("case", "state"),
    [("all", "PASS"), ("another history", "FAIL"), ("shorter", "MISSING"), ("another telephone", "FAIL"), ("not the log", "FAIL"), ("no list", "FAIL"), ("empty", "FAIL")],
)
def test_a_telephones_list_is_held_against_a_log(tmp_path: Path, case: str, state: str) -> None:
    notes = grow(tmp_path / "log", SIZES)
    other = grow(tmp_path / "other", SIZES, first=1_000)
    if case == "shorter":
        grow(tmp_path / "log", SIZES[:2])
    data = {
        "another history": saved([notes[0], other[1]]),
        "another telephone": saved(notes, SigningKey.from_seed(TELEPHONE.name, bytes([9]) * 32)),
        "not the log": saved([sign_checkpoint(Checkpoint(ORIGIN, 5, EMPTY_ROOT), TELEPHONE)]),
        "no list": b"[1]",
        "empty": saved([]),
    }.get(case, saved(notes))
    report = audit_log(open_reader(str(tmp_path / "log")), VKEY, telephone=data)
    (line,) = [line for line in report.lines if line.check == "log.telephone"]
    assert line.state == state
    assert case != "another history" or line.code == "log.list_differs"


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text(max_size=9) | st.integers(), lambda inner: st.dictionaries(st.sampled_from(["v", "vkey", "signed", "note"]), inner) | st.lists(inner)).map(lambda value: json.dumps(value).encode()))
def test_whatever_is_given_as_a_list_has_a_line_and_nothing_breaks(data: bytes) -> None:
    report = Report()
    check_list("log.telephone", data, KEY.verifier, Checkpoint(ORIGIN, 5, EMPTY_ROOT), lambda _: None, report)
    assert [line.check for line in report.lines] == ["log.telephone"]
