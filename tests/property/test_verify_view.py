# SPDX-License-Identifier: Apache-2.0
"""A view of a log gives what was signed or an error, whatever the place serves; a damaged copy before it costs nothing but a second reading."""

from functools import lru_cache

from hypothesis import given
from hypothesis import strategies as st
import pytest

from kua.core.errors import Incomplete, KuaError, Rejected
from kua.proof.checkpoint import Checkpoint, sign_checkpoint
from kua.proof.fork import check_fork, read_fork
from kua.proof.keys import SigningKey
from kua.proof.merkle import leaf_hash, root_of
from kua.proof.tiles import Edge, tiles_of
from kua.verify.reading import MAX_FILE
from kua.verify.view import LogView

KEY = SigningKey.from_seed("test.example/view", bytes(32))
SIZES = (0, 1, 255, 256, 257, 700, 66_000)


class Held:
    """Files in memory as a place that serves them."""

    where, listable = "memory", False

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.asked: list[str] = []

    def read(self, name: str, limit: int = MAX_FILE) -> bytes:
        self.asked.append(name)
        if name not in self.files:
            raise Incomplete("verify.missing", name=name)
        if len(self.files[name]) > limit:
            raise Rejected("verify.too_large", name=name, limit=limit)
        return self.files[name]

    def names(self, folder: str = "") -> tuple[str, ...]:
        return ()


@lru_cache
def log(size: int, changed: int = -1) -> tuple[dict[str, bytes], tuple[bytes, ...], bytes]:
    """Files, entries and checkpoint of a log of `size` entries, of which one may be another."""
    entries = tuple(b"entry %d" % number if number != changed else b"another" for number in range(size))
    edge = Edge()
    files = edge.append(entries)
    note = sign_checkpoint(Checkpoint(KEY.name, size, edge.root()), KEY)
    return files | {"checkpoint": note}, entries, note


def view_of(*places: Held) -> LogView:
    return LogView.open(places, KEY.verifier, KEY.name)


@pytest.mark.parametrize("size", SIZES)
def test_an_honest_log_is_read_whole_with_a_few_tiles_in_memory(size: int) -> None:
    files, entries, _ = log(size)
    place = Held(files)
    view = view_of(place)
    assert [entry for _, entry in view.entries()] == list(entries)
    assert [number for number, _ in view.entries(size // 2)] == list(range(size // 2, size))
    assert view.prover().root(size // 3) == root_of(map(leaf_hash, entries[: size // 3]))
    assert len(view._kept) <= 64


def whole(place: Held) -> list[bytes]:
    return [entry for _, entry in view_of(place).entries()]


@given(st.sampled_from((257, 700)), st.data())
def test_whatever_byte_of_whatever_file_is_changed_the_log_is_not_read(size: int, draw: st.DataObject) -> None:
    files, _, _ = log(size)
    name = draw.draw(st.sampled_from([tile.path for tile in tiles_of(size)]))
    data = bytearray(files[name])
    data[draw.draw(st.integers(0, len(data) - 1))] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(KuaError):
        whole(Held(files | {name: bytes(data)}))


@pytest.mark.parametrize("name", ["tile/2/000.p/1", "tile/1/000", "tile/1/001.p/1", "tile/0/100", "tile/0/256", "tile/entries/255"])
def test_nor_is_a_log_of_three_levels_of_tiles(name: str) -> None:
    files, _, _ = log(66_000)
    data = bytearray(files[name])
    data[-1] ^= 1
    with pytest.raises(Rejected, match=r"log\.tile_differs"):
        whole(Held(files | {name: bytes(data)}))


@given(st.sampled_from((257, 700)), st.data())
def test_a_damaged_copy_that_is_asked_first_is_passed_over(size: int, draw: st.DataObject) -> None:
    files, entries, _ = log(size)
    names = [tile.path for tile in tiles_of(size)]
    damaged = dict(files)
    for name in draw.draw(st.lists(st.sampled_from(names), min_size=1, max_size=4)):
        damaged[name] = draw.draw(st.sampled_from((b"", b"x", files[name][::-1], files[name][:-32] or b"x", files[names[0]])))
    assert [entry for _, entry in view_of(Held(damaged), Held(files)).entries()] == list(entries)


def test_what_is_tidied_away_while_a_long_log_is_read_is_not_missed() -> None:
    files, entries, _ = log(700)
    place = Held(dict(files))
    view = view_of(place)
    for name in [name for name in place.files if ".p/" in name]:
        del place.files[name]
    assert [entry for _, entry in view.entries()] == list(entries)


def test_tiles_without_any_signed_root_above_them_are_not_believed() -> None:
    files, _, note = log(700)
    forged, _, _ = log(700, 650)  # the last, partial tiles are whole and fit each other, but not the signature
    with pytest.raises(Rejected, match=r"log\.tile_differs"):
        LogView.open([Held(forged | {"checkpoint": note})], KEY.verifier, KEY.name)
    inner, _, _ = log(700, 10)
    mixed = files | {"tile/0/000": inner["tile/0/000"], "tile/entries/000": inner["tile/entries/000"]}
    with pytest.raises(Rejected, match=r"log\.tile_differs"):
        list(view_of(Held(mixed)).entries())


@given(st.sampled_from((256, 257, 700)), st.data())
def test_an_earlier_head_that_contradicts_is_proved_and_one_that_does_not_is_none(size: int, draw: st.DataObject) -> None:
    files, _, _ = log(size)
    earlier = draw.draw(st.integers(1, size))
    changed = draw.draw(st.integers(0, earlier - 1))
    view = view_of(Held(files))
    assert view.fork_with(log(earlier)[2]) is None
    fork = view.fork_with(log(earlier, changed)[2])
    assert fork is not None
    assert check_fork(read_fork(fork.to_bytes()), [KEY.verifier]).earlier.size == earlier
    with pytest.raises(ValueError, match=str(size + 1)):
        view.fork_with(log(size + 1)[2])
    assert view.fork_with(log(0)[2]) is None
