# SPDX-License-Identifier: Apache-2.0
"""Takes a bundle apart, edits it as somebody would who wants it to pass, and puts it together again (tests/vectors/bundle/README.md).

Knows no key: what is signed stays what it was, or is replaced by bytes that the case brings.
"""

import base64
import hashlib
import zlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from kua.proof import bag
from kua.proof.archive import Entry, directory, local_header, planned, read_entries

Files = dict[str, bytes]
"""Files of a bag by their names below its folder."""

TAGS: Final = ("manifest-sha512.txt", "tagmanifest-sha512.txt")


def apart(data: bytes) -> tuple[str, Files]:
    """Return the bag's folder, with its slash, and its files."""
    entries = read_entries(len(data), lambda at, length: data[at : at + length])
    base = entries[0].name.partition("/")[0] + "/"
    return base, {entry.name.removeprefix(base): data[entry.start : entry.start + entry.size] for entry in entries}


def together(base: str, files: Mapping[str, bytes], *, manifests: bool = True) -> bytes:
    """Return the archive of `files`; with `manifests` their digests are written anew first."""
    held = dict(files)
    if manifests:
        held = {name: data for name, data in held.items() if name not in TAGS}
        held[TAGS[0]] = bag.manifest({name: hashlib.sha512(data).hexdigest() for name, data in held.items() if name.startswith("data/")})
        held[TAGS[1]] = bag.manifest(
            {name: hashlib.sha512(data).hexdigest() for name, data in held.items() if not name.startswith("data/")}
        )
    named = {base + name: data for name, data in held.items()}
    laid = planned((name, len(data), zlib.crc32(data)) for name, data in named.items())
    return b"".join(local_header(entry) + named[entry.name] for entry in laid) + directory(laid)


def loosely(files: Iterable[tuple[str, bytes]]) -> bytes:
    """Return an archive of `files` in the order in which they come, whatever they are called: one that no honest program writes."""
    out, entries = b"", []
    for name, data in files:
        entry = Entry(name, len(data), zlib.crc32(data), len(out) + 30 + len(name))
        out += local_header(entry) + data
        entries.append(entry)
    return out + directory(entries)


def built(data: bytes, edits: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the bundle `data` after `edits`, in order: first those of files, then those of bytes."""
    base, files = apart(data)
    listed = list(edits)
    manifests = not any(edit["do"] == "keep-manifests" for edit in listed)
    for edit in listed:
        base = _edit(edit, base, files)
    loose = [edit for edit in listed if edit["do"] == "loose"]
    if loose:
        whole = apart(together(base, files, manifests=manifests))[1]
        out = loosely(
            [
                *((base + name, held) for name, held in sorted(whole.items())),
                *((edit["name"], base64.b64decode(edit["base64"])) for edit in loose),
            ]
        )
    else:
        out = together(base, files, manifests=manifests)
    for edit in listed:
        out = _cut(edit, out)
    return out


def _edit(edit: Mapping[str, Any], base: str, files: Files) -> str:
    name = edit.get("file", "")
    match edit["do"]:
        case "flip":
            held = bytearray(files[name])
            held[edit["at"]] ^= 1 << edit["bit"]
            files[name] = bytes(held)
        case "put":
            files[name] = base64.b64decode(edit["base64"])
        case "copy":
            files[name] = files[edit["of"]]
        case "patch":
            new = base64.b64decode(edit["base64"])
            files[name] = files[name][: edit["at"]] + new + files[name][edit["at"] + len(new) :]
        case "take":
            del files[name]
        case "move":
            files[edit["to"]] = files.pop(name)
        case "cut":
            files[name] = files[name][: edit["size"]]
        case "add":
            files[name] += base64.b64decode(edit["base64"])
        case "replace":
            held_text = files[name]
            assert held_text.count(edit["old"].encode()) >= 1, edit
            files[name] = held_text.replace(edit["old"].encode(), edit["new"].encode())
        case "rebase":
            return str(edit["to"])
    return base


def _cut(edit: Mapping[str, Any], out: bytes) -> bytes:
    if edit["do"] != "bytes":
        return out
    at = edit["at"] if edit["at"] >= 0 else len(out) + edit["at"]
    return out[:at] + base64.b64decode(edit["base64"]) + out[at + edit["instead_of"] :]
