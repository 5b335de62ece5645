# SPDX-License-Identifier: Apache-2.0
"""One form of zip, one form of bag: what is written is read back, and anything else is refused with a code of ours."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kua.core.errors import Rejected
from kua.proof import bag
from kua.proof.archive import MAX_FILES, MAX_SIZE, Entry, directory, is_plain, local_header, planned, read_entries

parts = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,6}", fullmatch=True)
names = st.lists(parts, min_size=1, max_size=4).map("/".join)
trees = st.dictionaries(names, st.binary(max_size=40), max_size=6)


def packed(files: dict[str, bytes]) -> bytes:
    laid = planned((name, len(data), zlib.crc32(data)) for name, data in files.items())
    return b"".join(local_header(entry) + files[entry.name] for entry in laid) + directory(laid)


def listed(data: bytes) -> tuple[Entry, ...]:
    return read_entries(len(data), lambda at, length: data[at : at + length])


def is_read_or_refused(code: str, step: Callable[[], object]) -> bool:
    """Whether a reader takes the bytes, or refuses them with a code that begins so. Anything else that is raised is a bug."""
    try:
        step()
    except Rejected as error:
        return error.code.startswith(code)
    return True


def is_tree(files: dict[str, bytes]) -> bool:
    """Whether no name is another's in capitals, or another's folder."""
    folded = [name.lower() for name in files]
    return len(set(folded)) == len(folded) and not any(other.startswith(f"{name}/") for name in folded for other in folded)


@given(trees)
@example({})
def test_what_is_written_is_read_back_here_and_by_the_library(files: dict[str, bytes]) -> None:
    if not is_tree(files):
        with pytest.raises(Rejected, match=r"zip\.case"):
            packed(files)
        return
    data = packed(files)
    assert {entry.name: data[entry.start : entry.start + entry.size] for entry in listed(data)} == files
    with zipfile.ZipFile(io.BytesIO(data)) as held:
        assert held.testzip() is None
        assert {info.filename: held.read(info) for info in held.infolist()} == files


@given(trees.filter(is_tree), st.integers(0, 10_000), st.integers(1, 255))
def test_one_other_byte_in_the_frame_of_an_archive_is_refused(files: dict[str, bytes], place: int, change: int) -> None:
    data = packed(files)
    inside = {at for entry in listed(data) for at in range(entry.start, entry.start + entry.size)}
    frame = [at for at in range(len(data)) if at not in inside]
    at = frame[place % len(frame)]
    spoilt = data[:at] + bytes([data[at] ^ change]) + data[at + 1 :]
    # What stands there twice would have to be changed twice, and one byte is in one place.
    with pytest.raises(Rejected, match=r"zip\."):
        listed(spoilt)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_archive_or_refused(data: bytes) -> None:
    assert is_read_or_refused("zip.", lambda: listed(data))


def test_a_directory_that_promises_too_much_is_refused_before_it_is_read() -> None:
    asked: list[int] = []
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65_534, 65_534, 4_000_000_000, 0, 0)

    def read_at(at: int, length: int) -> bytes:
        asked.append(length)
        return end if length == 22 else bytes(length)

    with pytest.raises(Rejected, match=r"zip\.too_many"):
        read_entries(4_000_000_022, read_at)
    assert max(asked) <= 70_000
    with pytest.raises(Rejected, match=r"zip\.too_large"):
        read_entries(MAX_SIZE + 1, read_at)


def test_an_archive_that_would_be_too_large_is_not_begun() -> None:
    with pytest.raises(Rejected, match=r"zip\.too_large"):
        planned([("a", MAX_SIZE, 0)])
    with pytest.raises(Rejected, match=r"zip\.too_many"):
        planned((f"{number:06d}", 0, 0) for number in range(MAX_FILES + 1))


@pytest.mark.parametrize(
    "name",
    ["", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "../a", "a/.b", ".git", "-rf", "a b", "a\\b", "C:", "a\0b", "\u049b", "x" * 241, "/".join("a" * 13)],
)  # fmt: skip
def test_a_name_that_could_lead_astray_is_no_name(name: str) -> None:
    assert not is_plain(name)


def test_deflated_archives_of_other_programs_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as held:
        held.writestr("bomb", bytes(10_000_000))
    with pytest.raises(Rejected, match=r"zip\.(method|form|header)"):
        listed(out.getvalue())


@given(st.dictionaries(names, st.integers(0, 2**512 - 1).map(lambda number: f"{number:0128x}"), max_size=5))
def test_a_manifest_is_read_back(digests: dict[str, str]) -> None:
    assert bag.read_manifest(bag.manifest(digests), "manifest-sha512.txt") == digests


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\xff", "not ASCII"), (b"abc  data/x\n", "line"), (b"0" * 128 + b" data/x\n", "line"), (b"0" * 128 + b"  ../x\n", "path"),
        (b"0" * 128 + b"  data/x", "order"), (b"0" * 128 + b"  b\n" + b"0" * 128 + b"  a\n", "order"), (b"0" * 128 + b"  a\n" + b"1" * 128 + b"  a\n", "twice"),
        (b"A" * 128 + b"  data/x\n", "line"), (b"0" * 128 + b"  data/x\r\n", "line"), (b"\n", "line"),
    ],
)  # fmt: skip
def test_a_manifest_in_another_form_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(Rejected) as caught:
        bag.read_manifest(data, "manifest-sha512.txt")
    assert (caught.value.code, caught.value.facts["why"]) == ("bag.manifest", why)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_manifest_or_refused(data: bytes) -> None:
    assert is_read_or_refused("bag.manifest", lambda: bag.read_manifest(data, "manifest-sha512.txt"))
