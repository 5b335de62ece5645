# SPDX-License-Identifier: Apache-2.0
"""The log auditor over logs on disk: intact, with each kind of file altered, with each kind of file away, rolled back and rewritten."""

from pathlib import Path

import pytest

from kua.core.errors import Misused, Rejected, Unavailable
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.tiles import Edge, Tile, entries_path, tile_path
from kua.verify.log import MAX_TROUBLE, audit_log
from kua.verify.reading import Folder, open_reader
from kua.verify.report import Report
from kua.words.lines import all_lines, sentence_of

ORIGIN = "test.example/kz-2026-kurultai/s/10-245"
KEY = SigningKey.from_seed(ORIGIN, bytes(32))
VKEY = str(KEY.verifier)
SIZE = 600


def entry(number: int) -> bytes:
    return b'{"n":%d}' % number


def grow(folder: Path, sizes: tuple[int, ...], first: int = 0) -> list[bytes]:
    """Write a log that grew through `sizes`, partial tiles of each kept; return the checkpoint of each size."""
    edge, notes = Edge(), list[bytes]()
    for size in sizes:
        for name, data in edge.append([entry(first + number) for number in range(edge.size, size)]).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        notes.append(sign_checkpoint(Checkpoint(ORIGIN, edge.size, edge.root()), KEY))
        (folder / "checkpoint").write_bytes(notes[-1])
    return notes


def audit(folder: Path, **given: bytes) -> Report:
    return audit_log(open_reader(str(folder)), VKEY, **given)


def flip(path: Path, at: int = 0) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(bytes(data))


def states(report: Report) -> dict[str, str]:
    return {line.check: line.state for line in report.lines}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    grow(tmp_path, (SIZE,))
    return tmp_path


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 512, SIZE])
def test_an_intact_log_passes_every_check(tmp_path: Path, size: int) -> None:
    grow(tmp_path, (size,))
    report = audit(tmp_path)
    assert report.exit_code == 0
    assert states(report) == dict.fromkeys(("log.signature", "log.entries", "log.tiles", "log.root"), "PASS")


FILES = ("checkpoint", entries_path(0), entries_path(2, 88), tile_path(0, 0), tile_path(0, 2, 88), tile_path(1, 0, 2))


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_in_any_file_is_caught_and_the_file_is_named(log: Path, name: str) -> None:
    flip(log / name, 10)
    report = audit(log)
    assert report.exit_code == 1
    wrong = [line for line in report.lines if line.state == "FAIL"]
    assert wrong
    assert name == "checkpoint" or any(name.rpartition("/")[2] in str(line.facts) for line in wrong)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("cut", [1, 32])
def test_a_file_cut_short_is_caught(log: Path, name: str, cut: int) -> None:
    (log / name).write_bytes((log / name).read_bytes()[:-cut])
    assert audit(log).exit_code == 1


@pytest.mark.parametrize("name", FILES)
def test_any_file_that_is_away_is_missed_by_name(log: Path, name: str) -> None:
    (log / name).unlink()
    report = audit(log)
    assert report.exit_code == 2
    assert [line.facts["name"] for line in report.lines if line.state == "MISSING"] == [name]


@pytest.mark.parametrize("name", [entries_path(0), tile_path(0, 0), tile_path(1, 0, 2)])
def test_a_lost_file_does_not_hide_that_the_root_holds(log: Path, name: str) -> None:
    (log / name).unlink()
    assert states(audit(log))["log.root"] == "PASS"


def test_a_changed_entry_breaks_the_root_however_the_tiles_are_made_to_fit(tmp_path: Path) -> None:
    honest = grow(tmp_path, (300,))[0]
    grow(tmp_path, (300,), first=1)  # a whole other log in the same place ...
    report = audit(tmp_path, checkpoint=honest)  # ... under the signed checkpoint of the honest one
    assert [line.code for line in report.lines if line.state == "FAIL"] == ["log.root_differs"]


def test_another_key_is_refused_and_the_rest_is_still_checked(log: Path) -> None:
    stranger = str(SigningKey.from_seed(ORIGIN, bytes([1]) * 32).verifier)
    report = audit_log(open_reader(str(log)), stranger)
    assert report.exit_code == 1
    assert states(report) == {"log.signature": "FAIL", "log.entries": "PASS", "log.tiles": "PASS", "log.root": "PASS"}


def test_a_checkpoint_that_is_none_leaves_nothing_to_compare_with(log: Path) -> None:
    (log / "checkpoint").write_bytes(b"hello\n")
    report = audit(log, since=sign_checkpoint(Checkpoint(ORIGIN, 0, Edge().root()), KEY))
    assert report.exit_code == 1
    assert states(report)["log.root"] == states(report)["log.since"] == "NOT_CHECKED"


def test_growth_is_checked_from_every_earlier_checkpoint(tmp_path: Path) -> None:
    notes = grow(tmp_path, (0, 1, 255, 256, 300, 511, 512, 513, SIZE))
    for number, since in enumerate(notes):
        for head in notes[number:]:
            assert audit(tmp_path, checkpoint=head, since=since).exit_code == 0


