# SPDX-License-Identifier: Apache-2.0
"""`verify.pyz`: the verifier of bundles as one file that runs on any Python 3.11 with `cryptography`, and on nothing else of ours.

It holds the very modules that `kua bundle verify` runs, found by following their imports, and the catalogues. The same sources make the same bytes.
"""

import ast
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from kua.proof.archive import Entry, directory, local_header, planned

START: Final = "kua.verify.alone"
SHEBANG: Final = b"#!/usr/bin/env python3\n"
MAIN: Final = b"""# SPDX-License-Identifier: Apache-2.0
import sys

from kua.verify.alone import main

sys.exit(main(sys.argv[1:]))
"""

_ROOT: Final = Path(__file__).parent.parent


@cache
def one_file() -> bytes:
    """Return the file. Reads the sources of this installation."""
    files = {"__main__.py": MAIN, **dict(_sources()), **dict(_catalogues())}
    laid = planned((name, len(data), zlib.crc32(data)) for name, data in files.items())
    body = b"".join(local_header(entry) + files[entry.name] for entry in laid)
    # Offsets count from the first byte of the file, so that strict readers of zip find it too.
    moved = [Entry(entry.name, entry.size, entry.crc, entry.start + len(SHEBANG)) for entry in laid]
    return SHEBANG + body + directory(moved)


def tools() -> dict[str, bytes]:
    """Return the verifiers that go into a bundle, by name: the one of a single file, and the page where this installation has it."""
    page = _ROOT / "web" / "static" / "verify.html"
    return {"verify.pyz": one_file()} | ({"verify.html": page.read_bytes()} if page.is_file() else {})


def _sources() -> Iterator[tuple[str, bytes]]:
    wanted, found = [START], dict[str, bytes]()
    while wanted:
        module = wanted.pop()
        path = _path_of(module)
        if path is None or module in found:
            continue
        found[module] = path.read_bytes()
        yield path.relative_to(_ROOT.parent).as_posix(), found[module]
        parts = module.split(".")
        wanted += [".".join(parts[:count]) for count in range(1, len(parts))]
        wanted += _imports(ast.parse(found[module]))
        if module in {"kua.words.lines", "kua.words.problems"}:  # these find the tables of their rooms by looking
            kind = module.rpartition(".")[2]
            wanted += [f"kua.words.{table.stem}" for table in sorted((_ROOT / "words").glob(f"{kind}_*.py"))]


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "kua")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "kua":
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _path_of(module: str) -> Path | None:
    stem = _ROOT.joinpath(*module.split(".")[1:])
    if (stem / "__init__.py").is_file():
        return stem / "__init__.py"
    return stem.with_suffix(".py") if stem.with_suffix(".py").is_file() else None


def _catalogues() -> Iterator[tuple[str, bytes]]:
    for path in sorted((_ROOT / "locale").glob("*/LC_MESSAGES/kua.mo")):
        yield path.relative_to(_ROOT.parent).as_posix(), path.read_bytes()
