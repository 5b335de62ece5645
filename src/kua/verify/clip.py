# SPDX-License-Identifier: Apache-2.0
"""A clip that somebody was shown, held against a court bundle: is it, but for a label, one of the bundle's working copies, byte for byte?

What a label says is not believed; the bundle is checked, and the clip is compared with it. Base install only.
"""

from pathlib import Path
from typing import BinaryIO

from kua.core.errors import KuaError, Misused
from kua.media.label import Clip, read_clip
from kua.proof import bag
from kua.verify.bag import PIECE, BagReader
from kua.verify.report import Report

CHECK = "clip"


def copies_in(held: BagReader) -> list[str]:
    """Return the names of the working copies of a bundle, sorted."""
    return sorted(name.removeprefix(bag.PAYLOAD) for name in held.entries if name.startswith(f"{bag.PAYLOAD}working/"))


def check_clip(held: BagReader, clip: Path, report: Report) -> None:
    """Write the line: the working copy that `clip` is, or that it is none of them. Raises `Misused("verify.no_file")`."""
    try:
        with clip.open("rb") as file:
            size = clip.stat().st_size
            read = read_clip(size, lambda offset, length: _at(file, offset, length))
            same = next((name for name in copies_in(held) if _is_same(held, name, file, size, read)), None)
    except OSError as error:
        raise Misused("verify.no_file", name=str(clip)) from error
    except KuaError as error:
        report.trouble(CHECK, error)
        return
    if same is None:
        report.failed(CHECK, "clip.differs", name=clip.name)
    else:
        report.passed(CHECK, "clip.matches", name=clip.name, copy=same)


def _at(file: BinaryIO, offset: int, length: int) -> bytes:
    file.seek(offset)
    return file.read(length)


def _is_same(held: BagReader, name: str, file: BinaryIO, size: int, clip: Clip) -> bool:
    entry = held.entries[bag.PAYLOAD + name]
    if entry.size != len(clip.head) + size - clip.samples or held.read_at(entry.start, len(clip.head)) != clip.head:
        return False
    start, left = entry.start + len(clip.head), size - clip.samples
    return all(
        held.read_at(start + at, min(PIECE, left - at)) == _at(file, clip.samples + at, min(PIECE, left - at)) for at in range(0, left, PIECE)
    )
