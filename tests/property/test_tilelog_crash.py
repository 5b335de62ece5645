# SPDX-License-Identifier: Apache-2.0
"""The log on disk after any cut: it never forks, never forgets what was signed, and mends what is derived."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kua.adapters.tilelog import DiskLog, frame, frames
from kua.core.errors import Refused, Rejected
from kua.proof.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from kua.proof.keys import SigningKey
from kua.proof.merkle import leaf_hash, root_of
from kua.proof.tiles import decode_bundle, decode_tile, tiles_of

ORIGIN = "kua.example/e/s/10-245"
KEY = SigningKey.from_seed(ORIGIN, bytes(range(32)))


@contextmanager
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def opened(path: Path) -> DiskLog:
    return DiskLog.open(path, ORIGIN, KEY)


def grow(log: DiskLog, batches: list[int], start: int = 0) -> None:
    number = start
    for count in batches:
        log.append([b"leaf %d" % (number + each) for each in range(count)])
        log.publish()
        number += count


def assert_public_tree_is_whole(path: Path) -> None:
    head = open_checkpoint((path / "checkpoint").read_bytes(), KEY.verifier, ORIGIN)
    entries: list[bytes] = []
    for tile in tiles_of(head.size):
        data = (path / tile.path).read_bytes()
        if tile.level == "entries":
            entries += decode_bundle(data, tile.width)
        else:
            decode_tile(data, tile.width)
    assert root_of(map(leaf_hash, entries)) == head.root


def test_a_torn_journal_is_cut_at_every_byte_and_grows_on_without_a_fork() -> None:
    with folder() as base:
        log = opened(base / "whole")
        grow(log, [3, 2])
        signed = log.head
        log.append([b"unsigned one", b"unsigned two"])
        log.close()
        whole = (base / "whole/journal").read_bytes()
        ends = [end for end, _ in frames(whole)]
        for cut in range(ends[4], len(whole) + 1):
            shutil.copytree(base / "whole", base / "cut")
            (base / "cut/journal").write_bytes(whole[:cut])
            log = opened(base / "cut")
            assert log.size == sum(end <= cut for end in ends)
            log.append([b"next"])
            head = log.publish()
            assert signed is not None
            assert head.size > signed.size
            assert root_of(map(leaf_hash, log.entries(0, signed.size))) == signed.root
            log.close()
            assert_public_tree_is_whole(base / "cut")
            shutil.rmtree(base / "cut")


def test_a_journal_that_lost_a_signed_entry_is_refused_at_every_byte() -> None:
    with folder() as base:
        log = opened(base / "log")
        grow(log, [3, 1])
        log.close()
        whole = (base / "log/journal").read_bytes()
        for cut in range(len(whole)):
            (base / "log/journal").write_bytes(whole[:cut])
            with pytest.raises(Rejected, match=r"log\.forked"):
                opened(base / "log")


def test_a_torn_head_is_cut_at_every_byte_and_the_shown_checkpoint_is_kept() -> None:
    with folder() as base:
        log = opened(base / "whole")
        grow(log, [2, 2])
        log.close()
        whole = (base / "whole/heads").read_bytes()
        first = next(end for end, _ in frames(whole))
        shown = (base / "whole/checkpoint").read_bytes()
        for cut in range(first, len(whole)):
            shutil.copytree(base / "whole", base / "cut")
            (base / "cut/heads").write_bytes(whole[:cut])
            log = opened(base / "cut")
            assert log.head is not None
            assert log.head.note == shown
            log.close()
            shutil.rmtree(base / "cut")


def test_damage_in_the_middle_of_the_heads_is_refused() -> None:
    with folder() as base:
        log = opened(base)
        grow(log, [1, 1, 1])
        log.close()
        data = bytearray((base / "heads").read_bytes())
        data[30] ^= 1
        (base / "heads").write_bytes(data)
        with pytest.raises(Rejected, match=r"log\.damaged"):
            opened(base)


def test_zeroes_that_a_power_cut_left_are_cut_off() -> None:
    with folder() as base:
        log = opened(base)
        grow(log, [2])
        log.close()
        for name in ("journal", "heads"):
            with (base / name).open("ab") as file:
                file.write(bytes(4096))
        log = opened(base)
        assert log.size == 2
        log.close()


def test_a_changed_entry_is_a_fork_and_not_mended() -> None:
    with folder() as base:
        log = opened(base)
        grow(log, [2])
        log.close()
        bodies = [body for _, body in frames((base / "journal").read_bytes())]
        (base / "journal").write_bytes(frame(bodies[0]) + frame(b"leaf X"))
        with pytest.raises(Rejected, match=r"log\.forked"):
            opened(base)


def test_a_journal_put_back_from_an_old_copy_is_refused() -> None:
    with folder() as base:
        log = opened(base)
        grow(log, [2])
        log.close()
        old = {name: (base / name).read_bytes() for name in ("journal", "heads")}
        log = opened(base)
        grow(log, [2], 2)
        log.close()
        for name, data in old.items():
            (base / name).write_bytes(data)
        with pytest.raises(Rejected, match=r"log\.forked"):
            opened(base)


def test_a_second_process_is_refused() -> None:
    with folder() as base:
        log = opened(base)
        with pytest.raises(Refused, match=r"log\.locked"):
            opened(base)
        log.close()
        opened(base).close()


def test_a_log_of_another_key_is_refused() -> None:
    with folder() as base:
        log = opened(base)
        grow(log, [1])
        log.close()
        with pytest.raises(Rejected):
            DiskLog.open(base, ORIGIN, SigningKey.from_seed(ORIGIN, b"x" * 32))


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 200), min_size=1, max_size=6), st.data())
def test_whatever_derived_file_is_lost_or_cut_is_made_again(batches: list[int], data: st.DataObject) -> None:
    with folder() as base:
        log = opened(base)
        grow(log, batches)
        log.close()
        derived = sorted(path for path in [*base.glob("tile/**/*"), base / "checkpoint"] if path.is_file())
        for path in data.draw(st.lists(st.sampled_from(derived), max_size=4, unique=True)):
            if data.draw(st.booleans()):
                path.unlink()
            elif path.name != "checkpoint":
                path.write_bytes(path.read_bytes()[:-1])
        log = opened(base)
        assert log.check() == []
        log.close()
        assert_public_tree_is_whole(base)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 120), min_size=10, max_size=14))
def test_partial_tiles_of_the_last_eight_checkpoints_are_there_and_older_ones_are_not(batches: list[int]) -> None:
    with folder() as base:
        log = opened(base)
        grow(log, batches)
        sizes = [sum(batches[: number + 1]) for number in range(len(batches))]
        wanted = {tile.path for size in sizes[-9:] for tile in tiles_of(size) if tile.width < 256}
        there = {path.relative_to(base).as_posix() for path in base.glob("tile/**/*.p/*")}
        assert there == wanted
        log.close()
        opened(base).close()
        assert_public_tree_is_whole(base)


def test_every_head_that_was_signed_can_be_sent_again() -> None:
    with folder() as base:
        log = opened(base)
        grow(log, [4, 5, 6])
        assert [head.size if (head := log.head_within(start, limit)) else None for start, limit in ((0, 3), (0, 8), (4, 9), (9, 14), (0, 99))] == [
            None, 4, 9, None, 15,
        ]
        log.close()


def test_a_copy_of_another_log_takes_only_checkpoints_that_fit_and_forgets_what_is_not_signed() -> None:
    with folder() as base:
        source = opened(base / "source")
        grow(source, [3])
        copy = DiskLog.open(base / "copy", ORIGIN, KEY.verifier)
        entries = source.entries(0, 3)
        assert source.head is not None
        assert copy.root_with(entries) == source.root()
        copy.append(entries[:2])
        with pytest.raises(Rejected, match=r"log\.checkpoint"):
            copy.publish(source.head.note)
        copy.close()
        copy = DiskLog.open(base / "copy", ORIGIN, KEY.verifier)
        assert copy.size == 0
        copy.append(entries)
        assert copy.publish(source.head.note).size == 3
        forged = sign_checkpoint(Checkpoint(ORIGIN, 3, source.root()), SigningKey.from_seed(ORIGIN, b"y" * 32))
        with pytest.raises(Rejected, match=r"note\."):
            copy.publish(forged)
        copy.close()
        source.close()


def test_a_full_tile_whose_head_was_never_signed_is_shown_with_the_next_head() -> None:
    """Killed between the entries and their head, just past the end of a tile: the next checkpoint named a tile that nobody wrote."""
    with folder() as base:
        log = opened(base)
        grow(log, [250])
        log.append([b"leaf %d" % number for number in range(250, 260)])
        log.close()
        log = opened(base)
        grow(log, [1], 260)
        assert log.check() == []
        log.close()
        assert_public_tree_is_whole(base)