def test_a_log_that_shrank_forked_or_was_rewritten_is_caught(tmp_path: Path) -> None:
    small, large = grow(tmp_path / "honest", (300, SIZE))
    other_small, other_large = grow(tmp_path / "other", (300, SIZE), first=1)
    for head, since, code in (
        (small, large, "log.rolled_back"),
        (large, other_large, "log.forked"),
        (large, other_small, "log.rewritten"),
    ):
        report = audit(tmp_path / "honest", checkpoint=head, since=since)
        assert report.exit_code == 1
        assert [line.code for line in report.lines if line.state == "FAIL"] == [code]


def test_an_earlier_checkpoint_of_another_log_or_without_our_signature_proves_nothing(log: Path) -> None:
    root = Edge().root()
    other = sign_checkpoint(Checkpoint(ORIGIN + "6", 0, root), KEY)
    unsigned = sign_checkpoint(Checkpoint(ORIGIN, 0, root), SigningKey.from_seed("x", bytes(32)))
    for since, code in ((other, "checkpoint.origin"), (unsigned, "note.unknown_signer")):
        report = audit(log, since=since)
        assert report.exit_code == 1
        assert report.lines[-1].code == code


def test_a_partial_tile_that_was_tidied_away_is_read_from_a_wider_one(tmp_path: Path) -> None:
    small, middle, _large = grow(tmp_path, (3, 7, SIZE))
    for kind in ("0", "entries"):
        (tmp_path / f"tile/{kind}/000.p/3").unlink()
    assert audit(tmp_path, checkpoint=small).exit_code == 0  # from the full one
    for kind in ("0", "entries"):
        (tmp_path / f"tile/{kind}/000").unlink()
    assert audit(tmp_path, checkpoint=small).exit_code == 0  # from .p/7
    flip(tmp_path / "tile/0/000.p/7")
    assert audit(tmp_path, checkpoint=small).exit_code == 1
    assert audit(tmp_path, checkpoint=middle).exit_code == 1


def test_a_signed_size_without_files_does_not_keep_the_auditor_busy_for_ever(log: Path) -> None:
    head = sign_checkpoint(Checkpoint(ORIGIN, 2**62, Edge().root()), KEY)
    report = audit(log, checkpoint=head)
    assert report.exit_code in {1, 2}
    assert sum(line.state != "PASS" for line in report.lines) <= MAX_TROUBLE + 3


def test_a_link_that_leads_out_of_the_folder_is_not_followed(log: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "tile"
    outside.write_bytes((log / tile_path(0, 0)).read_bytes())
    (log / tile_path(0, 0)).unlink()
    (log / tile_path(0, 0)).symlink_to(outside)
    assert [line.code for line in audit(log).lines if line.state == "FAIL"] == ["verify.name"]


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a//b", "a/./b", "a/../../b", "", "a\\b", "a\x00b", "."])
def test_no_name_leads_out_of_the_folder(log: Path, name: str) -> None:
    with pytest.raises(Rejected, match=r"verify\.name"):
        Folder(log).read(name)


def test_a_file_past_its_limit_is_refused_unread(log: Path) -> None:
    (log / tile_path(0, 0)).write_bytes(bytes(8193))
    assert [line.code for line in audit(log).lines if line.state == "FAIL"] == ["verify.too_large"]


def test_only_folders_and_web_addresses_are_places(tmp_path: Path) -> None:
    for place in ("ftp://host/x", "file:///etc", "data://x"):
        with pytest.raises(Misused, match=r"verify\.scheme"):
            open_reader(place)
    for place in ("http://", "https://user:word@host/x", "https://host/x?y", "https://host/#x", "http://[::1", "http://host:99999/"):
        with pytest.raises(Misused, match=r"verify\.url"):
            open_reader(place)
    with pytest.raises(Unavailable, match=r"verify\.nowhere"):
        open_reader(str(tmp_path / "nowhere"))


def test_a_folder_lists_its_files(log: Path) -> None:
    names = Folder(log).names()
    assert "checkpoint" in names
    assert Tile(0, 2, 88).path in names
    assert Folder(log).names("tile/1") == ("tile/1/000.p/2",)
    assert Folder(log).names("nowhere") == ()


def test_the_exit_code_is_the_worst_that_was_seen() -> None:
    report = Report()
    assert report.exit_code == 3
    report.not_checked("a", "x")
    assert report.exit_code == 3
    report.passed("b", "x")
    assert report.exit_code == 0
    report.trouble("c", Unavailable("verify.unreachable", name="n", why="w"))
    assert report.exit_code == 3
    report.missing("d", "x")
    assert report.exit_code == 2
    report.failed("e", "x", fact=1)
    assert report.exit_code == 1
    assert report.to_json()["lines"][-1] == {"check": "e", "state": "FAIL", "code": "x", "facts": {"fact": 1}}


def test_every_line_has_a_sentence_and_no_empty_place_in_it(log: Path) -> None:
    flip(log / "checkpoint", 10)
    (log / tile_path(0, 0)).unlink()
    for line in audit(log).lines:
        sentence = sentence_of(line.code)
        assert sentence
        assert sentence.format(**line.facts)
    assert all_lines()
