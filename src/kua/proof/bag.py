# SPDX-License-Identifier: Apache-2.0
"""BagIt (RFC 8493) as a bundle uses it: one bag, SHA-512, everything listed, nothing to be fetched. Writes and reads tag files; opens no file."""

import re
from collections.abc import Mapping
from typing import Final

from kua.core.errors import Rejected
from kua.proof.archive import is_plain

DECLARATION: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
"""`bagit.txt`, to the byte."""
PAYLOAD: Final = "data/"
MANIFEST: Final = "manifest-sha512.txt"
TAG_MANIFEST: Final = "tagmanifest-sha512.txt"
INFO: Final = "bag-info.txt"
AGENT: Final = "kua bundle v1"
"""What `bag-info.txt` names as the maker: the version of the format, not of the program, so that a newer program makes the same bytes."""

_LINE: Final = re.compile(r"([0-9a-f]{128})  ([\x21-\x7e]+)", re.ASCII)
_OTHERS: Final = re.compile(r"(?:tag)?manifest-[^/]*\.txt", re.ASCII)


def manifest(digests: Mapping[str, str]) -> bytes:
    """Write a manifest: a line for each file, SHA-512 in lower-case hex, two spaces, the name below the bag's folder; sorted by name."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()


def read_manifest(data: bytes, name: str) -> dict[str, str]:
    """Read the manifest called `name`. Raises `Rejected("bag.manifest", name=..., why=...)` for any other form than `manifest` writes."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        raise Rejected("bag.manifest", name=name, why="not ASCII") from error
    listed: dict[str, str] = {}
    for line in text.removesuffix("\n").split("\n") if text else ():
        found = _LINE.fullmatch(line)
        if not found:
            raise Rejected("bag.manifest", name=name, why="line")
        digest, path = found.groups()
        if not is_plain(path):
            raise Rejected("bag.manifest", name=name, why="path")
        if path in listed:
            raise Rejected("bag.manifest", name=name, why="twice")
        listed[path] = digest
    if manifest(listed) != data:
        raise Rejected("bag.manifest", name=name, why="order")
    return listed


def info(identifier: str) -> bytes:
    """Write `bag-info.txt`. A bag says nothing of when and by whom it was made: the same film makes the same bag, whoever makes it."""
    return f"Bag-Software-Agent: {AGENT}\nExternal-Identifier: {identifier}\n".encode()


def base_of(names: list[str]) -> str:
    """Return the one folder that a bag's archive holds, with its slash. Raises `Rejected("bag.base")` for none or several."""
    tops = {name.partition("/")[0] for name in names if "/" in name} | {"" for name in names if "/" not in name}
    if len(tops) != 1 or "" in tops:
        raise Rejected("bag.base", count=len(tops))
    return f"{tops.pop()}/"


def require_tag_files(names: set[str]) -> None:
    """Look at the names of a bag's files. Raises `Rejected`: `bag.fetch` for a list of things to fetch, `bag.algorithm` for a manifest of another kind."""
    if "fetch.txt" in names:
        raise Rejected("bag.fetch")
    for name in sorted(names):
        if _OTHERS.fullmatch(name) and name not in {MANIFEST, TAG_MANIFEST}:
            raise Rejected("bag.algorithm", name=name)
